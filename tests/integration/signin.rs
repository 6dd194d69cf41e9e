//! `check` reads MaxSigninSessionDuration of the role of a console login, from GetRole and from ListRoles.

use serde_json::Value;

use crate::harness::{CHECKER, check_once, findings, job, world};
use crate::stand_in::{Answer, Fault, Role, StandIn};

const READER: &str = "arn:aws:iam::222222222222:role/reader";
const DAY: u32 = 86_400;

fn role(name: &str) -> Role {
    Role::new(format!("arn:aws:iam::222222222222:role/{name}"))
}

/// Checks one job of 20 hours for each role: a person signed in with the role, and `aws login` renews.
async fn check(roles: &[(&str, Option<u32>)], may: &[&str]) -> (Value, StandIn) {
    check_with(roles, may, None).await
}

/// The same, with this answer to GetRole.
async fn check_with(roles: &[(&str, Option<u32>)], may: &[&str], answer: Option<Answer>) -> (Value, StandIn) {
    let (mut world, checker) = world();
    let reader = Role::new(READER).trusts(CHECKER);
    world.role(may.iter().fold(reader, |reader, action| reader.allows(action, "*")));
    for (name, signin) in roles {
        world.role(signin.iter().fold(role(name), |role, seconds| role.max_signin_session(*seconds)));
    }
    let jobs: String = roles
        .iter()
        .map(|(name, _)| {
            let role = format!("arn:aws:iam::222222222222:role/{name}");
            format!(
                "  - {{name: {name}, length: 20h, source: {{kind: console-login, role: \"{role}\"}}, refresh: auto}}\n"
            )
        })
        .collect();
    let aws = StandIn::start(world).await;
    if let Some(answer) = answer {
        aws.script(Fault::on("GetRole").then(answer));
    }
    let inventory = format!("version: 1\nreaders: {{\"222222222222\": \"{READER}\"}}\njobs:\n{jobs}");
    let report = check_once(&aws, &checker, &inventory).await;
    (report, aws)
}

#[tokio::test]
async fn the_sign_in_session_of_the_role_decides_and_is_no_default() {
    let (report, aws) = check(&[("day", Some(DAY)), ("short", Some(3600)), ("unset", None)], &["iam:GetRole"]).await;
    assert_eq!(aws.calls_of("GetRole").len(), 3);
    for (name, verdict, end, confirmed) in
        [("day", "covered", DAY, true), ("short", "lapses", 3600, true), ("unset", "lapses", 43_200, false)]
    {
        let job = job(&report, name);
        assert_eq!((&job["verdict"], &job["confirmed"]), (&verdict.into(), &confirmed.into()), "{job:#}");
        assert_eq!(job["lapses_after_seconds"], end, "{job:#}");
    }
    let severities = findings(&report, "source-session-ends-first");
    let severity = |name: &str| severities.iter().find(|finding| finding["job"] == name).unwrap()["severity"].clone();
    assert_eq!(severity("short"), "high", "the role states the limit");
    assert_eq!(severity("unset"), "medium", "the limit is a default");
}

#[tokio::test]
async fn a_list_of_roles_has_the_setting_too() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let roles: Vec<(&str, Option<u32>)> = names.iter().map(|name| (*name, (*name != "c").then_some(DAY))).collect();
    let (report, aws) = check(&roles, &["iam:ListRoles"]).await;
    assert_eq!((aws.calls_of("ListRoles").len(), aws.calls_of("GetRole").len()), (1, 0));
    for name in names {
        let expected = if name == "c" { "lapses" } else { "covered" };
        assert_eq!(job(&report, name)["verdict"], expected, "{name}");
    }
}

#[tokio::test]
async fn a_role_of_a_console_login_that_was_not_read_is_reported() {
    let gone = Answer::error(404, "NoSuchEntity", "The role with name day cannot be found.");
    let huge = Answer::altered("86400</MaxSignin", "7776001</MaxSignin");
    for (answer, id, complete) in [
        (gone, "role-missing", true),
        (huge, "not-checked", false),
        (Answer::error(400, "Throttling", "Rate exceeded"), "not-checked", false),
    ] {
        let (report, _) = check_with(&[("day", Some(DAY))], &["iam:GetRole"], Some(answer)).await;
        let found = findings(&report, id);
        assert_eq!(found.len(), 1, "{id} in {report:#}");
        assert_eq!(found[0]["role"], "arn:aws:iam::222222222222:role/day");
        assert_eq!(report["run"]["complete"], complete, "{id}");
        let not_checked = report["coverage"]["roles"]["not_checked"].as_array().unwrap();
        assert!(not_checked.iter().any(|role| role["role"] == "arn:aws:iam::222222222222:role/day"), "{report:#}");
    }
}

#[tokio::test]
async fn without_permission_the_default_decides_and_is_marked() {
    let (report, _) = check(&[("day", Some(DAY))], &[]).await;
    let job = job(&report, "day");
    assert_eq!((&job["verdict"], &job["confirmed"]), (&"lapses".into(), &false.into()), "{job:#}");
}
