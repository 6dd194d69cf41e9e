//! A template's YAML or JSON: owns its limits and what CloudFormation's tags stand for, so that there is one form of a
//! function afterwards. Knows nothing of what a template means.

use granit_parser::Tag;

use crate::inventory::Sink;
use crate::inventory::yaml::{self, Dialect, Node, Value, report_duplicates};

/// The largest template that is read, in bytes; CloudFormation itself takes 1 MB.
pub(crate) const MAX_BYTES: u64 = 5 * 1024 * 1024;
/// A policy inside a resource needs about a dozen levels.
const TEMPLATE: Dialect = Dialect { max_depth: 64, max_nodes: 500_000, long_form: function };

/// Reads one file into a tree; what is wrong with it as YAML is reported to `sink`.
pub(crate) fn parse(file: usize, text: &str, sink: &mut Sink) -> Option<Node> {
    let root = yaml::parse(TEMPLATE, file, text, sink)?;
    if let Value::Null = root.value {
        sink.add(root.place, "the file is empty", "name a CloudFormation template in YAML or JSON");
        return None;
    }
    duplicates(&root, sink);
    Some(root)
}

fn duplicates(node: &Node, sink: &mut Sink) {
    report_duplicates(node.entries(), sink);
    node.entries().iter().for_each(|(_, value)| duplicates(value, sink));
    if let Value::List(items) = &node.value {
        items.iter().for_each(|item| duplicates(item, sink));
    }
}

/// The function that a tag of CloudFormation's stands for: `!Ref` and `!Condition` as they are, else with `Fn::`.
fn function(tag: &Tag) -> Option<String> {
    let name = tag.suffix();
    Some(if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") })
}
