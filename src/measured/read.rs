//! Reads the files of run histories. A file that cannot be read loses none of the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::documents::{Document, NotAHistory, documents};
use super::github::{self, JobItem, WorkflowRun};
use super::record::Items;
use super::table::{self, NotATable};
use super::{HistoryKind, NotRead, Outcome, Run, RunHistory};
use crate::limited::{self, Unreadable};
use crate::visible;

/// The largest file. `get-job-runs` prints about 1 KiB for each run.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
enum BadFile {
    #[error("{0}")]
    Unreadable(Unreadable),
    #[error("the file is empty: the command that wrote it may have failed")]
    Empty,
    #[error(transparent)]
    Json(#[from] NotAHistory),
    #[error(transparent)]
    Table(#[from] NotATable),
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    runs: HashMap<(HistoryKind, Option<String>, String, String), Run>,
    not_read: Vec<NotRead>,
    not_whole: BTreeSet<NotRead>,
    /// The jobs of each workflow run, of all pages.
    pages: BTreeMap<WorkflowRun, Pages>,
}

/// The pages of the jobs of a workflow run.
#[derive(Default)]
struct Pages {
    /// The number of jobs that GitHub states.
    total: u64,
    /// The number of jobs that the pages have.
    jobs: u64,
    file: String,
}

/// Reads the files; `-` is standard input.
#[must_use]
pub fn files(paths: &[PathBuf], mut standard_input: impl Read) -> RunHistory {
    let mut reading = Reading::default();
    for path in paths {
        let is_standard_input = path.as_os_str() == "-";
        let name = if is_standard_input { "standard input".to_owned() } else { path.display().to_string() };
        let content = if is_standard_input { limited::stream(&mut standard_input, LARGEST) } else { read_file(path) };
        let read = content.and_then(limited::text).map_err(BadFile::Unreadable);
        if let Err(bad) = read.and_then(|text| reading.add(&name, &text)) {
            // A value of a wrong type is part of the message, and files of Batch have the environment of containers.
            let reason = visible::without_credentials(&bad.to_string());
            reading.not_read.push(NotRead { file: name, reason });
        }
    }
    reading.into_history(paths.len())
}

fn read_file(path: &Path) -> Result<Vec<u8>, Unreadable> {
    if path.is_dir() { Err(Unreadable::NoFile) } else { limited::file(path, LARGEST) }
}

impl Reading {
    fn add(&mut self, name: &str, text: &str) -> Result<(), BadFile> {
        // PowerShell writes a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match text.trim_start().chars().next() {
            None => Err(BadFile::Empty),
            Some('{' | '[') => {
                let documents = documents(text)?;
                documents.into_iter().for_each(|document| self.add_document(name, document));
                Ok(())
            }
            Some(_) => {
                table::runs(text)?.into_iter().for_each(|run| self.add_run(run));
                Ok(())
            }
        }
    }

    fn add_document(&mut self, file: &str, document: Document) {
        let mut cut = |reason: &str| {
            self.not_whole.insert(NotRead { file: file.to_owned(), reason: reason.to_owned() });
        };
        if document.has_more() {
            cut("the output has a NextToken: the service has more runs");
        }
        if document.builds_not_found.is_some_and(|Items(ids)| !ids.is_empty()) {
            cut("CodeBuild did not find some of the builds");
        }
        let Document { builds, job_runs, executions, jobs, total_count, workflow_name, .. } = document;
        builds.into_iter().flat_map(|Items(builds)| builds).for_each(|build| self.add_run(build.0));
        job_runs.into_iter().flat_map(|Items(runs)| runs).for_each(|run| self.add_run(run.0));
        executions.into_iter().flat_map(|Items(executions)| executions).for_each(|run| self.add_run(run.0));
        let Items(jobs) = jobs.unwrap_or_default();
        self.count_page(file, total_count, &jobs);
        for JobItem { runs, workflow_run } in jobs {
            for mut run in runs {
                if let (Some(workflow), Some(WorkflowRun { repository, .. })) = (&workflow_name, &workflow_run) {
                    run.scope = Some(github::scope(repository, Some(workflow)));
                }
                self.add_run(run);
            }
        }
    }

    fn count_page(&mut self, file: &str, total: Option<u64>, jobs: &[JobItem]) {
        let (Some(total), Some(run)) = (total, jobs.first().and_then(|job| job.workflow_run.clone())) else { return };
        let pages = self.pages.entry(run).or_default();
        pages.total = pages.total.max(total);
        pages.jobs += jobs.len() as u64;
        file.clone_into(&mut pages.file);
    }

    /// Adds a run once. A run that goes on in an older file has ended in a newer file.
    fn add_run(&mut self, run: Run) {
        let key = (run.kind, run.scope.clone(), run.job.clone(), run.id.clone());
        let has_ended = run.outcome != Outcome::Running;
        let known = self.runs.entry(key).or_insert_with(|| run.clone());
        if has_ended && known.outcome == Outcome::Running {
            *known = run;
        }
    }

    /// Removes the runs that go on in one file and have ended in another, where the histories give no ids.
    fn forget_ended(&mut self) {
        fn start(run: &Run) -> (HistoryKind, Option<&str>, &str, Option<i64>) {
            (run.kind, run.scope.as_deref(), &run.job, run.start)
        }
        let has_no_id = |run: &Run| matches!(run.kind, HistoryKind::Github | HistoryKind::Csv);
        let ended = self.runs.values().filter(|run| has_no_id(run) && run.end.is_some());
        let ended: HashSet<_> = ended.map(start).collect();
        let has_ended = |run: &Run| run.outcome == Outcome::Running && ended.contains(&start(run));
        let known: Vec<_> = self.runs.iter().filter(|(_, run)| has_ended(run)).map(|(key, _)| key.clone()).collect();
        known.iter().for_each(|key| drop(self.runs.remove(key)));
    }

    fn into_history(mut self, files: usize) -> RunHistory {
        self.forget_ended();
        for (run, Pages { total, jobs, file }) in self.pages {
            if jobs < total {
                let reason = format!("{jobs} of the {total} jobs of workflow run {}: use gh api --paginate", run.id);
                self.not_whole.insert(NotRead { file, reason });
            }
        }
        let mut history = RunHistory::new(self.runs.into_values());
        history.files = files;
        history.not_read = self.not_read;
        history.not_whole = self.not_whole.into_iter().collect();
        history
    }
}
