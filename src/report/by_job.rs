//! The report seen from its jobs: which findings are about which, and which job is the worst. What the page, the widget, the
//! summary, the spreadsheet and the test results share. Knows nothing of how any of them looks.

use std::collections::HashMap;

use super::{JobReport, Report, Walk};
use crate::findings::Finding;
use crate::lease::Verdict;

/// The findings by what they are about.
pub(super) struct Found<'a> {
    open: HashMap<&'a str, Vec<&'a Finding>>,
    waived: HashMap<&'a str, Vec<&'a Finding>>,
    /// Of no job of this report, waived ones among them.
    pub(super) run: Vec<&'a Finding>,
}

impl<'a> Found<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut found = Self { open: HashMap::new(), waived: HashMap::new(), run: Vec::new() };
        let known: HashMap<&str, &str> = report.jobs.iter().map(|job| (job.name.as_str(), job.name.as_str())).collect();
        for finding in &report.findings {
            let by_job = if finding.waived.is_some() { &mut found.waived } else { &mut found.open };
            let mut has_job = false;
            for job in finding.jobs().filter_map(|job| known.get(job.as_str()).copied()) {
                by_job.entry(job).or_default().push(finding);
                has_job = true;
            }
            if !has_job {
                found.run.push(finding);
            }
        }
        found
    }

    /// Those about this job that no waiver covers, the worst first.
    pub(super) fn open(&self, job: &JobReport) -> &[&'a Finding] {
        self.open.get(job.name.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Those about this job that a waiver covers.
    pub(super) fn waived(&self, job: &JobReport) -> &[&'a Finding] {
        self.waived.get(job.name.as_str()).map_or(&[], Vec::as_slice)
    }
}

/// The findings that are no job's own: of roles, of the run, of waivers for jobs that are not here.
#[cfg(feature = "cli")]
pub(super) fn of_no_job(report: &Report) -> impl Iterator<Item = &Finding> {
    let known: std::collections::HashSet<&str> = report.jobs.iter().map(|job| job.name.as_str()).collect();
    report.findings.iter().filter(move |finding| finding.job.as_deref().is_none_or(|job| !known.contains(job)))
}

/// How a job is shown, and its place among the others, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    CannotStart,
    WalkFailed,
    Lapses,
    Unknown,
    Thin,
    Covered,
}

impl Look {
    pub(super) fn of(job: &JobReport) -> Self {
        match (job.verdict, job.walk) {
            (Verdict::Rejected, _) => Self::CannotStart,
            (_, Walk::Failed) => Self::WalkFailed,
            (Verdict::Lapses, _) => Self::Lapses,
            (Verdict::Unknown, _) => Self::Unknown,
            (Verdict::Thin, _) => Self::Thin,
            (Verdict::Covered, _) => Self::Covered,
        }
    }

    pub(super) const fn in_words(self) -> &'static str {
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

/// The jobs, the worst first.
pub(super) fn worst_first(report: &Report) -> Vec<&JobReport> {
    let mut jobs: Vec<&JobReport> = report.jobs.iter().collect();
    jobs.sort_by_key(|job| (Look::of(job), job.headroom_seconds.unwrap_or(i64::MAX)));
    jobs
}
