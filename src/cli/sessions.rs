//! `sessions`: the sessions that CloudTrail recorded.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::output::{self, bad_usage};
use super::status::ExitStatus;
use super::trail::{self, LogUri, ReadS3};
use crate::aws::Aws;
use crate::cloudtrail::build::BuildOptions;
use crate::cloudtrail::collect::Window;
use crate::cloudtrail::forms::{csv, html, text};
use crate::cloudtrail::read::{self, ReadLogs, ReadOptions};
use crate::cloudtrail::{Sessions, Skipped, time};
use crate::visible;

/// The exit statuses of `sessions`.
const STATUSES: &str = "Exit status. If several apply, the first of 2, 4, 3, 0:
  0  every file was read
  2  bad arguments or settings; or the sessions could not be written
  3  a file could not be read to its end, or the state of --state was not written
  4  no AWS credentials, or S3 listed no object and refused a list";

/// The error about a state of other sources.
const STATE_OF_FILES: &str = "error: --state is for sources in S3 only: give each source as s3://BUCKET/PREFIX";

#[derive(Debug, Args)]
#[command(after_help = STATUSES)]
pub(super) struct SessionsArguments {
    #[command(flatten)]
    pub(super) trail: TrailArguments,
    /// How to show the sessions
    #[arg(long, value_enum, default_value_t = SessionsFormat::Text)]
    format: SessionsFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// CloudTrail's records.
#[derive(Debug, Args)]
pub(super) struct TrailArguments {
    /// CloudTrail logs, compressed or not: files, folders, s3://BUCKET/PREFIX, or - for standard input
    #[arg(required = true, value_name = "SOURCE")]
    pub(super) sources: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) window: WindowOptions,
}

impl TrailArguments {
    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sources.iter().filter(|path| !path.is_dir()).chain(&self.window.state)
    }
}

/// Which records count, and the file with the facts of the objects that were read.
#[derive(Debug, Args)]
pub(super) struct WindowOptions {
    /// Only records from this time on: RFC 3339, or a date in UTC
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,
    /// Only records until this time: RFC 3339, or a date in UTC, whose whole day counts
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<i64>,
    /// Keep the sessions of service-linked roles
    #[arg(long)]
    service_linked: bool,
    /// Keep the facts of the objects read from s3:// sources in this file; a later run reads only the others
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
}

impl WindowOptions {
    /// Whether any option is given.
    pub(super) const fn is_given(&self) -> bool {
        self.since.is_some() || self.until.is_some() || self.service_linked || self.state.is_some()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SessionsFormat {
    /// For people: a line for each path
    Text,
    /// The sessions of schema version 1
    Json,
    /// A line of JSON for each session, then for each refused request
    Jsonl,
    /// For a spreadsheet: a row for each session
    Csv,
    /// A page for a browser: a timeline with a bar for each session
    Html,
}

/// The value of `--since` or `--until` is no time.
#[derive(Debug, thiserror::Error)]
#[error("write a time such as 2026-11-30T12:00:00Z, or a date such as 2026-11-30")]
struct NotATime;

fn since(text: &str) -> Result<i64, NotATime> {
    time_of(text, time::start_of)
}

fn until(text: &str) -> Result<i64, NotATime> {
    time_of(text, |day| Some(time::start_of(day.tomorrow().ok()?)? - 1))
}

fn time_of(text: &str, of_day: impl Fn(Date) -> Option<i64>) -> Result<i64, NotATime> {
    let time = time::parse_iso(text).or_else(|| of_day(text.parse().ok()?));
    time.ok_or(NotATime)
}

pub(super) async fn run(arguments: &SessionsArguments) -> ExitStatus {
    let sessions = match read(&arguments.trail.sources, &arguments.trail.window).await {
        Ok(sessions) => sessions,
        Err(status) => return status,
    };
    for Skipped { file, reason } in &sessions.skipped {
        output::print_error(&format!("not read to the end: {}: {}", visible::line(file), visible::line(reason)));
    }
    if let Some(Skipped { file, reason }) = &sessions.state_not_written {
        output::print_error(&format!("{}: {}", visible::line(file), visible::line(reason)));
    }
    if sessions.files == 0 {
        output::print_error("No CloudTrail logs were found.");
    }
    let output = arguments.output.as_deref();
    show(&sessions, arguments.format, output).unwrap_or_else(|| status_of(&sessions))
}

/// Reads the logs.
pub(super) async fn read(sources: &[PathBuf], options: &WindowOptions) -> Result<Sessions, ExitStatus> {
    let window = Window { since: options.since, until: options.until };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (in_s3, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        sources.iter().cloned().partition(|source| source.to_string_lossy().starts_with(trail::SCHEME));
    if options.state.is_some() && (in_s3.is_empty() || !paths.is_empty()) {
        return Err(bad_usage(STATE_OF_FILES));
    }
    let reading = ReadOptions { window, threads, until: None, separately: false, first: 0 };
    let mut read = read::paths(&paths, std::io::stdin().lock(), &reading);
    if !in_s3.is_empty() {
        let first = u32::try_from(read.files).unwrap_or(u32::MAX);
        read.merge(read_s3(&in_s3, ReadOptions { first, ..reading }, options.state.as_deref()).await?);
    }
    Ok(read.into_sessions(&BuildOptions { service_linked: options.service_linked, threads }))
}

async fn read_s3(sources: &[PathBuf], options: ReadOptions, state: Option<&Path>) -> Result<ReadLogs, ExitStatus> {
    let mut uris = Vec::new();
    for source in sources {
        let source = source.to_string_lossy();
        let no_bucket = || bad_usage(&format!("error: {source} names no bucket: write s3://BUCKET/PREFIX"));
        uris.push(LogUri::parse(&source).ok_or_else(no_bucket)?);
    }
    let aws = Aws::from_environment(&super::variable).await.map_err(|bad| output::bad_settings(&bad))?;
    let ReadS3 { read, has_no_answer } = trail::read(&aws, &uris, options, state).await.map_err(|problem| {
        let path = state.map(Path::display).map(|path| format!("{path}: ")).unwrap_or_default();
        bad_usage(&format!("error: --state {path}{problem}"))
    })?;
    if has_no_answer {
        for Skipped { file, reason } in &read.skipped {
            output::print_error(&format!("not listed: {file}: {reason}"));
        }
        return Err(ExitStatus::NoAnswer);
    }
    Ok(read)
}

fn status_of(sessions: &Sessions) -> ExitStatus {
    let is_whole = sessions.skipped.is_empty() && sessions.state_not_written.is_none();
    if is_whole { ExitStatus::Healthy } else { ExitStatus::Incomplete }
}

fn show(sessions: &Sessions, format: SessionsFormat, to: Option<&Path>) -> Option<ExitStatus> {
    match format {
        SessionsFormat::Text => output::write(&text::render(sessions, output::columns(to.is_some())), to),
        SessionsFormat::Json => output::write_json(sessions, to),
        SessionsFormat::Jsonl => output::write_bytes(&lines(sessions), to),
        SessionsFormat::Csv => output::write_bytes(&csv::render(sessions), to),
        SessionsFormat::Html => output::write(&html::render(sessions), to),
    }
}

fn lines(sessions: &Sessions) -> Vec<u8> {
    let mut lines = output::json_lines(sessions.sessions.iter());
    lines.extend(output::json_lines(sessions.refused.iter()));
    lines
}
