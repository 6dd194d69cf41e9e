//! Where an inventory is read from: a file, a folder, standard input or a text. Owns sizes and names, not contents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::diagnostic::{Place, Problems, Sink, SourceFile};
use super::folder::{self, NotRead};
use super::yaml::MAX_BYTES;
use crate::limited::{self, Unreadable};

/// The files of an inventory and the digest of their bytes.
pub(crate) struct Files {
    pub(crate) files: Vec<SourceFile>,
    /// The name of each file within its folder, with `/` between folders.
    pub(super) within: Vec<String>,
    /// The platform's file, which counts everywhere. A single file is its own; a folder may have none.
    pub(super) platform: Option<usize>,
    pub(crate) sha256: String,
    /// Files that cannot be parsed at all.
    pub(crate) sink: Sink,
}

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

    /// `most_of_folder`: the most bytes of all files of a folder, of which the platform's file is always read.
    pub(super) fn read(&self, most_of_folder: Option<u64>) -> Result<Files, Problems> {
        match self {
            Self::Path(path) => read_path(path, most_of_folder),
            Self::StandardInput => {
                let read = limited::stream(std::io::stdin().lock(), MAX_BYTES);
                Ok(single("<stdin>", limited("<stdin>", read)?))
            }
            Self::Text { name, text } => Ok(single(name, text.clone().into_bytes())),
        }
    }
}

/// Reads a file, or every `*.yaml`, `*.yml` and `*.json` of a folder in the order of their names.
fn read_path(from: &Path, most_of_folder: Option<u64>) -> Result<Files, Problems> {
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
        return Ok(single(&name, limited(&name, limited::file(from, MAX_BYTES))?));
    }
    let mut listed = folder::list(from).map_err(|error| unreadable(&error))?;
    if listed.is_empty() {
        return Err(Problems::without_place(&name, "the folder has no *.yaml, *.yml or *.json file", HELP_READ));
    }
    let platforms: Vec<String> = listed
        .keys()
        .filter(|path| folder::is_platform(from, path))
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    if platforms.len() > 1 {
        // Which rules count for all teams must not be guessed.
        let message = format!("the folder has several files of the platform: {}", platforms.join(", "));
        return Err(Problems::without_place(&name, message, "keep the one whose rules count for all teams"));
    }
    folder::mark_too_large(from, &mut listed, most_of_folder);
    Ok(read_all(from, listed))
}

/// Reads the files of a folder. A file that cannot be read is a problem of that file alone.
fn read_all(folder: &Path, listed: BTreeMap<PathBuf, Option<NotRead>>) -> Files {
    let mut read = Vec::with_capacity(listed.len());
    let mut platform = None;
    let wanted: Vec<usize> = listed
        .values()
        .enumerate()
        .filter(|(_, not_read)| matches!(not_read, None | Some(NotRead::File(_))))
        .map(|(index, _)| index)
        .collect();
    for (index, (path, not_read)) in listed.into_iter().enumerate() {
        if folder::is_platform(folder, &path) {
            platform = Some(index);
        }
        let content = match not_read {
            Some(not_read) => Err(not_read),
            // A read of a named pipe waits for a writer. A link that leads nowhere has its own message.
            None if std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) => Err(NotRead::NotAFile),
            None => limited::file(&path, MAX_BYTES).map_err(NotRead::File),
        };
        let within = path.strip_prefix(folder).unwrap_or(&path);
        let within: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
        read.push(Read { name: path.display().to_string(), within: within.join("/"), content });
    }
    let mut files = files(read);
    let only = if let [only] = wanted[..] { Some(only) } else { None };
    files.platform = platform.or(only);
    files
}

/// A file, or why it could not be read and what to do.
struct Read {
    name: String,
    within: String,
    content: Result<Vec<u8>, NotRead>,
}

fn single(name: &str, content: Vec<u8>) -> Files {
    let read = Read { name: name.to_owned(), within: name.to_owned(), content: Ok(content) };
    Files { platform: Some(0), ..files(vec![read]) }
}

/// The names of files of another kind, without their text.
#[cfg(feature = "cli")]
pub(crate) fn names(names: &[std::sync::Arc<str>]) -> Files {
    let file = |name: &std::sync::Arc<str>| SourceFile { name: name.clone(), text: "".into(), readable: false };
    let within = names.iter().map(|name| name.to_string()).collect();
    let files = names.iter().map(file).collect();
    Files { files, within, platform: Some(0), sha256: String::new(), sink: Sink::default() }
}

/// SHA-256 of an inventory's bytes, in hexadecimal.
#[cfg(feature = "cli")]
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

pub(super) fn help_with(wrong: &Unreadable) -> &'static str {
    match wrong {
        Unreadable::TooLarge(_) => "split it into a folder's files, or check that it is an inventory",
        _ => HELP_READ,
    }
}

fn limited(name: &str, read: Result<Vec<u8>, Unreadable>) -> Result<Vec<u8>, Problems> {
    read.map_err(|wrong| Problems::without_place(name, wrong.to_string(), help_with(&wrong)))
}

fn files(read: Vec<Read>) -> Files {
    let mut digest = Sha256::new();
    let mut sink = Sink::default();
    let mut files = Vec::with_capacity(read.len());
    let mut names = Vec::with_capacity(read.len());
    for (index, Read { name, within, content }) in read.into_iter().enumerate() {
        let (text, problem) = match content {
            Ok(bytes) => {
                digest.update(&bytes);
                text_of(bytes)
            }
            Err(not_read) => (String::new(), Some((0, not_read.to_string(), not_read.help()))),
        };
        let readable = problem.is_none();
        if let Some((at, message, help)) = problem {
            sink.add(place_of(index, &text, at), message, help);
        }
        files.push(SourceFile { name: name.into(), text: text.into(), readable });
        names.push(within);
    }
    Files { files, within: names, platform: None, sha256: hex(&digest.finalize()), sink }
}

/// The text of a file, and where it is not one.
fn text_of(bytes: Vec<u8>) -> (String, Option<(usize, String, String)>) {
    match String::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => {
            (text, Some((0, "the file is empty".to_owned(), "start with `version: 1`, then `jobs:`".to_owned())))
        }
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let message = format!("the file is not text: byte {at} is not UTF-8");
            (
                String::from_utf8_lossy(error.as_bytes()).into_owned(),
                Some((at, message, "save it as UTF-8 text".to_owned())),
            )
        }
    }
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
