//! What a job may do and where it runs: its permission to ask for identity tokens, its runner, and GitHub's limits on
//! its length.

use super::node::{entry, text_of};
use super::scope::Scope;
use crate::inventory::Seconds;
use crate::inventory::yaml::{Node, Value};

/// How long a job runs that states no `timeout-minutes` (GitHub docs, workflow syntax,
/// `jobs.<job_id>.timeout-minutes`).
pub(super) const DEFAULT_TIMEOUT: Seconds = Seconds::minutes(360);
/// When GitHub ends a job on a runner of its own, whatever `timeout-minutes` says (GitHub docs, Actions limits).
const HOSTED_LIMIT: Seconds = Seconds::hours(6);
/// When GitHub ends a job on a runner with one processor (GitHub changelog of 2026-01-22, "1 vCPU Linux runner").
const SLIM_LIMIT: Seconds = Seconds::minutes(15);
/// The label of such a runner.
const SLIM_LABEL: &str = "ubuntu-slim";
/// When GitHub ends a job on a self-hosted runner (GitHub docs, Actions limits: five days).
const SELF_HOSTED_LIMIT: Seconds = Seconds::hours(5 * 24);
/// How the labels of GitHub's own runners begin, and `runner.os` there (GitHub docs, "Choosing the runner for a job").
/// A version or one of `HOSTED_KINDS` follows.
const HOSTED_LABELS: [(&str, &str); 3] = [("ubuntu-", "Linux"), ("windows-", "Windows"), ("macos-", "macOS")];
const HOSTED_KINDS: [&str; 2] = ["latest", "slim"];
/// The labels that a self-hosted runner has by its system.
const SYSTEM_LABELS: [(&str, &str); 3] = [("linux", "Linux"), ("windows", "Windows"), ("macos", "macOS")];

/// `runner.os` on a runner of GitHub's with this label.
fn hosted_os(label: &str) -> Option<&'static str> {
    let label = label.to_ascii_lowercase();
    HOSTED_LABELS.iter().find_map(|(start, os)| {
        let rest = label.strip_prefix(start)?;
        let is_known =
            rest.starts_with(|c: char| c.is_ascii_digit()) || HOSTED_KINDS.iter().any(|kind| rest.starts_with(kind));
        is_known.then_some(*os)
    })
}

/// `runner.os` on a runner with these labels, where they show it.
pub(super) fn os(runs_on: Option<&Node>, scope: &Scope<'_>) -> Option<&'static str> {
    let mut labels = Vec::new();
    if !add_labels(runs_on?, scope, &mut labels) {
        return None;
    }
    let of_system = |label: &String| SYSTEM_LABELS.iter().find(|(name, _)| label.eq_ignore_ascii_case(name));
    let mut known = labels.iter().filter_map(|label| hosted_os(label).or_else(|| Some(of_system(label)?.1)));
    let first = known.next()?;
    let all_hosted = labels.iter().all(|label| hosted_os(label).is_some());
    let is_self_hosted = labels.iter().any(|label| label == "self-hosted");
    (known.all(|os| os == first) && (all_hosted || is_self_hosted)).then_some(first)
}

/// Whether a job may ask GitHub for an identity token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IdToken {
    /// `id-token: write` is written.
    Granted,
    /// A workflow that calls this one decides.
    CallerDecides,
    /// No permissions are written: GitHub's defaults have no identity tokens, and a called workflow may ask for them.
    NotWritten,
    /// The permissions that are named here do not include it, and no called workflow can add it.
    NotGranted(String),
}

/// Whether these permissions include identity tokens.
pub(super) fn grants_id_token(permissions: &Node) -> bool {
    match &permissions.value {
        Value::Text(all) => all == "write-all",
        _ => entry(permissions, "id-token").and_then(text_of).is_some_and(|level| level.value == "write"),
    }
}

/// Whose machine a job runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// GitHub's: it has no AWS credentials of its own, and ends a job after this time.
    Hosted(Seconds),
    SelfHosted,
    /// A label that does not show it.
    NotKnown,
}

impl Runner {
    /// The runner that `runs-on` names.
    pub(super) fn named(runs_on: Option<&Node>, scope: &Scope<'_>) -> Self {
        let mut labels = Vec::new();
        let Some(runs_on) = runs_on else { return Self::NotKnown };
        let complete = add_labels(runs_on, scope, &mut labels);
        let hosted = |label: &String| hosted_os(label).is_some();
        if labels.iter().any(|label| label.contains("self-hosted")) {
            Self::SelfHosted
        } else if complete && !labels.is_empty() && labels.iter().all(hosted) {
            let slim = labels.iter().all(|label| label.eq_ignore_ascii_case(SLIM_LABEL));
            Self::Hosted(if slim { SLIM_LIMIT } else { HOSTED_LIMIT })
        } else {
            Self::NotKnown
        }
    }

    pub(super) fn is_hosted(self) -> bool {
        matches!(self, Self::Hosted(_))
    }

    /// When GitHub ends a job here at the latest.
    pub(super) fn limit(self) -> Seconds {
        match self {
            Self::Hosted(limit) => limit,
            Self::SelfHosted | Self::NotKnown => SELF_HOSTED_LIMIT,
        }
    }
}

/// Adds the labels; `false`: there may be others.
fn add_labels(node: &Node, scope: &Scope<'_>, labels: &mut Vec<String>) -> bool {
    match &node.value {
        Value::Text(text) => {
            let filled = scope.fill(text);
            match filled.choices() {
                Some(choices) => {
                    labels.extend(choices);
                    true
                }
                None => {
                    labels.push(filled.expression().to_owned());
                    false
                }
            }
        }
        Value::List(items) => items.iter().all(|item| add_labels(item, scope, labels)),
        // A group may hold runners of either kind.
        Value::Map(entries) => {
            entries.iter().for_each(|(_, value)| {
                add_labels(value, scope, labels);
            });
            false
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
