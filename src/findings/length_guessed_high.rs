//! `length-guessed-high`: the longest of many measured runs is under a quarter of the declared length.

use super::evidence::{Fact, FactKind, Provenance};
use super::measured::MeasuredJob;
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::fixes::Fix;
use crate::inventory::{LengthFrom, Seconds};

define!(
    "length-guessed-high",
    Low,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::LongestRun, FactKind::DeclaredLength],
);

/// The fewest runs that show the length of a job.
const FEWEST_RUNS: usize = 20;

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    // The pages that are missing can have the longest run.
    if subject.facts.measured.as_ref().is_some_and(|history| history.not_whole.is_empty()) {
        out.extend(subject.measured.iter().filter_map(describe));
    }
}

fn describe(measured: &MeasuredJob<'_>) -> Option<Finding> {
    let MeasuredJob { job, runs, .. } = measured;
    // The timeout of a function or a project is a limit that the service enforces, and no guess.
    if job.length_from != LengthFrom::Declared || runs.lengths.len() < FEWEST_RUNS {
        return None;
    }
    // A run that was cut short after more time than any complete run may have needed far more.
    if runs.longer_cut_short().is_some() {
        return None;
    }
    let (longest, declared) = (runs.longest()?, job.length);
    let (proposed, median) = (runs.proposed_length()?, runs.median().unwrap_or_default());
    if longest.0.saturating_mul(4) >= declared.0 || proposed >= declared || runs.may_be_longer_than(proposed) {
        return None;
    }
    let detail = format!(
        "{} The longest of the {} runs that succeeded took {longest}, the median {median}; {declared} is declared. No \
         job fails because of this, but the fixes for {declared} can require longer sessions than the job needs. Runs \
         that are rare, such as those at the end of a month, may be missing from the history.",
        measured.describe(),
        runs.lengths.len(),
    );
    let Seconds(seconds) = proposed;
    Some(
        Finding::about_job(FindingId::LengthGuessedHigh, job, None)
            .evidence(Fact::LongestRun(longest), Provenance::RunHistory("start to end, without queue time"))
            .evidence(Fact::DeclaredLength(declared), Provenance::Inventory("length"))
            .evidence(measured.count(), Provenance::RunHistory("runs that ended"))
            .titled(format!("{} declares {declared}; the longest measured run took {longest}", job.name))
            .detailed(detail)
            .fixes([Fix::step(format!(
                "In the inventory, declare `length: {proposed}` ({seconds} seconds: the longest run and 20 %), if the \
                 history has the rare long runs too."
            ))]),
    )
}
