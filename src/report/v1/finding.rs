//! Findings in the JSON report, the messages and `explain`.

use std::borrow::Cow;

use serde::Serialize;

use crate::findings::evidence::{Evidence, FactValue};
use crate::findings::{Finding, FindingId, Severity, Waived};
use crate::fixes::{Block, BlockKind, Fix, Part};
use crate::inventory::{JobName, Location, RoleRef, Seconds};

/// A finding in the report and the messages.
#[derive(Serialize)]
pub(crate) struct FindingV1<'a> {
    id: FindingId,
    severity: Severity,
    job: Option<&'a JobName>,
    role: Option<&'a RoleRef>,
    hop: Option<usize>,
    owner: &'a str,
    owners: &'a [String],
    title: &'a str,
    detail: &'a str,
    evidence: Vec<FactV1<'a>>,
    remediation: Vec<FixV1<'a>>,
    runbook: &'a str,
    fingerprint: &'a str,
    waived: Option<WaivedV1<'a>>,
    location: Option<&'a Location>,
}

impl<'a> From<&'a Finding> for FindingV1<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            id: finding.id,
            severity: finding.severity,
            job: finding.job.as_ref(),
            role: finding.role.as_ref(),
            hop: finding.hop,
            owner: &finding.owner,
            owners: &finding.owners,
            title: &finding.title,
            detail: &finding.detail,
            evidence: finding.evidence.iter().map(FactV1::from).collect(),
            remediation: finding.fixes.iter().map(FixV1::from).collect(),
            runbook: &finding.runbook,
            fingerprint: &finding.fingerprint,
            waived: finding.waived.as_ref().map(WaivedV1::from),
            location: finding.location.as_ref(),
        }
    }
}

/// A fact of a finding.
#[derive(Serialize)]
pub(crate) struct FactV1<'a> {
    name: &'static str,
    value: ValueV1<'a>,
    source: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueV1<'a> {
    Seconds(Seconds),
    Number(i64),
    Flag(bool),
    Text(String),
    List(Vec<Cow<'a, str>>),
}

impl<'a> From<&'a Evidence> for FactV1<'a> {
    fn from(Evidence { fact, provenance }: &'a Evidence) -> Self {
        let value = match fact.value() {
            FactValue::Seconds(seconds) => ValueV1::Seconds(seconds),
            FactValue::Number(number) => ValueV1::Number(number),
            FactValue::Flag(flag) => ValueV1::Flag(flag),
            FactValue::Text(text) => ValueV1::Text(text),
            FactValue::List(items) => ValueV1::List(items),
        };
        Self { name: fact.kind().name(), value, source: provenance.to_string() }
    }
}

/// A fix of a finding in the report and `explain`.
#[derive(Serialize)]
pub(crate) struct FixV1<'a> {
    step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cli: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloudformation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform: Option<String>,
    /// The parts in order, if the fix has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartV1<'a>>,
}

#[derive(Serialize)]
struct PartV1<'a> {
    step: &'a str,
    blocks: Vec<BlockV1<'a>>,
}

#[derive(Serialize)]
struct BlockV1<'a> {
    kind: &'static str,
    text: &'a str,
}

impl<'a> From<&'a Fix> for FixV1<'a> {
    fn from(fix: &'a Fix) -> Self {
        let part = |Part { step, blocks }: &'a Part| PartV1 {
            step,
            blocks: blocks.iter().map(|Block { kind, text }| BlockV1 { kind: kind.as_str(), text }).collect(),
        };
        let is_in_parts = fix.parts.len() > 1;
        Self {
            step: fix.sentences(),
            cli: fix.commands(),
            cloudformation: fix.lines_of(BlockKind::CloudFormation),
            terraform: fix.lines_of(BlockKind::Terraform),
            parts: fix.parts.iter().filter(|_| is_in_parts).map(part).collect(),
        }
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
