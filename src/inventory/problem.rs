//! What is wrong with an inventory, and where: owns places in files and how a problem is shown.
//! Knows nothing of what an inventory means.

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
    /// It is text, and not empty: it can be parsed.
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

/// Where something is declared, with the file's name: what a report says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Location {
    /// The file as the reader of the inventory named it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
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

/// One thing that is wrong: what, where and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; `None` where the file as a whole is meant.
    pub place: Option<Place>,
    /// The file that is meant when there is no place in it.
    pub file: Arc<str>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

/// Something that people should know of a file that is not an inventory: where, what, and what would be right.
#[cfg(feature = "cli")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub location: Location,
    /// What, without a control character.
    pub message: String,
    /// What would be right, or what to do.
    pub help: String,
    /// It can never work: the credentials or the job cannot start, whatever else is done.
    pub cannot_work: bool,
}

#[cfg(feature = "cli")]
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, help) = (visible::printable(&self.message), visible::printable(&self.help));
        write!(f, "{}: {message}\n  help: {help}", visible::line(&self.location.to_string()))
    }
}

/// Every problem of an inventory, with the files they stand in.
#[derive(Debug, Clone)]
pub struct Problems {
    files: Vec<SourceFile>,
    problems: Vec<Problem>,
    /// What they are problems of, in words.
    of: &'static str,
}

impl std::error::Error for Problems {}

impl Problems {
    pub(crate) fn new(files: Vec<SourceFile>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        // What an anchor says wrong is wrong wherever it is used: once is enough.
        problems.dedup();
        Self { files, problems, of: "the inventory" }
    }

    /// Problems of something else than an inventory.
    #[cfg(feature = "cli")]
    pub(crate) fn in_the(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    /// A problem with no place in a file: a missing file, say.
    pub(crate) fn without_place(file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            files: Vec::new(),
            problems: vec![Problem { place: None, file: file.into(), message: message.into(), help: help.into() }],
            of: "the inventory",
        }
    }

    /// Each problem, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// The name of the file a problem stands in.
    #[must_use]
    pub fn file_of<'a>(&'a self, problem: &'a Problem) -> &'a str {
        problem.place.and_then(|place| self.files.get(place.file)).map_or(&problem.file, |file| &file.name)
    }

    /// Each with the name of its file, without the line that it stands in.
    #[cfg(feature = "cli")]
    pub(crate) fn remarks(&self) -> Vec<Remark> {
        let remark = |problem: &Problem| {
            let place = problem.place.unwrap_or_default();
            let location = Location { file: self.file_of(problem).into(), line: place.line, column: place.column };
            Remark { location, message: problem.message.clone(), help: problem.help.clone(), cannot_work: false }
        };
        self.problems.iter().map(remark).collect()
    }

    /// All of them as text for a person, each in its line of the file.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        self.render_first(self.problems.len(), colour)
    }

    fn render_first(&self, most: usize, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<String> =
            self.problems.iter().take(most).map(|problem| self.render_one(&renderer, problem)).collect();
        let count = match self.problems.len() {
            1 => "1 problem".to_owned(),
            several => format!("{several} problems"),
        };
        let first = if shown.len() < self.problems.len() { format!(", the first {most} shown") } else { String::new() };
        format!("{}\n\n{count} in {}{first}; nothing was checked.", shown.join("\n\n"), self.of)
    }

    fn render_one(&self, renderer: &Renderer, problem: &Problem) -> String {
        let help = visible::block(&problem.help);
        let located = problem.place.and_then(|place| {
            let file = self.files.get(place.file).filter(|file| place.offset < file.text.len())?;
            Some((place, file, around(&file.text, place)))
        });
        let Some((place, file, (shown, start, end))) = located else {
            let message = visible::block(&format!("{}: {}", self.file_of(problem), problem.message));
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

/// As much of the line as a person needs, and the byte range of the offending text in it. Looks no further than it shows:
/// a JSON file may be one line.
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
        // Where it is a log line or a function's error, it has to stay within bounds.
        f.write_str(&self.render_first(50, false))
    }
}

/// Gathers problems while an inventory is read.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) problems: Vec<Problem>,
}

impl Sink {
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (cut(message.into()), cut(help.into()));
        self.problems.push(Problem { place: Some(place), file: "".into(), message, help });
    }
}

/// A sentence that quotes the file quotes no more of it than a person reads: a text of the file may be all of it.
fn cut(sentence: String) -> String {
    const LONGEST: usize = 1000;
    match sentence.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence,
    }
}

/// The known word nearest to what was written, if one is near or begins so. Among very many words none is looked for.
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
