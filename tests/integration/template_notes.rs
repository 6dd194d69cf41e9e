//! `lint` on templates and plans with unknown values: no verdict is based on a guess, and the report has a note for
//! each role and each construct that is not judged.

use serde_json::{Value, json};

use crate::harness::{Cli, ids, job, role_of};

const DEPLOY: &str = "arn:aws:iam::222222222222:role/deploy";
const TRUST: &str = "{Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Federated: \
                     'arn:aws:iam::222222222222:oidc-provider/idp.example.com'}, Action: \
                     'sts:AssumeRoleWithWebIdentity'}]}";

/// A job of 90 minutes that requests two hours from the role.
fn inventory(role: &str) -> String {
    format!(
        "version: 1\njobs: [{{name: job, length: 90m, source: web-identity, path: [{{role: \"{role}\", duration: \
         2h}}]}}]\n"
    )
}

/// The role `deploy` with these lines as properties, after these sections.
fn template(sections: &str, properties: &str) -> String {
    format!(
        "{sections}\nResources:\n  Deploy:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      \
         AssumeRolePolicyDocument: {TRUST}\n      {properties}\n"
    )
}

struct Case {
    about: &'static str,
    file: String,
    more: &'static [&'static str],
    verdict: &'static str,
    /// The role's MaxSessionDuration in the report.
    max: Option<u64>,
    /// Texts of the notes.
    notes: &'static [&'static str],
}

async fn assert_cases(option: &str, name: &str, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for case in cases {
        let arguments = [&[option, name, "--format", "json"], case.more].concat();
        let ran = Cli::on(&inventory(DEPLOY), "lint", &arguments).file(name, case.file).run().await;
        let Ok(report) = serde_json::from_str::<Value>(&ran.stdout) else {
            wrong.push(format!("{}: {} {}", case.about, ran.status, ran.stderr));
            continue;
        };
        let notes = report["planned"]["notes"].to_string();
        let verdict = job(&report, "job")["verdict"].as_str().unwrap();
        let max = role_of(&report, DEPLOY)["max_session_duration_seconds"].as_u64();
        if (verdict, max) != (case.verdict, case.max) {
            wrong.push(format!("{}: {verdict}, {max:?}, {:?} {notes}", case.about, ids(&report)));
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

fn case(
    about: &'static str,
    file: String,
    verdict: &'static str,
    max: Option<u64>,
    notes: &'static [&'static str],
) -> Case {
    Case { about, file, more: &[], verdict, max, notes }
}

#[tokio::test]
async fn a_transform_makes_the_absent_properties_of_a_role_unknown() {
    const OPEN: &[&str] = &["may set properties that are not in the file"];
    assert_cases(
        "--cloudformation",
        "t.yaml",
        vec![
            case("absent, without a transform", template("", ""), "rejected", Some(3600), &[]),
            case(
                "Fn::Transform within the properties",
                template("", "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://bucket/part.yaml}}"),
                "unknown",
                None,
                OPEN,
            ),
            case(
                "a loop within the properties",
                template("", "Fn::ForEach::Tags: [T, [a], {}]"),
                "unknown",
                None,
                OPEN,
            ),
            case(
                "Fn::Transform beside the properties",
                template("", "").replace("    Properties:", "    Fn::Transform: {Name: Ours}\n    Properties:"),
                "unknown",
                None,
                OPEN,
            ),
            case(
                "Fn::Transform beside the resources",
                template("", "").replace("Resources:\n", "Resources:\n  Fn::Transform: {Name: Ours}\n"),
                "unknown",
                None,
                &["macro Ours may set properties", "the macro Ours can add, change and remove any resource"],
            ),
            case("a macro", template("Transform: Ours", ""), "unknown", None, &["macro Ours may set properties"]),
            case(
                "one of two macros",
                template("Transform: ['AWS::LanguageExtensions', {Name: Ours}]", ""),
                "unknown",
                None,
                OPEN,
            ),
            case(
                "a macro keeps the properties that are written",
                template("Transform: [Ours]", "MaxSessionDuration: 7200"),
                "covered",
                Some(7200),
                &["the macro Ours can add, change and remove any resource"],
            ),
            case(
                "AWS's own transforms change no role",
                template("Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]", ""),
                "rejected",
                Some(3600),
                &[],
            ),
            case(
                "AWS::Include beside the resources adds to them alone",
                template("Transform: {Name: AWS::Include, Parameters: {Location: s3://bucket/x.yaml}}", ""),
                "rejected",
                Some(3600),
                &["what the transform AWS::Include adds is not read"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_value_that_is_equal_in_both_branches_is_known() {
    const OPEN: &str = "Parameters: {Stage: {Type: String}}\nConditions: {Open: !Equals [!Ref Stage, prod]}\n\
                        Mappings: {Max: {prod: {seconds: 14400}}}";
    let with = |properties: &str| template(OPEN, properties);
    assert_cases(
        "--cloudformation",
        "t.yaml",
        vec![
            case(
                "AWS::NoValue is the default of an hour",
                with("MaxSessionDuration: !If [Open, !Ref AWS::NoValue, 3600]"),
                "rejected",
                Some(3600),
                &[],
            ),
            case(
                "also within another Fn::If",
                with("MaxSessionDuration: !If [Open, !If [Open, 3600, !Ref AWS::NoValue], !Ref AWS::NoValue]"),
                "rejected",
                Some(3600),
                &[],
            ),
            case(
                "AWS::NoValue and another number differ",
                with("MaxSessionDuration: !If [Open, !Ref AWS::NoValue, 7200]"),
                "unknown",
                None,
                &["condition Open: parameter Stage has no default"],
            ),
            case(
                "DefaultValue of a mapping without the key",
                with("MaxSessionDuration: !FindInMap [Max, test, seconds, {DefaultValue: 7200}]"),
                "covered",
                Some(7200),
                &[],
            ),
            case(
                "DefaultValue of a mapping with the key",
                with("MaxSessionDuration: !FindInMap [Max, prod, seconds, {DefaultValue: 3600}]"),
                "covered",
                Some(14400),
                &[],
            ),
            case(
                "DefaultValue of a mapping whose key is open",
                with("MaxSessionDuration: !FindInMap [Max, !Ref Stage, seconds, {DefaultValue: 7200}]"),
                "unknown",
                None,
                &["parameter Stage has no default"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_construct_that_is_not_read_is_noted() {
    let beside = |resource: &str| template("", &format!("MaxSessionDuration: 7200\n{resource}"));
    let found = |about, resource: &str, notes| case(about, beside(resource), "covered", Some(7200), notes);
    assert_cases("--cloudformation", "t.yaml", vec![
        found(
            "a StackSet",
            "  Set: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: '{}'}}",
            &["Set is a StackSet"],
        ),
        found("a module", "  Module: {Type: Ours::IAM::Roles::MODULE}", &["the module Ours::IAM::Roles::MODULE"]),
        found(
            "a provisioned product",
            "  Product: {Type: AWS::ServiceCatalog::CloudFormationProvisionedProduct}",
            &["Product is a provisioned product"],
        ),
        found("a permission set", "  Admin: {Type: AWS::SSO::PermissionSet}", &["Admin is a permission set"]),
        found(
            "a SAM function without Role",
            "  Hello: {Type: AWS::Serverless::Function}\n  \
             With: {Type: AWS::Serverless::Function, Properties: {Role: r}}",
            &["AWS SAM creates roles with generated names for Hello:"],
        ),
        found("a loop", "  Fn::ForEach::Roles: [Name, [a], {}]", &["the resources that Fn::ForEach::Roles creates"]),
        found(
            "a role without a name",
            "  Other: {Type: AWS::IAM::Role, Properties: {}}",
            &["because their names are not known: Other (line 9): AWS generates its name at deployment"],
        ),
        found(
            "a name by a parameter",
            "  Other: {Type: AWS::IAM::Role, Properties: {RoleName: !ImportValue x}}",
            &["Other (line 9): Fn::ImportValue"],
        ),
        found(
            "a key twice, in a resource that is no role",
            "  Bucket: {Type: AWS::S3::Bucket, Properties: {A: 1, A: 2}}",
            &["`A` is here more than once: the last one counts"],
        ),
        case(
            "a resource twice",
            template("", "MaxSessionDuration: 3600")
                + "  Deploy:\n    Type: AWS::IAM::Role\n    Properties: {RoleName: deploy, MaxSessionDuration: 7200}\n",
            "covered",
            Some(7200),
            &["`Deploy` is here more than once: the last one counts"],
        ),
        case(
            "a condition that is open",
            template(
                "Parameters: {Stage: {Type: String}}\nConditions: {IsProduction: !Equals [!Ref Stage, prod]}",
                "MaxSessionDuration: 7200\n    Condition: IsProduction",
            ),
            "covered",
            Some(7200),
            &["whether the template creates it is not known: condition IsProduction"],
        ),
        case(
            "a name in another case",
            template("", "MaxSessionDuration: 7200").replace("deploy", "Deploy"),
            "unknown",
            None,
            &["its name is `Deploy`, which differs in upper and lower case alone"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_parameter_that_cloudformation_refuses_is_noted() {
    let with = |parameter: &str| template(&format!("Parameters: {{Max: {parameter}}}"), "MaxSessionDuration: !Ref Max");
    let given = |about, parameter: &str, notes| Case {
        about,
        file: with(parameter),
        more: &["--parameter", "Max=7200"],
        verdict: "covered",
        max: Some(7200),
        notes,
    };
    assert_cases(
        "--cloudformation",
        "t.yaml",
        vec![
            given(
                "not among the allowed values",
                "{Type: Number, AllowedValues: [3600, 14400]}",
                &["the value `7200` of parameter Max is not one of its AllowedValues (3600, 14400): CloudFormation"],
            ),
            given("above the most", "{Type: Number, MaxValue: 3600}", &["is above its MaxValue"]),
            given("too short", "{Type: String, MinLength: 5}", &["is below its MinLength"]),
            given("allowed", "{Type: Number, AllowedValues: [3600, 7200], MinValue: 3600, MaxValue: 43200}", &[]),
            case(
                "a default that is not allowed",
                with("{Type: Number, Default: 7200, AllowedValues: [3600]}"),
                "covered",
                Some(7200),
                &["is not one of its AllowedValues"],
            ),
        ],
    )
    .await;
}

/// A plan with these resource changes: the type, the attributes, the attributes known after apply, the expressions.
fn plan(version: &str, kind: &str, after: Value, unknown: Value, expressions: Value) -> Value {
    let address = format!("{kind}.deploy");
    json!({
        "format_version": version,
        "resource_changes": [{
            "address": address, "mode": "managed", "type": kind, "name": "deploy",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
        }],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {}}},
            "root_module": {"resources": [
                {
                    "address": address, "mode": "managed", "type": kind,
                    "provider_config_key": "aws", "expressions": expressions,
                },
            ]},
        },
    })
}

fn role_attributes() -> Value {
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::222222222222:oidc-provider/idp.example.com"}}]});
    json!({"name": "deploy", "path": "/", "max_session_duration": 7200, "assume_role_policy": trust.to_string()})
}

fn without(mut attributes: Value, name: &str) -> Value {
    attributes.as_object_mut().unwrap().remove(name);
    attributes
}

#[tokio::test]
async fn plans_of_every_terraform_since_0_12_are_read() {
    let of_version = |version| plan(version, "aws_iam_role", role_attributes(), json!({}), json!({"name": {}}));
    for version in ["0.1", "0.2", "1.0", "1.2"] {
        let file = of_version(version).to_string();
        assert_cases("--terraform-plan", "p.json", vec![case(version, file, "covered", Some(7200), &[])]).await;
    }
    // Terraform 0.12 omits the index in the planned values.
    let mut indexed = of_version("0.1");
    indexed["resource_changes"][0]["address"] = json!("aws_iam_role.deploy[0]");
    indexed["planned_values"] = json!({"root_module": {"resources": [
        {
            "address": "aws_iam_role.deploy", "index": 0, "mode": "managed", "type": "aws_iam_role",
            "values": {"name": "deploy"},
        },
    ]}});
    assert_cases("--terraform-plan", "p.json", vec![case("index", indexed.to_string(), "covered", Some(7200), &[])])
        .await;
}

#[tokio::test]
async fn each_resource_of_a_plan_that_is_not_read_is_noted() {
    let of_kind = |kind, notes| {
        case(kind, plan("1.2", kind, role_attributes(), json!({}), json!({})).to_string(), "unknown", None, notes)
    };
    assert_cases(
        "--terraform-plan",
        "p.json",
        vec![
            of_kind("awscc_iam_role", &["awscc_iam_role.deploy is a role of the provider awscc"]),
            of_kind("aws_cloudformation_stack", &["(aws_cloudformation_stack) deploys a CloudFormation template"]),
            of_kind(
                "aws_cloudformation_stack_set",
                &["(aws_cloudformation_stack_set) deploys a CloudFormation template"],
            ),
            of_kind("aws_servicecatalog_provisioned_product", &["the roles that it creates are not read"]),
            of_kind("aws_ssoadmin_permission_set", &["is a permission set"]),
            case(
                "a name that is computed",
                plan(
                    "1.2",
                    "aws_iam_role",
                    without(role_attributes(), "name"),
                    json!({"name": true}),
                    json!({"name": {"references": ["random_id.x"]}}),
                )
                .to_string(),
                "unknown",
                None,
                &["p.json (aws_iam_role.deploy)", "because its name is not known: it is known only after apply"],
            ),
            case(
                "a name that Terraform generates is another",
                plan("1.2", "aws_iam_role", without(role_attributes(), "name"), json!({"name": true}), json!({}))
                    .to_string(),
                "unknown",
                None,
                &[],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_arn_in_a_plan_is_compared_whole() {
    let existing = |arn: &str| {
        let mut attributes = role_attributes();
        attributes["arn"] = json!(arn);
        let mut plan = plan("1.2", "aws_iam_role", attributes.clone(), json!({}), json!({"name": {}}));
        plan["resource_changes"][0]["change"]["actions"] = json!(["no-op"]);
        plan["resource_changes"][0]["change"]["before"] = attributes;
        plan.to_string()
    };
    assert_cases(
        "--terraform-plan",
        "p.json",
        vec![
            case("the same", existing(DEPLOY), "covered", Some(7200), &[]),
            case(
                "another partition",
                existing("arn:aws-us-gov:iam::222222222222:role/deploy"),
                "unknown",
                None,
                &["not taken as this role: its ARN is arn:aws-us-gov:iam::222222222222:role/deploy"],
            ),
            case("another account", existing("arn:aws:iam::333333333333:role/deploy"), "unknown", None, &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn utf16_files_are_read_and_named() {
    let text = plan("1.2", "aws_iam_role", role_attributes(), json!({}), json!({"name": {}})).to_string();
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{text}");
    for content in [little(&marked), big(&marked), little(&text), big(&text)] {
        let ran =
            Cli::on(&inventory(DEPLOY), "lint", &["--terraform-plan", "p.json"]).file("p.json", content).run().await;
        ran.assert_status(0);
        assert!(ran.stdout.contains("UTF-16") && ran.stdout.contains("UTF-8"), "{}", ran.stdout);
    }
    for broken in [[little(&marked), vec![0]].concat(), b"\xff\xfe\x00\xd8x\x00".to_vec()] {
        let ran =
            Cli::on(&inventory(DEPLOY), "lint", &["--terraform-plan", "p.json"]).file("p.json", broken).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains("UTF-16"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_text_that_is_not_a_principal_has_no_effect() {
    let denied = async |source: &str, principal: &str| {
        let hub = "arn:aws:iam::222222222222:role/hub";
        let jobs = format!(
            "version: 1\njobs: [{{name: job, length: 10m, source: {source}, path: [\"{hub}\", \"{DEPLOY}\"]}}]\n"
        );
        let template = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy\n      \
             AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Action: 'sts:*', Principal: {principal}}}]}}\n"
        );
        let ran = Cli::on(&jobs, "lint", &["--cloudformation", "t.yaml", "--format", "json"])
            .file("t.yaml", template)
            .run()
            .await;
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        ids(&report).contains(&"assume-denied")
    };
    for open in [
        "{AWS: \"Fn::EnumTargetAccounts Binding '${account}'\"}",
        "{AWS: 'arn:aws:iam::${AWS::AccountId}:root'}",
        "{AWS: 'arn:aws:iam::*:role/hub'}",
        "{AWS: '<ACCOUNT_ID>'}",
        "{AWS: '{{ account }}'}",
        "'arn:aws:iam::333333333333:root'",
    ] {
        assert!(!denied("iam-user", open).await, "{open}");
    }
    for refused in [
        "{AWS: 'arn:aws:iam::333333333333:root'}",
        "{AWS: '333333333333'}",
        "{AWS: 'arn:aws-cn:iam::222222222222:role/hub'}",
        "{AWS: 'arn:aws:iam::222222222222:user/hub'}",
        "{Service: ec2.amazonaws.com}",
    ] {
        assert!(denied("iam-user", refused).await, "{refused}");
    }
}

#[tokio::test]
async fn explain_uses_the_planned_maximum_of_a_role() {
    let explain = async |more: &[&str]| {
        let arguments = [&["--job", "job", "--cloudformation", "t.yaml", "--format", "json"], more].concat();
        let file = template("Parameters: {Max: {Type: Number}}", "MaxSessionDuration: !Ref Max");
        let ran = Cli::on(&inventory(DEPLOY), "explain", &arguments).file("t.yaml", file).run().await;
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
    };
    let given = explain(&["--parameter", "Max=7200"]).await;
    assert_eq!(given["job"]["verdict"], "covered");
    let hop = &given["job"]["hops"][0];
    assert_eq!(hop["max_session_duration_seconds"], 7200);
    assert_eq!(hop["max_session_duration_from"], "planned");
    let open = explain(&[]).await;
    assert_eq!(open["job"]["verdict"], "unknown");
    assert!(open["planned"]["notes"].to_string().contains("parameter Max has no default"), "{open}");
    let alone = Cli::new(&["explain", "--terraform-plan", "p.json"]).run().await;
    alone.assert_status(2);
    assert!(alone.stderr.contains("go with --job"), "{}", alone.stderr);
}

/// A stack is in one account: a template whose roles are found in two accounts says so, unless the accounts are given.
#[tokio::test]
async fn a_template_that_fits_roles_of_several_accounts_is_noted() {
    let inventory = "version: 1
jobs:
  - {name: a, length: 1h, source: web-identity, path: ['arn:aws:iam::111111111111:role/a']}
  - {name: b, length: 1h, source: web-identity, path: ['arn:aws:iam::222222222222:role/b']}
";
    let role = |name: &str| {
        format!(
            "  {name}: {{Type: AWS::IAM::Role, Properties: {{RoleName: {name}, AssumeRolePolicyDocument: {TRUST}}}}}\n"
        )
    };
    let template = format!("Resources:\n{}{}", role("a"), role("b"));
    let both = ["--account", "111111111111", "--account", "222222222222"];
    for (more, noted) in [(&[][..], true), (&both[..], false), (&both[..2], false)] {
        let arguments = [&["--cloudformation", "t.yaml", "--format", "json"], more].concat();
        let ran = Cli::on(inventory, "lint", &arguments).file("t.yaml", &template).run().await;
        let notes = ran.report()["planned"]["notes"].to_string();
        assert_eq!(notes.contains("a stack is in one account"), noted, "{more:?}: {notes}");
    }
    let china = inventory.replace("arn:aws:iam::222222222222:role/b", "arn:aws-cn:iam::111111111111:role/a");
    for (more, note) in [(&[][..], "in one partition"), (&["--parameter", "AWS::Region=cn-north-1"][..], "")] {
        let arguments = [&["--cloudformation", "t.yaml", "--format", "json"], more].concat();
        let ran = Cli::on(&china, "lint", &arguments).file("t.yaml", &template).run().await;
        let report = ran.report();
        let planned = role_of(&report, "arn:aws-cn:iam::111111111111:role/a")["max_session_duration_from"] == "planned";
        let notes = report["planned"]["notes"].to_string();
        assert_eq!(
            (planned, notes.contains("in one partition")),
            (note.is_empty(), !note.is_empty()),
            "{more:?}: {notes}"
        );
    }
}

#[tokio::test]
async fn a_partition_that_aws_does_not_have_is_refused() {
    let unknown = inventory("arn:aws-moon:iam::222222222222:role/deploy");
    let ran = Cli::on(&unknown, "lint", &[]).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("partition `aws-moon`"), "{}", ran.stderr);
    let arguments = ["--cloudformation", "t.yaml", "--parameter", "AWS::Partition=aws-moon"];
    let ran = Cli::on(&inventory(DEPLOY), "lint", &arguments).file("t.yaml", template("", "")).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("no partition `aws-moon`"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_comment_beside_a_role_waives_findings_about_it() {
    let until = jiff::Zoned::now().date() + jiff::Span::new().days(30);
    let comment = |id: &str| format!("# credential-health: ignore[{id}] until={until} raised next month\n");
    let template = |above_role: &str, above_setting: &str| {
        format!(
            "Resources:\n  {above_role}  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: etl\n      \
             {above_setting}      MaxSessionDuration: 3600\n      AssumeRolePolicyDocument:\n        Statement: \
             [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{AWS: '*'}}}}]\n"
        )
    };
    let inventory = "version: 1\njobs: [{name: j, length: 3h, source: iam-user, path: [{role: \
                     \"arn:aws:iam::222222222222:role/etl\", duration: 3h}]}]\n";
    let id = "duration-above-max-session";
    for (text, status, note) in [
        (template("# none\n", "# none\n"), 1, None),
        (template(&comment(id), "# none\n"), 0, None),
        (template("# none\n", &comment(id)), 0, None),
        (template(&comment("no-such-finding"), "# none\n"), 1, Some("there is no finding `no-such-finding`")),
    ] {
        let arguments = ["--cloudformation", "t.yaml", "--format", "json"];
        let ran = Cli::on(inventory, "lint", &arguments).file("t.yaml", &text).run().await;
        ran.assert_status(status);
        match note {
            Some(note) => assert!(ran.stdout.contains(note), "{}\n{text}", ran.stdout),
            None => assert!(!ran.stdout.contains("there is no finding"), "{}\n{text}", ran.stdout),
        }
    }
}
