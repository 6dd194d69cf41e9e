//! `role-tag-invalid`: a tag of a role should declare a job, and declares none, or not by its own name.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::fixes::Fix;
use crate::inventory::{JOB_KEY, RoleArn, WrongTag};
use crate::visible::without_credentials;

define!("role-tag-invalid", Medium, detect: &[Detect::Facts(find)], change_facts: &[FactKind::Problems]);

/// How many problems of a role are in a finding.
const MOST_PROBLEMS: usize = 20;

/// One finding for each role. The tags are in the order of their roles.
fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let wrong = subject.facts.role_tags.iter().flat_map(|tags| tags.declared.wrong.chunk_by(|a, b| a.role == b.role));
    out.extend(wrong.filter_map(|tags| Some(describe(subject, &tags.first()?.role, tags))));
}

fn describe(subject: &Subject<'_>, role: &RoleArn, tags: &[WrongTag]) -> Finding {
    let problems = tags
        .iter()
        .flat_map(|tag| tag.problems.iter().map(|problem| without_credentials(&format!("tag {}: {problem}", tag.key))));
    let mut problems: Vec<String> = problems.collect();
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        problems.truncate(MOST_PROBLEMS);
        problems.push(format!("{more} more"));
    }
    let owners = tags.iter().map(|tag| tag.owner.as_deref()).chain([subject.inventory.platform_owner.as_deref()]);
    let which = if tags.len() == 1 { "A tag" } else { "Tags" };
    let detail = format!(
        "The run checks only jobs whose tags it can read, each by a name of its own. The problems: {}.",
        problems.join("; ")
    );
    let first = problems.first().map(|problem| format!("The {problem}.")).unwrap_or_default();
    Finding::about_role(FindingId::RoleTagInvalid, role, None)
        .owned_by(owners)
        .evidence(Fact::Problems(problems), Provenance::Iam("Tags of GetRole"))
        .titled(format!("{which} of {} cannot be used as declared", role.name()))
        .detailed(detail)
        .because(first)
        .fixes([Fix::step(format!("Correct the tag {JOB_KEY}NAME of the role. The next run reads it again."))
            .cli(format!("aws iam list-role-tags --role-name {}", role.name()))])
}
