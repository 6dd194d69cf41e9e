//! `lint` on templates and plans, through the command: verdicts, findings, unknown values, exit status, and the value
//! of each intrinsic function. Each fixture names the public project that it is modelled on.

use std::path::{Path, PathBuf};

use credential_health::inventory::{Inventory, RoleArn, Seconds};
use credential_health::templates::{GivenValues, Planned, PlannedSetting, TemplateFiles};
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{Cli, Ran, findings, ids, job, role_of};

const HUB: &str = "arn:aws:iam::111111111111:role/hub";

fn fixture(name: &str) -> Vec<u8> {
    let root = Path::new(crate::harness::ROOT);
    let of_ours = !name.starts_with("templates/") && !name.starts_with("plans/");
    let path = if of_ours { root.join(name) } else { root.join("tests/fixtures").join(name) };
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One job of 30 minutes with these roles. `more` adds lines to the inventory.
fn inventory(source: &str, path: &[&str], more: &str) -> String {
    let hops: Vec<String> = path.iter().map(|role| format!("{{role: \"{role}\"}}")).collect();
    one_job("30m", source, &hops.join(", "), more)
}

fn one_job(length: &str, source: &str, hops: &str, more: &str) -> String {
    format!("version: 1\n{more}jobs: [{{name: job, length: {length}, source: {source}, path: [{hops}]}}]\n")
}

fn arn(account: u8, name: &str) -> String {
    format!("arn:aws:iam::{}:role/{name}", account.to_string().repeat(12))
}

struct Case<'a> {
    about: &'a str,
    inventory: String,
    files: &'a [&'a str],
    more: &'a [&'a str],
    status: i32,
    verdict: &'a str,
    ids: &'a [&'a str],
    /// Expected texts of the notes.
    notes: &'a [&'a str],
}

async fn lint(inventory: &str, files: &[&str], more: &[&str]) -> Ran {
    let mut arguments = more.to_vec();
    for file in files {
        arguments.extend([if file.starts_with("plans/") { "--terraform-plan" } else { "--cloudformation" }, file]);
    }
    files.iter().fold(Cli::on(inventory, "lint", &arguments), |cli, file| cli.file(file, fixture(file))).run().await
}

async fn assert_cases(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for case in cases {
        let ran = lint(&case.inventory, case.files, &[case.more, &["--format", "json"]].concat()).await;
        let Ok(report) = serde_json::from_str::<Value>(&ran.stdout) else {
            wrong.push(format!("{}: {} {}", case.about, ran.status, ran.stderr));
            continue;
        };
        let notes = report["planned"]["notes"].to_string();
        let verdict = job(&report, "job")["verdict"].as_str().unwrap();
        if (ran.status, verdict, ids(&report).as_slice()) != (case.status, case.verdict, case.ids) {
            wrong.push(format!("{}: {} {verdict} {:?} {notes}", case.about, ran.status, ids(&report)));
        }
        for note in case.notes.iter().filter(|note| !notes.contains(**note)) {
            wrong.push(format!("{}: no note {note:?} in {notes}", case.about));
        }
        if case.notes.is_empty() && notes != "[]" {
            wrong.push(format!("{}: notes {notes}", case.about));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_template_gives_the_planned_settings_of_its_roles() {
    let execution = arn(2, "AWSCloudFormationStackSetExecutionRole");
    let administration = arn(1, "AWSCloudFormationStackSetAdministrationRole");
    let deploy = "arn:aws:iam::222222222222:role/cdk-hnb659fds-deploy-role-222222222222-eu-west-1";
    let vendor = "arn:aws:iam::222222222222:role/vendors/VendorIntegration";
    let github =
        one_job("90m", "web-identity", &format!("{{role: \"{}\", duration: 2h}}", arn(2, "github-deploy")), "");
    let batch = one_job("7h", "iam-user", &format!("{{role: \"{}\", duration: 8h}}", arn(2, "batch-runner")), "");
    let declared = |id: &str| format!("roles: {{v: {{arn: \"{vendor}\", external_id: {id}}}}}\n");
    let vendor_account = ["--parameter", "VendorAccount=111111111111", "--parameter", "ExternalId=abc"];
    let sam = |source: &str| {
        one_job("80m", source, &format!("{{role: \"{}\", duration: 2h}}", arn(2, "sam-pipeline-execution")), "")
    };
    let pipeline = "arn:aws:iam::222222222222:role/pipeline/tools-pipeline-role";
    let case = |about, inventory, files, more, status, verdict, ids, notes| Case {
        about,
        inventory,
        files,
        more,
        status,
        verdict,
        ids,
        notes,
    };
    assert_cases(&[
        case(
            "a MaxSessionDuration that is left out is an hour",
            github,
            &["templates/github-oidc.yaml"],
            &[],
            1,
            "rejected",
            &["duration-above-max-session"],
            &["GithubOidc is not known before deployment"],
        ),
        case(
            "an account that a parameter gives is trusted",
            inventory("iam-user", &[&administration, &execution], ""),
            &["templates/stackset-execution.yaml"],
            &["--parameter", "AdministratorAccountId=111111111111"],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "an account that no parameter gives is not guessed",
            inventory("iam-user", &[&administration, &execution], ""),
            &["templates/stackset-execution.yaml"],
            &[],
            0,
            "covered",
            &[],
            &["parameter AdministratorAccountId has no default"],
        ),
        case(
            "another account is not trusted",
            inventory("iam-user", &[&administration, &execution], ""),
            &["templates/stackset-execution.yaml"],
            &["--parameter", "AdministratorAccountId=333333333333"],
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
        case(
            "a role for a service alone is not for a user",
            inventory("iam-user", &[&administration], ""),
            &["templates/stackset-administration.yaml"],
            &[],
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
        case(
            "a name with the Region in it may be the role's",
            inventory("iam-user", &[HUB, deploy], ""),
            &["templates/cdk-bootstrap.yaml"],
            &[],
            0,
            "covered",
            &[],
            &["AWS::Region is not known before deployment"],
        ),
        case(
            "with the Region it is, and trusts its own account alone",
            inventory("iam-user", &[HUB, deploy], ""),
            &["templates/cdk-bootstrap.yaml"],
            &["--parameter", "AWS::Region=eu-west-1"],
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
        case(
            "a condition on a list of accounts is decided",
            inventory("iam-user", &[HUB, deploy], ""),
            &["templates/cdk-bootstrap.yaml"],
            &["--parameter", "AWS::Region=eu-west-1", "--parameter", "TrustedAccounts=999999999999, 111111111111"],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "a user by a parameter",
            sam("iam-user"),
            &["templates/sam-pipeline.yaml"],
            &["--parameter", "PipelineUserArn=arn:aws:iam::111111111111:user/pipeline"],
            0,
            "covered",
            &[],
            &["AWS SAM creates roles with generated names for Hello"],
        ),
        case(
            "a policy as text within Fn::Sub",
            sam("web-identity"),
            &["templates/sam-pipeline.yaml"],
            &["--parameter", "UseOidcProvider=true"],
            0,
            "covered",
            &[],
            &["AWS SAM creates roles with generated names for Hello"],
        ),
        case(
            "the other branch has no identity provider",
            sam("web-identity"),
            &["templates/sam-pipeline.yaml"],
            &[],
            1,
            "covered",
            &["assume-denied"],
            &["AWS SAM creates roles with generated names for Hello"],
        ),
        case(
            "the external ID that is declared",
            inventory("iam-user", &[HUB, vendor], &declared("abc")),
            &["templates/vendor-external-id.json"],
            &vendor_account,
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "another external ID",
            inventory("iam-user", &[HUB, vendor], &declared("xyz")),
            &["templates/vendor-external-id.json"],
            &vendor_account,
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
        case(
            "no external ID",
            inventory("iam-user", &[HUB, vendor], ""),
            &["templates/vendor-external-id.json"],
            &vendor_account,
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
        case(
            "an external ID that is not known",
            inventory("iam-user", &[HUB, vendor], &declared("abc")),
            &["templates/vendor-external-id.json"],
            &vendor_account[..2],
            0,
            "covered",
            &[],
            &["parameter ExternalId has no default"],
        ),
        case(
            "another path is another role",
            inventory("iam-user", &[&arn(2, "VendorIntegration")], ""),
            &["templates/vendor-external-id.json"],
            &[],
            0,
            "covered",
            &[],
            &["the same name, and the path `/vendors/` instead of `/`"],
        ),
        case(
            "a role that another of the template trusts, over-provisioned for a chain",
            inventory("iam-user", &[&arn(2, "etl-task"), &arn(2, "etl-target")], ""),
            &["templates/ecs-task-roles.json"],
            &[],
            1,
            "covered",
            &["assume-denied", "max-session-unreachable"],
            &[],
        ),
        case(
            "the platform's own role trusts its service",
            inventory("ecs-task", &[&arn(2, "etl-task"), &arn(2, "etl-target")], ""),
            &["templates/ecs-task-roles.json"],
            &[],
            0,
            "covered",
            &["max-session-unreachable"],
            &[],
        ),
        case(
            "the role of another platform",
            inventory("codebuild", &[&arn(2, "etl-task")], ""),
            &["templates/ecs-task-roles.json"],
            &[],
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
        case(
            "a mapping, in JSON with tabs",
            batch.clone(),
            &["templates/mapping-tabs.json"],
            &[],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "a mapping by another parameter",
            batch,
            &["templates/mapping-tabs.json"],
            &["--parameter", "Environment=dev"],
            1,
            "rejected",
            &["duration-above-max-session"],
            &[],
        ),
        case(
            "a root of a parameter's account",
            inventory("iam-user", &[HUB, &arn(2, "AWSControlTowerExecution")], ""),
            &["templates/control-tower-execution.yaml"],
            &[],
            0,
            "covered",
            &[],
            &["Unnamed (line 16): AWS generates its name"],
        ),
        case(
            "a name that AWS generates may be the role's",
            inventory("lambda", &[&arn(2, "stack-Unnamed-1A2B3C")], "").replace("30m", "10m"),
            &["templates/control-tower-execution.yaml"],
            &[],
            0,
            "covered",
            &[],
            &["AWS generates its name"],
        ),
        case(
            "a Deny is not concluded",
            inventory("iam-user", &[&arn(1, "codebuild-deploy"), pipeline], ""),
            &["templates/cross-account-pipeline.yaml"],
            &[],
            0,
            "covered",
            &["max-session-unreachable"],
            &["a Deny statement may apply"],
        ),
        case(
            "no other caller may assume it",
            inventory("iam-user", &[HUB, pipeline], ""),
            &["templates/cross-account-pipeline.yaml"],
            &[],
            1,
            "covered",
            &["assume-denied", "max-session-unreachable"],
            &[],
        ),
        case(
            "SAML",
            one_job("7h", "saml", &format!("{{role: \"{}\", duration: 8h}}", arn(2, "saml-admin")), ""),
            &["templates/saml-roles.yaml"],
            &[],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "a SAML provider is no OIDC provider",
            one_job("7h", "web-identity", &format!("{{role: \"{}\", duration: 8h}}", arn(2, "saml-admin")), ""),
            &["templates/saml-roles.yaml"],
            &[],
            1,
            "covered",
            &["assume-denied"],
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_value_that_a_template_leaves_open_is_unknown_despite_a_declared_value() {
    let long = |name: &str| {
        let declared = format!("roles: {{r: {{arn: \"{}\", max_session_duration: 12h}}}}\n", arn(2, name));
        one_job("11h", "web-identity", "{role: r, duration: 12h}", &declared)
    };
    let file: &[&str] = &["templates/conditional-session.yaml"];
    let case = |about, name, more, status, verdict, ids, notes| Case {
        about,
        inventory: long(name),
        files: file,
        more,
        status,
        verdict,
        ids,
        notes,
    };
    assert_cases(&[
        case(
            "a condition that is open",
            "migration",
            &[],
            3,
            "unknown",
            &["max-session-unknown"],
            &["MaxSessionDuration is not known: condition IsProduction: parameter Stage has no default"],
        ),
        case("a condition that holds", "migration", &["--parameter", "Stage=prod"], 0, "covered", &[], &[]),
        case(
            "a condition that does not",
            "migration",
            &["--parameter", "Stage=test"],
            1,
            "rejected",
            &["duration-above-max-session", "max-session-drift"],
            &[],
        ),
        case(
            "an import",
            "exported",
            &["--parameter", "Stage=prod"],
            3,
            "unknown",
            &["max-session-unknown"],
            &["Fn::ImportValue: the value comes from another stack"],
        ),
        case(
            "a role that is not made there",
            "production-only",
            &["--parameter", "Stage=test"],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "a role that is",
            "production-only",
            &["--parameter", "Stage=prod"],
            1,
            "rejected",
            &["duration-above-max-session", "max-session-drift"],
            &[],
        ),
    ])
    .await;
}

/// Modelled on the "Conditions section syntax" page of the CloudFormation User Guide, whose parameter has a default.
#[tokio::test]
async fn a_role_that_a_default_omits_is_reported() {
    let template = "Parameters: {Stage: {Type: String, Default: test}}\n\
                    Conditions: {IsProduction: !Equals [!Ref Stage, prod]}\n\
                    Resources:\n  Only: {Type: AWS::IAM::Role, Condition: IsProduction, Properties: {RoleName: only, \
                    AssumeRolePolicyDocument: {}}}\n";
    let jobs = inventory("iam-user", &[&arn(2, "only")], "");
    let notes = async |more: &[&str]| {
        let arguments = [&["--cloudformation", "t.yaml", "--format", "json"], more].concat();
        let ran = Cli::on(&jobs, "lint", &arguments).file("t.yaml", template.as_bytes()).run().await;
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        report["planned"]["notes"].to_string()
    };
    let by_default = notes(&[]).await;
    let why = "does not create this role (its condition IsProduction is false, with parameter Stage at its default)";
    assert!(by_default.contains(why) && by_default.contains("role/only"), "{by_default}");
    assert!(!notes(&["--parameter", "Stage=test"]).await.contains("does not create"));
    assert!(!notes(&["--parameter", "Stage=prod"]).await.contains("does not create"));
}

#[tokio::test]
async fn the_fix_for_a_terraform_role_is_in_its_configuration() {
    let role = |max: &str| {
        format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "aws_iam_role.root", "mode": "managed",
                "type": "aws_iam_role", "name": "root", "change": {{"actions": ["create"], "before": null,
                "after": {{"name": "root", "path": "/", "assume_role_policy": "{{}}"{max}}},
                "after_unknown": {{"max_session_duration": true}}}}}}]}}"#
        )
    };
    let jobs = one_job("3h", "web-identity", &format!("{{role: \"{}\", duration: 4h}}", arn(2, "root")), "");
    for (max, wanted) in [
        (
            ", \"max_session_duration\": 3600",
            "In the Terraform configuration, set max_session_duration of aws_iam_role.root to ",
        ),
        ("", "Write max_session_duration of aws_iam_role.root as a number in the Terraform configuration"),
    ] {
        let ran = Cli::on(&jobs, "lint", &["--terraform-plan", "p.json", "--format", "json"])
            .file("p.json", role(max).into_bytes())
            .run()
            .await;
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let steps: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|finding| finding["remediation"].as_array().unwrap())
            .map(|remedy| remedy["step"].as_str().unwrap())
            .collect();
        assert!(steps.iter().any(|step| step.contains(wanted)), "{steps:?}");
        assert!(steps.iter().all(|step| !step.contains("p.json") && !step.contains("--parameter")), "{steps:?}");
    }
}

#[tokio::test]
async fn a_plan_gives_the_planned_settings_of_its_roles() {
    let exec = |account| inventory("iam-user", &[&arn(1, "AWSAFTAdmin"), &arn(account, "AWSAFTExecution")], "");
    let long = |name: &str, declared: &str| {
        one_job(
            "3h",
            "web-identity",
            "{role: r, duration: 4h}",
            &format!("roles: {{r: {{arn: \"{}\"{declared}}}}}\n", arn(2, name)),
        )
    };
    let case = |about, inventory, files, status, verdict, ids, notes| Case {
        about,
        inventory,
        files,
        more: &[],
        status,
        verdict,
        ids,
        notes,
    };
    assert_cases(&[
        case(
            "a module's role for GitHub, with an hour",
            long("github-oidc-deploy", ""),
            &["plans/github-oidc-module.json"],
            1,
            "rejected",
            &["duration-above-max-session"],
            &["token.actions.githubusercontent.com:iss (ForAllValues:StringEquals) is not judged"],
        ),
        case(
            "an update that lowers the maximum, and asks for an external ID",
            one_job(
                "3h",
                "iam-user",
                "{role: r, duration: 4h}",
                &format!("roles: {{r: {{arn: \"{}\", max_session_duration: 12h}}}}\n", arn(2, "custom")),
            ),
            &["plans/assumable-role-module.json"],
            1,
            "rejected",
            &["duration-above-max-session", "assume-denied", "max-session-drift"],
            &[],
        ),
        case(
            "a session that a role is trusted for",
            exec(2),
            &["plans/aft-roles.json"],
            0,
            "covered",
            &[],
            &["is not judged"],
        ),
        case(
            "another provider, another account",
            exec(3),
            &["plans/aft-roles.json"],
            1,
            "covered",
            &["assume-denied", "max-session-unreachable"],
            &[],
        ),
        case(
            "a role that is deleted",
            inventory("iam-user", &[&arn(2, "legacy")], ""),
            &["plans/deleted-role.json"],
            1,
            "covered",
            &["role-missing"],
            &[],
        ),
        case(
            "a role that is forgotten stays",
            inventory("iam-user", &[&arn(2, "kept")], ""),
            &["plans/deleted-role.json"],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "a role that gets another name",
            inventory("iam-user", &[&arn(2, "runner")], ""),
            &["plans/renamed-role.json"],
            1,
            "covered",
            &["role-missing"],
            &[],
        ),
        case(
            "the role with the new name",
            one_job("3h", "iam-user", &format!("{{role: \"{}\", duration: 4h}}", arn(2, "runner-v2")), ""),
            &["plans/renamed-role.json"],
            0,
            "covered",
            &[],
            &[],
        ),
        case(
            "a name that is made up may be the role's",
            inventory("iam-user", &[&arn(2, "batch-0001")], ""),
            &["plans/renamed-role.json"],
            0,
            "covered",
            &[],
            &["though it may be"],
        ),
        case(
            "a value known only after apply",
            long("irsa-etl", ", max_session_duration: 12h"),
            &["plans/eks-irsa.json"],
            3,
            "unknown",
            &["max-session-unknown"],
            &["MaxSessionDuration and trust policy are not known: it is known only after apply"],
        ),
        case(
            "the only file with the role decides",
            inventory("iam-user", &[&arn(2, "legacy")], ""),
            &["plans/deleted-role.json", "templates/saml-roles.yaml"],
            1,
            "covered",
            &["role-missing"],
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_name_in_several_accounts_is_unknown_without_the_accounts_of_the_file() {
    let jobs = "version: 1
jobs:
  - name: job
    length: 30m
    source: iam-user
    path: [\"arn:aws:iam::111111111111:role/AWSControlTowerExecution\"]
  - name: other
    length: 7h
    source: web-identity
    path: [{role: \"arn:aws:iam::222222222222:role/AWSControlTowerExecution\", duration: 8h}]\n";
    let file = &["templates/control-tower-execution.yaml"][..];
    let open = lint(jobs, file, &["--format", "json"]).await;
    open.assert_status(3);
    assert_eq!(job(&open.report(), "other")["verdict"], "unknown");
    assert!(open.stdout.contains("fits roles of several accounts: give --account"), "{}", open.stdout);
    let both = lint(jobs, file, &["--format", "json", "--account", "111111111111", "--account", "222222222222"]).await;
    both.assert_status(1);
    assert_eq!(job(&both.report(), "other")["verdict"], "rejected");
    let one = lint(jobs, file, &["--format", "json", "--account", "111111111111"]).await;
    assert_eq!(
        role_of(&one.report(), &arn(2, "AWSControlTowerExecution"))["max_session_duration_seconds"],
        Value::Null
    );
    assert_eq!(role_of(&one.report(), &arn(1, "AWSControlTowerExecution"))["max_session_duration_seconds"], 3600);
    assert_eq!(role_of(&one.report(), &arn(1, "AWSControlTowerExecution"))["max_session_duration_from"], "planned");
    let none = lint(jobs, file, &["--account", "333333333333"]).await;
    let shown = none.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("the inventory has no role in account 333333333333"), "{}", none.stdout);
    assert!(shown.contains("2 roles, none of them on the paths of these jobs."), "{}", none.stdout);
}

/// The command below a finding gives the same verdict as the run that printed it, and shows the same waivers.
#[tokio::test]
async fn explain_judges_a_job_by_the_options_and_the_comments_of_the_run_that_names_it() {
    let role = "Resources:\n  Deploy:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      \
        MaxSessionDuration: !If [IsProduction, 14400, 3600]\n      AssumeRolePolicyDocument: {Statement: [{Effect: \
        Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]}\n";
    let template = format!(
        "Parameters:\n  Stage: {{Type: String, Default: test}}\nConditions:\n  IsProduction: !Equals [!Ref Stage, \
         prod]\n{role}"
    );
    let jobs = "version: 1\nroles:\n  deploy: {arn: \"arn:aws:iam::222222222222:role/deploy\", \
        max_session_duration: 4h}\njobs:\n  - {name: release, length: 2h, source: web-identity, path: [{role: deploy, \
        duration: 3h}]}\n";
    let options = ["--cloudformation", "roles.yaml", "--parameter", "Stage=test one", "--account", "222222222222"];
    let linted = Cli::on(jobs, "lint", &options).file("roles.yaml", &template).run().await;
    let shown = linted.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let hint = "--cloudformation roles.yaml --parameter 'Stage=test one' --account 222222222222 --job release";
    assert!(shown.contains(hint), "{}", linted.stdout);
    let mut of_job = vec!["--job", "release", "--format", "json"];
    of_job.extend(options);
    let explained = Cli::on(jobs, "explain", &of_job).file("roles.yaml", &template).run().await;
    assert_eq!(explained.report()["job"]["verdict"], "rejected", "{}", explained.stdout);
    let until = jiff::Zoned::now().date() + jiff::Span::new().days(30);
    let comment = format!("  # credential-health: ignore[duration-above-max-session] until={until} moving");
    let waived = template.replace("  Deploy:", &format!("{comment}\n  Deploy:"));
    let explained = Cli::on(jobs, "explain", &of_job).file("roles.yaml", &waived).run().await;
    let report = explained.report();
    let findings = report["findings"].as_array().unwrap().iter();
    let refused: Vec<_> = findings.filter(|finding| finding["id"] == "duration-above-max-session").collect();
    assert!(refused.iter().all(|finding| !finding["waived"].is_null()) && !refused.is_empty(), "{}", explained.stdout);
}

#[tokio::test]
async fn the_reader_role_of_this_project_trusts_only_the_function() {
    let reader = arn(2, "credential-health-reader");
    let given = |function: &'static str| {
        [["--parameter", function], ["--parameter", "OrganizationId="], ["--parameter", "ExternalId=example"]].concat()
    };
    let declared = format!("roles: {{reader: {{arn: \"{reader}\", external_id: example}}}}\n");
    let jobs = inventory("iam-user", &[HUB, "reader"], &declared).replace("{role: \"reader\"}", "reader");
    let trusted =
        lint(&jobs, &["member-role.yaml"], &given("FunctionRoleArn=arn:aws:iam::111111111111:role/hub")).await;
    trusted.assert_status(0);
    // The names of the job's sessions are not declared.
    let text = trusted.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("is not known").count(), 1, "{text}");
    assert!(text.contains("its condition on sts:RoleSessionName (StringLike) is not judged"), "{text}");
    let other = lint(
        &jobs,
        &["member-role.yaml", "template.yaml"],
        &given("FunctionRoleArn=arn:aws:iam::111111111111:role/checker"),
    )
    .await;
    other.assert_status(1);
    let shown = other.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("its condition on aws:PrincipalArn does not match"), "{}", other.stdout);
}

#[tokio::test]
async fn the_text_names_file_and_line_and_the_fix_is_in_the_file() {
    let jobs =
        one_job("3h", "web-identity", &format!("{{role: \"{}\", duration: 4h}}", arn(2, "sam-pipeline-execution")), "");
    let ran = lint(&jobs, &["templates/sam-pipeline.yaml"], &["--parameter", "UseOidcProvider=true"]).await;
    ran.assert_status(1);
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "In templates/sam-pipeline.yaml:12 (PipelineExecutionRole), set MaxSessionDuration of \
         sam-pipeline-execution to 14400 (4h)",
        "templates/sam-pipeline.yaml: 1 role, 1 of them on the paths of these jobs.",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("aws iam update-role"), "{}", ran.stdout);
    let report = lint(&jobs, &["templates/sam-pipeline.yaml"], &["--format", "json"]).await.report();
    let evidence = findings(&report, "duration-above-max-session")[0]["evidence"].to_string();
    assert!(evidence.contains("templates/sam-pipeline.yaml:16 (PipelineExecutionRole)"), "{evidence}");
}

#[tokio::test]
async fn every_problem_of_every_file_is_reported_and_no_job_is_checked() {
    let good = inventory("iam-user", &[HUB], "");
    let cases: [(&str, &str, &[u8], &str); 20] = [
        ("--cloudformation", "a.yaml", b"Resources: [", "a.yaml:1:"),
        ("--cloudformation", "a.yaml", b"version: 1\n", "there is no `Resources`"),
        ("--cloudformation", "a.yaml", b"", "is empty"),
        ("--cloudformation", "a.yaml", b"Resources: 3", "`Resources` is not a map"),
        (
            "--cloudformation",
            "a.yaml",
            b"Resources:\n  R: {Type: \"AWS::IAM::Role\", Properties: {Path: /a/, Path: /b/}}\n",
            "`Path` is here twice",
        ),
        ("--cloudformation", "a.yaml", b"Resources: {}\n---\nResources: {}\n", "more than one document"),
        ("--cloudformation", "a.yaml", b"Resources: {a: &x [*x]}", "a.yaml:1:"),
        ("--cloudformation", "a.yaml", b"\xff\xfea", "UTF-16"),
        ("--cloudformation", "a.yaml", b"{\"resource_changes\": []}", "give it as --terraform-plan"),
        (
            "--cloudformation",
            "a.yaml",
            b"Resources:\n  R: {Type: \"AWS::IAM::Role\", Properties: {MaxSessionDuration: 600}}\n",
            "write 3600 to 43200",
        ),
        ("--cloudformation", "missing/", b"", "cannot be read"),
        ("--terraform-plan", "p.json", b"resource \"aws_iam_role\" \"a\" {}", "terraform show -json"),
        ("--terraform-plan", "p.json", b"PK\x03\x04", "packed file"),
        ("--terraform-plan", "p.json", b"{\"format_version\": \"2.0\"}", "only 0.1, 0.2 and 1.x are known"),
        ("--terraform-plan", "p.json", b"{\"version\": 4, \"resources\": []}", "there is no format_version"),
        ("--terraform-plan", "p.json", include_bytes!("../fixtures/plans/state.json"), "this is a state, not a plan"),
        (
            "--terraform-plan",
            "p.json",
            b"{\"format_version\": \"1.2\", \"resource_changes\": [], \"errored\": true}",
            "the plan has an error",
        ),
        ("--terraform-plan", "p.json", b"{\"format_version\": \"1.2\", \"resource_changes\": [7]}", "p.json:1:"),
        ("--terraform-plan", "p.json", b"{\"@level\":\"info\"}\n{\"@level\":\"info\"}\n", "p.json:2:"),
        ("--terraform-plan", "p.json", b"", "terraform show -json"),
    ];
    for (option, name, content, expected) in cases {
        let cli = Cli::on(&good, "lint", &[option, name]);
        let cli = if name.ends_with('/') { cli.file("missing/x", "") } else { cli.file(name, content) };
        let ran = cli.run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains(expected), "no {expected:?} in\n{}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    }
    let deep = format!("Resources: {}{}", "[".repeat(200), "]".repeat(200));
    let arguments = ["--cloudformation", "a.yaml", "none.yaml", "--terraform-plan", "p.json", "--parameter", "A=1"];
    let ran = Cli::on("version: 2\n", "lint", &arguments).file("a.yaml", deep).file("p.json", "{}").run().await;
    ran.assert_status(2);
    for expected in [
        "levels deep",
        "none.yaml: there is no such file",
        "there is no format_version",
        "3 problems in the templates and plans",
        "in the inventory",
    ] {
        assert!(ran.stderr.contains(expected), "no {expected:?} in\n{}", ran.stderr);
    }
    let ran = lint(&good, &["templates/conditional-session.yaml"], &["--parameter", "Stag=prod"]).await;
    ran.assert_status(2);
    assert!(
        ran.stderr.contains("no template has a parameter `Stag`") && ran.stderr.contains("did you mean `Stage`?"),
        "{}",
        ran.stderr
    );
    for (more, expected) in [
        (["--parameter", "x"], "NAME=VALUE"),
        (["--account", "12"], "12 digits"),
        (["--cloudformation", "-"], "standard input"),
    ] {
        let ran = Cli::new(&[&["lint", "--inventory", "-", "--cloudformation", "-"][..], &more].concat()).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn accounts_without_files_are_refused() {
    let ran = lint(&inventory("iam-user", &[HUB], ""), &[], &["--account", "111111111111"]).await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("--account goes with --cloudformation or --terraform-plan"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_plan_is_read_from_standard_input() {
    let jobs = inventory("iam-user", &[&arn(2, "legacy")], "");
    let ran = Cli::on(&jobs, "lint", &["--terraform-plan", "-"]).input(fixture("plans/deleted-role.json")).run().await;
    ran.assert_status(1);
    assert!(ran.stdout.contains("legacy will be deleted from account 222222222222"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_plan_that_ends_after_a_line_break_is_reported_at_column_1() {
    let jobs = inventory("iam-user", &[&arn(2, "legacy")], "");
    let ran = Cli::on(&jobs, "lint", &["--terraform-plan", "p.json"]).file("p.json", "{\n").run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("not the JSON of a plan") && ran.stderr.contains("p.json:2:1"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_template_without_roles_is_reported_without_an_error() {
    let ran = Cli::on(&inventory("iam-user", &[HUB], ""), "lint", &["--cloudformation", "a.yaml"])
        .file("a.yaml", "Resources:\n  Nested: {Type: AWS::CloudFormation::Stack}\n")
        .run()
        .await;
    ran.assert_status(0);
    assert!(
        ran.stdout.contains("the template defines no IAM role") && ran.stdout.contains("Nested is a nested stack"),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn text_of_a_file_cannot_control_the_terminal() {
    let template = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: hub
      MaxSessionDuration: !Ref \"\\e[31mred\"
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: \"\\e[31mred\"}, Action: sts:AssumeRole}]\n";
    for format in ["text", "json"] {
        let ran =
            Cli::on(&inventory("iam-user", &[HUB], ""), "lint", &["--cloudformation", "a.yaml", "--format", format])
                .file("a.yaml", template)
                .run()
                .await;
        // IAM does not accept this principal, so it has no effect.
        ran.assert_status(0);
        assert!(ran.stdout.contains("[31mred"), "{}", ran.stdout);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains("\\u001b"), "{:?}", ran.stdout);
    }
}

#[tokio::test]
async fn the_page_shows_the_text_of_lint() {
    let page = String::from_utf8(fixture("docs/templates.md")).unwrap();
    let block = |start: &str, end: &str| {
        let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("no {start:?}"));
        rest.split_once(end).unwrap().0.to_owned()
    };
    let (roles, jobs) = (block("```yaml\n# roles.yaml\n", "```"), block("```yaml\n# jobs.yaml\n", "```"));
    let ran = Cli::on(&jobs, "lint", &["--cloudformation", "roles.yaml"])
        .file("roles.yaml", format!("# roles.yaml\n{roles}"))
        .run()
        .await;
    ran.assert_status(1);
    let shown = block("```text\n", "```");
    assert!(ran.stdout.contains(&shown), "the page shows:\n{shown}\nlint says:\n{}", ran.stdout);
}

// --- Intrinsic functions ---

const PREAMBLE: &str = "Parameters:
  Two: {Type: Number, Default: 7200}
  None: {Type: String}
  'Null': {Type: Number, Default: 10800}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}
  Many: {Type: CommaDelimitedList, Default: '3600, 10800'}
Mappings: {M: {a: {b: 14400}, '111111111111': {b: 18000}}}
Conditions:
  Yes: !Equals [a, a]
  No: !Not [!Condition Yes]
  Open: !Equals [!Ref None, a]
  Loop: !And [!Condition Loop, !Condition Yes]
  OpenOrYes: !Or [!Condition Open, !Condition Yes]
  OpenAndNo: {Fn::And: [{Condition: Open}, {Condition: No}]}
Resources:
  Other: {Type: AWS::IAM::Role, Properties: {RoleName: '21600'}}
  Circle: {Type: AWS::IAM::Role, Properties: {RoleName: !Ref Circle}}
  Bucket: {Type: AWS::S3::Bucket}
  R:
    Type: AWS::IAM::Role
    Properties:
      RoleName: hub
      MaxSessionDuration: ";

fn planned(files: &[(&str, &[u8])]) -> Result<Planned, String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(name, content): &(&str, &[u8])| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let (plans, templates): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| name.ends_with(".plan"));
    let templates: Vec<PathBuf> = templates.into_iter().map(write).collect();
    let plans: Vec<PathBuf> = plans.into_iter().map(write).collect();
    let inventory = Inventory::parse("jobs.yaml", &inventory("iam-user", &[HUB], "")).unwrap();
    let given = GivenValues::default();
    let files = TemplateFiles::read(&templates, &plans, &given).map_err(|problems| problems.to_string())?;
    Ok(files.planned(&inventory, &given))
}

#[test]
fn each_function_is_resolved_or_reported_as_unknown() {
    let known = [
        ("7200", 7200),
        ("'7200'", 7200),
        ("!Ref Two", 7200),
        ("!Ref Null", 10800),
        ("{Ref: Two}", 7200),
        ("!Sub '${Two}'", 7200),
        ("!Sub ['${A}00', {A: 72}]", 7200),
        ("{Fn::Sub: '1${B}'}", 0),
        ("!Join ['', [72, '00']]", 7200),
        ("!Select [1, !Ref Many]", 10800),
        ("!Select [0, !Split [',', '3600,7200']]", 3600),
        ("!FindInMap [M, a, b]", 14400),
        ("!FindInMap [M, !Ref 'AWS::AccountId', b]", 18000),
        ("!If [Yes, 7200, 3600]", 7200),
        ("!If [No, 7200, 3600]", 3600),
        ("!If [Open, 7200, 7200]", 7200),
        ("!If [OpenOrYes, 7200, 3600]", 7200),
        ("!If [OpenAndNo, 7200, 3600]", 3600),
        ("!Ref AWS::NoValue", 3600),
        ("!If [Yes, !Ref 'AWS::NoValue', 7200]", 3600),
        ("!Ref Other", 21600),
        ("!Select [5, !Split [':', !Sub 'a:b:c:d:e:7200']]", 7200),
        ("", 3600),
    ];
    for (text, seconds) in known.into_iter().filter(|(_, seconds)| *seconds > 0) {
        let found = planned(&[("t.yaml", format!("{PREAMBLE}{text}\n").as_bytes())])
            .unwrap_or_else(|problems| panic!("{text}: {problems}"));
        let role = &found.roles[&RoleArn::parse(HUB).unwrap()];
        assert_eq!(role.max_session, PlannedSetting::Known(Seconds(seconds)), "{text}");
    }
    let open = [
        ("!Ref None", "parameter None has no default"),
        ("!Ref Secret", "read from SSM"),
        ("!Ref Bucket", "the name that AWS gives Bucket is not known"),
        ("!Ref Nowhere", "Nowhere is neither a parameter nor a resource"),
        ("!Ref Circle", "lead in a circle"),
        ("!Ref AWS::StackName", "AWS::StackName is not known"),
        ("!GetAtt Bucket.Arn", "Bucket.Arn is not known"),
        ("!GetAtt [Other, RoleId]", "Other.RoleId is not known"),
        ("!ImportValue x", "another stack"),
        ("!If [Open, 7200, 3600]", "condition Open: parameter None has no default"),
        ("!If [Loop, 7200, 3600]", "refers to itself"),
        ("!If [Never, 7200, 3600]", "Never is not a condition"),
        ("!FindInMap [M, a, c]", "the mapping M has no a.c"),
        ("!FindInMap [M, !Ref None, b]", "parameter None has no default"),
        ("!Select [7, !Ref Many]", "no item 7"),
        ("!Transform {Name: x}", "Fn::Transform is not resolved"),
        ("!Base64 x", "Fn::Base64 is not resolved"),
        ("'{{resolve:ssm:/x}}'", "a dynamic reference"),
        ("!Sub '${None}00'", "parameter None has no default"),
        ("!Sub '1${Two'", "without `}`"),
        ("!Ref Many", "it is not a number"),
        ("!Sub '${Two}1'", "`72001` is not a number of seconds from 3600 to 43200"),
    ];
    for (text, why) in open {
        let found = planned(&[("t.yaml", format!("{PREAMBLE}{text}\n").as_bytes())])
            .unwrap_or_else(|problems| panic!("{text}: {problems}"));
        match &found.roles[&RoleArn::parse(HUB).unwrap()].max_session {
            PlannedSetting::Unknown(reason) => assert!(reason.to_string().contains(why), "{text}: {reason}"),
            PlannedSetting::Known(seconds) => panic!("{text}: {seconds}"),
        }
    }
}

#[test]
fn a_template_that_grows_exponentially_is_bounded() {
    let mut text = String::from("Conditions:\n  C0: !Equals [a, !Ref Nothing]\n");
    for n in 1..60 {
        text.push_str(&format!("  C{n}: !And [!Condition C{0}, !Condition C{0}]\n", n - 1));
    }
    text.push_str("Resources:\n  R0: {Type: AWS::IAM::Role, Properties: {RoleName: aaaaaaaaaaaaaaaa}}\n");
    for n in 1..30 {
        text.push_str(&format!(
            "  R{n}: {{Type: AWS::IAM::Role, Properties: {{RoleName: !Sub '${{R{0}}}${{R{0}}}'}}}}\n",
            n - 1
        ));
    }
    text.push_str(
        "  R: {Type: AWS::IAM::Role, Properties: {RoleName: hub, MaxSessionDuration: !If [C59, !Ref R29, 1]}}\n",
    );
    let found = planned(&[("t.yaml", text.as_bytes())]).unwrap();
    assert!(matches!(found.roles[&RoleArn::parse(HUB).unwrap()].max_session, PlannedSetting::Unknown(_)));
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, from) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{from}"); 10].join(", ")));
    }
    let problems = planned(&[("t.yaml", format!("{bomb}Resources: {{}}\n").as_bytes())]).unwrap_err();
    assert!(problems.contains("too many nodes") && problems.contains("at most 500000 nodes"), "{problems}");
    let many = |nodes: usize| format!("Resources: {{}}\nx: [{}]\n", vec!["y"; nodes].join(","));
    // The map, two keys, their values: five nodes besides the items.
    assert!(planned(&[("t.yaml", many(499_995).as_bytes())]).is_ok());
    let problems = planned(&[("t.yaml", many(499_996).as_bytes())]).unwrap_err();
    assert!(problems.contains("too many nodes"), "{problems}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_input_makes_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400),
        text in "[\\[\\]{}:,!&*<>|\\- \n\"'#%a-zA-Z0-9$]{0,200}") {
        for content in [&bytes[..], text.as_bytes()] {
            let _ = planned(&[("t.yaml", content), ("p.plan", content)]);
        }
        let _ = planned(&[("t.yaml", format!("{PREAMBLE}{text}").as_bytes())]);
        let policy = format!(
            "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{RoleName: hub, \
             AssumeRolePolicyDocument: {text}}}}}}}"
        );
        let _ = planned(&[("t.yaml", policy.as_bytes())]);
    }
}
