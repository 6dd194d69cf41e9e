//! A way to cover a job: its changes in short, each change as a fix, and the changed lines of the inventory. The
//! wording of a fix is in `fixes`.

use crate::fixes::search::{Change, Changed, Way};
use crate::fixes::{self, Fix, FixPlace};
use crate::inventory::{Inventory, Job, Refresh, Role, RoleRef, Seconds, Source, write};

/// The steps of a way, and the lines to declare afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    /// A summary of all changes.
    pub(super) heading: String,
    /// The fix: one part per change, in order.
    pub(super) fix: Fix,
    /// The changed keys of the job, as YAML.
    pub(super) job: String,
    /// The changes under `roles`, as YAML; empty if none.
    pub(super) roles: String,
}

/// Describes a way. `max_session`: a role's MaxSessionDuration, if known.
pub(super) fn advise(
    place: &FixPlace<'_>,
    job: &Job,
    way: &Way,
    max_session: &dyn Fn(&RoleRef) -> Option<Seconds>,
) -> Advice {
    let changed = Changed::new(job, &way.changes);
    let raise = |role: &RoleRef, to: Seconds| {
        let why =
            if max_session(role).is_some() { "" } else { ", unless it is that long already: its value is not known" };
        Some(fixes::raise_max_session(place, role, why, to))
    };
    let heading: Vec<String> = way.changes.iter().map(|change| summarize(job, change)).collect();
    Advice {
        heading: listed(&heading),
        fix: fixes::describe_way(place, job, way, raise),
        job: job_lines(place.inventory, job, &changed.job),
        roles: role_lines(place.inventory, &changed),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(all: &[String]) -> String {
    match all {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => all.concat(),
    }
}

/// A summary of a change.
fn summarize(job: &Job, change: &Change) -> String {
    let name = |hop: usize| job.path.get(hop).map_or("the role", |hop| hop.role.name());
    match change {
        Change::Source(Source::IamUser { mfa: true }) => "give the MFA code in the AssumeRole call".to_owned(),
        Change::Source(Source::IamUser { .. }) => "start from the IAM user's long-term key".to_owned(),
        Change::Source(Source::WebIdentity { .. }) => "present a fresh token at each renewal".to_owned(),
        Change::Source(Source::IdentityCenter { session, portal_session, .. }) => {
            if let Source::IdentityCenter { portal_session: before, .. } = job.source
                && before == *portal_session
            {
                format!("set the permission set's session duration to {session}")
            } else {
                format!("raise the portal session to {portal_session}")
            }
        }
        Change::Source(Source::AccountAccess { portal_session }) => {
            format!("raise the portal session to {portal_session}")
        }
        Change::Source(Source::ConsoleLogin { signin_session: Some(session), .. }) => {
            format!("raise the sign-in session to {session}")
        }
        Change::Source(Source::Issued { .. }) => "let the broker issue new credentials during the run".to_owned(),
        Change::Source(
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration },
        ) => format!("request {duration} for the source"),
        Change::Source(source) => format!("start from {}", source.kind()),
        Change::ExchangeForLast => format!("assume {} directly by OIDC", name(job.path.len().saturating_sub(1))),
        Change::Drop(hop) => format!("leave {} out", name(*hop)),
        Change::Ask(hop, duration) => format!("request {duration} from {}", name(*hop)),
        Change::SendNone(hop) => format!("send no DurationSeconds for {}", name(*hop)),
        Change::Renew(hop) => format!("renew the session of {} too", name(*hop)),
        Change::MaxSession(role, to) => format!("set MaxSessionDuration of {} to {to}", role.name()),
        Change::Refresh(Refresh::Every(every)) => format!("renew every {every} in the job's loop"),
        Change::Refresh(_) => "let the SDK renew".to_owned(),
        Change::Pause(Seconds(0)) => "run without a pause".to_owned(),
        Change::Pause(pause) => format!("pause for at most {pause}"),
        Change::Age(Seconds(0)) => "take the credentials when the job starts".to_owned(),
        Change::Age(age) => format!("take the credentials at most {age} before the job starts"),
        Change::Split(longest) => format!("split it into runs of at most {longest}"),
    }
}

/// The changed keys of the job.
fn job_lines(inventory: &Inventory, before: &Job, after: &Job) -> String {
    let mut lines = Vec::new();
    if after.length != before.length {
        lines.push(format!("length: {}", after.length));
    }
    if after.pause != before.pause {
        lines.push(format!("pause: {}", after.pause));
    }
    if after.source != before.source {
        lines.push(format!("source: {}", write::source(&after.source)));
    }
    if after.path != before.path {
        lines.push("path:".to_owned());
        lines.extend(after.path.iter().map(|hop| {
            let label = inventory.declared_for(before, &hop.role).map_or(hop.role.as_str(), Role::label);
            format!("  - {}", write::hop(label, hop.duration))
        }));
    }
    if after.refresh != before.refresh {
        lines.push(format!("refresh: {}", write::refresh(after.refresh)));
    }
    lines.join("\n")
}

fn role_lines(inventory: &Inventory, changed: &Changed) -> String {
    let line = |(arn, to): (&RoleRef, &Seconds)| {
        let alias =
            inventory.declared_for(&changed.job, arn).and_then(|role| role.alias.as_deref()).unwrap_or(arn.name());
        format!("{}:\n  arn: {arn}\n  max_session_duration: {to}", write::scalar(alias))
    };
    changed.maxima.iter().map(line).collect::<Vec<_>>().join("\n")
}
