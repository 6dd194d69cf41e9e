//! The types of a run: roles, callers, calls, expected and seen answers, rules.

use std::fmt;

use credential_health::aws::errors::Class;
use credential_health::inventory::Seconds;

/// A role of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Made without a MaxSessionDuration.
    Hour,
    /// With the longest MaxSessionDuration.
    Long,
    /// The caller of the chained calls.
    Hub,
    /// With two hours, which UpdateRole resets.
    Reset,
    /// Its trust policy has a condition on `sts:DurationSeconds`.
    Limited,
    /// Deleted while a session of it is in use.
    Doomed,
}

impl Role {
    /// Every role, in the order in which a run makes them.
    pub const ALL: [Self; 6] = [Self::Hour, Self::Long, Self::Hub, Self::Reset, Self::Limited, Self::Doomed];

    /// The end of its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Long => "long",
            Self::Hub => "hub",
            Self::Reset => "reset",
            Self::Limited => "limited",
            Self::Doomed => "doomed",
        }
    }
}

/// A session that a run takes, and uses in later calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Session {
    /// AssumeRole of `hub`, by the user.
    Hub,
    /// The same with a source identity.
    Identified,
    /// The same for 900 seconds.
    Short,
    /// AssumeRole of `long` for an hour, by the short session.
    Child,
    /// AssumeRole of `doomed`, by the user.
    Doomed,
    /// GetSessionToken, by the user.
    Token,
    /// GetFederationToken, by the user.
    Federation,
}

impl Session {
    /// How a person calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hub => "a session of hub",
            Self::Identified => "a session of hub with a source identity",
            Self::Short => "a session of hub for 900 seconds",
            Self::Child => "a session of long that the 900-second session took",
            Self::Doomed => "a session of doomed",
            Self::Token => "a session of GetSessionToken",
            Self::Federation => "a session of GetFederationToken",
        }
    }
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The person who runs the command.
    You,
    /// The user of the run, with its access key.
    User,
    /// The user's key with another secret.
    WrongSecret,
    /// A key that no account has.
    UnknownKey,
    /// The user, by a clock that is this many seconds off.
    OffClock(i64),
    /// A session.
    Of(Session),
    /// A session's key without its token.
    WithoutToken(Session),
    /// A session's key with the token of another session.
    ForeignToken(Session),
    /// A session's key with another secret.
    SecretOfAnother(Session),
}

impl Caller {
    /// The session whose credentials the call needs.
    #[must_use]
    pub const fn session(self) -> Option<Session> {
        match self {
            Self::Of(session)
            | Self::WithoutToken(session)
            | Self::ForeignToken(session)
            | Self::SecretOfAnother(session) => Some(session),
            Self::You | Self::User | Self::WrongSecret | Self::UnknownKey | Self::OffClock(_) => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::You => f.write_str("you"),
            Self::User => f.write_str("the user"),
            Self::WrongSecret => f.write_str("the user's key with a wrong secret"),
            Self::UnknownKey => f.write_str("a key that does not exist"),
            Self::OffClock(seconds) => {
                let side = if *seconds < 0 { "slow" } else { "fast" };
                write!(f, "the user, by a clock that is {} seconds {side}", seconds.abs())
            }
            Self::Of(session) => f.write_str(session.name()),
            Self::WithoutToken(session) => write!(f, "{}, without its token", session.name()),
            Self::ForeignToken(session) => write!(f, "{}, with another session's token", session.name()),
            Self::SecretOfAnother(session) => write!(f, "{}, with a wrong secret", session.name()),
        }
    }
}

/// The role that a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A role of the run.
    Of(Role),
    /// A name that no role has.
    Missing,
    /// This text in place of an ARN.
    Text(&'static str),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(role) => f.write_str(role.name()),
            Self::Missing => f.write_str("a role that does not exist"),
            Self::Text(text) => write!(f, "`{text}`"),
        }
    }
}

/// The session policy of an AssumeRole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionPolicy {
    /// None.
    None,
    /// JSON that ends too early.
    Broken,
    /// A valid policy of this many characters.
    Of(usize),
}

/// The parameters of an AssumeRole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assume {
    /// RoleArn.
    pub role: Target,
    /// DurationSeconds.
    pub seconds: Option<u64>,
    /// ExternalId; `true`: that of the trust policy.
    pub right_external_id: bool,
    /// Policy.
    pub policy: SessionPolicy,
    /// SerialNumber, without TokenCode.
    pub serial_alone: bool,
    /// The length of RoleSessionName.
    pub name_length: Option<usize>,
    /// The length of SourceIdentity.
    pub identity_length: Option<usize>,
    /// The length of ExternalId, in place of that of the trust policy.
    pub external_id_length: Option<usize>,
}

impl Assume {
    /// AssumeRole of this role, without a DurationSeconds.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        Self::target(Target::Of(role))
    }

    /// AssumeRole of this target.
    #[must_use]
    pub const fn target(role: Target) -> Self {
        Self {
            role,
            seconds: None,
            right_external_id: true,
            policy: SessionPolicy::None,
            serial_alone: false,
            name_length: None,
            identity_length: None,
            external_id_length: None,
        }
    }

    /// With this DurationSeconds.
    #[must_use]
    pub const fn seconds(self, seconds: Seconds) -> Self {
        Self { seconds: Some(seconds.0), ..self }
    }

    /// With another external ID than that of the trust policy.
    #[must_use]
    pub const fn wrong_external_id(self) -> Self {
        Self { right_external_id: false, ..self }
    }
}

impl fmt::Display for Assume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sts:AssumeRole of {}", self.role)?;
        if let Some(seconds) = self.seconds {
            write!(f, ", DurationSeconds {seconds}")?;
        }
        if !self.right_external_id {
            f.write_str(", another ExternalId")?;
        }
        match self.policy {
            SessionPolicy::None => {}
            SessionPolicy::Broken => f.write_str(", a session policy that is not JSON")?,
            SessionPolicy::Of(length) => write!(f, ", a session policy of {length} characters")?,
        }
        if self.serial_alone {
            f.write_str(", SerialNumber without TokenCode")?;
        }
        if let Some(length) = self.name_length {
            write!(f, ", a RoleSessionName of {length}")?;
        }
        if let Some(length) = self.identity_length {
            write!(f, ", a SourceIdentity of {length}")?;
        }
        if let Some(length) = self.external_id_length {
            write!(f, ", an ExternalId of {length}")?;
        }
        Ok(())
    }
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// sts:AssumeRole.
    AssumeRole(Assume),
    /// sts:GetSessionToken.
    GetSessionToken(Option<u64>),
    /// sts:GetFederationToken.
    GetFederationToken(Option<u64>),
    /// sts:GetCallerIdentity.
    GetCallerIdentity,
    /// iam:GetRole.
    GetRole(Target),
    /// iam:ListRoles, and this role in the list.
    ListRoles(Role),
    /// iam:UpdateRole with this MaxSessionDuration.
    UpdateRole(Role, u64),
    /// s3:ListBuckets.
    ListBuckets,
    /// ec2:DescribeRegions.
    DescribeRegions,
    /// cloudtrail:LookupEvents, for one event.
    LookupEvents,
    /// cloudtrail:LookupEvents, for the calls of this session's key after its end.
    LookupExpired(Session),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssumeRole(assume) => assume.fmt(f),
            Self::GetSessionToken(None) => f.write_str("sts:GetSessionToken"),
            Self::GetSessionToken(Some(seconds)) => write!(f, "sts:GetSessionToken, DurationSeconds {seconds}"),
            Self::GetFederationToken(None) => f.write_str("sts:GetFederationToken"),
            Self::GetFederationToken(Some(seconds)) => write!(f, "sts:GetFederationToken, DurationSeconds {seconds}"),
            Self::GetCallerIdentity => f.write_str("sts:GetCallerIdentity"),
            Self::GetRole(role) => write!(f, "iam:GetRole of {role}"),
            Self::ListRoles(role) => write!(f, "iam:ListRoles of the path, which has {}", role.name()),
            Self::UpdateRole(role, seconds) => {
                write!(f, "iam:UpdateRole of {}, MaxSessionDuration {seconds}", role.name())
            }
            Self::ListBuckets => f.write_str("s3:ListBuckets"),
            Self::DescribeRegions => f.write_str("ec2:DescribeRegions"),
            Self::LookupEvents => f.write_str("cloudtrail:LookupEvents"),
            Self::LookupExpired(session) => {
                write!(f, "cloudtrail:LookupEvents of the key of {}", session.name())
            }
        }
    }
}

/// An answer, reduced to what a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A session, and its Expiration minus the answer's Date.
    Session(i64),
    /// The caller's identity, and this machine's clock minus the answer's Date, if it has one.
    Identity(Option<i64>),
    /// A role with this MaxSessionDuration; `None`: the answer has none.
    MaxSession(Option<i64>),
    /// An answer without more.
    Done,
    /// Whether CloudTrail has a call with an expired token.
    Recorded(bool),
    /// An error of AWS.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error code.
        code: String,
        /// The message.
        message: String,
    },
    /// No answer, or one that cannot be read.
    NoAnswer(String),
}

impl Seen {
    /// Whether two answers say the same.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session(one), Self::Session(other)) => one.abs_diff(*other) <= TOLERANCE,
            (Self::Identity(_), Self::Identity(_)) => true,
            // Messages can hold a time.
            (Self::Refused { status, code, .. }, Self::Refused { status: other_status, code: other_code, .. }) => {
                status == other_status && code == other_code
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(seconds) => write!(f, "a session of {seconds} s"),
            Self::Identity(Some(_)) => f.write_str("the caller's identity"),
            Self::Identity(None) => f.write_str("the caller's identity, without a Date header"),
            Self::MaxSession(Some(seconds)) => write!(f, "MaxSessionDuration {seconds}"),
            Self::MaxSession(None) => f.write_str("no MaxSessionDuration"),
            Self::Done => f.write_str("accepted"),
            Self::Recorded(true) => f.write_str("CloudTrail recorded the call with the expired token"),
            Self::Recorded(false) => f.write_str("CloudTrail recorded no call with the expired token"),
            Self::Refused { status, code, message } => write!(f, "{status} {code}: {message}"),
            Self::NoAnswer(why) => write!(f, "no answer: {why}"),
        }
    }
}

/// How far an Expiration may be from the Date of its answer plus the duration, in seconds: the answer takes time, and
/// two servers have two clocks.
pub const TOLERANCE: u64 = 5;

/// The text of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// Any text.
    Any,
    /// This text.
    Is(&'static str),
    /// A text that begins so.
    Begins(&'static str),
    /// A text with all of these parts.
    Has(&'static [&'static str]),
}

impl Text {
    /// Whether a message fits.
    #[must_use]
    pub fn fits(self, message: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(text) => message.trim() == text.trim(),
            Self::Begins(text) => message.starts_with(text),
            Self::Has(parts) => parts.iter().all(|part| message.contains(part)),
        }
    }
}

/// A refusal that a rule expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// What the product makes of it.
    pub class: Class,
    /// The HTTP status; `None`: no source states it.
    pub status: Option<u16>,
    /// The error code.
    pub code: &'static str,
    /// The message.
    pub text: Text,
}

impl Refusal {
    fn fits(&self, status: u16, code: &str, message: &str) -> bool {
        self.status.is_none_or(|expected| expected == status)
            && code == self.code
            && self.text.fits(message)
            && Class::from_answer(code, status, message) == self.class
    }
}

/// The answer that a rule expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A session of this length.
    Session(Seconds),
    /// The caller's identity.
    Identity,
    /// The caller's identity, with a Date near this machine's clock.
    NearDate(Seconds),
    /// A role with this MaxSessionDuration.
    MaxSession(Seconds),
    /// This refusal.
    Refused(Refusal),
    /// Any refusal: no source states its code.
    AnyRefusal,
}

impl Expected {
    /// Whether an answer is the expected one.
    #[must_use]
    pub fn holds(&self, seen: &Seen) -> bool {
        match (self, seen) {
            (Self::Session(expected), Seen::Session(seconds)) => {
                i64::try_from(expected.0).is_ok_and(|expected| expected.abs_diff(*seconds) <= TOLERANCE)
            }
            (Self::Identity, Seen::Identity(_)) => true,
            (Self::NearDate(tolerance), Seen::Identity(Some(offset))) => offset.unsigned_abs() < tolerance.0,
            (Self::MaxSession(expected), Seen::MaxSession(Some(seconds))) => i64::try_from(expected.0) == Ok(*seconds),
            (Self::Refused(refusal), Seen::Refused { status, code, message }) => refusal.fits(*status, code, message),
            (Self::AnyRefusal, Seen::Refused { status, .. }) => (400..500).contains(status),
            _ => false,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(seconds) => write!(f, "a session of {} s", seconds.0),
            Self::Identity => f.write_str("the caller's identity"),
            Self::NearDate(tolerance) => write!(f, "a Date header within {} s of this machine's clock", tolerance.0),
            Self::MaxSession(seconds) => write!(f, "MaxSessionDuration {}", seconds.0),
            Self::Refused(Refusal { status, code, text, .. }) => {
                if let Some(status) = status {
                    write!(f, "{status} ")?;
                }
                f.write_str(code)?;
                match text {
                    Text::Any => Ok(()),
                    Text::Is(text) => write!(f, ": {text}"),
                    Text::Begins(text) => write!(f, ": {text} …"),
                    Text::Has(parts) => write!(f, ": … {} …", parts.join(" … ")),
                }
            }
            Self::AnyRefusal => f.write_str("a refusal (4xx)"),
        }
    }
}

/// One rule of the product, and the call that decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// The rule in one sentence.
    pub says: &'static str,
    /// Who makes the call.
    pub caller: Caller,
    /// The call.
    pub call: Call,
    /// The expected answer; `None`: an open question, whose answer is reported.
    pub expected: Option<Expected>,
}

/// A thing that a run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// iam:CreateUser.
    User,
    /// iam:PutUserPolicy.
    UserPolicy,
    /// iam:CreateAccessKey.
    AccessKey,
    /// iam:CreateRole, with this MaxSessionDuration.
    Role(Role, Option<Seconds>),
    /// iam:PutRolePolicy.
    RolePolicy(Role),
}

impl fmt::Display for Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("iam:CreateUser"),
            Self::UserPolicy => f.write_str("iam:PutUserPolicy"),
            Self::AccessKey => f.write_str("iam:CreateAccessKey of the user"),
            Self::Role(role, None) => write!(f, "iam:CreateRole of {}, without MaxSessionDuration", role.name()),
            Self::Role(role, Some(seconds)) => {
                write!(f, "iam:CreateRole of {}, MaxSessionDuration {}", role.name(), seconds.0)
            }
            Self::RolePolicy(role) => write!(f, "iam:PutRolePolicy of {}", role.name()),
        }
    }
}

/// A change between two rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// iam:UpdateRole with a description alone.
    DescribeReset,
    /// iam:DeleteRole of `doomed`.
    DeleteDoomed,
    /// iam:CreateRole of `doomed`, with the same name.
    MakeDoomedAgain,
    /// iam:UpdateAccessKey: the user's key becomes inactive.
    DeactivateKey,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DescribeReset => "iam:UpdateRole of reset, with a Description and no MaxSessionDuration",
            Self::DeleteDoomed => "iam:DeleteRole of doomed",
            Self::MakeDoomedAgain => "iam:CreateRole of doomed, with the same name",
            Self::DeactivateKey => "iam:UpdateAccessKey: the user's key becomes inactive",
        })
    }
}

/// One step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The heading of the steps that follow.
    Part(&'static str),
    /// Make a thing.
    Make(Make),
    /// Take a session, for later calls.
    Take(Session),
    /// Decide a rule.
    Decide(Rule),
    /// Change a thing.
    Change(Change),
    /// Wait until this session has expired.
    WaitForEnd(Session),
    /// Wait until CloudTrail has a call of this session's key after its end, or until it should have.
    WaitForCloudTrail(Session),
}
