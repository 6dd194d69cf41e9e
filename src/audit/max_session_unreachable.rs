//! `max-session-unreachable`: a MaxSessionDuration above one hour that no job can have, since every path chains.

use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::lease::rules::{CHAIN_CAP, DEFAULT_MAX_SESSION};

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for arn in subject.plan.roles.keys() {
        let Some(max) = subject.max_session(arn).filter(|max| *max > CHAIN_CAP) else { continue };
        if subject.users_of(arn).iter().any(|(job, index)| !job.is_chained(*index)) {
            continue;
        }
        let name = arn.name();
        out.push(
            subject
                .role_finding(FindingId::MaxSessionUnreachable, arn)
                .evidence("max_session_duration_seconds", max.0, subject.max_session_source(arn))
                .evidence("cap_seconds", CHAIN_CAP.0, "STS: role chaining")
                .titled(format!("{name} allows sessions of {max}, but every job reaches it by role chaining, capped at 1h"))
                .detailed(format!(
                    "Every path of the inventory assumes {name} with the credentials of a session, so STS refuses more than 3600 seconds. Its \
                     MaxSessionDuration of {} seconds helps none of these jobs, and lets anyone who reaches the role directly hold it longer.",
                    max.0
                ))
                .remedies([subject.set_max_session(arn, ", all that a chained job can have", DEFAULT_MAX_SESSION)]),
        );
    }
}
