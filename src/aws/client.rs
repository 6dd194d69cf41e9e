//! The clients of all services: settings as every AWS tool reads them, retries, timeouts, one pool of connections.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

#[cfg(feature = "cli")]
use aws_config::profile::ProfileFileCredentialsProvider;
#[cfg(feature = "cli")]
use aws_config::provider_config::ProviderConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::time::Instant;

use super::answer::WholeAnswer;
use super::clock::Clock;
#[cfg(feature = "cli")]
use super::config_files::ConfigFiles;
use super::http::{LARGEST_ANSWER, LARGEST_PAGE, bounded, pool};
use super::pace::{Paces, Quota};
use super::secrets::Secrets;
use super::sendable::Sendable;
use super::settings::{self, BadSdkSettings, ServiceSettings};
use crate::inventory::{FunctionArn, RoleArn};

/// Attempts of one call, including the first. Throttled accounts need several; the run's deadline limits the total
/// time.
pub(super) const ATTEMPTS: u32 = 6;
/// The longest wait for a connection, for one attempt, and for a call with all its attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// The part of a run's time that is reserved for logs and the answer after the last call; a tenth of a short run.
const TO_ANSWER: Duration = Duration::from_millis(500);
/// The Region if none is set. STS and IAM answer there for every account of the partition.
const FALLBACK_REGION: &str = "us-east-1";

/// Makes clients for AWS. Cheap to clone; all clients share one pool of connections.
#[derive(Clone)]
pub struct Aws {
    config: SdkConfig,
    http: SharedHttpClient,
    pub(crate) clock: Clock,
    pub(super) paces: Paces,
    pub(crate) secrets: Secrets,
    /// The settings have a retry mode or a number of attempts.
    has_retry_settings: bool,
    end: Option<Instant>,
}

impl fmt::Debug for Aws {
    /// Prints only the Region: the SDK's own Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.config.region()).finish_non_exhaustive()
    }
}

/// The credentials of a session and the identity behind them.
#[derive(Clone)]
pub(crate) struct AssumedSession {
    pub(crate) credentials: Credentials,
    pub(crate) arn: String,
    pub(crate) role: RoleArn,
}

/// A client of this SDK crate with the credentials of a session, or with the builder's own. Each crate has types of its
/// own, so a function cannot do it.
macro_rules! client_for {
    ($sdk:ident, $builder:expr, $session:expr) => {
        $sdk::Client::from_conf(match $session {
            Some(session) => $builder
                .credentials_provider(session.credentials.clone())
                .identity_cache($sdk::config::IdentityCache::no_cache())
                .build(),
            None => $builder.build(),
        })
    };
}

impl AssumedSession {
    /// The account whose quotas its calls use.
    pub(super) fn account(&self) -> Option<&str> {
        self.arn.split(':').nth(4)
    }
}

/// The provider of a profile's credentials, which calls AWS in the Region of the settings.
#[cfg(feature = "cli")]
pub(super) fn profile_provider(
    config: &SdkConfig,
    http: SharedHttpClient,
    files: ConfigFiles,
    profile: &str,
) -> ProfileFileCredentialsProvider {
    let region = config.region().cloned();
    let settings = ProviderConfig::without_region().with_region(region).with_http_client(http);
    let provider = ProfileFileCredentialsProvider::builder().configure(&settings);
    provider.profile_files(files).profile_name(profile).build()
}

impl Aws {
    /// Reads the settings of the environment and of the shared configuration files. `variable` reads the environment.
    ///
    /// # Errors
    /// Every setting with a value that the SDK cannot use.
    pub async fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSdkSettings> {
        let aws = Self::load(settings::loader(variable, None).await?).await;
        settings::check_loaded(variable, &aws.config)?;
        Ok(aws)
    }

    /// The same with the credentials and the settings of a profile. As with `--profile` of the AWS CLI, the keys of the
    /// environment do not count.
    ///
    /// # Errors
    /// Every setting with a value that the SDK cannot use.
    #[cfg(feature = "cli")]
    pub async fn from_profile(
        variable: &dyn Fn(&str) -> Option<String>,
        profile: &str,
    ) -> Result<Self, BadSdkSettings> {
        let http = pool();
        let bounded_http = bounded(http.clone(), LARGEST_ANSWER);
        let loader = settings::loader(variable, Some(profile)).await?;
        let loader = loader.http_client(bounded_http.clone());
        let config = loader.timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT)).load().await;
        let provider = profile_provider(&config, bounded_http, settings::profile_files(variable), profile);
        let provider = SharedCredentialsProvider::new(provider);
        let aws = Self::new(config.into_builder().credentials_provider(provider).build(), http, Secrets::default());
        settings::check_loaded(variable, &aws.config)?;
        Ok(aws)
    }

    /// Reads the settings that `loader` reads, and adds connections, retries and timeouts.
    pub async fn load(loader: ConfigLoader) -> Self {
        Self::load_with(loader, pool(), Secrets::default()).await
    }

    /// The same with these connections. `secrets` is what is removed from every answer.
    pub(super) async fn load_with(loader: ConfigLoader, http: SharedHttpClient, secrets: Secrets) -> Self {
        let loader = loader
            .http_client(bounded(http.clone(), LARGEST_ANSWER))
            .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT));
        Self::new(loader.load().await, http, secrets)
    }

    /// Takes settings that are already read, including their HTTP client, such as one that answers within the
    /// process.
    #[must_use]
    pub fn with(config: SdkConfig) -> Self {
        let http = config.http_client().unwrap_or_else(pool);
        Self::new(config, http, Secrets::default())
    }

    fn new(config: SdkConfig, http: SharedHttpClient, secrets: Secrets) -> Self {
        let explicit = config.get_origin("retry_config").is_client_config();
        let kept = config.retry_config().filter(|set| explicit || **set != RetryConfig::standard()).cloned();
        let has_retry_settings = kept.is_some();
        let region = config.region().filter(|region| settings::is_host_label(region.as_ref())).cloned();
        let mut builder = config.clone().into_builder();
        if let Some(provider) = config.credentials_provider() {
            let provider = Sendable { provider, secrets: secrets.clone() };
            builder.set_credentials_provider(Some(SharedCredentialsProvider::new(provider)));
        }
        let config = builder
            .http_client(bounded(http.clone(), LARGEST_ANSWER))
            .retry_config(kept.unwrap_or_else(|| RetryConfig::adaptive().with_max_attempts(ATTEMPTS)))
            .region(region.unwrap_or_else(|| Region::new(FALLBACK_REGION)))
            .service_config(ServiceSettings(config))
            .build();
        Self { config, http, clock: Clock::default(), paces: Paces::default(), secrets, has_retry_settings, end: None }
    }

    /// Copies this for a new run of a process that lives on: a new clock, new paces, and timeouts that allow another
    /// attempt within `remaining`.
    #[must_use]
    pub fn for_run_of(&self, remaining: Duration) -> Self {
        let attempt = (remaining / 4).clamp(Duration::from_secs(1), ATTEMPT_TIMEOUT);
        let timeouts = timeouts(attempt, remaining.min(OPERATION_TIMEOUT));
        let config = self.config.clone().into_builder().timeout_config(timeouts).build();
        let end = Instant::now() + remaining.saturating_sub(TO_ANSWER.min(remaining / 10));
        Self { config, clock: Clock::default(), paces: Paces::default(), end: Some(end), ..self.clone() }
    }

    /// Copies this with an end that reserves this much time for later work.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub(crate) fn leaving(&self, time: Duration) -> Self {
        Self { end: self.end.map(|end| end.checked_sub(time).unwrap_or(end)), ..self.clone() }
    }

    /// The deadline of the run's last answer, if the run's time is limited.
    pub(crate) const fn end(&self) -> Option<Instant> {
        self.end
    }

    /// An STS client for `session`, or for the checker itself.
    pub(crate) fn sts(&self, session: Option<&AssumedSession>) -> aws_sdk_sts::Client {
        let quota = Quota::sts(session);
        let builder = aws_sdk_sts::config::Builder::from(&self.config)
            .interceptor(self.clock.clone())
            .interceptor(WholeAnswer)
            .retry_partition(self.paces.partition(&quota, self.unix_time()))
            .interceptor(self.paces.observer(quota));
        client_for!(aws_sdk_sts, builder, session)
    }

    /// An STS client for these credentials. Without credentials the call is not signed, and STS refuses the call.
    #[cfg(feature = "cli")]
    pub(super) fn sts_as(&self, credentials: Option<Credentials>) -> aws_sdk_sts::Client {
        let sendable = |provider| Sendable { provider, secrets: self.secrets.clone() };
        let provider = credentials.map(|credentials| SharedCredentialsProvider::new(sendable(credentials)));
        let mut config = self.config.clone().into_builder();
        config.set_credentials_provider(provider);
        let builder = aws_sdk_sts::config::Builder::from(&config.build())
            .interceptor(self.clock.clone())
            .interceptor(WholeAnswer);
        aws_sdk_sts::Client::from_conf(builder.allow_no_auth().build())
    }

    /// An IAM client for `session`, or for the checker itself. Each quota has its own retry budget, so a throttled
    /// account slows only its own calls.
    pub(super) fn iam(&self, session: Option<&AssumedSession>, quota: Quota) -> aws_sdk_iam::Client {
        let largest = if quota.has_pages() { LARGEST_PAGE } else { LARGEST_ANSWER };
        let builder = aws_sdk_iam::config::Builder::from(&self.config)
            .http_client(bounded(self.http.clone(), largest))
            .interceptor(self.clock.clone())
            .interceptor(WholeAnswer)
            .retry_partition(self.paces.partition(&quota, self.unix_time()))
            .interceptor(self.paces.observer(quota));
        client_for!(aws_sdk_iam, builder, session)
    }

    /// A Lambda client in the function's Region, for `session`, or for the checker itself.
    pub(super) fn lambda(&self, session: Option<&AssumedSession>, function: &FunctionArn) -> aws_sdk_lambda::Client {
        let quota = Quota::lambda(function.account(), function.region());
        let builder = aws_sdk_lambda::config::Builder::from(&self.config)
            .region(Region::new(function.region().to_owned()))
            .interceptor(self.clock.clone())
            .retry_partition(self.paces.partition(&quota, self.unix_time()))
            .interceptor(self.paces.observer(quota));
        client_for!(aws_sdk_lambda, builder, session)
    }

    /// An IAM Identity Center client in `region`, or in the Region of the settings, for `session`, or for the checker
    /// itself.
    pub(super) fn sso_admin(&self, session: Option<&AssumedSession>, region: Option<&str>) -> aws_sdk_ssoadmin::Client {
        let quota = Quota::SSO_ADMIN;
        let region = region.map(|region| Region::new(region.to_owned())).or_else(|| self.config.region().cloned());
        let builder = aws_sdk_ssoadmin::config::Builder::from(&self.config)
            .region(region)
            .interceptor(self.clock.clone())
            .retry_partition(self.paces.partition(&quota, self.unix_time()))
            .interceptor(self.paces.observer(quota));
        client_for!(aws_sdk_ssoadmin, builder, session)
    }

    /// An SNS client in the topic's Region.
    pub(super) fn sns(&self, region: &str) -> aws_sdk_sns::Client {
        let builder = aws_sdk_sns::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .interceptor(WholeAnswer)
            .retry_partition(self.paces.partition(&Quota::SNS, self.unix_time()));
        aws_sdk_sns::Client::from_conf(builder.build())
    }

    /// An EventBridge client in the bus's Region.
    #[cfg(feature = "lambda")]
    pub(super) fn eventbridge(&self, region: &str) -> aws_sdk_eventbridge::Client {
        let builder = aws_sdk_eventbridge::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .retry_partition(self.paces.partition(&Quota::EVENTS, self.unix_time()));
        aws_sdk_eventbridge::Client::from_conf(builder.build())
    }

    /// An S3 client in `region`, or in the Region of the settings. The reader of an object limits the size of its
    /// body. A custom endpoint has the bucket in the path, because the bucket's name is not part of that host.
    #[cfg(any(feature = "cli", feature = "lambda"))]
    pub(super) fn s3(&self, region: Option<Region>) -> aws_sdk_s3::Client {
        let builder = self.s3_builder(region).http_client(self.http.clone()).interceptor(super::s3_object::EmptyAnswer);
        aws_sdk_s3::Client::from_conf(builder.build())
    }

    /// The same for the bodies of many objects.
    #[cfg(feature = "cli")]
    pub(super) fn s3_bodies(&self, region: Option<Region>) -> aws_sdk_s3::Client {
        let builder = self.s3_builder(region).http_client(self.http.clone()).retry_config(self.retries_of_s3());
        aws_sdk_s3::Client::from_conf(builder.build())
    }

    /// The same for lists of objects.
    #[cfg(any(feature = "cli", feature = "lambda"))]
    pub(super) fn s3_lists(&self, region: Option<Region>) -> aws_sdk_s3::Client {
        let http = bounded(self.http.clone(), LARGEST_PAGE);
        let builder = self.s3_builder(region).http_client(http).retry_config(self.retries_of_s3());
        aws_sdk_s3::Client::from_conf(builder.interceptor(WholeAnswer).build())
    }

    /// The retries of the settings. Without them, the mode is standard: a throttled prefix of a bucket does not slow
    /// the others.
    #[cfg(any(feature = "cli", feature = "lambda"))]
    fn retries_of_s3(&self) -> RetryConfig {
        let of_settings = self.config.retry_config().filter(|_| self.has_retry_settings).cloned();
        of_settings.unwrap_or_else(|| RetryConfig::standard().with_max_attempts(ATTEMPTS))
    }

    /// An SSM client in the Region of the settings.
    #[cfg(any(feature = "cli", feature = "lambda"))]
    pub(super) fn ssm(&self) -> aws_sdk_ssm::Client {
        let builder = aws_sdk_ssm::config::Builder::from(&self.config)
            .http_client(bounded(self.http.clone(), LARGEST_PAGE))
            .retry_partition(self.paces.partition(&Quota::SSM, self.unix_time()));
        aws_sdk_ssm::Client::from_conf(builder.build())
    }

    #[cfg(any(feature = "cli", feature = "lambda"))]
    fn s3_builder(&self, region: Option<Region>) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::config::Builder::from(&self.config)
            .region(region.or_else(|| self.config.region().cloned()))
            .force_path_style(settings::endpoint_of(&self.config, "S3").is_some())
            .retry_partition(self.paces.partition(&Quota::S3, self.unix_time()))
    }

    /// The settings of all clients.
    #[cfg(feature = "cli")]
    pub(super) const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The time of this machine by the SDK's clock, since 1970.
    fn unix_time(&self) -> Duration {
        let now = self.config.time_source().unwrap_or_default().now();
        now.duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// The time in whole seconds since 1970.
    pub(super) fn unix_seconds(&self) -> Option<i64> {
        i64::try_from(self.unix_time().as_secs()).ok()
    }
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        // Equal for every run: the SDK keeps a pool of connections for each connect timeout.
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}
