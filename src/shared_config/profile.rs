//! One profile as the files give it: its settings with their places, and whether keys are there. Never a secret's value.

use std::fmt;
use std::ops::Deref;

use aws_runtime::env_config::section;

use super::places::Section;
use crate::inventory::{Location, Place, Remark};

/// A value of the files and where it stands. Its Debug output leaves the value out: commands may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    value: String,
    /// Where the value stands.
    pub place: Place,
}

impl Setting {
    /// Whether more stands on its line than the SDKs take for the value.
    fn has_comment(&self) -> bool {
        !self.value.contains('\n') && self.value.chars().count() < self.place.length
    }
}

impl Deref for Setting {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on line {}", self.place.line)
    }
}

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
    pub sso_account_id: Option<Setting>,
    pub sso_role_name: Option<Setting>,
    /// The command; it may hold secrets.
    pub credential_process: Option<Setting>,
    pub login_session: Option<Setting>,
    pub region: Option<Setting>,
    /// `aws_access_key_id` is there.
    pub has_access_key: bool,
    /// Whether it is a session's (ASIA) or a long-term one (AKIA); `None`: neither.
    pub is_session_key: Option<bool>,
    /// `aws_secret_access_key` is there.
    pub has_secret: bool,
    /// `aws_session_token` is there.
    pub has_session_token: bool,
    /// Where the keys stand: the place of the first of them that is there.
    pub keys: Option<Location>,
    /// The keys whose value has a quotation mark in it, which no key has: where they stand.
    pub quoted_keys: Vec<Location>,
    /// The settings that have a comment behind their value: the AWS CLI and boto3 take it as part of the value.
    pub(crate) commented: Vec<(&'static str, Location)>,
    /// Why it cannot be read as it is meant.
    pub(crate) spoilt: Option<Remark>,
}

impl Profile {
    /// Whether it has a key and its secret.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.has_access_key && self.has_secret
    }
}

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
    pub(super) fn new(section: &Section, location: Location) -> Self {
        Self { name: section.name.clone(), location, start_url: None, region: None, registration_scopes: None }
    }

    pub(super) fn add<'a>(&mut self, section: &Section, get: impl Fn(&str) -> Option<&'a str>) {
        let setting = |key: &str| setting(section, key, get(key));
        self.start_url = setting("sso_start_url").or_else(|| self.start_url.take());
        self.region = setting("sso_region").or_else(|| self.region.take());
        self.registration_scopes = setting("sso_registration_scopes").or_else(|| self.registration_scopes.take());
    }
}

/// The value of a key, placed at the section's line of it; an empty one is as good as none.
fn setting(section: &Section, key: &str, value: Option<&str>) -> Option<Setting> {
    let place = *section.keys.get(key)?;
    let value = value.filter(|value| !value.is_empty())?.to_owned();
    Some(Setting { value, place })
}

/// A profile whose sections are still being gathered: from the config file, then the credentials file, which wins.
#[derive(Default)]
pub(super) struct Builder {
    profile: Profile,
    header: Option<Place>,
    keys: Option<Place>,
    /// Of each key in quotation marks: its name and where the value stands.
    quoted: Vec<(&'static str, Place)>,
    /// The same of each setting with a comment behind its value.
    commented: Vec<(&'static str, Place)>,
}

impl Builder {
    pub(super) fn add(&mut self, section: &Section, found: &section::Profile) {
        self.header.get_or_insert(section.place);
        let profile = &mut self.profile;
        for (key, field) in profile.settings() {
            if let Some(value) = setting(section, key, found.get(key)) {
                self.commented.extend(value.has_comment().then_some((key, value.place)));
                *field = Some(value);
            }
        }
        for (key, there) in [
            ("aws_access_key_id", &mut profile.has_access_key),
            ("aws_secret_access_key", &mut profile.has_secret),
            ("aws_session_token", &mut profile.has_session_token),
        ] {
            if let Some(written) = setting(section, key, found.get(key)) {
                *there = true;
                if key == "aws_access_key_id" {
                    let kinds = [("ASIA", true), ("AKIA", false)];
                    profile.is_session_key =
                        kinds.iter().find(|(begins, _)| written.starts_with(begins)).map(|kind| kind.1);
                }
                self.commented.extend(written.has_comment().then_some((key, written.place)));
                self.keys.get_or_insert(written.place);
                // The credentials file comes second, and wins.
                self.quoted.retain(|(known, _)| *known != key);
                if written.contains(['"', '\'']) {
                    self.quoted.push((key, written.place));
                }
            }
        }
    }

    /// A setting of several lines spoils its profile: it holds what should be keys of their own, secrets perhaps.
    pub(super) fn build(self, name: &str, location: impl Fn(Place) -> Location) -> Profile {
        let mut profile = self.profile;
        profile.name = name.to_owned();
        profile.place = self.header.unwrap_or_default();
        profile.location = location(profile.place);
        profile.keys = self.keys.map(&location);
        profile.quoted_keys = self.quoted.into_iter().map(|(_, place)| location(place)).collect();
        profile.commented = self.commented.into_iter().map(|(key, place)| (key, location(place))).collect();
        let mut spoilt = None;
        for (key, field) in profile.settings() {
            if let Some(written) = field.take_if(|setting| setting.contains('\n')) {
                spoilt.get_or_insert(Remark {
                    location: location(written.place),
                    message: format!("`{key}` goes on in the indented lines below it"),
                    help: "start each key in the first column of its line".to_owned(),
                    cannot_work: false,
                });
            }
        }
        profile.spoilt = spoilt;
        profile
    }
}

impl Profile {
    fn settings(&mut self) -> [(&'static str, &mut Option<Setting>); 16] {
        [
            ("role_arn", &mut self.role_arn),
            ("source_profile", &mut self.source_profile),
            ("credential_source", &mut self.credential_source),
            ("duration_seconds", &mut self.duration_seconds),
            ("mfa_serial", &mut self.mfa_serial),
            ("external_id", &mut self.external_id),
            ("role_session_name", &mut self.role_session_name),
            ("web_identity_token_file", &mut self.web_identity_token_file),
            ("sso_session", &mut self.sso_session),
            ("sso_start_url", &mut self.sso_start_url),
            ("sso_region", &mut self.sso_region),
            ("sso_account_id", &mut self.sso_account_id),
            ("sso_role_name", &mut self.sso_role_name),
            ("credential_process", &mut self.credential_process),
            ("login_session", &mut self.login_session),
            ("region", &mut self.region),
        ]
    }
}
