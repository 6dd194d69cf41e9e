//! `max-session-unreachable`: every path reaches the role by role chaining, so its MaxSessionDuration has no effect.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::lease::rules::{CHAIN_CAP, DEFAULT_MAX_SESSION};

define!(
    "max-session-unreachable",
    Low,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::MaxSession],
);

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for role in &subject.plan.path_roles {
        let Some(max) = subject.max_session(role).filter(|max| *max > CHAIN_CAP) else { continue };
        if subject.users_of(role).iter().any(|(job, index)| !job.is_chained(*index)) {
            continue;
        }
        let name = role.name();
        let title = format!("{name} allows {max}, but every job reaches it by role chaining, which STS caps at 1h");
        let detail = format!(
            "Every path of the inventory assumes {name} with the credentials of a session, so STS refuses requests \
             over {} seconds. The MaxSessionDuration of {} seconds does not help these jobs. It lets anyone who \
             assumes the role directly keep a session longer.",
            CHAIN_CAP.0, max.0
        );
        out.push(
            subject
                .role_finding(FindingId::MaxSessionUnreachable, role)
                .evidence(Fact::MaxSession(max), subject.max_session_provenance(role))
                .evidence(Fact::Cap(CHAIN_CAP), Provenance::Sts("role chaining"))
                .titled(title)
                .detailed(detail)
                .fixes([subject.set_max_session(role, "; first ask who else uses the role", DEFAULT_MAX_SESSION)]),
        );
    }
}
