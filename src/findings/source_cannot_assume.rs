//! `source-cannot-assume`: the source's credentials may not call AssumeRole.

use super::evidence::{Fact, FactKind, Provenance};
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::fixes::Fix;
use crate::inventory::Job;
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "source-cannot-assume",
    Critical,
    ends: AtTheStart,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Source],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.limited_by == Some(LimitedBy::SourceCannotAssume)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let name = &found.job.name;
    let role = found.job.path.first()?.role.name();
    let title = format!("{name} cannot start: credentials from GetFederationToken cannot assume {role}");
    let detail = format!(
        "Credentials from GetFederationToken may call no STS operation except GetCallerIdentity, so {name} cannot \
         assume {role}."
    );
    let finding = found.finding().evidence(Fact::Source(found.job.source.kind()), Provenance::Inventory("source"));
    let fixes = found.subject.ways(found.job);
    Some(finding.titled(title).detailed(detail).fixes(fixes).fixes(without_a_role(found)))
}

/// The fix without a role: the federated session does the work itself, if it lasts long enough.
fn without_a_role(found: &JudgedJob<'_>) -> Option<Fix> {
    let direct = Job { path: Vec::new(), ..found.job.clone() };
    (found.subject.verdict_of(&direct) == Verdict::Covered).then(|| {
        Fix::step("Give the federated session the permissions that the job needs, and leave the path empty.")
            .changes_job_to(direct)
    })
}
