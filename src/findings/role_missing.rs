//! `role-missing`: the role does not exist in IAM, or a plan deletes it.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;
use crate::shell;

define!(
    "role-missing",
    Critical,
    detect: &[Detect::Refusal { applies, describe }, Detect::Facts(find_planned)],
    change_facts: &[FactKind::Jobs],
);

fn applies(class: Class) -> bool {
    matches!(class, Class::RoleMissing)
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let (name, account) = (refused.role.name(), refused.role.account());
    let detail = format!(
        "IAM answered {} with \"{}\", so no job can assume this role. Sessions of a deleted role fail at once with \
         InvalidClientTokenId, even if a role of the same name is created again.",
        refused.call(),
        refused.message()
    );
    Some(
        refused
            .finding(FindingId::RoleMissing)
            .titled(format!("{name} does not exist in account {account}"))
            .detailed(detail)
            .fixes([
                Fix::step("Correct the ARN in the inventory, its path included, or create the role again.")
                    .cli(format!("# in account {account}\naws iam get-role {}", shell::option("--role-name", name))),
                Fix::step("If the role was deleted on purpose, remove its jobs from the inventory."),
            ]),
    )
}

/// Finds roles that a plan deletes, before the plan is applied.
fn find_planned(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for role in &subject.plan.path_roles {
        let planned = subject.facts.planned_role(role);
        let (Some(planned), Some(account)) = (planned.filter(|planned| planned.deleted), role.account()) else {
            continue;
        };
        let hop = subject.users_of(role).iter().map(|(_, hop)| *hop).min();
        let detail = format!(
            "{} deletes the role. Once the plan is applied, no job can assume the role, and its sessions fail at once \
             with InvalidClientTokenId, even if a role of the same name is created again.",
            planned.from
        );
        out.push(
            subject
                .role_finding(FindingId::RoleMissing, role)
                .at_hop(hop)
                .evidence(Fact::PlanAction("delete"), Provenance::Planned(planned.from.clone()))
                .titled(format!("{} will be deleted from account {account}", role.name()))
                .detailed(detail)
                .fixes([
                    Fix::step("Keep the role until no job uses it, or first move its jobs to another role."),
                    Fix::step(
                        "If the role is deleted on purpose, remove its jobs from the inventory in the same change.",
                    ),
                ]),
        );
    }
}
