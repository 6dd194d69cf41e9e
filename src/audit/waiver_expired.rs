//! `waiver-expired`: a waiver has run out, and works no longer.

use super::waivers::finding_about;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::remedy::Remedy;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for waiver in subject.inventory.waivers.iter().filter(|waiver| waiver.until < subject.today) {
        let finding = finding_about(subject, FindingId::WaiverExpired, waiver)
            .titled(format!(
                "The waiver of {} for {} ran out on {}",
                waiver.finding,
                super::waivers::subject_of(waiver),
                waiver.until
            ))
            .detailed(format!(
                "The waiver at {} (\"{}\") held until {}, that day included, in UTC. It covers nothing any more.",
                waiver.location, waiver.reason, waiver.until
            ))
            .remedies([
                Remedy::step(format!("Mend what it covered ({}), and take the waiver out.", waiver.finding)),
                Remedy::step("If the reason still holds, have it approved again with a new `until`."),
            ]);
        super::waivers::push_once(out, finding);
    }
}
