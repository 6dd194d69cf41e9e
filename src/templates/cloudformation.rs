//! CloudFormation and SAM templates: owns where the roles of a template are, and their properties in a deployment.

mod parameters;
pub(super) mod transform;
mod unread;

use super::intrinsic::{Deployment, Resolver, is_role};
use super::policy::Trust;
use super::resolved::Resolved;
use super::tree::RepeatedKey;
use super::unresolved::Unresolved;
use super::{PlannedParameter, PlannedRole, PlannedSetting, tree};
use crate::inventory::yaml::{Node, Value};
use crate::inventory::{Diagnostic, InlineWaiver, Placed, RoleArn, Seconds, Sink, SourceFile, inline_waivers};
use crate::lease::rules::{DEFAULT_MAX_SESSION, MAX_SESSION_RANGE};
use transform::Property;

/// A template that was read.
#[derive(Debug)]
pub(crate) struct Template {
    file: String,
    root: Node,
    repeated: Vec<RepeatedKey>,
    waivers: Vec<InlineWaiver>,
    mistakes: Vec<Diagnostic>,
}

/// A role of a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateRole<'a> {
    template: &'a Template,
    pub(crate) id: &'a Placed<String>,
    node: &'a Node,
}

/// The name and the path that a file gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleIdentity {
    pub(crate) name: Resolved,
    pub(crate) path: Resolved,
}

/// Whether a deployment creates a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Creation {
    /// It does.
    Created,
    /// Its condition is false, by the parameters given or by the template alone.
    LeftOut,
    /// Its condition is false by the defaults of parameters, which a deployment may change.
    LeftOutByDefault(String),
    /// Whether its condition holds is not known.
    Open(Unresolved),
}

impl Template {
    /// Reads a template; what is wrong with it is reported to `sink`.
    pub(crate) fn read(index: usize, file: &SourceFile, sink: &mut Sink) -> Option<Self> {
        let (root, repeated) = tree::parse(index, &file.text, is_role, sink)?;
        let help = "name a CloudFormation template: it has a map `Resources`";
        match root.get("Resources") {
            Some(Node { value: Value::Map(_), .. }) => {}
            Some(node) => sink.add(node.place, "`Resources` is not a map", help),
            None if root.get("planned_values").is_some() || root.get("resource_changes").is_some() => {
                sink.add(root.place, "this is a Terraform plan", "give it as --terraform-plan");
            }
            None => sink.add(root.place, "there is no `Resources`: this is no CloudFormation template", help),
        }
        let (waivers, mistakes) = inline_waivers(&file.name, &file.text);
        let template = Self { file: file.name.to_string(), root, repeated, waivers, mistakes };
        template.roles().for_each(|role| role.check(sink));
        Some(template)
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The comments that were to waive a finding and waive none.
    pub(crate) fn mistakes(&self) -> &[Diagnostic] {
        &self.mistakes
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = TemplateRole<'_>> {
        let role = |(id, node)| TemplateRole { template: self, id, node };
        self.resources().filter(|(_, node)| is_role(node)).map(role)
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = (&Placed<String>, &Node)> {
        self.root.get("Resources").into_iter().flat_map(Node::entries).map(|(id, node)| (id, node))
    }

    /// Whether a deployment creates the resource.
    pub(crate) fn creation<'a>(&'a self, resource: &'a Node, deployment: Deployment<'a>) -> Creation {
        let Some(condition) = resource.get("Condition").and_then(Node::text) else { return Creation::Created };
        let mut resolver = Resolver::new(&self.root, deployment);
        match resolver.condition(condition) {
            Ok(true) => Creation::Created,
            Ok(false) if resolver.defaults.is_empty() => Creation::LeftOut,
            Ok(false) => {
                Creation::LeftOutByDefault(with_defaults(format!("(its condition {condition} is false)"), &resolver))
            }
            Err(why) => Creation::Open(why),
        }
    }
}

impl<'a> TemplateRole<'a> {
    /// The file, the line and the logical ID.
    pub(crate) fn from(&self) -> String {
        format!("{}:{} ({})", self.template.file, self.id.place.line, self.id.value)
    }

    pub(crate) fn file(&self) -> &'a str {
        &self.template.file
    }

    fn property(&self, name: &str) -> Property<'a> {
        transform::property(&self.template.root, self.node, name)
    }

    /// Reports a MaxSessionDuration that CloudFormation would refuse.
    fn check(&self, sink: &mut Sink) {
        if let Property::Written(node) = self.property("MaxSessionDuration")
            && let Some(text) = node.text()
            && let Err(why) = max_session(text)
            && !text.contains("{{resolve:")
        {
            sink.add(
                node.place,
                format!("MaxSessionDuration of {}: {why}", self.id.value),
                "write 3600 to 43200, in seconds",
            );
        }
    }

    /// Its name and its path in a deployment.
    pub(crate) fn identity(&self, deployment: Deployment<'a>) -> RoleIdentity {
        let mut resolver = Resolver::new(&self.template.root, deployment);
        RoleIdentity { name: resolver.role_name(self.node), path: resolver.role_path(self.node) }
    }

    /// Whether a deployment creates it.
    pub(crate) fn creation(&self, deployment: Deployment<'a>) -> Creation {
        self.template.creation(self.node, deployment)
    }
    /// Whether AWS may have generated this name for a role without RoleName: STACK-ID-RANDOM, cut to 64 characters.
    pub(crate) fn may_have_been_named(&self, role: &RoleArn) -> bool {
        matches!(self.property("RoleName"), Property::Absent) && role.name().contains(&format!("-{}-", self.id.value))
    }

    /// Its settings in a deployment.
    pub(crate) fn planned(&self, deployment: Deployment<'a>) -> PlannedRole {
        let (max_session, max_session_from) = self.max_session(deployment);
        let mut resolver = Resolver::new(&self.template.root, deployment);
        let absent = Resolved::unknown(Unresolved::LeftOut("AssumeRolePolicyDocument"));
        let document = resolver.property(self.node, "AssumeRolePolicyDocument", &absent);
        let trust = Trust::read(&document).map_or_else(PlannedSetting::Unknown, PlannedSetting::Known);
        let trust_from = with_defaults(self.from(), &resolver);
        let from = self.from();
        let waivers = self.waivers();
        PlannedRole {
            from,
            max_session,
            max_session_from,
            max_session_parameter: self.max_session_parameter(),
            trust,
            trust_from,
            deleted: false,
            terraform: None,
            waivers,
        }
    }

    /// The parameter that its MaxSessionDuration refers to: `!Ref NAME`.
    fn max_session_parameter(&self) -> Option<PlannedParameter> {
        let Property::Written(node) = self.property("MaxSessionDuration") else { return None };
        let [(function, argument)] = node.entries() else { return None };
        let name = argument.text().filter(|_| function.value == "Ref")?;
        let mut declared = self.template.root.get("Parameters").into_iter().flat_map(Node::entries);
        let (known, _) = declared.find(|(known, _)| known.value == name)?;
        let from = format!("{}:{}", self.template.file, known.place.line);
        Some(PlannedParameter { name: name.to_owned(), from })
    }

    /// The comments beside the role's logical ID, or beside its MaxSessionDuration.
    fn waivers(&self) -> Vec<InlineWaiver> {
        let setting = match self.property("MaxSessionDuration") {
            Property::Written(node) => Some(node.place.line),
            Property::Absent | Property::Open(_) => None,
        };
        let lines = [Some(self.id.place.line), setting];
        let is_beside = |comment: &&InlineWaiver| lines.iter().flatten().any(|line| comment.is_about(*line));
        self.template.waivers.iter().filter(is_beside).cloned().collect()
    }

    fn max_session(&self, deployment: Deployment<'a>) -> (PlannedSetting<Seconds>, String) {
        let from = match self.property("MaxSessionDuration") {
            Property::Written(node) => format!("{}:{} ({})", self.template.file, node.place.line, self.id.value),
            Property::Absent => format!("{} (MaxSessionDuration is left out: IAM's default)", self.from()),
            Property::Open(_) => self.from(),
        };
        let mut resolver = Resolver::new(&self.template.root, deployment);
        let absent = Resolved::Text(DEFAULT_MAX_SESSION.0.to_string());
        let setting = max_session_setting(resolver.property(self.node, "MaxSessionDuration", &absent));
        (setting, with_defaults(from, &resolver))
    }
}

/// A place, and the parameters whose defaults decided there: a deployment may give other values.
pub(crate) fn with_defaults(from: String, resolver: &Resolver<'_>) -> String {
    let defaults: Vec<&str> = resolver.defaults.iter().copied().collect();
    let within = from.strip_suffix(')').unwrap_or(&from);
    match defaults[..] {
        [] => from,
        [one] => format!("{within}, with parameter {one} at its default)"),
        _ => format!("{within}, with parameters {} at their defaults)", defaults.join(", ")),
    }
}

/// A resolved MaxSessionDuration; IAM takes its default where there is none.
pub(crate) fn max_session_setting(value: Resolved) -> PlannedSetting<Seconds> {
    match value {
        Resolved::Nothing => PlannedSetting::Known(DEFAULT_MAX_SESSION),
        Resolved::Text(text) => max_session(&text).map_or_else(PlannedSetting::Unknown, PlannedSetting::Known),
        other => PlannedSetting::Unknown(other.why_unknown().cloned().unwrap_or(Unresolved::NotANumber)),
    }
}

/// A MaxSessionDuration as a file writes it.
fn max_session(text: &str) -> Result<Seconds, Unresolved> {
    let seconds = text.trim().parse().ok().map(Seconds);
    seconds
        .filter(|seconds| MAX_SESSION_RANGE.contains(seconds))
        .ok_or_else(|| Unresolved::NoMaxSession(text.chars().take(40).collect()))
}
