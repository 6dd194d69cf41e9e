//! Whether a job's credentials last: the verdict, by durations alone. docs/inventory.md has its rules as a table. Pure.
//! Knows AWS's rules through `rules` only, and nothing of what the checker itself saw.

use serde::Serialize;

use super::end::{Cause, End};
use super::rules::{self, Grant, Refusal};
use crate::inventory::{Job, RoleRef, Seconds, Source};

/// Whether a job's credentials last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
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

/// What limits a job that is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitedBy {
    /// The range of durations that an API accepts.
    DurationRange,
    /// The source's credentials may not call AssumeRole.
    SourceCannotAssume,
    /// The role's MaxSessionDuration.
    MaxSessionDuration,
    /// The one-hour cap of role chaining.
    RoleChaining,
    /// What the platform gives to code that copies its credentials.
    Platform,
    /// The job's own refresh interval.
    RefreshInterval,
    /// The end of the session that the source is.
    SourceSession,
    /// The end of the login to the Identity Center portal.
    PortalSession,
    /// An OIDC token or SAML assertion that cannot be presented again.
    IdentityToken,
    /// MFA, which needs a person.
    Mfa,
    /// The twelve hours that no session exceeds.
    StsMaximum,
    /// The DurationSeconds that the job's client sends.
    RequestedDuration,
    /// The hour that STS takes where the client sends none.
    DefaultDuration,
}

/// One hop as STS sees the job's own request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopLease {
    /// The caller is itself a session.
    pub chained: bool,
    /// The DurationSeconds that counts: the one sent, or 3600.
    pub requested: Seconds,
    /// The client sends a DurationSeconds.
    pub stated: bool,
    /// 3600 when chained, else the role's MaxSessionDuration where it is known.
    pub cap: Option<Seconds>,
    /// What STS makes of it; `None` for a hop behind a refused one.
    pub grant: Option<Grant>,
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
    /// length + pause.
    pub needed: Seconds,
    /// How long the session lasts that the job works with.
    pub lease: Option<Seconds>,
    /// E: when the credentials end for the job, refresh counted. `None`: rejected, unknown, or no end.
    pub end: Option<Seconds>,
    /// E − needed.
    pub headroom: Option<i64>,
    /// The hops, in the order of the path.
    pub hops: Vec<HopLease>,
    /// Why the request was refused.
    pub refusal: Option<Refusal>,
}

/// Judges one job. `max_session` tells the role's MaxSessionDuration where it is known, from IAM or declared.
#[must_use]
pub fn judge(job: &Job, max_session: impl Fn(&RoleRef) -> Option<Seconds>) -> Judgement {
    let mut judgement = Judgement {
        verdict: Verdict::Covered,
        limited_by: None,
        limiting_hop: None,
        needed: job.needed(),
        lease: None,
        end: None,
        headroom: None,
        hops: hop_leases(job, max_session),
        refusal: None,
    };
    if let Some((refusal, hop)) = first_refusal(job, &mut judgement.hops) {
        let limited_by = refused(&refusal);
        return Judgement { refusal: Some(refusal), ..judgement.limited(Verdict::Rejected, limited_by, hop) };
    }
    if judgement.hops.iter().any(|hop| hop.grant == Some(Grant::NotKnown)) {
        // Only path[0] can be direct.
        return judgement.limited(Verdict::Unknown, LimitedBy::MaxSessionDuration, Some(0));
    }
    judgement.lease = lease(job, &judgement.hops);
    let end = End::of(job, &judgement);
    let Some(end) = end else {
        judgement.lease = None;
        return judgement.limited(Verdict::Unknown, LimitedBy::Platform, None);
    };
    judgement.end = end.at;
    judgement.headroom = end.at.map(|end| signed(end) - signed(judgement.needed));
    conclude(job, judgement, &end)
}

impl Judgement {
    fn limited(self, verdict: Verdict, by: LimitedBy, hop: Option<usize>) -> Self {
        Self { verdict, limited_by: Some(by), limiting_hop: hop, ..self }
    }
}

fn signed(seconds: Seconds) -> i64 {
    i64::try_from(seconds.0).unwrap_or(i64::MAX)
}

fn hop_leases(job: &Job, max_session: impl Fn(&RoleRef) -> Option<Seconds>) -> Vec<HopLease> {
    let lease = |(index, hop): (usize, &crate::inventory::Hop)| {
        let chained = job.is_chained(index);
        let max = max_session(&hop.role);
        let requested = hop.duration.unwrap_or(rules::DEFAULT_DURATION);
        let grant = rules::assume_role(requested, max, chained);
        let cap = if chained { Some(rules::CHAIN_CAP) } else { max };
        HopLease { chained, requested, stated: hop.duration.is_some(), cap, grant: Some(grant) }
    };
    job.path.iter().enumerate().map(lease).collect()
}

/// The first request that is refused, in the order the job makes them, and its hop.
fn first_refusal(job: &Job, hops: &mut [HopLease]) -> Option<(Refusal, Option<usize>)> {
    let source = match rules::source_request(job.source) {
        Some(Grant::Refused(refusal)) => Some(refusal),
        _ if !hops.is_empty() && !rules::may_assume(job.source) => Some(Refusal::SourceCannotAssume),
        _ => None,
    };
    let refused = source.map(|refusal| (refusal, None)).or_else(|| {
        hops.iter().enumerate().find_map(|(index, hop)| match &hop.grant {
            Some(Grant::Refused(refusal)) => Some((refusal.clone(), Some(index))),
            _ => None,
        })
    })?;
    let unreached = refused.1.map_or(0, |index| index + 1);
    hops.iter_mut().skip(unreached).for_each(|hop| hop.grant = None);
    Some(refused)
}

fn refused(refusal: &Refusal) -> LimitedBy {
    match refusal {
        Refusal::OutOfRange { .. } => LimitedBy::DurationRange,
        Refusal::SourceCannotAssume => LimitedBy::SourceCannotAssume,
        Refusal::OverMaxSession { .. } => LimitedBy::MaxSessionDuration,
        Refusal::OverChainCap => LimitedBy::RoleChaining,
    }
}

fn lease(job: &Job, hops: &[HopLease]) -> Option<Seconds> {
    match hops.last() {
        Some(last) => Some(last.requested),
        None => rules::source_lease(job.source),
    }
}

fn conclude(job: &Job, judgement: Judgement, end: &End) -> Judgement {
    let Some(at) = end.at else { return by_interval(job, judgement, end) };
    let with_margin = judgement.needed + job.margin;
    if judgement.needed > at {
        let (by, hop) = limit(job, &judgement, end, judgement.needed);
        return judgement.limited(Verdict::Lapses, by, hop);
    }
    if with_margin > at {
        let (by, hop) = limit(job, &judgement, end, with_margin);
        return judgement.limited(Verdict::Thin, by, hop);
    }
    by_interval(job, judgement, end)
}

/// A job that the horizon covers is still thin where its own refresh comes within a margin of the session's end,
/// unless one session would cover it all.
fn by_interval(job: &Job, judgement: Judgement, end: &End) -> Judgement {
    let (Some(interval), Some(lease)) = (end.interval, judgement.lease) else { return judgement };
    if judgement.needed + job.margin <= lease || interval + job.margin <= lease {
        return judgement;
    }
    let hop = last_hop(&judgement);
    judgement.limited(Verdict::Thin, LimitedBy::RefreshInterval, hop)
}

fn last_hop(judgement: &Judgement) -> Option<usize> {
    judgement.hops.len().checked_sub(1)
}

/// What limits a job that needs `needed`, and its hop.
fn limit(job: &Job, judgement: &Judgement, end: &End, needed: Seconds) -> (LimitedBy, Option<usize>) {
    match end.cause {
        Cause::Interval => (LimitedBy::RefreshInterval, last_hop(judgement)),
        Cause::Horizon => {
            let by = match job.source {
                Source::IdentityCenter { .. } => LimitedBy::PortalSession,
                Source::WebIdentity { .. } | Source::Saml { .. } => LimitedBy::IdentityToken,
                Source::IamUser { .. } => LimitedBy::Mfa,
                _ => LimitedBy::SourceSession,
            };
            (by, None)
        }
        Cause::Lease => {
            let Some(last) = judgement.hops.last() else {
                return if job.source.is_platform() {
                    (LimitedBy::Platform, None)
                } else {
                    (LimitedBy::SourceSession, None)
                };
            };
            (limit_of_hop(last, needed), last_hop(judgement))
        }
    }
}

/// What limits a job that has the session of this hop and no other.
fn limit_of_hop(last: &HopLease, needed: Seconds) -> LimitedBy {
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
