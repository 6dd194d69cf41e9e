//! One profile as the files give it: its settings with their places, and whether keys are there. Never a secret's
//! value.

use super::ends::{STATED_END_KEYS, StatedEnd, moment};
use super::places::{Section, Written};
use super::sdk::Kind;
use super::setting::Setting;
use crate::inventory::{Diagnostic, Location, Place};

/// Of more unknown keys in a profile, the rest is not compared with the known ones.
const MOST_UNKNOWN_KEYS: usize = 200;

/// A profile: the settings that say where its credentials come from.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are named as the keys of the files, and AWS documents those")]
pub struct Profile {
    /// Its name, without the prefix.
    pub name: String,
    /// Its header: in the config file where it has one there.
    pub location: Location,
    /// The same, for what is checked against the files.
    pub(crate) place: Place,
    pub role_arn: Option<Setting>,
    pub source_profile: Option<Setting>,
    pub credential_source: Option<Setting>,
    pub duration_seconds: Option<Setting>,
    pub mfa_serial: Option<Setting>,
    pub external_id: Option<Setting>,
    pub role_session_name: Option<Setting>,
    pub web_identity_token_file: Option<Setting>,
    pub sso_session: Option<Setting>,
    pub sso_start_url: Option<Setting>,
    pub sso_region: Option<Setting>,
    pub sso_registration_scopes: Option<Setting>,
    pub sso_account_id: Option<Setting>,
    pub sso_role_name: Option<Setting>,
    /// The command; it may hold secrets.
    pub credential_process: Option<Setting>,
    pub login_session: Option<Setting>,
    pub region: Option<Setting>,
    pub granted_sso_start_url: Option<Setting>,
    /// `aws_access_key_id` is there.
    pub has_access_key: bool,
    /// Whether it is a session's (ASIA) or a long-term one (AKIA); `None`: neither.
    pub is_session_key: Option<bool>,
    /// `aws_secret_access_key` is there.
    pub has_secret: bool,
    /// The token's key that the AWS CLI and boto3 read.
    pub session_token: Option<TokenKey>,
    /// Where the keys are written: the place of the first of them that is there.
    pub keys: Option<Location>,
    /// The keys are written in the credentials file.
    pub keys_in_credentials_file: bool,
    /// Where the session token is written.
    pub token: Option<Location>,
    /// The keys whose value has a quotation mark in it, which no key has: where they are written.
    pub quoted_keys: Vec<Location>,
    /// The keys with a comment behind their value: the AWS CLI and boto3 take it as part of the value.
    pub(crate) commented_keys: Vec<(&'static str, Place)>,
    /// When the keys end, as the tool that wrote them says.
    pub stated_end: Option<StatedEnd>,
    /// Settings without a value that the AWS CLI and boto3 take as set.
    pub(crate) empty: Vec<(&'static str, Place)>,
    /// A setting whose key has capital letters.
    pub(crate) capitals: Option<(&'static str, Place)>,
    /// The keys of the section that no tool knows and that are nearly a known one.
    pub misspelt: Vec<Misspelt>,
    /// A value that ends with a header: the file had no line break before the header was appended.
    pub glued: Vec<Glued>,
    /// Why it cannot be read as it is meant.
    pub(crate) spoilt: Option<Diagnostic>,
}

/// The key of a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKey {
    /// `aws_session_token`, which every tool knows.
    Session,
    /// `aws_security_token`, the older name: botocore reads it first (`SharedCredentialProvider.TOKENS`), the other
    /// SDKs do not read it.
    Security,
    /// Both: tools read different ones.
    Both,
}

/// A key that is nearly a known one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// As it is written.
    pub written: String,
    /// The known key.
    pub meant: &'static str,
    /// Where its value is written.
    pub location: Location,
}

/// A header that is part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glued {
    /// The header, with its brackets.
    pub header: String,
    /// The profile that it is meant for.
    pub profile: String,
    /// Where the value is written.
    pub location: Location,
}

impl Profile {
    /// Whether it has a key and its secret.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.has_access_key && self.has_secret
    }

    /// Where this setting is written without a value.
    pub(super) fn empty(&self, key: &str) -> Option<(&'static str, Place)> {
        self.empty.iter().copied().find(|(known, _)| *known == key)
    }

    /// Every setting that the credentials depend on and that is there, with its key.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        FIELDS.iter().filter_map(|(key, field, _)| Some((*key, field(self).as_ref()?)))
    }
}

type Field = fn(&Profile) -> &Option<Setting>;
type FieldMut = fn(&mut Profile) -> &mut Option<Setting>;

macro_rules! fields {
    ($($name:ident),* $(,)?) => {
        [$((stringify!($name), |profile| &profile.$name, |profile| &mut profile.$name)),*]
    };
}

/// The keys of the files and the fields that hold their values.
const FIELDS: [(&str, Field, FieldMut); 18] = fields![
    role_arn,
    source_profile,
    credential_source,
    duration_seconds,
    mfa_serial,
    external_id,
    role_session_name,
    web_identity_token_file,
    sso_session,
    sso_start_url,
    sso_region,
    sso_registration_scopes,
    sso_account_id,
    sso_role_name,
    credential_process,
    login_session,
    region,
    granted_sso_start_url,
];

/// A login to IAM Identity Center that profiles share.
#[derive(Debug, Clone)]
pub struct SsoSession {
    /// Its name.
    pub name: String,
    /// Its header.
    pub location: Location,
    /// The portal.
    pub start_url: Option<Setting>,
    /// The Region of Identity Center.
    pub region: Option<Setting>,
    /// What the login asks for.
    pub registration_scopes: Option<Setting>,
}

impl SsoSession {
    pub(super) fn new(name: &str, location: Location) -> Self {
        Self { name: name.to_owned(), location, start_url: None, region: None, registration_scopes: None }
    }

    pub(super) fn add(&mut self, section: &Section) {
        let setting = |key: &str| section.settings.get(key).and_then(Setting::new);
        self.start_url = setting("sso_start_url").or_else(|| self.start_url.take());
        self.region = setting("sso_region").or_else(|| self.region.take());
        self.registration_scopes = setting("sso_registration_scopes").or_else(|| self.registration_scopes.take());
    }

    /// Every setting that is there, with its key.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        [
            ("sso_start_url", &self.start_url),
            ("sso_region", &self.region),
            ("sso_registration_scopes", &self.registration_scopes),
        ]
        .into_iter()
        .filter_map(|(key, setting)| Some((key, setting.as_ref()?)))
    }
}

/// A profile whose sections are still being gathered: from the config file, then the credentials file, which wins.
#[derive(Default)]
pub(super) struct ProfileBuilder {
    profile: Profile,
    header: Option<Place>,
    keys: Option<Place>,
    token: Option<Place>,
    /// Of each key in quotation marks: its name and where the value is written.
    quoted: Vec<(&'static str, Place)>,
    /// Unknown keys with the place of their value.
    unknown: Vec<(String, Place)>,
    /// Headers that are part of a value.
    glued: Vec<(String, Place)>,
}

impl ProfileBuilder {
    pub(super) fn add(&mut self, kind: Kind, section: &Section) {
        self.header.get_or_insert(section.place);
        for (key, _, field) in FIELDS {
            let Some(written) = section.settings.get(key) else { continue };
            self.note_empty(key, written);
            if let Some(setting) = Setting::new(written) {
                if written.has_capitals {
                    self.profile.capitals.get_or_insert((key, written.place));
                }
                *field(&mut self.profile) = Some(setting);
            }
        }
        self.add_keys(kind, section);
        for key in STATED_END_KEYS {
            if let Some(written) = section.settings.get(key).filter(|written| !written.value.is_empty()) {
                let at = moment(&written.value);
                self.profile.stated_end = Some(StatedEnd { key, at, line: written.place.line });
            }
        }
        for (key, written) in &section.settings {
            if super::keys::is_unknown(key) && self.unknown.len() < MOST_UNKNOWN_KEYS {
                self.unknown.push((key.clone(), written.place));
            }
            if let Some(header) = glued_header(&written.value) {
                self.glued.push((header.to_owned(), written.place));
            }
        }
    }

    fn note_empty(&mut self, key: &'static str, written: &Written) {
        self.profile.empty.retain(|(known, _)| *known != key);
        if written.value.is_empty() {
            self.profile.empty.push((key, written.place));
        }
    }

    fn add_keys(&mut self, kind: Kind, section: &Section) {
        for key in ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"] {
            let Some(written) = section.settings.get(key) else { continue };
            self.note_empty(key, written);
            let Some(written) = Setting::new(written) else {
                if key == "aws_access_key_id" {
                    self.profile.has_access_key = false;
                }
                continue;
            };
            let profile = &mut self.profile;
            match key {
                "aws_access_key_id" => {
                    let kinds = [("ASIA", true), ("AKIA", false)];
                    profile.has_access_key = true;
                    profile.keys_in_credentials_file = kind == Kind::Credentials;
                    let kind = kinds.iter().find(|(begins, _)| written.starts_with(begins));
                    profile.is_session_key = kind.map(|kind| kind.1);
                }
                "aws_secret_access_key" => profile.has_secret = true,
                "aws_session_token" => {
                    profile.session_token.get_or_insert(TokenKey::Session);
                }
                _ => {
                    let beside = profile.session_token.is_some_and(|token| token != TokenKey::Security);
                    profile.session_token = Some(if beside { TokenKey::Both } else { TokenKey::Security });
                }
            }
            if key.ends_with("token") {
                self.token = Some(written.place);
            }
            // The keys of the credentials file win over those of the config file.
            if key == "aws_access_key_id" {
                self.keys = Some(written.place);
            } else {
                self.keys.get_or_insert(written.place);
            }
            // The credentials file comes second, and wins.
            self.quoted.retain(|(known, _)| *known != key);
            profile.commented_keys.retain(|(known, _)| *known != key);
            if written.contains(['"', '\'']) {
                self.quoted.push((key, written.place));
            }
            if written.has_comment() {
                profile.commented_keys.push((key, written.place));
            }
        }
    }

    /// A setting of several lines spoils its profile: it holds what should be keys of their own, secrets perhaps.
    pub(super) fn build(mut self, name: &str, location: impl Fn(Place) -> Location) -> Profile {
        self.unknown.sort_by_key(|(_, place)| (place.file, place.line));
        self.glued.sort_by_key(|(_, place)| (place.file, place.line));
        let mut profile = self.profile;
        profile.name = name.to_owned();
        profile.place = self.header.unwrap_or_default();
        profile.location = location(profile.place);
        profile.keys = self.keys.map(&location);
        profile.token = self.token.map(&location);
        profile.quoted_keys = self.quoted.into_iter().map(|(_, place)| location(place)).collect();
        let misspelt = |(written, place): (String, Place)| {
            let has = |key: &str| FIELDS.iter().any(|(name, field, _)| *name == key && field(&profile).is_some());
            let meant = super::keys::meant(&written).filter(|meant| !has(meant))?;
            Some(Misspelt { written, meant, location: location(place) })
        };
        profile.misspelt = self.unknown.into_iter().filter_map(misspelt).collect();
        let glued = |(header, place): (String, Place)| {
            let inner = header.trim_matches(['[', ']']);
            let profile = inner.strip_prefix("profile ").unwrap_or(inner).trim().to_owned();
            Glued { header, profile, location: location(place) }
        };
        profile.glued = self.glued.into_iter().map(glued).collect();
        let mut spoilt = None;
        for (key, _, field) in FIELDS {
            if let Some(written) = field(&mut profile).take_if(|setting| setting.contains('\n')) {
                spoilt.get_or_insert(Diagnostic::cannot_work(
                    location(written.place),
                    format!("`{key}` goes on in the indented lines below it"),
                    "start each key in the first column of its line",
                ));
            }
        }
        profile.spoilt = spoilt;
        profile
    }
}

/// The header at the end of a value: `11111111[new]`.
fn glued_header(value: &str) -> Option<&str> {
    let start = value.rfind('[').filter(|start| *start > 0 && value.ends_with(']'))?;
    let inner = &value[start + 1..value.len() - 1];
    let name = inner.strip_prefix("profile ").or_else(|| inner.strip_prefix("sso-session ")).unwrap_or(inner);
    (!name.is_empty() && super::sdk::is_identifier(name) && !value.contains(['{', '\n'])).then(|| &value[start..])
}
