//! `explain` from the view of a message's recipient: the page of a finding, the list, and one job of an inventory.

use credential_health::cli::page;
use credential_health::findings::FindingId;
use serde_json::{Value, json};

use crate::harness::{Cli, Ran, redacted, role, world};
use crate::stand_in::StandIn;

/// One job for each kind of explanation.
const JOBS: &str = include_str!("../fixtures/explain/jobs.yaml");

async fn explain(arguments: &[&str]) -> Ran {
    Cli::new(&[&["explain"], arguments].concat()).file("jobs.yaml", JOBS).run().await
}

async fn job(name: &str) -> String {
    let ran = explain(&["--job", name, "--inventory", "jobs.yaml"]).await;
    ran.assert_status(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

// --- A finding ---

#[tokio::test]
async fn a_findings_page_is_printed_as_markdown_without_a_terminal() {
    for id in FindingId::ALL {
        let page = std::fs::read_to_string(format!("{}/docs/findings/{id}.md", crate::harness::ROOT)).unwrap();
        assert_eq!(id.page(), page);
    }
    let ran = explain(&["chain-caps-session"]).await;
    ran.assert_status(0);
    assert_eq!(ran.stdout, FindingId::ChainCapsSession.page());
}

#[tokio::test]
async fn every_finding_is_listed_with_its_severity_and_its_meaning() {
    let ran = explain(&[]).await;
    ran.assert_status(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), FindingId::ALL.len());
    for (line, id) in lines.iter().zip(FindingId::ALL) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..2], [id.severity().as_str(), id.as_str()]);
        assert_eq!(words[2..].join(" "), id.meaning());
        assert!(id.meaning().ends_with('.') && !id.meaning().starts_with('#'), "{id}: {}", id.meaning());
    }
}

#[tokio::test]
async fn a_misspelt_id_gets_the_nearest_id_as_suggestion() {
    let ran = explain(&["chain-cap-session"]).await;
    ran.assert_status(2);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("`chain-cap-session`: did you mean `chain-caps-session`?"), "{}", ran.stderr);
    let ran = explain(&["something\u{1b}[31m-else-entirely"]).await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("`credential-health explain` lists all of them"), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}

#[tokio::test]
async fn explain_writes_to_the_named_file() {
    let ran = explain(&["thin-margin", "--output", "page.md"]).await;
    ran.assert_status(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.file("page.md"), FindingId::ThinMargin.page());
    let ran = explain(&["--job", "nightly-etl", "--inventory", "jobs.yaml", "--output", "job.txt"]).await;
    ran.assert_status(0);
    assert_eq!(ran.file("job.txt"), job("nightly-etl").await);
}

// --- A page on a terminal ---

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The lines of the fenced blocks of a page, without the indentation of the fences.
fn code_lines(page: &str) -> Vec<String> {
    let mut fence = None;
    let mut code = Vec::new();
    for line in page.lines() {
        let indent = line.len() - line.trim_start().len();
        match fence {
            None if line.trim_start().starts_with("```") => fence = Some(indent),
            None => {}
            Some(_) if line.trim_start().starts_with("```") => fence = None,
            Some(at) => code.push(line[at.min(indent)..].to_owned()),
        }
    }
    code
}

#[test]
fn on_a_terminal_every_page_fits_its_width_and_its_code_lines_stay_whole() {
    for id in FindingId::ALL {
        for columns in [40, 80, 200] {
            let shown = plain(&page::render(id.page(), columns));
            let code = code_lines(id.page());
            let mut lines = shown.lines();
            for wanted in code.iter().filter(|line| !line.is_empty()) {
                assert!(lines.any(|line| line.trim_start() == wanted.trim_start()), "{id} at {columns}: {wanted:?}");
            }
            let is_code = |line: &str| code.iter().any(|code| code.trim() == line.trim());
            for line in shown.lines().filter(|line| line.starts_with(char::is_alphanumeric) && !is_code(line)) {
                assert!(line.chars().count() <= columns.min(100), "{id} at {columns}: {line:?}");
            }
        }
    }
}

#[test]
fn on_a_terminal_no_markdown_markup_remains_and_no_word_is_lost() {
    for id in FindingId::ALL {
        let shown = plain(&page::render(id.page(), 80));
        let prose: Vec<&str> = {
            let code = code_lines(id.page());
            shown.lines().filter(|line| !code.iter().any(|code| code.trim() == line.trim())).collect()
        };
        for left in ["```", "## ", "**", "]("] {
            assert!(!prose.iter().any(|line| line.contains(left)), "{id}: {left} in\n{shown}");
        }
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 3).map(str::to_owned).collect()
        };
        let shown = words(&shown).concat();
        for word in words(&id.page().lines().filter(|line| !line.contains("```")).collect::<Vec<_>>().join("\n")) {
            assert!(shown.contains(&word), "{id}: {word} is not shown");
        }
    }
}

#[test]
fn a_page_on_a_terminal_matches_its_snapshot() {
    redacted(|| insta::assert_snapshot!("page", plain(&page::render(FindingId::ChainCapsSession.page(), 72))));
}

// --- A job ---

#[tokio::test]
async fn explained_jobs_match_their_snapshots() {
    for name in [
        "nightly-etl",
        "upload",
        "exchange",
        "tidy-up",
        "rotate-keys",
        "analysis",
        "archive",
        "stuck",
        "no-room",
        "paused",
    ] {
        let text = job(name).await;
        redacted(|| insta::assert_snapshot!(format!("job_{}", name.replace('-', "_")), text));
    }
}

#[tokio::test]
async fn a_misspelt_job_gets_the_nearest_job_as_suggestion_and_a_glob_is_refused() {
    for (name, expected) in [("nightly-elt", "did you mean `nightly-etl`?"), ("*", "as in the inventory")] {
        let ran = explain(&["--job", name, "--inventory", "jobs.yaml"]).await;
        ran.assert_status(2);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn status_2_for_arguments_that_exclude_each_other() {
    for (arguments, expected) in [
        (&["--job", "nightly-etl"][..], "--inventory"),
        (&["--inventory", "jobs.yaml"], "--job"),
        (&["thin-margin", "--job", "nightly-etl", "--inventory", "jobs.yaml"], "cannot be used with"),
        (&["--job", "nightly-etl", "--inventory", "missing.yaml"], "missing.yaml"),
        (&["--job", "nightly-etl", "--inventory", "jobs.yaml", "--report", "missing.json"], "there is no such file"),
        (&["--job", "nightly-etl", "--inventory", "jobs.yaml", "--report", "jobs.yaml"], "is not a report"),
    ] {
        let ran = explain(arguments).await;
        ran.assert_status(2);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(ran.stderr.contains(expected), "{arguments:?} says:\n{}", ran.stderr);
    }
}

#[tokio::test]
async fn explain_takes_live_values_from_a_report_of_check() {
    let inventory = "version: 1\njobs:\n  - {name: export, length: 90m, source: iam-user, path: [{role: \
        \"arn:aws:iam::222222222222:role/etl\", duration: 2h}]}\n";
    let (mut world, checker) = world();
    world.role(role("arn:aws:iam::222222222222:role/etl").max_session(14_400));
    let aws = StandIn::start(world).await;
    let checked = Cli::on(inventory, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
    checked.assert_status(0);
    let explained = Cli::on(inventory, "explain", &["--job", "export", "--report", "report.json"])
        .file("report.json", &checked.stdout)
        .run()
        .await;
    explained.assert_status(0);
    assert!(explained.stdout.contains("covered"), "{}", explained.stdout);
    assert!(explained.stdout.contains("MaxSessionDuration 4h, read from IAM"), "{}", explained.stdout);
    assert!(
        explained.stdout.contains("the MaxSessionDuration of 1 of 1 hops to the run of 20"),
        "{}",
        explained.stdout
    );
    // A report of other roles says nothing about this job.
    let other = inventory.replace("role/etl", "role/other");
    let refused = Cli::on(&other, "explain", &["--job", "export", "--report", "report.json"])
        .file("report.json", &checked.stdout)
        .run()
        .await;
    refused.assert_status(2);
    assert!(refused.stderr.contains("is a report of other roles"), "{}", refused.stderr);
    // Without a report the value is unknown, and `explain` reports that.
    let explained = Cli::on(inventory, "explain", &["--job", "export"]).run().await;
    assert!(explained.stdout.contains("export: unknown."), "{}", explained.stdout);
    assert!(explained.stdout.contains("MaxSessionDuration not known"), "{}", explained.stdout);
    assert!(
        explained.stdout.contains("`check` with the same `--inventory` and `--job export` reads them"),
        "{}",
        explained.stdout
    );
}

// --- Suggested fixes, applied ---

/// The unchanged lines below a heading that are indented deeper than the heading.
fn block<'a>(lines: &[&'a str], heading: impl Fn(&str) -> bool) -> String {
    let Some(at) = lines.iter().position(|line| heading(line.trim())) else { return String::new() };
    let taken: Vec<&'a str> =
        lines[at + 1..].iter().take_while(|line| line.starts_with("       ")).map(|line| &line[7..]).collect();
    taken.join("\n")
}

/// The lines of each fix for the job and for the roles.
fn ways(text: &str) -> Vec<(String, String)> {
    let part = text.split("\nHow to fix it").nth(1).unwrap_or_default().split("\nFindings\n").next().unwrap();
    let lines: Vec<&str> = part.lines().collect();
    // The only way has no letter.
    let is_way = |line: &str| line.starts_with("  Option ") || line.starts_with("  ") && !part.contains("  Option A");
    let is_heading = |line: &str| is_way(line) && !line.starts_with("   ");
    let starts: Vec<usize> = (0..lines.len()).filter(|n| is_heading(lines[*n])).collect();
    let end = |n: usize| starts.get(n + 1).copied().unwrap_or(lines.len());
    let of = |(n, start): (usize, &usize)| {
        let lines = &lines[*start..end(n)];
        let job = block(lines, |line| line.starts_with("In the inventory, job"));
        (job, block(lines, |line| line.starts_with("In the inventory, under")))
    };
    starts.iter().enumerate().map(of).collect()
}

/// A YAML text as JSON.
fn yaml(text: &str) -> Value {
    if text.is_empty() {
        json!({})
    } else {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }
}

#[tokio::test]
async fn an_inventory_with_the_suggested_lines_has_a_covered_job() {
    let inventory = yaml(JOBS);
    let mut followed = 0;
    for declared in inventory["jobs"].as_array().unwrap() {
        let name = declared["name"].as_str().unwrap();
        for (job_lines, role_lines) in ways(&job(name).await) {
            let mut changed = inventory.clone();
            let mut now = declared.clone();
            now.as_object_mut().unwrap().extend(yaml(&job_lines).as_object().unwrap().clone());
            changed["jobs"] = json!([now]);
            changed["waivers"] = json!([]);
            changed["roles"].as_object_mut().unwrap().extend(yaml(&role_lines).as_object().unwrap().clone());
            let ran = Cli::on(&changed.to_string(), "lint", &["--format", "json", "--fail-on", "none"]).run().await;
            ran.assert_status(0);
            assert_eq!(ran.report()["jobs"][0]["verdict"], "covered", "{name}:\n{job_lines}\n{role_lines}");
            followed += 1;
        }
    }
    assert!(followed > 15, "only {followed} fixes");
}

// --- For programs ---

async fn json_of(arguments: &[&str]) -> Value {
    let ran = explain(&[arguments, &["--format", "json"]].concat()).await;
    ran.assert_status(0);
    assert_eq!(ran.stderr, "");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{}", ran.stdout))
}

#[tokio::test]
async fn a_job_as_json_matches_its_snapshot() {
    let explained = json_of(&["--job", "upload", "--inventory", "jobs.yaml"]).await;
    redacted(|| insta::assert_snapshot!("job_json", format!("{explained:#}")));
}

#[tokio::test]
async fn the_json_of_a_job_agrees_with_lint_and_has_the_fixes_of_the_text() {
    let report = Cli::on(JOBS, "lint", &["--format", "json", "--fail-on", "none"]).run().await.report();
    for reported in report["jobs"].as_array().unwrap() {
        let name = reported["name"].as_str().unwrap();
        let explained = json_of(&["--job", name, "--inventory", "jobs.yaml"]).await;
        assert_eq!(explained["schema_version"], 1);
        for key in [
            "verdict",
            "needed_seconds",
            "lease_seconds",
            "lapses_after_seconds",
            "headroom_seconds",
            "limited_by",
            "limiting_hop",
        ] {
            assert_eq!(explained["job"][key], reported[key], "{name}: {key}");
        }
        for (explained, reported) in
            explained["job"]["hops"].as_array().unwrap().iter().zip(reported["hops"].as_array().unwrap())
        {
            for key in ["role", "chained", "requested_seconds", "cap_seconds"] {
                assert_eq!(explained[key], reported[key], "{name}: {key}");
            }
        }
        let text = job(name).await;
        let ways = explained["ways"].as_array().unwrap();
        assert_eq!(explained["fits"], text.contains("\nThe job is covered\n"), "{name}");
        assert_eq!(ways.is_empty(), !text.contains("\nHow to fix it"), "{name}");
        for way in ways.iter().take(4) {
            let summary: String = way["summary"].as_str().unwrap().split_whitespace().collect();
            let shown: String = text.split_whitespace().collect();
            assert!(shown.to_lowercase().contains(&summary.to_lowercase()), "{name}: {way}");
            assert!(way["steps"].as_array().is_some_and(|steps| !steps.is_empty()), "{name}: {way}");
        }
    }
}

#[tokio::test]
async fn a_finding_and_the_list_are_printed_as_json() {
    let explained = json_of(&["thin-margin"]).await;
    assert_eq!((&explained["id"], &explained["severity"]), (&json!("thin-margin"), &json!("medium")));
    assert_eq!(explained["page"], FindingId::ThinMargin.page());
    let all = json_of(&[]).await;
    assert_eq!(all["findings"].as_array().unwrap().len(), FindingId::ALL.len());
    assert_eq!(all["schema_version"], 1);
}

// --- The page about explain ---

/// `UPDATE_DOCS=1 cargo test --workspace explain` writes the output into the page.
#[tokio::test]
async fn the_page_about_explain_shows_its_real_output() {
    let path = format!("{}/docs/explain.md", crate::harness::ROOT);
    let page = std::fs::read_to_string(&path).unwrap();
    let inventory = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let explained = Cli::new(&["explain", "--job", "upload", "--inventory", "inventory.yaml"]);
    let explained = explained.file("inventory.yaml", inventory).run().await;
    explained.assert_status(0);
    let output = format!("$ credential-health explain --job upload --inventory inventory.yaml\n{}", explained.stdout);
    let (before, rest) = page.split_once("```console\n").unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}```console\n{output}```\n{after}")).unwrap();
    } else {
        assert_eq!(shown, output, "UPDATE_DOCS=1 cargo test --workspace explain");
    }
}
