//! `source-session-ends-first`: what renews the credentials, or the source's own session, ends before the job does.

use super::lasting::{Lasting, lasting};
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::{Job, Refresh, Seconds, Source};
use crate::lease::{LimitedBy, Verdict};
use crate::remedy::Remedy;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::SourceSessionEndsFirst).map(|found| {
        let name = &found.job.name;
        let end = found.judgement.end.unwrap_or_default();
        found
            .finding()
            .titled(format!("{name} needs {}, and its {} ends after {end}", found.needed(), what_ends(&found)))
            .detailed(
                format!("{name} {}. {} {}", found.length_in_words(), why(&found, end), one_more_lease(&found))
                    .trim()
                    .to_owned(),
            )
            .remedies(remedies(subject, found.job))
    }));
}

fn what_ends(found: &Lasting<'_>) -> &'static str {
    match found.judgement.limited_by {
        Some(LimitedBy::PortalSession) => "Identity Center login",
        Some(LimitedBy::IdentityToken) => "identity token",
        Some(LimitedBy::Mfa) => "MFA session",
        _ => "source session",
    }
}

fn why(found: &Lasting<'_>, end: Seconds) -> String {
    match found.judgement.limited_by {
        Some(LimitedBy::PortalSession) => format!(
            "Its credentials can be renewed while the login to the Identity Center portal lasts, {end}; after that a person must run `aws sso login`."
        ),
        Some(LimitedBy::IdentityToken) => format!(
            "Its {} cannot be presented again, so nothing renews the first session, and what is chained on it, beyond {end}.",
            if matches!(found.job.source, Source::Saml { .. }) { "SAML assertion" } else { "OIDC token" }
        ),
        Some(LimitedBy::Mfa) => format!(
            "Its role asks for MFA, and nobody is there to type a second code: a botocore process gives up ten minutes before the session's end, after {end}."
        ),
        _ => format!("The session of its source ({}) lasts {end} and nothing renews it.", found.job.source.kind()),
    }
}

fn one_more_lease(found: &Lasting<'_>) -> &'static str {
    let renewed = found.judgement.lease != found.judgement.end && !found.job.path.is_empty();
    if renewed && found.judgement.limited_by != Some(LimitedBy::Mfa) {
        "A last session taken just before that may run on for its own lease; that is luck, and is not counted."
    } else {
        ""
    }
}

/// What covers the job, and another kind of source where one that renews without a person would cover it.
fn remedies(subject: &Subject<'_>, job: &Job) -> Vec<Remedy> {
    let mut remedies = subject.ways(job);
    let on_a_platform = Job { source: Source::EcsTask, refresh: Refresh::Auto, ..job.clone() };
    if !matches!(job.source, Source::RolesAnywhere { .. }) && subject.verdict_of(&on_a_platform) == Verdict::Covered {
        remedies.push(Remedy::step(
            "Run the job on credentials that renew without a person, a platform's role (EC2, ECS, CodeBuild, EKS) or IAM Roles Anywhere, \
             with the path as it is, and declare that `source` and `refresh: auto`.",
        ));
    }
    remedies
}
