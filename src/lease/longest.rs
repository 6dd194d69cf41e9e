//! How long a job may run: for jobs whose length nobody has said, as those that profiles stand for. Pure.
//! Asks `verdict` alone, so that it cannot differ from a judgement of the same job once its length is said.

use super::verdict::{Judgement, LimitedBy, Verdict, judge};
use crate::inventory::{Job, Refresh, RoleRef, Seconds};

/// What ends a job's credentials, or keeps it from having any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What.
    pub by: LimitedBy,
    /// At which hop, 0-based; `None`: the source.
    pub hop: Option<usize>,
}

impl Limit {
    fn of(judgement: &Judgement) -> Option<Self> {
        judgement.limited_by.map(|by| Self { by, hop: judgement.limiting_hop })
    }
}

/// How long a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longest {
    /// Not at all: AWS refuses a request.
    CannotStart(Option<Limit>),
    /// It depends on what is not known.
    NotKnown(Option<Limit>),
    /// As long as it likes.
    NoEnd,
    /// So long; a second more meets the limit.
    For(Seconds, Option<Limit>),
}

/// How long the job may run, whatever length, pause and margin it states. `max_session` tells the role's
/// MaxSessionDuration where it is known, from IAM or declared.
#[must_use]
pub fn longest(job: &Job, max_session: impl Fn(&RoleRef) -> Option<Seconds>) -> Longest {
    let judged = |length: Seconds| {
        let job = Job { length, pause: Seconds(0), margin: Seconds(0), ..job.clone() };
        judge(&job, &max_session)
    };
    let judgement = judged(Seconds(0));
    match (judgement.verdict, judgement.end) {
        (Verdict::Rejected, _) => Longest::CannotStart(Limit::of(&judgement)),
        (Verdict::Unknown, _) => Longest::NotKnown(Limit::of(&judgement)),
        (_, None) => Longest::NoEnd,
        (_, Some(end)) => Longest::For(end, Limit::of(&judged(end + Seconds(1)))),
    }
}

/// A job, and how long it may run, however it gets the credentials of its path.
#[derive(Debug, Clone, Copy)]
pub struct LongestRuns<'a> {
    /// The job.
    pub job: &'a Job,
    /// With a copy of the credentials, which nothing renews.
    pub copied: Longest,
    /// As the job says.
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

/// The job as an SDK runs it, and beside it the same job with a copy of its credentials, where that differs: it renews, and
/// can start. What cannot start needs no second job to say so. Neither has a margin: there is no length
/// that it would be added to.
#[must_use]
pub fn with_its_copy(job: Job) -> Vec<Job> {
    let job = Job { margin: Seconds(0), ..job };
    let starts = !matches!(judge(&job, |_| None).verdict, Verdict::Rejected | Verdict::Unknown);
    let copy = (starts && job.refresh != Refresh::None).then(|| Job {
        name: format!("{} (copied)", job.name).into(),
        refresh: Refresh::None,
        ..job.clone()
    });
    std::iter::once(job).chain(copy).collect()
}
