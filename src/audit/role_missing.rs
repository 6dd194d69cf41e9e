//! `role-missing`: IAM says that the role does not exist, or a plan deletes it.

use super::refused::Refusals;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::RoleArn;
use crate::remedy::Remedy;

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

/// The same for a role that a plan deletes: before it is applied.
pub(super) fn find_planned(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let deleted = |role: &RoleArn| subject.facts.planned.roles.get(role).filter(|planned| planned.deleted);
    for (role, planned) in subject.plan.roles.keys().filter_map(|role| Some((role, deleted(role)?))) {
        let hop = subject.users_of(role).iter().map(|(_, hop)| *hop).min();
        let (name, account) = (role.name(), role.account());
        out.push(
            subject
                .role_finding(FindingId::RoleMissing, role)
                .at_hop(hop)
                .evidence("plan", "delete", planned.from.as_str())
                .titled(format!("{name} will be deleted from account {account}"))
                .detailed(format!(
                    "{} deletes the role. Once it is applied, no job can assume it, and sessions that it has given fail at once with InvalidClientTokenId, \
                     even when a role of the same name is made again.",
                    planned.from
                ))
                .remedies([
                    Remedy::step("Keep the role until no job uses it, or move its jobs to another role first."),
                    Remedy::step("Where the role is taken away on purpose, take its jobs out of the inventory in the same change."),
                ]),
        );
    }
}
