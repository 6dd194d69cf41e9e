//! AWS configuration files as the SDK reads them: files for its providers, and the lines that its parser refuses.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_runtime::env_config::file::EnvConfigFileKind;
pub(crate) use aws_runtime::env_config::file::EnvConfigFiles as ConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `~/.aws/config`.
    Config,
    /// `~/.aws/credentials`.
    Credentials,
}

impl FileKind {
    pub(super) const fn of_sdk(self) -> EnvConfigFileKind {
        match self {
            Self::Config => EnvConfigFileKind::Config,
            Self::Credentials => EnvConfigFileKind::Credentials,
        }
    }
}

/// A line that the SDK's parser refuses.
pub(crate) struct RefusedLine {
    /// From 1.
    pub(crate) line: usize,
    /// The reason, which quotes nothing of the file.
    pub(crate) reason: String,
    pub(crate) fault: LineFault,
}

/// What is wrong with a refused line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// An indented line continues no key.
    Continuation,
    /// A header is not closed.
    Header,
    /// A key is before the first header.
    BeforeHeader,
    /// The line is no `key = value`.
    Other,
}

impl LineFault {
    fn of_reason(reason: &str) -> Self {
        if reason.contains("continuation") {
            Self::Continuation
        } else if reason.contains("Profile definition") {
            Self::Header
        } else if reason.contains("a profile definition") {
            Self::BeforeHeader
        } else {
            Self::Other
        }
    }
}

/// The files that the SDK finds by itself, except the excluded files, which are empty for it.
pub(crate) fn default_files(excluded: &[FileKind]) -> ConfigFiles {
    let all = [FileKind::Config, FileKind::Credentials].into_iter();
    let files = all.fold(ConfigFiles::builder(), |files, kind| match (kind, excluded.contains(&kind)) {
        (kind, true) => files.with_contents(kind.of_sdk(), ""),
        (FileKind::Config, false) => files.include_default_config_file(true),
        (FileKind::Credentials, false) => files.include_default_credentials_file(true),
    });
    files.build()
}

/// A config file with this text, and no credentials file.
pub(crate) fn files_of(config: &str) -> ConfigFiles {
    let files = ConfigFiles::builder().with_contents(EnvConfigFileKind::Config, config);
    files.with_contents(EnvConfigFileKind::Credentials, "").build()
}

/// The first line of a file that the SDK's parser refuses.
pub(crate) fn first_refused_line(kind: FileKind, text: &str) -> Option<RefusedLine> {
    let files = ConfigFiles::builder().with_contents(kind.of_sdk(), text).build();
    // The parser reads neither the environment nor the file system: the contents are given.
    let (env, fs) = (Default::default(), Default::default());
    let loading = pin!(source::load(&env, &fs, &files));
    let not_loaded = || {
        let reason = "the file cannot be loaded".to_owned();
        RefusedLine { line: 1, reason, fault: LineFault::Other }
    };
    let Poll::Ready(Ok(loaded)) = loading.poll(&mut Context::from_waker(Waker::noop())) else {
        return Some(not_loaded());
    };
    let error = EnvConfigSections::parse(loaded).err()?;
    // `error parsing FILE on line N:` and the reason on the next line.
    let text = error.to_string();
    let (place, reason) = text.split_once('\n').unwrap_or((&text, "it cannot be read"));
    let line = place.rsplit("on line ").next().and_then(|line| line.trim_end_matches(':').parse().ok());
    let reason = reason.trim().to_owned();
    Some(RefusedLine { line: line.unwrap_or(1), fault: LineFault::of_reason(&reason), reason })
}
