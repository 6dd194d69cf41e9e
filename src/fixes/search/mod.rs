//! The least changes that cover a job, found by judging each with `lease::judge`. Owns the search; the rules are in
//! `lease`.
//!
//! A *step* is a kind of change; a [`Change`] is a step with its number. The search tries sets of one, two and three
//! steps, the smallest first, each with the numbers nearest to the declared ones. Sets that contain a smaller
//! sufficient set are skipped.

mod change;
mod numbers;
mod safety;

pub(in crate::fixes) use change::ChangeStep;
pub use change::{Change, ChangeKind, Changed};
pub use safety::{is_no_worse, lasts_as_long};

use crate::inventory::{Job, JobName, Location, Refresh, RoleRef, Seconds, Source};
use crate::lease::{Judgement, Verdict, judge, rules};

/// The largest number of single changes in one way.
pub const MOST_CHANGES: usize = 3;

/// A way to cover the job: changes that suffice together, while no part of them suffices alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The changes, in the order of making them.
    pub changes: Vec<Change>,
    /// Each of the changes, with those before it, leaves the job no worse than it was.
    pub is_stepwise: bool,
    /// The verdict after the changes.
    pub judgement: Judgement,
}

/// The result of the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// The job is already covered.
    Fits,
    /// Every way within [`MOST_CHANGES`], the smallest and safest first.
    Ways(Vec<Way>),
    /// No way exists. Shorter runs may have one; lengths are in whole minutes.
    Nothing {
        /// The longest run with a way; `None`: even the shortest run would not start, or not keep its margin.
        longest: Option<Seconds>,
    },
}

/// Searches the ways to cover the job. `max_session` returns a role's MaxSessionDuration, if known.
#[must_use]
pub fn fit(job: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> Fit {
    if judge(job, max_session).verdict == Verdict::Covered {
        return Fit::Fits;
    }
    let search = Search { job, max_session, can_make: &|_| true };
    let ways = search.ways(MOST_CHANGES, None);
    if !ways.is_empty() {
        return Fit::Ways(ways);
    }
    // A longer job never has a better verdict, so bisection finds the longest run.
    let fits = |minutes: u64| {
        let shorter = Job { length: Seconds::minutes(minutes), ..job.clone() };
        let as_it_is = judge(&shorter, max_session).verdict == Verdict::Covered;
        as_it_is || !Search { job: &shorter, max_session, can_make: &|_| true }.ways(MOST_CHANGES, Some(1)).is_empty()
    };
    let (mut low, mut high) = (0, job.length.0 / 60);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    Fit::Nothing { longest: (low > 0).then_some(Seconds::minutes(low)) }
}

/// The first `most` ways to cover the job, for a report about many jobs. Three changes are tried only if no two
/// suffice, and no shorter run is searched. Empty: no way exists, or the job is already covered. `can_make`: whether
/// the user can make the changes where the job is declared.
#[must_use]
pub(crate) fn first_ways(
    job: &Job,
    max_session: &dyn Fn(&RoleRef) -> Option<Seconds>,
    can_make: &dyn Fn(&Way) -> bool,
    most: usize,
) -> Vec<Way> {
    if judge(job, max_session).verdict == Verdict::Covered {
        return Vec::new();
    }
    // The search copies the job for each try, and no verdict depends on these fields.
    let job = &Job { name: JobName::default(), owner: None, location: Location::default(), ..job.clone() };
    let search = Search { job, max_session, can_make };
    let of_two = search.ways(MOST_CHANGES - 1, Some(most));
    if of_two.is_empty() { search.ways(MOST_CHANGES, Some(most)) } else { of_two }
}

/// The requests that alone cover the job: the hop and the DurationSeconds to send there.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn sufficient_requests(
    job: &Job,
    max_session: &dyn Fn(&RoleRef) -> Option<Seconds>,
) -> Vec<(usize, Seconds)> {
    let ways =
        Search { job, max_session, can_make: &|_| true }.ways_with(1, None, |set| matches!(set, [ChangeStep::Ask(_)]));
    let request = |way: Way| match way.changes[..] {
        [Change::Ask(hop, seconds)] => Some((hop, seconds)),
        _ => None,
    };
    ways.into_iter().filter_map(request).collect()
}

/// The least change with a shorter chain, for a job that chains roles.
#[must_use]
pub(crate) fn shorter_chain(
    job: &Job,
    max_session: &dyn Fn(&RoleRef) -> Option<Seconds>,
    can_make: &dyn Fn(&Way) -> bool,
) -> Option<Way> {
    let search = Search { job, max_session, can_make };
    search.ways_with(MOST_CHANGES, Some(1), |set| set.iter().any(|step| step.shortens_the_chain())).pop()
}

/// A job with the known MaxSessionDurations of its roles.
struct Search<'a> {
    job: &'a Job,
    max_session: &'a dyn Fn(&RoleRef) -> Option<Seconds>,
    /// Whether the user can make the changes of a way where the job is declared.
    can_make: &'a dyn Fn(&Way) -> bool,
}

impl Search<'_> {
    /// The first `most` minimal sets of up to `size` steps that suffice, the least change first.
    fn ways(&self, size: usize, most: Option<usize>) -> Vec<Way> {
        self.ways_with(size, most, |_| true)
    }

    /// The sets that `wanted` accepts.
    fn ways_with(&self, size: usize, most: Option<usize>, wanted: impl Fn(&[ChangeStep]) -> bool) -> Vec<Way> {
        let steps = ChangeStep::candidates(self.job, self.max_session);
        let compatible =
            |set: &Vec<ChangeStep>| set.iter().enumerate().all(|(n, a)| set[n + 1..].iter().all(|b| a.goes_with(*b)));
        let mut all: Vec<Vec<ChangeStep>> =
            (1..=size).flat_map(|size| sets(&steps, size)).filter(|set| wanted(set) && compatible(set)).collect();
        // A set weighs more than its subsets, so subsets come first.
        all.sort_by_cached_key(|set| (set.iter().map(|step| step.weight()).sum::<u32>(), set.len()));
        let mut found: Vec<(Vec<ChangeStep>, Way)> = Vec::new();
        for set in all {
            if most.is_some_and(|most| found.len() >= most) {
                break;
            }
            let holds_another = found.iter().any(|(known, _)| known.iter().all(|step| set.contains(step)));
            if !holds_another
                && let Some(way) = self.complete(&set)
                && !self.is_more_than_enough(&way)
                && (self.can_make)(&way)
            {
                found.push((set, way));
            }
        }
        found.into_iter().map(|(_, way)| way).collect()
    }

    /// The changes with the nearest numbers that suffice.
    fn complete(&self, set: &[ChangeStep]) -> Option<Way> {
        let mut way = self.fill(set, &mut Vec::with_capacity(set.len()))?;
        way.changes.sort_by_key(Change::order);
        if let Some(in_steps) = safety::in_safe_steps(self.job, &way.changes, self.max_session) {
            way.changes = in_steps;
            way.is_stepwise = true;
        }
        Some(way)
    }

    /// Tries the numbers of the first step without a number, the nearest first, with those of the later steps.
    fn fill(&self, rest: &[ChangeStep], changes: &mut Vec<Change>) -> Option<Way> {
        let Some((step, rest)) = rest.split_first() else {
            let judgement = self.judgement(changes);
            return (judgement.verdict == Verdict::Covered && !self.has_an_unsent_request(changes)).then(|| Way {
                changes: changes.clone(),
                is_stepwise: false,
                judgement,
            });
        };
        for change in numbers::numbered_changes(self, *step, changes) {
            changes.push(change);
            let way = self.fill(rest, changes);
            changes.pop();
            if way.is_some() {
                return way;
            }
        }
        None
    }

    /// Whether the changes raise a maximum or set a duration that the new profile of the job does not use: no tool
    /// sends the `duration_seconds` of a profile that presents a token (`shared_config::effects` has the sources).
    fn has_an_unsent_request(&self, changes: &[Change]) -> bool {
        let changed = Changed::new(self.job, changes);
        let presents_a_token = matches!(changed.job.source, Source::WebIdentity { renewable: true });
        let is_unsent = |change: &Change| match change {
            Change::MaxSession(..) => true,
            Change::Ask(hop, seconds) => changed.hops.first() == Some(hop) && *seconds != rules::DEFAULT_DURATION,
            Change::Source(_)
            | Change::ExchangeForLast
            | Change::Drop(_)
            | Change::SendNone(_)
            | Change::Renew(_)
            | Change::Refresh(_)
            | Change::Pause(_)
            | Change::Age(_)
            | Change::Split(_) => false,
        };
        presents_a_token && changes.contains(&Change::Refresh(Refresh::Auto)) && changes.iter().any(is_unsent)
    }

    /// Whether a part of the changes suffices with the same numbers.
    fn is_more_than_enough(&self, way: &Way) -> bool {
        let some = |size: usize| sets(&way.changes, size);
        (1..way.changes.len()).flat_map(some).any(|some| self.judgement(&some).verdict == Verdict::Covered)
    }

    fn judgement(&self, changes: &[Change]) -> Judgement {
        Changed::new(self.job, changes).judged(self.max_session)
    }
}

/// Every subset of this size, in order.
fn sets<T: Clone>(all: &[T], size: usize) -> Vec<Vec<T>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let with_first = |(n, first): (usize, &T)| {
        let rest = sets(&all[n + 1..], size - 1);
        let first = first.clone();
        rest.into_iter().map(move |rest| [vec![first.clone()], rest].concat())
    };
    all.iter().enumerate().flat_map(with_first).collect()
}
