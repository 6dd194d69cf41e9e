//! The JSON form of the report, `schema_version: 1`. Programs rely on it: fields are added, never renamed. Holds the
//! words of the typed model's values, which other forms print too.

mod finding;
mod planned;
mod role_tags;
mod run;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

pub(crate) use finding::FindingV1;
#[cfg(feature = "cli")]
pub(crate) use finding::{FactV1, FixV1};
pub(crate) use planned::PlannedV1;
use role_tags::RoleTagCoverageV1;
pub(crate) use run::RunV1;
use run::WholeRunV1;

use super::{
    Coverage, HopOutcome, HopReport, JobReport, MaxSessionFrom, NotCheckedReason, NotCheckedRole, NotJudged,
    NotReadReason, NotReadSetting, NotWalkedPath, Report, RoleReport, Summary, Trigger, ValueFrom, Walk,
};
use crate::findings::{Finding, FindingId, Severity};
use crate::inventory::{Diagnostic, JobName, LengthFrom, LiveSetting, Location, RoleRef, Seconds};
use crate::lease::{LimitedBy, Verdict};
use crate::visible;

/// The version of the report and of the messages.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Serializes a value as its word.
macro_rules! serialize_as_word {
    ($($value:ty => $word:expr;)*) => {
        $(impl Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let word: fn(&$value) -> String = $word;
                serializer.serialize_str(&word(self))
            }
        })*
    };
}

serialize_as_word! {
    Severity => |severity| severity.as_str().to_owned();
    FindingId => |id| id.as_str().to_owned();
    Verdict => |verdict| verdict.as_str().to_owned();
    LimitedBy => |limit| limit_word(*limit).to_owned();
    Walk => |walk| walk_word(*walk).to_owned();
    Trigger => |trigger| trigger_word(*trigger).to_owned();
    LengthFrom => |from| length_from_word(*from).to_owned();
    MaxSessionFrom => |from| max_session_from_word(*from).to_owned();
    HopOutcome => |outcome| outcome_word(*outcome).to_owned();
    NotCheckedReason => |reason| not_checked_word(*reason);
}

/// The word of a job's limit.
pub(super) const fn limit_word(limit: LimitedBy) -> &'static str {
    match limit {
        LimitedBy::DurationRange => "duration-range",
        LimitedBy::SourceCannotAssume => "source-cannot-assume",
        LimitedBy::MaxSessionDuration => "max-session-duration",
        LimitedBy::RoleChaining => "role-chaining",
        LimitedBy::Platform => "platform",
        LimitedBy::RefreshInterval => "refresh-interval",
        LimitedBy::SourceSession => "source-session",
        LimitedBy::PortalSession => "portal-session",
        LimitedBy::SigninSession => "signin-session",
        LimitedBy::CopiedSession => "copied-session",
        LimitedBy::IdentityToken => "identity-token",
        LimitedBy::Mfa => "mfa",
        LimitedBy::StsMaximum => "sts-maximum",
        LimitedBy::RequestedDuration => "requested-duration",
        LimitedBy::DefaultDuration => "default-duration",
    }
}

/// The word of a path's walk.
pub(super) const fn walk_word(walk: Walk) -> &'static str {
    match walk {
        Walk::Walked => "walked",
        Walk::Failed => "failed",
        Walk::NotWalked => "not-walked",
    }
}

const fn trigger_word(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Schedule => "schedule",
        Trigger::Manual => "manual",
        Trigger::Cloudtrail => "cloudtrail",
        Trigger::Cli => "cli",
    }
}

const fn length_from_word(from: LengthFrom) -> &'static str {
    match from {
        LengthFrom::Declared => "declared",
        LengthFrom::Configured => "configured",
        LengthFrom::Assumed | LengthFrom::LongestTimeout => "assumed",
        LengthFrom::Measured => "measured",
        LengthFrom::Observed => "observed",
    }
}

/// The word of a MaxSessionDuration's origin.
pub(super) const fn max_session_from_word(from: MaxSessionFrom) -> &'static str {
    match from {
        MaxSessionFrom::Iam => "iam",
        MaxSessionFrom::Planned => "planned",
        MaxSessionFrom::Declared => "declared",
    }
}

/// The word of the reason why a setting was not read.
fn not_read_word(reason: NotReadReason) -> String {
    match reason {
        NotReadReason::Offline => "offline".to_owned(),
        NotReadReason::NoReader => "no-reader".to_owned(),
        NotReadReason::CallFailed(class) => class.as_str().to_owned(),
        NotReadReason::ReaderNotAssumed(class) => format!("reader-{}", class.as_str()),
    }
}

/// The word of the walk's result at a hop.
const fn outcome_word(outcome: HopOutcome) -> &'static str {
    match outcome {
        HopOutcome::Assumed => "assumed",
        HopOutcome::Offline => "offline",
        HopOutcome::Declared => "declared",
        HopOutcome::NotReached => "not-reached",
        HopOutcome::Failed(class) => class.as_str(),
    }
}

/// The word of the reason why a role was not checked.
fn not_checked_word(reason: NotCheckedReason) -> String {
    match reason {
        NotCheckedReason::Offline => "offline".to_owned(),
        NotCheckedReason::NameNotKnown => "name-not-known".to_owned(),
        NotCheckedReason::NotReached => "not-reached".to_owned(),
        NotCheckedReason::NoReader => "no-reader".to_owned(),
        NotCheckedReason::Assume(class) => class.as_str().to_owned(),
        NotCheckedReason::Describe(class) => format!("describe-{}", class.as_str()),
        NotCheckedReason::Reader(class) => format!("reader-{}", class.as_str()),
    }
}

/// A report. Jobs and findings are serialized one by one, so that a large report is not held twice.
#[derive(Serialize)]
struct ReportV1<'a> {
    schema_version: u32,
    run: WholeRunV1<'a>,
    summary: SummaryV1,
    coverage: CoverageV1<'a>,
    jobs: JobsV1<'a>,
    roles: Vec<RoleV1<'a>>,
    #[serde(serialize_with = "findings")]
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<PlannedV1<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_judged: Vec<NotJudgedV1<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// The notes about places in the files of the input.
fn input_notes(report: &Report) -> impl Iterator<Item = String> {
    let line = |Diagnostic { location, message, help, .. }: &Diagnostic| {
        visible::printable(&format!("{location}: {message}. To do: {help}."))
    };
    report.input_notes.iter().map(line)
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ReportV1 {
            schema_version: SCHEMA_VERSION,
            run: WholeRunV1::from(&self.run),
            summary: SummaryV1::from(&self.summary),
            coverage: CoverageV1::from(&self.coverage),
            jobs: JobsV1(self),
            roles: self.roles.iter().map(RoleV1::from).collect(),
            findings: &self.findings,
            planned: self.planned.as_ref().map(PlannedV1::from),
            not_judged: self.not_judged.iter().map(NotJudgedV1::from).collect(),
            notes: self.all_notes().into_iter().map(str::to_owned).chain(input_notes(self)).collect(),
        }
        .serialize(serializer)
    }
}

/// The jobs of a report. Without lengths, no headroom follows.
struct JobsV1<'a>(&'a Report);

impl Serialize for JobsV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_lengths = self.0.has_lengths();
        serializer.collect_seq(self.0.jobs.iter().map(JobV1::from).map(|job| match has_lengths {
            true => job,
            false => JobV1 { length_known: Some(false), headroom_seconds: None, ..job },
        }))
    }
}

fn findings<S: Serializer>(findings: &&[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(FindingV1::from))
}

/// The counts in the report and the messages.
#[derive(Serialize)]
pub(crate) struct SummaryV1 {
    jobs: usize,
    roles: usize,
    verdicts: BTreeMap<&'static str, usize>,
    findings: BTreeMap<&'static str, usize>,
    waived: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    waived_by_file: BTreeMap<String, usize>,
}

impl From<&Summary> for SummaryV1 {
    fn from(summary: &Summary) -> Self {
        Self {
            jobs: summary.jobs,
            roles: summary.roles,
            verdicts: summary.verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect(),
            findings: summary.findings.iter().map(|(severity, count)| (severity.as_str(), *count)).collect(),
            waived: summary.waived,
            waived_by_file: summary.waived_by_file.clone(),
        }
    }
}

#[derive(Serialize)]
struct CoverageV1<'a> {
    roles: RoleCoverageV1<'a>,
    paths: PathCoverageV1<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<SettingCoverageV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_tags: Option<RoleTagCoverageV1<'a>>,
}

#[derive(Serialize)]
struct SettingCoverageV1<'a> {
    total: usize,
    read: usize,
    values: Vec<ReadV1<'a>>,
    not_read: Vec<NotReadV1<'a>>,
}

#[derive(Serialize)]
struct ReadV1<'a> {
    kind: &'static str,
    name: &'a str,
    seconds: Seconds,
}

#[derive(Serialize)]
struct NotReadV1<'a> {
    kind: &'static str,
    name: &'a str,
    used: &'static str,
    reason: String,
    error: Option<String>,
}

#[derive(Serialize)]
struct RoleCoverageV1<'a> {
    total: usize,
    assumed: usize,
    described: usize,
    not_checked: Vec<NotCheckedV1<'a>>,
}

#[derive(Serialize)]
struct NotCheckedV1<'a> {
    role: &'a RoleRef,
    reason: NotCheckedReason,
}

#[derive(Serialize)]
struct PathCoverageV1<'a> {
    total: usize,
    walked: usize,
    not_walked: Vec<NotWalkedV1<'a>>,
}

#[derive(Serialize)]
struct NotWalkedV1<'a> {
    job: &'a JobName,
    hop: Option<usize>,
    reason: HopOutcome,
}

impl<'a> From<&'a Coverage> for CoverageV1<'a> {
    fn from(Coverage { roles, paths, settings, role_tags }: &'a Coverage) -> Self {
        let read = |(setting, seconds): &'a (LiveSetting, Seconds)| ReadV1 {
            kind: setting.kind(),
            name: setting.as_str(),
            seconds: *seconds,
        };
        let not_read = |NotReadSetting { setting, used, reason, failure }: &'a NotReadSetting| NotReadV1 {
            kind: setting.kind(),
            name: setting.as_str(),
            used: used.as_str(),
            reason: not_read_word(*reason),
            error: failure.as_ref().map(|failure| format!("{}: {}", failure.operation.action(), failure.answer)),
        };
        let not_checked = |NotCheckedRole { role, reason }: &'a NotCheckedRole| NotCheckedV1 { role, reason: *reason };
        let not_walked =
            |NotWalkedPath { job, hop, reason }: &'a NotWalkedPath| NotWalkedV1 { job, hop: *hop, reason: *reason };
        Self {
            roles: RoleCoverageV1 {
                total: roles.total,
                assumed: roles.assumed,
                described: roles.described,
                not_checked: roles.not_checked.iter().map(not_checked).collect(),
            },
            paths: PathCoverageV1 {
                total: paths.total,
                walked: paths.walked,
                not_walked: paths.not_walked.iter().map(not_walked).collect(),
            },
            settings: (settings.total > 0).then(|| SettingCoverageV1 {
                total: settings.total,
                read: settings.read.len(),
                values: settings.read.iter().map(read).collect(),
                not_read: settings.not_read.iter().map(not_read).collect(),
            }),
            role_tags: RoleTagCoverageV1::of(role_tags),
        }
    }
}

#[derive(Serialize)]
struct JobV1<'a> {
    name: &'a JobName,
    owner: Option<&'a str>,
    length_from: LengthFrom,
    /// `false`: how long the job runs is not declared. The verdict is that of a job of no length: whether it can start.
    #[serde(skip_serializing_if = "Option::is_none")]
    length_known: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_from: Option<&'static str>,
    verdict: Verdict,
    walk: Walk,
    needed_seconds: Seconds,
    lease_seconds: Option<Seconds>,
    lapses_after_seconds: Option<Seconds>,
    headroom_seconds: Option<i64>,
    limited_by: Option<LimitedBy>,
    limiting_hop: Option<usize>,
    confirmed: bool,
    hops: Vec<HopV1<'a>>,
    location: &'a Location,
}

#[derive(Serialize)]
struct HopV1<'a> {
    role: &'a RoleRef,
    chained: bool,
    requested_seconds: Seconds,
    cap_seconds: Option<Seconds>,
    lease_seconds: Option<Seconds>,
    outcome: HopOutcome,
}

impl<'a> From<&'a JobReport> for JobV1<'a> {
    fn from(job: &'a JobReport) -> Self {
        let hop = |hop: &'a HopReport| HopV1 {
            role: &hop.role,
            chained: hop.chained,
            requested_seconds: hop.requested_seconds,
            cap_seconds: hop.cap_seconds,
            lease_seconds: hop.lease_seconds,
            outcome: hop.outcome,
        };
        Self {
            name: &job.name,
            owner: job.owner.as_deref(),
            length_from: job.length_from,
            length_known: None,
            session_from: job.session_from.map(ValueFrom::as_str),
            verdict: job.verdict,
            walk: job.walk,
            needed_seconds: job.needed_seconds,
            lease_seconds: job.lease_seconds,
            lapses_after_seconds: job.lapses_after_seconds,
            headroom_seconds: job.headroom_seconds,
            limited_by: job.limited_by,
            limiting_hop: job.limiting_hop,
            confirmed: job.confirmed,
            hops: job.hops.iter().map(hop).collect(),
            location: &job.location,
        }
    }
}

#[derive(Serialize)]
struct RoleV1<'a> {
    arn: &'a RoleRef,
    assumed: bool,
    max_session_duration_seconds: Option<Seconds>,
    max_session_duration_from: Option<MaxSessionFrom>,
    error: Option<&'a str>,
}

impl<'a> From<&'a RoleReport> for RoleV1<'a> {
    fn from(role: &'a RoleReport) -> Self {
        Self {
            arn: &role.arn,
            assumed: role.assumed,
            max_session_duration_seconds: role.max_session_duration_seconds,
            max_session_duration_from: role.max_session_duration_from,
            error: role.error.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct NotJudgedV1<'a> {
    location: &'a Location,
    what: &'a str,
    help: &'a str,
    cannot_work: bool,
}

impl<'a> From<&'a NotJudged> for NotJudgedV1<'a> {
    fn from(NotJudged { location, what, help, cannot_work }: &'a NotJudged) -> Self {
        Self { location, what, help, cannot_work: *cannot_work }
    }
}
