//! `source-session-ends-first`: the login, MFA session or token behind the job expires before the job finishes.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::fixes::Fix;
use crate::inventory::{Job, Refresh, Seconds, Source};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "source-session-ends-first",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Lapses
        && matches!(
            judgement.limited_by,
            Some(
                LimitedBy::SourceSession
                    | LimitedBy::PortalSession
                    | LimitedBy::SigninSession
                    | LimitedBy::IdentityToken
                    | LimitedBy::Mfa
                    | LimitedBy::CopiedSession
            )
        )
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let name = &found.job.name;
    let end = found.judgement.end?;
    let title = format!("{name} {}, but its {} expires after {end}", found.describe_need(), what_expires(found));
    let mut because = why(found, end);
    if found.limit_is_a_default() {
        because.push_str(" That limit is a default: no file states another limit.");
    }
    let mut detail = format!("{name} {}. {because}", found.describe_length());
    if may_get_one_more_lease(found) {
        detail.push_str(" A session taken just before that may last longer by its own lease; this does not count.");
    }
    Some(found.finding().titled(title).because(because).detailed(detail).fixes(fixes(found)))
}

fn what_expires(found: &JudgedJob<'_>) -> &'static str {
    match found.judgement.limited_by {
        Some(LimitedBy::PortalSession) => "Identity Center login",
        Some(LimitedBy::SigninSession) => "sign-in session",
        Some(LimitedBy::CopiedSession) => "copied session",
        Some(LimitedBy::IdentityToken) => "identity token",
        Some(LimitedBy::Mfa) => "MFA session",
        _ => "source session",
    }
}

fn why(found: &JudgedJob<'_>, end: Seconds) -> String {
    match found.judgement.limited_by {
        Some(LimitedBy::PortalSession) => {
            format!("SDKs renew its credentials until the portal login ends after {end}; then a person must log in.")
        }
        Some(LimitedBy::SigninSession) => format!(
            "`aws login` renews its credentials while the sign-in session lasts, which is {end}. After that, a person \
             must sign in again."
        ),
        Some(LimitedBy::CopiedSession) => format!(
            "The session of {} is taken once and handed on. Only the hops behind it are renewed, and nothing renews \
             them after {end}.",
            found.limiting_name()
        ),
        Some(LimitedBy::IdentityToken) => format!(
            "Its {} cannot be presented a second time, so nothing renews the first session, or a session chained on \
             it, after {end}.",
            if matches!(found.job.source, Source::Saml { .. }) { "SAML assertion" } else { "OIDC token" }
        ),
        Some(LimitedBy::Mfa) => format!(
            "Its role requires MFA, and a renewal needs a new MFA code, which a running job cannot enter. A botocore \
             process stops ten minutes before the session's end, after {end}."
        ),
        _ => format!("The session of its source ({}) lasts {end}, and nothing renews it.", found.job.source.kind()),
    }
}

fn may_get_one_more_lease(found: &JudgedJob<'_>) -> bool {
    found.judgement.lease != found.judgement.end && found.judgement.limited_by != Some(LimitedBy::Mfa)
}

/// The ways that cover the job, and a source that renews without a person, if that covers the job.
fn fixes(found: &JudgedJob<'_>) -> Vec<Fix> {
    let job = found.job;
    let mut fixes = found.subject.ways(job);
    let on_a_platform = Job { source: Source::EcsTask, refresh: Refresh::Auto, ..job.clone() };
    let renews_already = matches!(job.source, Source::RolesAnywhere { .. });
    if !renews_already && found.subject.verdict_of(&on_a_platform) == Verdict::Covered {
        let step = "Run the job on credentials that renew without a person: the role of a platform (EC2, ECS, \
                    CodeBuild, EKS) or IAM Roles Anywhere, with the same path.";
        let step = found.subject.place.declare(step, "declare that `source` and `refresh: auto`.");
        fixes.push(Fix::step(step).changes_job_to(on_a_platform));
    }
    fixes
}
