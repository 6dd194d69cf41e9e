//! Jobs that the tags of roles in moto declare.

use aws_sdk_iam::types::Tag;
use serde_json::json;

use super::{client, create_role, invocation, session_in};
use crate::harness::{finding, job};

const ACCOUNT: &str = "800000000003";

/// IAM of the account, to change tags.
async fn iam() -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&client(session_in(ACCOUNT).await).await)
}

async fn tag(iam: &aws_sdk_iam::Client, role: &str, value: &str) {
    let tag = Tag::builder().key(format!("credential-health:job/{role}")).value(value).build().unwrap();
    iam.tag_role().role_name(role).tags(tag).send().await.unwrap();
}

#[tokio::test]
async fn a_tag_that_was_changed_in_moto_is_seen_by_the_next_run_without_a_deployment() {
    create_role(ACCOUNT, "/", "credential-health-reader", 3600).await;
    create_role(ACCOUNT, "/jobs/", "tagged-etl", 3600).await;
    create_role(ACCOUNT, "/other/", "tagged-other", 3600).await;
    let iam = iam().await;
    tag(&iam, "tagged-etl", "length=4h source=ecs-task owner=data").await;
    tag(&iam, "tagged-other", "length=4h source=ecs-task").await;
    let company = super::Company::found(9).await;
    let inventory = company.inventory.path().to_str().unwrap();
    let reader = format!("arn:aws:iam::{ACCOUNT}:role/credential-health-reader");
    let text = format!(
        "version: 1\nreaders: {{\"{ACCOUNT}\": \"{reader}\"}}\ndiscover: [{{account: \"{ACCOUNT}\", path_prefix: \
         /jobs/}}]\n"
    );
    std::fs::write(inventory, text).unwrap();
    let function = company.function().await;
    let run = async |id: &str| {
        let answer = function.handle(&json!({}), &invocation(id)).await.unwrap();
        serde_json::to_value(answer).unwrap()
    };

    let report = run("first").await;
    assert_eq!(report["summary"]["jobs"], 1, "{report:#}");
    assert_eq!((&job(&report, "tagged-etl")["verdict"], &report["run"]["complete"]), (&json!("lapses"), &json!(true)));
    let messages = company.received().await;
    assert!(messages[0]["Subject"].as_str().unwrap().ends_with("(data)"), "{messages:#?}");

    tag(&iam, "tagged-etl", "length=20m source=ecs-task owner=data").await;
    let report = run("second").await;
    assert_eq!(job(&report, "tagged-etl")["verdict"], "covered", "{report:#}");

    tag(&iam, "tagged-etl", "length=20 source=ecs-task owner=data").await;
    let report = run("third").await;
    let invalid = finding(&report, "role-tag-invalid");
    assert_eq!((&invalid["owners"], &report["run"]["complete"]), (&json!(["data"]), &json!(false)));

    iam.untag_role().role_name("tagged-etl").tag_keys("credential-health:job/tagged-etl").send().await.unwrap();
    assert_eq!(run("fourth").await["summary"]["jobs"], 0);
}
