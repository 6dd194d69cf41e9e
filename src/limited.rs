//! Bounded reading of files and streams. A file that a variable names must be a regular file, because reading a named
//! pipe can wait forever.

use std::fmt;
use std::io::Read;
use std::path::Path;
#[cfg(feature = "cli")]
use std::time::Duration;

/// The longest wait for a program that writes to a named pipe.
#[cfg(feature = "cli")]
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a file or a stream could not be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The file does not exist.
    NotThere,
    /// The path is a folder, a named pipe or a device.
    #[cfg(feature = "cli")]
    NoFile,
    /// The path is a named pipe, and no program opened it for writing in this many seconds.
    #[cfg(feature = "cli")]
    NoWriter(u64),
    /// The content is larger than this many bytes.
    TooLarge(u64),
    /// The content is not UTF-8.
    #[cfg(feature = "cli")]
    NotText {
        /// The line of the first byte that is not UTF-8.
        line: usize,
        /// The content begins with a byte order mark of UTF-16.
        utf16: bool,
    },
    /// The operating system returned an error.
    Failed(std::io::Error),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => f.write_str("there is no such file"),
            #[cfg(feature = "cli")]
            Self::NoFile => f.write_str("is a folder, a named pipe or a device, not a file"),
            #[cfg(feature = "cli")]
            Self::NoWriter(seconds) => write!(f, "is a pipe to which no program wrote for {seconds} seconds"),
            Self::TooLarge(most) => write!(f, "is larger than {} MiB", most / 1024 / 1024),
            #[cfg(feature = "cli")]
            Self::NotText { utf16: true, .. } => f.write_str("is not UTF-8 text, but UTF-16"),
            #[cfg(feature = "cli")]
            Self::NotText { .. } => f.write_str("is not UTF-8 text"),
            Self::Failed(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotThere,
            _ => Self::Failed(error),
        }
    }
}

/// Reads a file that an argument names. The file may be a pipe.
pub(crate) fn file(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    #[cfg(feature = "cli")]
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir()) {
        return stream(open_pipe(path, PATIENCE)?, most);
    }
    stream(std::fs::File::open(path)?, most)
}

/// Opens a named pipe. That waits for a program that writes to it, which may never start.
#[cfg(feature = "cli")]
fn open_pipe(path: &Path, patience: Duration) -> Result<std::fs::File, Unreadable> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let path = path.to_path_buf();
    // The thread ends with the process where no program opens the pipe.
    std::thread::spawn(move || sender.send(std::fs::File::open(path)));
    match receiver.recv_timeout(patience) {
        Ok(opened) => Ok(opened?),
        Err(_) => Err(Unreadable::NoWriter(patience.as_secs())),
    }
}

/// Reads a file that a variable or a folder of the user names. Opening a named pipe waits for its writer, and a
/// device may never end.
#[cfg(feature = "cli")]
pub(crate) fn regular(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    // People write /dev/null to set no file.
    if path == Path::new("/dev/null") {
        return Ok(Vec::new());
    }
    if std::fs::metadata(path)?.is_file() { file(path, most) } else { Err(Unreadable::NoFile) }
}

/// Reads a stream.
pub(crate) fn stream(from: impl Read, most: u64) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Unreadable::TooLarge(most)) } else { Ok(bytes) }
}

/// Reads the start of a stream.
pub(crate) fn start(from: impl Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Decodes UTF-8.
#[cfg(feature = "cli")]
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, Unreadable> {
    String::from_utf8(bytes).map_err(|error| {
        let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes.iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        Unreadable::NotText { line, utf16: bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") }
    })
}

#[cfg(all(test, unix, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn a_named_pipe_without_a_writer_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let pipe = folder.path().join(name);
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            pipe
        };
        let opened = open_pipe(&make("silent"), Duration::from_millis(20));
        assert!(matches!(opened, Err(Unreadable::NoWriter(0))), "{opened:?}");
        let pipe = make("written");
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::write(pipe, "text")
        });
        assert_eq!(file(&pipe, 100).unwrap(), b"text");
        writer.join().unwrap().unwrap();
    }
}
