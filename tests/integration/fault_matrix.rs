//! Kinds of faults × places of faults: each cell runs the function and the command over HTTP against the stand-in. In
//! each cell the fault has the right class at the right role and hop, and everything else equals a run without the
//! fault. No unchecked role counts as healthy, the log has every finding, and exit status and invocation result are
//! those of the interface.
//!
//! docs/faults.md shows the result as a table: `UPDATE_DOCS=1 cargo test --workspace fault_matrix` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::instrument::WithSubscriber as _;

use crate::harness::{
    CHECKER, Cli, Lambda, Log, REGION, TOPIC, assert_no_credential, assert_no_credential_in_messages, patient_client,
    role, world,
};
use crate::stand_in::{Answer, Bus, Credentials, Fault, FaultOn, IdentityCenter, Role, StandIn, Topic, refusal};

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const ETL: &str = "arn:aws:iam::222222222222:role/etl";
const SOLO: &str = "arn:aws:iam::333333333333:role/solo";
const READ: &str = "arn:aws:iam::444444444444:role/read";
const READER: &str = "arn:aws:iam::444444444444:role/reader";
const OWN: &str = "arn:aws:iam::999999999999:role/own";
const BYSTANDER: &str = "arn:aws:iam::555555555555:role/bystander";
const DUMP: &str = "arn:aws:iam::666666666666:role/dump";

/// Each place has a separate role. The job of that role is healthy only if the place answers. Two owners have a finding
/// each.
const INVENTORY: &str = r#"version: 1
readers: {"444444444444": "arn:aws:iam::444444444444:role/reader"}
jobs:
  - {name: etl, owner: alpha, length: 30m, source: ecs-task,
     path: ["arn:aws:iam::111111111111:role/hub", "arn:aws:iam::222222222222:role/etl"]}
  - {name: solo, owner: alpha, length: 90m, source: iam-user,
     path: [{role: "arn:aws:iam::333333333333:role/solo", duration: 2h}]}
  - {name: read, owner: omega, length: 90m, source: iam-user,
     path: [{role: "arn:aws:iam::444444444444:role/read", duration: 2h}]}
  - {name: own, owner: omega, length: 90m, source: web-identity,
     path: [{role: "arn:aws:iam::999999999999:role/own", duration: 2h}]}
  - {name: dump, owner: alpha, length: 2h, source: ecs-task, path: ["arn:aws:iam::666666666666:role/dump"]}
  - {name: bystander, owner: omega, length: 2h, source: ecs-task, path: ["arn:aws:iam::555555555555:role/bystander"]}
  - {name: timeout, owner: alpha,
     source: {kind: lambda, function: "arn:aws:lambda:eu-west-1:999999999999:function:etl"},
     path: [{role: "arn:aws:iam::666666666666:role/dump", duration: 20m}]}
  - {name: person, owner: omega, length: 3h, source: {kind: identity-center, permission_set: Admin}}
"#;

/// The settings of the jobs `timeout` and `person`: the names in the coverage.
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:999999999999:function:etl";
const PERMISSION_SET: &str = "Admin";

/// The destinations of the function alone.
const BUS: &str = "arn:aws:events:eu-west-1:999999999999:event-bus/findings";
const CHAT: &str = "arn:aws:sns:eu-west-1:999999999999:chat";

const ROLES: [&str; 7] = [HUB, ETL, SOLO, READ, OWN, BYSTANDER, DUMP];

const DESTINATIONS: [(&str, &str); 3] = [("TOPIC_ARN", TOPIC), ("EVENT_BUS", BUS), ("CHAT_TOPIC_ARN", CHAT)];

/// The longest time of a Lambda function. No run of a cell takes nearly as long, so no deadline decides a cell.
const REMAINING: Duration = Duration::from_secs(900);
/// The timeout of an attempt. Only a call without an answer reaches it.
const ATTEMPT: Duration = Duration::from_secs(15);

// --- The kinds and the places ---

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    FirstAssume,
    LaterAssume,
    Describe,
    ReadersAssume,
    Identity,
    FirstMessage,
    LaterMessage,
    Events,
    Notification,
    Timeout,
    Instances,
    PermissionSets,
    PermissionSet,
}

use Place::{
    Describe, Events, FirstAssume, FirstMessage, Identity, Instances, LaterAssume, LaterMessage, Notification,
    PermissionSet, PermissionSets, ReadersAssume, Timeout,
};

const PLACES: [Place; 13] = [
    FirstAssume,
    LaterAssume,
    Describe,
    ReadersAssume,
    Identity,
    FirstMessage,
    LaterMessage,
    Events,
    Notification,
    Timeout,
    Instances,
    PermissionSets,
    PermissionSet,
];

impl Place {
    fn words(self) -> &'static str {
        match self {
            FirstAssume => "first AssumeRole of a path",
            LaterAssume => "later AssumeRole",
            Describe => "GetRole",
            ReadersAssume => "AssumeRole of a reader",
            Identity => "GetCallerIdentity",
            FirstMessage => "Publish of the first message",
            LaterMessage => "Publish of a later message",
            Events => "PutEvents",
            Notification => "Publish of a notification in a chat",
            Timeout => "GetFunctionConfiguration",
            Instances => "ListInstances",
            PermissionSets => "ListPermissionSets",
            PermissionSet => "DescribePermissionSet",
        }
    }

    fn calls(self) -> FaultOn {
        match self {
            FirstAssume => Fault::on("AssumeRole").target(HUB),
            LaterAssume => Fault::on("AssumeRole").target(ETL),
            Describe => Fault::on("GetRole").target(SOLO),
            ReadersAssume => Fault::on("AssumeRole").target(READER),
            Identity => Fault::on("GetCallerIdentity"),
            FirstMessage => Fault::on("Publish").target(TOPIC).saying("alpha"),
            LaterMessage => Fault::on("Publish").target(TOPIC).saying("omega"),
            Events => Fault::on("PutEvents"),
            Notification => Fault::on("Publish").target(CHAT),
            Timeout => Fault::on("GetFunctionConfiguration"),
            Instances => Fault::on("ListInstances"),
            PermissionSets => Fault::on("ListPermissionSets"),
            PermissionSet => Fault::on("DescribePermissionSet"),
        }
    }

    /// The fault as the service of this place answers: the codes of the models of Lambda, SSO Admin and EventBridge,
    /// their code for signatures, and JSON.
    fn answer(self, fault: &Answer) -> Answer {
        let (throttled, failed, denied) = match self {
            Timeout => ((429, "TooManyRequestsException"), (500, "ServiceException"), 403),
            Instances | PermissionSets | PermissionSet => {
                ((400, "ThrottlingException"), (500, "InternalServerException"), 400)
            }
            Events => ((400, "ThrottlingException"), (500, "InternalException"), 400),
            FirstAssume | LaterAssume | Describe | ReadersAssume | Identity | FirstMessage | LaterMessage
            | Notification => return fault.clone(),
        };
        match fault {
            Answer::Throttle => Answer::error(throttled.0, throttled.1, "Rate exceeded"),
            Answer::Error { status: 403, message, .. } => {
                Answer::Error { status: denied, code: "InvalidSignatureException".to_owned(), message: message.clone() }
            }
            Answer::Error { status: 500, message, .. } => {
                Answer::Error { status: failed.0, code: failed.1.to_owned(), message: message.clone() }
            }
            Answer::ContentType(_) => Answer::ContentType("text/xml".to_owned()),
            other => other.clone(),
        }
    }

    /// The setting that a permanent fault at this place leaves unread, and the reason in the coverage.
    fn setting(self, word: &str) -> Vec<(&'static str, String)> {
        match self {
            Timeout => vec![(FUNCTION, word.to_owned())],
            Instances | PermissionSets | PermissionSet => vec![(PERMISSION_SET, word.to_owned())],
            // A function is read if the caller's account is known to be its account.
            Identity if word != "unreachable" => vec![(FUNCTION, word.to_owned())],
            Identity => vec![(FUNCTION, word.to_owned()), (PERMISSION_SET, word.to_owned())],
            FirstAssume | LaterAssume | Describe | ReadersAssume | FirstMessage | LaterMessage | Events
            | Notification => Vec::new(),
        }
    }

    fn is_setting(self) -> bool {
        matches!(self, Timeout | Instances | PermissionSets | PermissionSet)
    }

    fn is_publish(self) -> bool {
        matches!(self, FirstMessage | LaterMessage | Events | Notification)
    }

    /// The roles that a permanent fault at this place leaves unchecked, and the reason in the coverage for each.
    fn affected(self, word: &str) -> Vec<(&'static str, String)> {
        match self {
            FirstAssume => vec![(HUB, word.to_owned()), (ETL, "not-reached".to_owned())],
            LaterAssume => vec![(ETL, word.to_owned())],
            Describe => vec![(SOLO, format!("describe-{word}"))],
            ReadersAssume => vec![(READ, format!("reader-{word}"))],
            // Without the caller's account, nobody knows whether a role is in it.
            Identity if word != "unreachable" => vec![(OWN, format!("describe-{word}"))],
            // Without a connection to STS the run makes no further calls and reports that for each role.
            Identity => {
                let reason = |role| match role {
                    ETL => "not-reached",
                    OWN => "describe-unreachable",
                    _ => "unreachable",
                };
                ROLES.map(|role| (role, reason(role).to_owned())).to_vec()
            }
            FirstMessage | LaterMessage | Events | Notification | Timeout | Instances | PermissionSets
            | PermissionSet => Vec::new(),
        }
    }

    /// The role or reader that the findings about the fault name.
    fn found_at(self) -> Option<&'static str> {
        match self {
            FirstAssume => Some(HUB),
            LaterAssume => Some(ETL),
            Describe => Some(SOLO),
            ReadersAssume => Some(READER),
            Identity => Some(OWN),
            FirstMessage | LaterMessage | Events | Notification | Timeout | Instances | PermissionSets
            | PermissionSet => None,
        }
    }
}

/// A kind of fault.
struct Kind {
    words: &'static str,
    answer: Answer,
    /// Only the first so many calls fail.
    times: Option<usize>,
    /// The class in the report. `None`: another attempt, or the SDK, handles the fault.
    class: Option<&'static str>,
    /// The finding that reports the fault.
    finding: &'static str,
    /// The attempts of a call, if they are fewer than the default. At least two: on a slow machine an attempt can time
    /// out by accident, and the next attempt keeps the result of the cell.
    attempts: Option<&'static str>,
}

fn kinds(elsewhere: &str) -> Vec<Kind> {
    let passing =
        |words, answer| Kind { words, answer, times: None, class: None, finding: "not-checked", attempts: None };
    let lasting = |words, answer, class| Kind { class: Some(class), attempts: Some("2"), ..passing(words, answer) };
    let slow = |words, answer| lasting(words, answer, "timed-out");
    let clock = |words, class| Kind { finding: "clock-skew", ..lasting(words, Answer::from(refusal(class)), class) };
    let failure = |status, code: &str| Answer::error(status, code, "We encountered an internal error.");
    vec![
        Kind { times: Some(2), ..passing("throttled twice", Answer::Throttle) },
        lasting("throttled without end", Answer::Throttle, "throttled"),
        lasting("500 InternalFailure", failure(500, "InternalFailure"), "unavailable"),
        lasting("503 ServiceUnavailable", failure(503, "ServiceUnavailable"), "unavailable"),
        lasting("connection reset before the answer", Answer::Reset, "unreachable"),
        lasting("connection reset after the answer's head", Answer::ResetAfterHead, "unreadable-answer"),
        slow("no answer", Answer::Hang),
        slow("answer byte by byte", Answer::Drip(Duration::from_millis(200))),
        lasting("half an answer", Answer::Truncated, "unreadable-answer"),
        lasting("an answer that cannot be parsed", Answer::Malformed, "unreadable-answer"),
        lasting("a page of HTML, status 200", Answer::Html(200), "unreadable-answer"),
        lasting("a page of HTML, status 503", Answer::Html(503), "unavailable"),
        passing(
            "AWS's answer with the content type of another protocol",
            Answer::ContentType("application/json".to_owned()),
        ),
        lasting("redirect to another host", Answer::Redirect(format!("{elsewhere}/")), "unreadable-answer"),
        lasting("an empty answer, status 200", Answer::EmptyBody, "unreadable-answer"),
        clock("refused: clock behind AWS's", "clock-slow"),
        clock("refused: clock ahead of AWS's", "clock-fast"),
    ]
}

/// A fault of a whole service instead of one call: the endpoint of the service.
const CONNECTIONS: [&str; 3] = ["connection refused", "name that does not resolve", "no TLS at the other end"];
const SERVICES: [&str; 6] = ["sts", "iam", "sns", "eventbridge", "lambda", "sso-admin"];

fn service_name(service: &str) -> &'static str {
    match service {
        "sts" => "STS",
        "iam" => "IAM",
        "sns" => "SNS",
        "eventbridge" => "EventBridge",
        "lambda" => "Lambda",
        _ => "SSO Admin",
    }
}

// --- Runs ---

async fn start() -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*")).role(Role::new(ETL).trusts(HUB).allows("iam:GetRole", "*"));
    world.role(role(SOLO).max_session(7200)).role(role(BYSTANDER)).role(role(DUMP));
    world.role(Role::new(READ).trusts(CHECKER).max_session(7200)).role(Role::new(OWN).max_session(7200));
    world.role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*"));
    world.function(FUNCTION, 600);
    world.bus(Bus::new(BUS)).topic(Topic::new(CHAT));
    world.identity_center(IdentityCenter::new("999999999999", REGION).set(PERMISSION_SET, "PT4H"));
    (StandIn::start(world).await, checker)
}

/// The results of a run of each entry point.
struct Seen {
    /// The function's report, or its error.
    answer: Result<Value, String>,
    /// The log lines about the findings and the run.
    logged: Vec<Value>,
    complete: bool,
    /// The command's report and exit status.
    report: Value,
    exit: i32,
}

struct EntryPoints<'a> {
    aws: &'a StandIn,
    checker: &'a Credentials,
    endpoints: &'a [(&'static str, String)],
    attempts: Option<&'static str>,
    /// A call never gets a complete answer.
    times_out: bool,
}

impl EntryPoints<'_> {
    async fn function(&self) -> (Result<Value, String>, Log) {
        // Faults with an immediate answer cover the default number of attempts.
        let attempts = self.attempts.filter(|_| self.times_out);
        let client = patient_client(self.aws, self.checker, self.endpoints, attempts).await;
        let (lambda, log) = (Lambda::by(client, INVENTORY, &DESTINATIONS), Log::default());
        let begun = Instant::now();
        let event = json!({});
        let invoked =
            lambda.invoke_as("request-1", REMAINING, &event).with_subscriber(log.subscriber("credential_health=trace"));
        let answer = invoked.await.map_err(|error| format!("{}: {}", error.error_type, error.error_message));
        let took = begun.elapsed();
        assert!(!self.times_out || took >= 2 * ATTEMPT, "timeouts were shortened: {took:?}");
        (answer, log)
    }

    async fn command(&self) -> (Value, i32) {
        let options = ["--publish", TOPIC, "--format", "json", "--fail-on", "none"];
        let mut cli = Cli::on(INVENTORY, "check", &options).asking(self.aws, self.checker);
        for (service, url) in self.endpoints {
            // The SDK's name of a service has a dash in a profile and an underscore in a variable.
            cli = cli.env(&format!("AWS_ENDPOINT_URL_{}", service.to_uppercase().replace('-', "_")), url);
        }
        if let Some(attempts) = self.attempts {
            cli = cli.env("AWS_MAX_ATTEMPTS", attempts);
        }
        let ran = cli.run().await;
        (ran.report(), ran.status)
    }

    /// Runs both entry points, one after the other, each with a fresh script.
    async fn ask(&self, script: impl Fn(&StandIn)) -> Seen {
        script(self.aws);
        let (answer, log) = self.function().await;
        assert_no_credential(&log.text());
        self.aws.clear_script();
        script(self.aws);
        let (report, exit) = self.command().await;
        self.aws.clear_script();
        assert_no_credential_in_messages(self.aws, TOPIC);
        let run = log.about("run").into_iter().next().expect("the run is in the log");
        Seen { answer, logged: log.about("finding"), complete: run["complete"] == true, report, exit }
    }
}

// --- Expectations for every cell ---

/// The expected result of a cell.
struct Expected<'a> {
    /// The unchecked roles, each with its reason.
    affected: Vec<(&'static str, String)>,
    /// The unread settings, each with its reason.
    settings: Vec<(&'static str, String)>,
    /// The allowed places of findings about the fault; at least one finding must be there.
    found_at: Option<&'static str>,
    /// The id of that finding.
    finding: &'static str,
    complete: bool,
    /// The owners whose message fails, and the reason that the invocation gives.
    unpublished: &'a [(&'a str, &'a str)],
    exit: i32,
}

/// The failed expectations, as text.
fn mistakes(seen: &Seen, expected: &Expected<'_>, baseline: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let reports = [Some(&seen.report), seen.answer.as_ref().ok()];
    for report in reports.into_iter().flatten() {
        wrong.extend(mistakes_of_report(report, expected, baseline));
    }
    if seen.complete != expected.complete {
        wrong.push(format!("the log says complete: {}", seen.complete));
    }
    if seen.exit != expected.exit {
        wrong.push(format!("exit status {}, not {}", seen.exit, expected.exit));
    }
    match (&seen.answer, expected.unpublished) {
        (Err(said), []) if expected.exit == 4 && said.starts_with("NoAnswer: ") => {}
        (Ok(_), []) if expected.exit != 4 => {}
        (Err(error), unpublished @ [_, ..]) => {
            let all = error.starts_with("NotPublished: ")
                && unpublished.iter().all(|(owner, word)| error.contains(owner) && error.contains(word));
            if !all {
                wrong.push(format!("the invocation reports {error}, expected {unpublished:?}"));
            }
        }
        (Ok(_), _) => wrong.push("the invocation should fail".to_owned()),
        (Err(error), []) => wrong.push(format!("the invocation fails: {error}")),
    }
    // The command still has a report if the invocation fails.
    let prints =
        |findings: &[Value]| findings.iter().map(|finding| finding["fingerprint"].to_string()).collect::<BTreeSet<_>>();
    if prints(&seen.logged) != prints(seen.report["findings"].as_array().unwrap()) {
        wrong.push("the log has not the findings of the report".to_owned());
    }
    wrong
}

/// Without the places of the inventory: each entry point reads another file.
fn placeless(mut report: Value) -> Value {
    for list in ["jobs", "findings"] {
        for entry in report[list].as_array_mut().unwrap() {
            entry.as_object_mut().unwrap().remove("location");
        }
    }
    report
}

fn mistakes_of_report(report: &Value, expected: &Expected<'_>, baseline: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let report = &placeless(report.clone());
    let list = |report: &Value, pointer: &str| report.pointer(pointer).unwrap().as_array().unwrap().clone();
    let affected: BTreeMap<&str, &str> =
        expected.affected.iter().map(|(role, reason)| (*role, reason.as_str())).collect();
    let not_checked: Vec<(String, String)> = list(report, "/coverage/roles/not_checked")
        .iter()
        .map(|entry| (entry["role"].as_str().unwrap().to_owned(), entry["reason"].as_str().unwrap().to_owned()))
        .collect();
    if not_checked.iter().map(|(role, reason)| (role.as_str(), reason.as_str())).collect::<BTreeMap<_, _>>() != affected
    {
        wrong.push(format!("not checked: {not_checked:?}, not {affected:?}"));
    }
    let unread: BTreeMap<String, String> = list(report, "/coverage/settings/not_read")
        .iter()
        .map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry["reason"].as_str().unwrap().to_owned()))
        .collect();
    let settings = expected.settings.iter().map(|(name, reason)| ((*name).to_owned(), reason.clone())).collect();
    if unread != settings {
        wrong.push(format!("settings not read: {unread:?}, not {settings:?}"));
    }
    if report["run"]["complete"] != expected.complete {
        wrong.push(format!("complete: {}", report["run"]["complete"]));
    }
    let reads = |job: &Value| {
        let setting = match job["name"].as_str().unwrap() {
            "timeout" => FUNCTION,
            "person" => PERMISSION_SET,
            _ => return false,
        };
        expected.settings.iter().any(|(unread, _)| *unread == setting)
    };
    let uses = |job: &Value| {
        let hops = job["hops"].as_array().unwrap();
        reads(job) || hops.iter().any(|hop| affected.contains_key(hop["role"].as_str().unwrap()))
    };
    // A verdict that does not depend on the role's MaxSessionDuration does not need the description.
    let needs = |hop: &Value| {
        let reason = affected.get(hop["role"].as_str().unwrap()).copied().unwrap_or_default();
        let described = reason.starts_with("describe-") || reason.starts_with("reader-");
        !reason.is_empty() && (!described || hop["requested_seconds"].as_u64() > Some(3600))
    };
    for (job, before) in list(report, "/jobs").iter().zip(&list(baseline, "/jobs")) {
        let healthy = job["verdict"] == "covered" && job["walk"] == "walked";
        let healthy = healthy && (reads(job) || job["hops"].as_array().unwrap().iter().any(needs));
        match uses(job) {
            true if healthy => wrong.push(format!("{} is healthy, and was not checked", job["name"])),
            false if job != before => wrong.push(format!("{} is another job now: {job}", job["name"])),
            _ => {}
        }
    }
    for (role, before) in list(report, "/roles").iter().zip(&list(baseline, "/roles")) {
        if !affected.contains_key(role["arn"].as_str().unwrap()) && role != before {
            wrong.push(format!("unaffected, and another role now: {role}"));
        }
    }
    let concerned: BTreeSet<String> =
        list(report, "/jobs").iter().filter(|job| uses(job)).map(|job| job["name"].to_string()).collect();
    let others = |report: &Value| -> Vec<Value> {
        let about = |finding: &Value| {
            let role = finding["role"].as_str().unwrap_or_default();
            affected.contains_key(role)
                || Some(role) == expected.found_at
                || concerned.contains(&finding["job"].to_string())
        };
        let is_whole_run = |finding: &Value| finding["id"] == "clock-skew" && finding["role"].is_null();
        list(report, "/findings").into_iter().filter(|finding| !about(finding) && !is_whole_run(finding)).collect()
    };
    if others(report) != others(baseline) {
        wrong.push(format!("other findings than without the fault: {:#?}", others(report)));
    }
    let found = |finding: &Value| finding["id"] == expected.finding && finding["role"].as_str() == expected.found_at;
    let whole_run = expected.finding == "clock-skew" && expected.unpublished.is_empty() && expected.found_at.is_none();
    let fault_is_told = !affected.is_empty() || whole_run;
    if fault_is_told && !list(report, "/findings").iter().any(found) {
        wrong.push(format!("no {} at {:?}", expected.finding, expected.found_at));
    }
    wrong
}

// --- The table ---

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    report: String,
    complete: &'static str,
    exit: i32,
    invocation: String,
}

fn row(seen: &Seen, baseline: &Value) -> Row {
    let reasons: BTreeSet<String> = ["/coverage/roles/not_checked", "/coverage/settings/not_read"]
        .iter()
        .flat_map(|list| seen.report.pointer(list).unwrap().as_array().unwrap())
        .map(|entry| format!("`{}`", entry["reason"].as_str().unwrap()))
        .collect();
    let ids = |report: &Value| -> BTreeSet<String> {
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| format!("`{}`", finding["id"].as_str().unwrap()))
            .collect()
    };
    let new: Vec<String> = ids(&seen.report).difference(&ids(baseline)).cloned().collect();
    let mut report = reasons.into_iter().collect::<Vec<_>>().join(", ");
    if !new.is_empty() {
        let _ = write!(report, "{}{}", if report.is_empty() { "" } else { "; " }, new.join(", "));
    }
    if report.is_empty() {
        report.push_str("nothing");
    }
    let invocation = match &seen.answer {
        Ok(_) => "the report".to_owned(),
        Err(error) => format!("`{}`", error.split(':').next().unwrap_or_default()),
    };
    Row { report, complete: if seen.complete { "true" } else { "false" }, exit: seen.exit, invocation }
}

/// Places with equal results share a row. Faults with equal results at every place share a row as well.
fn table(cells: &[(String, String, Row)]) -> String {
    let mut faults: Vec<(String, Vec<(String, Row)>)> = Vec::new();
    for (fault, place, row) in cells {
        if faults.last().is_none_or(|(last, _)| last != fault) {
            faults.push((fault.clone(), Vec::new()));
        }
        let Some((_, rows)) = faults.last_mut() else { continue };
        match rows.iter_mut().find(|(_, same)| same == row) {
            Some((places, _)) => {
                let _ = write!(places, "; {place}");
            }
            None => rows.push((place.clone(), row.clone())),
        }
    }
    let mut alike: Vec<(String, Vec<(String, Row)>)> = Vec::new();
    for (fault, rows) in faults {
        match alike.iter_mut().find(|(_, same)| *same == rows) {
            Some((faults, _)) => {
                let _ = write!(faults, "; {fault}");
            }
            None => alike.push((fault, rows)),
        }
    }
    let mut text = String::from(
        "| fault | where | the report says | `run.complete` | exit status | invocation |\n|---|---|---|---|---|---|\n",
    );
    for (faults, rows) in &alike {
        for (places, Row { report, complete, exit, invocation }) in rows {
            let _ = writeln!(text, "| {faults} | {places} | {report} | {complete} | {exit} | {invocation} |");
        }
    }
    text
}

fn compare_with_page(table: &str) {
    const MARK: &str = "<!-- The table is made by tests/integration/fault_matrix.rs. -->\n\n";
    let path = std::path::Path::new(crate::harness::ROOT).join("docs/faults.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, kept) = page.split_once(MARK).expect("the page has a mark for its table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(&path, format!("{before}{MARK}{table}")).unwrap();
    }
    assert!(kept == table, "docs/faults.md is out of date: UPDATE_DOCS=1 cargo test --workspace fault_matrix");
}

// --- The test ---

async fn one_place(kind: &Kind, place: Place, elsewhere: &StandIn, baseline: &Value) -> (Row, Vec<String>) {
    let (aws, checker) = start().await;
    let times_out = kind.class == Some("timed-out");
    let entry_points = EntryPoints { aws: &aws, checker: &checker, endpoints: &[], attempts: kind.attempts, times_out };
    let script = |aws: &StandIn| {
        let calls = place.calls();
        aws.script(kind.times.map_or(calls.clone(), |times| calls.times(times)).then(place.answer(&kind.answer)));
    };
    let seen = entry_points.ask(script).await;
    let unpublished = match (place, kind.class) {
        (FirstMessage, Some(_)) => vec![("the message to alpha", "1 of 2")],
        (LaterMessage, Some(_)) => vec![("the message to omega", "1 of 2")],
        (Events, Some(_)) => vec![("the message to alpha", BUS), ("the message to omega", "2 of 2")],
        (Notification, Some(_)) => vec![("the message to alpha", CHAT), ("the message to omega", "2 of 2")],
        _ => Vec::new(),
    };
    let failed = kind.class.filter(|_| !place.is_publish());
    // None of these classes is denied access, so each leaves something unchecked.
    let complete = failed.is_none();
    let gets_nowhere = place == Identity && failed == Some("unreachable");
    let expected = Expected {
        affected: failed.map(|class| place.affected(class)).unwrap_or_default(),
        settings: failed.map(|class| place.setting(class)).unwrap_or_default(),
        found_at: place.found_at(),
        // The clock that another service than STS and IAM refuses is a reason in the coverage, and no finding.
        finding: if place.is_setting() { "not-checked" } else { kind.finding },
        complete,
        // The command publishes to the topic alone.
        exit: match place {
            Events | Notification => 0,
            _ if !unpublished.is_empty() || gets_nowhere => 4,
            _ => 3 * i32::from(!complete),
        },
        unpublished: &unpublished,
    };
    let mut wrong = mistakes(&seen, &expected, baseline);
    if !elsewhere.calls().is_empty() {
        wrong.push("a redirect was followed".to_owned());
    }
    // The message of the other owner is delivered from both entry points.
    for (owner, hit) in [("alpha", FirstMessage), ("omega", LaterMessage)] {
        let arrived = aws.messages(TOPIC).iter().filter(|message| message.attributes["owner"].value == owner).count();
        // At least: on a slow machine, an abandoned attempt can still arrive.
        if place != hit && arrived < 2 {
            wrong.push(format!("{arrived} messages to {owner} from two runs"));
        }
    }
    let events = aws.world(|world| world.events(BUS)).len();
    let arrived = [(Events, events), (Notification, aws.messages(CHAT).len())];
    let lost = arrived.iter().filter(|(hit, arrived)| place != *hit && *arrived < 2);
    wrong.extend(lost.map(|(hit, arrived)| format!("{arrived} of 2 arrived: {}", hit.words())));
    (row(&seen, baseline), wrong)
}

async fn one_service(connection: &'static str, service: &'static str, baseline: &Value) -> (Row, Vec<String>) {
    let (aws, checker) = start().await;
    let url = match connection {
        // No process listens on the port of tcpmux.
        "connection refused" => "http://127.0.0.1:1".to_owned(),
        // Longer than a name can be: every resolver refuses it at once, without a question to a name server.
        "name that does not resolve" => format!("http://{}invalid", "no-such-name.".repeat(20)),
        _ => aws.url().replace("http://", "https://"),
    };
    let endpoints = [(service, url)];
    let entry_points =
        EntryPoints { aws: &aws, checker: &checker, endpoints: &endpoints, attempts: Some("2"), times_out: false };
    let seen = entry_points.ask(|_| {}).await;
    let unpublished = [("the message to alpha", "2 of 2"), ("the message to omega", "no connection")];
    let assumed = [HUB, ETL, SOLO, DUMP, BYSTANDER, OWN];
    let expected = match service {
        "sts" => Expected {
            affected: Identity.affected("unreachable"),
            settings: Identity.setting("unreachable"),
            found_at: Some(HUB),
            finding: "not-checked",
            complete: false,
            unpublished: &[],
            exit: 4,
        },
        "iam" => Expected {
            affected: assumed.iter().chain(&[READ]).map(|role| (*role, "describe-unreachable".to_owned())).collect(),
            settings: Vec::new(),
            found_at: Some(SOLO),
            finding: "not-checked",
            complete: false,
            unpublished: &[],
            exit: 3,
        },
        "eventbridge" => Expected {
            affected: Vec::new(),
            settings: Vec::new(),
            found_at: None,
            finding: "not-checked",
            complete: true,
            unpublished: &[("the message to alpha", BUS), ("the message to omega", "2 of 2")],
            exit: 0,
        },
        "lambda" | "sso-admin" => Expected {
            affected: Vec::new(),
            settings: if service == "lambda" { Timeout } else { Instances }.setting("unreachable"),
            found_at: None,
            finding: "not-checked",
            complete: false,
            unpublished: &[],
            exit: 3,
        },
        _ => Expected {
            affected: Vec::new(),
            settings: Vec::new(),
            found_at: None,
            finding: "not-checked",
            complete: true,
            unpublished: &unpublished,
            exit: 4,
        },
    };
    (row(&seen, baseline), mistakes(&seen, &expected, baseline))
}

async fn own_clock(minutes: i64, baseline: &Value) -> (Row, Vec<String>) {
    let (aws, checker) = start().await;
    aws.set_clock_offset(SignedDuration::from_mins(minutes));
    let entry_points = EntryPoints { aws: &aws, checker: &checker, endpoints: &[], attempts: None, times_out: false };
    let seen = entry_points.ask(|_| {}).await;
    let expected = Expected {
        affected: Vec::new(),
        settings: Vec::new(),
        found_at: None,
        finding: "clock-skew",
        complete: true,
        unpublished: &[],
        exit: 0,
    };
    (row(&seen, baseline), mistakes(&seen, &expected, baseline))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_every_cell_only_the_fault_is_reported_and_at_its_place() {
    let (aws, checker) = start().await;
    let calm = EntryPoints { aws: &aws, checker: &checker, endpoints: &[], attempts: None, times_out: false }
        .ask(|_| {})
        .await;
    let baseline = Arc::new(placeless(calm.report));
    assert_eq!(calm.exit, 0, "{baseline:#}");
    assert_eq!(baseline["coverage"]["roles"]["not_checked"], json!([]));
    assert_eq!((&baseline["summary"]["findings"]["high"], &baseline["run"]["complete"]), (&json!(2), &json!(true)));
    assert_eq!(aws.messages(TOPIC).len(), 4, "two owners, two entry points");

    let elsewhere = Arc::new(start().await.0);
    // Few cells compute at the same time, so that waiting for the processor does not cause timeouts.
    let turns = Arc::new(Semaphore::new(4));
    let mut cells: JoinSet<(usize, String, String, Row, Vec<String>)> = JoinSet::new();
    let mut number = 0;
    for index in 0..kinds("").len() {
        for place in PLACES {
            let (elsewhere, turns, baseline, cell) =
                (Arc::clone(&elsewhere), Arc::clone(&turns), Arc::clone(&baseline), number);
            number += 1;
            cells.spawn(async move {
                let kind = kinds(&elsewhere.url()).into_iter().nth(index).unwrap();
                // Cells that mostly wait start at once.
                let waits = matches!(kind.class, Some("timed-out" | "throttled"));
                let _turn = if waits { None } else { Some(turns.acquire().await.unwrap()) };
                let (row, wrong) = one_place(&kind, place, &elsewhere, &baseline).await;
                (cell, kind.words.to_owned(), place.words().to_owned(), row, wrong)
            });
        }
    }
    for connection in CONNECTIONS {
        for service in SERVICES {
            let (turns, baseline, cell) = (Arc::clone(&turns), Arc::clone(&baseline), number);
            number += 1;
            cells.spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                let (row, wrong) = one_service(connection, service, &baseline).await;
                (cell, connection.to_owned(), format!("all of {}", service_name(service)), row, wrong)
            });
        }
    }
    for (minutes, words) in
        [(20, "the machine's clock 20 minutes behind"), (-20, "the machine's clock 20 minutes ahead")]
    {
        let (turns, baseline, cell) = (Arc::clone(&turns), Arc::clone(&baseline), number);
        number += 1;
        cells.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let (row, wrong) = own_clock(minutes, &baseline).await;
            (cell, words.to_owned(), "everywhere".to_owned(), row, wrong)
        });
    }
    let mut seen = cells.join_all().await;
    seen.sort_by_key(|(cell, ..)| *cell);
    assert_eq!(seen.len(), kinds("").len() * PLACES.len() + CONNECTIONS.len() * SERVICES.len() + 2);
    let wrong: Vec<String> = seen
        .iter()
        .filter(|(.., wrong)| !wrong.is_empty())
        .map(|(_, fault, place, row, wrong)| format!("{fault}, {place}: {row:?}\n    {}", wrong.join("\n    ")))
        .collect();
    assert!(wrong.is_empty(), "{} cells of {}:\n{}", wrong.len(), seen.len(), wrong.join("\n"));
    let rows: Vec<(String, String, Row)> =
        seen.into_iter().map(|(_, fault, place, row, _)| (fault, place, row)).collect();
    compare_with_page(&table(&rows));
}
