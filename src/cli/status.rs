//! Exit statuses. Pipelines rely on them: the meaning of a status never changes.

use crate::findings::Severity;
use crate::report::Report;

/// The exit status of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// No open finding at or above `--fail-on`.
    Healthy,
    /// Open findings at or above `--fail-on`.
    Findings,
    /// Bad arguments, or a bad inventory.
    BadUsage,
    /// The run is incomplete: something was not checked or not judged.
    Incomplete,
    /// No credentials, no answer from AWS, or a message not published.
    NoAnswer,
}

/// Every exit status with its meaning. `scripts/reference` writes the table of the documentation.
pub const EXIT_STATUSES: [(ExitStatus, &str); 5] = [
    (ExitStatus::Healthy, "no open finding at or above --fail-on"),
    (ExitStatus::Findings, "open findings at or above --fail-on"),
    (ExitStatus::BadUsage, "bad arguments, inventory or settings: nothing was checked; or no report was written"),
    (ExitStatus::Incomplete, "the run is incomplete: something was not checked or not judged"),
    (ExitStatus::NoAnswer, "no AWS credentials, no answer from AWS, or a message not published"),
];

impl ExitStatus {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Findings => 1,
            Self::BadUsage => 2,
            Self::Incomplete => 3,
            Self::NoAnswer => 4,
        }
    }
}

pub(super) fn after_help() -> String {
    let lines: Vec<String> =
        EXIT_STATUSES.iter().map(|(status, meaning)| format!("  {}  {meaning}", status.code())).collect();
    format!("Exit status. If several apply, the first of 2, 4, 1, 3, 0:\n{}", lines.join("\n"))
}

/// The lowest severity that fails the command; `None`: no finding fails it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailOn(pub(super) Option<Severity>);

/// The value of `--fail-on` is no severity.
#[derive(Debug, thiserror::Error)]
#[error("write low, medium, high, critical or none")]
pub(super) struct NotASeverity;

impl FailOn {
    pub(super) fn parse(text: &str) -> Result<Self, NotASeverity> {
        match Severity::parse(text) {
            Some(severity) => Ok(Self(Some(severity))),
            None if text == "none" => Ok(Self(None)),
            None => Err(NotASeverity),
        }
    }
}

/// The exit status of a finished run whose report was shown.
pub(super) fn status_of(report: &Report, FailOn(limit): FailOn) -> ExitStatus {
    if limit.is_some_and(|limit| report.worst().is_some_and(|worst| worst >= limit)) {
        ExitStatus::Findings
    } else if !report.run.complete {
        ExitStatus::Incomplete
    } else {
        ExitStatus::Healthy
    }
}
