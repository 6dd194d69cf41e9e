//! `lint --fix` and `--diff`: one key in a workflow, where exactly one safe change covers a job. Trust policies and
//! roles are never changed.

mod diff;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use super::arguments::Lint;
use super::import::workflows;
use super::output::{self, bad_usage, print_error};
use super::status::ExitStatus;
use crate::import::Variables;
use crate::import::github_workflow::{Edit, Workflow, edited, import};
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

/// A role's MaxSessionDuration, if known.
type MaxSession<'a> = &'a dyn Fn(&RoleRef) -> Option<Seconds>;

/// The file and the line of a login.
type Place = (String, usize);

/// The change at each login.
type Changes = BTreeMap<Place, Option<Edit>>;

/// The workflows with the changes so far.
struct Fixed<'a> {
    files: Vec<Workflow>,
    jobs: Vec<Job>,
    variables: &'a Variables,
    max_session: MaxSession<'a>,
    /// Per file: from this line of the original file on, that many lines were added.
    added: BTreeMap<String, Vec<(usize, usize)>>,
}

impl<'a> Fixed<'a> {
    fn new(files: Vec<Workflow>, variables: &'a Variables, max_session: MaxSession<'a>) -> Self {
        let jobs = import(&files, variables).inventory.jobs;
        Self { files, jobs, variables, max_session, added: BTreeMap::new() }
    }

    /// Makes a change, unless a job at this login is not covered after it, or it harms another job.
    fn apply(&mut self, (name, line): &Place, edit: Edit) -> bool {
        let Some(index) = self.files.iter().position(|file| file.name == *name) else { return false };
        let added = self.added.get(name).into_iter().flatten();
        let line = line + added.filter(|(from, _)| line >= from).map(|(_, lines)| lines).sum::<usize>();
        let Some(text) = edited(&self.files[index], line, edit) else { return false };
        let mut files = self.files.clone();
        files[index].text = text;
        let jobs = import(&files, self.variables).inventory.jobs;
        let is_covered = |job: &Job| judge(job, self.max_session).verdict == Verdict::Covered;
        let is_good = |(old, new): (&Job, &Job)| {
            let is_here = *old.location.file == **name && old.location.line == line;
            let is_same = Job { location: old.location.clone(), ..new.clone() } == *old;
            if is_here { is_covered(new) } else { is_same || !is_covered(old) && is_covered(new) }
        };
        if jobs.len() != self.jobs.len() || !self.jobs.iter().zip(&jobs).all(is_good) {
            return false;
        }
        let (old, new) = (&self.files[index].text, &files[index].text);
        let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
        let lines = new.lines().count().saturating_sub(old.lines().count());
        self.added.entry(name.clone()).or_default().push((same + 1, lines));
        (self.files, self.jobs) = (files, jobs);
        true
    }
}

/// The changes of durations first: a new `timeout-minutes` moves the lines of its job.
fn in_order(changes: Changes) -> Vec<(Place, Option<Edit>)> {
    let mut all: Vec<_> = changes.into_iter().rev().collect();
    all.sort_by_key(|(_, edit)| matches!(edit, Some(Edit::Timeout(_))));
    all
}

/// Writes or prints the changes that cover jobs of the report.
pub(super) fn run(arguments: &Lint, inventory: &Inventory, report: &Report) -> Result<Outcome, ExitStatus> {
    let read = workflows(&arguments.input.github_workflow, &arguments.variables).workflows();
    let files = read.map_err(|why| bad_usage(&why.to_string()))?;
    let max_session: MaxSession<'_> = &|role| report.max_session(role);
    let changes = changes(inventory, max_session);
    if changes.values().any(|edit| matches!(edit, Some(Edit::Timeout(_)))) {
        print_error(
            "note: GitHub cancels a job at its timeout-minutes: keep the new line only if the job's longest run is \
             shorter.",
        );
    }
    let variables = Variables::new(arguments.variables.iter().cloned());
    let mut fixed = Fixed::new(files.clone(), &variables, max_session);
    let mut not_fixed = 0;
    for (place, edit) in in_order(changes) {
        not_fixed += usize::from(!edit.is_some_and(|edit| fixed.apply(&place, edit)));
    }
    let changed: Vec<(Workflow, String)> = files
        .into_iter()
        .zip(fixed.files)
        .filter(|(old, new)| old.text != new.text)
        .map(|(old, new)| (old, new.text))
        .collect();
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
        let logins = if count == 1 { "1 login is" } else { &format!("{count} logins are") };
        print_error(&format!(
            "{logins} not fixed: no single safe change is enough, or the file does not state the value as a literal."
        ));
    }
}

/// The change at each login whose jobs are not all covered; `None`: they need different changes, or no change certainly
/// suffices.
fn changes(inventory: &Inventory, max_session: MaxSession<'_>) -> Changes {
    let mut edits: BTreeMap<Place, Vec<Option<Edit>>> = BTreeMap::new();
    for job in inventory.jobs.iter().filter(|job| judge(job, max_session).verdict != Verdict::Covered) {
        let Location { file, line, .. } = &job.location;
        edits.entry((file.to_string(), *line)).or_default().push(only_change(job, max_session));
    }
    let common = |edits: Vec<Option<Edit>>| edits[0].filter(|_| edits.iter().all(|edit| *edit == edits[0]));
    edits.into_iter().map(|(place, edits)| (place, common(edits))).collect()
}

/// The change that covers the job, if there is exactly one.
fn only_change(job: &Job, max_session: MaxSession<'_>) -> Option<Edit> {
    let covered = |job: &Job| judge(job, max_session).verdict == Verdict::Covered;
    let judgement = judge(job, max_session);
    if judgement.verdict == Verdict::Unknown {
        // It is not known whether the role grants the request.
        return None;
    }
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
