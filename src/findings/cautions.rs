//! Cautions between findings about one role: a fix of one would undo a fix of another.

use std::collections::BTreeSet;

use super::evidence::Fact;
use super::model::Finding;
use crate::fixes::Fix;
use crate::inventory::{JobName, RoleRef, Seconds};

/// Adds a caution to each finding that suggests a lower MaxSessionDuration than a fix of another finding needs.
pub(super) fn add(findings: &mut [Finding]) {
    let cautions: Vec<(usize, String)> =
        findings.iter().enumerate().filter_map(|(index, finding)| Some((index, caution(finding, findings)?))).collect();
    for (index, caution) in cautions {
        findings[index].caution = Some(caution);
    }
}

fn caution(finding: &Finding, all: &[Finding]) -> Option<String> {
    let (role, to) = lowered(finding)?;
    let open = all.iter().filter(|other| other.waived.is_none() && lowered(other).is_none());
    let longer = open.flat_map(|other| {
        let requests = other.fixes.iter().filter_map(|fix| longest_request(fix, role));
        requests.filter(|longest| *longest > to).map(|longest| (longest, other.job.as_ref()))
    });
    let (lengths, jobs): (Vec<Seconds>, BTreeSet<_>) = longer.unzip();
    let needed = lengths.into_iter().max()?;
    let jobs: Vec<&JobName> = jobs.into_iter().flatten().collect();
    let first = jobs.first()?;
    let others = match jobs.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Some(format!("First decide about job {first}{others}: a fix that needs {needed} from the role makes this moot."))
}

/// The role whose MaxSessionDuration the finding's first fix lowers, and the new value.
fn lowered(finding: &Finding) -> Option<(&RoleRef, Seconds)> {
    let (role, to) = finding.fixes.first()?.effect.max_sessions.first_key_value()?;
    let is_lower = finding.evidence.iter().any(|evidence| match evidence.fact {
        Fact::MaxSession(now) => now > *to,
        _ => false,
    });
    is_lower.then_some((role, *to))
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
