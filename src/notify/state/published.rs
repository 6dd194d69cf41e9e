//! The next state: made of the newest one, what the run found, and what it published. What was not published stays as
//! it was, so that a retry publishes it; what may have been published is published again by the next run.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Compared, Status, compare};
use super::{Changes, Entry, EntryKey, Previous, Run, State};
use crate::notify::Delivery;

/// What an invocation has published so far.
#[derive(Debug, Clone, Default)]
pub struct PublishedChanges {
    entries: BTreeMap<EntryKey, PublishedEntry>,
    /// What may have been published.
    unconfirmed: BTreeSet<EntryKey>,
    rounds: usize,
}

/// A finding of which one owner was notified.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PublishedEntry {
    /// The entry in the state until then, written before publishing: another run that saw it may have published
    /// otherwise.
    before: Option<Entry>,
    /// What was published; `None`: that the finding is resolved.
    now: Option<Entry>,
}

impl PublishedChanges {
    /// The changes that are still to be published, compared with the newest state. `None` where a later run has written
    /// it since: this run has published all of its own, and the messages of the later run count.
    pub fn unpublished<'r>(&mut self, newest: &'r Previous, run: &Run<'r>) -> Option<Changes<'r>> {
        if self.rounds > 0 && run.is_older_than(newest) {
            return None;
        }
        self.forget_entries_of_other_runs(newest);
        let mut changes = Changes::new(newest, run);
        changes.leave_out(|key| self.entries.contains_key(key));
        Some(changes)
    }

    /// The number of the next round, from 1. The same content is another message in another round.
    #[must_use]
    pub fn round(&self) -> usize {
        self.rounds + 1
    }

    /// Records a round. `before`: the state that was written before publishing, or may have been; `delivery`: what
    /// happened to the message of each owner and fingerprint.
    pub fn record(
        &mut self,
        changes: &Changes<'_>,
        run: &Run<'_>,
        before: Option<&State>,
        delivery: impl Fn(&EntryKey) -> Delivery,
    ) {
        self.rounds += 1;
        self.unconfirmed.clear();
        for (owner, of_owner) in &changes.owners {
            let open = of_owner.open.iter().map(|notice| (notice.finding.fingerprint.as_str(), Some(notice)));
            let resolved = of_owner.resolved.iter().map(|resolved| (resolved.fingerprint.as_str(), None));
            for (fingerprint, notice) in open.chain(resolved) {
                let key = EntryKey::new(fingerprint, owner);
                match delivery(&key) {
                    Delivery::NotPublished => {}
                    Delivery::Unconfirmed => drop(self.unconfirmed.insert(key)),
                    Delivery::Published => {
                        let before = before.map_or_else(|| changes.previous.entry(&key), |state| state.open.get(&key));
                        let entry =
                            |notice: &super::Notice<'_>| run.entry(notice.finding, before, notice.since(run.at));
                        let now = notice.map(entry);
                        self.entries.insert(key, PublishedEntry { before: before.cloned(), now });
                    }
                }
            }
        }
    }

    /// Forgets the entries that another run has published since: nobody knows which message came last.
    fn forget_entries_of_other_runs(&mut self, newest: &Previous) {
        self.entries.retain(|key, published| match (newest.entry(key), &published.before) {
            (None, None) => true,
            (Some(entry), Some(before)) => entry.has_same_notification_as(before),
            (None, Some(_)) | (Some(_), None) => false,
        });
    }
}

/// The state that is written before publishing: it marks everything in `changes` as due, so that a run that ends before
/// its second write leaves a record. `None`: the state says so already.
#[must_use]
pub fn state_before_publishing(changes: &Changes<'_>, run: &Run<'_>) -> Option<State> {
    let known = changes.previous.state();
    let mut state = known.cloned().unwrap_or_default();
    for (owner, of_owner) in &changes.owners {
        for notice in &of_owner.open {
            let entry = || run.entry(notice.finding, None, notice.since(run.at));
            let key = EntryKey::new(&notice.finding.fingerprint, owner);
            state.open.entry(key).or_insert_with(entry).last_notified = None;
        }
        for resolved in &of_owner.resolved {
            let key = EntryKey::new(&resolved.fingerprint, owner);
            state.open.entry(key).and_modify(|entry| entry.last_notified = None);
        }
    }
    let differs = known.map_or(!state.open.is_empty(), |known| known.open != state.open);
    state.as_of = state.as_of.max(run.at);
    differs.then_some(state)
}

/// The state after the run has published `published`.
#[must_use]
pub fn state_after_publishing(newest: &Previous, run: &Run<'_>, published: &PublishedChanges) -> State {
    match newest {
        Previous::Known(state) if run.is_older_than(newest) => merge_into(state.clone(), published),
        Previous::Known(_) | Previous::New { .. } | Previous::Lost { .. } => {
            let open = compare(newest, run).into_iter().filter_map(|compared| {
                let key = compared.key.clone();
                next_entry(compared, run, published).map(|entry| (key, entry))
            });
            State { as_of: run.at, open: open.collect() }
        }
    }
}

fn next_entry(compared: Compared<'_>, run: &Run<'_>, published: &PublishedChanges) -> Option<Entry> {
    let Compared { key, entry, finding, status } = compared;
    let is_unconfirmed = published.unconfirmed.contains(&key);
    let is_published = published.entries.contains_key(&key);
    let now = |since| finding.map(|finding| run.entry(finding, entry, since));
    let as_it_is = || now(run.at);
    match status {
        Status::New { from } => {
            let entry = now(from.map_or(run.at, |(_, entry)| entry.since));
            if is_unconfirmed { entry.map(unconfirmed) } else { entry.filter(|_| is_published) }
        }
        Status::Changed(_) | Status::Due | Status::Resolved(_) if is_unconfirmed => entry.cloned().map(unconfirmed),
        Status::Changed(_) | Status::Due | Status::Unchanged if is_published => as_it_is(),
        Status::Resolved(_) if is_published => None,
        // The newest title and facts, with the date of the last message.
        Status::Unchanged => {
            as_it_is().map(|now| Entry { last_notified: entry.and_then(|entry| entry.last_notified), ..now })
        }
        Status::Dropped => None,
        Status::Changed(_) | Status::Due | Status::Resolved(_) | Status::Unchecked | Status::Muted => entry.cloned(),
    }
}

fn unconfirmed(mut entry: Entry) -> Entry {
    entry.mark_unconfirmed();
    entry
}

/// Adds what this run published to the state of a later run. Where the two differ, the next run publishes the finding
/// again.
fn merge_into(mut newer: State, published: &PublishedChanges) -> State {
    for (key, of_this_run) in &published.entries {
        match (newer.open.get_mut(key), &of_this_run.now) {
            (None, None) => {}
            (None, Some(now)) => {
                let entry = if of_this_run.before.is_none() { now.clone() } else { unconfirmed(now.clone()) };
                newer.open.insert(key.clone(), entry);
            }
            // No run is about to publish otherwise.
            (Some(entry), Some(now)) if entry.last_notified.is_some() && entry.change_key == now.change_key => {}
            (Some(entry), _) => entry.mark_unconfirmed(),
        }
    }
    for key in &published.unconfirmed {
        newer.open.entry(key.clone()).and_modify(Entry::mark_unconfirmed);
    }
    newer
}
