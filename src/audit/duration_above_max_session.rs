//! `duration-above-max-session`: a requested DurationSeconds is over the role's MaxSessionDuration.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::DurationAboveMaxSession).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        let max = found.max_session(&hop.role)?;
        Some(
            found
                .finding()
                .evidence("max_session_duration_seconds", max.0, subject.max_session_source(&hop.role))
                .titled(format!("{} cannot start: it asks {} for {}, which allows {max}", found.job.name, hop.role.name(), lease.requested))
                .detailed(format!(
                    "{} asks for {} seconds, and the MaxSessionDuration of {} is {} seconds. STS refuses such a request: \"The requested \
                     DurationSeconds exceeds the MaxSessionDuration set for this role.\" It does not shorten it, so the job has no credentials.",
                    found.job.name, lease.requested.0, hop.role.name(), max.0
                ))
                .remedies(subject.ways(found.job)),
        )
    }));
}
