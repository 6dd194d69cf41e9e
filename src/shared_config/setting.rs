//! A value of the files as the AWS CLI and boto3 read it, with its place.

use std::fmt;
use std::ops::Deref;

use super::places::Written;
use crate::inventory::Place;

/// More seconds than any duration of an inventory has.
const MOST_SECONDS: u64 = 100_000_000_000;

/// A value of the files and where it is written. Its Debug output leaves the value out: commands may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    value: String,
    /// Where the value is written.
    pub place: Place,
    /// A blank that is not ASCII is written beside the key or the value.
    pub(super) odd_blank: bool,
    /// The key has capital letters.
    pub(crate) has_capitals: bool,
}

impl Setting {
    pub(super) fn new(written: &Written) -> Option<Self> {
        let Written { value, place, odd_blank, has_capitals } = written;
        let setting =
            || Self { value: value.clone(), place: *place, odd_blank: *odd_blank, has_capitals: *has_capitals };
        (!value.is_empty()).then(setting)
    }

    /// The value as the AWS SDKs read it: without a comment behind it.
    #[must_use]
    pub fn without_comment(&self) -> &str {
        let begins = |pair: &[u8]| matches!(pair, [b' ' | b'\t', b'#' | b';']);
        let end = self.value.as_bytes().windows(2).position(begins).unwrap_or(self.value.len());
        self.value[..end].trim_end_matches([' ', '\t'])
    }

    /// A comment follows the value on its line.
    #[must_use]
    pub fn has_comment(&self) -> bool {
        self.without_comment().len() < self.value.len()
    }

    /// The value is written in quotation marks.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        ['"', '\''].iter().any(|mark| self.value.len() > 1 && self.starts_with(*mark) && self.ends_with(*mark))
    }

    /// A number of seconds as Python's `int` reads it: a sign and single underscores between digits are allowed. A
    /// number beyond every calendar is [`MOST_SECONDS`].
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        let text = self.trim();
        digits(text.strip_prefix('+').unwrap_or(text))
            .map(|digits| digits.parse().unwrap_or(u64::MAX).min(MOST_SECONDS))
    }

    /// A number below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.trim().strip_prefix('-').and_then(digits).is_some_and(|digits| digits.chars().any(|c| c != '0'))
    }
}

fn digits(text: &str) -> Option<String> {
    let apart = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    let digits = text.replace('_', "");
    (apart && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())).then_some(digits)
}

impl Deref for Setting {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on line {}", self.place.line)
    }
}
