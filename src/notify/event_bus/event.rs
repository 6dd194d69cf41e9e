//! The event of one finding.

use serde_json::{Value, json};

use crate::aws::eventbridge::BusEvent;
use crate::findings::Finding;
use crate::inventory::{RoleArn, RoleRef};
use crate::notify::Digest;
use crate::notify::json::{differences, moment, resolved_finding, since};
use crate::notify::state::{Notice, Reason, Resolved};
use crate::report::v1;
use crate::visible::printable;

const SOURCE: &str = "credential-health";
const DETAIL_TYPE: &str = "Credential Health Finding";
/// All events of a call have fewer bytes (EventBridge User Guide, Calculating PutEvents event entry size). A newer
/// text has the limit for each event alone: the smaller limit is right for both.
pub(super) const MOST_BYTES: usize = 256 * 1024;

/// The event about the finding at this place of the digest: the open findings, then the resolved ones.
pub(super) fn event(digest: &Digest<'_>, place: usize) -> BusEvent {
    match digest.findings.get(place) {
        Some(finding) => {
            let notice = digest.changes.as_ref().and_then(|changes| changes.owner.open.get(place));
            event_of_open(digest, finding, notice)
        }
        None => event_of_resolved(digest, &digest.resolved()[place - digest.findings.len()]),
    }
}

fn event_of_open(digest: &Digest<'_>, finding: &Finding, notice: Option<&Notice<'_>>) -> BusEvent {
    let change = match notice.map(|notice| &notice.reason) {
        None => "open",
        Some(Reason::New) => "new",
        Some(Reason::Changed { .. }) => "changed",
        Some(Reason::Reminder { .. }) => "reminder",
    };
    let detail = |finding: Value, is_truncated: bool| {
        let mut detail = detail(digest, change, &finding);
        detail["truncated"] = json!(is_truncated);
        detail["since"] = json!(notice.and_then(since).map(|(_, since)| since));
        if let Some((_, differences)) = notice.and_then(differences) {
            detail["differences"] = differences;
        }
        detail
    };
    let role = finding.role.as_ref().and_then(RoleRef::arn);
    let whole = bus_event(&detail(json!(v1::FindingV1::from(finding)), false), role);
    if bytes_of(&whole) < MOST_BYTES {
        return whole;
    }
    let in_short = json!({
        "id": finding.id,
        "severity": finding.severity,
        "job": finding.job,
        "role": finding.role,
        "hop": finding.hop,
        "title": finding.title,
        "fingerprint": finding.fingerprint,
    });
    bus_event(&detail(in_short, true), role)
}

/// The texts of a resolved finding are from the state.
fn event_of_resolved(digest: &Digest<'_>, resolved: &Resolved) -> BusEvent {
    let was = &resolved.was;
    let mut detail = detail(digest, "resolved", &resolved_finding(resolved));
    detail["since"] = json!(moment(was.since));
    detail["reason"] = json!(printable(&resolved.reason.to_string()));
    let role = was.role.as_deref().and_then(|role| RoleArn::parse(role).ok());
    bus_event(&detail, role.as_ref())
}

/// The members that the details of all events have.
fn detail(digest: &Digest<'_>, change: &str, finding: &Value) -> Value {
    json!({
        "schema_version": v1::SCHEMA_VERSION,
        "owner": digest.owner,
        "truncated": false,
        "run": v1::RunV1::from(&digest.report.run),
        "manual": digest.manual_json(),
        "change": change,
        "since": null,
        "reason": null,
        "differences": [],
        "finding": finding,
    })
}

fn bus_event(detail: &Value, role: Option<&RoleArn>) -> BusEvent {
    let resource = role.map(|role| role.as_str().to_owned());
    BusEvent { source: SOURCE, detail_type: DETAIL_TYPE, detail: detail.to_string(), resource }
}

/// The bytes that EventBridge counts.
pub(super) fn bytes_of(event: &BusEvent) -> usize {
    let BusEvent { source, detail_type, detail, resource } = event;
    source.len() + detail_type.len() + detail.len() + resource.as_ref().map_or(0, String::len)
}
