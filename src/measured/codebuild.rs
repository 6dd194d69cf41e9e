//! Builds of CodeBuild: `aws codebuild batch-get-builds`.

use serde::Deserialize;

use super::moment::Moment;
use super::record::{Items, NotARun, Times, parts_of_arn, run};
use super::run::Cut;
use super::{HistoryKind, Outcome, Run};

/// The most phases of a build. CodeBuild has eleven.
const MOST_PHASES: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: String,
    arn: Option<String>,
    project_name: String,
    build_status: String,
    start_time: Option<Moment>,
    end_time: Option<Moment>,
    phases: Option<Items<Phase, MOST_PHASES>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Phase {
    phase_type: String,
    start_time: Option<Moment>,
}

/// A build.
#[derive(Deserialize)]
#[serde(try_from = "Record")]
pub(super) struct Build(pub(super) Run);

impl TryFrom<Record> for Build {
    type Error = NotARun;

    fn try_from(record: Record) -> Result<Self, NotARun> {
        let outcome = match &*record.build_status {
            "SUCCEEDED" => Outcome::Succeeded,
            "FAILED" | "FAULT" => Outcome::CutShort(Cut::Failed),
            "TIMED_OUT" => Outcome::CutShort(Cut::TimedOut),
            "STOPPED" => Outcome::CutShort(Cut::Stopped),
            "IN_PROGRESS" => Outcome::Running,
            _ => Outcome::CutShort(Cut::Unknown),
        };
        let Items(phases) = record.phases.unwrap_or_default();
        let in_queue = |phase: &&Phase| matches!(&*phase.phase_type, "SUBMITTED" | "QUEUED");
        // CodeBuild's startTime is that of the request: the queue ends where the container is provisioned.
        let first = phases.iter().find(|phase| !in_queue(phase) && phase.phase_type != "COMPLETED");
        let was_in_queue = phases.iter().any(|phase| in_queue(&phase));
        let (start, outcome) = match (first, was_in_queue, outcome) {
            (Some(phase), ..) => (phase.start_time, outcome),
            (None, true, Outcome::Succeeded | Outcome::CutShort(_)) => (None, Outcome::NotRun),
            (None, ..) => (record.start_time, outcome),
        };
        let scope = record.arn.as_deref().and_then(parts_of_arn).map(|(scope, _)| scope);
        let times = Times::new(start, record.end_time);
        run(HistoryKind::Codebuild, (record.project_name, scope), record.id, times, outcome).map(Self)
    }
}
