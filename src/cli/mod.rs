//! The command line: one file per command. `arguments` holds their options, `output` writes to the streams. The
//! library does the work.

#![allow(clippy::disallowed_methods, reason = "an entry point reads the clock and the environment")]

mod arguments;
mod check;
mod completions;
mod doctor;
mod explain;
mod fix;
mod format;
mod import;
mod lint;
mod measure;
mod output;
pub mod page;
mod progress;
mod schema;
mod sessions;
mod start;
mod status;
mod templates;
mod trail;

use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use arguments::Arguments;
use arguments::{Command, Selection};
use output::{bad_input, bad_usage};
pub use start::without_empty_variables;
pub use status::{EXIT_STATUSES, ExitStatus};

use crate::check::Start;
use crate::inventory::{Filter, Inventory, InventorySource};
use crate::report::Trigger;

/// Runs the command that the arguments name.
pub async fn run(arguments: Arguments) -> ExitCode {
    arguments.color.apply();
    let Some(command) = arguments.command.or_else(start::default_command) else {
        return ExitCode::from(bad_usage(start::NOTHING_FOUND).code());
    };
    if command.overwrites_its_input() {
        let error = "error: --output names a file that this command reads: nothing was read or written.";
        return ExitCode::from(bad_usage(error).code());
    }
    let status = match command {
        Command::Check(arguments) => check::run(&arguments).await,
        Command::Lint(arguments) => lint::run(&arguments).await,
        Command::Explain(arguments) => explain::run(&arguments).await,
        Command::Import(arguments) => import::run(&arguments).await,
        Command::Sessions(arguments) => sessions::run(&arguments).await,
        Command::Measure(arguments) => measure::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments).await,
        Command::Schema { output } => schema::run(output.as_deref()),
        Command::Completions { shell } => completions::print(shell),
        Command::ManualPages { folder } => completions::write_manual_pages(&folder),
    };
    ExitCode::from(status.code())
}

/// Reads an inventory and the filter of its jobs. After a problem nothing is checked.
async fn read(from: &Path, selection: &Selection) -> Result<(Inventory, Filter), ExitStatus> {
    let inventory = load(from).await?;
    let filter = Filter::new(&selection.jobs, &selection.roles);
    filter.select(&inventory).map_err(|nothing| bad_usage(&format!("error: {nothing}; nothing was checked.")))?;
    Ok((inventory, filter))
}

/// Reads an inventory and prints its problems.
async fn load(from: &Path) -> Result<Inventory, ExitStatus> {
    let from = InventorySource::from_argument(from);
    Inventory::load(&from, today()).await.map_err(|problems| bad_input(&problems))
}

/// Today's date in UTC.
fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

fn start() -> Start {
    Start {
        id: uuid::Uuid::new_v4().to_string(),
        trigger: Trigger::Cli,
        at: Timestamp::now(),
        clock: Timestamp::now,
        runbook_base_url: None,
    }
}

/// Reads an environment variable; a value that is not Unicode counts as unset, as it does for the SDK.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
