//! Failures that people reported with real jobs, as inventories: the checker must say of each what happened.
//! The ids and facts are those of the project's collection of reported cases; the sources are named there.

use std::collections::BTreeSet;

use credential_health::inventory::Inventory;
use credential_health::lease::judge;

use crate::verdict_table::shown;

/// A reported case: its id, what happened in words, the job, the MaxSessionDuration of `role` where it is known, and
/// the verdict.
struct Case(&'static str, &'static str, &'static str, Option<&'static str>, &'static str);

const CHAIN_REJECTED_AT_0: &str = "rejected role-chaining@0 duration-above-chain-cap lease=- end=- headroom=-";
const MAX_REJECTED_AT_0: &str = "rejected max-session-duration@0 duration-above-max-session lease=- end=- headroom=-";
const RANGE_REJECTED_AT_0: &str = "rejected duration-range@0 duration-out-of-range lease=- end=- headroom=-";

/// Where a report says "over an hour" and no more, the job runs for 61 minutes or two hours.
#[rustfmt::skip]
const CASES: &[Case] = &[
    Case("G01", "GetSessionToken, then 12 h of a role that allows them", "length: 8h, source: session-token, path: [{role: role, duration: 12h}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G03", "GetSessionToken, then over an hour", "length: 2h, source: session-token, path: [{role: role, duration: 3601s}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G03", "fixed by assuming directly", "length: 2h, source: iam-user, path: [{role: role, duration: 12h}]", Some("12h"), "covered lease=43200 end=43200 headroom=36000"),
    Case("G04", "a session on the bastion, then ttl=2h", "length: 1h, source: session-token, path: [{role: role, duration: 2h}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G06", "the tool calls GetSessionToken first, then asks for 8 h", "length: 8h, source: session-token, path: [{role: role, duration: 8h}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G08", "GetSessionToken of 36 h is accepted", "length: 35h, source: {kind: session-token, duration: 129600s}", None, "covered lease=129600 end=129600 headroom=3600"),
    Case("G10", "MFA in the AssumeRole call: 12 h are accepted", "length: 8h, source: {kind: iam-user, mfa: true}, path: [{role: role, duration: 12h}]", Some("12h"), "covered lease=43200 end=43200 headroom=14400"),
    Case("G10", "the next version primes GetSessionToken and asks for one hour", "length: 8h, source: session-token, path: [{role: role, duration: 1h}]", Some("12h"), "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-25200"),
    Case("G11", "chained, 3600 s are accepted", "length: 30m, source: ec2-instance, path: [{role: role, duration: 3600s}]", Some("12h"), "covered lease=3600 end=3600 headroom=1800"),
    Case("G12", "chained, 3601 s", "length: 30m, source: ec2-instance, path: [{role: role, duration: 3601s}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G12", "chained, 7200 s", "length: 30m, source: ec2-instance, path: [{role: role, duration: 7200s}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G12", "chained, 43200 s", "length: 30m, source: ec2-instance, path: [{role: role, duration: 43200s}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G14", "chained, 43201 s: the schema's refusal", "length: 30m, source: ec2-instance, path: [{role: role, duration: 43201s}]", Some("12h"), RANGE_REJECTED_AT_0),
    Case("G16", "direct, 899 s", "length: 1m, source: iam-user, path: [{role: role, duration: 899s}]", Some("12h"), RANGE_REJECTED_AT_0),
    Case("G18", "SAML, 345600 s", "length: 8h, source: saml, path: [{role: role, duration: 345600s}]", Some("12h"), RANGE_REJECTED_AT_0),
    Case("G20", "SAML, 8 h from an attribute, of a role that allows one", "length: 8h, source: saml, path: [{role: role, duration: 28800s}]", Some("1h"), MAX_REJECTED_AT_0),
    Case("G22", "SAML, 3601 s; the live maximum was below, whatever people believed", "length: 1h, source: saml, path: [{role: role, duration: 3601s}]", Some("1h"), MAX_REJECTED_AT_0),
    Case("G24", "ECS task role, then 4 h of a role that allows them", "length: 3h, source: ecs-task, path: [{role: role, duration: 14400s}]", Some("4h"), CHAIN_REJECTED_AT_0),
    Case("G26", "the runner asks for the job's time-out, 2 h, to upload", "length: 5m, source: ec2-instance, path: [{role: role, duration: 120m}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G26", "fixed by asking for one hour", "length: 5m, source: ec2-instance, path: [{role: role, duration: 3600s}]", Some("12h"), "covered lease=3600 end=3600 headroom=3300"),
    Case("G28", "the plugin asks for 8 h from an instance role", "length: 2h, source: ec2-instance, path: [{role: role, duration: 8h}]", Some("12h"), CHAIN_REJECTED_AT_0),
    Case("G30", "a chain, a fresh session for each request", "length: 2h, source: ec2-instance, path: [role, other], refresh: auto", None, "covered lease=3600 end=- headroom=-"),
    Case("G30", "the same without", "length: 2h, source: ec2-instance, path: [role, other]", None, "lapses role-chaining@1 chain-caps-session lease=3600 end=3600 headroom=-3600"),
    Case("G32", "Identity Center, then 3 h of a role that allows them", "length: 2h, source: identity-center, path: [{role: role, duration: 10800s}]", Some("3h"), CHAIN_REJECTED_AT_0),
    Case("G34", "an issuer that is itself a role cannot give out more than one hour", "length: 2h, source: ec2-instance, path: [role, {role: other, duration: 2h}]", None, "rejected role-chaining@1 duration-above-chain-cap lease=- end=- headroom=-"),
    Case("G36", "GitHub OIDC, then a chained role that renews from it, half an hour", "length: 30m, source: {kind: web-identity, renewable: false}, path: [{role: role, duration: 3600s}, other], refresh: auto", None, "covered lease=3600 end=3600 headroom=1800"),
    Case("G38", "OIDC with the default hour, in the environment", "length: 61m, source: web-identity, path: [role]", None, "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-60"),
    Case("G40", "OIDC asking for 6 h of a role that allows 8", "length: 61m, source: web-identity, path: [{role: role, duration: 21600s}]", Some("8h"), "covered lease=21600 end=21600 headroom=17940"),
    Case("G43", "OIDC for 15 minutes, minted before an approval", "length: 10m, pause: 30m, source: web-identity, path: [{role: role, duration: 900s}]", None, "lapses requested-duration@0 requested-duration-too-short lease=900 end=900 headroom=-1500"),
    Case("G45", "the provider asks for 15 minutes, the database takes longer", "length: 30m, source: iam-user, path: [{role: role, duration: 15m}]", None, "lapses requested-duration@0 requested-duration-too-short lease=900 end=900 headroom=-900"),
    Case("G47", "a chained session, a change over some 80 accounts", "length: 2h, source: codebuild, path: [role]", None, "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-3600"),
    Case("G48", "temporary credentials that the apply outlives", "length: 2h, source: {kind: session-token, duration: 1h}", None, "lapses source-session@source source-session-ends-first lease=3600 end=3600 headroom=-3600"),
    Case("G51", "renewed until the session below it ends", "length: 150m, source: {kind: session-token, duration: 1h}, path: [role], refresh: auto", None, "lapses source-session@source source-session-ends-first lease=3600 end=3600 headroom=-5400"),
    Case("G52", "account after account from a session of one hour", "length: 2h, source: {kind: session-token, duration: 1h}, path: [role], refresh: {every: 10m}", None, "lapses source-session@source source-session-ends-first lease=3600 end=3600 headroom=-3600"),
    Case("G52", "fixed by getting the first session anew", "length: 2h, source: iam-user, path: [role, other], refresh: {every: 10m}", None, "covered lease=3600 end=- headroom=-"),
    Case("G54", "Fargate renews, the session in the target account does not", "length: 2h, source: ecs-task, path: [role]", None, "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-3600"),
    Case("G54", "fixed by renewing it", "length: 2h, source: ecs-task, path: [role], refresh: auto", None, "covered lease=3600 end=- headroom=-"),
    Case("G56", "12 h wanted of a role that allows one: one hour in effect", "length: 2h, source: iam-user, path: [role]", Some("1h"), "lapses max-session-duration@0 max-session-too-short lease=3600 end=3600 headroom=-3600"),
    Case("G56", "and STS refuses the 12 h", "length: 2h, source: iam-user, path: [{role: role, duration: 43200s}]", Some("1h"), MAX_REJECTED_AT_0),
    // Amplify Hosting has no kind of its own; its builds have a build service's hour.
    Case("G57", "a hosting build: one hour, whatever the role allows", "length: 61m, source: codebuild", None, "lapses platform@source cached-platform-credentials lease=3600 end=3600 headroom=-60"),
    Case("G59", "Fargate, credentials read once", "length: 361m, source: ecs-task", None, "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-60"),
    Case("G60", "Fargate, credentials captured at the start, eight hours", "length: 8h, source: ecs-task", None, "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-7200"),
    Case("G60", "fixed by reading them again", "length: 8h, source: ecs-task, refresh: auto", None, "covered lease=21600 end=- headroom=-"),
    Case("G61", "a runner on Fargate, idle for days", "length: 1h, pause: 3d, source: ecs-task", None, "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-241200"),
    Case("G62", "a hook that asks for 3600 s once", "length: 2h, source: iam-user, path: [{role: role, duration: 3600s}]", Some("12h"), "lapses requested-duration@0 requested-duration-too-short lease=3600 end=3600 headroom=-3600"),
    Case("G64", "a script that asks for nothing", "length: 2h, source: iam-user, path: [role]", Some("12h"), "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-3600"),
    Case("G66", "MFA and 15 minutes: asked again after five", "length: 6m, source: {kind: iam-user, mfa: true}, path: [{role: role, duration: 900s}], refresh: auto", None, "lapses mfa@source source-session-ends-first lease=900 end=300 headroom=-60"),
    Case("G67", "the portal's login ends while the first session lives", "length: 9h, source: {kind: identity-center, session: 12h}, path: [role], refresh: auto", None, "lapses portal-session@source source-session-ends-first lease=3600 end=28800 headroom=-3600"),
    Case("G69", "the portal's login ends after one hour, whatever the token says", "length: 2h, source: {kind: identity-center, portal_session: 1h}, refresh: auto", None, "lapses portal-session@source source-session-ends-first lease=3600 end=3600 headroom=-3600"),
    Case("G70", "renewed past the portal's eight hours", "length: 10h, source: identity-center, refresh: auto", None, "lapses portal-session@source source-session-ends-first lease=3600 end=28800 headroom=-7200"),
    Case("G75", "Pod Identity, the token file cached by the client", "length: 8h, source: eks-pod-identity", None, "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-7200"),
    Case("G79", "a run's own token is presented again for each session", "length: 5h, source: web-identity, path: [role], refresh: auto", None, "covered lease=3600 end=- headroom=-"),
];

/// The reported cases that no inventory can express, and why.
const NOT_IN_AN_INVENTORY: &[(&str, &str)] = &[
    ("G41", "its cause is unknown: by the facts told (2 h granted, 61 minutes used) it should have lasted, as G40 did"),
    ("G49", "the session was partly used before the job began; an inventory declares jobs that begin with a fresh one"),
    ("G72", "GetSessionToken from a role session is a permission: `session-token` always stands for an IAM user's"),
    ("G73", "what a session may call is a permission, not a duration"),
    ("G74", "session tags and packed policies are not declared"),
    ("G76", "Regions are not declared: a run finds it (region-disabled)"),
    ("G78", "a role deleted during the run ends its sessions at once, whatever their lease"),
    ("G80", "an MFA code that is used twice is refused at run time; the durations would do"),
];

/// Every id of the collection.
const REPORTED: [&str; 50] = [
    "G01", "G03", "G04", "G06", "G08", "G10", "G11", "G12", "G14", "G16", "G18", "G20", "G22", "G24", "G26", "G28",
    "G30", "G32", "G34", "G36", "G38", "G40", "G41", "G43", "G45", "G47", "G48", "G49", "G51", "G52", "G54", "G56",
    "G57", "G59", "G60", "G61", "G62", "G64", "G66", "G67", "G69", "G70", "G72", "G73", "G74", "G75", "G76", "G78",
    "G79", "G80",
];

#[test]
fn the_checker_says_of_each_reported_job_what_happened_to_it() {
    let mut wrong = Vec::new();
    for Case(id, what, job, max, expected) in CASES {
        let max = max.map_or(String::new(), |max| format!(", max_session_duration: {max}"));
        let text = format!(
            "version: 1\nroles:\n  role: {{arn: \"arn:aws:iam::111111111111:role/role\"{max}}}\n  other: {{arn: \"arn:aws:iam::222222222222:role/other\"}}\njobs:\n  - {{name: {id}, {job}}}\n"
        );
        let inventory = Inventory::parse(id, &text).unwrap_or_else(|problems| panic!("{id}: {problems}"));
        let found = shown(&judge(&inventory.jobs[0], |role| inventory.declared(role)?.max_session_duration));
        if found != *expected {
            wrong.push(format!("{id} ({what}): {job}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn every_reported_case_is_either_told_or_named_as_one_that_no_inventory_can_express() {
    let told: BTreeSet<&str> = CASES.iter().map(|case| case.0).collect();
    let not: BTreeSet<&str> = NOT_IN_AN_INVENTORY.iter().map(|(id, _)| *id).collect();
    let reported = BTreeSet::from(REPORTED);
    assert_eq!(told.union(&not).copied().collect::<BTreeSet<_>>(), reported);
    assert!(told.is_disjoint(&not), "told and not told: {:?}", told.intersection(&not).collect::<Vec<_>>());
    assert_eq!(not.len(), NOT_IN_AN_INVENTORY.len(), "an id is listed twice");
    assert!(NOT_IN_AN_INVENTORY.iter().all(|(_, why)| !why.is_empty()));
}
