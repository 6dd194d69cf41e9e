//! One report of several: paths that were walked with different credentials.

use std::collections::BTreeSet;

use super::{Coverage, MaxSessionFrom, NotCheckedRole, PathCoverage, Report, RoleCoverage, RoleReport, summary};
use crate::inventory::RoleRef;

impl Report {
    /// The report of both, which are about different jobs of one run.
    #[must_use]
    pub fn joined_with(mut self, other: Self) -> Self {
        self.run.complete &= other.run.complete;
        self.run.duration_ms = self.run.duration_ms.max(other.run.duration_ms);
        self.jobs.extend(other.jobs);
        let known: BTreeSet<RoleRef> = self.roles.iter().map(|role| role.arn.clone()).collect();
        for role in other.roles {
            match self.roles.iter_mut().find(|one| one.arn == role.arn) {
                Some(one) if one.max_session_duration_seconds.is_none() => {
                    let assumed = one.assumed || role.assumed;
                    *one = role;
                    one.assumed = assumed;
                }
                Some(one) => one.assumed |= role.assumed,
                None => self.roles.push(role),
            }
        }
        self.roles.sort_by(|a, b| a.arn.cmp(&b.arn));
        let new = other
            .findings
            .into_iter()
            .filter(|finding| self.findings.iter().all(|one| one.fingerprint != finding.fingerprint));
        let new: Vec<_> = new.collect();
        self.findings.extend(new);
        self.findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        // A role of both counts once.
        let mut not_checked = self.coverage.roles.not_checked;
        let unknown = |role: &NotCheckedRole| !known.contains(&role.role);
        not_checked.extend(other.coverage.roles.not_checked.into_iter().filter(unknown));
        let from_iam = |role: &&RoleReport| role.max_session_duration_from == Some(MaxSessionFrom::Iam);
        self.coverage = Coverage {
            roles: RoleCoverage {
                total: self.roles.len(),
                assumed: self.roles.iter().filter(|role| role.assumed).count(),
                described: self.roles.iter().filter(from_iam).count(),
                not_checked,
            },
            paths: paths(self.coverage.paths, other.coverage.paths),
            // Only an inventory names settings and roles with tags, and an inventory is walked with one set of
            // credentials.
            settings: self.coverage.settings,
            role_tags: self.coverage.role_tags,
        };
        self.summary = summary(&self.jobs, self.roles.len(), &self.findings);
        self.notes.extend(other.notes);
        self.input_notes.extend(other.input_notes);
        self
    }
}

fn paths(mut one: PathCoverage, other: PathCoverage) -> PathCoverage {
    one.total += other.total;
    one.walked += other.walked;
    one.not_walked.extend(other.not_walked);
    one
}
