//! Which findings a waiver covers: owns matching and expiry, not the findings about waivers themselves.

use wildmatch::WildMatch;

use super::finding::{Finding, Waived};
use super::{Subject, common_owner};
use crate::finding::FindingId;
use crate::inventory::{Job, RoleArn, RolePattern, Waiver};

/// Marks each finding that a waiver covers; returns the waivers that hold today and covered nothing, by index.
pub(super) fn apply(subject: &Subject<'_>, findings: &mut [Finding]) -> Vec<usize> {
    let mut unused = Vec::new();
    for (index, waiver) in subject.inventory.waivers.iter().enumerate() {
        if waiver.until < subject.today {
            continue;
        }
        let job = waiver.job.as_deref().map(WildMatch::new);
        let role = waiver.role.as_deref().map(RolePattern::new);
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| finding.id == waiver.finding) {
            if covers(subject, job.as_ref(), role.as_ref(), finding) {
                finding.waived.get_or_insert_with(|| Waived::from(waiver));
                used = true;
            }
        }
        if !used {
            unused.push(index);
        }
    }
    unused
}

fn covers(subject: &Subject<'_>, job: Option<&WildMatch>, role: Option<&RolePattern>, finding: &Finding) -> bool {
    let has_job = |glob: &WildMatch| finding.job.as_deref().is_some_and(|job| glob.matches(job));
    let has_role = |pattern: &RolePattern| {
        let arn = finding.role.as_deref().and_then(|role| RoleArn::parse(role).ok());
        arn.is_some_and(|arn| pattern.matches(&subject.inventory.role(&arn)))
    };
    job.is_none_or(has_job) && role.is_none_or(has_role)
}

/// What a waiver is for, in words.
pub(super) fn subject_of(waiver: &Waiver) -> String {
    let job = waiver.job.as_ref().map(|job| format!("job {job}"));
    let role = waiver.role.as_ref().map(|role| format!("role {role}"));
    job.into_iter().chain(role).collect::<Vec<_>>().join(" and ")
}

/// A finding about a waiver: it belongs to the owner of the jobs it names, by name or by role, if they agree.
pub(super) fn finding_about(subject: &Subject<'_>, id: FindingId, waiver: &Waiver) -> Finding {
    let (job, role) = (waiver.job.as_deref().map(WildMatch::new), waiver.role.as_deref().map(RolePattern::new));
    let has_role = |job: &Job, pattern: &RolePattern| {
        job.path.iter().any(|hop| pattern.matches(&subject.inventory.role(&hop.role)))
    };
    let named = |named: &&Job| {
        job.as_ref().is_none_or(|glob| glob.matches(&named.name))
            && role.as_ref().is_none_or(|pattern| has_role(named, pattern))
    };
    // The role's ARN where one role is named; a glob stays in the evidence.
    let arn = waiver.role.as_deref().and_then(|written| {
        let declared = subject.inventory.roles.values().find(|role| role.alias.as_deref() == Some(written));
        declared.map(|role| role.arn.clone()).or_else(|| RoleArn::parse(written).ok())
    });
    let place = || format!("inventory: {}", waiver.location);
    Finding::new(id, waiver.job.as_deref(), arn.as_ref().map(RoleArn::as_str), None)
        .located(Some(waiver.location.clone()))
        .owned_by(common_owner(subject.inventory.jobs.iter().filter(named)))
        .evidence("waived_finding", waiver.finding.as_str(), place())
        .evidence("names", subject_of(waiver), place())
        .evidence("until", waiver.until.to_string(), place())
        .evidence("reason", waiver.reason.as_str(), place())
}

/// One finding for each (id, job, role): what a second waiver of the same names adds goes into the first one's evidence.
pub(super) fn push_once(out: &mut Vec<Finding>, finding: Finding) {
    match out.iter_mut().find(|known| known.fingerprint == finding.fingerprint) {
        Some(known) => {
            known.title = format!("{}, and another", known.title);
            known.evidence.extend(finding.evidence);
        }
        None => out.push(finding),
    }
}
