//! The HTTP/1.1 server code of the benches: blocking connections with a thread each. A sleeping thread wakes within
//! some tens of microseconds. An async timer adds up to two milliseconds to each call.

use std::io::{self, Read, Write};
use std::time::Instant;

/// The parts of a request that the benches use.
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: String,
    pub body: Vec<u8>,
    /// When its last byte arrived.
    pub received: Instant,
}

/// One end of a connection that stays open between requests.
pub struct Connection<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: Read + Write> Connection<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, unread: Vec::with_capacity(4096) }
    }

    /// The next request; `None` if the client has closed the connection.
    pub fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some((request, length)) = parse(&self.unread)? {
                self.unread.drain(..length);
                return Ok(Some(request));
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk)? {
                0 => return Ok(None),
                length => self.unread.extend_from_slice(&chunk[..length]),
            }
        }
    }

    /// Sends an answer in one write.
    pub fn answer(&mut self, status: &str, headers: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        self.stream.write_all(answer.as_bytes())?;
        self.stream.flush()
    }
}

/// The request at the start of `bytes` and its length, once it is complete.
fn parse(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(bytes).map_err(io::Error::other)? else { return Ok(None) };
    let header = |name: &str| {
        let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map_or("", |header| std::str::from_utf8(header.value).unwrap_or_default())
    };
    if !header("transfer-encoding").is_empty() {
        return Err(io::Error::other("a body in chunks is not read here"));
    }
    let length: usize = header("content-length").parse().unwrap_or_default();
    let Some(body) = bytes.get(start..start + length) else { return Ok(None) };
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        authorization: header("authorization").to_owned(),
        body: body.to_vec(),
        received: Instant::now(),
    };
    Ok(Some((request, start + length)))
}
