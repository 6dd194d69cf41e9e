//! The verbatim refusals of STS, IAM and SNS, as a table for tests, and the refusal that a request ends with. Texts and
//! statuses are those of AWS, if recorded. Does not decide when a refusal occurs.

/// One error in AWS's words, with example names in place of caller and role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub name: &'static str,
    pub service: &'static str,
    pub status: u16,
    pub code: &'static str,
    /// None: the answer has no `Message` element.
    pub message: Option<&'static str>,
}

/// The named refusal.
///
/// # Panics
/// If the table has none of that name: a test's typing error.
pub fn refusal(name: &str) -> Refusal {
    match REFUSALS.iter().find(|refusal| refusal.name == name) {
        Some(refusal) => *refusal,
        None => panic!("no refusal is named {name:?}; see errors.rs"),
    }
}

const fn sts(name: &'static str, status: u16, code: &'static str, message: &'static str) -> Refusal {
    Refusal { name, service: "sts", status, code, message: Some(message) }
}

const fn invalid(name: &'static str, message: &'static str) -> Refusal {
    sts(name, 400, "ValidationError", message)
}

const fn denied(name: &'static str, message: &'static str) -> Refusal {
    sts(name, 403, "AccessDenied", message)
}

const fn iam(name: &'static str, status: u16, code: &'static str, message: &'static str) -> Refusal {
    Refusal { name, service: "iam", status, code, message: Some(message) }
}

const fn sns(name: &'static str, status: u16, code: &'static str, message: &'static str) -> Refusal {
    Refusal { name, service: "sns", status, code, message: Some(message) }
}

/// The start of every denial of AssumeRole, followed by a cause in the newer wordings.
macro_rules! assume_denied {
    ($cause:literal) => {
        concat!(
            "User: arn:aws:sts::111111111111:assumed-role/R/s is not authorized to perform: sts:AssumeRole on \
                resource: ",
            "arn:aws:iam::222222222222:role/T",
            $cause
        )
    };
}

pub const OVER_ROLE_MAXIMUM: &str = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
pub const OVER_CHAIN_CAP: &str =
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
pub const TOKEN_EXPIRED: &str = "The security token included in the request is expired";
pub const TOKEN_EXPIRED_S3: &str = "The provided token has expired.";
pub const TOKEN_EXPIRED_EC2: &str = "Request has expired.";
pub const TOKEN_INVALID: &str = "The security token included in the request is invalid.";
/// IAM omits the period.
pub const TOKEN_INVALID_IAM: &str = "The security token included in the request is invalid";
pub const SIGNATURE_DOES_NOT_MATCH: &str = "The request signature we calculated does not match the signature you \
    provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
pub const SCOPE_REGION: &str = "Credential should be scoped to a valid region. ";
pub const SOURCE_IDENTITY_SET: &str = "The source identity is already set for this assume role session";
pub const ROOT_CALLER: &str = "Roles may not be assumed by root accounts.";
pub const SESSION_TOKEN_FROM_SESSION: &str = "Cannot call GetSessionToken with session credentials";
pub const FEDERATION_TOKEN_FROM_SESSION: &str = "Cannot call GetFederationToken with session credentials";
pub const MFA_HALF: &str =
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
pub const RATE_EXCEEDED: &str = "Rate exceeded";

/// Every refusal of STS, IAM or SNS that a caller of this product can get.
pub const REFUSALS: &[Refusal] = &[
    invalid("over-role-maximum", OVER_ROLE_MAXIMUM),
    invalid("over-chain-cap", OVER_CHAIN_CAP),
    invalid(
        "duration-below-900",
        "1 validation error detected: Value '600' at 'durationSeconds' failed to satisfy constraint: Member must have \
         value greater than or equal to 900",
    ),
    invalid(
        "duration-above-43200",
        "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must \
         have value less than or equal to 43200",
    ),
    invalid(
        "duration-above-129600",
        "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must \
         have value less than or equal to 129600",
    ),
    Refusal { name: "duration-not-a-number", service: "sts", status: 400, code: "MalformedInput", message: None },
    sts("duration-empty", 400, "MalformedInput", "missing value for decimal type"),
    denied("assume-denied", assume_denied!("")),
    denied(
        "assume-denied-no-identity-policy",
        assume_denied!(" because no identity-based policy allows the sts:AssumeRole action"),
    ),
    denied("assume-denied-no-trust", assume_denied!(" because no role trust policy allows the sts:AssumeRole action")),
    denied(
        "assume-denied-no-scp",
        assume_denied!(" because no service control policy allows the sts:AssumeRole action"),
    ),
    denied(
        "assume-denied-no-session-policy",
        assume_denied!(" because no session policy allows the sts:AssumeRole action"),
    ),
    denied(
        "assume-denied-no-boundary",
        assume_denied!(" because no permissions boundary allows the sts:AssumeRole action"),
    ),
    denied(
        "assume-denied-no-endpoint-policy",
        assume_denied!(" because no VPC endpoint policy allows the sts:AssumeRole action"),
    ),
    denied(
        "assume-denied-no-resource-policy",
        assume_denied!(" because no resource-based policy allows the sts:AssumeRole action"),
    ),
    denied(
        "assume-denied-explicit-identity-policy",
        assume_denied!(" with an explicit deny in an identity-based policy"),
    ),
    denied("assume-denied-explicit-trust", assume_denied!(" with an explicit deny in the role trust policy")),
    denied("assume-denied-explicit-scp", assume_denied!(" with an explicit deny in a service control policy")),
    denied(
        "assume-denied-explicit-scp-with-id",
        assume_denied!(
            " with an explicit deny in a service control policy: \
                arn:aws:organizations::333333333333:policy/o-exampleorg/service_control_policy/p-examplepol"
        ),
    ),
    denied("assume-denied-explicit-rcp", assume_denied!(" with an explicit deny in a resource control policy")),
    denied("assume-denied-explicit-boundary", assume_denied!(" with an explicit deny in a permissions boundary")),
    denied("assume-denied-explicit-session-policy", assume_denied!(" with an explicit deny in a sessions policy")),
    denied("assume-denied-explicit-endpoint-policy", assume_denied!(" with an explicit deny in a VPC endpoint policy")),
    denied(
        "assume-denied-explicit-endpoint-policy-by-scp",
        assume_denied!(" with an explicit deny in a VPC endpoint policy transitively through a service control policy"),
    ),
    denied(
        "tag-session-denied",
        "User: arn:aws:sts::111111111111:assumed-role/R/s is not authorized to perform: sts:TagSession on resource: \
            arn:aws:iam::222222222222:role/T",
    ),
    denied(
        "source-identity-denied",
        "User: arn:aws:sts::111111111111:assumed-role/R/s is not authorized to perform: sts:SetSourceIdentity on \
            resource: arn:aws:iam::222222222222:role/T",
    ),
    invalid("source-identity-changed", SOURCE_IDENTITY_SET),
    denied("root-caller", ROOT_CALLER),
    denied("session-token-from-session", SESSION_TOKEN_FROM_SESSION),
    denied("federation-token-from-session", FEDERATION_TOKEN_FROM_SESSION),
    sts("token-expired", 403, "ExpiredToken", TOKEN_EXPIRED),
    sts("token-invalid", 403, "InvalidClientTokenId", TOKEN_INVALID),
    sts("signature-mismatch", 403, "SignatureDoesNotMatch", SIGNATURE_DOES_NOT_MATCH),
    sts(
        "clock-slow",
        403,
        "SignatureDoesNotMatch",
        "Signature expired: 20160609T184512Z is now earlier than 20160610T013008Z (20160610T014508Z - 15 min.)",
    ),
    sts(
        "clock-fast",
        403,
        "SignatureDoesNotMatch",
        "Signature not yet current: 20210502T183640Z is still later than 20210502T175140Z (20210502T173640Z + 15 min.)",
    ),
    sts("signing-region", 403, "SignatureDoesNotMatch", SCOPE_REGION),
    sts("signing-service", 403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'. "),
    sts(
        "region-disabled",
        403,
        "RegionDisabledException",
        "STS is not activated in this region for account:123456789012. Your account administrator can activate STS in \
         this region using the IAM Console.",
    ),
    sts("malformed-policy", 400, "MalformedPolicyDocument", "This policy contains invalid Json"),
    sts(
        "packed-policy",
        400,
        "PackedPolicyTooLarge",
        "Packed policy consumes 157% of allotted space, please use smaller policy.",
    ),
    sts("packed-tags", 400, "PackedPolicyTooLarge", "Packed size of session tags consumes 112% of allotted space."),
    sts("throttled", 400, "Throttling", RATE_EXCEEDED),
    sts("not-subscribed", 403, "OptInRequired", "The AWS Access Key Id needs a subscription for the service"),
    sts(
        "not-subscribed-exception",
        403,
        "SubscriptionRequiredException",
        "The AWS Access Key Id needs a subscription for the service",
    ),
    denied("mfa-half", MFA_HALF),
    denied("mfa-code", "MultiFactorAuthentication failed with invalid MFA one time pass code."),
    denied(
        "mfa-serial",
        "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid \
         and associated with this user.",
    ),
    invalid("arn-invalid", "Request ARN is invalid"),
    invalid(
        "arn-short",
        "1 validation error detected: Value 'arn:aws:iam::1' at 'roleArn' failed to satisfy constraint: Member must \
         have length greater than or equal to 20",
    ),
    sts("internal-failure", 500, "InternalFailure", "An internal error has occurred."),
    sts("unavailable", 503, "ServiceUnavailable", "Service is unable to handle request."),
    iam(
        "get-role-denied",
        403,
        "AccessDenied",
        "User: arn:aws:sts::111111111111:assumed-role/R/s is not authorized to perform: iam:GetRole on resource: role \
            T",
    ),
    iam(
        "get-role-denied-no-identity-policy",
        403,
        "AccessDenied",
        "User: arn:aws:sts::111111111111:assumed-role/R/s is not authorized to perform: iam:GetRole on resource: role \
         T because no identity-based policy allows the iam:GetRole action",
    ),
    iam("role-not-found", 404, "NoSuchEntity", "The role with name X cannot be found."),
    iam("iam-token-expired", 403, "ExpiredToken", TOKEN_EXPIRED),
    iam("iam-token-invalid", 403, "InvalidClientTokenId", TOKEN_INVALID_IAM),
    iam("iam-throttled", 400, "Throttling", RATE_EXCEEDED),
    iam(
        "iam-failure",
        500,
        "ServiceFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
    ),
    sns(
        "publish-denied",
        403,
        "AuthorizationError",
        "User: arn:aws:sts::111111111111:assumed-role/R/s is not authorized to perform: SNS:Publish on resource: \
            arn:aws:sns:eu-west-1:222222222222:T",
    ),
    sns("topic-not-found", 404, "NotFound", "Topic does not exist"),
    sns("message-too-long", 400, "InvalidParameter", "Invalid parameter: Message too long"),
    sns("message-empty", 400, "InvalidParameter", "Invalid parameter: Empty message"),
    sns("subject-invalid", 400, "InvalidParameter", "Invalid parameter: Subject"),
    sns(
        "kms-denied",
        400,
        "KMSAccessDenied",
        "The ciphertext references a key that doesn't exist or that you don't have access to.",
    ),
    sns(
        "kms-disabled",
        400,
        "KMSDisabled",
        "The request was rejected because the specified Amazon Web Services KMS key isn't enabled.",
    ),
    sns("publish-throttled", 400, "Throttling", RATE_EXCEEDED),
    sns("publish-failure", 500, "InternalError", "Internal error"),
];

/// The reason why a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub code: String,
    pub message: Option<String>,
}

impl Problem {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Problem {
        Problem { status, code: code.to_owned(), message: Some(message.into()) }
    }

    pub fn validation(message: impl Into<String>) -> Problem {
        Problem::new(400, "ValidationError", message)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem { status: refusal.status, code: refusal.code.to_owned(), message: refusal.message.map(str::to_owned) }
    }
}
