//! `credentials-expired`: the credentials that were used have expired.

use super::refused::Refusals;
use super::{Finding, Subject};
use crate::failure::Class;
use crate::finding::FindingId;
use crate::remedy::Remedy;

pub(super) fn find(_: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::CredentialsExpired).map(|(_, refused)| {
        let name = refused.role.name();
        let (what, first) = match refused.failure.class {
            Class::AssertionExpired => ("the OIDC token or SAML assertion", Remedy::step("Log in at the identity provider again: assuming again with the same token does not help.")),
            _ => (
                "the session that made the call",
                Remedy::step("Get new credentials for the checker: take stale AWS_* variables out of the environment, or log in again.")
                    .cli("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\naws sts get-caller-identity"),
            ),
        };
        refused
            .finding(FindingId::CredentialsExpired)
            .titled(format!("{name} was not checked: the credentials in use have expired"))
            .detailed(format!("{} failed: {what} has ended ({}).{}", refused.call(), refused.answer(), refused.about_the_checker()))
            .remedies([first])
    }));
}
