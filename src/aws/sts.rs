//! STS: GetCallerIdentity and AssumeRole.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_types::DateTime;

use super::answer::ErrorAnswer;
use super::calls::{Calls, Request};
use super::client::AssumedSession;
use super::errors::{Class, Failure, Operation};
use super::secrets::Secrets;
use crate::facts::Checker;
use crate::inventory::{RoleArn, is_account};
use crate::lease::rules::{ASSUME_ROLE_MINIMUM, LONGEST_SESSION};

/// The most that an Expiration may exceed the longest session: two clocks differ, and the answer takes time.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(15 * 60);

impl Calls {
    /// The checker's identity.
    pub(super) async fn checker(&self) -> Result<Checker, Class> {
        caller_identity(&self.checker_sts, &self.aws.secrets).await.map_err(|answer| answer.class)
    }

    /// Assumes the role for 900 seconds, the shortest session, with `session` or the checker's own credentials.
    pub(super) async fn assume_role(
        &self,
        session: Option<&AssumedSession>,
        request: &Request,
    ) -> Result<AssumedSession, Failure> {
        let sts = session.map_or_else(|| self.checker_sts.clone(), |session| self.aws.sts(Some(session)));
        let role = &request.role;
        let session_name = role.session_name.as_ref().unwrap_or(&self.session_name);
        let answer = sts
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(session_name)
            .duration_seconds(i32::try_from(ASSUME_ROLE_MINIMUM.0).unwrap_or(i32::MAX))
            .set_policy(request.policy.clone())
            .set_external_id(role.external_id.clone())
            .set_source_identity(role.source_identity.clone())
            .send()
            .await
            .map_err(|error| request.refused(Operation::AssumeRole, &error))?;
        let unreadable = |message: &str| request.unreadable(Operation::AssumeRole, message);
        let (Some(given), Some(user)) = (answer.credentials, answer.assumed_role_user) else {
            return Err(unreadable("the answer has no credentials"));
        };
        // The SDK returns empty strings for fields that the answer lacks.
        let texts = [&given.access_key_id, &given.secret_access_key, &given.session_token];
        if !texts.iter().all(|text| is_header_text(text)) {
            return Err(unreadable("the answer has no credentials that can be used"));
        }
        if !is_session_of(&user.arn, &role.arn, session_name) {
            return Err(unreadable("the answer's ARN is not of this session of this role"));
        }
        let expires = self
            .expiration(given.expiration)
            .ok_or_else(|| unreadable("the answer's Expiration is in the past, or later than any session can end"))?;
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(expires),
            "AssumeRole",
        );
        Ok(AssumedSession { credentials, arn: user.arn, role: role.arn.clone() })
    }

    /// The end of a session by AWS's clock, if a session can end then. The checker's own clock may be wrong.
    fn expiration(&self, stated: DateTime) -> Option<std::time::SystemTime> {
        let offset = self.aws.clock.answers_and_offset().1.unwrap_or_default();
        let now = self.aws.unix_seconds()?.checked_sub(offset)?;
        let longest = i64::try_from((Duration::from_secs(LONGEST_SESSION.0) + CLOCK_TOLERANCE).as_secs()).ok()?;
        (now..=now.checked_add(longest)?).contains(&stated.secs()).then(|| stated.try_into().ok())?
    }
}

/// The identity of this client's caller.
pub(super) async fn caller_identity(sts: &aws_sdk_sts::Client, secrets: &Secrets) -> Result<Checker, ErrorAnswer> {
    let answer = sts.get_caller_identity().send().await.map_err(|error| ErrorAnswer::read(&error, secrets))?;
    match (answer.arn, answer.account) {
        (Some(arn), Some(account)) if account_of(&arn) == Some(&account) && secrets.redact(&arn) == arn => {
            Ok(Checker { arn, account })
        }
        _ => Err(ErrorAnswer::unreadable("the answer has no ARN with an account")),
    }
}

/// The account in the ARN of an IAM or STS identity.
fn account_of(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "sts" | "iam", "", account, resource] = parts[..] else { return None };
    let fits = !partition.is_empty() && is_account(account) && !resource.is_empty();
    (fits && arn.len() <= 2048 && arn.chars().all(|c| c.is_ascii_graphic())).then_some(account)
}

/// Whether the ARN names a session of the role: `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION`.
fn is_session_of(arn: &str, role: &RoleArn, session_name: &str) -> bool {
    let session = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("assumed-role/"));
    let names = session.and_then(|session| session.split_once('/'));
    account_of(arn) == Some(role.account()) && names == Some((role.name(), session_name))
}

/// Whether a header can hold a key, secret or token. The SDK panics when it signs with another text.
pub(super) fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::{account_of, is_session_of};
    use crate::inventory::RoleArn;

    #[test]
    fn only_the_arns_of_identities_have_an_account() {
        let known = "111111111111";
        for arn in [
            "arn:aws:sts::111111111111:assumed-role/hub/run",
            "arn:aws-us-gov:iam::111111111111:user/path/mia",
            "arn:aws:iam::111111111111:root",
        ] {
            assert_eq!(account_of(arn), Some(known), "{arn}");
        }
        for other in [
            "",
            "arn",
            "arn:aws:sts::111111111111:",
            "arn:aws:sts::1111:assumed-role/hub/run",
            "arn:aws:s3:::bucket",
            "arn:aws:sts::111111111111:assumed-role/hub/run\n[critical]",
        ] {
            assert_eq!(account_of(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_session_is_of_the_role_that_its_arn_names() {
        let role = RoleArn::parse("arn:aws:iam::111111111111:role/pipeline/hub").unwrap();
        assert!(is_session_of("arn:aws:sts::111111111111:assumed-role/hub/run", &role, "run"));
        for other in [
            "arn:aws:sts::111111111111:assumed-role/other/run",
            "arn:aws:sts::111111111111:assumed-role/hub/other",
            "arn:aws:sts::222222222222:assumed-role/hub/run",
            "arn:aws:sts::111111111111:federated-user/hub",
            "arn:aws:iam::111111111111:role/pipeline/hub",
        ] {
            assert!(!is_session_of(other, &role, "run"), "{other}");
        }
    }
}
