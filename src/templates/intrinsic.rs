//! CloudFormation's intrinsic functions, resolved as far as parameters, mappings, conditions and the other roles of the
//! template allow: owns what each function makes of its arguments. What it cannot know it says, with the reason.
//! (CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters reference".)

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::resolved::{LONGEST, Partly, Resolved};
use crate::inventory::yaml::{Node, Value};

/// How many functions one setting may call, so that nested ones end.
const MOST_STEPS: usize = 20_000;
/// How many references may lead on from one to the next.
const MOST_REFERENCES: usize = 32;

/// Where a template is deployed, as far as it matters to the names in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deployment<'a> {
    pub(crate) partition: &'a str,
    pub(crate) account: &'a str,
    /// What `--parameter` gives, pseudo parameters included.
    pub(crate) parameters: &'a BTreeMap<String, String>,
}

/// Resolves the values of one template in one deployment.
pub(crate) struct Resolver<'a> {
    template: &'a Node,
    deployment: Deployment<'a>,
    conditions: HashMap<&'a str, Result<bool, String>>,
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
            return Resolved::unknown("its functions nest too much");
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
                entries => {
                    let all = entries.iter().map(|(key, value)| (key.value.clone(), self.resolve(value)));
                    Resolved::Map(all.filter(|(_, value)| *value != Resolved::Nothing).collect())
                }
            },
        }
    }

    fn call(&mut self, function: &str, argument: &'a Node) -> Resolved {
        let arguments: &'a [Node] = match &argument.value {
            Value::List(items) => items,
            _ => &[],
        };
        match (function, arguments) {
            ("Ref", _) => match argument.text() {
                Some(name) => self.reference(name),
                None => Resolved::unknown("Ref does not name anything"),
            },
            ("Fn::GetAtt", _) => self.attribute(argument, arguments),
            ("Fn::Sub", []) => match argument.text() {
                Some(text) => self.substitute(text, None),
                None => Resolved::unknown("Fn::Sub has no text"),
            },
            ("Fn::Sub", [text, values]) => match text.text() {
                Some(text) => self.substitute(text, Some(values)),
                None => Resolved::unknown("Fn::Sub has no text"),
            },
            ("Fn::Join", [separator, values]) => self.join(separator, values),
            ("Fn::If", [condition, yes, no]) => self.choose(condition, yes, no),
            ("Fn::Select", [index, values]) => self.select(index, values),
            ("Fn::Split", [separator, text]) => self.split(separator, text),
            ("Fn::FindInMap", [map, first, second, ..]) => self.find(map, first, second),
            ("Fn::ImportValue", _) => Resolved::unknown("Fn::ImportValue: it comes from another stack"),
            _ => Resolved::unknown(format!("{function} is not resolved")),
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
            "AWS::URLSuffix" if self.deployment.partition == "aws" => {
                return Resolved::Text("amazonaws.com".to_owned());
            }
            "AWS::URLSuffix" if self.deployment.partition == "aws-cn" => {
                return Resolved::Text("amazonaws.com.cn".to_owned());
            }
            _ if name.starts_with("AWS::") => {
                return Resolved::unknown(format!("{name} is not known before deployment (give --parameter {name}=…)"));
            }
            _ => {}
        }
        if let Some((key, parameter)) = entry(self.template, "Parameters", name) {
            return self.parameter(key, parameter);
        }
        match entry(self.template, "Resources", name) {
            Some((_, role)) if is_role(role) => self.role_name(name, role),
            Some(_) => Resolved::unknown(format!("what AWS calls {name} is not known before deployment")),
            None => Resolved::unknown(format!("{name} is neither a parameter nor a resource of the template")),
        }
    }

    fn parameter(&mut self, name: &'a str, parameter: &'a Node) -> Resolved {
        let kind = parameter.get("Type").and_then(Node::text).unwrap_or("String");
        let given = self.deployment.parameters.get(name).map(String::as_str);
        let text = match (given, parameter.get("Default").and_then(Node::text)) {
            _ if kind.starts_with("AWS::SSM::Parameter::Value") => {
                return Resolved::unknown(format!("parameter {name} is read from SSM at deployment"));
            }
            (Some(given), _) => given,
            (None, Some(default)) => {
                self.defaults.insert(name);
                default
            }
            // A Default that is empty, as YAML writes it.
            (None, None) if parameter.get("Default").is_some() => "",
            (None, None) => {
                return Resolved::unknown(format!("parameter {name} has no default (give --parameter {name}=…)"));
            }
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            return Resolved::List(text.split(',').map(|item| plain(item.trim())).collect());
        }
        plain(text)
    }

    /// The name of a role of this template; AWS makes one up where the template has none.
    pub(crate) fn role_name(&mut self, id: &str, role: &'a Node) -> Resolved {
        let name = role.get("Properties").and_then(|properties| properties.get("RoleName"));
        match name.map(|name| self.nested(name)) {
            Some(Resolved::Nothing) | None => Resolved::unknown(format!("AWS makes up the name of {id} at deployment")),
            Some(name) => name,
        }
    }

    /// The path of a role of this template.
    pub(crate) fn role_path(&mut self, role: &'a Node) -> Resolved {
        let path = role.get("Properties").and_then(|properties| properties.get("Path"));
        match path.map(|path| self.nested(path)) {
            Some(Resolved::Nothing) | None => Resolved::Text("/".to_owned()),
            Some(path) => path,
        }
    }

    /// Follows a reference, as far as references may lead.
    fn nested(&mut self, node: &'a Node) -> Resolved {
        if self.depth >= MOST_REFERENCES {
            return Resolved::unknown("its references lead in a circle");
        }
        self.depth += 1;
        let resolved = self.resolve(node);
        self.depth -= 1;
        resolved
    }

    fn attribute(&mut self, argument: &'a Node, arguments: &'a [Node]) -> Resolved {
        let (id, attribute) = match (argument.text(), arguments) {
            (Some(text), _) => text.split_once('.').unwrap_or((text, "")),
            (None, [id, attribute]) => (id.text().unwrap_or_default(), attribute.text().unwrap_or_default()),
            _ => return Resolved::unknown("Fn::GetAtt does not name anything"),
        };
        self.attribute_of(id, attribute)
    }

    fn attribute_of(&mut self, id: &str, attribute: &str) -> Resolved {
        match entry(self.template, "Resources", id) {
            Some((_, role)) if is_role(role) && attribute == "Arn" => {
                let Deployment { partition, account, .. } = self.deployment;
                let (path, name) = (self.role_path(role), self.role_name(id, role));
                Resolved::joined([Resolved::Text(format!("arn:{partition}:iam::{account}:role")), path, name])
            }
            Some(_) => Resolved::unknown(format!("{id}.{attribute} is not known before deployment")),
            None => Resolved::unknown(format!("{id} is not a resource of the template")),
        }
    }

    fn substitute(&mut self, text: &str, values: Option<&'a Node>) -> Resolved {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(Resolved::Text(before.to_owned()));
            let Some((name, after)) = after.split_once('}') else {
                return Resolved::unknown("Fn::Sub has `${` without `}`");
            };
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return Resolved::unknown("its functions nest too much");
            }
            let name = name.trim();
            parts.push(
                match (name.strip_prefix('!'), values.and_then(|values| values.get(name)), name.split_once('.')) {
                    (Some(literal), ..) => Resolved::Text(format!("${{{literal}}}")),
                    (_, Some(value), _) => self.resolve(value),
                    (.., Some((id, attribute))) => self.attribute_of(id, attribute),
                    _ => self.reference(name),
                },
            );
            rest = after;
        }
        parts.push(Resolved::Text(rest.to_owned()));
        Resolved::joined(parts)
    }

    fn join(&mut self, separator: &'a Node, values: &'a Node) -> Resolved {
        let separator = separator.text().unwrap_or_default();
        match self.resolve(values) {
            Resolved::List(values) => {
                let mut parts = Vec::with_capacity(2 * values.len());
                for (index, value) in values.into_iter().enumerate() {
                    if index > 0 {
                        parts.push(Resolved::Text(separator.to_owned()));
                    }
                    parts.push(value);
                }
                Resolved::joined(parts)
            }
            Resolved::Partly(Partly { why, .. }) => Resolved::unknown(why),
            _ => Resolved::unknown("Fn::Join has no list"),
        }
    }

    fn choose(&mut self, condition: &'a Node, yes: &'a Node, no: &'a Node) -> Resolved {
        let decided = match condition.text() {
            Some(name) => self.condition(name),
            None => Err("Fn::If does not name a condition".to_owned()),
        };
        match decided {
            Ok(true) => self.resolve(yes),
            Ok(false) => self.resolve(no),
            Err(why) => {
                let (yes, no) = (self.resolve(yes), self.resolve(no));
                if yes == no && yes.why_unknown().is_none() { yes } else { Resolved::unknown(why) }
            }
        }
    }

    fn select(&mut self, index: &'a Node, values: &'a Node) -> Resolved {
        let index = match self.resolve(index) {
            Resolved::Text(text) => text.parse::<usize>().ok(),
            _ => None,
        };
        let (Some(index), values) = (index, self.resolve(values)) else {
            return Resolved::unknown("the index of Fn::Select is not known");
        };
        match values {
            Resolved::List(mut values) if index < values.len() => values.swap_remove(index),
            Resolved::Partly(Partly { why, .. }) => Resolved::unknown(why),
            _ => Resolved::unknown(format!("Fn::Select: the list has no item {index}")),
        }
    }

    fn split(&mut self, separator: &'a Node, text: &'a Node) -> Resolved {
        let separator = separator.text().unwrap_or_default();
        match self.resolve(text) {
            Resolved::Text(text) if !separator.is_empty() => {
                Resolved::List(text.split(separator).map(|part| Resolved::Text(part.to_owned())).collect())
            }
            Resolved::Partly(Partly { why, .. }) => Resolved::unknown(why),
            _ => Resolved::unknown("Fn::Split has no text"),
        }
    }

    fn find(&mut self, map: &'a Node, first: &'a Node, second: &'a Node) -> Resolved {
        let mut keys = Vec::with_capacity(3);
        for key in [map, first, second] {
            match self.resolve(key) {
                Resolved::Text(key) => keys.push(key),
                other => return Resolved::unknown(other.why_unknown().unwrap_or("a key of Fn::FindInMap is not text")),
            }
        }
        let found = entry(self.template, "Mappings", &keys[0]).and_then(|(_, map)| map.get(&keys[1])?.get(&keys[2]));
        match found {
            Some(value) => self.resolve(value),
            None => Resolved::unknown(format!("the mapping {} has no {}.{}", keys[0], keys[1], keys[2])),
        }
    }

    /// Whether a condition of the template holds; else why that is not known.
    pub(crate) fn condition(&mut self, name: &str) -> Result<bool, String> {
        let Some((name, condition)) = entry(self.template, "Conditions", name) else {
            return Err(format!("{name} is not a condition of the template"));
        };
        if let Some(known) = self.conditions.get(name) {
            return known.clone();
        }
        // What a condition that refers to itself finds.
        self.conditions.insert(name, Err(format!("condition {name} refers to itself")));
        let holds = self.holds(condition).map_err(|why| format!("condition {name}: {why}"));
        self.conditions.insert(name, holds.clone());
        holds
    }

    fn holds(&mut self, condition: &'a Node) -> Result<bool, String> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err("its functions nest too much".to_owned());
        }
        let [(function, argument)] = condition.entries() else { return Err("it is not one function".to_owned()) };
        let arguments: &'a [Node] = match &argument.value {
            Value::List(items) => items,
            _ => &[],
        };
        match (&*function.value, arguments) {
            ("Condition", _) => self.condition(argument.text().unwrap_or_default()),
            ("Fn::Not", [one]) => self.holds(one).map(|holds| !holds),
            ("Fn::And", all) => self.together(all, false),
            ("Fn::Or", all) => self.together(all, true),
            ("Fn::Equals", [a, b]) => match (self.resolve(a), self.resolve(b)) {
                (Resolved::Text(a), Resolved::Text(b)) => Ok(a == b),
                (a, b) => match a.why_unknown().or(b.why_unknown()) {
                    Some(why) => Err(why.to_owned()),
                    None => Ok(a == b),
                },
            },
            (function, _) => Err(format!("{function} is not resolved")),
        }
    }

    /// Fn::Or (decided by one that holds) and Fn::And (by one that does not).
    fn together(&mut self, all: &'a [Node], decisive: bool) -> Result<bool, String> {
        let mut open = None;
        for one in all {
            match self.holds(one) {
                Ok(holds) if holds == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(why) => open = open.or(Some(why)),
            }
        }
        open.map_or(Ok(!decisive), Err)
    }
}

/// A text as CloudFormation takes it: dynamic references are read at deployment.
fn plain(text: &str) -> Resolved {
    if text.len() > LONGEST {
        return Resolved::unknown("the text is too long");
    }
    match text.split_once("{{resolve:") {
        Some((before, _)) => Resolved::Partly(Partly {
            prefix: before.to_owned(),
            suffix: String::new(),
            why: "a dynamic reference ({{resolve:…}}) is read at deployment".to_owned(),
        }),
        None => Resolved::Text(text.to_owned()),
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// An entry of a section of the template, with its key as the template holds it.
fn entry<'a>(template: &'a Node, section: &str, name: &str) -> Option<(&'a str, &'a Node)> {
    let (key, value) = template.get(section)?.entries().iter().find(|(key, _)| key.value == name)?;
    Some((&key.value, value))
}

pub(crate) fn is_role(resource: &Node) -> bool {
    resource.get("Type").and_then(Node::text) == Some("AWS::IAM::Role")
}
