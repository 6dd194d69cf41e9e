//! Runs the example of each finding's page and compares the output on the page. Findings that need answers of AWS run
//! against the stand-in, which is prepared as the page describes.
//!
//! `UPDATE_DOCS=1 cargo test --workspace examples` writes the output into the pages.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use credential_health::check::{Records, Start, lint, lint_with_records, observe};
use credential_health::cloudtrail::collect::{Collected, Window};
use credential_health::cloudtrail::{build, stream};
use credential_health::facts::{Observation, ObservedCall};
use credential_health::findings::FindingId;
use credential_health::inventory::{Filter, Inventory, InventorySource, RemoteFiles, RoleArn};
use credential_health::measured::read;
use credential_health::report::terminal::{self, Detail, Layout};
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;

use crate::harness::{CHECKER, Check, ETL, HUB, client, hasty_client, role, world};
use crate::stand_in::{Fault, Role, StandIn, refusal};

const READER: &str = "arn:aws:iam::222222222222:role/credential-health-reader";
/// The width of output without a terminal.
const COLUMNS: usize = 100;
const LINT: &str = "$ credential-health lint --inventory inventory.yaml --verbose";
const LINT_CLOUDTRAIL: &str = "$ credential-health lint --inventory inventory.yaml --cloudtrail logs/ --verbose";
const LINT_MEASURED: &str = "$ credential-health lint --inventory inventory.yaml --measured runs.csv --verbose";
const CHECK: &str = "$ credential-health check --inventory inventory.yaml --verbose";

fn start() -> Start {
    let at = "2026-11-23T12:00:00Z".parse().unwrap();
    Start {
        id: "documentation".to_owned(),
        trigger: Trigger::Cli,
        at,
        clock: jiff::Timestamp::now,
        runbook_base_url: None,
    }
}

/// The report of a check in which AWS answers as the page describes. `lint` cannot see these findings.
async fn checked_report(id: FindingId, inventory: &str) -> Report {
    let (mut world, mut checker) = world();
    let etl = || role(ETL);
    match id {
        FindingId::AssumeDenied => _ = world.role(role(HUB).may_assume("*")).role(Role::new(ETL)),
        FindingId::RoleMissing => _ = world.role(role(READER).allows("iam:GetRole", "*")),
        FindingId::MaxSessionDrift => {
            world.role(role(READER).allows("iam:GetRole", "*")).role(Role::new(ETL).max_session(7200));
        }
        FindingId::CredentialsExpired => {
            checker = world.role_session_for("arn:aws:sts::999999999999:assumed-role/checker/old", 0);
            world.role(etl());
        }
        FindingId::RoleTagInvalid => {
            let reader = role(READER).allows("iam:ListRoles", "*").allows("iam:GetRole", "*");
            let value = "length=4 source=ecs-task owner=data";
            world.role(reader).role(etl().tagged("credential-health:job/nightly-etl", value));
        }
        FindingId::CredentialsInvalid => {
            world.deactivate(&checker);
            world.role(etl());
        }
        FindingId::SignatureMismatch => {
            "canary-secret-wrong".clone_into(&mut checker.secret_access_key);
            world.role(etl());
        }
        _ => _ = world.role(etl().trusts(CHECKER)),
    }
    let aws = StandIn::start(world).await;
    match id {
        FindingId::ClockSkew => aws.set_clock_offset(jiff::SignedDuration::from_mins(20)),
        FindingId::RegionDisabled => aws.script(Fault::on("AssumeRole").target(ETL).then(refusal("region-disabled"))),
        FindingId::NotChecked => aws.script(Fault::on("AssumeRole").target(ETL).then(refusal("throttled"))),
        _ => {}
    }
    let aws = match id {
        FindingId::NotChecked => hasty_client(&aws, &checker).await,
        _ => client(&aws, &checker).await,
    };
    Check { aws: &aws, concurrency: 1, time: None, run_id: "documentation" }.of(inventory).await.report
}

/// The report of the CloudTrail event of `expired-token-observed`.
fn observed_report(inventory: &str) -> Report {
    let observation = Observation {
        role: RoleArn::parse(ETL).ok(),
        caller: Some("arn:aws:sts::222222222222:assumed-role/etl/nightly".to_owned()),
        call: ObservedCall {
            service: Some("dynamodb.amazonaws.com".to_owned()),
            operation: Some("PutItem".to_owned()),
        },
        error_code: "ExpiredTokenException".to_owned(),
        time: Some("2026-11-23T05:12:44Z".to_owned()),
        event_id: Some("5b1a0f0e-3c1d-4c5e-9d39-6f0a4d1c7a11".to_owned()),
    };
    observe(&Inventory::parse("inventory.yaml", inventory).unwrap(), observation, &start()).report
}

/// A session that was used for 58m30s of its hour, and a request that STS refused.
const RECORDS: &str = r#"{"Records": [
  {"eventID": "1", "eventTime": "2026-11-23T01:00:00Z", "eventSource": "sts.amazonaws.com",
   "eventName": "AssumeRoleWithWebIdentity",
   "userIdentity": {"type": "WebIdentityUser", "userName": "repo:example/etl"},
   "requestParameters": {"roleArn": "arn:aws:iam::222222222222:role/etl", "roleSessionName": "nightly"},
   "responseElements": {
     "credentials": {"accessKeyId": "ASIAEXAMPLE", "expiration": "2026-11-23T02:00:00Z"},
     "assumedRoleUser": {"arn": "arn:aws:sts::222222222222:assumed-role/etl/nightly"}}},
  {"eventID": "2", "eventTime": "2026-11-23T01:58:30Z", "eventSource": "dynamodb.amazonaws.com",
   "eventName": "DescribeTable", "userIdentity": {"type": "AssumedRole", "accessKeyId": "ASIAEXAMPLE"}},
  {"eventID": "3", "eventTime": "2026-11-23T03:00:00Z", "eventSource": "sts.amazonaws.com",
   "eventName": "AssumeRole", "errorCode": "ValidationException",
   "errorMessage": "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
   "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/ci"},
   "requestParameters": {"roleArn": "arn:aws:iam::222222222222:role/etl", "durationSeconds": 14400}}
]}"#;

/// The report of `lint` with these records.
fn sessions_report(inventory: &Inventory) -> Report {
    let mut collected = Collected::default();
    stream::read(RECORDS.as_bytes(), &mut Vec::new(), 0, &Window::default(), &mut collected).unwrap();
    let sessions = Arc::new(build::sessions(collected, &build::BuildOptions::default()));
    let records = Records { trail: Some(sessions), ..Records::default() };
    lint_with_records(inventory, &Filter::default(), Planned::default(), records, &start()).unwrap().report
}

/// The report of `lint` with a table of one run of 19 to 28 minutes on each of 24 days.
fn measured_report(inventory: &Inventory) -> Report {
    let row = |day: u8| {
        let minutes = 19 + day % 10;
        format!("restore,2026-10-{day:02}T01:00:00Z,2026-10-{day:02}T01:{minutes}:00Z,succeeded\n")
    };
    let table = format!("job,start,end,outcome\n{}", (1..=24).map(row).collect::<String>());
    let measured = Some(Arc::new(read::files(&["-".into()], table.as_bytes())));
    let records = Records { measured, ..Records::default() };
    lint_with_records(inventory, &Filter::default(), Planned::default(), records, &start()).unwrap().report
}

/// The command of a page (empty for an event) and its report.
async fn command_and_report(id: FindingId, inventory: &str) -> (&'static str, Report) {
    let parsed = Inventory::parse("inventory.yaml", inventory).unwrap_or_else(|problems| panic!("{id}: {problems}"));
    let offline = lint(&parsed, &Filter::default(), Planned::default(), &start()).unwrap().report;
    match id {
        FindingId::ExpiredTokenObserved => ("", observed_report(inventory)),
        FindingId::DurationRefused
        | FindingId::LengthExceeded
        | FindingId::SessionUsedToItsEnd
        | FindingId::PathUndeclared => (LINT_CLOUDTRAIL, sessions_report(&parsed)),
        FindingId::LengthGuessedHigh => (LINT_MEASURED, measured_report(&parsed)),
        _ if offline.findings.iter().any(|finding| finding.id == id) => (LINT, offline),
        _ => (CHECK, checked_report(id, inventory).await),
    }
}

/// The report of a team's file beside the broken file of another team, as the function reads them.
async fn report_beside_a_broken_file(whole: &str, broken: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let platform = "version: 1\ndefaults: {owner: platform}\n";
    for (name, text) in [("platform.yaml", platform), ("web.yaml", whole), ("data.yaml", broken)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let from = InventorySource::Path(folder.path().to_owned());
    let today = start().at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut inventory = Inventory::load_unbroken(&from.into(), RemoteFiles::default(), today, None).unwrap();
    for broken in &mut inventory.broken {
        broken.file = broken.file.rsplit('/').next().unwrap().into();
    }
    lint(&inventory, &Filter::default(), Planned::default(), &start()).unwrap().report
}

/// The command, and the part of its output about the finding.
fn console(id: FindingId, command: &str, report: &Report) -> String {
    // The harness uses another name for the inventory.
    let text = anstream::adapter::strip_str(&terminal::render(
        report,
        &Layout { detail: Detail::Everything, ..Layout::of_width(COLUMNS) },
    ))
    .to_string();
    let text = text.replace("jobs.yaml:", "inventory.yaml:");
    let place = format!("    {id}: ");
    let about = text.split("\n\n").find(|part| part.lines().any(|line| line.starts_with(&place)));
    let about = about.unwrap_or_else(|| panic!("{id} is not found in:\n{text}"));
    let lines = about.lines().skip_while(|line| line.is_empty()).map(str::trim_end);
    let command = if command.is_empty() { String::new() } else { format!("{command}\n…\n") };
    format!("{command}{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// The verdict and the numbers of the report's first job, in the format of the pages.
fn numbers(report: &Report) -> String {
    let job = &serde_json::to_value(report).unwrap()["jobs"][0];
    let value = |key: &str| job[key].as_str().map_or_else(|| job[key].to_string(), str::to_owned);
    format!(
        "verdict {}, limited_by {}\nneeded_seconds {}, lease_seconds {}, lapses_after_seconds {}, \
         headroom_seconds {}\n",
        value("verdict"),
        value("limited_by"),
        value("needed_seconds"),
        value("lease_seconds"),
        value("lapses_after_seconds"),
        value("headroom_seconds")
    )
}

fn path(id: FindingId) -> PathBuf {
    PathBuf::from(crate::harness::ROOT).join(format!("docs/findings/{id}.md"))
}

/// The start and the end of the text of a fenced block on the page.
struct Block {
    from: usize,
    to: usize,
}

/// The first block of a language after a position.
fn block(page: &str, language: &str, after: usize) -> Option<Block> {
    let fence = format!("\n```{language}\n");
    let from = after + page[after..].find(&fence)? + fence.len();
    Some(Block { from, to: from + page[from..].find("```\n")? })
}

fn replaced(page: &str, block: &Block, text: &str) -> String {
    format!("{}{text}{}", &page[..block.from], &page[block.to..])
}

/// The page with the current output of its example.
async fn updated(id: FindingId, page: &str) -> String {
    let example = page.find("\n## Example\n").expect("the page has an example");
    let inventory = block(page, "yaml", example).expect("the example has an inventory");
    let (command, report) = match id {
        FindingId::InventoryBroken => {
            let broken = block(page, "yml", inventory.to).expect("the example has a broken file");
            ("", report_beside_a_broken_file(&page[inventory.from..inventory.to], &page[broken.from..broken.to]).await)
        }
        _ => command_and_report(id, &page[inventory.from..inventory.to]).await,
    };
    let mut page = page.to_owned();
    if let Some(shown) = block(&page, "text", inventory.to) {
        assert_eq!(report.jobs.len(), 1, "{id}: numbers are those of one job");
        page = replaced(&page, &shown, &numbers(&report));
    }
    let output = console(id, command, &report);
    match block(&page, "console", inventory.to) {
        Some(shown) => replaced(&page, &shown, &output),
        None => format!("{}\n\n```console\n{output}```\n", page.trim_end()),
    }
}

#[tokio::test]
async fn every_page_shows_the_output_of_its_example() {
    let mut stale = Vec::new();
    for id in FindingId::ALL {
        let page = fs::read_to_string(path(*id)).unwrap();
        let updated = updated(*id, &page).await;
        if updated == page {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(path(*id), updated).unwrap();
        } else {
            stale.push(id.as_str());
        }
    }
    assert!(stale.is_empty(), "run UPDATE_DOCS=1 cargo test --workspace examples, then read git diff docs/: {stale:?}");
}
