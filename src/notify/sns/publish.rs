//! Sends messages to an SNS topic.

use super::message::Message;
use super::topic::TopicArn;
use crate::aws::Aws;
use crate::aws::sns::{Publication, Publisher};
use crate::notify::{Digest, SendError, Sink};

/// A topic, as a sink of digests.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    publisher: Publisher,
    topic: TopicArn,
    max_bytes: usize,
}

impl SnsTopic {
    /// The sink of a topic, whose messages have at most `max_bytes`.
    #[must_use]
    pub fn new(aws: &Aws, topic: &TopicArn, max_bytes: usize) -> Self {
        Self { publisher: Publisher::new(aws, topic.region()), topic: topic.clone(), max_bytes }
    }
}

impl Sink for SnsTopic {
    type Message = Message;

    fn message(&self, digest: &Digest<'_>, _: usize) -> Option<Message> {
        Some(Message::new(digest, self.max_bytes))
    }

    fn shown(message: &Message) -> usize {
        message.shown
    }

    async fn send(self, message: Message) -> Result<(), SendError> {
        let attributes = message.attributes.iter();
        let publication = Publication {
            topic_arn: self.topic.as_str(),
            subject: &message.subject,
            body: &message.body,
            attributes: attributes.map(|each| (each.name, each.data_type, each.value.as_str())).collect(),
            fifo: self.topic.is_fifo().then_some((message.group.as_str(), message.deduplication_id.as_str())),
        };
        let published = self.publisher.publish(&publication).await;
        published.map_err(|answer| SendError::of_call(answer.class, answer.text()))
    }
}
