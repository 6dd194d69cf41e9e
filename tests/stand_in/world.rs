//! What exists: roles, users, topics and the keys that were issued. Looks up and issues; decides nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    arn::Arn,
    clock::{self, Clock},
    credentials::{Credentials, Key, Origin, Principal},
    policy::Policy,
    role::{Role, User, Wording},
    s3::Bucket,
    topic::Topic,
};

/// Longer than any test: what a service's session of its own role lives here, unless the test says.
const SERVICE_SESSION_SECONDS: i64 = 12 * 3600;

/// Everything that the stand-in knows of, filled before it starts and changed later through `StandIn::world`.
#[derive(Debug, Default)]
pub struct World {
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) topics: BTreeMap<String, Topic>,
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) clock: Clock,
    pub(super) wording: Wording,
    /// The most that a page of ListRoles holds, whatever is asked for.
    pub(super) list_roles_page: Option<usize>,
    issued: u64,
}

/// What a new session is made of.
pub(super) struct NewSession {
    pub principal: Principal,
    pub origin: Origin,
    pub seconds: i64,
    pub policy: Option<Policy>,
    pub source_identity: Option<String>,
}

impl World {
    pub fn new() -> World {
        World::default()
    }

    /// Adds a role, or changes it if it exists (its sessions live on).
    pub fn role(&mut self, mut role: Role) -> &mut World {
        role.id = match self.roles.get(&role.arn) {
            Some(existing) => existing.id.clone(),
            None => format!("AROAEXAMPLE{:010}", self.next()),
        };
        self.roles.insert(role.arn.clone(), role);
        self
    }

    /// Deletes a role; its sessions die with it, also if it is made anew.
    pub fn delete_role(&mut self, arn: &str) {
        self.roles.remove(arn);
    }

    /// How denials are worded where a role does not say.
    pub fn denial_wording(&mut self, wording: Wording) -> &mut World {
        self.wording = wording;
        self
    }

    /// ListRoles gives at most so many at a time, even if more are asked for: AWS may.
    pub fn list_roles_page(&mut self, most: usize) -> &mut World {
        self.list_roles_page = Some(most);
        self
    }

    /// Adds a user, or changes it, and gives it one more long-term key.
    pub fn user(&mut self, user: impl Into<User>) -> Credentials {
        let user = user.into();
        let number = self.next();
        let root = user.parts.resource == "root";
        let principal = Principal {
            arn: user.arn.clone(),
            identity: user.arn.clone(),
            partition: user.parts.partition.clone(),
            account: user.parts.account.clone(),
            user_id: if root { user.parts.account.clone() } else { format!("AIDAEXAMPLE{number:010}") },
        };
        self.users.insert(user.arn.clone(), user);
        let credentials = Credentials::mint(number, false);
        self.keep(Key {
            credentials: credentials.clone(),
            active: true,
            principal,
            origin: Origin::LongTerm,
            expires: None,
            session_policy: None,
            source_identity: None,
        });
        credentials
    }

    /// A session of a declared role as a service (Lambda, EC2) hands it out: `arn:aws:sts::…:assumed-role/checker/lambda`.
    ///
    /// # Panics
    /// If it is not a session's ARN or its role was not declared.
    pub fn role_session(&mut self, session: &str) -> Credentials {
        self.role_session_for(session, SERVICE_SESSION_SECONDS)
    }

    /// The same, living so many seconds; none or fewer: expired already.
    ///
    /// # Panics
    /// As `role_session`.
    pub fn role_session_for(&mut self, session: &str, seconds: i64) -> Credentials {
        let found = Arn::parse(session).and_then(|arn| {
            let (role, name) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
            Some((self.role_named(&arn.account, role)?, name.to_owned()))
        });
        let Some((role, name)) = found else { panic!("not a session of a declared role: {session}") };
        let (principal, origin) = session_of(role, &name);
        self.issue(NewSession { principal, origin, seconds, policy: None, source_identity: None }).credentials
    }

    /// Adds a topic, or changes it (what it delivered is forgotten).
    pub fn topic(&mut self, topic: impl Into<Topic>) -> &mut World {
        let topic = topic.into();
        self.topics.insert(topic.arn.clone(), topic);
        self
    }

    /// Adds an empty bucket.
    pub fn bucket(&mut self, bucket: Bucket) -> &mut World {
        self.buckets.insert(bucket.name.clone(), bucket);
        self
    }

    /// What an object holds.
    pub fn object(&self, bucket: &str, key: &str) -> Option<String> {
        self.buckets.get(bucket)?.objects.get(key).cloned()
    }

    /// Puts an object there, or takes it away.
    pub fn set_object(&mut self, bucket: &str, key: &str, body: Option<&str>) {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        match body {
            Some(body) => bucket.objects.insert(key.to_owned(), body.to_owned()),
            None => bucket.objects.remove(key),
        };
    }

    /// Makes a key inactive.
    pub fn deactivate(&mut self, credentials: &Credentials) {
        if let Some(key) = self.keys.get_mut(&credentials.access_key_id) {
            key.active = false;
        }
    }

    pub(super) fn role_named(&self, account: &str, name: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.parts.account == account && role.parts.name() == name)
    }

    /// A session is of a role that still exists, and is the same one.
    pub(super) fn issuer_lives(&self, key: &Key) -> bool {
        match &key.origin {
            Origin::RoleSession { role_id } => {
                self.roles.get(&key.principal.identity).is_some_and(|role| role.id == *role_id)
            }
            Origin::LongTerm | Origin::SessionToken { .. } => self.users.contains_key(&key.principal.identity),
        }
    }

    /// What the user or role behind a key may do now: a changed permission applies to live sessions.
    pub(super) fn permissions(&self, key: &Key) -> Option<&Policy> {
        let identity = &key.principal.identity;
        let role = self.roles.get(identity).map(|role| &role.permissions);
        role.or_else(|| self.users.get(identity).map(|user| &user.permissions))
    }

    pub(super) fn issue(&mut self, new: NewSession) -> Key {
        let key = Key {
            credentials: Credentials::mint(self.next(), true),
            active: true,
            principal: new.principal,
            origin: new.origin,
            expires: Some(clock::after(clock::whole_seconds(self.clock.now()), new.seconds)),
            session_policy: new.policy,
            source_identity: new.source_identity,
        };
        self.keep(key.clone());
        key
    }

    /// Lets time pass for all that was issued and delivered so far; the clock itself stays.
    pub(super) fn age(&mut self, by: SignedDuration) {
        let earlier = |moment: Timestamp| moment.checked_sub(by).unwrap_or(moment);
        for key in self.keys.values_mut() {
            key.expires = key.expires.map(earlier);
        }
        for seen in self.topics.values_mut().flat_map(|topic| &mut topic.seen) {
            seen.at = earlier(seen.at);
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    fn keep(&mut self, key: Key) {
        self.keys.insert(key.credentials.access_key_id.clone(), key);
    }
}

/// Who a session of this role is.
pub(super) fn session_of(role: &Role, session: &str) -> (Principal, Origin) {
    let Arn { partition, account, .. } = &role.parts;
    let principal = Principal {
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{}/{session}", role.parts.name()),
        identity: role.arn.clone(),
        partition: partition.clone(),
        account: account.clone(),
        user_id: format!("{}:{session}", role.id),
    };
    (principal, Origin::RoleSession { role_id: role.id.clone() })
}
