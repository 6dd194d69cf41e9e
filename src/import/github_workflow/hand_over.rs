//! Credentials that one login hands to another step or another job, by outputs or the environment.

use super::conditions::Conditions;
use super::length::{self, Position};
use super::login::{Credentials, NotJudged};
use super::node::{entry, text_of};
use super::reader::{Call, Reader};
use super::scope::Scope;
use super::steps::{Used, Walk};
use crate::import::expression;
use crate::inventory::yaml::Node;
use crate::inventory::{Seconds, Source};

/// The outputs of the action that hold credentials (its action.yml).
pub(super) const OUTPUTS: [&str; 3] = ["aws-access-key-id", "aws-secret-access-key", "aws-session-token"];
/// The variables to which the action exports them.
const VARIABLES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// How many jobs credentials are followed through.
const MOST_JOBS: usize = 4;

/// Keys that the environment holds before the first step.
pub(super) fn static_keys(scope: &Scope<'_>) -> Credentials {
    let given = |name: &str| scope.env(name).is_some_and(|value| value.as_text().is_none_or(|text| !text.is_empty()));
    let kind = match (given("AWS_ACCESS_KEY_ID"), given("AWS_SESSION_TOKEN")) {
        (false, _) => return Credentials::None,
        (true, false) => "iam-user",
        (true, true) => "session-token",
    };
    Source::of_kind(kind).map_or(Credentials::NotKnown, |source| Credentials::Path(source, Vec::new()))
}

impl<'a> Reader<'a> {
    /// The credentials that an expression names, and how long the job that made them may go on after its login.
    pub(super) fn handed_over(
        &mut self,
        text: &str,
        call: &Call<'a>,
        walk: &Walk,
    ) -> Option<(Credentials, Option<Seconds>)> {
        let inner = text.trim().strip_prefix("${{")?.strip_suffix("}}")?;
        let parsed = expression::parse(inner.trim())?;
        let (context, keys) = parsed.name()?;
        match (context, &keys[..]) {
            ("steps", [id, of, output]) if of == "outputs" => {
                walk.outputs.get(&(id.clone(), output.clone())).map(|found| (found.clone(), None))
            }
            // The login before put them there: the action exports them to later steps.
            ("env", [name]) if VARIABLES.iter().any(|variable| name.eq_ignore_ascii_case(variable)) => {
                walk.current_session().map(|found| (found.clone(), None))
            }
            ("needs", [job, of, output]) if of == "outputs" => self.of_job(job, output, call),
            _ => None,
        }
    }

    /// The credentials in the output of another job of the workflow.
    fn of_job(&mut self, job: &str, output: &str, call: &Call<'a>) -> Option<(Credentials, Option<Seconds>)> {
        if self.jobs_followed >= MOST_JOBS {
            return None;
        }
        let tree: &'a Node = call.tree;
        let (id, node) = entry(tree, "jobs")?.entries().iter().find(|(id, _)| id.value == job)?;
        let written = entry(node, "outputs").and_then(|outputs| entry(outputs, output)).and_then(text_of)?;
        let scope = self.scope(call, node);
        let mut other = self.beside();
        other.jobs_followed += 1;
        let walk = other.walk(job, node, call, &scope);
        let (found, _) = other.handed_over(&written.value, call, &walk)?;
        self.left = other.left.max(usize::from(self.left > 0));
        let length = length::of_job(id.place, node, &scope).ok();
        let rest = walk
            .logins
            .iter()
            .find(|login| login.credentials == found)
            .zip(length)
            .map(|(login, length)| length::of_login(&length, login.start, None, &walk.timeouts).seconds.value);
        Some((found, rest))
    }

    /// The credentials of another job that the environment of a step holds.
    pub(super) fn handed_over_in_env(
        &mut self,
        name: &str,
        node: &Node,
        call: &Call<'a>,
        scope: &Scope<'a>,
        start: Position,
        walk: &Walk,
    ) -> Option<Used> {
        let token = scope.env("AWS_SESSION_TOKEN").or_else(|| scope.env("AWS_ACCESS_KEY_ID"))?;
        if token.as_text().is_some() {
            return None;
        }
        let (credentials, age) = self.handed_over(token.expression(), call, walk)?;
        let hops = match &credentials {
            Credentials::Path(_, hops) => hops,
            Credentials::None | Credentials::NotKnown => return None,
        };
        if walk.logins.iter().any(|known| known.credentials == credentials) {
            return None;
        }
        let lease = hops.last().and_then(|hop| hop.duration.as_ref()).map_or(Seconds::hours(1), |stated| stated.value);
        let waits = call
            .job
            .and_then(|job| entry(job, "environment"))
            .and_then(|environment| Some(text_of(environment).or_else(|| text_of(entry(environment, "name")?))?.value));
        let place = entry(node, "env").map_or(node.place, |env| env.place);
        if let Some(environment) = waits.filter(|_| self.length_of(name, call).is_none_or(|length| length <= lease)) {
            let message = format!(
                "its credentials come from another job, and it waits for the environment `{environment}`: an approval \
                 may take longer than the session lasts"
            );
            let help = "log in again in this job, after the approval".to_owned();
            self.remarks.add(Some(name), NotJudged { place, message, help, cannot_work: false });
            return None;
        }
        Some(Used {
            place,
            from: String::new(),
            credentials,
            start,
            end: None,
            conditions: Conditions::default(),
            ends_in_chain: false,
            age,
        })
    }

    /// How long the job of this call may run, where that is known.
    fn length_of(&self, _name: &str, call: &Call<'a>) -> Option<Seconds> {
        let job = call.job?;
        let scope = self.scope(call, job);
        Some(length::of_job(job.place, job, &scope).ok()?.seconds.value)
    }
}
