//! The command without arguments: judges the declarations that it finds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use super::arguments::{Arguments, Command};
use super::output::print_error;

/// The error where no declarations were found.
pub(super) const NOTHING_FOUND: &str = "error: no `inventory/`, `credential-health.yaml`, `~/.aws/config` or \
    `.github/workflows` was found here. `credential-health --help` lists the commands.";

/// The inventories that are found without being named.
pub(super) const INVENTORIES: [&str; 3] = ["inventory", "credential-health.yaml", "credential-health.yml"];

/// Variables whose empty value a library rejects: the parser of arguments, and the reader of certificates.
const NEVER_EMPTY: [&str; 3] = ["CONCURRENCY", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Runs the command again without the variables that are set to nothing, which count as unset. `None`: there are none.
#[must_use]
pub fn without_empty_variables() -> Option<ExitCode> {
    let is_empty = |name: &&&str| super::variable(name).is_some_and(|value| value.trim().is_empty());
    let empty: Vec<&&str> = NEVER_EMPTY.iter().filter(is_empty).collect();
    let program = if empty.is_empty() { None } else { std::env::current_exe().ok() }?;
    let mut again = std::process::Command::new(program);
    again.args(std::env::args_os().skip(1));
    for name in empty {
        again.env_remove(name);
    }
    let status = again.status().ok()?;
    Some(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// `lint` for the first of: an inventory in the working directory, the user's AWS profiles, the workflows of the
/// repository. Says which.
pub(super) fn default_command() -> Option<Command> {
    let lint = |arguments: &[&str]| {
        print_error(&format!("No command was given: this is `credential-health lint {}`.", arguments.join(" ")));
        let all = ["credential-health", "lint"].iter().chain(arguments);
        Arguments::try_parse_from(all).ok().and_then(|parsed| parsed.command)
    };
    if let Some(inventory) = default_inventory() {
        return lint(&["--inventory", inventory]);
    }
    if aws_config().is_some_and(|file| file.is_file()) {
        return lint(&["--aws-config"]);
    }
    let workflows = ".github/workflows";
    Path::new(workflows).is_dir().then(|| lint(&["--github-workflow", workflows])).flatten()
}

/// The inventory of the working directory, if there is one.
pub(super) fn default_inventory() -> Option<&'static str> {
    INVENTORIES.into_iter().find(|name| Path::new(name).exists())
}

/// The user's configuration file: AWS_CONFIG_FILE, otherwise `~/.aws/config`.
fn aws_config() -> Option<PathBuf> {
    let set = super::variable("AWS_CONFIG_FILE").filter(|file| !file.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(std::env::home_dir()?.join(".aws").join("config")))
}
