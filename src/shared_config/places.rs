//! Where things stand in a shared configuration file: sections and their keys, line by line. What they mean, and what is
//! valid, is the SDK's parser's; this finds again what that one does not tell.

use std::collections::HashMap;

use crate::inventory::Place;

/// A section as it is written. Sections of one name may come several times; the SDK merges them.
#[derive(Debug)]
pub(super) struct Section {
    /// The word before the name: `profile`, `sso-session`, …
    pub(super) prefix: Option<String>,
    pub(super) name: String,
    /// Its header.
    pub(super) place: Place,
    /// The value of each key, the last where a key comes twice.
    pub(super) keys: HashMap<String, Place>,
    /// `[profile default]` stands in the file too, and replaces this `[default]`.
    pub(super) replaced: bool,
}

const BLANKS: [char; 2] = [' ', '\t'];
const COMMENTS: [char; 2] = ['#', ';'];

pub(super) fn sections(file: usize, text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut offset = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end_matches('\n').trim_end_matches('\r');
        let place = |start: usize, written: &str| Place {
            file,
            line: index + 1,
            column: line[..start].chars().count() + 1,
            length: written.chars().count(),
            offset: offset + start,
        };
        if line.starts_with('[') {
            let (prefix, name) = header(line);
            let place = place(0, line.trim_end_matches(BLANKS));
            sections.push(Section { prefix, name, place, keys: HashMap::new(), replaced: false });
        } else if let Some(section) = sections.last_mut()
            && !line.starts_with(BLANKS)
            && !line.starts_with(COMMENTS)
            && let Some((key, value)) = line.split_once('=')
        {
            let value = value.trim_start_matches(BLANKS);
            let place = place(line.len() - value.len(), value.trim_end_matches(BLANKS));
            section.keys.insert(key.trim_matches(BLANKS).to_ascii_lowercase(), place);
        }
        offset += whole.len();
    }
    let replaced =
        sections.iter().any(|section| section.prefix.as_deref() == Some("profile") && section.name == "default");
    for section in sections.iter_mut().filter(|section| section.prefix.is_none() && section.name == "default") {
        section.replaced = replaced;
    }
    sections
}

/// `[prefix name]`, a comment after it left out.
fn header(line: &str) -> (Option<String>, String) {
    let line = line.split(COMMENTS).next().unwrap_or(line).trim_matches(BLANKS);
    let inner = line.strip_prefix('[').unwrap_or(line);
    let inner = inner.strip_suffix(']').unwrap_or(inner).trim_matches(BLANKS);
    match inner.split_once(BLANKS) {
        Some((prefix, name)) => (Some(prefix.trim().to_owned()), name.trim().to_owned()),
        None => (None, inner.to_owned()),
    }
}
