//! The ways to cover the job: each with its steps, the lines to declare and the outcome.

use anstyle::Style;

use super::advice::{Advice, advise};
use super::{Explanation, ExplanationText};
use crate::fixes::search::{Fit, MOST_CHANGES, Way};
use crate::inventory::Seconds;
use crate::lease::{Judgement, Verdict};
use crate::report::plain;

/// The number of ways with all their steps.
const IN_FULL: usize = 4;
/// The number of ways with only their heading.
const IN_SHORT: usize = 8;

pub(super) fn describe_ways(explained: &Explanation<'_>, text: &mut ExplanationText) {
    match &explained.fit {
        Fit::Fits => {
            text.heading("The job is covered");
            text.wrapped(&outcome(explained, &explained.judgement), "  ");
        }
        Fit::Ways(ways) => {
            text.heading(match ways.len() {
                1 => "How to fix it",
                _ => "How to fix it: any one of these options, the smallest change first",
            });
            for (number, way) in ways.iter().take(IN_FULL).enumerate() {
                if number > 0 {
                    text.line("");
                }
                describe_way(explained, text, plain::option(number, ways.len()).as_deref(), way);
            }
            let rest: Vec<&Way> = ways.iter().skip(IN_FULL).collect();
            if !rest.is_empty() {
                text.line("\n  Also:");
            }
            for way in rest.iter().take(IN_SHORT) {
                text.wrapped_after("  - ", &advice(explained, way).heading);
            }
            if rest.len() > IN_SHORT {
                text.line(&format!("  and {} more.", rest.len() - IN_SHORT));
            }
        }
        Fit::Nothing { longest } => {
            text.heading("No fix was found");
            let at_best = at_best(explained, *longest);
            text.wrapped(&format!("No set of up to {MOST_CHANGES} changes covers this job. {at_best}"), "  ");
        }
    }
}

fn at_best(explained: &Explanation<'_>, longest: Option<Seconds>) -> String {
    match longest {
        Some(longest) => format!("Such changes can cover runs of up to {longest}."),
        None if explained.judgement.verdict == Verdict::Rejected => {
            "A shorter run would not start either: STS refuses too many of its requests.".to_owned()
        }
        None => format!(
            "With its pause of {1}, even a run of one minute would not keep the margin of {0}. \
             Declare a smaller margin.",
            explained.job.margin, explained.job.pause
        ),
    }
}

fn advice(explained: &Explanation<'_>, way: &Way) -> Advice {
    advise(&explained.place, explained.job, way, &|role| explained.max_session(role).map(|(max, _)| max))
}

fn describe_way(explained: &Explanation<'_>, text: &mut ExplanationText, option: Option<&str>, way: &Way) {
    const INDENT: &str = "     ";
    const CODE: &str = "       ";
    let (bold, advice) = (Style::new().bold(), advice(explained, way));
    let option = option.map_or_else(String::new, |option| format!("{option}: "));
    let heading = text.wrap(&format!("{option}{}", capitalised(&advice.heading)), INDENT);
    text.line(&format!("  {bold}{}{bold:#}", heading.trim_start()));
    for (index, part) in advice.fix.parts.iter().enumerate() {
        text.wrapped_after(&format!("{INDENT}{}", plain::step_number(&advice.fix, index)), &part.step);
        for block in &part.blocks {
            text.line(&format!("{INDENT}{}:", block.kind.heading()));
            text.code(&block.text, CODE);
        }
    }
    if !advice.job.is_empty() {
        text.wrapped(&format!("In the inventory, job {}:", explained.job.name), INDENT);
        text.code(&advice.job, CODE);
    }
    if !advice.roles.is_empty() {
        text.wrapped("In the inventory, under `roles`:", INDENT);
        text.code(&advice.roles, CODE);
    }
    text.wrapped(&format!("Result: {}", outcome(explained, &way.judgement)), INDENT);
}

/// The outcome of a covered job.
fn outcome(explained: &Explanation<'_>, judgement: &Judgement) -> String {
    match (judgement.end, judgement.headroom.and_then(|headroom| u64::try_from(headroom).ok())) {
        (Some(end), Some(headroom)) => format!(
            "covered. Its credentials last {end} and expire {} after the run; its margin is {}.",
            Seconds(headroom),
            explained.job.margin
        ),
        _ => "covered. Its credentials are renewed for as long as it runs.".to_owned(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
