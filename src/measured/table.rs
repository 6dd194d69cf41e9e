//! Runs of a CSV file: `job,start,end,outcome`.

use super::moment::{Moment, NotAMoment};
use super::record::{NotARun, Times, run};
use super::run::Cut;
use super::{HistoryKind, Outcome, Run};
use crate::visible;

/// The columns, in any order. Others are not read.
const COLUMNS: [&str; 4] = ["job", "start", "end", "outcome"];
/// The most rows of a file.
const MOST_ROWS: usize = 500_000;

/// Why a text is no table of runs.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotATable {
    /// The CSV cannot be read. The text has the place.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error(
        "line 1: no column `{0}`: write job,start,end,outcome in the first line of a CSV file, or keep the JSON output \
         of the command"
    )]
    NoColumn(&'static str),
    /// A row without the name of its job.
    #[error("line {0}: the name of the job is empty")]
    NoName(u64),
    /// A time cannot be read.
    #[error("line {0}: {1}")]
    Time(u64, NotAMoment),
    /// The outcome is not known.
    #[error("line {0}: `{1}` is no outcome: write succeeded, failed, timed-out, stopped, running or skipped")]
    Outcome(u64, String),
    /// The row cannot be a run.
    #[error("line {0}: {1}")]
    Run(u64, NotARun),
    /// A row of a run that ended lacks a time.
    #[error("line {0}: a run that ended has a start and an end")]
    NoTime(u64),
    /// More rows than are read.
    #[error("more than {MOST_ROWS} rows: split the file")]
    TooLong,
}

/// The runs of a table.
pub(super) fn runs(text: &str) -> Result<Vec<Run>, NotATable> {
    let head = text.lines().next().unwrap_or_default();
    // Spreadsheets write semicolons where the comma is the decimal sign.
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let position = |name: &&'static str| {
        headers.iter().position(|header| header.eq_ignore_ascii_case(name)).ok_or(NotATable::NoColumn(name))
    };
    let [job, start, end, outcome] = &COLUMNS;
    let columns = [position(job)?, position(start)?, position(end)?, position(outcome)?];
    let mut runs = Vec::new();
    for row in reader.records() {
        let row = row?;
        if runs.len() == MOST_ROWS {
            return Err(NotATable::TooLong);
        }
        let line = row.position().map_or(0, |position| line_of(text, position));
        runs.push(run_of(line, columns.map(|column| row.get(column).unwrap_or_default()))?);
    }
    Ok(runs)
}

/// The line of a row. Its position is before the empty lines above it.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).ok().and_then(|from| text.as_bytes().get(from..));
    let before = from.unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + before.filter(|byte| **byte == b'\n').count() as u64
}

fn run_of(line: u64, [job, start, end, outcome]: [&str; 4]) -> Result<Run, NotATable> {
    if job.is_empty() {
        return Err(NotATable::NoName(line));
    }
    let known = outcome_of(outcome).ok_or_else(|| NotATable::Outcome(line, visible::configured(outcome)))?;
    let moment = |text: &str| match text {
        "" => Ok(None),
        text => Moment::of_text(text).map(Some).map_err(|why| NotATable::Time(line, why)),
    };
    let times = Times::new(moment(start)?, moment(end)?);
    let ended = matches!(known, Outcome::Succeeded | Outcome::CutShort(_));
    if ended && (times.start.is_none() || times.end.is_none()) {
        return Err(NotATable::NoTime(line));
    }
    let times = if ended { times } else { Times { end: None, ..times } };
    let id = format!("{:?} {:?} {known:?}", times.start, times.end);
    run(HistoryKind::Csv, (job.to_owned(), None), id, times, known).map_err(|why| NotATable::Run(line, why))
}

fn outcome_of(word: &str) -> Option<Outcome> {
    Some(match &*word.to_ascii_lowercase().replace(['_', ' '], "-") {
        "succeeded" | "success" => Outcome::Succeeded,
        "failed" | "failure" | "error" => Outcome::CutShort(Cut::Failed),
        "timed-out" | "timeout" => Outcome::CutShort(Cut::TimedOut),
        "stopped" | "cancelled" | "canceled" | "aborted" => Outcome::CutShort(Cut::Stopped),
        "running" => Outcome::Running,
        "skipped" => Outcome::NotRun,
        _ => return None,
    })
}
