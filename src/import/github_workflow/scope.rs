//! The values of a step's expressions: where each context comes from, in the workflow, its caller and its matrix.

use std::cell::Cell as Counter;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::cases::Case;
use super::inputs::{CALLED, events, is_of_type};
use super::matrix::{Cell, MatrixRow};
use super::node::{entries, entry, json_of, text_of};
use super::runner::{IdToken, Runner};
use super::written_env::{AfterSteps, WrittenEnv};
use crate::import::expression::{self, Expression, Possible, Scalar, parse_number};
use crate::import::variables::Variables;
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::{Node, Value};

/// How many names are looked up for one run: expressions that refer to each other can multiply.
pub(super) const MAX_LOOKUPS: usize = 5_000_000;

/// An input or a secret that a caller passes, or its default. It is evaluated when it is used.
#[derive(Clone)]
pub(super) struct Passed<'a> {
    node: &'a Node,
    scope: Rc<Scope<'a>>,
    kind: Kind,
}

/// How a value reaches its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Inputs of actions are texts.
    Text,
    /// Inputs of called workflows keep their types.
    Typed,
}

/// The inputs of a workflow or an action.
#[derive(Clone)]
pub(super) enum Inputs<'a> {
    /// Whoever starts the workflow gives them; `on` declares them for two of its events.
    Declared(Option<&'a Node>),
    /// A caller gives these, and no others.
    Passed(BTreeMap<String, Passed<'a>>),
}

/// The secrets of a workflow.
#[derive(Clone)]
pub(super) enum PassedSecrets<'a> {
    /// The repository's; the node declares those that a caller may leave out.
    Repository(Option<&'a Node>),
    /// A caller gives these, and no others.
    Passed(BTreeMap<String, Passed<'a>>),
}

/// What a job, a called workflow or an action is given.
#[derive(Clone)]
pub(super) struct Given<'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) secrets: PassedSecrets<'a>,
    pub(super) row: Rc<MatrixRow<'a>>,
    /// The events that start the workflow, or the workflow that calls it.
    pub(super) events: Rc<[String]>,
}

/// A layer of the environment.
#[derive(Clone)]
pub(super) enum Env<'a> {
    /// An `env` map, with what was given where it stands.
    Declared(&'a Node, Rc<Given<'a>>),
    /// What the steps before wrote.
    Written(WrittenEnv<'a>),
    /// The `env` of the job's container, which expressions do not see.
    Container(&'a Node, Rc<Given<'a>>),
}

/// Who reads a variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EnvReader {
    Expression,
    /// A step's program.
    Process,
}

/// What surrounds a step.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) variables: &'a Variables,
    pub(super) given: Rc<Given<'a>>,
    /// The innermost first.
    pub(super) env: Vec<Env<'a>>,
    pub(super) lookups: Rc<Counter<usize>>,
    /// The case in which the job runs.
    pub(super) case: Rc<Case>,
    /// The file's text: a comment beside a step names the version of a pinned action.
    pub(super) text: &'a str,
    pub(super) id_token: IdToken,
    pub(super) runner: Runner,
    /// `runner.os`, where the labels show it.
    pub(super) os: Option<&'static str>,
}

/// How an input or a secret counts that whoever starts the workflow may give or leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Optional {
    /// An input has its default; what has none is unknown.
    Unknown,
    /// An input has its default; what has none is empty.
    Empty,
    /// An input is unknown: a condition holds for some runs and not for others.
    Open,
}

impl<'a> Scope<'a> {
    /// A text with its expressions evaluated.
    pub(super) fn fill(&self, text: &str) -> Possible {
        self.evaluate(text, Optional::Unknown, &self.given, &self.env)
    }

    /// The same, where inputs and secrets that a caller may leave out count as left out.
    pub(super) fn fill_as_left_out(&self, text: &str) -> Possible {
        let filled = self.fill(text);
        if filled.single().is_some() {
            return filled;
        }
        self.evaluate(text, Optional::Empty, &self.given, &self.env)
    }

    /// The value of a condition, or of a part of it.
    pub(super) fn condition(&self, expression: &Expression) -> Possible {
        let mut lookup = |context: &str, name: &str| self.lookup(context, name, Optional::Open, &self.given, &self.env);
        expression::evaluate(expression, &mut lookup)
    }

    /// A variable of the environment that the files declare.
    pub(super) fn env(&self, name: &str) -> Option<Possible> {
        self.declared_env(name, Optional::Unknown, &self.env, EnvReader::Process)
    }

    /// The same, where what a caller may leave out counts as left out, with the place where it is written. `None` too
    /// where a step wrote it.
    pub(super) fn env_as_left_out(&self, name: &str) -> Option<Placed<Possible>> {
        for layer in &self.env {
            match layer {
                Env::Declared(map, _) | Env::Container(map, _) => {
                    let Some(written) = entry(map, name) else { continue };
                    let value = self.declared_env(name, Optional::Empty, &self.env, EnvReader::Process)?;
                    return Some(Placed { value, place: written.place });
                }
                Env::Written(written) => match written.get(name, true, false) {
                    AfterSteps::Unchanged => {}
                    AfterSteps::Written(_) | AfterSteps::Open => return None,
                },
            }
        }
        None
    }

    /// The `env` of the step and of the actions around it that has a name.
    pub(super) fn env_of_step(&self, name: &str) -> Option<&'a Node> {
        let of_step = self.env.iter().map_while(|layer| match layer {
            Env::Declared(map, _) => Some(*map),
            Env::Written(_) | Env::Container(..) => None,
        });
        of_step.into_iter().find_map(|map| entry(map, name))
    }

    /// How many values of a variable that only a run knows the steps before wrote.
    pub(super) fn unknown_writes(&self, name: &str) -> usize {
        let of_layer = |layer: &Env<'a>| match layer {
            Env::Written(written) => written.unknown_writes(name),
            Env::Declared(..) | Env::Container(..) => 0,
        };
        self.env.iter().map(of_layer).sum()
    }

    /// The same scope after these steps.
    pub(super) fn after(&self, steps: &WrittenEnv<'a>) -> Self {
        let mut scope = self.clone();
        for layer in &mut scope.env {
            if let Env::Written(written) = layer {
                written.clone_from(steps);
            }
        }
        scope
    }

    /// The same scope in the steps of a job.
    pub(super) fn in_steps(mut self, job: &'a Node) -> Self {
        if let Some(env) = entry(job, "container").and_then(|container| entry(container, "env")) {
            self.env.push(Env::Container(env, Rc::clone(&self.given)));
        }
        self.env.insert(0, Env::Written(WrittenEnv::default()));
        self
    }

    /// The same scope within another `env`.
    pub(super) fn within(&self, node: &'a Node) -> Self {
        let mut scope = self.clone();
        if let Some(env) = entry(node, "env") {
            scope.env.insert(0, Env::Declared(env, Rc::clone(&self.given)));
        }
        scope
    }

    /// What is written at `with` or `secrets`, with the defaults of `declared`.
    pub(super) fn pass(
        &self,
        with: Option<&'a Node>,
        declared: Option<&'a Node>,
        kind: Kind,
    ) -> BTreeMap<String, Passed<'a>> {
        let scope = Rc::new(self.clone());
        let defaults = entries(declared).filter_map(|(name, input)| Some((name, entry(input, "default")?)));
        let all = defaults.chain(entries(with));
        let kind = |name: &str| match declared.and_then(|declared| entry(declared, name)) {
            Some(input) if is_of_type(input, "string") => Kind::Text,
            _ => kind,
        };
        let passed = |(name, node): (&str, &'a Node)| {
            (name.to_ascii_lowercase(), Passed { node, scope: Rc::clone(&scope), kind: kind(name) })
        };
        all.map(passed).collect()
    }

    /// The expression that makes the matrix on which this one depends.
    pub(super) fn computed(&self, expression: &str) -> Option<&'a str> {
        let name = expression.split("matrix.").nth(1)?;
        let name = name.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))).next()?;
        match self.given.row.get(name) {
            Cell::Computed(by) => Some(by),
            Cell::Node(_) => None,
        }
    }

    fn evaluate(&self, text: &str, optional: Optional, given: &Given<'a>, env: &[Env<'a>]) -> Possible {
        expression::fill(text, &mut |context, name| self.lookup(context, name, optional, given, env))
    }

    pub(super) fn value(
        &self,
        node: &Node,
        kind: Kind,
        optional: Optional,
        given: &Given<'a>,
        env: &[Env<'a>],
    ) -> Option<Possible> {
        let number = |text: &str| parse_number(text).map(Scalar::Number);
        Some(match &node.value {
            Value::Null => Possible::text(""),
            Value::Bool(value) if kind == Kind::Typed => Possible::known(Scalar::Bool(*value)),
            Value::Number(text) if kind == Kind::Typed => {
                Possible::known(number(text).unwrap_or_else(|| Scalar::Text(text.clone())))
            }
            Value::Bool(_) | Value::Number(_) => Possible::text(text_of(node)?.value),
            Value::Text(text) => self.evaluate(text.trim(), optional, given, env),
            Value::List(_) | Value::Map(_) => return None,
        })
    }

    fn lookup(&self, context: &str, name: &str, optional: Optional, given: &Given<'a>, env: &[Env<'a>]) -> Possible {
        let unknown = || Possible::unknown(format!("${{{{ {context}.{name} }}}}"));
        let left = self.lookups.get();
        self.lookups.set(left.saturating_sub(1));
        if left == 0 {
            return unknown();
        }
        let variable = || self.variables.get(context, name).map(Possible::text);
        match context {
            "env" => variable().or_else(|| self.declared_env(name, optional, env, EnvReader::Expression)),
            "inputs" => self.input(name, optional, &given.inputs),
            "github" if name.eq_ignore_ascii_case("event_name") => variable().or_else(|| self.event_name(optional)),
            "github" if name.starts_with("event.inputs.") => {
                let name = name.trim_start_matches("event.inputs.");
                // The event holds texts alone.
                self.input(name, optional, &given.inputs).map(Possible::into_texts)
            }
            "runner" if name.eq_ignore_ascii_case("os") => variable().or_else(|| self.os.map(Possible::text)),
            "secrets" => self.secret(name, optional, &given.secrets),
            "matrix" => match given.row.get(name) {
                Cell::Node(None) => Some(Possible::text("")),
                Cell::Node(Some(node)) => {
                    let without_row = Given { row: Rc::default(), ..given.clone() };
                    let value = self.value(node, Kind::Typed, optional, &without_row, env);
                    value.or_else(|| json_of(node).map(Scalar::Json).map(Possible::known)).or_else(variable)
                }
                Cell::Computed(_) => variable(),
            },
            _ => variable(),
        }
        .unwrap_or_else(unknown)
    }

    /// An environment map may refer to the maps around it, and not to itself.
    fn declared_env(&self, name: &str, optional: Optional, env: &[Env<'a>], reader: EnvReader) -> Option<Possible> {
        for (index, layer) in env.iter().enumerate() {
            let outer = env.get(index + 1..).unwrap_or_default();
            let (map, given) = match layer {
                Env::Container(..) if reader == EnvReader::Expression => continue,
                Env::Declared(map, given) | Env::Container(map, given) => (map, given),
                Env::Written(written) => {
                    let declares =
                        |layer: &Env<'a>| matches!(layer, Env::Declared(map, _) if entry(map, name).is_some());
                    // An expression names the variable itself.
                    let named = reader == EnvReader::Expression || outer.iter().any(declares);
                    match written.get(name, optional != Optional::Open, named) {
                        AfterSteps::Unchanged => continue,
                        AfterSteps::Written(value) => return value.map(Possible::into_texts),
                        AfterSteps::Open => return None,
                    }
                }
            };
            if let Some(written) = entry(map, name) {
                // The environment holds texts alone.
                return self.value(written, Kind::Text, optional, given, outer).map(Possible::into_texts);
            }
        }
        None
    }

    pub(super) fn passed(&self, passed: &Passed<'a>, optional: Optional) -> Option<Possible> {
        let Passed { node, scope, kind } = passed;
        let value = scope.value(node, *kind, optional, &scope.given, &scope.env)?;
        Some(match kind {
            Kind::Text => value.into_texts(),
            Kind::Typed => value,
        })
    }

    fn secret(&self, name: &str, optional: Optional, secrets: &PassedSecrets<'a>) -> Option<Possible> {
        match secrets {
            PassedSecrets::Passed(passed) => match passed.get(&name.to_ascii_lowercase()) {
                Some(passed) => self.passed(passed, optional),
                None => Some(Possible::text("")),
            },
            PassedSecrets::Repository(declared) => {
                if let Some(given) = self.variables.get("secrets", name) {
                    return Some(Possible::text(given));
                }
                let declared = declared.and_then(|declared| entry(declared, name))?;
                let required = entry(declared, "required").and_then(text_of).is_some_and(|text| text.value == "true");
                (optional == Optional::Empty && !required).then(|| Possible::text(""))
            }
        }
    }
}

impl<'a> Given<'a> {
    /// What a workflow that nothing calls is given.
    pub(super) fn of_run(on: Option<&'a Node>) -> Self {
        let declared = on.and_then(|on| entry(on, CALLED)).and_then(|call| entry(call, "secrets"));
        let events = on.map_or_else(Vec::new, events);
        Self {
            inputs: Inputs::Declared(on),
            secrets: PassedSecrets::Repository(declared),
            row: Rc::default(),
            events: events.into(),
        }
    }
}
