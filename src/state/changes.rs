//! Compares a run with what was told before: what is new, changed, due again, resolved, for each owner.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Open, Previous, Run};
use crate::findings::Finding;
use crate::inventory::Seconds;

/// What a run has to tell, by owner.
#[derive(Debug, Clone)]
pub struct Changes<'r> {
    /// What was known of what was told before.
    pub previous: &'r Previous,
    /// Each owner that was told of something before, or is to be told now.
    pub owners: BTreeMap<String, OwnerChanges<'r>>,
}

/// What one owner has to be told.
#[derive(Debug, Clone, Default)]
pub struct OwnerChanges<'r> {
    /// Open findings, the worst first.
    pub open: Vec<Told<'r>>,
    /// What is open no longer.
    pub resolved: Vec<Resolved>,
    /// How many were told before, are open and as they were.
    pub unchanged: usize,
    /// How many were told before, and this run cannot say that they are resolved.
    pub unchecked: usize,
    /// When the first of the unchanged ones is told again.
    pub next_reminder: Option<Timestamp>,
}

impl OwnerChanges<'_> {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.resolved.is_empty()
    }

    /// The fingerprints of all that there is to tell.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        let open = self.open.iter().map(|told| told.finding.fingerprint.as_str());
        open.chain(self.resolved.iter().map(|resolved| resolved.fingerprint.as_str()))
    }
}

/// An open finding to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<'r> {
    /// The finding.
    pub finding: &'r Finding,
    /// Why it is told.
    pub news: News,
}

/// Why an open finding is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was not told before.
    New,
    /// It is not what was told before.
    Changed {
        /// When it was told first.
        since: Timestamp,
        /// What is not as it was.
        differences: Vec<Difference>,
    },
    /// It was told a reminder's interval ago.
    Due {
        /// When it was told first.
        since: Timestamp,
    },
}

/// A fact that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// What was told; `None`: nothing of it.
    pub before: Option<String>,
    /// What is; `None`: it is no more.
    pub now: Option<String>,
}

/// A finding that is open no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Its fingerprint.
    pub fingerprint: String,
    /// What was told of it.
    pub was: Open,
    /// Why it is not open: `no longer found`, `no longer declared`, `waived until …`, `now owned by …`.
    pub reason: String,
}

/// How a finding stands against what was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not told before.
    New,
    /// Told otherwise.
    Changed(Vec<Difference>),
    /// Told long ago.
    Due,
    /// Told.
    Unchanged,
    /// Told, and open no longer: why.
    Resolved(String),
    /// Told, and this run did not look, or may not judge.
    Unchecked,
    /// Told, and below the severity that is told now.
    Muted,
    /// Below the severity that is told now, and open no longer: nobody is told.
    Dropped,
}

impl<'r> Changes<'r> {
    /// What the run has to tell after `previous`.
    #[must_use]
    pub fn new(previous: &'r Previous, run: &Run<'r>) -> Self {
        let mut changes = Self { previous, owners: BTreeMap::new() };
        compare(previous, run).into_iter().for_each(|compared| changes.add(compared, run.remind_after));
        for owner in changes.owners.values_mut() {
            owner.resolved.sort_by_key(|resolved| (Reverse(resolved.was.severity), resolved.was.since));
        }
        changes
    }

    fn add(&mut self, compared: Compared<'r>, remind_after: Seconds) {
        let Compared { fingerprint, entry, finding, standing } = compared;
        let resolved =
            |was: &Open, reason: String| Resolved { fingerprint: fingerprint.to_owned(), was: was.clone(), reason };
        match (standing, entry, finding) {
            (Standing::New, _, Some(finding)) => self.of(&finding.owner).open.push(Told { finding, news: News::New }),
            (Standing::Due, Some(entry), Some(finding)) => {
                self.of(&finding.owner).open.push(Told { finding, news: News::Due { since: entry.since } });
            }
            (Standing::Changed(differences), Some(entry), Some(finding)) => {
                let news = News::Changed { since: entry.since, differences };
                self.of(&finding.owner).open.push(Told { finding, news });
                if entry.owner != finding.owner {
                    let reason = format!("now owned by {}", finding.owner);
                    self.of(&entry.owner).resolved.push(resolved(entry, reason));
                }
            }
            (Standing::Unchanged, Some(entry), _) => {
                let owner = self.of(&entry.owner);
                owner.unchanged += 1;
                let next = entry.last_told.and_then(|told| after(told, remind_after));
                owner.next_reminder = owner.next_reminder.into_iter().chain(next).min();
            }
            (Standing::Resolved(reason), Some(entry), _) => {
                self.of(&entry.owner).resolved.push(resolved(entry, reason))
            }
            (Standing::Unchecked, Some(entry), _) => self.of(&entry.owner).unchecked += 1,
            _ => {}
        }
    }

    fn of(&mut self, owner: &str) -> &mut OwnerChanges<'r> {
        self.owners.entry(owner.to_owned()).or_default()
    }

    /// Leaves out what needs no telling any more.
    pub fn leave_out(&mut self, is_told: impl Fn(&str) -> bool) {
        for owner in self.owners.values_mut() {
            owner.open.retain(|told| !is_told(&told.finding.fingerprint));
            owner.resolved.retain(|resolved| !is_told(&resolved.fingerprint));
        }
    }
}

/// A finding of the run, of the state, or of both.
#[derive(Debug)]
pub(super) struct Compared<'r> {
    pub(super) fingerprint: &'r str,
    /// What was told of it.
    pub(super) entry: Option<&'r Open>,
    /// What the run found, if it is to be told at all: no waiver, severe enough.
    pub(super) finding: Option<&'r Finding>,
    pub(super) standing: Standing,
}

/// Compares each: the run's in the report's order, which is the worst first, then what it did not find.
pub(super) fn compare<'r>(previous: &'r Previous, run: &Run<'r>) -> Vec<Compared<'r>> {
    let older = run.is_older_than(previous);
    let found = run.report.findings.iter().map(|finding| {
        let entry = previous.get(&finding.fingerprint);
        let (standing, finding_told) = match (&finding.waived, entry) {
            (Some(waived), Some(entry)) => {
                (run.gone(entry, older, Some(format!("waived until {}", waived.until))), None)
            }
            (None, Some(_)) if finding.severity < run.min_severity => (Standing::Muted, None),
            (None, Some(entry)) => (run.still_open(entry, finding, older), Some(finding)),
            (None, None) if finding.severity >= run.min_severity => (Standing::New, Some(finding)),
            (_, None) => (Standing::Muted, None),
        };
        Compared { fingerprint: finding.fingerprint.as_str(), entry, finding: finding_told, standing }
    });
    let in_report: BTreeSet<&str> = run.report.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let entries = previous.state().into_iter().flat_map(|state| &state.open);
    let gone =
        entries.filter(|(fingerprint, _)| !in_report.contains(fingerprint.as_str())).map(|(fingerprint, entry)| {
            let standing = run.gone(entry, older, None);
            Compared { fingerprint, entry: Some(entry), finding: None, standing }
        });
    found.chain(gone).collect()
}

impl Run<'_> {
    /// How a finding that was told, and is open, stands.
    fn still_open(&self, entry: &Open, finding: &Finding, older: bool) -> Standing {
        if older {
            return Standing::Unchanged; // What a later run has told of it stands.
        }
        let differences = self.differences(entry, finding);
        if !differences.is_empty() {
            return Standing::Changed(differences);
        }
        if self.is_due(entry.last_told) { Standing::Due } else { Standing::Unchanged }
    }

    /// How a finding that was told, and is open no longer, stands.
    fn gone(&self, entry: &Open, older: bool, waived: Option<String>) -> Standing {
        if older || !self.report.run.complete {
            return Standing::Unchecked;
        }
        if entry.severity < self.min_severity {
            return Standing::Dropped;
        }
        match waived.or_else(|| self.seen.why_gone(entry).map(str::to_owned)) {
            Some(reason) => Standing::Resolved(reason),
            None => Standing::Unchecked,
        }
    }

    fn differences(&self, entry: &Open, finding: &Finding) -> Vec<Difference> {
        let (before, now) = (told(&entry.owner, &entry.substance), told(&finding.owner, &finding.change_key()));
        let mut names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        if !self.report.run.complete {
            // Which jobs a refusal concerns depends on how far each path was walked.
            names.retain(|name| *name != "jobs");
        }
        let changed = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
        changed
            .map(|name| Difference {
                name: name.clone(),
                before: before.get(name).cloned(),
                now: now.get(name).cloned(),
            })
            .collect()
    }

    /// Whether the reminder's interval is over, or nearly: a daily run starts a little earlier on one day than on another.
    fn is_due(&self, last_told: Option<Timestamp>) -> bool {
        let slack = Seconds((self.remind_after.0 / 10).min(3600));
        let interval = Seconds(self.remind_after.0 - slack.0);
        last_told.and_then(|told| after(told, interval)).is_none_or(|due| due <= self.at)
    }
}

/// What was told: the substance, and to whom.
fn told(owner: &str, substance: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    substance.clone().into_iter().chain([("owner".to_owned(), owner.to_owned())]).collect()
}

fn after(moment: Timestamp, seconds: Seconds) -> Option<Timestamp> {
    moment.checked_add(jiff::SignedDuration::from_secs(i64::try_from(seconds.0).ok()?)).ok()
}
