//! `region-disabled`: STS is not activated in the Region.

use super::refused::Refusals;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::remedy::Remedy;

pub(super) fn find(_: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::RegionDisabled).map(|(_, refused)| {
        let (name, account) = (refused.role.name(), refused.role.account());
        refused
            .finding(FindingId::RegionDisabled)
            .titled(format!("{name} was not checked: STS is not activated in this Region"))
            .detailed(format!("{} failed: {}", refused.call(), refused.answer()))
            .remedies([
                Remedy::step(format!("Activate STS for the Region in account {account}: IAM console, Account settings, Security Token Service.")),
                Remedy::step("Run the checker, and the job, in a Region where it is active.").cli("export AWS_REGION=eu-west-1"),
            ])
    }));
}
