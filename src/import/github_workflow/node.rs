//! How a workflow's nodes are read by every part: keys without case, scalars as text.

use crate::import::expression::{Scalar, parse_number};
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::{Node, Value};

/// The value of a key; keys of actions know no case.
pub(super) fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    entry_with_key(node, key).map(|(_, value)| value)
}

pub(super) fn entry_with_key<'a>(node: &'a Node, key: &str) -> Option<&'a (Placed<String>, Node)> {
    node.entries().iter().find(|(name, _)| name.value.eq_ignore_ascii_case(key))
}

/// The entries of a map; none of anything else.
pub(super) fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    node.into_iter().flat_map(Node::entries).map(|(key, value)| (&*key.value, value))
}

/// The largest number that is written with all its digits.
const MOST_DIGITS: f64 = 1e15;

/// A scalar as the action gets it: text. A number that is not quoted is its decimal text: `0x5A` is `90`.
pub(super) fn text_of(node: &Node) -> Option<Placed<String>> {
    let number = match &node.value {
        Value::Number(text) => parse_number(text).filter(|number| number.abs() < MOST_DIGITS),
        _ => None,
    };
    let decimal = number.and_then(|number| Scalar::Number(number).text());
    let value = decimal.or_else(|| node.text().map(|text| text.trim().to_owned()))?;
    Some(Placed { value, place: node.place })
}

/// A list or a map of literals as JSON; `None`: it has an expression.
pub(super) fn json_of(node: &Node) -> Option<serde_json::Value> {
    Some(match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => parse_number(text)?.into(),
        Value::Text(text) if text.contains("${{") => return None,
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json_of).collect::<Option<Vec<_>>>()?.into(),
        Value::Map(entries) => {
            let entry = |(key, value): &(Placed<String>, Node)| Some((key.value.clone(), json_of(value)?));
            entries.iter().map(entry).collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}

/// The texts of a list, or the one text in its place.
pub(super) fn texts_of(node: &Node) -> Vec<String> {
    let nodes = match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    };
    nodes.iter().filter_map(text_of).map(|text| text.value).collect()
}

/// The steps of a job or an action.
pub(super) fn steps_of(holder: &Node) -> &[Node] {
    match entry(holder, "steps").map(|steps| &steps.value) {
        Some(Value::List(steps)) => steps,
        _ => &[],
    }
}
