//! What would make the job fit, in words: each way with its steps, the lines to declare and what comes of it.

use anstyle::Style;

use super::advice::{Advice, advise};
use super::{Explanation, Text};
use crate::fixes::search::{Fit, MOST_CHANGES, Way};
use crate::inventory::Seconds;
use crate::lease::{Judgement, Verdict};

/// Ways that are told with all their steps.
const IN_FULL: usize = 4;
/// Ways of which the heading is told.
const IN_SHORT: usize = 8;

pub(super) fn tell(told: &Explanation<'_>, text: &mut Text) {
    match &told.fit {
        Fit::Fits => {
            text.heading("It fits");
            text.wrapped(&outcome(told, &told.judgement), "  ");
        }
        Fit::Ways(ways) => {
            text.heading("What would make it fit: any one of these, the least change first");
            for (number, way) in ways.iter().take(IN_FULL).enumerate() {
                if number > 0 {
                    text.line("");
                }
                tell_way(told, text, number + 1, way);
            }
            let rest: Vec<&Way> = ways.iter().skip(IN_FULL).collect();
            if !rest.is_empty() {
                text.line("\n  Also:");
            }
            for way in rest.iter().take(IN_SHORT) {
                text.wrapped_after("  - ", &advice(told, way).heading);
            }
            if rest.len() > IN_SHORT {
                text.line(&format!("  and {} more.", rest.len() - IN_SHORT));
            }
        }
        Fit::Nothing { longest } => {
            text.heading("Nothing makes it fit");
            let at_best = at_best(told, *longest);
            text.wrapped(&format!("No set of up to {MOST_CHANGES} changes makes this job last. {at_best}"), "  ");
        }
    }
}

fn at_best(told: &Explanation<'_>, longest: Option<Seconds>) -> String {
    match longest {
        Some(longest) => format!("The longest run that could be made to is {longest}."),
        None if told.judgement.verdict == Verdict::Rejected => {
            "Nor would a shorter run start: too many of its requests are refused.".to_owned()
        }
        None => format!(
            "Not even a run of one minute would keep its margin of {} with its pause of {}: declare a smaller margin.",
            told.job.margin, told.job.pause
        ),
    }
}

fn advice(told: &Explanation<'_>, way: &Way) -> Advice {
    advise(told.inventory, told.job, way, &|role| told.max_session(role).map(|(max, _)| max))
}

fn tell_way(told: &Explanation<'_>, text: &mut Text, number: usize, way: &Way) {
    const INDENT: &str = "     ";
    const CODE: &str = "       ";
    let (bold, advice) = (Style::new().bold(), advice(told, way));
    let heading = text.wrap(&capitalised(&advice.heading), INDENT);
    text.line(&format!("  {number}. {bold}{}{bold:#}", heading.trim_start()));
    for fix in &advice.fixes {
        text.wrapped(&fix.step, INDENT);
        fix.cli.iter().for_each(|cli| text.code(cli, CODE));
    }
    if !advice.job.is_empty() {
        text.wrapped(&format!("In the inventory, job {}:", told.job.name), INDENT);
        text.code(&advice.job, CODE);
    }
    if !advice.roles.is_empty() {
        text.wrapped("In the inventory, under `roles`:", INDENT);
        text.code(&advice.roles, CODE);
    }
    text.wrapped(&format!("Then: {}", outcome(told, &way.judgement)), INDENT);
}

/// What a covered job has, its headroom first.
fn outcome(told: &Explanation<'_>, judgement: &Judgement) -> String {
    match (judgement.end, judgement.headroom.and_then(|headroom| u64::try_from(headroom).ok())) {
        (Some(end), Some(headroom)) => format!(
            "covered. Its credentials last {end}, and end {} after the run; its margin is {}.",
            Seconds(headroom),
            told.job.margin
        ),
        _ => "covered. Its credentials are renewed without end.".to_owned(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
