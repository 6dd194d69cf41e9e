//! Access keys: the caller's part, and the server's record of each. Does not decide whether a key is accepted.

use jiff::Timestamp;

use super::policy::Policy;

/// The credentials of a caller. Every part holds a canary, so that a test can search any output for a leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl Credentials {
    /// The text that no output, log or message may hold.
    pub const CANARIES: [&str; 3] = ["CANARY", "canary-secret-", "canary-token-"];

    /// The `number`th pair of keys: `AKIACANARY…` for a long-term key, `ASIACANARY…` with a token for a session.
    pub(super) fn mint(number: u64, session: bool) -> Credentials {
        let kind = if session { "ASIA" } else { "AKIA" };
        Credentials {
            access_key_id: format!("{kind}CANARY{number:010}"),
            secret_access_key: format!("canary-secret-{number:026x}"),
            // Long, and with characters that must be encoded, like real tokens.
            session_token: session.then(|| format!("canary-token-{number:08x}/+{}==", "IQoJb3JpZ2luX2Vj".repeat(24))),
        }
    }

    /// The variables in which the SDKs look for credentials.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("AWS_ACCESS_KEY_ID", self.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_access_key.clone()),
        ];
        variables.extend(self.session_token.clone().map(|token| ("AWS_SESSION_TOKEN", token)));
        variables
    }
}

/// The origin of a key, which determines its allowed calls and whether its next hop is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The key of an IAM user or the root user.
    LongTerm,
    /// GetSessionToken.
    SessionToken { mfa: bool },
    /// GetFederationToken.
    Federation,
    /// AssumeRole, or a service's session of its role. With the role's id: a recreated role with the same name is
    /// another role.
    RoleSession { role_id: String },
}

/// The identity of a key.
#[derive(Clone, Debug)]
pub struct Principal {
    /// As in GetCallerIdentity and denials: the ARN of a session has no path.
    pub arn: String,
    /// The user or role of the key, with its path, as trust policies name it.
    pub identity: String,
    pub partition: String,
    pub account: String,
    pub user_id: String,
}

/// The server's record of a key.
#[derive(Clone, Debug)]
pub struct Key {
    pub credentials: Credentials,
    pub active: bool,
    pub principal: Principal,
    pub origin: Origin,
    pub expires: Option<Timestamp>,
    /// The upper limit of the session's rights, regardless of its role.
    pub session_policy: Option<Policy>,
    pub source_identity: Option<String>,
}

impl Key {
    pub fn is_session(&self) -> bool {
        self.origin != Origin::LongTerm
    }
}
