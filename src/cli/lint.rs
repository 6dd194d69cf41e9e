//! `lint`: judges only declared facts, from an inventory or from other files that define credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::arguments::{Lint, Selection};
use super::fix::profiles::{AsJobs, FixableProfiles};
use super::fix::workflows::Workflows;
use super::fix::{self, FixOutcome, Fixable};
use super::format;
use super::import::{load_aws_config, print_remarks, workflows};
use super::measure::{self, Measured};
use super::output::{self, bad_usage};
use super::role_patterns;
use super::sessions;
use super::status::{self, ExitStatus};
use crate::check::{self, Records};
use crate::cloudtrail::Sessions;
use crate::findings::FindingId;
use crate::import::aws_config::{self, CannotStart, ImportOptions, NoJob, Profiles};
use crate::import::cloudtrail;
use crate::inventory::{Diagnostic, Filter, Inventory, Job, JobName, Origin, Seconds, inline_waivers};
use crate::lease::longest::LongestRuns;
use crate::measured::RunHistory;
use crate::report::leases::{self, JudgedProfile, RefusedProfile};
use crate::report::{Report, plain};
use crate::shared_config::SharedConfig;
use crate::templates::Planned;
use crate::visible;

/// The note about jobs whose length is not declared.
const WITHOUT_LENGTH: &str = "The table shows how long jobs may run. To judge jobs of 4h, add --length 4h.";
/// The error about changes of an inventory.
const NOT_FIXABLE: &str = "error: --fix and --diff change workflows and AWS profiles: pass --github-workflow or \
    --aws-config";
/// The note about jobs that may use a copy of their credentials.
const WITH_COPIES: &str = "The exit status follows the worse of copied and renewed credentials; --renewed: of renewed.";

pub(super) async fn run(arguments: &Lint) -> ExitStatus {
    match judge(arguments, arguments.fix.fix || arguments.fix.diff).await {
        Some(status) => status,
        // The files are judged as they are now.
        None => judge(arguments, false).await.unwrap_or(ExitStatus::Incomplete),
    }
}

/// Judges the input and shows the report; `None`: `--fix` has written the files.
async fn judge(arguments: &Lint, with_changes: bool) -> Option<ExitStatus> {
    let selection = &arguments.selection;
    let given_inventory = arguments.input.inventory.as_deref();
    let from_standard_input = given_inventory.is_some_and(|path| path.as_os_str() == "-");
    if let Some(misuse) = arguments.templates.misuse(from_standard_input) {
        return Some(bad_usage(misuse));
    }
    if let Some(misuse) = measure::misuse(&arguments.measured, given_inventory) {
        return Some(bad_usage(misuse));
    }
    if arguments.input.cloudtrail.is_empty() && arguments.window.is_given() {
        return Some(bad_usage(
            "error: --since, --until, --service-linked and --state need --cloudtrail: nothing was checked.",
        ));
    }
    // Problems of the input and of the templates are both printed.
    let read = read(arguments, with_changes).await;
    let files = arguments.templates.read().map_err(|problems| super::bad_input(&problems));
    let (mut input, (files, given)) = match (read, files) {
        (Ok(input), Ok(files)) => (input, files),
        (Err(status), _) | (_, Err(status)) => return Some(status),
    };
    if !arguments.role_patterns.is_empty()
        && let Some(error) = role_patterns::not_covered(&input.inventory, &input.filter, &arguments.role_patterns)
    {
        return Some(bad_usage(&error));
    }
    let planned = files.planned(&input.inventory, &given);
    waive_planned_roles(&mut input.inventory, &planned, with_changes);
    let records = Records { trail: input.trail, measured: input.measured };
    let outcome = match check::lint_with_records(&input.inventory, &input.filter, planned, records, &super::start()) {
        Ok(outcome) => outcome,
        Err(nothing) => return Some(bad_usage(&format!("error: {nothing}"))),
    };
    let mut report = outcome.report;
    add_import(&mut report, input.imported, input.not_judged);
    report.input_notes = input.notes;
    if with_changes {
        let max_session: fix::MaxSession<'_> = &|role| report.max_session(role);
        let Some(fixable) = &input.fixable else { return Some(bad_usage(NOT_FIXABLE)) };
        match fix::run(&arguments.fix, selection.output.as_deref(), &**fixable, max_session) {
            Ok(FixOutcome::Written) => return None,
            Ok(FixOutcome::Printed(shown)) => {
                return Some(shown.unwrap_or_else(|| status::status_of(&report, selection.fail_on)));
            }
            Err(status) => return Some(status),
        }
    }
    if let Some(profiles) = &input.profiles {
        profiles.add_to(&mut report, &input.inventory);
    }
    let explain =
        given_inventory.map(|path| format!("{}{}", format::explain_command(path), arguments.templates.as_words()));
    let shown = format::show(&report, selection, explain.as_deref());
    Some(shown.unwrap_or_else(|| status::status_of(&report, selection.fail_on)))
}

/// Applies the comments of templates that waive findings about their roles.
pub(super) fn waive_planned_roles(inventory: &mut Inventory, planned: &Planned, quiet: bool) {
    for (role, planned) in &planned.roles {
        let mistakes = inventory.waive_role(role, &planned.waivers, super::today());
        for mistake in mistakes.iter().filter(|_| !quiet) {
            output::print_error(&format!("note: {mistake}"));
        }
    }
}

/// The input of a run.
#[derive(Default)]
pub(super) struct Input {
    pub(super) inventory: Inventory,
    filter: Filter,
    /// The name of the kind of files in `import`; `None`: an inventory.
    pub(super) imported: Option<&'static str>,
    /// Entries that could not be judged.
    pub(super) not_judged: Vec<Diagnostic>,
    /// What people should know of the jobs of workflows.
    notes: Vec<Diagnostic>,
    /// The profiles of the jobs; `None`: the jobs do not come from profiles.
    pub(super) profiles: Option<ProfilesInput>,
    /// The files that `--fix` may change; `None`: an inventory.
    fixable: Option<Box<dyn Fixable>>,
    /// The sessions that CloudTrail recorded.
    trail: Option<Arc<Sessions>>,
    /// The run histories of `--measured`.
    measured: Option<Arc<RunHistory>>,
}

/// The parts of a report of profiles other than their jobs.
pub(super) struct ProfilesInput {
    /// The names of the jobs, without their copies.
    names: Vec<JobName>,
    /// The length of the jobs; `None`: not declared, and the report shows how long they may run.
    length: Option<Seconds>,
    cannot_start: Vec<RefusedProfile>,
    others: BTreeMap<String, NoJob>,
    notes: Vec<Diagnostic>,
    /// How SDKs other than the AWS CLI and boto3 read the profiles.
    differences: Vec<Diagnostic>,
    /// Jobs with a copy of their credentials are not judged.
    renewed: bool,
}

impl ProfilesInput {
    pub(super) fn add_to(&self, report: &mut Report, inventory: &Inventory) {
        let offline = if plain::is_offline(&report.coverage) { " No AWS call was made." } else { "" };
        let about = match (self.length, self.renewed) {
            (None, _) => Some(format!("{WITHOUT_LENGTH}{offline}")),
            (Some(_), false) => Some(WITH_COPIES.to_owned()),
            (Some(_), true) => None,
        };
        let note = |Diagnostic { location, message, .. }: &Diagnostic| {
            visible::printable(&format!("{}: {message}.", leases::short_place(location)))
        };
        report.notes.splice(..0, about);
        report.notes.extend(self.notes.iter().map(note));
        let jobs = inventory.jobs.iter().filter(|job| self.names.contains(&job.name));
        let judged = jobs.map(|job| JudgedProfile {
            is_unchecked: !plain::is_offline(&report.coverage) && !report.is_walked(&job.name),
            ..LongestRuns::of(job, |role| report.max_session(role)).into()
        });
        let judged = judged.collect();
        report.profiles = Some(leases::Profiles {
            judged,
            cannot_start: self.cannot_start.clone(),
            others: self.others.clone(),
            length: self.length,
            renewed_only: self.renewed,
            notes: self.differences.iter().map(note).collect(),
        });
    }
}

/// Reads the input; `quiet`: without messages about it, because it is read again or only its changes are shown.
async fn read(arguments: &Lint, quiet: bool) -> Result<Input, ExitStatus> {
    let selection = &arguments.selection;
    let given = &arguments.input;
    let trail = match given.cloudtrail.as_slice() {
        [] => None,
        sources => Some(sessions::read(sources, &arguments.window).await?),
    };
    if let Some(inventory) = &given.inventory {
        let (inventory, filter) = super::read(inventory, None, selection).await?;
        let Measured { history: measured, not_read, notes } = Measured::read(&arguments.measured, &inventory, &filter);
        let not_judged = trail.iter().flat_map(Sessions::diagnostics).chain(not_read).collect();
        let trail = trail.map(Arc::new);
        return Ok(Input { inventory, filter, not_judged, notes, trail, measured, ..Input::default() });
    }
    if let Some(trail) = trail {
        let mut imported = cloudtrail::jobs(&trail);
        imported.not_imported.extend(trail.diagnostics());
        if !quiet {
            print_remarks(&imported, "not judged");
        }
        let (inventory, not_judged) = (imported.inventory, imported.not_imported);
        let filter = Filter::new(&selection.jobs, &selection.roles);
        let (imported, trail) = (Some("cloudtrail"), Some(Arc::new(trail)));
        return Ok(Input { inventory, filter, imported, not_judged, trail, ..Input::default() });
    }
    if let Some(file) = &given.aws_config {
        let (length, renewed) = (arguments.length, arguments.renewed);
        let options = ProfileOptions { length, renewed, selection, quiet };
        return profiles_input(&options, load_aws_config(file.as_deref())?);
    }
    let source = workflows(&given.github_workflow, &arguments.variables);
    let files = source.files().map_err(|why| bad_usage(&why.to_string()))?;
    let mut imported = source.import(&files);
    for workflow in &files.workflows {
        let (comments, mistakes) = inline_waivers(&workflow.name.as_str().into(), &workflow.text);
        imported.notes.extend(mistakes);
        imported.notes.extend(imported.inventory.waive_jobs(&comments, super::today()));
    }
    if !quiet {
        print_remarks(&imported, "not judged");
    }
    let inventory = Inventory { origin: Origin::Workflows, ..imported.inventory };
    let (not_judged, notes) = (imported.not_imported, imported.notes);
    let filter = Filter::new(&selection.jobs, &selection.roles);
    // A filter that matches nothing is reported with the report.
    let selected = filter.select(&inventory).unwrap_or_default();
    let fixable: Box<dyn Fixable> = Box::new(Workflows {
        files: files.workflows,
        used: imported.used,
        variables: source.variables,
        selected: selected.into_iter().map(|job| job.name.clone()).collect(),
        jobs: inventory.jobs.clone(),
        single_logins: imported.single_logins,
    });
    let (imported, fixable) = (Some("github-workflow"), Some(fixable));
    Ok(Input { inventory, filter, imported, not_judged, notes, fixable, ..Input::default() })
}

/// How profiles are judged.
pub(super) struct ProfileOptions<'a> {
    /// How long the jobs run; `None`: the report shows how long they may run.
    pub(super) length: Option<Seconds>,
    /// Jobs with a copy of their credentials are not judged.
    pub(super) renewed: bool,
    pub(super) selection: &'a Selection,
    /// Without messages about the input.
    pub(super) quiet: bool,
}

/// The jobs of profiles, each with its copy unless --renewed excludes copies.
pub(super) fn profiles_input(given: &ProfileOptions<'_>, config: SharedConfig) -> Result<Input, ExitStatus> {
    let ProfileOptions { length, renewed, selection, quiet } = *given;
    // The length is not declared. A job that cannot run for 0 seconds cannot start.
    let options = ImportOptions { length: Some(length.unwrap_or(Seconds(0))), now: super::start().at };
    let Profiles { imported, cannot_start, differences, others, not_run } = aws_config::profiles(&config, options);
    let (inventory, mut not_judged) = (imported.inventory, imported.not_imported);
    // An assumption is no judgement of the command's output.
    not_judged.extend(not_run);
    if inventory.jobs.is_empty() && not_judged.is_empty() && !quiet {
        output::print_error(super::import::NOTHING);
    }
    let as_jobs = AsJobs { with_length: length.is_some(), renewed };
    let filter = Filter::new(&selection.jobs, &selection.roles);
    let mut jobs: Vec<Job> = Vec::new();
    let mut names = Vec::new();
    if !inventory.jobs.is_empty() {
        let selected = filter.select(&inventory).map_err(|nothing| bad_usage(&format!("error: {nothing}")))?;
        for job in selected {
            names.push(job.name.clone());
            jobs.extend(as_jobs.of(job));
        }
    }
    let files = FixableProfiles::texts_of(&config);
    let fixable = FixableProfiles { config, files, options, as_jobs, jobs: jobs.clone(), names: names.clone() };
    let refused = |one: CannotStart| RefusedProfile { profile: one.profile, why: one.summary, location: one.location };
    let is_wanted = |profile: &str| filter.matches_name(profile);
    let profiles = ProfilesInput {
        names,
        length,
        cannot_start: cannot_start.into_iter().filter(|one| is_wanted(&one.profile)).map(refused).collect(),
        others: others.into_iter().filter(|(profile, _)| is_wanted(profile)).collect(),
        notes: imported.notes,
        differences,
        renewed,
    };
    let inventory = Inventory { jobs, origin: Origin::Profiles, ..inventory };
    let (imported, profiles) = (Some("aws-config"), Some(profiles));
    let (filter, fixable): (_, Option<Box<dyn Fixable>>) = (Filter::default(), Some(Box::new(fixable)));
    Ok(Input { inventory, filter, imported, not_judged, profiles, fixable, ..Input::default() })
}

/// Adds the unjudged entries of imported files to the report.
pub(super) fn add_import(report: &mut Report, from: Option<&str>, not_judged: Vec<Diagnostic>) {
    report.add_not_judged(not_judged);
    if let Some(from) = from
        && report.open_findings().any(|finding| finding.id == FindingId::MaxSessionUnknown)
    {
        report.notes.push(format!(
            "No file states a MaxSessionDuration. An inventory can: `credential-health import {from}` writes it."
        ));
    }
}
