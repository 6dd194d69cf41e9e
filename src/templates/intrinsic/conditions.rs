//! Conditions of a template: owns whether one holds in a deployment.

use super::{MOST_STEPS, Resolver, argument_list, entry};
use crate::inventory::yaml::Node;
use crate::templates::Resolved;
use crate::templates::unresolved::Unresolved;

impl<'a> Resolver<'a> {
    /// Whether a condition of the template holds; else why that is not known.
    pub(crate) fn condition(&mut self, name: &str) -> Result<bool, Unresolved> {
        let Some((name, condition)) = entry(self.template, "Conditions", name) else {
            return Err(Unresolved::NoSuchCondition(name.to_owned()));
        };
        if let Some(known) = self.conditions.get(name) {
            return known.clone();
        }
        // The answer for a condition that refers to itself.
        self.conditions.insert(name, Err(Unresolved::ConditionCircle(name.to_owned())));
        let holds = self.holds(condition);
        let holds = holds.map_err(|why| Unresolved::Condition { name: name.to_owned(), why: Box::new(why) });
        self.conditions.insert(name, holds.clone());
        holds
    }

    fn holds(&mut self, condition: &'a Node) -> Result<bool, Unresolved> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Unresolved::TooDeep);
        }
        let [(function, argument)] = condition.entries() else {
            return Err(Unresolved::Malformed("it is not one function"));
        };
        match (&*function.value, argument_list(argument)) {
            ("Condition", _) => self.condition(argument.text().unwrap_or_default()),
            ("Fn::Not", [one]) => self.holds(one).map(|holds| !holds),
            ("Fn::And", all) => self.combined(all, false),
            ("Fn::Or", all) => self.combined(all, true),
            ("Fn::Equals", [a, b]) => match (self.resolve(a), self.resolve(b)) {
                (Resolved::Text(a), Resolved::Text(b)) => Ok(a == b),
                (a, b) => match a.why_unknown().or(b.why_unknown()) {
                    Some(why) => Err(why.clone()),
                    None => Ok(a == b),
                },
            },
            (function, _) => Err(Unresolved::Function(function.to_owned())),
        }
    }

    /// Fn::Or (decided by one that holds) and Fn::And (by one that does not).
    fn combined(&mut self, all: &'a [Node], decisive: bool) -> Result<bool, Unresolved> {
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
