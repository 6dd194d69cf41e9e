//! The files of an inventory in a folder. Each file is read, or is a problem by its name: no file is skipped
//! silently.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::files::help_with;
use super::yaml::MAX_BYTES;
use crate::limited::{self, Unreadable};

/// The most files of a folder and the folders below it.
const MOST_FILES: usize = 10_000;
/// How much of a file says whether it is an inventory.
const START: u64 = 64 * 1024;
/// The names of the platform's file.
pub(super) const PLATFORM: [&str; 3] = ["platform.yaml", "platform.yml", "platform.json"];

/// The reason why a file or a folder is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRead {
    #[error("is a link to a folder, and such a link is not followed")]
    Link,
    #[error("is a link to a file outside the folder, and such a link is not followed")]
    LinkOutside,
    #[error("cannot be read: {0}")]
    Folder(io::Error),
    #[error("is in a folder below, which is not read without platform.yaml")]
    Below,
    #[error("the folder has {total} files of an inventory")]
    TooMany { total: usize },
    #[error("the folder's files are together larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("is larger than {} KiB, the most of a team's file in a function with this memory", most / 1024)]
    LargerThanTheMemory { most: u64 },
    #[error("does not fit: with this memory, a function reads {} KiB of a folder", most / 1024)]
    NoMemoryLeft { most: u64 },
    #[error("is not a regular file")]
    NotAFile,
    #[error("{0}")]
    File(Unreadable),
    #[error("{message}")]
    Remote { message: String, help: String },
}

impl NotRead {
    /// A file outside this machine.
    #[cfg(any(feature = "cli", feature = "lambda"))]
    pub(crate) fn remote(message: impl Into<String>, help: &str) -> Self {
        Self::Remote { message: message.into(), help: help.to_owned() }
    }

    /// What to do.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Link => "put the files into the folder of the inventory".to_owned(),
            Self::LinkOutside => "put the file itself into the folder".to_owned(),
            Self::Folder(_) => "let the checker read the folder".to_owned(),
            Self::Below => "add platform.yaml to the folder of the inventory, or move the file there".to_owned(),
            Self::TooMany { .. } => format!("at most {MOST_FILES} are read: put the jobs of several in one"),
            Self::TooLarge => "check that they are inventories, or check them apart".to_owned(),
            Self::LargerThanTheMemory { .. } | Self::NoMemoryLeft { .. } => {
                "give the function more memory, or shorten the large files of the folder".to_owned()
            }
            Self::NotAFile => "remove it from the folder".to_owned(),
            Self::File(wrong) => help_with(wrong).to_owned(),
            Self::Remote { help, .. } => help.clone(),
        }
    }
}

/// Every file of an inventory, in the order of the names, with the reason where it is not to be read. The folders below
/// are read where there is a platform's file, here or in an earlier source.
pub(super) fn list(root: &Path, is_first: bool) -> io::Result<BTreeMap<PathBuf, Option<NotRead>>> {
    let at_root = entries(root)?;
    let has_platform = !is_first || at_root.iter().any(|path| is_platform(root, path));
    let mut files: Vec<PathBuf> = Vec::new();
    let mut not_read: BTreeMap<PathBuf, Option<NotRead>> = BTreeMap::new();
    let mut folders = Vec::new();
    sort(at_root, &mut files, &mut folders);
    let mut below = Vec::new();
    while let Some(folder) = folders.pop() {
        let is_link = folder.is_symlink();
        if is_link && has_platform {
            not_read.insert(folder, Some(NotRead::Link));
            continue;
        }
        let mut deeper = Vec::new();
        match entries(&folder) {
            Ok(entries) => sort(entries, &mut below, &mut deeper),
            Err(_) if !has_platform => {}
            Err(error) => {
                not_read.insert(folder, Some(NotRead::Folder(error)));
            }
        }
        if !is_link {
            folders.append(&mut deeper);
        }
    }
    if has_platform {
        files.append(&mut below);
    } else {
        // As in version 0.1.0, the folders below are not part of the inventory. An inventory there is most likely one
        // that somebody wants to be checked; files of another kind are not.
        let inventories = below.into_iter().take(MOST_FILES).filter(|path| is_like_an_inventory(path));
        not_read.extend(inventories.map(|path| (path, Some(NotRead::Below))));
    }
    let (outside, files): (Vec<_>, _) = files.into_iter().partition(|path| leads_outside(root, path));
    not_read.extend(outside.into_iter().map(|path| (path, Some(NotRead::LinkOutside))));
    let mut listed = at_most(root, files, |path| is_first && is_platform(root, path));
    listed.append(&mut not_read);
    Ok(listed)
}

/// The platform's file is directly in the folder of the inventory.
pub(super) fn is_platform(root: &Path, path: &Path) -> bool {
    has_platform_name(root, path) && !path.is_dir()
}

/// Whether the path is the platform's by its name.
pub(super) fn has_platform_name(root: &Path, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
    path.parent() == Some(root) && name.is_some_and(|name| PLATFORM.contains(&&*name))
}

/// Whether the path is a link to a file outside the folder. A problem quotes lines of its file, so that a link could
/// show a file that its author cannot read.
fn leads_outside(root: &Path, path: &Path) -> bool {
    let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
    target.is_some_and(|target| !root.canonicalize().is_ok_and(|root| target.starts_with(root)))
}

/// The paths in a folder that are not hidden.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    paths.filter(|path| !path.as_ref().is_ok_and(|path| is_hidden(path))).collect()
}

fn sort(paths: Vec<PathBuf>, files: &mut Vec<PathBuf>, folders: &mut Vec<PathBuf>) {
    for path in paths {
        if path.is_dir() {
            folders.push(path);
        } else if is_inventory(&path) {
            files.push(path);
        }
    }
}

/// Whether the name is that of an inventory, in capitals too.
pub(super) fn is_inventory(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| matches!(&*ending, "yaml" | "yml" | "json"))
}

/// Whether the file states the version of an inventory at its start.
fn is_like_an_inventory(path: &Path) -> bool {
    // To open a named pipe can wait forever.
    if !path.is_file() {
        return false;
    }
    let Ok(start) = std::fs::File::open(path).and_then(|file| limited::start(file, START)) else { return false };
    let start = String::from_utf8_lossy(&start);
    start.lines().flat_map(|line| line.split(['{', ','])).any(|part| {
        let part: String = part.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
        part.strip_prefix("version:1").is_some_and(|rest| rest.is_empty() || rest.starts_with(['}', '#']))
    })
}

/// The files, those over the limit with the reason. The platform's file goes first, and the folders take turns: files
/// over the limit are in the folder that has the most.
pub(super) fn at_most(
    root: &Path,
    mut files: Vec<PathBuf>,
    is_platform: impl Fn(&Path) -> bool,
) -> BTreeMap<PathBuf, Option<NotRead>> {
    files.sort();
    let total = files.len();
    let mut of_folder: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut in_turn: Vec<(bool, usize, PathBuf)> = Vec::with_capacity(total);
    for path in files {
        let before = of_folder.entry(path.parent().unwrap_or(root).to_owned()).or_default();
        in_turn.push((!is_platform(&path), *before, path));
        *before += 1;
    }
    in_turn.sort();
    let mut listed = BTreeMap::new();
    for (index, (_, _, path)) in in_turn.into_iter().enumerate() {
        let is_over = index >= MOST_FILES;
        listed.insert(path, is_over.then_some(NotRead::TooMany { total }));
    }
    listed
}

/// A file whose size is known.
pub(super) struct SizedFile<'a> {
    pub(super) is_of_team: bool,
    pub(super) size: u64,
    pub(super) path: &'a Path,
    pub(super) not_read: &'a mut Option<NotRead>,
}

/// Marks the files that make a folder larger than `most` bytes.
pub(super) fn mark_too_large(
    files: &mut BTreeMap<PathBuf, Option<NotRead>>,
    most: u64,
    is_platform: impl Fn(&Path) -> bool,
) {
    let mut by_size = Vec::new();
    for (path, not_read) in files.iter_mut().filter(|(_, not_read)| not_read.is_none()) {
        match std::fs::metadata(path) {
            Ok(about) => by_size.push(SizedFile { is_of_team: !is_platform(path), size: about.len(), path, not_read }),
            Err(error) => *not_read = Some(NotRead::File(Unreadable::from(error))),
        }
    }
    mark_over(by_size, most);
}

/// Marks the files that are over `most` bytes together. The platform's file goes first and is always read, then the
/// smallest: no large file is a problem of a small one, whatever its name.
pub(super) fn mark_over(mut by_size: Vec<SizedFile<'_>>, most: u64) {
    by_size.sort_by(|a, b| (a.is_of_team, a.size, a.path).cmp(&(b.is_of_team, b.size, b.path)));
    let mut total = 0;
    for SizedFile { is_of_team, size, not_read, .. } in by_size {
        let most = if is_of_team { most } else { MAX_BYTES };
        if total + size <= most {
            total += size;
            continue;
        }
        *not_read = Some(match () {
            () if most >= MAX_BYTES => NotRead::TooLarge,
            () if size > most => NotRead::LargerThanTheMemory { most },
            () => NotRead::NoMemoryLeft { most },
        });
    }
}
