//! What surrounds a step: where the values of its expressions come from, and what its job may do.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::matrix::{Cell, Row};
use super::node::{entries, entry, text_of};
use crate::import::variables::{Filled, Variables};
use crate::inventory::yaml::{Node, Value};

/// What a job, a called workflow or an action is given.
#[derive(Debug, Clone, Default)]
pub(super) struct Given<'a> {
    /// `None`: whoever starts the workflow gives them.
    pub(super) inputs: Option<BTreeMap<String, Filled>>,
    /// `None`: the repository has them.
    pub(super) secrets: Option<BTreeMap<String, Filled>>,
    pub(super) row: Rc<Row<'a>>,
}

/// What is written about identity tokens, in the permissions that count for a job.
#[derive(Debug, Clone)]
pub(super) struct IdToken {
    /// `id-token: write`.
    pub(super) granted: bool,
    /// Whose permissions they are.
    pub(super) by: String,
}

/// What surrounds a step.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) variables: &'a Variables,
    pub(super) given: Rc<Given<'a>>,
    /// `env` maps, the innermost first, each with what was given where it stands.
    pub(super) env: Vec<(&'a Node, Rc<Given<'a>>)>,
    /// The file: a comment behind a step tells the version of a pinned action.
    pub(super) text: &'a str,
    /// `None`: no permissions are written at all.
    pub(super) id_token: Option<IdToken>,
    pub(super) self_hosted: bool,
}

impl<'a> Scope<'a> {
    /// A value with its expressions filled in; the one that is not known is the error.
    pub(super) fn fill(&self, text: &str) -> Filled {
        fill(self.variables, &self.given, &self.env, text)
    }

    /// The same, within another `env`.
    pub(super) fn within(&self, node: &'a Node) -> Self {
        let mut scope = self.clone();
        if let Some(env) = entry(node, "env") {
            scope.env.insert(0, (env, Rc::clone(&self.given)));
        }
        scope
    }

    /// Inputs as they are written at `with`, filled in here; those that are not written have the default of `declared`.
    pub(super) fn inputs(&self, with: Option<&Node>, declared: Option<&Node>) -> BTreeMap<String, Filled> {
        let mut inputs = BTreeMap::new();
        for (name, input) in entries(declared) {
            let default = entry(input, "default").and_then(text_of).map(|text| text.value).unwrap_or_default();
            inputs.insert(name.to_ascii_lowercase(), self.fill(&default));
        }
        for (name, value) in entries(with) {
            let text = text_of(value).map(|text| text.value).unwrap_or_default();
            inputs.insert(name.to_ascii_lowercase(), self.fill(&text));
        }
        inputs
    }

    /// What makes the matrix on which this expression depends, where that is computed.
    pub(super) fn computed(&self, expression: &str) -> Option<&'a str> {
        let name = expression.split("matrix.").nth(1)?;
        let name = name.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))).next()?;
        match self.given.row.get(name) {
            Cell::Computed(by) => Some(by),
            Cell::Text(_) => None,
        }
    }
}

fn fill(variables: &Variables, given: &Given<'_>, env: &[(&Node, Rc<Given<'_>>)], text: &str) -> Filled {
    variables.fill(text, &|context, name| match context {
        "env" => env.iter().find_map(|(map, given)| {
            let written = entry(map, name).and_then(text_of)?;
            // What an environment is made of is given where it stands, and is no environment itself.
            Some(fill(variables, given, &[], &written.value))
        }),
        "inputs" => among(given.inputs.as_ref(), name),
        "secrets" => among(given.secrets.as_ref(), name),
        "matrix" => match given.row.get(name) {
            Cell::Text(text) => Some(fill(variables, &Given { row: Rc::default(), ..given.clone() }, env, &text)),
            Cell::Computed(_) => None,
        },
        _ => None,
    })
}

/// What is not given is empty, where all that is given is known.
fn among(given: Option<&BTreeMap<String, Filled>>, name: &str) -> Option<Filled> {
    Some(given?.get(&name.to_ascii_lowercase()).cloned().unwrap_or_else(|| Ok(String::new())))
}

/// Whether these permissions let a job ask for an identity token.
pub(super) fn grants_id_token(permissions: &Node) -> bool {
    match &permissions.value {
        Value::Text(all) => all == "write-all",
        _ => entry(permissions, "id-token").and_then(text_of).is_some_and(|level| level.value == "write"),
    }
}
