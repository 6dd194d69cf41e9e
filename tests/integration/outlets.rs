//! Everything that leaves the programs, searched for credentials: the list of outlets is the one of docs/security.md.
//! Every credential that the stand-in hands out carries a canary; some of the checker's surroundings get one here.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use credential_health::check;
use credential_health::inventory::{Filter, Inventory};
use credential_health::lambda::Function;
use credential_health::notify::{self, Notify, Sent, TopicArn, Wanted};
use credential_health::plan::Plan;
use credential_health::probe::{Aws, Probe};
use credential_health::report::{terminal, widget};
use credential_health::settings::Settings;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;

use crate::harness::{Check, Cli, ETL, HUB, INVENTORY, Log, TOPIC, account, assert_no_credential, event, hasty_client};
use crate::stand_in::{Answer, Credentials, Fault, StandIn, Topic};

/// The outlets, in the words of docs/security.md, and what was seen to leave by each.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, String>);

impl Seen {
    fn add(&mut self, outlet: &'static str, text: &str) {
        let seen = self.0.entry(outlet).or_default();
        seen.push_str(text);
        seen.push('\n');
    }

    /// An error as a program may show it: in words, for developers, and all that it came from.
    fn add_error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.add("error chains", &format!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
    }
}

/// Answers that hold credentials and cannot be read as a whole, and refusals that quote the request.
fn spoil(aws: &StandIn) {
    aws.clear_script();
    let quoted = "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for \
                  this request should have been\n'POST\n/\n\nx-amz-security-token:canary-token-quoted\n\nThe String-to-Sign should \
                  have been\nCredential=ASIACANARY1/x'";
    for (target, answer) in [
        (HUB, Answer::HalfXml),
        (HUB, Answer::Truncated),
        (HUB, Answer::Drip(Duration::from_millis(100))),
        (HUB, Answer::error(403, "SignatureDoesNotMatch", quoted)),
        (ETL, Answer::ContentType("application/json".to_owned())),
        (ETL, Answer::ResetAfterHead),
        (ETL, Answer::NoMembers),
    ] {
        aws.script(Fault::on("AssumeRole").target(target).times(1).then(answer));
    }
}

async fn commands(seen: &mut Seen) {
    let secret_proxy = "http://user:canary-secret-proxy@127.0.0.1:1";
    let broken = "[default]\naws_access_key_id = AKIACANARYFILE\naws_secret_access_key canary-secret-file\n[";
    for (format, more, files) in [
        ("text", vec![], vec![]),
        ("json", vec![], vec![]),
        ("text", vec![("HTTP_PROXY", secret_proxy), ("HTTPS_PROXY", secret_proxy), ("AWS_MAX_ATTEMPTS", "1")], vec![]),
        ("text", vec![("AWS_ENDPOINT_URL", "not a canary-secret-url"), ("AWS_MAX_ATTEMPTS", "1")], vec![]),
        ("text", vec![("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")], vec![(".aws/credentials", broken)]),
        (
            "text",
            vec![("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")],
            vec![(
                ".aws/config",
                "[default]\ncredential_process = sh -c 'echo canary-secret-process; echo canary-token-process >&2; exit 3'\n",
            )],
        ),
        ("text", vec![("AWS_SESSION_TOKEN", "canary-token-wrong\u{1}")], vec![]),
    ] {
        let (aws, checker) = account().await;
        spoil(&aws);
        let options = ["--format", format, "--publish", TOPIC];
        let mut cli = Cli::on(INVENTORY, "check", &options)
            .asking(&aws, &checker)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full");
        for (name, content) in files {
            cli = cli.file(name, content);
        }
        let ran = more.into_iter().fold(cli, |cli, (name, value)| cli.env(name, value)).run().await;
        seen.add("standard output", &ran.stdout);
        seen.add("standard error", &ran.stderr);
    }
}

static METRICS: Mutex<String> = Mutex::new(String::new());

fn note_metrics(line: &Value) {
    METRICS.lock().unwrap().push_str(&line.to_string());
}

/// A function of these settings in this process, with another outlet for its metrics.
fn function(aws: Aws, metrics: fn(&Value)) -> (Function, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.yaml");
    std::fs::write(&path, INVENTORY).unwrap();
    let settings = Settings::read(|name| match name {
        "INVENTORY" => path.to_str().map(str::to_owned),
        "TOPIC_ARN" => Some(TOPIC.to_owned()),
        _ => None,
    });
    (Function::new(settings.unwrap(), aws, metrics), folder)
}

async fn functions(seen: &mut Seen) {
    let (aws, checker) = account().await;
    let (function, _folder) = function(hasty_client(&aws, &checker).await, note_metrics);
    let log = Log::default();
    let events = [
        "manual.json",
        "scheduled.json",
        "manual-filtered.json",
        "widget.json",
        "widget-describe.json",
        "cloudtrail-expired-token.json",
    ];
    for name in events {
        // What is refused first: what went out is not sent again for the same event.
        for answers in [false, true] {
            spoil(&aws);
            if !answers {
                aws.script(Fault::on("Publish").then(Answer::error(
                    403,
                    "AuthorizationError",
                    "no, ASIA is not allowed",
                )));
            }
            let invocation = credential_health::lambda::Invocation {
                request_id: name.to_owned(),
                remaining: Duration::from_secs(60),
                at: jiff::Timestamp::now(),
            };
            let event = event(name);
            let handled = function
                .handle(&event, &invocation)
                .with_subscriber(log.subscriber("credential_health=trace,lambda_runtime=trace"));
            match handled.await {
                Ok(answer) => {
                    let outlet = if name.starts_with("widget") { "dashboard pages" } else { "answers" };
                    seen.add(outlet, &serde_json::to_string(&answer).unwrap());
                    seen.add("Debug output", &format!("{answer:?}"));
                }
                Err(failed) => {
                    seen.add("failed invocations", &serde_json::to_string(&failed).unwrap());
                    seen.add("Debug output", &format!("{failed:?}"));
                }
            }
            seen.add("Debug output", &format!("{invocation:?}"));
        }
    }
    seen.add("the function's log", &log.text());
    seen.add("metrics", &METRICS.lock().unwrap());
    seen.add("messages", &format!("{:?}", aws.messages(TOPIC)));
    seen.add("Debug output", &format!("{function:?} {:?}", hasty_client(&aws, &checker).await));
}

/// A bug in the function, as far as one can be had: the closure that writes metrics.
async fn panics(seen: &mut Seen) {
    let (aws, checker) = account().await;
    static TOLD: Mutex<String> = Mutex::new(String::new());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let _ = write!(TOLD.lock().unwrap(), "{info} {info:?} {}", std::backtrace::Backtrace::force_capture());
    }));
    let (function, folder) = function(hasty_client(&aws, &checker).await, |line| panic!("cannot write {line}"));
    let invocation = credential_health::lambda::Invocation {
        request_id: "panic".to_owned(),
        remaining: Duration::from_secs(60),
        at: jiff::Timestamp::now(),
    };
    let ended = tokio::spawn(async move {
        let _folder = folder;
        let answer = function.handle(&json!({}), &invocation).await;
        format!("{answer:?}")
    })
    .await;
    std::panic::set_hook(before);
    let panicked = ended.expect_err("the panic reaches the runtime");
    assert!(panicked.is_panic());
    seen.add("panics", &format!("{panicked} {panicked:?} {}", TOLD.lock().unwrap()));
}

async fn values(seen: &mut Seen) {
    let (aws, checker) = account().await;
    spoil(&aws);
    let client = hasty_client(&aws, &checker).await;
    let outcome = Check { aws: &client, concurrency: 4, time: None, run_id: "run" }.of(INVENTORY).await;
    let inventory = Inventory::parse("jobs.yaml", INVENTORY).unwrap();
    let plan = Plan::new(&inventory, &Filter::default().select(&inventory).unwrap());
    let probe = Probe { aws: &client, concurrency: 4, deadline: None, run_id: "run", progress: None };
    let wanted =
        Wanted { notify: Notify::Always, min_severity: credential_health::finding::Severity::Low, max_bytes: 262_144 };
    let messages = notify::messages(&outcome.report, wanted);
    aws.world(|world| {
        world.topic(Topic::new(TOPIC).denied());
    });
    let topic = TopicArn::parse(TOPIC).unwrap();
    let mut sent = Sent::default();
    let failures = notify::publish(&client, &topic, &messages, &mut sent).await;
    assert_eq!(failures.len(), messages.len());
    let facts = &outcome.facts;
    for debugged in [
        format!("{outcome:#?} {facts:?} {:?}", outcome.report),
        format!("{inventory:?} {plan:?} {probe:?} {messages:?} {sent:?} {failures:?} {topic:?}"),
    ] {
        seen.add("Debug output", &debugged);
    }
    for failure in failures {
        seen.add("error chains", &format!("{failure} {failure:?}"));
    }
    seen.add("standard output", &terminal::render(&outcome.report, 80));
    seen.add("dashboard pages", &widget::render(&outcome.report, true));
    let findings: Vec<_> = outcome.report.findings.iter().collect();
    assert!(findings.len() >= 2, "the run met what was spoilt");
    seen.add("messages", &format!("{messages:?}"));
    // What the library's functions return as errors.
    let bad =
        Inventory::parse("jobs.yaml", "version: 1\njobs: [{name: a, canary: 1}]\n".replace("canary", "key").as_str())
            .unwrap_err();
    seen.add_error(&bad);
    let nothing =
        check::check(&inventory, &Filter::new(&["none".to_owned()], &[]), &start(), &probe).await.unwrap_err();
    seen.add("error chains", &format!("{nothing} {nothing:?}"));
    let settings = Settings::read(|name| (name == "NOTIFY").then(|| "sometimes".to_owned())).unwrap_err();
    seen.add("error chains", &format!("{settings:?}"));
}

fn start() -> check::Start {
    check::Start {
        id: "run".to_owned(),
        trigger: credential_health::report::Trigger::Cli,
        at: jiff::Timestamp::now(),
        runbook_base_url: None,
    }
}

#[tokio::test]
async fn no_credential_leaves_by_any_outlet_and_the_security_page_lists_them_all() {
    let mut seen = Seen::default();
    commands(&mut seen).await;
    functions(&mut seen).await;
    panics(&mut seen).await;
    values(&mut seen).await;
    for (outlet, text) in &seen.0 {
        assert!(text.len() > 100, "{outlet}: nothing left by it, so nothing was searched: {text:?}");
        assert_no_credential(text);
    }
    let page =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap();
    let (_, listed) =
        page.split_once("<!-- The outlets of tests/integration/outlets.rs. -->\n").expect("the page has the list");
    let listed: Vec<&str> =
        listed.lines().skip_while(|line| line.is_empty()).take_while(|line| line.starts_with("- **")).collect();
    let names: Vec<&str> = listed.iter().map(|line| line[4..].split("**").next().unwrap()).collect();
    assert_eq!(names, seen.0.keys().copied().collect::<Vec<_>>());
    let known =
        Credentials::CANARIES.iter().all(|canary| std::panic::catch_unwind(|| assert_no_credential(canary)).is_err());
    assert!(known, "a canary would be seen");
}
