use super::*;
use crate::inventory::{Refresh, Source};

const ETL: &str = "arn:aws:iam::222222222222:role/jobs/etl";
const PLATFORM: &str = "version: 1
defaults: {owner: platform, margin: 5m}
readers: {\"222222222222\": \"arn:aws:iam::222222222222:role/reader\"}
roles: {hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}, china: {arn: \"arn:aws-cn:iam::111111111111:role/hub\"}}
discover: [{account: \"222222222222\", path_prefix: /jobs/}]
";

fn role(arn: &str, tags: &[(&str, &str)]) -> TaggedRole {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    TaggedRole { arn: RoleArn::parse(arn).unwrap(), tags }
}

fn read(inventory: &str, roles: Vec<TaggedRole>) -> (Inventory, TaggedJobs) {
    Inventory::parse("platform.yaml", inventory).unwrap().with_role_tags(roles)
}

/// The problems of one tag, as people read them.
fn problems(inventory: &str, key: &str, value: &str) -> Vec<String> {
    let (with_tags, read) = read(inventory, vec![role(ETL, &[(key, value)])]);
    assert_eq!(with_tags.jobs.is_empty(), !read.wrong.is_empty(), "{value}");
    read.wrong.iter().flat_map(|tag| &tag.problems).map(ToString::to_string).collect()
}

fn problems_of_value(value: &str) -> Vec<String> {
    problems(PLATFORM, "credential-health:job/etl", value)
}

#[test]
fn each_word_of_a_tag_is_a_key_of_the_job() {
    let value = "length=4h source=ecs-task refresh=every:30m owner=data via=hub duration=2h age=1m pause=2m margin=3m";
    let (inventory, read) = read(PLATFORM, vec![role(ETL, &[("credential-health:job/etl", value), ("team", "x")])]);
    assert_eq!((read.jobs, read.wrong, read.overruled), (vec![JobName::from("etl")], vec![], vec![]));
    let [job] = &inventory.jobs[..] else { panic!("one job") };
    assert_eq!((job.length, job.age, job.pause), (Seconds::hours(4), Seconds::minutes(1), Seconds::minutes(2)));
    assert_eq!((job.margin, job.owner.as_deref()), (Seconds::minutes(3), Some("data")));
    assert_eq!((&job.source, job.refresh), (&Source::EcsTask, Refresh::Every(Seconds::minutes(30))));
    let path: Vec<&str> = job.path.iter().map(|hop| hop.role.as_str()).collect();
    assert_eq!(path, ["arn:aws:iam::111111111111:role/hub", ETL]);
    assert_eq!((job.path[0].duration, job.path[1].duration), (None, Some(Seconds::hours(2))));
    assert!(inventory.roles.contains_key(&RoleArn::parse(ETL).unwrap()));
}

#[test]
fn a_tag_without_an_owner_and_a_margin_takes_those_of_the_platform() {
    let (inventory, _) = read(PLATFORM, vec![role(ETL, &[("Credential-Health:Job/etl", "length=1h source=saml")])]);
    assert_eq!(inventory.jobs[0].owner.as_deref(), Some("platform"));
    assert_eq!((inventory.jobs[0].margin, inventory.jobs[0].refresh), (Seconds::minutes(5), Refresh::None));
}

#[test]
fn every_problem_of_a_tag_is_named() {
    for (value, expected) in [
        ("", &["`length` is missing", "`source` is missing"][..]),
        ("length=4h", &["`source` is missing"]),
        ("length=4 source=ecs-task", &["length: `4` is a bare number"]),
        ("length=-1h source=ecs-task", &["length: `-1h` is negative"]),
        ("length=4h source=ecs", &["`ecs` is not a kind of source"]),
        ("length=4h source=issued", &["a source of kind `issued` needs parameters: declare the job in a file"]),
        ("length=2h source=lambda", &["a Lambda function cannot run for 2h"]),
        ("length=4h length=5h source=ecs-task", &["`length` is given twice"]),
        ("length=4h source=ecs-task auto", &["`auto` is not KEY=VALUE; separate the words with one blank"]),
        ("length=4h source=ecs-task owner=", &["`owner=` is not KEY=VALUE; separate the words with one blank"]),
        (
            "length=4h source=ecs-task refresh=always",
            &["refresh: `always` is not none, auto or every:DURATION, such as every:30m"],
        ),
        ("length=4h source=ecs-task refresh=every:x", &["refresh: `x` is not a duration"]),
        ("length=4h source=ecs-task via=spoke", &["via: `spoke` is not an alias under `roles` of the platform's file"]),
        ("length=4h source=ecs-task via=china", &["via: `china` is in another partition of AWS"]),
        ("length=x source=y", &["length: `x` is not a duration", "`y` is not a kind of source"]),
    ] {
        assert_eq!(problems_of_value(value), expected, "{value}");
    }
    let many = format!("length=4h source=ecs-task{}", " via=hub".repeat(12));
    assert_eq!(problems_of_value(&many), ["the path has 13 hops, and a path has at most 12"]);
}

/// Whoever may tag a role rules jobs of that role alone.
#[test]
fn a_tag_names_no_role_by_its_arn_and_no_waiver_setting_or_detail_of_a_role() {
    for word in [
        "via=arn:aws:iam::333333333333:role/other",
        "path=arn:aws:iam::333333333333:role/other",
        "role=arn:aws:iam::333333333333:role/other",
        "waiver=chain-caps-session",
        "until=2027-01-31",
        "external_id=x",
        "session_name=x",
        "assume=false",
        "max_session_duration=12h",
        "measured_by=x",
        "copied=true",
        "topic=arn:aws:sns:eu-west-1:333333333333:x",
    ] {
        assert_eq!(problems_of_value(&format!("length=4h source=ecs-task {word}")).len(), 1, "{word}");
    }
}

#[test]
fn a_key_of_this_product_that_names_no_job_is_a_problem() {
    let value = "length=4h source=ecs-task";
    for key in ["credential-health:job/", "credential-health:job/ etl", "credential-health:job/a\u{7}b"] {
        assert_eq!(problems(PLATFORM, key, value), ["the key has no name of a job after credential-health:job/"]);
    }
    for key in ["credential-health:jobs/etl", "credential-health:", "CREDENTIAL-HEALTH:job"] {
        assert_eq!(problems(PLATFORM, key, value), ["the key is not credential-health:job/NAME"]);
    }
    let (inventory, read) = read(PLATFORM, vec![role(ETL, &[("credential-healthy", value), ("über-größe", "x")])]);
    assert!(inventory.jobs.is_empty() && read == TaggedJobs::default());
}

#[test]
fn a_job_of_a_file_goes_before_that_of_a_tag() {
    let file = format!("{PLATFORM}jobs: [{{name: etl, length: 9h, source: saml, path: [hub]}}]\n");
    let (inventory, read) = read(&file, vec![role(ETL, &[("credential-health:job/etl", "length=1m source=nothing")])]);
    assert_eq!((inventory.jobs.len(), inventory.jobs[0].length), (1, Seconds::hours(9)));
    assert_eq!(read.wrong, []);
    let [overruled] = &read.overruled[..] else { panic!("one tag") };
    assert_eq!((overruled.role.as_str(), overruled.by.to_string().as_str()), (ETL, "platform.yaml:6"));
}

#[test]
fn the_tags_of_two_roles_hide_no_job_of_each_other() {
    let tags = [("credential-health:job/etl", "length=1m source=ecs-task")];
    let other = "arn:aws:iam::111111111111:role/jobs/attack";
    let (inventory, read) = read(PLATFORM, vec![role(ETL, &tags), role(other, &tags), role(other, &tags)]);
    let names: Vec<&str> = inventory.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["etl", "etl (arn:aws:iam::222222222222:role/jobs/etl)"]);
    let problems = &read.wrong[0].problems;
    assert!(matches!(&problems[..], [TagProblem::SameName { other: first, .. }] if first.as_str() == other));
}

#[test]
fn a_tag_names_only_an_owner_of_sources_and_only_for_the_roles_of_that_owner() {
    let bound = format!(
        "{PLATFORM}sources: [{{from: data/, owner: data, roles: [\"arn:aws:iam::2222*\", \"*:role/hub\"]}}, \
         {{from: pay/, owner: payroll, roles: [\"arn:aws:iam::3333*\"]}}]\n"
    );
    let problem = |words: &str| {
        let value = format!("length=1h source=ecs-task {words}");
        problems(&bound, "credential-health:job/etl", &value)
    };
    for allowed in ["", "owner=data", "owner=data via=hub", "owner=platform"] {
        assert_eq!(problem(allowed), [""; 0], "{allowed}");
    }
    let of_others = "owner: `sources` of the platform's file does not let `payroll` declare jobs of these roles";
    assert_eq!(problem("owner=payroll"), [of_others]);
    let unknown = "owner: `security` is not an owner under `sources` of the platform's file";
    assert_eq!(problem("owner=security"), [unknown]);
}

#[test]
fn discover_needs_an_account_with_a_reader_and_a_plain_path() {
    let without = "version: 1\ndiscover: [{account: \"222222222222\", path_prefix: \"/jobs/*\"}, {account: \"2\"}]\n";
    let wrong = Inventory::parse("platform.yaml", without).unwrap_err();
    let messages: Vec<&str> = wrong.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "account 222222222222 has no reader that reads its tags",
            "`/jobs/*` is not a path of IAM roles",
            "`2` is not an account",
        ]
    );
    for prefix in ["", "jobs/", "/jobs", "/${aws:username}/", "/a b/", "/?/"] {
        let text = PLATFORM.replace("/jobs/", &format!("{prefix:?}"));
        assert!(Inventory::parse("platform.yaml", &text).is_err(), "{prefix}");
    }
}
