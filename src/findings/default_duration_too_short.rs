//! `default-duration-too-short`: the client requests no duration, and the default of one hour is shorter than the job.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "default-duration-too-short",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses && judgement.limited_by == Some(LimitedBy::DefaultDuration)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, _) = found.limiting_hop()?;
    let (name, role) = (&found.job.name, hop.role.name());
    let title = format!("{name} {}, but requests no duration from {role} and gets 1h", found.describe_need());
    let misreading = found.describe_misreading().map_or_else(String::new, |read| format!(" {read}"));
    let detail = format!(
        "{name} {} and sends no DurationSeconds, so STS grants 3600 seconds, even where the role allows more. Calls \
         after that hour fail with ExpiredToken.{misreading}",
        found.describe_length()
    );
    Some(
        found
            .finding()
            .titled(title)
            .because(format!("Without DurationSeconds, STS grants 1h, also where the role allows more.{misreading}"))
            .detailed(detail)
            .fixes(found.subject.ways(found.job)),
    )
}
