//! `explain`: a finding's page, the list of findings, or one job of an inventory.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{Explain, ExplainFormat};
use super::output::{self, bad_usage};
use super::page;
use super::status::ExitStatus;
use crate::aws::errors::printable;
use crate::facts::{Description, Facts, Mode, SettingFact};
use crate::findings::FindingId;
use crate::inventory::{Inventory, Job, LiveSetting, RoleArn, Seconds, nearest};
use crate::limited::{self, Unreadable};
use crate::live::with_live_settings;
use crate::report::explanation::Explanation;
use crate::visible;

/// The largest report that is read, in bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

pub(super) async fn run(arguments: &Explain) -> ExitStatus {
    let to = arguments.output.as_deref();
    let inventory = arguments.inventory.as_deref().or_else(|| super::start::default_inventory().map(Path::new));
    let from_standard_input = inventory.is_some_and(|path| path.as_os_str() == "-");
    if let Some(misuse) = arguments.templates.misuse(from_standard_input) {
        return bad_usage(misuse);
    }
    if arguments.job.is_none() && arguments.templates.has_files() {
        return bad_usage("error: --cloudformation and --terraform-plan go with --job.");
    }
    let text = match (&arguments.id, &arguments.job, inventory) {
        (Some(id), ..) => finding(id, arguments.format, to),
        (None, Some(job), Some(inventory)) => one_job(arguments, job, inventory).await,
        (None, Some(_), None) => {
            Err(bad_usage("error: --job needs the inventory that declares the job: add --inventory FILE|FOLDER."))
        }
        (None, None, _) => Ok(list(arguments.format, to)),
    };
    match text {
        Ok(text) => output::write(&text, to).unwrap_or(ExitStatus::Healthy),
        Err(status) => status,
    }
}

/// The page of a finding: rendered on a terminal, otherwise the Markdown itself.
fn finding(id: &str, format: ExplainFormat, to: Option<&Path>) -> Result<String, ExitStatus> {
    let Some(known) = FindingId::parse(id) else {
        let all = FindingId::ALL.iter().map(|id| id.as_str());
        return Err(unknown("finding", id, nearest(id, all), "`credential-health explain` lists all of them"));
    };
    Ok(if format == ExplainFormat::Json {
        let mut shown = summarize(known);
        shown["schema_version"] = json!(1);
        shown["page"] = json!(known.page());
        format!("{shown:#}")
    } else if output::is_terminal(to.is_some()) {
        page::render(known.page(), output::columns(to.is_some()))
    } else {
        known.page().to_owned()
    })
}

fn summarize(id: FindingId) -> Value {
    json!({"id": id, "severity": id.severity(), "meaning": id.meaning()})
}

/// Every finding with its severity and its meaning.
fn list(format: ExplainFormat, to: Option<&Path>) -> String {
    if format == ExplainFormat::Json {
        let findings: Vec<Value> = FindingId::ALL.iter().copied().map(summarize).collect();
        return format!("{:#}", json!({"schema_version": 1, "findings": findings}));
    }
    // A program reads one line for each finding.
    let width = output::is_terminal(to.is_some()).then(|| output::columns(false));
    let longest = FindingId::ALL.iter().map(|id| id.as_str().len()).max().unwrap_or_default();
    let line = |id: &FindingId| {
        let label = format!("{:<8}  {id:<longest$}  ", id.severity());
        let Some(width) = width else { return format!("{label}{}", id.meaning()) };
        let indent = " ".repeat(label.len());
        textwrap::fill(id.meaning(), textwrap::Options::new(width).initial_indent(&label).subsequent_indent(&indent))
    };
    FindingId::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn one_job(arguments: &Explain, name: &str, inventory: &Path) -> Result<String, ExitStatus> {
    // Problems of the inventory and of the templates are both printed.
    let inventory = super::load(inventory, None).await;
    let files = arguments.templates.read().map_err(|problems| super::bad_input(&problems));
    let (mut inventory, (files, given)) = (inventory?, files?);
    let is_asked = |job: &Job| job.name == *name;
    if !inventory.jobs.iter().any(is_asked) {
        let near = nearest(name, inventory.jobs.iter().map(|job| job.name.as_str()));
        return Err(unknown("job of the inventory", name, near, "write the name as in the inventory"));
    }
    let (mut facts, read_at) = match &arguments.report {
        Some(report) => read_live_values(report, &inventory)
            .map_err(|problem| bad_usage(&format!("error: {}: {problem}", report.display())))?,
        None => (Facts::default(), None),
    };
    if let Some(live) = with_live_settings(&inventory, &mut facts) {
        inventory = live;
    }
    let planned = files.planned(&inventory, &given);
    super::lint::waive_planned_roles(&mut inventory, &planned, false);
    if !planned.files.is_empty() {
        facts.mode = Mode::Planned(planned);
    }
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let explain = |job| {
        let explanation = Explanation::new(&inventory, job, &facts, read_at, today);
        match arguments.format {
            ExplainFormat::Json => explanation.to_json(),
            ExplainFormat::Text => explanation.render(output::columns(arguments.output.is_some())),
        }
    };
    let job = inventory.jobs.iter().find(|job| is_asked(job));
    Ok(job.map(explain).unwrap_or_default())
}

fn unknown(what: &str, name: &str, near: Option<&str>, else_help: &str) -> ExitStatus {
    let help = near.map_or_else(|| else_help.to_owned(), |near| format!("did you mean `{near}`?"));
    bad_usage(&format!("error: no {what} is called `{}`: {help}", visible::line(name)))
}

/// The fields of a report that `explain` reads.
#[derive(Deserialize)]
struct PastReport {
    schema_version: u32,
    run: PastRun,
    roles: Vec<PastRole>,
    coverage: Option<PastCoverage>,
}

#[derive(Deserialize)]
struct PastCoverage {
    settings: Option<PastSettings>,
}

#[derive(Deserialize)]
struct PastSettings {
    values: Vec<PastSetting>,
}

#[derive(Deserialize)]
struct PastSetting {
    kind: String,
    name: String,
    seconds: u64,
}

#[derive(Deserialize)]
struct PastRun {
    started_at: String,
}

#[derive(Deserialize)]
struct PastRole {
    arn: String,
    max_session_duration_seconds: Option<u64>,
    max_session_duration_from: Option<String>,
}

const HINT: &str = "pass the output of `credential-health check --format json`";

/// Why a file is not the report of a past run.
#[derive(Debug, thiserror::Error)]
enum NotAReport {
    #[error("{0}")]
    Unreadable(Unreadable),
    #[error("is not a report: {0}; {HINT}")]
    NotJson(#[from] serde_json::Error),
    #[error("is a report of schema_version {0}, not 1; {HINT}")]
    OtherVersion(u32),
    #[error("is not a report: {0}")]
    BadArn(String),
    #[error("is a report of other roles: it has none of the inventory; {HINT}")]
    OtherRoles,
}

impl From<Unreadable> for NotAReport {
    fn from(wrong: Unreadable) -> Self {
        Self::Unreadable(wrong)
    }
}

/// The MaxSessionDurations and the settings that AWS returned to a past run, and the start of that run.
fn read_live_values(report: &Path, inventory: &Inventory) -> Result<(Facts, Option<String>), NotAReport> {
    let text = limited::file(report, MAX_BYTES).and_then(limited::text)?;
    let report: PastReport = serde_json::from_str(&text)?;
    if report.schema_version != 1 {
        return Err(NotAReport::OtherVersion(report.schema_version));
    }
    let mut declared = inventory.jobs.iter().flat_map(|job| &job.path).filter_map(|hop| hop.role.arn()).peekable();
    let is_reported = |arn: &RoleArn| report.roles.iter().any(|role| role.arn == arn.as_str());
    if declared.peek().is_some() && !declared.any(is_reported) {
        return Err(NotAReport::OtherRoles);
    }
    let mut described = BTreeMap::new();
    for role in report.roles.into_iter().filter(|role| role.max_session_duration_from.as_deref() == Some("iam")) {
        let arn = RoleArn::parse(&role.arn).map_err(|problem| NotAReport::BadArn(printable(&problem.message)))?;
        if let Some(seconds) = role.max_session_duration_seconds {
            described.insert(arn, Description::Known { max_session: Seconds(seconds) });
        }
    }
    let read = report.coverage.and_then(|coverage| coverage.settings).map(|settings| settings.values);
    let settings = read.into_iter().flatten().filter_map(|PastSetting { kind, name, seconds }| {
        Some((LiveSetting::parse(&kind, &name)?, SettingFact::Live(Seconds(seconds))))
    });
    let facts = Facts { described, settings: settings.collect(), ..Facts::default() };
    Ok((facts, Some(printable(&report.run.started_at))))
}
