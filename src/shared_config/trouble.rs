//! What can be wrong with the files, and with the way from a profile to its first credentials: the kind for programs,
//! and the words with the place for people.

use std::fmt;

use crate::inventory::Diagnostic;

/// Something wrong with a file, or with a section of it.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What kind it is.
    pub kind: TroubleKind,
    /// What is wrong, where, and what would be right.
    pub remark: Diagnostic,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remark.fmt(f)
    }
}

/// Kinds of trouble with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TroubleKind {
    /// It cannot be read, or is not there where a variable names it.
    Unreadable {
        /// The variable.
        named_by: Option<&'static str>,
    },
    /// It begins with a byte order mark, and is refused for that.
    ByteOrderMark,
    /// It is not UTF-8: the AWS CLI and boto3 stop at it, and to the SDK for Rust it is empty.
    NotText {
        /// It is UTF-16, as PowerShell writes it.
        utf16: bool,
    },
    /// A line that the SDKs refuse, and with it the whole file.
    Refused {
        /// The AWS CLI and boto3 refuse it too.
        by_cli: bool,
    },
    /// A line that the AWS CLI and boto3 refuse, and with it the whole file: a header or a key that is written twice.
    RefusedByPython,
    /// A header that tools ignore.
    Ignored {
        /// The profile that it is meant for; `None`: it is not one of a profile.
        profile: Option<String>,
        /// The AWS CLI and boto3 read the profile all the same.
        read_by_cli: bool,
        /// As it is written.
        written: String,
        /// As it should be; `None`: the file has one that is right too, or nobody can tell.
        right: Option<String>,
    },
    /// A value that goes on below its line, and spoils its profile.
    Spoilt,
}

/// Why a profile gives no credentials in the AWS CLI and boto3.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What kind it is.
    pub kind: FaultKind,
    /// The profile that the fault is in.
    pub profile: String,
    /// What is wrong, where, and what would be right.
    pub remark: Box<Diagnostic>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remark.fmt(f)
    }
}

/// Kinds of faults of profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// There is no such profile.
    Missing,
    /// `source_profile` names a profile that is not there.
    SourceMissing {
        /// The name that is not there, fit to show; `None`: it looks like a credential.
        named: Option<String>,
        /// The nearest name of a profile.
        nearest: Option<String>,
    },
    /// `source_profile` leads to a profile without credentials.
    SourceEmpty,
    /// `source_profile` leads back to where it came from.
    Cycle,
    /// `credential_process` runs itself.
    ProcessCycle,
    /// The way to the credentials leads through more profiles than are followed.
    TooManyProfiles,
    /// A role without a source of credentials.
    NoSource,
    /// `source_profile` and `credential_source` in one profile.
    TwoSources,
    /// `credential_source` is none of its three words.
    CredentialSourceUnknown,
    /// `web_identity_token_file` without `role_arn`.
    WebIdentityWithoutRole,
    /// `sso_session` names a section that is not there: its name, fit to show; `None`: it looks like a credential.
    SsoSessionMissing(Option<String>),
    /// A key without its secret, or a secret without its key.
    HalfAKey,
    /// The SSO settings are not complete, or contradict each other.
    SsoSettings,
    /// A comment behind a value, which is part of the value to the AWS CLI and boto3.
    Commented {
        /// The setting.
        key: &'static str,
        /// Its line.
        line: usize,
    },
    /// A value in quotation marks, which are part of it.
    Quoted {
        /// The setting.
        key: &'static str,
        /// Its line.
        line: usize,
    },
    /// Keys in quotation marks: their lines.
    QuotedKeys(Vec<usize>),
    /// A setting without a value.
    EmptyValue {
        /// The setting.
        key: &'static str,
        /// Its line.
        line: usize,
    },
    /// `role_arn` is not the ARN of a role.
    RoleArn,
    /// `role_session_name` has characters or a length that STS refuses.
    SessionName,
    /// `external_id` likewise.
    ExternalId,
    /// `duration_seconds` below zero.
    NegativeDuration,
    /// The role is of another partition than the role that assumes it.
    OtherPartition,
    /// `mfa_serial` on a role that a session assumes.
    MfaWithSession,
    /// A session's key without its token.
    TokenMissing,
    /// A long-term key with the token of a session.
    TokenLeftOver {
        /// The line of the token.
        line: usize,
    },
    /// A value goes on in the lines below it.
    Spoilt,
}

impl FaultKind {
    /// A few words for a table.
    #[must_use]
    pub const fn summary(&self) -> &'static str {
        match self {
            Self::Missing => "no such profile",
            Self::SourceMissing { .. } => "source profile missing",
            Self::SourceEmpty => "source without credentials",
            Self::Cycle => "source profiles in a circle",
            Self::ProcessCycle => "process runs itself",
            Self::TooManyProfiles => "too many source profiles",
            Self::NoSource => "role without a source",
            Self::TwoSources => "role with two sources",
            Self::CredentialSourceUnknown => "unknown credential_source",
            Self::WebIdentityWithoutRole => "web identity without role",
            Self::SsoSessionMissing(_) => "sso-session missing",
            Self::HalfAKey => "half a key",
            Self::SsoSettings => "SSO settings",
            Self::Commented { .. } => "comment in a value",
            Self::Quoted { .. } | Self::QuotedKeys(_) => "quotation marks in a value",
            Self::EmptyValue { .. } => "setting without a value",
            Self::RoleArn => "role_arn is no role",
            Self::SessionName => "role_session_name refused",
            Self::ExternalId => "external_id refused",
            Self::NegativeDuration => "duration_seconds below zero",
            Self::OtherPartition => "role of another partition",
            Self::MfaWithSession => "MFA with a session",
            Self::TokenMissing => "session key without token",
            Self::TokenLeftOver { .. } => "token of another key",
            Self::Spoilt => "indented lines",
        }
    }
}
