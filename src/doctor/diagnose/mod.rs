//! Judges: a pure function of the facts and the time. One file a subject; each diagnosis says what is so, why, and the
//! one command that corrects it. Knows no file, no variable's value, no network.

mod answer;
mod clock;
mod commands;
mod differences;
mod environment;
mod files;
mod login;
mod profile;
mod provider;
mod session;

use jiff::Timestamp;
use serde::Serialize;

use super::facts::{Provider, ShellFacts};
use super::providers::{self, ProviderEntry};
use crate::inventory::Seconds;
use crate::lease::rules;
use crate::visible::first_of;

pub(super) use answer::{by_its_key, is_local_problem, is_without_answer};
pub use session::SessionFacts;
pub(super) use session::session;

/// A session with less left than this ends soon: clients begin to renew then.
pub(super) const SOON: Seconds = rules::CLIENT_REFRESH_WINDOW;

/// Less than [`SOON`] is left.
const fn ends_soon(seconds_left: i64) -> bool {
    seconds_left < SOON.0.cast_signed()
}

/// Something that a person should know of the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// A name that does not change: kebab-case. Not an id of a finding: those are of jobs.
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What is so.
    pub what: String,
    /// Why, and what it leads to.
    pub why: String,
    /// The command that corrects it; null where nothing is wrong.
    pub command: Option<String>,
}

/// How much a diagnosis matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It keeps the credentials from working, now or within 15 minutes.
    Problem,
    /// It will, later or in another tool.
    Warning,
    /// Good to know.
    Note,
    /// Looked at, and right.
    Ok,
}

impl Level {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Ok => "ok",
        }
    }
}

impl Diagnosis {
    fn new(id: &'static str, level: Level, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { id, level, what: what.into(), why: why.into().trim_end().to_owned(), command: None }
    }

    fn fixed_by(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    fn problem(id: &'static str, what: impl Into<String>, why: impl Into<String>, command: impl Into<String>) -> Self {
        Self::new(id, Level::Problem, what, why).fixed_by(command)
    }

    fn warning(id: &'static str, what: impl Into<String>, why: impl Into<String>, command: impl Into<String>) -> Self {
        Self::new(id, Level::Warning, what, why).fixed_by(command)
    }

    fn ok(id: &'static str, what: impl Into<String>) -> Self {
        Self::new(id, Level::Ok, what, String::new())
    }
}

/// A profile matters as much as it is used: behind the environment's keys its faults wait.
fn level(subject: &DiagnosisSubject<'_>) -> Level {
    if subject.decides(Provider::Environment) { Level::Warning } else { Level::Problem }
}

/// What the parts of a diagnosis look at.
pub(super) struct DiagnosisSubject<'a> {
    facts: &'a ShellFacts,
    now: Timestamp,
    /// Whose credentials are used, or whose failure stops the chain.
    deciding: Option<Provider>,
}

impl DiagnosisSubject<'_> {
    fn decides(&self, provider: Provider) -> bool {
        self.deciding == Some(provider)
    }

    /// AWS has said who the credentials are.
    fn is_known_to_aws(&self) -> bool {
        self.facts.asked.as_ref().is_some_and(|asked| matches!(asked.identity, Some(Ok(_))))
    }
}

/// Every diagnosis, the worst first.
pub(super) fn diagnose(facts: &ShellFacts, entries: &[ProviderEntry], now: Timestamp) -> Vec<Diagnosis> {
    let subject = DiagnosisSubject { facts, now, deciding: providers::deciding(entries) };
    let mut all = Vec::new();
    environment::find(&subject, &mut all);
    files::find(&subject, &mut all);
    profile::find(&subject, &mut all);
    differences::find(&subject, &mut all);
    login::find(&subject, &mut all);
    session::find(&subject, &mut all);
    clock::find(&subject, &mut all);
    answer::find(&subject, &mut all);
    // Without a valid Region and endpoint no request can be made.
    if all.iter().any(|found| ["region-malformed", "endpoint-malformed"].contains(&found.id)) {
        all.retain(|found| !["refused", "no-answer"].contains(&found.id));
    }
    if subject.deciding.is_none() && all.iter().all(|found: &Diagnosis| found.level != Level::Problem) {
        all.push(nothing(facts));
    }
    all.sort_by_key(|found| found.level);
    all
}

fn nothing(facts: &ShellFacts) -> Diagnosis {
    let offline = facts.asked.is_none() && !facts.environment.metadata_disabled;
    let rest = if offline { " Only instance metadata is left, and --offline does not ask it." } else { "" };
    let others = describe_profiles(&facts.others);
    let command = if others.is_some() { "export AWS_PROFILE=NAME" } else { "aws login" };
    let others = others.map_or_else(String::new, |others| format!(" {others}"));
    Diagnosis::problem(
        "no-credentials",
        "There are no AWS credentials in this shell",
        format!(
            "No provider has any: not the environment, not profile `{}`, no web identity, no container.{rest}{others}",
            crate::visible::configured(&facts.selected.name)
        ),
        command,
    )
}

/// `Profiles with credentials: dev, prod and 8 more.` `None`: there are none.
fn describe_profiles(names: &[String]) -> Option<String> {
    /// Names that are listed before the rest is counted.
    const NAMED: usize = 10;
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("Profiles with credentials: {}.", first_of(&names, NAMED)))
}
