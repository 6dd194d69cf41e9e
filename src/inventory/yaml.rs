//! The YAML tree with its places: owns the parser's settings and limits.
//! Knows nothing of what an inventory means.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::problem::{Place, Placed, Sink};

/// The largest inventory that is read, in bytes: more than 100,000 jobs.
pub(crate) const MAX_BYTES: u64 = 40 * 1024 * 1024;
/// How many nodes a file may have, aliases expanded: ten for each of the smallest jobs that fit.
const MAX_NODES: usize = 8_000_000;
/// How deep an inventory may nest: it needs six levels.
const MAX_DEPTH: usize = 16;
/// How deep a file of another kind may nest: a workflow's matrix may hold what it likes.
#[cfg(feature = "cli")]
pub(crate) const MAX_DEPTH_OF_OTHERS: usize = 64;
/// How many nodes aliases and what they expand to may be together, so that a small file cannot become a large one.
const MAX_ALIAS_NODES: usize = 100_000;

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Placed<String>, Node)>),
}

impl Value {
    /// What it is, for a sentence that says what was expected instead.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a yes-or-no value",
            Value::Number(_) => "a bare number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads one file of an inventory into a tree; what stops the parser is reported to `sink`.
pub(crate) fn parse(file: usize, text: &str, sink: &mut Sink) -> Option<Node> {
    parse_within(MAX_DEPTH, file, text, sink)
}

/// Reads any YAML file that nests at most so deep.
pub(crate) fn parse_within(max_depth: usize, file: usize, text: &str, sink: &mut Sink) -> Option<Node> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 4 * MAX_NODES,
            max_nodes: MAX_NODES,
            max_documents: 1,
            max_depth: max_depth,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_ALIAS_NODES },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Tree>(text, options) {
        Ok(tree) => Some(tree.placed(file, text)),
        Err(error) => {
            let at = error.location();
            let place = at.map_or(Place { file, line: 1, column: 1, ..Place::default() }, |at| place(file, at));
            let (message, help) = in_words(&error.without_snippet().to_string(), max_depth);
            sink.add(place, message, help);
            None
        }
    }
}

/// The parser's message without the place that it repeats, and what would be right.
fn in_words(message: &str, max_depth: usize) -> (String, String) {
    let message = message.split(" at line ").next().unwrap_or(message).trim_end_matches(':').trim();
    let limit = |what: &str, help: &str| (format!("the file has {what}"), help.to_owned());
    if message.contains("Documents") {
        return limit(
            "more than one document",
            "write one document a file, without `---` between; a folder may hold several files",
        );
    }
    if message.contains("Depth") || message.contains("nesting") || message.contains("recursion") {
        return limit("too many levels", &format!("it may nest at most {max_depth} levels deep"));
    }
    if message.contains("budget") || message.contains("limit") {
        return limit(
            "too many nodes",
            &format!(
                "aliases and what they expand to are at most {MAX_ALIAS_NODES} nodes; write the entries out, or split the file"
            ),
        );
    }
    if message.contains("null into string") {
        return limit("an empty key", "write a key before each `:`");
    }
    (message.to_owned(), "write YAML (or JSON) that a YAML 1.2 parser reads".to_owned())
}

fn place(file: usize, at: serde_saphyr::Location) -> Place {
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Place {
        file,
        line: count(at.line()),
        column: count(at.column()),
        length: count(at.span().len()),
        offset: count(at.span().byte_offset().unwrap_or(u64::MAX)),
    }
}

/// A number as it is written: the parser gives its value.
fn as_written(text: &str, at: serde_saphyr::Location) -> Option<String> {
    let start = usize::try_from(at.span().byte_offset()?).ok()?;
    let length = usize::try_from(at.span().byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?).map(|written| written.trim().to_owned())
}

/// The tree as the parser gives it, before the file's number is known.
struct Tree(Spanned<Raw>);

enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(Spanned<String>, Tree)>),
}

impl Tree {
    fn placed(self, file: usize, text: &str) -> Node {
        let value = match self.0.value {
            Raw::Null => Value::Null,
            Raw::Bool(value) => Value::Bool(value),
            Raw::Number(value) => Value::Number(as_written(text, self.0.defined).unwrap_or(value)),
            Raw::Text(value) => Value::Text(value),
            Raw::List(items) => Value::List(items.into_iter().map(|item| item.placed(file, text)).collect()),
            Raw::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        (Placed { value: key.value, place: place(file, key.defined) }, value.placed(file, text))
                    })
                    .collect(),
            ),
        };
        Node { value, place: place(file, self.0.defined) }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Tree)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
