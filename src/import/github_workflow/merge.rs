//! One list of the logins that a job has in its cases: of two that differ only in how long they are used, the worse
//! stands.

use crate::import::Draft;
use crate::inventory::{LengthFrom, Seconds};
use crate::lease::rules::DEFAULT_DURATION;

/// A login of a job, as a job of the inventory that has no name yet.
pub(super) struct OfStep {
    /// The step of the job.
    pub(super) step: usize,
    pub(super) draft: Draft,
}

/// Adds the logins of one case to those of others.
pub(super) fn add(known: &mut Vec<OfStep>, found: Vec<OfStep>) {
    for new in found {
        if known.iter().any(|old| covers(&old.draft, &new.draft)) {
            continue;
        }
        known.retain(|old| !covers(&new.draft, &old.draft));
        known.push(new);
    }
}

/// Whether the login is the same and its use at least as bad: as long, and as well known if the other is too long.
fn covers(worse: &Draft, other: &Draft) -> bool {
    let needed = |draft: &Draft| draft.length.value + draft.age.as_ref().map_or_else(Default::default, |age| age.value);
    let same = Draft {
        place: other.place,
        length: other.length.clone(),
        length_from: other.length_from,
        age: other.age.clone(),
        comments: other.comments.clone(),
        single_login: other.single_login,
        ..worse.clone()
    };
    let as_well_known = worse.length_from == LengthFrom::Declared || other.length_from != LengthFrom::Declared;
    let is_longer = needed(worse) > needed(other);
    same.name == other.name
        && same.is_like(other)
        && (as_well_known && (is_longer || needed(worse) == needed(other))
            || is_longer && needed(other) <= requested(other))
}

/// The lease that the last hop asks for.
fn requested(draft: &Draft) -> Seconds {
    let stated = draft.hops.last().and_then(|hop| hop.duration.as_ref());
    stated.map_or(DEFAULT_DURATION, |stated| stated.value)
}

/// The logins in the order of their steps, under the name of the job.
pub(super) fn named(name: &str, mut found: Vec<OfStep>) -> Vec<Draft> {
    found.sort_by_key(|of_step| of_step.step);
    let several = found.len() > 1;
    let named = |(number, OfStep { draft, .. }): (usize, OfStep)| {
        let name = if several { format!("{name}-{}", number + 1) } else { name.to_owned() };
        Draft { name, single_login: draft.single_login && !several, ..draft }
    };
    found.into_iter().enumerate().map(named).collect()
}
