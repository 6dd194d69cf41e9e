//! The function with a state in S3: the messages on the topic and the object, without faults and with them.

use std::time::Duration;

use credential_health::settings::Settings;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{
    CHECKER, INVENTORY, Lambda, REGION, TOPIC, account, assert_no_credential, assert_no_credential_in_messages, event,
    hasty_client, role, world,
};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, Message, Role, StandIn, refusal};

const BUCKET: &str = "company-state";
const KEY: &str = "credential-health/state.json";
const SETTINGS: &[(&str, &str)] =
    &[("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://company-state/credential-health/state.json")];

/// The account of the harness, with an empty bucket.
async fn with_bucket() -> (StandIn, Credentials) {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bucket(Bucket::new(BUCKET, REGION));
    });
    (aws, checker)
}

async fn lambda(aws: &StandIn, checker: &Credentials) -> Lambda {
    Lambda::new(aws, checker, INVENTORY, SETTINGS).await
}

/// What is in the bucket.
fn kept(aws: &StandIn) -> Value {
    let text = aws.world(|world| world.object(BUCKET, KEY)).expect("there is a state");
    assert_no_credential(&text);
    serde_json::from_str(&text).unwrap()
}

fn put(aws: &StandIn, text: Option<&str>) {
    aws.world(|world| world.set_object(BUCKET, KEY, text));
}

fn open_jobs(aws: &StandIn) -> Vec<String> {
    let kept = kept(aws);
    let mut jobs: Vec<String> =
        kept["open"].as_object().unwrap().values().map(|open| open["job"].as_str().unwrap().to_owned()).collect();
    jobs.sort();
    jobs
}

fn body(message: &Message) -> Value {
    serde_json::from_str(message.text("sqs")).unwrap()
}

/// Reads what the topic delivered since the last call: owner, new, changed, reminded, resolved.
struct Subscriber<'a> {
    aws: &'a StandIn,
    count: usize,
}

impl Subscriber<'_> {
    fn new_messages(&mut self) -> Vec<String> {
        assert_no_credential_in_messages(self.aws, TOPIC);
        let messages = self.aws.messages(TOPIC);
        let mut heard: Vec<String> = messages[self.count..]
            .iter()
            .map(|message| {
                let body = body(message);
                let count = |key: &str| body["changes"][key].as_array().map_or(0, Vec::len);
                let owner = &message.attributes["owner"].value;
                format!("{owner} +{} ~{} !{} -{}", count("new"), count("changed"), count("reminded"), count("resolved"))
            })
            .collect();
        self.count = messages.len();
        heard.sort();
        heard
    }
}

fn subscriber(aws: &StandIn) -> Subscriber<'_> {
    Subscriber { aws, count: 0 }
}

fn scheduled(id: &str) -> Value {
    let mut event = event("scheduled.json");
    let digits: String = id.bytes().map(|byte| format!("{byte:02x}")).collect();
    event["id"] = json!(format!("c3b1e0a4-5f7d-4e0b-9b57-{digits:0>12.12}"));
    event
}

/// Without the job of `storage`, and with a longer one of `data`.
fn changed_inventory() -> String {
    let lines: Vec<&str> = INVENTORY.lines().filter(|line| !line.contains("nightly-dump")).collect();
    lines.join("\n").replace("length: 4h", "length: 6h")
}

/// A function after its first run, with `changed_inventory` deployed since.
async fn changed_after_a_run(aws: &StandIn, checker: &Credentials, subscriber: &mut Subscriber<'_>) -> Lambda {
    let lambda = lambda(aws, checker).await;
    lambda.invoke(&scheduled("1")).await.unwrap();
    assert_eq!(subscriber.new_messages(), BOTH_NEW);
    lambda.deploy(&changed_inventory());
    lambda
}

const BOTH_NEW: [&str; 2] = ["data +1 ~0 !0 -0", "storage +1 ~0 !0 -0"];

// --- Without faults ---

#[tokio::test]
async fn the_first_run_publishes_everything_with_the_reason_and_the_next_run_nothing() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    // Each run in an environment of its own: only the state can know.
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    assert_eq!(subscriber.new_messages(), BOTH_NEW);
    for message in aws.messages(TOPIC) {
        assert_eq!(body(&message)["changes"]["state"], "new");
        assert!(message.text("email").contains("there is no such object"), "{}", message.text("email"));
    }
    assert_eq!(open_jobs(&aws), ["nightly-dump", "nightly-etl"]);
    assert_eq!(kept(&aws)["schema_version"], 1);
    lambda(&aws, &checker).await.invoke(&scheduled("2")).await.unwrap();
    assert_eq!(subscriber.new_messages(), [""; 0]);
    let conditions: Vec<u16> = aws.calls_of("PutObject").iter().map(|call| call.status).collect();
    // The first run writes before and after publishing; the second publishes nothing.
    assert_eq!((conditions, aws.calls_of("GetObject").len()), (vec![200; 3], 2));
}

#[tokio::test]
async fn a_change_is_published_to_its_owner_only() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    let lambda = changed_after_a_run(&aws, &checker, &mut subscriber).await;
    lambda.invoke(&scheduled("2")).await.unwrap();
    assert_eq!(subscriber.new_messages(), ["data +0 ~1 !0 -0", "storage +0 ~0 !0 -1"]);
    let messages = aws.messages(TOPIC);
    let to = |owner: &str| messages.iter().rev().find(|m| m.attributes["owner"].value == owner).unwrap();
    assert!(to("data").text("email").contains("changed: needed 4h → 6h"), "{}", to("data").text("email"));
    assert!(to("storage").text("email").contains("no longer declared"), "{}", to("storage").text("email"));
    assert_eq!(to("storage").attributes["severity"].value, "none");
    assert_eq!(open_jobs(&aws), ["nightly-etl"]);
}

#[tokio::test]
async fn only_full_runs_without_notify_in_the_request_touch_the_state() {
    let (aws, checker) = with_bucket().await;
    let lambda = lambda(&aws, &checker).await;
    for request in [
        json!({"notify": "findings"}),
        json!({"notify": "always"}),
        json!({"notify": "never"}),
        json!({"jobs": ["nightly-*"]}),
        event("manual-inventory.json"),
        event("cloudtrail-expired-token.json"),
        event("widget.json"),
    ] {
        lambda.invoke(&request).await.unwrap();
    }
    assert!(aws.calls().iter().all(|call| call.service != "s3"));
    assert!(aws.messages(TOPIC).iter().all(|message| body(message).get("changes").is_none()));
    let expired = aws.messages(TOPIC).iter().filter(|m| m.text("email").contains("expired-token-observed")).count();
    assert_eq!(expired, 2, "two owners have jobs that use the role");
    lambda.invoke(&json!({})).await.unwrap();
    assert_eq!(open_jobs(&aws), ["nightly-dump", "nightly-etl"], "and an empty request is such a run");
}

#[tokio::test]
async fn without_a_bucket_or_with_another_notify_nothing_is_read_or_written() {
    for settings in [&[("TOPIC_ARN", TOPIC)][..], &[SETTINGS, &[("NOTIFY", "findings")]].concat(), &SETTINGS[1..]] {
        let (aws, checker) = with_bucket().await;
        let lambda = Lambda::new(&aws, &checker, INVENTORY, settings).await;
        lambda.invoke(&scheduled("1")).await.unwrap();
        lambda.invoke(&scheduled("2")).await.unwrap();
        assert!(aws.calls().iter().all(|call| call.service != "s3"), "{settings:?}");
        let has_topic = settings[0].0 == "TOPIC_ARN";
        assert_eq!(aws.messages(TOPIC).len(), if has_topic { 4 } else { 0 });
    }
}

#[tokio::test]
async fn from_changes_to_findings_and_back_loses_nothing() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    let other = [SETTINGS, &[("NOTIFY", "findings")]].concat();
    Lambda::new(&aws, &checker, &changed_inventory(), &other).await.invoke(&scheduled("2")).await.unwrap();
    subscriber.new_messages();
    Lambda::new(&aws, &checker, &changed_inventory(), SETTINGS).await.invoke(&scheduled("3")).await.unwrap();
    assert_eq!(subscriber.new_messages(), ["data +0 ~1 !0 -0", "storage +0 ~0 !0 -1"]);
}

#[tokio::test]
async fn a_bucket_in_another_region_is_found_there() {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bucket(Bucket::new(BUCKET, "us-west-2"));
    });
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    assert_eq!(open_jobs(&aws).len(), 2);
    let regions: Vec<_> =
        aws.calls().iter().filter(|call| call.service == "s3").map(|call| call.region.clone().unwrap()).collect();
    assert_eq!(regions, [REGION, "us-west-2", "us-west-2", "us-west-2"]);
}

/// Reading a missing object is 403 for callers that may not list the bucket: the write shows that there was no object.
#[tokio::test]
async fn permission_to_get_and_put_that_one_object_is_enough() {
    let (mut world, _) = world();
    let object = format!("arn:aws:s3:::{BUCKET}/{KEY}");
    let own = Role::new(CHECKER).allows("sns:Publish", TOPIC).may_assume("*");
    world.role(own.allows("s3:GetObject", &object).allows("s3:PutObject", &object));
    world.role(role(crate::harness::HUB).may_assume("*")).role(role(crate::harness::ETL).trusts(crate::harness::HUB));
    world.bucket(Bucket::new(BUCKET, REGION));
    let checker = world.role_session("arn:aws:sts::999999999999:assumed-role/checker/tests");
    let aws = StandIn::start(world).await;
    let mut subscriber = subscriber(&aws);
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    assert_eq!(subscriber.new_messages(), BOTH_NEW);
    let text = aws.messages(TOPIC)[0].text("email").to_owned();
    assert!(text.contains("AccessDenied") && text.contains("does not exist yet"), "{text}");
    lambda(&aws, &checker).await.invoke(&scheduled("2")).await.unwrap();
    assert_eq!(subscriber.new_messages(), [""; 0]);
}

#[tokio::test]
async fn a_new_state_without_open_findings_is_published_once() {
    let (aws, checker) = with_bucket().await;
    let healthy = "version: 1\njobs:\n  - {name: a, length: 5m, source: lambda}\n";
    for id in ["1", "2"] {
        Lambda::new(&aws, &checker, healthy, SETTINGS).await.invoke(&scheduled(id)).await.unwrap();
    }
    let [message] = &aws.messages(TOPIC)[..] else { panic!("one message") };
    assert_eq!(message.subject.as_deref(), Some("credential-health: nothing found (unowned)"));
}

// --- When S3 fails ---

#[tokio::test]
async fn an_object_that_is_not_a_state_is_reported_once_and_replaced() {
    let newer = r#"{"schema_version": 2, "as_of": "2026-11-16T06:00:00Z", "open": {}}"#;
    let large = " ".repeat(17 * 1024 * 1024);
    for (text, said) in [
        ("{\"schema_version\": 1", "it is not JSON"),
        ("\u{1b}[31m", "it is not JSON"),
        ("[1]", "not a state"),
        (newer, "schema_version 2"),
        (&large, "over 16777216 bytes"),
    ] {
        let (aws, checker) = with_bucket().await;
        put(&aws, Some(text));
        let mut subscriber = subscriber(&aws);
        lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
        assert_eq!(subscriber.new_messages(), BOTH_NEW, "{said}");
        for message in aws.messages(TOPIC) {
            assert_eq!(body(&message)["changes"]["state"], "lost");
            let text = message.text("email");
            assert!(text.contains("could not be read") && text.contains(said), "{said}: {text}");
        }
        lambda(&aws, &checker).await.invoke(&scheduled("2")).await.unwrap();
        assert_eq!(subscriber.new_messages(), [""; 0], "{said}");
    }
}

/// The page of a proxy in front of S3: nothing was written, and the run must not believe so.
#[tokio::test]
async fn a_write_that_another_than_s3_answers_is_no_success() {
    let page = Answer::Raw { status: 200, content_type: "text/plain".to_owned(), body: String::new() };
    for answer in [Answer::Html(200), Answer::EmptyBody, page] {
        let (aws, checker) = with_bucket().await;
        aws.script(Fault::on("PutObject").then(answer.clone()));
        let failed = lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap_err();
        assert_eq!(failed.error_type, "StateNotSaved", "{answer:?}");
        assert_eq!(aws.world(|world| world.object(BUCKET, KEY)), None, "{answer:?}");
    }
}

#[tokio::test]
async fn after_the_state_was_deleted_everything_is_published_once() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    for (id, deleted) in [("1", false), ("2", true), ("3", false)] {
        if deleted {
            put(&aws, None);
        }
        lambda(&aws, &checker).await.invoke(&scheduled(id)).await.unwrap();
    }
    assert_eq!(subscriber.new_messages().len(), 4);
}

/// A fault prevents the first reading of a good state: everything is published, and nothing is overwritten.
#[tokio::test]
async fn a_state_that_could_not_be_read_is_read_again_before_it_is_written() {
    for answer in [
        Answer::error(500, "InternalError", "We encountered an internal error. Please try again."),
        Answer::Html(502),
        Answer::Hang,
    ] {
        let (aws, checker) = with_bucket().await;
        lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
        let since = kept(&aws)["open"].clone();
        let mut subscriber = subscriber(&aws);
        subscriber.new_messages();
        aws.script(Fault::on("GetObject").then(answer.clone()));
        let hasty = Lambda::by(hasty_client(&aws, &checker).await, INVENTORY, SETTINGS);
        let scheduled = scheduled("2");
        let run = hasty.invoke_as("r", Duration::from_secs(60), &scheduled);
        // The fault lasts as long as the first reading: until something is sent.
        let sent = aws.calls_of("Publish").len();
        let fault_ends = async {
            while aws.calls_of("Publish").len() == sent {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            aws.clear_script();
        };
        let (run, ended) = tokio::join!(run, tokio::time::timeout(Duration::from_secs(60), fault_ends));
        assert!(run.is_ok() && ended.is_ok(), "{answer:?}: {run:?}");
        assert_eq!(subscriber.new_messages(), BOTH_NEW, "{answer:?}");
        for (fingerprint, open) in kept(&aws)["open"].as_object().unwrap() {
            assert_eq!(open["since"], since[fingerprint]["since"], "{answer:?}: what was known is kept");
        }
    }
}

#[tokio::test]
async fn a_state_that_may_not_be_read_fails_each_invocation_after_everything_was_published() {
    let (aws, checker) = with_bucket().await;
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    let before = kept(&aws);
    aws.script(Fault::on("GetObject").then(Answer::error(403, "AccessDenied", "Access Denied")));
    let mut subscriber = subscriber(&aws);
    subscriber.new_messages();
    let failed = lambda(&aws, &checker).await.invoke(&scheduled("2")).await.unwrap_err();
    assert_eq!(failed.error_type, "StateNotSaved");
    assert!(failed.error_message.contains("AccessDenied") && failed.error_message.contains("s3://company-state/"));
    assert_eq!((subscriber.new_messages(), kept(&aws)), (BOTH_NEW.map(str::to_owned).to_vec(), before));
}

#[tokio::test]
async fn a_refused_write_after_publishing_fails_the_invocation_and_a_retry_publishes_nothing_twice() {
    for (answer, said) in [
        (Answer::error(403, "AccessDenied", "Access Denied"), "AccessDenied"),
        (Answer::error(400, "KMS.DisabledException", "the key is disabled"), "KMS.DisabledException"),
        (Answer::error(404, "NoSuchBucket", "The specified bucket does not exist"), "NoSuchBucket"),
    ] {
        // Both writes are refused, or the one after sending alone.
        for refused in [Fault::on("PutObject").times(2), Fault::on("PutObject").after(1).times(1)] {
            let (aws, checker) = with_bucket().await;
            let mut subscriber = subscriber(&aws);
            let lambda = lambda(&aws, &checker).await;
            aws.script(refused.then(answer.clone()));
            let failed = lambda.invoke(&scheduled("1")).await.unwrap_err();
            assert_eq!(failed.error_type, "StateNotSaved");
            assert!(failed.error_message.contains(said), "{}", failed.error_message);
            assert_eq!(subscriber.new_messages(), BOTH_NEW);
            lambda.invoke(&scheduled("1")).await.unwrap();
            assert_eq!(subscriber.new_messages(), [""; 0], "the same environment knows what it sent");
            assert_eq!(open_jobs(&aws).len(), 2);
        }
    }
}

#[tokio::test]
async fn a_conflict_is_settled_and_an_endless_one_fails_after_everything_was_published_once() {
    let conflict =
        |code: &str, status: u16| Answer::error(status, code, "At least one of the pre-conditions did not hold");
    for (code, status) in [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409)] {
        let (aws, checker) = with_bucket().await;
        aws.script(Fault::on("PutObject").times(1).then(conflict(code, status)));
        let mut subscriber = subscriber(&aws);
        let lambda = lambda(&aws, &checker).await;
        lambda.invoke(&scheduled("1")).await.unwrap();
        assert_eq!(
            (subscriber.new_messages(), aws.calls_of("PutObject").len()),
            (BOTH_NEW.map(str::to_owned).to_vec(), 3)
        );
        aws.script(Fault::on("PutObject").then(conflict(code, status)));
        let failed = lambda.invoke(&scheduled("2")).await.unwrap_err();
        assert_eq!((failed.error_type.as_str(), aws.calls_of("PutObject").len()), ("StateNotSaved", 9));
        assert_eq!(subscriber.new_messages(), [""; 0]);
        lambda.deploy(&changed_inventory());
        let failed = lambda.invoke(&scheduled("3")).await.unwrap_err();
        assert_eq!(failed.error_type, "StateNotSaved");
        assert_eq!(
            subscriber.new_messages(),
            ["data +0 ~1 !0 -0", "storage +0 ~0 !0 -1"],
            "conflicts hold no message back"
        );
    }
}

/// Lambda kills the function between publishing and writing, or S3 accepts no second write; and the messages are no
/// longer true when the next run checks.
#[tokio::test]
async fn messages_of_a_run_that_could_not_write_the_state_are_corrected_by_the_next_run() {
    for answer in [Answer::Hang, Answer::error(403, "AccessDenied", "Access Denied")] {
        let (aws, checker) = with_bucket().await;
        let mut subscriber = subscriber(&aws);
        let first = changed_after_a_run(&aws, &checker, &mut subscriber).await;
        aws.script(Fault::on("PutObject").after(1).then(answer.clone()));
        let event = scheduled("2");
        let killed = async {
            while aws.messages(TOPIC).len() < 4 || aws.calls_of("PutObject").len() < 4 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            ended = first.invoke(&event) => assert_eq!(ended.unwrap_err().error_type, "StateNotSaved", "{answer:?}"),
            () = killed => {}
        }
        assert_eq!(subscriber.new_messages(), ["data +0 ~1 !0 -0", "storage +0 ~0 !0 -1"]);
        aws.clear_script();
        // The inventory of before, in another environment.
        lambda(&aws, &checker).await.invoke(&scheduled("3")).await.unwrap();
        assert_eq!(subscriber.new_messages(), ["data +0 ~0 !1 -0", "storage +0 ~0 !1 -0"], "{answer:?}");
        lambda(&aws, &checker).await.invoke(&scheduled("4")).await.unwrap();
        assert_eq!(subscriber.new_messages(), [""; 0], "{answer:?}");
    }
}

#[tokio::test]
async fn messages_do_not_wait_for_a_bucket_that_gives_no_answer() {
    let (aws, checker) = with_bucket().await;
    aws.script(Fault::on("PutObject").then(Answer::Hang));
    let (begun, remaining) = (std::time::Instant::now(), Duration::from_secs(15));
    let event = scheduled("1");
    let failed = lambda(&aws, &checker).await.invoke_as("r", remaining, &event).await.unwrap_err();
    assert!(begun.elapsed() < remaining, "{:?}", begun.elapsed());
    assert_eq!(failed.error_type, "StateNotSaved");
    assert_eq!(subscriber(&aws).new_messages(), BOTH_NEW);
    let calls = aws.calls();
    let first_sent = calls.iter().position(|call| call.action == "Publish").unwrap();
    assert!(calls[..first_sent].iter().any(|call| call.action == "PutObject"), "the write came before the messages");
}

/// The write before publishing succeeds so late that the messages did not wait: it does not count as another run's
/// write.
#[tokio::test]
async fn a_late_write_before_publishing_repeats_no_message() {
    let (aws, checker) = with_bucket().await;
    // S3 accepts it. When the SDK tries again, there is no answer until the messages no longer wait.
    aws.script(Fault::on("PutObject").times(1).then(Answer::ResetAfterwards));
    aws.script(Fault::on("PutObject").times(1).then(Answer::Hang));
    let mut subscriber = subscriber(&aws);
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    let puts: Vec<u16> = aws.calls_of("PutObject").iter().map(|call| call.status).collect();
    assert!(puts.contains(&412), "{puts:?}");
    assert_eq!(subscriber.new_messages(), BOTH_NEW);
    lambda(&aws, &checker).await.invoke(&scheduled("2")).await.unwrap();
    assert_eq!(subscriber.new_messages(), [""; 0]);
}

/// A write is accepted and its answer lost: it does not count as another run's write.
#[tokio::test]
async fn a_lost_answer_of_s3_repeats_no_message() {
    for lost in [0, 1] {
        let (aws, checker) = with_bucket().await;
        aws.script(Fault::on("PutObject").after(lost).times(1).then(Answer::ResetAfterwards));
        let mut subscriber = subscriber(&aws);
        Lambda::by(hasty_client(&aws, &checker).await, INVENTORY, SETTINGS).invoke(&scheduled("1")).await.unwrap();
        assert!(aws.calls_of("PutObject").iter().any(|call| call.status == 412), "the SDK tried again");
        assert_eq!(subscriber.new_messages(), BOTH_NEW);
        assert_eq!(open_jobs(&aws).len(), 2);
        lambda(&aws, &checker).await.invoke(&scheduled("2")).await.unwrap();
        assert_eq!(subscriber.new_messages(), [""; 0]);
    }
}

// --- When the topic fails ---

#[tokio::test]
async fn after_some_messages_failed_a_retry_from_any_environment_publishes_only_those() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    aws.script(Fault::on("Publish").times(1).then(refusal("kms-denied")));
    let failed = lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap_err();
    assert_eq!(failed.error_type, "NotPublished");
    let first = subscriber.new_messages();
    assert_eq!((first.len(), open_jobs(&aws).len()), (1, 1), "what was published is stored");
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    let second = subscriber.new_messages();
    let mut all = [first, second].concat();
    all.sort();
    assert_eq!(all, BOTH_NEW);
    lambda(&aws, &checker).await.invoke(&scheduled("1")).await.unwrap();
    assert_eq!(subscriber.new_messages(), [""; 0]);
}

#[tokio::test]
async fn a_resolution_that_could_not_be_published_is_published_by_the_next_run() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    let lambda = changed_after_a_run(&aws, &checker, &mut subscriber).await;
    aws.script(Fault::on("Publish").times(2).then(refusal("kms-denied")));
    assert_eq!(lambda.invoke(&scheduled("2")).await.unwrap_err().error_type, "NotPublished");
    assert_eq!(open_jobs(&aws), ["nightly-dump", "nightly-etl"]);
    lambda.invoke(&scheduled("3")).await.unwrap();
    assert_eq!(subscriber.new_messages(), ["data +0 ~1 !0 -0", "storage +0 ~0 !0 -1"]);
}

// --- Two at once ---

#[tokio::test]
async fn two_runs_at_once_both_succeed_and_the_state_has_the_findings_of_both() {
    let (aws, checker) = with_bucket().await;
    let (one, other) = (lambda(&aws, &checker).await, lambda(&aws, &checker).await);
    aws.set_latency(Duration::from_millis(30));
    let (first, second) = (scheduled("1"), scheduled("2"));
    let (first, second) = tokio::join!(one.invoke(&first), other.invoke(&second));
    first.unwrap();
    second.unwrap();
    assert!((2..=4).contains(&aws.messages(TOPIC).len()), "at least once, and at most twice");
    assert_eq!(open_jobs(&aws), ["nightly-dump", "nightly-etl"]);
    assert!(aws.calls_of("PutObject").iter().any(|call| call.status == 412), "their writes conflict");
    let mut subscriber = subscriber(&aws);
    subscriber.new_messages();
    lambda(&aws, &checker).await.invoke(&scheduled("3")).await.unwrap();
    assert_eq!(subscriber.new_messages(), [""; 0]);
}

// --- What a run did not check ---

#[tokio::test]
async fn a_role_that_became_unreadable_resolves_no_finding_based_on_its_settings() {
    let (aws, checker) = with_bucket().await;
    let inventory = INVENTORY.replace(
        "hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\"}",
        "hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\", max_session_duration: 1h}",
    );
    let hub = crate::harness::HUB;
    let set = |hub: Role| {
        aws.world(|world| {
            world.role(hub);
        });
    };
    set(role(hub).may_assume("*").max_session(7200));
    let lambda = Lambda::new(&aws, &checker, &inventory, SETTINGS).await;
    lambda.invoke(&scheduled("1")).await.unwrap();
    let ids = || -> Vec<String> {
        kept(&aws)["open"].as_object().unwrap().values().map(|open| open["id"].as_str().unwrap().to_owned()).collect()
    };
    assert!(ids().contains(&"max-session-drift".to_owned()), "{:?}", ids());
    let resolved = || -> usize {
        aws.messages(TOPIC).iter().map(|m| body(m)["changes"]["resolved"].as_array().unwrap().len()).sum()
    };
    set(Role::new(hub));
    let report = lambda.invoke(&scheduled("2")).await.unwrap();
    assert_eq!(report["run"]["complete"], true, "a refusal is an answer");
    assert!(ids().contains(&"assume-denied".to_owned()) && ids().contains(&"max-session-drift".to_owned()));
    assert_eq!(resolved(), 0);
    set(role(hub).may_assume("*").max_session(7200));
    lambda.invoke(&scheduled("3")).await.unwrap();
    assert_eq!(resolved(), 1, "assume-denied");
    assert!(ids().contains(&"max-session-drift".to_owned()));
}

#[tokio::test]
async fn an_incomplete_run_resolves_nothing() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    let lambda = changed_after_a_run(&aws, &checker, &mut subscriber).await;
    aws.script(Fault::on("AssumeRole").then(Answer::Hang));
    lambda.invoke_as("r", Duration::from_secs(8), &scheduled("2")).await.unwrap();
    let heard = subscriber.new_messages();
    assert!(heard.iter().all(|heard| heard.ends_with("-0")), "{heard:?}");
    assert!(open_jobs_or_roles(&aws).contains(&"nightly-dump".to_owned()));
    aws.clear_script();
    lambda.invoke(&scheduled("3")).await.unwrap();
    let heard = subscriber.new_messages();
    assert!(heard.iter().any(|heard| heard.starts_with("storage") && heard.ends_with("-1")), "{heard:?}");
}

fn open_jobs_or_roles(aws: &StandIn) -> Vec<String> {
    let kept = kept(aws);
    let about = |open: &Value| open["job"].as_str().or(open["role"].as_str()).unwrap_or_default().to_owned();
    kept["open"].as_object().unwrap().values().map(about).collect()
}

#[tokio::test]
async fn an_unchanged_finding_is_published_again_after_the_reminder_interval() {
    let (aws, checker) = with_bucket().await;
    let mut subscriber = subscriber(&aws);
    let settings = [SETTINGS, &[("REMIND_AFTER", "2d")]].concat();
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &settings).await;
    let start: Timestamp = "2026-11-16T06:00:00Z".parse().unwrap();
    let mut heard = Vec::new();
    for day in 0..5 {
        let at = start + SignedDuration::from_hours(24 * day);
        lambda.invoke_at(at, &format!("r{day}"), &json!({})).await.unwrap();
        heard.push(subscriber.new_messages().len());
    }
    assert_eq!(heard, [2, 0, 2, 0, 2]);
}

// --- Settings ---

#[test]
fn bad_settings_of_the_state_are_reported_together() {
    let read = |settings: &[(&str, &str)]| {
        Settings::read(|name| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    };
    let problems = read(&[("NOTIFY", "changes"), ("REMIND_AFTER", "7")]).unwrap_err();
    assert_eq!(problems.0.iter().map(|bad| bad.name).collect::<Vec<_>>(), ["NOTIFY", "REMIND_AFTER"]);
    assert!(problems.0[0].to_string().contains("STATE_URI"), "{problems}");
    for (settings, said) in [
        (&[("STATE_URI", "bucket/key")][..], "STATE_URI: `bucket/key`: it is not an s3:// URI"),
        (&[("REMIND_AFTER", "59m")], "REMIND_AFTER: `59m` is not from 1h to 365d"),
        (&[("REMIND_AFTER", "366d")], "REMIND_AFTER"),
        (&[("NOTIFY", "sometimes")], "changes"),
    ] {
        let problems = read(settings).unwrap_err().to_string();
        assert!(problems.contains(said), "{problems}");
    }
    for notify in ["changes", "findings", "always", "never"] {
        assert!(read(&[("STATE_URI", "s3://bucket/key"), ("NOTIFY", notify)]).is_ok(), "{notify}");
    }
}
