//! What the files say of a profile, and the caches of its logins.

use jiff::Timestamp;

use crate::shared_config::{DifferenceKind, FaultKind, IneffectiveKind};

/// What the shared configuration files say of the selected profile.
#[derive(Debug, Clone, Default)]
pub enum ProfileFacts {
    /// There is no such profile.
    #[default]
    Absent,
    /// None of that name, where a profile was named.
    Missing {
        /// A profile that is there and has nearly that name.
        nearest: Option<String>,
        /// The value that its header has become a part of.
        glued: Option<Spot>,
    },
    /// It is there and has no credentials: its settings without effect.
    Empty(Vec<Noted<IneffectiveKind>>),
    /// It gives no credentials in the AWS CLI and boto3.
    Broken(Broken),
    /// It leads to credentials.
    Leads(ChainFacts),
}

/// A line of a file, shown as `file:line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file, fit to show.
    pub file: String,
    /// The line.
    pub line: usize,
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something to know of a setting.
#[derive(Debug, Clone)]
pub struct Noted<T> {
    /// The profile that it is written in.
    pub profile: String,
    /// Where.
    pub at: Spot,
    /// What.
    pub kind: T,
}

/// Why a profile gives no credentials: what, where, and what would be right.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What is wrong.
    pub kind: FaultKind,
    /// The profile that the fault is in.
    pub profile: String,
    /// Where.
    pub at: Spot,
    /// What is wrong and what would be right, with the place.
    pub detail: String,
}

/// Where a profile's credentials come from: a base, and roles that are assumed with it, in this order.
#[derive(Debug, Clone)]
pub struct ChainFacts {
    /// The profile that holds the base.
    pub profile: String,
    /// The base.
    pub base: BaseFacts,
    /// The roles.
    pub roles: Vec<ProfileRole>,
    /// Why AWS refuses these credentials whatever else is done.
    pub refused: Vec<Broken>,
    /// What other tools read otherwise.
    pub differences: Vec<Noted<DifferenceKind>>,
    /// The settings without effect.
    pub ineffective: Vec<Noted<IneffectiveKind>>,
    /// The profile whose credentials a `credential_process` exports, where that was followed.
    pub exported: bool,
}

/// A role that a profile assumes.
#[derive(Debug, Clone)]
pub struct ProfileRole {
    /// The profile that says so.
    pub profile: String,
    /// Its ARN.
    pub arn: String,
    /// `duration_seconds`, where it is a number.
    pub duration_seconds: Option<u64>,
    /// Where `duration_seconds` is written with capital letters.
    pub capital_duration: Option<Spot>,
    /// The caller is itself a session: role chaining. `None`: not known.
    pub chained: Option<bool>,
    /// `mfa_serial` is set.
    pub mfa: bool,
    /// `file:line` of `duration_seconds`, or of the profile.
    pub place: String,
    /// When the session ends that the AWS CLI keeps in its cache.
    pub cli_session_ends: Option<Timestamp>,
}

/// Where a chain begins.
#[derive(Debug, Clone)]
pub enum BaseFacts {
    /// Keys in the files.
    Keys {
        /// With a session token: a copy of somebody's session.
        token: bool,
        /// The key itself is a session's (ASIA), or a long-term one (AKIA); `None`: neither.
        is_session_key: Option<bool>,
        /// Where they are written.
        place: String,
        /// When the session ends, by the setting that says so.
        stated_end: Option<(&'static str, Timestamp)>,
    },
    /// IAM Identity Center.
    Sso(Sso),
    /// `aws login`.
    Login(LoginFacts),
    /// A program that prints credentials.
    Process(ProcessFacts),
    /// A token of an identity provider.
    WebIdentity(WebIdentity),
    /// `credential_source`.
    Named {
        /// Its value.
        source: String,
        /// Where it is written.
        at: Spot,
    },
}

/// A login to IAM Identity Center.
#[derive(Debug, Clone)]
pub struct Sso {
    /// `sso_session`; `None`: the older form, with `sso_start_url` in the profile, which has no refresh token.
    pub session: Option<String>,
    /// The permission set.
    pub role: String,
    /// The account.
    pub account: String,
    /// What the cache holds of the login.
    pub login: Cached<SsoLoginFacts>,
    /// When the role session ends that the AWS CLI keeps in its cache.
    pub cli_session_ends: Option<Timestamp>,
}

/// The cached login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SsoLoginFacts {
    /// When its access token ends, by the cache: no proof that the server thinks so (aws-cli#7340).
    pub expires: Timestamp,
    /// There is a refresh token and a client to use it.
    pub refreshable: bool,
    /// When that client's registration ends.
    pub registration_expires: Option<Timestamp>,
}

/// A login by `aws login`.
#[derive(Debug, Clone)]
pub struct LoginFacts {
    /// What the cache holds of it.
    pub login: Cached<LoginSession>,
}

/// The cached credentials of `aws login`: fifteen minutes at most, renewed by a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginSession {
    /// When the credentials end.
    pub expires: Timestamp,
    /// There is a refresh token.
    pub refreshable: bool,
}

/// A file of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cached<T> {
    /// Not there.
    Missing,
    /// There, and a folder, a named pipe or a device: whoever opens it may wait without end.
    NoFile,
    /// There, and not what it should be.
    Unreadable,
    /// What it says.
    Found(T),
}

/// A `credential_process`.
#[derive(Debug, Clone)]
pub struct ProcessFacts {
    /// The program, without its arguments: they may hold secrets.
    pub program: String,
    /// Whether it is there; `None`: the shell alone can tell.
    pub found: Option<bool>,
    /// Where a program of this name is installed; `None`: not found.
    pub installed_at: Option<String>,
    /// The file that the setting is written in.
    pub file: String,
    /// Its line.
    pub line: usize,
}

/// A token of an identity provider, and the role that it is exchanged for.
#[derive(Debug, Clone)]
pub struct WebIdentity {
    /// The token's file, fit to show.
    pub file: String,
    /// The setting holds a key or a token itself, and not the name of a file.
    pub holds_credential: bool,
    /// The role; `None`: AWS_ROLE_ARN is not set.
    pub role: Option<String>,
    /// What the file holds.
    pub token: Cached<Jwt>,
}

/// What a JSON Web Token says of itself; nobody has checked its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jwt {
    /// Its `exp`.
    pub expires: Option<Timestamp>,
}
