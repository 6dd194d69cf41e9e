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
