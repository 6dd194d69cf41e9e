//! IAM: ListRoles and GetRole, for MaxSessionDuration and tags.

use std::collections::BTreeSet;

use aws_sdk_iam::operation::list_roles::{ListRolesError, ListRolesOutput};
use aws_sdk_iam::types::Role as IamRole;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::answer::ErrorAnswer;
use super::calls::{Calls, Request};
use super::client::AssumedSession;
use super::errors::{Class, Failure, Operation};
use super::pace::Quota;
use crate::inventory::{RoleArn, Seconds};
use crate::lease::rules::{MAX_SESSION_RANGE, MAX_SIGNIN_SESSION_RANGE};
use crate::plan::ROLES_IN_PAGE;

/// One page of an account's roles, reduced to the wanted roles.
#[derive(Default)]
pub(super) struct Page {
    /// The MaxSessionDuration of each role.
    pub(super) found: Vec<(RoleArn, Seconds)>,
    /// The marker of the next page; `None`: this is the last page.
    pub(super) marker: Option<String>,
}

impl Calls {
    /// Lists one page of the roles in the session's account, and keeps the roles in `wanted`. The reason of a failure
    /// does not matter: the walk calls GetRole for each role that no page holds.
    pub(super) async fn list_roles(
        &self,
        session: &AssumedSession,
        wanted: &BTreeSet<RoleArn>,
        marker: Option<String>,
    ) -> Option<Page> {
        let answer = self.page_of_roles(session, None, marker).await.ok()?;
        let wanted = |role: &IamRole| {
            let arn = RoleArn::parse(&role.arn).ok().filter(|arn| wanted.contains(arn))?;
            // GetRole reads the role again, and states the problem.
            (!self.signin_sessions.is_impossible(&arn)).then_some(())?;
            Some((arn, max_session(role)?))
        };
        let found = answer.roles.iter().filter_map(wanted).collect();
        Some(Page { found, marker: answer.marker.filter(|_| answer.is_truncated) })
    }

    /// Lists one page of the roles below a path. Returns the marker of the next page, too.
    pub(super) async fn roles_below(
        &self,
        session: &AssumedSession,
        path_prefix: &str,
        marker: Option<String>,
        request: &Request,
    ) -> Result<(Vec<RoleArn>, Option<String>), Failure> {
        let answer = self.page_of_roles(session, Some(path_prefix.to_owned()), marker).await;
        let answer = answer.map_err(|error| request.refused(Operation::ListRoles, &error))?;
        let unreadable = |message: &str| request.unreadable(Operation::ListRoles, message);
        let mut roles = Vec::with_capacity(answer.roles.len());
        for role in &answer.roles {
            let arn = RoleArn::parse(&role.arn).map_err(|_| unreadable("the answer has a role without an ARN"))?;
            if arn.account() != session.role.account() || !arn.path().starts_with(path_prefix) {
                return Err(unreadable("the answer has a role of another account or path"));
            }
            roles.push(arn);
        }
        if answer.is_truncated && answer.marker.is_none() {
            return Err(unreadable("the answer is a part of a list, without the marker of the next part"));
        }
        Ok((roles, answer.marker.filter(|_| answer.is_truncated)))
    }

    async fn page_of_roles(
        &self,
        session: &AssumedSession,
        path_prefix: Option<String>,
        marker: Option<String>,
    ) -> Result<ListRolesOutput, SdkError<ListRolesError, HttpResponse>> {
        let iam = self.aws.iam(Some(session), Quota::list_roles(session.role.account()));
        let call = iam.list_roles().max_items(ROLES_IN_PAGE).set_path_prefix(path_prefix).set_marker(marker);
        call.customize().interceptor(self.signin_sessions.clone()).send().await
    }

    /// Reads the keys and the values of the role's tags.
    pub(super) async fn tags(
        &self,
        session: &AssumedSession,
        request: &Request,
    ) -> Result<Vec<(String, String)>, Failure> {
        let role = self.role_of(Some(session), request).await?;
        Ok(role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// Reads the role's MaxSessionDuration.
    pub(super) async fn max_session_duration(
        &self,
        session: Option<&AssumedSession>,
        request: &Request,
    ) -> Result<Seconds, Failure> {
        let role = self.role_of(session, request).await?;
        let unreadable = |message: &str| request.unreadable(Operation::GetRole, message);
        if self.signin_sessions.is_impossible(&request.role.arn) {
            let (least, most) = (MAX_SIGNIN_SESSION_RANGE.start(), MAX_SIGNIN_SESSION_RANGE.end());
            return Err(unreadable(&format!("the answer has no MaxSigninSessionDuration from {least} to {most}")));
        }
        max_session(&role).ok_or_else(|| unreadable("the answer has no MaxSessionDuration from 3600 to 43200 s"))
    }

    /// Calls GetRole for the role of the request.
    async fn role_of(&self, session: Option<&AssumedSession>, request: &Request) -> Result<IamRole, Failure> {
        let arn = &request.role.arn;
        let iam = self.aws.iam(session, Quota::get_role(arn.account()));
        let answer = iam
            .get_role()
            .role_name(arn.name())
            .customize()
            .interceptor(self.signin_sessions.clone())
            .send()
            .await
            .map_err(|error| request.refused(Operation::GetRole, &error))?;
        let unreadable = |message: &str| request.unreadable(Operation::GetRole, message);
        let Some(role) = answer.role else {
            return Err(unreadable("the answer has no role"));
        };
        match RoleArn::parse(&role.arn) {
            Ok(answered) if answered == *arn => Ok(role),
            Ok(other) if other.account() != arn.account() => {
                Err(unreadable("the answer is about a role of another account"))
            }
            // GetRole takes a name without its path, so it may answer for a role at another path.
            Ok(other) => {
                let answer = ErrorAnswer::local(Class::RoleMissing, &format!("IAM knows this name as {other}"));
                Err(request.failed(Operation::GetRole, answer))
            }
            Err(_) => Err(unreadable("the answer has no ARN of a role")),
        }
    }
}

/// The role's MaxSessionDuration, if IAM can return this value.
fn max_session(role: &IamRole) -> Option<Seconds> {
    let seconds = Seconds(role.max_session_duration.and_then(|seconds| u64::try_from(seconds).ok())?);
    MAX_SESSION_RANGE.contains(&seconds).then_some(seconds)
}
