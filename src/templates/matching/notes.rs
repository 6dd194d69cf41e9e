//! The notes about roles: owns the wording for roles that are not matched and for settings that are not known.

use super::Matching;
use crate::inventory::RoleArn;
use crate::templates::{Note, Planned, Setting, Unresolved};

/// How many roles a note lists.
const MOST_LISTED: usize = 20;

impl Matching<'_> {
    pub(super) fn note_file(&mut self, from: &str, text: String) {
        self.notes.insert(Note { role: None, from: from.to_owned(), text });
    }

    pub(super) fn note_role(&mut self, role: &RoleArn, from: String, text: String) {
        self.notes.insert(Note { role: Some(role.clone()), from, text });
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
                (Setting::Unknown(why), Setting::Unknown(other)) if why == other => {
                    note("MaxSessionDuration and trust policy are", why);
                }
                (max, trust) => {
                    if let Setting::Unknown(why) = max {
                        note("MaxSessionDuration is", why);
                    }
                    if let Setting::Unknown(why) = trust {
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
