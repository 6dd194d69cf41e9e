//! Shared parts of findings about measured runs: the jobs of the run whose `measured_by` names runs of a history.

use super::evidence::Fact;
use crate::inventory::Job;
use crate::measured::{JobRuns, MeasuredBy, RunHistory, TiedRuns};

/// A job with its measured runs.
#[derive(Debug)]
pub(super) struct MeasuredJob<'a> {
    pub(super) job: &'a Job,
    tie: &'a MeasuredBy,
    pub(super) runs: Box<JobRuns>,
}

/// The jobs that have measured runs. A name in several scopes is no measurement.
pub(super) fn measured_jobs<'a>(jobs: &[&'a Job], history: Option<&RunHistory>) -> Vec<MeasuredJob<'a>> {
    let Some(history) = history else { return Vec::new() };
    let measured = |job: &&'a Job| {
        let job: &'a Job = job;
        let tie = job.measured_by.as_ref()?;
        match history.runs_of(tie) {
            TiedRuns::Runs(runs) => Some(MeasuredJob { job, tie, runs }),
            TiedRuns::None | TiedRuns::Ambiguous(_) => None,
        }
    };
    jobs.iter().filter_map(measured).collect()
}

impl MeasuredJob<'_> {
    /// The runs in a sentence.
    pub(super) fn describe(&self) -> String {
        let runs = &self.runs;
        let window = runs.days().map(|days| format!(" from {days}")).unwrap_or_default();
        let noun = if runs.runs() == 1 { "run" } else { "runs" };
        let tie = self.tie.describe();
        format!("The run history of {tie} has {} {noun}{window}, {} cut short.", runs.runs(), runs.cut_short.count())
    }

    /// The number of runs that ended.
    pub(super) fn count(&self) -> Fact {
        Fact::Count(i64::try_from(self.runs.runs()).unwrap_or(i64::MAX))
    }
}
