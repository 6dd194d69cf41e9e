//! What the steps of a job write to `GITHUB_ENV`. It goes before the `env` of the job and the workflow, and after that
//! of a step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::conditions::Conditions;
use super::node::{entries, entry, text_of};
use super::scope::Scope;
use super::script::lines as lines_of;
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

/// The values that steps wrote.
#[derive(Default)]
struct Writes<'a> {
    /// By their names in lower case.
    named: BTreeMap<String, Vec<Write<'a>>>,
    /// Those whose names are not known: each may be of any name that the files declare.
    unnamed: Vec<Write<'a>>,
}

impl<'a> Writes<'a> {
    fn of(&self, name: &str) -> &[Write<'a>] {
        self.named.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// The values that steps wrote, up to one step.
#[derive(Clone, Default)]
pub(super) struct WrittenEnv<'a> {
    writes: Rc<RefCell<Writes<'a>>>,
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
    /// Adds what a step writes under this condition. `name`: `None` where only a run knows it.
    pub(super) fn add(&mut self, name: Option<&str>, value: Option<Possible>, conditions: &Conditions<'a>) {
        let write = Write { number: self.count, value, conditions: conditions.clone() };
        let mut writes = self.writes.borrow_mut();
        match name {
            Some(name) => writes.named.entry(name.to_ascii_lowercase()).or_default().push(write),
            None => writes.unnamed.push(write),
        }
        self.count += 1;
    }

    /// The writes up to this step.
    fn so_far<'w>(&self, writes: &'w [Write<'a>]) -> &'w [Write<'a>] {
        &writes[..writes.partition_point(|write| write.number < self.count)]
    }

    /// How many values were written under a name that only a run knows.
    pub(super) fn unknown_writes(&self, name: &str) -> usize {
        let writes = self.writes.borrow();
        let so_far = self.so_far(writes.of(name)).iter().chain(self.so_far(&writes.unnamed));
        so_far.filter(|write| write.value.as_ref().is_none_or(|value| value.single().is_none())).count()
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
            self.add(name.as_deref(), Some(value.shown_as(shown)), conditions);
        }
    }

    /// The value of a name after the steps so far. `ask`: the case decides whether a step ran. `named`: the files have
    /// the name, so that a copied file may have it too.
    pub(super) fn get(&self, name: &str, ask: bool, named: bool) -> AfterSteps {
        let writes = self.writes.borrow();
        let mut of_name = self.so_far(writes.of(name));
        let mut of_any = if named { self.so_far(&writes.unnamed) } else { &[] };
        // The last write first.
        loop {
            let of_this = of_name.last().map(|write| write.number);
            let is_any = of_any.last().is_some_and(|write| Some(write.number) > of_this);
            let Some((write, before)) = if is_any { of_any } else { of_name }.split_last() else { break };
            *(if is_any { &mut of_any } else { &mut of_name }) = before;
            match write.conditions.decided(ask) {
                Some(true) if is_any => {
                    return AfterSteps::Written(Some(Possible::unknown(format!("${{{{ env.{name} }}}}"))));
                }
                Some(true) => return AfterSteps::Written(write.value.clone()),
                Some(false) => {}
                None => return AfterSteps::Open,
            }
        }
        AfterSteps::Unchanged
    }
}

/// What a script writes to `GITHUB_ENV`. A value is taken where one line of a shell states it and every run reaches it.
pub(super) fn written(script: &str) -> Vec<Written> {
    if !script.lines().any(names_file) {
        return Vec::new();
    }
    let has_branch = |line: &str| line.split_whitespace().any(|word| BRANCHES.contains(&word.trim_end_matches('(')));
    let lines = Lines {
        has_branches: script.lines().any(has_branch) || script.contains("()") || script.contains("exit"),
        in_block: script.contains("<<") || script.contains('{') && !script.contains("${"),
        of_program: script.lines().any(|line| names_file(line) && is_of_program(line)),
        of_block: script
            .lines()
            .map(str::trim)
            .any(|line| names_file(line) && (closes_block(line) || opens_text(line))),
    };
    let mut found = Vec::new();
    // The line that ends the value of several lines that is written now.
    let mut end_of_value: Option<String> = None;
    for line in lines_of(script) {
        if let Some(end) = &end_of_value {
            if line.contains(&**end) {
                end_of_value = None;
            }
            continue;
        }
        end_of_value = end_of_value_after(line);
        found.extend(lines.written(line));
    }
    // A value whose end is not found may end anywhere.
    if lines.of_program || end_of_value.is_some() {
        found.push(Written { name: None, value: None });
    }
    found
}

/// What the lines of a script have in common.
struct Lines {
    /// Not every line runs in every run.
    has_branches: bool,
    /// Lines that print nothing by themselves may be part of what is written.
    in_block: bool,
    /// A program other than a shell writes to the file.
    of_program: bool,
    /// What a block of lines prints is written to the file.
    of_block: bool,
}

impl Lines {
    /// What a line writes.
    fn written(&self, line: &str) -> Vec<Written> {
        let to_file = names_file(line);
        if !(to_file || self.in_block || self.of_program || prints(line)) {
            return Vec::new();
        }
        let mut found: Vec<Written> = Vec::new();
        for (name, rest) in names_in(line) {
            let value = literal(rest).filter(|_| to_file && prints(line) && !self.has_branches);
            found.push(Written { name: Some(name.to_owned()), value });
        }
        // The script does not show the names that a copied file, the output of a program or a variable has.
        let printed = line.rsplit_once(">>").or(line.rsplit_once('|')).map_or(line, |(printed, _)| printed);
        let is_computed = printed.contains(['$', '`', '%']);
        let hides_names = match (to_file, prints(line)) {
            (true, true) => has_computed_name(line) || (found.is_empty() && is_computed),
            (true, false) => found.is_empty() && writes(line) && !closes_block(line) && !opens_text(line),
            (false, _) => self.of_block && found.is_empty() && is_computed,
        };
        if hides_names {
            found.push(Written { name: None, value: None });
        }
        found
    }
}

/// Whether a line names the file: `GITHUB_ENV`, or `github.env` in an expression.
fn names_file(line: &str) -> bool {
    line.contains("GITHUB_ENV") || line.contains("github.env ") || line.contains("github.env}")
}

/// Whether a line of a program other than a shell names the file: `os.environ`, `process.env`, `ENV[` of Ruby.
fn is_of_program(line: &str) -> bool {
    ["os.environ", "getenv(", "process.env.", "process.env[", "ENV[", "ENV.fetch"]
        .iter()
        .any(|part| line.contains(part))
}

/// Whether a line of a shell writes to the file that it names.
fn writes(line: &str) -> bool {
    const WRITERS: [&str; 7] = [">", "tee ", "Out-File", "Add-Content", "Set-Content", "cp ", "mv "];
    WRITERS.iter().any(|writer| line.contains(writer))
}

/// Whether a line ends a block of which it writes the output.
fn closes_block(line: &str) -> bool {
    line.starts_with(['}', ')', '>'])
        || ["done", "fi", "esac"].iter().any(|word| line.split([' ', '>']).next() == Some(word))
}

/// Whether a line is followed by the text that it writes: `cat <<EOF >> $GITHUB_ENV`.
fn opens_text(line: &str) -> bool {
    !prints(line) && line.contains("<<")
}

/// The end of the value that follows a line such as `echo "NAME<<EOF" >> $GITHUB_ENV`.
fn end_of_value_after(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("<<").filter(|_| names_file(line) && prints(line))?;
    let end = rest.split(['"', '\'', ' ', '>']).next().unwrap_or_default();
    (!end.is_empty()).then(|| end.to_owned())
}

/// Whether a name that a line writes is a variable of the script: `echo "$NAME=…"`.
fn has_computed_name(line: &str) -> bool {
    let mut ends = line.char_indices().filter(|(_, c)| *c == '=');
    ends.any(|(end, _)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = line[..end].trim_end_matches(is_part);
        name.ends_with(['$', '}', ')', '`', '%']) && !line[end + 1..].starts_with('=')
    })
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
        let is_variable = line[..start].ends_with('$');
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name && !is_comparison && !is_option && !is_variable)
            .then(|| (name, if c == '=' { &line[end + 1..] } else { "" }))
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
    (is_plain && names_file(after)).then(|| value.to_owned())
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
            ("echo \"X=900\" >> ${{ github.env }}", Some("900")),
            ("import os\nwith open(os.environ['GITHUB_ENV'], 'a') as f:\n  f.write('X=900\\n')", None),
            ("require('fs').appendFileSync(process.env.GITHUB_ENV,\n  'X=900\\n')", None),
        ] {
            assert!(written(script).contains(&one("X", value)), "{script}: {:?}", written(script));
        }
    }

    #[test]
    fn names_that_the_script_does_not_show_are_any() {
        let any = Written { name: None, value: None };
        for script in [
            "cat .env >> $GITHUB_ENV",
            "cat .env > $GITHUB_ENV",
            "jq -r .env c.json | tee -a $GITHUB_ENV",
            "for pair in $(pairs); do\n  echo \"$pair\" >> $GITHUB_ENV\ndone",
            "for pair in $(pairs); do\n  echo \"$pair\"\ndone >> $GITHUB_ENV",
            "put() { echo \"$1=$2\" >> $GITHUB_ENV; }\nput X 900",
            "echo \"${name}=900\" >> $GITHUB_ENV",
            "echo \"${{ inputs.environment }}\" >> $GITHUB_ENV",
            "echo \"${{ matrix.name }}=900\" >> $GITHUB_ENV",
            "echo \"A=1\" >> $GITHUB_ENV; echo \"$name=900\" >> $GITHUB_ENV",
            "cat <<EOF >> $GITHUB_ENV\n$(cat c.env)\nEOF",
            "import os\nopen(os.getenv('GITHUB_ENV'), 'a').write(text)",
            "echo \"TEXT<<$END\" >> $GITHUB_ENV\ncat text >> $GITHUB_ENV",
        ] {
            assert!(written(script).contains(&any), "{script}: {:?}", written(script));
        }
        for script in [
            "echo \"TAG=$(git describe)\" >> $GITHUB_ENV",
            "echo \"URL=https://a/?b=$c\" >> $GITHUB_ENV",
            "echo \"TEXT<<EOF\" >> $GITHUB_ENV\ncat text >> $GITHUB_ENV\necho \"$body\" >> $GITHUB_ENV\necho EOF >> \
             $GITHUB_ENV",
            "{\n  echo \"TAG=$TAG\"\n  echo \"OTHER=1\"\n} >> $GITHUB_ENV",
            "echo \"STAGE=${{ inputs.environment }}\" >> $GITHUB_ENV",
            "cat $GITHUB_ENV",
        ] {
            assert!(!written(script).contains(&any), "{script}: {:?}", written(script));
        }
        assert_eq!(written("X=900\necho \"Y=$X\" >> $GITHUB_ENV"), [one("Y", None)]);
        assert_eq!(written("echo \"X=900\" >> $GITHUB_OUTPUT"), []);
        assert_eq!(written("# echo \"X=900\" >> $GITHUB_ENV"), []);
        assert_eq!(written("aws --output=json | jq . > a; echo \"Y=1\" >> $GITHUB_ENV").len(), 1);
        assert_eq!(exported("core.exportVariable('X', await seconds())"), [one("X", None)]);
    }
}
