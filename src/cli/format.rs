//! The forms of the report on the command line.

use clap::ValueEnum;

use super::arguments::Selection;
use super::output::{columns, write, write_bytes, write_json};
use super::status::ExitStatus;
use crate::report::{Report, csv, html, junit, markdown, sarif, terminal};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// The report of schema version 1
    Json,
    /// SARIF 2.1.0, for code scanning: each finding at its line of the inventory
    Sarif,
    /// Test results: a job is a test, and a finding that --fail-on names is a failure
    Junit,
    /// For a job summary or a comment
    Markdown,
    /// One page for a browser, with a filter
    Html,
    /// For a spreadsheet: a row for each job
    Csv,
}

/// Shows the report; `Some` if it could not be written.
pub(super) fn show(report: &Report, selection: &Selection) -> Option<ExitStatus> {
    show_as(report, selection, |columns| terminal::render(report, columns))
}

/// Shows the report with the caller's text for people.
pub(super) fn show_as(
    report: &Report,
    selection: &Selection,
    text: impl FnOnce(usize) -> String,
) -> Option<ExitStatus> {
    let output = selection.output.as_deref();
    let text = match selection.format {
        Format::Json => return write_json(report, output),
        Format::Text => text(columns(output.is_some())),
        Format::Sarif => sarif::render(report, std::env::current_dir().ok().as_deref()),
        Format::Junit => junit::render(report, selection.fail_on.0),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        // Lines of CSV end with CR LF, including the last line.
        Format::Csv => return write_bytes(csv::render(report).as_bytes(), output),
    };
    write(&text, output)
}
