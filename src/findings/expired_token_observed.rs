//! `expired-token-observed`: CloudTrail recorded a call with expired credentials.

use super::evidence::{Fact, Provenance, describe_call, describe_field};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::facts::Observation;
use crate::fixes::Fix;
use crate::inventory::{Job, JobName, RoleRef};
use crate::lease::Verdict;

define!(
    "expired-token-observed",
    High,
    detect: &[Detect::Observation(describe)],
    // The finding is published immediately and never part of the state.
    change_facts: &[],
);

/// The subject's jobs are the jobs with the role on their path.
fn describe(subject: &Subject<'_>, observed: &Observation) -> Finding {
    let jobs = &subject.jobs;
    let only = if let [job] = jobs[..] { Some(job) } else { None };
    let role = observed.role.as_ref().map(RoleRef::from);
    let hop = only.zip(role.as_ref()).and_then(|(job, role)| job.path.iter().rposition(|hop| hop.role == *role));
    let names: Vec<JobName> = jobs.iter().map(|job| job.name.clone()).collect();
    let (caller, time) = (describe_field(observed.caller.as_ref()), describe_field(observed.time.as_ref()));
    let who = only.map_or(caller, |job| job.name.as_str());
    let detail = format!(
        "CloudTrail recorded that {caller} called {} at {time} and was refused with {}. {} CloudTrail does not record \
         every such call, and none of Amazon S3: the absence of such events does not prove that no call failed.",
        describe_call(&observed.call),
        observed.error_code,
        whose(jobs)
    );
    Finding::new(FindingId::ExpiredTokenObserved, only.map(|job| job.name.clone()), role, hop)
        .owned_by_each(jobs.iter().copied())
        .evidence(Fact::Caller(observed.caller.clone()), Provenance::CloudTrail("userIdentity.arn"))
        .evidence(Fact::ObservedCall(observed.call.clone()), Provenance::CloudTrail("eventSource, eventName"))
        .evidence(Fact::ErrorCode(observed.error_code.clone()), Provenance::CloudTrail("errorCode"))
        .evidence(Fact::Time(observed.time.clone()), Provenance::CloudTrail("eventTime"))
        .evidence(Fact::EventId(observed.event_id.clone()), Provenance::CloudTrail("eventID"))
        .evidence(Fact::Jobs(names), Provenance::WholeInventory)
        .titled(format!("{who} called AWS with expired credentials at {time}"))
        .detailed(detail)
        .fixes(fixes(subject))
}

fn whose(jobs: &[&Job]) -> String {
    match jobs {
        [] => "No job of the inventory has this role on its path.".to_owned(),
        [job] => format!("The role is on the path of {}.", job.name),
        several => {
            let names: Vec<&str> = several.iter().map(|job| job.name.as_str()).collect();
            format!(
                "The role is on the paths of {}. The session's name may show which of these jobs made the call.",
                names.join(", ")
            )
        }
    }
}

fn fixes(subject: &Subject<'_>) -> Vec<Fix> {
    let not_covered = subject.judged().filter(|(_, judgement)| judgement.verdict != Verdict::Covered);
    let mut fixes: Vec<Fix> = not_covered
        .filter_map(|(job, judgement)| {
            let finding = FindingId::of_judgement(judgement)?;
            let verdict = judgement.verdict.as_str();
            Some(Fix::step(format!(
                "Fix {finding} of {} first: its declared facts already give `{verdict}`.",
                job.name
            )))
        })
        .collect();
    if subject.jobs.is_empty() {
        fixes.push(Fix::step(
            "Declare the job in the inventory, with its longest run and its path, to have it checked.",
        ));
    } else if fixes.is_empty() {
        fixes.push(Fix::step(
            "By its declared facts, the job is covered. Check whether it ran longer than its declared `length`, was \
             frozen, or used expired AWS_* variables or a copied credentials file.",
        ));
    }
    fixes
}
