//! Overwrites a person's file: only if Git has the old text, and atomically.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::output::bad_usage;
use crate::cli::status::ExitStatus;
use crate::visible;

/// Refuses files whose text is not committed to Git.
pub(super) fn check<'a>(files: impl Iterator<Item = &'a Path>, allow_dirty: bool) -> Result<(), ExitStatus> {
    let dirty: Vec<String> = files
        .filter(|file| !allow_dirty && !is_committed(file))
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

/// Whether Git tracks the file and has its current text.
fn is_committed(file: &Path) -> bool {
    // Of a symbolic link, the target is written.
    let Ok(file) = &file.canonicalize() else { return false };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = file.file_name() else { return false };
    let git =
        |arguments: &[&str]| Command::new("git").arg("-C").arg(folder).args(arguments).arg("--").arg(name).output();
    let is_tracked = git(&["ls-files", "--error-unmatch"]).is_ok_and(|output| output.status.success());
    let is_clean =
        git(&["status", "--porcelain"]).is_ok_and(|output| output.status.success() && output.stdout.is_empty());
    is_tracked && is_clean
}

/// Writes a new file in the same folder and renames it to the old one.
pub(super) fn write_atomically(file: &Path, text: &str) -> io::Result<()> {
    // A symbolic link stays a link: its target is written.
    let file = file.canonicalize()?;
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
    let mut new = std::fs::File::create_new(beside)?;
    new.write_all(text.as_bytes())?;
    new.set_permissions(std::fs::metadata(file)?.permissions())?;
    new.sync_all()?;
    std::fs::rename(beside, file)
}
