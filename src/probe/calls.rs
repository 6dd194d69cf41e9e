//! The calls of the walk, each with what the check needs and nothing else. Owns requests and answers, no order.

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_sdk_iam::types::Role as IamRole;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::answer;
use super::aws::{Aws, Session};
use super::pace::Quota;
use crate::facts::Checker;
use crate::failure::{Class, Failure, Operation};
use crate::inventory::{Role, RoleArn, Seconds};
use crate::plan::ROLES_IN_PAGE;

/// The shortest session that STS gives: all that a walk needs (STS AssumeRole).
const WALK_DURATION: i32 = 900;

/// A call on a role.
pub(super) struct Request {
    pub(super) caller: Option<String>,
    /// The role whose session the caller is; its ARN alone has no path.
    pub(super) caller_role: Option<RoleArn>,
    pub(super) policy: String,
    pub(super) role: Role,
}

impl Request {
    fn failed(&self, operation: Operation, class: Class, message: &str) -> Failure {
        let (caller, caller_role) = (self.caller.clone(), self.caller_role.clone());
        Failure { caller, caller_role, ..Failure::unanswered(operation, &self.role.arn, class, message) }
    }

    fn refused<E>(&self, operation: Operation, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let answer::Answer { class, code, message, status, request_id } = answer::of(error);
        Failure { code, status, request_id, ..self.failed(operation, class, &message) }
    }
}

/// Makes the calls of one run.
pub(super) struct Calls {
    aws: Aws,
    checker_sts: aws_sdk_sts::Client,
    session_name: String,
}

impl Calls {
    pub(super) fn new(aws: &Aws, run_id: &str) -> Self {
        Self { aws: aws.clone(), checker_sts: aws.sts(None), session_name: session_name(run_id) }
    }

    /// Who the checker is.
    pub(super) async fn checker(&self) -> Result<Checker, Class> {
        let answer = self.checker_sts.get_caller_identity().send().await.map_err(|error| answer::of(&error).class)?;
        match (answer.arn, answer.account) {
            (Some(arn), Some(account)) => Ok(Checker { arn, account }),
            _ => Err(Class::Unreadable),
        }
    }

    /// Assumes the role for 900 seconds, by `session` or by the checker's own credentials.
    pub(super) async fn assume_role(&self, session: Option<&Session>, request: &Request) -> Result<Session, Failure> {
        let sts = session.map_or_else(|| self.checker_sts.clone(), |session| self.aws.sts(Some(session)));
        let role = &request.role;
        let answer = sts
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(role.session_name.as_ref().unwrap_or(&self.session_name))
            .duration_seconds(WALK_DURATION)
            .policy(&request.policy)
            .set_external_id(role.external_id.clone())
            .set_source_identity(role.source_identity.clone())
            .send()
            .await
            .map_err(|error| request.refused(Operation::AssumeRole, &error))?;
        // The SDK takes an answer that was cut off on its way, and leaves empty what is missing.
        let whole = |given: &aws_sdk_sts::types::Credentials| {
            let texts = [&given.access_key_id, &given.secret_access_key, &given.session_token];
            texts.iter().all(|text| !text.is_empty()) && given.expiration.secs() > 0
        };
        let (Some(given), Some(user)) = (answer.credentials.filter(whole), answer.assumed_role_user) else {
            return Err(request.failed(Operation::AssumeRole, Class::Unreadable, "the answer has no credentials"));
        };
        let expires = std::time::SystemTime::try_from(given.expiration).ok();
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expires,
            "AssumeRole",
        );
        Ok(Session { credentials, arn: user.arn, role: role.arn.clone() })
    }

    /// Lists the roles of the session's account, one page, and keeps those of `wanted`. Why it failed is nobody's concern:
    /// what a list did not tell is asked for role by role.
    pub(super) async fn list_roles(
        &self,
        session: &Session,
        wanted: &BTreeSet<RoleArn>,
        marker: Option<String>,
    ) -> Option<Page> {
        let iam = self.aws.iam(Some(session), Quota::list_roles(session.role.account()));
        let answer = iam.list_roles().max_items(ROLES_IN_PAGE).set_marker(marker).send().await.ok()?;
        let wanted = |role: &IamRole| {
            let arn = RoleArn::parse(&role.arn).ok().filter(|arn| wanted.contains(arn))?;
            let seconds = role.max_session_duration.and_then(|seconds| u64::try_from(seconds).ok())?;
            Some((arn, Seconds(seconds)))
        };
        let found = answer.roles.iter().filter_map(wanted).collect();
        Some(Page { found, marker: answer.marker.filter(|_| answer.is_truncated) })
    }

    /// Reads the role's MaxSessionDuration, in seconds.
    pub(super) async fn max_session_duration(
        &self,
        session: Option<&Session>,
        request: &Request,
    ) -> Result<Seconds, Failure> {
        let arn = &request.role.arn;
        let iam = self.aws.iam(session, Quota::get_role(arn.account()));
        let answer = iam
            .get_role()
            .role_name(arn.name())
            .send()
            .await
            .map_err(|error| request.refused(Operation::GetRole, &error))?;
        let Some(role) = answer.role else {
            return Err(request.failed(Operation::GetRole, Class::Unreadable, "the answer has no role"));
        };
        match RoleArn::parse(&role.arn) {
            Ok(answered) if answered == *arn => {}
            // GetRole takes a name without its path, so it may answer for another role than the inventory means.
            Ok(other) => {
                let message = format!("IAM knows this name as {other}");
                return Err(request.failed(Operation::GetRole, Class::RoleMissing, &message));
            }
            Err(_) => return Err(request.failed(Operation::GetRole, Class::Unreadable, "the answer has no role")),
        }
        match role.max_session_duration.and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => Ok(Seconds(seconds)),
            None => Err(request.failed(Operation::GetRole, Class::Unreadable, "the answer has no MaxSessionDuration")),
        }
    }
}

/// A page of an account's roles: those that were looked for.
#[derive(Default)]
pub(super) struct Page {
    /// Their MaxSessionDuration.
    pub(super) found: Vec<(RoleArn, Seconds)>,
    /// Where the next page begins; `None`: this was the last.
    pub(super) marker: Option<String>,
}

/// A RoleSessionName that a reader of CloudTrail can trace to the run: at most 64 of `[\w+=,.@-]` (STS AssumeRole).
fn session_name(run_id: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    format!("credential-health-{run_id}").chars().map(fit).take(64).collect()
}
