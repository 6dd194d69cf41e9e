//! Where other tools take other credentials than the AWS CLI and boto3, or another role or duration.

use super::commands::{comment_out, open_editor, option, quoted, rename_key};
use super::profile::{is_duration_refused, set_duration, set_duration_of};
use super::{Diagnosis, DiagnosisSubject, Level};
use crate::doctor::facts::{BaseFacts, ChainFacts, Noted, ProfileFacts, Provider, SelectedBy, Spot};
use crate::shared_config::DifferenceKind;

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let mut credentials: Vec<(String, String, String)> = Vec::new();
    credentials.extend(web_identity(subject));
    credentials.extend(role_of_web_identity(subject));
    if let ProfileFacts::Leads(chain) = &subject.facts.profile {
        for noted in &chain.differences {
            match (noted.kind, noted.kind.is_of_credentials()) {
                // Each has a diagnosis that says the same and more.
                (DifferenceKind::Mfa, _) => {}
                (_, false) if is_refused(chain, &noted.profile) => {}
                (_, false) => out.push(duration(chain, noted)),
                (_, true) => credentials.push(of_profile(noted, &chain.differences)),
            }
        }
    }
    let Some((what, _, command)) = credentials.first().cloned() else { return };
    let why: Vec<String> = credentials.into_iter().map(|(_, why, _)| why).collect();
    let mut unique: Vec<String> = Vec::new();
    for one in why {
        if !unique.contains(&one) {
            unique.push(one);
        }
    }
    out.push(Diagnosis::warning("tools-disagree", what, unique.join(" "), command));
}

fn duration(chain: &ChainFacts, noted: &Noted<DifferenceKind>) -> Diagnosis {
    let what = format!("Tools differ in the duration of the role of profile `{}`", noted.profile);
    let why = format!("{}: {}.", noted.at, noted.kind.describe());
    let role = chain.roles.iter().find(|role| role.profile == noted.profile);
    let command = match (noted.kind, role) {
        // A longer duration is meant, and the role has to allow it.
        (DifferenceKind::Duration, Some(role)) => {
            let name = option("--role-name", role.arn.rsplit('/').next().unwrap_or_default());
            format!("aws iam get-role {name} --query Role.MaxSessionDuration")
        }
        // With an hour, every tool gets the same.
        (_, Some(role)) => set_duration_of(role),
        (_, None) => set_duration(&noted.profile),
    };
    Diagnosis::new("duration-differs", Level::Note, what, why).fixed_by(command)
}

/// A diagnosis says that the duration of the profile's role is refused, and by which tools.
fn is_refused(chain: &ChainFacts, profile: &str) -> bool {
    chain.roles.iter().any(|role| role.profile == profile && is_duration_refused(role))
}

/// What differs, why, and the command after which all tools agree.
fn of_profile(noted: &Noted<DifferenceKind>, all: &[Noted<DifferenceKind>]) -> (String, String, String) {
    let Noted { profile, at: Spot { file, line }, kind } = noted;
    let what = format!("Tools read profile `{profile}` differently");
    let why = format!("{}: {}.", noted.at, kind.describe());
    let command = match kind {
        DifferenceKind::SsoSettingsRepeated => {
            let same = all.iter().filter(|other| other.kind == *kind && other.at.file == *file);
            let settings: Vec<(usize, &str)> = same.map(|other| (other.at.line, "sso_[a-z_]*")).collect();
            comment_out(&settings, file)
        }
        DifferenceKind::OldTokenName => rename_key(*line, "aws_security_token", "aws_session_token", file),
        DifferenceKind::KeysBeforeProcess
        | DifferenceKind::KeysBehindProcess
        | DifferenceKind::KeysBesideSso
        | DifferenceKind::ProcessBesideSso
        | DifferenceKind::KeysBesideWebIdentity
        | DifferenceKind::SourceBesideWebIdentity
        | DifferenceKind::ProcessBesideRole
        | DifferenceKind::KeysBesideRoleOfSource
        | DifferenceKind::Capitals
        | DifferenceKind::TwoTokenNames
        | DifferenceKind::SsoBesideRole
        | DifferenceKind::Duration
        | DifferenceKind::NoDuration
        | DifferenceKind::Mfa => open_editor(file),
    };
    (what, why, command)
}

/// AWS_WEB_IDENTITY_TOKEN_FILE beside a profile: botocore `create_credential_resolver`, Go `resolve_credentials.go`,
/// Java
/// `DefaultCredentialsProvider.java`, .NET `DefaultAWSCredentialsIdentityResolver.cs`, JavaScript
/// `credential-provider-node`.
fn web_identity(subject: &DiagnosisSubject<'_>) -> Option<(String, String, String)> {
    let facts = subject.facts;
    let has_role = facts.environment.web_identity.as_ref().is_some_and(|identity| identity.role.is_some());
    let both = has_role && matches!(facts.profile, ProfileFacts::Leads(_));
    if !both || facts.selected.by == SelectedBy::Option {
        return None;
    }
    let why = match subject.deciding? {
        Provider::WebIdentity => {
            "The AWS CLI, boto3, Go, Java and .NET take the token; the SDKs for Rust and JavaScript take the profile."
        }
        Provider::Profile => {
            "The AWS CLI, boto3, Rust and JavaScript take the profile, which assumes a role; Go, Java and .NET take \
             the token."
        }
        Provider::Environment | Provider::Container | Provider::InstanceMetadata => return None,
    };
    let what =
        format!("Profile `{}` and AWS_WEB_IDENTITY_TOKEN_FILE are both there, and tools differ", facts.selected.name);
    Some((what, why.to_owned(), "unset AWS_WEB_IDENTITY_TOKEN_FILE".to_owned()))
}

/// AWS_ROLE_ARN beside a profile with `web_identity_token_file` (botocore,
/// `AssumeRoleWithWebIdentityProvider._get_config`).
fn role_of_web_identity(subject: &DiagnosisSubject<'_>) -> Option<(String, String, String)> {
    let facts = subject.facts;
    let role = facts.environment.role_arn.as_ref()?;
    let ProfileFacts::Leads(chain) = &facts.profile else { return None };
    let by_profile = subject.decides(Provider::Profile) && facts.selected.by != SelectedBy::Option;
    let is_used = matches!(&chain.base, BaseFacts::WebIdentity(identity) if identity.role.as_ref() == Some(role));
    if !by_profile || !is_used || facts.environment.web_identity.is_some() {
        return None;
    }
    let what = format!("AWS_ROLE_ARN replaces the role of profile `{}` in some tools", facts.selected.name);
    let why = format!(
        "The AWS CLI and boto3 exchange the profile's token for {}; other SDKs take the role_arn of the profile, and \
         so does the AWS CLI with --profile.",
        quoted(role)
    );
    Some((what, why, "unset AWS_ROLE_ARN".to_owned()))
}
