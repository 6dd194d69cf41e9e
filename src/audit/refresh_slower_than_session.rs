//! `refresh-slower-than-session`: the job renews its credentials less often than they lapse.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::{Refresh, Seconds};

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::RefreshSlowerThanSession).map(|found| {
        let (name, lease) = (&found.job.name, found.lease());
        let every = match found.job.refresh {
            Refresh::Every(every) => every,
            _ => Seconds(0),
        };
        let frozen = if found.job.pause == Seconds(0) { String::new() } else { format!(", {} with its pause", every + found.job.pause) };
        found
            .finding()
            .titled(format!("{name} renews its credentials every {every}, and they last {lease}"))
            .detailed(format!(
                "{name} {}. It assumes its role again every {every}{frozen}, but each session lasts {lease}: its calls fail with ExpiredToken between the \
                 end of one session and the next refresh.",
                found.length_in_words()
            ))
            .remedies(subject.ways(found.job))
    }));
}
