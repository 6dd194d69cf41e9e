//! SNS's envelope of a digest: subject, attributes, one text for each protocol, and the size limit.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::findings::Finding;
use crate::inventory::hex;
use crate::notify::digest::{Digest, Wanted, change_digests, digests};
use crate::notify::json::{finding_json, resolved_json};
use crate::notify::state::{Changes, Resolved};
use crate::notify::text::resolved_line;
use crate::report::{Report, v1};
use crate::visible;

/// The longest subject that SNS accepts: less than 100 characters (SNS Publish, `Subject`).
const LONGEST_SUBJECT: usize = 99;
/// SNS's limit on MessageGroupId and MessageDeduplicationId.
const LONGEST_GROUP: usize = 128;

/// One message to one owner's subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The owner.
    pub owner: String,
    /// The subject: at most 99 printable ASCII characters.
    pub subject: String,
    /// The `MessageStructure=json` object: one text for each protocol.
    pub body: String,
    /// The message attributes.
    pub attributes: Vec<Attribute>,
    /// Findings were omitted because of the size limit.
    pub truncated: bool,
    /// On a FIFO topic: the group, by owner.
    pub group: String,
    /// On a FIFO topic: the same for the same content of the same run and owner.
    pub deduplication_id: String,
    /// How many findings it shows, of the digest's order.
    pub shown: usize,
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// `String` or `String.Array`.
    pub data_type: &'static str,
    /// Its value.
    pub value: String,
}

impl Message {
    /// The bytes that SNS counts: the message, and name, type and value of each attribute; not the subject.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let attribute = |a: &Attribute| a.name.len() + a.data_type.len() + a.value.len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// The message of a digest: whole, or with as many of its worst findings as fit into `max_bytes`.
    #[must_use]
    pub fn new(digest: &Digest<'_>, max_bytes: usize) -> Self {
        let mut bytes = Self::with(digest, Content { shown: 0, lists: true }).bytes();
        let mut fits = |more: &usize| {
            bytes += more;
            bytes <= max_bytes
        };
        // An estimate from below, without the separators; the last few numbers are tried.
        let findings = digest.findings.iter().map(|finding| bytes_of_finding(finding));
        let estimate = findings.chain(digest.resolved().iter().map(bytes_of_resolved)).take_while(&mut fits).count();
        (0..=estimate)
            .rev()
            .map(|shown| Self::with(digest, Content { shown, lists: true }))
            .find(|message| message.bytes() <= max_bytes)
            .or_else(|| {
                Some(Self::with(digest, Content { shown: 0, lists: false })).filter(|short| short.bytes() <= max_bytes)
            })
            .unwrap_or_else(|| Self::shortest(digest, max_bytes))
    }

    fn with(digest: &Digest<'_>, content: Content) -> Self {
        let excerpt = digest.excerpt(content.shown);
        let truncated = excerpt.is_cut || !content.lists;
        let body = if content.lists { digest.json(&excerpt) } else { digest.short_json(&excerpt, truncated) };
        let body = per_protocol(&digest.text(&excerpt), &body);
        let attributes = attributes(digest, content.lists);
        Self { truncated, shown: content.shown, ..Self::envelope(digest, body, attributes) }
    }

    /// The message where not even a page of text fits: the counts, and as many attributes as fit.
    fn shortest(digest: &Digest<'_>, max_bytes: usize) -> Self {
        let line = format!("{}. Cut to the size limit; see the function's log.", counts_of(digest));
        let body = per_protocol(&line, &digest.short_json(&digest.excerpt(0), true));
        let mut message = Self { truncated: true, ..Self::envelope(digest, body, Vec::new()) };
        if message.bytes() > max_bytes {
            // An owner's name alone can be that long: the counts stay.
            message.body = text_of(&json!({ "default": line }));
        }
        for attribute in attributes(digest, false) {
            message.attributes.push(attribute);
            if message.bytes() > max_bytes {
                message.attributes.pop();
            }
        }
        message
    }

    fn envelope(digest: &Digest<'_>, body: String, attributes: Vec<Attribute>) -> Self {
        Self {
            owner: digest.owner.to_owned(),
            subject: subject(digest),
            body,
            attributes,
            truncated: false,
            group: group(digest.owner),
            deduplication_id: digest.content_key(),
            shown: 0,
        }
    }
}

/// How much of a digest goes into a message.
#[derive(Clone, Copy)]
struct Content {
    /// How many findings.
    shown: usize,
    /// The ids, the accounts and the run's summary as well.
    lists: bool,
}

/// All messages of a run, for previews. Publishing makes them one at a time.
#[must_use]
pub fn messages(report: &Report, wanted: Wanted) -> Vec<Message> {
    digests(report, wanted, None, None).iter().map(|digest| Message::new(digest, wanted.max_bytes)).collect()
}

/// All messages about changes, for previews. Publishing makes them one at a time.
#[must_use]
pub fn messages_of_changes(report: &Report, changes: &Changes<'_>, round: usize, max_bytes: usize) -> Vec<Message> {
    change_digests(report, changes, round, None, None).iter().map(|digest| Message::new(digest, max_bytes)).collect()
}

/// The text for each protocol: plain text for people, JSON for programs.
fn per_protocol(text: &str, body: &Value) -> String {
    let body = text_of(body);
    text_of(&json!({ "default": text, "email": text, "lambda": body, "sqs": body, "http": body, "https": body }))
}

/// The counts, and whether the run is incomplete or manual: `1 high, incomplete, manual run`.
fn counts_of(digest: &Digest<'_>) -> String {
    let incomplete = if digest.report.run.complete { "" } else { ", incomplete" };
    let manual = if digest.is_manual() { ", manual run" } else { "" };
    format!("{}{incomplete}{manual}", digest.counts())
}

fn subject(digest: &Digest<'_>) -> String {
    let ascii = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
    };
    let (head, tail) = digest.subject();
    let (head, tail) = (ascii(&head), ascii(&tail));
    // A long title is cut before the counts and the owner.
    let room = LONGEST_SUBJECT.saturating_sub(tail.len()).max(LONGEST_SUBJECT / 2);
    let head = if head.len() > room { format!("{}...", &head[..room.saturating_sub(3)]) } else { head };
    format!("{head}{tail}").chars().take(LONGEST_SUBJECT).collect()
}

fn attributes(digest: &Digest<'_>, lists: bool) -> Vec<Attribute> {
    let text = |name, value: &str| Attribute { name, data_type: "String", value: value.to_owned() };
    let mut attributes = vec![
        text("severity", digest.worst_word()),
        text("owner", digest.owner),
        text("complete", if digest.report.run.complete { "true" } else { "false" }),
        text("schema_version", &v1::SCHEMA_VERSION.to_string()),
    ];
    if lists {
        let list = |name, value: Value| Attribute { name, data_type: "String.Array", value: value.to_string() };
        // SNS accepts no empty value: an empty list is left out.
        if !digest.findings.is_empty() {
            attributes.push(list("findings", json!(digest.ids())));
        }
        let accounts = digest.accounts();
        if !accounts.is_empty() {
            attributes.push(list("accounts", json!(accounts)));
        }
    }
    attributes
}

/// JSON as text.
fn text_of(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The bytes of a text inside a JSON string.
fn bytes_in_json(text: &str) -> usize {
    serde_json::to_string(text).map_or(0, |quoted| quoted.len() - 2)
}

/// The bytes that a finding adds to a message at least: its title twice as text, and four times as JSON, each as a
/// JSON string. Findings with one cause share the rest of the text.
fn bytes_of_finding(finding: &Finding) -> usize {
    let details = text_of(&finding_json(finding));
    2 * bytes_in_json(&visible::line(finding.job.as_deref().unwrap_or_default())) + 4 * bytes_in_json(&details)
}

/// The bytes that a resolved finding adds to a message.
fn bytes_of_resolved(resolved: &Resolved) -> usize {
    2 * bytes_in_json(&resolved_line(resolved)) + 4 * bytes_in_json(&text_of(&resolved_json(resolved)))
}

/// A MessageGroupId: the owner, or its hash where SNS would refuse it (letters, digits and punctuation; 128
/// characters).
fn group(owner: &str) -> String {
    if owner.len() <= LONGEST_GROUP && owner.chars().all(|c| c.is_ascii_graphic()) {
        owner.to_owned()
    } else {
        hex(&Sha256::digest(owner))
    }
}
