//! Inventories from what people have already: one file a kind. Each reads its kind into drafts of jobs with places in the
//! imported file; `inventory::validate` checks them like any other, so that a limit is told with its place.
//!
//! What a file does not say is not guessed: it is in `not_imported`, with what to do about it. Judges nothing.

pub mod aws_config;
pub mod github_workflow;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use variables::Variables;

use crate::inventory::problem::{Place, Placed};
use crate::inventory::{
    Comments, Inventory, JobComments, Location, Refresh, Remark, Role, RoleArn, Seconds, Source, raw,
};

/// An inventory made of other files, and what is to be said of it.
#[derive(Debug, Default)]
pub struct Imported {
    /// What could be imported; without a job where nothing could.
    pub inventory: Inventory,
    /// What is written beside it.
    pub comments: Comments,
    /// What could not be imported, and why: nothing is known of it, and it must not look healthy.
    pub not_imported: Vec<Remark>,
    /// What people should know of what was imported.
    pub notes: Vec<Remark>,
}

impl Imported {
    /// The inventory as YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        self.inventory.to_yaml(&self.comments)
    }
}

/// A job as the imported file declares it.
struct Draft {
    name: String,
    place: Place,
    length: Placed<Seconds>,
    source: Source,
    hops: Vec<DraftHop>,
    refresh: Refresh,
    comments: JobComments,
}

/// A hop, and what the file says of its role.
#[derive(Debug, Clone)]
struct DraftHop {
    role: Placed<String>,
    duration: Option<Placed<Seconds>>,
    external_id: Option<Placed<String>>,
    session_name: Option<Placed<String>>,
}

impl Draft {
    /// The inventory of this job alone.
    fn check(self, files: &[Arc<str>]) -> Result<(Inventory, JobComments), Vec<Remark>> {
        let mut roles: Vec<(Placed<String>, raw::Role)> = Vec::new();
        let mut described = BTreeSet::new();
        let mut path = Vec::with_capacity(self.hops.len());
        for (index, hop) in self.hops.into_iter().enumerate() {
            // No alias is meant in such a file, so what is no ARN is told to be none.
            let detailed = hop.external_id.is_some() || hop.session_name.is_some();
            if detailed && described.insert(hop.role.value.clone()) {
                let alias = Placed { value: format!("role {index}"), place: hop.role.place };
                let role = raw::Role {
                    arn: Some(hop.role.clone()),
                    external_id: hop.external_id,
                    session_name: hop.session_name,
                    ..raw::Role::default()
                };
                roles.push((alias, role));
            }
            RoleArn::parse(&hop.role.value).map_err(|wrong| {
                let location = locate(hop.role.place, files);
                vec![Remark { location, message: wrong.message, help: wrong.help }]
            })?;
            path.push(raw::Hop { role: Some(hop.role), duration: hop.duration });
        }
        let job = raw::Job {
            place: self.place,
            name: Some(Placed { value: self.name, place: self.place }),
            length: Some(self.length),
            source: Some(Placed { value: self.source, place: self.place }),
            path: Some(Placed { value: path, place: self.place }),
            refresh: Some(self.refresh),
            ..raw::Job::default()
        };
        let document = raw::Document { roles, jobs: vec![job], ..raw::Document::default() };
        Ok((Inventory::from_document(document, files)?, self.comments))
    }
}

fn locate(place: Place, files: &[Arc<str>]) -> Location {
    let file = files.get(place.file).cloned().unwrap_or_default();
    Location { file, line: place.line, column: place.column }
}

/// Checks the drafts one by one, so that a bad one spoils no other, and makes one inventory of the good ones.
fn gather(drafts: Vec<Draft>, files: &[Arc<str>], imported: &mut Imported) {
    let mut names = BTreeSet::new();
    for mut draft in drafts {
        draft.name = free(&draft.name, &mut names);
        match draft.check(files) {
            Err(problems) => imported.not_imported.extend(problems),
            Ok((mut one, comments)) => {
                for job in one.jobs {
                    imported.comments.jobs.insert(job.name.clone(), comments.clone());
                    imported.inventory.jobs.push(job);
                }
                for (arn, role) in std::mem::take(&mut one.roles) {
                    merge(&mut imported.inventory.roles, arn, role, &mut imported.notes);
                }
            }
        }
    }
    name_roles(&mut imported.inventory.roles);
    imported.inventory.sha256 = crate::inventory::digest(&imported.to_yaml());
    tidy(&mut imported.not_imported);
    tidy(&mut imported.notes);
}

/// The name, with a number where it is taken.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 1;
    while !taken.insert(free.clone()) {
        number += 1;
        free = format!("{name}-{number}");
    }
    free
}

/// One entry a role: what two jobs say differently of it is neither's.
fn merge(roles: &mut BTreeMap<RoleArn, Role>, arn: RoleArn, role: Role, notes: &mut Vec<Remark>) {
    let Some(known) = roles.get_mut(&arn) else {
        roles.insert(arn, role);
        return;
    };
    let at = role.location.clone().or_else(|| known.location.clone()).unwrap_or_default();
    for (field, other, what) in [
        (&mut known.external_id, role.external_id, "external ID"),
        (&mut known.session_name, role.session_name, "session name"),
    ] {
        match (&*field, other) {
            (Some(one), Some(another)) if *one != another => {
                *field = None;
                notes.push(Remark {
                    location: at.clone(),
                    message: format!("{arn} is assumed with more than one {what}: none is written"),
                    help: "write the one that its trust policy asks for under `roles:`".to_owned(),
                });
            }
            (None, Some(another)) => *field = Some(another),
            _ => {}
        }
    }
    known.alias = known.alias.take().or(role.alias);
    known.location = known.location.take().or(role.location);
}

/// An alias for each role of which something is declared: its name, with the account where two accounts share it.
fn name_roles(roles: &mut BTreeMap<RoleArn, Role>) {
    let mut taken = BTreeSet::new();
    for role in roles.values_mut() {
        role.alias = (role.external_id.is_some() || role.session_name.is_some()).then(|| {
            let name = role.arn.name();
            let with_account = format!("{name}-{}", role.arn.account());
            free(if taken.contains(name) { &with_account } else { name }, &mut taken)
        });
    }
}

/// Each once, in the order of the files.
fn tidy(remarks: &mut Vec<Remark>) {
    let key = |remark: &Remark| {
        let Location { file, line, column } = &remark.location;
        (file.clone(), *line, *column, remark.message.clone())
    };
    remarks.sort_by_key(key);
    remarks.dedup();
}
