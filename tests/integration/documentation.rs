//! Checks of the documentation: each finding has a page with the fixed parts, and each inventory on a page is valid.
//! `scripts/test docs` checks the generated tables and the links.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use credential_health::check::{Start, lint};
use credential_health::findings::FindingId;
use credential_health::inventory::{Filter, Inventory};
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;

/// Findings that need answers of AWS, an event, CloudTrail's records or a run history, so `lint` alone cannot report
/// them. Only complete runs of `check` report `waiver-unused`.
const LIVE_ONLY: [FindingId; 18] = [
    FindingId::InventoryBroken,
    FindingId::AssumeDenied,
    FindingId::RoleMissing,
    FindingId::CredentialsExpired,
    FindingId::CredentialsInvalid,
    FindingId::SignatureMismatch,
    FindingId::ClockSkew,
    FindingId::RegionDisabled,
    FindingId::ExpiredTokenObserved,
    FindingId::MaxSessionDrift,
    FindingId::NotChecked,
    FindingId::RoleTagInvalid,
    FindingId::WaiverUnused,
    FindingId::DurationRefused,
    FindingId::LengthExceeded,
    FindingId::SessionUsedToItsEnd,
    FindingId::PathUndeclared,
    FindingId::LengthGuessedHigh,
];

/// The headings of each finding's page, in this order.
const HEADINGS: [&str; 6] = ["What it means", "The rule", "Confirm it", "Fix it", "When to waive it", "Example"];

fn root() -> PathBuf {
    std::env::var_os("CREDENTIAL_HEALTH_ROOT").map_or_else(|| crate::harness::ROOT.into(), PathBuf::from)
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn page_of(id: FindingId) -> String {
    read(&format!("docs/findings/{id}.md"))
}

/// The part of a page between a heading of the second level and the next heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}"));
    let body = &page[start + heading.len() + 5..];
    let mut fenced = false;
    let mut end = 0;
    for line in body.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && line.starts_with("## ") {
            break;
        }
        end += line.len();
    }
    &body[..end]
}

/// The fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in page.lines() {
        match &mut open {
            None if line.trim_start() == fence => open = Some(String::new()),
            None => {}
            Some(_) if line.trim_start() == "```" => found.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    found
}

/// The inventory of a page's example.
fn example_of(id: FindingId) -> String {
    let found = blocks(section(&page_of(id), "Example"), "yaml");
    assert_eq!(found.len(), 1, "{id} has one example");
    found.into_iter().next().unwrap()
}

fn lint_report(name: &str, inventory: &str) -> Report {
    let inventory = Inventory::parse(name, inventory).unwrap_or_else(|problems| panic!("{problems}"));
    let start = Start {
        id: "documentation".to_owned(),
        trigger: Trigger::Cli,
        at: "2026-11-23T12:00:00Z".parse().unwrap(),
        clock: jiff::Timestamp::now,
        runbook_base_url: None,
    };
    lint(&inventory, &Filter::default(), Planned::default(), &start).unwrap().report
}

#[test]
fn findings_and_pages_correspond() {
    let pages: BTreeSet<String> = fs::read_dir(root().join("docs/findings"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".md").to_owned())
        .collect();
    let ids: BTreeSet<String> = FindingId::ALL.iter().map(FindingId::to_string).collect();
    assert_eq!(pages, ids);
}

#[test]
fn every_page_has_the_title_the_meaning_and_the_severity_of_its_finding() {
    for id in FindingId::ALL {
        let page = page_of(*id);
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(&*format!("# `{id}`")));
        assert_eq!((lines.next(), lines.next()), (Some(""), Some(id.meaning())), "{id}");
        assert!(id.meaning().ends_with('.'), "{id} has a meaning of one line: {}", id.meaning());
        let severities: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("Severity: ")).collect();
        assert_eq!(severities, [id.severity().as_str()], "{id}");
    }
}

#[test]
fn every_page_has_the_same_headings_a_source_and_each_form_of_a_fix() {
    for id in FindingId::ALL {
        let page = page_of(*id);
        let mut fenced = false;
        let headings = page.lines().filter_map(|line| {
            fenced ^= line.trim_start().starts_with("```");
            line.strip_prefix("## ").filter(|_| !fenced)
        });
        assert_eq!(headings.collect::<Vec<_>>(), HEADINGS, "{id}");
        assert!(section(&page, "The rule").contains("\nSource: "), "{id} names no source of its rule");
        assert!(!blocks(section(&page, "Confirm it"), "sh").is_empty(), "{id} has no command to confirm it");
        let fix = section(&page, "Fix it");
        assert!(fix.contains("\n1. "), "{id} has no first fix");
        for form in ["CloudFormation", "Terraform"] {
            assert!(fix.contains(form), "{id} has no fix for {form}");
        }
        // `explain` shows the page in a terminal, where relative links do not work.
        assert!(!page.contains("]("), "{id} has links");
    }
}

#[test]
fn every_page_shows_a_waiver_that_an_inventory_accepts() {
    for id in FindingId::ALL {
        for waiver in blocks(section(&page_of(*id), "When to waive it"), "yaml") {
            let whole = format!("version: 1\n{waiver}jobs: [{{name: a, length: 1h, source: ecs-task}}]\n");
            assert!(Inventory::parse("waiver", &whole).is_ok(), "{id}:\n{waiver}");
        }
    }
}

#[test]
fn the_example_of_every_page_has_its_finding_if_lint_can_report_it() {
    let mut wrong = Vec::new();
    for id in FindingId::ALL {
        let report = lint_report(&format!("docs/findings/{id}.md"), &example_of(*id));
        if report.findings.iter().any(|finding| finding.id == *id) == LIVE_ONLY.contains(id) {
            let all: Vec<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
            wrong.push(format!("{id}: lint finds {all:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Examples are whole inventories or parts of an inventory.
#[test]
fn the_inventories_on_pages_are_valid() {
    for (path, least) in [("README.md", 1), ("docs/inventory.md", 6), ("docs/tutorials/laptop.md", 2)] {
        let examples = blocks(&read(path), "yaml");
        assert!(examples.len() >= least, "{path} has only {} examples", examples.len());
        for example in examples {
            let version = if example.starts_with("version:") { "" } else { "version: 1\n" };
            let job = "jobs: [{name: a, length: 1h, source: ecs-task}]\n";
            let jobs = if example.contains("jobs:\n") { "" } else { job };
            if let Err(problems) = Inventory::parse(path, &format!("{version}{example}{jobs}")) {
                panic!("{problems}");
            }
        }
    }
}

#[test]
fn the_tutorial_s_fix_makes_its_job_covered() {
    let examples = blocks(&read("docs/tutorials/laptop.md"), "yaml");
    let verdicts = examples.iter().map(|example| {
        let report = serde_json::to_value(lint_report("laptop.md", example)).unwrap();
        report["jobs"][0]["verdict"].as_str().unwrap().to_owned()
    });
    assert_eq!(verdicts.collect::<Vec<_>>(), ["lapses", "covered"]);
}
