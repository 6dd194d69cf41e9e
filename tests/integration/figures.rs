//! Performance bounds: the number of calls and connections of a large run, and its time compared with the ideal
//! schedule. The times are printed (`--nocapture`). Only a release build has a time limit, and a loose one: in a debug
//! build or on a busy machine, the processor determines the time instead of the schedule.
#![allow(clippy::print_stdout, reason = "figures are printed")]

use std::time::{Duration, Instant};

use credential_health::aws::DEFAULT_CONCURRENCY;

use crate::harness::{Check, Cli, RUN_ID, client, role, world};
use crate::stand_in::StandIn;

const ROLES: u32 = 500;
const LATENCY: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_check_of_500_roles_makes_the_planned_calls_with_at_most_32_at_once() {
    let (mut world, checker) = world();
    let mut inventory = String::from("version: 1\njobs:\n");
    for number in 0..ROLES {
        let arn = format!("arn:aws:iam::{:012}:role/r{number}", 200_000_000_000_u64 + u64::from(number / 10));
        world.role(role(&arn));
        inventory.push_str(&format!("  - {{name: job-{number}, length: 30m, source: iam-user, path: [\"{arn}\"]}}\n"));
    }
    let aws = StandIn::start(world).await;
    aws.set_latency(LATENCY);
    let client = client(&aws, &checker).await;
    let check = Check { aws: &client, concurrency: DEFAULT_CONCURRENCY, time: None, run_id: RUN_ID };
    let report = check.of(&inventory).await.report;
    let calls = aws.calls();
    let walk: Vec<_> = calls.iter().filter(|call| call.action != "GetCallerIdentity").collect();
    let (first, last) =
        (walk.iter().map(|call| call.started).min().unwrap(), walk.iter().map(|call| call.ended).max().unwrap());
    let ideal = LATENCY * u32::try_from(walk.len()).unwrap() / u32::try_from(DEFAULT_CONCURRENCY).unwrap();
    let ratio = (last - first).as_secs_f64() / ideal.as_secs_f64();
    println!(
        "check of {ROLES} roles at {LATENCY:?}: {} calls in {:?}, {ratio:.3} of calls / {DEFAULT_CONCURRENCY} × \
         latency; most at once {}, connections {}, run {} ms",
        calls.len(),
        last - first,
        aws.most_at_once(),
        aws.connections(),
        report.run.duration_ms,
    );
    assert_eq!(report.coverage.roles.assumed, 500);
    assert_eq!(report.coverage.roles.described, 500);
    assert!(report.findings.is_empty() && report.run.complete);
    assert_eq!(calls.len(), 1 + 2 * 500, "who am I, one AssumeRole and one GetRole for each role, none twice");
    assert!(aws.most_at_once() <= DEFAULT_CONCURRENCY, "{} at once", aws.most_at_once());
    // A call that raises the maximum opens a connection but can use one that becomes free meanwhile. Then one
    // connection is spare.
    assert!(aws.connections() <= 2 * DEFAULT_CONCURRENCY, "{} connections", aws.connections());
    assert!(cfg!(debug_assertions) || ratio <= 2.0, "{ratio:.3} of the ideal schedule");
}

#[tokio::test]
async fn lint_of_5000_jobs_is_quick() {
    let jobs: String = (0..5000)
        .map(|number| {
            let account = 200_000_000_000_u64 + number % 200;
            format!(
                "  - {{name: job-{number}, owner: team-{}, length: {}m, source: ecs-task, path: \
                [\"arn:aws:iam::{account}:role/pipeline/r{}\"]}}\n",
                number % 20,
                10 + number % 60,
                number % 400
            )
        })
        .collect();
    let cli = Cli::on(&format!("version: 1\njobs:\n{jobs}"), "lint", &["--format", "json"]);
    let begun = Instant::now();
    let ran = cli.run().await;
    let took = begun.elapsed();
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("lint of 5,000 jobs, JSON report of {} bytes, {build} build: {took:?}", ran.stdout.len());
    assert_eq!(ran.report()["summary"]["jobs"], 5000);
    assert!(cfg!(debug_assertions) || took < Duration::from_secs(2), "{took:?}");
}
