//! A digest as JSON, for programs. Texts of the state can be anybody's: control characters in them are escaped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::digest::{Digest, DigestChanges, Excerpt, count_by_severity};
use super::state::{Notice, Previous, Reason, Resolved};
use crate::findings::Finding;
use crate::report::v1;
use crate::visible::printable;

/// The most entries of a list in the evidence. One finding about thousands of jobs must leave room for the others.
const MOST_LISTED: usize = 100;

/// A finding, its lists cut.
pub(super) fn finding_json(finding: &Finding) -> Value {
    let mut body = json!(v1::FindingV1::from(finding));
    for evidence in body["evidence"].as_array_mut().into_iter().flatten() {
        let Some(list) = evidence["value"].as_array_mut() else { continue };
        let omitted = list.len().saturating_sub(MOST_LISTED);
        if omitted > 0 {
            list.truncate(MOST_LISTED);
            evidence["omitted"] = json!(omitted);
        }
    }
    body
}

impl Digest<'_> {
    /// The whole object.
    pub(super) fn json(&self, excerpt: &Excerpt<'_>) -> Value {
        let mut body = self.short_json(excerpt, excerpt.is_cut);
        body["findings"] = json!(self.ids());
        body["accounts"] = json!(self.accounts());
        body["details"] = excerpt.shown.iter().map(|finding| finding_json(finding)).collect();
        body["run"] = json!(v1::RunV1::from(&self.report.run));
        body["summary"] = json!(v1::SummaryV1::from(&self.report.summary));
        if let Some(changes) = &self.changes {
            body["changes"] = changes.json(excerpt);
        }
        if let Some(manual) = self.manual_json() {
            body["manual"] = manual;
        }
        body
    }

    /// What is known about a manual run.
    pub(super) fn manual_json(&self) -> Option<Value> {
        let manual = self.is_manual().then(|| self.manual.cloned().unwrap_or_default())?;
        let inventory = if manual.inventory_of_request { "request" } else { "function" };
        let mut body = json!({ "caller": manual.caller.as_deref().map(printable), "inventory": inventory });
        if let Some(sessions) = manual.sessions {
            body["sessions"] = json!(printable(&sessions));
        }
        Some(body)
    }

    /// The counts alone, where there is no room for the lists.
    pub(super) fn short_json(&self, excerpt: &Excerpt<'_>, truncated: bool) -> Value {
        json!({
            "schema_version": v1::SCHEMA_VERSION,
            "severity": self.worst_word(),
            "owner": self.owner,
            "complete": self.report.run.complete,
            "truncated": truncated,
            "left_out": count_by_severity(excerpt.omitted),
        })
    }
}

impl DigestChanges<'_> {
    fn json(&self, excerpt: &Excerpt<'_>) -> Value {
        let notices = &self.owner.open[..excerpt.shown.len().min(self.owner.open.len())];
        let with_reason = |is: fn(&Reason) -> bool| -> Vec<&str> {
            let notices = notices.iter().filter(|notice| is(&notice.reason));
            notices.map(|notice| notice.finding.fingerprint.as_str()).collect()
        };
        let (state, reason) = match self.previous {
            Previous::Known(_) => ("known", None),
            Previous::New { why } => ("new", Some(why)),
            Previous::Lost { why } => ("lost", Some(why)),
        };
        json!({
            "state": state,
            "state_reason": reason,
            "new": with_reason(|reason| *reason == Reason::New),
            "changed": with_reason(|reason| matches!(reason, Reason::Changed { .. })),
            "reminded": with_reason(|reason| matches!(reason, Reason::Reminder { .. })),
            "since": notices.iter().filter_map(since).collect::<BTreeMap<&str, String>>(),
            "differences": notices.iter().filter_map(differences).collect::<BTreeMap<&str, Value>>(),
            "resolved": excerpt.resolved.iter().map(resolved_json).collect::<Vec<Value>>(),
            "resolved_left_out": self.owner.resolved.len() - excerpt.resolved.len(),
            "unchanged": self.owner.unchanged,
            "unchecked": self.owner.unchecked,
            "next_reminder": self.owner.next_reminder.map(moment),
        })
    }
}

/// A resolved finding, with its time and its reason.
pub(super) fn resolved_json(resolved: &Resolved) -> Value {
    let mut body = resolved_finding(resolved);
    body["since"] = json!(moment(resolved.was.since));
    body["reason"] = json!(printable(&resolved.reason.to_string()));
    body
}

/// The finding, as the state has it.
pub(super) fn resolved_finding(resolved: &Resolved) -> Value {
    let was = &resolved.was;
    json!({
        "fingerprint": printable(&resolved.fingerprint),
        "id": was.id,
        "severity": was.severity,
        "job": was.job.as_deref().map(printable),
        "role": was.role.as_deref().map(printable),
        "hop": was.hop,
        "title": printable(&was.title),
    })
}

pub(super) fn since<'a>(notice: &'a Notice<'_>) -> Option<(&'a str, String)> {
    match &notice.reason {
        Reason::New => None,
        Reason::Changed { since, .. } | Reason::Reminder { since } => {
            Some((notice.finding.fingerprint.as_str(), moment(*since)))
        }
    }
}

pub(super) fn differences<'a>(notice: &'a Notice<'_>) -> Option<(&'a str, Value)> {
    let Reason::Changed { differences, .. } = &notice.reason else { return None };
    let shown = |text: &Option<String>| text.as_deref().map(printable);
    let list = differences
        .iter()
        .map(|d| json!({ "name": printable(&d.name), "before": shown(&d.before), "now": shown(&d.now) }));
    Some((notice.finding.fingerprint.as_str(), list.collect()))
}

/// A time as the report writes it.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}
