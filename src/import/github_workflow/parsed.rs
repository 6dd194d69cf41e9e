//! A workflow's file: its tree, its repository, and whether only other workflows start it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Workflow;
use super::local::{LocalFiles, root_of};
use super::node::{entries, entry, text_of};
use super::tree;
use crate::import::{Imported, locate};
use crate::inventory::Diagnostic;
use crate::inventory::diagnostic::{Place, Sink};
use crate::inventory::yaml::{Node, Value};

/// A workflow that could be read.
pub(super) struct Parsed<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) tree: Node,
    /// The folder of its repository.
    pub(super) root: Option<PathBuf>,
}

impl<'a> Parsed<'a> {
    pub(super) fn of(
        index: usize,
        workflow: &'a Workflow,
        files: &[Arc<str>],
        imported: &mut Imported,
    ) -> Option<Self> {
        let mut sink = Sink::default();
        let tree = tree::read(index, &workflow.text, &mut sink);
        for problem in sink.problems {
            let at = problem.place.map_or_else(|| Place::start_of(index), |place| *place);
            let location = locate(at, files);
            imported.not_imported.push(Diagnostic::new(location, problem.message, problem.help));
        }
        Some(Self { workflow, tree: tree?, root: root_of(Path::new(&workflow.name)) })
    }

    /// Nothing starts it but another workflow.
    pub(super) fn is_only_called(&self) -> bool {
        entry(&self.tree, "on").is_some_and(|on| match &on.value {
            Value::Map(events) => matches!(&events[..], [(event, _)] if event.value == "workflow_call"),
            Value::List(events) => {
                matches!(&events[..], [event] if text_of(event).is_some_and(|e| e.value == "workflow_call"))
            }
            _ => text_of(on).is_some_and(|event| event.value == "workflow_call"),
        })
    }

    pub(super) fn is_among(&self, called: &BTreeSet<(PathBuf, String)>) -> bool {
        let file = Path::new(&self.workflow.name).file_name().map(|file| file.to_string_lossy().into_owned());
        let path = file.map(|file| format!("./.github/workflows/{file}"));
        self.root.clone().zip(path).is_some_and(|own| called.contains(&own))
    }
}

/// The workflows that the others call, each with its root.
pub(super) fn called_by(parsed: &[Parsed<'_>], local: &LocalFiles) -> BTreeSet<(PathBuf, String)> {
    let uses = |one: &Parsed<'_>| {
        let jobs = entries(entry(&one.tree, "jobs"));
        let called = jobs.filter_map(|(_, job)| entry(job, "uses").and_then(text_of));
        let own = |path: String| local.own_workflow(one.root.as_deref(), &path).unwrap_or(path);
        called.filter_map(|path| Some((one.root.clone()?, own(path.value)))).collect::<Vec<_>>()
    };
    parsed.iter().flat_map(uses).collect()
}
