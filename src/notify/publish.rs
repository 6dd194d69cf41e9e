//! Sends messages to the topic. Every message is tried, whether or not others failed; the failures are returned.

use std::collections::{HashMap, HashSet};
use std::fmt;

use tokio::task::JoinSet;

use super::message::Message;
use super::topic::TopicArn;
use crate::aws::errors::Class;
use crate::aws::sns::{Publication, Publisher};
use crate::aws::{Aws, ErrorAnswer};

/// The Publish calls that run at once.
const CONCURRENCY: usize = 8;

/// The messages that this process has published, so that a retry of the same event does not send them again.
#[derive(Debug, Default)]
pub struct Sent(HashSet<String>);

/// How many messages a process remembers: far more than the retries of the events that can be pending.
const REMEMBERED: usize = 10_000;

impl Sent {
    fn remember(&mut self, deduplication_id: String) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(deduplication_id);
    }
}

/// A message that was not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishFailure {
    /// Whose message it was.
    pub owner: String,
    /// The class of the failure.
    pub class: Class,
    /// AWS's error code and message, or the reason on this side.
    pub message: String,
}

impl fmt::Display for PublishFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message to {}: {}", self.owner, self.message)
    }
}

/// Publishes the messages that this process has not published yet. Returns the failures, at the latest when the run's time
/// is up.
pub async fn publish(aws: &Aws, topic: &TopicArn, messages: &[Message], sent: &mut Sent) -> Vec<PublishFailure> {
    let publisher = Publisher::new(aws, topic.region());
    let end = aws.end();
    let mut waiting = messages
        .iter()
        .filter(|message| !sent.0.contains(&message.deduplication_id))
        .cloned()
        .collect::<Vec<_>>()
        .into_iter();
    let mut under_way = JoinSet::new();
    // By task: a task that panics does not return its message.
    let mut owners = HashMap::new();
    let mut failures = Vec::new();
    loop {
        while under_way.len() < CONCURRENCY {
            let Some(message) = waiting.next() else { break };
            let (publisher, topic, owner) = (publisher.clone(), topic.clone(), message.owner.clone());
            let task = under_way.spawn(async move {
                let sending = send(&publisher, &topic, &message);
                let result = match end {
                    Some(end) => {
                        tokio::time::timeout_at(end, sending).await.unwrap_or_else(|_| Err(too_late(&message)))
                    }
                    None => sending.await,
                };
                (message, result)
            });
            owners.insert(task.id(), owner);
        }
        let Some(joined) = under_way.join_next().await else { break };
        match joined {
            Ok((message, Ok(()))) => {
                sent.remember(message.deduplication_id);
            }
            Ok((_, Err(failure))) => failures.push(failure),
            Err(panicked) => failures.push(PublishFailure {
                owner: owners.remove(&panicked.id()).unwrap_or_default(),
                // It may have been published.
                class: Class::TimedOut,
                message: "the sending task failed".to_owned(),
            }),
        }
    }
    failures.sort_by(|a, b| a.owner.cmp(&b.owner));
    failures
}

fn too_late(message: &Message) -> PublishFailure {
    failed(message, ErrorAnswer::local(Class::OutOfTime, "the run's time was up before SNS had answered"))
}

fn failed(message: &Message, answer: ErrorAnswer) -> PublishFailure {
    PublishFailure { owner: message.owner.clone(), class: answer.class, message: answer.text() }
}

async fn send(publisher: &Publisher, topic: &TopicArn, message: &Message) -> Result<(), PublishFailure> {
    let attributes = message.attributes.iter();
    let publication = Publication {
        topic_arn: topic.as_str(),
        subject: &message.subject,
        body: &message.body,
        attributes: attributes.map(|each| (each.name, each.data_type, each.value.as_str())).collect(),
        fifo: topic.is_fifo().then_some((message.group.as_str(), message.deduplication_id.as_str())),
    };
    publisher.publish(&publication).await.map_err(|answer| failed(message, answer))
}
