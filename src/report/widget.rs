//! The report as a CloudWatch custom widget: HTML without script, one bar a job, the worst first, its findings and their
//! fixes on a click. CloudWatch strips script, and shows `cwdb-action` as what a click on the element before it opens.
//!
//! Knows nothing of the widget's width: rows wrap by themselves, all at the same place, so that columns stay columns.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, PreEscaped, html};

use super::{JobReport, Report, Walk, plain};
use crate::audit::Finding;
use crate::inventory::Seconds;
use crate::lease::Verdict;

/// The most bytes of a widget's rows: what Lambda answers, with room for the rest and for the answer's JSON form.
const LARGEST: usize = 4 * 1024 * 1024;

/// The most findings of the run itself that are listed.
const MOST_OF_THE_RUN: usize = 20;

/// What `describe` answers: Markdown, with the widget's parameters in its first YAML block.
pub const DESCRIPTION: &str = "## Jobs and their credentials\n\n\
One bar for each job: how much of its longest run its AWS credentials last, the worst first. A click on a finding shows \
what is wrong and how to mend it. The bars come from the function's last full run, or from a new one where that is older \
than 15 minutes; no message is sent.\n\n\
### Widget parameters\n\n\
Param | Description\n---|---\n**jobs** | globs of job names; all where left out\n**roles** | globs of role aliases or ARNs on a job's path\n\n\
### Example parameters\n\n```yaml\njobs:\n  - \"*\"\n```\n";

/// Draws the report.
#[must_use]
pub fn render(report: &Report, dark: bool) -> String {
    let found = Found::of(report);
    let mut jobs: Vec<&JobReport> = report.jobs.iter().collect();
    jobs.sort_by_key(|job| (Look::of(job), job.headroom_seconds.unwrap_or(i64::MAX)));
    let mut rows = Vec::with_capacity(jobs.len());
    let mut bytes = 0;
    for job in &jobs {
        let row = row(job, &found).into_string();
        bytes += row.len();
        if bytes > LARGEST {
            break;
        }
        rows.push(PreEscaped(row));
    }
    let left_out = jobs.len() - rows.len();
    html! {
        style { (PreEscaped(style(dark))) }
        div.ch {
            (head(report))
            (of_the_run(&found.run))
            div { @for row in &rows { (row) } }
            @if left_out > 0 {
                p.ch-more { (plain::count(left_out, "more job is", "more jobs are")) " in the function's report: none is worse than these." }
            }
        }
    }
    .into_string()
}

/// The findings by what they are about.
struct Found<'a> {
    /// Of each job, open ones, the worst first.
    open: HashMap<&'a str, Vec<&'a Finding>>,
    /// Of each job, accepted ones.
    waived: HashMap<&'a str, Vec<&'a Finding>>,
    /// Of no job of this report, open ones.
    run: Vec<&'a Finding>,
}

impl<'a> Found<'a> {
    fn of(report: &'a Report) -> Self {
        let mut found = Self { open: HashMap::new(), waived: HashMap::new(), run: Vec::new() };
        let known: HashMap<&str, &str> = report.jobs.iter().map(|job| (job.name.as_str(), job.name.as_str())).collect();
        for finding in &report.findings {
            let by_job = if finding.waived.is_some() { &mut found.waived } else { &mut found.open };
            let mut has_job = false;
            for job in jobs_of(finding).filter_map(|job| known.get(job).copied()) {
                by_job.entry(job).or_default().push(finding);
                has_job = true;
            }
            if !has_job && finding.waived.is_none() {
                found.run.push(finding);
            }
        }
        found
    }
}

/// `thin-margin +1`: the worst, and how many more.
fn in_words(findings: &[&Finding]) -> String {
    match findings {
        [] => String::new(),
        [one] => one.id.to_string(),
        [worst, rest @ ..] => format!("{} +{}", worst.id, rest.len()),
    }
}

/// The jobs that a finding is about: its own, or, of a finding about a role, each that it names.
fn jobs_of(finding: &Finding) -> impl Iterator<Item = &str> {
    let named = finding.evidence.iter().filter(|evidence| finding.job.is_none() && evidence.name == "jobs");
    let named = named.filter_map(|evidence| evidence.value.as_array()).flatten().filter_map(|job| job.as_str());
    finding.job.as_deref().into_iter().chain(named)
}

/// How a job is shown: its colour, and its place among the others, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    CannotStart,
    WalkFailed,
    Lapses,
    Unknown,
    Thin,
    Covered,
}

impl Look {
    fn of(job: &JobReport) -> Self {
        match (job.verdict, job.walk) {
            (Verdict::Rejected, _) => Self::CannotStart,
            (_, Walk::Failed) => Self::WalkFailed,
            (Verdict::Lapses, _) => Self::Lapses,
            (Verdict::Unknown, _) => Self::Unknown,
            (Verdict::Thin, _) => Self::Thin,
            (Verdict::Covered, _) => Self::Covered,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::CannotStart | Self::WalkFailed | Self::Lapses => "ch-bad",
            Self::Unknown => "ch-unknown",
            Self::Thin => "ch-thin",
            Self::Covered => "ch-good",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::CannotStart => "cannot start",
            Self::WalkFailed => "walk failed",
            Self::Lapses => "lapse",
            Self::Unknown => "unknown",
            Self::Thin => "thin",
            Self::Covered => "covered",
        }
    }
}

fn head(report: &Report) -> Markup {
    let mut looks: BTreeMap<Look, usize> = BTreeMap::new();
    report.jobs.iter().for_each(|job| *looks.entry(Look::of(job)).or_default() += 1);
    let at = report.run.started_at.replace('T', " ").replace('Z', " UTC");
    html! {
        div.ch-head {
            b { (plain::headline(report)) }
            span.ch-quiet { "Checked " (at) }
        }
        @if !report.run.complete { div.ch-warning { "This run did not finish all that it set out to do." } }
        div.ch-head {
            div.ch-key { @for (look, count) in &looks { span class=(look.class()) { b { (count) } " " (look.in_words()) } } }
            div class="ch-key ch-quiet" {
                span { i.ch-with {} "run with credentials" }
                span { i.ch-without {} "run without" }
                span { i.ch-left {} "headroom" }
            }
        }
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
    let open = found.open.get(job.name.as_str()).map_or(&[][..], Vec::as_slice);
    let waived = found.waived.get(job.name.as_str()).map_or(&[][..], Vec::as_slice);
    // The name and the texts of findings are others' texts, in any script: `bdi` keeps the direction of each its own.
    html! {
        div class={ "ch-row " (Look::of(job).class()) } {
            div.ch-job { bdi { (job.name) } }
            div.ch-verdict { (plain::verdict(job)) }
            div.ch-time { (times(job)) }
            div.ch-why {
                @if !open.is_empty() { a.ch-link { (in_words(open)) } (action(open)) }
                @else if !waived.is_empty() { span.ch-quiet { (in_words(waived)) ", waived" } }
            }
            div.ch-bar { (bar(job)) }
        }
    }
}

fn times(job: &JobReport) -> String {
    let lasts = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Rejected, _) => "gets none".to_owned(),
        (Verdict::Unknown, _) => "lasts ?".to_owned(),
        (_, Some(end)) => format!("lasts {end}"),
        (_, None) => "no end".to_owned(),
    };
    format!("needs {} · {lasts}", job.needed_seconds)
}

/// The bar, scaled to the longer of run and lease.
fn bar(job: &JobReport) -> Markup {
    let (needed, end) = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Unknown, _) => return html! { div.ch-not-known style="width:100%" {} },
        (Verdict::Rejected, _) => (job.needed_seconds, Seconds(0)),
        (_, Some(end)) => (job.needed_seconds, end),
        (_, None) => (Seconds(1), Seconds(1)),
    };
    let longest = needed.max(end).0.max(1);
    // The second is what the first leaves, so that they fill the bar whatever the rounding.
    let tenths = (needed.min(end).0 as f64 * 1000.0 / longest as f64).round();
    let (with, rest) = (tenths / 10.0, (1000.0 - tenths) / 10.0);
    let filled = if job.verdict == Verdict::Thin { "ch-with-thin" } else { "ch-with" };
    html! {
        @if end.0 > 0 { div class=(filled) style=(format!("width:{with}%")) {} }
        @if needed != end { div class=(if needed > end { "ch-without" } else { "ch-left" }) style=(format!("width:{rest}%")) {} }
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
            @for remedy in &finding.remediation {
                li {
                    bdi { (remedy.step) }
                    @for (name, form) in plain::forms(remedy) {
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

/// The style sheet. Every class begins with `ch`: nothing promises that other widgets of the dashboard do not see it.
fn style(dark: bool) -> String {
    // No background: it is the dashboard's.
    let colours = if dark {
        "--text:#d1d5db;--quiet:#a3b0be;--line:#343d48;--link:#75b8ff;--headroom:#465260;\
         --bad:#ff8a7a;--thin:#f0b84a;--unknown:#a3b0be;--good:#5fc98a;\
         --bad-fill:#e0533d;--thin-fill:#d99a1c;--unknown-fill:#6b7886;--good-fill:#2f9e5e"
    } else {
        "--text:#16191f;--quiet:#545b64;--line:#e3e7eb;--link:#0067a8;--headroom:#d5dbe1;\
         --bad:#b3260b;--thin:#8a5700;--unknown:#545b64;--good:#1b7742;\
         --bad-fill:#d13212;--thin-fill:#e0a020;--unknown-fill:#9aa5b1;--good-fill:#2e9e5b"
    };
    format!(".ch{{{colours}}}{SHAPES}")
}

/// The style sheet without its colours.
const SHAPES: &str = r#"
.ch{font:13px/1.45 "Amazon Ember","Open Sans","Helvetica Neue",Roboto,Arial,sans-serif;color:var(--text);padding:0 4px}
.ch b{font-weight:700}
.ch-head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 24px;margin-bottom:4px}
.ch-quiet{color:var(--quiet)}
.ch-warning{color:var(--bad);font-weight:700;margin-bottom:4px}
.ch-key{display:flex;flex-wrap:wrap;gap:0 14px}
.ch-key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px}
.ch-run{margin-bottom:4px;overflow-wrap:anywhere}
.ch-row{display:flex;flex-wrap:wrap;align-items:center;gap:2px 12px;padding:4px 0 4px 8px;border-top:1px solid var(--line);box-shadow:inset 3px 0 0 var(--mark)}
.ch-row>div{min-width:0;overflow-wrap:anywhere}
.ch-row .ch-job{flex:3 1 160px;color:var(--text);font-weight:700}
.ch-row .ch-verdict{flex:0 0 156px;font-weight:700}
.ch-row .ch-time{flex:0 0 168px;color:var(--text);font-variant-numeric:tabular-nums}
.ch-row .ch-why{flex:4 1 170px;color:var(--text)}
.ch-row .ch-bar{flex:5 1 240px;display:flex;gap:2px;height:12px;border-radius:2px;overflow:hidden}
.ch-bar>div{min-width:3px}
.ch-bad{color:var(--bad);--mark:var(--bad-fill)}
.ch-thin{color:var(--thin);--mark:var(--thin-fill)}
.ch-unknown{color:var(--unknown);--mark:var(--unknown-fill)}
.ch-good{color:var(--good);--mark:transparent}
.ch-with{background:var(--good-fill)}
.ch-with-thin{background:var(--thin-fill)}
.ch-without{background:var(--bad-fill)}
.ch-left{background:var(--headroom)}
.ch-not-known{background:repeating-linear-gradient(135deg,var(--unknown-fill) 0 6px,var(--headroom) 6px 12px)}
.ch .ch-link{color:var(--link);cursor:pointer;text-decoration:underline}
.ch-more{margin:6px 0 0;color:var(--quiet)}
"#;
