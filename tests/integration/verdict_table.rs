//! Section 3 of the interface, read on its own and written down as cases: a job, and what its verdict must be.
//! The expected values come from that page and from AWS's rules, never from the code.

use credential_health::findings::FindingId;
use credential_health::inventory::{Inventory, Job, Refresh, Seconds};
use credential_health::lease::{Grant, Judgement, judge};

/// The roles of the cases: their MaxSessionDuration is their name; that of `unknown` and of the second hop is not known.
const ROLES: &str = r#"
version: 1
roles:
  one: {arn: "arn:aws:iam::111111111111:role/one", max_session_duration: 1h}
  four: {arn: "arn:aws:iam::111111111111:role/four", max_session_duration: 4h}
  twelve: {arn: "arn:aws:iam::111111111111:role/twelve", max_session_duration: 12h}
  unknown: {arn: "arn:aws:iam::111111111111:role/unknown"}
  second: {arn: "arn:aws:iam::222222222222:role/second"}
  third: {arn: "arn:aws:iam::333333333333:role/third"}
"#;

/// The inventory that has these jobs, each the inside of a YAML flow map without its name.
fn inventory(jobs: &[&str]) -> Inventory {
    let mut text = format!("{ROLES}jobs:\n");
    for (number, job) in jobs.iter().enumerate() {
        text.push_str(&format!("  - {{name: job-{number}, {job}}}\n"));
    }
    Inventory::parse("cases.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The verdict of one job, by what is declared of its roles.
fn judged(inventory: &Inventory, job: &Job) -> Judgement {
    judge(job, |role| inventory.declared(role)?.max_session_duration)
}

/// A verdict in one line: `lapses role-chaining@1 chain-caps-session lease=3600 end=3600 headroom=-1`; `-` for null.
pub(crate) fn shown(judgement: &Judgement) -> String {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let limit = judgement.limited_by.map_or_else(String::new, |by| {
        let by = serde_json::to_value(by).unwrap();
        let hop = judgement.limiting_hop.map_or_else(|| "source".to_owned(), |hop| hop.to_string());
        format!(" {}@{hop}", by.as_str().unwrap())
    });
    let finding = FindingId::of_judgement(judgement).map_or_else(String::new, |finding| format!(" {finding}"));
    format!(
        "{}{limit}{finding} lease={} end={} headroom={}",
        judgement.verdict.as_str(),
        or_dash(judgement.lease.map(|lease| lease.0.to_string())),
        or_dash(judgement.end.map(|end| end.0.to_string())),
        or_dash(judgement.headroom.map(|headroom| headroom.to_string())),
    )
}

/// Fails with every case that is not as expected.
fn check(cases: &[(&str, &str)]) {
    let inventory = inventory(&cases.iter().map(|(job, _)| *job).collect::<Vec<_>>());
    let wrong: Vec<String> = cases
        .iter()
        .zip(&inventory.jobs)
        .map(|((written, expected), job)| (written, expected, shown(&judged(&inventory, job))))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(written, expected, found)| format!("{written}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const OUT_OF_RANGE_AT_SOURCE: &str = "rejected duration-range@source duration-out-of-range lease=- end=- headroom=-";
const OUT_OF_RANGE_AT_0: &str = "rejected duration-range@0 duration-out-of-range lease=- end=- headroom=-";
const OUT_OF_RANGE_AT_1: &str = "rejected duration-range@1 duration-out-of-range lease=- end=- headroom=-";
const CANNOT_ASSUME: &str = "rejected source-cannot-assume@source source-cannot-assume lease=- end=- headroom=-";
const OVER_MAX_AT_0: &str = "rejected max-session-duration@0 duration-above-max-session lease=- end=- headroom=-";
const OVER_MAX_AT_1: &str = "rejected max-session-duration@1 duration-above-max-session lease=- end=- headroom=-";
const OVER_CHAIN_AT_0: &str = "rejected role-chaining@0 duration-above-chain-cap lease=- end=- headroom=-";
const OVER_CHAIN_AT_1: &str = "rejected role-chaining@1 duration-above-chain-cap lease=- end=- headroom=-";
const MAX_UNKNOWN: &str = "unknown max-session-duration@0 max-session-unknown lease=- end=- headroom=-";
const COPY_UNKNOWN: &str = "unknown platform@source cached-platform-credentials lease=- end=- headroom=-";

#[test]
#[rustfmt::skip] // One case a line.
fn a_hop_that_asks_for_less_than_900_or_more_than_43200_seconds_is_rejected() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 900s}]", "covered lease=900 end=900 headroom=840"),
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 43200s}]", "covered lease=43200 end=43200 headroom=43140"),
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: iam-user, path: [{role: unknown, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: iam-user, path: [{role: unknown, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: web-identity, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: web-identity, path: [{role: twelve, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: saml, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: saml, path: [{role: twelve, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: twelve, duration: 899s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: twelve, duration: 900s}]", "covered lease=900 end=900 headroom=840"),
        ("length: 1m, source: iam-user, path: [one, {role: second, duration: 899s}]", OUT_OF_RANGE_AT_1),
        ("length: 1m, source: iam-user, path: [one, {role: second, duration: 43201s}]", OUT_OF_RANGE_AT_1),
    ]);
}

#[test]
fn a_stated_duration_of_nothing_is_a_request_and_out_of_range() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: twelve, duration: 0s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: web-identity, path: [twelve, {role: second, duration: 0s}]", OUT_OF_RANGE_AT_1),
        ("length: 1m, source: {kind: session-token, duration: 0s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: federation-token, duration: 0s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 0s}", OUT_OF_RANGE_AT_SOURCE),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_source_that_asks_for_more_or_less_than_its_api_accepts_is_rejected() {
    check(&[
        ("length: 1m, source: {kind: session-token, duration: 899s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: session-token, duration: 900s}", "covered lease=900 end=900 headroom=840"),
        ("length: 1m, source: {kind: session-token, duration: 129600s}", "covered lease=129600 end=129600 headroom=129540"),
        ("length: 1m, source: {kind: session-token, duration: 129601s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: session-token, duration: 899s}, path: [one]", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: session-token, duration: 899s}, refresh: auto", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: federation-token, duration: 899s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: federation-token, duration: 900s}", "covered lease=900 end=900 headroom=840"),
        ("length: 1m, source: {kind: federation-token, duration: 129600s}", "covered lease=129600 end=129600 headroom=129540"),
        ("length: 1m, source: {kind: federation-token, duration: 129601s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 899s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 900s}", "covered lease=900 end=900 headroom=840"),
        ("length: 1m, source: {kind: roles-anywhere, duration: 43200s}", "covered lease=43200 end=43200 headroom=43140"),
        ("length: 1m, source: {kind: roles-anywhere, duration: 43201s}", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: {kind: roles-anywhere, duration: 43201s}, path: [one]", OUT_OF_RANGE_AT_SOURCE),
    ]);
}

#[test]
fn a_federation_token_cannot_assume_a_role() {
    check(&[
        ("length: 1m, source: federation-token, path: [one]", CANNOT_ASSUME),
        ("length: 1m, source: federation-token, path: [one], refresh: auto", CANNOT_ASSUME),
        ("length: 1m, source: federation-token, path: [one], refresh: {every: 5m}", CANNOT_ASSUME),
        ("length: 1m, source: federation-token, path: [{role: one, duration: 0s}]", CANNOT_ASSUME),
        ("length: 1m, source: {kind: federation-token, duration: 899s}, path: [one]", OUT_OF_RANGE_AT_SOURCE),
        ("length: 1m, source: federation-token, path: []", "covered lease=43200 end=43200 headroom=43140"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_hop_that_asks_for_more_than_the_roles_maximum_is_rejected() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: one, duration: 3600s}]", "covered lease=3600 end=3600 headroom=3540"),
        ("length: 1m, source: iam-user, path: [{role: one, duration: 3601s}]", OVER_MAX_AT_0),
        ("length: 1m, source: iam-user, path: [{role: four, duration: 14400s}]", "covered lease=14400 end=14400 headroom=14340"),
        ("length: 1m, source: iam-user, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: {kind: iam-user, mfa: true}, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: web-identity, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: saml, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: iam-user, path: [{role: four, duration: 14401s}], refresh: auto", OVER_MAX_AT_0),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_chained_hop_that_asks_for_more_than_an_hour_is_rejected() {
    let chained = [
        "session-token",
        "identity-center",
        "ec2-instance",
        "ecs-task",
        "lambda",
        "codebuild",
        "eks-pod-identity",
        "roles-anywhere",
    ];
    for source in chained {
        check(&[
            (&format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 3600s}}]"), "covered lease=3600 end=3600 headroom=3540"),
            (&format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 3601s}}]"), OVER_CHAIN_AT_0),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 3601s}}]"), OVER_CHAIN_AT_0),
            (&format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 12h}}], refresh: auto"), OVER_CHAIN_AT_0),
        ]);
    }
    for source in ["iam-user", "{kind: iam-user, mfa: true}", "web-identity", "saml"] {
        check(&[
            (&format!("length: 1m, source: {source}, path: [second, {{role: twelve, duration: 3600s}}]"), "covered lease=3600 end=3600 headroom=3540"),
            (&format!("length: 1m, source: {source}, path: [second, {{role: twelve, duration: 3601s}}]"), OVER_CHAIN_AT_1),
            (&format!("length: 1m, source: {source}, path: [second, {{role: unknown, duration: 2h}}]"), OVER_CHAIN_AT_1),
            (&format!("length: 1m, source: {source}, path: [{{role: twelve, duration: 12h}}]"), "covered lease=43200 end=43200 headroom=43140"),
        ]);
    }
}

#[test]
#[rustfmt::skip] // One case a line.
fn the_first_check_that_fails_names_the_refusal() {
    check(&[
        // One request: the range, then the role's maximum, then the chaining cap.
        ("length: 1m, source: ecs-task, path: [{role: one, duration: 43201s}]", OUT_OF_RANGE_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: one, duration: 3601s}]", OVER_MAX_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: four, duration: 14401s}]", OVER_MAX_AT_0),
        ("length: 1m, source: ecs-task, path: [{role: four, duration: 14400s}]", OVER_CHAIN_AT_0),
        ("length: 1m, source: iam-user, path: [second, {role: one, duration: 2h}]", OVER_MAX_AT_1),
        // Several requests: in the order the job makes them.
        ("length: 1m, source: ecs-task, path: [{role: twelve, duration: 2h}, {role: second, duration: 0s}]", OVER_CHAIN_AT_0),
        ("length: 1m, source: iam-user, path: [{role: one, duration: 2h}, {role: second, duration: 0s}]", OVER_MAX_AT_0),
        ("length: 1m, source: iam-user, path: [one, {role: second, duration: 2h}, {role: third, duration: 0s}]", OVER_CHAIN_AT_1),
        ("length: 1m, source: iam-user, path: [one, {role: second, duration: 0s}, {role: third, duration: 2h}]", OUT_OF_RANGE_AT_1),
        ("length: 1m, source: {kind: session-token, duration: 0s}, path: [{role: one, duration: 0s}]", OUT_OF_RANGE_AT_SOURCE),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_refusal_counts_before_a_maximum_that_is_not_known() {
    check(&[
        ("length: 1m, source: iam-user, path: [{role: unknown, duration: 2h}, {role: second, duration: 2h}]", OVER_CHAIN_AT_1),
        ("length: 1m, source: web-identity, path: [{role: unknown, duration: 2h}, {role: second, duration: 60s}]", OUT_OF_RANGE_AT_1),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_direct_request_over_an_hour_of_a_role_whose_maximum_is_not_known_is_unknown() {
    for source in ["iam-user", "{kind: iam-user, mfa: true}", "web-identity", "{kind: saml, renewable: true}"] {
        check(&[
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 3601s}}]"), MAX_UNKNOWN),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 43200s}}]"), MAX_UNKNOWN),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 2h}}], refresh: auto"), MAX_UNKNOWN),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 2h}}], refresh: {{every: 5m}}"), MAX_UNKNOWN),
            (&format!("length: 30h, source: {source}, path: [{{role: unknown, duration: 2h}}]"), MAX_UNKNOWN),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 2h}}, second]"), MAX_UNKNOWN),
            (&format!("length: 1m, source: {source}, path: [{{role: unknown, duration: 3600s}}]"), "covered lease=3600 end=3600 headroom=3540"),
            (&format!("length: 1m, source: {source}, path: [unknown]"), "covered lease=3600 end=3600 headroom=3540"),
        ]);
    }
}

#[test]
#[rustfmt::skip] // One case a line.
fn without_refresh_a_job_is_covered_up_to_the_lease_less_the_margin_and_thin_up_to_the_lease() {
    check(&[
        ("length: 50m, source: iam-user, path: [twelve]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 3001s, source: iam-user, path: [twelve]", "thin default-duration@0 thin-margin lease=3600 end=3600 headroom=599"),
        ("length: 1h, source: iam-user, path: [twelve]", "thin default-duration@0 thin-margin lease=3600 end=3600 headroom=0"),
        ("length: 3601s, source: iam-user, path: [twelve]", "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-1"),
        ("length: 1h, margin: 0s, source: iam-user, path: [twelve]", "covered lease=3600 end=3600 headroom=0"),
        ("length: 0s, source: iam-user, path: [twelve]", "covered lease=3600 end=3600 headroom=3600"),
        ("length: 30m, margin: 30m, source: iam-user, path: [twelve]", "covered lease=3600 end=3600 headroom=1800"),
        ("length: 30m, margin: 1801s, source: iam-user, path: [twelve]", "thin default-duration@0 thin-margin lease=3600 end=3600 headroom=1800"),
        // needed = length + pause.
        ("length: 40m, pause: 10m, source: iam-user, path: [twelve]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 40m, pause: 601s, source: iam-user, path: [twelve]", "thin default-duration@0 thin-margin lease=3600 end=3600 headroom=599"),
        ("length: 1m, pause: 1h, source: iam-user, path: [twelve]", "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-60"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_lapsing_session_is_blamed_on_the_limit_that_a_longer_request_would_meet() {
    check(&[
        // Direct: what was asked for while the role allows more, else the role, else the twelve hours of any session.
        ("length: 4h, source: iam-user, path: [four]", "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-10800"),
        ("length: 14401s, source: iam-user, path: [four]", "lapses max-session-duration@0 max-session-too-short lease=3600 end=3600 headroom=-10801"),
        ("length: 2h, source: iam-user, path: [one]", "lapses max-session-duration@0 max-session-too-short lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: iam-user, path: [{role: one, duration: 1h}]", "lapses max-session-duration@0 max-session-too-short lease=3600 end=3600 headroom=-3600"),
        ("length: 3h, source: web-identity, path: [{role: four, duration: 2h}]", "lapses requested-duration@0 requested-duration-too-short lease=7200 end=7200 headroom=-3600"),
        ("length: 4h, source: saml, path: [{role: four, duration: 2h}]", "lapses requested-duration@0 requested-duration-too-short lease=7200 end=7200 headroom=-7200"),
        ("length: 14401s, source: saml, path: [{role: four, duration: 2h}]", "lapses max-session-duration@0 max-session-too-short lease=7200 end=7200 headroom=-7201"),
        ("length: 12h, source: iam-user, path: [twelve]", "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-39600"),
        ("length: 43201s, source: iam-user, path: [twelve]", "lapses sts-maximum@0 job-exceeds-any-session lease=3600 end=3600 headroom=-39601"),
        ("length: 43201s, source: iam-user, path: [{role: twelve, duration: 12h}]", "lapses sts-maximum@0 job-exceeds-any-session lease=43200 end=43200 headroom=-1"),
        ("length: 43201s, source: iam-user, path: [one]", "lapses sts-maximum@0 job-exceeds-any-session lease=3600 end=3600 headroom=-39601"),
        // Direct, the maximum not known: only the request can be blamed.
        ("length: 2h, source: iam-user, path: [unknown]", "lapses default-duration@0 default-duration-too-short lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: iam-user, path: [{role: unknown, duration: 1h}]", "lapses requested-duration@0 requested-duration-too-short lease=3600 end=3600 headroom=-3600"),
        ("length: 43201s, source: iam-user, path: [unknown]", "lapses sts-maximum@0 job-exceeds-any-session lease=3600 end=3600 headroom=-39601"),
        // Chained: the cap is one hour whatever the role allows.
        ("length: 3601s, source: iam-user, path: [twelve, second]", "lapses role-chaining@1 chain-caps-session lease=3600 end=3600 headroom=-1"),
        ("length: 2h, source: ecs-task, path: [twelve]", "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: ecs-task, path: [{role: twelve, duration: 1h}]", "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: ecs-task, path: [one]", "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-3600"),
        ("length: 1h, source: ecs-task, path: [{role: twelve, duration: 15m}]", "lapses requested-duration@0 requested-duration-too-short lease=900 end=900 headroom=-2700"),
        ("length: 3601s, source: ecs-task, path: [{role: twelve, duration: 15m}]", "lapses role-chaining@0 chain-caps-session lease=900 end=900 headroom=-2701"),
        ("length: 12h, source: ecs-task, path: [twelve, second, third]", "lapses role-chaining@2 chain-caps-session lease=3600 end=3600 headroom=-39600"),
        ("length: 43201s, source: ecs-task, path: [twelve]", "lapses sts-maximum@0 job-exceeds-any-session lease=3600 end=3600 headroom=-39601"),
        // pause counts.
        ("length: 30m, pause: 12h, source: iam-user, path: [twelve]", "lapses sts-maximum@0 job-exceeds-any-session lease=3600 end=3600 headroom=-41400"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_thin_job_is_blamed_as_if_its_margin_were_part_of_the_run() {
    check(&[
        ("length: 235m, source: iam-user, path: [{role: four, duration: 4h}]", "thin max-session-duration@0 thin-margin lease=14400 end=14400 headroom=300"),
        ("length: 235m, source: iam-user, path: [{role: twelve, duration: 4h}]", "thin requested-duration@0 thin-margin lease=14400 end=14400 headroom=300"),
        ("length: 55m, source: iam-user, path: [one]", "thin max-session-duration@0 thin-margin lease=3600 end=3600 headroom=300"),
        ("length: 55m, source: iam-user, path: [four]", "thin default-duration@0 thin-margin lease=3600 end=3600 headroom=300"),
        ("length: 55m, source: iam-user, path: [unknown]", "thin default-duration@0 thin-margin lease=3600 end=3600 headroom=300"),
        ("length: 55m, source: iam-user, path: [{role: unknown, duration: 1h}]", "thin requested-duration@0 thin-margin lease=3600 end=3600 headroom=300"),
        ("length: 55m, source: iam-user, path: [one, second]", "thin role-chaining@1 thin-margin lease=3600 end=3600 headroom=300"),
        ("length: 10m, source: ecs-task, path: [{role: one, duration: 15m}]", "thin requested-duration@0 thin-margin lease=900 end=900 headroom=300"),
        ("length: 10m, margin: 51m, source: ecs-task, path: [{role: one, duration: 15m}]", "thin role-chaining@0 thin-margin lease=900 end=900 headroom=300"),
        ("length: 710m, source: iam-user, path: [{role: twelve, duration: 12h}]", "covered lease=43200 end=43200 headroom=600"),
        ("length: 42601s, source: iam-user, path: [{role: twelve, duration: 12h}]", "thin sts-maximum@0 thin-margin lease=43200 end=43200 headroom=599"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_session_is_not_shortened_by_the_end_of_the_session_that_asked_for_it() {
    check(&[
        ("length: 50m, source: {kind: session-token, duration: 15m}, path: [one]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: iam-user, path: [{role: one, duration: 15m}, second]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: {kind: identity-center, portal_session: 15m}, path: [one]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: {kind: roles-anywhere, duration: 15m}, path: [one]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: ec2-instance, path: [one]", "covered lease=3600 end=3600 headroom=600"),
        // Nor is it lengthened by it: the lease is the last hop's.
        ("length: 2h, source: iam-user, path: [{role: twelve, duration: 12h}, second]", "lapses role-chaining@1 chain-caps-session lease=3600 end=3600 headroom=-3600"),
        ("length: 20m, source: iam-user, path: [{role: twelve, duration: 12h}, {role: second, duration: 15m}]", "lapses requested-duration@1 requested-duration-too-short lease=900 end=900 headroom=-300"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn credentials_of_the_source_itself_last_as_long_as_the_source_gives() {
    check(&[
        ("length: 710m, source: session-token", "covered lease=43200 end=43200 headroom=600"),
        ("length: 12h, source: session-token", "thin source-session@source thin-margin lease=43200 end=43200 headroom=0"),
        ("length: 43201s, source: session-token", "lapses source-session@source source-session-ends-first lease=43200 end=43200 headroom=-1"),
        ("length: 35h, source: {kind: session-token, duration: 36h}", "covered lease=129600 end=129600 headroom=3600"),
        ("length: 43201s, source: federation-token", "lapses source-session@source source-session-ends-first lease=43200 end=43200 headroom=-1"),
        ("length: 50m, source: identity-center", "covered lease=3600 end=3600 headroom=600"),
        ("length: 3601s, source: identity-center", "lapses source-session@source source-session-ends-first lease=3600 end=3600 headroom=-1"),
        ("length: 12h, source: {kind: identity-center, session: 12h}", "thin source-session@source thin-margin lease=43200 end=43200 headroom=0"),
        ("length: 50m, source: roles-anywhere", "covered lease=3600 end=3600 headroom=600"),
        ("length: 3601s, source: roles-anywhere", "lapses source-session@source source-session-ends-first lease=3600 end=3600 headroom=-1"),
        ("length: 350m, source: ecs-task", "covered lease=21600 end=21600 headroom=600"),
        ("length: 6h, source: ecs-task", "thin platform@source thin-margin lease=21600 end=21600 headroom=0"),
        ("length: 21601s, source: ecs-task", "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-1"),
        ("length: 13h, source: ecs-task", "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-25200"),
        ("length: 350m, source: eks-pod-identity", "covered lease=21600 end=21600 headroom=600"),
        ("length: 21601s, source: eks-pod-identity", "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-1"),
        ("length: 50m, source: codebuild", "covered lease=3600 end=3600 headroom=600"),
        ("length: 55m, source: codebuild, path: []", "thin platform@source thin-margin lease=3600 end=3600 headroom=300"),
        ("length: 3601s, source: codebuild", "lapses platform@source cached-platform-credentials lease=3600 end=3600 headroom=-1"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_lambda_functions_own_credentials_do_not_end() {
    check(&[
        ("length: 15m, source: lambda", "covered lease=- end=- headroom=-"),
        ("length: 15m, pause: 30h, margin: 30h, source: lambda", "covered lease=- end=- headroom=-"),
        ("length: 15m, source: lambda, refresh: auto", "covered lease=- end=- headroom=-"),
        ("length: 15m, source: lambda, refresh: {every: 30h}", "covered lease=- end=- headroom=-"),
        // A role that it assumes is another matter.
        ("length: 15m, pause: 1h, source: lambda, path: [one]", "lapses role-chaining@0 chain-caps-session lease=3600 end=3600 headroom=-900"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn copied_ec2_credentials_are_judged_by_five_minutes_or_six_hours_and_not_known_between() {
    check(&[
        ("length: 1m, margin: 4m, source: ec2-instance", "covered lease=21600 end=300 headroom=240"),
        ("length: 1m, margin: 241s, source: ec2-instance", "thin platform@source thin-margin lease=21600 end=300 headroom=240"),
        ("length: 5m, margin: 0s, source: ec2-instance", "covered lease=21600 end=300 headroom=0"),
        ("length: 5m, source: ec2-instance", "thin platform@source thin-margin lease=21600 end=300 headroom=0"),
        ("length: 301s, margin: 0s, source: ec2-instance", COPY_UNKNOWN),
        ("length: 5m, pause: 1s, margin: 0s, source: ec2-instance", COPY_UNKNOWN),
        ("length: 6h, source: ec2-instance", COPY_UNKNOWN),
        ("length: 6h, margin: 0s, source: ec2-instance, refresh: none", COPY_UNKNOWN),
        ("length: 21601s, source: ec2-instance", "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-1"),
        ("length: 1m, pause: 6h, source: ec2-instance", "lapses platform@source cached-platform-credentials lease=21600 end=21600 headroom=-60"),
        ("length: 6h, source: ec2-instance, refresh: auto", "covered lease=21600 end=- headroom=-"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn what_can_be_renewed_without_a_person_has_no_horizon() {
    let sources = [
        "iam-user",
        "web-identity",
        "{kind: web-identity, renewable: true}",
        "{kind: saml, renewable: true}",
        "ec2-instance",
        "ecs-task",
        "codebuild",
        "eks-pod-identity",
        "roles-anywhere",
        "{kind: roles-anywhere, duration: 15m}",
    ];
    for source in sources {
        check(&[
            (&format!("length: 90d, source: {source}, path: [one], refresh: auto"), "covered lease=3600 end=- headroom=-"),
            (&format!("length: 90d, source: {source}, path: [{{role: one, duration: 15m}}, second], refresh: auto"), "covered lease=3600 end=- headroom=-"),
            (&format!("length: 90d, source: {source}, path: [one, second], refresh: {{every: 50m}}"), "covered lease=3600 end=- headroom=-"),
        ]);
    }
    check(&[
        ("length: 90d, source: ec2-instance, refresh: auto", "covered lease=21600 end=- headroom=-"),
        ("length: 90d, source: ecs-task, refresh: auto", "covered lease=21600 end=- headroom=-"),
        ("length: 90d, source: eks-pod-identity, refresh: auto", "covered lease=21600 end=- headroom=-"),
        ("length: 90d, source: codebuild, refresh: auto", "covered lease=3600 end=- headroom=-"),
        ("length: 90d, source: roles-anywhere, refresh: auto", "covered lease=3600 end=- headroom=-"),
        ("length: 15m, pause: 90d, source: lambda, path: [one], refresh: auto", "covered lease=3600 end=- headroom=-"),
        ("length: 90d, source: iam-user, path: [{role: twelve, duration: 15m}], refresh: auto", "covered lease=900 end=- headroom=-"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn with_refresh_a_job_lasts_until_the_source_session_ends() {
    check(&[
        ("length: 710m, source: session-token, path: [one], refresh: auto", "covered lease=3600 end=43200 headroom=600"),
        ("length: 12h, source: session-token, path: [one], refresh: auto", "thin source-session@source thin-margin lease=3600 end=43200 headroom=0"),
        ("length: 43201s, source: session-token, path: [one], refresh: auto", "lapses source-session@source source-session-ends-first lease=3600 end=43200 headroom=-1"),
        ("length: 43201s, source: session-token, refresh: auto", "lapses source-session@source source-session-ends-first lease=43200 end=43200 headroom=-1"),
        ("length: 43201s, source: federation-token, refresh: auto", "lapses source-session@source source-session-ends-first lease=43200 end=43200 headroom=-1"),
        ("length: 470m, source: identity-center, path: [one], refresh: auto", "covered lease=3600 end=28800 headroom=600"),
        ("length: 8h, source: identity-center, path: [one], refresh: auto", "thin portal-session@source thin-margin lease=3600 end=28800 headroom=0"),
        ("length: 28801s, source: identity-center, path: [one], refresh: auto", "lapses portal-session@source source-session-ends-first lease=3600 end=28800 headroom=-1"),
        ("length: 28801s, source: identity-center, refresh: auto", "lapses portal-session@source source-session-ends-first lease=3600 end=28800 headroom=-1"),
        ("length: 4h, source: {kind: identity-center, portal_session: 2h}, refresh: auto", "lapses portal-session@source source-session-ends-first lease=3600 end=7200 headroom=-7200"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_token_that_cannot_be_presented_again_renews_until_the_first_lease_ends() {
    for source in ["{kind: web-identity, renewable: false}", "saml", "{kind: saml, renewable: false}"] {
        check(&[
            (&format!("length: 110m, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"), "covered lease=3600 end=7200 headroom=600"),
            (&format!("length: 2h, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"), "thin identity-token@source thin-margin lease=3600 end=7200 headroom=0"),
            (&format!("length: 7201s, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"), "lapses identity-token@source source-session-ends-first lease=3600 end=7200 headroom=-1"),
            (&format!("length: 3h, source: {source}, path: [{{role: four, duration: 2h}}], refresh: auto"), "lapses identity-token@source source-session-ends-first lease=7200 end=7200 headroom=-3600"),
            (&format!("length: 3h, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: {{every: 30m}}"), "lapses identity-token@source source-session-ends-first lease=3600 end=7200 headroom=-3600"),
            (&format!("length: 13h, source: {source}, path: [{{role: four, duration: 2h}}, second], refresh: auto"), "lapses identity-token@source source-session-ends-first lease=3600 end=7200 headroom=-39600"),
        ]);
    }
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_horizon_is_never_less_than_the_lease() {
    check(&[
        ("length: 50m, source: {kind: session-token, duration: 15m}, path: [one], refresh: auto", "covered lease=3600 end=3600 headroom=600"),
        ("length: 3601s, source: {kind: session-token, duration: 15m}, path: [one], refresh: auto", "lapses source-session@source source-session-ends-first lease=3600 end=3600 headroom=-1"),
        ("length: 50m, source: {kind: identity-center, portal_session: 15m}, path: [one], refresh: auto", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: {kind: identity-center, portal_session: 15m}, refresh: auto", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: saml, path: [{role: one, duration: 15m}, second], refresh: auto", "covered lease=3600 end=3600 headroom=600"),
        ("length: 50m, source: saml, path: [{role: one, duration: 15m}, second], refresh: {every: 5m}", "covered lease=3600 end=3600 headroom=600"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn with_mfa_a_refreshing_sdk_gives_up_ten_minutes_before_the_longer_lease_ends() {
    check(&[
        ("length: 40m, source: {kind: iam-user, mfa: true}, path: [one], refresh: auto", "covered lease=3600 end=3000 headroom=600"),
        ("length: 50m, source: {kind: iam-user, mfa: true}, path: [one], refresh: auto", "thin mfa@source thin-margin lease=3600 end=3000 headroom=0"),
        ("length: 3001s, source: {kind: iam-user, mfa: true}, path: [one], refresh: auto", "lapses mfa@source source-session-ends-first lease=3600 end=3000 headroom=-1"),
        ("length: 1m, margin: 4m, source: {kind: iam-user, mfa: true}, path: [{role: one, duration: 15m}], refresh: auto", "covered lease=900 end=300 headroom=240"),
        ("length: 301s, source: {kind: iam-user, mfa: true}, path: [{role: one, duration: 15m}], refresh: auto", "lapses mfa@source source-session-ends-first lease=900 end=300 headroom=-1"),
        ("length: 3h, source: {kind: iam-user, mfa: true}, path: [{role: four, duration: 4h}, second], refresh: auto", "covered lease=3600 end=13800 headroom=3000"),
        ("length: 50m, source: {kind: iam-user, mfa: true}, path: [{role: one, duration: 15m}, second], refresh: auto", "thin mfa@source thin-margin lease=3600 end=3000 headroom=0"),
        // Without refresh nothing gives up, and without MFA nobody is asked.
        ("length: 50m, source: {kind: iam-user, mfa: true}, path: [one]", "covered lease=3600 end=3600 headroom=600"),
        ("length: 90d, source: {kind: iam-user, mfa: false}, path: [one], refresh: auto", "covered lease=3600 end=- headroom=-"),
        // In the job's own loop the ten minutes do not apply.
        ("length: 50m, source: {kind: iam-user, mfa: true}, path: [one], refresh: {every: 30m}", "covered lease=3600 end=3600 headroom=600"),
        ("length: 1h, source: {kind: iam-user, mfa: true}, path: [one], refresh: {every: 30m}", "thin mfa@source thin-margin lease=3600 end=3600 headroom=0"),
        ("length: 3601s, source: {kind: iam-user, mfa: true}, path: [one], refresh: {every: 30m}", "lapses mfa@source source-session-ends-first lease=3600 end=3600 headroom=-1"),
        ("length: 230m, source: {kind: iam-user, mfa: true}, path: [{role: four, duration: 4h}, second], refresh: {every: 30m}", "covered lease=3600 end=14400 headroom=600"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_loop_that_is_not_faster_than_the_lease_does_not_refresh() {
    check(&[
        ("length: 50m, source: iam-user, path: [one], refresh: {every: 1h}", "covered lease=3600 end=3600 headroom=600"),
        ("length: 1h, source: iam-user, path: [one], refresh: {every: 1h}", "thin refresh-interval@0 thin-margin lease=3600 end=3600 headroom=0"),
        ("length: 3601s, source: iam-user, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-1"),
        ("length: 2h, source: iam-user, path: [one, second], refresh: {every: 90m}", "lapses refresh-interval@1 refresh-slower-than-session lease=3600 end=3600 headroom=-3600"),
        ("length: 13h, source: iam-user, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-43200"),
        ("length: 2h, margin: 0s, source: iam-user, path: [one], refresh: {every: 3599s}", "covered lease=3600 end=- headroom=-"),
        ("length: 13h, source: session-token, refresh: {every: 12h}", "lapses refresh-interval@source refresh-slower-than-session lease=43200 end=43200 headroom=-3600"),
        ("length: 13h, source: session-token, path: [one], refresh: {every: 2h}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-43200"),
        ("length: 2h, source: roles-anywhere, refresh: {every: 1h}", "lapses refresh-interval@source refresh-slower-than-session lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: {kind: iam-user, mfa: true}, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: ecs-task, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-3600"),
        ("length: 2h, source: saml, path: [one], refresh: {every: 1h}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-3600"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_pause_may_fall_between_two_refreshes() {
    check(&[
        ("length: 10h, pause: 20m, source: iam-user, path: [one], refresh: {every: 30m}", "covered lease=3600 end=- headroom=-"),
        ("length: 10h, pause: 1201s, source: iam-user, path: [one], refresh: {every: 30m}", "thin refresh-interval@0 thin-margin lease=3600 end=- headroom=-"),
        ("length: 10h, pause: 1799s, source: iam-user, path: [one], refresh: {every: 30m}", "thin refresh-interval@0 thin-margin lease=3600 end=- headroom=-"),
        ("length: 10h, pause: 30m, source: iam-user, path: [one], refresh: {every: 30m}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-34200"),
        ("length: 20m, pause: 30m, source: iam-user, path: [one], refresh: {every: 30m}", "covered lease=3600 end=3600 headroom=600"),
        ("length: 10h, pause: 1h, source: iam-user, path: [one], refresh: {every: 0s}", "lapses refresh-interval@0 refresh-slower-than-session lease=3600 end=3600 headroom=-36000"),
        // An SDK's own refresh notices the end of the pause.
        ("length: 10h, pause: 1h, source: iam-user, path: [one], refresh: auto", "covered lease=3600 end=- headroom=-"),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_refresh_that_comes_within_the_margin_of_the_leases_end_is_thin_unless_one_lease_would_do() {
    check(&[
        ("length: 10h, source: iam-user, path: [one], refresh: {every: 50m}", "covered lease=3600 end=- headroom=-"),
        ("length: 10h, source: iam-user, path: [one], refresh: {every: 3001s}", "thin refresh-interval@0 thin-margin lease=3600 end=- headroom=-"),
        ("length: 10h, source: iam-user, path: [one, second], refresh: {every: 55m}", "thin refresh-interval@1 thin-margin lease=3600 end=- headroom=-"),
        ("length: 50m, source: iam-user, path: [one], refresh: {every: 55m}", "covered lease=3600 end=- headroom=-"),
        ("length: 3001s, source: iam-user, path: [one], refresh: {every: 55m}", "thin refresh-interval@0 thin-margin lease=3600 end=- headroom=-"),
        ("length: 10h, source: iam-user, path: [one], refresh: {every: 0s}", "covered lease=3600 end=- headroom=-"),
        ("length: 10h, margin: 2h, source: iam-user, path: [one], refresh: {every: 0s}", "thin refresh-interval@0 thin-margin lease=3600 end=- headroom=-"),
        // E stays the horizon's.
        ("length: 6h, source: session-token, path: [one], refresh: {every: 55m}", "thin refresh-interval@0 thin-margin lease=3600 end=43200 headroom=21600"),
        ("length: 6h, source: session-token, path: [one], refresh: {every: 50m}", "covered lease=3600 end=43200 headroom=21600"),
        ("length: 50m, source: session-token, path: [one], refresh: {every: 55m}", "covered lease=3600 end=43200 headroom=40200"),
        ("length: 6h, source: identity-center, refresh: {every: 55m}", "thin refresh-interval@source thin-margin lease=3600 end=28800 headroom=7200"),
        ("length: 6h, source: roles-anywhere, refresh: {every: 55m}", "thin refresh-interval@source thin-margin lease=3600 end=- headroom=-"),
        // What the horizon already says comes first.
        ("length: 715m, source: session-token, path: [one], refresh: {every: 55m}", "thin source-session@source thin-margin lease=3600 end=43200 headroom=300"),
        ("length: 13h, source: session-token, path: [one], refresh: {every: 55m}", "lapses source-session@source source-session-ends-first lease=3600 end=43200 headroom=-3600"),
        ("length: 9h, source: identity-center, path: [one], refresh: {every: 30m}", "lapses portal-session@source source-session-ends-first lease=3600 end=28800 headroom=-3600"),
        ("length: 13h, source: federation-token, refresh: {every: 30m}", "lapses source-session@source source-session-ends-first lease=43200 end=43200 headroom=-3600"),
    ]);
}

#[test]
fn on_a_platform_source_used_directly_a_loop_is_judged_as_the_sdks_refresh() {
    check(&[
        ("length: 90d, source: ec2-instance, refresh: {every: 10h}", "covered lease=21600 end=- headroom=-"),
        ("length: 3h, source: ec2-instance, refresh: {every: 10h}", "covered lease=21600 end=- headroom=-"),
        ("length: 90d, source: ecs-task, refresh: {every: 6h}", "covered lease=21600 end=- headroom=-"),
        ("length: 90d, source: eks-pod-identity, refresh: {every: 355m}", "covered lease=21600 end=- headroom=-"),
        ("length: 90d, pause: 9h, source: codebuild, refresh: {every: 59m}", "covered lease=3600 end=- headroom=-"),
    ]);
}

#[test]
fn a_jobs_margin_is_its_own_else_the_inventorys_else_ten_minutes() {
    let text = "version: 1\ndefaults: {margin: 30m}\njobs:\n  - {name: own, length: 10m, margin: 2m, source: codebuild}\n  - {name: common, length: 35m, source: codebuild}\n";
    let inventory = Inventory::parse("margins.yaml", text).unwrap();
    let found: Vec<String> = inventory.jobs.iter().map(|job| shown(&judged(&inventory, job))).collect();
    assert_eq!(
        found,
        [
            "covered lease=3600 end=3600 headroom=3000",
            "thin platform@source thin-margin lease=3600 end=3600 headroom=1500"
        ]
    );
    assert_eq!(inventory.jobs[0].margin, Seconds::minutes(2));
    assert_eq!(self::inventory(&["length: 1m, source: codebuild"]).jobs[0].margin, Seconds::minutes(10));
}

#[test]
fn a_job_that_leaves_refresh_out_does_not_refresh() {
    assert_eq!(inventory(&["length: 1m, source: codebuild"]).jobs[0].refresh, Refresh::None);
}

#[test]
fn each_hop_tells_whether_it_is_chained_what_it_asks_for_its_cap_and_its_grant() {
    let inventory = inventory(&[
        "length: 1m, source: iam-user, path: [{role: four, duration: 2h}, second, {role: third, duration: 15m}]",
        "length: 1m, source: ecs-task, path: [four]",
        "length: 1m, source: web-identity, path: [unknown, {role: second, duration: 2h}, third]",
        "length: 1m, source: federation-token, path: [unknown]",
    ]);
    let hops: Vec<Vec<_>> = inventory
        .jobs
        .iter()
        .map(|job| {
            judged(&inventory, job)
                .hops
                .into_iter()
                .map(|h| (h.chained, h.requested.0, h.stated, h.cap.map(|cap| cap.0), h.grant))
                .collect()
        })
        .collect();
    let granted = |seconds| Some(Grant::Granted(Seconds(seconds)));
    assert_eq!(
        hops[0],
        [
            (false, 7200, true, Some(14_400), granted(7200)),
            (true, 3600, false, Some(3600), granted(3600)),
            (true, 900, true, Some(3600), granted(900))
        ]
    );
    assert_eq!(hops[1], [(true, 3600, false, Some(3600), granted(3600))]);
    assert_eq!(hops[2][0], (false, 3600, false, None, granted(3600)));
    assert!(matches!(hops[2][1].4, Some(Grant::Refused(_))), "{:?}", hops[2][1]);
    assert_eq!(hops[2][2], (true, 3600, false, Some(3600), None), "a hop behind a refused one is never asked for");
    assert_eq!(hops[3][0].4, None, "a hop behind a refused source is never asked for");
}
