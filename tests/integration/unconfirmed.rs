//! A verdict that depends on an unconfirmed number is marked in every form of the report.

use crate::harness::{Cli, assert_no_credential, findings, job};

const JOBS: &str = r#"
version: 1
jobs:
  - {name: pod, length: 8h, source: eks-pod-identity}
  - {name: short-pod, length: 1h, source: eks-pod-identity}
  - {name: signed-in, length: 11h, source: console-login, refresh: auto}
  - {name: task, length: 8h, source: ecs-task}
"#;

#[tokio::test]
async fn a_verdict_on_an_unconfirmed_number_is_marked_in_the_report() {
    let ran = Cli::on(JOBS, "lint", &["--format", "json"]).run().await;
    let report = ran.report();
    for (name, confirmed) in [("pod", false), ("short-pod", false), ("signed-in", false), ("task", true)] {
        assert_eq!(job(&report, name)["confirmed"], confirmed, "{name}");
    }
    let lapses = findings(&report, "cached-platform-credentials");
    let lapses = lapses.iter().find(|finding| finding["job"] == "pod").unwrap();
    let evidence = lapses["evidence"].as_array().unwrap();
    assert!(evidence.iter().any(|fact| fact["name"] == "confirmed" && fact["value"] == false), "{lapses:#}");
}

#[tokio::test]
async fn each_form_for_people_marks_an_unconfirmed_verdict() {
    for format in ["text", "markdown", "html", "junit"] {
        let ran = Cli::on(JOBS, "lint", &["--format", format]).run().await;
        let marked = ran.stdout.matches("(unconfirmed)").count();
        assert!(marked >= 3, "{format}: {marked} marks in\n{}", ran.stdout);
        assert_no_credential(&ran.stdout);
    }
    let ran = Cli::on(JOBS, "lint", &["--format", "csv"]).run().await;
    let mut rows = csv::Reader::from_reader(ran.stdout.as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "confirmed").unwrap();
    let marked: Vec<String> =
        rows.records().map(Result::unwrap).filter(|row| &row[0] == "job").map(|row| row[column].to_owned()).collect();
    assert_eq!(marked, ["false", "false", "false", "true"]);
}

#[tokio::test]
async fn a_finding_says_that_sts_may_refuse_a_job_that_lapses_in_any_case() {
    let path = "[{role: \"arn:aws:iam::222222222222:role/unknown\", duration: 2h}]";
    let inventory = format!("version: 1\njobs:\n  - {{name: j, length: 3h, source: web-identity, path: {path}}}\n");
    let report = Cli::on(&inventory, "lint", &["--format", "json"]).run().await.report();
    let detail = report["findings"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("STS may also refuse the request") && detail.contains("the requested 7200 seconds"),
        "{detail}"
    );
}

#[tokio::test]
async fn one_more_session_of_a_permission_set_may_follow_the_portal_login() {
    let job = "{name: j, length: 9h, source: {kind: identity-center, portal_session: 8h}, refresh: auto}";
    let inventory = format!("version: 1\njobs: [{job}]\n");
    let report = Cli::on(&inventory, "lint", &["--format", "json"]).run().await.report();
    let detail = report["findings"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("may last longer by its own lease"), "{detail}");
}
