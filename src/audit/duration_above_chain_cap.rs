//! `duration-above-chain-cap`: a chained hop asks for more than one hour.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::DurationAboveChainCap).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        Some(
            found
                .finding()
                .titled(format!("{} cannot start: it asks {} for {} by role chaining, which allows 1h", found.job.name, hop.role.name(), lease.requested))
                .detailed(format!(
                    "{} assumes {} with the credentials of a session. That is role chaining, and STS refuses more than 3600 seconds then, whatever \
                     the role's MaxSessionDuration: \"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
                     chaining.\" The job has no credentials.",
                    found.job.name, hop.role.name()
                ))
                .remedies(subject.ways(found.job)),
        )
    }));
}
