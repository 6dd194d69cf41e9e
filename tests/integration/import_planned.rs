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
