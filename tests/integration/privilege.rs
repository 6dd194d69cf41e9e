//! Least privilege, both ways: what a full run asks for is what the templates and its session policies allow, and what they
//! allow is what a run asks for. That a session cannot do more is the stand-in's to refuse, as AWS does;
//! `scripts/check-templates` compares the templates, whole, with the operations in the code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{CHECKER, Lambda, TOPIC, role, world};
use crate::stand_in::{Call, Role, StandIn};

const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";
const TAGGED: &str = "arn:aws:iam::222222222222:role/identified";
const READER: &str = "arn:aws:iam::333333333333:role/reader";
const READ: [&str; 2] = ["arn:aws:iam::333333333333:role/one", "arn:aws:iam::333333333333:role/two"];
const OWN: &str = "arn:aws:iam::999999999999:role/own";

/// An action on a resource.
type Right = (String, String);

/// A run with everything in it: a hub with more next hops than one policy holds, a source identity, a reader, a role of the
/// function's own account, and messages.
async fn full_run() -> (StandIn, Vec<Call>) {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*").allows("sts:SetSourceIdentity", "*"));
    world.role(Role::new(TAGGED).trusts(HUB).source_identity("ci").allows("iam:GetRole", "*"));
    world.role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*")).role(Role::new(OWN));
    let mut inventory = format!(
        "version: 1
readers: {{\"333333333333\": \"{READER}\"}}
roles: {{identified: {{arn: \"{TAGGED}\", source_identity: ci}}}}
jobs:
  - {{name: identified, length: 30m, source: ecs-task, path: [\"{HUB}\", identified]}}
  - {{name: own, length: 30m, source: web-identity, path: [\"{OWN}\"]}}
"
    );
    for arn in READ {
        world.role(Role::new(arn).trusts(CHECKER));
        inventory.push_str(&format!("  - {{name: \"{arn}\", length: 2h, source: ecs-task, path: [\"{arn}\"]}}\n"));
    }
    for number in 0..60 {
        let arn = format!("arn:aws:iam::{:012}:role/pipelines/etl-{number}", 444_444_444_000_u64 + number);
        world.role(Role::new(&arn).trusts(HUB).allows("iam:GetRole", "*"));
        inventory.push_str(&format!(
            "  - {{name: j{number}, length: 5m, source: ecs-task, path: [\"{HUB}\", \"{arn}\"]}}\n"
        ));
    }
    let aws = StandIn::start(world).await;
    let report =
        Lambda::new(&aws, &checker, &inventory, &[("TOPIC_ARN", TOPIC)]).await.invoke(&json!({})).await.unwrap();
    assert_eq!(report["coverage"]["roles"]["not_checked"], json!([]), "{:#}", report["findings"]);
    let calls = aws.calls();
    assert!(calls.iter().all(|call| call.status == 200), "a full run is refused nothing");
    (aws, calls)
}

/// What a call needs to be allowed, as IAM names it.
fn rights(call: &Call) -> Vec<Right> {
    let target = call.target().unwrap_or_default();
    let account = call.account.as_deref().unwrap_or_default();
    match call.action.as_str() {
        "GetRole" => vec![("iam:GetRole".to_owned(), format!("{account} {target}"))],
        "AssumeRole" => {
            let mut rights = vec![("sts:AssumeRole".to_owned(), target.to_owned())];
            if call.param("SourceIdentity").is_some() {
                rights.push(("sts:SetSourceIdentity".to_owned(), target.to_owned()));
            }
            rights
        }
        "Publish" => vec![("sns:Publish".to_owned(), target.to_owned())],
        // GetCallerIdentity needs no permission.
        _ => Vec::new(),
    }
}

/// What the session policies of each session's name allow, each right once for every statement that gives it.
fn allowed(calls: &[Call]) -> BTreeMap<String, Vec<Right>> {
    let mut allowed: BTreeMap<String, Vec<Right>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.action == "AssumeRole") {
        let policy: Value = serde_json::from_str(call.param("Policy").expect("no session without a policy")).unwrap();
        let role = call.target().unwrap();
        let rights = allowed.entry(session_of(role)).or_default();
        for statement in policy["Statement"].as_array().unwrap() {
            let fields: BTreeSet<&String> = statement.as_object().unwrap().keys().collect();
            assert_eq!(fields, BTreeSet::from([&"Action".to_owned(), &"Effect".to_owned(), &"Resource".to_owned()]));
            assert_eq!(statement["Effect"], "Allow");
            let list = |value: &Value| match value {
                Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>(),
                one => vec![one.as_str().unwrap().to_owned()],
            };
            for action in list(&statement["Action"]) {
                for resource in list(&statement["Resource"]) {
                    rights.push((action.clone(), resource));
                }
            }
        }
    }
    allowed
}

/// The ARN of a role's session, as its calls show it, without the session's name.
fn session_of(role: &str) -> String {
    let (account, name) = (role.split(':').nth(4).unwrap(), role.rsplit('/').next().unwrap());
    format!("arn:aws:sts::{account}:assumed-role/{name}/")
}

#[tokio::test]
async fn each_session_may_do_what_it_does_and_does_all_that_it_may() {
    let (_aws, calls) = full_run().await;
    for (session, allowed) in allowed(&calls) {
        let distinct: BTreeSet<&Right> = allowed.iter().collect();
        assert_eq!(distinct.len(), allowed.len(), "{session}: a right that two of its policies give");
        let made: BTreeSet<Right> = calls
            .iter()
            .filter(|call| call.caller_arn.as_deref().is_some_and(|caller| caller.starts_with(&session)))
            .flat_map(rights)
            .collect();
        // GetRole names no ARN: the name in the caller's account is one.
        let given: BTreeSet<Right> = distinct
            .into_iter()
            .map(|(action, resource)| match action.as_str() {
                "iam:GetRole" => {
                    let parts: Vec<&str> = resource.split(':').collect();
                    (action.clone(), format!("{} {}", parts[4], resource.rsplit('/').next().unwrap()))
                }
                _ => (action.clone(), resource.clone()),
            })
            .collect();
        let read_by_another = READ.map(session_of).contains(&session);
        if read_by_another {
            // A session has to have a policy, and a policy a statement: one that gives it nothing new.
            assert!(made.is_empty() && given.len() == 1 && given.iter().all(|(action, _)| action == "iam:GetRole"));
        } else {
            assert_eq!(made, given, "{session}");
        }
    }
}

/// The actions of STS, IAM and SNS in the statements of a resource of a template.
fn actions_of(template: &str, resource: &str) -> BTreeSet<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(template);
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once(&format!("\n  {resource}:\n")).expect("the template has it");
    let block = after
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("   "))
        .skip_while(|line| !line.contains("Policies:"));
    let is_word = |c: char| !c.is_ascii_alphanumeric() && c != ':';
    block
        .filter(|line| line.contains("Action:") || line.trim_start().starts_with("- iam:"))
        .flat_map(|line| line.split(is_word))
        .filter(|word| {
            ["sts:", "iam:", "sns:"].iter().any(|service| word.starts_with(service) && word.len() > service.len())
        })
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_templates_allow_the_function_and_the_reader_what_a_full_run_asks_for_and_little_else() {
    let (_aws, calls) = full_run().await;
    let made = |caller: &str| -> BTreeSet<String> {
        let by = |call: &&Call| call.caller_arn.as_deref().is_some_and(|arn| arn.starts_with(caller));
        calls.iter().filter(by).flat_map(rights).map(|(action, _)| action).collect()
    };
    let function = actions_of("template.yaml", "FunctionRole");
    let mut asked = made(&session_of(CHECKER));
    assert_eq!(asked, ["iam:GetRole", "sns:Publish", "sts:AssumeRole"].map(str::to_owned).into());
    // Asked for by a path whose first role has a source identity.
    asked.insert("sts:SetSourceIdentity".to_owned());
    assert_eq!(function, asked);
    let mut reader = made(&session_of(READER));
    assert_eq!(reader, BTreeSet::from(["iam:GetRole".to_owned()]));
    // Named by the interface of the member role; no run asks for it yet.
    reader.insert("iam:ListRoles".to_owned());
    assert_eq!(actions_of("member-role.yaml", "ReaderRole"), reader);
}
