//! Changes that do no harm: how long a job lasts after them, whatever the MaxSessionDurations that are not known.

use super::{Change, Changed};
use crate::inventory::{Job, RoleRef, Seconds};
use crate::lease::{Judgement, Verdict, judge, rules};

/// The least and the highest MaxSessionDuration. A change must do no harm with either of them.
const POSSIBLE_MAXIMA: [Seconds; 2] = [rules::DEFAULT_MAX_SESSION, rules::LONGEST_SESSION];

/// Whether the job lasts as long with the changes as without them.
#[must_use]
pub fn is_no_worse(job: &Job, changes: &[Change], max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> bool {
    let changed = Changed::new(job, changes);
    POSSIBLE_MAXIMA.into_iter().all(|possible| {
        let before = |role: &RoleRef| max_session(role).unwrap_or(possible);
        // A maximum is set "unless it is that long already".
        let after = |role: &RoleRef| changed.maxima.get(role).map_or_else(|| before(role), |to| before(role).max(*to));
        lasts(&judge(&changed.job, |role| Some(after(role)))) >= lasts(&judge(job, |role| Some(before(role))))
    })
}

/// Whether the other declaration of a job lasts as long.
#[must_use]
pub fn lasts_as_long(job: &Job, other: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> bool {
    POSSIBLE_MAXIMA.into_iter().all(|possible| {
        let lasts = |job| lasts(&judge(job, |role| Some(max_session(role).unwrap_or(possible))));
        lasts(other) >= lasts(job)
    })
}

/// How long the job has credentials for certain.
fn lasts(judgement: &Judgement) -> Seconds {
    match judgement.verdict {
        Verdict::Rejected | Verdict::Unknown => Seconds(0),
        Verdict::Lapses | Verdict::Thin | Verdict::Covered => judgement.end.unwrap_or(Seconds(u64::MAX)),
    }
}

/// The changes in the first order in which each step leaves the job no worse, if there is such an order.
pub(super) fn in_safe_steps(
    job: &Job,
    changes: &[Change],
    max_session: &dyn Fn(&RoleRef) -> Option<Seconds>,
) -> Option<Vec<Change>> {
    let is_safe = |order: &Vec<Change>| (1..order.len()).all(|step| is_no_worse(job, &order[..step], max_session));
    orders(changes).into_iter().find(is_safe)
}

/// Every order of the changes, the given order first.
fn orders(changes: &[Change]) -> Vec<Vec<Change>> {
    if changes.len() < 2 {
        return vec![changes.to_vec()];
    }
    let with_first = |first: usize| {
        let (mut rest, chosen) = (changes.to_vec(), changes[first].clone());
        rest.remove(first);
        orders(&rest).into_iter().map(move |rest| [vec![chosen.clone()], rest].concat())
    };
    (0..changes.len()).flat_map(with_first).collect()
}
