//! Failures that people reported with real jobs, as inventories. The verdict must agree with the outcome of the job.
//! The expected outcomes are those of the reports, in minutes from the issue of the credentials. The project's
//! collection of reported cases names the source of each.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use credential_health::inventory::{Inventory, Seconds};
use credential_health::lease::{Judgement, Refusal, Verdict, judge};

use Outcome::{DiesAfter, Refused, Survives};
use RefusedBy::{ChainCap, Range, RoleMaximum};

/// A reported case.
struct Case {
    id: &'static str,
    what: &'static str,
    job: &'static str,
    /// The MaxSessionDuration of `role`, if it is known.
    max: Option<&'static str>,
    happened: Outcome,
}

/// The outcome of the job.
#[derive(Debug)]
enum Outcome {
    /// STS refused a request at the start.
    Refused(RefusedBy),
    /// Its credentials expired this number of minutes after their issue. A range if the report gives one, or if the
    /// last renewal is not stated.
    DiesAfter(RangeInclusive<u64>),
    /// The job finished.
    Survives,
}

/// The check of STS that refused the request, by the text of its answer.
#[derive(Debug, Clone, Copy)]
enum RefusedBy {
    /// "exceeds the 1 hour session limit for roles assumed by role chaining"
    ChainCap,
    /// "exceeds the MaxSessionDuration set for this role"
    RoleMaximum,
    /// "Member must have value …"
    Range,
}

impl Outcome {
    /// Whether the verdict agrees with the outcome.
    fn agrees_with(&self, judgement: &Judgement) -> bool {
        match self {
            Refused(by) => {
                let as_reported = match (by, &judgement.refusal) {
                    (ChainCap, Some(refusal)) => matches!(refusal, Refusal::OverChainCap),
                    (RoleMaximum, Some(refusal)) => matches!(refusal, Refusal::OverMaxSession { .. }),
                    (Range, Some(refusal)) => matches!(refusal, Refusal::OutOfRange { .. }),
                    (_, None) => false,
                };
                judgement.verdict == Verdict::Rejected && as_reported
            }
            DiesAfter(minutes) => {
                let reported = Seconds::minutes(*minutes.start())..=Seconds::minutes(*minutes.end());
                judgement.verdict == Verdict::Lapses && judgement.end.is_some_and(|end| reported.contains(&end))
            }
            Survives => matches!(judgement.verdict, Verdict::Covered | Verdict::Thin),
        }
    }
}

/// If a report states only "over an hour", the job runs for 61 minutes or two hours.
fn cases() -> Vec<Case> {
    let case = |id, what, job, max, happened| Case { id, what, job, max, happened };
    vec![
        case(
            "G01",
            "GetSessionToken, then 12 h of a role that allows them",
            "length: 8h, source: session-token, path: [{role: role, duration: 12h}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G03",
            "GetSessionToken, then over an hour",
            "length: 2h, source: session-token, path: [{role: role, duration: 3601s}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G03",
            "fixed by assuming directly",
            "length: 2h, source: iam-user, path: [{role: role, duration: 12h}]",
            Some("12h"),
            Survives,
        ),
        case(
            "G04",
            "a session on the bastion, then ttl=2h",
            "length: 1h, source: session-token, path: [{role: role, duration: 2h}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G06",
            "the tool calls GetSessionToken first, then asks for 8 h",
            "length: 8h, source: session-token, path: [{role: role, duration: 8h}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G08",
            "GetSessionToken of 36 h is accepted",
            "length: 35h, source: {kind: session-token, duration: 129600s}",
            None,
            Survives,
        ),
        case(
            "G10",
            "MFA in the AssumeRole call: 12 h are accepted",
            "length: 8h, source: {kind: iam-user, mfa: true}, path: [{role: role, duration: 12h}]",
            Some("12h"),
            Survives,
        ),
        case(
            "G10",
            "the next version primes GetSessionToken and asks for one hour",
            "length: 8h, source: session-token, path: [{role: role, duration: 1h}]",
            Some("12h"),
            DiesAfter(60..=60),
        ),
        case(
            "G11",
            "chained, 3600 s are accepted",
            "length: 30m, source: ec2-instance, path: [{role: role, duration: 3600s}]",
            Some("12h"),
            Survives,
        ),
        case(
            "G12",
            "chained, 3601 s",
            "length: 30m, source: ec2-instance, path: [{role: role, duration: 3601s}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G12",
            "chained, 7200 s",
            "length: 30m, source: ec2-instance, path: [{role: role, duration: 7200s}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G12",
            "chained, 43200 s",
            "length: 30m, source: ec2-instance, path: [{role: role, duration: 43200s}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G14",
            "chained, 43201 s: the schema's refusal",
            "length: 30m, source: ec2-instance, path: [{role: role, duration: 43201s}]",
            Some("12h"),
            Refused(Range),
        ),
        case(
            "G16",
            "direct, 899 s",
            "length: 1m, source: iam-user, path: [{role: role, duration: 899s}]",
            Some("12h"),
            Refused(Range),
        ),
        case(
            "G18",
            "SAML, 345600 s",
            "length: 8h, source: saml, path: [{role: role, duration: 345600s}]",
            Some("12h"),
            Refused(Range),
        ),
        case(
            "G20",
            "SAML, 8 h from an attribute, of a role that allows one",
            "length: 8h, source: saml, path: [{role: role, duration: 28800s}]",
            Some("1h"),
            Refused(RoleMaximum),
        ),
        case(
            "G22",
            "SAML, 3601 s; the live maximum was below, whatever people believed",
            "length: 1h, source: saml, path: [{role: role, duration: 3601s}]",
            Some("1h"),
            Refused(RoleMaximum),
        ),
        case(
            "G24",
            "ECS task role, then 4 h of a role that allows them",
            "length: 3h, source: ecs-task, path: [{role: role, duration: 14400s}]",
            Some("4h"),
            Refused(ChainCap),
        ),
        case(
            "G26",
            "the runner asks for the job's time-out, 2 h, to upload",
            "length: 5m, source: ec2-instance, path: [{role: role, duration: 120m}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G26",
            "fixed by asking for one hour",
            "length: 5m, source: ec2-instance, path: [{role: role, duration: 3600s}]",
            Some("12h"),
            Survives,
        ),
        case(
            "G28",
            "the plugin asks for 8 h from an instance role",
            "length: 2h, source: ec2-instance, path: [{role: role, duration: 8h}]",
            Some("12h"),
            Refused(ChainCap),
        ),
        case(
            "G30",
            "a chain, a fresh session for each request",
            "length: 2h, source: ec2-instance, path: [role, other], refresh: auto",
            None,
            Survives,
        ),
        case(
            "G30",
            "the same without",
            "length: 2h, source: ec2-instance, path: [role, other]",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G32",
            "Identity Center, then 3 h of a role that allows them",
            "length: 2h, source: identity-center, path: [{role: role, duration: 10800s}]",
            Some("3h"),
            Refused(ChainCap),
        ),
        case(
            "G34",
            "an issuer that is itself a role cannot give out more than one hour",
            "length: 2h, source: ec2-instance, path: [role, {role: other, duration: 2h}]",
            None,
            Refused(ChainCap),
        ),
        case(
            "G36",
            "GitHub OIDC, then a chained role that renews from it, half an hour",
            "length: 30m, source: {kind: web-identity, renewable: false}, path: [{role: role, duration: 3600s}, \
                other], refresh: auto",
            None,
            Survives,
        ),
        case(
            "G38",
            "OIDC with the default hour, in the environment",
            "length: 61m, source: web-identity, path: [role]",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G40",
            "OIDC asking for 6 h of a role that allows 8",
            "length: 61m, source: web-identity, path: [{role: role, duration: 21600s}]",
            Some("8h"),
            Survives,
        ),
        case(
            "G43",
            "OIDC for 15 minutes, minted before an approval",
            "length: 10m, age: 30m, source: web-identity, path: [{role: role, duration: 900s}]",
            None,
            DiesAfter(15..=15),
        ),
        case(
            "G45",
            "the provider asks for 15 minutes, the database takes longer",
            "length: 30m, source: iam-user, path: [{role: role, duration: 15m}]",
            None,
            DiesAfter(15..=15),
        ),
        case(
            "G47",
            "a chained session, a change over some 80 accounts",
            "length: 2h, source: codebuild, path: [role]",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G48",
            "temporary credentials that the apply outlives",
            "length: 2h, source: {kind: session-token, duration: 1h}",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G49",
            "a federated session of one hour, 40 minutes of it used before the job starts",
            "length: 30m, age: 40m, source: {kind: federation-token, duration: 1h}",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G51",
            "renewed until the session below it ends",
            "length: 150m, source: {kind: session-token, duration: 1h}, path: [role], refresh: auto",
            None,
            DiesAfter(51..=111),
        ),
        case(
            "G52",
            "account after account from a session of one hour",
            "length: 2h, source: {kind: session-token, duration: 1h}, path: [role], refresh: {every: 10m}",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G52",
            "fixed by getting the first session anew",
            "length: 2h, source: iam-user, path: [role, other], refresh: {every: 10m}",
            None,
            Survives,
        ),
        case(
            "G54",
            "Fargate renews, the session in the target account does not",
            "length: 2h, source: ecs-task, path: [role]",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G54",
            "fixed by renewing it",
            "length: 2h, source: ecs-task, path: [role], refresh: auto",
            None,
            Survives,
        ),
        case(
            "G56",
            "12 h wanted of a role that allows one: one hour in effect",
            "length: 2h, source: iam-user, path: [role]",
            Some("1h"),
            DiesAfter(60..=60),
        ),
        case(
            "G56",
            "and STS refuses the 12 h",
            "length: 2h, source: iam-user, path: [{role: role, duration: 43200s}]",
            Some("1h"),
            Refused(RoleMaximum),
        ),
        case(
            "G57",
            "a hosting build: one hour, whatever the role allows",
            "length: 61m, source: {kind: service-role, duration: 1h}",
            None,
            DiesAfter(60..=60),
        ),
        case("G59", "Fargate, credentials read once", "length: 361m, source: ecs-task", None, DiesAfter(300..=360)),
        case(
            "G60",
            "Fargate, credentials captured at the start, eight hours",
            "length: 8h, source: ecs-task",
            None,
            DiesAfter(300..=480),
        ),
        case("G60", "fixed by reading them again", "length: 8h, source: ecs-task, refresh: auto", None, Survives),
        case(
            "G61",
            "a runner on Fargate, idle for days",
            "length: 1h, pause: 3d, source: ecs-task",
            None,
            DiesAfter(0..=480),
        ),
        case(
            "G62",
            "a hook that asks for 3600 s once",
            "length: 2h, source: iam-user, path: [{role: role, duration: 3600s}]",
            Some("12h"),
            DiesAfter(60..=60),
        ),
        case(
            "G64",
            "a script that asks for nothing",
            "length: 2h, source: iam-user, path: [role]",
            Some("12h"),
            DiesAfter(60..=60),
        ),
        case(
            "G66",
            "MFA and 15 minutes: asked again after five",
            "length: 6m, source: {kind: iam-user, mfa: true}, path: [{role: role, duration: 900s}], refresh: auto",
            None,
            DiesAfter(0..=15),
        ),
        case(
            "G67",
            "the portal's login ends while the first session lives",
            "length: 9h, source: {kind: identity-center, session: 12h}, path: [role], refresh: auto",
            None,
            DiesAfter(480..=480),
        ),
        case(
            "G69",
            "the portal's login ends after one hour, whatever the token says",
            "length: 2h, source: {kind: identity-center, portal_session: 1h}, refresh: auto",
            None,
            DiesAfter(60..=60),
        ),
        case(
            "G70",
            "renewed past the portal's eight hours",
            "length: 10h, source: identity-center, refresh: auto",
            None,
            DiesAfter(480..=480),
        ),
        case(
            "G75",
            "Pod Identity, the token file cached by the client",
            "length: 8h, source: eks-pod-identity",
            None,
            DiesAfter(300..=720),
        ),
        case(
            "G79",
            "a run's own token is presented again for each session",
            "length: 5h, source: web-identity, path: [role], refresh: auto",
            None,
            Survives,
        ),
    ]
}

/// The reported cases that no inventory can express, and why.
const NOT_IN_AN_INVENTORY: &[(&str, &str)] = &[
    (
        "G41",
        "its cause is unknown: by the reported facts (2 h granted, 61 minutes used) it should have lasted, as G40 did",
    ),
    ("G72", "GetSessionToken from a role session is a permission: `session-token` always means an IAM user's"),
    ("G73", "what a session may call is a permission, not a duration"),
    ("G74", "session tags and packed policies are not declared"),
    ("G76", "Regions are not declared: a run finds it (region-disabled)"),
    ("G78", "a role deleted during the run ends its sessions at once, whatever their lease"),
    ("G80", "an MFA code that is used twice is refused at run time, whatever the durations"),
];

/// Every id of the collection.
const REPORTED: [&str; 50] = [
    "G01", "G03", "G04", "G06", "G08", "G10", "G11", "G12", "G14", "G16", "G18", "G20", "G22", "G24", "G26", "G28",
    "G30", "G32", "G34", "G36", "G38", "G40", "G41", "G43", "G45", "G47", "G48", "G49", "G51", "G52", "G54", "G56",
    "G57", "G59", "G60", "G61", "G62", "G64", "G66", "G67", "G69", "G70", "G72", "G73", "G74", "G75", "G76", "G78",
    "G79", "G80",
];

#[test]
fn the_verdict_agrees_with_the_outcome_of_each_reported_job() {
    let cases = cases();
    let mut wrong = Vec::new();
    for Case { id, what, job, max, happened } in &cases {
        let max = max.map_or(String::new(), |max| format!(", max_session_duration: {max}"));
        let text = format!(
            "version: 1\nroles:\n  role: {{arn: \"arn:aws:iam::111111111111:role/role\"{max}}}\n  other: {{arn: \
             \"arn:aws:iam::222222222222:role/other\"}}\njobs:\n  - {{name: {id}, {job}}}\n"
        );
        let inventory = Inventory::parse(id, &text).unwrap_or_else(|problems| panic!("{id}: {problems}"));
        let found = judge(&inventory.jobs[0], |role| inventory.declared(role)?.max_session_duration);
        if !happened.agrees_with(&found) {
            wrong.push(format!("{id} ({what}): {job}\n  happened {happened:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_reported_case_is_judged_or_listed_as_not_expressible() {
    let judged: BTreeSet<&str> = cases().iter().map(|case| case.id).collect();
    let not: BTreeSet<&str> = NOT_IN_AN_INVENTORY.iter().map(|(id, _)| *id).collect();
    assert_eq!(judged.union(&not).copied().collect::<BTreeSet<_>>(), BTreeSet::from(REPORTED));
    assert!(judged.is_disjoint(&not), "in both: {:?}", judged.intersection(&not).collect::<Vec<_>>());
}
