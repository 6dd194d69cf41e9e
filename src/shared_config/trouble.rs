//! What can be wrong with the files, and with the way from a profile to its first credentials: the kind for programs, and
//! the words with the place for people.

use std::fmt;

use crate::inventory::Remark;

/// Something wrong with a file, or with a section of it.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What kind it is.
    pub kind: TroubleKind,
    /// What is wrong, where, and what would be right.
    pub remark: Remark,
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
    /// A line that the AWS CLI and boto3 refuse, and with it the whole file: a header or a key that stands twice.
    RefusedByPython,
    /// A value with a comment behind it, which is a part of the value to the AWS CLI and boto3.
    Commented {
        /// The profile that it is in.
        profile: String,
    },
    /// A header that tools ignore.
    Ignored {
        /// The profile that it is meant for; `None`: it is not one of a profile.
        profile: Option<String>,
        /// As it is written.
        written: String,
        /// As it should be; `None`: the file has one that is right too, or nobody can tell.
        right: Option<String>,
    },
    /// A value that goes on below its line, and spoils its profile.
    Spoilt,
}

/// Why a profile does not lead to credentials.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What kind it is.
    pub kind: FaultKind,
    /// The profile that the fault is in.
    pub profile: String,
    /// What is wrong, where, and what would be right.
    pub remark: Box<Remark>,
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
    /// `source_profile` names one that is not there; the nearest that is.
    SourceMissing {
        /// The name that is not there, fit to show.
        named: String,
        /// One that is, and has nearly that name.
        nearest: Option<String>,
    },
    /// `source_profile` leads to one that has no credentials.
    SourceEmpty,
    /// `source_profile` leads back to where it came from.
    Cycle,
    /// A role without a source of credentials.
    NoSource,
    /// `source_profile` and `credential_source` in one profile.
    TwoSources,
    /// `sso_session` names a section that is not there: its name, fit to show.
    SsoSessionMissing(String),
    /// A key without its secret, or a secret without its key.
    HalfAKey,
    /// The SSO settings are not complete, or stand twice.
    SsoSettings,
    /// Anything else that the files say wrongly.
    Other,
}
