//! The report for a spreadsheet: one row per job, then rows for everything without a job. docs/formats.md describes
//! the columns. Their names and order are part of the interface; new columns come last.

use std::collections::HashMap;

use serde::Serialize;

use super::by_job::{self, JobFindings};
use super::{JobReport, NotWalkedPath, Report, Walk, plain};
use crate::findings::Finding;
use crate::inventory::{Location, RoleRef, Seconds};
use crate::lease::{LimitedBy, Verdict};
use crate::visible::spreadsheet_cell as text;

/// One row. The fields are the columns.
#[derive(Default, Serialize)]
struct CsvRow {
    kind: &'static str,
    name: String,
    owner: String,
    verdict: &'static str,
    walk: Option<Walk>,
    needed_seconds: Option<Seconds>,
    lease_seconds: Option<Seconds>,
    lapses_after_seconds: Option<Seconds>,
    headroom_seconds: Option<i64>,
    limited_by: Option<LimitedBy>,
    limiting_role: String,
    severity: &'static str,
    findings: String,
    waived: String,
    detail: String,
    #[serde(rename = "remedy")]
    fix: String,
    file: String,
    line: Option<usize>,
    confirmed: Option<bool>,
}

/// Renders the report: jobs in the inventory's order, then findings about roles and the run, then roles that were not
/// fully checked, then the run.
#[must_use]
pub fn render(report: &Report) -> String {
    let found = JobFindings::new(report);
    let stops = report.coverage.paths.not_walked.iter().map(|path| (path.job.as_str(), path));
    let stops: HashMap<&str, &NotWalkedPath> = stops.collect();
    let has_length = report.has_lengths();
    let jobs = report.jobs.iter().map(|job| job_row(job, &found, stops.get(job.name.as_str()).copied(), has_length));
    let others = by_job::findings_without_job(report).map(finding_row);
    let offline = plain::is_offline(&report.coverage);
    let roles = report.coverage.roles.not_checked.iter().filter(|_| !offline).map(|role| CsvRow {
        kind: "not-checked",
        name: text(role.role.as_str()),
        detail: text(&plain::not_checked(role.reason, report.origin)),
        ..CsvRow::default()
    });
    let settings = report.coverage.settings.not_read.iter().filter(|_| !offline).map(|setting| CsvRow {
        kind: "not-read",
        name: text(setting.setting.as_str()),
        detail: text(&plain::not_read_reason(setting.reason)),
        ..CsvRow::default()
    });
    let not_judged = report.not_judged.iter().map(|not| CsvRow {
        kind: "not-judged",
        name: text(&not.location.to_string()),
        verdict: if not.cannot_work { "rejected" } else { "unknown" },
        detail: text(&not.what),
        fix: text(&not.help),
        file: text(&not.location.file),
        line: Some(not.location.line),
        ..CsvRow::default()
    });
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in jobs.chain(not_judged).chain(others).chain(roles).chain(settings).chain(std::iter::once(run_row(report)))
    {
        // Writing to memory cannot fail, and every field is a cell.
        let _ = writer.serialize(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// `has_length`: without a declared length, no verdict follows from it.
fn job_row(job: &JobReport, found: &JobFindings<'_>, stop: Option<&NotWalkedPath>, has_length: bool) -> CsvRow {
    let (open, waived) = (found.open(job), found.waived(job));
    let titles =
        open.iter().map(|finding| finding.title.clone()).chain(waived.iter().map(|finding| with_waiver(finding)));
    let not_walked = stop.map(|path| {
        let hop = path.hop.map_or_else(String::new, |hop| format!(" at path[{hop}]"));
        format!("not walked{hop}: {}", plain::outcome(path.reason))
    });
    let detail: Vec<String> = titles.chain(not_walked).collect();
    let limiting = job.limiting_hop.and_then(|hop| job.hops.get(hop));
    CsvRow {
        kind: "job",
        name: text(&job.name),
        owner: text(job.owner.as_deref().unwrap_or_default()),
        verdict: if has_length || job.verdict != Verdict::Covered { job.verdict.as_str() } else { "" },
        walk: Some(job.walk),
        needed_seconds: has_length.then_some(job.needed_seconds),
        lease_seconds: job.lease_seconds,
        lapses_after_seconds: job.lapses_after_seconds,
        headroom_seconds: job.headroom_seconds.filter(|_| has_length),
        limited_by: job.limited_by,
        limiting_role: limiting.map_or_else(String::new, |hop| text(hop.role.as_str())),
        severity: open.iter().map(|finding| finding.severity).max().map_or("", |worst| worst.as_str()),
        findings: ids(open),
        waived: ids(waived),
        detail: text(&detail.join("; ")),
        fix: text(&first_steps(open)),
        file: text(&job.location.file),
        line: Some(job.location.line),
        confirmed: Some(job.confirmed),
    }
}

/// A separate row for a finding about a role or the run, even if rows of jobs name it.
fn finding_row(finding: &Finding) -> CsvRow {
    let id = finding.id.to_string();
    let waived = finding.waived.is_some();
    CsvRow {
        kind: "finding",
        name: text(&plain::place(finding)),
        owner: text(&finding.owner),
        limiting_role: text(finding.role.as_ref().map_or("", RoleRef::as_str)),
        severity: if waived { "" } else { finding.severity.as_str() },
        findings: if waived { String::new() } else { id.clone() },
        waived: if waived { id } else { String::new() },
        detail: text(&with_waiver(finding)),
        fix: text(&first_steps(&[finding])),
        file: finding.location.as_ref().map_or_else(String::new, |Location { file, .. }| text(file)),
        line: finding.location.as_ref().map(|place| place.line),
        ..CsvRow::default()
    }
}

fn run_row(report: &Report) -> CsvRow {
    let lines: Vec<String> = std::iter::once(plain::headline(report)).chain(plain::coverage(report)).collect();
    CsvRow {
        kind: "run",
        name: text(&report.run.id),
        verdict: if report.run.complete { "complete" } else { "incomplete" },
        severity: report.worst().map_or("", |worst| worst.as_str()),
        detail: text(&lines.join(" ")),
        ..CsvRow::default()
    }
}

fn with_waiver(finding: &Finding) -> String {
    let waiver = finding.waived.as_ref();
    let waiver =
        waiver.map_or_else(String::new, |waiver| format!(" (waived until {}: {})", waiver.until, waiver.reason));
    format!("{}{waiver}", finding.title)
}

fn ids(findings: &[&Finding]) -> String {
    findings.iter().map(|finding| finding.id.as_str()).collect::<Vec<_>>().join(" ")
}

/// The best step of each finding.
fn first_steps(findings: &[&Finding]) -> String {
    let steps = findings.iter().filter_map(|finding| Some(finding.fixes.first()?.sentences()));
    steps.collect::<Vec<_>>().join(" ")
}
