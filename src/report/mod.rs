//! The report of a run: one typed model, and one file per form, each a pure function from the model to its text. The
//! order is deterministic.
//!
//! `coverage` counts checked roles and paths, `v1` is the JSON, `plain` holds the texts that mail and terminal share.

#[cfg(any(feature = "cli", feature = "lambda"))]
mod bars;
#[cfg(any(feature = "cli", feature = "lambda"))]
mod by_job;
pub mod causes;
mod coverage;
#[cfg(feature = "cli")]
pub mod csv;
#[cfg(feature = "cli")]
pub mod explanation;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
mod join;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "cli")]
pub mod leases;
#[cfg(feature = "cli")]
pub mod markdown;
pub mod plain;
mod planned;
mod role_tags;
#[cfg(feature = "cli")]
pub mod sarif;
#[cfg(feature = "cli")]
pub mod terminal;
pub(crate) mod v1;
#[cfg(feature = "lambda")]
pub mod widget;

use std::collections::BTreeMap;

pub use role_tags::{FolderCoverage, RoleTagCoverage, TagsNotRead};

pub use planned::{PlannedReport, PlannedRoleReport};

pub use coverage::{
    Coverage, HopOutcome, NotCheckedReason, NotCheckedRole, NotJudged, NotReadReason, NotReadSetting, NotWalkedPath,
    PathCoverage, RoleCoverage, SettingCoverage, ValueFrom, Walk,
};

use crate::findings::Severity;
use coverage::JobWalk;

use crate::facts::CheckerKind;
pub use crate::facts::MaxSessionFrom;

use crate::findings::{Finding, Subject};
use crate::inventory::{Diagnostic, FileVersion, Job, JobName, LengthFrom, Location, Origin, RoleRef, Seconds, Source};
use crate::lease::{Grant, Judgement, LimitedBy, Verdict};

/// The trigger of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// EventBridge.
    Schedule,
    /// A person or a pipeline that invoked the function.
    Manual,
    /// A CloudTrail event of expired credentials.
    Cloudtrail,
    /// The command line.
    Cli,
}

impl Trigger {
    /// Whose credentials the checker has in such a run.
    #[must_use]
    pub const fn checker_kind(self) -> CheckerKind {
        match self {
            Self::Schedule | Self::Manual | Self::Cloudtrail => CheckerKind::Function,
            Self::Cli => CheckerKind::CommandLine,
        }
    }
}

/// The report of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The run itself.
    pub run: Run,
    /// The counts.
    pub summary: Summary,
    /// The coverage.
    pub coverage: Coverage,
    /// The jobs, in the inventory's order.
    pub jobs: Vec<JobReport>,
    /// The roles, by ARN.
    pub roles: Vec<RoleReport>,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// The planned roles of templates and plans, if any were given.
    pub planned: Option<PlannedReport>,
    /// The parts of imported files that could not be judged.
    pub not_judged: Vec<NotJudged>,
    /// Notes about the report as a whole if its jobs come from imported files.
    pub notes: Vec<String>,
    /// What people should know of single places in the files of the input.
    pub input_notes: Vec<Diagnostic>,
    /// The kind of files that declare the jobs.
    pub origin: Origin,
    /// Names of accounts, by their 12 digits.
    pub accounts: BTreeMap<String, String>,
    /// The AWS profiles that the jobs stand for, if the report is about profiles.
    #[cfg(feature = "cli")]
    pub profiles: Option<leases::Profiles>,
}

/// The run itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The event's id, so that a retry repeats it.
    pub id: String,
    /// The trigger.
    pub trigger: Trigger,
    /// The start, as RFC 3339 in UTC.
    pub started_at: String,
    /// The duration.
    pub duration_ms: u64,
    /// Whether everything was checked and judged.
    pub complete: bool,
    /// SHA-256 of the inventory's bytes.
    pub inventory_sha256: String,
    /// The versions of the files from S3 and Parameter Store.
    pub inventory_files: Vec<FileVersion>,
    /// The version of this program.
    pub version: &'static str,
}

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Jobs of the run.
    pub jobs: usize,
    /// Distinct roles on their paths.
    pub roles: usize,
    /// Jobs by verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Findings by severity, without the waived ones.
    pub findings: BTreeMap<Severity, usize>,
    /// Waived findings.
    pub waived: usize,
    /// Waived findings by the file of the waiver.
    pub waived_by_file: BTreeMap<String, usize>,
}

/// A job's verdict and walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReport {
    /// Its name.
    pub name: JobName,
    /// Its owner.
    pub owner: Option<String>,
    /// The origin of its length.
    pub length_from: LengthFrom,
    /// The origin of its permission set's session, if its source names one.
    pub session_from: Option<ValueFrom>,
    /// Whether its credentials last.
    pub verdict: Verdict,
    /// Whether the checker could follow its path.
    pub walk: Walk,
    /// length + pause.
    pub needed_seconds: Seconds,
    /// How long its session lasts.
    pub lease_seconds: Option<Seconds>,
    /// When its credentials expire, refresh counted.
    pub lapses_after_seconds: Option<Seconds>,
    /// lapses_after − needed.
    pub headroom_seconds: Option<i64>,
    /// Its limit.
    pub limited_by: Option<LimitedBy>,
    /// The hop that limits it, 0-based.
    pub limiting_hop: Option<usize>,
    /// `false`: the verdict depends on a number that no text of AWS and no measurement confirms.
    pub confirmed: bool,
    /// Its hops.
    pub hops: Vec<HopReport>,
    /// Where the inventory declares it.
    pub location: Location,
}

/// One hop of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopReport {
    /// The role.
    pub role: RoleRef,
    /// Its caller is itself a session.
    pub chained: bool,
    /// The effective DurationSeconds.
    pub requested_seconds: Seconds,
    /// The longest session that STS would grant.
    pub cap_seconds: Option<Seconds>,
    /// The session that STS grants the job.
    pub lease_seconds: Option<Seconds>,
    /// The result of the checker's walk at this hop.
    pub outcome: HopOutcome,
}

/// The facts about a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleReport {
    /// Its ARN.
    pub arn: RoleRef,
    /// Whether the checker assumed it.
    pub assumed: bool,
    /// Its MaxSessionDuration.
    pub max_session_duration_seconds: Option<Seconds>,
    /// The origin of the MaxSessionDuration.
    pub max_session_duration_from: Option<MaxSessionFrom>,
    /// The failed call about the role, on one line.
    pub error: Option<String>,
}

impl Report {
    /// Whether the lengths of the jobs are known. Jobs on profiles have none where none was given: their `covered` says
    /// that they can start, and not that their credentials last.
    #[must_use]
    pub fn has_lengths(&self) -> bool {
        #[cfg(feature = "cli")]
        let has_lengths = self.profiles.as_ref().is_none_or(|profiles| profiles.length.is_some());
        #[cfg(not(feature = "cli"))]
        let has_lengths = true;
        has_lengths
    }

    /// Adds the parts of the input that could not be judged: such a run is not complete.
    pub fn add_not_judged(&mut self, remarks: Vec<Diagnostic>) {
        self.run.complete &= remarks.is_empty();
        let of_remark = |Diagnostic { location, message, help, cannot_work, .. }| NotJudged {
            location,
            what: message,
            help,
            cannot_work,
        };
        self.not_judged.extend(remarks.into_iter().map(of_remark));
    }

    /// Builds the report of a run. Sets `run.complete`.
    #[must_use]
    pub fn new(subject: &Subject<'_>, run: Run, runbook_base_url: Option<&str>) -> Self {
        let mut findings = subject.findings();
        if let Some(base) = runbook_base_url {
            let base = base.trim_end_matches('/');
            findings.iter_mut().for_each(|finding| finding.runbook = format!("{base}/{}.md", finding.id));
        }
        let (coverage, walks) = coverage::cover(subject);
        let jobs: Vec<JobReport> = subject
            .jobs
            .iter()
            .zip(&subject.judgements)
            .zip(walks)
            .map(|((job, judgement), walk)| job_report(subject, job, judgement, &walk))
            .collect();
        Self {
            run: Run { complete: subject.is_complete(&findings), ..run },
            summary: summary(&jobs, subject.plan.path_roles.len(), &findings),
            coverage,
            jobs,
            roles: subject.plan.path_roles.iter().map(|role| role_report(subject, role)).collect(),
            findings,
            planned: planned::planned_report(subject),
            not_judged: Vec::new(),
            notes: Vec::new(),
            input_notes: Vec::new(),
            origin: subject.inventory.origin,
            accounts: subject.inventory.accounts.clone(),
            #[cfg(feature = "cli")]
            profiles: None,
        }
    }

    /// The findings that no waiver covers.
    pub fn open_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.waived.is_none())
    }

    /// Whether the checker followed the path of the job to its end.
    #[must_use]
    pub fn is_walked(&self, job: &JobName) -> bool {
        self.jobs.iter().any(|one| one.name == *job && one.walk == Walk::Walked)
    }

    /// The role's MaxSessionDuration, if known.
    #[must_use]
    pub fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.roles.iter().find(|known| known.arn == *role)?.max_session_duration_seconds
    }

    /// The notes of the report, and those about single profiles.
    pub(super) fn all_notes(&self) -> Vec<&str> {
        let notes = self.notes.iter().map(String::as_str);
        #[cfg(feature = "cli")]
        let notes = notes.chain(self.profiles.iter().flat_map(|profiles| &profiles.notes).map(String::as_str));
        notes.collect()
    }

    /// The accounts of the job's roles, with their names if the inventory names them.
    #[must_use]
    pub fn accounts_of(&self, job: &JobReport) -> Vec<String> {
        let mut accounts: Vec<&str> = job.hops.iter().filter_map(|hop| hop.role.account()).collect();
        accounts.dedup();
        let named = |account: &str| match self.accounts.get(account) {
            Some(name) => format!("{account} ({name})"),
            None => account.to_owned(),
        };
        accounts.into_iter().map(named).collect()
    }

    /// The worst open finding's severity.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.open_findings().map(|finding| finding.severity).max()
    }
}

fn job_report(subject: &Subject<'_>, job: &Job, judgement: &Judgement, walk: &JobWalk) -> JobReport {
    let hops = job.path.iter().zip(&judgement.hops).zip(&walk.outcomes);
    JobReport {
        name: job.name.clone(),
        owner: job.owner.clone(),
        length_from: job.length_from,
        session_from: session_from(subject, job),
        verdict: judgement.verdict,
        walk: walk.walk,
        needed_seconds: judgement.needed,
        lease_seconds: judgement.lease,
        lapses_after_seconds: judgement.end,
        headroom_seconds: judgement.headroom,
        limited_by: judgement.limited_by,
        limiting_hop: judgement.limiting_hop,
        confirmed: judgement.confirmed,
        hops: hops
            .map(|((hop, lease), outcome)| HopReport {
                role: hop.role.clone(),
                chained: lease.chained,
                requested_seconds: lease.requested,
                cap_seconds: lease.cap,
                lease_seconds: match &lease.grant {
                    Some(Grant::Granted(seconds)) => Some(*seconds),
                    _ => None,
                },
                outcome: *outcome,
            })
            .collect(),
        location: job.location.clone(),
    }
}

/// Where the session of a job with a permission set is from.
fn session_from(subject: &Subject<'_>, job: &Job) -> Option<ValueFrom> {
    let names = matches!(job.source, Source::IdentityCenter { permission_set: Some(_), .. });
    coverage::value_from(subject, job).filter(|_| names)
}

fn role_report(subject: &Subject<'_>, role: &RoleRef) -> RoleReport {
    let known = subject.known_max_session(role);
    RoleReport {
        arn: role.clone(),
        assumed: coverage::is_assumed(subject, role),
        max_session_duration_seconds: known.map(|(seconds, _)| seconds),
        max_session_duration_from: known.map(|(_, from)| from),
        error: coverage::error(subject, role),
    }
}

fn summary(jobs: &[JobReport], roles: usize, findings: &[Finding]) -> Summary {
    let verdicts = [Verdict::Rejected, Verdict::Lapses, Verdict::Thin, Verdict::Covered, Verdict::Unknown];
    let count = |verdict: Verdict| jobs.iter().filter(|job| job.verdict == verdict).count();
    let mut waived_by_file = BTreeMap::new();
    for waived in findings.iter().filter_map(|finding| finding.waived.as_ref()) {
        *waived_by_file.entry(waived.file.to_string()).or_default() += 1;
    }
    let open = |severity: Severity| findings.iter().filter(|f| f.waived.is_none() && f.severity == severity).count();
    Summary {
        jobs: jobs.len(),
        roles,
        verdicts: verdicts.into_iter().map(|verdict| (verdict, count(verdict))).collect(),
        findings: Severity::ALL.into_iter().map(|severity| (severity, open(severity))).collect(),
        waived: findings.iter().filter(|finding| finding.waived.is_some()).count(),
        waived_by_file,
    }
}
