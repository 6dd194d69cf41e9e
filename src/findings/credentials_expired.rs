//! `credentials-expired`: the credentials that were used have expired.

use super::evidence::FactKind;
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;

define!(
    "credentials-expired",
    Critical,
    detect: &[Detect::Refusal { applies, describe }],
    change_facts: &[FactKind::Jobs],
);

fn applies(class: Class) -> bool {
    matches!(class, Class::Expired | Class::AssertionExpired)
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let (what, fix) = if refused.failure.class == Class::AssertionExpired {
        let step = "Log in at the identity provider again. Another request with the same token fails as well.";
        ("the OIDC token or SAML assertion", Fix::step(step))
    } else {
        let step = "Get new credentials for the checker: log in again, or remove expired AWS_* variables from the \
                    environment.";
        let commands = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\naws sts get-caller-identity";
        ("the session that made the call", Fix::step(step).shell(commands))
    };
    let detail = format!(
        "{} failed because {what} has expired ({}).{}",
        refused.call(),
        refused.answer(),
        refused.note_on_the_checker()
    );
    let title = format!("{} was not checked: the credentials in use have expired", refused.role.name());
    Some(refused.finding(FindingId::CredentialsExpired).titled(title).detailed(detail).fixes([fix]))
}
