//! Tells what changed, and keeps what was told: owns the order of reading, sending and writing, and what happens when
//! another run has written in between. What changed is `state`'s, the wording `notify`'s.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Function, failed, not_published};
use crate::notify::{self, PublishFailure, TopicArn};
use crate::probe::Aws;
use crate::report::Report;
use crate::state::{Loaded, NotSaved, Previous, Run, Store, Tellings, Version, next};

/// How often a run compares and writes anew because another one was faster.
const ROUNDS: usize = 6;
/// The longest wait before the second round; it doubles from round to round.
const FIRST_WAIT_MS: u64 = 100;

/// What is left to write what was told, after everything was sent: less of a short run.
const TO_KEEP: Duration = Duration::from_secs(3);

/// What one run needs to tell changes.
pub(super) struct Teller<'a> {
    pub(super) function: &'a Function,
    /// The way to AWS, to the end of the run.
    pub(super) aws: &'a Aws,
    pub(super) topic: &'a TopicArn,
    pub(super) store: &'a Store,
}

impl Teller<'_> {
    /// Sends what changed, then writes what was told: what is sent and not written is sent again, never lost.
    pub(super) async fn tell(&self, run: &Run<'_>, report: &Report, first: Loaded) -> Result<(), Diagnostic> {
        let mut told = Tellings::default();
        let mut failures: BTreeMap<String, PublishFailure> = BTreeMap::new();
        let mut loaded = first;
        let publishing = self.aws.leaving(TO_KEEP.min(self.remaining() / 4));
        let not_saved = loop {
            self.publish(&publishing, run, report, &loaded.previous, &mut told, &mut failures).await;
            let state = next(&loaded.previous, run, &told);
            match self.in_time(self.store.save(&state, &loaded.version)).await {
                Some(Ok(())) => break None,
                Some(Err(NotSaved::Failed(why))) => break Some(why),
                Some(Err(NotSaved::Conflict)) => {}
                None => break Some(format!("{}: S3 gave no answer in time", self.store.uri())),
            }
            if told.rounds() == ROUNDS {
                break Some(format!("{}: other runs wrote it {ROUNDS} times in between", self.store.uri()));
            }
            loaded = match self.reload(told.rounds(), run.started_at()).await {
                Ok(loaded) => loaded,
                Err(why) => break Some(why),
            };
        };
        conclude(self.topic, &failures, not_saved)
    }

    /// Sends what is not told yet, and notes what went out.
    async fn publish(
        &self,
        aws: &Aws,
        run: &Run<'_>,
        report: &Report,
        previous: &Previous,
        told: &mut Tellings,
        failures: &mut BTreeMap<String, PublishFailure>,
    ) {
        let Some(changes) = told.untold(previous, run) else { return };
        let max_bytes = self.function.settings.wanted.max_bytes;
        let messages = notify::messages_of_changes(report, &changes, told.rounds(), max_bytes);
        let failed = notify::publish(aws, self.topic, &messages, &mut *self.function.sent.lock().await).await;
        // What failed in an earlier round was tried again, or another run has told it.
        failures.clear();
        failures.extend(failed.into_iter().map(|failure| (failure.owner.clone(), failure)));
        let went_out: HashSet<(&str, &str)> = messages
            .iter()
            .filter(|message| !failures.contains_key(&message.owner))
            .flat_map(|message| message.shows.iter().map(|shown| (message.owner.as_str(), shown.as_str())))
            .collect();
        told.note(&changes, run, |owner, fingerprint| went_out.contains(&(owner, fingerprint)));
    }

    /// Reads what the other run wrote, after a while.
    async fn reload(&self, round: usize, now: Timestamp) -> Result<Loaded, String> {
        let most = FIRST_WAIT_MS << (round - 1);
        let wait = RandomState::new().build_hasher().finish() % most;
        let loaded = self.in_time(async {
            sleep(Duration::from_millis(wait)).await;
            self.store.load(now).await
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
