//! Inventories from files that people have: one module for each kind, behind the trait `Importer`. Each reads its files
//! into drafts of jobs, which are checked by the rules of an inventory, with places in the imported file.
//!
//! What a file does not state is not guessed: it is in `not_imported`, with what to do about it.

pub mod aws_config;
mod aws_profiles;
pub mod cloudformation;
pub mod cloudtrail;
mod draft;
mod expression;
mod gather;
pub mod github_workflow;
mod importer;
mod measured;
pub mod terraform_plan;
mod text_change;
mod variables;
mod workload;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use aws_profiles::AwsProfiles;
pub use importer::{Importer, NotRead};
pub use text_change::TextChange;
pub use variables::Variables;

use crate::inventory::diagnostic::Place;
use crate::inventory::{Comments, Diagnostic, Inventory, Job, JobName, Location, Refresh, RoleArn};
use draft::{Draft, DraftHop, DraftRole};
use gather::{gather, tidy};

/// The comment of a job whose refresh is not known.
const NO_REFRESH_SEEN: &str =
    "no record shows the refresh: SDKs renew a platform's credentials; write `none` if the job copies them";

/// An inventory made of other files, and what is to be said of it.
#[derive(Debug, Default)]
pub struct Imported {
    /// What could be imported; without a job where nothing could.
    pub inventory: Inventory,
    /// What is written beside it.
    pub comments: Comments,
    /// What could not be imported, and why: nothing is known of it, and it must not look healthy.
    pub not_imported: Vec<Diagnostic>,
    /// What people should know of what was imported.
    pub notes: Vec<Diagnostic>,
    /// The roles whose ARNs are not known: their jobs can be judged, and cannot be written into an inventory.
    pub unknown_roles: Vec<Diagnostic>,
    /// Other files that were read for the jobs: the actions and workflows of the same repository.
    pub used: Vec<github_workflow::Workflow>,
    /// The jobs with one login alone, so that a length of the whole job is the length of its credentials' use.
    pub single_logins: BTreeSet<JobName>,
}

impl Imported {
    /// What an inventory can hold: jobs with a role whose ARN is not known count as not imported. A refresh that is
    /// not known is written as SDKs do it, with a comment.
    #[must_use]
    pub fn writable(mut self) -> Self {
        let known = |job: &Job| job.path.iter().all(|hop| hop.role.arn().is_some());
        self.inventory.jobs.retain(known);
        for job in self.inventory.jobs.iter_mut().filter(|job| job.refresh == Refresh::NotKnown) {
            job.refresh = Refresh::Auto;
            let comments = self.comments.jobs.entry(job.name.to_string()).or_default();
            comments.above.push(NO_REFRESH_SEEN.to_owned());
        }
        self.not_imported.append(&mut self.unknown_roles);
        tidy(&mut self.not_imported);
        let assumed: BTreeSet<&RoleArn> =
            self.inventory.jobs.iter().flat_map(|job| job.path.iter().filter_map(|hop| hop.role.arn())).collect();
        self.inventory.roles.retain(|arn, _| assumed.contains(arn));
        self
    }

    /// The inventory as YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        self.inventory.to_yaml(&self.comments)
    }
}

fn locate(place: Place, files: &[Arc<str>]) -> Location {
    let file = files.get(place.file).cloned().unwrap_or_default();
    Location { file, line: place.line, column: place.column }
}
