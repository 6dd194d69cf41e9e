//! Fixes that change the request for a session, or the caller of a role.

use super::roles::add_to_trust;
use super::sources::profile_setting;
use super::trust::TrustedPrincipal;
use super::{BlockKind, Fix, FixPlace};
use crate::inventory::{FirstCall, Job, LengthDefault, Origin, PrincipalKind, RoleRef, Seconds, Source};
use crate::shell::option;

/// Requests a session of another length at a hop.
pub(super) fn request_duration(place: &FixPlace<'_>, job: &Job, index: usize, seconds: Seconds) -> Option<Fix> {
    let (n, role) = (seconds.0, &job.path.get(index)?.role);
    let name = role.name();
    let call = if index == 0 { job.source.first_call() } else { FirstCall::AssumeRole };
    Some(match place.origin() {
        Origin::Profiles => request_in_profile(place, job, index, seconds),
        Origin::Workflows => {
            let at = place.login_at(job, index).map_or_else(String::new, |at| format!(", {at}"));
            Fix::step(format!("Set `role-duration-seconds` to {n} ({seconds}) in the step that assumes {name}{at}."))
                .block(BlockKind::Workflow, format!("role-duration-seconds: {n}"))
        }
        Origin::Inventory => {
            let step =
                format!("Request {n} seconds ({seconds}) in the {} call for {name}{}", call.name(), in_config(call, n));
            let declared = format!("declare `duration: {seconds}` on its hop.");
            Fix::step(place.declare(&format!("{step}."), &declared))
        }
    })
}

/// The key of a file that makes the client send the duration.
fn in_config(call: FirstCall, seconds: u64) -> String {
    match call {
        FirstCall::AssumeRole => format!(" (in its profile: `duration_seconds = {seconds}`)"),
        FirstCall::WebIdentity => format!(" (in a GitHub workflow: `role-duration-seconds: {seconds}`)"),
        FirstCall::Saml | FirstCall::AccountAccess => String::new(),
    }
}

/// The profile's own key, or its name where several profiles lead to the hop.
fn request_in_profile(place: &FixPlace<'_>, job: &Job, index: usize, seconds: Seconds) -> Fix {
    let (n, role) = (seconds.0, &job.path[index].role);
    match place.profile(job, index) {
        Some(profile) => Fix::step(format!("Request {seconds} from {}.", role.name()))
            .cli(format!("aws configure set duration_seconds {n} {}", option("--profile", &profile))),
        None => Fix::step(format!("Request {seconds} in the profile whose role_arn is {role}."))
            .block(BlockKind::AwsConfig, format!("duration_seconds = {n}")),
    }
}

/// Sends no DurationSeconds at a hop.
pub(super) fn send_no_duration(place: &FixPlace<'_>, job: &Job, index: usize) -> Option<Fix> {
    let role = &job.path.get(index)?.role;
    let name = role.name();
    let granted = "STS then grants 1h, which every role allows.";
    if place.origin() == Origin::Profiles {
        let profile = place
            .profile(job, index)
            .map_or_else(|| format!("the profile whose role_arn is {role}"), |profile| format!("profile {profile}"));
        return Some(Fix::step(format!("Remove the line `duration_seconds` from {profile}. {granted}")));
    }
    let where_sent = if index == 0 && job.source.is_exchanged() {
        "Remove --duration-seconds from the call, or `role-duration-seconds` from a GitHub workflow."
    } else {
        "Remove duration_seconds from its profile. Go's stscreds and Java SDK 1 send 15m by default: set 1h there."
    };
    let step = format!("Send no DurationSeconds for {name}: {granted} {where_sent}");
    Some(Fix::step(place.declare(&step, "leave `duration` out on its hop.")))
}

/// Reaches the last role by OIDC, without a session in between.
pub(super) fn exchange_for_last(place: &FixPlace<'_>, source: &Source, role: &RoleRef, was_chained: bool) -> Fix {
    let name = role.name();
    let what = if was_chained { "Shorten the chain" } else { "Start from an OIDC token" };
    let step = format!(
        "{what}: let the job assume {name} directly by AssumeRoleWithWebIdentity. The account of {name} needs an OIDC \
         provider."
    );
    let step = match (place.origin(), source) {
        (Origin::Workflows, Source::IamUser { .. } | Source::SessionToken { .. }) => format!(
            "{step} Afterwards, delete the access key in IAM and in GitHub's secrets: until then, everyone who holds \
             a copy can use it."
        ),
        _ => step,
    };
    let declared = format!("declare `source: web-identity` with {name} alone as the path.");
    let principal = TrustedPrincipal::Source(PrincipalKind::WebIdentity);
    let fix = add_to_trust(place, Fix::step(place.declare(&step, &declared)), role, &principal);
    match place.origin() {
        Origin::Workflows => fix.block(
            BlockKind::Workflow,
            format!(
                "permissions:\n  id-token: write\n  contents: read\n# in the step of the login, without \
                 access keys and role-chaining\nrole-to-assume: {}",
                role.arn_in_command()
            ),
        ),
        Origin::Inventory | Origin::Profiles => fix,
    }
}

/// The caller of a role after a hop is removed.
pub(super) enum NewCaller<'a> {
    /// The role of the hop before.
    Role(&'a RoleRef),
    /// The source of the job; `None`: no principal stands for it.
    Source(Option<PrincipalKind>),
}

/// Removes a hop: the caller assumes `next` itself.
pub(super) fn leave_out(place: &FixPlace<'_>, job: &Job, hop: &RoleRef, caller: &NewCaller<'_>, next: &RoleRef) -> Fix {
    let (hop_name, name) = (hop.name(), next.name());
    let step = match caller {
        NewCaller::Role(caller) => format!(
            "Leave {hop_name} out: let {0} assume {name} itself. The policies of {0} must allow sts:AssumeRole on \
             {name}.",
            caller.name()
        ),
        NewCaller::Source(_) if job.source.is_exchanged() => {
            format!("Leave {hop_name} out: exchange the source's token for {name} itself.")
        }
        NewCaller::Source(_) => format!(
            "Leave {hop_name} out: let the job's source assume {name} itself. Its policies must allow \
             sts:AssumeRole on {name}."
        ),
    };
    let step = match place.origin() {
        Origin::Inventory => place.declare(&step, &format!("remove {hop_name} from the path.")),
        Origin::Profiles => match (caller, profile_setting(&job.source)) {
            (NewCaller::Source(_), Some(setting)) => {
                format!("{step} Write `{setting}` in the profile of {name} in place of its source_profile.")
            }
            (NewCaller::Source(_) | NewCaller::Role(_), _) => {
                format!("{step} Set source_profile of the profile to the profile before {hop_name}.")
            }
        },
        Origin::Workflows => format!("{step} Remove the step that assumes {hop_name}, and `role-chaining`."),
    };
    let principal = match caller {
        NewCaller::Role(role) => role.arn().map(|arn| TrustedPrincipal::Role { arn: arn.as_str(), session_names: &[] }),
        NewCaller::Source(kind) => kind.map(TrustedPrincipal::Source),
    };
    let principal = principal.unwrap_or(TrustedPrincipal::Role { arn: "CALLER_ARN", session_names: &[] });
    add_to_trust(place, Fix::step(step), next, &principal)
}

/// Declares how long a workflow's job uses its credentials.
pub(crate) fn state_timeout(source: &Source) -> Fix {
    Fix::step(match source.length_default() {
        LengthDefault::LongestTimeout => {
            "In the inventory, declare the job's `length`, the Timeout of the function, or let `check` read it: give \
             the checker lambda:GetFunctionConfiguration."
        }
        LengthDefault::OfService => "Set the timeout where the job is defined, to the longest run that you accept.",
        LengthDefault::OfWorkflow => {
            "State how long the job uses the credentials: write `timeout-minutes` on the job, or on each step after \
             the login, with the longest run that you accept."
        }
    })
}
