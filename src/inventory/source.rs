//! Where a job's first credentials come from: the kinds, their parameters and defaults.
//! What AWS grants to each kind is decided in `lease`.

use super::{RoleRef, Seconds};
use crate::lease::rules;

/// The source of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A long-term key of an IAM user.
    IamUser {
        /// MFA is given in the AssumeRole call itself.
        mfa: bool,
    },
    /// GetSessionToken.
    SessionToken {
        /// The DurationSeconds of the request.
        duration: Seconds,
    },
    /// GetFederationToken.
    FederationToken {
        /// The DurationSeconds of the request.
        duration: Seconds,
    },
    /// AssumeRoleWithWebIdentity into `path[0]`.
    WebIdentity {
        /// The token can be presented again.
        renewable: bool,
    },
    /// AssumeRoleWithSAML into `path[0]`.
    Saml {
        /// The assertion can be presented again.
        renewable: bool,
    },
    /// A permission set of IAM Identity Center.
    IdentityCenter {
        /// The permission set's session duration.
        session: Seconds,
        /// How long the login to the portal lasts.
        portal_session: Seconds,
    },
    /// AWS account access manager: an Identity Center user gets `path[0]`, a role of the account's own.
    AccountAccess {
        /// How long the login to the portal lasts.
        portal_session: Seconds,
    },
    /// `aws login`: credentials of a console sign-in.
    ConsoleLogin {
        /// The role that the person signed in with.
        role: Option<RoleRef>,
        /// How long the sign-in session lasts; `None`: as the role's MaxSigninSessionDuration says.
        signin_session: Option<Seconds>,
    },
    /// The instance profile of an EC2 instance.
    Ec2Instance,
    /// The task role of an ECS task.
    EcsTask,
    /// The execution role of a Lambda function.
    Lambda,
    /// The service role of a CodeBuild build.
    Codebuild,
    /// EKS Pod Identity.
    EksPodIdentity,
    /// IAM Roles Anywhere CreateSession.
    RolesAnywhere {
        /// The durationSeconds of the request.
        duration: Seconds,
    },
    /// Credentials that a broker hands out: Vault, a portal, a partner.
    Issued {
        /// How long they last.
        duration: Seconds,
        /// The broker issues new ones without a person.
        renewable: bool,
    },
    /// The role that any other AWS service gives its workload: Glue, EMR, SageMaker, …
    ServiceRole {
        /// How long its credentials last, where that is known.
        duration: Option<Seconds>,
    },
}

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
    /// Those of a source that is written as its kind alone.
    #[must_use]
    pub const fn of_bare(source: &Source) -> Self {
        let (session, portal_session, signin_session) = match source {
            Source::IdentityCenter { .. } => (true, true, false),
            Source::AccountAccess { .. } => (false, true, false),
            Source::ConsoleLogin { signin_session: None, .. } => (false, false, true),
            Source::ConsoleLogin { signin_session: Some(_), .. }
            | Source::IamUser { .. }
            | Source::SessionToken { .. }
            | Source::FederationToken { .. }
            | Source::WebIdentity { .. }
            | Source::Saml { .. }
            | Source::Ec2Instance
            | Source::EcsTask
            | Source::Lambda
            | Source::Codebuild
            | Source::EksPodIdentity
            | Source::RolesAnywhere { .. }
            | Source::Issued { .. }
            | Source::ServiceRole { .. } => (false, false, false),
        };
        Self { session, portal_session, signin_session }
    }
}

/// The call that gets the session of the first role of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCall {
    /// AssumeRole, with credentials of AWS.
    AssumeRole,
    /// AssumeRoleWithWebIdentity, with an OIDC token.
    WebIdentity,
    /// AssumeRoleWithSAML, with a SAML assertion.
    Saml,
    /// GetRoleCredentials of AWS account access manager, with a login to the portal.
    AccountAccess,
}

impl FirstCall {
    /// The operation's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::WebIdentity => "AssumeRoleWithWebIdentity",
            Self::Saml => "AssumeRoleWithSAML",
            Self::AccountAccess => "GetRoleCredentials",
        }
    }
}

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
}

impl Parameter {
    const fn optional(name: &'static str, takes: Takes) -> Self {
        Self { name, takes, required: false }
    }
}

const DURATION: Parameter = Parameter::optional("duration", Takes::Duration);
const MFA: Parameter = Parameter::optional("mfa", Takes::Flag);
const RENEWABLE: Parameter = Parameter::optional("renewable", Takes::Flag);
const SESSION: Parameter = Parameter::optional("session", Takes::Duration);
const PORTAL_SESSION: Parameter = Parameter::optional("portal_session", Takes::Duration);
const SIGNIN_SESSION: Parameter = Parameter::optional("signin_session", Takes::Duration);
const ROLE: Parameter = Parameter::optional("role", Takes::Role);

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
            Self::IdentityCenter => &[SESSION, PORTAL_SESSION],
            Self::AccountAccess => &[PORTAL_SESSION],
            Self::ConsoleLogin => &[ROLE, SIGNIN_SESSION],
            Self::Issued => &[Parameter { required: true, ..DURATION }, RENEWABLE],
            Self::Ec2Instance | Self::EcsTask | Self::Lambda | Self::Codebuild | Self::EksPodIdentity => &[],
        }
    }

    /// The source of this kind with its parameters at their defaults; `None` for `issued`, whose duration has none.
    #[must_use]
    pub fn with_defaults(self) -> Option<Source> {
        Some(match self {
            Self::IamUser => Source::IamUser { mfa: false },
            Self::SessionToken => Source::SessionToken { duration: rules::SESSION_TOKEN_DEFAULT },
            Self::FederationToken => Source::FederationToken { duration: rules::SESSION_TOKEN_DEFAULT },
            Self::WebIdentity => Source::WebIdentity { renewable: true },
            Self::Saml => Source::Saml { renewable: false },
            Self::IdentityCenter => Source::IdentityCenter {
                session: rules::PERMISSION_SET_DEFAULT,
                portal_session: rules::PORTAL_SESSION_DEFAULT,
            },
            Self::AccountAccess => Source::AccountAccess { portal_session: rules::PORTAL_SESSION_DEFAULT },
            Self::ConsoleLogin => Source::ConsoleLogin { role: None, signin_session: None },
            Self::Ec2Instance => Source::Ec2Instance,
            Self::EcsTask => Source::EcsTask,
            Self::Lambda => Source::Lambda,
            Self::Codebuild => Source::Codebuild,
            Self::EksPodIdentity => Source::EksPodIdentity,
            Self::RolesAnywhere => Source::RolesAnywhere { duration: rules::ROLES_ANYWHERE_DEFAULT },
            Self::Issued => return None,
            Self::ServiceRole => Source::ServiceRole { duration: None },
        })
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

impl Source {
    /// Every kind as the inventory writes it, in the order of the documentation.
    pub const KINDS: [&'static str; SourceKind::ALL.len()] = {
        let mut kinds = [""; SourceKind::ALL.len()];
        let mut index = 0;
        while index < kinds.len() {
            kinds[index] = SourceKind::ALL[index].as_str();
            index += 1;
        }
        kinds
    };

    /// The kind as the inventory writes it, its parameters at their defaults. `None`: no such kind, or `issued`, whose
    /// duration has no default.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        SourceKind::parse(kind)?.with_defaults()
    }

    /// The kind as the inventory writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.source_kind().as_str()
    }

    /// The kind.
    #[must_use]
    pub const fn source_kind(&self) -> SourceKind {
        match self {
            Self::IamUser { .. } => SourceKind::IamUser,
            Self::SessionToken { .. } => SourceKind::SessionToken,
            Self::FederationToken { .. } => SourceKind::FederationToken,
            Self::WebIdentity { .. } => SourceKind::WebIdentity,
            Self::Saml { .. } => SourceKind::Saml,
            Self::IdentityCenter { .. } => SourceKind::IdentityCenter,
            Self::AccountAccess { .. } => SourceKind::AccountAccess,
            Self::ConsoleLogin { .. } => SourceKind::ConsoleLogin,
            Self::Ec2Instance => SourceKind::Ec2Instance,
            Self::EcsTask => SourceKind::EcsTask,
            Self::Lambda => SourceKind::Lambda,
            Self::Codebuild => SourceKind::Codebuild,
            Self::EksPodIdentity => SourceKind::EksPodIdentity,
            Self::RolesAnywhere { .. } => SourceKind::RolesAnywhere,
            Self::Issued { .. } => SourceKind::Issued,
            Self::ServiceRole { .. } => SourceKind::ServiceRole,
        }
    }

    /// Whether AWS gives these credentials to a running workload by itself.
    #[must_use]
    pub const fn is_platform(&self) -> bool {
        match self.source_kind() {
            SourceKind::Ec2Instance
            | SourceKind::EcsTask
            | SourceKind::Lambda
            | SourceKind::Codebuild
            | SourceKind::EksPodIdentity
            | SourceKind::ServiceRole => true,
            SourceKind::IamUser
            | SourceKind::SessionToken
            | SourceKind::FederationToken
            | SourceKind::WebIdentity
            | SourceKind::Saml
            | SourceKind::IdentityCenter
            | SourceKind::AccountAccess
            | SourceKind::ConsoleLogin
            | SourceKind::RolesAnywhere
            | SourceKind::Issued => false,
        }
    }

    /// Whether `path[0]` is reached directly: its caller is not itself a session, so the one-hour cap does not apply.
    /// Such a job needs a path.
    #[must_use]
    pub const fn reaches_directly(&self) -> bool {
        matches!(self, Self::IamUser { .. }) || self.is_exchanged()
    }

    /// The call that gets the session of `path[0]`.
    #[must_use]
    pub const fn first_call(&self) -> FirstCall {
        match self {
            Self::WebIdentity { .. } => FirstCall::WebIdentity,
            Self::Saml { .. } => FirstCall::Saml,
            Self::AccountAccess { .. } => FirstCall::AccountAccess,
            Self::IamUser { .. }
            | Self::SessionToken { .. }
            | Self::FederationToken { .. }
            | Self::IdentityCenter { .. }
            | Self::ConsoleLogin { .. }
            | Self::Ec2Instance
            | Self::EcsTask
            | Self::Lambda
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::RolesAnywhere { .. }
            | Self::Issued { .. }
            | Self::ServiceRole { .. } => FirstCall::AssumeRole,
        }
    }

    /// Whether `path[0]` trusts an identity provider or a service, which the checker cannot be.
    #[must_use]
    pub const fn is_exchanged(&self) -> bool {
        !matches!(self.first_call(), FirstCall::AssumeRole)
    }
}
