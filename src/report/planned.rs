//! The planned roles of templates and plans. Values that the files leave open are never shown as healthy.

use std::collections::BTreeMap;

use super::plain::count;
use crate::aws::errors::printable;
use crate::findings::{Subject, planned_notes};
use crate::inventory::{RoleArn, Seconds};
use crate::templates::{Note, PlannedSetting};

/// The templates and plans of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedReport {
    /// The files.
    pub files: Vec<String>,
    /// The number of roles that the files define or delete.
    pub defined: usize,
    /// The roles of this run's jobs among them.
    pub roles: Vec<PlannedRoleReport>,
    /// The values that the files leave open, and why.
    pub notes: Vec<Note>,
}

/// A role as a template or a plan defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRoleReport {
    /// Its ARN.
    pub arn: RoleArn,
    /// The place of the definition.
    pub from: String,
    /// Its MaxSessionDuration; `None`: not known, or deleted.
    pub max_session_duration_seconds: Option<Seconds>,
    /// The plan deletes it.
    pub deleted: bool,
}

/// The planned roles of the run; `None` if no file was given.
pub(super) fn planned_report(subject: &Subject<'_>) -> Option<PlannedReport> {
    let planned = subject.facts.planned()?;
    let used = planned.roles.iter().filter(|(role, _)| subject.plan.roles.contains_key(*role));
    let roles = used.map(|(arn, role)| PlannedRoleReport {
        arn: arn.clone(),
        from: role.from.clone(),
        max_session_duration_seconds: match role.max_session {
            PlannedSetting::Known(seconds) if !role.deleted => Some(seconds),
            _ => None,
        },
        deleted: role.deleted,
    });
    Some(PlannedReport {
        files: planned.files.clone(),
        defined: planned.defined,
        roles: roles.collect(),
        notes: planned_notes(subject),
    })
}

impl PlannedReport {
    /// The contents of the files and their open values, line by line. Equal notes share a line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        const SHOWN: usize = 4;
        let files = match &self.files[..] {
            [one] => one.clone(),
            several => format!("{} files", several.len()),
        };
        let used = if self.roles.is_empty() { "none".to_owned() } else { self.roles.len().to_string() };
        let roles = count(self.defined, "role", "roles");
        let mut lines = vec![printable(&format!("{files}: {roles}, {used} of them on the paths of these jobs."))];
        let mut groups: BTreeMap<(&str, &str), Vec<&RoleArn>> = BTreeMap::new();
        for note in &self.notes {
            groups.entry((&note.from, &note.text)).or_default().extend(&note.role);
        }
        for ((from, text), roles) in groups {
            let more = roles.len().saturating_sub(SHOWN);
            let mut shown: Vec<String> = roles.iter().take(SHOWN).map(ToString::to_string).collect();
            if more > 0 {
                shown.push(format!("{more} more"));
            }
            let about = if shown.is_empty() { String::new() } else { format!("{}: ", shown.join(", ")) };
            lines.push(printable(&format!("{about}{text} ({from})")));
        }
        lines
    }
}
