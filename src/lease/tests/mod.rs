//! Section 3 of the interface, written down as cases: a job, and the verdict that it must have. The expected values
//! come from that page and from AWS's rules, never from the code.

mod refusals;
mod renewal;
mod sessions;
mod sources;

use super::{Grant, Judgement, judge};
use crate::inventory::{Inventory, Job, Refresh, Seconds};

/// The roles of the cases. The name is the MaxSessionDuration; that of `unknown`, `second` and `third` is not known.
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

/// The inventory that has these jobs, each the inside of a YAML flow map without its name. `MFA` stands for an IAM user
/// with MFA.
fn inventory(jobs: &[&str]) -> Inventory {
    let mut text = format!("{ROLES}jobs:\n");
    for (number, job) in jobs.iter().enumerate() {
        let job = job.replace("MFA", "{kind: iam-user, mfa: true}");
        text.push_str(&format!("  - {{name: job-{number}, {job}}}\n"));
    }
    Inventory::parse("cases.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The verdict of one job, by the declared maxima of its roles.
fn judged(inventory: &Inventory, job: &Job) -> Judgement {
    judge(job, |role| inventory.declared(role)?.max_session_duration)
}

/// A verdict in one line: `lapses role-chaining@1 3600/3600/-1`, the numbers lease, end and headroom; `-` for null.
fn describe(judgement: &Judgement) -> String {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let limit = judgement.limited_by.map_or_else(String::new, |by| {
        let by = serde_json::to_value(by).unwrap();
        let hop = judgement.limiting_hop.map_or_else(|| "source".to_owned(), |hop| hop.to_string());
        format!(" {}@{hop}", by.as_str().unwrap())
    });
    format!(
        "{}{limit} {}/{}/{}",
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
        .map(|((written, expected), job)| (written, expected, describe(&judged(&inventory, job))))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(written, expected, found)| format!("{written}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const OUT_OF_RANGE_AT_SOURCE: &str = "rejected duration-range@source -/-/-";
const OUT_OF_RANGE_AT_0: &str = "rejected duration-range@0 -/-/-";
const OUT_OF_RANGE_AT_1: &str = "rejected duration-range@1 -/-/-";
const CANNOT_ASSUME: &str = "rejected source-cannot-assume@source -/-/-";
const OVER_MAX_AT_0: &str = "rejected max-session-duration@0 -/-/-";
const OVER_MAX_AT_1: &str = "rejected max-session-duration@1 -/-/-";
const OVER_CHAIN_AT_0: &str = "rejected role-chaining@0 -/-/-";
const OVER_CHAIN_AT_1: &str = "rejected role-chaining@1 -/-/-";
const MAX_UNKNOWN: &str = "unknown max-session-duration@0 -/-/-";
const COPY_UNKNOWN: &str = "unknown platform@source -/-/-";

#[test]
fn a_jobs_margin_is_its_own_else_the_inventorys_else_ten_minutes() {
    let text = "version: 1\ndefaults: {margin: 30m}\njobs:\n  \
                - {name: own, length: 10m, margin: 2m, source: codebuild}\n  \
                - {name: common, length: 35m, source: codebuild}\n";
    let inventory = Inventory::parse("margins.yaml", text).unwrap();
    let found: Vec<String> = inventory.jobs.iter().map(|job| describe(&judged(&inventory, job))).collect();
    assert_eq!(found, ["covered 3600/3600/3000", "thin platform@source 3600/3600/1500"]);
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
