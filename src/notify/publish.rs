//! Sends messages to the topic. Every message is tried, whatever became of the others; what could not be sent is told.

use std::collections::{HashMap, HashSet};
use std::fmt;

use aws_sdk_sns::types::MessageAttributeValue;
use tokio::task::JoinSet;

use super::message::Message;
use super::topic::TopicArn;
use crate::failure::Class;
use crate::probe::{Aws, answer_of};

/// Publish calls under way at once.
const CONCURRENCY: usize = 8;

/// What this process knows to have gone out, so that a retry of the same event does not send it again.
#[derive(Debug, Default)]
pub struct Sent(HashSet<String>);

/// How many messages a process remembers: far more than the retries of the events that may be under way.
const REMEMBERED: usize = 10_000;

impl Sent {
    fn remember(&mut self, deduplication_id: String) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(deduplication_id);
    }
}

/// A message that did not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishFailure {
    /// Whose message it was.
    pub owner: String,
    /// What it means.
    pub class: Class,
    /// AWS's error code and message, or what stopped the call on this side.
    pub message: String,
}

impl fmt::Display for PublishFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message to {}: {}", self.owner, self.message)
    }
}

/// Publishes the messages that are not known to have gone out; returns those that failed, at the latest when the run's
/// time is up.
pub async fn publish(aws: &Aws, topic: &TopicArn, messages: &[Message], sent: &mut Sent) -> Vec<PublishFailure> {
    let sns = aws.sns(topic.region());
    let end = aws.end();
    let mut waiting = messages
        .iter()
        .filter(|message| !sent.0.contains(&message.deduplication_id))
        .cloned()
        .collect::<Vec<_>>()
        .into_iter();
    let mut under_way = JoinSet::new();
    // By task, so that of one that panics it is known whose message it had.
    let mut owners = HashMap::new();
    let mut failures = Vec::new();
    loop {
        while under_way.len() < CONCURRENCY {
            let Some(message) = waiting.next() else { break };
            let (sns, topic, owner) = (sns.clone(), topic.clone(), message.owner.clone());
            let task = under_way.spawn(async move {
                let sending = send(&sns, &topic, &message);
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
                // It may be out all the same.
                class: Class::TimedOut,
                message: "the sending task failed".to_owned(),
            }),
        }
    }
    failures.sort_by(|a, b| a.owner.cmp(&b.owner));
    failures
}

fn too_late(message: &Message) -> PublishFailure {
    let text = "the run's time was up before SNS had answered".to_owned();
    PublishFailure { owner: message.owner.clone(), class: Class::OutOfTime, message: text }
}

async fn send(sns: &aws_sdk_sns::Client, topic: &TopicArn, message: &Message) -> Result<(), PublishFailure> {
    let failed = |class, message_text| PublishFailure { owner: message.owner.clone(), class, message: message_text };
    let mut request = sns
        .publish()
        .topic_arn(topic.as_str())
        .message_structure("json")
        .subject(&message.subject)
        .message(&message.body);
    for attribute in &message.attributes {
        let value =
            MessageAttributeValue::builder().data_type(attribute.data_type).string_value(&attribute.value).build();
        request = request.message_attributes(
            attribute.name,
            value.map_err(|_| failed(Class::InvalidRequest, "an attribute has no type".to_owned()))?,
        );
    }
    if topic.is_fifo() {
        request = request.message_group_id(&message.group).message_deduplication_id(&message.deduplication_id);
    }
    match request.send().await {
        Ok(answer) if answer.message_id().is_some_and(|id| !id.is_empty()) => Ok(()),
        // The SDK takes an empty answer, a proxy's say: it is no sign that the message is out.
        Ok(_) => Err(failed(Class::Unreadable, "the answer has no message id".to_owned())),
        Err(error) => {
            let answer = answer_of(&error);
            let code = answer.code.map_or_else(String::new, |code| format!("{code}: "));
            Err(failed(answer.class, format!("{code}{}", answer.message)))
        }
    }
}
