//! `max-session-drift`: the declared MaxSessionDuration is not the live one, or not the one that a template or a plan sets.

use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::remedy;
use crate::remedy::Remedy;
use crate::templates::Setting;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for arn in subject.plan.roles.keys() {
        let (Some(live), Some(declared)) =
            (subject.facts.max_session(arn), subject.inventory.role(arn).max_session_duration)
        else {
            continue;
        };
        if live == declared {
            continue;
        }
        let name = arn.name();
        out.push(
            subject
                .role_finding(FindingId::MaxSessionDrift, arn)
                .evidence("live_seconds", live.0, "IAM GetRole")
                .evidence("declared_seconds", declared.0, "inventory: max_session_duration")
                .titled(format!("{name} has a MaxSessionDuration of {live}; the inventory declares {declared}"))
                .detailed(format!(
                    "IAM says {} seconds, the inventory {} seconds. This run judged by the live value; `lint` judges by the declared one, so a pipeline may \
                     pass what the live role refuses, or the other way round.",
                    live.0, declared.0
                ))
                .remedies([
                    Remedy::step(format!("Declare what is live: `max_session_duration: {live}` for {arn}.")),
                    remedy::set_max_session(arn, ", if the declared value is what was meant", declared),
                ]),
        );
    }
}

/// The same for a role that a template or a plan defines: before it is deployed.
pub(super) fn find_planned(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for arn in subject.plan.roles.keys().filter(|arn| subject.facts.max_session(arn).is_none()) {
        let (Some(planned), Some(declared)) = (subject.planned(arn), subject.inventory.role(arn).max_session_duration)
        else {
            continue;
        };
        let Setting::Known(set) = planned.max_session else { continue };
        if set == declared {
            continue;
        }
        let name = arn.name();
        out.push(
            subject
                .role_finding(FindingId::MaxSessionDrift, arn)
                .evidence("planned_seconds", set.0, planned.max_session_from.as_str())
                .evidence("declared_seconds", declared.0, "inventory: max_session_duration")
                .titled(format!("{name} will have a MaxSessionDuration of {set}; the inventory declares {declared}"))
                .detailed(format!(
                    "It will be {} seconds ({}); the inventory declares {} seconds. This run judged by what will be deployed. By the inventory alone, `lint` \
                     judges by a value that is not so.",
                    set.0, planned.max_session_from, declared.0
                ))
                .remedies([
                    Remedy::step(format!("Declare what will be: `max_session_duration: {set}` for {arn}.")),
                    subject.set_max_session(arn, ", if the declared value is what was meant", declared),
                ]),
        );
    }
}
