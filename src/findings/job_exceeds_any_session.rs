//! `job-exceeds-any-session`: the job is longer than the longest session of any role.

use super::evidence::{Fact, FactKind, Provenance};
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::rules::LONGEST_SESSION;
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "job-exceeds-any-session",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses && judgement.limited_by == Some(LimitedBy::StsMaximum)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let name = &found.job.name;
    let longest = Provenance::Iam("the largest MaxSessionDuration");
    let title = format!("{name} {}, but no session lasts longer than {LONGEST_SESSION}", found.describe_need());
    let detail = format!(
        "{name} {} without renewing its credentials. STS grants at most {} seconds for a session of a role; this \
         session lasts {}. Calls after that fail with ExpiredToken.",
        found.describe_length(),
        LONGEST_SESSION.0,
        found.lease()
    );
    let finding = found.finding().evidence(Fact::LongestSession(LONGEST_SESSION), longest);
    Some(finding.titled(title).detailed(detail).fixes(found.subject.ways(found.job)))
}
