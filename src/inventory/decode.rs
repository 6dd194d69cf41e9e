//! From the YAML tree to the inventory's shape: every wrong type, unknown key, duplicate key and missing value, each
//! with its place. References between entries are resolved in `validate`.

use super::diagnostic::{Place, Placed, Sink, nearest};
use super::fields::{Fields, at_most, entries, items};
use super::limits::{
    LONGEST_GLOB, MOST_BINDINGS, MOST_GLOBS, MOST_HOPS, MOST_JOBS, MOST_ROLES, MOST_WAIVERS_OF_A_FILE, check_hops,
    check_length,
};
use super::raw::{Binding, Defaults, Discover, Document, Hop, IdentityCenter, Reader, Refresh, Role, Waiver};
use super::seconds::NotADuration;
use super::syntax::NOT_RENDERED;
use super::yaml::{Node, Value};
use super::{
    FunctionArn, GivenParameters, LengthFrom, LiveSetting, NotASetting, PermissionSet, Seconds, Source, SourceKind,
    Takes, UnstatedLimits, raw,
};
use crate::findings::FindingId;
use crate::lease::rules;
use crate::measured::{HistoryKind, MeasuredBy};

/// Reads one file's tree.
pub(crate) fn document(node: Node, sink: &mut Sink) -> Document {
    let place = node.place;
    if matches!(node.value, Value::Null) {
        sink.add(place, "the inventory is empty", "start with `version: 1`, then `jobs:`");
        return Document::default();
    }
    let Some(mut fields) = Fields::of(node, "an inventory", sink) else { return Document::default() };
    let version = fields.required("version").and_then(|node| version(&node, sink));
    let defaults = fields.optional("defaults").and_then(|node| defaults(node, sink));
    let readers = entries(MOST_ROLES, fields.optional("readers"), "readers", sink, reader);
    let roles = fields.optional("roles");
    let roles_unread = roles.as_ref().is_some_and(|roles| match &roles.value {
        Value::Map(roles) => roles.len() > MOST_ROLES,
        _ => true,
    });
    // A role that cannot be read stays known by its alias: jobs that use it are not at fault.
    let roles = entries(MOST_ROLES, roles, "roles", sink, |node, sink| Some(role(node, sink).unwrap_or_default()));
    let jobs = at_most(MOST_JOBS, fields.optional("jobs"), "jobs", sink, job);
    let waivers = at_most(MOST_WAIVERS_OF_A_FILE, fields.optional("waivers"), "waivers", sink, waiver);
    let accounts =
        entries(MOST_ROLES, fields.optional("accounts"), "accounts", sink, |node, sink| text(node, "an account", sink));
    let longest_waiver = fields.optional("longest_waiver").and_then(|node| seconds(&node, "longest_waiver", sink));
    let sources = at_most(MOST_BINDINGS, fields.optional("sources"), "sources", sink, binding);
    let identity_center = fields.optional("identity_center").and_then(|node| identity_center(node, sink));
    let discover = at_most(MOST_BINDINGS, fields.optional("discover"), "discover", sink, discover);
    fields.finish(sink);
    Document {
        version,
        defaults,
        readers,
        roles,
        roles_unread,
        jobs,
        waivers,
        accounts,
        longest_waiver,
        sources,
        identity_center,
        discover,
    }
}

fn discover(node: Node, sink: &mut Sink) -> Option<Discover> {
    let mut fields = Fields::of(node, "an entry of `discover`", sink)?;
    let account = fields.required("account").and_then(|node| text(node, "account", sink));
    let path_prefix = fields.optional("path_prefix").and_then(|node| text(node, "path_prefix", sink));
    fields.finish(sink);
    Some(Discover { account, path_prefix })
}

fn identity_center(node: Node, sink: &mut Sink) -> Option<IdentityCenter> {
    let place = node.place;
    let mut fields = Fields::of(node, "identity_center", sink)?;
    let account = fields.optional("account").and_then(|node| text(node, "account", sink));
    let region = fields.optional("region").and_then(|node| text(node, "region", sink));
    fields.finish(sink);
    Some(IdentityCenter { place, account, region })
}

fn binding(node: Node, sink: &mut Sink) -> Option<Binding> {
    let mut fields = Fields::of(node, "a source of jobs", sink)?;
    let from = fields.required("from").and_then(|node| text(node, "from", sink));
    let owner = fields.optional("owner").and_then(|node| text(node, "owner", sink));
    let mut globs = |key: &'static str, what: &'static str, sink: &mut Sink| {
        let node = fields.optional(key)?;
        Some(at_most(MOST_GLOBS, Some(node), key, sink, |node, sink| text(node, what, sink)))
    };
    let roles = globs("roles", "a role's glob", sink);
    let functions = globs("functions", "a function's glob", sink);
    let permission_sets = globs("permission_sets", "a permission set's glob", sink);
    fields.finish(sink);
    Some(Binding { from, owner, roles, functions, permission_sets })
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
    let role = fields.required("role").and_then(|node| text(node, "role", sink));
    let external_id = fields.optional("external_id").and_then(|node| text(node, "external_id", sink));
    fields.finish(sink);
    Some(Reader { role, external_id })
}

fn role(node: Node, sink: &mut Sink) -> Option<Role> {
    let mut fields = Fields::of(node, "a role", sink)?;
    let arn = fields.required("arn").and_then(|node| text(node, "arn", sink));
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
    let name = fields.required("name").and_then(|node| text(node, "name", sink));
    let owner = fields.optional("owner").and_then(|node| text(node, "owner", sink));
    let length = fields.optional("length");
    let states_length = length.is_some();
    let length = length.and_then(|node| seconds(&node, "length", sink));
    let pause = fields.optional("pause").and_then(|node| seconds(&node, "pause", sink));
    let age = fields.optional("age").and_then(|node| seconds(&node, "age", sink));
    let margin = fields.optional("margin").and_then(|node| seconds(&node, "margin", sink));
    let session_name = fields.optional("session_name").and_then(|node| text(node, "session_name", sink));
    let measured_by = fields.optional("measured_by").and_then(|node| measured_by(node, sink));
    let written = fields.required("source").and_then(|node| source(node, sink));
    let unstated = written.as_ref().map(|written| written.unstated).unwrap_or_default();
    let (source, signin_role) = written.map(|written| (written.source, written.signin_role)).unzip();
    let signin_role = signin_role.flatten();
    let function = matches!(&source, Some(Placed { value: Source::Lambda { function: Some(_) }, .. }));
    if !states_length && !function {
        fields.require("length");
    }
    // Without the Timeout of the function, the longest that Lambda accepts.
    let longest = (!states_length && function).then_some(Placed { value: rules::LAMBDA_MANAGED_LONGEST, place });
    let length_from = if longest.is_some() { LengthFrom::LongestTimeout } else { LengthFrom::Declared };
    let path = fields.optional("path").and_then(|node| path(node, sink));
    let refresh = fields.optional("refresh").and_then(|node| refresh(node, sink));
    fields.finish(sink);
    // An empty item takes 3 bytes in the file and a whole `Job` in memory.
    if name.is_none() && length.is_none() && source.is_none() && path.is_none() {
        return None;
    }
    Some(raw::Job {
        place,
        name,
        owner,
        length: length.or(longest),
        length_from,
        unstated,
        pause,
        age,
        session_name,
        measured_by,
        margin,
        source,
        signin_role,
        path,
        refresh,
    })
}

fn measured_by(node: Node, sink: &mut Sink) -> Option<MeasuredBy> {
    let (place, problems) = (node.place, sink.problems.len());
    let mut fields = Fields::of(node, "measured_by", sink)?;
    let mut named = Vec::new();
    for kind in HistoryKind::ALL {
        let name = fields.optional(kind.as_str()).and_then(|node| text(node, kind.as_str(), sink));
        named.extend(name.map(|name| (kind, name)));
    }
    let scope = fields.optional("scope").and_then(|node| text(node, "scope", sink));
    let kinds = HistoryKind::ALL.map(HistoryKind::as_str).join(", ");
    fields.finish(sink);
    for glob in named.iter().map(|(_, name)| name).chain(&scope) {
        check_length(glob, "a glob", LONGEST_GLOB, sink);
    }
    match <[_; 1]>::try_from(named) {
        Ok([(kind, name)]) => Some(MeasuredBy { kind, name: name.value, scope: scope.map(|scope| scope.value) }),
        Err(named) => {
            // A value or a key that cannot be read is reported itself.
            if sink.problems.len() == problems {
                let message = match named.len() {
                    0 => "`measured_by` names no run history".to_owned(),
                    several => format!("`measured_by` names {several} run histories, not one"),
                };
                sink.add(place, message, format!("write one of {kinds}, such as `{{codebuild: NAME}}`"));
            }
            None
        }
    }
}

/// A source as it is written.
struct WrittenSource {
    source: Placed<Source>,
    /// The role of a `console-login`, which `validate` resolves.
    signin_role: Option<Placed<String>>,
    unstated: UnstatedLimits,
}

fn source(node: Node, sink: &mut Sink) -> Option<WrittenSource> {
    let place = node.place;
    if let Value::Text(name) = &node.value {
        let kind = source_kind(name, place, sink)?;
        let value = kind.with_defaults();
        if value.is_none() {
            let required = kind.parameters().iter().filter(|parameter| parameter.required);
            let required: Vec<String> = required.map(|parameter| format!("{}: …", parameter.name)).collect();
            let help = format!("write `{{kind: {name}, {}}}`", required.join(", "));
            sink.add(place, format!("a source of kind `{name}` needs parameters"), help);
        }
        return value.map(|value| {
            let unstated = UnstatedLimits::of_bare(&value);
            WrittenSource { source: Placed { value, place }, signin_role: None, unstated }
        });
    }
    let mut fields = Fields::of(node, "a source", sink)?;
    let name = fields.required("kind").and_then(|node| text(node, "kind", sink));
    let Some(kind) = name.and_then(|name| source_kind(&name.value, name.place, sink)) else {
        fields.abandon(sink); // The parameters cannot be judged without the kind.
        return None;
    };
    let (given, signin_role) = parameters(kind, &mut fields, sink);
    fields.finish(sink);
    let source = Placed { value: kind.with(&given)?, place };
    Some(WrittenSource { source, signin_role, unstated: UnstatedLimits::new(kind, &given) })
}

fn source_kind(written: &str, at: Place, sink: &mut Sink) -> Option<SourceKind> {
    let found = SourceKind::parse(written);
    if found.is_none() {
        let kinds = SourceKind::ALL.map(SourceKind::as_str);
        let near = SourceKind::by_synonym(written).map(SourceKind::as_str).or_else(|| nearest(written, kinds));
        let help = match near {
            Some(near) => format!("did you mean `{near}`? Known: {}", kinds.join(", ")),
            None => format!("known: {}", kinds.join(", ")),
        };
        sink.add(at, format!("`{written}` is not a kind of source"), help);
    }
    found
}

/// The parameters of this kind as they are written, and the role among them.
fn parameters(kind: SourceKind, fields: &mut Fields, sink: &mut Sink) -> (GivenParameters, Option<Placed<String>>) {
    let mut given = GivenParameters::default();
    let mut role = None;
    for &parameter in kind.parameters() {
        let name = parameter.name;
        let node = if parameter.required { fields.required(name) } else { fields.optional(name) };
        let Some(node) = node else { continue };
        match parameter.takes {
            Takes::Duration => {
                let Some(written) = seconds(&node, name, sink) else { continue };
                if let Some((least, most)) = parameter.accepted
                    && !(least..=most).contains(&written.value)
                {
                    let [value, least, most] = [written.value, least, most].map(Seconds::in_days);
                    let message = format!("a `{name}` of {value} is outside {least} to {most}");
                    sink.add(written.place, message, format!("write {least} to {most}: AWS accepts no other length"));
                }
                given.set_duration(parameter, written.value);
            }
            Takes::Flag => {
                let written = yes_or_no(&node, name, sink);
                written.into_iter().for_each(|written| given.set_flag(parameter, written.value));
            }
            // `validate` resolves the role.
            Takes::Role => role = text(node, name, sink),
            Takes::PermissionSet => {
                let set = setting(node, name, sink, PermissionSet::parse);
                set.into_iter().for_each(|set| given.set_setting(LiveSetting::PermissionSet(set)));
            }
            Takes::Function => {
                let function = setting(node, name, sink, FunctionArn::parse);
                function.into_iter().for_each(|function| given.set_setting(LiveSetting::Function(function)));
            }
        }
    }
    (given, role)
}

fn setting<T>(node: Node, key: &str, sink: &mut Sink, parse: impl Fn(&str) -> Result<T, NotASetting>) -> Option<T> {
    let written = text(node, key, sink)?;
    parse(&written.value).map_err(|wrong| sink.add(written.place, wrong.message, wrong.help)).ok()
}

fn path(mut node: Node, sink: &mut Sink) -> Option<Placed<Vec<Hop>>> {
    let place = node.place;
    if !matches!(node.value, Value::List(_)) {
        items(Some(node), "path", sink, |_, _| Some(()));
        return Some(Placed { value: vec![Hop::default()], place });
    }
    // A hop that cannot be read is reported itself, and the path is not empty.
    if let Value::List(hops) = &mut node.value {
        check_hops(hops.len(), place, sink);
        hops.truncate(MOST_HOPS);
    }
    let hops = items(Some(node), "path", sink, |node, sink| Some(hop(node, sink).unwrap_or_default()));
    Some(Placed { value: hops, place })
}

fn hop(node: Node, sink: &mut Sink) -> Option<Hop> {
    if let Value::Text(_) = node.value {
        return Some(Hop { role: text(node, "hop", sink), ..Hop::default() });
    }
    let mut fields = Fields::of(node, "a hop", sink)?;
    let role = fields.required("role").and_then(|node| text(node, "role", sink));
    let duration = fields.optional("duration").and_then(|node| seconds(&node, "duration", sink));
    let copied = fields.optional("copied").and_then(|node| yes_or_no(&node, "copied", sink));
    fields.finish(sink);
    Some(Hop { role, duration, copied: copied.is_some_and(|copied| copied.value), misread: None })
}

fn refresh(node: Node, sink: &mut Sink) -> Option<Refresh> {
    let help = "write `none`, `auto` or `{every: 30m}`";
    match &node.value {
        Value::Text(word) if word == "none" => Some(Refresh::None),
        Value::Text(word) if word == "auto" => Some(Refresh::Auto),
        Value::Map(_) => {
            let mut fields = Fields::of(node, "refresh", sink)?;
            let every = fields.required("every").and_then(|node| seconds(&node, "every", sink));
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
    let finding = fields.required("finding").and_then(|node| finding(node, sink));
    let (job, role) = (fields.optional("job"), fields.optional("role"));
    let named = job.is_some() || role.is_some();
    let job = job.and_then(|node| text(node, "job", sink));
    let role = role.and_then(|node| text(node, "role", sink));
    let until = fields.required("until").and_then(|node| date(node, sink));
    let reason = fields.required("reason").and_then(|node| text(node, "reason", sink));
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
    let help = "write YYYY-MM-DD: 2027-01-31";
    let written = match &node.value {
        Value::Number(number) => {
            let help = match date_without_hyphens(number) {
                Some(date) => format!("write YYYY-MM-DD: {date}"),
                None => help.to_owned(),
            };
            sink.add(node.place, format!("`{number}` is not a date"), help);
            return None;
        }
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => text(node, "until", sink)?,
    };
    match written.value.parse::<jiff::civil::Date>() {
        Ok(value) if written.value.len() == "2027-01-31".len() => Some(Placed { value, place: written.place }),
        Ok(_) | Err(_) => {
            sink.add(written.place, format!("`{}` is not a date", written.value), help);
            None
        }
    }
}

/// `20270131` as the date that it means.
fn date_without_hyphens(digits: &str) -> Option<jiff::civil::Date> {
    let of_eight = digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit());
    of_eight.then(|| jiff::civil::Date::strptime("%Y%m%d", digits).ok()).flatten()
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
            Err(wrong @ NotADuration::BareNumber) => {
                let help = format!("write its unit: `{written}s`, or a duration such as `1h30m`");
                sink.add(node.place, format!("`{key}`: `{written}` {wrong}"), help);
            }
            Err(wrong) => {
                let help = if written.contains("{{") { NOT_RENDERED } else { forms };
                sink.add(node.place, format!("`{key}`: `{written}` {wrong}"), help);
            }
        },
        Value::Number(number) if number.starts_with('-') => {
            sink.add(node.place, format!("`{key}`: `{number}` is negative"), forms);
        }
        Value::Number(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
            let help = format!("write its unit: `{number}s` for seconds, or a duration such as `1h30m`");
            sink.add(node.place, format!("`{key}`: `{number}` is a bare number"), help);
        }
        Value::Number(number) => sink.add(node.place, format!("`{key}`: `{number}` is a bare number"), forms),
        other @ (Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_)) => {
            sink.add(node.place, format!("`{key}` is {}, not a duration", other.kind()), forms);
        }
    }
    None
}
