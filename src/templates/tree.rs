//! YAML and JSON with places and CloudFormation's tags: owns limits, and turns the short form of a function (`!Ref a`)
//! into the long one (`Ref: a`), so that there is one form afterwards. Knows nothing of what a template means.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::inventory::{Place, Placed, Sink};

/// The largest template that is read, in bytes; CloudFormation itself takes 1 MB.
pub(crate) const MAX_BYTES: u64 = 5 * 1024 * 1024;
/// How deep a template may nest; a policy inside a resource needs about a dozen levels.
const MAX_DEPTH: usize = 64;
/// How many nodes a template may have, aliases expanded.
const MAX_NODES: usize = 500_000;

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What a node holds. Scalars are kept as they are written: CloudFormation turns them into what it needs.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Placed<String>, Node)>),
}

impl Node {
    /// The value under a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(known, _)| known.value == key).map(|(_, value)| value)
    }

    /// The entries of a map; none where it is something else.
    pub(crate) fn entries(&self) -> &[(Placed<String>, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn size(&self) -> usize {
        match &self.value {
            Value::Null | Value::Text(_) => 1,
            Value::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, value)| 1 + value.size()).sum::<usize>(),
        }
    }
}

/// Reads one file into a tree; what stops it is reported to `sink`.
pub(crate) fn parse(file: usize, text: &str, sink: &mut Sink) -> Option<Node> {
    let mut builder = Builder { file, root: None, open: Vec::new(), anchors: HashMap::new(), nodes: 0, sink };
    let start = Place { file, line: 1, column: 1, ..Place::default() };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Err(broken(file, &error)),
        };
        if let Err((place, message, help)) = step {
            builder.sink.add(place, message, help);
            return None;
        }
    }
    let root = builder.root.take();
    if root.is_none() {
        sink.add(start, "the file is empty", "name a CloudFormation template in YAML or JSON");
    }
    root
}

type Stop = (Place, String, &'static str);

fn broken(file: usize, error: &ScanError) -> Stop {
    (place(file, error.marker(), 1), error.info(), "write YAML or JSON that a YAML parser reads")
}

fn place(file: usize, at: &Marker, length: usize) -> Place {
    Place { file, line: at.line().max(1), column: at.col() + 1, length, offset: at.byte_offset().unwrap_or(usize::MAX) }
}

/// A list or a map that is not complete yet.
struct Open {
    anchor: usize,
    function: Option<String>,
    place: Place,
    items: Vec<Node>,
    is_map: bool,
    /// In a map: the key whose value comes next.
    entries: Vec<(Placed<String>, Node)>,
    key: Option<Placed<String>>,
    keys: HashSet<String>,
}

struct Builder<'a> {
    file: usize,
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    sink: &'a mut Sink,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let at = place(self.file, &span.start, span.len());
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                return Err((at, "the file has more than one document".to_owned(), "write one template a file"));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
                    text => Value::Text(text.to_owned()),
                };
                let node = called(function(tag.as_deref()), Node { value, place: at });
                self.anchor(anchor, &node);
                self.add(node, at)?;
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(anchor, tag.as_deref(), at, false)?,
            Event::MappingStart(_, anchor, tag) => self.begin(anchor, tag.as_deref(), at, true)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let value = if open.is_map { Value::Map(merged(open.entries)) } else { Value::List(open.items) };
                    let node = called(open.function, Node { value, place: open.place });
                    self.anchor(open.anchor, &node);
                    self.add(node, at)?;
                }
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err((at, "an alias stands inside what it names".to_owned(), "write the entry out"));
                };
                self.nodes += node.size();
                self.add(node, at)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, anchor: usize, tag: Option<&Tag>, place: Place, is_map: bool) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("the file nests more than {MAX_DEPTH} levels deep");
            return Err((place, message, "check that it is a CloudFormation template"));
        }
        let function = function(tag);
        let (items, entries, keys) = (Vec::new(), Vec::new(), HashSet::new());
        self.open.push(Open { anchor, function, place, items, is_map, entries, key: None, keys });
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn add(&mut self, node: Node, at: Place) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} nodes, aliases expanded");
            return Err((at, message, "check that it is a CloudFormation template"));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        if !open.is_map {
            open.items.push(node);
        } else if let Some(key) = open.key.take() {
            if key.value != "<<" && !open.keys.insert(key.value.clone()) {
                self.sink.add(key.place, format!("the key `{}` stands here twice", key.value), "keep one of them");
            }
            open.entries.push((key, node));
        } else {
            let Value::Text(value) = node.value else {
                return Err((node.place, "a key is not text".to_owned(), "write a key before each `:`"));
            };
            open.key = Some(Placed { value, place: node.place });
        }
        Ok(())
    }
}

/// The function that a tag of CloudFormation's stands for: `!Ref` and `!Condition` as they are, else with `Fn::`.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| !tag.is_yaml_core_schema())?;
    let name = tag.suffix();
    Some(if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") })
}

/// The long form of a function: a map with it as its only key.
fn called(function: Option<String>, node: Node) -> Node {
    let Some(value) = function else { return node };
    let place = node.place;
    Node { value: Value::Map(vec![(Placed { value, place }, node)]), place }
}

/// A map with the entries that `<<` brings, where it has none of its own.
fn merged(mut entries: Vec<(Placed<String>, Node)>) -> Vec<(Placed<String>, Node)> {
    let is_merge = |(key, node): &(Placed<String>, Node)| key.value == "<<" && matches!(node.value, Value::Map(_));
    if !entries.iter().any(is_merge) {
        return entries;
    }
    let mut keys: HashSet<String> = entries.iter().map(|(key, _)| key.value.clone()).collect();
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.drain(..).partition(is_merge);
    for (_, node) in merges {
        let Value::Map(brought) = node.value else { continue };
        own.extend(brought.into_iter().filter(|(key, _)| keys.insert(key.value.clone())));
    }
    own
}
