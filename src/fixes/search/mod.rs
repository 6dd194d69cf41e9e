//! The least changes after which a job is covered, found by asking `lease::judge` about each. Owns the search; the
//! rules are those of `lease`.
//!
//! A *step* is a kind of change, a [`Change`] a step with its number. Sets of one, two and three steps are tried, the
//! smallest first, each with the numbers nearest to the declared ones. A set that holds a smaller sufficient set is not
//! tried.

mod change;
mod numbers;

use change::Step;
pub use change::{Change, Changed};

use crate::inventory::{Job, JobName, Location, RoleRef, Seconds};
use crate::lease::{Judgement, Verdict, judge};

/// The most single changes that one way consists of.
pub const MOST_CHANGES: usize = 3;

/// A way to make the job fit: changes that suffice together, and no part of which suffices alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
    /// The verdict after the changes.
    pub judgement: Judgement,
}

/// How a job could be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It is covered as it is.
    Fits,
    /// Every way within [`MOST_CHANGES`], the one that changes least and is safest first.
    Ways(Vec<Way>),
    /// No such way: the longest run that a way exists for, in whole minutes.
    Nothing {
        /// The longest run; `None`: not even the shortest run would start, or keep its margin.
        longest: Option<Seconds>,
    },
}

/// The ways to make the job fit. `max_session` returns a role's MaxSessionDuration where it is known.
#[must_use]
pub fn fit(job: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> Fit {
    if judge(job, max_session).verdict == Verdict::Covered {
        return Fit::Fits;
    }
    let search = Search { job, max_session };
    let ways = search.ways(MOST_CHANGES, None);
    if !ways.is_empty() {
        return Fit::Ways(ways);
    }
    // A longer job never has a better verdict, so halving finds the longest.
    let fits = |minutes: u64| {
        let shorter = Job { length: Seconds::minutes(minutes), ..job.clone() };
        let as_it_is = judge(&shorter, max_session).verdict == Verdict::Covered;
        as_it_is || !Search { job: &shorter, max_session }.ways(MOST_CHANGES, Some(1)).is_empty()
    };
    let (mut low, mut high) = (0, job.length.0 / 60);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    Fit::Nothing { longest: (low > 0).then_some(Seconds::minutes(low)) }
}

/// The first `most` ways to make the job fit, for a report about many jobs: three changes are tried only where no two
/// suffice, and no shorter run is looked for. Empty: there is no way, or the job is covered as it is.
#[must_use]
pub(crate) fn first_ways(job: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>, most: usize) -> Vec<Way> {
    if judge(job, max_session).verdict == Verdict::Covered {
        return Vec::new();
    }
    // The search copies the job for each try, and no verdict depends on these fields.
    let job = &Job { name: JobName::default(), owner: None, location: Location::default(), ..job.clone() };
    let search = Search { job, max_session };
    let of_two = search.ways(MOST_CHANGES - 1, Some(most));
    if of_two.is_empty() { search.ways(MOST_CHANGES, Some(most)) } else { of_two }
}

/// The least change to a chained job that has a shorter chain.
#[must_use]
pub(crate) fn shorter_chain(job: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> Option<Way> {
    let search = Search { job, max_session };
    search.ways_with(MOST_CHANGES, Some(1), |set| set.iter().any(|step| step.shortens_the_chain())).pop()
}

/// A job, and the known MaxSessionDurations of its roles.
struct Search<'a> {
    job: &'a Job,
    max_session: &'a dyn Fn(&RoleRef) -> Option<Seconds>,
}

impl Search<'_> {
    /// The first `most` sets of up to `size` steps that suffice and hold no smaller one that does, the least change
    /// first.
    fn ways(&self, size: usize, most: Option<usize>) -> Vec<Way> {
        self.ways_with(size, most, |_| true)
    }

    /// Those of them that are `wanted`.
    fn ways_with(&self, size: usize, most: Option<usize>, wanted: impl Fn(&[Step]) -> bool) -> Vec<Way> {
        let steps = Step::of(self.job, self.max_session);
        let compatible =
            |set: &Vec<Step>| set.iter().enumerate().all(|(n, a)| set[n + 1..].iter().all(|b| a.goes_with(*b)));
        let mut all: Vec<Vec<Step>> =
            (1..=size).flat_map(|size| sets(&steps, size)).filter(|set| wanted(set) && compatible(set)).collect();
        // A set weighs more than any that it holds, which so comes before it.
        all.sort_by_cached_key(|set| (set.iter().map(|step| step.weight()).sum::<u32>(), set.len()));
        let mut found: Vec<(Vec<Step>, Way)> = Vec::new();
        for set in all {
            if most.is_some_and(|most| found.len() >= most) {
                break;
            }
            let holds_another = found.iter().any(|(known, _)| known.iter().all(|step| set.contains(step)));
            if !holds_another
                && let Some(way) = self.complete(&set)
                && !self.is_more_than_enough(&way)
            {
                found.push((set, way));
            }
        }
        found.into_iter().map(|(_, way)| way).collect()
    }

    /// The set with the nearest numbers that suffice.
    fn complete(&self, set: &[Step]) -> Option<Way> {
        let mut way = self.fill(set, &mut Vec::with_capacity(set.len()))?;
        way.changes.sort_by_key(Change::turn);
        Some(way)
    }

    /// Tries the numbers of the first step that has none yet, the nearest first, each with those of the steps after it.
    fn fill(&self, rest: &[Step], changes: &mut Vec<Change>) -> Option<Way> {
        let Some((step, rest)) = rest.split_first() else {
            let judgement = self.judged(changes);
            return (judgement.verdict == Verdict::Covered).then(|| Way { changes: changes.clone(), judgement });
        };
        for change in numbers::of(self, *step, changes) {
            changes.push(change);
            let way = self.fill(rest, changes);
            changes.pop();
            if way.is_some() {
                return way;
            }
        }
        None
    }

    /// Whether some of the changes alone, with these very numbers, suffice.
    fn is_more_than_enough(&self, way: &Way) -> bool {
        let some = |size: usize| sets(&way.changes, size);
        (1..way.changes.len()).flat_map(some).any(|some| self.judged(&some).verdict == Verdict::Covered)
    }

    fn judged(&self, changes: &[Change]) -> Judgement {
        Changed::new(self.job, changes).judged(self.max_session)
    }
}

/// Every choice of `size` of them, in their order.
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
