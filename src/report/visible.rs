//! Texts of others (names, AWS's answers, reasons of waivers) made fit for files that people open elsewhere: what would act
//! instead of being seen, control characters and marks that turn the direction of text around, is written out, as
//! `\u{1b}`. Two texts that differ still differ, unless one of them is written so itself.

/// The text in one line.
pub(super) fn line(text: &str) -> String {
    written(text, |c| c.is_control() || acts(c))
}

/// The text with its line breaks.
pub(super) fn block(text: &str) -> String {
    written(text, |c| c != '\n' && c.is_control() || acts(c))
}

fn written(text: &str, acts: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Marks of direction (Unicode UAX 9), separators of lines, and what XML 1.0 does not take.
fn acts(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}
