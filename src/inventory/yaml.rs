//! The YAML tree with its places: owns the types of scalars (YAML 1.2's core schema), aliases, merges, and the limits
//! of a file, not the meaning of an inventory, a workflow or a template.

mod tree_builder;

use std::collections::HashMap;
#[cfg(feature = "cli")]
use std::ops::Range;

use granit_parser::{ErrorKind, Marker, Parser, ScanError, Tag};
#[cfg(feature = "cli")]
use granit_parser::{Event, ScalarStyle, Span};

use super::diagnostic::{Place, Placed, Sink};
#[cfg(feature = "cli")]
use super::syntax;
use tree_builder::TreeBuilder;

/// The largest inventory that is read, in bytes: more than 100,000 jobs.
pub(crate) const MAX_BYTES: u64 = 40 * 1024 * 1024;
/// The limits and tags of one kind of file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// How deep it may nest.
    pub(crate) max_depth: usize,
    /// How many nodes it may have, aliases expanded.
    pub(crate) max_nodes: usize,
    /// The function that a tag is the short form of: CloudFormation's `!Ref a` is `Ref: a`. `None`: the tag means
    /// nothing.
    pub(crate) long_form: fn(&Tag) -> Option<String>,
    /// The key `<<` merges the entries of its value in; otherwise it is a key like any other.
    pub(crate) merges: bool,
}

impl Dialect {
    /// An inventory needs six levels, and ten nodes for each of the smallest jobs that fit.
    pub(crate) const INVENTORY: Self = Self { max_depth: 16, max_nodes: 8_000_000, long_form: |_| None, merges: true };
    /// A workflow's matrix may nest deeper. GitHub has no merge keys (actions/runner#1182).
    #[cfg(feature = "cli")]
    pub(crate) const WORKFLOW: Self = Self { max_depth: 64, merges: false, ..Self::INVENTORY };
}

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// The content of a node. Maps have their entries as they are written, repeated keys included.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Placed<String>, Node)>),
}

impl Value {
    /// Its type, for a sentence about the expected type.
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

    /// The value of a scalar that is neither quoted nor a block.
    fn plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ if is_number(text) => Value::Number(text.to_owned()),
            _ => Value::Text(text.to_owned()),
        }
    }

    /// The value of a scalar under a tag of the core schema, whatever its quotes; `None`: the tag does not fit the
    /// text.
    fn tagged(kind: &str, text: &str) -> Option<Self> {
        match (kind, Self::plain(text)) {
            ("str", _) => Some(Value::Text(text.to_owned())),
            ("null", value @ Value::Null)
            | ("bool", value @ Value::Bool(_))
            | ("int" | "float", value @ Value::Number(_)) => Some(value),
            _ => None,
        }
    }
}

impl Node {
    /// The value under a key of a map.
    #[cfg(feature = "cli")]
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(known, _)| known.value == key).map(|(_, value)| value)
    }

    /// The entries of a map; none where it is something else.
    #[cfg(feature = "cli")]
    pub(crate) fn entries(&self) -> &[(Placed<String>, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar.
    #[cfg(feature = "cli")]
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The number of nodes from here down.
    fn size(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, value)| 1 + value.size()).sum::<usize>(),
            _ => 1,
        }
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.as_bytes() {
        [b'0', b'o', digits @ ..] => !digits.is_empty() && digits.iter().all(|digit| (b'0'..=b'7').contains(digit)),
        [b'0', b'x', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit),
        [b'0'..=b'9' | b'.', ..] => {
            matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") || unsigned.parse::<f64>().is_ok()
        }
        _ => false,
    }
}

/// Reads a file into a tree; where it cannot be parsed to its end, `sink` gets the reason. A file without content is
/// `Value::Null`.
#[cfg(feature = "cli")]
pub(crate) fn parse(dialect: Dialect, file: usize, text: &str, sink: &mut Sink) -> Option<Node> {
    match parse_or_stop(dialect, file, text) {
        Ok(tree) => Some(tree),
        Err(stop) => {
            let explained = syntax::explain(text, stop);
            sink.add(explained.place, explained.message, explained.help);
            None
        }
    }
}

/// Reads a file into a tree, or up to the first place where it cannot be parsed.
pub(super) fn parse_or_stop(dialect: Dialect, file: usize, text: &str) -> Result<Node, Stop> {
    let mut builder = TreeBuilder::new(file, dialect);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| broken(file, &error))?;
        builder.take(event, span)?;
    }
    Ok(builder.into_root().unwrap_or_else(|| Node { value: Value::Null, place: Place::start_of(file) }))
}

/// The texts of a file that are written as blocks, in bytes: a `#` in them begins no comment.
#[cfg(feature = "cli")]
pub(super) fn blocks(text: &str) -> Vec<Range<usize>> {
    let block = |(event, span): (Event<'_>, Span)| match event {
        Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
            Some(span.start.byte_offset()?..span.end.byte_offset()?)
        }
        _ => None,
    };
    Parser::new_from_str(text).map_while(Result::ok).filter_map(block).collect()
}

/// Reports keys that one map has twice.
pub(crate) fn report_duplicates(entries: &[(Placed<String>, Node)], sink: &mut Sink) {
    let mut seen = HashMap::with_capacity(entries.len());
    for (key, _) in entries {
        if let Some(first) = seen.insert(&*key.value, key.place) {
            let help = format!("keep one; the first is on line {}", first.line);
            sink.add(key.place, format!("`{}` is here twice", key.value), help);
        }
    }
}

/// Reports the repeated keys of every map of a tree.
#[cfg(feature = "cli")]
pub(crate) fn report_all_duplicates(node: &Node, sink: &mut Sink) {
    match &node.value {
        Value::Map(entries) => {
            report_duplicates(entries, sink);
            entries.iter().for_each(|(_, value)| report_all_duplicates(value, sink));
        }
        Value::List(items) => items.iter().for_each(|item| report_all_duplicates(item, sink)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// Why a file cannot be read further.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) cause: StopCause,
}

/// What stopped the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopCause {
    /// The text is not YAML.
    Syntax,
    /// A quoted text that is not closed, or is followed by other text.
    Quote,
    /// A limit, or YAML that is not accepted here.
    Refused,
}

fn stop<T>(place: Place, message: impl Into<String>, help: impl Into<String>) -> Result<T, Stop> {
    Err(Stop { place, message: message.into(), help: help.into(), cause: StopCause::Refused })
}

fn broken(file: usize, error: &ScanError) -> Stop {
    let (message, help) = match error.kind() {
        ErrorKind::UnknownAnchor => {
            ("this alias has no anchor above it".to_owned(), "write the entry out, or its `&anchor` first")
        }
        _ => (error.info(), "write YAML (or JSON) that a YAML 1.2 parser reads"),
    };
    let cause = match error.kind() {
        ErrorKind::UnknownAnchor | ErrorKind::RecursionLimitExceeded => StopCause::Refused,
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => StopCause::Quote,
        _ => StopCause::Syntax,
    };
    Stop { place: place(file, error.marker(), 1), message, help: help.to_owned(), cause }
}

fn place(file: usize, at: &Marker, length: usize) -> Place {
    Place { file, line: at.line().max(1), column: at.col() + 1, length, offset: at.byte_offset().unwrap_or(usize::MAX) }
}
