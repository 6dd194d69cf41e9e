//! The limits of inventories and events in docs/inventory.md, tested at and just over each limit.

use std::fs;

use credential_health::inventory::{Inventory, Problems};
use serde_json::json;

use crate::bad_inventory::load;
use crate::harness::{INVENTORY, Lambda, account};

const PAGE: &str = include_str!("../../docs/inventory.md");
const JOB: &str = "jobs: [{name: j, length: 1h, source: ecs-task}]\n";

/// A limit: a text at the limit, a text over it, the expected message, and the number on the page.
struct Limit {
    at: String,
    over: String,
    expected: [&'static str; 2],
    on_the_page: &'static str,
}

fn limit(at: String, over: String, expected: [&'static str; 2], on_the_page: &'static str) -> Limit {
    Limit { at, over, expected, on_the_page }
}

/// The same text with this count and with one more.
fn counted(
    most: usize,
    expected: [&'static str; 2],
    on_the_page: &'static str,
    text: impl Fn(usize) -> String,
) -> Limit {
    limit(text(most), text(most + 1), expected, on_the_page)
}

fn with_job(key: &str, value: &str) -> String {
    format!("version: 1\njobs: [{{name: j, length: 1h, source: ecs-task, {key}: {value}}}]\n")
}

fn with_waiver(key: &str, length: usize) -> String {
    let glob = if key == "job" { "" } else { "job: j, " };
    let reason = if key == "reason" { "" } else { "reason: r, " };
    let value = "x".repeat(length);
    format!("version: 1\n{JOB}waivers: [{{finding: thin-margin, until: 2027-01-31, {glob}{reason}{key}: {value}}}]\n")
}

fn limits() -> Vec<Limit> {
    let repeated = |item: &str, times: usize| vec![item; times].join(",");
    let hop = "\"arn:aws:iam::111111111111:role/r\"";
    let waiver = "{finding: thin-margin, job: j, until: 2027-01-31, reason: r}";
    vec![
        counted(12, ["the path has 13 hops", "at most 12"], "| 12 |", |n| {
            with_job("path", &format!("[{}]", repeated(hop, n)))
        }),
        counted(256, ["an owner of 257 characters", "at most 256"], "| 256 characters |", |n| {
            with_job("owner", &"o".repeat(n))
        }),
        counted(256, ["a job's name of 257 characters", "at most 256"], "| 256 characters |", |n| {
            format!("version: 1\njobs: [{{name: {}, length: 1h, source: ecs-task}}]\n", "é".repeat(n))
        }),
        counted(256, ["an alias of 257 characters", "at most 256"], "| 256 characters |", |n| {
            format!("version: 1\nroles: {{{}: {{arn: {hop}}}}}\n{JOB}", "a".repeat(n))
        }),
        counted(256, ["an approver of 257 characters", "at most 256"], "| 256 characters |", |n| {
            with_waiver("approver", n)
        }),
        counted(2048, ["a glob of 2049 characters", "at most 2048"], "| 2,048; 1,000 characters |", |n| {
            with_waiver("job", n)
        }),
        counted(2048, ["a glob of 2049 characters", "at most 2048"], "| 2,048; 1,000 characters |", |n| {
            with_waiver("role", n)
        }),
        counted(1000, ["a reason of 1001 characters", "at most 1000"], "| 2,048; 1,000 characters |", |n| {
            with_waiver("reason", n)
        }),
        // Jobs and roles share one counter. A test with so many roles takes long.
        counted(
            5000,
            ["the file has 5001 waivers", "at most 5000"],
            "| waivers of a file; of all files | 5,000; 50,000 |",
            |n| format!("version: 1\n{JOB}waivers: [{}]\n", repeated(waiver, n)),
        ),
    ]
}

#[test]
fn input_at_a_limit_is_read_and_input_over_it_is_refused_with_the_limit() {
    for Limit { at, over, expected, on_the_page } in limits() {
        Inventory::parse("team.yaml", &at).unwrap_or_else(|problems| panic!("{expected:?} at the limit: {problems}"));
        let problems = Inventory::parse("team.yaml", &over).unwrap_err();
        let found = problems.iter().find(|problem| problem.message.contains(expected[0]));
        let found = found.unwrap_or_else(|| panic!("no {expected:?} in {problems}"));
        assert!(found.help.contains(expected[1]) && found.location.line > 0, "{found:?}");
        assert!(PAGE.contains(on_the_page), "the page does not say {on_the_page:?}");
    }
}

fn messages(problems: &Problems) -> Vec<(&str, &str)> {
    problems.iter().map(|problem| (problem.message.as_str(), problem.help.as_str())).collect()
}

fn has_problem(problems: &Problems, message: &str, help: &str) -> bool {
    messages(problems).iter().any(|(expected, right)| expected.contains(message) && right.contains(help))
}

/// These texts are not valid inventories, even at their limit. The test checks which limit is reported.
#[test]
fn the_limits_of_the_parser_are_reported_only_when_exceeded() {
    let nested = |levels: usize| format!("version: 1\n{JOB}x: {}{}\n", "[".repeat(levels - 1), "]".repeat(levels - 1));
    // A scalar from an alias is two nodes, because the alias counts.
    let aliases = |nodes: usize| format!("version: 1\n{JOB}x: [&a y, {}]\n", vec!["*a"; nodes].join(","));
    let large = |items: usize| format!("version: 1\n{JOB}x: [&a [{}], *a]\n", vec!["y"; items].join(","));
    for (at, over, message, help) in [
        (nested(16), nested(17), "the file has too many levels", "at most 16 levels"),
        (aliases(50_000), aliases(50_001), "the file has too many nodes", "at most 100000 nodes"),
        (large(99_998), large(99_999), "the file has too many nodes", "at most 100000 nodes"),
    ] {
        let at = Inventory::parse("team.yaml", &at).unwrap_err();
        assert!(has_problem(&at, "`x` is not a key of an inventory", "") && !has_problem(&at, message, ""), "{at}");
        let over = Inventory::parse("team.yaml", &over).unwrap_err();
        assert!(has_problem(&over, message, help), "{over}");
    }
    assert!(PAGE.contains("| levels of nesting | 16 |") && PAGE.contains("8,000,000; 100,000"));
}

/// Millions of `{}` are a small file. What is read of them is bounded: nothing behind a limit is a problem of its own.
#[test]
fn empty_items_behind_a_limit_are_counted_and_not_read() {
    let empty = |count: usize| vec!["{}"; count].join(",");
    let path = with_job("path", &format!("[{}]", empty(1000)));
    let problems = Inventory::parse("team.yaml", &path).unwrap_err();
    assert!(has_problem(&problems, "the path has 1000 hops", "at most 12"), "{problems}");
    assert_eq!(problems.iter().count(), 13);
    let globs = format!("version: 1\n{JOB}sources: [{{from: a, roles: [{}]}}]\n", vec!["x"; 1001].join(","));
    let problems = Inventory::parse("team.yaml", &globs).unwrap_err();
    assert!(has_problem(&problems, "the file has 1001 roles", "at most 1000"), "{problems}");
    let sources = format!("version: 1\n{JOB}sources: [{}]\n", empty(10_001));
    let problems = Inventory::parse("team.yaml", &sources).unwrap_err();
    assert!(has_problem(&problems, "the file has 10001 sources", "at most 10000"), "{problems}");
    assert!(PAGE.contains("| entries of `sources`; globs of one of them | 10,000; 1,000 |"));
}

#[test]
fn a_folder_has_the_size_limit_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    for number in 0..=10_000 {
        write(&format!("{number}.yaml"), b"");
    }
    let problems = load(folder.path()).unwrap_err();
    assert!(has_problem(&problems, "the folder has 10001 files", "at most 10000"), "{problems}");
    assert!(PAGE.contains("| files of a folder | 10,000 |"));

    let folder = tempfile::tempdir().unwrap();
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        fs::write(folder.path().join(name), "# 14 bytes more\n".repeat(14 * 1024 * 1024 / 16)).unwrap();
    }
    let problems = load(folder.path()).unwrap_err();
    assert!(has_problem(&problems, "files are together larger than 40 MiB", "inventories"), "{problems}");
}

#[test]
fn a_problem_quotes_only_a_short_part_of_a_file() {
    let long = "x".repeat(100_000);
    for text in [
        format!(
            "version: 1\njobs: [{{name: j, length: {long}, source: {long}, path: [\"arn:{long}\", {long}], {long}: \
                1}}]\n"
        ),
        format!("version: 1\n{JOB}waivers: [{{finding: {long}, job: j, until: {long}, reason: r}}]\n"),
        format!("version: 1\nroles: {{r: {{arn: \"arn:{long}\", external_id: {long}, session_name: {long}}}}}\n{JOB}"),
        format!("version: 1\n{JOB}{long}: 1\n{long}: 2\n"),
    ] {
        let problems = Inventory::parse("team.yaml", &text).unwrap_err();
        assert!(messages(&problems).iter().all(|(message, help)| message.len() < 1100 && help.len() < 1100));
        assert!(problems.to_string().len() < 20_000);
    }
}

#[tokio::test]
async fn the_globs_of_an_event_have_a_limit() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    for key in ["jobs", "roles"] {
        for (globs, expected) in [
            (vec!["*".to_owned(); 1000], None),
            (vec!["*".to_owned(); 1001], Some("has 1001 globs, and takes at most 1000")),
            (vec!["*".repeat(2048)], None),
            (vec!["*".repeat(2049)], Some("has a glob of more than 2048 characters")),
        ] {
            let answer = lambda.invoke(&json!({ (key): globs })).await;
            match (answer, expected) {
                (Ok(report), None) => assert!(report["summary"]["jobs"].as_u64() > Some(0)),
                (Err(failed), Some(expected)) => {
                    assert_eq!(failed.error_type, "BadEvent");
                    assert!(failed.error_message.contains(&format!("`{key}` {expected}")), "{}", failed.error_message);
                }
                (answer, _) => panic!("{key}, {expected:?}: {answer:?}"),
            }
        }
    }
    assert!(PAGE.contains("| 1,000; 2,048 characters |"));
}
