//! Jobs that the tags of roles declare: what a run reads, what a tag can do to others, and what happens where tags are
//! not read.

use serde_json::{Value, json};

use crate::harness::{
    CHECKER, Check, Cli, HUB, Lambda, REGION, TOPIC, assert_all_is_seen, check_once, client, event, finding, findings,
    hasty_client, ids, job, outcomes, role, world,
};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, Role, StandIn, World, refusal};

const READER: &str = "arn:aws:iam::222222222222:role/credential-health-reader";
const OTHER_READER: &str = "arn:aws:iam::333333333333:role/credential-health-reader";
const ETL: &str = "arn:aws:iam::222222222222:role/jobs/etl";
const OTHER: &str = "arn:aws:iam::333333333333:role/jobs/upload";
const KEY: &str = "credential-health:job/";
const INVENTORY: &str = r#"version: 1
defaults: {owner: platform}
readers: {"*": "arn:aws:iam::{account}:role/credential-health-reader"}
roles: {hub: {arn: "arn:aws:iam::111111111111:role/hub"}}
discover:
  - {account: "222222222222", path_prefix: /jobs/}
  - {account: "333333333333"}
"#;

fn reader(arn: &str) -> Role {
    Role::new(arn).trusts(CHECKER).allows("iam:ListRoles", "*").allows("iam:GetRole", "*")
}

/// A role whose tag declares a job of its own name.
fn tagged(arn: &str, value: &str) -> Role {
    let name = arn.rsplit('/').next().unwrap();
    role(arn).tagged(format!("{KEY}{name}"), value)
}

/// Two accounts, each with a reader and a role whose tag declares a job.
fn two_accounts() -> (World, Credentials) {
    let (mut world, checker) = world();
    world.role(reader(READER)).role(reader(OTHER_READER));
    world.role(tagged(ETL, "length=4h source=ecs-task owner=data").tagged("team", "data"));
    world.role(tagged(OTHER, "length=30m source=ecs-task owner=web"));
    (world, checker)
}

fn tags(report: &Value) -> &Value {
    &report["coverage"]["role_tags"]
}

/// The coverage, line by line.
async fn coverage(aws: &StandIn, checker: &Credentials) -> String {
    let aws = hasty_client(aws, checker).await;
    let report = Check { aws: &aws, concurrency: 4, time: None, run_id: "run-1" }.of(INVENTORY).await.report;
    credential_health::report::plain::coverage(&report).join("\n")
}

#[tokio::test]
async fn a_tag_of_a_role_declares_a_job_of_that_role() {
    let (mut world, checker) = two_accounts();
    world.role(role(HUB).may_assume("*"));
    let spoke = "arn:aws:iam::222222222222:role/jobs/deep/spoke";
    world.role(tagged(spoke, "length=4h source=ecs-task refresh=auto via=hub").trusts(HUB));
    // Roles of other paths do not count.
    world.role(tagged("arn:aws:iam::222222222222:role/else/where", "length=4h source=ecs-task"));
    let aws = StandIn::start(world).await;
    let inventory = INVENTORY.replace("arn:aws:iam::111111111111:role/hub", HUB);
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(report["summary"]["jobs"], 3, "{report:#}");
    assert_eq!((&job(&report, "etl")["verdict"], &job(&report, "etl")["owner"]), (&json!("lapses"), &json!("data")));
    assert_eq!(finding(&report, "chain-caps-session")["owner"], "data");
    assert_eq!(job(&report, "upload")["verdict"], "covered");
    assert_eq!(outcomes(&report, "spoke"), ["assumed", "assumed"]);
    assert_eq!(job(&report, "spoke")["owner"], "platform");
    assert_eq!(report["run"]["complete"], true, "{report:#}");
    assert_eq!((&tags(&report)["jobs"], &tags(&report)["folders"][0]["roles"]), (&json!(3), &json!(2)));
    let location = &job(&report, "etl")["location"]["file"];
    assert_eq!(location, &format!("tag of {ETL}"));
}

#[tokio::test]
async fn a_changed_tag_counts_in_the_next_run_of_the_function() {
    let (world, checker) = two_accounts();
    let aws = StandIn::start(world).await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[("TOPIC_ARN", TOPIC)]).await;
    let run = async || lambda.invoke(&json!({})).await.unwrap();
    assert_eq!(job(&run().await, "etl")["verdict"], "lapses");
    aws.world(|world| _ = world.role(tagged(ETL, "length=20m source=ecs-task owner=data")));
    assert_eq!(job(&run().await, "etl")["verdict"], "covered");
    aws.world(|world| _ = world.role(role(ETL)));
    assert_eq!(run().await["summary"]["jobs"], 1);
}

#[tokio::test]
async fn the_session_that_reads_tags_may_list_roles_and_describe_those_below_the_path_alone() {
    let (world, checker) = two_accounts();
    let aws = StandIn::start(world).await;
    check_once(&aws, &checker, INVENTORY).await;
    let calls = aws.calls_of("AssumeRole");
    let first = calls.iter().find(|call| call.target() == Some(READER)).unwrap();
    let policy: Value = serde_json::from_str(first.param("Policy").unwrap()).unwrap();
    assert_eq!(
        policy["Statement"],
        json!([
            {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "arn:aws:iam::222222222222:role/jobs/*"},
        ])
    );
}

#[tokio::test]
async fn the_pages_of_a_list_are_followed_to_the_last_role_with_all_of_its_tags() {
    let (mut world, checker) = two_accounts();
    for number in 0..23 {
        let arn = format!("arn:aws:iam::222222222222:role/jobs/r{number}");
        world.role(tagged(&arn, "length=20m source=ecs-task"));
    }
    // IAM allows 50 tags of a role.
    let many = (0..50).fold(role("arn:aws:iam::222222222222:role/jobs/many"), |role, number| {
        role.tagged(format!("{KEY}many-{number}"), "length=20m source=ecs-task")
    });
    world.role(many).list_roles_page(4);
    // Only AWS services can assume such a role.
    let of_service = "arn:aws:iam::333333333333:role/aws-service-role/x.amazonaws.com/service";
    world.role(tagged(of_service, "length=9h source=ecs-task"));
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, INVENTORY).await;
    assert_eq!(report["summary"]["jobs"], 2 + 23 + 50, "{report:#}");
    assert_eq!(report["run"]["complete"], true);
}

#[tokio::test]
async fn a_denied_account_hides_no_job_of_the_others_and_its_jobs_do_not_seem_to_be_gone() {
    for (without, message) in [
        ("iam:ListRoles", "Role tags not read (iam:ListRoles: access denied): 333333333333 /."),
        ("iam:GetRole", "Role tags not read (iam:GetRole: access denied): arn:aws:iam::333333333333:role/"),
    ] {
        let (mut world, checker) = two_accounts();
        world.role(reader(OTHER_READER).denies(without, "*"));
        let aws = StandIn::start(world).await;
        let report = check_once(&aws, &checker, INVENTORY).await;
        assert_eq!((&report["summary"]["jobs"], &job(&report, "etl")["verdict"]), (&json!(1), &json!("lapses")));
        assert_eq!(report["run"]["complete"], false, "{without}");
        let not_checked = finding(&report, "not-checked");
        assert_eq!((&not_checked["role"], &not_checked["owner"]), (&json!(OTHER_READER), &json!("platform")));
        assert!(not_checked["detail"].as_str().unwrap().contains(without), "{not_checked:#}");
        let lines = coverage(&aws, &checker).await;
        assert!(lines.contains(message), "{lines}");
    }
}

#[tokio::test]
async fn a_reader_that_cannot_be_assumed_is_named_and_the_run_is_not_complete() {
    let (mut world, checker) = two_accounts();
    world.role(Role::new(OTHER_READER));
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, INVENTORY).await;
    assert_eq!((&report["summary"]["jobs"], &report["run"]["complete"]), (&json!(1), &json!(false)));
    let refused = finding(&report, "assume-denied");
    assert_eq!((&refused["role"], &refused["owner"]), (&json!(OTHER_READER), &json!("platform")));
    assert_eq!(tags(&report)["folders"][1]["reason"], "reader-denied", "{:#}", tags(&report));
    let lines = coverage(&aws, &checker).await;
    assert!(lines.contains("its reader could not be assumed: access denied): 333333333333 /."), "{lines}");
}

#[tokio::test]
async fn throttled_calls_are_repeated_and_then_count_as_not_checked() {
    for action in ["ListRoles", "GetRole"] {
        let (world, checker) = two_accounts();
        let aws = StandIn::start(world).await;
        aws.script(Fault::on(action).times(2).then(refusal("throttled")));
        let report = check_once(&aws, &checker, INVENTORY).await;
        assert_eq!((&report["summary"]["jobs"], &report["run"]["complete"]), (&json!(2), &json!(true)), "{action}");

        aws.clear_script();
        aws.script(Fault::on(action).caller(OTHER_READER_SESSION).then(refusal("throttled")));
        let hasty = hasty_client(&aws, &checker).await;
        let report = crate::harness::check(&hasty, INVENTORY).await;
        assert_eq!((&report["summary"]["jobs"], &report["run"]["complete"]), (&json!(1), &json!(false)), "{action}");
        assert_eq!(finding(&report, "not-checked")["evidence"][2]["value"], "throttled", "{report:#}");
    }
}

const OTHER_READER_SESSION: &str =
    "arn:aws:sts::333333333333:assumed-role/credential-health-reader/credential-health-run-1";

#[tokio::test]
async fn a_role_that_is_deleted_between_the_calls_has_no_job_and_is_no_problem() {
    let (world, checker) = two_accounts();
    let aws = StandIn::start(world).await;
    let missing = Answer::error(404, "NoSuchEntity", "The role with name etl cannot be found.");
    aws.script(Fault::on("GetRole").target("etl").times(1).then(missing));
    let report = check_once(&aws, &checker, INVENTORY).await;
    assert_eq!((&report["summary"]["jobs"], &report["run"]["complete"]), (&json!(1), &json!(true)), "{report:#}");
    assert_eq!(ids(&report), [""; 0]);
}

#[tokio::test]
async fn a_path_without_a_role_is_named() {
    let (mut world, checker) = world();
    world.role(reader(READER)).role(reader(OTHER_READER)).role(tagged(OTHER, "length=30m source=ecs-task"));
    let lines = coverage(&StandIn::start(world).await, &checker).await;
    let named = "No role below (correct `path_prefix` in `discover` if that is wrong): 222222222222 /jobs/.";
    assert!(lines.contains(named), "{lines}");
}

#[tokio::test]
async fn problems_that_a_finding_leaves_out_are_counted() {
    let (mut world, checker) = two_accounts();
    let tags = (0..22).map(|number| format!("{KEY}job-{number}"));
    world.role(tags.fold(role(ETL), |role, key| role.tagged(key, "length=1 source=ecs-task")));
    let report = check_once(&StandIn::start(world).await, &checker, INVENTORY).await;
    let detail = finding(&report, "role-tag-invalid")["detail"].as_str().unwrap();
    assert!(detail.ends_with("; 2 more."), "{detail}");
}

#[tokio::test]
async fn a_list_that_is_not_read_to_its_end_is_not_used() {
    let truncated = "<ListRolesResponse><ListRolesResult><Roles></Roles><IsTruncated>true</IsTruncated>\
                     </ListRolesResult></ListRolesResponse>";
    let repeated = truncated.replace("</IsTruncated>", "</IsTruncated><Marker>again</Marker>");
    let elsewhere = Answer::altered("role/jobs/etl", "role/other/etl");
    for answer in [Answer::xml(200, truncated), Answer::xml(200, repeated), Answer::Html(200), elsewhere] {
        let (world, checker) = two_accounts();
        let aws = StandIn::start(world).await;
        aws.script(Fault::on("ListRoles").then(answer));
        let report = crate::harness::check(&hasty_client(&aws, &checker).await, INVENTORY).await;
        assert_eq!(report["run"]["complete"], false);
        assert_eq!(tags(&report)["folders"][0]["roles"], 0);
        assert!(!findings(&report, "not-checked").is_empty(), "{report:#}");
    }
}

#[tokio::test]
async fn a_wrong_tag_is_a_finding_of_its_owner_and_stops_no_other_job() {
    let (mut world, checker) = two_accounts();
    let wrong = tagged(ETL, "length=4 source=ecs-task owner=data").tagged(format!("{KEY}x"), "length=1h");
    world.role(wrong.tagged(format!("{KEY}good"), "length=10m source=ecs-task"));
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, INVENTORY).await;
    assert_eq!((&report["summary"]["jobs"], &report["run"]["complete"]), (&json!(2), &json!(false)), "{report:#}");
    let invalid = finding(&report, "role-tag-invalid");
    assert_eq!((&invalid["role"], &invalid["severity"]), (&json!(ETL), &json!("medium")));
    assert_eq!(invalid["owners"], json!(["data", "platform"]));
    let problems = [
        "tag credential-health:job/etl: length: `4` is a bare number",
        "tag credential-health:job/x: `source` is missing",
    ];
    assert_eq!(invalid["evidence"][0]["value"], json!(problems));

    let waiver = format!(
        "waivers: [{{finding: role-tag-invalid, role: \"{ETL}\", until: \"{}\", reason: old}}]\n",
        jiff::Zoned::now().date().tomorrow().unwrap()
    );
    let waived = check_once(&aws, &checker, &format!("{INVENTORY}{waiver}")).await;
    assert_eq!((&waived["summary"]["waived"], &waived["run"]["complete"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn a_file_goes_before_a_tag_and_the_report_says_so() {
    let (world, checker) = two_accounts();
    let aws = StandIn::start(world).await;
    let inventory = format!("{INVENTORY}jobs:\n  - {{name: etl, length: 20m, source: ecs-task, path: [\"{ETL}\"]}}\n");
    let ran = Cli::on(&inventory, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
    ran.assert_status(0);
    let report = ran.report();
    assert_eq!(job(&report, "etl")["verdict"], "covered");
    let overruled = &tags(&report)["overruled"];
    assert_eq!(overruled[0]["job"], "etl");
    assert_eq!((&overruled[0]["role"], &overruled[0]["by"]["file"]), (&json!(ETL), &json!("jobs.yaml")));
    let ran = Cli::on(&inventory, "check", &[]).asking(&aws, &checker).run().await;
    let shown = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!("Declared in a file, so the tag does not count: etl (jobs.yaml:9, not {ETL}).");
    assert!(shown.contains(&expected), "{}", ran.stdout);
}

/// Three teams, of which one tags its own role with whatever it can.
#[tokio::test]
async fn a_team_that_may_tag_its_role_changes_nothing_of_other_teams() {
    let (mut world, checker) = two_accounts();
    let attacker = "arn:aws:iam::333333333333:role/a-attacker";
    let stranger = "arn:aws:iam::444444444444:role/stranger";
    world.role(
        role(attacker)
            .tagged(format!("{KEY}etl"), "length=1m source=ecs-task")
            .tagged(format!("{KEY}blame"), "length=9h source=ecs-task owner=data")
            .tagged(format!("{KEY}reach"), format!("length=9h source=ecs-task via={stranger}"))
            .tagged(format!("{KEY}waive"), "length=9h source=ecs-task waiver=chain-caps-session"),
    );
    let aws = StandIn::start(world).await;
    let bound = format!(
        "{INVENTORY}sources: [{{from: data/, owner: data, roles: [\"arn:aws:iam::2222*\"]}}, \
         {{from: web/, owner: web, roles: [\"arn:aws:iam::3333*\"]}}]\n"
    );
    let report = check_once(&aws, &checker, &bound).await;
    assert_eq!(report["summary"]["jobs"], 3, "{report:#}");
    assert_eq!(job(&report, "etl")["verdict"], "lapses");
    assert_eq!(finding(&report, "chain-caps-session")["job"], "etl");
    let invalid = finding(&report, "role-tag-invalid");
    assert_eq!((&invalid["role"], &invalid["owners"]), (&json!(attacker), &json!(["platform"])));
    assert_eq!(invalid["evidence"][0]["value"].as_array().unwrap().len(), 4, "{invalid:#}");
    assert!(aws.calls().iter().all(|call| call.target() != Some(stranger)));
}

#[tokio::test]
async fn names_and_values_of_tags_are_shown_escaped() {
    let (mut world, checker) = two_accounts();
    let hostile = "a\u{202e}b\u{200b}<script>alert(1)</script>|`[x](http://x)=cmd";
    world.role(role(ETL).tagged(format!("{KEY}{hostile}"), "length=20m source=ecs-task owner=<b>"));
    world.role(tagged(OTHER, &format!("length=1\u{a0}h {hostile}=x owner=AKIAIOSFODNN7EXAMPLE")));
    let aws = StandIn::start(world).await;
    for form in ["text", "markdown", "html", "csv", "junit"] {
        let ran = Cli::on(INVENTORY, "check", &["--format", form]).asking(&aws, &checker).run().await;
        assert_all_is_seen(&ran.stdout.replace("\r\n", "\n"));
        let is_markup = ["html", "junit"].contains(&form);
        assert!(!is_markup || !ran.stdout.contains("<script>alert"), "{form}: {}", ran.stdout);
    }
    // As in JSON, the properties hold names as they are.
    let ran = Cli::on(INVENTORY, "check", &["--format", "sarif"]).asking(&aws, &checker).run().await;
    let results = &ran.report()["runs"][0]["results"];
    let [result] = &results.as_array().unwrap()[..] else { panic!("{results:#}") };
    assert_all_is_seen(result["message"]["text"].as_str().unwrap());
}

#[tokio::test]
async fn a_filter_selects_jobs_of_tags_and_an_unread_account_is_no_typing_error() {
    let (mut world, checker) = two_accounts();
    let aws = StandIn::start(world.clone()).await;
    let run = async |aws: &StandIn, job: &str| {
        let cli = Cli::on(INVENTORY, "check", &["--job", job]);
        cli.asking(aws, &checker).run().await
    };
    let ran = run(&aws, "upload").await;
    ran.assert_status(0);
    assert!(ran.stdout.contains("1 job"), "{}", ran.stdout);
    run(&aws, "uplaod").await.assert_status(2);
    world.role(reader(OTHER_READER).denies("iam:ListRoles", "*"));
    let ran = run(&StandIn::start(world).await, "upload").await;
    ran.assert_status(3);
    assert!(ran.stdout.contains("iam:ListRoles: access denied"), "{}", ran.stdout);
}

#[tokio::test]
async fn lint_says_that_it_reads_no_tags() {
    let ran = Cli::on(INVENTORY, "lint", &[]).run().await;
    ran.assert_status(0);
    let shown = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "Role tags not read (lint makes no AWS calls; `check` reads `discover`): 222222222222 /jobs/, \
                    333333333333 /.";
    assert!(shown.contains(expected), "{}", ran.stdout);
    let report = Cli::on(INVENTORY, "lint", &["--format", "json"]).run().await.report();
    assert_eq!(tags(&report)["folders"][0]["reason"], "offline");
}

#[tokio::test]
async fn a_run_without_any_tag_is_live_and_complete() {
    let (mut world, checker) = world();
    world.role(reader(READER)).role(reader(OTHER_READER));
    let aws = StandIn::start(world).await;
    let ran = Cli::on(INVENTORY, "check", &[]).asking(&aws, &checker).run().await;
    ran.assert_status(0);
    assert!(ran.stdout.contains("Role tags: 0 jobs in the tags of 1 role."), "{}", ran.stdout);
    assert!(!ran.stdout.contains("makes no AWS calls"), "{}", ran.stdout);
}

/// Without an answer to one call, the walk still has its half of the time.
#[tokio::test]
async fn an_account_without_an_answer_leaves_time_for_the_walk() {
    let (world, checker) = two_accounts();
    let aws = StandIn::start(world).await;
    aws.script(Fault::on("ListRoles").caller(OTHER_READER_SESSION).then(Answer::Hang));
    let client = client(&aws, &checker).await;
    let time = Some(std::time::Duration::from_secs(20));
    let outcome = Check { aws: &client, concurrency: 4, time, run_id: "run-1" }.of(INVENTORY).await;
    let report = serde_json::to_value(outcome.report).unwrap();
    assert_eq!(tags(&report)["folders"][1]["reason"], "out-of-time", "{:#}", tags(&report));
    assert_eq!((outcomes(&report, "etl"), &report["run"]["complete"]), (vec!["assumed"], &json!(false)));
}

/// The job of a tag that is not read, or wrong, would otherwise seem to be gone.
#[tokio::test]
async fn no_finding_is_resolved_while_its_tag_is_not_read_or_wrong() {
    let (mut world, checker) = two_accounts();
    world.bucket(Bucket::new("company-state", REGION));
    let aws = StandIn::start(world).await;
    let settings = [("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://company-state/state.json")];
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &settings).await;
    let resolved_by_a_run = async |number: u8| {
        let before = aws.messages(TOPIC).len();
        let mut event = event("scheduled.json");
        event["id"] = json!(format!("c3b1e0a4-5f7d-4e0b-9b57-{number:012}"));
        lambda.invoke(&event).await.unwrap();
        let bodies = aws.messages(TOPIC).into_iter().skip(before);
        let bodies = bodies.map(|message| serde_json::from_str::<Value>(message.text("sqs")).unwrap());
        let resolved = bodies.flat_map(|body| body["changes"]["resolved"].as_array().cloned().unwrap_or_default());
        resolved.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(resolved_by_a_run(1).await, [""; 0]);
    assert_eq!(aws.messages(TOPIC).len(), 1, "chain-caps-session of etl");
    for role in [reader(READER).denies("iam:ListRoles", "*"), reader(READER).denies("iam:GetRole", "*")] {
        aws.world(|world| _ = world.role(role));
        assert_eq!(resolved_by_a_run(2).await, [""; 0]);
    }
    aws.world(|world| _ = world.role(reader(READER)).role(tagged(ETL, "length=4 source=ecs-task owner=data")));
    assert!(!resolved_by_a_run(3).await.contains(&"chain-caps-session".to_owned()));
    aws.world(|world| _ = world.role(tagged(ETL, "length=20m source=ecs-task owner=data")));
    assert!(resolved_by_a_run(4).await.contains(&"chain-caps-session".to_owned()));
}

/// The guide's example, with the roles that it describes.
#[tokio::test]
async fn the_guide_shows_the_output_of_its_example() {
    let path = format!("{}/docs/role-tags.md", crate::harness::ROOT);
    let page = std::fs::read_to_string(&path).unwrap();
    let block = |language: &str| {
        let fence = format!("```{language}\n");
        let from = page.find(&fence).unwrap() + fence.len();
        (from, from + page[from..].find("```").unwrap())
    };
    let (from, to) = block("yaml");
    let inventory: Vec<&str> = page[from..to].lines().map(|line| line.strip_prefix("   ").unwrap_or(line)).collect();
    let (mut world, checker) = world();
    world.role(reader(READER)).role(reader("arn:aws:iam::111111111111:role/credential-health-reader"));
    world.role(role(HUB).may_assume("*"));
    let etl = role(ETL)
        .trusts(HUB)
        .tagged(format!("{KEY}nightly-etl"), "length=4h source=ecs-task refresh=auto owner=data via=hub");
    world.role(etl);
    world.role(tagged("arn:aws:iam::222222222222:role/jobs/backup", "length=2h source=ecs-task owner=data"));
    world.role(tagged("arn:aws:iam::222222222222:role/jobs/report", "length=1 source=ecs-task owner=web"));
    let aws = StandIn::start(world).await;
    let ran = Cli::on(&(inventory.join("\n") + "\n"), "check", &[]).asking(&aws, &checker).run().await;
    let ran_for = |line: &&str| !line.starts_with("Run ");
    let shown: Vec<&str> = ran.stdout.lines().filter(ran_for).map(str::trim_end).collect();
    let output = format!("$ credential-health check --inventory platform.yaml\n{}\n", shown.join("\n"));
    let output = output.replace("jobs.yaml", "platform.yaml");
    let (from, to) = block("console");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{}{output}{}", &page[..from], &page[to..])).unwrap();
    } else {
        assert_eq!(page[from..to], output, "run UPDATE_DOCS=1 cargo test --workspace role_tags");
    }
}
