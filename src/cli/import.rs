//! `import`: an inventory of what people have, on standard output; what it could not know on standard error.
//! Reading these files is here, for `lint` too; what they mean is the library's.

use std::path::{Path, PathBuf};

use super::arguments::{ExitStatus, Import};
use super::output::{self, bad_usage, print_error};
use crate::import::aws_config::{self, Options};
use crate::import::github_workflow::{self, Workflow};
use crate::import::{Imported, Variables, cloudformation, terraform_plan};
use crate::limited;
use crate::shared_config::{self, SharedConfig};
use crate::templates::Given;

/// The largest workflow that is read, in bytes; GitHub's own limit is far below.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

pub(super) fn run(arguments: &Import) -> ExitStatus {
    let (imported, output) = match arguments {
        Import::AwsConfig { file, length, output } => {
            let options = Options { length: *length, copied_sessions: true };
            (of_aws_config(file.as_deref(), options), output)
        }
        Import::GithubWorkflow { files, variables, output } => (of_github_workflows(files, variables), output),
        Import::Cloudformation { files, parameters, account, length, output } => {
            let accounts = account.iter().cloned().collect();
            let given = Given { parameters: parameters.iter().cloned().collect(), accounts };
            let imported = cloudformation::import(files, &given, *length);
            (imported.map_err(|problems| super::bad_input(&problems)), output)
        }
        Import::TerraformPlan { files, source, length, output } => {
            let options = terraform_plan::Options { source: source.clone(), length: *length };
            let imported = terraform_plan::import(files, &options);
            (imported.map_err(|problems| super::bad_input(&problems)), output)
        }
    };
    let imported = match imported {
        Ok(imported) => imported.with_known_roles(),
        Err(status) => return status,
    };
    print_remarks(&imported, "not imported");
    let status = if imported.not_imported.is_empty() { ExitStatus::Healthy } else { ExitStatus::Incomplete };
    if imported.inventory.jobs.is_empty() {
        // An inventory has a job at least.
        print_error("No inventory is written: there is no job to write.");
        return status;
    }
    output::write(&imported.to_yaml(), output.as_deref()).unwrap_or(status)
}

/// Profiles, of one file or of those that an SDK would read.
pub(super) fn of_aws_config(file: Option<&Path>, options: Options) -> Result<Imported, ExitStatus> {
    let config = match file {
        Some(file) => SharedConfig::load_file(file).map_err(|problem| bad_usage(&format!("error: {problem}")))?,
        None => SharedConfig::load(|name| std::env::var(name).ok()),
    };
    if !config.files().iter().any(|file| file.read) && config.problems().is_empty() {
        let names: Vec<&str> = config.files().iter().map(|file| &*file.name).collect();
        let homeless =
            if shared_config::home(&|name| std::env::var(name).ok()).is_none() { "HOME is not set, and " } else { "" };
        let none = names.join(" and no ");
        let message = format!("error: {homeless}there is no {none}: name a file, or set AWS_CONFIG_FILE");
        return Err(bad_usage(&message));
    }
    Ok(aws_config::import(&config, options))
}

/// The jobs of workflows.
pub(super) fn of_github_workflows(files: &[PathBuf], variables: &[(String, String)]) -> Result<Imported, ExitStatus> {
    let mut workflows = Vec::with_capacity(files.len());
    let mut unread = false;
    for file in files {
        let name = file.display().to_string();
        match limited::file(file, MAX_BYTES).and_then(limited::text) {
            Ok(text) => workflows.push(Workflow { name, text }),
            Err(wrong) => {
                unread = true;
                print_error(&format!("error: {name}: {wrong}"));
            }
        }
    }
    if unread {
        return Err(bad_usage("name files of .github/workflows; nothing was read."));
    }
    Ok(github_workflow::import(&workflows, &Variables::new(variables.iter().cloned())))
}

/// Says what is not in the inventory, by this word, and what to know of what is.
pub(super) fn print_remarks(imported: &Imported, word: &str) {
    for remark in &imported.not_imported {
        print_error(&format!("{word}: {remark}"));
    }
    for remark in &imported.notes {
        print_error(&format!("note: {remark}"));
    }
    if imported.inventory.jobs.is_empty() && imported.not_imported.is_empty() {
        print_error("Nothing here has credentials that lapse: no role is assumed, and nobody logs in.");
    }
}
