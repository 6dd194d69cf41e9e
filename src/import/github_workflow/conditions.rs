//! The conditions (`if`) of steps and jobs: whether a step runs, and which steps run together.

use super::node::{entry, text_of};
use super::scope::Scope;
use crate::inventory::yaml::Node;

/// The conditions of a step, and of the actions around it, of which only a run knows whether they hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(Vec<String>);

impl Conditions {
    pub(super) fn and(&self, condition: Option<String>) -> Self {
        Self(self.0.iter().cloned().chain(condition).collect())
    }

    /// Whether these hold in every run in which the others do.
    pub(super) fn hold_with(&self, others: &Self) -> bool {
        self.0.iter().all(|condition| others.0.contains(condition))
    }
}

/// Whether a step runs.
pub(super) enum Runs {
    Always,
    Never,
    /// Only a run knows whether this condition holds.
    If(String),
}

impl Runs {
    pub(super) fn of(step: &Node, scope: &Scope<'_>) -> Self {
        let Some(condition) = entry(step, "if").and_then(text_of) else { return Self::Always };
        match runs(step, scope) {
            Some(true) => Self::Always,
            Some(false) => Self::Never,
            None => Self::If(condition.value),
        }
    }

    /// The condition, if the step may run.
    pub(super) fn condition(self) -> Option<Option<String>> {
        match self {
            Self::Always => Some(None),
            Self::Never => None,
            Self::If(condition) => Some(Some(condition)),
        }
    }
}

/// Whether a step or a job runs: `None`, only a run knows.
pub(super) fn runs(node: &Node, scope: &Scope<'_>) -> Option<bool> {
    match entry(node, "if").and_then(text_of) {
        Some(condition) if !condition.value.is_empty() => scope.condition(&condition.value).truth(),
        _ => Some(true),
    }
}
