//! What to do about a finding: steps with the actual names and values filled in. Owns the AWS CLI, CloudFormation and
//! Terraform forms of a change, not the choice of one: that is `fit`'s where a job should last.

mod changes;
mod trust;

pub(crate) use changes::told;
pub(crate) use trust::{TrustedPrincipal, trust_statement};

use crate::inventory::{Hop, Job, RoleRef, Seconds, Source};

/// One way to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to do.
    pub step: String,
    /// With the AWS CLI or the shared configuration file.
    pub cli: Option<String>,
    /// In a CloudFormation template.
    pub cloudformation: Option<String>,
    /// In Terraform.
    pub terraform: Option<String>,
}

impl Fix {
    pub(crate) fn step(step: impl Into<String>) -> Self {
        Self { step: step.into(), cli: None, cloudformation: None, terraform: None }
    }

    pub(crate) fn cli(self, cli: impl Into<String>) -> Self {
        Self { cli: Some(cli.into()), ..self }
    }

    fn infrastructure(self, cloudformation: impl Into<String>, terraform: impl Into<String>) -> Self {
        Self { cloudformation: Some(cloudformation.into()), terraform: Some(terraform.into()), ..self }
    }
}

/// Several steps that help only together, as one fix, in their order.
pub(crate) fn together(fixes: impl IntoIterator<Item = Fix>) -> Fix {
    let joined = |all: Option<String>, one: Option<String>, between: &str| match (all, one) {
        (Some(all), Some(one)) => Some(format!("{all}{between}{one}")),
        (all, one) => all.or(one),
    };
    let all = fixes.into_iter().reduce(|all, one| Fix {
        step: format!("{} {}", all.step, one.step),
        cli: joined(all.cli, one.cli, "\n"),
        cloudformation: joined(all.cloudformation, one.cloudformation, "\n"),
        terraform: joined(all.terraform, one.terraform, "\n"),
    });
    all.unwrap_or_else(|| Fix::step(""))
}

/// Sets the role's MaxSessionDuration.
pub(crate) fn set_max_session(role: &RoleRef, why: &str, seconds: Seconds) -> Fix {
    let n = seconds.0;
    Fix::step(format!("Set MaxSessionDuration of {} to {n} ({seconds}){why}.", role.name()))
        .cli(format!("aws iam update-role --role-name {} --max-session-duration {n}", role.name()))
        .infrastructure(
            format!("Type: AWS::IAM::Role\nProperties:\n  RoleName: {}\n  MaxSessionDuration: {n}", role.name()),
            format!("resource \"aws_iam_role\" \"example\" {{\n  name                 = \"{}\"\n  max_session_duration = {n}\n}}", role.name()),
        )
}

/// Lets the SDK renew the credentials.
pub(crate) fn refresh_by_provider_chain(job: &Job) -> Fix {
    let step = "Let the SDK renew the credentials: give the job's clients a provider that assumes the role itself, \
                instead of credentials copied once. Then declare `refresh: auto`.";
    if job.path.is_empty() {
        return Fix::step(
            "Let the SDK renew the credentials: let its default provider chain read them from their source each time, instead of a copy made \
             once. Then declare `refresh: auto`.",
        );
    }
    let profiles: Vec<String> = (0..job.path.len()).map(|index| profile(job, index)).collect();
    Fix::step(step)
        .cli(format!("# ~/.aws/config: what every AWS SDK and the CLI renew by themselves\n{}", profiles.join("\n")))
}

/// The shared configuration of one hop; the last one's profile has the job's name.
fn profile(job: &Job, index: usize) -> String {
    let job_name = profile_name(&job.name);
    let name =
        |index: usize| if index + 1 == job.path.len() { job_name.clone() } else { format!("{job_name}-{index}") };
    if index == 0 && matches!(job.source, Source::Saml { .. }) {
        // No key of the file exchanges an assertion: a command does.
        return format!(
            "[profile {}]\ncredential_process = COMMAND   # one that exchanges a SAML assertion for {}",
            name(0),
            job.path[0].role
        );
    }
    let source = match job.source {
        _ if index > 0 => format!("source_profile = {}", name(index - 1)),
        Source::WebIdentity { .. } => "web_identity_token_file = TOKEN_FILE".to_owned(),
        Source::Ec2Instance => "credential_source = Ec2InstanceMetadata".to_owned(),
        Source::EcsTask | Source::EksPodIdentity | Source::Codebuild => "credential_source = EcsContainer".to_owned(),
        Source::Lambda => "credential_source = Environment".to_owned(),
        _ => "source_profile = SOURCE_PROFILE".to_owned(),
    };
    // The CLI reads no duration_seconds where it presents a token.
    let sent = job.path[index].duration.filter(|_| index > 0 || !matches!(job.source, Source::WebIdentity { .. }));
    let duration = sent.map_or_else(String::new, |seconds| format!("\nduration_seconds = {}", seconds.0));
    format!("[profile {}]\nrole_arn = {}\n{source}{duration}", name(index), job.path[index].role)
}

/// A job's name as a profile's: SDKs read one word there, of these characters (AWS SDKs and Tools Reference Guide).
fn profile_name(job: &str) -> String {
    job.chars().map(|c| if c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c) { c } else { '-' }).collect()
}

/// Renews in the job's own loop.
pub(crate) fn refresh_in_loop(every: Seconds) -> Fix {
    Fix::step(format!(
        "Renew the session in the job's loop, at least every {every}, and declare `refresh: {{every: {every}}}`."
    ))
}

/// Asks for a session of another length at a hop.
pub(crate) fn ask_for(source: Source, path: &[Hop], hop: usize, seconds: Seconds) -> Fix {
    let n = seconds.0;
    let (role, name) = path.get(hop).map_or(("ROLE_ARN", "the role"), |hop| (hop.role.as_str(), hop.role.name()));
    let (call, cli) = match source {
        Source::WebIdentity { .. } if hop == 0 => (
            "AssumeRoleWithWebIdentity",
            format!(
                "# GitHub's configure-aws-credentials: role-duration-seconds: {n}\naws sts assume-role-with-web-identity --role-arn {role} \
                 --role-session-name NAME --web-identity-token file://TOKEN_FILE --duration-seconds {n}"
            ),
        ),
        Source::Saml { .. } if hop == 0 => (
            "AssumeRoleWithSAML",
            format!(
                "aws sts assume-role-with-saml --role-arn {role} --principal-arn PROVIDER_ARN --saml-assertion file://ASSERTION_FILE \
                 --duration-seconds {n}"
            ),
        ),
        _ => (
            "AssumeRole",
            format!(
                "# ~/.aws/config, in the profile of the role\nduration_seconds = {n}\n# or in the call\naws sts assume-role --role-arn {role} \
                 --role-session-name NAME --duration-seconds {n}"
            ),
        ),
    };
    Fix::step(format!(
        "Ask for {n} seconds ({seconds}) in the {call} call for {name}, and declare `duration: {seconds}` on its hop."
    ))
    .cli(cli)
}

/// Sends no DurationSeconds at a hop.
pub(crate) fn send_none(source: Source, path: &[Hop], hop: usize) -> Fix {
    let role = path.get(hop).map_or("the role", |hop| hop.role.name());
    let cli = if hop == 0 && source.is_exchanged() {
        "# GitHub's configure-aws-credentials: take role-duration-seconds out\n# in a call of your own: take --duration-seconds out"
    } else {
        "# ~/.aws/config: take duration_seconds out of the role's profile\n# Go's stscreds and Java SDK 1 send 15m unless told otherwise"
    };
    Fix::step(format!(
        "Send no DurationSeconds for {role}: STS then gives 1h, which every role allows. Leave `duration` out on its hop."
    ))
    .cli(cli)
}

/// Reaches the last role by OIDC, without a session in between. `asks`: what its call asks for, if anything; `None`: the call is
/// told elsewhere.
pub(crate) fn exchange_for_last(role: &RoleRef, was_chained: bool, asks: Option<Option<Seconds>>) -> Fix {
    let name = role.name();
    let what = if was_chained { "Shorten the chain" } else { "Start from an OIDC token" };
    let call = asks.map_or_else(String::new, |duration| {
        let duration = duration.map_or_else(String::new, |duration| format!(" --duration-seconds {}", duration.0));
        format!(
            "\naws sts assume-role-with-web-identity --role-arn {role} --role-session-name NAME --web-identity-token file://TOKEN_FILE{duration}"
        )
    });
    Fix::step(format!(
        "{what}: let the job reach {name} directly, by AssumeRoleWithWebIdentity, with an OIDC provider in the account of {name} that its \
         trust policy names, and declare `source: web-identity` with {name} alone as its path."
    ))
    .cli(format!("{}{call}", update_trust(role)))
}

/// Leaves a hop out: `caller` assumes `next` itself. `caller` is `None` where the source's token is exchanged for it.
pub(crate) fn leave_out(hop: &RoleRef, caller: Option<&str>, next: &RoleRef) -> Fix {
    let (hop, name) = (hop.name(), next.name());
    let step = match caller {
        Some(caller) => format!(
            "Leave {hop} out: let {caller} assume {name} itself. That needs {caller} in the trust policy of {name}, and sts:AssumeRole on \
             {name} in the policies of {caller}. Take {hop} out of the path."
        ),
        None => format!(
            "Leave {hop} out: exchange the source's token for {name} itself, with the identity provider in its trust policy. Take {hop} out of \
             the path."
        ),
    };
    Fix::step(step).cli(update_trust(next))
}

/// Replaces a role's trust policy, which the command does as a whole.
fn update_trust(role: &RoleRef) -> String {
    format!(
        "# trust.json replaces the whole trust policy: keep the statements that others need\naws iam update-assume-role-policy --role-name {} --policy-document file://trust.json",
        role.name()
    )
}

/// Starts from the IAM user's own key, so that no session comes before the first role.
pub(crate) fn own_key(role: &RoleRef, mfa: bool) -> Fix {
    let name = role.name();
    if !mfa {
        return Fix::step(format!("Assume {name} with the IAM user's own key (`source: iam-user`)."));
    }
    Fix::step(format!(
        "Give the MFA code in the AssumeRole call for {name} itself, in place of GetSessionToken before it: then the hop is direct, and may \
         last up to the role's MaxSessionDuration. Declare `source: {{kind: iam-user, mfa: true}}`."
    ))
    .cli(format!(
        "# ~/.aws/config, in the profile of the role: mfa_serial = MFA_ARN\naws sts assume-role --role-arn {role} --role-session-name NAME \
         --serial-number MFA_ARN --token-code CODE"
    ))
}

/// Presents a fresh token at each renewal.
pub(crate) fn renewable_token() -> Fix {
    Fix::step(
        "Give the SDK a token file that is written anew before each token's end (or mint a new token for each call), so that it can be \
         presented again, and declare `renewable: true`.",
    )
    .cli("# ~/.aws/config, in the profile of the role: the SDK reads the file at each renewal\nweb_identity_token_file = TOKEN_FILE")
}

/// Asks for a session of the source's own of another length.
pub(crate) fn source_duration(source: Source, seconds: Seconds) -> Fix {
    let n = seconds.0;
    let ask = |call: &str| format!("Ask {call} for {n} seconds ({seconds}), and declare it as the source's duration.");
    match source {
        Source::SessionToken { .. } => {
            Fix::step(ask("GetSessionToken")).cli(format!("aws sts get-session-token --duration-seconds {n}"))
        }
        Source::FederationToken { .. } => Fix::step(ask("GetFederationToken"))
            .cli(format!("aws sts get-federation-token --name NAME --policy file://policy.json --duration-seconds {n}")),
        _ => Fix::step(format!(
            "Set durationSeconds of the Roles Anywhere profile and of the request to {n} ({seconds}), and declare it as the source's duration."
        ))
        .cli(format!("aws rolesanywhere update-profile --profile-id PROFILE_ID --duration-seconds {n}")),
    }
}

/// Sets the session duration of a permission set; whole hours.
pub(crate) fn permission_set(hours: Seconds) -> Fix {
    Fix::step(format!("Set the permission set's session duration to {hours}, and declare it as the source's `session`.")).cli(format!(
        "aws sso-admin update-permission-set --instance-arn INSTANCE_ARN --permission-set-arn PERMISSION_SET_ARN --session-duration PT{}H",
        hours.0 / 3600
    ))
}

/// Has the login to the Identity Center portal last longer.
pub(crate) fn portal_session(wanted: Seconds) -> Fix {
    Fix::step(format!(
        "Have the administrator of IAM Identity Center raise the portal session to at least {wanted}, log in just before the job, and declare \
         it as the source's `portal_session`."
    ))
}

/// Freezes the process for less long.
pub(crate) fn shorter_pause(pause: Seconds) -> Fix {
    Fix::step(match pause {
        Seconds(0) => "Keep the job from being frozen at all while it runs, and leave `pause` out.".to_owned(),
        pause => format!("Keep the job from being frozen for more than {pause}, and declare `pause: {pause}`."),
    })
}

/// Makes the job shorter.
pub(crate) fn runs_of(longest: Seconds) -> Fix {
    Fix::step(format!("Split the job into runs of at most {longest}, each with credentials of its own."))
}
