//! The destinations of the function's messages. Each has a state of its own, so the failure of one repeats no message
//! of another.

use lambda_runtime::Diagnostic;
use tokio::sync::Mutex;

use super::failed;
use crate::aws::Aws;
use crate::notify::{
    ChatTopic, Digest, DigestOutcome, EventBus, EventBusArn, PublishedMessages, SnsTopic, TopicArn, publish,
};
use crate::s3_uri::S3Uri;
use crate::settings::Settings;
use crate::visible;

/// How many failures the error of an invocation lists.
const MOST_FAILURES: usize = 20;

/// A destination, and the messages that this execution environment has published to it.
#[derive(Debug)]
pub(super) struct Destination {
    target: Target,
    published: Mutex<PublishedMessages>,
}

#[derive(Debug)]
enum Target {
    /// The topic, and the most bytes of a message.
    Topic(TopicArn, usize),
    EventBus(EventBusArn),
    Chat(TopicArn),
}

/// At most one destination of each kind.
pub(super) type Destinations = [Option<Destination>; 3];

impl Destination {
    /// The destinations that the settings name.
    pub(super) fn all(settings: &Settings) -> Destinations {
        let topic = settings.topic.clone().map(|topic| Target::Topic(topic, settings.wanted.max_bytes));
        let bus = settings.event_bus.clone().map(Target::EventBus);
        let chat = settings.chat_topic.clone().map(Target::Chat);
        [topic, bus, chat].map(|target| Some(Self { target: target?, published: Mutex::default() }))
    }

    /// The object of this destination's state.
    pub(super) fn state(&self, uri: &S3Uri) -> S3Uri {
        match self.target {
            Target::Topic(..) => uri.clone(),
            Target::EventBus(_) => uri.with_suffix(".event-bus"),
            Target::Chat(_) => uri.with_suffix(".chat"),
        }
    }

    /// Sends the digests that this execution environment has not published here yet.
    pub(super) async fn send(&self, aws: &Aws, digests: &[Digest<'_>]) -> Vec<DigestOutcome> {
        let published = &mut *self.published.lock().await;
        match &self.target {
            Target::Topic(topic, max_bytes) => {
                publish(&SnsTopic::new(aws, topic, *max_bytes), digests, aws.end(), published).await
            }
            Target::EventBus(bus) => publish(&EventBus::new(aws, bus), digests, aws.end(), published).await,
            Target::Chat(topic) => publish(&ChatTopic::new(aws, topic), digests, aws.end(), published).await,
        }
    }

    /// The failure of an invocation whose messages were not all sent, logged too; the worst first.
    pub(super) fn not_published(&self, outcomes: &[DigestOutcome]) -> Option<Diagnostic> {
        let failures: Vec<String> =
            outcomes.iter().filter_map(|outcome| outcome.failure.as_ref()).map(ToString::to_string).collect();
        if failures.is_empty() {
            return None;
        }
        let listed = visible::first_of(&failures, MOST_FAILURES);
        let to = self.arn();
        tracing::error!(event = "not_published", to, failures = listed);
        let (failed_ones, all) = (failures.len(), outcomes.len());
        Some(failed("NotPublished", format!("{failed_ones} of {all} messages to {to}: {listed}")))
    }

    fn arn(&self) -> &str {
        match &self.target {
            Target::Topic(topic, _) | Target::Chat(topic) => topic.as_str(),
            Target::EventBus(bus) => bus.as_str(),
        }
    }
}

/// The result of an invocation with several destinations: what was not published counts before what was not saved.
pub(super) fn worst_failure<const N: usize>(results: [Result<(), Diagnostic>; N]) -> Result<(), Diagnostic> {
    let mut failures: Vec<Diagnostic> = results.into_iter().filter_map(Result::err).collect();
    failures.sort_by_key(|failure| failure.error_type != "NotPublished");
    let messages: Vec<&str> = failures.iter().map(|failure| failure.error_message.as_str()).collect();
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(Diagnostic { error_type: first.error_type.clone(), error_message: messages.join("; ") }),
    }
}
