//! Texts that are safe to show. Names, paths and answers are written by others; control characters, and marks that
//! change the direction of text or have no width, are escaped, as `\u{1b}`. Every form for people uses this module;
//! JSON, which programs read, does not.

/// The text in one line.
#[must_use]
pub(crate) fn line(text: &str) -> String {
    written(text, acts)
}

/// The text with its line breaks.
#[must_use]
pub(crate) fn block(text: &str) -> String {
    written(text, |c| c != '\n' && acts(c))
}

fn written(text: &str, acts: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Makes an answer of AWS safe to show: no control or format character, a bounded length, and no part of a signed
/// request.
///
/// A SignatureDoesNotMatch of AWS contains, after a blank line, the canonical request, session token included.
#[must_use]
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 1000;
    const REQUEST: [&str; 3] = ["\n\n", "The Canonical String", "The String-to-Sign"];
    let end = REQUEST.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
    let clean: String = text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    line(&masked(clean.trim()))
}

/// Removes the value behind each name that a signed request gives a secret.
fn masked(text: &str) -> String {
    const SECRETS: [&str; 4] = ["x-amz-security-token:", "x-amz-security-token=", "credential=", "signature="];
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let lower = word.to_ascii_lowercase();
        match SECRETS.iter().filter_map(|name| lower.find(name).map(|at| at + name.len())).min() {
            Some(end) => {
                shown.push_str(&word[..end]);
                shown.push_str("… ");
            }
            None => shown.push_str(word),
        }
    }
    shown.trim_end().to_owned()
}

/// Control characters, format characters (Unicode 16, DerivedGeneralCategory.txt, Cf: marks of direction, of no width,
/// tags), the separators of lines and paragraphs (Zl, Zp), and what XML 1.0 does not take.
pub(crate) const fn acts(c: char) -> bool {
    // Most of every text.
    if matches!(c, ' '..='~') {
        return false;
    }
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}
