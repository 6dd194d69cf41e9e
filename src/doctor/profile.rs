//! What the shared configuration files say of the selected profile, with what its caches hold. Reads; judges nothing.

use jiff::Timestamp;
use serde_json::Value;

use super::caches::{self, Home};
use super::facts::{
    Base, Broken, Chain, Environment, FileTrouble, Login, Process, Profile, QuotedKeys, Role, Selected, SelectedBy, Sso,
};
use crate::failure::printable;
use crate::inventory::{Location, nearest};
use crate::shared_config::{self, Fault, Kind, SharedConfig, Trouble};

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
        let others = config.profiles().map(|profile| profile.name.as_str()).filter(|known| known != name);
        let nearest = nearest(name, others).map(str::to_owned);
        return Profile::Missing { nearest, known: config.profiles().count() };
    }
    match config.chain(name) {
        Ok(chain) => match base(config, &chain, home) {
            Some(base) => Profile::Leads(Chain {
                profile: chain.base_profile.name.clone(),
                roles: roles(config, &chain, &base, environment, home),
                quoted_keys: quoted_keys(chain.base_profile, &base),
                keys_passed_over: passes_over_keys(config, &chain, &base),
                base,
            }),
            None => Profile::Empty,
        },
        Err(Fault { kind, profile, remark }) => {
            let detail =
                format!("{}: {} ({})", printable(&remark.message), printable(&remark.help), place(&remark.location));
            Profile::Broken(Broken { kind, profile, file: printable(&remark.location.file), detail })
        }
    }
}

/// What is wrong with the files themselves.
pub(super) fn troubles(config: &SharedConfig) -> Vec<FileTrouble> {
    let trouble = |Trouble { kind, remark }: &Trouble| FileTrouble {
        place: place(&remark.location),
        file: printable(&remark.location.file),
        message: printable(&remark.message),
        help: printable(&remark.help),
        kind: kind.clone(),
    };
    config.problems().iter().map(trouble).collect()
}

fn place(location: &Location) -> String {
    printable(&format!("{}:{}", location.file, location.line))
}

fn base(config: &SharedConfig, chain: &shared_config::Chain<'_>, home: &Home) -> Option<Base> {
    let profile = chain.base_profile;
    let keys = |token| Base::Keys {
        token,
        is_session_key: profile.is_session_key,
        place: place(profile.keys.as_ref().unwrap_or(&profile.location)),
    };
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
        shared_config::Base::Process(command) => Base::Process(process(command, &config.location(command.place), home)),
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
fn process(command: &str, location: &Location, home: &Home) -> Process {
    let command = command.trim_start();
    let word = match command.strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => command.split_whitespace().next(),
    };
    let word = word.unwrap_or_default();
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+ ".contains(c));
    let found = if plain { is_program(word, home) } else { None };
    let program = if plain { printable(word) } else { "a shell command".to_owned() };
    Process { program, found, file: printable(&location.file), line: location.line }
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
