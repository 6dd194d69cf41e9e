//! What AWS grants: its numbers, each with its source, and one decision: is this request granted or refused.
//! Pure. Knows nothing of jobs that are too long: that is `verdict`'s.

use std::ops::RangeInclusive;

use crate::inventory::{Seconds, Source};

/// DurationSeconds that STS takes where the request names none (STS AssumeRole, `DurationSeconds`).
pub const DEFAULT_DURATION: Seconds = Seconds(3600);
/// The shortest session that AssumeRole gives (STS model).
pub const ASSUME_ROLE_MINIMUM: Seconds = Seconds(900);
/// What AssumeRole, AssumeRoleWithWebIdentity and AssumeRoleWithSAML accept at all (STS model: 900 to 43200).
pub const ASSUME_ROLE_RANGE: RangeInclusive<Seconds> = ASSUME_ROLE_MINIMUM..=LONGEST_SESSION;
/// What GetSessionToken and GetFederationToken accept for an IAM user (STS model: 900 to 129600).
pub const SESSION_TOKEN_RANGE: RangeInclusive<Seconds> = Seconds(900)..=Seconds(129_600);
/// What IAM Roles Anywhere CreateSession accepts (Roles Anywhere model: 900 to 43200).
pub const ROLES_ANYWHERE_RANGE: RangeInclusive<Seconds> = Seconds(900)..=Seconds(43_200);
/// The cap of a session that another session asked for: role chaining (STS AssumeRole; 3600 is accepted, 3601 is not).
pub const CHAIN_CAP: Seconds = Seconds(3600);
/// The longest session that AssumeRole gives to anyone (IAM: MaxSessionDuration is 3600 to 43200).
pub const LONGEST_SESSION: Seconds = Seconds(43_200);
/// MaxSessionDuration of a role that states none (IAM CreateRole).
pub const DEFAULT_MAX_SESSION: Seconds = Seconds(3600);
/// The MaxSessionDurations that IAM takes (IAM CreateRole: 3600 to 43200).
pub const MAX_SESSION_RANGE: RangeInclusive<Seconds> = DEFAULT_MAX_SESSION..=LONGEST_SESSION;
/// The longest login to the IAM Identity Center portal. UNCONFIRMED: AWS's general documentation says 90 days.
pub const LONGEST_PORTAL_SESSION: Seconds = Seconds::hours(90 * 24);
/// How long credentials of an ECS task last, copied at its start. UNCONFIRMED: AWS withdrew the text that said 6 hours.
pub const ECS_TASK_LEASE: Seconds = Seconds::hours(6);
/// How long EKS Pod Identity credentials last, copied once. UNCONFIRMED: AWS blogs say 6 hours.
pub const POD_IDENTITY_LEASE: Seconds = Seconds::hours(6);
/// The longest that copied EC2 instance credentials last. UNCONFIRMED: observed; AWS gives no number.
pub const EC2_LONGEST_LEASE: Seconds = Seconds::hours(6);
/// The least that copied EC2 instance credentials last: new ones appear at least five minutes before (EC2 User Guide).
pub const EC2_SHORTEST_LEASE: Seconds = Seconds::minutes(5);
/// How long CodeBuild credentials last, copied once (prowler-cloud/prowler#1259).
pub const CODEBUILD_LEASE: Seconds = Seconds::hours(1);
/// How far a request's time may be from AWS's (IAM User Guide, signature-v4-troubleshooting: "Signature expired").
pub const SIGNATURE_TOLERANCE: Seconds = Seconds::minutes(15);
/// How long before the end clients begin to renew (botocore credentials.py: its advisory window).
pub const CLIENT_REFRESH_WINDOW: Seconds = Seconds::minutes(15);
/// How long before the end a botocore process with an MFA profile fails, since it cannot refresh (botocore credentials.py).
pub const BOTOCORE_MANDATORY_REFRESH: Seconds = Seconds::minutes(10);

/// Why AWS refuses a request. Requests over a limit are refused, never shortened (STS AssumeRole, `DurationSeconds`:
/// "the operation fails").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Outside what the API accepts at all.
    OutOfRange {
        /// The requested duration.
        requested: Seconds,
        /// What it accepts.
        accepted: RangeInclusive<Seconds>,
    },
    /// The caller's credentials may not call AssumeRole.
    SourceCannotAssume,
    /// Over the role's MaxSessionDuration.
    OverMaxSession {
        /// The role's MaxSessionDuration.
        max: Seconds,
    },
    /// Over one hour, asked for by a session.
    OverChainCap,
}

/// What AWS makes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A session of this length.
    Granted(Seconds),
    /// An error, and no session.
    Refused(Refusal),
    /// It depends on a MaxSessionDuration that is not known.
    NotKnown,
}

/// What STS makes of one AssumeRole request, in its own order of checks: the schema, the role's maximum, the chaining
/// cap. The order is measured: AWS does not write it down.
#[must_use]
pub fn assume_role(requested: Seconds, max_session: Option<Seconds>, chained: bool) -> Grant {
    if !ASSUME_ROLE_RANGE.contains(&requested) {
        return Grant::Refused(Refusal::OutOfRange { requested, accepted: ASSUME_ROLE_RANGE });
    }
    if let Some(max) = max_session
        && requested > max
    {
        return Grant::Refused(Refusal::OverMaxSession { max });
    }
    if chained && requested > CHAIN_CAP {
        return Grant::Refused(Refusal::OverChainCap);
    }
    // An hour is legal for every role: the least MaxSessionDuration is 3600.
    if max_session.is_none() && requested > DEFAULT_MAX_SESSION {
        return Grant::NotKnown;
    }
    Grant::Granted(requested)
}

/// What AWS makes of the request that the source itself stands for; `None` for sources that ask for no duration.
#[must_use]
pub fn source_request(source: Source) -> Option<Grant> {
    let (requested, accepted) = match source {
        Source::SessionToken { duration } | Source::FederationToken { duration } => (duration, SESSION_TOKEN_RANGE),
        Source::RolesAnywhere { duration } => (duration, ROLES_ANYWHERE_RANGE),
        _ => return None,
    };
    Some(if accepted.contains(&requested) {
        Grant::Granted(requested)
    } else {
        Grant::Refused(Refusal::OutOfRange { requested, accepted })
    })
}

/// Whether the source's credentials may call AssumeRole: those of GetFederationToken may not (IAM User Guide, id_session-tags).
#[must_use]
pub fn may_assume(source: Source) -> bool {
    !matches!(source, Source::FederationToken { .. })
}

/// How long the source's own credentials last when the job uses them directly; `None`: no end that a run could meet.
#[must_use]
pub fn source_lease(source: Source) -> Option<Seconds> {
    match source {
        Source::SessionToken { duration }
        | Source::FederationToken { duration }
        | Source::RolesAnywhere { duration } => Some(duration),
        Source::IdentityCenter { session, .. } => Some(session),
        Source::Ec2Instance => Some(EC2_LONGEST_LEASE),
        Source::EcsTask => Some(ECS_TASK_LEASE),
        Source::EksPodIdentity => Some(POD_IDENTITY_LEASE),
        Source::Codebuild => Some(CODEBUILD_LEASE),
        Source::Lambda | Source::IamUser { .. } | Source::WebIdentity { .. } | Source::Saml { .. } => None,
    }
}
