//! `lint --fix` and `--diff`: one key in a workflow, where exactly one safe change covers a job. Trust policies and
//! roles are never changed.

mod diff;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use super::arguments::{ExitStatus, Lint};
use super::import::workflows;
use super::output::{self, bad_usage, print_error};
use crate::import::github_workflow::{Edit, Workflow, edited};
use crate::inventory::{Hop, Inventory, Job, LengthFrom, Location, RoleRef, Seconds};
use crate::lease::rules::CHAIN_CAP;
use crate::lease::{LimitedBy, Verdict, judge};
use crate::report::Report;
use crate::visible;

/// The outcome of a run with `--fix` or `--diff`.
pub(super) enum Outcome {
    /// Files were changed. `lint` judges them again.
    Changed,
    /// No file was changed. `lint` shows the report.
    Unchanged,
    /// The differences were printed.
    Printed(Option<ExitStatus>),
}

/// A change of a file: the place of the login, and the new text.
type Changes = BTreeMap<(String, usize), Option<Edit>>;

/// Writes or prints the changes that cover jobs of the report.
pub(super) fn run(arguments: &Lint, inventory: &Inventory, report: &Report) -> Result<Outcome, ExitStatus> {
    let read = workflows(&arguments.input.github_workflow, &arguments.variables).workflows();
    let files = read.map_err(|why| bad_usage(&why.to_string()))?;
    let mut not_fixed = 0;
    let changes = changes(inventory, &|role| report.max_session(role), &mut not_fixed);
    let mut changed: Vec<(Workflow, String)> = Vec::new();
    for file in files {
        // From the end of the file, so that earlier lines keep their numbers.
        let of_file = changes.iter().rev().filter(|((name, _), _)| *name == file.name);
        let mut text = file.clone();
        for ((_, line), edit) in of_file {
            match edit.and_then(|edit| edited(&text, *line, edit)) {
                Some(new) => text.text = new,
                None => not_fixed += 1,
            }
        }
        if text.text != file.text {
            changed.push((file, text.text));
        }
    }
    if arguments.fix.diff {
        let text: String = changed.iter().map(|(file, new)| diff::unified(&file.name, &file.text, new)).collect();
        print_not_fixed(not_fixed);
        return Ok(Outcome::Printed(output::write(&text, arguments.selection.output.as_deref())));
    }
    write::check(changed.iter().map(|(file, _)| Path::new(&file.name)), arguments.fix.allow_dirty)?;
    for (file, new) in &changed {
        write::write_atomically(Path::new(&file.name), new)
            .map_err(|error| bad_usage(&format!("error: {} cannot be written: {error}", visible::line(&file.name))))?;
        print_error(&format!("fixed: {}", visible::line(&file.name)));
    }
    print_not_fixed(not_fixed);
    Ok(if changed.is_empty() { Outcome::Unchanged } else { Outcome::Changed })
}

fn print_not_fixed(count: usize) {
    if count > 0 {
        print_error(&format!(
            "{count} logins are not fixed: no single safe change covers them, or the file does not state the value as \
             a literal."
        ));
    }
}

/// The change at each login; `None`: its jobs need different changes, or no change certainly suffices.
fn changes(inventory: &Inventory, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>, not_fixed: &mut usize) -> Changes {
    let mut changes: BTreeMap<(String, usize), Vec<Option<Edit>>> = BTreeMap::new();
    for job in &inventory.jobs {
        let edit = match judge(job, max_session).verdict {
            Verdict::Covered => continue,
            // It is not known whether the role grants the request, so no change certainly suffices.
            Verdict::Unknown => None,
            Verdict::Rejected | Verdict::Lapses | Verdict::Thin => only_change(job, max_session),
        };
        let Location { file, line, .. } = &job.location;
        changes.entry((file.to_string(), *line)).or_default().push(edit);
    }
    let one = |edits: Vec<Option<Edit>>| match edits.first() {
        Some(first) if edits.iter().all(|edit| edit == first) => *first,
        _ => None,
    };
    let all: Changes = changes.into_iter().map(|(place, edits)| (place, one(edits))).collect();
    *not_fixed += all.values().filter(|edit| edit.is_none()).count();
    all.into_iter().filter(|(_, edit)| edit.is_some()).collect()
}

/// The change that covers the job, if there is exactly one.
fn only_change(job: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> Option<Edit> {
    let covered = |job: &Job| judge(job, max_session).verdict == Verdict::Covered;
    let judgement = judge(job, max_session);
    let with_duration = |seconds: Seconds| {
        let mut path = job.path.clone();
        if let Some(last) = path.last_mut() {
            *last = Hop { duration: Some(seconds), ..last.clone() };
        }
        Job { path, ..job.clone() }
    };
    let last = job.path.len().checked_sub(1)?;
    let mut found = Vec::new();
    if judgement.verdict == Verdict::Rejected {
        // The first refused request must be the request of the login.
        if judgement.limiting_hop == Some(last) && covered(&with_duration(CHAIN_CAP)) {
            found.push(Edit::RoleDuration(CHAIN_CAP.0));
        }
    } else {
        let wanted = job.needed() + job.margin;
        let limited_by_request =
            matches!(judgement.limited_by, Some(LimitedBy::RequestedDuration | LimitedBy::DefaultDuration));
        if limited_by_request && covered(&with_duration(wanted)) {
            found.push(Edit::RoleDuration(wanted.0));
        }
        if let (LengthFrom::Assumed, Some(lease)) = (job.length_from, judgement.lease) {
            let minutes = lease.0.saturating_sub(job.margin.0 + job.age.0) / 60;
            let stated = Job { length: Seconds::minutes(minutes), length_from: LengthFrom::Declared, ..job.clone() };
            if minutes > 0 && covered(&stated) {
                found.push(Edit::Timeout(minutes));
            }
        }
    }
    match &found[..] {
        [edit] => Some(*edit),
        _ => None,
    }
}
