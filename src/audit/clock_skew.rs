//! `clock-skew`: the clock of the checker and of AWS differ, because STS says so or by the Date header of the answers.

use super::refused::Refusals;
use super::{Finding, Subject};
use crate::failure::Class;
use crate::finding::FindingId;
use crate::inventory::Seconds;
use crate::remedy::Remedy;

/// The checker's clock may be this far off before it is reported; AWS refuses at 15 minutes, some services at 5.
const TOLERATED: u64 = 240;

pub(super) fn find(subject: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    let set_the_clock = || {
        Remedy::step("Let the machine keep its time by NTP (chrony, systemd-timesyncd); in a virtual machine, after a pause as well.").cli("timedatectl status\nchronyc tracking")
    };
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::ClockSkew).map(|(_, refused)| {
        let direction = if refused.failure.class == Class::ClockFast { "ahead of" } else { "behind" };
        refused
            .finding(FindingId::ClockSkew)
            .titled(format!("{} was not checked: the checker's clock is {direction} AWS's", refused.role.name()))
            .detailed(format!(
                "{} failed with {}. AWS refuses requests whose time is 15 minutes or more off its own.",
                refused.call(),
                refused.answer()
            ))
            .remedies([set_the_clock()])
    }));
    if let Some(offset) = subject.facts.clock_offset
        && offset.unsigned_abs() >= TOLERATED
    {
        let direction = if offset > 0 { "ahead of" } else { "behind" };
        let off = Seconds(offset.unsigned_abs());
        out.push(
            Finding::new(FindingId::ClockSkew, None, None, None)
                .evidence("clock_offset_seconds", offset, "the checker's clock minus the Date header of AWS's answers")
                .titled(format!("The checker's clock is {off} {direction} AWS's"))
                .detailed(format!(
                    "The Date header of AWS's answers and the checker's own clock differ by {off}. AWS refuses requests that are 15 minutes off, some services \
                     at 5 minutes, and clients that renew credentials by their own clock do so too early or too late."
                ))
                .remedies([set_the_clock()]),
        );
    }
}
