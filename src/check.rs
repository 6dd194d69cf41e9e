//! One run, as the command line and the function call it: plan, call AWS, judge, report.

use jiff::Timestamp;

use crate::facts::{Facts, Mode, Observation};
use crate::findings::Subject;
use crate::inventory::{Filter, Inventory, Job, NothingMatches};
use crate::plan::Plan;
#[cfg(feature = "aws")]
use crate::probe::Probe;
use crate::report::{Report, Run, Trigger};
use crate::templates::Planned;

/// What a run is called and when it began.
#[derive(Debug, Clone)]
pub struct Start {
    /// The run's id.
    pub id: String,
    /// What started it.
    pub trigger: Trigger,
    /// When.
    pub at: Timestamp,
    /// Reads the clock at the end of the run.
    pub clock: fn() -> Timestamp,
    /// Where the pages about findings are; `None`: in this project's docs.
    pub runbook_base_url: Option<String>,
}

/// A report, and what of the facts its exit status depends on.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// The facts it stands on.
    pub facts: Facts,
}

/// Judges by the declared facts, and by what templates and plans say of the roles as they will be, where some are given: no
/// network.
///
/// # Errors
/// When the filter lets no job through.
pub fn lint(
    inventory: &Inventory,
    filter: &Filter,
    planned: Planned,
    start: &Start,
) -> Result<Outcome, NothingMatches> {
    // Imported files may hold no job; a report says so.
    let jobs = if inventory.jobs.is_empty() { Vec::new() } else { filter.select(inventory)? };
    let plan = Plan::new(inventory, &jobs);
    let mode = if planned.files.is_empty() { Mode::Offline } else { Mode::Planned(planned) };
    let facts = Facts { mode, ..Facts::default() };
    Ok(conclude(inventory, jobs, &plan, facts, start))
}

/// Reports a call that CloudTrail saw fail with expired credentials, with the declared jobs of its role. Asks AWS nothing.
#[must_use]
pub fn observe(inventory: &Inventory, observed: Observation, start: &Start) -> Outcome {
    let has_role = |job: &&Job| observed.role.as_ref().is_some_and(|role| job.path.iter().any(|hop| hop.role == *role));
    let jobs: Vec<&Job> = inventory.jobs.iter().filter(has_role).collect();
    let plan = Plan::new(inventory, &jobs);
    let facts = Facts { mode: Mode::Observed(observed), ..Facts::default() };
    conclude(inventory, jobs, &plan, facts, start)
}

/// Walks the paths and judges by what AWS answers.
///
/// # Errors
/// When the filter lets no job through.
#[cfg(feature = "aws")]
pub async fn check(
    inventory: &Inventory,
    filter: &Filter,
    start: &Start,
    probe: &Probe<'_>,
) -> Result<Outcome, NothingMatches> {
    let jobs = filter.select(inventory)?;
    let plan = Plan::new(inventory, &jobs);
    let facts = probe.walk(inventory, &plan).await;
    Ok(conclude(inventory, jobs, &plan, facts, start))
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
        version: env!("CARGO_PKG_VERSION"),
    };
    let report = Report::new(&subject, run, start.runbook_base_url.as_deref());
    Outcome { report, facts }
}
