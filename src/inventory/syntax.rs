//! The mistakes that make YAML unreadable: a tab, a no-break space, an open quote, a template that was not rendered.
//!
//! A parser reports where it gave up. Here the lines around that place are searched for the mistakes that people make
//! (`source_line`), each named at its own line. The list item that holds a mistake is then left out, and the rest of
//! the file is read.

mod source_line;

use std::borrow::Cow;

use super::diagnostic::{Place, Sink};
use super::yaml::{Dialect, Node, Stop, StopCause, parse_or_stop};
use source_line::{Mistake, SourceLine};

/// The advice for a file with template marks in it.
pub(super) const NOT_RENDERED: &str = "render the template first, and check the file that comes out of it";

/// After this many mistakes in one file the rest of it is not read.
const MOST_MISTAKES: usize = 50;
/// Larger files are not read again after a mistake.
const LARGEST_TO_READ_AGAIN: usize = 1024 * 1024;

/// A file's tree, as far as it could be read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) tree: Option<Node>,
    /// A part of the file that may declare roles could not be read.
    pub(super) roles_unread: bool,
}

/// Reads an inventory's file. Each mistake is reported, and its list item is left out of the tree.
pub(super) fn read(file: usize, text: &str, sink: &mut Sink) -> Read {
    let mut reading = Reading { remaining: Cow::Borrowed(text), roles_unread: false };
    let odd_blanks = if text.is_ascii() { Vec::new() } else { Lines::new(text).with_odd_blanks() };
    for mistake in odd_blanks {
        let (line, place) = (mistake.line, mistake.place(file));
        sink.add(place, mistake.message, mistake.help);
        if !reading.leave_out(line) {
            return Read::none();
        }
    }
    for _ in 0..MOST_MISTAKES {
        let stop = match parse_or_stop(Dialect::INVENTORY, file, &reading.remaining) {
            Ok(tree) => return Read { tree: Some(tree), roles_unread: reading.roles_unread },
            Err(stop) => stop,
        };
        let cause = stop.cause;
        let explained = explain(&reading.remaining, stop);
        let line = explained.place.line;
        sink.add(explained.place, explained.message, explained.help);
        if cause == StopCause::Refused || explained.is_of_the_whole_file || !reading.leave_out(line) {
            break;
        }
    }
    Read::none()
}

impl Read {
    fn none() -> Self {
        Self { tree: None, roles_unread: true }
    }
}

/// A file of which some items are left out.
struct Reading<'a> {
    remaining: Cow<'a, str>,
    roles_unread: bool,
}

impl Reading<'_> {
    /// Leaves out the item that holds the line; `false`: it is not known which lines that item has.
    fn leave_out(&mut self, line: usize) -> bool {
        if self.remaining.len() > LARGEST_TO_READ_AGAIN {
            return false;
        }
        let Some((remaining, section)) = without_item_at(&self.remaining, line) else { return false };
        self.remaining = Cow::Owned(remaining);
        self.roles_unread |= section.may_declare_roles;
        true
    }
}

/// The mistake that stopped the parser.
pub(super) struct ExplainedStop {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) help: String,
    is_of_the_whole_file: bool,
}

/// Names the mistake that stopped the parser as people make it.
pub(super) fn explain(text: &str, stop: Stop) -> ExplainedStop {
    let known = match stop.cause {
        StopCause::Refused => None,
        StopCause::Syntax | StopCause::Quote => Lines::new(text).mistake_near(stop.place.line, stop.cause),
    };
    let Stop { place, message, help, .. } = stop;
    match known {
        Some(mistake) => ExplainedStop {
            place: mistake.place(place.file),
            is_of_the_whole_file: mistake.is_of_the_whole_file,
            message: mistake.message,
            help: mistake.help,
        },
        None => ExplainedStop { place, message, help, is_of_the_whole_file: false },
    }
}

/// YAML ends a line at each of these, and at both together.
const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// The lines of a text, each with its end.
fn lines_with_ends(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = match rest.find(LINE_ENDS) {
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let (line, after) = rest.split_at(end);
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

/// The lines of a file.
struct Lines<'a>(Vec<SourceLine<'a>>);

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut offset = 0;
        let lines = lines_with_ends(text).enumerate().map(|(index, line)| {
            let found = SourceLine { number: index + 1, offset, text: line.trim_end_matches(LINE_ENDS) };
            offset += line.len();
            found
        });
        let mut lines: Vec<SourceLine<'_>> = lines.collect();
        if text.is_empty() || text.ends_with(LINE_ENDS) {
            lines.push(SourceLine { number: lines.len() + 1, offset: text.len(), text: "" });
        }
        Self(lines)
    }

    /// The lines `from..=to`, counted from 1, that exist and are neither blank nor comments.
    fn between(&self, from: usize, to: usize) -> impl Iterator<Item = SourceLine<'a>> {
        let from = from.max(1) - 1;
        self.0.iter().skip(from).take(to.saturating_sub(from)).copied().filter(|line| !line.is_blank())
    }

    /// Lines in which a character that looks like a blank and is none stands where YAML needs a blank.
    fn with_odd_blanks(&self) -> Vec<Mistake> {
        self.0.iter().filter_map(|line| line.odd_blank()).take(MOST_MISTAKES).collect()
    }

    /// The mistake in or near the line where the parser gave up.
    fn mistake_near(&self, line: usize, cause: StopCause) -> Option<Mistake> {
        let near = || self.between(line.saturating_sub(1), line + 1);
        self.0
            .iter()
            .find_map(|line| line.conflict_mark())
            .or_else(|| near().find_map(|line| line.tab()))
            .or_else(|| near().find_map(|line| line.template_mark()))
            .or_else(|| self.open_quote(line).filter(|_| cause == StopCause::Quote))
            .or_else(|| self.between(line.saturating_sub(1), line).find_map(|line| line.hyphen_without_blank()))
            .or_else(|| self.between(line.saturating_sub(1), line).find_map(|line| line.colon_without_blank()))
            .or_else(|| self.wrong_indentation(line))
            .or_else(|| self.between(line.saturating_sub(1), line).find_map(|line| line.value_that_needs_quotes()))
    }

    /// The last line up to the given one that opens a quote and does not close it.
    fn open_quote(&self, line: usize) -> Option<Mistake> {
        self.0.iter().take(line).rev().find_map(|line| line.open_quote())
    }

    /// The first line up to the one after the given one whose indentation belongs to no entry above it.
    fn wrong_indentation(&self, line: usize) -> Option<Mistake> {
        let start = self.section_of(line)?.start;
        let mut open: Vec<usize> = Vec::new();
        let mut may_nest = true;
        for found in self.between(start, line + 1) {
            let (indent, key) = (found.indent(), found.key_column());
            let deeper = open.last().is_none_or(|last| indent > *last);
            if found.number + 1 >= line
                && !open.is_empty()
                && (if deeper { !may_nest } else { !open.contains(&indent) })
            {
                let expected = nearest_of(&open, indent);
                return Some(found.mistake(
                    indent,
                    found.text.trim().chars().count(),
                    format!("this line is indented by {}, which fits no line above it", blanks(indent)),
                    format!("indent it by {}, as the other keys of its item", blanks(expected)),
                ));
            }
            open.retain(|column| *column < indent);
            open.push(indent);
            if key > indent {
                open.push(key);
            }
            may_nest = found.opens_a_level();
        }
        None
    }

    /// The top-level entry that holds the line.
    fn section_of(&self, line: usize) -> Option<SourceSection> {
        let starts = |line: &&SourceLine<'_>| line.starts_a_section();
        let first = self.0.iter().take(line).rev().find(starts)?;
        let end = self.0.iter().skip(first.number).find(starts).map_or(self.0.len() + 1, |next| next.number);
        let key = first.text.split(':').next().unwrap_or_default();
        let may_declare_roles = !matches!(key, "jobs" | "waivers" | "defaults" | "readers" | "accounts");
        Some(SourceSection { start: first.number, end, may_declare_roles })
    }
}

fn blanks(count: usize) -> String {
    if count == 1 { "1 blank".to_owned() } else { format!("{count} blanks") }
}

fn nearest_of(columns: &[usize], to: usize) -> usize {
    let nearness = |column: &usize| (column.abs_diff(to), std::cmp::Reverse(*column));
    columns.iter().copied().min_by_key(nearness).unwrap_or_default()
}

/// A top-level entry of a file: its lines, from 1, the last excluded.
#[derive(Clone, Copy)]
struct SourceSection {
    start: usize,
    end: usize,
    may_declare_roles: bool,
}

/// The file with blanks in place of the list item or entry that holds the line, so that every other place stays as it
/// is. `None`: the line is in no such item, or it is blank already.
fn without_item_at(text: &str, line: usize) -> Option<(String, SourceSection)> {
    let lines = Lines::new(text);
    let section = lines.section_of(line).filter(|section| section.start < line)?;
    let inside = || lines.between(section.start + 1, section.end - 1);
    let outermost = inside().filter(SourceLine::is_indented_by_blanks).map(|line| line.indent()).min()?;
    let starts = |found: &SourceLine<'_>| found.is_indented_by_blanks() && found.indent() <= outermost;
    let first = inside().take_while(|found| found.number <= line).filter(starts).last()?.number;
    let end = inside().find(|found| found.number > line && starts(found)).map_or(section.end, |next| next.number);
    let mut without = String::with_capacity(text.len());
    for (index, found) in lines_with_ends(text).enumerate() {
        if (first..end).contains(&(index + 1)) {
            without.extend(found.bytes().map(|b| if matches!(b, b'\n' | b'\r') { char::from(b) } else { ' ' }));
        } else {
            without.push_str(found);
        }
    }
    Some((without, section))
}
