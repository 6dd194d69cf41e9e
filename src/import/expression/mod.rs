//! GitHub Actions expressions (`${{ … }}`): parsed as GitHub does, and evaluated as far as the files allow. A value
//! that only a run knows stays unknown; a condition that is unknown yields both of its outcomes.

mod evaluate;
mod parse;
mod scalar;

pub(crate) use evaluate::{Lookup, evaluate};
pub(crate) use parse::{Comparison, Expression, parse};
pub(crate) use scalar::{Scalar, parse_number};

/// How many values one expression may have before it counts as unknown.
const MAX_CHOICES: usize = 32;
/// The longest text that expressions may be replaced to, in bytes.
const MAX_TEXT: usize = 16 * 1024;

/// Which values a text or an expression can have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Possible {
    /// The values that are known to be possible.
    values: Vec<Scalar>,
    /// Which values are possible besides.
    others: Others,
    /// The text as far as it is known, with the expressions that only a run knows.
    expression: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    /// The empty text, `false`, `0` or `null`.
    Falsy,
    Any,
}

impl Possible {
    pub(crate) fn known(value: Scalar) -> Self {
        Self { values: vec![value], others: Others::None, expression: String::new() }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::known(Scalar::Text(text.into()))
    }

    /// Only a run knows it.
    pub(crate) fn unknown(expression: impl Into<String>) -> Self {
        Self { values: Vec::new(), others: Others::Any, expression: expression.into() }
    }

    pub(crate) fn one_of(values: impl IntoIterator<Item = Scalar>, expression: impl Into<String>) -> Self {
        let mut possible = Self { values: Vec::new(), others: Others::None, expression: expression.into() };
        values.into_iter().for_each(|value| possible.add(value));
        possible
    }

    /// No value, to which others are added.
    pub(crate) fn none() -> Self {
        Self { values: Vec::new(), others: Others::None, expression: String::new() }
    }

    fn add(&mut self, value: Scalar) {
        if !self.values.contains(&value) {
            self.values.push(value);
        }
        if self.values.len() > MAX_CHOICES {
            self.others = Others::Any;
        }
    }

    fn add_others(&mut self, others: Others) {
        self.others = match (self.others, others) {
            (Others::Any, _) | (_, Others::Any) => Others::Any,
            (Others::Falsy, _) | (_, Others::Falsy) => Others::Falsy,
            _ => Others::None,
        };
    }

    /// Adds the values of another.
    pub(crate) fn include(&mut self, other: Self) {
        self.add_others(other.others);
        other.values.into_iter().for_each(|value| self.add(value));
    }

    /// The only value that is possible.
    pub(crate) fn single(&self) -> Option<&Scalar> {
        match (&self.values[..], self.others) {
            ([value], Others::None) => Some(value),
            _ => None,
        }
    }

    /// The text that it is for certain.
    pub(crate) fn as_text(&self) -> Option<String> {
        self.single().and_then(Scalar::text)
    }

    /// All the texts that it can be, where no other is possible.
    pub(crate) fn choices(&self) -> Option<Vec<String>> {
        let texts = || self.values.iter().map(Scalar::text).collect();
        if self.others == Others::None { texts() } else { None }
    }

    /// The same values, shown as this expression where there are several.
    pub(crate) fn shown_as(mut self, expression: String) -> Self {
        if self.single().is_none() {
            self.expression = expression;
        }
        self
    }

    /// Every value as text.
    pub(crate) fn into_texts(mut self) -> Self {
        for value in &mut self.values {
            if let Some(text) = value.text() {
                *value = Scalar::Text(text);
            }
        }
        self
    }

    /// Whether it counts as true in a condition; `None`: only a run knows.
    pub(crate) fn truth(&self) -> Option<bool> {
        if self.others != Others::None && (self.others == Others::Any || self.values.iter().any(Scalar::is_true)) {
            return None;
        }
        let first = self.values.first().is_some_and(Scalar::is_true);
        self.values.iter().all(|value| value.is_true() == first).then_some(first)
    }

    /// The text, with the expressions that only a run knows.
    pub(crate) fn expression(&self) -> &str {
        &self.expression
    }
}

/// What is between the `${{` and the `}}` around a text.
pub(crate) fn inner(text: &str) -> Option<&str> {
    text.trim().strip_prefix("${{")?.strip_suffix("}}").map(str::trim)
}

/// A text with its expressions evaluated.
pub(crate) fn fill(text: &str, lookup: &mut Lookup<'_>) -> Possible {
    let parts = split(text);
    if let [ExpressionPart::Expression(inner)] = &parts[..] {
        return expression(inner, lookup);
    }
    let mut filled = Possible::text("");
    for part in parts {
        let part = match part {
            ExpressionPart::Literal(literal) => Possible::text(literal),
            ExpressionPart::Expression(inner) => expression(inner, lookup),
        };
        filled = concatenated(&filled, &part);
    }
    filled
}

enum ExpressionPart<'a> {
    Literal(&'a str),
    Expression(&'a str),
}

/// The literals and expressions of a text; an expression that is not closed is literal.
fn split(text: &str) -> Vec<ExpressionPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inner, after)) = after.split_once("}}") else { break };
        if !before.is_empty() {
            parts.push(ExpressionPart::Literal(before));
        }
        parts.push(ExpressionPart::Expression(inner.trim()));
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(ExpressionPart::Literal(rest));
    }
    parts
}

fn expression(inner: &str, lookup: &mut Lookup<'_>) -> Possible {
    let written = format!("${{{{ {inner} }}}}");
    let Some(parsed) = parse(inner) else { return Possible::unknown(written) };
    let mut value = evaluate(&parsed, lookup);
    // What a name stands for is shown as it is written where its value comes from.
    if value.single().is_none() && (value.expression.is_empty() || parsed.name().is_none()) {
        value.expression = written;
    }
    value
}

fn concatenated(left: &Possible, right: &Possible) -> Possible {
    let shown = |possible: &Possible| possible.as_text().unwrap_or_else(|| possible.expression.clone());
    let expression = shown(left) + &shown(right);
    let texts = (left.choices(), right.choices());
    let (Some(lefts), Some(rights)) = texts else { return Possible::unknown(expression) };
    let too_many = lefts.len() * rights.len() > MAX_CHOICES;
    if too_many || expression.len() > MAX_TEXT {
        return Possible::unknown(expression.chars().take(MAX_TEXT).collect::<String>());
    }
    let both = lefts.iter().flat_map(|left| rights.iter().map(move |right| Scalar::Text(format!("{left}{right}"))));
    Possible::one_of(both, expression)
}
