//! What a run saw: the answers of STS and IAM, and the checker itself. Facts only; whether they are a problem is
//! `findings`'s. What the checker got is never what the job will get: its own walk is always chained.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::failure::{Class, Failure};
use crate::inventory::{RoleArn, RoleRef, Seconds};
use crate::templates::{Planned, PlannedRole};

/// Everything that a run learnt from AWS, or from templates and plans. `Facts::default()` is a run that asked nothing: `lint`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What the run does.
    pub mode: Mode,
    /// Who the checker is.
    pub checker: Option<Checker>,
    /// Why the checker could not learn its own identity.
    pub checker_failure: Option<Class>,
    /// The outcome of each step of the plan, by its index.
    pub steps: Vec<StepOutcome>,
    /// The MaxSessionDuration of each role that was to be described.
    pub described: BTreeMap<RoleArn, Description>,
    /// Readers that could not be assumed.
    pub reader_failures: Vec<Failure>,
    /// The checker's clock minus AWS's, in seconds, by the Date header of the answers.
    pub clock_offset: Option<i64>,
    /// How many HTTP answers came back.
    pub answers: usize,
}

/// What a run does.
#[derive(Debug, Clone, Default)]
pub enum Mode {
    /// It judges the declared facts alone: `lint`.
    #[default]
    Offline,
    /// It judges the declared facts and those of templates and plans: `lint --cloudformation`, `--terraform-plan`.
    Planned(Planned),
    /// It calls AWS: `check` and the function.
    Live,
    /// It reports one failed call that CloudTrail recorded.
    Observed(Observation),
}

/// A call that failed because its credentials had expired, as CloudTrail recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The role whose session it was; `None`: not a role's.
    pub role: Option<RoleArn>,
    /// The caller's ARN.
    pub caller: String,
    /// The service and the operation.
    pub call: String,
    /// The error code.
    pub error_code: String,
    /// When, as CloudTrail writes it.
    pub time: String,
    /// CloudTrail's id of the event.
    pub event_id: String,
}

/// The checker's own identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checker {
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: String,
}

/// What became of one step of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// STS gave a session.
    Assumed,
    /// It did not.
    Failed(Arc<Failure>),
    /// A step before it failed.
    NotReached,
}

/// Where a role's MaxSessionDuration is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxSessionFrom {
    /// IAM returned it.
    Iam,
    /// A template or a plan sets it.
    Planned,
    /// The inventory declares it.
    Declared,
}

/// What became of reading a role's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// IAM returned its MaxSessionDuration.
    Known {
        /// The role's MaxSessionDuration.
        max_session: Seconds,
    },
    /// IAM, or the reader's AssumeRole, refused or failed.
    Failed(Arc<Failure>),
    /// No session in the role's account was to be had: a step before failed.
    NotReached,
    /// The inventory names no reader for the account, and the role itself is not to be assumed.
    NoReader,
}

impl Facts {
    /// What templates and plans say about roles; `None` where the run has none.
    #[must_use]
    pub fn planned(&self) -> Option<&Planned> {
        match &self.mode {
            Mode::Planned(planned) => Some(planned),
            Mode::Offline | Mode::Live | Mode::Observed(_) => None,
        }
    }

    /// What a template or a plan says about the role, deleted or not.
    #[must_use]
    pub fn planned_role(&self, role: &RoleRef) -> Option<&PlannedRole> {
        self.planned()?.roles.get(role.arn()?)
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
