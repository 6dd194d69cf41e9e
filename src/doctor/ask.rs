//! Asks for credentials once, by the SDK for Rust with the files as the AWS CLI reads them; then STS whose they are.
//! Returns facts. Never prints an error of the SDK's: its text can hold the answer of an endpoint or a program.

use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use jiff::Timestamp;
use tokio::time::timeout;

use super::facts::{Asked, Facts, Identity, Key, Loaded, NotLoaded, ProcessFailure, Provider, Refused, SelectedBy};
use super::providers;
use crate::failure::Class;
use crate::probe::{Aws, answer_of};
use crate::shared_config::{self, Base, Chain, ForSdk, SharedConfig};

/// Attempts of one call: a person waits for the answer.
const ATTEMPTS: u32 = 2;
/// The longest wait for STS.
const PATIENCE: Duration = Duration::from_secs(12);
/// The longest wait for credentials: a program may ask a person. The SDKs give up after 5 seconds, the AWS CLI does
/// not.
pub(super) const PATIENCE_FOR_CREDENTIALS: Duration = Duration::from_secs(30);

/// `waits`: the provider that decides would wait for a file, so none is asked for credentials.
pub(super) async fn ask(facts: &Facts, config: &SharedConfig, waits: bool) -> Asked {
    let by_option = facts.selected.by == SelectedBy::Option;
    let chain = config.chain(&facts.selected.name).ok().filter(|chain| chain.commands.is_empty());
    let ForSdk { files, profile } = for_sdk(facts, config, chain.as_ref());
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .profile_files(files.clone())
        .profile_name(&profile)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    let aws = Aws::load(loader).await.for_run_of(PATIENCE);
    let failed = |process| Err(NotLoaded { failed: true, refused: None, process });
    let loaded = match waits {
        true => failed(None),
        // As with the AWS CLI's --profile, the environment's keys are left out.
        false => {
            let only = by_option.then_some(profile.as_str());
            match timeout(PATIENCE_FOR_CREDENTIALS, aws.credentials(only, files)).await {
                Ok(Some(Ok(credentials))) => Ok(credentials),
                Ok(Some(Err(error))) => Err(not_loaded(&error)),
                Ok(None) => Err(NotLoaded { failed: false, refused: None, process: None }),
                Err(_) => failed(Some(ProcessFailure::Late)),
            }
        }
    };
    // Without credentials too: an answer that refuses the call has a Date, which shows whether the clock is right.
    let identity = who(&aws, loaded.as_ref().ok()).await;
    let by_profile = providers::deciding(&providers::of(facts)) == Some(Provider::Profile);
    let duration_refused = match &chain {
        Some(chain) if loaded.is_ok() && by_profile && !waits => with_duration(&aws, config, chain).await,
        _ => None,
    };
    let (answers, clock_offset) = aws.clock.seen();
    let nothing_to_sign_with = loaded.is_err();
    Asked {
        loaded: Some(loaded.map(|credentials| of(&credentials))),
        identity: (!nothing_to_sign_with || answers == 0).then_some(identity),
        duration_refused,
        answers,
        clock_offset,
        region: aws.region(),
    }
}

/// The files that make the SDK for Rust take the provider that the AWS CLI takes.
fn for_sdk(facts: &Facts, config: &SharedConfig, chain: Option<&Chain<'_>>) -> ForSdk {
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
async fn with_duration(aws: &Aws, config: &SharedConfig, chain: &Chain<'_>) -> Option<Refused> {
    let (last, before) = chain.roles.split_last()?;
    let by_token = before.is_empty() && chain.base == Base::WebIdentity;
    let seconds = last.duration_seconds.as_ref().and_then(shared_config::Setting::seconds).filter(|_| !by_token)?;
    let caller = before.last().map_or(chain.base_profile, |role| *role);
    let own_keys = caller.name == last.name;
    let source = Chain { profile: caller, roles: before.to_vec(), commands: Vec::new(), ..chain.clone() };
    // A profile that is its own source, or that names a credential_source, gives the base's credentials no other way.
    let has_source = !own_keys && !matches!(chain.base, Base::Named(_));
    if !has_source && !before.is_empty() {
        return None;
    }
    if matches!(chain.base, Base::Named(_)) {
        return None;
    }
    let ForSdk { files, profile } = config.for_sdk(&source, None);
    let credentials = timeout(PATIENCE_FOR_CREDENTIALS, aws.credentials(Some(&profile), files)).await.ok()??.ok()?;
    let call = aws.sts_as(Some(credentials)).assume_role().role_arn(last.role_arn.as_deref()?);
    let name = last.role_session_name.as_deref().unwrap_or("credential-health-doctor");
    let call = call.role_session_name(name).set_external_id(last.external_id.as_deref().map(str::to_owned));
    let answer = call.duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX)).send().await;
    let refused = refused("AssumeRole", &answer.err()?);
    matches!(refused.class, Class::OverMaxSession | Class::OverChainCap | Class::OutOfRange).then_some(refused)
}

async fn who(aws: &Aws, credentials: Option<&Credentials>) -> Result<Identity, Refused> {
    match aws.sts_as(credentials.cloned()).get_caller_identity().send().await {
        Ok(answer) => match (answer.arn, answer.account) {
            (Some(arn), Some(account)) => Ok(Identity { arn, account }),
            _ => Err(Refused {
                class: Class::Unreadable,
                call: "GetCallerIdentity",
                code: None,
                message: "the answer has no ARN".to_owned(),
            }),
        },
        Err(error) => Err(refused("GetCallerIdentity", &error)),
    }
}

fn of(credentials: &Credentials) -> Loaded {
    Loaded {
        key: Key::of(credentials.access_key_id()),
        token: credentials.session_token().is_some(),
        provider: provider(credentials),
        expires: credentials.expiry().and_then(|end| Timestamp::try_from(end).ok()),
    }
}

/// Which provider of the chain it was. A profile may itself take from the others, so it comes first.
fn provider(credentials: &Credentials) -> Option<Provider> {
    let features = credentials.get_property::<Vec<Feature>>()?;
    let has = |feature| features.contains(&feature);
    [
        (Feature::CredentialsProfile, Provider::Profile),
        (Feature::CredentialsEnvVars, Provider::Environment),
        (Feature::CredentialsEnvVarsStsWebIdToken, Provider::WebIdentity),
        (Feature::CredentialsHttp, Provider::Container),
        (Feature::CredentialsImds, Provider::InstanceMetadata),
    ]
    .into_iter()
    .find_map(|(feature, provider)| has(feature).then_some(provider))
}

fn not_loaded(error: &CredentialsError) -> NotLoaded {
    NotLoaded {
        failed: !matches!(error, CredentialsError::CredentialsNotLoaded(_)),
        refused: refusal(error),
        process: process(error),
    }
}

/// The call that a provider made and that was refused, or had no answer.
fn refusal(error: &CredentialsError) -> Option<Refused> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let found = found::<AssumeRoleError>("AssumeRole", error)
            .or_else(|| found::<AssumeRoleWithWebIdentityError>("AssumeRoleWithWebIdentity", error))
            .or_else(|| found::<GetRoleCredentialsError>("GetRoleCredentials", error));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

fn found<E>(call: &'static str, error: &(dyn Error + 'static)) -> Option<Refused>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    error.downcast_ref::<SdkError<E, HttpResponse>>().map(|error| refused(call, error))
}

fn refused<E>(call: &'static str, error: &SdkError<E, HttpResponse>) -> Refused
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let answer = answer_of(error);
    Refused { class: answer.class, call, code: answer.code, message: answer.message }
}

/// The SDK tells how a `credential_process` failed in words alone; what the program said is in them, and stays there.
fn process(error: &CredentialsError) -> Option<ProcessFailure> {
    let mut told = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        told.push_str(&error.to_string());
        next = error.source();
    }
    if let Some((_, rest)) = told.split_once("external process exited with code ") {
        let status = rest.strip_prefix("exit status: ").map(|rest| rest.chars().take_while(char::is_ascii_digit));
        let status = status.and_then(|digits| digits.collect::<String>().parse().ok());
        return Some(status.map_or(ProcessFailure::NotRun, ProcessFailure::Exit));
    }
    let unusable = ["could not parse response", "could not decode output"].iter().any(|said| told.contains(said));
    let from_process = told.contains("from external process");
    from_process.then_some(if unusable { ProcessFailure::Output } else { ProcessFailure::NotRun })
}
