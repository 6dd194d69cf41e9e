//! `~/.aws/config` and `~/.aws/credentials`: owns which files are read, what a profile says, and where it says it.
//!
//! The SDK's own parser reads them; `places` finds the lines again, which the parser does not tell; `chain` follows
//! `source_profile`. Keeps no secret: of keys it knows only that they are there. Judges no duration and asks nobody.

mod chain;
mod header;
mod places;
mod profile;
mod python;
mod sdk;
mod trouble;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use chain::{Base, Chain, CredentialSource, SsoLogin};
pub use profile::{Profile, Setting, SsoSession};
pub use sdk::Kind;
pub(crate) use sdk::files_without;
pub use trouble::{Fault, FaultKind, Trouble, TroubleKind};

use crate::inventory::{Location, Place, Remark};
use crate::limited::{self, Unreadable};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// What the shared configuration files say.
#[derive(Debug, Default)]
pub struct SharedConfig {
    files: Vec<File>,
    profiles: BTreeMap<String, Profile>,
    sso_sessions: BTreeMap<String, SsoSession>,
    problems: Vec<Trouble>,
}

/// One of the files.
#[derive(Debug, Clone)]
pub struct File {
    /// Which of the two it is.
    pub kind: Kind,
    /// Where it is, or would be.
    pub name: Arc<str>,
    /// It is there and could be read.
    pub read: bool,
    /// What stands there is a named pipe or a device: who opens it may wait without end.
    pub waits: bool,
}

impl SharedConfig {
    /// Reads the files that an AWS SDK would: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or those in `~/.aws`.
    /// A file that is not there is empty, as it is to an SDK.
    #[must_use]
    pub fn load(env: impl Fn(&str) -> Option<String>) -> Self {
        let mut problems = Vec::new();
        let mut waiting = Vec::new();
        let files = [Kind::Config, Kind::Credentials].map(|kind| {
            let (path, named_by) = kind.path(&env);
            // A variable that is set to nothing names no file.
            let unnamed = named_by.filter(|_| path.as_os_str().is_empty());
            let name = unnamed.map_or_else(|| path.display().to_string(), |variable| format!("${variable}"));
            let text = match limited::regular(&path, MAX_BYTES).and_then(limited::text) {
                Ok(text) => Some(text),
                Err(Unreadable::NotThere) if named_by.is_none() => None,
                Err(wrong) => {
                    if matches!(wrong, Unreadable::NoFile) && !path.is_dir() {
                        waiting.push(kind);
                    }
                    problems.push(unreadable(&name, &wrong, named_by));
                    None
                }
            };
            (kind, name, text)
        });
        let mut config = Self::parse(files);
        config.problems.splice(..0, problems);
        config.files.iter_mut().for_each(|file| file.waits = waiting.contains(&file.kind));
        config
    }

    /// Reads one file alone, as the configuration file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load_file(path: &Path) -> Result<Self, Remark> {
        let name = path.display().to_string();
        match limited::file(path, MAX_BYTES).and_then(limited::text) {
            Ok(text) => Ok(Self::parse([(Kind::Config, name, Some(text))])),
            Err(wrong) => Err(Remark {
                location: at(&name, line_of(&wrong)),
                message: in_words(&wrong),
                help: "name a file in the form of ~/.aws/config".to_owned(),
                cannot_work: false,
            }),
        }
    }

    /// Reads files that are already text (`None`: not there), the configuration file before the credentials file.
    #[must_use]
    pub fn parse(files: impl IntoIterator<Item = (Kind, String, Option<String>)>) -> Self {
        let mut config = Self::default();
        let mut merged: BTreeMap<String, profile::Builder> = BTreeMap::new();
        for (index, (kind, name, text)) in files.into_iter().enumerate() {
            config.files.push(File { kind, name: name.into(), read: text.is_some(), waits: false });
            let Some(text) = text else { continue };
            let name = config.files[index].name.clone();
            // Behind the mark the first line is not refused for what it says.
            let unmarked = text.strip_prefix('\u{feff}');
            config.problems.extend(unmarked.map(|_| marked(&name)));
            let sections = places::sections(index, &text);
            let parsed = sdk::parse(kind, unmarked.unwrap_or(&text));
            config.problems.extend(refused(&name, unmarked.unwrap_or(&text), parsed.as_ref().err()));
            let (Ok(parsed), None) = (parsed, unmarked) else { continue };
            for section in sections.iter().filter(|section| sdk::ignores(kind, section)) {
                config.problems.push(header::ignored(kind, section, &sections, config.location(section.place)));
            }
            for section in &sections {
                if kind.is_profile(section)
                    && let Some(found) = parsed.get_profile(&section.name)
                {
                    merged.entry(section.name.clone()).or_default().add(section, found);
                } else if kind.is_sso_session(section)
                    && let Some(found) = parsed.sso_session(&section.name)
                {
                    let location = config.location(section.place);
                    let known = config.sso_sessions.entry(section.name.clone());
                    known.or_insert_with(|| SsoSession::new(section, location)).add(section, |key| found.get(key));
                }
            }
        }
        for (name, builder) in merged {
            let profile = builder.build(&name, |place| config.location(place));
            let spoilt = profile.spoilt.clone();
            config.problems.extend(spoilt.map(|remark| Trouble { kind: TroubleKind::Spoilt, remark }));
            config.problems.extend(profile.commented.iter().map(|(key, at)| commented(&name, key, at)));
            config.profiles.insert(name, profile);
        }
        config
    }

    /// The files that were looked for.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The profiles, by name.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// A profile.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// The `[sso-session]` section of this name.
    #[must_use]
    pub fn sso_session(&self, name: &str) -> Option<&SsoSession> {
        self.sso_sessions.get(name)
    }

    /// What AWS tools refuse, silently ignore, or read differently. A file with a line that the SDKs refuse has no profile
    /// here, as for an SDK; one that the AWS CLI and boto3 alone refuse has.
    #[must_use]
    pub fn problems(&self) -> &[Trouble] {
        &self.problems
    }

    /// A place of these files, for people.
    #[must_use]
    pub fn location(&self, place: Place) -> Location {
        let file = self.files.get(place.file).map(|file| file.name.clone()).unwrap_or_default();
        Location { file, line: place.line, column: place.column }
    }
}

/// The lines that the SDKs refuse, and those that the AWS CLI and boto3 refuse besides.
fn refused(file: &Arc<str>, text: &str, by_sdks: Option<&Vec<sdk::Refusal>>) -> Vec<Trouble> {
    let by_sdks = by_sdks.map(Vec::as_slice).unwrap_or_default();
    let by_python = python::refusals(text);
    let both = |line: usize| by_python.iter().any(|refusal| refusal.line == line);
    let mut all: Vec<Trouble> = by_sdks.iter().map(|refusal| refusal.trouble(file, both(refusal.line))).collect();
    let told: Vec<usize> = by_sdks.iter().map(|refusal| refusal.line).collect();
    let rest = by_python.into_iter().filter(|refusal| !told.contains(&refusal.line)).take(sdk::MOST_REFUSALS);
    all.extend(rest.map(|refusal| refusal.trouble(file)));
    all.sort_by_key(|trouble| trouble.remark.location.line);
    all
}

/// A comment behind a value is one to the SDKs alone.
fn commented(profile: &str, key: &str, location: &Location) -> Trouble {
    let message = format!(
        "profile `{profile}`: what follows the value of `{key}` is a comment to AWS SDKs, and a part of the value to the AWS CLI and boto3"
    );
    let help = "put the comment on a line of its own".to_owned();
    let kind = TroubleKind::Commented { profile: profile.to_owned() };
    Trouble { kind, remark: Remark { location: location.clone(), message, help, cannot_work: false } }
}

/// Editors of Windows write a byte order mark; no AWS tool reads past it.
fn marked(file: &str) -> Trouble {
    let message = "AWS SDKs and the AWS CLI refuse the file: it begins with a byte order mark".to_owned();
    let help = "save it as UTF-8 without one".to_owned();
    Trouble {
        kind: TroubleKind::ByteOrderMark,
        remark: Remark { location: at(file, 1), message, help, cannot_work: false },
    }
}

fn unreadable(file: &str, wrong: &Unreadable, named_by: Option<&'static str>) -> Trouble {
    let (kind, help) = match (wrong, named_by) {
        (Unreadable::NotText { utf16, .. }, _) => (
            TroubleKind::NotText { utf16: *utf16 },
            "save it as UTF-8: the AWS CLI and boto3 stop at it, and to the SDK for Rust it is empty".to_owned(),
        ),
        (_, Some(variable)) => {
            (TroubleKind::Unreadable { named_by }, format!("mend the file, or {variable}, which names it"))
        }
        (_, None) => {
            (TroubleKind::Unreadable { named_by }, "mend the file: to an AWS SDK it is empty as it is".to_owned())
        }
    };
    Trouble {
        kind,
        remark: Remark { location: at(file, line_of(wrong)), message: in_words(wrong), help, cannot_work: false },
    }
}

fn in_words(wrong: &Unreadable) -> String {
    match wrong {
        Unreadable::NotThere => wrong.to_string(),
        Unreadable::NoFile => format!("it {wrong}"),
        _ => format!("the file {wrong}"),
    }
}

fn line_of(wrong: &Unreadable) -> usize {
    if let Unreadable::NotText { line, .. } = wrong { *line } else { 1 }
}

fn at(file: &str, line: usize) -> Location {
    Location { file: file.into(), line, column: 1 }
}

/// The folder that `~` stands for, as the SDKs find it (aws-runtime's `fs_util.rs`); `None`: they know none, and look for a
/// folder of that name where the program runs.
pub(crate) fn home(env: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let of_windows = || env("USERPROFILE").or_else(|| Some(format!("{}{}", env("HOMEDRIVE")?, env("HOMEPATH")?)));
    env("HOME").or_else(|| if cfg!(windows) { of_windows() } else { None }).map(PathBuf::from)
}

impl Kind {
    /// Where an SDK looks for it, and the variable that says so.
    fn path(self, env: &impl Fn(&str) -> Option<String>) -> (PathBuf, Option<&'static str>) {
        let (variable, name) = match self {
            Self::Config => ("AWS_CONFIG_FILE", "config"),
            Self::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        };
        let home = || home(env).unwrap_or_else(|| PathBuf::from("~"));
        match env(variable) {
            Some(path) => {
                let below_home = path.strip_prefix("~/").map(|below| home().join(below));
                (below_home.unwrap_or_else(|| PathBuf::from(&path)), Some(variable))
            }
            None => (home().join(".aws").join(name), None),
        }
    }
}
