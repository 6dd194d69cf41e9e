//! The public interface of `measure --format json`. Fields are added, never renamed. Durations are in seconds.

use jiff::Timestamp;
use serde::Serialize;

use crate::inventory::Seconds;
use crate::measured::{JobRuns, NotRead, RunHistory};

/// The history of schema version 1.
#[derive(Debug, Serialize)]
pub struct HistoryV1<'a> {
    schema_version: u8,
    files: usize,
    not_read: Vec<NotReadV1<'a>>,
    /// Files with a part of a history.
    not_whole: Vec<NotReadV1<'a>>,
    jobs: Vec<JobV1<'a>>,
}

#[derive(Debug, Serialize)]
struct NotReadV1<'a> {
    file: &'a str,
    reason: &'a str,
}

/// The runs of a job.
#[derive(Debug, Serialize)]
pub struct JobV1<'a> {
    kind: &'static str,
    name: &'a str,
    scope: Option<&'a str>,
    /// The runs that ended.
    runs: usize,
    succeeded: usize,
    failed: usize,
    timed_out: usize,
    stopped: usize,
    redriven: usize,
    unknown: usize,
    running: usize,
    not_run: usize,
    /// Of the runs that succeeded.
    median_seconds: Option<Seconds>,
    percentile_95_seconds: Option<Seconds>,
    longest_seconds: Option<Seconds>,
    /// Of the runs that were cut short.
    longest_cut_short_seconds: Option<Seconds>,
    proposed_length_seconds: Option<Seconds>,
    window: WindowV1,
}

#[derive(Debug, Serialize)]
struct WindowV1 {
    from: Option<String>,
    to: Option<String>,
}

/// The time in UTC, in whole seconds.
pub(super) fn time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(|time| format!("{time:.0}")).unwrap_or_default()
}

impl<'a> From<&'a RunHistory> for HistoryV1<'a> {
    fn from(history: &'a RunHistory) -> Self {
        let files =
            |files: &'a [NotRead]| files.iter().map(|NotRead { file, reason }| NotReadV1 { file, reason }).collect();
        Self {
            schema_version: 1,
            files: history.files,
            not_read: files(&history.not_read),
            not_whole: files(&history.not_whole),
            jobs: history.jobs.iter().map(JobV1::from).collect(),
        }
    }
}

impl<'a> From<&'a JobRuns> for JobV1<'a> {
    fn from(job: &'a JobRuns) -> Self {
        let (from, to) = job.window.map(|(from, to)| (time(from), time(to))).unzip();
        Self {
            kind: job.kind.as_str(),
            name: &job.name,
            scope: job.scope.as_deref(),
            runs: job.runs(),
            succeeded: job.lengths.len(),
            failed: job.cut_short.failed,
            timed_out: job.cut_short.timed_out,
            stopped: job.cut_short.stopped,
            redriven: job.cut_short.redriven,
            unknown: job.cut_short.unknown,
            running: job.running,
            not_run: job.not_run,
            median_seconds: job.median(),
            percentile_95_seconds: job.percentile_95(),
            longest_seconds: job.longest(),
            longest_cut_short_seconds: job.cut_short.longest,
            proposed_length_seconds: job.proposed_length(),
            window: WindowV1 { from, to },
        }
    }
}
