//! The product against a stand-in for AWS in this process, without an AWS account, settings or installation.
//!
//! Starts the stand-in with the roles of a company, invokes the handler of the function with `events/scheduled.json`,
//! and shows the report and the messages of a subscriber.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a demo prints and stops at the first error"
)]

#[path = "../../tests/stand_in/mod.rs"]
mod stand_in;

use std::path::Path;
use std::time::Duration;

use credential_health::aws::Aws;
use credential_health::lambda::{Answer, Function, Invocation};
use credential_health::report::terminal;
use credential_health::settings::Settings;
use stand_in::{Answer as Scripted, Credentials, Fault, Role, StandIn, World};

const REGION: &str = "eu-west-1";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:credential-health";
const CHECKER: &str = "arn:aws:iam::111111111111:role/credential-health";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // In the folder of the repository, messages name the inventory by its path there.
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the repository is where it was built");
    let root = Path::new("");
    let (world, checker) = company();
    let aws = StandIn::start(world).await;
    aws.script(Fault::on("AssumeRole").target("arn:aws:iam::222222222222:role/tagging").then(Scripted::error(
        400,
        "PackedPolicyTooLarge",
        "Packed size of session tags consumes 112% of allotted space.",
    )));
    let inventory = root.join("examples/demo/inventory.yaml");
    let settings = Settings::read(|name| match name {
        "INVENTORY" => inventory.to_str().map(str::to_owned),
        "TOPIC_ARN" => Some(TOPIC.to_owned()),
        _ => None,
    });
    let function = Function::new(settings.expect("the demo's settings are good"), client(&aws, &checker).await, |_| {});
    let event = std::fs::read_to_string(root.join("events/scheduled.json")).expect("the event is in this repository");
    let event = serde_json::from_str(&event).expect("the event is JSON");
    let invocation = Invocation {
        request_id: "demo".to_owned(),
        remaining: Duration::from_secs(60),
        at: jiff::Timestamp::now(),
        caller: None,
    };
    let answer = function.handle(&event, &invocation).await.expect("the handler answers");
    let Answer::Report(report) = answer else { panic!("a scheduled event is answered with a report") };

    heading(
        "A schedule started the function. It checked examples/demo/inventory.yaml against a stand-in for AWS \
         with these findings",
    );
    let columns = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    anstream::println!("{}", terminal::render(&report, &terminal::Layout::of_width(columns)).trim_end());
    show_messages(&aws);
    let calls = aws.calls();
    heading("Calls and time");
    println!(
        "{} calls in {} ms: 1 GetCallerIdentity, {} AssumeRole, {} GetRole, {} Publish.",
        calls.len(),
        report.run.duration_ms,
        aws.calls_of("AssumeRole").len(),
        aws.calls_of("GetRole").len(),
        aws.calls_of("Publish").len()
    );
    heading("Next, on your own roles");
    println!("  cargo run -- lint --inventory inventory     # judges the files in inventory/ without an AWS account");
    println!("  cargo run -- check --inventory inventory    # walks the paths with the AWS credentials of this shell");
    println!("  Write your jobs into inventory/*.yaml first. README.md says how, and how to deploy the function.");
}

/// The real clients, connected to the stand-in.
async fn client(aws: &StandIn, checker: &Credentials) -> Aws {
    let Credentials { access_key_id, secret_access_key, session_token } = checker.clone();
    let credentials =
        aws_sdk_sts::config::Credentials::new(access_key_id, secret_access_key, session_token, None, "demo");
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(aws.url())
        .region(aws_config::Region::new(REGION))
        .credentials_provider(credentials);
    Aws::load(loader).await
}

/// The real roles of the company. Its inventory differs from them in some places.
fn company() -> (World, Credentials) {
    let mut world = World::new();
    let role = |arn: &str| Role::new(arn).trusts(CHECKER).allows("iam:GetRole", arn);
    world.role(Role::new(CHECKER).may_assume("*").allows("sns:Publish", TOPIC));
    let hub = "arn:aws:iam::111111111111:role/pipeline/hub";
    world.role(role(hub).external_id("hub-7f3a").may_assume("*"));
    world.role(
        Role::new("arn:aws:iam::333333333333:role/etl").trusts(hub).max_session(43_200).allows("iam:GetRole", "*"),
    );
    world.role(Role::new("arn:aws:iam::222222222222:role/smoke-test").trusts(hub).allows("iam:GetRole", "*"));
    world.role(role("arn:aws:iam::222222222222:role/deploy").max_session(43_200));
    world.role(role("arn:aws:iam::222222222222:role/db-migrate").max_session(21_600));
    world.role(role("arn:aws:iam::333333333333:role/log-archive").max_session(7_200));
    world.role(role("arn:aws:iam::333333333333:role/ml/train").max_session(43_200));
    world.role(role("arn:aws:iam::222222222222:role/reporting").max_session(7_200));
    for name in ["backup", "upload", "worker", "tagging"] {
        world.role(role(&format!("arn:aws:iam::222222222222:role/{name}")));
    }
    // The trust policy of this role no longer names the checker.
    world.role(
        Role::new("arn:aws:iam::222222222222:role/key-rotation")
            .trusts("arn:aws:iam::222222222222:role/rotation-function"),
    );
    // The role of dr-failover was deleted. The reader of its account reports that.
    world.role(role("arn:aws:iam::444444444444:role/credential-health-reader").allows("iam:GetRole", "*"));
    world.topic(TOPIC);
    let checker = world.role_session("arn:aws:sts::111111111111:assumed-role/credential-health/function");
    (world, checker)
}

/// The subject of every message, and one whole message for a mailbox and for a queue.
fn show_messages(aws: &StandIn) {
    let mails = aws.deliveries(TOPIC, "email");
    heading(&format!("{} messages reached the topic, one for each owner", mails.len()));
    for mail in &mails {
        println!("  {}", mail.subject.as_deref().unwrap_or_default());
    }
    let Some((index, mail)) = mails.iter().enumerate().min_by_key(|(_, mail)| mail.text.len()) else { return };
    heading(&format!("The shortest message in a mailbox: {}", mail.subject.as_deref().unwrap_or_default()));
    println!("{}", mail.text.trim_end());
    heading("The same message in a queue, without the lists");
    let queue = aws.deliveries(TOPIC, "sqs");
    let mut body: serde_json::Value = serde_json::from_str(&queue[index].text).expect("a queue gets JSON");
    for list in ["details", "run", "summary"] {
        body[list] = format!("… {} bytes", body[list].to_string().len()).into();
    }
    println!("{}", serde_json::to_string_pretty(&body).expect("it was JSON"));
}

fn heading(text: &str) {
    let bold = anstyle::Style::new().bold();
    anstream::println!("\n{bold}=== {text}{bold:#}\n");
}
