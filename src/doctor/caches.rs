//! The files that logins leave behind: the caches of the AWS CLI and the SDKs, and web identity tokens. Reads of them
//! when they end and whether they can be renewed, never a credential. Judges nothing.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};

use super::facts::{Cached, Jwt, LoginSession, SsoLoginFacts, WebIdentity};
use crate::inventory::hex;
use crate::limited::{self, Unreadable};
use crate::shared_config::moment;
use crate::visible::{configured, looks_like_credential, printable};

/// The largest file that is read, in bytes: a login is a few thousand.
const MAX_BYTES: u64 = 1024 * 1024;
/// How many sessions of the AWS CLI are looked through for one key.
const MOST_SESSIONS: usize = 1000;

/// The folder that the caches are below.
#[derive(Debug, Clone)]
pub(super) struct CacheFolder {
    folder: PathBuf,
    /// AWS_LOGIN_CACHE_DIRECTORY.
    login: Option<PathBuf>,
    /// PATH, where programs are.
    pub(super) path: Option<String>,
}

impl CacheFolder {
    pub(super) fn new(read: super::environment::Read<'_>) -> Self {
        let folder = crate::shared_config::home(&read).unwrap_or_else(|| PathBuf::from("~"));
        Self {
            folder: folder.join(".aws"),
            login: read("AWS_LOGIN_CACHE_DIRECTORY").map(PathBuf::from),
            path: read("PATH"),
        }
    }

    /// The user's home folder.
    pub(super) fn of_user(&self) -> Option<&Path> {
        self.folder.parent()
    }

    /// The login of an SSO session, by its name, or of a start URL: the file is named by its SHA-1 (botocore, SDKs).
    pub(super) fn sso_login(&self, identifier: &str) -> Cached<SsoLoginFacts> {
        let path = self.folder.join("sso/cache").join(format!("{:x}.json", Sha1::digest(identifier)));
        json(&path).and_then(|file: SsoFile| {
            let expires = moment(&file.expires_at)?;
            let refreshable = file.refresh_token.is_some() && file.client_id.is_some() && file.client_secret.is_some();
            let registration_expires = file.registration_expires_at.as_deref().and_then(moment);
            Some(SsoLoginFacts { expires, refreshable, registration_expires })
        })
    }

    /// The login of `aws login`, by the ARN that `login_session` names: the file is named by its SHA-256.
    pub(super) fn login(&self, arn: &str) -> Cached<LoginSession> {
        let folder = self.login.clone().unwrap_or_else(|| self.folder.join("login/cache"));
        let path = folder.join(format!("{}.json", hex(&Sha256::digest(arn.trim()))));
        json(&path).and_then(|file: LoginFile| {
            let expires = moment(&file.access_token.expires_at)?;
            Some(LoginSession { expires, refreshable: file.refresh_token.is_some() })
        })
    }

    /// When the session ends that the AWS CLI keeps for these arguments of AssumeRole: the file is named by the SHA-1
    /// of their JSON, keys in order, as Python writes it (botocore, `AssumeRoleCredentialFetcher`).
    pub(super) fn cli_role_session(&self, arguments: &[(&str, Value)]) -> Option<Timestamp> {
        let pairs = pairs(arguments, ": ").join(", ");
        self.cli_session(&format!("{{{pairs}}}"))
    }

    /// The same for a session of a permission set, whose JSON has no blanks (`SSOCredentialFetcher`).
    pub(super) fn cli_sso_session(&self, arguments: &[(&str, Value)]) -> Option<Timestamp> {
        let pairs = pairs(arguments, ":").join(",");
        self.cli_session(&format!("{{{pairs}}}"))
    }

    fn cli_session(&self, arguments: &str) -> Option<Timestamp> {
        let path = self.folder.join("cli/cache").join(format!("{:x}.json", Sha1::digest(arguments)));
        match json::<CliFile>(&path) {
            Cached::Found(file) => moment(&file.credentials.expiration),
            Cached::Missing | Cached::NoFile | Cached::Unreadable => None,
        }
    }

    /// When the session of this key ends, if the AWS CLI keeps it: `aws configure export-credentials` copies from
    /// there.
    pub(super) fn cli_session_of(&self, access_key_id: &str) -> Option<Timestamp> {
        let files = std::fs::read_dir(self.folder.join("cli/cache")).ok()?;
        let paths = files.filter_map(Result::ok).map(|entry| entry.path()).take(MOST_SESSIONS);
        let ends = paths.filter_map(|path| match json::<CliFile>(&path) {
            Cached::Found(file) if file.credentials.access_key_id == access_key_id => {
                moment(&file.credentials.expiration)
            }
            _ => None,
        });
        ends.max()
    }
}

/// The token of a container's endpoint: a web token with EKS Pod Identity, any text elsewhere.
pub(super) fn container_token(path: &str) -> Cached<Option<Jwt>> {
    read(Path::new(path), |text| Some(jwt(text.trim())))
}

/// Whether a file can be read.
pub(super) fn readable(path: &str) -> Cached<()> {
    read(Path::new(path), |_| Some(()))
}

/// A token of an identity provider and its role.
pub(super) fn web_identity(file: &str, role: Option<&str>) -> WebIdentity {
    let token = read(Path::new(file), |text| jwt(text.trim()));
    // A file that is there is no credential.
    let holds_credential = looks_like_credential(file) && token == Cached::Missing;
    let shown = if holds_credential { configured(file) } else { printable(file) };
    WebIdentity { file: shown, holds_credential, role: role.map(configured), token }
}

/// What the token says of itself. Its signature is AWS's to check.
fn jwt(token: &str) -> Option<Jwt> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Some(Jwt { expires: claims.exp.and_then(|seconds| Timestamp::from_second(seconds as i64).ok()) })
}

fn pairs(arguments: &[(&str, Value)], colon: &str) -> Vec<String> {
    let mut pairs: Vec<String> = arguments.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
    pairs.sort_unstable();
    pairs
}

fn json<T: DeserializeOwned>(path: &Path) -> Cached<T> {
    read(path, |text| serde_json::from_str(text).ok())
}

fn read<T>(path: &Path, meant: impl FnOnce(&str) -> Option<T>) -> Cached<T> {
    match limited::regular(path, MAX_BYTES).and_then(limited::text) {
        Ok(text) => meant(&text).map_or(Cached::Unreadable, Cached::Found),
        Err(Unreadable::NotThere) => Cached::Missing,
        Err(Unreadable::NoFile) => Cached::NoFile,
        Err(_) => Cached::Unreadable,
    }
}

impl<T> Cached<T> {
    fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Cached<U> {
        match self {
            Self::Found(found) => read(found).map_or(Cached::Unreadable, Cached::Found),
            Self::Missing => Cached::Missing,
            Self::NoFile => Cached::NoFile,
            Self::Unreadable => Cached::Unreadable,
        }
    }
}

/// `~/.aws/sso/cache/*.json`. Of what is secret: only that it is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SsoFile {
    #[serde(rename = "accessToken")]
    _access_token: IgnoredAny,
    expires_at: String,
    refresh_token: Option<IgnoredAny>,
    client_id: Option<IgnoredAny>,
    client_secret: Option<IgnoredAny>,
    registration_expires_at: Option<String>,
}

/// `~/.aws/login/cache/*.json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginFile {
    access_token: LoginAccessToken,
    refresh_token: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginAccessToken {
    expires_at: String,
}

/// `~/.aws/cli/cache/*.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CliFile {
    credentials: CliCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CliCredentials {
    access_key_id: String,
    expiration: String,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with botocore 1.43: `sha1(json.dumps(args, sort_keys=True).encode())`.
    #[test]
    fn arguments_are_written_as_python_writes_them() {
        let arguments =
            [("RoleArn", Value::from("arn:aws:iam::222222222222:role/etl")), ("DurationSeconds", Value::from(900))];
        let role = format!("{{{}}}", pairs(&arguments, ": ").join(", "));
        assert_eq!(format!("{:x}", Sha1::digest(role)), "e36d733ad56d97f28c746d5b37f44d1b872dbdd7");
        let arguments = [
            ("roleName", Value::from("Developer")),
            ("accountId", Value::from("222222222222")),
            ("sessionName", Value::from("corp")),
        ];
        let sso = format!("{{{}}}", pairs(&arguments, ":").join(","));
        assert_eq!(format!("{:x}", Sha1::digest(sso)), "ee6640d132659d879cc1d80c844353d238fe28ac");
    }
}
