//! Why a login is not judged, or fails, in words.

use super::login::{LoginStep, NotJudgedLogin};
use super::runner::IdToken;
use super::scope::Scope;
use crate::import::expression;

impl LoginStep<'_, '_> {
    pub(super) fn version_not_known(&self) -> Option<(String, String)> {
        if self.option("role-duration-seconds").is_some() {
            return None;
        }
        let message = format!(
            "the version of the action `{}` is not known: it is judged as version 3 or later, which asks for 1h; \
             versions 1 and 2, with a user's keys, ask for 6h",
            self.reference
        );
        let help = "write role-duration-seconds, or the version in a comment beside the step: # v4.1.0".to_owned();
        Some((message, help))
    }

    pub(super) fn not_judged(&self, message: impl Into<String>, help: &str) -> NotJudgedLogin {
        NotJudgedLogin { place: self.place, message: message.into(), help: help.to_owned(), cannot_work: false }
    }

    pub(super) fn copied_session(&self) -> NotJudgedLogin {
        self.not_judged(
            "keys with a session token: a copy of a session, and the workflow does not state when that expires",
            "declare the job in an inventory, with its source's duration",
        )
    }

    pub(super) fn not_known_before(&self) -> NotJudgedLogin {
        self.not_judged(
            "role-chaining: the credentials with which the role is assumed are not known",
            "declare the job in an inventory, with its whole path",
        )
    }

    pub(super) fn ambient(&self, why: &str) -> NotJudgedLogin {
        self.not_judged(
            format!("{why}: the step takes the runner's own credentials, which are not in the workflow"),
            "declare the job in an inventory: source ec2-instance, ecs-task or eks-pod-identity, and the role",
        )
    }

    /// No keys, no identity token and no earlier login.
    pub(super) fn no_credentials(&self) -> NotJudgedLogin {
        if !self.scope.runner.is_hosted() {
            return self.ambient("no `id-token: write` on a runner that may have credentials");
        }
        let grant = "add `id-token: write` to the job's permissions";
        let (why, help) = match &self.scope.id_token {
            IdToken::NotGranted(by) => (by.clone(), grant),
            IdToken::NotWritten => ("no `permissions` with `id-token: write` are written".to_owned(), grant),
            IdToken::Granted | IdToken::CallerDecides => (
                "the action does not ask for an identity token".to_owned(),
                "remove force-skip-oidc, or use a newer version of the action",
            ),
        };
        self.cannot_work(&format!("{why}, and there are no keys"), help)
    }

    /// A login that fails in every run on a runner of GitHub's.
    pub(super) fn cannot_work(&self, why: &str, help: &str) -> NotJudgedLogin {
        let message = format!("{why}: a GitHub-hosted runner has no credentials, the step fails");
        NotJudgedLogin { cannot_work: true, ..self.not_judged(message, help) }
    }
}

/// What is said of a value that depends on an expression, and what to do.
pub(super) fn only_a_run_knows(input: &str, expression: &str, scope: &Scope<'_>) -> (String, String) {
    let why = match scope.computed(expression) {
        Some(by) => format!(": its matrix is computed, by `{by}`"),
        None => String::new(),
    };
    let help = match variable(expression) {
        Some(name) => format!("give its value: --var {name}=VALUE"),
        None => "write the value itself, or one name such as `${{ vars.NAME }}` and give that: --var vars.NAME=VALUE"
            .to_owned(),
    };
    (format!("{input} depends on `{expression}`, which only a run knows{why}"), help)
}

/// The name in `${{ vars.NAME }}`, to be given a value.
fn variable(expression: &str) -> Option<&str> {
    let name = expression::inner(expression).unwrap_or(expression);
    name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)).then_some(name)
}
