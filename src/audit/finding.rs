//! A finding: what a person should act on, with the facts it stands on. Owns its shape and its fingerprint.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::finding::{FindingId, Severity};
use crate::inventory::{Job, Location, RoleArn, Waiver, hex};
use crate::remedy::Remedy;

/// Who gets what belongs to nobody.
pub const UNOWNED: &str = "unowned";

/// Something that a person should act on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it says.
    pub id: FindingId,
    /// How much it matters.
    pub severity: Severity,
    /// The job it is about; `None`: a role, or the run.
    pub job: Option<String>,
    /// The role's full ARN.
    pub role: Option<String>,
    /// The hop, 0-based; `None` for the source.
    pub hop: Option<usize>,
    /// Who gets it.
    pub owner: String,
    /// One line.
    pub title: String,
    /// A few sentences.
    pub detail: String,
    /// The numbers and texts it stands on, each with its source.
    pub evidence: Vec<Evidence>,
    /// What to do, the best first.
    pub remediation: Vec<Remedy>,
    /// The page about this id.
    pub runbook: String,
    /// The same for the same problem from run to run: of id, job, role and hop.
    pub fingerprint: String,
    /// The waiver that applies.
    pub waived: Option<Waived>,
    /// Where the inventory declares what it is about; `None` for the run itself.
    pub location: Option<Location>,
}

/// A number or a text that a finding stands on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// What it is.
    pub name: &'static str,
    /// The value; durations are in seconds.
    pub value: Value,
    /// Where it comes from.
    pub source: String,
}

/// The waiver that applies to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// The last day it holds (UTC).
    pub until: String,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub approver: Option<String>,
}

impl From<&Waiver> for Waived {
    fn from(waiver: &Waiver) -> Self {
        Self { until: waiver.until.to_string(), reason: waiver.reason.clone(), approver: waiver.approver.clone() }
    }
}

impl Finding {
    /// A finding with nothing said yet.
    pub(super) fn new(id: FindingId, job: Option<&str>, role: Option<&str>, hop: Option<usize>) -> Self {
        Self {
            id,
            severity: id.severity(),
            job: job.map(str::to_owned),
            role: role.map(str::to_owned),
            hop,
            owner: UNOWNED.to_owned(),
            title: String::new(),
            detail: String::new(),
            evidence: Vec::new(),
            remediation: Vec::new(),
            runbook: format!("docs/findings/{id}.md"),
            fingerprint: fingerprint(id, job, role, hop),
            waived: None,
            location: None,
        }
    }

    /// The order of findings: the worst first, then by id, job, role and hop.
    pub(super) fn rank(&self) -> impl Ord + '_ {
        (std::cmp::Reverse(self.severity), self.id, &self.job, &self.role, self.hop)
    }

    pub(super) fn about_job(id: FindingId, job: &Job, hop: Option<usize>) -> Self {
        let role = hop.and_then(|hop| job.path.get(hop)).map(|hop| hop.role.as_str());
        Self::new(id, Some(&job.name), role, hop).owned_by(job.owner.as_deref()).located(Some(job.location.clone()))
    }

    pub(super) fn about_role(id: FindingId, role: &RoleArn, hop: Option<usize>) -> Self {
        Self::new(id, None, Some(role.as_str()), hop)
    }

    /// The same finding at a hop: another fingerprint.
    pub(super) fn at_hop(self, hop: Option<usize>) -> Self {
        let fingerprint = fingerprint(self.id, self.job.as_deref(), self.role.as_deref(), hop);
        Self { hop, fingerprint, ..self }
    }

    pub(super) fn owned_by(self, owner: Option<&str>) -> Self {
        Self { owner: owner.unwrap_or(UNOWNED).to_owned(), ..self }
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

    pub(super) fn evidence(mut self, name: &'static str, value: impl Into<Value>, source: impl Into<String>) -> Self {
        self.evidence.push(Evidence { name, value: value.into(), source: source.into() });
        self
    }

    pub(super) fn remedies(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remediation.extend(remedies);
        self
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of id, job, role and hop.
fn fingerprint(id: FindingId, job: Option<&str>, role: Option<&str>, hop: Option<usize>) -> String {
    let hop = hop.map(|hop| hop.to_string());
    let parts = [Some(id.as_str()), job, role, hop.as_deref()];
    // A unit separator cannot occur in a part, and an absent part differs from an empty one.
    let text: Vec<String> =
        parts.into_iter().map(|part| part.map_or_else(|| "-".to_owned(), |part| format!("={part}"))).collect();
    hex(&Sha256::digest(text.join("\u{1f}")))[..16].to_owned()
}
