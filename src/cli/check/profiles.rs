//! `check --aws-config`: walks the paths of profiles, each with the credentials of its own first profile.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::clients;
use super::has_answer;
use crate::aws::Probe;
use crate::check;
use crate::cli::arguments::Check;
use crate::cli::import::load_aws_config;
use crate::cli::lint::{self, ProfileOptions};
use crate::cli::output::bad_settings;
use crate::cli::status::{self, ExitStatus};
use crate::cli::{format, start};
use crate::inventory::{Filter, Inventory, Job, RoleRef, Source};
use crate::report::Report;
use crate::shared_config::SharedConfig;
use crate::templates::Planned;

/// The note about roles that the checker does not assume.
const WITH_MFA: &str = "Roles that require an MFA code were not assumed: `check` cannot enter MFA codes.";

pub(super) async fn run(arguments: &Check, file: Option<&Path>) -> ExitStatus {
    let selection = &arguments.selection;
    let config = match load_aws_config(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let first = first_profiles(&config);
    let options = ProfileOptions { length: arguments.length, renewed: false, selection, quiet: false };
    let input = match lint::profiles_input(&options, config) {
        Ok(input) => input,
        Err(status) => return status,
    };
    let lint::Input { inventory, profiles, imported, not_judged, .. } = input;
    let mut groups: BTreeMap<&str, Vec<Job>> = BTreeMap::new();
    for job in &inventory.jobs {
        if let Some(profile) = first.get(job.name.without_copy()) {
            groups.entry(profile).or_default().push(job.clone());
        }
    }
    let start = start();
    let (mut report, mut answered) = (None::<Report>, groups.is_empty());
    for (profile, jobs) in groups {
        let aws = match clients(Some(profile)).await {
            Ok(aws) => aws,
            Err(bad) => return bad_settings(&bad),
        };
        let mut inventory = Inventory { jobs, ..inventory.clone() };
        leave_out_mfa(&mut inventory);
        let probe =
            Probe { aws: &aws, concurrency: arguments.concurrency, deadline: None, run_id: &start.id, progress: None };
        // The filter was applied to the profiles, so it matches.
        let Ok(outcome) = check::check(&inventory, &Filter::default(), &start, &probe).await else { continue };
        answered |= has_answer(&outcome, Some(profile));
        report = Some(match report {
            Some(report) => report.joined_with(outcome.report),
            None => outcome.report,
        });
    }
    let without_jobs = || Some(check::lint(&inventory, &Filter::default(), Planned::default(), &start).ok()?.report);
    let Some(mut report) = report.or_else(without_jobs) else { return ExitStatus::Incomplete };
    lint::add_import(&mut report, imported, not_judged);
    if let Some(profiles) = &profiles {
        profiles.add_to(&mut report, &inventory);
    }
    if !answered {
        return format::show_without_answer(&report, selection).unwrap_or(ExitStatus::NoAnswer);
    }
    if inventory.jobs.iter().any(requires_mfa) {
        report.notes.push(WITH_MFA.to_owned());
    }
    format::show(&report, selection, None).unwrap_or_else(|| status::status_of(&report, selection.fail_on))
}

/// For each profile, the profile whose credentials its path begins with.
fn first_profiles(config: &SharedConfig) -> BTreeMap<String, String> {
    let first = |name: &str| Some(config.chain(name).ok()?.base_profile.name.clone());
    config.profiles().filter_map(|profile| Some((profile.name.clone(), first(&profile.name)?))).collect()
}

fn requires_mfa(job: &Job) -> bool {
    matches!(job.source, Source::IamUser { mfa: true })
}

/// The first roles of jobs with MFA are not assumed.
fn leave_out_mfa(inventory: &mut Inventory) {
    let first = |job: &&Job| requires_mfa(job);
    let roles: Vec<RoleRef> =
        inventory.jobs.iter().filter(first).filter_map(|job| Some(job.path.first()?.role.clone())).collect();
    for arn in roles.iter().filter_map(RoleRef::arn) {
        let mut role = inventory.role(arn);
        role.assume = Some(false);
        inventory.roles.insert(arn.clone(), role);
    }
}
