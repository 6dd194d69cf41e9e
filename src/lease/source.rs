//! What AWS grants to each kind of source: its own request, its lease, and what ends its renewal.

use std::ops::RangeInclusive;

use super::LimitedBy;
use super::hops::RoleLimits;
use super::rules::{
    CODEBUILD_LEASE, CONSOLE_LOGIN_LEASE, EC2_LONGEST_LEASE, EC2_SHORTEST_LEASE, ECS_TASK_LEASE, Figure, Grant,
    POD_IDENTITY_LEASE, ROLES_ANYWHERE_RANGE, Refusal, SESSION_TOKEN_RANGE, SIGNIN_SESSION_DEFAULT,
};
use crate::inventory::{OwnCall, Seconds, Source};

/// The duration of the source's own request, and the range that AWS accepts; `None` for sources whose request has no
/// range that is checked here.
#[must_use]
pub fn own_request(source: &Source) -> Option<(Seconds, RangeInclusive<Seconds>)> {
    let (call, requested) = source.own_call()?;
    let accepted = match call {
        OwnCall::GetSessionToken | OwnCall::GetFederationToken => SESSION_TOKEN_RANGE,
        OwnCall::CreateSession => ROLES_ANYWHERE_RANGE,
    };
    Some((requested, accepted))
}

/// Whether AWS grants the source's own request; `None` for sources without such a request.
#[must_use]
pub fn request(source: &Source) -> Option<Grant> {
    let (requested, accepted) = own_request(source)?;
    Some(if accepted.contains(&requested) {
        Grant::Granted(requested)
    } else {
        Grant::Refused(Refusal::OutOfRange { requested, accepted })
    })
}

/// Whether the source's credentials may call AssumeRole: those of GetFederationToken may not (IAM User Guide,
/// id_session-tags).
#[must_use]
pub fn may_assume(source: &Source) -> bool {
    !matches!(source, Source::FederationToken { .. })
}

/// How long the source's own credentials last when the job uses them directly; `None`: they have no known end.
#[must_use]
pub fn lease(source: &Source) -> Option<Figure> {
    match source {
        Source::SessionToken { duration }
        | Source::FederationToken { duration }
        | Source::RolesAnywhere { duration }
        | Source::Issued { duration, .. } => Some(Figure::confirmed(*duration)),
        Source::IdentityCenter { session, .. } => Some(Figure::confirmed(*session)),
        Source::ConsoleLogin { .. } => Some(CONSOLE_LOGIN_LEASE),
        Source::Ec2Instance => Some(EC2_LONGEST_LEASE),
        Source::EcsTask => Some(ECS_TASK_LEASE),
        Source::EksPodIdentity => Some(POD_IDENTITY_LEASE),
        Source::Codebuild => Some(CODEBUILD_LEASE),
        Source::ServiceRole { duration } => duration.map(Figure::confirmed),
        // A run ends at the function's Timeout, hours before its credentials; the others cannot be used directly.
        Source::Lambda { .. }
        | Source::IamUser { .. }
        | Source::WebIdentity { .. }
        | Source::Saml { .. }
        | Source::AccountAccess { .. } => None,
    }
}

/// How long one copy of a platform's credentials lasts.
pub(super) enum CopiedCredentials {
    /// As long as newly issued ones; `None`: without a known end.
    AsIssued(Option<Figure>),
    /// At least until `at`. New credentials last for `lease`.
    EndsAt { at: Figure, lease: Figure },
    /// It is not known whether the copy lasts long enough.
    NotKnown,
}

/// The copy that a job of this length works with. EC2 renews its credentials before they expire, so the age of a copy
/// is not known.
pub(super) fn copied(source: &Source, needed: Seconds) -> CopiedCredentials {
    match source {
        Source::Ec2Instance if needed > EC2_LONGEST_LEASE.seconds => {
            CopiedCredentials::EndsAt { at: EC2_LONGEST_LEASE, lease: EC2_LONGEST_LEASE }
        }
        Source::Ec2Instance if needed <= EC2_SHORTEST_LEASE.seconds => {
            CopiedCredentials::EndsAt { at: EC2_SHORTEST_LEASE, lease: EC2_LONGEST_LEASE }
        }
        Source::Ec2Instance | Source::ServiceRole { duration: None } => CopiedCredentials::NotKnown,
        Source::EcsTask
        | Source::Lambda { .. }
        | Source::Codebuild
        | Source::EksPodIdentity
        | Source::ServiceRole { duration: Some(_) }
        | Source::IamUser { .. }
        | Source::SessionToken { .. }
        | Source::FederationToken { .. }
        | Source::WebIdentity { .. }
        | Source::Saml { .. }
        | Source::IdentityCenter { .. }
        | Source::AccountAccess { .. }
        | Source::ConsoleLogin { .. }
        | Source::Issued { .. }
        | Source::RolesAnywhere { .. } => CopiedCredentials::AsIssued(lease(source)),
    }
}

/// How long the path can be renewed without a person.
pub(super) enum Renewal {
    /// Without end.
    WithoutEnd,
    /// Until this time after the login, which is a limit of the source.
    Until(Figure, LimitedBy),
    /// While the session of `path[0]` lasts: its identity token cannot be presented again.
    WhileFirstHopLasts,
    /// While the session that MFA was given for lasts.
    WhileMfaSessionLasts,
}

pub(super) fn renewal(source: &Source, limits: &impl RoleLimits) -> Renewal {
    match source {
        Source::IamUser { mfa: true } => Renewal::WhileMfaSessionLasts,
        Source::SessionToken { duration }
        | Source::FederationToken { duration }
        | Source::Issued { duration, renewable: false } => {
            Renewal::Until(Figure::confirmed(*duration), LimitedBy::SourceSession)
        }
        Source::IdentityCenter { portal_session, .. } | Source::AccountAccess { portal_session } => {
            Renewal::Until(Figure::confirmed(*portal_session), LimitedBy::PortalSession)
        }
        Source::ConsoleLogin { role, signin_session } => {
            let of_role = || role.as_ref().and_then(|role| limits.max_signin_session(role));
            let known = signin_session.or_else(of_role).map(Figure::confirmed);
            Renewal::Until(known.unwrap_or(SIGNIN_SESSION_DEFAULT), LimitedBy::SigninSession)
        }
        Source::WebIdentity { renewable: false } | Source::Saml { renewable: false } => Renewal::WhileFirstHopLasts,
        Source::IamUser { mfa: false }
        | Source::WebIdentity { renewable: true }
        | Source::Saml { renewable: true }
        | Source::Issued { renewable: true, .. }
        | Source::Ec2Instance
        | Source::EcsTask
        | Source::Lambda { .. }
        | Source::Codebuild
        | Source::EksPodIdentity
        | Source::RolesAnywhere { .. }
        | Source::ServiceRole { .. } => Renewal::WithoutEnd,
    }
}
