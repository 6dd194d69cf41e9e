//! `waiver-unused`: a waiver matches nothing. Only a complete, unfiltered `check` can tell.

use super::waivers::{finding_about, push_once, subject_of};
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::remedy::Remedy;

/// Reports the waivers among `unused`, which are indices into the inventory's.
pub(super) fn find(subject: &Subject<'_>, unused: &[usize], out: &mut Vec<Finding>) {
    for waiver in unused.iter().filter_map(|index| subject.inventory.waivers.get(*index)) {
        let finding = finding_about(subject, FindingId::WaiverUnused, waiver)
            .titled(format!("The waiver of {} for {} matches nothing", waiver.finding, subject_of(waiver)))
            .detailed(format!(
                "The waiver at {} (\"{}\") covers no finding of this run: what it was for is mended, or its names have a typing error.",
                waiver.location, waiver.reason
            ))
            .remedies([Remedy::step("Take it out, or correct its `finding`, `job` and `role`.")]);
        push_once(out, finding);
    }
}
