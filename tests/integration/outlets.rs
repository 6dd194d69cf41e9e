//! Everything that leaves the programs, searched for credentials: the list of outlets is the one of docs/security.md.
//! Every credential that the stand-in hands out carries a canary; some of the checker's surroundings get one here.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use credential_health::aws::{Aws, Probe};
use credential_health::check;
use credential_health::inventory::{Filter, Inventory};
use credential_health::lambda::Function;
use credential_health::notify::state::{State, Store};
use credential_health::notify::{self, Notify, PublishedMessages, SnsTopic, TopicArn, Wanted};
use credential_health::plan::Plan;
use credential_health::report::{terminal, widget};
use credential_health::s3_uri::S3Uri;
use credential_health::settings::Settings;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tracing::instrument::WithSubscriber as _;

use crate::harness::{
    Check, Cli, ETL, HUB, INVENTORY, Log, REGION, TOPIC, account, assert_no_credential, event, hasty_client,
};
use crate::stand_in::{Answer, Bucket, Bus, Credentials, Fault, StandIn, Topic};

/// Everything by which something leaves, in the order of docs/security.md, which has this as a table.
const OUTLETS: [(&str, &str); 16] = [
    ("standard output", "of the command: `check` in each format, `doctor`"),
    ("standard error", "of the command, with RUST_LOG=trace and RUST_BACKTRACE=full"),
    ("files", "that `--output` writes: `check` in each format, `doctor`"),
    ("the function's log", "at TRACE, findings and failures in it"),
    ("metrics", "the lines of the embedded metric format"),
    ("answers", "of the function: reports, summaries, what it ignored"),
    ("failed invocations", "error type and message"),
    ("dashboard pages", "HTML and Markdown"),
    ("messages", "every protocol's text, subject, attributes, notifications of a chat, with and without a bucket"),
    ("events", "on an event bus, with and without a bucket"),
    ("the state in S3", "the object that is kept with `STATE_URI`"),
    (TO_STS_AND_IAM, "all but what signs them: path, headers, parameters, session policies"),
    (TO_SNS_AND_S3, "likewise, bodies included"),
    ("error chains", "of what the library returns: each error in words, as Debug, and all that it came from"),
    ("panics", "message, backtrace, and what is left of the task"),
    ("Debug output", "of the library's public types"),
];
const TO_STS_AND_IAM: &str = "requests to STS and IAM";
const TO_SNS_AND_S3: &str = "requests to SNS, S3 and EventBridge";
const BUS: &str = "arn:aws:events:eu-west-1:999999999999:event-bus/findings";
const CHAT: &str = "arn:aws:sns:eu-west-1:999999999999:chat";

/// What was seen to leave, by outlet.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, String>);

impl Seen {
    #[track_caller]
    fn add(&mut self, outlet: &'static str, text: &str) {
        assert!(OUTLETS.iter().any(|(known, _)| *known == outlet), "{outlet} is not in the table");
        let seen = self.0.entry(outlet).or_default();
        seen.push_str(text);
        seen.push('\n');
    }

    /// What must have said something, so that there is something to search.
    #[track_caller]
    fn add_some(&mut self, outlet: &'static str, text: &str, said: &str) {
        assert!(text.contains(said), "{outlet} does not say {said:?}: {text:?}");
        self.add(outlet, text);
    }

    /// An error as a program may show it: in words, for developers, and all that it came from.
    fn add_error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.add("error chains", &format!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
    }

    /// What a stand-in was asked, and what it had to keep.
    fn add_requests(&mut self, aws: &StandIn) {
        for call in aws.calls() {
            let outlet =
                if ["sns", "s3", "events"].contains(&call.service.as_str()) { TO_SNS_AND_S3 } else { TO_STS_AND_IAM };
            self.add_some(outlet, &call.sent, "host: 127.0.0.1");
        }
        if let Some(state) = aws.world(|world| world.object("company-state", "state.json")) {
            self.add_some("the state in S3", &state, "schema_version");
        }
    }
}

/// Answers that hold credentials and cannot be read as a whole, and refusals that quote the request.
fn spoil(aws: &StandIn) {
    aws.clear_script();
    let quoted = "The request signature we calculated does not match the signature you provided.\n\nThe Canonical \
        String for this request should have been\n'POST\n/\n\nx-amz-security-token:canary-token-quoted\n\nThe \
                  String-to-Sign should have been\nCredential=ASIACANARY1/x'";
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

/// One run of the command: its arguments, and what is in its environment and folder besides.
struct Command {
    arguments: Vec<&'static str>,
    environment: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, &'static str)>,
}

const FORMATS: [&str; 7] = ["text", "json", "sarif", "junit", "markdown", "html", "csv"];

const NO_URL: &str = "not a canary-secret-url";

fn all_commands() -> Vec<Command> {
    let check = ["check", "--inventory", "jobs.yaml", "--publish", TOPIC];
    let with = |arguments: &[&[&'static str]]| Command {
        arguments: arguments.concat(),
        environment: Vec::new(),
        files: Vec::new(),
    };
    let mut commands = Vec::new();
    for format in FORMATS {
        commands.push(with(&[&check, &["--format", format]]));
        commands.push(with(&[&check, &["--format", format, "--output", "report"]]));
    }
    for format in ["text", "json"] {
        commands.push(with(&[&["doctor", "--format", format]]));
        commands.push(with(&[&["doctor", "--format", format, "--output", "report"]]));
    }
    let secret_proxy = "http://user:canary-secret-proxy@127.0.0.1:1";
    let broken = "[default]\naws_access_key_id = AKIACANARYFILE\naws_secret_access_key canary-secret-file\n[";
    let process =
        "[default]\ncredential_process = sh -c 'echo canary-secret-process; echo canary-token-process >&2; exit 3'\n";
    let no_key = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let troubles = [
        (vec![("HTTP_PROXY", secret_proxy), ("HTTPS_PROXY", secret_proxy), ("AWS_MAX_ATTEMPTS", "1")], vec![]),
        (vec![("AWS_ENDPOINT_URL", NO_URL), ("AWS_MAX_ATTEMPTS", "1")], vec![]),
        (vec![("AWS_ENDPOINT_URL", "http://user:canary-secret-user@127.0.0.1:1"), ("AWS_MAX_ATTEMPTS", "1")], vec![]),
        (no_key.to_vec(), vec![(".aws/credentials", broken)]),
        (no_key.to_vec(), vec![(".aws/config", process)]),
        (vec![("AWS_SESSION_TOKEN", "canary-token-wrong\u{1}")], vec![]),
    ];
    for (environment, files) in troubles {
        for arguments in [&check[..], &["doctor"]] {
            let (environment, files) = (environment.clone(), files.clone());
            commands.push(Command { arguments: arguments.to_vec(), environment, files });
        }
    }
    commands
}

async fn commands(seen: &mut Seen) {
    let mut runs = JoinSet::new();
    for Command { arguments, environment, files } in all_commands() {
        runs.spawn(async move {
            let (aws, checker) = account().await;
            spoil(&aws);
            let plain = environment.is_empty();
            let is_bad_token = environment.contains(&("AWS_SESSION_TOKEN", "canary-token-wrong\u{1}"));
            // `doctor` diagnoses a bad token; `check` refuses it.
            let is_refused =
                environment.contains(&("AWS_ENDPOINT_URL", NO_URL)) || is_bad_token && arguments[0] == "check";
            let cli = Cli::new(&arguments).file("jobs.yaml", INVENTORY).asking(&aws, &checker);
            let cli = cli.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
            let cli = files.into_iter().fold(cli, |cli, (name, content)| cli.file(name, content));
            let ran = environment.into_iter().fold(cli, |cli, (name, value)| cli.env(name, value)).run().await;
            (arguments, plain, is_refused, ran, aws)
        });
    }
    for (arguments, plain, is_refused, ran, aws) in runs.join_all().await {
        // A run that did not start says nothing, except that an endpoint is no URL.
        assert_eq!(ran.status == 2, is_refused, "{arguments:?}: {}", ran.stderr);
        let checks = arguments[0] == "check";
        let said = if checks { "nightly-etl" } else { "roviders" };
        if arguments.contains(&"--output") {
            seen.add_some("files", &ran.file("report"), said);
        } else if plain {
            seen.add_some("standard output", &ran.stdout, said);
        } else {
            seen.add("standard output", &ran.stdout);
        }
        if plain && checks {
            let handed_out = aws.calls_of("AssumeRole").iter().filter(|call| call.status == 200).count();
            assert!(handed_out >= 2, "{arguments:?}: no credentials came to the command");
        }
        seen.add("standard error", &ran.stderr);
        seen.add_requests(&aws);
    }
}

static METRICS: Mutex<String> = Mutex::new(String::new());

fn note_metrics(line: &Value) {
    METRICS.lock().unwrap().push_str(&line.to_string());
}

/// A function in this process, with another outlet for its metrics, and with a bucket or without.
fn function(aws: Aws, metrics: fn(&Value), state: bool) -> (Function, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.yaml");
    std::fs::write(&path, INVENTORY).unwrap();
    let settings = Settings::read(|name| match name {
        "INVENTORY" => path.to_str().map(str::to_owned),
        "TOPIC_ARN" => Some(TOPIC.to_owned()),
        "EVENT_BUS" => Some(BUS.to_owned()),
        "CHAT_TOPIC_ARN" => Some(CHAT.to_owned()),
        "STATE_URI" if state => Some("s3://company-state/state.json".to_owned()),
        _ => None,
    });
    (Function::new(settings.unwrap(), aws, metrics), folder)
}

/// As S3 refuses a signature: with the request in elements of their own, and here in the message too.
fn quoted_by_s3() -> Answer {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>The \
        request signature we calculated does not match.\n\nx-amz-security-token:canary-token-quoted</Message>\
                <AWSAccessKeyId>ASIACANARY1</AWSAccessKeyId><StringToSign>canary-secret-string</StringToSign>\
                <CanonicalRequest>x-amz-security-token:canary-token-canonical</CanonicalRequest></Error>";
    Answer::Raw { status: 403, content_type: "application/xml".to_owned(), body: body.to_owned() }
}

async fn functions(seen: &mut Seen, state: bool) {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bucket(Bucket::new("company-state", REGION)).bus(Bus::new(BUS)).topic(CHAT);
    });
    let (function, _folder) = function(hasty_client(&aws, &checker).await, note_metrics, state);
    let log = Log::default();
    let events = [
        "manual.json",
        "scheduled.json",
        "manual-filtered.json",
        "widget.json",
        "widget-describe.json",
        "cloudtrail-expired-token.json",
        "cloudtrail-other-error.json",
    ];
    for name in events {
        // What is refused first: what went out is not sent again for the same event.
        for answers in [false, true] {
            spoil(&aws);
            aws.script(Fault::on("GetObject").times(1).then(quoted_by_s3()));
            if !answers {
                aws.script(Fault::on("PutObject").then(quoted_by_s3()));
                aws.script(Fault::on("Publish").then(Answer::error(
                    403,
                    "AuthorizationError",
                    "no, ASIA is not allowed",
                )));
                aws.script(Fault::on("PutEvents").then(Answer::error(
                    400,
                    "AccessDeniedException",
                    "no, x-amz-security-token:canary-token-quoted is not allowed",
                )));
            }
            let invocation = credential_health::lambda::Invocation {
                request_id: name.to_owned(),
                remaining: Duration::from_secs(60),
                at: jiff::Timestamp::now(),
                caller: None,
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
                    seen.add_some("failed invocations", &serde_json::to_string(&failed).unwrap(), "NotPublished");
                    seen.add("Debug output", &format!("{failed:?}"));
                }
            }
            seen.add("Debug output", &format!("{invocation:?}"));
        }
    }
    for said in ["\"event\":\"finding\"", "\"event\":\"run\"", "\"event\":\"failed\"", "not_published"] {
        seen.add_some("the function's log", &log.text(), said);
    }
    seen.add_some("metrics", &METRICS.lock().unwrap(), "RunCompleted");
    seen.add_some("messages", &format!("{:?}", aws.messages(TOPIC)), "chain-caps-session");
    seen.add_some("messages", &format!("{:?}", aws.messages(CHAT)), "client-markdown");
    seen.add_some("events", &json!(aws.world(|world| world.events(BUS))).to_string(), "chain-caps-session");
    seen.add_requests(&aws);
    if state {
        // The refusal of S3 reached the mail, without what it quoted.
        seen.add_some("messages", &format!("{:?}", aws.messages(TOPIC)), "SignatureDoesNotMatch");
        seen.add_some("the function's log", &log.text(), "state_not_saved");
        seen.add_some(
            "the state in S3",
            &aws.world(|world| world.object("company-state", "state.json")).unwrap(),
            "open",
        );
    }
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
    let (function, folder) = function(hasty_client(&aws, &checker).await, |line| panic!("cannot write {line}"), false);
    let invocation = credential_health::lambda::Invocation {
        request_id: "panic".to_owned(),
        remaining: Duration::from_secs(60),
        at: jiff::Timestamp::now(),
        caller: None,
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
        Wanted { notify: Notify::Always, min_severity: credential_health::findings::Severity::Low, max_bytes: 262_144 };
    let messages = notify::messages(&outcome.report, wanted);
    aws.world(|world| {
        world.topic(Topic::new(TOPIC).denied());
    });
    let topic = TopicArn::parse(TOPIC).unwrap();
    let mut sent = PublishedMessages::default();
    let digests = notify::digests(&outcome.report, wanted, None, None);
    let sink = SnsTopic::new(&client, &topic, wanted.max_bytes);
    let outcomes = notify::publish(&sink, &digests, None, &mut sent).await;
    let failures: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.failure.as_ref()).collect();
    assert_eq!(failures.len(), messages.len());
    let facts = &outcome.facts;
    for debugged in [
        format!("{outcome:#?} {facts:?} {:?}", outcome.report),
        format!("{inventory:?} {plan:?} {probe:?} {messages:?} {sent:?} {outcomes:?} {sink:?} {digests:?} {topic:?}"),
    ] {
        seen.add("Debug output", &debugged);
    }
    for failure in failures {
        seen.add("error chains", &format!("{failure} {failure:?}"));
    }
    seen.add(
        "standard output",
        &terminal::render(&outcome.report, &credential_health::report::terminal::Layout::of_width(80)),
    );
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
    seen.add_error(&nothing);
    let settings = Settings::read(|name| (name == "NOTIFY").then(|| "sometimes".to_owned())).unwrap_err();
    seen.add("error chains", &format!("{settings:?}"));
    aws.script(Fault::on("GetObject").then(quoted_by_s3()));
    aws.script(Fault::on("PutObject").then(quoted_by_s3()));
    stores(seen, client).await;
}

/// The store in S3, refused and quoted: what it returns.
async fn stores(seen: &mut Seen, aws: Aws) {
    let store = Store::new(aws, S3Uri::parse("s3://company-state/state.json").unwrap());
    let loaded = store.load(jiff::Timestamp::now()).await;
    let not_saved = store.save(&State::default(), &loaded.version).await.unwrap_err();
    seen.add_some("error chains", &format!("{loaded:?} {not_saved:?}"), "SignatureDoesNotMatch");
    seen.add("Debug output", &format!("{store:?}"));
}

fn start() -> check::Start {
    check::Start {
        id: "run".to_owned(),
        trigger: credential_health::report::Trigger::Cli,
        at: jiff::Timestamp::now(),
        clock: jiff::Timestamp::now,
        runbook_base_url: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "a figure for whoever asks: cargo test --workspace -- --nocapture outlet")]
async fn no_credential_leaves_by_any_outlet() {
    let mut seen = Seen::default();
    commands(&mut seen).await;
    functions(&mut seen, false).await;
    functions(&mut seen, true).await;
    panics(&mut seen).await;
    values(&mut seen).await;
    for (outlet, _) in OUTLETS {
        let text = seen.0.get(outlet).map(String::as_str).unwrap_or_default();
        println!("{outlet}: {} bytes searched", text.len());
        assert!(text.len() > 100, "{outlet}: nothing left by it, so nothing was searched: {text:?}");
        assert_no_credential(text);
    }
    // What would have left with any of them would have been seen.
    for canary in Credentials::CANARIES {
        assert!(std::panic::catch_unwind(|| assert_no_credential(canary)).is_err(), "{canary}");
    }
}

/// `UPDATE_DOCS=1 cargo test --workspace outlets` writes the table anew.
#[test]
fn the_security_page_lists_every_outlet_that_is_searched() {
    const START: &str = "<!-- The outlets of tests/integration/outlets.rs. -->\n";
    const END: &str = "<!-- End of the outlets. -->";
    let rows: String = OUTLETS.iter().map(|(outlet, what)| format!("| {outlet} | {what} |\n")).collect();
    let table = format!("\n| outlet | what of it |\n|---|---|\n{rows}\n");
    let path = std::path::Path::new(crate::harness::ROOT).join("docs/security.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(START).expect("the page has the list");
    let (kept, tail) = rest.split_once(END).expect("the list has an end");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{START}{table}{END}{tail}")).unwrap();
    } else {
        assert_eq!(kept, table);
    }
}
