//! Which fix tells which change of `fit`.

use super::{
    Fix, ask_for, exchange_for_last, leave_out, own_key, permission_set, portal_session, refresh_by_provider_chain,
    refresh_in_loop, renewable_token, runs_of, send_none, shorter_pause, source_duration,
};
use crate::fit::{Change, Changed};
use crate::inventory::{Job, Refresh, Source};

/// One change of those that make the job `changed`. How a MaxSessionDuration is set is told by whoever knows where.
pub(crate) fn told(job: &Job, changed: &Changed, change: &Change) -> Option<Fix> {
    let hop_now = |hop: usize| changed.hops.iter().position(|kept| *kept == hop);
    Some(match change {
        Change::Source(source) => new_source(job, *source)?,
        Change::ExchangeForLast => {
            let (before, after) = (job.path.last()?, changed.job.path.last()?);
            // A request that changes too is told as a step of its own, with the call.
            let asks = (before.duration == after.duration).then_some(after.duration);
            exchange_for_last(&after.role, job.is_chained(job.path.len() - 1), asks)
        }
        Change::Drop(hop) => {
            let next = changed.hops.iter().copied().find(|kept| kept > hop)?;
            let before = changed.hops.iter().copied().rfind(|kept| kept < hop).map(|kept| job.path[kept].role.name());
            let caller = before.or((!changed.job.source.is_exchanged()).then_some("the job's source"));
            leave_out(&job.path[*hop].role, caller, &job.path[next].role)
        }
        Change::Ask(hop, duration) => ask_for(changed.job.source, &changed.job.path, hop_now(*hop)?, *duration),
        Change::SendNone(hop) => send_none(changed.job.source, &changed.job.path, hop_now(*hop)?),
        Change::MaxSession(..) => return None,
        Change::Refresh(Refresh::Every(every)) => refresh_in_loop(*every),
        Change::Refresh(_) => refresh_by_provider_chain(&changed.job),
        Change::Pause(pause) => shorter_pause(*pause),
        Change::Split(longest) => runs_of(*longest),
    })
}

fn new_source(job: &Job, source: Source) -> Option<Fix> {
    Some(match (source, job.source) {
        (Source::IamUser { mfa }, _) => own_key(&job.path.first()?.role, mfa),
        (Source::WebIdentity { .. }, _) => renewable_token(),
        (
            Source::IdentityCenter { session, portal_session: portal },
            Source::IdentityCenter { portal_session: before, .. },
        ) => {
            if portal == before {
                permission_set(session)
            } else {
                portal_session(portal)
            }
        }
        (
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration },
            _,
        ) => source_duration(source, duration),
        _ => return None,
    })
}
