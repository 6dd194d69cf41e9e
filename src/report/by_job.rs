//! The report by job: the findings of each job, and the order of jobs. Shared by the page, the widget, the summary,
//! the spreadsheet and the test results. Independent of their layout.

use std::collections::HashMap;

use super::{JobReport, Report, Walk};
use crate::findings::Finding;
use crate::lease::Verdict;

/// The findings by job.
pub(super) struct JobFindings<'a> {
    open: HashMap<&'a str, Vec<&'a Finding>>,
    waived: HashMap<&'a str, Vec<&'a Finding>>,
    /// Findings without a job of this report, including waived ones.
    pub(super) run: Vec<&'a Finding>,
}

impl<'a> JobFindings<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
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

    /// The findings of this job that no waiver covers, the worst first.
    pub(super) fn open(&self, job: &JobReport) -> &[&'a Finding] {
        self.open.get(job.name.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The findings of this job that a waiver covers.
    pub(super) fn waived(&self, job: &JobReport) -> &[&'a Finding] {
        self.waived.get(job.name.as_str()).map_or(&[], Vec::as_slice)
    }
}

/// The findings without a job of this report: about roles, the run, and waivers for other jobs.
#[cfg(feature = "cli")]
pub(super) fn findings_without_job(report: &Report) -> impl Iterator<Item = &Finding> {
    let known: std::collections::HashSet<&str> = report.jobs.iter().map(|job| job.name.as_str()).collect();
    report.findings.iter().filter(move |finding| finding.job.as_deref().is_none_or(|job| !known.contains(job)))
}

/// The look of a job, which also orders the jobs, the worst first.
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
    pub(super) fn of_job(job: &JobReport) -> Self {
        match (job.verdict, job.walk) {
            (Verdict::Rejected, _) => Self::CannotStart,
            (_, Walk::Failed) => Self::WalkFailed,
            (Verdict::Lapses, _) => Self::Lapses,
            (Verdict::Unknown, _) => Self::Unknown,
            (Verdict::Thin, _) => Self::Thin,
            (Verdict::Covered, _) => Self::Covered,
        }
    }

    pub(super) const fn label(self) -> &'static str {
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
    jobs.sort_by_key(|job| (Look::of_job(job), job.headroom_seconds.unwrap_or(i64::MAX)));
    jobs
}
