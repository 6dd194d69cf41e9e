//! The chat sink: a custom notification of Amazon Q Developer in chat applications, for Slack and Microsoft Teams.
//! Source of the form: its administrator guide, "Custom notifications", which states no lengths. Slack shows at most
//! 3,000 characters of a text (Block Kit, section block); the other bounds keep a notification readable.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::digest::Digest;
use crate::aws::Aws;
use crate::aws::sns::{Publication, Publisher};
use crate::findings::Finding;
use crate::notify::{SendError, Sink, TopicArn};
use crate::visible;

const LONGEST_TITLE: usize = 250;
const LONGEST_DESCRIPTION: usize = 2800;
const MOST_STEPS: usize = 3;
const MOST_RESOURCES: usize = 20;
const MOST_KEYWORDS: usize = 10;

/// A topic of Amazon Q Developer, as a sink of digests.
#[derive(Debug, Clone)]
pub struct ChatTopic {
    publisher: Publisher,
    topic: TopicArn,
}

impl ChatTopic {
    /// The sink of a topic.
    #[must_use]
    pub fn new(aws: &Aws, topic: &TopicArn) -> Self {
        Self { publisher: Publisher::new(aws, topic.region()), topic: topic.clone() }
    }
}

/// A notification and the number of findings that it names or counts.
pub struct Notification {
    body: String,
    shown: usize,
}

impl Sink for ChatTopic {
    type Message = Notification;

    fn message(&self, digest: &Digest<'_>, _: usize) -> Option<Notification> {
        // SNS passes the default text on to Amazon Q Developer.
        let body = json!({ "default": notification(digest).to_string() }).to_string();
        Some(Notification { body, shown: digest.len() })
    }

    fn shown(message: &Notification) -> usize {
        message.shown
    }

    async fn send(self, message: Notification) -> Result<(), SendError> {
        let publication = Publication {
            topic_arn: self.topic.as_str(),
            subject: "credential-health",
            body: &message.body,
            attributes: Vec::new(),
            fifo: None,
        };
        let published = self.publisher.publish(&publication).await;
        published.map_err(|answer| SendError::of_call(answer.class, answer.text()))
    }
}

/// The notification of a digest: the worst findings that fit, and the counts of all.
fn notification(digest: &Digest<'_>) -> Value {
    let (head, tail) = digest.subject();
    let run = &digest.report.run;
    let is_complete = if run.complete { "true" } else { "false" };
    let roles = digest.findings.iter().filter_map(|finding| finding.role.as_ref());
    let roles = roles.map(|role| quoted(role.as_str()));
    let owner = quoted(digest.owner);
    let ids = digest.ids().into_iter().map(|id| id.as_str().to_owned());
    let keywords = [digest.worst_word().to_owned(), owner.clone()].into_iter().chain(ids);
    json!({
        "version": "1.0",
        "source": "custom",
        "id": digest.content_key(),
        "content": {
            "textType": "client-markdown",
            "title": quoted(&cut(&format!("{head}{tail}"), LONGEST_TITLE)),
            "description": description(digest),
            "nextSteps": first_different(digest.findings.iter().map(|finding| next_step(finding)), MOST_STEPS),
            "keywords": first_different(keywords, MOST_KEYWORDS),
        },
        "metadata": {
            "threadId": format!("credential-health/{owner}"),
            "summary": quoted(&digest.counts()),
            "eventType": "credential-health-findings",
            "relatedResources": first_different(roles, MOST_RESOURCES),
            "additionalContext": {
                "severity": digest.worst_word(),
                "owner": owner,
                "complete": is_complete,
                "run": quoted(&run.id),
            },
        },
    })
}

/// Where the reader finds all ways to solve the problem. The page is one of the settings, and stays a link.
fn next_step(finding: &Finding) -> String {
    match finding.runbook.starts_with("http") {
        true => format!("{}: {}", finding.id, finding.runbook),
        false => format!("`credential-health explain {}`", finding.id),
    }
}

/// The first of these without repetitions.
fn first_different<T: Clone + Ord>(all: impl Iterator<Item = T>, most: usize) -> Vec<T> {
    let mut known = BTreeSet::new();
    all.filter(|one| known.insert(one.clone())).take(most).collect()
}

/// A line for each finding, the worst first, and how many lines did not fit.
fn description(digest: &Digest<'_>) -> String {
    let open = digest.findings.iter().map(|finding| format!("• [{}] {}\n", finding.severity, quoted(&finding.title)));
    let resolved = digest
        .resolved()
        .iter()
        .map(|resolved| format!("• {}: {}\n", quoted(&resolved.reason.to_string()), quoted(&resolved.was.title)));
    let mut text = format!("For {}: {}.\n", quoted(digest.owner), quoted(&digest.counts()));
    if !digest.report.run.complete {
        text.push_str("This run is incomplete. Jobs and roles that were not checked can have problems too.\n");
    }
    let mut named = 0;
    for line in open.chain(resolved) {
        if text.chars().count() + line.chars().count() > LONGEST_DESCRIPTION {
            break;
        }
        text.push_str(&line);
        named += 1;
    }
    if named < digest.len() {
        let (more, run) = (digest.len() - named, quoted(&digest.report.run.id));
        text.push_str(&format!("{more} more. The report of run {run} lists all findings.\n"));
    }
    text
}

/// A text of others for a chat: no mention, no link, no control character. A zero-width space breaks each form of a
/// mention or link that a chat recognizes: `@name`, `https://host`, `[text](address)` and `host.example`.
fn quoted(text: &str) -> String {
    const BREAK: char = '\u{200B}';
    let text = visible::line(text);
    let mut quoted = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => quoted.push_str("&amp;"),
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            _ => quoted.push(c),
        }
        match (c, chars.peek()) {
            ('@', _) | (':', Some('/')) | (']', Some('(')) => quoted.push(BREAK),
            ('.', Some(next)) if next.is_alphabetic() => quoted.push(BREAK),
            _ => {}
        }
    }
    quoted
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}
