//! Decompression with a limit: a small file must not become an endless stream. What precedes a damage is read.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// How many times its compressed size a file may have. CloudTrail's logs have 10 to 40 times.
const MOST_TIMES: u64 = 200;

/// What a file may have in any case.
const FLOOR: u64 = 64 * 1024 * 1024;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The binary logarithm of deflate's window.
const WINDOW_BITS: u8 = 15;

/// The content of a gzip file, also of several that are concatenated.
pub(super) struct Gzip<'a, R> {
    from: R,
    input: &'a mut Vec<u8>,
    start: usize,
    end: usize,
    inflate: Decompress,
    is_between_members: bool,
    is_damaged: bool,
    consumed: u64,
    produced: u64,
    floor: u64,
}

impl<'a, R: Read> Gzip<'a, R> {
    /// `input`: the memory for what is read of the file.
    pub(super) fn new(from: R, input: &'a mut Vec<u8>) -> Self {
        input.resize(CHUNK, 0);
        Self {
            from,
            input,
            start: 0,
            end: 0,
            inflate: Decompress::new_gzip(WINDOW_BITS),
            is_between_members: true,
            is_damaged: false,
            consumed: 0,
            produced: 0,
            floor: FLOOR,
        }
    }

    /// Reads more input where there is none. Returns whether there is any.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.from.read(self.input)?;
        }
        Ok(self.start < self.end)
    }
}

impl<R: Read> Read for Gzip<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_damaged {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the gzip data is damaged"));
            }
            if !self.fill()? {
                let text = "the gzip data ends too early";
                let early = || io::Error::new(io::ErrorKind::UnexpectedEof, text);
                return if self.is_between_members { Ok(0) } else { Err(early()) };
            }
            // Files on tapes are filled up with zeros.
            if self.is_between_members && self.input[self.start] == 0 {
                self.start += 1;
                continue;
            }
            self.is_between_members = false;
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let result = self.inflate.decompress(&self.input[self.start..self.end], into, FlushDecompress::None);
            let consumed = self.inflate.total_in() - before_in;
            let produced = self.inflate.total_out() - before_out;
            self.start += usize::try_from(consumed).unwrap_or(usize::MAX).min(self.end - self.start);
            (self.consumed, self.produced) = (self.consumed + consumed, self.produced + produced);
            match result {
                Ok(Status::StreamEnd) => {
                    self.inflate = Decompress::new_gzip(WINDOW_BITS);
                    self.is_between_members = true;
                }
                Ok(Status::Ok | Status::BufError) => self.is_damaged = consumed == 0 && produced == 0,
                Err(_) => self.is_damaged = true,
            }
            if self.produced > self.floor + MOST_TIMES * self.consumed {
                let text = format!("the gzip data becomes more than {MOST_TIMES} times as long");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
            }
            if produced > 0 {
                return Ok(usize::try_from(produced).unwrap_or(usize::MAX));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn compress(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> (usize, Option<String>) {
        let mut text = Vec::new();
        let result = Gzip::new(bytes, &mut Vec::new()).read_to_end(&mut text);
        (text.len(), result.err().map(|error| error.to_string()))
    }

    #[test]
    fn concatenated_files_are_read_one_after_the_other() {
        assert_eq!(read(&[compress(b"one"), compress(b"other")].concat()), (8, None));
    }

    #[test]
    fn a_file_without_its_end_gives_what_it_has() {
        let whole = compress(b"some text");
        let (count, problem) = read(&whole[..whole.len() - 8]);
        assert_eq!((count, problem.as_deref()), (9, Some("the gzip data ends too early")));
    }

    #[test]
    fn a_damaged_file_gives_what_precedes_the_damage() {
        let mut damaged = compress(b"some text");
        let crc = damaged.len() - 8;
        damaged[crc] ^= 1;
        assert_eq!(read(&damaged), (9, Some("the gzip data is damaged".to_owned())));
        assert_eq!(read(&[compress(b"one"), b"more".to_vec()].concat()).0, 3);
        assert_eq!(read(&[compress(b"one"), vec![0; 3]].concat()), (3, None));
    }

    #[test]
    fn a_file_that_becomes_too_long_is_not_read_to_its_end() {
        let bomb = compress(&vec![b' '; 1024 * 1024]);
        let mut input = Vec::new();
        let mut reader = Gzip { floor: 64 * 1024, ..Gzip::new(bomb.as_slice(), &mut input) };
        let problem = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(problem.to_string(), "the gzip data becomes more than 200 times as long");
        assert_eq!(read(&bomb), (1024 * 1024, None));
    }
}
