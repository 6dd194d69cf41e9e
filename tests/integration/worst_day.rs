//! Faults that an attack on the product found, each over real HTTP or in AWS's emulator: what lost a finding, called an
//! unchecked role healthy, or showed a secret.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::emulator::Running;
use crate::harness::{
    Cli, INVENTORY, Lambda, ROOT, TOPIC, account, assert_no_credential, event, findings, hasty_client, role, world,
};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, Role, StandIn};

// --- Events ---

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn json_that_no_tree_can_hold_is_a_bad_event() {
    let mut function = Running::start(&[]).await;
    let deep = format!("{}1{}", "[".repeat(130), "]".repeat(130));
    let large = json!({ "jobs": ["x".repeat(2 * 1024 * 1024)] }).to_string();
    for event in [r#"{"n":1e999}"#, r#"{"\ud800":1}"#, r#"{"jobs":["\udfff"]}"#, &deep, &large, "[]", "7", "null"] {
        let answer = function.invoke(event).await;
        assert_eq!(answer["errorType"], "BadEvent", "{event:.40}: {answer}");
        assert!(answer["errorMessage"].as_str().unwrap().len() < 500, "{answer}");
    }
    assert!(function.aws.calls().is_empty());
}

#[tokio::test]
async fn an_invoker_cannot_choose_the_name_of_the_checkers_sessions() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    let chosen = json!({ "detail-type": "Scheduled Event", "source": "aws.events", "id": "admin-break-glass" });
    let inventory = json!({ "inventory": { "version": 1,
        "roles": { "hub": { "arn": "arn:aws:iam::111111111111:role/pipeline/hub", "session_name": "admin",
            "source_identity": "admin" } },
        "jobs": [{ "name": "j", "length": "1h", "source": "ecs-task", "path": ["hub"] }] } });
    for event in [chosen, inventory] {
        lambda.invoke(&event).await.unwrap();
    }
    for call in aws.calls_of("AssumeRole") {
        assert_eq!(call.param("RoleSessionName"), Some("credential-health-request-1"));
        assert_eq!(call.param("SourceIdentity"), None);
    }
    // The id of an event of EventBridge traces the session to the run.
    let scheduled = event("scheduled.json");
    lambda.invoke(&scheduled).await.unwrap();
    let name = format!("credential-health-{}", scheduled["id"].as_str().unwrap());
    assert!(aws.calls_of("AssumeRole").iter().any(|call| call.param("RoleSessionName") == Some(&name)));
}

/// Whoever may invoke the function writes an event of any text. None of it reaches the subscribers.
#[tokio::test]
async fn no_text_of_a_forged_event_is_published() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[("TOPIC_ARN", TOPIC)]).await;
    let forged = "FORGED: call +1 555 0100 at once";
    let mut scheduled = event("scheduled.json");
    scheduled["id"] = json!(forged);
    let mut expired = event("cloudtrail-expired-token.json");
    expired["id"] = json!(forged);
    for path in ["/userIdentity/arn", "/eventSource", "/eventName", "/eventTime", "/eventID"] {
        *expired.pointer_mut(&format!("/detail{path}")).unwrap() = json!(forged);
    }
    let mut no_arn = event("cloudtrail-expired-token.json");
    no_arn["detail"]["userIdentity"]["arn"] = json!(format!("arn:aws:sts::222222222222:assumed-role/etl/{forged}"));
    let mut more = event("cloudtrail-expired-token.json");
    more["detail"]["eventTime"] = json!("2026-11-23T03:04:11Z FORGED");
    for forged in [&scheduled, &expired, &no_arn, &more] {
        let report = lambda.invoke(forged).await.unwrap();
        assert!(!report.to_string().contains("FORGED"), "{report}");
    }
    let messages = aws.messages(TOPIC);
    assert!(messages.len() >= 4 && !format!("{messages:?}").contains("FORGED"), "{messages:#?}");
    // What AWS writes is shown.
    let mut real = event("cloudtrail-expired-token.json");
    real["id"] = json!("0c2b7a1e-5f7d-4e0b-9b57-0f6a7d2c8e19");
    lambda.invoke(&real).await.unwrap();
    let last = format!("{:?}", aws.messages(TOPIC).last());
    for shown in ["assumed-role/etl/nightly-etl", "glue.amazonaws.com:StartJobRun", "2026-11-23T03:04:11Z"] {
        assert!(last.contains(shown), "{last}");
    }
}

#[tokio::test]
async fn a_message_id_of_blanks_is_no_success() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[("TOPIC_ARN", TOPIC)]).await;
    let blank = "<PublishResponse><PublishResult><MessageId> \n</MessageId></PublishResult></PublishResponse>";
    aws.script(Fault::on("Publish").then(Answer::xml(200, blank)));
    let failed = lambda.invoke(&event("scheduled.json")).await.unwrap_err();
    assert_eq!(failed.error_type, "NotPublished", "{}", failed.error_message);
}

// --- Secrets ---

/// The forms in which a refusal, a proxy or an echo can quote what was sent to it.
fn quotes(credentials: &Credentials) -> Vec<String> {
    let mut quotes = Vec::new();
    for secret in [&credentials.secret_access_key, credentials.session_token.as_ref().unwrap()] {
        quotes.push(format!("X-Amz-Security-Token: {secret} is not valid"));
        quotes.push(format!("{{\"token\": \"{secret}\"}}"));
        quotes.push(secret.clone());
        quotes.push(format!("part {}", &secret[8..]));
        quotes.push(secret.replace('/', "%2F").replace('+', "%2B"));
        quotes.push(format!("{}{secret}", "m".repeat(900)));
    }
    quotes
}

#[tokio::test]
async fn no_refusal_that_quotes_a_held_secret_shows_it() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[("TOPIC_ARN", TOPIC)]).await;
    for quote in quotes(&checker) {
        for action in ["GetCallerIdentity", "AssumeRole", "GetRole", "Publish"] {
            aws.clear_script();
            aws.script(Fault::on(action).then(Answer::error(403, "AccessDenied", &quote)));
            // The harness searches answers and messages for every secret of the stand-in.
            let _ = lambda.invoke(&event("scheduled.json")).await;
            let ran = Cli::on(INVENTORY, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
            assert!(ran.stdout.contains("run"), "{}", ran.stderr);
            assert_no_credential(&format!("{:?}", aws.messages(TOPIC)));
        }
    }
}

// --- Upgrade ---

/// A state that version 0.1.0 wrote, of these jobs and the answers of this world.
#[tokio::test]
async fn after_an_upgrade_from_the_first_version_only_what_differs_is_published() {
    let (mut world, checker) = world();
    world.role(role("arn:aws:iam::222222222222:role/etl"));
    world.role(Role::new("arn:aws:iam::222222222222:role/denied"));
    world.role(Role::new("arn:aws:iam::333333333333:role/shared-denied"));
    world.bucket(Bucket::new("company-state", "eu-west-1"));
    let read = |name: &str| std::fs::read_to_string(Path::new(ROOT).join("tests/fixtures/upgrade").join(name)).unwrap();
    world.set_object("company-state", "state.json", Some(&read("state-0.1.0.json")));
    let aws = StandIn::start(world).await;
    let settings = [("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://company-state/state.json")];
    let lambda = Lambda::new(&aws, &checker, &read("jobs.yaml"), &settings).await;
    let report = lambda.invoke_at("2026-11-24T06:00:00Z".parse().unwrap(), "1", &json!({})).await.unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 11);
    let told: BTreeSet<(String, [usize; 3])> = aws
        .messages(TOPIC)
        .iter()
        .map(|message| {
            let body: Value = serde_json::from_str(message.text("sqs")).unwrap();
            let changes = &body["changes"];
            let count = |key: &str| changes[key].as_array().unwrap().len();
            (message.attributes["owner"].value.clone(), ["new", "changed", "resolved"].map(count))
        })
        .collect();
    // A verdict that was `unknown`, and a role of two owners that was `unowned`.
    let expected = [("data", [1, 1, 1]), ("unowned", [0, 0, 1]), ("web", [0, 1, 0])];
    assert_eq!(told, expected.map(|(owner, counts)| (owner.to_owned(), counts)).into());
    let before = aws.messages(TOPIC).len();
    lambda.invoke_at("2026-11-25T06:00:00Z".parse().unwrap(), "2", &json!({})).await.unwrap();
    assert_eq!(aws.messages(TOPIC).len(), before, "the next run publishes nothing");
}

// --- What was not checked ---

#[tokio::test]
async fn every_call_refused_for_another_reason_than_access_is_incomplete() {
    let (aws, checker) = account().await;
    let codes = [
        "PackedPolicyTooLarge",
        "MalformedPolicyDocument",
        "ValidationError",
        "IncompleteSignature",
        "OptInRequired",
        "SomethingNew",
        "BandwidthLimitExceeded",
        "TransactionInProgressException",
        "LimitExceededException",
    ];
    for code in codes {
        aws.clear_script();
        for action in ["GetCallerIdentity", "AssumeRole", "GetRole"] {
            aws.script(Fault::on(action).then(Answer::error(400, code, "no")));
        }
        let mut complete = BTreeSet::new();
        let lambda = Lambda::by(hasty_client(&aws, &checker).await, INVENTORY, &[]);
        complete.insert(lambda.invoke(&event("scheduled.json")).await.unwrap()["run"]["complete"].to_string());
        let check = Cli::on(INVENTORY, "check", &["--format", "json", "--fail-on", "none"]);
        let ran = check.env("AWS_MAX_ATTEMPTS", "1").asking(&aws, &checker).run().await;
        ran.assert_status(3);
        assert!(!findings(&ran.report(), "not-checked").is_empty(), "{code}");
        complete.insert(ran.report()["run"]["complete"].to_string());
        assert_eq!(complete, ["false".to_owned()].into(), "{code}");
    }
}
