//! The result of the Athena query in `athena/sessions.sql`, as CSV: a row for each request of STS that issues a session
//! or is refused, and rows of calls that the query has counted.

use std::io::Read;

use super::collect::{BadRecord, Collected, Window};
use super::record::{
    AssumedRoleUser, Attributes, Federation, Flag, IssuedCredentials, Issuer, Number, Record, RecordText,
    RequestParameters, Response, SessionContext, UserIdentity,
};
use super::time::parse_iso;

/// The columns that decide what a row is.
const NEEDED: [&str; 5] = ["row_kind", "first_time", "last_time", "calls", "records"];

/// Why a result was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ResultProblem {
    /// The content is not CSV.
    #[error("is not CSV: {0}")]
    NotCsv(#[from] csv::Error),
    /// The columns are those of another query.
    #[error("has no column {0}: it is not a result of athena/sessions.sql")]
    OtherColumns(&'static str),
    /// A row lacks a number or has another kind.
    #[error("has a row {0} that athena/sessions.sql does not write")]
    OtherRow(u64),
    /// A row lacks a time.
    #[error("{0}")]
    BadRecord(#[from] BadRecord),
}

/// Reads a result into `collected`. Good rows count whatever the others hold.
///
/// # Errors
/// The first problem.
pub fn read(from: impl Read, file: u32, window: &Window, collected: &mut Collected) -> Result<(), ResultProblem> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(from);
    let columns = rows.headers()?.clone();
    if let Some(missing) = NEEDED.into_iter().find(|name| !columns.iter().any(|column| column == *name)) {
        return Err(ResultProblem::OtherColumns(missing));
    }
    let mut problem = None;
    let mut number = 0;
    let mut row = csv::StringRecord::new();
    loop {
        match rows.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return problem.map_or(Ok(()), Err),
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(_)) => return Err(error.into()),
            Err(error) => {
                problem.get_or_insert(error.into());
                continue;
            }
        }
        number += 1;
        let place = (file, u32::try_from(number).unwrap_or(u32::MAX));
        let cell = |name: &str| columns.iter().position(|column| column == name).and_then(|at| row.get(at));
        if let Err(bad) = add(&cell, place, number, window, collected) {
            problem.get_or_insert(bad);
        }
    }
}

fn add<'a>(
    cell: &dyn Fn(&str) -> Option<&'a str>,
    place: (u32, u32),
    number: u64,
    window: &Window,
    collected: &mut Collected,
) -> Result<(), ResultProblem> {
    let count =
        |name: &str| cell(name).and_then(|text| text.parse::<u64>().ok()).ok_or(ResultProblem::OtherRow(number));
    let (calls, records) = (count("calls")?, count("records")?);
    let record = record(cell);
    let last = cell("last_time").and_then(parse_iso).ok_or(BadRecord::NoTime)?;
    match cell("row_kind") {
        Some("call") => {
            collected.add_request(&record, || parts(cell), place, window)?;
            collected.add_counted(&record, last, (0, records.saturating_sub(1)), window)?;
        }
        Some("uses") => collected.add_counted(&record, last, (calls, records), window)?,
        Some("other") => collected.add_counted(&record, last, (0, records), window)?,
        _ => return Err(ResultProblem::OtherRow(number)),
    }
    Ok(())
}

fn record<'a>(cell: &dyn Fn(&str) -> Option<&'a str>) -> Record<'a> {
    let text = |name: &str| RecordText::new(cell(name));
    Record {
        event_time: text("first_time"),
        event_source: RecordText::new(Some("sts.amazonaws.com")),
        event_name: text("event_name"),
        source_address: text("source_ip"),
        error_code: text("error_code"),
        error_message: text("error_message"),
        event_id: text("event_id"),
        session_credential_from_console: Flag(cell("console") == Some("true")),
        user_identity: UserIdentity {
            kind: text("identity_type"),
            principal_id: text("principal_id"),
            arn: text("arn"),
            access_key_id: text("access_key_id"),
            user_name: text("user_name"),
            invoked_by: text("invoked_by"),
            session_context: SessionContext {
                session_issuer: Issuer { kind: text("issuer_type"), arn: text("issuer_arn") },
                attributes: Attributes { creation_date: text("creation_date") },
                web_id_federation_data: Federation { federated_provider: text("federated_provider") },
                ec2_role_delivery: text("ec2_role_delivery"),
            },
        },
        ..Record::default()
    }
}

fn parts<'a>(cell: &dyn Fn(&str) -> Option<&'a str>) -> (RequestParameters<'a>, Response<'a>) {
    let text = |name: &str| RecordText::new(cell(name));
    let request = RequestParameters {
        role_arn: text("role_arn"),
        role_session_name: text("session_name"),
        name: RecordText::default(),
        duration_seconds: Number(cell("duration_seconds").and_then(|seconds| seconds.parse().ok())),
        target_principal: text("target_principal"),
    };
    let response = Response {
        credentials: IssuedCredentials { access_key_id: text("issued_key"), expiration: text("expiration") },
        assumed_role_user: AssumedRoleUser { arn: text("issued_arn"), assumed_role_id: text("issued_id") },
        ..Response::default()
    };
    (request, response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::build::{self, BuildOptions};

    const HEAD: &str = "row_kind,first_time,last_time,calls,records,event_name,identity_type,arn,access_key_id,\
                        role_arn,session_name,issued_key,expiration";

    fn read_rows(rows: &str) -> (serde_json::Value, Option<String>) {
        let mut collected = Collected::default();
        let result = read(format!("{HEAD}\n{rows}").as_bytes(), 0, &Window::default(), &mut collected);
        let sessions = build::sessions(collected, &BuildOptions::default());
        (serde_json::to_value(sessions).unwrap(), result.err().map(|problem| problem.to_string()))
    }

    #[test]
    fn counted_calls_are_uses_of_the_session_of_the_first() {
        let (sessions, problem) = read_rows(
            "call,2026-11-28T10:00:00Z,2026-11-28T10:00:00Z,1,2,AssumeRole,IAMUser,arn:u,AKIA1,\
             arn:aws:iam::111122223333:role/a,n,ASIA1,2026-11-28T11:00:00Z\n\
             uses,2026-11-28T10:10:00Z,2026-11-28T10:50:00Z,7,9,,AssumedRole,arn:s,ASIA1,,,,\n\
             other,2026-11-28T09:00:00Z,2026-11-28T12:00:00Z,3,3,,,,,,,,\n",
        );
        assert_eq!(problem, None);
        assert_eq!(sessions["records"], 14);
        assert_eq!(sessions["window"]["to"], "2026-11-28T12:00:00Z");
        assert_eq!(sessions["sessions"][0]["calls"], 7);
        assert_eq!(sessions["sessions"][0]["last_used"], "2026-11-28T10:50:00Z");
    }

    #[test]
    fn a_row_whose_last_call_is_before_its_first_is_named_and_the_others_count() {
        let (sessions, problem) = read_rows(
            "other,2026-11-28T09:00:00Z,2022-11-28T09:00:00Z,1,1,,,,,,,,\n\
             other,2026-11-28T09:00:00Z,2026-11-28T09:00:00Z,1,1,,,,,,,,\n",
        );
        assert_eq!(sessions["records"], 1);
        assert_eq!(problem.as_deref(), Some("a row has a last_time before its first_time"));
    }

    #[test]
    fn a_row_of_another_form_is_named_and_the_others_count() {
        let (sessions, problem) =
            read_rows("x,,,,,,,,,,,,\nother,2026-11-28T09:00:00Z,2026-11-28T09:00:00Z,1,1,,,,,,,,\n");
        assert_eq!(sessions["records"], 1);
        assert_eq!(problem.as_deref(), Some("has a row 1 that athena/sessions.sql does not write"));
        let mut collected = Collected::default();
        assert!(read(b"a,b\n1,2\n".as_slice(), 0, &Window::default(), &mut collected).is_err());
    }
}
