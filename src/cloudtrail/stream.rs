//! Reads the records of a log one at a time, from a window that holds one record and not the file. The content decides
//! the form: `{"Records": […]}`, the output of `aws cloudtrail lookup-events`, a list of records, or one record after
//! the other. Files can be concatenated.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};

use super::buffer::{Buffer, LONGEST_RECORD, ParseFailure, parse_one};
use super::collect::{BadRecord, Collected, Window};
use super::record::{Record, RecordText};

/// Why a log was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum LogProblem {
    /// The operating system or the decompression failed.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The content ends too early.
    #[error("ends in the middle of a record")]
    Ended,
    /// The content is not JSON.
    #[error("is not JSON at byte {0}")]
    NotJson(u64),
    /// A record is too long.
    #[error("has a record of more than {} MiB", LONGEST_RECORD / 1024 / 1024)]
    TooLong,
    /// The event inside a record is not JSON.
    #[error("has an event that is not JSON, in the record at byte {0}")]
    EventNotJson(u64),
    /// A value is no record.
    #[error("has a value at byte {0} that is not a record")]
    NotARecord(u64),
    /// A record lacks a field.
    #[error("{0}")]
    BadRecord(#[from] BadRecord),
    /// The content is CSV of another form.
    #[error("{0}")]
    Csv(#[from] super::athena::ResultProblem),
    /// The content has no records.
    #[error("holds no CloudTrail records")]
    NoRecords,
}

/// Reads a log into `collected`. Good records count whatever comes after them. `bytes`: the memory for the part that is
/// being parsed.
///
/// # Errors
/// The first problem.
pub fn read(
    from: impl Read,
    bytes: &mut Vec<u8>,
    file: u32,
    window: &Window,
    collected: &mut Collected,
) -> Result<(), LogProblem> {
    let mut reader = LogReader { text: Buffer::new(from, bytes), file, next: 0, window, collected, problem: None };
    let result = reader.documents();
    let failed = reader.text.failed.take().map(LogProblem::Unreadable);
    let first = reader.problem.take();
    match (first, failed) {
        (Some(problem), _) | (None, Some(problem)) => Err(problem),
        (None, None) => result,
    }
}

struct LogReader<'a, R> {
    text: Buffer<'a, R>,
    file: u32,
    next: u32,
    window: &'a Window,
    collected: &'a mut Collected,
    /// The first problem of a single record.
    problem: Option<LogProblem>,
}

impl<R: Read> LogReader<'_, R> {
    fn documents(&mut self) -> Result<(), LogProblem> {
        let mut has_content = false;
        while let Some(byte) = self.text.next_byte() {
            has_content = true;
            match byte {
                b'[' => {
                    self.text.skip(1);
                    self.list()?;
                }
                b'{' if self.is_document() => match self.document() {
                    // It may be a line among others.
                    Err(problem @ LogProblem::TooLong) => self.next_line(problem)?,
                    result => result?,
                },
                b'{' => self.line()?,
                // Lists of lines may have commas.
                b',' => self.text.skip(1),
                _ => self.next_line(LogProblem::NotJson(self.text.offset()))?,
            }
        }
        if has_content { Ok(()) } else { Err(LogProblem::NoRecords) }
    }

    /// Whether the object is a document with a list of records, and not a record: its first key says so, else the
    /// whole object.
    fn is_document(&mut self) -> bool {
        self.text.fill_to(64);
        let start = self.text.rest();
        let key = start[1..].trim_ascii_start();
        let begins_with = |known: &&str| key.strip_prefix(b"\"").is_some_and(|key| key.starts_with(known.as_bytes()));
        if ["event", "userIdentity\"", "CloudTrailEvent\""].iter().any(&begins_with) {
            return false;
        }
        if ["Records\"", "Events\"", "NextToken\""].iter().any(begins_with) {
            return true;
        }
        let has_list = self.text.parse(|text| {
            let found = Cell::new(false);
            let object = serde_json::Deserializer::from_slice(text).deserialize_map(ListKey(&found));
            // The object is not skipped, so its length does not matter.
            (if found.get() { Ok(true) } else { object.map(|()| false) }, 0)
        });
        // An object that no window holds is no record.
        has_list.map_or_else(|failure| matches!(failure, ParseFailure::TooLong), |(has_list, _)| has_list)
    }

    /// An object with a list of records under one of its keys.
    fn document(&mut self) -> Result<(), LogProblem> {
        self.text.skip(1);
        loop {
            match self.text.next_byte().ok_or(LogProblem::Ended)? {
                b'}' => {
                    self.text.skip(1);
                    return Ok(());
                }
                b',' => self.text.skip(1),
                b'"' => {
                    let is_list = self.text.value(|text| {
                        let (key, length) = parse_one::<RecordText<'_>>(text);
                        (key.map(|key| is_list_key(&key)), length)
                    })?;
                    if self.text.next_byte().ok_or(LogProblem::Ended)? != b':' {
                        return Err(LogProblem::NotJson(self.text.offset()));
                    }
                    self.text.skip(1);
                    if is_list && self.text.next_byte() == Some(b'[') {
                        self.text.skip(1);
                        self.list()?;
                    } else {
                        self.text.skip_value()?;
                    }
                }
                _ => return Err(LogProblem::NotJson(self.text.offset())),
            }
        }
    }

    /// The records of a list, after its bracket.
    fn list(&mut self) -> Result<(), LogProblem> {
        loop {
            match self.text.next_byte().ok_or(LogProblem::Ended)? {
                b']' => {
                    self.text.skip(1);
                    return Ok(());
                }
                b',' => self.text.skip(1),
                _ => self.record()?,
            }
        }
    }

    /// A record outside a list. The next line is read whatever the line holds.
    fn line(&mut self) -> Result<(), LogProblem> {
        match self.record() {
            Err(problem) => self.next_line(problem),
            Ok(()) => Ok(()),
        }
    }

    fn next_line(&mut self, problem: LogProblem) -> Result<(), LogProblem> {
        self.problem.get_or_insert(problem);
        self.text.skip_line();
        Ok(())
    }

    fn record(&mut self) -> Result<(), LogProblem> {
        let place = (self.file, self.next);
        self.next = self.next.saturating_add(1);
        let offset = self.text.offset();
        let (collected, window) = (&mut *self.collected, self.window);
        let added = self.text.value(|text| {
            let (record, length) = parse_one::<Record<'_>>(text);
            (record.map(|record| add(&record, place, offset, window, collected)), length)
        });
        match added {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => {
                self.problem.get_or_insert(problem);
            }
            Err(failure @ ParseFailure::NotOfType(_)) => {
                self.text.skip_value()?;
                self.problem.get_or_insert(failure.into());
            }
            Err(failure) => return Err(failure.into()),
        }
        Ok(())
    }
}

/// Adds a record, which begins at the byte `offset`.
fn add(
    record: &Record<'_>,
    place: (u32, u32),
    offset: u64,
    window: &Window,
    collected: &mut Collected,
) -> Result<(), LogProblem> {
    let Some(text) = record.event_text.get() else { return Ok(collected.add(record, place, window)?) };
    match serde_json::from_str::<Record<'_>>(text) {
        Ok(record) if record.event_text.get().is_none() => Ok(collected.add(&record, place, window)?),
        _ => Err(LogProblem::EventNotJson(offset)),
    }
}

/// Looks for the key of a list of records in an object, which may be cut. With that key, parsing stops.
struct ListKey<'c>(&'c Cell<bool>);

impl<'a> Visitor<'a> for ListKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<RecordText<'_>>()? {
            if is_list_key(&key) {
                self.0.set(true);
                return Err(A::Error::custom("the list is not parsed here"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

fn is_list_key(key: &RecordText<'_>) -> bool {
    matches!(key.or_empty(), "Records" | "Events")
}

impl From<ParseFailure> for LogProblem {
    fn from(failure: ParseFailure) -> Self {
        match failure {
            ParseFailure::Ended => Self::Ended,
            ParseFailure::TooLong => Self::TooLong,
            ParseFailure::NotOfType(at) => Self::NotARecord(at),
            ParseFailure::NotJson(at) => Self::NotJson(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloudtrail::buffer::CHUNK;

    const GOOD: &str = r#"{"eventTime":"2026-11-28T10:00:00Z","eventID":"a"}"#;

    fn records(text: &[u8]) -> (u64, Option<String>) {
        let mut collected = Collected::default();
        let result = read(text, &mut Vec::new(), 0, &Window::default(), &mut collected);
        (collected.records, result.err().map(|problem| problem.to_string()))
    }

    #[test]
    fn each_form_of_a_log_is_read() {
        let event = serde_json::to_string(GOOD).unwrap();
        for text in [
            format!(r#"{{"Records":[{GOOD},{GOOD}]}}"#),
            format!("\u{feff} {{ \"Records\" : [ {GOOD} , {GOOD} ] , \"x\" : {{}} }}"),
            format!("[{GOOD},{GOOD}]"),
            format!("{GOOD}\n{GOOD}\n"),
            format!("{GOOD}\r\n\r\n{GOOD}"),
            format!(r#"{{"Events":[{{"EventId":"a","CloudTrailEvent":{event}}},{{"CloudTrailEvent":{event}}}]}}"#),
            format!(r#"{{"x":[1,{{"Records":[]}}],"Records":[{GOOD},{GOOD}]}}"#),
            format!(r#"{{"NextToken":"x","Events":[{{"CloudTrailEvent":{event}}},{{"CloudTrailEvent":{event}}}]}}"#),
            format!(r#"{{"Records":[{GOOD}]}}{{"Records":[{GOOD}]}}"#),
        ] {
            assert_eq!(records(text.as_bytes()), (2, None), "{text}");
        }
    }

    #[test]
    fn good_records_count_whatever_comes_after_them() {
        for (text, count, problem) in [
            (format!(r#"{{"Records":[{GOOD},{{"eventTi"#), 1, "ends in the middle of a record"),
            (format!(r#"{{"Records":[{GOOD}"#), 1, "ends in the middle of a record"),
            (format!(r#"{{"x":{{}},"Records":[{GOOD},{{"eventTi"#), 1, "ends in the middle of a record"),
            (format!(r#"{{"x":{{}},"Records":[{GOOD}"#), 1, "ends in the middle of a record"),
            (format!(r#"{{"Records":[{GOOD},]x]}}"#), 1, "is not JSON at byte 64"),
            (
                format!(r#"{{"Records":[5,{GOOD},{{"eventTime":"x"}},{GOOD}]}}"#),
                2,
                "has a value at byte 12 that is not a record",
            ),
            (format!("{GOOD}\n{{\"eventTime\": \n{GOOD}\nnot JSON\n{GOOD}\n"), 3, "is not JSON at byte 51"),
            (format!("{GOOD}\n{{\"eventTime\":\"2026"), 1, "ends in the middle of a record"),
            (
                format!(r#"{{"Events":[{{"CloudTrailEvent":"no JSON"}},{{"CloudTrailEvent":{}}}]}}"#, json!(GOOD)),
                1,
                "has an event that is not JSON, in the record at byte 11",
            ),
            (format!("{{\"Records\":[{GOOD}],\"\\x\":1}}"), 1, "has a value at byte 64 that is not a record"),
            ("<html>".to_owned(), 0, "is not JSON at byte 0"),
            (String::new(), 0, "holds no CloudTrail records"),
        ] {
            assert_eq!(records(text.as_bytes()), (count, Some(problem.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_record_longer_than_the_limit_ends_its_file_and_nested_lists_do_not() {
        let long = format!(r#"{{"Records":[{GOOD},{{"a":"{}"}},{GOOD}]}}"#, "x".repeat(2 * LONGEST_RECORD + CHUNK));
        assert_eq!(records(long.as_bytes()), (1, Some("has a record of more than 4 MiB".to_owned())));
        let line = format!("{GOOD}\n{{\"a\":\"{}\"}}\n{GOOD}\n", "x".repeat(2 * LONGEST_RECORD + CHUNK));
        assert_eq!(records(line.as_bytes()), (2, Some("has a record of more than 4 MiB".to_owned())));
        let deep = format!(
            r#"{{"Records":[{{"eventTime":"2026-11-28T10:00:00Z","requestParameters":{}{}}},{GOOD}]}}"#,
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        assert_eq!(records(deep.as_bytes()), (2, None));
    }

    #[test]
    fn records_may_lie_across_the_borders_of_the_window() {
        let list = vec![GOOD; 20_000].join(",");
        assert_eq!(records(format!(r#"{{"Records":[{list}]}}"#).as_bytes()), (20_000, None));
        let lines = vec![GOOD; 20_000].join("\n");
        assert_eq!(records(lines.as_bytes()), (20_000, None));
    }

    #[test]
    fn numbers_may_lie_across_the_borders_of_the_window() {
        let number = r#"{"eventTime":"2026-11-28T10:00:00Z","requestParameters":{"a":[-0.5e-7,-12.25]}}"#;
        let before = CHUNK / 2 - number.len() - r#"{"Records":[],"#.len();
        for moved in 0..number.len() {
            let text = format!(r#"{{"Records":[{}{number},{GOOD}]}}"#, " ".repeat(before + moved));
            assert_eq!(records(text.as_bytes()), (2, None), "{moved}");
        }
    }
}
