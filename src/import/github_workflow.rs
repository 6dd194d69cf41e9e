//! Jobs from GitHub Actions workflows: the steps of `aws-actions/configure-aws-credentials`, read without running them, in
//! the workflows themselves and in what they use of their own repository. Owns how a workflow is walked; `parsed` is its file,
//! `configure` one use of the action, `scope` what its expressions may name, `matrix` the jobs of a matrix, `local` the
//! repository's files.

mod configure;
mod local;
mod matrix;
mod node;
mod parsed;
mod scope;

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::{Draft, Imported, Variables, gather, locate};
use crate::inventory::problem::{Place, Placed};
use crate::inventory::yaml::{Node, Value};
use crate::inventory::{JobComments, LengthFrom, Refresh, Remark, Seconds};
use configure::{Credentials, Step, not_looked_into};
use local::{File, LocalFiles};
use matrix::Row;
use node::{entry, entry_with_key, text_of};
use parsed::{Parsed, called_by};
use scope::{Given, IdToken, Scope, grants_id_token};

/// What GitHub allows a job that states no `timeout-minutes` (GitHub Actions, workflow syntax).
const DEFAULT_TIMEOUT_MINUTES: u64 = 360;
/// How deep actions and called workflows may nest (GitHub Actions, "Reusing workflow configurations": ten levels).
const MAX_NESTING: usize = 10;
/// How many jobs and steps are walked, those of actions again for each use: what nests can multiply.
const MAX_STEPS: usize = 100_000;

/// A workflow file.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its path, as people know it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Makes a job of each role that a workflow's job ends up with. Reads the actions and workflows of the same repository
/// that it uses.
#[must_use]
pub fn import(workflows: &[Workflow], variables: &Variables) -> Imported {
    let mut files: Vec<Arc<str>> = workflows.iter().map(|workflow| workflow.name.as_str().into()).collect();
    let mut imported = Imported::default();
    let parsed: Vec<Parsed<'_>> = workflows
        .iter()
        .enumerate()
        .filter_map(|(index, workflow)| Parsed::of(index, workflow, &files, &mut imported))
        .collect();
    let local = LocalFiles::gather(parsed.iter().map(|one| (one.root.as_deref(), &one.tree)), &mut files);
    let called = called_by(&parsed);
    let mut reader = Reader { files: &files, variables, local: &local, imported, drafts: Vec::new(), left: MAX_STEPS };
    // A workflow that is only ever called is judged where it is called.
    for one in parsed.iter().filter(|one| !(one.is_only_called() && one.is_among(&called))) {
        reader.workflow(one);
    }
    let Reader { mut imported, drafts, .. } = reader;
    imported.comments.head = vec![
        "Imported from GitHub Actions workflows by `credential-health import github-workflow`.".to_owned(),
        "length is the job's timeout-minutes: the whole of it counts, though a lease starts at its step.".to_owned(),
        "refresh is none: the action exports a copy that nothing renews.".to_owned(),
    ];
    gather(drafts, &files, &mut imported);
    imported
}

struct Reader<'a> {
    files: &'a [Arc<str>],
    variables: &'a Variables,
    local: &'a LocalFiles,
    imported: Imported,
    drafts: Vec<Draft>,
    /// How many more jobs and steps are walked.
    left: usize,
}

/// A workflow as it runs: on its own, or called by a job.
#[derive(Clone)]
struct Call<'a> {
    tree: &'a Node,
    text: &'a str,
    root: Option<&'a Path>,
    given: Rc<Given<'a>>,
    /// What the calling job may do with identity tokens.
    id_token: Option<IdToken>,
    /// The paths of the called workflows and actions that lead here.
    stack: Vec<&'a str>,
}

/// How long a job may run.
struct Length {
    seconds: Placed<Seconds>,
    from: LengthFrom,
    /// Written beside it in an inventory.
    comment: Option<String>,
}

/// What a job's steps come to.
#[derive(Default)]
struct Ends {
    /// Each login that is not only what another role is assumed from, and where a person finds it.
    ended: Vec<(Place, String, Credentials)>,
    before: Credentials,
}

impl<'a> Reader<'a> {
    fn workflow(&mut self, one: &'a Parsed<'a>) {
        let Some(Value::Map(_)) = entry(&one.tree, "jobs").map(|jobs| &jobs.value) else {
            self.not_imported(one.tree.place, "there are no `jobs`".to_owned(), "name a file of .github/workflows");
            return;
        };
        let path = Path::new(&one.workflow.name);
        let stem =
            path.file_stem().map_or_else(|| one.workflow.name.clone(), |stem| stem.to_string_lossy().into_owned());
        let call = Call {
            tree: &one.tree,
            text: &one.workflow.text,
            root: one.root.as_deref(),
            given: Rc::default(),
            id_token: None,
            stack: Vec::new(),
        };
        self.jobs(&stem, &call);
    }

    fn jobs(&mut self, above: &str, call: &Call<'a>) {
        let Some(Value::Map(jobs)) = entry(call.tree, "jobs").map(|jobs| &jobs.value) else { return };
        for (id, job) in jobs {
            self.job(&format!("{above}/{}", id.value), id, call, job);
        }
    }

    /// A job, or the several that its matrix makes of it where they differ in what matters here.
    fn job(&mut self, name: &str, id: &Placed<String>, call: &Call<'a>, job: &'a Node) {
        let rows = match matrix::rows(job) {
            Ok(rows) => rows,
            Err(wrong) => {
                let help = "write fewer, or declare the jobs in an inventory";
                return self.not_imported(id.place, format!("job `{name}`: {wrong}"), help);
            }
        };
        let mut tried = Reader { imported: Imported::default(), drafts: Vec::new(), ..*self };
        let mut used = BTreeSet::new();
        for row in rows.iter().filter(|_| rows.len() > 1) {
            let row = Rc::new(row.clone());
            tried.one_job(name, id, &given_row(call, &row), job);
            used.extend(row.used());
        }
        // Where that was too much, it is told below.
        self.left = tried.left.max(usize::from(self.left > 0));
        let mut distinct: Vec<Row<'a>> = Vec::new();
        for row in rows {
            if !distinct.iter().any(|known| known.same(&row, &used)) {
                distinct.push(row);
            }
        }
        let labels = matrix::labels(&distinct, &used);
        for (row, label) in distinct.into_iter().zip(labels) {
            let name = if label.is_empty() { name.to_owned() } else { format!("{name} ({label})") };
            self.one_job(&name, id, &given_row(call, &Rc::new(row)), job);
        }
    }

    fn one_job(&mut self, name: &str, id: &Placed<String>, call: &Call<'a>, job: &'a Node) {
        let scope = Scope {
            variables: self.variables,
            given: Rc::clone(&call.given),
            env: Vec::new(),
            text: call.text,
            id_token: self.id_token(call, job),
            self_hosted: false,
        };
        let scope = scope.within(call.tree).within(job);
        if !self.goes_on(id.place) {
            return;
        }
        if let Some(uses) = entry(job, "uses").and_then(text_of) {
            return self.called(name, &uses, call, &scope, job);
        }
        let Some(steps) = entry(job, "steps") else { return };
        let self_hosted = entry(job, "runs-on").is_some_and(|runs_on| mentions(runs_on, &scope, "self-hosted"));
        let mut ends = Ends::default();
        self.steps(name, steps, call, &Scope { self_hosted, ..scope.clone() }, "", &mut ends);
        let ended: Vec<_> = ends
            .ended
            .into_iter()
            .filter_map(|(place, from, credentials)| Some((place, from, credentials.path()?)))
            .collect();
        if ended.is_empty() {
            return;
        }
        let Some(length) = self.length(name, id, job, &scope) else { return };
        let several = ended.len() > 1;
        for (number, (place, from, (source, hops))) in ended.into_iter().enumerate() {
            let name = if several { format!("{name}-{}", number + 1) } else { name.to_owned() };
            let above = vec![format!("{}{from}", locate(place, self.files))];
            let comments = JobComments { above, length: length.comment.clone(), source: None };
            let (length, length_from) = (length.seconds.clone(), length.from);
            let refresh = Refresh::None;
            self.drafts.push(Draft { name, place, length, length_from, source, hops, refresh, comments });
        }
    }

    /// The jobs of a workflow that a job calls.
    fn called(&mut self, name: &str, uses: &Placed<String>, call: &Call<'a>, scope: &Scope<'a>, job: &'a Node) {
        let path = &uses.value;
        if !path.starts_with("./") {
            let message =
                format!("job `{name}` calls a workflow of another repository, `{path}`, which is not read from here");
            return self.not_imported(
                uses.place,
                message,
                "import that file too, with --var inputs.NAME=VALUE for what it is given",
            );
        }
        let message = |why: &str| format!("job `{name}` calls the workflow `{path}`, which is not judged: {why}");
        let help = "keep it in .github/workflows of the same repository, or declare its jobs in an inventory";
        let (file, stack) = match self.nested(uses, call) {
            Ok(nested) => nested,
            Err(why) => return self.not_imported(uses.place, message(&why), help),
        };
        if entry(&file.tree, "jobs").is_none() {
            return self.not_imported(uses.place, message(&format!("{} has no `jobs`", file.name)), help);
        }
        let declared = entry(&file.tree, "on").and_then(|on| entry(on, "workflow_call"));
        let inputs = scope.inputs(entry(job, "with"), declared.and_then(|declared| entry(declared, "inputs")));
        let secrets = match entry(job, "secrets").map(|secrets| &secrets.value) {
            // All that the caller has, under the same names.
            Some(Value::Text(_)) => call.given.secrets.clone(),
            _ => Some(scope.inputs(entry(job, "secrets"), None)),
        };
        let given = Rc::new(Given { inputs: Some(inputs), secrets, row: Rc::default() });
        let id_token = scope.id_token.clone();
        self.jobs(name, &Call { tree: &file.tree, text: &file.text, root: call.root, given, id_token, stack });
    }

    /// The steps of a job or of an action. `from` tells who uses the action.
    fn steps(&mut self, name: &str, steps: &'a Node, call: &Call<'a>, scope: &Scope<'a>, from: &str, ends: &mut Ends) {
        let Value::List(steps) = &steps.value else { return };
        for node in steps {
            if !self.goes_on(node.place) {
                ends.before = Credentials::NotKnown;
                return;
            }
            let scope = scope.within(node);
            if let Some(step) = Step::of(node, &scope) {
                self.login(name, &step, from, ends);
                continue;
            }
            let uses = entry(node, "uses").and_then(text_of);
            if let Some(uses) = uses.filter(|uses| uses.value.starts_with("./") || uses.value.starts_with("../")) {
                self.action(name, &uses, node, call, &scope, from, ends);
            } else if let Some((place, message, help)) = not_looked_into(node) {
                self.not_imported(place, format!("job `{name}`: {message}"), &help);
                ends.before = Credentials::NotKnown;
            }
        }
    }

    fn login(&mut self, name: &str, step: &Step<'_>, from: &str, ends: &mut Ends) {
        match step.credentials(&ends.before) {
            Ok((credentials, note)) => {
                if let Some(note) = note {
                    self.note(step.place, format!("job `{name}`: {}", note.0), note.1);
                }
                // What another role is assumed from is not what the job ends up with.
                if step.chains() {
                    ends.ended.pop();
                }
                ends.ended.push((step.place, from.to_owned(), credentials.clone()));
                ends.before = credentials;
            }
            Err((place, message, help)) => {
                self.not_imported(place, format!("job `{name}`: {message}"), &help);
                ends.before = Credentials::NotKnown;
            }
        }
    }

    /// A step that is an action of the repository's own: its steps run in the same job.
    #[expect(clippy::too_many_arguments, reason = "what surrounds a step, as `steps` has it")]
    fn action(
        &mut self,
        name: &str,
        uses: &Placed<String>,
        node: &'a Node,
        call: &Call<'a>,
        scope: &Scope<'a>,
        from: &str,
        ends: &mut Ends,
    ) {
        let path = &uses.value;
        let mut not_judged = |reader: &mut Self, why: &str| {
            let message = format!(
                "job `{name}`: whether the repository's own action `{path}` logs in to AWS is not known: {why}"
            );
            let help = "if it assumes a role, declare the job in an inventory, with its whole path";
            reader.not_imported(uses.place, message, help);
            ends.before = Credentials::NotKnown;
        };
        let (file, stack) = match self.nested(uses, call) {
            Ok(nested) => nested,
            Err(why) => return not_judged(self, &why),
        };
        let runs = entry(&file.tree, "runs");
        let using = runs.and_then(|runs| entry(runs, "using")).and_then(text_of).map(|using| using.value);
        match using.as_deref() {
            Some("composite") => {}
            Some(using) => {
                let why = format!("{} is a program ({using}), and what a program does is not read", file.name);
                return not_judged(self, &why);
            }
            None => return not_judged(self, &format!("{} does not say `runs.using`", file.name)),
        }
        let Some(steps) = runs.and_then(|runs| entry(runs, "steps")) else { return };
        let inputs = scope.inputs(entry(node, "with"), entry(&file.tree, "inputs"));
        let given = Rc::new(Given { inputs: Some(inputs), ..(*scope.given).clone() });
        let scope = Scope { given, text: &file.text, ..scope.clone() };
        let from =
            if from.is_empty() { format!(", used at {}", locate(uses.place, self.files)) } else { from.to_owned() };
        self.steps(name, steps, &Call { stack, ..call.clone() }, &scope, &from, ends);
    }

    /// The file that is used, and the way that leads into it.
    fn nested(&self, uses: &Placed<String>, call: &Call<'a>) -> Result<(&'a File, Vec<&'a str>), String> {
        let local: &'a LocalFiles = self.local;
        let file = local.get(call.root, &uses.value)?;
        if call.stack.contains(&&*file.name) {
            return Err(format!("it uses itself: {} > {}", call.stack.join(" > "), file.name));
        }
        if call.stack.len() >= MAX_NESTING {
            return Err(format!("it is nested more than {MAX_NESTING} deep"));
        }
        let mut stack = call.stack.clone();
        stack.push(&file.name);
        Ok((file, stack))
    }

    /// The job's `timeout-minutes`, and what to say of it.
    fn length(&mut self, name: &str, id: &Placed<String>, job: &Node, scope: &Scope<'_>) -> Option<Length> {
        let Some(written) = entry(job, "timeout-minutes") else {
            let comment = format!("GitHub's default timeout-minutes: {DEFAULT_TIMEOUT_MINUTES}");
            let seconds = Placed { value: Seconds::minutes(DEFAULT_TIMEOUT_MINUTES), place: id.place };
            return Some(Length { seconds, from: LengthFrom::Assumed, comment: Some(comment) });
        };
        let text = text_of(written).map(|written| written.value).unwrap_or_default();
        let filled = scope.fill(&text);
        let minutes =
            filled.as_deref().ok().map(str::trim).and_then(|text| text.parse::<u64>().ok()).filter(|n| *n < 1_000_000);
        match (&filled, minutes) {
            (_, Some(_)) => {}
            (Ok(text), None) => {
                let message = format!("job `{name}`: its timeout-minutes, `{text}`, is not a number of minutes");
                self.not_imported(written.place, message, "write a whole number of minutes");
            }
            (Err(expression), None) => {
                let (message, help) = configure::only_a_run_knows("timeout-minutes", expression, scope);
                self.not_imported(written.place, format!("job `{name}`: {message}"), &help);
            }
        }
        minutes.map(|minutes| {
            let seconds = Placed { value: Seconds::minutes(minutes), place: written.place };
            Length { seconds, from: LengthFrom::Declared, comment: None }
        })
    }

    /// What the job's permissions say, or those of the file: a job's own replace them all. A called workflow has no more
    /// than the job that calls it.
    fn id_token(&self, call: &Call<'_>, job: &Node) -> Option<IdToken> {
        let of = |node, whose: &str| {
            let (key, permissions) = entry_with_key(node, "permissions")?;
            let by = format!("the {whose}'s `permissions`, {}", locate(key.place, self.files));
            Some(IdToken { granted: grants_id_token(permissions), by })
        };
        let callers = call.id_token.clone();
        if callers.as_ref().is_some_and(|callers| !callers.granted) {
            return callers;
        }
        of(job, "job").or_else(|| of(call.tree, "file")).or(callers)
    }

    /// Whether there may be one more job or step; the first that is too many is told.
    fn goes_on(&mut self, place: Place) -> bool {
        if self.left == 1 {
            let message =
                format!("more than {MAX_STEPS} jobs and steps, those of actions again for each use: no more are read");
            self.not_imported(place, message, "import fewer workflows at once");
        }
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn not_imported(&mut self, place: Place, message: String, help: &str) {
        let location = locate(place, self.files);
        self.imported.not_imported.push(Remark { location, message, help: help.to_owned(), cannot_work: false });
    }

    fn note(&mut self, place: Place, message: String, help: String) {
        self.imported.notes.push(Remark { location: locate(place, self.files), message, help, cannot_work: false });
    }
}

/// The call with this job of its matrix.
fn given_row<'a>(call: &Call<'a>, row: &Rc<Row<'a>>) -> Call<'a> {
    let given = Given { row: Rc::clone(row), ..(*call.given).clone() };
    Call { given: Rc::new(given), ..call.clone() }
}

fn mentions(node: &Node, scope: &Scope<'_>, word: &str) -> bool {
    match &node.value {
        Value::Text(text) => text.contains(word) || scope.fill(text).is_ok_and(|text| text.contains(word)),
        Value::List(items) => items.iter().any(|item| mentions(item, scope, word)),
        Value::Map(entries) => entries.iter().any(|(_, value)| mentions(value, scope, word)),
        _ => false,
    }
}
