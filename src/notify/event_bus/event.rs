//! The event of one finding.

use serde_json::{Map, Value, json};

use crate::aws::eventbridge::BusEvent;
use crate::notify::Digest;
use crate::notify::json::{differences, resolved_json, since};
use crate::notify::state::Reason;
use crate::report::v1;

const SOURCE: &str = "credential-health";
const DETAIL_TYPE: &str = "Credential Health Finding";
/// All events of a call have fewer bytes (EventBridge User Guide, Calculating PutEvents event entry size). A newer
/// text has the limit for each event alone: the smaller limit is right for both.
pub(super) const MOST_BYTES: usize = 256 * 1024;

/// The members of a finding that every event has. A resolved finding has no others, and an event that would be too
/// large leaves the others out.
const FINDING_IN_SHORT: [&str; 7] = ["id", "severity", "job", "role", "hop", "title", "fingerprint"];

/// The detail of the event about the finding at this place of the digest.
fn detail(digest: &Digest<'_>, place: usize) -> Map<String, Value> {
    let change = match (digest.findings.get(place), &digest.changes) {
        (Some(finding), changes) => {
            let notice = changes.and_then(|changes| changes.owner.open.get(place));
            json!({
                "change": notice.map_or("open", |notice| match notice.reason {
                    Reason::New => "new",
                    Reason::Changed { .. } => "changed",
                    Reason::Reminder { .. } => "reminder",
                }),
                "since": notice.and_then(since).map(|(_, since)| since),
                "reason": null,
                "differences": notice.and_then(differences).map_or(json!([]), |(_, differences)| differences),
                "finding": v1::FindingV1::from(*finding),
            })
        }
        (None, _) => {
            let resolved = digest.resolved().get(place - digest.findings.len()).map(resolved_json).unwrap_or_default();
            json!({
                "change": "resolved",
                "since": resolved["since"],
                "reason": resolved["reason"],
                "differences": [],
                "finding": in_short(&resolved),
            })
        }
    };
    let mut detail = Map::from_iter([
        ("schema_version".to_owned(), json!(v1::SCHEMA_VERSION)),
        ("owner".to_owned(), json!(digest.owner)),
        ("truncated".to_owned(), json!(false)),
        ("run".to_owned(), json!(v1::RunV1::from(&digest.report.run))),
        ("manual".to_owned(), json!(digest.manual_json())),
    ]);
    detail.extend(change.as_object().cloned().unwrap_or_default());
    detail
}

fn in_short(finding: &Value) -> Value {
    FINDING_IN_SHORT.iter().map(|name| ((*name).to_owned(), finding[*name].clone())).collect()
}

/// The event about the finding at this place of the digest.
pub(super) fn event(digest: &Digest<'_>, place: usize) -> BusEvent {
    let mut detail = detail(digest, place);
    let resource = detail["finding"]["role"].as_str().filter(|role| role.starts_with("arn:")).map(str::to_owned);
    let text = |detail| Value::Object(detail).to_string();
    let whole = BusEvent { source: SOURCE, detail_type: DETAIL_TYPE, detail: text(detail.clone()), resource };
    if bytes_of(&whole) < MOST_BYTES {
        return whole;
    }
    detail["finding"] = in_short(&detail["finding"]);
    detail["truncated"] = json!(true);
    BusEvent { detail: text(detail), ..whole }
}

/// The bytes that EventBridge counts.
pub(super) fn bytes_of(event: &BusEvent) -> usize {
    let BusEvent { source, detail_type, detail, resource } = event;
    source.len() + detail_type.len() + detail.len() + resource.as_ref().map_or(0, String::len)
}
