//! What to do about a finding: steps with the actual names and values filled in. Owns the AWS CLI, CloudFormation and
//! Terraform forms of a change, not the choice of one.

use serde::Serialize;

use crate::inventory::{Job, RoleArn, Seconds, Source};
use crate::lease::rules::LONGEST_SESSION;

/// One way to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// What to do.
    pub step: String,
    /// With the AWS CLI or the shared configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cli: Option<String>,
    /// In a CloudFormation template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloudformation: Option<String>,
    /// In Terraform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terraform: Option<String>,
}

impl Remedy {
    pub(super) fn step(step: impl Into<String>) -> Self {
        Self { step: step.into(), cli: None, cloudformation: None, terraform: None }
    }

    pub(super) fn cli(self, cli: impl Into<String>) -> Self {
        Self { cli: Some(cli.into()), ..self }
    }

    fn infrastructure(self, cloudformation: impl Into<String>, terraform: impl Into<String>) -> Self {
        Self { cloudformation: Some(cloudformation.into()), terraform: Some(terraform.into()), ..self }
    }
}

/// Sets the role's MaxSessionDuration.
pub(super) fn set_max_session(role: &RoleArn, why: &str, seconds: Seconds) -> Remedy {
    let n = seconds.0;
    Remedy::step(format!("Set MaxSessionDuration of {} to {n} ({seconds}){why}.", role.name()))
        .cli(format!("aws iam update-role --role-name {} --max-session-duration {n}", role.name()))
        .infrastructure(
            format!("Type: AWS::IAM::Role\nProperties:\n  RoleName: {}\n  MaxSessionDuration: {n}", role.name()),
            format!("resource \"aws_iam_role\" \"example\" {{\n  name                 = \"{}\"\n  max_session_duration = {n}\n}}", role.name()),
        )
}

/// Lets the SDK renew the credentials.
pub(super) fn refresh_by_provider_chain(job: &Job) -> Remedy {
    let step = "Let the SDK renew the credentials: give the job's clients a provider that assumes the role itself, \
                instead of credentials copied once. Then declare `refresh: auto`.";
    if job.path.is_empty() {
        return Remedy::step(
            "Let the SDK renew the credentials: let its default provider chain read them from their source each time, instead of a copy made \
             once. Then declare `refresh: auto`.",
        );
    }
    let profiles: Vec<String> = (0..job.path.len()).map(|index| profile(job, index)).collect();
    Remedy::step(step)
        .cli(format!("# ~/.aws/config: what every AWS SDK and the CLI renew by themselves\n{}", profiles.join("\n")))
}

/// The shared configuration of one hop; the last one's profile has the job's name.
fn profile(job: &Job, index: usize) -> String {
    let name =
        |index: usize| if index + 1 == job.path.len() { job.name.clone() } else { format!("{}-{index}", job.name) };
    let source = match job.source {
        _ if index > 0 => format!("source_profile = {}", name(index - 1)),
        Source::WebIdentity { .. } => "web_identity_token_file = TOKEN_FILE".to_owned(),
        Source::Ec2Instance => "credential_source = Ec2InstanceMetadata".to_owned(),
        Source::EcsTask | Source::EksPodIdentity | Source::Codebuild => "credential_source = EcsContainer".to_owned(),
        Source::Lambda => "credential_source = Environment".to_owned(),
        _ => "source_profile = SOURCE_PROFILE".to_owned(),
    };
    let duration =
        job.path[index].duration.map_or_else(String::new, |seconds| format!("\nduration_seconds = {}", seconds.0));
    format!("[profile {}]\nrole_arn = {}\n{source}{duration}", name(index), job.path[index].role)
}

/// How often a job's own loop has to renew: early enough for the client's refresh window of 15 minutes and the margin.
pub(super) fn loop_interval(lease: Seconds, job: &Job) -> Option<Seconds> {
    const REFRESH_WINDOW: u64 = 900;
    let spare = job.margin.0.max(REFRESH_WINDOW).saturating_add(job.pause.0);
    lease.0.checked_sub(spare).filter(|every| *every >= 60).map(Seconds)
}

/// Renews in the job's own loop.
pub(super) fn refresh_in_loop(every: Seconds) -> Remedy {
    Remedy::step(format!(
        "Renew the session in the job's loop, at least every {every}, and declare `refresh: {{every: {every}}}`."
    ))
}

/// Asks for a session of another length at a hop.
pub(super) fn ask_for(job: &Job, hop: usize, seconds: Seconds) -> Remedy {
    let n = seconds.0;
    let role = job.path.get(hop).map_or("ROLE_ARN", |hop| hop.role.as_str());
    let (call, cli) = match job.source {
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
    Remedy::step(format!(
        "Ask for {n} seconds ({seconds}) in the {call} call, and declare `duration: {seconds}` on the hop."
    ))
    .cli(cli)
}

/// Reaches the last role without a session in between, where it could then have a session long enough.
pub(super) fn shorten_chain(job: &Job, seconds: Seconds) -> Option<Remedy> {
    if seconds > LONGEST_SESSION {
        return None;
    }
    let last = job.path.last()?.role.name();
    let way = if job.source.reaches_directly() {
        format!("leave out the hops before {last}, with the job's source in the trust policy of {last} itself")
    } else {
        format!(
            "let the job reach {last} directly, by AssumeRoleWithWebIdentity (OIDC) in the trust policy of {last} itself"
        )
    };
    Some(Remedy::step(format!(
        "Shorten the chain: {way}; then it can have up to its MaxSessionDuration, which has to be at least {seconds}."
    )))
}

/// Makes the job shorter: runs that keep their margin within a session of `lease`.
pub(super) fn split(lease: Seconds, margin: Seconds) -> Option<Remedy> {
    let longest = Seconds(lease.0.checked_sub(margin.0).filter(|longest| *longest >= 60)?);
    Some(Remedy::step(format!("Split the job into runs of at most {longest}, each with credentials of its own.")))
}
