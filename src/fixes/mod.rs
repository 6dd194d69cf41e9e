//! Fixes of findings. `search` finds the least changes that cover a job. The other files give each change its
//! sentence and commands, with the actual names and values, for the place where the user declares the job.

mod describe;
mod logins;
mod place;
mod requests;
mod roles;
pub mod search;
mod sources;
mod trust;

use std::collections::BTreeMap;

pub(crate) use describe::describe_way;
pub(crate) use place::FixPlace;
pub(crate) use requests::state_timeout;
pub(crate) use roles::{
    caution_of_a_maximum, permission_set as set_permission_set, raise_max_session, set_max_session, set_timeout,
    trust_of,
};
pub(crate) use trust::{CHECKER_SESSION_NAMES, TrustedPrincipal, add_statement, trust_statement};

use self::search::ChangeKind;
use crate::inventory::{Job, RoleRef, Seconds};

/// One way to fix a finding: its parts suffice only together, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The parts.
    pub parts: Vec<Part>,
    /// The change of the declaration, so that the result can be judged.
    pub effect: Effect,
}

/// A part of a fix: one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The change, as a sentence.
    pub step: String,
    /// Lines to copy for it.
    pub blocks: Vec<Block>,
}

impl Part {
    /// The blocks for a text that shows one form of a change: those for infrastructure as code only where no command
    /// makes the change.
    pub(crate) fn brief_blocks(&self) -> impl Iterator<Item = &Block> {
        let has_command = self.blocks.iter().any(|block| !block.kind.is_infrastructure());
        self.blocks.iter().filter(move |block| !has_command || !block.kind.is_infrastructure())
    }

    /// The part as a fix of its own.
    #[cfg(feature = "cli")]
    pub(crate) fn into_fix(self) -> Fix {
        Fix { parts: vec![self], effect: Effect::default() }
    }
}

/// Lines to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where the lines belong.
    pub kind: BlockKind,
    /// The lines.
    pub text: String,
}

/// Where the lines of a block belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockKind {
    /// A shell with the AWS CLI.
    AwsCli,
    /// A shell, for other programs.
    Shell,
    /// `~/.aws/config`.
    AwsConfig,
    /// The trust policy of a role.
    TrustPolicy,
    /// A GitHub workflow.
    Workflow,
    /// A CloudFormation template.
    CloudFormation,
    /// A Terraform configuration.
    Terraform,
}

impl BlockKind {
    /// The heading of a block.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::AwsCli => "AWS CLI",
            Self::Shell => "shell",
            Self::AwsConfig => "~/.aws/config",
            Self::TrustPolicy => "trust policy",
            Self::Workflow => "workflow",
            Self::CloudFormation => "CloudFormation",
            Self::Terraform => "Terraform",
        }
    }

    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsCli => "aws-cli",
            Self::Shell => "shell",
            Self::AwsConfig => "aws-config",
            Self::TrustPolicy => "trust-policy",
            Self::Workflow => "workflow",
            Self::CloudFormation => "cloudformation",
            Self::Terraform => "terraform",
        }
    }

    /// Whether the lines are for infrastructure as code, beside the same change as a command.
    #[must_use]
    pub const fn is_infrastructure(self) -> bool {
        matches!(self, Self::CloudFormation | Self::Terraform)
    }
}

/// The change of the declaration by a fix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// The declaration of the job after the fix.
    pub job: Option<Box<Job>>,
    /// The MaxSessionDurations that the fix sets.
    pub max_sessions: BTreeMap<RoleRef, Seconds>,
    /// The kinds of the changes: jobs with equal kinds get the same kind of fix.
    pub kinds: Vec<ChangeKind>,
}

impl Fix {
    pub(crate) fn step(step: impl Into<String>) -> Self {
        Self { parts: vec![Part { step: step.into(), blocks: Vec::new() }], effect: Effect::default() }
    }

    /// Adds commands of the AWS CLI to the last part.
    pub(crate) fn cli(self, cli: impl Into<String>) -> Self {
        self.block(BlockKind::AwsCli, cli)
    }

    /// Adds commands of other programs to the last part.
    pub(crate) fn shell(self, commands: impl Into<String>) -> Self {
        self.block(BlockKind::Shell, commands)
    }

    /// Adds lines to copy to the last part.
    pub(crate) fn block(mut self, kind: BlockKind, text: impl Into<String>) -> Self {
        if let Some(part) = self.parts.last_mut() {
            part.blocks.push(Block { kind, text: text.into() });
        }
        self
    }

    /// Sets the declaration of the job after the fix.
    pub(crate) fn changes_job_to(mut self, job: Job) -> Self {
        self.effect.job = Some(Box::new(job));
        self
    }

    fn infrastructure(self, cloudformation: impl Into<String>, terraform: impl Into<String>) -> Self {
        self.block(BlockKind::CloudFormation, cloudformation).block(BlockKind::Terraform, terraform)
    }

    /// The sentences of all parts.
    #[must_use]
    pub fn sentences(&self) -> String {
        self.parts.iter().map(|part| part.step.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The blocks of all parts.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().flat_map(|part| &part.blocks)
    }

    /// The commands and other lines to copy, except those for infrastructure as code. A comment names the place of
    /// lines that are no commands.
    #[must_use]
    pub fn commands(&self) -> Option<String> {
        let lines = |block: &Block| match block.kind {
            BlockKind::AwsCli | BlockKind::Shell => block.text.clone(),
            kind => format!("# {}\n{}", kind.heading(), block.text),
        };
        let all: Vec<String> = self.blocks().filter(|block| !block.kind.is_infrastructure()).map(lines).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }

    /// The lines of this kind.
    #[must_use]
    pub fn lines_of(&self, kind: BlockKind) -> Option<String> {
        let all: Vec<&str> =
            self.blocks().filter(|block| block.kind == kind).map(|block| block.text.as_str()).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }
}

/// Joins changes that help only together into one fix, in their order.
pub(crate) fn together(fixes: impl IntoIterator<Item = Fix>) -> Fix {
    let all = fixes.into_iter().reduce(|mut all, one| {
        all.parts.extend(one.parts);
        all.effect.max_sessions.extend(one.effect.max_sessions);
        all.effect.job = one.effect.job.or(all.effect.job);
        all
    });
    all.unwrap_or_else(|| Fix { parts: Vec::new(), effect: Effect::default() })
}
