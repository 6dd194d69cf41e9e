//! The requests that a job makes on its path, in their order, and what AWS makes of each.

use super::rules::{self, Figure, Grant, Refusal};
use super::source;
use crate::inventory::{Hop, Job, RoleRef, Seconds, Source};

/// What is known of roles, from IAM, from a declaration or from a template.
pub trait RoleLimits {
    /// The role's MaxSessionDuration, where it is known.
    fn max_session(&self, role: &RoleRef) -> Option<Seconds>;

    /// The longest session that STS is known to have granted directly: the role's MaxSessionDuration is at least that.
    fn granted(&self, _role: &RoleRef) -> Option<Seconds> {
        None
    }

    /// The role's MaxSigninSessionDuration, where it is known.
    fn max_signin_session(&self, _role: &RoleRef) -> Option<Seconds> {
        None
    }
}

/// Known MaxSessionDurations and nothing else of the roles.
pub(super) struct MaxSessions<F>(pub(super) F);

impl<F: Fn(&RoleRef) -> Option<Seconds>> RoleLimits for MaxSessions<F> {
    fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        (self.0)(role)
    }
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

impl HopLease {
    /// Whether the role's MaxSessionDuration decides on the request, and is not known.
    #[must_use]
    pub fn depends_on_an_unknown_maximum(&self) -> bool {
        self.grant == Some(Grant::NotKnown)
    }
}

/// Every hop of the job's path with its request.
pub(super) fn hop_leases(job: &Job, limits: &impl RoleLimits) -> Vec<HopLease> {
    let lease = |(index, hop): (usize, &Hop)| {
        let chained = job.is_chained(index);
        let max = limits.max_session(&hop.role);
        let requested = hop.duration.unwrap_or(rules::DEFAULT_DURATION);
        let grant = match rules::assume_role(requested, max, chained) {
            Grant::NotKnown if limits.granted(&hop.role) >= Some(requested) => Grant::Granted(requested),
            grant => grant,
        };
        let cap = if chained { Some(rules::CHAIN_CAP) } else { max };
        HopLease { chained, requested, stated: hop.duration.is_some(), cap, grant: Some(grant) }
    };
    job.path.iter().enumerate().map(lease).collect()
}

/// The first request that is refused, in the order the job makes them, and its hop. The hops behind it lose their
/// grant.
pub(super) fn first_refusal(job: &Job, hops: &mut [HopLease]) -> Option<(Refusal, Option<usize>)> {
    let source = match source::request(&job.source) {
        Some(Grant::Refused(refusal)) => Some(refusal),
        Some(Grant::Granted(_) | Grant::NotKnown) | None => {
            (!hops.is_empty() && !source::may_assume(&job.source)).then_some(Refusal::SourceCannotAssume)
        }
    };
    let refused = source.map(|refusal| (refusal, None)).or_else(|| {
        hops.iter().enumerate().find_map(|(index, hop)| match &hop.grant {
            Some(Grant::Refused(refusal)) => Some((refusal.clone(), Some(index))),
            Some(Grant::Granted(_) | Grant::NotKnown) | None => None,
        })
    })?;
    let unreached = refused.1.map_or(0, |index| index + 1);
    hops.iter_mut().skip(unreached).for_each(|hop| hop.grant = None);
    Some(refused)
}

/// How long the session of this hop lasts, if its request is granted.
pub(super) fn lease_of_hop(job: &Job, hops: &[HopLease], index: usize) -> Option<Figure> {
    let hop = hops.get(index)?;
    let default = !hop.stated && index == 0 && matches!(job.source, Source::AccountAccess { .. });
    Some(if default { rules::ACCOUNT_ACCESS_DEFAULT } else { Figure::confirmed(hop.requested) })
}

/// How long the session lasts that the job works with, if every request is granted.
pub(super) fn lease(job: &Job, hops: &[HopLease]) -> Option<Figure> {
    match hops.len().checked_sub(1) {
        Some(last) => lease_of_hop(job, hops, last),
        None => source::lease(&job.source),
    }
}
