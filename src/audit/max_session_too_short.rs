//! `max-session-too-short`: the role's MaxSessionDuration is shorter than the job.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::MaxSessionTooShort).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        let (name, role, max) = (&found.job.name, hop.role.name(), lease.cap?);
        Some(
            found
                .finding()
                .titled(format!("{name} needs {}, and {role} gives sessions of at most {max}", found.needed()))
                .detailed(format!(
                    "{name} {} on one session of {role}, whose MaxSessionDuration is {} seconds. Its calls fail with ExpiredToken {} after it has \
                     got its credentials.",
                    found.length_in_words(), max.0, found.lease()
                ))
                .remedies(subject.ways(found.job)),
        )
    }));
}
