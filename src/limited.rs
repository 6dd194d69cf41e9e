//! Reading what somebody named, and no more of it than its reader takes. Knows nothing of what is in it.

use std::fmt;
use std::io::Read;
use std::path::Path;

/// Why something could not be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// There is no such file.
    NotThere,
    /// It is larger than so many bytes.
    TooLarge(u64),
    /// It is not UTF-8.
    NotText,
    /// The system says so.
    Failed(std::io::Error),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => f.write_str("there is no such file"),
            Self::TooLarge(most) => write!(f, "is larger than {} MiB", most / 1024 / 1024),
            Self::NotText => f.write_str("is not UTF-8 text"),
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

/// A file that was given to be read: a pipe is as good as any.
pub(crate) fn file(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    stream(std::fs::File::open(path)?, most)
}

/// What comes from a stream.
pub(crate) fn stream(from: impl Read, most: u64) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Unreadable::TooLarge(most)) } else { Ok(bytes) }
}

/// Bytes as text.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, Unreadable> {
    String::from_utf8(bytes).map_err(|_| Unreadable::NotText)
}
