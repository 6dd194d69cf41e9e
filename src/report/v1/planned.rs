//! Templates and plans in the JSON report and `explain`.

use serde::Serialize;

use crate::inventory::{RoleArn, Seconds};
use crate::report::{PlannedReport, PlannedRoleReport};
use crate::templates::Note;

/// Templates and plans in the report and `explain`.
#[derive(Serialize)]
pub(crate) struct PlannedV1<'a> {
    files: &'a [String],
    defined: usize,
    roles: Vec<PlannedRoleV1<'a>>,
    notes: Vec<NoteV1<'a>>,
}

#[derive(Serialize)]
struct PlannedRoleV1<'a> {
    arn: &'a RoleArn,
    from: &'a str,
    max_session_duration_seconds: Option<Seconds>,
    deleted: bool,
}

#[derive(Serialize)]
struct NoteV1<'a> {
    role: Option<&'a RoleArn>,
    from: &'a str,
    text: &'a str,
}

impl<'a> From<&'a PlannedReport> for PlannedV1<'a> {
    fn from(planned: &'a PlannedReport) -> Self {
        let role = |role: &'a PlannedRoleReport| PlannedRoleV1 {
            arn: &role.arn,
            from: &role.from,
            max_session_duration_seconds: role.max_session_duration_seconds,
            deleted: role.deleted,
        };
        let note = |Note { role, from, text }: &'a Note| NoteV1 { role: role.as_ref(), from, text };
        Self {
            files: &planned.files,
            defined: planned.defined,
            roles: planned.roles.iter().map(role).collect(),
            notes: planned.notes.iter().map(note).collect(),
        }
    }
}
