//! The messages on the topic: owners, the text of each protocol, the size limit, refusals. Through the real handler and
//! the stand-in's SNS.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credential_health::findings::Severity;
use credential_health::notify::{self, Delivery, Digest, Notify, PublishedMessages, SendError, Sink, Wanted};
use serde_json::{Value, json};

use crate::harness::{
    Check, HUB, Lambda, TOPIC, assert_no_credential, assert_no_credential_in_messages, check_once, client, event,
    findings, hasty_client, ids, lint, offline_start, role, world,
};
use crate::stand_in::{Answer, Credentials, Fault, Message, Role, StandIn, Topic, refusal};

const ETL: &str = "arn:aws:iam::222222222222:role/etl";
const FIFO: &str = "arn:aws:sns:eu-west-1:999999999999:credential-health.fifo";
const JSON_PROTOCOLS: [&str; 4] = ["lambda", "sqs", "http", "https"];

/// A finding of each severity that the jobs' lengths alone give, for several owners.
const SEVERAL: &str = "version: 1
roles:
  etl: {arn: \"arn:aws:iam::222222222222:role/etl\"}
jobs:
  - {name: cannot-start, owner: data, length: 5m, source: ecs-task, path: [{role: etl, duration: 2h}]}
  - {name: lapses, owner: data, length: 4h, source: ecs-task, path: [etl]}
  - {name: thin, owner: storage, length: 55m, source: codebuild}
  - {name: nobodys, length: 2h, source: codebuild}
  - {name: lasts, owner: web, length: 5m, source: codebuild}
";

async fn account() -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    world.role(role(ETL));
    world.topic(Topic::fifo(FIFO));
    (StandIn::start(world).await, checker)
}

/// The messages that one scheduled run of this inventory sends, by owner, and its report.
async fn published(inventory: &str, settings: &[(&str, &str)]) -> (BTreeMap<String, Message>, Value) {
    let (aws, checker) = account().await;
    let settings = [&[("TOPIC_ARN", TOPIC)], settings].concat();
    let lambda = Lambda::new(&aws, &checker, inventory, &settings).await;
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_no_credential_in_messages(&aws, TOPIC);
    let messages = aws.messages(TOPIC);
    let number = messages.len();
    let by_owner: BTreeMap<String, Message> =
        messages.into_iter().map(|message| (message.attributes["owner"].value.clone(), message)).collect();
    assert_eq!(by_owner.len(), number, "no owner gets two messages");
    (by_owner, report)
}

fn owners(messages: &BTreeMap<String, Message>) -> Vec<&str> {
    messages.keys().map(String::as_str).collect()
}

/// The JSON of a message, which must be the same for each protocol that gets JSON.
#[track_caller]
fn body(message: &Message) -> Value {
    let bodies: BTreeSet<&str> = JSON_PROTOCOLS.map(|protocol| message.bodies[protocol].as_str()).into();
    assert_eq!(bodies.len(), 1);
    serde_json::from_str(message.text("sqs")).unwrap()
}

/// The value of an attribute, which must have this type.
#[track_caller]
fn attribute(message: &Message, name: &str, data_type: &str) -> String {
    let attribute = &message.attributes[name];
    assert_eq!(attribute.data_type, data_type, "{name}");
    attribute.value.clone()
}

// --- Who ---

#[tokio::test]
async fn each_owner_with_findings_gets_one_message_with_those_findings_alone() {
    let (messages, report) = published(SEVERAL, &[]).await;
    assert_eq!(owners(&messages), ["data", "storage", "unowned"]);
    for (owner, message) in &messages {
        let of_owner: Vec<&Value> =
            report["findings"].as_array().unwrap().iter().filter(|finding| finding["owner"] == *owner).collect();
        assert_eq!(body(message)["details"], json!(of_owner), "{owner}");
    }
    assert_eq!(body(&messages["data"])["findings"], json!(["duration-above-max-session", "chain-caps-session"]));
}

#[tokio::test]
async fn a_healthy_run_publishes_nothing_unless_notify_is_always() {
    let healthy = "version: 1\njobs:\n  - {name: lasts, owner: web, length: 5m, source: codebuild}\n";
    assert_eq!(owners(&published(healthy, &[]).await.0), Vec::<&str>::new());
    assert_eq!(owners(&published(healthy, &[("NOTIFY", "never")]).await.0), Vec::<&str>::new());
    let (messages, _) = published(healthy, &[("NOTIFY", "always")]).await;
    assert_eq!(owners(&messages), ["unowned"]);
    let message = &messages["unowned"];
    assert!(message.subject.as_ref().unwrap().contains("nothing found"), "{:?}", message.subject);
    assert!(message.text("email").contains("1 job"), "{}", message.text("email"));
    assert_eq!(body(message)["details"], json!([]));
    assert_eq!(body(message)["truncated"], false);
}

#[tokio::test]
async fn never_means_never() {
    assert_eq!(owners(&published(SEVERAL, &[("NOTIFY", "never")]).await.0), Vec::<&str>::new());
}

#[tokio::test]
async fn always_is_for_owners_with_findings_where_there_are_some() {
    assert_eq!(owners(&published(SEVERAL, &[("NOTIFY", "always")]).await.0), ["data", "storage", "unowned"]);
}

#[tokio::test]
async fn findings_below_the_minimum_severity_are_in_the_report_and_in_no_message() {
    let (messages, report) = published(SEVERAL, &[("MIN_SEVERITY", "high")]).await;
    assert_eq!(owners(&messages), ["data", "unowned"]);
    assert_eq!(findings(&report, "thin-margin").len(), 1);
    let (messages, _) = published(SEVERAL, &[("MIN_SEVERITY", "critical")]).await;
    assert_eq!(owners(&messages), ["data"]);
    assert_eq!(body(&messages["data"])["findings"], json!(["duration-above-max-session"]));
    assert!(!messages["data"].text("email").contains("chain-caps-session"));
}

#[tokio::test]
async fn a_waived_finding_is_in_no_message() {
    let waivers = "longest_waiver: 400000d
waivers:
  - {finding: thin-margin, job: thin, until: 2999-12-31, reason: soon}
  - {finding: chain-caps-session, job: lapses, until: 2999-12-31, reason: soon}
";
    let (messages, report) = published(&format!("{SEVERAL}{waivers}"), &[]).await;
    assert_eq!(report["summary"]["waived"], 2);
    assert_eq!(owners(&messages), ["data", "unowned"]);
    for message in messages.values() {
        let all = format!("{:?}", message.bodies);
        assert!(!all.contains("chain-caps-session") && !all.contains("thin-margin"), "{all}");
    }
}

// --- What ---

#[tokio::test]
async fn people_get_plain_text_and_programs_get_json() {
    let (messages, _) = published(SEVERAL, &[]).await;
    for message in messages.values() {
        assert!(message.structured, "MessageStructure=json");
        let protocols: Vec<&str> = message.bodies.keys().map(String::as_str).collect();
        assert_eq!(protocols, ["default", "email", "http", "https", "lambda", "sqs"]);
        body(message);
        for protocol in ["default", "email"] {
            assert!(serde_json::from_str::<Value>(message.text(protocol)).is_err(), "plain text for {protocol}");
        }
    }
    let text = messages["data"].text("email");
    for said in ["lapses needs 4h", ETL, "duration_seconds = 3600", "chain-caps-session", "cannot-start"] {
        assert!(text.contains(said), "a person can act on it: {said:?} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_attributes_are_those_of_the_interface_and_the_json_has_the_same_keys() {
    let (messages, _) = published(SEVERAL, &[]).await;
    let message = &messages["data"];
    let names: Vec<&str> = message.attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["accounts", "complete", "findings", "owner", "schema_version", "severity"]);
    let body = body(message);
    assert_eq!(attribute(message, "severity", "String"), "critical");
    assert_eq!(body["severity"], "critical");
    assert_eq!(attribute(message, "owner", "String"), "data");
    assert_eq!(body["owner"], "data");
    assert_eq!(attribute(message, "complete", "String"), "true");
    assert_eq!(body["complete"], true);
    assert_eq!(attribute(message, "schema_version", "String"), "1");
    assert_eq!(body["schema_version"], 1);
    for (name, value) in [
        ("findings", json!(["duration-above-max-session", "chain-caps-session"])),
        ("accounts", json!(["222222222222"])),
    ] {
        assert_eq!(serde_json::from_str::<Value>(&attribute(message, name, "String.Array")).unwrap(), value);
        assert_eq!(body[name], value);
    }
    assert_eq!(attribute(&messages["storage"], "severity", "String"), "medium", "the worst of its own");
}

#[tokio::test]
async fn a_subject_is_at_most_99_printable_ascii_characters_for_every_owner() {
    for owner in ["équipe données ☂", &"a-very-long-team-name-".repeat(8), " x", "\u{1F4A5}"] {
        for topic in [TOPIC, FIFO] {
            let (aws, checker) = account().await;
            let inventory =
                format!("version: 1\njobs:\n  - {{name: lapses, owner: \"{owner}\", length: 2h, source: codebuild}}\n");
            let lambda = Lambda::new(&aws, &checker, &inventory, &[("TOPIC_ARN", topic)]).await;
            lambda.invoke(&event("scheduled.json")).await.unwrap();
            let [message] = &aws.messages(topic)[..] else { panic!("one message") };
            let subject = message.subject.as_ref().unwrap();
            assert!(subject.len() <= 99 && subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{subject:?}");
            assert!(subject.starts_with("lapses dies after 1h"), "{subject}");
            assert_eq!(message.attributes["owner"].value, owner, "routing needs the owner as it is written");
        }
    }
}

#[tokio::test]
async fn a_run_that_is_not_complete_says_so_in_subject_text_attribute_and_json() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("AssumeRole").then(Answer::Hang));
    let lambda = Lambda::new(&aws, &checker, SEVERAL, &[("TOPIC_ARN", TOPIC)]).await;
    lambda.invoke_as("r", std::time::Duration::from_secs(6), &event("scheduled.json")).await.unwrap();
    let messages = aws.messages(TOPIC);
    assert_eq!(messages.len(), 3);
    for message in messages {
        assert!(message.subject.as_ref().unwrap().contains("incomplete"));
        assert!(message.text("email").contains("This run is incomplete"));
        assert_eq!(message.attributes["complete"].value, "false");
        assert_eq!(body(&message)["complete"], false);
    }
}

#[tokio::test]
async fn the_pages_about_findings_are_where_the_settings_say() {
    let (messages, _) = published(SEVERAL, &[("RUNBOOK_BASE_URL", "https://wiki.example.com/health/")]).await;
    let page = "https://wiki.example.com/health/chain-caps-session.md";
    assert!(messages["data"].text("email").contains(page));
    assert_eq!(body(&messages["data"])["details"][1]["runbook"], page);
}

/// The reader of a mail can be without the inventory.
#[tokio::test]
async fn a_mail_says_which_command_needs_the_inventory() {
    for settings in [&[][..], &[("RUNBOOK_BASE_URL", "https://wiki.example.com/health/")][..]] {
        let (messages, _) = published(SEVERAL, settings).await;
        let mut all = String::new();
        for message in messages.values() {
            ["default", "email"].iter().for_each(|protocol| all.push_str(message.text(protocol)));
        }
        let commands = all.matches("explain --job").count();
        assert!(commands > 0 && !all.contains("add -v"), "{all}");
        let texts = 2 * messages.len();
        let needs = "`credential-health explain` needs it: add --inventory FILE.";
        assert_eq!(all.matches(needs).count(), texts, "{all}");
    }
}

#[tokio::test]
async fn without_pages_about_findings_a_message_links_to_dashboard_and_log() {
    let settings = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/credential-health"),
        ("DASHBOARD", "arn:aws:cloudwatch::111111111111:dashboard/credential-health"),
    ];
    let console = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#";
    let (messages, _) = published(SEVERAL, &settings).await;
    let text = messages["data"].text("email");
    for page in ["dashboards/dashboard/credential-health", "logsV2:log-groups/log-group/$252Faws$252Flambda$252F"] {
        assert!(text.contains(&format!("{console}{page}")), "{text}");
    }
    assert!(text.contains("Dashboard (account 111111111111): "), "{text}");
    let with_pages = [&settings[..], &[("RUNBOOK_BASE_URL", "https://wiki.example.com/")]].concat();
    let (messages, _) = published(SEVERAL, &with_pages).await;
    assert!(!messages["data"].text("email").contains(console));
}

// --- Size ---

/// One owner's jobs: a tenth cannot start, a third lapse, the rest are thin; each role in an account of its own.
fn many(jobs: usize, owner: &str) -> String {
    let mut text = format!("version: 1\ndefaults: {{owner: \"{owner}\"}}\njobs:\n");
    for number in 0..jobs {
        let arn = format!("arn:aws:iam::{:012}:role/r", 100_000_000_000 + number);
        let job = match number % 10 {
            0 => format!("length: 5m, source: ecs-task, path: [{{role: \"{arn}\", duration: 2h}}]"),
            1..=3 => format!("length: 2h, source: ecs-task, path: [\"{arn}\"]"),
            _ => format!("length: 55m, source: ecs-task, path: [\"{arn}\"]"),
        };
        text.push_str(&format!("  - {{name: job-{number}, {job}}}\n"));
    }
    text
}

/// The only message of a run over `many` jobs with this limit, checked: it is within the limit, and what it shows and
/// what it says it left out are all there is.
async fn cut(jobs: usize, owner: &str, limit: usize) -> (Message, Value) {
    let (mut world, checker) = world();
    world.topic(Topic::new(TOPIC).max_message_bytes(limit));
    let aws = StandIn::start(world).await;
    // The roles are nobody's: none can be assumed, which is the owner's finding too.
    let settings = [("TOPIC_ARN", TOPIC), ("MAX_MESSAGE_BYTES", &*limit.to_string()), ("NOTIFY", "always")];
    let lambda = Lambda::new(&aws, &checker, &many(jobs, owner), &settings).await;
    let report = lambda.invoke(&json!({"report": "summary"})).await.unwrap();
    let [message] = &aws.messages(TOPIC)[..] else { panic!("one owner, one message") };
    assert!(message.bytes <= limit, "{} bytes of {limit}", message.bytes);
    assert_eq!(message.attributes["owner"].value, owner);
    (message.clone(), report)
}

/// The worst first; unknown words are a mistake.
fn rank(severity: &str) -> usize {
    ["critical", "high", "medium", "low"].iter().position(|known| *known == severity).unwrap()
}

#[track_caller]
fn assert_cut_by_severity(body: &Value, report: &Value, limit: usize) {
    assert_eq!(body["truncated"], true, "{limit}");
    let empty = Vec::new();
    let shown = body["details"].as_array().unwrap_or(&empty);
    let mut counts: BTreeMap<String, u64> = body["left_out"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(severity, number)| (severity.clone(), number.as_u64().unwrap()))
        .collect();
    let best_left_out = counts.keys().map(|severity| rank(severity)).min().unwrap();
    for finding in shown {
        let severity = finding["severity"].as_str().unwrap();
        assert!(rank(severity) <= best_left_out, "{limit}: a worse one was left out");
        *counts.entry(severity.to_owned()).or_insert(0) += 1;
    }
    let found = &report["summary"]["findings"];
    for severity in ["critical", "high", "medium", "low"] {
        assert_eq!(
            counts.get(severity).copied().unwrap_or(0),
            found[severity].as_u64().unwrap(),
            "{limit}: {severity}"
        );
    }
}

#[tokio::test]
async fn a_finding_about_thousands_of_jobs_leaves_room_for_the_others() {
    let (mut world, checker) = world();
    world.topic(Topic::new(TOPIC));
    world.role(role(HUB).allows("sts:AssumeRole", "*"));
    let aws = StandIn::start(world).await;
    let missing = "arn:aws:iam::222222222222:role/missing";
    let path = format!("[\"{HUB}\", \"{missing}\"]");
    let job =
        |number: usize| format!("  - {{name: nightly-load-{number:09}, length: 4h, source: ecs-task, path: {path}}}\n");
    let jobs = format!("version: 1\njobs:\n{}", (0..3000).map(job).collect::<String>());
    let lambda = Lambda::new(&aws, &checker, &jobs, &[("TOPIC_ARN", TOPIC)]).await;
    lambda.invoke(&json!({"report": "summary"})).await.unwrap();
    let [message] = &aws.messages(TOPIC)[..] else { panic!("one owner, one message") };
    let body = body(message);
    let details = body["details"].as_array().unwrap();
    let refused = details.iter().find(|finding| finding["id"] == "assume-denied").expect("the shared finding is there");
    let listed = refused["evidence"].as_array().unwrap().iter().find(|evidence| evidence["name"] == "jobs").unwrap();
    assert_eq!((listed["value"].as_array().unwrap().len(), &listed["omitted"]), (100, &json!(2900)));
    assert!(details.len() > 5, "{}", details.len());
}

#[tokio::test]
async fn a_digest_of_a_thousand_findings_is_cut_by_severity_and_says_what_is_omitted() {
    let (message, report) = cut(500, "data", 262_144).await;
    let body = body(&message);
    assert!(report["summary"]["findings"]["medium"].as_u64().unwrap() >= 500, "{:#}", report["summary"]);
    assert_cut_by_severity(&body, &report, 262_144);
    assert!(!body["details"].as_array().unwrap().is_empty(), "what fits is there");
    let text = message.text("email");
    assert!(text.contains("Omitted (size limit)"), "{}", &text[text.len() - 300..]);
    for severity in body["left_out"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("{} {severity}", body["left_out"][severity])), "{severity}");
    }
}

#[tokio::test]
async fn a_cut_message_uses_most_of_the_limit() {
    let (message, _) = cut(60, "data", 65_536).await;
    assert!(message.bytes > 65_536 / 2, "{} bytes", message.bytes);
}

/// What holds of a message however short it must be.
async fn assert_says_that_it_was_cut(limit: usize) {
    let (message, report) = cut(30, "data", limit).await;
    for protocol in ["default", "email"] {
        assert!(message.text(protocol).contains("critical"), "{limit}: {}", message.text(protocol));
    }
    for name in ["severity", "owner", "complete", "schema_version"] {
        assert!(message.attributes.contains_key(name), "{limit}: {name}");
    }
    let sqs = message.text("sqs");
    let body: Value = serde_json::from_str(sqs).unwrap_or_else(|_| panic!("{limit}: a queue gets JSON, not {sqs:?}"));
    assert_cut_by_severity(&body, &report, limit);
}

#[tokio::test]
async fn small_limits_hold_and_the_json_says_that_it_was_cut() {
    for limit in [65_536, 16_384, 8192, 4096, 2048] {
        assert_says_that_it_was_cut(limit).await;
    }
}

/// What subscribers rely on: `sqs` and the others get JSON, and a message that was cut sets `truncated`.
#[tokio::test]
async fn at_the_smallest_limit_the_json_says_that_it_was_cut() {
    assert_says_that_it_was_cut(1024).await;
}

#[tokio::test]
async fn a_digest_that_just_fits_is_not_cut() {
    let (message, _) = cut(2, "data", 262_144).await;
    assert_eq!(body(&message)["truncated"], false);
    assert_eq!(body(&message)["left_out"], json!({}));
}

// --- FIFO ---

#[tokio::test]
async fn on_a_fifo_topic_each_owner_is_a_group_and_a_run_is_delivered_once_from_any_environment() {
    let (aws, checker) = account().await;
    let settings = [("TOPIC_ARN", FIFO)];
    for _ in 0..2 {
        // A new environment knows nothing of what the first one sent.
        let lambda = Lambda::new(&aws, &checker, SEVERAL, &settings).await;
        lambda.invoke(&event("scheduled.json")).await.unwrap();
    }
    assert_eq!(aws.calls_of("Publish").len(), 6);
    let messages = aws.messages(FIFO);
    let groups: BTreeSet<&str> = messages.iter().filter_map(|message| message.group_id.as_deref()).collect();
    assert_eq!((messages.len(), groups), (3, BTreeSet::from(["data", "storage", "unowned"])));
    for message in &messages {
        assert_eq!(message.group_id.as_ref(), Some(&message.attributes["owner"].value));
    }
    let lambda = Lambda::new(&aws, &checker, SEVERAL, &settings).await;
    lambda.invoke(&event("scheduler.json")).await.unwrap();
    assert_eq!(aws.messages(FIFO).len(), 6, "another run is another message");
}

/// The first attempt is throttled and cannot publish to one owner. The retry of the same event finds a refusal.
#[tokio::test]
async fn a_retry_that_finds_something_else_sends_it_to_owners_that_had_a_message_before() {
    for topic in [TOPIC, FIFO] {
        let (aws, checker) = account().await;
        aws.script(Fault::on("AssumeRole").target(ETL).then(Answer::Throttle));
        aws.script(Fault::on("Publish").saying("storage").then(refusal("kms-denied")));
        let lambda = Lambda::by(hasty_client(&aws, &checker).await, SEVERAL, &[("TOPIC_ARN", topic)]);
        assert_eq!(lambda.invoke(&event("scheduled.json")).await.unwrap_err().error_type, "NotPublished");
        aws.clear_script();
        aws.world(|world| {
            world.role(Role::new(ETL));
        });
        lambda.invoke(&event("scheduled.json")).await.unwrap();
        let to = |owner: &str| -> Vec<Value> {
            let messages = aws.messages(topic).into_iter().filter(|message| message.attributes["owner"].value == owner);
            messages.map(|message| body(&message)["findings"].clone()).collect()
        };
        let to_data = to("data");
        assert_eq!(to_data.len(), 2, "{topic}: {to_data:?}");
        assert!(to_data[0].to_string().contains("not-checked") && to_data[1].to_string().contains("assume-denied"));
        assert_eq!(to("storage").len(), 1, "{topic}");
        lambda.invoke(&event("scheduled.json")).await.unwrap();
        assert_eq!(to("data").len(), 2, "{topic}: the same content is not sent again");
    }
}

// --- The deadline ---

/// A sink that counts the messages it makes, and never confirms one.
#[derive(Clone, Default)]
struct Silent(Arc<AtomicUsize>);

impl Sink for Silent {
    type Message = ();

    fn message(&self, _: &Digest<'_>, _: usize) -> Option<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Some(())
    }

    fn shown((): &()) -> usize {
        0
    }

    async fn send(self, (): ()) -> Result<(), SendError> {
        std::future::pending().await
    }
}

/// The clock is paused: it moves on only when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn messages_are_made_one_at_a_time_and_none_after_the_deadline() {
    let jobs: String = (0..100)
        .map(|number| format!("  - {{name: job-{number}, owner: team-{number}, length: 2h, source: codebuild}}\n"))
        .collect();
    let report = lint(&format!("version: 1\njobs:\n{jobs}"), &offline_start());
    let wanted = Wanted { notify: Notify::Findings, min_severity: Severity::Low, max_bytes: 262_144 };
    let digests = notify::digests(&report, wanted, None, None);
    let (sink, mut published) = (Silent::default(), PublishedMessages::default());
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    let outcomes = notify::publish(&sink, &digests, Some(end), &mut published).await;
    assert_eq!(sink.0.load(Ordering::SeqCst), 8, "as many as are sent at once");
    let of = |delivery: Delivery| outcomes.iter().filter(|outcome| outcome.delivery(0) == delivery).count();
    assert_eq!((of(Delivery::Unconfirmed), of(Delivery::NotPublished)), (8, 92));
    notify::publish(&sink, &digests, Some(end), &mut published).await;
    assert_eq!(sink.0.load(Ordering::SeqCst), 8, "nothing is begun after the deadline");
}

// --- Where ---

#[tokio::test]
async fn a_topic_in_another_region_and_account_is_called_there() {
    let elsewhere = "arn:aws:sns:us-west-2:888888888888:alerts";
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.topic(Topic::new(elsewhere).accepts_account("999999999999"));
    });
    let lambda = Lambda::new(&aws, &checker, SEVERAL, &[("TOPIC_ARN", elsewhere)]).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(aws.messages(elsewhere).len(), 3);
    for call in aws.calls() {
        let region = if call.service == "sns" { "us-west-2" } else { "eu-west-1" };
        assert_eq!(call.region.as_deref(), Some(region), "{}", call.action);
    }
}

#[tokio::test]
async fn a_refusal_by_sns_fails_the_invocation_with_its_reason() {
    let cases = [
        ("KMSDisabled", Some(Topic::new(TOPIC).kms_disabled())),
        ("KMSAccessDenied", Some(Topic::new(TOPIC).kms_denied())),
        ("AuthorizationError", Some(Topic::new(TOPIC).denied())),
        ("NotFound", None),
    ];
    for (code, spoilt) in cases {
        let (aws, checker) = account().await;
        match spoilt {
            Some(topic) => aws.world(|world| {
                world.topic(topic);
            }),
            None => aws.script(Fault::on("Publish").then(refusal("topic-not-found"))),
        }
        let lambda = Lambda::new(&aws, &checker, SEVERAL, &[("TOPIC_ARN", TOPIC)]).await;
        let failed = lambda.invoke(&event("scheduled.json")).await.unwrap_err();
        assert_eq!(failed.error_type, "NotPublished", "{code}");
        assert!(failed.error_message.contains(code), "{}", failed.error_message);
        assert_eq!(aws.messages(TOPIC).len(), 0);
    }
}

#[tokio::test]
async fn a_publish_that_is_throttled_for_a_moment_is_tried_again() {
    let (aws, checker) = account().await;
    aws.script(Fault::on("Publish").times(2).then(refusal("publish-failure")));
    let lambda = Lambda::new(&aws, &checker, SEVERAL, &[("TOPIC_ARN", TOPIC)]).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_eq!(aws.messages(TOPIC).len(), 3);
    assert_eq!(aws.calls_of("Publish").len(), 5);
}

// --- Credentials ---

#[tokio::test]
async fn no_credential_is_in_anything_that_leaves_a_run_that_goes_wrong() {
    let (mut world, checker) = world();
    let hub = "arn:aws:iam::111111111111:role/hub";
    world.role(role(hub).may_assume("*"));
    let arns: Vec<String> = (0..6).map(|n| format!("arn:aws:iam::222222222222:role/r{n}")).collect();
    let jobs: String = arns
        .iter()
        .enumerate()
        .map(|(n, arn)| format!("  - {{name: j{n}, length: 5m, source: ecs-task, path: [\"{hub}\", \"{arn}\"]}}\n"))
        .collect();
    for arn in &arns {
        world.role(Role::new(arn).trusts(hub));
    }
    let aws = StandIn::start(world).await;
    // Answers that hold credentials and cannot be read as a whole are where an SDK's error may show them.
    for (arn, answer) in arns.iter().zip([
        Answer::HalfXml,
        Answer::Malformed,
        Answer::NoMembers,
        Answer::error(403, "ExpiredToken", "it is"),
    ]) {
        aws.script(Fault::on("AssumeRole").target(arn).then(answer));
    }
    let inventory = format!("version: 1\njobs:\n{jobs}");
    let client = crate::harness::hasty_client(&aws, &checker).await;
    // The harness looks into the report, the facts with every failure, and their Debug.
    let outcome = Check { aws: &client, concurrency: 8, time: None, run_id: "run" }.of(&inventory).await;
    assert!(outcome.report.findings.len() >= 3, "{:?}", outcome.report.findings.len());
    assert_no_credential(&credential_health::report::terminal::render(
        &outcome.report,
        &credential_health::report::terminal::Layout::of_width(100),
    ));
    let lambda = Lambda::new(&aws, &checker, &inventory, &[("TOPIC_ARN", TOPIC)]).await;
    aws.clear_script();
    lambda.invoke(&event("scheduled.json")).await.unwrap();
    assert_no_credential_in_messages(&aws, TOPIC);
}

#[tokio::test]
async fn the_debug_of_the_function_and_of_its_way_to_aws_shows_no_credential() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, SEVERAL, &[]).await;
    lambda.invoke(&json!({})).await.unwrap();
    assert_no_credential(&format!("{:?}", client(&aws, &checker).await));
    assert_no_credential(&format!("{:?}", lambda.function));
}

#[tokio::test]
async fn the_stand_ins_canaries_would_be_seen() {
    let (aws, checker) = account().await;
    let seen = std::panic::catch_unwind(|| assert_no_credential(&checker.secret_access_key)).is_err();
    assert!(seen && ids(&check_once(&aws, &checker, SEVERAL).await).len() == 4);
}
