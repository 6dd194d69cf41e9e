//! The history for people: a line for each job.

use std::fmt::Write;

use anstyle::Style;

use crate::inventory::Seconds;
use crate::measured::{JobRuns, RunHistory};
use crate::visible;

/// What every text with measured lengths says.
const ABOUT: &str = "Median, 95th percentile and longest are of the runs that succeeded. A run that was cut short \
    (failed, timed out, stopped, redriven) does not show how long the job needs. Queue time is not part of a run.";

/// The columns before the job, and their widths.
const COLUMNS: [(&str, usize); 8] = [
    ("runs", 6),
    ("median", 9),
    ("95 %", 9),
    ("longest", 9),
    ("cut short", 9),
    ("longest cut", 11),
    ("propose", 8),
    ("window", 24),
];

/// The history as text. Jobs come last in their lines and are not cut, so that their names can be copied.
#[must_use]
pub fn render(history: &RunHistory, columns: usize) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut text = String::new();
    let _ = writeln!(text, "{bold}{}{bold:#}\n", heading(history));
    if !history.jobs.is_empty() {
        let heading = COLUMNS.map(|(name, width)| format!("{name:>width$}"));
        let _ = writeln!(text, "{dim}{}  job{dim:#}", heading.join("  "));
        for job in &history.jobs {
            let cells: Vec<String> =
                cells(job).iter().zip(COLUMNS).map(|(cell, (_, width))| format!("{cell:>width$}")).collect();
            let scope = job.scope.as_deref().map(|scope| format!(" in {}", visible::line(scope))).unwrap_or_default();
            let name = visible::line(&job.name);
            let _ = writeln!(text, "{}  {} {name}{scope}", cells.join("  "), job.kind.as_str());
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{dim}{}{dim:#}", textwrap::fill(ABOUT, columns.max(40)));
    text
}

fn heading(history: &RunHistory) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let also = |number: usize, what: &str| if number == 0 { String::new() } else { format!(", {number} {what}") };
    let total = |of: fn(&JobRuns) -> usize| history.jobs.iter().map(of).sum();
    let running = also(total(|job| job.running), "still running");
    let not_run = also(total(|job| job.not_run), "never started");
    let not_read = match history.not_read.len() {
        0 => String::new(),
        not_read => format!(" ({not_read} not read)"),
    };
    let (runs, jobs) = (count(history.runs(), "run"), count(history.jobs.len(), "job"));
    format!("{runs} of {jobs} in {}{not_read}{running}{not_run}", count(history.files, "file"))
}

fn cells(job: &JobRuns) -> [String; 8] {
    let duration = |seconds: Option<Seconds>| seconds.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
    [
        job.runs().to_string(),
        duration(job.median()),
        duration(job.percentile_95()),
        duration(job.longest()),
        job.cut_short.count().to_string(),
        duration(job.cut_short.longest),
        duration(job.proposed_length()),
        job.days().unwrap_or_else(|| "-".to_owned()),
    ]
}
