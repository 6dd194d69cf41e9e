//! The function reads what can be read: a file of a team that has problems is set aside, and says so in the report.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::bindings::Bindings;
use super::diagnostic::{Diagnostic, Problems, Sink};
use super::files::Files;
use super::validate::{self, Duplicates, Reading};
use super::{Inventory, JobName, documents};
use crate::visible::without_credentials;

/// How many problems of a broken file are shown.
const MOST_PROBLEMS: usize = 5;
/// How many jobs of a broken file are named.
const MOST_JOBS: usize = 1000;
/// How often the files are read again. With a platform's file, no file depends on another team's.
const MOST_READINGS: usize = 5;

/// A file that was set aside: none of its jobs is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFile {
    /// Its name.
    pub file: Arc<str>,
    /// Its owner, where the platform's file or its own `defaults` say so.
    pub owner: Option<String>,
    /// Its first problems, each with its place.
    pub problems: Vec<String>,
    /// The jobs that could be read in it.
    pub jobs: Vec<JobName>,
}

/// Reads the files without those that have problems.
pub(super) fn read_the_others(mut files: Files, today: Date) -> Result<Inventory, Problems> {
    let unreadable = std::mem::take(&mut files.sink);
    let mut aside: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
    set_aside(&mut aside, &unreadable);
    let reading = Reading { today: Some(today), duplicates: Duplicates::Rename };
    let mut all = unreadable;
    for _ in 0..MOST_READINGS {
        let stopped = files.platform.is_some_and(|platform| aside.contains_key(&platform));
        if stopped {
            break;
        }
        let mut sink = Sink::default();
        let documents = documents(&files, |index| !aside.contains_key(&index), &mut sink);
        let inventory = validate::inventory(documents, &files, reading, &mut sink);
        if aside.is_empty() && sink.problems.is_empty() && inventory.declares_nothing() {
            // No file is at fault.
            validate::require_a_job(&inventory, &files, &mut all);
            break;
        }
        if sink.problems.is_empty() {
            return Ok(Inventory { broken: broken(&files, aside), ..inventory });
        }
        let before = aside.len();
        set_aside(&mut aside, &sink);
        all.extend(sink);
        if aside.len() == before {
            break;
        }
    }
    Err(Problems::new(files.files, all))
}

fn set_aside(aside: &mut BTreeMap<usize, Vec<Diagnostic>>, sink: &Sink) {
    for file in sink.files() {
        let of_file = |problem: &&Diagnostic| problem.place.as_ref().is_some_and(|place| place.file == file);
        let mut first: Vec<Diagnostic> = sink.problems.iter().filter(of_file).cloned().collect();
        first.sort_by(|one, other| one.place.cmp(&other.place));
        first.truncate(MOST_PROBLEMS);
        aside.entry(file).or_insert(first);
    }
}

fn broken(files: &Files, aside: BTreeMap<usize, Vec<Diagnostic>>) -> Vec<BrokenFile> {
    let mut ignored = Sink::default();
    let platform = documents(files, |index| files.platform == Some(index), &mut ignored).pop();
    let bindings = platform.map(|(_, document)| Bindings::of(document.sources, &mut ignored)).unwrap_or_default();
    let mut all = Vec::with_capacity(aside.len());
    for (index, problems) in aside {
        let document = documents(files, |wanted| wanted == index, &mut ignored).pop().map(|(_, document)| document);
        let document = document.unwrap_or_default();
        let own = document.defaults.and_then(|defaults| defaults.owner).map(|owner| owner.value);
        let names = document.jobs.into_iter().filter_map(|job| job.name);
        let shown = |problem: &Diagnostic| {
            let line = problem.location.line.max(1);
            // Messages and logs hold them.
            format!("line {line}: {}", without_credentials(&problem.message))
        };
        all.push(BrokenFile {
            file: files.files[index].name.clone(),
            owner: bindings.owner_of(&files.within[index]).map(str::to_owned).or(own),
            problems: problems.iter().map(shown).collect(),
            jobs: names.take(MOST_JOBS).map(|name| name.value.into()).collect(),
        });
    }
    all
}
