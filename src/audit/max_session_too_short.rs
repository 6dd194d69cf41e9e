//! `max-session-too-short`: the role's MaxSessionDuration is shorter than the job.

use super::lasting::{Lasting, lasting};
use super::{Finding, Subject, remedy};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::MaxSessionTooShort).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        let (name, role, max) = (&found.job.name, hop.role.name(), lease.cap?);
        let hours = Lasting::hours_for(found.wanted()).or_else(|| Lasting::hours_for(found.needed()));
        let raise = hours.map(|hours| remedy::set_max_session(&hop.role, ": enough for the longest job, and no more", hours));
        let ask = raise.is_some().then(|| remedy::ask_for(&hop.role, found.wanted().min(hours.unwrap_or_default())));
        Some(
            found
                .finding()
                .titled(format!("{name} needs {}, and {role} gives sessions of at most {max}", found.needed()))
                .detailed(format!(
                    "{name} {} on one session of {role}, whose MaxSessionDuration is {} seconds. Its calls fail with ExpiredToken {} after it has \
                     got its credentials.",
                    found.length_in_words(), max.0, found.lease()
                ))
                .remedies(raise)
                .remedies(ask)
                .remedies([remedy::refresh_by_provider_chain(found.job)])
                .remedies(remedy::refresh_in_loop(found.lease(), found.job.margin, found.job.pause)),
        )
    }));
}
