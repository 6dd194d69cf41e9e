//! The report as a CloudWatch custom widget: HTML without script, one bar a job, the worst first, its findings and their
//! fixes on a click. CloudWatch strips script, and shows `cwdb-action` as what a click on the element before it opens.

use std::collections::HashMap;

use maud::{Markup, PreEscaped, html};

use super::{JobReport, Report, Walk, plain};
use crate::audit::Finding;
use crate::inventory::Seconds;
use crate::lease::Verdict;

/// The most bytes of a widget's answer: what Lambda answers, with room for its JSON form.
const LARGEST: usize = 4 * 1024 * 1024;

/// What `describe` answers: Markdown, with the widget's parameters in its first YAML block.
pub const DESCRIPTION: &str = "## Jobs and their credentials\n\n\
One bar for each job: how much of its longest run its AWS credentials last, the worst first. A click on a job shows its \
findings and how to mend them. The bars come from the function's last full run, or from a new one where that is older than \
15 minutes; no message is sent.\n\n\
### Widget parameters\n\n\
Param | Description\n---|---\n**jobs** | globs of job names; all where left out\n**roles** | globs of role aliases or ARNs on a job's path\n\n\
### Example parameters\n\n```yaml\njobs:\n  - \"*\"\n```\n";

/// Draws the report.
#[must_use]
pub fn render(report: &Report, dark: bool) -> String {
    let mut findings: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in report.open_findings() {
        for job in finding.job.iter() {
            findings.entry(job).or_default().push(finding);
        }
        // A finding about a role concerns each job that it names.
        let named =
            finding.job.is_none().then(|| finding.evidence.iter().find(|evidence| evidence.name == "jobs")).flatten();
        for job in
            named.and_then(|evidence| evidence.value.as_array()).into_iter().flatten().filter_map(|job| job.as_str())
        {
            if let Some(job) = report.jobs.iter().find(|known| known.name == job) {
                findings.entry(&job.name).or_default().push(finding);
            }
        }
    }
    let mut jobs: Vec<&JobReport> = report.jobs.iter().collect();
    jobs.sort_by_key(|job| (job.verdict, job.walk != Walk::Failed, job.headroom_seconds.unwrap_or(i64::MAX)));
    let mut rows = Vec::with_capacity(jobs.len());
    let mut bytes = 0;
    for job in &jobs {
        let row = row(job, findings.get(job.name.as_str()).map_or(&[], Vec::as_slice), dark).into_string();
        bytes += row.len();
        if bytes > LARGEST {
            break;
        }
        rows.push(PreEscaped(row));
    }
    let left_out = jobs.len() - rows.len();
    let colours = Colours::of(dark);
    html! {
        div style=(format!("font:13px/1.4 sans-serif;color:{};background:{};padding:4px", colours.text, colours.ground)) {
            p style="margin:0 0 6px" {
                b { (plain::headline(report)) }
                @if !report.run.complete { " This run did not finish all that it set out to do." }
                span style=(format!("color:{}", colours.quiet)) { " " (report.run.started_at) }
            }
            table style="width:100%;border-collapse:collapse;table-layout:fixed" {
                colgroup { col style="width:24%"; col style="width:14%"; col style="width:16%"; col style="width:46%"; }
                tbody { @for row in &rows { (row) } }
            }
            @if left_out > 0 { p { (plain::count(left_out, "more job is", "more jobs are")) " in the function's report." } }
            p style=(format!("margin:6px 0 0;color:{}", colours.quiet)) { "Bar: run with credentials, run without, headroom. Click a job for its findings." }
        }
    }
    .into_string()
}

struct Colours {
    text: &'static str,
    ground: &'static str,
    quiet: &'static str,
    headroom: &'static str,
    line: &'static str,
}

impl Colours {
    const fn of(dark: bool) -> Self {
        if dark {
            Self { text: "#d1d5db", ground: "#1a2029", quiet: "#95a5b8", headroom: "#39434f", line: "#2c3540" }
        } else {
            Self { text: "#16191f", ground: "#ffffff", quiet: "#545b64", headroom: "#e3e8ec", line: "#eaeded" }
        }
    }
}

const GOOD: &str = "#2e9e5b";
const THIN: &str = "#d99a1c";
const BAD: &str = "#d13212";
const UNKNOWN: &str = "#7d8998";

fn verdict_colour(job: &JobReport) -> &'static str {
    match (job.verdict, job.walk) {
        (Verdict::Rejected | Verdict::Lapses, _) | (_, Walk::Failed) => BAD,
        (Verdict::Unknown, _) => UNKNOWN,
        (Verdict::Thin, _) => THIN,
        (Verdict::Covered, _) => GOOD,
    }
}

fn row(job: &JobReport, findings: &[&Finding], dark: bool) -> Markup {
    let colours = Colours::of(dark);
    let cell = format!(
        "padding:3px 6px 3px 0;border-top:1px solid {};vertical-align:middle;overflow-wrap:anywhere",
        colours.line
    );
    html! {
        tr {
            td style=(cell) {
                @if findings.is_empty() { (job.name) } @else {
                    a style="cursor:pointer" { (job.name) }
                    cwdb-action action="html" display="popup" event="click" { @for finding in findings { (popup(finding)) } }
                }
            }
            td style=(format!("{cell};color:{};font-weight:bold", verdict_colour(job))) { (plain::verdict(job)) }
            td style=(cell) { (job.needed_seconds) " of " (plain::lasts(job)) }
            td style=(cell) { (bar(job, &colours)) }
        }
    }
}

/// The bar, scaled to the longer of run and lease.
fn bar(job: &JobReport, colours: &Colours) -> Markup {
    let (needed, end) = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Unknown, _) => {
            return html! { div style=(format!("height:12px;background:{UNKNOWN};opacity:.35")) {} };
        }
        (Verdict::Rejected, _) => (job.needed_seconds, Seconds(0)),
        (_, Some(end)) => (job.needed_seconds, end),
        (_, None) => (Seconds(1), Seconds(1)),
    };
    let longest = needed.max(end).0.max(1);
    let percent = |seconds: u64| format!("{:.1}%", seconds as f64 * 100.0 / longest as f64);
    let with = percent(needed.min(end).0);
    let (rest, colour) =
        if needed > end { (percent(needed.0 - end.0), BAD) } else { (percent(end.0 - needed.0), colours.headroom) };
    let filled = if job.verdict == Verdict::Thin { THIN } else { GOOD };
    html! {
        div style="display:flex;height:12px" {
            div style=(format!("width:{with};background:{filled}")) {}
            div style=(format!("width:{rest};background:{colour}")) {}
        }
    }
}

fn popup(finding: &Finding) -> Markup {
    html! {
        h3 { (finding.title) }
        p { b { (finding.severity) } " · " (finding.id) " · " (plain::place(finding)) }
        p { (finding.detail) }
        ol {
            @for remedy in &finding.remediation {
                li {
                    (remedy.step)
                    @for (name, form) in plain::forms(remedy) { p { (name) } pre { (form) } }
                }
            }
        }
        @if finding.runbook.starts_with("http") { p { a href=(finding.runbook) { "More about " (finding.id) } } }
    }
}
