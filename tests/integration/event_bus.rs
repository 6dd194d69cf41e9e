//! The events on an EventBridge bus: their content, the size of a call, partial failures, refusals and the state.
//! Through the real handler and the stand-in's PutEvents.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use credential_health::settings::Settings;
use serde_json::{Value, json};

use crate::harness::{
    CHECKER, ETL, INVENTORY, Lambda, REGION, TOPIC, account, assert_no_credential, event, hasty_client,
};
use crate::stand_in::{Answer, Bucket, Bus, Credentials, Fault, Role, StandIn};

const BUS: &str = "arn:aws:events:eu-west-1:999999999999:event-bus/findings";
const BUCKET: &str = "company-state";
const STATE: &str = "s3://company-state/credential-health/state.json";

async fn with_bus(bus: Bus) -> (StandIn, Credentials) {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bus(bus).bucket(Bucket::new(BUCKET, REGION));
    });
    (aws, checker)
}

/// A function in an environment of its own, with these settings beside the bus.
async fn lambda(aws: &StandIn, checker: &Credentials, inventory: &str, settings: &[(&str, &str)]) -> Lambda {
    Lambda::by(hasty_client(aws, checker).await, inventory, &[&[("EVENT_BUS", BUS)], settings].concat())
}

/// What the bus accepted, in short: change and job.
fn changes(aws: &StandIn) -> Vec<String> {
    let events = aws.world(|world| world.events(BUS));
    assert_no_credential(&json!(events).to_string());
    let mut changes: Vec<String> = events
        .iter()
        .map(|event| {
            let detail = &event["detail"];
            format!("{} {}", detail["change"].as_str().unwrap(), detail["finding"]["job"].as_str().unwrap())
        })
        .collect();
    changes.sort();
    changes
}

fn many_jobs(number: usize) -> String {
    let job = |number| format!("  - {{name: job-{number:03}, owner: data, length: 2h, source: codebuild}}\n");
    format!("version: 1\njobs:\n{}", (0..number).map(job).collect::<String>())
}

/// Roles that nobody can assume, each with jobs with long names: the finding of a role lists its jobs.
fn refused_roles(roles: usize, jobs_of_each: usize) -> String {
    let job = |role: usize, number: usize| {
        let name = format!("{role}-{number}-{}", "☂".repeat(240));
        let path = format!("[\"arn:aws:iam::222222222222:role/refused-{role}\"]");
        format!("  - {{name: \"{name}\", owner: data, length: 20m, source: codebuild, path: {path}}}\n")
    };
    let jobs = (0..roles).flat_map(|role| (0..jobs_of_each).map(move |number| job(role, number)));
    format!("version: 1\njobs:\n{}", jobs.collect::<String>())
}

/// How many events each call had.
fn counts(aws: &StandIn) -> Vec<usize> {
    let count = |entries: &str| serde_json::from_str::<Vec<Value>>(entries).unwrap().len();
    aws.calls_of("PutEvents").iter().map(|call| count(&call.params["Entries"])).collect()
}

/// The schema of the documentation without room for other members.
fn schema() -> jsonschema::Validator {
    fn close(schema: &mut Value) {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
        match schema {
            Value::Object(members) => members.values_mut().for_each(close),
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(include_str!("../../docs/event.schema.json")).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

// --- What ---

#[tokio::test]
async fn a_finding_that_is_new_changed_or_resolved_makes_one_event_each() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    let function = lambda(&aws, &checker, INVENTORY, &[("STATE_URI", STATE)]).await;
    let mut at = jiff::Timestamp::now();
    let mut run = async |id: &str| {
        at += Duration::from_secs(60);
        let mut event = event("scheduled.json");
        event["id"] = json!(id);
        function.invoke_at(at, id, &event).await.unwrap()
    };
    let report = run("one").await;
    assert_eq!(changes(&aws), ["new nightly-dump", "new nightly-etl"]);
    run("two").await;
    assert_eq!(changes(&aws).len(), 2, "nothing has changed");
    let lines: Vec<&str> = INVENTORY.lines().filter(|line| !line.contains("nightly-dump")).collect();
    function.deploy(&lines.join("\n").replace("length: 4h", "length: 6h"));
    run("three").await;
    assert_eq!(changes(&aws), ["changed nightly-etl", "new nightly-dump", "new nightly-etl", "resolved nightly-dump"]);

    let events = aws.world(|world| world.events(BUS));
    let validator = schema();
    for event in &events {
        assert_eq!(
            (&event["source"], &event["detail-type"]),
            (&json!("credential-health"), &json!("Credential Health Finding"))
        );
        assert_eq!(event["resources"], json!([ETL]));
        let problems: Vec<String> = validator.iter_errors(&event["detail"]).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}\n{event:#}");
    }
    let of_run = |id: &str, change: &str| {
        let is = |event: &&Value| event["detail"]["run"]["id"] == id && event["detail"]["change"] == change;
        events.iter().find(is).unwrap()["detail"].clone()
    };
    let first = of_run("one", "new");
    assert!(report["findings"].as_array().unwrap().contains(&first["finding"]), "the finding as in the report");
    let changed = of_run("three", "changed");
    let difference = changed["differences"].as_array().unwrap().iter().find(|one| one["before"] == "14400");
    assert_eq!(difference.unwrap()["now"], "21600", "{changed:#}");
    assert_eq!(of_run("three", "resolved")["reason"], "no longer declared");
}

#[tokio::test]
async fn without_a_state_each_run_makes_an_event_of_each_open_finding() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    lambda(&aws, &checker, INVENTORY, &[]).await.invoke(&event("manual.json")).await.unwrap();
    assert_eq!(changes(&aws), ["open nightly-dump", "open nightly-etl"]);
    let events = aws.world(|world| world.events(BUS));
    assert_eq!(events[0]["detail"]["manual"], json!({"caller": null, "inventory": "function"}));
    assert!(events.iter().all(|event| schema().is_valid(&event["detail"])), "{events:#?}");
}

#[tokio::test]
async fn a_call_has_at_most_ten_events_and_fewer_than_256_kib() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    lambda(&aws, &checker, &many_jobs(25), &[]).await.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(changes(&aws).len(), 25);
    let mut counts = counts(&aws);
    counts.sort_unstable();
    assert_eq!(counts, [5, 10, 10]);

    // The stand-in refuses a call of 256 KiB, as AWS does.
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    lambda(&aws, &checker, &refused_roles(12, 40), &[]).await.invoke(&event("scheduled.json")).await.unwrap();
    let events = aws.world(|world| world.events(BUS));
    assert_eq!(events.len(), 12);
    assert!(events.iter().all(|event| event["detail"]["truncated"] == false));
    let ten: usize = events[..10].iter().map(|event| event["detail"].to_string().len()).sum();
    assert!(ten > 256 * 1024, "ten of these events have {ten} bytes, and fit in a call");
    assert!(self::counts(&aws).iter().all(|count| *count < 10), "{:?}", self::counts(&aws));
}

#[tokio::test]
async fn an_event_that_would_exceed_256_kib_has_its_finding_in_short() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    let function = lambda(&aws, &checker, &refused_roles(1, 400), &[]).await;
    let report = function.invoke(&event("manual.json")).await.unwrap();
    let [finding] = &report["findings"].as_array().unwrap()[..] else { panic!("{:#}", report["summary"]) };
    assert!(finding.to_string().len() > 256 * 1024, "{} bytes", finding.to_string().len());
    let events = aws.world(|world| world.events(BUS));
    let [event] = &events[..] else { panic!("{} events", events.len()) };
    assert_eq!(event["detail"]["truncated"], true);
    assert_eq!(event["resources"], json!(["arn:aws:iam::222222222222:role/refused-0"]));
    let in_short = event["detail"]["finding"].as_object().unwrap();
    let names: Vec<&str> = in_short.keys().map(String::as_str).collect();
    assert_eq!(names, ["fingerprint", "hop", "id", "job", "role", "severity", "title"]);
    assert!(in_short.iter().all(|(name, value)| *value == finding[name]), "{in_short:#?}");
    assert!(schema().is_valid(&event["detail"]), "{event:#}");
}

// --- Partial failures ---

#[tokio::test]
async fn an_event_that_eventbridge_throttles_is_sent_again_and_the_others_are_not() {
    let bus = Bus::new(BUS).fails("job-003", "ThrottlingException", 2).fails("job-007", "InternalFailure", 1);
    let (aws, checker) = with_bus(bus).await;
    let function = lambda(&aws, &checker, &many_jobs(10), &[("STATE_URI", STATE)]).await;
    function.invoke(&event("scheduled.json")).await.unwrap();
    let jobs: Vec<String> = (0..10).map(|number| format!("new job-{number:03}")).collect();
    assert_eq!(changes(&aws), jobs, "each once");
    assert_eq!(counts(&aws), [10, 2, 1]);
}

#[tokio::test]
async fn an_event_whose_failure_cannot_pass_is_not_sent_again_beside_one_whose_failure_can() {
    // Another attempt at job-003 would be accepted.
    let bus = Bus::new(BUS).fails("job-003", "AccessDeniedException", 1).fails("job-007", "ThrottlingException", 2);
    let (aws, checker) = with_bus(bus).await;
    let settings = [("STATE_URI", STATE)];
    let run = async || lambda(&aws, &checker, &many_jobs(10), &settings).await.invoke(&event("scheduled.json")).await;
    let failed = run().await.unwrap_err();
    assert!(failed.error_message.contains("1 of 10 events: AccessDeniedException"), "{}", failed.error_message);
    assert_eq!(counts(&aws), [10, 1, 1]);
    let jobs = changes(&aws);
    assert!(jobs.len() == 9 && !jobs.contains(&"new job-003".to_owned()), "{jobs:?}");
    run().await.unwrap();
    assert_eq!(changes(&aws).len(), 10, "the retry sends the refused event alone");
    assert_eq!(counts(&aws), [10, 1, 1, 1]);
}

/// A call that fails in the second attempt leaves the refused event of the first attempt unpublished too.
#[tokio::test]
async fn a_later_call_that_fails_does_not_hide_an_event_that_was_refused_before() {
    let bus = Bus::new(BUS).fails("job-003", "AccessDeniedException", 1).fails("job-007", "ThrottlingException", 1);
    let (aws, checker) = with_bus(bus).await;
    let denied = Answer::error(400, "AccessDeniedException", "User: x is not authorized");
    aws.script(Fault::on("PutEvents").after(1).times(1).then(denied));
    let settings = [("STATE_URI", STATE)];
    let run = async || lambda(&aws, &checker, &many_jobs(10), &settings).await.invoke(&event("scheduled.json")).await;
    let failed = run().await.unwrap_err();
    assert!(failed.error_message.contains("2 of 10 events: AccessDeniedException"), "{}", failed.error_message);
    run().await.unwrap();
    let jobs: Vec<String> = (0..10).map(|number| format!("new job-{number:03}")).collect();
    assert_eq!(changes(&aws), jobs, "each once, none lost");
}

/// The state has each event: the retry sends only what failed, although nothing else remembers the first attempt.
#[tokio::test]
async fn an_event_that_is_refused_fails_the_invocation_and_its_retry_sends_that_event_alone() {
    for code in ["AccessDeniedException", "ThrottlingException", "SomethingNew"] {
        // Four attempts, or one where another attempt cannot help.
        let (aws, checker) = with_bus(Bus::new(BUS).fails("job-003", code, 4)).await;
        let settings = [("STATE_URI", STATE), ("TOPIC_ARN", TOPIC)];
        let run =
            async || lambda(&aws, &checker, &many_jobs(12), &settings).await.invoke(&event("scheduled.json")).await;
        let failed = run().await.unwrap_err();
        assert_eq!(failed.error_type, "NotPublished");
        let said = format!("1 of 2 messages to {BUS}: the message to data: 1 of 10 events: {code}");
        assert!(failed.error_message.starts_with(&said), "{}", failed.error_message);
        assert_eq!(changes(&aws).len(), 11, "{code}");
        let mut tries = 0;
        while let Err(failed) = run().await {
            tries += 1;
            assert!(tries < 4, "{}", failed.error_message);
        }
        let jobs: Vec<String> = (0..12).map(|number| format!("new job-{number:03}")).collect();
        assert_eq!(changes(&aws), jobs, "each once, none lost: {code}");
        assert_eq!(aws.messages(TOPIC).len(), 1, "the failure of the bus repeats no message");
    }
}

#[tokio::test]
async fn the_failure_of_the_topic_repeats_no_event() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    aws.script(Fault::on("Publish").times(2).then(Answer::error(403, "AuthorizationError", "no")));
    let settings = [("STATE_URI", STATE), ("TOPIC_ARN", TOPIC)];
    let run = async || lambda(&aws, &checker, INVENTORY, &settings).await.invoke(&event("scheduled.json")).await;
    let failed = run().await.unwrap_err();
    assert!(failed.error_message.starts_with(&format!("2 of 2 messages to {TOPIC}: ")), "{}", failed.error_message);
    assert!(!failed.error_message.contains(BUS));
    run().await.unwrap();
    assert_eq!(changes(&aws), ["new nightly-dump", "new nightly-etl"]);
    assert_eq!(aws.messages(TOPIC).len(), 2);
}

// --- Calls that fail ---

#[tokio::test]
async fn a_call_that_fails_leaves_its_events_for_the_next_run_and_the_messages_reach_the_topic() {
    let cases = [
        (Answer::error(400, "ThrottlingException", "Rate exceeded"), 6, "ThrottlingException"),
        (Answer::error(400, "AccessDeniedException", "User: x is not authorized"), 1, "AccessDeniedException"),
        (Answer::error(400, "ResourceNotFoundException", "No such bus."), 1, "ResourceNotFoundException"),
        (Answer::error(500, "InternalException", "An internal error"), 6, "InternalException"),
        (Answer::NoMembers, 1, "the answer has 0 results for 2 events"),
        // The events were accepted. No answer says so, so they are sent again.
        (Answer::altered("EventId", "Other"), 1, "the answer has no event id"),
        (Answer::Html(502), 6, "HTTP 502"),
    ];
    for (answer, times, said) in cases {
        let (aws, checker) = with_bus(Bus::new(BUS)).await;
        aws.script(Fault::on("PutEvents").times(times).then(answer.clone()));
        let inventory = INVENTORY.replace("owner: storage", "owner: data");
        let settings = [("STATE_URI", STATE), ("TOPIC_ARN", TOPIC)];
        let run = async || lambda(&aws, &checker, &inventory, &settings).await.invoke(&event("scheduled.json")).await;
        let failed = run().await.unwrap_err();
        assert_eq!(failed.error_type, "NotPublished", "{answer:?}");
        let message = failed.error_message;
        assert!(message.contains(&format!("1 of 1 messages to {BUS}: the message to data: ")), "{message}");
        assert!(message.contains(said), "{message}");
        assert_eq!(aws.messages(TOPIC).len(), 1, "{answer:?}");
        let before = changes(&aws).len();
        let mut tries = 0;
        while run().await.is_err() {
            tries += 1;
            assert!(tries < 10, "{answer:?}");
        }
        assert_eq!(changes(&aws).len(), before + 2, "{answer:?}");
        assert_eq!(aws.messages(TOPIC).len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_function_without_the_permission_says_so() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    aws.world(|world| {
        world.role(Role::new(CHECKER).allows("sts:*", "*").allows("iam:*", "*"));
    });
    let failed = lambda(&aws, &checker, INVENTORY, &[]).await.invoke(&event("scheduled.json")).await.unwrap_err();
    let said = format!("is not authorized to perform: events:PutEvents on resource: {BUS}");
    assert!(failed.error_message.contains(&said), "{}", failed.error_message);
    assert_eq!(changes(&aws), Vec::<String>::new());
}

/// EventBridge accepts events for a bus that does not exist (aws/aws-cli#9186), so no run can report the loss.
#[tokio::test]
async fn events_for_a_bus_that_does_not_exist_are_lost_as_in_aws() {
    let (aws, checker) = account().await;
    lambda(&aws, &checker, INVENTORY, &[]).await.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(aws.calls_of("PutEvents").len(), 2);
}

#[tokio::test]
async fn a_bus_without_an_answer_costs_no_message_and_the_next_run_sends_its_events_again() {
    let (aws, checker) = with_bus(Bus::new(BUS)).await;
    aws.script(Fault::on("PutEvents").then(Answer::Hang));
    let settings = [("STATE_URI", STATE), ("TOPIC_ARN", TOPIC)];
    let function = lambda(&aws, &checker, INVENTORY, &settings).await;
    // The longest time of a function: only the time limits of the calls to the bus count.
    let failed = function.invoke_as("r", Duration::from_secs(900), &event("scheduled.json")).await.unwrap_err();
    assert_eq!(failed.error_type, "NotPublished", "{}", failed.error_message);
    assert!(failed.error_message.contains(&format!("2 of 2 messages to {BUS}")), "{}", failed.error_message);
    let messages = aws.messages(TOPIC);
    let owners: BTreeSet<&String> = messages.iter().map(|message| &message.attributes["owner"].value).collect();
    assert_eq!(owners.len(), 2);
    let state = aws.world(|world| world.object(BUCKET, "credential-health/state.json.event-bus")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let open: BTreeMap<String, Value> = serde_json::from_value(state["open"].clone()).unwrap();
    assert!(open.values().all(|entry| entry["last_notified"].is_null()), "the next run sends them again: {state:#}");
}

// --- Settings ---

#[test]
fn a_setting_that_is_no_bus_or_no_topic_for_a_chat_is_an_error() {
    let read = |name: &'static str, value: &'static str| {
        Settings::read(|asked| (asked == name).then(|| value.to_owned())).map(|_| ()).map_err(|bad| bad.to_string())
    };
    assert_eq!(read("EVENT_BUS", BUS), Ok(()));
    assert_eq!(read("EVENT_BUS", "arn:aws-cn:events:cn-north-1:999999999999:event-bus/default"), Ok(()));
    for wrong in ["findings", TOPIC, "arn:aws:events:eu-west-1:999999999999:rule/a", "arn:aws:events::1:event-bus/a"] {
        let problem = read("EVENT_BUS", wrong).unwrap_err();
        assert!(problem.starts_with(&format!("EVENT_BUS: `{wrong}` is not the ARN of an event bus")), "{problem}");
    }
    assert_eq!(read("CHAT_TOPIC_ARN", TOPIC), Ok(()));
    let problem = read("CHAT_TOPIC_ARN", "arn:aws:sns:eu-west-1:999999999999:chat.fifo").unwrap_err();
    assert!(problem.contains("is a FIFO topic, to which Amazon Q Developer cannot subscribe"), "{problem}");
}
