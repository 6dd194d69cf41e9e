//! The next state: of the newest one, what the run found, and what it could tell. What could not be told stays as it was,
//! so that a retry tells it; what may have been told, and nobody knows, the next run tells again, whatever it says then.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Compared, Standing, compare};
use super::{Changes, Open, Previous, Run, State};

/// What an invocation has told so far.
#[derive(Debug, Clone, Default)]
pub struct Tellings {
    /// By fingerprint.
    told: BTreeMap<String, Telling>,
    /// What may have gone out, or went to one of two owners alone.
    doubtful: BTreeSet<String>,
    rounds: usize,
}

/// What became of telling an owner of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// SNS took the message.
    Out,
    /// It may have: no answer came that could tell.
    Unsure,
    /// It did not, or the finding had no room in it.
    NotOut,
}

/// One finding that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Telling {
    /// What the state said of it then, what was written ahead included: another run that saw that may have told otherwise.
    base: Option<Open>,
    /// What was told; `None`: that it is resolved.
    now: Option<Open>,
}

impl Tellings {
    /// What is still to be told, now that `newest` is what was told; `None` where a later run has written it since: what
    /// this one had to tell, it told, and the later one's word stands.
    pub fn untold<'r>(&mut self, newest: &'r Previous, run: &Run<'r>) -> Option<Changes<'r>> {
        if self.rounds > 0 && run.is_older_than(newest) {
            return None;
        }
        self.forget_what_others_told(newest);
        let mut changes = Changes::new(newest, run);
        changes.leave_out(|fingerprint| self.told.contains_key(fingerprint));
        Some(changes)
    }

    /// Which round of telling comes next, from 1: a message of another round is another message.
    #[must_use]
    pub fn round(&self) -> usize {
        self.rounds + 1
    }

    /// Notes a round: what went out, by owner and fingerprint. A finding that two owners had to be told of is told when both
    /// were. `announced`: what was written ahead, or may have been.
    pub fn note(
        &mut self,
        changes: &Changes<'_>,
        run: &Run<'_>,
        announced: Option<&State>,
        delivery: impl Fn(&str, &str) -> Delivery,
    ) {
        self.rounds += 1;
        let said = |fingerprint: &str| match announced {
            Some(state) => state.open.get(fingerprint).cloned(),
            None => changes.previous.get(fingerprint).cloned(),
        };
        let (mut failed, mut heard) = (BTreeSet::new(), BTreeSet::new());
        for (owner, of_owner) in &changes.owners {
            for told in &of_owner.open {
                let fingerprint = &told.finding.fingerprint;
                let base = said(fingerprint);
                let now = Some(run.open(told.finding, base.as_ref()));
                self.told.insert(fingerprint.clone(), Telling { base, now });
            }
            for resolved in &of_owner.resolved {
                let telling = Telling { base: said(&resolved.fingerprint), now: None };
                // The same finding goes on under another owner: what that one is told is what it now says.
                self.told.entry(resolved.fingerprint.clone()).or_insert(telling);
            }
            for fingerprint in of_owner.fingerprints() {
                let delivery = delivery(owner, fingerprint);
                if delivery != Delivery::Out {
                    failed.insert(fingerprint.to_owned());
                }
                if delivery != Delivery::NotOut {
                    heard.insert(fingerprint.to_owned());
                }
            }
        }
        failed.iter().for_each(|fingerprint| drop(self.told.remove(fingerprint)));
        self.doubtful = failed.intersection(&heard).cloned().collect();
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

/// The state that says of all that `changes` has to tell that it may have been told, which is written before anything is
/// sent: a run that ends between sending and writing leaves word of it so. `None`: there is nothing to add.
#[must_use]
pub fn ahead(changes: &Changes<'_>, run: &Run<'_>) -> Option<State> {
    let before = changes.previous.state();
    let mut state = before.cloned().unwrap_or_default();
    let told = changes.owners.values().flat_map(|owner| &owner.open).map(|told| told.finding);
    for finding in told {
        let open = || run.open(finding, None);
        state.open.entry(finding.fingerprint.clone()).or_insert_with(open).last_told = None;
    }
    for resolved in changes.owners.values().flat_map(|owner| &owner.resolved) {
        state.open.entry(resolved.fingerprint.clone()).and_modify(|open| open.last_told = None);
    }
    let adds = before.map_or(!state.open.is_empty(), |before| before.open != state.open);
    state.as_of = state.as_of.max(run.at);
    adds.then_some(state)
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
    let doubtful = told.doubtful.contains(fingerprint);
    let told = told.told.contains_key(fingerprint);
    let now = || finding.map(|finding| run.open(finding, entry));
    match standing {
        Standing::New if doubtful => now().map(in_doubt),
        Standing::Changed(_) | Standing::Due | Standing::Resolved(_) if doubtful => entry.cloned().map(in_doubt),
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

fn in_doubt(mut open: Open) -> Open {
    open.doubt();
    open
}

/// A later run has written the state: what this one told is added, and where the two differ the next run tells it again.
fn merge_into(mut newer: State, told: &Tellings) -> State {
    for (fingerprint, telling) in &told.told {
        match (newer.open.get_mut(fingerprint), &telling.now) {
            (None, None) => {}
            (None, Some(now)) => {
                let entry = if telling.base.is_none() { now.clone() } else { in_doubt(now.clone()) };
                newer.open.insert(fingerprint.clone(), entry);
            }
            // Nobody is about to tell it otherwise.
            (Some(entry), Some(now)) if entry.last_told.is_some() && entry.is_about_the_same_as(now) => {}
            (Some(entry), _) => entry.doubt(),
        }
    }
    for fingerprint in &told.doubtful {
        newer.open.entry(fingerprint.clone()).and_modify(Open::doubt);
    }
    newer
}
