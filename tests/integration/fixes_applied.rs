//! Each fix of each finding about profiles, workflows, templates and plans is made in the file, as its text says, and
//! the file is judged again: the job is covered. `remedies` does the same for inventories.

use std::collections::BTreeMap;

use credential_health::check;
use credential_health::findings::Finding;
use credential_health::fixes::search::{ChangeKind, lasts_as_long};
use credential_health::fixes::{BlockKind, Effect, Fix};
use credential_health::import::aws_config::{self, ImportOptions};
use credential_health::import::github_workflow::{self, Workflow};
use credential_health::import::{Imported, Variables};
use credential_health::inventory::{Filter, Inventory, Job, Origin, Refresh, RoleRef, Seconds};
use credential_health::lease::Verdict;
use credential_health::report::Report;
use credential_health::shared_config::{Kind, SharedConfig};
use credential_health::templates::{GivenValues, Planned, TemplateFiles};

use crate::harness::offline_start;

fn judged(inventory: &Inventory, planned: Planned) -> Report {
    check::lint(inventory, &Filter::default(), planned, &offline_start()).unwrap().report
}

/// The fixes that change a declaration, with their findings.
fn fixes(report: &Report) -> impl Iterator<Item = (&Finding, &Fix)> {
    let all = report.findings.iter().flat_map(|finding| finding.fixes.iter().map(move |fix| (finding, fix)));
    all.filter(|(_, fix)| fix.effect.job.is_some() || !fix.effect.max_sessions.is_empty())
}

/// The inventory of one job with the changed MaxSessionDurations.
fn with_maxima(inventory: &Inventory, job: Job, effect: &Effect) -> Inventory {
    let mut after = Inventory { jobs: vec![job], ..inventory.clone() };
    for (role, to) in &effect.max_sessions {
        let Some(arn) = role.arn() else { continue };
        let mut declared = after.role(arn);
        declared.max_session_duration = Some(*to);
        after.roles.insert(arn.clone(), declared);
    }
    after
}

/// The verdict of a job after a fix. `file` is the job as the changed file has it. What no file holds comes of the
/// effect: the length of shorter runs, the age of the login, and sources that are set up elsewhere.
fn verdict_after(inventory: &Inventory, file: Job, effect: &Effect) -> Verdict {
    let changed = effect.job.as_deref();
    let is = |kind: ChangeKind| effect.kinds.contains(&kind);
    // Another platform runs the job.
    let is_elsewhere = effect.kinds.is_empty();
    let file = match changed {
        Some(changed) => Job {
            length: if is(ChangeKind::Split) { changed.length } else { file.length },
            age: if is(ChangeKind::Age) { changed.age } else { file.age },
            source: if is(ChangeKind::Source) || is_elsewhere { changed.source.clone() } else { file.source.clone() },
            // A new source, such as a broker's program, decides what tools renew.
            refresh: if is_elsewhere || is(ChangeKind::Source) && is(ChangeKind::ProviderChain) {
                changed.refresh
            } else {
                file.refresh
            },
            ..file
        },
        None => file,
    };
    judged(&with_maxima(inventory, file, effect), Planned::default()).jobs[0].verdict
}

// --- Profiles ---

fn import_profiles(text: &str, length: Seconds) -> Imported {
    let config = SharedConfig::parse([(Kind::Config, "config".to_owned(), Some(text.to_owned()))]);
    let now = "2026-11-23T06:00:00Z".parse().unwrap();
    aws_config::import(&config, ImportOptions { length: Some(length), now })
}

/// The lines of a profile's section, without its header.
fn section<'a>(lines: &'a [String], profile: &str) -> std::ops::Range<usize> {
    let header = format!("[profile {profile}]");
    let start = lines.iter().position(|line| *line == header).unwrap_or_else(|| panic!("no {header} in {lines:?}")) + 1;
    let end = lines[start..].iter().position(|line: &'a String| line.starts_with('['));
    start..end.map_or(lines.len(), |end| start + end)
}

fn set(lines: &mut Vec<String>, profile: &str, key: &str, value: &str) {
    let range = section(lines, profile);
    let written = format!("{key} = {value}");
    match lines[range.clone()].iter().position(|line| line.starts_with(&format!("{key} "))) {
        Some(at) => lines[range.start + at] = written,
        None => lines.insert(range.start, written),
    }
}

fn remove(lines: &mut Vec<String>, profile: &str, key: &str) {
    let range = section(lines, profile);
    if let Some(at) = lines[range.clone()].iter().position(|line| line.starts_with(&format!("{key} "))) {
        lines.remove(range.start + at);
    }
}

/// The value of a setting of a profile.
fn get(lines: &[String], profile: &str, key: &str) -> Option<String> {
    let section = &lines[section(lines, profile)];
    section.iter().find_map(|line| line.strip_prefix(&format!("{key} = "))).map(str::to_owned)
}

/// The profile with this role.
fn profile_of(lines: &[String], role: &str) -> String {
    let at = lines.iter().position(|line| line.starts_with("role_arn") && line.ends_with(role)).unwrap();
    let header = lines[..at].iter().rfind(|line| line.starts_with("[profile ")).unwrap();
    header["[profile ".len()..header.len() - 1].to_owned()
}

/// Makes the changes of a fix in the file, as its sentences and commands say. `profile`: the profile of the finding.
fn apply_to_profiles(text: &str, profile: &str, fix: &Fix) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for part in &fix.parts {
        let step = &part.step;
        let after = |start: &str| step.split_once(start).map(|(_, rest)| rest);
        let name = |rest: &str| rest.split([' ', ':', '.']).next().unwrap().to_owned();
        if let Some(rest) = after("Remove the line `duration_seconds` from profile ") {
            remove(&mut lines, &name(rest), "duration_seconds");
        } else if let Some(rest) = after("Remove the line `duration_seconds` from the profile whose role_arn is ") {
            let of_role = profile_of(&lines, rest.split(". ").next().unwrap());
            remove(&mut lines, &of_role, "duration_seconds");
        }
        if let Some(rest) = after("Leave ") {
            let dropped = profile_of(&lines, &format!("/{}", name(rest)));
            if let Some((_, setting)) = step.split_once("Write `") {
                let (key, value) = setting.split('`').next().unwrap().split_once(" = ").unwrap();
                let next =
                    profile_of(&lines, &format!("/{}", name(setting.split_once("in the profile of ").unwrap().1)));
                remove(&mut lines, &next, "source_profile");
                set(&mut lines, &next, key, value);
            } else {
                assert!(step.contains("Set source_profile of the profile to the profile before"), "{step}");
                let before = get(&lines, &dropped, "source_profile").unwrap();
                let header = |line: &String| line.strip_prefix("[profile ").map(|line| line.replace(']', ""));
                let all: Vec<String> = lines.iter().filter_map(header).collect();
                let next =
                    all.iter().find(|one| get(&lines, one, "source_profile").as_ref() == Some(&dropped)).unwrap();
                set(&mut lines, next, "source_profile", &before);
            }
        }
        for block in &part.blocks {
            match block.kind {
                BlockKind::AwsCli => {
                    for line in block.text.lines().filter(|line| !line.starts_with('#')) {
                        let words: Vec<&str> = line.split(' ').collect();
                        match words[..] {
                            ["aws", "configure", "set", "mfa_serial", ..] => {}
                            ["aws", "configure", "set", key, value, "--profile", name] => {
                                set(&mut lines, name, key, value);
                            }
                            ["aws", "iam" | "sso-admin" | "rolesanywhere", ..] => {}
                            _ => panic!("{line}"),
                        }
                    }
                }
                BlockKind::AwsConfig => {
                    let (key, value) = block.text.split_once(" = ").unwrap();
                    let role = after("in the profile whose role_arn is ").unwrap().trim_end_matches('.');
                    let of_role = profile_of(&lines, role);
                    set(&mut lines, &of_role, key, value);
                }
                BlockKind::TrustPolicy | BlockKind::CloudFormation | BlockKind::Terraform => {}
                BlockKind::Shell | BlockKind::Workflow => panic!("{profile}: {}", block.text),
            }
        }
    }
    lines.join("\n") + "\n"
}

/// The fixes of a file of profiles that leave their job uncovered, and the count of fixes.
fn wrong_in_profiles(text: &str, length: Seconds) -> (Vec<String>, usize) {
    let imported = import_profiles(text, length);
    let copy = |job: &Job| Job { name: job.name.copy(), refresh: Refresh::None, ..job.clone() };
    let both = |job: &Job| if job.refresh == Refresh::None { vec![job.clone()] } else { vec![job.clone(), copy(job)] };
    let jobs = imported.inventory.jobs.iter().flat_map(both).collect();
    let inventory = Inventory { jobs, origin: Origin::Profiles, ..imported.inventory };
    let report = judged(&inventory, Planned::default());
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (finding, fix) in fixes(&report) {
        let Some(name) = &finding.job else { continue };
        count += 1;
        let changed = apply_to_profiles(text, name.without_copy(), fix);
        let after = import_profiles(&changed, length);
        let Some(job) = after.inventory.jobs.iter().find(|job| *job.name == *name.without_copy()) else {
            wrong.push(format!("{name} is gone after: {}\n{changed}", fix.sentences()));
            continue;
        };
        let renews = fix.effect.kinds.contains(&ChangeKind::ProviderChain) || !name.is_copy();
        for other in imported.inventory.jobs.iter().filter(|other| *other.name != *name.without_copy()) {
            let now = after.inventory.jobs.iter().find(|job| job.name == other.name);
            let max_session = |role: &RoleRef| fix.effect.max_sessions.get(role).copied();
            let copy = |job: &Job| Job { refresh: Refresh::None, ..job.clone() };
            let is_as_good = |now: &Job| {
                lasts_as_long(other, now, &max_session) && lasts_as_long(&copy(other), &copy(now), &max_session)
            };
            if !now.is_some_and(is_as_good) {
                wrong.push(format!("{}: {} is worse after {}\n{changed}", finding.id, other.name, fix.sentences()));
            }
        }
        let refresh = if renews { job.refresh } else { Refresh::None };
        let verdict = verdict_after(&inventory, Job { refresh, ..job.clone() }, &fix.effect);
        if verdict != Verdict::Covered {
            wrong.push(format!("{}: {name} {verdict:?} after {}\n{changed}", finding.id, fix.sentences()));
        }
    }
    (wrong, count)
}

#[test]
fn each_fix_of_a_profile_covers_the_job_when_made_in_the_file() {
    let role = |name: &str| format!("role_arn = arn:aws:iam::222222222222:role/{name}\n");
    let keys = "[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n";
    let copy = "[profile keys]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n\
                aws_session_token = y\naws_session_expiration = 2026-11-23T08:00:00Z\n";
    let sso = "[profile keys]\nsso_session = s\nsso_account_id = 111111111111\nsso_role_name = d\n[sso-session s]\n\
               sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n";
    let sources = [
        (keys, "source_profile = keys\n"),
        (keys, "source_profile = keys\nmfa_serial = arn:aws:iam::111111111111:mfa/jane\n"),
        (copy, "source_profile = keys\n"),
        (sso, "source_profile = keys\n"),
        ("", "web_identity_token_file = /var/run/token\n"),
        ("", "credential_source = Ec2InstanceMetadata\n"),
        ("", "credential_source = EcsContainer\n"),
    ];
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (section, setting) in sources {
        for duration in ["", "duration_seconds = 900\n", "duration_seconds = 14400\n", "duration_seconds = 50000\n"] {
            let hub = format!("{section}[profile hub]\n{}{setting}", role("hub"));
            let one = format!("{hub}{duration}");
            let two = format!("{hub}[profile etl]\n{}source_profile = hub\n{duration}", role("etl"));
            for text in [one, two] {
                for hours in [1, 4, 9, 30] {
                    let (found, tried) = wrong_in_profiles(&text, Seconds::hours(hours));
                    wrong.extend(found);
                    count += tried;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 300, "{count}");
}

#[test]
fn no_fix_requests_a_duration_where_a_token_is_presented() {
    let texts_of_fixes = |source: &str| -> Vec<String> {
        let text = format!(
            "[profile base]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n[profile hub]\n\
             role_arn = arn:aws:iam::222222222222:role/hub\n{source}\n[profile etl]\nsource_profile = hub\n\
             role_arn = arn:aws:iam::222222222222:role/etl\n"
        );
        let inventory = import_profiles(&text, Seconds::hours(4)).inventory;
        let jobs = inventory.jobs.iter().map(|job| Job { refresh: Refresh::None, ..job.clone() }).collect();
        let report = judged(&Inventory { jobs, origin: Origin::Profiles, ..inventory }, Planned::default());
        fixes(&report).map(|(_, fix)| format!("{fix:?}")).collect()
    };
    let requests = |texts: &[String]| texts.iter().filter(|text| text.contains("duration_seconds")).count();
    let with_token = texts_of_fixes("web_identity_token_file = /var/run/token");
    assert!(!with_token.is_empty());
    assert_eq!(requests(&with_token), 0, "{with_token:#?}");
    let with_keys = texts_of_fixes("source_profile = base");
    assert!(requests(&with_keys) > 0, "{with_keys:#?}");
}

// --- Workflows ---

fn import_workflow(text: &str) -> Inventory {
    let workflow = Workflow { name: "w.yml".to_owned(), text: text.to_owned() };
    let imported = github_workflow::import(&[workflow], &Variables::default());
    Inventory { origin: Origin::Workflows, ..imported.inventory }
}

/// Makes the changes of a fix in the workflow, each of whose logins is one line.
fn apply_to_workflow(text: &str, fix: &Fix) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let login = |lines: &[String], role: &str| {
        let is_of = |line: &String| line.contains(&format!("role/{role}'"));
        lines.iter().position(is_of).unwrap_or_else(|| panic!("no login for {role} in {lines:#?}"))
    };
    let without = |line: &str, key: &str| {
        let Some((before, after)) = line.split_once(&format!(", {key}: ")) else { return line.to_owned() };
        let end = after.find([',', '}']).unwrap();
        format!("{before}{}", &after[end..])
    };
    for part in &fix.parts {
        let step = &part.step;
        if let Some((_, rest)) = step.split_once("Set `role-duration-seconds` to ") {
            let seconds = rest.split(' ').next().unwrap();
            let role = rest.split_once("assumes ").unwrap().1.trim_end_matches('.');
            let at = login(&lines, role);
            let bare = without(&lines[at], "role-duration-seconds");
            lines[at] = bare.replace("}}", &format!(", role-duration-seconds: {seconds}}}}}"));
        }
        if let Some((_, rest)) = step.split_once("Remove the step that assumes ") {
            let at = login(&lines, rest.split(',').next().unwrap());
            let removed = lines.remove(at);
            // The next login starts with the keys of the removed one.
            let keys = removed.split_once(", aws-access-key-id").map(|(_, keys)| keys.split('}').next().unwrap());
            lines[at] = without(&lines[at], "role-chaining");
            if let Some(keys) = keys {
                lines[at] = lines[at].replace("}}", &format!(", aws-access-key-id{keys}}}}}"));
            }
        }
        for block in part.blocks.iter().filter(|block| block.kind == BlockKind::Workflow) {
            if let Some((_, role)) = block.text.split_once("role-to-assume: ") {
                let name = role.rsplit('/').next().unwrap();
                let at = login(&lines, name);
                for key in ["aws-access-key-id", "aws-secret-access-key", "role-chaining"] {
                    lines[at] = without(&lines[at], key);
                }
                let last = lines[at].clone();
                lines.retain(|line| !line.contains("configure-aws-credentials") || *line == last);
                lines[1] = "permissions: {id-token: write, contents: read}".to_owned();
            }
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn each_fix_of_a_workflow_covers_the_job_when_made_in_the_file() {
    let login =
        |inputs: &str| format!("      - {{uses: aws-actions/configure-aws-credentials@v5, with: {{{inputs}}}}}\n");
    let role = |name: &str, more: &str| format!("role-to-assume: 'arn:aws:iam::222222222222:role/{name}'{more}");
    let keys = ", aws-access-key-id: AKIAIOSFODNN7EXAMPLE, aws-secret-access-key: x";
    let (mut wrong, mut count) = (Vec::new(), BTreeMap::new());
    for first in ["", keys] {
        for duration in ["", ", role-duration-seconds: 1000", ", role-duration-seconds: 9000"] {
            let one = login(&role("hub", &format!("{first}{duration}")));
            let two = login(&role("hub", first)) + &login(&role("etl", &format!(", role-chaining: true{duration}")));
            for steps in [one, two] {
                for minutes in [10, 55, 150, 340] {
                    let text = format!(
                        "on: push\npermissions: {{id-token: write}}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    \
                         timeout-minutes: {minutes}\n    steps:\n{steps}      - run: make\n"
                    );
                    let inventory = import_workflow(&text);
                    let report = judged(&inventory, Planned::default());
                    for (finding, fix) in fixes(&report).filter(|(finding, _)| finding.job.is_some()) {
                        *count.entry(finding.id.as_str()).or_insert(0) += 1;
                        let changed = apply_to_workflow(&text, fix);
                        let after = import_workflow(&changed);
                        let [job] = &after.jobs[..] else {
                            wrong.push(format!("no job after {}\n{changed}", fix.sentences()));
                            continue;
                        };
                        let verdict = verdict_after(&inventory, job.clone(), &fix.effect);
                        if verdict != Verdict::Covered {
                            let id = finding.id;
                            wrong.push(format!("{id}: {verdict:?} after {}\n{changed}", fix.sentences()));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(count.values().sum::<usize>() > 60, "{count:?}");
}

// --- Templates and plans ---

/// The inventory and the planned roles of a template and a plan.
fn planned(inventory: &Inventory, template: &str, plan: &str) -> Planned {
    let folder = tempfile::tempdir().unwrap();
    let (t, p) = (folder.path().join("t.yaml"), folder.path().join("p.json"));
    std::fs::write(&t, template).unwrap();
    std::fs::write(&p, plan).unwrap();
    let given = GivenValues { parameters: BTreeMap::new(), accounts: ["222222222222".to_owned()].into() };
    let files = TemplateFiles::read(&[t], &[p], &given).unwrap_or_else(|problems| panic!("{problems}"));
    files.planned(inventory, &given)
}

fn template(maximum: u64) -> String {
    let statement =
        "{Effect: Allow, Action: 'sts:*', Principal: {AWS: '*', Federated: 'x', Service: ec2.amazonaws.com}}";
    format!(
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: hub\n      \
         MaxSessionDuration: {maximum}\n      AssumeRolePolicyDocument: {{Statement: [{statement}]}}\n"
    )
}

fn plan(maximum: u64) -> String {
    let after = serde_json::json!({"name": "etl", "path": "/", "max_session_duration": maximum, "assume_role_policy":
        "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:*\", \"Principal\": {\"AWS\": \"*\"}}]}"});
    serde_json::json!({"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": [{
        "address": "aws_iam_role.etl", "mode": "managed", "type": "aws_iam_role", "name": "etl",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}
    }]})
    .to_string()
}

#[test]
fn each_fix_of_a_planned_role_covers_the_job_when_made_in_its_file() {
    let (mut wrong, mut in_files, mut count) = (Vec::new(), 0, 0);
    for source in ["iam-user", "web-identity", "ecs-task"] {
        for path in ["[HUB]", "[ETL]", "[HUB, ETL]"] {
            for (length, duration) in [("50m", "30m"), ("3h", "3h"), ("5h", "1h"), ("5h", "11h"), ("30h", "12h")] {
                let hop =
                    |name: &str| format!("{{role: \"arn:aws:iam::222222222222:role/{name}\", duration: {duration}}}");
                let path = path.replace("HUB", &hop("hub")).replace("ETL", &hop("etl"));
                let text =
                    format!("version: 1\njobs: [{{name: j, length: {length}, source: {source}, path: {path}}}]\n");
                let inventory = Inventory::parse("i.yaml", &text).unwrap();
                let report = judged(&inventory, planned(&inventory, &template(7200), &plan(7200)));
                for (finding, fix) in fixes(&report).filter(|(finding, _)| finding.job.is_some()) {
                    count += 1;
                    let (mut hub, mut etl) = (7200, 7200);
                    for (part, (role, to)) in fix.parts.iter().zip(&fix.effect.max_sessions) {
                        in_files += 1;
                        let (name, of_file) = match role.name() {
                            "hub" => (&mut hub, "t.yaml"),
                            _ => (&mut etl, "aws_iam_role.etl"),
                        };
                        // The sentence names the file and the number, and no command changes what a deployment undoes.
                        assert!(part.step.contains(of_file) && part.step.contains(&to.0.to_string()), "{}", part.step);
                        assert!(part.blocks.iter().all(|block| block.kind != BlockKind::AwsCli), "{part:?}");
                        *name = to.0;
                    }
                    let changed = fix.effect.job.as_deref().unwrap_or(&inventory.jobs[0]);
                    let jobs = vec![Job { name: inventory.jobs[0].name.clone(), ..changed.clone() }];
                    let after = Inventory { jobs, ..inventory.clone() };
                    let verdict = judged(&after, planned(&after, &template(hub), &plan(etl))).jobs[0].verdict;
                    if verdict != Verdict::Covered {
                        wrong.push(format!("{}: {verdict:?} after {}\n{text}", finding.id, fix.sentences()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 60 && in_files > 10, "{count} {in_files}");
}

#[test]
fn a_statement_for_a_planned_role_lets_its_caller_in_when_written_into_its_file() {
    let trusting = |name: &str| {
        format!(
            "{{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": {{\"AWS\": \
             \"arn:aws:iam::222222222222:role/{name}\"}}}}"
        )
    };
    let with = |statements: &[String]| {
        let template = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: hub\n      \
             AssumeRolePolicyDocument: {{Statement: [{}]}}\n",
            statements.join(", ")
        );
        let policy = format!("{{\"Statement\": [{}]}}", statements.join(", "));
        let after = serde_json::json!({"name": "etl", "path": "/", "assume_role_policy": policy});
        let plan = serde_json::json!({"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": [{
            "address": "aws_iam_role.etl", "mode": "managed", "type": "aws_iam_role", "name": "etl",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}
        }]});
        (template, plan.to_string())
    };
    for role in ["hub", "etl"] {
        let text = format!(
            "version: 1\njobs: [{{name: j, length: 30m, source: ecs-task, path: \
             [\"arn:aws:iam::111111111111:role/caller\", \"arn:aws:iam::222222222222:role/{role}\"]}}]\n"
        );
        let inventory = Inventory::parse("i.yaml", &text).unwrap();
        let denied = |statements: &[String]| {
            let (template, plan) = with(statements);
            let report = judged(&inventory, planned(&inventory, &template, &plan));
            report.findings.into_iter().find(|finding| finding.id.as_str() == "assume-denied")
        };
        let finding = denied(&[trusting("other")]).unwrap();
        let statement = finding.fixes[0].lines_of(BlockKind::TrustPolicy).unwrap();
        assert_eq!(denied(&[trusting("other"), statement]), None, "{role}");
    }
}
