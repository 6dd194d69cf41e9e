//! Which findings a waiver covers: owns matching and expiry, not the findings about waivers themselves.

use wildmatch::WildMatch;

use super::finding::{Finding, Waived};
use super::{Subject, common_owner};
use crate::finding::FindingId;
use crate::inventory::{RoleArn, RolePattern, Waiver};

/// Marks each finding that a waiver covers; returns the waivers that hold today and covered nothing, by index.
pub(super) fn apply(subject: &Subject<'_>, findings: &mut [Finding]) -> Vec<usize> {
    let mut unused = Vec::new();
    for (index, waiver) in subject.inventory.waivers.iter().enumerate() {
        if waiver.until < subject.today {
            continue;
        }
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| covers(subject, waiver, finding)) {
            finding.waived.get_or_insert_with(|| Waived::from(waiver));
            used = true;
        }
        if !used {
            unused.push(index);
        }
    }
    unused
}

fn covers(subject: &Subject<'_>, waiver: &Waiver, finding: &Finding) -> bool {
    let job = |glob: &String| finding.job.as_deref().is_some_and(|job| WildMatch::new(glob).matches(job));
    let role = |glob: &String| {
        let arn = finding.role.as_deref().and_then(|role| RoleArn::parse(role).ok());
        arn.is_some_and(|arn| RolePattern::new(glob).matches(&subject.inventory.role(&arn)))
    };
    waiver.finding == finding.id && waiver.job.as_ref().is_none_or(job) && waiver.role.as_ref().is_none_or(role)
}

/// What a waiver is for, in words.
pub(super) fn subject_of(waiver: &Waiver) -> String {
    let job = waiver.job.as_ref().map(|job| format!("job {job}"));
    let role = waiver.role.as_ref().map(|role| format!("role {role}"));
    job.into_iter().chain(role).collect::<Vec<_>>().join(" and ")
}

/// A finding about a waiver: it belongs to the owner of the jobs it names, if they agree.
pub(super) fn finding_about(subject: &Subject<'_>, id: FindingId, waiver: &Waiver) -> Finding {
    let named = waiver.job.as_ref().map(|glob| WildMatch::new(glob));
    let jobs = subject.inventory.jobs.iter().filter(|job| named.as_ref().is_some_and(|named| named.matches(&job.name)));
    let role = waiver.role.as_ref().map(|glob| {
        let declared = subject.inventory.roles.values().find(|role| role.alias.as_ref() == Some(glob));
        declared.map_or(glob.as_str(), |role| role.arn.as_str())
    });
    Finding::new(id, waiver.job.as_deref(), role, None)
        .owned_by(common_owner(jobs))
        .evidence("waived_finding", waiver.finding.as_str(), format!("inventory: {}", waiver.place))
        .evidence("until", waiver.until.to_string(), format!("inventory: {}", waiver.place))
        .evidence("reason", waiver.reason.as_str(), format!("inventory: {}", waiver.place))
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
