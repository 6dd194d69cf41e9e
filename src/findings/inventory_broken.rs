//! `inventory-broken`: a team's file of the inventory has problems, so only the jobs of the other files were checked.

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::fixes::Fix;
use crate::inventory::BrokenFile;
use crate::shell;

define!(
    "inventory-broken",
    High,
    detect: &[Detect::Facts(find)],
    change_facts: &[FactKind::BrokenFile, FactKind::Problems],
);

fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(subject.inventory.broken.iter().map(|broken| describe(subject, broken)));
}

fn describe(subject: &Subject<'_>, broken: &BrokenFile) -> Finding {
    let BrokenFile { file, owner, problems, jobs } = broken;
    let known = match jobs.len() {
        0 => String::new(),
        1 => format!(" It declares the job {}.", jobs[0]),
        several => format!(" It declares {several} jobs, {} among them.", jobs[0]),
    };
    let detail = format!(
        "None of its jobs was checked, and nothing is known of their credentials.{known} The other files were checked. \
         The first problems: {}.",
        problems.join("; ")
    );
    let lint = format!("credential-health lint --inventory {}", shell::word(file));
    Finding::of_file(FindingId::InventoryBroken, file)
        .owned_by([owner.as_deref(), subject.inventory.platform_owner.as_deref()])
        .evidence(Fact::BrokenFile(file.to_string()), Provenance::WholeInventory)
        .evidence(Fact::Problems(problems.clone()), Provenance::WholeInventory)
        .evidence(Fact::Jobs(jobs.clone()), Provenance::WholeInventory)
        .titled(format!("{file} cannot be read: its jobs were not checked"))
        .detailed(detail)
        .fixes([Fix::step("Correct the file. `lint` shows each problem at its place.").shell(lint)])
}
