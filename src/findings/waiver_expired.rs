//! `waiver-expired`: a waiver has expired and covers no finding any more.

use super::evidence::FactKind;
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use super::waivers::{self, WaiverGroup};
use crate::fixes::Fix;

define!(
    "waiver-expired",
    Medium,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::WaivedFinding, FactKind::WaiverNames, FactKind::WaivedUntil],
);

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let expired = subject.inventory.waivers.iter().filter(|waiver| waiver.until < subject.today);
    waivers::add_findings(subject, FindingId::WaiverExpired, expired, describe, out);
}

fn describe(finding: Finding, group: &WaiverGroup<'_>) -> Finding {
    let subject = group.subject_of_title();
    let title = match group.is_single() {
        true => format!("{subject} expired on {}", group.first.until),
        false => format!("{subject} expired"),
    };
    let detail = group.sentences(|waiver| {
        format!(
            "The waiver at {} (\"{}\") was valid up to and including {} (UTC). It no longer covers any finding.",
            waiver.location, waiver.reason, waiver.until
        )
    });
    let fixes = match group.is_single() {
        true => [
            format!("Fix the finding that it covered ({}), and remove the waiver.", group.findings()),
            "If the reason is still valid, have it approved again with a new `until`.".to_owned(),
        ],
        false => [
            format!("Fix the findings that they covered ({}), and remove the waivers.", group.findings()),
            "If a reason is still valid, have it approved again with a new `until`.".to_owned(),
        ],
    };
    finding.titled(title).detailed(detail).fixes(fixes.map(Fix::step))
}
