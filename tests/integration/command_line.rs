//! The built command as a person or a pipeline uses it: arguments, streams, files and exit statuses.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::{
    Cli, ROOT, Ran, TOPIC, assert_all_is_seen, assert_no_credential_in_messages, findings, ids, redacted, role, world,
};
use crate::stand_in::{Credentials, Fault, Role, StandIn, Topic, refusal};

const ETL: &str = "arn:aws:iam::222222222222:role/etl";
const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";

/// Covered with more than its margin.
const HEALTHY: &str = "version: 1\njobs:\n  - {name: tidy-up, length: 30m, source: iam-user, path: \
    [\"arn:aws:iam::222222222222:role/etl\"]}\n";
/// Lapses an hour before the job ends: a high finding.
const LAPSES: &str = "version: 1\njobs:\n  - {name: nightly-etl, owner: data, length: 2h, source: ecs-task, path: \
    [\"arn:aws:iam::222222222222:role/etl\"]}\n";
/// The verdict needs a MaxSessionDuration that nobody can read: a medium finding, and the run is incomplete.
const NOT_KNOWN: &str = "version: 1\njobs:\n  - {name: exchange, length: 1h, source: web-identity, path: [{role: \
    \"arn:aws:iam::222222222222:role/deploy\", duration: 2h}]}\n";
/// Not a valid inventory.
const BAD: &str = "version: 1\njobs:\n  - {name: nightly-etl, lenght: 2h}\n";

/// A stand-in with the one role of these inventories, and the credentials of the checker.
async fn account() -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    world.role(role(ETL));
    (StandIn::start(world).await, checker)
}

/// One inventory with these `jobs`.
fn with_jobs_of(inventories: &[&str]) -> String {
    let jobs: String = inventories.iter().map(|text| text.split_once("jobs:\n").unwrap().1).collect();
    format!("version: 1\njobs:\n{jobs}")
}

// --- Exit statuses ---

#[tokio::test]
async fn role_patterns_must_name_each_role_that_the_function_assumes_itself() {
    let inventory = "version: 1
readers: {\"222222222222\": \"arn:aws:iam::222222222222:role/reader\"}
jobs:
  - {name: a, length: 30m, source: ecs-task, path: [\"arn:aws:iam::111111111111:role/pipeline/hub\",
      \"arn:aws:iam::222222222222:role/etl\"]}
";
    let lint = async |patterns: &str| {
        Cli::on(inventory, "lint", &["--fail-on", "none", "--role-patterns", patterns]).run().await
    };
    // The hub assumes the role behind it.
    lint("arn:aws:iam::111111111111:role/pipeline/*,arn:aws:iam::*:role/reader").await.assert_status(0);
    let missing = lint("arn:aws:iam::1111?1111111:role/pipeline/hub").await;
    missing.assert_status(2);
    let wanted = "RolePatterns does not name 1 of 2 roles that the function assumes itself:\n  \
        arn:aws:iam::222222222222:role/reader\n";
    assert!(missing.stderr.contains(wanted) && missing.stdout.is_empty(), "{}", missing.stderr);
    lint("hub").await.assert_status(2);
}

#[tokio::test]
async fn status_0_if_every_job_is_covered() {
    let (aws, checker) = account().await;
    let checked = Cli::on(HEALTHY, "check", &[]).asking(&aws, &checker).run().await;
    checked.assert_status(0);
    assert!(!aws.calls_of("AssumeRole").is_empty(), "it asked AWS");
    Cli::on(HEALTHY, "lint", &[]).run().await.assert_status(0);
}

#[tokio::test]
async fn status_1_for_an_open_finding_at_or_above_the_limit() {
    let (aws, checker) = account().await;
    Cli::on(LAPSES, "check", &[]).asking(&aws, &checker).run().await.assert_status(1);
    Cli::on(LAPSES, "lint", &[]).run().await.assert_status(1);
}

#[tokio::test]
async fn status_2_for_bad_arguments_with_a_hint_about_the_right_ones() {
    for (arguments, expected) in [
        (&[][..], "credential-health --help"),
        (&["chekc"][..], "check"),
        (&["check"][..], "--inventory"),
        (&["lint", "--inventory", "jobs.yaml", "--fail-on", "severe"][..], "low, medium, high, critical or none"),
        (&["lint", "--inventory", "jobs.yaml", "--format", "xml"][..], "json"),
        (&["lint", "--inventory", "jobs.yaml", "--publish", TOPIC][..], "--publish"),
        (&["check", "--inventory", "jobs.yaml", "--concurrency", "0"][..], "1 to 1000"),
        (
            &["check", "--inventory", "jobs.yaml", "--publish", "arn:aws:sqs:eu-west-1:999999999999:queue"][..],
            "arn:aws:sns:",
        ),
    ] {
        let ran = Cli::new(arguments).file("jobs.yaml", HEALTHY).run().await;
        ran.assert_status(2);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(ran.stderr.contains(expected), "{arguments:?} says:\n{}", ran.stderr);
    }
}

#[tokio::test]
async fn status_2_for_a_bad_concurrency_in_the_environment() {
    let ran = Cli::on(HEALTHY, "check", &[]).env("CONCURRENCY", "many").run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("many") && ran.stderr.contains("1 to 1000"), "{}", ran.stderr);
}

#[tokio::test]
async fn status_3_for_an_incomplete_run() {
    // The role is not assumed, because the source exchanges a token, and its account has no reader.
    let (aws, checker) = account().await;
    let checked = Cli::on(NOT_KNOWN, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
    checked.assert_status(3);
    let report = checked.report();
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(ids(&report), ["max-session-unknown"]);
    Cli::on(NOT_KNOWN, "lint", &[]).run().await.assert_status(3);
}

#[tokio::test]
async fn status_4_without_credentials_and_the_report_is_still_written() {
    let ran = Cli::on(HEALTHY, "check", &["--format", "json"]).run().await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("no AWS credentials"), "{}", ran.stderr);
    let report = ran.report();
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(report["jobs"][0]["walk"], "failed");
    assert_eq!(report["jobs"][0]["hops"][0]["outcome"], "no-credentials");
    assert_eq!(report["coverage"]["roles"]["not_checked"][0]["reason"], "no-credentials");
    assert_eq!(findings(&report, "not-checked").len(), 1);
}

#[tokio::test]
async fn status_4_for_a_profile_that_does_not_exist() {
    let (aws, _) = account().await;
    let ran =
        Cli::on(HEALTHY, "check", &[]).env("AWS_PROFILE", "nobody").env("AWS_ENDPOINT_URL", &aws.url()).run().await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("AWS_PROFILE"), "{}", ran.stderr);
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn status_4_for_an_endpoint_that_refuses_connections() {
    let (aws, checker) = account().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let cli = Cli::on(HEALTHY, "check", &["--format", "json"]).asking(&aws, &checker);
    let ran = cli.env("AWS_ENDPOINT_URL", &endpoint).env("AWS_MAX_ATTEMPTS", "1").run().await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("no answer from AWS"), "{}", ran.stderr);
    assert_eq!(ran.report()["jobs"][0]["hops"][0]["outcome"], "unreachable");
}

#[tokio::test]
async fn status_4_for_a_refused_message_and_the_report_is_still_written() {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.topic(Topic::new(TOPIC).denied());
    });
    let cli = Cli::on(LAPSES, "check", &["--format", "json", "--publish", TOPIC]).asking(&aws, &checker);
    let ran = cli.run().await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("not published") && ran.stderr.contains("AuthorizationError"), "{}", ran.stderr);
    assert_eq!(findings(&ran.report(), "chain-caps-session").len(), 1);
}

#[tokio::test]
async fn the_first_applicable_status_of_2_4_1_3_0_is_returned() {
    let (aws, checker) = account().await;
    let high_and_incomplete = with_jobs_of(&[LAPSES, NOT_KNOWN]);
    // A bad inventory, and no credentials.
    Cli::on(BAD, "check", &[]).run().await.assert_status(2);
    // No credentials, a high finding, and an incomplete run.
    let ran = Cli::on(&high_and_incomplete, "check", &["--format", "json"]).run().await;
    ran.assert_status(4);
    assert!(ids(&ran.report()).contains(&"chain-caps-session"));
    // A high finding, and an incomplete run.
    let ran = Cli::on(&high_and_incomplete, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
    ran.assert_status(1);
    assert_eq!(ran.report()["run"]["complete"], false);
    // An incomplete run, and findings below the limit.
    let cli = Cli::on(&high_and_incomplete, "check", &["--fail-on", "none"]).asking(&aws, &checker);
    cli.run().await.assert_status(3);
}

#[tokio::test]
async fn one_refused_role_is_a_finding_without_status_4() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let ran = Cli::on(HEALTHY, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
    ran.assert_status(3);
    let report = ran.report();
    assert_eq!(ids(&report), ["assume-denied"]);
    assert_eq!(report["findings"][0]["severity"], "medium", "the checker was refused, not the job");
    assert_eq!(report["run"]["complete"], false, "every role that was to be assumed was refused");
    let cli = Cli::on(HEALTHY, "check", &["--fail-on", "none"]).asking(&aws, &checker);
    cli.run().await.assert_status(3);
}

#[tokio::test]
async fn fail_on_ignores_only_findings_below_its_severity() {
    let low = "version: 1\nroles:\n  etl: {arn: \"arn:aws:iam::222222222222:role/etl\", max_session_duration: 4h}\n\
        jobs:\n  - {name: a, length: 30m, source: iam-user, path: [etl]}\n";
    let medium = "version: 1\njobs:\n  - {name: a, length: 55m, source: codebuild}\n";
    let critical = "version: 1\njobs:\n  - {name: a, length: 5m, source: ecs-task, path: [{role: \
        \"arn:aws:iam::222222222222:role/etl\", duration: 2h}]}\n";
    let levels = ["low", "medium", "high", "critical", "none"];
    for (inventory, fails) in [(low, 1), (medium, 2), (LAPSES, 3), (critical, 4)] {
        for (number, level) in levels.into_iter().enumerate() {
            let ran = Cli::on(inventory, "lint", &["--fail-on", level]).run().await;
            assert_eq!(ran.status, i32::from(number < fails), "--fail-on {level} on {inventory}{}", ran.stdout);
        }
        let default = Cli::on(inventory, "lint", &[]).run().await;
        assert_eq!(default.status, i32::from(fails >= 3), "the default is high: {inventory}");
    }
}

#[tokio::test]
async fn a_waived_finding_does_not_change_the_exit_status() {
    let waiver = "longest_waiver: 400000d\nwaivers:\n  - {finding: chain-caps-session, job: nightly-*, until: \
        2999-12-31, reason: moving}\n";
    let ran = Cli::on(&format!("{LAPSES}{waiver}"), "lint", &["--fail-on", "low", "--format", "json"]).run().await;
    let report = ran.report();
    assert_eq!(
        (report["summary"]["waived"].as_u64(), report["jobs"][0]["verdict"].as_str()),
        (Some(1), Some("lapses"))
    );
    ran.assert_status(0);
}

// --- Streams ---

#[tokio::test]
async fn standard_output_holds_only_json_and_a_quiet_run_prints_nothing_else() {
    let (aws, checker) = account().await;
    for command in ["check", "lint"] {
        let ran = Cli::on(LAPSES, command, &["--format", "json"]).asking(&aws, &checker).run().await;
        assert_eq!(ran.report()["schema_version"], 1);
        assert_eq!(ran.stderr, "", "{command}");
        let ran = Cli::on(LAPSES, command, &[]).asking(&aws, &checker).run().await;
        assert!(ran.stdout.contains("nightly-etl"));
        assert_eq!(ran.stderr, "", "{command}");
    }
}

#[tokio::test]
async fn output_to_a_pipe_has_no_colour_and_no_color_overrides_forced_colour() {
    let escape = '\u{1b}';
    for (inventory, command) in [(LAPSES, "lint"), (BAD, "lint")] {
        let output = |ran: &Ran| format!("{}{}", ran.stdout, ran.stderr);
        let plain = Cli::on(inventory, command, &[]).run().await;
        assert!(!output(&plain).contains(escape), "{}", output(&plain));
        let forced = Cli::on(inventory, command, &[]).env("CLICOLOR_FORCE", "1").run().await;
        assert!(output(&forced).contains(escape), "forced colour must differ from plain output: {}", output(&forced));
        let refused = Cli::on(inventory, command, &[]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").run().await;
        assert_eq!(output(&refused), output(&plain));
    }
    let coloured = Cli::on(LAPSES, "lint", &["--format", "json"]).env("CLICOLOR_FORCE", "1").run().await;
    assert_eq!(coloured.report()["summary"]["jobs"], 1);
}

/// Characters that reverse text, have no width, or start a colour.
const ODD: &str = "p\u{202e}q\u{2066}r\u{200b}s\u{feff}";

#[tokio::test]
async fn no_command_prints_control_characters() {
    let arn = "arn:aws:iam::111111111111:role/r";
    let inventory = format!(
        "version: 1\nroles: {{\"h{ODD}\": {{arn: \"{arn}\"}}}}\n\
         jobs:\n  - {{name: \"{ODD}\", owner: \"{ODD}\", length: 4h, source: ecs-task, path: [\"h{ODD}\"]}}\n\
         waivers:\n  - {{finding: thin-margin, job: \"{ODD}\", until: 2020-01-01, reason: \"{ODD}\"}}\n"
    );
    let config = format!(
        "[profile a{ODD}]\nrole_arn = arn:aws:iam::111111111111:role/{ODD}\ncredential_source = EcsContainer\n\
         [profile b{ODD}]\nrole_arn = {arn}\ncredential_source = EcsContainer\n\
         [profile c]\nrole_arn = {arn}\nsource_profile = {ODD}gone\n"
    );
    let step = format!(
        "{{uses: aws-actions/configure-aws-credentials@v4, with: {{aws-region: x, role-to-assume: \"{arn}{ODD}\"}}}}"
    );
    let workflow = format!("on: push\njobs:\n  \"j{ODD}\": {{runs-on: x, timeout-minutes: 9, steps: [{step}]}}\n");
    let bad = format!(
        "version: 1\njobs:\n  - {{name: {ODD}, \"le{ODD}\": 2h, length: 1h, source: ecs-task, path: [\"{ODD}\"]}}\n"
    );
    let file = format!("{ODD}.yaml");
    let cases: [&[&str]; 12] = [
        &["lint", "--inventory", &file],
        &["lint", "--inventory", "bad.yaml"],
        &["lint", "--inventory", &file, "--job", &format!("{ODD}-else")],
        &["lint", "--inventory", &format!("{ODD}-else")],
        &["lint", "--inventory", &file, "--output", &format!("no/{ODD}")],
        &["explain", ODD],
        &["explain", "--inventory", &file, "--job", ODD],
        &["explain", "--inventory", &file, "--job", &format!("{ODD}-")],
        &["lint", "--aws-config", "config"],
        &["lint", "--github-workflow", "w.yml"],
        &["import", "aws-config", &format!("{ODD}-else")],
        &["doctor", "--offline", "--profile", ODD],
    ];
    for arguments in cases {
        for colour in ["0", "1"] {
            let ran = Cli::new(arguments)
                .file(&file, &inventory)
                .file("bad.yaml", &bad)
                .file("config", &config)
                .file("w.yml", &workflow)
                .env("CLICOLOR_FORCE", colour)
                .run()
                .await;
            assert_all_is_seen(&ran.stdout);
            assert_all_is_seen(&ran.stderr);
            let shown = format!("{}{}", ran.stdout, ran.stderr);
            assert!(shown.contains("\\u{202e}"), "{arguments:?} shows it written out: {shown}");
        }
    }
}

#[tokio::test]
async fn output_goes_only_to_the_named_file() {
    for format in ["json", "text"] {
        let to_stream = Cli::on(LAPSES, "lint", &["--format", format]).run().await;
        let cli = Cli::on(LAPSES, "lint", &["--format", format, "--output", "report"]).env("CLICOLOR_FORCE", "1");
        let to_file = cli.run().await;
        to_file.assert_status(1);
        assert_eq!((to_file.stdout.as_str(), to_file.stderr.as_str()), ("", ""));
        let same_length_at_least = to_file.file("report").lines().count();
        assert_eq!(same_length_at_least, to_stream.stdout.lines().count(), "the same report");
        assert!(!to_file.file("report").contains('\u{1b}'), "a file has no colour");
    }
}

#[tokio::test]
async fn an_output_file_that_cannot_be_written_is_named() {
    let ran = Cli::on(HEALTHY, "lint", &["--output", "no/such/folder/report"]).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("no/such/folder/report"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_closed_pipe_is_not_an_error() {
    // More output than a pipe holds, with a reader that reads nothing.
    let jobs: String = (0..2000).map(|n| format!("  - {{name: job-{n}, length: 30m, source: ecs-task}}\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.yaml");
    std::fs::write(&path, format!("version: 1\njobs:\n{jobs}")).unwrap();
    let mut child = std::process::Command::new(crate::harness::COMMAND)
        .args(["lint", "--format", "json", "--inventory"])
        .arg(&path)
        .env_clear()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

// --- Inventories ---

#[tokio::test]
async fn an_inventory_is_read_from_standard_input_or_a_folder() {
    let from_input = Cli::new(&["lint", "--inventory", "-", "--format", "json"]).input(LAPSES).run().await;
    from_input.assert_status(1);
    assert_eq!(from_input.report()["jobs"][0]["name"], "nightly-etl");
    let folder = Cli::new(&["lint", "--inventory", "all", "--format", "json"])
        .file("all/shared.yml", "version: 1\nroles:\n  etl: {arn: \"arn:aws:iam::222222222222:role/etl\"}\n")
        .file("all/a.yaml", "version: 1\njobs:\n  - {name: a, length: 30m, source: iam-user, path: [etl]}\n")
        .file("all/b.json", r#"{"version": 1, "jobs": [{"name": "b", "length": "30m", "source": "ecs-task"}]}"#)
        .file("all/README.md", "not an inventory: [")
        .file("all/deeper/c.yaml", "not read: [")
        .run()
        .await;
    folder.assert_status(0);
    let report = folder.report();
    let names: Vec<&str> = report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[tokio::test]
async fn filters_select_jobs_by_name_and_by_roles_of_their_path() {
    let inventory = "version: 1
roles:
  hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\"}
jobs:
  - {name: nightly-etl, length: 5m, source: ecs-task, path: [hub]}
  - {name: nightly-dump, length: 5m, source: ecs-task, path: [\"arn:aws:iam::222222222222:role/dump\"]}
  - {name: backup, length: 5m, source: ecs-task, path: [hub, \"arn:aws:iam::222222222222:role/dump\"]}
";
    for (filter, expected) in [
        (&["--job", "nightly-*"][..], &["nightly-etl", "nightly-dump"][..]),
        (&["--job", "backup", "--job", "*-dump"], &["nightly-dump", "backup"]),
        (&["--role", "hub"], &["nightly-etl", "backup"]),
        (&["--role", HUB], &["nightly-etl", "backup"]),
        (&["--role", "arn:aws:iam::222222222222:*"], &["nightly-dump", "backup"]),
        (&["--role", "hub", "--job", "nightly-*"], &["nightly-etl"]),
    ] {
        let ran = Cli::on(inventory, "lint", &[&["--format", "json"], filter].concat()).run().await;
        let report = ran.report();
        let jobs: Vec<&str> =
            report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
        assert_eq!(jobs, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn a_filter_without_a_match_is_bad_usage_and_makes_no_calls() {
    let (aws, checker) = account().await;
    for filter in [&["--job", "nihgtly-*"][..], &["--role", "hbu"], &["--job", "tidy-up", "--role", "hbu"]] {
        let ran = Cli::on(HEALTHY, "check", filter).asking(&aws, &checker).run().await;
        ran.assert_status(2);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains(filter[filter.len() - 1]), "{}", ran.stderr);
    }
    assert_eq!(aws.calls().len(), 0);
}

/// A bad inventory: a label, the content of `jobs.yaml` (none: the file does not exist), and the expected texts.
type BadInput = (&'static str, Option<Vec<u8>>, &'static [&'static str]);

#[allow(clippy::too_many_lines, reason = "a table")]
fn bad_inputs() -> Vec<BadInput> {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let laughs: String = (1..=9)
        .map(|level| {
            let previous = level - 1;
            format!("l{level}: &l{level} [{}]\n", vec![format!("*l{previous}"); 10].join(", "))
        })
        .collect();
    let quadratic =
        format!("version: 1\na: &a \"{}\"\njobs: [{}]\n", "x".repeat(100_000), vec!["*a"; 300_000].join(","));
    let large = {
        let mut large = b"version: 1\njobs:\n".to_vec();
        large.extend("# nothing here\n".repeat(50 * 1024 * 1024 / 15).into_bytes());
        large
    };
    let binary: Vec<u8> = (0..4096_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    vec![
        ("an empty file", text(""), &["jobs.yaml", "the file is empty", "version: 1"]),
        ("blanks alone", text(" \n\n"), &["jobs.yaml", "the file is empty"]),
        ("comments alone", text("# soon\n"), &["jobs.yaml", "version: 1"]),
        ("a missing file", None, &["jobs.yaml", "no such file"]),
        ("binary data", Some(binary), &["jobs.yaml", "not UTF-8"]),
        ("a zero byte", text("version: 1\njobs: \"\0\"\n"), &["jobs.yaml"]),
        ("50 MB", Some(large), &["jobs.yaml", "larger than 40 MiB"]),
        (
            "a billion laughs",
            Some(format!("l0: &l0 [ha]\n{laughs}version: 1\njobs: *l9\n").into_bytes()),
            &["jobs.yaml"],
        ),
        ("a long text many times", Some(quadratic.into_bytes()), &["jobs.yaml"]),
        ("an anchor inside itself", text("version: 1\njobs: &a [*a]\n"), &["jobs.yaml:2"]),
        ("unclosed brackets", Some([b"version: 1\njobs: ".to_vec(), vec![b'['; 1_000_000]].concat()), &["jobs.yaml"]),
        ("not YAML", text("version: 1\njobs: [\n"), &["jobs.yaml"]),
        ("two documents", text("version: 1\n---\nversion: 1\n"), &["jobs.yaml"]),
        ("a list", text("- version: 1\n"), &["jobs.yaml:1:1", "a map"]),
        ("no version", text("jobs: []\n"), &["jobs.yaml:1:1", "`version:"]),
        ("a version to come", text("version: 2\njobs: []\n"), &["jobs.yaml:1:10", "2"]),
        ("duplicate keys", text("version: 1\njobs: []\njobs: []\n"), &["jobs.yaml:3:1", "jobs"]),
        (
            "duplicate keys of a job",
            text("version: 1\njobs:\n  - name: a\n    length: 1h\n    length: 2h\n    source: lambda\n"),
            &["jobs.yaml:5:5", "length"],
        ),
        (
            "a bare number",
            text("version: 1\njobs:\n  - {name: a, length: 3600, source: ecs-task}\n"),
            &["jobs.yaml:3:23", "3600", "3600s"],
        ),
        (
            "wrong types",
            text("version: 1\njobs:\n  - {name: [a], length: {h: 1}, source: 7, path: hub}\n"),
            &["jobs.yaml:3:12", "jobs.yaml:3:25", "jobs.yaml:3:41", "jobs.yaml:3:50"],
        ),
        (
            "unknown keys",
            text("version: 1\njobs:\n  - {name: a, lenght: 1h, length: 1h, source: ecs-task}\nwavers: []\n"),
            &["jobs.yaml:3:15", "lenght", "`length`", "jobs.yaml:4:1", "wavers", "`waivers`"],
        ),
    ]
}

#[tokio::test]
async fn a_bad_inventory_is_reported_with_its_place_and_no_aws_calls() {
    let (aws, checker) = account().await;
    let mut mistakes = Vec::new();
    for (what, content, expected) in bad_inputs() {
        let cli = Cli::new(&["check", "--inventory", "jobs.yaml", "--publish", TOPIC]).asking(&aws, &checker);
        let cli = match content {
            Some(content) => cli.file("jobs.yaml", content),
            None => cli,
        };
        let ran = cli.run().await;
        let complete = expected.iter().all(|part| ran.stderr.contains(part));
        let clear = ran.stderr.contains("nothing was checked") && ran.stderr.len() < 10_000;
        if (ran.status, ran.stdout.as_str()) != (2, "") || !complete || !clear {
            mistakes.push(format!("{what}: status {}, expected {expected:?}, says\n{:.3000}", ran.status, ran.stderr));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n\n"));
    assert_eq!(aws.calls().len(), 0, "{:?}", aws.calls());
}

#[tokio::test]
async fn a_folder_without_an_inventory_is_an_error() {
    let cli = Cli::new(&["check", "--inventory", "all"]).file("all/notes.txt", "version: 1");
    let ran = cli.run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("all") && ran.stderr.contains("no *.yaml, *.yml or *.json file"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_job_in_two_files_of_a_folder_is_reported_with_both_places() {
    let one = "version: 1\njobs:\n  - {name: a, length: 30m, source: ecs-task}\n";
    let ran = Cli::new(&["lint", "--inventory", "all"]).file("all/one.yaml", one).file("all/two.yaml", one).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("two.yaml:3:12") && ran.stderr.contains("one.yaml"), "{}", ran.stderr);
}

// --- Commands ---

#[tokio::test]
async fn lint_makes_no_aws_calls_even_with_credentials() {
    let (aws, checker) = account().await;
    Cli::on(LAPSES, "lint", &[]).asking(&aws, &checker).run().await.assert_status(1);
    assert_eq!((aws.calls().len(), aws.connections()), (0, 0));
}

#[tokio::test]
async fn publish_sends_one_message_to_each_owner_and_returns_the_status_of_the_findings() {
    let (aws, checker) = account().await;
    let other = LAPSES.replace("nightly-etl", "dump").replace("owner: data, ", "");
    let inventory = with_jobs_of(&[LAPSES, &other]);
    let ran = Cli::on(&inventory, "check", &["--publish", TOPIC]).asking(&aws, &checker).run().await;
    ran.assert_status(1);
    let messages = aws.messages(TOPIC);
    let owners: BTreeSet<&str> = messages.iter().map(|message| message.attributes["owner"].value.as_str()).collect();
    assert_eq!((messages.len(), owners), (2, BTreeSet::from(["data", "unowned"])));
    assert_no_credential_in_messages(&aws, TOPIC);
}

#[tokio::test]
async fn publish_sends_no_message_without_findings() {
    let (aws, checker) = account().await;
    let ran = Cli::on(HEALTHY, "check", &["--publish", TOPIC]).asking(&aws, &checker).run().await;
    ran.assert_status(0);
    assert_eq!(aws.calls_of("Publish").len(), 0);
}

#[tokio::test]
async fn a_command_line_run_has_a_unique_id_that_names_its_sessions() {
    let (aws, checker) = account().await;
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        aws.reset_calls();
        let ran = Cli::on(HEALTHY, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
        let report = ran.report();
        assert_eq!(report["run"]["trigger"], "cli");
        let name = format!("credential-health-{}", report["run"]["id"].as_str().unwrap());
        assert_eq!(aws.calls_of("AssumeRole")[0].param("RoleSessionName"), Some(name.as_str()));
        names.insert(name);
    }
    assert_eq!(names.len(), 2);
}

#[tokio::test]
async fn the_retry_settings_of_the_sdk_apply() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("AssumeRole").then(refusal("unavailable")));
    let cli = Cli::on(HEALTHY, "check", &["--format", "json"]).asking(&aws, &checker).env("AWS_MAX_ATTEMPTS", "1");
    assert_eq!(cli.run().await.report()["jobs"][0]["hops"][0]["outcome"], "unavailable");
    assert_eq!(aws.calls_of("AssumeRole").len(), 1);
}

#[tokio::test]
async fn concurrency_is_bounded_by_the_option_and_by_the_variable() {
    let (mut world, checker) = world();
    let mut inventory = String::from("version: 1\njobs:\n");
    for number in 0..4 {
        let arn = format!("arn:aws:iam::222222222222:role/r{number}");
        inventory.push_str(&format!("  - {{name: j{number}, length: 5m, source: iam-user, path: [\"{arn}\"]}}\n"));
        world.role(role(&arn));
    }
    let aws = StandIn::start(world).await;
    // Calls that may overlap have time to, on a slow machine too.
    let (long, short) = (Duration::from_secs(1), Duration::from_millis(50));
    for (option, variable, most, latency) in [
        (&["--concurrency", "3"][..], None, 3, long),
        (&[], Some("2"), 2, long),
        (&["--concurrency", "1"], Some("8"), 1, short),
    ] {
        aws.set_latency(latency);
        aws.reset_calls();
        let cli = Cli::on(&inventory, "check", option).asking(&aws, &checker);
        let cli = match variable {
            Some(value) => cli.env("CONCURRENCY", value),
            None => cli,
        };
        cli.run().await.assert_status(0);
        assert_eq!(aws.most_at_once(), most, "{option:?} {variable:?}");
    }
}

#[tokio::test]
async fn output_never_replaces_a_file_that_the_command_reads() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yaml");
    let text = "version: 1\njobs: [{name: a, length: 5m, source: ecs-task}]\n";
    std::fs::write(&inventory, text).unwrap();
    let (name, within) = (inventory.to_str().unwrap(), folder.path().to_str().unwrap());
    for arguments in [
        &["lint", "--inventory", name, "--output", name][..],
        &["lint", "--inventory", within, "--output", name],
        &["explain", "--job", "a", "--inventory", name, "--output", name],
        &["import", "cloudformation", name, "--output", name],
        &["import", "github-workflow", name, "--output", name],
    ] {
        let ran = Cli::new(arguments).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains("--output names a file that this command reads"), "{arguments:?}: {}", ran.stderr);
        assert_eq!(std::fs::read_to_string(&inventory).unwrap(), text, "{arguments:?}");
    }
    let report = folder.path().join("report.txt");
    let arguments = ["lint", "--inventory", name, "--output", report.to_str().unwrap()];
    for _ in 0..2 {
        Cli::new(&arguments).run().await.assert_status(0);
    }
}

// --- Snapshots ---

#[tokio::test]
async fn the_help_matches_its_snapshot() {
    let commands = ["check", "lint", "explain", "doctor", "import", "schema"].map(|command| vec![command, "--help"]);
    for command in std::iter::once(vec!["--help"]).chain(commands) {
        let ran = Cli::new(&command).run().await;
        ran.assert_status(0);
        assert_eq!(ran.stderr, "");
        let name = format!("help_{}", command[..command.len() - 1].first().unwrap_or(&"all"));
        redacted(|| insta::assert_snapshot!(name, ran.stdout));
    }
}

#[tokio::test]
async fn version_prints_the_package_version() {
    let ran = Cli::new(&["--version"]).run().await;
    ran.assert_status(0);
    assert_eq!(ran.stdout, format!("credential-health {}\n", crate::harness::version()));
}

/// A job for each verdict except unknown, and a waiver.
const SMALL: &str = "version: 1
defaults: {owner: platform}
roles:
  hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\", assume: true, max_session_duration: 4h}
jobs:
  - {name: nightly-etl, owner: data, length: 4h, source: web-identity, path: [hub, \
      \"arn:aws:iam::222222222222:role/etl\"]}
  - {name: nightly-build, length: 3h, source: web-identity, path: [{role: hub, duration: 4h}]}
  - {name: report, length: 20m, source: ecs-task, path: [{role: hub, duration: 2h}]}
  - {name: image, length: 55m, source: codebuild}
longest_waiver: 400000d
waivers:
  - {finding: thin-margin, job: image, until: 2999-12-31, reason: the build is being split, approver: security}
";

#[tokio::test]
async fn the_text_of_lint_at_100_columns_matches_its_snapshot() {
    let ran = Cli::on(SMALL, "lint", &[]).run().await;
    ran.assert_status(1);
    let widest = ran
        .stdout
        .lines()
        .filter(|line| !line.contains("arn:aws:") && !line.contains("aws iam"))
        .map(|line| line.chars().count())
        .max();
    assert!(widest <= Some(100), "{widest:?} columns");
    redacted(|| insta::assert_snapshot!("text_of_lint", ran.stdout));
}

#[tokio::test]
async fn the_text_of_check_at_100_columns_matches_its_snapshot() {
    let (mut world, checker) = world();
    world.role(role(HUB).max_session(14_400).may_assume("*"));
    world.role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let ran = Cli::on(SMALL, "check", &[]).asking(&aws, &checker).run().await;
    ran.assert_status(1);
    redacted(|| insta::assert_snapshot!("text_of_check", ran.stdout));
}

#[tokio::test]
async fn the_text_for_a_bad_inventory_matches_its_snapshot() {
    let bad = "version: 1
roles:
  hub: {arn: \"arn:aws:iam::111111111111:instance-profile/hub\"}
jobs:
  - {name: a, length: 3600, source: iam-user, path: [hbu]}
  - {name: a, lenght: 1h, source: web-idenity, path: []}
";
    let ran = Cli::on(bad, "lint", &[]).run().await;
    ran.assert_status(2);
    redacted(|| insta::assert_snapshot!("bad_inventory", ran.stderr));
}

#[tokio::test]
async fn schema_prints_a_json_schema_that_accepts_good_and_refuses_bad_inventories() {
    let ran = Cli::new(&["schema"]).run().await;
    ran.assert_status(0);
    assert_eq!(ran.stderr, "");
    let schema = ran.report();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let good = serde_json::json!({"version": 1, "jobs": [{"name": "a", "length": "30m", "source": "ecs-task",
        "path": [HUB]}]});
    assert!(
        validator.is_valid(&good),
        "{:?}",
        validator.iter_errors(&good).map(|error| error.to_string()).collect::<Vec<_>>()
    );
    let bad = serde_json::json!({"version": 1, "jobs": [{"name": "a", "lenght": "30m", "length": "30m",
        "source": "ecs-task"}]});
    assert!(!validator.is_valid(&bad));
    let to_file = Cli::new(&["schema", "--output", "schema.json"]).run().await;
    to_file.assert_status(0);
    assert_eq!((to_file.stdout.as_str(), to_file.file("schema.json")), ("", ran.stdout));
}

#[tokio::test]
async fn forty_jobs_with_one_cause_fit_into_sixty_lines_and_the_demo_into_a_hundred_and_twenty() {
    let job = |n: usize| {
        let role = "arn:aws:iam::222222222222:role/etl";
        format!("  - {{name: job-{n:02}, length: 3h, source: ecs-task, path: [\"{role}\"]}}\n")
    };
    let forty = format!("version: 1\njobs:\n{}", (0..40).map(job).collect::<String>());
    let demo = std::fs::read_to_string(format!("{ROOT}/examples/demo/inventory.yaml")).unwrap();
    for (inventory, most) in [(forty, 60), (demo, 120)] {
        let ran = Cli::on(&inventory, "lint", &["--fail-on", "none"]).env("COLUMNS", "100").run().await;
        let lines = ran.stdout.lines().count();
        assert!(lines <= most, "{lines} lines:\n{}", ran.stdout);
    }
}

#[tokio::test]
async fn advice_for_workflows_and_profiles_names_their_files_and_no_inventory() {
    let login = "      - uses: aws-actions/configure-aws-credentials@v5\n        with:\n          aws-region: x\n";
    let steps = format!(
        "{login}          role-to-assume: arn:aws:iam::111111111111:role/p\n          role-duration-seconds: 7200\n"
    );
    let workflow = format!(
        "on: push\npermissions: {{id-token: write}}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    \
         timeout-minutes: 110\n    steps:\n{steps}      - run: make\n"
    );
    let ran = Cli::new(&["lint", "-v", "--github-workflow", "w.yml"]).file("w.yml", &workflow).run().await;
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("A workflow cannot state it") && !text.contains("The inventory"), "{text}");
    assert!(
        text.contains("To test this role, write an inventory for `check`") && !text.contains("Run `check`"),
        "{text}"
    );
    let key = |name: &str| format!("          {name}: ${{{{ secrets.K }}}}\n");
    let keys = ["aws-access-key-id", "aws-secret-access-key", "aws-session-token"].map(key).concat();
    let chained = workflow.replace("          role-duration-seconds: 7200\n", &keys);
    let ran = Cli::new(&["lint", "-v", "--github-workflow", "w.yml"]).file("w.yml", &chained).run().await;
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = |part: &str| text.matches(part).count();
    let exchanges = count("directly by AssumeRoleWithWebIdentity");
    assert!(exchanges > 0 && count("delete the access key in IAM") == exchanges, "{text}");
    let config = "[profile user]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n[profile long]\n\
                  role_arn = arn:aws:iam::222222222222:role/long\nsource_profile = user\nduration_seconds = 14400\n";
    let ran = Cli::new(&["lint", "-v", "--aws-config", "config"]).file("config", config).run().await;
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("A profile cannot state it") && !text.contains("The inventory"), "{text}");
}
