//! `lint`: judges only declared facts, from an inventory or from other files that define credentials.

use super::arguments::Lint;
use super::fix::{self, Outcome};
use super::format;
use super::import::{import_aws_config, imported, importer_of_lint, print_remarks};
use super::output::{self, bad_usage};
use super::status::{self, ExitStatus};
use crate::check;
use crate::findings::FindingId;
use crate::import::aws_config::{Options, Profiles};
use crate::inventory::{Filter, Inventory, Job, JobName, Remark, Seconds};
use crate::lease::longest::{LongestRuns, with_its_copy};
use crate::report::{NotJudged, Report, leases};
use crate::visible;

/// The note about jobs whose length is not declared.
const WITHOUT_LENGTH: &str = "These files do not declare how long jobs run. The report shows how long they may run, \
    and `covered` means only that a job can start. To judge jobs of 4 hours, add --length 4h.";
/// The note about jobs that may use a copy of their credentials.
const WITH_COPIES: &str = "The exit status follows the worse of copied and renewed credentials. --renewed judges only \
    jobs whose credentials the AWS CLI or an SDK renews.";

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
                return Some(shown.unwrap_or_else(|| status::status_of(&report, selection.fail_on)));
            }
            Err(status) => return Some(status),
        }
    }
    if let Some(from) = input.imported {
        add_import(&mut report, from, input.not_judged);
    }
    let shown = match &input.profiles {
        Some(profiles) => {
            let shown = profiles.add_to(&mut report, &input.inventory);
            format::show_as(&report, selection, |columns| leases::render(&shown, &report, columns))
        }
        None => format::show(&report, selection),
    };
    Some(shown.unwrap_or_else(|| status::status_of(&report, selection.fail_on)))
}

/// The input of a run.
struct Input {
    inventory: Inventory,
    filter: Filter,
    /// The name of the kind of files in `import`; `None`: an inventory.
    imported: Option<&'static str>,
    /// Entries that could not be judged.
    not_judged: Vec<Remark>,
    /// The profiles of the jobs; `None`: the jobs do not come from profiles.
    profiles: Option<ProfilesInput>,
}

/// The parts of a report of profiles other than their jobs.
struct ProfilesInput {
    /// The names of the jobs, without their copies.
    names: Vec<JobName>,
    /// The length of the jobs; `None`: not declared, and the report shows how long they may run.
    length: Option<Seconds>,
    cannot_start: Vec<leases::Refused>,
    not_known: usize,
    notes: Vec<Remark>,
    /// Jobs with a copy of their credentials are not judged.
    renewed: bool,
}

impl ProfilesInput {
    fn add_to<'a>(&self, report: &mut Report, inventory: &'a Inventory) -> leases::Profiles<'a> {
        let about = match (self.length, self.renewed) {
            (None, _) => Some(WITHOUT_LENGTH),
            (Some(_), false) => Some(WITH_COPIES),
            (Some(_), true) => None,
        };
        report.notes.splice(..0, about.map(str::to_owned));
        report.notes.extend(self.notes.iter().map(|note| {
            let Remark { location, message, .. } = note;
            visible::printable(&format!("{}: {message}.", leases::short_place(location)))
        }));
        let jobs = inventory.jobs.iter().filter(|job| self.names.contains(&job.name));
        leases::Profiles {
            jobs: jobs.map(|job| LongestRuns::of(job, |role| report.max_session(role))).collect(),
            cannot_start: self.cannot_start.clone(),
            not_known: self.not_known,
            length: self.length,
            renewed_only: self.renewed,
        }
    }
}

async fn read(arguments: &Lint) -> Result<Input, ExitStatus> {
    let selection = &arguments.selection;
    let given = &arguments.input;
    if let Some(inventory) = &given.inventory {
        let (inventory, filter) = super::read(inventory, selection).await?;
        return Ok(Input { inventory, filter, imported: None, not_judged: Vec::new(), profiles: None });
    }
    if let Some(file) = &given.aws_config {
        let now = super::start().at;
        // The length is not declared. A job that cannot run for 0 seconds cannot start.
        let length = Some(arguments.length.unwrap_or(Seconds(0)));
        let options = Options { length, copied_sessions: false, now };
        return profiles_input(arguments, import_aws_config(file.as_deref(), options)?);
    }
    let imported = imported(&*importer_of_lint(arguments))?;
    if !arguments.fix.diff {
        print_remarks(&imported, "not judged");
    }
    let (inventory, not_judged) = (imported.inventory, imported.not_imported);
    let filter = Filter::new(&selection.jobs, &selection.roles);
    Ok(Input { inventory, filter, imported: Some("github-workflow"), not_judged, profiles: None })
}

/// The jobs of profiles, each with its copy unless --renewed excludes copies.
fn profiles_input(arguments: &Lint, profiles: Profiles) -> Result<Input, ExitStatus> {
    let Profiles { imported, cannot_start, not_known } = profiles;
    let (inventory, not_judged) = (imported.inventory, imported.not_imported);
    if inventory.jobs.is_empty() && not_judged.is_empty() {
        output::print_error(super::import::NOTHING);
    }
    let mut filter = Filter::new(&arguments.selection.jobs, &arguments.selection.roles);
    let mut jobs: Vec<Job> = Vec::new();
    let mut names = Vec::new();
    if !inventory.jobs.is_empty() {
        let selected = filter.select(&inventory).map_err(|nothing| bad_usage(&format!("error: {nothing}")))?;
        for job in selected {
            names.push(job.name.clone());
            // Without a length, no length needs a margin.
            let margin = if arguments.length.is_some() { job.margin } else { Seconds(0) };
            let copies = with_its_copy(job.clone()).into_iter().map(|job| Job { margin, ..job });
            jobs.extend(copies.take(if arguments.renewed { 1 } else { 2 }));
        }
        filter = Filter::default();
    }
    let refused = |one: crate::import::aws_config::CannotStart| leases::Refused {
        profile: one.profile,
        why: one.summary,
        location: one.location,
    };
    let profiles = ProfilesInput {
        names,
        length: arguments.length,
        cannot_start: cannot_start.into_iter().map(refused).collect(),
        not_known,
        notes: imported.notes,
        renewed: arguments.renewed,
    };
    let inventory = Inventory { jobs, ..inventory };
    Ok(Input { inventory, filter, imported: Some("aws-config"), not_judged, profiles: Some(profiles) })
}

/// Adds the unjudged entries of imported files to the report.
fn add_import(report: &mut Report, from: &str, not_judged: Vec<Remark>) {
    report.run.complete &= not_judged.is_empty();
    let of_remark =
        |Remark { location, message, help, cannot_work }| NotJudged { location, what: message, help, cannot_work };
    report.not_judged = not_judged.into_iter().map(of_remark).collect();
    if report.open_findings().any(|finding| finding.id == FindingId::MaxSessionUnknown) {
        report.notes.push(format!(
            "These files cannot declare a MaxSessionDuration or a reader. Write an inventory with `credential-health \
             import {from}`, declare them there, and run `lint --inventory`."
        ));
    }
}
