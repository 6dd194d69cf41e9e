//! `path-undeclared`: CloudTrail shows sessions by a path that no job declares.

use std::collections::BTreeMap;

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, Severity, define};
use super::subject::Subject;
use super::trail::{compare, describe as describe_path};
use crate::cloudtrail::{PathOrigin, Session, Sessions};
use crate::fixes::Fix;
use crate::inventory::{Job, JobName, RoleArn, RoleRef};

define!(
    "path-undeclared",
    Low,
    detect: &[Detect::Sessions(find)],
    change_facts: &[FactKind::Paths, FactKind::Jobs],
);

fn find(subject: &Subject<'_>, trail: &Sessions, out: &mut Vec<Finding>) {
    // A filter hides jobs whose paths would count.
    if subject.filtered {
        return;
    }
    let mut undeclared: BTreeMap<Option<&str>, Vec<&Session>> = BTreeMap::new();
    for session in &trail.sessions {
        if !subject.inventory.jobs.iter().any(|job| compare(job, session).is_some()) {
            undeclared.entry(session.path.last().map(|role| &**role)).or_default().push(session);
        }
    }
    out.extend(undeclared.into_iter().map(|(role, sessions)| describe(subject, role, &sessions)));
}

/// `import cloudtrail` writes a job only for a path whose source and runs the records show.
fn fixes(sessions: &[&Session]) -> Vec<Fix> {
    let has = |condition: fn(PathOrigin) -> bool| sessions.iter().any(|session| condition(session.source));
    let is_importable = |source: PathOrigin| source != PathOrigin::Unknown && source.has_job_runs();
    let earlier = Fix::step(
        "Read records from before the first session, which show the source of the path: an earlier `--since`, or more \
         logs. Then declare a job for the path in the inventory.",
    );
    let declare = Fix::step(
        "Declare a job for the path in the inventory: `credential-health import cloudtrail` writes it. If a \
         job changed its path, correct the job.",
    );
    let by_hand = Fix::step(
        "If you know who assumes the role, declare a job in the inventory with that source and these \
         roles.",
    );
    let function = Fix::step(
        "In the inventory, declare a job for the function, with `source: {kind: lambda, function: ARN}` or with its \
         Timeout as the length. If a job changed its path, correct the job.",
    );
    let earlier = has(|source| source == PathOrigin::Unknown).then_some([earlier, by_hand]).into_iter().flatten();
    let function = has(|source| !source.has_job_runs()).then_some(function);
    has(is_importable).then_some(declare).into_iter().chain(function).chain(earlier).collect()
}

fn describe(subject: &Subject<'_>, role: Option<&str>, sessions: &[&Session]) -> Finding {
    let mut paths: Vec<String> = sessions.iter().map(|session| describe_path(session)).collect();
    paths.sort();
    paths.dedup();
    let role = role.and_then(|role| RoleArn::parse(role).ok()).map(RoleRef::from);
    let ends_there = |job: &&Job| job.path.last().is_some_and(|hop| Some(&hop.role) == role.as_ref());
    let jobs: Vec<&Job> = subject.inventory.jobs.iter().filter(ends_there).collect();
    let declared: Vec<JobName> = jobs.iter().map(|job| job.name.clone()).collect();
    let target = role.as_ref().map_or_else(|| "no role".to_owned(), ToString::to_string);
    let count = if sessions.len() == 1 { "1 session".to_owned() } else { format!("{} sessions", sessions.len()) };
    let by = paths.join("; ");
    let other = match &declared[..] {
        [] => "No job of the inventory ends at this role.".to_owned(),
        names => {
            let names: Vec<String> = jobs
                .iter()
                .zip(names)
                .map(|(job, name)| {
                    let roles: Vec<&str> = job.path.iter().map(|hop| hop.role.as_str()).collect();
                    format!("{name} ({} > {})", job.source.kind(), roles.join(" > "))
                })
                .collect();
            format!("These jobs declare the same last role by another path: {}.", names.join(", "))
        }
    };
    let unknown_sources = sessions.iter().filter(|session| session.source == PathOrigin::Unknown).count();
    let unknown = match (unknown_sources, sessions.len()) {
        (0, _) => String::new(),
        (unknown, all) => {
            let whose = if unknown == all { String::new() } else { format!(" for {unknown} of them") };
            format!(" The records do not show which credentials requested the first session of this path{whose}.")
        }
    };
    let mut finding = Finding::new(FindingId::PathUndeclared, None, role, None)
        .owned_by_each(jobs.iter().copied())
        .evidence(Fact::Paths(paths), Provenance::CloudTrail("userIdentity of the issues"))
        .evidence(Fact::Count(i64::try_from(sessions.len()).unwrap_or(i64::MAX)), Provenance::CloudTrail("records"))
        .evidence(Fact::Jobs(declared), Provenance::WholeInventory)
        .titled(format!("{count} of {target} by a path that no job declares"))
        .detailed(format!("CloudTrail shows {count} by a path that no job declares: {by}. {other}{unknown}"))
        .fixes(fixes(sessions));
    if !jobs.is_empty() {
        finding.severity = Severity::Medium;
    }
    finding
}
