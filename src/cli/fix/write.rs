//! Overwrites a person's file: atomically and, in a Git repository, only if Git has the old text.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::output::bad_usage;
use crate::cli::status::ExitStatus;
use crate::visible;

/// Refuses files of a Git repository whose text is not committed. A file outside of one, such as ~/.aws/config, has no
/// uncommitted changes.
pub(super) fn check<'a>(files: impl Iterator<Item = &'a Path>, allow_dirty: bool) -> Result<(), ExitStatus> {
    let dirty: Vec<String> = files
        .filter(|file| !allow_dirty && is_in_repository(file) && !is_committed(file))
        .map(|file| visible::line(&file.display().to_string()).to_string())
        .collect();
    if dirty.is_empty() {
        return Ok(());
    }
    Err(bad_usage(&format!(
        "error: {} has changes that are not committed, or Git does not track it: nothing was written. Commit it, or \
         pass --allow-dirty.",
        dirty.join(", ")
    )))
}

/// Whether a folder above the file, or above the target of a symbolic link, is a Git repository.
fn is_in_repository(file: &Path) -> bool {
    let paths = [file.canonicalize(), std::path::absolute(file)];
    let has_repository = |path: &Path| path.ancestors().skip(1).any(|folder| folder.join(".git").exists());
    paths.iter().any(|path| path.as_deref().map_or(true, has_repository))
}

/// Whether Git tracks the file and has its current text, in the last commit and in the index. The texts are compared
/// here: `git status` would run the filters that the repository names.
fn is_committed(file: &Path) -> bool {
    // Of a symbolic link, the target is written.
    let Ok(file) = &file.canonicalize() else { return false };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Some(name), Ok(text)) = (file.file_name(), std::fs::read(file)) else { return false };
    let git = |arguments: &[&OsStr]| {
        let mut git = Command::new("git");
        git.args(NO_PROGRAMS).envs(NO_PROGRAMS_BY_ENVIRONMENT).arg("-C").arg(folder).args(arguments);
        git.output().ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    // `H`: tracked. A file that is assumed unchanged is `h`, one that is skipped `S`.
    let tracked = git(&["ls-files".as_ref(), "-v".as_ref(), "--".as_ref(), name]);
    let is_in = |tree: &str| {
        let mut object = OsString::from(tree);
        object.push(":./");
        object.push(name);
        let stored = git(&["cat-file".as_ref(), "blob".as_ref(), &object]);
        stored.is_some_and(|stored| with_line_feeds(&stored) == with_line_feeds(&text))
    };
    tracked.is_some_and(|tracked| tracked.starts_with(b"H ")) && is_in("HEAD") && is_in("")
}

/// The text with the line breaks that Git stores.
fn with_line_feeds(text: &[u8]) -> Vec<u8> {
    let is_kept = |(index, byte): &(usize, &u8)| **byte != b'\r' || text.get(index + 1) != Some(&b'\n');
    text.iter().enumerate().filter(is_kept).map(|(_, byte)| *byte).collect()
}

/// Settings without which Git would run a program that the repository names: a file system monitor, hooks.
const NO_PROGRAMS: [&str; 4] = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
/// The same: the index is not written, and missing objects are not fetched.
const NO_PROGRAMS_BY_ENVIRONMENT: [(&str, &str); 2] = [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1")];

/// Writes a new file in the same folder and renames it to the old one, if that still has the old text.
pub(super) fn write_atomically(file: &Path, old: &str, text: &str) -> io::Result<()> {
    // A symbolic link stays a link: its target is written.
    let file = file.canonicalize()?;
    if std::fs::read_to_string(&file)? != old {
        return Err(io::Error::other("its text changed in the meantime"));
    }
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let beside: PathBuf = file.with_file_name(name);
    let written = write_beside(&file, &beside, text);
    if written.is_err() {
        // A partly written file is useless.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write_beside(file: &Path, beside: &Path, text: &str) -> io::Result<()> {
    let permissions = std::fs::metadata(file)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let mut new = std::fs::File::create_new(beside)?;
    // Before the text: it may hold secrets.
    new.set_permissions(permissions)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(beside, file)
}
