//! `duration-above-chain-cap`: a chained hop requests more than one hour.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "duration-above-chain-cap",
    Critical,
    ends: AtTheStart,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Requested],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Rejected && judgement.limited_by == Some(LimitedBy::RoleChaining)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, lease) = found.limiting_hop()?;
    let (name, role) = (&found.job.name, hop.role.name());
    let title = format!("{name} cannot start: it requests {} from {role}; role chaining allows 1h", lease.requested);
    let detail = format!(
        "{name} assumes {role} with the credentials of a session. That is role chaining, and STS refuses requests over \
         3600 seconds, whatever the role's MaxSessionDuration is: \"The requested DurationSeconds exceeds the 1 hour \
         session limit for roles assumed by role chaining.\" The job gets no credentials."
    );
    Some(found.finding().titled(title).detailed(detail).fixes(found.subject.ways(found.job)))
}
