//! Fixes of findings. `search` finds the least changes that cover a job. The other files give each change its
//! sentence and commands, with the actual names and values.

mod describe;
mod logins;
mod requests;
mod roles;
pub mod search;
mod trust;

use std::collections::BTreeMap;

#[cfg(feature = "cli")]
pub(crate) use describe::describe_change;
pub(crate) use describe::describe_way;
pub(crate) use requests::state_timeout;
pub(crate) use roles::set_max_session;
pub(crate) use trust::{TrustedPrincipal, trust_statement};

use crate::inventory::{Job, RoleRef, Seconds};

/// One way to fix a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The step, as a sentence.
    pub step: String,
    /// Commands of the AWS CLI, or lines of the shared configuration file.
    pub cli: Option<String>,
    /// Lines of a CloudFormation template.
    pub cloudformation: Option<String>,
    /// Lines of Terraform.
    pub terraform: Option<String>,
    /// The change of the declaration, so that the result can be judged.
    pub effect: Effect,
}

/// The change of the declaration by a fix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// The declaration of the job after the fix.
    pub job: Option<Box<Job>>,
    /// The MaxSessionDurations that the fix sets.
    pub max_sessions: BTreeMap<RoleRef, Seconds>,
}

impl Fix {
    pub(crate) fn step(step: impl Into<String>) -> Self {
        Self { step: step.into(), cli: None, cloudformation: None, terraform: None, effect: Effect::default() }
    }

    pub(crate) fn cli(self, cli: impl Into<String>) -> Self {
        Self { cli: Some(cli.into()), ..self }
    }

    /// Sets the declaration of the job after the fix.
    pub(crate) fn changes_job_to(mut self, job: Job) -> Self {
        self.effect.job = Some(Box::new(job));
        self
    }

    fn infrastructure(self, cloudformation: impl Into<String>, terraform: impl Into<String>) -> Self {
        Self { cloudformation: Some(cloudformation.into()), terraform: Some(terraform.into()), ..self }
    }
}

/// Joins changes that help only together into one fix, in their order.
pub(crate) fn together(fixes: impl IntoIterator<Item = Fix>) -> Fix {
    let joined = |all: Option<String>, one: Option<String>| match (all, one) {
        (Some(all), Some(one)) => Some(format!("{all}\n{one}")),
        (all, one) => all.or(one),
    };
    let all = fixes.into_iter().reduce(|mut all, one| {
        all.effect.max_sessions.extend(one.effect.max_sessions);
        Fix {
            step: format!("{} {}", all.step, one.step),
            cli: joined(all.cli, one.cli),
            cloudformation: joined(all.cloudformation, one.cloudformation),
            terraform: joined(all.terraform, one.terraform),
            effect: Effect { job: one.effect.job.or(all.effect.job), max_sessions: all.effect.max_sessions },
        }
    });
    all.unwrap_or_else(|| Fix::step(""))
}
