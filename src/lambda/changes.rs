//! Tells what changed, and keeps what was told: owns the order of reading, writing ahead, sending and writing, and what
//! happens when another run has written in between. What changed is `state`'s, the wording `notify`'s.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use lambda_runtime::Diagnostic;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Function, failed, not_published};
use crate::aws::Aws;
use crate::notify::{self, PublishFailure, TopicArn};
use crate::report::Report;
use crate::state::{Changes, Delivery, Loaded, NotSaved, Previous, Run, State, Store, Tellings, Version, ahead, next};

/// How often a run compares and writes anew because another one was faster.
const ROUNDS: usize = 6;
/// In how many of them it looks again before it sends, where another run was faster.
const ROUNDS_TO_ANNOUNCE: usize = 3;
/// The longest wait before the second round; it doubles from round to round.
const FIRST_WAIT_MS: u64 = 100;

/// What is left to write what was told, after everything was sent: less of a short run.
const TO_KEEP: Duration = Duration::from_secs(3);

/// How long messages wait for what is about to be told to be written: less of a short run.
const TO_ANNOUNCE: Duration = Duration::from_secs(5);

/// What one run needs to tell changes.
pub(super) struct Teller<'a> {
    pub(super) function: &'a Function,
    /// The way to AWS, to the end of the run.
    pub(super) aws: &'a Aws,
    pub(super) topic: &'a TopicArn,
    pub(super) store: &'a Store,
    pub(super) run: &'a Run<'a>,
    pub(super) report: &'a Report,
}

impl Teller<'_> {
    /// Writes what is about to be told, sends it, and writes what was told: what was sent and not written is sent again, and
    /// what it said is never taken for unsaid.
    pub(super) async fn tell(&self, first: Loaded) -> Result<(), Diagnostic> {
        let mut told = Tellings::default();
        let mut failures: BTreeMap<String, PublishFailure> = BTreeMap::new();
        let mut loaded = first;
        let publishing = self.aws.leaving(TO_KEEP.min(self.remaining() / 4));
        let mut round = 1;
        let not_saved = loop {
            let changes = told.untold(&loaded.previous, self.run);
            let ahead = match self.announce(changes.as_ref(), &loaded, round).await {
                Announced::Done { version, ahead } => {
                    loaded.version = version;
                    ahead
                }
                Announced::Overtaken(newer) => {
                    (loaded, round) = (newer, round + 1);
                    continue;
                }
            };
            if let Some(changes) = changes {
                self.publish(&publishing, &changes, ahead.as_ref(), &mut told, &mut failures).await;
            }
            let state = next(&loaded.previous, self.run, &told);
            match self.in_time(self.store.save(&state, &loaded.version)).await {
                Some(Ok(_)) => break None,
                Some(Err(NotSaved::Failed(why))) => break Some(why),
                Some(Err(NotSaved::Conflict)) => {}
                None => break Some(format!("{}: S3 gave no answer in time", self.store.uri())),
            }
            if round == ROUNDS {
                break Some(format!("{}: other runs wrote it {ROUNDS} times in between", self.store.uri()));
            }
            loaded = match self.reload(round).await {
                Ok(loaded) => loaded,
                Err(why) => break Some(why),
            };
            round += 1;
        };
        conclude(self.topic, &failures, not_saved)
    }

    /// Writes that all of `changes` may have been told, before any of it is. Messages do not wait for S3 long, and go out
    /// whatever it says.
    async fn announce(&self, changes: Option<&Changes<'_>>, loaded: &Loaded, round: usize) -> Announced {
        let as_it_was = |ahead| Announced::Done { version: loaded.version.clone(), ahead };
        let Some(state) = changes.and_then(|changes| ahead(changes, self.run)) else { return as_it_was(None) };
        let writing = async {
            match self.store.save(&state, &loaded.version).await {
                Ok(version) => Announced::Done { version, ahead: Some(state.clone()) },
                Err(NotSaved::Conflict) if round <= ROUNDS_TO_ANNOUNCE => match self.reload(round).await {
                    // The answer to the first attempt was lost.
                    Ok(newer) if newer.previous.state() == Some(&state) => {
                        Announced::Done { version: newer.version, ahead: Some(state.clone()) }
                    }
                    Ok(newer) => Announced::Overtaken(newer),
                    Err(_) => as_it_was(None),
                },
                Err(NotSaved::Conflict) => as_it_was(None),
                // No answer is no proof that it was not taken.
                Err(NotSaved::Failed(_)) => as_it_was(Some(state.clone())),
            }
        };
        let patience = TO_ANNOUNCE.min(self.remaining() / 4);
        timeout(patience, writing).await.unwrap_or_else(|_| as_it_was(Some(state.clone())))
    }

    /// Sends what is not told yet, and notes what went out.
    async fn publish(
        &self,
        aws: &Aws,
        changes: &Changes<'_>,
        announced: Option<&State>,
        told: &mut Tellings,
        failures: &mut BTreeMap<String, PublishFailure>,
    ) {
        let max_bytes = self.function.settings.wanted.max_bytes;
        let messages = notify::messages_of_changes(self.report, changes, told.round(), max_bytes);
        let failed = notify::publish(aws, self.topic, &messages, &mut *self.function.sent.lock().await).await;
        // What failed in an earlier round was tried again, or another run has told it.
        failures.clear();
        failures.extend(failed.into_iter().map(|failure| (failure.owner.clone(), failure)));
        let shown: HashSet<(&str, &str)> = messages
            .iter()
            .flat_map(|message| message.shows.iter().map(|shown| (message.owner.as_str(), shown.as_str())))
            .collect();
        told.note(changes, self.run, announced, |owner, fingerprint| {
            match failures.get(owner).map(|failure| failure.class) {
                _ if !shown.contains(&(owner, fingerprint)) => Delivery::NotOut,
                None => Delivery::Out,
                Some(class) if class.is_unfinished() => Delivery::Unsure,
                Some(_) => Delivery::NotOut,
            }
        });
    }

    /// Reads what the other run wrote, after a while.
    async fn reload(&self, round: usize) -> Result<Loaded, String> {
        let most = FIRST_WAIT_MS << (round - 1);
        let wait = RandomState::new().build_hasher().finish() % most;
        let loaded = self.in_time(async {
            sleep(Duration::from_millis(wait)).await;
            self.store.load(self.run.started_at()).await
        });
        match loaded.await.unwrap_or_else(|| self.store.not_loaded_in_time()) {
            Loaded { previous: Previous::Lost { why }, version: Version::Unknown } => Err(why),
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

/// What became of writing ahead.
enum Announced {
    /// The messages can go out.
    Done {
        /// What the next write replaces.
        version: Version,
        /// What was written, or may have been.
        ahead: Option<State>,
    },
    /// Another run has written the state: there may be something else to tell now.
    Overtaken(Loaded),
}

/// The invocation fails where something was not sent, or not written down; all that can be is done by then.
fn conclude(
    topic: &TopicArn,
    failures: &BTreeMap<String, PublishFailure>,
    not_saved: Option<String>,
) -> Result<(), Diagnostic> {
    if let Some(why) = &not_saved {
        tracing::error!(event = "state_not_saved", why);
    }
    if !failures.is_empty() {
        let and = not_saved.map_or_else(String::new, |why| format!("; and what was told could not be kept: {why}"));
        return Err(not_published(topic, failures.values(), |each| format!("{each}{and}")));
    }
    match not_saved {
        None => Ok(()),
        Some(why) => Err(failed("StateNotSaved", format!("all messages were sent, and may be sent again. {why}"))),
    }
}
