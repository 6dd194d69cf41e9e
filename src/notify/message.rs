//! The messages of a run: one for each owner with findings, never over the size limit. Pure: sending is `publish`'s.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Notify;
use super::news::{OwnersNews, line, resolved_json};
use crate::findings::{Finding, UNOWNED};
use crate::findings::{FindingId, Severity};
use crate::inventory::{RoleRef, hex};
use crate::report::{Report, plain, v1};
use crate::state::{Changes, OwnerChanges, Previous, Resolved};
use crate::visible;

/// Longest subject that SNS takes: less than 100 characters (SNS Publish, `Subject`).
const LONGEST_SUBJECT: usize = 99;
/// SNS's limit on MessageGroupId and MessageDeduplicationId.
const LONGEST_GROUP: usize = 128;

/// Which messages are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// When to send.
    pub notify: Notify,
    /// Findings below this are left out of messages.
    pub min_severity: Severity,
    /// The most bytes of a message, attributes included.
    pub max_bytes: usize,
}

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
    /// Findings were left out for want of room.
    pub truncated: bool,
    /// On a FIFO topic: the group, by owner.
    pub group: String,
    /// On a FIFO topic: the same for the same owner of the same run, so that a retry is not delivered twice.
    pub deduplication_id: String,
    /// The fingerprints of what it shows.
    pub shows: Vec<String>,
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
}

/// The messages that a run sends.
#[must_use]
pub fn messages(report: &Report, wanted: Wanted) -> Vec<Message> {
    if wanted.notify == Notify::Never {
        return Vec::new();
    }
    let mut by_owner: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.open_findings().filter(|finding| finding.severity >= wanted.min_severity) {
        by_owner.entry(&finding.owner).or_default().push(finding);
    }
    if by_owner.is_empty() && wanted.notify == Notify::Always {
        by_owner.insert(UNOWNED, Vec::new());
    }
    by_owner
        .into_iter()
        .map(|(owner, findings)| OwnerDigest { report, owner, findings, news: None }.message(wanted.max_bytes))
        .collect()
}

/// The messages that a run sends of what changed. `round`, from 1: which of this invocation's it is; what it tells
/// again it tells in another message.
#[must_use]
pub fn messages_of_changes(report: &Report, changes: &Changes<'_>, round: usize, max_bytes: usize) -> Vec<Message> {
    let nothing = OwnerChanges::default();
    let mut owners: Vec<(&str, &OwnerChanges<'_>)> =
        changes.owners.iter().filter(|(_, of)| !of.is_empty()).map(|(owner, of)| (owner.as_str(), of)).collect();
    // Where it is not known what was told, even that nothing is open is news.
    if owners.is_empty() && round == 1 && !matches!(changes.previous, Previous::Known(_)) {
        owners.push((UNOWNED, &nothing));
    }
    let digest = |(owner, of): (&str, &OwnerChanges<'_>)| {
        let findings = of.open.iter().map(|told| told.finding).collect();
        let news = Some((round, OwnersNews { changes: of, previous: changes.previous }));
        OwnerDigest { report, owner, findings, news }.message(max_bytes)
    };
    owners.into_iter().map(digest).collect()
}

/// What one owner is to be told.
struct OwnerDigest<'a> {
    report: &'a Report,
    owner: &'a str,
    /// The worst first.
    findings: Vec<&'a Finding>,
    /// Where changes alone are told: which round it is, and what changed.
    news: Option<(usize, OwnersNews<'a>)>,
}

/// How much of a digest goes into a message.
#[derive(Clone, Copy)]
struct Room {
    /// The first so many findings, which are the worst, and then so many that are resolved.
    shown: usize,
    /// The ids, the accounts and the run's summary as well.
    lists: bool,
}

/// What of a digest is in a message, and which findings are not.
struct Cut<'a> {
    shown: &'a [&'a Finding],
    left_out: &'a [&'a Finding],
    resolved: &'a [Resolved],
}

impl OwnerDigest<'_> {
    /// The whole digest, or as many of its worst findings as fit.
    fn message(&self, max_bytes: usize) -> Message {
        let mut bytes = self.build(Room { shown: 0, lists: true }).bytes();
        let grown = |more: &usize| {
            bytes += more;
            bytes <= max_bytes
        };
        // An estimate from below, for what a finding takes besides its own text; the last few are tried.
        let each = self.findings.iter().map(|finding| bytes_of(finding));
        let estimate = each.chain(self.resolved().iter().map(bytes_of_resolved)).take_while(grown).count();
        (0..=estimate)
            .rev()
            .map(|shown| self.build(Room { shown, lists: true }))
            .find(|message| message.bytes() <= max_bytes)
            .or_else(|| {
                Some(self.build(Room { shown: 0, lists: false })).filter(|message| message.bytes() <= max_bytes)
            })
            .unwrap_or_else(|| self.shortest(max_bytes))
    }

    fn build(&self, room: Room) -> Message {
        let (shown, left_out) = self.findings.split_at(room.shown.min(self.findings.len()));
        let resolved = &self.resolved()[..room.shown - shown.len()];
        let cut = Cut { shown, left_out, resolved };
        let truncated = self.is_cut(&cut) || !room.lists;
        let text = self.text(&cut);
        let body = text_of(&self.body(room, &cut));
        let protocols =
            json!({ "default": text, "email": text, "lambda": body, "sqs": body, "http": body, "https": body });
        let mut message = self.envelope(text_of(&protocols), self.attributes(room), truncated);
        let shows = shown.iter().map(|finding| &finding.fingerprint);
        message.shows = shows.chain(resolved.iter().map(|resolved| &resolved.fingerprint)).cloned().collect();
        message
    }

    /// What is left when not even a page of text fits: the counts, and as many attributes as there is room for.
    fn shortest(&self, max_bytes: usize) -> Message {
        let line = format!("{}. Cut to the size limit: see the function's log.", self.found());
        let cut = Cut { shown: &[], left_out: &self.findings, resolved: &[] };
        let body = text_of(&self.body(Room { shown: 0, lists: false }, &cut));
        let protocols =
            json!({ "default": line, "email": line, "lambda": body, "sqs": body, "http": body, "https": body });
        let mut message = self.envelope(text_of(&protocols), Vec::new(), true);
        if message.bytes() > max_bytes {
            // An owner's name alone can be that long: the counts stay.
            message.body = text_of(&json!({ "default": line }));
        }
        for attribute in self.attributes(Room { shown: 0, lists: false }) {
            message.attributes.push(attribute);
            if message.bytes() > max_bytes {
                message.attributes.pop();
            }
        }
        message
    }

    fn envelope(&self, body: String, attributes: Vec<Attribute>, truncated: bool) -> Message {
        let mut identity = format!("{}\u{1f}{}", self.report.run.id, self.owner);
        if let Some((round, news)) = &self.news {
            identity.push_str(&format!("\u{1f}{round}\u{1f}{}", news.identity()));
        }
        Message {
            owner: self.owner.to_owned(),
            subject: self.subject(),
            body,
            attributes,
            truncated,
            group: group(self.owner),
            deduplication_id: hex(&Sha256::digest(identity)),
            shows: Vec::new(),
        }
    }

    fn resolved(&self) -> &[Resolved] {
        self.news.as_ref().map_or(&[], |(_, news)| &news.changes.resolved)
    }

    fn is_cut(&self, cut: &Cut<'_>) -> bool {
        !cut.left_out.is_empty() || cut.resolved.len() < self.resolved().len()
    }

    /// The counts, in words.
    fn found(&self) -> String {
        let severities = plain::severities(self.findings.iter().copied());
        match &self.news {
            None => severities,
            Some((_, news)) if self.findings.is_empty() => news.counts(),
            Some((_, news)) => format!("{}: {severities}", news.counts()),
        }
    }

    fn worst(&self) -> &'static str {
        self.findings.iter().map(|finding| finding.severity).max().map_or("none", Severity::as_str)
    }

    fn ids(&self) -> BTreeSet<FindingId> {
        self.findings.iter().map(|finding| finding.id).collect()
    }

    fn accounts(&self) -> BTreeSet<String> {
        let roles = self.findings.iter().filter_map(|finding| finding.role.as_ref());
        roles.filter_map(RoleRef::account).map(str::to_owned).collect()
    }

    fn subject(&self) -> String {
        let incomplete = if self.report.run.complete { "" } else { ", incomplete" };
        let subject = format!("credential-health: {}{incomplete} ({})", self.found(), self.owner);
        subject.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST_SUBJECT).collect()
    }

    fn attributes(&self, room: Room) -> Vec<Attribute> {
        let text = |name, value: &str| Attribute { name, data_type: "String", value: value.to_owned() };
        let mut attributes = vec![
            text("severity", self.worst()),
            text("owner", self.owner),
            text("complete", if self.report.run.complete { "true" } else { "false" }),
            text("schema_version", &v1::SCHEMA_VERSION.to_string()),
        ];
        if room.lists {
            let list = |name, value: Value| Attribute { name, data_type: "String.Array", value: value.to_string() };
            // SNS takes no empty value; an empty list is left out.
            if !self.findings.is_empty() {
                attributes.push(list("findings", json!(self.ids())));
            }
            let accounts = self.accounts();
            if !accounts.is_empty() {
                attributes.push(list("accounts", json!(accounts)));
            }
        }
        attributes
    }

    fn body(&self, room: Room, cut: &Cut<'_>) -> Value {
        let run = &self.report.run;
        let mut body = json!({
            "schema_version": v1::SCHEMA_VERSION,
            "severity": self.worst(),
            "owner": self.owner,
            "complete": run.complete,
            "truncated": self.is_cut(cut) || !room.lists,
            "left_out": by_severity(cut.left_out),
        });
        if room.lists {
            body["findings"] = json!(self.ids());
            body["accounts"] = json!(self.accounts());
            body["details"] = json!(cut.shown.iter().map(|finding| v1::FindingV1::from(*finding)).collect::<Vec<_>>());
            body["run"] = json!(v1::RunV1::from(run));
            body["summary"] = json!(v1::SummaryV1::from(&self.report.summary));
            if let Some((_, news)) = &self.news {
                body["changes"] = news.json(cut.shown.len(), cut.resolved);
            }
        }
        body
    }

    fn text(&self, cut: &Cut<'_>) -> String {
        let run = &self.report.run;
        let mut text = match self.findings.is_empty() && self.resolved().is_empty() {
            true => format!("{}\n", plain::headline(self.report)),
            false => format!("For {}: {}.\n", self.owner, self.found()),
        };
        if !run.complete {
            text.push_str(
                "This run did not finish all that it set out to do: what was not checked may have problems too.\n",
            );
        }
        match &self.news {
            Some((_, news)) => {
                text.push_str(&news.preface());
                text.push_str(&news.text(cut.shown, cut.resolved));
            }
            None => cut.shown.iter().for_each(|finding| {
                text.push('\n');
                text.push_str(&plain::finding(finding));
            }),
        }
        if !cut.left_out.is_empty() {
            let left = plain::severities(cut.left_out.iter().copied());
            text.push_str(&format!(
                "\nLeft out for want of room: {left}. The report of run {} has them all.\n",
                run.id
            ));
        }
        if let Some((_, news)) = &self.news {
            text.push_str(&news.rest(self.is_cut(cut)));
        }
        text.push_str(&format!("\ncredential-health {}, run {}, {}\n", run.version, run.id, run.started_at));
        visible::block(&text)
    }
}

/// JSON as text, without the detour over `Display`.
fn text_of(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The bytes of a text inside a JSON string.
fn escaped(text: &str) -> usize {
    serde_json::to_string(text).map_or(0, |quoted| quoted.len() - 2)
}

/// The bytes that a finding adds to a message: twice as text and four times as JSON, each as a JSON string.
fn bytes_of(finding: &Finding) -> usize {
    let details = serde_json::to_string(&v1::FindingV1::from(finding)).unwrap_or_default();
    2 * escaped(&visible::block(&plain::finding(finding))) + 4 * escaped(&details)
}

/// The same for a finding that is resolved.
fn bytes_of_resolved(resolved: &Resolved) -> usize {
    2 * escaped(&line(resolved)) + 4 * escaped(&text_of(&resolved_json(resolved)))
}

fn by_severity(findings: &[&Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.severity.as_str()).or_insert(0) += 1;
    }
    counts
}

/// A MessageGroupId: the owner, or a digest of it where SNS would not take it (letters, digits, punctuation; 128).
fn group(owner: &str) -> String {
    if owner.len() <= LONGEST_GROUP && owner.chars().all(|c| c.is_ascii_graphic()) {
        owner.to_owned()
    } else {
        hex(&Sha256::digest(owner))
    }
}
