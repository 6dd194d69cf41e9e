//! The state as JSON, `schema_version: 1`. Everybody who can write to the bucket can change it: it is read strictly,
//! and errors do not show its text. The JSON names are part of the stored form and do not change: `last_told` is
//! `last_notified`, `substance` is `change_key`, `doubts` is `unconfirmed`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use super::{Entry, EntryKey, State};
use crate::findings::{ChangeKey, FindingId, Severity};

const SCHEMA_VERSION: u64 = 1;

/// The largest state that is read or written, in bytes: that of about 20,000 open findings.
pub const LARGEST: u64 = 16 * 1024 * 1024;

/// How far a time in the state may be ahead of the reader's clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Why an object is not a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableState {
    /// Not JSON. The place alone: the text of the parser's own error would show the object's text.
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// JSON of another form.
    #[error("it is JSON, but not a state (line {line}, column {column})")]
    NotAState {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A newer form.
    #[error("it has schema_version {0}, and this version reads {SCHEMA_VERSION}")]
    OtherVersion(u64),
    /// `as_of` is in the future.
    #[error("its as_of is in the future")]
    FromTheFuture,
    /// An entry with a value that no entry can have.
    #[error("an entry has {0}")]
    BadEntry(BadStateValue),
}

/// A value that no entry can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStateValue {
    /// `since` or `last_told` is in the future.
    #[error("a time in the future")]
    Time,
    /// An owner that SNS does not accept as an attribute.
    #[error("an owner that is empty or has control characters")]
    Owner,
    /// An unknown id.
    #[error("an id of no finding")]
    Id,
    /// An unknown severity.
    #[error("a severity that does not exist")]
    Severity,
}

#[derive(Deserialize)]
struct Version {
    schema_version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateIn {
    #[allow(dead_code, reason = "read before the rest")]
    schema_version: u64,
    as_of: Timestamp,
    open: BTreeMap<String, EntryIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryIn {
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
    substance: ChangeKey,
}

#[derive(Serialize)]
struct StateOut<'a> {
    schema_version: u64,
    as_of: Timestamp,
    #[serde(serialize_with = "entries")]
    open: &'a BTreeMap<EntryKey, Entry>,
}

#[derive(Serialize)]
struct EntryOut<'a> {
    id: &'static str,
    severity: &'static str,
    job: Option<&'a str>,
    role: Option<&'a str>,
    hop: Option<usize>,
    owner: &'a str,
    title: &'a str,
    since: Timestamp,
    last_told: Option<Timestamp>,
    doubts: u32,
    described: bool,
    substance: &'a ChangeKey,
}

/// Writes the state.
#[must_use]
pub fn print(state: &State) -> String {
    let wire = StateOut { schema_version: SCHEMA_VERSION, as_of: state.as_of, open: &state.open };
    // Maps with text keys, texts and numbers: writing them to memory cannot fail.
    serde_json::to_string(&wire).unwrap_or_default()
}

/// The entries by fingerprint. The second owner of a finding and each further one has the key `FINGERPRINT/OWNER`.
fn entries<S: Serializer>(open: &&BTreeMap<EntryKey, Entry>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut before: Option<&str> = None;
    serializer.collect_map(open.iter().map(|(key, entry)| {
        let EntryKey { fingerprint, owner } = key;
        let is_first = before.replace(fingerprint) != Some(fingerprint);
        let name = if is_first { fingerprint.clone() } else { format!("{fingerprint}/{owner}") };
        (name, EntryOut::new(key, entry))
    }))
}

/// Reads a state.
///
/// # Errors
/// Why it is not one: another form, another version, a time in the future.
pub fn read(text: &[u8], now: Timestamp) -> Result<State, UnreadableState> {
    let version: Version = serde_json::from_slice(text).map_err(|error| not_json(&error))?;
    if version.schema_version != SCHEMA_VERSION {
        return Err(UnreadableState::OtherVersion(version.schema_version));
    }
    let wire: StateIn = serde_json::from_slice(text).map_err(|error| not_json(&error))?;
    let mut open = BTreeMap::new();
    for (name, entry) in wire.open {
        let fingerprint = name.split_once('/').map_or(name.as_str(), |(fingerprint, _)| fingerprint);
        let key = EntryKey::new(fingerprint, &entry.owner);
        open.insert(key, entry.check(now).map_err(UnreadableState::BadEntry)?);
    }
    if is_in_the_future(wire.as_of, now) {
        return Err(UnreadableState::FromTheFuture);
    }
    Ok(State { as_of: wire.as_of, open })
}

impl EntryIn {
    fn check(self, now: Timestamp) -> Result<Entry, BadStateValue> {
        let moments = [Some(self.since), self.last_told];
        if moments.into_iter().flatten().any(|moment| is_in_the_future(moment, now)) {
            return Err(BadStateValue::Time);
        }
        // An owner becomes an attribute of a message.
        if self.owner.is_empty() || self.owner.chars().any(char::is_control) {
            return Err(BadStateValue::Owner);
        }
        Ok(Entry {
            id: FindingId::parse(&self.id).ok_or(BadStateValue::Id)?,
            severity: Severity::parse(&self.severity).ok_or(BadStateValue::Severity)?,
            job: self.job,
            role: self.role,
            hop: self.hop,
            title: self.title,
            since: self.since,
            last_notified: self.last_told,
            unconfirmed: self.doubts,
            described: self.described,
            change_key: self.substance,
        })
    }
}

impl<'a> EntryOut<'a> {
    fn new(key: &'a EntryKey, entry: &'a Entry) -> Self {
        Self {
            id: entry.id.as_str(),
            severity: entry.severity.as_str(),
            job: entry.job.as_deref(),
            role: entry.role.as_deref(),
            hop: entry.hop,
            owner: &key.owner,
            title: &entry.title,
            since: entry.since,
            last_told: entry.last_notified,
            doubts: entry.unconfirmed,
            described: entry.described,
            substance: &entry.change_key,
        }
    }
}

fn is_in_the_future(moment: Timestamp, now: Timestamp) -> bool {
    now.checked_add(AHEAD).is_ok_and(|latest| moment > latest)
}

fn not_json(error: &serde_json::Error) -> UnreadableState {
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        UnreadableState::NotAState { line, column }
    } else {
        UnreadableState::NotJson { line, column }
    }
}
