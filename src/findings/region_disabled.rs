//! `region-disabled`: STS is not activated in the Region.

use super::evidence::FactKind;
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;

define!(
    "region-disabled",
    High,
    detect: &[Detect::Refusal { applies, describe }],
    change_facts: &[FactKind::Jobs],
);

fn applies(class: Class) -> bool {
    matches!(class, Class::RegionDisabled)
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let account = refused.role.account();
    let title = format!("{} was not checked: STS is not activated in this Region", refused.role.name());
    Some(
        refused
            .finding(FindingId::RegionDisabled)
            .titled(title)
            .detailed(format!("{} failed: {}.", refused.call(), refused.answer()))
            .fixes([
                Fix::step(format!(
                    "Activate STS for the Region in account {account}: IAM console, Account settings, Security Token \
                     Service."
                )),
                Fix::step("Run the checker and the job in a Region where STS is active.")
                    .shell("export AWS_REGION=eu-west-1"),
            ]),
    )
}
