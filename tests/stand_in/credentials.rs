//! Access keys: what a caller holds, and what the server knows of each. Does not decide whether a key is accepted.

use jiff::Timestamp;

use super::policy::Policy;

/// What a caller signs with. Every part carries a canary, so that a test can search any output for a leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl Credentials {
    /// What no output, log or message may hold.
    pub const CANARIES: [&str; 3] = ["CANARY", "canary-secret-", "canary-token-"];

    /// The `number`th pair of keys: `AKIACANARY…` for a long-term key, `ASIACANARY…` with a token for a session.
    pub(super) fn mint(number: u64, session: bool) -> Credentials {
        let kind = if session { "ASIA" } else { "AKIA" };
        Credentials {
            access_key_id: format!("{kind}CANARY{number:010}"),
            secret_access_key: format!("canary-secret-{number:026x}"),
            // Long and with the characters that have to be encoded on the way, as real ones are.
            session_token: session.then(|| format!("canary-token-{number:08x}/+{}==", "IQoJb3JpZ2luX2Vj".repeat(24))),
        }
    }

    /// The variables in which the SDKs look for them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("AWS_ACCESS_KEY_ID", self.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_access_key.clone()),
        ];
        variables.extend(self.session_token.clone().map(|token| ("AWS_SESSION_TOKEN", token)));
        variables
    }
}

/// How a key came about, which decides what it may call and whether its next hop is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An IAM user's or the root user's own key.
    LongTerm,
    /// GetSessionToken.
    SessionToken { mfa: bool },
    /// AssumeRole, or a service's session of its role. The role's id: the same name made anew is another role.
    RoleSession { role_id: String },
}

/// Who a key speaks for.
#[derive(Clone, Debug)]
pub struct Principal {
    /// As GetCallerIdentity and the denials tell it: a session's ARN has no path.
    pub arn: String,
    /// The user or role behind it, with its path: what trust policies name.
    pub identity: String,
    pub partition: String,
    pub account: String,
    pub user_id: String,
}

/// One key as the server keeps it.
#[derive(Clone, Debug)]
pub struct Key {
    pub credentials: Credentials,
    pub active: bool,
    pub principal: Principal,
    pub origin: Origin,
    pub expires: Option<Timestamp>,
    /// What the session may at most do, whatever its role may.
    pub session_policy: Option<Policy>,
    pub source_identity: Option<String>,
}

impl Key {
    pub fn is_session(&self) -> bool {
        self.origin != Origin::LongTerm
    }
}
