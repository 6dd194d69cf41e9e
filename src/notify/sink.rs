//! Publishes digests through a sink: the worst first, several at once, each message made just before it is sent. Every
//! digest is tried, whether or not others failed. After the deadline no message is made or sent.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Delivery, Digest};
use crate::aws::errors::Class;

/// How many messages are sent at once.
const CONCURRENCY: usize = 8;

/// A place that digests are sent to. A clone sends one message, in a task of its own.
pub trait Sink: Clone + Send + 'static {
    /// A digest, or a part of it, in the form of the sink.
    type Message: Send + 'static;

    /// Whether the findings that a message does not show are in a next message. Otherwise they are omitted.
    const SPLITS: bool = false;

    /// Makes the message that begins with the finding at `from`, in the digest's order. `None`: the sink sends nothing.
    fn message(&self, digest: &Digest<'_>, from: usize) -> Option<Self::Message>;

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
    /// Whether the sink may have accepted it all the same.
    pub may_be_published: bool,
    /// The findings that were not confirmed, by their place in the message; `None`: all.
    pub only: Option<Vec<usize>>,
}

impl SendError {
    /// A call without a confirmation.
    pub(super) const fn of_call(class: Class, message: String) -> Self {
        Self { class, message, may_be_published: true, only: None }
    }
}

/// The messages that this process has published, so that a retry of the same event does not send them again.
#[derive(Debug, Default)]
pub struct PublishedMessages {
    /// By content key and first finding, how many findings the message showed.
    shown: HashMap<String, usize>,
    /// The keys, the oldest first.
    order: VecDeque<String>,
}

/// How many messages a process remembers: far more than the retries of the events that can be pending.
const REMEMBERED: usize = 20_000;

impl PublishedMessages {
    fn add(&mut self, key: String, shown: usize) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.shown.remove(&oldest);
        }
        if self.shown.insert(key.clone(), shown).is_none() {
            self.order.push_back(key);
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
    /// Whether it may have been published all the same.
    pub may_be_published: bool,
    /// The findings that were not published, by their place in the message; `None`: all.
    pub only: Option<Vec<usize>>,
}

/// The result of publishing one message of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestOutcome {
    /// The owner.
    pub owner: String,
    /// The findings that the message showed, by their place in the digest.
    pub findings: Range<usize>,
    /// Why it was not published.
    pub failure: Option<PublishFailure>,
}

impl DigestOutcome {
    /// Whether the owner was notified of the finding at this place of the digest, which the message showed.
    #[must_use]
    pub fn delivery(&self, place: usize) -> Delivery {
        let is_affected = |failure: &&PublishFailure| match &failure.only {
            None => true,
            Some(only) => only.iter().any(|one| self.findings.start + one == place),
        };
        match self.failure.as_ref().filter(is_affected) {
            None => Delivery::Published,
            Some(failure) if failure.may_be_published && failure.class.is_unfinished() => Delivery::Unconfirmed,
            Some(_) => Delivery::NotPublished,
        }
    }
}

/// The next message to make: its digest, and the place of its first finding.
#[derive(Default)]
struct Next {
    digest: usize,
    from: usize,
    /// The content key of the digest, which takes a pass over its findings.
    content_key: Option<String>,
}

impl Next {
    /// The key of the message in `PublishedMessages`.
    fn key(&mut self, digest: &Digest<'_>) -> String {
        let content_key = self.content_key.get_or_insert_with(|| digest.content_key());
        format!("{content_key}:{}", self.from)
    }

    fn skip_digest(&mut self) {
        *self = Self { digest: self.digest + 1, ..Self::default() };
    }

    /// Moves behind a message that showed this many findings, and returns their places.
    fn advance<S: Sink>(&mut self, digest: &Digest<'_>, shown: usize) -> Range<usize> {
        let findings = self.from..self.from + shown;
        self.from = findings.end;
        if !S::SPLITS || shown == 0 || self.from >= digest.len() {
            self.skip_digest();
        }
        findings
    }
}

/// Publishes the digests that this process has not published yet, in their order, and returns the outcome of each
/// message, at the latest at `end`.
pub async fn publish<S: Sink>(
    sink: &S,
    digests: &[Digest<'_>],
    end: Option<Instant>,
    published: &mut PublishedMessages,
) -> Vec<DigestOutcome> {
    let mut outcomes: Vec<DigestOutcome> = Vec::new();
    let mut next = Next::default();
    let mut sending = JoinSet::new();
    // By task, the index of its outcome: a task that panics returns nothing.
    let mut indices = HashMap::new();
    loop {
        while sending.len() < CONCURRENCY && !is_over(end) {
            let Some(digest) = digests.get(next.digest) else { break };
            let (key, owner) = (next.key(digest), digest.owner().to_owned());
            if let Some(shown) = published.shown.get(&key) {
                let findings = next.advance::<S>(digest, *shown);
                outcomes.push(DigestOutcome { owner, findings, failure: None });
                continue;
            }
            let Some(message) = sink.message(digest, next.from) else {
                next.skip_digest();
                continue;
            };
            // Making a large message can take the last of the time.
            if is_over(end) {
                break;
            }
            let findings = next.advance::<S>(digest, S::shown(&message));
            let panicked = SendError::of_call(Class::TimedOut, "the sending task failed".to_owned());
            let send = sink.clone().send(message);
            let task = sending.spawn(async move { (key, until(end, send).await) });
            indices.insert(task.id(), outcomes.len());
            outcomes.push(failed(owner, findings, panicked));
        }
        let Some(joined) = sending.join_next_with_id().await else { break };
        if let Ok((task, (key, result))) = joined
            && let Some(index) = indices.remove(&task)
        {
            let outcome = &mut outcomes[index];
            match result {
                Ok(()) => {
                    published.add(key, outcome.findings.len());
                    outcome.failure = None;
                }
                Err(error) => *outcome = failed(outcome.owner.clone(), outcome.findings.clone(), error),
            }
        }
    }
    outcomes.extend(digests.iter().skip(next.digest).map(not_sent));
    outcomes
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= end)
}

async fn until(end: Option<Instant>, send: impl Future<Output = Result<(), SendError>>) -> Result<(), SendError> {
    let Some(end) = end else { return send.await };
    let too_late =
        || SendError::of_call(Class::OutOfTime, "the run's time was up before the message was confirmed".to_owned());
    tokio::time::timeout_at(end, send).await.unwrap_or_else(|_| Err(too_late()))
}

/// The outcome of a digest of which a message was not sent.
fn not_sent(digest: &Digest<'_>) -> DigestOutcome {
    let owner = digest.owner().to_owned();
    let message = "not sent: the run's time was up".to_owned();
    let (class, may_be_published) = (Class::OutOfTime, false);
    let failure = PublishFailure { owner: owner.clone(), class, message, may_be_published, only: None };
    DigestOutcome { owner, findings: 0..0, failure: Some(failure) }
}

fn failed(owner: String, findings: Range<usize>, error: SendError) -> DigestOutcome {
    let SendError { class, message, may_be_published, only } = error;
    let failure = PublishFailure { owner: owner.clone(), class, message, may_be_published, only };
    DigestOutcome { owner, findings, failure: Some(failure) }
}
