//! Runs of Glue jobs: `aws glue get-job-runs`.

use serde::Deserialize;

use super::moment::Moment;
use super::record::{LONGEST_RUN, NotARun, Times, run};
use super::run::Cut;
use super::{HistoryKind, Outcome, Run};
use crate::inventory::Seconds;
use crate::visible;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    id: String,
    job_name: String,
    job_run_state: String,
    started_on: Option<Moment>,
    completed_on: Option<Moment>,
    /// The time in which the run consumed resources, in seconds.
    execution_time: Option<u64>,
}

/// A run. A retry is a run of its own: it starts with new credentials.
#[derive(Deserialize)]
#[serde(try_from = "Record")]
pub(super) struct JobRun(pub(super) Run);

impl TryFrom<Record> for JobRun {
    type Error = NotARun;

    fn try_from(record: Record) -> Result<Self, NotARun> {
        let outcome = match &*record.job_run_state {
            "SUCCEEDED" => Outcome::Succeeded,
            "FAILED" | "ERROR" => Outcome::CutShort(Cut::Failed),
            "TIMEOUT" => Outcome::CutShort(Cut::TimedOut),
            "STOPPED" => Outcome::CutShort(Cut::Stopped),
            "STARTING" | "RUNNING" | "STOPPING" | "WAITING" => Outcome::Running,
            "EXPIRED" => Outcome::NotRun,
            _ => Outcome::CutShort(Cut::Unknown),
        };
        let times = Times::new(record.started_on, record.completed_on);
        let mut run = run(HistoryKind::Glue, (record.job_name, None), record.id, times, outcome)?;
        // A queued run waits after StartedOn. ExecutionTime has no waiting in it.
        match record.execution_time {
            Some(seconds) if seconds > LONGEST_RUN => return Err(NotARun::TooLong(visible::configured(&run.job))),
            Some(seconds @ 1..) => run.length = Some(Seconds(seconds)),
            Some(0) | None => {}
        }
        Ok(Self(run))
    }
}
