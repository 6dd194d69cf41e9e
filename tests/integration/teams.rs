//! Several files: each rules its own jobs. What one team's file says of another team's jobs, roles and findings has no
//! effect, whatever it tries, and a broken file stops only the check of its own jobs.

use std::collections::BTreeSet;

use credential_health::inventory::{Inventory, InventorySources, RemoteFiles};
use serde_json::{Value, json};

use crate::harness::{CHECKER, Cli, Lambda, TOPIC, event, findings, ids, job, outcomes, role, world};
use crate::stand_in::{Bucket, Credentials, Role, StandIn, World};

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const DATA: &str = "arn:aws:iam::222222222222:role/data-etl";
const WEB: &str = "arn:aws:iam::333333333333:role/web-upload";
const PLATFORM: &str = "version: 1\ndefaults: {owner: platform}\n";
/// The job of the team that is to be silenced: its chain ends the session after an hour.
const VICTIM: &str = r#"version: 1
defaults: {owner: data}
jobs:
  - {name: nightly-etl, length: 4h, source: ecs-task, path: ["arn:aws:iam::222222222222:role/data-etl"]}
"#;

fn accounts() -> (World, Credentials) {
    let (mut world, checker) = world();
    world.role(role(HUB)).role(role(DATA)).role(role(WEB));
    (world, checker)
}

async fn aws() -> (StandIn, Credentials) {
    let (world, checker) = accounts();
    (StandIn::start(world).await, checker)
}

/// The report of the victim beside the file of another team, which its author calls `a.yaml` to be the first.
async fn report_beside(attack: &str) -> Value {
    let (aws, checker) = aws().await;
    let files = [("platform.yaml", PLATFORM), ("a.yaml", attack), ("data.yaml", VICTIM)];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &[("TOPIC_ARN", TOPIC)]).await;
    lambda.invoke(&event("scheduled.json")).await.unwrap()
}

fn open_of<'a>(report: &'a Value, id: &str, name: &str) -> Vec<&'a Value> {
    findings(report, id).into_iter().filter(|finding| finding["job"] == name && finding["waived"].is_null()).collect()
}

#[tokio::test]
async fn no_file_of_a_team_silences_a_finding_of_another_team() {
    let own = "jobs: [{name: mine, owner: web, length: 10m, source: ecs-task}]\n";
    let attacks = [
        (
            "a waiver for everything",
            format!(
                "version: 1\n{own}waivers: [{{finding: chain-caps-session, job: \"*\", \
            until: 2026-12-24, reason: x}}]\n"
            ),
        ),
        (
            "a waiver by role",
            format!(
                "version: 1\n{own}waivers: [{{finding: chain-caps-session, role: \"*\", \
            until: 2026-12-24, reason: x}}]\n"
            ),
        ),
        (
            "a role that is not to be assumed",
            format!("version: 1\n{own}roles: {{x: {{arn: \"{DATA}\", assume: false}}}}\n"),
        ),
        (
            "a maximum of one's own",
            format!(
                "version: 1\n{own}roles: {{x: {{arn: \"{DATA}\", max_session_duration: \
            12h, external_id: wrong, session_name: wrong}}}}\n"
            ),
        ),
        ("defaults", format!("version: 1\n{own}defaults: {{owner: nobody, margin: 0s}}\n")),
        (
            "the same name for a healthy job",
            "version: 1\njobs: [{name: nightly-etl, owner: web, length: 1m, source: \
            ecs-task}]\n"
                .to_owned(),
        ),
        (
            "a job of one's own on the role",
            format!(
                "version: 1\njobs: [{{name: mine, length: 1m, source: ecs-task, \
            path: [\"{DATA}\"]}}]\nwaivers: [{{finding: chain-caps-session, role: \"{DATA}\", until: 2026-12-24, \
            reason: x}}]\n"
            ),
        ),
    ];
    for (what, attack) in attacks {
        let report = report_beside(&attack).await;
        let name = if what.starts_with("the same name") { "nightly-etl (data.yaml)" } else { "nightly-etl" };
        let open = open_of(&report, "chain-caps-session", name);
        assert_eq!(open.len(), 1, "{what}: {:#}", report["findings"]);
        assert_eq!((&open[0]["owner"], &open[0]["severity"]), (&json!("data"), &json!("high")), "{what}");
        assert_eq!(outcomes(&report, name), ["assumed"], "{what}");
        assert_eq!(report["run"]["complete"], true, "{what}: {:#}", report["findings"]);
    }
}

#[tokio::test]
async fn a_team_waives_findings_about_a_role_only_if_no_other_team_uses_it() {
    let waiver = format!("waivers: [{{finding: assume-denied, role: \"{WEB}\", until: 2026-12-24, reason: known}}]\n");
    let of = |owner: &str| {
        let job = format!("{{name: {owner}-job, owner: {owner}, length: 30m, source: ecs-task, path: [\"{WEB}\"]}}");
        format!("version: 1\njobs: [{job}]\n")
    };
    let (mut world, checker) = accounts();
    world.role(Role::new(WEB));
    let aws = StandIn::start(world).await;
    for (platform, files, waived) in [
        (PLATFORM.to_owned(), vec![("web.yaml", of("web") + &waiver)], true),
        (PLATFORM.to_owned(), vec![("web.yaml", of("web") + &waiver), ("data.yaml", of("data"))], false),
        (format!("{PLATFORM}{waiver}"), vec![("web.yaml", of("web")), ("data.yaml", of("data"))], true),
    ] {
        let mut all = vec![("platform.yaml", platform.as_str())];
        all.extend(files.iter().map(|(name, text)| (*name, text.as_str())));
        let lambda = Lambda::of_folder(&aws, &checker, &all, &[]).await;
        let report = lambda.invoke(&json!({})).await.unwrap();
        let [denied] = findings(&report, "assume-denied")[..] else { panic!("{:#}", report["findings"]) };
        assert_eq!(!denied["waived"].is_null(), waived, "{denied:#}");
        let by_file = report["summary"]["waived_by_file"].as_object().map(|files| files.len());
        assert_eq!(by_file, waived.then_some(1), "{:#}", report["summary"]);
    }
}

#[tokio::test]
async fn the_word_of_the_platform_goes_before_that_of_a_team() {
    let (mut world, checker) = accounts();
    world.role(Role::new(WEB).trusts(CHECKER).external_id("ours").allows("iam:GetRole", WEB));
    let aws = StandIn::start(world).await;
    let declared = |details: &str| format!("roles: {{upload: {{arn: \"{WEB}\", {details}}}}}\n");
    let platform = format!("{PLATFORM}{}", declared("external_id: ours"));
    let team = format!(
        "version: 1\n{}jobs: [{{name: upload, owner: web, length: 30m, source: ecs-task, path: [upload]}}]\n",
        declared("external_id: theirs, max_session_duration: 2h")
    );
    let files = [("platform.yaml", platform.as_str()), ("web.yaml", &team)];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &[]).await;
    let report = lambda.invoke(&json!({})).await.unwrap();
    assert_eq!(outcomes(&report, "upload"), ["assumed"]);
    assert_eq!(ids(&report), ["max-session-drift"], "what the platform leaves open, a team may state for its jobs");
}

#[tokio::test]
async fn two_teams_declare_a_role_each_for_its_own_jobs() {
    let (mut world, checker) = accounts();
    world.role(Role::new(WEB).trusts(CHECKER).external_id("right").allows("iam:GetRole", WEB));
    let aws = StandIn::start(world).await;
    let of = |owner: &str, id: &str| {
        format!(
            "version: 1\nroles: {{r: {{arn: \"{WEB}\", external_id: {id}}}}}\njobs: [{{name: {owner}-job, owner: \
             {owner}, length: 30m, source: ecs-task, path: [r]}}]\n"
        )
    };
    let (right, wrong) = (of("right", "right"), of("wrong", "wrong"));
    let files = [("platform.yaml", PLATFORM), ("right.yaml", &right), ("wrong.yaml", &wrong)];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &[]).await;
    let report = lambda.invoke(&json!({})).await.unwrap();
    assert_eq!((outcomes(&report, "right-job"), outcomes(&report, "wrong-job")), (vec!["assumed"], vec!["denied"]));
    let [denied] = findings(&report, "assume-denied")[..] else { panic!("{:#}", report["findings"]) };
    assert_eq!(denied["owners"], json!(["wrong"]));
    // The statement is that of the refused call, not of the first file.
    let first = denied["remediation"][0].to_string();
    assert!(first.contains("ExternalId") && first.contains("wrong") && !first.contains("right"), "{first}");
}

#[tokio::test]
async fn a_refusal_of_calls_with_several_external_ids_says_which_file_declares_which() {
    let (mut world, checker) = accounts();
    world.role(Role::new(WEB).trusts(CHECKER).external_id("right").allows("iam:GetRole", WEB));
    let aws = StandIn::start(world).await;
    let of = |owner: &str, details: &str| {
        format!(
            "version: 1\nroles: {{r: {{arn: \"{WEB}\"{details}}}}}\njobs: [{{name: {owner}-job, owner: {owner}, \
             length: 30m, source: ecs-task, path: [r]}}]\n"
        )
    };
    let (one, other, none) = (of("one", ", external_id: a1"), of("other", ", external_id: b2"), of("none", ""));
    let files = [("platform.yaml", PLATFORM), ("one.yaml", &one), ("other.yaml", &other), ("none.yaml", &none)];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &[]).await;
    let report = lambda.invoke(&json!({})).await.unwrap();
    let [denied] = findings(&report, "assume-denied")[..] else { panic!("{:#}", report["findings"]) };
    let first = denied["remediation"][0].to_string();
    for declared in [("none in ", "none.yaml"), ("`a1` in ", "one.yaml"), ("`b2` in ", "other.yaml")] {
        let at = first.find(declared.0).unwrap_or_else(|| panic!("{declared:?}: {first}"));
        assert!(
            first[at..].split([';', '.']).next().unwrap().len() < 200 && first[at..].contains(declared.1),
            "{first}"
        );
    }
    assert!(first.contains("Compare them with sts:ExternalId") && !first.contains("Statement"), "{first}");
}

#[tokio::test]
async fn sources_bind_a_file_to_its_owner_and_roles() {
    let platform = "version: 1\nsources:\n  - {from: data/, owner: data, roles: [\"arn:aws:iam::2*:role/data-*\"]}\n\
        \x20 - {from: \"web*.yaml\", owner: web}\n";
    let job = |more: &str, path: &str| {
        format!("version: 1\njobs: [{{name: j, length: 30m, source: ecs-task{more}, path: [{path}]}}]\n")
    };
    let (data, web) = (format!("\"{DATA}\""), format!("\"{WEB}\""));
    for (name, text, problem) in [
        ("data/jobs.yaml", job("", &data), None),
        ("data/deeper/jobs.yaml", job(", owner: data", &data), None),
        ("web-1.yaml", job("", &data), None),
        ("web-1/jobs.yaml", job("", &data), Some("does not name this file")),
        ("web-1/deeper.yaml", job("", &data), Some("does not name this file")),
        ("data/jobs.yaml", job("", &web), Some("does not allow arn:aws:iam::333333333333:role/web-upload")),
        ("data/jobs.yaml", job(", owner: web", &data), Some("gives this file to `data`, not to `web`")),
        ("data/jobs.yaml", format!("{}defaults: {{owner: web}}\n", job("", &data)), Some("not to `web`")),
        (
            "data/jobs.yaml",
            format!("{}roles: {{w: {{arn: {web}, assume: false}}}}\n", job("", &data)),
            Some("does not allow"),
        ),
        ("other.yaml", job("", &data), Some("does not name this file")),
        ("data.yaml", job("", &data), Some("does not name this file")),
    ] {
        let cli = Cli::new(&["lint", "--inventory", "all", "--format", "json", "--fail-on", "none"]);
        let ran = cli.file("all/platform.yaml", platform).file(&format!("all/{name}"), &text).run().await;
        match problem {
            None => {
                ran.assert_status(0);
                let owner = if name.starts_with("data") { "data" } else { "web" };
                assert_eq!(job_owner(&ran.report()), owner, "{name}");
            }
            Some(problem) => {
                ran.assert_status(2);
                assert!(ran.stderr.contains(problem), "{name}: {}", ran.stderr);
            }
        }
    }
}

#[tokio::test]
async fn sources_bind_the_functions_permission_sets_and_logins_of_a_team_too() {
    let platform = "version: 1\nsources:\n  - {from: data.yaml, roles: [\"*:role/data-*\"], permission_sets: [Data*], \
        functions: [\"arn:aws:lambda:*:222222222222:function:data-*\"]}\n  - {from: free.yaml, owner: free}\n";
    let function = |account: &str, name: &str| {
        format!("{{kind: lambda, function: \"arn:aws:lambda:eu-west-1:{account}:function:{name}\"}}")
    };
    let permission_set = |name: &str| format!("{{kind: identity-center, permission_set: {name}}}");
    let login = |role: &str| format!("{{kind: console-login, role: \"{role}\"}}");
    for (file, source, refused) in [
        ("data.yaml", function("222222222222", "data-etl"), None),
        ("data.yaml", function("222222222222", "web"), Some("`functions`")),
        ("data.yaml", function("333333333333", "data-etl"), Some("`functions`")),
        ("data.yaml", permission_set("DataAdmin"), None),
        ("data.yaml", permission_set("Admin"), Some("`permission_sets`")),
        ("data.yaml", login(DATA), None),
        ("data.yaml", login(WEB), Some("`roles`")),
        ("free.yaml", function("333333333333", "web"), None),
        ("free.yaml", permission_set("Admin"), None),
        ("free.yaml", login(WEB), None),
    ] {
        let text = format!("version: 1\njobs: [{{name: j, length: 10m, source: {source}}}]\n");
        let cli = Cli::new(&["lint", "--inventory", "all", "--fail-on", "none"]);
        let ran = cli.file("all/platform.yaml", platform).file(&format!("all/{file}"), &text).run().await;
        ran.assert_status(if refused.is_some() { 2 } else { 0 });
        if let Some(key) = refused {
            let help = format!("ask for a glob in {key} of its entry");
            assert!(ran.stderr.contains(&help) && ran.stderr.contains("data.yaml:2"), "{source}: {}", ran.stderr);
        }
    }
}

fn job_owner(report: &Value) -> String {
    job(report, "j")["owner"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_of_the_platform_are_refused_in_the_file_of_a_team() {
    let jobs = "jobs: [{name: j, length: 30m, source: ecs-task}]\n";
    for key in [
        "readers: {\"222222222222\": \"arn:aws:iam::222222222222:role/mine\"}",
        "accounts: {\"222222222222\": mine}",
        "longest_waiver: 9999d",
        "sources: [{from: \"*\", owner: mine}]",
        "roles: {hub: {arn: \"arn:aws:iam::222222222222:role/mine\"}}",
    ] {
        let platform = format!("{PLATFORM}roles: {{hub: {{arn: \"{HUB}\"}}}}\n");
        let cli = Cli::new(&["lint", "--inventory", "all"]).file("all/platform.yaml", platform);
        let ran = cli.file("all/team.yaml", format!("version: 1\n{jobs}{key}\n")).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains("platform's file") && ran.stderr.contains("team.yaml:3"), "{key}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_broken_file_stops_only_the_check_of_its_own_jobs() {
    let broken = "version: 1\ndefaults: {owner: web}\njobs: [{name: upload, length: 4, source: ecs-task}]\n";
    let large = format!("version: 1\n# {}\n", "x".repeat(41 * 1024 * 1024));
    let bytes = "\u{0}";
    for (what, text, owners) in [
        ("a problem", broken, vec!["data", "platform", "web"]),
        ("no YAML", "version: [", vec!["data", "platform"]),
        ("no text", bytes, vec!["data", "platform"]),
        ("an empty file", "", vec!["data", "platform"]),
        ("a file over every bound", &large, vec!["data", "platform"]),
    ] {
        let (aws, checker) = aws().await;
        let files = [("platform.yaml", PLATFORM), ("a.yaml", text), ("data.yaml", VICTIM)];
        let lambda = Lambda::of_folder(&aws, &checker, &files, &[("TOPIC_ARN", TOPIC)]).await;
        let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
        assert_eq!(open_of(&report, "chain-caps-session", "nightly-etl").len(), 1, "{what}");
        let [broken] = findings(&report, "inventory-broken")[..] else { panic!("{what}: {:#}", report["findings"]) };
        assert_eq!((&broken["severity"], &report["run"]["complete"]), (&json!("high"), &json!(false)), "{what}");
        let told: BTreeSet<String> =
            aws.messages(TOPIC).iter().map(|message| message.attributes["owner"].value.clone()).collect();
        assert_eq!(told, owners.iter().map(|owner| (*owner).to_owned()).collect(), "{what}");
    }
}

#[tokio::test]
async fn a_file_that_breaks_resolves_no_finding_of_its_jobs() {
    let (mut world, checker) = accounts();
    world.bucket(Bucket::new("state", "eu-west-1"));
    let aws = StandIn::start(world).await;
    let web = VICTIM.replace("nightly-etl", "upload").replace("data", "web").replace("web-etl", "data-etl");
    let files = [("platform.yaml", PLATFORM), ("web.yaml", web.as_str()), ("data.yaml", VICTIM)];
    let settings = [("TOPIC_ARN", TOPIC), ("STATE_URI", "s3://state/state.json")];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &settings).await;
    lambda.invoke_at("2026-11-24T06:00:00Z".parse().unwrap(), "1", &json!({})).await.unwrap();
    lambda.deploy_file("data.yaml", "version: [");
    let report = lambda.invoke_at("2026-11-25T06:00:00Z".parse().unwrap(), "2", &json!({})).await.unwrap();
    assert_eq!(findings(&report, "inventory-broken").len(), 1);
    let messages = aws.messages(TOPIC);
    assert!(messages.iter().all(|message| !message.text("email").contains("Resolved")), "{messages:#?}");
    lambda.deploy_file("data.yaml", VICTIM);
    let before = messages.len();
    lambda.invoke_at("2026-11-26T06:00:00Z".parse().unwrap(), "3", &json!({})).await.unwrap();
    let messages = aws.messages(TOPIC);
    assert_eq!(messages.len(), before + 1, "the platform learns that the file is read again, and nobody else anything");
}

#[tokio::test]
async fn a_broken_file_of_the_platform_or_a_single_file_stops_the_run() {
    let (aws, checker) = aws().await;
    let large = format!("version: 1\n# {}\n", "x".repeat(41 * 1024 * 1024));
    for files in [
        vec![("platform.yaml", "version: 1\nlongest_waiver: soon\n"), ("data.yaml", VICTIM)],
        vec![("platform.yaml", &large), ("data.yaml", VICTIM)],
        vec![("data.yaml", "version: 1\njobs: [{name: j}]\n")],
    ] {
        let lambda = Lambda::of_folder(&aws, &checker, &files, &[]).await;
        let failed = lambda.invoke(&json!({})).await.unwrap_err();
        assert_eq!(failed.error_type, "BadInventory", "{}", failed.error_message);
    }
    let files = Cli::new(&["lint", "--inventory", "all"]).file("all/platform.yaml", PLATFORM);
    files.file("all/a.yaml", "version: [").file("all/data.yaml", VICTIM).run().await.assert_status(2);
}

#[tokio::test]
async fn without_a_file_of_the_platform_an_alias_of_another_file_can_be_used_with_its_details() {
    let (mut world, checker) = accounts();
    world.role(Role::new(WEB).trusts(CHECKER).external_id("example").allows("iam:GetRole", WEB));
    let aws = StandIn::start(world).await;
    let roles = format!("version: 1\nroles: {{upload: {{arn: \"{WEB}\", external_id: example}}}}\n");
    let jobs = "version: 1\njobs: [{name: j, length: 30m, source: ecs-task, path: [upload]}]\n";
    let lambda = Lambda::of_folder(&aws, &checker, &[("roles.yaml", &roles), ("jobs.yaml", jobs)], &[]).await;
    let report = lambda.invoke(&json!({})).await.unwrap();
    assert_eq!(outcomes(&report, "j"), ["assumed"]);
    lambda.deploy_file("platform.yaml", PLATFORM);
    let report = lambda.invoke(&json!({})).await.unwrap();
    assert_eq!(ids(&report), ["inventory-broken"]);
    let from = InventorySources::from_argument(lambda.folder()).unwrap();
    let problems = Inventory::load(&from, RemoteFiles::default(), "2026-11-23".parse().unwrap()).unwrap_err();
    let helps: Vec<&str> = problems.iter().map(|problem| problem.help.as_str()).collect();
    assert!(helps.concat().contains("declare it here or in platform.yaml"), "{helps:?}");
}

#[tokio::test]
async fn a_team_waives_no_finding_about_a_reader_of_the_platform() {
    let reader = "arn:aws:iam::222222222222:role/reader";
    let (mut world, checker) = world();
    // The reader trusts nobody.
    world.role(role(DATA)).role(Role::new(reader));
    let aws = StandIn::start(world).await;
    let platform = format!("version: 1\ndefaults: {{owner: platform}}\nreaders: {{\"222222222222\": \"{reader}\"}}\n");
    let team = format!(
        "version: 1\njobs: [{{name: mine, owner: web, length: 10m, source: ecs-task, path: [\"{reader}\"]}}]\n\
         waivers: [{{finding: assume-denied, role: \"{reader}\", until: 2026-12-24, reason: x}}]\n"
    );
    let files = [("platform.yaml", platform.as_str()), ("a.yaml", &team), ("data.yaml", VICTIM)];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &[("TOPIC_ARN", TOPIC)]).await;
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    let denied: Vec<&Value> =
        findings(&report, "assume-denied").into_iter().filter(|finding| finding["role"] == reader).collect();
    assert!(!denied.is_empty(), "{report}");
    assert!(denied.iter().all(|finding| finding["waived"].is_null()), "{denied:?}");
}

#[tokio::test]
async fn two_files_of_the_platform_are_one_error_that_names_both() {
    let (aws, checker) = aws().await;
    let other =
        "version: 1\ndefaults: {owner: other}\nreaders: {\"222222222222\": \"arn:aws:iam::222222222222:role/r\"}\n";
    for second in ["platform.yml", "platform.json", "Platform.YAML"] {
        let files = [("platform.yaml", PLATFORM), (second, other), ("data.yaml", VICTIM)];
        let cli = Cli::new(&["lint", "--inventory", "all"]);
        let ran = files.iter().fold(cli, |cli, (name, text)| cli.file(&format!("all/{name}"), text)).run().await;
        ran.assert_status(2);
        let mut names = ["platform.yaml", second];
        names.sort_unstable();
        let sentence = format!("the folder has several files of the platform: {}", names.join(", "));
        assert!(ran.stderr.contains(&sentence) && ran.stderr.matches("error").count() == 1, "{}", ran.stderr);
        let lambda = Lambda::of_folder(&aws, &checker, &files, &[]).await;
        let failed = lambda.invoke(&json!({})).await.unwrap_err();
        assert_eq!(failed.error_type, "BadInventory");
        assert!(failed.error_message.contains(&sentence), "{}", failed.error_message);
    }
    assert!(aws.calls().is_empty());
}

/// The trust policy of a template decides for each file's external ID: one team's mistake is no finding of another.
#[tokio::test]
async fn a_planned_trust_policy_is_compared_with_the_external_id_of_each_file() {
    let template = format!(
        "Resources: {{Web: {{Type: \"AWS::IAM::Role\", Properties: {{RoleName: web-upload, AssumeRolePolicyDocument: \
         {{Statement: [{{Effect: Allow, Action: \"sts:AssumeRole\", Principal: {{AWS: \"{HUB}\"}}, Condition: \
         {{StringEquals: {{\"sts:ExternalId\": ours}}}}}}]}}}}}}}}\n"
    );
    let of = |owner: &str, id: &str| {
        format!(
            "version: 1\nroles: {{w: {{arn: \"{WEB}\", external_id: {id}}}}}\njobs: [{{name: {owner}, owner: {owner}, \
             length: 30m, source: ecs-task, path: [\"{HUB}\", w]}}]\n"
        )
    };
    for (first, second) in [("ours", "theirs"), ("theirs", "ours")] {
        let options = ["lint", "--inventory", "all", "--cloudformation", "t.yaml", "--account", "333333333333"];
        let cli = Cli::new(&[&options[..], &["--format", "json"]].concat()).file("t.yaml", &template);
        let cli = cli.file("all/platform.yaml", PLATFORM);
        let ran = cli.file("all/a.yaml", of("a", first)).file("all/b.yaml", of("b", second)).run().await;
        let report = ran.report();
        let [denied] = findings(&report, "assume-denied")[..] else { panic!("{:#}", report["findings"]) };
        let wrong = if first == "ours" { "b" } else { "a" };
        assert_eq!(denied["owners"], json!([wrong]), "{denied:#}");
        assert!(denied["remediation"][0].to_string().contains("theirs"), "{denied:#}");
    }
}

/// A file that the function's memory cannot hold would end every run without an answer.
#[tokio::test]
async fn a_file_that_is_too_large_for_the_memory_of_the_function_is_set_aside() {
    let (aws, checker) = aws().await;
    let job = "{name: a, length: 10m, source: ecs-task},";
    let large = format!("version: 1\ndefaults: {{owner: web}}\njobs: [{}]\n# {}\n", job, "x".repeat(1024 * 1024));
    let files = [("platform.yaml", PLATFORM), ("data.yaml", VICTIM), ("web.yaml", large.as_str())];
    for (memory, is_broken) in [(Some("128"), true), (Some("512"), false), (None, false)] {
        let mut settings = vec![("TOPIC_ARN", TOPIC)];
        settings.extend(memory.map(|memory| ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)));
        let lambda = Lambda::of_folder(&aws, &checker, &files, &settings).await;
        let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
        let broken = findings(&report, "inventory-broken");
        assert_eq!((!broken.is_empty(), broken.len() < 2), (is_broken, true), "{memory:?}: {:#}", report["findings"]);
        assert_eq!(open_of(&report, "chain-caps-session", "nightly-etl").len(), 1, "{memory:?}");
        for broken in broken {
            let text = broken.to_string();
            assert!(text.contains("web.yaml") && text.contains("is larger than 512 KiB"), "{text}");
        }
    }
    // A single file has no other file that it could hide.
    let (alone, memory) = ([("web.yaml", large.as_str())], [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")]);
    let report = Lambda::of_folder(&aws, &checker, &alone, &memory).await.invoke(&json!({})).await.unwrap();
    assert_eq!((report["summary"]["jobs"].clone(), ids(&report).len()), (json!(1), 0), "{report:#}");
}

/// Files that are small enough one by one must not fill the memory together. The largest gives way, whatever its name.
#[tokio::test]
async fn files_that_are_together_too_large_for_the_memory_of_the_function_give_way_by_size() {
    let (aws, checker) = aws().await;
    let of = |owner: &str, kib: usize| {
        let job = format!("{{name: {owner}-job, length: 10m, source: ecs-task}}");
        format!("version: 1\ndefaults: {{owner: {owner}}}\njobs: [{job}]\n# {}\n", "x".repeat(kib * 1024))
    };
    let (ops, web) = (of("ops", 400), of("web", 200));
    let bound = format!("{PLATFORM}sources:\n  - {{from: aaa.yaml, owner: ops}}\n  - {{from: \"*.yaml\"}}\n");
    let files = [("platform.yaml", bound.as_str()), ("aaa.yaml", &ops), ("data.yaml", VICTIM), ("web.yaml", &web)];
    for (memory, is_broken) in [("128", true), ("256", false)] {
        let settings = [("TOPIC_ARN", TOPIC), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)];
        let lambda = Lambda::of_folder(&aws, &checker, &files, &settings).await;
        let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
        let broken = findings(&report, "inventory-broken");
        assert_eq!(
            (broken.len(), &report["run"]["complete"]),
            (usize::from(is_broken), &json!(!is_broken)),
            "{memory}"
        );
        assert_eq!(open_of(&report, "chain-caps-session", "nightly-etl").len(), 1, "{memory}");
        assert_eq!(report["summary"]["jobs"], if is_broken { 2 } else { 3 }, "{memory}");
        for broken in broken {
            let text = broken.to_string();
            assert!(text.contains("aaa.yaml") && text.contains("reads 512 KiB of a folder"), "{text}");
            assert_eq!(broken["owners"], json!(["ops", "platform"]), "{text}");
        }
    }
    // The rules of the platform count, however long they are.
    let platform = format!("{PLATFORM}# {}\n", "x".repeat(600 * 1024));
    let files = [("platform.yaml", platform.as_str()), ("data.yaml", VICTIM)];
    let settings = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")];
    let report = Lambda::of_folder(&aws, &checker, &files, &settings).await.invoke(&json!({})).await.unwrap();
    assert_eq!(ids(&report), ["inventory-broken"], "{report:#}");
}
