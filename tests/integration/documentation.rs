//! The documentation says what the code does: tables are compared with the code's own, examples are read and judged,
//! the picture is the output, links lead somewhere. Knows how the pages are laid out, nothing of rules.
//!
//! `UPDATE_DOCS=1 cargo test --workspace documentation` draws the picture anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use credential_health::check::{Start, lint};
use credential_health::cli::{Arguments, EXIT_STATUSES};
use credential_health::findings::Finding;
use credential_health::findings::{FindingId, Severity};
use credential_health::inventory::{Filter, Inventory};
use credential_health::notify::{DEFAULT_MAX_MESSAGE_BYTES, Message, Notify, Wanted, messages};
use credential_health::report::{JobReport, Report, Trigger, terminal};
use credential_health::settings::VARIABLES;
use credential_health::templates::Planned;
use serde_json::Value;

/// Pages of findings that the code does not have yet.
const NOT_YET: [&str; 0] = [];

/// Findings that need AWS's answers or an event: `lint` has none. `waiver-unused` is left to complete runs of `check`.
const LIVE_ONLY: [FindingId; 11] = [
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
    FindingId::WaiverUnused,
];

/// The jobs of the demo's inventory that the picture shows; README names the same.
const PICTURED: [&str; 6] = ["legacy-upload", "nightly-etl", "drift-scan", "image-build", "smoke-test", "key-rotation"];

/// The width of the picture and of the texts, in columns: what `lint` takes where it writes to no terminal.
const COLUMNS: usize = 100;

fn root() -> PathBuf {
    std::env::var_os("CREDENTIAL_HEALTH_ROOT").map_or_else(|| crate::harness::ROOT.into(), PathBuf::from)
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of a folder's files with this ending, sorted.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(ending))
        .collect();
    names.sort();
    names
}

/// The part of a page below a heading, to the next heading of its level or a higher one.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let level = heading.chars().take_while(|c| *c == '#').count();
    let start = page.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}"));
    let body = &page[start + heading.len() + 2..];
    let mut fenced = false;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        let hashes = line.chars().take_while(|c| *c == '#').count();
        if !fenced && (1..=level).contains(&hashes) {
            break;
        }
        at += line.len();
    }
    &body[..at]
}

/// The fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in page.lines() {
        match &mut open {
            None if line == fence => open = Some(String::new()),
            None => {}
            Some(_) if line == "```" => found.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    found
}

fn only_block(page: &str, language: &str) -> String {
    let found = blocks(page, language);
    assert_eq!(found.len(), 1, "{} {language} blocks, not one, in:\n{page}", found.len());
    found.into_iter().next().unwrap()
}

/// The cells of each row of the first table, without its header.
fn rows(part: &str) -> Vec<Vec<String>> {
    let lines = part.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    lines.skip(2).map(cells).collect()
}

fn lint_report(name: &str, inventory: &str, jobs: &[&str]) -> Report {
    let inventory = Inventory::parse(name, inventory).unwrap_or_else(|problems| panic!("{problems}"));
    let jobs: Vec<String> = jobs.iter().map(|job| (*job).to_owned()).collect();
    let start = Start {
        id: "documentation".to_owned(),
        trigger: Trigger::Cli,
        at: "2026-11-23T12:00:00Z".parse().unwrap(),
        runbook_base_url: None,
    };
    lint(&inventory, &Filter::new(&jobs, &[]), Planned::default(), &start).unwrap().report
}

fn plain(report: &Report) -> String {
    anstream::adapter::strip_str(&terminal::render(report, COLUMNS)).to_string()
}

fn readme_inventory() -> String {
    only_block(section(&read("README.md"), "## The inventory"), "yaml")
}

#[test]
fn the_readme_lists_every_finding_with_its_page_its_severity_and_its_meaning() {
    let readme = read("README.md");
    let expected: Vec<Vec<String>> = FindingId::ALL
        .iter()
        .map(|id| vec![format!("[`{id}`](docs/findings/{id}.md)"), id.severity().to_string(), summary_of(id.as_str())])
        .collect();
    assert_eq!(rows(section(&readme, "### Findings")), expected);
}

/// The sentence below a page's title.
fn summary_of(id: &str) -> String {
    let page = read(&format!("docs/findings/{id}.md"));
    page.lines().nth(2).unwrap_or_default().to_owned()
}

#[test]
fn the_readme_lists_every_setting() {
    let readme = read("README.md");
    let expected: Vec<Vec<String>> = VARIABLES
        .iter()
        .map(|variable| vec![format!("`{}`", variable.name), variable.takes.to_owned(), variable.default.to_owned()])
        .collect();
    assert_eq!(rows(section(&readme, "## Settings of the function")), expected);
}

#[test]
fn the_readme_lists_every_exit_status() {
    let readme = read("README.md");
    let expected: Vec<Vec<String>> =
        EXIT_STATUSES.iter().map(|(status, meaning)| vec![status.code().to_string(), (*meaning).to_owned()]).collect();
    assert_eq!(rows(section(&readme, "### Exit status")), expected);
}

#[test]
fn the_readme_names_every_command_and_every_option() {
    let readme = read("README.md");
    let part = section(&readme, "## On the command line");
    for command in Arguments::command().get_subcommands() {
        assert!(part.contains(&format!("`{}`", command.get_name())), "README does not name {}", command.get_name());
        for option in command.get_arguments().filter_map(clap::Arg::get_long).filter(|option| *option != "help") {
            assert!(part.contains(&format!("--{option}")), "README does not name --{option} of {}", command.get_name());
        }
    }
}

#[test]
fn the_readme_names_every_example_of_an_event() {
    let readme = read("README.md");
    for event in files("events", ".json") {
        assert!(section(&readme, "## Events").contains(&format!("`events/{event}`")), "README does not name {event}");
    }
}

#[test]
fn the_readme_names_every_key_and_attribute_of_a_message() {
    let readme = read("README.md");
    let part = section(&readme, "## Messages");
    let wanted = Wanted { notify: Notify::Always, min_severity: Severity::Low, max_bytes: DEFAULT_MAX_MESSAGE_BYTES };
    let sent: Vec<Message> = messages(&lint_report("README.md", &readme_inventory(), &[]), wanted);
    assert!(!sent.is_empty());
    for message in sent {
        let protocols: Value = serde_json::from_str(&message.body).unwrap();
        let body: Value = serde_json::from_str(protocols["sqs"].as_str().unwrap()).unwrap();
        let attributes = message.attributes.iter().map(|attribute| attribute.name);
        let keys = protocols.as_object().unwrap().keys().chain(body.as_object().unwrap().keys()).map(String::as_str);
        for name in keys.chain(attributes) {
            assert!(part.contains(&format!("`{name}`")), "README does not name `{name}` of a message");
        }
    }
}

#[test]
fn lint_says_of_the_readmes_inventory_what_the_readme_shows() {
    let readme = read("README.md");
    let shown = only_block(section(&readme, "## The inventory"), "text");
    let output = plain(&lint_report("README.md", &readme_inventory(), &[]));
    assert!(readme_inventory().lines().count() <= 26, "README's inventory is to be short");
    assert!(output.contains(&shown), "README shows:\n{shown}\nlint says:\n{output}");
}

#[test]
fn the_picture_is_what_lint_says_of_the_demos_inventory() {
    let readme = read("README.md");
    let command = PICTURED.map(|job| format!("--job {job}")).join(" ");
    assert!(readme.contains(&command), "README does not name the command of the picture: {command}");
    let name = "examples/demo/inventory.yaml";
    let report = lint_report(name, &read(name), &PICTURED);
    let picture = anstyle_svg::Term::new().render_svg(terminal::render(&report, COLUMNS).trim_end());
    let path = root().join("docs/report.svg");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &picture).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == picture,
        "docs/report.svg is not what lint says now: UPDATE_DOCS=1 cargo test --workspace documentation"
    );
}

#[test]
fn every_finding_has_a_page_and_every_page_a_finding() {
    let pages: BTreeSet<String> =
        files("docs/findings", ".md").iter().map(|name| name.trim_end_matches(".md").to_owned()).collect();
    let ids = FindingId::ALL.iter().map(|id| id.as_str());
    let expected: BTreeSet<String> = ids.chain(NOT_YET).map(str::to_owned).collect();
    assert_eq!(pages, expected);
    for id in NOT_YET {
        assert_eq!(FindingId::parse(id), None, "{id} is a finding now: take it out of NOT_YET");
    }
}

#[test]
fn every_page_has_the_title_and_the_severity_of_its_finding() {
    for id in FindingId::ALL {
        let page = read(&format!("docs/findings/{id}.md"));
        assert_eq!(page.lines().next(), Some(&*format!("# `{id}`")));
        let severities: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("Severity: ")).collect();
        assert_eq!(severities, [id.severity().as_str()], "{id}");
    }
}

#[test]
fn every_page_has_the_same_sections_its_source_and_each_form_of_a_fix() {
    const SECTIONS: [&str; 6] = ["What it means", "The rule", "Confirm it", "Fix it", "When to waive it", "Example"];
    for id in FindingId::ALL {
        let page = read(&format!("docs/findings/{id}.md"));
        let mut fenced = false;
        let headings = page.lines().filter_map(|line| {
            fenced ^= line.trim_start().starts_with("```");
            line.strip_prefix("## ").filter(|_| !fenced)
        });
        assert_eq!(headings.collect::<Vec<_>>(), SECTIONS, "{id}");
        assert!(section(&page, "## The rule").contains("\nSource: "), "{id} names no source of its rule");
        assert!(!blocks(section(&page, "## Confirm it"), "sh").is_empty(), "{id} has no command to confirm it");
        let fix = section(&page, "## Fix it");
        assert!(fix.contains("\n1. "), "{id} has no first fix");
        for form in ["CloudFormation", "Terraform"] {
            assert!(fix.contains(form), "{id} says nothing of {form} in its fixes");
        }
        // The terminal knows fences alone, and has nothing to follow a link with.
        assert_eq!(links(&page).count(), 0, "{id} has links");
    }
}

/// The pages of findings that a waiver cannot help say so instead.
#[test]
fn every_page_shows_a_waiver_that_an_inventory_takes() {
    for id in FindingId::ALL {
        let page = read(&format!("docs/findings/{id}.md"));
        for waiver in blocks(section(&page, "## When to waive it"), "yaml") {
            let whole = format!("version: 1\n{waiver}jobs: [{{name: a, length: 1h, source: ecs-task}}]\n");
            assert!(Inventory::parse("waiver", &whole).is_ok(), "{id}:\n{waiver}");
        }
    }
}

#[test]
fn the_example_of_every_page_has_the_finding_that_lint_can_see() {
    let mut wrong = Vec::new();
    for page in files("docs/findings", ".md") {
        let path = format!("docs/findings/{page}");
        let report = lint_report(&path, &only_block(section(&read(&path), "## Example"), "yaml"), &[]);
        let Some(id) = FindingId::parse(page.trim_end_matches(".md")) else { continue };
        let found = report.findings.iter().any(|finding| finding.id == id);
        if found == LIVE_ONLY.contains(&id) {
            let all: Vec<String> = report.findings.iter().map(place).collect();
            wrong.push(format!("{path}: lint finds {all:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn place(finding: &Finding) -> String {
    format!("{} of {:?}, {:?}", finding.id, finding.job, finding.role)
}

#[test]
fn the_numbers_of_every_example_are_what_lint_says() {
    let mut shown = 0;
    for id in FindingId::ALL {
        let path = format!("docs/findings/{id}.md");
        let page = read(&path);
        let example = section(&page, "## Example");
        for text in blocks(example, "text") {
            let report = lint_report(&path, &only_block(example, "yaml"), &[]);
            let jobs: Vec<String> = report.jobs.iter().map(numbers).collect();
            assert!(jobs.contains(&text), "{path} shows:\n{text}\nlint says:\n{}", jobs.join("\n"));
            shown += 1;
        }
    }
    assert!(shown > 10, "only {shown} pages show numbers");
}

/// A job's verdict as the pages write it.
fn numbers(job: &JobReport) -> String {
    let job = serde_json::to_value(job).unwrap();
    let word = |key: &str| job[key].as_str().map_or_else(|| job[key].to_string(), str::to_owned);
    format!(
        "verdict {}, limited_by {}\nneeded_seconds {}, lease_seconds {}, lapses_after_seconds {}, headroom_seconds {}\n",
        word("verdict"),
        word("limited_by"),
        word("needed_seconds"),
        word("lease_seconds"),
        word("lapses_after_seconds"),
        word("headroom_seconds")
    )
}

/// Examples of a page are whole inventories, or the parts of one that stand for themselves.
#[test]
fn the_examples_of_the_inventory_page_are_inventories() {
    let page = read("docs/inventory.md");
    let examples = blocks(&page, "yaml");
    assert!(examples.len() > 5, "only {} examples", examples.len());
    for example in examples {
        let version = if example.starts_with("version:") { "" } else { "version: 1\n" };
        let jobs = if example.contains("jobs:\n") { "" } else { "jobs: [{name: a, length: 1h, source: ecs-task}]\n" };
        let whole = format!("{version}{example}{jobs}");
        if let Err(problems) = Inventory::parse("docs/inventory.md", &whole) {
            panic!("{problems}");
        }
    }
}

#[test]
fn the_inventory_page_explains_every_key() {
    fn keys(schema: &Value, found: &mut BTreeSet<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            found.extend(properties.keys().cloned());
        }
        match schema {
            Value::Object(fields) => fields.values().for_each(|value| keys(value, found)),
            Value::Array(items) => items.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    let page = read("docs/inventory.md");
    let mut found = BTreeSet::new();
    keys(&Inventory::json_schema(), &mut found);
    let missing: Vec<&String> = found.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(found.len() > 20, "only {found:?}");
    assert!(missing.is_empty(), "docs/inventory.md does not explain {missing:?}");
}

#[test]
fn contributing_names_every_room_of_the_source() {
    let page = read("CONTRIBUTING.md");
    let part = section(&page, "## Where things are");
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let name = if entry.path().is_dir() { format!("src/{name}/") } else { format!("src/{name}") };
        assert!(part.contains(&format!("`{name}`")), "CONTRIBUTING.md does not name {name}");
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut pages: Vec<String> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned).to_vec();
    pages.extend(files("docs", ".md").iter().map(|name| format!("docs/{name}")));
    pages.extend(files("docs/findings", ".md").iter().map(|name| format!("docs/findings/{name}")));
    let mut dead = Vec::new();
    for page in &pages {
        for link in links(&read(page)).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = Path::new(page).parent().unwrap();
            let target = if file.is_empty() { PathBuf::from(page) } else { folder.join(file) };
            let there = root().join(&target).exists();
            if !there || !anchor.is_empty() && !anchors(&read(target.to_str().unwrap())).contains(anchor) {
                dead.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

/// The targets of a page's links and pictures.
fn links(page: &str) -> impl Iterator<Item = String> {
    page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned())
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let kept = |c: char| c.is_alphanumeric() || " -_".contains(c);
    let anchor =
        |heading: &str| heading.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-");
    page.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}
