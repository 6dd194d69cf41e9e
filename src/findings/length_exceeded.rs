//! `length-exceeded`: a recorded run was longer than the jobs declare: by CloudTrail those with its path, by a run
//! history the job that it measures.

use std::collections::BTreeMap;

use super::evidence::{Fact, FactKind, Provenance};
use super::measured::MeasuredJob;
use super::model::Finding;
use super::registry::{Detect, FindingId, Severity, define};
use super::subject::Subject;
use super::trail::{Trail, describe as describe_path, finding_of, jobs_of, names};
use crate::cloudtrail::runs::SessionRun;
use crate::cloudtrail::{Sessions, time};
use crate::fixes::Fix;
use crate::inventory::{Job, Seconds};

define!(
    "length-exceeded",
    High,
    detect: &[Detect::Sessions(find), Detect::Facts(find_measured)],
    change_facts: &[FactKind::LongestRun, FactKind::DeclaredLength],
);

/// How long a service may take to stop a run at its timeout, which the declared length can be.
const TIME_TO_STOP: Seconds = Seconds(5 * 60);

fn find(subject: &Subject<'_>, sessions: &Sessions, out: &mut Vec<Finding>) {
    let trail = Trail::new(sessions);
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

fn find_measured(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for measured in &subject.measured {
        let found = describe_measured(measured);
        // CloudTrail may show the same for a job without a path.
        out.extend(found.filter(|found| !out.iter().any(|other| other.fingerprint == found.fingerprint)));
    }
}

fn describe_measured(measured: &MeasuredJob<'_>) -> Option<Finding> {
    let MeasuredJob { job, runs, .. } = measured;
    let declared = job.length + job.pause;
    let longer = runs.lengths.iter().filter(|length| **length > declared).count();
    let complete = runs.longest().filter(|longest| *longest > declared);
    // A run that hangs lasts long without need: such a run alone is no proof.
    let longest = complete.or_else(|| runs.cut_short.longest.filter(|longest| *longest > declared + TIME_TO_STOP))?;
    let what = match (complete, longer) {
        (None, _) => format!(
            "A run that was cut short (failed, timed out, stopped or redriven) lasted {longest}, longer than the \
             declared {declared} (length and pause). Either the job needs longer than declared, or that run hung. No \
             run that succeeded was longer than declared."
        ),
        (Some(_), 1) => {
            format!(
                "1 run that succeeded was longer than the declared {declared} (length and pause): it took {longest}."
            )
        }
        (Some(_), longer) => format!(
            "{longer} runs that succeeded were longer than the declared {declared} (length and pause). The longest \
             took {longest}."
        ),
    };
    let declare = match runs.proposed_length().filter(|_| complete.is_some()) {
        Some(proposed) => format!(
            "In the inventory, declare a length of at least {longest}, for example {proposed} (the longest run and \
             20 %)."
        ),
        None => format!(
            "Find out why that run lasted {longest}. If it worked until its end, declare a longer `length` in the \
             inventory; if it hung, set a timeout of {declared}."
        ),
    };
    let has_scopes = job.measured_by.as_ref().is_some_and(|tie| tie.kind.has_scopes());
    let tell_apart = match has_scopes {
        true => "If the run is of another job with this name, tell them apart with `scope` in `measured_by`.",
        false => "If the run is of another job with this name, give the jobs different names in the run history.",
    };
    let mut finding = Finding::about_job(FindingId::LengthExceeded, job, None)
        .evidence(Fact::LongestRun(longest), Provenance::RunHistory("start to end, without queue time"))
        .evidence(Fact::DeclaredLength(declared), Provenance::Inventory("length + pause"))
        .evidence(measured.count(), Provenance::RunHistory("runs that ended"))
        .titled(format!("{} ran {longest}; {declared} is declared", job.name))
        .detailed(format!("{} {what}", measured.describe()))
        .fixes([Fix::step(declare), Fix::step(tell_apart)]);
    if complete.is_none() {
        finding.severity = Severity::Medium;
    }
    Some(finding)
}
