//! Logs: JSON or text as Lambda's own settings say, for this crate only, so that no library logs a payload or a
//! credential. Each finding is in the log before any message is sent.

use std::io::Write;

use serde_json::Value;
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cloudtrail::{Sessions, time};
use crate::inventory::RoleRef;
use crate::report::Report;
use crate::s3_uri::S3Uri;

/// Sets up logging by AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL (Lambda's logging configuration).
pub fn set_up() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let level = variable("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level.parse::<Level>().ok()).unwrap_or(Level::INFO);
    let ours = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("credential_health", level)
        .with_target("lambda_runtime", LevelFilter::ERROR);
    let registry = tracing_subscriber::registry().with(ours);
    let json = variable("AWS_LAMBDA_LOG_FORMAT").is_none_or(|format| !format.eq_ignore_ascii_case("text"));
    if json {
        let _ = registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(false),
            )
            .try_init();
    } else {
        let _ = registry.with(tracing_subscriber::fmt::layer().with_ansi(false).without_time()).try_init();
    }
}

/// How many jobs have a line about their headroom: those with the least.
const MOST_HEADROOMS: usize = 20;

/// Logs a run: one line for each finding, and one for the run.
pub(super) fn report(report: &Report) {
    for finding in &report.findings {
        tracing::warn!(
            event = "finding",
            run_id = report.run.id,
            id = finding.id.as_str(),
            severity = finding.severity.as_str(),
            job = finding.job.as_deref(),
            role = finding.role.as_ref().map(RoleRef::as_str),
            hop = finding.hop,
            owner = finding.owner,
            owners = finding.owners.join(", "),
            waived = finding.waived.is_some(),
            fingerprint = finding.fingerprint,
            title = finding.title,
            detail = finding.detail,
        );
    }
    tracing::info!(
        event = "run",
        run_id = report.run.id,
        complete = report.run.complete,
        jobs = report.summary.jobs,
        roles = report.summary.roles,
        roles_not_checked = report.coverage.roles.not_checked.len(),
        findings = report.findings.len(),
        waived = report.summary.waived,
        duration_ms = report.run.duration_ms,
        version = report.run.version,
    );
}

/// Logs the headroom of the tightest jobs. The dashboard shows these numbers over the last runs.
pub(super) fn headrooms(report: &Report) {
    for (job, headroom_seconds) in least_headrooms(report) {
        tracing::info!(event = "headroom", run_id = report.run.id, job, headroom_seconds);
    }
}

/// Logs how much the result of a query has.
pub(super) fn sessions(run_id: &str, uri: &S3Uri, read: &Sessions) {
    tracing::info!(
        event = "sessions",
        run_id,
        uri = uri.to_string(),
        records = read.records,
        from = read.window.from.map(time::format),
        to = read.window.to.map(time::format),
        sessions = read.sessions.len(),
        refused = read.refused.len(),
    );
}

/// The jobs with the least headroom, the least first. Jobs without an end or a verdict have none.
fn least_headrooms(report: &Report) -> Vec<(&str, i64)> {
    let headrooms = report.jobs.iter().filter_map(|job| Some((job.name.as_str(), job.headroom_seconds?)));
    let mut jobs: Vec<(&str, i64)> = headrooms.collect();
    jobs.sort_by_key(|(name, headroom)| (*headroom, *name));
    jobs.truncate(MOST_HEADROOMS);
    jobs
}

/// Writes a line of embedded metrics: CloudWatch reads them from lines that hold only the JSON object.
pub fn write_metrics(line: &Value) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
