//! The report for a person at a terminal: the table of jobs with a bar of length against lease, the findings with
//! their fixes, the coverage. Adapts to the width; the caller removes colours if needed.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use super::{JobReport, Report, by_job, plain};
use crate::findings::Severity;
use crate::inventory::Seconds;
use crate::lease::Verdict;
use crate::visible;

/// The narrowest and the widest layout.
pub(super) const WIDTHS: std::ops::RangeInclusive<usize> = 60..=140;

/// Renders the report for a terminal of this width.
#[must_use]
pub fn render(report: &Report, columns: usize) -> String {
    let width = columns.clamp(*WIDTHS.start(), *WIDTHS.end());
    let mut text = String::new();
    let bold = Style::new().bold();
    let _ = writeln!(text, "{bold}{}{bold:#}\n", plain::headline(report));
    text.push_str(&table(report, width));
    text.push('\n');
    for finding in report.open_findings() {
        text.push_str(&finding_text(finding, width));
    }
    let waived: Vec<String> = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding, finding.waived.as_ref()?)))
        .map(|(finding, waived)| {
            format!("{}, {}: until {}, {}", finding.id, plain::place(finding), waived.until, waived.reason)
        })
        .collect();
    section(&mut text, "Waived", &waived, width);
    let mut coverage = plain::coverage(report);
    if !report.run.complete {
        coverage[0] = format!("{} {}", plain::incomplete(report), coverage[0]);
    }
    section(&mut text, "Coverage", &coverage, width);
    text
}

pub(super) fn section(text: &mut String, heading: &str, lines: &[String], width: usize) {
    if lines.is_empty() {
        return;
    }
    let bold = Style::new().bold();
    let _ = writeln!(text, "{bold}{heading}{bold:#}");
    for line in lines {
        let _ = writeln!(text, "{}", wrap(line, width, "  "));
    }
    text.push('\n');
}

/// Wraps a text without colour, made safe to show.
pub(crate) fn wrap(line: &str, width: usize, indent: &str) -> String {
    let options = textwrap::Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        // ARNs are not split, so that they can be copied.
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&visible::line(line), options)
}

pub(super) fn finding_text(finding: &crate::findings::Finding, width: usize) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let colour = severity_style(finding.severity);
    let mut text = String::new();
    let name = format!("{:<9}", finding.severity.as_str().to_uppercase());
    let title = wrap(&finding.title, width, "          ");
    let _ = writeln!(text, "{colour}{name}{colour:#} {bold}{}{bold:#}", title.trim_start());
    let _ = writeln!(
        text,
        "{dim}{}{dim:#}",
        wrap(&format!("{}: {}", finding.id, plain::place(finding)), width, "          ")
    );
    let _ = writeln!(text, "{}", wrap(&finding.detail, width, "          "));
    for (number, fix) in finding.fixes.iter().enumerate() {
        let step = wrap(&fix.step, width, "             ");
        let _ = writeln!(text, "          {}. {}", number + 1, step.trim_start());
        // Only the AWS CLI form. The JSON report and the finding's page have the other forms.
        for line in fix.cli.iter().flat_map(|cli| cli.lines()).map(visible::line) {
            let _ = writeln!(text, "             {dim}{line}{dim:#}");
        }
    }
    text.push('\n');
    text
}

pub(super) fn severity_style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Critical => AnsiColor::BrightRed,
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Blue,
    };
    colour.on_default().bold()
}

/// The jobs, the worst first. The bar of each job shows how much of its run its credentials last.
fn table(report: &Report, width: usize) -> String {
    let mut table = Table::new();
    let bar_width = (width / 5).clamp(10, 24);
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(80));
    table.set_header(["JOB", "VERDICT", "NEEDS", "LASTS", "RUN AGAINST LEASE", "LIMITED BY"]);
    for job in by_job::worst_first(report) {
        table.add_row([
            visible::line(&job.name),
            plain::verdict(job),
            job.needed_seconds.to_string(),
            plain::lasts(job),
            bar(job, bar_width),
            visible::line(&plain::limited_by(job)),
        ]);
    }
    let legend = "█ run with credentials   ░ run without   · headroom";
    format!("{}\n{}\n", table.trim_fmt(), legend)
}

/// The bar, scaled to the longer of run and lease.
fn bar(job: &JobReport, width: usize) -> String {
    let needed = job.needed_seconds;
    let end = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Rejected, _) => Seconds(0),
        (Verdict::Unknown, _) => return "?".repeat(width),
        (_, Some(end)) => end,
        (_, None) => return format!("{}→", "█".repeat(width - 1)),
    };
    let longest = needed.max(end).0.max(1);
    let cells = |seconds: Seconds| {
        usize::try_from(u128::from(seconds.0) * width as u128 / u128::from(longest)).unwrap_or(width)
    };
    // A job that lapses shows a gap, however small.
    let covered = if needed > end { cells(end).min(width - 1) } else { cells(needed) };
    let rest = if needed > end { "░" } else { "·" };
    format!("{}{}", "█".repeat(covered), rest.repeat(width - covered))
}
