//! The calls that get a source's credentials and the first role of a path, and the principal and the settings of AWS
//! behind them.

use super::source::Source;
use super::{LiveSetting, RoleArn, Seconds};

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

/// A call that a client makes for a source's own credentials, with a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnCall {
    /// GetSessionToken of STS.
    GetSessionToken,
    /// GetFederationToken of STS.
    GetFederationToken,
    /// CreateSession of IAM Roles Anywhere.
    CreateSession,
}

impl OwnCall {
    /// The operation's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetSessionToken => "GetSessionToken",
            Self::GetFederationToken => "GetFederationToken",
            Self::CreateSession => "CreateSession",
        }
    }
}

/// The kind of principal that a source's credentials are, as a role's trust policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// AssumeRoleWithWebIdentity: an identity provider.
    WebIdentity,
    /// AssumeRoleWithSAML: an identity provider.
    Saml,
    /// An IAM user.
    User,
    /// A session of a role that the inventory does not name; the beginning of the service principal that a platform's
    /// own role trusts.
    Session(Option<&'static str>),
}

impl Source {
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
            | Self::Lambda { .. }
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

    /// The role whose MaxSigninSessionDuration limits the session, if the inventory does not declare the session.
    #[must_use]
    pub fn signin_role(&self) -> Option<&RoleArn> {
        match self {
            Self::ConsoleLogin { role: Some(role), signin_session: None } => role.arn(),
            Self::ConsoleLogin { .. }
            | Self::IamUser { .. }
            | Self::SessionToken { .. }
            | Self::FederationToken { .. }
            | Self::WebIdentity { .. }
            | Self::Saml { .. }
            | Self::IdentityCenter { .. }
            | Self::AccountAccess { .. }
            | Self::Ec2Instance
            | Self::EcsTask
            | Self::Lambda { .. }
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::RolesAnywhere { .. }
            | Self::Issued { .. }
            | Self::ServiceRole { .. } => None,
        }
    }

    /// The setting of AWS that decides a duration of the job, if the source names its owner.
    #[must_use]
    pub fn live_setting(&self) -> Option<LiveSetting> {
        match self {
            Self::IdentityCenter { permission_set, .. } => permission_set.clone().map(LiveSetting::PermissionSet),
            Self::Lambda { function } => function.clone().map(LiveSetting::Function),
            Self::IamUser { .. }
            | Self::SessionToken { .. }
            | Self::FederationToken { .. }
            | Self::WebIdentity { .. }
            | Self::Saml { .. }
            | Self::AccountAccess { .. }
            | Self::ConsoleLogin { .. }
            | Self::Ec2Instance
            | Self::EcsTask
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::RolesAnywhere { .. }
            | Self::Issued { .. }
            | Self::ServiceRole { .. } => None,
        }
    }

    /// The principal that assumes `path[0]`; `None`: it is not known, or the credentials assume no role.
    #[must_use]
    pub const fn principal(&self) -> Option<PrincipalKind> {
        Some(match self {
            Self::WebIdentity { .. } => PrincipalKind::WebIdentity,
            Self::Saml { .. } => PrincipalKind::Saml,
            Self::IamUser { .. } | Self::SessionToken { .. } => PrincipalKind::User,
            // The session has no fixed name.
            Self::IdentityCenter { .. } | Self::ConsoleLogin { .. } | Self::ServiceRole { .. } => {
                PrincipalKind::Session(None)
            }
            Self::FederationToken { .. } | Self::AccountAccess { .. } | Self::Issued { .. } => return None,
            Self::Ec2Instance => PrincipalKind::Session(Some("ec2.")),
            Self::EcsTask => PrincipalKind::Session(Some("ecs-tasks.")),
            Self::Lambda { .. } => PrincipalKind::Session(Some("lambda.")),
            Self::Codebuild => PrincipalKind::Session(Some("codebuild.")),
            Self::EksPodIdentity => PrincipalKind::Session(Some("pods.eks.")),
            Self::RolesAnywhere { .. } => PrincipalKind::Session(Some("rolesanywhere.")),
        })
    }

    /// The call that a client makes for the source's own credentials, and the duration of the request; `None`: no such
    /// call.
    #[must_use]
    pub const fn own_call(&self) -> Option<(OwnCall, Seconds)> {
        match self {
            Self::SessionToken { duration } => Some((OwnCall::GetSessionToken, *duration)),
            Self::FederationToken { duration } => Some((OwnCall::GetFederationToken, *duration)),
            Self::RolesAnywhere { duration } => Some((OwnCall::CreateSession, *duration)),
            Self::IamUser { .. }
            | Self::WebIdentity { .. }
            | Self::Saml { .. }
            | Self::IdentityCenter { .. }
            | Self::AccountAccess { .. }
            | Self::ConsoleLogin { .. }
            | Self::Ec2Instance
            | Self::EcsTask
            | Self::Lambda { .. }
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::Issued { .. }
            | Self::ServiceRole { .. } => None,
        }
    }
}
