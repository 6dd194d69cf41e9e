//! `source-session-ends-first`: what renews the credentials, or the source's own session, ends before the job does.

use super::lasting::{Lasting, lasting};
use super::remedy::Remedy;
use super::{Finding, Subject, remedy};
use crate::finding::FindingId;
use crate::inventory::{Seconds, Source};
use crate::lease::LimitedBy;
use crate::lease::rules::SESSION_TOKEN_RANGE;

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
            .remedies(remedies(&found))
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

fn remedies(found: &Lasting<'_>) -> Vec<Remedy> {
    let wanted = found.wanted();
    let machine = Remedy::step(
        "Run the job on credentials that renew without a person: a platform's role (EC2, ECS, Lambda, CodeBuild, EKS), OIDC \
         (AssumeRoleWithWebIdentity) or IAM Roles Anywhere.",
    );
    match found.job.source {
        Source::SessionToken { .. } | Source::FederationToken { .. } if SESSION_TOKEN_RANGE.contains(&wanted) => {
            vec![remedy::source_duration(found.job.source, wanted), machine]
        }
        Source::IdentityCenter { .. }
            if found.job.path.is_empty() && found.judgement.limited_by == Some(LimitedBy::SourceSession) =>
        {
            let longer = Lasting::hours_for(wanted).map(remedy::permission_set);
            longer.into_iter().chain([remedy::refresh_by_provider_chain(found.job), machine]).collect()
        }
        Source::IdentityCenter { .. } => vec![machine, remedy::portal_session(wanted)],
        Source::IamUser { .. } => vec![
            machine,
            Remedy::step(format!(
                "Ask for a session that holds the whole job: at least {wanted} and ten minutes, within the role's MaxSessionDuration."
            )),
        ],
        Source::RolesAnywhere { .. } => vec![
            remedy::refresh_by_provider_chain(found.job),
            Remedy::step(format!(
                "Raise durationSeconds of the profile and the request to at least {} ({wanted}), if that is within 43200.",
                wanted.0
            )),
        ],
        Source::Saml { .. } | Source::WebIdentity { .. } => vec![
            Remedy::step(format!(
                "Ask for a first session that holds the whole job, {wanted}, within the role's MaxSessionDuration, and use it directly."
            )),
            machine,
        ],
        _ => vec![machine],
    }
}
