//! `max-session-drift`: the declared MaxSessionDuration is not the live one.

use super::remedy::Remedy;
use super::{Finding, Subject, remedy};
use crate::finding::FindingId;

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
