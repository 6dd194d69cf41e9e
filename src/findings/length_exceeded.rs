//! `length-exceeded`: a run in CloudTrail was longer than the jobs with its path declare.

use std::collections::BTreeMap;

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use super::trail::{Trail, describe as describe_path, finding_of, jobs_of, names};
use crate::cloudtrail::runs::SessionRun;
use crate::cloudtrail::time;
use crate::fixes::Fix;
use crate::inventory::{Job, Seconds};

define!(
    "length-exceeded",
    High,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::LongestRun, FactKind::DeclaredLength],
);

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let Some(trail) = subject.facts.trail.as_deref().map(Trail::new) else { return };
    let mut exceeded: BTreeMap<Vec<String>, (Vec<&Job>, Vec<&SessionRun>)> = BTreeMap::new();
    for run in &trail.runs {
        let Some(first) = run.sessions.first().map(|first| &trail.sessions[*first]) else { continue };
        if !first.source.has_job_runs() {
            continue;
        }
        let jobs = jobs_of(subject.inventory, first);
        let Some(declared) = jobs.iter().map(|job| job.needed()).max() else { continue };
        if length(run) > declared && jobs.iter().any(|job| subject.jobs.iter().any(|of| of.name == job.name)) {
            let key = jobs.iter().map(|job| job.name.to_string()).collect();
            exceeded.entry(key).or_insert_with(|| (jobs, Vec::new())).1.push(run);
        }
    }
    out.extend(exceeded.into_values().filter_map(|(jobs, runs)| describe(&trail, &jobs, &runs)));
}

fn length(run: &SessionRun) -> Seconds {
    Seconds(run.length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default())
}

fn describe(trail: &Trail<'_>, jobs: &[&Job], runs: &[&SessionRun]) -> Option<Finding> {
    let run = runs.iter().max_by_key(|run| length(run))?;
    let session = &trail.sessions[*run.sessions.first()?];
    let declared = jobs.iter().map(|job| job.needed()).max()?;
    let (longest, at) = (length(run), time::format(run.first_issue));
    let who = match jobs {
        [job] => job.name.to_string(),
        several => names(several).iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let detail = format!(
        "CloudTrail shows a run of at least {longest} by {}, from {at}. The jobs with this path declare at most \
         {declared} (age, length and pause). The length of a run is a lower bound: it ends with the last call that \
         CloudTrail recorded. {} in the records {} longer than declared.",
        describe_path(session),
        if runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", runs.len()) },
        if runs.len() == 1 { "was" } else { "were" },
    );
    Some(
        finding_of(FindingId::LengthExceeded, jobs, session.role.as_deref())
            .evidence(Fact::LongestRun(longest), Provenance::CloudTrail("first issue to last use"))
            .evidence(Fact::DeclaredLength(declared), Provenance::Inventory("age + length + pause"))
            .evidence(Fact::Time(Some(at)), Provenance::CloudTrail("eventTime of the first issue"))
            .evidence(Fact::Count(i64::try_from(runs.len()).unwrap_or(i64::MAX)), Provenance::CloudTrail("records"))
            .evidence(Fact::Jobs(names(jobs)), Provenance::WholeInventory)
            .titled(format!("{who} ran at least {longest}; {declared} is declared"))
            .detailed(detail)
            .fixes([
                Fix::step(format!("In the inventory, declare the real longest run, at least {longest}.")),
                Fix::step("If other sessions use the same path, tell them apart with `session_name`."),
            ]),
    )
}
