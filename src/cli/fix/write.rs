//! Overwrites a person's file: atomically and, in a Git repository, only if Git has the old text.

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

/// Whether Git tracks the file and has its current text.
fn is_committed(file: &Path) -> bool {
    // Of a symbolic link, the target is written.
    let Ok(file) = &file.canonicalize() else { return false };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = file.file_name() else { return false };
    let git = |arguments: &[&str]| {
        Command::new("git").args(NO_PROGRAMS).arg("-C").arg(folder).args(arguments).arg("--").arg(name).output()
    };
    // `H`: tracked. Changes of a file that is assumed unchanged (`h`) or skipped (`S`) are not in the status.
    let is_tracked = git(&["ls-files", "-v"]).is_ok_and(|output| output.stdout.starts_with(b"H "));
    let is_clean =
        git(&["status", "--porcelain"]).is_ok_and(|output| output.status.success() && output.stdout.is_empty());
    is_tracked && is_clean
}

/// Settings without which Git would run a program that the repository names.
const NO_PROGRAMS: [&str; 2] = ["-c", "core.fsmonitor=false"];

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
