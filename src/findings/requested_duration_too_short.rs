//! `requested-duration-too-short`: the client requests less than the job needs.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::rules::ASSUME_ROLE_MINIMUM;
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "requested-duration-too-short",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses && judgement.limited_by == Some(LimitedBy::RequestedDuration)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, lease) = found.limiting_hop()?;
    let (name, role) = (&found.job.name, hop.role.name());
    // The defaults of these clients: rebuy-de/aws-nuke#667, spinnaker/clouddriver#6344.
    let by_default =
        if lease.requested == ASSUME_ROLE_MINIMUM { " (the default of Go's stscreds and of Java SDK 1)" } else { "" };
    let title = format!("{name} {}, but requests {} from {role}", found.describe_need(), lease.requested);
    let misreading = found.describe_misreading();
    let detail = format!(
        "{name} {} on one session, for which its client requests {} seconds{by_default}. Calls after {} fail with \
         ExpiredToken.{}",
        found.describe_length(),
        lease.requested.0,
        found.lease(),
        misreading.as_ref().map_or_else(String::new, |read| format!(" {read}"))
    );
    let finding = found.finding().titled(title).detailed(detail).fixes(found.subject.ways(found.job));
    Some(match misreading {
        Some(misreading) => finding.because(misreading),
        None => finding,
    })
}
