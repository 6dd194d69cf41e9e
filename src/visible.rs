//! Makes texts safe to show. Other people write names, paths and answers. Control characters, and characters that
//! change the direction of text or have no width, are escaped as `\u{1b}`. Every form for people uses this module;
//! JSON does not.

/// The text on one line, line breaks escaped.
#[must_use]
pub(crate) fn line(text: &str) -> String {
    escape(text, changes_display)
}

/// The text with its line breaks.
#[must_use]
pub(crate) fn block(text: &str) -> String {
    escape(text, |c| c != '\n' && changes_display(c))
}

fn escape(text: &str, must_escape: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if must_escape(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Makes an answer of AWS safe to show: no control or format character, a bounded length, and no part of a signed
/// request. AWS's SignatureDoesNotMatch holds the canonical request with the session token after a blank line.
#[must_use]
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 1000;
    const REQUEST: [&str; 3] = ["\n\n", "The Canonical String", "The String-to-Sign"];
    let end = REQUEST.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
    let clean: String = text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    line(&mask_secrets(clean.trim()))
}

/// Replaces the value after each name of a secret in a signed request.
fn mask_secrets(text: &str) -> String {
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

/// Whether a character can change how other text appears: control and format characters (Unicode 16,
/// DerivedGeneralCategory.txt, Cf), separators of lines and paragraphs (Zl, Zp), and characters that XML 1.0 refuses.
pub(crate) const fn changes_display(c: char) -> bool {
    // Most characters of every text.
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
