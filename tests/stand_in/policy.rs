//! Permission policies: statements, wildcards, and the session policies of callers. Has no knowledge of principals.

use serde_json::{Map, Value};

use super::errors::Problem;

/// The decision of a policy about one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it, which overrides all others.
    Denied,
}

#[derive(Clone, Debug, Default)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    actions: Patterns,
    resources: Patterns,
    /// Conditions are not evaluated: a statement with a condition never allows and always denies.
    conditional: bool,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug)]
struct Patterns {
    patterns: Vec<String>,
    negated: bool,
}

impl Patterns {
    fn one(pattern: &str) -> Patterns {
        Patterns { patterns: vec![pattern.to_owned()], negated: false }
    }

    fn cover(&self, text: &str, ignore_case: bool) -> bool {
        let any = self.patterns.iter().any(|pattern| {
            if ignore_case {
                matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
            } else {
                matches(pattern, text)
            }
        });
        any != self.negated
    }
}

impl Policy {
    pub fn allow(&mut self, action: &str, resource: &str) {
        self.add(true, action, resource);
    }

    pub fn deny(&mut self, action: &str, resource: &str) {
        self.add(false, action, resource);
    }

    pub fn add_all(&mut self, other: &Policy) {
        self.statements.extend(other.statements.iter().cloned());
    }

    fn add(&mut self, allow: bool, action: &str, resource: &str) {
        let (actions, resources) = (Patterns::one(action), Patterns::one(resource));
        self.statements.push(Statement { allow, actions, resources, conditional: false });
    }

    /// `action` is in the form `sts:AssumeRole`. AWS ignores case in actions but not in resources.
    pub fn decide(&self, action: &str, resource: &str) -> Decision {
        let about = |statement: &&Statement| {
            statement.actions.cover(action, true) && statement.resources.cover(resource, false)
        };
        let mut decision = Decision::NotAllowed;
        for statement in self.statements.iter().filter(about) {
            match (statement.allow, statement.conditional) {
                (false, _) => return Decision::Denied,
                (true, false) => decision = Decision::Allowed,
                (true, true) => {}
            }
        }
        decision
    }

    /// A session policy as sent. An unknown element is refused, as in AWS.
    pub fn parse(text: &str) -> Result<Policy, Problem> {
        let document: Value = serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
        let document = document.as_object().ok_or_else(|| malformed("This policy contains invalid Json"))?;
        for (element, value) in document {
            let good = match element.as_str() {
                "Version" => value == "2012-10-17" || value == "2008-10-17",
                "Id" => value.is_string(),
                "Statement" => true,
                _ => false,
            };
            if !good {
                return Err(malformed("Syntax errors in policy."));
            }
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(malformed("Syntax errors in policy.")),
        };
        let statements = statements.into_iter().map(statement).collect::<Result<_, _>>()?;
        Ok(Policy { statements })
    }
}

fn malformed(message: &str) -> Problem {
    Problem::new(400, "MalformedPolicyDocument", message)
}

fn statement(value: &Value) -> Result<Statement, Problem> {
    let syntax = || malformed("Syntax errors in policy.");
    let elements = value.as_object().ok_or_else(syntax)?;
    const KNOWN: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    if elements.keys().any(|element| !KNOWN.contains(&element.as_str())) {
        return Err(syntax());
    }
    let allow = match elements.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(syntax()),
    };
    let actions = patterns(elements, "Action", "NotAction")?;
    if actions.patterns.iter().any(|action| action != "*" && !action.contains(':')) {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    }
    let resources = patterns(elements, "Resource", "NotResource")?;
    if let Some(resource) =
        resources.patterns.iter().find(|resource| *resource != "*" && resource.splitn(6, ':').count() < 6)
    {
        return Err(malformed(&format!("Resource {resource} must be in ARN format or \"*\".")));
    }
    Ok(Statement { allow, actions, resources, conditional: elements.contains_key("Condition") })
}

/// Exactly one of the two elements: a string or a list of strings.
fn patterns(elements: &Map<String, Value>, plain: &str, negated: &str) -> Result<Patterns, Problem> {
    let syntax = || malformed("Syntax errors in policy.");
    let (value, negated) = match (elements.get(plain), elements.get(negated)) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        _ => return Err(syntax()),
    };
    let patterns = match value {
        Value::String(pattern) => vec![pattern.clone()],
        Value::Array(list) if !list.is_empty() => {
            list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(syntax)?
        }
        _ => return Err(syntax()),
    };
    Ok(Patterns { patterns, negated })
}

/// `*` matches any text and `?` matches one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // The position of the last `*`, and the length of its match.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}
