//! The inventory in S3 and in Parameter Store: what a run reads, what one team's file can do to others, and what
//! happens where a source is not read as a whole.

use serde_json::{Value, json};

use crate::harness::{Cli, Lambda, REGION, TOPIC, event, finding, findings, ids, job, outcomes, role, world};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, Parameter, Role, StandIn, World};

const DATA: &str = "arn:aws:iam::222222222222:role/data-etl";
const WEB: &str = "arn:aws:iam::333333333333:role/web-upload";
const BUCKET: &str = "company-inventory";
const PREFIX: &str = "s3://company-inventory/teams/";
const KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/11111111-2222-3333-4444-555555555555";
const PLATFORM: &str = "version: 1\ndefaults: {owner: platform}\n";

fn team(name: &str, owner: &str, length: &str, path: &str) -> String {
    format!(
        "version: 1\ndefaults: {{owner: {owner}}}\njobs: [{{name: {name}, length: {length}, source: ecs-task, \
         path: [\"{path}\"]}}]\n"
    )
}

/// Three files of teams and the platform's below the prefix.
fn filled() -> (World, Credentials) {
    let (mut world, checker) = world();
    world.role(role(DATA)).role(role(WEB)).bucket(Bucket::new(BUCKET, REGION));
    for (key, text) in [
        ("teams/platform.yaml", PLATFORM.to_owned()),
        ("teams/data/etl.yaml", team("etl", "data", "30m", DATA)),
        ("teams/web.yaml", team("upload", "web", "4h", WEB)),
        ("teams/README.md", "no inventory".to_owned()),
        ("other/x.yaml", "version: [".to_owned()),
    ] {
        world.set_object(BUCKET, key, Some(&text));
    }
    (world, checker)
}

async fn function(aws: &StandIn, checker: &Credentials, inventory: &str) -> Lambda {
    Lambda::new(aws, checker, "", &[("INVENTORY", inventory), ("TOPIC_ARN", TOPIC)]).await
}

async fn run(lambda: &Lambda) -> Value {
    lambda.invoke(&json!({})).await.unwrap()
}

fn names(report: &Value) -> Vec<&str> {
    let files = report["run"]["inventory_files"].as_array().unwrap();
    files.iter().map(|file| file["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_run_reads_each_object_below_a_prefix_and_the_next_run_only_what_has_changed() {
    let (world, checker) = filled();
    let aws = StandIn::start(world).await;
    let lambda = function(&aws, &checker, PREFIX).await;
    let report = run(&lambda).await;
    let read = ["data/etl.yaml", "platform.yaml", "web.yaml"].map(|name| format!("{PREFIX}{name}"));
    assert_eq!(names(&report), read);
    assert_eq!((&job(&report, "etl")["verdict"], outcomes(&report, "upload")), (&json!("covered"), vec!["assumed"]));
    assert_eq!(aws.calls_of("GetObject").len(), 3);

    aws.reset_calls();
    let again = run(&lambda).await;
    assert_eq!((aws.calls_of("ListObjectsV2").len(), aws.calls_of("GetObject").len()), (1, 0));
    assert_eq!(again["run"]["inventory_sha256"], report["run"]["inventory_sha256"]);

    let longer = team("etl", "data", "5h", DATA);
    aws.world(|world| world.set_object(BUCKET, "teams/data/etl.yaml", Some(&longer)));
    aws.reset_calls();
    let changed = run(&lambda).await;
    let get = aws.calls_of("GetObject");
    assert_eq!(get.iter().filter_map(|call| call.param("Key")).collect::<Vec<_>>(), ["teams/data/etl.yaml"]);
    assert_eq!(job(&changed, "etl")["verdict"], "lapses");
    assert_ne!(changed["run"]["inventory_files"][0]["etag"], report["run"]["inventory_files"][0]["etag"]);

    aws.world(|world| world.set_object(BUCKET, "teams/web.yaml", None));
    assert_eq!(run(&lambda).await["summary"]["jobs"], 1);
}

#[tokio::test]
async fn an_unchanged_object_is_not_sent_again() {
    let (mut world, checker) = filled();
    world.set_object(BUCKET, "jobs.yaml", Some(&team("etl", "data", "30m", DATA)));
    let aws = StandIn::start(world).await;
    let lambda = function(&aws, &checker, "s3://company-inventory/jobs.yaml").await;
    let first = run(&lambda).await;
    let second = run(&lambda).await;
    let statuses: Vec<u16> = aws.calls_of("GetObject").iter().map(|call| call.status).collect();
    assert_eq!(statuses, [200, 304]);
    assert_eq!(first["run"]["inventory_files"], second["run"]["inventory_files"]);
    assert_eq!(job(&second, "etl")["verdict"], "covered");
}

#[tokio::test]
async fn a_list_that_is_not_read_to_its_end_is_no_inventory() {
    let (mut world, checker) = world();
    world.role(role(DATA)).bucket(Bucket::new(BUCKET, REGION).pages_of(1));
    for name in ["a", "b", "platform"] {
        let text = if name == "platform" { PLATFORM.to_owned() } else { team(name, name, "30m", DATA) };
        world.set_object(BUCKET, &format!("teams/{name}.yaml"), Some(&text));
    }
    let aws = StandIn::start(world).await;
    let lambda = function(&aws, &checker, PREFIX).await;
    assert_eq!(run(&lambda).await["summary"]["jobs"], 2);
    for answer in [Answer::error(403, "AccessDenied", "no"), Answer::Html(200)] {
        aws.clear_script();
        aws.script(Fault::on("ListObjectsV2").after(1).then(answer));
        let failed = lambda.invoke(&json!({})).await.unwrap_err();
        assert_eq!(failed.error_type, "BadInventory", "{}", failed.error_message);
        assert!(failed.error_message.contains(PREFIX), "{}", failed.error_message);
    }
    aws.clear_script();
    assert_eq!(run(&lambda).await["summary"]["jobs"], 2);
}

#[tokio::test]
async fn a_prefix_without_an_inventory_is_an_error_and_not_an_empty_inventory() {
    let (world, checker) = filled();
    let aws = StandIn::start(world).await;
    for (inventory, about) in [
        ("s3://company-inventory/nothing/", "the prefix has no *.yaml, *.yml or *.json object"),
        ("s3://company-inventory/nothing.yaml", "there is no such object"),
        ("s3://another-bucket/teams/", "NoSuchBucket"),
        ("s3://another-bucket/teams/", "check the name of the bucket"),
        ("ssm:/nothing", "the path has no parameters"),
    ] {
        let failed = function(&aws, &checker, inventory).await.invoke(&json!({})).await.unwrap_err();
        assert_eq!(failed.error_type, "BadInventory", "{inventory}");
        assert!(failed.error_message.contains(about), "{inventory}: {}", failed.error_message);
    }
}

/// XML has no text for most control characters: without an encoding, nobody could read a list with such a key.
#[tokio::test]
async fn a_key_with_any_characters_is_read_and_no_other_file_is_lost() {
    for odd in ["\u{1}", "a\nb\r", "a b+c%41&<>\"'", "über-\u{202e}\u{ffff}"] {
        let (mut world, checker) = filled();
        world.set_object(BUCKET, &format!("teams/{odd}.yaml"), Some(&team("odd", "web", "30m", WEB)));
        let aws = StandIn::start(world).await;
        let report = run(&function(&aws, &checker, PREFIX).await).await;
        assert!(names(&report).contains(&format!("{PREFIX}{odd}.yaml").as_str()), "{:?}", names(&report));
        assert_eq!((&report["summary"]["jobs"], outcomes(&report, "odd")), (&json!(3), vec!["assumed"]), "{odd:?}");

        aws.world(|world| world.set_object(BUCKET, &format!("teams/{odd}.yaml"), Some("version: [")));
        let broken = Cli::new(&["lint", "--inventory", PREFIX]).asking(&aws, &checker).run().await;
        broken.assert_status(2);
        assert!(!broken.stderr.contains(['\u{1}', '\r', '\u{202e}']), "{:?}", broken.stderr);
    }
}

/// The malicious team names another owner, another team's role and a reader of its own, waives the findings of others,
/// and uses the name of another team's job.
#[tokio::test]
async fn a_malicious_team_silences_no_other_team_in_s3() {
    let (mut world, checker) = filled();
    let platform = format!(
        "{PLATFORM}sources:\n  - {{from: data/, owner: data, roles: [\"arn:aws:iam::222222222222:role/data-*\"]}}\n  \
         - {{from: web.yaml, owner: web, roles: [\"{WEB}\"]}}\n  - {{from: evil/, owner: evil, roles: []}}\n"
    );
    world.set_object(BUCKET, "teams/platform.yaml", Some(&platform));
    let waiver = "waivers: [{finding: chain-caps-session, job: \"*\", until: 2026-12-24, reason: x}]\n";
    for (key, text) in [
        ("teams/evil/role.yaml", team("taken", "evil", "1m", WEB)),
        ("teams/evil/owner.yaml", "version: 1\njobs: [{name: o, owner: web, length: 1m, source: lambda}]\n".to_owned()),
        ("teams/evil/reader.yaml", format!("version: 1\nreaders: {{\"*\": \"{WEB}\"}}\njobs: []\n")),
        ("teams/evil/platform.yaml", format!("{PLATFORM}{waiver}sources: [{{from: \"**\"}}]\n")),
        ("teams/evil/waiver.yaml", format!("version: 1\n{waiver}jobs: [{{name: w, length: 1m, source: lambda}}]\n")),
        ("teams/evil/name.yaml", "version: 1\njobs: [{name: upload, length: 1m, source: lambda}]\n".to_owned()),
        ("teams/unknown.yaml", team("unbound", "web", "1m", WEB)),
    ] {
        world.set_object(BUCKET, key, Some(&text));
    }
    let aws = StandIn::start(world).await;
    let report = function(&aws, &checker, PREFIX).await.invoke(&event("scheduled.json")).await.unwrap();
    let broken = findings(&report, "inventory-broken");
    let of_evil = ["owner", "platform", "reader", "role"].map(|name| format!("{PREFIX}evil/{name}.yaml"));
    let named: Vec<&str> = broken.iter().filter_map(|finding| finding["evidence"][0]["value"].as_str()).collect();
    // The sixth is about the name that two files have. Both jobs are checked, the later by the name of its file too.
    assert_eq!(broken.len(), 6, "{named:?}");
    let upload = "upload (web.yaml)";
    for file in &of_evil {
        let about = broken.iter().find(|finding| finding.to_string().contains(file)).expect(file);
        assert_eq!(about["owners"], json!(["evil", "platform"]), "{about:#}");
    }
    // The jobs of the others are judged as before.
    let lapses: Vec<&Value> = findings(&report, "chain-caps-session");
    let open = lapses.iter().filter(|finding| finding["waived"].is_null()).count();
    assert_eq!((lapses.len(), open, outcomes(&report, upload)), (1, 1, vec!["assumed"]), "{:#}", report["findings"]);
    assert_eq!((&job(&report, upload)["owner"], &job(&report, "etl")["verdict"]), (&json!("web"), &json!("covered")));
    // The platform's team is notified of each broken file.
    let owners: Vec<String> = aws.messages(TOPIC).iter().map(|message| format!("{message:?}")).collect();
    assert!(owners.iter().any(|message| message.contains("platform") && message.contains("evil/role.yaml")));
}

#[tokio::test]
async fn a_source_of_teams_that_is_not_read_leaves_the_others_checked() {
    let (world, checker) = filled();
    let aws = StandIn::start(world).await;
    let sources = format!("s3://company-inventory/teams/platform.yaml,{PREFIX}data/,s3://lost-bucket/teams/");
    let report = run(&function(&aws, &checker, &sources).await).await;
    assert_eq!((outcomes(&report, "etl"), ids(&report)), (vec!["assumed"], vec!["inventory-broken"]));
    let broken = finding(&report, "inventory-broken");
    assert!(broken.to_string().contains("s3://lost-bucket/teams/"), "{broken:#}");
    assert_eq!((&broken["owner"], &report["run"]["complete"]), (&json!("platform"), &json!(false)), "{broken:#}");
}

/// Without the whole name, an object could have the name of a file of another source.
#[tokio::test]
async fn with_several_sources_a_binding_names_the_whole_name_of_a_file() {
    let (mut world, checker) = filled();
    let platform = format!(
        "{PLATFORM}sources:\n  - {{from: \"{PREFIX}data/\", owner: data}}\n  - {{from: \"ssm:/teams/web\", owner: web, \
         roles: [\"{WEB}\"]}}\n"
    );
    world.set_object(BUCKET, "platform.yaml", Some(&platform));
    world.set_object(BUCKET, "teams/data/ssm:/teams/web", Some("version: ["));
    world.set_object(BUCKET, "teams/data/etl.yaml", Some(&team("etl", "data", "30m", DATA)));
    world.parameter("/teams/web", Parameter::new(&team("upload", "web", "30m", WEB)));
    world.parameter("/teams/platform", Parameter::new("version: 1\nsources: [{from: \"**\"}]\n"));
    let aws = StandIn::start(world).await;
    let sources = format!("s3://company-inventory/platform.yaml,{PREFIX}data/,ssm:/teams");
    let report = run(&function(&aws, &checker, &sources).await).await;
    assert_eq!((&job(&report, "etl")["owner"], &job(&report, "upload")["owner"]), (&json!("data"), &json!("web")));
    // The platform's file is in the first source alone.
    let [broken] = findings(&report, "inventory-broken")[..] else { panic!("{:#}", report["findings"]) };
    assert!(broken.to_string().contains("ssm:/teams/platform"), "{broken:#}");
}

#[tokio::test]
async fn parameters_are_read_page_by_page_and_decrypted_only_if_one_is_encrypted() {
    let (mut world, checker) = world();
    world.role(role(DATA));
    world.parameter("/health/platform", Parameter::new(PLATFORM));
    for number in 0..23 {
        let text = team(&format!("job-{number}"), "data", "30m", DATA);
        world.parameter(&format!("/health/team/{number}"), Parameter::new(&text));
    }
    world.parameter("/healthy/other", Parameter::new("version: ["));
    let aws = StandIn::start(world).await;
    let lambda = function(&aws, &checker, "ssm:/health").await;
    let report = run(&lambda).await;
    assert_eq!((&report["summary"]["jobs"], &report["run"]["complete"]), (&json!(23), &json!(true)));
    let decrypts = |aws: &StandIn| {
        let calls = aws.calls_of("GetParametersByPath");
        (calls.len(), calls.iter().filter(|call| call.param("WithDecryption") == Some("true")).count())
    };
    assert_eq!(decrypts(&aws), (3, 0));
    assert_eq!(report["run"]["inventory_files"][0], json!({"name": "ssm:/health/platform", "version": 1}));

    let text = team("secret", "web", "30m", DATA);
    aws.world(|world| _ = world.parameter("/health/team/0", Parameter::new(&text).encrypted_with(KEY)));
    aws.reset_calls();
    let report = run(&lambda).await;
    assert_eq!((decrypts(&aws), outcomes(&report, "secret")), ((6, 3), vec!["assumed"]));
    assert_eq!(report["run"]["inventory_files"][1], json!({"name": "ssm:/health/team/0", "version": 2}));
}

#[tokio::test]
async fn a_parameter_whose_key_is_refused_is_set_aside_alone() {
    let (mut world, _) = world();
    let arn = "arn:aws:ssm:eu-west-1:999999999999:parameter/health";
    world.role(role(DATA).trusts("arn:aws:iam::999999999999:role/tools/poor"));
    let poor = Role::new("arn:aws:iam::999999999999:role/tools/poor");
    world.role(poor.allows("ssm:GetParametersByPath", arn).allows("sts:AssumeRole", "*"));
    let checker = world.role_session("arn:aws:sts::999999999999:assumed-role/poor/tests");
    world.parameter("/health/platform", Parameter::new(PLATFORM));
    world.parameter("/health/data", Parameter::new(&team("etl", "data", "30m", DATA)));
    world.parameter("/health/web", Parameter::new("version: 1\n").encrypted_with(KEY));
    let aws = StandIn::start(world).await;
    let lambda = Lambda::new(&aws, &checker, "", &[("INVENTORY", "ssm:/health")]).await;
    let report = run(&lambda).await;
    assert_eq!(outcomes(&report, "etl"), ["assumed"]);
    let broken = finding(&report, "inventory-broken").to_string();
    assert!(broken.contains("ssm:/health/web") && broken.contains("kms:Decrypt"), "{broken}");
    assert!(!broken.contains("AQICAHexample"), "{broken}");
}

#[tokio::test]
async fn the_files_of_a_prefix_fit_the_memory_of_the_function() {
    let (mut world, checker) = filled();
    let large = format!("{}# {}\n", team("large", "web", "30m", WEB), "x".repeat(600 * 1024));
    world.set_object(BUCKET, "teams/web.yaml", Some(&large));
    world.parameter("/health/web", Parameter::new(&large));
    let aws = StandIn::start(world).await;
    let sources = format!("{PREFIX},ssm:/health");
    let settings = [("INVENTORY", sources.as_str()), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")];
    let report = run(&Lambda::new(&aws, &checker, "", &settings).await).await;
    let broken = findings(&report, "inventory-broken");
    assert_eq!((broken.len(), outcomes(&report, "etl")), (2, vec!["assumed"]), "{:#}", report["findings"]);
    assert!(broken.iter().all(|finding| finding.to_string().contains("is larger than 256 KiB")), "{broken:#?}");
    assert!(!aws.calls_of("GetObject").iter().any(|call| call.param("Key") == Some("teams/web.yaml")));
}

#[tokio::test]
async fn the_command_reads_an_inventory_in_s3_with_the_callers_credentials() {
    let (world, checker) = filled();
    let aws = StandIn::start(world).await;
    for command in ["check", "lint"] {
        let arguments = [command, "--inventory", PREFIX, "--fail-on", "none"];
        let ran = Cli::new(&arguments).asking(&aws, &checker).run().await;
        ran.assert_status(0);
        let line = format!("Inventory: {PREFIX}data/etl.yaml (ETag ");
        let words: Vec<&str> = ran.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(&line), "{}", ran.stdout);
    }
    let json = Cli::new(&["check", "--inventory", PREFIX, "--format", "json"]).asking(&aws, &checker).run().await;
    assert_eq!(names(&json.report()).len(), 3);

    aws.world(|world| world.set_object(BUCKET, "teams/web.yaml", Some("version: [")));
    let broken = Cli::new(&["check", "--inventory", PREFIX]).asking(&aws, &checker).run().await;
    broken.assert_status(2);
    assert!(broken.stderr.contains("s3://company-inventory/teams/web.yaml:1"), "{}", broken.stderr);

    let nobody = Cli::new(&["lint", "--inventory", PREFIX]).env("AWS_ENDPOINT_URL", &aws.url()).run().await;
    nobody.assert_status(4);
    let local = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(&local, PLATFORM).unwrap();
    let sources = format!("{}, {PREFIX}", local.path().display());
    let nobody = Cli::new(&["lint", "--inventory", &sources]).env("AWS_ENDPOINT_URL", &aws.url()).run().await;
    nobody.assert_status(4);
    assert!(nobody.stderr.starts_with(&format!("error: {PREFIX} cannot be read: no answer")), "{}", nobody.stderr);
    let both = Cli::new(&["lint", "--inventory", &sources]).asking(&aws, &checker).run().await;
    both.assert_status(2);
    assert!(both.stderr.contains("--> s3://company-inventory/teams/web.yaml:1"), "{}", both.stderr);
    for bad in ["s3://", "ssm:teams", "a.yaml,,b.yaml", "a.yaml,-"] {
        let ran = Cli::new(&["lint", "--inventory", bad]).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains("error: --inventory: "), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn the_function_reads_its_inventory_with_the_permissions_of_the_template_alone() {
    let (mut world, _) = filled();
    let objects = format!("arn:aws:s3:::{BUCKET}/teams/*");
    let bucket = format!("arn:aws:s3:::{BUCKET}");
    let reader = Role::new("arn:aws:iam::999999999999:role/tools/reader");
    world.role(reader.allows("s3:GetObject", &objects).allows("s3:ListBucket", &bucket).allows("sts:AssumeRole", "*"));
    world.role(role(DATA).trusts("arn:aws:iam::999999999999:role/tools/reader"));
    let checker = world.role_session("arn:aws:sts::999999999999:assumed-role/reader/tests");
    let aws = StandIn::start(world).await;
    let report = run(&Lambda::new(&aws, &checker, "", &[("INVENTORY", PREFIX)]).await).await;
    assert_eq!(names(&report).len(), 3);
    let refused: Vec<_> =
        aws.calls().into_iter().filter(|call| call.action.ends_with("Object") && call.status >= 400).collect();
    assert!(refused.is_empty(), "{refused:?}");
}
