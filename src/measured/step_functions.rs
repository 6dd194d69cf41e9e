//! Executions of Step Functions: `aws stepfunctions list-executions`.

use serde::Deserialize;

use super::moment::Moment;
use super::record::{NotARun, Times, parts_of_arn, run};
use super::run::Cut;
use super::{HistoryKind, Outcome, Run};
use crate::visible;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    execution_arn: String,
    state_machine_arn: String,
    status: String,
    start_date: Option<Moment>,
    stop_date: Option<Moment>,
    redrive_count: Option<u64>,
    redrive_date: Option<Moment>,
}

/// An execution.
#[derive(Deserialize)]
#[serde(try_from = "Record")]
pub(super) struct Execution(pub(super) Run);

impl TryFrom<Record> for Execution {
    type Error = NotARun;

    fn try_from(record: Record) -> Result<Self, NotARun> {
        let redrives = record.redrive_count.unwrap_or_default();
        let outcome = match &*record.status {
            // A redrive continues after the last state that succeeded.
            "SUCCEEDED" if redrives > 0 => Outcome::CutShort(Cut::Redriven),
            "SUCCEEDED" => Outcome::Succeeded,
            "FAILED" => Outcome::CutShort(Cut::Failed),
            "TIMED_OUT" => Outcome::CutShort(Cut::TimedOut),
            "ABORTED" => Outcome::CutShort(Cut::Stopped),
            "RUNNING" | "PENDING_REDRIVE" => Outcome::Running,
            _ => Outcome::CutShort(Cut::Unknown),
        };
        // startDate stays that of the first try: the time between the tries is no part of a run.
        let start = if redrives > 0 { record.redrive_date } else { record.start_date };
        let name = parts_of_arn(&record.state_machine_arn)
            .and_then(|(scope, resource)| Some((resource.strip_prefix("stateMachine:")?.to_owned(), Some(scope))));
        let not_an_arn = || NotARun::NotAnArn(visible::configured(&record.state_machine_arn), "state machine");
        let name = name.ok_or_else(not_an_arn)?;
        let id = format!("{}#{redrives}", record.execution_arn);
        let mut times = Times::new(start, record.stop_date);
        if outcome == Outcome::Running {
            // A redriven execution that goes on may still have the stop of the try before.
            times.end = None;
        }
        run(HistoryKind::StepFunctions, name, id, times, outcome).map(Self)
    }
}
