//! HTML as a browser reads it: by html5ever, an independent parser.

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// A page that the parser accepts without errors.
#[track_caller]
pub fn parsed(page: String) -> RcDom {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
    assert!(dom.errors.borrow().is_empty(), "the parser complains: {:?}", dom.errors.borrow());
    dom
}

/// The elements in a node, in order.
pub fn inside(node: &Handle) -> Vec<Handle> {
    let mut found = Vec::new();
    for child in node.children.borrow().iter() {
        if matches!(child.data, NodeData::Element { .. }) {
            found.push(child.clone());
        }
        found.extend(inside(child));
    }
    found
}

pub fn tag(element: &Handle) -> String {
    match &element.data {
        NodeData::Element { name, .. } => name.local.to_string(),
        _ => String::new(),
    }
}

pub fn attributes(element: &Handle) -> Vec<(String, String)> {
    match &element.data {
        NodeData::Element { attrs, .. } => {
            attrs.borrow().iter().map(|one| (one.name.local.to_string(), one.value.to_string())).collect()
        }
        _ => Vec::new(),
    }
}

pub fn attribute(element: &Handle, name: &str) -> Option<String> {
    attributes(element).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

pub fn has_class(element: &Handle, class: &str) -> bool {
    attribute(element, "class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
}

pub fn text(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text).collect(),
    }
}
