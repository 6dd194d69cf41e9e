//! The workflow files that a person names: files, folders, or whole repositories.

use std::path::{Path, PathBuf};

use super::{Workflow, import};
use crate::import::importer::{Importer, NotRead};
use crate::import::{Imported, Variables};
use crate::inventory::{Diagnostic, Location};
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
        Ok(self.import(&self.files()?))
    }
}

/// The files that a person named.
#[derive(Debug)]
pub struct WorkflowFiles {
    /// The workflows.
    pub workflows: Vec<Workflow>,
    /// The files of folders that cannot be read.
    unreadable: Vec<Diagnostic>,
}

impl GithubWorkflows {
    /// The jobs of these workflows, with notes about the folders.
    #[must_use]
    pub fn import(&self, files: &WorkflowFiles) -> Imported {
        let mut imported = import(&files.workflows, &self.variables);
        imported.not_imported.extend(files.unreadable.iter().cloned());
        let links = self.paths.iter().flat_map(|path| dangling_links(path));
        imported.notes.extend(links.map(|link| {
            Diagnostic::new(
                Location::start_of(link.display().to_string()),
                "the symbolic link has no target, so there is no workflow to judge",
                "remove the link, or correct its target",
            )
        }));
        imported
    }

    /// The texts of the files. A file of a folder that cannot be read does not keep the others from being judged.
    ///
    /// # Errors
    /// Which files that are named themselves could not be read, or all of a folder.
    pub fn files(&self) -> Result<WorkflowFiles, NotRead> {
        let mut workflows = Vec::new();
        let mut unreadable = Vec::new();
        let mut named = Vec::new();
        for path in &self.paths {
            for file in files(path)? {
                let name = file.display().to_string();
                match limited::file(&file, MAX_BYTES).and_then(limited::text) {
                    Ok(text) => workflows.push(Workflow { name, text }),
                    Err(why) if file == *path => named.push((file, why.to_string())),
                    Err(why) => unreadable.push((file, why)),
                }
            }
        }
        if workflows.is_empty() {
            named.extend(unreadable.drain(..).map(|(file, why)| (file, why.to_string())));
        }
        if !named.is_empty() {
            return Err(NotRead::Files(named));
        }
        let unreadable = unreadable.into_iter().map(|(file, why)| remark(&file, &why)).collect();
        Ok(WorkflowFiles { workflows, unreadable })
    }
}

fn remark(file: &Path, why: &limited::Unreadable) -> Diagnostic {
    let line = match why {
        limited::Unreadable::NotText { line, .. } => *line,
        _ => 1,
    };
    Diagnostic::new(
        Location { file: file.display().to_string().into(), line, column: 1 },
        format!("the workflow {why}, so it is not judged"),
        "save it as UTF-8 text that this user can read, or take it out of the folder",
    )
}

/// The file itself, or the workflows of a folder: those of its `.github/workflows` where it has one.
fn files(path: &Path) -> Result<Vec<PathBuf>, NotRead> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let folder = folder_of_workflows(path);
    let unreadable = |error: std::io::Error| NotRead::Files(vec![(folder.clone(), error.to_string())]);
    let mut files = named_as_workflows(&folder).map_err(unreadable)?;
    files.retain(|file| file.is_file());
    if files.is_empty() { Err(NotRead::NoWorkflow(path.to_path_buf())) } else { Ok(files) }
}

/// The symbolic links among a folder's workflows that have no target.
fn dangling_links(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return Vec::new();
    }
    let mut links = named_as_workflows(&folder_of_workflows(path)).unwrap_or_default();
    links.retain(|file| file.is_symlink() && !file.exists());
    links
}

fn folder_of_workflows(path: &Path) -> PathBuf {
    let below = path.join(".github/workflows");
    if below.is_dir() { below } else { path.to_path_buf() }
}

/// What a folder holds under the names of workflows.
pub(super) fn named_as_workflows(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|ending| ending == "yml" || ending == "yaml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
