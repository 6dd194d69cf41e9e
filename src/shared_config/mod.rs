//! `~/.aws/config` and `~/.aws/credentials`: owns which files are read, what a profile says, and where it says it.
//!
//! `places` reads as the AWS CLI and boto3 do; `chain` follows a profile to its credentials; `checks`, `effects` and
//! `differences` are the rules that `lint` and `doctor` share. Keeps no secret: of keys it knows only that they are
//! there.

mod base;
mod chain;
mod checks;
mod differences;
mod effects;
mod ends;
mod header;
mod keys;
mod places;
mod process;
mod profile;
mod python;
mod rewrite;
mod sdk;
mod setting;
mod trouble;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use chain::{Base, Chain, CredentialSource, SsoLogin};
pub use differences::{Difference, DifferenceKind};
pub use effects::{Ineffective, IneffectiveKind};
pub use ends::{StatedEnd, describe_span, has_zone, moment};
pub use process::Helper;
pub use profile::{Glued, Misspelt, Profile, SsoSession, TokenKey};
pub(crate) use rewrite::{ForSdk, no_profiles, of_keys, token_of_file};
pub use sdk::Kind;
pub(crate) use sdk::files_without;
pub use setting::Setting;
pub use trouble::{Fault, FaultKind, Trouble, TroubleKind};

use crate::aws::config_files::RefusedLine;
use crate::inventory::{Diagnostic, Location, Place};
use crate::limited::{self, Unreadable};
use crate::visible::configured;

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
    /// It is a named pipe or a device: whoever opens it may wait without end.
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
            let mut name = unnamed.map_or_else(|| path.display().to_string(), |variable| format!("${variable}"));
            let text = match limited::regular(&path, MAX_BYTES).and_then(limited::text) {
                Ok(text) => Some(text),
                Err(Unreadable::NotThere) if named_by.is_none() => None,
                Err(wrong) => {
                    if matches!(wrong, Unreadable::NoFile) && !path.is_dir() {
                        waiting.push(kind);
                    }
                    if matches!(wrong, Unreadable::NotThere) {
                        name = configured(&name);
                    }
                    problems.push(unreadable(&name, &wrong, named_by));
                    None
                }
            };
            (kind, name, text)
        });
        let [config, credentials] = [Kind::Config, Kind::Credentials].map(|kind| kind.path(&env).0.canonicalize().ok());
        let is_one_file = config.is_some() && config == credentials;
        let mut config = Self::parse_as(files, is_one_file);
        config.problems.splice(..0, problems);
        config.files.iter_mut().for_each(|file| file.waits = waiting.contains(&file.kind));
        config
    }

    /// Reads one file alone, as the configuration file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load_file(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        match limited::file(path, MAX_BYTES).and_then(limited::text) {
            Ok(text) => Ok(Self::parse([(Kind::Config, name, Some(text))])),
            Err(wrong) => Err(Diagnostic::new(
                at(&name, line_of(&wrong)),
                describe(&wrong),
                "name a file in the form of ~/.aws/config",
            )),
        }
    }

    /// Reads files that are already text (`None`: not there), the configuration file before the credentials file.
    #[must_use]
    pub fn parse(files: impl IntoIterator<Item = (Kind, String, Option<String>)>) -> Self {
        Self::parse_as(files, false)
    }

    /// `is_one_file`: the configuration file is the credentials file too. A header is right for one of the two then,
    /// and a line is refused once.
    fn parse_as(files: impl IntoIterator<Item = (Kind, String, Option<String>)>, is_one_file: bool) -> Self {
        let mut config = Self::default();
        let mut merged: BTreeMap<String, profile::ProfileBuilder> = BTreeMap::new();
        for (index, (kind, name, text)) in files.into_iter().enumerate() {
            config.files.push(File { kind, name: name.into(), read: text.is_some(), waits: false });
            let Some(text) = text else { continue };
            let name = config.files[index].name.clone();
            // Behind the mark the first line is not refused for what it says.
            let unmarked = text.strip_prefix('\u{feff}');
            config.problems.extend(unmarked.map(|_| marked(&name)));
            let sections = places::sections(kind, index, &text);
            let (by_sdks, by_python) = refusals(kind, unmarked.unwrap_or(&text));
            let read_by_nobody = unmarked.is_some() || (!by_sdks.is_empty() && !by_python.is_empty());
            config.problems.extend(refused(&name, &by_sdks, by_python));
            if read_by_nobody {
                continue;
            }
            let is_right_elsewhere = |section: &places::Section| is_one_file && !sdk::ignores(kind.other(), section);
            let is_ignored = |section: &&places::Section| {
                let by_sdks = sdk::ignores(kind, section) && !is_right_elsewhere(section);
                by_sdks || section.leading_blank || section.is_for_all()
            };
            for section in sections.iter().filter(is_ignored) {
                config.problems.push(header::ignored(kind, section, &sections, config.location(section.place)));
            }
            for section in sections.iter().filter(|section| !section.replaced) {
                let Some(named) = header::name_in_cli(kind, section) else { continue };
                if kind.is_sso_session(section) {
                    let location = config.location(section.place);
                    let known = config.sso_sessions.entry(named.clone());
                    known.or_insert_with(|| SsoSession::new(&named, location)).add(section);
                } else {
                    merged.entry(named).or_default().add(kind, section);
                }
            }
        }
        if is_one_file {
            let mut known = Vec::new();
            config.problems.retain(|trouble| {
                let place = (trouble.remark.location.line, trouble.remark.message.clone());
                let is_new = !known.contains(&place);
                known.push(place);
                is_new
            });
        }
        for (name, builder) in merged {
            let profile = builder.build(&name, |place| config.location(place));
            let spoilt = profile.spoilt.clone();
            config.problems.extend(spoilt.map(|remark| Trouble { kind: TroubleKind::Spoilt, remark }));
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

    /// The names of the `[sso-session]` sections.
    pub(crate) fn sso_session_names(&self) -> impl Iterator<Item = &str> {
        self.sso_sessions.keys().map(String::as_str)
    }

    /// Headers that became part of a value: their profiles are not there.
    pub fn glued(&self) -> impl Iterator<Item = &Glued> {
        self.profiles.values().flat_map(|profile| &profile.glued)
    }

    /// The lines and headers that tools refuse, ignore or read differently. A file that both the SDKs and the AWS CLI
    /// refuse has no profile here.
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

/// The lines that the SDKs refuse, and those that the AWS CLI and boto3 refuse.
fn refusals(kind: Kind, text: &str) -> (Vec<RefusedLine>, Vec<python::PythonRefusal>) {
    (sdk::refused_lines(kind, text), python::refusals(text))
}

fn refused(file: &Arc<str>, by_sdks: &[RefusedLine], by_python: Vec<python::PythonRefusal>) -> Vec<Trouble> {
    let both = |line: usize| by_python.iter().any(|refusal| refusal.line == line);
    let mut all: Vec<Trouble> = by_sdks.iter().map(|refusal| refusal.trouble(file, both(refusal.line))).collect();
    let known: Vec<usize> = by_sdks.iter().map(|refusal| refusal.line).collect();
    let rest = by_python.into_iter().filter(|refusal| !known.contains(&refusal.line)).take(sdk::MOST_REFUSALS);
    all.extend(rest.map(|refusal| refusal.trouble(file)));
    all.sort_by_key(|trouble| trouble.remark.location.line);
    all
}

/// Editors of Windows write a byte order mark; no AWS tool reads past it.
fn marked(file: &str) -> Trouble {
    let message = "AWS SDKs and the AWS CLI refuse the file: it begins with a byte order mark".to_owned();
    let help = "save it as UTF-8 without one".to_owned();
    Trouble { kind: TroubleKind::ByteOrderMark, remark: Diagnostic::cannot_work(at(file, 1), message, help) }
}

fn unreadable(file: &str, wrong: &Unreadable, named_by: Option<&'static str>) -> Trouble {
    let (kind, help) = match (wrong, named_by) {
        (Unreadable::NotText { utf16, .. }, _) => (
            TroubleKind::NotText { utf16: *utf16 },
            "save it as UTF-8: the AWS CLI and boto3 stop at it, and to the SDK for Rust it is empty".to_owned(),
        ),
        (_, Some(variable)) => {
            (TroubleKind::Unreadable { named_by }, format!("correct the file, or {variable}, which names it"))
        }
        (_, None) => (TroubleKind::Unreadable { named_by }, "correct the file: AWS SDKs read it as empty".to_owned()),
    };
    Trouble { kind, remark: Diagnostic::new(at(file, line_of(wrong)), describe(wrong), help) }
}

fn describe(wrong: &Unreadable) -> String {
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

/// The folder that `~` stands for, as the SDKs find it (aws-runtime's `fs_util.rs`); `None`: they know none, and look
/// for a folder of that name where the program runs.
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
