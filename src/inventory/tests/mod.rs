//! Inventories that people write: good ones are read as they are written, each mistake in a bad one is named once.

mod messages;
mod reading;

use super::{Diagnostic, Inventory};

/// Removes the marks from a text and returns the lines and columns where they were.
fn marked(text: &str) -> (String, Vec<(usize, usize)>) {
    let (mut plain, mut marks, mut line, mut column) = (String::new(), Vec::new(), 1, 1);
    for character in text.chars() {
        match character {
            '«' => {
                marks.push((line, column));
                continue;
            }
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        plain.push(character);
    }
    (plain, marks)
}

/// Fails unless the text has these diagnostics and no other: each at its `«`, with this in its message and its help.
fn check(text: &str, expected: &[(&str, &str)]) {
    let (plain, marks) = marked(text);
    assert_eq!(marks.len(), expected.len(), "the case itself is wrong: one mark for each diagnostic: {text}");
    let problems = Inventory::parse("team.yaml", &plain).err().unwrap_or_else(|| panic!("{text}\n  is accepted"));
    let place = |found: &Diagnostic| (found.location.line, found.location.column);
    let is_expected = problems.iter().count() == expected.len()
        && problems.iter().zip(marks.iter().zip(expected)).all(|(found, (mark, (message, help)))| {
            place(found) == *mark && found.message.contains(message) && found.help.contains(help)
        });
    let found: Vec<String> =
        problems.iter().map(|found| format!("  found {:?} {} / {}", place(found), found.message, found.help)).collect();
    assert!(is_expected, "{text}\n  expected {marks:?} {expected:?}\n{}", found.join("\n"));
}
