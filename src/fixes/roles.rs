//! Fixes that change a role or a permission set. Each command names its account, if known.

use super::Fix;
use crate::inventory::{RoleRef, Seconds};

/// Sets the role's MaxSessionDuration. `why` continues the sentence.
pub(crate) fn set_max_session(role: &RoleRef, why: &str, seconds: Seconds) -> Fix {
    let (name, n) = (role.name(), seconds.0);
    let mut fix = Fix::step(format!("Set MaxSessionDuration of {name} to {n} ({seconds}){why}."));
    fix.effect.max_sessions.insert(role.clone(), seconds);
    // A command with an unknown role name would change nothing, or another role.
    let Some(account) = role.account() else { return fix };
    fix.cli(format!("# in account {account}\naws iam update-role --role-name {name} --max-session-duration {n}"))
        .infrastructure(
            format!("Type: AWS::IAM::Role\nProperties:\n  RoleName: {name}\n  MaxSessionDuration: {n}"),
            format!(
                "resource \"aws_iam_role\" \"example\" {{\n  name                 = \"{name}\"\n  \
                 max_session_duration = {n}\n}}"
            ),
        )
}

/// Replaces a role's trust policy: the command replaces the whole policy.
pub(super) fn update_trust(role: &RoleRef) -> String {
    let account = role.account().map_or_else(String::new, |account| format!("# in account {account}\n"));
    format!(
        "{account}# trust.json replaces the whole trust policy: keep the statements that others need\n\
         aws iam update-assume-role-policy --role-name {} --policy-document file://trust.json",
        role.name_in_command()
    )
}

/// Sets the session duration of a permission set, in whole hours. The update has no effect without provisioning.
pub(super) fn permission_set(hours: Seconds) -> Fix {
    Fix::step(format!(
        "Set the permission set's session duration to {hours}, provision the permission set again, and declare it as \
         the source's `session`."
    ))
    .cli(format!(
        "# in the account that administers IAM Identity Center\n\
         aws sso-admin update-permission-set --instance-arn INSTANCE_ARN --permission-set-arn PERMISSION_SET_ARN \
         --session-duration PT{}H\n\
         aws sso-admin provision-permission-set --instance-arn INSTANCE_ARN --permission-set-arn PERMISSION_SET_ARN \
         --target-type ALL_PROVISIONED_ACCOUNTS",
        hours.0 / 3600
    ))
}

/// Raises the sign-in session of `aws login`. UpdateRole without MaxSessionDuration sets that value to one hour.
pub(super) fn signin_session(role: Option<&RoleRef>, session: Seconds) -> Fix {
    let name = role.map_or("ROLE_NAME", RoleRef::name_in_command);
    Fix::step(format!(
        "Set MaxSigninSessionDuration of the role signed in with to {session}, and declare it as `signin_session`. \
         Repeat the role's MaxSessionDuration in the command: without it, UpdateRole sets it to 1h."
    ))
    .cli(format!(
        "aws iam get-role --role-name {name} --query Role.MaxSessionDuration\n\
         aws iam update-role --role-name {name} --max-signin-session-duration {} --max-session-duration CURRENT_VALUE",
        session.0
    ))
}
