//! `completions` and the manual pages, generated from the definition of the arguments.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::output;
use super::status::ExitStatus;

const NAME: &str = "credential-health";

pub(super) fn print(shell: Shell) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    output::write(&String::from_utf8_lossy(&script), None).unwrap_or(ExitStatus::Healthy)
}

/// One page for each command: `credential-health-check.1`.
pub(super) fn write_manual_pages(folder: &Path) -> ExitStatus {
    match clap_mangen::generate_to(Arguments::command(), folder) {
        Ok(()) => ExitStatus::Healthy,
        Err(error) => output::bad_usage(&format!("error: cannot write to {}: {error}", folder.display())),
    }
}
