//! A template's YAML or JSON: owns its limits, the long form of CloudFormation's tags, and which of several equal keys
//! counts. Knows nothing of the meaning of a template.

use std::collections::HashMap;

use granit_parser::Tag;

use crate::inventory::Sink;
use crate::inventory::yaml::{self, Dialect, Node, Value, report_all_duplicates};

/// The largest template that is read, in bytes; CloudFormation itself takes 1 MB.
pub(crate) const MAX_BYTES: u64 = 5 * 1024 * 1024;
/// A policy inside a resource needs about a dozen levels.
const TEMPLATE: Dialect = Dialect { max_depth: 64, max_nodes: 500_000, long_form: function, merges: true };

/// A key that its map has several times outside a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepeatedKey {
    pub(crate) key: String,
    /// The line of the entry that counts: the last one, as CloudFormation takes it.
    pub(crate) line: usize,
}

/// Reads one file into a tree; what is wrong with it as YAML is reported to `sink`. Maps that `is_role` accepts have
/// each key once; elsewhere the last of several equal keys counts, and they are returned.
pub(crate) fn parse(
    file: usize,
    text: &str,
    is_role: fn(&Node) -> bool,
    sink: &mut Sink,
) -> Option<(Node, Vec<RepeatedKey>)> {
    let mut root = yaml::parse(TEMPLATE, file, text, sink)?;
    if let Value::Null = root.value {
        sink.add(root.place, "the file is empty", "name a CloudFormation template in YAML or JSON");
        return None;
    }
    let mut repeated = Vec::new();
    keep_last_keys(&mut root, is_role, sink, &mut repeated);
    Some((root, repeated))
}

fn keep_last_keys(node: &mut Node, is_role: fn(&Node) -> bool, sink: &mut Sink, repeated: &mut Vec<RepeatedKey>) {
    if is_role(node) {
        report_all_duplicates(node, sink);
        return;
    }
    match &mut node.value {
        Value::Map(entries) => {
            let mut last: HashMap<String, (usize, usize)> = HashMap::with_capacity(entries.len());
            for (index, (key, _)) in entries.iter().enumerate() {
                last.insert(key.value.clone(), (index, key.place.line));
            }
            let mut index = 0;
            entries.retain(|(key, _)| {
                let (counts, line) = last[&key.value];
                let is_last = counts == index;
                index += 1;
                if !is_last {
                    repeated.push(RepeatedKey { key: key.value.clone(), line });
                }
                is_last
            });
            entries.iter_mut().for_each(|(_, value)| keep_last_keys(value, is_role, sink, repeated));
        }
        Value::List(items) => items.iter_mut().for_each(|item| keep_last_keys(item, is_role, sink, repeated)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// The function that a CloudFormation tag is short for: `Ref` and `Condition` keep their names, others get `Fn::`.
fn function(tag: &Tag) -> Option<String> {
    let name = tag.suffix();
    Some(if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") })
}
