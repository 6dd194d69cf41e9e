//! `sessions`: logs in files and folders, and logs that cannot be read to their end.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::harness::{Cli, Ran};

const ROLE: &str = "arn:aws:iam::444455556666:role/etl";

/// The issue of a session at this hour, and a call of the session 50 minutes later.
fn records(hour: u8, key: &str) -> [Value; 2] {
    let principal = "arn:aws:sts::444455556666:assumed-role/etl/nightly";
    let issued = format!("2026-11-28T{hour:02}:00:00Z");
    let issue = json!({
        "eventID": format!("issue of {key}"), "eventTime": issued, "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole", "sourceIPAddress": "192.0.2.1",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci", "accessKeyId": "AKIAEXAMPLE"},
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "nightly"},
        "responseElements": {
            "credentials": {"accessKeyId": key, "expiration": format!("2026-11-28T{:02}:00:00Z", hour + 1)},
            "assumedRoleUser": {"assumedRoleId": "AROAEXAMPLE:nightly", "arn": principal},
        },
    });
    let call = json!({
        "eventID": format!("call of {key}"), "eventTime": format!("2026-11-28T{hour:02}:50:00Z"),
        "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances",
        "userIdentity": {"type": "AssumedRole", "arn": principal, "accessKeyId": key},
    });
    [issue, call]
}

fn log(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn sessions(cli: Cli) -> (Ran, Value) {
    let ran = cli.run().await;
    let read = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, read)
}

fn cli(more: &[&str]) -> Cli {
    Cli::new(&[&["sessions", "--format", "json"], more].concat())
}

#[tokio::test]
async fn a_folder_in_cloudtrails_layout_is_read_for_the_days_that_are_needed() {
    let folder = "logs/AWSLogs/444455556666/CloudTrail/eu-west-1/2026/11";
    let cli = cli(&["--since", "2026-11-28T04:00:00Z", "--until", "2026-11-28", "logs"])
        .file(&format!("{folder}/27/a.json.gz"), gzip("not JSON"))
        .file(&format!("{folder}/28/b.json.gz"), gzip(&log(&records(1, "ASIA1"))))
        .file(&format!("{folder}/29/c.json.gz"), gzip(&log(&records(5, "ASIA2"))))
        .file(&format!("{folder}/28/x_CloudTrail-Digest_y.json.gz"), gzip("{}"))
        .file(&format!("{folder}/28/README.md"), "text");
    let (ran, read) = sessions(cli).await;
    ran.assert_status(0);
    assert_eq!((&read["files"], &read["records"]), (&json!(2), &json!(2)));
    assert_eq!(read["window"], json!({"from": "2026-11-28T05:00:00Z", "to": "2026-11-28T05:50:00Z"}));
    assert_eq!(read["sessions"][0]["access_key_id"], "ASIA2");
}

#[tokio::test]
async fn a_bad_log_costs_only_itself_and_its_good_records_count() {
    let whole = gzip(&log(&records(1, "ASIA1")));
    let deep = format!("{{\"Records\":{}", "[".repeat(10_000));
    let cli = cli(&["logs", "missing.json"])
        .file("logs/truncated.json.gz", &whole[..whole.len() - 8])
        .file("logs/deep.json", deep)
        .file("logs/good.json", log(&records(3, "ASIA2")))
        .file("logs/\u{1b}[31m.json", "<html>");
    let (ran, read) = sessions(cli).await;
    ran.assert_status(3);
    let skipped: Vec<&str> =
        read["skipped"].as_array().unwrap().iter().map(|skipped| skipped["file"].as_str().unwrap()).collect();
    let expected = ["logs/\u{1b}[31m.json", "logs/deep.json", "logs/truncated.json.gz", "missing.json"];
    assert_eq!(skipped, expected);
    assert_eq!((&read["files"], &read["records"]), (&json!(5), &json!(4)));
    assert_eq!(read["sessions"][1]["calls"], 1);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
}

#[tokio::test]
async fn a_folder_without_logs_is_reported() {
    let ran = Cli::new(&["sessions", "logs"]).file("logs/README.md", "text").run().await;
    ran.assert_status(0);
    assert!(ran.stderr.contains("No CloudTrail logs were found"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("STS refused no request"), "{}", ran.stdout);
}

#[tokio::test]
async fn standard_input_and_each_format_are_supported() {
    let both = [records(1, "ASIA1"), records(3, "ASIA2")].concat();
    let refused = json!({
        "eventID": "refused", "eventTime": "2026-11-28T04:00:00Z", "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole", "errorCode": "ValidationException", "requestParameters": {"roleArn": ROLE},
        "errorMessage": "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci", "accessKeyId": "AKIAEXAMPLE"},
    });
    let input = log(&[both, vec![refused]].concat());
    let run = async |format: &str| {
        let ran = Cli::new(&["sessions", "--format", format, "-"]).input(gzip(&input)).run().await;
        ran.assert_status(0);
        ran.stdout
    };
    let lines = run("jsonl").await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["access_key_id"], "ASIA1");
    assert_eq!(lines[2]["kind"], "duration-above-max-session");
    let mut rows = csv::Reader::from_reader(run("csv").await.into_bytes().leak() as &[u8]);
    let last_used = rows.headers().unwrap().iter().position(|name| name == "last_used").unwrap();
    let used: Vec<String> = rows.records().map(|row| row.unwrap()[last_used].to_owned()).collect();
    assert_eq!(used, ["2026-11-28T01:50:00Z", "2026-11-28T03:50:00Z"]);
    insta::assert_snapshot!("sessions_text", run("text").await);
}

/// The inventory of a job whose path has these records.
fn inventory(length: &str, source: &str) -> String {
    format!("version: 1\njobs:\n  - {{name: etl, length: {length}, source: {source}, path: [\"{ROLE}\"]}}\n")
}

async fn findings(inventory: Option<&str>, records: &[Value]) -> Vec<(String, String)> {
    let mut arguments = vec!["lint", "--format", "json", "--cloudtrail", "log.json"];
    if inventory.is_some() {
        arguments.extend(["--inventory", "jobs.yaml"]);
    }
    let cli = Cli::new(&arguments).file("log.json", log(records)).file("jobs.yaml", inventory.unwrap_or_default());
    let report = cli.run().await.report();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (text(finding, "id"), text(finding, "severity"))).collect()
}

#[tokio::test]
async fn lint_compares_the_sessions_with_the_jobs() {
    let records = records(1, "ASIA1");
    let found = |id: &str, severity: &str| (id.to_owned(), severity.to_owned());
    assert_eq!(findings(Some(&inventory("45m", "iam-user")), &records).await, [found("length-exceeded", "high")]);
    assert_eq!(findings(Some(&inventory("50m", "iam-user")), &records).await, []);
    let elsewhere = findings(Some(&inventory("50m", "ecs-task")), &records).await;
    assert_eq!(elsewhere, [found("path-undeclared", "medium")]);
    // Alone, the path is a job of 50m with a margin of 10m.
    assert_eq!(findings(None, &records).await, []);
    let mut late = records.clone();
    late[1]["eventTime"] = json!("2026-11-28T01:55:00Z");
    let alone = findings(None, &late).await;
    assert_eq!(alone, [found("session-used-to-its-end", "medium"), found("thin-margin", "medium")]);
}

#[tokio::test]
async fn an_imported_inventory_is_valid_and_declares_what_was_seen() {
    let cli = Cli::new(&["import", "cloudtrail", "log.json"]).file("log.json", log(&records(1, "ASIA1")));
    let ran = cli.run().await;
    ran.assert_status(0);
    insta::assert_snapshot!("imported", ran.stdout);
    let lint = Cli::on(&ran.stdout, "lint", &["--format", "json"]).run().await;
    lint.assert_status(0);
    assert_eq!(lint.report()["jobs"][0]["needed_seconds"], 3000);
}

#[tokio::test]
async fn the_length_and_the_duration_of_an_imported_job_are_of_one_session() {
    let mut long = records(1, "ASIA1");
    long[0]["requestParameters"]["durationSeconds"] = json!(7200);
    long[0]["responseElements"]["credentials"]["expiration"] = json!("2026-11-28T03:00:00Z");
    long[1]["eventTime"] = json!("2026-11-28T02:20:00Z");
    let mut short = records(5, "ASIA2");
    short[0]["requestParameters"]["durationSeconds"] = json!(900);
    short[0]["responseElements"]["credentials"]["expiration"] = json!("2026-11-28T05:15:00Z");
    short[1]["eventTime"] = json!("2026-11-28T05:05:00Z");
    let both = [long, short].concat();
    let ran = Cli::new(&["import", "cloudtrail", "log.json"]).file("log.json", log(&both)).run().await;
    assert!(ran.stdout.contains("length: 1h20m") && ran.stdout.contains("duration: 2h"), "{}", ran.stdout);
    assert_eq!(findings(None, &both).await, []);
    assert_eq!(findings(Some(&ran.stdout), &both).await, []);
}

#[tokio::test]
async fn a_session_of_a_lambda_execution_environment_is_no_run_of_a_job() {
    let mut records = records(1, "ASIA1");
    records[0]["userIdentity"] = json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"});
    records[0]["responseElements"]["credentials"]["expiration"] = json!("2026-11-28T13:00:00Z");
    records[1]["eventTime"] = json!("2026-11-28T04:00:00Z");
    let cli = Cli::new(&["import", "cloudtrail", "log.json"]).file("log.json", log(&records));
    let ran = cli.run().await;
    ran.assert_status(3);
    assert!(ran.stderr.contains("many invocations") && !ran.stderr.contains("cannot run"), "{}", ran.stderr);
    let text = Cli::new(&["sessions", "log.json"]).file("log.json", log(&records)).run().await.stdout;
    assert!(text.contains("unknown") && !text.contains("3h"), "{text}");
    // A job without hops: its function's own role is not declared.
    let declared = "version: 1\njobs: [{name: a, length: 5m, source: lambda}]\n";
    assert_eq!(findings(Some(declared), &records).await, []);
    let other = "version: 1\njobs: [{name: a, length: 5m, source: ecs-task}]\n";
    let arguments = ["lint", "--format", "json", "--cloudtrail", "log.json", "--inventory", "jobs.yaml"];
    let report = Cli::new(&arguments).file("log.json", log(&records)).file("jobs.yaml", other).run().await.report();
    let steps = crate::harness::finding(&report, "path-undeclared")["remediation"].to_string();
    assert!(steps.contains("its Timeout") && !steps.contains("import cloudtrail"), "{steps}");
}

#[tokio::test]
async fn undeclared_paths_with_different_fixes_have_blocks_of_their_own() {
    let issued_by = |role: &str, key: &str, source: Value| {
        let mut records = records(1, key);
        let text = json!(records).to_string().replace("role/etl", role).replace("AROAEXAMPLE", key);
        records = serde_json::from_str(&text).unwrap();
        records[0]["userIdentity"] = source;
        records
    };
    let by_lambda = issued_by("role/f", "ASIA1", json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}));
    let by_user = issued_by("role/g", "ASIA2", records(1, "ASIA2")[0]["userIdentity"].clone());
    let jobs = "version: 1\njobs: [{name: a, length: 5m, source: ecs-task}]\n";
    let arguments = ["lint", "--cloudtrail", "log.json", "--inventory", "jobs.yaml"];
    let cli = Cli::new(&arguments).file("log.json", log(&[by_lambda, by_user].concat())).file("jobs.yaml", jobs);
    let text = cli.run().await.stdout;
    assert!(text.contains("declare a job for the function") && text.contains("Declare a job for the path"), "{text}");
}

#[tokio::test]
async fn a_granted_duration_shows_what_the_role_allows() {
    let mut records = records(1, "ASIA1");
    records[0]["requestParameters"]["durationSeconds"] = json!(7200);
    records[0]["responseElements"]["credentials"]["expiration"] = json!("2026-11-28T03:00:00Z");
    let requests = |duration: &str| {
        format!(
            "version: 1\njobs:\n  - {{name: etl, length: 60m, source: iam-user, path: [{{role: \"{ROLE}\", \
             duration: {duration}}}]}}\n"
        )
    };
    assert_eq!(findings(Some(&requests("2h")), &records).await, []);
    // A longer request may still be refused.
    let unknown = [("max-session-unknown".to_owned(), "medium".to_owned())];
    assert_eq!(findings(Some(&requests("3h")), &records).await, unknown);
    // The session of a platform does not depend on the setting of its role.
    records[0]["userIdentity"] = json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"});
    assert!(findings(Some(&requests("2h")), &records).await.contains(&unknown[0]));
}

#[tokio::test]
async fn a_path_whose_source_is_not_recorded_is_described_as_such() {
    let [_, call] = records(1, "ASIA1");
    let mut call = call.clone();
    call["userIdentity"]["principalId"] = json!("AROAEXAMPLE:nightly");
    call["userIdentity"]["sessionContext"] = json!({
        "sessionIssuer": {"type": "Role", "arn": ROLE, "principalId": "AROAEXAMPLE"},
        "attributes": {"creationDate": "2026-11-28T01:00:00Z"},
    });
    let other = "version: 1\njobs: [{name: a, length: 5m, source: ecs-task}]\n";
    let arguments = ["lint", "--format", "json", "--cloudtrail", "log.json", "--inventory", "jobs.yaml"];
    let report = Cli::new(&arguments).file("log.json", log(&[call])).file("jobs.yaml", other).run().await.report();
    let found = crate::harness::finding(&report, "path-undeclared");
    let detail = found["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("unknown source > {ROLE}")) && detail.contains("do not show which credentials"));
    let steps = found["remediation"].to_string();
    assert!(steps.contains("records from before the first session") && !steps.contains("import cloudtrail"), "{steps}");
}

/// A session that this AWS service gave to the role at 01:00, and its last call.
fn of_platform(service: &str, end: &str, last_use: &str) -> [Value; 2] {
    let mut records = records(1, "ASIA1");
    records[0]["userIdentity"] = json!({"type": "AWSService", "invokedBy": service});
    records[0]["responseElements"]["credentials"]["expiration"] = json!(end);
    records[1]["eventTime"] = json!(last_use);
    records
}

#[tokio::test]
async fn one_session_of_a_platform_does_not_show_that_the_job_copies_it() {
    let found = |id: &str, severity: &str| (id.to_owned(), severity.to_owned());
    let copied = "cached-platform-credentials";
    let (end, last_use) = ("2026-11-28T07:35:00Z", "2026-11-28T04:00:00Z");
    let ec2 = of_platform("ec2.amazonaws.com", end, last_use);
    assert_eq!(findings(None, &ec2).await, [found(copied, "medium")]);
    // A granted session can be longer than the session that a copy is sure to have.
    let codebuild = of_platform("codebuild.amazonaws.com", "2026-11-28T09:00:00Z", last_use);
    assert_eq!(findings(None, &codebuild).await, [found(copied, "medium")]);
    // The session was issued before the first record.
    let [_, call] = records(1, "ASIA1");
    let mut call = call.clone();
    call["eventTime"] = json!(last_use);
    call["userIdentity"]["principalId"] = json!("AROAEXAMPLE:i-0123456789abcdef0");
    call["userIdentity"]["sessionContext"] = json!({
        "sessionIssuer": {"type": "Role", "arn": ROLE, "principalId": "AROAEXAMPLE"},
        "attributes": {"creationDate": "2026-11-28T01:00:00Z"}, "ec2RoleDelivery": "2.0",
    });
    assert_eq!(findings(None, &[call]).await, [found(copied, "medium")]);
    // An inventory that a person wrote is judged as it is written.
    let declared = "version: 1\njobs: [{name: etl, length: 3h, source: ec2-instance}]\n";
    assert_eq!(findings(Some(declared), &ec2).await, [found(copied, "high")]);

    let cli = Cli::new(&["import", "cloudtrail", "log.json"]).file("log.json", log(&ec2));
    let imported = cli.run().await.stdout;
    insta::assert_snapshot!("imported_of_a_platform", imported);
    assert_eq!(findings(Some(&imported), &ec2).await, []);
}

#[tokio::test]
async fn a_use_after_the_end_shows_that_the_job_copies_the_session_of_its_platform() {
    let late = of_platform("ecs-tasks.amazonaws.com", "2026-11-28T07:00:00Z", "2026-11-28T07:06:00Z");
    let cli = Cli::new(&["import", "cloudtrail", "log.json"]).file("log.json", log(&late));
    let imported = cli.run().await.stdout;
    assert!(!imported.contains("refresh: auto"), "{imported}");
    let found = findings(None, &late).await;
    assert!(found.contains(&("cached-platform-credentials".to_owned(), "high".to_owned())), "{found:?}");
}

#[tokio::test]
async fn a_session_without_an_issue_lasts_at_least_until_its_last_use() {
    let [_, call] = records(1, "ASIA1");
    let mut call = call.clone();
    call["eventTime"] = json!("2026-11-29T07:00:00Z");
    call["userIdentity"] = json!({
        "type": "IAMUser", "arn": "arn:aws:iam::444455556666:user/ci", "principalId": "AIDAEXAMPLE",
        "accessKeyId": "ASIA1", "sessionContext": {"attributes": {"creationDate": "2026-11-28T01:00:00Z"}},
    });
    assert_eq!(findings(None, &[call]).await, [("thin-margin".to_owned(), "medium".to_owned())]);
}

#[tokio::test]
async fn what_cloudtrail_and_a_run_history_both_show_is_one_finding() {
    let jobs = "version: 1\njobs:\n  - {name: build, length: 10m, measured_by: {csv: build}, source: codebuild, \
                refresh: auto}\n";
    let runs = "job,start,end,outcome\nbuild,2026-11-28T01:00:00Z,2026-11-28T01:40:00Z,succeeded\n";
    let trail = of_platform("codebuild.amazonaws.com", "2026-11-28T09:00:00Z", "2026-11-28T01:40:00Z");
    let exceeded = async |more: &[&str]| {
        let arguments = [&["lint", "--format", "json", "--inventory", "jobs.yaml"], more].concat();
        let cli = Cli::new(&arguments).file("jobs.yaml", jobs).file("runs.csv", runs).file("log.json", log(&trail));
        let report = cli.run().await.report();
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["id"] == "length-exceeded").count()
    };
    let (history, records) = (["--measured", "runs.csv"], ["--cloudtrail", "log.json"]);
    for given in [&history[..], &records[..], &[history, records].concat()] {
        assert_eq!(exceeded(given).await, 1, "{given:?}");
    }
}
