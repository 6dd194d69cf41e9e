//! The shared configuration files: lines and headers that tools refuse, ignore or read differently.

use super::commands::{edit_file, escaped, open_editor, operand, option, quoted, to_utf8, without_byte_order_mark};
use super::{Diagnosis, DiagnosisSubject, Level, level};
use crate::doctor::facts::{FileTrouble, ProfileFacts, SelectedBy};
use crate::shared_config::TroubleKind;

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let troubles = subject.facts.files.iter().filter(|trouble| concerns(subject, trouble));
    out.extend(troubles.map(|trouble| file(subject, trouble)));
}

/// Whether a trouble is shown by itself: a value that spoils its profile is shown with the profile.
fn concerns(subject: &DiagnosisSubject<'_>, trouble: &FileTrouble) -> bool {
    match (&trouble.kind, &subject.facts.profile) {
        (TroubleKind::Spoilt, ProfileFacts::Broken(fault)) => trouble.at != fault.at,
        _ => true,
    }
}

fn file(subject: &DiagnosisSubject<'_>, trouble: &FileTrouble) -> Diagnosis {
    let FileTrouble { at, message, help, kind } = trouble;
    let file = &at.file;
    let (what, why) = (format!("{at}: {message}"), format!("{}.", sentence(help)));
    let editor = open_editor(file);
    let new = |id, level, why: String, command: String| Diagnosis::new(id, level, what.clone(), why).fixed_by(command);
    // The AWS CLI and boto3 read the files before anything else.
    let always =
        " The AWS CLI and boto3 stop with \"Unable to parse config file\", also where the environment has keys.";
    match kind {
        TroubleKind::ByteOrderMark => new(
            "byte-order-mark",
            Level::Problem,
            format!("An editor of Windows wrote it.{always}"),
            without_byte_order_mark(file),
        ),
        TroubleKind::NotText { utf16 } => {
            let from = if *utf16 { "UTF-16" } else { "WINDOWS-1252" };
            let why = format!("The SDK for Rust reads the file as empty.{always}");
            new("file-not-text", Level::Problem, why, to_utf8(from, file))
        }
        TroubleKind::Refused { by_cli: true } => new("file-refused", Level::Problem, format!("{why}{always}"), editor),
        TroubleKind::Refused { by_cli: false } => new("file-refused", Level::Warning, why, editor),
        TroubleKind::RefusedByPython => {
            new("file-refused-by-cli", Level::Problem, format!("{why}{always} They do not say where."), editor)
        }
        TroubleKind::Ignored { profile: Some(profile), right, written, read_by_cli }
            if *profile == subject.facts.selected.name =>
        {
            let Some(right) = right else { return new("wrong-header", Level::Warning, why, editor) };
            // The AWS CLI reads it, or the other file has the profile too.
            let needed = !read_by_cli && matches!(subject.facts.profile, ProfileFacts::Missing { .. });
            let level = if needed { level(subject) } else { Level::Warning };
            new("wrong-header", level, why, with_header(subject, written, right, profile, file))
        }
        TroubleKind::Unreadable { named_by } => {
            let level = if is_without_profile(subject) { level(subject) } else { Level::Note };
            let list = || format!("ls -ld {}", operand(file));
            let command = named_by.map_or_else(list, |variable| format!("unset {variable}"));
            new("file-trouble", level, why, command)
        }
        TroubleKind::Ignored { .. } | TroubleKind::Spoilt => new("file-trouble", Level::Note, why, editor),
    }
}

/// The header as it should be. Where that gives the profile another name, the command selects the profile by it.
fn with_header(subject: &DiagnosisSubject<'_>, written: &str, right: &str, profile: &str, file: &str) -> String {
    let edit = edit_file(&format!("s/^{}/{}/", escaped(written), right.replace('/', r"\/")), file);
    let name = right.trim_matches(['[', ']']).trim_start_matches("profile ");
    let select = match subject.facts.selected.by {
        SelectedBy::Option => format!("credential-health doctor {}", option("--profile", name)),
        SelectedBy::Variable | SelectedBy::Default => format!("export AWS_PROFILE={}", quoted(name)),
        SelectedBy::DefaultVariable => format!("export AWS_DEFAULT_PROFILE={}", quoted(name)),
    };
    if name == profile { edit } else { format!("{edit} && {select}") }
}

/// The selected profile is in no file, or none is selected and there is no default one.
fn is_without_profile(subject: &DiagnosisSubject<'_>) -> bool {
    match &subject.facts.profile {
        ProfileFacts::Missing { .. } => true,
        ProfileFacts::Absent => subject.deciding.is_none(),
        ProfileFacts::Empty(_) | ProfileFacts::Broken(_) | ProfileFacts::Leads(_) => false,
    }
}

fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
