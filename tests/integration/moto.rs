//! The command and the handler against `moto_server`, an independent implementation of the STS, IAM, SNS and SQS
//! protocols. The tests read the messages back from a queue.
//!
//! moto 5.2 differs from AWS in these points, so only the stand-in tests them:
//! - It issues a session of any role to any caller. It ignores signatures, trust policies, external IDs and session
//!   policies, and does not check that the role exists. Only a reader reports a deleted role.
//! - It applies no limits: neither the role's MaxSessionDuration, nor one hour for a chained role, nor 900 s to 12 h.
//! - It separates accounts by the key of the session, so a call for a role in another account shows which session made
//!   it.
//! - It delivers message attributes of structured messages, which SNS leaves out.
//! - It delivers each message immediately and once. Its Date header is right, and it never throttles.

mod role_tags;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::Credentials;
use credential_health::aws::Aws;
use credential_health::lambda::{Function, Invocation};
use credential_health::settings::Settings;
use serde_json::{Value, json};

use super::emulator::{RESULT, SESSIONS_FROM, event, event_of_sessions, events, in_short};
use super::servers::{Emulator, Moto};
use crate::harness::{finding, job, role_of};

const REGION: &str = "eu-west-1";

/// An invocation now, with a minute of time.
fn invocation(id: &str) -> Invocation {
    let (request_id, at) = (id.to_owned(), jiff::Timestamp::now());
    Invocation { request_id, remaining: Duration::from_secs(60), at, caller: None }
}

/// The settings of a client of moto with these credentials.
async fn client(credentials: Credentials) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(Moto::shared().url())
        .region(Region::new(REGION))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(credentials)
        .load()
        .await
}

/// A session in an account. moto issues it to any caller.
async fn session_in(account: &str) -> Credentials {
    let nobody = Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "nobody");
    let answer = aws_sdk_sts::Client::new(&client(nobody).await)
        .assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/credential-health"))
        .role_session_name("test")
        .send()
        .await
        .unwrap();
    let given = answer.credentials.unwrap();
    Credentials::new(given.access_key_id, given.secret_access_key, Some(given.session_token), None, "moto")
}

async fn create_role(account: &str, path: &str, name: &str, max_session: i32) {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ]});
    let iam = aws_sdk_iam::Client::new(&client(session_in(account).await).await);
    let request = iam.create_role().path(path).role_name(name).max_session_duration(max_session);
    request.assume_role_policy_document(trust.to_string()).send().await.unwrap();
}

/// A company with four accounts in moto, with a topic and a subscribed queue. Each test has a separate company.
struct Company {
    checker: Credentials,
    /// The accounts of the checker, the hub, the data and the deleted role.
    accounts: [String; 4],
    topic: String,
    queue: String,
    inventory: tempfile::NamedTempFile,
}

impl Company {
    async fn found(number: u8) -> Company {
        let accounts = [1, 2, 3, 4].map(|account| format!("{number}0000000000{account}"));
        let [own, hub, data, lost] = &accounts;
        create_role(hub, "/pipeline/", "hub", 3600).await;
        create_role(hub, "/", "deploy", 21_600).await;
        create_role(data, "/", "etl", 43_200).await;
        create_role(data, "/", "backup", 3600).await;
        create_role(lost, "/", "credential-health-reader", 3600).await;

        let checker = session_in(own).await;
        let sns = aws_sdk_sns::Client::new(&client(checker.clone()).await);
        let topic = sns.create_topic().name("credential-health").send().await.unwrap().topic_arn.unwrap();
        let made = json!({"QueueName": "findings"});
        let made = Moto::shared().call_json("sqs", "AmazonSQS.CreateQueue", checker.access_key_id(), made).await;
        let queue_arn = format!("arn:aws:sqs:{REGION}:{own}:findings");
        sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(queue_arn).send().await.unwrap();

        let inventory = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        let text = format!(
            r#"
version: 1
readers:
  "{lost}": arn:aws:iam::{lost}:role/credential-health-reader
roles:
  hub: {{arn: "arn:aws:iam::{hub}:role/pipeline/hub"}}
  etl: {{arn: "arn:aws:iam::{data}:role/etl"}}
  deploy: {{arn: "arn:aws:iam::{hub}:role/deploy", max_session_duration: 1h}}
  backup: {{arn: "arn:aws:iam::{data}:role/backup"}}
  gone: {{arn: "arn:aws:iam::{lost}:role/gone"}}
jobs:
  - {{name: nightly-etl, owner: data, length: 4h, source: iam-user, path: [hub, etl]}}
  - {{name: release, owner: platform, length: 3h, source: iam-user, path: [{{role: deploy, duration: 4h}}]}}
  - {{name: backup, owner: data, length: 30m, source: iam-user, path: [{{role: backup, duration: 2h}}]}}
  - {{name: failover, owner: platform, length: 30m, source: iam-user, path: [gone]}}
"#
        );
        std::fs::write(&inventory, text).unwrap();
        Company { checker, topic, queue: made["QueueUrl"].as_str().unwrap().to_owned(), inventory, accounts }
    }

    /// Runs the real command as the checker. Returns exit status and report.
    fn command(&self, arguments: &[&str]) -> (i32, Value) {
        let output = Command::new(crate::harness::COMMAND)
            .args(["check", "--format", "json", "--inventory"])
            .arg(self.inventory.path())
            .args(arguments)
            .env_clear()
            .env("AWS_ENDPOINT_URL", Moto::shared().url())
            .env("AWS_REGION", REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", self.checker.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", self.checker.secret_access_key())
            .env("AWS_SESSION_TOKEN", self.checker.session_token().unwrap())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The function under AWS's emulator as the checker, with this topic.
    fn emulator(&self) -> Emulator {
        let inventory = self.inventory.path().to_str().unwrap();
        let environment = [
            ("AWS_ENDPOINT_URL", Moto::shared().url()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", self.checker.access_key_id().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", self.checker.secret_access_key().to_owned()),
            ("AWS_SESSION_TOKEN", self.checker.session_token().unwrap().to_owned()),
            ("INVENTORY", inventory.to_owned()),
            ("TOPIC_ARN", self.topic.clone()),
            ("SESSIONS_FROM", SESSIONS_FROM.to_owned()),
        ];
        Emulator::start(&environment)
    }

    /// The function's handler as the checker, with this topic.
    async fn function(&self) -> Function {
        self.function_with(None).await
    }

    /// The handler with this destination alone.
    async fn function_to(&self, setting: &str, arn: &str) -> Function {
        let settings = Settings::read(|name| match name {
            "INVENTORY" => self.inventory.path().to_str().map(str::to_owned),
            name => (name == setting).then(|| arn.to_owned()),
        });
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(Moto::shared().url())
            .region(Region::new(REGION))
            .credentials_provider(self.checker.clone());
        Function::new(settings.unwrap(), Aws::load(loader).await, |_| {})
    }

    /// The same handler with the state at this URI.
    async fn function_with(&self, state: Option<&str>) -> Function {
        self.function_of(self.inventory.path().to_str().unwrap(), state).await
    }

    /// The same handler with the inventory of these sources.
    async fn function_of(&self, inventory: &str, state: Option<&str>) -> Function {
        let settings = Settings::read(|name| match name {
            "INVENTORY" => Some(inventory.to_owned()),
            "TOPIC_ARN" => Some(self.topic.clone()),
            "STATE_URI" => state.map(str::to_owned),
            _ => None,
        });
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(Moto::shared().url())
            .region(Region::new(REGION))
            .credentials_provider(self.checker.clone());
        Function::new(settings.unwrap(), Aws::load(loader).await, |_| {})
    }

    /// Takes the messages of the queue: the envelopes of SNS, by subject.
    async fn received(&self) -> Vec<Value> {
        let moto = Moto::shared();
        let mut envelopes = Vec::new();
        loop {
            let ask = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0});
            let key = self.checker.access_key_id();
            let answer = moto.call_json("sqs", "AmazonSQS.ReceiveMessage", key, ask).await;
            let Some(messages) = answer["Messages"].as_array().filter(|messages| !messages.is_empty()) else { break };
            envelopes.extend(messages.iter().map(|message| parse(&message["Body"])));
        }
        envelopes.sort_by_key(|envelope| envelope["Subject"].to_string());
        envelopes
    }
}

/// The JSON that a text holds.
fn parse(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_command_judges_by_the_maximums_that_iam_returns() {
    let company = Company::found(1).await;
    let [_, hub, data, _] = &company.accounts;
    let (status, report) = company.command(&[]);
    assert_eq!(status, 1);

    for (role, max) in [
        (format!("arn:aws:iam::{hub}:role/pipeline/hub"), 3600),
        (format!("arn:aws:iam::{hub}:role/deploy"), 21_600),
        (format!("arn:aws:iam::{data}:role/etl"), 43_200),
        (format!("arn:aws:iam::{data}:role/backup"), 3600),
    ] {
        let role = role_of(&report, &role);
        assert_eq!(role["max_session_duration_seconds"], max, "{role}");
        assert_eq!(role["max_session_duration_from"], "iam", "{role}");
    }
    // With the declared hour it would be rejected. The live maximum of six hours allows the requested four.
    assert_eq!(job(&report, "release")["verdict"], "covered");
    assert_eq!(finding(&report, "max-session-drift")["role"], format!("arn:aws:iam::{hub}:role/deploy"));
    assert_eq!(job(&report, "backup")["verdict"], "rejected");
    assert_eq!(finding(&report, "duration-above-max-session")["job"], "backup");
    assert!(company.received().await.is_empty(), "without --publish, no message is published");
}

#[tokio::test]
async fn a_chained_path_is_walked_with_the_session_of_the_previous_hop() {
    let company = Company::found(2).await;
    let (status, report) = company.command(&["--job", "nightly-etl"]);
    assert_eq!(status, 1);
    let job = job(&report, "nightly-etl");
    assert_eq!((&job["walk"], &job["verdict"]), (&json!("walked"), &json!("lapses")));
    assert_eq!(finding(&report, "chain-caps-session")["hop"], 1);
    // In moto, this role exists only in the account of the second hop, so the session of that hop asked.
    assert_eq!(report["roles"][1]["max_session_duration_seconds"], 43_200, "{report}");
    assert_eq!(report["run"]["complete"], true);
}

#[tokio::test]
async fn a_deleted_role_is_reported_through_the_reader_of_its_account() {
    let company = Company::found(3).await;
    let (status, report) = company.command(&["--job", "failover"]);
    assert_eq!(status, 1);
    let missing = finding(&report, "role-missing");
    let lost = &company.accounts[3];
    assert_eq!(missing["role"], format!("arn:aws:iam::{lost}:role/gone"));
    let evidence = missing["evidence"].to_string();
    assert!(evidence.contains("NoSuchEntity"), "{evidence}");
    assert!(evidence.contains(&format!("arn:aws:sts::{lost}:assumed-role/credential-health-reader/")), "{evidence}");
}

#[tokio::test]
async fn each_owner_gets_one_message_in_the_queue_from_the_command() {
    let company = Company::found(4).await;
    let (status, report) = company.command(&["--publish", &company.topic]);
    assert_eq!(status, 1);
    assert_one_message_for_each_owner(&company, &report).await;
}

#[tokio::test]
async fn each_owner_gets_one_message_in_the_queue_from_the_handler_and_none_from_its_retry() {
    let company = Company::found(5).await;
    let function = company.function().await;
    let event = std::fs::read_to_string(Path::new(crate::harness::ROOT).join("events/scheduled.json")).unwrap();
    let event = serde_json::from_str(&event).unwrap();
    let invocation = invocation("request");
    let answer = function.handle(&event, &invocation).await.unwrap();
    assert_one_message_for_each_owner(&company, &serde_json::to_value(answer).unwrap()).await;

    function.handle(&event, &invocation).await.unwrap();
    assert!(company.received().await.is_empty());
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn every_example_event_is_answered_in_the_emulator_and_its_findings_reach_the_queue() {
    let company = Company::found(6).await;
    let (bucket, key) = event_of_sessions();
    let s3 = aws_sdk_s3::Client::new(&client(company.checker.clone()).await);
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(REGION.into()).build();
    s3.create_bucket().bucket(&bucket).create_bucket_configuration(place).send().await.unwrap();
    s3.put_object().bucket(bucket).key(key).body(RESULT.as_bytes().to_vec().into()).send().await.unwrap();
    let mut function = company.emulator();
    let mut transcript = String::new();
    for name in events() {
        let (status, answer) = function.invoke(&event(&name)).await;
        assert_eq!(status, 200, "{name}: {answer}");
        transcript.push_str(&format!("{name}\n  {}\n", in_short(&serde_json::from_str(&answer).unwrap())));
        for envelope in company.received().await {
            transcript.push_str(&format!("  in the queue: {}\n", envelope["Subject"].as_str().unwrap()));
        }
    }
    insta::assert_snapshot!(transcript, @r"
    cloudtrail-expired-token.json
      cloudtrail run, complete, 0 jobs
      in the queue: arn:aws:sts::222222222222:assumed-role/etl/nightly-etl called AWS with expired credent... (unowned)
    cloudtrail-other-error.json
      ignored: the CloudTrail event's error is AccessDenied, not one of expired credentials
    manual-filtered.json
      manual run, complete, 1 jobs: summary only
    manual-inventory.json
      manual run, complete, 1 jobs: nightly-etl lapses
    manual.json
      manual run, complete, 4 jobs: nightly-etl lapses, release covered, backup rejected, failover covered
      in the queue: backup cannot start; 2 more; manual run (data)
      in the queue: gone does not exist in account 600000000004; 2 more; manual run (platform)
    scheduled.json
      schedule run, complete, 4 jobs: nightly-etl lapses, release covered, backup rejected, failover covered
      in the queue: backup cannot start; 2 more (data)
      in the queue: gone does not exist in account 600000000004; 2 more (platform)
    scheduler.json
      schedule run, complete, 4 jobs: nightly-etl lapses, release covered, backup rejected, failover covered
      in the queue: backup cannot start; 2 more (data)
      in the queue: gone does not exist in account 600000000004; 2 more (platform)
    sessions.json
      manual run, complete, 4 jobs: nightly-etl lapses, release rejected, backup unknown, failover covered
      in the queue: STS refused the duration of requests for arn:aws:iam::222222222222...; 2 more; manual run (unowned)
    widget-describe.json
      Markdown: ## Jobs and their credentials
    widget.json
      HTML: nightly-etl
    ");
}

/// moto 5.2 refuses events for a bus that does not exist; EventBridge accepts and loses them (aws/aws-cli#9186).
#[tokio::test]
async fn a_rule_of_the_bus_routes_the_events_of_one_kind_to_a_queue() {
    let company = Company::found(8).await;
    let key = company.checker.access_key_id();
    let moto = Moto::shared();
    let call =
        async |target: &str, body: Value| moto.call_json("events", &format!("AWSEvents.{target}"), key, body).await;
    let bus = call("CreateEventBus", json!({"Name": "findings"})).await["EventBusArn"].as_str().unwrap().to_owned();
    let pattern = json!({
        "source": ["credential-health"],
        "detail": {"change": ["open"], "finding": {"id": ["max-session-drift", "duration-above-max-session"]}},
    });
    let rule = json!({"Name": "one", "EventBusName": "findings", "EventPattern": pattern.to_string()});
    call("PutRule", rule).await;
    let queue = format!("arn:aws:sqs:{REGION}:{}:findings", company.accounts[0]);
    let targets = json!([{"Id": "queue", "Arn": queue}]);
    call("PutTargets", json!({"Rule": "one", "EventBusName": "findings", "Targets": targets})).await;

    let event = std::fs::read_to_string(Path::new(crate::harness::ROOT).join("events/scheduled.json")).unwrap();
    let event = serde_json::from_str(&event).unwrap();
    let run = async |bus: &str| {
        let invocation = invocation("request");
        company.function_to("EVENT_BUS", bus).await.handle(&event, &invocation).await
    };
    let report = serde_json::to_value(run(&bus).await.unwrap()).unwrap();
    let of_rule = |id: &str| ["max-session-drift", "duration-above-max-session"].contains(&id);
    let mut wanted: Vec<&Value> = report["findings"].as_array().unwrap().iter().collect();
    wanted.retain(|finding| of_rule(finding["id"].as_str().unwrap()));
    let received = company.received().await;
    let mut found: Vec<&Value> = received.iter().map(|event| &event["detail"]["finding"]).collect();
    let by = |finding: &&Value| finding["fingerprint"].to_string();
    wanted.sort_by_key(by);
    found.sort_by_key(by);
    assert!(!wanted.is_empty());
    assert_eq!(found, wanted, "the findings as in the report, by the rule alone");
    assert!(received.iter().all(|event| event["detail-type"] == "Credential Health Finding"), "{received:#?}");

    let failed = run(&bus.replace("findings", "missing")).await.unwrap_err();
    assert!(failed.error_message.contains("ResourceNotFoundException"), "{}", failed.error_message);
}

/// moto 5.2 applies `If-Match` and `If-None-Match` of PutObject as S3 does. It refuses no caller and ignores the
/// Region.
#[tokio::test]
async fn the_state_object_is_replaced_only_by_the_run_that_read_it() {
    let company = Company::found(7).await;
    let s3 = aws_sdk_s3::Client::new(&client(company.checker.clone()).await);
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(REGION.into()).build();
    s3.create_bucket().bucket("company-state").create_bucket_configuration(place).send().await.unwrap();
    let put = |text: &'static str| {
        s3.put_object().bucket("company-state").key("health/state.json").body(text.as_bytes().to_vec().into()).send()
    };
    let uri = Some("s3://company-state/health/state.json");
    let run = async |id: &str| {
        let invocation = invocation(id);
        company.function_with(uri).await.handle(&json!({}), &invocation).await.map(|_| ())
    };
    let states = |received: &[Value]| -> Vec<String> {
        received
            .iter()
            .map(|envelope| parse(&envelope["Message"])["changes"]["state"].as_str().unwrap().to_owned())
            .collect()
    };
    run("first").await.unwrap();
    assert_eq!(states(&company.received().await), ["new", "new"], "one for each owner");
    run("second").await.unwrap();
    assert!(company.received().await.is_empty(), "an unchanged run publishes no message");
    put("{ broken").await.unwrap();
    run("third").await.unwrap();
    assert_eq!(states(&company.received().await), ["lost", "lost"]);
    s3.delete_object().bucket("company-state").key("health/state.json").send().await.unwrap();
    let (one, other) = tokio::join!(run("fourth"), run("fifth"));
    one.unwrap();
    other.unwrap();
    assert!((2..=4).contains(&company.received().await.len()));
    let object = s3.get_object().bucket("company-state").key("health/state.json").send().await.unwrap();
    let kept: Value = serde_json::from_slice(&object.body.collect().await.unwrap().into_bytes()).unwrap();
    assert_eq!(kept["open"].as_object().unwrap().len(), 6, "{kept:#}");
    run("sixth").await.unwrap();
    assert!(company.received().await.is_empty());
}

/// One message for each owner with findings. Subject, body and attributes agree with the report.
async fn assert_one_message_for_each_owner(company: &Company, report: &Value) {
    let received = company.received().await;
    let subjects: Vec<_> = received.iter().map(|envelope| envelope["Subject"].as_str().unwrap()).collect();
    let expected = [
        "backup cannot start; 2 more (data)".to_owned(),
        format!("gone does not exist in account {}; 2 more (platform)", company.accounts[3]),
    ];
    assert_eq!(subjects, expected);
    for envelope in &received {
        assert_eq!(envelope["TopicArn"], company.topic);
        let body = parse(&envelope["Message"]);
        let owner = body["owner"].as_str().unwrap();
        let of_owner = report["findings"].as_array().unwrap().iter().filter(|finding| finding["owner"] == owner);
        assert_eq!(body["details"], of_owner.cloned().collect::<Value>(), "{owner}");
        assert_eq!(body["run"]["id"], report["run"]["id"]);
        assert_eq!(body["truncated"], false);

        let attribute = |name: &str| &envelope["MessageAttributes"][name];
        for name in ["severity", "owner"] {
            assert_eq!(attribute(name), &json!({"Type": "String", "Value": body[name]}));
        }
        assert_eq!(attribute("complete"), &json!({"Type": "String", "Value": "true"}));
        assert_eq!(attribute("schema_version"), &json!({"Type": "String", "Value": "1"}));
        for name in ["findings", "accounts"] {
            assert_eq!(attribute(name)["Type"], "String.Array");
            assert_eq!(parse(&attribute(name)["Value"]), body[name]);
        }
    }
}

#[tokio::test]
async fn a_change_of_a_job_in_s3_is_seen_by_the_next_run_of_the_same_function() {
    let company = Company::found(7).await;
    let hub = &company.accounts[1];
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&client(company.checker.clone()).await).force_path_style(true).build(),
    );
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1);
    s3.create_bucket().bucket("inventory-7").create_bucket_configuration(place.build()).send().await.unwrap();
    let put = async |key: &str, text: String| {
        s3.put_object().bucket("inventory-7").key(key).body(text.into_bytes().into()).send().await.unwrap();
    };
    let text = |length: &str| {
        let path = format!("[\"arn:aws:iam::{hub}:role/deploy\"]");
        format!("version: 1\njobs: [{{name: deploy, owner: data, length: {length}, source: iam-user, path: {path}}}]\n")
    };
    put("teams/platform.yaml", "version: 1\ndefaults: {owner: platform}\n".to_owned()).await;
    put("teams/data \u{b}+ä.yaml", text("30m")).await;
    let parameter =
        json!({"Name": "/inventory-7/web", "Type": "String", "Value": text("30m").replace("deploy,", "web,")});
    let ssm = async |input: Value| {
        Moto::shared().call_json("ssm", "AmazonSSM.PutParameter", company.checker.access_key_id(), input).await
    };
    ssm(parameter.clone()).await;

    let function = company.function_of("s3://inventory-7/teams/,ssm:/inventory-7", None).await;
    let run = async |id: &str| {
        let invocation = invocation(id);
        let answer = function.handle(&json!({"notify": "never"}), &invocation).await.unwrap();
        serde_json::to_value(answer).unwrap()
    };
    let first = run("first").await;
    assert_eq!(
        (&job(&first, "deploy")["verdict"], &job(&first, "web")["verdict"]),
        (&json!("covered"), &json!("covered")),
        "{first:#}"
    );
    put("teams/data \u{b}+ä.yaml", text("2h")).await;
    let mut changed = parameter;
    changed["Value"] = json!(text("3h").replace("deploy,", "web,"));
    changed["Overwrite"] = json!(true);
    ssm(changed).await;
    let second = run("second").await;
    assert_eq!(
        (&job(&second, "deploy")["verdict"], &job(&second, "web")["verdict"]),
        (&json!("lapses"), &json!("lapses")),
        "{second:#}"
    );
    let files = |report: &Value| report["run"]["inventory_files"].clone();
    assert_eq!(files(&first)[1], files(&second)[1], "platform.yaml has not changed");
    assert_ne!(files(&first)[0]["etag"], files(&second)[0]["etag"]);
    assert_eq!((&files(&first)[2]["version"], &files(&second)[2]["version"]), (&json!(1), &json!(2)));
}
