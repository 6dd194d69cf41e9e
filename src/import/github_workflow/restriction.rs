//! The comparisons of one value with texts that conditions require: steps that exclude each other by one value do not
//! run together.

use super::conditions::{Conditions, Decision, StepCondition};
use crate::import::expression::{self, Comparison, Expression, Scalar};

/// A comparison of one value with texts, which a condition requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restriction {
    /// The value's expression.
    pub(super) name: String,
    /// One of them must hold, or none of them.
    tests: Vec<TextTest>,
    holds: bool,
}

fn has_and(expression: &Expression) -> bool {
    match expression {
        Expression::And(..) => true,
        Expression::Or(left, right) => has_and(left) || has_and(right),
        Expression::Not(inner) => has_and(inner),
        _ => false,
    }
}

/// A test of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TextTest {
    Is(String),
    Begins(String),
}

impl TextTest {
    fn text(&self) -> &str {
        match self {
            Self::Is(text) | Self::Begins(text) => text,
        }
    }

    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(text) => value == text,
            Self::Begins(text) => value.starts_with(&**text),
        }
    }
}

impl Restriction {
    /// The texts that tell apart the values with different results.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().map(TextTest::text)
    }

    /// Whether it is met by this value; `None`: one that no text is like.
    pub(super) fn is_met(&self, value: Option<&str>) -> bool {
        self.tests.iter().any(|test| value.is_some_and(|value| test.holds(value))) == self.holds
    }
}

impl Conditions<'_> {
    /// The comparisons of one value with texts that all these conditions require.
    pub(super) fn restrictions(&self) -> Vec<Restriction> {
        let of = |condition: &StepCondition<'_>| {
            let text = condition.text.trim();
            let inner = expression::inner(text).unwrap_or(text);
            let decision = Decision { condition, ask: false };
            expression::parse(inner).map_or_else(Vec::new, |parsed| decision.restrictions(&parsed))
        };
        self.0.iter().flat_map(of).collect()
    }
}

impl Decision<'_, '_> {
    fn restrictions(&self, expression: &Expression) -> Vec<Restriction> {
        match expression {
            Expression::And(left, right) => [self.restrictions(left), self.restrictions(right)].concat(),
            Expression::Or(left, right) => match (&self.restrictions(left)[..], &self.restrictions(right)[..]) {
                ([left], [right]) if left.name == right.name && left.holds && right.holds => {
                    let tests = [&left.tests[..], &right.tests].concat();
                    vec![Restriction { tests, ..left.clone() }]
                }
                _ => Vec::new(),
            },
            Expression::Not(inner) => match &self.restrictions(inner)[..] {
                // The opposite of what is required with something else is not known.
                [one] if !has_and(inner) => {
                    vec![Restriction { holds: !one.holds, ..one.clone() }]
                }
                _ => Vec::new(),
            },
            Expression::Compare(Comparison::Equal, left, right) => self.compared(left, right, true),
            Expression::Compare(Comparison::NotEqual, left, right) => self.compared(left, right, false),
            Expression::Call(function, arguments) if function == "startswith" => match &arguments[..] {
                [open, with] if open.name().is_some() && self.value(open).single().is_none() => {
                    let with = self.value(with).as_text().map(|with| TextTest::Begins(with.to_lowercase()));
                    let restriction = |with| Restriction { name: self.text(open), tests: vec![with], holds: true };
                    with.map(restriction).into_iter().collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn compared(&self, left: &Expression, right: &Expression, holds: bool) -> Vec<Restriction> {
        let (left_value, right_value) = (self.value(left), self.value(right));
        let (open, known) = match (left_value.single(), right_value.single()) {
            (None, Some(known)) => (left, known),
            (Some(known), None) => (right, known),
            _ => return Vec::new(),
        };
        match (open.name(), known) {
            (Some(_), Scalar::Text(text)) => {
                vec![Restriction { name: self.text(open), tests: vec![TextTest::Is(text.to_lowercase())], holds }]
            }
            _ => Vec::new(),
        }
    }
}
