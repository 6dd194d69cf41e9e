//! The secrets that this process holds, removed from every answer that is shown: a refusal, a proxy or a hostile
//! endpoint can quote what was sent to it, whole or in part, in any form that `views` undoes.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_credential_types::Credentials;

use super::client::AssumedSession;
use super::views::{self, View};

/// The shortest part of a secret that is recognized.
const SHORTEST: usize = 12;
/// How many credentials of the checker itself are remembered: those before a renewal can still be in answers.
const MOST_OWN: usize = 4;
/// How many values are remembered beside credentials.
#[cfg(feature = "cli")]
const MOST_VALUES: usize = 10_000;
/// How much of a text is looked at, in bytes, and so shown: of an answer, the first 1,000 characters are.
const LONGEST_TEXT: usize = 16 * 1024;
/// The text that replaces a secret.
const MASK: &str = "…";

/// The credentials of the checker and of its sessions. A session is held as long as anything uses it.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    own: Vec<Credentials>,
    sessions: Vec<Weak<AssumedSession>>,
    /// How many sessions there were after the last that ended was forgotten.
    after_forgetting: usize,
    #[cfg(feature = "cli")]
    values: HashSet<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Remembers credentials of the checker.
    pub(super) fn hold(&self, credentials: &Credentials) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.own.last() != Some(credentials) {
            if held.own.len() == MOST_OWN {
                held.own.remove(0);
            }
            held.own.push(credentials.clone());
        }
    }

    /// Remembers a session while it is in use.
    pub(super) fn hold_session(&self, session: &Arc<AssumedSession>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.sessions.len() > 2 * held.after_forgetting + 64 {
            held.sessions.retain(|session| session.strong_count() > 0);
            held.after_forgetting = held.sessions.len();
        }
        held.sessions.push(Arc::downgrade(session));
    }

    /// Remembers a value, such as the content of a token's file or what was sent.
    #[cfg(feature = "cli")]
    pub(crate) fn hold_value(&self, value: &str) {
        let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if value.len() >= SHORTEST && held.values.len() < MOST_VALUES {
            held.values.insert(value);
        }
    }

    /// The text without any part of a secret that is held, in any form of `views`. A longer text is cut.
    pub(crate) fn redact(&self, text: &str) -> String {
        let text = &text[..text.floor_char_boundary(LONGEST_TEXT)];
        let views = views::views_of(text);
        let mut of_text: HashSet<Part> = HashSet::new();
        // Of most parts of a secret, the text does not even have the first two bytes.
        let mut starts = vec![false; 1 << 16];
        for part in views.iter().flat_map(|view| parts(&view.bytes)) {
            starts[start_of(part)] = true;
            of_text.insert(*part);
        }
        let mut quoted: HashSet<Part> = HashSet::new();
        self.each(|secret| {
            let found = parts(secret.as_bytes()).filter(|part| starts[start_of(part)] && of_text.contains(*part));
            quoted.extend(found.filter(|part| is_telling(part)));
        });
        if quoted.is_empty() { text.to_owned() } else { without(text, &views, &quoted) }
    }

    fn each(&self, mut look: impl FnMut(&str)) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions: Vec<Arc<AssumedSession>> = held.sessions.iter().filter_map(Weak::upgrade).collect();
        for credentials in held.own.iter().chain(sessions.iter().map(|session| &session.credentials)) {
            look(credentials.access_key_id());
            look(credentials.secret_access_key());
            credentials.session_token().into_iter().for_each(&mut look);
        }
        #[cfg(feature = "cli")]
        held.values.iter().for_each(|value| look(value));
    }
}

/// The shortest part of a secret that is recognized.
type Part = [u8; SHORTEST];

fn parts(bytes: &[u8]) -> impl Iterator<Item = &Part> {
    bytes.windows(SHORTEST).filter_map(|part| part.try_into().ok())
}

fn start_of(part: &Part) -> usize {
    usize::from(part[0]) << 8 | usize::from(part[1])
}

/// Whether a part of a secret is not by chance in other texts, as a run of zeros is.
fn is_telling(part: &Part) -> bool {
    const LEAST_DIFFERENT: usize = 5;
    part.iter().collect::<HashSet<_>>().len() >= LEAST_DIFFERENT
}

/// The characters of a word that holds a secret, also where it is encoded for a URL or in JSON.
const fn is_of_a_secret(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '%' | '\\' | '.')
}

/// The text with a mask for each word that holds a part of a secret.
fn without(text: &str, views: &[View], quoted: &HashSet<Part>) -> String {
    let mut is_secret = vec![false; text.len()];
    for view in views {
        for (at, _) in parts(&view.bytes).enumerate().filter(|(_, part)| quoted.contains(*part)) {
            is_secret[view.from[at].0..view.from[at + SHORTEST - 1].1].fill(true);
        }
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let is_of_word = |(at, c): &(usize, char)| is_of_a_secret(*c) || is_secret[*at];
        let places = text[at..].char_indices().map(|(offset, c)| (at + offset, c));
        let word: Vec<(usize, char)> = places.take_while(is_of_word).collect();
        if word.iter().any(|(at, _)| is_secret[*at]) {
            shown.push_str(MASK);
        } else if word.is_empty() {
            shown.push(c);
            at += c.len_utf8();
        } else {
            shown.extend(word.iter().map(|(_, c)| c));
        }
        at += word.iter().map(|(_, c)| c.len_utf8()).sum::<usize>();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::RoleArn;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE/+token==";

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        secrets.hold(&Credentials::new("AKIAIOSFODNN7EXAMPLE", SECRET, Some(TOKEN.to_owned()), None, "test"));
        secrets
    }

    #[test]
    fn a_held_value_is_removed_in_every_form() {
        let encoded = TOKEN.replace('/', "%2F").replace('+', "%2B");
        let escaped = SECRET.replace('/', "\\/");
        for (text, shown) in [
            (format!("X-Amz-Security-Token: {TOKEN} is bad"), "X-Amz-Security-Token: … is bad".to_owned()),
            (format!("{{\"token\":\"{TOKEN}\"}}"), "{\"token\":\"…\"}".to_owned()),
            (SECRET.to_owned(), "…".to_owned()),
            (format!("key {escaped}, token {encoded}."), "key …, token …".to_owned()),
            (format!("half: {}", &TOKEN[10..]), "half: …".to_owned()),
            ("Credential=AKIAIOSFODNN7EXAMPLE/20261130".to_owned(), "…".to_owned()),
            (format!("entities {}!", entities(SECRET)), "entities …!".to_owned()),
            (format!("twice {}!", encoded.replace('%', "%25")), "twice …!".to_owned()),
            (format!("broken {}\r\n {}!", &SECRET[..9], &SECRET[9..]), "broken …!".to_owned()),
            (format!("spaced {}", spaced(SECRET)), "spaced …\u{200b} ".to_owned()),
            (format!("hex {}, {}", hex(SECRET), hex(TOKEN).to_uppercase()), "hex …, …".to_owned()),
            (format!("octal {}!", each(SECRET, |byte| format!("\\{byte:03o}"))), "octal …!".to_owned()),
            (format!("braces {}!", each(SECRET, |byte| format!("\\u{{{byte:x}}}"))), "braces …!".to_owned()),
            (format!("long {}!", each(SECRET, |byte| format!("\\U{byte:08X}"))), "long …!".to_owned()),
            (format!("old {}!", each(SECRET, |byte| format!("%u{byte:04x}"))), "old …!".to_owned()),
            (format!("open {}!", each(SECRET, |byte| format!("&#{byte}"))), "open …!".to_owned()),
            (format!("printable {}!", each(SECRET, |byte| format!("={byte:02X}"))), "printable …!".to_owned()),
            (format!("UTF-16 {}!", each(SECRET, |byte| format!("{byte:02x}00"))), "UTF-16 …!".to_owned()),
            (format!("key={SECRET}; x"), "…; x".to_owned()),
            (
                "nothing of the kind in arn:aws:iam::1:role/x".to_owned(),
                "nothing of the kind in arn:aws:iam::1:role/x".to_owned(),
            ),
        ] {
            assert_eq!(secrets().redact(&text), shown, "{text}");
        }
    }

    fn entities(secret: &str) -> String {
        let named = |c: char| match c {
            '/' => "&#x2F;".to_owned(),
            'E' => "&amp;#69;".to_owned(),
            c => c.to_string(),
        };
        secret.chars().map(named).collect()
    }

    fn spaced(secret: &str) -> String {
        secret.chars().flat_map(|c| [c, '\u{200b}', ' ']).collect()
    }

    fn each(secret: &str, form: impl Fn(u8) -> String) -> String {
        secret.bytes().map(form).collect()
    }

    fn hex(secret: &str) -> String {
        each(secret, |byte| format!("{byte:02x}"))
    }

    /// Characters that nobody sees, blanks of other scripts, marks, letters: no secret has any of them.
    #[test]
    fn a_held_value_is_removed_whatever_other_characters_are_between_its_own() {
        for between in
            ['\u{fe0f}', '\u{34f}', '\u{3164}', '\u{2800}', '\u{200b}', '\u{ad}', '\u{e0100}', '\0', 'é', '·']
        {
            let quoted: String = SECRET.chars().flat_map(|c| [c, between]).collect();
            let shown = secrets().redact(&quoted);
            assert_eq!(shown.trim_end_matches(between), "…", "{between:?}");
            let once = format!("{}{between}{}", &SECRET[..8], &SECRET[8..]);
            assert_eq!(secrets().redact(&once), "…", "{between:?}");
        }
    }

    fn base64(bytes: &[u8], letters: &[u8; 64]) -> String {
        let six = |bits: u32, at: u32| char::from(letters[(bits >> at & 63) as usize]);
        let triple = |part: &[u8]| part.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        bytes.chunks_exact(3).map(triple).flat_map(|bits| [18, 12, 6, 0].map(|at| six(bits, at))).collect()
    }

    #[test]
    fn a_held_value_is_removed_in_base64_of_every_alignment() {
        let standard = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let of_urls = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for letters in [standard, of_urls] {
            for before in 0..7 {
                let quoted = base64(format!("{}{TOKEN}{SECRET}!!", "x".repeat(before)).as_bytes(), letters);
                for text in [quoted.clone(), quoted[1..].to_owned(), quoted.replace('b', "b\n"), format!("a {quoted}")]
                {
                    let shown = secrets().redact(&text);
                    assert!(shown.len() < 12, "{text}: {shown}");
                }
                let wide: Vec<u8> =
                    format!("{}{SECRET}!", "x".repeat(before)).encode_utf16().flat_map(u16::to_be_bytes).collect();
                let shown = secrets().redact(&base64(&wide, letters));
                assert!(shown.len() < 12, "UTF-16: {shown}");
            }
        }
    }

    #[test]
    fn texts_without_a_secret_are_unchanged() {
        for text in [
            "User: arn:aws:sts::111111111111:assumed-role/a-long-role/session is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::222222222222:role/path/another-long-role",
            "b6b5cf4a0b1b7c1c0d9f8f0b6a2f8d3c: 100 % of a & b \\ c = \n é \u{200b} &amp; %zz &#; \\u12",
            "0000000000000000000000000000000000000000000000000",
            "a=b c=41 d=\\101 %u12 %u004 &#x &#65 \\u{} \\u{41 \\U0041 \u{fe0f}ü",
            "",
        ] {
            assert_eq!(secrets().redact(text), text);
        }
    }

    #[test]
    fn a_long_answer_with_many_secrets_held_takes_milliseconds() {
        let secrets = secrets();
        let role = RoleArn::parse("arn:aws:iam::111111111111:role/hub").unwrap();
        let token = |number: usize| hex(&format!("{number:0>32}{TOKEN}")).repeat(6);
        let sessions: Vec<Arc<AssumedSession>> = (0..100)
            .map(|number| {
                let credentials = Credentials::new("ASIAIOSFODNN7EXAMPLE", SECRET, Some(token(number)), None, "test");
                Arc::new(AssumedSession { credentials, arn: String::new(), role: role.clone() })
            })
            .collect();
        sessions.iter().for_each(|session| secrets.hold_session(session));
        let start = std::time::Instant::now();
        for _ in 0..10 {
            secrets.redact(&"User: arn:aws:sts::111111111111:assumed-role/a-long-role/session. ".repeat(10_000));
            secrets.redact(&"%2F".repeat(100_000));
        }
        // About a second in a build for tests.
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
    }

    #[test]
    fn a_session_is_held_as_long_as_it_is_used() {
        let secrets = Secrets::default();
        let role = RoleArn::parse("arn:aws:iam::111111111111:role/hub").unwrap();
        let credentials = Credentials::new("ASIAIOSFODNN7EXAMPLE", SECRET, None, None, "test");
        let session = Arc::new(AssumedSession { credentials, arn: String::new(), role });
        secrets.hold_session(&session);
        assert_eq!(secrets.redact(SECRET), "…");
        drop(session);
        assert_eq!(secrets.redact(SECRET), SECRET);
    }
}
