//! `lint`: judges by what is declared alone.

use super::arguments::{ExitStatus, Lint};
use super::output::{self, bad_usage};
use crate::check;

pub(super) fn run(arguments: &Lint) -> ExitStatus {
    let selection = &arguments.selection;
    let (inventory, filter) = match super::read(selection) {
        Ok(read) => read,
        Err(status) => return status,
    };
    match check::lint(&inventory, &filter, &super::start()) {
        Ok(outcome) => output::show(&outcome.report, selection)
            .unwrap_or_else(|| output::status_of(&outcome.report, selection.fail_on)),
        Err(nothing) => bad_usage(&format!("error: {nothing}")),
    }
}
