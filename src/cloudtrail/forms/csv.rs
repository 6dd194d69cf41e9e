//! The sessions as a spreadsheet: a row for each session.

use crate::cloudtrail::Sessions;
use crate::cloudtrail::collect::IssueOperation;
use crate::cloudtrail::time;
use crate::visible::spreadsheet_cell as cell;

const COLUMNS: [&str; 19] = [
    "access_key_id",
    "operation",
    "role",
    "principal",
    "session_name",
    "source",
    "service",
    "parent",
    "path",
    "chained",
    "issued_at",
    "expires_at",
    "requested_seconds",
    "granted_seconds",
    "first_used",
    "last_used",
    "calls",
    "renews",
    "console",
];

/// The sessions as CSV. The roles of a path are separated by spaces.
#[must_use]
pub fn render(sessions: &Sessions) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(COLUMNS);
    for session in &sessions.sessions {
        let text = |text: Option<&str>| text.map(cell).unwrap_or_default();
        let at = |at: Option<i64>| at.map(time::format).unwrap_or_default();
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let path: Vec<&str> = session.path.iter().map(|role| &**role).collect();
        let _ = writer.write_record([
            text(session.access_key_id.as_deref()),
            text(session.operation.map(IssueOperation::as_str)),
            text(session.role.as_deref()),
            text(session.principal.as_deref()),
            text(session.session_name.as_deref()),
            text(Some(session.source.as_str())),
            text(session.service.as_deref()),
            text(session.parent.as_deref()),
            cell(&path.join(" ")),
            session.chained.map(|chained| chained.to_string()).unwrap_or_default(),
            time::format(session.issued_at),
            at(session.expires_at),
            number(session.requested_seconds),
            number(session.granted_seconds),
            at(session.first_used),
            at(session.last_used),
            session.calls.to_string(),
            text(session.renews.as_deref()),
            session.console.to_string(),
        ]);
    }
    writer.into_inner().unwrap_or_default()
}
