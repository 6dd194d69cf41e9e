//! What findings advise: followed to the letter, it helps. And what goes into them from AWS's texts is fit to show.

use credential_health::audit::Finding;
use credential_health::check::{self, Start};
use credential_health::failure::printable;
use credential_health::inventory::{Filter, Inventory};
use credential_health::lease::Verdict;
use credential_health::report::{Report, Trigger};

const ROLE: &str = "arn:aws:iam::111111111111:role/work";

fn lint(inventory: &str) -> Report {
    let inventory = Inventory::parse("test", inventory).unwrap();
    let at = "2026-11-23T06:00:00Z".parse().unwrap();
    let start = Start { id: "test".to_owned(), trigger: Trigger::Cli, at, runbook_base_url: None };
    check::lint(&inventory, &Filter::default(), &start).unwrap().report
}

fn job(source: &str, length: &str, refresh: &str) -> String {
    format!(
        "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, \
         jobs: [{{name: j, length: {length}, source: {source}, path: [work], refresh: {refresh}}}]}}"
    )
}

fn steps(findings: &[Finding]) -> Vec<&str> {
    findings.iter().flat_map(|finding| &finding.remediation).map(|remedy| remedy.step.as_str()).collect()
}

#[test]
fn a_refresh_that_is_advised_makes_the_verdict_better() {
    let sources = [
        "iam-user",
        "{kind: iam-user, mfa: true}",
        "web-identity",
        "{kind: web-identity, renewable: false}",
        "saml",
        "session-token",
        "identity-center",
        "ecs-task",
        "ec2-instance",
        "roles-anywhere",
    ];
    let (mut advised, mut not_advised) = (0, 0);
    for source in sources {
        for length in ["55m", "58m", "90m", "5h", "20h"] {
            let before = lint(&job(source, length, "none"));
            let text = steps(&before.findings).join("\n");
            let verdict: Verdict = before.jobs[0].verdict;
            let every = text.split("{every: ").nth(1).and_then(|rest| rest.split('}').next());
            let followed = [
                text.contains("`refresh: auto`").then(|| "auto".to_owned()),
                every.map(|every| format!("{{every: {every}}}")),
            ];
            for refresh in followed.into_iter() {
                let Some(refresh) = refresh else {
                    not_advised += 1;
                    continue;
                };
                advised += 1;
                let after = lint(&job(source, length, &refresh)).jobs[0].verdict;
                assert!(after > verdict, "{source}, {length}: {verdict:?} with none, {after:?} with {refresh}");
            }
        }
    }
    assert!(advised > 20 && not_advised > 20, "{advised} {not_advised}");
}

#[test]
fn a_maximum_that_is_advised_serves_every_job_that_reaches_the_role_directly() {
    let report = lint(&format!(
        "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, jobs: [\
         {{name: a, length: 3h, source: web-identity, path: [work]}}, \
         {{name: b, length: 7h, source: web-identity, path: [{{role: work, duration: 2h}}]}}]}}"
    ));
    let raised: Vec<&str> = steps(&report.findings).into_iter().filter(|step| step.starts_with("Set Max")).collect();
    assert_eq!(raised.len(), 2);
    assert!(raised.iter().all(|step| step.contains("to 28800 (8h)")), "{raised:?}");
}

#[test]
fn a_role_of_web_identity_is_asked_by_the_call_that_it_trusts() {
    let report = lint(&job("web-identity", "90m", "none"));
    let cli: String = report.findings.iter().flat_map(|f| &f.remediation).filter_map(|r| r.cli.clone()).collect();
    assert!(cli.contains("assume-role-with-web-identity"), "{cli}");
    assert!(!cli.contains("sts assume-role --"), "{cli}");
}

#[test]
fn no_remedy_begins_as_if_another_stood_before_it() {
    for source in ["identity-center", "session-token", "ecs-task", "{kind: iam-user, mfa: true}"] {
        for refresh in ["none", "auto", "{every: 58m}"] {
            let report = lint(&job(source, "7h55m", refresh));
            assert!(steps(&report.findings).iter().all(|step| !step.starts_with("Or")), "{source} {refresh}");
        }
    }
}

#[test]
fn what_aws_says_of_a_signed_request_is_not_repeated() {
    let text = "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for \
                this request should have been\n'POST\n/\n\nhost:sts\nx-amz-security-token:canary-token-1\n'";
    assert_eq!(printable(text), "The request signature we calculated does not match the signature you provided.");
    let inline = "bad x-amz-security-token:canary-token-1 and Credential=ASIACANARY/20261123, Signature=deadbeef end";
    let shown = printable(inline);
    assert!(!shown.contains("canary") && !shown.contains("CANARY") && !shown.contains("deadbeef"), "{shown}");
    assert!(shown.starts_with("bad ") && shown.ends_with(" end"), "{shown}");
}
