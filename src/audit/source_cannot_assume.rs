//! `source-cannot-assume`: the source's credentials may not call AssumeRole at all.

use super::lasting::lasting;
use super::remedy::Remedy;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::SourceCannotAssume).map(|found| {
        let role = found.job.path.first().map_or("a role", |hop| hop.role.name());
        found
            .finding()
            .evidence("source", found.job.source.kind(), "inventory")
            .titled(format!("{} cannot start: credentials of GetFederationToken cannot assume {role}", found.job.name))
            .detailed(format!(
                "The credentials that GetFederationToken gives can call no STS operation but GetCallerIdentity, so {} can never assume {role}.",
                found.job.name
            ))
            .remedies([
                Remedy::step(format!("Assume {role} with the IAM user's own key (`source: iam-user`), or with AssumeRoleWithWebIdentity (`source: web-identity`).")),
                Remedy::step("Give the federated session the permissions it needs directly, and leave the path empty."),
            ])
    }));
}
