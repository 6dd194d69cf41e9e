//! The steps of a job, in their order: each login, the credentials that the environment has after it, and where their
//! use ends.

use super::conditions::Conditions;
use super::foreign::{
    exports_keys, exports_profiles, hands_keys_over, program_may_log_in, replaces_keys, scripts_of_action,
    step_that_may_log_in,
};
use super::hand_over::{self, HandedOver, SessionToken};
use super::length::{Position, StepTime, prepares};
use super::local::CHECKOUT;
use super::login::{Before, Credentials, Login, LoginEffect, LoginStep, NotJudgedLogin};
use super::node::{entry, text_of};
use super::reader::{Call, WorkflowReader};
use super::scope::{Given, Inputs, Kind, Scope};
use super::script::{ScriptSessions, other_login, script_of};
use super::step_walk::{StepWalk, add_login};
use crate::import::locate;
use crate::inventory::MOST_HOPS;
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::{Node, Value};

/// Where a step is.
#[derive(Clone)]
struct Around<'a> {
    position: Position,
    /// The step of the job that uses the action; empty in the job itself.
    from: String,
    conditions: Conditions<'a>,
}

/// What a step does with credentials by other means than a login action.
struct OtherMeans {
    may_log_in: Option<NotJudgedLogin>,
    token: Option<SessionToken>,
    other_login: Option<NotJudgedLogin>,
    /// The sessions of its script, and where that is.
    sessions: Option<Placed<ScriptSessions>>,
    hands_keys_over: bool,
}

impl OtherMeans {
    fn are_none(&self) -> bool {
        self.may_log_in.is_none()
            && self.token.is_none()
            && self.other_login.is_none()
            && self.sessions.is_none()
            && !self.hands_keys_over
    }
}

impl<'a> WorkflowReader<'a> {
    /// Follows the steps of a job.
    pub(super) fn walk(&mut self, name: &str, job: &'a Node, call: &Call<'a>, scope: &Scope<'a>) -> StepWalk<'a> {
        let mut walk = StepWalk { before: hand_over::static_keys(scope), ..StepWalk::default() };
        let Some(Value::List(steps)) = entry(job, "steps").map(|steps| &steps.value) else { return walk };
        for (index, node) in steps.iter().enumerate() {
            let position = Position { step: index, others_before: false, others_after: false, again: false };
            let scope = scope.after(&walk.written);
            match call.conditions.and(node, &scope, "") {
                Some(conditions) => {
                    walk.timeouts.push(StepTime::of(node, &scope, &conditions));
                    let around = Around { position, from: String::new(), conditions };
                    self.step(name, node, call, &scope, &around, &mut walk);
                }
                None => walk.timeouts.push(StepTime::NONE),
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
        walk: &mut StepWalk<'a>,
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
            let input = |name| entry(node, "with").and_then(|with| entry(with, name)).and_then(text_of);
            let is_own = input("repository").is_none_or(|other| self.is_own_repository(&other.value, call));
            walk.checkouts.extend(input("path").filter(|_| is_own).map(|path| path.value));
        }
        walk.written.add_of_step(node, &scope, &around.conditions);
        // A login has its own rule for the keys of the job.
        let uses_keys = |token: &SessionToken| token.of_step || (login.is_none() && !prepares(node));
        let script = script_of(node);
        let means = OtherMeans {
            may_log_in: step_that_may_log_in(node).filter(|_| login.is_none()),
            token: SessionToken::in_environment(&scope).filter(uses_keys),
            other_login: script
                .iter()
                .cloned()
                .chain(scripts_of_action(node))
                .find_map(|one| other_login(&one, &scope)),
            sessions: script.and_then(|script| ScriptSessions::read(&script, &scope)),
            hands_keys_over: login.is_none() && (hands_keys_over(node) || exports_keys(node)),
        };
        // The case is asked only where it matters whether the step runs.
        if (login.is_none() && means.are_none()) || !around.conditions.hold() {
            return;
        }
        if let Some(remark) = means.other_login {
            self.remarks.add(Some(name), remark);
        }
        if let Some(token) = means.token {
            self.handed_over_in_env(name, &token, call, around.position, walk);
        }
        if let Some(step) = login {
            return self.login(name, &step, node, call, around, walk);
        }
        if let Some(remark) = means.may_log_in {
            self.remarks.add(Some(name), remark);
            return walk.lose();
        }
        if let Some(sessions) = means.sessions {
            self.sessions_of_script(name, node, sessions, call, around.position, walk);
        }
        walk.has_other_profiles |= exports_profiles(node);
        if replaces_keys(node) {
            walk.replaced_by_others(around.position);
        } else if walk.before == Credentials::None && means.hands_keys_over {
            walk.before = Credentials::NotKnown;
        }
    }

    fn login(
        &mut self,
        name: &str,
        step: &LoginStep<'_, '_>,
        node: &Node,
        call: &Call<'a>,
        around: &Around<'a>,
        walk: &mut StepWalk<'a>,
    ) {
        let (login, handed) = match self.login_of_step(step, call, walk) {
            Ok(Some(login)) => login,
            Ok(None) => return,
            Err(remark) => {
                // After a chain that is cut, each further login of it would say the same.
                if !(walk.chain_is_cut && walk.before == Credentials::NotKnown && !remark.cannot_work) {
                    self.remarks.add(Some(name), remark);
                }
                return walk.lose();
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
        if login.exported {
            // They go before the keys in the `env` of the job.
            hand_over::VARIABLES.iter().for_each(|name| walk.written.add(Some(*name), None, &around.conditions));
            walk.exported_profile = login.profile.clone().or_else(|| walk.exported_profile.take());
        }
        walk.profiles.extend(login.profile.clone());
        // The same session again: its use goes on.
        if step.hands_on()
            && let Some(known) = walk.logins.iter().position(|known| known.credentials == login.credentials)
        {
            walk.current = Some(known);
            walk.before = login.credentials;
            return;
        }
        add_login(login, handed, step.place, around.from.clone(), around.position, walk);
    }

    /// The login of a step, and the credentials of another job that it uses; nothing: the credentials stay as they are.
    fn login_of_step(
        &mut self,
        step: &LoginStep<'_, '_>,
        call: &Call<'a>,
        walk: &mut StepWalk<'a>,
    ) -> Result<Option<(Login, Option<HandedOver>)>, NotJudgedLogin> {
        let own = match hand_over::own_keys(step.scope, &walk.before) {
            Some(Credentials::Path(source, hops)) => {
                let token = step.scope.env_as_left_out(hand_over::VARIABLES[2]);
                let handed = token.and_then(|token| self.handed_over(token.value.expression(), call, walk));
                Some(handed.map_or(Credentials::Path(source, hops), |handed| handed.credentials))
            }
            own => own,
        };
        let profile = walk.of_profile(step.scope);
        let before = Before { environment: own.as_ref().unwrap_or(&walk.before), profile: &profile };
        let mut handed: Option<HandedOver> = None;
        let mut found = |expression: &str| {
            handed = self.handed_over(expression, call, walk);
            handed.as_ref().map(|handed| handed.credentials.clone())
        };
        let LoginEffect::Login(login) = step.effect(before, &mut found)? else { return Ok(None) };
        step.refused_profile(&walk.profiles)?;
        let handed = handed.filter(|handed| handed.age.is_some());
        if let Some(handed) = &handed {
            let for_all = handed.credentials == login.credentials;
            if let Some(remark) = self.may_start_late(step.place, handed, for_all, call) {
                return Err(remark);
            }
        }
        let is_too_long = matches!(&login.credentials, Credentials::Path(_, hops) if hops.len() > MOST_HOPS);
        let was_cut = std::mem::replace(&mut walk.chain_is_cut, is_too_long);
        if is_too_long && !was_cut {
            return Err(NotJudgedLogin {
                place: step.place,
                message: format!("more than {MOST_HOPS} roles are assumed one after the other"),
                help: format!("a path has at most {MOST_HOPS} roles: log in again without role-chaining"),
                cannot_work: false,
            });
        }
        Ok(Some((login, handed)))
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
        walk: &mut StepWalk<'a>,
    ) {
        let path = &uses.value;
        let not_judged = |reader: &mut Self, walk: &mut StepWalk<'a>, why: &str| {
            if !around.conditions.hold() {
                return;
            }
            let message = format!("whether the repository's own action `{path}` logs in to AWS is not known: {why}");
            let help = "if it assumes a role, declare the job in an inventory, with its whole path".to_owned();
            let remark = NotJudgedLogin { place: uses.place, message, help, cannot_work: false };
            reader.remarks.add(Some(name), remark);
            walk.lose();
        };
        let (file, stack) = match self.nested(uses, &walk.checkouts, call) {
            Ok(nested) => nested,
            Err(why) => return not_judged(self, walk, &why.to_string()),
        };
        let runs_with = entry(&file.tree, "runs");
        let using = runs_with.and_then(|runs| entry(runs, "using")).and_then(text_of).map(|using| using.value);
        match using.as_deref() {
            Some("composite") => {}
            // Such a program is judged by its inputs and its name, like one of another repository.
            Some(_) if !program_may_log_in(path, &file.tree, node) => return,
            Some(using) => {
                let why = format!("{} is a program ({using}), and programs are not read", file.name);
                return not_judged(self, walk, &why);
            }
            None => return not_judged(self, walk, &format!("{} does not state `runs.using`", file.name)),
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
            let scope = scope.after(&walk.written);
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
    fn outputs_of_action(&mut self, id: &str, action: &'a Node, call: &Call<'a>, walk: &mut StepWalk<'a>) {
        let Some(Value::Map(outputs)) = entry(action, "outputs").map(|outputs| &outputs.value) else { return };
        for (output, declared) in outputs {
            let Some(value) = entry(declared, "value").and_then(text_of) else { continue };
            if let Some(found) = self.handed_over(&value.value, call, walk) {
                walk.outputs.insert((id.to_owned(), output.value.clone()), found.credentials);
            }
        }
    }
}
