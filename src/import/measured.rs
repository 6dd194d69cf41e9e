//! Lengths of imported jobs by run histories: the longest run and 20 %, with the evidence as a comment.

use super::Imported;
use crate::inventory::{Diagnostic, Job, LengthFrom, Seconds};
use crate::measured::{JobRuns, MeasuredBy, RunHistory, TiedRuns};

impl Imported {
    /// Proposes lengths by these run histories. A job without runs there keeps its length and is tied to no history.
    pub fn measure(&mut self, history: &RunHistory) {
        for job in &mut self.inventory.jobs {
            let Some(tie) = job.measured_by.take() else { continue };
            let comments = self.comments.jobs.entry(job.name.to_string()).or_default();
            match history.runs_of(&tie) {
                TiedRuns::Runs(runs) => {
                    let limit = (job.length, comments.length.take());
                    comments.length = Some(propose(job, &runs, limit));
                    job.measured_by = Some(tie);
                }
                TiedRuns::None => {}
                TiedRuns::Ambiguous(scopes) => self.notes.push(ambiguous(job, &tie, scopes.len())),
            }
        }
    }

    /// Forgets the run histories of the jobs: without files of runs, an inventory does not name them.
    pub fn forget_histories(&mut self) {
        self.inventory.jobs.iter_mut().for_each(|job| job.measured_by = None);
    }
}

/// Sets the proposed length. Returns the evidence.
fn propose(job: &mut Job, runs: &JobRuns, (limit, about_limit): (Seconds, Option<String>)) -> String {
    let about_limit = about_limit.map(|about| format!(" ({about})")).unwrap_or_default();
    let cut_short = match (runs.cut_short.count(), runs.cut_short.longest) {
        (0, _) => String::new(),
        (cut, None) => format!("; {cut} more cut short"),
        (cut, Some(longest)) => format!("; {cut} more cut short, the longest after {longest}"),
    };
    let (Some(longest), Some(proposed)) = (runs.longest(), runs.proposed_length()) else {
        return format!("no measured run succeeded{cut_short}: the length is as without a history{about_limit}");
    };
    // No run can be longer than the timeout.
    job.length = proposed.min(limit);
    job.length_from = LengthFrom::Measured;
    let how = match proposed > limit {
        true => format!("the limit is {limit}{about_limit}"),
        false => format!("with 20 %, rounded up; the limit is {limit}{about_limit}"),
    };
    let days = runs.days().map(|days| format!(" ({days})")).unwrap_or_default();
    let noun = if runs.lengths.len() == 1 { "run" } else { "runs" };
    format!("longest of {} measured {noun}{days}: {longest}, {how}{cut_short}", runs.lengths.len())
}

fn ambiguous(job: &Job, tie: &MeasuredBy, scopes: usize) -> Diagnostic {
    Diagnostic::new(
        job.location.clone(),
        format!("job {}: the run histories have {} in {scopes} places", job.name, tie.describe()),
        "give files of one account and Region, or of one repository and workflow",
    )
}
