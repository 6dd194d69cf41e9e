//! The mistakes that make YAML unreadable: a tab, a no-break space, an open quote, a template that was not rendered.
//!
//! A parser reports where it gave up. Here the lines around that place are searched for the mistakes that people make,
//! each named at its own line. The list item that holds a mistake is then left out, and the rest of the file is read.

use std::borrow::Cow;

use super::diagnostic::{Place, Sink};
use super::yaml::{Dialect, Node, Stop, StopCause, parse_or_stop};

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

/// A mistake in one line.
struct Mistake {
    line: usize,
    /// Column in characters, from 1.
    column: usize,
    length: usize,
    offset: usize,
    message: String,
    help: String,
    /// It is not the mistake of one list item.
    is_of_the_whole_file: bool,
}

impl Mistake {
    fn place(&self, file: usize) -> Place {
        Place { file, line: self.line, column: self.column, length: self.length, offset: self.offset }
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

#[derive(Clone, Copy)]
struct SourceLine<'a> {
    number: usize,
    offset: usize,
    text: &'a str,
}

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

impl<'a> SourceLine<'a> {
    fn is_blank(&self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }

    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// Whether only blanks indent the line; another character there makes its indentation unknown.
    fn is_indented_by_blanks(&self) -> bool {
        !self.text.trim_start_matches(' ').starts_with(|c: char| c == '\t' || is_odd_blank(c))
    }

    /// The text without the indentation and the hyphens of list items.
    fn content(&self) -> &'a str {
        let mut text = self.text.trim_start_matches(' ');
        while let Some(rest) = text.strip_prefix("- ") {
            text = rest.trim_start_matches(' ');
        }
        text
    }

    /// The column of the content, from 0.
    fn key_column(&self) -> usize {
        self.text.len() - self.content().len()
    }

    /// Whether lines below it may be indented deeper.
    fn opens_a_level(&self) -> bool {
        let text = self.text.split(" #").next().unwrap_or_default().trim_end();
        let flow = text.matches(['[', '{']).count() > text.matches([']', '}']).count();
        flow || text.ends_with([':', '|', '>', ',', '[', '{']) || text.trim() == "-" || text.ends_with("|-")
    }

    fn starts_a_section(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'')
    }

    /// A mistake at a byte of the line.
    fn mistake(&self, at: usize, length: usize, message: String, help: impl Into<String>) -> Mistake {
        let column = self.text.get(..at).map_or(1, |before| before.chars().count() + 1);
        let (line, offset, help) = (self.number, self.offset + at, help.into());
        Mistake { line, column, length, offset, message, help, is_of_the_whole_file: false }
    }

    /// A mark that git writes where two versions of the file conflict.
    fn conflict_mark(&self) -> Option<Mistake> {
        self.text.starts_with("<<<<<<< ").then(|| {
            let message = "git left the marks of a conflict in this file".to_owned();
            let help = "keep one of the two versions between `<<<<<<<` and `>>>>>>>`, and remove the marks";
            Mistake { is_of_the_whole_file: true, ..self.mistake(0, self.text.chars().count(), message, help) }
        })
    }

    fn tab(&self) -> Option<Mistake> {
        let at = self.text.find(|c: char| c != ' ')?;
        self.text[at..].starts_with('\t').then(|| {
            let help = "YAML indents with blanks alone: replace the tab";
            self.mistake(at, 1, "a tab indents this line".to_owned(), help)
        })
    }

    /// A character that looks like a blank, in the indentation or behind a hyphen or the colon of a key.
    fn odd_blank(&self) -> Option<Mistake> {
        if self.text.is_ascii() || self.is_blank() {
            return None;
        }
        let start = self.text.find(|c: char| c != ' ' && c != '-')?;
        // A byte order mark may begin a file.
        let odd = |at: usize| {
            let c = self.text.get(at..)?.chars().next().filter(|c| is_odd_blank(*c))?;
            (self.offset + at > 0 || c != '\u{feff}').then_some((at, c))
        };
        let behind_key = || {
            let key = self.text[start..].find(':')?;
            let plain = self.text[start..start + key].chars().all(|c| !"'\"{[#".contains(c));
            let quoted = self.text[start..start + key].trim_end().ends_with(['"', '\'']);
            (plain || quoted).then_some(())?;
            let value = self.text[start + key + 1..].trim_start_matches(' ');
            // A quoted key may hold any character.
            let in_key = (start..start + key).filter(|at| plain && self.text.is_char_boundary(*at)).find_map(odd);
            in_key.or_else(|| odd(self.text.len() - value.len()))
        };
        let (at, c) = odd(start).or_else(behind_key)?;
        let name = match c {
            '\u{a0}' | '\u{202f}' => "a no-break space",
            '\u{feff}' => "a byte order mark",
            _ => "an invisible character",
        };
        let message = format!("{name} (U+{:04X}) stands where YAML needs a blank", u32::from(c));
        Some(self.mistake(at, 1, message, "replace it by a blank: pages and chats write it where a blank is shown"))
    }

    fn template_mark(&self) -> Option<Mistake> {
        let braces = self.text.match_indices("{{").find(|(at, _)| !self.text[..*at].ends_with('$'));
        let (at, mark) = braces.or_else(|| self.text.find("{%").map(|at| (at, "{%")))?;
        let quoted = self.text[..at].matches('"').count() % 2 == 1;
        (!quoted).then(|| {
            let message = format!("`{mark}` is a mark of a template: this file was not rendered");
            Mistake { is_of_the_whole_file: true, ..self.mistake(at, 2, message, NOT_RENDERED) }
        })
    }

    fn hyphen_without_blank(&self) -> Option<Mistake> {
        let rest = self.text.trim_start_matches(' ').strip_prefix('-')?;
        let begins_a_key = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'');
        (begins_a_key && rest.contains(':')).then(|| {
            let help = format!("write `- {rest}`");
            self.mistake(self.indent(), 1, "a blank is missing behind the hyphen".to_owned(), help)
        })
    }

    fn colon_without_blank(&self) -> Option<Mistake> {
        let content = self.content();
        let key = content.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let rest = content[key..].strip_prefix(':')?;
        let begins_a_value = rest.starts_with(|c: char| c.is_alphanumeric() || c == '"' || c == '\'');
        (key > 0 && begins_a_value && !content.contains(": ")).then(|| {
            let help = format!("write `{}: {}`", &content[..key], rest.trim());
            self.mistake(self.key_column() + key, 1, "a blank is missing behind the colon".to_owned(), help)
        })
    }

    /// A quote that begins a value and is not closed in the line.
    fn open_quote(&self) -> Option<Mistake> {
        let mut rest = self.text.char_indices().peekable();
        let mut before = ' ';
        while let Some((at, c)) = rest.next() {
            let begins = matches!(before, ' ' | '[' | '{' | ',' | ':' | '-');
            match c {
                '#' if before == ' ' => return None,
                '"' | '\'' if begins => {
                    let closed = closing_quote(c, &mut rest);
                    if !closed {
                        let help = format!("close it with {c} at the end of the text");
                        let message = format!("the quote {c} that begins here is not closed");
                        return Some(self.mistake(at, 1, message, help));
                    }
                    before = c;
                }
                c => before = c,
            }
        }
        None
    }

    /// A plain value that begins with a character of YAML's, or holds `: `.
    fn value_that_needs_quotes(&self) -> Option<Mistake> {
        let content = self.content();
        let colon = content.find(": ").filter(|_| !content.starts_with(['{', '[', '"', '\'']))?;
        let value = content[colon + 2..].trim_start();
        let at = self.text.len() - value.len();
        let first = value.chars().next()?;
        let reserved = "*&!%@`|>".contains(first) && !value.starts_with("*.");
        let needs = reserved || (!"\"'[{#".contains(first) && value.contains(": "));
        needs.then(|| {
            let message = match reserved {
                true => format!("a value that begins with `{first}` needs quotes"),
                false => "a value that holds `: ` needs quotes".to_owned(),
            };
            self.mistake(at, value.chars().count(), message, format!("write it in quotes: \"{value}\""))
        })
    }
}

/// Consumes the characters up to the closing quote; whether there is one.
fn closing_quote(quote: char, rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> bool {
    while let Some((_, c)) = rest.next() {
        if c == '\\' && quote == '"' {
            rest.next();
        } else if c == quote {
            match rest.peek() {
                Some((_, next)) if *next == '\'' && quote == '\'' => _ = rest.next(),
                _ => return true,
            }
        }
    }
    false
}

fn is_odd_blank(c: char) -> bool {
    (c.is_whitespace() && !c.is_ascii()) || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
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
