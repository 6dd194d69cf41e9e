//! The bounds of an inventory, and the diagnostics of values over them. docs/inventory.md lists the bounds.

use std::ops::RangeInclusive;

use super::Seconds;
use super::diagnostic::{Place, Placed, Sink};
use crate::lease::rules;

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
/// The most waivers: each finding is compared with each waiver.
pub(super) const MOST_WAIVERS: usize = 5000;
/// How far ahead the last day of a waiver may be where the inventory states no `longest_waiver`.
pub(super) const LONGEST_WAIVER: Seconds = Seconds::hours(365 * 24);

/// Reports and removes the items over the limit, of the file that has the most; returns whether there were any.
pub(super) fn at_most<D, T>(
    most: usize,
    what: &str,
    documents: &mut [D],
    items: impl Fn(&mut D) -> &mut Vec<T>,
    place: impl Fn(&T) -> Place,
    sink: &mut Sink,
) -> bool {
    let counts: Vec<usize> = documents.iter_mut().map(|document| items(document).len()).collect();
    let total: usize = counts.iter().sum();
    let Some(over) = total.checked_sub(most).filter(|over| *over > 0) else { return false };
    let Some((largest, _)) = counts.iter().enumerate().max_by_key(|(_, count)| **count) else { return false };
    let largest = items(&mut documents[largest]);
    let kept = largest.len().saturating_sub(over);
    if let Some(first) = largest.get(kept) {
        sink.add(place(first), format!("the inventory has {total} {what}"), format!("at most {most} {what}"));
    }
    largest.truncate(kept);
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

/// The values that STS accepts for a field: its name, its length, and the characters beside letters and digits.
pub(super) struct Pattern(&'static str, RangeInclusive<usize>, &'static str);

/// STS AssumeRole: `[\w+=,.@:\/-]`.
pub(super) const EXTERNAL_ID: Pattern = Pattern("external_id", rules::EXTERNAL_ID_LENGTH, "_+=,.@:/-");
/// STS AssumeRole: `[\w+=,.@-]`.
pub(super) const SESSION_NAME: Pattern = Pattern("session_name", rules::SESSION_NAME_LENGTH, "_+=,.@-");
/// STS AssumeRole: `[\w+=,.@-]`.
pub(super) const SOURCE_IDENTITY: Pattern = Pattern("source_identity", rules::SOURCE_IDENTITY_LENGTH, "_+=,.@-");

pub(super) fn check_pattern(
    written: Option<&Placed<String>>,
    Pattern(key, lengths, others): &Pattern,
    sink: &mut Sink,
) {
    let Some(written) = written else { return };
    let fits = written.value.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
    if !fits || !lengths.contains(&written.value.len()) {
        let (shortest, longest) = (lengths.start(), lengths.end());
        let help = format!("STS takes {shortest} to {longest} letters, digits and {others}");
        sink.add(written.place, format!("`{}` cannot be the {key}", written.value), help);
    }
}
