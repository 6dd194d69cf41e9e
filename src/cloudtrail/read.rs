//! Reads many logs at once, one thread for each processor.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::athena;
use super::build::{self, BuildOptions};
use super::collect::{Collected, Window};
use super::files::FoundLogs;
use super::gzip::Gzip;
use super::model::{Sessions, Skipped};
use super::stream::{self, LogProblem};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The name of standard input, as an argument and among skipped files.
pub const STANDARD_INPUT: &str = "-";

/// Reads the logs of the paths. `-` is `standard_input`.
pub fn sessions(
    sources: &[PathBuf],
    standard_input: impl Read,
    window: &Window,
    options: &BuildOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Sessions {
    let mut found = FoundLogs::default();
    let mut reads_input = false;
    for source in sources {
        if source.as_os_str() == STANDARD_INPUT { reads_input = true } else { found.add(source, window) }
    }
    let FoundLogs { files, unreadable } = found;
    let mut skipped: Vec<Skipped> = unreadable
        .into_iter()
        .map(|(folder, error)| skipped(folder.display().to_string(), &LogProblem::Unreadable(error)))
        .collect();
    let mut collected = read_files(&files, window, options.threads, &mut skipped, progress);
    let mut count = files.len() as u64;
    if reads_input {
        let number = u32::try_from(files.len()).unwrap_or(u32::MAX);
        count += 1;
        if let Err(problem) = read_one(standard_input, number, window, &mut collected) {
            skipped.push(self::skipped(STANDARD_INPUT.to_owned(), &problem));
        }
    }
    build::sessions(collected, options).of_files(count, skipped)
}

fn read_files(
    files: &[PathBuf],
    window: &Window,
    threads: usize,
    skipped: &mut Vec<Skipped>,
    progress: &(dyn Fn(u64) + Sync),
) -> Collected {
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(skipped);
    let read_some = || {
        let mut collected = Collected::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(number) else { return collected };
            let read = File::open(path).map_err(LogProblem::Unreadable).and_then(|file| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                read_one(file, number, window, &mut collected)
            });
            if let Err(problem) = read
                && let Ok(mut problems) = problems.lock()
            {
                problems.push(self::skipped(path.display().to_string(), &problem));
            }
            progress(number as u64);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (1..threads.min(files.len())).map(|_| scope.spawn(read_some)).collect();
        let mut collected = read_some();
        for other in workers.into_iter().filter_map(|worker| worker.join().ok()) {
            collected.merge(other);
        }
        collected
    })
}

/// Reads one log, compressed or not: its content decides.
///
/// # Errors
/// The log cannot be read to its end.
pub fn read_one(
    mut from: impl Read,
    number: u32,
    window: &Window,
    collected: &mut Collected,
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
        return stream::read(Gzip::new(whole), number, window, collected);
    }
    // JSON never begins with a letter. The first column of the query's result is row_kind, with quotes or without.
    if start == *b"\"r" || start == *b"ro" {
        return Ok(athena::read(whole, number, window, collected)?);
    }
    stream::read(whole, number, window, collected)
}

fn skipped(file: String, problem: &LogProblem) -> Skipped {
    Skipped { file, reason: problem.to_string() }
}
