//! Whether a job's credentials last: the verdict, by durations alone. docs/inventory.md has its rules as a table.

use super::end::{End, EndCause};
use super::hops::{HopLease, MaxSessions, RoleLimits, first_refusal, hop_leases};
use super::limit::{Limit, LimitedBy};
use super::rules::{self, Refusal};
use crate::inventory::{Job, RoleRef, Seconds};

/// Whether a job's credentials last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// AWS refuses a request: the job cannot start.
    Rejected,
    /// The credentials end before the longest run does.
    Lapses,
    /// It depends on something that is not known.
    Unknown,
    /// They last, with less headroom than the job's margin.
    Thin,
    /// They last.
    Covered,
}

impl Verdict {
    /// The word of the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Lapses => "lapses",
            Self::Unknown => "unknown",
            Self::Thin => "thin",
            Self::Covered => "covered",
        }
    }
}

/// A job's verdict and the numbers behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the credentials last.
    pub verdict: Verdict,
    /// What limits it; `None` when covered.
    pub limited_by: Option<LimitedBy>,
    /// The hop that limits it, 0-based; `None` for the source.
    pub limiting_hop: Option<usize>,
    /// age + length + pause.
    pub needed: Seconds,
    /// How long the session lasts that the job works with.
    pub lease: Option<Seconds>,
    /// E: when the credentials end for the job, refresh counted. `None`: rejected, unknown, or no end.
    pub end: Option<Seconds>,
    /// E − needed.
    pub headroom: Option<i64>,
    /// `false`: the verdict depends on a number that no text of AWS and no measurement confirms.
    pub confirmed: bool,
    /// The hops, in the order of the path.
    pub hops: Vec<HopLease>,
    /// Why the request was refused.
    pub refusal: Option<Refusal>,
}

/// Judges one job. `max_session` tells the role's MaxSessionDuration where it is known, from IAM or declared.
#[must_use]
pub fn judge(job: &Job, max_session: impl Fn(&RoleRef) -> Option<Seconds>) -> Judgement {
    judge_with(job, &MaxSessions(max_session))
}

/// Judges one job by all that is known of its roles.
#[must_use]
pub fn judge_with(job: &Job, limits: &impl RoleLimits) -> Judgement {
    let mut judgement = Judgement {
        verdict: Verdict::Covered,
        limited_by: None,
        limiting_hop: None,
        needed: job.needed(),
        lease: None,
        end: None,
        headroom: None,
        confirmed: true,
        hops: hop_leases(job, limits),
        refusal: None,
    };
    if let Some((refusal, hop)) = first_refusal(job, &mut judgement.hops) {
        let limit = Limit { by: limit_of_refusal(&refusal), hop };
        return Judgement { refusal: Some(refusal), ..judgement.limited(Verdict::Rejected, limit) };
    }
    let Some(end) = End::new(job, &judgement.hops, limits) else {
        return judgement.limited(Verdict::Unknown, Limit::of_source(LimitedBy::Platform));
    };
    let limit = conclusion(job, &judgement.hops, &end);
    let unknown_maximum = judgement.hops.iter().position(HopLease::depends_on_an_unknown_maximum);
    match (limit, unknown_maximum) {
        // Whatever the maximum is, the job does not last.
        (Some((Verdict::Lapses, limit)), _) => judgement.ending(&end).limited(Verdict::Lapses, limit),
        (_, Some(hop)) => judgement.limited(Verdict::Unknown, Limit::of_hop(LimitedBy::MaxSessionDuration, hop)),
        (Some((verdict, limit)), None) => judgement.ending(&end).limited(verdict, limit),
        (None, None) => judgement.ending(&end),
    }
}

impl Judgement {
    fn limited(self, verdict: Verdict, limit: Limit) -> Self {
        Self { verdict, limited_by: Some(limit.by), limiting_hop: limit.hop, ..self }
    }

    fn ending(self, end: &End) -> Self {
        let at = end.ends.as_ref().map(|(at, _)| *at);
        let figures = [at, end.lease.filter(|_| end.interval.is_some())];
        let confirmed = figures.iter().flatten().all(|figure| figure.confirmed);
        let headroom = at.map(|at| signed(at.seconds) - signed(self.needed));
        let (lease, end) = (end.lease.map(|lease| lease.seconds), at.map(|at| at.seconds));
        Self { lease, end, headroom, confirmed, ..self }
    }

    /// What limits the job, and where; `None` when covered.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        self.limited_by.map(|by| Limit { by, hop: self.limiting_hop })
    }
}

fn signed(seconds: Seconds) -> i64 {
    i64::try_from(seconds.0).unwrap_or(i64::MAX)
}

fn limit_of_refusal(refusal: &Refusal) -> LimitedBy {
    match refusal {
        Refusal::OutOfRange { .. } => LimitedBy::DurationRange,
        Refusal::SourceCannotAssume => LimitedBy::SourceCannotAssume,
        Refusal::OverMaxSession { .. } => LimitedBy::MaxSessionDuration,
        Refusal::OverChainCap => LimitedBy::RoleChaining,
    }
}

/// Whether the job lapses or is thin, and by what; `None`: it is covered.
fn conclusion(job: &Job, hops: &[HopLease], end: &End) -> Option<(Verdict, Limit)> {
    let needed = job.needed();
    if let Some((at, cause)) = &end.ends {
        if needed > at.seconds {
            return Some((Verdict::Lapses, limit(job, hops, cause, needed)));
        }
        if needed + job.margin > at.seconds {
            return Some((Verdict::Thin, limit(job, hops, cause, needed + job.margin)));
        }
    }
    // The horizon covers the job. Its own refresh may still come within a margin of the session's end, unless one
    // session would cover it all.
    let (interval, lease) = (end.interval?, end.lease?.seconds);
    let comes_early_enough = interval + job.margin <= lease || needed + job.margin <= lease;
    (!comes_early_enough).then(|| (Verdict::Thin, of_last_hop(LimitedBy::RefreshInterval, hops)))
}

fn of_last_hop(by: LimitedBy, hops: &[HopLease]) -> Limit {
    Limit { by, hop: hops.len().checked_sub(1) }
}

/// What limits a job that needs `needed`.
fn limit(job: &Job, hops: &[HopLease], cause: &EndCause, needed: Seconds) -> Limit {
    match cause {
        EndCause::Interval => of_last_hop(LimitedBy::RefreshInterval, hops),
        EndCause::Horizon(limit) => *limit,
        EndCause::Lease => match hops.last() {
            Some(last) => of_last_hop(limit_of_session(last, needed), hops),
            None if job.source.is_platform() => Limit::of_source(LimitedBy::Platform),
            None => Limit::of_source(LimitedBy::SourceSession),
        },
    }
}

/// What limits a job that has the session of this hop and no other.
fn limit_of_session(last: &HopLease, needed: Seconds) -> LimitedBy {
    if needed > rules::LONGEST_SESSION {
        LimitedBy::StsMaximum
    } else if last.cap.is_some_and(|cap| needed > cap) {
        if last.chained { LimitedBy::RoleChaining } else { LimitedBy::MaxSessionDuration }
    } else if last.stated {
        LimitedBy::RequestedDuration
    } else {
        LimitedBy::DefaultDuration
    }
}
