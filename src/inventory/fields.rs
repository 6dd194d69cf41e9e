//! The entries of maps and lists, taken one by one: keys that are unknown, missing or repeated are reported here.

use super::diagnostic::{Place, Placed, Sink, nearest};
use super::yaml::{Node, Value, report_duplicates};

/// The entries of a map, taken key by key; an entry that is never taken has an unknown key.
pub(super) struct Fields {
    /// The name of the map, with its article.
    what: &'static str,
    place: Place,
    entries: Vec<(Placed<String>, Node)>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl Fields {
    pub(super) fn of(node: Node, what: &'static str, sink: &mut Sink) -> Option<Self> {
        match node.value {
            Value::Map(mut entries) => {
                if let Some(second) = start_of_a_second_item(&entries) {
                    report_missing_hyphen(&entries[second].0, what, sink);
                    entries.truncate(second);
                }
                report_duplicates(&entries, sink);
                Some(Self { what, place: node.place, entries, known: Vec::new(), missing: Vec::new() })
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_)) => {
                let message = format!("{} is written here, where {what} should be", other.kind());
                sink.add(node.place, message, format!("write {what} as a map of `key: value`"));
                None
            }
        }
    }

    /// Takes every entry of the key and returns the last. A key without a value counts as absent.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let mut found = None;
        while let Some(at) = self.entries.iter().position(|(name, _)| name.value == key) {
            found = Some(self.entries.remove(at).1);
        }
        found.filter(|node| !matches!(node.value, Value::Null))
    }

    /// As `optional`; where the key is absent, `finish` reports it.
    pub(super) fn required(&mut self, key: &'static str) -> Option<Node> {
        let found = self.optional(key);
        if found.is_none() {
            self.missing.push(key);
        }
        found
    }

    /// Makes a key required that `optional` did not find.
    pub(super) fn require(&mut self, key: &'static str) {
        let order = |key: &&str| self.known.iter().position(|known| known == key);
        let at = self.missing.partition_point(|missing| order(missing) < order(&key));
        self.missing.insert(at, key);
    }

    /// Reports unknown keys and missing ones. A required key that is misspelt is one error, not two.
    pub(super) fn finish(mut self, sink: &mut Sink) {
        for (key, _) in &self.entries {
            let known = self.known.join(", ");
            let near = nearest(&key.value, self.known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`? Known here: {known}"),
                None => format!("known here: {known}"),
            };
            self.missing.retain(|missing| Some(*missing) != near);
            sink.add(key.place, format!("`{}` is not a key of {}", key.value, self.what), help);
        }
        self.abandon(sink);
    }

    /// Reports missing keys alone.
    pub(super) fn abandon(self, sink: &mut Sink) {
        for key in self.missing {
            sink.add(self.place, format!("{} has no `{key}`", self.what), format!("add `{key}:`"));
        }
    }
}

/// Where a list item's keys start again, from its first key on and with others after it: the `- ` of the next item is
/// missing.
fn start_of_a_second_item(entries: &[(Placed<String>, Node)]) -> Option<usize> {
    let (first, _) = entries.first()?;
    let second = entries.iter().skip(1).position(|(key, _)| key.value == first.value)? + 1;
    let mut before = entries[..second].iter();
    let repeated = |key: &Placed<String>| entries[second + 1..].iter().any(|(later, _)| later.value == key.value);
    let on_a_line_of_its_own = entries[second].0.place.line > entries[second - 1].0.place.line;
    (on_a_line_of_its_own && before.any(|(key, _)| key.value != first.value && repeated(key))).then_some(second)
}

fn report_missing_hyphen(key: &Placed<String>, what: &str, sink: &mut Sink) {
    let message = format!("the keys of {what} start again at `{}`: the `- ` of a new item is missing", key.value);
    sink.add(key.place, message, format!("write `- {}: …`, as at the first item of the list", key.value));
}

/// The entries of a map whose keys are names, as many as a file may have of them.
pub(super) fn entries<T>(
    most: usize,
    node: Option<Node>,
    what: &str,
    sink: &mut Sink,
    read: impl Fn(Node, &mut Sink) -> Option<T>,
) -> Vec<(Placed<String>, T)> {
    let Some(node) = node else { return Vec::new() };
    let Value::Map(mut entries) = node.value else {
        let message = format!("`{what}` is {}, not a map", node.value.kind());
        sink.add(node.place, message, format!("write `{what}:` and one entry a line below it"));
        return Vec::new();
    };
    if let Some((first, _)) = entries.get(most) {
        let message = format!("the file has {} {what}", entries.len());
        sink.add(first.place, message, format!("at most {most} {what} in a file"));
        entries.truncate(most);
    }
    report_duplicates(&entries, sink);
    entries.into_iter().filter_map(|(key, value)| read(value, sink).map(|value| (key, value))).collect()
}

/// The items of a list, as many as a file may have of them. Parsed items take far more memory than their text.
pub(super) fn at_most<T>(
    most: usize,
    mut node: Option<Node>,
    what: &str,
    sink: &mut Sink,
    read: impl Fn(Node, &mut Sink) -> Option<T>,
) -> Vec<T> {
    if let Some(Node { value: Value::List(items), .. }) = &mut node
        && let Some(first) = items.get(most)
    {
        let message = format!("the file has {} {what}", items.len());
        sink.add(first.place, message, format!("at most {most} {what} in a file"));
        items.truncate(most);
    }
    items(node, what, sink, read)
}

/// The items of a list.
pub(super) fn items<T>(
    node: Option<Node>,
    what: &str,
    sink: &mut Sink,
    read: impl Fn(Node, &mut Sink) -> Option<T>,
) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    let kind = node.value.kind();
    match node.value {
        Value::List(items) => items.into_iter().filter_map(|item| read(item, sink)).collect(),
        Value::Map(entries) if entries.first().is_some_and(|(key, _)| key.value.starts_with('-')) => {
            let (key, _) = &entries[0];
            let message = format!("a blank is missing behind the hyphen of `{}`", key.value);
            sink.add(key.place, message, format!("write `- {}: …`", key.value.trim_start_matches('-')));
            Vec::new()
        }
        Value::Map(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            let message = format!("`{what}` is {kind}, not a list");
            sink.add(node.place, message, format!("write `{what}:` and one item a line below it, each after `- `"));
            Vec::new()
        }
    }
}
