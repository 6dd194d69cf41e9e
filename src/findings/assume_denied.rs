//! `assume-denied`: AssumeRole was refused with AccessDenied, or the trust policy of a template or plan will refuse it.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{CommonRefusal, Fact, FactKind, Provenance};
use super::model::Finding;
use super::onboarding;
use super::planned::{PlannedCall, planned_calls};
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, Severity, define};
use super::subject::Subject;
use crate::aws::errors::{Class, denial_cause};
use crate::fixes::{self, BlockKind, Fix, TrustedPrincipal};
use crate::inventory::{JobName, RoleArn, is_account};
use crate::shell::{option, word};
use crate::templates::policy::{TrustAnswer, TrustCaller};
use crate::visible::first_of;

define!(
    "assume-denied",
    Critical,
    detect: &[Detect::Refusal { applies, describe }, Detect::Facts(find_planned)],
    change_facts: &[FactKind::Jobs],
);

fn applies(class: Class) -> bool {
    matches!(class, Class::Denied)
}

/// At `path[0]` only the checker was refused. STS may accept the job, so the finding is medium there.
fn describe(subject: &Subject<'_>, refused: &Refused<'_>, all: &Refusals<'_>) -> Option<Finding> {
    if all.contains_key(&(FindingId::RoleMissing, refused.role)) {
        return None;
    }
    let name = refused.role.name();
    let of_checker_alone = refused.is_of_the_checker_alone();
    let title = match of_checker_alone {
        true => format!("The checker may not assume {name}: paths behind it are not checked"),
        false => format!("{name} cannot be assumed: AccessDenied"),
    };
    let cause = match denial_cause(&refused.failure.message) {
        Some(cause) => format!("AWS names the cause: {cause}."),
        None => "STS gives this answer for four causes and does not say which: the role does not exist; its trust \
                 policy does not allow the caller; the caller's policies do not allow sts:AssumeRole on it; a service \
                 control policy denies it."
            .to_owned(),
    };
    // The ARN of a session has no path of its role.
    let path_is_open = session_role(refused).is_some_and(|role| !is_of_identity_center(role));
    let path_hint = match path_is_open {
        true => " If the role of the checker has a path, add the path to aws:PrincipalArn of the statement.",
        false => "",
    };
    let note = refused.note_on_the_checker();
    let detail = format!("{} was refused with AccessDenied. {cause}{note}{path_hint}", refused.call());
    let mut finding = refused.finding(FindingId::AssumeDenied).titled(title).detailed(detail);
    let common = onboarding::common_refusal(subject, refused);
    if let Some(common) = common {
        finding = finding.evidence(Fact::CommonRefusal(common), Provenance::ThisRun);
    }
    finding = match (common, of_checker_alone, refused.is_reader) {
        (Some(common), ..) => finding.because(onboarding::why(refused, common)),
        (None, true, _) => finding.because("Only the checker was refused. STS may accept the callers of the jobs."),
        (None, false, true) if reads_tags(subject, refused) => {
            finding.because("The role is a reader: the jobs in the tags of its account's roles were not checked.")
        }
        (None, false, true) => {
            finding.because("The role is a reader: no job uses it, but MaxSessionDuration is not read.")
        }
        (None, false, false) => finding.because(cause),
    };
    if of_checker_alone {
        finding.severity = Severity::Medium;
    }
    if refused.is_reader {
        finding = finding.owned_by([subject.inventory.platform_owner.as_deref()]);
    }
    Some(finding.fixes(fixes(subject, refused, common)))
}

/// Whether the reader was to read the tags that declare jobs.
fn reads_tags(subject: &Subject<'_>, refused: &Refused<'_>) -> bool {
    let mut folders = subject.inventory.discover.folders.iter();
    folders.any(|folder| refused.role.account() == folder.account.as_str())
}

fn fixes(subject: &Subject<'_>, refused: &Refused<'_>, common: Option<CommonRefusal>) -> Vec<Fix> {
    let (role, name) = (refused.role, refused.role.name());
    let caller = caller_arn(refused);
    if is_root(&caller) {
        return vec![onboarding::use_another_identity(&caller)];
    }
    let external_ids = external_ids(subject, refused);
    let external_ids_agree = external_ids.len() < 2;
    let of_this_role = match external_ids.len() {
        0 | 1 => {
            let external_id = external_ids.into_keys().next().flatten();
            check_role_and_trust(refused, &caller, &session_names(subject, refused), external_id.as_deref())
        }
        _ => compare_external_ids(role, &external_ids),
    };
    let mut fixes = vec![
        match common {
            Some(common) if external_ids_agree && !refused.is_reader => fixes::together([
                onboarding::check_the_checker(subject, refused, &caller, common),
                onboarding::add_the_statement(of_this_role),
            ]),
            Some(common) => {
                fixes::together([onboarding::check_the_checker(subject, refused, &caller, common), of_this_role])
            }
            None => of_this_role,
        },
        Fix::step(format!(
            "Check that the policies of {caller} allow sts:AssumeRole on {role}, and that no service control policy \
             denies it."
        ))
        .cli(format!(
            "{}aws iam simulate-principal-policy --policy-source-arn {} --action-names sts:AssumeRole \
             --resource-arns {}",
            account_comment(&caller),
            role_to_simulate(refused, &caller),
            word(role.as_str())
        )),
    ];
    if !refused.is_reader {
        let step =
            format!("If the checker must not assume {name}, declare `assume: false` on the role in the inventory.");
        fixes.push(Fix::step(step));
    }
    fixes
}

/// The external IDs of the calls, each with the files whose jobs make it. A reader has one.
fn external_ids<'a>(subject: &Subject<'_>, refused: &Refused<'a>) -> BTreeMap<Option<String>, BTreeSet<&'a str>> {
    let reader = subject.plan.readers.iter().find(|step| refused.is_reader && step.reader.role == *refused.role);
    if let Some(step) = reader {
        let declared = || subject.inventory.role(refused.role).external_id;
        return BTreeMap::from([(step.reader.external_id.clone().or_else(declared), BTreeSet::new())]);
    }
    let mut ids: BTreeMap<Option<String>, BTreeSet<&str>> = BTreeMap::new();
    for job in refused.jobs() {
        let id = subject.details_for(job, refused.role).external_id;
        ids.entry(id).or_default().insert(&job.location.file);
    }
    ids
}

/// The names of the checker's sessions of the role; empty if a role of the path makes the call: its sessions have the
/// names of the job.
fn session_names(subject: &Subject<'_>, refused: &Refused<'_>) -> Vec<String> {
    if refused.failure.caller_role.is_some() {
        return Vec::new();
    }
    let declared: BTreeSet<Option<String>> = match refused.is_reader {
        true => BTreeSet::from([subject.inventory.role(refused.role).session_name]),
        false => refused.jobs().map(|job| subject.details_for(job, refused.role).session_name).collect(),
    };
    let name = |name: Option<String>| name.unwrap_or_else(|| fixes::CHECKER_SESSION_NAMES.to_owned());
    declared.into_iter().map(name).collect()
}

/// Whether the role exists, and the statement that its trust policy may lack.
fn check_role_and_trust(
    refused: &Refused<'_>,
    caller: &str,
    session_names: &[String],
    external_id: Option<&str>,
) -> Fix {
    let (role, name_option) = (refused.role, option("--role-name", refused.role.name()));
    let statement = fixes::trust_statement(&TrustedPrincipal::Role { arn: caller, session_names }, external_id);
    let trust = Fix::step(format!(
        "Check that the role exists. Add the statement to its trust policy, unless the policy allows {caller} already."
    ))
    .block(BlockKind::TrustPolicy, statement)
    .cli(format!("# in account {}\n{}", role.account(), fixes::add_statement(&name_option)));
    match refused.failure.caller_role.is_none() && !refused.is_reader {
        true => fixes::together([trust, onboarding::only_look("the role")]),
        false => trust,
    }
}

/// Files of several teams declare different external IDs for the role. Which one is right, only its trust policy says.
fn compare_external_ids(role: &RoleArn, ids: &BTreeMap<Option<String>, BTreeSet<&str>>) -> Fix {
    const MOST_FILES: usize = 3;
    let declared = ids.iter().map(|(id, files)| {
        let id = id.as_ref().map_or_else(|| "none".to_owned(), |id| format!("`{id}`"));
        let files: Vec<&str> = files.iter().copied().collect();
        format!("{id} in {}", first_of(&files, MOST_FILES))
    });
    Fix::step(format!(
        "The files declare different external IDs for {}: {}. Compare them with sts:ExternalId in the role's trust \
         policy, and correct the files that declare another one.",
        role.name(),
        declared.collect::<Vec<_>>().join("; ")
    ))
    .cli(format!(
        "# in account {}\naws iam get-role {} --query Role.AssumeRolePolicyDocument",
        role.account(),
        option("--role-name", role.name())
    ))
}

/// The ARN for a trust policy: the role of a session, otherwise the ARN itself.
fn caller_arn(refused: &Refused<'_>) -> String {
    match (&refused.failure.caller_role, refused.failure.caller.as_deref()) {
        (Some(role), _) => role.to_string(),
        (None, Some(caller)) => principal_of(caller),
        (None, None) => "CALLER_ARN".to_owned(),
    }
}

/// Root users may not assume roles (STS API Reference, "AssumeRole").
fn is_root(caller: &str) -> bool {
    caller.splitn(6, ':').nth(5) == Some("root")
}

fn account_comment(arn: &str) -> String {
    arn.split(':')
        .nth(4)
        .filter(|account| is_account(account))
        .map_or_else(String::new, |account| format!("# in account {account}\n"))
}

/// The role of a session. Its ARN has no path, but that of a role of IAM Identity Center is known: with the Region of
/// the instance, or without one where that is us-east-1 (IAM Identity Center User Guide, "Referencing permission sets
/// in resource policies").
fn principal_of(caller: &str) -> String {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    match (&parts[..], name_of_session_role(caller)) {
        ([_, partition, _, _, account, _], Some(role)) => {
            let path = if is_of_identity_center(role) { "aws-reserved/sso.amazonaws.com*/" } else { "" };
            format!("arn:{partition}:iam::{account}:role/{path}{role}")
        }
        _ => caller.to_owned(),
    }
}

/// The name of the role, if the caller is a session whose role's ARN is not known.
fn session_role<'a>(refused: &Refused<'a>) -> Option<&'a str> {
    let caller = refused.failure.caller.as_deref().filter(|_| refused.failure.caller_role.is_none());
    caller.and_then(name_of_session_role)
}

fn name_of_session_role(caller: &str) -> Option<&str> {
    let (_, resource) = caller.split_once(":assumed-role/")?;
    resource.split('/').next()
}

fn is_of_identity_center(role: &str) -> bool {
    role.starts_with("AWSReservedSSO_")
}

/// The ARN of the caller as a word of a shell, with the path of its role.
fn role_to_simulate(refused: &Refused<'_>, caller: &str) -> String {
    match session_role(refused) {
        Some(role) => {
            format!("\"$(aws iam get-role {} --query Role.Arn --output text)\"", option("--role-name", role))
        }
        None => word(caller),
    }
}

/// Finds roles whose planned trust policy refuses a caller: one finding per role, at the first hop.
fn find_planned(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let calls = planned_calls(subject);
    let refused: Vec<&PlannedCall<'_>> =
        calls.iter().filter(|call| matches!(call.answer, TrustAnswer::Refuses(_))).collect();
    for (at, first) in refused.iter().enumerate() {
        if refused[..at].iter().any(|earlier| earlier.role == first.role) {
            continue;
        }
        let all: Vec<&PlannedCall<'_>> = refused[at..].iter().copied().filter(|one| one.role == first.role).collect();
        out.push(describe_planned(first, &all));
    }
}

fn describe_planned(first: &PlannedCall<'_>, all: &[&PlannedCall<'_>]) -> Finding {
    let (name, from) = (first.role.name(), first.planned.trust_from.as_str());
    let jobs = || all.iter().flat_map(|call| call.jobs.iter().copied());
    let mut names: Vec<JobName> = jobs().map(|job| job.name.clone()).collect();
    names.dedup();
    let mut callers: Vec<String> = all.iter().map(|call| call.caller.to_string()).collect();
    callers.dedup();
    let why = reasons(all);
    let because = format!("{from} does not allow {}: {why}.", callers.join(", "));
    let detail = format!(
        "The trust policy of {from} does not allow {}: {why}. Once it is deployed, STS refuses the call with \
         AccessDenied. This conclusion is from the file; no call was made.",
        callers.join(", ")
    );
    Finding::about_role(FindingId::AssumeDenied, first.role, all.iter().map(|call| call.hop).min())
        .owned_by_each(jobs())
        .evidence(Fact::Callers(callers), Provenance::Inventory("path"))
        .evidence(Fact::Reasons(why), Provenance::Planned(from.to_owned()))
        .evidence(Fact::Jobs(names), Provenance::WholeInventory)
        .titled(format!("{name} will not trust {}", describe_callers(all)))
        .because(because)
        .detailed(detail)
        .fixes([
            allow_the_caller(first),
            Fix::step("If the job does not use this path, correct the path in the inventory."),
        ])
}

fn reasons(all: &[&PlannedCall<'_>]) -> String {
    let stated = all.iter().filter_map(|call| match &call.answer {
        TrustAnswer::Refuses(reasons) => Some(reasons),
        TrustAnswer::Allows | TrustAnswer::NotConcluded(_) => None,
    });
    let mut reasons: Vec<&str> = stated.flatten().map(String::as_str).collect();
    reasons.dedup();
    if reasons.is_empty() { "it has no statement that allows anything".to_owned() } else { reasons.join("; ") }
}

fn describe_callers(all: &[&PlannedCall<'_>]) -> String {
    let mut callers: Vec<TrustCaller<'_>> = all.iter().map(|call| call.caller).collect();
    callers.dedup();
    match callers[..] {
        [TrustCaller::Role(role)] => role.name().to_owned(),
        [caller] => caller.to_string(),
        _ => format!("{} callers of its paths", callers.len()),
    }
}

/// The statement that the trust policy lacks.
fn allow_the_caller(call: &PlannedCall<'_>) -> Fix {
    let principal = match call.caller {
        TrustCaller::Role(caller) => TrustedPrincipal::Role { arn: caller.as_str(), session_names: &[] },
        TrustCaller::Source(_, kind) => TrustedPrincipal::Source(kind),
    };
    Fix::step(format!(
        "Add the statement to {}. If the policy requires an external ID, declare it as `external_id` of the role in \
         the inventory.",
        fixes::trust_of(call.planned, call.role.name())
    ))
    .block(BlockKind::TrustPolicy, fixes::trust_statement(&principal, call.external_id.as_deref()))
}
