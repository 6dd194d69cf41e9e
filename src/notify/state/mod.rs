//! What subscribers were notified of last, and what a run changes about it: new, changed, due for a reminder, resolved.
//! Pure, except for `store`, which keeps the state in S3. The texts of messages are in `notify::text`.
//!
//! `checked` is what a run checked, `changes` compares a run with the state, `published` makes the next state, `wire`
//! is the state as JSON. Each owner of a finding has an entry of its own: what one of them was
//! notified of never depends on what reached another.

mod changes;
mod checked;
mod published;
#[cfg(feature = "lambda")]
mod store;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::findings::{ChangeKey, Finding, FindingId, Severity};
use crate::inventory::{RoleRef, Seconds};
use crate::report::Report;

pub use changes::{Changes, Gone, Notice, OwnerChanges, Reason, Resolved, StateDifference};
use checked::Checked;
pub use published::{PublishedChanges, state_after_publishing, state_before_publishing};
#[cfg(feature = "lambda")]
pub use store::{Loaded, NotSaved, Store, Version};
pub use wire::{LARGEST, UnreadableState, print, read};

/// The time after which an unchanged finding is in a message again, where REMIND_AFTER is not set.
pub const DEFAULT_REMIND_AFTER: Seconds = Seconds::hours(7 * 24);
/// The shortest reminder interval. A shorter one would remind in every run.
pub const LEAST_REMIND_AFTER: Seconds = Seconds::hours(1);
/// The longest reminder interval.
pub const MOST_REMIND_AFTER: Seconds = Seconds::hours(365 * 24);

/// What subscribers were notified of last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// When the newest run that wrote the state started.
    pub as_of: Timestamp,
    /// The findings that subscribers know as open.
    pub open: BTreeMap<EntryKey, Entry>,
}

/// Which finding an entry is about, and which owner was notified of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The finding's fingerprint.
    pub fingerprint: String,
    /// The owner.
    pub owner: String,
}

impl EntryKey {
    /// The key of a finding and one of its owners.
    #[must_use]
    pub fn new(fingerprint: &str, owner: &str) -> Self {
        Self { fingerprint: fingerprint.to_owned(), owner: owner.to_owned() }
    }
}

/// A finding that an owner was notified of as open, and not yet as resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The finding's id.
    pub id: FindingId,
    /// How much it matters.
    pub severity: Severity,
    /// The job it is about.
    pub job: Option<String>,
    /// The role's ARN.
    pub role: Option<String>,
    /// The hop, 0-based.
    pub hop: Option<usize>,
    /// Its title in the newest run that found it.
    pub title: String,
    /// When the run started that published it first.
    pub since: Timestamp,
    /// When the run started that published it last; `None`: the next run publishes it in any case.
    pub last_notified: Option<Timestamp>,
    /// How many runs left it without knowing what was published. By this number a run that is about to publish notices
    /// another run that did so meanwhile, even where the rest of the entry is the same.
    pub unconfirmed: u32,
    /// Whether IAM answered with the role's MaxSessionDuration in that newest run.
    pub described: bool,
    /// The facts whose change is published.
    pub change_key: ChangeKey,
}

impl Entry {
    /// Whether subscribers were notified alike. The title does not count: parts of it can change in each run.
    #[must_use]
    pub fn has_same_notification_as(&self, other: &Self) -> bool {
        (&self.change_key, self.severity, self.last_notified, self.unconfirmed)
            == (&other.change_key, other.severity, other.last_notified, other.unconfirmed)
    }

    /// Notes that nobody knows what was published last: the next run publishes the finding, open or resolved.
    fn mark_unconfirmed(&mut self) {
        self.last_notified = None;
        self.unconfirmed = self.unconfirmed.saturating_add(1);
    }
}

/// What a run knows of earlier messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Previous {
    /// The state.
    Known(State),
    /// There is no state yet.
    New {
        /// What was found in its place.
        why: String,
    },
    /// There may be a state, and it could not be read.
    Lost {
        /// Why not.
        why: String,
    },
}

impl Previous {
    /// The state, where it is known.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        match self {
            Self::Known(state) => Some(state),
            Self::New { .. } | Self::Lost { .. } => None,
        }
    }

    /// The entry of a finding and owner.
    #[must_use]
    pub fn entry(&self, key: &EntryKey) -> Option<&Entry> {
        self.state()?.open.get(key)
    }

    /// The entries of a finding, for all owners.
    fn entries_of(&self, fingerprint: &str) -> impl Iterator<Item = (&EntryKey, &Entry)> {
        let from = EntryKey::new(fingerprint, "");
        let entries = self.state().into_iter().flat_map(move |state| state.open.range(from.clone()..));
        entries.take_while(move |(key, _)| key.fingerprint == fingerprint)
    }
}

/// A full run, and the settings of its messages.
#[derive(Debug)]
pub struct Run<'r> {
    report: &'r Report,
    at: Timestamp,
    min_severity: Severity,
    remind_after: Seconds,
    checked: Checked<'r>,
}

impl<'r> Run<'r> {
    /// The run of `report`, which started `at`. Findings below `min_severity` are in no message; an unchanged finding
    /// is in a message again after `remind_after`.
    #[must_use]
    pub fn new(report: &'r Report, at: Timestamp, min_severity: Severity, remind_after: Seconds) -> Self {
        Self { report, at, min_severity, remind_after, checked: Checked::by(report) }
    }

    /// When it started.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.at
    }

    /// Whether a run that started later has written the state already: then this run may add entries, and remove none.
    #[must_use]
    pub fn is_older_than(&self, previous: &Previous) -> bool {
        previous.state().is_some_and(|state| state.as_of > self.at)
    }

    /// The entry of a finding that this run published. `before`: the entry until then; `since`: when it was published
    /// first.
    fn entry(&self, finding: &Finding, before: Option<&Entry>, since: Timestamp) -> Entry {
        Entry {
            id: finding.id,
            severity: finding.severity,
            job: finding.job.as_ref().map(ToString::to_string),
            role: finding.role.as_ref().map(ToString::to_string),
            hop: finding.hop,
            title: finding.title.clone(),
            since: before.map_or(since, |before| before.since),
            last_notified: Some(self.at),
            unconfirmed: before.map_or(0, |before| before.unconfirmed),
            described: self.checked.is_described(finding.role.as_ref().map(RoleRef::as_str)),
            change_key: finding.change_key(),
        }
    }
}
