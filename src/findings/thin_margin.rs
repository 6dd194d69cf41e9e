//! `thin-margin`: the credentials last, with less headroom than the job's margin.

use super::evidence::{Fact, FactKind, Provenance};
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::fixes::Fix;
use crate::inventory::{Job, Origin, Refresh, Seconds};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "thin-margin",
    Medium,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[
        FactKind::Needed,
        FactKind::Lease,
        FactKind::LapsesAfter,
        FactKind::Margin,
        FactKind::RefreshEvery,
    ],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Thin
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let finding = found.finding().evidence(Fact::Margin(found.job.margin), Provenance::Inventory("margin"));
    match (found.judgement.limited_by, found.job.refresh) {
        (Some(LimitedBy::RefreshInterval), Refresh::Every(every)) if found.lease() > every + found.job.pause => {
            Some(late_renewal(found, finding, every))
        }
        _ => little_headroom(found, finding),
    }
}

/// The job renews its credentials shortly before they expire.
fn late_renewal(found: &JudgedJob<'_>, finding: Finding, every: Seconds) -> Finding {
    let (name, margin) = (&found.job.name, found.job.margin);
    let spare = Seconds(found.lease().0 - (every + found.job.pause).0);
    let title = format!("{name} renews its credentials {spare} before they expire; its margin is {margin}");
    let detail = format!(
        "{name} assumes its role again every {every}, and each session lasts {}. If a renewal is late by more than \
         {spare}, because of a throttled call or a long step, calls fail with ExpiredToken.",
        found.lease()
    );
    finding.titled(title).detailed(detail).fixes(found.subject.ways(found.job)).fixes(smaller_margin(found, spare))
}

/// The job finishes shortly before its credentials expire.
fn little_headroom(found: &JudgedJob<'_>, finding: Finding) -> Option<Finding> {
    let (name, margin) = (&found.job.name, found.job.margin);
    let end = found.judgement.end?;
    let headroom = Seconds(end.0.saturating_sub(found.needed().0));
    let title = match headroom {
        Seconds(0) => format!("{name} finishes exactly when its credentials expire; its margin is {margin}"),
        headroom => format!("{name} finishes {headroom} before its credentials expire; its margin is {margin}"),
    };
    let longer = match headroom {
        Seconds(0) => "Any longer run".to_owned(),
        headroom => format!("A run that takes more than {headroom} longer"),
    };
    let detail = format!(
        "{name} {}, and its credentials last {end}. {longer} fails with \
         ExpiredToken. SDKs renew credentials 10 to 15 minutes before the end, so a smaller headroom does not help \
         them.",
        found.describe_length()
    );
    let derived = Provenance::Derived("lapses_after_seconds − needed_seconds");
    let finding = finding.evidence(Fact::Headroom(headroom), derived).titled(title).detailed(detail);
    Some(finding.fixes(found.subject.ways(found.job)).fixes(smaller_margin(found, headroom)))
}

/// The headroom as the margin, if there is any headroom.
fn smaller_margin(found: &JudgedJob<'_>, margin: Seconds) -> Option<Fix> {
    let content = Job { margin, ..found.job.clone() };
    let can_declare = found.subject.place.origin() == Origin::Inventory;
    (can_declare && margin > Seconds(0) && found.subject.verdict_of(&content) == Verdict::Covered).then(|| {
        let step = format!(
            "If the declared length already includes a reserve, declare `margin: {margin}` for the job in \
             the inventory."
        );
        Fix::step(step).changes_job_to(content)
    })
}
