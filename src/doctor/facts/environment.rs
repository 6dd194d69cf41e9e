//! What the variables say. Of a key its kind and last four characters, of all else that is secret only that it is
//! there.

use std::fmt;

use jiff::Timestamp;

use super::{Cached, Jwt, WebIdentity};

/// The variables that AWS tools take credentials from, or that decide where they look.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// AWS_ACCESS_KEY_ID.
    pub access_key: VariableFacts,
    /// What kind of key it is.
    pub key: Option<KeyFacts>,
    /// AWS_SECRET_ACCESS_KEY.
    pub secret: VariableFacts,
    /// Key id and secret look exchanged: each stands in the other's variable.
    pub exchanged: bool,
    /// AWS_SESSION_TOKEN.
    pub token: VariableFacts,
    /// AWS_SECURITY_TOKEN, the older name of the token, which botocore reads first.
    pub old_token: OldToken,
    /// AWS_CREDENTIAL_EXPIRATION.
    pub expiration: Stated,
    /// The end that a tool states in a variable of its own: the variable and the moment.
    pub session_end: Option<(&'static str, Timestamp)>,
    /// When the session of this key ends, by a cache of the AWS CLI that holds the same key.
    pub cached_expiration: Option<Timestamp>,
    /// AWS_PROFILE.
    pub profile: Option<String>,
    /// AWS_DEFAULT_PROFILE.
    pub default_profile: Option<String>,
    /// AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN.
    pub web_identity: Option<WebIdentity>,
    /// AWS_ROLE_ARN, fit to show.
    pub role_arn: Option<String>,
    /// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI.
    pub container: Option<Container>,
    /// AWS_EC2_METADATA_DISABLED is true.
    pub metadata_disabled: bool,
    /// The Region that is set, by a variable or the profile.
    pub region: Option<RegionFacts>,
    /// A Region is set that boto3 reads: AWS_DEFAULT_REGION, or the region of the profile (botocore,
    /// `configprovider.py`).
    pub has_region_for_boto3: bool,
    /// What sends calls elsewhere than to AWS.
    pub endpoint: Option<Endpoint>,
    /// The variable that sends calls through a proxy, and its host.
    pub proxy: Option<(&'static str, String)>,
    /// AWS_CA_BUNDLE names this file, which cannot be read.
    pub missing_ca_bundle: Option<String>,
    /// The platform sets and renews the variables: a Lambda function.
    pub is_lambda: bool,
    /// HOME, as far as files are looked for below it.
    pub home: HomeFolder,
}

/// The folder that `~` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HomeFolder {
    /// Known, or not needed.
    #[default]
    Known,
    /// HOME is set to nothing.
    Empty,
    /// HOME is not set, nor what stands for it on Windows.
    NotSet,
}

impl Environment {
    /// Key and secret are there: the environment provides credentials.
    #[must_use]
    pub fn provides(&self) -> bool {
        self.access_key.is_set() && self.secret.is_set()
    }
}

/// A variable with a credential: whether it is there and fit to use, never what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VariableFacts {
    /// Not set.
    #[default]
    Absent,
    /// Set to nothing, or to blanks: as good as absent.
    Blank,
    /// Set.
    Set,
    /// Set, with something in it that no credential has.
    Flawed(Flaw),
}

impl VariableFacts {
    /// Holds something.
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::Set | Self::Flawed(_))
    }

    /// What is wrong with what it holds.
    #[must_use]
    pub const fn flaw(self) -> Option<Flaw> {
        match self {
            Self::Flawed(flaw) => Some(flaw),
            _ => None,
        }
    }
}

/// What no credential has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A line break at its end or in it.
    LineBreak,
    /// A blank at either end or in it.
    Blank,
    /// A quotation mark around it.
    Quotes,
    /// A character that such a value never has.
    Character,
}

impl Flaw {
    /// As in `has … in it`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LineBreak => "a line break",
            Self::Blank => "a blank",
            Self::Quotes => "quotation marks",
            Self::Character => "a character that it cannot have",
        }
    }
}

/// AWS_SECURITY_TOKEN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OldToken {
    /// Not set, or empty.
    #[default]
    Absent,
    /// The same as AWS_SESSION_TOKEN.
    Same,
    /// Another one, or the only one.
    Different,
}

/// A moment that a variable states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stated {
    /// Not set, or empty.
    #[default]
    Absent,
    /// Not a moment.
    Unreadable,
    /// A moment with its zone.
    At(Timestamp),
    /// A time that botocore cannot compare with the present: it has no zone, or is a number. Only the moment of a
    /// number is known.
    WithoutZone(Option<Timestamp>),
}

/// An access key id, but for its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFacts {
    /// What its first four letters say (IAM User Guide, "Unique identifiers").
    pub kind: KeyKind,
    last_four: [char; 4],
}

/// What an access key id begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// AKIA: an IAM user's, or the root user's.
    LongTerm,
    /// ASIA: a session's.
    Session,
    /// Anything else.
    Unknown,
}

impl KeyFacts {
    /// Keeps of an id what can be shown; `None` where it is too short to leave something out.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let characters: Vec<char> = id.trim().chars().collect();
        let kind = match characters.get(..4)?.iter().collect::<String>().as_str() {
            "AKIA" => KeyKind::LongTerm,
            "ASIA" => KeyKind::Session,
            _ => KeyKind::Unknown,
        };
        // 16 is the least that IAM gives (AccessKeyId). Of what is no key id nothing is shown: it may be the secret.
        let shown = characters.len() >= 16 && kind != KeyKind::Unknown;
        let last = characters.get(characters.len() - 4..)?;
        let last_four = if shown { [last[0], last[1], last[2], last[3]] } else { ['?'; 4] };
        Some(Self { kind, last_four: last_four.map(|c| if c.is_ascii_alphanumeric() { c } else { '?' }) })
    }
}

impl fmt::Display for KeyFacts {
    /// `ASIA…4711`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.kind {
            KeyKind::LongTerm => "AKIA",
            KeyKind::Session => "ASIA",
            KeyKind::Unknown => "????",
        };
        write!(f, "{prefix}…{}", self.last_four.iter().collect::<String>())
    }
}

/// A Region that is set.
#[derive(Debug, Clone)]
pub struct RegionFacts {
    /// The variable that sets it; `None`: the profile.
    pub variable: Option<&'static str>,
    /// Its name, fit to show.
    pub name: String,
    /// Letters, digits and hyphens, as every Region has.
    pub is_fit: bool,
}

impl RegionFacts {
    /// As it is written.
    #[must_use]
    pub fn new(variable: Option<&'static str>, written: &str) -> Self {
        let is_fit = written.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        Self { variable, name: crate::visible::configured(written), is_fit }
    }
}

/// Where calls are sent instead of to AWS.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The variable that says so.
    pub variable: &'static str,
    /// Its host.
    pub host: String,
    /// It begins as a URL does.
    pub is_url: bool,
}

/// The credentials endpoint of a container.
#[derive(Debug, Clone)]
pub struct Container {
    /// The variable that names it.
    pub variable: &'static str,
    /// Its host.
    pub host: String,
    /// The SDKs ask it: by https, or at one of the addresses that belong to the machine or the platform.
    pub is_allowed: bool,
    /// The file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, and the web token in it, if it is one.
    pub token_file: Option<(String, Cached<Option<Jwt>>)>,
}
