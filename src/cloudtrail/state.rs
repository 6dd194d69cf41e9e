//! The file of `--state`: which objects were read, and the facts of their records, so that a later run reads only the
//! other objects and has the result of a run that reads all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize, Serializer};

use super::caller::{CallerId, Callers};
use super::collect::{Collected, Counted, Issue, RefusedCall, SessionCall, Window};
use super::time::Seconds;
use crate::limited;
use crate::visible::printable;

/// The program that wrote the state. Ids of records are stored as hashes, so that another version may not read it.
const WRITER: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// How much of a state says which program wrote it, in bytes.
const HEAD: u64 = 256;
/// The longest name of a program and its version.
const LONGEST_NAME: usize = 100;

/// What the state is about: another reading needs another state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The sources.
    pub sources: Vec<String>,
    /// The first second of the window.
    pub since: Option<Seconds>,
    /// The last second of the window.
    pub until: Option<Seconds>,
}

impl Subject {
    /// The reading of these sources.
    #[must_use]
    pub fn new(mut sources: Vec<String>, window: &Window) -> Self {
        sources.sort();
        Self { sources, since: window.since, until: window.until }
    }
}

/// An object that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadObject {
    /// The number of the object in the facts.
    pub number: u32,
    /// The version.
    pub etag: String,
}

/// What was read.
#[derive(Debug, Default)]
pub struct ReadState {
    /// The objects by name.
    pub objects: BTreeMap<String, ReadObject>,
    /// The facts of their records.
    pub collected: Collected,
}

/// Why a state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateProblem {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The content is no state.
    #[error("it is damaged, or another file than a state ({0}): delete it to read everything")]
    Damaged(String),
    /// Reading a pipe can wait forever.
    #[error("it is not a regular file: name another one")]
    NotAFile,
    /// Another version wrote it.
    #[error("it was written by {0}: delete it to read everything")]
    OtherWriter(String),
    /// It is about other sources or another window.
    #[error("it is of a run with other sources, --since or --until: name another file, or delete it")]
    OtherSubject,
}

#[derive(Serialize)]
struct Written<'a> {
    writer: &'static str,
    subject: &'a Subject,
    objects: &'a BTreeMap<String, ReadObject>,
    records: u64,
    span: Option<(Seconds, Seconds)>,
    callers: &'a Callers,
    issues: &'a [Issue],
    refusals: &'a [RefusedCall],
    #[serde(serialize_with = "calls")]
    calls: &'a [Vec<Vec<SessionCall>>],
    counted: Vec<(CallerId, u32, u32, u64)>,
    anonymous: u64,
}

#[derive(Deserialize)]
struct Stored {
    subject: Subject,
    objects: BTreeMap<String, ReadObject>,
    records: u64,
    span: Option<(Seconds, Seconds)>,
    callers: Callers,
    issues: Vec<Issue>,
    refusals: Vec<RefusedCall>,
    calls: Vec<(u64, CallerId, u32)>,
    counted: Vec<(CallerId, u32, u32, u64)>,
    anonymous: u64,
}

fn calls<S: Serializer>(parts: &&[Vec<Vec<SessionCall>>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(parts.iter().flatten().flatten().map(|call| (call.id, call.caller, call.at)))
}

impl ReadState {
    /// Reads the state; empty: there is no file.
    ///
    /// # Errors
    /// The file is no state of this reading.
    pub fn load(path: &Path, subject: &Subject) -> Result<Self, StateProblem> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
            Ok(about) if !about.is_file() => return Err(StateProblem::NotAFile),
            Ok(_) => {}
        }
        let damaged = |error: serde_json::Error| StateProblem::Damaged(printable(&error.to_string()));
        let open = || File::open(path).map(|file| BufReader::new(GzDecoder::new(BufReader::new(file))));
        let start = limited::start(open()?, HEAD).map_err(|error| StateProblem::Damaged(error.to_string()))?;
        let writer = writer_of(&start).ok_or_else(|| StateProblem::Damaged("its start names no program".to_owned()))?;
        if writer != WRITER {
            return Err(StateProblem::OtherWriter(writer.to_owned()));
        }
        let stored: Stored = serde_json::from_reader(open()?).map_err(damaged)?;
        if stored.subject != *subject {
            return Err(StateProblem::OtherSubject);
        }
        stored.into_state().ok_or_else(|| StateProblem::Damaged("a call without a caller".to_owned()))
    }

    /// Tests whether a state can be written.
    ///
    /// # Errors
    /// It cannot.
    pub fn test_place(path: &Path) -> Result<(), StateProblem> {
        let new = new_of(path);
        create(&new)?;
        Ok(fs::remove_file(&new)?)
    }

    /// Writes the state to a new file, which then replaces the former.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path, subject: &Subject) -> Result<(), StateProblem> {
        let new = new_of(path);
        let mut text = GzEncoder::new(BufWriter::new(create(&new)?), Compression::fast());
        let collected = &self.collected;
        let counted = collected.counted.iter();
        let written = Written {
            writer: WRITER,
            subject,
            objects: &self.objects,
            records: collected.records,
            span: collected.span,
            callers: &collected.callers,
            issues: &collected.issues,
            refusals: &collected.refusals,
            calls: &collected.calls,
            counted: counted.map(|&Counted { caller, first, last, calls }| (caller, first, last, calls)).collect(),
            anonymous: collected.anonymous,
        };
        serde_json::to_writer(&mut text, &written).map_err(io::Error::from)?;
        let mut file = text.finish()?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(fs::rename(&new, path)?)
    }

    /// Gives the objects other numbers: copies of a record are compared by them.
    pub fn renumber(&mut self, number_of: impl Fn(&str) -> Option<u32>) {
        let mut numbers = BTreeMap::new();
        for (name, object) in &mut self.objects {
            let number = number_of(name).unwrap_or(u32::MAX);
            numbers.insert(object.number, number);
            object.number = number;
        }
        let copies = self.collected.issues.iter_mut().map(|issue| &mut issue.copy);
        for copy in copies.chain(self.collected.refusals.iter_mut().map(|refusal| &mut refusal.copy)) {
            copy.place.0 = numbers.get(&copy.place.0).copied().unwrap_or(u32::MAX);
        }
    }
}

/// The program that the start of a state names.
fn writer_of(start: &[u8]) -> Option<&str> {
    let rest = std::str::from_utf8(start.strip_prefix(br#"{"writer":""#)?.split(|byte| *byte == b'"').next()?).ok()?;
    let is_name = rest.len() <= LONGEST_NAME && rest.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    is_name.then_some(rest)
}

/// The file that replaces the state.
fn new_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Only the user may read it: it has the addresses of callers. A file that an ended run left is replaced, not written
/// to: it may be a link.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Stored {
    /// `None`: a call has a caller that is not there.
    fn into_state(self) -> Option<ReadState> {
        let mut collected = Collected {
            records: self.records,
            span: self.span,
            callers: self.callers,
            issues: self.issues,
            refusals: self.refusals,
            anonymous: self.anonymous,
            ..Collected::default()
        };
        let count = collected.callers.len();
        let is_known = |caller: CallerId| (caller as usize) < count;
        let known_parts = collected.issues.iter().all(|issue| is_known(issue.caller))
            && collected.refusals.iter().all(|refusal| is_known(refusal.caller))
            && self.counted.iter().all(|(caller, ..)| is_known(*caller))
            && self.calls.iter().all(|(_, caller, _)| is_known(*caller));
        if !known_parts {
            return None;
        }
        for (caller, first, last, calls) in self.counted {
            collected.counted.push(Counted { caller, first, last, calls });
        }
        for (id, caller, at) in self.calls {
            collected.push(SessionCall { id, caller, at });
        }
        Some(ReadState { objects: self.objects, collected })
    }
}
