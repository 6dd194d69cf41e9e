//! What AWS and the endpoints said.

use jiff::Timestamp;

use super::{KeyFacts, Provider};
use crate::aws::errors::Class;

/// What AWS and the endpoints said.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The credentials that the SDK's chain found, or why it found none.
    pub loaded: Option<Result<LoadedCredentials, NotLoaded>>,
    /// Who they are, or why AWS does not say.
    pub identity: Option<Result<CallerIdentity, RefusedFacts>>,
    /// Why STS refuses the last role with its `duration_seconds`, which the SDK for Rust does not send.
    pub duration_refused: Option<RefusedFacts>,
    /// How many HTTP answers came from STS.
    pub answers: usize,
    /// This machine's clock minus AWS's, in seconds.
    pub clock_offset: Option<i64>,
    /// The Region that STS was asked in.
    pub region: String,
}

/// The credentials that the chain found.
#[derive(Debug, Clone, Copy)]
pub struct LoadedCredentials {
    /// Their key.
    pub key: Option<KeyFacts>,
    /// There is a session token.
    pub token: bool,
    /// Who provided them.
    pub provider: Option<Provider>,
    /// When they end, where the provider says.
    pub expires: Option<Timestamp>,
}

/// Why the chain found none.
#[derive(Debug, Clone)]
pub struct NotLoaded {
    /// A provider was there and failed; else none was there.
    pub failed: bool,
    /// The refusal of STS or of the SSO portal, where that was it.
    pub refused: Option<RefusedFacts>,
    /// How a `credential_process` failed.
    pub process: Option<ProcessFailure>,
}

/// How a `credential_process` failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessFailure {
    /// Its exit status; 127 is the shell's word for a program that is not there.
    Exit(i32),
    /// A signal ended it, or it did not start.
    NotRun,
    /// What it printed is no JSON of the form.
    Output,
    /// It had not ended when the wait was over. For any provider.
    Late,
}

/// Who the credentials are.
#[derive(Debug, Clone)]
pub struct CallerIdentity {
    /// The ARN.
    pub arn: String,
    /// The account.
    pub account: String,
}

/// A refusal, or no answer.
#[derive(Debug, Clone)]
pub struct RefusedFacts {
    /// What it means.
    pub class: Class,
    /// Which call it was.
    pub call: &'static str,
    /// AWS's error code.
    pub code: Option<String>,
    /// AWS's message, fit to show.
    pub message: String,
}
