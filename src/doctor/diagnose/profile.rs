//! The shared configuration files and the selected profile: there or not, leading somewhere or not, and what of it will
//! fail later.

use super::commands::{find_program, of_profile, quoted};
use super::{Diagnosis, Level, Subject};
use crate::doctor::facts::{Base, Broken, Chain, FileTrouble, Profile, Provider, QuotedKeys, Role, SelectedBy};
use crate::failure::printable;
use crate::inventory::{RoleArn, Seconds};
use crate::lease::rules;
use crate::shared_config::{FaultKind, TroubleKind};

/// What STS gives at most to a caller that is itself a session (STS AssumeRole, `DurationSeconds`: role chaining).
const CHAINED_SECONDS: u64 = 3600;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Diagnosis>) {
    let facts = subject.facts;
    out.extend(facts.files.iter().filter(|trouble| concerns(subject, trouble)).map(|trouble| file(subject, trouble)));
    match &facts.profile {
        Profile::Missing { nearest, known } => out.extend(missing(subject, nearest.as_deref(), *known)),
        Profile::Broken(fault) => out.push(broken(subject, fault)),
        // One that only names a Region is right beside another provider.
        Profile::Empty if facts.selected.by != SelectedBy::Default && subject.deciding.is_none() => {
            out.push(Diagnosis::problem(
                "profile-without-credentials",
                format!("Profile `{}` says nothing of credentials", facts.selected.name),
                "It is there, but has no key, no login, no role and no process. Tools go on to the next provider.",
                format!("aws configure{}", of_profile(&facts.selected.name)),
            ))
        }
        Profile::Leads(chain) => {
            out.extend(nothing_in_source(subject, chain));
            out.extend(quoted_keys(subject, chain));
            out.extend(chain.roles.iter().filter_map(|role| malformed_arn(subject, role)));
            out.extend(durations(subject, chain));
            out.extend(chain.roles.iter().find(|role| role.mfa).map(|role| mfa(subject, role)));
            out.extend(process(subject, chain));
            out.extend(passed_over(chain));
            out.extend(key_and_token(subject, chain));
            out.extend(copied(subject, chain));
        }
        Profile::Absent | Profile::Empty => {}
    }
}

/// A profile matters as much as it is used: behind the environment's keys its faults wait.
fn level(subject: &Subject<'_>) -> Level {
    if subject.decides(Provider::Environment) { Level::Warning } else { Level::Problem }
}

/// Whether a trouble is to be told here.
fn concerns(subject: &Subject<'_>, trouble: &FileTrouble) -> bool {
    match (&trouble.kind, &subject.facts.profile) {
        // It is told with the profile that it spoils.
        (TroubleKind::Spoilt, Profile::Broken(fault)) => !fault.detail.ends_with(&format!("({})", trouble.place)),
        (TroubleKind::Commented { profile }, Profile::Leads(chain)) => {
            *profile == subject.facts.selected.name
                || *profile == chain.profile
                || chain.roles.iter().any(|role| role.profile == *profile)
        }
        (TroubleKind::Commented { profile }, _) => *profile == subject.facts.selected.name,
        _ => true,
    }
}

fn file(subject: &Subject<'_>, trouble: &FileTrouble) -> Diagnosis {
    let FileTrouble { place, file, message, help, kind } = trouble;
    let (what, why, shown) = (format!("{place}: {message}"), format!("{}.", sentence(help)), quoted(file));
    let editor = format!("\"${{EDITOR:-vi}}\" {shown}");
    let new = |id, level, why: String, command: String| Diagnosis::new(id, level, what.clone(), why).mended_by(command);
    // The AWS CLI and boto3 read the files before anything else.
    let always =
        " The AWS CLI and boto3 stop with \"Unable to parse config file\", also where the environment has keys.";
    match kind {
        TroubleKind::ByteOrderMark => new(
            "byte-order-mark",
            Level::Problem,
            format!("An editor of Windows wrote it.{always}"),
            format!("sed -i '1s/^\\xEF\\xBB\\xBF//' {shown}"),
        ),
        TroubleKind::NotText { utf16 } => new(
            "file-not-text",
            Level::Problem,
            format!("The SDK for Rust takes the file as empty.{always}"),
            in_utf8(if *utf16 { "UTF-16" } else { "WINDOWS-1252" }, &shown),
        ),
        TroubleKind::Refused { by_cli: true } => new("file-refused", Level::Problem, format!("{why}{always}"), editor),
        TroubleKind::Refused { by_cli: false } => new("file-refused", level(subject), why, editor),
        TroubleKind::RefusedByPython => {
            new("file-refused-by-cli", Level::Problem, format!("{why}{always} They do not say where."), editor)
        }
        TroubleKind::Commented { .. } => {
            let line = place.rsplit(':').next().unwrap_or_default();
            let command = format!("sed -i '{line}s/[[:blank:]][[:blank:]]*[#;].*$//' {shown}");
            new("comment-behind-value", level(subject), why, command)
        }
        TroubleKind::Ignored { profile: Some(profile), right, written } if *profile == subject.facts.selected.name => {
            let Some(right) = right else { return new("wrong-header", Level::Warning, why, editor) };
            // The other file may have the profile too.
            let needed = matches!(subject.facts.profile, Profile::Missing { .. });
            let level = if needed { level(subject) } else { Level::Warning };
            new("wrong-header", level, why, with_header(written, right, profile, &shown))
        }
        TroubleKind::Unreadable { named_by } => {
            let level = if is_without_profile(subject) { level(subject) } else { Level::Note };
            let command = named_by.map_or_else(|| format!("ls -ld {shown}"), |variable| format!("unset {variable}"));
            new("file-trouble", level, why, command)
        }
        TroubleKind::Ignored { .. } | TroubleKind::Spoilt => new("file-trouble", Level::Note, why, editor),
    }
}

/// The file written anew in place: it keeps its owner and its permissions.
fn in_utf8(from: &str, file: &str) -> String {
    format!("t=$(mktemp) && iconv -f {from} -t UTF-8 {file} >\"$t\" && cat \"$t\" >{file}; rm -f \"$t\"")
}

/// The header as it should be; where that gives the profile another name, it is selected by that.
fn with_header(written: &str, right: &str, profile: &str, file: &str) -> String {
    let edit = format!("s/^{}/{}/", escaped(written), right.replace('/', r"\/"));
    let edit = format!("sed -i {} {file}", quoted(&edit));
    let name = right.trim_matches(['[', ']']).trim_start_matches("profile ");
    if name == profile { edit } else { format!("{edit} && export AWS_PROFILE={}", quoted(name)) }
}

/// The selected profile is in no file, or none is selected and there is no default one.
fn is_without_profile(subject: &Subject<'_>) -> bool {
    match &subject.facts.profile {
        Profile::Missing { .. } => true,
        Profile::Absent => subject.deciding.is_none(),
        _ => false,
    }
}

fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// For the pattern of `sed`.
fn escaped(text: &str) -> String {
    let escape = |c: char| if r"\[].*^$/".contains(c) { format!("\\{c}") } else { c.to_string() };
    text.chars().map(escape).collect()
}

fn missing(subject: &Subject<'_>, nearest: Option<&str>, known: usize) -> Option<Diagnosis> {
    let selected = &subject.facts.selected;
    let because = |trouble: &FileTrouble| match &trouble.kind {
        TroubleKind::ByteOrderMark | TroubleKind::NotText { .. } | TroubleKind::Refused { .. } => true,
        TroubleKind::Unreadable { .. } => true,
        TroubleKind::Ignored { profile, .. } => profile.as_ref() == Some(&selected.name),
        TroubleKind::RefusedByPython | TroubleKind::Commented { .. } | TroubleKind::Spoilt => false,
    };
    if selected.name.trim().is_empty() || subject.facts.files.iter().any(because) {
        // That the variable names nothing, or what the file has wrong, is told already.
        return None;
    }
    let (by, again) = match selected.by {
        SelectedBy::Option => ("--profile", "credential-health doctor --profile "),
        _ => ("AWS_PROFILE", "export AWS_PROFILE="),
    };
    let why = "The AWS CLI and boto3 stop with \"The config profile could not be found\", also where the environment has keys; \
               the SDK for Rust goes on to the next provider.";
    let found = match nearest {
        Some(near) => format!("There is a profile `{near}`. "),
        None if known == 0 => "The files have no profile at all. ".to_owned(),
        None => "None that is there has nearly that name. ".to_owned(),
    };
    let command = match nearest {
        Some(near) => format!("{again}{}", sure(&selected.name, near)),
        None if selected.by == SelectedBy::Variable => "unset AWS_PROFILE".to_owned(),
        None => format!("aws configure sso{}", of_profile(&selected.name)),
    };
    let what = format!("{by} names profile `{}`, which is not there", selected.name);
    Some(Diagnosis::problem("profile-missing", what, format!("{found}{why}"), command))
}

fn broken(subject: &Subject<'_>, fault: &Broken) -> Diagnosis {
    let profile = of_profile(&fault.profile);
    let (id, command) = match &fault.kind {
        FaultKind::SourceMissing { named, nearest: Some(near) } => {
            ("source-profile-missing", format!("aws configure set source_profile {}{profile}", sure(named, near)))
        }
        FaultKind::SourceMissing { named, nearest: None } => {
            ("source-profile-missing", format!("aws configure{}", of_profile(named)))
        }
        FaultKind::Cycle => ("source-profile-cycle", format!("aws configure set source_profile NAME{profile}")),
        FaultKind::NoSource => ("role-without-source", format!("aws configure set source_profile NAME{profile}")),
        FaultKind::TwoSources => ("role-with-two-sources", format!("\"${{EDITOR:-vi}}\" {}", quoted(&fault.file))),
        FaultKind::SsoSessionMissing(name) => {
            ("sso-session-missing", format!("aws configure sso-session # SSO session name: {}", quoted(name)))
        }
        FaultKind::SsoSettings => ("sso-settings-incomplete", format!("aws configure sso{profile}")),
        FaultKind::HalfAKey => ("profile-key-incomplete", format!("aws configure{profile}")),
        FaultKind::SourceEmpty => ("profile-without-credentials", format!("aws configure{profile}")),
        FaultKind::Missing | FaultKind::Other => {
            ("profile-broken", format!("\"${{EDITOR:-vi}}\" {}", quoted(&fault.file)))
        }
    };
    let what = format!("Profile `{}` leads to no credentials", subject.facts.selected.name);
    Diagnosis::new(id, level(subject), what, format!("{}.", fault.detail)).mended_by(command)
}

/// The name for a command: a guess is no more than NAME, unless one edit leads to it.
fn sure(written: &str, near: &str) -> String {
    if strsim::damerau_levenshtein(written, near) <= 1 { quoted(near) } else { "NAME".to_owned() }
}

/// `credential_source` names variables that are not set.
fn nothing_in_source(subject: &Subject<'_>, chain: &Chain) -> Option<Diagnosis> {
    let Base::Named(source) = &chain.base else { return None };
    let environment = &subject.facts.environment;
    let profile = of_profile(&chain.profile);
    let (missing, command) = if source.eq_ignore_ascii_case("Environment") && !environment.provides() {
        (
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            "eval \"$(aws configure export-credentials --profile NAME --format env)\"".to_owned(),
        )
    } else if source.eq_ignore_ascii_case("EcsContainer") && environment.container.is_none() {
        ("AWS_CONTAINER_CREDENTIALS_*_URI", format!("aws configure set credential_source NAME{profile}"))
    } else {
        return None;
    };
    let what = format!("Profile `{}` takes credentials from {source}, and {missing} are not set", chain.profile);
    let why = "Its role is to be assumed with them. The AWS CLI and boto3 stop with CredentialRetrievalError.";
    Some(Diagnosis::new("credential-source-empty", level(subject), what, why).mended_by(command))
}

fn quoted_keys(subject: &Subject<'_>, chain: &Chain) -> Option<Diagnosis> {
    let QuotedKeys { file, lines } = chain.quoted_keys.as_ref()?;
    let places: Vec<String> = lines.iter().map(|line| format!("{file}:{line}")).collect();
    let edits: Vec<String> = lines.iter().map(|line| format!("{line}s/[\"']//g")).collect();
    let what = format!("The keys of profile `{}` are written in quotation marks", chain.profile);
    let why = format!(
        "{}: the marks are part of the value in every AWS tool, and no key has them: AWS refuses it.",
        places.join(", ")
    );
    let command = format!("sed -i {} {}", quoted(&edits.join(";")), quoted(file));
    Some(Diagnosis::new("quoted-keys", level(subject), what, why).mended_by(command))
}

fn malformed_arn(subject: &Subject<'_>, role: &Role) -> Option<Diagnosis> {
    let wrong = RoleArn::parse(&role.arn).err()?;
    let what = format!("The role_arn of profile `{}` is not the ARN of a role", role.profile);
    let why = format!("{}: {}; {}. STS refuses it.", role.place, printable(&wrong.message), printable(&wrong.help));
    let command = format!("aws configure set role_arn arn:aws:iam::ACCOUNT:role/NAME{}", of_profile(&role.profile));
    Some(Diagnosis::new("role-arn-malformed", level(subject), what, why).mended_by(command))
}

fn durations(subject: &Subject<'_>, chain: &Chain) -> Vec<Diagnosis> {
    // No tool sends it with a token of an identity provider (botocore, `AssumeRoleWithWebIdentityProvider`).
    let first = usize::from(matches!(chain.base, Base::WebIdentity(_)));
    let roles = chain.roles.iter().skip(first);
    roles.filter_map(|role| out_of_range(subject, role).or_else(|| too_long(role))).collect()
}

/// STS takes 900 to 43200 from any caller (STS AssumeRole, `DurationSeconds`).
fn out_of_range(subject: &Subject<'_>, role: &Role) -> Option<Diagnosis> {
    let range = *rules::ASSUME_ROLE_RANGE.start()..=*rules::ASSUME_ROLE_RANGE.end();
    let asked = role.duration_seconds.filter(|asked| !range.contains(&Seconds(*asked)))?;
    let what = format!("Profile `{}` asks for {asked} seconds, and STS gives 900 to 43200", role.profile);
    let why = format!(
        "{}: the AWS CLI and boto3 send duration_seconds, and STS refuses it with ValidationError; the SDK for Rust does not send it.",
        role.place
    );
    let command = format!("aws configure set duration_seconds 3600{}", of_profile(&role.profile));
    Some(Diagnosis::new("duration-refused", level(subject), what, why).mended_by(command))
}

/// STS refuses such a request. The SDK for Rust does not send `duration_seconds`.
fn too_long(role: &Role) -> Option<Diagnosis> {
    let asked = role.duration_seconds.filter(|asked| *asked > CHAINED_SECONDS && role.chained == Some(true))?;
    Some(Diagnosis::problem(
        "chained-duration",
        format!(
            "Profile `{}` asks for {asked} seconds, and a role assumed by a session gets 3600 at most",
            role.profile
        ),
        format!(
            "{}: the credentials that assume it are themselves a session: role chaining. STS refuses with ValidationError, whatever the role's \
             MaxSessionDuration, in the AWS CLI, boto3 and every SDK that sends duration_seconds; the SDK for Rust does not.",
            role.place
        ),
        format!("aws configure set duration_seconds 3600{}", of_profile(&role.profile)),
    ))
}

fn mfa(subject: &Subject<'_>, role: &Role) -> Diagnosis {
    let until = match role.cli_session_ends {
        Some(end) if end > subject.now => format!(" The session that the CLI keeps lasts until {end:.0}."),
        _ => " The CLI keeps no session of it that is still good.".to_owned(),
    };
    Diagnosis::warning(
        "mfa-needs-a-person",
        format!("Profile `{}` needs an MFA code each time its session is renewed", role.profile),
        format!(
            "mfa_serial: the AWS CLI asks for the code; boto3 gives up ten minutes before the session ends, and the SDK for Rust sends no MFA at all.{until}"
        ),
        format!("aws sts get-caller-identity{}", of_profile(&subject.facts.selected.name)),
    )
}

fn process(subject: &Subject<'_>, chain: &Chain) -> Option<Diagnosis> {
    let Base::Process(process) = &chain.base else { return None };
    (process.found == Some(false)).then(|| {
        Diagnosis::new(
            "process-missing",
            level(subject),
            format!("The credential_process of profile `{}` is not there: {}", chain.profile, process.program),
            "No such program is in PATH, or at that path. Programs started by a service have a shorter PATH than a shell.",
        )
        .mended_by(find_program(process))
    })
}

fn passed_over(chain: &Chain) -> Option<Diagnosis> {
    chain.keys_passed_over.then(|| {
        Diagnosis::warning(
            "tools-disagree",
            format!("Profile `{}` has keys in the credentials file too, and tools differ", chain.profile),
            "The SDK for Rust takes login_session and credential_process before keys; the AWS CLI and boto3 take the keys of the credentials file first.",
            "\"${EDITOR:-vi}\" ~/.aws/credentials",
        )
    })
}

/// A session's key goes with a token, a long-term key without; as in the environment.
fn key_and_token(subject: &Subject<'_>, chain: &Chain) -> Option<Diagnosis> {
    let Base::Keys { token, is_session_key, place } = &chain.base else { return None };
    let (id, what, why, command) = match (is_session_key, token) {
        (Some(true), false) => (
            "token-missing",
            "is a session's, and it has no aws_session_token",
            "a key that begins with ASIA is worth nothing without its session token; AWS answers InvalidClientTokenId",
            super::commands::renew_profile(chain),
        ),
        (Some(false), true) => (
            "token-left-over",
            "is a long-term key, and it has an aws_session_token",
            "the token is left over from a session; AWS takes key and token as one and answers InvalidClientTokenId",
            format!("\"${{EDITOR:-vi}}\" {}", quoted(place.rsplit_once(':').map_or(place, |(file, _)| file))),
        ),
        _ => return None,
    };
    let what = format!("The key of profile `{}` {what}", chain.profile);
    Some(Diagnosis::new(id, level(subject), what, format!("{place}: {why}.")).mended_by(command))
}

fn copied(subject: &Subject<'_>, chain: &Chain) -> Option<Diagnosis> {
    let Base::Keys { token: true, place, is_session_key: None | Some(true) } = &chain.base else { return None };
    subject.decides(Provider::Profile).then(|| {
        Diagnosis::warning(
            "copied-session",
            format!("Profile `{}` holds a copy of a session that nothing renews", chain.profile),
            format!("{place}: aws_session_token. When it ends, every tool with this profile fails with ExpiredToken; the file does not say when."),
            super::commands::renew_profile(chain),
        )
    })
}
