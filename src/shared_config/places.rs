//! The sections of a shared configuration file and their settings as the AWS CLI and boto3 read them, with their
//! places.
//!
//! They read with Python's `configparser` (botocore's `configloader.py`, CPython's `RawConfigParser._read`): a comment
//! behind a value is part of the value, an indented line continues the value above it, and `:` separates like `=`.

use std::collections::HashMap;

use super::sdk::Kind;
use crate::inventory::Place;

/// A section as it is written.
#[derive(Debug)]
pub(super) struct Section {
    /// The word before the name: `profile`, `sso-session`, …
    pub(super) prefix: Option<String>,
    pub(super) name: String,
    /// Its header.
    pub(super) place: Place,
    /// The value of each key, the last where a key comes twice.
    pub(super) settings: HashMap<String, Written>,
    /// A blank stands between the bracket and the header: `[ profile x]`.
    pub(super) leading_blank: bool,
    /// The section that the AWS CLI and boto3 read instead: another header of the profile `default`.
    pub(super) replaced: bool,
}

/// A value as it is written. Its text may be a secret.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) value: String,
    pub(super) place: Place,
    /// The key has capital letters: Python reads it in lower case, JavaScript as it is written.
    pub(super) has_capitals: bool,
    /// The key or the value has a blank beside it that is not ASCII, such as a no-break space.
    pub(super) odd_blank: bool,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "on line {}", self.place.line)
    }
}

/// The blanks that the AWS SDKs know.
const BLANKS: [char; 2] = [' ', '\t'];

pub(super) fn sections(kind: Kind, file: usize, text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    // The key that an indented line continues, and the indentation of its line.
    let mut open: Option<String> = None;
    let mut indentation = 0;
    let mut offset = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end_matches('\n').trim_end_matches('\r');
        let start = offset;
        offset += whole.len();
        let stripped = line.trim();
        if stripped.is_empty() || stripped.starts_with(['#', ';']) {
            continue;
        }
        let place = |at: usize, written: &str| Place {
            file,
            line: index + 1,
            column: line[..at].chars().count() + 1,
            length: written.chars().count(),
            offset: start + at,
        };
        let indented = line.len() - line.trim_start().len();
        if let Some(written) =
            open.as_ref().filter(|_| indented > indentation).and_then(|key| sections.last_mut()?.settings.get_mut(key))
        {
            written.value.push('\n');
            written.value.push_str(stripped);
            continue;
        }
        indentation = indented;
        if let Some(inner) = header(stripped) {
            let (prefix, name) = words(inner);
            let place = place(indented, stripped);
            let leading_blank = inner.starts_with(char::is_whitespace);
            let settings = HashMap::new();
            sections.push(Section { prefix, name, place, settings, leading_blank, replaced: false });
            open = None;
        } else if let Some(section) = sections.last_mut()
            && let Some(at) = line.find(['=', ':'])
        {
            let (key, rest) = (&line[..at], &line[at + 1..]);
            let value = rest.trim();
            let odd_blank = key.trim() != key.trim_matches(BLANKS) || value != rest.trim_matches(BLANKS);
            let place = place(line.len() - rest.trim_start().len(), value);
            let written = key.trim();
            let key = written.to_lowercase();
            let has_capitals = key != written;
            section.settings.insert(key.clone(), Written { value: value.to_owned(), place, has_capitals, odd_blank });
            open = Some(key);
        }
    }
    if kind == Kind::Config {
        replace(&mut sections);
    }
    inherit(&mut sections);
    sections
}

/// Of `[default]` and `[profile default]` the later one counts (botocore's `build_profile_map`).
fn replace(sections: &mut [Section]) {
    let is_default = |section: &Section| {
        section.name == "default" && section.prefix.as_deref().is_none_or(|prefix| prefix == "profile")
    };
    let written: Vec<bool> =
        sections.iter().filter(|section| is_default(section)).map(|section| section.prefix.is_some()).collect();
    let Some(last) = written.last() else { return };
    for section in sections.iter_mut().filter(|section| is_default(section)) {
        section.replaced = section.prefix.is_some() != *last;
    }
}

impl Section {
    /// `[DEFAULT]`, whose settings Python's `configparser` takes for every section.
    pub(super) fn is_for_all(&self) -> bool {
        self.prefix.is_none() && !self.leading_blank && self.name == "DEFAULT"
    }
}

fn inherit(sections: &mut [Section]) {
    let shared: Vec<(String, Written)> = sections
        .iter()
        .filter(|section| section.is_for_all())
        .flat_map(|section| section.settings.iter().map(|(key, written)| (key.clone(), written.clone())))
        .collect();
    for section in sections.iter_mut().filter(|section| !section.is_for_all()) {
        for (key, written) in &shared {
            section.settings.entry(key.clone()).or_insert_with(|| written.clone());
        }
    }
}

/// `[header]`: from the first bracket to the line's last.
pub(super) fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let end = inner.rfind(']').filter(|end| *end > 0)?;
    inner.get(..end)
}

/// `prefix name`.
fn words(inner: &str) -> (Option<String>, String) {
    let inner = inner.trim();
    match inner.split_once(char::is_whitespace) {
        Some((prefix, name)) => (Some(prefix.to_owned()), name.trim().to_owned()),
        None => (None, inner.to_owned()),
    }
}
