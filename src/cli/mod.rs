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
mod role_patterns;
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
use output::{bad_input, bad_settings, bad_usage, print_error};
pub use start::without_empty_variables;
pub use status::{EXIT_STATUSES, ExitStatus};

use crate::aws::Aws;
use crate::aws::inventory::KeptFiles;
use crate::aws::settings::BadSdkSettings;
use crate::check::Start;
use crate::inventory::{Filter, Inventory, InventorySources, RemoteFiles};
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
async fn read(from: &Path, profile: Option<&str>, selection: &Selection) -> Result<(Inventory, Filter), ExitStatus> {
    let inventory = load(from, profile).await?;
    let filter = Filter::new(&selection.jobs, &selection.roles);
    // The tags of roles may declare jobs that match.
    if inventory.discover.folders.is_empty() {
        filter.select(&inventory).map_err(|nothing| bad_usage(&format!("error: {nothing}; nothing was checked.")))?;
    }
    Ok((inventory, filter))
}

/// Reads an inventory and prints its problems. Sources in AWS are read with the credentials of the profile.
async fn load(from: &Path, profile: Option<&str>) -> Result<Inventory, ExitStatus> {
    let from = InventorySources::from_argument(from)
        .map_err(|bad| bad_usage(&format!("error: --inventory: {bad}; nothing was checked.")))?;
    let remote = match from.are_remote() {
        true => remote_files(&from, profile).await?,
        false => RemoteFiles::default(),
    };
    Inventory::load(&from, remote, today()).map_err(|problems| bad_input(&problems))
}

async fn remote_files(from: &InventorySources, profile: Option<&str>) -> Result<RemoteFiles, ExitStatus> {
    let aws = clients(profile).await.map_err(|bad| bad_settings(&bad))?;
    let remote = aws.remote_files(from, None, &mut KeptFiles::default()).await;
    match remote.unanswered(from) {
        Some((source, problem)) => {
            print_error(&format!("error: {source} {problem}."));
            Err(ExitStatus::NoAnswer)
        }
        None => Ok(remote),
    }
}

/// The clients with the credentials of the profile, otherwise of the environment.
async fn clients(profile: Option<&str>) -> Result<Aws, BadSdkSettings> {
    match profile {
        Some(profile) => Aws::from_profile(&variable, profile).await,
        None => Aws::from_environment(&variable).await,
    }
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
