//! The history as a spreadsheet: a row for each job.

use super::json::time;
use crate::inventory::Seconds;
use crate::measured::RunHistory;
use crate::visible::spreadsheet_cell as cell;

const COLUMNS: [&str; 19] = [
    "kind",
    "name",
    "scope",
    "runs",
    "succeeded",
    "failed",
    "timed_out",
    "stopped",
    "redriven",
    "unknown",
    "running",
    "not_run",
    "median_seconds",
    "percentile_95_seconds",
    "longest_seconds",
    "longest_cut_short_seconds",
    "proposed_length_seconds",
    "from",
    "to",
];

/// The history as CSV.
#[must_use]
pub fn render(history: &RunHistory) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(COLUMNS);
    for job in &history.jobs {
        let seconds =
            |seconds: Option<Seconds>| seconds.map(|Seconds(seconds)| seconds.to_string()).unwrap_or_default();
        let (from, to) = job.window.map(|(from, to)| (time(from), time(to))).unwrap_or_default();
        let cut = &job.cut_short;
        let _ = writer.write_record([
            job.kind.as_str().to_owned(),
            cell(&job.name),
            job.scope.as_deref().map(cell).unwrap_or_default(),
            job.runs().to_string(),
            job.lengths.len().to_string(),
            cut.failed.to_string(),
            cut.timed_out.to_string(),
            cut.stopped.to_string(),
            cut.redriven.to_string(),
            cut.unknown.to_string(),
            job.running.to_string(),
            job.not_run.to_string(),
            seconds(job.median()),
            seconds(job.percentile_95()),
            seconds(job.longest()),
            seconds(cut.longest),
            seconds(job.proposed_length()),
            from,
            to,
        ]);
    }
    writer.into_inner().unwrap_or_default()
}
