//! `chain-caps-session`: role chaining caps the job's session at one hour, and the job needs more.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::ChainCapsSession).filter_map(|found| {
        let (hop, _) = found.hop()?;
        let (name, role) = (&found.job.name, hop.role.name());
        Some(
            found
                .finding()
                .titled(format!("{name} needs {}, and role chaining caps its session of {role} at 1h", found.needed()))
                .detailed(format!(
                    "{name} {} and gets {role} through another session. That is role chaining: STS caps such a session at 3600 seconds, whatever \
                     the role's MaxSessionDuration. Its calls fail with ExpiredToken {} after it has got its credentials.",
                    found.length_in_words(),
                    found.lease()
                ))
                .remedies(subject.ways_of_a_chain(found.job)),
        )
    }));
}
