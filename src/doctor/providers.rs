//! Which provider the AWS CLI and boto3 take, and why not another: botocore 1.44 `credentials.py`,
//! `create_credential_resolver`. A pure function of the facts; `diagnose` says where other tools differ.

use serde::Serialize;

use super::facts::{
    BaseFacts, Cached, ChainFacts, Environment, ProfileFacts, Provider, SelectedBy, ShellFacts, WebIdentity,
};
use crate::inventory::RoleArn;
use crate::shared_config::TroubleKind;
use crate::visible::configured;

/// One provider of the chain.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderEntry {
    /// Which.
    pub provider: Provider,
    /// What a tool does with it.
    pub state: ProviderState,
    /// What it has, or why it has nothing.
    pub detail: String,
}

/// What a tool does with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderState {
    /// Its credentials are used.
    Wins,
    /// It would provide credentials, and one before it does.
    Shadowed,
    /// It is set up, fails, and stops the chain.
    Fails,
    /// It is set up wrongly, and the SDKs pass over it.
    PassedOver,
    /// It is not set up.
    NotSet,
    /// Whether it would provide credentials was not asked.
    NotAsked,
}

impl ProviderState {
    /// As it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wins => "wins",
            Self::Shadowed => "shadowed",
            Self::Fails => "fails",
            Self::PassedOver => "passed over",
            Self::NotSet => "not set",
            Self::NotAsked => "not asked",
        }
    }
}

/// The chain in its order.
pub(super) fn of(facts: &ShellFacts) -> Vec<ProviderEntry> {
    let mut decided = false;
    let judge = |provider| {
        let (state, detail) = match provider {
            Provider::Environment => environment(facts),
            Provider::Profile => profile(facts),
            Provider::WebIdentity => web_identity(&facts.environment),
            Provider::Container => container(&facts.environment),
            Provider::InstanceMetadata => instance(facts, decided),
        };
        let state = match state {
            ProviderState::Wins | ProviderState::Fails | ProviderState::NotAsked if decided => ProviderState::Shadowed,
            state => state,
        };
        decided |= matches!(state, ProviderState::Wins | ProviderState::Fails);
        // Nobody asks the instance once another has provided.
        let skipped = provider == Provider::InstanceMetadata && state == ProviderState::Shadowed;
        ProviderEntry { provider, state: if skipped { ProviderState::NotAsked } else { state }, detail }
    };
    order(facts).into_iter().map(judge).collect()
}

/// A profile that assumes a role comes before the environment's web identity, any other profile after it. `--profile`
/// leaves the variables out (botocore, `create_credential_resolver`, `disable_env_vars`).
fn order(facts: &ShellFacts) -> Vec<Provider> {
    use Provider::{Container, Environment, InstanceMetadata, Profile as OfProfile, WebIdentity};
    let assumes_role = match &facts.profile {
        ProfileFacts::Leads(chain) => !chain.roles.is_empty() && !matches!(chain.base, BaseFacts::WebIdentity(_)),
        // The role is what is broken, or the web identity itself.
        ProfileFacts::Broken(_) => true,
        ProfileFacts::Absent | ProfileFacts::Missing { .. } | ProfileFacts::Empty(_) => false,
    };
    match facts.selected.by {
        // A profile that is not there stops the AWS CLI.
        SelectedBy::Option if matches!(facts.profile, ProfileFacts::Missing { .. }) => vec![Environment, OfProfile],
        SelectedBy::Option => vec![Environment, OfProfile, Container, InstanceMetadata],
        _ if facts.environment.web_identity.is_none() || assumes_role => Provider::ALL.to_vec(),
        _ => vec![Environment, WebIdentity, OfProfile, Container, InstanceMetadata],
    }
}

/// Whose credentials are used, or whose failure stops the chain.
pub(super) fn deciding(entries: &[ProviderEntry]) -> Option<Provider> {
    entries
        .iter()
        .find(|entry| matches!(entry.state, ProviderState::Wins | ProviderState::Fails))
        .map(|entry| entry.provider)
}

/// Whether the provider that decides opens a file that it may have to wait for: a named pipe or a device.
pub(super) fn waits(facts: &ShellFacts) -> bool {
    let of_token = |identity: &WebIdentity| identity.token == Cached::NoFile;
    match (deciding(&of(facts)), &facts.profile) {
        (Some(Provider::Profile), ProfileFacts::Leads(chain)) => match &chain.base {
            BaseFacts::Sso(sso) => sso.login == Cached::NoFile,
            BaseFacts::Login(login) => login.login == Cached::NoFile,
            BaseFacts::WebIdentity(identity) => of_token(identity),
            _ => false,
        },
        (Some(Provider::WebIdentity), _) => facts.environment.web_identity.as_ref().is_some_and(of_token),
        (Some(Provider::Container), _) => {
            let container = facts.environment.container.as_ref();
            container.is_some_and(|known| matches!(known.token_file, Some((_, Cached::NoFile))))
        }
        _ => false,
    }
}

fn environment(facts: &ShellFacts) -> (ProviderState, String) {
    let environment = &facts.environment;
    if !environment.provides() {
        let parts: Vec<&str> = [
            (environment.access_key, "AWS_ACCESS_KEY_ID"),
            (environment.secret, "AWS_SECRET_ACCESS_KEY"),
            (environment.token, "AWS_SESSION_TOKEN"),
        ]
        .into_iter()
        .filter_map(|(variable, name)| variable.is_set().then_some(name))
        .collect();
        return match parts[..] {
            [] => (ProviderState::NotSet, "no AWS_ACCESS_KEY_ID".to_owned()),
            // botocore, `EnvProvider`: "Partial credentials found in env".
            _ if environment.access_key.is_set() && facts.selected.by != SelectedBy::Option => {
                (ProviderState::Fails, format!("only {} of a key is set", parts.join(" and ")))
            }
            _ => (ProviderState::PassedOver, format!("only {} of a key is set", parts.join(" and "))),
        };
    }
    let token = if environment.token.is_set() { "with a session token" } else { "no session token" };
    let key = environment.key.map_or_else(|| "a key".to_owned(), |key| key.to_string());
    let left_out = facts.selected.by == SelectedBy::Option;
    let state = if left_out { ProviderState::PassedOver } else { ProviderState::Wins };
    (state, format!("{key}, {token}{}", if left_out { "; --profile leaves it out" } else { "" }))
}

fn profile(facts: &ShellFacts) -> (ProviderState, String) {
    let name = &configured(&facts.selected.name);
    let by = match facts.selected.by {
        SelectedBy::Option => " (--profile)",
        SelectedBy::Variable => " (AWS_PROFILE)",
        SelectedBy::DefaultVariable => " (AWS_DEFAULT_PROFILE)",
        SelectedBy::Default => "",
    };
    let refused = facts
        .files
        .iter()
        .find(|file| matches!(file.kind, TroubleKind::Refused { by_cli: true } | TroubleKind::ByteOrderMark));
    if let Some(file) = refused {
        return (ProviderState::Fails, format!("{} is refused", file.at));
    }
    match &facts.profile {
        ProfileFacts::Absent => (ProviderState::NotSet, "no profile `default`".to_owned()),
        ProfileFacts::Missing { .. } => (ProviderState::PassedOver, format!("there is no profile `{name}`{by}")),
        ProfileFacts::Empty(_) => (ProviderState::NotSet, format!("`{name}`{by} has no credentials")),
        ProfileFacts::Broken(_) => (ProviderState::Fails, format!("`{name}`{by} leads to no credentials")),
        ProfileFacts::Leads(ChainFacts { base: BaseFacts::Named { source, .. }, .. })
            if source.eq_ignore_ascii_case("Environment") && !facts.environment.provides() =>
        {
            (ProviderState::Fails, format!("`{name}`{by}: credential_source {source}, which has no key"))
        }
        ProfileFacts::Leads(chain) => (ProviderState::Wins, format!("`{name}`{by}: {}", path(chain))),
    }
}

/// Describes how a chain gets its credentials.
pub(super) fn path(chain: &ChainFacts) -> String {
    let base = match &chain.base {
        BaseFacts::Keys { token: false, place, .. } => format!("the key in {place}"),
        BaseFacts::Keys { token: true, place, .. } => format!("the session key in {place}"),
        BaseFacts::Sso(sso) => format!("IAM Identity Center, {} in account {}", sso.role, sso.account),
        BaseFacts::Login(_) => "aws login".to_owned(),
        BaseFacts::Process(process) => format!("credential_process, {}", process.program),
        BaseFacts::WebIdentity(token) => format!("the web identity token in {}", token.file),
        BaseFacts::Named { source, .. } => format!("credential_source {source}"),
    };
    let names: Vec<&str> = chain.roles.iter().map(|role| role_name(&role.arn)).collect();
    match names[..] {
        [] => base,
        _ => format!("{base}, then role {}", names.join(", then role ")),
    }
}

fn role_name(arn: &str) -> &str {
    RoleArn::parse(arn).map_or(arn, |_| arn.rsplit('/').next().unwrap_or(arn))
}

fn web_identity(environment: &Environment) -> (ProviderState, String) {
    match &environment.web_identity {
        None => (ProviderState::NotSet, "no AWS_WEB_IDENTITY_TOKEN_FILE".to_owned()),
        Some(identity) => match &identity.role {
            Some(role) => {
                (ProviderState::Wins, format!("the token in {}, for role {}", identity.file, role_name(role)))
            }
            // botocore, `AssumeRoleWithWebIdentityProvider`: InvalidConfigError.
            None => (ProviderState::Fails, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not".to_owned()),
        },
    }
}

fn container(environment: &Environment) -> (ProviderState, String) {
    match &environment.container {
        None => (ProviderState::NotSet, "no AWS_CONTAINER_CREDENTIALS_*_URI".to_owned()),
        Some(container) => (ProviderState::Wins, format!("{} ({})", container.host, container.variable)),
    }
}

/// `decided`: an earlier provider decides.
fn instance(facts: &ShellFacts, decided: bool) -> (ProviderState, String) {
    if facts.environment.metadata_disabled {
        return (ProviderState::NotSet, "AWS_EC2_METADATA_DISABLED is true".to_owned());
    }
    let Some(asked) = &facts.asked else { return (ProviderState::NotAsked, "--offline".to_owned()) };
    let earlier = match &asked.loaded {
        Some(Ok(loaded)) => match loaded.provider {
            Some(Provider::InstanceMetadata) => return (ProviderState::Wins, "the instance's role".to_owned()),
            Some(Provider::Profile) => format!("profile `{}` comes first", configured(&facts.selected.name)),
            Some(earlier @ (Provider::Environment | Provider::WebIdentity | Provider::Container)) => {
                format!("{} comes first", earlier.as_str())
            }
            None => "another provider comes first".to_owned(),
        },
        Some(Err(not_loaded)) if !not_loaded.failed || !decided => {
            return (ProviderState::NotSet, "no instance answers".to_owned());
        }
        Some(Err(_)) | None => "another provider comes first".to_owned(),
    };
    (ProviderState::NotAsked, earlier)
}
