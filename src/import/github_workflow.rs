//! Jobs from GitHub Actions workflows: the steps of `aws-actions/configure-aws-credentials`, read without running
//! them, in the workflows and in the actions and workflows of their own repository. `reader` follows jobs, `steps`
//! their steps, `login` is one use of the action by the rules of `action`, `scope` has the values of expressions. Each
//! job is followed in its `cases`, and `drafts` makes one list of their logins.

mod action;
mod cases;
mod conditions;
mod drafts;
mod edit;
mod files;
mod foreign;
mod hand_over;
mod inputs;
mod known;
mod length;
mod local;
mod login;
mod matrix;
mod needs;
mod node;
mod not_judged;
mod parsed;
mod reader;
mod remarks;
mod request;
mod restriction;
mod runner;
mod scope;
mod script;
mod step_walk;
mod steps;
mod tree;
mod written_env;

use std::sync::Arc;

use super::{Imported, Variables, gather};
pub use edit::{Edit, NotEdited, has_other_workflows, text_change};
pub use files::{GithubWorkflows, WorkflowFiles};

use local::LocalFiles;
use parsed::{Parsed, called_by};
use reader::WorkflowReader;

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
    import_with(workflows, &[], variables)
}

/// The same, with these texts of actions and workflows that the workflows use.
#[must_use]
pub fn import_with(workflows: &[Workflow], used: &[Workflow], variables: &Variables) -> Imported {
    let mut files: Vec<Arc<str>> = workflows.iter().map(|workflow| workflow.name.as_str().into()).collect();
    let mut imported = Imported::default();
    let parsed: Vec<Parsed<'_>> = workflows
        .iter()
        .enumerate()
        .filter_map(|(index, workflow)| Parsed::of(index, workflow, &files, &mut imported))
        .collect();
    let known = workflows.iter().chain(used);
    let local = LocalFiles::gather(parsed.iter().map(|one| (one.root.as_deref(), &one.tree)), known, &mut files);
    let called = called_by(&parsed, &local);
    let mut reader = WorkflowReader::new(&files, variables, &local);
    // A workflow that is only ever called is judged where it is called.
    for one in parsed.iter().filter(|one| !(one.is_only_called() && one.is_among(&called))) {
        reader.workflow(one);
    }
    let WorkflowReader { mut drafts, remarks, notes, without_login, .. } = reader;
    // A timeout would also end the runs without a login.
    for draft in drafts.iter_mut().filter(|draft| without_login.contains(&draft.length.place)) {
        draft.single_login = false;
    }
    imported.not_imported.extend(remarks.finish(&files));
    imported.notes.extend(notes.finish(&files));
    imported.comments.head = vec![
        "Imported from GitHub Actions workflows by `credential-health import github-workflow`.".to_owned(),
        "length: the comment beside it states where it comes from. A lease starts at its step, within the length."
            .to_owned(),
        "refresh is none: the action exports a copy that nothing renews.".to_owned(),
    ];
    gather(drafts, &files, &mut imported);
    let is_given = |file: &Workflow| workflows.iter().any(|workflow| workflow.name == file.name);
    imported.used = local.all().filter(|file| !is_given(file)).collect();
    imported
}
