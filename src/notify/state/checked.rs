//! What a complete run checked: a finding that the run does not have is resolved only where the run checked its
//! subject.

use std::collections::{BTreeMap, BTreeSet};

use super::Entry;
use crate::findings::FindingId;
use crate::report::{HopOutcome, JobReport, MaxSessionFrom, Report, RoleReport};

const NOT_FOUND: &str = "no longer found";
const NOT_DECLARED: &str = "no longer declared";

/// The jobs and roles of a report, by name.
#[derive(Debug)]
pub(super) struct Checked<'r> {
    jobs: BTreeMap<&'r str, &'r JobReport>,
    roles: BTreeMap<&'r str, &'r RoleReport>,
    /// The roles that the walk reached on some path, or was not to reach.
    reached: BTreeSet<&'r str>,
}

impl<'r> Checked<'r> {
    /// The jobs and roles that the run of this report checked.
    pub(super) fn by(report: &'r Report) -> Self {
        let hops = report.jobs.iter().flat_map(|job| &job.hops);
        Self {
            jobs: report.jobs.iter().map(|job| (job.name.as_str(), job)).collect(),
            roles: report.roles.iter().map(|role| (role.arn.as_str(), role)).collect(),
            reached: hops.filter(|hop| hop.outcome != HopOutcome::NotReached).map(|hop| hop.role.as_str()).collect(),
        }
    }

    /// Whether IAM answered with the role's MaxSessionDuration.
    pub(super) fn is_described(&self, role: Option<&str>) -> bool {
        let role = role.and_then(|role| self.roles.get(role));
        role.is_some_and(|role| role.max_session_duration_from == Some(MaxSessionFrom::Iam))
    }

    /// Why the finding of an entry is not in the report; `None`: the run did not check its subject.
    pub(super) fn why_gone(&self, entry: &Entry) -> Option<&'static str> {
        if matches!(entry.id, FindingId::WaiverExpired | FindingId::WaiverUnused) {
            return Some(NOT_FOUND);
        }
        let Some(role) = entry.role.as_deref() else {
            return Some(match entry.job.as_deref() {
                Some(job) if !self.jobs.contains_key(job) => NOT_DECLARED,
                Some(_) | None => NOT_FOUND,
            });
        };
        let uses = |job: &&JobReport| job.hops.iter().any(|hop| hop.role.as_str() == role);
        if entry.job.as_deref().is_some_and(|job| self.jobs.get(job).filter(|job| uses(job)).is_none()) {
            return Some(NOT_DECLARED);
        }
        let is_refusal = entry.id.is_about_refusals();
        if is_refusal && entry.hop.is_none() {
            return Some(NOT_FOUND); // A reader: it is on no path, and the checker assumes it directly.
        }
        let Some(known) = self.roles.get(role) else { return Some(NOT_DECLARED) };
        let is_checked = if entry.id == FindingId::RoleMissing {
            // A refusal shows neither that the role exists nor that it is missing.
            known.assumed || self.is_described(Some(role))
        } else if is_refusal {
            self.reached.contains(role)
        } else {
            // IAM's number was judged: the number in the inventory alone does not refute it.
            !entry.described || self.is_described(Some(role))
        };
        is_checked.then_some(NOT_FOUND)
    }
}
