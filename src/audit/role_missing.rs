//! `role-missing`: IAM says that the role does not exist.

use super::refused::Refusals;
use super::remedy::Remedy;
use super::{Finding, Subject};
use crate::finding::FindingId;

pub(super) fn find(_: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::RoleMissing).map(|(_, refused)| {
        let (name, account) = (refused.role.name(), refused.role.account());
        refused
            .finding(FindingId::RoleMissing)
            .titled(format!("{name} does not exist in account {account}"))
            .detailed(format!(
                "IAM answered {} with \"{}\": no job can assume this role. Sessions of a deleted role fail at once with InvalidClientTokenId, even when a \
                 role of the same name is made again.",
                refused.call(),
                refused.message()
            ))
            .remedies([
                Remedy::step("Correct the ARN in the inventory, path included, or create the role again.").cli(format!("aws iam get-role --role-name {name}")),
                Remedy::step("Where the role was taken away on purpose, take its jobs out of the inventory."),
            ])
    }));
}
