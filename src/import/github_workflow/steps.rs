//! The steps of a job, in their order: each login, the credentials that the environment has after it, and where their
//! use ends.

use std::collections::BTreeMap;

use super::conditions::Conditions;
use super::foreign::{exports_keys, hands_keys_over, program_may_log_in, replaces_keys, step_that_may_log_in};
use super::hand_over::{self, Age, HandedOver, SessionToken};
use super::length::{self, Position};
use super::local::CHECKOUT;
use super::login::{Credentials, Login, LoginEffect, LoginStep, NotJudgedLogin};
use super::node::{entry, text_of};
use super::reader::{Call, WorkflowReader};
use super::scope::{Given, Inputs, Kind, Scope};
use crate::import::locate;
use crate::inventory::Seconds;
use crate::inventory::problem::{Place, Placed};
use crate::inventory::yaml::{Node, Value};

/// A login of a job.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) place: Place,
    /// The step of the job that uses the action in which the login is.
    pub(super) from: String,
    pub(super) credentials: Credentials,
    pub(super) start: Position,
    /// Where another login replaces the credentials.
    pub(super) end: Option<Position>,
    /// Where it ends, its credentials assume the next role.
    pub(super) ends_in_chain: bool,
    /// How old the credentials may be when the job starts: another job made them.
    pub(super) age: Option<Age>,
    /// The profile that has the credentials.
    pub(super) profile: Option<String>,
}

/// What the steps of a job do.
#[derive(Default)]
pub(super) struct StepWalk {
    pub(super) logins: Vec<Used>,
    /// The credentials in the environment.
    pub(super) before: Credentials,
    /// The login that put them there.
    current: Option<usize>,
    /// The credentials in the outputs of steps, by the step's id and the output's name.
    pub(super) outputs: BTreeMap<(String, String), Credentials>,
    /// The `timeout-minutes` of each step of the job.
    pub(super) timeouts: Vec<Option<Seconds>>,
    /// The folder of a checkout below the workspace.
    checkouts: Vec<String>,
}

impl StepWalk {
    /// The session of the login whose credentials are in the environment.
    pub(super) fn current_session(&self) -> Option<&Credentials> {
        let session = |found: &&Credentials| matches!(found, Credentials::Path(_, hops) if !hops.is_empty());
        self.current.map(|current| &self.logins[current].credentials).filter(session)
    }

    /// Adds a login, and ends the use of the one that it replaces. `exported`: the environment gets the credentials.
    fn add(&mut self, login: Used, chained: bool, exported: bool) {
        // A user's keys before the login are no session.
        let replaces = exported && !chained && self.current_session().is_some();
        if let Some(current) = self.current.filter(|_| exported) {
            let current = &mut self.logins[current];
            // A profile keeps its session until it gets another.
            if chained || current.profile.is_none() || current.profile == login.profile {
                current.end = Some(login.start);
                current.ends_in_chain = chained;
            }
        }
        let same_profile = |known: &&mut Used| login.profile.is_some() && known.profile == login.profile;
        let mut replaced = 0;
        for known in self.logins.iter_mut().filter(same_profile).filter(|known| known.end.is_none()) {
            known.end = Some(login.start);
            replaced += 1;
        }
        let again = replaces || replaced > 0;
        let credentials = login.credentials.clone();
        self.logins.push(Used { start: Position { again, ..login.start }, ..login });
        if exported {
            self.current = Some(self.logins.len() - 1);
            self.before = credentials;
        }
    }
}

/// Where a step is.
#[derive(Clone)]
struct Around<'a> {
    position: Position,
    /// The step of the job that uses the action; empty in the job itself.
    from: String,
    conditions: Conditions<'a>,
}

impl<'a> WorkflowReader<'a> {
    /// Follows the steps of a job.
    pub(super) fn walk(&mut self, name: &str, job: &'a Node, call: &Call<'a>, scope: &Scope<'a>) -> StepWalk {
        let mut walk = StepWalk { before: hand_over::static_keys(scope), ..StepWalk::default() };
        let Some(Value::List(steps)) = entry(job, "steps").map(|steps| &steps.value) else { return walk };
        for (index, node) in steps.iter().enumerate() {
            let position = Position { step: index, others_before: false, others_after: false, again: false };
            match call.conditions.and(node, scope, "") {
                Some(conditions) => {
                    walk.timeouts.push(length::of_step(node, scope));
                    let around = Around { position, from: String::new(), conditions };
                    self.step(name, node, call, scope, &around, &mut walk);
                }
                None => walk.timeouts.push(Some(Seconds(0))),
            }
        }
        walk
    }

    fn step(
        &mut self,
        name: &str,
        node: &'a Node,
        call: &Call<'a>,
        scope: &Scope<'a>,
        around: &Around<'a>,
        walk: &mut StepWalk,
    ) {
        if !self.goes_on(node.place) {
            walk.before = Credentials::NotKnown;
            return;
        }
        let scope = scope.within(node);
        let uses = entry(node, "uses").and_then(text_of);
        let login = LoginStep::read(node, &scope);
        if login.is_none()
            && let Some(uses) =
                uses.as_ref().filter(|uses| uses.value.starts_with("./") || uses.value.starts_with("../"))
        {
            return self.action(name, uses, node, call, &scope, around, walk);
        }
        if uses.as_ref().is_some_and(|uses| uses.value.starts_with(CHECKOUT)) {
            let path = entry(node, "with").and_then(|with| entry(with, "path")).and_then(text_of);
            walk.checkouts.extend(path.map(|path| path.value));
        }
        let may_log_in = step_that_may_log_in(node).filter(|_| login.is_none());
        let token = SessionToken::in_environment(&scope);
        let hands_over = login.is_none() && (hands_keys_over(node) || exports_keys(node));
        // The case is asked only where it matters whether the step runs.
        let matters = login.is_some() || may_log_in.is_some() || token.is_some() || hands_over;
        if !matters || !around.conditions.hold() {
            return;
        }
        if let Some(token) = token {
            self.handed_over_in_env(name, &token, call, around.position, walk);
        }
        if let Some(step) = login {
            self.login(name, &step, node, call, around, walk);
        } else if let Some(remark) = may_log_in {
            self.remarks.add(Some(name), remark);
            walk.before = Credentials::NotKnown;
            walk.current = None;
        } else if replaces_keys(node) {
            walk.before = Credentials::NotKnown;
            if let Some(current) = walk.current.take() {
                walk.logins[current].end = Some(around.position);
            }
        } else if walk.before == Credentials::None && hands_over {
            walk.before = Credentials::NotKnown;
        }
    }

    fn login(
        &mut self,
        name: &str,
        step: &LoginStep<'_>,
        node: &Node,
        call: &Call<'a>,
        around: &Around<'a>,
        walk: &mut StepWalk,
    ) {
        let mut handed: Option<HandedOver> = None;
        let mut found = |expression: &str| {
            handed = self.handed_over(expression, call, walk);
            handed.as_ref().map(|handed| handed.credentials.clone())
        };
        let own = hand_over::own_keys(node, step.scope);
        let effect = step.effect(own.as_ref().unwrap_or(&walk.before), &mut found);
        let handed = handed.filter(|handed| handed.age.is_some());
        let waits = match (&handed, &effect) {
            (Some(handed), Ok(LoginEffect::Login(login))) => {
                let for_all = handed.credentials == login.credentials;
                self.may_start_late(step.place, handed, for_all, call)
            }
            _ => None,
        };
        let effect = waits.map_or(effect, Err);
        let login = match effect {
            Ok(LoginEffect::Nothing) => return,
            Ok(LoginEffect::Login(login)) => login,
            Err(remark) => {
                self.remarks.add(Some(name), remark);
                walk.before = Credentials::NotKnown;
                walk.current = None;
                return;
            }
        };
        if let Some((message, help)) = login.note.clone() {
            self.notes.add(Some(name), NotJudgedLogin { place: step.place, message, help, cannot_work: false });
        }
        step.misread_duration().into_iter().for_each(|remark| self.notes.add(Some(name), remark));
        // Without that input, the action sets no outputs (its action.yml).
        let sets_outputs = step.known.is_some() || step.is_on("output-credentials") != Some(false);
        if let Some(id) = entry(node, "id").and_then(text_of).filter(|_| sets_outputs) {
            for output in hand_over::OUTPUTS {
                walk.outputs.insert((id.value.clone(), output.to_owned()), login.credentials.clone());
            }
        }
        // The same session again: its use goes on.
        if let Some(known) = walk.logins.iter().position(|known| known.credentials == login.credentials)
            && step.hands_on()
        {
            walk.current = Some(known);
            walk.before = login.credentials;
            return;
        }
        let Login { credentials, chained, exported, profile, .. } = login;
        let used = Used {
            place: step.place,
            from: around.from.clone(),
            credentials,
            start: around.position,
            end: None,
            ends_in_chain: false,
            age: None,
            profile,
        };
        let used = match handed {
            Some(handed) if handed.credentials == used.credentials => Used { age: handed.age, ..used },
            Some(handed) => {
                walk.logins.push(Used {
                    credentials: handed.credentials,
                    end: Some(around.position),
                    ends_in_chain: true,
                    age: handed.age,
                    profile: None,
                    ..used.clone()
                });
                used
            }
            None => used,
        };
        walk.add(used, chained, exported);
    }

    /// A step that is an action of the repository: its steps run in the same job.
    #[expect(clippy::too_many_arguments, reason = "the surroundings of a step, as `step` has them")]
    fn action(
        &mut self,
        name: &str,
        uses: &Placed<String>,
        node: &'a Node,
        call: &Call<'a>,
        scope: &Scope<'a>,
        around: &Around<'a>,
        walk: &mut StepWalk,
    ) {
        let path = &uses.value;
        let mut not_judged = |reader: &mut Self, why: &str| {
            if !around.conditions.hold() {
                return;
            }
            let message = format!("whether the repository's own action `{path}` logs in to AWS is not known: {why}");
            let help = "if it assumes a role, declare the job in an inventory, with its whole path".to_owned();
            let remark = NotJudgedLogin { place: uses.place, message, help, cannot_work: false };
            reader.remarks.add(Some(name), remark);
            walk.before = Credentials::NotKnown;
            walk.current = None;
        };
        let (file, stack) = match self.nested(uses, &walk.checkouts, call) {
            Ok(nested) => nested,
            Err(why) => return not_judged(self, &why.to_string()),
        };
        let runs_with = entry(&file.tree, "runs");
        let using = runs_with.and_then(|runs| entry(runs, "using")).and_then(text_of).map(|using| using.value);
        match using.as_deref() {
            Some("composite") => {}
            // Such a program is judged by its inputs and its name, like one of another repository.
            Some(_) if !program_may_log_in(path, &file.tree, node) => return,
            Some(using) => {
                let why = format!("{} is a program ({using}), and programs are not read", file.name);
                return not_judged(self, &why);
            }
            None => return not_judged(self, &format!("{} does not state `runs.using`", file.name)),
        }
        let steps = runs_with.and_then(|runs| entry(runs, "steps"));
        let Some(Value::List(steps)) = steps.map(|steps| &steps.value) else { return };
        let inputs = scope.pass(entry(node, "with"), entry(&file.tree, "inputs"), Kind::Text);
        let given = std::rc::Rc::new(Given { inputs: Inputs::Passed(inputs), ..(*scope.given).clone() });
        let scope = Scope { given, text: &file.text, ..scope.clone() };
        let from = match around.from.is_empty() {
            true => format!(", used at {}", locate(uses.place, self.files)),
            false => around.from.clone(),
        };
        let call = Call { stack, ..call.clone() };
        for (index, node) in steps.iter().enumerate() {
            let Some(conditions) = around.conditions.and(node, &scope, &from) else { continue };
            let position = Position {
                step: around.position.step,
                others_before: around.position.others_before || index > 0,
                others_after: around.position.others_after || index + 1 < steps.len(),
                again: false,
            };
            let inner = Around { position, from: from.clone(), conditions };
            self.step(name, node, &call, &scope, &inner, walk);
        }
        if let Some(id) = entry(node, "id").and_then(text_of) {
            self.outputs_of_action(&id.value, &file.tree, &call, walk);
        }
    }

    /// The credentials that an action hands on by its outputs.
    fn outputs_of_action(&mut self, id: &str, action: &'a Node, call: &Call<'a>, walk: &mut StepWalk) {
        let Some(Value::Map(outputs)) = entry(action, "outputs").map(|outputs| &outputs.value) else { return };
        for (output, declared) in outputs {
            let Some(value) = entry(declared, "value").and_then(text_of) else { continue };
            if let Some(found) = self.handed_over(&value.value, call, walk) {
                walk.outputs.insert((id.to_owned(), output.value.clone()), found.credentials);
            }
        }
    }
}
