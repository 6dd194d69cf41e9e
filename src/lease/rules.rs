//! What AWS grants: its numbers, each with its source, and one decision: is this request granted or refused.
//!
//! Other modules name these constants and hold no number of AWS's of their own. Whether a session is long enough for a
//! job is `verdict`'s.

use std::fmt;
use std::ops::RangeInclusive;

use crate::inventory::Seconds;

/// DurationSeconds that STS takes where the request names none (STS AssumeRole, `DurationSeconds`).
pub const DEFAULT_DURATION: Seconds = Seconds(3600);
/// The shortest session that AssumeRole gives (STS model).
pub const ASSUME_ROLE_MINIMUM: Seconds = Seconds(900);
/// What AssumeRole, AssumeRoleWithWebIdentity and AssumeRoleWithSAML accept at all (STS model: 900 to 43200).
pub const ASSUME_ROLE_RANGE: RangeInclusive<Seconds> = ASSUME_ROLE_MINIMUM..=LONGEST_SESSION;
/// What GetSessionToken and GetFederationToken accept for an IAM user (STS model: 900 to 129600).
pub const SESSION_TOKEN_RANGE: RangeInclusive<Seconds> = Seconds(900)..=Seconds(129_600);
/// What GetSessionToken and GetFederationToken give an IAM user who states no duration (STS model: 43200).
pub const SESSION_TOKEN_DEFAULT: Seconds = Seconds(43_200);
/// What IAM Roles Anywhere CreateSession accepts (Roles Anywhere model: 900 to 43200).
pub const ROLES_ANYWHERE_RANGE: RangeInclusive<Seconds> = Seconds(900)..=Seconds(43_200);
/// What IAM Roles Anywhere CreateSession gives where neither the request nor the profile states a duration (its model).
pub const ROLES_ANYWHERE_DEFAULT: Seconds = Seconds(3600);
/// The cap of a session that another session asked for: role chaining (STS AssumeRole; 3600 is accepted, 3601 is not).
pub const CHAIN_CAP: Seconds = Seconds(3600);
/// The longest session that AssumeRole gives to anyone (IAM: MaxSessionDuration is 3600 to 43200).
pub const LONGEST_SESSION: Seconds = Seconds(43_200);
/// MaxSessionDuration of a role that states none (IAM CreateRole, and UpdateRole without the setting).
pub const DEFAULT_MAX_SESSION: Seconds = Seconds(3600);
/// The MaxSessionDurations that IAM takes (IAM CreateRole: 3600 to 43200).
pub const MAX_SESSION_RANGE: RangeInclusive<Seconds> = DEFAULT_MAX_SESSION..=LONGEST_SESSION;
/// The MaxSigninSessionDurations that IAM takes (IAM UpdateRole: 3600 to 7776000).
pub const MAX_SIGNIN_SESSION_RANGE: RangeInclusive<Seconds> = Seconds(3600)..=Seconds(7_776_000);
/// The SessionDurations of a permission set (IAM Identity Center User Guide, howtosessionduration: 1 to 12 hours).
pub const PERMISSION_SET_RANGE: RangeInclusive<Seconds> = Seconds::hours(1)..=Seconds::hours(12);
/// The SessionDuration of a permission set that states none (IAM Identity Center User Guide, howtosessionduration).
pub const PERMISSION_SET_DEFAULT: Seconds = Seconds::hours(1);
/// The login to the Identity Center portal, by default (IAM Identity Center User Guide; aws/aws-cli#8561, #7104).
pub const PORTAL_SESSION_DEFAULT: Seconds = Seconds::hours(8);
/// The longest Timeout of a Lambda function (Lambda UpdateFunctionConfiguration).
pub const LAMBDA_LONGEST: Seconds = Seconds(1800);
/// The longest Timeout on Lambda Managed Instances, for asynchronous invocations and event sources other than Amazon MQ
/// and DocumentDB (Lambda UpdateFunctionConfiguration: the shape of `Timeout` ends at 5400).
pub const LAMBDA_MANAGED_LONGEST: Seconds = Seconds(5400);
/// The Timeouts of a Lambda function (Lambda UpdateFunctionConfiguration: the shape of `Timeout`).
pub const LAMBDA_TIMEOUT_RANGE: RangeInclusive<Seconds> = Seconds(1)..=LAMBDA_MANAGED_LONGEST;
/// Permission sets in a page (IAM Identity Center ListPermissionSets, `MaxResults`: at most 100).
pub const PERMISSION_SETS_IN_PAGE: i32 = 100;
/// How far a request's time may be from AWS's (IAM User Guide, signature-v4-troubleshooting: "Signature expired").
pub const SIGNATURE_TOLERANCE: Seconds = Seconds::minutes(15);
/// How long before the end clients begin to renew (botocore credentials.py: its advisory window).
pub const CLIENT_REFRESH_WINDOW: Seconds = Seconds::minutes(15);
/// How long before the end a botocore process with an MFA profile fails, since it cannot refresh (botocore
/// credentials.py).
pub const BOTOCORE_MANDATORY_REFRESH: Seconds = Seconds::minutes(10);

/// The longest session policy that STS takes, in characters (STS AssumeRole, `Policy`: plaintext limit 2,048).
pub const LONGEST_SESSION_POLICY: usize = 2048;
/// The length of an ExternalId (STS AssumeRole).
pub const EXTERNAL_ID_LENGTH: RangeInclusive<usize> = 2..=1224;
/// The length of a RoleSessionName (STS AssumeRole).
pub const SESSION_NAME_LENGTH: RangeInclusive<usize> = 2..=64;
/// The length of a SourceIdentity: the model ends at 64, the live service takes up to 256 (measured in July 2026).
pub const SOURCE_IDENTITY_LENGTH: RangeInclusive<usize> = 2..=256;

/// A length of time that AWS decides, and whether a primary source or a measurement states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The length.
    pub seconds: Seconds,
    /// A primary source or a measurement states it; otherwise it is the best that is known.
    pub confirmed: bool,
}

impl Figure {
    /// A length that a primary source, a measurement or the job's owner states.
    #[must_use]
    pub const fn confirmed(seconds: Seconds) -> Self {
        Self { seconds, confirmed: true }
    }

    /// A length without a primary source.
    #[must_use]
    pub const fn unconfirmed(seconds: Seconds) -> Self {
        Self { seconds, confirmed: false }
    }

    /// The longer of the two; of two that are equal, the confirmed one.
    #[must_use]
    pub fn longer(self, other: Self) -> Self {
        std::cmp::max_by_key(self, other, |figure| (figure.seconds, figure.confirmed))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seconds.fmt(f)
    }
}

/// How long credentials of an ECS task last, copied at its start (measured in CloudTrail records of 2018).
pub const ECS_TASK_LEASE: Figure = Figure::confirmed(Seconds::hours(6));
/// How long EKS Pod Identity credentials last, copied once. UNCONFIRMED: AWS blogs say 6 hours.
pub const POD_IDENTITY_LEASE: Figure = Figure::unconfirmed(Seconds::hours(6));
/// The longest that copied EC2 instance credentials last (measured: four issues in CloudTrail records of 2023).
pub const EC2_LONGEST_LEASE: Figure = Figure::confirmed(Seconds(23_700));
/// The least that copied EC2 instance credentials last: new ones appear at least five minutes before (EC2 User Guide).
pub const EC2_SHORTEST_LEASE: Figure = Figure::confirmed(Seconds::minutes(5));
/// How long CodeBuild credentials last, copied once (prowler-cloud/prowler#1259, rebuy-de/aws-nuke#396).
pub const CODEBUILD_LEASE: Figure = Figure::confirmed(Seconds::hours(1));
/// How long the credentials of `aws login` last (Sign-In CreateOAuth2Token: `expiresIn` is at most 900).
pub const CONSOLE_LOGIN_LEASE: Figure = Figure::confirmed(Seconds(900));
/// How long `aws login` renews where the role states no MaxSigninSessionDuration. UNCONFIRMED: today's 12 hours.
pub const SIGNIN_SESSION_DEFAULT: Figure = Figure::unconfirmed(Seconds::hours(12));
/// What account access manager gives where no sessionDuration is sent. UNCONFIRMED: AWS states no length.
pub const ACCOUNT_ACCESS_DEFAULT: Figure = Figure::unconfirmed(Seconds::hours(1));
/// The longest login to the Identity Center portal. UNCONFIRMED: AWS's general documentation says 90 days.
pub const LONGEST_PORTAL_SESSION: Figure = Figure::unconfirmed(Seconds::hours(90 * 24));

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

/// Timeout of a Lambda function that states none (Lambda CreateFunction, `Timeout`).
pub const LAMBDA_DEFAULT_TIMEOUT: Seconds = Seconds(3);
/// Timeout of a CodeBuild project that states none (CodeBuild CreateProject, `timeoutInMinutes`).
pub const CODEBUILD_DEFAULT_TIMEOUT: Seconds = Seconds::minutes(60);
/// Timeouts of a CodeBuild project (CodeBuild CreateProject, `timeoutInMinutes`).
pub const CODEBUILD_TIMEOUT_RANGE: RangeInclusive<Seconds> = Seconds::minutes(5)..=Seconds::minutes(2160);
/// Timeout of a Glue job before Glue 5.0 that states none (Glue CreateJob, `Timeout`).
pub const GLUE_DEFAULT_TIMEOUT: Seconds = Seconds::minutes(2880);
/// The same from Glue 5.0 on.
pub const GLUE_5_DEFAULT_TIMEOUT: Seconds = Seconds::minutes(480);
/// The longest run of a Glue job; a streaming job is restarted then (Glue CreateJob, `Timeout`).
pub const GLUE_LONGEST: Seconds = Seconds::hours(7 * 24);
/// The shortest timeout of a Batch job (Batch RegisterJobDefinition, `timeout`).
pub const BATCH_LEAST_TIMEOUT: Seconds = Seconds(60);
/// DurationSeconds that Terraform's AWS provider and S3 backend send for `assume_role` without `duration`: the default
/// of Go's `stscreds` (hashicorp/terraform-provider-aws#23176, rebuy-de/aws-nuke#667).
pub const TERRAFORM_ASSUME_ROLE_DEFAULT: Seconds = Seconds::minutes(15);
