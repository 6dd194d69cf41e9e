//! One step of `aws-actions/configure-aws-credentials`: which call to STS it makes, by its inputs (the action's README,
//! table of identities; `src/index.ts` of versions 1 to 6).

use super::node::{entry, text_of};
use super::scope::{IdToken, Scope};
use crate::import::DraftHop;
use crate::inventory::problem::{Place, Placed};
use crate::inventory::yaml::{Node, Value};
use crate::inventory::{Seconds, Source};

/// DurationSeconds of versions 1 and 2 with a user's keys (the action's changelog: one hour everywhere since 3).
const OLD_DEFAULT: Seconds = Seconds::hours(6);

/// The credentials that the environment holds behind a step.
#[derive(Debug, Clone, Default)]
pub(super) enum Credentials {
    /// None that the workflow put there.
    #[default]
    None,
    /// Some of which nothing is known.
    NotKnown,
    /// By this path; without a hop, the keys themselves.
    Path(Source, Vec<DraftHop>),
}

impl Credentials {
    /// The path of credentials that lapse.
    pub(super) fn path(self) -> Option<(Source, Vec<DraftHop>)> {
        match self {
            Self::Path(source, hops) if !hops.is_empty() => Some((source, hops)),
            _ => None,
        }
    }
}

/// Where, what and what to do.
type Unknown = (Place, String, String);

/// A use of the action.
pub(super) struct Step<'a> {
    pub(super) place: Place,
    /// What is behind the `@`.
    reference: String,
    /// The major version, where that or the comment behind it tells.
    major: Option<u16>,
    with: Option<&'a Node>,
    scope: &'a Scope<'a>,
}

impl<'a> Step<'a> {
    pub(super) fn of(node: &'a Node, scope: &'a Scope<'a>) -> Option<Self> {
        let uses = entry(node, "uses").and_then(text_of)?;
        let (action, reference) = uses.value.split_once('@').unwrap_or((&uses.value, ""));
        let line = scope.text.lines().nth(uses.place.line.saturating_sub(1)).unwrap_or_default();
        let major = major(reference).or_else(|| line.split_once(" #").and_then(|(_, comment)| told_major(comment)));
        let reference = reference.to_owned();
        action.eq_ignore_ascii_case("aws-actions/configure-aws-credentials").then(|| Self {
            place: uses.place,
            reference,
            major,
            with: entry(node, "with"),
            scope,
        })
    }

    /// An input as it is written; an empty one is none.
    fn input(&self, name: &str) -> Option<Placed<String>> {
        self.with.and_then(|with| entry(with, name)).and_then(text_of).filter(|input| !input.value.is_empty())
    }

    /// An input with its expressions filled in.
    fn filled(&self, name: &str) -> Result<Option<Placed<String>>, Unknown> {
        let Some(input) = self.input(name) else { return Ok(None) };
        match self.scope.fill(&input.value) {
            Ok(value) if value.trim().is_empty() => Ok(None),
            Ok(value) => Ok(Some(Placed { value: value.trim().to_owned(), place: input.place })),
            Err(expression) => {
                let (message, help) = only_a_run_knows(name, &expression, self.scope);
                Err((input.place, message, help))
            }
        }
    }

    pub(super) fn chains(&self) -> bool {
        self.input("role-chaining").is_some_and(|input| input.value.eq_ignore_ascii_case("true"))
    }

    /// The credentials behind this step, and what people should know of them.
    pub(super) fn credentials(&self, before: &Credentials) -> Result<(Credentials, Option<(String, String)>), Unknown> {
        // Whether a key is given decides; what it is does not matter, and it is not looked at.
        let key = self.input("aws-access-key-id").is_some();
        let copied = self.input("aws-session-token").is_some();
        let role = self.filled("role-to-assume")?;
        let keys = if copied { Source::of_kind("session-token") } else { Source::of_kind("iam-user") };
        let Some(role) = role else {
            return match keys.filter(|_| key) {
                Some(keys) if !copied => Ok((Credentials::Path(keys, Vec::new()), None)),
                Some(_) => Err((
                    self.place,
                    "keys with a session token: a copy of a session, and the workflow does not say until when it is valid".to_owned(),
                    "declare the job in an inventory, with its source's duration".to_owned(),
                )),
                None => Err(self.ambient("no role-to-assume and no keys")),
            };
        };
        let mut note = None;
        let (source, mut hops) = if self.input("web-identity-token-file").is_some() && !key {
            (Source::WebIdentity { renewable: true }, Vec::new())
        } else if let Some(keys) = keys.filter(|_| key) {
            if !copied && self.major.is_none() && self.filled("role-duration-seconds")?.is_none() {
                note = Some(self.version_not_known());
            }
            (keys, Vec::new())
        } else if self.chains() {
            match before {
                Credentials::Path(source, hops) => (source.clone(), hops.clone()),
                Credentials::None | Credentials::NotKnown => {
                    return Err((
                        self.place,
                        "role-chaining: what credentials the role is assumed with is not known".to_owned(),
                        "declare the job in an inventory, with its whole path".to_owned(),
                    ));
                }
            }
        } else if self.scope.id_token.as_ref().is_some_and(|id_token| id_token.granted) {
            (Source::WebIdentity { renewable: true }, Vec::new())
        } else if self.scope.self_hosted {
            return Err(self.ambient("a self-hosted runner and no `id-token: write`"));
        } else {
            note = Some(without_id_token(self.scope.id_token.as_ref()));
            (Source::WebIdentity { renewable: true }, Vec::new())
        };
        hops.push(self.hop(role, key && !copied)?);
        Ok((Credentials::Path(source, hops), note))
    }

    fn version_not_known(&self) -> (String, String) {
        let Self { reference, .. } = self;
        (
            format!(
                "which version of the action `{reference}` is, is not known: it is taken for 3 or later, which asks for 1h; \
                 versions 1 and 2, with a user's keys, ask for 6h"
            ),
            "write role-duration-seconds, or the version in a comment behind the step: # v4.1.0".to_owned(),
        )
    }

    fn ambient(&self, what: &str) -> Unknown {
        (
            self.place,
            format!("{what}: the runner's own credentials are taken, and which those are is not in the workflow"),
            "declare the job in an inventory: source ec2-instance, ecs-task or eks-pod-identity, and the role"
                .to_owned(),
        )
    }

    fn hop(&self, role: Placed<String>, with_keys: bool) -> Result<DraftHop, Unknown> {
        if !role.value.starts_with("arn:") {
            return Err((
                role.place,
                format!(
                    "role-to-assume `{}` is a name: its account is the caller's, which is not in the workflow",
                    role.value
                ),
                "write the role's ARN".to_owned(),
            ));
        }
        let old = with_keys && matches!(self.major, Some(1 | 2));
        let duration = match self.filled("role-duration-seconds")? {
            Some(written) => match written.value.parse() {
                Ok(seconds) => Some(Placed { value: Seconds(seconds), place: written.place }),
                Err(_) => {
                    return Err((
                        written.place,
                        format!("role-duration-seconds is `{}`", written.value),
                        "write a whole number of seconds, 900 to 43200".to_owned(),
                    ));
                }
            },
            // Without one the action asks for an hour, as STS does where nobody asks.
            None => old.then_some(Placed { value: OLD_DEFAULT, place: self.place }),
        };
        Ok(DraftHop {
            role,
            duration,
            external_id: self.filled("role-external-id")?,
            session_name: self.filled("role-session-name")?,
        })
    }
}

/// The major version of `v4`, `4` or `v4.1.0`; of a commit or a branch, none.
fn major(reference: &str) -> Option<u16> {
    let version = reference.strip_prefix('v').unwrap_or(reference);
    let (major, rest) = version.split_at(version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len()));
    let ends = rest.is_empty() || rest.starts_with(['.', '-']);
    (ends && major.len() <= 3).then(|| major.parse().ok()).flatten()
}

/// The major version that a comment such as `# v1.7.0` tells.
fn told_major(comment: &str) -> Option<u16> {
    let words = comment.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    words.filter(|word| word.starts_with('v') || word.contains('.')).find_map(major)
}

/// Why an identity token may not be had, and what to do.
fn without_id_token(written: Option<&IdToken>) -> (String, String) {
    match written {
        Some(IdToken { by, .. }) => (
            format!(
                "{by}, have no `id-token: write`, and no calling workflow can add it: it is judged as if it were there, and the step fails without it"
            ),
            "add `id-token: write` to them".to_owned(),
        ),
        None => (
            "no `id-token: write` is written in this file; it is taken to be given, or the step fails".to_owned(),
            "add it to the job's permissions, if no calling workflow gives it".to_owned(),
        ),
    }
}

/// Parts of the names of inputs by which an action logs in to AWS.
const OF_A_LOGIN: [&str; 8] = [
    "role-to-assume",
    "assume-role",
    "role-arn",
    "aws-role",
    "access-key",
    "secret-key",
    "aws-session-token",
    "role-duration",
];

/// A step that may log in to AWS by other means than the action, which are not in the workflow.
pub(super) fn not_looked_into(node: &Node) -> Option<Unknown> {
    let unknown = |place, what| {
        let help = "if it assumes a role, declare the job in an inventory, with its whole path".to_owned();
        Some((place, what, help))
    };
    if let Some(run) = entry(node, "run").and_then(text_of) {
        let what = "a `run` step calls `sts assume-role`: which role, for how long, and what has the session then, is not known";
        return if run.value.contains("sts assume-role") { unknown(run.place, what.to_owned()) } else { None };
    }
    let uses = entry(node, "uses").and_then(text_of)?;
    let inputs = match entry(node, "with").map(|with| &with.value) {
        Some(Value::Map(inputs)) => inputs.as_slice(),
        _ => &[],
    };
    let of_a_login = inputs.iter().map(|(name, _)| &name.value).find(|name| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        OF_A_LOGIN.iter().any(|part| name.contains(part))
    });
    let action = &uses.value;
    match of_a_login {
        Some(input) => unknown(
            uses.place,
            format!(
                "the action `{action}` is given `{input}`: it may log in to AWS, and which role it assumes, and for how long, is not in the workflow"
            ),
        ),
        None => None,
    }
}

/// What is said of a value that hangs on an expression, and what to do.
pub(super) fn only_a_run_knows(what: &str, expression: &str, scope: &Scope<'_>) -> (String, String) {
    let why = match scope.computed(expression) {
        Some(by) => format!(": its matrix is computed, by `{by}`"),
        None => String::new(),
    };
    let help = match variable(expression) {
        Some(name) => format!("give its value: --var {name}=VALUE"),
        None => "write the value itself, or one name such as `${{ vars.NAME }}` and give that: --var vars.NAME=VALUE"
            .to_owned(),
    };
    (format!("{what} depends on `{expression}`, which only a run knows{why}"), help)
}

/// The name in `${{ vars.NAME }}`, to be given a value.
fn variable(expression: &str) -> Option<&str> {
    let name = expression.trim_start_matches("${{").trim_end_matches("}}").trim();
    name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)).then_some(name)
}
