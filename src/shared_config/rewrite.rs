//! A configuration file that makes the SDK for Rust read a profile as the AWS CLI and boto3 do: with it, `doctor` asks
//! AWS with the credentials that people use. The text holds secrets and is given to the SDK alone.

use super::places::{self, Section};
use super::{Base, Chain, Kind, MAX_BYTES, SharedConfig, header};
use crate::aws::config_files::{ConfigFiles, files_of};
use crate::limited;

/// The settings that say where credentials come from: of these the file has the ones that the AWS CLI uses.
const OF_CREDENTIALS: [&str; 19] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "role_arn",
    "source_profile",
    "credential_source",
    "duration_seconds",
    "mfa_serial",
    "external_id",
    "role_session_name",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "credential_process",
    "login_session",
];

/// What the SDK reads, and the name of the profile there.
pub(crate) struct ForSdk {
    pub(crate) files: ConfigFiles,
    pub(crate) profile: String,
}

/// Files without any profile.
pub(crate) fn no_profiles() -> ConfigFiles {
    files_of("")
}

/// A profile with these keys; `None`: a file cannot hold them.
pub(crate) fn of_keys(id: &str, secret: &str, token: &str) -> Option<ForSdk> {
    const PROFILE: &str = "variables";
    let fits = |value: &str| value.chars().all(|c| c.is_ascii_graphic());
    let text = format!(
        "[profile {PROFILE}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\naws_session_token = {token}\n"
    );
    [id, secret, token].into_iter().all(fits).then(|| ForSdk { files: files_of(&text), profile: PROFILE.to_owned() })
}

impl SharedConfig {
    /// The files again, as the AWS CLI reads this chain. `role`: the role that a web identity is exchanged for, where a
    /// variable names another one than the profile.
    pub(crate) fn for_sdk(&self, chain: &Chain<'_>, role: Option<&str>) -> ForSdk {
        let mut text = String::new();
        let all: Vec<(Kind, Section)> = self.sections();
        let mut names: Vec<&str> = chain.roles.iter().map(|role| &*role.name).collect();
        names.extend([&*chain.base_profile.name, &*chain.profile.name]);
        names.sort_unstable();
        names.dedup();
        for (index, name) in names.iter().enumerate() {
            text.push_str(&format!(
                "[profile {}]\n",
                alias(&names, name).unwrap_or_else(|| format!("profile-{index}"))
            ));
            for (key, value) in merged(&all, name) {
                if !OF_CREDENTIALS.contains(&key) {
                    text.push_str(&format!("{key} = {}\n", value.replace('\n', "\n  ")));
                }
            }
            for (key, value) in self.credentials_of(chain, &all, name, role) {
                let value = if key == "source_profile" { alias(&names, &value).unwrap_or(value) } else { value };
                text.push_str(&format!("{key} = {value}\n"));
            }
        }
        for (_, section) in &all {
            if let Some(prefix @ ("sso-session" | "services")) = section.prefix.as_deref() {
                text.push_str(&format!("[{prefix} {}]\n", section.name));
                for (key, written) in &section.settings {
                    text.push_str(&format!("{key} = {}\n", written.value.replace('\n', "\n  ")));
                }
            }
        }
        let profile = alias(&names, &chain.profile.name).unwrap_or_default();
        ForSdk { files: files_of(&text), profile }
    }

    /// The keys and tokens of all profiles, and the content of the files with tokens that they name.
    pub(crate) fn secret_values(&self) -> Vec<String> {
        const SECRETS: [&str; 4] =
            ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];
        let sections = self.sections();
        let settings = sections.iter().flat_map(|(_, section)| &section.settings);
        let value = |(key, written): (&String, &places::Written)| match &**key {
            key if SECRETS.contains(&key) => Some(written.value.clone()),
            "web_identity_token_file" => token_of_file(&written.value),
            _ => None,
        };
        settings.filter_map(value).collect()
    }

    fn credentials_of(
        &self,
        chain: &Chain<'_>,
        all: &[(Kind, Section)],
        name: &str,
        role: Option<&str>,
    ) -> Vec<(&'static str, String)> {
        let mut keys: Vec<&'static str> = Vec::new();
        let is_base = chain.base_profile.name == name;
        let by_token = is_base && chain.base == Base::WebIdentity;
        if chain.roles.iter().any(|role| role.name == name) {
            keys.extend(["role_arn", "role_session_name"]);
            if !by_token {
                keys.extend(["external_id", "source_profile", "credential_source"]);
            }
        }
        if is_base {
            keys.extend(match &chain.base {
                Base::Keys | Base::SessionKeys => {
                    &["aws_access_key_id", "aws_secret_access_key", "aws_session_token"][..]
                }
                Base::WebIdentity => &["web_identity_token_file"],
                Base::Sso(login) if login.session.is_some() => &["sso_session", "sso_account_id", "sso_role_name"],
                Base::Sso(_) => &["sso_start_url", "sso_region", "sso_account_id", "sso_role_name"],
                Base::LoginSession => &["login_session"],
                Base::Process(_) => &["credential_process"],
                Base::Named(_) | Base::Nothing => &[],
            });
        }
        let settings = merged(all, name);
        let value = |key: &str| settings.iter().rev().find(|(known, _)| *known == key).map(|(_, value)| value.clone());
        let written = |key: &'static str| {
            let value = match key {
                "role_arn" if by_token && role.is_some() => role.map(str::to_owned),
                "aws_session_token" => value("aws_security_token").or_else(|| value(key)),
                _ => value(key),
            };
            value.filter(|value| !value.is_empty() && !value.contains('\n')).map(|value| (key, value))
        };
        keys.into_iter().filter_map(written).collect()
    }

    fn sections(&self) -> Vec<(Kind, Section)> {
        let read = |(index, file): (usize, &super::File)| {
            let text = limited::regular(std::path::Path::new(&*file.name), MAX_BYTES).and_then(limited::text).ok()?;
            let sections = places::sections(file.kind, index, &text);
            Some(sections.into_iter().map(|section| (file.kind, section)).collect::<Vec<_>>())
        };
        self.files().iter().enumerate().filter(|(_, file)| file.read).filter_map(read).flatten().collect()
    }
}

/// The token in a file that a variable or a profile names.
pub(crate) fn token_of_file(path: &str) -> Option<String> {
    let path = std::path::Path::new(path);
    limited::regular(path, MAX_BYTES).and_then(limited::text).ok().map(|token| token.trim().to_owned())
}

/// The settings of a profile, the later file's last.
fn merged<'a>(all: &'a [(Kind, Section)], name: &str) -> Vec<(&'a str, String)> {
    let is_meant = |(kind, section): &&(Kind, Section)| {
        !section.replaced
            && !kind.is_sso_session(section)
            && header::name_in_cli(*kind, section).as_deref() == Some(name)
    };
    let mut settings: Vec<(&str, String)> = Vec::new();
    for (_, section) in all.iter().filter(is_meant) {
        for (key, written) in &section.settings {
            settings.retain(|(known, _)| known != key);
            settings.push((key, written.value.clone()));
        }
    }
    settings
}

/// A name that the SDK reads: its own, or a number where it has characters that the SDK does not take.
fn alias(names: &[&str], name: &str) -> Option<String> {
    let index = names.iter().position(|known| *known == name)?;
    Some(if super::sdk::is_identifier(name) { name.to_owned() } else { format!("profile-{index}") })
}
