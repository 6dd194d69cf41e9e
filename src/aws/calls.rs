//! Shared parts of the calls of one run: the checker's STS client, the session name, the caller of a failed call.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::errors::{Failure, Operation};
use super::secrets::Secrets;
use super::signin::SigninSessions;
use crate::facts::SettingFailure;
use crate::inventory::{Role, RoleArn};

/// A call about a role.
pub(super) struct Request {
    pub(super) caller: Option<String>,
    /// The role of the caller's session, needed because the caller's ARN has no path.
    pub(super) caller_role: Option<RoleArn>,
    pub(super) policy: Option<String>,
    pub(super) role: Role,
    pub(super) secrets: Secrets,
}

impl Request {
    /// The failure of this call with this answer.
    pub(super) fn failed(&self, operation: Operation, answer: ErrorAnswer) -> Failure {
        let ErrorAnswer { class, code, message, status, request_id } = answer;
        let (caller, caller_role) = (self.caller.clone(), self.caller_role.clone());
        let unanswered = Failure::unanswered(operation, &self.role.arn, class, &message);
        Failure { caller, caller_role, code, status, request_id, ..unanswered }
    }

    /// The failure that the SDK reports.
    pub(super) fn refused<E>(&self, operation: Operation, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failed(operation, ErrorAnswer::read(error, &self.secrets))
    }

    /// The failure of an answer that does not come from AWS.
    pub(super) fn unreadable(&self, operation: Operation, message: &str) -> Failure {
        self.failed(operation, ErrorAnswer::unreadable(message))
    }
}

/// The failure of a call for a setting.
pub(super) fn setting_failure(operation: Operation, answer: ErrorAnswer) -> SettingFailure {
    SettingFailure { operation, class: answer.class, answer: answer.text() }
}

/// Makes the calls of one run. `sts`, `iam`, `lambda` and `sso_admin` add the methods.
pub(super) struct Calls {
    pub(super) aws: Aws,
    pub(super) checker_sts: aws_sdk_sts::Client,
    pub(super) session_name: String,
    /// What the answers of IAM state about signing in with roles.
    pub(super) signin_sessions: SigninSessions,
}

impl Calls {
    pub(super) fn new(aws: &Aws, run_id: &str) -> Self {
        let signin_sessions = SigninSessions::default();
        Self { aws: aws.clone(), checker_sts: aws.sts(None), session_name: session_name(run_id), signin_sessions }
    }
}

/// A RoleSessionName that a reader of CloudTrail can trace to the run: at most 64 of `[\w+=,.@-]` (STS AssumeRole).
fn session_name(run_id: &str) -> String {
    let replaced = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    format!("credential-health-{run_id}").chars().map(replaced).take(64).collect()
}
