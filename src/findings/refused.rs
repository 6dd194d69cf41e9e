//! Shared parts of findings about refusals: one finding per role and kind of refusal, with all jobs that the refusal
//! affects.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Fact, Provenance};
use super::model::Finding;
use super::registry::FindingId;
use super::subject::Subject;
use crate::aws::errors::{Class, Failure, Operation, answer_text};
use crate::facts::{Description, Mode, StepOutcome};
use crate::inventory::{Job, JobName, RoleArn, RoleRef};
use crate::plan::PlannedHop;

/// A role that was refused, or not checked.
pub(super) struct Refused<'a> {
    pub(super) failure: &'a Failure,
    pub(super) role: &'a RoleArn,
    pub(super) hop: Option<usize>,
    /// The affected jobs, by index into the subject's jobs.
    users: BTreeSet<usize>,
    jobs: &'a [&'a Job],
    /// The role is a reader, not a role of a path.
    pub(super) is_reader: bool,
}

/// Every refusal, grouped by finding and role, in a stable order.
pub(super) type Refusals<'a> = BTreeMap<(FindingId, &'a RoleArn), Refused<'a>>;

/// Every refusal and failed call of the run.
pub(super) fn refusals<'a>(subject: &'a Subject<'a>) -> Refusals<'a> {
    let mut met = Refusals::new();
    if !matches!(subject.facts.mode, Mode::Live) {
        return met;
    }
    let uses = Uses::new(subject);
    let mut add = |failure: &'a Failure, role: &'a RoleArn, uses: &Use, is_reader: bool| {
        let Use { hop, users } = uses;
        let known = met.entry((FindingId::of_class(failure.class), role)).or_insert_with(|| Refused {
            failure,
            role,
            hop: *hop,
            users: BTreeSet::new(),
            jobs: &subject.jobs,
            is_reader,
        });
        if rank(*hop) < rank(known.hop) {
            (known.failure, known.hop, known.is_reader) = (failure, *hop, is_reader);
        }
        known.users.extend(users);
    };
    for (outcome, uses) in subject.facts.steps.iter().zip(&uses.steps) {
        if let StepOutcome::Failed(failure) = outcome {
            add(failure, &failure.target, uses, false);
        }
    }
    for (role, description) in &subject.facts.described {
        if let Description::Failed(failure) = description
            && failure.operation == Operation::GetRole
            && failure.class != Class::Denied
        {
            if let Some(uses) = uses.roles.get(&RoleRef::from(role)) {
                add(failure, role, uses, false);
            }
            if let Some(users) = uses.logins.get(role) {
                add(failure, role, &Use { hop: None, users: users.clone() }, false);
            }
        }
    }
    for failure in &subject.facts.reader_failures {
        let users = uses.users_of_reader(subject, &failure.target);
        add(failure, &failure.target, &Use { hop: None, users }, true);
    }
    met
}

/// The order of refusals of one role. A later hop is called by a role of the path, as in the job, so its refusal says
/// most. At the first hop only the checker may be refused. A reader is on no path.
fn rank(hop: Option<usize>) -> impl Ord {
    (hop.is_none(), hop == Some(0), hop)
}

/// The users of a step or a role: the lowest hop, and the jobs by index.
#[derive(Default)]
struct Use {
    hop: Option<usize>,
    users: Vec<usize>,
}

impl Use {
    fn add(&mut self, hop: usize, job: usize) {
        self.hop = Some(self.hop.map_or(hop, |known| known.min(hop)));
        self.users.push(job);
    }
}

struct Uses<'a> {
    steps: Vec<Use>,
    roles: BTreeMap<&'a RoleRef, Use>,
    /// The jobs by the role of their console login, by index.
    logins: BTreeMap<&'a RoleArn, Vec<usize>>,
}

impl<'a> Uses<'a> {
    fn new(subject: &'a Subject<'a>) -> Self {
        let steps = subject.plan.steps.iter().map(|_| Use::default()).collect();
        let mut uses = Self { steps, roles: BTreeMap::new(), logins: BTreeMap::new() };
        for (index, (job, path)) in subject.jobs.iter().zip(&subject.plan.paths).enumerate() {
            for (hop, (declared, planned)) in job.path.iter().zip(path).enumerate() {
                if let PlannedHop::Step(step) = planned {
                    uses.steps[*step].add(hop, index);
                }
                uses.roles.entry(&declared.role).or_default().add(hop, index);
            }
            if let Some(role) = job.source.signin_role() {
                uses.logins.entry(role).or_default().push(index);
            }
        }
        uses
    }

    /// The jobs with a role or a setting that the reader reads.
    fn users_of_reader(&self, subject: &Subject<'_>, reader: &RoleArn) -> Vec<usize> {
        let mut users = Vec::new();
        for step in subject.plan.readers.iter().filter(|step| step.reader.role == *reader) {
            for role in &step.roles {
                users.extend(self.roles.get(&RoleRef::from(role)).iter().flat_map(|uses| &uses.users));
                users.extend(self.logins.get(role).into_iter().flatten());
            }
            let jobs = subject.jobs.iter().enumerate();
            let reads = |job: &Job| job.source.live_setting().is_some_and(|setting| step.settings.contains(&setting));
            users.extend(jobs.filter(|(_, job)| reads(job)).map(|(index, _)| index));
        }
        users
    }
}

impl<'a> Refused<'a> {
    /// The affected jobs.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &'a Job> {
        self.users.iter().filter_map(|index| self.jobs.get(*index).copied())
    }

    /// Whether only the checker was refused. The job reaches the role from its own source, and STS may accept the
    /// job.
    pub(super) fn is_of_the_checker_alone(&self) -> bool {
        self.hop == Some(0) && !self.is_reader
    }

    /// The caller's ARN, or `the checker`.
    pub(super) fn caller(&self) -> &str {
        self.failure.caller.as_deref().unwrap_or("the checker")
    }

    /// A text of the call: operation, role and caller.
    pub(super) fn call(&self) -> String {
        format!("{} on {}, called by {}", self.failure.operation.action(), self.role, self.caller())
    }

    /// A sentence about the effect on the job, if only the checker was refused.
    pub(super) fn note_on_the_checker(&self) -> &'static str {
        if self.is_reader {
            " The role is a reader: jobs do not use it, but the check cannot read MaxSessionDuration in its account."
        } else if self.is_of_the_checker_alone() {
            " Only the checker was refused. The job assumes this role from its own source and may not be refused."
        } else {
            ""
        }
    }

    /// AWS's message without the full stop at its end.
    pub(super) fn message(&self) -> &str {
        self.failure.message.trim_end_matches('.')
    }

    /// AWS's code and message.
    pub(super) fn answer(&self) -> String {
        answer_text(self.failure.code.as_deref(), self.message())
    }

    /// The finding with the common evidence of findings about refusals.
    pub(super) fn finding(&self, id: FindingId) -> Finding {
        let names: Vec<JobName> = self.jobs().map(|job| job.name.clone()).collect();
        let answered = if self.failure.status.is_some() { Provenance::Aws } else { Provenance::ThisRun };
        let mut finding = Finding::about_role(id, self.role, self.hop)
            .owned_by_each(self.jobs())
            .evidence(Fact::Call(self.call()), Provenance::ThisRun)
            .evidence(Fact::Answer(self.answer()), answered);
        if let Some(status) = self.failure.status {
            finding = finding.evidence(Fact::HttpStatus(status), Provenance::Aws);
        }
        if let Some(request_id) = &self.failure.request_id {
            finding = finding.evidence(Fact::RequestId(request_id.clone()), Provenance::Aws);
        }
        finding.evidence(Fact::Jobs(names), Provenance::WholeInventory)
    }
}
