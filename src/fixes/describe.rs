//! The sentence and the commands of each change that `search` finds.

use super::logins::{
    refresh_by_provider_chain, refresh_in_loop, renew_hop, shorter_pause, split_runs, younger_credentials,
};
use super::requests::{NewCaller, exchange_for_last, leave_out, request_duration, send_no_duration};
use super::search::{Change, Changed, Way};
use super::sources::new_source;
use super::{Fix, FixPlace};
use crate::inventory::{Job, Refresh, RoleRef, Seconds};

/// The fix of one change to `job`; `changed` is the job after all changes. `raise` describes how to set a
/// MaxSessionDuration, because only the caller knows which other jobs use the role.
fn describe_change(
    place: &FixPlace<'_>,
    job: &Job,
    changed: &Changed,
    change: &Change,
    raise: impl Fn(&RoleRef, Seconds) -> Option<Fix>,
) -> Option<Fix> {
    let hop_now = |hop: usize| changed.hops.iter().position(|kept| *kept == hop);
    match change {
        Change::Source(source) => new_source(place, job, source),
        Change::ExchangeForLast => {
            let last = changed.job.path.last()?;
            Some(exchange_for_last(place, &job.source, &last.role, job.is_chained(job.path.len() - 1)))
        }
        Change::Drop(hop) => {
            let next = changed.hops.iter().copied().find(|kept| kept > hop)?;
            let before = changed.hops.iter().copied().rfind(|kept| kept < hop);
            let caller = before.map_or_else(
                || NewCaller::Source(changed.job.source.principal()),
                |before| NewCaller::Role(&job.path[before].role),
            );
            Some(leave_out(place, job, &job.path[*hop].role, &caller, &job.path[next].role))
        }
        Change::Ask(hop, duration) => request_duration(place, &changed.job, hop_now(*hop)?, *duration),
        Change::SendNone(hop) => send_no_duration(place, &changed.job, hop_now(*hop)?),
        Change::MaxSession(role, to) => raise(role, *to),
        Change::Refresh(Refresh::Every(every)) => Some(refresh_in_loop(place, *every)),
        Change::Refresh(Refresh::Auto | Refresh::None | Refresh::NotKnown) => {
            Some(refresh_by_provider_chain(place, &changed.job))
        }
        Change::Pause(pause) => Some(shorter_pause(place, *pause)),
        Change::Age(age) => Some(younger_credentials(place, *age)),
        Change::Renew(hop) => Some(renew_hop(place, &job.path.get(*hop)?.role)),
        Change::Split(longest) => Some(split_runs(place, job, *longest)),
    }
}

/// One fix with all changes of a way and its effect: a part for each change.
pub(crate) fn describe_way(
    place: &FixPlace<'_>,
    job: &Job,
    way: &Way,
    raise: impl Fn(&RoleRef, Seconds) -> Option<Fix>,
) -> Fix {
    let changes = &way.changes;
    let changed = Changed::new(job, changes);
    let parts = changes.iter().filter_map(|change| describe_change(place, job, &changed, change, &raise));
    let mut fix = super::together(parts);
    if let (false, Some(first)) = (way.is_stepwise, fix.parts.first_mut()) {
        first.step.insert_str(0, "Make these changes at the same time: a part of them alone shortens the session. ");
    }
    for (role, to) in &changed.maxima {
        fix.effect.max_sessions.entry(role.clone()).or_insert(*to);
    }
    fix.effect.kinds = changes.iter().map(Change::kind).collect();
    fix.changes_job_to(changed.job)
}
