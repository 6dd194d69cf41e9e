//! The laws that fuzz targets apply to every input. A broken law panics, and libFuzzer reports that as a crash.

pub mod aws;
mod reported;
mod shown;

use std::sync::LazyLock;

use credential_health::check::{self, Start};
use credential_health::inventory::{Filter, Inventory, LengthFrom, Location, Problems, Diagnostic};
use credential_health::report::{HopOutcome, Report, Trigger};
use credential_health::templates::Planned;
use jiff::Timestamp;

pub use reported::{is_sound, statuses};
pub use shown::{all_forms, in_line, is_visible, messages};

/// The time of every run, so that results do not depend on the clock.
pub static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-11-23T07:00:00Z".parse().expect("a moment"));

/// The inventory with the roles of the templates, plans and answers of AWS.
pub const INVENTORY: &str = include_str!("inventory.yaml");

/// The parsed inventory.
pub static KNOWN: LazyLock<Inventory> = LazyLock::new(|| Inventory::parse("jobs.yaml", INVENTORY).expect("valid"));

/// The input as text, if it is text.
#[must_use]
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The start of each run.
#[must_use]
pub fn start() -> Start {
    Start { id: "run".to_owned(), trigger: Trigger::Cli, at: *NOW, clock: jiff::Timestamp::now, runbook_base_url: None }
}

/// Judges offline, and checks the laws of the report.
pub fn linted(inventory: &Inventory, planned: Planned) -> Report {
    let outcome = check::lint(inventory, &Filter::default(), planned, &start()).expect("nothing is filtered out");
    is_sound(inventory, &outcome.report);
    for job in &outcome.report.jobs {
        let assumed = job.hops.iter().any(|hop| hop.outcome == HopOutcome::Assumed);
        assert!(!assumed, "lint makes no calls, but {} has an assumed hop", job.name);
    }
    outcome.report
}

/// Problems have texts and are safe to show. They are inside the file (with lines that end at `\n`), unless they are
/// about its encoding.
pub fn check_problems(problems: &Problems, text: &str) {
    assert!(problems.iter().next().is_some(), "a refusal has at least one problem");
    for problem in problems.iter() {
        assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem:?}");
        if problem.location.line == 0 {
            // The encoding is a problem of the whole file.
            assert!(problem.message.contains("UTF-16"), "without a place: {problem:?}");
            continue;
        }
        is_inside(text, problem.location.line, problem.location.column);
    }
    is_visible("problems", &problems.to_string());
    is_visible("problems in colour", &anstream::adapter::strip_str(&problems.render(true)).to_string());
}

/// The same laws for remarks about files that are not inventories.
pub fn check_remarks<'a>(remarks: impl IntoIterator<Item = &'a Diagnostic>, text_of: impl Fn(&str) -> Option<String>) {
    for remark in remarks {
        assert!(!remark.message.is_empty() && !remark.help.is_empty(), "{remark:?}");
        let Location { file, line, column } = &remark.location;
        let text = text_of(file).unwrap_or_else(|| panic!("{file:?} was not given: {remark:?}"));
        is_inside(&text, *line, *column);
        is_visible("remark", &remark.to_string());
    }
}

/// A text with `\n` at each line end of YAML: `\n`, `\r` and both. JSON and AWS configuration files end lines only at
/// `\n`.
#[must_use]
pub fn yaml_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn is_inside(text: &str, line: usize, column: usize) {
    // The end of a file with a final line break is the start of the next line.
    let found = text.split('\n').nth(line.wrapping_sub(1));
    let written = found.unwrap_or_else(|| panic!("line {line} of {} is not in the file", text.split('\n').count()));
    let longest = written.chars().count() + 1;
    assert!((1..=longest).contains(&column), "column {column} of line {line}, which has {longest}");
}

/// A written inventory is read back as the same inventory, except for places and digest.
pub fn reads_back(inventory: &Inventory, yaml: &str) {
    let again = Inventory::parse("written", yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    let jobs = |inventory: &Inventory| {
        let mut jobs = inventory.jobs.clone();
        for job in &mut jobs {
            job.location = Location::default();
            // A written length is declared.
            job.length_from = LengthFrom::Declared;
        }
        jobs
    };
    assert_eq!(jobs(inventory), jobs(&again), "{yaml}");
    let roles = |inventory: &Inventory| {
        let mut roles = inventory.roles.clone();
        roles.values_mut().for_each(|role| role.location = None);
        roles
    };
    assert_eq!(roles(inventory), roles(&again), "{yaml}");
    let waivers = |inventory: &Inventory| {
        let mut waivers = inventory.waivers.clone();
        waivers.iter_mut().for_each(|waiver| waiver.location = Location::default());
        waivers
    };
    assert_eq!(waivers(inventory), waivers(&again), "{yaml}");
    assert_eq!(format!("{:?}", inventory.readers), format!("{:?}", again.readers), "{yaml}");
}
