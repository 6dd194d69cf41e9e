//! From the YAML tree to the inventory's shape: every wrong type, unknown key, duplicate key and missing value, each
//! with its place. Knows nothing of what refers to what: that is `validate`'s.

use super::problem::{Place, Placed, Sink, nearest};
use super::raw::{Defaults, Document, Hop, Reader, Refresh, Role, Waiver};
use super::yaml::{Node, Value, report_duplicates};
use super::{LengthFrom, Seconds, Source, raw};
use crate::findings::FindingId;

/// Reads one file's tree.
pub(crate) fn document(node: Node, sink: &mut Sink) -> Document {
    let place = node.place;
    if matches!(node.value, Value::Null) {
        sink.add(place, "the inventory is empty", "start with `version: 1`, then `jobs:`");
        return Document::default();
    }
    let Some(mut fields) = Fields::of(node, "an inventory", sink) else { return Document::default() };
    let version = fields.required("version", sink).and_then(|node| version(&node, sink));
    let defaults = fields.optional("defaults").and_then(|node| defaults(node, sink));
    let readers = entries(fields.optional("readers"), "readers", sink, reader);
    let roles = fields.optional("roles");
    let roles_unread = roles.as_ref().is_some_and(|roles| !matches!(roles.value, Value::Map(_)));
    // A role that cannot be read stays known by its alias: jobs that use it are not at fault.
    let roles = entries(roles, "roles", sink, |node, sink| Some(role(node, sink).unwrap_or_default()));
    let jobs = items(fields.optional("jobs"), "jobs", sink, job);
    let waivers = items(fields.optional("waivers"), "waivers", sink, waiver);
    fields.finish(sink);
    Document { version, defaults, readers, roles, roles_unread, jobs, waivers }
}

fn version(node: &Node, sink: &mut Sink) -> Option<Place> {
    match &node.value {
        Value::Number(number) if number == "1" => Some(node.place),
        _ => {
            sink.add(node.place, "this version of the inventory is not known", "write `version: 1`");
            None
        }
    }
}

fn defaults(node: Node, sink: &mut Sink) -> Option<Defaults> {
    let mut fields = Fields::of(node, "defaults", sink)?;
    let margin = fields.optional("margin").and_then(|node| seconds(&node, "margin", sink));
    let owner = fields.optional("owner").and_then(|node| text(node, "owner", sink));
    fields.finish(sink);
    Some(Defaults { margin, owner })
}

fn reader(node: Node, sink: &mut Sink) -> Option<Reader> {
    if let Value::Text(_) = node.value {
        return Some(Reader { role: text(node, "reader", sink), external_id: None });
    }
    let mut fields = Fields::of(node, "a reader", sink)?;
    let role = fields.required("role", sink).and_then(|node| text(node, "role", sink));
    let external_id = fields.optional("external_id").and_then(|node| text(node, "external_id", sink));
    fields.finish(sink);
    Some(Reader { role, external_id })
}

fn role(node: Node, sink: &mut Sink) -> Option<Role> {
    let mut fields = Fields::of(node, "a role", sink)?;
    let arn = fields.required("arn", sink).and_then(|node| text(node, "arn", sink));
    let external_id = fields.optional("external_id").and_then(|node| text(node, "external_id", sink));
    let session_name = fields.optional("session_name").and_then(|node| text(node, "session_name", sink));
    let source_identity = fields.optional("source_identity").and_then(|node| text(node, "source_identity", sink));
    let assume = fields.optional("assume").and_then(|node| yes_or_no(&node, "assume", sink));
    let max = fields.optional("max_session_duration").and_then(|node| seconds(&node, "max_session_duration", sink));
    fields.finish(sink);
    Some(Role { arn, external_id, session_name, source_identity, assume, max_session_duration: max })
}

fn job(node: Node, sink: &mut Sink) -> Option<raw::Job> {
    let place = node.place;
    let mut fields = Fields::of(node, "a job", sink)?;
    let name = fields.required("name", sink).and_then(|node| text(node, "name", sink));
    let owner = fields.optional("owner").and_then(|node| text(node, "owner", sink));
    let length = fields.required("length", sink).and_then(|node| seconds(&node, "length", sink));
    let pause = fields.optional("pause").and_then(|node| seconds(&node, "pause", sink));
    let margin = fields.optional("margin").and_then(|node| seconds(&node, "margin", sink));
    let source = fields.required("source", sink).and_then(|node| source(node, sink));
    let path = fields.optional("path").and_then(|node| path(node, sink));
    let refresh = fields.optional("refresh").and_then(|node| refresh(node, sink));
    fields.finish(sink);
    let length_from = LengthFrom::Declared;
    Some(raw::Job { place, name, owner, length, length_from, pause, margin, source, path, refresh })
}

fn source(node: Node, sink: &mut Sink) -> Option<Placed<Source>> {
    let place = node.place;
    let kind = |text: &str, at: Place, sink: &mut Sink| {
        let found = Source::of_kind(text);
        if found.is_none() {
            let help = match nearest(text, Source::KINDS) {
                Some(near) => format!("did you mean `{near}`? Known: {}", Source::KINDS.join(", ")),
                None => format!("known: {}", Source::KINDS.join(", ")),
            };
            sink.add(at, format!("`{text}` is not a kind of source"), help);
        }
        found
    };
    if let Value::Text(name) = &node.value {
        return kind(name, place, sink).map(|value| Placed { value, place });
    }
    let mut fields = Fields::of(node, "a source", sink)?;
    let name = fields.required("kind", sink).and_then(|node| text(node, "kind", sink));
    let Some(mut value) = name.and_then(|name| kind(&name.value, name.place, sink)) else {
        return None; // The parameters cannot be judged without the kind.
    };
    match &mut value {
        Source::IamUser { mfa } => set(mfa, fields.optional("mfa").and_then(|n| yes_or_no(&n, "mfa", sink))),
        Source::WebIdentity { renewable } | Source::Saml { renewable } => {
            set(renewable, fields.optional("renewable").and_then(|n| yes_or_no(&n, "renewable", sink)));
        }
        Source::SessionToken { duration }
        | Source::FederationToken { duration }
        | Source::RolesAnywhere { duration } => {
            set(duration, fields.optional("duration").and_then(|n| seconds(&n, "duration", sink)));
        }
        Source::IdentityCenter { session, portal_session } => {
            let written = fields.optional("session").and_then(|n| seconds(&n, "session", sink));
            if let Some(written) = &written
                && !(Seconds::hours(1)..=Seconds::hours(12)).contains(&written.value)
            {
                let message = format!("a permission set's session of {} is outside 1h to 12h", written.value);
                sink.add(written.place, message, "write the permission set's SessionDuration, 1h to 12h");
            }
            set(session, written);
            set(portal_session, fields.optional("portal_session").and_then(|n| seconds(&n, "portal_session", sink)));
        }
        _ => {}
    }
    fields.finish(sink);
    Some(Placed { value, place })
}

fn set<T>(target: &mut T, written: Option<Placed<T>>) {
    if let Some(written) = written {
        *target = written.value;
    }
}

fn path(node: Node, sink: &mut Sink) -> Option<Placed<Vec<Hop>>> {
    let place = node.place;
    if !matches!(node.value, Value::List(_)) {
        items(Some(node), "path", sink, |_, _| Some(()));
        return Some(Placed { value: vec![Hop::default()], place });
    }
    // A hop that cannot be read is still a hop: the path is not empty, and its own problem is told.
    let hops = items(Some(node), "path", sink, |node, sink| Some(hop(node, sink).unwrap_or_default()));
    Some(Placed { value: hops, place })
}

fn hop(node: Node, sink: &mut Sink) -> Option<Hop> {
    if let Value::Text(_) = node.value {
        return Some(Hop { role: text(node, "hop", sink), duration: None });
    }
    let mut fields = Fields::of(node, "a hop", sink)?;
    let role = fields.required("role", sink).and_then(|node| text(node, "role", sink));
    let duration = fields.optional("duration").and_then(|node| seconds(&node, "duration", sink));
    fields.finish(sink);
    Some(Hop { role, duration })
}

fn refresh(node: Node, sink: &mut Sink) -> Option<Refresh> {
    let help = "write `none`, `auto` or `{every: 30m}`";
    match &node.value {
        Value::Text(word) if word == "none" => Some(Refresh::None),
        Value::Text(word) if word == "auto" => Some(Refresh::Auto),
        Value::Map(_) => {
            let mut fields = Fields::of(node, "refresh", sink)?;
            let every = fields.required("every", sink).and_then(|node| seconds(&node, "every", sink));
            fields.finish(sink);
            every.map(|every| Refresh::Every(every.value))
        }
        Value::Text(word) => {
            sink.add(node.place, format!("`{word}` is not a way to refresh"), help);
            None
        }
        other => {
            sink.add(node.place, format!("`refresh` is {}", other.kind()), help);
            None
        }
    }
}

fn waiver(node: Node, sink: &mut Sink) -> Option<Waiver> {
    let place = node.place;
    let mut fields = Fields::of(node, "a waiver", sink)?;
    let finding = fields.required("finding", sink).and_then(|node| finding(node, sink));
    let (job, role) = (fields.optional("job"), fields.optional("role"));
    let named = job.is_some() || role.is_some();
    let job = job.and_then(|node| text(node, "job", sink));
    let role = role.and_then(|node| text(node, "role", sink));
    let until = fields.required("until", sink).and_then(|node| date(node, sink));
    let reason = fields.required("reason", sink).and_then(|node| text(node, "reason", sink));
    let approver = fields.optional("approver").and_then(|node| text(node, "approver", sink));
    fields.finish(sink);
    Some(Waiver { place, named, finding, job, role, until, reason, approver })
}

fn finding(node: Node, sink: &mut Sink) -> Option<Placed<FindingId>> {
    let written = text(node, "finding", sink)?;
    let found = FindingId::parse(&written.value);
    if found.is_none() {
        let near = nearest(&written.value, FindingId::ALL.iter().map(|id| id.as_str()));
        let help = near
            .map_or_else(|| "the ids are listed in docs/findings".to_owned(), |near| format!("did you mean `{near}`?"));
        sink.add(written.place, format!("`{}` is not the id of a finding", written.value), help);
    }
    found.map(|value| Placed { value, place: written.place })
}

fn date(node: Node, sink: &mut Sink) -> Option<Placed<jiff::civil::Date>> {
    let written = text(node, "until", sink)?;
    match written.value.parse::<jiff::civil::Date>() {
        Ok(value) if written.value.len() == "2027-01-31".len() => Some(Placed { value, place: written.place }),
        _ => {
            sink.add(written.place, format!("`{}` is not a date", written.value), "write YYYY-MM-DD: 2027-01-31");
            None
        }
    }
}

fn text(node: Node, key: &str, sink: &mut Sink) -> Option<Placed<String>> {
    let place = node.place;
    match node.value {
        Value::Text(value) if value.chars().any(char::is_control) => {
            sink.add(place, format!("`{key}` holds a control character"), "write plain text on one line");
            None
        }
        Value::Text(value) if value.trim().is_empty() => {
            sink.add(place, format!("`{key}` is empty"), format!("write a value for `{key}` or leave the key out"));
            None
        }
        Value::Text(value) => Some(Placed { value, place }),
        other => {
            let help = match &other {
                Value::Number(_) | Value::Bool(_) => "put it in quotes".to_owned(),
                _ => format!("write text for `{key}`"),
            };
            sink.add(place, format!("`{key}` is {}, not text", other.kind()), help);
            None
        }
    }
}

fn yes_or_no(node: &Node, key: &str, sink: &mut Sink) -> Option<Placed<bool>> {
    if let Value::Bool(value) = node.value {
        return Some(Placed { value, place: node.place });
    }
    sink.add(node.place, format!("`{key}` is {}, not true or false", node.value.kind()), "write `true` or `false`");
    None
}

fn seconds(node: &Node, key: &str, sink: &mut Sink) -> Option<Placed<Seconds>> {
    let forms = "write a duration such as `1h30m`, `43200s` or `PT4H`";
    match &node.value {
        Value::Text(written) => match Seconds::parse(written) {
            Ok(value) => return Some(Placed { value, place: node.place }),
            Err(wrong) if wrong == "is a bare number" => {
                sink.add(
                    node.place,
                    format!("`{key}`: `{written}` {wrong}"),
                    format!("write its unit: `{written}s`, or a duration such as `1h30m`"),
                );
            }
            Err(wrong) => sink.add(node.place, format!("`{key}`: `{written}` {wrong}"), forms),
        },
        Value::Number(number) if number.starts_with('-') => {
            sink.add(node.place, format!("`{key}`: `{number}` is negative"), forms);
        }
        Value::Number(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
            let help = format!("write its unit: `{number}s` for seconds, or a duration such as `1h30m`");
            sink.add(node.place, format!("`{key}`: `{number}` is a bare number"), help);
        }
        Value::Number(number) => sink.add(node.place, format!("`{key}`: `{number}` is a bare number"), forms),
        other => sink.add(node.place, format!("`{key}` is {}, not a duration", other.kind()), forms),
    }
    None
}

fn entries<T>(
    node: Option<Node>,
    what: &str,
    sink: &mut Sink,
    read: impl Fn(Node, &mut Sink) -> Option<T>,
) -> Vec<(Placed<String>, T)> {
    let Some(node) = node else { return Vec::new() };
    let Value::Map(entries) = node.value else {
        sink.add(
            node.place,
            format!("`{what}` is {}, not a map", node.value.kind()),
            format!("write `{what}:` and one entry a line below it"),
        );
        return Vec::new();
    };
    report_duplicates(&entries, sink);
    entries.into_iter().filter_map(|(key, value)| read(value, sink).map(|value| (key, value))).collect()
}

fn items<T>(node: Option<Node>, what: &str, sink: &mut Sink, read: impl Fn(Node, &mut Sink) -> Option<T>) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    let Value::List(items) = node.value else {
        sink.add(
            node.place,
            format!("`{what}` is {}, not a list", node.value.kind()),
            format!("write `{what}:` and one item a line below it, each after `- `"),
        );
        return Vec::new();
    };
    items.into_iter().filter_map(|item| read(item, sink)).collect()
}

/// The entries of a map, taken key by key; what nobody took is an unknown key.
struct Fields {
    what: &'static str,
    place: Place,
    entries: Vec<(Placed<String>, Node)>,
    known: Vec<&'static str>,
}

impl Fields {
    fn of(node: Node, what: &'static str, sink: &mut Sink) -> Option<Self> {
        match node.value {
            Value::Map(entries) => {
                report_duplicates(&entries, sink);
                Some(Self { what, place: node.place, entries, known: Vec::new() })
            }
            other => {
                sink.add(
                    node.place,
                    format!("{} is written here, where {what} should be", other.kind()),
                    format!("write {what} as a map of `key: value`"),
                );
                None
            }
        }
    }

    /// Takes every entry of the key and returns the last; nothing is the same as absent.
    fn optional(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let mut found = None;
        while let Some(at) = self.entries.iter().position(|(name, _)| name.value == key) {
            found = Some(self.entries.remove(at).1);
        }
        found.filter(|node| !matches!(node.value, Value::Null))
    }

    fn required(&mut self, key: &'static str, sink: &mut Sink) -> Option<Node> {
        let found = self.optional(key);
        if found.is_none() {
            sink.add(self.place, format!("{} has no `{key}`", self.what), format!("add `{key}:`"));
        }
        found
    }

    fn finish(self, sink: &mut Sink) {
        for (key, _) in &self.entries {
            let known = self.known.join(", ");
            let help = match nearest(&key.value, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? Known here: {known}"),
                None => format!("known here: {known}"),
            };
            sink.add(key.place, format!("`{}` is not a key of {}", key.value, self.what), help);
        }
    }
}
