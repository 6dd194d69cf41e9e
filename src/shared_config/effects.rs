//! Settings without effect: what somebody wrote and no AWS tool, or not the AWS CLI and boto3, does anything with.

use super::{Base, Chain, Profile, Setting, SharedConfig};
use crate::inventory::Location;

/// A setting without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ineffective {
    /// The profile that it is written in.
    pub profile: String,
    /// Where.
    pub location: Location,
    /// Why.
    pub kind: IneffectiveKind,
}

/// Why a setting has no effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum IneffectiveKind {
    /// `duration_seconds` of a permission set.
    DurationOfPermissionSet,
    /// A setting of a role, in a profile without `role_arn`.
    NoRole {
        /// The setting.
        key: &'static str,
    },
    /// `duration_seconds` beside a web identity, which no tool sends: botocore `AssumeRoleWithWebIdentityProvider`
    /// (boto/botocore#3411), Rust `profile/credentials/exec.rs`, Go 2 `assumeWebIdentity` of
    /// `config/resolve_credentials.go`, Java 2 `ProfileCredentialsUtils.java`, JavaScript 3
    /// `resolveWebIdentityCredentials.ts`, .NET `AWSCredentialsFactory.cs`. Terraform's provider sends the `duration`
    /// of its own block `assume_role_with_web_identity`.
    DurationOfWebIdentity,
    /// A setting of AssumeRole beside a web identity: AssumeRoleWithWebIdentity has no such parameter.
    NotOfWebIdentity {
        /// The setting.
        key: &'static str,
    },
    /// `duration_seconds` is no number to Python: the AWS CLI and boto3 send none
    /// (`AssumeRoleProvider._get_role_config`).
    DurationNotANumber {
        /// A comment follows the number.
        comment: bool,
    },
    /// A key that no tool knows.
    Misspelt {
        /// As it is written.
        written: String,
        /// The key that is near.
        meant: &'static str,
    },
    /// A blank beside the value that only some tools drop: Python and JavaScript do, the SDK for Rust does not.
    OddBlank {
        /// The setting.
        key: &'static str,
    },
    /// A header that is part of the value before it.
    GluedHeader {
        /// The header.
        header: String,
    },
}

impl IneffectiveKind {
    /// What is so, and what would be right.
    #[must_use]
    pub fn describe(&self) -> (String, &'static str) {
        match self {
            Self::DurationOfPermissionSet => (
                "duration_seconds has no effect: the permission set's session duration counts".to_owned(),
                "set the session duration of the permission set in IAM Identity Center",
            ),
            Self::NoRole { key } => {
                // Go's `validateCredentialsRequireARN` (config/shared_config.go).
                let in_go = match *key {
                    "source_profile" | "credential_source" => "; Go (Terraform) refuses the profile",
                    _ => "",
                };
                let what = format!("{key} has no effect without role_arn{in_go}");
                (what, "add the role_arn that it belongs to, or remove it")
            }
            Self::DurationOfWebIdentity => (
                "duration_seconds has no effect with a web identity: the AWS CLI, boto3, Rust, Go (Terraform), Java, \
                 JavaScript and .NET do not send it, and the session lasts 1h"
                    .to_owned(),
                "for a longer session, call AssumeRoleWithWebIdentity with a duration: `aws sts \
                 assume-role-with-web-identity --duration-seconds`, or `duration` in Terraform's \
                 assume_role_with_web_identity block",
            ),
            Self::NotOfWebIdentity { key } => (
                format!("{key} has no effect with a web identity: AssumeRoleWithWebIdentity does not take it"),
                "remove it",
            ),
            Self::DurationNotANumber { comment } => {
                let (why, others) = if *comment {
                    ("the comment behind it is part of the value", "JavaScript and Go (Terraform) read the number")
                } else {
                    (
                        "it is no whole number",
                        "JavaScript sends the digits that it begins with, and Go (Terraform) asks for 15m",
                    )
                };
                (
                    format!(
                        "duration_seconds has no effect in the AWS CLI and boto3: {why}, and the session lasts 1h; \
                         {others}"
                    ),
                    "write a whole number of seconds, and a comment on its own line",
                )
            }
            Self::Misspelt { written, meant } => {
                (format!("no tool reads `{written}`; {meant} is near"), "write the key as AWS spells it")
            }
            Self::OddBlank { key } => (
                format!(
                    "a no-break space stands beside `{key}`: the AWS CLI, boto3 and JavaScript drop it, the SDK for \
                     Rust keeps it"
                ),
                "write an ordinary space",
            ),
            Self::GluedHeader { header } => (
                format!("the header {header} is part of the value before it, and its profile is not there"),
                "write the header on its own line",
            ),
        }
    }
}

impl SharedConfig {
    /// The settings of this profile that have no effect. `chain`: where its credentials come from, as far as that is
    /// known.
    #[must_use]
    pub fn ineffective(&self, profile: &Profile, chain: Option<&Chain<'_>>) -> Vec<Ineffective> {
        let mut found = Vec::new();
        let mut add = |location: Location, kind| {
            found.push(Ineffective { profile: profile.name.clone(), location, kind });
        };
        let at = |setting: &Setting| self.location(setting.place);
        let by_sso = chain.is_some_and(|chain| {
            chain.profile.name == profile.name
                && chain.base_profile.name == profile.name
                && matches!(chain.base, Base::Sso(_))
        });
        if let Some(duration) = &profile.duration_seconds {
            let kind = match (&profile.role_arn, &profile.web_identity_token_file) {
                (None, _) if by_sso => Some(IneffectiveKind::DurationOfPermissionSet),
                (None, _) => Some(IneffectiveKind::NoRole { key: "duration_seconds" }),
                (Some(_), Some(_)) => Some(IneffectiveKind::DurationOfWebIdentity),
                (Some(_), None) if duration.seconds().is_none() && !duration.is_negative() => {
                    let comment = duration.has_comment();
                    Some(IneffectiveKind::DurationNotANumber { comment })
                }
                (Some(_), None) => None,
            };
            if let Some(kind) = kind {
                add(at(duration), kind);
            }
        }
        if profile.role_arn.is_none() {
            for (key, setting) in profile.settings() {
                let of_role = ["mfa_serial", "external_id", "source_profile", "credential_source"].contains(&key);
                if of_role {
                    add(at(setting), IneffectiveKind::NoRole { key });
                }
            }
        }
        // With a source profile too, JavaScript assumes the role with that.
        if profile.role_arn.is_some() && profile.web_identity_token_file.is_some() && profile.source_profile.is_none() {
            for (key, setting) in profile.settings() {
                if ["mfa_serial", "external_id"].contains(&key) {
                    add(at(setting), IneffectiveKind::NotOfWebIdentity { key });
                }
            }
        }
        for misspelt in &profile.misspelt {
            let kind = IneffectiveKind::Misspelt { written: misspelt.written.clone(), meant: misspelt.meant };
            add(misspelt.location.clone(), kind);
        }
        for (key, setting) in profile.settings().filter(|(_, setting)| setting.odd_blank) {
            add(at(setting), IneffectiveKind::OddBlank { key });
        }
        for glued in profile.glued.iter().filter(|glued| self.profile(&glued.profile).is_none()) {
            add(glued.location.clone(), IneffectiveKind::GluedHeader { header: glued.header.clone() });
        }
        found
    }
}
