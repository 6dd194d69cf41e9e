//! What the findings about a refusal share: one for each role and kind of refusal, at the first hop where it was met,
//! with every job that it concerns.

use std::collections::BTreeMap;

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
    pub(super) jobs: Vec<&'a Job>,
    /// It is a reader, not a role of a path.
    pub(super) is_reader: bool,
}

/// Every refusal, grouped by finding and role, in a stable order.
pub(super) fn refusals<'a>(subject: &'a Subject<'a>) -> BTreeMap<(FindingId, &'a RoleArn), Refused<'a>> {
    let uses = Uses::of(subject);
    let mut met: BTreeMap<(FindingId, &RoleArn), Refused<'_>> = BTreeMap::new();
    for (index, outcome) in subject.facts.steps.iter().enumerate() {
        if let StepOutcome::Failed(failure) = outcome
            && let Some(uses) = uses.steps.get(&index)
        {
            add(&mut met, failure, &failure.target, Some(uses.0), &uses.1, false);
        }
    }
    for (role, description) in &subject.facts.described {
        if let Description::Failed(failure) = description
            && failure.operation == Operation::GetRole
            && failure.class != Class::Denied
            && let Some(uses) = uses.roles.get(role)
        {
            add(&mut met, failure, role, Some(uses.0), &uses.1, false);
        }
    }
    for failure in &subject.facts.reader_failures {
        let jobs = subject.jobs.iter().copied().filter(|job| {
            job.path.iter().any(|hop| {
                subject.inventory.readers.for_role(&hop.role).is_some_and(|reader| reader.role == failure.target)
            })
        });
        add(&mut met, failure, &failure.target, None, &jobs.collect::<Vec<_>>(), true);
    }
    met
}

/// The jobs behind each step and each role, and the lowest hop.
struct Uses<'a> {
    steps: BTreeMap<usize, (usize, Vec<&'a Job>)>,
    roles: BTreeMap<&'a RoleArn, (usize, Vec<&'a Job>)>,
}

impl<'a> Uses<'a> {
    fn of(subject: &'a Subject<'a>) -> Self {
        let mut uses = Self { steps: BTreeMap::new(), roles: BTreeMap::new() };
        for (job, path) in subject.jobs.iter().zip(&subject.plan.paths) {
            for (index, (hop, planned)) in job.path.iter().zip(path).enumerate() {
                if let PlannedHop::Step(step) = planned {
                    note(uses.steps.entry(*step).or_insert((index, Vec::new())), index, job);
                }
                note(uses.roles.entry(&hop.role).or_insert((index, Vec::new())), index, job);
            }
        }
        uses
    }
}

fn note<'a>(entry: &mut (usize, Vec<&'a Job>), hop: usize, job: &'a Job) {
    entry.0 = entry.0.min(hop);
    if !entry.1.iter().any(|known| std::ptr::eq(*known, job)) {
        entry.1.push(job);
    }
}

fn add<'a>(
    met: &mut BTreeMap<(FindingId, &'a RoleArn), Refused<'a>>,
    failure: &'a Failure,
    role: &'a RoleArn,
    hop: Option<usize>,
    jobs: &[&'a Job],
    is_reader: bool,
) {
    let known = met.entry((failure.class.finding(), role)).or_insert_with(|| Refused {
        failure,
        role,
        hop,
        jobs: Vec::new(),
        is_reader,
    });
    if hop < known.hop {
        (known.failure, known.hop) = (failure, hop);
    }
    for job in jobs {
        if !known.jobs.iter().any(|seen| std::ptr::eq(*seen, *job)) {
            known.jobs.push(job);
        }
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
            Some(0) => {
                " At path[0] it was the checker that was refused: the job itself comes from its own source, and may not be."
            }
            None => {
                " It is a reader: jobs do not use it, but the roles that it should read stay without their live MaxSessionDuration."
            }
            Some(_) => "",
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
        let jobs: Vec<&str> = self.jobs.iter().map(|job| job.name.as_str()).collect();
        let mut finding = Finding::about_role(id, self.role, self.hop)
            .owned_by(common_owner(self.jobs.iter().copied()))
            .evidence("call", self.call(), "this run")
            .evidence("answer", self.answer(), if self.failure.status.is_some() { "AWS" } else { "this run" });
        if let Some(status) = self.failure.status {
            finding = finding.evidence("http_status", status, "AWS");
        }
        if let Some(request_id) = &self.failure.request_id {
            finding = finding.evidence("request_id", request_id.as_str(), "AWS");
        }
        finding.evidence("jobs", jobs, "inventory")
    }
}
