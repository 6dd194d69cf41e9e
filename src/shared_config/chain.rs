//! From a profile to where its credentials come from first: follows `source_profile` as the SDKs do
//! (aws-config's `profile/credentials/repr.rs`; botocore's AssumeRoleProvider alike).

use super::{Profile, Setting, SharedConfig, SsoSession};
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
    pub fn chain(&self, name: &str) -> Result<Chain<'_>, Remark> {
        let first = self.profile(name).ok_or_else(|| self.no_such_profile(name))?;
        let mut profile = first;
        let mut visited: Vec<&Profile> = Vec::new();
        let mut roles: Vec<&Profile> = Vec::new();
        let base = loop {
            if let Some(spoilt) = &profile.spoilt {
                return Err(spoilt.clone());
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
                    return Err(self.remark(both, message, "keep the one that is meant"));
                }
                (None, None) => {
                    let message = format!("profile `{}` has a role_arn and nothing to assume it with", profile.name);
                    return Err(self.remark(
                        role_arn,
                        message,
                        "add source_profile, credential_source or web_identity_token_file",
                    ));
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
            return Err(Remark { location: profile.location.clone(), message, help });
        }
        roles.reverse();
        Ok(Chain { base, base_profile: profile, roles })
    }

    fn remark(&self, at: &Setting, message: String, help: &str) -> Remark {
        Remark { location: self.location(at.place), message, help: help.to_owned() }
    }

    fn follow(&self, source: &Setting, visited: &[&Profile]) -> Result<&Profile, Remark> {
        let from = visited.last().map_or("", |profile| &profile.name);
        let shown = printable(source);
        if let Some(start) = visited.iter().position(|profile| *profile.name == **source) {
            return Err(self.circle(&visited[start..], source));
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
            self.remark(source, format!("profile `{from}`: there is no source profile `{shown}`"), &help)
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

    fn no_such_profile(&self, name: &str) -> Remark {
        let near = crate::inventory::nearest(name, self.profiles.keys().map(String::as_str));
        let help =
            near.map_or_else(|| "name a profile of these files".to_owned(), |near| format!("did you mean `{near}`?"));
        let file = self.files().first().map(|file| file.name.clone()).unwrap_or_default();
        let location = crate::inventory::Location { file, line: 1, column: 1 };
        Remark { location, message: format!("there is no profile `{}`", printable(name)), help }
    }

    /// What a profile gives by itself, in the SDKs' order.
    fn base<'a>(&'a self, profile: &'a Profile) -> Result<Base<'a>, Remark> {
        if let Some(source) = &profile.credential_source {
            return CredentialSource::parse(source).map(Base::Named).ok_or_else(|| {
                let message = format!("`{}` is not a credential_source", printable(source));
                self.remark(source, message, "write Ec2InstanceMetadata, EcsContainer or Environment")
            });
        }
        if let Some(token_file) = &profile.web_identity_token_file {
            if profile.role_arn.is_none() {
                let message = format!("profile `{}` has a web_identity_token_file and no role_arn", profile.name);
                return Err(self.remark(token_file, message, "add the role_arn that the token is exchanged for"));
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
        Err(Remark { location: location.clone(), message, help: format!("add {missing}, or take the rest out") })
    }

    fn sso<'a>(&'a self, profile: &'a Profile) -> Result<Option<Base<'a>>, Remark> {
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
                    return Err(self.remark(named, message, &help));
                };
                // botocore and the SDKs accept neither beside a session, unless they say the same.
                for (own, shared, key) in
                    [(sso_start_url, &session.start_url, "sso_start_url"), (sso_region, &session.region, "sso_region")]
                {
                    if let Some(own) = own.as_ref().filter(|own| shared.as_deref() != Some(&**own)) {
                        let message = format!("`{key}` differs from that of sso-session `{}`", session.name);
                        return Err(self.remark(own, message, "take it out of the profile: the sso-session has it"));
                    }
                }
                (&session.start_url, &session.region, Some(session))
            }
            None => (sso_start_url, sso_region, None),
        };
        let at = session.map_or_else(|| profile.location.clone(), |session| session.location.clone());
        let lacks = |key: &str| Remark {
            location: at.clone(),
            message: format!("profile `{}` has no {key} to log in with", profile.name),
            help: format!("add {key}"),
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
                Err(self.remark(any, message, &format!("add {missing}")))
            }
        }
    }
}

fn keys(profile: &Profile) -> Base<'static> {
    if profile.has_session_token { Base::SessionKeys } else { Base::Keys }
}
