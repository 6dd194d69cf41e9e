//! One explained job, for programs. Versioned like the report: fields are added, never renamed. Durations are in
//! seconds.

use serde::Serialize;
use serde_json::{Value, json};

use super::Explanation;
use super::advice::advise;
use crate::findings::Finding;
use crate::fixes::search::{Fit, Way};
use crate::fixes::{Fix, Part};
use crate::inventory::{Location, ParameterValue, Refresh, RoleRef, Seconds, Source};
use crate::lease::{Grant, LimitedBy, Verdict};
use crate::measured::MeasuredBy;
use crate::report::MaxSessionFrom;
use crate::report::v1::{FindingV1, FixV1, PlannedV1};

#[derive(Serialize)]
struct Explained<'a> {
    schema_version: u32,
    job: ExplainedJob<'a>,
    /// The job is already covered.
    fits: bool,
    /// Ways to cover the job, the least change first; any one of them suffices.
    ways: Vec<ExplainedWay>,
    /// The longest run with a way, if no way exists for the declared run; null if no run has a way.
    longest_run_seconds: Option<Seconds>,
    #[serde(serialize_with = "findings")]
    findings: &'a [Finding],
    /// The start of the run with the live values.
    live_values_of: Option<&'a str>,
    /// The job's roles in the given templates and plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<PlannedV1<'a>>,
}

#[derive(Serialize)]
struct ExplainedJob<'a> {
    name: &'a str,
    owner: Option<&'a str>,
    location: &'a Location,
    verdict: Verdict,
    source: Value,
    hops: Vec<ExplainedHop<'a>>,
    refresh: &'static str,
    refresh_every_seconds: Option<Seconds>,
    length_seconds: Seconds,
    pause_seconds: Seconds,
    margin_seconds: Seconds,
    needed_seconds: Seconds,
    lease_seconds: Option<Seconds>,
    lapses_after_seconds: Option<Seconds>,
    headroom_seconds: Option<i64>,
    limited_by: Option<LimitedBy>,
    limiting_hop: Option<usize>,
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured_by: Option<Value>,
}

#[derive(Serialize)]
struct ExplainedHop<'a> {
    role: &'a RoleRef,
    alias: Option<String>,
    chained: bool,
    /// The effective request: the client's value, or STS's default.
    requested_seconds: Seconds,
    /// Whether the client sends the value.
    requested: bool,
    cap_seconds: Option<Seconds>,
    max_session_duration_seconds: Option<Seconds>,
    /// `iam`, `planned` or `declared`.
    max_session_duration_from: Option<MaxSessionFrom>,
    lease_seconds: Option<Seconds>,
    /// `granted`, `refused`, `not-known`, or `not-reached` after a refused request.
    grant: &'static str,
}

#[derive(Serialize)]
struct ExplainedWay {
    summary: String,
    /// The steps in order.
    /// Serialized through the report's form of a fix.
    #[serde(serialize_with = "steps")]
    steps: Vec<Fix>,
    /// The changed keys of the job, as YAML of the inventory.
    job: String,
    /// The changes under `roles`, as YAML; empty if none.
    roles: String,
    lease_seconds: Option<Seconds>,
    lapses_after_seconds: Option<Seconds>,
    headroom_seconds: Option<i64>,
}

impl Explanation<'_> {
    /// The explanation as JSON of schema version 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (ways, longest) = match &self.fit {
            Fit::Fits => (&[][..], None),
            Fit::Ways(ways) => (ways.as_slice(), None),
            Fit::Nothing { longest } => (&[][..], *longest),
        };
        let explained = Explained {
            schema_version: 1,
            job: self.job_as_json(),
            fits: self.fit == Fit::Fits,
            ways: ways.iter().map(|way| self.way_as_json(way)).collect(),
            longest_run_seconds: longest,
            findings: &self.findings,
            live_values_of: self.read_at.as_deref(),
            planned: self.planned.as_ref().map(PlannedV1::from),
        };
        // Serialization cannot fail: every key is a text.
        serde_json::to_string_pretty(&explained).unwrap_or_default()
    }

    fn job_as_json(&self) -> ExplainedJob<'_> {
        let (job, judgement) = (self.job, &self.judgement);
        let hops = job.path.iter().zip(&judgement.hops).map(|(hop, lease)| {
            let max = self.max_session(&hop.role);
            let (grant, granted) = match &lease.grant {
                Some(Grant::Granted(seconds)) => ("granted", Some(*seconds)),
                Some(Grant::Refused(_)) => ("refused", None),
                Some(Grant::NotKnown) => ("not-known", None),
                None => ("not-reached", None),
            };
            ExplainedHop {
                role: &hop.role,
                alias: self.inventory.declared_for(self.job, &hop.role).and_then(|role| role.alias.clone()),
                chained: lease.chained,
                requested_seconds: lease.requested,
                requested: lease.stated,
                cap_seconds: lease.cap,
                max_session_duration_seconds: max.map(|(max, _)| max),
                max_session_duration_from: max.map(|(_, from)| from),
                lease_seconds: granted,
                grant,
            }
        });
        let (refresh, every) = match job.refresh {
            Refresh::None | Refresh::NotKnown => ("none", None),
            Refresh::Auto => ("auto", None),
            Refresh::Every(every) => ("every", Some(every)),
        };
        ExplainedJob {
            name: &job.name,
            owner: job.owner.as_deref(),
            location: &job.location,
            verdict: judgement.verdict,
            source: source(&job.source),
            hops: hops.collect(),
            refresh,
            refresh_every_seconds: every,
            length_seconds: job.length,
            pause_seconds: job.pause,
            margin_seconds: job.margin,
            needed_seconds: judgement.needed,
            lease_seconds: judgement.lease,
            lapses_after_seconds: judgement.end,
            headroom_seconds: judgement.headroom,
            limited_by: judgement.limited_by,
            limiting_hop: judgement.limiting_hop,
            confirmed: judgement.confirmed,
            measured_by: job
                .measured_by
                .as_ref()
                .map(|MeasuredBy { kind, name, scope }| json!({"kind": kind.as_str(), "name": name, "scope": scope})),
        }
    }

    fn way_as_json(&self, way: &Way) -> ExplainedWay {
        let advice = advise(&self.place, self.job, way, &|role| self.max_session(role).map(|(max, _)| max));
        ExplainedWay {
            summary: advice.heading,
            steps: advice.fix.parts.into_iter().map(Part::into_fix).collect(),
            job: advice.job,
            roles: advice.roles,
            lease_seconds: way.judgement.lease,
            lapses_after_seconds: way.judgement.end,
            headroom_seconds: way.judgement.headroom,
        }
    }
}

/// The source's kind with its parameters.
fn source(source: &Source) -> Value {
    let parameters = source.parameters().into_iter().map(|(parameter, value)| match value {
        ParameterValue::Duration(duration) => (format!("{}_seconds", parameter.name), json!(duration)),
        ParameterValue::Flag(flag) => (parameter.name.to_owned(), json!(flag)),
        ParameterValue::Role(role) => (parameter.name.to_owned(), json!(role)),
        ParameterValue::Name(name) => (parameter.name.to_owned(), json!(name)),
    });
    std::iter::once(("kind".to_owned(), json!(source.kind()))).chain(parameters).collect()
}

fn findings<S: serde::Serializer>(findings: &&[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(FindingV1::from))
}

fn steps<S: serde::Serializer>(fixes: &[Fix], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fixes.iter().map(FixV1::from))
}
