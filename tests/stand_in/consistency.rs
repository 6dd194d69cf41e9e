//! IAM's eventual consistency: after a change, the next calls see the state before it, and one of them already the new
//! one, as calls to different servers do. Counts calls, so that no test depends on time.

use std::collections::BTreeMap;

use super::{
    credentials::{Key, Origin},
    role::{Role, User},
    world::World,
};

/// The state before the last change, and how many calls still see it.
#[derive(Clone, Debug, Default)]
pub struct Consistency {
    /// Calls that a change takes to be seen.
    pub delay: usize,
    left: usize,
    earlier: Earlier,
}

/// Roles, users and long-term keys before a change.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    pub roles: BTreeMap<String, Role>,
    pub users: BTreeMap<String, User>,
    /// Long-term keys, and whether they were active.
    pub keys: BTreeMap<String, bool>,
}

impl Consistency {
    /// The earlier state, if the next call sees it. One call in between sees the new state.
    pub fn next(&mut self) -> Option<Earlier> {
        self.left = self.left.checked_sub(1)?;
        (self.left + 2 != self.delay).then(|| self.earlier.clone())
    }
}

impl World {
    /// After each change of IAM, this many calls do not reliably see it.
    pub fn delays_changes(&mut self, calls: usize) -> &mut World {
        self.consistency.delay = calls;
        self
    }

    /// Keeps the state before a change, and makes the change.
    pub(super) fn changing<T>(&mut self, change: impl FnOnce(&mut World) -> T) -> T {
        let long_term = |key: &&Key| key.origin == Origin::LongTerm;
        let keys = self.keys.values().filter(long_term);
        let keys = keys.map(|key| (key.credentials.access_key_id.clone(), key.active)).collect();
        let earlier = Earlier { roles: self.roles.clone(), users: self.users.clone(), keys };
        let result = change(self);
        self.consistency.left = self.consistency.delay;
        self.consistency.earlier = earlier;
        result
    }

    /// Runs a call in the state that it sees.
    pub(super) fn seeing<T>(&mut self, earlier: Option<&Earlier>, call: impl FnOnce(&mut World) -> T) -> T {
        let Some(earlier) = earlier else { return call(self) };
        let now = (self.roles.clone(), self.users.clone(), self.keys.clone());
        self.roles.clone_from(&earlier.roles);
        self.users.clone_from(&earlier.users);
        self.keys.retain(|id, key| key.origin != Origin::LongTerm || earlier.keys.contains_key(id));
        for (id, active) in &earlier.keys {
            if let Some(key) = self.keys.get_mut(id) {
                key.active = *active;
            }
        }
        let result = call(self);
        let issued = std::mem::take(&mut self.keys);
        (self.roles, self.users, self.keys) = now;
        for (id, key) in issued {
            self.keys.entry(id).or_insert(key);
        }
        result
    }
}
