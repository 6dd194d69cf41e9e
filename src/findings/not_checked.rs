//! `not-checked`: a role should have been checked and was not, for a reason outside the role.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::fixes::Fix;

define!(
    "not-checked",
    Medium,
    detect: &[Detect::Refusal { applies, describe }],
    change_facts: &[FactKind::NotCheckedBecause],
);

/// Exhaustive, so that a new class of errors needs a finding here.
fn applies(class: Class) -> bool {
    match class {
        Class::Denied
        | Class::RoleMissing
        | Class::Expired
        | Class::AssertionExpired
        | Class::InvalidCredentials
        | Class::SignatureMismatch
        | Class::WrongScope
        | Class::ClockSlow
        | Class::ClockFast
        | Class::RegionDisabled => false,
        Class::OverMaxSession
        | Class::OverChainCap
        | Class::OutOfRange
        | Class::InvalidRequest
        | Class::MalformedPolicy
        | Class::PackedPolicyTooLarge
        | Class::SourceIdentityFixed
        | Class::ProviderMissing
        | Class::NotSubscribed
        | Class::Throttled
        | Class::Unavailable
        | Class::TimedOut
        | Class::Unreachable
        | Class::Unreadable
        | Class::SettingMissing
        | Class::ObjectMissing
        | Class::ObjectChanged
        | Class::ElsewhereInS3
        | Class::NoCredentials
        | Class::OutOfTime
        | Class::Other => true,
    }
}

fn describe(_: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let class = refused.failure.class;
    let detail =
        format!("{} failed: {}. Whether the jobs can use the role is not known.", refused.call(), refused.answer());
    Some(
        refused
            .finding(FindingId::NotChecked)
            .evidence(Fact::NotCheckedBecause(class), Provenance::ThisRun)
            .titled(format!("{} was not checked: {}", refused.role.name(), reason(class)))
            .detailed(detail)
            .fixes([fix(class)]),
    )
}

fn reason(class: Class) -> &'static str {
    match class {
        Class::Throttled => "AWS throttled the calls",
        Class::Unavailable => "AWS had an error",
        Class::TimedOut => "AWS did not answer in time",
        Class::OutOfTime => "the run reached its time limit",
        Class::Unreachable => "AWS could not be reached",
        Class::Unreadable => "the answer is not from AWS, or it is cut",
        Class::NoCredentials => "the checker has no AWS credentials",
        Class::PackedPolicyTooLarge | Class::MalformedPolicy => "STS refused the check's session policy",
        Class::SourceIdentityFixed => "the session has another source identity",
        Class::NotSubscribed => "the account is not signed up for the service",
        Class::Denied
        | Class::RoleMissing
        | Class::Expired
        | Class::AssertionExpired
        | Class::InvalidCredentials
        | Class::SignatureMismatch
        | Class::WrongScope
        | Class::ClockSlow
        | Class::ClockFast
        | Class::RegionDisabled
        | Class::OverMaxSession
        | Class::OverChainCap
        | Class::OutOfRange
        | Class::InvalidRequest
        | Class::ProviderMissing
        | Class::SettingMissing
        | Class::ObjectMissing
        | Class::ObjectChanged
        | Class::ElsewhereInS3
        | Class::Other => "AWS refused the request",
    }
}

fn fix(class: Class) -> Fix {
    match class {
        Class::Throttled => Fix::step(
            "Lower the concurrency (CONCURRENCY, --concurrency), or run at another time. The next run checks the role \
             again.",
        ),
        Class::Unavailable | Class::TimedOut => {
            Fix::step("This run knows of no problem with the role. The next run checks it again.")
        }
        Class::OutOfTime => Fix::step("Give the function a longer timeout or more memory, or split the inventory."),
        Class::Unreachable => Fix::step(
            "Check name resolution, network, proxies and TLS inspection between the checker and the AWS endpoints.",
        )
        .cli("aws sts get-caller-identity --debug"),
        Class::Unreadable => {
            Fix::step("Look for a proxy or gateway that answers instead of AWS, and check AWS_ENDPOINT_URL.")
                .shell("env | grep -i -e ^AWS_ENDPOINT -e _proxy= | sed 's/:[^:@]*@/:***@/'")
        }
        Class::NoCredentials => {
            Fix::step("Give the checker credentials: log in, set a profile, or run it with a role.")
                .cli("aws sts get-caller-identity")
        }
        Class::PackedPolicyTooLarge | Class::MalformedPolicy => {
            Fix::step("Check which session tags are transitive: they count towards the same limit as the policy.")
        }
        Class::SourceIdentityFixed => Fix::step(
            "Declare the same `source_identity` on each role of the path: a chain cannot change it once it is set.",
        ),
        Class::NotSubscribed => Fix::step("Finish the account's sign-up in the AWS console."),
        Class::Denied
        | Class::RoleMissing
        | Class::Expired
        | Class::AssertionExpired
        | Class::InvalidCredentials
        | Class::SignatureMismatch
        | Class::WrongScope
        | Class::ClockSlow
        | Class::ClockFast
        | Class::RegionDisabled
        | Class::OverMaxSession
        | Class::OverChainCap
        | Class::OutOfRange
        | Class::InvalidRequest
        | Class::ProviderMissing
        | Class::SettingMissing
        | Class::ObjectMissing
        | Class::ObjectChanged
        | Class::ElsewhereInS3
        | Class::Other => Fix::step(
            "Read AWS's answer. Compare external_id, session_name and source_identity of the role in the inventory \
             with its trust policy.",
        ),
    }
}
