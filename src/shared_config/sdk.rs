//! The sections and lines of shared configuration files that SDKs ignore or refuse.

use std::sync::Arc;

use super::places::Section;
use super::{File, Trouble, TroubleKind};
pub use crate::aws::config_files::FileKind as Kind;
use crate::aws::config_files::{ConfigFiles, LineFault, RefusedLine, default_files, first_refused_line};
use crate::inventory::{Diagnostic, Location, nearest};

/// How many refused lines of a file are reported.
pub(super) const MOST_REFUSALS: usize = 20;

impl Kind {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Config => Self::Credentials,
            Self::Credentials => Self::Config,
        }
    }

    /// Whether a section of such a file is a profile that SDKs read.
    pub(super) fn is_profile(self, section: &Section) -> bool {
        let prefixed = match self {
            Self::Config => section.prefix.as_deref() == Some("profile"),
            Self::Credentials => section.prefix.is_none(),
        };
        let is_default = section.prefix.is_none() && section.name == "default";
        (prefixed || is_default) && is_identifier(&section.name)
    }

    pub(super) fn is_sso_session(self, section: &Section) -> bool {
        self == Self::Config && section.prefix.as_deref() == Some("sso-session")
    }
}

/// Whether tools ignore this section without a word, though someone means it.
pub(super) fn ignores(kind: Kind, section: &Section) -> bool {
    // The AWS CLI's own sections, `services` and whatever else may come.
    let other = kind == Kind::Config
        && match section.prefix.as_deref() {
            Some(prefix) => prefix != "profile" && !is_misspelt_profile(prefix) && is_identifier(&section.name),
            None => ["plugins", "preview"].contains(&&*section.name),
        };
    section.replaced || (!kind.is_profile(section) && !other)
}

/// Whether the word before a name is `profile` with a mistake: no tool reads `[profiles x]`.
pub(super) fn is_misspelt_profile(prefix: &str) -> bool {
    const PREFIXES: [&str; 3] = ["profile", "sso-session", "services"];
    !PREFIXES.contains(&prefix) && nearest(prefix, PREFIXES) == Some("profile")
}

/// Whether SDKs take this for a name.
pub(super) fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c))
}

impl RefusedLine {
    /// Describes the refusal; `by_cli`: the AWS CLI and boto3 refuse the line too.
    pub(super) fn trouble(&self, file: &Arc<str>, by_cli: bool) -> Trouble {
        let help = match self.fault {
            LineFault::Continuation => {
                "start the line in its first column: an indented line continues the key above it, and there is none"
            }
            LineFault::Header => "write the header in brackets, as [default] is, on a line of its own",
            LineFault::BeforeHeader => "put a header such as [default] above the first key",
            LineFault::Other => "write `key = value`, or begin the line with # if it is a comment",
        };
        let location = Location { file: file.clone(), line: self.line, column: 1 };
        let why = &self.reason;
        let message = if by_cli {
            format!("AWS SDKs and the AWS CLI refuse this line and with it the whole file: {why}")
        } else {
            format!("AWS SDKs refuse this line and with it the whole file, the AWS CLI and boto3 do not: {why}")
        };
        Trouble {
            kind: TroubleKind::Refused { by_cli },
            remark: Diagnostic { cannot_work: by_cli, ..Diagnostic::new(location, message, help) },
        }
    }
}

/// The files that the SDK reads by itself. A file that it would wait for is empty to it.
pub(crate) fn files_without(files: &[File]) -> ConfigFiles {
    let waiting: Vec<Kind> = files.iter().filter(|file| file.waits).map(|file| file.kind).collect();
    default_files(&waiting)
}

/// The lines of a file that SDKs refuse, up to [`MOST_REFUSALS`].
pub(super) fn refused_lines(kind: Kind, text: &str) -> Vec<RefusedLine> {
    let mut refused: Vec<RefusedLine> = Vec::new();
    let mut text = text.to_owned();
    // The parser stops at the first refused line. Without that line, it finds the next.
    while refused.len() < MOST_REFUSALS
        && let Some(next) = first_refused_line(kind, &text)
        && refused.iter().all(|known| known.line != next.line)
    {
        text = without(&text, &next);
        refused.push(next);
    }
    refused
}

/// The text with a refused line made harmless: a header stays one, and a key before every header becomes one, so that
/// what follows still has its section.
fn without(text: &str, refused: &RefusedLine) -> String {
    let harmless = |(index, written): (usize, &str)| match index + 1 == refused.line {
        false => format!("{written}\n"),
        true if refused.fault == LineFault::BeforeHeader || written.starts_with('[') => {
            "[profile refused]\n".to_owned()
        }
        true => "\n".to_owned(),
    };
    text.lines().enumerate().map(harmless).collect()
}
