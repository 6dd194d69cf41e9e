//! Why a profile that leads to credentials can never get them: what STS or the SSO portal refuses whatever else is
//! done.
//! `lint` and `doctor` ask here alone.

use super::chain::fault;
use super::{Base, Chain, CredentialSource, Fault, FaultKind, Profile, Setting, SharedConfig};
use crate::inventory::{Diagnostic, RoleArn};
use crate::visible::{configured, printable};

/// What STS AssumeRole takes for `RoleSessionName`: 2 to 64 of `[\w+=,.@-]`.
const SESSION_NAME: Pattern = Pattern { key: "role_session_name", shortest: 2, longest: 64, others: "_+=,.@-" };
/// What STS AssumeRole takes for `ExternalId`: 2 to 1224 of `[\w+=,.@:\/-]`.
const EXTERNAL_ID: Pattern = Pattern { key: "external_id", shortest: 2, longest: 1224, others: "_+=,.@:/-" };

struct Pattern {
    key: &'static str,
    shortest: usize,
    longest: usize,
    others: &'static str,
}

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        let fits = |c: char| c.is_ascii_alphanumeric() || self.others.contains(c);
        text.chars().all(fits) && (self.shortest..=self.longest).contains(&text.len())
    }
}

impl SharedConfig {
    /// Everything that makes the credentials of this chain impossible, the first call's faults first.
    #[must_use]
    pub fn refusals(&self, chain: &Chain<'_>) -> Vec<Fault> {
        let base = chain.base_profile;
        let mut faults = Vec::new();
        match &chain.base {
            Base::Keys | Base::SessionKeys => faults.extend(self.keys_refused(chain)),
            Base::Sso(login) => {
                for key in ["sso_session", "sso_account_id", "sso_role_name"] {
                    faults.extend(setting(base, key).and_then(|setting| self.not_plain(base, key, setting)));
                }
                for (key, setting) in [("sso_start_url", login.start_url), ("sso_region", login.region)] {
                    faults.extend(self.not_plain(base, key, setting));
                }
            }
            Base::LoginSession => {
                faults.extend(
                    setting(base, "login_session").and_then(|setting| self.not_plain(base, "login_session", setting)),
                );
            }
            Base::WebIdentity => {
                let key = "web_identity_token_file";
                faults.extend(setting(base, key).and_then(|setting| self.not_plain(base, key, setting)));
            }
            Base::Process(_) | Base::Named(_) | Base::Nothing => {}
        }
        for (index, role) in chain.roles.iter().enumerate() {
            faults.extend(self.role_refused(chain, index, role));
        }
        faults
    }

    fn role_refused(&self, chain: &Chain<'_>, index: usize, role: &Profile) -> Vec<Fault> {
        let by_token = index == 0 && chain.base == Base::WebIdentity;
        let mut faults: Vec<Fault> = Vec::new();
        if let Some(arn) = &role.role_arn {
            faults.extend(self.not_plain(role, "role_arn", arn).or_else(|| self.malformed_arn(role, arn)));
        }
        let names = [(&role.role_session_name, &SESSION_NAME)];
        let ids = (!by_token).then_some((&role.external_id, &EXTERNAL_ID));
        for (written, pattern) in names.into_iter().chain(ids) {
            let Some(written) = written else { continue };
            let other = || (!pattern.fits(written)).then(|| self.unfit(role, written, pattern));
            faults.extend(self.not_plain(role, pattern.key, written).or_else(other));
        }
        faults.extend(index.checked_sub(1).and_then(|before| self.other_partition(chain.roles[before], role)));
        let negative = role.duration_seconds.as_ref().filter(|duration| !by_token && duration.is_negative());
        faults.extend(negative.map(|duration| self.negative(role, duration)));
        let empty_serial = role.empty("mfa_serial").filter(|_| !by_token && role.mfa_serial.is_none());
        faults.extend(empty_serial.map(|(key, place)| self.empty_value(role, key, place)));
        if let Some(serial) = role.mfa_serial.as_ref().filter(|_| !by_token) {
            let with_session = || (index > 0 || is_session(&chain.base)).then(|| self.mfa_with_session(role, serial));
            faults.extend(self.not_plain(role, "mfa_serial", serial).or_else(with_session));
        }
        faults
    }

    /// A comment or quotation marks, which are part of the value.
    fn not_plain(&self, profile: &Profile, key: &'static str, setting: &Setting) -> Option<Fault> {
        let (kind, what, help) = if setting.has_comment() {
            let what = "the AWS CLI and boto3 read the comment behind it as part of the value, other SDKs do not";
            (FaultKind::Commented { key, line: setting.place.line }, what, "put the comment on its own line")
        } else if setting.is_quoted() {
            let what = "the quotation marks are part of the value in every AWS tool";
            (FaultKind::Quoted { key, line: setting.place.line }, what, "write the value without quotation marks")
        } else {
            return None;
        };
        let remark = self.remark(setting, format!("profile `{}`: `{key}`: {what}", profile.name), help);
        Some(fault(kind, profile, remark))
    }

    fn malformed_arn(&self, role: &Profile, arn: &Setting) -> Option<Fault> {
        RoleArn::parse(arn).err()?;
        // The message quotes the text.
        let wrong = RoleArn::parse(&configured(arn)).err()?;
        let location = self.location(arn.place);
        let message = format!("profile `{}`: {}", role.name, printable(&wrong.message));
        let remark = Diagnostic::cannot_work(location, message, printable(&wrong.help));
        Some(fault(FaultKind::RoleArn, role, remark))
    }

    /// Partitions share no credentials.
    fn other_partition(&self, caller: &Profile, role: &Profile) -> Option<Fault> {
        let written = role.role_arn.as_ref()?;
        let (from, to) = (RoleArn::parse(caller.role_arn.as_ref()?).ok()?, RoleArn::parse(written).ok()?);
        (from.partition() != to.partition()).then(|| {
            let message = format!(
                "profile `{}`: the role is in partition {}, and the role of profile `{}` that assumes it in {}",
                role.name,
                to.partition(),
                caller.name,
                from.partition()
            );
            let help = "use a source_profile whose credentials are of the same partition";
            fault(FaultKind::OtherPartition, role, self.remark(written, message, help))
        })
    }

    /// Seen with botocore 1.43: ParamValidationError, "valid min value: 900".
    fn negative(&self, role: &Profile, duration: &Setting) -> Fault {
        let message = format!(
            "profile `{}`: duration_seconds is below zero: the AWS CLI and boto3 refuse it before the call",
            role.name
        );
        let help = "write a whole number of seconds from 900 to 43200";
        fault(FaultKind::NegativeDuration, role, self.remark(duration, message, help))
    }

    fn unfit(&self, role: &Profile, written: &Setting, pattern: &Pattern) -> Fault {
        let Pattern { key, shortest, longest, others } = pattern;
        let message = format!("profile `{}`: `{}` cannot be the {key}", role.name, configured(written));
        let help = format!("STS takes {shortest} to {longest} letters, digits and {others}");
        let kind = if *key == SESSION_NAME.key { FaultKind::SessionName } else { FaultKind::ExternalId };
        fault(kind, role, self.remark(written, message, &help))
    }

    /// STS AssumeRole, `SerialNumber`: "the MFA device that is associated with the user who is making the call".
    fn mfa_with_session(&self, role: &Profile, serial: &Setting) -> Fault {
        let message = format!(
            "profile `{}`: mfa_serial: a session assumes the role, and a session has no MFA device: STS refuses the \
             code",
            role.name
        );
        let help = "move mfa_serial to the profile whose role the user's own keys assume, or remove it";
        fault(FaultKind::MfaWithSession, role, self.remark(serial, message, help))
    }

    fn keys_refused(&self, chain: &Chain<'_>) -> Vec<Fault> {
        let profile = chain.base_profile;
        let location = profile.keys.clone().unwrap_or_else(|| profile.location.clone());
        let mut faults = Vec::new();
        let mut refuse = |kind, location, message: String, help: &str| {
            let remark = Diagnostic::cannot_work(location, message, help);
            faults.push(fault(kind, profile, remark));
        };
        if let Some(first) = profile.quoted_keys.first() {
            let lines = profile.quoted_keys.iter().filter(|key| key.file == first.file).map(|key| key.line).collect();
            let message = format!(
                "profile `{}`: the keys are in quotation marks, which are part of the value in every AWS tool",
                profile.name
            );
            let help = "write the keys without quotation marks: no key has them, and AWS refuses it";
            refuse(FaultKind::QuotedKeys(lines), first.clone(), message, help);
        }
        for (key, place) in &profile.commented_keys {
            let message = format!(
                "profile `{}`: `{key}`: the AWS CLI and boto3 read the comment behind it as part of the value",
                profile.name
            );
            let kind = FaultKind::Commented { key, line: place.line };
            refuse(kind, self.location(*place), message, "put the comment on its own line");
        }
        match (profile.is_session_key, &profile.token) {
            (Some(true), None) => refuse(
                FaultKind::TokenMissing,
                location,
                format!("profile `{}`: a session's key (ASIA) without aws_session_token", profile.name),
                "copy the session with its token, or use a profile that gets a session: AWS answers \
                 InvalidClientTokenId",
            ),
            (Some(false), Some(token)) => refuse(
                FaultKind::TokenLeftOver { line: token.line },
                token.clone(),
                format!("profile `{}`: a long-term key (AKIA) with the token of an earlier session", profile.name),
                "remove the token's line: AWS answers InvalidClientTokenId to key and token together",
            ),
            _ => {}
        }
        faults
    }
}

fn setting<'a>(profile: &'a Profile, key: &str) -> Option<&'a Setting> {
    profile.settings().find_map(|(known, setting)| (known == key).then_some(setting))
}

/// Whether the base is a role's session for certain. What a program prints, what the environment has and a session of
/// GetSessionToken may belong to a user with an MFA device.
const fn is_session(base: &Base<'_>) -> bool {
    match base {
        Base::Sso(_)
        | Base::WebIdentity
        | Base::Named(CredentialSource::Ec2InstanceMetadata | CredentialSource::EcsContainer) => true,
        Base::Keys
        | Base::SessionKeys
        | Base::LoginSession
        | Base::Process(_)
        | Base::Named(CredentialSource::Environment)
        | Base::Nothing => false,
    }
}
