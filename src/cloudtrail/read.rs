//! Reads many logs at once, one thread for each processor.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::athena;
use super::build::{self, BuildOptions};
use super::collect::{Collected, Window};
use super::files::FoundLogs;
use super::gzip::Gzip;
use super::model::{Sessions, Skipped};
use super::stream::{self, LogProblem};
use super::threads::result_of;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The name of standard input, as an argument and among skipped files.
pub const STANDARD_INPUT: &str = "-";

/// Logs that are read several at once.
pub trait Logs: Sync {
    /// The name of a log.
    fn name(&self, number: usize) -> String;

    /// Opens a log.
    ///
    /// # Errors
    /// The log cannot be read.
    fn open(&self, number: usize) -> io::Result<Box<dyn Read + '_>>;
}

impl Logs for [PathBuf] {
    fn name(&self, number: usize) -> String {
        self[number].display().to_string()
    }

    fn open(&self, number: usize) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(&self[number])?))
    }
}

/// How logs are read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// The window of the records.
    pub window: Window,
    /// The number of threads.
    pub threads: usize,
    /// No log is begun after this time.
    pub until: Option<Instant>,
    /// What the logs with a problem hold is kept apart.
    pub separately: bool,
    /// The number of the first log among all sources.
    pub first: u32,
}

/// What was read of some logs.
#[derive(Debug, Default)]
pub struct ReadLogs {
    /// The records.
    pub collected: Collected,
    /// The records of logs with a problem, if they are kept apart.
    pub of_broken: Collected,
    /// The number of logs.
    pub files: u64,
    /// The logs that were read to their end.
    pub whole: Vec<usize>,
    /// The logs with a problem.
    pub skipped: Vec<Skipped>,
    /// The state, if it was not written, and why.
    pub state_not_written: Option<Skipped>,
}

impl ReadLogs {
    /// Adds what was read of other logs.
    pub fn merge(&mut self, other: Self) {
        self.collected.merge(other.collected);
        self.of_broken.merge(other.of_broken);
        self.files += other.files;
        self.whole.extend(other.whole);
        self.skipped.extend(other.skipped);
        self.state_not_written = other.state_not_written.or(self.state_not_written.take());
    }

    /// The sessions.
    #[must_use]
    pub fn into_sessions(mut self, options: &BuildOptions) -> Sessions {
        self.collected.merge(self.of_broken);
        let sessions = build::sessions(self.collected, options).of_files(self.files, self.skipped);
        Sessions { state_not_written: self.state_not_written, ..sessions }
    }

    fn read(&mut self, logs: &(impl Logs + ?Sized), number: usize, options: &ReadOptions, memory: &mut Memory) {
        let file = options.first.saturating_add(u32::try_from(number).unwrap_or(u32::MAX));
        let mut read = |into: &mut Collected| {
            let from = logs.open(number).map_err(LogProblem::Unreadable)?;
            read_one(from, file, &options.window, into, memory)
        };
        let result = if options.separately {
            let mut one = Collected::default();
            let result = read(&mut one);
            if result.is_ok() {
                self.collected.merge(one)
            } else {
                self.of_broken.merge(one)
            }
            result
        } else {
            read(&mut self.collected)
        };
        self.files += 1;
        match result {
            Ok(()) => self.whole.push(number),
            Err(problem) => self.skipped.push(skipped(logs.name(number), &problem)),
        }
    }
}

/// Reads the logs of the paths. `-` is `standard_input`.
pub fn paths(sources: &[PathBuf], standard_input: impl Read, options: &ReadOptions) -> ReadLogs {
    let mut found = FoundLogs::default();
    let mut reads_input = false;
    for source in sources {
        if source.as_os_str() == STANDARD_INPUT { reads_input = true } else { found.add(source, &options.window) }
    }
    let FoundLogs { files, unreadable } = found;
    let numbers: Vec<usize> = (0..files.len()).collect();
    let (mut read, _) = logs(files.as_slice(), &numbers, options);
    let folders = unreadable.into_iter();
    read.skipped
        .extend(folders.map(|(folder, error)| skipped(folder.display().to_string(), &LogProblem::Unreadable(error))));
    if reads_input {
        let number = u32::try_from(files.len()).unwrap_or(u32::MAX);
        read.files += 1;
        if let Err(problem) =
            read_one(standard_input, number, &options.window, &mut read.collected, &mut Memory::default())
        {
            read.skipped.push(skipped(STANDARD_INPUT.to_owned(), &problem));
        }
    }
    read
}

/// Reads the logs of these numbers. Returns also how many of them were read before the time was over.
pub fn logs(logs: &(impl Logs + ?Sized), numbers: &[usize], options: &ReadOptions) -> (ReadLogs, usize) {
    let next = AtomicUsize::new(0);
    let read_some = || {
        let (mut read, mut memory) = (ReadLogs::default(), Memory::default());
        loop {
            if options.until.is_some_and(|until| Instant::now() >= until) {
                return read;
            }
            let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) else { return read };
            read.read(logs, *number, options, &mut memory);
        }
    };
    let read = thread::scope(|scope| {
        let workers: Vec<_> = (1..options.threads.min(numbers.len())).map(|_| scope.spawn(read_some)).collect();
        let mut read = read_some();
        workers.into_iter().map(result_of).for_each(|other| read.merge(other));
        read
    });
    (read, next.into_inner().min(numbers.len()))
}

/// The memory for one log, which a thread uses for one log after the other. If each log had its own, what is kept of
/// the records would lie between them, and the process would need twice as much.
#[derive(Debug, Default)]
struct Memory {
    /// What is read of a compressed file.
    compressed: Vec<u8>,
    /// The part of the content that is being parsed.
    content: Vec<u8>,
}

/// Reads one log, compressed or not: its content decides.
///
/// # Errors
/// The log cannot be read to its end.
fn read_one(
    mut from: impl Read,
    number: u32,
    window: &Window,
    collected: &mut Collected,
    memory: &mut Memory,
) -> Result<(), LogProblem> {
    let mut start = [0; 2];
    let mut known = 0;
    while known < start.len() {
        match from.read(&mut start[known..])? {
            0 => break,
            count => known += count,
        }
    }
    let whole = io::Cursor::new(start).take(known as u64).chain(from);
    if start == GZIP {
        return stream::read(Gzip::new(whole, &mut memory.compressed), &mut memory.content, number, window, collected);
    }
    // JSON never begins with a letter. The first column of the query's result is row_kind, with quotes or without.
    if start == *b"\"r" || start == *b"ro" {
        return Ok(athena::read(whole, number, window, collected)?);
    }
    stream::read(whole, &mut memory.content, number, window, collected)
}

fn skipped(file: String, problem: &LogProblem) -> Skipped {
    Skipped { file, reason: problem.to_string() }
}
