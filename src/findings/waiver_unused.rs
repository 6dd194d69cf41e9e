//! `waiver-unused`: a waiver covers no finding. Only a complete, unfiltered `check` can detect this.

use super::evidence::FactKind;
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use super::waivers;
use crate::fixes::Fix;
use crate::inventory::Waiver;

define!(
    "waiver-unused",
    Low,
    detect: &[Detect::UnusedWaiver(describe)],
    change_facts: &[FactKind::WaivedFinding, FactKind::WaiverNames, FactKind::WaivedUntil],
);

fn describe(subject: &Subject<'_>, waiver: &Waiver) -> Finding {
    let names = waivers::describe_names(waiver);
    let detail = format!(
        "The waiver at {} (\"{}\") covers no finding of this run. Either the finding is fixed, or the waiver has a \
         typing error.",
        waiver.location, waiver.reason
    );
    waivers::finding_about(subject, FindingId::WaiverUnused, waiver)
        .titled(format!("The waiver of {} for {names} covers no finding", waiver.finding))
        .detailed(detail)
        .fixes([Fix::step("Remove it, or correct its `finding`, `job` and `role`.")])
}
