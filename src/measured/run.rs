//! One run of a job.

use super::HistoryKind;
use crate::inventory::Seconds;

/// A run of a job. Queue time is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The kind of the history.
    pub kind: HistoryKind,
    /// The name of the job.
    pub job: String,
    /// Where the job is: account and Region, or repository and workflow; `None`: the history does not say.
    pub scope: Option<String>,
    /// The id of the run: the same run of two files counts once.
    pub id: String,
    /// When the run started, in milliseconds since 1970.
    pub start: Option<i64>,
    /// When the run ended, in milliseconds since 1970.
    pub end: Option<i64>,
    /// How long the run lasted; `None`: not known.
    pub length: Option<Seconds>,
    /// How the run ended.
    pub outcome: Outcome,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The run did its work.
    Succeeded,
    /// The run was cut short: its length does not show how long the job needs.
    CutShort(Cut),
    /// The run goes on.
    Running,
    /// The run never started.
    NotRun,
}

/// Why a run was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The run failed.
    Failed,
    /// The run reached its timeout.
    TimedOut,
    /// Somebody or something stopped the run.
    Stopped,
    /// The run continued an earlier run, so that its length is that of a part of the work.
    Redriven,
    /// The history has a status that this version does not know.
    Unknown,
}

/// The time between two moments, in whole seconds, rounded up.
pub(super) fn seconds_between(start: i64, end: i64) -> Seconds {
    Seconds(u64::try_from(end.saturating_sub(start)).unwrap_or_default().div_ceil(1000))
}
