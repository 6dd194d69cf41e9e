//! The tools of the end-to-end tests: the built command in a clean environment, the real function and the real check in
//! this process, all connected to the stand-in, with variable parts of their output redacted. The harness asserts one
//! thing only: no output holds a credential.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aws_sdk_sts::config::{AsyncSleep, Sleep};
use credential_health::aws::{Aws, DEFAULT_CONCURRENCY, Probe};
use credential_health::check::{self, Outcome, Start};
use credential_health::inventory::{Filter, Inventory};
use credential_health::lambda::{Function, Invocation};
use credential_health::report::{Report, Trigger};
use credential_health::settings::Settings;
use credential_health::templates::Planned;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::stand_in::{Credentials, Role, StandIn, World};

/// The repository's folder.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The command, built by Cargo for these tests from `src/bin/credential-health.rs`.
pub const COMMAND: &str = env!("CARGO_BIN_EXE_tested-command");
/// The function, built by Cargo for these tests from `src/bin/lambda.rs`.
pub const FUNCTION: &str = env!("CARGO_BIN_EXE_tested-function");
pub const REGION: &str = "eu-west-1";
/// The role of the checker, in a separate account.
pub const CHECKER: &str = "arn:aws:iam::999999999999:role/tools/checker";
pub const TOPIC: &str = "arn:aws:sns:eu-west-1:999999999999:credential-health";
/// The id of the runs that `check` makes.
pub const RUN_ID: &str = "run-1";
/// Ends a command that hangs. No command takes this long, even on a machine that is ten times slower.
const PATIENCE: Duration = Duration::from_secs(900);

/// A world with a checker that has all permissions, a topic, and the credentials of the checker's session.
pub fn world() -> (World, Credentials) {
    let mut world = World::new();
    world.role(Role::new(CHECKER).allows("*", "*"));
    world.topic(TOPIC);
    let checker = world.role_session("arn:aws:sts::999999999999:assumed-role/checker/tests");
    (world, checker)
}

/// A role that the checker may assume and that may read its own settings.
pub fn role(arn: &str) -> Role {
    Role::new(arn).trusts(CHECKER).allows("iam:GetRole", arn)
}

/// Fails the test if the text holds a part of any credential of the stand-in.
#[track_caller]
pub fn assert_no_credential(text: &str) {
    for canary in Credentials::CANARIES {
        let at = text.find(canary);
        assert!(
            at.is_none(),
            "a credential leaves: …{}…",
            &text[at.unwrap_or_default()..].chars().take(40).collect::<String>()
        );
    }
}

/// The same check for everything that a topic delivered.
#[track_caller]
pub fn assert_no_credential_in_messages(aws: &StandIn, topic: &str) {
    assert_no_credential(&format!("{:?}", aws.messages(topic)));
}

// --- The command ---

/// Collects the log while the subscriber is active: `tracing::instrument::WithSubscriber`.
#[derive(Clone, Default)]
pub struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    /// A subscriber that writes JSON lines of these targets to this collector: `credential_health=trace`.
    pub fn subscriber(&self, targets: &str) -> impl tracing::Subscriber + Send + Sync + 'static {
        use tracing_subscriber::layer::SubscriberExt as _;
        let log = self.clone();
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || log.clone());
        let targets: tracing_subscriber::filter::Targets = targets.parse().unwrap();
        tracing_subscriber::registry().with(targets).with(lines)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The log lines about this kind of event.
    pub fn about(&self, kind: &str) -> Vec<Value> {
        let lines = self.text();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["event"] == kind)
            .collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One run of the built command. It has its own folder, which is also its HOME, and only the given environment.
pub struct Cli {
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Vec<u8>,
    folder: TempDir,
}

/// The result of a run of the command.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    folder: TempDir,
}

impl Cli {
    pub fn new(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(OsString::from).collect(),
            environment: vec![("AWS_EC2_METADATA_DISABLED".into(), "true".into())],
            input: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The command for this inventory, which is `jobs.yaml` in its folder.
    pub fn on(inventory: &str, command: &str, more: &[&str]) -> Self {
        let arguments = [&[command, "--inventory", "jobs.yaml"], more].concat();
        Self::new(&arguments).file("jobs.yaml", inventory)
    }

    /// Writes a file into the folder of the command.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Connects the command to the stand-in, with the credentials of this caller.
    pub fn asking(self, aws: &StandIn, caller: &Credentials) -> Self {
        aws.environment(caller, REGION).iter().fold(self, |cli, (name, value)| cli.env(name, value))
    }

    /// Sets the standard input.
    pub fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = text.into();
        self
    }

    pub async fn run(self) -> Ran {
        let mut child = tokio::process::Command::new(COMMAND)
            .args(&self.arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.environment)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        tokio::spawn(async move {
            // A command that has read enough closes its input. That is not an error of the test.
            let _ = stdin.write_all(&self.input).await;
        });
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the command ends").unwrap();
        let ran = Ran {
            status: output.status.code().expect("the command ends by itself"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
            folder: self.folder,
        };
        assert_no_credential(&ran.stdout);
        assert_no_credential(&ran.stderr);
        ran
    }
}

impl Ran {
    /// The report on standard output, which must hold nothing else.
    #[track_caller]
    pub fn report(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(report) => report,
            Err(error) => panic!("standard output is not JSON alone: {error}\n{}\n{}", self.stdout, self.stderr),
        }
    }

    /// A file that the command wrote.
    #[track_caller]
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Fails the test, with all output, unless this is the exit status.
    #[track_caller]
    pub fn assert_status(&self, status: i32) {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
    }
}

// --- In this process ---

/// The client of the stand-in, made as in the binaries.
pub async fn client(aws: &StandIn, caller: &Credentials) -> Aws {
    Aws::load(loader(aws, caller)).await
}

/// The same client with short waits (the timeout of an attempt, the pause before the next attempt): for tests in which
/// all attempts fail.
pub async fn hasty_client(aws: &StandIn, caller: &Credentials) -> Aws {
    Aws::load(loader(aws, caller).sleep_impl(Hasty(20))).await
}

/// The same client with short pauses between attempts, full timeouts, this number of attempts, and these endpoints for
/// some services: `("sts", "http://…")`. An answered call has the time limit of the product.
pub async fn patient_client(
    aws: &StandIn,
    caller: &Credentials,
    endpoints: &[(&str, String)],
    attempts: Option<&str>,
) -> Aws {
    use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
    let own: String = endpoints.iter().map(|(service, url)| format!("{service} =\n  endpoint_url = {url}\n")).collect();
    let attempts = attempts.map(|attempts| format!("max_attempts = {attempts}\n")).unwrap_or_default();
    let url = aws.url();
    let content = format!("[default]\nservices = own\nendpoint_url = {url}\n{attempts}[services own]\n{own}");
    let files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, content).build();
    let loader = settings(caller).profile_files(files).profile_name("default");
    Aws::load(loader.sleep_impl(ShortPauses)).await
}

fn loader(aws: &StandIn, caller: &Credentials) -> aws_config::ConfigLoader {
    settings(caller).endpoint_url(aws.url())
}

fn settings(caller: &Credentials) -> aws_config::ConfigLoader {
    let Credentials { access_key_id, secret_access_key, session_token } = caller.clone();
    let credentials =
        aws_sdk_sts::config::Credentials::new(access_key_id, secret_access_key, session_token, None, "test");
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(REGION))
        .credentials_provider(credentials)
}

/// The divisor of short waits.
#[derive(Debug)]
struct Hasty(u32);

impl AsyncSleep for Hasty {
    fn sleep(&self, duration: Duration) -> Sleep {
        // A longer wait limits all attempts together. After a throttle, the SDK's slower pace follows the real clock.
        let short = duration <= Duration::from_secs(20);
        Sleep::new(tokio::time::sleep(if short { duration / self.0 } else { duration }))
    }
}

/// Shortens the pauses between attempts, which are random, but no timeout, which is one of these values.
#[derive(Debug)]
struct ShortPauses;

impl ShortPauses {
    const TIMEOUTS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(15)];
}

impl AsyncSleep for ShortPauses {
    fn sleep(&self, duration: Duration) -> Sleep {
        let full = Self::TIMEOUTS.contains(&duration);
        if full { Sleep::new(tokio::time::sleep(duration)) } else { Hasty(20).sleep(duration) }
    }
}

/// The start of a run without AWS calls, at a fixed time.
pub fn offline_start() -> Start {
    Start {
        id: RUN_ID.to_owned(),
        trigger: Trigger::Cli,
        at: "2026-11-23T06:00:00Z".parse().unwrap(),
        clock: jiff::Timestamp::now,
        runbook_base_url: None,
    }
}

/// The report of an inventory from its declared facts.
pub fn lint(inventory: &str, start: &Start) -> Report {
    let inventory = Inventory::parse("jobs.yaml", inventory).unwrap_or_else(|problems| panic!("{problems}"));
    check::lint(&inventory, &Filter::default(), Planned::default(), start).unwrap().report
}

/// The check itself, with the report of an entry point.
pub struct Check<'a> {
    pub aws: &'a Aws,
    pub concurrency: usize,
    /// The time limit of the walk.
    pub time: Option<Duration>,
    pub run_id: &'a str,
}

impl Check<'_> {
    pub async fn of(&self, inventory: &str) -> Outcome {
        let inventory = Inventory::parse("jobs.yaml", inventory).unwrap_or_else(|problems| panic!("{problems}"));
        let start = Start {
            id: self.run_id.to_owned(),
            trigger: Trigger::Cli,
            at: jiff::Timestamp::now(),
            clock: jiff::Timestamp::now,
            runbook_base_url: None,
        };
        let deadline = self.time.map(|time| tokio::time::Instant::now() + time);
        let probe =
            Probe { aws: self.aws, concurrency: self.concurrency, deadline, run_id: self.run_id, progress: None };
        let outcome = check::check(&inventory, &Filter::default(), &start, &probe).await.unwrap();
        assert_no_credential(&format!("{outcome:?}"));
        assert_no_credential(&serde_json::to_string(&outcome.report).unwrap());
        outcome
    }
}

/// The JSON report of a check with default settings.
pub async fn check(aws: &Aws, inventory: &str) -> Value {
    let outcome = Check { aws, concurrency: DEFAULT_CONCURRENCY, time: None, run_id: RUN_ID }.of(inventory).await;
    serde_json::to_value(outcome.report).unwrap()
}

/// The same report, for a test that checks once.
pub async fn check_once(aws: &StandIn, caller: &Credentials, inventory: &str) -> Value {
    check(&client(aws, caller).await, inventory).await
}

/// The real function, with a separate inventory.
pub struct Lambda {
    pub function: Function,
    folder: TempDir,
}

impl Lambda {
    /// `settings`: environment variables. An INVENTORY among them replaces the file.
    pub async fn new(aws: &StandIn, caller: &Credentials, inventory: &str, settings: &[(&str, &str)]) -> Self {
        Self::by(client(aws, caller).await, inventory, settings)
    }

    /// The same function with a client that the test made.
    pub fn by(aws: Aws, inventory: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("jobs.yaml");
        std::fs::write(&path, inventory).unwrap();
        let settings = Settings::read(|name| {
            let given = settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            given.or_else(|| path.to_str().filter(|_| name == "INVENTORY").map(str::to_owned))
        });
        let function = Function::new(settings.unwrap(), aws, |_| {});
        Self { function, folder }
    }

    /// The function with a folder of inventory files.
    pub async fn of_folder(
        aws: &StandIn,
        caller: &Credentials,
        files: &[(&str, &str)],
        settings: &[(&str, &str)],
    ) -> Self {
        let lambda = Self::by(client(aws, caller).await, "", settings);
        std::fs::remove_file(lambda.folder.path().join("jobs.yaml")).unwrap();
        let path = lambda.folder.path().to_str().unwrap().to_owned();
        let settings = Settings::read(|name| match name {
            "INVENTORY" => Some(path.clone()),
            _ => settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        });
        let function = Function::new(settings.unwrap(), client(aws, caller).await, |_| {});
        let lambda = Self { function, ..lambda };
        files.iter().for_each(|(name, text)| lambda.deploy_file(name, text));
        lambda
    }

    /// The folder of the inventory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Deploys another file of the folder.
    pub fn deploy_file(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Deploys another inventory.
    pub fn deploy(&self, inventory: &str) {
        std::fs::write(self.folder.path().join("jobs.yaml"), inventory).unwrap();
    }

    /// The answer to an event, with a minute's time.
    pub async fn invoke(&self, event: &Value) -> Result<Value, Diagnostic> {
        self.invoke_as("request-1", Duration::from_secs(60), event).await
    }

    /// The same answer on another day.
    pub async fn invoke_at(&self, at: jiff::Timestamp, request_id: &str, event: &Value) -> Result<Value, Diagnostic> {
        let request_id = request_id.to_owned();
        let invocation = Invocation { request_id, remaining: Duration::from_secs(60), at, caller: None };
        self.handle(&invocation, event).await
    }

    pub async fn invoke_as(&self, request_id: &str, remaining: Duration, event: &Value) -> Result<Value, Diagnostic> {
        let (request_id, at) = (request_id.to_owned(), jiff::Timestamp::now());
        let invocation = Invocation { request_id, remaining, at, caller: None };
        self.handle(&invocation, event).await
    }

    pub async fn handle(&self, invocation: &Invocation, event: &Value) -> Result<Value, Diagnostic> {
        let answer = self.function.handle(event, invocation).await;
        assert_no_credential(&format!("{answer:?}"));
        answer.map(|answer| serde_json::to_value(answer).unwrap())
    }
}

/// The version of the product in Cargo.toml.
pub fn version() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    let stated = manifest.lines().find_map(|line| line.strip_prefix("version = \""));
    stated.unwrap().trim_end_matches('"')
}

/// A recorded event of `events/`.
pub fn event(name: &str) -> Value {
    let path = Path::new(ROOT).join("events").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

// --- Reading a report ---

/// The findings of this id.
pub fn findings<'a>(report: &'a Value, id: &str) -> Vec<&'a Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["id"] == id).collect()
}

/// The only finding of this id.
#[track_caller]
pub fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    match findings(report, id)[..] {
        [finding] => finding,
        ref several => panic!("{} findings {id}, not one, in {:#}", several.len(), report["findings"]),
    }
}

/// The ids of all findings, in the report's order.
pub fn ids(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

/// A job of the report.
#[track_caller]
pub fn job<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["jobs"].as_array().unwrap().iter().find(|job| job["name"] == name).expect("the job is in the report")
}

/// A role of the report.
#[track_caller]
pub fn role_of<'a>(report: &'a Value, arn: &str) -> &'a Value {
    report["roles"].as_array().unwrap().iter().find(|role| role["arn"] == arn).expect("the role is in the report")
}

/// The outcome of the walk at each hop of a job.
#[track_caller]
pub fn outcomes<'a>(report: &'a Value, name: &str) -> Vec<&'a str> {
    job(report, name)["hops"].as_array().unwrap().iter().map(|hop| hop["outcome"].as_str().unwrap()).collect()
}

// --- Snapshots ---

/// Runs an assertion of a snapshot with everything redacted that varies between runs.
pub fn redacted(assertion: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(true);
    for (varies, name) in [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", "[time]"),
        (r#""duration_ms": \d+"#, r#""duration_ms": [ms]"#),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r"/[\w./-]*/\.tmp\w+", "[folder]"),
        (r"\d+ days ago", "[n] days ago"),
    ] {
        settings.add_filter(varies, name);
    }
    settings.bind(assertion);
}

pub const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";
pub const ETL: &str = "arn:aws:iam::222222222222:role/etl";

/// Two owners with a high finding each, and a covered job.
pub const INVENTORY: &str = "version: 1
roles:
  hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\"}
jobs:
  - {name: nightly-etl, owner: data, length: 4h, source: ecs-task, path: [hub, \"arn:aws:iam::222222222222:role/etl\"]}
  - {name: nightly-dump, owner: storage, length: 2h, source: ecs-task, path: [\"arn:aws:iam::222222222222:role/etl\"]}
  - {name: tidy-up, owner: data, length: 5m, source: lambda, path: [hub], refresh: auto}
";

/// The world of `INVENTORY` and of the recorded events.
pub async fn account() -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*")).role(role(ETL).trusts(HUB));
    (StandIn::start(world).await, checker)
}

/// Invisible characters, besides control characters: format characters (Cf) and separators (Zl, Zp) of Unicode 16's
/// DerivedGeneralCategory.txt that were used to forge names.
pub const UNSEEN: [std::ops::RangeInclusive<char>; 9] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{e0020}'..='\u{e007f}',
];

/// Fails if a text for people holds an invisible character, other than the colours of this program.
#[track_caller]
pub fn assert_all_is_seen(text: &str) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = rest
            .strip_prefix("\u{1b}[")
            .and_then(|code| code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m'));
        if let Some(after) = colour {
            rest = after;
            continue;
        }
        let unseen = c != '\n' && c.is_control() || UNSEEN.iter().any(|range| range.contains(&c));
        assert!(!unseen, "{c:?} is in {text:?}");
        rest = &rest[c.len_utf8()..];
    }
}

/// A text in forms for people: invisible characters are written out.
pub fn written_out(text: &str) -> String {
    let acts = |c: char| {
        c.is_control() || UNSEEN.iter().any(|range| range.contains(&c)) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}
