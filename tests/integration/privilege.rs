//! Least privilege: a full run uses exactly the actions and resources that the templates and its session policies
//! allow. The stand-in refuses everything else, as AWS does; `stand_in_itself` tests that. `scripts/check-templates`
//! compares the whole templates with the operations in the code.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{CHECKER, Lambda, REGION, TOPIC, role, world};
use crate::stand_in::{Bucket, Bus, Call, Credentials, IdentityCenter, Parameter, Role, StandIn, Topic};

const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";
const TAGGED: &str = "arn:aws:iam::222222222222:role/identified";
const READER: &str = "arn:aws:iam::333333333333:role/reader";
const READ: [&str; 2] = ["arn:aws:iam::333333333333:role/one", "arn:aws:iam::333333333333:role/two"];
const ACCOUNT: &str = "333333333333";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:333333333333:function:etl";
const OWN_FUNCTION: &str = "arn:aws:lambda:eu-west-1:999999999999:function:own";
const INSTANCES: &str = "arn:aws:sso:::instance/*";
const SETS: &str = "arn:aws:sso:::permissionSet/*";
const OWN: &str = "arn:aws:iam::999999999999:role/own";

/// An action on a resource.
type Right = (String, String);

/// A run with every feature: a hub with more next hops than one policy holds, a source identity, a reader, a role of
/// the function's account, and messages.
async fn full_run() -> (StandIn, Vec<Call>) {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*").allows("sts:SetSourceIdentity", "*"));
    world.role(Role::new(TAGGED).trusts(HUB).source_identity("ci").allows("iam:GetRole", "*"));
    let reader = Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*");
    let reader = reader.allows("lambda:GetFunctionConfiguration", "*").allows("sso:DescribePermissionSet", "*");
    world.role(reader).role(Role::new(OWN));
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
    let center = IdentityCenter::new(ACCOUNT, REGION).set("Admin", "PT4H");
    inventory.push_str(&format!(
        "  - {{name: person, length: 1h, source: {{kind: identity-center, permission_set: \"{}\"}}}}
  - {{name: function, source: {{kind: lambda, function: \"{FUNCTION}\"}}}}
identity_center: {{account: \"{ACCOUNT}\"}}
",
        center.arn_of(0)
    ));
    world.identity_center(center).function(FUNCTION, 900);
    let aws = StandIn::start(world).await;
    let report =
        Lambda::new(&aws, &checker, &inventory, &[("TOPIC_ARN", TOPIC)]).await.invoke(&json!({})).await.unwrap();
    assert_eq!(report["coverage"]["roles"]["not_checked"], json!([]), "{:#}", report["findings"]);
    assert_eq!(report["coverage"]["settings"]["read"], 2, "{:#}", report["coverage"]);
    let calls = aws.calls();
    assert!(calls.iter().all(|call| call.status == 200), "no call of a full run is refused");
    (aws, calls)
}

/// The right that a call needs, in the names of IAM.
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
        "ListRoles" => vec![("iam:ListRoles".to_owned(), "*".to_owned())],
        "GetFunctionConfiguration" => {
            let region = call.region.as_deref().unwrap_or_default();
            let arn = format!("arn:aws:lambda:{region}:{account}:function:{target}");
            vec![("lambda:GetFunctionConfiguration".to_owned(), arn)]
        }
        "DescribePermissionSet" => [call.param("InstanceArn").unwrap_or_default(), target]
            .map(|resource| ("sso:DescribePermissionSet".to_owned(), resource.to_owned()))
            .to_vec(),
        "Publish" => vec![("sns:Publish".to_owned(), target.to_owned())],
        // GetCallerIdentity needs no permission.
        _ => Vec::new(),
    }
}

/// The rights of the session policies for each session name, once for every statement that grants them.
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
                    let is_pattern = resource.contains(['*', '?']);
                    assert!(
                        !is_pattern || (action.as_str(), resource.as_str()) == ("iam:ListRoles", "*"),
                        "{statement}"
                    );
                    rights.push((action.clone(), resource));
                }
            }
        }
    }
    allowed
}

/// The ARN of a role's session as its calls show it, without the session name.
fn session_of(role: &str) -> String {
    let (account, name) = (role.split(':').nth(4).unwrap(), role.rsplit('/').next().unwrap());
    format!("arn:aws:sts::{account}:assumed-role/{name}/")
}

#[tokio::test]
async fn each_session_uses_exactly_the_rights_of_its_policy() {
    let (_aws, calls) = full_run().await;
    for (session, allowed) in allowed(&calls) {
        let distinct: BTreeSet<&Right> = allowed.iter().collect();
        assert_eq!(distinct.len(), allowed.len(), "{session}: a right that two of its policies give");
        let made: BTreeSet<Right> = calls
            .iter()
            .filter(|call| call.caller_arn.as_deref().is_some_and(|caller| caller.starts_with(&session)))
            .flat_map(rights)
            .collect();
        // GetRole has no ARN: the name is that of a role in the caller's account.
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
            // A session needs a policy, and a policy a statement. This statement grants nothing new.
            assert!(made.is_empty() && given.len() == 1 && given.iter().all(|(action, _)| action == "iam:GetRole"));
        } else {
            assert_eq!(made, given, "{session}");
        }
    }
}

// --- The templates ---

/// The rights that a template grants one of its roles, as pairs of action and resource.
///
/// `values`: the value of each `Resource` text. An unknown text fails the test: whoever changes a template states here
/// why the function needs the right.
fn allowed_by(template: &str, role: &str, values: &[(&str, &[&str])]) -> Vec<(String, Right)> {
    let path = std::path::Path::new(crate::harness::ROOT).join(template);
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once(&format!("\n  {role}:\n")).expect("the template has it");
    let block = after.lines().take_while(|line| line.is_empty() || line.starts_with("   "));
    let policies = block.skip_while(|line| !line.contains("Policies:")).map(str::trim);
    let (mut sid, mut actions, mut pairs) = (String::new(), Vec::new(), Vec::new());
    for line in policies.filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.trim_start_matches("- ").split_once(": ") else { continue };
        match key {
            "Sid" => sid = value.to_owned(),
            "Effect" => assert_eq!(value, "Allow", "{sid}"),
            // Which names the sessions have, and which source identities: not which calls are allowed.
            "StringLike" => assert!(["SessionNames", "SourceIdentities"].iter().any(|of| value.contains(of)), "{line}"),
            "StringEquals" => assert!(value.contains("InventoryPrefix"), "{line}"),
            "Action" => {
                actions = value.trim_matches(['[', ']']).split(',').map(|action| action.trim().to_owned()).collect();
            }
            "Resource" => {
                let known = values.iter().find(|(written, _)| *written == value);
                let (_, resources) = known.unwrap_or_else(|| panic!("{template}, {sid}: unknown resource {value}"));
                for action in &actions {
                    pairs.extend(resources.iter().map(|each| (sid.clone(), (action.clone(), (*each).to_owned()))));
                }
            }
            other => assert!(["Version", "PolicyName"].contains(&other), "{template}, {sid}: {line}"),
        }
    }
    pairs
}

const BUCKET: &str = "company-state";
const KEY: &str = "health/state.json";
const OBJECT: &str = "arn:aws:s3:::company-state/health/state.json";
const OBJECT_OF_BUS: &str = "arn:aws:s3:::company-state/health/state.json.event-bus";
const OBJECT_OF_CHAT: &str = "arn:aws:s3:::company-state/health/state.json.chat";
const BUS: &str = "arn:aws:events:eu-west-1:999999999999:event-bus/findings";
const CHAT: &str = "arn:aws:sns:eu-west-1:999999999999:chat";
const BUCKET_KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/bucket";
const RESULTS_BUCKET: &str = "company-athena";
const RESULTS: &str = "arn:aws:s3:::company-athena/health/*";
const RESULTS_KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/results";
const TOPIC_KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/topic";
const INVENTORY_BUCKET: &str = "arn:aws:s3:::company-inventory";
const INVENTORY_OBJECTS: &str = "arn:aws:s3:::company-inventory/teams/*";
const INVENTORY_PATH: &str = "arn:aws:ssm:eu-west-1:999999999999:parameter/health/teams";
const INVENTORY_KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/inventory";
const FIRST: &str = "arn:aws:iam::222222222222:role/first";

const WRITTEN_INSTANCES: &str = "!Sub \"arn:${AWS::Partition}:sso:::instance/*\"";
const WRITTEN_SETS: &str =
    "[!Sub \"arn:${AWS::Partition}:sso:::instance/*\", !Sub \"arn:${AWS::Partition}:sso:::permissionSet/*\"]";

/// The parameters of this deployment. Rights that Lambda uses, instead of the function, are omitted.
fn of_the_function() -> Vec<(String, Right)> {
    let patterns = &[FIRST, OWN, "arn:aws:iam::333333333333:role/*"][..];
    let values = [
        ("!Ref RolePatterns", patterns),
        ("!If [CreateTopic, !Ref Topic, !Ref TopicArn]", &[TOPIC]),
        ("!Ref EventBusArn", &[BUS]),
        ("!Ref ChatTopicArn", &[CHAT]),
        ("!Sub \"arn:${AWS::Partition}:s3:::${StateBucket}/${StateKey}\"", &[OBJECT]),
        ("!Sub \"arn:${AWS::Partition}:s3:::${StateBucket}/${StateKey}.event-bus\"", &[OBJECT_OF_BUS]),
        ("!Sub \"arn:${AWS::Partition}:s3:::${StateBucket}/${StateKey}.chat\"", &[OBJECT_OF_CHAT]),
        ("!Ref StateKmsKeyArn", &[BUCKET_KEY]),
        ("!Sub \"arn:${AWS::Partition}:s3:::${InventoryBucket}/${InventoryPrefix}*\"", &[INVENTORY_OBJECTS]),
        ("!Sub \"arn:${AWS::Partition}:s3:::${InventoryBucket}\"", &[INVENTORY_BUCKET]),
        (
            "!Sub \"arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${InventoryParameterPath}\"",
            &[INVENTORY_PATH],
        ),
        ("!Ref InventoryKmsKeyArn", &[INVENTORY_KEY]),
        ("!Sub \"arn:${AWS::Partition}:s3:::${SessionsBucket}/${SessionsPrefix}*\"", &[RESULTS]),
        ("!Ref SessionsKmsKeyArn", &[RESULTS_KEY]),
        ("!If [CreateKey, !GetAtt Key.Arn, !Ref KmsKey]", &[TOPIC_KEY]),
        ("!Ref TopicKmsKeyArn", &[TOPIC_KEY]),
        ("!Ref FunctionPatterns", &[OWN_FUNCTION]),
        ("\"*\"", &["*"]),
        (WRITTEN_INSTANCES, &[INSTANCES]),
        (WRITTEN_SETS, &[INSTANCES, SETS]),
        ("!GetAtt DeadLetterQueue.Arn", &[]),
        (
            "!Sub \"arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:\
             log-group:/aws/lambda/${NamePrefix}credential-health:*\"",
            &[],
        ),
    ];
    allowed_by("template.yaml", "FunctionRole", &values)
}

fn of_the_reader() -> Vec<(String, Right)> {
    let values = [
        ("!Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*\"", &["arn:aws:iam::333333333333:role/*"][..]),
        ("\"*\"", &["*"]),
        ("!Ref FunctionPatterns", &[FUNCTION]),
        (WRITTEN_INSTANCES, &[INSTANCES]),
        (WRITTEN_SETS, &[INSTANCES, SETS]),
    ];
    allowed_by("member-role.yaml", "ReaderRole", &values)
}

/// AWS with the roles of the two templates. The tests can remove rights.
struct Deployment {
    aws: StandIn,
    checker: Credentials,
    runs: u64,
}

impl Deployment {
    async fn new() -> Self {
        let (mut world, checker) = world();
        world.role(Role::new(FIRST).trusts(CHECKER).source_identity("ci").allows("iam:GetRole", FIRST));
        world.role(Role::new(OWN)).role(Role::new(READ[0]).trusts(CHECKER));
        world.topic(Topic::new(TOPIC).encrypted_with(TOPIC_KEY)).topic(CHAT).bus(Bus::new(BUS));
        for account in [ACCOUNT, "999999999999"] {
            world.identity_center(IdentityCenter::new(account, REGION).set("Admin", "PT4H"));
        }
        world.function(FUNCTION, 900).function(OWN_FUNCTION, 900);
        world.bucket(Bucket::new(BUCKET, REGION).encrypted_with(BUCKET_KEY));
        world.bucket(Bucket::new("company-inventory", REGION).encrypted_with(INVENTORY_KEY));
        let team = "version: 1\njobs: [{name: of-a-team, length: 30m, source: lambda}]\n";
        world.parameter("/health/teams/data", Parameter::new(team).encrypted_with(INVENTORY_KEY));
        world.bucket(Bucket::new(RESULTS_BUCKET, REGION).encrypted_with(RESULTS_KEY));
        world.set_object(RESULTS_BUCKET, "health/result.csv", Some(include_str!("../fixtures/athena/result.csv")));
        let aws = StandIn::start(world).await;
        // Without permission to list the bucket, S3 refuses a first run the missing object.
        let empty = r#"{"schema_version":1,"as_of":"2026-01-01T00:00:00Z","open":{}}"#;
        for suffix in ["", ".event-bus", ".chat"] {
            aws.world(|world| world.set_object(BUCKET, &format!("{KEY}{suffix}"), Some(empty)));
        }
        Self { aws, checker, runs: 0 }
    }

    /// The calls of a function with exactly these rights, in a run in which everything changed, and in a run of
    /// sessions. `center`: the account that administers IAM Identity Center.
    async fn calls_of_a_run(&mut self, function: &[&Right], reader: &[&Right], center: &str) -> Vec<Call> {
        let may = |role: Role, rights: &[&Right]| {
            rights.iter().fold(role, |role, (action, resource)| role.allows(action, resource))
        };
        self.aws.world(|world| {
            world.role(may(Role::new(CHECKER), function)).role(may(Role::new(READER).trusts(CHECKER), reader));
        });
        self.runs += 1;
        let inventory = format!(
            "version: 1
readers: {{\"333333333333\": \"{READER}\"}}
roles: {{first: {{arn: \"{FIRST}\", source_identity: ci}}}}
jobs:
  - {{name: build, length: {}h, source: codebuild}}
  - {{name: first, length: 30m, source: ecs-task, path: [first]}}
  - {{name: own, length: 30m, source: web-identity, path: [\"{OWN}\"]}}
  - {{name: read, length: 30m, source: ecs-task, path: [\"{}\"]}}
  - {{name: person, length: 1h, source: {{kind: identity-center, permission_set: Admin}}}}
  - {{name: function, source: {{kind: lambda, function: \"{FUNCTION}\"}}}}
  - {{name: own-function, source: {{kind: lambda, function: \"{OWN_FUNCTION}\"}}}}
identity_center: {{account: \"{center}\"}}
",
            self.runs + 1,
            READ[0],
        );
        let uri = format!("s3://{BUCKET}/{KEY}");
        let sources = ("INVENTORY", "s3://company-inventory/teams/,ssm:/health/teams");
        let results = format!("s3://{RESULTS_BUCKET}/health/");
        let from = ("SESSIONS_FROM", results.as_str());
        let to = [("TOPIC_ARN", TOPIC), ("EVENT_BUS", BUS), ("CHAT_TOPIC_ARN", CHAT)];
        let settings = [to[0], to[1], to[2], ("STATE_URI", uri.as_str()), sources, from];
        self.aws.world(|world| world.set_object("company-inventory", "teams/platform.yaml", Some(&inventory)));
        self.aws.reset_calls();
        let lambda = Lambda::new(&self.aws, &self.checker, "", &settings).await;
        // The calls show whether the runs succeed.
        let sessions = json!({"sessions": format!("{results}result.csv"), "notify": "never"});
        for event in [json!({}), sessions] {
            let _ = lambda.invoke_as(&format!("run-{}", self.runs), Duration::from_secs(60), &event).await;
        }
        self.aws.calls()
    }
}

fn refused(calls: &[Call]) -> Vec<&str> {
    calls.iter().filter(|call| call.status != 200).map(|call| call.action.as_str()).collect()
}

/// Without any one of the rights, a call of the run is refused. With all of them, no call is refused. The stand-in
/// requires the same rights of the caller as AWS does, with resources and keys.
#[tokio::test]
async fn the_templates_allow_exactly_the_calls_of_a_full_run() {
    let mut deployment = Deployment::new().await;
    let (function, reader) = (of_the_function(), of_the_reader());
    let rights = |all: &'static [&str]| -> Vec<&Right> {
        function.iter().filter(|(sid, _)| !all.contains(&sid.as_str())).map(|(_, right)| right).collect()
    };
    let of_reader: Vec<&Right> = reader.iter().map(|(_, right)| right).collect();
    // The key of a topic belongs to the stack or to the given topic: one of two statements.
    for other in [&["UseKeyOfTopicAndQueue"][..], &["UseKeyOfGivenTopic"]] {
        let all = rights(other);
        let calls = deployment.calls_of_a_run(&all, &of_reader, "999999999999").await;
        assert_eq!(refused(&calls), [""; 0]);
        for service in ["sts", "iam", "sns", "s3", "ssm", "sso", "lambda"] {
            assert!(calls.iter().any(|call| call.service == service), "{service} was asked");
        }
        for (index, right) in all.iter().enumerate() {
            // The owner chooses the patterns of roles. The template does not decide whether this run needs each of
            // them.
            let without: Vec<&Right> = all.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, r)| *r).collect();
            let calls = deployment.calls_of_a_run(&without, &of_reader, "999999999999").await;
            let needed = !of_no_use(right);
            assert_eq!(!refused(&calls).is_empty(), needed, "{right:?} taken away: refused {:?}", refused(&calls));
        }
    }
    for (sid, right) in &reader {
        let without: Vec<&Right> = of_reader.iter().copied().filter(|each| *each != right).collect();
        let all: Vec<&Right> = function.iter().map(|(_, right)| right).collect();
        let calls = deployment.calls_of_a_run(&all, &without, ACCOUNT).await;
        // A reader describes few roles one by one and lists many.
        assert_eq!(!refused(&calls).is_empty(), sid != "ListRoles", "{sid}: {:?}", refused(&calls));
    }
}

/// A pattern of RolePatterns with an action that no role of this deployment needs, because the template grants the same
/// three actions on every pattern.
fn of_no_use((action, resource): &Right) -> bool {
    let needed = [
        ("sts:AssumeRole", FIRST),
        ("sts:AssumeRole", "arn:aws:iam::333333333333:role/*"),
        ("sts:SetSourceIdentity", FIRST),
        ("iam:GetRole", OWN),
    ];
    let of_roles = action.starts_with("sts:") || action.starts_with("iam:");
    of_roles && !needed.contains(&(action.as_str(), resource.as_str()))
}

#[test]
fn no_template_grants_more_than_necessary() {
    // The permission sets of the account have no other names; the names of teams and of Athena's results are theirs.
    const SIDS: [&str; 7] = [
        "WalkThePaths",
        "DescribeOwnRoles",
        "FindIdentityCenter",
        "FindPermissionSets",
        "ReadPermissionSets",
        "ReadInventoryObjects",
        "ReadSessions",
    ];
    for (sid, (action, resource)) in of_the_function() {
        let pattern = resource.contains(['*', '?']);
        assert!(!pattern || SIDS.iter().any(|known| sid.starts_with(known)), "{sid}: {resource}");
        assert!(!action.contains('*') || action == "kms:GenerateDataKey*", "{sid}: {action}");
    }
    let reader: BTreeSet<Right> = of_the_reader().into_iter().map(|(_, right)| right).collect();
    let own_account = "arn:aws:iam::333333333333:role/*";
    let wanted = [
        ("iam:GetRole", own_account),
        ("iam:ListRoles", "*"),
        ("lambda:GetFunctionConfiguration", FUNCTION),
        ("sso:ListInstances", "*"),
        ("sso:ListPermissionSets", INSTANCES),
        ("sso:DescribePermissionSet", INSTANCES),
        ("sso:DescribePermissionSet", SETS),
    ];
    assert_eq!(reader, wanted.map(|(action, resource)| (action.to_owned(), resource.to_owned())).into());
}
