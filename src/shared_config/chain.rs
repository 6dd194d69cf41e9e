//! From a profile to its first credentials: follows `source_profile` as the AWS CLI and boto3 do.
//!
//! Read from botocore 1.44 `credentials.py` (`create_credential_resolver`, `ProfileProviderBuilder.providers`,
//! `AssumeRoleProvider`, `SSOProvider`), the same in AWS CLI 2.36, and run with both. `differences` says what others
//! read.

use super::process::Helper;
use super::{Fault, FaultKind, Profile, Setting, SharedConfig, SsoSession};
use crate::inventory::{Diagnostic, Location, Place, nearest};
use crate::visible::{configured, looks_like_credential};

/// After this many profiles the way to the credentials is not followed further: Python gives up after some hundreds,
/// and the commands of a longer way would start each other.
const MOST_PROFILES: usize = 100;

/// How a profile gets its credentials.
#[derive(Debug, Clone)]
pub struct Chain<'a> {
    /// The profile that is asked for credentials.
    pub profile: &'a Profile,
    /// Where the first credentials come from.
    pub base: Base<'a>,
    /// The profile that says so.
    pub base_profile: &'a Profile,
    /// The profiles whose `role_arn` is assumed, in the order of the calls. Of a web identity the first is the role
    /// that the token is exchanged for.
    pub roles: Vec<&'a Profile>,
    /// The commands `aws configure export-credentials` that were followed to another profile.
    pub commands: Vec<&'a Setting>,
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
    /// `aws login`.
    LoginSession,
    /// `credential_process`: the command.
    Process(&'a Setting),
    /// `credential_source`.
    Named(CredentialSource),
    /// The profile gives no credentials: it sets a Region, say.
    Nothing,
}

/// Where an Identity Center profile logs in.
#[derive(Debug, Clone)]
pub struct SsoLogin<'a> {
    /// The portal.
    pub start_url: &'a Setting,
    /// Its Region.
    pub region: &'a Setting,
    /// The `[sso-session]`; `None`: the older form, whose login cannot be renewed.
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
    /// Every source, with its word in the files.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Ec2InstanceMetadata, "Ec2InstanceMetadata"),
        (Self::EcsContainer, "EcsContainer"),
        (Self::Environment, "Environment"),
    ];

    /// By its word, in the same case (botocore, `CanonicalNameCredentialSourcer.is_supported`).
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find_map(|(source, name)| (name == text).then_some(source))
    }
}

impl SharedConfig {
    /// Follows a profile to its first credentials.
    ///
    /// # Errors
    /// Why the AWS CLI and boto3 find none, with the place.
    pub fn chain(&self, name: &str) -> Result<Chain<'_>, Fault> {
        self.follow(name, &[])
    }

    /// `through`: the profiles whose `credential_process` leads here.
    fn follow<'a>(&'a self, name: &str, through: &[&'a Profile]) -> Result<Chain<'a>, Fault> {
        let first = self.profile(name).ok_or_else(|| self.no_such_profile(name))?;
        let mut profile = first;
        let mut visited: Vec<&Profile> = Vec::new();
        let mut roles: Vec<&Profile> = Vec::new();
        let base = loop {
            if let Some(spoilt) = &profile.spoilt {
                return Err(fault(FaultKind::Spoilt, profile, spoilt.clone()));
            }
            visited.push(profile);
            if visited.len() > MOST_PROFILES {
                return Err(self.too_many(first));
            }
            // Behind the first profile, keys win over its role.
            if visited.len() > 1 && (profile.has_access_key || profile.has_secret) {
                break self.base(profile)?;
            }
            let empty_role = profile.empty("role_arn").filter(|_| profile.web_identity_token_file.is_none());
            if let Some((key, place)) = empty_role {
                return Err(self.empty_value(profile, key, place));
            }
            let Some(role_arn) = profile.role_arn.as_ref().filter(|_| profile.web_identity_token_file.is_none()) else {
                break self.base(profile)?;
            };
            roles.push(profile);
            match (&profile.source_profile, &profile.credential_source) {
                // A profile may name itself for its keys alone (botocore, `_validate_source_profile`).
                (Some(source), None) if **source == *profile.name && profile.keys.is_some() => {
                    break self.base(profile)?;
                }
                (Some(source), None) => profile = self.source(source, &visited)?,
                (None, Some(source)) => break self.named(profile, source)?,
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
        roles.reverse();
        let chain = Chain { profile: first, base, base_profile: profile, roles, commands: Vec::new() };
        self.exported(chain, through).and_then(|chain| self.checked(chain))
    }

    /// Follows `aws configure export-credentials --profile NAME`.
    fn exported<'a>(&'a self, chain: Chain<'a>, through: &[&'a Profile]) -> Result<Chain<'a>, Fault> {
        let Base::Process(command) = chain.base else { return Ok(chain) };
        let Helper::ExportCredentials { profile: Some(named) } = Helper::of(command) else { return Ok(chain) };
        let mut through = through.to_vec();
        through.push(chain.base_profile);
        if through.len() > MOST_PROFILES {
            return Err(self.too_many(through[0]));
        }
        if let Some(start) = through.iter().position(|profile| *profile.name == *named) {
            let names: Vec<&str> = through[start..].iter().chain([&through[start]]).map(|one| &*one.name).collect();
            let what = if names.len() == 2 { "runs itself" } else { "leads round in a circle" };
            let message =
                format!("profile `{}`: credential_process {what}: {}", chain.base_profile.name, names.join(" -> "));
            // aws-cli 2 stops with "profile cycle" (`exportcreds.py`, `_detect_recursion_barrier`).
            let help = "export the credentials of a profile that has its own".to_owned();
            let location = chain.base_profile.location.clone();
            let remark = Diagnostic::cannot_work(location, message, help);
            return Err(fault(FaultKind::ProcessCycle, chain.base_profile, remark));
        }
        let inner = self.follow(&named, &through).map_err(|fault| match fault.kind {
            FaultKind::Missing if fault.profile == named => self.nothing_to_export(&chain, command, fault),
            _ => fault,
        })?;
        let roles = inner.roles.iter().chain(&chain.roles).copied().collect();
        let commands = inner.commands.iter().copied().chain([command]).collect();
        Ok(Chain { profile: chain.profile, base: inner.base, base_profile: inner.base_profile, roles, commands })
    }

    /// Seen with botocore 1.43: a key is set where it is written, whatever its value.
    pub(super) fn empty_value(&self, profile: &Profile, key: &'static str, place: Place) -> Fault {
        let location = self.location(place);
        let message =
            format!("profile `{}`: `{key}` has no value, and the AWS CLI and boto3 take it as set", profile.name);
        let help = "write the value, or remove the line".to_owned();
        let remark = Diagnostic::cannot_work(location, message, help);
        fault(FaultKind::EmptyValue { key, line: place.line }, profile, remark)
    }

    fn too_many(&self, first: &Profile) -> Fault {
        let message = format!("profile `{}` leads through more than {MOST_PROFILES} profiles", first.name);
        let help = "name a profile that has its own credentials".to_owned();
        let remark = Diagnostic::cannot_work(first.location.clone(), message, help);
        fault(FaultKind::TooManyProfiles, first, remark)
    }

    /// The command names a profile that is not there.
    fn nothing_to_export(&self, chain: &Chain<'_>, command: &Setting, missing: Fault) -> Fault {
        let Diagnostic { message, help, .. } = *missing.remark;
        let message = format!("profile `{}`: credential_process: {message}", chain.base_profile.name);
        fault(FaultKind::Missing, chain.base_profile, self.remark(command, message, &help))
    }

    /// Adds the role of a web identity, and refuses a role without credentials to assume it with.
    fn checked<'a>(&'a self, mut chain: Chain<'a>) -> Result<Chain<'a>, Fault> {
        let (first, last) = (chain.profile, chain.base_profile);
        let is_added = chain.roles.first().is_some_and(|role| role.name == last.name);
        if chain.base == Base::WebIdentity && !is_added {
            chain.roles.insert(0, last);
        }
        if chain.base != Base::Nothing || (first.name == last.name && chain.roles.is_empty()) {
            return Ok(chain);
        }
        let message = format!(
            "profile `{}` gives no credentials, and profile `{}` assumes its role with them",
            last.name, first.name
        );
        let help = match (last.credential_source.is_some(), self.files().len()) {
            (true, _) => "credential_source has no effect without role_arn: move it to the profile with the role",
            (false, 1) => "if its keys are in the credentials file, leave FILE out: both are read then",
            (false, _) => "add its keys, its sso_session or its credential_process, or name another source_profile",
        };
        let remark = Diagnostic::cannot_work(last.location.clone(), message, help);
        Err(fault(FaultKind::SourceEmpty, last, remark))
    }

    pub(super) fn remark(&self, at: &Setting, message: String, help: &str) -> Diagnostic {
        Diagnostic::cannot_work(self.location(at.place), message, help)
    }

    fn source<'a>(&'a self, source: &Setting, visited: &[&Profile]) -> Result<&'a Profile, Fault> {
        let from = visited.last().map_or("", |profile| &profile.name);
        let named = configured(source);
        if let Some(start) = visited.iter().position(|profile| *profile.name == **source) {
            let remark = self.circle(&visited[start..], source);
            return Err(Fault { kind: FaultKind::Cycle, profile: from.to_owned(), remark: Box::new(remark) });
        }
        self.profile(source).ok_or_else(|| {
            let others = self.profiles().map(|profile| profile.name.as_str()).filter(|known| *known != from);
            let meant = source.without_comment().trim_matches(['"', '\'']);
            let near = nearest(meant, others);
            let help = match near {
                Some(near) if near == meant && source.is_quoted() => {
                    format!("write {near} without quotation marks: they are part of the value")
                }
                Some(near) if near == meant => {
                    format!("put the comment on its own line: the AWS CLI and boto3 read it as part of `{near}`")
                }
                Some(near) => format!("did you mean `{near}`?"),
                None if self.files().len() == 1 => {
                    "add the profile; if its keys are in the credentials file, leave FILE out: both are read then"
                        .to_owned()
                }
                None => "add the profile to the config or the credentials file".to_owned(),
            };
            let remark = self.remark(source, format!("profile `{from}`: there is no source profile `{named}`"), &help);
            let kind = if source.has_comment() && near == Some(meant) {
                FaultKind::Commented { key: "source_profile", line: source.place.line }
            } else {
                let named = (!looks_like_credential(source)).then_some(named);
                FaultKind::SourceMissing { named, nearest: near.map(str::to_owned) }
            };
            Fault { kind, profile: from.to_owned(), remark: Box::new(remark) }
        })
    }

    /// The same text whichever profile it is found from: it begins with the first of the names.
    fn circle(&self, round: &[&Profile], closing: &Setting) -> Diagnostic {
        let start = (0..round.len()).min_by_key(|index| &round[*index].name).unwrap_or(0);
        let round: Vec<&Profile> = round[start..].iter().chain(&round[..start]).copied().collect();
        let names: Vec<&str> = round.iter().chain(round.first()).map(|profile| &*profile.name).collect();
        let at = round.first().and_then(|profile| profile.source_profile.as_ref()).unwrap_or(closing);
        let message = format!("source_profile leads round in a circle: {}", names.join(" -> "));
        self.remark(at, message, "name a profile that has its own credentials")
    }

    fn no_such_profile(&self, name: &str) -> Fault {
        let near = nearest(name, self.profiles().map(|profile| profile.name.as_str()));
        let help =
            near.map_or_else(|| "name a profile of these files".to_owned(), |near| format!("did you mean `{near}`?"));
        let file = self.files().first().map(|file| file.name.clone()).unwrap_or_default();
        let location = Location::start_of(file);
        let message = format!("there is no profile `{}`", configured(name));
        let remark = Diagnostic::cannot_work(location, message, help);
        Fault { kind: FaultKind::Missing, profile: name.to_owned(), remark: Box::new(remark) }
    }
}

pub(super) fn fault(kind: FaultKind, profile: &Profile, remark: Diagnostic) -> Fault {
    Fault { kind, profile: profile.name.clone(), remark: Box::new(remark) }
}
