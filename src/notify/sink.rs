//! Publishes digests through a sink: the worst first, several at once, each message made just before it is sent. Every
//! digest is tried, whether or not others failed. After the deadline no message is made or sent.

use std::collections::{HashMap, VecDeque};

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Delivery, Digest};
use crate::aws::errors::Class;

/// How many messages are sent at once.
const CONCURRENCY: usize = 8;

/// A place that digests are sent to. A clone sends one message, in a task of its own.
pub trait Sink: Clone + Send + 'static {
    /// A digest in the form of the sink.
    type Message: Send + 'static;

    /// Makes the message of a digest.
    fn message(&self, digest: &Digest<'_>) -> Self::Message;

    /// How many findings the message shows, of the digest's order.
    fn shown(message: &Self::Message) -> usize;

    /// Sends a message. Success means that the sink confirmed it.
    fn send(self, message: Self::Message) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Why a sink did not confirm a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// The class of the failure.
    pub class: Class,
    /// The sink's error code and message, or the reason on this side.
    pub message: String,
}

impl SendError {
    /// A failure on this side.
    fn local(class: Class, message: &str) -> Self {
        Self { class, message: message.to_owned() }
    }
}

/// The messages that this process has published, so that a retry of the same event does not send them again.
#[derive(Debug, Default)]
pub struct PublishedMessages {
    /// By content key, how many findings the message showed.
    shown: HashMap<String, usize>,
    /// The content keys, the oldest first.
    order: VecDeque<String>,
}

/// How many messages a process remembers: far more than the retries of the events that can be pending.
const REMEMBERED: usize = 20_000;

impl PublishedMessages {
    fn add(&mut self, content_key: String, shown: usize) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.shown.remove(&oldest);
        }
        if self.shown.insert(content_key.clone(), shown).is_none() {
            self.order.push_back(content_key);
        }
    }
}

/// A message that was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message to {owner}: {message}")]
pub struct PublishFailure {
    /// Whose message it was.
    pub owner: String,
    /// The class of the failure.
    pub class: Class,
    /// AWS's error code and message, or the reason on this side.
    pub message: String,
    /// It was sent, and may have been published.
    pub was_sent: bool,
}

/// The result of publishing one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestOutcome {
    /// The owner.
    pub owner: String,
    /// How many findings the message showed, of the digest's order.
    pub shown: usize,
    /// Why it was not published.
    pub failure: Option<PublishFailure>,
}

impl DigestOutcome {
    /// Whether the owner was notified of the findings that the message showed.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match &self.failure {
            None => Delivery::Published,
            Some(failure) if failure.was_sent && failure.class.is_unfinished() => Delivery::Unconfirmed,
            Some(_) => Delivery::NotPublished,
        }
    }
}

/// Publishes the digests that this process has not published yet, in their order, and returns the outcome of each, at
/// the latest at `end`.
pub async fn publish<S: Sink>(
    sink: &S,
    digests: &[Digest<'_>],
    end: Option<Instant>,
    published: &mut PublishedMessages,
) -> Vec<DigestOutcome> {
    let mut outcomes: Vec<DigestOutcome> = digests.iter().map(not_sent).collect();
    let mut waiting = digests.iter().enumerate();
    let mut sending = JoinSet::new();
    // By task, the index of its digest: a task that panics returns nothing.
    let mut indices = HashMap::new();
    loop {
        while sending.len() < CONCURRENCY && !is_over(end) {
            let Some((index, digest)) = waiting.next() else { break };
            let content_key = digest.content_key();
            if let Some(shown) = published.shown.get(&content_key) {
                outcomes[index] = DigestOutcome { shown: *shown, failure: None, ..not_sent(digest) };
                continue;
            }
            let message = sink.message(digest);
            // Making a large message can take the last of the time.
            if is_over(end) {
                break;
            }
            let shown = S::shown(&message);
            let panicked = SendError::local(Class::TimedOut, "the sending task failed");
            outcomes[index] = failed(digest.owner(), shown, panicked);
            let send = sink.clone().send(message);
            let task = sending.spawn(async move { (content_key, until(end, send).await) });
            indices.insert(task.id(), index);
        }
        let Some(joined) = sending.join_next_with_id().await else { break };
        if let Ok((task, (content_key, result))) = joined
            && let Some(index) = indices.remove(&task)
        {
            let outcome = &mut outcomes[index];
            match result {
                Ok(()) => {
                    published.add(content_key, outcome.shown);
                    outcome.failure = None;
                }
                Err(error) => *outcome = failed(&outcome.owner, outcome.shown, error),
            }
        }
    }
    outcomes
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= end)
}

async fn until(end: Option<Instant>, send: impl Future<Output = Result<(), SendError>>) -> Result<(), SendError> {
    let Some(end) = end else { return send.await };
    let too_late = || SendError::local(Class::OutOfTime, "the run's time was up before the message was confirmed");
    tokio::time::timeout_at(end, send).await.unwrap_or_else(|_| Err(too_late()))
}

/// The outcome of a digest whose message is not sent yet.
fn not_sent(digest: &Digest<'_>) -> DigestOutcome {
    let owner = digest.owner().to_owned();
    let message = "not sent: the run's time was up".to_owned();
    let failure = PublishFailure { owner: owner.clone(), class: Class::OutOfTime, message, was_sent: false };
    DigestOutcome { owner, shown: 0, failure: Some(failure) }
}

fn failed(owner: &str, shown: usize, error: SendError) -> DigestOutcome {
    let SendError { class, message } = error;
    let failure = PublishFailure { owner: owner.to_owned(), class, message, was_sent: true };
    DigestOutcome { owner: owner.to_owned(), shown, failure: Some(failure) }
}
