//! `lint --role-patterns`: whether the stack lets the function assume the roles that the inventory needs.

use wildmatch::WildMatch;

use crate::inventory::{Filter, Inventory, RoleArn};
use crate::plan::Plan;

/// How many roles an error names.
const MOST_NAMED: usize = 20;

/// A pattern of RolePatterns: an IAM resource with `*` and `?`.
#[derive(Debug, Clone)]
pub(super) struct ArnPattern(WildMatch);

/// A text that names no role.
#[derive(Debug, thiserror::Error)]
#[error("not the ARN of a role, such as arn:aws:iam::111111111111:role/pipeline/*")]
pub(super) struct NotAPattern;

impl ArnPattern {
    /// Reads one pattern, in which the account and the name may have wildcards.
    pub(super) fn parse(text: &str) -> Result<Self, NotAPattern> {
        let pattern = text.trim();
        let is_role = pattern.starts_with("arn:aws") && pattern.contains(":iam::") && pattern.contains(":role/");
        match is_role {
            true => Ok(Self(WildMatch::new(pattern))),
            false => Err(NotAPattern),
        }
    }
}

/// The roles of the inventory that the function could not assume, as an error; `None`: the patterns name all of them.
pub(super) fn not_covered(inventory: &Inventory, filter: &Filter, patterns: &[ArnPattern]) -> Option<String> {
    let jobs = filter.select(inventory).unwrap_or_default();
    let plan = Plan::new(inventory, &jobs);
    let needed = plan.assumed_by_the_checker();
    let is_covered = |role: &RoleArn| patterns.iter().any(|pattern| pattern.0.matches(role.as_str()));
    let missing: Vec<&RoleArn> = needed.iter().copied().filter(|role| !is_covered(role)).collect();
    if missing.is_empty() {
        return None;
    }
    let mut lines = vec![format!(
        "error: RolePatterns does not name {} of {} roles that the function assumes itself:",
        missing.len(),
        needed.len()
    )];
    lines.extend(missing.iter().take(MOST_NAMED).map(|role| format!("  {role}")));
    if missing.len() > MOST_NAMED {
        lines.push(format!("  and {} more", missing.len() - MOST_NAMED));
    }
    lines.push("Add them to the parameter RolePatterns of the stack. Nothing was checked.".to_owned());
    Some(lines.join("\n"))
}
