//! Proposals for the texts of files, and those of them that harm no job.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fixable, MaxSession, TextFile};
use crate::fixes::search::lasts_as_long;
use crate::import::TextChange;
use crate::inventory::{Job, JobName, Location};
use crate::lease::{Verdict, judge};

/// A change of one file.
pub(super) struct Proposal {
    /// The index of the file.
    pub(super) file: usize,
    pub(super) change: TextChange,
    /// The jobs that it changes, which must be covered after it.
    pub(super) jobs: BTreeSet<JobName>,
    /// The entry of the file that it fixes.
    pub(super) at: Location,
    /// What people should know of it, at its line.
    pub(super) note: Option<&'static str>,
}

pub(super) fn is_covered(job: &Job, max_session: MaxSession<'_>) -> bool {
    judge(job, max_session).verdict == Verdict::Covered
}

/// The proposals that cover their jobs and harm no other, with the input after them; `None`: there are none. Each
/// attempt reads the files again with all proposals that are left.
pub(super) fn without_harm(
    input: &dyn Fixable,
    proposals: Vec<Proposal>,
    max_session: MaxSession<'_>,
) -> Option<(Vec<Proposal>, Box<dyn Fixable>)> {
    let files = input.files();
    let mut kept = without_conflicts(proposals);
    while !kept.is_empty() {
        let text = |(index, file): (usize, &TextFile)| TextChange::apply_all(&file.text, changes_of(index, &kept));
        let after = input.with_texts(files.iter().enumerate().map(text).collect())?;
        let harmed = harmed(input.jobs(), after.jobs(), &kept, max_session);
        if harmed.is_empty() {
            return Some((kept, after));
        }
        let left = kept.len();
        kept.retain(|proposal| proposal.jobs.is_disjoint(&harmed));
        if kept.len() == left {
            // It is not known which change harms a job that none of them means.
            return None;
        }
    }
    None
}

fn changes_of(file: usize, proposals: &[Proposal]) -> impl Iterator<Item = &TextChange> {
    proposals.iter().filter(move |proposal| proposal.file == file).map(|proposal| &proposal.change)
}

/// Two changes of the same part are both left out, unless they are the same.
fn without_conflicts(proposals: Vec<Proposal>) -> Vec<Proposal> {
    let mut by_place: BTreeMap<(usize, usize), Vec<Proposal>> = BTreeMap::new();
    for proposal in proposals {
        by_place.entry((proposal.file, proposal.change.offset)).or_default().push(proposal);
    }
    let one = |mut same: Vec<Proposal>| {
        let first = same.pop()?;
        let alike = same.iter().all(|other| other.change == first.change);
        let jobs = same.into_iter().flat_map(|other| other.jobs);
        alike.then(|| Proposal { jobs: first.jobs.iter().cloned().chain(jobs).collect(), ..first })
    };
    by_place.into_values().filter_map(one).collect()
}

/// The jobs that are not as they should be after the changes: a job that a change means is covered, any other is
/// covered for as long as before, the same, or could not start before.
fn harmed(old: &[Job], new: &[Job], proposals: &[Proposal], max_session: MaxSession<'_>) -> BTreeSet<JobName> {
    let new: BTreeMap<&JobName, &Job> = new.iter().map(|job| (&job.name, job)).collect();
    let is_meant = |job: &Job| proposals.iter().any(|proposal| proposal.jobs.contains(&job.name));
    let is_good = |job: &Job| {
        new.get(&job.name).is_some_and(|new| {
            let is_same = || Job { location: job.location.clone(), ..(*new).clone() } == *job;
            let could_not_start = || judge(job, max_session).verdict == Verdict::Rejected;
            let as_long = || lasts_as_long(job, new, max_session);
            match is_meant(job) {
                true => is_covered(new, max_session),
                false => is_same() || could_not_start() || is_covered(new, max_session) && as_long(),
            }
        })
    };
    old.iter().filter(|job| !is_good(job)).map(|job| job.name.clone()).collect()
}
