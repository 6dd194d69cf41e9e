//! `lint`: judges only declared facts, from an inventory or from other files that define credentials.

use super::arguments::{ExitStatus, Lint};
use super::fix::{self, Outcome};
use super::import::{import_aws_config, imported, importer_of_lint, print_remarks};
use super::output::{self, bad_usage};
use crate::check;
use crate::findings::FindingId;
use crate::import::aws_config::Options;
use crate::inventory::{Filter, Inventory, Job, JobName, Remark, Seconds};
use crate::lease::longest::{LongestRuns, with_its_copy};
use crate::report::{NotJudged, Report, leases};

/// The note about jobs whose length is not declared.
const WITHOUT_LENGTH: &str = "These files do not declare how long jobs run. The report shows how long they may run, \
     and `covered` means only that a job can start. To judge jobs of 4 hours, add --length 4h.";

pub(super) async fn run(arguments: &Lint) -> ExitStatus {
    match judge(arguments, arguments.fix.fix || arguments.fix.diff).await {
        Some(status) => status,
        // A changed file is judged like any other file.
        None => judge(arguments, false).await.unwrap_or(ExitStatus::Incomplete),
    }
}

/// Judges the input and shows the report; `None`: files were changed.
async fn judge(arguments: &Lint, with_changes: bool) -> Option<ExitStatus> {
    let selection = &arguments.selection;
    let from_standard_input = arguments.input.inventory.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if let Some(misuse) = arguments.templates.misuse(from_standard_input) {
        return Some(bad_usage(misuse));
    }
    // Problems of the input and of the templates are both printed.
    let read = read(arguments).await;
    let files = arguments.templates.read().map_err(|problems| super::bad_input(&problems));
    let (input, (files, given)) = match (read, files) {
        (Ok(input), Ok(files)) => (input, files),
        (Err(status), _) | (_, Err(status)) => return Some(status),
    };
    let planned = files.planned(&input.inventory, &given);
    let outcome = match check::lint(&input.inventory, &input.filter, planned, &super::start()) {
        Ok(outcome) => outcome,
        Err(nothing) => return Some(bad_usage(&format!("error: {nothing}"))),
    };
    let mut report = outcome.report;
    if with_changes {
        match fix::run(arguments, &input.inventory, &report) {
            Ok(Outcome::Changed) => return None,
            Ok(Outcome::Unchanged) => {}
            Ok(Outcome::Printed(shown)) => {
                return Some(shown.unwrap_or_else(|| output::status_of(&report, selection.fail_on)));
            }
            Err(status) => return Some(status),
        }
    }
    if let Some(from) = input.imported {
        add_import_notes(&mut report, from, input.not_judged, input.without_length.is_some());
    }
    let shown = match &input.without_length {
        Some(names) => {
            let jobs = input.inventory.jobs.iter().filter(|job| names.contains(&job.name));
            let jobs: Vec<_> = jobs.map(|job| LongestRuns::of(job, |role| report.max_session(role))).collect();
            output::show_as(&report, selection, |columns| leases::render(&jobs, &report, columns))
        }
        None => output::show(&report, selection),
    };
    Some(shown.unwrap_or_else(|| output::status_of(&report, selection.fail_on)))
}

/// The input of a run.
struct Input {
    inventory: Inventory,
    filter: Filter,
    /// The name of the kind of files in `import`; `None`: an inventory.
    imported: Option<&'static str>,
    /// Entries that could not be judged.
    not_judged: Vec<Remark>,
    /// The names of the jobs without a declared length: the report shows how long they may run.
    without_length: Option<Vec<JobName>>,
}

async fn read(arguments: &Lint) -> Result<Input, ExitStatus> {
    let selection = &arguments.selection;
    let given = &arguments.input;
    if let Some(inventory) = &given.inventory {
        let (inventory, filter) = super::read(inventory, selection).await?;
        return Ok(Input { inventory, filter, imported: None, not_judged: Vec::new(), without_length: None });
    }
    let kind = if given.aws_config.is_some() { "aws-config" } else { "github-workflow" };
    let imported = match &given.aws_config {
        Some(file) => {
            // The length is not declared. A job that cannot run for 0 seconds cannot start.
            let options = Options { length: Some(arguments.length.unwrap_or(Seconds(0))), copied_sessions: false };
            import_aws_config(file.as_deref(), options)?
        }
        None => imported(&*importer_of_lint(arguments))?,
    };
    if !arguments.fix.diff {
        print_remarks(&imported, "not judged");
    }
    let (inventory, not_judged) = (imported.inventory, imported.not_imported);
    let imported = Some(kind);
    let filter = Filter::new(&selection.jobs, &selection.roles);
    if inventory.jobs.is_empty() || given.aws_config.is_none() || arguments.length.is_some() {
        return Ok(Input { inventory, filter, imported, not_judged, without_length: None });
    }
    let selected = filter.select(&inventory).map_err(|nothing| bad_usage(&format!("error: {nothing}")))?;
    let selected: Vec<Job> = selected.into_iter().cloned().collect();
    let names = selected.iter().map(|job| job.name.clone()).collect();
    let jobs = selected.into_iter().flat_map(with_its_copy).collect();
    let filter = Filter::default();
    let inventory = Inventory { jobs, ..inventory };
    Ok(Input { inventory, filter, imported, not_judged, without_length: Some(names) })
}

/// Adds to the report the entries that were not judged, and notes about the limits of imported files.
fn add_import_notes(report: &mut Report, from: &str, not_judged: Vec<Remark>, without_length: bool) {
    report.run.complete &= not_judged.is_empty();
    let of_remark =
        |Remark { location, message, help, cannot_work }| NotJudged { location, what: message, help, cannot_work };
    report.not_judged = not_judged.into_iter().map(of_remark).collect();
    if without_length {
        report.notes.push(WITHOUT_LENGTH.to_owned());
    }
    if report.open_findings().any(|finding| finding.id == FindingId::MaxSessionUnknown) {
        report.notes.push(format!(
            "These files cannot declare a MaxSessionDuration or a reader. Write an inventory with `credential-health \
             import {from}`, declare them there, and run `lint --inventory`."
        ));
    }
}
