//! How long a job may run: for jobs whose length is not declared, as those of profiles.
//! Asks `verdict` alone, so that the answer cannot differ from a judgement of the same job with a length.

use super::limit::Limit;
use super::rules;
use super::verdict::{Verdict, judge};
use crate::inventory::{Job, Refresh, RoleRef, Seconds};

/// How long a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longest {
    /// Not at all: AWS refuses a request.
    CannotStart(Option<Limit>),
    /// It depends on a fact that is not known.
    NotKnown {
        /// The fact.
        limit: Option<Limit>,
        /// How long, if AWS grants every request; `None`: without end, or not known either.
        at_most: Option<Seconds>,
    },
    /// Without end.
    NoEnd,
    /// This long; a second more meets the limit.
    For(Seconds, Option<Limit>),
}

/// How long the job may run, whatever length, pause and margin it states. `max_session` tells the role's
/// MaxSessionDuration where it is known, from IAM or declared.
#[must_use]
pub fn longest(job: &Job, max_session: impl Fn(&RoleRef) -> Option<Seconds>) -> Longest {
    let bare = |length: Seconds| Job { length, age: Seconds(0), pause: Seconds(0), margin: Seconds(0), ..job.clone() };
    let judged = |length: Seconds| judge(&bare(length), &max_session);
    let after_age = |end: Seconds| Seconds(end.0.saturating_sub(job.age.0));
    let judgement = judged(Seconds(0));
    match (judgement.verdict, judgement.end) {
        (Verdict::Rejected, _) => Longest::CannotStart(judgement.limit()),
        (Verdict::Unknown, _) => {
            let granted = judge(&bare(Seconds(0)), |role| max_session(role).or(Some(rules::LONGEST_SESSION)));
            Longest::NotKnown { limit: judgement.limit(), at_most: granted.end.map(after_age) }
        }
        (Verdict::Lapses | Verdict::Thin | Verdict::Covered, None) => Longest::NoEnd,
        (Verdict::Lapses | Verdict::Thin | Verdict::Covered, Some(end)) => {
            Longest::For(after_age(end), judged(end + Seconds(1)).limit())
        }
    }
}

/// A job, and how long it may run with a copy of its credentials and with renewed ones.
#[derive(Debug, Clone, Copy)]
pub struct LongestRuns<'a> {
    /// The job.
    pub job: &'a Job,
    /// With a copy of the credentials, which nothing renews.
    pub copied: Longest,
    /// As the job declares.
    pub renewed: Longest,
}

impl<'a> LongestRuns<'a> {
    /// Judges both; `max_session` as for [`longest`].
    #[must_use]
    pub fn of(job: &'a Job, max_session: impl Fn(&RoleRef) -> Option<Seconds>) -> Self {
        let copied = longest(&Job { refresh: Refresh::None, ..job.clone() }, &max_session);
        Self { job, copied, renewed: longest(job, &max_session) }
    }
}

/// The job as an SDK runs it, and the same job with a copy of its credentials where that differs: where the job renews
/// its credentials and can start. Neither has a margin: no length is declared that a margin would be added to.
#[must_use]
pub fn with_its_copy(job: Job) -> Vec<Job> {
    let copy = Job { name: job.name.copy(), refresh: Refresh::None, ..job.clone() };
    let without_margin = |job: Job| Job { margin: Seconds(0), ..job };
    let differs = match judge(&without_margin(job.clone()), |_| None).verdict {
        Verdict::Rejected => false,
        // The same fact is not known of both, unless the copy ends too early whatever that fact is.
        Verdict::Unknown => judge(&copy, |_| Some(rules::LONGEST_SESSION)).verdict != Verdict::Covered,
        Verdict::Lapses | Verdict::Thin | Verdict::Covered => true,
    };
    let copy = (differs && job.refresh.renews()).then_some(copy);
    std::iter::once(job).chain(copy).map(without_margin).collect()
}
