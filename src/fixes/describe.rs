//! The sentence and the commands of each change that `search` finds.

use super::Fix;
use super::logins::{
    long_term_key, portal_session, refresh_by_provider_chain, refresh_in_loop, renew_hop, renewable_issue,
    renewable_token, shorter_pause, source_duration, split_runs, younger_credentials,
};
use super::requests::{exchange_for_last, leave_out, request_duration, send_no_duration};
use super::roles::{permission_set, signin_session};
use super::search::{Change, Changed};
use crate::inventory::{Job, Refresh, RoleRef, Seconds, Source};

/// The fix of one change to `job`; `changed` is the job after all changes. `raise` describes how to set a
/// MaxSessionDuration, because only the caller knows where the role is defined.
pub(crate) fn describe_change(
    job: &Job,
    changed: &Changed,
    change: &Change,
    raise: impl Fn(&RoleRef, Seconds) -> Option<Fix>,
) -> Option<Fix> {
    let hop_now = |hop: usize| changed.hops.iter().position(|kept| *kept == hop);
    let (source, path) = (&changed.job.source, &changed.job.path);
    match change {
        Change::Source(source) => new_source(job, source),
        Change::ExchangeForLast => {
            let (before, after) = (job.path.last()?, changed.job.path.last()?);
            // If the request changes too, another part of the fix holds the call.
            let requested = (before.duration == after.duration).then_some(after.duration);
            Some(exchange_for_last(&after.role, job.is_chained(job.path.len() - 1), requested))
        }
        Change::Drop(hop) => {
            let next = changed.hops.iter().copied().find(|kept| kept > hop)?;
            let before = changed.hops.iter().copied().rfind(|kept| kept < hop).map(|kept| job.path[kept].role.name());
            let caller = before.or((!source.is_exchanged()).then_some("the job's source"));
            Some(leave_out(&job.path[*hop].role, caller, &job.path[next].role))
        }
        Change::Ask(hop, duration) => request_duration(source, path, hop_now(*hop)?, *duration),
        Change::SendNone(hop) => send_no_duration(source, path, hop_now(*hop)?),
        Change::MaxSession(role, to) => raise(role, *to),
        Change::Refresh(Refresh::Every(every)) => Some(refresh_in_loop(*every)),
        Change::Refresh(Refresh::Auto | Refresh::None) => Some(refresh_by_provider_chain(&changed.job)),
        Change::Pause(pause) => Some(shorter_pause(*pause)),
        Change::Age(age) => Some(younger_credentials(*age)),
        Change::Renew(hop) => Some(renew_hop(&job.path.get(*hop)?.role)),
        Change::Split(longest) => Some(split_runs(*longest)),
    }
}

fn new_source(job: &Job, source: &Source) -> Option<Fix> {
    Some(match (source, &job.source) {
        (Source::IamUser { mfa }, _) => long_term_key(&job.path.first()?.role, *mfa),
        (Source::WebIdentity { .. }, _) => renewable_token(),
        (
            Source::IdentityCenter { session, portal_session: portal },
            Source::IdentityCenter { portal_session: before, .. },
        ) => {
            if portal == before {
                permission_set(*session)
            } else {
                portal_session(*portal)
            }
        }
        (
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration },
            _,
        ) => source_duration(source, *duration),
        (Source::AccountAccess { portal_session: portal }, _) => portal_session(*portal),
        (Source::ConsoleLogin { signin_session: Some(session), role }, _) => signin_session(role.as_ref(), *session),
        (Source::Issued { .. }, _) => renewable_issue(),
        (
            Source::ConsoleLogin { signin_session: None, .. }
            | Source::IdentityCenter { .. }
            | Source::Saml { .. }
            | Source::Ec2Instance
            | Source::EcsTask
            | Source::Lambda
            | Source::Codebuild
            | Source::EksPodIdentity
            | Source::ServiceRole { .. },
            _,
        ) => return None,
    })
}

/// One fix with all changes of a way and its effect.
pub(crate) fn describe_way(job: &Job, changes: &[Change], raise: impl Fn(&RoleRef, Seconds) -> Option<Fix>) -> Fix {
    let changed = Changed::new(job, changes);
    let parts = changes.iter().filter_map(|change| describe_change(job, &changed, change, &raise));
    let mut fix = super::together(parts);
    for (role, to) in &changed.maxima {
        fix.effect.max_sessions.entry(role.clone()).or_insert(*to);
    }
    fix.changes_job_to(changed.job)
}
