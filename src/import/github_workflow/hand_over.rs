//! Credentials that one login hands to another step or another job, by outputs or the environment.

use super::length::{self, Position};
use super::login::{Credentials, NotJudgedLogin};
use super::needs::Wait;
use super::node::{entry, text_of};
use super::reader::{Call, WorkflowReader};
use super::scope::Scope;
use super::script::{ScriptSessions, SetSession};
use super::step_walk::{StepWalk, Used};
use crate::import::expression::{self, Possible};
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::yaml::Node;
use crate::inventory::{LengthFrom, Seconds, Source};
use crate::lease::rules::DEFAULT_DURATION;

/// The outputs of the action that hold credentials (its action.yml).
pub(super) const OUTPUTS: [&str; 3] = ["aws-access-key-id", "aws-secret-access-key", "aws-session-token"];
/// The variables to which the action exports them.
pub(super) const VARIABLES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// How many jobs credentials are followed through.
const MOST_JOBS: usize = 4;

/// How old credentials may be: how long the job that made them may go on after its login.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    pub(super) seconds: Seconds,
    pub(super) from: LengthFrom,
}

/// Credentials that an expression names.
pub(super) struct HandedOver {
    pub(super) credentials: Credentials,
    /// Their age when the job starts, if another job made them.
    pub(super) age: Option<Age>,
    /// Why the job may start later than its age says.
    pub(super) longer: Option<String>,
}

/// Credentials whose session is not in the workflow.
pub(super) fn other_means(place: Place, what: &str) -> NotJudgedLogin {
    NotJudgedLogin {
        place,
        message: format!("{what}: credentials by other means than a login action are not judged"),
        help: "log in with aws-actions/configure-aws-credentials, or declare the job in an inventory, with its whole \
               path"
            .to_owned(),
        cannot_work: false,
    }
}

/// The session token of the environment, or the key of which it has no token.
pub(super) struct SessionToken {
    value: Possible,
    place: Place,
    is_token: bool,
    /// It is in the `env` of one step.
    pub(super) of_step: bool,
}

impl SessionToken {
    /// That of a step's environment. A text that is written there is a stand-in, not the token of a session.
    pub(super) fn in_environment(scope: &Scope<'_>) -> Option<Self> {
        let written = |name| scope.env_as_left_out(name).filter(|written| written.value.as_text().is_none());
        let [key, _, token] = VARIABLES;
        let (written, name) = match written(token) {
            Some(written) => (written, token),
            None => (written(key)?, key),
        };
        let of_step = scope.env_of_step(name).is_some();
        Some(Self { value: written.value, place: written.place, is_token: name == token, of_step })
    }
}

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

/// Keys that a step has for itself, in its own `env` or that of an action around it. After a login, a user's keys
/// count only with an empty session token: with the token of that login they are of no use.
pub(super) fn own_keys(scope: &Scope<'_>, before: &Credentials) -> Option<Credentials> {
    scope.env_of_step(VARIABLES[0])?;
    let after_login = matches!(before, Credentials::Path(_, hops) if !hops.is_empty());
    (scope.env_of_step(VARIABLES[2]).is_some() || !after_login).then(|| static_keys(scope))
}

impl<'a> WorkflowReader<'a> {
    /// The credentials that an expression names.
    pub(super) fn handed_over(&mut self, text: &str, call: &Call<'a>, walk: &StepWalk<'_>) -> Option<HandedOver> {
        let parsed = expression::parse(expression::inner(text)?)?;
        let (context, keys) = parsed.name()?;
        let of_this_job = |found: &Credentials| HandedOver { credentials: found.clone(), age: None, longer: None };
        match (context, &keys[..]) {
            ("steps", [id, of, output]) if of == "outputs" => {
                walk.outputs.get(&(id.clone(), output.clone())).map(of_this_job)
            }
            // The login before put them there: the action exports them to later steps.
            ("env", [name]) if VARIABLES.iter().any(|variable| name.eq_ignore_ascii_case(variable)) => {
                walk.current_session().map(of_this_job)
            }
            ("needs", [job, of, output]) if of == "outputs" => self.of_job(job, output, call),
            _ => None,
        }
    }

    /// The credentials in the output of another job of the workflow.
    fn of_job(&mut self, job: &str, output: &str, call: &Call<'a>) -> Option<HandedOver> {
        if self.jobs_followed >= MOST_JOBS {
            return None;
        }
        let tree: &'a Node = call.tree;
        let (id, node) = entry(tree, "jobs")?.entries().iter().find(|(id, _)| id.value == job)?;
        let written = entry(node, "outputs").and_then(|outputs| entry(outputs, output)).and_then(text_of)?;
        let scope = self.scope(call, node);
        let mut other = self.beside();
        other.jobs_followed += 1;
        let of_giver = Call { job: Some(node), ..call.clone() };
        let walk = other.walk(job, node, &of_giver, &scope);
        let found = other.handed_over(&written.value, &of_giver, &walk)?;
        self.left = other.left.max(usize::from(self.left > 0));
        let login = walk.logins.iter().find(|login| login.credentials == found.credentials)?;
        let length = length::of_job(id.place, node, &scope).ok()?;
        let rest = length::of_login(&length, node, login.start, None, &walk.timeouts);
        let before = login.age.map_or(Seconds(0), |age| age.seconds);
        let Wait { seconds, from, longer } =
            self.wait(job, Wait::known(rest.seconds.value + before, rest.from), call)?;
        Some(HandedOver { credentials: found.credentials, age: Some(Age { seconds, from }), longer })
    }

    /// The credentials of another login that the environment of a step holds.
    pub(super) fn handed_over_in_env(
        &mut self,
        name: &str,
        token: &SessionToken,
        call: &Call<'a>,
        start: Position,
        walk: &mut StepWalk<'a>,
    ) {
        match self.handed_over(token.value.expression(), call, walk) {
            Some(handed) => self.in_use(name, token.place, handed, (start, token.of_step), call, walk),
            None => self.unknown_session(name, token, walk),
        }
    }

    /// A session that is in use from a step on, or in that step alone.
    fn in_use(
        &mut self,
        name: &str,
        place: Place,
        handed: HandedOver,
        (start, of_step): (Position, bool),
        call: &Call<'a>,
        walk: &mut StepWalk<'a>,
    ) {
        let credentials = handed.credentials.clone();
        let is_session = matches!(&credentials, Credentials::Path(_, hops) if !hops.is_empty());
        if !is_session {
            return;
        }
        if let Some(known) = walk.logins.iter_mut().find(|known| known.credentials == credentials) {
            // This step uses them, though another login may have replaced them in the environment.
            known.end = known.end.filter(|_| of_step).map(|end| end.max_step(start.step + 1));
            known.of_step = known.of_step && known.start.step == start.step;
            return;
        }
        if let Some(remark) = self.may_start_late(place, &handed, true, call) {
            return self.remarks.add(Some(name), remark);
        }
        let end = of_step.then(|| start.max_step(start.step + 1));
        let (from, age) = (String::new(), handed.age);
        let used = Used { place, from, credentials, start, end, ends_in_chain: false, age, profile: None, of_step };
        walk.logins.push(used);
    }

    /// What the script of a step does with sessions: those that it sets, and those that it hands over by its outputs.
    pub(super) fn sessions_of_script(
        &mut self,
        name: &str,
        step: &Node,
        sessions: Placed<ScriptSessions>,
        call: &Call<'a>,
        start: Position,
        walk: &mut StepWalk<'a>,
    ) {
        let Placed { value: ScriptSessions { set, handed }, place } = sessions;
        for SetSession { expression, exported } in set {
            match expression.as_deref().and_then(|expression| self.handed_over(expression, call, walk)) {
                Some(handed) => self.in_use(name, place, handed, (start, !exported), call, walk),
                None if walk.before == Credentials::NotKnown && expression.is_none() => {}
                None => {
                    self.remarks.add(Some(name), other_means(place, "a `run` step sets AWS_SESSION_TOKEN"));
                    if exported {
                        walk.replaced_by_others(start);
                    }
                }
            }
        }
        let Some(id) = entry(step, "id").and_then(text_of) else { return };
        for (output, expression) in handed {
            let of_environment = || walk.current_session().cloned();
            let credentials = match expression {
                Some(expression) => self.handed_over(&expression, call, walk).map(|handed| handed.credentials),
                None => of_environment(),
            };
            if let Some(credentials) = credentials {
                walk.outputs.insert((id.value.clone(), output), credentials);
            }
        }
    }

    /// Says that the session of a token is not judged, where it is not followed to its login.
    fn unknown_session(&mut self, name: &str, token: &SessionToken, walk: &StepWalk<'_>) {
        let SessionToken { value, place, .. } = token;
        let expression = value.expression();
        let of_environment = expression.trim_start_matches("${{").trim_start().starts_with("env.");
        // Nothing in the workflow puts it into the environment, or the remark about the login before says why not.
        if !token.is_token || of_environment || walk.before == Credentials::NotKnown {
            return;
        }
        // Beside the expression, the text may hold a part of a token.
        let shown = if expression.starts_with("${{") { expression } else { "an expression" };
        let message = format!(
            "AWS_SESSION_TOKEN is `{shown}`: which login made this session, and when it expires, is not in the \
             workflow"
        );
        let help = "log in in this job, or declare the job in an inventory, with its whole path".to_owned();
        self.remarks.add(Some(name), NotJudgedLogin { place: *place, message, help, cannot_work: false });
    }

    /// Why a job with credentials of another job is not judged: it may start later than is written. A job that outlives
    /// the session all the same is judged, if it uses the session to its end.
    pub(super) fn may_start_late(
        &self,
        place: Place,
        handed: &HandedOver,
        for_all: bool,
        call: &Call<'a>,
    ) -> Option<NotJudgedLogin> {
        let (job, age, why) = (call.job?, handed.age?, handed.longer.as_ref()?);
        let Credentials::Path(_, hops) = &handed.credentials else { return None };
        let lease = hops.last()?.duration.as_ref().map_or(DEFAULT_DURATION, |stated| stated.value);
        let length = length::of_job(job.place, job, &self.scope(call, job)).ok();
        let known = if age.from == LengthFrom::Declared { age.seconds } else { Seconds(0) };
        if for_all && length.is_some_and(|length| length.seconds.value + known > lease) {
            return None;
        }
        let message =
            format!("its credentials come from another job, and {why}: that may take longer than the session lasts");
        let help = "log in again in this job".to_owned();
        Some(NotJudgedLogin { place, message, help, cannot_work: false })
    }
}
