//! `lint --fix` and `--diff`: writes one key where exactly one safe change covers a job. Trust policies and roles are
//! never changed. `workflows` and `profiles` propose changes, `proposals` makes those after which no job is worse.

mod diff;
pub(super) mod profiles;
mod proposals;
pub(super) mod workflows;
mod write;

use std::path::Path;

use super::arguments::FixOptions;
use super::output::{self, bad_usage, print_error};
use super::status::ExitStatus;
use crate::import::TextChange;
use crate::inventory::{Job, RoleRef, Seconds};
use crate::visible;
use proposals::Proposal;

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
pub(super) type MaxSession<'a> = &'a dyn Fn(&RoleRef) -> Option<Seconds>;

/// A file that may be changed.
#[derive(Debug, Clone)]
pub(super) struct TextFile {
    pub(super) name: String,
    pub(super) text: String,
}

/// An input whose files may be changed.
pub(super) trait Fixable {
    /// What one entry of the files is called.
    fn noun(&self) -> &'static str;

    fn files(&self) -> Vec<TextFile>;

    /// The jobs as `lint` judges them.
    fn jobs(&self) -> &[Job];

    /// The changes that cover jobs, and how many entries of the files have none.
    fn proposals(&self, files: &[TextFile], max_session: MaxSession<'_>) -> Proposed;

    /// The jobs of the files with these texts.
    fn read_again(&self, texts: &[String]) -> Vec<Job>;
}

/// Proposals, and the entries without one.
#[derive(Default)]
pub(super) struct Proposed {
    proposals: Vec<Proposal>,
    without: usize,
}

/// Writes or prints the changes that cover jobs.
pub(super) fn run(
    options: &FixOptions,
    output: Option<&Path>,
    input: &dyn Fixable,
    max_session: MaxSession<'_>,
) -> Result<Outcome, ExitStatus> {
    let files = input.files();
    let Proposed { proposals, without } = input.proposals(&files, max_session);
    let proposed = proposals.len();
    let kept = proposals::without_harm(input, &files, proposals, max_session);
    let not_fixed = without + proposed - kept.len();
    if let Some(note) = kept.iter().find_map(|proposal| proposal.note) {
        print_error(note);
    }
    let changed: Vec<(&TextFile, String, Vec<&TextChange>)> = files
        .iter()
        .enumerate()
        .map(|(index, file)| (file, changes_of(index, &kept)))
        .filter(|(_, changes)| !changes.is_empty())
        .map(|(file, changes)| (file, TextChange::apply_all(&file.text, changes.iter().copied()), changes))
        .collect();
    if options.diff {
        let text: String = changed.iter().map(|(file, new, _)| diff::unified(&file.name, &file.text, new)).collect();
        print_not_fixed(not_fixed, input.noun());
        return Ok(Outcome::Printed(output::write(&text, output)));
    }
    write::check(changed.iter().map(|(file, ..)| Path::new(&file.name)), options.allow_dirty)?;
    for (file, new, changes) in &changed {
        write::write_atomically(Path::new(&file.name), &file.text, new)
            .map_err(|error| bad_usage(&format!("error: {} cannot be written: {error}", visible::line(&file.name))))?;
        for change in changes {
            let line = file.text[..change.offset].matches('\n').count() + 1;
            let inserted = visible::line(change.inserted.trim().trim_end_matches(','));
            print_error(&format!("fixed: {}:{line}: {inserted}", visible::line(&file.name)));
        }
    }
    print_not_fixed(not_fixed, input.noun());
    Ok(if changed.is_empty() { Outcome::Unchanged } else { Outcome::Changed })
}

fn changes_of(file: usize, proposals: &[Proposal]) -> Vec<&TextChange> {
    proposals.iter().filter(|proposal| proposal.file == file).map(|proposal| &proposal.change).collect()
}

fn print_not_fixed(count: usize, noun: &str) {
    if count > 0 {
        let entries = if count == 1 { format!("1 {noun} is") } else { format!("{count} {noun}s are") };
        print_error(&format!(
            "{entries} not fixed: no single safe change is enough, or the file does not state the value as a literal."
        ));
    }
}
