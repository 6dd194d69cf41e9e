//! `not-checked`: something that should have been checked was not, for a reason that is not the role's own.

use super::refused::{Refusals, Refused};
use super::{Finding, Subject};
use crate::failure::Class;
use crate::finding::FindingId;
use crate::remedy::Remedy;

pub(super) fn find(_: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::NotChecked).map(|(_, refused)| {
        let (why, remedy) = why(refused);
        refused
            .finding(FindingId::NotChecked)
            .evidence("reason", refused.failure.class.as_str(), "this run")
            .titled(format!("{} was not checked: {why}", refused.role.name()))
            .detailed(format!(
                "{} did not succeed: {}. Whether its jobs can use the role is not known.",
                refused.call(),
                refused.answer()
            ))
            .remedies([remedy])
    }));
}

fn why(refused: &Refused<'_>) -> (&'static str, Remedy) {
    let again =
        || Remedy::step("Nothing is wrong with the role as far as this run knows: the next run checks it again.");
    match refused.failure.class {
        Class::Throttled => (
            "AWS asked to slow down",
            Remedy::step(
                "Lower the concurrency (CONCURRENCY, --concurrency), or run at another time; the next run checks it again.",
            ),
        ),
        Class::Unavailable => ("AWS had an error", again()),
        Class::TimedOut => ("AWS did not answer in time", again()),
        Class::OutOfTime => (
            "the run's time was up",
            Remedy::step("Give the function a longer timeout or more memory, or split the inventory."),
        ),
        Class::Unreachable => (
            "AWS could not be reached",
            Remedy::step(
                "Check name resolution, the network, proxies and TLS inspection between here and the AWS endpoints.",
            )
            .cli("aws sts get-caller-identity --debug"),
        ),
        Class::Unreadable => (
            "the answer was not AWS's",
            Remedy::step("Look for a proxy or a gateway that answers in AWS's place; check AWS_ENDPOINT_URL.")
                .cli("env | grep -i -e ^AWS_ENDPOINT -e proxy"),
        ),
        Class::NoCredentials => (
            "the checker has no AWS credentials",
            Remedy::step("Give the checker credentials: log in, set a profile, or run it on a role.")
                .cli("aws sts get-caller-identity"),
        ),
        Class::PackedPolicyTooLarge | Class::MalformedPolicy => (
            "STS did not take the check's session policy",
            Remedy::step(
                "Session tags that the role's trust policy passes on count towards the same limit: see which are transitive.",
            ),
        ),
        Class::SourceIdentityFixed => (
            "the session has another source identity",
            Remedy::step(
                "Declare the same `source_identity` on each role of the path: once set, it cannot change along a chain.",
            ),
        ),
        Class::NotSubscribed => (
            "the account is not signed up for the service",
            Remedy::step("Finish the account's sign-up in the AWS console."),
        ),
        _ => (
            "AWS refused the request",
            Remedy::step(
                "The answer says why; compare the role's entry in the inventory (external_id, session_name, source_identity) with its trust policy.",
            ),
        ),
    }
}
