//! `max-session-drift`: a declared MaxSessionDuration differs from the live or planned one, or a declared `session` or
//! `length` from the setting of the permission set or the function.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::facts::Drift;
use crate::fixes::{self, Fix};
use crate::inventory::LiveSetting;
use crate::lease::rules::DEFAULT_MAX_SESSION;
use crate::templates::PlannedSetting;

define!(
    "max-session-drift",
    Medium,
    detect: &[Detect::Facts(find_live), Detect::Facts(find_planned), Detect::Facts(find_settings)],
    change_facts: &[FactKind::Live, FactKind::Declared],
);

const DECLARED: Provenance = Provenance::Inventory("max_session_duration");

fn find_live(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for role in &subject.plan.path_roles {
        let Some(live) = subject.facts.max_session(role) else { continue };
        let Some(declared) = subject.declared_otherwise(role, live) else { continue };
        let name = role.name();
        // IAM UpdateRole: "If you do not specify a value for this setting, the default value of one hour is applied."
        let reset = if live == DEFAULT_MAX_SESSION {
            " A call of UpdateRole without MaxSessionDuration sets it to one hour: somebody may have changed another \
             setting of the role and reset this one."
        } else {
            ""
        };
        let detail = format!(
            "IAM returns {} seconds; the inventory declares {} seconds. This run used the live value. `lint` uses the \
             declared value, so a pipeline may pass a job that STS refuses, or fail a job that STS accepts.{reset}",
            live.0, declared.0
        );
        out.push(
            subject
                .role_finding(FindingId::MaxSessionDrift, role)
                .evidence(Fact::Live(live), Provenance::Iam("MaxSessionDuration of GetRole"))
                .evidence(Fact::Declared(declared), DECLARED)
                .titled(format!("{name} has a MaxSessionDuration of {live}; the inventory declares {declared}"))
                .detailed(detail)
                .fixes([
                    Fix::step(format!(
                        "In the inventory, declare the live value: `max_session_duration: {live}` for {name}."
                    )),
                    subject.restore_max_session(role, live, declared),
                ]),
        );
    }
}

/// Finds the drift of a role that a template or a plan defines, before deployment.
fn find_planned(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for role in subject.plan.path_roles.iter().filter(|role| subject.facts.max_session(role).is_none()) {
        let Some(planned) = subject.planned(role) else { continue };
        let PlannedSetting::Known(set) = planned.max_session else { continue };
        let Some(declared) = subject.declared_otherwise(role, set) else { continue };
        let name = role.name();
        let detail = format!(
            "{} sets {} seconds; the inventory declares {} seconds. This run used the planned value. Without the \
             template or plan, `lint` uses the declared value, which is then wrong.",
            planned.max_session_from, set.0, declared.0
        );
        out.push(
            subject
                .role_finding(FindingId::MaxSessionDrift, role)
                .evidence(Fact::Planned(set), Provenance::Planned(planned.max_session_from.clone()))
                .evidence(Fact::Declared(declared), DECLARED)
                .titled(format!("{name} will have a MaxSessionDuration of {set}; the inventory declares {declared}"))
                .detailed(detail)
                .fixes([
                    Fix::step(format!(
                        "In the inventory, declare the planned value: `max_session_duration: {set}` for {name}."
                    )),
                    subject.restore_max_session(role, set, declared),
                ]),
        );
    }
}

/// Finds declared sessions and lengths that differ from the setting that AWS returned.
fn find_settings(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for Drift { job, setting, declared, live } in &subject.facts.drifts {
        let Some(job) = subject.job_named(job) else { continue };
        let (key, name, set) = match setting {
            LiveSetting::PermissionSet(_) => {
                ("session", "SessionDuration", fixes::set_permission_set(&subject.place, *declared, true))
            }
            LiveSetting::Function(function) => {
                ("length", "Timeout", fixes::set_timeout(&subject.place, function, *declared))
            }
        };
        let detail = format!(
            "{setting} has a {name} of {} seconds; the job declares {} seconds as its `{key}`. This run used the live \
             value. `lint` uses the declared value, so a pipeline may pass a job that lapses, or fail a job that is \
             covered.",
            live.0, declared.0
        );
        out.push(
            Finding::about_job(FindingId::MaxSessionDrift, job, None)
                .evidence(Fact::Live(*live), setting.provenance())
                .evidence(Fact::Declared(*declared), Provenance::Inventory(key))
                .titled(format!("Job {} declares a {key} of {declared}; the {name} is {live}", job.name))
                .detailed(detail)
                .fixes([
                    Fix::step(format!(
                        "In the inventory, declare the live value in job {}: `{key}: {live}`.",
                        job.name
                    )),
                    set,
                ]),
        );
    }
}
