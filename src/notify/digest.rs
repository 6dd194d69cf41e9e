//! The content of a message: the findings of one owner, what changed about them, and the counts. Typed, and independent
//! of the sink that sends it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::state::{Changes, OwnerChanges, Previous, Resolved};
use super::{ConsolePages, Notify};
use crate::findings::{Finding, FindingId, Severity, UNOWNED};
use crate::inventory::{RoleRef, hex};
use crate::report::{Report, Trigger};

/// Which messages are sent.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// When to send.
    pub notify: Notify,
    /// Findings below this severity are in no message.
    pub min_severity: Severity,
    /// The most bytes of a message, attributes included.
    pub max_bytes: usize,
}

/// What is known about a manual run, for its messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManualRun {
    /// The caller that the Lambda context names.
    pub caller: Option<String>,
    /// The inventory came with the request.
    pub inventory_of_request: bool,
    /// The address of the sessions that the run judged, in place of a check.
    pub sessions: Option<String>,
}

/// The content of one message.
#[derive(Debug)]
pub struct Digest<'a> {
    pub(super) report: &'a Report,
    pub(super) owner: &'a str,
    /// Open findings, the worst first.
    pub(super) findings: Vec<&'a Finding>,
    /// Where only changes are published.
    pub(super) changes: Option<DigestChanges<'a>>,
    /// What is known about the request, for a manual run.
    pub(super) manual: Option<&'a ManualRun>,
    /// The pages of the console about the function.
    pub(super) console: Option<&'a ConsolePages>,
}

/// What changed since the owner's last message.
#[derive(Debug, Clone, Copy)]
pub(super) struct DigestChanges<'a> {
    pub(super) owner: &'a OwnerChanges<'a>,
    pub(super) previous: &'a Previous,
    /// The number of the round of this invocation, from 1.
    round: usize,
}

/// The part of a digest that a message shows: its first findings, then its first resolved ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Excerpt<'a> {
    pub(super) shown: &'a [&'a Finding],
    pub(super) omitted: &'a [&'a Finding],
    pub(super) resolved: &'a [Resolved],
    pub(super) is_cut: bool,
}

/// The digests of a run, the worst first.
#[must_use]
pub fn digests<'a>(
    report: &'a Report,
    wanted: Wanted,
    manual: Option<&'a ManualRun>,
    console: Option<&'a ConsolePages>,
) -> Vec<Digest<'a>> {
    if wanted.notify == Notify::Never {
        return Vec::new();
    }
    let mut by_owner: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.open_findings().filter(|finding| finding.severity >= wanted.min_severity) {
        finding.owners.iter().for_each(|owner| by_owner.entry(owner).or_default().push(finding));
    }
    if by_owner.is_empty() && wanted.notify == Notify::Always {
        by_owner.insert(UNOWNED, Vec::new());
    }
    let digest = |(owner, findings)| Digest { report, owner, findings, changes: None, manual, console };
    worst_first(by_owner.into_iter().map(digest).collect())
}

/// The digests of what changed, the worst first. `round`: the number of the round of this invocation, from 1. The same
/// content is another message in another round.
#[must_use]
pub fn change_digests<'a>(
    report: &'a Report,
    changes: &'a Changes<'a>,
    round: usize,
    manual: Option<&'a ManualRun>,
    console: Option<&'a ConsolePages>,
) -> Vec<Digest<'a>> {
    static NO_CHANGES: OwnerChanges<'static> = OwnerChanges::NONE;
    let mut owners: Vec<(&str, &OwnerChanges<'_>)> =
        changes.owners.iter().filter(|(_, of)| !of.is_empty()).map(|(owner, of)| (owner.as_str(), of)).collect();
    // The first message with a new state says that nothing is open.
    if owners.is_empty() && round == 1 && !matches!(changes.previous, Previous::Known(_)) {
        owners.push((UNOWNED, &NO_CHANGES));
    }
    let digest = |(owner, of): (&'a str, &'a OwnerChanges<'a>)| {
        let findings = of.open.iter().map(|notice| notice.finding).collect();
        let changes = Some(DigestChanges { owner: of, previous: changes.previous, round });
        Digest { report, owner, findings, changes, manual, console }
    };
    worst_first(owners.into_iter().map(digest).collect())
}

/// Orders digests by their worst finding; those that only report resolved findings come last.
fn worst_first(mut digests: Vec<Digest<'_>>) -> Vec<Digest<'_>> {
    digests.sort_by_key(|digest| (Reverse(digest.worst()), digest.owner));
    digests
}

impl<'a> Digest<'a> {
    /// Whose findings these are.
    #[must_use]
    pub fn owner(&self) -> &'a str {
        self.owner
    }

    /// The same for the same content of the same run and owner: what a retry does not send again.
    #[must_use]
    pub fn content_key(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part);
            hash.update([0x1f]);
        };
        add(&self.report.run.id);
        add(self.owner);
        add(if self.report.run.complete { "complete" } else { "incomplete" });
        for finding in &self.findings {
            add(&finding.fingerprint);
            add(finding.severity.as_str());
            for (name, value) in finding.change_key() {
                add(&name);
                add(&value);
            }
        }
        for resolved in self.resolved() {
            add("resolved");
            add(&resolved.fingerprint);
        }
        if let Some(changes) = &self.changes {
            add(&changes.round.to_string());
        }
        hex(&hash.finalize())
    }

    /// How many findings there are to show, the resolved ones included.
    pub(super) fn len(&self) -> usize {
        self.findings.len() + self.resolved().len()
    }

    /// The excerpt with the first `shown` findings, open ones before resolved ones.
    pub(super) fn excerpt(&self, shown: usize) -> Excerpt<'_> {
        let (open, omitted) = self.findings.split_at(shown.min(self.findings.len()));
        let resolved = &self.resolved()[..shown.min(self.len()) - open.len()];
        Excerpt { shown: open, omitted, resolved, is_cut: shown < self.len() }
    }

    pub(super) fn resolved(&self) -> &'a [Resolved] {
        self.changes.map_or(&[], |changes| &changes.owner.resolved)
    }

    /// The severity of the worst open finding.
    pub(super) fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    pub(super) fn worst_word(&self) -> &'static str {
        self.worst().map_or("none", Severity::as_str)
    }

    pub(super) fn ids(&self) -> BTreeSet<FindingId> {
        self.findings.iter().map(|finding| finding.id).collect()
    }

    /// The accounts of the findings' roles.
    pub(super) fn accounts(&self) -> BTreeSet<String> {
        let roles = self.findings.iter().filter_map(|finding| finding.role.as_ref());
        roles.filter_map(RoleRef::account).map(str::to_owned).collect()
    }

    pub(super) fn is_manual(&self) -> bool {
        self.report.run.trigger == Trigger::Manual
    }
}

/// How many findings there are of each severity.
pub(super) fn count_by_severity(findings: &[&Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.severity.as_str()).or_insert(0) += 1;
    }
    counts
}
