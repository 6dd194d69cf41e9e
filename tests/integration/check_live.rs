//! The check against the stand-in, in this process: its calls, their parameters, and its report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    CHECKER, Check, Cli, RUN_ID, check, check_once, client, finding, findings, hasty_client, ids, job, outcomes, role,
    role_of, world,
};
use crate::stand_in::{Answer, Call, Fault, Role, StandIn, User, Wording, refusal};

const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";
const ETL: &str = "arn:aws:iam::222222222222:role/etl";
const DUMP: &str = "arn:aws:iam::222222222222:role/jobs/dump";
const DEPLOY: &str = "arn:aws:iam::333333333333:role/deploy";
/// The session of the checker in `world`.
const SESSION: &str = "arn:aws:sts::999999999999:assumed-role/checker/tests";
const READER: &str = "arn:aws:iam::222222222222:role/credential-health-reader";

/// Three jobs through the hub, two of them to the same role, and one job directly to that role.
const SHARED: &str = "version: 1
roles:
  hub: {arn: \"arn:aws:iam::111111111111:role/pipeline/hub\"}
jobs:
  - {name: etl, length: 30m, source: ecs-task, path: [hub, \"arn:aws:iam::222222222222:role/etl\"]}
  - {name: etl-again, length: 20m, source: lambda, path: [hub, \"arn:aws:iam::222222222222:role/etl\"], refresh: auto}
  - {name: dump, length: 30m, source: iam-user, path: [hub, \"arn:aws:iam::222222222222:role/jobs/dump\"]}
  - {name: direct, length: 30m, source: iam-user, path: [\"arn:aws:iam::222222222222:role/etl\"]}
";

/// The world of `SHARED`.
async fn shared() -> (StandIn, crate::stand_in::Credentials) {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*"));
    world.role(role(ETL).trusts(HUB)).role(role(DUMP).trusts(HUB));
    (StandIn::start(world).await, checker)
}

/// A Lambda function runs for at most 15 minutes, so this inventory has a shorter job.
fn shared_inventory() -> String {
    SHARED.replace("length: 20m, source: lambda", "length: 10m, source: lambda")
}

/// The number of calls for each target.
fn targets(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut targets = BTreeMap::new();
    for call in calls {
        *targets.entry(call.target().unwrap()).or_insert(0) += 1;
    }
    targets
}

/// The pattern of `aws:PrincipalArn` matches these ARNs as `ArnEquals` does: `*` is any text in one part of an ARN.
fn principal_matches(pattern: &str, arn: &str) -> bool {
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    arn.len() >= before.len() + after.len() && arn.starts_with(before) && arn.ends_with(after)
}

#[tokio::test]
async fn a_statement_for_a_session_of_identity_center_names_the_role_with_its_path() {
    let name = "AWSReservedSSO_Admin_0123456789abcdef";
    for path in ["aws-reserved/sso.amazonaws.com/eu-west-1/", "aws-reserved/sso.amazonaws.com/"] {
        let (mut world, _) = world();
        let caller = format!("arn:aws:iam::999999999999:role/{path}{name}");
        world.role(Role::new(&caller).allows("*", "*"));
        world.role(Role::new(ETL)).role(Role::new(DUMP));
        let person = world.role_session(&format!("arn:aws:sts::999999999999:assumed-role/{name}/ann"));
        let aws = StandIn::start(world).await;
        let inventory = format!(
            "version: 1\njobs:\n  - {{name: etl, length: 30m, source: iam-user, path: [\"{ETL}\"]}}\n  \
             - {{name: dump, length: 30m, source: iam-user, path: [\"{DUMP}\"]}}\n"
        );
        let report = check_once(&aws, &person, &inventory).await;
        let refused = findings(&report, "assume-denied");
        assert_eq!(refused.len(), 2, "{:#}", report["findings"]);
        for refused in refused {
            let fixes = refused["remediation"].as_array().unwrap();
            let statement = fixes[0]["parts"][1]["blocks"][0]["text"].as_str().unwrap();
            let statement: Value = serde_json::from_str(statement).unwrap();
            let pattern = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"].as_str().unwrap();
            assert!(principal_matches(pattern, &caller), "{pattern}");
            for other in ["AWSReservedSSO_Other_0123456789abcdef", "Admin"] {
                assert!(!principal_matches(pattern, &caller.replace(name, other)), "{pattern}");
            }
            assert!(!principal_matches(pattern, &format!("arn:aws:iam::999999999999:role/{name}")), "{pattern}");
            // The simulation needs the ARN itself.
            let simulated = fixes[1]["cli"].as_str().unwrap();
            assert!(simulated.contains(&format!("get-role --role-name {name} --query Role.Arn")), "{simulated}");
            assert!(!simulated.contains('*'), "{simulated}");
            // The name of a session does not limit it.
            let guide = "deny such sessions every action";
            assert!(fixes[0]["step"].as_str().unwrap().contains(guide), "{}", fixes[0]["step"]);
        }
        let text = Cli::on(&inventory, "check", &[]).asking(&aws, &person).run().await.stdout;
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains(&format!("1. You call as arn:aws:sts::999999999999:assumed-role/{name}/ann.")),
            "{text}"
        );
    }
}

// --- The calls ---

#[tokio::test]
async fn jobs_that_share_prefixes_cause_one_assume_role_for_each_prefix_and_one_get_role_for_each_role() {
    let (aws, checker) = shared().await;
    let report = check_once(&aws, &checker, &shared_inventory()).await;
    assert_eq!(ids(&report), Vec::<&str>::new(), "{:#}", report["findings"]);
    // ETL has two prefixes: through the hub, and directly.
    assert_eq!(targets(&aws.calls_of("AssumeRole")), BTreeMap::from([(HUB, 1), (ETL, 2), (DUMP, 1)]));
    assert_eq!(targets(&aws.calls_of("GetRole")), BTreeMap::from([("hub", 1), ("etl", 1), ("dump", 1)]));
    assert_eq!(aws.calls_of("GetCallerIdentity").len(), 1);
    assert_eq!(aws.calls().len(), 8);
}

#[tokio::test]
async fn the_coverage_counts_checked_roles_and_paths() {
    let (aws, checker) = shared().await;
    let report = check_once(&aws, &checker, &shared_inventory()).await;
    assert_eq!(
        report["coverage"],
        json!({
            "roles": {"total": 3, "assumed": 3, "described": 3, "not_checked": []},
            "paths": {"total": 4, "walked": 4, "not_walked": []},
        })
    );
    assert_eq!(report["summary"]["jobs"], 4);
    assert_eq!(report["summary"]["roles"], 3);
    assert_eq!(report["run"]["complete"], true);
    assert_eq!(report["run"]["id"], RUN_ID);
    for name in ["etl", "etl-again", "dump", "direct"] {
        assert_eq!(job(&report, name)["walk"], "walked");
    }
}

#[tokio::test]
async fn every_session_lasts_900_seconds_and_is_named_after_the_run() {
    let (aws, checker) = shared().await;
    check_once(&aws, &checker, &shared_inventory()).await;
    for call in aws.calls_of("AssumeRole") {
        assert_eq!(call.param("DurationSeconds"), Some("900"));
        assert_eq!(call.param("RoleSessionName"), Some("credential-health-run-1"));
    }
}

#[tokio::test]
async fn a_run_id_is_converted_to_a_valid_session_name() {
    let (aws, checker) = shared().await;
    let client = client(&aws, &checker).await;
    let run_id = format!("a run: {}", "ü/".repeat(60));
    let check = Check { aws: &client, concurrency: 4, time: None, run_id: &run_id };
    let outcome = check.of(&shared_inventory()).await;
    assert!(outcome.report.findings.is_empty(), "STS accepts the name");
    assert_eq!(outcome.report.run.id, run_id);
    let names: BTreeSet<String> =
        aws.calls_of("AssumeRole").iter().map(|call| call.params["RoleSessionName"].clone()).collect();
    let [name] = &names.into_iter().collect::<Vec<_>>()[..] else { panic!("the run has more than one session name") };
    assert!(name.starts_with("credential-health-a-run") && name.len() <= 64, "{name}");
}

#[tokio::test]
async fn every_session_policy_allows_only_the_calls_of_the_check_without_wildcards() {
    let (aws, checker) = shared().await;
    check_once(&aws, &checker, &shared_inventory()).await;
    let mut seen = 0;
    for call in aws.calls_of("AssumeRole") {
        let text = call.param("Policy").expect("every AssumeRole sends a session policy");
        assert!(text.len() <= 2048, "{} characters", text.len());
        assert!(!text.contains('*') && !text.contains('?'), "{text}");
        let policy: Value = serde_json::from_str(text).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            let allowed = statement["Resource"].as_array().unwrap();
            match statement["Action"].as_str() {
                Some("iam:GetRole") => assert_eq!(allowed, &[json!(call.target().unwrap())]),
                Some("sts:AssumeRole") => {
                    assert_eq!(call.target(), Some(HUB));
                    assert_eq!(
                        BTreeSet::from_iter(allowed.iter().map(|arn| arn.as_str().unwrap())),
                        BTreeSet::from([ETL, DUMP])
                    );
                }
                other => panic!("{other:?} is not an action of a check"),
            }
            assert_eq!(statement["Effect"], "Allow");
            seen += 1;
        }
    }
    assert_eq!(seen, 5, "four sessions read their role, and the hub's may assume the next roles");
}

#[tokio::test]
async fn a_hub_with_sixty_next_hops_is_assumed_once_for_each_group_that_fits_a_policy() {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*"));
    let mut inventory = format!("version: 1\nroles:\n  hub: {{arn: \"{HUB}\"}}\njobs:\n");
    for number in 0..60 {
        let arn = format!("arn:aws:iam::{:012}:role/pipelines/production/etl-{number}", 222_222_222_000_u64 + number);
        world.role(Role::new(&arn).trusts(HUB).allows("iam:GetRole", "*"));
        inventory
            .push_str(&format!("  - {{name: j{number}, length: 30m, source: ecs-task, path: [hub, \"{arn}\"]}}\n"));
    }
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(report["coverage"]["paths"]["walked"], 60, "{:#}", report["coverage"]);
    assert_eq!(report["coverage"]["roles"]["described"], 61);
    let calls = aws.calls_of("AssumeRole");
    let hubs: Vec<&Call> = calls.iter().filter(|call| call.target() == Some(HUB)).collect();
    let policies: usize = hubs.iter().map(|call| call.params["Policy"].len()).sum();
    assert!(hubs.iter().all(|call| call.params["Policy"].len() <= 2048));
    assert!(hubs.len() > 1 && hubs.len() <= policies.div_ceil(2048) + 1, "{} sessions of the hub", hubs.len());
    assert_eq!(calls.len(), hubs.len() + 60);
    assert_eq!(aws.calls_of("GetRole").iter().filter(|call| call.target() == Some("hub")).count(), 1);
}

#[tokio::test]
async fn the_conditions_of_a_trust_policy_are_met_by_the_request() {
    let (mut world, checker) = world();
    world.role(
        role(HUB).external_id("hub-7f3a").session_name("etl-*").may_assume("*").allows("sts:SetSourceIdentity", "*"),
    );
    world.role(role(ETL).trusts(HUB).source_identity("ci"));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
roles:
  hub: {{arn: \"{HUB}\", external_id: hub-7f3a, session_name: etl-1}}
  etl: {{arn: \"{ETL}\", source_identity: ci}}
jobs:
  - {{name: etl, length: 30m, source: ecs-task, path: [\"{HUB}\", etl]}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(outcomes(&report, "etl"), ["assumed", "assumed"], "{:#}", report["findings"]);
    let calls = aws.calls_of("AssumeRole");
    let sent = |target: &str, name: &str| {
        calls.iter().find(|call| call.target() == Some(target)).unwrap().param(name).map(str::to_owned)
    };
    assert_eq!(sent(HUB, "ExternalId").as_deref(), Some("hub-7f3a"), "the settings of a role also apply to its ARN");
    assert_eq!(sent(HUB, "RoleSessionName").as_deref(), Some("etl-1"));
    assert_eq!(sent(HUB, "SourceIdentity"), None);
    assert_eq!(sent(ETL, "SourceIdentity").as_deref(), Some("ci"));
    assert_eq!(sent(ETL, "ExternalId"), None);
}

#[tokio::test]
async fn a_wrong_external_id_is_a_denial() {
    let (mut world, checker) = world();
    world.role(role(HUB).external_id("hub-7f3a"));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1\nroles:\n  hub: {{arn: \"{HUB}\", external_id: old}}\n\
            jobs:\n  - {{name: a, length: 5m, source: ecs-task, path: [hub]}}\n"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(ids(&report), ["assume-denied"]);
}

#[tokio::test]
async fn each_sts_call_uses_the_callers_region_and_the_session_of_the_previous_hop() {
    let (aws, checker) = shared().await;
    check_once(&aws, &checker, &shared_inventory()).await;
    for call in aws.calls() {
        assert_eq!(call.region.as_deref(), Some("eu-west-1"));
    }
    let dump = &aws.calls_of("AssumeRole").into_iter().find(|call| call.target() == Some(DUMP)).unwrap();
    assert_eq!(dump.caller_arn.as_deref(), Some("arn:aws:sts::111111111111:assumed-role/hub/credential-health-run-1"));
    let described = &aws.calls_of("GetRole").into_iter().find(|call| call.target() == Some("dump")).unwrap();
    assert_eq!(
        described.caller_arn.as_deref(),
        Some("arn:aws:sts::222222222222:assumed-role/dump/credential-health-run-1")
    );
}

// --- Readers ---

#[tokio::test]
async fn a_reader_is_assumed_once_and_describes_all_roles_of_its_account() {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*"));
    world.role(Role::new(ETL).trusts(HUB)).role(Role::new(DUMP).trusts(HUB));
    world.role(Role::new(READER).trusts(CHECKER).external_id("example").allows("iam:GetRole", "*"));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
readers:
  \"222222222222\": {{role: \"{READER}\", external_id: example}}
jobs:
  - {{name: etl, length: 30m, source: ecs-task, path: [\"{HUB}\", \"{ETL}\"]}}
  - {{name: dump, length: 30m, source: ecs-task, path: [\"{HUB}\", \"{DUMP}\"]}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(report["coverage"]["roles"]["described"], 3, "{:#}", report["coverage"]);
    assert_eq!(report["coverage"]["roles"]["total"], 3, "a reader is not a role of a path");
    let calls = aws.calls_of("AssumeRole");
    let readers: Vec<&Call> = calls.iter().filter(|call| call.target() == Some(READER)).collect();
    let [reader] = readers[..] else { panic!("assumed {} times", readers.len()) };
    assert_eq!(reader.param("ExternalId"), Some("example"));
    let policy: Value = serde_json::from_str(reader.param("Policy").unwrap()).unwrap();
    assert_eq!(policy["Statement"], json!([{"Effect": "Allow", "Action": "iam:GetRole", "Resource": [ETL, DUMP]}]));
    for call in aws.calls_of("GetRole").iter().filter(|call| call.target() != Some("hub")) {
        assert!(call.caller_arn.as_ref().unwrap().contains("credential-health-reader"));
    }
}

#[tokio::test]
async fn the_reader_of_every_account_is_assumed_in_each() {
    let (mut world, checker) = world();
    for account in ["111111111111", "222222222222"] {
        let reader = format!("arn:aws:iam::{account}:role/reader");
        world.role(Role::new(reader).trusts(CHECKER).allows("iam:GetRole", "*"));
    }
    world.role(Role::new(HUB).trusts(CHECKER).may_assume("*"));
    world.role(Role::new(ETL).trusts(HUB).max_session(7200));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1\nreaders:\n  \"*\": \"arn:aws:iam::{{account}}:role/reader\"\n\
            jobs:\n  - {{name: etl, length: 30m, source: ecs-task, path: [\"{HUB}\", \"{ETL}\"]}}\n"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(role_of(&report, HUB)["max_session_duration_seconds"], 3600);
    assert_eq!(role_of(&report, ETL)["max_session_duration_seconds"], 7200);
    assert_eq!(role_of(&report, ETL)["max_session_duration_from"], "iam");
    assert_eq!(report["run"]["complete"], true);
}

#[tokio::test]
async fn a_refused_reader_is_one_finding_and_its_roles_have_no_live_maximum() {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*")).role(Role::new(ETL).trusts(HUB)).role(Role::new(DUMP).trusts(HUB));
    world.role(Role::new(READER));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
readers: {{\"222222222222\": \"{READER}\"}}
jobs:
  - {{name: etl, owner: data, length: 30m, source: ecs-task, path: [\"{HUB}\", \"{ETL}\"]}}
  - {{name: dump, owner: data, length: 30m, source: ecs-task, path: [\"{HUB}\", \"{DUMP}\"]}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    let denied = finding(&report, "assume-denied");
    assert_eq!(
        (denied["role"].as_str(), denied["hop"].as_u64(), denied["owner"].as_str()),
        (Some(READER), None, Some("data"))
    );
    assert_eq!(ids(&report), ["assume-denied"]);
    assert_eq!(role_of(&report, ETL)["max_session_duration_from"], Value::Null);
    assert_eq!(report["coverage"]["roles"]["described"], 1);
    assert_eq!(report["coverage"]["roles"]["assumed"], 3);
    assert_eq!(job(&report, "etl")["walk"], "walked");
}

#[tokio::test]
async fn a_role_that_iam_does_not_know_is_reported_as_missing_instead_of_denied() {
    let (mut world, checker) = world();
    world.role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*"));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1\nreaders: {{\"222222222222\": \"{READER}\"}}\n\
            jobs:\n  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}\n"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(ids(&report), ["role-missing"], "one finding for the role, the more specific one");
    assert_eq!(finding(&report, "role-missing")["severity"], "critical");
    assert_eq!(report["run"]["complete"], false, "the only role was not assumed");
}

// --- Roles that are not assumed ---

#[tokio::test]
async fn a_role_declared_with_assume_false_is_only_described() {
    let (mut world, checker) = world();
    world.role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*"));
    world.role(Role::new(ETL).max_session(14_400)).role(Role::new(DUMP));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
readers: {{\"222222222222\": \"{READER}\"}}
roles:
  etl: {{arn: \"{ETL}\", assume: false}}
jobs:
  - {{name: etl, length: 2h, source: iam-user, path: [{{role: etl, duration: 4h}}, \"{DUMP}\"], refresh: auto}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(targets(&aws.calls_of("AssumeRole")), BTreeMap::from([(READER, 1)]));
    assert_eq!(targets(&aws.calls_of("GetRole")), BTreeMap::from([("dump", 1), ("etl", 1)]));
    assert_eq!(outcomes(&report, "etl"), ["declared", "not-reached"]);
    assert_eq!(job(&report, "etl")["walk"], "not-walked");
    assert_eq!(job(&report, "etl")["verdict"], "covered");
    assert_eq!(report["coverage"]["paths"]["not_walked"], json!([{"job": "etl", "hop": 0, "reason": "declared"}]));
    assert_eq!(report["coverage"]["roles"]["described"], 2);
    assert_eq!(report["run"]["complete"], true, "a declared assume: false does not make the run incomplete");
}

#[tokio::test]
async fn a_web_identity_role_is_only_described_unless_the_inventory_declares_assume_true() {
    for source in ["web-identity", "saml"] {
        for (assume, calls, outcome) in
            [("", 1, "declared"), (", assume: true", 2, "assumed"), (", assume: false", 1, "declared")]
        {
            let (mut world, checker) = world();
            world.role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*"));
            world.role(role(ETL));
            let aws = StandIn::start(world).await;
            let inventory = format!(
                "version: 1
readers: {{\"222222222222\": \"{READER}\"}}
roles:
  etl: {{arn: \"{ETL}\"{assume}}}
jobs:
  - {{name: etl, length: 30m, source: {source}, path: [etl]}}
"
            );
            let report = check_once(&aws, &checker, &inventory).await;
            assert_eq!(aws.calls_of("AssumeRole").len(), calls, "{source}{assume}");
            assert_eq!(outcomes(&report, "etl"), [outcome], "{source}{assume}");
            assert_eq!(role_of(&report, ETL)["max_session_duration_from"], "iam");
            assert_eq!(ids(&report), Vec::<&str>::new(), "{source}{assume}");
        }
    }
}

#[tokio::test]
async fn an_unreadable_role_is_listed_in_the_coverage_as_not_checked() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let inventory =
        format!("version: 1\njobs:\n  - {{name: etl, length: 30m, source: web-identity, path: [\"{ETL}\"]}}\n");
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(
        report["coverage"]["roles"],
        json!({"total": 1, "assumed": 0, "described": 0, "not_checked": [{"role": ETL, "reason": "no-reader"}]})
    );
    assert_eq!(report["run"]["complete"], true, "its verdict needs no MaxSessionDuration");
    assert_eq!(ids(&report), Vec::<&str>::new());
}

/// The sentence about an incomplete run and the list below it count the same roles.
#[tokio::test]
async fn the_coverage_lists_as_many_unchecked_roles_as_the_summary_counts() {
    let (mut world, checker) = world();
    // STS answers for ETL, and IAM denies its settings.
    world.role(Role::new(ETL).trusts(CHECKER)).role(role(DUMP)).role(role(DEPLOY));
    let aws = StandIn::start(world).await;
    for target in [DUMP, DEPLOY] {
        aws.script(Fault::on("AssumeRole").target(target).then(Answer::error(
            400,
            "PackedPolicyTooLarge",
            "Too large",
        )));
    }
    let jobs = [ETL, DUMP, DEPLOY].map(|role| {
        format!(
            "  - {{name: {}, length: 30m, source: codebuild, path: [\"{role}\"]}}\n",
            role.rsplit('/').next().unwrap()
        )
    });
    let inventory = format!("version: 1\njobs:\n{}", jobs.concat());
    for more in [&[][..], &["-v"]] {
        let ran = Cli::on(&inventory, "check", more).asking(&aws, &checker).run().await;
        ran.assert_status(3);
        let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Incomplete: 2 of 3 roles were not checked."), "{text}");
        let listed = |what: &str| text.split(what).nth(1).unwrap().split('.').next().unwrap().to_owned();
        let (not_checked, not_described) = (listed("Roles not fully checked"), listed("Roles not described"));
        assert!(not_checked.contains("dump") && not_checked.contains("deploy"), "{text}");
        assert!(!not_checked.contains("etl") && not_described.contains("etl"), "{text}");
    }
}

#[tokio::test]
async fn a_role_in_the_checkers_account_is_read_by_the_checker() {
    let (mut world, checker) = world();
    let own = "arn:aws:iam::999999999999:role/own";
    world.role(Role::new(own).max_session(7200));
    let aws = StandIn::start(world).await;
    let inventory =
        format!("version: 1\njobs:\n  - {{name: own, length: 30m, source: web-identity, path: [\"{own}\"]}}\n");
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(role_of(&report, own)["max_session_duration_seconds"], 7200);
    assert_eq!(aws.calls_of("AssumeRole").len(), 0);
}

// --- Failures ---

#[tokio::test]
async fn one_bad_role_does_not_stop_the_others() {
    let (aws, checker) = shared().await;
    aws.world(|world| world.delete_role(DUMP));
    let report = check_once(&aws, &checker, &shared_inventory()).await;
    assert_eq!(outcomes(&report, "dump"), ["assumed", "denied"]);
    assert_eq!(job(&report, "dump")["walk"], "failed");
    for name in ["etl", "etl-again", "direct"] {
        assert_eq!(job(&report, name)["walk"], "walked");
    }
    assert_eq!(report["coverage"]["roles"]["not_checked"], json!([{"role": DUMP, "reason": "denied"}]));
    assert_eq!(report["coverage"]["paths"]["not_walked"], json!([{"job": "dump", "hop": 1, "reason": "denied"}]));
    let denied = finding(&report, "assume-denied");
    assert_eq!((denied["role"].as_str(), denied["hop"].as_u64(), denied["job"].as_str()), (Some(DUMP), Some(1), None));
    assert_eq!(report["run"]["complete"], true);
}

#[tokio::test]
async fn hops_after_a_failed_hop_are_not_walked_and_name_the_failed_hop() {
    let (mut world, checker) = world();
    world.role(role(DEPLOY).may_assume("*"));
    world.role(Role::new(HUB)).role(role(ETL).trusts(HUB)).role(role(DUMP).trusts(ETL));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
jobs:
  - {{name: deep, length: 30m, source: ecs-task, path: [\"{DEPLOY}\", \"{HUB}\", \"{ETL}\", \"{DUMP}\"]}}
  - {{name: less, length: 30m, source: ecs-task, path: [\"{DEPLOY}\", \"{HUB}\", \"{ETL}\"]}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(outcomes(&report, "deep"), ["assumed", "denied", "not-reached", "not-reached"]);
    assert_eq!(targets(&aws.calls_of("AssumeRole")), BTreeMap::from([(DEPLOY, 1), (HUB, 1)]));
    // The path has the failed hop and its reason. Each later role has the reason not-reached.
    assert_eq!(
        report["coverage"]["paths"]["not_walked"],
        json!([
            {"job": "deep", "hop": 1, "reason": "denied"}, {"job": "less", "hop": 1, "reason": "denied"},
        ])
    );
    assert_eq!(
        report["coverage"]["roles"]["not_checked"],
        json!([
            {"role": HUB, "reason": "denied"}, {"role": ETL, "reason": "not-reached"}, {"role": DUMP,
                "reason": "not-reached"},
        ])
    );
    // One finding for the refused role, with every affected job.
    let denied = finding(&report, "assume-denied");
    assert_eq!(denied["hop"], 1);
    let jobs = denied["evidence"].as_array().unwrap().iter().find(|evidence| evidence["name"] == "jobs").unwrap();
    assert_eq!(jobs["value"], json!(["deep", "less"]));
    assert_eq!(ids(&report), ["assume-denied"]);
}

#[tokio::test]
async fn a_refusal_at_the_first_hop_names_the_checker_as_caller() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let inventory = format!("version: 1\njobs:\n  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}\n");
    let report = check_once(&aws, &checker, &inventory).await;
    let denied = finding(&report, "assume-denied");
    assert_eq!(denied["hop"], 0);
    let detail = denied["detail"].as_str().unwrap();
    assert!(detail.contains("Only the checker was refused") && detail.contains("may not be refused"), "{detail}");
    assert!(
        detail.contains("arn:aws:sts::999999999999:assumed-role/checker/tests") && detail.contains(ETL),
        "{detail}"
    );
}

#[tokio::test]
async fn a_denial_names_the_cause_that_aws_names_or_lists_four_possible_causes() {
    for (wording, expected) in
        [(Wording::WithCause, "the role's trust policy does not allow it"), (Wording::Plain, "four causes")]
    {
        let (mut world, checker) = world();
        world.role(Role::new(ETL).denial_wording(wording));
        let aws = StandIn::start(world).await;
        let inventory =
            format!("version: 1\njobs:\n  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}\n");
        let report = check_once(&aws, &checker, &inventory).await;
        let detail = finding(&report, "assume-denied")["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{detail}");
    }
}

#[tokio::test]
async fn the_remedy_of_a_denial_names_the_calling_role_with_its_path() {
    let (mut world, checker) = world();
    world.role(role(HUB).may_assume("*")).role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let inventory =
        format!("version: 1\njobs:\n  - {{name: etl, length: 30m, source: ecs-task, path: [\"{HUB}\", \"{ETL}\"]}}\n");
    let report = check_once(&aws, &checker, &inventory).await;
    let remedies = finding(&report, "assume-denied")["remediation"].to_string();
    // IAM refuses a trust policy with a principal that does not exist, and role/hub is not role/pipeline/hub.
    assert!(remedies.contains(HUB), "{remedies}");
    assert!(!remedies.contains("arn:aws:iam::111111111111:role/hub"), "{remedies}");
}

#[tokio::test]
async fn the_checkers_expired_or_wrong_credentials_are_reported_once_for_each_role() {
    for (spoil, id) in
        [("expired", "credentials-expired"), ("inactive", "credentials-invalid"), ("secret", "signature-mismatch")]
    {
        let (mut world, mut checker) = world();
        world.role(role(HUB)).role(role(ETL));
        match spoil {
            "expired" => checker = world.role_session_for("arn:aws:sts::999999999999:assumed-role/checker/old", 0),
            "inactive" => world.deactivate(&checker),
            _ => checker.secret_access_key = "canary-secret-wrong".to_owned(),
        }
        let aws = StandIn::start(world).await;
        let inventory = format!(
            "version: 1
jobs:
  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}
  - {{name: hub, length: 30m, source: ecs-task, path: [\"{HUB}\"]}}
  - {{name: hub-again, length: 30m, source: ecs-task, path: [\"{HUB}\"]}}
"
        );
        let report = check_once(&aws, &checker, &inventory).await;
        assert_eq!(ids(&report), [id, id], "{spoil}: once per role, not once per job");
        assert_eq!(report["run"]["complete"], false, "{spoil}: no role was checked");
        assert_eq!(report["coverage"]["roles"]["assumed"], 0);
    }
}

#[tokio::test]
async fn a_denied_get_role_that_no_verdict_needs_appears_only_in_the_coverage() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL).trusts(CHECKER));
    let aws = StandIn::start(world).await;
    let inventory = format!("version: 1\njobs:\n  - {{name: etl, length: 30m, source: iam-user, path: [\"{ETL}\"]}}\n");
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(ids(&report), Vec::<&str>::new());
    assert_eq!(
        report["coverage"]["roles"],
        json!({"total": 1, "assumed": 1, "described": 0, "not_checked": [{"role": ETL, "reason": "describe-denied"}]})
    );
    assert_eq!(report["run"]["complete"], true);
    let needs_it = inventory
        .replace("length: 30m", "length: 2h")
        .replace(&format!("\"{ETL}\""), &format!("{{role: \"{ETL}\", duration: 3h}}"));
    let report = check_once(&aws, &checker, &needs_it).await;
    assert_eq!(ids(&report), ["max-session-unknown"]);
    assert_eq!(report["jobs"][0]["verdict"], "unknown");
    assert_eq!(report["run"]["complete"], false);
}

/// GetRole takes a name without a path, so the answer can be about another role.
#[tokio::test]
async fn a_role_declared_with_a_wrong_path_is_reported_as_missing() {
    let (mut world, checker) = world();
    let own = "arn:aws:iam::999999999999:role/jobs/own";
    world.role(Role::new(own));
    let aws = StandIn::start(world).await;
    let inventory = "version: 1\njobs:\n  - {name: own, length: 30m, source: web-identity, path: \
        [\"arn:aws:iam::999999999999:role/own\"]}\n";
    let report = check_once(&aws, &checker, inventory).await;
    let missing = finding(&report, "role-missing");
    assert!(missing.to_string().contains(own), "the finding names the role with that name: {missing:#}");
}

#[tokio::test]
async fn permanent_throttling_leaves_the_run_incomplete_and_the_other_roles_checked() {
    // Separate accounts: in this process, the SDK slows down every call to an account that throttled.
    let (slow_hub, throttled) = ("arn:aws:iam::777777777777:role/hub", "arn:aws:iam::777777777777:role/slow");
    let unread = "arn:aws:iam::777777777778:role/unread";
    let (mut world, checker) = world();
    world
        .role(role(slow_hub).may_assume("*"))
        .role(role(throttled).trusts(slow_hub))
        .role(role(unread))
        .role(role(ETL));
    let aws = StandIn::start(world).await;
    aws.script(Fault::on("AssumeRole").target(throttled).then(refusal("throttled")));
    aws.script(Fault::on("GetRole").target(unread).then(refusal("iam-throttled")));
    let inventory = format!(
        "version: 1
jobs:
  - {{name: slow, length: 30m, source: ecs-task, path: [\"{slow_hub}\", \"{throttled}\"]}}
  - {{name: unread, length: 30m, source: ecs-task, path: [\"{unread}\"]}}
  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}
"
    );
    let report = check(&hasty_client(&aws, &checker).await, &inventory).await;
    assert_eq!(outcomes(&report, "slow"), ["assumed", "throttled"]);
    assert_eq!((outcomes(&report, "unread"), outcomes(&report, "etl")), (vec!["assumed"], vec!["assumed"]));
    assert_eq!(
        report["coverage"]["roles"]["not_checked"],
        json!([
            {"role": throttled, "reason": "throttled"}, {"role": unread, "reason": "describe-throttled"},
        ])
    );
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(ids(&report), ["not-checked", "not-checked"]);
    for (action, target) in [("AssumeRole", throttled), ("GetRole", "unread")] {
        let tries = aws.calls_of(action).iter().filter(|call| call.target() == Some(target)).count();
        assert!((2..=6).contains(&tries), "{tries} tries of {action}");
    }
}

#[tokio::test]
async fn a_temporary_failure_is_retried_and_does_not_appear_in_the_report() {
    let (aws, checker) = shared().await;
    aws.script(Fault::on("AssumeRole").target(HUB).times(1).then(Answer::error(
        503,
        "ServiceUnavailable",
        "Service is unable to handle request.",
    )));
    aws.script(Fault::on("GetRole").target(DUMP).times(1).then(Answer::Reset));
    let report = check(&hasty_client(&aws, &checker).await, &shared_inventory()).await;
    assert_eq!(ids(&report), Vec::<&str>::new());
    assert_eq!(report["run"]["complete"], true);
    assert_eq!(aws.calls().len(), 10, "eight calls, two of them twice");
}

// --- Live values ---

#[tokio::test]
async fn verdicts_use_the_live_maximum_and_a_different_declared_maximum_is_reported() {
    let (mut world, checker) = world();
    world.role(role(ETL).max_session(7200));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
roles:
  etl: {{arn: \"{ETL}\", max_session_duration: 4h}}
jobs:
  - {{name: etl, length: 3h, source: iam-user, path: [{{role: etl, duration: 4h}}]}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    let etl = job(&report, "etl");
    assert_eq!((etl["verdict"].as_str(), etl["limited_by"].as_str()), (Some("rejected"), Some("max-session-duration")));
    assert_eq!(etl["hops"][0]["cap_seconds"], 7200);
    assert_eq!(etl["walk"], "walked", "the checker asks for 900 s, and never concludes from that");
    let drift = finding(&report, "max-session-drift");
    assert_eq!((drift["severity"].as_str(), drift["role"].as_str()), (Some("medium"), Some(ETL)));
    assert!(drift.to_string().contains("7200") && drift.to_string().contains("14400"));
    assert_eq!(
        role_of(&report, ETL),
        &json!({
            "arn": ETL, "assumed": true, "max_session_duration_seconds": 7200, "max_session_duration_from": "iam",
                "error": null,
        })
    );
    assert_eq!(findings(&report, "duration-above-max-session").len(), 1);
}

#[tokio::test]
async fn the_declared_maximum_is_used_if_the_live_maximum_cannot_be_read() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let inventory = format!(
        "version: 1
roles:
  etl: {{arn: \"{ETL}\", max_session_duration: 4h}}
jobs:
  - {{name: etl, length: 3h, source: web-identity, path: [{{role: etl, duration: 4h}}]}}
"
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(job(&report, "etl")["verdict"], "covered");
    assert_eq!(role_of(&report, ETL)["max_session_duration_from"], "declared");
    assert_eq!(report["run"]["complete"], true);
}

// --- The clock ---

#[tokio::test]
async fn a_clock_that_is_five_minutes_off_is_reported() {
    for (offset, direction) in [(300, "behind"), (-300, "ahead of")] {
        let (aws, checker) = shared().await;
        aws.set_clock_offset(jiff::SignedDuration::from_secs(offset));
        let report = check_once(&aws, &checker, &shared_inventory()).await;
        assert_eq!(ids(&report), ["clock-skew"]);
        let skew = finding(&report, "clock-skew");
        assert_eq!(
            (skew["severity"].as_str(), &skew["role"], &skew["job"]),
            (Some("high"), &Value::Null, &Value::Null)
        );
        assert!(skew["title"].as_str().unwrap().contains(direction), "{skew:#}");
        let measured = skew["evidence"][0]["value"].as_i64().unwrap();
        assert!((measured + offset).abs() <= 2, "{measured}");
        assert_eq!(job(&report, "dump")["walk"], "walked", "AWS takes 15 minutes");
    }
}

#[tokio::test]
async fn a_clock_that_is_three_minutes_off_is_accepted() {
    let (aws, checker) = shared().await;
    aws.set_clock_offset(jiff::SignedDuration::from_secs(180));
    assert_eq!(ids(&check_once(&aws, &checker, &shared_inventory()).await), Vec::<&str>::new());
}

#[tokio::test]
async fn a_clock_that_aws_refuses_is_reported_as_clock_skew() {
    let (aws, checker) = shared().await;
    aws.set_clock_offset(jiff::SignedDuration::from_mins(20));
    let report = check_once(&aws, &checker, &shared_inventory()).await;
    // The SDK learns the offset from the first refusal. The walk then succeeds, and the clock is reported.
    assert_eq!(ids(&report), ["clock-skew"]);
    assert!(aws.calls().iter().any(|call| call.code.as_deref() == Some("SignatureDoesNotMatch")));
    assert_eq!(job(&report, "direct")["walk"], "walked");
}

// --- Waivers ---

#[tokio::test]
async fn waivers_of_the_same_job_are_one_finding_that_counts_them() {
    let (aws, checker) = shared().await;
    let inventory = format!(
        "{}waivers:
  - {{finding: thin-margin, job: etl, until: 2020-01-01, reason: soon}}
  - {{finding: thin-margin, job: etl, until: 2020-02-01, reason: later}}
  - {{finding: role-missing, job: etl, until: 2020-03-01, reason: much later}}
  - {{finding: role-missing, job: dump, until: 2020-03-01, reason: alone}}
",
        shared_inventory()
    );
    let report = check_once(&aws, &checker, &inventory).await;
    let mut expired: Vec<_> = findings(&report, "waiver-expired");
    expired.sort_by_key(|finding| finding["title"].as_str());
    let titles: Vec<_> = expired.iter().map(|finding| &finding["title"]).collect();
    assert_eq!(
        titles,
        [
            "3 waivers of thin-margin, role-missing for job etl expired",
            "The waiver of role-missing for job dump expired on 2020-03-01",
        ]
    );
    let detail = expired[0]["detail"].as_str().unwrap();
    assert!(["soon", "later", "much later"].iter().all(|reason| detail.contains(reason)), "{detail}");
}

#[tokio::test]
async fn waivers_are_applied_or_reported_as_expired_or_unused() {
    let (aws, checker) = shared().await;
    aws.world(|world| world.delete_role(DUMP));
    let inventory = format!(
        "{}longest_waiver: 400000d
waivers:
  - {{finding: assume-denied, role: \"*/dump\", until: 2999-12-31, reason: being made}}
  - {{finding: thin-margin, job: etl, until: 2020-01-01, reason: soon}}
  - {{finding: role-missing, role: hub, until: 2999-12-31, reason: whatever, approver: nobody}}
",
        shared_inventory()
    );
    let report = check_once(&aws, &checker, &inventory).await;
    assert_eq!(ids(&report), ["assume-denied", "waiver-expired", "waiver-unused"]);
    let denied = finding(&report, "assume-denied");
    assert_eq!(denied["waived"]["reason"], "being made");
    assert_eq!(denied["waived"]["until"], "2999-12-31");
    assert_eq!(finding(&report, "waiver-expired")["severity"], "medium");
    assert_eq!(finding(&report, "waiver-unused")["severity"], "low");
    assert_eq!(report["summary"]["waived"], 1);
    assert_eq!(report["summary"]["findings"], json!({"critical": 0, "high": 0, "medium": 1, "low": 1}));
    assert_eq!(job(&report, "dump")["walk"], "failed", "a waiver changes no fact");
}

#[tokio::test]
async fn a_waiver_applies_on_its_last_day() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL));
    let aws = StandIn::start(world).await;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for (until, waived) in [(today, true), (today.yesterday().unwrap(), false)] {
        let inventory = format!(
            "version: 1
jobs:
  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}
waivers:
  - {{finding: assume-denied, role: \"{ETL}\", until: {until}, reason: soon}}
"
        );
        let report = check_once(&aws, &checker, &inventory).await;
        assert_eq!(!finding(&report, "assume-denied")["waived"].is_null(), waived, "until {until}");
        assert_eq!(findings(&report, "waiver-expired").len(), usize::from(!waived));
    }
}

// --- Limits ---

#[tokio::test]
async fn at_the_deadline_unanswered_roles_are_out_of_time_and_answered_roles_keep_their_results() {
    let (aws, checker) = shared().await;
    aws.script(Fault::on("AssumeRole").target(DUMP).then(Answer::Hang));
    let client = client(&aws, &checker).await;
    let before = std::time::Instant::now();
    let check = Check { aws: &client, concurrency: 32, time: Some(Duration::from_secs(5)), run_id: RUN_ID };
    let outcome = check.of(&shared_inventory()).await;
    assert!(before.elapsed() < Duration::from_secs(15), "{:?}", before.elapsed());
    let report = serde_json::to_value(outcome.report).unwrap();
    assert_eq!(outcomes(&report, "dump"), ["assumed", "out-of-time"]);
    assert_eq!(job(&report, "dump")["walk"], "not-walked");
    assert_eq!(job(&report, "etl")["walk"], "walked");
    assert_eq!(ids(&report), ["not-checked"]);
    assert_eq!(report["run"]["complete"], false);
}

#[tokio::test]
async fn the_checker_may_be_an_iam_user() {
    let (mut world, _) = world();
    let user = world.user(User::new("arn:aws:iam::999999999999:user/ann").may_assume("*"));
    world.role(Role::new(ETL).trusts("arn:aws:iam::999999999999:user/ann").allows("iam:GetRole", "*"));
    let aws = StandIn::start(world).await;
    let inventory = format!("version: 1\njobs:\n  - {{name: etl, length: 30m, source: ecs-task, path: [\"{ETL}\"]}}\n");
    let report = check_once(&aws, &user, &inventory).await;
    assert_eq!(job(&report, "etl")["walk"], "walked");
}

#[tokio::test]
async fn two_runs_differ_only_in_their_times() {
    let (aws, checker) = shared().await;
    aws.world(|world| world.delete_role(DUMP));
    let client = client(&aws, &checker).await;
    let mut reports = Vec::new();
    for _ in 0..2 {
        let mut report = check(&client, &shared_inventory()).await;
        report["run"]["duration_ms"] = Value::Null;
        report["run"]["started_at"] = Value::Null;
        // The request id of AWS belongs to the call, not to the problem.
        let text = report.to_string();
        let at = text.find("00000000-0000-4000-8000-").unwrap();
        reports.push(text.replace(&text[at..at + 36], "REQUEST"));
    }
    assert_eq!(reports[0], reports[1]);
}

// --- Profiles ---

const USER: &str = "arn:aws:iam::222222222222:user/jane";

/// A world in which a user may assume ETL, and the files of the user's profiles.
async fn with_profiles(arguments: &[&str]) -> (StandIn, Cli) {
    let (mut world, checker) = world();
    world.role(Role::new(ETL).trusts(USER).allows("iam:GetRole", ETL));
    let aws = StandIn::start(world).await;
    let keys = aws.world(|world| world.user(USER));
    let credentials = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n[other]\naws_access_key_id = {}\n\
         aws_secret_access_key = {}\naws_session_token = {}\n",
        keys.access_key_id,
        keys.secret_access_key,
        checker.access_key_id,
        checker.secret_access_key,
        checker.session_token.as_deref().unwrap_or_default()
    );
    let config = format!(
        "[profile etl]\nrole_arn = {ETL}\nsource_profile = base\n[profile mfa]\nrole_arn = {HUB}\n\
         source_profile = base\nmfa_serial = arn:aws:iam::222222222222:mfa/jane\n"
    );
    let cli = Cli::new(arguments).file(".aws/config", config).file(".aws/credentials", credentials);
    let cli = cli.env("AWS_ENDPOINT_URL", &aws.url()).env("AWS_REGION", "eu-west-1");
    (aws, cli)
}

#[tokio::test]
async fn check_takes_the_credentials_of_a_profile_before_those_of_the_environment() {
    let inventory = format!("version: 1\njobs: [{{name: j, length: 30m, source: iam-user, path: [\"{ETL}\"]}}]\n");
    let check = |profile: &'static str| ["check", "--inventory", "j.yaml", "--format", "json", "--profile", profile];
    for (profile, assumed) in [("base", 1), ("other", 0)] {
        let (_aws, cli) = with_profiles(&check(profile)).await;
        let cli = cli.file("j.yaml", &inventory).env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
        let ran = cli.env("AWS_SECRET_ACCESS_KEY", "of-nobody").run().await;
        assert_eq!(ran.report()["coverage"]["roles"]["assumed"], assumed, "{profile}: {}", ran.stdout);
    }
    let (_aws, cli) = with_profiles(&check("nope")).await;
    let ran = cli.file("j.yaml", &inventory).run().await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("no AWS credentials for profile `nope`"), "{}", ran.stderr);
    let known = "/.aws/credentials; the profiles are `base`, `etl`, `mfa`, `other`";
    assert!(ran.stderr.contains("/.aws/config") && ran.stderr.contains(known), "{}", ran.stderr);
    assert!(ran.stderr.contains("doctor --profile nope"), "{}", ran.stderr);
}

#[tokio::test]
async fn check_walks_each_profile_with_the_credentials_of_its_own_first_profile() {
    let (aws, cli) = with_profiles(&["check", "--aws-config", "--length", "4h", "--format", "json"]).await;
    let ran = cli.run().await;
    ran.assert_status(1);
    let report = ran.report();
    let walks = |name: &str| job(&report, name)["walk"].as_str().unwrap().to_owned();
    assert_eq!(
        (walks("etl"), walks("etl (copied)"), walks("mfa")),
        ("walked".into(), "walked".into(), "not-walked".into())
    );
    let role = role_of(&report, ETL);
    assert_eq!(role["max_session_duration_from"], "iam", "{role}");
    // `check` enters no MFA codes, so the role behind MFA is not assumed.
    let assumed: Vec<String> =
        aws.calls_of("AssumeRole").iter().map(|call| call.param("RoleArn").unwrap().to_owned()).collect();
    assert_eq!(assumed, [ETL]);
    let (_aws, cli) = with_profiles(&["check", "--aws-config"]).await;
    let text = cli.run().await.stdout;
    assert!(text.contains("1 of 2 roles assumed") && text.contains("were not assumed"), "{text}");
    // A profile whose role was not assumed is not known to start.
    let counts = "1 could not be judged, 1 could not be checked, 1 can start, 1 has a long-term key";
    assert_eq!(text.lines().next().unwrap(), format!("4 profiles: {counts}."), "{text}");
    let row = text.lines().find(|line| line.starts_with(" mfa ")).unwrap();
    assert!(row.contains("not checked; "), "{text}");
}

const BROKEN_AND_WITHOUT_LOGIN: &str = "[profile broken]\nrole_arn = arn:aws:iam::222222222222:role/etl\n\
    source_profile = nowhere\n[profile person]\nsso_start_url = https://corp.awsapps.com/start\n\
    sso_region = eu-west-1\nsso_account_id = 222222222222\nsso_role_name = Developer\n";

/// As in `lint`: a profile that can never work is in the table and in `not_judged`. Without a login nothing is walked.
#[tokio::test]
async fn check_names_profiles_that_can_never_work_and_walks_none_without_a_login() {
    for (with_keys, status) in [(true, 3), (false, 4)] {
        for arguments in [&["--length", "30m"][..], &[]] {
            let check = |format: &'static str| [&["check", "--aws-config", "--format", format], arguments].concat();
            let run = async |format: &'static str| {
                let (aws, cli) = with_profiles(&check(format)).await;
                let role = format!("[profile etl]\nrole_arn = {ETL}\nsource_profile = base\n");
                let config = if with_keys { role } else { String::new() };
                let cli = cli.file(".aws/config", format!("{config}{BROKEN_AND_WITHOUT_LOGIN}"));
                let cli = if with_keys { cli } else { cli.file(".aws/credentials", "") };
                let ran = cli.env("AWS_EC2_METADATA_DISABLED", "true").run().await;
                drop(aws);
                ran
            };
            let ran = run("json").await;
            ran.assert_status(status);
            let report = ran.report();
            let not_judged = &report["not_judged"][0];
            assert_eq!(not_judged["cannot_work"], true, "{report:#}");
            assert!(not_judged["what"].as_str().unwrap().contains("`nowhere`"), "{not_judged}");
            assert_eq!(
                (&job(&report, "person")["walk"], &report["run"]["complete"]),
                (&json!("failed"), &json!(false))
            );
            let expected = json!({"job": "person", "hop": null, "reason": "no-credentials"});
            let not_walked = report["coverage"]["paths"]["not_walked"].as_array().unwrap();
            assert!(not_walked.contains(&expected), "{not_walked:?}");
            assert_eq!(report["coverage"]["paths"]["walked"], if with_keys { 2 } else { 0 }, "{report:#}");
            let text = run("text").await.stdout;
            let row = text.lines().find(|line| line.trim_start().starts_with("broken")).unwrap();
            assert!(row.contains("cannot start") && row.contains("source profile missing"), "{text}");
            assert!(text.contains("1 can never work") && !text.contains("NEEDS"), "{text}");
        }
    }
}

/// Jobs with one role each, in these accounts.
fn jobs_in(accounts: &[&str]) -> String {
    let job = |(number, account): (usize, &&str)| {
        let role = format!("arn:aws:iam::{account}:role/r{number}");
        format!("  - {{name: j{number}, length: 30m, source: ecs-task, path: [\"{role}\"]}}\n")
    };
    format!("version: 1\njobs:\n{}", accounts.iter().enumerate().map(job).collect::<String>())
}

#[tokio::test]
async fn roles_that_were_never_set_up_for_the_checker_have_one_cause_and_its_fix_comes_first() {
    let (one, two) = ("222222222222", "333333333333");
    // The accounts of the roles, the roles that trust the checker, and the evidence.
    let cases = [
        (vec![one; 40], vec![], Some("40 of 40 roles in its account")),
        (vec![one, one, one, two, two], vec![3, 4], Some("3 of 3 roles in its account")),
        (vec![one, one, two, two], vec![], Some("4 of 4 roles in 2 accounts")),
        (vec![one, one, one], vec![1, 2], None),
    ];
    for (accounts, trusting, common) in cases {
        let (mut world, checker) = world();
        for (number, account) in accounts.iter().enumerate() {
            let arn = format!("arn:aws:iam::{account}:role/r{number}");
            world.role(if trusting.contains(&number) { role(&arn) } else { Role::new(&arn) });
        }
        let aws = StandIn::start(world).await;
        let inventory = jobs_in(&accounts);
        let report = check_once(&aws, &checker, &inventory).await;
        for denied in findings(&report, "assume-denied") {
            let evidence = denied["evidence"].as_array().unwrap();
            let together = evidence.iter().find(|evidence| evidence["name"] == "refused_together");
            assert_eq!(together.and_then(|evidence| evidence["value"].as_str()), common, "{denied:#}");
            let first = denied["remediation"][0].to_string();
            let (onboarding, role) = (first.find("How job roles trust the checker"), first.find("aws:PrincipalArn"));
            assert!(role.is_some() && onboarding.is_some() == common.is_some(), "{first}");
        }
        let ran = Cli::on(&inventory, "check", &[]).asking(&aws, &checker).run().await;
        let text = ran.stdout;
        assert_eq!(text.matches("MEDIUM").count(), 1, "{text}");
        assert!(text.lines().count() <= 60, "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.contains("You call as "), common.is_some(), "{text}");
        assert!(words.contains("deny such sessions every action but sts:AssumeRole"), "{text}");
        if let Some(onboarding) = words.find("You call as ") {
            assert!(
                words.contains(&format!("1. You call as {SESSION}. If that is not the checker's role, use --profile"))
            );
            assert!(Some(onboarding) < words.find("aws:PrincipalArn"), "{text}");
            assert!(!words.contains("RolePatterns"), "a command line has no stack: {text}");
        }
    }
}

#[tokio::test]
async fn each_statement_for_the_checker_matches_the_call_that_it_is_to_allow() {
    let names = ["ext", "plain", "named"];
    let (mut world, checker) = world();
    let inventory = format!(
        "version: 1\nroles:\n  ext: {{arn: \"{account}ext\", external_id: abc-123}}\n  plain: {{arn: \
         \"{account}plain\"}}\n  named: {{arn: \"{account}named\", session_name: nightly}}\njobs:\n{jobs}",
        account = "arn:aws:iam::222222222222:role/",
        jobs =
            names.map(|name| format!("  - {{name: {name}, length: 30m, source: ecs-task, path: [{name}]}}\n")).concat()
    );
    for name in names {
        world.role(Role::new(format!("arn:aws:iam::222222222222:role/{name}")));
    }
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, &inventory).await;
    let calls = aws.calls_of("AssumeRole");
    for name in names {
        let call = calls.iter().find(|call| call.target().is_some_and(|role| role.ends_with(name))).unwrap();
        let denied = findings(&report, "assume-denied");
        let denied = denied.iter().find(|denied| denied["role"].as_str().unwrap().ends_with(name)).unwrap();
        let parts = denied["remediation"][0]["parts"].as_array().unwrap();
        let statement = parts[1]["blocks"][0]["text"].as_str().unwrap();
        let condition = &serde_json::from_str::<Value>(statement).unwrap()["Condition"];
        let sent = call.param("ExternalId");
        assert_eq!(condition["StringEquals"]["sts:ExternalId"].as_str(), sent, "{statement}");
        let (pattern, session) = (&condition["StringLike"]["sts:RoleSessionName"], call.param("RoleSessionName"));
        assert!(principal_matches(pattern.as_str().unwrap(), session.unwrap()), "{statement}");
    }
    let text = Cli::on(&inventory, "check", &[]).asking(&aws, &checker).run().await.stdout;
    assert_eq!(text.matches("Add the statement").count(), 3, "{text}");
    assert_eq!(text.matches("\"sts:ExternalId\": \"abc-123\"").count(), 1, "{text}");
    assert_eq!(text.matches("\"sts:RoleSessionName\": \"nightly\"").count(), 1, "{text}");
}

#[tokio::test]
async fn a_root_user_gets_no_statement_because_it_cannot_assume_any_role() {
    let mut world = crate::stand_in::World::new();
    let root = world.user("arn:aws:iam::999999999999:root");
    world.role(Role::new("arn:aws:iam::222222222222:role/r0")).role(Role::new("arn:aws:iam::222222222222:role/r1"));
    let aws = StandIn::start(world).await;
    let inventory = jobs_in(&["222222222222"; 2]);
    for denied in findings(&check_once(&aws, &root, &inventory).await, "assume-denied") {
        let [fix] = &denied["remediation"].as_array().unwrap()[..] else { panic!("{denied:#}") };
        let step = fix["step"].as_str().unwrap();
        assert!(step.contains("arn:aws:iam::999999999999:root, a root user, which cannot assume any role"), "{step}");
        assert!(!fix.to_string().contains("aws:PrincipalArn"), "{fix:#}");
    }
    let ran = Cli::on(&inventory, "check", &[]).asking(&aws, &root).run().await;
    assert!(ran.stdout.contains("a root user, which cannot assume"), "{}", ran.stdout);
}

#[tokio::test]
async fn the_function_names_its_role_and_its_stack_where_most_roles_refuse_it() {
    let (mut world, checker) = world();
    world.role(Role::new("arn:aws:iam::222222222222:role/r0")).role(Role::new("arn:aws:iam::222222222222:role/r1"));
    let aws = StandIn::start(world).await;
    let lambda = crate::harness::Lambda::new(&aws, &checker, &jobs_in(&["222222222222"; 2]), &[]).await;
    let report = lambda.invoke(&crate::harness::event("manual.json")).await.unwrap();
    let denied = findings(&report, "assume-denied");
    assert_eq!(denied.len(), 2, "{report:#}");
    for denied in denied {
        let step = denied["remediation"][0]["parts"][0]["step"].as_str().unwrap();
        assert!(step.starts_with("The function calls as arn:aws:iam::999999999999:role/checker."), "{step}");
        assert!(step.contains("RolePatterns of its stack") && !step.contains("--profile"), "{step}");
    }
}

#[tokio::test]
async fn readers_that_are_missing_in_every_account_have_one_cause() {
    let (mut world, checker) = world();
    let readers = "readers: {\"*\": \"arn:aws:iam::{account}:role/credential-health-reader\"}\n";
    for (number, account) in ["222222222222", "333333333333"].iter().enumerate() {
        world.role(role(&format!("arn:aws:iam::{account}:role/r{number}")));
    }
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, &format!("{}{readers}", jobs_in(&["222222222222", "333333333333"]))).await;
    let denied = findings(&report, "assume-denied");
    assert_eq!(denied.len(), 2, "{report:#}");
    for denied in denied {
        assert!(
            denied["remediation"][0].to_string().contains("member-role.yaml is deployed to the accounts"),
            "{denied:#}"
        );
    }
}

#[tokio::test]
async fn coverage_says_that_a_refused_role_may_not_exist_and_that_a_missing_one_does_not() {
    let (mut world, checker) = world();
    world.role(Role::new(ETL)).role(Role::new(READER).trusts(CHECKER).allows("iam:GetRole", "*"));
    let aws = StandIn::start(world).await;
    let missing = "arn:aws:iam::222222222222:role/missing";
    let inventory = format!(
        "version: 1\nreaders: {{\"222222222222\": \"{READER}\"}}\njobs:\n  - {{name: a, length: 30m, \
         source: ecs-task, path: \
         [\"{ETL}\"]}}\n  - {{name: b, length: 30m, source: ecs-task, path: [\"{missing}\"]}}\n"
    );
    let ran = Cli::on(&inventory, "check", &[]).asking(&aws, &checker).run().await;
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("etl (does not exist or may not be assumed)"), "{text}");
    assert!(text.contains("missing (IAM knows no such role)"), "{text}");
}

#[tokio::test]
async fn a_role_that_was_not_checked_is_named_with_its_profile() {
    let (aws, cli) = with_profiles(&["check", "--aws-config", "--format", "json"]).await;
    aws.script(Fault::on("AssumeRole").target(ETL).then(Answer::error(400, "PackedPolicyTooLarge", "too large")));
    let report = cli.run().await.report();
    let title = finding(&report, "not-checked")["title"].as_str().unwrap().to_owned();
    assert!(title.starts_with("Profile etl: etl was not checked: "), "{title}");
}
