//! Globs of filters and waivers: owns what they match. `*` matches any run of characters, `?` one.

use std::fmt;

use wildmatch::WildMatch;

use super::{Inventory, Job, Role, RoleRef};
use crate::visible;

/// A glob that matches a role by its alias or its ARN.
#[derive(Debug, Clone)]
pub struct RolePattern(WildMatch);

impl RolePattern {
    /// Reads a glob.
    #[must_use]
    pub fn new(glob: &str) -> Self {
        Self(WildMatch::new(glob))
    }

    /// Whether it matches the role, by its ARN or by the alias that it is declared with.
    #[must_use]
    pub fn matches(&self, role: &RoleRef, declared: Option<&Role>) -> bool {
        let alias = declared.and_then(|declared| declared.alias.as_deref());
        self.0.matches(role.as_str()) || alias.is_some_and(|alias| self.0.matches(alias))
    }
}

/// Which jobs a run is about: any of the job globs and any of the role globs; no glob of a kind means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    jobs: Vec<(String, WildMatch)>,
    roles: Vec<(String, RolePattern)>,
}

/// The globs of a filter that match nothing: most likely a typing error, so nothing is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingMatches(Vec<String>);

impl fmt::Display for NothingMatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no job of the inventory matches {}", visible::line(&self.0.join(" and ")))
    }
}

impl std::error::Error for NothingMatches {}

impl Filter {
    /// Makes a filter of globs.
    #[must_use]
    pub fn new(jobs: &[String], roles: &[String]) -> Self {
        Self {
            jobs: jobs.iter().map(|glob| (glob.clone(), WildMatch::new(glob))).collect(),
            roles: roles.iter().map(|glob| (glob.clone(), RolePattern::new(glob))).collect(),
        }
    }

    /// Whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.roles.is_empty()
    }

    /// Whether the job globs match a name.
    #[must_use]
    pub fn matches_name(&self, name: &str) -> bool {
        self.jobs.is_empty() || self.jobs.iter().any(|(_, glob)| glob.matches(name))
    }

    /// The jobs it lets through, in the inventory's order.
    ///
    /// # Errors
    /// When that is none.
    pub fn select<'a>(&self, inventory: &'a Inventory) -> Result<Vec<&'a Job>, NothingMatches> {
        let has_role = |job: &Job| {
            let role_matches = |role: &RoleRef| {
                let declared = inventory.declared_for(job, role);
                self.roles.iter().any(|(_, pattern)| pattern.matches(role, declared))
            };
            self.roles.is_empty() || job.path.iter().any(|hop| role_matches(&hop.role))
        };
        let has_name = |job: &Job| self.matches_name(&job.name);
        let selected: Vec<&Job> = inventory.jobs.iter().filter(|job| has_name(job) && has_role(job)).collect();
        if selected.is_empty() {
            let jobs = self.jobs.iter().map(|(glob, _)| format!("job `{glob}`"));
            return Err(NothingMatches(
                jobs.chain(self.roles.iter().map(|(glob, _)| format!("role `{glob}`"))).collect(),
            ));
        }
        Ok(selected)
    }
}
