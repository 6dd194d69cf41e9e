//! Removes what a run made, and finds what earlier runs left. Touches only things of the path with the tag of a run.

use aws_sdk_iam::types::Tag;

use crate::aws::{Aws, Signer, seen_of};
use crate::model::Seen;
use crate::run::{Patience, Watcher};
use crate::sandbox::{POLICY_NAME, TAG};

/// A thing with the tag of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A role, by name.
    Role(String),
    /// A user, by name.
    User(String),
}

impl Thing {
    /// How a person calls it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Role(name) => format!("role {name}"),
            Self::User(name) => format!("user {name}"),
        }
    }
}

/// A thing that could not be removed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The thing.
    pub thing: Thing,
    /// The answer of AWS.
    pub why: String,
}

impl Aws {
    /// The things of this path with the tag of a run; `run`: of this run alone.
    ///
    /// # Errors
    /// A list was refused, or not answered.
    pub async fn find_things(&self, path: &str, run: Option<&str>) -> Result<Vec<Thing>, Seen> {
        let iam = self.iam(&Signer::YOU);
        let mut found = Vec::new();
        let mut pages = iam.list_roles().path_prefix(path).into_paginator().send();
        while let Some(page) = pages.next().await {
            for role in page.map_err(|error| seen_of(&error))?.roles {
                match iam.list_role_tags().role_name(&role.role_name).send().await {
                    Ok(answer) if is_tagged(&answer.tags, run) => found.push(Thing::Role(role.role_name)),
                    Ok(_) => {}
                    Err(error) if is_gone(&seen_of(&error)) => {}
                    Err(error) => return Err(seen_of(&error)),
                }
            }
        }
        let mut pages = iam.list_users().path_prefix(path).into_paginator().send();
        while let Some(page) = pages.next().await {
            for user in page.map_err(|error| seen_of(&error))?.users {
                match iam.list_user_tags().user_name(&user.user_name).send().await {
                    Ok(answer) if is_tagged(&answer.tags, run) => found.push(Thing::User(user.user_name)),
                    Ok(_) => {}
                    Err(error) if is_gone(&seen_of(&error)) => {}
                    Err(error) => return Err(seen_of(&error)),
                }
            }
        }
        Ok(found)
    }

    /// Removes a thing with its policies and keys. Tries again while IAM answers from an earlier state.
    ///
    /// # Errors
    /// The last refusal of IAM.
    pub async fn remove(&self, thing: &Thing, patience: Patience) -> Result<(), Leftover> {
        let mut last = Seen::Done;
        for attempt in 0..patience.attempts {
            if attempt > 0 {
                tokio::time::sleep(patience.pause).await;
            }
            last = match thing {
                Thing::Role(name) => self.remove_role(name).await,
                Thing::User(name) => self.remove_user(name).await,
            };
            match &last {
                Seen::Done => return Ok(()),
                // A thing that is still in use by IAM's own account, or a service that is busy.
                Seen::Refused { code, .. } if is_passing(code) => {}
                Seen::NoAnswer(_) => {}
                _ => break,
            }
        }
        Err(Leftover { thing: thing.clone(), why: last.to_string() })
    }

    async fn remove_role(&self, name: &str) -> Seen {
        let iam = self.iam(&Signer::YOU);
        let policy = iam.delete_role_policy().role_name(name).policy_name(POLICY_NAME).send().await;
        if let Some(refused) = unless_gone(policy.err().map(|error| seen_of(&error))) {
            return refused;
        }
        let role = iam.delete_role().role_name(name).send().await;
        unless_gone(role.err().map(|error| seen_of(&error))).unwrap_or(Seen::Done)
    }

    async fn remove_user(&self, name: &str) -> Seen {
        let iam = self.iam(&Signer::YOU);
        let keys = match iam.list_access_keys().user_name(name).send().await {
            Ok(answer) => answer.access_key_metadata,
            Err(error) => match unless_gone(Some(seen_of(&error))) {
                Some(refused) => return refused,
                None => Vec::new(),
            },
        };
        for id in keys.iter().filter_map(|key| key.access_key_id.as_deref()) {
            let key = iam.delete_access_key().user_name(name).access_key_id(id).send().await;
            if let Some(refused) = unless_gone(key.err().map(|error| seen_of(&error))) {
                return refused;
            }
        }
        let policy = iam.delete_user_policy().user_name(name).policy_name(POLICY_NAME).send().await;
        if let Some(refused) = unless_gone(policy.err().map(|error| seen_of(&error))) {
            return refused;
        }
        let user = iam.delete_user().user_name(name).send().await;
        unless_gone(user.err().map(|error| seen_of(&error))).unwrap_or(Seen::Done)
    }

    /// Removes the things, and looks again until several lists agree that nothing is left.
    pub async fn remove_all(
        &self,
        things: Vec<Thing>,
        path: &str,
        run: Option<&str>,
        patience: Patience,
        watcher: &dyn Watcher,
    ) -> Vec<Leftover> {
        let mut todo = things;
        let mut empty = 0;
        for attempt in 0..patience.attempts {
            if attempt > 0 {
                tokio::time::sleep(patience.pause).await;
            }
            let mut left = Vec::new();
            for thing in todo {
                match self.remove(&thing, patience).await {
                    Ok(()) => watcher.line(&format!("removed {}", thing.name())),
                    Err(leftover) => left.push(leftover),
                }
            }
            if !left.is_empty() {
                return left;
            }
            todo = match self.find_things(path, run).await {
                Ok(found) => found,
                Err(seen) => {
                    watcher.line(&format!("the list of what is left was not read: {seen}"));
                    return Vec::new();
                }
            };
            empty = if todo.is_empty() { empty + 1 } else { 0 };
            if empty >= patience.agreeing {
                return Vec::new();
            }
        }
        let why = "IAM still lists it";
        todo.into_iter().map(|thing| Leftover { thing, why: why.to_owned() }).collect()
    }
}

fn is_tagged(tags: &[Tag], run: Option<&str>) -> bool {
    tags.iter().any(|tag| tag.key == TAG && run.is_none_or(|run| tag.value == run))
}

fn is_gone(seen: &Seen) -> bool {
    matches!(seen, Seen::Refused { code, .. } if code == "NoSuchEntity")
}

/// The refusal, unless it says that the thing does not exist.
fn unless_gone(seen: Option<Seen>) -> Option<Seen> {
    seen.filter(|seen| !is_gone(seen))
}

/// Whether another attempt may succeed: IAM answers from an earlier state, or is busy.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "DeleteConflict"
            | "ConcurrentModification"
            | "EntityTemporarilyUnmodifiable"
            | "NoSuchEntity"
            | "ServiceFailure"
            | "Throttling"
    )
}
