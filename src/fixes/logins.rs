//! Fixes that change how a job gets or renews its credentials: profiles, tokens, logins.

use super::Fix;
use crate::inventory::{Job, RoleRef, Seconds, Source};

/// Lets the SDK renew the credentials.
pub(super) fn refresh_by_provider_chain(job: &Job) -> Fix {
    if job.path.is_empty() {
        return Fix::step(
            "Let the SDK renew the credentials: use its default provider chain instead of a copy made once. Then \
             declare `refresh: auto`.",
        );
    }
    let profiles: Vec<String> = (0..job.path.len()).map(|index| profile(job, index)).collect();
    Fix::step(
        "Let the SDK renew the credentials: give the job's clients a profile that assumes the role, instead of \
         credentials copied once. Then declare `refresh: auto`.",
    )
    .cli(format!("# ~/.aws/config: the AWS CLI and the SDKs renew these sessions\n{}", profiles.join("\n")))
}

/// The profile of one hop; the last hop's profile has the job's name.
fn profile(job: &Job, index: usize) -> String {
    let job_name = profile_name(&job.name);
    let name =
        |index: usize| if index + 1 == job.path.len() { job_name.clone() } else { format!("{job_name}-{index}") };
    let hop = &job.path[index];
    if index == 0 && matches!(job.source, Source::Saml { .. }) {
        // The file has no key for assertions: a command exchanges the assertion.
        return format!(
            "[profile {}]\n# a command that exchanges a SAML assertion for {}\ncredential_process = COMMAND",
            name(0),
            hop.role
        );
    }
    let source = match index.checked_sub(1) {
        Some(before) => format!("source_profile = {}", name(before)),
        None => source_setting(&job.source).to_owned(),
    };
    // The AWS CLI ignores duration_seconds if it presents a token.
    let presents_token = index == 0 && matches!(job.source, Source::WebIdentity { .. });
    let sent = hop.duration.filter(|_| !presents_token);
    let duration = sent.map_or_else(String::new, |seconds| format!("\nduration_seconds = {}", seconds.0));
    format!("[profile {}]\nrole_arn = {}\n{source}{duration}", name(index), hop.role.arn_in_command())
}

/// The setting of the first profile for the source's credentials.
fn source_setting(source: &Source) -> &'static str {
    match source {
        Source::WebIdentity { .. } => "web_identity_token_file = TOKEN_FILE",
        Source::Ec2Instance => "credential_source = Ec2InstanceMetadata",
        Source::EcsTask | Source::EksPodIdentity | Source::Codebuild => "credential_source = EcsContainer",
        Source::Lambda => "credential_source = Environment",
        Source::IamUser { .. }
        | Source::SessionToken { .. }
        | Source::FederationToken { .. }
        | Source::Saml { .. }
        | Source::IdentityCenter { .. }
        | Source::AccountAccess { .. }
        | Source::ConsoleLogin { .. }
        | Source::RolesAnywhere { .. }
        | Source::Issued { .. }
        | Source::ServiceRole { .. } => "source_profile = SOURCE_PROFILE",
    }
}

/// A job's name as a profile name: one word of these characters (AWS SDKs and Tools Reference Guide).
fn profile_name(job: &str) -> String {
    job.chars().map(|c| if c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c) { c } else { '-' }).collect()
}

/// Renews in the job's own loop.
pub(super) fn refresh_in_loop(every: Seconds) -> Fix {
    Fix::step(format!(
        "Renew the session in the job's loop at least every {every}, and declare `refresh: {{every: {every}}}`."
    ))
}

/// Starts from the IAM user's long-term key, without a session before the first role.
pub(super) fn long_term_key(role: &RoleRef, mfa: bool) -> Fix {
    let name = role.name();
    if !mfa {
        return Fix::step(format!("Assume {name} with the IAM user's long-term key, and declare `source: iam-user`."));
    }
    Fix::step(format!(
        "Give the MFA code in the AssumeRole call for {name} instead of calling GetSessionToken first. The hop is then \
         direct and may last up to the role's MaxSessionDuration. Declare `source: {{kind: iam-user, mfa: true}}`."
    ))
    .cli(format!(
        "# ~/.aws/config, in the profile of the role: mfa_serial = MFA_ARN\n\
         aws sts assume-role --role-arn {} --role-session-name NAME --serial-number MFA_ARN --token-code CODE",
        role.arn_in_command()
    ))
}

/// Presents a fresh token at each renewal.
pub(super) fn renewable_token() -> Fix {
    Fix::step("Give the SDK a token file that is replaced before each token expires, and declare `renewable: true`.")
        .cli(
            "# ~/.aws/config, in the profile of the role: the SDK reads the file at each renewal\n\
         web_identity_token_file = TOKEN_FILE",
        )
}

/// Uses a broker that issues new credentials without a person.
pub(super) fn renewable_issue() -> Fix {
    Fix::step(
        "Let the job fetch new credentials from the broker before they expire, for example by a `credential_process` \
         in its profile, and declare `renewable: true`.",
    )
}

/// Takes the credentials later.
pub(super) fn younger_credentials(age: Seconds) -> Fix {
    Fix::step(match age {
        Seconds(0) => {
            "Take the credentials when the job starts, after approvals and queues. Leave `age` out.".to_owned()
        }
        age => format!("Take the credentials at most {age} before the job starts, and declare `age: {age}`."),
    })
}

/// Renews a copied session.
pub(super) fn renew_hop(role: &RoleRef) -> Fix {
    Fix::step(format!(
        "Let the job's SDK assume {} itself, by a profile with role_arn, so that it renews that session too. Leave \
         `copied` out on its hop.",
        role.name()
    ))
}

/// Requests a longer session for the source itself.
pub(super) fn source_duration(source: &Source, seconds: Seconds) -> Fix {
    let n = seconds.0;
    let request = |call: &str| {
        Fix::step(format!("Request {n} seconds ({seconds}) from {call}, and declare it as the source's `duration`."))
    };
    match source {
        Source::SessionToken { .. } => {
            request("GetSessionToken").cli(format!("aws sts get-session-token --duration-seconds {n}"))
        }
        Source::FederationToken { .. } => request("GetFederationToken").cli(format!(
            "aws sts get-federation-token --name NAME --policy file://policy.json --duration-seconds {n}"
        )),
        Source::RolesAnywhere { .. } => Fix::step(format!(
            "Set durationSeconds of the Roles Anywhere profile and of the request to {n} ({seconds}), and declare it \
             as the source's `duration`."
        ))
        .cli(format!("aws rolesanywhere update-profile --profile-id PROFILE_ID --duration-seconds {n}")),
        Source::IamUser { .. }
        | Source::WebIdentity { .. }
        | Source::Saml { .. }
        | Source::IdentityCenter { .. }
        | Source::AccountAccess { .. }
        | Source::ConsoleLogin { .. }
        | Source::Ec2Instance
        | Source::EcsTask
        | Source::Lambda
        | Source::Codebuild
        | Source::EksPodIdentity
        | Source::Issued { .. }
        | Source::ServiceRole { .. } => request("the source"),
    }
}

/// Raises the length of the login to the Identity Center portal.
pub(super) fn portal_session(wanted: Seconds) -> Fix {
    Fix::step(format!(
        "Ask the administrator of IAM Identity Center to raise the portal session to at least {wanted}, log in just \
         before the job, and declare it as the source's `portal_session`."
    ))
}

/// Shortens the pause.
pub(super) fn shorter_pause(pause: Seconds) -> Fix {
    Fix::step(match pause {
        Seconds(0) => "Do not let the process freeze while the job runs, and leave `pause` out.".to_owned(),
        pause => format!("Do not let the process freeze for more than {pause}, and declare `pause: {pause}`."),
    })
}

/// Splits the job into shorter runs.
pub(super) fn split_runs(longest: Seconds) -> Fix {
    Fix::step(format!("Split the job into runs of at most {longest}, each with its own credentials."))
}
