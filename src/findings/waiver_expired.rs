//! `waiver-expired`: a waiver has expired and covers no finding any more.

use super::evidence::FactKind;
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use super::waivers;
use crate::fixes::Fix;

define!(
    "waiver-expired",
    Medium,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::WaivedFinding, FactKind::WaiverNames, FactKind::WaivedUntil],
);

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let expired = subject.inventory.waivers.iter().filter(|waiver| waiver.until < subject.today);
    let findings = expired.map(|waiver| {
        let (covered, names) = (waiver.finding, waivers::describe_names(waiver));
        let detail = format!(
            "The waiver at {} (\"{}\") was valid up to and including {} (UTC). It no longer covers any finding.",
            waiver.location, waiver.reason, waiver.until
        );
        waivers::finding_about(subject, FindingId::WaiverExpired, waiver)
            .titled(format!("The waiver of {covered} for {names} expired on {}", waiver.until))
            .detailed(detail)
            .fixes([
                Fix::step(format!("Fix the finding that it covered ({covered}), and remove the waiver.")),
                Fix::step("If the reason is still valid, have it approved again with a new `until`."),
            ])
    });
    waivers::push_once(out, findings);
}
