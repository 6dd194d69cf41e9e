//! What findings advise: followed to the letter, it helps. And what goes into them from AWS's texts is fit to show.

use credential_health::audit::Finding;
use credential_health::check::{self, Start};
use credential_health::failure::printable;
use credential_health::inventory::{Filter, Inventory, Refresh, Seconds, Source};
use credential_health::lease::Verdict;
use credential_health::report::{Report, Trigger};
use credential_health::templates::Planned;

const ROLE: &str = "arn:aws:iam::111111111111:role/work";

fn lint(inventory: &str) -> Report {
    let inventory = Inventory::parse("test", inventory).unwrap();
    let at = "2026-11-23T06:00:00Z".parse().unwrap();
    let start = Start { id: "test".to_owned(), trigger: Trigger::Cli, at, runbook_base_url: None };
    check::lint(&inventory, &Filter::default(), Planned::default(), &start).unwrap().report
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

#[test]
fn a_profile_that_is_advised_is_one_that_every_client_reads() {
    let written = |name: &str, source: &str, path: &str| {
        let report = lint(&format!(
            "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 2h}}}}, \
             jobs: [{{name: {name:?}, length: 5h, source: {source}, path: {path}}}]}}"
        ));
        let all = report.findings.iter().flat_map(|f| &f.remediation).filter_map(|r| r.cli.clone());
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

/// The inventory after what the remedy says to declare; `None`: it names no change of the inventory.
fn followed(inventory: &Inventory, finding: &Finding, step: &str) -> Option<Inventory> {
    let mut after = inventory.clone();
    let name = finding.job.as_ref()?;
    let job = after.jobs.iter_mut().find(|job| job.name == *name)?;
    let before = job.clone();
    let word = |from: &str, to: &str| Some(step.split(from).nth(1)?.split(to).next()?.to_owned());
    let seconds = |text: String| Seconds::parse(&text).unwrap_or_else(|_| panic!("{text}: {step}"));
    if step.contains("directly, by AssumeRoleWithWebIdentity") {
        job.source = Source::WebIdentity { renewable: true };
        job.path.drain(..job.path.len() - 1);
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
    if let Some(longer) = word("session duration to ", ".").map(seconds)
        && let Source::IdentityCenter { session, .. } = &mut job.source
    {
        *session = longer;
    }
    if let Some(longer) = word("raise the portal session to at least ", ",").map(seconds)
        && let Source::IdentityCenter { portal_session, .. } = &mut job.source
    {
        *portal_session = longer;
    }
    if step.contains("declare it as the source's duration") {
        let longer = seconds(word(" (", ")")?);
        match &mut job.source {
            Source::SessionToken { duration }
            | Source::FederationToken { duration }
            | Source::RolesAnywhere { duration } => *duration = longer,
            other => panic!("{other:?}: {step}"),
        }
    }
    let index = finding.hop.unwrap_or_default().min(job.path.len().saturating_sub(1));
    if let Some(asked) = word("declare `duration: ", "`").map(seconds) {
        job.path[index].duration = Some(asked);
    }
    if step.contains("Leave `duration` out on the hop") {
        job.path[index].duration = None;
    }
    if let Some(every) = word("refresh: {every: ", "}").map(seconds) {
        job.refresh = Refresh::Every(every);
    }
    if step.contains("`refresh: auto`") {
        job.refresh = Refresh::Auto;
    }
    if let Some(longest) = word("into runs of at most ", ", each").map(seconds) {
        job.length = longest;
    }
    let mut changed = *job != before;
    if let Some(to) = word("Set MaxSessionDuration of ", ")").and_then(|text| Some(text.split('(').nth(1)?.to_owned()))
    {
        let to = seconds(to);
        after.roles.values_mut().filter(|role| step.contains(&format!("of {} to", role.arn.name()))).for_each(|role| {
            role.max_session_duration = Some(to);
            changed = true;
        });
    }
    changed.then_some(after)
}

fn judged(inventory: &Inventory) -> Report {
    let at = "2026-11-23T06:00:00Z".parse().unwrap();
    let start = Start { id: "test".to_owned(), trigger: Trigger::Cli, at, runbook_base_url: None };
    check::lint(inventory, &Filter::default(), Planned::default(), &start).unwrap().report
}

/// Jobs whose request is refused, or whose source ends first: the findings whose remedies are found by judging them.
#[test]
fn what_a_refused_or_outlived_job_is_advised_covers_it_when_followed() {
    const FOUND: [&str; 3] = ["duration-out-of-range", "duration-above-chain-cap", "source-session-ends-first"];
    let sources = [
        "iam-user",
        "{kind: iam-user, mfa: true}",
        "web-identity",
        "{kind: web-identity, renewable: false}",
        "saml",
        "session-token",
        "{kind: session-token, duration: 60s}",
        "federation-token",
        "identity-center",
        "ecs-task",
        "ec2-instance",
        "codebuild",
        "roles-anywhere",
        "{kind: roles-anywhere, duration: 1h}",
    ];
    let paths = [
        "[]",
        "[work]",
        "[{role: work, duration: 60s}]",
        "[{role: work, duration: 3h}]",
        "[{role: work, duration: 50000s}]",
    ];
    let mut seen = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for source in sources {
        for path in paths {
            for length in ["30m", "2h", "3h", "6h", "14h", "40h"] {
                for refresh in ["none", "auto"] {
                    let text = format!(
                        "{{version: 1, roles: {{work: {{arn: \"{ROLE}\", max_session_duration: 4h}}}}, jobs: \
                         [{{name: j, length: {length}, source: {source}, path: {path}, refresh: {refresh}}}]}}"
                    );
                    // Some sources need a role.
                    let Ok(inventory) = Inventory::parse("test", &text) else { continue };
                    let report = judged(&inventory);
                    for finding in report.findings.iter().filter(|finding| FOUND.contains(&finding.id.as_str())) {
                        *seen.entry(finding.id.as_str()).or_insert(0) += 1;
                        for (number, remedy) in finding.remediation.iter().enumerate() {
                            let Some(after) = followed(&inventory, finding, &remedy.step) else {
                                if number == 0 && !remedy.step.starts_with("No set of") {
                                    wrong.push(format!(
                                        "{source} {path} {length} {refresh}: no change: {}",
                                        remedy.step
                                    ));
                                }
                                continue;
                            };
                            let verdict = judged(&after).jobs[0].verdict;
                            if verdict != Verdict::Covered {
                                wrong.push(format!(
                                    "{source} {path} {length} {refresh}: {verdict:?} by {}",
                                    remedy.step
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(FOUND.iter().all(|id| seen.get(id).is_some_and(|count| *count > 10)), "{seen:?}");
}
