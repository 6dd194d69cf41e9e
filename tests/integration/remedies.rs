//! What findings advise: followed to the letter, it helps. And what goes into them from AWS's texts is fit to show.

use std::collections::BTreeMap;

use credential_health::check::{self, Start};
use credential_health::failure::printable;
use credential_health::findings::Finding;
use credential_health::inventory::{Filter, Hop, Inventory, Refresh, Role, Seconds, Source};
use credential_health::lease::Verdict;
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;
use proptest::prelude::*;

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

fn steps(findings: &[Finding]) -> Vec<&str> {
    findings.iter().flat_map(|finding| &finding.fixes).map(|remedy| remedy.step.as_str()).collect()
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
    let cli: String = report.findings.iter().flat_map(|f| &f.fixes).filter_map(|r| r.cli.clone()).collect();
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

#[test]
fn a_profile_that_is_advised_is_one_that_every_client_reads() {
    let written = |name: &str, source: &str, path: &str| {
        let report = lint(&format!(
            "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, \
             jobs: [{{name: {name:?}, length: 5h, source: {source}, path: {path}}}]}}"
        ));
        let all = report.findings.iter().flat_map(|f| &f.fixes).filter_map(|r| r.cli.clone());
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

/// Each text that stands between `from` and `to`, in their order.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from).skip(1).filter_map(|rest| rest.split(to).next()).collect()
}

/// The inventory after what the remedy says, to the letter; `None`: it names no change of the job or its roles.
fn followed(inventory: &Inventory, finding: &Finding, step: &str) -> Option<Inventory> {
    let mut after = inventory.clone();
    let name = finding.job.as_ref()?;
    let job = after.jobs.iter_mut().find(|job| job.name == *name)?;
    let before = job.clone();
    let seconds = |text: &str| Seconds::parse(text).unwrap_or_else(|_| panic!("{text}: {step}"));
    let one = |from: &str, to: &str| between(step, from, to).first().map(|text| seconds(text));
    for last in between(step, "declare `source: web-identity` with ", " alone as its path") {
        job.source = Source::WebIdentity { renewable: true };
        job.path.retain(|hop| hop.role.name() == last);
    }
    for gone in between(step, "Take ", " out of the path") {
        job.path.retain(|hop| hop.role.name() != gone);
    }
    if step.contains("`renewable: true`") {
        job.source = Source::WebIdentity { renewable: true };
    }
    if step.contains("Declare `source: {kind: iam-user, mfa: true}`") {
        job.source = Source::IamUser { mfa: true };
    }
    if step.contains("IAM user's own key (`source: iam-user`)") {
        job.source = Source::IamUser { mfa: false };
    }
    if step.contains("a platform's role") {
        (job.source, job.refresh) = (Source::EcsTask, Refresh::Auto);
    }
    if step.contains("leave the path empty") {
        job.path.clear();
    }
    if let Source::IdentityCenter { session, portal_session } = &mut job.source {
        *session = one("session duration to ", ",").unwrap_or(*session);
        *portal_session = one("raise the portal session to at least ", ",").unwrap_or(*portal_session);
    }
    if let Some((sentence, _)) = step.split_once("declare it as the source's duration") {
        let longer = seconds(sentence.rsplit_once(" (")?.1.split(')').next()?);
        match &mut job.source {
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration } => *duration = longer,
            other => panic!("{other:?}: {step}"),
        }
    }
    for rest in step.split(" call for ").skip(1) {
        let role = rest.split(',').next()?;
        let asked = between(rest, "declare `duration: ", "`").first().map(|text| seconds(text));
        job.path.iter_mut().filter(|hop| hop.role.name() == role).for_each(|hop| hop.duration = asked);
    }
    for role in between(step, "Send no DurationSeconds for ", ":") {
        job.path.iter_mut().filter(|hop| hop.role.name() == role).for_each(|hop| hop.duration = None);
    }
    if let Some(every) = one("refresh: {every: ", "}") {
        job.refresh = Refresh::Every(every);
    }
    if step.contains("`refresh: auto`") {
        job.refresh = Refresh::Auto;
    }
    if step.contains("leave `pause` out") {
        job.pause = Seconds(0);
    }
    job.pause = one("declare `pause: ", "`").unwrap_or(job.pause);
    job.margin = one("declare `margin: ", "`").unwrap_or(job.margin);
    job.length = one("into runs of at most ", ", each").unwrap_or(job.length);
    let mut changed = *job != before;
    for rest in step.split("Set MaxSessionDuration of ").skip(1) {
        let role = rest.split(' ').next()?;
        let to = seconds(between(rest, "(", ")").first()?);
        let arn = before.path.iter().find(|hop| hop.role.name() == role)?.role.arn()?.clone();
        let mut described = after.role(&arn);
        described.max_session_duration = Some(to);
        after.roles.insert(arn, described);
        changed = true;
    }
    changed.then_some(after)
}

fn judged(inventory: &Inventory) -> Report {
    let at = "2026-11-23T06:00:00Z".parse().unwrap();
    let start =
        Start { id: "test".to_owned(), trigger: Trigger::Cli, at, clock: jiff::Timestamp::now, runbook_base_url: None };
    check::lint(inventory, &Filter::default(), Planned::default(), &start).unwrap().report
}

/// The findings that a verdict leads to.
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

/// The findings that a role's maximum is higher than it need be.
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

/// What of the advice to the first job does not cover it, and how often each finding was met.
fn not_covering(inventory: &Inventory, seen: &mut BTreeMap<&'static str, usize>) -> Vec<String> {
    let mut wrong = Vec::new();
    for finding in judged(inventory).findings {
        let Some(id) = OF_A_VERDICT.iter().find(|id| **id == finding.id.as_str()) else { continue };
        *seen.entry(id).or_default() += 1;
        assert!(!finding.fixes.is_empty(), "{id}");
        for (number, remedy) in finding.fixes.iter().enumerate() {
            let step = &remedy.step;
            let Some(after) = followed(inventory, &finding, step) else {
                // These change nothing of the job: they say that nothing does, or what would tell more.
                let says_so =
                    ["No set of", "Look it up", "Let the check read it"].iter().any(|start| step.starts_with(start));
                if !says_so {
                    wrong.push(format!("{id}, {}: no change: {step}", number + 1));
                }
                continue;
            };
            let verdict = judged(&after).jobs[0].verdict;
            if verdict != Verdict::Covered {
                wrong.push(format!("{id}, {}: {verdict:?} by {step}\n  {:?}", number + 1, inventory.jobs[0]));
            }
        }
    }
    wrong
}

#[test]
fn what_a_job_is_advised_covers_it_when_followed() {
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
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_any_job_is_advised_covers_it_when_followed(case in case()) {
        let wrong = not_covering(&inventory_of(&case), &mut BTreeMap::new());
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// A role that is advised to be lowered still serves every job that reaches it.
    #[test]
    fn a_maximum_that_is_lowered_as_advised_changes_no_verdict(case in case()) {
        let inventory = inventory_of(&case);
        let before = judged(&inventory);
        for finding in before.findings.iter().filter(|finding| LOWERING.contains(&finding.id.as_str())) {
            let step = &finding.fixes[0].step;
            let to = between(step, "(", ")").first().map(|text| Seconds::parse(text).unwrap()).unwrap();
            let mut after = inventory.clone();
            let role = after.roles.values_mut().find(|role| finding.role.as_ref().is_some_and(|of| *of == role.arn)).unwrap();
            prop_assert!(role.max_session_duration > Some(to), "{}", step);
            role.max_session_duration = Some(to);
            prop_assert_eq!(judged(&after).jobs[0].verdict, before.jobs[0].verdict, "{}", step);
        }
    }
}

/// The commands of a way can be run in their order: what AWS must allow comes before what asks for it.
#[test]
fn commands_that_change_a_role_come_before_those_that_ask_it() {
    let mut remedies = Vec::new();
    for source in ["ec2-instance", "session-token", "identity-center", "{kind: web-identity, renewable: false}"] {
        for (length, duration) in [("45m", "2h"), ("3h", "3h"), ("20h", "1h")] {
            let report = lint(&format!(
                "{{version: 1, jobs: [{{name: j, length: {length}, source: {source}, path: [{{role: \"{ROLE}\", duration: {duration}}}]}}]}}"
            ));
            remedies.extend(report.findings.iter().flat_map(|f| &f.fixes).filter_map(|r| r.cli.clone()));
        }
    }
    let mut compared = 0;
    for cli in &remedies {
        let at = |command: &str| cli.find(command);
        let (role, trust, call) = (
            at("iam update-role"),
            at("iam update-assume-role-policy"),
            at("sts assume-role-with-web-identity").or(at("sts assume-role --")),
        );
        for (before, after) in [(role, trust), (trust, call), (role, call)] {
            if let (Some(before), Some(after)) = (before, after) {
                compared += 1;
                assert!(before < after, "{cli}");
            }
        }
        assert!(cli.matches("sts assume-role").count() <= 1, "asked for twice: {cli}");
    }
    assert!(compared > 3, "{remedies:#?}");
}

/// The job can keep one session only with a shorter chain; where renewing comes first, that must not be lost.
#[test]
fn a_chain_that_caps_is_advised_to_be_shorter_whatever_comes_first() {
    for source in ["web-identity", "ecs-task", "iam-user"] {
        let report = lint(&format!(
            "{{version: 1, jobs: [{{name: j, length: 4h, source: {source}, \
             path: [\"arn:aws:iam::111111111111:role/hub\", \"{ROLE}\"]}}]}}"
        ));
        let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
        assert_eq!(finding.id.as_str(), "chain-caps-session");
        let ways = ["Leave hub out", "Take hub out", "Shorten the chain"];
        let shorter = |step: &&str| ways.iter().any(|way| step.contains(way));
        assert_eq!(steps(&report.findings).iter().filter(|step| shorter(step)).count(), 1, "{source}: {finding:?}");
    }
}
