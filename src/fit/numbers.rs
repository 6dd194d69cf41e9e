//! The numbers that a step is tried with, the one nearest to what is declared first. Each is an edge of a rule of
//! `lease`, in whole minutes (MaxSessionDuration and Identity Center: whole hours); whether it suffices is `lease`'s to say.

use std::ops::RangeInclusive;

use super::Search;
use super::change::{Change, Changed, Step};
use crate::inventory::{Job, Refresh, Seconds, Source};
use crate::lease::rules;

/// The changes that the step may be, after the `changes` that are already chosen.
pub(super) fn of(search: &Search<'_>, step: Step, changes: &[Change]) -> Vec<Change> {
    let job = search.job;
    match step {
        Step::OwnKey => {
            // GetFederationToken takes no MFA; of GetSessionToken it is not known, so it is kept.
            let mfa = matches!(job.source, Source::SessionToken { .. });
            vec![Change::Source(Source::IamUser { mfa })]
        }
        Step::RenewableToken => vec![Change::Source(Source::WebIdentity { renewable: true })],
        Step::SourceDuration => source_durations(job),
        Step::PermissionSet => identity_center(job, |wanted, session, portal_session| {
            let longer = *session < wanted && wanted <= rules::LONGEST_SESSION;
            longer.then_some(Source::IdentityCenter { session: wanted, portal_session: *portal_session })
        }),
        Step::PortalSession => identity_center(job, |wanted, session, portal_session| {
            let longer = *portal_session < wanted && wanted <= rules::LONGEST_PORTAL_SESSION;
            longer.then_some(Source::IdentityCenter { session: *session, portal_session: wanted })
        })
        .into_iter()
        .map(|change| with_session(change, changes))
        .collect(),
        Step::ExchangeForLast => vec![Change::ExchangeForLast],
        Step::Drop(hop) => vec![Change::Drop(hop)],
        Step::Ask(hop) => requests(search, hop).into_iter().map(|seconds| Change::Ask(hop, seconds)).collect(),
        Step::SendNone(hop) => vec![Change::SendNone(hop)],
        Step::MaxSession(hop) => max_session(search, hop, changes).into_iter().collect(),
        Step::Auto => vec![Change::Refresh(Refresh::Auto)],
        Step::Every => every(search, changes).into_iter().collect(),
        Step::Pause => pauses(search, changes),
        Step::Split => runs(search, changes),
    }
}

/// What the job should have: needed + margin.
fn wanted(job: &Job) -> Seconds {
    job.needed() + job.margin
}

/// What a session must last for each rule of `lease` to be content with it: the whole job, with botocore's ten minutes
/// too, or one turn of the job's own loop.
fn enough(job: &Job) -> Vec<Seconds> {
    let whole = wanted(job);
    let mut enough = vec![whole, whole + rules::BOTOCORE_MANDATORY_REFRESH];
    if let Refresh::Every(every) = job.refresh {
        enough.push(every + job.pause + job.margin);
    }
    enough.into_iter().map(rounded_up_to_minutes).collect()
}

fn requests(search: &Search<'_>, hop: usize) -> Vec<Seconds> {
    let declared = &search.job.path[hop];
    let mut seconds = enough(search.job);
    seconds.extend([rules::ASSUME_ROLE_MINIMUM, rules::CHAIN_CAP, rules::LONGEST_SESSION]);
    seconds.extend((search.max_session)(&declared.role).map(rounded_down_to_minutes));
    nearest_first(seconds, declared.duration.unwrap_or(rules::DEFAULT_DURATION), &rules::ASSUME_ROLE_RANGE)
}

fn source_durations(job: &Job) -> Vec<Change> {
    let with = |now: Seconds, range: &RangeInclusive<Seconds>, source: fn(Seconds) -> Source| {
        let mut seconds = enough(job);
        seconds.extend([*range.start(), *range.end()]);
        nearest_first(seconds, now, range).into_iter().map(|seconds| Change::Source(source(seconds))).collect()
    };
    match job.source {
        Source::SessionToken { duration } => {
            with(duration, &rules::SESSION_TOKEN_RANGE, |duration| Source::SessionToken { duration })
        }
        Source::FederationToken { duration } => {
            with(duration, &rules::SESSION_TOKEN_RANGE, |duration| Source::FederationToken { duration })
        }
        Source::RolesAnywhere { duration } => {
            with(duration, &rules::ROLES_ANYWHERE_RANGE, |duration| Source::RolesAnywhere { duration })
        }
        _ => Vec::new(),
    }
}

fn identity_center(job: &Job, source: impl Fn(Seconds, &Seconds, &Seconds) -> Option<Source>) -> Vec<Change> {
    let Source::IdentityCenter { session, portal_session } = &job.source else { return Vec::new() };
    let wanted = wanted(job).rounded_up_to_hours();
    source(wanted, session, portal_session).map(Change::Source).into_iter().collect()
}

/// The portal's change keeps the permission set's, where both are made.
fn with_session(change: Change, before: &[Change]) -> Change {
    let earlier = before.iter().rev().find_map(|change| match change {
        Change::Source(Source::IdentityCenter { session, .. }) => Some(*session),
        _ => None,
    });
    match (change, earlier) {
        (Change::Source(Source::IdentityCenter { portal_session, .. }), Some(session)) => {
            Change::Source(Source::IdentityCenter { session, portal_session })
        }
        (change, _) => change,
    }
}

/// The smallest whole hour that allows what is asked of the role directly, where it is known to be lower, or not known.
fn max_session(search: &Search<'_>, hop: usize, changes: &[Change]) -> Option<Change> {
    let changed = Changed::new(search.job, changes);
    // Only the first hop can be direct, and only there the role's own maximum counts.
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

/// How often a job's own loop has to renew, in whole minutes: early enough for the client's refresh window of 15 minutes and the margin.
fn loop_interval(lease: Seconds, job: &Job) -> Option<Seconds> {
    let spare = job.margin.0.max(rules::CLIENT_REFRESH_WINDOW.0).saturating_add(job.pause.0);
    lease.0.checked_sub(spare).filter(|every| *every >= 60).map(|every| Seconds(every / 60 * 60))
}

fn pauses(search: &Search<'_>, changes: &[Change]) -> Vec<Change> {
    let job = search.job;
    let judgement = search.judged(changes);
    let spare = |end: Option<Seconds>, used: Seconds| end.and_then(|end| end.0.checked_sub(used.0)).map(Seconds);
    let mut seconds: Vec<Seconds> =
        [judgement.end, judgement.lease].into_iter().filter_map(|end| spare(end, job.length + job.margin)).collect();
    if let Refresh::Every(every) = Changed::new(job, changes).job.refresh {
        seconds.extend(spare(judgement.lease, every + job.margin));
    }
    seconds.push(Seconds(0));
    let below = Seconds(0)..=Seconds(job.pause.0.saturating_sub(1));
    let seconds = seconds.into_iter().map(rounded_down_to_minutes).collect();
    nearest_first(seconds, job.pause, &below).into_iter().map(Change::Pause).collect()
}

fn runs(search: &Search<'_>, changes: &[Change]) -> Vec<Change> {
    let job = search.job;
    let judgement = search.judged(changes);
    let used = Changed::new(job, changes).job.pause + job.margin;
    let ends = [judgement.end, judgement.lease].into_iter().flatten();
    let seconds =
        ends.filter_map(|end| end.0.checked_sub(used.0)).map(|longest| rounded_down_to_minutes(Seconds(longest)));
    let shorter = Seconds(60)..=Seconds(job.length.0.saturating_sub(1));
    nearest_first(seconds.collect(), job.length, &shorter).into_iter().map(Change::Split).collect()
}

/// Those within the range, without the one that is declared, the nearest to it first.
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
