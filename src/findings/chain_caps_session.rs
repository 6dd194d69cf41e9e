//! `chain-caps-session`: role chaining caps the job's session at one hour, and the job needs more.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "chain-caps-session",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses && judgement.limited_by == Some(LimitedBy::RoleChaining)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, _) = found.limiting_hop()?;
    let (name, role) = (&found.job.name, hop.role.name());
    let title = format!("{name} {}, but role chaining caps its session of {role} at 1h", found.describe_need());
    let detail = format!(
        "{name} {} and assumes {role} with the credentials of another session. STS calls that role chaining and caps \
         the new session at 3600 seconds, whatever the role's MaxSessionDuration is. The session lasts {}; calls after \
         that fail with ExpiredToken.",
        found.describe_length(),
        found.lease()
    );
    Some(
        found
            .finding()
            .titled(title)
            .because(
                "A session that another session takes is role chaining: STS caps it at 1h, whatever the role allows.",
            )
            .detailed(detail)
            .fixes(found.subject.ways_of_a_chain(found.job)),
    )
}
