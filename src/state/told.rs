//! The next state: of the newest one, what the run found, and what it could tell. What could not be told stays as it was,
//! so that a retry tells it.

use std::collections::BTreeMap;

use super::changes::{Compared, Standing, compare};
use super::{Changes, Open, Previous, Run, State};

/// What an invocation has told so far.
#[derive(Debug, Clone, Default)]
pub struct Tellings {
    /// By fingerprint.
    told: BTreeMap<String, Telling>,
    rounds: usize,
}

/// One finding that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Telling {
    /// What the state said of it then.
    base: Option<Open>,
    /// What was told; `None`: that it is resolved.
    now: Option<Open>,
}

impl Tellings {
    /// What is still to be told, now that `newest` is what was told; `None` where a later run has written it since: what
    /// this one had to tell, it told, and the later one's word stands.
    pub fn untold<'r>(&mut self, newest: &'r Previous, run: &Run<'r>) -> Option<Changes<'r>> {
        self.rounds += 1;
        if self.rounds > 1 && run.is_older_than(newest) {
            return None;
        }
        self.forget_what_others_told(newest);
        let mut changes = Changes::new(newest, run);
        changes.leave_out(|fingerprint| self.told.contains_key(fingerprint));
        Some(changes)
    }

    /// How often this invocation has compared: a message of another round is another message.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Notes what went out, by owner and fingerprint; a finding that two owners had to be told of is told when both were.
    pub fn note(&mut self, changes: &Changes<'_>, run: &Run<'_>, went_out: impl Fn(&str, &str) -> bool) {
        let mut failed = Vec::new();
        for (owner, of_owner) in &changes.owners {
            for told in &of_owner.open {
                let fingerprint = &told.finding.fingerprint;
                let base = changes.previous.get(fingerprint).cloned();
                let since = base.as_ref().map_or(run.at, |base| base.since);
                let now = Some(run.open(told.finding, since));
                self.told.insert(fingerprint.clone(), Telling { base, now });
            }
            for resolved in &of_owner.resolved {
                let telling = Telling { base: Some(resolved.was.clone()), now: None };
                // The same finding goes on under another owner: what that one is told is what it now says.
                self.told.entry(resolved.fingerprint.clone()).or_insert(telling);
            }
            failed.extend(of_owner.fingerprints().filter(|told| !went_out(owner, told)).map(str::to_owned));
        }
        failed.iter().for_each(|fingerprint| drop(self.told.remove(fingerprint)));
    }

    /// Forgets what another run has told of since: which of the two came last, nobody knows.
    fn forget_what_others_told(&mut self, newest: &Previous) {
        self.told.retain(|fingerprint, telling| match (newest.get(fingerprint), &telling.base) {
            (None, None) => true,
            (Some(entry), Some(base)) => entry.says_the_same_as(base),
            _ => false,
        });
    }
}

/// The state after the run has told `told`.
#[must_use]
pub fn next(newest: &Previous, run: &Run<'_>, told: &Tellings) -> State {
    match newest {
        Previous::Known(state) if run.is_older_than(newest) => merge_into(state.clone(), told),
        _ => {
            let open = compare(newest, run).into_iter().filter_map(|compared| {
                let fingerprint = compared.fingerprint.to_owned();
                next_entry(compared, run, told).map(|entry| (fingerprint, entry))
            });
            State { as_of: run.at, open: open.collect() }
        }
    }
}

fn next_entry(compared: Compared<'_>, run: &Run<'_>, told: &Tellings) -> Option<Open> {
    let Compared { fingerprint, entry, finding, standing } = compared;
    let told = told.told.contains_key(fingerprint);
    let now = || finding.map(|finding| run.open(finding, entry.map_or(run.at, |entry| entry.since)));
    match standing {
        Standing::New => now().filter(|_| told),
        Standing::Changed(_) | Standing::Due | Standing::Unchanged if told => now(),
        // It reads as it does today; when it was told last is as before.
        Standing::Unchanged => now().map(|now| Open { last_told: entry.and_then(|entry| entry.last_told), ..now }),
        Standing::Resolved(_) if told => None,
        Standing::Dropped => None,
        Standing::Changed(_) | Standing::Due | Standing::Resolved(_) | Standing::Unchecked | Standing::Muted => {
            entry.cloned()
        }
    }
}

/// A later run has written the state: what this one told is added, and where the two differ the next run tells it again.
fn merge_into(mut newer: State, told: &Tellings) -> State {
    for (fingerprint, telling) in &told.told {
        match (newer.open.get_mut(fingerprint), &telling.now) {
            (None, None) => {}
            (None, Some(now)) => {
                let last_told = now.last_told.filter(|_| telling.base.is_none());
                newer.open.insert(fingerprint.clone(), Open { last_told, ..now.clone() });
            }
            (Some(entry), Some(now)) if (&entry.substance, &entry.owner) == (&now.substance, &now.owner) => {}
            (Some(entry), _) => entry.last_told = None,
        }
    }
    newer
}
