//! The secrets that this process holds, removed from every answer that is shown: a refusal, a proxy or a hostile
//! endpoint can quote what was sent to it, whole or in part, in any form.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_credential_types::Credentials;

use super::client::Session;

/// The shortest part of a secret that is recognized.
const SHORTEST: usize = 12;
/// How many credentials of the checker itself are remembered: those before a renewal can still be in answers.
const MOST_OWN: usize = 4;
/// The text that replaces a secret.
const MASK: &str = "…";

/// The credentials of the checker and of its sessions. A session is held as long as anything uses it.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    own: Vec<Credentials>,
    sessions: Vec<Weak<Session>>,
    /// How many sessions there were after the last that ended was forgotten.
    after_forgetting: usize,
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
    pub(super) fn hold_session(&self, session: &Arc<Session>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.sessions.len() > 2 * held.after_forgetting + 64 {
            held.sessions.retain(|session| session.strong_count() > 0);
            held.after_forgetting = held.sessions.len();
        }
        held.sessions.push(Arc::downgrade(session));
    }

    /// The text without any part of a secret that is held. A text without a word as long as a secret's shortest part
    /// is returned as it is.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut words = words(text).peekable();
        if words.peek().is_none() {
            return text.to_owned();
        }
        let of_text: HashSet<&[u8]> = words.flat_map(|word| word.as_bytes().windows(SHORTEST)).collect();
        let mut quoted: HashSet<Vec<u8>> = HashSet::new();
        self.each(|secret| {
            let parts = secret.as_bytes().windows(SHORTEST).filter(|part| of_text.contains(part));
            quoted.extend(parts.filter(|part| is_telling(part)).map(<[u8]>::to_vec));
        });
        if quoted.is_empty() { text.to_owned() } else { without(text, &quoted) }
    }

    fn each(&self, mut look: impl FnMut(&str)) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions: Vec<Arc<Session>> = held.sessions.iter().filter_map(Weak::upgrade).collect();
        for credentials in held.own.iter().chain(sessions.iter().map(|session| &session.credentials)) {
            look(credentials.access_key_id());
            look(credentials.secret_access_key());
            credentials.session_token().into_iter().for_each(&mut look);
        }
    }
}

/// Whether a part of a secret is not by chance in other texts, as a run of zeros is.
fn is_telling(part: &[u8]) -> bool {
    const LEAST_DIFFERENT: usize = 5;
    part.iter().collect::<HashSet<_>>().len() >= LEAST_DIFFERENT
}

/// The runs of characters that a secret has, also where it is encoded for a URL or in JSON.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_of_a_secret(c)).filter(|word| word.len() >= SHORTEST)
}

const fn is_of_a_secret(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '%' | '\\' | '.')
}

/// The text with a mask for each run of characters that holds a part of a secret.
fn without(text: &str, parts: &HashSet<Vec<u8>>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_a_secret(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_secret = word.as_bytes().windows(SHORTEST).any(|part| parts.contains(part));
        shown.push_str(if is_secret { MASK } else { word });
        let next = after.chars().next();
        next.iter().for_each(|c| shown.push(*c));
        rest = &after[next.map_or(0, char::len_utf8)..];
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
            (
                "nothing of the kind in arn:aws:iam::1:role/x".to_owned(),
                "nothing of the kind in arn:aws:iam::1:role/x".to_owned(),
            ),
        ] {
            assert_eq!(secrets().redact(&text), shown, "{text}");
        }
    }

    #[test]
    fn a_session_is_held_as_long_as_it_is_used() {
        let secrets = Secrets::default();
        let role = RoleArn::parse("arn:aws:iam::111111111111:role/hub").unwrap();
        let credentials = Credentials::new("ASIAIOSFODNN7EXAMPLE", SECRET, None, None, "test");
        let session = Arc::new(Session { credentials, arn: String::new(), role });
        secrets.hold_session(&session);
        assert_eq!(secrets.redact(SECRET), "…");
        drop(session);
        assert_eq!(secrets.redact(SECRET), SECRET);
    }
}
