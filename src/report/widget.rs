//! The report as a CloudWatch custom widget: HTML without script, one bar per job, the worst first, with findings and
//! fixes on a click. CloudWatch removes scripts, and shows `cwdb-action` when the element before it is clicked.
//!
//! Independent of the widget's width: all rows wrap at the same place, so that columns stay aligned.

use maud::{Markup, PreEscaped, html};

use super::by_job::{JobFindings, Look, worst_first};
use super::{JobReport, Report, bars, plain};
use crate::findings::Finding;
use crate::fixes::Part;
use crate::pages::{DARK, LIGHT};
use crate::visible;

/// The size limit of a widget's rows in bytes: the limit of a Lambda answer, with space for the rest and JSON
/// escapes.
const LARGEST: usize = 4 * 1024 * 1024;

/// The largest number of listed findings without a job.
const MOST_WITHOUT_JOB: usize = 20;

/// The answer to `describe`: Markdown, with the widget's parameters in its first YAML block.
pub const DESCRIPTION: &str = "## Jobs and their credentials\n\n\
One bar per job shows how much of its longest run its AWS credentials last. The worst jobs come first. \
A click on a finding shows the problem and its fixes. The bars come from the function's last full run, or from a new \
run if the last one is older than 15 minutes. The widget sends no messages.\n\n\
### Widget parameters\n\n\
Param | Description\n---|---\n**jobs** | globs of job names; default: all jobs\n\
**roles** | globs of role aliases or ARNs on a job's path\n\n\
### Example parameters\n\n```yaml\njobs:\n  - \"*\"\n```\n";

/// Renders the report.
#[must_use]
pub fn render(report: &Report, dark: bool) -> String {
    let found = JobFindings::new(report);
    let jobs = worst_first(report);
    let without_job: Vec<&Finding> = found.run.iter().copied().filter(|finding| finding.waived.is_none()).collect();
    let mut rows = Vec::with_capacity(jobs.len());
    let mut bytes = 0;
    for job in &jobs {
        let row = visible::block(&row(report, job, &found).into_string());
        bytes += row.len();
        if bytes > LARGEST {
            break;
        }
        rows.push(PreEscaped(row));
    }
    let left_out = jobs.len() - rows.len();
    let widget = html! {
        style { (PreEscaped(style(dark))) }
        div.ch {
            (head(report))
            (findings_without_job(&without_job))
            div { @for row in &rows { (row) } }
            @if left_out > 0 {
                p.ch-more {
                    (plain::count(left_out, "more job is", "more jobs are")) " in the function's report. "
                    "The jobs above are the worst."
                }
            }
        }
    };
    visible::block(&widget.into_string())
}

/// The worst finding and the number of others: `thin-margin +1`.
fn worst_and_count(findings: &[&Finding]) -> String {
    match findings {
        [] => String::new(),
        [one] => one.id.to_string(),
        [worst, rest @ ..] => format!("{} +{}", worst.id, rest.len()),
    }
}

fn head(report: &Report) -> Markup {
    let at = report.run.started_at.replace('T', " ").replace('Z', " UTC");
    html! {
        div.ch-head {
            b { (plain::headline(report)) }
            span.ch-quiet { "Checked " (at) }
        }
        @if !report.run.complete { div.ch-warning { (plain::incomplete(report)) } }
        (bars::key(report))
    }
}

/// Findings without a job of the widget: about the clock, about waivers, about roles that no shown job uses.
fn findings_without_job(findings: &[&Finding]) -> Markup {
    html! {
        @for finding in findings.iter().take(MOST_WITHOUT_JOB) {
            div.ch-run { b { (finding.severity) } " " a.ch-link { bdi { (finding.title) } } (action(&[finding])) }
        }
        @if findings.len() > MOST_WITHOUT_JOB {
            div.ch-run {
                (plain::count(findings.len() - MOST_WITHOUT_JOB, "more finding is", "more findings are"))
                " in the function's report."
            }
        }
    }
}

fn row(report: &Report, job: &JobReport, found: &JobFindings<'_>) -> Markup {
    let (open, waived) = (found.open(job), found.waived(job));
    // Names and texts come from other people, in any script: `bdi` isolates the direction of each.
    html! {
        div class={ "ch-row " (bars::class(Look::of_job(job))) } {
            div.ch-job { bdi { (job.name) } }
            div.ch-verdict { (plain::verdict(job)) }
            div.ch-time { (bars::describe_times(job)) }
            div.ch-where { (bars::owner_and_accounts(report, job)) }
            div.ch-why {
                @if !open.is_empty() { a.ch-link { (worst_and_count(open)) } (action(open)) }
                @else if !waived.is_empty() { span.ch-quiet { (worst_and_count(waived)) ", waived" } }
            }
            div.ch-bar { (bars::bar(job)) }
        }
    }
}

/// The popup of a click on the element before it.
fn action(findings: &[&Finding]) -> Markup {
    html! { cwdb-action action="html" display="popup" event="click" { @for finding in findings { (popup(finding)) } } }
}

/// One finding. The popup is outside of the widget, where CloudWatch's styles apply, so it brings few styles.
fn popup(finding: &Finding) -> Markup {
    html! {
        h3 { bdi { (finding.title) } }
        p { b { (finding.severity) } " · " (finding.id) " · " bdi { (plain::place(finding)) } }
        p dir="auto" { (bars::with_code(&finding.detail)) }
        @if finding.fixes.len() > 1 { p { (plain::ANY_ONE) } }
        @for (option, fix) in plain::options(&finding.fixes) {
            @if let Some(option) = option { p { b { (option) } } }
            @if fix.parts.len() > 1 { ol { @for part in &fix.parts { li { (step(part)) } } } }
            @else { @for part in &fix.parts { (step(part)) } }
        }
        @if finding.runbook.starts_with("https://") || finding.runbook.starts_with("http://") {
            p { a href=(finding.runbook) { "More about " (finding.id) } }
        }
    }
}

/// A step of a fix with its lines to copy.
fn step(part: &Part) -> Markup {
    html! {
        div { bdi { (bars::with_code(&part.step)) } }
        @for block in &part.blocks {
            div { (block.kind.heading()) }
            pre style="white-space:pre-wrap;overflow-wrap:anywhere" { (block.text) }
        }
    }
}

/// The style sheet. It sets no background: the dashboard does.
fn style(dark: bool) -> String {
    let colours = if dark { DARK } else { LIGHT };
    format!(".ch{{{colours}}}{}{SHAPES}", bars::SHAPES)
}

/// The style sheet of elements that only the widget has.
const SHAPES: &str = r#".ch-run{margin-bottom:4px;overflow-wrap:anywhere}
.ch .ch-link{color:var(--link);cursor:pointer;text-decoration:underline}
.ch-more{margin:6px 0 0;color:var(--quiet)}
"#;
