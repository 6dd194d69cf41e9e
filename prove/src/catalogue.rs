//! The steps of a run, in their order. The expected answers come from `lease::rules`; texts and codes are those that
//! were recorded from AWS.

use credential_health::aws::errors::Class;
use credential_health::inventory::{Seconds, Source};
use credential_health::lease::rules::{
    ASSUME_ROLE_MINIMUM, CHAIN_CAP, DEFAULT_DURATION, DEFAULT_MAX_SESSION, EXTERNAL_ID_LENGTH, Grant, LONGEST_SESSION,
    LONGEST_SESSION_POLICY, MAX_SESSION_RANGE, Refusal as Refused, SESSION_NAME_LENGTH, SESSION_TOKEN_DEFAULT,
    SESSION_TOKEN_RANGE, SIGNATURE_TOLERANCE, SOURCE_IDENTITY_LENGTH, assume_role,
};
use credential_health::lease::source;

use crate::model::{Assume, Call, Caller, Change, Expected, Make, Refusal, Role, Rule, Session, SessionPolicy};
use crate::model::{Step, Target, Text};

/// The longest session of the role that UpdateRole resets.
const TWO_HOURS: Seconds = Seconds::hours(2);
/// The limit in the trust policy of `limited`.
pub const CONDITION_LIMIT: Seconds = Seconds::minutes(30);

const OVER_MAXIMUM: &str = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
const OVER_CHAIN_CAP: &str =
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
const TOKEN_INVALID: &str = "The security token included in the request is invalid";
const TOKEN_EXPIRED: &str = "The security token included in the request is expired";
const NOT_AUTHORIZED: Text = Text::Has(&["User: ", " is not authorized to perform: sts:AssumeRole on resource: "]);

/// Every step of a run. `expiry`: with the rules about an expired session, for which the run waits.
#[must_use]
pub fn steps(expiry: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(make());
    steps.extend(direct());
    steps.extend(chained());
    steps.extend(session_tokens());
    steps.extend(federation_tokens());
    steps.extend(requests());
    steps.extend(requests_of_more_parameters());
    steps.extend(credentials());
    steps.extend(roles());
    steps.extend(open_questions());
    if expiry {
        steps.extend(expired());
    }
    steps.extend(deletion());
    steps
}

/// The rules of a run.
pub fn rules(expiry: bool) -> impl Iterator<Item = Rule> {
    steps(expiry).into_iter().filter_map(|step| match step {
        Step::Decide(rule) => Some(rule),
        Step::Part(_)
        | Step::Make(_)
        | Step::Take(_)
        | Step::Change(_)
        | Step::WaitForEnd(_)
        | Step::WaitForCloudTrail(_) => None,
    })
}

const fn rule(id: &'static str, says: &'static str, caller: Caller, call: Call, expected: Expected) -> Step {
    Step::Decide(Rule { id, says, caller, call, expected: Some(expected) })
}

const fn question(id: &'static str, says: &'static str, caller: Caller, call: Call) -> Step {
    Step::Decide(Rule { id, says, caller, call, expected: None })
}

const fn refused(class: Class, status: u16, code: &'static str, text: Text) -> Expected {
    Expected::Refused(Refusal { class, status: Some(status), code, text })
}

const fn denied(text: Text) -> Expected {
    refused(Class::Denied, 403, "AccessDenied", text)
}

const fn invalid_token() -> Expected {
    refused(Class::InvalidCredentials, 403, "InvalidClientTokenId", Text::Begins(TOKEN_INVALID))
}

/// The MaxSessionDuration of a role when its rules are decided.
const fn maximum(role: Role) -> Seconds {
    match role {
        Role::Hour | Role::Limited | Role::Doomed => DEFAULT_MAX_SESSION,
        Role::Long | Role::Hub => LONGEST_SESSION,
        Role::Reset => TWO_HOURS,
    }
}

/// The answer that the product's rules compute.
fn answer_to(grant: Grant) -> Expected {
    match grant {
        Grant::Granted(seconds) => Expected::Session(seconds),
        Grant::Refused(Refused::OutOfRange { requested, accepted }) => {
            let text = if requested < *accepted.start() {
                Text::Has(&["'durationSeconds' failed to satisfy constraint", "greater than or equal to 900"])
            } else if *accepted.end() == LONGEST_SESSION {
                Text::Has(&["'durationSeconds' failed to satisfy constraint", "less than or equal to 43200"])
            } else {
                Text::Has(&["'durationSeconds' failed to satisfy constraint", "less than or equal to 129600"])
            };
            refused(Class::OutOfRange, 400, "ValidationError", text)
        }
        Grant::Refused(Refused::OverMaxSession { .. }) => {
            refused(Class::OverMaxSession, 400, "ValidationError", Text::Is(OVER_MAXIMUM))
        }
        Grant::Refused(Refused::OverChainCap) => {
            refused(Class::OverChainCap, 400, "ValidationError", Text::Is(OVER_CHAIN_CAP))
        }
        Grant::Refused(Refused::SourceCannotAssume) => denied(Text::Any),
        Grant::NotKnown => Expected::AnyRefusal,
    }
}

/// A rule about the duration of an AssumeRole call.
fn assume(id: &'static str, says: &'static str, caller: Caller, role: Role, seconds: Option<Seconds>) -> Step {
    let call = seconds.map_or(Assume::of(role), |seconds| Assume::of(role).seconds(seconds));
    let grant = assume_role(seconds.unwrap_or(DEFAULT_DURATION), Some(maximum(role)), caller.session().is_some());
    rule(id, says, caller, Call::AssumeRole(call), answer_to(grant))
}

const fn above(seconds: Seconds) -> Seconds {
    Seconds(seconds.0 + 1)
}

const fn below(seconds: Seconds) -> Seconds {
    Seconds(seconds.0 - 1)
}

fn make() -> Vec<Step> {
    let maximum_of = |role| if role == Role::Hour { None } else { Some(maximum(role)) };
    let mut steps = vec![Step::Part("What it makes")];
    steps.extend([Make::User, Make::UserPolicy, Make::AccessKey].map(Step::Make));
    steps.extend(Role::ALL.map(|role| Step::Make(Make::Role(role, maximum_of(role)))));
    steps.push(Step::Make(Make::RolePolicy(Role::Hub)));
    steps
}

fn direct() -> Vec<Step> {
    use Caller::User;
    vec![
        Step::Part("AssumeRole with the key of an IAM user"),
        assume("direct-default", "Without DurationSeconds, a session lasts an hour.", User, Role::Hour, None),
        assume("direct-shortest", "900 s is accepted.", User, Role::Hour, Some(ASSUME_ROLE_MINIMUM)),
        assume("direct-too-short", "899 s is refused.", User, Role::Hour, Some(below(ASSUME_ROLE_MINIMUM))),
        rule(
            "default-maximum",
            "A role that states no MaxSessionDuration has one hour.",
            Caller::You,
            Call::GetRole(Target::Of(Role::Hour)),
            Expected::MaxSession(DEFAULT_MAX_SESSION),
        ),
        assume(
            "direct-at-maximum",
            "A request equal to MaxSessionDuration is granted.",
            User,
            Role::Hour,
            Some(DEFAULT_MAX_SESSION),
        ),
        assume(
            "direct-over-maximum",
            "A request one second over MaxSessionDuration is refused, not shortened.",
            User,
            Role::Hour,
            Some(above(DEFAULT_MAX_SESSION)),
        ),
        assume("direct-longest", "12 hours are granted directly.", User, Role::Long, Some(LONGEST_SESSION)),
        assume("direct-too-long", "43201 s is refused.", User, Role::Long, Some(above(LONGEST_SESSION))),
        assume(
            "order-range-before-maximum",
            "The range of the API is checked before MaxSessionDuration.",
            User,
            Role::Hour,
            Some(above(LONGEST_SESSION)),
        ),
    ]
}

fn chained() -> Vec<Step> {
    let hub = Caller::Of(Session::Hub);
    vec![
        Step::Part("Role chaining: AssumeRole with the session of a role"),
        Step::Take(Session::Hub),
        assume("chained-default", "Without DurationSeconds, a chained session lasts an hour.", hub, Role::Long, None),
        assume("chained-at-cap", "A chained request of one hour is granted.", hub, Role::Long, Some(CHAIN_CAP)),
        assume(
            "chained-over-cap",
            "A chained request one second over an hour is refused, whatever the role's maximum.",
            hub,
            Role::Long,
            Some(above(CHAIN_CAP)),
        ),
        assume("chained-longest", "A chained request of 12 hours is refused.", hub, Role::Long, Some(LONGEST_SESSION)),
        assume(
            "order-maximum-before-cap",
            "MaxSessionDuration is checked before the cap of chaining.",
            hub,
            Role::Hour,
            Some(above(CHAIN_CAP)),
        ),
        assume(
            "order-range-before-cap",
            "The range of the API is checked before the cap of chaining.",
            hub,
            Role::Long,
            Some(above(LONGEST_SESSION)),
        ),
        assume(
            "chained-too-short",
            "899 s is refused when chained too.",
            hub,
            Role::Hour,
            Some(below(ASSUME_ROLE_MINIMUM)),
        ),
        Step::Take(Session::Short),
        assume(
            "chained-outlives-parent",
            "A session of 900 s takes a session of an hour: a parent's end shortens nothing.",
            Caller::Of(Session::Short),
            Role::Long,
            Some(CHAIN_CAP),
        ),
        rule(
            "session-token-from-session",
            "A role session may not call GetSessionToken.",
            hub,
            Call::GetSessionToken(None),
            denied(Text::Is("Cannot call GetSessionToken with session credentials")),
        ),
        rule(
            "federation-token-from-session",
            "A role session may not call GetFederationToken.",
            hub,
            Call::GetFederationToken(None),
            denied(Text::Is("Cannot call GetFederationToken with session credentials")),
        ),
    ]
}

/// The rules about the durations of GetSessionToken or GetFederationToken.
fn token_durations(ids: [&'static str; 5], call: fn(Option<u64>) -> Call, kind: fn(Seconds) -> Source) -> Vec<Step> {
    let (shortest, longest) = SESSION_TOKEN_RANGE.into_inner();
    let of = |id, says, requested: Option<Seconds>| {
        let grant = source::request(&kind(requested.unwrap_or(SESSION_TOKEN_DEFAULT)));
        let expected = answer_to(grant.unwrap_or(Grant::NotKnown));
        rule(id, says, Caller::User, call(requested.map(|seconds| seconds.0)), expected)
    };
    vec![
        of(ids[0], "Without DurationSeconds, the session lasts 12 hours.", None),
        of(ids[1], "900 s is accepted.", Some(shortest)),
        of(ids[2], "899 s is refused.", Some(below(shortest))),
        of(ids[3], "36 hours are granted.", Some(longest)),
        of(ids[4], "129601 s is refused.", Some(above(longest))),
    ]
}

fn session_tokens() -> Vec<Step> {
    const IDS: [&str; 5] = [
        "session-token-default",
        "session-token-shortest",
        "session-token-too-short",
        "session-token-longest",
        "session-token-too-long",
    ];
    let token = Caller::Of(Session::Token);
    let mut steps = vec![Step::Part("GetSessionToken")];
    steps.extend(token_durations(IDS, Call::GetSessionToken, |duration| Source::SessionToken { duration }));
    steps.extend([
        Step::Take(Session::Token),
        assume("session-token-at-cap", "It takes a role session of one hour.", token, Role::Long, Some(CHAIN_CAP)),
        assume(
            "session-token-over-cap",
            "AssumeRole with it counts as role chaining: one second over an hour is refused.",
            token,
            Role::Long,
            Some(above(CHAIN_CAP)),
        ),
        rule(
            "session-token-iam",
            "Without MFA it may not call IAM, and IAM says that the token is invalid.",
            token,
            Call::GetRole(Target::Of(Role::Hour)),
            invalid_token(),
        ),
        rule(
            "session-token-again",
            "It may not call GetSessionToken.",
            token,
            Call::GetSessionToken(None),
            denied(Text::Is("Cannot call GetSessionToken with session credentials")),
        ),
    ]);
    steps
}

fn federation_tokens() -> Vec<Step> {
    const IDS: [&str; 5] = [
        "federation-token-default",
        "federation-token-shortest",
        "federation-token-too-short",
        "federation-token-longest",
        "federation-token-too-long",
    ];
    let token = Caller::Of(Session::Federation);
    let mut steps = vec![Step::Part("GetFederationToken")];
    steps.extend(token_durations(IDS, Call::GetFederationToken, |duration| Source::FederationToken { duration }));
    steps.extend([
        Step::Take(Session::Federation),
        rule(
            "federation-identity",
            "It may call GetCallerIdentity.",
            token,
            Call::GetCallerIdentity,
            Expected::Identity,
        ),
        rule(
            "federation-assume-role",
            "It may not call AssumeRole.",
            token,
            Call::AssumeRole(Assume::of(Role::Hour)),
            answer_to(Grant::Refused(Refused::SourceCannotAssume)),
        ),
        rule(
            "federation-iam",
            "It may not call IAM, and IAM says that the token is invalid.",
            token,
            Call::GetRole(Target::Of(Role::Hour)),
            invalid_token(),
        ),
    ]);
    steps
}

fn by_user(id: &'static str, says: &'static str, assume: Assume, expected: Expected) -> Step {
    rule(id, says, Caller::User, Call::AssumeRole(assume), expected)
}

fn requests() -> Vec<Step> {
    let invalid = |text| refused(Class::InvalidRequest, 400, "ValidationError", text);
    let hour = Assume::of(Role::Hour);
    let named = |length| Assume { name_length: Some(length), ..hour };
    let granted = Expected::Session(DEFAULT_DURATION);
    vec![
        Step::Part("The parameters of AssumeRole"),
        by_user("trust-denied", "A wrong ExternalId is denied.", hour.wrong_external_id(), denied(NOT_AUTHORIZED)),
        by_user(
            "role-missing",
            "A role that does not exist is denied with the same text.",
            Assume::target(Target::Missing),
            denied(NOT_AUTHORIZED),
        ),
        by_user(
            "arn-not-a-role",
            "An ARN of no role is invalid.",
            Assume::target(Target::Text("arn:aws:iam::111111111111:user/prove")),
            invalid(Text::Is("Request ARN is invalid")),
        ),
        by_user(
            "arn-too-short",
            "An ARN of fewer than 20 characters is invalid.",
            Assume::target(Target::Text("arn:aws:iam::1")),
            invalid(Text::Has(&["'roleArn' failed to satisfy constraint", "greater than or equal to 20"])),
        ),
        by_user(
            "external-id-too-short",
            "An ExternalId of one character is refused.",
            Assume { external_id_length: Some(*EXTERNAL_ID_LENGTH.start() - 1), ..hour },
            invalid(Text::Has(&["'externalId' failed to satisfy constraint"])),
        ),
        by_user(
            "external-id-too-long",
            "An ExternalId of 1225 characters is refused.",
            Assume { external_id_length: Some(*EXTERNAL_ID_LENGTH.end() + 1), ..hour },
            // The message holds the value, and is cut.
            invalid(Text::Begins("1 validation error detected: Value '")),
        ),
        by_user("session-name-shortest", "A RoleSessionName of 2 is accepted.", named(2), granted),
        by_user(
            "session-name-too-short",
            "A RoleSessionName of 1 is refused.",
            named(*SESSION_NAME_LENGTH.start() - 1),
            invalid(Text::Has(&["'roleSessionName' failed to satisfy constraint"])),
        ),
        by_user("session-name-longest", "A RoleSessionName of 64 is accepted.", named(64), granted),
        by_user(
            "session-name-too-long",
            "A RoleSessionName of 65 is refused.",
            named(*SESSION_NAME_LENGTH.end() + 1),
            invalid(Text::Has(&["'roleSessionName' failed to satisfy constraint"])),
        ),
    ]
}

fn requests_of_more_parameters() -> Vec<Step> {
    let hour = Assume::of(Role::Hour);
    let identified = |length| Assume { identity_length: Some(length), ..hour };
    let policy = |policy| Assume { policy, ..hour };
    let granted = Expected::Session(DEFAULT_DURATION);
    vec![
        by_user(
            "source-identity-longest",
            "A SourceIdentity of 256 is accepted.",
            identified(*SOURCE_IDENTITY_LENGTH.end()),
            granted,
        ),
        by_user(
            "source-identity-too-long",
            "A SourceIdentity of 257 is refused.",
            identified(*SOURCE_IDENTITY_LENGTH.end() + 1),
            Expected::AnyRefusal,
        ),
        Step::Take(Session::Identified),
        rule(
            "source-identity-fixed",
            "The source identity of a session cannot change.",
            Caller::Of(Session::Identified),
            Call::AssumeRole(identified(*SOURCE_IDENTITY_LENGTH.start())),
            refused(
                Class::SourceIdentityFixed,
                400,
                "ValidationError",
                Text::Is("The source identity is already set for this assume role session"),
            ),
        ),
        by_user(
            "session-policy-longest",
            "A session policy of 2048 characters is accepted.",
            policy(SessionPolicy::Of(LONGEST_SESSION_POLICY)),
            granted,
        ),
        by_user(
            "session-policy-too-long",
            "A session policy of 2049 characters is refused.",
            policy(SessionPolicy::Of(LONGEST_SESSION_POLICY + 1)),
            Expected::AnyRefusal,
        ),
        by_user(
            "session-policy-malformed",
            "A session policy that is not JSON is refused.",
            policy(SessionPolicy::Broken),
            refused(Class::MalformedPolicy, 400, "MalformedPolicyDocument", Text::Any),
        ),
        by_user(
            "mfa-half",
            "SerialNumber without TokenCode is denied.",
            Assume { serial_alone: true, ..hour },
            denied(Text::Is(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            )),
        ),
    ]
}

fn credentials() -> Vec<Step> {
    let identity = |id, says, caller, expected| rule(id, says, caller, Call::GetCallerIdentity, expected);
    let outside = i64::try_from(SIGNATURE_TOLERANCE.0 + 60).unwrap_or(i64::MAX);
    let inside = i64::try_from(SIGNATURE_TOLERANCE.0 - 60).unwrap_or(i64::MAX);
    let clock = |class, text| refused(class, 403, "SignatureDoesNotMatch", Text::Begins(text));
    vec![
        Step::Part("Keys, tokens, signatures and clocks"),
        identity(
            "date-header",
            "Answers have a Date header, by which a wrong clock is found.",
            Caller::You,
            Expected::NearDate(SIGNATURE_TOLERANCE),
        ),
        identity(
            "wrong-secret",
            "A wrong secret gives SignatureDoesNotMatch.",
            Caller::WrongSecret,
            refused(
                Class::SignatureMismatch,
                403,
                "SignatureDoesNotMatch",
                Text::Begins("The request signature we calculated does not match the signature you provided."),
            ),
        ),
        identity(
            "unknown-key",
            "A key that does not exist gives InvalidClientTokenId.",
            Caller::UnknownKey,
            invalid_token(),
        ),
        identity(
            "token-missing",
            "A session's key without its token gives InvalidClientTokenId.",
            Caller::WithoutToken(Session::Hub),
            invalid_token(),
        ),
        identity(
            "token-of-another",
            "A session's key with another session's token gives InvalidClientTokenId.",
            Caller::ForeignToken(Session::Hub),
            invalid_token(),
        ),
        identity(
            "clock-slow",
            "A clock that is 16 minutes slow is refused.",
            Caller::OffClock(-outside),
            clock(Class::ClockSlow, "Signature expired: "),
        ),
        identity(
            "clock-fast",
            "A clock that is 16 minutes fast is refused.",
            Caller::OffClock(outside),
            clock(Class::ClockFast, "Signature not yet current: "),
        ),
        identity(
            "clock-tolerated",
            "A clock that is 14 minutes slow is accepted.",
            Caller::OffClock(-inside),
            Expected::Identity,
        ),
    ]
}

fn roles() -> Vec<Step> {
    let (shortest, longest) = MAX_SESSION_RANGE.into_inner();
    let update = |id, says, seconds: Seconds| {
        let expected = refused(Class::InvalidRequest, 400, "ValidationError", Text::Any);
        rule(id, says, Caller::You, Call::UpdateRole(Role::Reset, seconds.0), expected)
    };
    let get = |id, says, expected| rule(id, says, Caller::You, Call::GetRole(Target::Of(Role::Reset)), expected);
    vec![
        Step::Part("The settings of roles in IAM"),
        rule(
            "list-roles-maximum",
            "ListRoles returns MaxSessionDuration.",
            Caller::You,
            Call::ListRoles(Role::Long),
            Expected::MaxSession(LONGEST_SESSION),
        ),
        rule(
            "get-role-missing",
            "GetRole of a role that does not exist gives NoSuchEntity.",
            Caller::You,
            Call::GetRole(Target::Missing),
            refused(Class::RoleMissing, 404, "NoSuchEntity", Text::Has(&["The role with name ", " cannot be found."])),
        ),
        update("maximum-too-short", "A MaxSessionDuration of 3599 s is refused.", below(shortest)),
        update("maximum-too-long", "A MaxSessionDuration of 43201 s is refused.", above(longest)),
        get("maximum-kept", "A refused UpdateRole changes nothing.", Expected::MaxSession(TWO_HOURS)),
        Step::Change(Change::DescribeReset),
        get(
            "update-role-resets",
            "UpdateRole without MaxSessionDuration sets it to one hour.",
            Expected::MaxSession(DEFAULT_MAX_SESSION),
        ),
    ]
}

fn open_questions() -> Vec<Step> {
    let call = |role, seconds| Call::AssumeRole(Assume::of(role).seconds(seconds));
    let over = Assume::of(Role::Hour).seconds(above(DEFAULT_MAX_SESSION)).wrong_external_id();
    vec![
        Step::Part("Open questions: the report has the answers"),
        question(
            "order-of-authorization",
            "Which error does a request get that is denied and over MaxSessionDuration?",
            Caller::User,
            Call::AssumeRole(over),
        ),
        question(
            "condition-within",
            "Does a trust policy with NumericLessThanEquals on sts:DurationSeconds allow a shorter request?",
            Caller::User,
            call(Role::Limited, ASSUME_ROLE_MINIMUM),
        ),
        question(
            "condition-over",
            "Does it refuse a longer request?",
            Caller::User,
            call(Role::Limited, DEFAULT_MAX_SESSION),
        ),
    ]
}

fn expired() -> Vec<Step> {
    let short = Caller::Of(Session::Short);
    let expired = |status, code, text| Expected::Refused(Refusal { class: Class::Expired, status, code, text });
    let by_sts = expired(Some(403), "ExpiredToken", Text::Begins(TOKEN_EXPIRED));
    vec![
        Step::Part("A session after its end"),
        Step::Take(Session::Child),
        Step::WaitForEnd(Session::Short),
        rule("expired-sts", "STS says ExpiredToken.", short, Call::GetCallerIdentity, by_sts),
        rule("expired-iam", "IAM says ExpiredToken.", short, Call::GetRole(Target::Of(Role::Hour)), by_sts),
        rule(
            "expired-before-signature",
            "The end of a session is checked before the signature.",
            Caller::SecretOfAnother(Session::Short),
            Call::GetCallerIdentity,
            by_sts,
        ),
        rule(
            "token-before-expiry",
            "A missing token is found before the end of a session.",
            Caller::WithoutToken(Session::Short),
            Call::GetCallerIdentity,
            invalid_token(),
        ),
        rule(
            "child-lives",
            "A session lives on after the end of the session that took it.",
            Caller::Of(Session::Child),
            Call::GetCallerIdentity,
            Expected::Identity,
        ),
        rule(
            "expired-s3",
            "S3 says ExpiredToken, with status 400.",
            short,
            Call::ListBuckets,
            expired(Some(400), "ExpiredToken", Text::Begins("The provided token has expired.")),
        ),
        rule(
            "expired-ec2",
            "EC2 says RequestExpired. (No source states the HTTP status: the report has it.)",
            short,
            Call::DescribeRegions,
            expired(None, "RequestExpired", Text::Begins("Request has expired.")),
        ),
        rule(
            "expired-json",
            "A JSON service says ExpiredTokenException, with status 400.",
            short,
            Call::LookupEvents,
            expired(Some(400), "ExpiredTokenException", Text::Begins(TOKEN_EXPIRED)),
        ),
        Step::WaitForCloudTrail(Session::Short),
        question(
            "expired-in-cloudtrail",
            "Does CloudTrail record a call with an expired token?",
            Caller::You,
            Call::LookupExpired(Session::Short),
        ),
    ]
}

fn deletion() -> Vec<Step> {
    let doomed = |id, says, expected| rule(id, says, Caller::Of(Session::Doomed), Call::GetCallerIdentity, expected);
    vec![
        Step::Part("Deletion in use"),
        Step::Take(Session::Doomed),
        doomed("role-in-use", "A session of a role works.", Expected::Identity),
        Step::Change(Change::DeleteDoomed),
        doomed(
            "role-deleted",
            "After the deletion of its role, a session gives InvalidClientTokenId at once.",
            invalid_token(),
        ),
        Step::Change(Change::MakeDoomedAgain),
        doomed("role-made-again", "A new role with the same name does not revive it.", invalid_token()),
        Step::Change(Change::DeactivateKey),
        rule(
            "key-inactive",
            "An inactive key gives InvalidClientTokenId.",
            Caller::User,
            Call::GetCallerIdentity,
            invalid_token(),
        ),
    ]
}

/// What no run can decide, and why.
pub const NOT_DECIDABLE: &[(&str, &str)] = &[
    ("EC2 instance credentials: 5 min to 6 h 35 min", "needs an EC2 instance"),
    ("AssumeRole with an EC2 instance's credentials: one hour", "needs an EC2 instance"),
    ("ECS task credentials: 6 h", "needs an ECS task"),
    ("EKS Pod Identity credentials: 6 h (unconfirmed)", "needs an EKS cluster"),
    ("CodeBuild credentials: 1 h", "needs a build, which costs money"),
    (
        "Lambda execution role: 12 h (unconfirmed)",
        "needs a function; its environment does not state when the session ends",
    ),
    ("MFA in AssumeRole and GetSessionToken", "needs an MFA device, and a new code for each call, one in 30 seconds"),
    ("AssumeRoleWithWebIdentity: direct, up to MaxSessionDuration", "needs an OIDC issuer at a public address"),
    (
        "AssumeRoleWithSAML: direct, up to MaxSessionDuration",
        "needs an assertion with an XML signature, which this program does not make",
    ),
    ("Cognito identity pool: 1 h (unconfirmed)", "needs an identity pool"),
    ("Timeout of a Lambda function: up to 1,800 s, 5,400 s on Managed Instances", "needs a function"),
    ("IAM Roles Anywhere above MaxSessionDuration (unconfirmed)", "needs a certificate authority"),
    ("Identity Center: permission sets, portal login of 8 h, at most 90 days (unconfirmed)", "needs Identity Center"),
    ("AWS account access manager without sessionDuration: 1 h (unconfirmed)", "needs Identity Center"),
    ("`aws login`: 15 min, sign-in session of 12 h (unconfirmed)", "needs a person at the console"),
    ("GetScopedCredentials ends with its parent", "the AWS SDK for Rust has no such call yet"),
    ("GetSessionToken and AssumeRole of the root user", "needs the root user's key"),
    ("AssumeRoot: 900 s", "needs an organization"),
    ("The policy's id in a denial by a service control policy (unconfirmed)", "needs an organization"),
    ("RegionDisabledException", "needs a change of the account's settings"),
    ("Throttling: 600 calls a second", "needs a load that would disturb the account"),
    ("Amazon Q Developer: lengths of the fields of a message (unconfirmed)", "needs a chat channel"),
];
