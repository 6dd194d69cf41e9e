//! `prove` against the stand-in, in this process: a whole run, a run with each rule broken once, a failure in the
//! middle.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Credentials as SdkCredentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use credential_health_prove::aws::Aws;
use credential_health_prove::catalogue::rules;
use credential_health_prove::remove::Removal;
use credential_health_prove::report::{self, About};
use credential_health_prove::run::{Decision, Outcome, Patience, Settings, Watcher, run};
use credential_health_prove::sandbox::{DEFAULT_PATH, Names, operator_policy};
use serde_json::Value;
use tokio::sync::watch;

use crate::harness::{REGION, assert_no_credential};
use crate::stand_in::{Answer, Credentials, Fault, Rules, StandIn, User, World};

pub const ACCOUNT: &str = "123456789012";
const OPERATOR: &str = "arn:aws:iam::123456789012:user/operator";
/// Calls after a change that may see the state before it.
const DELAY: usize = 3;
/// Enough attempts for the delay and three agreeing answers; no pause.
const PATIENCE: Patience = Patience { attempts: 9, pause: Duration::ZERO, agreeing: 3 };

/// A stand-in whose IAM is eventually consistent, and a person with the least policy of a run.
pub async fn sandbox(break_rules: impl FnOnce(&mut Rules)) -> (StandIn, Credentials) {
    let mut world = World::new();
    world.delays_changes(DELAY);
    break_rules(&mut world.rules);
    let policy = operator_policy(ACCOUNT, "aws", DEFAULT_PATH, true);
    let credentials = world.user(User::new(OPERATOR).with_policy(&policy));
    (StandIn::start(world).await, credentials)
}

fn client(aws: &StandIn, credentials: &Credentials) -> Aws {
    let Credentials { access_key_id, secret_access_key, session_token } = credentials.clone();
    let credentials = SdkCredentials::new(access_key_id, secret_access_key, session_token, None, "test");
    let http: SharedHttpClient = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(aws.url())
        .http_client(http)
        .sleep_impl(aws_sdk_sts::config::SharedAsyncSleep::new(aws_smithy_async::rt::sleep::TokioSleep::new()))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    Aws::with(config.build())
}

/// Keeps the lines; lets 15 minutes pass when the run waits for the end of a session; fails at a line.
#[derive(Default)]
struct Observer<'a> {
    lines: Mutex<Vec<String>>,
    aws: Option<&'a StandIn>,
    panics_at: Option<&'static str>,
}

impl Watcher for Observer<'static> {
    fn line(&self, text: &str) {
        self.lines.lock().unwrap().push(text.to_owned());
        assert!(self.panics_at.is_none_or(|at| !text.contains(at)), "a failure in the middle of a run");
    }

    fn waiting_for_end(&self) {
        self.aws.unwrap().advance(Duration::from_secs(901));
    }
}

async fn prove(aws: &'static StandIn, credentials: &Credentials, expiry: bool) -> Outcome {
    prove_with(aws, credentials, expiry, Observer { aws: Some(aws), ..Observer::default() }).await
}

async fn prove_with(
    aws: &'static StandIn,
    credentials: &Credentials,
    expiry: bool,
    observer: Observer<'static>,
) -> Outcome {
    let client = client(aws, credentials);
    let identity = client.identity().await.unwrap();
    assert_eq!((identity.account.as_str(), identity.arn.as_str()), (ACCOUNT, OPERATOR));
    let settings = Settings { path: DEFAULT_PATH.to_owned(), run: "00c0ffee".to_owned(), patience: PATIENCE, expiry };
    let (_stop, stopped) = watch::channel(false);
    run(&client, &identity, &settings, Arc::new(observer), stopped).await
}

/// A stand-in that lives as long as the test program.
async fn lasting(break_rules: impl FnOnce(&mut Rules)) -> (&'static StandIn, Credentials) {
    let (aws, credentials) = sandbox(break_rules).await;
    (Box::leak(Box::new(aws)), credentials)
}

/// The rules with another answer than the expected one.
fn told(outcome: &Outcome) -> BTreeSet<&'static str> {
    let differs = outcome.decided.iter().filter(|decided| matches!(decided.decision, Decision::Differs(_)));
    differs.map(|decided| decided.rule.id).collect()
}

fn describe(outcome: &Outcome) -> String {
    format!("{}\nstopped: {:?}\n{}", report::summary(outcome), outcome.stopped, report::table(outcome, ACCOUNT))
}

#[track_caller]
fn assert_nothing_is_left(aws: &StandIn, outcome: &Outcome) {
    assert_eq!(outcome.removal, Removal::default());
    let left = aws.world(|world| world.names_below(DEFAULT_PATH));
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn every_rule_holds_in_the_stand_in_and_nothing_is_left() {
    let (aws, credentials) = lasting(|_| {}).await;
    let outcome = prove(aws, &credentials, true).await;
    assert_eq!(outcome.stopped, None, "{}", describe(&outcome));
    assert_eq!(outcome.decided.len(), rules(true).count());
    for decided in &outcome.decided {
        let good = match decided.rule.expected {
            Some(_) => matches!(decided.decision, Decision::Holds(_)),
            None => matches!(decided.decision, Decision::Answered(_)),
        };
        assert!(good, "{}: {:?}\n{}", decided.rule.id, decided.decision, describe(&outcome));
    }
    assert_nothing_is_left(aws, &outcome);
    let about = About {
        started: "2026-11-30T12:00:00Z".parse().unwrap(),
        account: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        region: REGION.to_owned(),
        run: "00c0ffee".to_owned(),
    };
    let report = report::markdown(&about, &outcome);
    for text in [&report, &report::table(&outcome, ACCOUNT)] {
        assert_no_credential(text);
        assert!(!text.contains(ACCOUNT), "the account id is replaced");
    }
    assert!(rules(true).all(|rule| report.contains(&format!("`{}`", rule.id))));
}

#[tokio::test]
async fn a_run_without_expiry_waits_for_nothing() {
    let (aws, credentials) = lasting(|_| {}).await;
    let outcome = prove(aws, &credentials, false).await;
    assert!(told(&outcome).is_empty() && outcome.stopped.is_none(), "{}", describe(&outcome));
    assert_eq!(outcome.decided.len(), rules(false).count());
    assert!(aws.calls_of("LookupEvents").is_empty() && aws.calls_of("DescribeRegions").is_empty());
    assert_nothing_is_left(aws, &outcome);
}

/// A broken rule of the stand-in, and the rules of `prove` that tell it.
type Break = (Broken, &'static [&'static str]);

enum Broken {
    /// A rule with another value.
    Rule(fn(&mut Rules)),
    /// A call with another answer.
    Answer(fn() -> Fault),
}

/// Groups of broken rules that do not hide each other: one run tells a whole group.
fn breaks() -> Vec<Vec<Break>> {
    use Broken::{Answer as A, Rule as R};
    vec![
        vec![
            (
                R(|rules| rules.default_role_seconds = 1800),
                &[
                    "direct-default",
                    "chained-default",
                    "session-name-shortest",
                    "session-name-longest",
                    "source-identity-longest",
                    "session-policy-longest",
                ],
            ),
            (
                R(|rules| rules.most_token_seconds = 129_599),
                &[
                    "session-token-longest",
                    "session-token-too-long",
                    "federation-token-longest",
                    "federation-token-too-long",
                ],
            ),
            (
                R(|rules| rules.sessions_get_tokens = true),
                &["session-token-from-session", "federation-token-from-session", "session-token-again"],
            ),
            (R(|rules| rules.external_id = (1, 2000)), &["external-id-too-short", "external-id-too-long"]),
            (R(|rules| rules.clock_window = 3600), &["clock-slow", "clock-fast"]),
            (R(|rules| rules.update_resets = false), &["update-role-resets"]),
            (R(|rules| rules.inactive_keys_are_refused = false), &["key-inactive"]),
        ],
        vec![
            (
                R(|rules| rules.least_seconds = 901),
                &[
                    "direct-shortest",
                    "direct-too-short",
                    "chained-too-short",
                    "session-token-shortest",
                    "session-token-too-short",
                    "federation-token-shortest",
                    "federation-token-too-short",
                ],
            ),
            (R(|rules| rules.checks_arns = false), &["arn-not-a-role", "arn-too-short"]),
            (R(|rules| rules.checks_policies = false), &["session-policy-malformed"]),
            (R(|rules| rules.list_has_maximum = false), &["list-roles-maximum"]),
            (R(|rules| rules.deletion_ends_sessions = false), &["role-deleted"]),
        ],
        vec![
            (
                R(|rules| rules.most_role_seconds = 43_199),
                &[
                    "direct-longest",
                    "direct-too-long",
                    "order-range-before-maximum",
                    "order-range-before-cap",
                    "chained-longest",
                ],
            ),
            (R(|rules| rules.session_tokens_chain = false), &["session-token-over-cap"]),
            (R(|rules| rules.session_name = (1, 65)), &["session-name-too-short", "session-name-too-long"]),
            (R(|rules| rules.mfa_needs_both = false), &["mfa-half"]),
            (R(|rules| rules.default_token_seconds = 3600), &["session-token-default", "federation-token-default"]),
            (R(|rules| rules.made_again_is_another = false), &["role-made-again"]),
        ],
        vec![
            (
                R(|rules| rules.chain_cap_seconds = 3599),
                &["chained-default", "chained-at-cap", "chained-outlives-parent", "session-token-at-cap"],
            ),
            (R(|rules| rules.federation_calls_iam = true), &["federation-iam"]),
            (R(|rules| rules.most_source_identity = 255), &["source-identity-longest"]),
            (R(|rules| rules.most_policy = 2047), &["session-policy-longest"]),
            (R(|rules| rules.checks_signatures = false), &["wrong-secret"]),
        ],
        vec![
            (R(|rules| rules.chain_cap_seconds = 3601), &["chained-over-cap", "session-token-over-cap"]),
            (R(|rules| rules.federation_assumes = true), &["federation-assume-role"]),
            (R(|rules| rules.most_source_identity = 257), &["source-identity-too-long"]),
            (R(|rules| rules.most_policy = 2049), &["session-policy-too-long"]),
            (R(|rules| rules.unknown_keys_are_named = false), &["unknown-key", "key-inactive"]),
            (R(|rules| rules.clock_window = 600), &["clock-tolerated"]),
        ],
        vec![
            (
                R(|rules| rules.shortens = true),
                &[
                    "direct-over-maximum",
                    "chained-over-cap",
                    "chained-longest",
                    "order-maximum-before-cap",
                    "session-token-over-cap",
                ],
            ),
            (R(|rules| rules.federation_has_identity = false), &["federation-identity"]),
            (R(|rules| rules.external_id_counts = false), &["trust-denied"]),
            (R(|rules| rules.session_name = (3, 63)), &["session-name-shortest", "session-name-longest"]),
            (R(|rules| rules.checks_tokens = false), &["token-missing", "token-of-another"]),
            (R(|rules| rules.least_maximum = 3000), &["maximum-too-short", "maximum-kept"]),
        ],
        vec![
            (R(|rules| rules.maximum_before_cap = false), &["order-maximum-before-cap"]),
            (R(|rules| rules.missing_role_is_named = true), &["role-missing"]),
            (R(|rules| rules.source_identity_stays = false), &["source-identity-fixed"]),
            (R(|rules| rules.session_tokens_call_iam = true), &["session-token-iam"]),
            (R(|rules| rules.has_date = false), &["date-header"]),
            (R(|rules| rules.most_maximum = 50_000), &["maximum-too-long", "maximum-kept"]),
        ],
        vec![
            (
                R(|rules| rules.range_first = false),
                &["direct-too-long", "order-range-before-maximum", "order-range-before-cap"],
            ),
            (
                A(|| {
                    let on = Fault::on("GetRole").saying("-missing");
                    on.then(Answer::error(403, "AccessDenied", "User is not authorized to perform: iam:GetRole"))
                }),
                &["get-role-missing"],
            ),
            (
                A(|| {
                    let hour = format!("arn:aws:iam::{ACCOUNT}:role{DEFAULT_PATH}prove-00c0ffee-hour");
                    let on = Fault::on("AssumeRole").target(hour).saying("3600");
                    on.then(Answer::error(400, "ValidationError", "Too long"))
                }),
                &["direct-at-maximum"],
            ),
            (
                A(|| {
                    let on = Fault::on("GetCallerIdentity").caller("-doomed/");
                    on.then(Answer::error(403, "AccessDenied", "Access Denied"))
                }),
                &["role-in-use", "role-deleted", "role-made-again"],
            ),
        ],
        vec![(
            R(|rules| rules.default_maximum = 7200),
            &["default-maximum", "direct-over-maximum", "order-maximum-before-cap", "update-role-resets"],
        )],
        vec![
            (R(|rules| rules.ends_with_parent = Some(600)), &["chained-outlives-parent", "child-lives"]),
            (
                R(|rules| {
                    rules.expired = [
                        (400, "ExpiredToken"),
                        (403, "ExpiredToken"),
                        (400, "ExpiredToken"),
                        (403, "ExpiredTokenException"),
                    ];
                }),
                &[
                    "expired-sts",
                    "expired-iam",
                    "expired-before-signature",
                    "expired-s3",
                    "expired-ec2",
                    "expired-json",
                ],
            ),
        ],
        vec![(R(|rules| rules.expiry_before_signature = false), &["expired-before-signature"])],
        vec![(R(|rules| rules.token_before_expiry = false), &["token-before-expiry"])],
    ]
}

/// One run with a group of broken rules: the rules that it told, and a text if they are not those of the group.
async fn tell(group: Vec<Break>) -> (BTreeSet<&'static str>, Option<String>) {
    let expected: BTreeSet<&str> = group.iter().flat_map(|(_, told)| told.iter().copied()).collect();
    let expiry = expected.iter().any(|id| rules(false).all(|rule| rule.id != *id));
    let change = |rules: &mut Rules| {
        for (broken, _) in &group {
            if let Broken::Rule(change) = broken {
                change(rules);
            }
        }
    };
    let (aws, credentials) = lasting(change).await;
    for (broken, _) in &group {
        if let Broken::Answer(fault) = broken {
            aws.script(fault());
        }
    }
    let outcome = prove(aws, &credentials, expiry).await;
    assert_nothing_is_left(aws, &outcome);
    let told = told(&outcome);
    let wrong = (told != expected || outcome.stopped.is_some())
        .then(|| format!("broken: {expected:?}\ntold: {told:?}\n{}", describe(&outcome)));
    (told, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_rule_is_told() {
    let mut runs = tokio::task::JoinSet::new();
    for group in breaks() {
        runs.spawn(tell(group));
    }
    let mut all_told = BTreeSet::new();
    while let Some(ran) = runs.join_next().await {
        let (told, wrong) = ran.unwrap();
        assert_eq!(wrong, None, "{}", wrong.clone().unwrap_or_default());
        all_told.extend(told);
    }
    let all: BTreeSet<&str> = rules(true).filter(|rule| rule.expected.is_some()).map(|rule| rule.id).collect();
    assert_eq!(all_told, all, "each rule was broken once");
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_run_leaves_nothing() {
    for at in ["Role chaining", "Deletion in use", "GetFederationToken"] {
        let (aws, credentials) = lasting(|_| {}).await;
        let observer = Observer { panics_at: Some(at), ..Observer::default() };
        let outcome = prove_with(aws, &credentials, false, observer).await;
        assert!(outcome.stopped.is_some(), "{at}: {}", describe(&outcome));
        assert!(!aws.calls_of("CreateRole").is_empty(), "{at}");
        assert_nothing_is_left(aws, &outcome);
    }
}

/// docs/prove.md says so: a session of the run reaches no other role of the path.
#[test]
fn the_permissions_of_a_run_end_at_its_own_roles() {
    let names = Names {
        partition: "aws".to_owned(),
        account: ACCOUNT.to_owned(),
        path: DEFAULT_PATH.to_owned(),
        run: "00c0ffee".to_owned(),
    };
    let own = format!("arn:aws:iam::{ACCOUNT}:role{DEFAULT_PATH}prove-00c0ffee-*");
    for policy in [names.role_policy(), names.user_policy(), names.federation_policy()] {
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!(statements[0]["Resource"], own);
        for statement in statements {
            let names_no_role = statement["Action"] == "sts:GetFederationToken";
            assert_eq!(statement["Resource"], if names_no_role { "*" } else { &own }, "{statement}");
        }
    }
}
