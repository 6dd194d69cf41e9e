//! The workflow files that a person names: files, folders, or whole repositories.

use std::path::{Path, PathBuf};

use super::{Workflow, import};
use crate::import::importer::{Importer, NotRead};
use crate::import::{Imported, Variables};
use crate::limited;

/// The largest workflow that is read, in bytes; GitHub's own limit is far below.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Workflow files, with the values that only a run knows.
#[derive(Debug, Clone)]
pub struct GithubWorkflows {
    /// Files, folders of them, or folders of repositories.
    pub paths: Vec<PathBuf>,
    /// Values of expressions.
    pub variables: Variables,
}

impl Importer for GithubWorkflows {
    fn name(&self) -> &'static str {
        "github-workflow"
    }

    fn read(&self, _environment: &dyn Fn(&str) -> Option<String>) -> Result<Imported, NotRead> {
        Ok(import(&self.workflows()?, &self.variables))
    }
}

impl GithubWorkflows {
    /// The texts of the files.
    ///
    /// # Errors
    /// Which files could not be read.
    pub fn workflows(&self) -> Result<Vec<Workflow>, NotRead> {
        let mut workflows = Vec::new();
        let mut unreadable = Vec::new();
        for path in &self.paths {
            for file in files(path)? {
                match limited::file(&file, MAX_BYTES).and_then(limited::text) {
                    Ok(text) => workflows.push(Workflow { name: file.display().to_string(), text }),
                    Err(why) => unreadable.push((file, why.to_string())),
                }
            }
        }
        if unreadable.is_empty() { Ok(workflows) } else { Err(NotRead::Files(unreadable)) }
    }
}

/// The file itself, or the workflows of a folder: those of its `.github/workflows` where it has one.
fn files(path: &Path) -> Result<Vec<PathBuf>, NotRead> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let below = path.join(".github/workflows");
    let folder = if below.is_dir() { below } else { path.to_path_buf() };
    let unreadable = |error: std::io::Error| NotRead::Files(vec![(folder.clone(), error.to_string())]);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|ending| ending == "yml" || ending == "yaml") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(NotRead::NoWorkflow(path.to_path_buf())) } else { Ok(files) }
}
