//! `requested-duration-too-short`: the client asks for less than the job needs.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::lease::rules::ASSUME_ROLE_MINIMUM;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::RequestedDurationTooShort).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        let (name, role) = (&found.job.name, hop.role.name());
        // What they send where nobody has said anything (rebuy-de/aws-nuke#667, spinnaker/clouddriver#6344).
        let by_itself = if lease.requested == ASSUME_ROLE_MINIMUM { ", as Go's stscreds and Java SDK 1 do by themselves" } else { "" };
        Some(
            found
                .finding()
                .titled(format!("{name} needs {}, and asks {role} for {}", found.needed(), lease.requested))
                .detailed(format!(
                    "{name} {} on a session for which its client asks {} seconds{by_itself}. Its calls fail with ExpiredToken {} after it has got its \
                     credentials.",
                    found.length_in_words(), lease.requested.0, found.lease()
                ))
                .remedies(subject.ways(found.job)),
        )
    }));
}
