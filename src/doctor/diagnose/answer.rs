//! What AWS answered: GetCallerIdentity, and the calls that a provider makes before it. Classes are `failure`'s.

use super::commands::{SET_CLOCK, of_profile, option, renew};
use super::session::is_session_key;
use super::{Diagnosis, DiagnosisSubject, Level, provider};
use crate::aws::errors::{Class, denial_cause};
use crate::doctor::facts::{
    Asked, BaseFacts, ChainFacts, Endpoint, KeyKind, NotLoaded, OldToken, ProfileFacts, ProfileRole, Provider,
    RefusedFacts,
};
use crate::lease::rules::CHAIN_CAP;

/// Sets a Region that every account has.
const OTHER_REGION: &str = "export AWS_REGION=us-east-1";

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let Some(asked) = &subject.facts.asked else { return };
    match &asked.loaded {
        Some(Err(NotLoaded { refused: Some(refused), .. })) => out.push(of(subject, asked, refused)),
        Some(Err(not_loaded)) => out.extend(provider::failed(subject, not_loaded, out)),
        _ => {}
    }
    if let Some(refused) = &asked.duration_refused
        && !out.iter().any(|found| ["duration-refused", "chained-duration"].contains(&found.id))
    {
        let mut diagnosis = of(subject, asked, refused);
        diagnosis.why.push_str(
            " The AWS CLI, boto3 and JavaScript send duration_seconds; the SDKs for Rust, Java and .NET do not, and \
             get 1h.",
        );
        out.push(diagnosis);
    }
    out.extend(without_expiration(subject, asked));
    match &asked.identity {
        Some(Ok(identity)) if identity.arn.ends_with(":root") => out.push(Diagnosis::warning(
            "root-user",
            "These are keys of the account's root user",
            "They may do everything, cannot be limited by a policy, and may not assume a role. AWS advises to have \
             none.",
            "aws configure sso",
        )),
        // Without credentials there was nothing to ask about.
        Some(Err(refused)) if refused.class.is_unfinished() && has_none_for_certain(subject, asked, out) => {}
        Some(Err(refused)) => out.push(of(subject, asked, refused)),
        _ => {}
    }
}

/// Diagnoses of failed calls and programs, whose cause can be the network as well.
const PERHAPS_THE_NETWORK: [&str; 4] = ["no-answer", "provider-failed", "login-refused", "process-failed"];

/// Whether the diagnosis is a problem whose cause is on this machine: the network has no part in it.
pub(in crate::doctor) fn is_local_problem(found: &Diagnosis) -> bool {
    found.level == Level::Problem && !PERHAPS_THE_NETWORK.contains(&found.id)
}

/// Whether the shell has no credentials for a reason that no answer of AWS would change.
fn has_none_for_certain(subject: &DiagnosisSubject<'_>, asked: &Asked, found: &[Diagnosis]) -> bool {
    match &asked.loaded {
        Some(Err(NotLoaded { refused: None, failed, .. })) => {
            !failed || subject.deciding.is_none() || found.iter().any(is_local_problem)
        }
        Some(Err(NotLoaded { refused: Some(_), .. }) | Ok(_)) | None => false,
    }
}

/// A program's session without `Expiration` is a copy to every tool: none runs the program again
/// (botocore, `ProcessProvider.load`).
fn without_expiration(subject: &DiagnosisSubject<'_>, asked: &Asked) -> Option<Diagnosis> {
    let loaded = asked.loaded.as_ref()?.as_ref().ok()?;
    let ProfileFacts::Leads(ChainFacts { base: BaseFacts::Process(process), roles, profile, .. }) =
        &subject.facts.profile
    else {
        return None;
    };
    let by_process = subject.decides(Provider::Profile) && roles.is_empty();
    (by_process && loaded.token && loaded.expires.is_none()).then(|| {
        Diagnosis::warning(
            "process-without-expiration",
            format!("The credential_process of profile `{profile}` prints a session without Expiration"),
            "The AWS CLI and SDKs keep such a session as if it had no end, and do not run the program again: when it \
             ends, they fail with ExpiredToken.",
            super::commands::open_editor(&process.file),
        )
    })
}

fn of(subject: &DiagnosisSubject<'_>, asked: &Asked, refused: &RefusedFacts) -> Diagnosis {
    let RefusedFacts { class, call, code, message } = refused;
    let said = match code {
        Some(code) => format!("{call}: {code}, \"{}\".", message.trim_end_matches('.')),
        None => format!("{call}: {message}."),
    };
    let no_answer = |what| no_answer(subject, asked, &said, what);
    match class {
        Class::Expired => session_expired(subject, &said),
        Class::AssertionExpired => assertion_expired(subject, refused, &said),
        Class::InvalidCredentials => invalid(subject, &said),
        Class::SignatureMismatch => Diagnosis::problem(
            "wrong-secret",
            "AWS knows the key, and its secret is another one",
            format!(
                "{said} The secret does not belong to this access key, or was cut off or changed when it was copied."
            ),
            renew(subject),
        ),
        Class::ClockSlow | Class::ClockFast => Diagnosis::problem(
            "clock-refused",
            format!(
                "AWS refuses this machine's time: its clock is {}",
                if *class == Class::ClockSlow { "behind" } else { "ahead" }
            ),
            format!("{said} AWS takes requests within 15 minutes of its own time."),
            SET_CLOCK,
        ),
        Class::WrongScope => wrong_region(&asked.region, &said),
        Class::RegionDisabled => region_disabled(&asked.region, &said),
        Class::Denied => denied(subject, refused, &said),
        Class::OverChainCap => over_chain_cap(subject, &said),
        Class::OverMaxSession | Class::OutOfRange => duration_refused(subject, &said),
        Class::ProviderMissing => Diagnosis::problem(
            "identity-provider",
            "The account does not trust the token's issuer",
            format!("{said} No identity provider of IAM has the issuer of the token."),
            "aws iam list-open-id-connect-providers",
        ),
        Class::Throttled => no_answer("AWS asks to slow down, and does not say who these credentials are"),
        Class::Unavailable => no_answer("AWS has an error, and does not say who these credentials are"),
        Class::Unreadable => no_answer("What answers is not AWS: a proxy or a login page of the network"),
        Class::TimedOut | Class::Unreachable | Class::NoCredentials | Class::OutOfTime => {
            no_answer("There is no answer from AWS")
        }
        Class::RoleMissing
        | Class::InvalidRequest
        | Class::MalformedPolicy
        | Class::PackedPolicyTooLarge
        | Class::SourceIdentityFixed
        | Class::NotSubscribed
        | Class::SettingMissing
        | Class::ObjectMissing
        | Class::ObjectChanged
        | Class::ElsewhereInS3
        | Class::Other => Diagnosis::problem("refused", "AWS refused the call", said, renew(subject)),
    }
}

fn session_expired(subject: &DiagnosisSubject<'_>, said: &str) -> Diagnosis {
    Diagnosis::problem(
        "session-expired",
        "AWS says that the session has ended",
        format!("{said} It cannot be made longer, only replaced."),
        renew(subject),
    )
}

fn wrong_region(region: &str, said: &str) -> Diagnosis {
    Diagnosis::problem(
        "wrong-region",
        format!("AWS does not take requests that are signed for Region {region}"),
        format!("{said} The name of the Region is wrong, or an endpoint of another Region is set."),
        OTHER_REGION,
    )
}

fn region_disabled(region: &str, said: &str) -> Diagnosis {
    Diagnosis::problem(
        "region-disabled",
        format!("STS is switched off in Region {region} for this account"),
        format!(
            "{said} An administrator of the account can activate it under Account settings in IAM; another Region \
             works meanwhile."
        ),
        OTHER_REGION,
    )
}

fn over_chain_cap(subject: &DiagnosisSubject<'_>, said: &str) -> Diagnosis {
    Diagnosis::problem(
        "chained-duration",
        "A role that is assumed by a session gets one hour at most",
        format!("{said} duration_seconds asks for more."),
        duration_of_chained_role(subject),
    )
}

fn duration_refused(subject: &DiagnosisSubject<'_>, said: &str) -> Diagnosis {
    Diagnosis::problem(
        "duration-refused",
        "The profile asks for a longer session than STS gives",
        format!("{said} duration_seconds is over the role's MaxSessionDuration, or outside the range of STS."),
        duration_of_refused_role(subject),
    )
}

/// A login or an identity token that has ended.
fn assertion_expired(subject: &DiagnosisSubject<'_>, refused: &RefusedFacts, said: &str) -> Diagnosis {
    let (id, what, why) = if refused.call == "GetRoleCredentials" {
        (
            "sso-login-refused",
            "IAM Identity Center no longer takes the SSO login",
            "The cache may say that it lasts: the portal ends it by its own clock, or an administrator did.",
        )
    } else {
        (
            "identity-token-expired",
            "AWS says that the identity token has ended",
            "It is exchanged for a session while it lasts; then the provider has to issue another.",
        )
    };
    Diagnosis::problem(id, what, format!("{said} {why}"), renew(subject))
}

/// Sets the refused duration: of several roles that request more than an hour, STS refuses the first. Every role grants
/// an hour.
fn duration_of_refused_role(subject: &DiagnosisSubject<'_>) -> String {
    let role = match &subject.facts.profile {
        ProfileFacts::Leads(chain) => {
            let requests_more = |role: &&ProfileRole| role.duration_seconds.is_some_and(|asked| asked > CHAIN_CAP.0);
            chain.roles.iter().find(requests_more).or(chain.roles.last())
        }
        _ => None,
    };
    role.map_or_else(|| super::profile::set_duration(&subject.facts.selected.name), super::profile::set_duration_of)
}

/// The same where role chaining is the cause: the first role may be called by a user's own key.
fn duration_of_chained_role(subject: &DiagnosisSubject<'_>) -> String {
    let chained = match &subject.facts.profile {
        ProfileFacts::Leads(chain) => chain
            .roles
            .iter()
            .find(|role| role.chained != Some(false) && role.duration_seconds.is_some_and(|asked| asked > CHAIN_CAP.0)),
        _ => None,
    };
    chained.map_or_else(|| duration_of_refused_role(subject), super::profile::set_duration_of)
}

/// InvalidClientTokenId has several causes: the kind of the key says which are possible.
fn invalid(subject: &DiagnosisSubject<'_>, said: &str) -> Diagnosis {
    let (what, why) = if is_session_key(subject.facts) {
        (
            "AWS does not know this session: key and token do not belong together, or its role was deleted",
            "AWS says the same of a token of another session, of one that was cut off, of a deleted role, and of a \
             session that is used in a Region which the account has not enabled.",
        )
    } else {
        ("AWS does not know this access key", "It was deleted or made inactive, or is not of this partition of AWS.")
    };
    let sends_old_token =
        subject.facts.environment.old_token == OldToken::Different && subject.decides(Provider::Environment);
    let (why, command) = if sends_old_token {
        ("The AWS CLI and boto3 send AWS_SECURITY_TOKEN with the key, and not AWS_SESSION_TOKEN.", old_token())
    } else {
        (why, renew(subject))
    };
    Diagnosis::problem("credentials-unknown", what, format!("{said} {why}"), command)
}

fn old_token() -> String {
    "unset AWS_SECURITY_TOKEN".to_owned()
}

fn denied(subject: &DiagnosisSubject<'_>, refused: &RefusedFacts, said: &str) -> Diagnosis {
    let cause =
        denial_cause(&refused.message).map(|cause| format!(" AWS names the cause: {cause}.")).unwrap_or_default();
    if refused.call == "GetCallerIdentity" {
        let account = account_in(&refused.message).unwrap_or_else(|| "ACCOUNT".to_owned());
        return Diagnosis::problem(
            "denied",
            "AWS knows these credentials, and a policy denies the call",
            format!(
                "{said}{cause} GetCallerIdentity needs no permission; only an explicit deny, or a policy of a VPC \
                 endpoint, stops it. Ask the owner of the policy."
            ),
            format!("aws organizations list-policies-for-target --target-id {account} --filter SERVICE_CONTROL_POLICY"),
        );
    }
    if let ProfileFacts::Leads(ChainFacts { base: BaseFacts::Sso(sso), profile, .. }) = &subject.facts.profile
        && refused.call == "GetRoleCredentials"
    {
        return Diagnosis::problem(
            "sso-role-denied",
            format!("The SSO login is good, and may not use {} in account {}", sso.role, sso.account),
            format!("{said} The permission set is not assigned to you in this account, or has another name."),
            format!("aws configure sso{}", of_profile(profile)),
        );
    }
    let mfa = match &subject.facts.profile {
        ProfileFacts::Leads(chain) => chain.roles.iter().find(|role| role.mfa),
        _ => None,
    };
    if let Some(role) = mfa {
        return Diagnosis::problem(
            "mfa-needed",
            format!("Profile `{}` needs an MFA code, which this check cannot give", role.profile),
            format!("{said} The AWS CLI asks for the code. Whether the role trusts you with it, only that shows."),
            format!("aws sts get-caller-identity{}", of_profile(&subject.facts.selected.name)),
        );
    }
    let role = role_in(&refused.message).unwrap_or_else(|| "NAME".to_owned());
    Diagnosis::problem(
        "assume-denied",
        format!("STS does not let these credentials assume role {role}"),
        format!("{said}{cause} AWS says the same where there is no such role."),
        format!("aws iam get-role {} --query Role.AssumeRolePolicyDocument", option("--role-name", &role)),
    )
}

/// The account of the caller that a denial names.
fn account_in(message: &str) -> Option<String> {
    let arn = message.split("User: ").nth(1)?.split_whitespace().next()?;
    arn.split(':').nth(4).filter(|account| crate::inventory::is_account(account)).map(str::to_owned)
}

fn role_in(message: &str) -> Option<String> {
    let arn = message.split("on resource: ").nth(1)?.split_whitespace().next()?;
    arn.rsplit('/').next().map(str::to_owned)
}

fn no_answer(subject: &DiagnosisSubject<'_>, asked: &Asked, said: &str, what: &str) -> Diagnosis {
    let environment = &subject.facts.environment;
    let curl = || format!("curl -sS -o /dev/null -w '%{{http_code}}\\n' https://{}", host(&asked.region));
    let (where_to, command) = match (&environment.endpoint, &environment.proxy) {
        (Some(Endpoint { variable, host, .. }), _) => {
            (format!("{variable} sends calls to {host}."), format!("unset {variable}"))
        }
        (None, Some((variable, proxy))) => {
            (format!("It was asked at {}, and {variable} sends calls through {proxy}.", host(&asked.region)), curl())
        }
        (None, None) => {
            let at = host(&asked.region);
            (format!("It was asked at {at}. A network, a name server or a firewall stands between."), curl())
        }
    };
    Diagnosis::problem(
        "no-answer",
        what,
        format!("{said} {where_to} Whether the credentials are good is not known."),
        command,
    )
}

/// Where STS answers in a Region.
fn host(region: &str) -> String {
    format!("sts.{region}.amazonaws.com{}", if region.starts_with("cn-") { ".cn" } else { "" })
}

/// Whether AWS was asked and did not answer at all, or not as AWS.
pub(in crate::doctor) fn is_without_answer(asked: &Asked) -> bool {
    let refused = match (&asked.identity, &asked.loaded) {
        (Some(Err(refused)), _) => Some(refused),
        (None, Some(Err(NotLoaded { refused, .. }))) => refused.as_ref(),
        _ => None,
    };
    refused.is_some_and(|refused| refused.class.is_unfinished())
}

/// A key's kind in words, for who cannot be asked.
pub(in crate::doctor) fn by_its_key(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::LongTerm => "an IAM user, or the root user: a long-term key",
        KeyKind::Session => "a session: of a role, of a federated user, or of a user by GetSessionToken",
        KeyKind::Unknown => "not known: this is no access key id of AWS",
    }
}
