//! The function and a result of the Athena query in S3: what it reports, to whom, and each way in which S3 can fail.

use std::collections::BTreeSet;
use std::time::Duration;

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;

use crate::emulator::{RESULT, SESSIONS_FROM};
use crate::harness::{
    INVENTORY, Lambda, Log, REGION, TOPIC, account, assert_no_credential_in_messages, event, hasty_client, ids,
    patient_client,
};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, StandIn};

const BUCKET: &str = "company-athena";
const KEY: &str = "credential-health/0c2b7a1e-5f7d-4e0b-9b57-0f6a7d2c8e19.csv";
const URI: &str = "s3://company-athena/credential-health/0c2b7a1e-5f7d-4e0b-9b57-0f6a7d2c8e19.csv";
const SETTINGS: &[(&str, &str)] = &[("TOPIC_ARN", TOPIC), ("SESSIONS_FROM", SESSIONS_FROM)];
/// A job with the path of the result's session, which declares less than the session was used.
const HUB_JOB: &str = "version: 1
jobs:
  - {name: hub, owner: data, length: 30m, source: iam-user, path: [\"arn:aws:iam::111111111111:role/pipeline/hub\"]}
  - {name: release, owner: platform, length: 2h, source: iam-user, path: [\"arn:aws:iam::222222222222:role/deploy\"]}
";

/// The account of the harness, with a bucket that holds this result.
async fn with_result(result: &[u8]) -> (StandIn, Credentials) {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bucket(Bucket::new(BUCKET, REGION));
        world.set_bytes(BUCKET, KEY, result);
    });
    (aws, checker)
}

async fn judged(aws: &StandIn, checker: &Credentials, settings: &[(&str, &str)]) -> Result<Value, Diagnostic> {
    Lambda::new(aws, checker, HUB_JOB, settings).await.invoke(&event("sessions.json")).await
}

/// The error of a request for this result.
async fn error(result: &[u8], settings: &[(&str, &str)]) -> String {
    let (aws, checker) = with_result(result).await;
    let failed = judged(&aws, &checker, settings).await.unwrap_err();
    assert!(aws.messages(TOPIC).is_empty());
    format!("{}: {}", failed.error_type, failed.error_message)
}

#[tokio::test]
async fn findings_about_sessions_reach_their_owners_and_no_role_is_checked() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    let report = judged(&aws, &checker, SETTINGS).await.unwrap();
    assert_eq!(ids(&report), ["duration-refused", "length-exceeded", "session-used-to-its-end"]);
    assert_eq!((&report["run"]["trigger"], &report["run"]["complete"]), (&json!("manual"), &json!(true)));
    let mut actions: Vec<String> = aws.calls().into_iter().map(|call| call.action).collect();
    actions.dedup();
    assert_eq!(actions, ["GetObject", "Publish"]);
    assert_no_credential_in_messages(&aws, TOPIC);
    let messages = aws.messages(TOPIC);
    let owners = messages.iter().map(|message| message.attributes["owner"].value.as_str());
    assert_eq!(owners.collect::<BTreeSet<&str>>(), ["data", "platform"].into());
    for message in &messages {
        assert!(message.text("email").contains(&format!("It judged the sessions in {URI}")), "{message:?}");
        let body: Value = serde_json::from_str(message.text("sqs")).unwrap();
        assert_eq!(body["manual"], json!({"caller": null, "inventory": "function", "sessions": URI}));
    }
}

/// Verdicts without AWS's answers would differ from those of the scheduled run.
#[tokio::test]
async fn a_run_of_sessions_reports_no_verdict_of_a_job() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, SETTINGS).await;
    let report = lambda.invoke(&json!({ "sessions": URI })).await.unwrap();
    // The jobs of this inventory have other paths, and two of them lapse.
    assert_eq!(ids(&report), ["duration-refused", "session-used-to-its-end", "path-undeclared"]);
    // A filter leaves the findings about the selected jobs.
    let filtered = lambda.invoke(&json!({ "sessions": URI, "jobs": ["tidy-up"] })).await.unwrap();
    assert_eq!(ids(&filtered), [""; 0]);
}

#[tokio::test]
async fn a_run_of_sessions_leaves_the_state_the_metrics_and_the_headrooms_alone() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    aws.world(|world| {
        world.bucket(Bucket::new("company-state", REGION));
    });
    let settings = [SETTINGS, &[("STATE_URI", "s3://company-state/state.json")]].concat();
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &settings).await;
    lambda.invoke_as("full", Duration::from_secs(60), &json!({})).await.unwrap();
    let state = aws.world(|world| world.object("company-state", "state.json")).unwrap();
    let sent = aws.messages(TOPIC).len();

    let log = Log::default();
    let sessions = json!({ "sessions": URI });
    let run = lambda.invoke_as("sessions", Duration::from_secs(60), &sessions);
    run.with_subscriber(log.subscriber("credential_health=info")).await.unwrap();
    assert!(aws.messages(TOPIC).len() > sent, "the findings are published");
    assert_eq!(aws.world(|world| world.object("company-state", "state.json")).unwrap(), state);
    assert!(log.about("headroom").is_empty());
    let [read] = &log.about("sessions")[..] else { panic!("{}", log.text()) };
    assert_eq!((&read["records"], &read["sessions"], &read["refused"]), (&json!(54), &json!(1), &json!(1)));
    assert_eq!((&read["uri"], &read["from"]), (&json!(URI), &json!("2026-11-28T00:00:00Z")));

    // The next full run resolves nothing and publishes nothing.
    let sent = aws.messages(TOPIC).len();
    lambda.invoke_as("full-2", Duration::from_secs(60), &json!({})).await.unwrap();
    assert_eq!(aws.messages(TOPIC).len(), sent);
}

#[tokio::test]
async fn only_results_below_the_folder_of_the_settings_are_read() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    for (from, uri, expected) in [
        (None, URI, "SESSIONS_FROM is not set"),
        (Some("s3://company-athena/other/"), URI, "not below s3://company-athena/other/"),
        (Some(SESSIONS_FROM), "s3://company-athena/credential-health-2/result.csv", "not below"),
        (Some(SESSIONS_FROM), "s3://company-state/credential-health/result.csv", "not below"),
        (Some(SESSIONS_FROM), "s3://company-athena/credential-health/result.csv.metadata", "as s3://BUCKET/KEY.csv"),
        (Some(SESSIONS_FROM), "https://company-athena/result.csv", "as s3://BUCKET/KEY.csv"),
    ] {
        let settings: Vec<(&str, &str)> = from.map(|from| ("SESSIONS_FROM", from)).into_iter().collect();
        let lambda = Lambda::new(&aws, &checker, HUB_JOB, &settings).await;
        let failed = lambda.invoke(&json!({ "sessions": uri })).await.unwrap_err();
        assert_eq!(failed.error_type, "BadEvent", "{uri}");
        assert!(failed.error_message.contains(expected), "{uri}: {}", failed.error_message);
    }
    let lambda = Lambda::new(&aws, &checker, HUB_JOB, SETTINGS).await;
    for (request, expected) in [
        (json!({"sessions": ["x"]}), "`sessions` takes"),
        (json!({"sessions": URI, "widgetContext": {}}), "a widget shows the jobs"),
        (json!({"sessions": URI, "job": []}), "`job` is not a key"),
    ] {
        let failed = lambda.invoke(&request).await.unwrap_err();
        assert!(failed.error_message.contains(expected), "{request}: {}", failed.error_message);
    }
    assert!(aws.calls().is_empty());
}

#[tokio::test]
async fn a_result_that_cannot_be_used_fails_the_invocation_with_the_reason() {
    let header = RESULT.lines().next().unwrap();
    for (result, expected) in [
        (&b"{\"Records\": []}"[..], "it has no column row_kind"),
        (b"", "it has no column row_kind"),
        (b"\"row_kind\",\"first_time\"\n", "it has no column last_time"),
        (header.as_bytes(), "it has no rows"),
        (b"\x1f\x8b\x08\x00\xff\xff", "it "),
    ] {
        let error = error(result, SETTINGS).await;
        let start = format!("SessionsNotRead: {URI}: {expected}");
        assert!(error.starts_with(&start), "{error}");
    }
    let small = [SETTINGS, &[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1")]].concat();
    let error = error(&vec![b'x'; 128 * 1024], &small).await;
    assert!(error.contains("the most for the memory of this function"), "{error}");
}

#[tokio::test]
async fn the_good_rows_of_a_damaged_result_count_and_the_run_is_incomplete() {
    let damaged = format!("{RESULT}\"call\",\"never\"\n");
    let (aws, checker) = with_result(damaged.as_bytes()).await;
    let report = judged(&aws, &checker, SETTINGS).await.unwrap();
    assert_eq!(ids(&report).len(), 3);
    assert_eq!(report["run"]["complete"], false);
    let not_judged = report["not_judged"][0].to_string();
    assert!(not_judged.contains("has a row 5") && not_judged.contains(URI), "{not_judged}");
    assert!(aws.messages(TOPIC)[0].text("email").contains("This run is incomplete"));
}

#[tokio::test]
async fn a_refused_or_missing_result_fails_the_invocation() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    aws.script(Fault::on("GetObject").then(Answer::error(403, "AccessDenied", "Access Denied")));
    let denied = judged(&aws, &checker, SETTINGS).await.unwrap_err();
    assert_eq!(denied.error_type, "SessionsNotRead");
    assert!(denied.error_message.contains("AccessDenied"), "{}", denied.error_message);
    assert!(denied.error_message.ends_with("(S3 says so too if there is no such object)"), "{}", denied.error_message);

    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    aws.world(|world| world.set_object(BUCKET, KEY, None));
    let missing = judged(&aws, &checker, SETTINGS).await.unwrap_err();
    assert!(missing.error_message.contains("NoSuchKey"), "{}", missing.error_message);
}

/// Each attempt reads the object from its start: a result that is replaced in between is never mixed with the new one.
#[tokio::test]
async fn a_body_that_breaks_off_once_is_read_again_in_its_new_version() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    aws.script(Fault::on("GetObject").times(1).then(Answer::Truncated));
    assert_eq!(ids(&judged(&aws, &checker, SETTINGS).await.unwrap()).len(), 3);
    assert_eq!(aws.calls_of("GetObject").len(), 2);
    assert!(aws.calls_of("GetObject").iter().all(|call| !call.sent.to_lowercase().contains("range:")));

    aws.script(Fault::on("GetObject").then(Answer::Truncated));
    let failed = judged(&aws, &checker, SETTINGS).await.unwrap_err();
    assert_eq!(failed.error_message, format!("{URI}: its body broke off"));
}

#[tokio::test]
async fn a_bucket_of_another_region_is_read_there() {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bucket(Bucket::new(BUCKET, "us-west-2"));
        world.set_object(BUCKET, KEY, Some(RESULT));
    });
    assert_eq!(ids(&judged(&aws, &checker, SETTINGS).await.unwrap()).len(), 3);
}

#[tokio::test]
async fn s3_that_does_not_answer_fails_the_invocation_before_its_time_is_over() {
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    aws.script(Fault::on("GetObject").then(Answer::Hang));
    let lambda = Lambda::by(hasty_client(&aws, &checker).await, HUB_JOB, SETTINGS);
    let failed = lambda.invoke_as("r", Duration::from_secs(4), &json!({ "sessions": URI })).await.unwrap_err();
    assert_eq!(failed.error_type, "SessionsNotRead", "{}", failed.error_message);
    assert!(aws.messages(TOPIC).is_empty());

    // A body that hardly arrives.
    let (aws, checker) = with_result(RESULT.as_bytes()).await;
    aws.script(Fault::on("GetObject").then(Answer::Drip(Duration::from_secs(1))));
    let lambda = Lambda::by(patient_client(&aws, &checker, &[], None).await, HUB_JOB, SETTINGS);
    let failed = lambda.invoke_as("r", Duration::from_secs(4), &json!({ "sessions": URI })).await.unwrap_err();
    assert_eq!(failed.error_type, "SessionsNotRead", "{}", failed.error_message);
}
