//! Makes the calls of a run, and reads their answers. Prints nothing: the SDK's own error texts can hold a secret key.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use credential_health::aws::certificates::{self, NoCertificates};
use credential_health::aws::errors::printable;

use crate::model::{Assume, Call, Seen};
use crate::sandbox::{Names, session_policy};

/// The Region of the calls where no setting names one.
const FALLBACK_REGION: &str = "us-east-1";
/// Attempts of one call, for throttling and server errors.
const ATTEMPTS: u32 = 4;
/// The longest wait for one call with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The clients of a run.
#[derive(Clone)]
pub struct Aws {
    config: SdkConfig,
    /// The connections of the calls without an SDK crate.
    pub(crate) connector: SharedHttpConnector,
}

impl fmt::Debug for Aws {
    /// The Region alone: the SDK's own Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.region()).finish_non_exhaustive()
    }
}

/// Whose credentials a call has, and by which clock it is signed.
#[derive(Clone)]
pub(crate) struct Signer {
    /// `None`: those of the person who runs the command.
    pub(crate) credentials: Option<Credentials>,
    /// How far the clock is off, in seconds.
    pub(crate) clock: i64,
}

impl Signer {
    pub(crate) const YOU: Self = Self { credentials: None, clock: 0 };

    pub(crate) fn with(credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), clock: 0 }
    }
}

/// The identity of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The ARN.
    pub arn: String,
    /// The account.
    pub account: String,
    /// The partition of the ARN.
    pub partition: String,
}

impl Aws {
    /// Reads the settings of the environment and of the shared configuration files.
    pub async fn from_environment(profile: Option<&str>) -> Self {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        Self::with(loader.http_client(crate::raw::client()).load().await)
    }

    /// Takes settings that are already read.
    #[must_use]
    pub fn with(config: SdkConfig) -> Self {
        let region = config.region().cloned().unwrap_or_else(|| aws_config::Region::new(FALLBACK_REGION));
        let config = config
            .into_builder()
            .region(region)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).build())
            .build();
        Self { config, connector: crate::raw::connector() }
    }

    /// The Region of the calls.
    #[must_use]
    pub fn region(&self) -> &str {
        self.config.region().map_or(FALLBACK_REGION, |region| region.as_ref())
    }

    /// Why no call over https:// can succeed, where the endpoint needs such calls. `variable` reads the environment.
    #[must_use]
    pub fn no_certificates(&self, variable: &dyn Fn(&str) -> Option<String>) -> Option<NoCertificates> {
        let is_plain = self.endpoint().is_some_and(certificates::is_plain);
        if is_plain { None } else { certificates::problem(variable) }
    }

    /// The endpoint of the settings, if any.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// The credentials of a signer.
    pub(crate) async fn credentials_of(&self, signer: &Signer) -> Option<Credentials> {
        match &signer.credentials {
            Some(credentials) => Some(credentials.clone()),
            None => self.config.credentials_provider()?.provide_credentials().await.ok(),
        }
    }

    fn time_source(&self, signer: &Signer) -> SharedTimeSource {
        let real = self.config.time_source().unwrap_or_default();
        SharedTimeSource::new(OffClock { real, by: signer.clock })
    }

    /// This machine's time, in seconds since 1970.
    pub(crate) fn now(&self) -> SystemTime {
        self.config.time_source().unwrap_or_default().now()
    }

    fn sts(&self, signer: &Signer, date: DateHeader) -> aws_sdk_sts::Client {
        let mut builder =
            aws_sdk_sts::config::Builder::from(&self.config).time_source(self.time_source(signer)).interceptor(date);
        if signer.clock != 0 {
            // The SDK corrects a wrong clock with its second attempt.
            builder = builder.retry_config(RetryConfig::disabled());
        }
        if let Some(credentials) = &signer.credentials {
            builder = builder
                .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
                .identity_cache(aws_sdk_sts::config::IdentityCache::no_cache());
        }
        aws_sdk_sts::Client::from_conf(builder.build())
    }

    pub(crate) fn iam(&self, signer: &Signer) -> aws_sdk_iam::Client {
        let mut builder = aws_sdk_iam::config::Builder::from(&self.config).time_source(self.time_source(signer));
        if let Some(credentials) = &signer.credentials {
            builder = builder
                .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
                .identity_cache(aws_sdk_iam::config::IdentityCache::no_cache());
        }
        aws_sdk_iam::Client::from_conf(builder.build())
    }

    /// The identity of the person who runs the command.
    ///
    /// # Errors
    /// The answer was a refusal, or there was none.
    pub async fn identity(&self) -> Result<Identity, Seen> {
        let sts = self.sts(&Signer::YOU, DateHeader::default());
        let answer = sts.get_caller_identity().send().await.map_err(|error| seen_of(&error))?;
        let unreadable = || Seen::NoAnswer("the answer has no ARN and account".to_owned());
        let (arn, account) = answer.arn.zip(answer.account).ok_or_else(unreadable)?;
        let partition = arn.split(':').nth(1).unwrap_or_default().to_owned();
        let fits = arn.starts_with("arn:") && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Identity { arn, account, partition }) } else { Err(unreadable()) }
    }

    /// Makes a call, and reduces its answer.
    pub(crate) async fn ask(&self, signer: &Signer, call: &Call, names: &Names) -> Seen {
        match call {
            Call::AssumeRole(_) | Call::GetSessionToken(_) | Call::GetFederationToken(_) => {
                self.take(signer, call, names).await.map_or_else(|seen| seen, |(_, seconds)| Seen::Session(seconds))
            }
            Call::GetCallerIdentity => self.ask_identity(signer).await,
            Call::GetRole(target) => {
                let answer = self.iam(signer).get_role().role_name(names.target_name(*target)).send().await;
                answer.map_or_else(
                    |error| seen_of(&error),
                    |answer| Seen::MaxSession(maximum(answer.role.and_then(|role| role.max_session_duration))),
                )
            }
            Call::ListRoles(role) => self.find_in_list(signer, &names.role_arn(*role), &names.path).await,
            Call::UpdateRole(role, seconds) => {
                let update = self.iam(signer).update_role().role_name(names.role(*role));
                let answer = update.max_session_duration(i32::try_from(*seconds).unwrap_or(i32::MAX)).send().await;
                answer.map_or_else(|error| seen_of(&error), |_| Seen::Done)
            }
            Call::ListBuckets => self.list_buckets(signer, &names.partition).await,
            Call::DescribeRegions => self.describe_regions(signer, &names.partition).await,
            Call::LookupEvents => self.lookup_events(signer, &names.partition, None).await,
            Call::LookupExpired(_) => Seen::NoAnswer("the session is not known".to_owned()),
        }
    }

    async fn ask_identity(&self, signer: &Signer) -> Seen {
        let header = DateHeader::default();
        let answer = self.sts(signer, header.clone()).get_caller_identity().send().await;
        match answer {
            Err(error) => seen_of(&error),
            Ok(_) => Seen::Identity(header.seconds().map(|date| seconds_since_1970(self.now()) - date)),
        }
    }

    async fn find_in_list(&self, signer: &Signer, arn: &str, path: &str) -> Seen {
        let mut pages = self.iam(signer).list_roles().path_prefix(path).into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Err(error) => return seen_of(&error),
                Ok(page) => {
                    if let Some(role) = page.roles.iter().find(|role| role.arn == arn) {
                        return Seen::MaxSession(maximum(role.max_session_duration));
                    }
                }
            }
        }
        Seen::NoAnswer("the list does not have the role".to_owned())
    }

    /// Takes a session, and its Expiration minus the Date of the answer, or minus this machine's time without a Date.
    pub(crate) async fn take(&self, signer: &Signer, call: &Call, names: &Names) -> Result<(Credentials, i64), Seen> {
        let header = DateHeader::default();
        let sts = self.sts(signer, header.clone());
        let seconds = |seconds: &Option<u64>| seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX));
        let given = match call {
            Call::AssumeRole(assume) => send_assume_role(&sts, assume, names).await?,
            Call::GetSessionToken(wanted) => {
                let answer = sts.get_session_token().set_duration_seconds(seconds(wanted)).send().await;
                answer.map_err(|error| seen_of(&error))?.credentials
            }
            Call::GetFederationToken(wanted) => {
                let request = sts.get_federation_token().name("prove").policy(names.federation_policy());
                let answer = request.set_duration_seconds(seconds(wanted)).send().await;
                answer.map_err(|error| seen_of(&error))?.credentials
            }
            _ => None,
        };
        let given = given.ok_or_else(|| Seen::NoAnswer("the answer has no credentials".to_owned()))?;
        let date = header.seconds().unwrap_or_else(|| seconds_since_1970(self.now()));
        let lease = given.expiration.secs() - date;
        // Without an Expiration: the SDK would refuse to send expired credentials.
        let credentials =
            Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), None, "prove");
        Ok((credentials, lease))
    }
}

async fn send_assume_role(
    sts: &aws_sdk_sts::Client,
    assume: &Assume,
    names: &Names,
) -> Result<Option<aws_sdk_sts::types::Credentials>, Seen> {
    let external_id = match assume.external_id_length {
        Some(length) => "x".repeat(length),
        None if assume.right_external_id => names.external_id(),
        None => "prove-another".to_owned(),
    };
    let answer = sts
        .assume_role()
        .role_arn(names.target_arn(assume.role))
        .role_session_name(assume.name_length.map_or_else(|| "prove".to_owned(), |length| "p".repeat(length)))
        .set_duration_seconds(assume.seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)))
        .external_id(external_id)
        .set_source_identity(assume.identity_length.map(|length| "p".repeat(length)))
        .set_policy(session_policy(assume.policy))
        .set_serial_number(
            assume.serial_alone.then(|| format!("arn:{}:iam::{}:mfa/prove", names.partition, names.account)),
        )
        .send()
        .await;
    Ok(answer.map_err(|error| seen_of(&error))?.credentials)
}

fn maximum(seconds: Option<i32>) -> Option<i64> {
    seconds.map(i64::from)
}

pub(crate) fn seconds_since_1970(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads an error of AWS. Other errors are named by their kind alone.
pub(crate) fn seen_of<E>(error: &SdkError<E, HttpResponse>) -> Seen
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let nothing = |why: &str| Seen::NoAnswer(why.to_owned());
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            Seen::Refused {
                status: service.raw().status().as_u16(),
                code: printable(meta.code().unwrap_or_default()),
                message: printable(meta.message().unwrap_or_default()),
            }
        }
        SdkError::ResponseError(_) => nothing("the answer cannot be read"),
        SdkError::TimeoutError(_) => nothing("no answer in time"),
        SdkError::ConstructionFailure(_) => nothing("the request could not be made"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => nothing("no connection in time"),
        SdkError::DispatchFailure(failure) if failure.is_user() || failure.is_other() => {
            nothing("the request could not be sent: no credentials, or no connection")
        }
        _ => nothing("no connection: name, network or TLS"),
    }
}

/// A clock that is off.
#[derive(Debug)]
struct OffClock {
    real: SharedTimeSource,
    by: i64,
}

impl TimeSource for OffClock {
    fn now(&self) -> SystemTime {
        let by = Duration::from_secs(self.by.unsigned_abs());
        if self.by < 0 { self.real.now() - by } else { self.real.now() + by }
    }
}

/// The Date header of an answer, in seconds since 1970.
#[derive(Debug, Clone, Default)]
struct DateHeader(Arc<Mutex<Option<i64>>>);

impl DateHeader {
    fn seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for DateHeader {
    fn name(&self) -> &'static str {
        "DateHeader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let read = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = read.map(|date| date.secs());
        Ok(())
    }
}
