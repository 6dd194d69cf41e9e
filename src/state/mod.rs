//! What subscribers were told last, and what a run adds to that: new, changed, due again, resolved. Pure, but for `store`,
//! which keeps it in S3. Knows no wording: that is `notify`'s.
//!
//! `substance` is what makes a finding another one, `seen` what a run looked at, `changes` compares a run with the state, `told`
//! makes the next state, `wire` is its form as JSON, `uri` where it is.

mod changes;
mod seen;
#[cfg(feature = "lambda")]
mod store;
mod told;
mod uri;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::findings::Finding;
use crate::findings::{FindingId, Severity};
use crate::inventory::{RoleRef, Seconds};
use crate::report::Report;

pub use changes::{Changes, Difference, News, OwnerChanges, Resolved, Standing, Told};
use seen::Seen;
#[cfg(feature = "lambda")]
pub use store::{Loaded, NotSaved, Store, Version};
pub use told::{Delivery, Tellings, ahead, next};
pub use uri::StateUri;
pub use wire::{LARGEST, Unreadable, print, read};

/// How long an unchanged finding is not told again, where nothing else is set.
pub const DEFAULT_REMIND_AFTER: Seconds = Seconds::hours(7 * 24);
/// The shortest and the longest that can be set: less than an hour is every run, more than a year is never.
pub const LEAST_REMIND_AFTER: Seconds = Seconds::hours(1);
/// See `LEAST_REMIND_AFTER`.
pub const MOST_REMIND_AFTER: Seconds = Seconds::hours(365 * 24);

/// What subscribers were told last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// When the newest run that wrote it started.
    pub as_of: Timestamp,
    /// What they were told is open, by fingerprint.
    pub open: BTreeMap<String, Open>,
}

/// A finding that subscribers were told of, and not yet that it is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What it says.
    pub id: FindingId,
    /// How much it matters.
    pub severity: Severity,
    /// The job it is about.
    pub job: Option<String>,
    /// The role's ARN.
    pub role: Option<String>,
    /// The hop, 0-based.
    pub hop: Option<usize>,
    /// Who was told.
    pub owner: String,
    /// Its line, as it was when it was last seen.
    pub title: String,
    /// When the run started that told it first.
    pub since: Timestamp,
    /// When the run started that told it last; `None`: the next run that sees it tells it, whatever it says.
    pub last_told: Option<Timestamp>,
    /// How often a run left it so that nobody knows what was told last. A run that is about to tell it sees by this that
    /// another one did so meanwhile, even where nothing else of it is different.
    pub doubts: u32,
    /// Whether IAM had told the role's MaxSessionDuration when it was last seen.
    pub described: bool,
    /// What it stood on.
    pub substance: BTreeMap<String, String>,
}

impl Open {
    /// Whether subscribers were told the same of both. The title is left out: it may hold what moves by itself.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.substance, self.severity, &self.owner, self.last_told, self.doubts)
            == (&other.substance, other.severity, &other.owner, other.last_told, other.doubts)
    }

    /// Whether both stand on the same, and are the same owner's.
    fn is_about_the_same_as(&self, other: &Self) -> bool {
        (&self.substance, &self.owner) == (&other.substance, &other.owner)
    }

    /// The next run that sees it tells it, whatever it says; one that does not find it any more tells that.
    fn doubt(&mut self) {
        self.last_told = None;
        self.doubts = self.doubts.saturating_add(1);
    }
}

/// What a run knows of what was told before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Previous {
    /// The state.
    Known(State),
    /// There is none, as far as is known.
    New {
        /// What was found in its place.
        why: String,
    },
    /// There may be one, and it could not be read.
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

    /// What was told of a finding.
    #[must_use]
    pub fn get(&self, fingerprint: &str) -> Option<&Open> {
        self.state()?.open.get(fingerprint)
    }
}

/// A full run, and what it is to tell.
#[derive(Debug)]
pub struct Run<'r> {
    report: &'r Report,
    at: Timestamp,
    min_severity: Severity,
    remind_after: Seconds,
    seen: Seen<'r>,
}

impl<'r> Run<'r> {
    /// The run of `report`, which started `at`. Findings below `min_severity` are told to nobody; an unchanged one is told
    /// again after `remind_after`.
    #[must_use]
    pub fn new(report: &'r Report, at: Timestamp, min_severity: Severity, remind_after: Seconds) -> Self {
        Self { report, at, min_severity, remind_after, seen: Seen::of(report) }
    }

    /// When it started.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.at
    }

    /// Whether a run that started later has written the state already: this one may add to it, and takes nothing away.
    #[must_use]
    pub fn is_older_than(&self, previous: &Previous) -> bool {
        previous.state().is_some_and(|state| state.as_of > self.at)
    }

    /// The finding as the state keeps it, told by this run. `before`: what the state said of it.
    fn open(&self, finding: &Finding, before: Option<&Open>) -> Open {
        Open {
            id: finding.id,
            severity: finding.severity,
            job: finding.job.as_ref().map(ToString::to_string),
            role: finding.role.as_ref().map(ToString::to_string),
            hop: finding.hop,
            owner: finding.owner.clone(),
            title: finding.title.clone(),
            since: before.map_or(self.at, |before| before.since),
            last_told: Some(self.at),
            doubts: before.map_or(0, |before| before.doubts),
            described: self.seen.is_described(finding.role.as_ref().map(RoleRef::as_str)),
            substance: finding.change_key(),
        }
    }
}
