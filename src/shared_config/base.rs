//! The credentials that a profile gives without assuming a role, in the order of the AWS CLI and boto3.

use super::chain::fault;
use super::{Base, CredentialSource, Fault, FaultKind, Kind, Profile, Setting, SharedConfig, SsoLogin};
use crate::inventory::{Diagnostic, Location, Place, nearest};
use crate::visible::{configured, looks_like_credential};

impl SharedConfig {
    pub(super) fn named<'a>(&'a self, profile: &'a Profile, source: &'a Setting) -> Result<Base<'a>, Fault> {
        CredentialSource::parse(source).map(Base::Named).ok_or_else(|| {
            let meant = source.without_comment();
            let exact = CredentialSource::ALL.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(meant));
            let help = exact.map_or_else(
                || "write Ec2InstanceMetadata, EcsContainer or Environment".to_owned(),
                |(_, name)| format!("write {name} and nothing else: the AWS CLI and boto3 tell the cases apart"),
            );
            let message = format!("`{}` is not a credential_source", configured(source));
            fault(FaultKind::CredentialSourceUnknown, profile, self.remark(source, message, &help))
        })
    }

    /// What a profile gives without assuming a role of its own.
    pub(super) fn base<'a>(&'a self, profile: &'a Profile) -> Result<Base<'a>, Fault> {
        if let Some(token_file) = &profile.web_identity_token_file {
            if profile.role_arn.is_none() {
                let message = format!("profile `{}` has a web_identity_token_file and no role_arn", profile.name);
                let remark = self.remark(token_file, message, "add the role_arn that the token is exchanged for");
                return Err(fault(FaultKind::WebIdentityWithoutRole, profile, remark));
            }
            return Ok(Base::WebIdentity);
        }
        let empty = |key| profile.empty(key).map(|(key, place)| self.empty_value(profile, key, place));
        if profile.sso_account_id.is_some() || profile.sso_role_name.is_some() {
            return empty("sso_session").map_or_else(|| self.sso(profile), Err);
        }
        let empty_key = profile.empty("aws_access_key_id").filter(|_| !profile.has_access_key);
        let is_in_credentials =
            |place: &Place| self.files().get(place.file).is_some_and(|file| file.kind == Kind::Credentials);
        if let Some((key, place)) = empty_key.filter(|(_, place)| is_in_credentials(place)) {
            return Err(self.empty_value(profile, key, place));
        }
        if profile.has_access_key && profile.keys_in_credentials_file {
            return self.keys(profile);
        }
        if profile.login_session.is_some() {
            return Ok(Base::LoginSession);
        }
        if let Some(command) = &profile.credential_process {
            return Ok(Base::Process(command));
        }
        if let Some(fault) = empty("credential_process") {
            return Err(fault);
        }
        if let Some((key, place)) = empty_key {
            return Err(self.empty_value(profile, key, place));
        }
        if profile.has_access_key || profile.has_secret {
            return self.keys(profile);
        }
        Ok(Base::Nothing)
    }

    fn keys(&self, profile: &Profile) -> Result<Base<'_>, Fault> {
        if profile.has_keys() {
            return Ok(if profile.session_token.is_some() { Base::SessionKeys } else { Base::Keys });
        }
        let missing = if profile.has_access_key { "aws_secret_access_key" } else { "aws_access_key_id" };
        let remark = Diagnostic::cannot_work(
            profile.keys.clone().unwrap_or_else(|| profile.location.clone()),
            format!("profile `{}` has a part of a key and no {missing}", profile.name),
            format!("add {missing}, or remove the rest"),
        );
        Err(fault(FaultKind::HalfAKey, profile, remark))
    }

    fn sso<'a>(&'a self, profile: &'a Profile) -> Result<Base<'a>, Fault> {
        let incomplete = |remark| fault(FaultKind::SsoSettings, profile, remark);
        let (start_url, region, session) = match &profile.sso_session {
            Some(named) => {
                let session = self.sso_session(named).ok_or_else(|| self.no_such_session(profile, named))?;
                // Equal values are no conflict (botocore, `_resolve_sso_session_reference`).
                for (key, shared) in session.settings() {
                    let own = profile.settings().find_map(|(own, setting)| (own == key).then_some(setting));
                    if let Some(own) = own.filter(|own| ***own != **shared) {
                        let message = format!(
                            "profile `{}`: `{key}` differs from that of sso-session `{}`",
                            profile.name, session.name
                        );
                        let help = "remove it from the profile: the sso-session has it";
                        return Err(incomplete(self.remark(own, message, help)));
                    }
                }
                let or = |own: &'a Option<Setting>, shared: &'a Option<Setting>| shared.as_ref().or(own.as_ref());
                let start_url = or(&profile.sso_start_url, &session.start_url);
                (start_url, or(&profile.sso_region, &session.region), Some(session))
            }
            None => (profile.sso_start_url.as_ref(), profile.sso_region.as_ref(), None),
        };
        let at = session.map_or_else(|| profile.location.clone(), |session| session.location.clone());
        let lacks = |location: &Location, key: &str| {
            let misspelt = profile.misspelt.iter().find(|misspelt| misspelt.meant == key);
            let help = misspelt.map_or_else(
                || format!("add {key}"),
                |misspelt| {
                    format!("`{}` on line {} is misspelt: write {key}", misspelt.written, misspelt.location.line)
                },
            );
            let message = format!("profile `{}` has no {key} to log in with", profile.name);
            incomplete(Diagnostic::cannot_work(location.clone(), message, help))
        };
        let start_url = start_url.ok_or_else(|| lacks(&at, "sso_start_url"))?;
        let region = region.ok_or_else(|| lacks(&at, "sso_region"))?;
        for (key, setting) in [("sso_account_id", &profile.sso_account_id), ("sso_role_name", &profile.sso_role_name)] {
            if setting.is_none() {
                return Err(lacks(&profile.location, key));
            }
        }
        Ok(Base::Sso(SsoLogin { start_url, region, session }))
    }

    fn no_such_session(&self, profile: &Profile, named: &Setting) -> Fault {
        let meant = named.without_comment();
        let near = nearest(meant, self.sso_session_names());
        let help = match near {
            Some(near) if near == meant => {
                format!("put the comment on its own line: the AWS CLI and boto3 read it as part of `{near}`")
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add [sso-session {}] with sso_start_url and sso_region", configured(named)),
        };
        let message = format!("there is no sso-session `{}`", configured(named));
        let name = (!looks_like_credential(named)).then(|| configured(named));
        let kind = FaultKind::SsoSessionMissing(name);
        fault(kind, profile, self.remark(named, message, &help))
    }
}
