//! Roles and users as a test declares them: their permissions and trust. `world` stores them, `sts` decides.

use std::collections::BTreeMap;

use super::{arn::Arn, policy::Policy};

/// The wording of a denial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// Caller, action and resource.
    #[default]
    Plain,
    /// The same, with the kind of policy that was missing or denied the call.
    WithCause,
}

/// An IAM role. A new role trusts nobody, has no permissions, and has AWS's default maximum of one hour.
#[derive(Clone, Debug)]
pub struct Role {
    pub(super) arn: String,
    pub(super) parts: Arn,
    pub(super) max_session: u32,
    pub(super) max_signin_session: Option<u32>,
    pub(super) trusted: Vec<String>,
    pub(super) external_id: Option<String>,
    pub(super) session_name: Option<String>,
    pub(super) source_identity: SourceIdentity,
    pub(super) accepts_tags: bool,
    pub(super) requires_mfa: bool,
    pub(super) permissions: Policy,
    pub(super) wording: Option<Wording>,
    pub(super) denied: Option<String>,
    /// The trust policy allows no longer DurationSeconds than this.
    pub(super) most_seconds: Option<i32>,
    pub(super) inline: BTreeMap<String, Policy>,
    pub(super) tags: BTreeMap<String, String>,
    /// Assigned by the world. A recreated role with the same ARN gets another id.
    pub(super) id: String,
}

/// Whether the trust policy allows `sts:SetSourceIdentity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SourceIdentity {
    NotAccepted,
    Accepted,
    Required(String),
}

impl Role {
    /// # Panics
    /// If it is not the ARN of a role, which is a typing error in the test.
    pub fn new(arn: impl Into<String>) -> Role {
        let arn = arn.into();
        let Some(parts) = Arn::parse_role(&arn) else { panic!("not a role ARN: {arn}") };
        Role {
            arn,
            parts,
            max_session: 3600,
            max_signin_session: None,
            trusted: Vec::new(),
            external_id: None,
            session_name: None,
            source_identity: SourceIdentity::NotAccepted,
            accepts_tags: false,
            requires_mfa: false,
            permissions: Policy::default(),
            wording: None,
            denied: None,
            most_seconds: None,
            inline: BTreeMap::new(),
            tags: BTreeMap::new(),
            id: String::new(),
        }
    }

    /// Adds a tag, or changes its value.
    pub fn tagged(mut self, key: impl Into<String>, value: impl Into<String>) -> Role {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// MaxSessionDuration, in seconds.
    pub fn max_session(mut self, seconds: u32) -> Role {
        self.max_session = seconds;
        self
    }

    /// MaxSigninSessionDuration, in seconds. IAM's answers lack it where it is not set.
    pub fn max_signin_session(mut self, seconds: u32) -> Role {
        self.max_signin_session = Some(seconds);
        self
    }

    /// Adds a trusted principal: the ARN of a role, user or session, `arn:…:root`, a bare account, or `*`.
    pub fn trusts(mut self, principal: impl Into<String>) -> Role {
        self.trusted.push(principal.into());
        self
    }

    /// The trust policy requires this external ID.
    pub fn external_id(mut self, id: &str) -> Role {
        self.external_id = Some(id.to_owned());
        self
    }

    /// The trust policy requires this RoleSessionName; `*` and `?` are wildcards.
    pub fn session_name(mut self, pattern: &str) -> Role {
        self.session_name = Some(pattern.to_owned());
        self
    }

    /// The trust policy requires this SourceIdentity; `*` and `?` are wildcards.
    pub fn source_identity(mut self, pattern: &str) -> Role {
        self.source_identity = SourceIdentity::Required(pattern.to_owned());
        self
    }

    /// The trust policy also allows `sts:SetSourceIdentity`.
    pub fn accepts_source_identity(mut self) -> Role {
        self.source_identity = SourceIdentity::Accepted;
        self
    }

    /// The trust policy also allows `sts:TagSession`.
    pub fn accepts_tags(mut self) -> Role {
        self.accepts_tags = true;
        self
    }

    /// The trust policy requires MFA. Any code is accepted.
    pub fn requires_mfa(mut self) -> Role {
        self.requires_mfa = true;
        self
    }

    /// A permission of the role: `allows("iam:GetRole", "*")`.
    pub fn allows(mut self, action: &str, resource: &str) -> Role {
        self.permissions.allow(action, resource);
        self
    }

    /// An explicit deny in the permissions of the role.
    pub fn denies(mut self, action: &str, resource: &str) -> Role {
        self.permissions.deny(action, resource);
        self
    }

    /// Allows `sts:AssumeRole` on a role, or on all roles that match the pattern.
    pub fn may_assume(self, role: &str) -> Role {
        self.allows("sts:AssumeRole", role)
    }

    /// The wording of this role's denials, which overrides that of the world.
    pub fn denial_wording(mut self, wording: Wording) -> Role {
        self.wording = Some(wording);
        self
    }

    /// AssumeRole is denied to everyone, with this cause at the end of the message: `with an explicit deny in a service
    /// control policy`. Empty: the plain wording.
    pub fn denied(mut self, cause: &str) -> Role {
        self.denied = Some(cause.to_owned());
        self
    }
}

/// An IAM user, or an account's root user (`arn:aws:iam::999999999999:root`). A new user has no permissions.
#[derive(Clone, Debug)]
pub struct User {
    pub(super) arn: String,
    pub(super) parts: Arn,
    pub(super) permissions: Policy,
    pub(super) inline: BTreeMap<String, Policy>,
    pub(super) tags: BTreeMap<String, String>,
}

impl User {
    /// # Panics
    /// If it is not the ARN of a user, which is a typing error in the test.
    pub fn new(arn: impl Into<String>) -> User {
        let arn = arn.into();
        match Arn::parse(&arn) {
            Some(parts)
                if parts.service == "iam" && (parts.resource.starts_with("user/") || parts.resource == "root") =>
            {
                User { arn, parts, permissions: Policy::default(), inline: BTreeMap::new(), tags: BTreeMap::new() }
            }
            _ => panic!("not a user ARN: {arn}"),
        }
    }

    pub fn allows(mut self, action: &str, resource: &str) -> User {
        self.permissions.allow(action, resource);
        self
    }

    pub fn denies(mut self, action: &str, resource: &str) -> User {
        self.permissions.deny(action, resource);
        self
    }

    /// The permissions of a policy document.
    ///
    /// # Panics
    /// If the document is not a policy.
    pub fn with_policy(mut self, document: &str) -> User {
        match Policy::parse(document) {
            Ok(policy) => self.permissions.add_all(&policy),
            Err(problem) => panic!("not a policy: {problem:?}"),
        }
        self
    }

    pub fn may_assume(self, role: &str) -> User {
        self.allows("sts:AssumeRole", role)
    }
}

impl From<&str> for User {
    fn from(arn: &str) -> User {
        User::new(arn)
    }
}
