//! What the shared configuration files say of the selected profile, with what its caches hold. Reads; judges nothing.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::caches::{self, CacheFolder};
use super::facts::{
    BaseFacts, Broken, ChainFacts, Environment, FileTrouble, LoginFacts, Noted, ProcessFacts, ProfileFacts,
    ProfileRole, Selected, SelectedBy, Spot, Sso,
};
use crate::inventory::{Location, nearest};
use crate::shared_config::{self, Difference, Fault, FaultKind, Ineffective, IneffectiveKind, SharedConfig, Trouble};
use crate::visible::{configured, printable};

/// The profile that the AWS CLI selects: `--profile`, else AWS_PROFILE, also where that is empty, else
/// AWS_DEFAULT_PROFILE, else `default` (aws-cli 2 and botocore, `configprovider.py`).
pub(super) fn selected(option: Option<&str>, environment: &Environment) -> Selected {
    let (name, by) = match (option, &environment.profile, &environment.default_profile) {
        (Some(name), _, _) => (name, SelectedBy::Option),
        (None, Some(name), _) => (name.as_str(), SelectedBy::Variable),
        (None, None, Some(name)) => (name.as_str(), SelectedBy::DefaultVariable),
        (None, None, None) => ("default", SelectedBy::Default),
    };
    Selected { name: name.to_owned(), by }
}

pub(super) fn gather(
    config: &SharedConfig,
    selected: &Selected,
    environment: &Environment,
    home: &CacheFolder,
) -> ProfileFacts {
    let name = &selected.name;
    let Some(profile) = config.profile(name) else {
        let is_default = name == "default" && selected.by != SelectedBy::Option;
        if selected.by == SelectedBy::Default || is_default {
            return ProfileFacts::Absent;
        }
        let others = config.profiles().map(|profile| profile.name.as_str()).filter(|known| known != name);
        let nearest = nearest(name, others).map(str::to_owned);
        let glued = config.glued().find(|glued| glued.profile == *name).map(|glued| spot(&glued.location));
        return ProfileFacts::Missing { nearest, glued };
    };
    let role = environment.role_arn.as_deref().filter(|_| selected.by != SelectedBy::Option);
    match config.chain(name) {
        Ok(chain) => match base(config, &chain, home, role) {
            Some(base) => ProfileFacts::Leads(leads(config, &chain, base, environment, home, role)),
            None => ProfileFacts::Empty(noted(config.ineffective(profile, Some(&chain)))),
        },
        // The AWS CLI takes the role of AWS_ROLE_ARN then, unless --profile is given
        // (botocore, `AssumeRoleWithWebIdentityProvider._get_config`).
        Err(Fault { kind: FaultKind::WebIdentityWithoutRole, .. }) if role.is_some() => {
            let file = profile.web_identity_token_file.as_deref().unwrap_or_default();
            ProfileFacts::Leads(ChainFacts {
                profile: name.clone(),
                base: BaseFacts::WebIdentity(caches::web_identity(file, role)),
                roles: Vec::new(),
                refused: Vec::new(),
                differences: Vec::new(),
                ineffective: Vec::new(),
                exported: false,
            })
        }
        Err(fault) => ProfileFacts::Broken(broken(&fault)),
    }
}

/// The names of the other profiles that lead to credentials.
pub(super) fn others(config: &SharedConfig, selected: &Selected) -> Vec<String> {
    let leads = |name: &str| {
        config
            .chain(name)
            .is_ok_and(|chain| chain.base != shared_config::Base::Nothing && config.refusals(&chain).is_empty())
    };
    let names = config.profiles().map(|profile| profile.name.as_str());
    names.filter(|name| *name != selected.name && leads(name)).map(configured).collect()
}

fn leads(
    config: &SharedConfig,
    chain: &shared_config::Chain<'_>,
    base: BaseFacts,
    environment: &Environment,
    home: &CacheFolder,
    role: Option<&str>,
) -> ChainFacts {
    let mut ineffective = noted(config.ineffective(chain.profile, Some(chain)));
    let is_role = chain.roles.iter().any(|role| role.name == chain.base_profile.name);
    let base_alone = (!is_role).then_some(&chain.base_profile);
    for profile in chain.roles.iter().chain(base_alone).filter(|one| one.name != chain.profile.name) {
        ineffective.extend(noted(config.ineffective(profile, config.chain(&profile.name).ok().as_ref())));
    }
    let difference = |Difference { profile, location, kind }| Noted { profile, at: spot(&location), kind };
    let mut roles = roles(config, chain, &base, environment, home);
    if let (Some(role), BaseFacts::WebIdentity(_), [first, ..]) = (role, &base, &mut roles[..])
        && chain.profile.name == chain.base_profile.name
    {
        first.arn = role.to_owned();
    }
    ChainFacts {
        profile: chain.base_profile.name.clone(),
        roles,
        base,
        refused: config.refusals(chain).iter().map(broken).collect(),
        differences: config.differences(chain).into_iter().map(difference).collect(),
        ineffective,
        exported: !chain.commands.is_empty(),
    }
}

fn broken(Fault { kind, profile, remark }: &Fault) -> Broken {
    Broken {
        kind: kind.clone(),
        profile: profile.clone(),
        at: spot(&remark.location),
        detail: format!("{}: {} ({})", printable(&remark.message), printable(&remark.help), place(&remark.location)),
    }
}

fn noted(all: Vec<Ineffective>) -> Vec<Noted<IneffectiveKind>> {
    all.into_iter()
        .map(|Ineffective { profile, location, kind }| Noted { profile, at: spot(&location), kind })
        .collect()
}

/// What is wrong with the files themselves.
pub(super) fn troubles(config: &SharedConfig) -> Vec<FileTrouble> {
    let trouble = |Trouble { kind, remark }: &Trouble| FileTrouble {
        at: spot(&remark.location),
        message: printable(&remark.message),
        help: printable(&remark.help),
        kind: kind.clone(),
    };
    config.problems().iter().map(trouble).collect()
}

fn spot(location: &Location) -> Spot {
    Spot { file: printable(&location.file), line: location.line }
}

fn place(location: &Location) -> String {
    spot(location).to_string()
}

fn base(
    config: &SharedConfig,
    chain: &shared_config::Chain<'_>,
    home: &CacheFolder,
    env_role: Option<&str>,
) -> Option<BaseFacts> {
    let profile = chain.base_profile;
    let keys = |token| BaseFacts::Keys {
        token,
        is_session_key: profile.is_session_key,
        place: place(profile.keys.as_ref().unwrap_or(&profile.location)),
        stated_end: profile.stated_end.and_then(|stated| Some((stated.key, stated.at?))),
    };
    Some(match &chain.base {
        shared_config::Base::Keys => keys(false),
        shared_config::Base::SessionKeys => keys(true),
        shared_config::Base::WebIdentity => {
            let own = profile.role_arn.as_deref();
            let role = env_role.filter(|_| profile.name == chain.profile.name).or(own);
            BaseFacts::WebIdentity(caches::web_identity(profile.web_identity_token_file.as_deref()?, role))
        }
        shared_config::Base::Sso(login) => BaseFacts::Sso(sso(profile, login, home)),
        shared_config::Base::LoginSession => {
            BaseFacts::Login(LoginFacts { login: home.login(profile.login_session.as_deref()?) })
        }
        shared_config::Base::Process(command) => {
            BaseFacts::Process(process(command, &config.location(command.place), home))
        }
        shared_config::Base::Named(_) => {
            let written = profile.credential_source.as_ref()?;
            BaseFacts::Named { source: printable(written), at: spot(&config.location(written.place)) }
        }
        shared_config::Base::Nothing => return None,
    })
}

fn sso(profile: &shared_config::Profile, login: &shared_config::SsoLogin<'_>, home: &CacheFolder) -> Sso {
    let setting = |setting: &Option<shared_config::Setting>| setting.as_deref().unwrap_or_default().to_owned();
    let (role, account) = (setting(&profile.sso_role_name), setting(&profile.sso_account_id));
    let session = login.session.map(|session| session.name.clone());
    let identifier = session.as_deref().unwrap_or(login.start_url);
    let key = if session.is_some() { "sessionName" } else { "startUrl" };
    let arguments = [
        ("roleName", Value::from(role.as_str())),
        ("accountId", Value::from(account.as_str())),
        (key, Value::from(identifier)),
    ];
    Sso {
        login: home.sso_login(identifier),
        cli_session_ends: home.cli_sso_session(&arguments),
        session,
        role: configured(&role),
        account: configured(&account),
    }
}

/// The command runs in a shell (aws-config, `credential_process.rs`); only a plain first word can be looked for.
fn process(command: &str, location: &Location, home: &CacheFolder) -> ProcessFacts {
    let command = command.trim_start();
    let word = match command.strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => command.split_whitespace().next(),
    };
    let word = word.unwrap_or_default();
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+ ".contains(c));
    let found = if plain { is_program(word, home) } else { None };
    let program = if plain { configured(word) } else { "a shell command".to_owned() };
    let installed_at = if plain && found != Some(true) { installed(word, home) } else { None };
    ProcessFacts { program, found, installed_at, file: printable(&location.file), line: location.line }
}

/// Where a program of this name is: in PATH, or where installers put programs. Only a path that needs no quotation
/// marks in the file and in a command.
fn installed(word: &str, home: &CacheFolder) -> Option<String> {
    let name = Path::new(word).file_name()?;
    let usual = ["/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let of_user = ["bin", ".local/bin", "go/bin"].map(|folder| home.of_user().map(|home| home.join(folder)));
    let in_path = home.path.iter().flat_map(std::env::split_paths);
    let mut folders = in_path.chain(usual).chain(of_user.into_iter().flatten());
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))?;
    let found = found.to_str()?.to_owned();
    found.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c)).then_some(found)
}

/// `None`: the shell alone can tell.
fn is_program(word: &str, home: &CacheFolder) -> Option<bool> {
    // The shell's own commands are no files.
    const BUILT_IN: [&str; 6] = ["cat", "echo", "eval", "exec", "printf", "source"];
    if word.contains('/') {
        return Some(Path::new(word).is_file());
    }
    let path = home.path.as_ref().filter(|_| !BUILT_IN.contains(&word))?;
    Some(std::env::split_paths(path).any(|folder| folder.join(word).is_file()))
}

fn roles(
    config: &SharedConfig,
    chain: &shared_config::Chain<'_>,
    base: &BaseFacts,
    environment: &Environment,
    home: &CacheFolder,
) -> Vec<ProfileRole> {
    let first_is_chained = match base {
        BaseFacts::Keys { token, .. } => Some(*token),
        // The first role is what the token is exchanged for: no session calls.
        BaseFacts::WebIdentity(_) => Some(false),
        BaseFacts::Sso(_) => Some(true),
        BaseFacts::Named { source, .. } if source.eq_ignore_ascii_case("environment") => {
            Some(environment.token.is_set())
        }
        BaseFacts::Named { .. } => Some(true),
        // A program may print a key or a session; AWS does not say it of console sessions.
        BaseFacts::Process(_) | BaseFacts::Login(_) => None,
    };
    let role = |(index, profile): (usize, &&shared_config::Profile)| {
        let duration = profile.duration_seconds.as_ref();
        let location = duration.map_or_else(|| profile.location.clone(), |set| config.location(set.place));
        ProfileRole {
            profile: profile.name.clone(),
            arn: configured(profile.role_arn.as_deref().unwrap_or_default()),
            duration_seconds: duration.and_then(shared_config::Setting::seconds),
            capital_duration: duration.filter(|set| set.has_capitals).map(|_| spot(&location)),
            chained: if index == 0 { first_is_chained } else { Some(true) },
            mfa: profile.mfa_serial.is_some() && !(index == 0 && matches!(base, BaseFacts::WebIdentity(_))),
            place: place(&location),
            cli_session_ends: cli_session(profile, home),
        }
    };
    chain.roles.iter().enumerate().map(role).collect()
}

/// When the session ends that the AWS CLI keeps of this role: by the arguments that botocore sends.
fn cli_session(profile: &shared_config::Profile, home: &CacheFolder) -> Option<Timestamp> {
    let duration = profile.duration_seconds.as_ref().and_then(shared_config::Setting::seconds);
    let text = |setting: &Option<shared_config::Setting>| setting.as_deref().map(Value::from);
    let arguments = [
        ("RoleArn", text(&profile.role_arn)),
        ("RoleSessionName", text(&profile.role_session_name)),
        ("ExternalId", text(&profile.external_id)),
        ("SerialNumber", text(&profile.mfa_serial)),
        ("DurationSeconds", duration.map(Value::from)),
    ];
    let set: Vec<(&str, Value)> = arguments.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    home.cli_role_session(&set)
}
