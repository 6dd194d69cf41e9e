//! `credential-health-prove` as a process: its question, its report, signals, leftovers, its page.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use credential_health_prove::calls;
use credential_health_prove::sandbox::{DEFAULT_PATH, operator_policy};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::harness::{REGION, assert_no_credential};
use crate::prove::{ACCOUNT, sandbox};
use crate::stand_in::{Answer, Credentials, Fault, Role, StandIn, User};

/// The command, built by Cargo for these tests from `prove/src/main.rs`.
pub const COMMAND: &str = env!("CARGO_BIN_EXE_tested-prove");
const PAGE: &str = include_str!("../../docs/prove.md");

/// The command in an empty folder, with the credentials of this caller.
fn command(aws: &StandIn, caller: &Credentials, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(COMMAND);
    command
        .args(arguments)
        .env_clear()
        .envs(aws.environment(caller, REGION))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

async fn finish(mut child: Child, input: &str) -> Ran {
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran =
        Ran { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert_no_credential(&ran.stdout);
    assert_no_credential(&ran.stderr);
    ran
}

fn left(aws: &StandIn) -> Vec<String> {
    aws.world(|world| world.names_below(DEFAULT_PATH))
}

/// Waits until the stand-in has answered this call.
async fn until(aws: &StandIn, action: &str) {
    while aws.calls_of(action).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_run_prints_its_calls_asks_and_writes_a_report_without_the_account_id() {
    let (aws, caller) = sandbox(|_| {}).await;
    let folder = TempDir::new().unwrap();
    let ran = finish(command(&aws, &caller, folder.path(), &["--pause", "1"]).spawn().unwrap(), "yes\n").await;
    assert_eq!(ran.status, 0, "{}\n{}", ran.stdout, ran.stderr);
    let (before, after) = ran.stderr.split_once("Type yes: ").unwrap();
    assert!(before.contains(&calls::list(DEFAULT_PATH, false)) && before.contains(ACCOUNT), "{before}");
    assert!(after.contains("holds"), "{after}");
    let report = std::fs::read_to_string(folder.path().join("prove-report.md")).unwrap();
    assert_no_credential(&report);
    assert!(!report.contains(ACCOUNT) && report.contains("| holds | `direct-default`"), "{report}");
    assert!(left(&aws).is_empty(), "{:?}", left(&aws));
}

#[tokio::test]
async fn without_a_yes_nothing_is_made() {
    let (aws, caller) = sandbox(|_| {}).await;
    for answer in ["", "no\n", "y\n"] {
        let folder = TempDir::new().unwrap();
        let ran = finish(command(&aws, &caller, folder.path(), &[]).spawn().unwrap(), answer).await;
        assert_eq!(ran.status, 2, "{answer:?}");
    }
    let calls = aws.calls();
    assert!(calls.iter().all(|call| call.action == "GetCallerIdentity"), "{calls:?}");
}

#[tokio::test]
async fn the_lists_of_calls_and_permissions_need_no_credentials() {
    let (aws, caller) = sandbox(|_| {}).await;
    for (option, expected) in [("--calls", "sts:AssumeRole of hour"), ("--policy", "iam:CreateRole")] {
        let folder = TempDir::new().unwrap();
        let ran = finish(command(&aws, &caller, folder.path(), &[option]).spawn().unwrap(), "").await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    }
    assert!(aws.calls().is_empty());
}

#[tokio::test]
async fn a_bad_path_is_an_error_before_any_call() {
    let (aws, caller) = sandbox(|_| {}).await;
    for path in ["/", "//", "prove", "/prove", "/pr ove/", "/../é/"] {
        let folder = TempDir::new().unwrap();
        let ran = finish(command(&aws, &caller, folder.path(), &["--path", path]).spawn().unwrap(), "").await;
        assert_eq!(ran.status, 2, "{path}");
    }
    assert!(aws.calls().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_in_the_middle_of_a_run_leaves_nothing() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let (aws, caller) = sandbox(|_| {}).await;
        let folder = TempDir::new().unwrap();
        let child = command(&aws, &caller, folder.path(), &["--yes", "--pause", "50"]).spawn().unwrap();
        let id = child.id().unwrap().to_string();
        until(&aws, "AssumeRole").await;
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let ran = finish(child, "").await;
        assert_eq!(ran.status, 3, "{signal}: {}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("stopped by a signal"), "{}", ran.stdout);
        assert!(left(&aws).is_empty(), "{signal}: {:?}", left(&aws));
    }
}

#[tokio::test]
async fn a_reader_of_the_output_that_ends_early_does_not_stop_the_removal() {
    let (aws, caller) = sandbox(|_| {}).await;
    let folder = TempDir::new().unwrap();
    let mut child = command(&aws, &caller, folder.path(), &["--yes", "--pause", "1"]).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert!(!aws.calls_of("CreateUser").is_empty() && left(&aws).is_empty(), "{:?}", left(&aws));
}

#[tokio::test]
async fn clean_removes_what_a_killed_run_left_and_nothing_else() {
    let (aws, caller) = sandbox(|_| {}).await;
    let folder = TempDir::new().unwrap();
    let mut child = command(&aws, &caller, folder.path(), &["--yes", "--pause", "50"]).spawn().unwrap();
    until(&aws, "AssumeRole").await;
    child.kill().await.unwrap();
    assert!(left(&aws).len() >= 2, "{:?}", left(&aws));
    let other = format!("arn:aws:iam::{ACCOUNT}:role{DEFAULT_PATH}of-somebody-else");
    aws.world(|world| {
        world.role(Role::new(other.as_str()));
    });
    let ran =
        finish(command(&aws, &caller, folder.path(), &["--clean", "--pause", "1"]).spawn().unwrap(), "no\n").await;
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(left(&aws).len() >= 3);
    let ran =
        finish(command(&aws, &caller, folder.path(), &["--clean", "--pause", "1"]).spawn().unwrap(), "yes\n").await;
    assert_eq!(ran.status, 0, "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(left(&aws), [other]);
    let ran = finish(command(&aws, &caller, folder.path(), &["--clean"]).spawn().unwrap(), "").await;
    assert_eq!(ran.status, 0);
}

/// A list that cannot be read hides what is left: neither a run nor `--clean` says that nothing is.
#[tokio::test]
async fn a_run_and_clean_report_what_they_cannot_list() {
    let denied = || Answer::error(403, "AccessDenied", "User is not authorized to perform this action");
    for (call, what) in [("ListUsers", "the users of the path"), ("ListUserTags", "user prove-")] {
        let (aws, caller) = sandbox(|_| {}).await;
        let folder = TempDir::new().unwrap();
        let run = |arguments: &[&str]| command(&aws, &caller, folder.path(), arguments).spawn().unwrap();
        // The user of a killed run, which only this list shows.
        let mut child = run(&["--yes", "--pause", "50"]);
        until(&aws, "AssumeRole").await;
        child.kill().await.unwrap();
        aws.script(Fault::on(call).then(denied()));
        let cleaned = finish(run(&["--clean", "--yes", "--pause", "1"]), "").await;
        let again = finish(run(&["--clean", "--yes", "--pause", "1"]), "").await;
        for ran in [cleaned, again] {
            assert_eq!(ran.status, 3, "{call}: {}\n{}", ran.stdout, ran.stderr);
            let said = ran.stderr.lines().find(|line| line.starts_with("Could not be checked: ")).unwrap();
            assert!(said.contains(what) && said.contains(call) && said.contains("--clean"), "{said}");
            assert!(!ran.stdout.contains("Nothing of an earlier run"), "{}", ran.stdout);
        }
        assert_eq!(left(&aws).len(), 1, "the roles are removed: {:?}", left(&aws));
        let ran = finish(run(&["--yes", "--pause", "1"]), "").await;
        assert_eq!(ran.status, 3, "{call}: {}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("Could not be checked: "), "{}", ran.stderr);
        let report = std::fs::read_to_string(folder.path().join("prove-report.md")).unwrap();
        assert!(report.contains("Could not be checked: ") && !report.contains(ACCOUNT), "{report}");
        aws.clear_script();
        assert_eq!(finish(run(&["--clean", "--yes", "--pause", "1"]), "").await.status, 0);
        assert!(left(&aws).is_empty(), "{:?}", left(&aws));
    }
}

#[tokio::test]
async fn without_a_run_there_is_no_report() {
    let (aws, caller) = sandbox(|_| {}).await;
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("prove-report.md");
    let mut without = command(&aws, &caller, folder.path(), &["--yes"]);
    without.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env_remove("AWS_SESSION_TOKEN");
    let ran = finish(without.spawn().unwrap(), "").await;
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.lines().count() <= 5 && ran.stderr.starts_with("error: GetCallerIdentity"), "{}", ran.stderr);
    assert!(!report.exists(), "no credentials");
    assert_eq!(finish(command(&aws, &caller, folder.path(), &[]).spawn().unwrap(), "no\n").await.status, 2);
    assert!(!report.exists(), "not confirmed");
    std::fs::write(&report, "the report of an earlier run").unwrap();
    assert_eq!(finish(command(&aws, &caller, folder.path(), &[]).spawn().unwrap(), "no\n").await.status, 2);
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "the report of an earlier run");
    let nowhere = folder.path().join("missing/report.md");
    let option = ["--yes", "--report", nowhere.to_str().unwrap()];
    assert_eq!(finish(command(&aws, &caller, folder.path(), &option).spawn().unwrap(), "").await.status, 2);
}

#[tokio::test]
async fn without_a_permission_the_run_ends_with_its_name() {
    let (aws, _) = sandbox(|_| {}).await;
    let policy = operator_policy(ACCOUNT, "aws", DEFAULT_PATH, false).replace("iam:PutUserPolicy", "iam:GetUser");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/other");
    let caller = aws.world(|world| world.user(User::new(arn.as_str()).with_policy(&policy)));
    let folder = TempDir::new().unwrap();
    let ran = finish(command(&aws, &caller, folder.path(), &["--yes", "--pause", "1"]).spawn().unwrap(), "").await;
    assert_eq!(ran.status, 3, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("iam:PutUserPolicy"), "{}", ran.stdout);
    assert!(left(&aws).is_empty(), "{:?}", left(&aws));
}

/// Every permission of the printed policy is used by a run or by the removal, and neither uses another.
#[tokio::test]
async fn the_printed_policy_is_the_least() {
    let (aws, caller) = sandbox(|_| {}).await;
    let folder = TempDir::new().unwrap();
    let ran = finish(command(&aws, &caller, folder.path(), &["--yes", "--pause", "1"]).spawn().unwrap(), "").await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mut child = command(&aws, &caller, folder.path(), &["--yes", "--pause", "50"]).spawn().unwrap();
    while left(&aws).len() < 7 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().await.unwrap();
    let ran = finish(command(&aws, &caller, folder.path(), &["--clean", "--yes"]).spawn().unwrap(), "").await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let policy = operator_policy(ACCOUNT, "aws", DEFAULT_PATH, false);
    // Tags are part of the calls that create.
    for action in policy.split('"').filter_map(|text| text.strip_prefix("iam:")).filter(|name| !name.starts_with("Tag"))
    {
        assert!(!aws.calls_of(action).is_empty(), "iam:{action} is not used");
    }
}

/// The generated part of the page: `UPDATE_DOCS=1 cargo test --workspace prove_command` writes it.
#[test]
fn the_page_lists_the_calls_of_a_run() {
    let generated = format!(
        "```text\n{}```\n\nWith `--expiry`, the run has these steps as well:\n\n```text\n{}```\n\n\
         The command cannot decide:\n\n```text\n{}```\n\nThe least policy:\n\n```json\n{}\n```\n",
        calls::documented(false),
        more(),
        calls::not_decidable(),
        operator_policy("111111111111", "aws", DEFAULT_PATH, false)
    );
    let (start, end) = ("<!-- calls: generated -->\n", "<!-- end of calls -->");
    let (before, rest) = PAGE.split_once(start).unwrap();
    let (shown, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}{start}\n{generated}\n{end}{after}");
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/prove.md"), page).unwrap();
        return;
    }
    assert_eq!(shown.trim(), generated.trim(), "UPDATE_DOCS=1 cargo test --workspace prove_command");
}

/// The lines that `--expiry` adds.
fn more() -> String {
    let (without, with) = (calls::documented(false), calls::documented(true));
    with.lines().filter(|line| !without.lines().any(|known| known == *line)).map(|line| format!("{line}\n")).collect()
}
