//! A week of daily runs of the function with changing findings, and every mail to a subscriber, as docs/changes.md
//! shows them. `UPDATE_DOCS=1 cargo test --workspace week_of_changes` writes the page's part anew.

use jiff::{SignedDuration, Timestamp};

use crate::harness::{ETL, HUB, Lambda, REGION, TOPIC, account, event, role};
use crate::stand_in::{Answer, Bucket, Fault, Role, StandIn};

const SETTINGS: &[(&str, &str)] =
    &[("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://company-state/credential-health/state.json")];

const START: &str = "<!-- The part from here on is written by the test week_of_changes. -->\n";

/// The inventory of a day: the hours of nightly-etl, and more jobs and waivers.
fn inventory(etl: &str, more: &str) -> String {
    format!(
        "version: 1
roles:
  hub: {{arn: \"{HUB}\"}}
  etl: {{arn: \"{ETL}\"}}
jobs:
  - {{name: nightly-etl, owner: data, length: {etl}, source: ecs-task, path: [hub, etl]}}
  - {{name: nightly-dump, owner: storage, length: 55m, source: codebuild}}
{more}"
    )
}

const IMAGE: &str = "  - {name: image-build, owner: platform, length: 2h, source: codebuild}\n";
const WAIVER: &str = "waivers:
  - {finding: cached-platform-credentials, job: image-build, until: 2027-01-31, reason: \"the build is being split\"}
";

/// One day: what happens before its run, in words, and the inventory that is deployed then.
struct Day {
    happens: &'static str,
    inventory: String,
    before: fn(&StandIn),
}

fn days() -> Vec<Day> {
    let day = |happens, inventory, before| Day { happens, inventory, before };
    vec![
        day(
            "The bucket is new. nightly-etl needs 4h and has 1h by role chaining. nightly-dump needs 55m of 1h.",
            inventory("4h", ""),
            |_| {},
        ),
        day("Nothing changes.", inventory("4h", ""), |_| {}),
        day(
            "The job image-build is declared: 2h on a copy of credentials that last one hour.",
            inventory("4h", IMAGE),
            |_| {},
        ),
        day("nightly-etl needs 6h now.", inventory("6h", IMAGE), |_| {}),
        day("STS throttles the first role for as long as the run tries.", inventory("6h", IMAGE), |aws| {
            aws.script(Fault::on("AssumeRole").target(HUB).then(Answer::Throttle));
        }),
        day(
            "STS answers again. image-build is accepted until the end of January.",
            inventory("6h", &format!("{IMAGE}{WAIVER}")),
            |aws| {
                aws.clear_script();
            },
        ),
        day("The first role no longer trusts the checker.", inventory("6h", &format!("{IMAGE}{WAIVER}")), |aws| {
            aws.world(|world| {
                world.role(Role::new(HUB).may_assume("*"));
            });
        }),
        day(
            "The role trusts the checker again, and nightly-etl is split: 45m.",
            inventory("45m", &format!("{IMAGE}{WAIVER}")),
            |aws| {
                aws.world(|world| {
                    world.role(role(HUB).may_assume("*"));
                });
            },
        ),
    ]
}

#[tokio::test]
async fn the_mails_of_a_week_are_what_the_page_shows() {
    let (aws, checker) = account().await;
    aws.world(|world| {
        world.bucket(Bucket::new("company-state", REGION));
    });
    let start: Timestamp = "2026-11-16T06:00:00Z".parse().unwrap();
    let mut shown = String::from(START);
    let mut heard = 0;
    for (number, day) in (0..).zip(days()) {
        (day.before)(&aws);
        let at = start + SignedDuration::from_hours(24 * number);
        // Each day's environment is a new one, and hasty: a throttled role is given up soon.
        let client = crate::harness::hasty_client(&aws, &checker).await;
        let lambda = Lambda::by(client, &day.inventory, SETTINGS);
        let mut scheduled = event("scheduled.json");
        scheduled["id"] = format!("c3b1e0a4-5f7d-4e0b-9b57-{:012}", number + 1).into();
        lambda.invoke_at(at, "request", &scheduled).await.unwrap();
        let messages = aws.messages(TOPIC).split_off(heard);
        heard += messages.len();
        shown.push_str(&format!("\n### {}\n\n{}\n", at.strftime("%A, %B %-d"), day.happens));
        if messages.is_empty() {
            shown.push_str("\nNo message.\n");
        }
        let mut messages: Vec<_> =
            messages.iter().map(|message| (message.subject.clone().unwrap(), message.text("email"))).collect();
        messages.sort();
        for (subject, text) in messages {
            shown.push_str(&format!("\n```text\nSubject: {subject}\n\n{}\n```\n", shortened(text)));
        }
    }
    let path = std::path::Path::new(crate::harness::ROOT).join("docs/changes.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, kept) = page.split_once(START).expect("the page says where its written part begins");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{shown}")).unwrap();
    } else {
        assert!(format!("{START}{kept}") == shown, "docs/changes.md does not show this week:\n{shown}");
    }
}

/// A mail as the page shows it: of what to do about a finding the first step alone, and the inventory in its layer
/// instead of the folder of this test.
fn shortened(text: &str) -> String {
    let text = match (text.split_once("The inventory is "), text.split_once("/jobs.yaml")) {
        (Some((before, _)), Some((_, after))) => format!("{before}The inventory is /opt/inventory/jobs.yaml{after}"),
        _ => text.to_owned(),
    };
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim_end().lines() {
        let is_step = line.starts_with("  ") && line.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let later = is_step && !line.starts_with("  1. ") || line.starts_with("       ");
        match later {
            false => lines.push(line),
            true if lines.last() == Some(&"  […]") => {}
            true => lines.push("  […]"),
        }
    }
    lines.join("\n")
}
