//! Intrinsic functions with a value: owns the result of each for its arguments.

use super::{MOST_STEPS, Resolver, argument_list, entry};
use crate::inventory::yaml::Node;
use crate::templates::unresolved::Unresolved;
use crate::templates::{Partly, Resolved};

const fn malformed(what: &'static str) -> Unresolved {
    Unresolved::Malformed(what)
}

impl<'a> Resolver<'a> {
    pub(super) fn call(&mut self, function: &str, argument: &'a Node) -> Resolved {
        let arguments = argument_list(argument);
        match (function, arguments) {
            ("Ref", _) => match argument.text() {
                Some(name) => self.reference(name),
                None => Resolved::unknown(malformed("Ref names nothing")),
            },
            ("Fn::GetAtt", _) => self.attribute(argument, arguments),
            ("Fn::Sub", []) => match argument.text() {
                Some(text) => self.substitute(text, None),
                None => Resolved::unknown(malformed("Fn::Sub has no text")),
            },
            ("Fn::Sub", [text, values]) => match text.text() {
                Some(text) => self.substitute(text, Some(values)),
                None => Resolved::unknown(malformed("Fn::Sub has no text")),
            },
            ("Fn::Join", [separator, values]) => self.join(separator, values),
            ("Fn::If", [condition, yes, no]) => self.choose(condition, yes, no, None),
            ("Fn::Select", [index, values]) => self.select(index, values),
            ("Fn::Split", [separator, text]) => self.split(separator, text),
            ("Fn::FindInMap", [map, first, second, options @ ..]) => {
                let default = options.first().and_then(|options| options.get("DefaultValue"));
                self.find([map, first, second], default)
            }
            ("Fn::ImportValue", _) => Resolved::unknown(Unresolved::Import),
            _ => Resolved::unknown(Unresolved::Function(function.to_owned())),
        }
    }

    fn attribute(&mut self, argument: &'a Node, arguments: &'a [Node]) -> Resolved {
        let (id, attribute) = match (argument.text(), arguments) {
            (Some(text), _) => text.split_once('.').unwrap_or((text, "")),
            (None, [id, attribute]) => (id.text().unwrap_or_default(), attribute.text().unwrap_or_default()),
            _ => return Resolved::unknown(malformed("Fn::GetAtt names nothing")),
        };
        self.attribute_of(id, attribute)
    }

    fn substitute(&mut self, text: &str, values: Option<&'a Node>) -> Resolved {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(Resolved::Text(before.to_owned()));
            let Some((name, after)) = after.split_once('}') else {
                return Resolved::unknown(malformed("Fn::Sub has `${` without `}`"));
            };
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return Resolved::unknown(Unresolved::TooDeep);
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
            _ => Resolved::unknown(malformed("Fn::Join has no list")),
        }
    }

    /// Fn::If. AWS::NoValue stands for `absent` where the value is a property whose default is known. If the condition
    /// is open, both branches must agree.
    pub(super) fn choose(
        &mut self,
        condition: &'a Node,
        yes: &'a Node,
        no: &'a Node,
        absent: Option<&Resolved>,
    ) -> Resolved {
        let decided = match condition.text() {
            Some(name) => self.condition(name),
            None => Err(malformed("Fn::If does not name a condition")),
        };
        let mut branch = |node| match absent {
            Some(absent) => self.resolve_or(node, absent),
            None => self.resolve(node),
        };
        match decided {
            Ok(true) => branch(yes),
            Ok(false) => branch(no),
            Err(why) => {
                let (yes, no) = (branch(yes), branch(no));
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
            return Resolved::unknown(malformed("the index of Fn::Select is not known"));
        };
        match values {
            Resolved::List(mut values) if index < values.len() => values.swap_remove(index),
            Resolved::Partly(Partly { why, .. }) => Resolved::unknown(why),
            _ => Resolved::unknown(Unresolved::NoItem(index)),
        }
    }

    fn split(&mut self, separator: &'a Node, text: &'a Node) -> Resolved {
        let separator = separator.text().unwrap_or_default();
        match self.resolve(text) {
            Resolved::Text(text) if !separator.is_empty() => {
                Resolved::List(text.split(separator).map(|part| Resolved::Text(part.to_owned())).collect())
            }
            Resolved::Partly(Partly { why, .. }) => Resolved::unknown(why),
            _ => Resolved::unknown(malformed("Fn::Split has no text")),
        }
    }

    /// Fn::FindInMap; `default` is its DefaultValue, which counts where the mapping has no such entry.
    fn find(&mut self, keys: [&'a Node; 3], default: Option<&'a Node>) -> Resolved {
        let mut texts = Vec::with_capacity(3);
        for key in keys {
            match self.resolve(key) {
                Resolved::Text(key) => texts.push(key),
                other => {
                    let why = other.why_unknown().cloned();
                    return Resolved::unknown(why.unwrap_or(malformed("a key of Fn::FindInMap is not text")));
                }
            }
        }
        let [map, first, second] = &texts[..] else {
            return Resolved::unknown(malformed("Fn::FindInMap has no three keys"));
        };
        let found = entry(self.template, "Mappings", map).and_then(|(_, map)| map.get(first)?.get(second));
        match found.or(default) {
            Some(value) => self.resolve(value),
            None => Resolved::unknown(Unresolved::NotInMapping {
                map: map.clone(),
                first: first.clone(),
                second: second.clone(),
            }),
        }
    }
}
