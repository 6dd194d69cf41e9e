//! The forms in which a text can quote a secret. Each is undone, so that secrets are searched for as they are.
//!
//! Recognized: percent-encoding, entities of XML and HTML, escapes of JSON, each of them twice too; line breaks, blanks
//! and invisible characters between the characters; base64 in every alignment, of either alphabet; hexadecimal. Not
//! recognized: a secret in other letters, in reverse, compressed, encrypted, in two of these encodings at once, with
//! other characters between its own, or in parts of fewer than 12 characters.

use crate::visible::changes_display;

/// A text with one form undone: each byte, and the bytes of the original that it stands for.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where each byte begins and ends in the original.
    pub(super) from: Vec<(usize, usize)>,
}

/// Ends a run of encoded bytes: no secret has it.
const BREAK: u8 = 0xff;

/// Every view of a text.
pub(super) fn views_of(text: &str) -> Vec<View> {
    let as_it_is = View { bytes: text.into(), from: (0..text.len()).map(|at| (at, at + 1)).collect() };
    let plain = View::unescaped(text);
    let base64: Vec<View> = (0..4).map(|skipped| plain.decoded(skipped, sextet, 6)).collect();
    let hexadecimal: Vec<View> = (0..2).map(|skipped| plain.decoded(skipped, nibble, 4)).collect();
    [as_it_is, plain].into_iter().chain(base64).chain(hexadecimal).collect()
}

/// The value of a form.
#[cfg(feature = "cli")]
pub(super) fn without_percent(value: &str) -> String {
    String::from_utf8_lossy(&View::unescaped(value).bytes).into_owned()
}

impl View {
    fn empty() -> Self {
        Self { bytes: Vec::new(), from: Vec::new() }
    }

    fn push(&mut self, byte: u8, start: usize, end: usize) {
        self.bytes.push(byte);
        self.from.push((start, end));
    }

    /// The text without escapes and without what people do not see.
    fn unescaped(text: &str) -> Self {
        let mut view = Self::empty();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text.as_bytes()[at..];
            let escape = match c {
                '%' => percent(rest),
                '&' => entity(rest),
                '\\' => Some(backslash(rest)),
                // A soft line break of quoted-printable.
                '=' if rest[1..].starts_with(b"\n") || rest[1..].starts_with(b"\r") => Some((None, 1)),
                c if c.is_whitespace() || changes_display(c) => Some((None, c.len_utf8())),
                _ => None,
            };
            let length = match escape {
                Some((byte, length)) => {
                    byte.into_iter().for_each(|byte| view.push(byte, at, at + length));
                    length
                }
                None => {
                    let length = c.len_utf8();
                    rest[..length].iter().for_each(|byte| view.push(*byte, at, at + length));
                    length
                }
            };
            at += length;
        }
        view
    }

    /// The runs of digits as bytes, each without its first `skipped` digits. A digit has so many bits.
    fn decoded(&self, skipped: usize, digit: fn(u8) -> Option<u8>, bits: u32) -> Self {
        let mut view = Self::empty();
        let (mut value, mut known, mut digits, mut start) = (0_u32, 0, 0, 0);
        for (byte, (from, to)) in self.bytes.iter().zip(&self.from) {
            let Some(digit) = digit(*byte) else {
                (value, known, digits) = (0, 0, 0);
                view.push(BREAK, *from, *to);
                continue;
            };
            digits += 1;
            if digits <= skipped {
                continue;
            }
            if known == 0 {
                start = *from;
            }
            value = (value << bits | u32::from(digit)) & 0xffff;
            known += bits;
            if known >= 8 {
                known -= 8;
                view.push((value >> known & 0xff) as u8, start, *to);
                start = *from;
            }
        }
        view
    }
}

/// `%2F`, and `%252F`.
fn percent(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    let mut at = 1;
    while rest[at..].starts_with(b"25") && hex(&rest[at + 2..], 2).is_some() {
        at += 2;
    }
    Some((Some(u8::try_from(hex(&rest[at..], 2)?).ok()?), at + 2))
}

/// `&#43;`, `&#x2B;`, `&plus;`, and `&amp;#43;`.
fn entity(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    const NAMES: [(&str, u8); 12] = [
        ("plus", b'+'),
        ("sol", b'/'),
        ("equals", b'='),
        ("lowbar", b'_'),
        ("hyphen", b'-'),
        ("dash", b'-'),
        ("period", b'.'),
        ("percnt", b'%'),
        ("lt", b'<'),
        ("gt", b'>'),
        ("quot", b'"'),
        ("apos", b'\''),
    ];
    const LONGEST: usize = 10;
    let mut at = 1;
    while rest[at..].starts_with(b"amp;") {
        at += 4;
    }
    let named = || {
        let end = rest[at..].iter().take(LONGEST).position(|byte| *byte == b';')?;
        let name = std::str::from_utf8(&rest[at..at + end]).ok()?;
        let number = |digits: &str, radix| u8::from_str_radix(digits, radix).ok();
        let byte = match name.strip_prefix('#') {
            Some(code) => match code.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16)?,
                None => number(code, 10)?,
            },
            None => NAMES.iter().find(|(known, _)| *known == name)?.1,
        };
        Some((Some(byte), at + end + 1))
    };
    named().or_else(|| (at > 1).then_some((Some(b'&'), at)))
}

/// `\u002b`, `\x2b`; of `\/` the second character is kept, of `\n` nothing.
fn backslash(rest: &[u8]) -> (Option<u8>, usize) {
    let code = match rest.get(1) {
        Some(b'u') => hex(&rest[2..], 4).map(|code| (code, 6)),
        Some(b'x') => hex(&rest[2..], 2).map(|code| (code, 4)),
        Some(b'n' | b'r' | b't') => return (None, 2),
        _ => None,
    };
    code.map_or((None, 1), |(code, length)| (u8::try_from(code).ok(), length))
}

/// The number that begins with so many hexadecimal digits.
fn hex(text: &[u8], digits: usize) -> Option<u32> {
    text.get(..digits)?.iter().try_fold(0, |value, byte| Some(value << 4 | u32::from(nibble(*byte)?)))
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Base64 of RFC 4648, with the letters of URLs too.
const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
