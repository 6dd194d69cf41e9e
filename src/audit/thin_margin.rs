//! `thin-margin`: the job lasts, with less headroom than it should keep.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::{Job, Refresh, Seconds};
use crate::lease::{LimitedBy, Verdict};
use crate::remedy::Remedy;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::ThinMargin).map(|found| {
        let (name, margin) = (&found.job.name, found.job.margin);
        let finding = found.finding().evidence("margin_seconds", margin.0, "inventory: margin");
        if let (Some(LimitedBy::RefreshInterval), Refresh::Every(every)) = (found.judgement.limited_by, found.job.refresh)
            && found.lease() > every + found.job.pause
        {
            let spare = Seconds(found.lease().0 - (every + found.job.pause).0);
            return finding
                .titled(format!("{name} renews its credentials {spare} before they end; its margin is {margin}"))
                .detailed(format!(
                    "{name} assumes its role again every {every}, and each session lasts {}. One refresh that is late by more than {spare}, a throttled \
                     call or a long step, and its calls fail with ExpiredToken.",
                    found.lease()
                ))
                .remedies(subject.ways(found.job))
                .remedies(smaller_margin(subject, found.job, spare));
        }
        let end = found.judgement.end.unwrap_or_default();
        let headroom = Seconds(end.0.saturating_sub(found.needed().0));
        finding
            .evidence("headroom_seconds", headroom.0, "lapses_after_seconds − needed_seconds")
            .titled(match headroom {
                Seconds(0) => format!("{name} ends just when its credentials do; its margin is {margin}"),
                headroom => format!("{name} ends {headroom} before its credentials do; its margin is {margin}"),
            })
            .detailed(format!(
                "{name} {}, and its credentials last {end}. That fits, but a run that takes longer by more than {headroom} fails with ExpiredToken. Clients that renew do so \
                 10 to 15 minutes before the end, so less than that is no headroom for them.",
                found.length_in_words()
            ))
            .remedies(subject.ways(found.job))
            .remedies(smaller_margin(subject, found.job, headroom))
    }));
}

/// The margin that there is, where that is one at all.
fn smaller_margin(subject: &Subject<'_>, job: &Job, margin: Seconds) -> Option<Remedy> {
    let content = Job { margin, ..job.clone() };
    (margin > Seconds(0) && subject.verdict_of(&content) == Verdict::Covered).then(|| {
        Remedy::step(format!("If the declared length has room in it already, declare `margin: {margin}` for this job."))
    })
}
