//! The report for a person at a terminal: the summary, the table of jobs with a bar of length against lease, one block
//! for each cause with its best fix, the coverage, and the summary again, so that it is on screen. Adapts to the width;
//! the caller removes colours if needed.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::by_job::{self, Look};
use super::causes::{BlockOptions, Cause, Line, MoreFixes, causes};
use super::{JobReport, Report, plain};
use crate::findings::{Finding, Severity};
use crate::fixes::Fix;
use crate::inventory::Seconds;
use crate::lease::Verdict;
use crate::visible;

/// The narrowest and the widest layout.
pub(super) const WIDTHS: std::ops::RangeInclusive<usize> = 60..=140;
/// The indent of a block below its severity.
const INDENT: &str = "    ";
/// The widest column of names: a longer name gets a line of its own.
const WIDEST_NAME: usize = 30;

/// How the text is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// The columns of the terminal.
    pub columns: usize,
    /// How much is shown.
    pub detail: Detail,
    /// Bars of ASCII characters, for a locale other than UTF-8.
    pub ascii: bool,
    /// Where the fixes are that a block does not show.
    pub more: MoreFixes<'a>,
}

/// How much of a report the text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Only the summary.
    Summary,
    /// One block for each cause.
    Causes,
    /// Every finding with all its fixes.
    Everything,
}

impl Layout<'_> {
    /// The layout of this width with one block for each cause, for readers without the inventory.
    #[must_use]
    pub fn of_width(columns: usize) -> Self {
        Self { columns, detail: Detail::Causes, ascii: false, more: MoreFixes::WithInventory }
    }

    pub(super) fn width(&self) -> usize {
        self.columns.clamp(*WIDTHS.start(), *WIDTHS.end())
    }
}

/// Renders the report for a terminal.
#[must_use]
pub fn render(report: &Report, layout: &Layout<'_>) -> String {
    let width = layout.width();
    let summary = summary(report);
    if layout.detail == Detail::Summary {
        return summary;
    }
    let mut text = format!("{}\n\n", headline(report));
    if !report.jobs.is_empty() {
        text.push_str(&table(report, layout));
        text.push('\n');
    }
    text.push_str(&blocks(report, layout));
    let waived: Vec<String> = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding, finding.waived.as_ref()?)))
        .map(|(finding, waived)| {
            format!("{}, {}: until {}, {}", finding.id, plain::place(finding), waived.until, waived.reason)
        })
        .collect();
    for (label, lines) in [("Waived", waived), ("Coverage", plain::short_coverage(report))] {
        inline_section(&mut text, label, &lines, width);
    }
    text.push('\n');
    text.push_str(&summary);
    text
}

/// The counts, and whether the run is incomplete.
fn summary(report: &Report) -> String {
    let mut text = format!("{}\n", headline(report));
    if !report.run.complete {
        let _ = writeln!(text, "{}", plain::incomplete(report));
    }
    text
}

fn headline(report: &Report) -> String {
    let bold = Style::new().bold();
    format!("{bold}{}{bold:#}", visible::line(&plain::headline(report)))
}

/// The open findings: a block for each cause, or each finding in full.
pub(super) fn blocks(report: &Report, layout: &Layout<'_>) -> String {
    let width = layout.width();
    match layout.detail {
        Detail::Summary => String::new(),
        Detail::Everything => report.open_findings().map(|finding| finding_text(finding, width)).collect(),
        Detail::Causes => {
            let causes = causes(report.open_findings());
            let blocks: String = causes.iter().map(|cause| block(cause, layout, width)).collect();
            if blocks.is_empty() { blocks } else { format!("{}\n\n", blocks.trim_end()) }
        }
    }
}

fn block(cause: &Cause<'_>, layout: &Layout<'_>, width: usize) -> String {
    let mut text = String::new();
    for line in cause.block(BlockOptions { more: layout.more, most_of_names: width.saturating_sub(30) }) {
        let _ = match line {
            Line::Title(title) => write_title(&mut text, cause.worst().severity, &title, width),
            Line::Text(sentence) => writeln!(text, "{}", wrap(&sentence, width, INDENT)),
            Line::Step(number, step) => {
                writeln!(text, "{}", wrap_after(&format!("{number}. {step}"), width, INDENT, &format!("{INDENT}   ")))
            }
            Line::Item(item) => {
                writeln!(text, "{}", wrap_after(&format!("- {item}"), width, INDENT, &format!("{INDENT}  ")))
            }
            Line::Code(code) => {
                let dim = Style::new().dimmed();
                writeln!(text, "{INDENT}  {dim}{}{dim:#}", visible::line(&code))
            }
            Line::Foot(foot) => {
                let dim = Style::new().dimmed();
                writeln!(text, "{dim}{}{dim:#}", wrap(&foot, width.max(100), INDENT))
            }
        };
    }
    if cause.worst().severity > Severity::Low {
        text.push('\n');
    }
    text
}

fn write_title(text: &mut String, severity: Severity, title: &str, width: usize) -> std::fmt::Result {
    let (colour, bold) = (severity_style(severity), Style::new().bold());
    let name = format!("{:<9}", severity.as_str().to_uppercase());
    let title = wrap(title, width, "          ");
    writeln!(text, "{colour}{name}{colour:#} {bold}{}{bold:#}", title.trim_start())
}

/// A section whose heading is on its first line.
fn inline_section(text: &mut String, heading: &str, lines: &[String], width: usize) {
    let bold = Style::new().bold();
    for (index, line) in lines.iter().enumerate() {
        let wrapped = wrap(line, width.saturating_sub(12), "");
        let mut rows = wrapped.lines();
        let label = if index == 0 { format!("{heading}:") } else { String::new() };
        let _ = writeln!(text, "{bold}{label:<10}{bold:#}{}", rows.next().unwrap_or_default());
        rows.for_each(|row| text.push_str(&format!("{:<10}{row}\n", "")));
    }
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
    wrap_after(line, width, indent, indent)
}

/// The same with another indent of the first line.
fn wrap_after(line: &str, width: usize, first: &str, indent: &str) -> String {
    let options = textwrap::Options::new(width)
        .initial_indent(first)
        .subsequent_indent(indent)
        .break_words(false)
        // ARNs are not split, so that they can be copied.
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&visible::line(line), options)
}

/// A fix with its numbered steps. `option`: its name among alternatives.
fn fix_text(text: &mut String, fix: &Fix, option: Option<&str>, width: usize) {
    const DEEPER: &str = "      ";
    let dim = Style::new().dimmed();
    let is_in_steps = fix.parts.len() > 1;
    let (heading, label) = plain::labels(fix, option);
    let label = label.map_or_else(String::new, |option| format!("{option}: "));
    if let Some(heading) = heading {
        let _ = writeln!(text, "{INDENT}{heading}:");
    }
    for (index, part) in fix.parts.iter().enumerate() {
        let number = plain::step_number(fix, index);
        let first = if heading.is_some() { DEEPER } else { INDENT };
        let hanging = match (is_in_steps, &option) {
            (true, _) => format!("{first}   "),
            (false, Some(_)) => DEEPER.to_owned(),
            (false, None) => INDENT.to_owned(),
        };
        let step = format!("{label}{number}{}", part.step);
        let _ = writeln!(text, "{}", wrap_after(&step, width, first, &hanging));
        for block in &part.blocks {
            let _ = writeln!(text, "{hanging}{}:", block.kind.heading());
            for line in block.text.lines().map(visible::line) {
                let _ = writeln!(text, "{hanging}  {dim}{line}{dim:#}");
            }
        }
    }
}

/// A finding with all its fixes: any one of them suffices.
fn finding_text(finding: &Finding, width: usize) -> String {
    let dim = Style::new().dimmed();
    let mut text = String::new();
    let _ = write_title(&mut text, finding.severity, &finding.title, width);
    let place = format!("{}: {}", finding.id, plain::place(finding));
    let _ = writeln!(text, "{dim}{}{dim:#}", wrap(&place, width, INDENT));
    let _ = writeln!(text, "{}", wrap(&finding.detail, width, INDENT));
    if let Some(caution) = &finding.caution {
        let _ = writeln!(text, "{}", wrap(caution, width, INDENT));
    }
    if finding.fixes.len() > 1 {
        let _ = writeln!(text, "{INDENT}{}", plain::ANY_ONE);
    }
    for (option, fix) in plain::options(&finding.fixes) {
        fix_text(&mut text, fix, option.as_deref(), width);
    }
    text.push('\n');
    text
}

pub(super) fn severity_style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Critical => AnsiColor::BrightRed,
        Severity::High => AnsiColor::BrightRed,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
    };
    colour.on_default().bold()
}

/// The jobs, the worst first. The bar of each job shows how much of its run its credentials last.
fn table(report: &Report, layout: &Layout<'_>) -> String {
    let bar_width = (layout.width() / 6).clamp(10, 20);
    let jobs = by_job::worst_first(report);
    let mut rows = vec![["JOB", "VERDICT", "NEEDS", "LASTS", "RUN AGAINST LEASE", "LIMITED BY"].map(str::to_owned)];
    rows.extend(jobs.iter().map(|job| {
        [
            visible::line(&job.name),
            plain::verdict(job),
            job.needed_seconds.to_string(),
            plain::lasts(job),
            bar(job, bar_width, layout.ascii),
            plain::limit_of(job).to_owned(),
        ]
    }));
    let style = |row: usize| look_style(Look::of_job(jobs[row]));
    let mut text = aligned(&rows, layout.width(), style);
    let [run, without, headroom] = if layout.ascii { ["#", "-", "."] } else { ["█", "░", "·"] };
    let _ = writeln!(text, "{run} run with credentials   {without} run without   {headroom} headroom");
    text
}

/// A table: the heading, then the rows. `style`: the style of the second column of a row, counted without the heading.
/// A long name gets a line of its own, and the last column is wrapped.
pub(super) fn aligned<const N: usize>(rows: &[[String; N]], width: usize, style: impl Fn(usize) -> Style) -> String {
    use textwrap::core::display_width;
    let widest = |column: usize| rows.iter().map(|row| display_width(&row[column])).max().unwrap_or(0);
    let mut widths: [usize; N] = std::array::from_fn(widest);
    widths[0] = widths[0].min(WIDEST_NAME);
    let before_last: usize = widths[..N - 1].iter().map(|column| column + 2).sum();
    let last_width = width.saturating_sub(before_last).max(24);
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, cell) in row[..N - 1].iter().enumerate() {
            let style = if column == 1 { index.checked_sub(1).map_or_else(Style::new, &style) } else { Style::new() };
            let _ = write!(text, " {style}{cell}{style:#}");
            match widths[column].checked_sub(display_width(cell)) {
                Some(rest) => text.push_str(&" ".repeat(rest + 1)),
                None => text.push_str(&format!("\n{}", " ".repeat(widths[column] + 2))),
            }
        }
        let last = wrap(&row[N - 1], last_width, "");
        let last = last.replace('\n', &format!("\n{}", " ".repeat(before_last + 1)));
        let kept = text.trim_end_matches(' ').len();
        if last.is_empty() {
            text.truncate(kept);
        } else {
            text.push_str(&format!(" {last}"));
        }
        text.push('\n');
    }
    text
}

const fn look_style(look: Look) -> Style {
    match look {
        Look::CannotStart => AnsiColor::BrightRed.on_default(),
        Look::WalkFailed | Look::Lapses => AnsiColor::BrightRed.on_default(),
        Look::Unknown | Look::Thin => AnsiColor::Yellow.on_default(),
        Look::Covered => AnsiColor::Green.on_default(),
    }
}

/// The bar, scaled to the longer of run and lease.
fn bar(job: &JobReport, width: usize, ascii: bool) -> String {
    let [run, without, headroom, no_end] = if ascii { ["#", "-", ".", ">"] } else { ["█", "░", "·", "→"] };
    let needed = job.needed_seconds;
    let end = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Rejected, _) => Seconds(0),
        (Verdict::Unknown, _) => return "?".repeat(width),
        (_, Some(end)) => end,
        (_, None) => return format!("{}{no_end}", run.repeat(width - 1)),
    };
    let longest = needed.max(end).0.max(1);
    let cells = |seconds: Seconds| {
        usize::try_from(u128::from(seconds.0) * width as u128 / u128::from(longest)).unwrap_or(width)
    };
    // A job that lapses shows a gap, however small.
    let covered = if needed > end { cells(end).min(width - 1) } else { cells(needed) };
    let rest = if needed > end { without } else { headroom };
    format!("{}{}", run.repeat(covered), rest.repeat(width - covered))
}
