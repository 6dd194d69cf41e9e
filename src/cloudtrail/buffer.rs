//! A window of a log: holds the value that is being parsed and not the file.

use std::io::{self, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

/// The longest record, for certain; one of twice the length may be read. CloudTrail's longest record has 1 MiB.
pub(super) const LONGEST_RECORD: usize = 4 * 1024 * 1024;

/// The least that is read at once, in bytes.
pub(super) const CHUNK: usize = 256 * 1024;

/// Why a value could not be parsed.
#[derive(Debug)]
pub(super) enum ParseFailure {
    /// It is a value of another type, at this byte of the content.
    NotOfType(u64),
    /// The content ends in it.
    Ended,
    /// It is longer than [`LONGEST_RECORD`].
    TooLong,
    /// It is not JSON, at this byte of the content.
    NotJson(u64),
}

/// The part of the content that is being parsed.
pub(super) struct Buffer<'a, R> {
    from: R,
    bytes: &'a mut Vec<u8>,
    start: usize,
    end: usize,
    /// The bytes of the content before `bytes`.
    before: u64,
    is_at_end: bool,
    /// Why the reading failed.
    pub(super) failed: Option<io::Error>,
}

impl<'a, R: Read> Buffer<'a, R> {
    pub(super) const fn new(from: R, bytes: &'a mut Vec<u8>) -> Self {
        Self { from, bytes, start: 0, end: 0, before: 0, is_at_end: false, failed: None }
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(super) fn offset(&self) -> u64 {
        self.before + self.start as u64
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    /// Reads more. Returns whether there is more.
    fn fill(&mut self) -> bool {
        if self.is_at_end {
            return false;
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.before += self.start as u64;
            (self.start, self.end) = (0, self.end - self.start);
        }
        // A long record is parsed again after each reading: the window doubles, so that this is rare.
        let wanted = self.end + self.end.clamp(CHUNK / 2, LONGEST_RECORD);
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.from.read(&mut self.bytes[self.end..]) {
                Ok(0) => {
                    self.is_at_end = true;
                    break;
                }
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(error);
                    self.is_at_end = true;
                    break;
                }
            }
        }
        self.start < self.end
    }

    pub(super) fn fill_to(&mut self, bytes: usize) {
        while self.end - self.start < bytes && !self.is_at_end {
            self.fill();
        }
    }

    /// The next byte that is not white space.
    pub(super) fn next_byte(&mut self) -> Option<u8> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        loop {
            if self.offset() == 0 && self.rest().starts_with(BYTE_ORDER_MARK) {
                self.skip(BYTE_ORDER_MARK.len());
            }
            let space = self.rest().iter().position(|byte| !byte.is_ascii_whitespace());
            match space {
                Some(count) => {
                    self.start += count;
                    return Some(self.bytes[self.start]);
                }
                None => {
                    self.start = self.end;
                    if self.is_at_end || !self.fill() {
                        return None;
                    }
                }
            }
        }
    }

    pub(super) fn skip_line(&mut self) {
        loop {
            if let Some(count) = self.rest().iter().position(|byte| *byte == b'\n') {
                self.skip(count + 1);
                return;
            }
            self.start = self.end;
            if self.is_at_end || !self.fill() {
                return;
            }
        }
    }

    /// Parses the next value and skips it. A value that the window does not hold is parsed again with a larger window.
    pub(super) fn value<U>(&mut self, parse: impl FnMut(&[u8]) -> Parsed<U>) -> Result<U, ParseFailure> {
        let (value, length) = self.parse(parse)?;
        self.start += length;
        Ok(value)
    }

    /// Parses the next value and stays before it. Returns its length too.
    pub(super) fn parse<U>(&mut self, mut parse: impl FnMut(&[u8]) -> Parsed<U>) -> Result<(U, usize), ParseFailure> {
        let mut last = None;
        loop {
            let (result, length) = parse(self.rest());
            match result {
                Ok(value) => return Ok((value, length)),
                // serde_json calls a number wrong that the window cuts behind its sign, its point or its `e`.
                Err(error) if error.is_syntax() && !self.is_at_end && last != Some((error.line(), error.column())) => {
                    last = Some((error.line(), error.column()));
                    self.fill();
                }
                Err(error) if error.classify() == Category::Eof => {
                    if self.is_at_end {
                        return Err(ParseFailure::Ended);
                    }
                    if self.end - self.start > LONGEST_RECORD {
                        return Err(ParseFailure::TooLong);
                    }
                    self.fill();
                }
                Err(_) => return Err(ParseFailure::NotOfType(self.offset())),
            }
        }
    }

    /// Skips a value of any type.
    pub(super) fn skip_value(&mut self) -> Result<(), ParseFailure> {
        loop {
            self.value(|text| parse_one::<IgnoredAny>(text)).map_err(|failure| match failure {
                ParseFailure::NotOfType(at) => ParseFailure::NotJson(at),
                other => other,
            })?;
            // A number may go on after the window.
            if self.start < self.end || self.is_at_end || !self.bytes[self.start - 1].is_ascii_digit() {
                return Ok(());
            }
            self.fill();
            if !self.rest().first().is_some_and(u8::is_ascii_digit) {
                return Ok(());
            }
        }
    }
}

pub(super) type Parsed<U> = (serde_json::Result<U>, usize);

pub(super) fn parse_one<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Parsed<T> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    let value = values.next().unwrap_or_else(|| Err(serde::de::Error::custom("no value")));
    (value, values.byte_offset())
}
