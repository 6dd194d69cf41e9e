//! Where an inventory is read from: a file, a folder, standard input or a text. Owns sizes and names, not contents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::diagnostic::{Place, Problems, Sink, SourceFile};
use super::folder::{self, NotRead};
use super::origin::{InventorySource, InventorySources};
use super::remote::{FileVersion, NoSource, RemoteFile, RemoteFiles, Version, is_platform};
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
    /// The versions of the files whose source counts versions.
    pub(super) versions: Vec<FileVersion>,
    /// Files that cannot be parsed at all.
    pub(crate) sink: Sink,
}

const HELP_READ: &str = "name a YAML or JSON file, a folder of them, an s3:// object or prefix, an ssm:/ path, or `-` \
    for standard input";

impl InventorySources {
    /// `remote`: the files of the sources outside this machine. `most`: the most bytes of all files, of which the
    /// platform's file is always read; `None`: the general limit.
    pub(super) fn read(&self, mut remote: RemoteFiles, most: Option<u64>) -> Result<Files, Problems> {
        let mut read = Vec::new();
        let mut platform = None;
        for (index, source) in self.iter().enumerate() {
            let position = Position { is_first: index == 0, is_only: self.0.len() == 1 };
            let share = most.map(|most| self.share_of(most));
            match source.read(remote.0.remove(&index), position, share) {
                Ok(files) if position.is_first => {
                    platform = files.platform;
                    read = files.read;
                }
                Ok(files) => read.extend(files.read),
                Err(problem) if position.is_first => {
                    return Err(Problems::without_place(&source.to_string(), problem.message, problem.help));
                }
                // Nothing of this source is known: it is one file that cannot be read.
                Err(NoSource { message, help, .. }) => {
                    read.push(Read::new(source.to_string(), Err(NotRead::Remote { message, help })));
                }
            }
        }
        if self.0.len() > 1 {
            // Within its source, a file could have the name of a file of another source.
            read.iter_mut().for_each(|file| file.within.clone_from(&file.name));
        }
        Ok(Files { platform, ..files(read) })
    }
}

/// The place of a source among all.
#[derive(Clone, Copy)]
struct Position {
    /// The platform's file may be in it.
    is_first: bool,
    is_only: bool,
}

/// The files of one source.
struct SourceFiles {
    read: Vec<Read>,
    /// The platform's file. A single file is its own; a folder may have none.
    platform: Option<usize>,
}

impl SourceFiles {
    fn single(name: &str, content: Result<Vec<u8>, Unreadable>) -> Result<Self, NoSource> {
        let content = content.map_err(|wrong| no_source(wrong.to_string(), help_with(&wrong)))?;
        Ok(Self { read: vec![Read::new(name.to_owned(), Ok(content))], platform: Some(0) })
    }
}

impl InventorySource {
    fn read(
        &self,
        remote: Option<Result<Vec<RemoteFile>, NoSource>>,
        position: Position,
        most: Option<u64>,
    ) -> Result<SourceFiles, NoSource> {
        match self {
            Self::Path(path) => read_path(path, position, most),
            Self::StandardInput => SourceFiles::single("<stdin>", limited::stream(std::io::stdin().lock(), MAX_BYTES)),
            Self::Text { name, text } => SourceFiles::single(name, Ok(text.clone().into_bytes())),
            Self::Object(_) | Self::Prefix(_) | Self::Parameters { .. } => {
                let none = || no_source("was not read", HELP_READ);
                self.of_remote(remote.ok_or_else(none)??, position)
            }
        }
    }

    /// The files of a source outside this machine.
    fn of_remote(&self, files: Vec<RemoteFile>, position: Position) -> Result<SourceFiles, NoSource> {
        let is_single = matches!(self, Self::Object(_)) || (position.is_only && files.len() == 1);
        let is_platform = |file: &RemoteFile| position.is_first && is_platform(self, &file.within);
        let platforms: Vec<usize> = (0..files.len()).filter(|index| is_platform(&files[*index])).collect();
        if let [_, _, ..] = platforms[..] {
            let names: Vec<&str> = platforms.iter().map(|index| files[*index].within.as_str()).collect();
            return Err(several_platforms(&names));
        }
        let platform = if is_single { Some(0) } else { platforms.first().copied() };
        let read = |RemoteFile { within, content }: RemoteFile| {
            let name = self.name_of(&within);
            let version = content.as_ref().ok().map(|text| text.version.clone());
            Read { name, within, content: content.map(|text| text.bytes.to_vec()), version }
        };
        Ok(SourceFiles { read: files.into_iter().map(read).collect(), platform })
    }
}

fn no_source(message: impl Into<String>, help: impl Into<String>) -> NoSource {
    NoSource { message: message.into(), help: help.into(), is_unanswered: false }
}

/// Which rules count for all teams must not be guessed.
fn several_platforms(names: &[&str]) -> NoSource {
    let message = format!("the folder has several files of the platform: {}", names.join(", "));
    no_source(message, "keep the one whose rules count for all teams")
}

/// Reads a file, or every `*.yaml`, `*.yml` and `*.json` of a folder in the order of their names.
fn read_path(from: &Path, position: Position, most: Option<u64>) -> Result<SourceFiles, NoSource> {
    let unreadable = |error: &std::io::Error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        no_source(message, HELP_READ)
    };
    let about = std::fs::metadata(from).map_err(|error| unreadable(&error))?;
    if !about.is_dir() {
        return SourceFiles::single(&from.display().to_string(), limited::file(from, MAX_BYTES));
    }
    let mut listed = folder::list(from, position.is_first).map_err(|error| unreadable(&error))?;
    if listed.is_empty() {
        return Err(no_source("the folder has no *.yaml, *.yml or *.json file", HELP_READ));
    }
    let is_platform = |path: &Path| position.is_first && folder::is_platform(from, path);
    let platforms: Vec<String> = listed
        .keys()
        .filter(|path| is_platform(path))
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    if platforms.len() > 1 {
        return Err(several_platforms(&platforms.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    // A single file is its own platform's file, which is always read.
    let most = most.filter(|_| listed.len() > 1 || !position.is_only).unwrap_or(MAX_BYTES);
    folder::mark_too_large(&mut listed, most, is_platform);
    Ok(read_all(from, listed, position))
}

/// Reads the files of a folder. A file that cannot be read is a problem of that file alone.
fn read_all(folder: &Path, listed: BTreeMap<PathBuf, Option<NotRead>>, position: Position) -> SourceFiles {
    let mut read = Vec::with_capacity(listed.len());
    let mut platform = None;
    let wanted: Vec<usize> = listed
        .values()
        .enumerate()
        .filter(|(_, not_read)| matches!(not_read, None | Some(NotRead::File(_))))
        .map(|(index, _)| index)
        .collect();
    for (index, (path, not_read)) in listed.into_iter().enumerate() {
        if position.is_first && folder::is_platform(folder, &path) {
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
        let within = within.join("/");
        read.push(Read { within, ..Read::new(path.display().to_string(), content) });
    }
    let only = if let ([only], true) = (&wanted[..], position.is_only) { Some(*only) } else { None };
    SourceFiles { read, platform: platform.or(only) }
}

/// A file, or why it could not be read and what to do.
struct Read {
    name: String,
    within: String,
    content: Result<Vec<u8>, NotRead>,
    /// The version, where the source counts versions.
    version: Option<Version>,
}

impl Read {
    fn new(name: String, content: Result<Vec<u8>, NotRead>) -> Self {
        Self { within: name.clone(), name, content, version: None }
    }
}

/// The names of files of another kind, without their text.
#[cfg(feature = "cli")]
pub(crate) fn names(names: &[Arc<str>]) -> Files {
    let file = |name: &Arc<str>| SourceFile { name: name.clone(), text: "".into(), readable: false };
    let within = names.iter().map(|name| name.to_string()).collect();
    let files = names.iter().map(file).collect();
    let (sha256, versions, sink) = (String::new(), Vec::new(), Sink::default());
    Files { files, within, platform: Some(0), sha256, versions, sink }
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

fn files(read: Vec<Read>) -> Files {
    let mut digest = Sha256::new();
    let mut sink = Sink::default();
    let mut files = Vec::with_capacity(read.len());
    let mut names = Vec::with_capacity(read.len());
    let mut versions = Vec::new();
    for (index, Read { name, within, content, version }) in read.into_iter().enumerate() {
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
        let name: Arc<str> = name.into();
        versions.extend(version.map(|version| FileVersion { name: Arc::clone(&name), version }));
        files.push(SourceFile { name, text: text.into(), readable });
        names.push(within);
    }
    Files { files, within: names, platform: None, sha256: hex(&digest.finalize()), versions, sink }
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
