//! Where other tools read a profile otherwise than the AWS CLI and boto3: who wins, which role, which duration.
//!
//! Read from the tools' own code, and run where the tool runs here (JavaScript):
//! - Rust (this command asks AWS with it): aws-config 1.13 `profile/credentials/repr.rs`
//! - Go 2 (Terraform): `config/shared_config.go`, `config/resolve_credentials.go`, `stscreds/assume_role_provider.go`
//! - Java 2: `ProfileCredentialsUtils.java`, `StsProfileCredentialsProviderFactory.java`
//! - JavaScript 3: `credential-provider-ini`, `credential-provider-node`, `credential-provider-sso` 3.981
//! - .NET 4: `AWSCredentialsFactory.cs`, `DefaultAWSCredentialsIdentityResolver.cs`; .NET 3:
//!   `FallbackCredentialsFactory.cs`

use super::{Base, Chain, Profile, Setting, SharedConfig, TokenKey};
use crate::inventory::Location;
use crate::lease::rules;

/// A setting that another tool reads otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The profile.
    pub profile: String,
    /// Where.
    pub location: Location,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// `sso_start_url` or `sso_region` beside an `sso_session` with the same value.
    SsoSettingsRepeated,
    /// Keys of the credentials file beside `credential_process` or `login_session`.
    KeysBeforeProcess,
    /// Keys of the config file behind `credential_process` or `login_session`.
    KeysBehindProcess,
    /// Keys beside SSO settings.
    KeysBesideSso,
    /// `credential_process` beside SSO settings.
    ProcessBesideSso,
    /// Keys beside `web_identity_token_file`.
    KeysBesideWebIdentity,
    /// `source_profile` beside `web_identity_token_file`.
    SourceBesideWebIdentity,
    /// `credential_process` beside a role.
    ProcessBesideRole,
    /// Keys beside a role, in the source profile of another role.
    KeysBesideRoleOfSource,
    /// A key with capital letters.
    Capitals,
    /// SSO settings beside a role with a source.
    SsoBesideRole,
    /// `duration_seconds` of a role.
    Duration,
    /// A role without `duration_seconds`.
    NoDuration,
    /// `mfa_serial`.
    Mfa,
    /// `aws_security_token`.
    OldTokenName,
    /// The token of a session under both of its names.
    TwoTokenNames,
}

impl DifferenceKind {
    /// What each tool does, the AWS CLI and boto3 first.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::SsoSettingsRepeated => {
                "sso_start_url and sso_region are repeated beside sso_session: the AWS CLI, boto3, Go and JavaScript \
                 accept equal values, the SDK for Rust refuses the profile"
            }
            Self::KeysBeforeProcess => {
                "keys in the credentials file: the AWS CLI, boto3, Go and JavaScript take the keys; the SDKs for Rust \
                 and Java run credential_process or take login_session"
            }
            Self::KeysBehindProcess => {
                "keys in the config file beside credential_process or login_session: the AWS CLI, boto3, Rust and \
                 Java do not take the keys; Go and JavaScript do"
            }
            Self::KeysBesideSso => {
                "keys beside SSO settings: the AWS CLI, boto3, Rust and Java take IAM Identity Center; Go and \
                 JavaScript take the keys"
            }
            Self::ProcessBesideSso => {
                "credential_process beside SSO settings: the AWS CLI, boto3, Rust, Go and Java take IAM Identity \
                 Center; JavaScript runs the process"
            }
            Self::KeysBesideWebIdentity => {
                "keys beside web_identity_token_file: the AWS CLI, boto3, Rust and Java take the token; Go and \
                 JavaScript take the keys"
            }
            Self::SourceBesideWebIdentity => {
                "source_profile beside web_identity_token_file: the AWS CLI, boto3, Rust and Java exchange the token; \
                 JavaScript assumes the role with the source profile; Go (Terraform) refuses the profile"
            }
            Self::ProcessBesideRole => {
                "credential_process beside a role: the AWS CLI, boto3, Rust, Java and JavaScript take the role; Go \
                 (Terraform) refuses the profile"
            }
            Self::KeysBesideRoleOfSource => {
                "keys beside a role in a source profile: the AWS CLI, boto3, Rust and JavaScript take the keys; Go \
                 (Terraform) assumes the role with them first, and Java with its source profile"
            }
            Self::Capitals => {
                "a key in capital letters: the AWS CLI, boto3 and the SDK for Rust read it; JavaScript does not"
            }
            Self::SsoBesideRole => {
                "SSO settings beside a role: the AWS CLI, boto3, Rust, Go and JavaScript assume the role; Java takes \
                 IAM Identity Center without it"
            }
            Self::Duration => {
                "duration_seconds: the SDKs for Rust, Java and .NET do not send it and get 1h; Go (Terraform) sends \
                 it from 16 minutes on"
            }
            Self::NoDuration => {
                "no duration_seconds: Go (Terraform) asks for 15m and renews them; every other tool gets 1h"
            }
            Self::Mfa => {
                "mfa_serial: the AWS CLI and boto3 ask for the code; Go (Terraform), JavaScript and .NET fail without \
                 a program that supplies it; Rust and Java send none"
            }
            Self::OldTokenName => {
                "aws_security_token: the AWS CLI and boto3 read it before aws_session_token; the other SDKs do not \
                 read it and send no token"
            }
            Self::TwoTokenNames => {
                "aws_security_token beside aws_session_token: the AWS CLI and boto3 read the first, the other SDKs the \
                 second"
            }
        }
    }

    /// Whether a tool gets other credentials, or none: a warning. Else the difference is one of durations.
    #[must_use]
    pub const fn is_of_credentials(self) -> bool {
        !matches!(self, Self::Duration | Self::NoDuration)
    }
}

/// The differences that are found, with the places of their settings.
struct Found<'a> {
    config: &'a SharedConfig,
    differences: Vec<Difference>,
}

impl Found<'_> {
    fn add(&mut self, profile: &Profile, location: &Location, kind: DifferenceKind) {
        self.differences.push(Difference { profile: profile.name.clone(), location: location.clone(), kind });
    }

    /// Adds a difference at a setting, where the profile has it.
    fn add_at(&mut self, profile: &Profile, setting: Option<&Setting>, kind: DifferenceKind) {
        if let Some(setting) = setting {
            self.add(profile, &self.config.location(setting.place), kind);
        }
    }

    fn add_at_keys(&mut self, profile: &Profile, kind: DifferenceKind) {
        if let Some(keys) = profile.keys.as_ref().filter(|_| profile.has_keys()) {
            self.add(profile, keys, kind);
        }
    }

    /// The settings beside those that give the chain's first credentials.
    fn add_of_base(&mut self, chain: &Chain<'_>) {
        let base = chain.base_profile;
        match &chain.base {
            Base::Sso(login) => {
                for setting in [&base.sso_start_url, &base.sso_region].into_iter().filter(|_| login.session.is_some()) {
                    self.add_at(base, setting.as_ref(), DifferenceKind::SsoSettingsRepeated);
                }
                self.add_at_keys(base, DifferenceKind::KeysBesideSso);
                self.add_at(base, base.credential_process.as_ref(), DifferenceKind::ProcessBesideSso);
            }
            Base::Keys | Base::SessionKeys => self.add_of_keys(chain),
            Base::Process(_) | Base::LoginSession => self.add_at_keys(base, DifferenceKind::KeysBehindProcess),
            Base::WebIdentity => {
                self.add_at_keys(base, DifferenceKind::KeysBesideWebIdentity);
                self.add_at(base, base.source_profile.as_ref(), DifferenceKind::SourceBesideWebIdentity);
            }
            Base::Named(_) | Base::Nothing => {}
        }
    }

    fn add_of_keys(&mut self, chain: &Chain<'_>) {
        let base = chain.base_profile;
        let location = base.keys.as_ref().unwrap_or(&base.location);
        if base.credential_process.is_some() || base.login_session.is_some() {
            self.add(base, location, DifferenceKind::KeysBeforeProcess);
        }
        // Go: `setFromIniSections` keeps the role of a source profile that has keys.
        let is_own_role = chain.roles.iter().any(|role| role.name == base.name);
        if base.role_arn.is_some() && !is_own_role {
            self.add(base, location, DifferenceKind::KeysBesideRoleOfSource);
        }
        let names = match base.session_token {
            Some(TokenKey::Security) => Some(DifferenceKind::OldTokenName),
            Some(TokenKey::Both) => Some(DifferenceKind::TwoTokenNames),
            Some(TokenKey::Session) | None => None,
        };
        if let Some(kind) = names {
            self.add(base, base.token.as_ref().unwrap_or(location), kind);
        }
    }

    /// The settings of a role that a profile assumes.
    fn add_of_role(&mut self, role: &Profile, chain: &Chain<'_>) {
        match role.duration_seconds.as_ref().filter(|duration| duration.seconds().is_some()) {
            // Every tool's session lasts as long then.
            Some(duration) if duration.seconds() == Some(rules::DEFAULT_DURATION.0) => {}
            Some(duration) => self.add_at(role, Some(duration), DifferenceKind::Duration),
            // A value that is no number is a setting without effect, and is described there.
            None if role.duration_seconds.is_some() => {}
            None => self.add(role, &role.location, DifferenceKind::NoDuration),
        }
        self.add_at(role, role.mfa_serial.as_ref(), DifferenceKind::Mfa);
        let base = chain.base_profile;
        let base_has_sso = base.sso_account_id.is_some() || base.sso_role_name.is_some();
        let names_sso = role.sso_session.is_some() || role.sso_start_url.is_some();
        if (base_has_sso && role.name == base.name) || names_sso {
            self.add(role, &role.location, DifferenceKind::SsoBesideRole);
        }
    }
}

impl SharedConfig {
    /// What other tools read otherwise on the way from this chain's profile to its credentials.
    #[must_use]
    pub fn differences(&self, chain: &Chain<'_>) -> Vec<Difference> {
        let base = chain.base_profile;
        let mut found = Found { config: self, differences: Vec::new() };
        found.add_of_base(chain);
        let is_extra_base = chain.roles.iter().all(|role| role.name != base.name);
        for profile in chain.roles.iter().copied().chain(is_extra_base.then_some(base)) {
            if let Some((_, place)) = profile.capitals {
                found.add(profile, &self.location(place), DifferenceKind::Capitals);
            }
        }
        // Go: `validateCredentialType` allows one of them.
        for role in chain.roles.iter().filter(|role| !role.has_keys()) {
            found.add_at(role, role.credential_process.as_ref(), DifferenceKind::ProcessBesideRole);
        }
        let by_token = usize::from(chain.base == Base::WebIdentity);
        for role in chain.roles.iter().skip(by_token) {
            found.add_of_role(role, chain);
        }
        found.differences
    }
}
