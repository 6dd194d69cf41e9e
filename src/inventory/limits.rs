//! How long and how many: the bounds of an inventory, and what is said of what is over them. docs/inventory.md lists them.

use super::problem::{Place, Placed, Sink};

/// The longest path that is accepted; real ones have one to three hops.
pub(super) const MOST_HOPS: usize = 12;
/// Longest name of a job, an owner, an alias, in characters.
const LONGEST_NAME: usize = 256;
/// Longest glob: an ARN's length.
pub(super) const LONGEST_GLOB: usize = 2048;
/// Longest reason of a waiver: it is shown wherever its finding is.
pub(super) const LONGEST_REASON: usize = 1000;
/// The most jobs.
pub(super) const MOST_JOBS: usize = 200_000;
/// The most roles of which something is declared.
pub(super) const MOST_ROLES: usize = 200_000;
/// The most waivers: each is held to each finding.
pub(super) const MOST_WAIVERS: usize = 5000;

/// Reports and takes away what is more than so many; whether there was more.
pub(super) fn at_most<T>(
    most: usize,
    what: &str,
    items: &mut Vec<T>,
    place: impl Fn(&T) -> Place,
    sink: &mut Sink,
) -> bool {
    let Some(first) = items.get(most) else { return false };
    sink.add(place(first), format!("the inventory has {} {what}", items.len()), format!("at most {most} {what}"));
    items.truncate(most);
    true
}

pub(super) fn check_name(name: &Placed<String>, what: &str, sink: &mut Sink) {
    check_length(name, what, LONGEST_NAME, sink);
}

pub(super) fn check_length(text: &Placed<String>, what: &str, longest: usize, sink: &mut Sink) {
    let length = text.value.chars().count();
    if length > longest {
        let message = format!("{what} of {length} characters is too long");
        sink.add(text.place, message, format!("at most {longest} characters"));
    }
}

/// What the API takes for a field: its name, shortest and longest length, and the characters beside letters and digits.
pub(super) struct Pattern(&'static str, usize, usize, &'static str);

/// STS AssumeRole: 2 to 1224 of `[\w+=,.@:\/-]`.
pub(super) const EXTERNAL_ID: Pattern = Pattern("external_id", 2, 1224, "_+=,.@:/-");
/// STS AssumeRole: 2 to 64 of `[\w+=,.@-]`.
pub(super) const SESSION_NAME: Pattern = Pattern("session_name", 2, 64, "_+=,.@-");
/// STS AssumeRole: 2 to 64 of `[\w+=,.@-]`; the live service takes up to 256 (measured).
pub(super) const SOURCE_IDENTITY: Pattern = Pattern("source_identity", 2, 256, "_+=,.@-");

pub(super) fn check_pattern(
    written: Option<&Placed<String>>,
    Pattern(key, shortest, longest, others): &Pattern,
    sink: &mut Sink,
) {
    let Some(written) = written else { return };
    let fits = written.value.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
    if !fits || !(*shortest..=*longest).contains(&written.value.len()) {
        let help = format!("STS takes {shortest} to {longest} letters, digits and {others}");
        sink.add(written.place, format!("`{}` cannot be the {key}", written.value), help);
    }
}
