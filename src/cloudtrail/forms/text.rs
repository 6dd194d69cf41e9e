//! The sessions for people: a line for each path.

use std::fmt::Write;

use anstyle::Style;

use crate::cloudtrail::model::RefusalKind;
use crate::cloudtrail::runs::{PathSummary, paths};
use crate::cloudtrail::{Sessions, time};
use crate::inventory::Seconds;

/// What every text with a run's length says.
pub const LOWER_BOUND: &str = "The length of a run is a lower bound: it ends with the last call that CloudTrail \
    recorded, and trails record few data events.";

/// The columns before the path, and their widths.
const COLUMNS: [(&str, usize); 7] = [
    ("sessions", 8),
    ("runs", 6),
    ("longest run", 11),
    ("lease", 11),
    ("renewals", 8),
    ("headroom", 8),
    ("refused", 7),
];

/// The sessions as text. Paths come last in their lines and are not cut, so that their ARNs can be copied.
#[must_use]
pub fn render(sessions: &Sessions, columns: usize) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut text = String::new();
    let _ = writeln!(text, "{bold}{}{bold:#}\n", heading(sessions));
    let paths = paths(&sessions.sessions, &sessions.refused);
    if !paths.is_empty() {
        let heading = COLUMNS.map(|(name, width)| format!("{name:>width$}"));
        let _ = writeln!(text, "{dim}{}  path{dim:#}", heading.join("  "));
    }
    for (key, path) in &paths {
        let cells = cells(path);
        let cells: Vec<String> =
            cells.iter().zip(COLUMNS).map(|(cell, (_, width))| format!("{cell:>width$}")).collect();
        let _ = writeln!(text, "{}  {}", cells.join("  "), key);
    }
    if !paths.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", refusals(sessions));
    let _ = writeln!(text, "{dim}{}{dim:#}", textwrap::fill(LOWER_BOUND, columns.max(40)));
    text
}

pub(super) fn heading(sessions: &Sessions) -> String {
    let Sessions { window, files, records, skipped, sessions, .. } = sessions;
    let skipped = if skipped.is_empty() { String::new() } else { format!(" ({} not read to the end)", skipped.len()) };
    let span = match (window.from, window.to) {
        (Some(from), Some(to)) => format!(", from {} to {}", time::format(from), time::format(to)),
        _ => String::new(),
    };
    let count = |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let sessions = count(sessions.len() as u64, "session");
    format!("{sessions} in {} of {}{skipped}{span}", count(*records, "record"), count(*files, "file"))
}

fn cells(path: &PathSummary) -> [String; 7] {
    let lease = match (path.shortest_lease, path.longest_lease) {
        (Some(least), Some(most)) if least == most => duration(least),
        (Some(least), Some(most)) => format!("{}-{}", duration(least), duration(most)),
        _ => "unknown".to_owned(),
    };
    [
        path.sessions.to_string(),
        path.runs.to_string(),
        path.longest_run.map_or_else(|| "unused".to_owned(), duration),
        lease,
        path.renewals.to_string(),
        path.headroom.map_or_else(|| "unknown".to_owned(), duration),
        path.refused.to_string(),
    ]
}

fn duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    format!("{sign}{}", Seconds(seconds.unsigned_abs()))
}

fn refusals(sessions: &Sessions) -> String {
    const KINDS: [RefusalKind; 6] = [
        RefusalKind::AboveMaxSession,
        RefusalKind::AboveChainCap,
        RefusalKind::OutOfRange,
        RefusalKind::Denied,
        RefusalKind::Expired,
        RefusalKind::Other,
    ];
    let counts: Vec<String> = KINDS
        .into_iter()
        .map(|kind| (kind, sessions.refused.iter().filter(|refused| refused.kind == kind).count()))
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| format!("{number} {}", kind.as_str()))
        .collect();
    if counts.is_empty() {
        return "STS refused no request in these records.".to_owned();
    }
    format!("Refused by STS: {}.", counts.join(", "))
}
