//! `source-cannot-assume`: the source's credentials may not call AssumeRole at all.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::Job;
use crate::lease::Verdict;
use crate::remedy::Remedy;

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
            .remedies(subject.ways(found.job))
            .remedies(without_a_role(subject, found.job))
    }));
}

/// The federated session does the work itself, where it lasts as long.
fn without_a_role(subject: &Subject<'_>, job: &Job) -> Option<Remedy> {
    let direct = Job { path: Vec::new(), ..job.clone() };
    (subject.verdict_of(&direct) == Verdict::Covered).then(|| {
        Remedy::step(
            "Give the federated session the permissions it needs directly, and leave the path empty: assume no role.",
        )
    })
}
