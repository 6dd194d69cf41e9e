//! Finds the logs of a folder. A folder in CloudTrail's layout, `…/CloudTrail/REGION/YEAR/MONTH/DAY`, is read only for
//! the days of the window.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::collect::Window;
use super::layout::{self, is_needed};

/// The deepest folder. CloudTrail's layout has nine levels.
const DEEPEST: usize = 64;

/// The endings of logs in a folder.
const ENDINGS: [&str; 5] = [".json", ".json.gz", ".jsonl", ".jsonl.gz", ".csv"];

/// The logs that a path names, in the order of their names, and folders that cannot be read.
#[derive(Debug, Default)]
pub struct FoundLogs {
    /// The logs.
    pub files: Vec<PathBuf>,
    /// Folders that cannot be read.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

impl FoundLogs {
    /// Adds the log, or the logs of the folder.
    pub fn add(&mut self, path: &Path, window: &Window) {
        if path.is_dir() { self.add_folder(path, window, 0) } else { self.files.push(path.to_path_buf()) }
    }

    fn add_folder(&mut self, folder: &Path, window: &Window, depth: usize) {
        if depth > DEEPEST {
            let why = io::Error::other(format!("is more than {DEEPEST} folders deep"));
            self.unreadable.push((folder.to_path_buf(), why));
            return;
        }
        let entries = fs::read_dir(folder).and_then(|entries| {
            let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
            paths.sort();
            Ok(paths)
        });
        let paths = match entries {
            Ok(paths) => paths,
            Err(error) => return self.unreadable.push((folder.to_path_buf(), error)),
        };
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if is_other_log(name) {
                continue;
            }
            // A link to a folder can lead back.
            let is_link = path.symlink_metadata().is_ok_and(|data| data.is_symlink());
            if path.is_dir() {
                if !is_link && day_of(&path).is_none_or(|day| is_needed(day, window)) {
                    self.add_folder(&path, window, depth + 1);
                }
            } else if is_log(name) && path.is_file() {
                self.files.push(path);
            }
        }
    }
}

/// Whether the name of a file is that of a log.
#[must_use]
pub fn is_log(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending)) && !is_other_log(name)
}

/// Digest files and Insights events hold no calls.
fn is_other_log(name: &str) -> bool {
    name.contains("CloudTrail-Digest") || name.contains("CloudTrail-Insight")
}

/// The day of a folder whose path ends with YEAR/MONTH/DAY below a folder of CloudTrail.
fn day_of(folder: &Path) -> Option<Date> {
    let parts: Vec<&str> = folder.iter().filter_map(|part| part.to_str()).collect();
    layout::day_of(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_insights_are_no_logs() {
        assert!(is_log("111122223333_CloudTrail_eu-west-1_20261128T0000Z_x.json.gz"));
        assert!(!is_log("111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20261128T000000Z.json.gz"));
        assert!(!is_log("111122223333_CloudTrail-Insight_eu-west-1_20261128T0000Z_x.json.gz"));
        assert!(!is_log("README.md"));
    }
}
