//! The forms of the report on the command line.

use std::path::Path;

use clap::ValueEnum;

use super::arguments::Selection;
use super::output::{columns, write, write_bytes, write_json};
use super::status::ExitStatus;
use crate::report::causes::MoreFixes;
use crate::report::terminal::{self, Detail, Layout};
use crate::report::{Report, csv, html, junit, leases, markdown, plain, sarif};

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

/// Shows the report; `Some` if it could not be written. `explain`: the command that explains a job.
pub(super) fn show(report: &Report, selection: &Selection, explain: Option<&str>) -> Option<ExitStatus> {
    let output = selection.output.as_deref();
    let text = match selection.format {
        Format::Json => return write_json(report, output),
        Format::Text => text(report, selection, explain),
        Format::Sarif => sarif::render(report, std::env::current_dir().ok().as_deref()),
        Format::Junit => junit::render(report, selection.fail_on.0),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        // Lines of CSV end with CR LF, including the last line.
        Format::Csv => return write_bytes(csv::render(report).as_bytes(), output),
    };
    write(&text, output)
}

fn text(report: &Report, selection: &Selection, explain: Option<&str>) -> String {
    let layout = layout(selection, explain);
    match &report.profiles {
        Some(profiles) => leases::render(profiles, report, &layout),
        None => terminal::render(report, &layout),
    }
}

fn layout<'a>(selection: &Selection, explain: Option<&'a str>) -> Layout<'a> {
    let detail = match (selection.quiet, selection.verbose) {
        (true, _) => Detail::Summary,
        (false, true) => Detail::Everything,
        (false, false) => Detail::Causes,
    };
    let columns = columns(selection.output.is_some());
    let more = explain.map_or(MoreFixes::Verbose, MoreFixes::Explain);
    Layout { columns, detail, ascii: is_ascii_locale(&super::variable), more }
}

/// Shows the report of a run without an answer: as text only the summary, unless everything was asked for.
pub(super) fn show_without_answer(report: &Report, selection: &Selection) -> Option<ExitStatus> {
    match selection.format {
        Format::Text if !selection.verbose => {
            if let Some(profiles) = &report.profiles {
                let layout = layout(selection, None);
                return write(&leases::render_without_answer(profiles, report, &layout), selection.output.as_deref());
            }
            let nothing = format!(
                "Nothing was checked: {}, {}.",
                plain::count(report.summary.jobs, "job", "jobs"),
                plain::count(report.summary.roles, "role", "roles")
            );
            write(&nothing, selection.output.as_deref())
        }
        Format::Text | Format::Json | Format::Sarif | Format::Junit | Format::Markdown | Format::Html | Format::Csv => {
            show(report, selection, None)
        }
    }
}

/// The command that explains a job of this inventory.
pub(super) fn explain_command(inventory: &Path) -> String {
    let inventory = inventory.to_string_lossy();
    format!("credential-health explain {}", crate::shell::option("--inventory", &inventory))
}

/// Whether the locale names another encoding than UTF-8. Without a locale, UTF-8 is assumed.
fn is_ascii_locale(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    set.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}
