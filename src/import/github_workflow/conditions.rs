//! The conditions (`if`) of steps and jobs. A condition that the files do not decide is a question of the case in which
//! the job runs (`cases`). These forms are one question, so that steps with the same or the opposite condition are
//! followed together: with and without `${{ }}`, spaces and parentheses, in any case, either side of `==` first, `!=`
//! and `!` as the opposite, `== true` and `== false`, and the texts with which one name is compared.

use super::cases::{Case, CaseAnswer, Question};
use super::inputs::EVENT_NAME;
use super::node::{entry, text_of};
use super::scope::Scope;
use crate::import::expression::{self, Comparison, Expression, Scalar};
use crate::inventory::yaml::Node;

/// A condition, where it is written.
#[derive(Clone)]
pub(super) struct StepCondition<'a> {
    pub(super) text: String,
    scope: Scope<'a>,
    /// The step of the job that uses the action: each use has steps of its own.
    from: String,
}

/// The conditions on which a step runs: its own, those of the actions around it, and those of its job.
#[derive(Clone, Default)]
pub(super) struct Conditions<'a>(pub(super) Vec<StepCondition<'a>>);

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
        self.decided(true) == Some(true)
    }

    /// The same; `None`: only a run knows, and the case is not asked.
    pub(super) fn decided(&self, ask: bool) -> Option<bool> {
        let mut all = Some(true);
        for condition in &self.0 {
            match condition.holds(ask) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
    }
}

impl StepCondition<'_> {
    /// Whether it holds; `None`: only a run knows, and the case is not asked.
    fn holds(&self, ask: bool) -> Option<bool> {
        let text = self.text.trim();
        let inner = match expression::inner(text) {
            Some(inner) if !inner.contains("${{") => inner,
            // Text beside an expression makes a text that is not empty, which is true (actions/runner#1173).
            _ if text.contains("${{") => return Some(true),
            _ => text,
        };
        match expression::parse(inner) {
            Some(parsed) => Decision { condition: self, ask }.holds_for(&parsed),
            None if ask => Some(self.case().holds(Question::Condition(text.to_owned()))),
            None => None,
        }
    }

    fn case(&self) -> &Case {
        &self.scope.case
    }
}

/// The names of a run's branch or tag in expressions, and how their values begin (GitHub docs, "Contexts": `github`).
const REF: &str = "${{ github.ref }}";
const REF_NAME: &str = "${{ github.ref_name }}";
const REF_TYPE: &str = "${{ github.ref_type }}";
const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";
const PULLS: &str = "refs/pull/";
/// The event whose run has the ref of a pull request.
const PULL_REQUEST: &str = "pull_request";

fn is_of_pull_request(case: &Case) -> bool {
    case.known(&Question::Value(EVENT_NAME.to_owned())) == Some(CaseAnswer::Is(PULL_REQUEST.to_owned()))
}

/// The name of a branch or a tag.
fn name_of_ref(text: &str) -> Option<&str> {
    text.strip_prefix(BRANCHES).or_else(|| text.strip_prefix(TAGS))
}

/// Whether the case knows another ref, its name or an event that excludes this value.
fn excluded_by_ref(case: &Case, name: &str, text: &str) -> bool {
    let known = |name: &str| case.known(&Question::Value(name.to_owned()));
    match name {
        REF => {
            let by_name = name_of_ref(text).is_some_and(|wanted| match known(REF_NAME) {
                Some(CaseAnswer::Is(known)) => known != wanted,
                Some(CaseAnswer::NoneOf(others)) => others.iter().any(|other| other == wanted),
                Some(CaseAnswer::Holds(_) | CaseAnswer::Starts(_)) | None => false,
            });
            by_name || (is_of_pull_request(case) && !text.starts_with(PULLS))
        }
        // The name of a pull request's ref is `NUMBER/merge`.
        REF_NAME => match known(REF) {
            Some(CaseAnswer::Is(known)) => name_of_ref(&known) != Some(text),
            _ => is_of_pull_request(case) && !text.ends_with("/merge"),
        },
        EVENT_NAME => {
            let of_pull = |beginning: &(String, bool)| beginning.1 && !PULLS.starts_with(&*beginning.0);
            let other_ref = matches!(known(REF), Some(CaseAnswer::Is(known)) if !known.starts_with(PULLS));
            text == PULL_REQUEST && (other_ref || case.beginnings(REF).iter().any(of_pull))
        }
        _ => false,
    }
}

/// How a condition is decided.
pub(super) struct Decision<'c, 'a> {
    pub(super) condition: &'c StepCondition<'a>,
    /// What only a run knows is a question of the case.
    pub(super) ask: bool,
}

impl Decision<'_, '_> {
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
            Expression::Call(function, arguments) if function == "startswith" => match &arguments[..] {
                [open, with] => match (self.value(open).single(), self.value(with).as_text()) {
                    (None, Some(with)) => self.begins(self.text(open), with.to_lowercase()),
                    _ => self.holds(self.text(expression)),
                },
                _ => self.holds(self.text(expression)),
            },
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
        match (&*name, text) {
            (REF_TYPE, "tag") => return self.begins(REF.to_owned(), TAGS.to_owned()),
            (REF_TYPE, "branch") => return self.begins(REF.to_owned(), BRANCHES.to_owned()),
            _ => {}
        }
        match case.known(&Question::Value(name.clone())) {
            Some(CaseAnswer::Is(known)) => return Some(known == text),
            Some(CaseAnswer::NoneOf(others)) if others.iter().any(|other| other == text) => return Some(false),
            _ => {}
        }
        let begins_otherwise = case.beginnings(&name).iter().any(|(with, truth)| text.starts_with(with) != *truth);
        if begins_otherwise || excluded_by_ref(case, &name, text) {
            return Some(false);
        }
        self.ask.then(|| case.is(name, text))
    }

    /// Whether the value of a name begins with this text.
    fn begins(&self, name: String, with: String) -> Option<bool> {
        let case = self.condition.case();
        if let Some(CaseAnswer::Is(known)) = case.known(&Question::Value(name.clone())) {
            return Some(known.starts_with(&with));
        }
        if name == REF && is_of_pull_request(case) {
            return Some(PULLS.starts_with(&with));
        }
        for (known, truth) in case.beginnings(&name) {
            match truth {
                true if known.starts_with(&with) => return Some(true),
                true if !with.starts_with(&known) => return Some(false),
                false if with.starts_with(&known) => return Some(false),
                _ => {}
            }
        }
        self.ask.then(|| case.holds(Question::Begins { name, with }))
    }

    fn holds(&self, condition: String) -> Option<bool> {
        let case = self.condition.case();
        let question = Question::Condition(condition);
        match case.known(&question) {
            Some(CaseAnswer::Holds(truth)) => Some(truth),
            _ => self.ask.then(|| case.holds(question)),
        }
    }

    pub(super) fn value(&self, expression: &Expression) -> expression::Possible {
        self.condition.scope.condition(expression)
    }

    /// The expression in one form. A name is that of the value that it stands for.
    pub(super) fn text(&self, expression: &Expression) -> String {
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
                // A variable that a step writes again has another value.
                let again = match expression.name() {
                    Some(("env", keys)) => self.condition.scope.unknown_writes(&keys.join(".")),
                    _ => 0,
                };
                let write = if again > 1 { format!(" (write {again})") } else { String::new() };
                format!("{own}{shown}{write}").to_lowercase()
            }
        }
    }
}
