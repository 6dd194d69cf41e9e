//! How much of what should be checked was checked. What was not is listed with its reason, never counted as healthy.

use serde::Serialize;

use crate::facts::{Description, StepOutcome};
use crate::failure::{Class, Failure, Operation};
use crate::findings::Subject;
use crate::inventory::{JobName, Location, RoleRef};
use crate::plan::PlannedHop;

/// The outcome of a hop that STS gave a session for.
const ASSUMED: &str = "assumed";
/// The reason of everything that `lint` does not ask.
const OFFLINE: &str = "offline";
/// The reason of a hop that is not to be assumed.
const DECLARED: &str = "declared";
/// The outcome of a hop, and the reason of a role, behind one that was not assumed.
const NOT_REACHED: &str = "not-reached";

/// The reason of a role that nobody is declared to describe.
const NO_READER: &str = "no-reader";
/// The reason of a role whose settings its reader, or the role itself, may not read.
const DESCRIBE_DENIED: &str = "describe-denied";

/// Whether the checker could follow a job's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Walk {
    /// To its end.
    Walked,
    /// A hop failed.
    Failed,
    /// It was not asked to, or had no time.
    NotWalked,
}

/// How much was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Roles.
    pub roles: RoleCoverage,
    /// Paths.
    pub paths: PathCoverage,
}

/// How many roles were assumed and described.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RoleCoverage {
    /// Distinct roles on the paths.
    pub total: usize,
    /// Assumed by the checker.
    pub assumed: usize,
    /// Whose MaxSessionDuration IAM told.
    pub described: usize,
    /// Roles that were not assumed though they should have been, or not described.
    pub not_checked: Vec<NotCheckedRole>,
}

impl RoleCoverage {
    /// Roles that were not checked though the inventory and the permissions meant them to be: those that nobody may
    /// describe, where no verdict needs it, are not among them.
    #[must_use]
    pub fn unexpected(&self) -> usize {
        self.not_checked.iter().filter(|role| role.reason != NO_READER && role.reason != DESCRIBE_DENIED).count()
    }
}

/// A role that was not wholly checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCheckedRole {
    /// The role.
    pub role: RoleRef,
    /// Why: an outcome of its AssumeRole, or `describe-` and an outcome of reading its settings, or `reader-` and an
    /// outcome of assuming its reader.
    pub reason: String,
}

/// How many paths were walked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PathCoverage {
    /// Jobs of the run.
    pub total: usize,
    /// Walked to the end.
    pub walked: usize,
    /// The others.
    pub not_walked: Vec<NotWalkedPath>,
}

/// A path that was not walked to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotWalkedPath {
    /// The job.
    pub job: JobName,
    /// The hop where the walk stopped, 0-based; `None`: it did not start.
    pub hop: Option<usize>,
    /// Why.
    pub reason: &'static str,
}

/// Something of an imported file that could not be judged: nothing is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotJudged {
    /// Where it stands.
    pub location: Location,
    /// What, and why.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// It can never work: nothing that uses it can start.
    pub cannot_work: bool,
}

/// The coverage, and for each job its walk and the outcomes of its hops.
pub(super) fn of(subject: &Subject<'_>) -> (Coverage, Vec<(Walk, Vec<&'static str>)>) {
    let mut paths = PathCoverage { total: subject.jobs.len(), ..PathCoverage::default() };
    let mut walks = Vec::with_capacity(subject.jobs.len());
    for (job, planned) in subject.jobs.iter().zip(&subject.plan.paths) {
        let outcomes: Vec<&'static str> = planned.iter().map(|hop| outcome(subject, *hop)).collect();
        let stop = outcomes.iter().position(|outcome| *outcome != ASSUMED);
        let (walk, reason) = match stop {
            _ if !subject.facts.live => (Walk::NotWalked, Some((None, OFFLINE))),
            None => (Walk::Walked, None),
            Some(hop) => (walk_stopped_by(outcomes[hop]), Some((Some(hop), outcomes[hop]))),
        };
        match reason {
            None => paths.walked += 1,
            Some((hop, reason)) => paths.not_walked.push(NotWalkedPath { job: job.name.clone(), hop, reason }),
        }
        walks.push((walk, outcomes));
    }
    (Coverage { roles: roles(subject), paths }, walks)
}

fn walk_stopped_by(outcome: &str) -> Walk {
    if outcome == DECLARED || outcome == Class::OutOfTime.as_str() { Walk::NotWalked } else { Walk::Failed }
}

fn outcome(subject: &Subject<'_>, hop: PlannedHop) -> &'static str {
    match hop {
        _ if !subject.facts.live => OFFLINE,
        PlannedHop::Declared => DECLARED,
        PlannedHop::BehindDeclared => NOT_REACHED,
        PlannedHop::Step(step) => match subject.facts.steps.get(step) {
            Some(StepOutcome::Assumed) => ASSUMED,
            Some(StepOutcome::Failed(failure)) => failure.class.as_str(),
            Some(StepOutcome::NotReached) | None => NOT_REACHED,
        },
    }
}

fn roles(subject: &Subject<'_>) -> RoleCoverage {
    let mut coverage = RoleCoverage { total: subject.plan.path_roles.len(), ..RoleCoverage::default() };
    for role in &subject.plan.path_roles {
        coverage.assumed += usize::from(is_assumed(subject, role));
        coverage.described += usize::from(subject.facts.max_session(role).is_some());
        if let Some(reason) = not_checked(subject, role) {
            coverage.not_checked.push(NotCheckedRole { role: role.clone(), reason });
        }
    }
    coverage
}

fn not_checked(subject: &Subject<'_>, role: &RoleRef) -> Option<String> {
    if !subject.facts.live {
        return Some(OFFLINE.to_owned());
    }
    if let Some(failure) = step_failure(subject, role) {
        return Some(failure.class.as_str().to_owned());
    }
    let behind = subject.step_outcomes(role).contains(&&StepOutcome::NotReached);
    if behind && !is_assumed(subject, role) {
        return Some(NOT_REACHED.to_owned());
    }
    match subject.facts.described.get(role.arn()?)? {
        Description::Known { .. } => None,
        Description::NoReader => Some(NO_READER.to_owned()),
        Description::NotReached => Some(NOT_REACHED.to_owned()),
        Description::Failed(failure) if failure.operation == Operation::AssumeRole => {
            Some(format!("reader-{}", failure.class.as_str()))
        }
        Description::Failed(failure) => Some(format!("describe-{}", failure.class.as_str())),
    }
}

fn step_failure<'a>(subject: &Subject<'a>, role: &RoleRef) -> Option<&'a Failure> {
    subject.step_outcomes(role).iter().find_map(|outcome| match outcome {
        StepOutcome::Failed(failure) => Some(&**failure),
        _ => None,
    })
}

/// Whether the checker assumed the role, by any path.
pub(super) fn is_assumed(subject: &Subject<'_>, role: &RoleRef) -> bool {
    subject.step_outcomes(role).contains(&&StepOutcome::Assumed)
}

/// What went wrong with the role, in one line.
pub(super) fn error(subject: &Subject<'_>, role: &RoleRef) -> Option<String> {
    let described = match role.arn().and_then(|arn| subject.facts.described.get(arn)) {
        Some(Description::Failed(failure)) => Some(&**failure),
        _ => None,
    };
    let failure = step_failure(subject, role).or(described)?;
    let code = failure.code.as_ref().map_or_else(String::new, |code| format!("{code}: "));
    Some(format!("{}: {code}{}", failure.operation.action(), failure.message))
}
