//! Every fix of every finding is applied in a test and judged again, or has a reason why no test can apply it.

use std::collections::BTreeSet;

use credential_health::findings::FindingId;
use serde_json::{Value, json};

use crate::harness::{CHECKER, Cli, check_once, finding, findings, ids, world};
use crate::stand_in::{Role, StandIn};

/// The findings whose fixes tests apply, with the tests.
const APPLIED: &[(&str, &[&str])] = &[
    ("duration-out-of-range", OF_VERDICTS),
    ("duration-above-max-session", OF_VERDICTS),
    ("duration-above-chain-cap", OF_VERDICTS),
    ("source-cannot-assume", OF_VERDICTS),
    ("chain-caps-session", OF_VERDICTS),
    ("max-session-too-short", OF_VERDICTS),
    ("default-duration-too-short", OF_VERDICTS),
    ("requested-duration-too-short", OF_VERDICTS),
    ("job-exceeds-any-session", OF_VERDICTS),
    ("source-session-ends-first", OF_VERDICTS),
    ("refresh-slower-than-session", OF_VERDICTS),
    ("cached-platform-credentials", OF_VERDICTS),
    ("thin-margin", OF_VERDICTS),
    ("max-session-unknown", &["each_fix_of_a_verdict_covers_the_job", "an_unknown_maximum_is_known_after_each_fix"]),
    ("max-session-over-provisioned", &["a_suggested_lower_maximum_changes_no_verdict"]),
    ("max-session-unreachable", &["a_suggested_lower_maximum_changes_no_verdict"]),
    ("max-session-drift", &["each_fix_of_a_drift_ends_it"]),
    (
        "assume-denied",
        &[
            "a_statement_lets_the_checker_in",
            "a_statement_for_a_planned_role_lets_its_caller_in_when_written_into_its_file",
        ],
    ),
    ("role-missing", &["a_role_that_a_plan_deletes_is_kept_or_has_no_jobs"]),
    ("length-exceeded", &["the_length_that_a_fix_declares_ends_its_finding"]),
    ("length-guessed-high", &["the_length_that_a_fix_declares_ends_its_finding"]),
    ("path-undeclared", &["the_length_and_the_duration_of_an_imported_job_are_of_one_session"]),
    ("waiver-expired", &["a_waiver_is_removed_or_approved_again"]),
    ("waiver-unused", &["a_waiver_is_removed_or_approved_again"]),
];

const OF_VERDICTS: &[&str] = &[
    "each_fix_of_a_verdict_covers_the_job",
    "each_fix_of_a_generated_job_covers_it",
    "each_fix_of_a_profile_covers_the_job_when_made_in_the_file",
    "each_fix_of_a_workflow_covers_the_job_when_made_in_the_file",
    "each_fix_of_a_planned_role_covers_the_job_when_made_in_its_file",
    "a_stated_timeout_ends_the_finding_about_the_default",
];

/// The findings whose fixes no test applies, with the reason.
const NOT_APPLIED: &[(&str, &str)] = &[
    ("clock-skew", "the clock of a machine is set"),
    ("region-disabled", "an account's administrator activates a Region in the console"),
    ("credentials-expired", "a person logs in"),
    ("credentials-invalid", "a person replaces a key"),
    ("signature-mismatch", "a person replaces a secret, or corrects an endpoint"),
    ("not-checked", "AWS or the network has to answer"),
    ("inventory-broken", "a person corrects a file; each error of a file names what would be right"),
    ("role-tag-invalid", "a person corrects a tag; each error of a tag names what would be right"),
    ("duration-refused", "the records are of the past: a fix changes later records"),
    ("session-used-to-its-end", "the records are of the past: a fix changes later records"),
    ("expired-token-observed", "the event is of the past; the fix is that of another finding of the job"),
];

#[test]
fn every_finding_has_a_test_that_applies_its_fixes_or_a_reason_why_none_can() {
    let all: BTreeSet<&str> = FindingId::ALL.iter().map(|id| id.as_str()).collect();
    let applied: BTreeSet<&str> = APPLIED.iter().map(|(id, _)| *id).collect();
    let not: BTreeSet<&str> = NOT_APPLIED.iter().map(|(id, _)| *id).collect();
    assert!(applied.is_disjoint(&not), "{:?}", applied.intersection(&not).collect::<Vec<_>>());
    assert_eq!(applied.union(&not).copied().collect::<BTreeSet<_>>(), all);
    let folder = std::path::Path::new(crate::harness::ROOT).join("tests/integration");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let sources: String =
        files.filter(|file| file.is_file()).map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for test in APPLIED.iter().flat_map(|(_, tests)| *tests) {
        assert!(sources.contains(&format!("fn {test}(")), "{test}");
    }
}

/// The text between the first pair of back quotes that begins with this key.
fn quoted<'a>(step: &'a str, key: &str) -> &'a str {
    let (_, rest) = step.split_once(&format!("`{key}")).unwrap_or_else(|| panic!("no `{key} in {step}"));
    rest.split('`').next().unwrap().trim_start_matches([':', ' '])
}

fn step(finding: &Value, fix: usize) -> String {
    finding["remediation"][fix]["step"].as_str().unwrap_or_else(|| panic!("{finding:#}")).to_owned()
}

const HUB: &str = "arn:aws:iam::222222222222:role/hub";

fn template(maximum: &str) -> String {
    format!(
        "Parameters: {{Max: {{Type: Number}}}}\nResources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      \
         RoleName: hub\n      MaxSessionDuration: {maximum}\n      AssumeRolePolicyDocument: {{Statement: [{{Effect: \
         Allow, Action: 'sts:*', Principal: {{AWS: '*'}}}}]}}\n"
    )
}

async fn linted(inventory: &str, template: &str, more: &[&str]) -> Value {
    let arguments = ["--cloudformation", "t.yaml", "--account", "222222222222", "--format", "json"];
    let cli = Cli::on(inventory, "lint", &[&arguments[..], more].concat());
    cli.file("t.yaml", template).run().await.report()
}

#[tokio::test]
async fn each_fix_of_a_drift_ends_it() {
    let inventory = |max: &str| {
        format!(
            "version: 1\nroles: {{hub: {{arn: \"{HUB}\", max_session_duration: {max}}}}}\njobs:\n  - {{name: j, \
             length: 30m, source: iam-user, path: [hub]}}\n"
        )
    };
    let report = linted(&inventory("4h"), &template("7200"), &[]).await;
    let drift = finding(&report, "max-session-drift");
    let declared = step(drift, 0);
    let report_after = linted(&inventory(quoted(&declared, "max_session_duration")), &template("7200"), &[]).await;
    assert_eq!(findings(&report_after, "max-session-drift").len(), 0, "{declared}");
    let restored = step(drift, 1);
    let seconds = restored.split_once("set MaxSessionDuration of hub to ").unwrap().1.split(' ').next().unwrap();
    let report_after = linted(&inventory("4h"), &template(seconds), &[]).await;
    assert_eq!(findings(&report_after, "max-session-drift").len(), 0, "{restored}");
}

#[tokio::test]
async fn an_unknown_maximum_is_known_after_each_fix() {
    let inventory = |role: &str| {
        format!(
            "version: 1\nroles: {{hub: {{arn: \"{HUB}\"{role}}}}}\njobs:\n  - {{name: j, length: 2h, source: \
             iam-user, path: [{{role: hub, duration: 3h}}]}}\n"
        )
    };
    let unknown = |report: &Value| findings(report, "max-session-unknown").len();
    let lint = async |text: &str| Cli::on(text, "lint", &["--format", "json"]).run().await.report();
    let report = lint(&inventory("")).await;
    assert!(step(finding(&report, "max-session-unknown"), 0).contains("`max_session_duration` of hub"));
    for (max, ids_after) in [("3h", vec![]), ("2h", vec!["duration-above-max-session"])] {
        let report = lint(&inventory(&format!(", max_session_duration: {max}"))).await;
        let ids: Vec<&str> = ids(&report).into_iter().filter(|id| *id != "max-session-over-provisioned").collect();
        assert_eq!(ids, ids_after, "{max}");
    }
    // A template leaves the value open.
    let open = template("{Ref: Max}");
    let report = linted(&inventory(""), &open, &[]).await;
    let fix = step(finding(&report, "max-session-unknown"), 0);
    assert!(fix.contains("--parameter NAME=VALUE"), "{fix}");
    assert_eq!(unknown(&linted(&inventory(""), &open, &["--parameter", "Max=10800"]).await), 0);
    assert_eq!(unknown(&linted(&inventory(""), &template("10800"), &[]).await), 0);
}

#[tokio::test]
async fn a_stated_timeout_ends_the_finding_about_the_default() {
    let workflow = |timeout: &str| {
        format!(
            "on: push\npermissions: {{id-token: write}}\njobs:\n  j:\n    runs-on: ubuntu-latest\n{timeout}    \
             steps:\n      - {{uses: aws-actions/configure-aws-credentials@v5, with: {{role-to-assume: \
             '{HUB}'}}}}\n      - run: make\n"
        )
    };
    let lint = async |timeout: &str| {
        let cli =
            Cli::new(&["lint", "--format", "json", "--github-workflow", "w.yml"]).file("w.yml", workflow(timeout));
        cli.run().await.report()
    };
    let report = lint("").await;
    let found = finding(&report, "default-duration-too-short");
    assert_eq!(found["severity"], "medium");
    assert!(step(found, 0).contains("write `timeout-minutes` on the job"), "{found:#}");
    assert_eq!(ids(&lint("    timeout-minutes: 30\n").await), Vec::<&str>::new());
    let report = lint("    timeout-minutes: 90\n").await;
    assert_eq!(finding(&report, "default-duration-too-short")["severity"], "high");
}

#[tokio::test]
async fn a_role_that_a_plan_deletes_is_kept_or_has_no_jobs() {
    let plan = |action: &str| {
        let role = json!({"name": "hub", "path": "/", "arn": HUB, "max_session_duration": 3600, "assume_role_policy":
            "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:*\", \"Principal\": {\"AWS\": \"*\"}}]}"});
        let after = if action == "delete" { Value::Null } else { role.clone() };
        json!({"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": [{
            "address": "aws_iam_role.hub", "mode": "managed", "type": "aws_iam_role", "name": "hub",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": [action], "before": role, "after": after, "after_unknown": {}}
        }]})
        .to_string()
    };
    let of =
        |name: &str, role: &str| format!("  - {{name: {name}, length: 30m, source: iam-user, path: [\"{role}\"]}}\n");
    let other = of("other", "arn:aws:iam::222222222222:role/other");
    let lint = async |jobs: String, action: &str| {
        let arguments = ["--terraform-plan", "p.json", "--format", "json"];
        let cli = Cli::on(&format!("version: 1\njobs:\n{jobs}"), "lint", &arguments).file("p.json", plan(action));
        findings(&cli.run().await.report(), "role-missing").len()
    };
    let both = || of("j", HUB) + &other;
    assert_eq!(lint(both(), "delete").await, 1);
    assert_eq!(lint(both(), "no-op").await, 0, "the role is kept");
    assert_eq!(lint(other.clone(), "delete").await, 0, "its job is removed");
}

#[tokio::test]
async fn a_waiver_is_removed_or_approved_again() {
    let (mut world, checker) = world();
    // The role allows two hours, and its job needs one.
    world.role(Role::new(HUB).trusts("*").allows("iam:GetRole", HUB).max_session(7200));
    let aws = StandIn::start(world).await;
    let report = async |waiver: &str| {
        let inventory = format!(
            "version: 1\nlongest_waiver: 400000d\njobs:\n  - {{name: j, length: 30m, source: ecs-task, path: \
             [\"{HUB}\"]}}\n{waiver}"
        );
        check_once(&aws, &checker, &inventory).await
    };
    let waiver = |finding: &str, until: &str| {
        format!("waivers:\n  - {{finding: {finding}, role: \"{HUB}\", until: {until}, reason: soon}}\n")
    };
    let of_waivers = |report: &Value| -> Vec<String> {
        ids(report).into_iter().filter(|id| id.starts_with("waiver-")).map(str::to_owned).collect()
    };
    let open = ids(&report("").await).first().map(|id| (*id).to_owned()).unwrap();
    assert_eq!(of_waivers(&report(&waiver(&open, "2020-01-01")).await), ["waiver-expired"]);
    assert_eq!(of_waivers(&report(&waiver(&open, "2999-12-31")).await), Vec::<String>::new(), "approved again");
    assert_eq!(of_waivers(&report(&waiver("role-missing", "2999-12-31")).await), ["waiver-unused"]);
    assert_eq!(of_waivers(&report("").await), Vec::<String>::new(), "removed");
}

#[tokio::test]
async fn a_statement_lets_the_checker_in() {
    for details in ["", ", external_id: example", ", session_name: nightly"] {
        let inventory = format!(
            "version: 1\nroles: {{hub: {{arn: \"{HUB}\"{details}}}}}\njobs:\n  - {{name: j, length: 30m, \
             source: ecs-task, path: [hub]}}\n"
        );
        let checked = async |role: Role| {
            let (mut world, checker) = world();
            world.role(role.allows("iam:GetRole", HUB));
            let aws = StandIn::start(world).await;
            check_once(&aws, &checker, &inventory).await
        };
        let denied = checked(Role::new(HUB)).await;
        let blocks = finding(&denied, "assume-denied")["remediation"][0].to_string();
        let statement = trust_statement(&finding(&denied, "assume-denied")["remediation"][0]);
        let condition = |operator: &str, key: &str| statement["Condition"][operator][key].as_str().map(str::to_owned);
        let caller = condition("ArnEquals", "aws:PrincipalArn").unwrap_or_else(|| panic!("{blocks}"));
        // "If the role of the checker has a path, add the path": an ARN of a session has none.
        assert_eq!(caller, CHECKER.replace("tools/", ""));
        let mut role = Role::new(HUB).trusts(CHECKER);
        if let Some(id) = condition("StringEquals", "sts:ExternalId") {
            role = role.external_id(&id);
        }
        if let Some(pattern) = condition("StringLike", "sts:RoleSessionName") {
            role = role.session_name(&pattern);
        }
        let after = checked(role).await;
        assert_eq!(findings(&after, "assume-denied").len(), 0, "{details}: {statement}\n{:#}", after["findings"]);
    }
}

/// The statement for the trust policy among the blocks of a fix.
fn trust_statement(fix: &Value) -> Value {
    let parts = fix["parts"].as_array().cloned().unwrap_or_else(|| vec![fix.clone()]);
    let blocks = parts.iter().flat_map(|part| part["blocks"].as_array().cloned().unwrap_or_default());
    let mut statements = blocks.filter(|block| block["kind"] == "trust-policy");
    let text = statements.next().unwrap_or_else(|| panic!("{fix:#}"))["text"].as_str().unwrap().to_owned();
    serde_json::from_str(&text).unwrap()
}
