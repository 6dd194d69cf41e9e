//! `assume-denied`: AssumeRole was refused with AccessDenied.

use super::refused::{Refusals, Refused};
use super::remedy::Remedy;
use super::{Finding, Subject};
use crate::failure::denial_cause;
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, role), _)| *id == FindingId::AssumeDenied && !met.contains_key(&(FindingId::RoleMissing, *role))).map(
        |(_, refused)| {
            let cause = match denial_cause(&refused.failure.message) {
                Some(cause) => format!("AWS names the cause: {cause}."),
                None => String::from(
                    "STS gives this same answer for four causes and does not say which: the role does not exist, its trust policy does not allow the \
                     caller, the caller's own policies do not allow sts:AssumeRole on it, or a service control policy denies it."
                ),
            };
            refused
                .finding(FindingId::AssumeDenied)
                .titled(format!("{} cannot be assumed: AccessDenied", refused.role.name()))
                .detailed(format!("{} was refused with AccessDenied. {cause}{}", refused.call(), refused.about_the_checker()))
                .remedies(remedies(subject, refused))
        },
    ));
}

fn remedies(subject: &Subject<'_>, refused: &Refused<'_>) -> Vec<Remedy> {
    let (role, name) = (refused.role, refused.role.name());
    let of_session = refused.failure.caller_role.as_ref().map(ToString::to_string);
    let caller = of_session.or_else(|| refused.failure.caller.as_deref().map(principal));
    let caller = caller.unwrap_or_else(|| "CALLER_ARN".to_owned());
    // Only the checker's own role is known by its session alone, and a session's ARN leaves out the path.
    let path = if refused.failure.caller_role.is_none() { " (with its role's path, if it has one)" } else { "" };
    let reader = subject.plan.readers.iter().find(|step| refused.is_reader && step.reader.role == *role);
    let external_id =
        reader.map_or_else(|| subject.inventory.role(role).external_id, |step| step.reader.external_id.clone());
    let condition = external_id.map_or_else(String::new, |id| {
        format!(",\n  \"Condition\": {{\"StringEquals\": {{\"sts:ExternalId\": \"{id}\"}}}}")
    });
    let mut remedies = vec![
        Remedy::step(format!("Check that the role exists and whom it trusts; its trust policy needs a statement for {caller}{path}, as below."))
            .cli(format!(
                "aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument\n# the statement\n{{\n  \"Effect\": \"Allow\",\n  \"Principal\": {{\"AWS\": \"{caller}\"}},\n  \"Action\": \"sts:AssumeRole\"{condition}\n}}"
            )),
        Remedy::step(format!("Check that the policies of {caller} allow sts:AssumeRole on {role}, and that no service control policy denies it."))
            .cli(format!("aws iam simulate-principal-policy --policy-source-arn {caller} --action-names sts:AssumeRole --resource-arns {role}")),
    ];
    if !refused.is_reader {
        remedies.push(Remedy::step(format!(
            "Where the checker is not meant to assume {name}, declare `assume: false` on the role."
        )));
    }
    remedies
}

/// The principal that a trust policy names for a caller: a session's role, or the caller itself.
fn principal(caller: &str) -> String {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    match parts[..] {
        [_, partition, "sts", _, account, resource] if resource.starts_with("assumed-role/") => {
            format!("arn:{partition}:iam::{account}:role/{}", resource.split('/').nth(1).unwrap_or_default())
        }
        _ => caller.to_owned(),
    }
}
