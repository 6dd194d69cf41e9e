//! `inventory-broken`: a team's file of the inventory has problems, so only the jobs of the other files were checked;
//! or it has a job with the name of another file's job.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evidence::{ClashingJob, Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::fixes::Fix;
use crate::inventory::{BrokenFile, JobName, NameClash};
use crate::shell;

define!(
    "inventory-broken",
    High,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::BrokenFile, FactKind::Problems, FactKind::Clashes],
);

/// How many names are in a finding's text.
const MOST_NAMED: usize = 5;

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(subject.inventory.broken.iter().map(|broken| describe(subject, broken)));
    let mut clashes: BTreeMap<&Arc<str>, Vec<&NameClash>> = BTreeMap::new();
    subject.inventory.clashes.iter().for_each(|clash| clashes.entry(&clash.file).or_default().push(clash));
    out.extend(clashes.into_iter().map(|(file, clashes)| describe_clashes(subject, file, &clashes)));
}

/// One finding for each file, for the owners of both jobs of each name.
fn describe_clashes(subject: &Subject<'_>, file: &Arc<str>, clashes: &[&NameClash]) -> Finding {
    let owner = |name: &JobName| subject.job_named(name).and_then(|job| job.owner.as_deref());
    let owners = clashes.iter().flat_map(|clash| [owner(&clash.first), owner(&clash.second)]);
    let clashing = |clash: &&NameClash| ClashingJob {
        name: clash.first.clone(),
        other_file: subject.job_named(&clash.first).map(|job| job.location.file.clone()),
        new_name: clash.second.clone(),
    };
    let clashes: Vec<ClashingJob> = clashes.iter().map(clashing).collect();
    let mut detail = String::from(
        "Job names must be unique, because waivers, filters and messages use them. Both jobs of each name were \
         checked:",
    );
    for ClashingJob { name, other_file, new_name } in clashes.iter().take(MOST_NAMED) {
        let of = other_file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        detail.push_str(&format!(" `{name}`{of} keeps its name; the job of this file is called `{new_name}`."));
    }
    if clashes.len() > MOST_NAMED {
        detail.push_str(&format!(" {} more jobs got another name.", clashes.len() - MOST_NAMED));
    }
    let jobs = clashes.iter().map(|clash| clash.new_name.clone()).collect();
    Finding::of_file(FindingId::InventoryBroken, file)
        .owned_by(owners.chain([subject.inventory.platform_owner.as_deref()]))
        .evidence(Fact::BrokenFile(file.to_string()), Provenance::WholeInventory)
        .evidence(Fact::Clashes(clashes), Provenance::WholeInventory)
        .evidence(Fact::Jobs(jobs), Provenance::WholeInventory)
        .titled(format!("{file} repeats the names of jobs of other files"))
        .detailed(detail)
        .fixes([Fix::step("Rename the jobs of this file, for example by adding the team's name.")])
}

fn describe(subject: &Subject<'_>, broken: &BrokenFile) -> Finding {
    let BrokenFile { file, owner, problems, jobs } = broken;
    let known = match jobs.len() {
        0 => String::new(),
        1 => format!(" It declares the job {}.", jobs[0]),
        several => format!(" It declares {several} jobs, {} among them.", jobs[0]),
    };
    let others = match subject.inventory.jobs.is_empty() {
        true => "No other file has a job that could be checked.",
        false => "The other files were checked.",
    };
    let detail = format!(
        "None of its jobs was checked, and nothing is known of their credentials.{known} {others} The first problems: \
         {}.",
        problems.join("; ")
    );
    let lint = format!("credential-health lint {}", shell::option("--inventory", file));
    Finding::of_file(FindingId::InventoryBroken, file)
        .owned_by([owner.as_deref(), subject.inventory.platform_owner.as_deref()])
        .evidence(Fact::BrokenFile(file.to_string()), Provenance::WholeInventory)
        .evidence(Fact::Problems(problems.clone()), Provenance::WholeInventory)
        .evidence(Fact::Jobs(jobs.clone()), Provenance::WholeInventory)
        .titled(format!("{file} cannot be read: its jobs were not checked"))
        .detailed(detail)
        .fixes([Fix::step("Correct the file. `lint` shows each problem at its place.").shell(lint)])
}
