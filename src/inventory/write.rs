//! An inventory as YAML that `decode` reads back to the same inventory, for `import` and for the lines that `explain`
//! advises. Owns the layout, the quoting and the comments. Control characters are escaped, so that a terminal can show
//! the text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{
    DEFAULT_MARGIN, Hop, IdentityCenter, Inventory, Job, LengthFrom, Parameter, ParameterValue, Reader, Refresh, Role,
    RoleRef, Seconds, Source, UnstatedLimits, Waiver,
};
use crate::measured::MeasuredBy;
use crate::visible::{self, printable};

/// Comments beside the values, for the person who adopts the inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comments {
    /// Lines at the top.
    pub head: Vec<String>,
    /// The comments of jobs, by name.
    pub jobs: BTreeMap<String, JobComments>,
}

/// The comments of one job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobComments {
    /// Lines above it.
    pub above: Vec<String>,
    /// Beside its length.
    pub length: Option<String>,
    /// Beside its source.
    pub source: Option<String>,
}

impl Inventory {
    /// The inventory as YAML. Read back, only places and digest differ.
    #[must_use]
    pub fn to_yaml(&self, comments: &Comments) -> String {
        let mut text = String::new();
        comment_lines(&mut text, "", &comments.head);
        text.push_str("version: 1\n");
        self.write_readers(&mut text);
        let named: Vec<(&String, &Role)> =
            self.roles.values().filter_map(|role| role.alias.as_ref().map(|alias| (alias, role))).collect();
        if !named.is_empty() {
            text.push_str("roles:\n");
        }
        for (alias, role) in named {
            let _ = writeln!(text, "  {}:", scalar(alias));
            write_role(&mut text, role);
        }
        if !self.jobs.is_empty() {
            text.push_str("jobs:\n");
        }
        let none = JobComments::default();
        for job in &self.jobs {
            self.write_job(&mut text, job, comments.jobs.get(job.name.as_str()).unwrap_or(&none));
        }
        if !self.waivers.is_empty() {
            text.push_str("waivers:\n");
        }
        for waiver in &self.waivers {
            write_waiver(&mut text, waiver);
        }
        if !self.accounts.is_empty() {
            text.push_str("accounts:\n");
        }
        for (account, name) in &self.accounts {
            let _ = writeln!(text, "  \"{account}\": {}", scalar(name));
        }
        let IdentityCenter { account, region } = &self.identity_center;
        if account.is_some() || region.is_some() {
            text.push_str("identity_center:\n");
        }
        for (key, value) in [("account", account), ("region", region)] {
            let _ = value.iter().try_for_each(|value| writeln!(text, "  {key}: {}", scalar(value)));
        }
        text
    }

    fn write_readers(&self, text: &mut String) {
        let reader = |role: &str, external_id: Option<&String>| match external_id {
            Some(id) => format!("{{role: {}, external_id: {}}}", scalar(role), scalar(id)),
            None => scalar(role),
        };
        let named = self.readers.named.iter().map(|(account, Reader { role, external_id })| {
            (account.as_str(), reader(role.as_str(), external_id.as_ref()))
        });
        let every = self.readers.every.iter().map(|(template, id)| ("*", reader(template, id.as_ref())));
        for (index, (account, reader)) in named.chain(every).enumerate() {
            if index == 0 {
                text.push_str("readers:\n");
            }
            let _ = writeln!(text, "  \"{account}\": {reader}");
        }
    }

    fn write_job(&self, text: &mut String, job: &Job, comments: &JobComments) {
        comment_lines(text, "  ", &comments.above);
        let _ = writeln!(text, "  - name: {}", scalar(&job.name));
        key(text, "owner", job.owner.as_deref().map(scalar), None);
        // The Timeout of the function counts where no length is declared.
        let is_read = job.length_from == LengthFrom::LongestTimeout;
        key(text, "length", (!is_read).then(|| job.length.to_string()), comments.length.as_deref());
        key(text, "pause", (job.pause.0 > 0).then(|| job.pause.to_string()), None);
        key(text, "age", (job.age.0 > 0).then(|| job.age.to_string()), None);
        key(text, "session_name", job.session_name.as_deref().map(scalar), None);
        key(text, "measured_by", job.measured_by.as_ref().map(measured_by), None);
        key(text, "margin", (job.margin != DEFAULT_MARGIN).then(|| job.margin.to_string()), None);
        key(text, "source", Some(self.source(job)), comments.source.as_deref());
        if !job.path.is_empty() {
            text.push_str("    path:\n");
        }
        for Hop { role, duration, copied, misread: _ } in &job.path {
            let label = self.label(role);
            let line = if *copied { copied_hop(label, *duration) } else { hop(label, *duration) };
            let _ = writeln!(text, "      - {line}");
        }
        key(text, "refresh", Some(refresh(job.refresh)), None);
    }

    fn label<'a>(&'a self, role: &'a RoleRef) -> &'a str {
        self.declared(role).map_or(role.as_str(), Role::label)
    }

    /// The source, without limits that nobody stated: written, they would count as declared.
    fn source(&self, job: &Job) -> String {
        let is_written = |parameter: Parameter| !job.unstated.is_parameter(parameter);
        if job.unstated == UnstatedLimits::of_bare(&job.source) && has_defaults(&job.source) {
            return job.source.kind().to_owned();
        }
        source_by(&job.source, |role| self.label(role).to_owned(), is_written)
    }
}

/// A hop, its role by alias or ARN.
pub(crate) fn hop(label: &str, duration: Option<Seconds>) -> String {
    match duration {
        Some(duration) => format!("{{role: {}, duration: {duration}}}", scalar(label)),
        None => scalar(label),
    }
}

fn copied_hop(label: &str, duration: Option<Seconds>) -> String {
    let duration = duration.map(|duration| format!(", duration: {duration}")).unwrap_or_default();
    format!("{{role: {}{duration}, copied: true}}", scalar(label))
}

/// How a job renews.
pub(crate) fn refresh(refresh: Refresh) -> String {
    match refresh {
        Refresh::None | Refresh::NotKnown => "none".to_owned(),
        Refresh::Auto => "auto".to_owned(),
        Refresh::Every(every) => format!("{{every: {every}}}"),
    }
}

fn measured_by(tie: &MeasuredBy) -> String {
    let scope = tie.scope.as_deref().map(|scope| format!(", scope: {}", scalar(scope))).unwrap_or_default();
    format!("{{{}: {}{scope}}}", tie.kind.as_str(), scalar(&tie.name))
}

fn write_role(text: &mut String, role: &Role) {
    key(text, "arn", Some(scalar(role.arn.as_str())), None);
    key(text, "external_id", role.external_id.as_deref().map(scalar), None);
    key(text, "session_name", role.session_name.as_deref().map(scalar), None);
    key(text, "source_identity", role.source_identity.as_deref().map(scalar), None);
    key(text, "assume", role.assume.map(|assume| assume.to_string()), None);
    key(text, "max_session_duration", role.max_session_duration.map(|max| max.to_string()), None);
}

fn write_waiver(text: &mut String, waiver: &Waiver) {
    let _ = writeln!(text, "  - finding: {}", waiver.finding);
    key(text, "job", waiver.job.as_deref().map(scalar), None);
    key(text, "role", waiver.role.as_deref().map(scalar), None);
    key(text, "until", Some(waiver.until.to_string()), None);
    key(text, "reason", Some(scalar(&waiver.reason)), None);
    key(text, "approver", waiver.approver.as_deref().map(scalar), None);
}

/// A kind, or a map where a parameter is not at its default.
pub(crate) fn source(source: &Source) -> String {
    if has_defaults(source) {
        return source.kind().to_owned();
    }
    source_by(source, |role| role.as_str().to_owned(), |_| true)
}

/// Whether each parameter is at its default.
fn has_defaults(source: &Source) -> bool {
    source.source_kind().with_defaults().as_ref() == Some(source)
}

fn source_by(source: &Source, label: impl Fn(&RoleRef) -> String, is_written: impl Fn(Parameter) -> bool) -> String {
    let kind = source.kind();
    let parameters = source.parameters().into_iter().filter(|(parameter, _)| is_written(*parameter));
    let parameters = parameters.filter_map(|(parameter, value)| {
        let value = match value {
            ParameterValue::Duration(duration) => duration?.to_string(),
            ParameterValue::Flag(flag) => flag.to_string(),
            ParameterValue::Role(role) => scalar(&label(role?)),
            ParameterValue::Name(name) => scalar(name?),
        };
        Some(format!("{}: {value}", parameter.name))
    });
    let parameters: Vec<String> = parameters.collect();
    if parameters.is_empty() {
        return kind.to_owned();
    }
    format!("{{kind: {kind}, {}}}", parameters.join(", "))
}

/// One line of a map four spaces in, where there is a value.
fn key(text: &mut String, key: &str, value: Option<String>, comment: Option<&str>) {
    let Some(value) = value else { return };
    let comment = comment.map(|comment| format!("  # {}", printable(comment))).unwrap_or_default();
    let _ = writeln!(text, "    {key}: {value}{comment}");
}

fn comment_lines(text: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        let _ = writeln!(text, "{}", format!("{indent}# {}", printable(line)).trim_end());
    }
}

/// A text as YAML on one line, also inside a flow map: bare where it reads back as text, else in double quotes.
pub(crate) fn scalar(text: &str) -> String {
    const OTHER_THAN_TEXT: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:".contains(c))
        && !text.ends_with(':')
        && !OTHER_THAN_TEXT.contains(&&*text.to_ascii_lowercase());
    if bare {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if visible::changes_display(c) => _ = write!(quoted, "\\U{:08X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
