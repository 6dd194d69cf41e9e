//! The bounds of an inventory, and the diagnostics of values over them. docs/inventory.md lists the bounds.

use std::ops::RangeInclusive;

use super::Seconds;
use super::diagnostic::{Place, Placed, Sink};
use super::raw::Document;
use crate::lease::rules;

/// The longest path that is accepted; real ones have one to three hops.
pub(crate) const MOST_HOPS: usize = 12;
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
/// The most entries of `sources`, and globs of one of them.
pub(super) const MOST_BINDINGS: usize = 10_000;
pub(super) const MOST_GLOBS: usize = 1000;
/// The most waivers of a file: each finding that the file rules is compared with each of them.
pub(super) const MOST_WAIVERS_OF_A_FILE: usize = 5000;
/// The most waivers of all files.
pub(super) const MOST_WAIVERS: usize = 50_000;
/// How far ahead the last day of a waiver may be where the inventory states no `longest_waiver`.
pub(super) const LONGEST_WAIVER: Seconds = Seconds::hours(365 * 24);

/// Reports each file that the inventory has too many items by, and removes what is over the limit; returns whether
/// there were any. The platform's file counts first, then the files with the fewest items: no large file is a problem
/// of a small one.
pub(super) fn at_most<T>(
    (most, what): (usize, &str),
    documents: &mut [(usize, Document)],
    platform: Option<usize>,
    items_of: impl Fn(&mut Document) -> &mut Vec<T>,
    place: impl Fn(&T) -> Place,
    sink: &mut Sink,
) -> bool {
    let mut counts = Vec::with_capacity(documents.len());
    for (index, (file, document)) in documents.iter_mut().enumerate() {
        counts.push((Some(*file) != platform, items_of(document).len(), index));
    }
    counts.sort_unstable();
    let total: usize = counts.iter().map(|(_, count, _)| count).sum();
    let mut room = most;
    for (_, count, index) in counts {
        let items = items_of(&mut documents[index].1);
        if let Some(first) = items.get(room) {
            let message = format!("the inventory has {total} {what}, {count} of them in this file");
            sink.add(place(first), message, format!("at most {most} {what} in all files"));
            items.truncate(room);
        } else {
            room -= count;
        }
    }
    total > most
}

pub(super) fn check_hops(hops: usize, place: Place, sink: &mut Sink) {
    if hops > MOST_HOPS {
        sink.add(place, format!("the path has {hops} hops"), format!("a path has at most {MOST_HOPS} hops"));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::raw::Waiver;

    /// The files that are over the limit of ten waivers, by their numbers; the first is the platform's.
    fn over(counts: &[usize]) -> Vec<usize> {
        let waivers = |file: usize, count: usize| {
            let waiver = || Waiver { place: Place { file, ..Place::default() }, ..Waiver::default() };
            let waivers = (0..count).map(|_| waiver()).collect();
            (file, Document { waivers, ..Document::default() })
        };
        let mut documents: Vec<_> = counts.iter().enumerate().map(|(file, count)| waivers(file, *count)).collect();
        let mut sink = Sink::default();
        let is_over = at_most(
            (10, "waivers"),
            &mut documents,
            Some(0),
            |document| &mut document.waivers,
            |waiver| waiver.place,
            &mut sink,
        );
        let files: Vec<usize> = sink.files().collect();
        assert_eq!(is_over, !files.is_empty());
        assert!(documents.iter().map(|(_, document)| document.waivers.len()).sum::<usize>() <= 10 * counts.len());
        files
    }

    #[test]
    fn the_limit_of_all_files_is_a_problem_of_those_with_the_most_and_never_of_the_platforms() {
        assert_eq!(over(&[4, 3, 3]), [0; 0]);
        assert_eq!(over(&[4, 3, 4]), [2]);
        assert_eq!(over(&[9, 2, 1]), [1]);
        assert_eq!(over(&[1, 20, 2, 3]), [1]);
        assert_eq!(over(&[11, 1]), [0]);
    }
}
