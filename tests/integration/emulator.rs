//! The real `lambda` binary under AWS's Runtime Interface Emulator, against the stand-in. Every file in `events/` is
//! invoked.
//!
//! CREDENTIAL_HEALTH_FUNCTION names another build of the function: `scripts/test package` tests the released build.
//!
//! The emulator invokes one event at a time. It answers HTTP 200 for errors of the function, and 502 without a body for
//! a function that does not start. It sets AWS_SESSION_TOKEN to an empty text if the caller has none.

use std::path::Path;

use serde_json::Value;

use super::servers::Emulator;
use super::stand_in::{Answer, Bucket, Credentials, Fault, Role, StandIn, Topic, User, World};
use crate::harness::assert_no_credential;

const CHECKER: &str = "arn:aws:iam::111111111111:role/credential-health";
const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";
const ETL: &str = "arn:aws:iam::222222222222:role/etl";
const DEPLOY: &str = "arn:aws:iam::222222222222:role/deploy";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:credential-health";
/// Where the results of Athena are, and the resource of the right to read them.
pub const SESSIONS_FROM: &str = "s3://company-athena/credential-health/";
const RESULTS: &str = "arn:aws:s3:::company-athena/credential-health/*";
/// A result: a session of the role hub that was used to its end, and a refused duration of the role deploy.
pub const RESULT: &str = include_str!("../fixtures/athena/result.csv");
/// The memory of the smallest function of Lambda, in KiB.
const SMALLEST_FUNCTION: u64 = 128 * 1024;

/// A job whose chain ends its session after an hour, a healthy job, and a job that requests more than its role allows.
const INVENTORY: &str = r#"
version: 1
roles:
  hub: {arn: "arn:aws:iam::111111111111:role/pipeline/hub"}
jobs:
  - {name: nightly-etl, owner: data, length: 4h, source: iam-user, path: [hub, "arn:aws:iam::222222222222:role/etl"]}
  - {name: nightly-report, owner: data, length: 20m, source: ecs-task, path: [hub]}
  - name: release
    owner: platform
    length: 2h
    source: iam-user
    path: [{role: "arn:aws:iam::222222222222:role/deploy", duration: 3h}]
"#;

fn world() -> (World, Credentials) {
    let mut world = World::new();
    world.role(Role::new(CHECKER).may_assume("*").allows("sns:Publish", TOPIC).allows("s3:GetObject", RESULTS));
    world.role(Role::new(HUB).trusts(CHECKER).allows("iam:GetRole", HUB).may_assume(ETL));
    world.role(Role::new(ETL).trusts(HUB).allows("iam:GetRole", ETL).max_session(43_200));
    world.role(Role::new(DEPLOY).trusts(CHECKER).allows("iam:GetRole", DEPLOY));
    world.topic(TOPIC);
    world.bucket(Bucket::new("company-athena", "eu-west-1"));
    world.set_object("company-athena", &event_of_sessions().1, Some(RESULT));
    let checker = world.role_session("arn:aws:sts::111111111111:assumed-role/credential-health/function");
    (world, checker)
}

/// The running function and its AWS.
pub struct Running {
    pub aws: StandIn,
    emulator: Emulator,
    _inventory: tempfile::NamedTempFile,
}

impl Running {
    pub async fn start(more: &[(&'static str, &str)]) -> Running {
        let (world, checker) = world();
        Running::start_in(world, &checker, more).await
    }

    async fn start_in(world: World, checker: &Credentials, more: &[(&'static str, &str)]) -> Running {
        let aws = StandIn::start(world).await;
        let inventory = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(&inventory, INVENTORY).unwrap();
        let mut environment = aws.environment(checker, "eu-west-1");
        environment.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
        environment.push(("INVENTORY", inventory.path().to_str().unwrap().to_owned()));
        environment.push(("TOPIC_ARN", TOPIC.to_owned()));
        environment.push(("SESSIONS_FROM", SESSIONS_FROM.to_owned()));
        // `{aws}` is the address of the stand-in.
        environment.extend(more.iter().map(|(name, value)| (*name, value.replace("{aws}", &aws.url()))));
        Running { aws, emulator: Emulator::start(&environment), _inventory: inventory }
    }

    /// The answer to an event: a report, or an error of the function.
    pub async fn invoke(&mut self, event: &str) -> Value {
        let (status, answer) = self.emulator.invoke(event).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The output of a function that does not start, after one event.
    pub async fn output_of_failed_start(mut self) -> String {
        assert_eq!(self.emulator.invoke("{}").await, (502, String::new()));
        assert!(self.aws.calls().is_empty());
        self.end().1
    }

    /// The subjects of the messages that reached the topic.
    fn subjects(&self) -> Vec<String> {
        let mut subjects: Vec<_> =
            self.aws.messages(TOPIC).into_iter().map(|message| message.subject.unwrap_or_default()).collect();
        subjects.sort();
        subjects
    }

    /// Ends the function. Returns the JSON lines of its log, and all of its output.
    fn end(self) -> (Vec<Value>, String) {
        let output = self.emulator.end();
        (output.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect(), output)
    }
}

/// A file of `events/`.
pub fn event(name: &str) -> String {
    std::fs::read_to_string(Path::new(crate::harness::ROOT).join("events").join(name)).unwrap()
}

/// The bucket and the key that `events/sessions.json` names.
pub fn event_of_sessions() -> (String, String) {
    let event: Value = serde_json::from_str(&event("sessions.json")).unwrap();
    let (bucket, key) = text(&event["sessions"]).strip_prefix("s3://").unwrap().split_once('/').unwrap();
    (bucket.to_owned(), key.to_owned())
}

/// The sorted names of all files of `events/`.
pub fn events() -> Vec<String> {
    let files = std::fs::read_dir(Path::new(crate::harness::ROOT).join("events")).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A summary of an answer in one line.
pub fn in_short(answer: &Value) -> String {
    if let Some(error) = answer.get("errorType") {
        return format!("{}: {}", error.as_str().unwrap(), answer["errorMessage"].as_str().unwrap());
    }
    if let Some(ignored) = answer.get("ignored") {
        return format!("ignored: {}", ignored.as_str().unwrap());
    }
    if let Some(markdown) = answer.get("markdown") {
        return format!("Markdown: {}", text(markdown).lines().next().unwrap_or_default());
    }
    if let Some(html) = answer.as_str() {
        let jobs = ["nightly-etl", "nightly-report", "release"].into_iter().filter(|job| html.contains(job));
        return format!("HTML: {}", jobs.collect::<Vec<_>>().join(", "));
    }
    let run = &answer["run"];
    let jobs = answer.get("jobs").and_then(Value::as_array);
    let verdicts = jobs.map_or_else(
        || "summary only".to_owned(),
        |jobs| {
            jobs.iter()
                .map(|job| format!("{} {}", text(&job["name"]), text(&job["verdict"])))
                .collect::<Vec<_>>()
                .join(", ")
        },
    );
    let complete = if run["complete"] == true { "complete" } else { "incomplete" };
    let line = format!("{} run, {complete}, {} jobs: {verdicts}", text(&run["trigger"]), answer["summary"]["jobs"]);
    line.trim_end_matches(": ").to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// The lines of the log about this kind of event.
fn about<'a>(log: &'a [Value], kind: &str) -> Vec<&'a Value> {
    log.iter().filter(|line| line["event"] == kind).collect()
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn every_example_event_is_answered_and_its_findings_reach_the_topic() {
    let mut transcript = String::new();
    let mut function = Running::start(&[]).await;
    let mut sent = 0;
    for name in events() {
        let answer = function.invoke(&event(&name)).await;
        transcript.push_str(&format!("{name}\n  {}\n", in_short(&answer)));
        let messages = function.aws.messages(TOPIC);
        let mut subjects: Vec<_> = messages[sent..].iter().filter_map(|message| message.subject.clone()).collect();
        subjects.sort();
        subjects.iter().for_each(|subject| transcript.push_str(&format!("  sent: {subject}\n")));
        sent = messages.len();
    }
    insta::assert_snapshot!(transcript, @r"
    cloudtrail-expired-token.json
      cloudtrail run, complete, 1 jobs: nightly-etl lapses
      sent: nightly-etl called AWS with expired credentials at 2026-11-23T03:04:11Z (data)
    cloudtrail-other-error.json
      ignored: the CloudTrail event's error is AccessDenied, not one of expired credentials
    manual-filtered.json
      manual run, complete, 2 jobs: summary only
    manual-inventory.json
      manual run, complete, 1 jobs: nightly-etl lapses
    manual.json
      manual run, complete, 3 jobs: nightly-etl lapses, nightly-report covered, release rejected
      sent: nightly-etl dies after 1h; 1 more; manual run (data)
      sent: release cannot start; manual run (platform)
    scheduled.json
      schedule run, complete, 3 jobs: nightly-etl lapses, nightly-report covered, release rejected
      sent: nightly-etl dies after 1h; 1 more (data)
      sent: release cannot start (platform)
    scheduler.json
      schedule run, complete, 3 jobs: nightly-etl lapses, nightly-report covered, release rejected
      sent: nightly-etl dies after 1h; 1 more (data)
      sent: release cannot start (platform)
    sessions.json
      manual run, complete, 3 jobs: nightly-etl lapses, nightly-report covered, release unknown
      sent: STS refused the duration of requests for arn:aws:iam::222222222222:role/d...; manual run (platform)
      sent: arn:aws:iam::111111111111:role/pipeline/hub used 1 session within five min...; manual run (unowned)
    widget-describe.json
      Markdown: ## Jobs and their credentials
    widget.json
      HTML: nightly-etl, nightly-report
    ");
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_repeated_event_has_the_same_run_id_and_sends_no_second_message() {
    let mut function = Running::start(&[]).await;
    let scheduled = event("scheduled.json");
    let id = serde_json::from_str::<Value>(&scheduled).unwrap()["id"].clone();
    for _ in 0..2 {
        let answer = function.invoke(&scheduled).await;
        assert_eq!(answer["run"]["id"], id);
        assert_eq!(function.subjects().len(), 2);
    }
    // Another event of the same schedule starts another run.
    function.invoke(&event("scheduler.json")).await;
    assert_eq!(function.subjects().len(), 4);
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn an_empty_session_token_is_ignored() {
    let (mut world, _) = world();
    let user = "arn:aws:iam::111111111111:user/checker";
    let key = world.user(User::new(user).may_assume("*").allows("sns:Publish", TOPIC));
    for role in [HUB, DEPLOY] {
        world.role(Role::new(role).trusts(user).allows("iam:GetRole", role).may_assume("*"));
    }
    let mut function = Running::start_in(world, &key, &[("AWS_SESSION_TOKEN", "")]).await;
    let answer = function.invoke("{}").await;
    assert_eq!(answer["run"]["complete"], true, "{answer}");
    assert_eq!(answer["coverage"]["paths"]["walked"], 3, "{answer}");
    assert_eq!(function.subjects().len(), 2);
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn bad_settings_fail_the_start_and_every_bad_setting_is_named() {
    let mut function =
        Running::start(&[("NOTIFY", "sometimes"), ("CONCURRENCY", "0"), ("MAX_MESSAGE_BYTES", "9")]).await;
    let (status, answer) = function.emulator.invoke("{}").await;
    assert_eq!((status, answer.as_str()), (502, ""));
    assert!(function.aws.calls().is_empty());
    let (log, output) = function.end();
    let logged = about(&log, "bad_settings");
    assert_eq!(logged.len(), 1, "{output}");
    let problems = text(&logged[0]["problems"]);
    for named in ["NOTIFY: `sometimes`", "CONCURRENCY: `0`", "MAX_MESSAGE_BYTES: `9`"] {
        assert!(problems.contains(named), "{problems}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn the_log_has_every_finding_and_the_metrics_of_full_runs_only() {
    let mut function = Running::start(&[("METRICS_NAMESPACE", "Team/Health")]).await;
    let full = function.invoke(&event("scheduled.json")).await;
    let part = function.invoke(&event("manual-filtered.json")).await;
    assert_eq!(part["summary"]["jobs"], 2);
    let (log, output) = function.end();

    let run_id = &full["run"]["id"];
    let of_run = |line: &&Value| line["run_id"] == *run_id;
    let found: Vec<_> = full["findings"].as_array().unwrap().iter().map(|f| &f["fingerprint"]).collect();
    let logged: Vec<_> = about(&log, "finding").into_iter().filter(of_run).map(|line| &line["fingerprint"]).collect();
    assert!(!found.is_empty());
    assert_eq!(logged, found, "{output}");

    let metrics: Vec<_> = log.iter().filter(|line| line.get("_aws").is_some()).collect();
    assert!(metrics.iter().all(of_run), "a filtered run has metrics: {output}");
    let directive = |line: &Value| line["_aws"]["CloudWatchMetrics"][0].clone();
    assert!(metrics.iter().all(|line| directive(line)["Namespace"] == "Team/Health"));
    assert_eq!(metrics.iter().filter(|line| line["RunCompleted"] == 1 && line["JobsChecked"] == 3).count(), 1);
    for (severity, count) in full["summary"]["findings"].as_object().unwrap() {
        let is_metric = |line: &&&Value| line["Severity"] == severity.as_str() && line["Findings"] == *count;
        assert_eq!(metrics.iter().filter(is_metric).count(), 1, "{severity}: {output}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn no_log_answer_or_message_holds_a_credential_even_at_trace_and_after_broken_answers() {
    let broken = [Answer::HalfXml, Answer::Truncated, Answer::ResetAfterwards, Answer::NoMembers];
    let mut function = Running::start(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace")]).await;
    let mut answers = String::new();
    for answer in broken {
        // Three calls each, because the SDK retries after a truncated answer.
        function.aws.clear_script();
        function.aws.script(Fault::on("AssumeRole").target(DEPLOY).times(3).then(answer));
        answers.push_str(&function.invoke("{}").await.to_string());
    }
    let asked = function.aws.calls_of("AssumeRole").into_iter().filter(|call| call.target() == Some(DEPLOY)).count();
    assert!(asked > 4, "no broken answer was met");
    let messages = format!("{:?}", function.aws.messages(TOPIC));
    assert!(answers.contains("nightly-etl") && messages.contains("nightly-etl"));
    let (log, output) = function.end();
    assert_eq!(about(&log, "run").len(), 4, "{output}");
    assert_no_credential(&output);
    assert_no_credential(&answers);
    assert_no_credential(&messages);
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_refused_publish_fails_the_invocation_after_the_findings_were_logged() {
    let (mut world, checker) = world();
    world.topic(Topic::new(TOPIC).denied());
    let mut function = Running::start_in(world, &checker, &[]).await;
    let answer = function.invoke(&event("scheduled.json")).await;
    assert_eq!(answer["errorType"], "NotPublished", "{answer}");
    let message = text(&answer["errorMessage"]);
    for expected in
        ["2 of 2 messages", "the message to data: AuthorizationError", "the message to platform: AuthorizationError"]
    {
        assert!(message.contains(expected), "{message}");
    }
    assert!(function.subjects().is_empty());

    // Lambda retries, and now the topic accepts the message.
    function.aws.world(|world| {
        world.topic(TOPIC);
    });
    let answer = function.invoke(&event("scheduled.json")).await;
    assert_eq!(answer["run"]["trigger"], "schedule", "{answer}");
    assert_eq!(function.subjects().len(), 2);

    let (log, output) = function.end();
    let place = |kind: &str| log.iter().position(|line| line["event"] == kind);
    let (finding, refused) = (place("finding"), place("not_published"));
    assert!(finding.is_some() && finding < refused, "{output}");
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_role_that_hangs_leaves_time_to_answer_and_to_publish() {
    let mut function = Running::start(&[("AWS_LAMBDA_FUNCTION_TIMEOUT", "4")]).await;
    function.aws.script(Fault::on("AssumeRole").target(HUB).then(Answer::Hang));
    let answer = function.invoke(&event("scheduled.json")).await;
    assert_eq!(answer["run"]["complete"], false, "{answer}");
    let findings = answer["findings"].as_array().unwrap();
    let of_hub = findings.iter().find(|finding| finding["role"] == HUB && finding["id"] == "not-checked");
    assert!(of_hub.is_some_and(|finding| finding.to_string().contains("out-of-time")), "{answer}");
    let released = answer["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "release").unwrap();
    assert_eq!((&released["verdict"], &released["walk"]), (&"rejected".into(), &"walked".into()));
    let subjects = function.subjects();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects.iter().all(|subject| subject.contains("incomplete")), "{subjects:?}");
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
#[allow(clippy::print_stdout, reason = "a figure for whoever asks: cargo test --workspace -- --nocapture smallest")]
async fn a_run_fits_the_memory_of_the_smallest_function() {
    let mut function = Running::start(&[]).await;
    for name in events() {
        function.invoke(&event(&name)).await;
    }
    let peak = function.emulator.peak_memory_kib();
    println!("peak memory of the function after {} events: {:.1} MiB", events().len(), peak as f64 / 1024.0);
    assert!(peak < SMALLEST_FUNCTION, "{peak} KiB");
}
