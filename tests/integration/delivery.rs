//! Delivery (docs/delivery.md): repeated events, retries, deadlines, frozen environments and their end. Each finding is
//! published at least once, and what is known to be published is not published again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tracing::instrument::WithSubscriber as _;

use crate::harness::{
    ETL, HUB, INVENTORY, Lambda, Log, REGION, TOPIC, account, event, findings, hasty_client, outcomes, role_of,
};
use crate::servers::{Emulator, signal_function};
use crate::stand_in::{Answer, Bucket, Fault, FaultOn, StandIn, Topic};

const TO_THE_TOPIC: &[(&str, &str)] = &[("TOPIC_ARN", TOPIC)];
const FIFO: &str = "arn:aws:sns:eu-west-1:999999999999:credential-health.fifo";

/// The owners of the messages that a topic delivered, sorted.
fn owners(aws: &StandIn, topic: &str) -> Vec<String> {
    let mut owners: Vec<String> =
        aws.messages(topic).iter().map(|message| message.attributes["owner"].value.clone()).collect();
    owners.sort();
    owners
}

// --- The deadline ---

/// Where something goes wrong: its name, and which calls.
type Place = (&'static str, fn() -> FaultOn);

/// What never gets an answer that ends the call, by the clock that Lambda has.
fn endless() -> [(&'static str, Answer); 4] {
    [
        ("no answer", Answer::Hang),
        ("byte by byte", Answer::Drip(Duration::from_millis(500))),
        ("throttled", Answer::Throttle),
        ("503", Answer::error(503, "ServiceUnavailable", "later")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_calls_end_before_lambdas_timeout_and_the_rest_is_checked_and_published() {
    // A fifth is kept to judge and to send: long enough for a machine that does other things too.
    const REMAINING: Duration = Duration::from_secs(20);
    let mut runs = JoinSet::new();
    const PLACES: [Place; 5] = [
        ("identity", || Fault::on("GetCallerIdentity")),
        ("assume", || Fault::on("AssumeRole").target(HUB)),
        ("describe", || Fault::on("GetRole").target(HUB)),
        ("message", || Fault::on("Publish").saying("storage")),
        ("all messages", || Fault::on("Publish")),
    ];
    for (fault, answer) in endless() {
        for (place, on) in PLACES {
            let answer = answer.clone();
            runs.spawn(async move {
                let (aws, checker) = account().await;
                aws.script(on().then(answer));
                let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
                let (log, begun) = (Log::default(), Instant::now());
                let answered = lambda
                    .invoke_as("request-1", REMAINING, &event("scheduled.json"))
                    .with_subscriber(log.subscriber("credential_health=info"))
                    .await;
                let what = format!("{fault}, {place}");
                assert!(begun.elapsed() < REMAINING, "{what}: {:?}", begun.elapsed());
                assert_eq!(
                    log.about("finding").iter().filter(|line| line["id"] == "chain-caps-session").count(),
                    2,
                    "{what}"
                );
                match (place, answered) {
                    ("message", Err(failed)) => {
                        assert_eq!(failed.error_type, "NotPublished", "{what}");
                        assert!(failed.error_message.contains("1 of 2") && failed.error_message.contains("storage"));
                        assert_eq!(owners(&aws, TOPIC).first().map(String::as_str), Some("data"), "{what}");
                    }
                    ("all messages", Err(failed)) => assert!(failed.error_message.contains("2 of 2"), "{what}"),
                    ("identity" | "assume" | "describe", Ok(report)) => {
                        assert_eq!(role_of(&report, ETL)["assumed"], true, "{what}: {report:#}");
                        assert_eq!(outcomes(&report, "nightly-dump"), ["assumed"], "{what}");
                        let hub = if place == "assume" { json!(false) } else { json!(true) };
                        assert_eq!(role_of(&report, HUB)["assumed"], hub, "{what}");
                        assert_eq!(report["run"]["complete"], place == "identity", "{what}: {report:#}");
                        assert_eq!(owners(&aws, TOPIC), ["data", "storage"], "{what}");
                    }
                    (_, answered) => panic!("{what}: {answered:?}"),
                }
            });
        }
    }
    runs.join_all().await;
}

#[tokio::test]
async fn a_publish_that_hangs_after_a_long_walk_ends_in_time_and_the_retry_publishes_the_rest() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("AssumeRole").target(HUB).then(Answer::Hang));
    aws.script(Fault::on("Publish").saying("storage").then(Answer::Hang));
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    let (begun, remaining) = (Instant::now(), Duration::from_secs(12));
    let failed = lambda.invoke_as("request-1", remaining, &event("scheduled.json")).await.unwrap_err();
    assert!(begun.elapsed() < remaining, "{:?}", begun.elapsed());
    assert_eq!(failed.error_type, "NotPublished");
    assert_eq!(owners(&aws, TOPIC), ["data"]);
    aws.clear_script();
    aws.script(Fault::on("AssumeRole").target(HUB).then(Answer::Hang));
    lambda.invoke_as("request-1", remaining, &event("scheduled.json")).await.unwrap();
    assert_eq!(owners(&aws, TOPIC), ["data", "storage"], "the retry sends only the message that was not published");
}

/// Many owners, each with many findings that ask AWS nothing; the last owner by name has the only critical finding.
fn many_owners(owners: usize, findings: usize) -> String {
    let mut text = "version: 1\njobs:\n".to_owned();
    for owner in 0..owners {
        for job in 0..findings {
            let line =
                format!("  - {{name: job-{owner}-{job}, owner: team-{owner:04}, length: 2h, source: codebuild}}\n");
            text.push_str(&line);
        }
    }
    text.push_str("  - {name: cannot-start, owner: worst, length: 5m, source: {kind: session-token, duration: 60s}}\n");
    text
}

/// The owners of the Publish calls, in the order in which they came.
fn addressed(aws: &StandIn) -> Vec<String> {
    let subject = |call: &crate::stand_in::Call| call.param("Subject").unwrap_or_default().to_owned();
    let owner = |subject: String| subject.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned();
    aws.calls_of("Publish").iter().map(subject).map(owner).collect()
}

#[tokio::test]
async fn after_the_deadline_no_message_is_made_or_sent_and_the_worst_came_first() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("Publish").then(Answer::Hang));
    let lambda = Lambda::new(&aws, &checker, &many_owners(150, 4), TO_THE_TOPIC).await;
    let (begun, remaining) = (Instant::now(), Duration::from_secs(10));
    let failed = lambda.invoke_as("request-1", remaining, &event("scheduled.json")).await.unwrap_err();
    assert!(begun.elapsed() < remaining, "{:?}", begun.elapsed());
    assert_eq!(failed.error_type, "NotPublished");
    let said = format!("151 of 151 messages to {TOPIC}: the message to worst");
    assert!(failed.error_message.contains(&said), "{}", failed.error_message);
    assert!(failed.error_message.ends_with("and 131 more"), "{}", failed.error_message);
    let addressed = addressed(&aws);
    assert!(addressed.iter().take(8).any(|owner| owner == "worst"), "{addressed:?}");
    let distinct: std::collections::BTreeSet<&String> = addressed.iter().collect();
    assert_eq!(distinct.len(), 8, "as many as are sent at once, and none after the deadline");
}

#[tokio::test]
async fn publishing_that_runs_out_of_time_is_resumed_by_each_retry_until_every_owner_has_a_message() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, &many_owners(60, 1), TO_THE_TOPIC).await;
    aws.set_latency(Duration::from_secs(1));
    let mut attempts = 0;
    loop {
        attempts += 1;
        let attempt = lambda.invoke_as("request-1", Duration::from_secs(8), &event("scheduled.json")).await;
        let reached = owners(&aws, TOPIC);
        assert!(reached.contains(&"worst".to_owned()), "the critical finding is published by the first attempt");
        if attempt.is_ok() {
            break;
        }
        assert!(attempts < 10, "{} owners after {attempts} attempts", reached.len());
    }
    assert!(attempts > 1, "one attempt is not enough for 61 messages");
    let all = owners(&aws, TOPIC);
    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), 61);
    // Each attempt can leave eight messages of which no answer came in time.
    assert!(all.len() <= 61 + 8 * (attempts - 1), "{} messages in {attempts} attempts", all.len());
}

// --- Lost and false answers ---

#[tokio::test]
async fn after_a_lost_answer_a_message_arrives_twice_on_a_standard_topic_and_once_on_a_fifo_topic() {
    for (topic, wanted) in [(TOPIC, 3), (FIFO, 2)] {
        let (aws, checker) = account().await;
        aws.world(|world| {
            world.topic(Topic::new(FIFO));
        });
        aws.script(Fault::on("Publish").saying("storage").times(1).then(Answer::ResetAfterHead));
        let lambda = Lambda::by(hasty_client(&aws, &checker).await, INVENTORY, &[("TOPIC_ARN", topic)]);
        lambda.invoke(&event("scheduled.json")).await.unwrap();
        assert_eq!(aws.calls_of("Publish").len(), 3);
        assert_eq!(owners(&aws, topic).len(), wanted, "{topic}");
    }
}

#[tokio::test]
async fn an_answer_of_200_without_a_message_id_is_not_a_delivery() {
    for answer in [Answer::EmptyBody, Answer::NoMembers, Answer::Html(200)] {
        let (aws, checker) = account().await;
        aws.script(Fault::on("Publish").saying("storage").then(answer.clone()));
        let lambda = Lambda::by(hasty_client(&aws, &checker).await, INVENTORY, TO_THE_TOPIC);
        let failed = lambda.invoke(&event("scheduled.json")).await.unwrap_err();
        assert_eq!(failed.error_type, "NotPublished", "{answer:?}");
        aws.clear_script();
        lambda.invoke(&event("scheduled.json")).await.unwrap();
        assert_eq!(owners(&aws, TOPIC), ["data", "storage"], "{answer:?}");
    }
}

// --- A frozen environment ---

#[tokio::test]
async fn connections_that_aws_dropped_while_the_function_was_frozen_do_not_fail_the_next_run() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    let before = aws.connections();
    // Nothing of this process runs meanwhile, as in a frozen environment: it does not see the connections go.
    aws.drop_connections();
    let report = lambda.invoke(&event("scheduler.json")).await.unwrap();
    assert!(aws.connections() > before, "the old ones are gone");
    assert_eq!((&report["run"]["complete"], findings(&report, "not-checked").len()), (&json!(true), 0));
    assert_eq!(owners(&aws, TOPIC), ["data", "data", "storage", "storage"]);
}

#[tokio::test]
async fn a_later_run_uses_the_connections_of_an_earlier_one_whatever_time_each_has() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    // One role, so that one call follows the other and none needs a connection more.
    let one = json!({ "jobs": ["tidy-up"] });
    lambda.invoke_as("request-1", Duration::from_secs(60), &one).await.unwrap();
    let before = aws.connections();
    for (request, seconds) in [("request-2", 60), ("request-3", 15), ("request-4", 8)] {
        lambda.invoke_as(request, Duration::from_secs(seconds), &one).await.unwrap();
    }
    assert_eq!(aws.connections(), before);
}

#[tokio::test]
async fn a_function_that_wakes_with_expired_credentials_says_so_in_the_log_and_fails_the_invocation() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, TO_THE_TOPIC).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    aws.advance(Duration::from_secs(13 * 3600));
    let log = Log::default();
    let event = event("scheduler.json");
    let second = lambda.invoke(&event).with_subscriber(log.subscriber("credential_health=info"));
    let failed = second.await.unwrap_err();
    assert_eq!(failed.error_type, "NotPublished", "the event is tried again and then dead-lettered");
    assert!(failed.error_message.contains("ExpiredToken"), "{}", failed.error_message);
    let logged: Vec<Value> = log.about("finding");
    let expired: Vec<&Value> = logged.iter().filter(|finding| finding["id"] == "credentials-expired").collect();
    assert_eq!(expired.len(), 2, "one for the first role of each path: {logged:#?}");
    assert_eq!(owners(&aws, TOPIC), ["data", "storage"], "those of the first run");
}

// --- As a process, in AWS's emulator ---

/// The function in AWS's emulator, with a bucket for the state.
struct Environment {
    aws: StandIn,
    emulator: Emulator,
    _inventory: tempfile::NamedTempFile,
}

impl Environment {
    async fn start(state: bool) -> Self {
        Self::with(INVENTORY, state).await
    }

    async fn with(jobs: &str, state: bool) -> Self {
        let (aws, checker) = account().await;
        aws.world(|world| {
            world.bucket(Bucket::new("company-state", REGION));
        });
        let inventory = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(&inventory, jobs).unwrap();
        let mut environment = aws.environment(&checker, REGION);
        environment.push(("INVENTORY", inventory.path().to_str().unwrap().to_owned()));
        environment.push(("TOPIC_ARN", TOPIC.to_owned()));
        if state {
            environment.push(("STATE_URI", "s3://company-state/state.json".to_owned()));
        }
        Self { aws, emulator: Emulator::start(&environment), _inventory: inventory }
    }

    /// The answer to a recorded event: a report, or an error of the function.
    async fn invoke(&mut self, name: &str) -> Value {
        let (status, answer) = self.emulator.invoke(&event(name).to_string()).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn sigterm_ends_the_function_at_once_and_quietly() {
    let mut environment = Environment::start(false).await;
    let answer = environment.invoke("manual.json").await;
    assert_eq!(answer["run"]["complete"], true, "{answer}");
    assert!(environment.emulator.terminate_function(), "the process is still there after ten seconds");
    let output = environment.emulator.end();
    let lines: Vec<&str> = output.lines().filter(|line| !line.is_empty()).collect();
    let foreign: Vec<&&str> =
        lines.iter().filter(|line| serde_json::from_str::<Value>(line).is_err() && !is_emulators(line)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(!output.contains("panic"), "{output}");
}

/// Memory must not grow with the number of messages: each of these has 60 KB, all of them 60 MB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
#[allow(clippy::print_stdout, reason = "a figure: cargo test --workspace -- --nocapture mib_of_memory")]
async fn ten_thousand_findings_of_a_thousand_owners_are_published_within_128_mib_of_memory() {
    // With the state in S3, whose copies take more memory than the messages.
    let mut environment = Environment::with(&many_owners(1000, 10), true).await;
    let answer = environment.invoke("scheduled.json").await;
    assert_eq!(answer["summary"]["findings"]["high"], 10_000, "{answer}");
    assert_eq!(environment.aws.calls_of("Publish").len(), 1001);
    let peak = environment.emulator.peak_memory_kib() / 1024;
    println!("{peak} MiB");
    assert!(peak <= 128, "{peak} MiB");
}

/// Lambda's timeout, or the end of its memory, in the middle of a run: the process is gone without a word.
#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_function_that_is_killed_while_it_publishes_has_logged_everything_and_the_retry_publishes_the_rest() {
    for signal in ["-KILL", "-TERM"] {
        let mut environment = Environment::start(true).await;
        let Environment { aws, emulator, .. } = &mut environment;
        let id = emulator.id();
        aws.script(Fault::on("Publish").saying("storage").then(Answer::Hang));
        let scheduled = event("scheduled.json").to_string();
        let ends = async {
            while owners(aws, TOPIC) != ["data"] || aws.calls_of("Publish").len() < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            signal_function(id, signal);
        };
        let ((_, answer), ()) = tokio::join!(emulator.invoke(&scheduled), ends);
        assert!(!answer.contains("schema_version"), "{signal}: there is no report: {answer}");
        let kept: Value =
            serde_json::from_str(&aws.world(|world| world.object("company-state", "state.json")).unwrap()).unwrap();
        let open: Vec<&Value> = kept["open"].as_object().unwrap().values().collect();
        assert!(open.len() == 2 && open.iter().all(|open| open["last_told"].is_null()), "{signal}: {kept:#}");
        aws.clear_script();
        // The same event again, in another environment: it repeats what may have been published, and publishes the
        // rest.
        let answer = environment.invoke("scheduled.json").await;
        assert_eq!(answer["run"]["trigger"], "schedule", "{signal}: {answer}");
        assert_eq!(owners(&environment.aws, TOPIC), ["data", "data", "storage"], "{signal}");
        environment.invoke("scheduler.json").await;
        assert_eq!(owners(&environment.aws, TOPIC).len(), 3, "{signal}: the next run publishes nothing");
        let output = environment.emulator.end();
        let findings = output.lines().filter(|line| line.contains("\"event\":\"finding\"")).count();
        assert_eq!(findings, 6, "{signal}: two of each run, the killed one included: {output}");
    }
}

/// Frozen for a night: its connections are gone, and its credentials have ended. Nothing of it ran meanwhile.
#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_frozen_environment_whose_credentials_expired_fails_with_its_findings_logged() {
    let mut environment = Environment::start(true).await;
    environment.invoke("scheduled.json").await;
    signal_function(environment.emulator.id(), "-STOP");
    environment.aws.drop_connections();
    environment.aws.advance(Duration::from_secs(13 * 3600));
    signal_function(environment.emulator.id(), "-CONT");
    let answer = environment.invoke("scheduler.json").await;
    assert_eq!(answer["errorType"], "NotPublished", "{answer}");
    assert!(answer.to_string().contains("ExpiredToken"), "{answer}");
    assert_eq!(owners(&environment.aws, TOPIC), ["data", "storage"], "those of the first run");
    let output = environment.emulator.end();
    let expired = output.lines().filter(|line| line.contains("\"id\":\"credentials-expired\"")).count();
    assert_eq!(expired, 2, "one for the first role of each path: {output}");
}

/// The emulator's own lines: START, END, REPORT and its log.
fn is_emulators(line: &str) -> bool {
    ["START ", "END ", "REPORT ", "INIT_", "EXTENSION", "XRAY"].iter().any(|start| line.trim().starts_with(start))
        || line.contains("[ERROR] (rapid)")
        || line.contains("[WARNING] (rapid)")
}
