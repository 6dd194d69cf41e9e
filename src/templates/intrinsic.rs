//! CloudFormation's intrinsic functions, resolved as far as parameters, mappings, conditions and the other roles of the
//! template allow: owns references and properties; `functions` owns the other functions, `conditions` the conditions.
//! (CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters reference".)

mod conditions;
mod functions;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cloudformation::transform::{self, Property};
use super::resolved::{LONGEST, Partly, Resolved};
use super::unresolved::Unresolved;
use crate::inventory::yaml::{Node, Value};

/// How many functions one setting may call, so that nested ones end.
const MOST_STEPS: usize = 20_000;
/// How many references may lead from one to the next.
const MOST_REFERENCES: usize = 32;

/// The deployment of a template, as far as names depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deployment<'a> {
    pub(crate) partition: &'a str,
    pub(crate) account: &'a str,
    /// The values of `--parameter`, pseudo parameters included.
    pub(crate) parameters: &'a BTreeMap<String, String>,
}

/// Resolves the values of one template in one deployment.
pub(crate) struct Resolver<'a> {
    template: &'a Node,
    deployment: Deployment<'a>,
    conditions: HashMap<&'a str, Result<bool, Unresolved>>,
    steps: usize,
    depth: usize,
    /// The parameters that were taken at their default.
    pub(crate) defaults: BTreeSet<&'a str>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(template: &'a Node, deployment: Deployment<'a>) -> Self {
        Self { template, deployment, conditions: HashMap::new(), steps: 0, depth: 0, defaults: BTreeSet::new() }
    }

    /// A value with its functions resolved; entries that are AWS::NoValue are left out.
    pub(crate) fn resolve(&mut self, node: &'a Node) -> Resolved {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Resolved::unknown(Unresolved::TooDeep);
        }
        match &node.value {
            Value::Null => Resolved::Nothing,
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => plain(node.text().unwrap_or_default()),
            Value::List(items) => {
                let items: Vec<Resolved> = items.iter().map(|item| self.resolve(item)).collect();
                Resolved::List(items.into_iter().filter(|item| *item != Resolved::Nothing).collect())
            }
            Value::Map(entries) => match entries.as_slice() {
                [(name, argument)] if is_function(&name.value) => self.call(&name.value, argument),
                entries => match entries.iter().find(|(key, _)| is_function(&key.value)) {
                    // It may add entries to this map, or replace them.
                    Some((transform, _)) => Resolved::unknown(Unresolved::Transformed(transform.value.clone())),
                    None => {
                        let all = entries.iter().map(|(key, value)| (key.value.clone(), self.resolve(value)));
                        Resolved::Map(all.filter(|(_, value)| *value != Resolved::Nothing).collect())
                    }
                },
            },
        }
    }

    /// A property of a resource; where it is left out or AWS::NoValue, `absent`.
    pub(crate) fn property(&mut self, resource: &'a Node, name: &str, absent: &Resolved) -> Resolved {
        match transform::property(self.template, resource, name) {
            Property::Absent => absent.clone(),
            Property::Open(why) => Resolved::unknown(why),
            Property::Written(_) if self.depth >= MOST_REFERENCES => Resolved::unknown(Unresolved::Circle),
            Property::Written(node) => {
                self.depth += 1;
                let resolved = self.resolve_or(node, absent);
                self.depth -= 1;
                resolved
            }
        }
    }

    /// A value, or `absent` where it is AWS::NoValue.
    fn resolve_or(&mut self, node: &'a Node, absent: &Resolved) -> Resolved {
        if let [(name, argument)] = node.entries()
            && name.value == "Fn::If"
            && let [condition, yes, no] = argument_list(argument)
        {
            return self.choose(condition, yes, no, Some(absent));
        }
        match self.resolve(node) {
            Resolved::Nothing => absent.clone(),
            resolved => resolved,
        }
    }

    /// `Ref`, and `${name}` in Fn::Sub.
    fn reference(&mut self, name: &str) -> Resolved {
        if let Some(given) = self.deployment.parameters.get(name)
            && name.starts_with("AWS::")
        {
            return Resolved::Text(given.clone());
        }
        match name {
            "AWS::NoValue" => return Resolved::Nothing,
            "AWS::Partition" => return Resolved::Text(self.deployment.partition.to_owned()),
            "AWS::AccountId" => return Resolved::Text(self.deployment.account.to_owned()),
            "AWS::URLSuffix" if ["aws", "aws-us-gov"].contains(&self.deployment.partition) => {
                return Resolved::Text("amazonaws.com".to_owned());
            }
            "AWS::URLSuffix" if self.deployment.partition == "aws-cn" => {
                return Resolved::Text("amazonaws.com.cn".to_owned());
            }
            _ if name.starts_with("AWS::") => {
                return Resolved::unknown(Unresolved::PseudoParameter(name.to_owned()));
            }
            _ => {}
        }
        if let Some((key, parameter)) = entry(self.template, "Parameters", name) {
            return self.parameter(key, parameter);
        }
        match entry(self.template, "Resources", name) {
            Some((_, role)) if is_role(role) => self.role_name(role),
            Some(_) => Resolved::unknown(Unresolved::PhysicalName(name.to_owned())),
            None => Resolved::unknown(Unresolved::NoSuchName(name.to_owned())),
        }
    }

    fn parameter(&mut self, name: &'a str, parameter: &'a Node) -> Resolved {
        let kind = parameter.get("Type").and_then(Node::text).unwrap_or("String");
        let given = self.deployment.parameters.get(name).map(String::as_str);
        if given.is_none() && parameter.get("NoEcho").and_then(Node::text) == Some("true") {
            // The default is a secret, which no output may show.
            return Resolved::unknown(Unresolved::Parameter(name.to_owned()));
        }
        let text = match (given, parameter.get("Default").and_then(Node::text)) {
            _ if kind.starts_with("AWS::SSM::Parameter::Value") => {
                return Resolved::unknown(Unresolved::SsmParameter(name.to_owned()));
            }
            (Some(given), _) => given,
            (None, Some(default)) => {
                self.defaults.insert(name);
                default
            }
            // An empty Default.
            (None, None) if parameter.get("Default").is_some() => "",
            (None, None) => return Resolved::unknown(Unresolved::Parameter(name.to_owned())),
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            return Resolved::List(text.split(',').map(|item| plain(item.trim())).collect());
        }
        plain(text)
    }

    /// The name of a role of this template; AWS generates one where the template has none.
    pub(crate) fn role_name(&mut self, role: &'a Node) -> Resolved {
        self.property(role, "RoleName", &Resolved::unknown(Unresolved::GeneratedName))
    }

    /// The path of a role of this template.
    pub(crate) fn role_path(&mut self, role: &'a Node) -> Resolved {
        self.property(role, "Path", &Resolved::Text("/".to_owned()))
    }

    /// `Fn::GetAtt`, and `${resource.attribute}` in Fn::Sub.
    fn attribute_of(&mut self, id: &str, attribute: &str) -> Resolved {
        match entry(self.template, "Resources", id) {
            Some((_, role)) if is_role(role) && attribute == "Arn" => {
                let Deployment { partition, account, .. } = self.deployment;
                let (path, name) = (self.role_path(role), self.role_name(role));
                Resolved::joined([Resolved::Text(format!("arn:{partition}:iam::{account}:role")), path, name])
            }
            Some(_) => Resolved::unknown(Unresolved::Attribute(format!("{id}.{attribute}"))),
            None => Resolved::unknown(Unresolved::NoSuchResource(id.to_owned())),
        }
    }
}

/// A text as CloudFormation takes it: dynamic references are read at deployment.
fn plain(text: &str) -> Resolved {
    if text.len() > LONGEST {
        return Resolved::unknown(Unresolved::TooLong);
    }
    match text.split_once("{{resolve:") {
        Some((before, _)) => Resolved::Partly(Partly {
            prefix: before.to_owned(),
            suffix: String::new(),
            why: Unresolved::DynamicReference,
        }),
        None => Resolved::Text(text.to_owned()),
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// The arguments of a function that takes a list; none where it has one argument.
fn argument_list(argument: &Node) -> &[Node] {
    match &argument.value {
        Value::List(items) => items,
        _ => &[],
    }
}

/// An entry of a section of the template, with its key as the template holds it.
fn entry<'a>(template: &'a Node, section: &str, name: &str) -> Option<(&'a str, &'a Node)> {
    let (key, value) = template.get(section)?.entries().iter().find(|(key, _)| key.value == name)?;
    Some((&key.value, value))
}

pub(crate) fn is_role(resource: &Node) -> bool {
    resource.get("Type").and_then(Node::text) == Some("AWS::IAM::Role")
}
