//! Jobs of GitHub Actions: `gh run view --json jobs` and `gh api …/jobs`. Batch has a list `jobs` too: `JobItem` is an
//! item of either.

use serde::Deserialize;

use super::batch;
use super::moment::Moment;
use super::record::{NotARun, Times, run};
use super::run::Cut;
use super::{HistoryKind, Outcome, Run};

/// An item of `jobs`: of GitHub's API (`started_at`), of `gh run view` (`startedAt`), or of Batch (`startedAt` too).
#[derive(Deserialize)]
struct Record {
    // GitHub
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<Moment>,
    completed_at: Option<Moment>,
    #[serde(rename = "completedAt")]
    completed: Option<Moment>,
    html_url: Option<String>,
    run_url: Option<String>,
    url: Option<String>,
    workflow_name: Option<String>,
    // Batch
    #[serde(rename = "jobId")]
    id: Option<String>,
    #[serde(rename = "jobDefinition")]
    definition: Option<String>,
    #[serde(rename = "stoppedAt")]
    stopped: Option<Moment>,
    attempts: Option<batch::Attempts>,
    #[serde(rename = "arrayProperties")]
    array: Option<batch::Array>,
    timeout: Option<batch::Timeout>,
    #[serde(rename = "isTerminated")]
    is_terminated: Option<bool>,
    // Both
    #[serde(rename = "startedAt")]
    started: Option<Moment>,
}

/// The runs of an item of `jobs`, and the workflow run of a job of GitHub.
#[derive(Deserialize)]
#[serde(try_from = "Record")]
pub(super) struct JobItem {
    pub(super) runs: Vec<Run>,
    pub(super) workflow_run: Option<WorkflowRun>,
}

/// A run of a workflow, as the addresses of its jobs name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkflowRun {
    /// OWNER/REPO.
    pub(super) repository: String,
    pub(super) id: String,
}

impl WorkflowRun {
    /// The repository and the run of `https://HOST/OWNER/REPO/actions/runs/ID…`.
    fn parse(address: &str) -> Option<Self> {
        let (before, after) = address.split_once("/actions/runs/")?;
        let mut parts = before.rsplitn(3, '/');
        let (repository, owner) = (parts.next()?, parts.next()?);
        let id = after.split(['/', '?', '#']).next().filter(|id| !id.is_empty())?;
        Some(Self { repository: format!("{owner}/{repository}"), id: id.to_owned() })
    }
}

impl TryFrom<Record> for JobItem {
    type Error = NotARun;

    fn try_from(record: Record) -> Result<Self, NotARun> {
        if let Record { id: Some(id), definition: Some(definition), status: Some(status), .. } = record {
            let job = batch::Job {
                id,
                definition,
                status,
                started: record.started,
                stopped: record.stopped,
                attempts: record.attempts.unwrap_or_default(),
                array: record.array,
                timeout: record.timeout,
                is_terminated: record.is_terminated.unwrap_or_default(),
            };
            return Ok(Self { runs: job.runs()?, workflow_run: None });
        }
        let (Some(name), Some(status)) = (&record.name, &record.status) else { return Err(NotARun::NotAJob) };
        let addresses = [&record.html_url, &record.run_url, &record.url];
        let workflow_run = addresses.into_iter().flatten().find_map(|address| WorkflowRun::parse(address));
        let times = Times::new(record.started_at.or(record.started), record.completed_at.or(record.completed));
        let outcome = outcome(status, record.conclusion.as_deref().unwrap_or_default(), times);
        let times = if matches!(outcome, Outcome::NotRun) { Times::default() } else { times };
        let scope = workflow_run.as_ref().map(|run| scope(&run.repository, record.workflow_name.as_deref()));
        // A rerun of the failed jobs lists the others again: with new ids, and with the times of the first attempt.
        // Jobs of one name can start at one time.
        let run_id = workflow_run.as_ref().map_or("", |run| &run.id);
        let id = format!("{run_id}#{:?}#{:?}", times.start, times.end);
        let run = run(HistoryKind::Github, (name.clone(), scope), id, times, outcome)?;
        Ok(Self { runs: vec![run], workflow_run })
    }
}

/// OWNER/REPO, with the workflow where it is known.
pub(super) fn scope(repository: &str, workflow: Option<&str>) -> String {
    workflow.map_or_else(|| repository.to_owned(), |workflow| format!("{repository}/{workflow}"))
}

fn outcome(status: &str, conclusion: &str, times: Times) -> Outcome {
    if status != "completed" {
        return Outcome::Running;
    }
    // Jobs that never started have a start too: that of a skipped job is often after its end.
    if conclusion == "skipped" || times.ends_first() {
        return Outcome::NotRun;
    }
    match conclusion {
        "success" | "neutral" => Outcome::Succeeded,
        "failure" => Outcome::CutShort(Cut::Failed),
        "timed_out" => Outcome::CutShort(Cut::TimedOut),
        "cancelled" => Outcome::CutShort(Cut::Stopped),
        "action_required" | "stale" => Outcome::NotRun,
        _ => Outcome::CutShort(Cut::Unknown),
    }
}
