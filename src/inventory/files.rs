//! Where an inventory is read from: a file, a folder, standard input or a text. Owns sizes and names, not contents.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::diagnostic::{Place, Problems, Sink, SourceFile};
use super::yaml::MAX_BYTES;
use crate::limited::{self, Unreadable};

/// The files of an inventory and the digest of their bytes.
pub(crate) struct Files {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) sha256: String,
    /// Files that cannot be parsed at all.
    pub(crate) sink: Sink,
}

/// The most files of a folder.
const MOST_FILES: usize = 10_000;

const HELP_READ: &str = "name a YAML or JSON file, a folder of them, or `-` for standard input";

/// Where an inventory comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventorySource {
    /// A file, or a folder whose `*.yaml`, `*.yml` and `*.json` files are one inventory.
    Path(PathBuf),
    /// Standard input.
    StandardInput,
    /// A text, and the name that diagnostics give it.
    Text {
        /// The name.
        name: String,
        /// The text.
        text: String,
    },
}

impl InventorySource {
    /// The source that an argument names: `-` is standard input.
    #[must_use]
    pub fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == "-" { Self::StandardInput } else { Self::Path(argument.to_owned()) }
    }

    pub(super) fn read(&self) -> Result<Files, Problems> {
        match self {
            Self::Path(path) => read_path(path),
            Self::StandardInput => {
                let read = limited::stream(std::io::stdin().lock(), MAX_BYTES);
                Ok(files(vec![("<stdin>".to_owned(), limited("<stdin>", read)?)]))
            }
            Self::Text { name, text } => Ok(files(vec![(name.clone(), text.clone().into_bytes())])),
        }
    }
}

/// Reads a file, or every `*.yaml`, `*.yml` and `*.json` of a folder in the order of their names.
fn read_path(from: &Path) -> Result<Files, Problems> {
    let name = from.display().to_string();
    let unreadable = |error: &std::io::Error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        Problems::without_place(&name, message, HELP_READ)
    };
    let about = std::fs::metadata(from).map_err(|error| unreadable(&error))?;
    if !about.is_dir() {
        return Ok(files(vec![(name.clone(), limited(&name, limited::file(from, MAX_BYTES))?)]));
    }
    let mut paths: Vec<PathBuf> = std::fs::read_dir(from)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| unreadable(&error))?;
    paths.retain(|path| is_inventory(path));
    paths.sort();
    if paths.is_empty() {
        return Err(Problems::without_place(&name, "the folder has no *.yaml, *.yml or *.json file", HELP_READ));
    }
    if paths.len() > MOST_FILES {
        let message = format!("the folder has {} files of an inventory", paths.len());
        return Err(Problems::without_place(&name, message, format!("at most {MOST_FILES}: put jobs together in one")));
    }
    read_all(&name, paths)
}

fn read_all(folder: &str, paths: Vec<PathBuf>) -> Result<Files, Problems> {
    let mut bytes = 0;
    let mut read = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.display().to_string();
        // A read of a named pipe waits for a writer. A link that leads nowhere has its own message.
        if std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
            return Err(Problems::without_place(&name, "is not a regular file", "remove it from the folder"));
        }
        let content = limited(&name, limited::file(&path, MAX_BYTES))?;
        bytes += content.len() as u64;
        if bytes > MAX_BYTES {
            let message = format!("its files are together larger than {} MiB", MAX_BYTES / 1024 / 1024);
            let help = "check that they are inventories, or check them apart";
            return Err(Problems::without_place(folder, message, help));
        }
        read.push((name, content));
    }
    Ok(files(read))
}

/// The names of files of another kind, without their text.
#[cfg(feature = "cli")]
pub(crate) fn names(names: &[std::sync::Arc<str>]) -> Files {
    let file = |name: &std::sync::Arc<str>| SourceFile { name: name.clone(), text: "".into(), readable: false };
    Files { files: names.iter().map(file).collect(), sha256: String::new(), sink: Sink::default() }
}

/// SHA-256 of an inventory's bytes, in hexadecimal.
#[cfg(feature = "cli")]
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn is_inventory(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let known = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
    known && !hidden && !path.is_dir()
}

fn limited(name: &str, read: Result<Vec<u8>, Unreadable>) -> Result<Vec<u8>, Problems> {
    read.map_err(|wrong| {
        let help = match wrong {
            Unreadable::TooLarge(_) => "split it into a folder's files, or check that it is an inventory",
            _ => HELP_READ,
        };
        Problems::without_place(name, wrong.to_string(), help)
    })
}

fn files(read: Vec<(String, Vec<u8>)>) -> Files {
    let mut digest = Sha256::new();
    let mut sink = Sink::default();
    let mut files = Vec::with_capacity(read.len());
    for (index, (name, bytes)) in read.into_iter().enumerate() {
        digest.update(&bytes);
        let (text, problem) = match String::from_utf8(bytes) {
            Ok(text) if text.trim().is_empty() => {
                (text, Some((0, "the file is empty".to_owned(), "start with `version: 1`, then `jobs:`")))
            }
            Ok(text) => (text, None),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message = format!("the file is not text: byte {at} is not UTF-8");
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some((at, message, "save it as UTF-8 text")))
            }
        };
        let readable = problem.is_none();
        if let Some((at, message, help)) = problem {
            sink.add(place_of(index, &text, at), message, help);
        }
        files.push(SourceFile { name: name.into(), text: text.into(), readable });
    }
    Files { files, sha256: hex(&digest.finalize()), sink }
}

/// The place of a byte. The text before it is the same in `text` as in the file.
fn place_of(file: usize, text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place { file, line, column, length: 1, offset: at }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
