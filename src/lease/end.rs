//! When a job's credentials end: by its one session, by a refresh that comes too late, or by what renews them. Pure.
//! Knows nothing of whether that is too early: that is `verdict`'s.

use super::rules;
use super::verdict::Judgement;
use crate::inventory::{Job, Refresh, Seconds, Source};

/// When the credentials end for the job, and what ends them.
pub(super) struct End {
    /// E; `None`: they do not.
    pub(super) at: Option<Seconds>,
    /// What ends them.
    pub(super) cause: Cause,
    /// The refresh interval, pause included, where the job's own loop keeps the session alive.
    pub(super) interval: Option<Seconds>,
}

/// What ends a job's credentials.
pub(super) enum Cause {
    /// The one session that the job has.
    Lease,
    /// A refresh that comes too late.
    Interval,
    /// What renews the credentials.
    Horizon,
}

impl End {
    /// `None` where a copy of EC2 instance credentials may or may not last.
    pub(super) fn of(job: &Job, judgement: &Judgement) -> Option<Self> {
        let direct_platform = job.path.is_empty() && job.source.is_platform();
        match job.refresh {
            Refresh::None if direct_platform && job.source == Source::Ec2Instance => {
                let needed = judgement.needed;
                let at = if needed > rules::EC2_LONGEST_LEASE {
                    rules::EC2_LONGEST_LEASE
                } else if needed <= rules::EC2_SHORTEST_LEASE {
                    rules::EC2_SHORTEST_LEASE
                } else {
                    return None;
                };
                Some(Self { at: Some(at), cause: Cause::Lease, interval: None })
            }
            Refresh::None => Some(Self { at: judgement.lease, cause: Cause::Lease, interval: None }),
            Refresh::Every(every) if !direct_platform => {
                // A pause may fall between two refreshes.
                let interval = every + job.pause;
                if judgement.lease.is_some_and(|lease| interval >= lease) {
                    return Some(Self { at: judgement.lease, cause: Cause::Interval, interval: None });
                }
                Some(Self { at: horizon(job, judgement, false), cause: Cause::Horizon, interval: Some(interval) })
            }
            Refresh::Auto | Refresh::Every(_) => {
                Some(Self { at: horizon(job, judgement, true), cause: Cause::Horizon, interval: None })
            }
        }
    }
}

/// How long the path can be renewed without a person; `None`: without end.
fn horizon(job: &Job, judgement: &Judgement, by_provider_chain: bool) -> Option<Seconds> {
    let lease = judgement.lease.unwrap_or_default();
    let first = judgement.hops.first().map_or(lease, |hop| hop.requested);
    match job.source {
        Source::IamUser { mfa: true } => {
            let longer = first.max(lease);
            let given_up = if by_provider_chain { rules::BOTOCORE_MANDATORY_REFRESH.0 } else { 0 };
            Some(Seconds(longer.0.saturating_sub(given_up)))
        }
        Source::SessionToken { duration } | Source::FederationToken { duration } => Some(duration.max(lease)),
        Source::IdentityCenter { portal_session, .. } => Some(portal_session.max(lease)),
        Source::WebIdentity { renewable: false } | Source::Saml { renewable: false } => Some(first.max(lease)),
        _ => None,
    }
}
