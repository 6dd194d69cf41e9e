//! The kinds of sources as the inventory writes them, with their parameters and defaults.

use std::collections::BTreeMap;

use super::{FunctionArn, LiveSetting, PermissionSet, Seconds, Source};
use crate::lease::LimitedBy;
use crate::lease::rules;

/// A kind of source, without its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// [`Source::IamUser`].
    IamUser,
    /// [`Source::SessionToken`].
    SessionToken,
    /// [`Source::FederationToken`].
    FederationToken,
    /// [`Source::WebIdentity`].
    WebIdentity,
    /// [`Source::Saml`].
    Saml,
    /// [`Source::IdentityCenter`].
    IdentityCenter,
    /// [`Source::AccountAccess`].
    AccountAccess,
    /// [`Source::ConsoleLogin`].
    ConsoleLogin,
    /// [`Source::Ec2Instance`].
    Ec2Instance,
    /// [`Source::EcsTask`].
    EcsTask,
    /// [`Source::Lambda`].
    Lambda,
    /// [`Source::Codebuild`].
    Codebuild,
    /// [`Source::EksPodIdentity`].
    EksPodIdentity,
    /// [`Source::RolesAnywhere`].
    RolesAnywhere,
    /// [`Source::Issued`].
    Issued,
    /// [`Source::ServiceRole`].
    ServiceRole,
}

/// A parameter of a kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its key in the inventory.
    pub name: &'static str,
    /// What its value is.
    pub takes: Takes,
    /// It has no default.
    pub required: bool,
    /// The shortest and longest duration that AWS accepts, where the reader of the inventory checks them.
    pub accepted: Option<(Seconds, Seconds)>,
}

/// What the value of a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A duration.
    Duration,
    /// `true` or `false`.
    Flag,
    /// A role, by alias or ARN.
    Role,
    /// A permission set, by name or ARN.
    PermissionSet,
    /// The ARN of a Lambda function.
    Function,
}

impl Parameter {
    const fn optional(name: &'static str, takes: Takes) -> Self {
        Self { name, takes, required: false, accepted: None }
    }
}

pub(super) const DURATION: Parameter = Parameter::optional("duration", Takes::Duration);
pub(super) const MFA: Parameter = Parameter::optional("mfa", Takes::Flag);
pub(super) const RENEWABLE: Parameter = Parameter::optional("renewable", Takes::Flag);
pub(super) const SESSION: Parameter = Parameter {
    accepted: Some((*rules::PERMISSION_SET_RANGE.start(), *rules::PERMISSION_SET_RANGE.end())),
    ..Parameter::optional("session", Takes::Duration)
};
pub(super) const PORTAL_SESSION: Parameter = Parameter::optional("portal_session", Takes::Duration);
pub(super) const SIGNIN_SESSION: Parameter = Parameter {
    accepted: Some((*rules::MAX_SIGNIN_SESSION_RANGE.start(), *rules::MAX_SIGNIN_SESSION_RANGE.end())),
    ..Parameter::optional("signin_session", Takes::Duration)
};
pub(super) const PERMISSION_SET: Parameter = Parameter::optional("permission_set", Takes::PermissionSet);
pub(super) const FUNCTION: Parameter = Parameter::optional("function", Takes::Function);
pub(super) const ROLE: Parameter = Parameter::optional("role", Takes::Role);

/// The parameters that somebody stated.
#[derive(Debug, Clone, Default)]
pub struct GivenParameters {
    durations: BTreeMap<&'static str, Seconds>,
    flags: BTreeMap<&'static str, bool>,
    setting: Option<LiveSetting>,
}

impl GivenParameters {
    /// `duration` alone.
    #[must_use]
    pub fn of_duration(duration: Seconds) -> Self {
        let mut given = Self::default();
        given.set_duration(DURATION, duration);
        given
    }

    /// `permission_set` alone, where it is known.
    #[must_use]
    pub fn of_permission_set(set: Option<PermissionSet>) -> Self {
        Self { setting: set.map(LiveSetting::PermissionSet), ..Self::default() }
    }

    /// States a duration.
    pub fn set_duration(&mut self, parameter: Parameter, duration: Seconds) {
        self.durations.insert(parameter.name, duration);
    }

    /// States `true` or `false`.
    pub fn set_flag(&mut self, parameter: Parameter, flag: bool) {
        self.flags.insert(parameter.name, flag);
    }

    /// States the permission set or the function.
    pub fn set_setting(&mut self, setting: LiveSetting) {
        self.setting = Some(setting);
    }

    fn permission_set(&self) -> Option<PermissionSet> {
        match &self.setting {
            Some(LiveSetting::PermissionSet(set)) => Some(set.clone()),
            Some(LiveSetting::Function(_)) | None => None,
        }
    }

    fn function(&self) -> Option<FunctionArn> {
        match &self.setting {
            Some(LiveSetting::Function(function)) => Some(function.clone()),
            Some(LiveSetting::PermissionSet(_)) | None => None,
        }
    }

    fn duration(&self, parameter: Parameter) -> Option<Seconds> {
        self.durations.get(parameter.name).copied()
    }

    fn flag(&self, parameter: Parameter) -> Option<bool> {
        self.flags.get(parameter.name).copied()
    }
}

impl SourceKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::IamUser,
        Self::SessionToken,
        Self::FederationToken,
        Self::WebIdentity,
        Self::Saml,
        Self::IdentityCenter,
        Self::AccountAccess,
        Self::ConsoleLogin,
        Self::Ec2Instance,
        Self::EcsTask,
        Self::Lambda,
        Self::Codebuild,
        Self::EksPodIdentity,
        Self::RolesAnywhere,
        Self::Issued,
        Self::ServiceRole,
    ];

    /// The kind as the inventory writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IamUser => "iam-user",
            Self::SessionToken => "session-token",
            Self::FederationToken => "federation-token",
            Self::WebIdentity => "web-identity",
            Self::Saml => "saml",
            Self::IdentityCenter => "identity-center",
            Self::AccountAccess => "account-access",
            Self::ConsoleLogin => "console-login",
            Self::Ec2Instance => "ec2-instance",
            Self::EcsTask => "ecs-task",
            Self::Lambda => "lambda",
            Self::Codebuild => "codebuild",
            Self::EksPodIdentity => "eks-pod-identity",
            Self::RolesAnywhere => "roles-anywhere",
            Self::Issued => "issued",
            Self::ServiceRole => "service-role",
        }
    }

    /// Reads a kind as the inventory writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The parameters of this kind.
    #[must_use]
    pub const fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::IamUser => &[MFA],
            Self::SessionToken | Self::FederationToken | Self::RolesAnywhere | Self::ServiceRole => &[DURATION],
            Self::WebIdentity | Self::Saml => &[RENEWABLE],
            Self::IdentityCenter => &[PERMISSION_SET, SESSION, PORTAL_SESSION],
            Self::AccountAccess => &[PORTAL_SESSION],
            Self::ConsoleLogin => &[ROLE, SIGNIN_SESSION],
            Self::Issued => &[Parameter { required: true, ..DURATION }, RENEWABLE],
            Self::Lambda => &[FUNCTION],
            Self::Ec2Instance | Self::EcsTask | Self::Codebuild | Self::EksPodIdentity => &[],
        }
    }

    /// The source of this kind with these parameters, the others at their defaults; `None`: a parameter without a
    /// default is missing.
    #[must_use]
    pub fn with(self, given: &GivenParameters) -> Option<Source> {
        let duration = given.duration(DURATION);
        Some(match self {
            Self::IamUser => Source::IamUser { mfa: given.flag(MFA).unwrap_or(false) },
            Self::SessionToken => Source::SessionToken { duration: duration.unwrap_or(rules::SESSION_TOKEN_DEFAULT) },
            Self::FederationToken => {
                Source::FederationToken { duration: duration.unwrap_or(rules::SESSION_TOKEN_DEFAULT) }
            }
            Self::WebIdentity => Source::WebIdentity { renewable: given.flag(RENEWABLE).unwrap_or(true) },
            Self::Saml => Source::Saml { renewable: given.flag(RENEWABLE).unwrap_or(false) },
            Self::IdentityCenter => Source::IdentityCenter {
                permission_set: given.permission_set(),
                session: given.duration(SESSION).unwrap_or(rules::PERMISSION_SET_DEFAULT),
                portal_session: given.duration(PORTAL_SESSION).unwrap_or(rules::PORTAL_SESSION_DEFAULT),
            },
            Self::AccountAccess => Source::AccountAccess {
                portal_session: given.duration(PORTAL_SESSION).unwrap_or(rules::PORTAL_SESSION_DEFAULT),
            },
            Self::ConsoleLogin => Source::ConsoleLogin { role: None, signin_session: given.duration(SIGNIN_SESSION) },
            Self::Ec2Instance => Source::Ec2Instance,
            Self::EcsTask => Source::EcsTask,
            Self::Lambda => Source::Lambda { function: given.function() },
            Self::Codebuild => Source::Codebuild,
            Self::EksPodIdentity => Source::EksPodIdentity,
            Self::RolesAnywhere => {
                Source::RolesAnywhere { duration: duration.unwrap_or(rules::ROLES_ANYWHERE_DEFAULT) }
            }
            Self::Issued => Source::Issued { duration: duration?, renewable: given.flag(RENEWABLE).unwrap_or(false) },
            Self::ServiceRole => Source::ServiceRole { duration },
        })
    }

    /// The source of this kind with its parameters at their defaults; `None` for `issued`, whose duration has none.
    #[must_use]
    pub fn with_defaults(self) -> Option<Source> {
        self.with(&GivenParameters::default())
    }

    /// The kind that a word of everyday use means: `oidc`, `irsa`, `sso`, `fargate`, …
    pub(crate) fn by_synonym(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace(['_', ' '], "-");
        let word = word.strip_prefix("aws-").unwrap_or(&word);
        Self::parse(word).or_else(|| SYNONYMS.iter().find(|(_, words)| words.contains(&word)).map(|(kind, _)| *kind))
    }
}

/// Words that people write for the kinds.
const SYNONYMS: &[(SourceKind, &[&str])] = &[
    (SourceKind::IamUser, &["user", "iam", "access-key", "access-keys", "static", "static-key", "long-term-key"]),
    (SourceKind::SessionToken, &["get-session-token", "getsessiontoken", "mfa", "sts"]),
    (SourceKind::FederationToken, &["get-federation-token", "getfederationtoken", "federation", "federated"]),
    (
        SourceKind::WebIdentity,
        &[
            "oidc",
            "irsa",
            "github",
            "github-actions",
            "github-oidc",
            "gitlab",
            "gitlab-ci",
            "bitbucket",
            "openid",
            "jwt",
        ],
    ),
    (SourceKind::Saml, &["saml2", "saml2aws", "okta", "adfs"]),
    (SourceKind::IdentityCenter, &["sso", "iam-identity-center", "permission-set", "single-sign-on"]),
    (SourceKind::AccountAccess, &["account-access-manager"]),
    (SourceKind::ConsoleLogin, &["login", "console", "signin", "sign-in"]),
    (SourceKind::Ec2Instance, &["ec2", "instance", "instance-profile", "instance-role", "imds"]),
    (SourceKind::EcsTask, &["ecs", "fargate", "task", "task-role", "batch", "container"]),
    (SourceKind::Lambda, &["lambda-function", "function"]),
    (SourceKind::Codebuild, &["code-build", "codepipeline"]),
    (SourceKind::EksPodIdentity, &["eks", "pod", "pod-identity", "kubernetes", "k8s"]),
    (SourceKind::RolesAnywhere, &["rolesanywhere", "iam-roles-anywhere", "certificate", "x509"]),
    (SourceKind::Issued, &["vault", "broker", "hashicorp-vault", "partner", "credential-process"]),
    (SourceKind::ServiceRole, &["service", "glue", "emr", "sagemaker", "step-functions", "apprunner", "amplify"]),
];

/// Which limits of a source are AWS's defaults, because nobody stated them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnstatedLimits {
    /// The permission set's session duration.
    pub session: bool,
    /// The login to the Identity Center portal.
    pub portal_session: bool,
    /// The sign-in session of `aws login`.
    pub signin_session: bool,
}

impl UnstatedLimits {
    /// Those of a source of this kind with these parameters.
    #[must_use]
    pub fn new(kind: SourceKind, given: &GivenParameters) -> Self {
        let unstated =
            |limit: Parameter| kind.parameters().contains(&limit) && !given.durations.contains_key(limit.name);
        Self {
            session: unstated(SESSION),
            portal_session: unstated(PORTAL_SESSION),
            signin_session: unstated(SIGNIN_SESSION),
        }
    }

    /// Those of a source whose limits nobody stated, but for a session other than AWS's default.
    #[must_use]
    pub fn of_bare(source: &Source) -> Self {
        let unstated = Self::new(source.source_kind(), &GivenParameters::default());
        let stated =
            matches!(source, Source::IdentityCenter { session, .. } if *session != rules::PERMISSION_SET_DEFAULT);
        Self { session: unstated.session && !stated, ..unstated }
    }

    /// Whether nobody stated this parameter.
    #[must_use]
    pub fn is_parameter(self, parameter: Parameter) -> bool {
        let unstated =
            [(SESSION, self.session), (PORTAL_SESSION, self.portal_session), (SIGNIN_SESSION, self.signin_session)];
        unstated.contains(&(parameter, true))
    }

    /// Whether this limit is AWS's default. STS's 3600 seconds are a rule, not such a default.
    #[must_use]
    pub const fn is_limit(self, limit: LimitedBy) -> bool {
        match limit {
            LimitedBy::PortalSession => self.portal_session,
            LimitedBy::SigninSession => self.signin_session,
            LimitedBy::SourceSession => self.session,
            LimitedBy::DurationRange
            | LimitedBy::SourceCannotAssume
            | LimitedBy::MaxSessionDuration
            | LimitedBy::RoleChaining
            | LimitedBy::Platform
            | LimitedBy::RefreshInterval
            | LimitedBy::IdentityToken
            | LimitedBy::Mfa
            | LimitedBy::CopiedSession
            | LimitedBy::StsMaximum
            | LimitedBy::RequestedDuration
            | LimitedBy::DefaultDuration => false,
        }
    }
}
