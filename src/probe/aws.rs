//! The clients: one HTTP client and connection pool for STS, IAM, SNS and S3, settings as every AWS tool reads them,
//! retries and timeouts for a run. Owns no decision.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "cli")]
use aws_config::BehaviorVersion;
#[cfg(feature = "cli")]
use aws_config::profile::ProfileFileCredentialsProvider;
#[cfg(feature = "cli")]
use aws_config::provider_config::ProviderConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
#[cfg(feature = "cli")]
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider, error::CredentialsError};
#[cfg(feature = "cli")]
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use tokio::time::Instant;

use super::clock::Clock;
use super::pace::{Paces, Quota};
use crate::inventory::RoleArn;

/// Attempts of one call, the first included. A throttled account gets time; the run's deadline bounds it all.
const ATTEMPTS: u32 = 6;
/// The longest wait for a connection, for one attempt, and for a call with all its attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// What is kept of a run's time to log and to answer after the last call; of a short one, a tenth.
const TO_ANSWER: Duration = Duration::from_millis(500);
/// Where no Region is set: STS and IAM answer there for every account of the partition.
const FALLBACK_REGION: &str = "us-east-1";

/// How to reach AWS. Cheap to clone; every client made of it shares one connection pool.
#[derive(Clone)]
pub struct Aws {
    config: SdkConfig,
    pub(crate) clock: Clock,
    pub(super) paces: Paces,
    end: Option<Instant>,
}

impl fmt::Debug for Aws {
    /// The Region alone: the SDK's own Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.config.region()).finish_non_exhaustive()
    }
}

/// A session's credentials and who they are.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) credentials: Credentials,
    pub(crate) arn: String,
    pub(crate) role: RoleArn,
}

impl Session {
    /// The account that its calls count against.
    pub(super) fn account(&self) -> Option<&str> {
        self.arn.split(':').nth(4)
    }
}

impl Aws {
    /// Reads the settings of the environment and the shared configuration, as every AWS tool does.
    #[cfg(feature = "cli")]
    pub async fn from_environment() -> Self {
        Self::load(aws_config::defaults(BehaviorVersion::latest())).await
    }

    /// Reads them as a function does, whose credentials are in its environment.
    #[cfg(feature = "lambda")]
    pub async fn of_function() -> Self {
        let settings = super::function::settings().await;
        let client = http_client(super::function::trust(&settings));
        let timeouts = timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT);
        Self::with(settings.into_builder().http_client(client).timeout_config(timeouts).build())
    }

    /// Reads the settings that `loader` reads, and adds what a run needs: one HTTP client, retries, timeouts.
    pub async fn load(loader: ConfigLoader) -> Self {
        let client = http_client(TlsContext::default());
        let loader = loader.http_client(client).timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT));
        Self::with(loader.load().await)
    }

    /// Takes settings that have been read, their HTTP client too: one that answers within the process, say.
    #[must_use]
    pub fn with(config: SdkConfig) -> Self {
        let config = match config.retry_config() {
            // AWS_RETRY_MODE, AWS_MAX_ATTEMPTS or the profile say otherwise than the SDK's default: so be it.
            Some(set) if *set != RetryConfig::standard() => config,
            _ => {
                let retries = RetryConfig::adaptive().with_max_attempts(ATTEMPTS);
                config.into_builder().retry_config(retries).build()
            }
        };
        let config = match config.region() {
            Some(_) => config,
            None => config.into_builder().region(Region::new(FALLBACK_REGION)).build(),
        };
        Self { config, clock: Clock::default(), paces: Paces::default(), end: None }
    }

    /// The same way to AWS for a new run of a process that lives on: a clock that has seen nothing yet, no pace that an
    /// earlier run was slowed to, and timeouts that leave room for another attempt within `remaining`.
    #[must_use]
    pub fn for_run_of(&self, remaining: Duration) -> Self {
        let attempt = (remaining / 4).clamp(Duration::from_secs(1), ATTEMPT_TIMEOUT);
        let timeouts = timeouts(attempt, remaining.min(OPERATION_TIMEOUT));
        let config = self.config.clone().into_builder().timeout_config(timeouts).build();
        let end = Instant::now() + remaining.saturating_sub(TO_ANSWER.min(remaining / 10));
        Self { config, clock: Clock::default(), paces: Paces::default(), end: Some(end) }
    }

    /// The same way with an end that leaves so much time for what follows.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub(crate) fn leaving(&self, time: Duration) -> Self {
        Self { end: self.end.map(|end| end.checked_sub(time).unwrap_or(end)), ..self.clone() }
    }

    /// When the run must have its last answer, where its time is limited.
    pub(crate) const fn end(&self) -> Option<Instant> {
        self.end
    }

    /// STS for `session`, or for the checker itself.
    pub(crate) fn sts(&self, session: Option<&Session>) -> aws_sdk_sts::Client {
        let quota = Quota::sts(session);
        let builder = aws_sdk_sts::config::Builder::from(&self.config)
            .interceptor(self.clock.clone())
            .retry_partition(self.paces.partition(&quota))
            .interceptor(self.paces.observer(quota));
        aws_sdk_sts::Client::from_conf(match session {
            Some(session) => builder
                .credentials_provider(session.credentials.clone())
                .identity_cache(aws_sdk_sts::config::IdentityCache::no_cache())
                .build(),
            None => builder.build(),
        })
    }

    /// STS for these credentials, or, without, for nobody: the call is not signed, and the answer a refusal.
    #[cfg(feature = "cli")]
    pub(crate) fn sts_as(&self, credentials: Option<Credentials>) -> aws_sdk_sts::Client {
        let provider = credentials.map(SharedCredentialsProvider::new);
        let mut config = self.config.clone().into_builder();
        config.set_credentials_provider(provider);
        let builder = aws_sdk_sts::config::Builder::from(&config.build()).interceptor(self.clock.clone());
        aws_sdk_sts::Client::from_conf(builder.allow_no_auth().build())
    }

    /// What the SDK's chain of credential providers gives, or this profile of the files alone; `None`: there is no chain.
    #[cfg(feature = "cli")]
    pub(crate) async fn credentials(
        &self,
        profile: Option<&str>,
        files: EnvConfigFiles,
    ) -> Option<Result<Credentials, CredentialsError>> {
        let Some(name) = profile else {
            return Some(self.config.credentials_provider()?.provide_credentials().await);
        };
        let settings = ProviderConfig::without_region()
            .with_region(self.config.region().cloned())
            .with_http_client(self.config.http_client()?);
        let profile = ProfileFileCredentialsProvider::builder().configure(&settings).profile_files(files);
        let profile = profile.profile_name(name).build();
        Some(profile.provide_credentials().await)
    }

    /// The Region that is asked.
    #[cfg(feature = "cli")]
    pub(crate) fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    /// IAM for `session`, or for the checker itself; each quota has its own retry budget, so that a throttled account slows
    /// itself only.
    pub(super) fn iam(&self, session: Option<&Session>, quota: Quota) -> aws_sdk_iam::Client {
        let builder = aws_sdk_iam::config::Builder::from(&self.config)
            .interceptor(self.clock.clone())
            .retry_partition(self.paces.partition(&quota))
            .interceptor(self.paces.observer(quota));
        aws_sdk_iam::Client::from_conf(match session {
            Some(session) => builder
                .credentials_provider(session.credentials.clone())
                .identity_cache(aws_sdk_iam::config::IdentityCache::no_cache())
                .build(),
            None => builder.build(),
        })
    }

    /// SNS in the topic's own Region.
    pub(crate) fn sns(&self, region: &str) -> aws_sdk_sns::Client {
        let builder = aws_sdk_sns::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .retry_partition(self.paces.partition(&Quota { service: "sns", account: None }));
        aws_sdk_sns::Client::from_conf(builder.build())
    }

    /// The settings that all clients are made of.
    #[cfg(feature = "lambda")]
    pub(crate) const fn config(&self) -> &SdkConfig {
        &self.config
    }
}

/// One connection pool for every client, through HTTPS_PROXY and its like where they are set.
fn http_client(trust: TlsContext) -> SharedHttpClient {
    let client = aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .tls_context(trust.clone())
            .build()
    });
    SharedHttpClient::new(MadeOnce(client))
}

/// The SDK's HTTP client without its preparation: for each client that shares it, one for each session's calls to IAM, that
/// would read all root certificates anew and throw them away, so that they are read before the first call
/// (aws-smithy-http-client, `validate_base_client_config`).
#[derive(Debug)]
struct MadeOnce(SharedHttpClient);

impl HttpClient for MadeOnce {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        // The same for every run: the SDK keeps a pool of connections for each connect timeout.
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}
