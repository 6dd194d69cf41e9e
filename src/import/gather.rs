//! One inventory of many drafts: names that are unique, and what several jobs say of one role.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::{Checked, Draft};
use super::{Imported, locate};
use crate::inventory::{Diagnostic, Location, Role, RoleArn};

/// Checks the drafts one by one, so that a bad one spoils no other, and makes one inventory of the good ones.
pub(super) fn gather(drafts: Vec<Draft>, files: &[Arc<str>], imported: &mut Imported) {
    let mut names = BTreeSet::new();
    let mut said: BTreeMap<RoleArn, Vec<Option<Role>>> = BTreeMap::new();
    for mut draft in drafts {
        draft.name = free(&on_one_line(&draft, files, &mut imported.notes), &mut names);
        if draft.single_login {
            imported.single_logins.insert(draft.name.as_str().into());
        }
        match draft.check(files) {
            Err(problems) => imported.not_imported.extend(problems),
            Ok(Checked { inventory, comments, unknown_roles }) => {
                for job in inventory.jobs {
                    for hop in &job.path {
                        let Some(arn) = hop.role.arn() else { continue };
                        said.entry(arn.clone()).or_default().push(inventory.roles.get(arn).cloned());
                    }
                    imported.comments.jobs.insert(job.name.to_string(), comments.clone());
                    imported.inventory.jobs.push(job);
                }
                imported.unknown_roles.extend(unknown_roles);
            }
        }
    }
    let notes = &mut imported.notes;
    let settled = said.into_iter().filter_map(|(arn, said)| Some((arn, settled(&said, notes)?)));
    imported.inventory.roles = settled.collect();
    name_roles(&mut imported.inventory.roles);
    imported.inventory.sha256 = crate::inventory::digest(&imported.to_yaml());
    tidy(&mut imported.not_imported);
    tidy(&mut imported.notes);
    tidy(&mut imported.unknown_roles);
}

/// The name as an inventory takes it, with a note where that is not as it is written.
fn on_one_line(draft: &Draft, files: &[Arc<str>], notes: &mut Vec<Diagnostic>) -> String {
    let clean = draft.name.replace(char::is_control, " ");
    if clean == draft.name {
        return clean;
    }
    let name = match clean.trim() {
        "" => "unnamed",
        name => name,
    };
    notes.push(Diagnostic::new(
        locate(draft.place, files),
        format!("a name holds a control character: the job is called `{name}`"),
        "write the name as plain text on one line",
    ));
    name.to_owned()
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

/// One entry a role, of what each job that assumes it says of it.
fn settled(said: &[Option<Role>], notes: &mut Vec<Diagnostic>) -> Option<Role> {
    let mut role = said.iter().flatten().next()?.clone();
    role.external_id = agreed(said, "external ID", |role| role.external_id.as_ref(), notes);
    role.session_name = agreed(said, "session name", |role| role.session_name.as_ref(), notes);
    Some(role)
}

/// What jobs say differently is no job's; what only some of them say is said for all, because it is the role's.
fn agreed(
    said: &[Option<Role>],
    what: &str,
    of: impl Fn(&Role) -> Option<&String>,
    notes: &mut Vec<Diagnostic>,
) -> Option<String> {
    let stated: Vec<(&Role, &String)> = said.iter().flatten().filter_map(|role| Some((role, of(role)?))).collect();
    let (first, value) = *stated.first()?;
    let mut note = |role: &Role, message: String, help: &str| {
        let location = role.location.clone().unwrap_or_default();
        notes.push(Diagnostic::new(location, message, help));
    };
    if let Some((other, _)) = stated.iter().find(|(_, other)| *other != value) {
        let message = format!("{} is assumed with more than one {what}: none is written", other.arn);
        note(other, message, "write the one that its trust policy asks for under `roles:`");
        return None;
    }
    if stated.len() < said.len() {
        let message =
            format!("not every job that assumes {} states its {what}: it is written for all of them", first.arn);
        note(first, message, "take it out under `roles:` if the trust policy does not ask for it");
    }
    Some(value.clone())
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
pub(super) fn tidy(remarks: &mut Vec<Diagnostic>) {
    let key = |remark: &Diagnostic| {
        let Location { file, line, column } = &remark.location;
        (file.clone(), *line, *column, remark.message.clone())
    };
    remarks.sort_by_key(key);
    remarks.dedup();
}
