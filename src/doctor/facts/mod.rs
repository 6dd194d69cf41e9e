//! What is known of the credentials of a shell. Facts only, and no secret by type: of a key its kind and last four
//! characters, of every other credential that it is there and when it ends. Judges nothing.

mod asked;
mod environment;
mod profile;

use serde::Serialize;

use crate::shared_config::TroubleKind;

pub use asked::{Asked, CallerIdentity, LoadedCredentials, NotLoaded, ProcessFailure, RefusedFacts};
pub use environment::{
    Container, Endpoint, Environment, Flaw, HomeFolder, KeyFacts, KeyKind, OldToken, RegionFacts, Stated, VariableFacts,
};
pub use profile::{
    BaseFacts, Broken, Cached, ChainFacts, Jwt, LoginFacts, LoginSession, Noted, ProcessFacts, ProfileFacts,
    ProfileRole, Spot, Sso, SsoLoginFacts, WebIdentity,
};

/// Everything that was found out.
#[derive(Debug, Clone, Default)]
pub struct ShellFacts {
    /// What the environment says.
    pub environment: Environment,
    /// Which profile is selected, and by what.
    pub selected: Selected,
    /// What the shared configuration files say of that profile.
    pub profile: ProfileFacts,
    /// The names of the other profiles that lead to credentials.
    pub others: Vec<String>,
    /// What is wrong with the files themselves.
    pub files: Vec<FileTrouble>,
    /// What AWS and the endpoints said; `None`: nobody was asked.
    pub asked: Option<Asked>,
}

/// Which profile is meant.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// Its name.
    pub name: String,
    /// What names it.
    pub by: SelectedBy,
}

/// What names the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelectedBy {
    /// `--profile`: the environment's keys are out, as with the AWS CLI.
    Option,
    /// AWS_PROFILE.
    Variable,
    /// AWS_DEFAULT_PROFILE alone: the AWS CLI, boto3 and Go read it, other SDKs do not.
    DefaultVariable,
    /// Nothing: `default`.
    #[default]
    Default,
}

/// What is wrong with a shared configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTrouble {
    /// Where.
    pub at: Spot,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// What kind of trouble it is.
    pub kind: TroubleKind,
}

/// A provider of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// The AWS_* variables.
    Environment,
    /// A profile of the shared configuration files.
    Profile,
    /// AWS_WEB_IDENTITY_TOKEN_FILE.
    WebIdentity,
    /// The credentials endpoint of ECS, EKS Pod Identity and their like.
    Container,
    /// The instance metadata of EC2.
    InstanceMetadata,
}

impl Provider {
    /// The order of the AWS CLI and boto3 where the profile assumes a role.
    pub const ALL: [Self; 5] =
        [Self::Environment, Self::Profile, Self::WebIdentity, Self::Container, Self::InstanceMetadata];

    /// As it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Profile => "profile",
            Self::WebIdentity => "web identity",
            Self::Container => "container",
            Self::InstanceMetadata => "instance metadata",
        }
    }
}
