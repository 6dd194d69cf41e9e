//! Changes to the text of a workflow: one key is written, and all else stays as it is, comments and order too.

use super::Workflow;
use super::node::{entries, entry, entry_with_key, text_of};
use crate::inventory::problem::{Placed, Sink};
use crate::inventory::yaml::{self, Node, Value};

/// A change that makes a job's credentials last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// `role-duration-seconds` of the login step.
    RoleDuration(u64),
    /// `timeout-minutes` of the job.
    Timeout(u64),
}

/// The workflow's text with this change at the login whose `uses` is on this line; `None`: the file is not written so
/// that it can be changed safely, such as a value that is an expression.
#[must_use]
pub fn edited(workflow: &Workflow, line: usize, edit: Edit) -> Option<String> {
    let tree = yaml::parse(yaml::Dialect::WORKFLOW, 0, &workflow.text, &mut Sink::default())?;
    let (job, step) = login(&tree, line)?;
    let (map, key, before, value) = match edit {
        Edit::RoleDuration(seconds) => (entry(step, "with")?, "role-duration-seconds", "role-to-assume", seconds),
        Edit::Timeout(minutes) => (job, "timeout-minutes", "steps", minutes),
    };
    let text = &workflow.text;
    let changed = match entry(map, key) {
        Some(written) => replaced(text, written, value)?,
        None => inserted(text, &entry_with_key(map, before)?.0, &format!("{key}: {value}"))?,
    };
    // A change that is not read back as it is meant is none.
    let tree = yaml::parse(yaml::Dialect::WORKFLOW, 0, &changed, &mut Sink::default())?;
    let written = entries(entry(&tree, "jobs")).any(|(_, job)| {
        let steps = entry(job, "steps").map(|steps| &steps.value);
        let of_steps = match steps {
            Some(Value::List(steps)) => steps.iter().filter_map(|step| entry(step, "with")).collect(),
            _ => Vec::new(),
        };
        let mut maps = of_steps.into_iter().chain([job]);
        maps.any(|map| entry(map, key).and_then(text_of).is_some_and(|text| text.value == value.to_string()))
    });
    written.then_some(changed)
}

/// The job and the step whose `uses` is on this line.
fn login(tree: &Node, line: usize) -> Option<(&Node, &Node)> {
    entries(entry(tree, "jobs")).find_map(|(_, job)| {
        let Value::List(steps) = &entry(job, "steps")?.value else { return None };
        let step = steps.iter().find(|step| entry(step, "uses").is_some_and(|uses| uses.place.line == line))?;
        Some((job, step))
    })
}

/// A number that is written as a literal, replaced.
fn replaced(text: &str, written: &Node, value: u64) -> Option<String> {
    let old = text_of(written)?.value;
    if old.contains("${{") || old.is_empty() {
        return None;
    }
    let (before, after) = text.split_at_checked(written.place.offset)?;
    let after = match after.chars().next()? {
        quote @ ('"' | '\'') => after[1..].strip_prefix(&old)?.strip_prefix(quote)?,
        _ => after.strip_prefix(&old)?,
    };
    Some(format!("{before}{value}{after}"))
}

/// A key before another of its map: a line of its own, or an entry of a map in braces.
fn inserted(text: &str, next: &Placed<String>, entry: &str) -> Option<String> {
    let (before, after) = text.split_at_checked(next.place.offset)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let indent = &before[start..];
    if indent.chars().all(|c| c == ' ') {
        let ending = if before.ends_with("\r\n") || text.contains("\r\n") { "\r\n" } else { "\n" };
        return Some(format!("{before}{entry}{ending}{indent}{after}"));
    }
    let in_braces = indent.trim_end().ends_with(['{', ',']);
    in_braces.then(|| format!("{before}{entry}, {after}"))
}

#[cfg(test)]
mod tests {
    use super::{Edit, edited};
    use crate::import::github_workflow::Workflow;

    fn edit(text: &str, line: usize, edit: Edit) -> Option<String> {
        edited(&Workflow { name: "w.yml".to_owned(), text: text.to_owned() }, line, edit)
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
    fn a_map_in_braces_keeps_its_braces() {
        let text = "jobs:\n  a: {runs-on: x, steps: [{uses: aws-actions/configure-aws-credentials@v4, \
            with: {role-to-assume: r}}]}\n";
        let changed = edit(text, 2, Edit::RoleDuration(3600)).unwrap();
        assert_eq!(changed, text.replace("{role-to-assume", "{role-duration-seconds: 3600, role-to-assume"));
        let changed = edit(text, 2, Edit::Timeout(50)).unwrap();
        assert_eq!(changed, text.replace("steps: [", "timeout-minutes: 50, steps: ["));
    }
}
