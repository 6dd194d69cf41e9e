//! The lines that the AWS CLI and boto3 refuse: Python's `configparser`, strict, reads these files for them (botocore's
//! `configloader.py`; CPython's `RawConfigParser._read`). They say "Unable to parse config file" and nothing else, and
//! stop at every call, also with keys in the environment.

use std::collections::HashMap;
use std::sync::Arc;

use super::places::header;
use super::{Trouble, TroubleKind};
use crate::inventory::{Diagnostic, Location};
use crate::visible::configured;

/// A line that is refused, and with it the whole file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PythonRefusal {
    pub(super) line: usize,
    why: Why,
}

#[derive(Debug, PartialEq, Eq)]
enum Why {
    /// The header is written on an earlier line.
    SectionTwice { header: String, first: usize },
    /// The key is written on an earlier line of its section.
    KeyTwice { key: String, header: String, first: usize },
    /// It is neither header nor `key = value`, or is written before every header.
    NoSetting,
}

impl PythonRefusal {
    pub(super) fn trouble(self, file: &Arc<str>) -> Trouble {
        const REFUSE: &str = "the AWS CLI and boto3 refuse the whole file";
        let (message, help) = match self.why {
            Why::SectionTwice { header, first } => (
                format!(
                    "[{}] is already written on line {first}: {REFUSE}, the SDK for Rust reads the two as one",
                    configured(&header)
                ),
                "put the settings of both under one header",
            ),
            Why::KeyTwice { key, header, first } => (
                format!(
                    "{} is written twice in [{}], first on line {first}: {REFUSE}, the SDK for Rust takes the last",
                    shown(&key),
                    configured(&header)
                ),
                "keep the line that is meant",
            ),
            Why::NoSetting => (
                format!("this line is no setting to Python: {REFUSE}"),
                "write `key = value`, or begin the line with # if it is a comment",
            ),
        };
        let location = Location { file: file.clone(), line: self.line, column: 1 };
        Trouble { kind: TroubleKind::RefusedByPython, remark: Diagnostic::cannot_work(location, message, help) }
    }
}

/// A key by its name, where it has the form of a key: a text that was pasted there may be a secret.
fn shown(key: &str) -> String {
    let plain = key.len() <= 40 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && (key.contains('_') || ["region", "output"].contains(&key)) {
        format!("`{key}`")
    } else {
        "this key".to_owned()
    }
}

/// Every line that is refused. Python stops at the first; after it this goes on as the SDKs do.
pub(super) fn refusals(text: &str) -> Vec<PythonRefusal> {
    let mut found = Vec::new();
    let mut headers: HashMap<&str, usize> = HashMap::new();
    // By the section as it is written: a repeated header is reported by itself.
    let mut keys: HashMap<(usize, String), usize> = HashMap::new();
    let mut section_start = 0;
    let mut section: Option<&str> = None;
    // The key whose value an indented line goes on with: whether it is a group of settings, which has no value itself.
    let mut open: Option<bool> = None;
    let mut indent = 0;
    for (index, line) in text.lines().enumerate() {
        let (number, value) = (index + 1, line.trim());
        if value.is_empty() || value.starts_with(['#', ';']) {
            continue;
        }
        let by = line.len() - line.trim_start().len();
        if let Some(is_group) = open.filter(|_| by > indent) {
            if is_group && !value.contains('=') {
                found.push(PythonRefusal { line: number, why: Why::NoSetting });
            }
            continue;
        }
        indent = by;
        if let Some(header) = header(value) {
            (section, open) = (Some(header), None);
            section_start = if header == "DEFAULT" { 0 } else { number };
            // Settings under DEFAULT count for every section, and may be written in several places.
            if header == "DEFAULT" {
                continue;
            }
            if let Some(first) = headers.get(header) {
                let why = Why::SectionTwice { header: header.to_owned(), first: *first };
                found.push(PythonRefusal { line: number, why });
            } else {
                headers.insert(header, number);
            }
            continue;
        }
        let key = value.split_once(['=', ':']).map(|(key, rest)| (key.trim_end().to_lowercase(), rest.trim()));
        let (Some(header), Some((key, rest))) = (section, key.filter(|(key, _)| !key.is_empty())) else {
            found.push(PythonRefusal { line: number, why: Why::NoSetting });
            continue;
        };
        open = Some(rest.is_empty());
        if let Some(first) = keys.get(&(section_start, key.clone())) {
            let why = Why::KeyTwice { key, header: header.to_owned(), first: *first };
            found.push(PythonRefusal { line: number, why });
        } else {
            keys.insert((section_start, key), number);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each seen with CPython 3.11: `configparser.RawConfigParser().read_string(text)`, and botocore's nested settings.
    #[test]
    fn refusals_have_the_lines_that_python_refuses() {
        for (text, lines) in [
            ("[a]\nx = 1\n[b]\nx = 1\n", vec![]),
            ("[a]\n[b]\n[a]\n[a]\n", vec![3, 4]),
            ("[a]\nx = 1\nX: 2\n", vec![3]),
            ("[a]\n[a]\nx = 1\nx = 1\n", vec![2, 4]),
            ("[a] # mine\n  x = 1\n  y = 2\n", vec![]),
            ("[profile a]\n[profile  a]\n[profile 'a']\n", vec![]),
            ("[DEFAULT]\nx = 1\n[DEFAULT]\ny = 1\n", vec![]),
            ("[DEFAULT]\nx = 1\n[DEFAULT]\nx = 1\n", vec![4]),
            ("x = 1\n[a]\n", vec![1]),
            ("# c\n\n; c\n[a]\n  # c\nx\n= 1\n", vec![6, 7]),
            ("[a]\ns3 =\n  x = 1\n  x = 1\n\n  y\nz = 1\n  anything\n", vec![6]),
            ("[a]\nx = 1\n  [a]\n", vec![]),
            ("[a]\nx = 1\n[]\n[a\n", vec![3, 4]),
        ] {
            let found: Vec<usize> = refusals(text).iter().map(|refusal| refusal.line).collect();
            assert_eq!(found, lines, "{text}");
        }
    }

    #[test]
    fn a_text_without_the_form_of_a_key_is_not_shown() {
        assert_eq!(shown("aws_session_token"), "`aws_session_token`");
        assert_eq!(shown("region"), "`region`");
        for pasted in ["wjalrxutnfemi/k7mdeng/bpxrficyexamplekey", "akiaiosfodnn7example", "a_b\u{202e}"] {
            assert_eq!(shown(pasted), "this key");
        }
    }
}
