//! `lint`: judges by what is declared alone, in an inventory or in other files that say how credentials are got.

use super::arguments::{ExitStatus, Lint};
use super::fix::{self, Outcome};
use super::import::{imported, importer_of_lint, of_aws_config, print_remarks};
use super::output::{self, bad_usage};
use crate::check;
use crate::findings::FindingId;
use crate::import::aws_config::Options;
use crate::inventory::{Filter, Inventory, Job, JobName, Remark, Seconds};
use crate::lease::longest::{LongestRuns, with_its_copy};
use crate::report::{NotJudged, Report, leases};

/// Of jobs whose length nobody has said.
const WITHOUT_LENGTH: &str = "How long jobs run is not in these files: the answer is how long they may, and `covered` says no more than that a job \
     can start. --length 4h judges jobs that run so long.";

pub(super) async fn run(arguments: &Lint) -> ExitStatus {
    match judge(arguments, arguments.fix.fix || arguments.fix.diff).await {
        Some(status) => status,
        // What was written is judged as any file.
        None => judge(arguments, false).await.unwrap_or(ExitStatus::Incomplete),
    }
}

/// Judges and shows; `None`: files were changed.
async fn judge(arguments: &Lint, with_changes: bool) -> Option<ExitStatus> {
    let selection = &arguments.selection;
    let from_standard_input = arguments.input.inventory.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if let Some(misuse) = arguments.templates.misuse(from_standard_input) {
        return Some(bad_usage(misuse));
    }
    // The problems of both are printed.
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
        tell_of_import(&mut report, from, input.not_judged, input.without_length.is_some());
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

/// What is judged.
struct Input {
    inventory: Inventory,
    filter: Filter,
    /// What `import` calls the kind of files; `None`: an inventory.
    imported: Option<&'static str>,
    /// What could not be judged.
    not_judged: Vec<Remark>,
    /// The names of the jobs of which nobody has said how long they run: the question is how long they may.
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
            // Nobody has said how long: what can run no time at all cannot start.
            let options = Options { length: Some(arguments.length.unwrap_or(Seconds(0))), copied_sessions: false };
            of_aws_config(file.as_deref(), options)?
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

/// Adds to the report what its reader must know of the files: what of them was not judged, and what they cannot say.
fn tell_of_import(report: &mut Report, from: &str, not_judged: Vec<Remark>, without_length: bool) {
    report.run.complete &= not_judged.is_empty();
    let of_remark =
        |Remark { location, message, help, cannot_work }| NotJudged { location, what: message, help, cannot_work };
    report.not_judged = not_judged.into_iter().map(of_remark).collect();
    if without_length {
        report.notes.push(WITHOUT_LENGTH.to_owned());
    }
    if report.open_findings().any(|finding| finding.id == FindingId::MaxSessionUnknown) {
        report.notes.push(format!(
            "A MaxSessionDuration and a reader are declared in an inventory: write one with `credential-health import {from}` first, \
             declare them there, and judge it with --inventory."
        ));
    }
}
