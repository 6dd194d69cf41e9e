//! The pace of each of AWS's quotas, learnt from the answers of one run: the SDK's pace and retry quota, and the
//! number of concurrent calls. Makes no call; `walk` keeps to these limits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_iam::operation::get_role::GetRoleError;
use aws_sdk_iam::operation::list_roles::ListRolesError;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use aws_sdk_ssoadmin::operation::describe_permission_set::DescribePermissionSetError;
use aws_sdk_ssoadmin::operation::list_instances::ListInstancesError;
use aws_sdk_ssoadmin::operation::list_permission_sets::ListPermissionSetsError;
use aws_sdk_sts::config::retry::{ClientRateLimiter, RetryPartition};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{Error, FinalizerInterceptorContextRef};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use tokio::sync::Notify;

use super::client::AssumedSession;
use super::errors::Class;

/// The first limit on concurrent calls of one IAM quota: other tools of the account use the same quota. STS accepts
/// 600 calls a second (quoted in mountpoint-s3, issue 1358), more than any run makes at once.
const FIRST_OF_IAM: usize = 16;
/// The limit on concurrent calls after AWS throttled a call.
const SLOWED: usize = 8;
/// More than any run makes at once. The run's own concurrency is the limit.
const MOST: usize = 1024;

const LIST_ROLES: &str = "iam-list-roles";

/// A quota of AWS by the caller's account: one per API for IAM, one for all calls of STS. (AWS does not publish the
/// numbers or the split; AWS Support describes token buckets by API and account.)
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Quota {
    pub(super) service: &'static str,
    /// `None`: the checker's account.
    pub(super) account: Option<String>,
}

impl Quota {
    pub(super) const SNS: Self = Self { service: "sns", account: None };
    #[cfg(feature = "lambda")]
    pub(super) const EVENTS: Self = Self { service: "events", account: None };
    #[cfg(any(feature = "cli", feature = "lambda"))]
    pub(super) const S3: Self = Self { service: "s3", account: None };
    #[cfg(any(feature = "cli", feature = "lambda"))]
    pub(super) const SSM: Self = Self { service: "ssm", account: None };

    pub(super) fn sts(session: Option<&AssumedSession>) -> Self {
        Self { service: "sts", account: session.and_then(AssumedSession::account).map(str::to_owned) }
    }

    pub(super) fn get_role(account: &str) -> Self {
        Self { service: "iam-get-role", account: Some(account.to_owned()) }
    }

    /// The read calls of Lambda, in one account and Region.
    pub(super) fn lambda(account: &str, region: &str) -> Self {
        Self { service: "lambda", account: Some(format!("{account}-{region}")) }
    }

    /// The calls of IAM Identity Center.
    pub(super) const SSO_ADMIN: Self = Self { service: "sso-admin", account: None };

    pub(super) fn list_roles(account: &str) -> Self {
        Self { service: LIST_ROLES, account: Some(account.to_owned()) }
    }

    /// Whether the answers are pages of a list.
    pub(super) fn has_pages(&self) -> bool {
        self.service == LIST_ROLES
    }

    /// The first limit on concurrent calls.
    fn first(&self) -> usize {
        if self.service == "sts" { MOST } else { FIRST_OF_IAM }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.service, self.account.as_deref().unwrap_or("checker"))
    }
}

/// The paces of one run. The SDK keeps its own for the whole process: after one throttled run, a function would start
/// each later run at one call in two seconds, or without retries.
#[derive(Clone, Default)]
pub(super) struct Paces(Arc<Shared>);

#[derive(Default)]
struct Shared {
    partitions: Mutex<HashMap<Quota, RetryPartition>>,
    /// The limit on concurrent calls.
    limits: Mutex<HashMap<Quota, usize>>,
    slowed: Notify,
}

impl Paces {
    /// The SDK's pace and retry quota for this quota; `now` is the time since 1970.
    pub(super) fn partition(&self, quota: &Quota, now: Duration) -> RetryPartition {
        let mut known = locked(&self.0.partitions);
        let new = || {
            let limiter = ClientRateLimiter::new(now.as_secs_f64());
            RetryPartition::custom(quota.to_string()).client_rate_limiter(limiter).build()
        };
        known.entry(quota.clone()).or_insert_with(new).clone()
    }

    /// The interceptor that reports each attempt of a client that uses the quota.
    pub(super) fn observer(&self, quota: Quota) -> Observer {
        Observer { paces: self.clone(), quota }
    }

    /// The limit on concurrent calls of the quota.
    pub(super) fn limit(&self, quota: &Quota) -> usize {
        locked(&self.0.limits).get(quota).copied().unwrap_or_else(|| quota.first())
    }

    /// Returns when AWS has throttled a call of any quota since the last time.
    pub(super) async fn slowed(&self) {
        self.0.slowed.notified().await;
    }

    /// Adds one for each answer, which doubles the limit with each round trip. Halves the limit for each throttled
    /// call.
    fn learn(&self, quota: &Quota, throttled: bool) {
        let mut limits = locked(&self.0.limits);
        let limit = limits.entry(quota.clone()).or_insert_with(|| quota.first());
        *limit = if throttled { (*limit / 2).clamp(1, SLOWED) } else { (*limit + 1).min(MOST) };
        if throttled {
            self.0.slowed.notify_one();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Receives each attempt, including the SDK's own retries.
pub(super) struct Observer {
    paces: Paces,
    quota: Quota,
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.quota).finish()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Observer {
    fn name(&self) -> &'static str {
        "Observer"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.output_or_error() {
            Some(Ok(_)) => self.paces.learn(&self.quota, false),
            Some(Err(error)) if error.as_operation_error().is_some_and(is_throttle) => {
                self.paces.learn(&self.quota, true);
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_throttle(error: &Error) -> bool {
    fn meta<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
        error: &Error,
    ) -> Option<&ErrorMetadata> {
        error.downcast_ref::<E>().map(ProvideErrorMetadata::meta)
    }
    let meta = meta::<AssumeRoleError>(error)
        .or_else(|| meta::<GetRoleError>(error))
        .or_else(|| meta::<ListRolesError>(error))
        .or_else(|| meta::<GetFunctionConfigurationError>(error))
        .or_else(|| meta::<ListInstancesError>(error))
        .or_else(|| meta::<ListPermissionSetsError>(error))
        .or_else(|| meta::<DescribePermissionSetError>(error));
    meta.is_some_and(|meta| {
        Class::from_answer(meta.code().unwrap_or_default(), 0, meta.message().unwrap_or_default()) == Class::Throttled
    })
}
