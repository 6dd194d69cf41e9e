//! One run for the command line and the function: plan, call AWS, judge, report.

use std::sync::Arc;

use jiff::Timestamp;

#[cfg(feature = "aws")]
use crate::aws::Probe;
use crate::cloudtrail::Sessions;
#[cfg(feature = "aws")]
use crate::facts::RoleTags;
use crate::facts::{Facts, Mode, Observation};
use crate::findings::Subject;
use crate::inventory::{Filter, Inventory, Job, NothingMatches};
#[cfg(feature = "aws")]
use crate::live;
use crate::measured::RunHistory;
use crate::plan::Plan;
use crate::report::{Report, Run, Trigger};
use crate::templates::Planned;

/// The id, the trigger and the start time of a run.
#[derive(Debug, Clone)]
pub struct Start {
    /// The run's id.
    pub id: String,
    /// The trigger of the run.
    pub trigger: Trigger,
    /// The start time.
    pub at: Timestamp,
    /// Reads the clock at the end of the run.
    pub clock: fn() -> Timestamp,
    /// The base address of the pages about findings; `None`: this project's docs.
    pub runbook_base_url: Option<String>,
}

/// A report, and the facts behind its exit status.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// The facts of the run.
    pub facts: Facts,
}

/// Records of earlier runs, which the declared facts are compared with.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The sessions that CloudTrail recorded.
    pub trail: Option<Arc<Sessions>>,
    /// Run histories.
    pub measured: Option<Arc<RunHistory>>,
}

/// Judges the declared facts and, where templates or plans are given, the planned roles. Makes no network call.
///
/// # Errors
/// The filter matches no job.
pub fn lint(
    inventory: &Inventory,
    filter: &Filter,
    planned: Planned,
    start: &Start,
) -> Result<Outcome, NothingMatches> {
    lint_with_records(inventory, filter, planned, Records::default(), start)
}

/// Judges the declared facts with records of earlier runs. Makes no network call.
///
/// # Errors
/// The filter matches no job.
pub fn lint_with_records(
    inventory: &Inventory,
    filter: &Filter,
    planned: Planned,
    Records { trail, measured }: Records,
    start: &Start,
) -> Result<Outcome, NothingMatches> {
    let jobs = select(inventory, filter)?;
    let plan = Plan::new(inventory, &jobs);
    let mode = if planned.files.is_empty() { Mode::Offline } else { Mode::Planned(planned) };
    let facts = Facts { mode, trail, measured, ..Facts::default() };
    Ok(conclude(inventory, jobs, &plan, facts, start))
}

/// Reports a call that failed with expired credentials in CloudTrail, with the declared jobs of its role. Calls no
/// AWS API.
#[must_use]
pub fn observe(inventory: &Inventory, observed: Observation, start: &Start) -> Outcome {
    let has_role = |job: &&Job| observed.role.as_ref().is_some_and(|role| job.path.iter().any(|hop| hop.role == *role));
    let jobs: Vec<&Job> = inventory.jobs.iter().filter(has_role).collect();
    let plan = Plan::new(inventory, &jobs);
    let facts = Facts { mode: Mode::Observed(observed), ..Facts::default() };
    conclude(inventory, jobs, &plan, facts, start)
}

/// Reports what the sessions that CloudTrail recorded show about the declared jobs, without verdicts. Calls no AWS API.
///
/// # Errors
/// The filter matches no job.
pub fn judge_sessions(
    inventory: &Inventory,
    filter: &Filter,
    sessions: Arc<Sessions>,
    start: &Start,
) -> Result<Outcome, NothingMatches> {
    let jobs = select(inventory, filter)?;
    let plan = Plan::new(inventory, &jobs);
    let facts = Facts { mode: Mode::Recorded, trail: Some(sessions), ..Facts::default() };
    Ok(conclude(inventory, jobs, &plan, facts, start))
}

/// Walks the paths and judges with the answers of AWS.
///
/// # Errors
/// The filter matches no job.
#[cfg(feature = "aws")]
pub async fn check(
    inventory: &Inventory,
    filter: &Filter,
    start: &Start,
    probe: &Probe<'_>,
) -> Result<Outcome, NothingMatches> {
    check_with_runs(inventory, filter, start, probe, None).await
}

/// Walks the paths and judges with the answers of AWS and with run histories.
///
/// # Errors
/// The filter matches no job.
#[cfg(feature = "aws")]
pub async fn check_with_runs(
    inventory: &Inventory,
    filter: &Filter,
    start: &Start,
    probe: &Probe<'_>,
    measured: Option<Arc<RunHistory>>,
) -> Result<Outcome, NothingMatches> {
    let (with_tags, role_tags) = match inventory.discover.folders.is_empty() {
        true => (None, None),
        false => {
            let (folders, roles) = Box::pin(probe.read_tags(inventory)).await;
            let (inventory, declared) = inventory.with_role_tags(roles);
            (Some(inventory), Some(RoleTags { folders, declared }))
        }
    };
    let inventory = with_tags.as_ref().unwrap_or(inventory);
    // A tag that was not read may declare the job that the filter names.
    let some_are_unread = role_tags.as_ref().is_some_and(RoleTags::some_are_unread);
    let or_none = |jobs| if some_are_unread { Ok(Result::unwrap_or_default(jobs)) } else { jobs };
    let jobs = or_none(select(inventory, filter))?;
    let plan = Plan::new(inventory, &jobs);
    let checker_kind = start.trigger.checker_kind();
    let mut facts = Facts { measured, checker_kind, role_tags, ..probe.walk(inventory, &plan).await };
    facts.note_unassumed_readers();
    let live = live::with_live_settings(inventory, &mut facts);
    let inventory = live.as_ref().unwrap_or(inventory);
    Ok(conclude(inventory, or_none(select(inventory, filter))?, &plan, facts, start))
}

/// The jobs of a run. Imported files may hold no job, roles may have no tag, and the files with the jobs may be broken:
/// the report says so.
fn select<'a>(inventory: &'a Inventory, filter: &Filter) -> Result<Vec<&'a Job>, NothingMatches> {
    let may_be_empty = inventory.discover.folders.is_empty() || filter.is_empty();
    if inventory.jobs.is_empty() && may_be_empty { Ok(Vec::new()) } else { filter.select(inventory) }
}

fn conclude(inventory: &Inventory, jobs: Vec<&Job>, plan: &Plan, facts: Facts, start: &Start) -> Outcome {
    let today = start.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let subject = Subject::new(inventory, jobs, plan, &facts, today);
    let elapsed = (start.clock)().duration_since(start.at).as_millis();
    let run = Run {
        id: start.id.clone(),
        trigger: start.trigger,
        started_at: format!("{:.0}", start.at),
        duration_ms: u64::try_from(elapsed).unwrap_or(0),
        complete: false,
        inventory_sha256: inventory.sha256.clone(),
        inventory_files: inventory.versions.clone(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let report = Report::new(&subject, run, start.runbook_base_url.as_deref());
    Outcome { report, facts }
}
