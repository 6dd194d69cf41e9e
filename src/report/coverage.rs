//! The coverage of a run. Unchecked roles and paths are listed with their reason and never count as healthy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::aws::errors::{Class, Failure, Operation};
use crate::facts::{Description, Mode, SettingFact, SettingFailure, StepOutcome};
use crate::findings::Subject;
use crate::inventory::{Job, JobName, LiveSetting, Location, Origin, RoleRef, Seconds, Source};
use crate::plan::PlannedHop;
use crate::report::role_tags::{self, RoleTagCoverage};

/// Whether the checker could follow a job's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// The checker followed the path to its end.
    Walked,
    /// A hop failed.
    Failed,
    /// The run does not walk the path, or reached its time limit.
    NotWalked,
}

/// The result of the checker's walk at one hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HopOutcome {
    /// STS granted a session.
    Assumed,
    /// The run makes no AWS calls.
    Offline,
    /// The inventory says that the checker does not assume the role.
    Declared,
    /// An earlier hop was not assumed.
    NotReached,
    /// STS refused, or the call failed.
    Failed(Class),
}

/// Why a role was not fully checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotCheckedReason {
    /// The run makes no AWS calls.
    Offline,
    /// An expression of a workflow names the role, and only a run knows its value.
    NameNotKnown,
    /// An earlier hop was not assumed.
    NotReached,
    /// AssumeRole failed.
    Assume(Class),
    /// No reader is declared for the role's account.
    NoReader,
    /// Reading the role's settings failed.
    Describe(Class),
    /// Assuming the reader of the role's account failed.
    Reader(Class),
}

/// The coverage of roles and paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Roles.
    pub roles: RoleCoverage,
    /// Paths.
    pub paths: PathCoverage,
    /// Permission sets and functions whose settings decide a duration.
    pub settings: SettingCoverage,
    /// Roles whose tags declare jobs.
    pub role_tags: RoleTagCoverage,
}

/// The numbers of read and other settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingCoverage {
    /// Distinct permission sets and functions of the jobs.
    pub total: usize,
    /// Settings that AWS returned, with their durations.
    pub read: Vec<(LiveSetting, Seconds)>,
    /// The other settings.
    pub not_read: Vec<NotReadSetting>,
}

impl SettingCoverage {
    /// The number of settings that should have been read and were not. Denied access and accounts without a reader do
    /// not count.
    #[must_use]
    pub fn unexpected(&self) -> usize {
        self.not_read.iter().filter(|setting| setting.reason.is_unexpected()).count()
    }
}

/// A setting that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReadSetting {
    /// The setting.
    pub setting: LiveSetting,
    /// The value that the run used.
    pub used: ValueFrom,
    /// The reason.
    pub reason: NotReadReason,
    /// The failed call, if a call failed.
    pub failure: Option<Arc<SettingFailure>>,
}

/// Where a duration is from that AWS decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueFrom {
    /// AWS returned it.
    Live,
    /// The inventory declares it.
    Declared,
    /// Nobody states it: the default or the maximum of AWS.
    Default,
}

impl ValueFrom {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Declared => "declared",
            Self::Default => "default",
        }
    }
}

/// Why a setting was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReadReason {
    /// The run makes no AWS calls.
    Offline,
    /// No reader is declared for the setting's account.
    NoReader,
    /// The call failed.
    CallFailed(Class),
    /// Assuming the reader of the account failed.
    ReaderNotAssumed(Class),
}

impl NotReadReason {
    /// Whether the inventory and the permissions would allow to read the setting.
    #[must_use]
    pub fn is_unexpected(self) -> bool {
        match self {
            Self::Offline
            | Self::NoReader
            | Self::CallFailed(Class::Denied)
            | Self::ReaderNotAssumed(Class::Denied) => false,
            Self::CallFailed(_) | Self::ReaderNotAssumed(_) => true,
        }
    }
}

/// The numbers of assumed and described roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleCoverage {
    /// Distinct roles on the paths.
    pub total: usize,
    /// Roles that the checker assumed.
    pub assumed: usize,
    /// Roles whose MaxSessionDuration IAM returned.
    pub described: usize,
    /// Roles that should have been assumed or described, and were not.
    pub not_checked: Vec<NotCheckedRole>,
}

impl RoleCoverage {
    /// The number of unchecked roles that the inventory and the permissions would allow to check. Roles without a
    /// reader do not count if no verdict needs their settings.
    #[must_use]
    pub fn unexpected(&self) -> usize {
        self.not_checked.iter().filter(|role| !role.is_only_not_described()).count()
    }
}

/// A role that was not fully checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCheckedRole {
    /// The role.
    pub role: RoleRef,
    /// The reason.
    pub reason: NotCheckedReason,
}

impl NotCheckedRole {
    /// The inventory or the permissions leave out only the description of the role.
    #[must_use]
    pub const fn is_only_not_described(&self) -> bool {
        matches!(self.reason, NotCheckedReason::NoReader | NotCheckedReason::Describe(Class::Denied))
    }
}

/// The numbers of walked and other paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathCoverage {
    /// Jobs of the run.
    pub total: usize,
    /// Paths walked to the end.
    pub walked: usize,
    /// The other paths.
    pub not_walked: Vec<NotWalkedPath>,
}

/// A path that was not walked to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotWalkedPath {
    /// The job.
    pub job: JobName,
    /// The hop at which the walk stopped, 0-based; `None`: the walk did not start, or the profile gave no credentials.
    pub hop: Option<usize>,
    /// The reason.
    pub reason: HopOutcome,
}

/// A part of an imported file that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    /// The place of the part.
    pub location: Location,
    /// The part, and why it could not be judged.
    pub what: String,
    /// The action that makes the part judgeable.
    pub help: String,
    /// The part can never work: no job that uses it can start.
    pub cannot_work: bool,
}

/// The walk of one job.
pub(super) struct JobWalk {
    pub(super) walk: Walk,
    /// The outcome at each hop.
    pub(super) outcomes: Vec<HopOutcome>,
}

/// The coverage, and the walk of each job.
pub(super) fn cover(subject: &Subject<'_>) -> (Coverage, Vec<JobWalk>) {
    let mut paths = PathCoverage { total: subject.jobs.len(), ..PathCoverage::default() };
    let mut walks = Vec::with_capacity(subject.jobs.len());
    for (job, planned) in subject.jobs.iter().zip(&subject.plan.paths) {
        let outcomes: Vec<HopOutcome> = planned.iter().map(|hop| outcome(subject, *hop)).collect();
        let stopped = outcomes.iter().copied().enumerate().find(|(_, outcome)| *outcome != HopOutcome::Assumed);
        let (walk, stop) = match stopped {
            _ if !is_live(subject) => (Walk::NotWalked, Some((None, HopOutcome::Offline))),
            None => match subject.failed_login(job) {
                Some(class) => (walk_stopped_by(HopOutcome::Failed(class)), Some((None, HopOutcome::Failed(class)))),
                None => (Walk::Walked, None),
            },
            Some((hop, outcome)) => (walk_stopped_by(outcome), Some((Some(hop), outcome))),
        };
        match stop {
            None => paths.walked += 1,
            Some((hop, reason)) => paths.not_walked.push(NotWalkedPath { job: job.name.clone(), hop, reason }),
        }
        walks.push(JobWalk { walk, outcomes });
    }
    let (roles, settings, role_tags) = (cover_roles(subject), cover_settings(subject), role_tags::cover(subject));
    (Coverage { roles, paths, settings, role_tags }, walks)
}

/// The settings of an inventory. The jobs of imported files are not checked.
fn cover_settings(subject: &Subject<'_>) -> SettingCoverage {
    let mut coverage = SettingCoverage::default();
    if subject.inventory.origin != Origin::Inventory || matches!(subject.facts.mode, Mode::Observed(_) | Mode::Recorded)
    {
        return coverage;
    }
    let mut used: BTreeMap<LiveSetting, ValueFrom> = BTreeMap::new();
    for job in &subject.jobs {
        if let (Some(setting), Some(from)) = (job.source.live_setting(), value_from(subject, job)) {
            let known = used.entry(setting).or_insert(from);
            *known = from.max(*known);
        }
    }
    coverage.total = used.len();
    for (setting, used) in used {
        let (reason, failure) = match subject.facts.settings.get(&setting) {
            Some(SettingFact::Live(live)) => {
                coverage.read.push((setting, *live));
                continue;
            }
            Some(SettingFact::Failed(failure)) => {
                let is_reader = failure.operation == Operation::AssumeRole;
                let reason = if is_reader { NotReadReason::ReaderNotAssumed } else { NotReadReason::CallFailed };
                (reason(failure.class), Some(Arc::clone(failure)))
            }
            Some(SettingFact::NoReader) => (NotReadReason::NoReader, None),
            None => (NotReadReason::Offline, None),
        };
        coverage.not_read.push(NotReadSetting { setting, used, reason, failure });
    }
    coverage
}

/// Where the session of a permission set or the length of a function's job is from; `None` for other sources.
pub(super) fn value_from(subject: &Subject<'_>, job: &Job) -> Option<ValueFrom> {
    let is_default = match &job.source {
        Source::IdentityCenter { .. } => job.unstated.session,
        Source::Lambda { function: Some(_) } => job.length_from.is_assumed(),
        Source::Lambda { function: None }
        | Source::IamUser { .. }
        | Source::SessionToken { .. }
        | Source::FederationToken { .. }
        | Source::WebIdentity { .. }
        | Source::Saml { .. }
        | Source::AccountAccess { .. }
        | Source::ConsoleLogin { .. }
        | Source::Ec2Instance
        | Source::EcsTask
        | Source::Codebuild
        | Source::EksPodIdentity
        | Source::RolesAnywhere { .. }
        | Source::Issued { .. }
        | Source::ServiceRole { .. } => return None,
    };
    Some(match subject.facts.live_setting(job) {
        Some(_) => ValueFrom::Live,
        None if is_default => ValueFrom::Default,
        None => ValueFrom::Declared,
    })
}

fn is_live(subject: &Subject<'_>) -> bool {
    matches!(subject.facts.mode, Mode::Live)
}

fn walk_stopped_by(outcome: HopOutcome) -> Walk {
    match outcome {
        HopOutcome::Declared | HopOutcome::Failed(Class::OutOfTime) => Walk::NotWalked,
        HopOutcome::Assumed | HopOutcome::Offline | HopOutcome::NotReached | HopOutcome::Failed(_) => Walk::Failed,
    }
}

fn outcome(subject: &Subject<'_>, hop: PlannedHop) -> HopOutcome {
    match hop {
        _ if !is_live(subject) => HopOutcome::Offline,
        PlannedHop::Declared => HopOutcome::Declared,
        PlannedHop::BehindDeclared => HopOutcome::NotReached,
        PlannedHop::Step(step) => match subject.facts.steps.get(step) {
            Some(StepOutcome::Assumed) => HopOutcome::Assumed,
            Some(StepOutcome::Failed(failure)) => HopOutcome::Failed(failure.class),
            Some(StepOutcome::NotReached) | None => HopOutcome::NotReached,
        },
    }
}

fn cover_roles(subject: &Subject<'_>) -> RoleCoverage {
    let mut coverage = RoleCoverage { total: subject.plan.path_roles.len(), ..RoleCoverage::default() };
    for role in &subject.plan.path_roles {
        coverage.assumed += usize::from(is_assumed(subject, role));
        coverage.described += usize::from(subject.facts.max_session(role).is_some());
        if let Some(reason) = not_checked(subject, role) {
            coverage.not_checked.push(NotCheckedRole { role: role.clone(), reason });
        }
    }
    // The role of a console login is read, and on no path.
    let logins: BTreeSet<RoleRef> =
        subject.jobs.iter().filter_map(|job| job.source.signin_role()).map(RoleRef::from).collect();
    for role in logins.into_iter().filter(|role| is_live(subject) && !subject.plan.path_roles.contains(role)) {
        if let Some(reason) = not_checked(subject, &role) {
            coverage.not_checked.push(NotCheckedRole { role, reason });
        }
    }
    coverage
}

fn not_checked(subject: &Subject<'_>, role: &RoleRef) -> Option<NotCheckedReason> {
    if role.arn().is_none() {
        return Some(NotCheckedReason::NameNotKnown);
    }
    if !is_live(subject) {
        return Some(NotCheckedReason::Offline);
    }
    let described = subject.facts.described.get(role.arn()?);
    if let Some(failure) = step_failure(subject, role) {
        // IAM knows more than STS, which answers the same for a missing role.
        if let Some(Description::Failed(read)) = described
            && read.class == Class::RoleMissing
        {
            return Some(NotCheckedReason::Describe(read.class));
        }
        return Some(NotCheckedReason::Assume(failure.class));
    }
    let behind = subject.step_outcomes(role).contains(&&StepOutcome::NotReached);
    if behind && !is_assumed(subject, role) {
        return Some(NotCheckedReason::NotReached);
    }
    match described? {
        Description::Known { .. } => None,
        Description::NoReader => Some(NotCheckedReason::NoReader),
        Description::NotReached => Some(NotCheckedReason::NotReached),
        Description::Failed(failure) if failure.operation == Operation::AssumeRole => {
            Some(NotCheckedReason::Reader(failure.class))
        }
        Description::Failed(failure) => Some(NotCheckedReason::Describe(failure.class)),
    }
}

fn step_failure<'a>(subject: &Subject<'a>, role: &RoleRef) -> Option<&'a Failure> {
    subject.step_outcomes(role).iter().find_map(|outcome| match outcome {
        StepOutcome::Failed(failure) => Some(&**failure),
        StepOutcome::Assumed | StepOutcome::NotReached => None,
    })
}

/// Whether the checker assumed the role on any path.
pub(super) fn is_assumed(subject: &Subject<'_>, role: &RoleRef) -> bool {
    subject.step_outcomes(role).contains(&&StepOutcome::Assumed)
}

/// The failed call about the role, on one line.
pub(super) fn error(subject: &Subject<'_>, role: &RoleRef) -> Option<String> {
    let described = match role.arn().and_then(|arn| subject.facts.described.get(arn)) {
        Some(Description::Failed(failure)) => Some(&**failure),
        Some(Description::Known { .. } | Description::NotReached | Description::NoReader) | None => None,
    };
    let failure = step_failure(subject, role).or(described)?;
    let code = failure.code.as_ref().map_or_else(String::new, |code| format!("{code}: "));
    Some(format!("{}: {code}{}", failure.operation.action(), failure.message))
}
