//! `max-session-over-provisioned`: the role's MaxSessionDuration is above what its jobs need (lease-rules A).

use super::{Finding, Subject, remedy};
use crate::finding::FindingId;
use crate::inventory::{Refresh, Seconds};
use crate::lease::rules::DEFAULT_MAX_SESSION;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for arn in subject.plan.roles.keys() {
        let Some(max) = subject.max_session(arn) else { continue };
        let Some(needed) = needed_hours(subject, arn) else { continue };
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
                .remedies([remedy::set_max_session(arn, ": enough for the longest job, and no more", needed)]),
        );
    }
}

/// The smallest whole hour, at least one, that serves every requested duration of a direct hop to the role, and
/// needed + margin of each job without refresh whose last hop it is; `None` where no job reaches it directly.
fn needed_hours(subject: &Subject<'_>, arn: &crate::inventory::RoleArn) -> Option<Seconds> {
    let direct = subject.users_of(arn).iter().filter(|(job, index)| !job.is_chained(*index));
    let wanted = direct.map(|(job, index)| {
        let requested = job.path[*index].duration.unwrap_or_default();
        let alone = index + 1 == job.path.len() && job.refresh == Refresh::None;
        if alone { requested.max(job.needed() + job.margin) } else { requested }
    });
    wanted.max().map(|longest| longest.rounded_up_to_hours().max(DEFAULT_MAX_SESSION))
}
