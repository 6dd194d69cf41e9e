//! The JSON form of the report, `schema_version: 1`. Programs rely on it: fields are added, never renamed.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::findings::evidence::{Evidence, FactValue};
use crate::findings::{Finding, FindingId, Severity, Waived};
use crate::fixes::Fix;
use crate::inventory::{JobName, Location, RoleRef};

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for FindingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A finding.
#[derive(Serialize)]
struct FindingV1<'a> {
    id: FindingId,
    severity: Severity,
    job: Option<&'a JobName>,
    role: Option<&'a RoleRef>,
    hop: Option<usize>,
    owner: &'a str,
    title: &'a str,
    detail: &'a str,
    evidence: EvidenceV1<'a>,
    remediation: &'a [Fix],
    runbook: &'a str,
    fingerprint: &'a str,
    waived: Option<WaivedV1<'a>>,
    location: Option<&'a Location>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FindingV1 {
            id: self.id,
            severity: self.severity,
            job: self.job.as_ref(),
            role: self.role.as_ref(),
            hop: self.hop,
            owner: &self.owner,
            title: &self.title,
            detail: &self.detail,
            evidence: EvidenceV1(&self.evidence),
            remediation: &self.fixes,
            runbook: &self.runbook,
            fingerprint: &self.fingerprint,
            waived: self.waived.as_ref().map(WaivedV1::from),
            location: self.location.as_ref(),
        }
        .serialize(serializer)
    }
}

/// The facts of a finding.
pub(super) struct EvidenceV1<'a>(pub(super) &'a [Evidence]);

#[derive(Serialize)]
struct FactV1<'a> {
    name: &'static str,
    value: ValueV1<'a>,
    source: String,
}

struct ValueV1<'a>(FactValue<'a>);

impl Serialize for EvidenceV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut facts = serializer.serialize_seq(Some(self.0.len()))?;
        for Evidence { fact, provenance } in self.0 {
            let value = ValueV1(fact.value());
            facts.serialize_element(&FactV1 { name: fact.kind().name(), value, source: provenance.to_string() })?;
        }
        facts.end()
    }
}

impl Serialize for ValueV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            FactValue::Seconds(seconds) => serializer.serialize_u64(seconds.0),
            FactValue::Number(number) => serializer.serialize_i64(*number),
            FactValue::Flag(flag) => serializer.serialize_bool(*flag),
            FactValue::Text(text) => serializer.serialize_str(text),
            FactValue::List(items) => serializer.collect_seq(items),
        }
    }
}

/// One way to fix a finding.
#[derive(Serialize)]
struct FixV1<'a> {
    step: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cli: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloudformation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform: Option<&'a str>,
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { step, cli, cloudformation, terraform } = self;
        let (cli, cloudformation) = (cli.as_deref(), cloudformation.as_deref());
        FixV1 { step, cli, cloudformation, terraform: terraform.as_deref() }.serialize(serializer)
    }
}

#[derive(Serialize)]
struct WaivedV1<'a> {
    until: String,
    reason: &'a str,
    approver: Option<&'a str>,
}

impl<'a> From<&'a Waived> for WaivedV1<'a> {
    fn from(waived: &'a Waived) -> Self {
        Self { until: waived.until.to_string(), reason: &waived.reason, approver: waived.approver.as_deref() }
    }
}
