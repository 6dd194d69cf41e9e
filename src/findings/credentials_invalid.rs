//! `credentials-invalid`: the credentials that were used are not valid.

use super::evidence::FactKind;
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;

define!(
    "credentials-invalid",
    Critical,
    detect: &[Detect::Refusal { applies, describe }],
    change_facts: &[FactKind::Jobs],
);

fn applies(class: Class) -> bool {
    matches!(class, Class::InvalidCredentials)
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let detail = format!(
        "{} failed: {}. AWS gives this answer when the access key is unknown, inactive or deleted; when its session \
         token is missing or belongs to another key; when the role that issued the session was deleted; or when the \
         session is used in an opt-in Region that its account has not enabled.{}",
        refused.call(),
        refused.answer(),
        refused.note_on_the_checker()
    );
    let title = format!("{} was not checked: AWS does not accept the credentials in use", refused.role.name());
    Some(
        refused.finding(FindingId::CredentialsInvalid).titled(title).detailed(detail).fixes([
            Fix::step(
                "Check that key, secret key and session token belong together: set all three variables from one \
                 source, or none of them.",
            )
            .cli("aws configure list\naws sts get-caller-identity"),
            Fix::step("If the key was deactivated, use another one. If a role was created again, assume it again."),
        ]),
    )
}
