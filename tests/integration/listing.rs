//! Readers of many roles: ListRoles instead of GetRole, and GetRole for all roles that a list does not return.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{CHECKER, check, check_once, finding, hasty_client, ids, role, world};
use crate::stand_in::{Answer, Credentials, Fault, Role, StandIn, World};

const READER: &str = "arn:aws:iam::222222222222:role/credential-health-reader";

fn arn(number: usize) -> String {
    format!("arn:aws:iam::222222222222:role/r{number:03}")
}

/// Jobs directly to this number of roles of one account with a reader.
fn inventory(roles: usize) -> String {
    let job = |number| format!("  - {{name: j{number}, length: 30m, source: iam-user, path: [\"{}\"]}}\n", arn(number));
    let jobs: String = (0..roles).map(job).collect();
    format!("version: 1\nreaders: {{\"222222222222\": \"{READER}\"}}\njobs:\n{jobs}")
}

/// The account. Each role has a different maximum, and the reader may do `actions`.
fn account(roles: usize, actions: &[&str]) -> (World, Credentials) {
    let (mut world, checker) = world();
    for number in 0..roles {
        world.role(Role::new(arn(number)).trusts(CHECKER).max_session(maximum(number).try_into().unwrap()));
    }
    let reader = Role::new(READER).trusts(CHECKER);
    world.role(actions.iter().fold(reader, |reader, action| reader.allows(action, "*")));
    (world, checker)
}

fn maximum(number: usize) -> i64 {
    3600 + 60 * i64::try_from(number).unwrap()
}

const BOTH: [&str; 2] = ["iam:GetRole", "iam:ListRoles"];

fn maxima(report: &Value) -> Vec<Option<i64>> {
    report["roles"].as_array().unwrap().iter().map(|role| role["max_session_duration_seconds"].as_i64()).collect()
}

/// Checks the maxima in the report, and returns how often each action of the reader was called.
async fn reader_calls(aws: &StandIn, checker: &Credentials, roles: usize) -> [usize; 3] {
    let report = check(&hasty_client(aws, checker).await, &inventory(roles)).await;
    assert_eq!(maxima(&report), (0..roles).map(|number| Some(maximum(number))).collect::<Vec<_>>());
    assert_eq!(report["run"]["complete"], true);
    calls(aws)
}

fn calls(aws: &StandIn) -> [usize; 3] {
    let sessions = aws.calls_of("AssumeRole").iter().filter(|call| call.target() == Some(READER)).count();
    [sessions, aws.calls_of("ListRoles").len(), aws.calls_of("GetRole").len()]
}

#[tokio::test]
async fn a_reader_of_many_roles_lists_them_once() {
    let (world, checker) = account(20, &BOTH);
    let aws = StandIn::start(world).await;
    assert_eq!(reader_calls(&aws, &checker, 20).await, [1, 1, 0]);
    assert_eq!(aws.calls().len(), 1 + 20 + 1 + 1, "the caller's identity, each role, the reader, the list");
}

#[tokio::test]
async fn the_session_that_lists_roles_may_do_nothing_else() {
    let (world, checker) = account(5, &BOTH);
    let aws = StandIn::start(world).await;
    reader_calls(&aws, &checker, 5).await;
    let calls = aws.calls_of("AssumeRole");
    let reader = calls.iter().find(|call| call.target() == Some(READER)).unwrap();
    let policy: Value = serde_json::from_str(reader.param("Policy").unwrap()).unwrap();
    assert_eq!(
        policy["Statement"],
        serde_json::json!([{"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}])
    );
}

#[tokio::test]
async fn a_reader_of_few_roles_describes_each_of_them() {
    let (world, checker) = account(4, &BOTH);
    let aws = StandIn::start(world).await;
    assert_eq!(reader_calls(&aws, &checker, 4).await, [1, 0, 4]);
}

#[tokio::test]
async fn the_pages_are_followed_to_the_last_role() {
    let (mut world, checker) = account(20, &BOTH);
    world.list_roles_page(7);
    let aws = StandIn::start(world).await;
    assert_eq!(reader_calls(&aws, &checker, 20).await, [1, 3, 0]);
}

#[tokio::test]
async fn listing_stops_at_the_last_wanted_role() {
    let (mut world, checker) = account(20, &BOTH);
    world.list_roles_page(7);
    let aws = StandIn::start(world).await;
    // By name, the reader comes first, before the six roles.
    assert_eq!(reader_calls(&aws, &checker, 6).await, [1, 1, 0]);
}

#[tokio::test]
async fn listing_stops_in_an_account_with_far_more_roles_than_wanted() {
    let (mut world, checker) = account(5, &BOTH);
    for number in 0..100 {
        world.role(role(&format!("arn:aws:iam::222222222222:role/a{number}")));
    }
    world.list_roles_page(2);
    let aws = StandIn::start(world).await;
    // As many pages as wanted roles, then a GetRole for each role.
    assert_eq!(reader_calls(&aws, &checker, 5).await, [2, 5, 5]);
}

#[tokio::test]
async fn a_reader_without_permission_to_list_describes_each_role() {
    let (world, checker) = account(6, &["iam:GetRole"]);
    let aws = StandIn::start(world).await;
    assert_eq!(reader_calls(&aws, &checker, 6).await, [2, 1, 6]);
}

#[tokio::test]
async fn a_failed_list_never_prevents_describing_the_roles() {
    for answer in
        [Answer::Throttle, Answer::Html(502), Answer::Malformed, Answer::EmptyBody, Answer::NoMembers, Answer::Reset]
    {
        let (world, checker) = account(6, &BOTH);
        let aws = StandIn::start(world).await;
        aws.script(Fault::on("ListRoles").then(answer.clone()));
        let [sessions, lists, reads] = reader_calls(&aws, &checker, 6).await;
        assert!(lists > 0, "{answer:?}");
        assert_eq!((sessions, reads), (2, 6), "{answer:?}");
    }
}

/// A page of ListRoles without roles, and the marker of the next page.
fn page(marker: &str, padding: usize) -> Answer {
    let padding = " ".repeat(padding);
    Answer::xml(
        200,
        format!(
            "<ListRolesResponse><ListRolesResult><Roles></Roles><IsTruncated>true</IsTruncated>{padding}\
             <Marker>{marker}</Marker></ListRolesResult></ListRolesResponse>"
        ),
    )
}

#[tokio::test]
async fn a_repeated_marker_ends_a_list() {
    let (world, checker) = account(6, &BOTH);
    let aws = StandIn::start(world).await;
    aws.script(Fault::on("ListRoles").then(page("again", 0)));
    assert_eq!(reader_calls(&aws, &checker, 6).await, [2, 2, 6]);
}

#[tokio::test]
async fn a_page_of_four_mebibytes_is_read() {
    for (kibibytes, is_read) in [(4090, true), (4100, false)] {
        let (world, checker) = account(6, &BOTH);
        let aws = StandIn::start(world).await;
        aws.script(Fault::on("ListRoles").times(1).then(page("next", kibibytes * 1024)));
        aws.script(Fault::on("ListRoles").then(Answer::error(403, "AccessDenied", "no")));
        let [sessions, _, reads] = reader_calls(&aws, &checker, 6).await;
        assert_eq!((sessions, reads), (2, 6), "{kibibytes} KiB");
        let next = aws.calls_of("ListRoles").iter().filter(|call| call.param("Marker") == Some("next")).count();
        assert_eq!(next, usize::from(is_read), "{kibibytes} KiB");
    }
}

#[tokio::test]
async fn a_role_that_no_page_names_is_described_and_reported_as_missing() {
    let (mut world, checker) = account(6, &BOTH);
    world.delete_role(&arn(3));
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, &inventory(6)).await;
    assert_eq!(calls(&aws), [2, 1, 1]);
    assert_eq!(BTreeSet::from_iter(ids(&report)), BTreeSet::from(["role-missing", "max-session-over-provisioned"]));
    assert_eq!(finding(&report, "role-missing")["role"], arn(3).as_str());
}

#[tokio::test]
async fn a_role_with_the_same_name_on_another_path_is_a_different_role() {
    let (mut world, checker) = account(6, &BOTH);
    world.delete_role(&arn(3));
    world.role(role("arn:aws:iam::222222222222:role/other/r003"));
    let aws = StandIn::start(world).await;
    let report = check_once(&aws, &checker, &inventory(6)).await;
    let known: Vec<bool> = maxima(&report).iter().map(Option::is_some).collect();
    assert_eq!(known, [true, true, true, false, true, true]);
}
