//! The forms in which a text can quote a secret. Each is undone, so that secrets are searched for as they are.
//!
//! Recognized: characters written by their numbers, as in URLs, XML, HTML, JSON, quoted-printable and programming
//! languages; percent-encoding and entities twice too; every character beside the printable ones of ASCII between the
//! characters; base64 in every alignment, of either alphabet; hexadecimal; both of UTF-16 too. Not recognized: base32,
//! a secret in other letters, in reverse, compressed, encrypted, in two of these encodings at once, with printable
//! characters between its own, or in parts of fewer than 12 characters.

use std::ops::RangeInclusive;

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
    let unescaped = View::unescaped(text);
    let printable = unescaped.printable();
    let base64: Vec<View> = (0..4).map(|skipped| printable.decoded(skipped, sextet, 6)).collect();
    let hexadecimal: Vec<View> = (0..2).map(|skipped| printable.decoded(skipped, nibble, 4)).collect();
    [as_it_is, unescaped, printable].into_iter().chain(base64).chain(hexadecimal).collect()
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

    /// The text without escapes and blanks.
    fn unescaped(text: &str) -> Self {
        let mut view = Self::empty();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text.as_bytes()[at..];
            let escape = match c {
                '%' => percent(rest),
                '&' => entity(rest),
                '\\' => Some(backslash(rest)),
                '=' => equals(rest),
                c if c.is_whitespace() => Some((None, c.len_utf8())),
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

    /// The printable characters of ASCII, of which every secret of AWS consists.
    fn printable(&self) -> Self {
        let bytes = self.bytes.iter().zip(&self.from).filter(|(byte, _)| byte.is_ascii_graphic());
        let (bytes, from) = bytes.map(|(byte, from)| (*byte, *from)).unzip();
        Self { bytes, from }
    }

    /// The runs of digits as bytes, without the zeros of UTF-16, and each without its first `skipped` digits. A digit
    /// has so many bits.
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
                let byte = (value >> known & 0xff) as u8;
                if byte != 0 {
                    view.push(byte, start, *to);
                }
                start = *from;
            }
        }
        view
    }
}

/// A way to write a character by its number.
struct NumberForm {
    before: &'static [u8],
    base: u32,
    /// The fewest and the most digits.
    digits: RangeInclusive<usize>,
    behind: &'static [u8],
}

impl NumberForm {
    const fn new(before: &'static [u8], base: u32, digits: RangeInclusive<usize>, behind: &'static [u8]) -> Self {
        Self { before, base, digits, behind }
    }
}

const PERCENT: [NumberForm; 2] = [NumberForm::new(b"u", 16, 4..=4, b""), NumberForm::new(b"", 16, 2..=2, b"")];
const QUOTED_PRINTABLE: [NumberForm; 1] = [NumberForm::new(b"", 16, 2..=2, b"")];
const ENTITY: [NumberForm; 3] = [
    NumberForm::new(b"#x", 16, 1..=6, b""),
    NumberForm::new(b"#X", 16, 1..=6, b""),
    NumberForm::new(b"#", 10, 1..=7, b""),
];
const BACKSLASH: [NumberForm; 6] = [
    NumberForm::new(b"u{", 16, 1..=6, b"}"),
    NumberForm::new(b"u", 16, 4..=4, b""),
    NumberForm::new(b"U", 16, 8..=8, b""),
    NumberForm::new(b"x{", 16, 1..=6, b"}"),
    NumberForm::new(b"x", 16, 2..=2, b""),
    NumberForm::new(b"", 8, 3..=3, b""),
];

/// The byte with which a text stands for another, if any, and the length of the text.
type Escape = (Option<u8>, usize);

/// The character that the text begins with, in one of these forms. Secrets have no character above one byte.
fn numbered(text: &[u8], forms: &[NumberForm]) -> Option<Escape> {
    forms.iter().find_map(|NumberForm { before, base, digits: accepted, behind }| {
        let digits = text.strip_prefix(*before)?;
        let count = digits.iter().take(*accepted.end()).take_while(|byte| char::from(**byte).is_digit(*base)).count();
        let number = std::str::from_utf8(&digits[..count]).ok().filter(|_| accepted.contains(&count))?;
        digits[count..].strip_prefix(*behind)?;
        let byte = u32::from_str_radix(number, *base).ok().and_then(|number| u8::try_from(number).ok());
        Some((byte, before.len() + count + behind.len()))
    })
}

/// `%2F`, `%u002F` and `%252F`.
fn percent(rest: &[u8]) -> Option<Escape> {
    let mut at = 1;
    while rest[at..].starts_with(b"25") && numbered(&rest[at + 2..], &PERCENT).is_some() {
        at += 2;
    }
    numbered(&rest[at..], &PERCENT).map(|(byte, length)| (byte, at + length))
}

/// `=2F` and the soft line break of quoted-printable.
fn equals(rest: &[u8]) -> Option<Escape> {
    match rest.get(1) {
        Some(b'\n' | b'\r') => Some((None, 1)),
        _ => numbered(&rest[1..], &QUOTED_PRINTABLE).map(|(byte, length)| (byte, 1 + length)),
    }
}

/// `&#43;`, `&#43`, `&#x2B;`, `&plus;`, and `&amp;#43;`.
fn entity(rest: &[u8]) -> Option<Escape> {
    const NAMES: [(&str, u8); 12] = [
        ("plus;", b'+'),
        ("sol;", b'/'),
        ("equals;", b'='),
        ("lowbar;", b'_'),
        ("hyphen;", b'-'),
        ("dash;", b'-'),
        ("period;", b'.'),
        ("percnt;", b'%'),
        ("lt;", b'<'),
        ("gt;", b'>'),
        ("quot;", b'"'),
        ("apos;", b'\''),
    ];
    let mut at = 1;
    while rest[at..].starts_with(b"amp;") {
        at += 4;
    }
    let text = &rest[at..];
    let by_number =
        || numbered(text, &ENTITY).map(|(byte, end)| (byte, end + usize::from(text.get(end) == Some(&b';'))));
    let by_name = || NAMES.iter().find(|(name, _)| text.starts_with(name.as_bytes())).map(|(n, b)| (Some(*b), n.len()));
    let found = by_number().or_else(by_name).map(|(byte, length)| (byte, at + length));
    found.or_else(|| (at > 1).then_some((Some(b'&'), at)))
}

/// `\u002b`, `\u{2b}`, `\x2b`, `\053`; of `\/` the second character is kept, of `\n` nothing.
fn backslash(rest: &[u8]) -> Escape {
    match rest.get(1) {
        Some(b'n' | b'r' | b't') => (None, 2),
        _ => numbered(&rest[1..], &BACKSLASH).map_or((None, 1), |(byte, length)| (byte, 1 + length)),
    }
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
