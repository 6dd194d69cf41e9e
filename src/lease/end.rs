//! When a job's credentials end: with its one session, by a refresh that comes too late, or with what renews them.
//! Whether that is too early is `verdict`'s.

use super::hops::{HopLease, RoleLimits, lease, lease_of_hop};
use super::limit::{Limit, LimitedBy};
use super::rules::{self, Figure};
use super::source::{self, CopiedCredentials, Renewal};
use crate::inventory::{Job, Refresh, Seconds};

/// When the credentials end for the job, and what ends them.
pub(super) struct End {
    /// How long the session lasts that the job works with; `None`: it has no known end.
    pub(super) lease: Option<Figure>,
    /// E and what ends them then; `None`: they do not end.
    pub(super) ends: Option<(Figure, EndCause)>,
    /// The refresh interval, pause included, where the job's own loop keeps the session alive.
    pub(super) interval: Option<Seconds>,
}

/// What ends a job's credentials.
pub(super) enum EndCause {
    /// The one session that the job has.
    Lease,
    /// A refresh that comes too late.
    Interval,
    /// What renews the credentials.
    Horizon(Limit),
}

/// How long a path can be renewed without a person, and what ends that; `None`: without end.
type Horizon = Option<(Figure, Limit)>;

impl End {
    /// `None` where copied credentials of the platform may or may not last.
    pub(super) fn new(job: &Job, hops: &[HopLease], limits: &impl RoleLimits) -> Option<Self> {
        let direct_platform = hops.is_empty() && job.source.is_platform();
        match refresh_in_effect(job) {
            Refresh::None | Refresh::NotKnown if direct_platform => of_a_platform_copy(job),
            Refresh::None | Refresh::NotKnown => Some(Self::of_one_session(lease(job, hops))),
            Refresh::Every(every) if !direct_platform => Some(Self::of_a_loop(job, hops, limits, every)),
            Refresh::Auto | Refresh::Every(_) => {
                let horizon = horizon(job, hops, limits, rules::BOTOCORE_MANDATORY_REFRESH);
                Some(Self::of_horizon(lease(job, hops), horizon, None))
            }
        }
    }

    fn of_one_session(lease: Option<Figure>) -> Self {
        Self { lease, ends: lease.map(|at| (at, EndCause::Lease)), interval: None }
    }

    fn of_horizon(lease: Option<Figure>, horizon: Horizon, interval: Option<Seconds>) -> Self {
        Self { lease, ends: horizon.map(|(at, limit)| (at, EndCause::Horizon(limit))), interval }
    }

    fn of_a_loop(job: &Job, hops: &[HopLease], limits: &impl RoleLimits, every: Seconds) -> Self {
        let lease = lease(job, hops);
        // A pause may fall between two refreshes.
        let interval = every + job.pause;
        if let Some(at) = lease.filter(|lease| interval >= lease.seconds) {
            return Self { lease, ends: Some((at, EndCause::Interval)), interval: None };
        }
        Self::of_horizon(lease, horizon(job, hops, limits, Seconds(0)), Some(interval))
    }
}

/// How the job's last session is renewed: not at all where that session is a copy.
fn refresh_in_effect(job: &Job) -> Refresh {
    if job.path.last().is_some_and(|hop| hop.copied) { Refresh::None } else { job.refresh }
}

/// The platform's own credentials, copied once; `None` where it is not known whether the copy lasts.
fn of_a_platform_copy(job: &Job) -> Option<End> {
    Some(match source::copied(&job.source, job.needed()) {
        CopiedCredentials::NotKnown => return None,
        CopiedCredentials::AsIssued(lease) => End::of_one_session(lease),
        CopiedCredentials::EndsAt { at, lease } => {
            End { lease: Some(lease), ends: Some((at, EndCause::Lease)), interval: None }
        }
    })
}

/// How long the path can be renewed without a person. `given_up`: how long before the end of an MFA session the client
/// fails.
fn horizon(job: &Job, hops: &[HopLease], limits: &impl RoleLimits, given_up: Seconds) -> Horizon {
    let lease = lease(job, hops).unwrap_or(Figure::confirmed(Seconds(0)));
    let first = lease_of_hop(job, hops, 0).unwrap_or(lease);
    if let Some(copied) = job.path.iter().rposition(|hop| hop.copied) {
        let session = lease_of_hop(job, hops, copied).unwrap_or(lease);
        return Some((session.longer(lease), Limit::of_hop(LimitedBy::CopiedSession, copied)));
    }
    match source::renewal(&job.source, limits) {
        Renewal::WithoutEnd => None,
        Renewal::Until(figure, by) => Some((figure.longer(lease), Limit::of_source(by))),
        Renewal::WhileFirstHopLasts => Some((first.longer(lease), Limit::of_source(LimitedBy::IdentityToken))),
        Renewal::WhileMfaSessionLasts => {
            let longer = first.longer(lease);
            let at = Figure { seconds: Seconds(longer.seconds.0.saturating_sub(given_up.0)), ..longer };
            Some((at, Limit::of_source(LimitedBy::Mfa)))
        }
    }
}
