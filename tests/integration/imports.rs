//! Inventories from AWS profiles and GitHub workflows: the fixtures of tests/fixtures/imports, each modelled on a
//! public project's page, which it names. What is imported, what it comes to, and what is said not to be known.

use std::fs;
use std::path::{Path, PathBuf};

use credential_health::import::aws_config::{self, ImportOptions};
use credential_health::import::github_workflow::{self, Workflow};
use credential_health::import::{Imported, Variables};
use credential_health::inventory::{Comments, Inventory, LengthFrom, Location};
use credential_health::shared_config::{Kind, SharedConfig};
use proptest::prelude::*;
use serde_json::json;

use crate::harness::{Cli, Ran, findings, job, redacted};

/// The time of the tests that need none.
const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

/// Stands in the fixtures wherever a secret would.
const CANARY: &str = "canary0wJalrXUtnFEMIK7MDENGbPxRfiCY";

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(crate::harness::ROOT).join("tests/fixtures/imports").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn fixture(path: &str) -> String {
    let path = Path::new(crate::harness::ROOT).join("tests/fixtures/imports").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The command in a home folder with these profiles.
fn with_profiles(name: &str, arguments: &[&str]) -> Cli {
    ["config", "credentials"].into_iter().fold(Cli::new(arguments), |cli, file| {
        let path = Path::new(crate::harness::ROOT).join("tests/fixtures/imports/aws").join(name).join(file);
        if path.exists() { cli.file(&format!(".aws/{file}"), fs::read(path).unwrap()) } else { cli }
    })
}

fn with_workflow(name: &str, arguments: &[&str]) -> Cli {
    let file = format!("{name}.yml");
    let text = fixture(&format!("github/{file}"));
    Cli::new(&[arguments, &[&file]].concat()).file(&file, text)
}

fn assert_no_canary(ran: &Ran) {
    assert!(!ran.stdout.contains(CANARY) && !ran.stderr.contains(CANARY), "{}\n{}", ran.stdout, ran.stderr);
}

/// What `lint` makes of the inventory that `import` wrote.
async fn read_back(imported: &Ran) {
    if imported.stdout.is_empty() {
        return;
    }
    let ran = Cli::new(&["lint", "--inventory", "-", "--format", "json"]).input(imported.stdout.clone()).run().await;
    assert!(ran.status != 2, "{}\n{}", ran.stderr, imported.stdout);
    let written = imported.stdout.matches("\n  - name: ").count();
    assert_eq!(ran.report()["jobs"].as_array().unwrap().len(), written);
}

#[tokio::test]
async fn every_config_file_gives_the_inventory_and_the_answer_that_were_read_over() {
    let all = fixtures("aws");
    assert!(all.len() >= 12);
    for path in all {
        let name = stem(&path);
        let imported = with_profiles(name, &["import", "aws-config"]).run().await;
        let judged = with_profiles(name, &["lint", "--aws-config"]).run().await;
        for ran in [&imported, &judged] {
            assert_no_canary(ran);
        }
        read_back(&imported).await;
        let text = format!(
            "{}\n--- {}\n{}\n=== lint, exit status {}\n{}",
            imported.stderr, imported.status, imported.stdout, judged.status, judged.stdout
        );
        redacted(|| insta::assert_snapshot!(format!("aws_{name}"), text));
    }
}

#[tokio::test]
async fn every_workflow_gives_the_inventory_that_was_read_over() {
    let all = fixtures("github");
    assert!(all.len() >= 8);
    for path in all {
        let name = stem(&path);
        let imported = with_workflow(name, &["import", "github-workflow"]).run().await;
        assert_no_canary(&imported);
        read_back(&imported).await;
        let text = format!("{}\n--- {}\n{}", imported.stderr, imported.status, imported.stdout);
        redacted(|| insta::assert_snapshot!(format!("github_{name}"), text));
    }
}

/// A repository's workflows, with the actions and workflows of its own that they use.
fn with_repository(arguments: &[&str]) -> Cli {
    let root = Path::new(crate::harness::ROOT).join("tests/fixtures/imports/repository");
    let mut folders = vec![root.clone()];
    let mut cli = Cli::new(arguments);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                cli = cli.file(path.strip_prefix(&root).unwrap().to_str().unwrap(), fs::read(&path).unwrap());
            }
        }
    }
    cli
}

const DEPLOY: &str = ".github/workflows/deploy.yml";
const REUSABLE: &str = ".github/workflows/reusable.yml";

#[tokio::test]
async fn a_repositorys_own_actions_and_workflows_are_read() {
    let imported = with_repository(&["import", "github-workflow", DEPLOY, REUSABLE]).run().await;
    imported.assert_status(3);
    read_back(&imported).await;
    let text = format!("{}\n--- {}\n{}", imported.stderr, imported.status, imported.stdout);
    redacted(|| insta::assert_snapshot!("github_repository", text));
    // Where the workflow is named without its folders, they are looked up.
    let given =
        ["lint", "--format", "json", "--var", "DEPLOY_ROLE=arn:aws:iam::444444444444:role/given", "--github-workflow"];
    let report = with_repository(&[&given[..], &[DEPLOY]].concat()).run().await.report();
    for (name, role, requested, chained) in [
        ("deploy/given", "arn:aws:iam::111111111111:role/deploy", 7200, false),
        ("deploy/by-default", "arn:aws:iam::111111111111:role/deploy", 3600, false),
        ("deploy/through-another", "arn:aws:iam::111111111111:role/nested", 1800, false),
        ("deploy/chained-on-an-action", "arn:aws:iam::222222222222:role/etl", 3600, true),
        ("deploy/not-given", "arn:aws:iam::444444444444:role/given", 3600, false),
        ("deploy/release/run", "arn:aws:iam::333333333333:role/release", 3600, false),
        ("deploy/release/bucket", "arn:aws:iam::333333333333:role/prod-bucket", 3600, false),
        ("deploy/per-account (dev)/bucket", "arn:aws:iam::333333333333:role/dev-bucket", 3600, false),
    ] {
        let hop = job(&report, name)["hops"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&hop["role"], &hop["requested_seconds"], &hop["chained"]),
            (&json!(role), &json!(requested), &json!(chained)),
            "{name}"
        );
    }
    assert_eq!(job(&report, "deploy/release/run")["needed_seconds"], 45 * 60);
    assert_eq!(job(&report, "deploy/per-account (dev)/run")["needed_seconds"], 70 * 60);
    let not_judged: Vec<String> =
        report["not_judged"].as_array().unwrap().iter().map(|not| not["what"].as_str().unwrap().to_owned()).collect();
    for told in ["is a program (node20)", "it uses itself", "there is no file", "leads out of the repository"] {
        assert!(not_judged.iter().any(|what| what.contains(told)), "{told}: {not_judged:#?}");
    }
    assert_eq!(not_judged.len(), 4, "{not_judged:#?}");
}

#[tokio::test]
async fn a_workflow_that_is_only_called_is_judged_where_it_is_called_and_alone_where_nothing_calls_it() {
    let names = |ran: &Ran| -> Vec<String> {
        let report = ran.report();
        report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
    };
    let arguments = ["lint", "--format", "json", "--fail-on", "none", "--github-workflow"];
    let both = with_repository(&[&arguments[..], &[DEPLOY, REUSABLE]].concat()).run().await;
    assert!(!names(&both).iter().any(|name| name.starts_with("reusable/")), "{:?}", names(&both));
    let given = [
        "lint",
        "--format",
        "json",
        "--fail-on",
        "none",
        "--var",
        "environment=prod",
        "--var",
        "minutes=5",
        "--github-workflow",
        REUSABLE,
    ];
    let alone = with_repository(&given).run().await;
    assert_eq!(names(&alone), ["reusable/run", "reusable/bucket"]);
    alone.assert_status(0);
}

#[tokio::test]
async fn a_matrix_is_the_jobs_that_github_makes_of_it() {
    let arguments = ["lint", "--fail-on", "none", "--format", "json", "--github-workflow"];
    let ran = with_workflow("matrix", &arguments).run().await;
    ran.assert_status(3);
    let report = ran.report();
    let told: Vec<(String, String, u64, u64)> = report["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| {
            let hop = &job["hops"][0];
            let role = hop["role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (
                job["name"].as_str().unwrap().to_owned(),
                role,
                hop["requested_seconds"].as_u64().unwrap(),
                job["needed_seconds"].as_u64().unwrap() / 60,
            )
        })
        .collect();
    let wanted = [
        ("matrix/product (dev, 3600)", "dev", 3600, 30),
        ("matrix/product (prod, 120, 3600)", "prod", 3600, 120),
        ("matrix/product (test, 900)", "test", 900, 30),
        ("matrix/objects (one)", "one", 3600, 20),
        ("matrix/objects (two)", "two", 3600, 20),
        ("matrix/of-no-matter", "test", 3600, 1),
        ("matrix/computed", "${{ matrix.role }}", 3600, 20),
    ];
    assert_eq!(
        told.iter().map(|(name, role, asked, minutes)| (&**name, &**role, *asked, *minutes)).collect::<Vec<_>>(),
        wanted
    );
    let what: Vec<&str> =
        report["not_judged"].as_array().unwrap().iter().map(|not| not["what"].as_str().unwrap()).collect();
    let told = "timeout-minutes depends on `${{ matrix.minutes }}`, which only a run knows: its matrix is computed, by \
                `${{ fromJSON(vars.MINUTES) }}`";
    assert!(what.iter().any(|what| what.contains(told)), "{told}: {what:#?}");
}

#[tokio::test]
async fn actions_that_multiply_are_not_walked_without_end() {
    let uses = |name: &str, times: usize| -> String {
        let steps: Vec<String> = (0..times).map(|_| format!("{{uses: ./{name}}}")).collect();
        steps.join(", ")
    };
    let workflow = format!("on: push\njobs: {{a: {{runs-on: x, steps: [{}]}}}}\n", uses("a0", 9));
    let mut cli =
        Cli::new(&["import", "github-workflow", ".github/workflows/w.yml"]).file(".github/workflows/w.yml", workflow);
    for level in 0..9 {
        let steps = uses(&format!("a{}", level + 1), 9);
        cli = cli.file(&format!("a{level}/action.yml"), format!("runs: {{using: composite, steps: [{steps}]}}\n"));
    }
    let ran = cli.file("a9/action.yml", "runs: {using: composite, steps: []}\n").run().await;
    ran.assert_status(3);
    assert_eq!(ran.stderr.matches("no more are read").count(), 1, "{}", ran.stderr);
}

#[tokio::test]
async fn a_matrix_of_more_jobs_than_github_runs_is_told() {
    let many: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let list = many.join(", ");
    let workflow = format!(
        "on: push\njobs:\n  a:\n    strategy: {{matrix: {{x: [{list}], y: [{list}]}}}}\n    runs-on: x\n    steps: []\n"
    );
    let ran = Cli::new(&["import", "github-workflow", "w.yml"]).file("w.yml", workflow).run().await;
    ran.assert_status(3);
    assert!(ran.stderr.contains("its matrix makes more than 256 jobs"), "{}", ran.stderr);
}

/// Fixture, job, verdict, and when it lapses.
type Row = (&'static str, &'static str, &'static str, Option<u64>);

#[tokio::test]
async fn a_profile_is_judged_as_a_copy_and_as_the_sdk_renews_it() {
    let rows: [Row; 18] = [
        ("cli-role", "marketingadmin", "covered", None),
        ("cli-role", "marketingadmin (copied)", "covered", Some(3600)),
        ("cli-mfa", "role-without-mfa", "covered", None),
        ("cli-mfa", "role-with-mfa", "unknown", None),
        ("cli-sso-session", "dev", "covered", Some(8 * 3600)),
        ("cli-sso-session", "dev (copied)", "covered", Some(3600)),
        ("cli-sso-legacy", "chained (copied)", "covered", Some(3600)),
        ("cli-web-identity", "web-identity", "covered", None),
        ("cli-web-identity", "web-identity (copied)", "covered", Some(3600)),
        ("cli-cross-account-ec2", "marketingadmin", "covered", None),
        ("cli-cross-account-ec2", "container", "rejected", None),
        ("aws-vault-usage", "jonsmith", "covered", Some(3000)),
        ("aws-vault-usage", "jonsmith (copied)", "covered", Some(3600)),
        ("roles-anywhere", "developer (copied)", "covered", Some(7200)),
        ("roles-anywhere", "backup (copied)", "covered", Some(3600)),
        ("terragrunt-chain", "staging", "covered", None),
        ("terragrunt-chain", "production", "rejected", None),
        ("broken", "short", "rejected", None),
    ];
    for (name, profile, verdict, lapses) in rows {
        let report = with_profiles(name, &["lint", "--aws-config", "--format", "json"]).run().await.report();
        let job = job(&report, profile);
        assert_eq!((job["verdict"].as_str(), &job["lapses_after_seconds"]), (Some(verdict), &json!(lapses)), "{name}");
    }
}

/// A job whose length nobody knows is not judged in any form.
#[tokio::test]
async fn without_a_length_no_form_says_that_a_job_on_a_profile_lasts() {
    let run = async |format: &'static str, more: &'static [&'static str]| {
        let arguments = [&["lint", "--aws-config", "--format", format], more].concat();
        with_profiles("terragrunt-chain", &arguments).run().await
    };
    let report = run("json", &[]).await.report();
    for job in report["jobs"].as_array().unwrap() {
        assert_eq!((&job["length_known"], &job["headroom_seconds"]), (&json!(false), &json!(null)), "{job:#}");
    }
    let junit = run("junit", &[]).await.stdout;
    let tests = junit.matches("classname=\"unowned\"").count();
    let skipped = junit.matches("<skipped message=\"how long it runs is not declared").count();
    let failed = junit.matches("<failure").count();
    assert!(skipped > 0 && failed > 0 && skipped + failed == tests, "{tests} {skipped} {failed}\n{junit}");
    assert!(!junit.contains("covered"), "{junit}");
    assert!(!run("csv", &[]).await.stdout.contains(",covered,"));
    let report = run("json", &["--length", "30m"]).await.report();
    let jobs = report["jobs"].as_array().unwrap();
    assert!(!jobs.is_empty() && jobs.iter().all(|job| job.get("length_known").is_none()), "{report:#}");
    assert!(!run("junit", &["--length", "30m"]).await.stdout.contains("not declared"));
}

#[tokio::test]
async fn a_chained_profile_that_asks_for_hours_can_never_work() {
    for (name, id) in [("terragrunt-chain", "duration-above-chain-cap"), ("broken", "duration-out-of-range")] {
        let ran = with_profiles(name, &["lint", "--aws-config", "--format", "json"]).run().await;
        ran.assert_status(1);
        // Once, and not again for the copy.
        assert_eq!(findings(&ran.report(), id).len(), 1, "{name}");
    }
    // MFA on a role that a session assumes is refused before its duration is.
    let ran = with_profiles("aws-vault-usage", &["lint", "--aws-config", "--format", "json"]).run().await;
    ran.assert_status(3);
    let not_judged = &ran.report()["not_judged"][0];
    assert!(not_judged["what"].as_str().unwrap().contains("`foo-admin`: mfa_serial"), "{not_judged}");
    assert_eq!(not_judged["cannot_work"], true);
}

#[tokio::test]
async fn what_could_not_be_judged_is_told_and_makes_the_run_incomplete() {
    let arguments = ["lint", "--aws-config", "--fail-on", "none", "--format", "json"];
    let ran = with_profiles("broken", &arguments).run().await;
    ran.assert_status(3);
    assert_eq!(ran.stderr, "", "what was not judged is in the report alone");
    let report = ran.report();
    let not_judged = report["not_judged"].as_array().unwrap();
    for (line, what, help, cannot_work) in [
        (4, "source_profile leads round in a circle: first -> second -> first", "name a profile", true),
        (10, "profile `lost`: there is no source profile `goood`", "did you mean `good`?", true),
        (12, "`arn:aws:iam::111111111111:user/ada` is an IAM user", "", true),
        (21, "`not allowed` cannot be the external_id", "", true),
        (22, "AWS SDKs ignore [unprefixed]", "[profile unprefixed]", true),
    ] {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let found = not_judged.iter().any(|one| {
            let is_there = text(&one["what"]).contains(what) && text(&one["help"]).contains(help);
            is_there && one["location"]["line"] == line && one["cannot_work"] == cannot_work
        });
        assert!(found, "{what}\n---\n{not_judged:#?}");
    }
    let ran = with_profiles("broken", &["lint", "--aws-config", "--fail-on", "none"]).run().await;
    assert!(ran.stdout.lines().next().unwrap().contains("can never work"), "{}", ran.stdout);
    for row in ["lost", "first", "second"] {
        let row = ran.stdout.lines().find(|line| line.starts_with(&format!(" {row} "))).unwrap();
        assert_eq!(row.matches("cannot start").count(), 2, "{row}");
    }
    for nothing in ["granted", "cli-credential-process"] {
        let ran = with_profiles(nothing, &["lint", "--aws-config"]).run().await;
        ran.assert_status(3);
        assert!(ran.stdout.contains("Not judged"), "{nothing}\n{}", ran.stdout);
    }
}

#[tokio::test]
async fn every_form_of_the_report_names_what_was_not_judged() {
    for format in ["text", "json", "csv", "junit", "sarif", "html", "markdown"] {
        for name in ["broken", "cli-credential-process"] {
            let arguments = ["lint", "--aws-config", "--fail-on", "none", "--format", format];
            let ran = with_profiles(name, &arguments).run().await;
            ran.assert_status(3);
            let told = if name == "broken" {
                ["goood", "did you mean"]
            } else {
                ["credential_process", "what the command gives"]
            };
            let shown = ran.stdout.replace("\\_", "_").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.iter().all(|told| shown.contains(told)), "{format}, {name}\n{}", ran.stdout);
            // Nobody has said how long: a profile that can start is not a job that lasts.
            assert!(
                shown.contains("shows how long jobs may run") || name == "cli-credential-process",
                "{format}\n{shown}"
            );
        }
    }
    let arguments = ["lint", "--aws-config", "--fail-on", "none", "--format", "json"];
    let report = with_profiles("broken", &arguments).run().await.report();
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(report["not_judged"][0]["location"]["line"], 4);
    assert!(report["not_judged"][0]["what"].as_str().unwrap().contains("round in a circle"));
    assert!(report["not_judged"][0]["help"].as_str().unwrap().contains("name a profile"));
    let report = with_profiles("cli-role", &arguments).run().await.report();
    assert_eq!((&report["run"]["complete"], report.get("not_judged")), (&json!(true), None));
}

#[tokio::test]
async fn an_empty_report_is_a_report() {
    let keys = format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    for format in ["text", "json", "csv", "junit", "sarif", "html", "markdown"] {
        let ran = Cli::new(&["lint", "--aws-config", "--format", format]).file(".aws/credentials", &keys).run().await;
        ran.assert_status(0);
        assert!(!ran.stdout.is_empty() && !ran.stdout.contains("could not be judged"), "{format}\n{}", ran.stdout);
    }
    let plain = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n";
    let ran = Cli::new(&["lint", "--github-workflow", "a.yml", "--format", "json"]).file("a.yml", plain).run().await;
    ran.assert_status(0);
    assert_eq!((&ran.report()["summary"]["jobs"], &ran.report()["run"]["complete"]), (&json!(0), &json!(true)));
}

#[tokio::test]
async fn what_only_an_inventory_can_declare_is_declared_after_an_import() {
    let config = "[profile k]\naws_access_key_id = AKIA\naws_secret_access_key = s\n\
        [profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = k\nduration_seconds = 7200\n";
    for format in ["text", "csv"] {
        let arguments = ["lint", "--aws-config", "config", "--fail-on", "none", "--format", format];
        let ran = Cli::new(&arguments).file("config", config).run().await;
        ran.assert_status(3);
        let shown = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("`credential-health import aws-config`"), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn a_copied_session_whose_request_is_refused_cannot_start_either_way() {
    let config = "[profile tok]\naws_access_key_id = ASIA\naws_secret_access_key = s\naws_session_token = t\n\
        [profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = tok\nduration_seconds = 7200\n";
    let ran = Cli::new(&["lint", "--aws-config", "config"]).file("config", config).run().await;
    let row = ran.stdout.lines().find(|line| line.starts_with(" a ")).unwrap();
    assert_eq!(row.matches("cannot start").count(), 2, "{row}");
}

#[tokio::test]
async fn with_a_length_the_profiles_are_judged_as_jobs() {
    let ran =
        with_profiles("cli-sso-session", &["lint", "--aws-config", "--length", "9h", "--format", "json"]).run().await;
    // The limits are defaults of AWS that nobody stated: medium.
    ran.assert_status(0);
    let report = ran.report();
    assert_eq!(job(&report, "dev")["verdict"], "lapses");
    assert_eq!(job(&report, "dev")["limited_by"], "portal-session");
    assert_eq!(job(&report, "dev (copied)")["verdict"], "lapses");
    assert_eq!(report["jobs"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_exit_status_follows_the_worse_of_copied_and_renewed_unless_renewed_is_asked_for() {
    let keys = format!("[k]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let config = "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = k\n";
    for (more, status, jobs, first) in [
        (&[][..], 1, vec!["a", "a (copied)"], "2 profiles: 1 ends before 4h when copied, 1 has a long-term key."),
        (&["--renewed"], 0, vec!["a"], "2 profiles: 1 lasts 4h, 1 has a long-term key."),
    ] {
        let run = |format: &'static str| {
            let arguments = [&["lint", "--aws-config", "--length", "4h", "--format", format], more].concat();
            Cli::new(&arguments).file(".aws/credentials", &keys).file(".aws/config", config)
        };
        let ran = run("json").run().await;
        ran.assert_status(status);
        let report = ran.report();
        let names: Vec<_> =
            report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
        assert_eq!(names, jobs);
        let text = run("text").run().await.stdout;
        assert_eq!(text.lines().next(), Some(first), "{text}");
    }
}

#[tokio::test]
async fn a_copied_session_is_judged_by_the_end_that_its_tool_states() {
    let keys = "aws_access_key_id = ASIA\naws_secret_access_key = s\naws_session_token = t\n";
    for (key, seconds) in [
        ("x_security_token_expires", 7200),
        ("aws_session_expiration", -7200),
        ("expiration", 7200),
        ("aws_expiration", -7200),
        ("aws_credential_expiration", 7200),
    ] {
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        let file = format!("[a]\n{keys}{key} = {end:.0}\n");
        let ran = Cli::new(&["lint", "--aws-config", "--format", "json"]).file(".aws/credentials", &file).run().await;
        let report = ran.report();
        if seconds > 0 {
            let lapses = job(&report, "a")["lapses_after_seconds"].as_i64().unwrap();
            assert!((seconds - 60..=seconds).contains(&lapses), "{key}: {lapses}");
        } else {
            let what = report["not_judged"][0]["what"].as_str().unwrap();
            assert!(what.contains(" ended at ") && what.contains(", 2h"), "{key}: {what}");
            assert_eq!(report["not_judged"][0]["cannot_work"], true);
            ran.assert_status(3);
        }
    }
}

#[tokio::test]
async fn credentials_of_known_programs_are_judged_by_the_programs_defaults() {
    let sso = "granted_sso_start_url = u\n";
    for (command, lapses) in [
        ("aws-vault exec jane --json", None),
        ("aws-vault exec jane --json --duration=2h", None),
        ("saml2aws login --credential-process", Some(3600)),
        ("gimme-aws-creds --profile dev", Some(3600)),
        ("granted credential-process --profile p", Some(28800)),
    ] {
        let config = format!("[profile p]\n{sso}credential_process = {command}\n");
        let ran = Cli::new(&["lint", "--aws-config", "--format", "json"]).file(".aws/config", &config).run().await;
        ran.assert_status(3);
        let report = ran.report();
        assert_eq!(job(&report, "p")["lapses_after_seconds"], json!(lapses), "{command}");
        let what = report["not_judged"][0]["what"].as_str().unwrap();
        assert!(what.contains("the command was not run"), "{what}");
    }
}

#[tokio::test]
async fn a_session_by_the_default_of_a_program_is_assumed_and_no_sole_ground_of_a_high_finding() {
    for (command, severity, copied) in [
        ("aws-vault exec jane --json", "medium", "1h assumed"),
        ("aws-vault exec jane --json --duration=2h", "high", "2h"),
        ("saml2aws login --credential-process", "medium", "1h assumed"),
        ("gimme-aws-creds --profile dev", "medium", "1h assumed"),
    ] {
        let config = format!("[profile p]\ncredential_process = {command}\n");
        let run = |format| {
            let arguments = ["lint", "--aws-config", "--length", "4h", "--format", format];
            Cli::new(&arguments).file(".aws/config", &config).run()
        };
        let (json, text) = tokio::join!(run("json"), run("text"));
        let report = json.report();
        let found = findings(&report, "source-session-ends-first");
        assert!(!found.is_empty() && found.iter().all(|found| found["severity"] == severity), "{command}: {found:#?}");
        let row = text.stdout.lines().find(|line| line.starts_with(" p ")).unwrap();
        assert!(row.contains(&format!(" {copied}  ")), "{row}");
    }
}

#[tokio::test]
async fn an_import_writes_no_duration_that_the_file_does_not_state() {
    let keys = "aws_access_key_id = ASIA\naws_secret_access_key = s\naws_session_token = t\n";
    let import = |credentials: String| Cli::new(&["import", "aws-config"]).file(".aws/credentials", credentials);
    let open = import(format!("[a]\n{keys}")).run().await;
    open.assert_status(3);
    assert_eq!(open.stdout, "", "a session without a known end is no job");
    assert!(open.stderr.contains("does not say until when it is valid"), "{}", open.stderr);
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(7200);
    let stated = import(format!("[a]\n{keys}aws_session_expiration = {end:.0}\n")).run().await;
    stated.assert_status(0);
    assert!(stated.stdout.contains("kind: issued, duration: "), "{}", stated.stdout);
    read_back(&stated).await;
}

#[tokio::test]
async fn a_job_whose_command_was_not_run_is_written_with_a_note() {
    let config = "[profile p]\ncredential_process = aws-vault exec jane --json\n";
    let ran = Cli::new(&["import", "aws-config"]).file(".aws/config", config).run().await;
    ran.assert_status(0);
    assert!(ran.stdout.contains("- name: p\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("note: ") && ran.stderr.contains("the command was not run"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("not imported"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_mfa_profile_has_one_verdict_in_headline_table_and_findings() {
    let config = "[profile user]\nrole_arn = arn:aws:iam::111111111111:role/r\nsource_profile = k\n\
        mfa_serial = arn:aws:iam::111111111111:mfa/a\nduration_seconds = 14400\n\
        [profile k]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    for (length, headline, finding) in [
        (
            "5h",
            "2 profiles: 1 ends before 5h, 1 has a long-term key.",
            "user needs 5h, but its MFA session expires after 3h50m",
        ),
        (
            "4h",
            "2 profiles: 1 ends before 4h, 1 has a long-term key.",
            "user needs 4h, but its MFA session expires after 3h50m",
        ),
        (
            "3h",
            "2 profiles: 1 could not be judged, 1 has a long-term key.",
            "user requests 4h from r, whose MaxSessionDuration is not known",
        ),
    ] {
        let arguments = ["lint", "--aws-config", "--length", length];
        let text = Cli::new(&arguments).file(".aws/config", config).run().await.stdout;
        let row = text.lines().find(|line| line.starts_with(" user ")).unwrap();
        assert!(row.contains("at most 4h  at most 3h50m"), "{text}");
        assert_eq!(text.lines().next(), Some(headline), "{text}");
        assert!(text.contains(finding), "{text}");
    }
}

#[tokio::test]
async fn a_profile_and_its_copy_with_the_same_fix_are_one_block() {
    let config = "[profile user]\nrole_arn = arn:aws:iam::111111111111:role/r\nsource_profile = k\n\
        mfa_serial = arn:aws:iam::111111111111:mfa/a\n\
        [profile k]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let text = Cli::new(&["lint", "--aws-config", "--length", "4h"]).file(".aws/config", config).run().await.stdout;
    let requests: Vec<&str> = text.lines().filter(|line| line.contains("duration_seconds")).collect();
    assert_eq!(requests.len(), 1, "{text}");
    let also = "- user needs 4h, but its MFA session expires after 50m (source-session-ends-first)";
    assert!(text.contains("user (copied) needs 4h") && text.contains(also), "{text}");
}

#[tokio::test]
async fn what_holds_for_many_profiles_is_said_once() {
    let profile = |number: usize| {
        format!("[profile p{number}]\nsso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n")
    };
    let config: String = (0..30).map(profile).collect();
    let ran = Cli::new(&["lint", "--aws-config", "-v"]).file(".aws/config", &config).run().await;
    let all = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(all.matches("AWS's defaults, 1h and 8h").count(), 1, "{all}");
    assert!(all.contains("profiles `p0`, `p1`, `p2` and 27 more"), "{all}");
}

/// A header that no tool reads, a profile without credentials and a long-term key are in the table too.
#[tokio::test]
async fn every_profile_of_the_files_is_a_row_of_the_table() {
    let role = "role_arn = arn:aws:iam::111111111111:role/r\nsource_profile = base\n";
    let config = format!(
        "[profile good]\n{role}[profiles typo]\n{role}[bare]\n{role}[profile process]\ncredential_process = x\n\
         [profile settings]\nregion = eu-west-1\n[services local]\n[plugins]\n"
    );
    let keys = "[base]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let ran =
        Cli::new(&["lint", "--aws-config"]).file(".aws/config", config).file(".aws/credentials", keys).run().await;
    let rows: Vec<String> = ran
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with(" PROFILE"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "typo - cannot start cannot start header not read, line 4",
        "bare - cannot start cannot start header not read, line 7",
        "good iam-user > r 1h no end the 1h default, r",
        "base - no end no end long-term key",
        "process - not known not known see below",
        "settings - - - no credentials",
    ];
    assert_eq!(rows, expected, "{}", ran.stdout);
    let counts = "2 can never work, 1 could not be judged, 1 can start, 1 has a long-term key, 1 has no credentials";
    assert_eq!(ran.stdout.lines().next().unwrap(), format!("6 profiles: {counts}."));
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("write [profile typo]: the word before the name is `profile`"), "{text}");
}

/// Eleven profiles of every kind and their key fit on a screen.
#[tokio::test]
async fn the_report_of_eleven_profiles_has_at_most_fifty_lines() {
    let keys = format!("[base]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let role = |name: &str, more: &str| {
        format!("[profile {name}]\nrole_arn = arn:aws:iam::111111111111:role/{name}\n{more}\n")
    };
    let sso = "sso_session = corp\nsso_account_id = 1\nsso_role_name = r\n";
    let config = [
        "[sso-session corp]\nsso_start_url = u\nsso_region = r\n".to_owned(),
        format!("[profile dev]\n{sso}"),
        format!("[profile stage]\n{sso}duration_seconds = 43200\n"),
        role("direct", "source_profile = base"),
        role("chained", "source_profile = dev\nduration_seconds = 7200"),
        role("long", "source_profile = base\nduration_seconds = 7200"),
        role("mfa", "source_profile = base\nmfa_serial = arn:aws:iam::111111111111:mfa/a"),
        role("never", "source_profile = dev\nmfa_serial = arn:aws:iam::111111111111:mfa/a"),
        role("lost", "source_profile = gone"),
        role("instance", "credential_source = Ec2InstanceMetadata"),
        role("pod", "web_identity_token_file = t"),
        "[profile process]\ncredential_process = okta --json\n".to_owned(),
    ];
    let ran = Cli::new(&["lint", "--aws-config", "--fail-on", "none"])
        .file(".aws/credentials", &keys)
        .file(".aws/config", config.concat())
        .run()
        .await;
    let lines = ran.stdout.lines().count();
    let first = ran.stdout.lines().next().unwrap();
    let counts = "3 can never work, 2 could not be judged, 6 can start, 1 has a long-term key";
    assert_eq!(first, format!("12 profiles: {counts}."), "{}", ran.stdout);
    assert!(lines <= 50, "{lines} lines:\n{}", ran.stdout);
}

#[tokio::test]
async fn a_copy_is_judged_where_the_renewed_credentials_are_not_known() {
    let keys = format!("[k]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let config = "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = k\n\
        duration_seconds = 14400\n";
    let run = |more: &[&str]| {
        let arguments = [&["lint", "--aws-config", "--format", "json"], more].concat();
        Cli::new(&arguments).file(".aws/credentials", &keys).file(".aws/config", config)
    };
    let ran = run(&["--length", "6h"]).run().await;
    ran.assert_status(1);
    let report = ran.report();
    assert_eq!(job(&report, "a")["verdict"], "unknown");
    assert_eq!(job(&report, "a (copied)")["verdict"], "lapses");
    assert_eq!(job(&report, "a (copied)")["lapses_after_seconds"], 14400);
    // A copy lasts for three hours if the role grants the request at all.
    for more in [&["--length", "3h"][..], &["--length", "6h", "--renewed"], &[]] {
        let ran = run(more).run().await;
        ran.assert_status(3);
        assert_eq!(ran.report()["jobs"].as_array().unwrap().len(), 1, "{more:?}");
    }
}

#[tokio::test]
async fn a_filter_selects_a_profile_with_its_copy() {
    let ran =
        with_profiles("terragrunt-chain", &["lint", "--aws-config", "--job", "tools", "--format", "json"]).run().await;
    ran.assert_status(0);
    let report = ran.report();
    let names: Vec<_> = report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["tools", "tools (copied)"]);
}

#[tokio::test]
async fn one_file_is_read_alone() {
    let config = "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = default\n";
    let keys = format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    let alone = Cli::new(&["lint", "--aws-config", "mine"]).file("mine", config).file(".aws/credentials", &keys);
    let ran = alone.run().await;
    ran.assert_status(3);
    let text = |ran: &Ran| ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text(&ran).contains("leave FILE out: both are read then"), "{}", ran.stdout);
    let empty = format!("[default]\nregion = a\n{config}");
    let ran = Cli::new(&["lint", "--aws-config", "mine"]).file("mine", empty).run().await;
    assert!(text(&ran).contains("leave FILE out: both are read then"), "{}", ran.stdout);
    let both = Cli::new(&["lint", "--aws-config"]).file(".aws/config", config).file(".aws/credentials", &keys);
    both.run().await.assert_status(0);
}

#[tokio::test]
async fn plain_keys_are_no_job_and_no_problem() {
    let keys = format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key = {CANARY}\n");
    for command in [&["lint", "--aws-config"][..], &["import", "aws-config"]] {
        let ran = Cli::new(command).file(".aws/credentials", &keys).run().await;
        ran.assert_status(0);
        assert!(ran.stderr.contains("These files have no credentials that expire"), "{}", ran.stderr);
    }
    let none = Cli::new(&["lint", "--aws-config"]).run().await;
    none.assert_status(2);
    assert!(none.stderr.contains("there is no ") && none.stderr.contains("AWS_CONFIG_FILE"), "{}", none.stderr);
}

#[tokio::test]
async fn a_workflow_is_judged_by_its_timeout() {
    let rows: [Row; 9] = [
        ("readme-oidc", "readme-oidc/deploy-1", "lapses", Some(3600)),
        ("readme-chaining", "readme-chaining/deploy", "rejected", None),
        ("readme-keys", "readme-keys/new", "lapses", Some(1200)),
        ("readme-keys", "readme-keys/old", "unknown", None),
        ("self-hosted", "self-hosted/token", "covered", Some(3600)),
        ("expressions", "expressions/literal", "covered", Some(3600)),
        ("matrix-terraform", "matrix-terraform/apply", "lapses", Some(900)),
        ("key-chaining", "key-chaining/nightly", "unknown", None),
        ("key-chaining", "key-chaining/copied", "rejected", None),
    ];
    for (name, of, verdict, lapses) in rows {
        let report = with_workflow(name, &["lint", "--format", "json", "--github-workflow"]).run().await.report();
        let job = job(&report, of);
        assert_eq!((job["verdict"].as_str(), &job["lapses_after_seconds"]), (Some(verdict), &json!(lapses)), "{name}");
    }
}

#[tokio::test]
async fn an_expression_takes_the_value_that_is_given_and_no_other() {
    let without = with_workflow("expressions", &["import", "github-workflow"]).run().await;
    without.assert_status(3);
    assert!(without.stderr.contains("--var secrets.AWS_ROLE=VALUE"), "{}", without.stderr);
    let given = with_workflow(
        "expressions",
        &["lint", "--format", "json", "--var", "AWS_ROLE=arn:aws:iam::111111111111:role/given", "--github-workflow"],
    );
    let report = given.run().await.report();
    let hops = job(&report, "expressions/secret")["hops"].as_array().unwrap().clone();
    assert_eq!(hops[0]["role"], "arn:aws:iam::111111111111:role/given");
    assert_eq!(hops[1]["chained"], true);
}

#[tokio::test]
async fn lint_takes_one_kind_of_input() {
    for arguments in [
        &["lint"][..],
        &["lint", "--aws-config", "--inventory", "jobs.yaml"],
        &["lint", "--aws-config", "a", "--github-workflow", "b"],
        &["lint", "--inventory", "jobs.yaml", "--length", "4h"],
        &["import", "github-workflow"],
        &["import", "github-workflow", "no-such-file.yml"],
        &["import", "aws-config", "no-such-file"],
        &["lint", "--aws-config", "--length", "4"],
    ] {
        Cli::new(arguments).run().await.assert_status(2);
    }
}

#[tokio::test]
async fn the_help_of_import_is_frozen() {
    for from in ["aws-config", "github-workflow"] {
        let ran = Cli::new(&["import", from, "--help"]).run().await;
        ran.assert_status(0);
        redacted(|| insta::assert_snapshot!(format!("help_{from}"), ran.stdout));
    }
}

/// The inventory that is made of profiles, and what is said of them, on one line.
async fn imported(profiles: &str) -> (String, String) {
    let keys = "[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let ran = Cli::new(&["import", "aws-config", "config"]).file("config", format!("{keys}{profiles}")).run().await;
    read_back(&ran).await;
    (ran.stdout, ran.stderr.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn profile(name: &str, more: &str) -> String {
    format!("[profile {name}]\nrole_arn = arn:aws:iam::111111111111:role/r\nsource_profile = keys\n{more}\n")
}

#[tokio::test]
async fn of_several_external_ids_none_is_written_however_often_each_is_stated() {
    for key in ["external_id", "role_session_name"] {
        let of = |value: &str| format!("{key} = {value}");
        let all =
            [profile("a", &of("one")), profile("b", &of("two")), profile("c", &of("three")), profile("d", &of("one"))];
        let (inventory, told) = imported(&all.concat()).await;
        assert!(!inventory.contains("\nroles:"), "{inventory}");
        assert_eq!(told.matches("more than one").count(), 1, "{told}");
    }
}

#[tokio::test]
async fn what_one_profile_alone_says_of_a_role_is_told_to_hold_for_all() {
    let (inventory, told) = imported(&[profile("a", ""), profile("b", "external_id = two")].concat()).await;
    assert!(inventory.contains("external_id: two") || inventory.contains("external_id: \"two\""), "{inventory}");
    assert!(told.contains("states its external ID: it is written for all of them"), "{told}");
    let (_, told) = imported(&[profile("a", "external_id = two"), profile("b", "external_id = two")].concat()).await;
    assert!(!told.contains("external ID"), "{told}");
}

#[tokio::test]
async fn a_name_with_control_characters_is_written_without_them() {
    let workflow = "on: push\npermissions: {id-token: write}\njobs:\n  \"a\\u0007b\\nc\":\n    runs-on: x\n    \
        steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: \
        \"arn:aws:iam::111111111111:role/r\"}\n";
    let ran = Cli::new(&["import", "github-workflow", "w.yml"]).file("w.yml", workflow).run().await;
    ran.assert_status(0);
    read_back(&ran).await;
    assert!(
        ran.stderr.contains("w.yml:7: a name holds a control character: the job is called `w/a b c`"),
        "{}",
        ran.stderr
    );
}

/// What would turn the text of a terminal or an editor around, or have no width, is escaped where it is written.
#[tokio::test]
async fn a_mark_of_direction_in_a_name_is_written_escaped_and_read_back() {
    let workflow = "on: push\npermissions: {id-token: write}\njobs:\n  \"a\u{202e}b\u{200b}\u{e0041}\":\n    runs-on: \
        x\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: \
        \"arn:aws:iam::111111111111:role/r\", role-session-name: \"session\"}\n";
    let ran = Cli::new(&["import", "github-workflow", "\u{2067}w.yml"]).file("\u{2067}w.yml", workflow).run().await;
    ran.assert_status(0);
    read_back(&ran).await;
    assert!(ran.stdout.contains(r#"a\U0000202Eb\U0000200B\U000E0041"#), "{}", ran.stdout);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{e0041}', '\u{2067}']), "{text:?}");
    }
    let name = "\u{2067}w/a\u{202e}b\u{200b}\u{e0041}";
    let judged =
        Cli::new(&["lint", "--inventory", "-", "--format", "json", "--fail-on", "none"]).input(ran.stdout).run().await;
    assert_eq!(judged.report()["jobs"][0]["name"], name);
}

/// A job of a workflow whose steps are these, and what `lint` says of it.
async fn of_steps(head: &str, steps: &str) -> Ran {
    let workflow = format!(
        "on: push\n{head}jobs:\n  a:\n    runs-on: ubuntu-latest\n    timeout-minutes: 90\n    steps:\n{steps}"
    );
    Cli::new(&["lint", "--fail-on", "none", "--format", "json", "--github-workflow", "w.yml"])
        .file("w.yml", workflow)
        .run()
        .await
}

#[tokio::test]
async fn a_step_that_may_log_in_by_other_means_is_not_judged() {
    let with = |uses: &str, input: &str| format!("      - uses: {uses}\n        with: {{{input}}}\n");
    for (step, told) in [
        (
            "      - uses: ./.github/actions/aws-login\n".to_owned(),
            "own action `./.github/actions/aws-login` logs in to AWS is not known: which folder `./` means is not \
             known",
        ),
        (
            with("org/x/.github/actions/aws@main", "role-to-assume: \"arn:aws:iam::111111111111:role/m1\""),
            "`role-to-assume`",
        ),
        (with("org/login@v1", "AWS_ROLE_ARN: x"), "`AWS_ROLE_ARN`"),
        (with("org/login@v1", "aws_access_key_id: x"), "`aws_access_key_id`"),
        ("      - run: aws sts assume-role --role-arn x\n".to_owned(), "`sts assume-role`"),
    ] {
        let ran = of_steps("", &step).await;
        ran.assert_status(3);
        let report = ran.report();
        let not_judged = &report["not_judged"][0];
        assert!(not_judged["what"].as_str().unwrap().contains(told), "{report}");
        assert_eq!(not_judged["location"]["line"], 7);
    }
    for step in [
        "      - uses: actions/checkout@v4\n".to_owned(),
        with("org/ecr@v1", "aws-region: eu-west-1"),
        "      - run: make\n".to_owned(),
    ] {
        of_steps("", &step).await.assert_status(0);
    }
}

#[tokio::test]
async fn permissions_that_give_no_identity_token_are_named() {
    let step = "      - uses: aws-actions/configure-aws-credentials@v4\n        \
        with: {role-to-assume: \"arn:aws:iam::111111111111:role/r\"}\n";
    let ran = of_steps("permissions: {contents: read}\n", step).await;
    let told = "the file's `permissions`, w.yml:2, have no `id-token: write`, and there are no keys";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let of_job = format!("{step}    permissions: {{contents: read}}\n");
    let ran = of_steps("permissions: {id-token: write}\n", &of_job).await;
    assert!(ran.stderr.contains("the job's `permissions`, w.yml:10, have no `id-token: write`"), "{}", ran.stderr);
    let ran = of_steps("", step).await;
    assert!(ran.stderr.contains("no `permissions` with `id-token: write` are written"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_version_of_a_pinned_action_is_taken_from_its_comment_or_said_not_to_be_known() {
    let sha = "ececac1a45f3b08a01d2dd070d28d111c5fe6722";
    for (reference, requested, noted) in [
        (format!("{sha} # v1.7.0"), 21600, false),
        (format!("{sha} # tag=v2"), 21600, false),
        (format!("{sha} # v4.1.0"), 3600, false),
        ("v1-node16".to_owned(), 21600, false),
        ("v4".to_owned(), 3600, false),
        (sha.to_owned(), 3600, true),
        ("main # since 2024".to_owned(), 3600, true),
    ] {
        let step = format!(
            "      - uses: aws-actions/configure-aws-credentials@{reference}\n        \
            with: {{aws-access-key-id: a, aws-secret-access-key: b, role-to-assume: \
            \"arn:aws:iam::111111111111:role/r\"}}\n"
        );
        let ran = of_steps("", &step).await;
        assert_eq!(job(&ran.report(), "w/a")["hops"][0]["requested_seconds"], requested, "{reference}");
        assert_eq!(
            ran.stderr.contains("versions 1 and 2, with a user's keys, ask for 6h"),
            noted,
            "{reference}: {}",
            ran.stderr
        );
    }
}

// --- The page ---

/// The fenced blocks of the page, with their languages.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((language.to_owned(), block.join("\n") + "\n"));
        }
    }
    found
}

#[tokio::test]
async fn the_page_shows_what_the_commands_say() {
    let page = fs::read_to_string(Path::new(crate::harness::ROOT).join("docs/import.md")).unwrap();
    let blocks = blocks(&page);
    let nth = |language: &str, n: usize| {
        let found: Vec<&String> = blocks.iter().filter(|(of, _)| of == language).map(|(_, block)| block).collect();
        found.get(n).unwrap_or_else(|| panic!("no {language} block {n}")).to_string()
    };
    let judged = Cli::new(&["lint", "--aws-config", "config"]).file("config", nth("ini", 0)).run().await;
    assert_eq!(judged.stdout, nth("text", 0));
    let imported = Cli::new(&["import", "aws-config", "config"]).file("config", nth("ini", 0)).run().await;
    assert_eq!(imported.stdout, nth("yaml", 0));
    let workflow =
        Cli::new(&["import", "github-workflow", "deploy.yml"]).file("deploy.yml", nth("yaml", 1)).run().await;
    assert_eq!(workflow.stdout, nth("yaml", 2));
    assert_eq!(workflow.stderr, nth("text", 1));
}

// --- Laws ---

/// An inventory without its places and its digest. A written inventory declares each length.
fn placeless(mut inventory: Inventory) -> String {
    for job in &mut inventory.jobs {
        job.location = Location::default();
        job.length_from = LengthFrom::Declared;
        // An inventory has no text of a workflow.
        job.path.iter_mut().for_each(|hop| hop.misread = None);
    }
    for role in inventory.roles.values_mut() {
        role.location = None;
    }
    for waiver in &mut inventory.waivers {
        waiver.location = Location::default();
    }
    inventory.sha256 = String::new();
    format!("{inventory:?}")
}

fn name() -> impl Strategy<Value = String> {
    // What a person may write: YAML's own words and marks among it.
    prop_oneof![
        "\\PC{1,30}",
        "[a-z0-9#:{}\\[\\],&*!|>'\"%@` -]{1,20}",
        prop::sample::select(vec![
            "null",
            "~",
            "yes",
            "on",
            "1",
            "1e3",
            "0x1f",
            "true",
            "- a",
            "a: b",
            "a #b",
            "=",
            "<<",
            "2027-01-31"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_filter("text that the inventory takes", |text| !text.trim().is_empty() && !text.chars().any(char::is_control))
}

fn source() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(json!("ecs-task")),
        Just(json!({"kind": "iam-user", "mfa": true})),
        Just(json!({"kind": "web-identity", "renewable": false})),
        (0_u64..200_000).prop_map(|s| json!({"kind": "session-token", "duration": format!("{s}s")})),
        (3600_u64..=43_200, 0_u64..90_000).prop_map(
            |(s, p)| json!({"kind": "identity-center", "session": format!("{s}s"), "portal_session": format!("{p}s")})
        ),
    ]
}

prop_compose! {
    fn written()(
        jobs in prop::collection::vec(
            (
                name(),
                prop::option::of(name()),
                (0_u64..1_000_000, 0_u64..9000, 0_u64..9000),
                source(),
                prop::option::of(0_u64..50_000),
                0..3,
            ),
            1..6,
        ),
        aliases in prop::collection::btree_set(name().prop_filter("no ARN", |alias| !alias.starts_with("arn:")), 1..4),
        external_id in prop::option::of("[A-Za-z0-9_+=,.@:/-]{2,20}"),
        reason in name(),
    ) -> serde_json::Value {
        let arn = |n: usize| format!("arn:aws:iam::111111111111:role/path/role-{n}");
        let roles: serde_json::Map<_, _> = aliases.iter().enumerate().map(|(n, alias)| {
            let role = json!({
                "arn": arn(n), "external_id": external_id, "max_session_duration": "2h", "assume": n > 0,
            });
            (alias.clone(), role)
        }).collect();
        let first = aliases.first().unwrap();
        let jobs: Vec<_> = jobs.into_iter().enumerate().map(|(n, job)| {
            let (name, owner, (length, pause, margin), source, duration, refresh) = job;
            json!({
                "name": format!("{name}{n}"), "owner": owner, "source": source,
                "length": format!("{length}s"), "pause": format!("{pause}s"), "margin": format!("{margin}s"),
                "path": [first, {"role": arn(7), "duration": duration.map(|s| format!("{s}s"))}],
                "refresh": match refresh { 0 => json!("none"), 1 => json!("auto"), _ => json!({"every": "15m"}) },
            })
        }).collect();
        json!({
            "version": 1, "roles": roles, "jobs": jobs,
            "readers": {
                "111111111111": {"role": arn(8), "external_id": external_id}, "*": "arn:aws:iam::{account}:role/reader",
            },
            "waivers": [{"finding": "thin-margin", "job": "*", "until": "2027-01-31", "reason": reason}],
        })
    }
}

fn shared(config: &str, credentials: &str) -> SharedConfig {
    SharedConfig::parse([
        (Kind::Config, "config".to_owned(), Some(config.to_owned())),
        (Kind::Credentials, "credentials".to_owned(), Some(credentials.to_owned())),
    ])
}

fn said(imported: &Imported) -> String {
    let remarks: Vec<String> = imported.not_imported.iter().chain(&imported.notes).map(ToString::to_string).collect();
    format!("{imported:?} {} {}", imported.to_yaml(), remarks.join("\n"))
}

/// A line of a shared configuration file, or what someone takes for one.
fn line() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "role_arn",
        "source_profile",
        "credential_source",
        "duration_seconds",
        "mfa_serial",
        "external_id",
        "role_session_name",
        "web_identity_token_file",
        "sso_session",
        "sso_start_url",
        "sso_region",
        "sso_account_id",
        "sso_role_name",
        "credential_process",
        "login_session",
        "region",
        "aws_access_key_id",
        "aws_session_token",
    ]);
    let value = prop_oneof![
        "[a-c]",
        Just("arn:aws:iam::111111111111:role/a".to_owned()),
        Just("Ec2InstanceMetadata".to_owned()),
        Just("aws_signing_helper --session-duration 900".to_owned()),
        "[0-9]{1,6}",
        "\\PC{0,20}",
    ];
    prop_oneof![
        4 => (key, value, prop::sample::select(vec!["", "", "", "  "]))
            .prop_map(|(key, value, indent)| format!("{indent}{key} = {value}")),
        2 => prop::sample::select(
            vec!["[profile a]", "[profile b]", "[c]", "[default]", "[sso-session a]", "[profile b c]", "[x", "#", ""],
        )
            .prop_map(str::to_owned),
        1 => Just(format!("aws_secret_access_key = {CANARY}")),
        1 => Just(format!("  aws_secret_access_key = {CANARY}")),
        1 => Just(format!("aws_secret_access_key {CANARY}")),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_the_same(inventory in written()) {
        let read = Inventory::parse("x", &inventory.to_string()).unwrap();
        let yaml = read.to_yaml(&Comments::default());
        let again = Inventory::parse("y", &yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
        prop_assert_eq!(placeless(read), placeless(again), "{}", yaml);
    }

    #[test]
    fn any_profiles_are_imported_without_a_panic_a_secret_or_an_inventory_that_cannot_be_read(
        config in prop::collection::vec(line(), 0..25),
        credentials in prop::collection::vec(line(), 0..8),
    ) {
        let config = shared(&config.join("\n"), &credentials.join("\r\n"));
        let imported = aws_config::import(&config, ImportOptions { length: None, now: NOW });
        prop_assert!(!said(&imported).contains(CANARY));
        let debug = format!("{config:?}");
        prop_assert!(!debug.contains(CANARY));
        if !imported.inventory.jobs.is_empty() {
            let again = Inventory::parse("y", &imported.to_yaml()).unwrap_or_else(|problems| panic!("{problems}"));
            prop_assert_eq!(placeless(imported.inventory), placeless(again));
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "(\\PC|\n|\t|\r|\\[|=){0,200}") {
        let config = shared(&text, &text);
        let imported = aws_config::import(&config, ImportOptions { length: None, now: NOW });
        let _ = said(&imported);
        let workflow = Workflow { name: "w.yml".to_owned(), text };
        let _ = said(&github_workflow::import(&[workflow], &Variables::default()));
    }

    #[test]
    fn any_steps_are_imported_without_a_panic_or_a_secret(
        steps in prop::collection::vec(
            prop::collection::btree_map(
                prop::sample::select(vec![
                    "role-to-assume", "role-chaining", "role-duration-seconds", "role-external-id", "role-session-name",
                    "aws-access-key-id", "aws-session-token", "web-identity-token-file",
                ]),
                prop_oneof![
                    Just("arn:aws:iam::111111111111:role/a".to_owned()), Just("true".to_owned()), Just("7200".to_owned()),
                    Just("${{ vars.A }}".to_owned()), Just("${{ env.A".to_owned()), "\\PC{0,12}",
                ],
                0..6,
            ),
            0..5,
        ),
        timeout in prop_oneof![Just(json!(30)), Just(json!("${{ inputs.t \
            }}")), Just(json!(-1)), Just(json!(null)), Just(json!([1]))],
    ) {
        let steps: Vec<_> = steps.into_iter().map(|mut with| {
            with.insert("aws-secret-access-key", CANARY.to_owned());
            json!({"uses": "aws-actions/configure-aws-credentials@v4", "with": with})
        }).collect();
        let text = json!({"on": "push", "jobs": {"a": {"runs-on": "x", "timeout-minutes": timeout, "steps": steps}}}).to_string();
        let imported = github_workflow::import(&[Workflow { name: "w.yml".to_owned(), text }], &Variables::default())
            .writable();
        prop_assert!(!said(&imported).contains(CANARY));
        if !imported.inventory.jobs.is_empty() {
            let again = Inventory::parse("y", &imported.to_yaml()).unwrap_or_else(|problems| panic!("{problems}"));
            prop_assert_eq!(placeless(imported.inventory), placeless(again));
        }
    }
}

#[test]
fn a_workflow_nests_deeper_than_an_inventory_may() {
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let text = format!(
        "permissions: {{id-token: write}}\njobs: {{a: {{runs-on: x, timeout-minutes: 5, strategy: {deep}, steps: \
            [{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: \
         \"arn:aws:iam::111111111111:role/a\"}}}}]}}}}"
    );
    let workflow = Workflow { name: "w.yml".to_owned(), text };
    let imported = github_workflow::import(&[workflow], &Variables::default());
    assert_eq!(imported.inventory.jobs.len(), 1, "{:?}", imported.not_imported);
}
