//! `max-session-over-provisioned`: the role's MaxSessionDuration is above what its jobs need.

use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for arn in subject.plan.roles.keys() {
        let Some(max) = subject.max_session(arn) else { continue };
        let Some(needed) = subject.hours_needed(arn) else { continue };
        if max <= needed {
            continue;
        }
        let name = arn.name();
        out.push(
            subject
                .role_finding(FindingId::MaxSessionOverProvisioned, arn)
                .evidence("max_session_duration_seconds", max.0, subject.max_session_source(arn))
                .evidence("needed_seconds", needed.0, "the smallest whole hour that serves every job that reaches the role directly")
                .titled(format!("{name} allows sessions of {max}; its jobs need {needed}"))
                .detailed(format!(
                    "The MaxSessionDuration of {name} is {} seconds, and {} seconds serve every job that reaches it directly, margins included. A leaked \
                     session of this role stays valid longer than any job needs.",
                    max.0, needed.0
                ))
                .remedies([subject.set_max_session(arn, ": enough for the longest job, and no more", needed)]),
        );
    }
}
