//! Removes what a run made, and finds what earlier runs left. Touches only things of the path with the tag of a run.

use std::fmt;

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

/// What the lists of IAM show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The things with the tag of a run.
    pub things: Vec<Thing>,
    /// The lists that could not be read.
    pub unread: Vec<Unread>,
}

/// A list that could not be read: what it would show may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The list.
    pub list: UnreadList,
    /// The answer of AWS.
    pub why: Seen,
}

/// A list of IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnreadList {
    /// The roles of the path.
    Roles,
    /// The users of the path.
    Users,
    /// The tags of a thing, which say whether a run made it.
    Tags(Thing),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, why } = self;
        match list {
            UnreadList::Roles => write!(f, "the roles of the path (ListRoles: {why})"),
            UnreadList::Users => write!(f, "the users of the path (ListUsers: {why})"),
            UnreadList::Tags(thing @ Thing::Role(_)) => write!(f, "{} (ListRoleTags: {why})", thing.name()),
            UnreadList::Tags(thing @ Thing::User(_)) => write!(f, "{} (ListUserTags: {why})", thing.name()),
        }
    }
}

/// The result of a removal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removal {
    /// What could not be removed.
    pub leftovers: Vec<Leftover>,
    /// What could not be checked after the removal.
    pub unread: Vec<Unread>,
}

impl Aws {
    /// The things of this path with the tag of a run; `run`: of this run alone.
    pub async fn find_things(&self, path: &str, run: Option<&str>) -> Listing {
        let mut listing = Listing::default();
        self.find_roles(path, run, &mut listing).await;
        self.find_users(path, run, &mut listing).await;
        listing
    }

    async fn find_roles(&self, path: &str, run: Option<&str>, listing: &mut Listing) {
        let iam = self.iam(&Signer::YOU);
        let mut pages = iam.list_roles().path_prefix(path).into_paginator().send();
        while let Some(page) = pages.next().await {
            let roles = match page {
                Ok(page) => page.roles,
                Err(error) => return listing.miss(UnreadList::Roles, seen_of(&error)),
            };
            for role in roles {
                let answer = iam.list_role_tags().role_name(&role.role_name).send().await;
                let tags = answer.map(|answer| answer.tags).map_err(|error| seen_of(&error));
                listing.add(Thing::Role(role.role_name), tags, run);
            }
        }
    }

    async fn find_users(&self, path: &str, run: Option<&str>, listing: &mut Listing) {
        let iam = self.iam(&Signer::YOU);
        let mut pages = iam.list_users().path_prefix(path).into_paginator().send();
        while let Some(page) = pages.next().await {
            let users = match page {
                Ok(page) => page.users,
                Err(error) => return listing.miss(UnreadList::Users, seen_of(&error)),
            };
            for user in users {
                let answer = iam.list_user_tags().user_name(&user.user_name).send().await;
                let tags = answer.map(|answer| answer.tags).map_err(|error| seen_of(&error));
                listing.add(Thing::User(user.user_name), tags, run);
            }
        }
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
    ) -> Removal {
        let mut listing = Listing { things, unread: Vec::new() };
        let mut empty = 0;
        for attempt in 0..patience.attempts {
            if attempt > 0 {
                tokio::time::sleep(patience.pause).await;
            }
            let mut leftovers = Vec::new();
            for thing in listing.things {
                match self.remove(&thing, patience).await {
                    Ok(()) => watcher.line(&format!("removed {}", thing.name())),
                    Err(leftover) => leftovers.push(leftover),
                }
            }
            listing = self.find_things(path, run).await;
            if !leftovers.is_empty() {
                return Removal { leftovers, unread: listing.unread };
            }
            empty = if listing.things.is_empty() && listing.unread.is_empty() { empty + 1 } else { 0 };
            if empty >= patience.agreeing || listing.is_refused() {
                break;
            }
        }
        let why = "IAM still lists it";
        let leftover = |thing| Leftover { thing, why: why.to_owned() };
        Removal { leftovers: listing.things.into_iter().map(leftover).collect(), unread: listing.unread }
    }
}

impl Listing {
    /// Adds a thing if it has the tag of a run.
    fn add(&mut self, thing: Thing, tags: Result<Vec<Tag>, Seen>, run: Option<&str>) {
        match tags {
            Ok(tags) if is_tagged(&tags, run) => self.things.push(thing),
            Ok(_) => {}
            Err(seen) if is_gone(&seen) => {}
            Err(seen) => self.miss(UnreadList::Tags(thing), seen),
        }
    }

    fn miss(&mut self, list: UnreadList, why: Seen) {
        self.unread.push(Unread { list, why });
    }

    /// Whether nothing is left to remove, and another attempt at an unread list would fail as well.
    fn is_refused(&self) -> bool {
        let lasts =
            |seen: &Seen| matches!(seen, Seen::Refused { status, code, .. } if *status < 500 && !is_passing(code));
        self.things.is_empty() && self.unread.iter().any(|unread| lasts(&unread.why))
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
