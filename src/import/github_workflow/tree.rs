//! The tree of a workflow or an action: what GitHub refuses is reported, and a matrix that is written as JSON is a tree
//! like any other.

use super::node::{entries, entry, entry_with_key};
use crate::import::expression::{self, Expression, Scalar};
use crate::inventory::diagnostic::{Place, Sink};
use crate::inventory::yaml::{self, Dialect, Node, Value};

/// Reads a file. `sink` gets what is wrong with it; `None`: GitHub does not run it.
pub(super) fn read(file: usize, text: &str, sink: &mut Sink) -> Option<Node> {
    let mut tree = yaml::parse(Dialect::WORKFLOW, file, text, sink)?;
    let mut refused = Sink::default();
    yaml::report_all_duplicates(&tree, &mut refused);
    merge_keys(&tree, &mut refused);
    let jobs = entries(entry(&tree, "jobs")).map(|(_, job)| job);
    jobs.chain(entry(&tree, "runs")).for_each(|holder| steps_that_are_no_list(holder, &mut refused));
    let is_refused = !refused.problems.is_empty();
    for mut problem in refused.problems {
        problem.message = format!("{}: GitHub refuses the workflow", problem.message);
        sink.problems.push(problem);
    }
    if is_refused {
        return None;
    }
    expand_matrices(&mut tree);
    Some(tree)
}

/// Reports the keys `<<`.
fn merge_keys(node: &Node, sink: &mut Sink) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                if key.value == "<<" {
                    let help = "write the entries out, or use an alias for the whole value";
                    sink.add(key.place, "`<<` merges maps, which GitHub Actions does not do", help);
                }
                merge_keys(value, sink);
            }
        }
        Value::List(items) => items.iter().for_each(|item| merge_keys(item, sink)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

fn steps_that_are_no_list(holder: &Node, sink: &mut Sink) {
    let Some((key, steps)) = entry_with_key(holder, "steps") else { return };
    if !matches!(steps.value, Value::List(_)) {
        sink.add(key.place, format!("`steps` is {}, not a list", steps.value.kind()), "begin each step with `- `");
    }
}

/// Writes out the matrices and their lists that are `fromJSON` of a literal.
fn expand_matrices(tree: &mut Node) {
    let Some(jobs) = entry_mut(tree, "jobs") else { return };
    let Value::Map(jobs) = &mut jobs.value else { return };
    for (_, job) in jobs {
        let Some(matrix) = entry_mut(job, "strategy").and_then(|strategy| entry_mut(strategy, "matrix")) else {
            continue;
        };
        expand(matrix);
        if let Value::Map(lists) = &mut matrix.value {
            lists.iter_mut().for_each(|(_, list)| expand(list));
        }
    }
}

/// Replaces an expression that is `fromJSON` of a literal by its value.
fn expand(node: &mut Node) {
    let Value::Text(text) = &node.value else { return };
    let Some(Expression::Call(name, arguments)) = expression::inner(text).and_then(expression::parse) else { return };
    let [Expression::Literal(Scalar::Text(json))] = &arguments[..] else { return };
    if name != "fromjson" || serde_json::from_str::<serde_json::Value>(json).is_err() {
        return;
    }
    let written = yaml::parse(Dialect::WORKFLOW, node.place.file, json, &mut Sink::default());
    if let Some(mut written) = written {
        place_at(&mut written, node.place);
        *node = written;
    }
}

/// Gives all of a tree this place.
fn place_at(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                key.place = place;
                place_at(value, place);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| place_at(item, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

fn entry_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|(name, _)| name.value.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}
