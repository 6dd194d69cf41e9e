//! The numbers of a step, the number nearest to the declared one first. Each number is an edge of a rule of `lease`,
//! in whole minutes (MaxSessionDuration and sessions of people: whole hours). `lease` decides whether it suffices.

use std::ops::RangeInclusive;

use super::Search;
use super::change::{Change, ChangeStep, Changed};
use crate::inventory::{GivenParameters, Job, Refresh, Seconds, Source};
use crate::lease::{self, rules};

/// The possible changes of the step, after the chosen `changes`.
pub(super) fn numbered_changes(search: &Search<'_>, step: ChangeStep, changes: &[Change]) -> Vec<Change> {
    let job = search.job;
    match step {
        ChangeStep::OwnKey => {
            // GetFederationToken takes no MFA. Whether GetSessionToken used MFA is not known, so that call stays.
            let mfa = matches!(job.source, Source::SessionToken { .. });
            vec![Change::Source(Source::IamUser { mfa })]
        }
        ChangeStep::Renewable => renewable(job).into_iter().collect(),
        ChangeStep::SourceDuration => source_durations(job),
        ChangeStep::PermissionSet => permission_set(job).into_iter().collect(),
        ChangeStep::PortalSession => portal_session(job, changes).into_iter().collect(),
        ChangeStep::SigninSession => signin_session(job).into_iter().collect(),
        ChangeStep::ExchangeForLast => vec![Change::ExchangeForLast],
        ChangeStep::Drop(hop) => vec![Change::Drop(hop)],
        ChangeStep::Ask(hop) => requests(search, hop).into_iter().map(|seconds| Change::Ask(hop, seconds)).collect(),
        ChangeStep::SendNone(hop) => vec![Change::SendNone(hop)],
        ChangeStep::Renew(hop) => vec![Change::Renew(hop)],
        ChangeStep::MaxSession(hop) => max_session(search, hop, changes).into_iter().collect(),
        ChangeStep::Auto => vec![Change::Refresh(Refresh::Auto)],
        ChangeStep::Every => every(search, changes).into_iter().collect(),
        ChangeStep::Pause => shorter(search, changes, job.pause).into_iter().map(Change::Pause).collect(),
        ChangeStep::Age => shorter(search, changes, job.age).into_iter().map(Change::Age).collect(),
        ChangeStep::Split => runs(search, changes),
    }
}

/// The required length of the job's credentials: needed + margin.
fn required(job: &Job) -> Seconds {
    job.needed() + job.margin
}

/// The required session lengths by the rules of `lease`: for the whole job, with and without botocore's ten minutes,
/// or for one turn of the job's own loop.
fn sufficient_lengths(job: &Job) -> Vec<Seconds> {
    let whole = required(job);
    let mut lengths = vec![whole, whole + rules::BOTOCORE_MANDATORY_REFRESH];
    if let Refresh::Every(every) = job.refresh {
        lengths.push(every + job.pause + job.margin);
    }
    lengths.into_iter().map(rounded_up_to_minutes).collect()
}

fn requests(search: &Search<'_>, hop: usize) -> Vec<Seconds> {
    let declared = &search.job.path[hop];
    let mut seconds = sufficient_lengths(search.job);
    seconds.extend([rules::ASSUME_ROLE_MINIMUM, rules::CHAIN_CAP, rules::LONGEST_SESSION]);
    seconds.extend((search.max_session)(&declared.role).map(rounded_down_to_minutes));
    nearest_first(seconds, declared.duration.unwrap_or(rules::DEFAULT_DURATION), &rules::ASSUME_ROLE_RANGE)
}

fn source_durations(job: &Job) -> Vec<Change> {
    let Some((now, range)) = lease::source::own_request(&job.source) else { return Vec::new() };
    let mut seconds = sufficient_lengths(job);
    seconds.extend([*range.start(), *range.end()]);
    let with = |duration| job.source.source_kind().with(&GivenParameters::of_duration(duration));
    nearest_first(seconds, now, &range).into_iter().filter_map(with).map(Change::Source).collect()
}

/// The source in its renewable form, which needs no person.
fn renewable(job: &Job) -> Option<Change> {
    let mut source = job.source.clone();
    let (Source::WebIdentity { renewable } | Source::Issued { renewable, .. }) = &mut source else { return None };
    let was_renewable = std::mem::replace(renewable, true);
    (!was_renewable).then_some(Change::Source(source))
}

fn permission_set(job: &Job) -> Option<Change> {
    let Source::IdentityCenter { permission_set, session, portal_session } = &job.source else { return None };
    let to = required(job).rounded_up_to_hours();
    let longer = *session < to && rules::PERMISSION_SET_RANGE.contains(&to);
    let source = || Source::IdentityCenter {
        permission_set: permission_set.clone(),
        session: to,
        portal_session: *portal_session,
    };
    longer.then(|| Change::Source(source()))
}

/// Keeps the change of the permission set, if the way also makes that change.
fn portal_session(job: &Job, changes: &[Change]) -> Option<Change> {
    let to = required(job).rounded_up_to_hours();
    let mut source = Changed::new(job, changes).job.source;
    let (Source::IdentityCenter { portal_session, .. } | Source::AccountAccess { portal_session }) = &mut source else {
        return None;
    };
    let now = std::mem::replace(portal_session, to);
    (now < to && to <= rules::LONGEST_PORTAL_SESSION.seconds).then_some(Change::Source(source))
}

fn signin_session(job: &Job) -> Option<Change> {
    let Source::ConsoleLogin { role, signin_session } = &job.source else { return None };
    let to = required(job).rounded_up_to_hours();
    let now = signin_session.unwrap_or(rules::SIGNIN_SESSION_DEFAULT.seconds);
    let longer = now < to && rules::MAX_SIGNIN_SESSION_RANGE.contains(&to);
    longer.then(|| Change::Source(Source::ConsoleLogin { role: role.clone(), signin_session: Some(to) }))
}

/// The smallest whole hour that allows the direct request to the role, if its maximum is lower or not known.
fn max_session(search: &Search<'_>, hop: usize, changes: &[Change]) -> Option<Change> {
    let changed = Changed::new(search.job, changes);
    // Only the first hop can be direct, and only a direct hop uses the role's own maximum.
    if changed.hops.first() != Some(&hop) || changed.job.is_chained(0) {
        return None;
    }
    let first = &changed.job.path[0];
    let to = first.duration.unwrap_or(rules::DEFAULT_DURATION).rounded_up_to_hours();
    let lower_now = (search.max_session)(&first.role).is_none_or(|max| max < to);
    (lower_now && (rules::DEFAULT_MAX_SESSION..=rules::LONGEST_SESSION).contains(&to))
        .then(|| Change::MaxSession(first.role.clone(), to))
}

/// The longest interval that keeps the margin and the client's refresh window.
fn every(search: &Search<'_>, changes: &[Change]) -> Option<Change> {
    let mut changed = Changed::new(search.job, changes);
    changed.job.refresh = Refresh::None;
    let every = loop_interval(changed.judged(search.max_session).lease?, search.job)?;
    let more_often = !matches!(search.job.refresh, Refresh::Every(now) if now <= every);
    more_often.then_some(Change::Refresh(Refresh::Every(every)))
}

/// The renewal interval of a job's own loop, in whole minutes: early enough for the client's refresh window and the
/// margin.
fn loop_interval(lease: Seconds, job: &Job) -> Option<Seconds> {
    let spare = job.margin.0.max(rules::CLIENT_REFRESH_WINDOW.0).saturating_add(job.pause.0);
    lease.0.checked_sub(spare).filter(|every| *every >= 60).map(|every| Seconds(every / 60 * 60))
}

/// Shorter lengths for a part of the job with the current length `now`: its pause, or the age of its credentials.
fn shorter(search: &Search<'_>, changes: &[Change], now: Seconds) -> Vec<Seconds> {
    let job = Changed::new(search.job, changes).job;
    let judgement = search.judgement(changes);
    let rest = required(&job).0.saturating_sub(now.0);
    let spare = |end: Option<Seconds>, used: u64| end.and_then(|end| end.0.checked_sub(used)).map(Seconds);
    let mut seconds: Vec<Seconds> =
        [judgement.end, judgement.lease].into_iter().filter_map(|end| spare(end, rest)).collect();
    if let Refresh::Every(every) = job.refresh {
        seconds.extend(spare(judgement.lease, (every + job.margin).0));
    }
    seconds.push(Seconds(0));
    let below = Seconds(0)..=Seconds(now.0.saturating_sub(1));
    nearest_first(seconds.into_iter().map(rounded_down_to_minutes).collect(), now, &below)
}

fn runs(search: &Search<'_>, changes: &[Change]) -> Vec<Change> {
    let job = search.job;
    let judgement = search.judgement(changes);
    let changed = Changed::new(job, changes).job;
    let used = changed.age + changed.pause + job.margin;
    let ends = [judgement.end, judgement.lease].into_iter().flatten();
    let seconds =
        ends.filter_map(|end| end.0.checked_sub(used.0)).map(|longest| rounded_down_to_minutes(Seconds(longest)));
    let shorter = Seconds(60)..=Seconds(job.length.0.saturating_sub(1));
    nearest_first(seconds.collect(), job.length, &shorter).into_iter().map(Change::Split).collect()
}

/// The numbers within the range, without the declared number, the nearest to it first.
fn nearest_first(mut seconds: Vec<Seconds>, now: Seconds, range: &RangeInclusive<Seconds>) -> Vec<Seconds> {
    seconds.retain(|seconds| *seconds != now && range.contains(seconds));
    seconds.sort_by_key(|seconds| (seconds.0.abs_diff(now.0), seconds.0));
    seconds.dedup();
    seconds
}

fn rounded_up_to_minutes(seconds: Seconds) -> Seconds {
    Seconds(seconds.0.div_ceil(60).saturating_mul(60))
}

fn rounded_down_to_minutes(seconds: Seconds) -> Seconds {
    Seconds(seconds.0 / 60 * 60)
}
