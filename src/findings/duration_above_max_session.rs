//! `duration-above-max-session`: a requested DurationSeconds is over the role's MaxSessionDuration.

use super::evidence::{Fact, FactKind};
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "duration-above-max-session",
    Critical,
    ends: AtTheStart,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Requested, FactKind::MaxSession],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Rejected && judgement.limited_by == Some(LimitedBy::MaxSessionDuration)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, lease) = found.limiting_hop()?;
    let max = found.max_session(&hop.role)?;
    let (name, role) = (&found.job.name, hop.role.name());
    let title = format!("{name} cannot start: it requests {} from {role}; the role allows {max}", lease.requested);
    let detail = format!(
        "{name} requests {} seconds, but the MaxSessionDuration of {role} is {} seconds. STS refuses the request and \
         does not shorten it: \"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.\" The \
         job gets no credentials.",
        lease.requested.0, max.0
    );
    let provenance = found.subject.max_session_provenance(&hop.role);
    let finding = found.finding().evidence(Fact::MaxSession(max), provenance);
    Some(finding.titled(title).detailed(detail).fixes(found.subject.ways(found.job)))
}
