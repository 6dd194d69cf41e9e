//! Changes to the text of a workflow: one key is written, and all else stays as it is, comments and order too.

use super::Workflow;
use super::files::named_as_workflows;
use super::known::known;
use super::length::prepares;
use super::node::{entries, entry, entry_with_key, steps_of, text_of};
use super::tree;
use crate::import::TextChange;
use crate::inventory::diagnostic::{Placed, Sink};
use crate::inventory::yaml::{Node, Value};

/// A change that makes a job's credentials last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// `role-duration-seconds` of the login step.
    RoleDuration(u64),
    /// `timeout-minutes` of the job.
    Timeout(u64),
}

/// Why the text is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEdited {
    /// The file is not written so that it can be changed safely, such as a value that is an expression.
    NotLiteral,
    /// The login is in an action, which has no `timeout-minutes`.
    InAction,
    /// The job states a longer `timeout-minutes`.
    StatesLonger,
    /// A step before the login has no timeout.
    StepsBefore,
}

/// The change of this file at the login whose `uses` is on this line.
///
/// # Errors
/// Why there is none.
pub fn text_change(workflow: &Workflow, line: usize, edit: Edit) -> Result<TextChange, NotEdited> {
    let text = &workflow.text;
    let tree = tree::read(0, text, &mut Sink::default()).ok_or(NotEdited::NotLiteral)?;
    let (holder, before, step) = login(&tree, line).ok_or(NotEdited::NotLiteral)?;
    let change = match edit {
        Edit::RoleDuration(seconds) => of_duration(text, &tree, step, seconds),
        Edit::Timeout(_) if entry(&tree, "runs").is_some() => return Err(NotEdited::InAction),
        // A length that somebody stated is not shortened.
        Edit::Timeout(minutes) if states_longer(holder, minutes) => return Err(NotEdited::StatesLonger),
        Edit::Timeout(_) if before.iter().any(may_take_long) => return Err(NotEdited::StepsBefore),
        Edit::Timeout(minutes) => entry_with_key(holder, "steps")
            .and_then(|(steps, _)| inserted(text, steps, &format!("timeout-minutes: {minutes}"))),
    };
    change.ok_or(NotEdited::NotLiteral)
}

fn of_duration(text: &str, tree: &Node, step: &Node, seconds: u64) -> Option<TextChange> {
    let with = entry(step, "with")?;
    let uses = entry(step, "uses")?;
    let key = duration_key(&text_of(uses)?.value)?;
    let written = entry(with, key);
    // An alias puts the same text elsewhere, where it has another meaning.
    if places_of(tree, written.unwrap_or(with)) > places_of(tree, uses) {
        return None;
    }
    match written {
        Some(written) => replaced(text, written, seconds),
        None => inserted(text, &with.entries().first()?.0, &format!("{key}: {seconds}")),
    }
}

/// At how many places of the tree this node is: aliases put it at several.
fn places_of(tree: &Node, node: &Node) -> usize {
    let below: usize = match &tree.value {
        Value::List(items) => items.iter().map(|item| places_of(item, node)).sum(),
        Value::Map(entries) => entries.iter().map(|(_, value)| places_of(value, node)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
    };
    below + usize::from(tree.place.offset == node.place.offset)
}

/// Whether the folder of workflows of a file's repository has workflows that are not among these.
#[must_use]
pub fn has_other_workflows(file: &Workflow, read: &[Workflow]) -> bool {
    let absolute = |name: &str| std::path::absolute(name).unwrap_or_else(|_| name.into());
    let file = absolute(&file.name);
    let Some(folder) = file.ancestors().map(|folder| folder.join(".github/workflows")).find(|folder| folder.is_dir())
    else {
        return true;
    };
    let read: Vec<_> = read.iter().map(|workflow| absolute(&workflow.name)).collect();
    named_as_workflows(&folder).map_or(true, |files| !files.iter().all(|file| read.contains(file)))
}

/// Whether the job states a timeout, or a step of it states one that is longer or that only a run knows.
fn states_longer(job: &Node, minutes: u64) -> bool {
    let mut of_steps = steps_of(job).iter().filter_map(|step| entry(step, "timeout-minutes"));
    let is_longer = |timeout: &Node| {
        text_of(timeout).and_then(|text| text.value.parse::<u64>().ok()).is_none_or(|step| step > minutes)
    };
    entry(job, "timeout-minutes").is_some() || of_steps.any(is_longer)
}

/// Whether a step may take long: it has no timeout, and does more than to prepare the job.
fn may_take_long(step: &Node) -> bool {
    entry(step, "timeout-minutes").is_none() && !prepares(step)
}

/// The name of the input for the duration in this action.
fn duration_key(uses: &str) -> Option<&'static str> {
    const KEY: &str = "role-duration-seconds";
    match known(uses.split('@').next()?) {
        Some(known) => known.name_of(KEY),
        None => Some(KEY),
    }
}

/// The job or action, the steps before, and the step whose `uses` is on this line.
fn login(tree: &Node, line: usize) -> Option<(&Node, &[Node], &Node)> {
    let jobs = entries(entry(tree, "jobs")).map(|(_, job)| job);
    jobs.chain(entry(tree, "runs")).find_map(|holder| {
        let steps = steps_of(holder);
        let is_here = |step: &Node| entry(step, "uses").is_some_and(|uses| uses.place.line == line);
        let index = steps.iter().position(is_here)?;
        Some((holder, &steps[..index], &steps[index]))
    })
}

/// A number that is written as a literal, replaced.
fn replaced(text: &str, written: &Node, value: u64) -> Option<TextChange> {
    let old = written.text()?.trim().to_owned();
    if old.contains("${{") || old.is_empty() {
        return None;
    }
    let offset = written.place.offset;
    let here = text.get(offset..)?;
    let quoted = ['"', '\''].iter().map(|quote| format!("{quote}{old}{quote}"));
    let literal = quoted.chain([old.clone()]).find(|literal| here.starts_with(literal))?;
    Some(TextChange { offset, removed: literal.len(), inserted: value.to_string() })
}

/// A key before another of its map: a line of its own, or an entry of a map in braces.
fn inserted(text: &str, next: &Placed<String>, entry: &str) -> Option<TextChange> {
    let offset = next.place.offset;
    let before = text.get(..offset)?;
    let line = before.rsplit('\n').next()?;
    let in_braces = line.trim_end().ends_with(['{', ',']);
    let in_braces = in_braces.then(|| TextChange { offset, removed: 0, inserted: format!("{entry}, ") });
    TextChange::line_before(text, offset, entry).or(in_braces)
}

#[cfg(test)]
mod tests {
    use super::{Edit, text_change};
    use crate::import::TextChange;
    use crate::import::github_workflow::Workflow;

    fn edit(text: &str, line: usize, edit: Edit) -> Option<String> {
        let change = text_change(&Workflow { name: "w.yml".to_owned(), text: text.to_owned() }, line, edit).ok()?;
        Some(TextChange::apply_all(text, [&change]))
    }

    const BLOCK: &str = "on: push # every push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    # the steps\n    \
        steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n          \
        role-to-assume: r # the role\n";

    #[test]
    fn a_key_is_written_beside_the_others_and_comments_stay() {
        let changed = edit(BLOCK, 7, Edit::RoleDuration(3600)).unwrap();
        assert_eq!(
            changed,
            BLOCK
                .replace("          role-to-assume", "          role-duration-seconds: 3600\n          role-to-assume")
        );
        let changed = edit(BLOCK, 7, Edit::Timeout(50)).unwrap();
        assert_eq!(changed, BLOCK.replace("    steps:", "    timeout-minutes: 50\n    steps:"));
    }

    #[test]
    fn a_literal_is_replaced_and_an_expression_is_left() {
        let with = |value: &str| BLOCK.replace("role-to-assume: r", &format!("role-duration-seconds: {value}"));
        for value in ["7200", "\"7200\"", "'7200'", "1h"] {
            assert_eq!(edit(&with(value), 7, Edit::RoleDuration(3600)), Some(with("3600")), "{value}");
        }
        assert_eq!(edit(&with("${{ vars.SECONDS }}"), 7, Edit::RoleDuration(3600)), None);
    }

    #[test]
    fn a_value_that_an_alias_shares_is_left() {
        let used = "      - run: make\n        env: {RETENTION: *shared}\n";
        let value = BLOCK.replace("role-to-assume: r", "role-duration-seconds: &shared 900") + used;
        assert_eq!(edit(&value, 7, Edit::RoleDuration(3600)), None);
        let with = BLOCK.replace("        with:\n", "        with: &shared\n");
        let again = "      - uses: other/action@v1\n        with: *shared\n";
        assert_eq!(edit(&(with.clone() + again), 7, Edit::RoleDuration(3600)), None);
        // An anchor alone shares nothing.
        assert!(edit(&with, 7, Edit::RoleDuration(3600)).is_some());
    }

    #[test]
    fn a_stated_timeout_is_left() {
        let stated = BLOCK.replace("    steps:", "    timeout-minutes: 600\n    steps:");
        assert_eq!(edit(&stated, 8, Edit::Timeout(50)), None);
    }

    #[test]
    fn a_job_with_a_step_that_may_take_longer_gets_no_timeout() {
        for (step, changes) in [("180", false), ("${{ inputs.minutes }}", false), ("20", true)] {
            let text = format!("{BLOCK}      - run: make\n        timeout-minutes: {step}\n");
            assert_eq!(edit(&text, 7, Edit::Timeout(50)).is_some(), changes, "{step}");
        }
    }

    #[test]
    fn a_job_with_untimed_steps_before_the_login_gets_no_timeout() {
        let before = |step: &str| BLOCK.replace("      - uses", &format!("      - {step}\n      - uses"));
        assert_eq!(edit(&before("run: make"), 8, Edit::Timeout(50)), None);
        for step in ["uses: actions/checkout@v4", "uses: actions/setup-node@v4", "{run: make, timeout-minutes: 5}"] {
            assert!(edit(&before(step), 8, Edit::Timeout(50)).is_some(), "{step}");
        }
    }

    #[test]
    fn a_login_in_an_action_gets_a_duration_and_no_timeout() {
        let action = "runs:\n  using: composite\n  steps:\n    - uses: aws-actions/configure-aws-credentials@v4\n      \
            with:\n        role-to-assume: r\n";
        let changed = edit(action, 4, Edit::RoleDuration(3600)).unwrap();
        assert!(changed.contains("        role-duration-seconds: 3600\n        role-to-assume"), "{changed}");
        assert_eq!(edit(action, 4, Edit::Timeout(50)), None);
    }

    #[test]
    fn the_input_of_another_action_is_written_under_its_name() {
        let text =
            BLOCK.replace("aws-actions/configure-aws-credentials@v4", "dflook/configure-oidc-aws-credentials@v1");
        let changed = edit(&text, 7, Edit::RoleDuration(3600)).unwrap();
        assert!(changed.contains("          duration-seconds: 3600\n          role-to-assume"), "{changed}");
    }

    #[test]
    fn a_map_in_braces_keeps_its_braces() {
        let text = "jobs:\n  a: {runs-on: x, steps: [{uses: aws-actions/configure-aws-credentials@v4, \
            with: {role-to-assume: r}}]}\n";
        let changed = edit(text, 2, Edit::RoleDuration(3600)).unwrap();
        assert_eq!(changed, text.replace("{role-to-assume", "{role-duration-seconds: 3600, role-to-assume"));
        let changed = edit(text, 2, Edit::Timeout(50)).unwrap();
        assert_eq!(changed, text.replace("steps: [", "timeout-minutes: 50, steps: ["));
    }
}
