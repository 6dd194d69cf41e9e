//! Cautions between findings about one role: a fix of one would undo a fix of another.

use std::collections::BTreeSet;

use super::model::Finding;
use super::registry::FindingId;
use crate::fixes::Fix;
use crate::inventory::{RoleRef, Seconds};

/// Adds a caution to each finding that suggests a lower MaxSessionDuration than a fix of another finding needs.
pub(super) fn add(findings: &mut [Finding]) {
    let cautions: Vec<(usize, String)> =
        findings.iter().enumerate().filter_map(|(index, finding)| Some((index, caution(finding, findings)?))).collect();
    for (index, caution) in cautions {
        findings[index].caution = Some(caution);
    }
}

fn caution(finding: &Finding, all: &[Finding]) -> Option<String> {
    if !lowers(finding.id) {
        return None;
    }
    let (role, to) = finding.fixes.first()?.effect.max_sessions.first_key_value()?;
    let mut needed = Seconds(0);
    let mut jobs = BTreeSet::new();
    for other in all.iter().filter(|other| other.waived.is_none() && !lowers(other.id)) {
        for longest in other.fixes.iter().filter_map(|fix| longest_request(fix, role)).filter(|longest| longest > to) {
            needed = needed.max(longest);
            jobs.extend(other.job.as_ref());
        }
    }
    let first = jobs.iter().next()?;
    let others = match jobs.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Some(format!("First decide about job {first}{others}: a fix that needs {needed} from the role makes this moot."))
}

/// Whether the finding's fix lowers a MaxSessionDuration.
fn lowers(id: FindingId) -> bool {
    matches!(id, FindingId::MaxSessionOverProvisioned | FindingId::MaxSessionUnreachable)
}

/// The longest session of the role that the fix needs.
fn longest_request(fix: &Fix, role: &RoleRef) -> Option<Seconds> {
    let set = fix.effect.max_sessions.get(role).copied();
    let job = fix.effect.job.as_deref();
    let asked = job.into_iter().flat_map(|job| {
        let direct = job.path.iter().enumerate().filter(|(index, hop)| hop.role == *role && !job.is_chained(*index));
        direct.filter_map(|(_, hop)| hop.duration)
    });
    set.into_iter().chain(asked).max()
}
