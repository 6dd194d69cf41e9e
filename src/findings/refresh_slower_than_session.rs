//! `refresh-slower-than-session`: the job renews its credentials less often than they expire.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::inventory::{Refresh, Seconds};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "refresh-slower-than-session",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter, FactKind::RefreshEvery],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses && judgement.limited_by == Some(LimitedBy::RefreshInterval)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let Refresh::Every(every) = found.job.refresh else { return None };
    let (name, lease) = (&found.job.name, found.lease());
    let with_pause = match found.job.pause {
        Seconds(0) => String::new(),
        pause => format!(" ({} with its pause)", every + pause),
    };
    let title = format!("{name} renews every {every}, but its credentials last {lease}");
    let detail = format!(
        "{name} {}. It assumes its role again every {every}{with_pause}, but each session lasts {lease}. Calls between \
         the end of a session and the next renewal fail with ExpiredToken.",
        found.describe_length()
    );
    Some(found.finding().titled(title).detailed(detail).fixes(found.subject.ways(found.job)))
}
