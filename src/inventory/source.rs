//! Where a job's first credentials come from. `source_kind` has the kinds with their parameters and defaults,
//! `source_calls` the calls of each kind, `lease` the sessions that AWS grants to it.

use super::source_kind::{
    DURATION, FUNCTION, MFA, PERMISSION_SET, PORTAL_SESSION, RENEWABLE, ROLE, SESSION, SIGNIN_SESSION,
};
use super::{FunctionArn, Parameter, PermissionSet, RoleRef, Seconds, SourceKind};

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
        /// The permission set, whose session duration `check` reads.
        permission_set: Option<PermissionSet>,
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
    Lambda {
        /// The function, whose Timeout `check` reads.
        function: Option<FunctionArn>,
    },
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

/// The value of a source's parameter; `None`: nobody stated it, and it has no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterValue<'a> {
    /// A duration.
    Duration(Option<Seconds>),
    /// `true` or `false`.
    Flag(bool),
    /// A role.
    Role(Option<&'a RoleRef>),
    /// A permission set or a function.
    Name(Option<&'a str>),
}

/// The origin of a job's length that nobody declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthDefault {
    /// The longest Timeout of Lambda: that of the named function is not known.
    LongestTimeout,
    /// The default timeout of the service that runs the job.
    OfService,
    /// The longest run of a workflow's job, which states no timeout.
    OfWorkflow,
}

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
            Self::Lambda { .. } => SourceKind::Lambda,
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

    /// The origin of a job's length that nobody declared.
    #[must_use]
    pub const fn length_default(&self) -> LengthDefault {
        match self {
            Self::Lambda { function: Some(_) } => LengthDefault::LongestTimeout,
            Self::Ec2Instance
            | Self::EcsTask
            | Self::Lambda { function: None }
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::ServiceRole { .. } => LengthDefault::OfService,
            Self::IamUser { .. }
            | Self::SessionToken { .. }
            | Self::FederationToken { .. }
            | Self::WebIdentity { .. }
            | Self::Saml { .. }
            | Self::IdentityCenter { .. }
            | Self::AccountAccess { .. }
            | Self::ConsoleLogin { .. }
            | Self::RolesAnywhere { .. }
            | Self::Issued { .. } => LengthDefault::OfWorkflow,
        }
    }

    /// Whether the workload reads renewed credentials at an endpoint of the platform.
    #[must_use]
    pub const fn has_endpoint(&self) -> bool {
        match self {
            Self::Ec2Instance | Self::EcsTask | Self::Codebuild | Self::EksPodIdentity => true,
            Self::IamUser { .. }
            | Self::SessionToken { .. }
            | Self::FederationToken { .. }
            | Self::WebIdentity { .. }
            | Self::Saml { .. }
            | Self::IdentityCenter { .. }
            | Self::AccountAccess { .. }
            | Self::ConsoleLogin { .. }
            | Self::Lambda { .. }
            | Self::RolesAnywhere { .. }
            | Self::Issued { .. }
            | Self::ServiceRole { .. } => false,
        }
    }

    /// The parameters of the source with their values, in the order of the documentation.
    #[must_use]
    pub fn parameters(&self) -> Vec<(Parameter, ParameterValue<'_>)> {
        use ParameterValue::{Duration, Flag, Name, Role};
        match self {
            Self::IamUser { mfa } => vec![(MFA, Flag(*mfa))],
            Self::WebIdentity { renewable } | Self::Saml { renewable } => vec![(RENEWABLE, Flag(*renewable))],
            Self::SessionToken { duration } | Self::FederationToken { duration } | Self::RolesAnywhere { duration } => {
                vec![(DURATION, Duration(Some(*duration)))]
            }
            Self::IdentityCenter { permission_set, session, portal_session } => vec![
                (PERMISSION_SET, Name(permission_set.as_ref().map(PermissionSet::as_str))),
                (SESSION, Duration(Some(*session))),
                (PORTAL_SESSION, Duration(Some(*portal_session))),
            ],
            Self::AccountAccess { portal_session } => vec![(PORTAL_SESSION, Duration(Some(*portal_session)))],
            Self::ConsoleLogin { role, signin_session } => {
                vec![(ROLE, Role(role.as_ref())), (SIGNIN_SESSION, Duration(*signin_session))]
            }
            Self::Issued { duration, renewable } => {
                vec![(DURATION, Duration(Some(*duration))), (RENEWABLE, Flag(*renewable))]
            }
            Self::ServiceRole { duration } => vec![(DURATION, Duration(*duration))],
            Self::Lambda { function } => vec![(FUNCTION, Name(function.as_ref().map(FunctionArn::as_str)))],
            Self::Ec2Instance | Self::EcsTask | Self::Codebuild | Self::EksPodIdentity => Vec::new(),
        }
    }

    /// The source in words, with its parameters.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::IamUser { mfa: false } => "the long-term key of an IAM user".to_owned(),
            Self::IamUser { mfa: true } => {
                "the long-term key of an IAM user, with MFA in the AssumeRole call".to_owned()
            }
            Self::SessionToken { duration } => {
                format!("GetSessionToken with a duration of {duration}; nothing renews it")
            }
            Self::FederationToken { duration } => {
                format!("GetFederationToken with a duration of {duration}; nothing renews it")
            }
            Self::WebIdentity { renewable: true } => "an OIDC token that can be presented again".to_owned(),
            Self::WebIdentity { renewable: false } => "an OIDC token that cannot be presented again".to_owned(),
            Self::Saml { renewable: true } => "a SAML assertion that can be presented again".to_owned(),
            Self::Saml { renewable: false } => "a SAML assertion that cannot be presented again".to_owned(),
            Self::IdentityCenter { session, portal_session, .. } => {
                format!("sessions of {session}, renewed while the login to the portal lasts: {portal_session}")
            }
            Self::AccountAccess { portal_session } => {
                format!("AWS account access manager, while the login to the portal lasts: {portal_session}")
            }
            Self::ConsoleLogin { signin_session: Some(session), .. } => {
                format!("aws login, renewed while the sign-in session lasts: {session}")
            }
            Self::ConsoleLogin { signin_session: None, .. } => {
                "aws login, renewed while the sign-in session lasts".to_owned()
            }
            Self::Issued { duration, renewable: true } => {
                format!("credentials of {duration} that a broker issues again without a person")
            }
            Self::Issued { duration, renewable: false } => {
                format!("credentials of {duration} that a broker issues once")
            }
            Self::ServiceRole { .. } => "the role of an AWS service, which the service renews".to_owned(),
            Self::Ec2Instance => "the role of an EC2 instance, which EC2 renews".to_owned(),
            Self::EcsTask => "the role of an ECS task, which ECS renews".to_owned(),
            Self::Lambda { function: None } => "the execution role of a Lambda function".to_owned(),
            Self::Lambda { function: Some(function) } => {
                format!("the execution role of the Lambda function {}", function.name())
            }
            Self::Codebuild => "the service role of a CodeBuild build, which CodeBuild renews".to_owned(),
            Self::EksPodIdentity => "EKS Pod Identity, whose agent renews".to_owned(),
            Self::RolesAnywhere { duration } => {
                format!("IAM Roles Anywhere, sessions of {duration}, renewed with a certificate")
            }
        }
    }
}
