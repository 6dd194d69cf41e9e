//! Which files of a folder are read, and what a file that cannot be read does to the others: nothing. Through the real
//! function, whose messages say what was not read to the owner of the file and to the platform.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{CHECKER, Cli, Lambda, TOPIC, event, findings, ids, role, world};
use crate::stand_in::{Credentials, Role, StandIn};

const DATA: &str = "arn:aws:iam::222222222222:role/data-etl";
const PLATFORM: &str = "version: 1\ndefaults: {owner: platform}\n";

async fn aws() -> (StandIn, Credentials) {
    let (mut world, checker) = world();
    world.role(role(DATA));
    (StandIn::start(world).await, checker)
}

/// A file with one job, whose session ends after an hour.
fn file_of(name: &str, owner: &str, more: &str) -> String {
    format!(
        "version: 1\ndefaults: {{owner: {owner}}}\njobs: [{{name: {name}, length: 4h, source: ecs-task, path: \
         [\"{DATA}\"]}}]\n{more}"
    )
}

/// Waivers of a job that have expired.
fn waivers(count: usize, job: &str) -> String {
    let waiver = format!("  - {{finding: thin-margin, job: {job}, until: 2026-11-01, reason: r}}\n");
    format!("waivers:\n{}", waiver.repeat(count))
}

/// Runs the function with these files. Returns its report and the owners that got a message about each finding.
async fn run(files: &[(&str, &str)]) -> (Value, Vec<(String, BTreeSet<String>)>) {
    let (aws, checker) = aws().await;
    let lambda = Lambda::of_folder(&aws, &checker, files, &[("TOPIC_ARN", TOPIC)]).await;
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    let messages = aws.messages(TOPIC).into_iter().map(|message| {
        let body: Value = serde_json::from_str(message.text("sqs")).unwrap();
        let of_message = body["details"].as_array().unwrap();
        (message.attributes["owner"].value.clone(), of_message.iter().map(|found| found["id"].to_string()).collect())
    });
    (report, messages.collect())
}

/// The files that were set aside, without their folder.
fn broken(report: &Value) -> Vec<String> {
    let file = |finding: &Value| {
        let evidence = finding["evidence"].as_array().unwrap();
        let name = evidence.iter().find(|each| each["name"] == "file").unwrap()["value"].as_str().unwrap();
        name.rsplit('/').next().unwrap().to_owned()
    };
    findings(report, "inventory-broken").into_iter().map(file).collect()
}

#[tokio::test]
async fn the_waivers_of_many_teams_stop_no_file_and_those_of_one_only_its_own() {
    let names: Vec<String> = (0..60).map(|number| format!("team-{number:02}.yaml")).collect();
    let texts: Vec<String> = (0..60)
        .map(|number| {
            let job = format!("job-{number:02}");
            file_of(&job, &format!("team-{number:02}"), &waivers(99, &job))
        })
        .collect();
    let greedy = file_of("greedy", "greedy", &waivers(5001, "greedy"));
    let mut files = vec![("platform.yaml", PLATFORM), ("a.yaml", &greedy)];
    files.extend(names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())));
    let (report, messages) = run(&files).await;
    assert_eq!(report["summary"]["jobs"], 60);
    assert_eq!(broken(&report), ["a.yaml"]);
    let told: BTreeSet<&str> = messages
        .iter()
        .filter(|(_, ids)| ids.contains("\"inventory-broken\""))
        .map(|(owner, _)| owner.as_str())
        .collect();
    assert_eq!(told, ["greedy", "platform"].into());
    // Waivers with the same names are one finding.
    assert_eq!(findings(&report, "waiver-expired").len(), 60);
}

#[tokio::test]
async fn a_job_of_the_platform_keeps_its_name_and_its_waiver_whatever_another_file_is_called() {
    let waiver = "waivers: [{finding: chain-caps-session, job: nightly-etl, until: 2026-12-24, reason: known}]\n";
    let platform = file_of("nightly-etl", "platform", waiver);
    let team = file_of("nightly-etl", "web", "");
    let (report, messages) = run(&[("platform.yaml", &platform), ("a.yaml", &team), ("z.yaml", &team)]).await;
    let lapses = findings(&report, "chain-caps-session");
    let waived = |name: &str| {
        let of_job = lapses.iter().find(|finding| finding["job"] == name).unwrap();
        (of_job["owner"].as_str().unwrap(), !of_job["waived"].is_null())
    };
    assert_eq!(waived("nightly-etl"), ("platform", true));
    assert_eq!(waived("nightly-etl (a.yaml)"), ("web", false));
    assert_eq!(waived("nightly-etl (z.yaml)"), ("web", false));
    assert_eq!(broken(&report), ["a.yaml", "z.yaml"]);
    for (owner, ids) in &messages {
        assert!(ids.contains("\"inventory-broken\""), "{owner} gets the finding about the clash");
    }
    assert_eq!(messages.iter().map(|(owner, _)| owner.as_str()).collect::<BTreeSet<_>>(), ["platform", "web"].into());
    assert_eq!(report["run"]["complete"], true, "both jobs are checked");
    // The command refuses the name in the file of the team.
    let cli = Cli::new(&["lint", "--inventory", "all"]).file("all/platform.yaml", &platform);
    let ran = cli.file("all/a.yaml", &team).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("all/a.yaml:3") && ran.stderr.contains("platform.yaml:3 too"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_owners_of_two_teams_are_both_told_of_a_name_that_both_have() {
    let files = [("a.yaml", file_of("etl", "data", "")), ("b.yaml", file_of("etl", "web", ""))];
    let mut all = vec![("platform.yaml", PLATFORM)];
    all.extend(files.iter().map(|(name, text)| (*name, text.as_str())));
    let (report, messages) = run(&all).await;
    assert_eq!(broken(&report), ["b.yaml"]);
    let told: BTreeSet<&str> = messages
        .iter()
        .filter(|(_, ids)| ids.contains("\"inventory-broken\""))
        .map(|(owner, _)| owner.as_str())
        .collect();
    assert_eq!(told, ["data", "platform", "web"].into());
}

#[tokio::test]
async fn where_the_only_file_with_jobs_is_broken_its_owner_and_the_platform_are_told() {
    let sources = format!("{PLATFORM}sources: [{{from: data/, owner: data}}]\n");
    for (platform, file, text, owners) in [
        (PLATFORM, "data.yaml", "version: 1\ndefaults: {owner: data}\njobs: [{name: j}]\n", ["data", "platform"]),
        (&sources, "data/jobs.yaml", "version: [", ["data", "platform"]),
    ] {
        let (report, messages) = run(&[("platform.yaml", platform), (file, text)]).await;
        assert_eq!(ids(&report), ["inventory-broken"]);
        assert_eq!((&report["run"]["complete"], &report["summary"]["jobs"]), (&json!(false), &json!(0)));
        assert_eq!(messages.iter().map(|(owner, _)| owner.as_str()).collect::<BTreeSet<_>>(), owners.into());
    }
    // Without a platform's file, every file is a team's.
    let broken = "version: 1\ndefaults: {owner: data}\njobs: [{name: j}]\n";
    let (_, messages) = run(&[("a.yaml", broken), ("b.yaml", "version: [")]).await;
    assert_eq!(messages.iter().map(|(owner, _)| owner.as_str()).collect::<BTreeSet<_>>(), ["data", "unowned"].into());
    // Nobody is at fault for a folder without any job.
    let (aws, checker) = aws().await;
    let empty = "version: 1\n";
    for files in [
        vec![("platform.yaml", PLATFORM), ("a.yaml", empty)],
        vec![("a.yaml", empty)],
        vec![("a.yaml", empty), ("b.yaml", empty)],
    ] {
        let lambda = Lambda::of_folder(&aws, &checker, &files, &[]).await;
        let failed = lambda.invoke(&json!({})).await.unwrap_err();
        assert_eq!(failed.error_type, "BadInventory", "{}", failed.error_message);
    }
}

#[tokio::test]
async fn every_file_of_a_folder_is_read_or_named_as_a_problem() {
    let job = |name: &str| file_of(name, "data", "");
    let deep = "one/two/three/four/five/six/seven/eight/nine/ten/jobs.yaml";
    for (platform, name, is_read) in [
        (true, deep, true),
        (true, "SHOUT.YAML", true),
        (true, "data/Jobs.Yml", true),
        (true, "jobs.JSON", true),
        (false, "SHOUT.YAML", true),
        (false, "sub/x.yaml", false),
        (false, deep, false),
    ] {
        let cli = Cli::new(&["lint", "--inventory", "all", "--format", "json", "--fail-on", "none"]);
        let first = if platform { "all/platform.yaml" } else { "all/first.yaml" };
        let cli = cli.file(first, job("first")).file(&format!("all/{name}"), job("second"));
        let ran = cli.run().await;
        if is_read {
            ran.assert_status(0);
            assert_eq!(ran.report()["summary"]["jobs"], 2, "{name}");
        } else {
            ran.assert_status(2);
            let problem = format!("all/{name}: is in a folder below, which is not read without platform.yaml");
            assert!(ran.stderr.contains(&problem), "{}", ran.stderr);
            let (report, _) = run(&[("first.yaml", &job("first")), (name, &job("second"))]).await;
            assert_eq!(report["summary"]["jobs"], 1, "the other file is checked");
            assert_eq!(broken(&report), [name.rsplit('/').next().unwrap()]);
        }
    }
    // Files of other kinds in the folders below are no inventories.
    let cli = Cli::new(&["lint", "--inventory", "all", "--format", "json", "--fail-on", "none"]);
    let cli = cli.file("all/first.yaml", job("first")).file("all/.hidden/jobs.yaml", job("second"));
    let cli = cli.file("all/k8s/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n");
    cli.file("all/.github/x.yml", job("third")).run().await.assert_status(0);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_unreadable_folders_are_problems_by_their_names() {
    use crate::bad_inventory::load;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("all");
    std::fs::create_dir_all(folder.path().join("elsewhere")).unwrap();
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("platform.yaml"), file_of("first", "data", "")).unwrap();
    std::fs::write(folder.path().join("elsewhere/jobs.yaml"), file_of("second", "data", "")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", root.join("linked")).unwrap();
    std::os::unix::fs::symlink("nowhere.yaml", root.join("dangling.yaml")).unwrap();
    std::os::unix::fs::symlink("../elsewhere/jobs.yaml", root.join("outside.yaml")).unwrap();
    std::fs::create_dir(root.join("..data")).unwrap();
    std::fs::write(root.join("..data/inside.yaml"), file_of("third", "data", "")).unwrap();
    std::os::unix::fs::symlink("..data/inside.yaml", root.join("inside.yaml")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(root.join("pipe.yaml")).status().unwrap().success());
    let problems = load(&root).unwrap_err();
    let found: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.location.file, problem.message)).collect();
    for (file, message) in [
        ("dangling.yaml", "there is no such file"),
        ("linked", "is a link to a folder"),
        ("outside.yaml", "is a link to a file outside the folder"),
        ("pipe.yaml", "is not a regular file"),
    ] {
        assert!(found.iter().any(|one| one.contains(&format!("{file}: {message}"))), "{file} in {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
}

/// Two teams use a role: one behind a hub, where STS refuses the hub, one as the first role of a job.
#[tokio::test]
async fn a_job_of_another_team_does_not_make_a_refused_hop_the_checkers_own_trouble() {
    let (hub, etl) = ("arn:aws:iam::222222222222:role/hub", "arn:aws:iam::222222222222:role/etl");
    let file = |owner: &str, path: &str| {
        format!(
            "version: 1\ndefaults: {{owner: {owner}}}\n\
             jobs: [{{name: job-of-{owner}, length: 30m, source: lambda, path: [{path}]}}]\n"
        )
    };
    let behind = file("a", &format!("\"{hub}\", \"{etl}\""));
    let first = file("b", &format!("\"{etl}\""));
    let (mut world, checker) = world();
    world.role(Role::new(hub).trusts(CHECKER).allows("sts:AssumeRole", "*"));
    world.role(Role::new(etl));
    let aws = StandIn::start(world).await;
    let files = [("platform.yaml", PLATFORM), ("a.yaml", behind.as_str()), ("b.yaml", first.as_str())];
    let lambda = Lambda::of_folder(&aws, &checker, &files, &[("TOPIC_ARN", TOPIC)]).await;
    let report = lambda.invoke(&event("scheduled.json")).await.unwrap();
    let denied = findings(&report, "assume-denied");
    assert_eq!(denied.len(), 1, "{report:#}");
    assert_eq!((&denied[0]["severity"], &denied[0]["hop"]), (&"critical".into(), &1.into()), "{report:#}");
}
