//! `signature-mismatch`: the signature of the request was refused.

use super::refused::Refusals;
use super::{Finding, Subject};
use crate::failure::Class;
use crate::finding::FindingId;
use crate::remedy::Remedy;

pub(super) fn find(_: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::SignatureMismatch).map(|(_, refused)| {
        let name = refused.role.name();
        let (why, remedy) = match refused.failure.class {
            Class::WrongScope => (
                "the request was signed for another Region or service than the endpoint it went to",
                Remedy::step("Set AWS_REGION to the Region of the endpoint, and take AWS_ENDPOINT_URL out unless it is meant.").cli("env | grep ^AWS_"),
            ),
            _ => (
                "the secret key does not belong to the access key, or something between here and AWS changes the request",
                Remedy::step("Set access key and secret key anew from one source; look for spaces and line ends that came along when they were copied.")
                    .cli("aws configure list\naws sts get-caller-identity"),
            ),
        };
        refused
            .finding(FindingId::SignatureMismatch)
            .titled(format!("{name} was not checked: AWS refused the request's signature"))
            .detailed(format!("{} failed with {}. That is: {why}.{}", refused.call(), refused.answer(), refused.about_the_checker()))
            .remedies([remedy])
    }));
}
