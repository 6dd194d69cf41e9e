//! The fixes of findings solve the problem when applied exactly. Texts of AWS in findings are safe to show.

use std::collections::BTreeMap;

use credential_health::aws::errors::printable;
use credential_health::check::{self, Start};
use credential_health::findings::Finding;
use credential_health::fixes::search::{Change, Fit, fit};
use credential_health::fixes::{Effect, Fix};
use credential_health::inventory::{Filter, Hop, Inventory, Job, JobName, Refresh, Role, Seconds};
use credential_health::lease::Verdict;
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;
use proptest::prelude::*;

use crate::harness::Cli;
use crate::laws::{Case, case};

const ROLE: &str = "arn:aws:iam::111111111111:role/work";

fn lint(inventory: &str) -> Report {
    judged(&Inventory::parse("test", inventory).unwrap())
}

fn job(source: &str, length: &str, refresh: &str) -> String {
    format!(
        "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, \
         jobs: [{{name: j, length: {length}, source: {source}, path: [work], refresh: {refresh}}}]}}"
    )
}

fn steps(findings: &[Finding]) -> Vec<String> {
    findings.iter().flat_map(|finding| &finding.fixes).map(Fix::sentences).collect()
}

#[test]
fn a_suggested_maximum_is_enough_for_every_job_that_assumes_the_role_directly() {
    let report = lint(&format!(
        "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, jobs: [\
         {{name: a, length: 3h, source: web-identity, path: [work]}}, \
         {{name: b, length: 7h, source: web-identity, path: [{{role: work, duration: 2h}}]}}]}}"
    ));
    let raised: Vec<String> = steps(&report.findings).into_iter().filter(|step| step.starts_with("Set Max")).collect();
    assert_eq!(raised.len(), 2);
    assert!(raised.iter().all(|step| step.contains("to 28800 (8h)")), "{raised:?}");
}

#[test]
fn the_text_of_aws_about_a_signed_request_is_not_shown() {
    let text = "The request signature we calculated does not match the signature you provided.\n\n\
                The Canonical String for \
                this request should have been\n'POST\n/\n\nhost:sts\nx-amz-security-token:canary-token-1\n'";
    assert_eq!(printable(text), "The request signature we calculated does not match the signature you provided.");
    let inline = "bad x-amz-security-token:canary-token-1 and Credential=ASIACANARY/20261123, Signature=deadbeef end";
    let shown = printable(inline);
    assert!(!shown.contains("canary") && !shown.contains("CANARY") && !shown.contains("deadbeef"), "{shown}");
    assert!(shown.starts_with("bad ") && shown.ends_with(" end"), "{shown}");
}

#[test]
fn a_suggested_profile_works_in_every_client() {
    let written = |name: &str, source: &str, path: &str| {
        let report = lint(&format!(
            "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, \
             jobs: [{{name: {name:?}, length: 5h, source: {source}, path: {path}}}]}}"
        ));
        let all = report.findings.iter().flat_map(|f| &f.fixes).filter_map(Fix::commands);
        all.filter(|cli| cli.contains("[profile ")).collect::<Vec<String>>().join("\n")
    };
    let named = written("nightly etl] #1", "ecs-task", "[work, work]");
    assert!(named.contains("[profile nightly-etl---1-0]") && named.contains("[profile nightly-etl---1]"), "{named}");
    assert!(named.contains("source_profile = nightly-etl---1-0"), "{named}");
    let kept = written("team/etl.v2@eu_west+1:a%b", "ecs-task", "[work]");
    assert!(kept.contains("[profile team/etl.v2@eu_west+1:a%b]"), "{kept}");

    let by_token = written("j", "web-identity", "[{role: work, duration: 90m}, {role: work, duration: 15m}]");
    let [first, second] = by_token.split("[profile ").skip(1).collect::<Vec<_>>()[..] else { panic!("{by_token}") };
    assert!(first.contains("web_identity_token_file") && !first.contains("duration_seconds"), "{first}");
    assert!(second.contains("duration_seconds = 900"), "{second}");
}

#[tokio::test]
async fn a_token_that_is_presented_once_is_presented_with_the_requested_duration() {
    let inventory = "version: 1\nroles: {hub: {arn: \"arn:aws:iam::111111111111:role/hub\", max_session_duration: \
                     2h}}\njobs: [{name: j, length: 4h, source: {kind: web-identity, renewable: false}, path: [hub, \
                     \"arn:aws:iam::222222222222:role/etl\"]}]\n";
    let text = Cli::on(inventory, "explain", &["--job", "j"]).run().await.stdout;
    let requests =
        |option: &&str| option.contains("AssumeRoleWithWebIdentity call for hub") && option.contains("[profile");
    let options: Vec<&str> = text.split("  Option ").skip(1).filter(requests).collect();
    assert!(!options.is_empty(), "{text}");
    for option in options {
        // No tool sends a duration with the token of a profile (`shared_config::effects`).
        assert!(option.contains("aws_session_token") && !option.contains("web_identity_token_file"), "{option}");
        assert!(option.contains("source_profile = j-0"), "{option}");
    }
}

/// The inventory after the fix. `None`: the fix changes nothing that is declared.
fn after_fix(inventory: &Inventory, job: &JobName, effect: &Effect) -> Option<Inventory> {
    let mut after = inventory.clone();
    if let Some(changed) = &effect.job {
        let declared = after.jobs.iter_mut().find(|declared| declared.name == *job)?;
        *declared = Job { name: job.clone(), ..(**changed).clone() };
    }
    for (role, to) in &effect.max_sessions {
        let arn = role.arn()?;
        let mut declared = after.role(arn);
        declared.max_session_duration = Some(*to);
        after.roles.insert(arn.clone(), declared);
    }
    (effect.job.is_some() || !effect.max_sessions.is_empty()).then_some(after)
}

fn judged(inventory: &Inventory) -> Report {
    let at = "2026-11-23T06:00:00Z".parse().unwrap();
    let start =
        Start { id: "test".to_owned(), trigger: Trigger::Cli, at, clock: jiff::Timestamp::now, runbook_base_url: None };
    check::lint(inventory, &Filter::default(), Planned::default(), &start).unwrap().report
}

/// The findings of a verdict.
const OF_A_VERDICT: [&str; 14] = [
    "duration-out-of-range",
    "duration-above-max-session",
    "duration-above-chain-cap",
    "source-cannot-assume",
    "chain-caps-session",
    "max-session-too-short",
    "default-duration-too-short",
    "requested-duration-too-short",
    "job-exceeds-any-session",
    "source-session-ends-first",
    "refresh-slower-than-session",
    "cached-platform-credentials",
    "thin-margin",
    "max-session-unknown",
];

/// The findings about a role whose maximum is higher than necessary.
const LOWERING: [&str; 2] = ["max-session-over-provisioned", "max-session-unreachable"];

/// The inventory of a generated job.
fn inventory_of(case: &Case) -> Inventory {
    let role = |hop: &Hop| {
        let arn = hop.role.arn().unwrap();
        let bare = Inventory::default().role(arn);
        (arn.clone(), Role { max_session_duration: case.max_session(&hop.role), ..bare })
    };
    let roles = case.job.path.iter().map(role).collect();
    Inventory { jobs: vec![case.job.clone()], roles, ..Inventory::default() }
}

/// The fixes that do not cover the job, and the count of each finding.
fn not_covering(inventory: &Inventory, seen: &mut BTreeMap<&'static str, usize>) -> Vec<String> {
    let mut wrong = Vec::new();
    for finding in judged(inventory).findings {
        let Some(id) = OF_A_VERDICT.iter().find(|id| **id == finding.id.as_str()) else { continue };
        *seen.entry(id).or_default() += 1;
        assert!(!finding.fixes.is_empty(), "{id}");
        let job = finding.job.as_ref().unwrap();
        for (number, fix) in finding.fixes.iter().enumerate() {
            let Some(after) = after_fix(inventory, job, &fix.effect) else { continue };
            let verdict = judged(&after).jobs[0].verdict;
            if verdict != Verdict::Covered {
                let job = &inventory.jobs[0];
                wrong.push(format!("{id}, {}: {verdict:?} after {}\n  {job:?}", number + 1, fix.sentences()));
            }
        }
        // The first fix covers the job, unless there is no fix or the decisive fact is unknown.
        let first = &finding.fixes[0];
        let changes = first.effect.job.is_some() || !first.effect.max_sessions.is_empty();
        if !changes && *id != "max-session-unknown" && !first.sentences().starts_with("No set of") {
            wrong.push(format!("{id}: the first fix changes nothing: {}", first.sentences()));
        }
    }
    wrong
}

#[test]
fn each_fix_of_a_verdict_covers_the_job() {
    let sources = [
        "iam-user",
        "{kind: iam-user, mfa: true}",
        "web-identity",
        "{kind: web-identity, renewable: false}",
        "saml",
        "session-token",
        "{kind: session-token, duration: 60s}",
        "federation-token",
        "{kind: federation-token, duration: 36h}",
        "identity-center",
        "ecs-task",
        "ec2-instance",
        "codebuild",
        "roles-anywhere",
    ];
    let paths = [
        "[]",
        "[work]",
        "[other]",
        "[{role: other, duration: 2h}]",
        "[{role: work, duration: 60s}]",
        "[{role: work, duration: 15m}]",
        "[{role: work, duration: 3h}]",
        "[{role: work, duration: 6h}]",
        "[other, {role: work, duration: 2h}]",
    ];
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    for source in sources {
        for path in paths {
            for length in ["10m", "55m", "5h", "40h"] {
                for refresh in ["none", "auto", "{every: 58m}"] {
                    let text = format!(
                        "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 4h}}, \
                         other: {{arn: \"arn:aws:iam::222222222222:role/other\"}}}}, jobs: \
                         [{{name: j, length: {length}, source: {source}, path: {path}, refresh: {refresh}}}]}}"
                    );
                    // Some sources need a role.
                    let Ok(inventory) = Inventory::parse("test", &text) else { continue };
                    wrong.extend(not_covering(&inventory, &mut seen));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(OF_A_VERDICT.iter().all(|id| seen.get(id).is_some_and(|count| *count > 3)), "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn each_fix_of_a_generated_job_covers_it(case in case()) {
        let wrong = not_covering(&inventory_of(&case), &mut BTreeMap::new());
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A role with the suggested lower maximum still serves every job that assumes it directly.
    #[test]
    fn a_suggested_lower_maximum_changes_no_verdict(case in case()) {
        let inventory = inventory_of(&case);
        let before = judged(&inventory);
        for finding in before.findings.iter().filter(|finding| LOWERING.contains(&finding.id.as_str())) {
            let (step, effect) = (finding.fixes[0].sentences(), &finding.fixes[0].effect);
            let (role, to) = effect.max_sessions.first_key_value().unwrap();
            let arn = role.arn().unwrap();
            prop_assert!(inventory.role(arn).max_session_duration > Some(*to), "{}", step);
            let after = after_fix(&inventory, &inventory.jobs[0].name, effect).unwrap();
            prop_assert_eq!(judged(&after).jobs[0].verdict, before.jobs[0].verdict, "{}", step);
        }
    }
}

/// The commands of a fix work in their order: a role allows a session before its policy lets another caller in.
#[test]
fn commands_that_raise_a_maximum_come_before_commands_that_change_a_trust_policy() {
    let mut compared = 0;
    for source in ["ec2-instance", "session-token", "identity-center", "{kind: web-identity, renewable: false}"] {
        for (length, duration) in [("45m", "2h"), ("3h", "3h"), ("20h", "1h")] {
            let report = lint(&format!(
                "{{version: 1, jobs: [{{name: j, length: {length}, source: {source}, path: [{{role: \"{ROLE}\", \
                    duration: {duration}}}]}}]}}"
            ));
            for cli in report.findings.iter().flat_map(|f| &f.fixes).filter_map(Fix::commands) {
                let (role, trust) = (cli.find("iam update-role"), cli.find("iam update-assume-role-policy"));
                if let (Some(role), Some(trust)) = (role, trust) {
                    compared += 1;
                    assert!(role < trust, "{cli}");
                }
            }
        }
    }
    assert!(compared > 0);
}

/// Only a shorter chain lets the job keep one session. That fix must be present even if renewing comes first.
#[test]
fn a_chain_that_caps_a_session_gets_a_shorter_chain_as_fix_for_every_first_hop() {
    for source in ["web-identity", "ecs-task", "iam-user"] {
        let report = lint(&format!(
            "{{version: 1, jobs: [{{name: j, length: 4h, source: {source}, \
             path: [\"arn:aws:iam::111111111111:role/hub\", \"{ROLE}\"]}}]}}"
        ));
        let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
        assert_eq!(finding.id.as_str(), "chain-caps-session");
        let ways = ["Leave hub out", "Take hub out", "Shorten the chain"];
        let shorter = |step: &&String| ways.iter().any(|way| step.contains(way));
        assert_eq!(steps(&report.findings).iter().filter(|step| shorter(step)).count(), 1, "{source}: {finding:?}");
    }
}

#[test]
fn a_raised_maximum_has_the_caution_for_whom_it_counts_and_a_lowered_one_has_none() {
    let mut raised = 0;
    for length in ["30m", "90m", "3h"] {
        let report = lint(&job("web-identity", length, "none"));
        for part in report.findings.iter().flat_map(|finding| &finding.fixes).flat_map(|fix| &fix.parts) {
            let set = part.step.split_once("Set MaxSessionDuration of work to ").map(|(_, rest)| rest);
            let to = set.and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
            let is_raised = to.is_some_and(|to| to > 7200);
            raised += usize::from(is_raised);
            let cautions = part.step.matches("Everyone who may assume work can then request up to ").count();
            assert_eq!(cautions, usize::from(is_raised), "{}", part.step);
        }
    }
    assert!(raised > 0);
}

#[test]
fn each_value_that_others_use_too_is_read_before_it_is_set_if_the_run_did_not_read_it() {
    // The source, the command that reads the value, and the command that sets it.
    let cases = [
        ("identity-center", "sso-admin describe-permission-set", "sso-admin update-permission-set"),
        ("{kind: roles-anywhere, duration: 1h}", "rolesanywhere get-profile", "rolesanywhere update-profile"),
        ("iam-user", "iam get-role --role-name work --query Role.MaxSessionDuration", "iam update-role"),
    ];
    for (source, read, set) in cases {
        let path = if source == "iam-user" { format!("{{role: \"{ROLE}\", duration: 3h}}") } else { String::new() };
        let report =
            lint(&format!("{{version: 1, jobs: [{{name: j, length: 150m, source: {source}, path: [{path}]}}]}}"));
        let parts = report.findings.iter().flat_map(|finding| &finding.fixes).flat_map(|fix| &fix.parts);
        let mut sets = 0;
        for part in parts {
            let commands: String = part.blocks.iter().map(|block| block.text.as_str()).collect();
            let Some(at) = commands.find(set) else { continue };
            sets += 1;
            assert!(commands.find(read).is_some_and(|read| read < at), "{commands}");
            assert!(part.step.contains("unless it is that long already"), "{}", part.step);
        }
        assert!(sets > 0, "{source}: {report:#?}");
    }
}

#[test]
fn no_way_changes_a_maximum_or_a_request_that_its_profile_does_not_send() {
    for length in ["90m", "4h"] {
        for duration in ["30m", "2h", "3h"] {
            for path in ["", ", \"arn:aws:iam::222222222222:role/etl\""] {
                let text = format!(
                    "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 1h}}}}, jobs: [{{name: j, \
                     length: {length}, source: web-identity, path: [{{role: work, duration: {duration}}}{path}]}}]}}"
                );
                let inventory = Inventory::parse("test", &text).unwrap();
                let Fit::Ways(ways) = fit(&inventory.jobs[0], &|_| Some(Seconds::hours(1))) else { panic!("{text}") };
                let renewing: Vec<_> =
                    ways.iter().filter(|way| way.changes.contains(&Change::Refresh(Refresh::Auto))).collect();
                assert!(!renewing.is_empty(), "{text}");
                for way in renewing {
                    let first = way.changes.iter().find(|change| match change {
                        Change::MaxSession(..) => true,
                        Change::Ask(0, seconds) => *seconds != Seconds::hours(1),
                        _ => false,
                    });
                    assert_eq!(first, None, "{way:?} of {text}");
                }
            }
        }
    }
}

#[test]
fn the_first_fix_for_a_token_that_is_exchanged_once_shortens_the_chain() {
    let first = |source: &str| {
        let report = lint(&format!(
            "{{version: 1, jobs: [{{name: j, length: 4h, source: {source}, path: [\"{ROLE}\", \
             \"arn:aws:iam::222222222222:role/etl\"]}}]}}"
        ));
        let finding = report.findings.iter().find(|finding| finding.id.as_str() == "chain-caps-session").unwrap();
        finding.fixes[0].effect.job.as_ref().unwrap().path.len()
    };
    assert_eq!(first("{kind: web-identity, renewable: false}"), 1);
    assert_eq!(first("ecs-task"), 2);
}
