//! CloudFormation templates (SAM's too): owns where the roles of a template are, and what their properties come to in a
//! deployment.

use super::intrinsic::{Deployment, Resolver, is_role};
use super::policy::Trust;
use super::resolved::Resolved;
use super::{PlannedRole, Setting, tree};
use crate::inventory::yaml::{Node, Value};
use crate::inventory::{Placed, RoleArn, Seconds, Sink, SourceFile};
use crate::lease::rules::{DEFAULT_MAX_SESSION, MAX_SESSION_RANGE};

/// A template that was read.
#[derive(Debug)]
pub(crate) struct Template {
    file: String,
    root: Node,
}

/// A role of a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateRole<'a> {
    template: &'a Template,
    pub(crate) id: &'a Placed<String>,
    node: &'a Node,
}

/// What a file calls a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Resolved,
    pub(crate) path: Resolved,
}

/// Why a role of a template is not made in a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// By what is given, or by what the template says itself.
    AsGiven,
    /// By the defaults of parameters, which a deployment may give other values: how.
    ByDefault(String),
}

impl Template {
    /// Reads a template; what is wrong with it is reported to `sink`.
    pub(crate) fn read(index: usize, file: &SourceFile, sink: &mut Sink) -> Option<Self> {
        let root = tree::parse(index, &file.text, sink)?;
        let help = "name a CloudFormation template: it has a map `Resources`";
        match root.get("Resources") {
            Some(Node { value: Value::Map(_), .. }) => {}
            Some(node) => sink.add(node.place, "`Resources` is not a map", help),
            None if root.get("planned_values").is_some() || root.get("resource_changes").is_some() => {
                sink.add(root.place, "this is a Terraform plan", "give it as --terraform-plan");
            }
            None => sink.add(root.place, "there is no `Resources`: this is no CloudFormation template", help),
        }
        let template = Self { file: file.name.to_string(), root };
        template.roles().for_each(|role| role.check(sink));
        Some(template)
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The parameters that it declares.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.root.get("Parameters").into_iter().flat_map(Node::entries).map(|(name, _)| name.value.as_str())
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = TemplateRole<'_>> {
        let role = |(id, node)| TemplateRole { template: self, id, node };
        self.resources().filter(|(_, node)| is_role(node)).map(role)
    }

    /// Resources whose roles another file defines, or a function of the template: what they are, and where.
    pub(crate) fn unread(&self) -> impl Iterator<Item = (String, String)> {
        self.resources().filter_map(|(id, node)| {
            let from = format!("{}:{}", self.file, id.place.line);
            let nested = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];
            match node.get("Type").and_then(Node::text) {
                Some(kind) if nested.contains(&kind) => Some((
                    from,
                    format!("{} is a nested stack: give its template too, if it has roles of jobs", id.value),
                )),
                _ if id.value.starts_with("Fn::") => Some((from, format!("what {} makes is not read", id.value))),
                _ => None,
            }
        })
    }

    fn resources(&self) -> impl Iterator<Item = (&Placed<String>, &Node)> {
        self.root.get("Resources").into_iter().flat_map(Node::entries).map(|(id, node)| (id, node))
    }
}

impl<'a> TemplateRole<'a> {
    /// Where it stands.
    pub(crate) fn from(&self) -> String {
        format!("{}:{} ({})", self.template.file, self.id.place.line, self.id.value)
    }

    fn property(&self, name: &str) -> Option<&'a Node> {
        self.node.get("Properties")?.get(name)
    }

    /// What CloudFormation would refuse, and stands there for all to see.
    fn check(&self, sink: &mut Sink) {
        if let Some(node) = self.property("MaxSessionDuration")
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

    /// What it is called in a deployment.
    pub(crate) fn identity(&self, deployment: Deployment<'a>) -> Identity {
        let mut resolver = Resolver::new(&self.template.root, deployment);
        Identity { name: resolver.role_name(&self.id.value, self.node), path: resolver.role_path(self.node) }
    }

    /// Whether its condition leaves it out of a deployment.
    pub(crate) fn left_out(&self, deployment: Deployment<'a>) -> Option<LeftOut> {
        let condition = self.node.get("Condition").and_then(Node::text)?;
        let mut resolver = Resolver::new(&self.template.root, deployment);
        (resolver.condition(condition) == Ok(false)).then(|| match resolver.defaults.is_empty() {
            true => LeftOut::AsGiven,
            false => LeftOut::ByDefault(with_defaults(format!("(its condition {condition} is false)"), &resolver)),
        })
    }

    /// Whether a role that the template does not name may have got this name from AWS: STACK-ID-RANDOM, cut to 64.
    pub(crate) fn may_have_been_named(&self, role: &RoleArn) -> bool {
        self.property("RoleName").is_none() && role.name().contains(&format!("-{}-", self.id.value))
    }

    /// What its properties come to in a deployment.
    pub(crate) fn planned(&self, deployment: Deployment<'a>) -> PlannedRole {
        let (max_session, max_session_from) = self.max_session(deployment);
        let mut resolver = Resolver::new(&self.template.root, deployment);
        let trust = match self.property("AssumeRolePolicyDocument").map(|document| resolver.resolve(document)) {
            None => Setting::Unknown("AssumeRolePolicyDocument is left out".to_owned()),
            Some(document) => Trust::read(&document).map_or_else(Setting::Unknown, Setting::Known),
        };
        let trust_from = with_defaults(self.from(), &resolver);
        let from = self.from();
        PlannedRole {
            from,
            max_session,
            max_session_from,
            trust,
            trust_from,
            deleted: false,
            account_open: false,
            terraform: None,
        }
    }

    fn max_session(&self, deployment: Deployment<'a>) -> (Setting<Seconds>, String) {
        let Some(node) = self.property("MaxSessionDuration") else {
            return (Setting::Known(DEFAULT_MAX_SESSION), format!("{}: left out, so IAM takes 3600", self.from()));
        };
        let from = format!("{}:{} ({})", self.template.file, node.place.line, self.id.value);
        let mut resolver = Resolver::new(&self.template.root, deployment);
        let setting = match resolver.resolve(node) {
            Resolved::Nothing => Setting::Known(DEFAULT_MAX_SESSION),
            Resolved::Text(text) => max_session(&text).map_or_else(Setting::Unknown, Setting::Known),
            other => Setting::Unknown(other.why_unknown().unwrap_or("it is not a number").to_owned()),
        };
        (setting, with_defaults(from, &resolver))
    }
}

/// A place, and the parameters whose defaults decided there: a deployment may give others.
fn with_defaults(from: String, resolver: &Resolver<'_>) -> String {
    let defaults: Vec<&str> = resolver.defaults.iter().copied().collect();
    let within = from.strip_suffix(')').unwrap_or(&from);
    match defaults[..] {
        [] => from,
        [one] => format!("{within}, with parameter {one} at its default)"),
        _ => format!("{within}, with parameters {} at their defaults)", defaults.join(", ")),
    }
}

/// A MaxSessionDuration as a file writes it.
pub(crate) fn max_session(text: &str) -> Result<Seconds, String> {
    let seconds = text.trim().parse().ok().map(Seconds);
    seconds.filter(|seconds| MAX_SESSION_RANGE.contains(seconds)).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        format!("`{shown}` is not a number of seconds from 3600 to 43200")
    })
}
