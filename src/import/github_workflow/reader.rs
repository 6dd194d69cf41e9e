//! Workflows and their jobs: calls of other workflows, matrices, and the jobs of the inventory that come of them.

use std::cell::Cell as Counter;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::cases::{Case, MOST_CASES};
use super::conditions::Conditions;
use super::drafts::{self, Logins, OfStep};
use super::foreign::workflow_that_may_log_in;
use super::local::{LocalFile, LocalFiles, NoLocalFile};
use super::login::NotJudgedLogin;
use super::matrix::{self, MatrixRow};
use super::node::{entry, entry_with_key, text_of};
use super::parsed::Parsed;
use super::remarks::{FailuresOfCases, Remarks};
use super::runner::{self, IdToken, Runner, grants_id_token};
use super::scope::{Given, Inputs, Kind, MAX_LOOKUPS, PassedSecrets, Scope};
use crate::import::{Draft, Variables, locate};
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::yaml::{Node, Value};
use crate::measured::{HistoryKind, MeasuredBy};

/// How deep actions and called workflows may nest (GitHub Actions, "Reusing workflow configurations": ten levels).
pub(super) const MAX_NESTING: usize = 10;
/// How many jobs and steps are followed, those of actions again for each use and all again for each case: nested files
/// can multiply.
pub(super) const MAX_STEPS: usize = 400_000;

/// Follows workflows.
pub(super) struct WorkflowReader<'a> {
    pub(super) files: &'a [Arc<str>],
    variables: &'a Variables,
    local: &'a LocalFiles,
    pub(super) drafts: Vec<Draft>,
    /// What is not judged.
    pub(super) remarks: Remarks,
    /// What people should know of what is judged.
    pub(super) notes: Remarks,
    /// How many more jobs and steps are followed.
    pub(super) left: usize,
    lookups: Rc<Counter<usize>>,
    case: Rc<Case>,
    /// How many jobs were followed to find credentials that they hand over.
    pub(super) jobs_followed: usize,
    /// The jobs that run without a login in some case: their ids.
    pub(super) without_login: BTreeSet<Place>,
}

/// A workflow as it runs: alone, or called by a job.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub(super) tree: &'a Node,
    pub(super) text: &'a str,
    pub(super) root: Option<&'a Path>,
    pub(super) given: Rc<Given<'a>>,
    /// The calling job's permission.
    pub(super) caller: Option<IdToken>,
    /// The paths of the called workflows and actions that lead here.
    pub(super) stack: Vec<&'a str>,
    /// The job that is followed.
    pub(super) job: Option<&'a Node>,
    /// The conditions of the calling jobs.
    pub(super) conditions: Conditions<'a>,
}

impl<'a> WorkflowReader<'a> {
    pub(super) fn new(files: &'a [Arc<str>], variables: &'a Variables, local: &'a LocalFiles) -> Self {
        Self {
            files,
            variables,
            local,
            drafts: Vec::new(),
            remarks: Remarks::default(),
            notes: Remarks::default(),
            left: MAX_STEPS,
            lookups: Rc::new(Counter::new(MAX_LOOKUPS)),
            case: Rc::default(),
            jobs_followed: 0,
            without_login: BTreeSet::new(),
        }
    }

    /// A reader with the same limits and nothing found.
    pub(super) fn beside(&self) -> Self {
        Self {
            drafts: Vec::new(),
            remarks: Remarks::default(),
            notes: Remarks::default(),
            lookups: Rc::clone(&self.lookups),
            case: Rc::clone(&self.case),
            without_login: BTreeSet::new(),
            ..*self
        }
    }

    pub(super) fn workflow(&mut self, one: &'a Parsed<'a>) {
        let Some(Value::Map(_)) = entry(&one.tree, "jobs").map(|jobs| &jobs.value) else {
            let message = "there are no `jobs`".to_owned();
            let help = "name a file of .github/workflows".to_owned();
            let remark = NotJudgedLogin { place: one.tree.place, message, help, cannot_work: false };
            return self.remarks.add(None, remark);
        };
        let path = Path::new(&one.workflow.name);
        let stem =
            path.file_stem().map_or_else(|| one.workflow.name.clone(), |stem| stem.to_string_lossy().into_owned());
        let call = Call {
            tree: &one.tree,
            text: &one.workflow.text,
            root: one.root.as_deref(),
            given: Rc::new(Given::of_run(entry(&one.tree, "on"))),
            caller: None,
            stack: Vec::new(),
            job: None,
            conditions: Conditions::default(),
        };
        self.jobs(&stem, &call);
    }

    fn jobs(&mut self, above: &str, call: &Call<'a>) {
        let Some(Value::Map(jobs)) = entry(call.tree, "jobs").map(|jobs| &jobs.value) else { return };
        for (id, job) in jobs {
            self.job(&format!("{above}/{}", id.value), id, call, job);
        }
    }

    /// A job, or the several that its matrix makes of it where they differ in their logins.
    fn job(&mut self, name: &str, id: &Placed<String>, call: &Call<'a>, job: &'a Node) {
        let rows = match matrix::rows(job) {
            Ok(rows) => rows,
            Err(wrong) => {
                let help = "write fewer, or declare the jobs in an inventory".to_owned();
                let remark = NotJudgedLogin { place: id.place, message: wrong.to_string(), help, cannot_work: false };
                return self.remarks.add(Some(name), remark);
            }
        };
        let mut used = BTreeSet::new();
        let mut followed: Vec<Rc<MatrixRow<'a>>> = Vec::new();
        let mut distinct: Vec<(Rc<MatrixRow<'a>>, Vec<Draft>)> = Vec::new();
        for row in rows {
            // Only what was looked up decides.
            if followed.iter().any(|known| row.is_like(known, &known.used())) {
                continue;
            }
            let row = Rc::new(row);
            let given = Given { row: Rc::clone(&row), ..(*call.given).clone() };
            let call = Call { given: Rc::new(given), job: Some(job), ..call.clone() };
            let drafts = self.in_all_cases(name, id, &call, job);
            used.extend(row.used());
            followed.push(Rc::clone(&row));
            if !drafts.is_empty() && !distinct.iter().any(|(_, known)| *known == drafts) {
                distinct.push((row, drafts));
            }
        }
        let rows: Vec<&MatrixRow<'_>> = distinct.iter().map(|(row, _)| &**row).collect();
        let labels = matrix::labels(&rows, &used);
        let measured_by = measured_by(id, call, job);
        for ((_, drafts), label) in distinct.into_iter().zip(labels) {
            for mut draft in drafts {
                if !label.is_empty() {
                    draft.name = format!("{name} ({label}){}", draft.name.strip_prefix(name).unwrap_or_default());
                }
                draft.measured_by = draft.measured_by.or_else(|| measured_by.clone());
                self.drafts.push(draft);
            }
        }
    }

    /// The jobs of the inventory that one row of a matrix makes, in all cases in which it can run.
    fn in_all_cases(&mut self, name: &str, id: &Placed<String>, call: &Call<'a>, job: &'a Node) -> Vec<Draft> {
        let before = self.case.answers();
        let mut cases = vec![before.clone()];
        let (mut own, mut called) = (Logins::default(), Logins::default());
        let mut remarks = Remarks::default();
        let mut failures = FailuresOfCases::default();
        let mut followed = 0;
        while let Some(case) = cases.pop() {
            self.case.set(case);
            let mut reader = self.beside();
            let found = reader.one_job(name, id, call, job);
            self.left = reader.left.max(usize::from(self.left > 0));
            if followed >= MOST_CASES {
                let message = format!("more than {MOST_CASES} combinations of conditions and inputs decide its logins");
                let help = "split the job, or declare it in an inventory".to_owned();
                remarks.add(Some(name), NotJudgedLogin { place: id.place, message, help, cannot_work: false });
                self.case.split();
                break;
            }
            if let Some(split) = self.case.split() {
                cases.extend(split.into_iter().rev());
                continue;
            }
            followed += 1;
            failures.add(&reader.remarks, &self.case.answers(), &before);
            own.add(found);
            called.add(reader.drafts.into_iter().map(|draft| OfStep { step: 0, draft }).collect());
            remarks.append(reader.remarks);
            self.notes.append(reader.notes);
            self.without_login.extend(reader.without_login);
        }
        self.case.set(before);
        let own = drafts::named(name, own.into_vec());
        // A login that is judged in one case does not fail in every run.
        remarks.forget_failures(own.iter().map(|draft| draft.place));
        for note in failures.notes(own.iter().map(|draft| draft.place)) {
            self.notes.add(Some(name), note);
        }
        self.remarks.append(remarks);
        own.into_iter().chain(called.into_vec().into_iter().map(|of_step| of_step.draft)).collect()
    }

    /// The scope of a job.
    pub(super) fn scope(&self, call: &Call<'a>, job: &'a Node) -> Scope<'a> {
        let scope = Scope {
            variables: self.variables,
            given: Rc::clone(&call.given),
            env: Vec::new(),
            lookups: Rc::clone(&self.lookups),
            case: Rc::clone(&self.case),
            text: call.text,
            id_token: self.id_token(call, job),
            runner: Runner::NotKnown,
            os: None,
        };
        let scope = scope.within(call.tree).within(job);
        let runs_on = entry(job, "runs-on");
        Scope { runner: Runner::named(runs_on, &scope), os: runner::os(runs_on, &scope), ..scope }.in_steps(job)
    }

    /// The logins of a job in one case. Those of the jobs that it calls are in `drafts`.
    fn one_job(&mut self, name: &str, id: &Placed<String>, call: &Call<'a>, job: &'a Node) -> Vec<OfStep> {
        let scope = self.scope(call, job);
        if self.case.is_open() || !self.goes_on(id.place) {
            return Vec::new();
        }
        let Some(conditions) = call.conditions.and(job, &scope, "") else { return Vec::new() };
        let call = Call { conditions, ..call.clone() };
        if let Some(uses) = entry(job, "uses").and_then(text_of) {
            self.called(name, &uses, &call, &scope, job);
            return Vec::new();
        }
        let walk = self.walk(name, job, &call, &scope);
        if self.case.is_open() {
            return Vec::new();
        }
        let found = self.logins(name, id, job, &scope, walk);
        if found.is_empty() {
            self.without_login.insert(id.place);
        }
        found
    }

    /// The jobs of a workflow that a job calls.
    fn called(&mut self, name: &str, uses: &Placed<String>, call: &Call<'a>, scope: &Scope<'a>, job: &'a Node) {
        let own = self.local.own_workflow(call.root, &uses.value).map(|value| Placed { value, place: uses.place });
        if own.is_some() && call.conditions.hold() {
            let message = format!("`{}` is judged by the file of this folder; its version may differ", uses.value);
            let help = "judge a checkout of the version that `uses` names".to_owned();
            self.notes.add(Some(name), NotJudgedLogin { place: uses.place, message, help, cannot_work: false });
        }
        let uses = own.as_ref().unwrap_or(uses);
        let path = &uses.value;
        if !path.starts_with("./") {
            let id_token = scope.id_token == IdToken::Granted;
            if let Some(remark) = workflow_that_may_log_in(uses, job, id_token)
                && call.conditions.hold()
            {
                self.remarks.add_once_per_file(name, remark);
            }
            return;
        }
        let not_judged = |reader: &mut Self, why: &str| {
            let message = format!("it calls the workflow `{path}`, which is not judged: {why}");
            let help = "keep it in .github/workflows of the same repository, or declare its jobs in an inventory";
            let remark = NotJudgedLogin { place: uses.place, message, help: help.to_owned(), cannot_work: false };
            reader.remarks.add(Some(name), remark);
        };
        let (file, stack) = match self.nested(uses, &[], call) {
            Ok(nested) => nested,
            Err(why) => return not_judged(self, &why.to_string()),
        };
        if entry(&file.tree, "jobs").is_none() {
            return not_judged(self, &format!("{} has no `jobs`", file.name));
        }
        let declared = entry(&file.tree, "on").and_then(|on| entry(on, "workflow_call"));
        let inputs =
            scope.pass(entry(job, "with"), declared.and_then(|declared| entry(declared, "inputs")), Kind::Typed);
        let secrets = match (entry(job, "secrets").map(|secrets| &secrets.value), &call.given.secrets) {
            // `inherit`: all that the caller has, under the same names.
            (Some(Value::Text(_)), PassedSecrets::Repository(_)) => {
                PassedSecrets::Repository(declared.and_then(|declared| entry(declared, "secrets")))
            }
            (Some(Value::Text(_)), passed @ PassedSecrets::Passed(_)) => passed.clone(),
            _ => PassedSecrets::Passed(scope.pass(entry(job, "secrets"), None, Kind::Text)),
        };
        let events = Rc::clone(&call.given.events);
        let given = Rc::new(Given { inputs: Inputs::Passed(inputs), secrets, row: Rc::default(), events });
        let caller = Some(scope.id_token.clone());
        let (tree, text) = (&file.tree, &*file.text);
        let call = Call { tree, text, given, caller, stack, job: None, ..call.clone() };
        self.jobs(name, &call);
    }

    /// Whether a checkout's `repository` may be that of the workflow: a text that names another is none.
    pub(super) fn is_own_repository(&self, name: &str, call: &Call<'_>) -> bool {
        name.is_empty() || name.contains("${{") || self.local.has_name(call.root, name)
    }

    /// The file that is used, and the way that leads into it. `checkouts`: folders in which the repository may be.
    pub(super) fn nested(
        &self,
        uses: &Placed<String>,
        checkouts: &[String],
        call: &Call<'a>,
    ) -> Result<(&'a LocalFile, Vec<&'a str>), NoLocalFile> {
        let local: &'a LocalFiles = self.local;
        let file = local.get(call.root, &uses.value, checkouts)?;
        if call.stack.contains(&&*file.name) {
            return Err(NoLocalFile::UsesItself(
                call.stack.iter().copied().chain([&*file.name]).map(str::to_owned).collect(),
            ));
        }
        if call.stack.len() >= MAX_NESTING {
            return Err(NoLocalFile::NestedTooDeep);
        }
        let mut stack = call.stack.clone();
        stack.push(&file.name);
        Ok((file, stack))
    }

    /// The job's permissions, or those of the file: a job's own replace them all. A called workflow has no more than
    /// the job that calls it, and GitHub's defaults have no identity tokens.
    fn id_token(&self, call: &Call<'_>, job: &Node) -> IdToken {
        let written = |node, whose: &str| {
            let (key, permissions) = entry_with_key(node, "permissions")?;
            Some(if grants_id_token(permissions) {
                IdToken::Granted
            } else {
                let place = locate(key.place, self.files);
                IdToken::NotGranted(format!("the {whose}'s `permissions`, {place}, have no `id-token: write`"))
            })
        };
        let own = written(job, "job").or_else(|| written(call.tree, "file"));
        match (&call.caller, own) {
            (Some(caller @ IdToken::NotGranted(_)), _) => caller.clone(),
            // GitHub's defaults have none, and the called workflow cannot have more.
            (Some(IdToken::NotWritten), Some(IdToken::Granted)) => {
                IdToken::NotGranted("the calling job has no `permissions` with `id-token: write`".to_owned())
            }
            (_, Some(own)) => own,
            (Some(caller), None) => caller.clone(),
            (None, None) => {
                let callable = entry(call.tree, "on").is_some_and(|on| mentions(on, "workflow_call"));
                if callable { IdToken::CallerDecides } else { IdToken::NotWritten }
            }
        }
    }

    /// Whether there may be one more job or step; the first that is too many is reported.
    pub(super) fn goes_on(&mut self, place: Place) -> bool {
        if self.left == 1 {
            let message =
                format!("more than {MAX_STEPS} jobs and steps, those of actions again for each use: no more are read");
            let help = "import fewer workflows at once".to_owned();
            self.remarks.add(None, NotJudgedLogin { place, message, help, cannot_work: false });
        }
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }
}

/// The job in GitHub's run history, where its name there is known: `name`, else the id; each row of a matrix has its
/// values in brackets after it.
fn measured_by(id: &Placed<String>, call: &Call<'_>, job: &Node) -> Option<MeasuredBy> {
    if !call.stack.is_empty() || entry(job, "uses").is_some() {
        return None;
    }
    let name = entry(job, "name").map_or_else(|| Some(id.value.clone()), |name| Some(text_of(name)?.value));
    let name = name.filter(|name| !name.contains("${{"))?;
    let has_matrix = entry(job, "strategy").is_some_and(|strategy| entry(strategy, "matrix").is_some());
    let name = if has_matrix { format!("{name} (*)") } else { name };
    Some(MeasuredBy { kind: HistoryKind::Github, name, scope: None })
}

/// Whether `on` has an event.
fn mentions(on: &Node, event: &str) -> bool {
    match &on.value {
        Value::List(events) => events.iter().any(|one| mentions(one, event)),
        Value::Map(events) => events.iter().any(|(name, _)| name.value == event),
        _ => text_of(on).is_some_and(|text| text.value == event),
    }
}
