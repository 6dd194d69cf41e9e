//! Jobs from GitHub Actions workflows: the steps of `aws-actions/configure-aws-credentials`, read without running them.
//! Owns how a workflow is walked; `Step` in `configure` is one use of the action.

mod configure;

use std::sync::Arc;

use super::{Draft, Imported, Variables, gather, locate};
use crate::inventory::problem::{Place, Placed, Sink};
use crate::inventory::yaml::{self, Node, Value};
use crate::inventory::{JobComments, Refresh, Remark, Seconds};
use configure::{Credentials, Step, not_looked_into};

/// What GitHub allows a job that states no `timeout-minutes` (GitHub Actions, workflow syntax).
const DEFAULT_TIMEOUT_MINUTES: u64 = 360;

/// A workflow file.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its path, as people know it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Makes a job of each role that a workflow's job ends up with.
#[must_use]
pub fn import(workflows: &[Workflow], variables: &Variables) -> Imported {
    let files: Vec<Arc<str>> = workflows.iter().map(|workflow| workflow.name.as_str().into()).collect();
    let mut reader = Reader { files: &files, variables, imported: Imported::default(), drafts: Vec::new() };
    for (index, workflow) in workflows.iter().enumerate() {
        reader.workflow(index, workflow);
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
    imported: Imported,
    drafts: Vec<Draft>,
}

/// What surrounds a step: where its expressions and permissions come from.
pub(super) struct Scope<'a> {
    variables: &'a Variables,
    /// `env` maps, the innermost first.
    env: Vec<&'a Node>,
    /// The file: a comment behind a step tells the version of a pinned action.
    text: &'a str,
    /// What is written about identity tokens; `None`: no permissions are written at all.
    id_token: Option<IdToken>,
    self_hosted: bool,
}

/// What the permissions that count for a job say of identity tokens.
#[derive(Clone)]
pub(super) struct IdToken {
    /// `id-token: write`.
    granted: bool,
    /// Whose permissions they are.
    by: String,
}

impl Scope<'_> {
    /// A value with its expressions filled in; the one that is not known is the error.
    fn fill(&self, text: &str) -> Result<String, String> {
        let env = |name: &str| {
            let written = self.env.iter().find_map(|map| entry(map, name)).and_then(text_of)?;
            self.variables.fill(&written.value, &|_| None).ok()
        };
        self.variables.fill(text, &env)
    }
}

impl Reader<'_> {
    fn workflow(&mut self, index: usize, workflow: &Workflow) {
        let mut sink = Sink::default();
        let tree = yaml::parse_within(yaml::MAX_DEPTH_OF_OTHERS, index, &workflow.text, &mut sink);
        for problem in sink.problems {
            let at = problem.place.unwrap_or(Place { file: index, line: 1, column: 1, ..Place::default() });
            self.not_imported(at, problem.message, &problem.help);
        }
        let Some(tree) = tree else { return };
        let Some(Value::Map(jobs)) = entry(&tree, "jobs").map(|jobs| &jobs.value) else {
            self.not_imported(tree.place, "there are no `jobs`".to_owned(), "name a file of .github/workflows");
            return;
        };
        let path = std::path::Path::new(&workflow.name);
        let stem = path.file_stem().map_or_else(|| workflow.name.clone(), |stem| stem.to_string_lossy().into_owned());
        for (id, job) in jobs {
            self.job(&format!("{stem}/{}", id.value), id, (&tree, &workflow.text), job);
        }
    }

    fn job(&mut self, name: &str, id: &Placed<String>, (tree, text): (&Node, &str), job: &Node) {
        if let Some(called) = entry(job, "uses").and_then(text_of) {
            let message = format!("job `{name}` calls another workflow, `{}`", called.value);
            self.not_imported(
                called.place,
                message,
                "import that file too, with --var inputs.NAME=VALUE for what it is given",
            );
            return;
        }
        let Some(Value::List(steps)) = entry(job, "steps").map(|steps| &steps.value) else { return };
        let runs_on = entry(job, "runs-on");
        let id_token = self.id_token(tree, job);
        let mut ended: Vec<(Place, Credentials)> = Vec::new();
        let mut before = Credentials::None;
        for node in steps {
            let scope = Scope {
                variables: self.variables,
                env: [Some(node), Some(job), Some(tree)]
                    .into_iter()
                    .flatten()
                    .filter_map(|map| entry(map, "env"))
                    .collect(),
                text,
                id_token: id_token.clone(),
                self_hosted: runs_on.is_some_and(|runs_on| mentions(runs_on, "self-hosted")),
            };
            let Some(step) = Step::of(node, &scope) else {
                if let Some((place, message, help)) = not_looked_into(node) {
                    self.not_imported(place, format!("job `{name}`: {message}"), &help);
                    before = Credentials::NotKnown;
                }
                continue;
            };
            let chains = step.chains();
            match step.credentials(&before) {
                Ok((credentials, note)) => {
                    if let Some(note) = note {
                        self.note(step.place, format!("job `{name}`: {}", note.0), note.1);
                    }
                    // What another role is assumed from is not what the job ends up with.
                    if chains {
                        ended.pop();
                    }
                    ended.push((step.place, credentials.clone()));
                    before = credentials;
                }
                Err((place, message, help)) => {
                    self.not_imported(place, format!("job `{name}`: {message}"), &help);
                    before = Credentials::NotKnown;
                }
            }
        }
        let ended: Vec<_> =
            ended.into_iter().filter_map(|(place, credentials)| Some((place, credentials.path()?))).collect();
        if ended.is_empty() {
            return;
        }
        let Some((length, comment)) = self.length(name, id, job, tree) else { return };
        let several = ended.len() > 1;
        for (number, (place, (source, hops))) in ended.into_iter().enumerate() {
            let name = if several { format!("{name}-{}", number + 1) } else { name.to_owned() };
            let above = vec![locate(place, self.files).to_string()];
            let comments = JobComments { above, length: comment.clone(), source: None };
            let length = length.clone();
            self.drafts.push(Draft { name, place, length, source, hops, refresh: Refresh::None, comments });
        }
    }

    /// The job's `timeout-minutes`, and what to say of it.
    fn length(
        &mut self,
        name: &str,
        id: &Placed<String>,
        job: &Node,
        tree: &Node,
    ) -> Option<(Placed<Seconds>, Option<String>)> {
        let Some(written) = entry(job, "timeout-minutes") else {
            let comment = format!("GitHub's default timeout-minutes: {DEFAULT_TIMEOUT_MINUTES}");
            return Some((Placed { value: Seconds::minutes(DEFAULT_TIMEOUT_MINUTES), place: id.place }, Some(comment)));
        };
        let scope = Scope {
            variables: self.variables,
            env: [job, tree].into_iter().filter_map(|map| entry(map, "env")).collect(),
            text: "",
            id_token: None,
            self_hosted: false,
        };
        let text = text_of(written).map(|written| written.value).unwrap_or_default();
        let minutes =
            scope.fill(&text).ok().and_then(|text| text.trim().parse::<u64>().ok()).filter(|n| *n < 1_000_000);
        if minutes.is_none() {
            let message = format!("job `{name}`: its timeout-minutes, `{text}`, is not a number of minutes");
            self.not_imported(written.place, message, "write the number, or give the value: --var NAME=VALUE");
        }
        minutes.map(|minutes| (Placed { value: Seconds::minutes(minutes), place: written.place }, None))
    }

    /// What the job's permissions say, or those of the file: a job's own replace them all.
    fn id_token(&self, tree: &Node, job: &Node) -> Option<IdToken> {
        let of = |node, whose: &str| {
            let (key, permissions) = entry_with_key(node, "permissions")?;
            let by = format!("the {whose}'s `permissions`, {}", locate(key.place, self.files));
            Some(IdToken { granted: grants_id_token(permissions), by })
        };
        of(job, "job").or_else(|| of(tree, "file"))
    }

    fn not_imported(&mut self, place: Place, message: String, help: &str) {
        let location = locate(place, self.files);
        self.imported.not_imported.push(Remark { location, message, help: help.to_owned() });
    }

    fn note(&mut self, place: Place, message: String, help: String) {
        self.imported.notes.push(Remark { location: locate(place, self.files), message, help });
    }
}

/// Whether these permissions let a job ask for an identity token.
fn grants_id_token(permissions: &Node) -> bool {
    match &permissions.value {
        Value::Text(all) => all == "write-all",
        _ => entry(permissions, "id-token").and_then(text_of).is_some_and(|level| level.value == "write"),
    }
}

/// The value of a key; keys of actions know no case.
fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    entry_with_key(node, key).map(|(_, value)| value)
}

fn entry_with_key<'a>(node: &'a Node, key: &str) -> Option<&'a (Placed<String>, Node)> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(name, _)| name.value.eq_ignore_ascii_case(key))
}

/// A scalar as the action gets it: text.
fn text_of(node: &Node) -> Option<Placed<String>> {
    let value = match &node.value {
        Value::Text(text) | Value::Number(text) => text.trim().to_owned(),
        Value::Bool(value) => value.to_string(),
        _ => return None,
    };
    Some(Placed { value, place: node.place })
}

fn mentions(node: &Node, word: &str) -> bool {
    match &node.value {
        Value::Text(text) => text.contains(word),
        Value::List(items) => items.iter().any(|item| mentions(item, word)),
        Value::Map(entries) => entries.iter().any(|(_, value)| mentions(value, word)),
        _ => false,
    }
}
