//! `measure`: how long jobs really ran, by the run histories that the AWS CLI and `gh` print.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::output;
use super::status::ExitStatus;
use crate::import::Imported;
use crate::inventory::{Diagnostic, Filter, Inventory, Job, Location};
use crate::measured::forms::json::{HistoryV1, JobV1};
use crate::measured::forms::{csv, text};
use crate::measured::{MeasuredBy, NotRead, RunHistory, TiedRuns, read};
use crate::visible;

/// The exit statuses of `measure`.
const STATUSES: &str = "Exit status. If several apply, the first of 2, 3, 0:
  0  every file was read
  2  bad arguments; or the measured lengths could not be written
  3  a file could not be read";

/// The most jobs without runs that are named.
const MOST_NAMED: usize = 20;

#[derive(Debug, Args)]
#[command(after_help = STATUSES)]
pub(super) struct MeasureArguments {
    /// Outputs of `aws codebuild batch-get-builds`, `aws glue get-job-runs`, `aws stepfunctions list-executions`, `aws
    /// batch describe-jobs`, `gh run view --json jobs` or `gh api …/jobs`; CSV files with the columns job, start, end
    /// and outcome; or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// How to show the measured lengths
    #[arg(long, value_enum, default_value_t = MeasureFormat::Text)]
    format: MeasureFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MeasureFormat {
    /// For people: a line for each job
    Text,
    /// The measured lengths of schema version 1
    Json,
    /// A line of JSON for each job
    Jsonl,
    /// For a spreadsheet: a row for each job
    Csv,
}

pub(super) fn run(arguments: &MeasureArguments) -> ExitStatus {
    let history = read::files(&arguments.files, std::io::stdin().lock());
    for NotRead { file, reason } in &history.not_read {
        output::print_error(&format!("not read: {}: {}", visible::line(file), visible::line(reason)));
    }
    print_notes(&not_whole(&history));
    let to = arguments.output.as_deref();
    let status = if history.not_read.is_empty() { ExitStatus::Healthy } else { ExitStatus::Incomplete };
    show(&history, arguments.format, to).unwrap_or(status)
}

fn show(history: &RunHistory, format: MeasureFormat, to: Option<&Path>) -> Option<ExitStatus> {
    match format {
        MeasureFormat::Text => output::write(&text::render(history, output::columns(to.is_some())), to),
        MeasureFormat::Json => output::write_json(&HistoryV1::from(history), to),
        MeasureFormat::Jsonl => {
            let jobs = history.jobs.iter().map(JobV1::from);
            output::write_bytes(&output::json_lines(jobs), to)
        }
        MeasureFormat::Csv => output::write_bytes(&csv::render(history), to),
    }
}

/// The run histories of `--measured`.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// The history; `None`: no file is given.
    pub(super) history: Option<Arc<RunHistory>>,
    /// The files that could not be read.
    pub(super) not_read: Vec<Diagnostic>,
    /// What people should know of the histories and of jobs that they do not measure.
    pub(super) notes: Vec<Diagnostic>,
}

impl Measured {
    /// Reads the files and prints the notes about the jobs that the filter selects.
    pub(super) fn read(files: &[PathBuf], inventory: &Inventory, filter: &Filter) -> Self {
        if files.is_empty() {
            return Self::default();
        }
        let history = read::files(files, std::io::stdin().lock());
        let notes = notes(&history, filter.select(inventory).unwrap_or_default());
        print_notes(&notes);
        Self { not_read: remarks(&history), notes, history: Some(Arc::new(history)) }
    }
}

/// The files that could not be read.
fn remarks(history: &RunHistory) -> Vec<Diagnostic> {
    let not_read = |NotRead { file, reason }: &NotRead| {
        let message = format!("the run history was not read: {reason}");
        remark(file, message, "write the output of the command to the file again, as JSON")
    };
    history.not_read.iter().map(not_read).collect()
}

/// The error text if the inventory and a run history, or two histories, use standard input.
pub(super) fn misuse(files: &[PathBuf], inventory: Option<&Path>) -> Option<&'static str> {
    let paths = files.iter().map(PathBuf::as_path).chain(inventory);
    let from_standard_input = paths.filter(|path| path.as_os_str() == "-").count();
    (from_standard_input > 1).then_some("error: only one of the files can be `-`, standard input.")
}

/// Proposes the lengths of imported jobs by these files.
pub(super) fn propose_lengths(files: &[PathBuf], imported: &mut Imported) {
    if files.is_empty() {
        return imported.forget_histories();
    }
    let history = read::files(files, std::io::stdin().lock());
    imported.measure(&history);
    imported.not_imported.extend(remarks(&history));
    imported.notes.extend(not_whole(&history));
}

/// What people should know of the histories: which are not whole, and which of these jobs they do not measure.
fn notes<'a>(history: &RunHistory, jobs: impl IntoIterator<Item = &'a Job>) -> Vec<Diagnostic> {
    let mut notes = not_whole(history);
    let mut missing: Vec<Diagnostic> = Vec::new();
    for job in jobs {
        let Some(tie) = &job.measured_by else { continue };
        missing.extend(not_measured(job, tie, &history.runs_of(tie)));
    }
    let more = missing.len().saturating_sub(MOST_NAMED);
    missing.truncate(MOST_NAMED);
    let rest = missing.first().filter(|_| more > 0).map(|first| {
        Diagnostic::new(
            first.location.clone(),
            format!("{more} more jobs are not measured"),
            "compare their names with the output of `credential-health measure`",
        )
    });
    notes.extend(missing.into_iter().chain(rest));
    notes
}

/// Prints notes to standard error.
fn print_notes(notes: &[Diagnostic]) {
    notes.iter().for_each(|note| output::print_error(&format!("note: {note}")));
}

fn not_whole(history: &RunHistory) -> Vec<Diagnostic> {
    let note = |NotRead { file, reason }: &NotRead| {
        let message = format!("the run history is not whole: {reason}");
        remark(file, message, "get the other pages too: the longest run may be missing")
    };
    history.not_whole.iter().map(note).collect()
}

fn not_measured(job: &Job, tie: &MeasuredBy, runs: &TiedRuns) -> Option<Diagnostic> {
    let (message, help) = match runs {
        TiedRuns::Runs(_) => return None,
        TiedRuns::None => (
            format!("job {} is not measured: the run histories have no {}", job.name, tie.describe()),
            "compare the name with the output of `credential-health measure`; `*` matches the rows of a matrix"
                .to_owned(),
        ),
        TiedRuns::Ambiguous(scopes) => {
            let known = scopes.iter().map(|scope| scope.as_deref().unwrap_or("no known scope")).collect::<Vec<_>>();
            let known = visible::first_of(&known, 5);
            (
                format!("job {} is not measured: {} is in several scopes: {known}", job.name, tie.describe()),
                "write `scope` in `measured_by`".to_owned(),
            )
        }
    };
    Some(Diagnostic::new(job.location.clone(), message, help))
}

fn remark(file: &str, message: String, help: &str) -> Diagnostic {
    Diagnostic::new(Location::start_of(file), message, help)
}
