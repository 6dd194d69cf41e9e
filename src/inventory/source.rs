//! Where a job's first credentials come from: owns the kinds, their parameters and defaults.
//! What AWS makes of them is `lease`'s.

use super::Seconds;

/// The source of a path. Durations in seconds, defaults as in the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A long-term key of an IAM user.
    IamUser {
        /// MFA is given in the AssumeRole call itself.
        mfa: bool,
    },
    /// GetSessionToken.
    SessionToken {
        /// The DurationSeconds it asks for.
        duration: Seconds,
    },
    /// GetFederationToken.
    FederationToken {
        /// The DurationSeconds it asks for.
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
    /// IAM Identity Center.
    IdentityCenter {
        /// The permission set's session duration.
        session: Seconds,
        /// How long the login to the portal lasts.
        portal_session: Seconds,
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
        /// The durationSeconds it asks for.
        duration: Seconds,
    },
}

impl Source {
    /// Every kind as the inventory writes it, in the interface's order.
    pub const KINDS: [&'static str; 12] = [
        "iam-user",
        "session-token",
        "federation-token",
        "web-identity",
        "saml",
        "identity-center",
        "ec2-instance",
        "ecs-task",
        "lambda",
        "codebuild",
        "eks-pod-identity",
        "roles-anywhere",
    ];

    /// The kind with its parameters at their defaults.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "iam-user" => Self::IamUser { mfa: false },
            "session-token" => Self::SessionToken { duration: Seconds::hours(12) },
            "federation-token" => Self::FederationToken { duration: Seconds::hours(12) },
            "web-identity" => Self::WebIdentity { renewable: true },
            "saml" => Self::Saml { renewable: false },
            "identity-center" => Self::IdentityCenter { session: Seconds::hours(1), portal_session: Seconds::hours(8) },
            "ec2-instance" => Self::Ec2Instance,
            "ecs-task" => Self::EcsTask,
            "lambda" => Self::Lambda,
            "codebuild" => Self::Codebuild,
            "eks-pod-identity" => Self::EksPodIdentity,
            "roles-anywhere" => Self::RolesAnywhere { duration: Seconds::hours(1) },
            _ => return None,
        })
    }

    /// The kind as the inventory writes it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::IamUser { .. } => "iam-user",
            Self::SessionToken { .. } => "session-token",
            Self::FederationToken { .. } => "federation-token",
            Self::WebIdentity { .. } => "web-identity",
            Self::Saml { .. } => "saml",
            Self::IdentityCenter { .. } => "identity-center",
            Self::Ec2Instance => "ec2-instance",
            Self::EcsTask => "ecs-task",
            Self::Lambda => "lambda",
            Self::Codebuild => "codebuild",
            Self::EksPodIdentity => "eks-pod-identity",
            Self::RolesAnywhere { .. } => "roles-anywhere",
        }
    }

    /// Whether AWS gives these credentials to a running workload by itself.
    #[must_use]
    pub fn is_platform(self) -> bool {
        matches!(self, Self::Ec2Instance | Self::EcsTask | Self::Lambda | Self::Codebuild | Self::EksPodIdentity)
    }

    /// Whether `path[0]` is reached directly: its caller is not itself a session, so the one-hour cap does not apply.
    #[must_use]
    pub fn reaches_directly(self) -> bool {
        matches!(self, Self::IamUser { .. }) || self.is_exchanged()
    }

    /// Whether `path[0]` is the role that the source's token is exchanged for, with an identity provider in its trust.
    #[must_use]
    pub fn is_exchanged(self) -> bool {
        matches!(self, Self::WebIdentity { .. } | Self::Saml { .. })
    }
}

#[cfg(feature = "cli")]
impl schemars::JsonSchema for Source {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let duration = generator.subschema_for::<Option<Seconds>>();
        let yes_or_no = schemars::json_schema!({ "type": ["boolean", "null"] });
        let forms: Vec<schemars::Schema> = Self::KINDS
            .into_iter()
            .map(|kind| {
                let mut form = schemars::json_schema!({
                    "type": "object",
                    "properties": { "kind": { "const": kind } },
                    "required": ["kind"],
                    "additionalProperties": false,
                });
                let parameters = Self::of_kind(kind).map_or(&[][..], Self::parameters);
                if let Some(properties) = form.pointer_mut("/properties").and_then(|p| p.as_object_mut()) {
                    for parameter in parameters {
                        let schema = if matches!(*parameter, "mfa" | "renewable") { &yes_or_no } else { &duration };
                        properties.insert((*parameter).to_owned(), schema.clone().into());
                    }
                }
                form
            })
            .collect();
        schemars::json_schema!({
            "description": "A kind, or a map with the kind and its parameters.",
            "anyOf": [{ "enum": Self::KINDS }, { "oneOf": forms }],
        })
    }
}

impl Source {
    /// The parameters of this kind, as the inventory writes them.
    #[must_use]
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::IamUser { .. } => &["mfa"],
            Self::SessionToken { .. } | Self::FederationToken { .. } | Self::RolesAnywhere { .. } => &["duration"],
            Self::WebIdentity { .. } | Self::Saml { .. } => &["renewable"],
            Self::IdentityCenter { .. } => &["session", "portal_session"],
            _ => &[],
        }
    }
}
