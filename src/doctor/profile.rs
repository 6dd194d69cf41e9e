//! What the shared configuration files say of the selected profile, with what its caches hold. Reads; judges nothing.

use std::io::Read as _;

use jiff::Timestamp;
use serde_json::Value;

use super::caches::{self, Home};
use super::facts::{
    Base, Broken, BrokenKind, Chain, Environment, FileTrouble, FileTroubleKind, Login, Process, Profile, QuotedKeys,
    Role, Selected, SelectedBy, Sso,
};
use crate::failure::printable;
use crate::inventory::{Location, nearest};
use crate::shared_config::{self, Kind, SharedConfig};

/// The profile that the SDKs select: `--profile`, else AWS_PROFILE, also where that is empty, else `default`.
pub(super) fn selected(option: Option<&str>, environment: &Environment) -> Selected {
    match (option, &environment.profile) {
        (Some(name), _) => Selected { name: name.to_owned(), by: SelectedBy::Option },
        (None, Some(name)) => Selected { name: name.clone(), by: SelectedBy::Variable },
        (None, None) => Selected { name: "default".to_owned(), by: SelectedBy::Default },
    }
}

pub(super) fn gather(config: &SharedConfig, selected: &Selected, environment: &Environment, home: &Home) -> Profile {
    let name = &selected.name;
    if config.profile(name).is_none() {
        if selected.by == SelectedBy::Default || (name == "default" && selected.by == SelectedBy::Variable) {
            return Profile::Absent;
        }
        return Profile::Missing { nearest: near(config, name, name), known: config.profiles().count() };
    }
    match config.chain(name) {
        Ok(chain) => match base(&chain, home) {
            Some(base) => Profile::Leads(Chain {
                profile: chain.base_profile.name.clone(),
                roles: roles(config, &chain, &base, environment, home),
                quoted_keys: quoted_keys(chain.base_profile, &base),
                keys_passed_over: passes_over_keys(config, &chain, &base),
                base,
            }),
            None => Profile::Empty,
        },
        Err(remark) => {
            let (kind, profile) = why(config, name);
            let detail =
                format!("{}: {} ({})", printable(&remark.message), printable(&remark.help), place(&remark.location));
            Profile::Broken(Broken { kind, profile, file: printable(&remark.location.file), detail })
        }
    }
}

/// What is wrong with the files themselves.
pub(super) fn troubles(config: &SharedConfig, selected: &str) -> Vec<FileTrouble> {
    let marked: Vec<&str> = config.files().iter().map(|file| &*file.name).filter(|name| has_mark(name)).collect();
    let kind_of = |file: &str| config.files().iter().find(|known| *known.name == *file).map(|known| known.kind);
    let trouble = |remark: &crate::inventory::Remark| {
        let file = &*remark.location.file;
        let refused = remark.message.starts_with("AWS SDKs refuse");
        let kind = if refused && remark.location.line == 1 && marked.contains(&file) {
            FileTroubleKind::ByteOrderMark
        } else if refused {
            FileTroubleKind::Refused
        } else {
            let (written, right) = match kind_of(file) {
                Some(Kind::Credentials) => (format!("[profile {selected}]"), format!("[{selected}]")),
                _ => (format!("[{selected}]"), format!("[profile {selected}]")),
            };
            let is_header = remark.message.ends_with(&format!(" {written}"));
            // A second header of one name makes the AWS CLI and boto3 refuse the whole file.
            let both = config.profile(selected).is_some_and(|profile| {
                *profile.location.file == *file || profile.keys.as_ref().is_some_and(|keys| *keys.file == *file)
            });
            if is_header && both {
                FileTroubleKind::Replaced
            } else if is_header {
                FileTroubleKind::Header { written, right }
            } else {
                FileTroubleKind::Other
            }
        };
        FileTrouble {
            place: place(&remark.location),
            file: printable(file),
            message: printable(&remark.message),
            help: printable(&remark.help),
            kind,
        }
    };
    config.problems().iter().map(trouble).collect()
}

/// The profile that has nearly this name, but for the one that names it.
fn near(config: &SharedConfig, name: &str, by: &str) -> Option<String> {
    let names = config.profiles().map(|profile| profile.name.as_str());
    nearest(name, names.filter(|known| *known != by)).map(str::to_owned)
}

fn place(location: &Location) -> String {
    printable(&format!("{}:{}", location.file, location.line))
}

/// Windows editors write one; no AWS tool reads past it.
fn has_mark(file: &str) -> bool {
    let mut start = [0; 3];
    // Opening a named pipe waits for who writes to it.
    std::fs::metadata(file).is_ok_and(|known| known.is_file())
        && std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"\xEF\xBB\xBF"
}

fn base(chain: &shared_config::Chain<'_>, home: &Home) -> Option<Base> {
    let profile = chain.base_profile;
    let keys = |token| Base::Keys { token, place: place(profile.keys.as_ref().unwrap_or(&profile.location)) };
    Some(match &chain.base {
        shared_config::Base::Keys => keys(false),
        shared_config::Base::SessionKeys => keys(true),
        shared_config::Base::WebIdentity => {
            let role = profile.role_arn.as_deref();
            Base::WebIdentity(caches::web_identity(profile.web_identity_token_file.as_deref()?, role))
        }
        shared_config::Base::Sso(login) => Base::Sso(sso(profile, login, home)),
        shared_config::Base::LoginSession => {
            Base::Login(Login { login: home.login(profile.login_session.as_deref()?) })
        }
        shared_config::Base::Process(command) => Base::Process(process(command, home)),
        shared_config::Base::Named(_) => Base::Named(printable(profile.credential_source.as_deref()?)),
        // A login for services that take a bearer token gives no credentials.
        shared_config::Base::SsoToken(_) | shared_config::Base::Nothing => return None,
    })
}

fn sso(profile: &shared_config::Profile, login: &shared_config::SsoLogin<'_>, home: &Home) -> Sso {
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
        role: printable(&role),
        account: printable(&account),
    }
}

/// The command runs in a shell (aws-config, `credential_process.rs`); only a plain first word can be looked for.
fn process(command: &str, home: &Home) -> Process {
    let command = command.trim_start();
    let word = match command.strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => command.split_whitespace().next(),
    };
    let word = word.unwrap_or_default();
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+ ".contains(c));
    let found = if plain { is_program(word, home) } else { None };
    Process { program: if plain { printable(word) } else { "a shell command".to_owned() }, found }
}

/// `None`: the shell alone can tell.
fn is_program(word: &str, home: &Home) -> Option<bool> {
    // What a shell knows by itself is no file.
    const BUILT_IN: [&str; 6] = ["cat", "echo", "eval", "exec", "printf", "source"];
    if word.contains('/') {
        return Some(std::path::Path::new(word).is_file());
    }
    let path = home.path.as_ref().filter(|_| !BUILT_IN.contains(&word))?;
    Some(std::env::split_paths(path).any(|folder| folder.join(word).is_file()))
}

fn roles(
    config: &SharedConfig,
    chain: &shared_config::Chain<'_>,
    base: &Base,
    environment: &Environment,
    home: &Home,
) -> Vec<Role> {
    let first_is_chained = match base {
        Base::Keys { token, .. } => Some(*token),
        // The first role is what the token is exchanged for: no session calls.
        Base::WebIdentity(_) => Some(false),
        Base::Sso(_) => Some(true),
        Base::Named(source) if source.eq_ignore_ascii_case("environment") => Some(environment.token.is_set()),
        Base::Named(_) => Some(true),
        // What a program prints may be a key or a session; of console sessions AWS does not say.
        Base::Process(_) | Base::Login(_) => None,
    };
    let role = |(index, profile): (usize, &&shared_config::Profile)| {
        let duration = profile.duration_seconds.as_ref();
        let location = duration.map_or_else(|| profile.location.clone(), |set| config.location(set.place));
        Role {
            profile: profile.name.clone(),
            arn: printable(profile.role_arn.as_deref().unwrap_or_default()),
            duration_seconds: duration.and_then(|set| set.parse().ok()),
            chained: if index == 0 { first_is_chained } else { Some(true) },
            mfa: profile.mfa_serial.is_some(),
            place: place(&location),
            cli_session_ends: cli_session(profile, home),
        }
    };
    chain.roles.iter().enumerate().map(role).collect()
}

/// When the session ends that the AWS CLI keeps of this role: by the arguments that botocore sends.
fn cli_session(profile: &shared_config::Profile, home: &Home) -> Option<Timestamp> {
    let duration = profile.duration_seconds.as_ref().and_then(|set| set.parse::<u64>().ok());
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

fn quoted_keys(profile: &shared_config::Profile, base: &Base) -> Option<QuotedKeys> {
    let first = profile.quoted_keys.first().filter(|_| matches!(base, Base::Keys { .. }))?;
    let lines = profile.quoted_keys.iter().filter(|key| key.file == first.file).map(|key| key.line).collect();
    Some(QuotedKeys { file: printable(&first.file), lines })
}

/// botocore takes the keys of the credentials file before `login_session` and `credential_process`; the SDKs do not.
fn passes_over_keys(config: &SharedConfig, chain: &shared_config::Chain<'_>, base: &Base) -> bool {
    let keys = chain.base_profile.keys.as_ref().filter(|_| chain.base_profile.has_keys());
    let credentials = config.files().iter().find(|file| file.kind == Kind::Credentials);
    let in_credentials = keys.zip(credentials).is_some_and(|(keys, file)| keys.file == file.name);
    matches!(base, Base::Process(_) | Base::Login(_)) && in_credentials
}

/// What kind of fault ends a chain, and in which profile: the chain's own words are for people.
fn why(config: &SharedConfig, name: &str) -> (BrokenKind, String) {
    let mut visited: Vec<&str> = Vec::new();
    let mut next = name;
    while let Some(profile) = config.profile(next) {
        visited.push(&profile.name);
        let fault = |kind| (kind, profile.name.clone());
        if profile.spoilt.is_some() {
            return fault(BrokenKind::Other);
        }
        let assumes = profile.role_arn.is_some() && profile.web_identity_token_file.is_none();
        if assumes && !(visited.len() > 1 && profile.has_keys()) {
            match (&profile.source_profile, &profile.credential_source) {
                (Some(_), Some(_)) => return fault(BrokenKind::TwoSources),
                (None, None) => return fault(BrokenKind::NoSource),
                (Some(source), None) if **source != *profile.name || profile.keys.is_none() => {
                    if visited.contains(&&**source) {
                        return fault(BrokenKind::Cycle);
                    }
                    if config.profile(source).is_none() {
                        let named = printable(source);
                        return fault(BrokenKind::SourceMissing {
                            named,
                            nearest: near(config, source, &profile.name),
                        });
                    }
                    next = source;
                    continue;
                }
                _ => {}
            }
        }
        return fault(match &profile.sso_session {
            Some(session) if config.sso_session(session).is_none() => BrokenKind::SsoSessionMissing(printable(session)),
            _ if profile.sso_account_id.is_some()
                || profile.sso_role_name.is_some()
                || profile.sso_session.is_some() =>
            {
                BrokenKind::SsoSettings
            }
            _ if profile.has_access_key != profile.has_secret => BrokenKind::HalfAKey,
            _ => BrokenKind::Other,
        });
    }
    (BrokenKind::Other, name.to_owned())
}
