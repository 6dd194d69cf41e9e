//! AWS's error codes: maps code and message to a [`Class`]. Pure, and the only table of error codes.

use crate::inventory::RoleArn;
pub use crate::visible::printable;

/// An operation that this project calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// sts:AssumeRole.
    AssumeRole,
    /// sts:GetCallerIdentity.
    GetCallerIdentity,
    /// iam:GetRole.
    GetRole,
    /// iam:ListRoles.
    ListRoles,
    /// sns:Publish.
    Publish,
    /// events:PutEvents.
    PutEvents,
    /// s3:GetObject.
    GetObject,
    /// s3:PutObject.
    PutObject,
    /// s3:ListObjectsV2.
    ListObjects,
    /// ssm:GetParametersByPath.
    GetParametersByPath,
    /// lambda:GetFunctionConfiguration.
    GetFunctionConfiguration,
    /// sso:ListInstances.
    ListInstances,
    /// sso:ListPermissionSets.
    ListPermissionSets,
    /// sso:DescribePermissionSet.
    DescribePermissionSet,
}

impl Operation {
    /// The operation as IAM policies name it.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::AssumeRole => "sts:AssumeRole",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::GetRole => "iam:GetRole",
            Self::ListRoles => "iam:ListRoles",
            Self::Publish => "sns:Publish",
            Self::PutEvents => "events:PutEvents",
            Self::GetObject => "s3:GetObject",
            Self::PutObject => "s3:PutObject",
            Self::ListObjects => "s3:ListBucket",
            Self::GetParametersByPath => "ssm:GetParametersByPath",
            Self::GetFunctionConfiguration => "lambda:GetFunctionConfiguration",
            Self::ListInstances => "sso:ListInstances",
            Self::ListPermissionSets => "sso:ListPermissionSets",
            Self::DescribePermissionSet => "sso:DescribePermissionSet",
        }
    }
}

/// The meaning of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// AccessDenied; the text may name the cause.
    Denied,
    /// The role does not exist in IAM.
    RoleMissing,
    /// The session has expired.
    Expired,
    /// The OIDC token, SAML assertion or SSO login has expired: a new login helps, a new AssumeRole does not.
    AssertionExpired,
    /// An unknown or inactive key, a missing or mismatched token, or the issuing role deleted.
    InvalidCredentials,
    /// The signature does not match: a wrong secret key, as a rule.
    SignatureMismatch,
    /// The request was signed for another Region or service.
    WrongScope,
    /// The caller's clock is behind AWS's.
    ClockSlow,
    /// The caller's clock is ahead of AWS's.
    ClockFast,
    /// STS is not activated in the Region.
    RegionDisabled,
    /// DurationSeconds is over the role's MaxSessionDuration.
    OverMaxSession,
    /// DurationSeconds of a chained request is over one hour.
    OverChainCap,
    /// A value is outside the range that the API accepts.
    OutOfRange,
    /// The API cannot use the request for another reason, which the message names.
    InvalidRequest,
    /// The session policy is malformed.
    MalformedPolicy,
    /// Session policy and tags together are too large.
    PackedPolicyTooLarge,
    /// The source identity of the session cannot change.
    SourceIdentityFixed,
    /// The account has no OIDC provider for the token.
    ProviderMissing,
    /// The account is not signed up for the service.
    NotSubscribed,
    /// AWS throttled every attempt.
    Throttled,
    /// AWS returned a server error (5xx).
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// No connection: name, network or TLS.
    Unreachable,
    /// The answer is not from AWS.
    Unreadable,
    /// Lambda has no such function, or IAM Identity Center no such permission set.
    SettingMissing,
    /// S3 has no such object.
    ObjectMissing,
    /// The object in S3 is not the version that a conditional write expected.
    ObjectChanged,
    /// The bucket is in another Region.
    ElsewhereInS3,
    /// The caller has no credentials at all.
    NoCredentials,
    /// The run reached its time limit.
    OutOfTime,
    /// This table does not know the error code.
    Other,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; Self::Other as usize + 1] = [
        Self::Denied,
        Self::RoleMissing,
        Self::Expired,
        Self::AssertionExpired,
        Self::InvalidCredentials,
        Self::SignatureMismatch,
        Self::WrongScope,
        Self::ClockSlow,
        Self::ClockFast,
        Self::RegionDisabled,
        Self::OverMaxSession,
        Self::OverChainCap,
        Self::OutOfRange,
        Self::InvalidRequest,
        Self::MalformedPolicy,
        Self::PackedPolicyTooLarge,
        Self::SourceIdentityFixed,
        Self::ProviderMissing,
        Self::NotSubscribed,
        Self::Throttled,
        Self::Unavailable,
        Self::TimedOut,
        Self::Unreachable,
        Self::Unreadable,
        Self::SettingMissing,
        Self::ObjectMissing,
        Self::ObjectChanged,
        Self::ElsewhereInS3,
        Self::NoCredentials,
        Self::OutOfTime,
        Self::Other,
    ];

    /// The class of an error answer, by its code, HTTP status and message.
    #[must_use]
    pub fn from_answer(code: &str, status: u16, message: &str) -> Self {
        match code {
            // ForbiddenException: the SSO portal returns it for a permission set that is not assigned.
            "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "ForbiddenException"
            // EventBridge, of one entry (service model, PutEventsResultEntry).
            | "NotAuthorizedForSourceException"
            | "NotAuthorizedForDetailTypeException" => Self::Denied,
            "NoSuchEntity" | "NoSuchEntityException" => Self::RoleMissing,
            "ExpiredToken" | "ExpiredTokenException" if is_assertion(message) => Self::AssertionExpired,
            // The SSO portal returns it for an expired login.
            "UnauthorizedException" => Self::AssertionExpired,
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Self::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "MissingAuthenticationToken"
            | "InvalidSecurity"
            | "InvalidSecurityException" => Self::InvalidCredentials,
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "InvalidSignature" => signature(message),
            "RequestTimeTooSkewed" => clock(message),
            "RegionDisabledException" | "RegionDisabled" => Self::RegionDisabled,
            "ValidationError" | "ValidationException" => validation(message),
            "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => Self::MalformedPolicy,
            "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => Self::PackedPolicyTooLarge,
            "InvalidIdentityToken" | "InvalidIdentityTokenException" => Self::ProviderMissing,
            "OptInRequired" | "SubscriptionRequiredException" => Self::NotSubscribed,
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "Throttled"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "KMSThrottling"
            | "KMSThrottlingException" => Self::Throttled,
            "ResourceNotFoundException" => Self::SettingMissing,
            "NoSuchKey" => Self::ObjectMissing,
            "PreconditionFailed" | "ConditionalRequestConflict" => Self::ObjectChanged,
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                Self::ElsewhereInS3
            }
            "ServiceFailure"
            | "InternalFailure"
            | "InternalError"
            | "InternalErrorException"
            | "InternalServerException"
            | "ServiceException"
            | "ServiceUnavailable" => Self::Unavailable,
            "MalformedInput"
            | "InvalidParameter"
            | "InvalidParameterValue"
            | "InvalidParameterValueException"
            | "InvalidInput"
            | "InvalidArgument"
            | "MalformedDetail"
            | "MissingParameter"
            | "InvalidAction"
            | "NotFound"
            | "NotFoundException" => Self::InvalidRequest,
            _ if status >= 500 => Self::Unavailable,
            _ if status == 429 => Self::Throttled,
            _ => Self::Other,
        }
    }

    /// Whether the call had no conclusive result, so that another run may get one. A refusal is a conclusive result.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        matches!(
            self,
            Self::Throttled
                | Self::Unavailable
                | Self::TimedOut
                | Self::Unreachable
                | Self::Unreadable
                | Self::NoCredentials
                | Self::OutOfTime
        )
    }

    /// The word in the report: an outcome of a hop, or a reason why a role was not checked.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::RoleMissing => "role-missing",
            Self::Expired => "credentials-expired",
            Self::AssertionExpired => "assertion-expired",
            Self::InvalidCredentials => "credentials-invalid",
            Self::SignatureMismatch => "signature-mismatch",
            Self::WrongScope => "wrong-signing-scope",
            Self::ClockSlow => "clock-slow",
            Self::ClockFast => "clock-fast",
            Self::RegionDisabled => "region-disabled",
            Self::OverMaxSession => "over-max-session",
            Self::OverChainCap => "over-chain-cap",
            Self::OutOfRange => "out-of-range",
            Self::InvalidRequest => "invalid-request",
            Self::MalformedPolicy => "malformed-policy",
            Self::PackedPolicyTooLarge => "packed-policy-too-large",
            Self::SourceIdentityFixed => "source-identity-fixed",
            Self::ProviderMissing => "identity-provider-missing",
            Self::NotSubscribed => "not-subscribed",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed-out",
            Self::Unreachable => "unreachable",
            Self::Unreadable => "unreadable-answer",
            Self::SettingMissing => "not-found",
            Self::ObjectMissing => "object-missing",
            Self::ObjectChanged => "object-changed",
            Self::ElsewhereInS3 => "bucket-elsewhere",
            Self::NoCredentials => "no-credentials",
            Self::OutOfTime => "out-of-time",
            Self::Other => "refused",
        }
    }
}

fn is_assertion(message: &str) -> bool {
    message.starts_with("Token expired: current date/time") || message.starts_with("Response has expired")
}

fn signature(message: &str) -> Class {
    if message.starts_with("Credential should be scoped") {
        Class::WrongScope
    } else if message.contains("Signature expired") || message.contains("Signature not yet current") {
        clock(message)
    } else {
        Class::SignatureMismatch
    }
}

fn clock(message: &str) -> Class {
    if message.contains("not yet current") { Class::ClockFast } else { Class::ClockSlow }
}

fn validation(message: &str) -> Class {
    if message.contains("exceeds the MaxSessionDuration") {
        Class::OverMaxSession
    } else if message.contains("session limit for roles assumed by role chaining") {
        Class::OverChainCap
    } else if message.contains("'durationSeconds' failed to satisfy constraint") {
        Class::OutOfRange
    } else if message.contains("source identity is already set") {
        Class::SourceIdentityFixed
    } else {
        Class::InvalidRequest
    }
}

/// Whether an `errorCode` of CloudTrail means expired credentials. Codes of EC2 have a prefix (unconfirmed: AWS does
/// not document it). EC2 also returns RequestExpired for a wrong clock.
#[must_use]
pub fn is_expired_in_cloudtrail(code: &str) -> bool {
    let code = code.strip_prefix("Client.").unwrap_or(code);
    matches!(code, "ExpiredToken" | "ExpiredTokenException" | "RequestExpired")
}

/// The cause that an AccessDenied text names, if any (IAM User Guide, troubleshoot_access-denied).
#[must_use]
pub fn denial_cause(message: &str) -> Option<&'static str> {
    const CAUSES: [(&str, &str); 20] = [
        ("perform: sts:TagSession", "the role exists, and passing session tags (sts:TagSession) is not allowed"),
        (
            "perform: sts:SetSourceIdentity",
            "the role exists, and setting a source identity (sts:SetSourceIdentity) is not allowed",
        ),
        ("no identity-based policy allows", "no identity-based policy of the caller allows it"),
        ("no role trust policy allows", "the role's trust policy does not allow it"),
        ("no service control policy allows", "no service control policy of the organization allows it"),
        ("no resource control policy allows", "no resource control policy of the organization allows it"),
        ("no session policy allows", "the caller's session policy does not allow it"),
        ("no permissions boundary allows", "the caller's permissions boundary does not allow it"),
        ("no VPC endpoint policy allows", "the policy of the VPC endpoint does not allow it"),
        ("no resource-based policy allows", "no resource-based policy allows it"),
        ("explicit deny in an identity-based policy", "an identity-based policy of the caller denies it"),
        ("explicit deny in the role trust policy", "the role's trust policy denies it"),
        ("explicit deny in a service control policy", "a service control policy of the organization denies it"),
        ("explicit deny in a resource control policy", "a resource control policy of the organization denies it"),
        ("explicit deny in a permissions boundary", "the caller's permissions boundary denies it"),
        ("explicit deny in a session", "the caller's session policy denies it"),
        ("explicit deny in a VPC endpoint policy", "the policy of the VPC endpoint denies it"),
        (
            "Roles may not be assumed by root accounts",
            "the caller is the root user of an account, which may not assume roles",
        ),
        ("MultiFactorAuthentication failed", "the MFA that the request gave was not accepted"),
        (
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            "the role's trust policy does not match the OIDC token",
        ),
    ];
    CAUSES.iter().find(|(text, _)| message.contains(text)).map(|(_, cause)| *cause)
}

/// A failed call: operation, caller, role and answer. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class of the failure.
    pub class: Class,
    /// The call.
    pub operation: Operation,
    /// The caller's ARN, if known.
    pub caller: Option<String>,
    /// The role of the caller's session, needed because the caller's ARN has no path. `None`: the checker itself.
    pub caller_role: Option<RoleArn>,
    /// The role that the call assumes or reads.
    pub target: RoleArn,
    /// AWS's error code.
    pub code: Option<String>,
    /// AWS's message, or the local error that stopped the call.
    pub message: String,
    /// The HTTP status.
    pub status: Option<u16>,
    /// AWS's request id, for support.
    pub request_id: Option<String>,
}

/// The error code, if any, and the message.
pub(crate) fn answer_text(code: Option<&str>, message: &str) -> String {
    match code {
        Some(code) => format!("{code}: {message}"),
        None => message.to_owned(),
    }
}

impl Failure {
    /// The error code, if any, and the message.
    #[must_use]
    pub fn answer(&self) -> String {
        answer_text(self.code.as_deref(), &self.message)
    }

    /// A call without an answer from AWS, and the reason. The caller is set if known.
    #[must_use]
    pub fn unanswered(operation: Operation, target: &RoleArn, class: Class, message: &str) -> Self {
        Self {
            class,
            operation,
            caller: None,
            caller_role: None,
            target: target.clone(),
            code: None,
            message: message.to_owned(),
            status: None,
            request_id: None,
        }
    }
}
