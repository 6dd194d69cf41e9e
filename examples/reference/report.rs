//! The fields of the JSON report, from a report of the demo's inventory, with their meanings from the table below.

use std::collections::BTreeSet;

use credential_health::check::{Start, lint};
use credential_health::inventory::{Filter, Inventory};
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;
use serde_json::Value;

use crate::{MARK, paragraphs, table};

/// The meaning of each field. A field without a meaning, and a meaning without a field, stop the generator.
const MEANINGS: &[(&str, &str)] = &[
    ("schema_version", "1"),
    ("run.id", "the id of the event, else of the request; a retry has the same one"),
    ("run.trigger", "`schedule`, `manual`, `cloudtrail` or `cli`"),
    ("run.started_at", "RFC 3339, UTC"),
    ("run.duration_ms", "how long the run took"),
    ("run.complete", "false if something that should have been checked was not"),
    ("run.inventory_sha256", "SHA-256 of the inventory's bytes"),
    ("run.version", "the version of the program"),
    ("summary.jobs", "jobs of the run"),
    ("summary.roles", "distinct roles on their paths"),
    ("summary.verdicts.*", "jobs by verdict: `rejected`, `lapses`, `thin`, `covered`, `unknown`"),
    ("summary.findings.*", "open findings by severity: `critical`, `high`, `medium`, `low`"),
    ("summary.waived", "waived findings"),
    ("summary.waived_by_file.*", "waived findings by the file of the waiver"),
    ("coverage.roles.total", "distinct roles on the paths"),
    ("coverage.roles.assumed", "roles that the checker assumed"),
    ("coverage.roles.described", "roles whose MaxSessionDuration IAM returned"),
    ("coverage.roles.not_checked[].role", "a role that was not assumed or not described"),
    ("coverage.roles.not_checked[].reason", "why; [Failures](../faults.md) lists the reasons"),
    ("coverage.paths.total", "paths of the run's jobs"),
    ("coverage.paths.walked", "paths that the checker walked to the end"),
    ("coverage.paths.not_walked[].job", "a job whose path was not walked to the end"),
    ("coverage.paths.not_walked[].hop", "the hop at which the walk ended, 0-based"),
    ("coverage.paths.not_walked[].reason", "why"),
    ("jobs[].name", "the job's name"),
    ("jobs[].owner", "its owner, or null"),
    ("jobs[].length_from", "where its length comes from: `declared`, `configured`, `assumed`, `measured`, `observed`"),
    ("jobs[].verdict", "`rejected`, `lapses`, `thin`, `covered` or `unknown`"),
    ("jobs[].walk", "`walked`, `failed` or `not-walked`"),
    ("jobs[].needed_seconds", "how long the job needs its credentials"),
    ("jobs[].lease_seconds", "how long one session lasts; null if the job is rejected or unknown, or has no lease"),
    ("jobs[].lapses_after_seconds", "when the credentials end for good, renewals counted; null if they do not end"),
    ("jobs[].headroom_seconds", "`lapses_after_seconds` minus `needed_seconds`; negative if the job lapses"),
    ("jobs[].limited_by", "what limits the job, such as `role-chaining`; null if it is covered"),
    ("jobs[].limiting_hop", "the hop that limits it, 0-based; null for the source"),
    ("jobs[].confirmed", "false if the verdict depends on a length that no text of AWS and no measurement states"),
    ("jobs[].hops[].role", "the ARN of the role that this hop assumes"),
    ("jobs[].hops[].chained", "true if the caller is itself a session"),
    ("jobs[].hops[].requested_seconds", "the DurationSeconds that counts; 3600 if the client sends none"),
    ("jobs[].hops[].cap_seconds", "the longest session that STS grants here; null if it is not known"),
    ("jobs[].hops[].lease_seconds", "the session that STS grants; null if the request is refused or not known"),
    ("jobs[].hops[].outcome", "how the checker's own call ended, such as `assumed` or `denied`"),
    ("jobs[].location.*", "the line of the inventory that declares the job"),
    ("roles[].arn", "the role's ARN"),
    ("roles[].assumed", "true if the checker assumed it"),
    ("roles[].max_session_duration_seconds", "its MaxSessionDuration; null if it is not known"),
    ("roles[].max_session_duration_from", "where that value comes from: `iam`, `declared` or `planned`; or null"),
    ("roles[].error", "why the role was not checked; or null"),
    ("findings[].id", "the finding, as in [Findings](findings.md)"),
    ("findings[].severity", "`critical`, `high`, `medium` or `low`"),
    ("findings[].job", "the job, or null if the finding is about a role or the run"),
    ("findings[].role", "the role's ARN, or null"),
    ("findings[].hop", "the hop, 0-based; null for the source, a role as a whole, or the run"),
    ("findings[].owner", "who is responsible; `unowned` if nobody, `shared` if more than one"),
    ("findings[].owners[]", "every owner whose jobs the finding concerns; each of them is notified"),
    ("findings[].title", "one line"),
    ("findings[].detail", "some sentences"),
    ("findings[].evidence[].name", "the name of a fact on which the finding is based"),
    ("findings[].evidence[].value", "the fact; durations are in seconds"),
    ("findings[].evidence[].source", "where the fact comes from"),
    ("findings[].remediation[].step", "one fix, in words; the best fix comes first"),
    ("findings[].remediation[].cli", "commands, where there are some"),
    ("findings[].remediation[].cloudformation", "lines of a template, where there are some"),
    ("findings[].remediation[].terraform", "lines of Terraform, where there are some"),
    ("findings[].remediation[].parts[].step", "one part of a fix that has several, in their order"),
    (
        "findings[].remediation[].parts[].blocks[].kind",
        "aws-cli, shell, aws-config, trust-policy, workflow, cloudformation or terraform",
    ),
    ("findings[].remediation[].parts[].blocks[].text", "lines to copy"),
    ("findings[].runbook", "the finding's page"),
    ("findings[].fingerprint", "made of id, job, role and hop: the same problem keeps it from run to run"),
    ("findings[].waived.*", "the waiver that applies; null for an open finding"),
    ("findings[].location.*", "the line of the inventory that the finding is about, or null"),
];

/// Fields that only some reports have.
const SOMETIMES: &[(&str, &str)] = &[
    (
        "run.inventory_files",
        "where the inventory is in S3 or Parameter Store: each file that was read, with its `name` and the object's \
         `etag` or the parameter's `version`",
    ),
    (
        "coverage.settings",
        "where sources name permission sets or functions: their number (`total`), how many `check` read (`read`), \
         their durations (`values`), and `not_read`, each with `kind`, `name`, the value `used` (`declared` or \
         `default`), `reason` and `error`",
    ),
    (
        "coverage.role_tags",
        "where the inventory has `discover`: the number of `jobs` that tags declare; `folders`, each entry of \
         `discover` with the number of `roles` whose tags were read, the `reason` where none was, and the roles that \
         were `not_read`; `overruled`, each tag whose `job` a file declares (`by`)",
    ),
    ("jobs[].session_from", "where the source names a permission set: `live`, `declared` or `default`"),
    (
        "planned",
        "with `--cloudformation` or `--terraform-plan`: the `files`, how many roles they define (`defined`), the \
         `roles` of the inventory among them, each with `arn`, `from`, `max_session_duration_seconds` and `deleted`, \
         and `notes`, each with `role`, `from` and `text`",
    ),
    (
        "not_judged",
        "with `--aws-config`, `--github-workflow` or `--cloudtrail`: what could not be judged. Each entry has its \
         place (`location`), the reason (`what`), what to do (`help`), and `cannot_work`: it fails in every run",
    ),
    ("notes", "with `--aws-config` or `--github-workflow`: what holds for the whole report"),
];

/// The page with one table of all fields.
pub(crate) fn fields() -> String {
    let mut seen = BTreeSet::new();
    collect("", &serde_json::to_value(example()).expect("a report is JSON"), &mut seen);
    for name in &seen {
        let known = MEANINGS.iter().any(|(pattern, _)| matches(pattern, name));
        assert!(known, "examples/reference/report.rs has no meaning for {name}");
    }
    for (pattern, _) in MEANINGS {
        assert!(seen.iter().any(|name| matches(pattern, name)), "no report has the field {pattern}");
    }
    let row =
        |(name, meaning): &(&str, &str)| vec![format!("`{}`", name.trim_end_matches(".*")), (*meaning).to_owned()];
    let about = "The JSON report of `check`, `lint` and the function: `--format json`, `schema_version` 1. New \
        versions add fields and rename none. The order of lists is the same in every run. \
        [Report formats](../formats.md) has the other forms.";
    format!(
        "# The report\n\n{MARK}\n\n{}\n{}\nSome reports have more fields:\n\n{}",
        paragraphs(&[about]),
        table(&["field", "meaning"], &MEANINGS.iter().map(row).collect::<Vec<_>>()),
        table(&["field", "present"], &SOMETIMES.iter().map(row).collect::<Vec<_>>())
    )
}

/// Whether a pattern of the table names this field. `a.*` names `a` and all that it holds.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(start) => name == start || name.strip_prefix(start).is_some_and(|rest| rest.starts_with('.')),
        None => pattern == name,
    }
}

/// A report with a value for every field: the demo's inventory has a waiver too.
fn example() -> Report {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/demo/inventory.yaml");
    let text = std::fs::read_to_string(path).expect("the demo has an inventory");
    let inventory = Inventory::parse("inventory.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let clock = || "2026-11-23T12:00:00Z".parse().expect("a time");
    let start = Start { id: "reference".to_owned(), trigger: Trigger::Cli, at: clock(), clock, runbook_base_url: None };
    lint(&inventory, &Filter::default(), Planned::default(), &start).expect("the inventory has jobs").report
}

/// Adds the name of each value; elements of a list share one name.
fn collect(name: &str, value: &Value, seen: &mut BTreeSet<String>) {
    match value {
        // The value of an evidence can be any JSON.
        _ if name.ends_with("evidence[].value") => _ = seen.insert(name.to_owned()),
        Value::Object(fields) => {
            for (key, inner) in fields {
                let inner_name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                collect(&inner_name, inner, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(&format!("{name}[]"), inner, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => _ = seen.insert(name.to_owned()),
    }
}
