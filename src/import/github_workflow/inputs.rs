//! Inputs of workflows, and the events that start them: a person or another workflow gives inputs, and no other event
//! does. What a person chooses and which event it is are questions of the case in which a job runs.

use super::cases::{CaseAnswer, Question};
use super::node::{entry, text_of, texts_of};
use super::scope::{Inputs, Kind, Optional, Scope};
use crate::import::expression::{Possible, Scalar};
use crate::inventory::yaml::{Node, Value};

/// The event of a workflow that another calls, and of one that a person starts: they alone have inputs.
pub(super) const CALLED: &str = "workflow_call";
const DISPATCHED: &str = "workflow_dispatch";

/// The name of the event, in an expression.
pub(super) const EVENT_NAME: &str = "${{ github.event_name }}";

/// How a workflow is started: inputs are given by a caller or a person alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Called,
    Dispatched,
    ByEvent,
}

impl Start {
    /// In words, for a sentence that begins with `where`.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Called => "another workflow calls this one",
            Self::Dispatched => "a person starts the workflow",
            Self::ByEvent => "an event starts the workflow",
        }
    }

    fn by_event(event: &str) -> Self {
        match event {
            CALLED => Self::Called,
            DISPATCHED => Self::Dispatched,
            _ => Self::ByEvent,
        }
    }
}

/// Whether an answer leaves this text possible.
fn allows(known: Option<&CaseAnswer>, text: &str) -> bool {
    let text = text.to_lowercase();
    match known {
        Some(CaseAnswer::Is(known)) => *known == text,
        Some(CaseAnswer::NoneOf(others)) => !others.contains(&text),
        Some(CaseAnswer::Holds(_) | CaseAnswer::Starts(_)) | None => true,
    }
}

impl<'a> Scope<'a> {
    pub(super) fn input(&self, name: &str, optional: Optional, inputs: &Inputs<'a>) -> Option<Possible> {
        let on = match inputs {
            Inputs::Passed(passed) => {
                return match passed.get(&name.to_ascii_lowercase()) {
                    Some(passed) => self.passed(passed, optional),
                    None => Some(Possible::text("")),
                };
            }
            Inputs::Declared(on) => on,
        };
        let declared = |event: &str| entry(entry(entry((*on)?, event)?, "inputs")?, name);
        if let Some(given) = self.variables.get("inputs", name) {
            let is_boolean =
                [CALLED, DISPATCHED].into_iter().filter_map(declared).any(|input| is_of_type(input, "boolean"));
            let switch = given.parse().ok().filter(|_| is_boolean);
            return Some(switch.map_or_else(|| Possible::text(given), |on| Possible::known(Scalar::Bool(on))));
        }
        let mut all = Possible::none();
        for start in self.starts(optional) {
            let input = match start {
                Start::Called => declared(CALLED),
                Start::Dispatched => declared(DISPATCHED),
                Start::ByEvent => None,
            };
            all.include(match input {
                Some(input) => self.declared_input(name, input, optional, start)?,
                None => Possible::text(""),
            });
        }
        Some(all.shown_as(format!("${{{{ inputs.{name} }}}}")))
    }

    /// An input of a workflow that a person or another workflow starts.
    fn declared_input(&self, name: &str, input: &Node, optional: Optional, start: Start) -> Option<Possible> {
        if is_of_type(input, "boolean") {
            let question = Question::Input(name.to_ascii_lowercase());
            let (on, off) = (CaseAnswer::Holds(true), CaseAnswer::Holds(false));
            // The switch of a called workflow has its default, except in a condition.
            let answer = match (optional, start) {
                (Optional::Open, _) | (Optional::Empty, Start::Dispatched) => self.case.answer(question, vec![on, off]),
                _ => self.case.known(&question),
            };
            if let Some(CaseAnswer::Holds(on)) = answer {
                return Some(Possible::known(Scalar::Bool(on)));
            }
            if start == Start::Dispatched {
                return Some(Possible::one_of([Scalar::Bool(true), Scalar::Bool(false)], ""));
            }
        }
        let options = entry(input, "options").filter(|_| start == Start::Dispatched);
        if let Some(options) = options.filter(|options| matches!(options.value, Value::List(_))) {
            let options = texts_of(options);
            return Some(self.one_of(format!("${{{{ inputs.{name} }}}}"), options, optional == Optional::Empty));
        }
        if optional == Optional::Open {
            return None;
        }
        if let Some(default) = entry(input, "default") {
            let value = self.value(default, Kind::Typed, optional, &self.given, &[])?;
            let typed = is_of_type(input, "boolean") || is_of_type(input, "number");
            return Some(if typed { value } else { value.into_texts() });
        }
        let left_out = optional == Optional::Empty && !has(input, "required", "true");
        if is_of_type(input, "boolean") {
            return left_out.then(|| Possible::known(Scalar::Bool(false)));
        }
        left_out.then(|| Possible::text(""))
    }

    /// The texts of a name that are left in this case; `ask`: it splits the case into one for each.
    fn one_of(&self, name: String, texts: Vec<String>, ask: bool) -> Possible {
        let question = Question::Value(name.to_lowercase());
        let known = self.case.known(&question);
        let mut left: Vec<String> = texts.into_iter().filter(|text| allows(known.as_ref(), text)).collect();
        if ask && left.len() > 1 {
            let answers = left.iter().map(|text| CaseAnswer::Is(text.to_lowercase())).collect();
            self.case.answer(question, answers);
            left.truncate(1);
        }
        Possible::one_of(left.into_iter().map(Scalar::Text), name)
    }

    /// The events that can start the workflow in this case.
    fn events(&self) -> impl Iterator<Item = &str> {
        let name = self.case.known(&Question::Value(EVENT_NAME.to_owned()));
        let start = self.case.known(&Question::Start);
        let is_possible = move |event: &&str| {
            let of_start = Start::by_event(event);
            let by_name = of_start == Start::Called || allows(name.as_ref(), event);
            by_name && start.as_ref().is_none_or(|start| *start == CaseAnswer::Starts(of_start))
        };
        self.given.events.iter().map(|event| &**event).filter(is_possible)
    }

    /// How the workflow can be started in this case; of several, the case is asked unless any may count.
    fn starts(&self, optional: Optional) -> Vec<Start> {
        let mut starts: Vec<Start> = Vec::new();
        for start in self.events().map(Start::by_event) {
            if !starts.contains(&start) {
                starts.push(start);
            }
        }
        if optional == Optional::Unknown || starts.len() < 2 {
            return starts;
        }
        match self.case.answer(Question::Start, starts.into_iter().map(CaseAnswer::Starts).collect()) {
            Some(CaseAnswer::Starts(start)) => vec![start],
            _ => Vec::new(),
        }
    }

    /// The name of the event; `None`: that of a workflow that calls this one.
    pub(super) fn event_name(&self, optional: Optional) -> Option<Possible> {
        if self.starts(optional).contains(&Start::Called) {
            return None;
        }
        let events: Vec<String> = self.events().map(str::to_owned).collect();
        (!events.is_empty()).then(|| self.one_of(EVENT_NAME.to_owned(), events, optional == Optional::Empty))
    }
}

/// Whether an input declares this.
fn has(input: &Node, key: &str, value: &str) -> bool {
    entry(input, key).and_then(text_of).is_some_and(|text| text.value == value)
}

/// Whether an input is of this type.
pub(super) fn is_of_type(input: &Node, name: &str) -> bool {
    has(input, "type", name)
}

/// The events that `on` names.
pub(super) fn events(on: &Node) -> Vec<String> {
    match &on.value {
        Value::Map(events) => events.iter().map(|(event, _)| event.value.clone()).collect(),
        _ => texts_of(on),
    }
}
