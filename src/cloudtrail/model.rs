//! The sessions that CloudTrail shows, and their JSON: the public interface of `sessions --format json`.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::collect::IssueOperation;
use super::time::{self, Seconds};
use crate::inventory::{Diagnostic, Location};

/// The result of reading CloudTrail's records.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sessions {
    /// The version of this form.
    pub schema_version: SchemaVersion,
    /// The first and the last time of a record.
    pub window: Span,
    /// The number of files.
    pub files: u64,
    /// The number of records, with duplicates.
    pub records: u64,
    /// Files that could not be read to their end.
    pub skipped: Vec<Skipped>,
    /// The sessions, by time of issue and access key.
    pub sessions: Vec<Session>,
    /// Requests that STS refused, by time.
    pub refused: Vec<RefusedRequest>,
    /// The state of the reading, if it was not written, and why.
    #[serde(skip)]
    pub state_not_written: Option<Skipped>,
}

impl Sessions {
    /// The files that could not be read to their end, and the state that was not written.
    pub fn diagnostics(&self) -> impl Iterator<Item = Diagnostic> {
        let remark = |file: &str, message: String, help: &str| Diagnostic::new(Location::start_of(file), message, help);
        let skipped = self.skipped.iter().map(move |Skipped { file, reason }| {
            let message = format!("the log was not read to its end: {reason}");
            remark(file, message, "get the log again; its good records count")
        });
        let state = self.state_not_written.iter();
        skipped.chain(state.map(move |Skipped { file, reason }| {
            remark(file, reason.clone(), "name a file that can be written; the next run reads these logs again")
        }))
    }
}

/// The version of the JSON form.
#[derive(Debug, Clone, Copy, Default)]
pub struct SchemaVersion;

impl Serialize for SchemaVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

/// The first and the last time of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first time.
    #[serde(serialize_with = "optional_time")]
    pub from: Option<Seconds>,
    /// The last time.
    #[serde(serialize_with = "optional_time")]
    pub to: Option<Seconds>,
}

/// A file that could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub file: String,
    /// Why, and what of it was read.
    pub reason: String,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The access key. A session whose issue no record shows can have several keys: the first.
    pub access_key_id: Option<Box<str>>,
    /// The operation that issued the session; `None`: no record shows the issue.
    #[serde(serialize_with = "operation")]
    pub operation: Option<IssueOperation>,
    /// The role.
    pub role: Option<Arc<str>>,
    /// The ARN of the session.
    pub principal: Option<Arc<str>>,
    /// The name of the session.
    pub session_name: Option<Box<str>>,
    /// Where the first credentials of the path come from.
    #[serde(serialize_with = "origin")]
    pub source: PathOrigin,
    /// The AWS service that issued the path's first session.
    pub service: Option<Arc<str>>,
    /// The access key of the session that requested this session.
    pub parent: Option<Box<str>>,
    /// The roles from the first session to this session.
    #[serde(serialize_with = "roles")]
    pub path: Arc<[Arc<str>]>,
    /// Whether a session requested this session; `None`: the caller is not known.
    pub chained: Option<bool>,
    /// The time of issue.
    #[serde(serialize_with = "time")]
    pub issued_at: Seconds,
    /// The end.
    #[serde(serialize_with = "optional_time")]
    pub expires_at: Option<Seconds>,
    /// The requested lifetime.
    pub requested_seconds: Option<i64>,
    /// The granted lifetime.
    pub granted_seconds: Option<i64>,
    /// The first call.
    #[serde(serialize_with = "optional_time")]
    pub first_used: Option<Seconds>,
    /// The last call. CloudTrail records few data events, so the session may have been used later.
    #[serde(serialize_with = "optional_time")]
    pub last_used: Option<Seconds>,
    /// The number of calls.
    pub calls: u64,
    /// The access key of the session that this session renews.
    pub renews: Option<Box<str>>,
    /// The session is of the AWS console.
    pub console: bool,
    /// The renewed session, by its index.
    #[serde(skip)]
    pub renewed: Option<usize>,
}

impl Session {
    /// The lifetime that STS granted for the role by its MaxSessionDuration. A platform's own sessions and permission
    /// sets do not depend on it.
    #[must_use]
    pub fn granted_by_its_role(&self) -> Option<i64> {
        let is_of_a_platform = self.path.len() <= self.source.own_roles();
        self.granted_seconds.filter(|_| self.role.is_some() && !is_of_a_platform)
    }

    /// The last use is within five minutes of the end, or after it. Sessions under 15 minutes end soon after each use.
    #[must_use]
    pub fn is_used_to_its_end(&self) -> bool {
        const NEAR_END: i64 = 5 * 60;
        const SHORTEST: i64 = 15 * 60;
        let (Some(end), Some(last), Some(granted)) = (self.expires_at, self.last_used, self.granted_seconds) else {
            return false;
        };
        granted >= SHORTEST && last >= end - NEAR_END
    }
}

/// The source of a path's first credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathOrigin {
    /// A user's long-term key.
    IamUser,
    /// GetSessionToken, or a temporary key of a user.
    SessionToken,
    /// GetFederationToken.
    FederationToken,
    /// An OIDC token.
    WebIdentity,
    /// A SAML assertion.
    Saml,
    /// A permission set of IAM Identity Center.
    IdentityCenter,
    /// An EC2 instance.
    Ec2Instance,
    /// An ECS task.
    EcsTask,
    /// A Lambda function.
    Lambda,
    /// A CodeBuild build.
    Codebuild,
    /// A pod of EKS.
    EksPodIdentity,
    /// Another AWS service.
    Service,
    /// Not known.
    Unknown,
}

impl PathOrigin {
    /// The word in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IamUser => "iam-user",
            Self::SessionToken => "session-token",
            Self::FederationToken => "federation-token",
            Self::WebIdentity => "web-identity",
            Self::Saml => "saml",
            Self::IdentityCenter => "identity-center",
            Self::Ec2Instance => "ec2-instance",
            Self::EcsTask => "ecs-task",
            Self::Lambda => "lambda",
            Self::Codebuild => "codebuild",
            Self::EksPodIdentity => "eks-pod-identity",
            Self::Service => "service",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a run of its sessions is one run of a job. A Lambda execution environment uses its session for many
    /// invocations.
    #[must_use]
    pub const fn has_job_runs(self) -> bool {
        match self {
            Self::Lambda => false,
            Self::IamUser
            | Self::SessionToken
            | Self::FederationToken
            | Self::WebIdentity
            | Self::Saml
            | Self::IdentityCenter
            | Self::Ec2Instance
            | Self::EcsTask
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::Service
            | Self::Unknown => true,
        }
    }

    /// Whether a platform of AWS renews the source's credentials for the clients that read them again.
    #[must_use]
    pub const fn is_platform(self) -> bool {
        match self {
            Self::Ec2Instance
            | Self::EcsTask
            | Self::Lambda
            | Self::Codebuild
            | Self::EksPodIdentity
            | Self::Service => true,
            Self::IamUser
            | Self::SessionToken
            | Self::FederationToken
            | Self::WebIdentity
            | Self::Saml
            | Self::IdentityCenter
            | Self::Unknown => false,
        }
    }

    /// The number of the path's first roles that belong to the source itself: no inventory declares them.
    #[must_use]
    pub const fn own_roles(self) -> usize {
        if self.is_platform() || matches!(self, Self::IdentityCenter) { 1 } else { 0 }
    }
}

/// A request that STS refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RefusedRequest {
    /// The time.
    #[serde(serialize_with = "time")]
    pub at: Seconds,
    /// The operation.
    pub operation: Box<str>,
    /// The role; `None`: the record does not name it.
    pub role: Option<Box<str>>,
    /// The caller.
    pub caller: Option<Box<str>>,
    /// The error code.
    pub error_code: Box<str>,
    /// The error message.
    pub error_message: Option<Box<str>>,
    /// The kind of the refusal.
    #[serde(serialize_with = "refusal")]
    pub kind: RefusalKind,
}

/// The kind of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// The duration is over the role's MaxSessionDuration.
    AboveMaxSession,
    /// The duration is over the hour of role chaining.
    AboveChainCap,
    /// The duration is outside the range of the operation.
    OutOfRange,
    /// Access denied.
    Denied,
    /// Expired credentials.
    Expired,
    /// Another error.
    Other,
}

impl RefusalKind {
    /// The word in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AboveMaxSession => "duration-above-max-session",
            Self::AboveChainCap => "duration-above-chain-cap",
            Self::OutOfRange => "duration-out-of-range",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Other => "other",
        }
    }

    /// Whether STS refused a duration.
    #[must_use]
    pub const fn is_of_duration(self) -> bool {
        match self {
            Self::AboveMaxSession | Self::AboveChainCap | Self::OutOfRange => true,
            Self::Denied | Self::Expired | Self::Other => false,
        }
    }
}

fn time<S: Serializer>(at: &Seconds, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::format(*at))
}

fn optional_time<S: Serializer>(at: &Option<Seconds>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(time::format).serialize(serializer)
}

fn operation<S: Serializer>(operation: &Option<IssueOperation>, serializer: S) -> Result<S::Ok, S::Error> {
    operation.map(IssueOperation::as_str).serialize(serializer)
}

fn origin<S: Serializer>(origin: &PathOrigin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(origin.as_str())
}

fn refusal<S: Serializer>(kind: &RefusalKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn roles<S: Serializer>(path: &Arc<[Arc<str>]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(path.iter())
}
