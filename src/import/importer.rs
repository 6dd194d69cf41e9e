//! One trait for everything that jobs are imported from, and why a source could not be read.

use std::fmt;
use std::path::PathBuf;

use super::Imported;
use crate::inventory::{Diagnostic, Problems};

/// A source of jobs, with the options that a person gave for it.
pub trait Importer {
    /// What `import` calls it.
    fn name(&self) -> &'static str;

    /// Reads what was named, and makes jobs of it. `environment` has the variables of the process.
    ///
    /// # Errors
    /// Why nothing was read.
    fn read(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Imported, NotRead>;
}

/// Why nothing was read.
#[derive(Debug)]
pub enum NotRead {
    /// These files could not be read, each with the reason.
    Files(Vec<(PathBuf, String)>),
    /// The file of profiles that was named could not be read.
    Profiles(Box<Diagnostic>),
    /// None of the files that an SDK reads is there.
    NoProfiles {
        /// The files that were looked for.
        names: Vec<String>,
        /// `HOME` is set.
        has_home: bool,
    },
    /// The templates or plans have these problems.
    Input(Box<Problems>),
    /// A folder without a workflow.
    NoWorkflow(PathBuf),
}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(files) => {
                for (path, why) in files {
                    writeln!(f, "error: {}: {why}", path.display())?;
                }
                f.write_str("name files of .github/workflows, or a folder; nothing was read.")
            }
            Self::Input(problems) => f.write_str(&problems.render(false)),
            Self::Profiles(problem) => write!(f, "error: {problem}"),
            Self::NoProfiles { names, has_home } => {
                let without_home = if *has_home { "" } else { "HOME is not set, and " };
                let names = names.join(" and no ");
                write!(f, "error: {without_home}there is no {names}: name a file, or set AWS_CONFIG_FILE")
            }
            Self::NoWorkflow(folder) => write!(
                f,
                "error: {}: the folder has no .github/workflows and no *.yml or *.yaml file: name a repository, its \
                 .github/workflows or a file there",
                folder.display()
            ),
        }
    }
}

impl std::error::Error for NotRead {}
