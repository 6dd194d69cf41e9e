//! The credentials of this shell, for `doctor`: one pass of the SDK's provider chain, then STS for their identity.
//! Never shows an error text of the SDK, which can hold the output of an endpoint or a program.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::answer::ErrorAnswer;
use super::client::{Aws, profile_provider};
use super::config_files::ConfigFiles;
use super::http::pool;
use super::secrets::Secrets;
use super::sent::noted;
use super::sts::caller_identity;
use crate::facts::Checker;
use crate::visible;

/// Attempts of one call. Few, because a person waits for the result.
const ATTEMPTS: u32 = 2;

/// The provider of the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderKind {
    Profile,
    Environment,
    WebIdentity,
    Container,
    InstanceMetadata,
}

/// Credentials from a provider.
pub(crate) struct FoundCredentials(Credentials);

impl FoundCredentials {
    pub(crate) fn access_key_id(&self) -> &str {
        self.0.access_key_id()
    }

    pub(crate) fn has_token(&self) -> bool {
        self.0.session_token().is_some()
    }

    /// The expiration, if the provider states one.
    pub(crate) fn expires(&self) -> Option<SystemTime> {
        self.0.expiry()
    }

    /// The provider of the credentials. A profile may take them from another provider, so the profile comes first.
    pub(crate) fn provider(&self) -> Option<ProviderKind> {
        let features = self.0.get_property::<Vec<Feature>>()?;
        [
            (Feature::CredentialsProfile, ProviderKind::Profile),
            (Feature::CredentialsEnvVars, ProviderKind::Environment),
            (Feature::CredentialsEnvVarsStsWebIdToken, ProviderKind::WebIdentity),
            (Feature::CredentialsHttp, ProviderKind::Container),
            (Feature::CredentialsImds, ProviderKind::InstanceMetadata),
        ]
        .into_iter()
        .find_map(|(feature, provider)| features.contains(&feature).then_some(provider))
    }
}

/// Why no provider returned credentials.
pub(crate) struct NotFound {
    /// Whether a configured provider failed; otherwise no provider is configured.
    pub(crate) failed: bool,
    /// A provider's call that was refused or not answered, by name.
    pub(crate) refused: Option<(&'static str, ErrorAnswer)>,
    /// How a `credential_process` failed.
    pub(crate) process: Option<ProcessError>,
}

/// How a `credential_process` failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessError {
    Exit(i32),
    NotRun,
    Output,
}

impl Aws {
    /// Settings for a person who waits for `patience`: few attempts. `files` replaces the files that the SDK reads by
    /// default. No answer is shown with a part of `known`, or of what a request carries.
    pub(crate) async fn for_shell(
        profile: Option<&str>,
        files: ConfigFiles,
        patience: Duration,
        known: impl IntoIterator<Item = String>,
    ) -> Self {
        let secrets = Secrets::default();
        known.into_iter().for_each(|value| secrets.hold_value(&value));
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .profile_files(files)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        let loader = profile.into_iter().fold(loader, ConfigLoader::profile_name);
        let http = noted(pool(), secrets.clone());
        Self::load_with(loader, http, secrets).await.for_run_of(patience)
    }

    /// The credentials of the SDK's provider chain, or only of this profile of the files.
    pub(crate) async fn find_credentials(
        &self,
        profile: Option<&str>,
        files: ConfigFiles,
    ) -> Result<FoundCredentials, NotFound> {
        let config = self.config();
        let given = match (profile, config.credentials_provider(), config.http_client()) {
            (None, Some(chain), _) => chain.provide_credentials().await,
            (Some(name), _, Some(http)) => profile_provider(config, http, files, name).provide_credentials().await,
            _ => Err(CredentialsError::not_loaded_no_source()),
        };
        given.map(FoundCredentials).map_err(|error| NotFound {
            failed: !matches!(error, CredentialsError::CredentialsNotLoaded(_)),
            refused: refused_call(&error, &self.secrets),
            process: process_error(&error),
        })
    }

    /// The identity of these credentials. Without credentials the call is not signed, and STS refuses the call.
    pub(crate) async fn identity_of(&self, credentials: Option<&FoundCredentials>) -> Result<Checker, ErrorAnswer> {
        caller_identity(&self.sts_as(credentials.map(|found| found.0.clone())), &self.secrets).await
    }

    /// Why STS refuses this role for this duration; `None`: STS grants a session, which is discarded.
    pub(crate) async fn refusal_of_role(
        &self,
        caller: &FoundCredentials,
        role: &str,
        session_name: &str,
        external_id: Option<&str>,
        seconds: u64,
    ) -> Option<ErrorAnswer> {
        let call = self.sts_as(Some(caller.0.clone())).assume_role().role_arn(role).role_session_name(session_name);
        let call = call.set_external_id(external_id.map(str::to_owned));
        let answer = call.duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX)).send().await;
        answer.err().map(|error| ErrorAnswer::read(&error, &self.secrets))
    }

    /// The Region of the calls.
    pub(crate) fn region(&self) -> String {
        self.config().region().map(ToString::to_string).unwrap_or_default()
    }
}

/// A provider's call that was refused or not answered.
fn refused_call(error: &CredentialsError, secrets: &Secrets) -> Option<(&'static str, ErrorAnswer)> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let found = call::<AssumeRoleError>("AssumeRole", error, secrets)
            .or_else(|| call::<AssumeRoleWithWebIdentityError>("AssumeRoleWithWebIdentity", error, secrets))
            .or_else(|| call::<GetRoleCredentialsError>("GetRoleCredentials", error, secrets));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

fn call<E>(name: &'static str, error: &(dyn Error + 'static), secrets: &Secrets) -> Option<(&'static str, ErrorAnswer)>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let error = error.downcast_ref::<SdkError<E, HttpResponse>>()?;
    let mut answer = ErrorAnswer::read(error, secrets);
    // The provider chain does not return the tokens and keys that it sent.
    answer.message = visible::without_credentials(&answer.message);
    Some((name, answer))
}

/// Why a `credential_process` failed. The SDK's text holds the output of the program and is not returned.
fn process_error(error: &CredentialsError) -> Option<ProcessError> {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(&error.to_string());
        next = error.source();
    }
    if let Some((_, rest)) = text.split_once("external process exited with code ") {
        let status = rest.strip_prefix("exit status: ").map(|rest| rest.chars().take_while(char::is_ascii_digit));
        let status = status.and_then(|digits| digits.collect::<String>().parse().ok());
        return Some(status.map_or(ProcessError::NotRun, ProcessError::Exit));
    }
    let unusable = ["could not parse response", "could not decode output"].iter().any(|words| text.contains(words));
    let from_process = text.contains("from external process");
    from_process.then_some(if unusable { ProcessError::Output } else { ProcessError::NotRun })
}
