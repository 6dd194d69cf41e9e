//! `import`: an inventory of what people have, on standard output; what could not be imported on standard error. The
//! importers of `import` and `lint` are chosen here.

use std::path::{Path, PathBuf};

use super::arguments::{ExitStatus, Import, Lint};
use super::output::{self, bad_usage, print_error};
use crate::import::aws_config::{self, Options, Profiles};
use crate::import::cloudformation::CloudformationTemplates;
use crate::import::github_workflow::GithubWorkflows;
use crate::import::terraform_plan::{self, TerraformPlans};
use crate::import::{AwsProfiles, Imported, Importer, NotRead, Variables};
use crate::templates::Given;

/// Said of files without a job and without a problem.
pub(super) const NOTHING: &str = "Nothing here has credentials that lapse: no role is assumed, and nobody logs in.";

/// The importer that `import` names, and the file that the inventory is written to.
fn importer_of_import(arguments: &Import) -> (Box<dyn Importer>, Option<&Path>) {
    match arguments {
        Import::AwsConfig { file, length, output } => {
            let options = Options { length: *length, copied_sessions: true, now: super::start().at };
            (Box::new(AwsProfiles { file: file.clone(), options }), output.as_deref())
        }
        Import::GithubWorkflow { files, variables, output } => {
            (Box::new(workflows(files, variables)), output.as_deref())
        }
        Import::Cloudformation { files, parameters, account, length, output } => {
            let accounts = account.iter().cloned().collect();
            let given = Given { parameters: parameters.iter().cloned().collect(), accounts };
            let templates = CloudformationTemplates { files: files.clone(), given, length: *length };
            (Box::new(templates), output.as_deref())
        }
        Import::TerraformPlan { files, source, length, output } => {
            let options = terraform_plan::Options { source: source.clone(), length: *length };
            (Box::new(TerraformPlans { files: files.clone(), options }), output.as_deref())
        }
    }
}

/// The importer whose files `lint` judges.
pub(super) fn importer_of_lint(arguments: &Lint) -> Box<dyn Importer> {
    Box::new(workflows(&arguments.input.github_workflow, &arguments.variables))
}

/// Workflows with the values of their expressions.
pub(super) fn workflows(paths: &[PathBuf], variables: &[(String, String)]) -> GithubWorkflows {
    GithubWorkflows { paths: paths.to_vec(), variables: Variables::new(variables.iter().cloned()) }
}

/// What an importer reads; why it reads nothing is printed.
pub(super) fn imported(importer: &dyn Importer) -> Result<Imported, ExitStatus> {
    importer.read(&environment).map_err(|why| match why {
        NotRead::Input(problems) => super::bad_input(&problems),
        why => bad_usage(&why.to_string()),
    })
}

pub(super) fn run(arguments: &Import) -> ExitStatus {
    let (importer, output) = importer_of_import(arguments);
    let imported = match imported(&*importer) {
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
    output::write(&imported.to_yaml(), output).unwrap_or(status)
}

/// Profiles, of one file or of those that an SDK would read.
pub(super) fn of_aws_config(file: Option<&Path>, options: Options) -> Result<Profiles, ExitStatus> {
    let profiles = AwsProfiles { file: file.map(Path::to_path_buf), options };
    let config = profiles.load(&environment).map_err(|why| bad_usage(&why.to_string()))?;
    Ok(aws_config::profiles(&config, options))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
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
        print_error(NOTHING);
    }
}
