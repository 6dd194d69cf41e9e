//! The callers of records. Many records have the same caller: each distinct caller is kept once, and a record refers to
//! it by number. A known caller costs no allocation.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::record::Record;
use super::time::{Seconds, parse_iso};

/// The number of a caller in [`Callers`].
pub type CallerId = u32;

/// Separates the fields of an encoded caller. UTF-8 never has this byte.
const SEPARATOR: u8 = 0xff;

const CONSOLE: u8 = 1;
const EC2: u8 = 2;
const WEB_IDENTITY: u8 = 4;

/// Distinct callers.
#[derive(Debug, Default)]
pub struct Callers {
    ids: HashMap<Box<[u8]>, CallerId>,
    key: Vec<u8>,
}

impl Callers {
    /// The number of the record's caller.
    pub fn id(&mut self, record: &Record<'_>) -> CallerId {
        encode(record, &mut self.key);
        self.id_of_encoded()
    }

    fn id_of_encoded(&mut self) -> CallerId {
        if let Some(id) = self.ids.get(self.key.as_slice()) {
            return *id;
        }
        let id = CallerId::try_from(self.ids.len()).unwrap_or(CallerId::MAX);
        self.ids.insert(self.key.as_slice().into(), id);
        id
    }

    /// The number of callers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds the callers of another reader. Returns their new numbers, by their former numbers.
    pub fn merge(&mut self, other: Self) -> Vec<CallerId> {
        let mut numbers = vec![0; other.ids.len()];
        for (key, former) in other.ids {
            self.key.clear();
            self.key.extend_from_slice(&key);
            let id = self.id_of_encoded();
            if let Some(number) = usize::try_from(former).ok().and_then(|former| numbers.get_mut(former)) {
                *number = id;
            }
        }
        numbers
    }

    /// The callers, by number, in a stable order whatever the order of reading.
    #[must_use]
    pub fn into_sorted(self) -> (Vec<RecordCaller>, Vec<CallerId>) {
        let mut sorted: Vec<(Box<[u8]>, CallerId)> = self.ids.into_iter().collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; sorted.len()];
        for (rank, (_, id)) in sorted.iter().enumerate() {
            ranks[*id as usize] = CallerId::try_from(rank).unwrap_or(CallerId::MAX);
        }
        // Each key is freed as soon as it is decoded.
        (sorted.into_iter().map(|(key, _)| decode(&key)).collect(), ranks)
    }
}

/// A caller in the file of `--state`: its texts and its flags.
#[derive(Serialize, Deserialize)]
struct StoredCaller(Vec<String>, u8);

impl Serialize for Callers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sorted: Vec<(CallerId, &[u8])> = self.ids.iter().map(|(key, id)| (*id, &**key)).collect();
        sorted.sort_unstable();
        serializer.collect_seq(sorted.into_iter().map(|(_, key)| {
            let (flags, texts) = key.split_last().unwrap_or((&0, &[]));
            let texts = texts.split(|byte| *byte == SEPARATOR).map(|text| String::from_utf8_lossy(text).into_owned());
            StoredCaller(texts.collect(), *flags)
        }))
    }
}

impl<'de> Deserialize<'de> for Callers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut callers = Self::default();
        for (number, StoredCaller(texts, flags)) in Vec::deserialize(deserializer)?.into_iter().enumerate() {
            callers.key.clear();
            for (index, text) in texts.iter().enumerate() {
                if index > 0 {
                    callers.key.push(SEPARATOR);
                }
                callers.key.extend_from_slice(text.as_bytes());
            }
            callers.key.push(flags);
            if usize::try_from(callers.id_of_encoded()).ok() != Some(number) {
                return Err(de::Error::custom("a caller is there twice"));
            }
        }
        Ok(callers)
    }
}

fn encode(record: &Record<'_>, key: &mut Vec<u8>) {
    let identity = &record.user_identity;
    let context = &identity.session_context;
    key.clear();
    for field in [
        &identity.kind,
        &identity.access_key_id,
        &identity.principal_id,
        &identity.arn,
        &identity.user_name,
        &identity.invoked_by,
        &context.attributes.creation_date,
        &context.session_issuer.kind,
        &context.session_issuer.arn,
    ] {
        key.extend_from_slice(field.or_empty().as_bytes());
        key.push(SEPARATOR);
    }
    let flag = |condition: bool, flag: u8| if condition { flag } else { 0 };
    key.push(
        flag(record.session_credential_from_console.0, CONSOLE)
            | flag(context.ec2_role_delivery.get().is_some(), EC2)
            | flag(context.web_id_federation_data.federated_provider.get().is_some(), WEB_IDENTITY),
    );
}

fn decode(key: &[u8]) -> RecordCaller {
    let mut fields = key.split(|byte| *byte == SEPARATOR);
    let mut text = || {
        let field = fields.next().unwrap_or_default();
        (!field.is_empty()).then(|| Box::from(String::from_utf8_lossy(field)))
    };
    let (kind, access_key_id, principal_id, arn) = (text(), text(), text(), text());
    let (user_name, invoked_by, created, issuer_kind, issuer): (_, _, Option<Box<str>>, Option<Box<str>>, _) =
        (text(), text(), text(), text(), text());
    let flags = key.last().copied().unwrap_or_default();
    RecordCaller {
        kind: IdentityKind::parse(kind.as_deref().unwrap_or_default()),
        access_key_id,
        principal_id,
        arn,
        user_name,
        invoked_by,
        created: created.as_deref().and_then(parse_iso),
        role: issuer.filter(|_| issuer_kind.as_deref() == Some("Role")),
        is_console: flags & CONSOLE != 0,
        is_ec2: flags & EC2 != 0,
        is_web_identity: flags & WEB_IDENTITY != 0,
    }
}

/// The caller of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCaller {
    /// The type of the identity.
    pub kind: IdentityKind,
    /// The access key.
    pub access_key_id: Option<Box<str>>,
    /// The unique id.
    pub principal_id: Option<Box<str>>,
    /// The ARN.
    pub arn: Option<Box<str>>,
    /// The name of a user, or the subject of a token.
    pub user_name: Option<Box<str>>,
    /// The service that made the call.
    pub invoked_by: Option<Box<str>>,
    /// The issue of the caller's session.
    pub created: Option<Seconds>,
    /// The role of the caller's session.
    pub role: Option<Box<str>>,
    /// The session is of the AWS console.
    pub is_console: bool,
    /// The instance metadata service delivered the session.
    pub is_ec2: bool,
    /// The session is of a web identity.
    pub is_web_identity: bool,
}

impl RecordCaller {
    /// Whether the caller is a session, and not a user or service with credentials of its own. Records of a console
    /// session can have a user's long-term key, so the time of issue decides and not the form of the key.
    #[must_use]
    pub fn is_session(&self) -> bool {
        let has_temporary_key = || self.access_key_id.as_deref().is_some_and(|key| key.starts_with("ASIA"));
        match self.kind {
            IdentityKind::AssumedRole | IdentityKind::FederatedUser => true,
            IdentityKind::IamUser | IdentityKind::Root | IdentityKind::Other => {
                self.created.is_some() || has_temporary_key()
            }
            IdentityKind::Service | IdentityKind::WebIdentity | IdentityKind::Saml | IdentityKind::Account => false,
        }
    }

    /// Whether records of the caller can open a session whose issue no record shows.
    #[must_use]
    pub fn opens_session(&self) -> bool {
        self.access_key_id.is_some() && self.invoked_by.is_none()
    }

    /// The text of `refused`: the ARN, else the user name, the service, the principal id.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        [&self.arn, &self.user_name, &self.invoked_by, &self.principal_id].into_iter().find_map(Option::as_deref)
    }
}

/// The type of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// An IAM user.
    IamUser,
    /// The root user of an account.
    Root,
    /// A session of a role.
    AssumedRole,
    /// A session of GetFederationToken.
    FederatedUser,
    /// A subject of an OIDC token.
    WebIdentity,
    /// A subject of a SAML assertion.
    Saml,
    /// An AWS service.
    Service,
    /// A caller of another account, of which only the account and the unique id are known.
    Account,
    /// Another type, or none.
    Other,
}

impl IdentityKind {
    fn parse(text: &str) -> Self {
        match text {
            "IAMUser" => Self::IamUser,
            "Root" => Self::Root,
            "AssumedRole" => Self::AssumedRole,
            "FederatedUser" => Self::FederatedUser,
            "WebIdentityUser" => Self::WebIdentity,
            "SAMLUser" => Self::Saml,
            "AWSService" => Self::Service,
            "AWSAccount" => Self::Account,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_callers_keep_their_identity() {
        let record = |key: &str| format!(r#"{{"userIdentity":{{"type":"IAMUser","accessKeyId":"{key}"}}}}"#);
        let (mut one, mut other) = (Callers::default(), Callers::default());
        for (callers, keys) in [(&mut one, ["B", "A"]), (&mut other, ["C", "A"])] {
            for key in keys {
                callers.id(&serde_json::from_str(&record(key)).unwrap());
            }
        }
        let numbers = one.merge(other);
        assert_eq!(numbers, [2, 1]);
        let (sorted, ranks) = one.into_sorted();
        let keys: Vec<_> = sorted.iter().filter_map(|caller| caller.access_key_id.as_deref()).collect();
        assert_eq!(keys, ["A", "B", "C"]);
        assert_eq!(ranks, [1, 0, 2]);
    }
}
