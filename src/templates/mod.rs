//! Planned infrastructure: the roles of the inventory as CloudFormation templates and Terraform plans define them,
//! before the deployment.
//!
//! `files` reads them, `tree` parses YAML with its tags, `intrinsic` resolves CloudFormation's functions,
//! `cloudformation` and `terraform_plan` find the roles of a file, `matching` compares them with the inventory's,
//! `policy` reads and judges a trust policy. A value that cannot be resolved is `Unresolved`, with the reason; nothing
//! is guessed.

#[cfg(feature = "cli")]
pub(crate) mod cloudformation;
#[cfg(feature = "cli")]
pub(crate) mod files;
#[cfg(feature = "cli")]
pub(crate) mod intrinsic;
#[cfg(feature = "cli")]
mod matching;
pub mod policy;
mod resolved;
#[cfg(feature = "cli")]
pub(crate) mod terraform_plan;
#[cfg(feature = "cli")]
mod tree;
mod unresolved;

use std::collections::BTreeMap;

#[cfg(feature = "cli")]
pub use files::{GivenValues, TemplateFiles};
pub use resolved::{Partly, Resolved};
pub use unresolved::Unresolved;

#[cfg(feature = "cli")]
use crate::inventory::InlineWaiver;
use crate::inventory::{RoleArn, Seconds};
use policy::Trust;

/// A setting of a planned role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedSetting<T> {
    /// The file has it.
    Known(T),
    /// It is not known before the deployment: why.
    Unknown(Unresolved),
}

/// A role of the inventory as the files define it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRole {
    /// The file, with the line or the address, and the role's name there.
    pub from: String,
    /// Its MaxSessionDuration; IAM's default of an hour where the file leaves it out.
    pub max_session: PlannedSetting<Seconds>,
    /// Where the MaxSessionDuration comes from.
    pub max_session_from: String,
    /// The parameter of the template that is its MaxSessionDuration.
    pub max_session_parameter: Option<PlannedParameter>,
    /// Its trust policy.
    pub trust: PlannedSetting<Trust>,
    /// Where the trust policy comes from.
    pub trust_from: String,
    /// The plan deletes it.
    pub deleted: bool,
    /// Its address in the Terraform configuration, where a plan defines it: the configuration is what people change.
    pub terraform: Option<String>,
    /// The comments of the template that waive findings about the role.
    #[cfg(feature = "cli")]
    pub waivers: Vec<InlineWaiver>,
}

/// A parameter of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedParameter {
    /// Its name.
    pub name: String,
    /// The file and the line that declare it.
    pub from: String,
}

/// Something that the files leave open, or that a person should know of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The role of the inventory that the note is about.
    pub role: Option<RoleArn>,
    /// Where in the files.
    pub from: String,
    /// The note itself.
    pub text: String,
}

/// The inventory's roles as the files define them. `Planned::default()`: no file was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// The files' names.
    pub files: Vec<String>,
    /// How many roles the files define or delete.
    pub defined: usize,
    /// The roles of the inventory that the files define or delete.
    pub roles: BTreeMap<RoleArn, PlannedRole>,
    /// The notes about the files and about roles that were not found in them.
    pub notes: Vec<Note>,
}

impl Planned {
    /// The role's MaxSessionDuration as the files have it; `None`: they do not have the role.
    #[must_use]
    pub fn max_session(&self, role: &RoleArn) -> Option<&PlannedSetting<Seconds>> {
        self.roles.get(role).filter(|role| !role.deleted).map(|role| &role.max_session)
    }
}
