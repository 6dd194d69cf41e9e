//! A finding is handed over to another owner, and one write of the state or one message is lost, each in turn. The new
//! owner learns that it is open and that it ends; the former owner, that it moved or that it ended. Runs that
//! lose nothing publish none of it twice.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Lambda, TOPIC, hasty_client, role, world};
use crate::stand_in::{Answer, Bucket, Fault, StandIn};

const ETL: &str = "arn:aws:iam::222222222222:role/etl";
const SETTINGS: [(&str, &str); 2] = [("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://state/state.json")];

/// The inventory of each day: open for `old`, then for `new`, then covered.
const DAYS: [(&str, &str); 7] =
    [("old", "4h"), ("old", "4h"), ("new", "4h"), ("new", "4h"), ("new", "30m"), ("new", "30m"), ("new", "30m")];

fn inventory((owner, length): (&str, &str)) -> String {
    let bystander = "{name: b, owner: other, length: 4h, source: ecs-task, path: []}";
    format!(
        "version: 1\njobs:\n  - {{name: a, owner: {owner}, length: {length}, source: ecs-task, path: [\"{ETL}\"]}}\n  \
         - {bystander}\n"
    )
}

/// What each owner was told, in order: `open`, `moved`, `ended`.
async fn told(lost: Option<(usize, Fault)>) -> BTreeMap<String, Vec<&'static str>> {
    let (mut world, checker) = world();
    world.role(role(ETL));
    world.bucket(Bucket::new("state", "eu-west-1"));
    let aws = StandIn::start(world).await;
    for (day, declared) in DAYS.into_iter().enumerate() {
        // Each day has an execution environment of its own, which remembers no message.
        let lambda = Lambda::by(hasty_client(&aws, &checker).await, &inventory(declared), &SETTINGS);
        if let Some((_, fault)) = lost.as_ref().filter(|(of, _)| *of == day) {
            aws.script(fault.clone());
        }
        let at = format!("2026-11-{:02}T06:00:00Z", 20 + day).parse().unwrap();
        // A lost write or message fails the invocation. Its retries are lost too.
        let _ = lambda.invoke_at(at, &format!("day-{day}"), &json!({})).await;
        aws.clear_script();
    }
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for message in aws.messages(TOPIC) {
        let body: Value = serde_json::from_str(message.text("sqs")).unwrap();
        let of_owner = told.entry(message.attributes["owner"].value.clone()).or_default();
        let open = body["details"].as_array().unwrap().iter().filter(|finding| finding["job"] == "a");
        of_owner.extend(open.map(|_| "open"));
        let resolved = body["changes"]["resolved"].as_array().unwrap().iter();
        for gone in resolved.filter(|gone| gone["job"] == "a") {
            let reason = gone["reason"].as_str().unwrap();
            of_owner.push(if reason.starts_with("now owned by") { "moved" } else { "ended" });
        }
    }
    told
}

/// The list without repetitions one after the other.
fn without_repetitions(told: &[&'static str]) -> Vec<&'static str> {
    let mut once = told.to_vec();
    once.dedup();
    once
}

#[tokio::test]
async fn nothing_is_told_twice_where_nothing_is_lost() {
    let told = told(None).await;
    assert_eq!((&told["old"][..], &told["new"][..]), (&["open", "moved"][..], &["open", "ended"][..]));
}

#[tokio::test]
async fn each_owner_learns_of_the_handover_and_the_end_whatever_single_write_or_message_is_lost() {
    let mut runs = JoinSet::new();
    for day in [0, 2, 4] {
        for action in ["PutObject", "Publish"] {
            for nth in 0..2 {
                // Not carried out; or carried out, and nobody knows, because all attempts end so.
                for (answer, times) in [(Answer::error(403, "AccessDenied", "lost"), 1), (Answer::ResetAfterwards, 10)]
                {
                    let case = format!("day {day}, {action} {nth}, {answer:?}");
                    let fault = Fault::on(action).after(nth).times(times).then(answer);
                    runs.spawn(async move { (told(Some((day, fault))).await, case) });
                }
            }
        }
    }
    assert_eq!(runs.len(), 24);
    while let Some(ran) = runs.join_next().await {
        let (told, case) = ran.unwrap();
        let (old, new) = (without_repetitions(&told["old"]), without_repetitions(&told["new"]));
        assert_eq!(new, ["open", "ended"], "{case}: {told:?}");
        assert_eq!(old, ["open", "moved"], "{case}: {told:?}");
    }
}
