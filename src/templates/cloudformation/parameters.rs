//! The parameters of a template: owns whether their values are ones that CloudFormation accepts.

use std::collections::BTreeMap;

use super::Template;
use super::unread::Unread;
use crate::inventory::yaml::{Node, Value};

impl Template {
    /// The parameters that it declares.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.root.get("Parameters").into_iter().flat_map(Node::entries).map(|(name, _)| name.value.as_str())
    }

    /// The parameters whose value CloudFormation would refuse, with the reason.
    pub(crate) fn refused_parameters(&self, given: &BTreeMap<String, String>) -> Vec<Unread> {
        let declared = self.root.get("Parameters").into_iter().flat_map(Node::entries);
        let mut refused = Vec::new();
        for (name, parameter) in declared {
            let kind = parameter.get("Type").and_then(Node::text).unwrap_or("String");
            let given = given.get(&name.value).map(String::as_str);
            let Some(value) = given.or_else(|| parameter.get("Default").and_then(Node::text)) else { continue };
            let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
            let items: Vec<&str> = if is_list { value.split(',').map(str::trim).collect() } else { vec![value] };
            if kind.starts_with("AWS::SSM::") {
                continue;
            }
            let number = matches!(kind, "Number" | "List<Number>");
            let is_secret = parameter.get("NoEcho").and_then(Node::text) == Some("true");
            if let Some((item, why)) = items.iter().find_map(|item| Some((item, refusal(parameter, number, item)?))) {
                let from = format!("{}:{}", self.file, name.place.line);
                let item = if is_secret { "***" } else { item };
                let text = format!(
                    "the value `{item}` of parameter {} {why}: CloudFormation refuses the deployment",
                    name.value
                );
                refused.push((from, text));
            }
        }
        refused
    }
}

/// Why CloudFormation refuses a value; `None`: it accepts the value. AllowedPattern is not tested.
fn refusal(parameter: &Node, number: bool, value: &str) -> Option<String> {
    if let Some(Node { value: Value::List(allowed), .. }) = parameter.get("AllowedValues")
        && !allowed.iter().any(|item| item.text() == Some(value))
    {
        let shown: Vec<&str> = allowed.iter().filter_map(Node::text).take(10).collect();
        return Some(format!("is not one of its AllowedValues ({})", shown.join(", ")));
    }
    let parsed = value.trim().parse::<f64>().ok();
    if number && parsed.is_none() {
        return Some("is not a number".to_owned());
    }
    let bound = |key: &str| parameter.get(key).and_then(Node::text).and_then(|text| text.parse::<f64>().ok());
    #[expect(clippy::cast_precision_loss, reason = "parameters have at most 4096 characters")]
    let size = if number { parsed? } else { value.chars().count() as f64 };
    let (least, most) = if number { ("MinValue", "MaxValue") } else { ("MinLength", "MaxLength") };
    if bound(least).is_some_and(|bound| size < bound) {
        return Some(format!("is below its {least}"));
    }
    bound(most).is_some_and(|bound| size > bound).then(|| format!("is above its {most}"))
}
