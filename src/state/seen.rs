//! What a complete run looked at, so that a finding which it does not have is called resolved only where it looked.

use std::collections::{BTreeMap, BTreeSet};

use super::Open;
use crate::findings::FindingId;
use crate::report::{HopOutcome, JobReport, MaxSessionFrom, Report, RoleReport};

const NOT_FOUND: &str = "no longer found";
const NOT_DECLARED: &str = "no longer declared";

/// The jobs and roles of a report, by name.
#[derive(Debug)]
pub(super) struct Seen<'r> {
    jobs: BTreeMap<&'r str, &'r JobReport>,
    roles: BTreeMap<&'r str, &'r RoleReport>,
    /// The roles that the walk came to on some path, or was not to come to.
    reached: BTreeSet<&'r str>,
}

impl<'r> Seen<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let hops = report.jobs.iter().flat_map(|job| &job.hops);
        Self {
            jobs: report.jobs.iter().map(|job| (job.name.as_str(), job)).collect(),
            roles: report.roles.iter().map(|role| (role.arn.as_str(), role)).collect(),
            reached: hops.filter(|hop| hop.outcome != HopOutcome::NotReached).map(|hop| hop.role.as_str()).collect(),
        }
    }

    /// Whether IAM told the role's MaxSessionDuration.
    pub(super) fn is_described(&self, role: Option<&str>) -> bool {
        let role = role.and_then(|role| self.roles.get(role));
        role.is_some_and(|role| role.max_session_duration_from == Some(MaxSessionFrom::Iam))
    }

    /// Why a finding that was told is no more; `None`: the run did not look at what it stands on.
    pub(super) fn why_gone(&self, entry: &Open) -> Option<&'static str> {
        if matches!(entry.id, FindingId::WaiverExpired | FindingId::WaiverUnused) {
            return Some(NOT_FOUND);
        }
        let Some(role) = entry.role.as_deref() else {
            return Some(match entry.job.as_deref() {
                Some(job) if !self.jobs.contains_key(job) => NOT_DECLARED,
                _ => NOT_FOUND,
            });
        };
        let uses = |job: &&JobReport| job.hops.iter().any(|hop| hop.role.as_str() == role);
        if entry.job.as_deref().is_some_and(|job| self.jobs.get(job).filter(|job| uses(job)).is_none()) {
            return Some(NOT_DECLARED);
        }
        let refused = is_refusal(entry.id);
        if refused && entry.hop.is_none() {
            return Some(NOT_FOUND); // A reader: no path has it, and the checker assumes it directly.
        }
        let Some(known) = self.roles.get(role) else { return Some(NOT_DECLARED) };
        let looked = match entry.id {
            // Denied says neither that a role exists nor that it does not.
            FindingId::RoleMissing => known.assumed || self.is_described(Some(role)),
            _ if refused => self.reached.contains(role),
            // Judged by IAM's word then: the inventory's alone does not refute it.
            _ => !entry.described || self.is_described(Some(role)),
        };
        looked.then_some(NOT_FOUND)
    }
}

/// Whether the finding is about a refusal by STS or IAM, or about no answer.
fn is_refusal(id: FindingId) -> bool {
    id.is_about_refusals()
}
