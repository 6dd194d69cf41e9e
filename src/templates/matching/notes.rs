//! The notes about roles: owns the wording for roles that are not matched and for settings that are not known.

use std::collections::BTreeSet;

use super::Matching;
use crate::inventory::RoleArn;
use crate::templates::{Note, Planned, PlannedSetting, Unresolved};

/// How many roles a note lists.
const MOST_LISTED: usize = 20;

impl Matching<'_> {
    pub(super) fn note_file(&mut self, from: &str, text: String) {
        self.notes.insert(Note { role: None, from: from.to_owned(), text });
    }

    pub(super) fn note_role(&mut self, role: &RoleArn, from: String, text: String) {
        self.notes.insert(Note { role: Some(role.clone()), from, text });
    }

    /// A stack is in one account: roles of several accounts belong to several deployments, or to no deployment.
    pub(super) fn note_several_accounts(&mut self, file: &str, stacks: &BTreeSet<(&str, &str)>) {
        let accounts: BTreeSet<&str> = stacks.iter().map(|(_, account)| *account).collect();
        let partitions: BTreeSet<&str> = stacks.iter().map(|(partition, _)| *partition).collect();
        if accounts.len() > 1 && self.given.accounts.is_empty() {
            let accounts = accounts.into_iter().collect::<Vec<_>>().join(", ");
            let text = format!(
                "roles of several accounts were taken from this template ({accounts}), and a stack is in one account: \
                 give --account with the accounts it is deployed to"
            );
            self.note_file(file, text);
        }
        if partitions.len() > 1 {
            let partitions = partitions.into_iter().collect::<Vec<_>>().join(", ");
            let text = format!(
                "roles of several partitions were taken from this template ({partitions}), and a stack is in one \
                 partition: give --parameter AWS::Partition=…"
            );
            self.note_file(file, text);
        }
    }

    pub(super) fn note_possible_match(&mut self, role: &RoleArn, from: String, why: &Unresolved) {
        let text = format!("not taken as this role, though it may be: its name is not known in full: {why}");
        self.note_role(role, from, text);
    }

    /// Roles that no file creates because of the defaults of parameters.
    pub(super) fn note_left_out(&mut self, planned: &Planned) {
        for (role, (from, how)) in std::mem::take(&mut self.left_out) {
            if !planned.roles.contains_key(role) {
                let text = format!("the template does not create this role {how}: nothing is taken from it");
                self.note_role(role, from, text);
            }
        }
    }

    /// Settings of roles that were found.
    pub(super) fn note_unknown_settings(&mut self, planned: &Planned) {
        for (role, one) in planned.roles.iter().filter(|(_, one)| !one.deleted) {
            let mut note = |setting: &str, why: &Unresolved| {
                self.note_role(role, one.from.clone(), format!("{setting} not known: {why}"));
            };
            match (&one.max_session, &one.trust) {
                (PlannedSetting::Unknown(why), PlannedSetting::Unknown(other)) if why == other => {
                    note("MaxSessionDuration and trust policy are", why);
                }
                (max, trust) => {
                    if let PlannedSetting::Unknown(why) = max {
                        note("MaxSessionDuration is", why);
                    }
                    if let PlannedSetting::Unknown(why) = trust {
                        note("the trust policy is", why);
                    }
                }
            }
        }
    }

    /// Roles of the files that were not compared, since nothing of their names is known: one note for each file and
    /// reason.
    pub(super) fn note_unnamed(&mut self) {
        for ((from, why), ids) in std::mem::take(&mut self.unnamed) {
            let more = ids.len().saturating_sub(MOST_LISTED);
            let mut listed: Vec<String> = ids.into_iter().take(MOST_LISTED).collect();
            listed.extend((more > 0).then(|| format!("{more} more")));
            let text = match listed.is_empty() {
                true => format!("not compared with the roles of the inventory, because its name is not known: {why}"),
                false => format!(
                    "not compared with the roles of the inventory, because their names are not known: {}: {why}",
                    listed.join(", ")
                ),
            };
            self.note_file(&from, text);
        }
    }
}
