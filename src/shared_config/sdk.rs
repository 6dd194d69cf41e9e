//! The SDK's parser of shared configuration files: the one file that calls it, and knows what it refuses and ignores.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;

use super::places::Section;
use super::{File, Trouble, TroubleKind};
use crate::inventory::{Location, Remark};

/// How many refused lines of a file are reported.
pub(super) const MOST_REFUSALS: usize = 20;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `~/.aws/config`.
    Config,
    /// `~/.aws/credentials`.
    Credentials,
}

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
            Some(prefix) => prefix != "profile" && is_identifier(&section.name),
            None => ["plugins", "preview"].contains(&&*section.name),
        };
    section.replaced || (!kind.is_profile(section) && !other)
}

/// Whether SDKs take this for a name.
pub(super) fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c))
}

/// A line that the parser refuses.
pub(super) struct Refusal {
    pub(super) line: usize,
    message: String,
}

impl Refusal {
    /// Describes the refusal; `by_cli`: the AWS CLI and boto3 refuse the line too.
    pub(super) fn trouble(&self, file: &Arc<str>, by_cli: bool) -> Trouble {
        let help = if self.message.contains("continuation") {
            "start the line in its first column: an indented line continues the key above it, and there is none"
        } else if self.message.contains("Profile definition") {
            "write the header in brackets, as [default] is, on a line of its own"
        } else if self.message.contains("a profile definition") {
            "put a header such as [default] above the first key"
        } else {
            "write `key = value`, or begin the line with # if it is a comment"
        };
        let location = Location { file: file.clone(), line: self.line, column: 1 };
        let why = &self.message;
        let message = if by_cli {
            format!("AWS SDKs and the AWS CLI refuse this line and with it the whole file: {why}")
        } else {
            format!("AWS SDKs refuse this line and with it the whole file, the AWS CLI and boto3 do not: {why}")
        };
        Trouble {
            kind: TroubleKind::Refused { by_cli },
            remark: Remark { location, message, help: help.to_owned(), cannot_work: by_cli },
        }
    }
}

/// The files that the SDK reads by itself. A file that it would wait for is empty to it.
pub(crate) fn files_without(files: &[File]) -> EnvConfigFiles {
    files
        .iter()
        .fold(EnvConfigFiles::builder(), |all, file| match (file.kind, file.waits) {
            (Kind::Config, false) => all.include_default_config_file(true),
            (Kind::Credentials, false) => all.include_default_credentials_file(true),
            (Kind::Config, true) => all.with_contents(EnvConfigFileKind::Config, ""),
            (Kind::Credentials, true) => all.with_contents(EnvConfigFileKind::Credentials, ""),
        })
        .build()
}

/// Reads one file.
///
/// # Errors
/// The lines that are refused, up to [`MOST_REFUSALS`].
pub(super) fn parse(kind: Kind, text: &str) -> Result<EnvConfigSections, Vec<Refusal>> {
    let mut refusals: Vec<Refusal> = Vec::new();
    let mut text = text.to_owned();
    loop {
        let refusal = match attempt(kind, &text) {
            Ok(sections) if refusals.is_empty() => return Ok(sections),
            Ok(_) => return Err(refusals),
            Err(refusal) => refusal,
        };
        // The parser stops at the first: without it, it finds the next.
        let known = refusals.iter().any(|known| known.line == refusal.line);
        text = without(&text, &refusal);
        if !known {
            refusals.push(refusal);
        }
        if known || refusals.len() == MOST_REFUSALS {
            return Err(refusals);
        }
    }
}

/// The text with a refused line made harmless: a header stays one, and a key before every header becomes one, so that
/// what follows still has its section.
fn without(text: &str, refusal: &Refusal) -> String {
    let no_header = refusal.message.contains("a profile definition");
    let harmless = |(index, written): (usize, &str)| match index + 1 == refusal.line {
        false => format!("{written}\n"),
        true if no_header || written.starts_with('[') => "[profile refused]\n".to_owned(),
        true => "\n".to_owned(),
    };
    text.lines().enumerate().map(harmless).collect()
}

fn attempt(kind: Kind, text: &str) -> Result<EnvConfigSections, Refusal> {
    let file_kind = match kind {
        Kind::Config => EnvConfigFileKind::Config,
        Kind::Credentials => EnvConfigFileKind::Credentials,
    };
    let files = EnvConfigFiles::builder().with_contents(file_kind, text).build();
    // The environment and the file system that it could ask are not asked: the contents are given.
    let (env, fs) = (Default::default(), Default::default());
    let loading = pin!(source::load(&env, &fs, &files));
    let not_loaded = |message: String| Refusal { line: 1, message };
    let loaded = match loading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(loaded) => loaded.map_err(|_| not_loaded("the file cannot be loaded".to_owned()))?,
        Poll::Pending => return Err(not_loaded("the file cannot be loaded".to_owned())),
    };
    EnvConfigSections::parse(loaded).map_err(|error| {
        // `error parsing FILE on line N:` and the reason on the next line; the reasons quote nothing of the file.
        let text = error.to_string();
        let (place, reason) = text.split_once('\n').unwrap_or((&text, "it cannot be read"));
        let line = place.rsplit("on line ").next().and_then(|line| line.trim_end_matches(':').parse().ok());
        Refusal { line: line.unwrap_or(1), message: reason.trim().to_owned() }
    })
}
