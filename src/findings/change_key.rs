//! Which facts of a finding make it a changed finding: their names and their values as text. Facts that differ from run to
//! run by themselves (times, request ids, the size of a clock's offset) never count.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::evidence::{Fact, FactValue};
use crate::inventory::hex;

/// The facts that count, by name. The names and the values are part of the stored state.
pub type ChangeKey = BTreeMap<String, String>;

/// A longer text is kept as its digest.
const LONGEST_TEXT: usize = 300;

/// Adds a fact. Two waivers of the same names are one finding with the facts of both.
pub(super) fn add(key: &mut ChangeKey, fact: &Fact) {
    let (name, text) = counted(fact);
    let known = key.entry(name.to_owned()).or_default();
    *known = if known.is_empty() { text } else { format!("{known}; {text}") };
}

/// Replaces long texts by their digests.
pub(super) fn shorten(key: ChangeKey) -> ChangeKey {
    key.into_iter()
        .map(|(name, text)| (name, if text.len() > LONGEST_TEXT { format!("… ({})", digest(&text)) } else { text }))
        .collect()
}

/// The name and the value that count.
fn counted(fact: &Fact) -> (&'static str, String) {
    match fact {
        // The direction alone: the size differs from run to run.
        Fact::ClockOffset(offset) => ("clock", if *offset < 0 { "behind" } else { "ahead" }.to_owned()),
        // A role that is throttled one day may time out the next.
        Fact::NotCheckedBecause(class) if class.is_unfinished() => (fact.kind().name(), "no answer".to_owned()),
        _ => (fact.kind().name(), text_of(&fact.value())),
    }
}

fn text_of(value: &FactValue<'_>) -> String {
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
