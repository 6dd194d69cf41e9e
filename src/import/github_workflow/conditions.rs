//! The conditions (`if`) of steps and jobs. A condition that the files do not decide is a question of the case in which
//! the job runs (`cases`). These forms are one question, so that steps with the same or the opposite condition are
//! followed together: with and without `${{ }}`, spaces and parentheses, in any case, either side of `==` first, `!=`
//! and `!` as the opposite, `== true` and `== false`, and the texts with which one name is compared.

use super::cases::{Case, CaseAnswer, Question};
use super::node::{entry, text_of};
use super::scope::Scope;
use crate::import::expression::{self, Comparison, Expression, Scalar};
use crate::inventory::yaml::Node;

/// A condition, where it is written.
#[derive(Clone)]
struct StepCondition<'a> {
    text: String,
    scope: Scope<'a>,
    /// The step of the job that uses the action: each use has steps of its own.
    from: String,
}

/// The conditions on which a step runs: its own, those of the actions around it, and those of its job.
#[derive(Clone, Default)]
pub(super) struct Conditions<'a>(Vec<StepCondition<'a>>);

impl<'a> Conditions<'a> {
    /// These, and the condition of a node; `None`: the files show that it does not run.
    pub(super) fn and(&self, node: &Node, scope: &Scope<'a>, from: &str) -> Option<Self> {
        let Some(text) = entry(node, "if").and_then(text_of).filter(|text| !text.value.is_empty()) else {
            return Some(self.clone());
        };
        let condition = StepCondition { text: text.value, scope: scope.clone(), from: from.to_owned() };
        match condition.holds(false) {
            Some(true) => Some(self.clone()),
            Some(false) => None,
            None => Some(Self(self.0.iter().cloned().chain([condition]).collect())),
        }
    }

    /// Whether all hold in the case that is followed.
    pub(super) fn hold(&self) -> bool {
        self.0.iter().all(|condition| condition.holds(true) == Some(true))
    }
}

impl StepCondition<'_> {
    /// Whether it holds; `None`: only a run knows, and the case is not asked.
    fn holds(&self, ask: bool) -> Option<bool> {
        let text = self.text.trim();
        let inner = match text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(inner) if !inner.contains("${{") => inner,
            // Text beside an expression makes a text that is not empty, which is true (actions/runner#1173).
            _ if text.contains("${{") => return Some(true),
            _ => text,
        };
        match expression::parse(inner.trim()) {
            Some(parsed) => Decision { condition: self, ask }.holds_for(&parsed),
            None if ask => Some(self.case().holds(text.to_owned())),
            None => None,
        }
    }

    fn case(&self) -> &Case {
        &self.scope.case
    }
}

/// How a condition is decided.
struct Decision<'a> {
    condition: &'a StepCondition<'a>,
    /// What only a run knows is a question of the case.
    ask: bool,
}

impl Decision<'_> {
    fn holds_for(&self, expression: &Expression) -> Option<bool> {
        match expression {
            Expression::Not(inner) => self.holds_for(inner).map(|truth| !truth),
            Expression::And(left, right) => match self.holds_for(left) {
                Some(false) => Some(false),
                left => match self.holds_for(right) {
                    Some(false) => Some(false),
                    right => left.and(right),
                },
            },
            Expression::Or(left, right) => match self.holds_for(left) {
                Some(true) => Some(true),
                left => match self.holds_for(right) {
                    Some(true) => Some(true),
                    right => left.and(right),
                },
            },
            _ => self.value(expression).truth().or_else(|| self.of_one(expression)),
        }
    }

    /// A condition without `&&`, `||` and `!` around it, of which only a run knows whether it holds.
    fn of_one(&self, expression: &Expression) -> Option<bool> {
        match expression {
            Expression::Compare(Comparison::Equal, left, right) => self.equal(left, right),
            Expression::Compare(Comparison::NotEqual, left, right) => self.equal(left, right).map(|truth| !truth),
            // A name counts as true unless it is empty.
            _ if expression.name().is_some() => self.is(expression, "").map(|empty| !empty),
            _ => self.holds(self.text(expression)),
        }
    }

    fn equal(&self, left: &Expression, right: &Expression) -> Option<bool> {
        let (left_value, right_value) = (self.value(left), self.value(right));
        let (open, known) = match (left_value.single(), right_value.single()) {
            (None, Some(known)) => (left, known),
            (Some(known), None) => (right, known),
            _ => {
                let mut sides = [self.text(left), self.text(right)];
                sides.sort();
                return self.holds(sides.join(" == "));
            }
        };
        match known {
            Scalar::Bool(known) => self.holds_for(open).map(|truth| truth == *known),
            Scalar::Text(text) => self.is(open, &text.to_lowercase()),
            Scalar::Null | Scalar::Number(_) | Scalar::Json(_) => {
                self.holds(format!("{} == {}", self.text(open), known.text().unwrap_or_default()))
            }
        }
    }

    /// Whether the value of an expression is this text.
    fn is(&self, expression: &Expression, text: &str) -> Option<bool> {
        let name = self.text(expression);
        let case = self.condition.case();
        match case.known(&Question::Value(name.clone())) {
            Some(CaseAnswer::Is(known)) => Some(known == text),
            Some(CaseAnswer::NoneOf(others)) if others.iter().any(|other| other == text) => Some(false),
            _ => self.ask.then(|| case.is(name, text)),
        }
    }

    fn holds(&self, condition: String) -> Option<bool> {
        match self.condition.case().known(&Question::Condition(condition.clone())) {
            Some(CaseAnswer::Holds(truth)) => Some(truth),
            _ => self.ask.then(|| self.condition.case().holds(condition)),
        }
    }

    fn value(&self, expression: &Expression) -> expression::Possible {
        self.condition.scope.condition(expression)
    }

    /// The expression in one form. A name is that of the value that it stands for.
    fn text(&self, expression: &Expression) -> String {
        match expression {
            Expression::Literal(value) => format!("'{}'", value.text().unwrap_or_default()).to_lowercase(),
            Expression::Call(name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|argument| self.text(argument)).collect();
                format!("{name}({})", arguments.join(", "))
            }
            Expression::Not(inner) => format!("!({})", self.text(inner)),
            Expression::And(left, right) => format!("({} && {})", self.text(left), self.text(right)),
            Expression::Or(left, right) => format!("({} || {})", self.text(left), self.text(right)),
            Expression::Compare(comparison, left, right) => {
                format!("({} {comparison:?} {})", self.text(left), self.text(right))
            }
            Expression::Context(_) | Expression::Index(..) => {
                let own = match expression.name() {
                    Some(("steps", _)) => &*self.condition.from,
                    _ => "",
                };
                let value = self.value(expression);
                let shown = match (value.expression(), expression.name()) {
                    ("", Some((context, keys))) => format!("{context}.{}", keys.join(".")),
                    ("", None) => format!("{expression:?}"),
                    (shown, _) => shown.to_owned(),
                };
                format!("{own}{shown}").to_lowercase()
            }
        }
    }
}
