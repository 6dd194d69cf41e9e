//! Makes the calls of `doctor`: the providers of the SDK for Rust, with the files as the AWS CLI reads them, once for
//! credentials; then STS for their identity. Returns facts.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::facts::{
    Asked, CallerIdentity, KeyFacts, LoadedCredentials, NotLoaded, OldToken, ProcessFailure, Provider, RefusedFacts,
    SelectedBy, ShellFacts,
};
use super::providers;
use crate::aws::credentials::{FoundCredentials, NotFound, ProcessError, ProviderKind};
use crate::aws::errors::Class;
use crate::aws::{Aws, ErrorAnswer};
use crate::shared_config::{self, Base, Chain, ForSdk, SharedConfig};

/// The longest wait for STS.
const PATIENCE: Duration = Duration::from_secs(12);
/// The longest wait for credentials: a program may ask a person. The SDKs give up after 5 seconds, the AWS CLI does
/// not.
pub(super) const PATIENCE_FOR_CREDENTIALS: Duration = Duration::from_secs(30);

/// `waits`: the provider that decides would wait for a file, so none is asked for credentials.
pub(super) async fn ask(
    facts: &ShellFacts,
    config: &SharedConfig,
    read: &dyn Fn(&str) -> Option<String>,
    waits: bool,
) -> Asked {
    let chain = config.chain(&facts.selected.name).ok().filter(|chain| chain.commands.is_empty());
    let of_variables = keys_with_old_token(facts, read);
    let has_old_token = of_variables.is_some();
    let ForSdk { files, profile } = of_variables.unwrap_or_else(|| for_sdk(facts, config, chain.as_ref()));
    let known = config.secret_values().into_iter().chain(values_of_variables(read));
    let aws = Aws::for_shell(Some(&profile), files.clone(), PATIENCE, known).await;
    // As with the AWS CLI's --profile, the environment's keys do not count.
    // Behind a profile without credentials, the container's are used; the SDK has no chain without the variables.
    let by_option = facts.selected.by == SelectedBy::Option
        && (providers::deciding(&providers::of(facts)) != Some(Provider::Container) || facts.environment.provides());
    let only = (by_option || has_old_token).then_some(profile.as_str());
    let failed = |process| Err(NotLoaded { failed: true, refused: None, process });
    let found = match waits {
        true => failed(None),
        false => match timeout(PATIENCE_FOR_CREDENTIALS, aws.find_credentials(only, files)).await {
            Ok(found) => found.map_err(not_loaded),
            Err(_) => failed(Some(ProcessFailure::Late)),
        },
    };
    // Without credentials too: an answer that refuses the call has a Date, which shows whether the clock is right.
    let identity = aws.identity_of(found.as_ref().ok()).await;
    let by_profile = providers::deciding(&providers::of(facts)) == Some(Provider::Profile);
    let duration_refused = match &chain {
        Some(chain) if found.is_ok() && by_profile && !waits => with_duration(&aws, config, chain).await,
        _ => None,
    };
    let (answers, clock_offset) = aws.clock.answers_and_offset();
    let nothing_to_sign_with = found.is_err();
    let identity = identity.map(|caller| CallerIdentity { arn: caller.arn, account: caller.account });
    let identity = identity.map_err(|answer| refused("GetCallerIdentity", answer));
    Asked {
        loaded: Some(found.map(|found| loaded(&found))),
        identity: (!nothing_to_sign_with || answers == 0).then_some(identity),
        duration_refused,
        answers,
        clock_offset,
        region: aws.region(),
    }
}

/// The credentials in variables, and in the files that variables name.
fn values_of_variables(read: &dyn Fn(&str) -> Option<String>) -> impl Iterator<Item = String> {
    const VALUES: [&str; 5] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ];
    const FILES: [&str; 2] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
    let of_files = FILES.iter().filter_map(|name| shared_config::token_of_file(&read(name)?));
    VALUES.iter().filter_map(|name| read(name)).chain(of_files)
}

/// The environment's keys with AWS_SECURITY_TOKEN, which the AWS CLI and boto3 send; the SDK for Rust does not read it.
fn keys_with_old_token(facts: &ShellFacts, read: &dyn Fn(&str) -> Option<String>) -> Option<ForSdk> {
    let is_used = facts.environment.old_token == OldToken::Different
        && providers::deciding(&providers::of(facts)) == Some(Provider::Environment);
    let value = |name: &str| read(name).filter(|value| is_used && !value.trim().is_empty());
    let (id, secret) = (value("AWS_ACCESS_KEY_ID")?, value("AWS_SECRET_ACCESS_KEY")?);
    shared_config::of_keys(&id, &secret, &value("AWS_SECURITY_TOKEN")?)
}

/// The files that make the SDK for Rust take the provider that the AWS CLI takes.
fn for_sdk(facts: &ShellFacts, config: &SharedConfig, chain: Option<&Chain<'_>>) -> ForSdk {
    let profile = facts.selected.name.clone();
    if providers::deciding(&providers::of(facts)) == Some(Provider::WebIdentity) {
        return ForSdk { files: shared_config::no_profiles(), profile };
    }
    let role = facts.environment.role_arn.as_deref().filter(|_| facts.selected.by != SelectedBy::Option);
    match chain {
        Some(chain) if chain.base != Base::Nothing => config.for_sdk(chain, role),
        _ => ForSdk { files: shared_config::files_without(config.files()), profile },
    }
}

/// Assumes the last role once more with `duration_seconds`, as the AWS CLI, boto3 and JavaScript do; the SDK for Rust
/// does not send it. Returns why STS refuses.
async fn with_duration(aws: &Aws, config: &SharedConfig, chain: &Chain<'_>) -> Option<RefusedFacts> {
    let (last, before) = chain.roles.split_last()?;
    let seconds = last.duration_seconds.as_ref().and_then(shared_config::Setting::seconds)?;
    let by_token = before.is_empty() && chain.base == Base::WebIdentity;
    // The first role's caller has no profile of its own where a credential_source is named.
    let by_source = before.is_empty() && matches!(chain.base, Base::Named(_));
    if by_token || by_source {
        return None;
    }
    let caller = before.last().map_or(chain.base_profile, |role| *role);
    let source = Chain { profile: caller, roles: before.to_vec(), ..chain.clone() };
    let ForSdk { files, profile } = config.for_sdk(&source, None);
    let found = timeout(PATIENCE_FOR_CREDENTIALS, aws.find_credentials(Some(&profile), files)).await.ok()?.ok()?;
    let name = last.role_session_name.as_deref().unwrap_or("credential-health-doctor");
    let (role, external_id) = (last.role_arn.as_deref()?, last.external_id.as_deref());
    let refused = refused("AssumeRole", aws.refusal_of_role(&found, role, name, external_id, seconds).await?);
    matches!(refused.class, Class::OverMaxSession | Class::OverChainCap | Class::OutOfRange).then_some(refused)
}

fn loaded(found: &FoundCredentials) -> LoadedCredentials {
    LoadedCredentials {
        key: KeyFacts::of(found.access_key_id()),
        token: found.has_token(),
        provider: found.provider().map(|provider| match provider {
            ProviderKind::Profile => Provider::Profile,
            ProviderKind::Environment => Provider::Environment,
            ProviderKind::WebIdentity => Provider::WebIdentity,
            ProviderKind::Container => Provider::Container,
            ProviderKind::InstanceMetadata => Provider::InstanceMetadata,
        }),
        expires: found.expires().and_then(|end| Timestamp::try_from(end).ok()),
    }
}

fn not_loaded(error: NotFound) -> NotLoaded {
    NotLoaded {
        failed: error.failed,
        refused: error.refused.map(|(call, answer)| refused(call, answer)),
        process: error.process.map(|process| match process {
            ProcessError::Exit(status) => ProcessFailure::Exit(status),
            ProcessError::NotRun => ProcessFailure::NotRun,
            ProcessError::Output => ProcessFailure::Output,
        }),
    }
}

fn refused(call: &'static str, answer: ErrorAnswer) -> RefusedFacts {
    RefusedFacts { class: answer.class, call, code: answer.code, message: answer.message }
}
