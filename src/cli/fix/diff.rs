//! A unified diff of a file in which few lines changed.

use std::fmt::Write as _;

use crate::visible;

/// The number of lines before and after a change.
const CONTEXT: usize = 3;

/// A line of both files, of the old file or of the new file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DiffLine<'a> {
    Same(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The difference, as `diff -u` writes it, with its lines as they are safe to show.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    let lines = aligned(&lines_of(old), &lines_of(new));
    let changed: Vec<usize> = (0..lines.len()).filter(|index| !matches!(lines[*index], DiffLine::Same(_))).collect();
    let mut text = String::new();
    if changed.is_empty() {
        return text;
    }
    let name = visible::line(name);
    // As `git diff` writes them, for `git apply` and `patch -p1`.
    let relative = name.trim_start_matches("./").trim_start_matches('/');
    let _ = writeln!(text, "--- a/{relative}\n+++ b/{relative}");
    let mut rest = &changed[..];
    while let [first, ..] = rest {
        let mut count = 1;
        while count < rest.len() && rest[count] - rest[count - 1] <= 2 * CONTEXT {
            count += 1;
        }
        let start = first.saturating_sub(CONTEXT);
        let end = (rest[count - 1] + CONTEXT + 1).min(lines.len());
        hunk(&lines, start, end, &mut text);
        rest = &rest[count..];
    }
    text
}

/// The lines of the new file that the old file does not have, with their numbers.
pub(super) fn new_lines<'a>(old: &'a str, new: &'a str) -> Vec<(usize, &'a str)> {
    let mut number = 0;
    let mut lines = Vec::new();
    for line in aligned(&lines_of(old), &lines_of(new)) {
        number += usize::from(!matches!(line, DiffLine::Old(_)));
        if let DiffLine::New(text) = line {
            lines.push((number, text));
        }
    }
    lines
}

fn lines_of(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Aligns the lines of both files. Few lines are changed, so the next common line is near.
fn aligned<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<DiffLine<'a>> {
    let mut lines = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    while at_old < old.len() || at_new < new.len() {
        match (old.get(at_old), new.get(at_new)) {
            (Some(a), Some(b)) if a == b => {
                lines.push(DiffLine::Same(a));
                (at_old, at_new) = (at_old + 1, at_new + 1);
            }
            (Some(a), Some(b)) if new.get(at_new + 1) == Some(a) => {
                lines.push(DiffLine::New(b));
                at_new += 1;
            }
            (Some(a), Some(b)) => {
                lines.extend([DiffLine::Old(a), DiffLine::New(b)]);
                (at_old, at_new) = (at_old + 1, at_new + 1);
            }
            (Some(a), None) => {
                lines.push(DiffLine::Old(a));
                at_old += 1;
            }
            (None, b) => {
                lines.extend(b.map(|b| DiffLine::New(b)));
                at_new += 1;
            }
        }
    }
    lines
}

fn hunk(lines: &[DiffLine<'_>], start: usize, end: usize, text: &mut String) {
    let count =
        |lines: &[DiffLine<'_>], other: fn(&DiffLine<'_>) -> bool| lines.iter().filter(|line| !other(line)).count();
    let is_new: fn(&DiffLine<'_>) -> bool = |line| matches!(line, DiffLine::New(_));
    let is_old: fn(&DiffLine<'_>) -> bool = |line| matches!(line, DiffLine::Old(_));
    let (before, shown) = (&lines[..start], &lines[start..end]);
    let _ = writeln!(
        text,
        "@@ -{},{} +{},{} @@",
        count(before, is_new) + 1,
        count(shown, is_new),
        count(before, is_old) + 1,
        count(shown, is_old)
    );
    for line in shown {
        let (sign, line) = match line {
            DiffLine::Same(line) => (' ', line),
            DiffLine::Old(line) => ('-', line),
            DiffLine::New(line) => ('+', line),
        };
        let content = line.strip_suffix('\n').unwrap_or(line);
        // The line break of Windows is part of the text that `patch` compares.
        let (content, ending) = content.strip_suffix('\r').map_or((content, ""), |content| (content, "\r"));
        let content: Vec<String> = content.split('\t').map(visible::line).collect();
        let _ = writeln!(text, "{sign}{}{ending}", content.join("\t"));
        if !line.ends_with('\n') {
            text.push_str("\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{new_lines, unified};

    #[test]
    fn a_line_that_is_added_and_one_that_is_changed_are_hunks_with_their_context() {
        let old: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let new = old.replace("2\n3\n", "2\nadded\n3\n").replace("18\n", "changed\n");
        let wanted = "--- a/w.yml\n+++ b/w.yml\n@@ -1,5 +1,6 @@\n 1\n 2\n+added\n 3\n 4\n 5\n\
                      @@ -15,6 +16,6 @@\n 15\n 16\n 17\n-18\n+changed\n 19\n 20\n";
        assert_eq!(unified("w.yml", &old, &new), wanted);
        assert_eq!(unified("w.yml", &old, &old), "");
        let hostile = unified("w.yml", "a\n  ::stop-commands::x\n\u{202e}b\tc\n", "a\n  ::stop-commands::x\nd\n");
        assert!(!hostile.contains("::stop") && !hostile.contains('\u{202e}'), "{hostile}");
        assert_eq!(new_lines(&old, &new), [(3, "added\n"), (19, "changed\n")]);
    }
}
