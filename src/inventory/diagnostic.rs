//! What is wrong in a file that people wrote, where, and what would be right. One type for every reader.
//! Owns places in files and how a diagnostic is shown, not what a file means.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::visible;

/// One file of an inventory, kept so that problems can be shown in its lines.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// The name that people know it by.
    pub(crate) name: Arc<str>,
    /// Its text.
    pub(crate) text: Arc<str>,
    /// It is UTF-8 text and not empty, so it can be parsed.
    pub(crate) readable: bool,
}

/// Where something stands in an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Index of the file among the inventory's files.
    pub file: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in characters; 0 where only the start is known.
    pub length: usize,
    /// Offset in the file's bytes, from 0.
    pub(crate) offset: usize,
}

impl Place {
    /// The first character of a file.
    pub(crate) fn start_of(file: usize) -> Self {
        Self { file, line: 1, column: 1, ..Self::default() }
    }
}

/// Where something is declared, with the file's name, for reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Location {
    /// The file as the reader of the inventory named it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Location {
    /// The first character of a file.
    pub(crate) fn start_of(file: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), line: 1, column: 1 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Placed<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: change(self.value), place: self.place }
    }
}

/// One thing that is wrong or was not read in a file that people wrote: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where; line 0: the file as a whole.
    pub location: Location,
    /// The characters that are meant, where the file is kept to show them.
    pub(crate) place: Option<Box<Place>>,
    /// What is wrong.
    pub message: String,
    /// What would be right, or what to do.
    pub help: String,
    /// The credentials or the job can never start.
    pub cannot_work: bool,
}

impl Diagnostic {
    pub(crate) fn new(location: Location, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { location, place: None, message: message.into(), help: help.into(), cannot_work: false }
    }

    /// Of credentials or a job that can never start.
    #[cfg(feature = "cli")]
    pub(crate) fn cannot_work(location: Location, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { cannot_work: true, ..Self::new(location, message, help) }
    }

    /// Of a file as a whole.
    pub(crate) fn of_file(file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Location { file: file.into(), line: 0, column: 0 }, message, help)
    }
}

#[cfg(feature = "cli")]
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, help) = (visible::printable(&self.message), visible::printable(&self.help));
        write!(f, "{}: {message}\n  help: {help}", visible::line(&self.location.to_string()))
    }
}

/// How many diagnostics a person is shown at most; the rest is counted.
const MOST_SHOWN: usize = 1000;
/// How many of one file are kept; the rest is counted.
const MOST_KEPT: usize = 1000;
/// How many a log line or a function's error holds at most.
const MOST_IN_A_LOG: usize = 50;

/// Everything that is wrong in an input, with the files that hold it.
#[derive(Debug, Clone)]
pub struct Problems {
    files: Vec<SourceFile>,
    problems: Vec<Diagnostic>,
    /// How many more there are.
    more: usize,
    /// The input, for the last sentence.
    of: &'static str,
}

impl std::error::Error for Problems {}

impl Problems {
    pub(crate) fn new(files: Vec<SourceFile>, sink: Sink) -> Self {
        let (mut problems, more) =
            (sink.problems, sink.by_file.values().map(|count| count.saturating_sub(MOST_KEPT)).sum());
        for problem in &mut problems {
            if let Some(file) = problem.place.as_ref().and_then(|place| files.get(place.file)) {
                problem.location.file = file.name.clone();
            }
        }
        problems.sort_by(|one, other| one.place.cmp(&other.place));
        // A value behind an anchor is reported once, however often an alias repeats it.
        problems.dedup();
        Self { files, problems, more, of: "the inventory" }
    }

    /// The same, of an input that is not an inventory.
    #[cfg(feature = "cli")]
    pub(crate) fn in_the(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    /// A problem without a place in a file: a missing file, for example.
    pub(crate) fn without_place(file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let problem = Diagnostic::of_file(file, message, help);
        Self { files: Vec::new(), problems: vec![problem], more: 0, of: "the inventory" }
    }

    /// Each diagnostic, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.problems.iter()
    }

    /// The diagnostics without the files.
    #[cfg(feature = "cli")]
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// The first 1,000 as text for a person, each in its line of the file, and the number of the rest.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        self.render_first(MOST_SHOWN, colour)
    }

    fn render_first(&self, most: usize, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<String> =
            self.problems.iter().take(most).map(|problem| self.render_one(&renderer, problem)).collect();
        let total = self.problems.len() + self.more;
        let count = if total == 1 { "1 problem".to_owned() } else { format!("{total} problems") };
        let first = if shown.len() < total { format!(", the first {} shown", shown.len()) } else { String::new() };
        format!("{}\n\n{count} in {}{first}; nothing was checked.", shown.join("\n\n"), self.of)
    }

    fn render_one(&self, renderer: &Renderer, problem: &Diagnostic) -> String {
        let help = visible::block(&problem.help);
        let located = problem.place.as_deref().and_then(|place| {
            let file = self.files.get(place.file).filter(|file| place.offset < file.text.len())?;
            Some((place, file, around(&file.text, *place)))
        });
        let Some((place, file, (shown, start, end))) = located else {
            let message = visible::block(&format!("{}: {}", problem.location.file, problem.message));
            let title = Level::ERROR.primary_title(message);
            return renderer.render(&[title.element(Level::HELP.message(help))]);
        };
        let title = Level::ERROR.primary_title(visible::block(&problem.message));
        let at = format!("{}:{}:{}", visible::line(&file.name), place.line, place.column);
        let shown_before = shown[..start].chars().count();
        let snippet = Snippet::source(shown)
            .path(&at)
            .line_start(place.line)
            .annotation(AnnotationKind::Primary.span(start..end));
        let text = renderer.render(&[title.element(snippet).element(Level::HELP.message(help))]);
        // The renderer adds line and column within what is shown; ours are the file's.
        let in_shown = shown_before + 1;
        text.replacen(&format!("{at}:{}:{in_shown}", place.line), &at, 1)
    }
}

/// The part of the line that a person needs, and the byte range of the offending text in it. Reads only that part: a
/// JSON file may be one line.
fn around(text: &str, place: Place) -> (String, usize, usize) {
    const WIDEST: usize = 120;
    let printable = |c: char| if c.is_control() { " ".to_owned() } else { visible::line(c.encode_utf8(&mut [0; 4])) };
    let (before, from) = text.split_at(text.floor_char_boundary(place.offset));
    let mut shown: Vec<String> = before.chars().rev().take_while(|c| *c != '\n').take(WIDEST).map(printable).collect();
    shown.reverse();
    let mut shown = shown.concat();
    let start = shown.len();
    let mut end = start;
    for (index, c) in from.chars().take_while(|c| *c != '\n' && *c != '\r').take(WIDEST).enumerate() {
        shown.push_str(&printable(c));
        if index < place.length.max(1) {
            end = shown.len();
        }
    }
    (shown, start, end)
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render_first(MOST_IN_A_LOG, false))
    }
}

/// Gathers diagnostics while files are read.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) problems: Vec<Diagnostic>,
    /// How many each file has, by its index.
    by_file: BTreeMap<usize, usize>,
}

impl Sink {
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        let count = self.by_file.entry(place.file).or_default();
        *count += 1;
        if *count <= MOST_KEPT {
            // `Problems` adds the file's name.
            let location = Location { file: Arc::default(), line: place.line, column: place.column };
            let diagnostic = Diagnostic::new(location, cut(message.into()), cut(help.into()));
            self.problems.push(Diagnostic { place: Some(Box::new(place)), ..diagnostic });
        }
    }

    /// Whether there are so few that each is worth a search for the nearest word.
    pub(super) fn is_short(&self) -> bool {
        self.problems.len() < 200
    }

    /// Adds the problems of another reading.
    pub(super) fn extend(&mut self, other: Self) {
        self.problems.extend(other.problems);
        other.by_file.into_iter().for_each(|(file, count)| *self.by_file.entry(file).or_default() += count);
    }

    /// The files that have problems.
    pub(super) fn files(&self) -> impl Iterator<Item = usize> {
        self.by_file.keys().copied()
    }
}

/// Bounds a sentence that quotes a file: one value may be the whole file.
fn cut(sentence: String) -> String {
    const LONGEST: usize = 1000;
    match sentence.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence,
    }
}

/// The known word nearest to the written one, if one is near or begins with it. Only the first 500 words are compared.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const MOST_WORDS: usize = 500;
    let limit = |word: &str| 1 + word.len().max(written.len()) / 3;
    let begins = |word: &str| written.len() > 2 && word.starts_with(written);
    known
        .into_iter()
        .take(MOST_WORDS)
        .filter(|word| begins(word) || word.len().abs_diff(written.len()) <= limit(word))
        .map(|word| (if begins(word) { 1 } else { strsim::damerau_levenshtein(written, word) }, word))
        .filter(|(distance, word)| *distance <= limit(word))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}
