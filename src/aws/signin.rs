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

/// The MaxSigninSessionDuration of each role that an answer of this run states.
#[derive(Debug, Clone, Default)]
pub(super) struct SigninSessions(Arc<Mutex<BTreeMap<RoleArn, Seconds>>>);

impl SigninSessions {
    pub(super) fn known(&self) -> BTreeMap<RoleArn, Seconds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
fn signin_sessions(document: &str) -> impl Iterator<Item = (RoleArn, Seconds)> {
    let separator = if document.contains("<Roles>") { "<member>" } else { "<Role>" };
    document.split(separator).skip(1).filter_map(|role| {
        let arn = RoleArn::parse(element(role, "Arn")?).ok()?;
        let seconds = Seconds(element(role, "MaxSigninSessionDuration")?.parse().ok()?);
        MAX_SIGNIN_SESSION_RANGE.contains(&seconds).then_some((arn, seconds))
    })
}

/// The text of the first element of this name. The texts of other elements hold no `<`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::signin_sessions;

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
        let read = |document: &str| -> Vec<(String, u64)> {
            signin_sessions(document).map(|(role, seconds)| (role.name().to_owned(), seconds.0)).collect()
        };
        assert_eq!(read(&one), [("one".to_owned(), 86_400)]);
        assert_eq!(read(&list), [("b".to_owned(), 7200), ("d".to_owned(), 3600)]);
        for wrong in ["", "3599", "7776001", "-1", "1h", "<b>7200</b>"] {
            assert!(read(&format!("<Role>{}</Role>", role("one", &set(wrong)))).is_empty(), "{wrong}");
        }
        assert!(read("").is_empty() && read("<Role>").is_empty() && read("<Roles><member>").is_empty());
    }
}
