//! Headers that AWS tools ignore or read differently: how each tool reads a header, and how it should be written.

use super::places::Section;
use super::sdk::{Kind, is_identifier, is_misspelt_profile};
use super::{Trouble, TroubleKind};
use crate::inventory::{Diagnostic, Location};
use crate::visible::configured;

/// What a header makes of its section.
struct Reading {
    message: String,
    help: String,
    /// The profile's name to the tool that reads it, or as it is written.
    profile: String,
    read_by_cli: bool,
    /// The header that every tool reads.
    right: Option<String>,
}

/// Describes a section that tools ignore. `all`: the sections of its file.
pub(super) fn ignored(kind: Kind, section: &Section, all: &[Section], location: Location) -> Trouble {
    let name = configured(&section.name);
    let written = match &section.prefix {
        Some(prefix) => format!("[{} {name}]", configured(prefix)),
        None => format!("[{name}]"),
    };
    if section.is_for_all() || is_out_of_place(kind, section) {
        let read_by_cli = section.is_for_all();
        let (message, help) = match read_by_cli {
            true => (
                "the AWS CLI and boto3 take the settings of [DEFAULT] for every profile; other tools do not".to_owned(),
                "write [default] if the profile `default` is meant",
            ),
            false => (
                format!("AWS SDKs ignore {written}"),
                "move it to the config file: the credentials file holds keys only",
            ),
        };
        let remark = Diagnostic::new(location, message, help);
        return Trouble { kind: TroubleKind::Ignored { profile: None, read_by_cli, written, right: None }, remark };
    }
    let Reading { message, help, profile, read_by_cli, right } = reading(kind, section, &written);
    let is_profile = section.replaced || right.is_some();
    // A second header of one name makes the AWS CLI and boto3 refuse the whole file.
    let is_there = |right: &String| {
        let name = right.trim_matches(['[', ']']).trim_start_matches("profile ");
        all.iter().any(|other| other.name == name && !other.leading_blank && kind.is_profile(other))
    };
    let right = right.filter(|right| !is_there(right));
    let cannot_work = is_profile && !read_by_cli && !section.replaced;
    let kind = TroubleKind::Ignored { profile: is_profile.then_some(profile), read_by_cli, written, right };
    Trouble { kind, remark: Diagnostic { cannot_work, ..Diagnostic::new(location, message, help) } }
}

/// A section of the config file in the credentials file.
fn is_out_of_place(kind: Kind, section: &Section) -> bool {
    kind == Kind::Credentials
        && !section.leading_blank
        && match section.prefix.as_deref() {
            Some("profile") => !is_identifier(&section.name),
            Some("sso-session" | "services") => true,
            _ => false,
        }
}

fn reading(kind: Kind, section: &Section, written: &str) -> Reading {
    let name = configured(&section.name);
    let (message, right, help) = match (kind, section.prefix.as_deref()) {
        _ if section.leading_blank => (
            format!("the AWS CLI and boto3 ignore [ {}: a blank stands before the header", &written[1..]),
            Some(written.to_owned()),
            format!("write {written}, without a blank after the bracket"),
        ),
        (Kind::Config, None | Some("profile")) if section.replaced && section.name == "default" => (
            format!("the AWS CLI and boto3 ignore {written}: a later header of the profile `default` replaces it"),
            None,
            "keep one of the two: SDKs read [profile default] wherever it is written".to_owned(),
        ),
        (Kind::Config, None) if is_identifier(&section.name) => (
            format!("AWS SDKs ignore {written}"),
            Some(format!("[profile {name}]")),
            format!("write [profile {name}]: in the config file every profile but `default` has that prefix"),
        ),
        (Kind::Config, Some(prefix)) if is_misspelt_profile(prefix) && is_identifier(&section.name) => (
            format!("AWS SDKs ignore {written}"),
            Some(format!("[profile {name}]")),
            format!("write [profile {name}]: the word before the name is `profile`"),
        ),
        (Kind::Credentials, Some("profile")) if is_identifier(&section.name) => (
            format!("AWS SDKs ignore {written}"),
            Some(format!("[{name}]")),
            format!("write [{name}]: the credentials file has no prefix"),
        ),
        _ => return reading_of_bad_name(kind, section, written),
    };
    Reading { message, help, profile: section.name.clone(), read_by_cli: false, right }
}

/// A name that SDKs do not take.
fn reading_of_bad_name(kind: Kind, section: &Section, written: &str) -> Reading {
    let mut message = format!("AWS SDKs ignore {written}");
    let read = name_in_cli(kind, section);
    if let Some(read) = &read {
        message.push_str(&format!(", and the AWS CLI and boto3 read it as profile `{}`", configured(read)));
    }
    let read_by_cli = read.is_some();
    let profile = read.unwrap_or_else(|| unquoted(&section.name).to_owned());
    let one_word = one_word(&profile);
    let right = match (kind, section.prefix.as_deref()) {
        (Kind::Credentials, _) => Some(format!("[{one_word}]")),
        (Kind::Config, None | Some("profile")) => Some(format!("[profile {one_word}]")),
        (Kind::Config, Some(_)) => None,
    };
    let help = format!(
        "a name that every tool reads is one word of letters, digits and _ - / . % @ : +, as `{one_word}`: write it \
         so here and wherever it is named"
    );
    Reading { message, help, profile, read_by_cli, right }
}

/// The profile's name to the AWS CLI and boto3: in the config file quotation marks go around a name (Python's `shlex`,
/// two words), in the credentials file the header is the name (botocore, `configloader.py`).
pub(super) fn name_in_cli(kind: Kind, section: &Section) -> Option<String> {
    // Python keeps the blank: `[ profile x]` is no profile, and `[ x]` one whose name nobody writes.
    if section.leading_blank || section.is_for_all() {
        return None;
    }
    match (kind, section.prefix.as_deref()) {
        (Kind::Config, Some("profile" | "sso-session")) => {
            let name = unquoted(&section.name);
            let quoted = name.len() < section.name.len();
            (!name.contains(['"', '\'', '\\']) && (quoted || !name.contains([' ', '\t']))).then(|| name.to_owned())
        }
        (Kind::Config, None) => (section.name == "default").then(|| section.name.clone()),
        (Kind::Config, Some(_)) => None,
        // As a profile of that whole name, which nobody means.
        (Kind::Credentials, Some("profile" | "sso-session" | "services")) => None,
        (Kind::Credentials, Some(prefix)) => Some(format!("{prefix} {}", section.name)),
        (Kind::Credentials, None) => Some(section.name.clone()),
    }
}

fn unquoted(name: &str) -> &str {
    let between = |mark| name.strip_prefix(mark).and_then(|rest: &str| rest.strip_suffix(mark));
    between('"').or_else(|| between('\'')).unwrap_or(name)
}

/// The name with hyphens for the characters that no name has.
fn one_word(name: &str) -> String {
    let fit = |c: char| if is_identifier(c.encode_utf8(&mut [0; 4])) { c } else { '-' };
    unquoted(name).chars().map(fit).collect()
}
