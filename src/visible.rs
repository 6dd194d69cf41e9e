//! What of a text is fit to show: names, paths and answers are written by others, and what would act instead of being seen
//! (control characters, marks that turn the direction of text around or have no width) is written out, as `\u{1b}`. Two
//! texts that differ still differ to the eye, unless one of them is written so itself. Every form for people goes through here;
//! JSON, which programs read, does not.

/// The text in one line.
#[must_use]
pub(crate) fn line(text: &str) -> String {
    written(text, |c| c.is_control() || acts(c))
}

/// The text with its line breaks.
#[must_use]
pub(crate) fn block(text: &str) -> String {
    written(text, |c| c != '\n' && c.is_control() || acts(c))
}

fn written(text: &str, acts: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Format characters (Unicode 16, DerivedGeneralCategory.txt, Cf: marks of direction, of no width, tags), the separators of
/// lines and paragraphs (Zl, Zp), and what XML 1.0 does not take.
const fn acts(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
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
