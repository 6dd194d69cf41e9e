//! Changes to the text of a file: a part is replaced, and all else stays as it is.

/// A part of a text that is replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextChange {
    /// Where the part begins, in bytes.
    pub offset: usize,
    /// The length of the part, in bytes; 0: text is inserted.
    pub removed: usize,
    /// The text in its place.
    pub inserted: String,
}

impl TextChange {
    /// The text with these changes, none of which overlaps another.
    #[must_use]
    pub fn apply_all<'a>(text: &str, changes: impl IntoIterator<Item = &'a Self>) -> String {
        let mut changes: Vec<&Self> = changes.into_iter().collect();
        changes.sort();
        let mut changed = text.to_owned();
        for change in changes.into_iter().rev() {
            changed.replace_range(change.offset..change.offset + change.removed, &change.inserted);
        }
        changed
    }

    /// A line of its own before the line of this offset, indented like that line; `None`: other text than blanks is
    /// before the offset on its line.
    pub(super) fn line_before(text: &str, offset: usize, line: &str) -> Option<Self> {
        let start = text.get(..offset)?.rfind('\n').map_or(0, |end| end + 1);
        let indent = &text[start..offset];
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let only_blanks = indent.chars().all(|c| c == ' ' || c == '\t');
        only_blanks.then(|| Self { offset: start, removed: 0, inserted: format!("{indent}{line}{ending}") })
    }
}

#[cfg(test)]
mod tests {
    use super::TextChange;

    #[test]
    fn changes_are_applied_to_the_places_of_the_original_text() {
        let change = |offset, removed, inserted: &str| TextChange { offset, removed, inserted: inserted.to_owned() };
        let changes = [change(0, 1, "A"), change(4, 1, "EE"), change(2, 0, "-")];
        assert_eq!(TextChange::apply_all("abcde", &changes), "Ab-cdEE");
    }

    #[test]
    fn a_line_before_another_has_its_indentation_and_its_ending() {
        let text = "a:\r\n  b: 1\r\n";
        let change = TextChange::line_before(text, 6, "c: 2").unwrap();
        assert_eq!(TextChange::apply_all(text, [&change]), "a:\r\n  c: 2\r\n  b: 1\r\n");
        assert_eq!(TextChange::line_before("a: {b: 1}", 4, "c: 2"), None);
    }
}
