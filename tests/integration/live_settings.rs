//! `check` reads the SessionDuration of permission sets and the Timeout of Lambda functions, where it may.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    CHECKER, Check, Cli, Lambda, REGION, RUN_ID, TOPIC, check_once, client, event, finding, findings, hasty_client,
    ids, job, role, world,
};
use crate::stand_in::{Answer, Credentials, Fault, IdentityCenter, Role, StandIn, World};

const OWN: &str = "999999999999";
const OTHER: &str = "222222222222";
const READER: &str = "arn:aws:iam::222222222222:role/reader";
const ETL: &str = "arn:aws:iam::222222222222:role/etl";

fn function(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

/// A job with a permission set: 3 hours on sessions without renewal.
fn person(name: &str, source: &str) -> String {
    format!("  - {{name: {name}, length: 3h, source: {{kind: identity-center, {source}}}}}\n")
}

fn inventory(jobs: &str) -> String {
    format!("version: 1\njobs:\n{jobs}")
}

fn settings(report: &Value) -> &Value {
    &report["coverage"]["settings"]
}

/// Fails if a report shows an environment variable of a function.
fn assert_no_variable(report: &Value) {
    assert!(!report.to_string().contains(World::FUNCTION_SECRET), "{report:#}");
}

async fn start(change: impl FnOnce(&mut World)) -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    change(&mut world);
    (StandIn::start(world).await, checker)
}

fn center(account: &str) -> IdentityCenter {
    IdentityCenter::new(account, REGION).set("Admin", "PT4H").set("Short", "PT1H").set("Unset", "")
}

#[tokio::test]
async fn the_session_of_a_permission_set_is_read_by_name_and_by_arn() {
    let (aws, checker) = start(|world| _ = world.identity_center(center(OWN))).await;
    let arn = center(OWN).arn_of(0);
    let jobs = [person("name", "permission_set: Admin"), person("arn", &format!("permission_set: \"{arn}\""))];
    let report = check_once(&aws, &checker, &inventory(&jobs.concat())).await;
    for name in ["name", "arn"] {
        let job = job(&report, name);
        assert_eq!((&job["verdict"], &job["session_from"]), (&json!("covered"), &json!("live")), "{report:#}");
        assert_eq!(job["lease_seconds"], 14_400);
    }
    let value = |name: &str| json!({"kind": "permission-set", "name": name, "seconds": 14_400});
    let values = json!([value("Admin"), value(&arn)]);
    assert_eq!(settings(&report), &json!({"total": 2, "read": 2, "values": values, "not_read": []}));
    assert_eq!((ids(&report), &report["run"]["complete"]), (Vec::new(), &json!(true)));
    assert_eq!((aws.calls_of("ListInstances").len(), aws.calls_of("ListPermissionSets").len()), (1, 1));
    assert_eq!(aws.calls_of("DescribePermissionSet").len(), 2, "the search stops where the name is found");
}

#[tokio::test]
async fn each_distinct_setting_is_read_once() {
    let etl = function(REGION, OWN, "etl");
    let (aws, checker) = start(|world| {
        world.identity_center(center(OWN)).function(&etl, 60);
    })
    .await;
    let mut jobs = String::new();
    for number in 0..5 {
        jobs += &person(&format!("p{number}"), "permission_set: Short");
        jobs += &format!("  - {{name: f{number}, source: {{kind: lambda, function: \"{etl}\"}}}}\n");
    }
    let report = check_once(&aws, &checker, &inventory(&jobs)).await;
    assert_eq!(settings(&report)["read"], 2, "{report:#}");
    assert_eq!(aws.calls_of("GetFunctionConfiguration").len(), 1);
    assert_eq!(aws.calls_of("DescribePermissionSet").len(), 2);
}

#[tokio::test]
async fn a_name_is_found_on_any_page() {
    let mut many = IdentityCenter::new(OWN, REGION).page(7);
    for number in 0..40 {
        many = many.set(&format!("Set{number}"), if number == 37 { "PT12H" } else { "PT1H" });
    }
    let (aws, checker) = start(|world| _ = world.identity_center(many)).await;
    let report = check_once(&aws, &checker, &inventory(&person("a", "permission_set: Set37"))).await;
    assert_eq!(job(&report, "a")["lease_seconds"], 43_200, "{report:#}");
    assert_eq!(aws.calls_of("ListPermissionSets").len(), 6);
    assert_eq!(aws.calls_of("DescribePermissionSet").len(), 38);
}

/// ListInstances returns pages: an organization's instance may be behind an account's own.
#[tokio::test]
async fn a_name_is_found_in_any_instance() {
    let instances = || (0..3).map(|number| IdentityCenter::numbered(OWN, REGION, number));
    let (aws, checker) = start(|world| {
        for (number, instance) in instances().enumerate() {
            let session = if number == 2 { "PT12H" } else { "PT1H" };
            world.identity_center(instance.set(&format!("Set{number}"), session));
        }
    })
    .await;
    let report = check_once(&aws, &checker, &inventory(&person("a", "permission_set: Set2"))).await;
    assert_eq!(job(&report, "a")["lease_seconds"], 43_200, "{report:#}");
    assert_eq!(aws.calls_of("ListInstances").len(), 3);
    aws.script(Fault::on("ListInstances").then(Answer::altered("\"NextToken\":\"2\"", "\"NextToken\":\"1\"")));
    let repeated = check_once(&aws, &checker, &inventory(&person("a", "permission_set: Set2"))).await;
    assert_eq!(settings(&repeated)["not_read"][0]["reason"], "unreadable-answer", "{repeated:#}");
    aws.clear_script();
    aws.script(Fault::on("ListInstances").saying("1").then(Answer::error(500, "InternalServerException", "a text")));
    let client = hasty_client(&aws, &checker).await;
    let check = Check { aws: &client, concurrency: 8, time: None, run_id: RUN_ID };
    let jobs = inventory(&person("a", "permission_set: Set0"));
    let cut = serde_json::to_value(check.of(&jobs).await.report).unwrap();
    assert_eq!(settings(&cut)["not_read"][0]["reason"], "unavailable", "{cut:#}");
}

#[tokio::test]
async fn a_declared_session_that_differs_is_drift_and_the_live_one_counts() {
    let (aws, checker) = start(|world| _ = world.identity_center(center(OWN))).await;
    let jobs = [
        person("drifted", "permission_set: Short, session: 4h"),
        person("agreed", "permission_set: Admin, session: 4h"),
        person("unstated", "permission_set: Admin"),
    ];
    let report = check_once(&aws, &checker, &inventory(&jobs.concat())).await;
    let drift = finding(&report, "max-session-drift");
    assert_eq!((&drift["job"], &drift["severity"]), (&json!("drifted"), &json!("medium")));
    let evidence = drift["evidence"].to_string();
    assert!(evidence.contains("DescribePermissionSet") && evidence.contains("3600") && evidence.contains("14400"));
    let lapses = finding(&report, "source-session-ends-first");
    assert_eq!((&lapses["job"], &lapses["severity"]), (&json!("drifted"), &json!("high")), "the limit is known");
    assert_eq!(report["run"]["complete"], true);
}

#[tokio::test]
async fn the_timeout_of_a_function_is_the_length_of_the_job() {
    let (etl, live) = (function(REGION, OWN, "etl"), format!("{}:live", function("us-east-1", OWN, "etl")));
    let (aws, checker) = start(|world| {
        world.role(role(ETL)).function(&etl, 1800).function(&live, 5400);
    })
    .await;
    let job_of = |name: &str, arn: &str, more: &str| {
        format!(
            "  - {{name: {name}, {more}source: {{kind: lambda, function: \"{arn}\"}}, \
             path: [{{role: \"{ETL}\", duration: 20m}}]}}\n"
        )
    };
    let jobs = [job_of("etl", &etl, ""), job_of("live", &live, "age: 1m, "), job_of("drifted", &etl, "length: 5m, ")];
    let report = check_once(&aws, &checker, &inventory(&jobs.concat())).await;
    for (name, needed) in [("etl", 1800), ("live", 5460), ("drifted", 1800)] {
        let job = job(&report, name);
        assert_eq!((&job["needed_seconds"], &job["length_from"]), (&json!(needed), &json!("configured")), "{job:#}");
        assert_eq!(job["verdict"], "lapses");
    }
    assert_eq!(finding(&report, "max-session-drift")["job"], "drifted");
    for finding in findings(&report, "requested-duration-too-short") {
        let is_managed = finding["detail"].as_str().unwrap().contains("Lambda Managed Instances");
        assert_eq!(is_managed, finding["job"] == "live", "over 30 minutes: {finding:#}");
    }
    assert!(findings(&report, "requested-duration-too-short").iter().all(|finding| finding["severity"] == "high"));
    let regions: Vec<_> = aws.calls_of("GetFunctionConfiguration").iter().map(|call| call.region.clone()).collect();
    assert_eq!(regions.len(), 2);
    assert!(regions.contains(&Some("us-east-1".to_owned())), "the Region is the function's");
    assert_no_variable(&report);
}

#[tokio::test]
async fn readers_of_other_accounts_read_with_the_least_session_policy() {
    let etl = function(REGION, OTHER, "etl");
    let (aws, checker) = start(|world| {
        world.identity_center(center(OTHER)).function(&etl, 900);
        world.role(Role::new(READER).trusts(CHECKER).allows("*", "*"));
    })
    .await;
    let head = format!(
        "version: 1\nreaders: {{\"{OTHER}\": \"{READER}\"}}\n\
         identity_center: {{account: \"{OTHER}\", region: {REGION}}}\n"
    );
    let arn = center(OTHER).arn_of(0);
    for (source, policy) in [
        (
            format!("{{kind: lambda, function: \"{etl}\"}}"),
            json!([{"Effect": "Allow", "Action": "lambda:GetFunctionConfiguration", "Resource": [etl]}]),
        ),
        (
            format!("{{kind: identity-center, permission_set: \"{arn}\"}}"),
            json!([{
                "Effect": "Allow",
                "Action": "sso:DescribePermissionSet",
                "Resource": [format!("arn:aws:sso:::instance/ssoins-0000{OTHER}"), arn.clone()],
            }]),
        ),
        (
            "{kind: identity-center, permission_set: Short}".to_owned(),
            json!([
                {"Effect": "Allow", "Action": "sso:ListInstances", "Resource": "*"},
                {"Effect": "Allow", "Action": "sso:ListPermissionSets", "Resource": "arn:aws:sso:::instance/*"},
                {
                    "Effect": "Allow",
                    "Action": "sso:DescribePermissionSet",
                    "Resource": ["arn:aws:sso:::instance/*", "arn:aws:sso:::permissionSet/*"],
                },
            ]),
        ),
    ] {
        aws.reset_calls();
        let report =
            check_once(&aws, &checker, &format!("{head}jobs:\n  - {{name: a, length: 10m, source: {source}}}\n")).await;
        assert_eq!(settings(&report)["read"], 1, "{report:#}");
        let sent = &aws.calls_of("AssumeRole")[0];
        let sent: Value = serde_json::from_str(sent.param("Policy").unwrap()).unwrap();
        assert_eq!(sent["Statement"], policy);
    }
}

#[tokio::test]
async fn without_a_reader_the_declared_value_counts_and_the_coverage_says_so() {
    let etl = function(REGION, OTHER, "etl");
    let (aws, checker) = start(|world| _ = world.function(&etl, 900)).await;
    let jobs = format!("  - {{name: a, length: 10m, source: {{kind: lambda, function: \"{etl}\"}}}}\n");
    let report = check_once(&aws, &checker, &inventory(&jobs)).await;
    let expected = json!([{"kind": "function", "name": etl, "used": "declared", "reason": "no-reader", "error": null}]);
    assert_eq!(settings(&report)["not_read"], expected);
    assert_eq!((&job(&report, "a")["length_from"], &report["run"]["complete"]), (&json!("declared"), &json!(true)));
    assert_eq!(aws.calls_of("GetFunctionConfiguration").len(), 0);
}

/// The answers that are no setting: how the coverage calls each of them, and whether the run is complete then.
#[tokio::test]
async fn what_cannot_be_read_leaves_the_declared_or_the_default_value() {
    let etl = function(REGION, OWN, "etl");
    let (aws, checker) = start(|world| {
        world.identity_center(center(OWN)).function(&etl, 900);
    })
    .await;
    let admin = center(OWN).arn_of(0);
    let sso = |code: &str, status: u16| Answer::error(status, code, "a text");
    let cases = [
        ("AccessDeniedException", sso("AccessDeniedException", 403), "denied", true),
        ("ResourceNotFoundException", sso("ResourceNotFoundException", 404), "not-found", false),
        ("server error", sso("InternalServerException", 500), "unavailable", false),
        ("expired", sso("ExpiredTokenException", 400), "credentials-expired", false),
        ("half", Answer::HalfXml, "unreadable-answer", false),
        ("empty", Answer::NoMembers, "unreadable-answer", false),
        ("page of a proxy", Answer::Html(200), "unreadable-answer", false),
    ];
    let jobs = [
        person("declared", &format!("permission_set: \"{admin}\", session: 4h")),
        person("default", &format!("permission_set: \"{}\"", center(OWN).arn_of(1))),
        format!("  - {{name: function, source: {{kind: lambda, function: \"{etl}\"}}}}\n"),
    ];
    for (name, answer, reason, complete) in cases {
        for call in ["DescribePermissionSet", "GetFunctionConfiguration"] {
            aws.script(Fault::on(call).then(answer.clone()));
        }
        let client = hasty_client(&aws, &checker).await;
        let check = Check { aws: &client, concurrency: 8, time: None, run_id: RUN_ID };
        let report = serde_json::to_value(check.of(&inventory(&jobs.concat())).await.report).unwrap();
        aws.clear_script();
        let not_read = settings(&report)["not_read"].as_array().unwrap();
        assert_eq!(not_read.len(), 3, "{name}: {report:#}");
        for setting in not_read {
            assert_eq!(setting["reason"], reason, "{name}: {setting:#}");
        }
        let used: Vec<_> = not_read.iter().map(|setting| setting["used"].as_str().unwrap()).collect();
        assert_eq!(used, ["declared", "default", "default"], "{name}");
        assert_eq!(report["run"]["complete"], complete, "{name}");
        // Denied access is a result; every other reason reaches the owners of the jobs.
        let open: Vec<_> = findings(&report, "not-checked").iter().map(|found| found["job"].as_str()).collect();
        let expected = [Some("declared"), Some("default"), Some("function")];
        assert_eq!(open, if complete { &[][..] } else { &expected }, "{name}");
        assert_eq!(job(&report, "declared")["lease_seconds"], 14_400);
        assert_eq!(job(&report, "default")["lease_seconds"], 3600);
        let function = job(&report, "function");
        assert_eq!((&function["needed_seconds"], &function["length_from"]), (&json!(5400), &json!("assumed")));
        assert_no_variable(&report);
    }
}

#[tokio::test]
async fn a_throttled_setting_is_read_again_and_stays_unread_where_every_attempt_is_throttled() {
    let etl = function(REGION, OWN, "etl");
    let (aws, checker) = start(|world| {
        world.identity_center(center(OWN)).function(&etl, 900);
    })
    .await;
    let jobs = [
        person("p", "permission_set: Admin"),
        format!("  - {{name: f, length: 15m, source: {{kind: lambda, function: \"{etl}\"}}}}\n"),
    ];
    let throttle = || {
        [
            ("ListPermissionSets", Answer::error(400, "ThrottlingException", "Rate exceeded")),
            ("GetFunctionConfiguration", Answer::error(429, "TooManyRequestsException", "Rate exceeded")),
        ]
    };
    for (call, answer) in throttle() {
        aws.script(Fault::on(call).times(1).then(answer));
    }
    let client = hasty_client(&aws, &checker).await;
    let check = Check { aws: &client, concurrency: 8, time: None, run_id: RUN_ID };
    let report = serde_json::to_value(check.of(&inventory(&jobs.concat())).await.report).unwrap();
    assert_eq!(settings(&report)["read"], 2, "{report:#}");
    for (call, answer) in throttle() {
        aws.script(Fault::on(call).then(answer));
    }
    let client = client_with_little_time(&aws, &checker).await;
    let check = Check { aws: &client, concurrency: 8, time: Some(Duration::from_secs(4)), run_id: RUN_ID };
    let report = serde_json::to_value(check.of(&inventory(&jobs.concat())).await.report).unwrap();
    let not_read = settings(&report)["not_read"].as_array().unwrap();
    assert!(
        not_read
            .iter()
            .all(|setting| ["throttled", "out-of-time", "timed-out"].contains(&setting["reason"].as_str().unwrap()))
    );
    assert_eq!((not_read.len(), &report["run"]["complete"]), (2, &json!(false)), "{report:#}");
}

async fn client_with_little_time(aws: &StandIn, checker: &Credentials) -> credential_health::aws::Aws {
    hasty_client(aws, checker).await.for_run_of(Duration::from_secs(4))
}

#[tokio::test]
async fn absurd_numbers_are_no_settings() {
    let etl = function(REGION, OWN, "etl");
    let (aws, checker) = start(|world| {
        world.identity_center(center(OWN)).function(&etl, 900);
    })
    .await;
    let client = client(&aws, &checker).await;
    let check = Check { aws: &client, concurrency: 8, time: None, run_id: RUN_ID };
    let jobs = [
        person("p", &format!("permission_set: \"{}\"", center(OWN).arn_of(0))),
        format!("  - {{name: f, source: {{kind: lambda, function: \"{etl}\"}}}}\n"),
    ];
    for (session, timeout) in [
        ("PT0S", "0"),
        ("PT13H", "5401"),
        ("-PT4H", "-900"),
        ("4h", "null"),
        ("P1Y", "2147483647"),
        ("PT99999999999999999999H", "1"),
        ("", "1"),
        ("PT59M", "1"),
    ] {
        aws.script(Fault::on("DescribePermissionSet").then(Answer::altered("PT4H", session)));
        aws.script(Fault::on("GetFunctionConfiguration").then(Answer::altered(":900", &format!(":{timeout}"))));
        let report = serde_json::to_value(check.of(&inventory(&jobs.concat())).await.report).unwrap();
        aws.clear_script();
        let not_read: Vec<_> = settings(&report)["not_read"].as_array().unwrap().iter().collect();
        let expected = if timeout == "1" { 1 } else { 2 };
        assert_eq!(not_read.len(), expected, "{session} {timeout}: {report:#}");
        assert!(not_read.iter().all(|setting| setting["reason"] == "unreadable-answer"), "{not_read:#?}");
        assert_eq!(job(&report, "p")["lease_seconds"], 3600);
    }
}

#[tokio::test]
async fn an_answer_about_another_function_or_permission_set_does_not_count() {
    let etl = function(REGION, OWN, "etl");
    let (aws, checker) = start(|world| {
        world.identity_center(center(OWN)).function(&etl, 900);
    })
    .await;
    aws.script(Fault::on("DescribePermissionSet").then(Answer::altered("ps-0000000000000000", "ps-0000000000000001")));
    aws.script(Fault::on("GetFunctionConfiguration").then(Answer::altered(OWN, OTHER)));
    let jobs = [
        person("p", &format!("permission_set: \"{}\"", center(OWN).arn_of(0))),
        format!("  - {{name: f, source: {{kind: lambda, function: \"{etl}\"}}}}\n"),
    ];
    let report = check_once(&aws, &checker, &inventory(&jobs.concat())).await;
    assert_eq!((&settings(&report)["read"], &report["run"]["complete"]), (&json!(0), &json!(false)), "{report:#}");
}

#[tokio::test]
async fn names_that_nobody_has_and_accounts_without_identity_center_are_not_found() {
    let (aws, checker) = start(|world| _ = world.identity_center(center(OWN))).await;
    let nobody = check_once(&aws, &checker, &inventory(&person("a", "permission_set: Nobody"))).await;
    assert_eq!(settings(&nobody)["not_read"][0]["reason"], "not-found", "{nobody:#}");
    aws.script(Fault::on("ListPermissionSets").then(Answer::altered("\"NextToken\":null", "\"NextToken\":\"0\"")));
    let repeated = check_once(&aws, &checker, &inventory(&person("a", "permission_set: Nobody"))).await;
    assert_eq!(settings(&repeated)["not_read"][0]["reason"], "unreadable-answer", "{repeated:#}");
    let (aws, checker) = start(|_| {}).await;
    let none = check_once(&aws, &checker, &inventory(&person("a", "permission_set: Admin"))).await;
    assert_eq!(settings(&none)["not_read"][0]["reason"], "not-found");
    assert!(settings(&none)["not_read"][0]["error"].as_str().unwrap().contains("no instance"));
}

#[tokio::test]
async fn a_reader_that_may_not_be_assumed_leaves_its_settings_unread() {
    let etl = function(REGION, OTHER, "etl");
    let (aws, checker) = start(|world| {
        world.function(&etl, 900).role(Role::new(READER));
    })
    .await;
    let jobs = format!("  - {{name: a, length: 10m, source: {{kind: lambda, function: \"{etl}\"}}}}\n");
    let inventory = format!("version: 1\nreaders: {{\"{OTHER}\": \"{READER}\"}}\njobs:\n{jobs}");
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(settings(&report)["not_read"][0]["reason"], "reader-denied", "{report:#}");
    assert_eq!(finding(&report, "assume-denied")["role"], READER);
    let (aws, checker) = start(|world| {
        world.function(&etl, 900).role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*"));
    })
    .await;
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(settings(&report)["not_read"][0]["reason"], "denied", "{report:#}");
    assert_eq!(report["run"]["complete"], true);
}

#[tokio::test]
async fn without_credentials_no_setting_is_read() {
    let inventory = inventory(&person("a", "permission_set: Admin"));
    let ran = Cli::on(&inventory, "check", &["--format", "json"]).run().await;
    let report = ran.report();
    assert_eq!(settings(&report)["not_read"][0]["reason"], "no-credentials", "{report:#}");
    assert_eq!(ran.status, 4);
}

#[tokio::test]
async fn explain_uses_the_settings_of_a_past_report() {
    let (aws, checker) = start(|world| _ = world.identity_center(center(OWN))).await;
    let inventory = inventory(&person("p", "permission_set: Admin"));
    let report = Cli::on(&inventory, "check", &["--format", "json"]).asking(&aws, &checker).run().await.stdout;
    let explain = |more: &[&str]| {
        Cli::on(&inventory, "explain", &[&["--job", "p", "--format", "json"], more].concat())
            .file("report.json", &report)
    };
    let with = explain(&["--report", "report.json"]).run().await.report();
    let without = explain(&[]).run().await.report();
    assert_eq!((&with["job"]["verdict"], &without["job"]["verdict"]), (&json!("covered"), &json!("lapses")));
}

#[tokio::test]
async fn lint_says_which_value_it_uses_and_that_check_reads_the_live_one() {
    let etl = function(REGION, OWN, "etl");
    let jobs = [
        person("p", "permission_set: Admin, session: 4h"),
        format!("  - {{name: f, source: {{kind: lambda, function: \"{etl}\"}}}}\n"),
    ];
    let inventory = inventory(&jobs.concat());
    let text = Cli::on(&inventory, "lint", &[]).run().await.stdout;
    assert!(text.contains("`check` reads 2 settings from AWS"), "{text}");
    let report = Cli::on(&inventory, "lint", &["--format", "json"]).run().await.report();
    let not_read = settings(&report)["not_read"].as_array().unwrap();
    let used: Vec<_> = not_read.iter().map(|s| (s["used"].as_str().unwrap(), s["reason"].as_str().unwrap())).collect();
    assert_eq!(used, [("declared", "offline"), ("default", "offline")]);
    assert_eq!(report["run"]["complete"], true, "lint is complete without them");
}

#[tokio::test]
async fn the_coverage_quotes_the_denial_that_names_the_permission() {
    // AWS's denial names the missing permission.
    let (mut world, _) = world();
    world.role(Role::new("arn:aws:iam::999999999999:role/poor").allows("sts:AssumeRole", "*"));
    let poor = world.role_session("arn:aws:sts::999999999999:assumed-role/poor/tests");
    world.identity_center(center(OWN));
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &poor, &inventory(&person("a", "permission_set: Admin"))).await;
    let error = settings(&report)["not_read"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("sso:ListInstances: AccessDeniedException: User: "), "{error}");
}

/// What a team misspelt reaches the team, with AWS's answer and what to correct.
#[tokio::test]
async fn a_setting_that_aws_does_not_have_is_a_finding_of_the_owner_of_each_job_that_names_it() {
    let (etl, gone) = (function(REGION, OWN, "etl"), function(REGION, OWN, "gone"));
    let (aws, checker) = start(|world| _ = world.identity_center(center(OWN)).function(&etl, 900)).await;
    let jobs = [
        "  - {name: p, owner: a, length: 3h, source: {kind: identity-center, permission_set: Admn}}\n".to_owned(),
        format!("  - {{name: q, owner: b, length: 5m, source: {{kind: lambda, function: \"{gone}\"}}}}\n"),
        format!("  - {{name: r, owner: c, length: 5m, source: {{kind: lambda, function: \"{etl}\"}}}}\n"),
    ];
    let lambda = Lambda::new(&aws, &checker, &inventory(&jobs.concat()), &[("TOPIC_ARN", TOPIC)]).await;
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    let [p, q] = findings(&report, "not-checked")[..] else { panic!("{:#}", report["findings"]) };
    for (finding, name, owner, answer, fix) in [
        (p, "p", "a", "permission set Admn failed: ", "Correct `permission_set`"),
        (q, "q", "b", "lambda:GetFunctionConfiguration", "Correct `function`"),
    ] {
        assert_eq!((&finding["job"], &finding["severity"]), (&json!(name), &json!("medium")), "{finding:#}");
        assert_eq!((&finding["owner"], &finding["role"], &finding["hop"]), (&json!(owner), &Value::Null, &Value::Null));
        assert!(finding["detail"].as_str().unwrap().contains(answer), "{finding:#}");
        assert!(finding["remediation"].to_string().contains(fix), "{finding:#}");
    }
    assert!(q["detail"].as_str().unwrap().contains("ResourceNotFoundException"), "{q:#}");
    assert_eq!(report["run"]["complete"], false);
    let owners: Vec<String> =
        aws.messages(TOPIC).iter().map(|message| message.attributes["owner"].value.clone()).collect();
    assert!(owners.contains(&"a".to_owned()) && owners.contains(&"b".to_owned()), "{owners:?}");
    // Accepted for a time, as with every finding.
    let waived = format!(
        "{}waivers:\n  - {{finding: not-checked, job: \"*\", until: 2026-12-24, reason: known}}\n",
        inventory(&jobs.concat())
    );
    let report = Lambda::new(&aws, &checker, &waived, &[]).await.invoke(&json!({})).await.unwrap();
    assert_eq!((&report["summary"]["waived"], &report["run"]["complete"]), (&json!(2), &json!(true)), "{report:#}");
}

/// Many jobs with one mistake have one cause: the text says it once.
#[tokio::test]
async fn one_misspelt_name_of_many_jobs_is_one_block() {
    let (aws, checker) = start(|world| _ = world.identity_center(center(OWN))).await;
    let of = |name: String, set: &str| person(&name, &format!("permission_set: {set}, session: 8h"));
    let jobs: String = (0..500).map(|number| of(format!("job-{number}"), "Admn")).collect();
    let jobs = jobs + &of("other".to_owned(), "Shrt");
    let ran = Cli::on(&inventory(&jobs), "check", &[]).asking(&aws, &checker).run().await;
    ran.assert_status(3);
    for (sentence, count) in [
        ("was not read: AWS does not have it", 2),
        ("499 more jobs", 1),
        ("Correct `permission_set`", 2),
        ("Also: ", 1),
    ] {
        let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.matches(sentence).count(), count, "{sentence}: {}", ran.stdout);
    }
}
