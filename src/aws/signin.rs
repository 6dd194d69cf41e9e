//! Reads MaxSigninSessionDuration from the answers of GetRole and ListRoles, which the SDK's types do not have yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::inventory::{RoleArn, Seconds};
use crate::lease::rules::MAX_SIGNIN_SESSION_RANGE;

/// The MaxSigninSessionDuration of each role that an answer of this run states; `None`: AWS cannot return this value.
#[derive(Debug, Clone, Default)]
pub(super) struct SigninSessions(Arc<Mutex<BTreeMap<RoleArn, Option<Seconds>>>>);

impl SigninSessions {
    pub(super) fn known(&self) -> BTreeMap<RoleArn, Seconds> {
        let stated = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stated.iter().filter_map(|(role, seconds)| Some((role.clone(), (*seconds)?))).collect()
    }

    /// Whether an answer states a value for the role that AWS cannot return.
    pub(super) fn is_impossible(&self, role: &RoleArn) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(role) == Some(&None)
    }
}

#[dyn_dispatch_hint]
impl Intercept for SigninSessions {
    fn name(&self) -> &'static str {
        "SigninSessions"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if let Some(Ok(document)) = response.body().bytes().map(std::str::from_utf8)
            && response.status().is_success()
        {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(signin_sessions(document));
        }
        Ok(())
    }
}

/// The roles of an answer that state a MaxSigninSessionDuration. A role is the element `Role` of GetRole or a `member`
/// of ListRoles, which returns no tags and so no other `member`.
fn signin_sessions(document: &str) -> impl Iterator<Item = (RoleArn, Option<Seconds>)> {
    let separator = if document.contains("<Roles>") { "<member>" } else { "<Role>" };
    document.split(separator).skip(1).filter_map(|role| {
        let arn = RoleArn::parse(element(role, "Arn")?).ok()?;
        let seconds = element(role, "MaxSigninSessionDuration")?.parse().ok().map(Seconds);
        Some((arn, seconds.filter(|seconds| MAX_SIGNIN_SESSION_RANGE.contains(seconds))))
    })
}

/// The text of the first element of this name. The texts of other elements hold no `<`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::{Seconds, signin_sessions};

    fn role(name: &str, setting: &str) -> String {
        format!("<Path>/</Path><Arn>arn:aws:iam::111111111111:role/{name}</Arn>{setting}<RoleName>{name}</RoleName>")
    }

    #[test]
    fn each_role_of_an_answer_has_its_own_setting() {
        let set = |seconds: &str| format!("<MaxSigninSessionDuration>{seconds}</MaxSigninSessionDuration>");
        let one = format!("<GetRoleResponse><Role>{}</Role></GetRoleResponse>", role("one", &set("86400")));
        let members = [role("a", ""), role("b", &set("7200")), role("c", ""), role("d", &set("3600"))];
        let members: String = members.iter().map(|role| format!("<member>{role}</member>")).collect();
        let list = format!("<ListRolesResponse><Roles>{members}</Roles></ListRolesResponse>");
        let read = |document: &str| -> Vec<(String, Option<u64>)> {
            let seconds = |seconds: Option<Seconds>| seconds.map(|seconds| seconds.0);
            signin_sessions(document).map(|(role, stated)| (role.name().to_owned(), seconds(stated))).collect()
        };
        assert_eq!(read(&one), [("one".to_owned(), Some(86_400))]);
        assert_eq!(read(&list), [("b".to_owned(), Some(7200)), ("d".to_owned(), Some(3600))]);
        for wrong in ["", "3599", "7776001", "-1", "1h", "<b>7200</b>"] {
            let document = format!("<Role>{}</Role>", role("one", &set(wrong)));
            assert_eq!(read(&document), [("one".to_owned(), None)], "{wrong}");
        }
        assert!(read("").is_empty() && read("<Role>").is_empty() && read("<Roles><member>").is_empty());
    }
}
