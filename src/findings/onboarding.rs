//! One cause for many refusals: most roles refuse the checker itself, so its own setup is likelier to be incomplete
//! than the trust policy of each role.

use std::collections::BTreeSet;

use super::evidence::CommonRefusal;
use super::refused::Refused;
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::facts::{CheckerKind, StepOutcome};
use crate::fixes::{self, Fix};
use crate::inventory::RoleArn;

/// The roles that refused the checker together with this one: most of all accounts, else most of its account.
pub(super) fn common_refusal(subject: &Subject<'_>, refused: &Refused<'_>) -> Option<CommonRefusal> {
    let called = match (refused.is_reader, refused.is_of_the_checker_alone()) {
        (true, _) => readers(subject),
        (false, true) => first_roles(subject),
        (false, false) => return None,
    };
    let of_account = called.iter().copied().filter(|(role, _)| role.account() == refused.role.account());
    most(&called).filter(|all| all.accounts > 1).or_else(|| most(&of_account.collect()))
}

/// The roles that the checker assumes with its own credentials, and whether they refused it.
fn first_roles<'a>(subject: &Subject<'a>) -> BTreeSet<(&'a RoleArn, bool)> {
    let steps = subject.plan.steps.iter().zip(&subject.facts.steps).filter(|(step, _)| step.parent.is_none());
    let is_denied =
        |outcome: &StepOutcome| matches!(outcome, StepOutcome::Failed(failure) if failure.class == Class::Denied);
    steps.map(|(step, outcome)| (&step.role, is_denied(outcome))).collect()
}

/// The readers, and whether they refused the checker.
fn readers<'a>(subject: &Subject<'a>) -> BTreeSet<(&'a RoleArn, bool)> {
    let failures = &subject.facts.reader_failures;
    let is_denied =
        |role: &RoleArn| failures.iter().any(|failure| failure.target == *role && failure.class == Class::Denied);
    subject.plan.readers.iter().map(|step| (&step.reader.role, is_denied(&step.reader.role))).collect()
}

/// The refusals, if they are several and more than half of the calls.
fn most(called: &BTreeSet<(&RoleArn, bool)>) -> Option<CommonRefusal> {
    let denied = || called.iter().filter(|(_, is_denied)| *is_denied).map(|(role, _)| *role);
    let (refused, tried) = (denied().count(), called.len());
    let accounts = denied().map(RoleArn::account).collect::<BTreeSet<_>>().len();
    (refused > 1 && refused * 2 > tried).then_some(CommonRefusal { refused, tried, accounts })
}

/// The roles that refused the checker, and what that means for the jobs.
pub(super) fn why(refused: &Refused<'_>, common: CommonRefusal) -> String {
    let whose = if refused.is_reader { "No job uses these readers." } else { "The jobs have other callers." };
    format!("{common} refused the checker. {whose}")
}

/// The setup of the checker, before the trust policy of each role.
pub(super) fn check_the_checker(
    subject: &Subject<'_>,
    refused: &Refused<'_>,
    caller: &str,
    common: CommonRefusal,
) -> Fix {
    let place = if common.accounts > 1 { "the accounts" } else { "the account" };
    if refused.is_reader {
        return Fix::step(format!(
            "Check first whether member-role.yaml is deployed to {place}, with {caller} as its FunctionRoleArn and \
             with the ExternalId of the inventory (guide \"Deploy\", section \"Reader roles in other accounts\")."
        ))
        .cli("aws cloudformation list-stack-instances --stack-set-name credential-health-reader");
    }
    let guide = "guide \"Deploy\", section \"How job roles trust the checker\"";
    Fix::step(match (subject.facts.checker_kind, refused.failure.caller.as_deref()) {
        (CheckerKind::CommandLine, Some(caller)) => format!(
            "You call as {caller}. If that is not the checker's role, use --profile with a profile of that role. Check \
             the checker's own setup first: {guide}."
        ),
        (CheckerKind::CommandLine, None) => format!("Check the checker's own setup first: {guide}."),
        (CheckerKind::Function, _) => format!(
            "The function calls as {caller}. Check the checker's own setup first: RolePatterns of its stack, the \
             external IDs of the inventory, and the {guide}."
        ),
    })
}

/// The only fix for a root user: no trust policy helps it.
pub(super) fn use_another_identity(root: &str) -> Fix {
    Fix::step(format!(
        "You call as {root}, a root user, which cannot assume any role. Use --profile with a profile of the checker's \
         role."
    ))
}

/// The name of a session does not limit it: docs/deploy.md has the policy.
pub(super) fn only_look(roles: &str) -> Fix {
    Fix::step(format!(
        "In a policy of {roles}, deny such sessions every action but sts:AssumeRole, sts:SetSourceIdentity and \
         iam:GetRole: else the checker can do all that the role can do."
    ))
}

/// The fix of one role in the words for many: the statement is the same for each.
pub(super) fn add_the_statement(of_one_role: Fix) -> Fix {
    let mut fix = of_one_role;
    fix.parts.truncate(1);
    for part in &mut fix.parts {
        part.step = "Add the statement to the trust policy of each role that lacks it:".to_owned();
    }
    fixes::together([fix, only_look("each role")])
}
