//! What makes a finding another one than it was: owns which of its numbers and texts count. Nothing counts that moves by
//! itself from run to run: the clock's offset, times, request ids, the session's name in a refusal, which kind of no
//! answer came. The title and the detail hold such things, so they never count.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::audit::Finding;
use crate::failure::Class;
use crate::finding::FindingId;
use crate::inventory::hex;

/// A longer text is kept as its digest.
const LONGEST: usize = 300;

/// How long the job needs its credentials, and how long they last.
const NEEDED: &str = "needed_seconds";
const LEASE: &str = "lease_seconds";
const END: &str = "lapses_after_seconds";

/// The evidence that counts, by its name.
const fn names(id: FindingId) -> &'static [&'static str] {
    match id {
        // Neither the job's length nor the role's maximum makes such a request another one.
        FindingId::DurationOutOfRange => &["requested_seconds_of_call"],
        FindingId::DurationAboveMaxSession => &["requested_seconds", "max_session_duration_seconds"],
        FindingId::DurationAboveChainCap | FindingId::MaxSessionUnknown => &["requested_seconds"],
        FindingId::SourceCannotAssume => &["source"],
        // AWS's answer names the session, whose name is the run's. Whom it concerns is what matters.
        FindingId::AssumeDenied
        | FindingId::RoleMissing
        | FindingId::CredentialsExpired
        | FindingId::CredentialsInvalid
        | FindingId::SignatureMismatch
        | FindingId::RegionDisabled => &["jobs"],
        // The offset is another one each time; its direction is added below.
        FindingId::ClockSkew => &["jobs"],
        // A role that gives no answer is throttled on one day and times out on the next: see `value`.
        FindingId::NotChecked => &["reason"],
        // A cap that was known from IAM and is not today would look like a change: only where the cap is the finding.
        FindingId::ChainCapsSession
        | FindingId::DefaultDurationTooShort
        | FindingId::RequestedDurationTooShort
        | FindingId::SourceSessionEndsFirst
        | FindingId::CachedPlatformCredentials => &[NEEDED, LEASE, END],
        FindingId::MaxSessionTooShort => &[NEEDED, LEASE, END, "cap_seconds"],
        FindingId::JobExceedsAnySession => &[NEEDED],
        FindingId::RefreshSlowerThanSession => &[NEEDED, LEASE, END, "refresh_every_seconds"],
        FindingId::ThinMargin => &[NEEDED, LEASE, END, "margin_seconds", "refresh_every_seconds"],
        FindingId::MaxSessionDrift => &["live_seconds", "declared_seconds"],
        FindingId::MaxSessionOverProvisioned => &["max_session_duration_seconds", NEEDED],
        FindingId::MaxSessionUnreachable => &["max_session_duration_seconds"],
        FindingId::WaiverExpired | FindingId::WaiverUnused => &["waived_finding", "names", "until"],
        // One call, told when it happens; it is never in the state.
        FindingId::ExpiredTokenObserved => &[],
    }
}

/// What the finding stands on, as far as a change of it matters to a person.
#[must_use]
pub fn substance(finding: &Finding) -> BTreeMap<String, String> {
    let mut substance: BTreeMap<String, String> = BTreeMap::new();
    for evidence in &finding.evidence {
        if names(finding.id).contains(&evidence.name) {
            let value = value(evidence.name, &evidence.value);
            // Two waivers of the same names are one finding with the evidence of both.
            let kept = substance.entry(evidence.name.to_owned()).or_default();
            *kept = if kept.is_empty() { value } else { format!("{kept}; {value}") };
        }
        if evidence.name == "clock_offset_seconds" {
            let direction = if evidence.value.as_i64().is_some_and(|offset| offset < 0) { "behind" } else { "ahead" };
            substance.insert("clock".to_owned(), direction.to_owned());
        }
    }
    substance.into_iter().map(|(name, value)| (name, short(value))).collect()
}

fn value(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if name == "reason" && is_unfinished(text) => "no answer".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            match items.join(", ") {
                long if long.len() > LONGEST => format!("{} of them ({})", items.len(), digest(&long)),
                short => short,
            }
        }
        other => other.to_string(),
    }
}

/// Whether it is a reason of `not-checked` that another run may not have.
fn is_unfinished(reason: &str) -> bool {
    Class::ALL.iter().any(|class| class.is_unfinished() && class.as_str() == reason)
}

fn short(value: String) -> String {
    if value.len() > LONGEST { format!("… ({})", digest(&value)) } else { value }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))[..16].to_owned()
}
