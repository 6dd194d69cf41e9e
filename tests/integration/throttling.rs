//! Runs against quotas: a bucket of tokens for each service and account, as in AWS. The tests count the calls over the
//! limit. They make no claim about the time of a run.
#![allow(clippy::print_stdout, reason = "figures are printed")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use credential_health::aws::{Aws, DEFAULT_CONCURRENCY};
use credential_health::report::Report;

use crate::harness::{Check, RUN_ID, role, world};
use crate::stand_in::{Answer, Call, Credentials, Fault, Limit, StandIn};

const ROLES: usize = 2000;
const ACCOUNTS: usize = 5;
/// STS: 600 requests a second for an account (awslabs/mountpoint-s3#1358). It is not confirmed that this is the
/// caller's account.
const STS: (u32, u32) = (600, 600);
/// IAM publishes no number. This is less than a run of this size would use.
const IAM: (u32, u32) = (40, 100);
/// The approximate latency of a call within a Region.
const LATENCY: Duration = Duration::from_millis(10);

fn arn(account: usize, number: usize) -> String {
    format!("arn:aws:iam::{:012}:role/r{number}", 200_000_000_000 + account)
}

/// This number of accounts with this number of roles each. The checker itself assumes all of them.
async fn accounts(accounts: usize, roles: usize) -> (StandIn, Credentials, String) {
    let (mut world, checker) = world();
    let mut inventory = String::from("version: 1\njobs:\n");
    for account in 0..accounts {
        for number in 0..roles {
            let arn = arn(account, number);
            world.role(role(&arn));
            inventory.push_str(&format!(
                "  - {{name: job-{account}-{number}, length: 30m, source: iam-user, path: [\"{arn}\"]}}\n"
            ));
        }
    }
    (StandIn::start(world).await, checker, inventory)
}

/// The client of the programs, with the SDK settings of the environment.
async fn client(aws: &StandIn, caller: &Credentials, retries: Option<aws_sdk_sts::config::retry::RetryConfig>) -> Aws {
    let Credentials { access_key_id, secret_access_key, session_token } = caller.clone();
    let credentials =
        aws_sdk_sts::config::Credentials::new(access_key_id, secret_access_key, session_token, None, "test");
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(aws.url())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(credentials);
    Aws::load(match retries {
        Some(retries) => loader.retry_config(retries),
        None => loader,
    })
    .await
}

fn refused(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut refused = BTreeMap::new();
    for call in calls.iter().filter(|call| call.code.as_deref() == Some("Throttling")) {
        *refused.entry(call.service.as_str()).or_insert(0) += 1;
    }
    refused
}

/// The result of one run over the quotas, in one line.
async fn run(name: &str, retries: Option<aws_sdk_sts::config::retry::RetryConfig>) -> (Report, Vec<Call>) {
    let (aws, checker, inventory) = accounts(ACCOUNTS, ROLES / ACCOUNTS).await;
    aws.set_latency(LATENCY);
    aws.limit("sts", Limit::new(STS.0, STS.1));
    aws.limit("iam", Limit::new(IAM.0, IAM.1));
    let client = client(&aws, &checker, retries).await;
    let begun = Instant::now();
    let check = Check { aws: &client, concurrency: DEFAULT_CONCURRENCY, time: None, run_id: RUN_ID };
    let report = check.of(&inventory).await.report;
    let calls = aws.calls();
    let over: usize = refused(&calls).values().sum();
    println!(
        "{name}: {ROLES} roles in {ACCOUNTS} accounts, {} calls, {over} over the limit {:?}, {} roles not checked, \
            {:?}",
        calls.len(),
        refused(&calls),
        report.coverage.roles.not_checked.len(),
        begun.elapsed(),
    );
    (report, calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_roles_over_the_quotas_are_checked_with_few_throttled_calls() {
    let (report, calls) = run("as it ships", None).await;
    assert!(report.run.complete, "{:?}", report.coverage.roles.not_checked.first());
    assert_eq!((report.coverage.roles.assumed, report.coverage.roles.described), (ROLES, ROLES));
    let over: usize = refused(&calls).values().sum();
    assert_eq!(calls.len(), 1 + 2 * ROLES + over, "a call is made again only because it was refused");
    // The buckets allow 600 and 5 × 100 calls at once. A client that only retries would be over the limit half of the
    // time.
    assert!(over <= calls.len() / 10, "{over} of {} calls over the limit", calls.len());
}

/// `cargo test --workspace -- --ignored --nocapture other_modes` shows the run with the SDK's other retry modes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "figures to compare with, printed"]
async fn the_other_retry_modes_of_the_sdk_check_all_roles() {
    use aws_sdk_sts::config::retry::RetryConfig;
    run("no retries", Some(RetryConfig::disabled())).await;
    run("standard, 6 attempts", Some(RetryConfig::standard().with_max_attempts(6))).await;
    run("as it ships", None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permanent_throttling_in_one_account_does_not_stop_the_checks_of_other_accounts() {
    let (aws, checker, inventory) = accounts(2, 50).await;
    // The first account of the inventory. Its calls are at the front of the queue.
    aws.script(Fault::on("GetRole").caller("sts::200000000000:").then(Answer::Throttle));
    let client = client(&aws, &checker, None).await;
    let time = Some(Duration::from_secs(20));
    let report =
        Check { aws: &client, concurrency: DEFAULT_CONCURRENCY, time, run_id: RUN_ID }.of(&inventory).await.report;
    let described = |account: usize| {
        let prefix = format!("arn:aws:iam::{:012}:", 200_000_000_000 + account);
        let known = |role: &&credential_health::report::RoleReport| {
            role.arn.as_str().starts_with(&prefix) && role.max_session_duration_seconds.is_some()
        };
        report.roles.iter().filter(known).count()
    };
    assert_eq!((described(0), described(1)), (0, 50));
    assert_eq!(report.coverage.roles.assumed, 100);
    assert!(!report.run.complete);
    let asked = aws.calls_of("GetRole").iter().filter(|call| call.status == 400).count();
    println!("an account that throttles without end: {asked} calls over its limit");
    assert!(asked <= 100, "{asked} calls to an account that says no to all");
}

/// A function survives a run. The slower pace of one run must not apply to the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_after_a_throttled_run_starts_at_full_pace_with_all_retries() {
    let (aws, checker, inventory) = accounts(2, 10).await;
    aws.script(Fault::on("AssumeRole").times(40).then(Answer::Throttle));
    let client = crate::harness::hasty_client(&aws, &checker).await;
    let remaining = Duration::from_secs(60);
    let first = client.for_run_of(remaining);
    Check { aws: &first, concurrency: DEFAULT_CONCURRENCY, time: Some(Duration::from_secs(5)), run_id: RUN_ID }
        .of(&inventory)
        .await;
    aws.clear_script();
    aws.reset_calls();
    // Each role is throttled once, which uses the retries that the first run may have used up.
    aws.script(Fault::on("AssumeRole").times(1).then(Answer::Throttle));
    let second = client.for_run_of(remaining);
    let report = Check { aws: &second, concurrency: DEFAULT_CONCURRENCY, time: None, run_id: RUN_ID }
        .of(&inventory)
        .await
        .report;
    assert!(report.run.complete);
    assert_eq!(aws.calls().len(), 1 + 2 * 20 + 1);
}
