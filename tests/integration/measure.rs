//! `measure`, and the run histories of `lint`, `check` and `import`.

use serde_json::{Value, json};

use crate::harness::{Cli, assert_all_is_seen, ids, role, world};
use crate::stand_in::StandIn;

const ETL: &str = "arn:aws:iam::222222222222:role/etl";

fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/measured/{name}", crate::harness::ROOT)).unwrap()
}

/// A table of runs of one job, a run a day, each this many minutes long.
fn table(runs: &[(u32, &str)]) -> String {
    let row = |(day, (minutes, outcome)): (usize, &(u32, &str))| {
        let start = 1_794_787_200 + 86_400 * day as u64;
        format!("etl,{start},{},{outcome}\n", start + u64::from(*minutes) * 60)
    };
    format!("job,start,end,outcome\n{}", runs.iter().enumerate().map(row).collect::<String>())
}

fn inventory(length: &str) -> String {
    format!(
        "version: 1\njobs:\n  - {{name: etl, owner: data, length: {length}, measured_by: {{csv: etl}}, \
         source: iam-user, path: [{{role: \"{ETL}\", duration: 1h}}], refresh: auto}}\n"
    )
}

/// The ids and severities of the findings of `lint` with this table.
async fn findings(length: &str, runs: &[(u32, &str)]) -> Vec<(String, String)> {
    let cli = Cli::on(&inventory(length), "lint", &["--measured", "runs.csv", "--format", "json"]);
    let report = cli.file("runs.csv", table(runs)).run().await.report();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = report["findings"].as_array().unwrap().iter();
    let all = all.map(|finding| (text(finding, "id"), text(finding, "severity")));
    all.filter(|(id, _)| id.starts_with("length-")).collect()
}

#[tokio::test]
async fn every_history_is_measured_in_each_form() {
    let names = ["codebuild.json", "codebuild-v2.json", "glue.json", "step-functions.json", "batch.json"];
    let names = [&names[..], &["github-api.json", "github-run.json", "runs.csv"]].concat();
    let run = async |format: &str| {
        let arguments = [&["measure", "--format", format][..], &names].concat();
        let cli = names.iter().fold(Cli::new(&arguments), |cli, name| cli.file(name, sample(name)));
        let ran = cli.run().await;
        ran.assert_status(0);
        assert_eq!(ran.stderr, "");
        ran.stdout
    };
    insta::assert_snapshot!("measure_text", run("text").await);
    insta::assert_snapshot!("measure_csv", run("csv").await);
    let json: Value = serde_json::from_str(&run("json").await).unwrap();
    insta::assert_snapshot!("measure_json", serde_json::to_string_pretty(&json["jobs"][1]).unwrap());
    let lines = run("jsonl").await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines), json["jobs"]);
}

#[tokio::test]
async fn a_broken_file_is_named_and_loses_none_of_the_others() {
    let ran = Cli::new(&["measure", "--format", "json", "bad.json", "missing.json", ".", "-", "good.json"])
        .file("bad.json", "{\"JobRuns\": [")
        .file("good.json", sample("glue.json"))
        .input("\u{1b}[31m")
        .run()
        .await;
    ran.assert_status(3);
    let read: Value = serde_json::from_str(&ran.stdout).unwrap();
    let files: Vec<&str> =
        read["not_read"].as_array().unwrap().iter().map(|not_read| not_read["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["bad.json", "missing.json", ".", "standard input"]);
    assert_eq!((&read["files"], &read["jobs"][0]["runs"]), (&json!(5), &json!(3)));
    assert!(ran.stderr.contains("not read: bad.json: EOF while parsing a list at line 1 column 13"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 4, "{}", ran.stderr);
}

#[tokio::test]
async fn names_of_others_are_escaped_in_each_form() {
    let name = "\u{1b}[31m\u{202e}=1+1";
    let file = sample("glue.json").replace("my-testing-job", &name.replace('\u{1b}', "\\u001b"));
    for format in ["text", "csv", "json", "jsonl"] {
        let ran = Cli::new(&["measure", "--format", format, "glue.json"]).file("glue.json", &file).run().await;
        ran.assert_status(0);
        match format {
            "text" => assert_all_is_seen(&ran.stdout),
            "csv" => assert!(!ran.stdout.contains(",=1") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout),
            _ => assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout),
        }
    }
}

#[tokio::test]
async fn the_output_is_no_file_that_is_read() {
    let ran = Cli::new(&["measure", "runs.csv", "--output", "runs.csv"]).file("runs.csv", table(&[])).run().await;
    ran.assert_status(2);
    assert_eq!(ran.file("runs.csv"), table(&[]));
}

#[tokio::test]
async fn a_run_that_succeeded_after_more_than_the_declared_length_is_high() {
    let exceeded = |severity: &str| vec![("length-exceeded".to_owned(), severity.to_owned())];
    assert_eq!(findings("1h", &[(59, "succeeded"), (61, "succeeded")]).await, exceeded("high"));
    assert_eq!(findings("1h", &[(60, "succeeded")]).await, []);
    // A run that hung is no proof that the job needs so long.
    assert_eq!(findings("1h", &[(10, "succeeded"), (360, "timed-out")]).await, exceeded("medium"));
    assert_eq!(findings("1h", &[(360, "stopped")]).await, exceeded("medium"));
    assert_eq!(findings("1h", &[(30, "failed"), (60, "timed-out")]).await, []);
    assert_eq!(findings("1h", &[(360, "running"), (360, "skipped")]).await, []);
}

#[tokio::test]
async fn a_length_is_guessed_high_only_by_many_runs_that_succeeded() {
    let runs = |number: usize, outcome: &'static str| vec![(10, outcome); number];
    let guessed = vec![("length-guessed-high".to_owned(), "low".to_owned())];
    assert_eq!(findings("41m", &runs(20, "succeeded")).await, guessed);
    assert_eq!(findings("40m", &runs(20, "succeeded")).await, []);
    assert_eq!(findings("4h", &runs(19, "succeeded")).await, []);
    assert_eq!(findings("4h", &runs(40, "failed")).await, []);
    let with = |cut: (u32, &'static str)| [runs(20, "succeeded"), vec![cut]].concat();
    assert_eq!(findings("4h", &with((10, "failed"))).await, guessed);
    assert_eq!(findings("4h", &with((11, "failed"))).await, []);
    assert_eq!(findings("4h", &with((11, "timed-out"))).await, []);
}

#[tokio::test]
async fn lint_names_what_is_not_measured_and_is_not_complete_without_a_file() {
    let jobs = inventory("1h").replace("csv: etl", "csv: elt");
    let lint = |file: &str| {
        let arguments = ["--measured", "runs.csv", "--measured", "more.json", "--format", "json"];
        Cli::on(&jobs, "lint", &arguments).file("runs.csv", table(&[(10, "succeeded")])).file("more.json", file)
    };
    let ran = lint("{\"JobRuns\": [], \"NextToken\": \"x\"}").run().await;
    ran.assert_status(0);
    let notes = ran.report()["notes"].to_string();
    assert!(notes.contains("job etl is not measured: the run histories have no csv elt"), "{notes}");
    assert!(notes.contains("more.json:1: the run history is not whole: the output has a NextToken"), "{notes}");
    assert!(ran.stderr.contains("job etl is not measured"), "{}", ran.stderr);
    let ran = lint("").run().await;
    ran.assert_status(3);
    let report = ran.report();
    assert_eq!(report["run"]["complete"], false);
    assert!(report["not_judged"].to_string().contains("the file is empty"), "{}", report["not_judged"]);
}

#[tokio::test]
async fn check_compares_the_runs_too() {
    let (mut world, checker) = world();
    world.role(role(ETL));
    let aws = StandIn::start(world).await;
    let arguments = ["--measured", "runs.csv", "--format", "json"];
    let cli = Cli::on(&inventory("1h"), "check", &arguments).file("runs.csv", table(&[(61, "succeeded")]));
    let ran = cli.asking(&aws, &checker).run().await;
    ran.assert_status(1);
    assert!(ids(&ran.report()).contains(&"length-exceeded"), "{}", ran.stdout);
}

#[tokio::test]
async fn measured_runs_need_an_inventory() {
    for arguments in
        [&["lint", "--aws-config", "x"][..], &["check", "--aws-config", "x"], &["lint", "--cloudtrail", "x"]]
    {
        let ran = Cli::new(&[arguments, &["--measured", "runs.csv"]].concat()).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains("--measured"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_bad_measured_by_is_an_error_at_its_place() {
    for (written, expected) in [
        ("{csv: etl, batch: etl}", "`measured_by` names 2 run histories, not one"),
        ("{scope: x}", "`measured_by` names no run history"),
        ("{codebulid: etl}", "did you mean `codebuild`?"),
        ("etl", "write measured_by as a map"),
        ("{csv: 1}", "`csv` is a bare number, not text"),
    ] {
        let jobs = inventory("1h").replace("{csv: etl}", written);
        let ran = Cli::on(&jobs, "lint", &[]).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains(expected), "{written}: {}", ran.stderr);
        assert!(ran.stderr.contains("1 problem in the inventory"), "{written}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn explain_names_the_history_of_a_job() {
    let arguments = ["explain", "--inventory", "jobs.yaml", "--job", "etl"];
    let text = Cli::new(&arguments).file("jobs.yaml", inventory("1h")).run().await.stdout;
    assert!(text.contains("measured by csv etl"), "{text}");
    let json = Cli::new(&[&arguments[..], &["--format", "json"]].concat()).file("jobs.yaml", inventory("1h"));
    let explained = json.run().await.report();
    assert_eq!(explained["job"]["measured_by"], json!({"kind": "csv", "name": "etl", "scope": null}));
}

/// A template with a project of 60 minutes, and the workflow of a job of 90.
const TEMPLATE: &str = "Resources:
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: codebuild-demo-project
      TimeoutInMinutes: 60
      ServiceRole: arn:aws:iam::123456789012:role/build
  Other:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: other
      TimeoutInMinutes: 60
      ServiceRole: arn:aws:iam::123456789012:role/build
";
const WORKFLOW: &str = "on: push
permissions: {id-token: write}
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 90
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with: {role-to-assume: \"arn:aws:iam::222222222222:role/etl\", aws-region: eu-west-1}
      - run: make
";

#[tokio::test]
async fn an_import_proposes_the_longest_run_and_20_percent() {
    let import = |arguments: &[&str]| {
        Cli::new(&[&["import"], arguments].concat())
            .file("template.yaml", TEMPLATE)
            .file(".github/workflows/ci.yaml", WORKFLOW)
            .file("codebuild.json", sample("codebuild.json"))
            .file("github.json", sample("github-api.json"))
    };
    let ran = import(&["cloudformation", "template.yaml", "--measured", "codebuild.json"]).run().await;
    ran.assert_status(0);
    insta::assert_snapshot!("measured_cloudformation", ran.stdout);
    let lint = Cli::on(&ran.stdout, "lint", &["--measured", "codebuild.json", "--format", "json"]);
    let lint = lint.file("codebuild.json", sample("codebuild.json")).run().await;
    lint.assert_status(0);
    assert_eq!(lint.report()["jobs"][0]["needed_seconds"], 300);
    let ran = import(&["github-workflow", ".", "--measured", "github.json"]).run().await;
    ran.assert_status(0);
    insta::assert_snapshot!("measured_github", ran.stdout);
    let ran = import(&["github-workflow", "."]).run().await;
    assert!(ran.stdout.contains("length: 1h30m") && !ran.stdout.contains("measured_by"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_proposed_length_is_not_over_the_timeout_and_a_failed_run_proposes_none() {
    let slow = sample("codebuild.json").replace("1548717536.846", "1548721062.775");
    let failed = sample("codebuild.json")
        .replace("\"SUCCEEDED\",\n            \"phases\"", "\"FAILED\",\n            \"phases\"");
    assert_ne!(failed, sample("codebuild.json"));
    for (file, expected) in [
        (slow, "length: 1h  # longest of 2 measured runs (2019-01-28 to 2019-01-29): 1h, the limit is 1h"),
        (failed, "length: 1h  # no measured run succeeded; 2 more cut short, the longest after 1m15s: the length is"),
    ] {
        let arguments = ["import", "cloudformation", "template.yaml", "--measured", "codebuild.json"];
        let cli = Cli::new(&arguments).file("template.yaml", TEMPLATE).file("codebuild.json", file);
        let ran = cli.run().await;
        assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn the_page_shows_the_output_of_its_example() {
    let names = ["codebuild.json", "glue.json", "step-functions.json", "batch.json", "github-api.json", "runs.csv"];
    let arguments = [&["measure"][..], &names].concat();
    let cli = names.iter().fold(Cli::new(&arguments), |cli, name| cli.file(name, sample(name)));
    let output = format!("$ credential-health {}\n{}", arguments.join(" "), cli.run().await.stdout);
    let path = format!("{}/docs/measured.md", crate::harness::ROOT);
    let page = std::fs::read_to_string(&path).unwrap();
    let from = page.find("```console\n").unwrap() + "```console\n".len();
    let to = from + page[from..].find("```").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{}{output}{}", &page[..from], &page[to..])).unwrap();
    } else {
        assert_eq!(page[from..to], output, "run UPDATE_DOCS=1 cargo test --workspace measure");
    }
}

#[tokio::test]
async fn standard_input_is_read_only_once() {
    for command in ["lint", "check"] {
        let ran = Cli::new(&[command, "--inventory", "-", "--measured", "-"]).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains("only one of the files can be `-`"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn the_length_that_a_fix_declares_ends_its_finding() {
    let many = vec![(10, "succeeded"); 20];
    for (id, declared, runs, before) in [
        ("length-exceeded", "1h", vec![(61, "succeeded")], "for example "),
        ("length-guessed-high", "4h", many, "declare `length: "),
    ] {
        let cli = Cli::on(&inventory(declared), "lint", &["--measured", "runs.csv", "--format", "json"]);
        let report = cli.file("runs.csv", table(&runs)).run().await.report();
        let step = crate::harness::finding(&report, id)["remediation"][0]["step"].as_str().unwrap().to_owned();
        let (_, length) = step.split_once(before).unwrap();
        let length = length.split([' ', '`']).next().unwrap();
        assert_eq!(findings(length, &runs).await, [], "{id}: {step}");
    }
}
