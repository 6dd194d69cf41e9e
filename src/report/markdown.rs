//! The report in GitHub's Markdown, for a job summary or a comment on a merge request: the jobs, the worst first, the
//! findings with folded fixes, the coverage. Texts of other people are escaped: no markup, no HTML, no mention, no
//! link.

use std::fmt::Write as _;

use super::by_job::{JobFindings, worst_first};
use super::causes::{Cause, Line, causes};
use super::leases::Profiles;
use super::{JobReport, Report, plain};
use crate::findings::Finding;
use crate::visible;

/// The size limit in bytes: GitHub accepts 1 MiB for the summary of a step.
const LARGEST: usize = 1024 * 1024 - 1024;

/// Renders the report. Text over GitHub's limit is omitted, the least severe first, and counted.
#[must_use]
pub fn render(report: &Report) -> String {
    render_within(report, LARGEST)
}

/// Renders the report within this many bytes. The sentence about omitted text is always included.
#[must_use]
pub fn render_within(report: &Report, largest: usize) -> String {
    let mut text = format!("## credential-health\n\n**{}**\n\n", escaped(&plain::headline(report)));
    if !report.run.complete {
        let _ = writeln!(text, "⚠️ **{}**\n", plain::incomplete(report));
    }
    let end = coverage_and_run(report);
    let rest = largest.saturating_sub(text.len() + end.len());
    // Half of the space is for the table: findings say more, and without them the table is of little use.
    jobs(&mut text, report, rest / 2);
    let rest = largest.saturating_sub(text.len() + end.len());
    findings(&mut text, report, rest);
    text.push_str(&end);
    text
}

/// The table, up to the size limit.
fn jobs(text: &mut String, report: &Report, most: usize) {
    if let Some(profiles) = &report.profiles {
        return self::profiles(text, profiles, most);
    }
    let found = JobFindings::new(report);
    let jobs = worst_first(report);
    text.push_str("| job | owner | verdict | needs | lasts | limited by | findings |\n|---|---|---|---|---|---|---|\n");
    let (mut shown, mut bytes) = (0, 0);
    for job in &jobs {
        let row = row(job, &found);
        bytes += row.len();
        if bytes > most {
            break;
        }
        text.push_str(&row);
        shown += 1;
    }
    text.push('\n');
    if shown < jobs.len() {
        let left = plain::count(jobs.len() - shown, "more job", "more jobs");
        let _ = writeln!(text, "{left} omitted (size limit). The table shows the worst jobs.\n");
    }
}

/// The table of profiles, up to the size limit.
fn profiles(text: &mut String, profiles: &Profiles, most: usize) {
    text.push_str("| profile | path | copied | renewed | limited by |\n|---|---|---|---|---|\n");
    let rows = profiles.rows();
    let (mut shown, mut bytes) = (0, 0);
    for row in &rows {
        let cells = [&row.path, &row.copied, &row.renewed, &row.limited_by].map(|cell| escaped(cell)).join(" | ");
        let line = format!("| {} | {cells} |\n", code_cell(&row.profile));
        bytes += line.len();
        if bytes > most {
            break;
        }
        text.push_str(&line);
        shown += 1;
    }
    text.push('\n');
    if shown < rows.len() {
        let left = plain::count(rows.len() - shown, "more profile", "more profiles");
        let _ = writeln!(text, "{left} omitted (size limit).\n");
    }
}

fn row(job: &JobReport, found: &JobFindings<'_>) -> String {
    let ids = found.open(job).iter().map(|finding| format!("{} ({})", finding.id, finding.severity));
    let waived = found.waived(job).iter().map(|finding| format!("{} (waived)", finding.id));
    let ids: Vec<String> = ids.chain(waived).collect();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        code_cell(&job.name),
        job.owner.as_deref().map_or_else(String::new, code_cell),
        plain::verdict(job),
        job.needed_seconds,
        plain::lasts(job),
        escaped(&plain::limited_by(job)),
        ids.join(", ")
    )
}

/// The open findings by cause, then the waived ones, up to the size limit.
fn findings(text: &mut String, report: &Report, most: usize) {
    if report.findings.is_empty() {
        return;
    }
    text.push_str("### Findings\n\n");
    let mut parts: Vec<(String, Vec<&Finding>)> =
        causes(report.open_findings()).into_iter().map(|cause| (folded_cause(&cause), cause.findings)).collect();
    let waived = report.findings.iter().filter(|finding| finding.waived.is_some());
    parts.extend(waived.map(|finding| (folded(finding, &finding.title, &[]), vec![finding])));
    // Space for the sentence about findings that do not fit.
    let most = most.saturating_sub(200);
    let (mut shown, mut bytes) = (0, 0);
    for (part, _) in &parts {
        bytes += part.len();
        if bytes > most {
            break;
        }
        text.push_str(part);
        shown += 1;
    }
    let left: Vec<&Finding> = parts[shown..].iter().flat_map(|(_, findings)| findings.iter().copied()).collect();
    if !left.is_empty() {
        let open = plain::severities(left.iter().copied().filter(|finding| finding.waived.is_none()));
        let waived = left.iter().filter(|finding| finding.waived.is_some()).count();
        let _ = writeln!(text, "Omitted (size limit): {open} and {waived} waived. `--format json` has them all.\n");
    }
}

/// The findings of one cause, folded: the others by name, and the worst with its fixes.
fn folded_cause(cause: &Cause<'_>) -> String {
    let others = if cause.findings.len() > 1 { cause.others(2000) } else { Vec::new() };
    folded(cause.worst(), &cause.title(), &others)
}

/// One finding, folded. `others`: lines about others with the same cause.
fn folded(finding: &Finding, title: &str, others: &[Line]) -> String {
    let state = if finding.waived.is_some() { "waived" } else { finding.severity.as_str() };
    let mut text = format!("<details><summary><b>{state}</b> {}</summary>\n\n", escaped_in_html(&visible::line(title)));
    for line in others {
        let _ = match line {
            Line::Item(item) => writeln!(text, "- {}", with_code(item)),
            Line::Text(text_of_line) => writeln!(text, "{}\n", with_code(text_of_line)),
            Line::Title(_) | Line::Step(..) | Line::Code(_) | Line::Foot(_) => Ok(()),
        };
    }
    if !others.is_empty() {
        let whose = finding.job.as_ref().map_or_else(String::new, |job| format!(", {}", code(job)));
        let _ = writeln!(text, "\nThe first of them{whose}:\n");
    }
    let _ = writeln!(text, "`{}`: {}\n", finding.id, code(&plain::place(finding)));
    if let Some(place) = &finding.location {
        let _ = writeln!(text, "Declared at {}\n", code(&place.to_string()));
    }
    if let Some(waived) = &finding.waived {
        let approver =
            waived.approver.as_ref().map_or_else(String::new, |who| format!(", approved by {}", escaped(who)));
        let _ = writeln!(text, "Waived until {}{approver}: {}\n", waived.until, escaped(&waived.reason));
    }
    let _ = writeln!(text, "{}\n", with_code(&finding.detail));
    if let Some(caution) = &finding.caution {
        let _ = writeln!(text, "{}\n", with_code(caution));
    }
    if finding.fixes.len() > 1 {
        let _ = writeln!(text, "{}\n", plain::ANY_ONE);
    }
    for (option, fix) in plain::options(&finding.fixes) {
        let (heading, label) = plain::labels(fix, option.as_deref());
        let label = label.map_or_else(String::new, |option| format!("**{option}:** "));
        if let Some(heading) = heading {
            let _ = writeln!(text, "**{heading}:**\n");
        }
        for (index, part) in fix.parts.iter().enumerate() {
            // A backslash keeps the number from making a list, which a code block without indent would end.
            let step = plain::step_number(fix, index).replace('.', "\\.");
            let _ = writeln!(text, "{label}{step}{}\n", with_code(&part.step));
            for block in &part.blocks {
                let lines = visible::block(&block.text);
                let fence = "`".repeat(longest_run(&lines).max(2) + 1);
                let _ = writeln!(text, "{}:\n\n{fence}\n{lines}\n{fence}\n", block.kind.heading());
            }
        }
    }
    let _ = writeln!(text, "More: {}\n\n</details>\n", code(&plain::more(finding)));
    text
}

/// The coverage, and the id of the run.
fn coverage_and_run(report: &Report) -> String {
    let mut text = "### Coverage\n\n".to_owned();
    for line in plain::coverage(report) {
        let _ = writeln!(text, "- {}", escaped(&line));
    }
    let run = &report.run;
    let _ = writeln!(text, "\ncredential-health {}, run {}, {}", run.version, code(&run.id), run.started_at);
    text
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A text as code that no character can end: GitHub makes no mention, link or emoji of code.
fn code(text: &str) -> String {
    let text = visible::line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    // Markdown removes one blank on each side if both sides have one.
    let blank = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let blank = if blank && !text.trim().is_empty() { " " } else { "" };
    format!("{ticks}{blank}{text}{blank}{ticks}")
}

/// A text with its `code` as code.
fn with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(index, part): (usize, &&str)| match (index % 2, part.is_empty()) {
        (_, true) => String::new(),
        (1, false) => code(part),
        // The escape removes blanks at the ends of a text, and these are inside.
        (_, false) => {
            let start = if part.starts_with(' ') { " " } else { "" };
            let end = if part.ends_with(' ') && !part.trim().is_empty() { " " } else { "" };
            format!("{start}{}{end}", escaped(part))
        }
    };
    parts.iter().enumerate().map(part).collect()
}

/// A text as code in a table cell, where a bar ends the cell even in code.
fn code_cell(text: &str) -> String {
    // A backslash before the text's bar would end the cell in some parsers.
    if text.contains('\\') && text.contains('|') {
        return escaped_in_html(&visible::line(text));
    }
    code(text).replace('|', "\\|")
}

/// Escapes a text within a line or a cell.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    for c in visible::line(text).trim().chars() {
        match c {
            // GitHub searches the rendered page for mentions and issues: a comment splits them.
            '@' | '#' => safe.extend([c, '<', '!', '-', '-', ' ', '-', '-', '>']),
            ',' | ';' | '\'' | '"' | '%' | '/' | '?' | '(' | ')' | '=' => safe.push(c),
            // At the start these characters could begin a list item; elsewhere they form at most an address.
            '-' if !safe.is_empty() => safe.push(c),
            '.' | ':' if !makes_more(&safe) => safe.push(c),
            c if c.is_ascii_punctuation() => safe.extend(['\\', c]),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether a full stop or colon after this text would make a numbered item or a link.
fn makes_more(text: &str) -> bool {
    let end: String = text.chars().rev().take(4).collect::<String>().to_ascii_lowercase();
    let makes = |beginning: &str| end.starts_with(&beginning.chars().rev().collect::<String>());
    text.chars().all(|c| c.is_ascii_digit())
        || ["www", "http", "https", "ftp"].iter().any(|known| makes(&known[known.len().saturating_sub(4)..]))
}

/// Escapes a text in an element of HTML.
fn escaped_in_html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' | '#' => safe.extend([c, '<', '!', '-', '-', ' ', '-', '-', '>']),
            ',' | ';' | '?' | '(' | ')' | '/' | '-' | '%' => safe.push(c),
            // Markdown applies to text after a tag on the same line.
            c if c.is_ascii_punctuation() => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}
