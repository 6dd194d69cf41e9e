//! The function as Lambda calls it: every recorded event, what is answered, and what reached the topic.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use credential_health::lambda::Invocation;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;

use crate::harness::{
    ETL, HUB, INVENTORY, Lambda, Log, TOPIC, account, assert_no_credential_in_messages, event, findings, ids, job,
    outcomes,
};
use crate::stand_in::{Answer, Fault, Role, StandIn, Topic, refusal};

const TO_THE_TOPIC: &[(&str, &str)] = &[("TOPIC_ARN", TOPIC)];

/// The owners of the messages that the topic delivered, in order.
fn owners(aws: &StandIn) -> Vec<String> {
    assert_no_credential_in_messages(aws, TOPIC);
    let mut owners: Vec<String> =
        aws.messages(TOPIC).iter().map(|message| message.attributes["owner"].value.clone()).collect();
    owners.sort();
    owners
}

fn names(report: &Value) -> Vec<&str> {
    report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect()
}

// --- The recorded events ---

#[tokio::test]
async fn a_scheduled_event_of_a_rule_or_of_scheduler_is_a_full_run_with_the_events_id() {
    for name in ["scheduled.json", "scheduler.json"] {
        let (aws, checker) = account().await;
        let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
        let event = event(name);
        let report = lambda.invoke(&event).await.unwrap();
        assert_eq!(report["run"]["id"], event["id"], "{name}");
        assert_eq!(report["run"]["trigger"], "schedule");
        assert_eq!(report["run"]["complete"], true);
        assert_eq!(names(&report), ["nightly-etl", "nightly-dump", "tidy-up"]);
        assert_eq!(ids(&report), ["chain-caps-session", "chain-caps-session"]);
        assert_eq!(owners(&aws), ["data", "storage"]);
        let session = format!("credential-health-{}", event["id"].as_str().unwrap());
        for call in aws.calls_of("AssumeRole") {
            assert_eq!(call.param("RoleSessionName"), Some(session.as_str()));
        }
    }
}

#[tokio::test]
async fn an_empty_manual_request_is_a_full_run_with_the_requests_id() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let report = lambda.invoke(&event("manual.json")).await.unwrap();
    assert_eq!((&report["run"]["id"], &report["run"]["trigger"]), (&json!("request-1"), &json!("manual")));
    assert_eq!(report["summary"]["jobs"], 3);
    assert_eq!(owners(&aws), ["data", "storage"]);
}

#[tokio::test]
async fn a_filtered_request_with_notify_never_checks_its_jobs_and_publishes_nothing() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let mut request = event("manual-filtered.json");
    let summary = lambda.invoke(&request).await.unwrap();
    assert_eq!(summary["summary"]["jobs"], 1, "nightly-* over a pipeline/ role");
    assert_eq!(summary["summary"]["findings"]["high"], 1);
    assert_eq!(summary["coverage"]["roles"]["total"], 2);
    assert!(summary.get("jobs").is_none() && summary.get("findings").is_none(), "a summary has no lists: {summary:#}");
    request["report"] = json!("full");
    assert_eq!(names(&lambda.invoke(&request).await.unwrap()), ["nightly-etl"]);
    assert_eq!(aws.calls_of("Publish").len(), 0);
}

#[tokio::test]
async fn a_request_brings_its_own_inventory() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let report = lambda.invoke(&event("manual-inventory.json")).await.unwrap();
    assert_eq!(names(&report), ["nightly-etl"]);
    assert_eq!(job(&report, "nightly-etl")["owner"], "data-platform");
    assert_eq!(outcomes(&report, "nightly-etl"), ["assumed", "assumed"]);
    assert_eq!(findings(&report, "chain-caps-session").len(), 1);
    assert_eq!(aws.calls_of("Publish").len(), 0, "it says notify: never");
    let again = lambda.invoke(&json!({})).await.unwrap();
    assert_eq!(again["summary"]["jobs"], 3, "the function's own inventory is as before");
}

#[tokio::test]
async fn a_cloudtrail_event_of_another_error_is_ignored_and_the_answer_says_so() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let answer = lambda.invoke(&event("cloudtrail-other-error.json")).await.unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("AccessDenied"), "{answer}");
    let mut without = event("cloudtrail-other-error.json");
    without["detail"].as_object_mut().unwrap().remove("errorCode");
    assert!(lambda.invoke(&without).await.unwrap()["ignored"].is_string());
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn a_cloudtrail_event_of_expired_credentials_is_reported_to_the_owner_without_asking_aws() {
    let (aws, checker) = account().await;
    let one_user = INVENTORY.replace(
        "nightly-dump, owner: storage, length: 2h, source: ecs-task, path: [\"arn:aws:iam::222222222222:role/etl\"]",
        "nightly-dump, owner: storage, length: 2h, source: codebuild",
    );
    let lambda = Lambda::new(&aws, &checker, &one_user, TO_THE_TOPIC).await;
    let event = event("cloudtrail-expired-token.json");
    let report = lambda.invoke(&event).await.unwrap();
    assert_eq!((&report["run"]["id"], &report["run"]["trigger"]), (&event["id"], &json!("cloudtrail")));
    let [observed] = findings(&report, "expired-token-observed")[..] else { panic!("{:?}", ids(&report)) };
    assert_eq!((observed["severity"].as_str(), observed["role"].as_str()), (Some("high"), Some(ETL)));
    assert_eq!((observed["job"].as_str(), observed["owner"].as_str()), (Some("nightly-etl"), Some("data")));
    assert_eq!(owners(&aws), ["data"]);
    lambda.invoke(&event).await.unwrap();
    assert_eq!(owners(&aws), ["data"], "a retry of the same event");
    assert!(aws.calls().iter().all(|call| call.action == "Publish"));
}

#[tokio::test]
async fn a_dashboards_widget_gets_markdown_to_describe_it_and_html_to_show_and_sends_nothing() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let described = lambda.invoke(&event("widget-describe.json")).await.unwrap();
    assert!(described["markdown"].as_str().unwrap().contains("jobs"), "{described}");
    assert_eq!(aws.calls().len(), 0);
    let shown = lambda.invoke(&event("widget.json")).await.unwrap();
    let html = shown.as_str().expect("HTML as a JSON string");
    assert!(html.contains("nightly-etl") && html.contains("nightly-dump") && !html.contains("tidy-up"), "{html}");
    assert_eq!(aws.calls_of("Publish").len(), 0);
}

#[tokio::test]
async fn every_recorded_event_is_fed_to_the_handler_here() {
    let fed = [
        "cloudtrail-expired-token.json",
        "cloudtrail-other-error.json",
        "manual-filtered.json",
        "manual-inventory.json",
        "manual.json",
        "scheduled.json",
        "scheduler.json",
        // In `sessions_in_s3`.
        "sessions.json",
        "widget-describe.json",
        "widget.json",
    ];
    let folder = std::path::Path::new(crate::harness::ROOT).join("events");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), BTreeSet::from(fed.map(str::to_owned)));
}

// --- Bad requests ---

#[tokio::test]
async fn a_request_with_unknown_keys_is_an_error_that_lists_the_valid_keys_and_makes_no_call() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    for (request, said) in [
        (json!({"job": ["nightly-*"]}), &["`job`"][..]),
        (json!({"jobs": ["nightly-*"], "role": [], "dry_run": true}), &["`role`", "`dry_run`"]),
        (json!({"jobs": "nightly-*"}), &["`jobs`"]),
        (json!({"jobs": []}), &["`jobs`"]),
        (json!({"roles": [7]}), &["`roles`"]),
        (json!({"notify": "sometimes"}), &["`notify`", "findings", "always", "never"]),
        (json!({"report": "short"}), &["`report`", "full", "summary"]),
        (json!({"inventory": "version: 1"}), &["`inventory`"]),
    ] {
        let failed = lambda.invoke(&request).await.unwrap_err();
        assert_eq!(failed.error_type, "BadEvent", "{request}");
        for part in said.iter().copied().chain(["jobs", "roles", "notify", "inventory", "report"]) {
            assert!(failed.error_message.contains(part), "{request} must say {part:?}: {}", failed.error_message);
        }
    }
    for event in [json!(null), json!("scheduled"), json!([]), json!(7)] {
        assert_eq!(lambda.invoke(&event).await.unwrap_err().error_type, "BadEvent");
    }
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn a_filter_that_matches_nothing_is_an_error() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let failed = lambda.invoke(&json!({"jobs": ["nihgtly-*"]})).await.unwrap_err();
    assert_eq!(failed.error_type, "BadEvent");
    assert!(failed.error_message.contains("nihgtly-*"), "{}", failed.error_message);
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn a_bad_inventory_fails_the_invocation_with_every_problem_and_its_place() {
    let (aws, checker) = account().await;
    let bad = "version: 1\njobs:\n  - {name: a, lenght: 1h}\n";
    let lambda = Lambda::new(&aws, &checker, bad, TO_THE_TOPIC).await;
    let own = lambda.invoke(&event("scheduled.json")).await.unwrap_err();
    assert_eq!(own.error_type, "BadInventory");
    assert!(
        own.error_message.contains("jobs.yaml:3:15") && own.error_message.contains("lenght"),
        "{}",
        own.error_message
    );
    let inline = json!({"inventory": {"version": 1, "jobs": [{"name": "a", "length": 3600, "source": "ecs-task"}]}});
    let inline = lambda.invoke(&inline).await.unwrap_err();
    assert_eq!(inline.error_type, "BadInventory");
    assert!(inline.error_message.contains("3600s"), "{}", inline.error_message);
    assert_eq!(aws.calls().len(), 0);
    assert!(aws.messages(TOPIC).is_empty());
}

// --- Answers ---

#[tokio::test]
async fn a_report_that_would_pass_6_mb_is_answered_as_its_summary() {
    let (aws, checker) = account().await;
    let jobs: String = (0..4000)
        .map(|n| format!("  - {{name: job-{n}, length: 2h, source: ecs-task, path: [\"{ETL}\"]}}\n"))
        .collect();
    let lambda = Lambda::new(&aws, &checker, &format!("version: 1\njobs:\n{jobs}"), &[]).await;
    let answer = lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert!(answer.get("findings").is_none(), "no lists");
    assert_eq!(answer["summary"]["findings"]["high"], 4000);
    assert_eq!(answer["report"], "summary", "it says so");
    assert!(answer.to_string().len() < 10_000);
    assert_eq!(aws.calls().len(), 3, "who am I, one AssumeRole, one GetRole");
}

#[tokio::test]
async fn without_a_topic_nothing_is_published() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[]).await;
    assert_eq!(lambda.invoke(&event("scheduled.json")).await.unwrap()["summary"]["findings"]["high"], 2);
    assert_eq!(aws.calls_of("Publish").len(), 0);
}

#[tokio::test]
async fn a_request_decides_for_itself_when_to_notify() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[("TOPIC_ARN", TOPIC), ("NOTIFY", "never")]).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(owners(&aws), Vec::<String>::new());
    lambda.invoke(&json!({"jobs": ["tidy-up"], "notify": "findings"})).await.unwrap();
    assert_eq!(owners(&aws), Vec::<String>::new());
    lambda.invoke(&json!({"jobs": ["tidy-up"], "notify": "always"})).await.unwrap();
    assert_eq!(owners(&aws), ["unowned"]);
}

// --- The deadline ---

#[tokio::test]
async fn with_ten_seconds_left_the_rest_is_reported_as_not_checked_and_still_published() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("AssumeRole").target(HUB).then(Answer::Hang));
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let (begun, remaining) = (Instant::now(), Duration::from_secs(10));
    let report = lambda.invoke_as("request-1", remaining, &event("scheduled.json")).await.unwrap();
    assert!(begun.elapsed() < remaining, "{:?}", begun.elapsed());
    assert_eq!(outcomes(&report, "nightly-etl"), ["out-of-time", "not-reached"]);
    assert_eq!(outcomes(&report, "nightly-dump"), ["assumed"], "what was answered counts");
    assert_eq!(report["run"]["complete"], false);
    let not_checked = findings(&report, "not-checked");
    assert_eq!(not_checked.len(), 1);
    assert_eq!(not_checked[0]["role"], HUB);
    assert_eq!(owners(&aws), ["data", "storage"]);
    for message in aws.messages(TOPIC) {
        assert_eq!(message.attributes["complete"].value, "false");
    }
}

#[tokio::test]
async fn without_any_answer_of_sts_and_iam_the_findings_are_published_and_the_invocation_fails() {
    let (aws, checker) = account().await;
    for action in ["GetCallerIdentity", "AssumeRole", "GetRole"] {
        aws.script(Fault::on(action).then(Answer::Hang));
    }
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let (begun, remaining) = (Instant::now(), Duration::from_secs(10));
    let log = Log::default();
    let event = event("scheduled.json");
    let run =
        lambda.invoke_as("request-1", remaining, &event).with_subscriber(log.subscriber("credential_health=info"));
    let failed = run.await.unwrap_err();
    assert!(begun.elapsed() < remaining, "{:?}", begun.elapsed());
    assert_eq!(failed.error_type, "NoAnswer");
    assert!(failed.error_message.contains("AWS_ENDPOINT_URL"), "{}", failed.error_message);
    let not_checked = log.about("finding").into_iter().filter(|finding| finding["id"] == "not-checked");
    assert_eq!(not_checked.count(), 2, "the first role of each path");
    assert_eq!(owners(&aws), ["data", "storage"]);
}

/// The dashboard's table reads these lines.
#[tokio::test]
async fn the_log_has_the_headroom_of_the_twenty_tightest_jobs() {
    let (aws, checker) = account().await;
    let jobs = (1..=30).map(|minutes| format!("  - {{name: j{minutes}, length: {minutes}m, source: codebuild}}\n"));
    let endless = "  - {name: endless, length: 1h, source: {kind: service-role}, refresh: auto}\n".to_owned();
    let inventory = format!("version: 1\njobs:\n{}", jobs.chain([endless]).collect::<String>());
    let lambda = Lambda::new(&aws, &checker, &inventory, &[]).await;
    let log = Log::default();
    let event = event("scheduled.json");
    let run = lambda.invoke_as("request-1", Duration::from_secs(900), &event);
    let report = run.with_subscriber(log.subscriber("credential_health=info")).await.unwrap();
    let logged: Vec<(String, Value)> = log
        .about("headroom")
        .into_iter()
        .map(|line| (line["job"].as_str().unwrap().to_owned(), line["headroom_seconds"].clone()))
        .collect();
    let expected: Vec<(String, Value)> =
        (11..=30).rev().map(|minutes| (format!("j{minutes}"), json!(3600 - 60 * minutes))).collect();
    assert_eq!(logged, expected);
    assert_eq!(job(&report, "j30")["headroom_seconds"], 1800);
    let template = std::fs::read_to_string(std::path::Path::new(crate::harness::ROOT).join("template.yaml")).unwrap();
    assert!(template.contains("filter event = 'headroom' | stats earliest(headroom_seconds)"));
}

// --- Delivery ---

#[tokio::test]
async fn a_refused_publish_fails_the_invocation_after_every_message_was_tried() {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.topic(Topic::new(TOPIC).denied());
    });
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let failed = lambda.invoke(&event("scheduled.json")).await.unwrap_err();
    assert_eq!(failed.error_type, "NotPublished");
    for part in ["data", "storage", "AuthorizationError"] {
        assert!(failed.error_message.contains(part), "{}", failed.error_message);
    }
    assert_eq!(aws.calls_of("Publish").len(), 2);
}

#[tokio::test]
async fn a_retry_of_the_event_publishes_only_the_messages_that_failed() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("Publish").times(1).then(refusal("kms-denied")));
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    assert_eq!(lambda.invoke(&event("scheduled.json")).await.unwrap_err().error_type, "NotPublished");
    assert_eq!(owners(&aws).len(), 1, "the other one was published");
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(report["summary"]["findings"]["high"], 2);
    assert_eq!(owners(&aws), ["data", "storage"]);
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(owners(&aws), ["data", "storage"], "everything was published");
    assert_eq!(aws.calls_of("Publish").len(), 3);
}

#[tokio::test]
async fn another_event_and_another_environment_send_again() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    lambda.invoke(&event("scheduler.json")).await.unwrap();
    assert_eq!(owners(&aws), ["data", "data", "storage", "storage"]);
    // A standard topic and no store: nothing is known of what another environment sent. At least once, always.
    let other = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    other.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(owners(&aws).len(), 6);
}

#[tokio::test]
async fn a_retried_asynchronous_request_is_known_by_its_request_id() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    for request_id in ["one", "one", "two"] {
        lambda.invoke_as(request_id, Duration::from_secs(60), &json!({})).await.unwrap();
    }
    assert_eq!(owners(&aws), ["data", "data", "storage", "storage"]);
}

#[tokio::test]
async fn one_run_leaves_nothing_behind_for_the_next() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    aws.set_clock_offset(jiff::SignedDuration::from_mins(5));
    assert_eq!(findings(&lambda.invoke(&event("scheduled.json")).await.unwrap(), "clock-skew").len(), 1);
    aws.set_clock_offset(jiff::SignedDuration::ZERO);
    aws.world(|world| {
        world.role(Role::new(ETL));
    });
    let report = lambda.invoke(&event("scheduler.json")).await.unwrap();
    assert_eq!(findings(&report, "clock-skew").len(), 0);
    assert_eq!(findings(&report, "assume-denied").len(), 1);
}

// --- Manual runs ---

/// A request with an inventory that chooses a session name, a source identity and an owner.
fn with_inventory(notify: &str) -> Value {
    json!({
        "notify": notify,
        "inventory": {
            "version": 1,
            "roles": { "hub": { "arn": HUB, "session_name": "somebody-else", "source_identity": "somebody" } },
            "jobs": [{ "name": "chosen", "owner": "victims", "length": "13h", "source": "ecs-task", "path": ["hub"] }],
        },
    })
}

#[tokio::test]
async fn the_inventory_of_a_request_is_refused_checked_or_published_as_the_settings_say() {
    for (setting, published) in [(None, false), (Some("check"), false), (Some("publish"), true)] {
        let (aws, checker) = account().await;
        let settings: Vec<(&str, &str)> =
            setting.map(|word| ("MANUAL_INVENTORY", word)).into_iter().chain([("TOPIC_ARN", TOPIC)]).collect();
        let lambda = Lambda::new(&aws, &checker, INVENTORY, &settings).await;
        for notify in ["findings", "always"] {
            let report = lambda.invoke(&with_inventory(notify)).await.unwrap();
            assert_eq!(names(&report), ["chosen"], "{setting:?}");
        }
        assert_eq!(!aws.calls_of("Publish").is_empty(), published, "{setting:?}");
        for message in aws.messages(TOPIC) {
            let text = message.text("email");
            assert!(text.contains("an inventory that came with the request"), "{text}");
            assert_eq!(serde_json::from_str::<Value>(message.text("sqs")).unwrap()["manual"]["inventory"], "request");
        }
    }
    let (aws, checker) = account().await;
    let deny = [("TOPIC_ARN", TOPIC), ("MANUAL_INVENTORY", "deny")];
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &deny).await;
    let mut widget = event("widget.json");
    widget["inventory"] = with_inventory("never")["inventory"].clone();
    for request in [with_inventory("never"), widget] {
        let failed = lambda.invoke(&request).await.unwrap_err();
        assert_eq!(failed.error_type, "BadEvent");
        assert!(failed.error_message.contains("MANUAL_INVENTORY"), "{}", failed.error_message);
    }
    assert_eq!(aws.calls().len(), 0);
}

#[tokio::test]
async fn a_request_cannot_choose_the_session_name_or_the_source_identity_of_the_checker() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    lambda.invoke(&with_inventory("never")).await.unwrap();
    let calls = aws.calls_of("AssumeRole");
    assert!(!calls.is_empty());
    for call in calls {
        assert_eq!(call.param("RoleSessionName"), Some("credential-health-request-1"));
        assert_eq!(call.param("SourceIdentity"), None);
    }
}

#[tokio::test]
async fn messages_of_a_manual_run_say_so_and_by_whom_and_those_of_a_schedule_do_not() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let invocation = |caller: Option<&str>, id: &str| Invocation {
        request_id: id.to_owned(),
        remaining: Duration::from_secs(60),
        at: jiff::Timestamp::now(),
        caller: caller.map(str::to_owned),
    };
    lambda.handle(&invocation(Some("Cognito identity eu-west-1:1"), "one"), &json!({})).await.unwrap();
    let messages = aws.messages(TOPIC);
    assert!(!messages.is_empty());
    let before = messages.len();
    for message in messages {
        assert!(message.subject.as_ref().unwrap().contains("; manual run ("), "{:?}", message.subject);
        let text = message.text("email");
        assert!(text.contains("Manual run, requested by Cognito identity eu-west-1:1: a person"), "{text}");
        let body: Value = serde_json::from_str(message.text("sqs")).unwrap();
        assert_eq!(body["manual"], json!({"caller": "Cognito identity eu-west-1:1", "inventory": "function"}));
    }
    // The client names itself: a text that is no name is not published.
    lambda.handle(&invocation(Some("x: FORGED https://evil.example/"), "forged"), &json!({})).await.unwrap();
    assert_eq!(aws.messages(TOPIC).len(), 2 * before);
    for message in &aws.messages(TOPIC)[before..] {
        assert!(message.text("email").contains("Manual run: a person") && !format!("{message:?}").contains("FORGED"));
    }
    lambda.handle(&invocation(None, "two"), &event("scheduled.json")).await.unwrap();
    assert_eq!(aws.messages(TOPIC).len(), 3 * before);
    for message in &aws.messages(TOPIC)[2 * before..] {
        assert!(!message.subject.as_ref().unwrap().contains("manual") && !message.text("email").contains("Manual"));
        assert!(serde_json::from_str::<Value>(message.text("sqs")).unwrap().get("manual").is_none());
    }
}

// --- Owners ---

#[tokio::test]
async fn a_finding_about_a_role_is_published_to_every_owner_whose_jobs_use_the_role() {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.role(Role::new(ETL));
    });
    let inventory = format!(
        "version: 1
jobs:
  - {{name: a, owner: data, length: 5m, source: ecs-task, path: [\"{ETL}\"]}}
  - {{name: b, owner: storage, length: 5m, source: ecs-task, path: [\"{ETL}\"]}}
  - {{name: c, length: 5m, source: ecs-task, path: [\"{ETL}\"]}}
"
    );
    let lambda = Lambda::new(&aws, &checker, &inventory, TO_THE_TOPIC).await;
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    let [denied] = findings(&report, "assume-denied")[..] else { panic!("{:?}", ids(&report)) };
    assert_eq!((&denied["owner"], &denied["owners"]), (&json!("shared"), &json!(["data", "storage", "unowned"])));
    assert_eq!(owners(&aws), ["data", "storage", "unowned"]);
    for message in aws.messages(TOPIC) {
        assert!(message.text("email").contains("assume-denied"), "{}", message.text("email"));
    }
}
