//! The sessions for people: a line for each path.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::Style;

use crate::cloudtrail::model::RefusalKind;
use crate::cloudtrail::runs::{PathKey, PathSummary, paths};
use crate::cloudtrail::{Sessions, time};
use crate::inventory::Seconds;
use crate::visible;

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
        let cells = cells(key, path);
        let cells: Vec<String> =
            cells.iter().zip(COLUMNS).map(|(cell, (_, width))| format!("{cell:>width$}")).collect();
        let _ = writeln!(text, "{}  {}", cells.join("  "), key);
    }
    if !paths.is_empty() {
        text.push('\n');
    }
    text.push_str(&refusals(sessions, columns));
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

fn cells(key: &PathKey, path: &PathSummary) -> [String; 7] {
    let lease = match (path.shortest_lease, path.longest_lease) {
        (Some(least), Some(most)) if least == most => duration(least),
        (Some(least), Some(most)) => format!("{}-{}", duration(least), duration(most)),
        _ => "unknown".to_owned(),
    };
    let longest = match path.longest_run {
        Some(run) if key.source.has_job_runs() => duration(run.length),
        Some(_) => "unknown".to_owned(),
        None => "unused".to_owned(),
    };
    [
        path.sessions.to_string(),
        path.runs.to_string(),
        longest,
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

/// The most groups of refused requests that are listed.
const MOST_REFUSALS: usize = 20;

/// A line for each kind, role and caller of refused requests, the most frequent first.
fn refusals(sessions: &Sessions, columns: usize) -> String {
    let mut groups: BTreeMap<(RefusalKind, Option<&str>, Option<&str>), usize> = BTreeMap::new();
    for refused in &sessions.refused {
        *groups.entry((refused.kind, refused.role.as_deref(), refused.caller.as_deref())).or_default() += 1;
    }
    if sessions.records == 0 {
        return "No records of CloudTrail were read.\n".to_owned();
    }
    if groups.is_empty() {
        return "STS refused no request in these records.\n".to_owned();
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, number)| Reverse(*number));
    let mut text = "Refused by STS:\n".to_owned();
    for ((kind, role, caller), number) in groups.iter().take(MOST_REFUSALS) {
        let role = role.map_or_else(|| "a role that the record does not name".to_owned(), visible::line);
        let caller = caller.map_or_else(|| "a caller that the record does not name".to_owned(), visible::line);
        let line = format!("{number} {}: {role}, requested by {caller}", kind.as_str());
        let options = textwrap::Options::new(columns.max(40))
            .initial_indent("  ")
            .subsequent_indent("    ")
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let _ = writeln!(text, "{}", textwrap::fill(&line, options));
    }
    if let Some(more @ 1..) = groups.len().checked_sub(MOST_REFUSALS) {
        let _ = writeln!(text, "  and {more} more; --format json has all of them");
    }
    text
}
