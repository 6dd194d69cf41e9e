//! The selected profile: there or not, leading to credentials or not, and what of it will fail later.

use super::commands::{
    change_value, comment_out, configure_sso_in_place_of_keys, edit_file, find_program, of_profile, open_editor,
    quoted, rename_key, renew_profile, unset_profile_variable,
};
use super::{Diagnosis, DiagnosisSubject, Level, describe_profiles, level};
use crate::doctor::facts::{
    BaseFacts, Broken, ChainFacts, Noted, ProfileFacts, ProfileRole, Provider, SelectedBy, Spot,
};
use crate::inventory::Seconds;
use crate::lease::rules;
use crate::shared_config::{FaultKind, IneffectiveKind, TroubleKind};
use crate::visible::configured;

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let facts = subject.facts;
    match &facts.profile {
        ProfileFacts::Missing { nearest, glued } => {
            out.extend(missing(subject, nearest.as_deref(), glued.as_ref()));
        }
        ProfileFacts::Broken(fault) => out.push(broken(subject, fault)),
        // A profile that only names a Region is right beside another provider.
        ProfileFacts::Empty(ineffective) if facts.selected.by != SelectedBy::Default && subject.deciding.is_none() => {
            out.push(empty(subject, ineffective));
        }
        ProfileFacts::Empty(ineffective) => without_effect(ineffective, out),
        ProfileFacts::Leads(chain) => {
            out.extend(nothing_in_source(subject, chain));
            out.extend(chain.refused.iter().map(|fault| refused(subject, chain, fault)));
            out.extend(durations(subject, chain));
            let asks_for_code = chain.refused.iter().all(|fault| fault.kind != FaultKind::MfaWithSession);
            out.extend(chain.roles.iter().find(|role| role.mfa && asks_for_code).map(|role| mfa(subject, role)));
            out.extend(process(subject, chain));
            out.extend(copied(subject, chain));
            without_effect(&chain.ineffective, out);
        }
        ProfileFacts::Absent => {}
    }
}

fn missing(subject: &DiagnosisSubject<'_>, nearest: Option<&str>, glued: Option<&Spot>) -> Option<Diagnosis> {
    let selected = &subject.facts.selected;
    let because = |kind: &TroubleKind| match kind {
        TroubleKind::ByteOrderMark
        | TroubleKind::NotText { .. }
        | TroubleKind::Refused { .. }
        | TroubleKind::Unreadable { .. } => true,
        TroubleKind::Ignored { profile, .. } => profile.as_ref() == Some(&selected.name),
        TroubleKind::RefusedByPython | TroubleKind::Spoilt => false,
    };
    if selected.name.trim().is_empty() || subject.facts.files.iter().any(|trouble| because(&trouble.kind)) {
        // The empty variable, or the fault of the file, has its own diagnosis.
        return None;
    }
    let (by, again) = match selected.by {
        SelectedBy::Option => ("--profile", "credential-health doctor --profile "),
        SelectedBy::Variable | SelectedBy::Default => ("AWS_PROFILE", "export AWS_PROFILE="),
        SelectedBy::DefaultVariable => ("AWS_DEFAULT_PROFILE", "export AWS_DEFAULT_PROFILE="),
    };
    let why = "The AWS CLI and boto3 stop with \"The config profile could not be found\", also where the environment \
        has keys; the SDK for Rust goes on to the next provider.";
    let found = match (glued, nearest) {
        (Some(at), _) => {
            format!("Its header is part of the value at {at}: it was appended without a line break before it. ")
        }
        (None, Some(near)) => format!("There is a profile `{near}`. "),
        (None, None) => match describe_profiles(&subject.facts.others) {
            Some(others) => format!("No profile has nearly that name. {others} "),
            None => "No profile of the files has credentials. ".to_owned(),
        },
    };
    let command = match (glued, nearest) {
        (Some(at), _) => open_editor(&at.file),
        (None, Some(near)) => format!("{again}{}", sure(&selected.name, near)),
        (None, None) if selected.by == SelectedBy::Option => format!("aws configure sso{}", of_profile(&selected.name)),
        (None, None) => unset_profile_variable(subject, by),
    };
    let what = format!("{by} names profile `{}`, which is not there", configured(&selected.name));
    Some(Diagnosis::problem("profile-missing", what, format!("{found}{why}"), command))
}

fn empty(subject: &DiagnosisSubject<'_>, ineffective: &[Noted<IneffectiveKind>]) -> Diagnosis {
    let name = &subject.facts.selected.name;
    let mut why =
        "It is there, but has no key, no login, no role and no process. Tools go on to the next provider.".to_owned();
    for Noted { at, kind, .. } in ineffective {
        why.push_str(&format!(" {at}: {}.", kind.describe().0));
    }
    Diagnosis::problem(
        "profile-without-credentials",
        format!("Profile `{name}` has no credentials"),
        why,
        format!("aws configure{}", of_profile(name)),
    )
}

fn broken(subject: &DiagnosisSubject<'_>, fault: &Broken) -> Diagnosis {
    let (id, command) = fix(fault);
    let what = format!("Profile `{}` leads to no credentials", subject.facts.selected.name);
    Diagnosis::new(id, level(subject), what, format!("{}.", fault.detail)).fixed_by(command)
}

/// A fault of a chain that leads to credentials: AWS refuses them.
fn refused(subject: &DiagnosisSubject<'_>, chain: &ChainFacts, fault: &Broken) -> Diagnosis {
    let (id, command) = fix(fault);
    let command = if fault.kind == FaultKind::TokenMissing { renew_profile(chain) } else { command };
    let what = format!("Profile `{}` can never work: {}", fault.profile, fault.kind.summary());
    Diagnosis::new(id, level(subject), what, format!("{}.", fault.detail)).fixed_by(command)
}

/// The diagnosis of a fault, and the command that corrects it.
fn fix(fault: &Broken) -> (&'static str, String) {
    let profile = of_profile(&fault.profile);
    let file = &fault.at.file;
    match &fault.kind {
        FaultKind::SourceMissing { named: Some(named), nearest: Some(near) } => {
            ("source-profile-missing", format!("aws configure set source_profile {}{profile}", sure(named, near)))
        }
        FaultKind::SourceMissing { named: Some(named), nearest: None } => {
            ("source-profile-missing", format!("aws configure{}", of_profile(named)))
        }
        FaultKind::SourceMissing { named: None, .. } => {
            ("source-profile-missing", format!("aws configure set source_profile NAME{profile}"))
        }
        FaultKind::Cycle => ("source-profile-cycle", format!("aws configure set source_profile NAME{profile}")),
        FaultKind::ProcessCycle => ("process-cycle", open_editor(file)),
        FaultKind::TooManyProfiles => ("source-profile-cycle", open_editor(file)),
        FaultKind::NoSource => ("role-without-source", format!("aws configure set source_profile NAME{profile}")),
        FaultKind::TwoSources => ("role-with-two-sources", open_editor(file)),
        FaultKind::CredentialSourceUnknown => {
            ("credential-source-unknown", format!("aws configure set credential_source NAME{profile}"))
        }
        FaultKind::WebIdentityWithoutRole => {
            ("web-identity-without-role", format!("aws configure set role_arn arn:aws:iam::ACCOUNT:role/NAME{profile}"))
        }
        FaultKind::SsoSessionMissing(name) => {
            let name = name.as_deref().map_or_else(|| "NAME".to_owned(), quoted);
            ("sso-session-missing", format!("aws configure sso-session # SSO session name: {name}"))
        }
        FaultKind::SsoSettings => ("sso-settings-incomplete", format!("aws configure sso{profile}")),
        FaultKind::HalfAKey => ("profile-key-incomplete", format!("aws configure{profile}")),
        FaultKind::SourceEmpty => ("profile-without-credentials", format!("aws configure{profile}")),
        FaultKind::Commented { key, line } => ("comment-behind-value", without_comment(*line, key, file)),
        FaultKind::Quoted { key, line } => ("quoted-value", edit_file(&without_marks(*line, key), file)),
        FaultKind::QuotedKeys(lines) => {
            let edits: Vec<String> = lines.iter().map(|line| without_marks(*line, "aws_[a-z_]*")).collect();
            ("quoted-keys", edit_file(&edits.join(";"), file))
        }
        FaultKind::EmptyValue { key, line } => ("empty-value", comment_out(&[(*line, key)], file)),
        FaultKind::RoleArn => {
            ("role-arn-malformed", format!("aws configure set role_arn arn:aws:iam::ACCOUNT:role/NAME{profile}"))
        }
        FaultKind::SessionName => {
            ("session-name-malformed", format!("aws configure set role_session_name session{profile}"))
        }
        FaultKind::ExternalId => ("external-id-malformed", format!("aws configure set external_id ID{profile}")),
        FaultKind::NegativeDuration => ("duration-refused", set_duration(&fault.profile)),
        FaultKind::OtherPartition => ("role-of-another-partition", open_editor(file)),
        FaultKind::MfaWithSession => ("mfa-with-session", comment_out(&[(fault.at.line, "mfa_serial")], file)),
        FaultKind::TokenMissing => ("token-missing", configure_sso_in_place_of_keys(&profile, &fault.at.to_string())),
        FaultKind::TokenLeftOver { line } => ("token-left-over", comment_out(&[(*line, "aws_se[a-z]*_token")], file)),
        FaultKind::Missing | FaultKind::Spoilt => ("profile-broken", open_editor(file)),
    }
}

fn without_comment(line: usize, key: &str, file: &str) -> String {
    edit_file(&change_value(line, key, "s/[[:blank:]][[:blank:]]*[#;].*$//"), file)
}

fn without_marks(line: usize, key: &str) -> String {
    change_value(line, key, "s/[\"']//g")
}

/// The name for a command. A guess stays a placeholder unless one edit leads to it.
fn sure(written: &str, near: &str) -> String {
    // The AWS CLI takes a value that begins with a dash for an option.
    let is_value = !near.starts_with('-');
    if is_value && strsim::damerau_levenshtein(written, near) <= 1 { quoted(near) } else { "NAME".to_owned() }
}

/// `credential_source` names variables that are not set.
fn nothing_in_source(subject: &DiagnosisSubject<'_>, chain: &ChainFacts) -> Option<Diagnosis> {
    let BaseFacts::Named { source, at: Spot { file, line } } = &chain.base else { return None };
    let environment = &subject.facts.environment;
    let missing = match &**source {
        "Environment" if !environment.provides() => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        "EcsContainer" if environment.container.is_none() => "AWS_CONTAINER_CREDENTIALS_*_URI",
        _ => return None,
    };
    // Keys in the environment would come before the profile itself.
    let change = change_value(*line, "credential_source", "s/.*/source_profile = NAME/");
    let command = edit_file(&change, file);
    let what = format!("Profile `{}` takes credentials from {source}, and {missing} are not set", chain.profile);
    let why = "Its role is assumed with them. The AWS CLI and boto3 stop with CredentialRetrievalError. Replace NAME \
               by the profile that has the credentials.";
    Some(Diagnosis::new("credential-source-empty", level(subject), what, why).fixed_by(command))
}

fn durations(subject: &DiagnosisSubject<'_>, chain: &ChainFacts) -> Vec<Diagnosis> {
    // No tool sends it with a token of an identity provider (botocore, `AssumeRoleWithWebIdentityProvider`).
    let first = usize::from(matches!(chain.base, BaseFacts::WebIdentity(_)));
    let roles = chain.roles.iter().skip(first);
    roles.filter_map(|role| out_of_range(subject, role).or_else(|| too_long(role))).collect()
}

/// STS refuses the duration whatever the role allows.
pub(super) fn is_duration_refused(role: &ProfileRole) -> bool {
    let is_over_cap = |asked: u64| asked > rules::CHAIN_CAP.0 && role.chained == Some(true);
    role.duration_seconds.is_some_and(|asked| !rules::ASSUME_ROLE_RANGE.contains(&Seconds(asked)) || is_over_cap(asked))
}

fn out_of_range(subject: &DiagnosisSubject<'_>, role: &ProfileRole) -> Option<Diagnosis> {
    let range = rules::ASSUME_ROLE_RANGE;
    let asked = role.duration_seconds.filter(|asked| !range.contains(&Seconds(*asked)))?;
    let (least, most) = (range.start().0, range.end().0);
    let what = format!("Profile `{}` asks for {asked} seconds, and STS gives {least} to {most}", role.profile);
    let refused = if asked < least {
        "the AWS CLI and boto3 refuse the value before the call, and STS refuses it from JavaScript"
    } else {
        "the AWS CLI, boto3 and JavaScript send it, and STS refuses it with ValidationError"
    };
    let why = format!("{}: duration_seconds: {refused}; the SDKs for Rust, Java and .NET do not send it.", role.place);
    Some(Diagnosis::new("duration-refused", level(subject), what, why).fixed_by(set_duration_of(role)))
}

fn too_long(role: &ProfileRole) -> Option<Diagnosis> {
    let cap = rules::CHAIN_CAP.0;
    let asked = role.duration_seconds.filter(|asked| *asked > cap && role.chained == Some(true))?;
    Some(Diagnosis::problem(
        "chained-duration",
        format!(
            "Profile `{}` asks for {asked} seconds, and a role assumed by a session gets {cap} at most",
            role.profile
        ),
        format!(
            "{}: a session assumes the role, which is role chaining. STS refuses with ValidationError, whatever the \
             role's MaxSessionDuration is, in the AWS CLI, boto3 and every SDK that sends duration_seconds; the SDKs \
             for Rust, Java and .NET do not send it.",
            role.place
        ),
        set_duration_of(role),
    ))
}

/// The duration that every role and every caller gets, for a role of the chain. `aws configure set` finds no key with
/// capital letters: it would write a second one, and the AWS CLI and boto3 refuse a file with both.
pub(super) fn set_duration_of(role: &ProfileRole) -> String {
    let default = rules::DEFAULT_DURATION.0;
    match &role.capital_duration {
        Some(Spot { file, line }) => {
            edit_file(&change_value(*line, "duration_seconds", &format!("s/[=:].*/= {default}/")), file)
        }
        None => set_duration(&role.profile),
    }
}

/// The duration that every role and every caller gets.
pub(super) fn set_duration(profile: &str) -> String {
    format!("aws configure set duration_seconds {}{}", rules::DEFAULT_DURATION.0, of_profile(profile))
}

fn mfa(subject: &DiagnosisSubject<'_>, role: &ProfileRole) -> Diagnosis {
    let until = match role.cli_session_ends {
        Some(end) if end > subject.now => format!(" The session in the CLI's cache lasts until {end:.0}."),
        _ => " The CLI's cache has no session of it that is still good.".to_owned(),
    };
    let early = rules::BOTOCORE_MANDATORY_REFRESH;
    Diagnosis::warning(
        "mfa-needs-a-person",
        format!("Profile `{}` needs an MFA code each time its session is renewed", role.profile),
        format!(
            "mfa_serial: the AWS CLI asks for the code; boto3 gives up {early} before the session ends. The SDKs for \
             Go (Terraform), JavaScript and .NET fail unless the program supplies the code, and the SDKs for Rust and \
             Java send none.{until}"
        ),
        format!("aws sts get-caller-identity{}", of_profile(&subject.facts.selected.name)),
    )
}

fn process(subject: &DiagnosisSubject<'_>, chain: &ChainFacts) -> Option<Diagnosis> {
    let BaseFacts::Process(process) = &chain.base else { return None };
    (process.found == Some(false)).then(|| {
        Diagnosis::new(
            "process-missing",
            level(subject),
            format!("The credential_process of profile `{}` is not there: {}", chain.profile, process.program),
            match &process.installed_at {
                Some(path) => format!(
                    "No such program is in PATH, or at that path. {path} exists: name it by its whole path, because \
                     programs started by a service have a shorter PATH than a shell."
                ),
                None => "No such program is in PATH, or at that path. Install it, or correct the setting.".to_owned(),
            },
        )
        .fixed_by(find_program(process))
    })
}

fn copied(subject: &DiagnosisSubject<'_>, chain: &ChainFacts) -> Option<Diagnosis> {
    let BaseFacts::Keys { token: true, place, is_session_key: None | Some(true), stated_end } = &chain.base else {
        return None;
    };
    let until = match stated_end {
        // `session-ended` says so.
        Some((_, end)) if *end <= subject.now => return None,
        Some((key, end)) => format!("{key} says that it ends at {end:.0}."),
        None => "The file does not say when it ends.".to_owned(),
    };
    subject.decides(Provider::Profile).then(|| {
        Diagnosis::warning(
            "copied-session",
            format!("Profile `{}` holds a copy of a session that nothing renews", chain.profile),
            format!(
                "{place}: aws_session_token. When it ends, every tool with this profile fails with ExpiredToken. \
                 {until}"
            ),
            renew_profile(chain),
        )
    })
}

/// Settings without effect: one diagnosis for those that only need to be removed, one for each other kind.
fn without_effect(all: &[Noted<IneffectiveKind>], out: &mut Vec<Diagnosis>) {
    let mut removed: Vec<(&Noted<IneffectiveKind>, &str)> = Vec::new();
    let mut found = std::collections::BTreeSet::new();
    for noted in all {
        let Noted { profile, at, kind } = noted;
        let Spot { file, line } = at;
        let (id, level, command) = match kind {
            IneffectiveKind::DurationNotANumber { comment: true } => {
                ("comment-behind-value", Level::Warning, without_comment(*line, "duration_seconds", file))
            }
            IneffectiveKind::DurationNotANumber { comment: false } => {
                ("duration-not-a-number", Level::Warning, set_duration(profile))
            }
            IneffectiveKind::Misspelt { written, meant } => {
                ("misspelt-key", Level::Warning, rename_key(*line, written, meant, file))
            }
            IneffectiveKind::OddBlank { .. } => ("no-break-space", Level::Warning, open_editor(file)),
            IneffectiveKind::GluedHeader { .. } => ("glued-header", Level::Warning, open_editor(file)),
            IneffectiveKind::DurationOfPermissionSet | IneffectiveKind::DurationOfWebIdentity => {
                removed.push((noted, "duration_seconds"));
                continue;
            }
            IneffectiveKind::NoRole { key } | IneffectiveKind::NotOfWebIdentity { key } => {
                removed.push((noted, key));
                continue;
            }
        };
        let (what, help) = kind.describe();
        // A diagnosis of what the key's absence leads to has the same command.
        let is_said = out.iter().any(|earlier: &Diagnosis| earlier.command.as_ref() == Some(&command));
        if !is_said && found.insert(id) {
            let what = format!("Profile `{profile}`: {what}");
            out.push(Diagnosis::new(id, level, what, format!("{at}: {help}.")).fixed_by(command));
        }
    }
    let Some((first, _)) = removed.first() else { return };
    let file = &first.at.file;
    let of_file = removed.iter().filter(|(noted, _)| noted.at.file == *file);
    let settings: Vec<(usize, &str)> = of_file.map(|(noted, key)| (noted.at.line, *key)).collect();
    let all: Vec<String> =
        removed.iter().map(|(noted, _)| format!("{}: {}", noted.at, noted.kind.describe().0)).collect();
    let command = comment_out(&settings, file);
    let what = format!("Profile `{}` has settings without effect", first.profile);
    let why = format!("{}. Neither the AWS CLI nor an SDK uses them.", all.join("; "));
    out.push(Diagnosis::new("setting-without-effect", Level::Note, what, why).fixed_by(command));
}
