//! `not-checked`: a role should have been checked and was not, for a reason outside the role; or a setting of AWS that
//! a job names could not be read.

use std::collections::BTreeMap;

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::aws::errors::{Class, Failure, Operation};
use crate::facts::{SettingFact, SettingFailure};
use crate::fixes::Fix;
use crate::inventory::{Job, LiveSetting, Origin, RoleArn};
use crate::shell::{option, word};

define!(
    "not-checked",
    Medium,
    detect: &[Detect::Refusal { applies, describe }, Detect::Facts(find_settings), Detect::Facts(find_tags)],
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

fn describe(subject: &Subject<'_>, refused: &Refused<'_>, _: &Refusals<'_>) -> Option<Finding> {
    let class = refused.failure.class;
    let profile = refused.jobs().next().filter(|_| subject.place.origin() == Origin::Profiles);
    let profile = profile.map_or_else(String::new, |job| format!("Profile {}: ", job.name.without_copy()));
    let detail =
        format!("{} failed: {}. Whether the jobs can use the role is not known.", refused.call(), refused.answer());
    Some(
        refused
            .finding(FindingId::NotChecked)
            .evidence(Fact::NotCheckedBecause(class), Provenance::ThisRun)
            .titled(format!("{profile}{} was not checked: {}", refused.role.name(), reason(class)))
            .detailed(detail)
            .fixes([fix(class)]),
    )
}

/// Finds the jobs whose setting was not read. Denied access is a result that the coverage states, and a reader that
/// cannot be assumed has a finding of its own.
fn find_settings(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for job in &subject.jobs {
        let Some(setting) = job.source.live_setting() else { continue };
        let Some(SettingFact::Failed(failure)) = subject.facts.settings.get(&setting) else { continue };
        if failure.class != Class::Denied && failure.operation != Operation::AssumeRole {
            out.push(describe_setting(job, &setting, failure));
        }
    }
}

/// Finds the readers that did not read the tags of all roles. A reader that cannot be assumed has a finding of its own.
fn find_tags(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let mut by_reader: BTreeMap<&RoleArn, Vec<&Failure>> = BTreeMap::new();
    for folder in subject.facts.role_tags.iter().flat_map(|tags| &tags.folders) {
        let failures = folder.failures.iter().filter(|failure| failure.operation != Operation::AssumeRole);
        by_reader.entry(&folder.reader).or_default().extend(failures);
    }
    for (reader, failures) in by_reader {
        let known = |finding: &Finding| finding.id == FindingId::NotChecked && finding.role == Some(reader.into());
        if let Some(first) = failures.first().filter(|_| !out.iter().any(known)) {
            out.push(describe_tags(subject, reader, first, failures.len()));
        }
    }
}

fn describe_tags(subject: &Subject<'_>, reader: &RoleArn, first: &Failure, calls: usize) -> Finding {
    let account = reader.account();
    let call = format!("{} on {}, called by the reader", first.operation.action(), first.target);
    let answer = first.answer();
    let others = match calls {
        1 => String::new(),
        several => format!(" {} more calls failed.", several - 1),
    };
    let detail = format!(
        "{call} failed: {}.{others} The jobs that these tags declare were not checked.",
        answer.trim_end_matches('.')
    );
    let fix = match first.class {
        Class::Denied => Fix::step("Allow the reader iam:ListRoles and iam:GetRole, as member-role.yaml does."),
        class => fix(class),
    };
    Finding::about_role(FindingId::NotChecked, reader, None)
        .owned_by([subject.inventory.platform_owner.as_deref()])
        .evidence(Fact::Call(call), Provenance::ThisRun)
        .evidence(Fact::Answer(answer), Provenance::ThisRun)
        .evidence(Fact::NotCheckedBecause(first.class), Provenance::ThisRun)
        .titled(format!("Role tags in account {account} were not read: {}", reason(first.class)))
        .detailed(detail)
        .fixes([fix])
}

fn describe_setting(job: &Job, setting: &LiveSetting, failure: &SettingFailure) -> Finding {
    let SettingFailure { operation, class, answer } = failure;
    let (key, is_default) = match setting {
        LiveSetting::PermissionSet(_) => ("session", job.unstated.session),
        LiveSetting::Function(_) => ("length", job.length_from.is_assumed()),
    };
    let used = if is_default { "the default" } else { "the declared" };
    let call = format!("{} for {setting}", operation.action());
    let detail = format!(
        "{call} failed: {}. The verdict of {} uses {used} `{key}` instead, which may be wrong.",
        answer.trim_end_matches('.'),
        job.name
    );
    Finding::about_job(FindingId::NotChecked, job, None)
        .evidence(Fact::Call(call), Provenance::ThisRun)
        .evidence(Fact::Answer(answer.clone()), Provenance::ThisRun)
        .evidence(Fact::NotCheckedBecause(*class), Provenance::ThisRun)
        .titled(format!("The {setting} of {} was not read: {}", job.name, reason(*class)))
        .detailed(detail)
        .fixes([fix_of_setting(setting, *class)])
}

fn fix_of_setting(setting: &LiveSetting, class: Class) -> Fix {
    if class == Class::SettingMissing {
        correct_the_name(setting)
    } else if class.is_unfinished() || class == Class::NotSubscribed {
        fix(class)
    } else {
        Fix::step("Read AWS's answer. It is about the checker's call, not about the job.")
    }
}

/// AWS does not have what the job names.
fn correct_the_name(setting: &LiveSetting) -> Fix {
    match setting {
        LiveSetting::Function(function) => Fix::step(format!(
            "Correct `function` in the source of the job: Lambda has no {}. If the function is deleted, remove the \
             job.",
            function.as_str()
        ))
        .cli(format!(
            "aws lambda list-functions {} --query 'Functions[].FunctionArn'",
            option("--region", function.region())
        )),
        LiveSetting::PermissionSet(set) => Fix::step(format!(
            "Correct `permission_set` in the source of the job: IAM Identity Center has no permission set {}. If it \
             has, correct the account and the Region of `identity_center` in the platform's file.",
            set.as_str()
        ))
        .cli(format!(
            "aws sso-admin list-instances\naws sso-admin list-permission-sets --instance-arn {}",
            set.instance().map_or_else(|| "INSTANCE_ARN".to_owned(), |instance| word(&instance))
        )),
    }
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
        Class::SettingMissing => "AWS does not have it",
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
        | Class::ObjectMissing
        | Class::ObjectChanged
        | Class::ElsewhereInS3
        | Class::Other => "AWS refused the request",
    }
}

fn fix(class: Class) -> Fix {
    match class {
        Class::Throttled => Fix::step(
            "Lower the concurrency (CONCURRENCY, --concurrency), or run at another time. The next run checks \
             again.",
        ),
        Class::Unavailable | Class::TimedOut => {
            Fix::step("This run found no other problem. The next run checks again.")
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
            "In the inventory, declare the same `source_identity` on each role of the path: a chain cannot change \
             it once it is set.",
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
