//! What the steps of a job write to `GITHUB_ENV`. It goes before the `env` of the job and the workflow, and after that
//! of a step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::conditions::Conditions;
use super::node::{entries, entry, text_of};
use super::scope::Scope;
use crate::import::expression::Possible;
use crate::inventory::yaml::Node;

/// Words of a shell or of PowerShell after which not every line of a script runs.
const BRANCHES: [&str; 8] = ["if", "case", "for", "foreach", "while", "until", "&&", "||"];

/// A value that a step writes, and when.
struct Write<'a> {
    /// How many values were written before it.
    number: usize,
    /// `None`: no `env` around the job counts any longer, and no other value does.
    value: Option<Possible>,
    conditions: Conditions<'a>,
}

/// What the environment has under a name after the steps so far.
pub(super) enum AfterSteps {
    /// No step wrote it: the `env` of the job and the workflow counts.
    Unchanged,
    /// A step wrote it; `None`: what the `env` around the job has does not count any longer.
    Written(Option<Possible>),
    /// Whether a step wrote it depends on a condition that is not decided.
    Open,
}

/// The values that steps wrote, up to one step.
#[derive(Clone, Default)]
pub(super) struct WrittenEnv<'a> {
    /// By their names in lower case; the empty name is that of all that the files declare.
    writes: Rc<RefCell<BTreeMap<String, Vec<Write<'a>>>>>,
    count: usize,
}

/// A line of a script that writes a value.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    /// `None`: which names are written is not in the script.
    pub(super) name: Option<String>,
    /// The value, where the script states it.
    pub(super) value: Option<String>,
}

impl<'a> WrittenEnv<'a> {
    /// Adds what a step writes under this condition.
    pub(super) fn add(&mut self, name: &str, value: Option<Possible>, conditions: &Conditions<'a>) {
        let write = Write { number: self.count, value, conditions: conditions.clone() };
        self.writes.borrow_mut().entry(name.to_ascii_lowercase()).or_default().push(write);
        self.count += 1;
    }

    /// What a step's script writes, with the values of its expressions.
    pub(super) fn add_of_step(&mut self, step: &Node, scope: &Scope<'a>, conditions: &Conditions<'a>) {
        let script = entry(step, "run").and_then(text_of).map(|run| run.value);
        let exported = || {
            let inputs = entries(entry(step, "with")).filter_map(|(_, value)| text_of(value));
            inputs.flat_map(|input| exported(&input.value)).collect()
        };
        for Written { name, value } in script.map_or_else(exported, |script| written(&script)) {
            let shown = name.as_ref().map_or_else(String::new, |name| format!("${{{{ env.{name} }}}}"));
            let value = value.map_or_else(|| Possible::unknown(shown.clone()), |value| scope.fill(&value));
            self.add(name.as_deref().unwrap_or_default(), Some(value.shown_as(shown)), conditions);
        }
    }

    /// The value of a name after the steps so far. `ask`: the case decides whether a step ran. `declared`: the files
    /// have the name, so that a copied file may have it too.
    pub(super) fn get(&self, name: &str, ask: bool, declared: bool) -> AfterSteps {
        let writes = self.writes.borrow();
        let of = |name: &str| writes.get(name).map_or(&[][..], |writes| &writes[..]);
        let any = if declared { of("") } else { &[] };
        let name = name.to_ascii_lowercase();
        let mut all: Vec<&Write<'_>> = of(&name).iter().chain(any).filter(|one| one.number < self.count).collect();
        all.sort_by_key(|write| std::cmp::Reverse(write.number));
        for write in all {
            match write.conditions.decided(ask) {
                Some(true) => return AfterSteps::Written(write.value.clone()),
                Some(false) => {}
                None => return AfterSteps::Open,
            }
        }
        AfterSteps::Unchanged
    }
}

/// What a shell script writes to `GITHUB_ENV`. A value is taken where one line states it and every run reaches it.
pub(super) fn written(script: &str) -> Vec<Written> {
    if !script.contains("GITHUB_ENV") {
        return Vec::new();
    }
    let has_branch = |line: &str| line.split_whitespace().any(|word| BRANCHES.contains(&word.trim_end_matches('(')));
    let branches = script.lines().any(has_branch) || script.contains("()") || script.contains("exit");
    let in_block = script.contains("<<") || script.contains('{') && !script.contains("${");
    let mut found = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let to_environment = line.contains("GITHUB_ENV");
        if !(to_environment || in_block || prints(line)) {
            continue;
        }
        let before = found.len();
        found.extend(names_in(line).map(|(name, rest)| {
            let value = literal(rest).filter(|_| to_environment && prints(line) && !branches);
            Written { name: Some(name.to_owned()), value }
        }));
        // A file or the output of a program that is copied has names that the script does not show.
        let copies = to_environment && found.len() == before && !prints(line) && !in_block;
        if copies && line.contains(">>") && !line.starts_with(['}', ')', '>']) && line != "done" {
            found.push(Written { name: None, value: None });
        }
    }
    found
}

/// The variables that a script of an action exports: `core.exportVariable('NAME', …)`.
fn exported(script: &str) -> Vec<Written> {
    let calls = script.split("exportVariable(").skip(1);
    let name = |call: &str| {
        let call = call.trim_start();
        let quote = call.chars().next().filter(|quote| "'\"`".contains(*quote))?;
        Some(call[1..].split(quote).next()?.to_owned())
    };
    calls.filter_map(name).map(|name| Written { name: Some(name), value: None }).collect()
}

fn prints(line: &str) -> bool {
    const PRINT: [&str; 6] = ["echo ", "echo\"", "printf ", "\"", "'", "Write-Output "];
    PRINT.iter().any(|start| line.starts_with(start))
}

/// The names in `NAME=` and `NAME<<` of a line, each with the text after it.
fn names_in(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = line.char_indices().filter(|(index, c)| *c == '=' || line[*index..].starts_with("<<"));
    ends.filter_map(|(end, c)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let start = line[..end].rfind(|c| !is_part(c)).map_or(0, |index| index + 1);
        let name = &line[start..end];
        let is_comparison = line[end + 1..].starts_with('=') && c == '=';
        // An option such as `--format=json` is no variable.
        let is_option = line[..start].ends_with('-');
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name && !is_comparison && !is_option).then(|| (name, if c == '=' { &line[end + 1..] } else { "" }))
    })
}

/// The text up to the end of the value, if the shell does not change it.
fn literal(rest: &str) -> Option<String> {
    let (value, after) = match rest.find(">>") {
        Some(end) => (&rest[..end], &rest[end..]),
        None => (&rest[..rest.find('|')?], &rest[rest.find('|')?..]),
    };
    let value = value.trim().trim_end_matches(['"', '\'']).trim_matches(['"', '\'']);
    // Expressions are replaced before the shell reads the script.
    let mut of_shell = String::new();
    let mut text = value;
    while let Some((before, expression)) = text.split_once("${{") {
        of_shell.push_str(before);
        text = expression.split_once("}}")?.1;
    }
    of_shell.push_str(text);
    let is_plain = !of_shell.contains(['$', '`', '%', '\\', '"', '\'', ';', '<', '*']);
    (is_plain && after.contains("GITHUB_ENV")).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Written, exported, written};

    fn one(name: &str, value: Option<&str>) -> Written {
        Written { name: Some(name.to_owned()), value: value.map(str::to_owned) }
    }

    #[test]
    fn a_value_is_taken_where_the_script_states_it() {
        for (script, value) in [
            ("echo \"X=900\" >> $GITHUB_ENV", Some("900")),
            ("echo X=900 >> \"$GITHUB_ENV\"", Some("900")),
            ("echo 'X=900' >> ${GITHUB_ENV}", Some("900")),
            ("echo \"X=900\" | tee -a \"$GITHUB_ENV\"", Some("900")),
            ("echo \"X=${{ inputs.seconds }}\" >> $GITHUB_ENV", Some("${{ inputs.seconds }}")),
            ("echo \"X=900\" >> $env:GITHUB_ENV", Some("900")),
            ("\"X=900\" | Out-File -FilePath $env:GITHUB_ENV -Append", Some("900")),
            ("echo X=900>>%GITHUB_ENV%", Some("900")),
            ("echo \"X=$(cat seconds)\" >> $GITHUB_ENV", None),
            ("echo \"X=$SECONDS\" >> $GITHUB_ENV", None),
            ("if [ -f a ]; then\n  echo \"X=900\" >> $GITHUB_ENV\nfi", None),
            ("test -f a && echo \"X=900\" >> $GITHUB_ENV", None),
            ("printf 'X=%s\\n' 900 >> $GITHUB_ENV", None),
            ("cat >> $GITHUB_ENV <<EOF\nX=900\nEOF", None),
        ] {
            assert!(written(script).contains(&one("X", value)), "{script}: {:?}", written(script));
        }
    }

    #[test]
    fn names_that_the_script_does_not_show_are_any() {
        assert_eq!(written("cat .env >> $GITHUB_ENV"), [Written { name: None, value: None }]);
        assert_eq!(written("X=900\necho \"Y=$X\" >> $GITHUB_ENV"), [one("Y", None)]);
        assert_eq!(written("echo \"X=900\" >> $GITHUB_OUTPUT"), []);
        assert_eq!(written("# echo \"X=900\" >> $GITHUB_ENV"), []);
        assert_eq!(written("aws --output=json | jq . > a; echo \"Y=1\" >> $GITHUB_ENV").len(), 1);
        assert_eq!(exported("core.exportVariable('X', await seconds())"), [one("X", None)]);
    }
}
