//! Fixes that change a role or a permission set. Each command names its account, if known.

use super::trust::{TrustedPrincipal, add_statement, trust_statement};
use super::{BlockKind, Fix, FixPlace};
use crate::inventory::{FunctionArn, Origin, PrincipalKind, RoleRef, Seconds};
use crate::templates::{PlannedParameter, PlannedRole};

/// The condition beside a value that the run did not read: a shorter one would be for everyone.
pub(super) const UNLESS_LONGER: &str = ", unless it is that long already";

/// Sets the role's MaxSessionDuration. `why` continues the sentence. The file that defines a planned role is changed,
/// because its next deployment would undo a command.
pub(crate) fn set_max_session(place: &FixPlace<'_>, role: &RoleRef, why: &str, seconds: Seconds) -> Fix {
    let (name, n) = (role.name(), seconds.0);
    let cloudformation = format!("Type: AWS::IAM::Role\nProperties:\n  RoleName: {name}\n  MaxSessionDuration: {n}");
    let fix = match place.planned.get(role) {
        Some(planned) => set_planned_max_session(planned, name, why, seconds, &cloudformation),
        None => {
            let fix = Fix::step(format!("Set MaxSessionDuration of {name} to {n} ({seconds}){why}."));
            // A command with an unknown role name would change nothing, or another role.
            let Some(_) = role.account() else { return sets_maximum(fix, role, seconds) };
            let (account, option) = (place.account_comment(role), role_name(role));
            let read = match place.has_read(role) {
                true => String::new(),
                false => format!("aws iam get-role {option} --query Role.MaxSessionDuration\n"),
            };
            let terraform = format!(
                "resource \"aws_iam_role\" \"example\" {{\n  name                 = \"{name}\"\n  \
                 max_session_duration = {n}\n}}"
            );
            fix.cli(format!("{account}{read}aws iam update-role {option} --max-session-duration {n}"))
                .infrastructure(cloudformation, terraform)
        }
    };
    sets_maximum(fix, role, seconds)
}

fn sets_maximum(mut fix: Fix, role: &RoleRef, seconds: Seconds) -> Fix {
    fix.effect.max_sessions.insert(role.clone(), seconds);
    fix
}

/// The change of the file that defines a planned role: its parameter, its property or its argument.
fn set_planned_max_session(
    planned: &PlannedRole,
    name: &str,
    why: &str,
    seconds: Seconds,
    cloudformation: &str,
) -> Fix {
    let n = seconds.0;
    if let Some(address) = &planned.terraform {
        let step = format!("In the Terraform configuration, set max_session_duration of {address} to {n} ({seconds})");
        return Fix::step(format!("{step}{why}."))
            .block(BlockKind::Terraform, format!("# in {address}\nmax_session_duration = {n}"));
    }
    match &planned.max_session_parameter {
        Some(PlannedParameter { name: parameter, from }) => Fix::step(format!(
            "In {from}, set the Default of parameter {parameter}, the MaxSessionDuration of {name}, to {n} \
             ({seconds}){why}. A deployment that passes another value for {parameter} keeps that value."
        ))
        .block(BlockKind::CloudFormation, format!("Parameters:\n  {parameter}:\n    Default: {n}")),
        None => Fix::step(format!("In {}, set MaxSessionDuration of {name} to {n} ({seconds}){why}.", planned.from))
            .block(BlockKind::CloudFormation, cloudformation),
    }
}

/// Raises the role's MaxSessionDuration, and says for whom the maximum counts.
pub(crate) fn raise_max_session(place: &FixPlace<'_>, role: &RoleRef, why: &str, seconds: Seconds) -> Fix {
    let mut fix = set_max_session(place, role, why, seconds);
    if let Some(part) = fix.parts.last_mut() {
        part.step.push_str(&caution_of_a_maximum(role.name(), Some(seconds)));
    }
    fix
}

/// The caution beside a higher MaxSessionDuration. `to`: the new value, if it is known.
pub(crate) fn caution_of_a_maximum(role: &str, to: Option<Seconds>) -> String {
    let up_to = to.map_or_else(|| "longer sessions".to_owned(), |to| format!("up to {to}"));
    format!(" Everyone who may assume {role} can then request {up_to}. A higher maximum alone lengthens no session.")
}

/// Adds a statement to the trust policy of a role, beside the statements that are there.
pub(super) fn add_to_trust(place: &FixPlace<'_>, fix: Fix, role: &RoleRef, principal: &TrustedPrincipal<'_>) -> Fix {
    let external_id = place.inventory.declared(role).and_then(|role| role.external_id.as_deref());
    let statement = match (place.origin(), principal) {
        (Origin::Workflows, TrustedPrincipal::Source(PrincipalKind::WebIdentity)) => {
            trust_statement(&TrustedPrincipal::GitHub(role), None)
        }
        (Origin::Inventory | Origin::Profiles | Origin::Workflows, _) => trust_statement(principal, external_id),
    };
    let (sentence, commands) = match place.planned.get(role) {
        Some(planned) => (format!("Add the statement to {}.", trust_of(planned, role.name())), None),
        None => (
            format!("Add the statement to the trust policy of {}.", role.name()),
            Some(format!("{}{}", place.account_comment(role), add_statement(&role_name(role)))),
        ),
    };
    let mut fix = fix;
    if let Some(part) = fix.parts.last_mut() {
        part.step = format!("{} {sentence}", part.step);
    }
    let fix = fix.block(BlockKind::TrustPolicy, statement);
    match commands {
        Some(commands) => fix.cli(commands),
        None => fix,
    }
}

/// The property of the file that defines the role's trust policy.
pub(crate) fn trust_of(planned: &PlannedRole, name: &str) -> String {
    match &planned.terraform {
        Some(address) => format!("assume_role_policy of {address} in the Terraform configuration"),
        None => format!("AssumeRolePolicyDocument of {name} in {}", planned.trust_from),
    }
}

/// Sets the Timeout of a Lambda function.
pub(crate) fn set_timeout(place: &FixPlace<'_>, function: &FunctionArn, timeout: Seconds) -> Fix {
    let account = place.account(function.account());
    Fix::step(format!(
        "Set the Timeout of {} to {timeout}, if the declared value is the intended one.",
        function.name()
    ))
    .cli(format!(
        "# in account {account}\n\
             aws lambda update-function-configuration --region {} --function-name {} --timeout {}",
        function.region(),
        function.name(),
        timeout.0
    ))
}

/// Sets the session duration of a permission set. The update has no effect without provisioning. `is_read`: the run
/// read the present duration. Otherwise the update could shorten the sessions of everyone.
pub(crate) fn permission_set(place: &FixPlace<'_>, session: Seconds, is_read: bool) -> Fix {
    const SET: &str = "--instance-arn INSTANCE_ARN --permission-set-arn PERMISSION_SET_ARN";
    let (unless, read) = match is_read {
        true => ("", String::new()),
        false => (
            UNLESS_LONGER,
            format!("aws sso-admin describe-permission-set {SET} --query PermissionSet.SessionDuration\n"),
        ),
    };
    let step = format!(
        "Set the permission set's session duration to {session}, for everyone who uses it{unless}, then provision it: \
         until then, nothing changes."
    );
    let session = match session.0 {
        seconds if seconds % 3600 == 0 => format!("PT{}H", seconds / 3600),
        seconds => format!("PT{}M", seconds / 60),
    };
    Fix::step(place.declare(&step, "declare it as the source's `session`.")).cli(format!(
        "# in the account that administers IAM Identity Center\n\
         {read}aws sso-admin update-permission-set {SET} --session-duration {session}\n\
         aws sso-admin provision-permission-set {SET} --target-type ALL_PROVISIONED_ACCOUNTS"
    ))
}

/// `--role-name NAME`.
pub(crate) fn role_name(role: &RoleRef) -> String {
    crate::shell::option("--role-name", role.name_in_command())
}

/// Raises the sign-in session of `aws login`. UpdateRole without MaxSessionDuration sets that value to one hour.
pub(super) fn signin_session(place: &FixPlace<'_>, role: Option<&RoleRef>, session: Seconds) -> Fix {
    let name = role.map_or_else(|| "--role-name ROLE_NAME".to_owned(), role_name);
    let account = role.map_or_else(String::new, |role| place.account_comment(role));
    let step = format!(
        "Set MaxSigninSessionDuration of the role signed in with to {session}. Repeat the role's MaxSessionDuration in \
         the command: without it, UpdateRole sets it to 1h."
    );
    Fix::step(place.declare(&step, "declare it as the source's `signin_session`.")).cli(format!(
        "{account}aws iam get-role {name} --query Role.MaxSessionDuration\n\
         aws iam update-role {name} --max-signin-session-duration {} --max-session-duration CURRENT_VALUE",
        session.0
    ))
}
