//! What `doctor` says: the JSON of schema version 1, and what `terminal` puts in words. Owns no diagnosis.

use jiff::Timestamp;
use serde::Serialize;

use super::diagnose::{self, Diagnosis, Level, SessionFacts, is_local_problem, is_without_answer, session};
use super::facts::{KeyKind, Provider, SelectedBy, ShellFacts};
use super::providers::{self, ProviderEntry, ProviderState};

/// The version of the JSON form. Fields are added, never renamed.
pub const SCHEMA_VERSION: u32 = 1;

/// The credentials of a shell, diagnosed.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What it comes to.
    pub verdict: DoctorVerdict,
    /// When it was looked at.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// Nobody was asked.
    pub offline: bool,
    /// The selected profile.
    pub profile: SelectedProfile,
    /// The providers, in the order of the AWS CLI and boto3.
    pub providers: Vec<ProviderEntry>,
    /// The provider whose credentials are used; null: none has any.
    pub winner: Option<Provider>,
    /// Whose credentials they are; null: nothing says.
    pub principal: Option<Principal>,
    /// The Region of calls without one of their own; null: none is set.
    pub region: Option<SelectedRegion>,
    /// When the session ends; null: no end, or nothing says.
    pub session: Option<SessionFacts>,
    /// This machine's clock minus AWS's, in seconds; null: not known.
    pub clock_offset_seconds: Option<i64>,
    /// What was found, the worst first.
    pub diagnoses: Vec<Diagnosis>,
    /// What was not looked at, and so is not known.
    pub not_checked: Vec<String>,
}

/// A moment as the reports write it: UTC, whole seconds.
pub(super) fn rfc3339<S: serde::Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{moment:.0}"))
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoctorVerdict {
    /// AWS has said whose credentials these are, and nothing stops them within 15 minutes.
    Healthy,
    /// Something stops them, or will within 15 minutes.
    Broken,
    /// There are none.
    NoCredentials,
    /// AWS did not answer.
    NoAnswer,
    /// Nothing was found that stops them, and AWS was not asked.
    NotAsked,
}

/// The selected profile.
#[derive(Debug, Clone, Serialize)]
pub struct SelectedProfile {
    /// Its name.
    pub name: String,
    /// `--profile`, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, or null where nothing names it.
    pub named_by: Option<&'static str>,
}

/// The Region that is set.
#[derive(Debug, Clone, Serialize)]
pub struct SelectedRegion {
    /// Its name.
    pub name: String,
    /// The variable that sets it; null: the profile.
    pub variable: Option<&'static str>,
}

/// Whose credentials they are.
#[derive(Debug, Clone, Serialize)]
pub struct Principal {
    /// user, root-user, assumed-role, sso-role, federated-user; by the key alone: long-term-key, session.
    pub kind: &'static str,
    /// In words.
    pub description: String,
    /// The ARN, as STS says.
    pub arn: Option<String>,
    /// The account, as STS says.
    pub account: Option<String>,
    /// The access key id, but for its middle.
    pub key: Option<String>,
}

impl DoctorReport {
    /// Judges the facts at this time.
    #[must_use]
    pub fn new(facts: &ShellFacts, now: Timestamp) -> Self {
        let providers = providers::of(facts);
        let diagnoses = diagnose::diagnose(facts, &providers, now);
        let wins = providers.iter().find(|entry| entry.state == ProviderState::Wins);
        Self {
            schema_version: SCHEMA_VERSION,
            verdict: verdict(facts, &diagnoses, wins.is_some()),
            at: now,
            offline: facts.asked.is_none(),
            profile: SelectedProfile {
                name: crate::visible::configured(&facts.selected.name),
                named_by: match facts.selected.by {
                    SelectedBy::Option => Some("--profile"),
                    SelectedBy::Variable => Some("AWS_PROFILE"),
                    SelectedBy::DefaultVariable => Some("AWS_DEFAULT_PROFILE"),
                    SelectedBy::Default => None,
                },
            },
            winner: wins.map(|entry| entry.provider),
            // Where no provider wins, the AWS CLI has no credentials; what another tool finds are not its own.
            principal: principal(facts, wins.map(|entry| entry.provider)).filter(|_| wins.is_some()),
            region: facts
                .environment
                .region
                .as_ref()
                .map(|region| SelectedRegion { name: region.name.clone(), variable: region.variable }),
            session: session(facts, &providers, now),
            clock_offset_seconds: facts.asked.as_ref().and_then(|asked| asked.clock_offset),
            not_checked: not_checked(facts, &diagnoses),
            providers,
            diagnoses,
        }
    }
}

fn verdict(facts: &ShellFacts, diagnoses: &[Diagnosis], wins: bool) -> DoctorVerdict {
    let broken = diagnoses.iter().any(|found| found.level == Level::Problem);
    // A cause on this machine is certain, with or without an answer.
    let may_be_the_network = broken && !diagnoses.iter().any(is_local_problem);
    match &facts.asked {
        Some(asked) if is_without_answer(asked) && may_be_the_network => DoctorVerdict::NoAnswer,
        _ if diagnoses.iter().any(|found| found.id == "no-credentials") => DoctorVerdict::NoCredentials,
        _ if broken => DoctorVerdict::Broken,
        None if wins => DoctorVerdict::NotAsked,
        Some(asked) if matches!(asked.identity, Some(Ok(_))) => DoctorVerdict::Healthy,
        _ => DoctorVerdict::NoCredentials,
    }
}

fn principal(facts: &ShellFacts, winner: Option<Provider>) -> Option<Principal> {
    let asked = facts.asked.as_ref();
    let loaded = asked.and_then(|asked| asked.loaded.as_ref()).and_then(|loaded| loaded.as_ref().ok());
    let of_environment = facts.environment.key.filter(|_| winner == Some(Provider::Environment));
    let key = loaded.and_then(|loaded| loaded.key).or(of_environment);
    let shown = key.map(|key| key.to_string());
    if let Some(Ok(identity)) = asked.and_then(|asked| asked.identity.as_ref()) {
        let arn = crate::aws::errors::printable(&identity.arn);
        let (kind, description) = by_arn(&arn);
        let account = Some(crate::aws::errors::printable(&identity.account));
        return Some(Principal { kind, description, arn: Some(arn), account, key: shown });
    }
    let kind = match key?.kind {
        KeyKind::LongTerm => "long-term-key",
        KeyKind::Session => "session",
        KeyKind::Unknown => "unknown",
    };
    let description = diagnose::by_its_key(key?.kind).to_owned();
    Some(Principal { kind, description, arn: None, account: None, key: shown })
}

/// What an ARN of GetCallerIdentity says (IAM User Guide, "Unique identifiers").
fn by_arn(arn: &str) -> (&'static str, String) {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = resource.split('/');
    let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match kind {
        "root" => ("root-user", "the root user".to_owned()),
        "user" => ("user", format!("IAM user {}", resource.rsplit('/').next().unwrap_or_default())),
        "federated-user" => ("federated-user", format!("federated user {name}, by GetFederationToken")),
        "assumed-role" => match name.strip_prefix("AWSReservedSSO_").and_then(|set| set.rsplit_once('_')) {
            Some((set, _)) => {
                ("sso-role", format!("{}, by IAM Identity Center's permission set {set}", session_name(resource)))
            }
            None => ("assumed-role", format!("a session of role {name}, {}", session_name(resource))),
        },
        _ => ("unknown", resource.to_owned()),
    }
}

fn session_name(resource: &str) -> &str {
    resource.splitn(3, '/').nth(2).unwrap_or_default()
}

fn not_checked(facts: &ShellFacts, diagnoses: &[Diagnosis]) -> Vec<String> {
    let mut not_checked = Vec::new();
    match &facts.asked {
        None => not_checked.push(
            "AWS was not asked (--offline): whether it takes the credentials, whose they are, and the clock are not \
             known."
                .to_owned(),
        ),
        Some(asked) if asked.identity.is_none() => {
            not_checked.push("AWS was not asked who the credentials are: there were none to ask with.".to_owned());
        }
        Some(_) => {}
    }
    let is_not_diagnosed = diagnoses.iter().all(|found| found.id != "no-answer");
    if is_not_diagnosed && facts.asked.as_ref().is_some_and(is_without_answer) {
        not_checked.push("AWS did not answer. The problems above do not depend on that.".to_owned());
    }
    if facts.asked.as_ref().is_some_and(|asked| asked.clock_offset.is_none()) {
        not_checked.push("The clock was not compared: no answer had a Date.".to_owned());
    }
    not_checked
}
