//! The state as JSON, `schema_version: 1`. What is read may be anybody's who can write to the bucket: it is read strictly,
//! and what is wrong with it is told without its text.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Open, State};
use crate::findings::{FindingId, Severity};

const SCHEMA_VERSION: u64 = 1;

/// The largest state that is read or written, in bytes: that of some 20,000 open findings.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// A moment of the state may be this far ahead of the reader's clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Why an object is no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Deserialize)]
struct Version {
    schema_version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema_version: u64,
    as_of: Timestamp,
    open: BTreeMap<String, WireOpen>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOpen {
    id: String,
    severity: String,
    job: Option<String>,
    role: Option<String>,
    hop: Option<usize>,
    owner: String,
    title: String,
    since: Timestamp,
    last_told: Option<Timestamp>,
    #[serde(default)]
    doubts: u32,
    described: bool,
    substance: BTreeMap<String, String>,
}

/// Writes the state.
#[must_use]
pub fn print(state: &State) -> String {
    let open = state.open.iter().map(|(fingerprint, open)| (fingerprint.clone(), WireOpen::from(open)));
    let wire = Wire { schema_version: SCHEMA_VERSION, as_of: state.as_of, open: open.collect() };
    // Maps with text keys, texts, numbers: nothing that could fail.
    serde_json::to_string(&wire).unwrap_or_default()
}

/// Reads a state.
///
/// # Errors
/// Why it is none: another form, another version, a moment that is yet to come.
pub fn read(text: &[u8], now: Timestamp) -> Result<State, Unreadable> {
    let version: Version = serde_json::from_slice(text).map_err(|error| not_json(&error))?;
    if version.schema_version != SCHEMA_VERSION {
        return Err(Unreadable(format!(
            "it has schema_version {}, and this program knows {SCHEMA_VERSION}",
            version.schema_version
        )));
    }
    let wire: Wire = serde_json::from_slice(text).map_err(|error| not_json(&error))?;
    let mut open = BTreeMap::new();
    for (fingerprint, entry) in wire.open {
        open.insert(fingerprint, entry.check(now)?);
    }
    if is_yet_to_come(wire.as_of, now) {
        return Err(Unreadable("its as_of is yet to come".to_owned()));
    }
    Ok(State { as_of: wire.as_of, open })
}

impl WireOpen {
    fn check(self, now: Timestamp) -> Result<Open, Unreadable> {
        let wrong = |what: &str| Unreadable(format!("an entry has {what}"));
        let moments = [Some(self.since), self.last_told];
        if moments.into_iter().flatten().any(|moment| is_yet_to_come(moment, now)) {
            return Err(wrong("a time that is yet to come"));
        }
        // An owner becomes a message's attribute, which SNS takes neither empty nor with control characters.
        if self.owner.is_empty() || self.owner.chars().any(char::is_control) {
            return Err(wrong("an owner that no message can have"));
        }
        Ok(Open {
            id: FindingId::parse(&self.id).ok_or_else(|| wrong("an id that no finding has"))?,
            severity: Severity::parse(&self.severity).ok_or_else(|| wrong("a severity that there is not"))?,
            job: self.job,
            role: self.role,
            hop: self.hop,
            owner: self.owner,
            title: self.title,
            since: self.since,
            last_told: self.last_told,
            doubts: self.doubts,
            described: self.described,
            substance: self.substance,
        })
    }
}

impl From<&Open> for WireOpen {
    fn from(open: &Open) -> Self {
        let Open { job, role, hop, owner, title, since, last_told, doubts, described, substance, .. } = open.clone();
        let (id, severity) = (open.id.as_str().to_owned(), open.severity.as_str().to_owned());
        Self { id, severity, job, role, hop, owner, title, since, last_told, doubts, described, substance }
    }
}

fn is_yet_to_come(moment: Timestamp, now: Timestamp) -> bool {
    now.checked_add(AHEAD).is_ok_and(|latest| moment > latest)
}

/// The place alone: serde's own words would show the text.
fn not_json(error: &serde_json::Error) -> Unreadable {
    let what = if error.is_data() { "it is JSON, but not a state" } else { "it is not JSON" };
    Unreadable(format!("{what} (line {}, column {})", error.line(), error.column()))
}
