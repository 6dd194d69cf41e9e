//! `lint`: judges by what is declared alone.

use super::arguments::{ExitStatus, Lint};
use super::output::{self, bad_usage};
use crate::check;

pub(super) fn run(arguments: &Lint) -> ExitStatus {
    let selection = &arguments.selection;
    if let Some(misuse) = arguments.planned.misuse(selection.inventory.as_os_str() == "-") {
        return bad_usage(misuse);
    }
    // The problems of both are told.
    let read = super::read(selection);
    let files = arguments.planned.read().map_err(|problems| super::bad_input(&problems));
    let ((inventory, filter), (files, given)) = match (read, files) {
        (Ok(read), Ok(files)) => (read, files),
        (Err(status), _) | (_, Err(status)) => return status,
    };
    let planned = files.planned(&inventory, &given);
    match check::lint_with(&inventory, &filter, planned, &super::start()) {
        Ok(outcome) => output::show(&outcome.report, selection)
            .unwrap_or_else(|| output::status_of(&outcome.report, selection.fail_on)),
        Err(nothing) => bad_usage(&format!("error: {nothing}")),
    }
}
