//! The laws that fuzz targets hold every input to. A law that is broken panics, which libFuzzer takes for a crash.

pub mod aws;
mod reported;
mod shown;

use std::sync::LazyLock;

use credential_health::check::{self, Start};
use credential_health::inventory::{Filter, Inventory, Location, Problems, Remark};
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;
use jiff::Timestamp;

pub use reported::{is_sound, statuses};
pub use shown::{all_forms, in_line, is_visible, messages};

/// The moment of every run: what is found must not depend on when it is looked for.
pub static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-11-23T07:00:00Z".parse().expect("a moment"));

/// The inventory whose roles templates, plans and AWS's answers are about.
pub const INVENTORY: &str = include_str!("inventory.yaml");

/// That inventory, read.
pub static KNOWN: LazyLock<Inventory> = LazyLock::new(|| Inventory::parse("jobs.yaml", INVENTORY).expect("valid"));

/// What targets of text take: anything but what is no text.
#[must_use]
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// How each run starts.
#[must_use]
pub fn start() -> Start {
    Start { id: "run".to_owned(), trigger: Trigger::Cli, at: *NOW, clock: jiff::Timestamp::now, runbook_base_url: None }
}

/// Judges offline, and holds the report to its laws.
pub fn linted(inventory: &Inventory, planned: Planned) -> Report {
    let outcome = check::lint(inventory, &Filter::default(), planned, &start()).expect("nothing is filtered out");
    is_sound(inventory, &outcome.report);
    for job in &outcome.report.jobs {
        let assumed = job.hops.iter().any(|hop| hop.outcome == "assumed");
        assert!(!assumed, "lint asks nobody, and {} has an assumed hop", job.name);
    }
    outcome.report
}

/// Problems have words, stand inside the file, whose lines end at `\n`, and are fit to show.
pub fn problems_are_told(problems: &Problems, text: &str) {
    assert!(problems.iter().next().is_some(), "what is refused is refused for a reason");
    for problem in problems.iter() {
        assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem:?}");
        let place = problem.place.unwrap_or_else(|| panic!("without a place: {problem:?}"));
        stands_in(text, place.line, place.column);
    }
    is_visible("problems", &problems.to_string());
    is_visible("problems in colour", &anstream::adapter::strip_str(&problems.render(true)).to_string());
}

/// The same of what is said of files that are no inventories.
pub fn remarks_are_told<'a>(remarks: impl IntoIterator<Item = &'a Remark>, text_of: impl Fn(&str) -> Option<String>) {
    for remark in remarks {
        assert!(!remark.message.is_empty() && !remark.help.is_empty(), "{remark:?}");
        let Location { file, line, column } = &remark.location;
        let text = text_of(file).unwrap_or_else(|| panic!("{file:?} was not given: {remark:?}"));
        stands_in(&text, *line, *column);
        is_visible("remark", &remark.to_string());
    }
}

/// A text with `\n` wherever YAML ends a line: at `\n`, at `\r` and at both. JSON and AWS's configuration end it at `\n` alone.
#[must_use]
pub fn yaml_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn stands_in(text: &str, line: usize, column: usize) {
    // The end of a file that ends its last line is the start of the next.
    let found = text.split('\n').nth(line.wrapping_sub(1));
    let written = found.unwrap_or_else(|| panic!("line {line} of {} is not in the file", text.split('\n').count()));
    let longest = written.chars().count() + 1;
    assert!((1..=longest).contains(&column), "column {column} of line {line}, which has {longest}");
}

/// An inventory that is written is read back as the same, but for places and digest.
pub fn reads_back(inventory: &Inventory, yaml: &str) {
    let again = Inventory::parse("written", yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    let jobs = |inventory: &Inventory| {
        let mut jobs = inventory.jobs.clone();
        jobs.iter_mut().for_each(|job| job.location = Location::default());
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
