//! `max-session-over-provisioned`: the role's MaxSessionDuration is longer than its jobs need.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;

define!(
    "max-session-over-provisioned",
    Low,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::MaxSession, FactKind::Needed],
);

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for role in &subject.plan.path_roles {
        let Some(max) = subject.max_session(role) else { continue };
        let Some(needed) = subject.hours_needed(role) else { continue };
        if max <= needed {
            continue;
        }
        let name = role.name();
        let derived =
            Provenance::Derived("the smallest whole hour that serves every job that reaches the role directly");
        let detail = format!(
            "The MaxSessionDuration of {name} is {} seconds. {} seconds serve every declared job that reaches the \
             role directly, margins included. A leaked session of this role stays valid longer than any of these jobs \
             needs.",
            max.0, needed.0
        );
        out.push(
            subject
                .role_finding(FindingId::MaxSessionOverProvisioned, role)
                .evidence(Fact::MaxSession(max), subject.max_session_provenance(role))
                .evidence(Fact::Needed(needed), derived)
                .titled(format!("{name} allows sessions of {max}; its jobs need {needed}"))
                .detailed(detail)
                .fixes([subject.set_max_session(role, "; first ask who else uses the role", needed)]),
        );
    }
}
