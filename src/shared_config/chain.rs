//! From a profile to where its credentials come from first: follows `source_profile` as the SDKs do
//! (aws-config's `profile/credentials/repr.rs`; botocore's AssumeRoleProvider alike).

use super::{Fault, FaultKind, Profile, Setting, SharedConfig, SsoSession};
use crate::failure::printable;
use crate::inventory::Remark;

/// How a profile gets its credentials.
#[derive(Debug, Clone)]
pub struct Chain<'a> {
    /// Where the first credentials come from.
    pub base: Base<'a>,
    /// The profile that says so.
    pub base_profile: &'a Profile,
    /// The profiles whose `role_arn` is assumed, in the order of the calls. Of a web identity the first is the role that
    /// the token is exchanged for.
    pub roles: Vec<&'a Profile>,
}

/// Where a chain's first credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base<'a> {
    /// A long-term access key.
    Keys,
    /// An access key with a session token: a session that someone copied there.
    SessionKeys,
    /// `web_identity_token_file`.
    WebIdentity,
    /// IAM Identity Center.
    Sso(SsoLogin<'a>),
    /// An Identity Center login without account and role: a token, no credentials.
    SsoToken(SsoLogin<'a>),
    /// `aws login`.
    LoginSession,
    /// `credential_process`: the command.
    Process(&'a Setting),
    /// `credential_source`.
    Named(CredentialSource),
    /// The profile has no credentials of its own: it sets a Region, say.
    Nothing,
}

/// Where an Identity Center profile logs in.
#[derive(Debug, Clone)]
pub struct SsoLogin<'a> {
    /// The portal.
    pub start_url: &'a Setting,
    /// Its Region.
    pub region: &'a Setting,
    /// The `[sso-session]`; `None`: the older form, which SDKs cannot refresh.
    pub session: Option<&'a SsoSession>,
}

impl PartialEq for SsoLogin<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.start_url, self.region) == (other.start_url, other.region)
            && self.session.map(|session| &session.name) == other.session.map(|session| &session.name)
    }
}

impl Eq for SsoLogin<'_> {}

/// What `credential_source` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialSource {
    /// The instance profile.
    Ec2InstanceMetadata,
    /// The task role.
    EcsContainer,
    /// The environment variables.
    Environment,
}

impl CredentialSource {
    /// The word of the files, in either case, as SDKs read it.
    fn parse(text: &str) -> Option<Self> {
        [
            (Self::Ec2InstanceMetadata, "Ec2InstanceMetadata"),
            (Self::EcsContainer, "EcsContainer"),
            (Self::Environment, "Environment"),
        ]
        .into_iter()
        .find_map(|(source, name)| name.eq_ignore_ascii_case(text).then_some(source))
    }
}

impl SharedConfig {
    /// Follows a profile to its first credentials.
    ///
    /// # Errors
    /// What keeps an SDK from following it, at its place: a source profile that is missing or comes round again, both or
    /// neither of `source_profile` and `credential_source`, settings that are half there.
    pub fn chain(&self, name: &str) -> Result<Chain<'_>, Fault> {
        let first = self.profile(name).ok_or_else(|| self.no_such_profile(name))?;
        let mut profile = first;
        let mut visited: Vec<&Profile> = Vec::new();
        let mut roles: Vec<&Profile> = Vec::new();
        let base = loop {
            if let Some(spoilt) = &profile.spoilt {
                return Err(fault(FaultKind::Other, profile, spoilt.clone()));
            }
            visited.push(profile);
            // Behind the first profile, keys win over its role.
            if visited.len() > 1 && profile.has_keys() {
                break keys(profile);
            }
            let Some(role_arn) = profile.role_arn.as_ref().filter(|_| profile.web_identity_token_file.is_none()) else {
                break self.base(profile)?;
            };
            roles.push(profile);
            match (&profile.source_profile, &profile.credential_source) {
                // A profile may name itself for its keys, and for nothing else (botocore, `_validate_source_profile`).
                (Some(source), None) if **source == *profile.name && profile.keys.is_some() => {
                    break self.base(profile)?;
                }
                (Some(source), None) => profile = self.follow(source, &visited)?,
                (None, Some(_)) => break self.base(profile)?,
                (Some(_), Some(both)) => {
                    let message = format!("profile `{}` has both source_profile and credential_source", profile.name);
                    let remark = self.remark(both, message, "keep the one that is meant");
                    return Err(fault(FaultKind::TwoSources, profile, remark));
                }
                (None, None) => {
                    let message = format!("profile `{}` has a role_arn and nothing to assume it with", profile.name);
                    let help = "add source_profile, credential_source or web_identity_token_file";
                    return Err(fault(FaultKind::NoSource, profile, self.remark(role_arn, message, help)));
                }
            }
        };
        if base == Base::WebIdentity {
            roles.push(profile);
        }
        if base == Base::Nothing && (visited.len() > 1 || !roles.is_empty()) {
            let message = format!(
                "profile `{}` gives no credentials, and `{}` is to assume its role with them",
                profile.name, visited[0].name
            );
            let help = if self.files().len() == 1 {
                "if its keys are in the credentials file, leave FILE out: both are read then".to_owned()
            } else {
                "add its keys, its sso_session or its credential_process, or name another source_profile".to_owned()
            };
            let remark = Remark { location: profile.location.clone(), message, help, cannot_work: false };
            return Err(fault(FaultKind::SourceEmpty, profile, remark));
        }
        roles.reverse();
        Ok(Chain { base, base_profile: profile, roles })
    }

    fn remark(&self, at: &Setting, message: String, help: &str) -> Remark {
        Remark { location: self.location(at.place), message, help: help.to_owned(), cannot_work: false }
    }

    fn follow(&self, source: &Setting, visited: &[&Profile]) -> Result<&Profile, Fault> {
        let from = visited.last().map_or("", |profile| &profile.name);
        let named = printable(source);
        if let Some(start) = visited.iter().position(|profile| *profile.name == **source) {
            let remark = self.circle(&visited[start..], source);
            return Err(Fault { kind: FaultKind::Cycle, profile: from.to_owned(), remark: Box::new(remark) });
        }
        self.profile(source).ok_or_else(|| {
            let others = self.profiles.keys().map(String::as_str).filter(|known| *known != from);
            let near = crate::inventory::nearest(source, others);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.files().len() == 1 => {
                    "add the profile; if its keys are in the credentials file, leave FILE out: both are read then"
                        .to_owned()
                }
                None => "add the profile to the config or the credentials file".to_owned(),
            };
            let remark = self.remark(source, format!("profile `{from}`: there is no source profile `{named}`"), &help);
            let kind = FaultKind::SourceMissing { named, nearest: near.map(str::to_owned) };
            Fault { kind, profile: from.to_owned(), remark: Box::new(remark) }
        })
    }

    /// Told alike whichever profile it was met from: from the first of its names on.
    fn circle(&self, round: &[&Profile], closing: &Setting) -> Remark {
        let start = (0..round.len()).min_by_key(|index| &round[*index].name).unwrap_or(0);
        let round: Vec<&Profile> = round[start..].iter().chain(&round[..start]).copied().collect();
        let names: Vec<&str> = round.iter().chain(round.first()).map(|profile| &*profile.name).collect();
        let at = round.first().and_then(|profile| profile.source_profile.as_ref()).unwrap_or(closing);
        let message = format!("source_profile comes round in a circle: {}", names.join(" -> "));
        self.remark(at, message, "name a profile that has credentials of its own")
    }

    fn no_such_profile(&self, name: &str) -> Fault {
        let near = crate::inventory::nearest(name, self.profiles.keys().map(String::as_str));
        let help =
            near.map_or_else(|| "name a profile of these files".to_owned(), |near| format!("did you mean `{near}`?"));
        let file = self.files().first().map(|file| file.name.clone()).unwrap_or_default();
        let location = crate::inventory::Location { file, line: 1, column: 1 };
        let remark = Remark {
            location,
            message: format!("there is no profile `{}`", printable(name)),
            help,
            cannot_work: false,
        };
        Fault { kind: FaultKind::Missing, profile: name.to_owned(), remark: Box::new(remark) }
    }

    /// What a profile gives by itself, in the SDKs' order.
    fn base<'a>(&'a self, profile: &'a Profile) -> Result<Base<'a>, Fault> {
        if let Some(source) = &profile.credential_source {
            return CredentialSource::parse(source).map(Base::Named).ok_or_else(|| {
                let message = format!("`{}` is not a credential_source", printable(source));
                let remark = self.remark(source, message, "write Ec2InstanceMetadata, EcsContainer or Environment");
                fault(FaultKind::Other, profile, remark)
            });
        }
        if let Some(token_file) = &profile.web_identity_token_file {
            if profile.role_arn.is_none() {
                let message = format!("profile `{}` has a web_identity_token_file and no role_arn", profile.name);
                let remark = self.remark(token_file, message, "add the role_arn that the token is exchanged for");
                return Err(fault(FaultKind::Other, profile, remark));
            }
            return Ok(Base::WebIdentity);
        }
        if let Some(login) = self.sso(profile)? {
            return Ok(login);
        }
        if profile.login_session.is_some() {
            return Ok(Base::LoginSession);
        }
        if let Some(command) = &profile.credential_process {
            return Ok(Base::Process(command));
        }
        if profile.has_keys() {
            return Ok(keys(profile));
        }
        let Some(location) = &profile.keys else { return Ok(Base::Nothing) };
        let missing = if profile.has_access_key { "aws_secret_access_key" } else { "aws_access_key_id" };
        let message = format!("profile `{}` has a part of a key and no {missing}", profile.name);
        let remark = Remark {
            location: location.clone(),
            message,
            help: format!("add {missing}, or take the rest out"),
            cannot_work: false,
        };
        Err(fault(FaultKind::HalfAKey, profile, remark))
    }

    fn sso<'a>(&'a self, profile: &'a Profile) -> Result<Option<Base<'a>>, Fault> {
        let incomplete = |remark| fault(FaultKind::SsoSettings, profile, remark);
        let Profile { sso_session, sso_start_url, sso_region, sso_account_id, sso_role_name, .. } = profile;
        let all = [sso_session, sso_start_url, sso_region, sso_account_id, sso_role_name];
        let Some(any) = all.into_iter().flatten().next() else { return Ok(None) };
        let (start_url, region, session) = match sso_session {
            Some(named) => {
                let Some(session) = self.sso_session(named) else {
                    let near = crate::inventory::nearest(named, self.sso_sessions.keys().map(String::as_str));
                    let help = near.map_or_else(
                        || format!("add [sso-session {}] with sso_start_url and sso_region", printable(named)),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let message = format!("there is no sso-session `{}`", printable(named));
                    let kind = FaultKind::SsoSessionMissing(printable(named));
                    return Err(fault(kind, profile, self.remark(named, message, &help)));
                };
                // botocore and the SDKs accept neither beside a session, unless they say the same.
                for (own, shared, key) in
                    [(sso_start_url, &session.start_url, "sso_start_url"), (sso_region, &session.region, "sso_region")]
                {
                    if let Some(own) = own.as_ref().filter(|own| shared.as_deref() != Some(&**own)) {
                        let message = format!("`{key}` differs from that of sso-session `{}`", session.name);
                        let help = "take it out of the profile: the sso-session has it";
                        return Err(incomplete(self.remark(own, message, help)));
                    }
                }
                (&session.start_url, &session.region, Some(session))
            }
            None => (sso_start_url, sso_region, None),
        };
        let at = session.map_or_else(|| profile.location.clone(), |session| session.location.clone());
        let lacks = |key: &str| {
            let message = format!("profile `{}` has no {key} to log in with", profile.name);
            incomplete(Remark { location: at.clone(), message, help: format!("add {key}"), cannot_work: false })
        };
        let start_url = start_url.as_ref().ok_or_else(|| lacks("sso_start_url"))?;
        let region = region.as_ref().ok_or_else(|| lacks("sso_region"))?;
        let login = SsoLogin { start_url, region, session };
        match (sso_account_id, sso_role_name) {
            (Some(_), Some(_)) => Ok(Some(Base::Sso(login))),
            (None, None) => Ok(Some(Base::SsoToken(login))),
            (account, _) => {
                let missing = if account.is_some() { "sso_role_name" } else { "sso_account_id" };
                let message = format!("profile `{}` has no {missing}", profile.name);
                Err(incomplete(self.remark(any, message, &format!("add {missing}"))))
            }
        }
    }
}

fn fault(kind: FaultKind, profile: &Profile, remark: Remark) -> Fault {
    Fault { kind, profile: profile.name.clone(), remark: Box::new(remark) }
}

fn keys(profile: &Profile) -> Base<'static> {
    if profile.has_session_token { Base::SessionKeys } else { Base::Keys }
}
