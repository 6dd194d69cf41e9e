//! `assume-denied`: AssumeRole was refused with AccessDenied, or will be, by the trust policy of a template or a plan.

use super::planned::{Asked, asked};
use super::refused::{Refusals, Refused};
use super::{Finding, Subject, common_owner};
use crate::failure::denial_cause;
use crate::finding::FindingId;
use crate::inventory::{Job, RoleArn};
use crate::remedy::Remedy;
use crate::templates::policy::{Answer, Caller, PrincipalKind};

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

/// The same for a role that a template or a plan defines: before it is deployed. One finding a role, at the first hop.
pub(super) fn find_planned(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let asked = asked(subject);
    let refused: Vec<&Asked<'_>> = asked.iter().filter(|asked| matches!(asked.answer, Answer::Refuses(_))).collect();
    for (at, first) in refused.iter().enumerate() {
        if refused[..at].iter().any(|earlier| earlier.role == first.role) {
            continue;
        }
        let all: Vec<&Asked<'_>> = refused[at..].iter().copied().filter(|one| one.role == first.role).collect();
        out.push(planned(subject, first.role, &all));
    }
}

fn planned(subject: &Subject<'_>, role: &RoleArn, all: &[&Asked<'_>]) -> Finding {
    let (name, from) = (role.name(), all.first().map_or("", |asked| asked.planned.trust_from.as_str()));
    let jobs = || all.iter().flat_map(|asked| asked.jobs.iter().copied());
    let mut names: Vec<&str> = jobs().map(|job: &Job| job.name.as_str()).collect();
    names.dedup();
    let callers: Vec<String> = all.iter().map(|asked| asked.caller.to_string()).collect();
    let mut reasons: Vec<&str> = all
        .iter()
        .filter_map(|asked| if let Answer::Refuses(reasons) = &asked.answer { Some(reasons) } else { None })
        .flatten()
        .map(String::as_str)
        .collect();
    reasons.dedup();
    let why =
        if reasons.is_empty() { "it has no statement that allows anything".to_owned() } else { reasons.join("; ") };
    Finding::about_role(FindingId::AssumeDenied, role, all.iter().map(|asked| asked.hop).min())
        .owned_by(common_owner(jobs()))
        .evidence("callers", callers.clone(), "inventory: path")
        .evidence("reasons", why.clone(), from)
        .evidence("jobs", names, "inventory")
        .titled(format!("{name} will not trust {}", caller_name(all)))
        .detailed(format!(
            "The trust policy of {from} lets in nobody like {}: {why}. Once it is deployed, STS refuses the call with AccessDenied. This is read from \
             the file; no call was made.",
            callers.join(", ")
        ))
        .remedies(all.iter().take(1).map(|asked| trust_remedy(subject, asked)))
        .remedies([Remedy::step("Where the path of the inventory is not what the job does, correct the path.")])
}

fn caller_name(all: &[&Asked<'_>]) -> String {
    match all {
        [Asked { caller: Caller::Role(role), .. }] => role.name().to_owned(),
        [Asked { caller, .. }] => caller.to_string(),
        several => format!("{} of the hops before it", several.len()),
    }
}

/// The statement that the trust policy lacks.
fn trust_remedy(subject: &Subject<'_>, asked: &Asked<'_>) -> Remedy {
    let (principal, action) = match asked.caller {
        Caller::Role(role) => (format!("{{\"AWS\": \"{role}\"}}"), "sts:AssumeRole"),
        Caller::Source(_, PrincipalKind::WebIdentity) => {
            ("{\"Federated\": \"OIDC_PROVIDER_ARN\"}".to_owned(), "sts:AssumeRoleWithWebIdentity")
        }
        Caller::Source(_, PrincipalKind::Saml) => {
            ("{\"Federated\": \"SAML_PROVIDER_ARN\"}".to_owned(), "sts:AssumeRoleWithSAML")
        }
        Caller::Source(..) => ("{\"AWS\": \"CALLER_ARN\"}".to_owned(), "sts:AssumeRole"),
    };
    let external_id = subject.inventory.role(asked.role).external_id;
    let condition = external_id.map_or_else(String::new, |id| {
        format!(",\n  \"Condition\": {{\"StringEquals\": {{\"sts:ExternalId\": \"{id}\"}}}}")
    });
    Remedy::step(format!(
        "Give the trust policy in {} a statement for {}, as below; if it asks for an external ID, declare it as `external_id` of the role.",
        asked.planned.from, asked.caller
    ))
    .cli(format!("{{\n  \"Effect\": \"Allow\",\n  \"Principal\": {principal},\n  \"Action\": \"{action}\"{condition}\n}}"))
}
