//! `lint --fix` and `--diff`: writes one key where exactly one safe change covers a job. Trust policies and roles are
//! never changed. `workflows` and `profiles` propose changes, `proposals` makes those after which no job is worse.

mod diff;
pub(super) mod profiles;
mod proposals;
pub(super) mod workflows;
mod write;

use std::collections::BTreeSet;
use std::path::Path;

use super::arguments::FixOptions;
use super::output::{self, bad_usage, print_error};
use super::status::ExitStatus;
use crate::inventory::{Job, JobName, Location, RoleRef, Seconds};
use crate::visible;
use proposals::Proposal;

/// The outcome of a run with `--fix` or `--diff`.
pub(super) enum FixOutcome {
    /// The files have the changes. `lint` judges them again.
    Written,
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
    fn proposals(&self, max_session: MaxSession<'_>) -> Proposed;

    /// The same input with other texts of its files; `None`: they cannot be read like the old ones.
    fn with_texts(&self, texts: Vec<String>) -> Option<Box<dyn Fixable>>;
}

/// Proposals, and why the other entries have none.
#[derive(Default)]
pub(super) struct Proposed {
    proposals: Vec<Proposal>,
    without: Vec<NotFixed>,
}

/// An entry of the files that is not fixed.
struct NotFixed {
    at: Location,
    jobs: BTreeSet<JobName>,
    why: WhyNot,
}

/// Why an entry is not fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WhyNot {
    NoSingleChange,
    NotLiteral,
    /// The steps before a login may take longer than the timeout that the credentials need.
    StepsBefore,
    /// The file is used by workflows that were not read.
    OtherUsers,
    HarmsAnother,
    /// The file is changed, and that is not enough.
    ChangedAndOpen,
}

impl WhyNot {
    fn words(self) -> &'static str {
        match self {
            Self::NoSingleChange => "no single safe change is enough",
            Self::NotLiteral => "the file does not state the value as a literal, or the place for it is shared",
            Self::StepsBefore => "steps before the login have no timeout, and a timeout of the job would cut them",
            Self::OtherUsers => {
                "the login is in a file that other workflows may use: name the folder of the repository, so that all \
                 its workflows are read"
            }
            Self::HarmsAnother => "the change would leave another job worse",
            Self::ChangedAndOpen => "the change above helps, and no single safe change does the rest",
        }
    }
}

/// Writes or prints the changes that cover jobs.
pub(super) fn run(
    options: &FixOptions,
    output: Option<&Path>,
    input: &dyn Fixable,
    max_session: MaxSession<'_>,
) -> Result<FixOutcome, ExitStatus> {
    let Fixed { files, notes, not_fixed } = fixed(input, max_session);
    let old = input.files();
    let changed = old.iter().zip(&files).enumerate().filter(|(_, (old, new))| old.text != new.text);
    let changed: Vec<(usize, (&TextFile, &TextFile))> = changed.collect();
    if !options.diff {
        write::check(changed.iter().map(|(_, (file, _))| Path::new(&file.name)), options.allow_dirty)?;
    }
    let mut differences = String::new();
    for (index, (old, new)) in changed {
        let name = visible::line(&old.name);
        if options.diff {
            differences += &diff::unified(&old.name, &old.text, &new.text);
        } else {
            write::write_atomically(Path::new(&old.name), &old.text, &new.text)
                .map_err(|error| bad_usage(&format!("error: {name} cannot be written: {error}")))?;
        }
        for (line, text) in diff::new_lines(&old.text, &new.text) {
            if !options.diff {
                print_error(&format!("fixed: {name}:{line}: {}", visible::line(text.trim())));
            }
            let note = notes.iter().find(|note| note.file == index && text.contains(&*note.inserted));
            note.into_iter().for_each(|note| print_error(&format!("note: {name}:{line}: {}", note.text)));
        }
    }
    print_not_fixed(&not_fixed, input.noun());
    if old.iter().zip(&files).all(|(old, new)| old.text == new.text) && not_fixed.is_empty() {
        print_error(&format!("Nothing to change: each {} that was judged is covered.", input.noun()));
    }
    match options.diff {
        true => Ok(FixOutcome::Printed(output::write_bytes(differences.as_bytes(), output))),
        false => Ok(FixOutcome::Written),
    }
}

/// What people should know of a change.
struct ChangeNote {
    /// The index of the file.
    file: usize,
    inserted: String,
    text: &'static str,
}

/// The files after all changes.
struct Fixed {
    files: Vec<TextFile>,
    notes: Vec<ChangeNote>,
    /// The entries of the files that are not covered.
    not_fixed: Vec<NotFixed>,
}

/// Makes changes until no more help: a change can leave a job with one other change that covers it.
fn fixed(input: &dyn Fixable, max_session: MaxSession<'_>) -> Fixed {
    let mut changed: Option<Box<dyn Fixable>> = None;
    let mut notes = Vec::new();
    let mut changed_jobs: BTreeSet<JobName> = BTreeSet::new();
    loop {
        let now = changed.as_deref().unwrap_or(input);
        let Proposed { proposals, without: mut not_fixed } = now.proposals(max_session);
        let harms = |proposal: &Proposal| NotFixed {
            at: proposal.at.clone(),
            jobs: proposal.jobs.clone(),
            why: WhyNot::HarmsAnother,
        };
        not_fixed.extend(proposals.iter().map(harms));
        match proposals::without_harm(now, proposals, max_session) {
            Some((kept, after)) => {
                changed_jobs.extend(kept.iter().flat_map(|proposal| proposal.jobs.iter().cloned()));
                notes.extend(kept.iter().filter_map(|proposal| {
                    let inserted = proposal.change.inserted.trim().to_owned();
                    Some(ChangeNote { file: proposal.file, inserted, text: proposal.note? })
                }));
                changed = Some(after);
            }
            None => {
                let is_changed = |entry: &NotFixed| {
                    let is_of_entry =
                        |changed: &JobName| entry.jobs.iter().any(|job| job.without_copy() == changed.without_copy());
                    changed_jobs.iter().any(is_of_entry)
                };
                for entry in not_fixed.iter_mut().filter(|entry| is_changed(entry)) {
                    entry.why = WhyNot::ChangedAndOpen;
                }
                return Fixed { files: now.files(), notes, not_fixed };
            }
        }
    }
}

fn print_not_fixed(not_fixed: &[NotFixed], noun: &str) {
    match not_fixed.len() {
        0 => return,
        1 => print_error(&format!("1 {noun} is not fixed:")),
        count => print_error(&format!("{count} {noun}s are not fixed:")),
    }
    for NotFixed { at, jobs, why } in not_fixed {
        let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
        let place = format!("{}:{} ({})", at.file, at.line, jobs.join(", "));
        print_error(&format!("  {}: {}", visible::line(&place), why.words()));
    }
}
