//! Every error of STS or IAM, sent by the stand-in. Each has its class, the right finding, and the hop at which it
//! occurred. The expectations come from AWS's documentation and recorded answers, not from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{CHECKER, Check, check, client, findings, hasty_client, ids, job, outcomes, role, world};
use crate::stand_in::{Answer, Credentials, Fault, REFUSALS, Refusal, Role, StandIn, refusal};

/// The finding of a refusal, and its severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// assume-denied, critical.
    Denied,
    /// role-missing, critical.
    Missing,
    /// credentials-expired, critical.
    Expired,
    /// credentials-invalid, critical.
    Invalid,
    /// signature-mismatch, critical.
    Signature,
    /// clock-skew, high.
    Clock,
    /// region-disabled, high.
    Region,
    /// not-checked, medium: an answer, but not about the role. The run is complete.
    NotChecked,
    /// not-checked, medium: another run can succeed. The run is not complete.
    Unfinished,
}

impl Means {
    fn finding(self) -> (&'static str, &'static str) {
        match self {
            Self::Denied => ("assume-denied", "critical"),
            Self::Missing => ("role-missing", "critical"),
            Self::Expired => ("credentials-expired", "critical"),
            Self::Invalid => ("credentials-invalid", "critical"),
            Self::Signature => ("signature-mismatch", "critical"),
            Self::Clock => ("clock-skew", "high"),
            Self::Region => ("region-disabled", "high"),
            Self::NotChecked | Self::Unfinished => ("not-checked", "medium"),
        }
    }
}

use Means::{Clock, Denied, Expired, Invalid, Missing, NotChecked, Region, Signature, Unfinished};

/// Refusals of AssumeRole by name: the word in hops and coverage, and the meaning.
#[rustfmt::skip]
const STS: &[(&str, &str, Means)] = &[
    ("over-role-maximum", "over-max-session", NotChecked),
    ("over-chain-cap", "over-chain-cap", NotChecked),
    ("duration-below-900", "out-of-range", NotChecked),
    ("duration-above-43200", "out-of-range", NotChecked),
    ("duration-above-129600", "out-of-range", NotChecked),
    ("duration-not-a-number", "invalid-request", NotChecked),
    ("duration-empty", "invalid-request", NotChecked),
    ("assume-denied", "denied", Denied),
    ("assume-denied-no-identity-policy", "denied", Denied),
    ("assume-denied-no-trust", "denied", Denied),
    ("assume-denied-no-scp", "denied", Denied),
    ("assume-denied-no-session-policy", "denied", Denied),
    ("assume-denied-no-boundary", "denied", Denied),
    ("assume-denied-no-endpoint-policy", "denied", Denied),
    ("assume-denied-no-resource-policy", "denied", Denied),
    ("assume-denied-explicit-identity-policy", "denied", Denied),
    ("assume-denied-explicit-trust", "denied", Denied),
    ("assume-denied-explicit-scp", "denied", Denied),
    ("assume-denied-explicit-scp-with-id", "denied", Denied),
    ("assume-denied-explicit-rcp", "denied", Denied),
    ("assume-denied-explicit-boundary", "denied", Denied),
    ("assume-denied-explicit-session-policy", "denied", Denied),
    ("assume-denied-explicit-endpoint-policy", "denied", Denied),
    ("assume-denied-explicit-endpoint-policy-by-scp", "denied", Denied),
    ("tag-session-denied", "denied", Denied),
    ("source-identity-denied", "denied", Denied),
    ("source-identity-changed", "source-identity-fixed", NotChecked),
    ("root-caller", "denied", Denied),
    ("session-token-from-session", "denied", Denied),
    ("federation-token-from-session", "denied", Denied),
    ("token-expired", "credentials-expired", Expired),
    ("token-invalid", "credentials-invalid", Invalid),
    ("signature-mismatch", "signature-mismatch", Signature),
    ("clock-slow", "clock-slow", Clock),
    ("clock-fast", "clock-fast", Clock),
    ("signing-region", "wrong-signing-scope", Signature),
    ("signing-service", "wrong-signing-scope", Signature),
    ("region-disabled", "region-disabled", Region),
    ("malformed-policy", "malformed-policy", NotChecked),
    ("packed-policy", "packed-policy-too-large", NotChecked),
    ("packed-tags", "packed-policy-too-large", NotChecked),
    ("throttled", "throttled", Unfinished),
    ("not-subscribed", "not-subscribed", NotChecked),
    ("not-subscribed-exception", "not-subscribed", NotChecked),
    ("mfa-half", "denied", Denied),
    ("mfa-code", "denied", Denied),
    ("mfa-serial", "denied", Denied),
    ("arn-invalid", "invalid-request", NotChecked),
    ("arn-short", "invalid-request", NotChecked),
    ("internal-failure", "unavailable", Unfinished),
    ("unavailable", "unavailable", Unfinished),
];

/// Refusals of GetRole by name. A denied GetRole appears only in the coverage.
#[rustfmt::skip]
const IAM: &[(&str, &str, Option<Means>)] = &[
    ("get-role-denied", "describe-denied", None),
    ("get-role-denied-no-identity-policy", "describe-denied", None),
    ("role-not-found", "describe-role-missing", Some(Missing)),
    ("iam-token-expired", "describe-credentials-expired", Some(Expired)),
    ("iam-token-invalid", "describe-credentials-invalid", Some(Invalid)),
    ("iam-throttled", "describe-throttled", Some(Unfinished)),
    ("iam-failure", "describe-unavailable", Some(Unfinished)),
];

/// The cause that a denial must name, by the part of AWS's text with that cause.
#[rustfmt::skip]
const CAUSES: &[(&str, &str)] = &[
    ("assume-denied-no-identity-policy", "identity-based policy"),
    ("assume-denied-no-trust", "trust policy"),
    ("assume-denied-no-scp", "service control policy"),
    ("assume-denied-no-session-policy", "session policy"),
    ("assume-denied-no-boundary", "permissions boundary"),
    ("assume-denied-no-endpoint-policy", "VPC endpoint"),
    ("assume-denied-no-resource-policy", "resource-based policy"),
    ("assume-denied-explicit-identity-policy", "identity-based policy"),
    ("assume-denied-explicit-trust", "trust policy"),
    ("assume-denied-explicit-scp", "service control policy"),
    ("assume-denied-explicit-scp-with-id", "service control policy"),
    ("assume-denied-explicit-rcp", "resource control policy"),
    ("assume-denied-explicit-boundary", "permissions boundary"),
    ("assume-denied-explicit-session-policy", "session policy"),
    ("assume-denied-explicit-endpoint-policy", "VPC endpoint"),
    ("assume-denied-explicit-endpoint-policy-by-scp", "VPC endpoint"),
    ("root-caller", "root user"),
    ("mfa-half", "MFA"),
    ("mfa-code", "MFA"),
    ("mfa-serial", "MFA"),
];

/// The SDK retries after these with growing pauses. One test in `check_live` waits for the last attempt.
fn is_throttle(name: &str) -> bool {
    refusal(name).code == "Throttling"
}

/// A separate account for each refusal: in this process, the SDK slows down for an account that throttles.
fn hub_of(number: usize) -> String {
    format!("arn:aws:iam::{}:role/hub", 600_000_000_000 + number)
}

fn target_of(number: usize) -> String {
    format!("arn:aws:iam::{}:role/target", 600_000_000_000 + number)
}

/// One job for each name, through a hub to a role that the stand-in refuses as named, at AssumeRole or GetRole.
async fn refused(action: &str, names: &[&str]) -> (StandIn, Value) {
    let (mut world, checker) = world();
    let mut inventory = String::from("version: 1\njobs:\n");
    for (number, name) in names.iter().enumerate() {
        let (hub, target) = (hub_of(number), target_of(number));
        world.role(Role::new(&hub).trusts(CHECKER).may_assume("*").allows("iam:GetRole", "*"));
        world.role(Role::new(&target).trusts(&hub).allows("iam:GetRole", "*"));
        inventory.push_str(&format!(
            "  - {{name: {name}, length: 5m, source: iam-user, path: [\"{hub}\", \"{target}\"]}}\n"
        ));
    }
    let aws = StandIn::start(world).await;
    for (number, name) in names.iter().enumerate() {
        aws.script(Fault::on(action).target(target_of(number)).then(refusal(name)));
    }
    let report = check(&hasty_client(&aws, &checker).await, &inventory).await;
    (aws, report)
}

/// The difference from the expected report of a refusal, if there is one.
fn mistake(report: &Value, name: &str, number: usize, means: Option<Means>, message: Option<&str>) -> Option<String> {
    let target = target_of(number);
    let about: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["role"] == target).collect();
    let Some(means) = means else {
        return (!about.is_empty()).then(|| format!("{name}: no finding was expected: {about:?}"));
    };
    let [finding] = about[..] else { return Some(format!("{name}: {} findings", about.len())) };
    let reported = (finding["id"].as_str().unwrap(), finding["severity"].as_str().unwrap(), finding["hop"].as_u64());
    let (id, severity) = means.finding();
    if reported != (id, severity, Some(1)) || !finding["job"].is_null() {
        return Some(format!("{name}: {reported:?}, not {:?}", means.finding()));
    }
    let evidence = finding["evidence"].to_string();
    let has_message = message.is_none_or(|message| {
        let message = serde_json::to_string(message.trim_end_matches(['.', ' '])).unwrap();
        evidence.contains(message.trim_matches('"'))
    });
    (!has_message || !evidence.contains(name))
        .then(|| format!("{name}: AWS's words or the job are not in the evidence: {evidence}"))
}

#[test]
fn every_refusal_of_sts_and_iam_is_classified_here() {
    let of = |service: &str| {
        REFUSALS.iter().filter(|refusal| refusal.service == service).map(|r| r.name).collect::<BTreeSet<_>>()
    };
    assert_eq!(STS.iter().map(|(name, ..)| *name).collect::<BTreeSet<_>>(), of("sts"));
    assert_eq!(IAM.iter().map(|(name, ..)| *name).collect::<BTreeSet<_>>(), of("iam"));
    for (name, _) in CAUSES {
        refusal(name);
    }
}

#[tokio::test]
async fn every_refusal_of_assume_role_has_its_own_finding() {
    let names: Vec<&str> = STS.iter().map(|(name, ..)| *name).filter(|name| !is_throttle(name)).collect();
    let (_aws, report) = refused("AssumeRole", &names).await;
    let mut mistakes = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let (_, word, means) = STS.iter().find(|(known, ..)| known == name).unwrap();
        let reported = outcomes(&report, name);
        if reported != ["assumed", word] || job(&report, name)["walk"] != "failed" {
            mistakes.push(format!("{name}: {reported:?}, not {word}"));
        }
        mistakes.extend(mistake(&report, name, number, Some(*means), refusal(name).message));
        let coverage = report["coverage"]["roles"]["not_checked"].as_array().unwrap();
        if !coverage.iter().any(|entry| entry["role"] == target_of(number) && entry["reason"] == **word) {
            mistakes.push(format!("{name}: the coverage does not say {word}"));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert_eq!(report["coverage"]["roles"]["assumed"], names.len(), "the hubs");
    assert_eq!(report["run"]["complete"], false, "internal-failure and unavailable are among them");
}

/// Checks the causes that the denials of these refusals name.
async fn assert_causes(causes: &[(&str, &str)]) {
    let names: Vec<&str> = causes.iter().map(|(name, _)| *name).collect();
    let (_aws, report) = refused("AssumeRole", &names).await;
    let mut mistakes = Vec::new();
    for (number, (name, cause)) in causes.iter().enumerate() {
        let detail = findings(&report, "assume-denied")
            .into_iter()
            .find(|finding| finding["role"] == target_of(number))
            .map(|finding| finding["detail"].as_str().unwrap().to_owned())
            .unwrap_or_default();
        if !detail.contains(cause) || detail.contains("four causes") {
            mistakes.push(format!("{name} must say {cause:?}: {detail}"));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert_eq!(report["run"]["complete"], true, "a refusal is an answer");
}

#[tokio::test]
async fn a_denial_names_the_cause_that_its_text_names() {
    assert_causes(CAUSES).await;
}

/// The text names another action than sts:AssumeRole: the role exists, and the other action is denied.
#[tokio::test]
async fn a_denial_of_tagging_or_of_the_source_identity_is_named() {
    assert_causes(&[("tag-session-denied", "sts:TagSession"), ("source-identity-denied", "sts:SetSourceIdentity")])
        .await;
}

#[tokio::test]
async fn only_denied_access_leaves_the_run_complete() {
    type Row = (&'static str, &'static str, Means);
    let (denied, others): (Vec<Row>, Vec<Row>) = STS.iter().partition(|(_, _, means)| *means == Denied);
    let names: Vec<&str> = denied.iter().map(|(name, ..)| *name).collect();
    let (_aws, report) = refused("AssumeRole", &names).await;
    assert_eq!(report["run"]["complete"], true, "{:?}", ids(&report));
    for (name, ..) in others.into_iter().filter(|(name, ..)| !is_throttle(name)) {
        let (_aws, report) = refused("AssumeRole", &[name]).await;
        assert_eq!(report["run"]["complete"], false, "{name}: {:?}", ids(&report));
    }
}

#[tokio::test]
async fn every_refusal_of_get_role_has_its_own_reason() {
    let names: Vec<&str> = IAM.iter().map(|(name, ..)| *name).filter(|name| !is_throttle(name)).collect();
    let (_aws, report) = refused("GetRole", &names).await;
    let mut mistakes = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let (_, reason, means) = IAM.iter().find(|(known, ..)| known == name).unwrap();
        let coverage = report["coverage"]["roles"]["not_checked"].as_array().unwrap();
        if !coverage.iter().any(|entry| entry["role"] == target_of(number) && entry["reason"] == **reason) {
            mistakes.push(format!("{name}: the coverage does not say {reason}: {coverage:?}"));
        }
        mistakes.extend(mistake(&report, name, number, *means, refusal(name).message));
        if outcomes(&report, name) != ["assumed", "assumed"] {
            mistakes.push(format!("{name}: the walk is as good as it was"));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

// --- Failures without an answer of AWS ---

/// The failure of the call, and its word in the report.
fn failures() -> Vec<(&'static str, Answer, &'static str)> {
    vec![
        ("reset", Answer::Reset, "unreachable"),
        ("reset-afterwards", Answer::ResetAfterwards, "unreachable"),
        ("html-200", Answer::Html(200), "unreadable-answer"),
        ("html-403", Answer::Html(403), "unreadable-answer"),
        ("html-503", Answer::Html(503), "unavailable"),
        ("html-502", Answer::Html(502), "unavailable"),
        ("empty", Answer::EmptyBody, "unreadable-answer"),
        ("no-xml", Answer::Malformed, "unreadable-answer"),
        ("no-members", Answer::NoMembers, "unreadable-answer"),
        ("truncated", Answer::Truncated, "unreadable-answer"),
        ("hangs", Answer::Hang, "timed-out"),
    ]
}

async fn failing(action: &str) -> (StandIn, Credentials, String) {
    let (mut world, checker) = world();
    let mut inventory = String::from("version: 1\njobs:\n");
    for (number, (name, ..)) in failures().into_iter().enumerate() {
        let target = target_of(number);
        world.role(role(&target));
        inventory.push_str(&format!("  - {{name: {name}, length: 5m, source: iam-user, path: [\"{target}\"]}}\n"));
    }
    let aws = StandIn::start(world).await;
    for (number, (_, answer, _)) in failures().into_iter().enumerate() {
        aws.script(Fault::on(action).target(target_of(number)).then(answer));
    }
    (aws, checker, inventory)
}

#[tokio::test]
async fn every_failed_assume_role_is_reported_and_never_taken_for_a_session() {
    let (aws, checker, inventory) = failing("AssumeRole").await;
    let report = check(&hasty_client(&aws, &checker).await, &inventory).await;
    let reported: BTreeMap<&str, &str> =
        failures().iter().map(|(name, ..)| (*name, outcomes(&report, name)[0])).collect();
    assert_eq!(reported, failures().iter().map(|(name, _, word)| (*name, *word)).collect());
    assert_eq!(ids(&report), vec!["not-checked"; failures().len()]);
    assert_eq!(report["run"]["complete"], false);
}

#[tokio::test]
async fn every_failed_get_role_is_reported_and_never_taken_for_a_maximum() {
    let (aws, checker, inventory) = failing("GetRole").await;
    let report = check(&hasty_client(&aws, &checker).await, &inventory).await;
    let reported: BTreeMap<&str, &str> = report["coverage"]["roles"]["not_checked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["role"].as_str().unwrap(), entry["reason"].as_str().unwrap()))
        .collect();
    let targets: Vec<String> = (0..failures().len()).map(target_of).collect();
    let words: Vec<String> = failures().iter().map(|(_, _, word)| format!("describe-{word}")).collect();
    assert_eq!(reported, targets.iter().map(String::as_str).zip(words.iter().map(String::as_str)).collect());
    assert_eq!(report["coverage"]["roles"]["described"], 0);
    assert_eq!(report["run"]["complete"], false);
}

/// The SDK reads the available part and does not replace the rest: a truncated token, no Expiration.
#[tokio::test]
async fn an_incomplete_answer_gives_no_session() {
    let (mut world, checker) = world();
    world.role(role(&target_of(0)));
    let aws = StandIn::start(world).await;
    aws.script(Fault::on("AssumeRole").then(Answer::HalfXml));
    let inventory =
        format!("version: 1\njobs:\n  - {{name: a, length: 5m, source: iam-user, path: [\"{}\"]}}\n", target_of(0));
    let report = check(&client(&aws, &checker).await, &inventory).await;
    assert_eq!(outcomes(&report, "a"), ["unreadable-answer"]);
}

#[tokio::test]
async fn a_call_that_hangs_is_out_of_time_only_at_the_deadline() {
    let (mut world, checker) = world();
    world.role(role(&target_of(0)));
    let aws = StandIn::start(world).await;
    aws.script(Fault::on("AssumeRole").then(Answer::Hang));
    let client = client(&aws, &checker).await;
    let inventory =
        format!("version: 1\njobs:\n  - {{name: a, length: 5m, source: iam-user, path: [\"{}\"]}}\n", target_of(0));
    let begun = std::time::Instant::now();
    let time = Duration::from_secs(2);
    let check = Check { aws: &client, concurrency: 4, time: Some(time), run_id: "run" };
    let report = serde_json::to_value(check.of(&inventory).await.report).unwrap();
    assert_eq!(outcomes(&report, "a"), ["out-of-time"]);
    assert!((time..Duration::from_secs(60)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_unknown_error_is_reported_with_its_own_message() {
    let (mut world, checker) = world();
    world.role(role(&target_of(0)));
    let aws = StandIn::start(world).await;
    let new = Refusal { code: "ComingSoon", message: Some("This will\nbe\u{1b}[31m new."), ..refusal("assume-denied") };
    aws.script(Fault::on("AssumeRole").then(new));
    let inventory =
        format!("version: 1\njobs:\n  - {{name: a, length: 5m, source: iam-user, path: [\"{}\"]}}\n", target_of(0));
    let report = check(&client(&aws, &checker).await, &inventory).await;
    assert_eq!(outcomes(&report, "a"), ["refused"]);
    let [finding] = findings(&report, "not-checked")[..] else { panic!("{:?}", ids(&report)) };
    let detail = finding["detail"].as_str().unwrap();
    assert!(detail.contains("ComingSoon: This will") && detail.contains("new"), "{detail}");
    assert!(!detail.contains(char::is_control), "{detail:?}");
}
