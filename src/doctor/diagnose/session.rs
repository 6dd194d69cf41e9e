//! When the session ends, as far as it is known, and which source says so.

use jiff::Timestamp;
use serde::Serialize;

use super::commands::renew;
use super::{Diagnosis, DiagnosisSubject, ends_soon};
use crate::doctor::facts::{BaseFacts, Cached, KeyKind, LoadedCredentials, ProfileFacts, Provider, ShellFacts, Stated};
use crate::doctor::providers::ProviderEntry;
use crate::inventory::Seconds;
use crate::shared_config::describe_span;

/// The end of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionFacts {
    /// When it ends.
    #[serde(serialize_with = "crate::doctor::report::rfc3339")]
    pub ends_at: Timestamp,
    /// Seconds until then; negative when it has ended.
    pub seconds_left: i64,
    /// Which source says so.
    pub told_by: &'static str,
    /// Tools get the next one by themselves.
    pub renewed: bool,
}

/// The session of the credentials that are used; `None`: they have no end, or nothing says when it is.
pub(in crate::doctor) fn session(
    facts: &ShellFacts,
    entries: &[ProviderEntry],
    now: Timestamp,
) -> Option<SessionFacts> {
    let deciding = crate::doctor::providers::deciding(entries);
    let (ends_at, told_by, renewed) = match deciding? {
        Provider::Environment => environment(facts)?,
        provider => match loaded(facts).and_then(|loaded| loaded.expires) {
            Some(end) => (end, "its provider", true),
            None if provider == Provider::Profile => cached(facts, now)?,
            None => return None,
        },
    };
    Some(SessionFacts { ends_at, seconds_left: ends_at.as_second() - now.as_second(), told_by, renewed })
}

fn loaded(facts: &ShellFacts) -> Option<LoadedCredentials> {
    facts.asked.as_ref()?.loaded.as_ref()?.as_ref().ok().copied()
}

fn environment(facts: &ShellFacts) -> Option<(Timestamp, &'static str, bool)> {
    let environment = &facts.environment;
    if !environment.token.is_set() {
        return None;
    }
    match environment.expiration {
        Stated::At(end) | Stated::WithoutZone(Some(end)) => {
            Some((end, "AWS_CREDENTIAL_EXPIRATION", environment.is_lambda))
        }
        Stated::Absent | Stated::Unreadable | Stated::WithoutZone(None) => match environment.session_end {
            Some((variable, end)) => Some((end, variable, false)),
            None => Some((environment.cached_expiration?, "the AWS CLI's cache, which holds the same key", false)),
        },
    }
}

/// The end by a profile's settings and caches, where nobody was asked. Of the caches the SDKs have that of `aws login`
/// alone.
fn cached(facts: &ShellFacts, now: Timestamp) -> Option<(Timestamp, &'static str, bool)> {
    const CLI: &str = "the AWS CLI's cache; other tools get another session";
    let ProfileFacts::Leads(chain) = &facts.profile else { return None };
    // A copied session that has ended assumes no role.
    if let BaseFacts::Keys { token: true, stated_end: Some((key, end)), .. } = &chain.base
        && (chain.roles.is_empty() || *end <= now)
    {
        return Some((*end, key, false));
    }
    if let Some(role) = chain.roles.last() {
        return Some((role.cli_session_ends?, CLI, !role.mfa));
    }
    match &chain.base {
        BaseFacts::Sso(sso) => Some((sso.cli_session_ends?, CLI, true)),
        BaseFacts::Login(login) => match login.login {
            Cached::Found(session) => Some((session.expires, "the cache of aws login", session.refreshable)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let facts = subject.facts;
    let entries = crate::doctor::providers::of(facts);
    let Some(session) = session(facts, &entries, subject.now) else { return };
    let SessionFacts { ends_at, seconds_left, told_by, renewed } = session;
    let by = format!("By {told_by}.");
    // A provider that has just returned an ended session returns it again.
    let from_provider = loaded(facts).is_some() && !subject.decides(Provider::Environment);
    if seconds_left <= 0 && (!renewed || from_provider) {
        out.push(Diagnosis::problem(
            "session-ended",
            format!("The session ended at {ends_at:.0}, {} ago", describe_span(seconds_left)),
            format!("{by} Every call that it signs fails with ExpiredToken; nothing can make a session longer."),
            renew(subject),
        ));
    } else if ends_soon(seconds_left) && !renewed {
        out.push(Diagnosis::problem(
            "session-ends-soon",
            format!("The session ends in {}, at {ends_at:.0}", Seconds(seconds_left.unsigned_abs())),
            format!("{by} Nothing renews it: what runs longer fails with ExpiredToken."),
            renew(subject),
        ));
    } else if seconds_left > 0 {
        let then = if renewed { "; tools renew it" } else { "" };
        out.push(Diagnosis::ok("session", format!("The session lasts until {ends_at:.0}{then}")));
    }
}

/// Whether the key that is used is a session's.
pub(super) fn is_session_key(facts: &ShellFacts) -> bool {
    let key = loaded(facts).and_then(|loaded| loaded.key).or(facts.environment.key);
    key.is_some_and(|key| key.kind == KeyKind::Session)
}
