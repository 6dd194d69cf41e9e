//! The commands that correct what is wrong: one each, for a POSIX shell with the tools of Linux or macOS, safe to
//! paste. None of them prints a credential.

use super::DiagnosisSubject;
use crate::doctor::facts::{
    BaseFacts, ChainFacts, ProcessFacts, ProfileFacts, Provider, Selected, SelectedBy, ShellFacts, VariableFacts,
};
use crate::doctor::providers;
pub(super) use crate::shell::{file as operand, option, word as quoted};
use crate::visible::{configured, looks_like_credential};

/// The variables of the environment's credentials.
const KEYS: &str =
    "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION";
/// Copies a profile's credentials into the environment.
pub(super) const COPY: &str = "eval \"$(aws configure export-credentials --profile NAME --format env)\"";
/// Sets the clock, from Amazon's public time servers.
pub(super) const SET_CLOCK: &str = "sudo chronyd -q 'server time.aws.com iburst'";

/// Selects a profile.
const SELECT: &str = "export AWS_PROFILE=NAME";

/// The command that gives a shell credentials that has none: those of a profile, whose name replaces NAME, or of a
/// login. `None`: it has some.
fn give_credentials(shell: &ShellFacts) -> Option<&'static str> {
    let is_selected = shell.others.contains(&configured(&shell.selected.name));
    let has_some = is_selected || providers::deciding(&providers::of(shell)).is_some();
    (!has_some).then_some(if shell.others.is_empty() { "aws login" } else { SELECT })
}

/// Unsets variables. Where the shell has no credentials without them, the command also gives it some.
fn unset(variables: &str, without: &ShellFacts) -> String {
    let more = give_credentials(without).map_or_else(String::new, |command| format!("; {command}"));
    format!("unset {variables}{more}")
}

/// Unsets AWS_PROFILE or AWS_DEFAULT_PROFILE, which names a profile that is not there.
pub(super) fn unset_profile_variable(subject: &DiagnosisSubject<'_>, variable: &str) -> String {
    let mut without = subject.facts.clone();
    let others = &without.environment.default_profile;
    let rest = others.clone().filter(|name| variable == "AWS_PROFILE" && !name.trim().is_empty());
    without.selected = match rest {
        Some(name) => Selected { name, by: SelectedBy::DefaultVariable },
        None => Selected { name: "default".to_owned(), by: SelectedBy::Default },
    };
    without.profile = ProfileFacts::Absent;
    match give_credentials(&without) {
        // The new value replaces the old one.
        Some(SELECT) if variable == "AWS_PROFILE" => SELECT.to_owned(),
        _ => unset(variable, &without),
    }
}

/// Unsets the environment's keys.
fn unset_keys(subject: &DiagnosisSubject<'_>) -> String {
    let mut without = subject.facts.clone();
    without.environment.access_key = VariableFacts::Absent;
    without.environment.secret = VariableFacts::Absent;
    without.environment.token = VariableFacts::Absent;
    unset(KEYS, &without)
}

/// Unsets the variables of a web identity, whose token is of no use.
pub(super) fn unset_web_identity(subject: &DiagnosisSubject<'_>) -> String {
    let mut without = subject.facts.clone();
    without.environment.web_identity = None;
    unset("AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME", &without)
}

/// Unsets the variables of a container's endpoint.
pub(super) fn unset_container(subject: &DiagnosisSubject<'_>) -> String {
    let mut without = subject.facts.clone();
    without.environment.container = None;
    unset("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI", &without)
}

/// Lets a kubelet write new tokens: its pod has to be made again.
pub(super) const RESTART_POD: &str = "kubectl rollout restart deployment NAME";

/// Leaves the environment's credentials out. Where the selected profile lives on them, they stay, and `--profile` makes
/// the AWS CLI assume its role.
pub(super) fn leave_out_keys(subject: &DiagnosisSubject<'_>) -> String {
    match &subject.facts.profile {
        ProfileFacts::Leads(chain) if lives_on_environment(chain) => {
            format!("aws sts get-caller-identity {}", profile_option(&subject.facts.selected.name))
        }
        _ => unset_keys(subject),
    }
}

/// The profile assumes its role with the credentials of the environment.
pub(super) fn lives_on_environment(chain: &ChainFacts) -> bool {
    matches!(&chain.base, BaseFacts::Named { source, .. } if source == "Environment")
}

/// Edits a file with any sed, and leaves the old file beside it as `.bak.` and six characters.
///
/// A script names the text that it changes and keeps every line at its number: a second run changes nothing, and the
/// commands of other diagnoses still find their lines.
pub(super) fn edit_file(script: &str, file: &str) -> String {
    rewrite(&format!("sed {}", quoted(script)), file)
}

/// Writes a file anew from a copy of it. Each run keeps a copy of its own, and a symbolic link stays one: its target is
/// written, with the owner and the permissions that it has.
fn rewrite(filter: &str, file: &str) -> String {
    let file = operand(file);
    format!("(b=$(mktemp {file}.bak.XXXXXX) && cp -p {file} \"$b\" && {filter} \"$b\" >{file})")
}

/// Makes settings comments: the number of each line, and its key as a pattern of `sed`. Keys count in any case: the sed
/// of GNU, BSD and macOS has the flag `I`.
pub(super) fn comment_out(settings: &[(usize, &str)], file: &str) -> String {
    let edits: Vec<String> =
        settings.iter().map(|(line, key)| format!("{line}s/^[[:blank:]]*{key}[[:blank:]]*[=:]/# &/I")).collect();
    edit_file(&edits.join(";"), file)
}

/// Corrects the value of a setting: a command of `sed` for the line, if the line still has the key.
pub(super) fn change_value(line: usize, key: &str, change: &str) -> String {
    format!("{line}{{/^[[:blank:]]*{key}[[:blank:]]*[=:]/I{change};}}")
}

/// Spells a key as AWS does. The pattern is the whole key in any case, so that a second run finds nothing.
pub(super) fn rename_key(line: usize, written: &str, meant: &str, file: &str) -> String {
    let written = escaped(written);
    edit_file(&format!(r"{line}s/^\([[:blank:]]*\){written}\([[:blank:]]*[=:]\)/\1{meant}\2/I"), file)
}

/// Removes the byte order mark at the beginning of a file.
pub(super) fn without_byte_order_mark(file: &str) -> String {
    rewrite("LC_ALL=C sed \"1s/^$(printf '\\357\\273\\277')//\"", file)
}

/// Converts a file to UTF-8, unless it is UTF-8 already.
pub(super) fn to_utf8(from: &str, file: &str) -> String {
    let rewritten = rewrite(&format!("iconv -f {from} -t UTF-8"), file);
    format!("iconv -f UTF-8 -t UTF-8 {} >/dev/null 2>&1 || {rewritten}", operand(file))
}

/// Text for a pattern of `sed`.
pub(super) fn escaped(text: &str) -> String {
    let escape = |c: char| if r"\[].*^$/".contains(c) { format!("\\{c}") } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// Opens a file where only a person can tell what is meant.
pub(super) fn open_editor(file: &str) -> String {
    format!("\"${{EDITOR:-vi}}\" {}", operand(file))
}

/// The name as a word of the shell; NAME where it looks like a credential.
pub(super) fn name(name: &str) -> String {
    if looks_like_credential(name) { "NAME".to_owned() } else { quoted(name) }
}

/// `--profile NAME`; NAME itself where the name looks like a credential.
fn profile_option(profile: &str) -> String {
    option("--profile", if looks_like_credential(profile) { "NAME" } else { profile })
}

/// ` --profile NAME`, unless it is the default profile.
pub(super) fn of_profile(profile: &str) -> String {
    if profile == "default" { String::new() } else { format!(" {}", profile_option(profile)) }
}

/// The command that renews or replaces the first credentials of a profile.
pub(super) fn renew_profile(chain: &ChainFacts) -> String {
    let profile = of_profile(&chain.profile);
    match &chain.base {
        BaseFacts::Sso(_) => format!("aws sso login{profile}"),
        BaseFacts::Login(_) => format!("aws login{profile}"),
        // A session that tools renew, instead of the copy.
        BaseFacts::Keys { token: true, place, .. } => configure_sso_in_place_of_keys(&profile, place),
        BaseFacts::Keys { is_session_key: Some(true), place, .. } => configure_sso_in_place_of_keys(&profile, place),
        BaseFacts::Keys { token: false, .. } => format!("aws configure{profile}"),
        // The command may hold a secret, but it is in the config file anyway; its output is not shown.
        BaseFacts::Process(_) => format!("sh -c \"$(aws configure get credential_process{profile})\" >/dev/null"),
        BaseFacts::WebIdentity(token) => format!("ls -l {}", operand(&token.file)),
        BaseFacts::Named { .. } => "curl -sS -m 2 -o /dev/null http://169.254.169.254/latest/meta-data/".to_owned(),
    }
}

/// `aws configure sso` leaves keys in the files, which the SDKs for Go and JavaScript take before IAM Identity Center
/// (`shared_config::differences` has the sources). `profile`: its option.
pub(super) fn configure_sso_in_place_of_keys(profile: &str, place: &str) -> String {
    format!("aws configure sso{profile} # then delete the keys at {place}: Go and JavaScript take them before SSO")
}

/// Names the program by the path where it is installed; its arguments stay. Where it is not installed, only a person
/// can correct the setting.
pub(super) fn find_program(process: &ProcessFacts) -> String {
    let ProcessFacts { program, file, line, installed_at, .. } = process;
    match installed_at {
        Some(path) => {
            let before = r#"^\([[:blank:]]*credential_process[[:blank:]]*[=:][[:blank:]]*"\{0,1\}\)"#;
            edit_file(&format!(r"{line}s|{before}{}|\1{path}|", program.replace('.', r"\.")), file)
        }
        None => open_editor(file),
    }
}

/// Tools renew the credentials of a profile but not a copy. If the selected profile takes its credentials from the
/// environment, the command makes a new copy instead. NAME is the profile that was copied.
pub(super) fn replace_copy(subject: &DiagnosisSubject<'_>) -> String {
    match &subject.facts.profile {
        ProfileFacts::Leads(chain) if lives_on_environment(chain) => COPY.to_owned(),
        // A profile that is broken or not there gives none.
        ProfileFacts::Missing { .. } | ProfileFacts::Broken(_) if !subject.facts.others.is_empty() => {
            format!("unset {KEYS}; {SELECT}")
        }
        ProfileFacts::Leads(_)
        | ProfileFacts::Absent
        | ProfileFacts::Missing { .. }
        | ProfileFacts::Empty(_)
        | ProfileFacts::Broken(_) => unset_keys(subject),
    }
}

/// The command that renews or replaces the credentials of the winning provider.
pub(super) fn renew(subject: &DiagnosisSubject<'_>) -> String {
    let facts = subject.facts;
    match (subject.deciding, &facts.profile) {
        (Some(Provider::Environment), _) if !facts.environment.token.is_set() => "aws configure".to_owned(),
        (Some(Provider::Environment), _) => replace_copy(subject),
        (Some(Provider::Profile), ProfileFacts::Leads(chain)) => renew_profile(chain),
        (Some(Provider::WebIdentity), _) => {
            let file = facts.environment.web_identity.as_ref().map_or("", |identity| identity.file.as_str());
            format!("ls -l {}", operand(file))
        }
        (Some(Provider::Container), _) => unset_container(subject),
        (Some(Provider::InstanceMetadata), _) => {
            "curl -sS -m 2 -o /dev/null http://169.254.169.254/latest/meta-data/".to_owned()
        }
        _ => "aws login".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_but_the_default_one_is_named() {
        assert_eq!(of_profile("default"), "");
        assert_eq!(of_profile("my profile"), " --profile 'my profile'");
        assert_eq!(of_profile("-x"), " --profile=-x");
    }
}
