//! Matches findings with waivers. Owns matching and expiry, not the findings about waivers.

use std::collections::HashMap;

use wildmatch::WildMatch;

use super::evidence::{Fact, Provenance};
use super::model::{Finding, Waived};
use super::registry::FindingId;
use super::subject::Subject;
use crate::inventory::{Job, JobName, Role, RoleArn, RolePattern, RoleRef, Waiver};

/// Marks each finding that a waiver covers; returns the waivers that are valid today and cover nothing.
pub(super) fn apply<'a>(subject: &Subject<'a>, findings: &mut [Finding]) -> Vec<&'a Waiver> {
    let mut by_id: HashMap<FindingId, Vec<usize>> = HashMap::new();
    let mut by_file: HashMap<(FindingId, &str), Vec<usize>> = HashMap::new();
    let files: Vec<Option<std::sync::Arc<str>>> =
        findings.iter().map(|finding| ruling_file(subject, finding)).collect();
    for ((index, finding), file) in findings.iter().enumerate().zip(&files) {
        by_id.entry(finding.id).or_default().push(index);
        file.iter().for_each(|file| by_file.entry((finding.id, file)).or_default().push(index));
    }
    let mut unused = Vec::new();
    for waiver in subject.inventory.waivers.iter().filter(|waiver| waiver.until >= subject.today) {
        let job = waiver.job.as_deref().map(WildMatch::new);
        let role = waiver.role.as_deref().map(RolePattern::new);
        let mut used = false;
        // A waiver of the platform's file covers everything, a team's what its file rules.
        let file = &waiver.location.file;
        let ruled = match subject.inventory.teams.contains_key(file) {
            true => by_file.get(&(waiver.finding, &**file)),
            false => by_id.get(&waiver.finding),
        };
        for index in ruled.into_iter().flatten() {
            let finding = &mut findings[*index];
            if covers(subject, waiver, job.as_ref(), role.as_ref(), finding) {
                finding.waived.get_or_insert_with(|| Waived::from(waiver));
                used = true;
            }
        }
        if !used {
            unused.push(waiver);
        }
    }
    unused
}

/// The file whose waivers may cover the finding, beside the platform's: that of its job, or of all jobs of its role,
/// where the role reads no account's settings.
fn ruling_file(subject: &Subject<'_>, finding: &Finding) -> Option<std::sync::Arc<str>> {
    let file = match (&finding.job, &finding.role) {
        _ if is_about_a_waiver(finding) => &finding.location.as_ref()?.file,
        (Some(job), _) => &subject.job_named(job)?.location.file,
        (None, Some(role)) => {
            let is_reader = subject.plan.readers.iter().any(|step| role.arn() == Some(&step.reader.role));
            let mut files = subject.users_of(role).iter().map(|(job, _)| &job.location.file);
            let first = files.next().filter(|_| !is_reader)?;
            files.all(|file| file == first).then_some(first)?
        }
        (None, None) => return None,
    };
    Some(file.clone())
}

fn is_about_a_waiver(finding: &Finding) -> bool {
    matches!(finding.id, FindingId::WaiverExpired | FindingId::WaiverUnused)
}

fn covers(
    subject: &Subject<'_>,
    waiver: &Waiver,
    job: Option<&WildMatch>,
    role: Option<&RolePattern>,
    finding: &Finding,
) -> bool {
    let has_job = |glob: &WildMatch| finding.job.as_ref().is_some_and(|job| glob.matches(job));
    let has_role = |pattern: &RolePattern| {
        finding.role.as_ref().is_some_and(|role| pattern.matches(role, declared(subject, waiver, role)))
    };
    job.is_none_or(has_job) && role.is_none_or(has_role)
}

/// What the waiver's file knows of a role.
fn declared<'a>(subject: &Subject<'a>, waiver: &Waiver, role: &RoleRef) -> Option<&'a Role> {
    let own = subject.inventory.teams.get(&waiver.location.file).and_then(|file| file.roles.get(role.arn()?));
    own.or_else(|| subject.inventory.declared(role))
}

/// The text of the job and the role that a waiver names.
pub(super) fn describe_names(waiver: &Waiver) -> String {
    let job = waiver.job.as_ref().map(|job| format!("job {job}"));
    let role = waiver.role.as_ref().map(|role| format!("role {role}"));
    job.into_iter().chain(role).collect::<Vec<_>>().join(" and ")
}

/// A finding about a waiver. Its owners are those of the jobs that the waiver names, by name or by role.
pub(super) fn finding_about(subject: &Subject<'_>, id: FindingId, waiver: &Waiver) -> Finding {
    let (job, role) = (waiver.job.as_deref().map(WildMatch::new), waiver.role.as_deref().map(RolePattern::new));
    let has_role = |job: &Job, pattern: &RolePattern| {
        job.path.iter().any(|hop| pattern.matches(&hop.role, declared(subject, waiver, &hop.role)))
    };
    let team = subject.inventory.teams.get(&waiver.location.file);
    let jobs = match team {
        Some(_) => subject.jobs_of_file(&waiver.location.file),
        None => &subject.inventory.jobs,
    };
    let named = |named: &&Job| {
        job.as_ref().is_none_or(|glob| glob.matches(&named.name))
            && role.as_ref().is_none_or(|pattern| has_role(named, pattern))
    };
    // The role's ARN if the waiver names one role. A glob appears only in the evidence.
    let named_role = waiver.role.as_deref().and_then(|written| {
        let roles = team.map(|team| &team.roles).into_iter().chain([&subject.inventory.roles]);
        let declared = roles.flat_map(|roles| roles.values()).find(|role| role.alias.as_deref() == Some(written));
        declared.map(|role| role.arn.clone()).or_else(|| RoleArn::parse(written).ok()).map(RoleRef::from)
    });
    let place = || Provenance::Place(waiver.location.clone());
    Finding::new(id, waiver.job.as_deref().map(JobName::from), named_role, None)
        .located(Some(waiver.location.clone()))
        .owned_by_each(jobs.iter().filter(named))
        .evidence(Fact::WaivedFinding(waiver.finding), place())
        .evidence(Fact::WaiverNames(describe_names(waiver)), place())
        .evidence(Fact::WaivedUntil(waiver.until), place())
        .evidence(Fact::WaiverReason(waiver.reason.clone()), place())
}

/// What the title of a finding says that several waivers have.
const AND_ANOTHER: &str = ", and another";

/// Adds each finding once per (id, job, role): a second waiver of the same names adds its facts to the first one's.
pub(super) fn push_once(out: &mut Vec<Finding>, findings: impl Iterator<Item = Finding>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        match known.get(&finding.fingerprint) {
            Some(index) => {
                let known = &mut out[*index];
                if !known.title.ends_with(AND_ANOTHER) {
                    known.title.push_str(AND_ANOTHER);
                }
                known.evidence.extend(finding.evidence);
            }
            None => {
                known.insert(finding.fingerprint.clone(), out.len());
                out.push(finding);
            }
        }
    }
}
