//! Fixes that change how a job gets or renews its credentials: profiles, tokens, logins.

use super::sources::profile_setting;
use super::{BlockKind, Fix, FixPlace};
use crate::inventory::{Job, Origin, RoleRef, Seconds, Source};
use crate::lease::rules;

/// Lets the SDK renew the credentials.
pub(super) fn refresh_by_provider_chain(place: &FixPlace<'_>, job: &Job) -> Fix {
    const DECLARE: &str = "declare `refresh: auto`.";
    if place.origin() == Origin::Profiles {
        let profile = crate::shell::word(job.name.without_copy());
        return Fix::step(format!(
            "Let the job use the profile itself, with AWS_PROFILE={profile}: the AWS CLI and the SDKs then renew the \
             credentials. Do not copy them into environment variables."
        ));
    }
    if job.path.is_empty() {
        let step = "Let the SDK renew the credentials: use its default provider chain instead of a copy made once.";
        return Fix::step(place.declare(step, DECLARE));
    }
    let profiles: Vec<String> = (0..job.path.len()).map(|index| profile(job, index)).collect();
    let step = "Let the SDK renew the credentials: give the job's clients a profile that assumes the role, instead of \
                credentials copied once.";
    Fix::step(place.declare(step, DECLARE)).block(BlockKind::AwsConfig, profiles.join("\n"))
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
    if index == 0
        && matches!(job.source, Source::WebIdentity { renewable: false })
        && hop.duration.is_some_and(|asked| asked != rules::DEFAULT_DURATION)
    {
        // No tool sends duration_seconds where it presents a token, and this token is presented once.
        return format!(
            "[profile {}]\n# from the answer of AssumeRoleWithWebIdentity for {} with the requested duration\n\
             aws_access_key_id = ACCESS_KEY_ID\naws_secret_access_key = SECRET_ACCESS_KEY\n\
             aws_session_token = SESSION_TOKEN",
            name(0),
            hop.role
        );
    }
    let source = match index.checked_sub(1) {
        Some(before) => format!("source_profile = {}", name(before)),
        None => profile_setting(&job.source).unwrap_or("source_profile = SOURCE_PROFILE").to_owned(),
    };
    // No tool sends duration_seconds if it presents a token: `shared_config::effects` has the sources.
    let presents_token = index == 0 && matches!(job.source, Source::WebIdentity { .. });
    let sent = hop.duration.filter(|_| !presents_token);
    let duration = sent.map_or_else(String::new, |seconds| format!("\nduration_seconds = {}", seconds.0));
    format!("[profile {}]\nrole_arn = {}\n{source}{duration}", name(index), hop.role.arn_in_command())
}

/// A job's name as a profile name: one word of these characters (AWS SDKs and Tools Reference Guide).
fn profile_name(job: &str) -> String {
    job.chars().map(|c| if c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c) { c } else { '-' }).collect()
}

/// Renews in the job's own loop.
pub(super) fn refresh_in_loop(place: &FixPlace<'_>, every: Seconds) -> Fix {
    let step = format!("Renew the session in the job's loop at least every {every}.");
    Fix::step(place.declare(&step, &format!("declare `refresh: {{every: {every}}}`.")))
}

/// Starts from the IAM user's long-term key, without a session before the first role.
pub(super) fn long_term_key(place: &FixPlace<'_>, job: &Job, role: &RoleRef, mfa: bool) -> Fix {
    let name = role.name();
    if !mfa {
        let step = format!("Assume {name} with the IAM user's long-term key.");
        return Fix::step(place.declare(&step, "declare `source: iam-user`."));
    }
    let step = format!(
        "Give the MFA code in the AssumeRole call for {name} instead of calling GetSessionToken first. The hop is then \
         direct and may last up to the role's MaxSessionDuration."
    );
    let fix = Fix::step(place.declare(&step, "declare `source: {kind: iam-user, mfa: true}`."));
    match place.profile(job, 0) {
        Some(profile) => {
            fix.cli(format!("aws configure set mfa_serial MFA_ARN {}", crate::shell::option("--profile", &profile)))
        }
        None => fix.block(BlockKind::AwsConfig, format!("# in the profile of {name}\nmfa_serial = MFA_ARN")),
    }
}

/// Presents a fresh token at each renewal.
pub(super) fn renewable_token(place: &FixPlace<'_>) -> Fix {
    let step = "Give the SDK a token file that is replaced before each token expires. In a GitHub job, a program of \
                the job must write it: the login action leaves no token.";
    Fix::step(place.declare(step, "declare `renewable: true`."))
        .block(BlockKind::AwsConfig, "# in the profile of the role\nweb_identity_token_file = TOKEN_FILE")
}

/// Uses a broker that issues new credentials without a person.
pub(super) fn renewable_issue(place: &FixPlace<'_>) -> Fix {
    let step = "Let the job fetch new credentials from the broker before they expire, for example by a \
                `credential_process` in its profile.";
    Fix::step(place.declare(step, "declare `renewable: true`."))
}

/// Takes the credentials later.
pub(super) fn younger_credentials(place: &FixPlace<'_>, age: Seconds) -> Fix {
    if place.origin() == Origin::Workflows {
        return Fix::step(format!(
            "Log in later: move the login to the step before the first one that calls AWS, at most {age} before it."
        ));
    }
    Fix::step(match age {
        Seconds(0) => {
            place.declare("Take the credentials when the job starts, after approvals and queues.", "leave `age` out.")
        }
        age => {
            let step = format!("Take the credentials at most {age} before the job starts.");
            place.declare(&step, &format!("declare `age: {age}`."))
        }
    })
}

/// Renews a copied session.
pub(super) fn renew_hop(place: &FixPlace<'_>, role: &RoleRef) -> Fix {
    let step = format!(
        "Let the job's SDK assume {} itself, by a profile with role_arn, so that it renews that session too.",
        role.name()
    );
    Fix::step(place.declare(&step, "leave `copied` out on its hop."))
}

/// Raises the length of the login to the Identity Center portal.
pub(super) fn portal_session(place: &FixPlace<'_>, wanted: Seconds) -> Fix {
    let step = format!(
        "Ask the administrator of IAM Identity Center to raise the portal session to at least {wanted}, and log in \
         just before the job."
    );
    Fix::step(place.declare(&step, "declare it as the source's `portal_session`."))
}

/// Shortens the pause.
pub(super) fn shorter_pause(place: &FixPlace<'_>, pause: Seconds) -> Fix {
    Fix::step(match pause {
        Seconds(0) => place.declare("Do not let the process freeze while the job runs.", "leave `pause` out."),
        pause => {
            let step = format!("Do not let the process freeze for more than {pause}.");
            place.declare(&step, &format!("declare `pause: {pause}`."))
        }
    })
}

/// Splits the job into shorter runs.
pub(super) fn split_runs(place: &FixPlace<'_>, job: &Job, longest: Seconds) -> Fix {
    Fix::step(match place.origin() {
        Origin::Inventory if matches!(job.source, Source::Lambda { function: Some(_) }) => format!(
            "Split the job into runs of at most {longest}, each with its own credentials, and set the Timeout of the \
             function to {longest}."
        ),
        Origin::Workflows => format!(
            "Run the login step again before the credentials are {longest} old, or split the job into jobs of at most \
             {longest}."
        ),
        Origin::Inventory | Origin::Profiles => {
            format!("Split the job into runs of at most {longest}, each with its own credentials.")
        }
    })
}
