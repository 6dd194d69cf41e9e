//! Metrics in CloudWatch's embedded metric format: lines of the log that CloudWatch reads as metrics. Names of jobs and
//! roles are never dimensions: CloudWatch charges for each value of a dimension.

use serde_json::{Value, json};

use crate::findings::Severity;
use crate::report::Report;

/// The metrics of a run, one log line each: the run's own, and the open findings of each severity.
#[must_use]
pub fn embedded_metrics(report: &Report, namespace: &str, timestamp_ms: i64) -> Vec<Value> {
    let headroom = report.jobs.iter().filter_map(|job| job.headroom_seconds).min();
    let mut names = vec![
        json!({ "Name": "RunCompleted", "Unit": "Count" }),
        json!({ "Name": "JobsChecked", "Unit": "Count" }),
        json!({ "Name": "RolesNotChecked", "Unit": "Count" }),
        json!({ "Name": "RunDurationMs", "Unit": "Milliseconds" }),
    ];
    let mut line = json!({
        "RunCompleted": u8::from(report.run.complete),
        "JobsChecked": report.summary.jobs,
        "RolesNotChecked": report.coverage.roles.unexpected(),
        "RunDurationMs": report.run.duration_ms,
        "run_id": report.run.id,
        "version": report.run.version,
    });
    if let Some(headroom) = headroom {
        names.push(json!({ "Name": "MinHeadroomSeconds", "Unit": "Seconds" }));
        line["MinHeadroomSeconds"] = json!(headroom);
    }
    let directive = |dimensions: Value, metrics: Value| {
        let metrics = json!([{ "Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics }]);
        json!({ "Timestamp": timestamp_ms, "CloudWatchMetrics": metrics })
    };
    line["_aws"] = directive(json!([[]]), json!(names));
    let by_severity = Severity::ALL.into_iter().map(|severity| {
        json!({
            "Findings": report.summary.findings.get(&severity).copied().unwrap_or_default(),
            "Severity": severity.as_str(),
            "run_id": report.run.id,
            "_aws": directive(json!([["Severity"]]), json!([{ "Name": "Findings", "Unit": "Count" }])),
        })
    });
    std::iter::once(line).chain(by_severity).collect()
}
