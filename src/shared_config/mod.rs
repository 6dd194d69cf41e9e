//! `~/.aws/config` and `~/.aws/credentials`: owns which files are read, what a profile says, and where it says it.
//!
//! The SDK's own parser reads them; `places` finds the lines again, which the parser does not tell; `chain` follows
//! `source_profile`. Keeps no secret: of keys it knows only that they are there. Judges no duration and asks nobody.

mod chain;
mod places;
mod profile;
mod sdk;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use chain::{Base, Chain, CredentialSource, SsoLogin};
pub use profile::{Profile, Setting, SsoSession};
pub use sdk::Kind;

use crate::failure::printable;
use crate::inventory::{Location, Place, Remark};
use places::Section;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// What the shared configuration files say.
#[derive(Debug, Default)]
pub struct SharedConfig {
    files: Vec<File>,
    profiles: BTreeMap<String, Profile>,
    sso_sessions: BTreeMap<String, SsoSession>,
    problems: Vec<Remark>,
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
}

impl SharedConfig {
    /// Reads the files that an AWS SDK would: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or those in `~/.aws`.
    /// A file that is not there is empty, as it is to an SDK.
    #[must_use]
    pub fn load(env: impl Fn(&str) -> Option<String>) -> Self {
        let mut problems = Vec::new();
        let files = [Kind::Config, Kind::Credentials].map(|kind| {
            let (path, named_by) = kind.path(&env);
            let name = path.display().to_string();
            let text = match read_regular(&path) {
                Ok(text) => Some(text),
                Err(Unreadable::NotThere) if named_by.is_none() => None,
                Err(wrong) => {
                    let help = match named_by {
                        Some(variable) => format!("mend the file, or {variable}, which names it"),
                        None => "mend the file: to an AWS SDK it is empty as it is".to_owned(),
                    };
                    problems.push(Remark { location: at_start(&name), message: wrong.to_string(), help });
                    None
                }
            };
            (kind, name, text)
        });
        Self::parse(files).with(problems)
    }

    /// Reads one file alone, as the configuration file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load_file(path: &Path) -> Result<Self, Remark> {
        let name = path.display().to_string();
        match read(path) {
            Ok(text) => Ok(Self::parse([(Kind::Config, name, Some(text))])),
            Err(wrong) => Err(Remark {
                location: at_start(&name),
                message: wrong.to_string(),
                help: "name a file in the form of ~/.aws/config".to_owned(),
            }),
        }
    }

    /// Reads files that are already text (`None`: not there), the configuration file before the credentials file.
    #[must_use]
    pub fn parse(files: impl IntoIterator<Item = (Kind, String, Option<String>)>) -> Self {
        let mut config = Self::default();
        let mut merged: BTreeMap<String, profile::Builder> = BTreeMap::new();
        for (index, (kind, name, text)) in files.into_iter().enumerate() {
            config.files.push(File { kind, name: name.into(), read: text.is_some() });
            let Some(text) = text else { continue };
            let sections = places::sections(index, &text);
            let parsed = match sdk::parse(kind, &text) {
                Ok(parsed) => parsed,
                Err(refusals) => {
                    config
                        .problems
                        .extend(refusals.into_iter().map(|refusal| refusal.remark(&config.files[index].name)));
                    continue;
                }
            };
            for section in sections.iter().filter(|section| sdk::ignores(kind, section)) {
                config.problems.push(ignored(kind, section, config.location(section.place)));
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
            config.problems.extend(profile.spoilt.clone());
            config.profiles.insert(name, profile);
        }
        config
    }

    fn with(mut self, mut problems: Vec<Remark>) -> Self {
        problems.append(&mut self.problems);
        self.problems = problems;
        self
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

    /// What an AWS SDK refuses or silently ignores. A file with a line that it refuses has no profile here, as for an SDK.
    #[must_use]
    pub fn problems(&self) -> &[Remark] {
        &self.problems
    }

    /// A place of these files, for people.
    #[must_use]
    pub fn location(&self, place: Place) -> Location {
        let file = self.files.get(place.file).map(|file| file.name.clone()).unwrap_or_default();
        Location { file, line: place.line, column: place.column }
    }
}

/// What to say of a section that SDKs ignore.
fn ignored(kind: Kind, section: &Section, location: Location) -> Remark {
    let name = printable(&section.name);
    let written = match &section.prefix {
        Some(prefix) => format!("[{} {name}]", printable(prefix)),
        None => format!("[{name}]"),
    };
    let help = match (kind, section.prefix.as_deref()) {
        (Kind::Config, None) if section.replaced => {
            "keep one of the two: [profile default] stands there too, and replaces it".to_owned()
        }
        (Kind::Config, None) => {
            format!("write [profile {name}]: in the config file every profile but `default` has that prefix")
        }
        (Kind::Credentials, Some("profile")) => format!("write [{name}]: the credentials file has no prefix"),
        (Kind::Credentials, Some(_)) => "move it to the config file: the credentials file holds keys only".to_owned(),
        _ => "a name is one word of letters, digits and _ - / . % @ : +".to_owned(),
    };
    Remark { location, message: format!("AWS SDKs ignore {written}"), help }
}

fn at_start(name: &str) -> Location {
    Location { file: name.into(), line: 1, column: 1 }
}

/// Why a file could not be read.
enum Unreadable {
    NotThere,
    NoFile,
    TooLarge,
    NotText,
    Failed(std::io::Error),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotThere => f.write_str("there is no such file"),
            Self::NoFile => f.write_str("it is a folder, a named pipe or a device, not a file"),
            Self::TooLarge => write!(f, "the file is larger than {} MiB", MAX_BYTES / 1024 / 1024),
            Self::NotText => f.write_str("the file is not UTF-8 text"),
            Self::Failed(error) => write!(f, "the file cannot be read: {error}"),
        }
    }
}

/// What the environment names or the home folder has: opening a named pipe there waits for who writes to it.
fn read_regular(path: &Path) -> Result<String, Unreadable> {
    match std::fs::metadata(path) {
        // What is written where there is to be no such file.
        _ if path == Path::new("/dev/null") => Ok(String::new()),
        Ok(known) if !known.is_file() => Err(Unreadable::NoFile),
        _ => read(path),
    }
}

fn read(path: &Path) -> Result<String, Unreadable> {
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Unreadable::NotThere,
        _ => Unreadable::Failed(error),
    })?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(Unreadable::Failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| Unreadable::NotText)
}

impl Kind {
    /// Where an SDK looks for it, and the variable that says so.
    fn path(self, env: &impl Fn(&str) -> Option<String>) -> (PathBuf, Option<&'static str>) {
        let (variable, name) = match self {
            Self::Config => ("AWS_CONFIG_FILE", "config"),
            Self::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        };
        let home = || env("HOME").or_else(|| env("USERPROFILE")).map_or_else(|| PathBuf::from("~"), PathBuf::from);
        match env(variable) {
            Some(path) => {
                let below_home = path.strip_prefix("~/").map(|below| home().join(below));
                (below_home.unwrap_or_else(|| PathBuf::from(&path)), Some(variable))
            }
            None => (home().join(".aws").join(name), None),
        }
    }
}
