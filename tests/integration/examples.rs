//! The example of each finding's page is run, and what the page shows of the output is what is said. Findings that need
//! AWS's answers are run against the stand-in, in the world that the page describes.
//!
//! `UPDATE_DOCS=1 cargo test --workspace examples` writes the output into the pages anew.

use std::fs;
use std::path::PathBuf;

use credential_health::check::{Start, lint, observe};
use credential_health::facts::Observation;
use credential_health::findings::FindingId;
use credential_health::inventory::{Filter, Inventory, RoleArn};
use credential_health::report::{Report, Trigger, terminal};
use credential_health::templates::Planned;

use crate::harness::{CHECKER, Check, ETL, HUB, client, hasty_client, role, world};
use crate::stand_in::{Fault, Role, StandIn, refusal};

const READER: &str = "arn:aws:iam::222222222222:role/credential-health-reader";
/// The width of output that goes to no terminal.
const COLUMNS: usize = 100;
const LINT: &str = "$ credential-health lint --inventory inventory.yaml";
const CHECK: &str = "$ credential-health check --inventory inventory.yaml";

fn start() -> Start {
    let at = "2026-11-23T12:00:00Z".parse().unwrap();
    Start { id: "documentation".to_owned(), trigger: Trigger::Cli, at, runbook_base_url: None }
}

/// The world that a page describes, checked: what makes `lint` blind to the finding.
async fn checked(id: FindingId, inventory: &str) -> Report {
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

/// What CloudTrail tells of in `expired-token-observed`.
fn observed(inventory: &str) -> Report {
    let observation = Observation {
        role: RoleArn::parse(ETL).ok(),
        caller: "arn:aws:sts::222222222222:assumed-role/etl/nightly".to_owned(),
        call: "dynamodb.amazonaws.com PutItem".to_owned(),
        error_code: "ExpiredTokenException".to_owned(),
        time: "2026-11-23T05:12:44Z".to_owned(),
        event_id: "5b1a0f0e-3c1d-4c5e-9d39-6f0a4d1c7a11".to_owned(),
    };
    observe(&Inventory::parse("inventory.yaml", inventory).unwrap(), observation, &start()).report
}

/// The command, and what it says of the finding.
async fn output(id: FindingId, inventory: &str) -> String {
    let parsed = Inventory::parse("inventory.yaml", inventory).unwrap_or_else(|problems| panic!("{id}: {problems}"));
    let offline = lint(&parsed, &Filter::default(), Planned::default(), &start()).unwrap().report;
    let (command, report) = match id {
        FindingId::ExpiredTokenObserved => ("", observed(inventory)),
        _ if offline.findings.iter().any(|finding| finding.id == id) => (LINT, offline),
        _ => (CHECK, checked(id, inventory).await),
    };
    // The harness has a name of its own for an inventory.
    let text = anstream::adapter::strip_str(&terminal::render(&report, COLUMNS)).to_string();
    let text = text.replace("jobs.yaml:", "inventory.yaml:");
    let place = format!("          {id}: ");
    let about = text.split("\n\n").find(|part| part.lines().any(|line| line.starts_with(&place)));
    let about = about.unwrap_or_else(|| panic!("{id} is not found in:\n{text}"));
    let lines = about.lines().skip_while(|line| line.is_empty()).map(str::trim_end);
    let command = if command.is_empty() { String::new() } else { format!("{command}\n…\n") };
    format!("{command}{}\n", lines.collect::<Vec<_>>().join("\n"))
}

fn path(id: FindingId) -> PathBuf {
    PathBuf::from(crate::harness::ROOT).join(format!("docs/findings/{id}.md"))
}

/// The text between a fence of this language and its end, after a position; and where both are.
fn fenced<'a>(page: &'a str, language: &str, after: usize) -> Option<(usize, &'a str, usize)> {
    let fence = format!("\n```{language}\n");
    let from = after + page[after..].find(&fence)? + fence.len();
    let to = from + page[from..].find("```\n")?;
    Some((from, &page[from..to], to))
}

#[tokio::test]
async fn every_page_shows_what_is_said_of_its_example() {
    let mut wrong = Vec::new();
    for id in FindingId::ALL {
        let page = fs::read_to_string(path(*id)).unwrap();
        let example = page.find("\n## Example\n").expect("an example");
        let (_, inventory, end) = fenced(&page, "yaml", example).expect("an inventory");
        let output = output(*id, inventory).await;
        let shown = fenced(&page, "console", end);
        if shown.is_some_and(|(_, shown, _)| shown == output) {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let written = match shown {
                Some((from, _, to)) => format!("{}{output}{}", &page[..from], &page[to..]),
                None => format!("{}\n\n```console\n{output}```\n", page.trim_end()),
            };
            fs::write(path(*id), written).unwrap();
        } else {
            wrong.push(format!("{id} is to show:\n{output}"));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_DOCS=1 cargo test --workspace examples\n{}", wrong.join("\n"));
}
