//! Roles as they will be: what CloudFormation templates and Terraform plans say of the inventory's roles before anything
//! is deployed.
//!
//! `files` reads them, `tree` parses YAML with its tags, `intrinsic` resolves CloudFormation's functions, `cloudformation` and
//! `terraform_plan` find the roles of a file, `matching` finds the inventory's roles among them, `policy` reads and judges
//! a trust policy. What cannot be resolved is a value of its own, with the reason; nothing is guessed. Knows nothing of
//! jobs that are too long.

#[cfg(feature = "cli")]
mod cloudformation;
#[cfg(feature = "cli")]
mod files;
#[cfg(feature = "cli")]
mod intrinsic;
#[cfg(feature = "cli")]
mod matching;
pub mod policy;
mod resolved;
#[cfg(feature = "cli")]
mod terraform_plan;
#[cfg(feature = "cli")]
mod tree;

use std::collections::BTreeMap;

#[cfg(feature = "cli")]
pub use files::{Files, Given};
pub use resolved::{Partly, Resolved};

use crate::inventory::{RoleArn, Seconds};
use policy::Trust;

/// A setting of a role as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting<T> {
    /// The file says it.
    Known(T),
    /// The file does not say it before it is deployed: why.
    Unknown(String),
}

/// What the files say of one role of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRole {
    /// Where: the file, the line or the address, the role's name there.
    pub from: String,
    /// Its MaxSessionDuration; the hour that IAM takes where the file leaves it out.
    pub max_session: Setting<Seconds>,
    /// Where the MaxSessionDuration comes from.
    pub max_session_from: String,
    /// Its trust policy.
    pub trust: Setting<Trust>,
    /// Where the trust policy comes from.
    pub trust_from: String,
    /// The plan deletes it.
    pub deleted: bool,
    /// Which account the file is for is not known, and that leaves the settings open.
    pub account_open: bool,
    /// Its address in the Terraform configuration, where a plan tells of it: that is where it is changed, not the plan.
    pub terraform: Option<String>,
}

/// Something that the files could not tell, or that a person should know of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The role of the inventory that is meant.
    pub role: Option<RoleArn>,
    /// Where in the files.
    pub from: String,
    /// What, and why.
    pub text: String,
}

/// What the files say of the inventory's roles. `Planned::default()`: no file was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// The files' names.
    pub files: Vec<String>,
    /// How many roles the files define or delete.
    pub defined: usize,
    /// The roles of the inventory that the files define or delete.
    pub roles: BTreeMap<RoleArn, PlannedRole>,
    /// What could not be told.
    pub notes: Vec<Note>,
}

impl Planned {
    /// The role's MaxSessionDuration as the files have it; `None`: they do not have the role.
    #[must_use]
    pub fn max_session(&self, role: &RoleArn) -> Option<&Setting<Seconds>> {
        self.roles.get(role).filter(|role| !role.deleted).map(|role| &role.max_session)
    }
}
