//! The report as SARIF 2.1.0 (OASIS), for code scanning: each finding at its line of the inventory. Follows GitHub's
//! limits: every result needs a place in a file, and 25,000 results are the most.

mod log;

use std::path::Path;

use serde_json::json;

use self::log::{
    Artifact, Automation, Driver, Invocation, Level, Location, Log, Message, Notification, Physical, Region, Result,
    Rule, Run, Suppression, Text, Tool,
};
use super::{HopOutcome, Report, plain, v1};
use crate::findings::Finding;
use crate::findings::{FindingId, Severity};
use crate::visible;

/// GitHub's limit of results in a run ("SARIF results exceed one or more limits"). GitHub shows 5,000 results.
const MOST_RESULTS: usize = 25_000;

/// Renders the report. Code scanning needs names relative to `folder`, the working directory, for files below it.
#[must_use]
pub fn render(report: &Report, folder: Option<&Path>) -> String {
    let all = report.open_findings().chain(report.findings.iter().filter(|finding| finding.waived.is_some()));
    let all: Vec<&Finding> = all.collect();
    let shown = &all[..all.len().min(MOST_RESULTS)];
    let mut ids: Vec<FindingId> = shown.iter().map(|finding| finding.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mode = if plain::is_offline(&report.coverage) { "lint" } else { "check" };
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "credential-health",
                version: report.run.version,
                semantic_version: report.run.version,
                rules: ids.iter().map(|id| rule(*id, shown)).collect(),
            },
        },
        automation_details: Automation { id: format!("credential-health/{mode}/{}", report.run.id) },
        invocations: [invocation(report, &all[shown.len()..])],
        column_kind: "unicodeCodePoints",
        results: shown.iter().map(|finding| result(finding, report, &ids, folder)).collect(),
        properties: json!({
            "summary": v1::SummaryV1::from(&report.summary),
            "inventory_sha256": report.run.inventory_sha256,
        }),
    };
    serde_json::to_string_pretty(&Log::new(run)).unwrap_or_default()
}

fn rule(id: FindingId, findings: &[&Finding]) -> Rule {
    let page = id.page();
    // A test checks the form of the pages: the title, a sentence, the severity, "What it means".
    let meaning = section(page, "What it means").replace('\n', " ");
    let body = page.find("\n## ").map_or(page, |start| page[start..].trim_start());
    let runbook = findings.iter().find(|finding| finding.id == id).map(|finding| finding.runbook.clone());
    Rule {
        id: id.as_str(),
        name: id.as_str().split('-').map(capitalised).collect(),
        short_description: Text { text: id.meaning().to_owned() },
        full_description: Text { text: meaning.clone() },
        help: Message { text: meaning, markdown: Some(body.to_owned()) },
        help_uri: runbook.filter(|page| page.starts_with("https://") || page.starts_with("http://")),
        default_configuration: log::Configuration { level: level(id.severity()) },
        properties: json!({
            "precision": "very-high",
            "problem.severity": match id.severity() {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low => "recommendation",
            },
            "security-severity": security_severity(id.severity()),
            "tags": ["security", "aws", "credentials"],
        }),
    }
}

/// The first paragraph below a heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n\n")).unwrap_or_default();
    rest.split("\n\n").next().unwrap_or_default()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low => Level::Note,
    }
}

/// The middle of GitHub's range for the same word: over 9.0 critical, 7.0 high, 4.0 medium.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn result(finding: &Finding, report: &Report, ids: &[FindingId], folder: Option<&Path>) -> Result {
    // GitHub refuses a file with a result without a place: findings about the run get the first line of the
    // inventory.
    let first = report.jobs.first().map(|job| &job.location);
    let file = finding.location.as_ref().or(first).map_or("inventory", |place| &place.file);
    let (line, column) = finding.location.as_ref().map_or((1, 1), |place| (place.line, place.column));
    Result {
        rule_id: finding.id.as_str(),
        rule_index: ids.binary_search(&finding.id).unwrap_or_default(),
        level: level(finding.severity),
        message: Message { text: message(finding), markdown: None },
        locations: [Location {
            physical_location: Physical {
                artifact_location: Artifact { uri: uri(file, folder) },
                region: Region { start_line: line, start_column: column },
            },
        }],
        // GitHub distinguishes alerts of one rule in one file only by this hash. Without the hash GitHub uses the
        // line's text, and two findings of one line would be one alert.
        partial_fingerprints: json!({
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
            "credentialHealth/v1": finding.fingerprint,
        }),
        suppressions: finding.waived.iter().map(suppression).collect(),
        properties: json!({
            "severity": finding.severity,
            "job": finding.job,
            "role": finding.role,
            "hop": finding.hop,
            "owner": finding.owner,
            "runbook": finding.runbook,
            "evidence": finding.evidence.iter().map(v1::FactV1::from).collect::<Vec<_>>(),
            "remediation": finding.fixes.iter().map(v1::FixV1::from).collect::<Vec<_>>(),
        }),
    }
}

fn suppression(waived: &crate::findings::Waived) -> Suppression {
    let approver = waived.approver.as_ref().map_or_else(String::new, |who| format!(", approved by {who}"));
    let justification = visible::line(&format!("{} (until {}{approver})", waived.reason, waived.until));
    Suppression { kind: "external", status: "accepted", justification }
}

/// The text for people, as in a mail.
fn message(finding: &Finding) -> String {
    let mut text = format!("{}\n\n{}\n", finding.title, finding.detail);
    for (option, fix) in plain::options(&finding.fixes) {
        text.push('\n');
        text.push_str(&plain::fix_text(fix, option.as_deref(), ""));
    }
    literal(&text)
}

/// Escapes links and placeholders in a text: SARIF renders `[text](target)` as a link, and replaces `{0}` by an
/// argument (SARIF 2.1.0, 3.11.6 and 3.11.5).
fn literal(text: &str) -> String {
    let text = visible::block(text).replace("](", "] (");
    let mut parts = text.split('{');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let number = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_placeholder = number.len() < part.len() && number.starts_with('}');
        shown.push_str(if is_placeholder { "{ " } else { "{" });
        shown.push_str(part);
    }
    shown
}

/// A file's URI reference: percent-encoded, with forward slashes.
fn uri(file: &str, folder: Option<&Path>) -> String {
    if file == "<stdin>" {
        return "stdin".to_owned();
    }
    let path = Path::new(file);
    let path = folder.and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path);
    let absolute = path.is_absolute();
    let path = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut uri =
        if absolute { format!("file://{}", if path.starts_with('/') { "" } else { "/" }) } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// Whether the run is complete, and what was not checked.
fn invocation(report: &Report, left_out: &[&Finding]) -> Invocation {
    let coverage = &report.coverage;
    let mut notes = Vec::new();
    if !report.run.complete {
        notes.push(Notification::new(Level::Error, plain::incomplete(report)));
    }
    if !left_out.is_empty() {
        let what = plain::count(left_out.len(), "finding is", "findings are");
        let text = format!("{what} omitted: SARIF takes at most {MOST_RESULTS}. --format json has them all.");
        notes.push(Notification::new(Level::Warning, text));
    }
    if plain::is_offline(coverage) {
        notes.extend(plain::coverage(report).iter().map(|line| Notification::new(Level::Note, literal(line))));
    } else {
        notes.extend(coverage.roles.not_checked.iter().map(|role| {
            let text = format!("Not fully checked: {}: {}.", role.role, plain::not_checked(role.reason, report.origin));
            Notification::new(Level::Warning, literal(&text))
        }));
        notes.extend(coverage.settings.not_read.iter().map(|setting| {
            let text = format!("Not read: {}: {}.", setting.setting, plain::not_read_reason(setting.reason));
            Notification::new(Level::Warning, literal(&text))
        }));
        notes.extend(coverage.paths.not_walked.iter().map(|path| {
            let hop = path.hop.map_or_else(String::new, |hop| format!(" at path[{hop}]"));
            let text = format!("Path not walked: {}{hop}: {}.", path.job, plain::outcome(path.reason));
            Notification::new(
                if path.reason == HopOutcome::Declared { Level::Note } else { Level::Warning },
                literal(&text),
            )
        }));
    }
    Invocation {
        execution_successful: report.run.complete,
        start_time_utc: report.run.started_at.clone(),
        tool_execution_notifications: notes,
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn texts_have_neither_links_nor_placeholders() {
        assert_eq!(literal("{0} {every: 30m} {12}{x} [a](b) {"), "{ 0} {every: 30m} { 12}{x} [a] (b) {");
    }
}
