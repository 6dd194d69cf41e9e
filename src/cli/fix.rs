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
use crate::inventory::{Job, RoleRef, Seconds};
use crate::visible;
use proposals::Proposal;

/// The outcome of a run with `--fix` or `--diff`.
pub(super) enum Outcome {
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

/// Proposals, and the number of entries without one.
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
    let Fixed { files, note, not_fixed } = fixed(input, max_session);
    note.into_iter().for_each(print_error);
    let old = input.files();
    let changed: Vec<(&TextFile, &TextFile)> =
        old.iter().zip(&files).filter(|(old, new)| old.text != new.text).collect();
    if options.diff {
        let text: String = changed.iter().map(|(old, new)| diff::unified(&old.name, &old.text, &new.text)).collect();
        print_not_fixed(not_fixed, input.noun());
        return Ok(Outcome::Printed(output::write_bytes(text.as_bytes(), output)));
    }
    write::check(changed.iter().map(|(file, _)| Path::new(&file.name)), options.allow_dirty)?;
    for (old, new) in &changed {
        let name = visible::line(&old.name);
        write::write_atomically(Path::new(&old.name), &old.text, &new.text)
            .map_err(|error| bad_usage(&format!("error: {name} cannot be written: {error}")))?;
        for (line, text) in diff::new_lines(&old.text, &new.text) {
            print_error(&format!("fixed: {name}:{line}: {}", visible::line(text.trim())));
        }
    }
    print_not_fixed(not_fixed, input.noun());
    Ok(Outcome::Written)
}

/// The files after all changes.
struct Fixed {
    files: Vec<TextFile>,
    note: Option<&'static str>,
    /// How many entries of the files are not covered.
    not_fixed: usize,
}

/// Makes changes until no more help: a change can leave a job with one other change that covers it.
fn fixed(input: &dyn Fixable, max_session: MaxSession<'_>) -> Fixed {
    let mut changed: Option<Box<dyn Fixable>> = None;
    let mut note = None;
    loop {
        let now = changed.as_deref().unwrap_or(input);
        let Proposed { proposals, without } = now.proposals(max_session);
        let not_fixed = without + proposals.len();
        match proposals::without_harm(now, proposals, max_session) {
            Some((kept, after)) => {
                note = note.or_else(|| kept.iter().find_map(|proposal| proposal.note));
                changed = Some(after);
            }
            None => return Fixed { files: now.files(), note, not_fixed },
        }
    }
}

fn print_not_fixed(count: usize, noun: &str) {
    if count > 0 {
        let entries = if count == 1 { format!("1 {noun} is") } else { format!("{count} {noun}s are") };
        print_error(&format!(
            "{entries} not fixed: no single safe change is enough, or the file does not state the value as a literal."
        ));
    }
}
