//! The mistakes that people make in one line of YAML.

use super::NOT_RENDERED;
use crate::inventory::diagnostic::Place;

/// A mistake in one line.
pub(super) struct Mistake {
    pub(super) line: usize,
    /// Column in characters, from 1.
    pub(super) column: usize,
    pub(super) length: usize,
    pub(super) offset: usize,
    pub(super) message: String,
    pub(super) help: String,
    /// It is not the mistake of one list item.
    pub(super) is_of_the_whole_file: bool,
}

impl Mistake {
    pub(super) fn place(&self, file: usize) -> Place {
        Place { file, line: self.line, column: self.column, length: self.length, offset: self.offset }
    }
}

/// A line of a file.
#[derive(Clone, Copy)]
pub(super) struct SourceLine<'a> {
    pub(super) number: usize,
    pub(super) offset: usize,
    pub(super) text: &'a str,
}

impl<'a> SourceLine<'a> {
    pub(super) fn is_blank(&self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }

    pub(super) fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// Whether only blanks indent the line; another character there makes its indentation unknown.
    pub(super) fn is_indented_by_blanks(&self) -> bool {
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
    pub(super) fn key_column(&self) -> usize {
        self.text.len() - self.content().len()
    }

    /// Whether lines below it may be indented deeper.
    pub(super) fn opens_a_level(&self) -> bool {
        let text = self.text.split(" #").next().unwrap_or_default().trim_end();
        let flow = text.matches(['[', '{']).count() > text.matches([']', '}']).count();
        flow || text.ends_with([':', '|', '>', ',', '[', '{']) || text.trim() == "-" || text.ends_with("|-")
    }

    pub(super) fn starts_a_section(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'')
    }

    /// A mistake at a byte of the line.
    pub(super) fn mistake(&self, at: usize, length: usize, message: String, help: impl Into<String>) -> Mistake {
        let column = self.text.get(..at).map_or(1, |before| before.chars().count() + 1);
        let (line, offset, help) = (self.number, self.offset + at, help.into());
        Mistake { line, column, length, offset, message, help, is_of_the_whole_file: false }
    }

    /// A mark that git writes where two versions of the file conflict.
    pub(super) fn conflict_mark(&self) -> Option<Mistake> {
        self.text.starts_with("<<<<<<< ").then(|| {
            let message = "git left the marks of a conflict in this file".to_owned();
            let help = "keep one of the two versions between `<<<<<<<` and `>>>>>>>`, and remove the marks";
            Mistake { is_of_the_whole_file: true, ..self.mistake(0, self.text.chars().count(), message, help) }
        })
    }

    pub(super) fn tab(&self) -> Option<Mistake> {
        let at = self.text.find(|c: char| c != ' ')?;
        self.text[at..].starts_with('\t').then(|| {
            let help = "YAML indents with blanks alone: replace the tab";
            self.mistake(at, 1, "a tab indents this line".to_owned(), help)
        })
    }

    /// A character that looks like a blank, in the indentation or behind a hyphen or the colon of a key.
    pub(super) fn odd_blank(&self) -> Option<Mistake> {
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

    pub(super) fn template_mark(&self) -> Option<Mistake> {
        let braces = self.text.match_indices("{{").find(|(at, _)| !self.text[..*at].ends_with('$'));
        let (at, mark) = braces.or_else(|| self.text.find("{%").map(|at| (at, "{%")))?;
        let quoted = self.text[..at].matches('"').count() % 2 == 1;
        (!quoted).then(|| {
            let message = format!("`{mark}` is a mark of a template: this file was not rendered");
            Mistake { is_of_the_whole_file: true, ..self.mistake(at, 2, message, NOT_RENDERED) }
        })
    }

    pub(super) fn hyphen_without_blank(&self) -> Option<Mistake> {
        let rest = self.text.trim_start_matches(' ').strip_prefix('-')?;
        let begins_a_key = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'');
        (begins_a_key && rest.contains(':')).then(|| {
            let help = format!("write `- {rest}`");
            self.mistake(self.indent(), 1, "a blank is missing behind the hyphen".to_owned(), help)
        })
    }

    pub(super) fn colon_without_blank(&self) -> Option<Mistake> {
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
    pub(super) fn open_quote(&self) -> Option<Mistake> {
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
    pub(super) fn value_that_needs_quotes(&self) -> Option<Mistake> {
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
