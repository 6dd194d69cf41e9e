//! The table of a run, and the report that a person can attach to an issue. The account id is replaced in both.

use jiff::Timestamp;

use crate::catalogue::NOT_DECIDABLE;
use crate::model::Rule;
use crate::run::{Decided, Decision, Outcome};

/// The account id in every output.
const EXAMPLE_ACCOUNT: &str = "111111111111";

/// The facts about a run that its report begins with.
#[derive(Debug, Clone)]
pub struct About {
    /// The start.
    pub started: Timestamp,
    /// The account, which is replaced in the report.
    pub account: String,
    /// The partition.
    pub partition: String,
    /// The Region.
    pub region: String,
    /// The id of the run.
    pub run: String,
}

/// How many rules were decided how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rules with the expected answer.
    pub holds: usize,
    /// Rules with another answer.
    pub differs: usize,
    /// Open questions with an answer.
    pub answered: usize,
    /// Rules and questions without an answer.
    pub undecided: usize,
}

impl Counts {
    /// Counts the decisions of a run.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let mut counts = Self::default();
        for decided in &outcome.decided {
            match decided.decision {
                Decision::Holds(_) => counts.holds += 1,
                Decision::Differs(_) => counts.differs += 1,
                Decision::Answered(_) => counts.answered += 1,
                Decision::Undecided(_) => counts.undecided += 1,
            }
        }
        counts
    }
}

/// One line: the counts.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let Counts { holds, differs, answered, undecided } = Counts::of(outcome);
    format!("{holds} rules hold, {differs} differ, {undecided} undecided; {answered} open questions answered.")
}

/// The table: rule, expected, seen.
#[must_use]
pub fn table(outcome: &Outcome, account: &str) -> String {
    let mut text = String::new();
    for Decided { rule, decision, .. } in &outcome.decided {
        let (word, seen) = describe(decision);
        let expected = expected(rule);
        let seen = hide(&seen, account);
        text.push_str(&format!("{word:9} {}\n          {}\n", rule.id, rule.says));
        text.push_str(&format!("          expected: {expected}\n          seen:     {seen}\n"));
    }
    text
}

/// The report in Markdown.
#[must_use]
pub fn markdown(about: &About, outcome: &Outcome) -> String {
    let mut text = format!(
        "# credential-health-prove\n\nStarted {:.0}, version {}, partition `{}`, Region `{}`, run `{}`. The account id \
         is replaced by {EXAMPLE_ACCOUNT}.\n\n{}\n\n",
        about.started,
        env!("CARGO_PKG_VERSION"),
        cell(&about.partition),
        cell(&about.region),
        about.run,
        summary(outcome)
    );
    if let Some(why) = &outcome.stopped {
        text.push_str(&format!("The run ended early: {}.\n\n", cell(&hide(why, &about.account))));
    }
    for leftover in &outcome.removal.leftovers {
        let why = cell(&hide(&leftover.why, &about.account));
        text.push_str(&format!("Not removed: {} ({why}). Run `--clean`.\n\n", cell(&leftover.thing.name())));
    }
    for unread in &outcome.removal.unread {
        let what = cell(&hide(&unread.to_string(), &about.account));
        text.push_str(&format!("Could not be checked: {what}. Run `--clean`.\n\n"));
    }
    text.push_str("| | rule | call | expected | seen | answers |\n|---|---|---|---|---|---|\n");
    for Decided { rule, decision, attempts } in &outcome.decided {
        let (word, seen) = describe(decision);
        let call = format!("{}: {}", rule.caller, rule.call);
        text.push_str(&format!(
            "| {word} | `{}`: {} | {} | {} | {} | {attempts} |\n",
            rule.id,
            cell(rule.says),
            cell(&call),
            cell(&expected(rule)),
            cell(&hide(&seen, &about.account))
        ));
    }
    text.push_str("\nNot decidable by this command:\n\n| what | why |\n|---|---|\n");
    for (what, why) in NOT_DECIDABLE {
        text.push_str(&format!("| {} | {} |\n", cell(what), cell(why)));
    }
    text
}

fn expected(rule: &Rule) -> String {
    rule.expected.map_or_else(|| "open question".to_owned(), |expected| expected.to_string())
}

fn describe(decision: &Decision) -> (&'static str, String) {
    match decision {
        Decision::Holds(seen) => ("holds", seen.to_string()),
        Decision::Differs(seen) => ("differs", seen.to_string()),
        Decision::Answered(seen) => ("answered", seen.to_string()),
        Decision::Undecided(why) => ("undecided", why.clone()),
    }
}

/// The text without the account id.
#[must_use]
pub fn hide(text: &str, account: &str) -> String {
    if account.is_empty() { text.to_owned() } else { text.replace(account, EXAMPLE_ACCOUNT) }
}

/// A cell of a table in Markdown.
fn cell(text: &str) -> String {
    let escape = |c: char| match c {
        '|' | '<' | '>' | '[' | ']' | '*' | '\\' => format!("\\{c}"),
        '\n' | '\r' => " ".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}
