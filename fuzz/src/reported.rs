//! The laws of every report, for any inventory and any answer of AWS.

use std::collections::BTreeSet;

use credential_health::findings::FindingId;
use credential_health::inventory::{Inventory, JobName, RoleRef};
use credential_health::lease::Verdict;
use credential_health::report::{HopOutcome, Report, Walk};

/// The parts of a report agree, nothing is lost, and every job that is not covered has a finding.
pub fn is_sound(inventory: &Inventory, report: &Report) {
    let names: BTreeSet<&str> = report.jobs.iter().map(|job| &*job.name).collect();
    let declared: BTreeSet<&str> = inventory.jobs.iter().map(|job| &*job.name).collect();
    assert_eq!(names, declared);
    assert_eq!((report.summary.jobs, report.jobs.len()), (inventory.jobs.len(), inventory.jobs.len()));
    assert_eq!(report.summary.verdicts.values().sum::<usize>(), report.jobs.len());
    for job in &report.jobs {
        let has_finding = report.findings.iter().any(|finding| finding.job.as_deref() == Some(&job.name));
        assert!(has_finding || job.verdict == Verdict::Covered, "{} is {:?} and has no finding", job.name, job.verdict);
        let known = !matches!(job.verdict, Verdict::Rejected | Verdict::Unknown);
        assert!(known || (job.lease_seconds, job.headroom_seconds) == (None, None), "{job:?}");
        assert!(job.verdict != Verdict::Covered || job.headroom_seconds.is_none_or(|left| left >= 0), "{job:?}");
        let all = job.hops.iter().all(|hop| hop.outcome == HopOutcome::Assumed);
        assert!(job.walk != Walk::Walked || all, "{job:?}");
        assert!(job.walk == Walk::Walked || !all || job.hops.is_empty(), "{job:?}");
    }
    let mut seen = BTreeSet::new();
    let mut fingerprints = BTreeSet::new();
    for finding in &report.findings {
        assert!(seen.insert((finding.id.as_str(), &finding.job, &finding.role, finding.hop)), "twice: {finding:?}");
        assert!(fingerprints.insert(&finding.fingerprint), "the fingerprint of another: {finding:?}");
        assert!(!finding.title.is_empty() && !finding.detail.is_empty(), "{finding:?}");
        assert!(!finding.owner.is_empty() && finding.runbook.ends_with(".md"), "{finding:?}");
    }
    let waived = report.findings.iter().filter(|finding| finding.waived.is_some()).count();
    assert_eq!(report.summary.waived, waived);
    assert_eq!(report.summary.findings.values().sum::<usize>() + waived, report.findings.len());
    let unknown = report.jobs.iter().any(|job| job.verdict == Verdict::Unknown);
    let has_finding = report.findings.iter().any(|f| {
        [FindingId::MaxSessionUnknown, FindingId::CachedPlatformCredentials, FindingId::NotChecked].contains(&f.id)
    });
    assert!(!unknown || has_finding || !report.run.complete, "an unknown verdict counts as healthy");
}

/// The id, job and role of each finding, and whether it is waived. A waiver may change only the last.
#[must_use]
pub fn statuses(report: &Report) -> Vec<(FindingId, Option<JobName>, Option<RoleRef>, bool)> {
    let status = |f: &credential_health::findings::Finding| (f.id, f.job.clone(), f.role.clone(), f.waived.is_some());
    report.findings.iter().map(status).collect()
}
