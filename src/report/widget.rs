//! The report as a CloudWatch custom widget: HTML without script, one bar a job, the worst first, its findings and their
//! fixes on a click. CloudWatch strips script, and shows `cwdb-action` as what a click on the element before it opens.
//!
//! Knows nothing of the widget's width: rows wrap by themselves, all at the same place, so that columns stay columns.

use maud::{Markup, PreEscaped, html};

use super::by_job::{Found, Look, worst_first};
use super::{JobReport, Report, bars, plain};
use crate::findings::Finding;
use crate::visible;

/// The most bytes of a widget's rows: what Lambda answers, with room for the rest and for the answer's JSON form.
const LARGEST: usize = 4 * 1024 * 1024;

/// The most findings of the run itself that are listed.
const MOST_OF_THE_RUN: usize = 20;

/// What `describe` answers: Markdown, with the widget's parameters in its first YAML block.
pub const DESCRIPTION: &str = "## Jobs and their credentials\n\n\
One bar for each job: how much of its longest run its AWS credentials last, the worst first. A click on a finding shows \
the problem and its fixes. The bars come from the function's last full run, or from a new one where that is older \
than 15 minutes; no message is sent.\n\n\
### Widget parameters\n\n\
Param | Description\n---|---\n**jobs** | globs of job names; all where left out\n**roles** | globs of role aliases or ARNs on a job's path\n\n\
### Example parameters\n\n```yaml\njobs:\n  - \"*\"\n```\n";

/// Draws the report.
#[must_use]
pub fn render(report: &Report, dark: bool) -> String {
    let found = Found::of(report);
    let jobs = worst_first(report);
    let of_no_job: Vec<&Finding> = found.run.iter().copied().filter(|finding| finding.waived.is_none()).collect();
    let mut rows = Vec::with_capacity(jobs.len());
    let mut bytes = 0;
    for job in &jobs {
        let row = visible::block(&row(job, &found).into_string());
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
            (of_the_run(&of_no_job))
            div { @for row in &rows { (row) } }
            @if left_out > 0 {
                p.ch-more { (plain::count(left_out, "more job is", "more jobs are")) " in the function's report: none is worse than these." }
            }
        }
    };
    visible::block(&widget.into_string())
}

/// `thin-margin +1`: the worst, and how many more.
fn in_words(findings: &[&Finding]) -> String {
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

/// The findings of no job: of the clock, of waivers, of roles that the jobs shown do not use.
fn of_the_run(findings: &[&Finding]) -> Markup {
    html! {
        @for finding in findings.iter().take(MOST_OF_THE_RUN) {
            div.ch-run { b { (finding.severity) } " " a.ch-link { bdi { (finding.title) } } (action(&[finding])) }
        }
        @if findings.len() > MOST_OF_THE_RUN {
            div.ch-run { (plain::count(findings.len() - MOST_OF_THE_RUN, "more finding is", "more findings are")) " in the function's report." }
        }
    }
}

fn row(job: &JobReport, found: &Found<'_>) -> Markup {
    let (open, waived) = (found.open(job), found.waived(job));
    // The name and the texts of findings are others' texts, in any script: `bdi` keeps the direction of each its own.
    html! {
        div class={ "ch-row " (bars::class(Look::of(job))) } {
            div.ch-job { bdi { (job.name) } }
            div.ch-verdict { (plain::verdict(job)) }
            div.ch-time { (bars::times(job)) }
            div.ch-why {
                @if !open.is_empty() { a.ch-link { (in_words(open)) } (action(open)) }
                @else if !waived.is_empty() { span.ch-quiet { (in_words(waived)) ", waived" } }
            }
            div.ch-bar { (bars::bar(job)) }
        }
    }
}

/// What a click on the element before it opens.
fn action(findings: &[&Finding]) -> Markup {
    html! { cwdb-action action="html" display="popup" event="click" { @for finding in findings { (popup(finding)) } } }
}

/// One finding. It opens outside of the widget, where CloudWatch's own styles hold: it brings few of its own.
fn popup(finding: &Finding) -> Markup {
    html! {
        h3 { bdi { (finding.title) } }
        p { b { (finding.severity) } " · " (finding.id) " · " bdi { (plain::place(finding)) } }
        p dir="auto" { (finding.detail) }
        ol {
            @for fix in &finding.fixes {
                li {
                    bdi { (fix.step) }
                    @for (name, form) in plain::forms(fix) {
                        div { (name) }
                        pre style="white-space:pre-wrap;overflow-wrap:anywhere" { (form) }
                    }
                }
            }
        }
        @if finding.runbook.starts_with("https://") || finding.runbook.starts_with("http://") {
            p { a href=(finding.runbook) { "More about " (finding.id) } }
        }
    }
}

/// The style sheet. No background: it is the dashboard's.
fn style(dark: bool) -> String {
    let colours = if dark { bars::DARK } else { bars::LIGHT };
    format!(".ch{{{colours}}}{}{SHAPES}", bars::SHAPES)
}

/// The style sheet of what the widget alone has.
const SHAPES: &str = r#".ch-run{margin-bottom:4px;overflow-wrap:anywhere}
.ch .ch-link{color:var(--link);cursor:pointer;text-decoration:underline}
.ch-more{margin:6px 0 0;color:var(--quiet)}
"#;
