//! What the findings about a refusal share: one for each role and kind of refusal, at the first hop where it was met,
//! with every job that it concerns.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::finding::Finding;
use super::{Subject, common_owner};
use crate::facts::{Description, StepOutcome};
use crate::failure::{Class, Failure, Operation};
use crate::finding::FindingId;
use crate::inventory::{Job, RoleArn};
use crate::plan::PlannedHop;

/// A role that was refused, or not checked.
pub(super) struct Refused<'a> {
    pub(super) failure: &'a Failure,
    pub(super) role: &'a RoleArn,
    pub(super) hop: Option<usize>,
    /// The jobs that it concerns, by index into the subject's.
    users: BTreeSet<usize>,
    jobs: &'a [&'a Job],
    /// It is a reader, not a role of a path.
    pub(super) is_reader: bool,
}

/// Every refusal, grouped by finding and role, in a stable order.
pub(super) type Refusals<'a> = BTreeMap<(FindingId, &'a RoleArn), Refused<'a>>;

/// Gathers what was refused.
pub(super) fn refusals<'a>(subject: &'a Subject<'a>) -> Refusals<'a> {
    let mut met = Refusals::new();
    if !subject.facts.live {
        return met;
    }
    let uses = Uses::of(subject);
    let mut add = |failure: &'a Failure, role: &'a RoleArn, uses: &Use, is_reader: bool| {
        let Use { hop, users } = uses;
        let known = met.entry((failure.class.finding(), role)).or_insert_with(|| Refused {
            failure,
            role,
            hop: *hop,
            users: BTreeSet::new(),
            jobs: &subject.jobs,
            is_reader,
        });
        // A hop of a path tells more than a reader's part, and the first hop more than a later one.
        if (hop.is_none(), hop) < (known.hop.is_none(), &known.hop) {
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
            && let Some(uses) = uses.roles.get(role)
        {
            add(failure, role, uses, false);
        }
    }
    let mut readers: HashMap<RoleArn, BTreeSet<usize>> = HashMap::new();
    if !subject.facts.reader_failures.is_empty() {
        for (role, uses) in &uses.roles {
            if let Some(reader) = subject.inventory.readers.for_role(role) {
                readers.entry(reader.role).or_default().extend(&uses.users);
            }
        }
    }
    for failure in &subject.facts.reader_failures {
        let users = readers.get(&failure.target).map(|users| users.iter().copied().collect()).unwrap_or_default();
        add(failure, &failure.target, &Use { hop: None, users }, true);
    }
    met
}

/// Who uses a step or a role: the lowest hop, and the jobs by index.
#[derive(Default)]
struct Use {
    hop: Option<usize>,
    users: Vec<usize>,
}

impl Use {
    fn note(&mut self, hop: usize, job: usize) {
        self.hop = Some(self.hop.map_or(hop, |known| known.min(hop)));
        self.users.push(job);
    }
}

struct Uses<'a> {
    steps: Vec<Use>,
    roles: BTreeMap<&'a RoleArn, Use>,
}

impl<'a> Uses<'a> {
    fn of(subject: &'a Subject<'a>) -> Self {
        let steps = subject.plan.steps.iter().map(|_| Use::default()).collect();
        let mut uses = Self { steps, roles: BTreeMap::new() };
        for (index, (job, path)) in subject.jobs.iter().zip(&subject.plan.paths).enumerate() {
            for (hop, (declared, planned)) in job.path.iter().zip(path).enumerate() {
                if let PlannedHop::Step(step) = planned {
                    uses.steps[*step].note(hop, index);
                }
                uses.roles.entry(&declared.role).or_default().note(hop, index);
            }
        }
        uses
    }
}

impl Refused<'_> {
    /// Who was refused, in words.
    pub(super) fn caller(&self) -> &str {
        self.failure.caller.as_deref().unwrap_or("the checker")
    }

    /// What was called, on what, by whom, in words.
    pub(super) fn call(&self) -> String {
        format!("{} on {}, called by {}", self.failure.operation.action(), self.role, self.caller())
    }

    /// That the job itself may fare better than the checker, where that is so.
    pub(super) fn about_the_checker(&self) -> &'static str {
        match self.hop {
            _ if self.is_reader => {
                " It is a reader: jobs do not use it, but the roles that it should read stay without their live MaxSessionDuration."
            }
            Some(0) => {
                " At path[0] it was the checker that was refused: the job itself comes from its own source, and may not be."
            }
            _ => "",
        }
    }

    /// AWS's message, without the full stop that a sentence around it brings along.
    pub(super) fn message(&self) -> &str {
        self.failure.message.trim_end_matches('.')
    }

    /// What AWS said.
    pub(super) fn answer(&self) -> String {
        match &self.failure.code {
            Some(code) => format!("{code}: {}", self.message()),
            None => self.message().to_owned(),
        }
    }

    /// The finding, with what every refusal shows.
    pub(super) fn finding(&self, id: FindingId) -> Finding {
        let jobs = || self.users.iter().filter_map(|index| self.jobs.get(*index).copied());
        let names: Vec<&str> = jobs().map(|job| job.name.as_str()).collect();
        let mut finding = Finding::about_role(id, self.role, self.hop)
            .owned_by(common_owner(jobs()))
            .evidence("call", self.call(), "this run")
            .evidence("answer", self.answer(), if self.failure.status.is_some() { "AWS" } else { "this run" });
        if let Some(status) = self.failure.status {
            finding = finding.evidence("http_status", status, "AWS");
        }
        if let Some(request_id) = &self.failure.request_id {
            finding = finding.evidence("request_id", request_id.as_str(), "AWS");
        }
        finding.evidence("jobs", names, "inventory")
    }
}
