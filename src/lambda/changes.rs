//! Publishes changes: reads the state, writes what is about to be published, publishes, and writes what was published.
//! When another run has written the state in between, it compares again.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use lambda_runtime::Diagnostic;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::destinations::Destination;
use super::failed;
use crate::aws::Aws;
use crate::notify::state::{
    Changes, EntryKey, Loaded, NotSaved, Previous, PublishedChanges, Run, State, Store, Version,
    state_after_publishing, state_before_publishing,
};
use crate::notify::{self, ConsolePages, Delivery, DigestOutcome, ManualRun};
use crate::report::Report;
use crate::s3_uri::S3Uri;

/// How often a run compares and writes again because another run was faster.
const ROUNDS: usize = 6;
/// In how many of these rounds it reads the state again before it publishes.
const ROUNDS_BEFORE_PUBLISHING: usize = 3;
/// The longest wait before the second round; it doubles from round to round.
const FIRST_WAIT_MS: u64 = 100;

/// The time kept for the write after publishing; less in a short run.
const TIME_TO_SAVE: Duration = Duration::from_secs(3);

/// The longest time that messages wait for the write before publishing; less in a short run.
const TIME_TO_SAVE_BEFORE: Duration = Duration::from_secs(5);

/// Everything that one run needs to publish changes.
pub(super) struct ChangePublisher<'a> {
    /// The way to AWS, with the end of the run.
    pub(super) aws: &'a Aws,
    pub(super) destination: &'a Destination,
    pub(super) store: &'a Store,
    pub(super) run: &'a Run<'a>,
    pub(super) report: &'a Report,
    pub(super) manual: Option<&'a ManualRun>,
    pub(super) console: Option<&'a ConsolePages>,
}

/// Why the state was not written.
#[derive(Debug, thiserror::Error)]
enum StateError {
    #[error("{0}")]
    NotRead(String),
    #[error("{0}")]
    NotWritten(String),
    #[error("{0}: S3 gave no answer in time")]
    TimedOut(S3Uri),
    #[error("{0}: other runs wrote it {ROUNDS} times in between")]
    Overtaken(S3Uri),
}

/// The result of the write before publishing.
enum SavedBefore {
    /// Messages can be sent.
    Ready {
        /// The version that the next write replaces.
        version: Version,
        /// The state that was written, or may have been.
        state: Option<State>,
    },
    /// Another run has written the state: there may be other changes now.
    Overtaken(Loaded),
}

impl ChangePublisher<'_> {
    /// Publishes the changes since `first`, and keeps the state.
    pub(super) async fn publish_changes(&self, first: Loaded) -> Result<(), Diagnostic> {
        let mut published = PublishedChanges::default();
        let mut outcomes = Vec::new();
        let mut loaded = first;
        let publishing = self.aws.leaving(TIME_TO_SAVE.min(self.remaining() / 4));
        let mut round = 1;
        let not_saved = loop {
            let changes = published.unpublished(&loaded.previous, self.run);
            let (version, before) = match self.save_before_publishing(changes.as_ref(), &loaded, round).await {
                SavedBefore::Ready { version, state } => (version, state),
                SavedBefore::Overtaken(newer) => {
                    (loaded, round) = (newer, round + 1);
                    continue;
                }
            };
            if let Some(changes) = changes {
                self.publish(&publishing, &changes, before.as_ref(), &mut published, &mut outcomes).await;
            }
            drop(before);
            let state = state_after_publishing(&loaded.previous, self.run, &published);
            match self.in_time(self.store.save(&state, &version)).await {
                Some(Ok(_)) => break None,
                Some(Err(NotSaved::Failed(why))) => break Some(StateError::NotWritten(why)),
                Some(Err(NotSaved::Conflict)) => {}
                None => break Some(StateError::TimedOut(self.store.uri().clone())),
            }
            if round == ROUNDS {
                break Some(StateError::Overtaken(self.store.uri().clone()));
            }
            loaded = match self.reload(round).await {
                Ok(loaded) => loaded,
                Err(error) => break Some(error),
            };
            round += 1;
        };
        conclude(self.destination, &outcomes, not_saved)
    }

    /// Writes the changes as due, before any of them is published. Messages do not wait for S3 long, and are sent
    /// whatever it answers.
    async fn save_before_publishing(
        &self,
        changes: Option<&Changes<'_>>,
        loaded: &Loaded,
        round: usize,
    ) -> SavedBefore {
        let unchanged = |state| SavedBefore::Ready { version: loaded.version.clone(), state };
        let Some(state) = changes.and_then(|changes| state_before_publishing(changes, self.run)) else {
            return unchanged(None);
        };
        let writing = async {
            match self.store.save(&state, &loaded.version).await {
                Ok(version) => Saved::As(version),
                Err(NotSaved::Conflict) if round <= ROUNDS_BEFORE_PUBLISHING => match self.reload(round).await {
                    // The answer to the first attempt was lost.
                    Ok(newer) if newer.previous.state() == Some(&state) => Saved::As(newer.version),
                    Ok(newer) => Saved::Overtaken(newer),
                    Err(_) => Saved::No,
                },
                Err(NotSaved::Conflict) => Saved::No,
                Err(NotSaved::Failed(_)) => Saved::Perhaps,
            }
        };
        let patience = TIME_TO_SAVE_BEFORE.min(self.remaining() / 4);
        match timeout(patience, writing).await {
            Ok(Saved::As(version)) => SavedBefore::Ready { version, state: Some(state) },
            Ok(Saved::Overtaken(newer)) => SavedBefore::Overtaken(newer),
            Ok(Saved::No) => unchanged(None),
            Ok(Saved::Perhaps) | Err(_) => unchanged(Some(state)),
        }
    }

    /// Sends the messages, and records what was published.
    async fn publish(
        &self,
        aws: &Aws,
        changes: &Changes<'_>,
        before: Option<&State>,
        published: &mut PublishedChanges,
        outcomes: &mut Vec<DigestOutcome>,
    ) {
        let digests = notify::change_digests(self.report, changes, published.round(), self.manual, self.console);
        // Failures of an earlier round were tried again, or another run has published their findings.
        *outcomes = self.destination.send(aws, &digests).await;
        let mut deliveries: HashMap<EntryKey, Delivery> = HashMap::new();
        for outcome in outcomes.iter() {
            let shown = changes.owners.get(&outcome.owner).into_iter().flat_map(|of| of.fingerprints());
            let shown = shown.enumerate().skip(outcome.findings.start).take(outcome.findings.len());
            let key = |fingerprint| EntryKey::new(fingerprint, &outcome.owner);
            deliveries.extend(shown.map(|(place, fingerprint)| (key(fingerprint), outcome.delivery(place))));
        }
        published
            .record(changes, self.run, before, |key| deliveries.get(key).copied().unwrap_or(Delivery::NotPublished));
    }

    /// Reads the state that another run wrote, after a random wait.
    async fn reload(&self, round: usize) -> Result<Loaded, StateError> {
        let most = FIRST_WAIT_MS << (round - 1);
        let wait = RandomState::new().build_hasher().finish() % most;
        let loaded = self.in_time(async {
            sleep(Duration::from_millis(wait)).await;
            self.store.load(self.run.started_at()).await
        });
        match loaded.await.unwrap_or_else(|| self.store.not_loaded_in_time()) {
            Loaded { previous: Previous::Lost { why }, version: Version::Unknown } => Err(StateError::NotRead(why)),
            loaded => Ok(loaded),
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match self.aws.end() {
            Some(end) => timeout_at(end, work).await.ok(),
            None => Some(work.await),
        }
    }

    fn remaining(&self) -> Duration {
        self.aws.end().map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }
}

/// What is known about a write of the state.
enum Saved {
    As(Version),
    /// Another run has written it.
    Overtaken(Loaded),
    No,
    /// No answer says whether it was written.
    Perhaps,
}

/// The invocation fails where a message was not sent or the state was not written.
fn conclude(
    destination: &Destination,
    outcomes: &[DigestOutcome],
    not_saved: Option<StateError>,
) -> Result<(), Diagnostic> {
    if let Some(error) = &not_saved {
        tracing::error!(event = "state_not_saved", why = error.to_string());
    }
    if let Some(failure) = destination.not_published(outcomes) {
        let Some(error) = not_saved else { return Err(failure) };
        let error_message = format!("{}; and the state was not saved: {error}", failure.error_message);
        return Err(Diagnostic { error_message, ..failure });
    }
    match not_saved {
        None => Ok(()),
        Some(error) => Err(failed("StateNotSaved", format!("all messages were sent and can be sent again: {error}"))),
    }
}
