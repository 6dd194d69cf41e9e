//! `signature-mismatch`: AWS refused the signature of the request.

use super::evidence::FactKind;
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;

define!(
    "signature-mismatch",
    Critical,
    detect: &[Detect::Refusal { applies, describe }],
    change_facts: &[FactKind::Jobs],
);

fn applies(class: Class) -> bool {
    matches!(class, Class::SignatureMismatch | Class::WrongScope)
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let (why, fix) = if refused.failure.class == Class::WrongScope {
        (
            "The request was signed for another Region or service than the endpoint that received it.",
            Fix::step("Set AWS_REGION to the Region of the endpoint. Unset AWS_ENDPOINT_URL unless you need it.")
                .shell("env | grep ^AWS_ENDPOINT; env | grep ^AWS_.*REGION"),
        )
    } else {
        (
            "The secret key does not belong to the access key, or a proxy changes the request.",
            Fix::step("Set access key and secret key again from one source. Look for copied spaces and line ends.")
                .cli("aws configure list\naws sts get-caller-identity"),
        )
    };
    let detail = format!("{} failed with {}. {why}{}", refused.call(), refused.answer(), refused.note_on_the_checker());
    let title = format!("{} was not checked: AWS refused the signature of the request", refused.role.name());
    Some(refused.finding(FindingId::SignatureMismatch).titled(title).detailed(detail).fixes([fix]))
}
