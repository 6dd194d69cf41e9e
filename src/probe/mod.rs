//! Asks STS and IAM what the plan says, and gives back facts: never a verdict.
//!
//! `aws` has the clients, `function` reads their settings in Lambda, `calls` has the requests, `walk` the order and the
//! bounds, `answer` reads errors, `clock` the Date header, `pace` what AWS says of its quotas.

mod answer;
mod aws;
mod calls;
mod clock;
#[cfg(feature = "lambda")]
mod function;
mod pace;
mod walk;

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

pub(crate) use answer::of as answer_of;
pub use aws::Aws;
#[cfg(feature = "lambda")]
pub use function::{AMAZON_ROOTS, trusts_amazon_alone};

use crate::facts::{Description, Facts, StepOutcome};
use crate::failure::{Class, Failure, Operation};
use crate::inventory::Inventory;
use crate::plan::{DescribedBy, Plan};

/// How many calls are under way at once where nothing else is said.
pub const DEFAULT_CONCURRENCY: usize = 32;

/// Told after each answer: how many calls are done, and how many are known to come.
pub struct Progress(pub Box<dyn Fn(usize, usize) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// How a walk is made.
#[derive(Debug)]
pub struct Probe<'a> {
    /// The way to AWS.
    pub aws: &'a Aws,
    /// Most calls under way at once.
    pub concurrency: usize,
    /// When to stop: what is not answered by then was not checked.
    pub deadline: Option<Instant>,
    /// The run's id, for the session name.
    pub run_id: &'a str,
    /// Who wants to know how far it is.
    pub progress: Option<Progress>,
}

impl Probe<'_> {
    /// Walks the plan.
    pub async fn walk(&self, inventory: &Inventory, plan: &Plan) -> Facts {
        let calls = calls::Calls::new(self.aws, self.run_id);
        let identity = match self.deadline {
            // A part of the time alone: the walk needs little of the answer, and goes on without it.
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
            let mut walk = walk::Walk::new(inventory, plan, calls, identity);
            walk.run(self).await;
            walk.facts()
        };
        let (answers, clock_offset) = self.aws.clock.seen();
        Facts { checker_failure: failure, answers, clock_offset, ..facts }
    }
}

/// A run that has no credentials, or no way to AWS, asks nothing more: every first step fails for want of them.
fn nothing_asked(plan: &Plan, class: Class) -> Facts {
    let message = match class {
        Class::NoCredentials => "the checker has no AWS credentials",
        _ => "no connection: name, network, proxy or TLS",
    };
    let failure =
        |operation, target: &crate::inventory::RoleArn| Failure::unanswered(operation, target, class, message);
    let step = |step: &crate::plan::Step| match step.parent {
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
    Facts {
        mode: crate::facts::Mode::Live,
        steps: plan.steps.iter().map(step).collect(),
        described: described.collect(),
        ..Facts::default()
    }
}
