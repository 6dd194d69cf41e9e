//! How changes are worded: what of one owner's findings is new, changed, told again, resolved. Knows nothing of how much
//! fits into a message. Texts of the state may be anybody's: they are made fit to show.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::failure::printable;
use crate::findings::Finding;
use crate::inventory::Seconds;
use crate::report::plain;
use crate::state::{Difference, News, OwnerChanges, Previous, Resolved, Told};

/// One owner's changes, and what is known of what was told before.
#[derive(Clone, Copy)]
pub(super) struct OwnersNews<'a> {
    pub(super) changes: &'a OwnerChanges<'a>,
    pub(super) previous: &'a Previous,
}

impl<'a> OwnersNews<'a> {
    /// `1 new, 2 changed, 1 still open, 3 resolved`.
    pub(super) fn counts(&self) -> String {
        let open = |is: fn(&News) -> bool| self.changes.open.iter().filter(|told| is(&told.news)).count();
        let counts = [
            (open(|news| *news == News::New), "new"),
            (open(|news| matches!(news, News::Changed { .. })), "changed"),
            (open(|news| matches!(news, News::Due { .. })), "still open"),
            (self.changes.resolved.len(), "resolved"),
        ];
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if parts.is_empty() { "nothing open".to_owned() } else { parts.join(", ") }
    }

    /// What is to be said before anything else: why all of it is told.
    pub(super) fn preface(&self) -> String {
        match self.previous {
            Previous::Known(_) => String::new(),
            Previous::New { why } => {
                format!("Everything that is open is told, since nothing is known of what was told before.\n{why}.\n")
            }
            Previous::Lost { why } => format!(
                "What was told before could not be read, so everything that is open is told again, and nothing is called resolved.\n{why}.\n"
            ),
        }
    }

    /// The findings that are shown, in full, then what is resolved, a line each.
    pub(super) fn text(&self, shown: &[&Finding], resolved: &[Resolved]) -> String {
        let mut text = String::new();
        let told = &self.changes.open[..shown.len().min(self.changes.open.len())];
        for (heading, is) in HEADINGS {
            let mut of_kind = told.iter().filter(|told| is(&told.news)).peekable();
            if of_kind.peek().is_some() {
                text.push_str(&format!("\n{heading}:\n"));
            }
            for told in of_kind {
                text.push('\n');
                text.push_str(&finding(told));
            }
        }
        if !resolved.is_empty() {
            text.push_str("\nResolved:\n");
        }
        resolved.iter().for_each(|resolved| text.push_str(&line(resolved)));
        text
    }

    /// What is not told again, and what was not checked.
    pub(super) fn rest(&self, is_cut: bool) -> String {
        let mut text = String::new();
        if is_cut {
            text.push_str("\nWhat had no room here, the next run tells.\n");
        }
        let (unchanged, unchecked) = (self.changes.unchanged, self.changes.unchecked);
        if unchanged > 0 {
            let (others, are) = if unchanged == 1 { ("other", "is") } else { ("others", "are") };
            let reminder = self.changes.next_reminder.map(|at| format!("; the next reminder is on {}", date(at)));
            let reminder = reminder.unwrap_or_default();
            text.push_str(&format!("\n{unchanged} {others} {are} open and unchanged{reminder}.\n"));
        }
        if unchecked > 0 {
            let (findings, are) = if unchecked == 1 { ("finding", "is") } else { ("findings", "are") };
            text.push_str(&format!(
                "\n{unchecked} {findings} told before could not be checked by this run, and {are} not called resolved.\n"
            ));
        }
        text
    }

    /// The same as JSON.
    pub(super) fn json(&self, shown: usize, resolved: &[Resolved]) -> Value {
        let told = &self.changes.open[..shown.min(self.changes.open.len())];
        let of = |is: fn(&News) -> bool| -> Vec<&str> {
            told.iter().filter(|told| is(&told.news)).map(|told| told.finding.fingerprint.as_str()).collect()
        };
        let (state, reason) = match self.previous {
            Previous::Known(_) => ("known", None),
            Previous::New { why } => ("new", Some(why)),
            Previous::Lost { why } => ("lost", Some(why)),
        };
        json!({
            "state": state,
            "state_reason": reason,
            "new": of(|news| *news == News::New),
            "changed": of(|news| matches!(news, News::Changed { .. })),
            "reminded": of(|news| matches!(news, News::Due { .. })),
            "since": told.iter().filter_map(since).collect::<BTreeMap<&str, String>>(),
            "differences": told.iter().filter_map(differences).collect::<BTreeMap<&str, Value>>(),
            "resolved": resolved.iter().map(resolved_json).collect::<Vec<Value>>(),
            "resolved_left_out": self.changes.resolved.len() - resolved.len(),
            "unchanged": self.changes.unchanged,
            "unchecked": self.changes.unchecked,
            "next_reminder": self.changes.next_reminder.map(moment),
        })
    }

    /// What makes this message another one than the owner's last: so that the same is not sent twice, and another is sent.
    /// Why something is told is left out: a retry, which finds it marked as perhaps told, tells no more than the first try.
    pub(super) fn identity(&self) -> String {
        let said = |told: &Told<'_>| format!("{}{:?}", told.finding.fingerprint, told.finding.change_key());
        let open = self.changes.open.iter().map(said);
        let resolved = self.changes.resolved.iter().map(|resolved| format!("{}-", resolved.fingerprint));
        open.chain(resolved).collect::<Vec<_>>().join("\u{1f}")
    }
}

type IsKind = fn(&News) -> bool;

const HEADINGS: [(&str, IsKind); 3] = [
    ("New", |news| matches!(news, News::New)),
    ("Changed", |news| matches!(news, News::Changed { .. })),
    ("Still open, told again", |news| matches!(news, News::Due { .. })),
];

/// A finding as a mail shows it, with what is said of its past below its title.
fn finding(told: &Told<'_>) -> String {
    let text = plain::finding(told.finding);
    let past = match &told.news {
        News::New => return text,
        News::Due { since } => format!("Open since {}.", date(*since)),
        News::Changed { since, differences } => {
            let changed: Vec<String> = differences.iter().map(in_words).collect();
            format!("Open since {}; changed: {}.", date(*since), changed.join("; "))
        }
    };
    let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{title}\n  {past}\n{rest}")
}

/// `needed 4h → 6h`
fn in_words(difference: &Difference) -> String {
    let name = difference.name.trim_end_matches("_seconds").replace('_', " ");
    let is_duration = difference.name.ends_with("_seconds");
    let value = |value: &Option<String>| match value {
        None => "not known".to_owned(),
        Some(text) => {
            let seconds = text.parse().ok().filter(|_| is_duration);
            seconds.map_or_else(|| printable(text), |seconds| Seconds(seconds).to_string())
        }
    };
    format!("{} {} → {}", printable(&name), value(&difference.before), value(&difference.now))
}

/// One line of what is resolved.
pub(super) fn line(resolved: &Resolved) -> String {
    let was = &resolved.was;
    let job = was.job.as_ref().map(|job| format!(", job {}", printable(job)));
    let hop = was.hop.map(|hop| format!(", path[{hop}]"));
    let role = was.role.as_ref().map(|role| format!(", {}", printable(role)));
    let place: String = [job, hop, role].into_iter().flatten().collect();
    format!(
        "  [{}] {} ({}{place}), open since {}: {}\n",
        was.severity,
        printable(&was.title),
        was.id,
        date(was.since),
        printable(&resolved.reason)
    )
}

pub(super) fn resolved_json(resolved: &Resolved) -> Value {
    let was = &resolved.was;
    json!({
        "fingerprint": printable(&resolved.fingerprint),
        "id": was.id,
        "severity": was.severity,
        "job": was.job.as_deref().map(printable),
        "role": was.role.as_deref().map(printable),
        "hop": was.hop,
        "title": printable(&was.title),
        "since": moment(was.since),
        "reason": printable(&resolved.reason),
    })
}

fn since<'a>(told: &'a Told<'_>) -> Option<(&'a str, String)> {
    match &told.news {
        News::New => None,
        News::Changed { since, .. } | News::Due { since } => Some((told.finding.fingerprint.as_str(), moment(*since))),
    }
}

fn differences<'a>(told: &'a Told<'_>) -> Option<(&'a str, Value)> {
    let News::Changed { differences, .. } = &told.news else { return None };
    let shown = |text: &Option<String>| text.as_deref().map(printable);
    let list = differences
        .iter()
        .map(|d| json!({ "name": printable(&d.name), "before": shown(&d.before), "now": shown(&d.now) }));
    Some((told.finding.fingerprint.as_str(), list.collect()))
}

/// As the report writes moments.
fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
