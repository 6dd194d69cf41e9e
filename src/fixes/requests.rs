//! Fixes that change the request for a session, or the caller of a role.

use super::Fix;
use super::roles::update_trust;
use crate::inventory::{FirstCall, Hop, RoleRef, Seconds, Source};

/// Requests a session of another length at a hop.
pub(super) fn request_duration(source: &Source, hops: &[Hop], index: usize, seconds: Seconds) -> Option<Fix> {
    let (n, role) = (seconds.0, &hops.get(index)?.role);
    let role_arn = role.arn_in_command();
    let call = if index == 0 { source.first_call() } else { FirstCall::AssumeRole };
    let cli = match call {
        FirstCall::WebIdentity => format!(
            "# configure-aws-credentials in a GitHub workflow: role-duration-seconds: {n}\n\
             aws sts assume-role-with-web-identity --role-arn {role_arn} --role-session-name NAME \
             --web-identity-token file://TOKEN_FILE --duration-seconds {n}"
        ),
        FirstCall::Saml => format!(
            "aws sts assume-role-with-saml --role-arn {role_arn} --principal-arn PROVIDER_ARN \
             --saml-assertion file://ASSERTION_FILE --duration-seconds {n}"
        ),
        FirstCall::AccountAccess => format!("# in the request of the portal's client: sessionDuration {n}"),
        FirstCall::AssumeRole => format!(
            "# ~/.aws/config, in the profile of the role\nduration_seconds = {n}\n# or in the call\n\
             aws sts assume-role --role-arn {role_arn} --role-session-name NAME --duration-seconds {n}"
        ),
    };
    let call = call.name();
    let step = format!(
        "Request {n} seconds ({seconds}) in the {call} call for {}, and declare `duration: {seconds}` on its hop.",
        role.name()
    );
    Some(Fix::step(step).cli(cli))
}

/// Sends no DurationSeconds at a hop.
pub(super) fn send_no_duration(source: &Source, hops: &[Hop], index: usize) -> Option<Fix> {
    let role = &hops.get(index)?.role;
    let cli = if index == 0 && source.is_exchanged() {
        "# configure-aws-credentials in a GitHub workflow: remove role-duration-seconds\n\
         # in a call of the job's own: remove --duration-seconds"
    } else {
        "# ~/.aws/config: remove duration_seconds from the role's profile\n\
         # Go's stscreds and Java SDK 1 send 15m by default: set 1h there"
    };
    let step = format!(
        "Send no DurationSeconds for {}: STS then grants 1h, which every role allows. Leave `duration` out on its hop.",
        role.name()
    );
    Some(Fix::step(step).cli(cli))
}

/// Reaches the last role by OIDC, without a session in between. `requested`: the duration of its call; `None` if
/// another part of the fix holds the call.
pub(super) fn exchange_for_last(role: &RoleRef, was_chained: bool, requested: Option<Option<Seconds>>) -> Fix {
    let name = role.name();
    let what = if was_chained { "Shorten the chain" } else { "Start from an OIDC token" };
    let call = requested.map_or_else(String::new, |duration| {
        let duration = duration.map_or_else(String::new, |seconds| format!(" --duration-seconds {}", seconds.0));
        format!(
            "\naws sts assume-role-with-web-identity --role-arn {} --role-session-name NAME \
             --web-identity-token file://TOKEN_FILE{duration}",
            role.arn_in_command()
        )
    });
    Fix::step(format!(
        "{what}: let the job assume {name} directly by AssumeRoleWithWebIdentity. That needs an OIDC provider in the \
         account of {name}, and the provider in its trust policy. Declare `source: web-identity` with {name} alone as \
         the path."
    ))
    .cli(format!("{}{call}", update_trust(role)))
}

/// Removes a hop: `caller` assumes `next` itself. `caller` is `None` if the source's token is exchanged for `next`.
pub(super) fn leave_out(hop: &RoleRef, caller: Option<&str>, next: &RoleRef) -> Fix {
    let (hop, name) = (hop.name(), next.name());
    let step = match caller {
        Some(caller) => format!(
            "Leave {hop} out: let {caller} assume {name} itself. That needs {caller} in the trust policy of {name}, \
             and sts:AssumeRole on {name} in the policies of {caller}. Remove {hop} from the path."
        ),
        None => format!(
            "Leave {hop} out: exchange the source's token for {name} itself, with the identity provider in its trust \
             policy. Remove {hop} from the path."
        ),
    };
    Fix::step(step).cli(update_trust(next))
}

/// Declares how long a workflow's job uses its credentials.
pub(crate) fn state_timeout() -> Fix {
    Fix::step(
        "State how long the job uses the credentials: write `timeout-minutes` on the job, or on each step after the \
         login, with the longest run that you accept.",
    )
}
