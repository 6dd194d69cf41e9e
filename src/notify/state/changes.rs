//! Compares a run with the state: what is new, changed, due for a reminder and resolved, for each owner.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use jiff::Timestamp;

use super::{Entry, EntryKey, Previous, Run};
use crate::findings::{Finding, FindingId};
use crate::inventory::Seconds;

/// What a run has to publish, by owner.
#[derive(Debug, Clone)]
pub struct Changes<'r> {
    /// What was known of earlier messages.
    pub previous: &'r Previous,
    /// Each owner that has an entry in the state or an open finding now.
    pub owners: BTreeMap<String, OwnerChanges<'r>>,
}

/// What one owner is to be notified of.
#[derive(Debug, Clone, Default)]
pub struct OwnerChanges<'r> {
    /// Open findings, the worst first.
    pub open: Vec<Notice<'r>>,
    /// Findings that are no longer open.
    pub resolved: Vec<Resolved>,
    /// How many known findings are open and unchanged.
    pub unchanged: usize,
    /// How many known findings this run could not check.
    pub unchecked: usize,
    /// When the first of the unchanged ones is due for a reminder.
    pub next_reminder: Option<Timestamp>,
}

impl OwnerChanges<'_> {
    /// Nothing to publish.
    pub const NONE: Self =
        Self { open: Vec::new(), resolved: Vec::new(), unchanged: 0, unchecked: 0, next_reminder: None };

    /// Whether there is nothing to publish.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.resolved.is_empty()
    }

    /// The fingerprints of everything to publish, in the order of a message.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        let open = self.open.iter().map(|notice| notice.finding.fingerprint.as_str());
        open.chain(self.resolved.iter().map(|resolved| resolved.fingerprint.as_str()))
    }
}

/// An open finding to publish.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice<'r> {
    /// The finding.
    pub finding: &'r Finding,
    /// Why it is published.
    pub reason: Reason,
}

impl Notice<'_> {
    /// When the finding was published first; `now` where it is new.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        match &self.reason {
            Reason::New => now,
            Reason::Changed { since, .. } | Reason::Reminder { since } => *since,
        }
    }
}

/// Why an open finding is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The owner was not notified of it before.
    New,
    /// Some of its facts differ from those published before, or it had another owner.
    Changed {
        /// When it was published first.
        since: Timestamp,
        /// The facts that differ.
        differences: Vec<StateDifference>,
    },
    /// It was published a reminder's interval ago.
    Reminder {
        /// When it was published first.
        since: Timestamp,
    },
}

/// A fact that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDifference {
    /// Its name.
    pub name: String,
    /// The value that was published; `None`: the fact was absent.
    pub before: Option<String>,
    /// The value now; `None`: the fact is absent.
    pub now: Option<String>,
}

/// A finding that is no longer open, or no longer the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its entry in the state.
    pub was: Entry,
    /// Why.
    pub reason: Gone,
}

/// Why a finding is no longer open for an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// `no longer found` or `no longer declared`.
    NoLonger(&'static str),
    /// A waiver accepts it: the problem is still there.
    Waived(jiff::civil::Date),
    /// It belongs to other owners.
    NowOwnedBy(Vec<String>),
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLonger(why) => f.write_str(why),
            Self::Waived(until) => write!(f, "waived until {until}"),
            Self::NowOwnedBy(owners) => write!(f, "now owned by {}", owners.join(", ")),
        }
    }
}

/// How a finding compares with its entry in the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status<'r> {
    /// The owner has no entry. `from`: the entry of an owner that it no longer belongs to.
    New { from: Option<(&'r EntryKey, &'r Entry)> },
    /// Other facts than those published.
    Changed(Vec<StateDifference>),
    /// Due for a reminder.
    Due,
    /// Nothing to publish.
    Unchanged,
    /// No longer open: why.
    Resolved(Gone),
    /// This run did not check it, or may not judge it.
    Unchecked,
    /// Open, and below the severity of messages.
    Muted,
    /// No longer open, and below the severity of messages: removed from the state without a message.
    Dropped,
}

impl<'r> Changes<'r> {
    /// What the run has to publish after `previous`.
    #[must_use]
    pub fn new(previous: &'r Previous, run: &Run<'r>) -> Self {
        let mut changes = Self { previous, owners: BTreeMap::new() };
        compare(previous, run).into_iter().for_each(|compared| changes.add(compared, run));
        for owner in changes.owners.values_mut() {
            owner.resolved.sort_by_key(|resolved| (Reverse(resolved.was.severity), resolved.was.since));
        }
        changes
    }

    fn add(&mut self, compared: Compared<'r>, run: &Run<'r>) {
        let Compared { key, entry, finding, status } = compared;
        let owner = self.owners.entry(key.owner.clone()).or_default();
        match (status, entry, finding) {
            (Status::New { from }, _, Some(finding)) => {
                let reason = from.map_or(Reason::New, |(former, entry)| Reason::Changed {
                    since: entry.since,
                    differences: run.handed_over(former, entry, &key.owner, finding),
                });
                owner.open.push(Notice { finding, reason });
            }
            (Status::Due, Some(entry), Some(finding)) => {
                owner.open.push(Notice { finding, reason: Reason::Reminder { since: entry.since } });
            }
            (Status::Changed(differences), Some(entry), Some(finding)) => {
                owner.open.push(Notice { finding, reason: Reason::Changed { since: entry.since, differences } });
            }
            (Status::Unchanged, Some(entry), _) => {
                owner.unchanged += 1;
                let next = entry.last_notified.and_then(|at| add(at, run.remind_after));
                owner.next_reminder = owner.next_reminder.into_iter().chain(next).min();
            }
            (Status::Resolved(reason), Some(entry), _) => {
                owner.resolved.push(Resolved { fingerprint: key.fingerprint, was: entry.clone(), reason });
            }
            (Status::Unchecked, Some(_), _) => owner.unchecked += 1,
            // Without an entry or a finding there is nothing to publish.
            (
                Status::New { .. }
                | Status::Due
                | Status::Changed(_)
                | Status::Unchanged
                | Status::Resolved(_)
                | Status::Unchecked,
                ..,
            )
            | (Status::Muted | Status::Dropped, ..) => {}
        }
    }

    /// Leaves out what is published already.
    pub fn leave_out(&mut self, is_published: impl Fn(&EntryKey) -> bool) {
        for (owner, changes) in &mut self.owners {
            let is_published = |fingerprint: &str| is_published(&EntryKey::new(fingerprint, owner));
            changes.open.retain(|notice| !is_published(&notice.finding.fingerprint));
            changes.resolved.retain(|resolved| !is_published(&resolved.fingerprint));
        }
    }
}

/// A finding of the run, an entry of the state, or both, for one owner.
#[derive(Debug)]
pub(super) struct Compared<'r> {
    pub(super) key: EntryKey,
    pub(super) entry: Option<&'r Entry>,
    /// The run's finding, unless it is waived or below the severity of messages.
    pub(super) finding: Option<&'r Finding>,
    pub(super) status: Status<'r>,
}

/// Compares each finding for each of its owners, in the report's order; then the entries that have no such finding.
pub(super) fn compare<'r>(previous: &'r Previous, run: &Run<'r>) -> Vec<Compared<'r>> {
    let older = run.is_older_than(previous);
    let mut compared = Vec::new();
    let mut in_report: HashMap<&str, &Finding> = HashMap::new();
    for finding in &run.report.findings {
        in_report.insert(&finding.fingerprint, finding);
        if finding.waived.is_some() {
            continue; // Its entries are compared below.
        }
        for owner in &finding.owners {
            let key = EntryKey::new(&finding.fingerprint, owner);
            let entry = previous.entry(&key);
            let muted = finding.severity < run.min_severity;
            let status = match entry {
                _ if muted => Status::Muted,
                Some(entry) => run.still_open(entry, finding, older),
                None => run.newly_open(previous, finding, older),
            };
            compared.push(Compared { key, entry, finding: Some(finding).filter(|_| !muted), status });
        }
    }
    for (key, entry) in previous.state().into_iter().flat_map(|state| &state.open) {
        let status = match in_report.get(key.fingerprint.as_str()) {
            Some(finding) => match &finding.waived {
                None if finding.owners.contains(&key.owner) => continue,
                None => run.moved(entry, finding, older),
                Some(waived) => run.gone(entry, older, Some(Gone::Waived(waived.until))),
            },
            None => run.gone(entry, older, None),
        };
        compared.push(Compared { key: key.clone(), entry: Some(entry), finding: None, status });
    }
    compared
}

impl Run<'_> {
    /// The status of an open finding that has an entry.
    fn still_open<'r>(&self, entry: &Entry, finding: &Finding, older: bool) -> Status<'r> {
        if older {
            return Status::Unchanged; // The messages of the later run count.
        }
        let differences = self.differences(entry, finding);
        if !differences.is_empty() {
            return Status::Changed(differences);
        }
        if self.is_due(entry.last_notified) { Status::Due } else { Status::Unchanged }
    }

    /// The status of an open finding whose owner has no entry.
    fn newly_open<'r>(&self, previous: &'r Previous, finding: &Finding, older: bool) -> Status<'r> {
        let mut entries = previous.entries_of(&finding.fingerprint).peekable();
        if older && entries.peek().is_some() {
            return Status::Muted; // The later run knows another owner.
        }
        Status::New { from: entries.find(|(key, _)| !finding.owners.contains(&key.owner)) }
    }

    /// The status of an entry whose finding is open, and not this owner's.
    fn moved<'r>(&self, entry: &Entry, finding: &Finding, older: bool) -> Status<'r> {
        // Which jobs a refusal concerns, and so its owners, is known only to a complete run. The job of a broken file
        // or tag keeps its owner, though another file can declare a job of that name meanwhile.
        let is_broken = |id: FindingId| matches!(id, FindingId::InventoryBroken | FindingId::RoleTagInvalid);
        let some_are_broken = self.report.findings.iter().any(|found| is_broken(found.id));
        let some_are_unread = self.report.coverage.role_tags.unread() > 0;
        let is_certain = !some_are_broken && !some_are_unread && (self.report.run.complete || finding.job.is_some());
        if older || !is_certain {
            return Status::Unchecked;
        }
        if entry.severity < self.min_severity {
            return Status::Dropped;
        }
        Status::Resolved(Gone::NowOwnedBy(finding.owners.clone()))
    }

    /// The status of an entry whose finding is waived, or not in the report.
    fn gone<'r>(&self, entry: &Entry, older: bool, waived: Option<Gone>) -> Status<'r> {
        if older || !self.report.run.complete {
            return Status::Unchecked;
        }
        if entry.severity < self.min_severity {
            return Status::Dropped;
        }
        match waived.or_else(|| self.checked.why_gone(entry).map(Gone::NoLonger)) {
            Some(reason) => Status::Resolved(reason),
            None => Status::Unchecked,
        }
    }

    fn differences(&self, entry: &Entry, finding: &Finding) -> Vec<StateDifference> {
        let (before, now) = (&entry.change_key, finding.change_key());
        let mut names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        if !self.report.run.complete {
            // Which jobs a refusal concerns depends on how far each path was walked.
            names.retain(|name| *name != "jobs");
        }
        let changed = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
        changed
            .map(|name| StateDifference {
                name: name.clone(),
                before: before.get(name).cloned(),
                now: now.get(name).cloned(),
            })
            .collect()
    }

    /// The differences to the entry of the former owner, the owner included.
    fn handed_over(&self, former: &EntryKey, entry: &Entry, owner: &str, finding: &Finding) -> Vec<StateDifference> {
        let owners = (Some(former.owner.clone()), Some(owner.to_owned()));
        let owner = StateDifference { name: "owner".to_owned(), before: owners.0, now: owners.1 };
        self.differences(entry, finding).into_iter().chain([owner]).collect()
    }

    /// Whether the reminder's interval is over, or nearly: the start of a daily run varies a little.
    fn is_due(&self, last_notified: Option<Timestamp>) -> bool {
        let slack = Seconds((self.remind_after.0 / 10).min(3600));
        let interval = Seconds(self.remind_after.0 - slack.0);
        last_notified.and_then(|at| add(at, interval)).is_none_or(|due| due <= self.at)
    }
}

fn add(moment: Timestamp, seconds: Seconds) -> Option<Timestamp> {
    moment.checked_add(jiff::SignedDuration::from_secs(i64::try_from(seconds.0).ok()?)).ok()
}
