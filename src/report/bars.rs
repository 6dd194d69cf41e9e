//! Shared parts of the dashboard's widget and the page: the bar of a job's run against its lease, the colours, the
//! key. Every class begins with `ch`, because other widgets of a dashboard may share the style sheet.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::by_job::Look;
use super::{JobReport, Report, Walk};
use crate::findings::UNOWNED;
use crate::inventory::Seconds;
use crate::lease::Verdict;

/// The style sheet of bars and key. Colours are variables.
pub(super) const SHAPES: &str = r#"
.ch{font:13px/1.45 "Amazon Ember","Open Sans","Helvetica Neue",Roboto,Arial,sans-serif;color:var(--text);padding:0 4px}
.ch b{font-weight:700}
.ch-head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 24px;margin-bottom:4px}
.ch-quiet{color:var(--quiet)}
.ch-warning{color:var(--bad);font-weight:700;margin-bottom:4px}
.ch-key{display:flex;flex-wrap:wrap;gap:0 14px}
.ch-key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px}
.ch-row>div{min-width:0;overflow-wrap:anywhere}
.ch-row .ch-job{flex:3 1 160px;color:var(--text);font-weight:700}
.ch-row .ch-verdict{flex:0 0 156px;font-weight:700}
.ch-row .ch-time{flex:0 0 168px;color:var(--text);font-variant-numeric:tabular-nums}
.ch-row .ch-where{flex:2 1 150px;color:var(--quiet)}
.ch-row .ch-why{flex:4 1 170px;color:var(--text)}
.ch-row .ch-bar{flex:5 1 240px;display:flex;gap:2px;height:12px;border-radius:2px;overflow:hidden}
.ch-row{display:flex;flex-wrap:wrap;align-items:center;gap:2px 12px;padding:4px 0 4px 8px;
border-top:1px solid var(--line);box-shadow:inset 3px 0 0 var(--mark)}
.ch-bar>div{min-width:3px}
.ch-bad{color:var(--bad);--mark:var(--bad-fill)}
.ch-thin{color:var(--thin);--mark:var(--thin-fill)}
.ch-unknown{color:var(--unknown);--mark:var(--unknown-fill)}
.ch-good{color:var(--good);--mark:transparent}
.ch-with{background:var(--good-fill)}
.ch-with-thin{background:var(--thin-fill)}
.ch-without{background:var(--bad-fill)}
.ch-left{background:var(--headroom)}
.ch-not-walked{background:repeating-linear-gradient(45deg,var(--bad-fill) 0 5px,var(--headroom) 5px 10px)}
.ch-not-known{background:repeating-linear-gradient(135deg,var(--unknown-fill) 0 6px,var(--headroom) 6px 12px)}
"#;

/// The class for the colour of a job's row.
pub(super) const fn class(look: Look) -> &'static str {
    match look {
        Look::CannotStart | Look::WalkFailed | Look::Lapses => "ch-bad",
        Look::Unknown => "ch-unknown",
        Look::Thin => "ch-thin",
        Look::Covered => "ch-good",
    }
}

/// The number of jobs with each look, and the meaning of the bars' colours.
pub(super) fn key(report: &Report) -> Markup {
    let mut looks: BTreeMap<Look, usize> = BTreeMap::new();
    report.jobs.iter().for_each(|job| *looks.entry(Look::of_job(job)).or_default() += 1);
    html! {
        div.ch-head {
            div.ch-key {
                @for (look, count) in &looks { span class=(class(*look)) { b { (count) } " " (look.label()) } }
            }
            div class="ch-key ch-quiet" {
                span { i.ch-with {} "run with credentials" }
                span { i.ch-without {} "run without" }
                span { i.ch-left {} "headroom" }
                span { i.ch-not-walked {} "walk failed" }
                span { i.ch-not-known {} "unknown" }
            }
        }
    }
}

/// A text of the time that a job needs and its credentials last.
pub(super) fn describe_times(job: &JobReport) -> String {
    let lasts = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Rejected, _) => "no credentials".to_owned(),
        (Verdict::Unknown, _) => "lasts ?".to_owned(),
        (_, Some(end)) => format!("lasts {end}"),
        (_, None) => "no end".to_owned(),
    };
    format!("needs {} · {lasts}", job.needed_seconds)
}

/// The owner of a job and the accounts of its roles.
pub(super) fn owner_and_accounts(report: &Report, job: &JobReport) -> Markup {
    let owner = job.owner.as_deref().unwrap_or(UNOWNED);
    let accounts = report.accounts_of(job).join(", ");
    html! {
        bdi { (owner) }
        @if !accounts.is_empty() { " · " bdi { (accounts) } }
    }
}

/// A text with its `code` in elements of HTML.
pub(super) fn with_code(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of backticks has a single one, which is text.
    let last = if parts.len().is_multiple_of(2) { parts.len() - 1 } else { parts.len() };
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index == last { "`" (part) }
            @else if index % 2 == 1 { code { (part) } }
            @else { (part) }
        }
    }
}

/// The bar, scaled to the longer of run and lease.
pub(super) fn bar(job: &JobReport) -> Markup {
    if job.walk == Walk::Failed {
        return html! { div.ch-not-walked style="width:100%" {} };
    }
    let (needed, end) = match (job.verdict, job.lapses_after_seconds) {
        (Verdict::Unknown, _) => return html! { div.ch-not-known style="width:100%" {} },
        (Verdict::Rejected, _) => (job.needed_seconds, Seconds(0)),
        (_, Some(end)) => (job.needed_seconds, end),
        (_, None) => (Seconds(1), Seconds(1)),
    };
    let longest = needed.max(end).0.max(1);
    // The second part is the rest of the first, so that both fill the bar despite rounding.
    let tenths = (needed.min(end).0 as f64 * 1000.0 / longest as f64).round();
    let (with, rest) = (tenths / 10.0, (1000.0 - tenths) / 10.0);
    let filled = if job.verdict == Verdict::Thin { "ch-with-thin" } else { "ch-with" };
    html! {
        @if end.0 > 0 { div class=(filled) style=(format!("width:{with}%")) {} }
        @if needed != end {
            div class=(if needed > end { "ch-without" } else { "ch-left" }) style=(format!("width:{rest}%")) {}
        }
    }
}
