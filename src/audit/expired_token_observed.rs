//! `expired-token-observed`: CloudTrail recorded a call that failed because its credentials had expired.

use super::finding::Finding;
use super::{Subject, common_owner};
use crate::facts::Observation;
use crate::finding::FindingId;
use crate::inventory::Job;
use crate::lease::Verdict;
use crate::remedy::Remedy;

/// Reports what was observed; the subject's jobs are those that have the role on their path.
pub(super) fn find(subject: &Subject<'_>, observed: &Observation, out: &mut Vec<Finding>) {
    let jobs = &subject.jobs;
    let only = if let [job] = jobs[..] { Some(job) } else { None };
    let hop =
        only.zip(observed.role.as_ref()).and_then(|(job, role)| job.path.iter().rposition(|hop| hop.role == *role));
    let role = observed.role.as_ref().map(|role| role.as_str());
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let who = only.map_or(observed.caller.as_str(), |job| &job.name);
    out.push(
        Finding::new(FindingId::ExpiredTokenObserved, only.map(|job| job.name.as_str()), role, hop)
            .owned_by(common_owner(jobs.iter().copied()))
            .evidence("caller", observed.caller.as_str(), "CloudTrail: userIdentity.arn")
            .evidence("call", observed.call.as_str(), "CloudTrail: eventSource, eventName")
            .evidence("error_code", observed.error_code.as_str(), "CloudTrail: errorCode")
            .evidence("time", observed.time.as_str(), "CloudTrail: eventTime")
            .evidence("event_id", observed.event_id.as_str(), "CloudTrail: eventID")
            .evidence("jobs", names, "inventory")
            .titled(format!("{who} called AWS with expired credentials at {}", observed.time))
            .detailed(format!(
                "CloudTrail recorded that {} called {} at {} and was refused with {}. {} CloudTrail does not record every such call (those of \
                 Amazon S3 never): none of these messages is no proof that none failed.",
                observed.caller,
                observed.call,
                observed.time,
                observed.error_code,
                whose(jobs)
            ))
            .remedies(remedies(subject)),
    );
}

fn whose(jobs: &[&Job]) -> String {
    match jobs {
        [] => "No job of the inventory has this role on its path.".to_owned(),
        [job] => format!("The role is on the path of {}.", job.name),
        several => {
            let names: Vec<&str> = several.iter().map(|job| job.name.as_str()).collect();
            format!(
                "The role is on the paths of {}; the session's name may tell which of them it was.",
                names.join(", ")
            )
        }
    }
}

fn remedies(subject: &Subject<'_>) -> Vec<Remedy> {
    let mut remedies: Vec<Remedy> = subject
        .judged()
        .filter(|(_, judgement)| judgement.verdict != Verdict::Covered)
        .map(|(job, judgement)| {
            let finding = judgement.finding.map_or("its finding", FindingId::as_str);
            Remedy::step(format!(
                "{} is judged `{}` by what is declared: mend {finding} first.",
                job.name,
                judgement.verdict.as_str()
            ))
        })
        .collect();
    if subject.jobs.is_empty() {
        remedies.push(Remedy::step(
            "Declare the job in the inventory, with its longest run and its path, so that it is checked.",
        ));
    } else if remedies.is_empty() {
        remedies.push(Remedy::step(
            "By what is declared its credentials last: see whether it ran longer than its declared `length`, was paused, or used stale \
             AWS_* variables or a copied credentials file.",
        ));
    }
    remedies
}
