//! The report as one page for a browser: the jobs, the worst first, each with the bar of its run against its lease,
//! and on a click its path, findings and fixes. The page fetches nothing. Its only script filters and copies; without
//! the script the page shows everything.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::by_job::{JobFindings, Look, worst_first};
use super::causes::{BlockOptions, Line, MoreFixes, causes};
use super::leases::Profiles;
use super::{HopReport, JobReport, Report, bars, plain};
use crate::findings::Severity;
use crate::findings::{Finding, UNOWNED, Waived};
use crate::fixes::Part;
use crate::lease::Verdict;
use crate::{pages, visible};

/// The script that filters and copies.
const SCRIPT: &str = include_str!("html/page.js");
/// The style sheet of elements that the widget does not have.
const STYLE: &str = include_str!("html/page.css");
/// Allows no request, and no script except SCRIPT, named by its SHA-256: markup that escaping might miss stays text.
/// A test compares the hash. Styles are allowed because bars have their lengths in attributes.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    script-src 'sha256-+iT4YrtJacb1NWHdQsvdXPYcyNKiJFxHbROXaynldI8='";

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let found = JobFindings::new(report);
    let mut jobs = worst_first(report);
    if report.profiles.is_some() {
        jobs.retain(|job| !found.open(job).is_empty() || !found.waived(job).is_empty());
    }
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (pages::head(&format!("credential-health: {}", plain::headline(report)), POLICY, &style()))
            body {
                main.ch {
                    header {
                        h1 { "credential-health" }
                        p.headline { b { (plain::headline(report)) } " Checked " (at(report)) "." }
                        @if !report.run.complete { p.ch-warning role="status" { (plain::incomplete(report)) } }
                    }
                    @if let Some(profiles) = &report.profiles { (profile_table(profiles)) }
                    (causes_of(report))
                    (filter(report, &jobs))
                    section aria-label="Jobs" {
                        @if report.profiles.is_some() { h2 { "Jobs on these profiles with findings" } }
                        @else { h2 { "Jobs" } (bars::key(report)) }
                        div #jobs { @for job in &jobs { (row(report, job, &found)) } }
                        p #none hidden { "No job matches the filter." }
                    }
                    (findings_without_job(&found))
                    (coverage(report))
                    (run(report))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    // Markup from this program has no character to escape.
    visible::block(&page.into_string())
}

fn style() -> String {
    format!(
        "{}@media print{{:root{{{};--page:#fff;--code:#f3f5f7}}}}{}{STYLE}",
        pages::page_colours(),
        pages::LIGHT,
        bars::SHAPES
    )
}

fn at(report: &Report) -> String {
    report.run.started_at.replace('T', " ").replace('Z', " UTC")
}

/// The open findings by cause, the worst first, each with its best fix. The jobs below have all fixes.
fn causes_of(report: &Report) -> Markup {
    const OPTIONS: BlockOptions<'static> = BlockOptions { more: MoreFixes::WithInventory, most_of_names: 2000 };
    let causes = causes(report.open_findings());
    html! {
        @if !causes.is_empty() {
            section aria-label="Causes" {
                h2 { "Causes" }
                @for cause in &causes {
                    details {
                        summary { b { (cause.worst().severity) } " " bdi { (cause.title()) } }
                        div.inside { @for line in grouped(cause.block(OPTIONS)) { (line) } }
                    }
                }
            }
        }
    }
}

/// The lines of a block, with neighbouring lines to copy in one element.
fn grouped(lines: Vec<Line>) -> Vec<Markup> {
    let mut shown: Vec<Markup> = Vec::new();
    let mut code: Vec<String> = Vec::new();
    let flush = |code: &mut Vec<String>, shown: &mut Vec<Markup>| {
        if !code.is_empty() {
            let lines = std::mem::take(code).join("\n");
            shown.push(html! { pre tabindex="0" { (PreEscaped("\n")) code { (lines) } } });
        }
    };
    for line in lines {
        if let Line::Code(line) = line {
            code.push(line);
            continue;
        }
        flush(&mut code, &mut shown);
        match line {
            Line::Text(text) => shown.push(html! { p dir="auto" { (bars::with_code(&text)) } }),
            Line::Step(number, text) => shown.push(html! { p dir="auto" { (number) ". " (bars::with_code(&text)) } }),
            Line::Item(text) => shown.push(html! { ul { li dir="auto" { (bars::with_code(&text)) } } }),
            // The summary has the title, and the jobs below have every fix.
            Line::Title(_) | Line::Foot(_) | Line::Code(_) => {}
        }
    }
    flush(&mut code, &mut shown);
    shown
}

/// The filter. Only the script shows it, because it does nothing without the script.
fn filter(report: &Report, jobs: &[&JobReport]) -> Markup {
    let mut owners: Vec<&str> = jobs.iter().map(|job| owner(job)).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut accounts: Vec<String> = jobs.iter().filter_map(|job| report.accounts_of(job).pop()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    html! {
        form #filter hidden role="search" aria-label="Filter the jobs" {
            label { "Text " input #text type="search" autocomplete="off" placeholder="job, role or finding"; }
            label { "Severity " select #severity {
                option value="" { "any" }
                @for severity in Severity::ALL { option value=(severity) { (severity) } }
                option value="waived" { "waived" }
                option value="none" { "nothing found" }
            } }
            label { "Owner " select #owner {
                option value="" { "any" }
                @for owner in owners { option value={ "=" (owner) } { (owner) } }
            } }
            label { "Account " select #account {
                option value="" { "any" }
                @for account in accounts { option value={ "=" (account) } { (account) } }
            } }
            label { "Group by " select #group {
                option value="" { "severity" }
                @for group in ["owner", "account", "role"] { option value=(group) { (group) } }
            } }
            label { "Sort by " select #sort {
                option value="" { "severity" }
                @for key in ["name", "owner", "account", "role"] { option value=(key) { (key) } }
            } }
            button type="reset" { "Clear" }
            span #count.ch-quiet role="status" aria-live="polite" {}
        }
    }
}

fn owner(job: &JobReport) -> &str {
    job.owner.as_deref().unwrap_or(UNOWNED)
}

fn row(report: &Report, job: &JobReport, found: &JobFindings<'_>) -> Markup {
    let account = report.accounts_of(job).pop().unwrap_or_default();
    let role = job.hops.last().map_or("", |hop| hop.role.name());
    let (open, waived) = (found.open(job), found.waived(job));
    let severity = match open.iter().map(|finding| finding.severity).max() {
        Some(worst) => worst.as_str(),
        None if waived.is_empty() => "none",
        None => "waived",
    };
    let ids: Vec<&str> = open.iter().chain(waived).map(|finding| finding.id.as_str()).collect();
    html! {
        details.job data-severity=(severity) data-owner=(owner(job)) data-account=(account) data-role=(role)
            data-name=(job.name) {
            summary {
                div class={ "ch-row " (bars::class(Look::of_job(job))) } {
                    div.ch-job { bdi { (job.name) } }
                    div.ch-verdict { (plain::verdict(job)) }
                    div.ch-time { (times(report, job)) }
                    div.ch-where { (bars::owner_and_accounts(report, job)) }
                    div.ch-why {
                        @if open.is_empty() && !waived.is_empty() { span.ch-quiet { (ids.join(", ")) ", waived" } }
                        @else { (ids.join(", ")) }
                    }
                    @if report.has_lengths() { div.ch-bar aria-hidden="true" { (bars::bar(job)) } }
                }
            }
            div.inside {
                p.ch-quiet { "Owner " bdi { (owner(job)) } " · declared at " bdi { (job.location) } }
                (path(job))
                @for finding in open.iter().chain(waived) { (finding_details(finding, "h3")) }
            }
        }
    }
}

fn times(report: &Report, job: &JobReport) -> String {
    if report.has_lengths() { bars::describe_times(job) } else { format!("lasts {}", plain::lasts(job)) }
}

/// How long jobs on each profile may run.
fn profile_table(profiles: &Profiles) -> Markup {
    html! {
        section aria-label="Profiles" {
            h2 { "Profiles" }
            div.wide { table {
                thead { tr { @for heading in ["profile", "path", "copied", "renewed", "limited by"] {
                    th scope="col" { (heading) }
                } } }
                tbody { @for row in profiles.rows() {
                    tr {
                        td { bdi { (row.profile) } }
                        td { bdi { (row.path) } }
                        td { (row.copied) }
                        td { (row.renewed) }
                        td { bdi { (row.limited_by) } }
                    }
                } }
            } }
        }
    }
}

/// The path, hop by hop, with the cap of each.
fn path(job: &JobReport) -> Markup {
    let limit = plain::limited_by(job);
    html! {
        @if !limit.is_empty() { p { "Limited by " bdi { (limit) } "." } }
        @if job.hops.is_empty() { p { "It uses its source's own credentials: no role is assumed." } }
        @else {
            div.wide { table {
                thead { tr {
                    th scope="col" { "hop" } th scope="col" { "role" } th scope="col" { "how" }
                    th scope="col" { "requests" } th scope="col" { "cap" } th scope="col" { "gets" }
                    th scope="col" { "walk" }
                } }
                tbody { @for (index, hop) in job.hops.iter().enumerate() { (hop_row(job, index, hop)) } }
            } }
        }
    }
}

fn hop_row(job: &JobReport, index: usize, hop: &HopReport) -> Markup {
    let cap = hop.cap_seconds.map_or_else(|| "not known".to_owned(), |seconds| seconds.to_string());
    let without = if job.verdict == Verdict::Rejected { "nothing" } else { "not known" };
    let lease = hop.lease_seconds.map_or_else(|| without.to_owned(), |seconds| seconds.to_string());
    html! {
        tr {
            td { "path[" (index) "]" }
            td { bdi { (hop.role) } @if job.limiting_hop == Some(index) { b { " limits the job" } } }
            td { (if hop.chained { "chained" } else { "direct" }) }
            td { (hop.requested_seconds) }
            td { (cap) }
            td { (lease) }
            td { (plain::outcome(hop.outcome)) }
        }
    }
}

/// One finding with its fixes.
fn finding_details(finding: &Finding, heading: &str) -> Markup {
    let title = html! { b { (finding.severity) } " " bdi { (finding.title) } };
    html! {
        article.finding {
            @if heading == "h3" { h3 { (title) } }
            p.ch-quiet { (finding.id) " · " bdi { (plain::place(finding)) } " · owner " bdi { (finding.owner) }
                @if let Some(place) = &finding.location { " · " bdi { (place) } } }
            @if let Some(waived) = &finding.waived { (waiver(waived)) }
            p dir="auto" { (bars::with_code(&finding.detail)) }
            @if let Some(caution) = &finding.caution { p dir="auto" { (bars::with_code(caution)) } }
            @if finding.fixes.len() > 1 { p { (plain::ANY_ONE) } }
            @for (option, fix) in plain::options(&finding.fixes) {
                div.option {
                    @if let Some(option) = option { p { b { (option) } } }
                    @if fix.parts.len() > 1 { ol { @for part in &fix.parts { li { (step(part)) } } } }
                    @else { @for part in &fix.parts { (step(part)) } }
                }
            }
            p { "More: "
                @if finding.runbook.starts_with("https://") || finding.runbook.starts_with("http://") {
                    a href=(finding.runbook) rel="noreferrer" { (finding.runbook) }
                } @else { code { (plain::more(finding)) } }
            }
        }
    }
}

/// A step of a fix with its lines to copy.
fn step(part: &Part) -> Markup {
    html! {
        p dir="auto" { (bars::with_code(&part.step)) }
        @for block in &part.blocks {
            figure {
                figcaption { (block.kind.heading()) }
                pre tabindex="0" { (PreEscaped("\n")) code { (block.text) } }
            }
        }
    }
}

fn waiver(waived: &Waived) -> Markup {
    html! {
        p { b { "Waived" } " until " (waived.until) ": " bdi { (waived.reason) }
            @if let Some(approver) = &waived.approver { " Approved by " bdi { (approver) } "." } }
    }
}

/// Findings about the run, about waivers, and about roles that no job of this report uses.
fn findings_without_job(found: &JobFindings<'_>) -> Markup {
    html! {
        @if !found.run.is_empty() {
            section aria-label="Findings without a job" {
                h2 { "Findings without a job" }
                @for finding in &found.run {
                    details {
                        summary {
                            b { (finding.severity) } " " bdi { (finding.title) }
                            @if finding.waived.is_some() { " (waived)" }
                        }
                        div.inside { (finding_details(finding, "")) }
                    }
                }
            }
        }
    }
}

fn coverage(report: &Report) -> Markup {
    let (roles, paths) = (&report.coverage.roles.not_checked, &report.coverage.paths.not_walked);
    let settings = &report.coverage.settings.not_read;
    html! {
        section aria-label="Coverage" {
            h2 { "Coverage" }
            ul { @for line in plain::coverage(report) { li { bdi { (bars::with_code(&line)) } } } }
            @if !(plain::is_offline(&report.coverage) || roles.is_empty() && paths.is_empty() && settings.is_empty()) {
                details {
                    summary { "Everything that was not checked" }
                    ul {
                        @for role in roles {
                            li { bdi { (role.role) } ": " (plain::not_checked(role.reason, report.origin)) }
                        }
                        @for path in paths {
                            li {
                                bdi { (path.job) } @if let Some(hop) = path.hop { " at path[" (hop) "]" }
                                ": " (plain::outcome(path.reason))
                            }
                        }
                        @for setting in settings {
                            li { bdi { (setting.setting) } ": " (plain::not_read_reason(setting.reason)) }
                        }
                    }
                }
            }
        }
    }
}

/// The most files of the inventory that are named. The JSON report names all.
const MOST_FILES: usize = 100;

fn run(report: &Report) -> Markup {
    let run = &report.run;
    html! {
        section aria-label="Run" {
            h2 { "Run" }
            dl {
                dt { "Run" } dd { bdi { (run.id) } }
                dt { "Started" } dd { (at(report)) }
                dt { "Took" } dd { (run.duration_ms) " ms" }
                dt { "Complete" } dd { (if run.complete { "yes" } else { "no" }) }
                dt { "Inventory, SHA-256" } dd { (run.inventory_sha256) }
                @for file in run.inventory_files.iter().take(MOST_FILES) {
                    dt { "Inventory" } dd { bdi { (file.to_string()) } }
                }
                dt { "Version" } dd { (run.version) }
            }
        }
    }
}
