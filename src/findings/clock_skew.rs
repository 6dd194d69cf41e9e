//! `clock-skew`: the checker's clock differs from AWS's clock, by an error of STS or by the Date header of answers.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;
use crate::inventory::Seconds;

define!(
    "clock-skew",
    High,
    detect: &[Detect::Refusal { applies, describe }, Detect::Facts(find_offset)],
    change_facts: &[FactKind::Jobs, FactKind::ClockOffset],
);

/// The smallest offset that is reported. AWS refuses requests at 15 minutes, some services at 5 minutes.
const TOLERATED: Seconds = Seconds::minutes(4);

fn applies(class: Class) -> bool {
    matches!(class, Class::ClockSlow | Class::ClockFast)
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let direction = if refused.failure.class == Class::ClockFast { "ahead of" } else { "behind" };
    let name = refused.role.name();
    let detail = format!(
        "{} failed with {}. AWS refuses requests whose time differs from its own by 15 minutes or more.",
        refused.call(),
        refused.answer()
    );
    Some(
        refused
            .finding(FindingId::ClockSkew)
            .titled(format!("{name} was not checked: the checker's clock is {direction} AWS's clock"))
            .detailed(detail)
            .fixes([synchronize_the_clock()]),
    )
}

fn find_offset(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let Some(offset) = subject.facts.clock_offset else { return };
    let size = Seconds(offset.unsigned_abs());
    if size < TOLERATED {
        return;
    }
    let direction = if offset > 0 { "ahead of" } else { "behind" };
    let detail = format!(
        "The checker's clock differs by {size} from the Date header of AWS's answers. AWS refuses requests at a \
         difference of 15 minutes, some services at 5 minutes. Programs that renew credentials by this clock renew \
         them too early or too late."
    );
    let provenance = Provenance::Derived("the checker's clock minus the Date header of AWS's answers");
    out.push(
        Finding::new(FindingId::ClockSkew, None, None, None)
            .evidence(Fact::ClockOffset(offset), provenance)
            .titled(format!("The checker's clock is {size} {direction} AWS's clock"))
            .detailed(detail)
            .fixes([synchronize_the_clock()]),
    );
}

fn synchronize_the_clock() -> Fix {
    Fix::step(
        "Synchronize the machine's clock by NTP (chrony, systemd-timesyncd), also after a virtual machine resumes.",
    )
    .shell("timedatectl status\nchronyc tracking")
}
