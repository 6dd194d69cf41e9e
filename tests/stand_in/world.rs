//! The roles, users, topics and issued keys. Looks up and issues; decides nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    arn::Arn,
    clock::{self, Clock},
    consistency::Consistency,
    credentials::{Credentials, Key, Origin, Principal},
    events::Bus,
    policy::Policy,
    role::{Role, User, Wording},
    rules::Rules,
    s3::Bucket,
    ssm::Parameter,
    sso_admin::IdentityCenter,
    topic::Topic,
};

/// Longer than any test: the default lifetime of a service's session.
const SERVICE_SESSION_SECONDS: i64 = 12 * 3600;

/// All entities of the stand-in. Filled before it starts, and changed later through `StandIn::world`.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) topics: BTreeMap<String, Topic>,
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) buses: BTreeMap<String, Bus>,
    /// The Timeout of functions, by ARN, with the qualifier if there is one.
    pub(super) functions: BTreeMap<String, i64>,
    pub(super) identity_centers: Vec<IdentityCenter>,
    /// The parameters of the checker's account and Region, by name.
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) clock: Clock,
    pub(super) wording: Wording,
    /// The largest page of ListRoles, whatever the request.
    pub(super) list_roles_page: Option<usize>,
    /// The rules of STS and IAM.
    pub rules: Rules,
    pub(super) consistency: Consistency,
    issued: u64,
}

/// The input for a new session.
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

    /// Adds a role, or changes an existing role, whose sessions remain valid.
    pub fn role(&mut self, mut role: Role) -> &mut World {
        role.id = match self.roles.get(&role.arn) {
            Some(existing) => existing.id.clone(),
            None => format!("AROAEXAMPLE{:010}", self.next()),
        };
        self.roles.insert(role.arn.clone(), role);
        self
    }

    /// Deletes a role. Its sessions end, even if the role is recreated.
    pub fn delete_role(&mut self, arn: &str) {
        self.roles.remove(arn);
    }

    /// The wording of denials for roles without a wording.
    pub fn denial_wording(&mut self, wording: Wording) -> &mut World {
        self.wording = wording;
        self
    }

    /// ListRoles returns at most this many roles in one page, even if the request asks for more. AWS may do that.
    pub fn list_roles_page(&mut self, most: usize) -> &mut World {
        self.list_roles_page = Some(most);
        self
    }

    /// Adds or changes a user and gives it another long-term key.
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

    /// A session of a declared role as a service (Lambda, EC2) issues it: `arn:aws:sts::…:assumed-role/checker/lambda`.
    ///
    /// # Panics
    /// If it is not the ARN of a session, or its role was not declared.
    pub fn role_session(&mut self, session: &str) -> Credentials {
        self.role_session_for(session, SERVICE_SESSION_SECONDS)
    }

    /// The same with this lifetime in seconds. Zero or a negative number: already expired.
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

    /// Adds or changes a topic. A change forgets its deliveries.
    pub fn topic(&mut self, topic: impl Into<Topic>) -> &mut World {
        let topic = topic.into();
        self.topics.insert(topic.arn.clone(), topic);
        self
    }

    /// Adds or changes an event bus. A change forgets its events.
    pub fn bus(&mut self, bus: Bus) -> &mut World {
        self.buses.insert(bus.arn.clone(), bus);
        self
    }

    /// The events that a bus accepted.
    pub fn events(&self, bus: &str) -> Vec<serde_json::Value> {
        self.buses.get(bus).map(|bus| bus.events.clone()).unwrap_or_default()
    }

    /// The value of an environment variable of every function. No output may show it.
    pub const FUNCTION_SECRET: &str = "function-secret-value";

    /// Adds a Lambda function with this Timeout, by its ARN.
    pub fn function(&mut self, arn: &str, timeout: i64) -> &mut World {
        self.functions.insert(arn.to_owned(), timeout);
        self
    }

    /// Adds the IAM Identity Center of an account.
    pub fn identity_center(&mut self, center: IdentityCenter) -> &mut World {
        self.identity_centers.push(center);
        self
    }

    /// Adds a parameter, or the next version of an existing one.
    pub fn parameter(&mut self, name: &str, mut parameter: Parameter) -> &mut World {
        let version = self.parameters.get(name).map_or(1, |before| before.version + 1);
        parameter.version = version;
        self.parameters.insert(name.to_owned(), parameter);
        self
    }

    /// Adds an empty bucket.
    pub fn bucket(&mut self, bucket: Bucket) -> &mut World {
        self.buckets.insert(bucket.name.clone(), bucket);
        self
    }

    /// The content of an object.
    pub fn object(&self, bucket: &str, key: &str) -> Option<String> {
        let body = self.buckets.get(bucket)?.objects.get(key)?;
        Some(String::from_utf8_lossy(body).into_owned())
    }

    /// Stores an object, or removes it.
    pub fn set_object(&mut self, bucket: &str, key: &str, body: Option<&str>) {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        match body {
            Some(body) => bucket.objects.insert(key.to_owned(), body.as_bytes().to_vec()),
            None => bucket.objects.remove(key),
        };
    }

    /// Stores an object that need not be text.
    pub fn set_bytes(&mut self, bucket: &str, key: &str, body: &[u8]) {
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket.objects.insert(key.to_owned(), body.to_vec());
        }
    }

    /// Deactivates a key.
    pub fn deactivate(&mut self, credentials: &Credentials) {
        if let Some(key) = self.keys.get_mut(&credentials.access_key_id) {
            key.active = false;
        }
    }

    pub(super) fn role_named(&self, account: &str, name: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.parts.account == account && role.parts.name() == name)
    }

    /// The session's role still exists and was not recreated.
    pub(super) fn issuer_lives(&self, key: &Key) -> bool {
        match &key.origin {
            Origin::RoleSession { role_id } => {
                let is_same = |role: &Role| role.id == *role_id || !self.rules.made_again_is_another;
                let lives = self.roles.get(&key.principal.identity).is_some_and(is_same);
                lives || (!self.rules.deletion_ends_sessions && !self.roles.contains_key(&key.principal.identity))
            }
            Origin::LongTerm | Origin::SessionToken { .. } | Origin::Federation => {
                self.users.contains_key(&key.principal.identity)
            }
        }
    }

    /// The current rights of the user or role of a key: changed permissions apply to live sessions.
    pub(super) fn permissions(&self, key: &Key) -> Option<Policy> {
        let identity = &key.principal.identity;
        let role = self.roles.get(identity).map(|role| (&role.permissions, &role.inline));
        let (declared, inline) =
            role.or_else(|| self.users.get(identity).map(|user| (&user.permissions, &user.inline)))?;
        let mut all = declared.clone();
        inline.values().for_each(|policy| all.add_all(policy));
        Some(all)
    }

    /// The names of the things below a path: a test sees what is left.
    pub fn names_below(&self, path: &str) -> Vec<String> {
        let roles = self.roles.values().filter(|role| role.parts.path() == path).map(|role| role.arn.clone());
        let users = self.users.values().filter(|user| user.parts.path() == path).map(|user| user.arn.clone());
        roles.chain(users).collect()
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

    /// Ends a session with the session that took it, if that ends more than `seconds` earlier.
    pub(super) fn end_with(&mut self, key: &Key, parent: Option<Timestamp>, seconds: i64) -> Key {
        let earlier = parent.filter(|parent| key.expires.is_some_and(|own| clock::after(*parent, seconds) < own));
        let key = Key { expires: earlier.or(key.expires), ..key.clone() };
        self.keep(key.clone());
        key
    }

    /// Lets time pass for everything that was issued and delivered so far. The clock itself stays.
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

/// The identity of a session of this role.
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
