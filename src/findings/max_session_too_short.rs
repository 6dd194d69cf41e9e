//! `max-session-too-short`: the role's MaxSessionDuration is shorter than the job.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "max-session-too-short",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter, FactKind::Cap],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses && judgement.limited_by == Some(LimitedBy::MaxSessionDuration)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, lease) = found.limiting_hop()?;
    let (name, role, max) = (&found.job.name, hop.role.name(), lease.cap?);
    let title = format!("{name} {}, but sessions of {role} last at most {max}", found.describe_need());
    let detail = format!(
        "{name} {} on one session of {role}, whose MaxSessionDuration is {} seconds. The session lasts {}; calls after \
         that fail with ExpiredToken.",
        found.describe_length(),
        max.0,
        found.lease()
    );
    Some(found.finding().titled(title).detailed(detail).fixes(found.subject.ways(found.job)))
}
