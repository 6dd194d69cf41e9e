//! `default-duration-too-short`: the client asks for nothing, and the default hour is shorter than the job.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::DefaultDurationTooShort).filter_map(|found| {
        let (hop, _) = found.hop()?;
        let (name, role) = (&found.job.name, hop.role.name());
        Some(
            found
                .finding()
                .titled(format!("{name} needs {}, and asks {role} for no duration: it gets 1h", found.needed()))
                .detailed(format!(
                    "{name} {} and sends no DurationSeconds, so STS gives it 3600 seconds, whatever the role would allow. Its calls fail with \
                     ExpiredToken 1h after it has got its credentials.",
                    found.length_in_words()
                ))
                .remedies(subject.ways(found.job)),
        )
    }));
}
