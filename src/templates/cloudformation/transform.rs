//! Transforms, macros and loops of a template: owns which of them may set properties that are not in the file. They run
//! in AWS, so their result is not known here. (CloudFormation User Guide, "Transforms" and "Fn::Transform".)

use crate::inventory::yaml::{Node, Value};
use crate::templates::unresolved::Unresolved;

/// A property of a role.
#[derive(Debug)]
pub(crate) enum Property<'a> {
    /// The file has it.
    Written(&'a Node),
    /// The role does not have it.
    Absent,
    /// The file does not have it, and a transform may set it.
    Open(Unresolved),
}

/// The property of this name of a role of the template.
pub(crate) fn property<'a>(template: &'a Node, role: &'a Node, name: &str) -> Property<'a> {
    if let Some(node) = role.get("Properties").and_then(|properties| properties.get(name)) {
        return Property::Written(node);
    }
    let within = [Some(role), role.get("Properties")].into_iter().flatten().flat_map(Node::entries);
    let inner = within.map(|(key, _)| &*key.value).find(|key| is_transform(key)).map(str::to_owned);
    match inner.or_else(|| macros(template).next().map(|name| format!("macro {name}"))) {
        Some(transform) => Property::Open(Unresolved::Transformed(transform)),
        None => Property::Absent,
    }
}

/// The key of a construct that may add entries to the map in which it is.
pub(crate) fn is_transform(key: &str) -> bool {
    key == "Transform" || key == "Fn::Transform" || key.starts_with("Fn::ForEach")
}

/// The account's own macros that apply to all resources of the template. AWS's own transforms change no role.
pub(crate) fn macros(template: &Node) -> impl Iterator<Item = &str> {
    transforms(template).filter(|name| !name.starts_with("AWS::"))
}

/// The transforms that apply to the template or to all of its resources.
pub(crate) fn transforms(template: &Node) -> impl Iterator<Item = &str> {
    let nodes = [
        template.get("Transform"),
        template.get("Fn::Transform"),
        template.get("Resources").and_then(|resources| resources.get("Fn::Transform")),
    ];
    nodes.into_iter().flatten().flat_map(names)
}

/// The names in a transform: a text, a map with `Name`, or a list of these.
fn names(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::List(items) => items.iter().flat_map(names).collect(),
        _ => node.text().or_else(|| node.get("Name").and_then(Node::text)).into_iter().collect(),
    }
}
