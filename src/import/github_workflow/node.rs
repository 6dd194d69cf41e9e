//! How a workflow's nodes are read by every part: keys without case, scalars as text.

use crate::inventory::problem::Placed;
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

/// A scalar as the action gets it: text.
pub(super) fn text_of(node: &Node) -> Option<Placed<String>> {
    node.text().map(|text| Placed { value: text.trim().to_owned(), place: node.place })
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
