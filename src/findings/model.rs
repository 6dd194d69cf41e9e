//! A finding: a problem that needs action by a person, with its evidence. Owns the shape and the fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::evidence::{Evidence, Fact, Provenance};
use super::registry::{FindingId, Severity};
use super::{ChangeKey, change_key};
use crate::fixes::Fix;
use crate::inventory::{Job, JobName, Location, RoleRef, Waiver, hex};

/// The sentence about a verdict that depends on an unconfirmed number.
pub(crate) const UNCONFIRMED: &str = "Unconfirmed: this verdict depends on a length that no text of AWS and no \
                                      measurement states. The real length may differ.";
/// The owner of findings whose jobs have none.
pub const UNOWNED: &str = "unowned";
/// The `owner` of a finding with several owners.
pub const SHARED: &str = "shared";

/// A problem that needs action by a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The id of the finding.
    pub id: FindingId,
    /// The severity.
    pub severity: Severity,
    /// The affected job; `None`: the finding is about a role or the run.
    pub job: Option<JobName>,
    /// The affected role.
    pub role: Option<RoleRef>,
    /// The hop, 0-based; `None` for the source.
    pub hop: Option<usize>,
    /// The owner; `shared` if the finding has several owners.
    pub owner: String,
    /// The owners of the affected jobs, sorted. Each owner is notified.
    pub owners: Vec<String>,
    /// A title of one line.
    pub title: String,
    /// A description of a few sentences.
    pub detail: String,
    /// Why the problem exists, in a sentence, if the title does not say it.
    pub why: Option<String>,
    /// A sentence about another finding whose fixes this one's could undo.
    pub caution: Option<String>,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// Fixes, the best first.
    pub fixes: Vec<Fix>,
    /// The address of the page about this finding.
    pub runbook: String,
    /// A hash of id, job, role and hop, equal in all runs with the same problem.
    pub fingerprint: String,
    /// The waiver that covers the finding.
    pub waived: Option<Waived>,
    /// Where the inventory declares the job or role; `None` for a finding about the run.
    pub location: Option<Location>,
}

/// The waiver that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// The last day of the waiver (UTC).
    pub until: jiff::civil::Date,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub approver: Option<String>,
    /// The file of the waiver.
    pub file: std::sync::Arc<str>,
}

impl From<&Waiver> for Waived {
    fn from(waiver: &Waiver) -> Self {
        let Waiver { until, reason, approver, location, .. } = waiver.clone();
        Self { until, reason, approver, file: location.file }
    }
}

impl Finding {
    /// A finding without title, detail, evidence and fixes.
    pub(super) fn new(id: FindingId, job: Option<JobName>, role: Option<RoleRef>, hop: Option<usize>) -> Self {
        let fingerprint = fingerprint(id, job.as_ref(), role.as_ref(), hop);
        Self {
            id,
            severity: id.severity(),
            job,
            role,
            hop,
            owner: UNOWNED.to_owned(),
            owners: vec![UNOWNED.to_owned()],
            title: String::new(),
            detail: String::new(),
            why: None,
            caution: None,
            evidence: Vec::new(),
            fixes: Vec::new(),
            runbook: page(env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"), id),
            fingerprint,
            waived: None,
            location: None,
        }
    }

    /// The sort key of findings: the worst first, then by id, job, role and hop.
    pub(crate) fn rank(&self) -> impl Ord + '_ {
        (std::cmp::Reverse(self.severity), self.id, &self.job, &self.role, self.hop)
    }

    pub(super) fn about_job(id: FindingId, job: &Job, hop: Option<usize>) -> Self {
        let role = hop.and_then(|hop| job.path.get(hop)).map(|hop| hop.role.clone());
        let finding = Self::new(id, Some(job.name.clone()), role, hop);
        finding.owned_by_each([job]).located(Some(job.location.clone()))
    }

    pub(super) fn about_role(id: FindingId, role: impl Into<RoleRef>, hop: Option<usize>) -> Self {
        Self::new(id, None, Some(role.into()), hop)
    }

    /// A finding about a file of the inventory: one for each file.
    pub(super) fn of_file(id: FindingId, file: &std::sync::Arc<str>) -> Self {
        let name = JobName::from(&**file);
        let fingerprint = fingerprint(id, Some(&name), None, None);
        let location = Location::start_of(file.clone());
        Self { fingerprint, ..Self::new(id, None, None, None) }.located(Some(location))
    }

    /// The finding with these owners; `unowned` where none is known.
    pub(super) fn owned_by<'a>(self, owners: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let owners: BTreeSet<&str> = owners.into_iter().flatten().collect();
        self.with_owners(owners)
    }

    /// The same finding at a hop, with another fingerprint.
    pub(super) fn at_hop(self, hop: Option<usize>) -> Self {
        let fingerprint = fingerprint(self.id, self.job.as_ref(), self.role.as_ref(), hop);
        Self { hop, fingerprint, ..self }
    }

    /// The finding with the owner of each of these jobs; a job without an owner counts as `unowned`.
    pub(super) fn owned_by_each<'a>(self, jobs: impl IntoIterator<Item = &'a Job>) -> Self {
        self.with_owners(jobs.into_iter().map(|job| job.owner.as_deref().unwrap_or(UNOWNED)).collect())
    }

    fn with_owners(self, owners: BTreeSet<&str>) -> Self {
        let owners: Vec<String> = owners.into_iter().map(str::to_owned).collect();
        match &owners[..] {
            [] => self,
            [only] => Self { owner: only.clone(), owners, ..self },
            _ => Self { owner: SHARED.to_owned(), owners, ..self },
        }
    }

    pub(super) fn located(self, location: Option<Location>) -> Self {
        Self { location, ..self }
    }

    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    pub(super) fn detailed(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    pub(super) fn evidence(mut self, fact: Fact, provenance: Provenance) -> Self {
        self.evidence.push(Evidence { fact, provenance });
        self
    }

    /// Says that the verdict depends on an unconfirmed number.
    pub(super) fn unconfirmed(self) -> Self {
        let detail = format!("{} {UNCONFIRMED}", self.detail);
        let how = Provenance::Derived("no text of AWS and no measurement states this length");
        self.detailed(detail).evidence(Fact::Confirmed(false), how)
    }

    pub(super) fn fixes(mut self, fixes: impl IntoIterator<Item = Fix>) -> Self {
        self.fixes.extend(fixes);
        self
    }

    /// The jobs that the finding concerns: its own job, or those that use its role.
    pub fn jobs(&self) -> impl Iterator<Item = &JobName> {
        let of_role = self.evidence.iter().filter(|_| self.job.is_none()).filter_map(|evidence| match &evidence.fact {
            Fact::Jobs(jobs) => Some(jobs),
            _ => None,
        });
        self.job.iter().chain(of_role.flatten())
    }

    /// The facts by name whose change is published.
    #[must_use]
    pub fn change_key(&self) -> ChangeKey {
        let facts = self.evidence.iter().map(|evidence| &evidence.fact);
        let counted = facts.filter(|fact| self.id.definition().change_facts.contains(&fact.kind()));
        let mut key = BTreeMap::new();
        counted.for_each(|fact| change_key::add(&mut key, fact));
        change_key::shorten(key)
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of id, job, role and hop.
fn fingerprint(id: FindingId, job: Option<&JobName>, role: Option<&RoleRef>, hop: Option<usize>) -> String {
    let hop = hop.map(|hop| hop.to_string());
    let parts = [Some(id.as_str()), job.map(JobName::as_str), role.map(RoleRef::as_str), hop.as_deref()];
    // A unit separator cannot occur in a part, and an absent part differs from an empty one.
    let text: Vec<String> =
        parts.into_iter().map(|part| part.map_or_else(|| "-".to_owned(), |part| format!("={part}"))).collect();
    hex(&Sha256::digest(text.join("\u{1f}")))[..16].to_owned()
}

/// The page of a finding: on the web where Cargo.toml names a repository, else its path in the repository, which
/// `explain ID` prints.
fn page(repository: &str, version: &str, id: FindingId) -> String {
    let path = format!("docs/findings/{id}.md");
    match repository.trim_end_matches('/') {
        "" => path,
        address => format!("{address}/blob/v{version}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_finding_is_on_the_web_once_the_repository_has_an_address() {
        let page = |repository| page(repository, "1.2.3", FindingId::ThinMargin);
        assert_eq!(page(""), "docs/findings/thin-margin.md");
        let published = "https://github.com/OWNER/credential-health/blob/v1.2.3/docs/findings/thin-margin.md";
        assert_eq!(page("https://github.com/OWNER/credential-health"), published);
        assert_eq!(page("https://github.com/OWNER/credential-health/"), published);
    }
}
