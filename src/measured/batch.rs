//! Jobs of Batch: `aws batch describe-jobs`. Each attempt is a run: it is a container with credentials of its own.

use serde::Deserialize;

use super::moment::Moment;
use super::record::{Items, NotARun, Times, parts_of_arn, run};
use super::run::{Cut, seconds_between};
use super::{HistoryKind, Outcome, Run};
use crate::inventory::Seconds;
use crate::visible;

/// The most attempts of a job. Batch makes at most ten.
const MOST_ATTEMPTS: usize = 1000;

/// The parts of a job that say how its attempts ran.
pub(super) struct Job {
    pub(super) id: String,
    pub(super) definition: String,
    pub(super) status: String,
    pub(super) started: Option<Moment>,
    pub(super) stopped: Option<Moment>,
    pub(super) attempts: Attempts,
    pub(super) array: Option<Array>,
    pub(super) timeout: Option<Timeout>,
    pub(super) is_terminated: bool,
}

/// The attempts of a job.
pub(super) type Attempts = Items<Attempt, MOST_ATTEMPTS>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    started_at: Option<Moment>,
    stopped_at: Option<Moment>,
}

/// The array of a job: a parent has a size and no container.
#[derive(Debug, Deserialize)]
pub(super) struct Array {
    size: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeout {
    attempt_duration_seconds: Option<u64>,
}

impl Job {
    pub(super) fn runs(self) -> Result<Vec<Run>, NotARun> {
        if self.array.as_ref().is_some_and(|array| array.size.is_some()) {
            return Ok(Vec::new());
        }
        let name = parts_of_arn(&self.definition).and_then(|(scope, resource)| {
            let (name, _revision) = resource.strip_prefix("job-definition/")?.rsplit_once(':')?;
            Some((name.to_owned(), Some(scope)))
        });
        let not_an_arn = || NotARun::NotAnArn(visible::configured(&self.definition), "job definition");
        let name = name.ok_or_else(not_an_arn)?;
        let Items(attempts) = &self.attempts;
        let ended = matches!(&*self.status, "SUCCEEDED" | "FAILED");
        let mut tries: Vec<Times> =
            attempts.iter().map(|attempt| Times::new(attempt.started_at, attempt.stopped_at)).collect();
        match (attempts.is_empty(), &*self.status) {
            (true, "SUCCEEDED" | "FAILED") => tries.push(Times::new(self.started, self.stopped)),
            (_, "RUNNING") => tries.push(Times { end: None, ..Times::new(self.started, None) }),
            (true, _) => tries.push(Times::default()),
            (false, _) => {}
        }
        let last = tries.len().saturating_sub(1);
        let runs = tries.into_iter().enumerate().map(|(number, times)| {
            let outcome = self.outcome(times, ended && number == last);
            run(HistoryKind::Batch, name.clone(), format!("{}#{number}", self.id), times, outcome)
        });
        runs.collect()
    }

    /// How an attempt ended. The status of the job is that of its last attempt; the others failed.
    fn outcome(&self, times: Times, decides: bool) -> Outcome {
        let Times { start: Some(start), end } = times else { return Outcome::NotRun };
        let Some(end) = end else { return Outcome::Running };
        if decides && self.status == "SUCCEEDED" {
            return Outcome::Succeeded;
        }
        // Batch ends an attempt this long after its startedAt (AWS Batch User Guide, "Job timeouts").
        let timeout = self.timeout.as_ref().and_then(|timeout| timeout.attempt_duration_seconds).map(Seconds);
        Outcome::CutShort(match timeout {
            Some(timeout) if seconds_between(start, end) >= timeout => Cut::TimedOut,
            _ if decides && self.is_terminated => Cut::Stopped,
            _ => Cut::Failed,
        })
    }
}
