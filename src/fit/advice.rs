//! A way to make a job fit, told: each change as a remedy, and the lines that the inventory then has. Owns which remedy
//! tells which change; the wording of a remedy is `audit`'s.

use super::Way;
use super::change::{Change, Changed};
use crate::audit::{Remedy, remedy};
use crate::inventory::{Inventory, Job, Refresh, RoleArn, Seconds, Source};

/// What to do, and what to declare when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// All changes in a few words.
    pub heading: String,
    /// One for each change, in their order.
    pub remedies: Vec<Remedy>,
    /// The keys of the job that change, as YAML.
    pub job: String,
    /// What changes under `roles`, as YAML; empty where nothing does.
    pub roles: String,
}

/// Tells a way. `max_session` tells a role's MaxSessionDuration where it is known.
#[must_use]
pub fn advise(
    inventory: &Inventory,
    job: &Job,
    way: &Way,
    max_session: &dyn Fn(&RoleArn) -> Option<Seconds>,
) -> Advice {
    let changed = Changed::new(job, &way.changes);
    let told = way.changes.iter().filter_map(|change| match change {
        Change::MaxSession(role, to) => {
            let why = if max_session(role).is_some() { "" } else { ", if it is lower now: it is not known" };
            Some(remedy::set_max_session(role, why, *to))
        }
        change => told(job, &changed, change),
    });
    let heading: Vec<String> = way.changes.iter().map(|change| in_short(job, change)).collect();
    Advice {
        heading: listed(&heading),
        remedies: told.collect(),
        job: job_lines(inventory, job, &changed.job),
        roles: role_lines(inventory, &changed),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(all: &[String]) -> String {
    match all {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => all.concat(),
    }
}

/// A change in a few words.
fn in_short(job: &Job, change: &Change) -> String {
    let name = |hop: usize| job.path.get(hop).map_or("the role", |hop| hop.role.name());
    match change {
        Change::Source(Source::IamUser { mfa: true }) => "give the MFA code in the AssumeRole call".to_owned(),
        Change::Source(Source::IamUser { .. }) => "start from the IAM user's own key".to_owned(),
        Change::Source(Source::WebIdentity { .. }) => "present a fresh token at each renewal".to_owned(),
        Change::Source(Source::IdentityCenter { session, portal_session }) => match job.source {
            Source::IdentityCenter { session: before, .. } if before == *session => {
                format!("have a portal session of {portal_session}")
            }
            _ => format!("have a permission set with sessions of {session}"),
        },
        Change::Source(
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration },
        ) => format!("ask for a source session of {duration}"),
        Change::Source(source) => format!("start from {}", source.kind()),
        Change::ExchangeForLast => format!("reach {} directly by OIDC", name(job.path.len().saturating_sub(1))),
        Change::Drop(hop) => format!("leave {} out", name(*hop)),
        Change::Ask(hop, duration) => format!("ask {} for {duration}", name(*hop)),
        Change::SendNone(hop) => format!("send no DurationSeconds for {}", name(*hop)),
        Change::MaxSession(role, to) => format!("set MaxSessionDuration of {} to {to}", role.name()),
        Change::Refresh(Refresh::Every(every)) => format!("renew every {every} in the job's loop"),
        Change::Refresh(_) => "let the SDK renew".to_owned(),
        Change::Pause(Seconds(0)) => "run without a pause".to_owned(),
        Change::Pause(pause) => format!("pause for at most {pause}"),
        Change::Split(longest) => format!("split it into runs of at most {longest}"),
    }
}

/// One change of those that make the job `changed`. How a MaxSessionDuration is set is told by whoever knows where.
pub(crate) fn told(job: &Job, changed: &Changed, change: &Change) -> Option<Remedy> {
    let hop_now = |hop: usize| changed.hops.iter().position(|kept| *kept == hop);
    Some(match change {
        Change::Source(source) => new_source(job, *source)?,
        Change::ExchangeForLast => remedy::exchange_for_last(job, changed.job.path.last()?.duration)?,
        Change::Drop(hop) => {
            let next = changed.hops.iter().copied().find(|kept| kept > hop)?;
            let before = changed.hops.iter().copied().rfind(|kept| kept < hop).map(|kept| job.path[kept].role.name());
            let caller = before.or((!changed.job.source.is_exchanged()).then_some("the job's source"));
            remedy::leave_out(&job.path[*hop].role, caller, &job.path[next].role)
        }
        Change::Ask(hop, duration) => remedy::ask_for(&changed.job, hop_now(*hop)?, *duration),
        Change::SendNone(hop) => remedy::send_none(&changed.job, hop_now(*hop)?),
        Change::MaxSession(..) => return None,
        Change::Refresh(Refresh::Every(every)) => remedy::refresh_in_loop(*every),
        Change::Refresh(_) => remedy::refresh_by_provider_chain(&changed.job),
        Change::Pause(pause) => remedy::shorter_pause(*pause),
        Change::Split(longest) => remedy::runs_of(*longest),
    })
}

fn new_source(job: &Job, source: Source) -> Option<Remedy> {
    Some(match (source, job.source) {
        (Source::IamUser { mfa }, _) => remedy::own_key(&job.path.first()?.role, mfa),
        (Source::WebIdentity { .. }, _) => remedy::renewable_token(),
        (Source::IdentityCenter { session, portal_session }, Source::IdentityCenter { session: before, .. }) => {
            if session == before {
                remedy::portal_session(portal_session)
            } else {
                remedy::permission_set(session)
            }
        }
        (
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration },
            _,
        ) => remedy::source_duration(source, duration),
        _ => return None,
    })
}

/// The keys of the job that are not what they were.
fn job_lines(inventory: &Inventory, before: &Job, after: &Job) -> String {
    let mut lines = Vec::new();
    if after.length != before.length {
        lines.push(format!("length: {}", after.length));
    }
    if after.pause != before.pause {
        lines.push(format!("pause: {}", after.pause));
    }
    if after.source != before.source {
        lines.push(format!("source: {}", source(after.source)));
    }
    if after.path != before.path {
        lines.push("path:".to_owned());
        lines.extend(after.path.iter().map(|hop| {
            let role = quoted(inventory.role(&hop.role).label());
            match hop.duration {
                Some(duration) => format!("  - {{role: {role}, duration: {duration}}}"),
                None => format!("  - {role}"),
            }
        }));
    }
    if after.refresh != before.refresh {
        lines.push(match after.refresh {
            Refresh::None => "refresh: none".to_owned(),
            Refresh::Auto => "refresh: auto".to_owned(),
            Refresh::Every(every) => format!("refresh: {{every: {every}}}"),
        });
    }
    lines.join("\n")
}

/// A source as the inventory writes it, without what is left at its default.
fn source(source: Source) -> String {
    let defaults = Source::of_kind(source.kind());
    let parameters: Vec<String> = match (source, defaults) {
        (now, Some(default)) if now == default => Vec::new(),
        (Source::IamUser { mfa }, _) => vec![format!("mfa: {mfa}")],
        (Source::WebIdentity { renewable } | Source::Saml { renewable }, _) => vec![format!("renewable: {renewable}")],
        (
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration },
            _,
        ) => vec![format!("duration: {duration}")],
        (Source::IdentityCenter { session, portal_session }, _) => {
            vec![format!("session: {session}"), format!("portal_session: {portal_session}")]
        }
        _ => Vec::new(),
    };
    if parameters.is_empty() {
        return source.kind().to_owned();
    }
    format!("{{kind: {}, {}}}", source.kind(), parameters.join(", "))
}

fn role_lines(inventory: &Inventory, changed: &Changed) -> String {
    let line = |(arn, to): (&RoleArn, &Seconds)| {
        let alias = inventory.role(arn).alias.unwrap_or_else(|| arn.name().to_owned());
        format!("{}:\n  arn: {arn}\n  max_session_duration: {to}", quoted(&alias))
    };
    changed.maxima.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A name as YAML takes it for a text, in a flow map too.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*name.to_ascii_lowercase());
    // JSON's strings are YAML's.
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}
