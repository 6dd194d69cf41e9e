//! One live run: the checker's identity, then the walk. Returns facts.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::calls::Calls;
use super::client::Aws;
use super::errors::{Class, Failure, Operation};
use super::walk::RunWalk;
use crate::facts::{Description, Facts, SettingFact, SettingFailure, StepOutcome};
use crate::inventory::{Inventory, LiveSetting, RoleArn};
use crate::plan::{DescribedBy, Plan, PlannedStep};

/// The default number of concurrent calls.
pub const DEFAULT_CONCURRENCY: usize = 32;

/// Called after each answer with the number of answered calls and of calls known so far.
pub struct Progress(pub Box<dyn Fn(usize, usize) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// The settings of a walk.
#[derive(Debug)]
pub struct Probe<'a> {
    /// The clients.
    pub aws: &'a Aws,
    /// The limit on concurrent calls.
    pub concurrency: usize,
    /// The deadline. A call without an answer by then counts as not checked.
    pub deadline: Option<Instant>,
    /// The run's id, for the session name.
    pub run_id: &'a str,
    /// The receiver of progress.
    pub progress: Option<Progress>,
}

impl Probe<'_> {
    /// Walks the plan.
    pub async fn walk(&self, inventory: &Inventory, plan: &Plan) -> Facts {
        let calls = Calls::new(self.aws, self.run_id);
        let identity = match self.deadline {
            // Only a quarter of the time: the walk needs little of this answer, and continues without it.
            Some(deadline) => {
                let patience = deadline.saturating_duration_since(Instant::now()) / 4;
                tokio::time::timeout(patience, calls.checker()).await.unwrap_or(Err(Class::TimedOut))
            }
            None => calls.checker().await,
        };
        let failure = identity.as_ref().err().copied();
        let facts = if let Some(class @ (Class::NoCredentials | Class::Unreachable)) = failure {
            nothing_asked(plan, class)
        } else {
            let mut walk = RunWalk::new(inventory, plan, calls, identity);
            walk.run(self).await;
            walk.facts()
        };
        let (answers, clock_offset) = self.aws.clock.answers_and_offset();
        Facts { checker_failure: failure, answers, clock_offset, ..facts }
    }
}

/// The facts of a run without credentials or connection: it makes no further call, and every first step fails.
fn nothing_asked(plan: &Plan, class: Class) -> Facts {
    let message = if class == Class::NoCredentials {
        "the checker has no AWS credentials"
    } else {
        "no connection: name, network, proxy or TLS"
    };
    let failure = |operation, target: &RoleArn| Failure::unanswered(operation, target, class, message);
    let step = |step: &PlannedStep| match step.parent {
        None => StepOutcome::Failed(Arc::new(failure(Operation::AssumeRole, &step.role))),
        Some(_) => StepOutcome::NotReached,
    };
    let described = plan.roles.iter().map(|(role, by)| {
        let description = match by {
            DescribedBy::Itself => Description::NotReached,
            DescribedBy::Reader(_) | DescribedBy::Checker => {
                Description::Failed(Arc::new(failure(Operation::GetRole, role)))
            }
        };
        (role.clone(), description)
    });
    let unread = || SettingFailure { operation: Operation::GetCallerIdentity, class, answer: message.to_owned() };
    let unread = |setting: &LiveSetting| (setting.clone(), SettingFact::Failed(Arc::new(unread())));
    Facts {
        settings: plan.settings.keys().map(unread).collect(),
        mode: crate::facts::Mode::Live,
        steps: plan.steps.iter().map(step).collect(),
        described: described.collect(),
        ..Facts::default()
    }
}
