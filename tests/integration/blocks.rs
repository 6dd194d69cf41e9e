//! The blocks of causes in the text report: the fix for the place of the user, and the commands of merged blocks.

use serde_json::json;

use crate::harness::{Cli, Ran};

const DEPLOY: &str = "arn:aws:iam::222222222222:role/deploy";

fn inventory(jobs: &[&str]) -> String {
    format!("version: 1\njobs:\n- {}\n", jobs.join("\n- "))
}

/// A job that requests two hours from a role that is planned to allow one.
fn too_long() -> String {
    inventory(&[&format!(
        "{{name: j, length: 90m, source: web-identity, path: [{{role: \"{DEPLOY}\", duration: 2h}}]}}"
    )])
}

fn unwrapped(ran: &Ran) -> String {
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

const TRUST: &str = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "arn:aws:iam::222222222222:oidc-provider/idp.example.com"}}]}"#;

#[tokio::test]
async fn the_fix_of_a_terraform_plan_is_a_terraform_argument() {
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.9.0",
        "resource_changes": [{
            "address": "module.ci.aws_iam_role.deploy", "module_address": "module.ci", "mode": "managed",
            "type": "aws_iam_role", "name": "deploy", "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after_unknown": {}, "after": {
                "name": "deploy", "path": "/", "max_session_duration": 3600, "assume_role_policy": TRUST
            }}
        }]
    });
    for more in [&[][..], &["-v"]] {
        let arguments = [&["--terraform-plan", "p.json", "--account", "222222222222"][..], more].concat();
        let ran = Cli::on(&too_long(), "lint", &arguments).file("p.json", plan.to_string()).run().await;
        let text = unwrapped(&ran);
        let lines = "# in module.ci.aws_iam_role.deploy max_session_duration = 7200";
        assert!(text.contains(lines), "{}{}", ran.stdout, ran.stderr);
        assert!(!text.contains("AWS::IAM::Role") && !text.contains("aws iam update-role"), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn the_fix_of_a_template_with_a_parameter_is_the_default_of_the_parameter() {
    let template = format!(
        "Parameters:\n  Longest: {{Type: Number, Default: 3600}}\nResources:\n  Deploy:\n    Type: AWS::IAM::Role\n    \
         Properties:\n      RoleName: deploy\n      MaxSessionDuration: !Ref Longest\n      \
         AssumeRolePolicyDocument: {}\n",
        TRUST.replace('\n', " ")
    );
    for longest in ["!Ref Longest", "{Ref: Longest}"] {
        let template = template.replace("!Ref Longest", longest);
        let ran = Cli::on(&too_long(), "lint", &["--cloudformation", "t.yaml"]).file("t.yaml", template).run().await;
        let text = unwrapped(&ran);
        let step = "In t.yaml:2, set the Default of parameter Longest, the MaxSessionDuration of deploy, to 7200 (2h)";
        assert!(text.contains(step), "{}{}", ran.stdout, ran.stderr);
        assert!(text.contains("A deployment that passes another value for Longest keeps that value."), "{text}");
        assert!(text.contains("Parameters: Longest: Default: 7200"), "{text}");
    }
}

const TWO_HOURS: &str = "length: 2h, source: ecs-task";

#[tokio::test]
async fn a_block_of_several_jobs_has_the_commands_of_its_first_job() {
    let one = format!("{{name: one, {TWO_HOURS}, path: [\"{DEPLOY}\"]}}");
    let other = "{name: other, length: 90m, source: ec2-instance, path: [\"arn:aws:iam::222222222222:role/other\"]}";
    let ran = Cli::on(&inventory(&[&one, other]), "lint", &[]).run().await;
    let text = unwrapped(&ran);
    assert!(text.contains("Let the SDK renew") && text.contains("For example, for one:"), "{}", ran.stdout);
    assert!(text.contains("[profile one] role_arn = arn:aws:iam::222222222222:role/deploy"), "{}", ran.stdout);
    assert!(!text.contains("[profile other]"), "{}", ran.stdout);
}

/// The reason of one job is not the reason of another with another source.
#[tokio::test]
async fn the_reason_of_one_job_is_not_given_for_all_jobs_of_a_block() {
    let job = |name: &str, source: &str| format!("{{name: {name}, length: 13h, source: {source}}}");
    let jobs =
        [job("one", "{kind: session-token, duration: 12h}"), job("two", "{kind: federation-token, duration: 12h}")];
    let ran = Cli::on(&inventory(&[&jobs[0], &jobs[1]]), "lint", &[]).run().await;
    let text = unwrapped(&ran);
    assert_eq!(text.matches("HIGH").count(), 1, "{}", ran.stdout);
    assert!(text.contains("one: The session of its source (session-token) lasts 12h"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_block_without_room_for_all_commands_says_where_they_are() {
    let path = format!("path: [\"arn:aws:iam::222222222222:role/hub\", \"{DEPLOY}\"]");
    let ran = Cli::on(&inventory(&[&format!("{{name: one, {TWO_HOURS}, {path}}}")]), "lint", &[]).run().await;
    let text = unwrapped(&ran);
    assert!(!text.contains("[profile one]"), "{}", ran.stdout);
    assert!(text.contains("all commands and ") && text.contains("explain --inventory"), "{}", ran.stdout);
}

#[tokio::test]
async fn verbose_and_explain_show_every_block_of_a_fix() {
    let role = format!("roles: {{deploy: {{arn: \"{DEPLOY}\", max_session_duration: 1h}}}}\n");
    let inventory = too_long().replace("jobs:", &format!("{role}jobs:"));
    for (command, more) in [("lint", &["-v"][..]), ("explain", &["--job", "j"])] {
        let ran = Cli::on(&inventory, command, more).run().await;
        for line in
            ["aws iam update-role --role-name deploy", "MaxSessionDuration: 7200", "max_session_duration = 7200"]
        {
            assert!(ran.stdout.contains(line), "{command}: {line}\n{}{}", ran.stdout, ran.stderr);
        }
    }
}
