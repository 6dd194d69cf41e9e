//! Facts of a run: the answers of STS and IAM, and the checker itself. `findings` decides whether they are a problem.
//! A session of the checker says nothing about a session of the job: the checker's walk is always chained.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aws::errors::{Class, Failure, Operation};
use crate::cloudtrail::Sessions;
use crate::inventory::{Job, JobName, LiveSetting, RoleArn, RoleFolder, RoleRef, Seconds, TaggedJobs};
use crate::measured::RunHistory;
use crate::templates::{Planned, PlannedRole};

/// The facts of a run from AWS, templates and plans. `Facts::default()` is a run without AWS calls, such as `lint`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The mode of the run.
    pub mode: Mode,
    /// The checker's identity.
    pub checker: Option<Checker>,
    /// Whose credentials the checker has.
    pub checker_kind: CheckerKind,
    /// Why the checker's identity is not known.
    pub checker_failure: Option<Class>,
    /// The outcome of each step of the plan, by its index.
    pub steps: Vec<StepOutcome>,
    /// The MaxSessionDuration of each role that the plan describes.
    pub described: BTreeMap<RoleArn, Description>,
    /// The MaxSigninSessionDuration of roles for which IAM returned one.
    pub signin_sessions: BTreeMap<RoleArn, Seconds>,
    /// The tags of roles that declare jobs; `None`: the run reads none.
    pub role_tags: Option<RoleTags>,
    /// The permission sets and functions that the plan reads.
    pub settings: BTreeMap<LiveSetting, SettingFact>,
    /// Declared durations that differ from what AWS returned.
    pub drifts: Vec<Drift>,
    /// Readers that the checker could not assume.
    pub reader_failures: Vec<Failure>,
    /// The checker's clock minus AWS's, in seconds, by the Date header of the answers.
    pub clock_offset: Option<i64>,
    /// Number of HTTP answers.
    pub answers: usize,
    /// The sessions that CloudTrail recorded; `None`: the run reads no CloudTrail records.
    pub trail: Option<Arc<Sessions>>,
    /// The run histories that the jobs are compared with; `None`: the run reads none.
    pub measured: Option<Arc<RunHistory>>,
}

/// The mode of a run.
#[derive(Debug, Clone, Default)]
pub enum Mode {
    /// The run judges only the declared facts: `lint`.
    #[default]
    Offline,
    /// The run judges the declared facts and those of templates and plans: `lint --cloudformation`,
    /// `--terraform-plan`.
    Planned(Planned),
    /// The run calls AWS: `check` and the function.
    Live,
    /// The run reports one failed call that CloudTrail recorded.
    Observed(Observation),
    /// The run reports what the sessions of CloudTrail show, and no verdict: `trail` has the sessions.
    Recorded,
}

/// A call that failed because its credentials had expired, as CloudTrail recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The role of the caller's session; `None`: the caller has no role session.
    pub role: Option<RoleArn>,
    /// The caller's ARN, if the event has one.
    pub caller: Option<String>,
    /// The service and the operation.
    pub call: ObservedCall,
    /// The error code.
    pub error_code: String,
    /// The time of the call, as CloudTrail writes it, if the event has one.
    pub time: Option<String>,
    /// CloudTrail's id of the event, if it has one.
    pub event_id: Option<String>,
}

/// A call that CloudTrail recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCall {
    /// The service, such as `dynamodb.amazonaws.com`.
    pub service: Option<String>,
    /// The operation, such as `PutItem`.
    pub operation: Option<String>,
}

/// The checker's own identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checker {
    /// The ARN of the identity.
    pub arn: String,
    /// The account of the identity.
    pub account: String,
}

/// Whose credentials the checker has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CheckerKind {
    /// Those of the person or the pipeline that runs the command.
    #[default]
    CommandLine,
    /// Those of the function's role.
    Function,
}

/// The outcome of one step of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// STS granted a session.
    Assumed,
    /// STS refused, or the call failed.
    Failed(Arc<Failure>),
    /// An earlier step failed.
    NotReached,
}

/// The origin of a role's MaxSessionDuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxSessionFrom {
    /// IAM returned it.
    Iam,
    /// A template or a plan sets it.
    Planned,
    /// The inventory declares it.
    Declared,
}

/// The outcome of reading a role's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// IAM returned its MaxSessionDuration.
    Known {
        /// The role's MaxSessionDuration.
        max_session: Seconds,
    },
    /// IAM, or the reader's AssumeRole, refused or failed.
    Failed(Arc<Failure>),
    /// The checker has no session in the role's account, because an earlier step failed.
    NotReached,
    /// The inventory names no reader for the account, and the checker may not assume the role itself.
    NoReader,
}

/// The tags of the roles that `discover` names.
#[derive(Debug, Clone, Default)]
pub struct RoleTags {
    /// Each entry of `discover`, by account and path.
    pub folders: Vec<FolderTags>,
    /// What the tags declare.
    pub declared: TaggedJobs,
}

impl RoleTags {
    /// Whether the tags of a role were not read.
    #[must_use]
    pub fn some_are_unread(&self) -> bool {
        self.folders.iter().any(|folder| !folder.failures.is_empty())
    }
}

/// The outcome of reading the tags of the roles below a path.
#[derive(Debug, Clone)]
pub struct FolderTags {
    /// The account and the path.
    pub folder: RoleFolder,
    /// The role that reads them.
    pub reader: RoleArn,
    /// Number of roles whose tags were read.
    pub roles: usize,
    /// The failed calls: one for the reader, which read no role then, or one for each role that was not read.
    pub failures: Vec<Failure>,
}

impl FolderTags {
    /// The failed call of the reader, which read no role.
    #[must_use]
    pub fn reader_failure(&self) -> Option<&Failure> {
        self.failures.iter().find(|failure| failure.operation != Operation::GetRole)
    }
}

/// The outcome of reading the setting of a permission set or a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingFact {
    /// AWS returned it.
    Live(Seconds),
    /// AWS, or the reader's AssumeRole, refused or failed.
    Failed(Arc<SettingFailure>),
    /// The setting is in another account, for which the inventory names no reader.
    NoReader,
}

/// A failed call for a setting. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFailure {
    /// The call.
    pub operation: Operation,
    /// The class of the failure.
    pub class: Class,
    /// AWS's code and message, or the local error.
    pub answer: String,
}

/// A duration that a job declares, where AWS returned another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The job.
    pub job: JobName,
    /// The setting.
    pub setting: LiveSetting,
    /// The declared duration.
    pub declared: Seconds,
    /// The duration in AWS.
    pub live: Seconds,
}

impl Facts {
    /// Adds the readers of tags that the checker could not assume to those of settings.
    #[cfg(feature = "aws")]
    pub(crate) fn note_unassumed_readers(&mut self) {
        let failures = self.role_tags.iter().flat_map(|tags| &tags.folders).filter_map(FolderTags::reader_failure);
        let unassumed = failures.filter(|failure| failure.operation == Operation::AssumeRole).cloned();
        self.reader_failures.extend(unassumed);
    }

    /// The contents of templates and plans; `None` where the run has none.
    #[must_use]
    pub fn planned(&self) -> Option<&Planned> {
        match &self.mode {
            Mode::Planned(planned) => Some(planned),
            Mode::Offline | Mode::Live | Mode::Observed(_) | Mode::Recorded => None,
        }
    }

    /// The role in a template or a plan, deleted or not.
    #[must_use]
    pub fn planned_role(&self, role: &RoleRef) -> Option<&PlannedRole> {
        self.planned()?.roles.get(role.arn()?)
    }

    /// The setting that the job's source names, as AWS returned it.
    #[must_use]
    pub fn live_setting(&self, job: &Job) -> Option<Seconds> {
        match self.settings.get(&job.source.live_setting()?)? {
            SettingFact::Live(live) => Some(*live),
            SettingFact::Failed(_) | SettingFact::NoReader => None,
        }
    }

    /// The role's MaxSessionDuration as IAM returned it.
    #[must_use]
    pub fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        match self.described.get(role.arn()?) {
            Some(Description::Known { max_session }) => Some(*max_session),
            _ => None,
        }
    }
}
