//! `import`: writes an inventory from existing files to standard output, and prints entries that could not be
//! imported to standard error. Chooses the importers of `import` and `lint`.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::measure;
use super::output::{self, bad_usage, print_error};
use super::sessions::{self, TrailArguments};
use super::status::ExitStatus;
use super::templates;
use crate::cloudtrail::Sessions;
use crate::import::aws_config::ImportOptions;
use crate::import::cloudformation::CloudformationTemplates;
use crate::import::cloudtrail;
use crate::import::github_workflow::GithubWorkflows;
use crate::import::terraform_plan::{self, TerraformPlans};
use crate::import::{AwsProfiles, Imported, Importer, NotRead, Variables};
use crate::inventory::{Seconds, Source};
use crate::shared_config::SharedConfig;
use crate::templates::GivenValues;

/// The message about files without a job and without a problem.
pub(super) const NOTHING: &str = "These files have no credentials that expire: no role is assumed, and nobody logs in.";

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// A job for each profile that assumes a role or has credentials of a session
    AwsConfig {
        /// A file in the form of ~/.aws/config; default: ~/.aws/config and ~/.aws/credentials
        file: Option<PathBuf>,
        /// How long each job runs; default: a placeholder of 1h
        #[arg(long, value_name = "DURATION", value_parser = Seconds::parse)]
        length: Option<Seconds>,
        /// Write to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// A job for each Lambda function, CodeBuild project, Glue job and Batch job definition, and for each permission
    /// set
    Cloudformation {
        /// CloudFormation or SAM templates (YAML or JSON)
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A parameter of the templates, or a pseudo parameter such as AWS::Region; may be given several times
        #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = templates::parameter)]
        parameters: Vec<(String, String)>,
        /// The account that the templates are deployed to
        #[arg(long, value_name = "ID", value_parser = templates::account)]
        account: Option<String>,
        /// How long people run commands with a permission set; default: a placeholder of 1h
        #[arg(long, value_name = "DURATION", value_parser = Seconds::parse)]
        length: Option<Seconds>,
        /// Propose lengths by this run history, as `measure` reads it: the longest run and 20 %; may be given several
        /// times
        #[arg(long, value_name = "FILE")]
        measured: Vec<PathBuf>,
        /// Write to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// The same for Terraform plans, and a job for Terraform's own run with the roles that it assumes
    TerraformPlan {
        /// Plans as `terraform show -json plan.out` writes them; .terraform/terraform.tfstate for the S3 backend
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The kind of source whose credentials Terraform runs with, such as iam-user, ec2-instance or codebuild
        #[arg(long, value_name = "KIND", value_parser = templates::terraform_source)]
        source: Option<Source>,
        /// How long Terraform runs, and people with a permission set; default: a placeholder of 1h
        #[arg(long, value_name = "DURATION", value_parser = Seconds::parse)]
        length: Option<Seconds>,
        /// Propose lengths by this run history, as `measure` reads it: the longest run and 20 %; may be given several
        /// times
        #[arg(long, value_name = "FILE")]
        measured: Vec<PathBuf>,
        /// Write to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// A job for each path of the sessions that CloudTrail recorded, as long as its longest run
    Cloudtrail {
        #[command(flatten)]
        trail: TrailArguments,
        /// Write to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// A job for each role that a workflow assumes by aws-actions/configure-aws-credentials
    GithubWorkflow {
        /// Files of .github/workflows, or folders that hold them
        #[arg(required = true, value_name = "FILE|FOLDER")]
        files: Vec<PathBuf>,
        /// The value of an expression such as vars.ROLE_ARN; may be given several times
        #[arg(long = "var", value_name = "NAME=VALUE", value_parser = Variables::parse_one)]
        variables: Vec<(String, String)>,
        /// Propose lengths by this run history, as `measure` reads it: the longest run and 20 %; may be given several
        /// times
        #[arg(long, value_name = "FILE")]
        measured: Vec<PathBuf>,
        /// Write to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Import {
    /// The run histories that propose lengths.
    fn measured(&self) -> &[PathBuf] {
        match self {
            Self::Cloudformation { measured, .. }
            | Self::TerraformPlan { measured, .. }
            | Self::GithubWorkflow { measured, .. } => measured,
            Self::AwsConfig { .. } | Self::Cloudtrail { .. } => &[],
        }
    }
}

/// The importer of the `import` command, and the output file of the inventory.
async fn importer_of_import(arguments: &Import) -> Result<(Box<dyn Importer>, Option<&Path>), ExitStatus> {
    let importer: (Box<dyn Importer>, Option<&Path>) = match arguments {
        Import::Cloudtrail { trail, output } => {
            let sessions = sessions::read(&trail.sources, &trail.window).await?;
            (Box::new(CloudtrailSessions(sessions)), output.as_deref())
        }
        Import::AwsConfig { file, length, output } => {
            let options = ImportOptions { length: *length, now: super::start().at };
            (Box::new(AwsProfiles { file: file.clone(), options }), output.as_deref())
        }
        Import::GithubWorkflow { files, variables, output, .. } => {
            (Box::new(workflows(files, variables)), output.as_deref())
        }
        Import::Cloudformation { files, parameters, account, length, output, .. } => {
            let accounts = account.iter().cloned().collect();
            let given = GivenValues { parameters: parameters.iter().cloned().collect(), accounts };
            let templates = CloudformationTemplates { files: files.clone(), given, length: *length };
            (Box::new(templates), output.as_deref())
        }
        Import::TerraformPlan { files, source, length, output, .. } => {
            let options = terraform_plan::Options { source: source.clone(), length: *length };
            (Box::new(TerraformPlans { files: files.clone(), options }), output.as_deref())
        }
    };
    Ok(importer)
}

/// The sessions that CloudTrail recorded, as a source of jobs.
struct CloudtrailSessions(Sessions);

impl Importer for CloudtrailSessions {
    fn name(&self) -> &'static str {
        "cloudtrail"
    }

    fn read(&self, _environment: &dyn Fn(&str) -> Option<String>) -> Result<Imported, NotRead> {
        let mut imported = cloudtrail::jobs(&self.0);
        imported.not_imported.extend(self.0.diagnostics());
        Ok(imported)
    }
}

/// Workflows with the values of their expressions.
pub(super) fn workflows(paths: &[PathBuf], variables: &[(String, String)]) -> GithubWorkflows {
    GithubWorkflows { paths: paths.to_vec(), variables: Variables::new(variables.iter().cloned()) }
}

/// Runs an importer. Prints why it cannot read its files.
fn imported(importer: &dyn Importer) -> Result<Imported, ExitStatus> {
    importer.read(&environment).map_err(|why| match why {
        NotRead::Input(problems) => super::bad_input(&problems),
        why => bad_usage(&why.to_string()),
    })
}

pub(super) async fn run(arguments: &Import) -> ExitStatus {
    let (importer, output) = match importer_of_import(arguments).await {
        Ok(importer) => importer,
        Err(status) => return status,
    };
    let mut imported = match imported(&*importer) {
        Ok(imported) => imported.writable(),
        Err(status) => return status,
    };
    measure::propose_lengths(arguments.measured(), &mut imported);
    print_remarks(&imported, "not imported");
    let status = if imported.not_imported.is_empty() { ExitStatus::Healthy } else { ExitStatus::Incomplete };
    if imported.inventory.jobs.is_empty() {
        // An inventory has at least one job.
        print_error("No inventory was written: the files have no job.");
        return status;
    }
    output::write(&imported.to_yaml(), output).unwrap_or(status)
}

/// Reads the profiles of one file, or of the files that an SDK would read.
pub(super) fn load_aws_config(file: Option<&Path>) -> Result<SharedConfig, ExitStatus> {
    let options = ImportOptions { length: None, now: super::start().at };
    let profiles = AwsProfiles { file: file.map(Path::to_path_buf), options };
    profiles.load(&environment).map_err(|why| bad_usage(&why.to_string()))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints the entries that are not in the inventory after this word, and the notes about the others.
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
