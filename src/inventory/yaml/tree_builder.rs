//! The tree of a parser's events: lists and maps that are not complete yet, merges, aliases, and the limits of a file.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, ScalarStyle, Span, Tag};

use super::{Dialect, Node, Stop, StopCause, Value, place, stop};
use crate::inventory::diagnostic::{Place, Placed};

/// How many nodes aliases and their expansions may be together, so that a small file cannot become a large tree.
const MAX_ALIAS_NODES: usize = 100_000;

/// A list or a map that is not complete yet.
struct Open {
    anchor: usize,
    function: Option<String>,
    place: Place,
    content: NodeContent,
}

enum NodeContent {
    List(Vec<Node>),
    Map(Map),
}

#[derive(Default)]
struct Map {
    entries: Vec<(Placed<String>, Node)>,
    /// The key whose value comes next.
    key: Option<Placed<String>>,
    /// That key is a `<<` without quotes: the entries of its value are merged in.
    merges: bool,
    /// The entries of such values.
    brought: Vec<(Placed<String>, Node)>,
}

impl Map {
    fn add(&mut self, node: Node) -> Result<(), Stop> {
        let Some(key) = self.key.take() else {
            let Value::Text(value) = node.value else {
                let (message, help) = ("a key is not text".to_owned(), "write a key before each `:`".to_owned());
                return Err(Stop { place: node.place, message, help, cause: StopCause::Syntax });
            };
            self.key = Some(Placed { value, place: node.place });
            return Ok(());
        };
        let merges = std::mem::take(&mut self.merges);
        match node.value {
            Value::Map(entries) if merges => self.brought.extend(entries),
            Value::List(maps) if merges && maps.iter().all(|map| matches!(map.value, Value::Map(_))) => {
                self.brought.extend(maps.into_iter().flat_map(|map| match map.value {
                    Value::Map(entries) => entries,
                    _ => Vec::new(),
                }));
            }
            value => self.entries.push((key, Node { value, place: node.place })),
        }
        Ok(())
    }

    /// The map's entries, and the merged ones whose keys it does not have. The vector is shrunk: there are many small
    /// maps.
    fn merged(mut self) -> Vec<(Placed<String>, Node)> {
        if !self.brought.is_empty() {
            let mut keys: HashSet<String> = self.entries.iter().map(|(key, _)| key.value.clone()).collect();
            self.entries.extend(self.brought.into_iter().filter(|(key, _)| keys.insert(key.value.clone())));
        }
        self.entries.shrink_to_fit();
        self.entries
    }
}

/// Makes the tree of the parser's events.
pub(super) struct TreeBuilder {
    file: usize,
    dialect: Dialect,
    root: Option<Node>,
    open: Vec<Open>,
    /// `None`: too large for an alias.
    anchors: HashMap<usize, Option<Node>>,
    nodes: usize,
    alias_nodes: usize,
}

impl TreeBuilder {
    pub(super) fn new(file: usize, dialect: Dialect) -> Self {
        let (open, anchors) = (Vec::new(), HashMap::new());
        Self { file, dialect, root: None, open, anchors, nodes: 0, alias_nodes: 0 }
    }

    /// The tree, after the last event; `None`: the file has no content.
    pub(super) fn into_root(self) -> Option<Node> {
        self.root
    }

    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let at = place(self.file, &span.start, span.len());
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                let help = "write one document a file, without `---` between; a folder may hold several files";
                stop(at, "the file has more than one document", help)
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), at),
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(anchor, tag.as_deref(), at, NodeContent::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.begin(anchor, tag.as_deref(), at, NodeContent::Map(Map::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return stop(at, "an alias stands inside what it names", "write the entry out");
                };
                let size = node.as_ref().map_or(MAX_ALIAS_NODES, Node::size);
                self.alias_nodes += 1 + size;
                self.nodes += size;
                match node {
                    Some(node) if self.alias_nodes <= MAX_ALIAS_NODES => self.add(node),
                    _ => self.too_many_nodes(at),
                }
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Place,
    ) -> Result<(), Stop> {
        let is_plain = style == ScalarStyle::Plain;
        let mut is_key = false;
        if let Some(Open { content: NodeContent::Map(map), .. }) = self.open.last_mut()
            && map.key.is_none()
        {
            is_key = true;
            map.merges = self.dialect.merges && is_plain && text == "<<";
        }
        let function = self.function(tag);
        // A function's argument and the non-specific `!` keep a scalar from being anything but text.
        let is_text = function.is_some() || tag.is_some_and(is_non_specific);
        let written = match tag.and_then(Tag::core_suffix) {
            Some(kind) => {
                let Some(value) = Value::tagged(kind, text) else {
                    let help = "take the tag out, or write what it says";
                    return stop(at, format!("this is not what its tag `!!{kind}` says"), help);
                };
                value
            }
            None if is_plain && !is_text => Value::plain(text),
            None => Value::Text(text.to_owned()),
        };
        let value = match written {
            Value::Null if is_key => return stop(at, "an empty key", "write a key before each `:`"),
            Value::Bool(_) | Value::Number(_) if is_key => Value::Text(text.to_owned()),
            value => value,
        };
        let node = called(function, Node { value, place: at });
        self.anchor(anchor, &node);
        self.add(node)
    }

    fn begin(&mut self, anchor: usize, tag: Option<&Tag>, place: Place, content: NodeContent) -> Result<(), Stop> {
        if self.open.len() >= self.dialect.max_depth {
            let help = format!("it may nest at most {} levels deep", self.dialect.max_depth);
            return stop(place, "the file has too many levels", help);
        }
        let function = self.function(tag);
        self.open.push(Open { anchor, function, place, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.content {
            NodeContent::List(items) => Value::List(items),
            NodeContent::Map(map) => Value::Map(map.merged()),
        };
        let node = called(open.function, Node { value, place: open.place });
        self.anchor(open.anchor, &node);
        self.add(node)
    }

    fn function(&self, tag: Option<&Tag>) -> Option<String> {
        tag.filter(|tag| tag.is_custom() && !is_non_specific(tag)).and_then(self.dialect.long_form)
    }

    fn anchor(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.size() < MAX_ALIAS_NODES).then(|| node.clone()));
        }
    }

    fn add(&mut self, node: Node) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > self.dialect.max_nodes {
            return self.too_many_nodes(node.place);
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(NodeContent::List(items)) => items.push(node),
            Some(NodeContent::Map(map)) => map.add(node)?,
        }
        Ok(())
    }

    fn too_many_nodes(&self, at: Place) -> Result<(), Stop> {
        let help = format!(
            "a file has at most {} nodes, and aliases with their expansions at most {MAX_ALIAS_NODES} nodes; \
             write the entries out, or split the file",
            self.dialect.max_nodes
        );
        stop(at, "the file has too many nodes", help)
    }
}

/// The tag `!`: YAML 1.2.2, section 6.8.2.
fn is_non_specific(tag: &Tag) -> bool {
    tag.parts() == ("", "!")
}

/// The long form of a function: a map with it as its only key.
fn called(function: Option<String>, node: Node) -> Node {
    let Some(value) = function else { return node };
    let place = node.place;
    Node { value: Value::Map(vec![(Placed { value, place }, node)]), place }
}
