//! `import cloudformation` and `import terraform-plan`: each configured timeout and each assumed role becomes a job,
//! and everything that cannot become a job is reported.

use serde_json::{Value, json};

use crate::harness::{Cli, Ran};

const TEMPLATE: &str = "Parameters:
  Minutes: {Type: Number}
Globals: {Function: {Timeout: 30}}
Resources:
  Worker:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: worker, Timeout: 900, Role: !GetAtt WorkerRole.Arn}
  WorkerRole: {Type: AWS::IAM::Role, Properties: {RoleName: worker-role, AssumeRolePolicyDocument: {Statement: []}}}
  Short: {Type: AWS::Lambda::Function, Properties: {Role: 'arn:aws:iam::111111111111:role/short'}}
  Sam: {Type: AWS::Serverless::Function}
  Build:
    Type: AWS::CodeBuild::Project
    Properties: {Name: build, TimeoutInMinutes: !Ref Minutes, ServiceRole: build-role}
  Etl: {Type: AWS::Glue::Job, Properties: {Name: etl, Timeout: 240, Role: etl-role}}
  Batch:
    Type: AWS::Batch::JobDefinition
    Properties: {Timeout: {AttemptDurationSeconds: 7200}, ContainerProperties: {JobRoleArn: batch-role}}
  Endless: {Type: AWS::Batch::JobDefinition, Properties: {ContainerProperties: {JobRoleArn: batch-role}}}
  Admin: {Type: AWS::SSO::PermissionSet, Properties: {Name: Admin, SessionDuration: PT4H}}
  Nested: {Type: AWS::CloudFormation::Stack}
";

async fn import(kind: &str, name: &str, content: &str, more: &[&str]) -> Ran {
    Cli::new(&[&["import", kind, name], more].concat()).file(name, content).run().await
}

/// The report of `lint` on the inventory that an import wrote.
async fn judged(imported: &Ran) -> Value {
    let ran = Cli::on(&imported.stdout, "lint", &["--format", "json"]).run().await;
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}\n{}", imported.stdout, ran.stderr))
}

/// Name, length and verdict of each job.
fn jobs(report: &Value) -> Vec<(String, u64, String)> {
    let of = |job: &Value| {
        let text = |key: &str| job[key].as_str().unwrap_or_default().to_owned();
        (text("name"), job["needed_seconds"].as_u64().unwrap_or_default(), text("verdict"))
    };
    report["jobs"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn each_timeout_of_a_template_becomes_a_job() {
    let ran = import("cloudformation", "t.yaml", TEMPLATE, &["--parameter", "Minutes=480"]).await;
    ran.assert_status(3);
    let mut found = jobs(&judged(&ran).await);
    found.sort();
    let wanted = [
        ("Admin", 3600),
        ("Batch", 7200),
        ("Sam", 30),
        ("Short", 3),
        ("build", 28_800),
        ("etl", 14_400),
        ("worker", 900),
    ];
    let wanted: Vec<_> =
        wanted.into_iter().map(|(name, seconds)| (name.to_owned(), seconds, "covered".to_owned())).collect();
    assert_eq!(found, wanted, "{}", ran.stdout);
    assert!(ran.stdout.contains("role arn:aws:iam::ACCOUNT:role/worker-role"), "{}", ran.stdout);
    assert!(ran.stdout.contains("session: 4h"), "{}", ran.stdout);
    assert!(ran.stderr.contains("Endless: the Batch job definition has no timeout"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Nested: the resources that it creates are not read"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_timeout_that_is_open_becomes_no_job() {
    let ran = import("cloudformation", "t.yaml", TEMPLATE, &[]).await;
    ran.assert_status(3);
    assert!(ran.stderr.contains("Build: the timeout of the CodeBuild project is not known"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("name: build"), "{}", ran.stdout);
    let misspelt = import("cloudformation", "t.yaml", TEMPLATE, &["--parameter", "Minute=480"]).await;
    misspelt.assert_status(2);
    assert!(misspelt.stderr.contains("did you mean `Minutes`?"), "{}", misspelt.stderr);
}

fn resource(kind: &str, after: Value) -> Value {
    json!({"address": format!("{kind}.one"), "mode": "managed", "type": kind,
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}})
}

fn plan(resources: &[Value], provider: Value) -> String {
    json!({
        "format_version": "1.2",
        "variables": {"role": {"value": "arn:aws:iam::222222222222:role/deploy"}},
        "resource_changes": resources,
        "configuration": {"provider_config": {"aws": {"name": "aws", "expressions": provider}}},
    })
    .to_string()
}

#[tokio::test]
async fn each_timeout_of_a_plan_becomes_a_job() {
    let resources = [
        resource("aws_lambda_function", json!({"function_name": "worker", "timeout": 900, "role": "arn"})),
        resource("aws_codebuild_project", json!({"name": "build", "build_timeout": 480, "service_role": "arn"})),
        resource("aws_glue_job", json!({"name": "etl", "timeout": 240, "role_arn": "arn"})),
        resource(
            "aws_batch_job_definition",
            json!({"name": "batch", "timeout": [{"attempt_duration_seconds": 7200}],
            "container_properties": "{\"jobRoleArn\": \"arn\"}"}),
        ),
        resource("aws_ssoadmin_permission_set", json!({"name": "Admin", "session_duration": "PT4H"})),
    ];
    let ran = import("terraform-plan", "p.json", &plan(&resources, json!({})), &["--length", "2h"]).await;
    ran.assert_status(0);
    let mut found = jobs(&judged(&ran).await);
    found.sort();
    let wanted = [("Admin", 7200), ("batch", 7200), ("build", 28_800), ("etl", 14_400), ("worker", 900)];
    let wanted: Vec<_> =
        wanted.into_iter().map(|(name, seconds)| (name.to_owned(), seconds, "covered".to_owned())).collect();
    assert_eq!(found, wanted, "{}", ran.stdout);
}

#[tokio::test]
async fn the_roles_that_terraform_assumes_become_one_job() {
    let assumes =
        |duration: Value| json!({"assume_role": [{"role_arn": {"references": ["var.role"]}, "duration": duration}]});
    let stated = plan(&[], assumes(json!({"constant_value": "2h"})));
    let by_user = import("terraform-plan", "p.json", &stated, &["--source", "iam-user", "--length", "90m"]).await;
    by_user.assert_status(0);
    assert!(
        by_user.stdout.contains("role: arn:aws:iam::222222222222:role/deploy")
            && by_user.stdout.contains("duration: 2h")
    );
    let by_role = import("terraform-plan", "p.json", &stated, &["--source", "codebuild"]).await;
    assert_eq!(jobs(&judged(&by_role).await)[0].2, "rejected", "{}", by_role.stdout);
    let left_out =
        import("terraform-plan", "p.json", &plan(&[], assumes(Value::Null)), &["--source", "codebuild"]).await;
    assert!(left_out.stdout.contains("duration: 15m"), "{}", left_out.stdout);
    let without_source = import("terraform-plan", "p.json", &stated, &[]).await;
    without_source.assert_status(3);
    assert!(without_source.stderr.contains("give their source: --source"), "{}", without_source.stderr);
    let open = plan(&[], json!({"assume_role": [{"role_arn": {"references": ["aws_iam_role.x.arn"]}}]}));
    let open = import("terraform-plan", "p.json", &open, &["--source", "iam-user"]).await;
    open.assert_status(3);
    assert!(open.stderr.contains("role_arn of assume_role is an expression"), "{}", open.stderr);
    let token = plan(
        &[],
        json!({"assume_role_with_web_identity": [
            {"role_arn": {"constant_value": "arn:aws:iam::222222222222:role/ci"}},
        ]}),
    );
    let token = import("terraform-plan", "p.json", &token, &[]).await;
    token.assert_status(0);
    assert!(token.stdout.contains("source: web-identity"), "{}", token.stdout);
}

#[tokio::test]
async fn the_s3_backend_that_init_recorded_becomes_a_job() {
    let state = |config: Value| json!({"version": 3, "backend": {"type": "s3", "config": config}}).to_string();
    let role = "arn:aws:iam::222222222222:role/state";
    for config in [
        json!({"bucket": "b", "assume_role": {"role_arn": role, "duration": "2h"}}),
        json!({"bucket": "b", "role_arn": role, "assume_role_duration_seconds": 7200}),
    ] {
        let ran = import("terraform-plan", "terraform.tfstate", &state(config), &["--source", "iam-user"]).await;
        ran.assert_status(0);
        assert!(ran.stdout.contains("terraform backend s3") && ran.stdout.contains("duration: 2h"), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn a_source_that_cannot_assume_the_role_is_refused() {
    for source in ["federation-token", "web-identity", "nobody"] {
        import("terraform-plan", "p.json", &plan(&[], json!({})), &["--source", source]).await.assert_status(2);
    }
}

#[tokio::test]
async fn the_default_of_a_parameter_without_echo_is_a_secret() {
    let template = "Parameters: {P: {Type: String, NoEcho: true, Default: canary-secret-name}}
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Sub '${P}', Timeout: 600, Role: r}}
  B: {Type: AWS::CodeBuild::Project, Properties: {Name: !Ref P, TimeoutInMinutes: 30, ServiceRole: r}}
";
    let ran = import("cloudformation", "template.yaml", template, &[]).await;
    assert!(!ran.stdout.contains("canary") && !ran.stderr.contains("canary"), "{}\n{}", ran.stdout, ran.stderr);
}

/// What AWS refuses, what a condition leaves out and what is not known becomes no job. `lint` reads every inventory
/// that is written.
#[tokio::test]
async fn timeouts_that_aws_refuses_become_no_job() {
    const JOB_ROLE: &str = "ContainerProperties: {JobRoleArn: r}";
    let function = |properties: &str| format!("{{Type: AWS::Lambda::Function, Properties: {{{properties}, Role: r}}}}");
    let of = |kind: &str, properties: &str| format!("{{Type: {kind}, Properties: {{{properties}}}}}");
    let project =
        |minutes: &str| of("AWS::CodeBuild::Project", &format!("TimeoutInMinutes: {minutes}, ServiceRole: r"));
    let batch = |timeout: &str, role: &str| of("AWS::Batch::JobDefinition", &format!("Timeout: {timeout}, {role}"));
    let set = |duration: &str| of("AWS::SSO::PermissionSet", &format!("Name: A, SessionDuration: {duration}"));
    let glue = |more: &str| of("AWS::Glue::Job", &format!("Role: r{more}"));
    let left_out = "{Type: AWS::Lambda::Function, Condition: Never, Properties: {Timeout: 60, Role: r}}".to_owned();
    let node = "NodeProperties: {NodeRangeProperties: [{Container: {JobRoleArn: r}}]}";
    for (resource, length) in [
        (function("Timeout: 60"), Some("1m")),
        (function("Timeout: 5400"), Some("1h30m")),
        (function("Timeout: 5401"), None),
        (function("Timeout: 0"), None),
        (function("Timeout: [60]"), None),
        (function("Timeout: 1m"), None),
        (function("Timeout: 1.5"), None),
        (function("Timeout: !ImportValue x"), None),
        (function("Timeout: !If [Never, 60, 90]"), Some("1m30s")),
        (function("Timeout: !Ref AWS::NoValue"), Some("3s")),
        (left_out, None),
        (project("5"), Some("5m")),
        (project("4"), None),
        (project("2161"), None),
        (batch("{AttemptDurationSeconds: 60}", JOB_ROLE), Some("1m")),
        (batch("{AttemptDurationSeconds: 59}", JOB_ROLE), None),
        (batch("3600", JOB_ROLE), None),
        (batch("{AttemptDurationSeconds: 60}", node), Some("1m")),
        (batch("{AttemptDurationSeconds: 60}", "EksProperties: {}"), None),
        (glue(""), Some("48h")),
        (glue(", GlueVersion: '5.0'"), Some("8h")),
        (glue(", GlueVersion: !ImportValue x"), None),
        (glue(", Command: {Name: gluestreaming}"), Some("168h")),
        (set("PT12H"), Some("1h")),
        (set("PT13H"), None),
        (set("PT30M"), None),
        (set("4h"), None),
        (set("14400"), None),
    ] {
        let template = format!("Conditions: {{Never: !Equals [a, b]}}\nResources:\n  One: {resource}\n");
        let ran = import("cloudformation", "t.yaml", &template, &[]).await;
        let all = format!("{resource}: {}{}", ran.stdout, ran.stderr);
        match length {
            Some(length) => {
                assert!(
                    ran.stdout.contains(&format!("length: {length} "))
                        || ran.stdout.contains(&format!("length: {length}\n")),
                    "{all}"
                );
                assert_eq!(judged(&ran).await["jobs"].as_array().map(Vec::len), Some(1), "{all}");
            }
            None => assert!(ran.stdout.is_empty() && ran.stderr.contains("No inventory was written"), "{all}"),
        }
    }
}

#[tokio::test]
async fn a_value_that_terraform_knows_only_after_apply_becomes_no_job() {
    let mut batch = resource("aws_batch_job_definition", json!({"name": "batch", "timeout": [{}]}));
    batch["change"]["after_unknown"] =
        json!({"timeout": [{"attempt_duration_seconds": true}], "container_properties": true});
    let ran = import("terraform-plan", "p.json", &plan(&[batch], json!({})), &[]).await;
    ran.assert_status(3);
    assert!(ran.stderr.contains("it is known only after apply"), "{}", ran.stderr);
    // The provider computes the timeout of a Glue job that sets none.
    let mut glue = resource("aws_glue_job", json!({"name": "etl", "glue_version": "5.0", "role_arn": "r"}));
    glue["change"]["after_unknown"] = json!({"timeout": true});
    let mut plan: Value = serde_json::from_str(&plan(&[glue], json!({}))).unwrap();
    plan["configuration"]["root_module"] =
        json!({"resources": [{"address": "aws_glue_job.one", "expressions": {"name": {}}}]});
    let ran = import("terraform-plan", "p.json", &plan.to_string(), &[]).await;
    ran.assert_status(0);
    assert!(ran.stdout.contains("length: 8h"), "{}{}", ran.stdout, ran.stderr);
}

#[tokio::test]
async fn an_imported_duration_is_one_that_lint_reads() {
    let role = "role_arn = arn:aws:iam::222222222222:role/etl\nsource_profile = k\n";
    let keys = "[profile k]\naws_access_key_id = AKIA0000\naws_secret_access_key = canary-secret\n";
    for settings in [
        format!("{role}duration_seconds = 99999999999999999999999\n"),
        "credential_process = aws_signing_helper credential-process --session-duration 99999999999999999\n".to_owned(),
        "credential_process = saml2aws login --credential-process --session-duration 99999999999999999\n".to_owned(),
        "credential_process = aws-vault exec --duration=99999999999h jane\n".to_owned(),
    ] {
        let file = format!("[profile a]\n{settings}{keys}");
        let ran = Cli::new(&["import", "aws-config", "c"]).file("c", file).run().await;
        if !ran.stdout.is_empty() {
            let linted = Cli::on(&ran.stdout, "lint", &["--format", "json"]).run().await;
            assert_ne!(linted.status, 2, "{}{}", ran.stdout, linted.stderr);
        }
    }
}
