//! `waiver-unused`: a waiver covers no finding. Only a complete, unfiltered `check` can detect this.

use super::evidence::FactKind;
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use super::waivers::{self, WaiverGroup};
use crate::fixes::Fix;
use crate::inventory::Waiver;

define!(
    "waiver-unused",
    Low,
    detect: &[Detect::UnusedWaivers(find)],
    change_facts: &[FactKind::WaivedFinding, FactKind::WaiverNames, FactKind::WaivedUntil],
);

fn find<'a>(subject: &Subject<'a>, unused: &[&'a Waiver], out: &mut Vec<Finding>) {
    waivers::add_findings(subject, FindingId::WaiverUnused, unused.iter().copied(), describe, out);
}

fn describe(finding: Finding, group: &WaiverGroup<'_>) -> Finding {
    let subject = group.subject_of_title();
    let title = match group.is_single() {
        true => format!("{subject} covers no finding"),
        false => format!("{subject} matched no finding"),
    };
    let detail = group.sentences(|waiver| {
        format!(
            "The waiver at {} (\"{}\") covers no finding of this run. Either the finding is fixed, or the waiver has \
             a typing error.",
            waiver.location, waiver.reason
        )
    });
    let fix = match group.is_single() {
        true => "Remove it, or correct its `finding`, `job` and `role`.",
        false => "Remove them, or correct their `finding`, `job` and `role`.",
    };
    finding.titled(title).detailed(detail).fixes([Fix::step(fix)])
}
