//! The change key of a finding: the facts, by name and text, whose change makes the finding changed. Facts that vary
//! between runs (times, request ids, the size of a clock's offset) never count.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::evidence::{Fact, FactValue};
use crate::inventory::hex;

/// The facts that count, by name. Names and values are part of the stored state.
pub type ChangeKey = BTreeMap<String, String>;

/// Longer texts are replaced by their digest.
const LONGEST_TEXT: usize = 300;

/// Adds a fact. Two waivers with equal names are one finding with the facts of both.
pub(super) fn add(key: &mut ChangeKey, fact: &Fact) {
    let (name, text) = name_and_text(fact);
    let known = key.entry(name.to_owned()).or_default();
    *known = if known.is_empty() { text } else { format!("{known}; {text}") };
}

/// Replaces long texts by their digests.
pub(super) fn shorten(key: ChangeKey) -> ChangeKey {
    key.into_iter()
        .map(|(name, text)| (name, if text.len() > LONGEST_TEXT { format!("… ({})", digest(&text)) } else { text }))
        .collect()
}

/// The name and the text of a fact in the change key.
fn name_and_text(fact: &Fact) -> (&'static str, String) {
    match fact {
        // Only the direction counts: the size differs from run to run.
        Fact::ClockOffset(offset) => ("clock", if *offset < 0 { "behind" } else { "ahead" }.to_owned()),
        // The same role may be throttled in one run and time out in the next.
        Fact::NotCheckedBecause(class) if class.is_unfinished() => (fact.kind().name(), "no answer".to_owned()),
        _ => (fact.kind().name(), value_as_text(&fact.value())),
    }
}

fn value_as_text(value: &FactValue<'_>) -> String {
    match value {
        FactValue::Seconds(seconds) => seconds.0.to_string(),
        FactValue::Number(number) => number.to_string(),
        FactValue::Flag(flag) => flag.to_string(),
        FactValue::Text(text) => text.clone(),
        FactValue::List(items) => match items.join(", ") {
            long if long.len() > LONGEST_TEXT => format!("{} of them ({})", items.len(), digest(&long)),
            short => short,
        },
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::errors::Class;
    use crate::findings::FindingId;
    use crate::inventory::JobName;

    fn key(fact: &Fact) -> ChangeKey {
        let mut key = ChangeKey::new();
        add(&mut key, fact);
        shorten(key)
    }

    #[test]
    fn only_the_direction_of_a_clock_offset_counts() {
        assert_eq!(key(&Fact::ClockOffset(300)), key(&Fact::ClockOffset(301)));
        assert_ne!(key(&Fact::ClockOffset(300)), key(&Fact::ClockOffset(-300)));
    }

    #[test]
    fn the_kind_of_a_missing_answer_does_not_count_but_a_refusal_does() {
        let because = |class| key(&Fact::NotCheckedBecause(class));
        for class in [Class::TimedOut, Class::Unavailable, Class::Unreachable, Class::OutOfTime, Class::NoCredentials] {
            assert_eq!(because(Class::Throttled), because(class), "{class:?}");
        }
        assert_ne!(because(Class::Throttled), because(Class::MalformedPolicy));
    }

    #[test]
    fn a_long_list_of_jobs_is_kept_as_its_digest_and_still_counts() {
        let jobs = |count: usize| {
            let names = (0..count).map(|number| JobName::from(format!("nightly-job-{number}"))).collect();
            key(&Fact::Jobs(names))
        };
        assert!(jobs(5000)["jobs"].len() < 100);
        assert_ne!(jobs(5000), jobs(5001));
    }

    #[test]
    fn the_facts_that_count_are_those_of_the_stored_state() {
        let names = |id: &FindingId| {
            let facts = id.definition().change_facts.iter().map(|kind| kind.name()).collect::<Vec<_>>();
            format!("{id}: {}", facts.join(", "))
        };
        let table: Vec<String> = FindingId::ALL.iter().map(names).collect();
        insta::assert_snapshot!("change_facts", table.join("\n"));
    }
}
