//! What the function answers, within Lambda's size limit.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::event::Form;
use crate::report::{Report, v1};

/// The largest answer of a synchronous invocation, in bytes (Lambda quotas: 6 MB), less its envelope.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024 - 4096;

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The report.
    Report(Arc<Report>),
    /// Its counts alone.
    Summary(Value),
    /// The HTML of a dashboard's widget.
    Html(String),
    /// The description of the widget and its parameters.
    Markdown {
        /// The text.
        markdown: &'static str,
    },
    /// The event requests nothing.
    Ignored {
        /// Why.
        ignored: String,
    },
}

impl Answer {
    /// The report, or its summary where that is requested or the report is too large.
    pub(super) fn new(report: Arc<Report>, form: Form) -> Self {
        if form == Form::Summary || !fits(&*report, LARGEST_ANSWER) {
            return Self::Summary(summary(&report));
        }
        Self::Report(report)
    }
}

/// Whether a value has at most so many bytes as JSON. The JSON is counted, not kept.
fn fits(value: &impl Serialize, most: usize) -> bool {
    struct Remaining(usize);
    impl io::Write for Remaining {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(text.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(text.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Remaining(most), value).is_ok()
}

/// The report without its lists, named as a summary.
fn summary(report: &Report) -> Value {
    let (roles, paths, settings) = (&report.coverage.roles, &report.coverage.paths, &report.coverage.settings);
    json!({
        "schema_version": v1::SCHEMA_VERSION,
        "report": "summary",
        "run": v1::RunV1::from(&report.run),
        "summary": v1::SummaryV1::from(&report.summary),
        "coverage": {
            "roles": {
                "total": roles.total,
                "assumed": roles.assumed,
                "described": roles.described,
                "not_checked_count": roles.not_checked.len(),
            },
            "paths": {
                "total": paths.total,
                "walked": paths.walked,
                "not_walked_count": paths.not_walked.len(),
            },
            "settings": {
                "total": settings.total,
                "read": settings.read.len(),
                "not_read_count": settings.not_read.len(),
            },
        },
    })
}
