//! AWS profiles as a source of jobs: the files that a person names, or those that an SDK would read.

use std::path::PathBuf;

use super::Imported;
use super::aws_config::{self, ImportOptions};
use super::importer::{Importer, NotRead};
use crate::shared_config::{self, SharedConfig};

/// Profiles of one file, or of the files that an SDK reads.
#[derive(Debug, Clone)]
pub struct AwsProfiles {
    /// `None`: the files that an SDK reads.
    pub file: Option<PathBuf>,
    /// What the files do not state.
    pub options: ImportOptions,
}

impl Importer for AwsProfiles {
    fn name(&self) -> &'static str {
        "aws-config"
    }

    fn read(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Imported, NotRead> {
        Ok(aws_config::import(&self.load(environment)?, self.options))
    }
}

impl AwsProfiles {
    /// The profiles of the files.
    ///
    /// # Errors
    /// There is no file, or it cannot be read.
    pub fn load(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<SharedConfig, NotRead> {
        let config = match &self.file {
            Some(file) => SharedConfig::load_file(file).map_err(|problem| NotRead::Profiles(Box::new(problem)))?,
            None => SharedConfig::load(environment),
        };
        if !config.files().iter().any(|file| file.read) && config.problems().is_empty() {
            let names = config.files().iter().map(|file| file.name.to_string()).collect();
            let has_home = shared_config::home(&environment).is_some();
            return Err(NotRead::NoProfiles { names, has_home });
        }
        Ok(config)
    }
}
