//! Arguments. Pipelines rely on them: options are added, never renamed.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::format::Format;
use super::import::Import;
use super::measure::MeasureArguments;
use super::role_patterns::ArnPattern;
use super::sessions::{SessionsArguments, WindowOptions};
use super::status::{FailOn, after_help};
use crate::aws::DEFAULT_CONCURRENCY;
use crate::import::Variables;
use crate::inventory::{InventorySource, InventorySources, Seconds};
use crate::notify::TopicArn;
use crate::settings::MOST_CONCURRENCY;

/// Finds jobs whose temporary AWS credentials expire before the jobs finish
#[derive(Debug, Parser)]
#[command(name = "credential-health", bin_name = "credential-health", version, after_help = after_help())]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Colour: on a terminal, always or never; NO_COLOR is honoured
    #[arg(long, value_enum, global = true, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(super) color: Colour,
}

/// When output has colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Also in files and pipes
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Sets the choice for both streams.
    pub(super) fn apply(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check the jobs of an inventory against AWS, with the caller's credentials
    Check(Check),
    /// Check the declared facts of an inventory, profiles or workflows. Needs AWS only for input in S3 or Parameter
    /// Store
    Lint(Box<Lint>),
    /// Explain a finding, or one job: its path, its verdict and its fixes
    Explain(Explain),
    /// Write an inventory from the files that you have
    #[command(subcommand)]
    Import(Import),
    /// Print the sessions that CloudTrail recorded: who assumed which role, for how long, and when it was used
    Sessions(SessionsArguments),
    /// Print how long jobs really ran, by the run histories that the AWS CLI and gh print
    Measure(MeasureArguments),
    /// Diagnose the AWS credentials of this shell: which are used, what is wrong, how to fix it
    Doctor(Doctor),
    /// Print the JSON Schema of the inventory
    Schema {
        /// Write to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print the completions of a shell: `source <(credential-health completions bash)`
    Completions {
        /// The shell that completes
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of all commands to a folder, which packagers do
    #[command(hide = true)]
    ManualPages {
        /// The folder, which must exist
        folder: PathBuf,
    },
}

impl Command {
    /// Whether `--output` names a file that the command reads, through a link or in a folder of an inventory too.
    pub(super) fn overwrites_its_input(&self) -> bool {
        let (output, inputs) = self.output_and_inputs();
        let canonical = |path: &Path| path.canonicalize().ok();
        let Some(output) = output.and_then(canonical) else { return false };
        let inputs = inputs.into_iter().flat_map(local_paths);
        inputs.filter_map(|path| canonical(&path)).any(|input| {
            let is_read_from_it = input.is_dir()
                && output.parent() == Some(&input)
                && output
                    .extension()
                    .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
            output == input || is_read_from_it
        })
    }

    fn output_and_inputs(&self) -> (Option<&Path>, Vec<&Path>) {
        let (output, inputs): (_, Vec<&PathBuf>) = match self {
            Self::Check(check) => {
                let CheckInput { inventory, aws_config } = &check.input;
                let inputs = inventory.iter().chain(aws_config.iter().flatten()).chain(&check.measured);
                (&check.selection.output, inputs.collect())
            }
            Self::Lint(lint) => {
                let LintInput { inventory, aws_config, github_workflow, cloudtrail } = &lint.input;
                // A folder of workflows is a repository, whose other files may be reports.
                let workflows = github_workflow.iter().filter(|path| !path.is_dir());
                let inputs = inventory.iter().chain(aws_config.iter().flatten()).chain(workflows);
                let inputs = inputs.chain(cloudtrail.iter().filter(|path| !path.is_dir())).chain(&lint.window.state);
                let inputs = inputs.chain(&lint.measured);
                (&lint.selection.output, inputs.chain(lint.templates.files()).collect())
            }
            Self::Explain(explain) => {
                let inputs = explain.inventory.iter().chain(&explain.report).chain(explain.templates.files());
                (&explain.output, inputs.collect())
            }
            Self::Import(Import::Cloudtrail { trail, output }) => (output, trail.files().collect()),
            Self::Import(Import::AwsConfig { file, output, .. }) => (output, file.iter().collect()),
            Self::Import(
                Import::Cloudformation { files, measured, output, .. }
                | Import::TerraformPlan { files, measured, output, .. }
                | Import::GithubWorkflow { files, measured, output, .. },
            ) => (output, files.iter().chain(measured).filter(|path| !path.is_dir()).collect()),
            Self::Sessions(sessions) => (&sessions.output, sessions.trail.files().collect()),
            Self::Measure(measure) => (&measure.output, measure.files.iter().collect()),
            Self::Doctor(_) | Self::Schema { .. } | Self::Completions { .. } | Self::ManualPages { .. } => {
                (&None, Vec::new())
            }
        };
        (output.as_deref(), inputs.into_iter().map(PathBuf::as_path).collect())
    }
}

/// The files and folders of an argument that may name several sources.
fn local_paths(argument: &Path) -> Vec<PathBuf> {
    let path_of = |source: &InventorySource| match source {
        InventorySource::Path(path) => Some(path.clone()),
        InventorySource::StandardInput
        | InventorySource::Text { .. }
        | InventorySource::Object(_)
        | InventorySource::Prefix(_)
        | InventorySource::Parameters { .. } => None,
    };
    InventorySources::from_argument(argument)
        .map(|sources| sources.iter().filter_map(path_of).collect())
        .unwrap_or_default()
}

/// The jobs of `check`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct CheckInput {
    /// The inventory: a YAML or JSON file, a folder of them, s3://BUCKET/KEY, s3://BUCKET/PREFIX/, ssm:/PATH, or - for
    /// standard input. Several sources are separated by commas
    #[arg(long, value_name = "FILE|FOLDER")]
    pub(super) inventory: Option<PathBuf>,
    /// Check the profiles of FILE (default: ~/.aws/config and ~/.aws/credentials). Each path is walked with the
    /// credentials of the profile at its start
    #[arg(long, value_name = "FILE")]
    pub(super) aws_config: Option<Option<PathBuf>>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) input: CheckInput,
    /// The AWS profile whose credentials make the calls; default: those of the environment
    #[arg(long, value_name = "NAME", conflicts_with = "aws_config")]
    pub(super) profile: Option<String>,
    /// With --aws-config: how long jobs on these profiles run; default: show how long they may run
    #[arg(long, value_name = "DURATION", value_parser = Seconds::parse, requires = "aws_config")]
    pub(super) length: Option<Seconds>,
    /// Compare the jobs with this run history, as `measure` reads it, by their `measured_by`; may be given several
    /// times
    #[arg(long, value_name = "FILE", requires = "inventory", conflicts_with = "aws_config")]
    pub(super) measured: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Publish the findings to this SNS topic, one message per owner
    #[arg(long, value_name = "TOPIC_ARN", value_parser = TopicArn::parse, conflicts_with = "aws_config")]
    pub(super) publish: Option<TopicArn>,
    /// The largest number of concurrent AWS calls
    #[arg(
        long,
        value_name = "N",
        env = "CONCURRENCY",
        default_value_t = DEFAULT_CONCURRENCY,
        value_parser = concurrency
    )]
    pub(super) concurrency: usize,
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    #[command(flatten)]
    pub(super) input: LintInput,
    /// With --aws-config: how long jobs on these profiles run; default: show how long they may run
    #[arg(long, value_name = "DURATION", value_parser = Seconds::parse, requires = "aws_config")]
    pub(super) length: Option<Seconds>,
    /// With --aws-config: judge only jobs whose credentials the AWS CLI or an SDK renews, no jobs with a copy
    #[arg(long, requires = "aws_config")]
    pub(super) renewed: bool,
    /// With --github-workflow: the value of an expression such as vars.ROLE_ARN; may be given several times
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = Variables::parse_one, requires = "github_workflow")]
    pub(super) variables: Vec<(String, String)>,
    /// With --inventory: fail if these ARNs, the parameter RolePatterns of the stack, do not name each role that the
    /// function assumes with its own credentials
    #[arg(
        long,
        value_name = "ARN,…",
        value_delimiter = ',',
        value_parser = ArnPattern::parse,
        requires = "inventory"
    )]
    pub(super) role_patterns: Vec<ArnPattern>,
    #[command(flatten)]
    pub(super) window: WindowOptions,
    /// Compare the jobs with this run history, as `measure` reads it, by their `measured_by`; may be given several
    /// times
    #[arg(long, value_name = "FILE", requires = "inventory", conflicts_with_all = ["aws_config", "github_workflow"])]
    pub(super) measured: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) fix: FixOptions,
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) templates: super::templates::TemplateOptions,
}

/// Changes to workflow files and profiles.
#[derive(Debug, Args)]
pub(super) struct FixOptions {
    /// With --github-workflow: write role-duration-seconds or timeout-minutes; with --aws-config: write
    /// duration_seconds; each where exactly one safe change covers a job
    #[arg(long, conflicts_with_all = ["diff", "inventory"])]
    pub(super) fix: bool,
    /// With --github-workflow or --aws-config: print what --fix would write, as a unified diff, in place of the report
    #[arg(long, conflicts_with = "inventory")]
    pub(super) diff: bool,
    /// With --fix: change files of a Git repository that have uncommitted changes, or that Git does not track
    #[arg(long, requires = "fix")]
    pub(super) allow_dirty: bool,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The finding to explain; default: list all findings
    #[arg(value_name = "ID", conflicts_with = "job")]
    pub(super) id: Option<String>,
    /// Explain this job of the inventory: its name, not a glob
    #[arg(long, value_name = "NAME")]
    pub(super) job: Option<String>,
    /// The inventory: a YAML or JSON file, a folder of them, s3://BUCKET/KEY, s3://BUCKET/PREFIX/, ssm:/PATH, or - for
    /// standard input. Several sources are separated by commas; default: inventory/ or
    /// credential-health.yaml of the working directory
    #[arg(long, value_name = "FILE|FOLDER", requires = "job")]
    pub(super) inventory: Option<PathBuf>,
    /// A JSON report of `check`, for the MaxSessionDurations that IAM returned
    #[arg(long, value_name = "FILE", requires = "job")]
    pub(super) report: Option<PathBuf>,
    /// The form of the explanation
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(super) format: ExplainFormat,
    #[command(flatten)]
    pub(super) templates: super::templates::TemplateOptions,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people
    Text,
    /// For programs: schema version 1
    Json,
}

/// The input: one of these options, or `--inventory` with `--cloudtrail`.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct LintInput {
    /// The inventory: a YAML or JSON file, a folder of them, s3://BUCKET/KEY, s3://BUCKET/PREFIX/, ssm:/PATH, or - for
    /// standard input. Several sources are separated by commas
    #[arg(long, value_name = "FILE|FOLDER", conflicts_with_all = ["aws_config", "github_workflow"])]
    pub(super) inventory: Option<PathBuf>,
    /// The profiles of this file, or of ~/.aws/config and ~/.aws/credentials where FILE is left out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["github_workflow", "cloudtrail"])]
    pub(super) aws_config: Option<Option<PathBuf>>,
    /// The roles that GitHub Actions workflows assume: files of .github/workflows, or folders that hold them
    #[arg(long, value_name = "FILE|FOLDER", num_args = 1.., conflicts_with = "cloudtrail")]
    pub(super) github_workflow: Vec<PathBuf>,
    /// The sessions of these CloudTrail logs; with --inventory: compared with its jobs
    #[arg(long, value_name = "SOURCE", num_args = 1..)]
    pub(super) cloudtrail: Vec<PathBuf>,
}

/// The exit statuses of `doctor`. If several apply, `doctor` returns the first of 2, 4, 1, 0.
const DOCTOR_STATUSES: &str = "Exit status. If several apply, the first of 2, 4, 1, 0:
  0  nothing was found that stops the credentials
  1  something stops them, or will within 15 minutes
  2  bad arguments; or the diagnosis could not be written
  4  no AWS credentials at all, or no answer from AWS";

#[derive(Debug, Args)]
#[command(after_help = DOCTOR_STATUSES)]
pub(super) struct Doctor {
    /// Look at this profile, as the AWS CLI does with the same option: the keys in the environment are left out
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Stay offline: no call to AWS, no endpoint, no credential_process
    #[arg(long)]
    pub(super) offline: bool,
    /// How to show the diagnosis
    #[arg(long, value_enum, default_value_t = DiagnosisFormat::Text)]
    pub(super) format: DiagnosisFormat,
    /// Write the diagnosis to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum DiagnosisFormat {
    /// For people
    Text,
    /// The diagnosis of schema version 1
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Selection {
    /// How to show the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Write the report to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Exit with 1 on open findings of this severity or a worse one: low, medium, high, critical or none
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = FailOn::parse)]
    pub(super) fail_on: FailOn,
    /// Text: print only the summary
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Text: print each finding with all its fixes, not one block for each cause
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Only jobs whose name matches; may be given several times
    #[arg(long = "job", value_name = "GLOB")]
    pub(super) jobs: Vec<String>,
    /// Only jobs whose path has a role that matches, by alias or ARN; may be given several times
    #[arg(long = "role", value_name = "GLOB")]
    pub(super) roles: Vec<String>,
}

/// The value of `--concurrency` is not in its range.
#[derive(Debug, thiserror::Error)]
#[error("write a whole number from 1 to {MOST_CONCURRENCY}")]
struct NotAConcurrency;

fn concurrency(text: &str) -> Result<usize, NotAConcurrency> {
    text.parse().ok().filter(|number| (1..=MOST_CONCURRENCY).contains(number)).ok_or(NotAConcurrency)
}
