//! The command line: owns arguments, streams and exit statuses; the work is `check`'s.

mod arguments;
mod progress;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use jiff::Timestamp;

pub use arguments::{Arguments, EXIT_STATUSES, ExitStatus};
use arguments::{Check, Command, FailOn, Format, Selection};

use crate::check::{self, Outcome, Start};
use crate::facts::Facts;
use crate::failure::Class;
use crate::finding::Severity;
use crate::inventory::{Filter, Inventory};
use crate::notify::{self, DEFAULT_MAX_MESSAGE_BYTES, Notify, Sent, TopicArn, Wanted};
use crate::probe::{Aws, Probe};
use crate::report::{Report, Trigger, terminal};

/// Columns of text that goes to no terminal.
const COLUMNS: usize = 100;

/// Runs the command that the arguments name.
pub async fn run(arguments: Arguments) -> ExitCode {
    let status = match arguments.command {
        Command::Check(arguments) => check(&arguments).await,
        Command::Lint(arguments) => lint(&arguments.selection),
        Command::Schema { output } => schema(output.as_deref()),
    };
    ExitCode::from(status.code())
}

/// An inventory, and which of its jobs are meant; a problem is told, and nothing is checked.
fn read(selection: &Selection) -> Result<(Inventory, Filter), ExitStatus> {
    let inventory = Inventory::load(&selection.inventory).map_err(|problems| {
        let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        bad_usage(&problems.render(colour))
    })?;
    let filter = Filter::new(&selection.jobs, &selection.roles);
    filter.select(&inventory).map_err(|nothing| bad_usage(&format!("error: {nothing}; nothing was checked.")))?;
    Ok((inventory, filter))
}

fn start() -> Start {
    Start { id: uuid::Uuid::new_v4().to_string(), trigger: Trigger::Cli, at: Timestamp::now(), runbook_base_url: None }
}

fn lint(selection: &Selection) -> ExitStatus {
    let (inventory, filter) = match read(selection) {
        Ok(read) => read,
        Err(status) => return status,
    };
    match check::lint(&inventory, &filter, &start()) {
        Ok(outcome) => {
            show(&outcome.report, selection).unwrap_or_else(|| verdict_status(&outcome.report, selection.fail_on))
        }
        Err(nothing) => bad_usage(&format!("error: {nothing}")),
    }
}

async fn check(arguments: &Check) -> ExitStatus {
    let selection = &arguments.selection;
    let (inventory, filter) = match read(selection) {
        Ok(read) => read,
        Err(status) => return status,
    };
    let start = start();
    let aws = Aws::from_environment().await;
    let bar = progress::Bar::new();
    let probe = Probe {
        aws: &aws,
        concurrency: arguments.concurrency,
        deadline: None,
        run_id: &start.id,
        progress: Some(bar.progress()),
    };
    let outcome = match check::check(&inventory, &filter, &start, &probe).await {
        Ok(outcome) => outcome,
        Err(nothing) => return bad_usage(&format!("error: {nothing}")),
    };
    bar.finish();
    let unwritten = show(&outcome.report, selection);
    let published = match &arguments.publish {
        Some(topic) => publish(&aws, topic, &outcome.report).await,
        None => true,
    };
    if let Some(status) = unwritten {
        return status;
    }
    if !published || no_answer(&outcome) {
        return ExitStatus::NoAnswer;
    }
    verdict_status(&outcome.report, selection.fail_on)
}

/// Whether the run got nowhere: no credentials, or no answer from AWS at all. The reason goes to standard error.
fn no_answer(Outcome { facts, .. }: &Outcome) -> bool {
    let Facts { checker_failure, answers, .. } = facts;
    if *checker_failure == Some(Class::NoCredentials) {
        tell("error: no AWS credentials: log in, set AWS_PROFILE or the AWS_* variables. `lint` needs none.");
        return true;
    }
    if *answers == 0 {
        tell("error: no answer from AWS: check the network, proxies and AWS_ENDPOINT_URL.");
        return true;
    }
    false
}

async fn publish(aws: &Aws, topic: &TopicArn, report: &Report) -> bool {
    let wanted = Wanted { notify: Notify::Findings, min_severity: Severity::Low, max_bytes: DEFAULT_MAX_MESSAGE_BYTES };
    let messages = notify::messages(report, wanted);
    let failures = notify::publish(aws, topic, &messages, &mut Sent::default()).await;
    for failure in &failures {
        tell(&format!("error: not published: {failure}"));
    }
    failures.is_empty()
}

fn verdict_status(report: &Report, FailOn(limit): FailOn) -> ExitStatus {
    if limit.is_some_and(|limit| report.worst().is_some_and(|worst| worst >= limit)) {
        ExitStatus::Findings
    } else if !report.run.complete {
        ExitStatus::Incomplete
    } else {
        ExitStatus::Healthy
    }
}

fn schema(output: Option<&std::path::Path>) -> ExitStatus {
    let text = serde_json::to_string_pretty(&Inventory::json_schema()).unwrap_or_default();
    write(&text, output).unwrap_or(ExitStatus::Healthy)
}

/// Shows the report; `Some` when it could not be written.
fn show(report: &Report, selection: &Selection) -> Option<ExitStatus> {
    let text = match selection.format {
        Format::Json => serde_json::to_string_pretty(report).unwrap_or_default(),
        Format::Text => {
            let size = selection.output.is_none().then(|| terminal_size::terminal_size_of(std::io::stdout())).flatten();
            let columns = size.map_or(COLUMNS, |(terminal_size::Width(columns), _)| usize::from(columns));
            let text = terminal::render(report, columns);
            // A file gets no colour; a stream decides for itself.
            if selection.output.is_some() { anstream::adapter::strip_str(&text).to_string() } else { text }
        }
    };
    write(&text, selection.output.as_deref())
}

/// Writes to the file or to standard output; `Some` when what was meant could not be written to. What a file does not
/// take goes to standard output: a run is not lost for a misspelt path.
fn write(text: &str, output: Option<&std::path::Path>) -> Option<ExitStatus> {
    let text = text.trim_end();
    let Some(path) = output else {
        return print(text).err().map(|error| bad_usage(&format!("error: cannot write to standard output: {error}")));
    };
    let error = std::fs::write(path, format!("{text}\n")).err()?;
    let status = bad_usage(&format!("error: cannot write {}: {error}; the report follows", path.display()));
    let _ = print(text);
    Some(status)
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Nobody reads on: nothing to tell them.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn bad_usage(message: &str) -> ExitStatus {
    tell(message);
    ExitStatus::BadUsage
}

fn tell(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{message}");
}

/// Whether progress can be drawn.
fn draws_progress() -> bool {
    std::io::stderr().is_terminal()
}
