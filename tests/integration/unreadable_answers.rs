//! Answers that AWS never gives: truncated, too large, or with impossible numbers and times. Each is
//! `unreadable-answer`, and none of its values reaches the report.

use serde_json::Value;

use crate::harness::{ETL, HUB, INVENTORY, account, check, finding, hasty_client, role_of};
use crate::stand_in::{Answer, Fault, StandIn};

/// The report of a check with this fault.
async fn checked_with(fault: Fault) -> (Value, StandIn) {
    let (aws, checker) = account().await;
    aws.script(fault);
    let report = check(&hasty_client(&aws, &checker).await, INVENTORY).await;
    (report, aws)
}

/// The role was not checked for this reason, and the report has no number from the answer.
#[track_caller]
fn assert_unreadable(report: &Value, arn: &str) {
    let role = role_of(report, arn);
    assert_eq!(role["max_session_duration_seconds"], Value::Null, "{role}");
    let finding = finding(report, "not-checked");
    assert_eq!(finding["role"], arn, "{finding}");
    let reason = finding["evidence"].as_array().unwrap().iter().find(|each| each["name"] == "reason").unwrap();
    assert_eq!(reason["value"], "unreadable-answer", "{finding}");
    assert_eq!(report["run"]["complete"], false);
}

#[tokio::test]
async fn an_answer_truncated_inside_a_number_gives_no_number() {
    for cut in ["<MaxSessionDuration>3", "<MaxSessionDuration>360", "<MaxSessionDuration>3600", "</GetRoleResult>"] {
        let fault = Fault::on("GetRole").target(ETL).then(Answer::CutAfter(cut.to_owned()));
        assert_unreadable(&checked_with(fault).await.0, ETL);
    }
}

#[tokio::test]
async fn an_answer_whose_inner_elements_do_not_close_gives_no_number() {
    for (from, to) in [
        ("</MaxSessionDuration>", ""),
        ("3600</MaxSessionDuration>", "43200</MaxSessionDuration"),
        ("3600</MaxSessionDuration>", "43200<MaxSessionDuration/>"),
        ("</Role>", ""),
        ("</Role>", "</Roles>"),
    ] {
        let fault = Fault::on("GetRole").target(ETL).then(Answer::altered(from, to));
        assert_unreadable(&checked_with(fault).await.0, ETL);
    }
}

#[tokio::test]
async fn a_max_session_duration_outside_the_range_of_iam_gives_no_number() {
    for number in ["0", "1", "3599", "43201", "2147483647", "-3600", "", "x"] {
        let altered = format!("<MaxSessionDuration>{number}</MaxSessionDuration>");
        let answer = Answer::altered("<MaxSessionDuration>3600</MaxSessionDuration>", &altered);
        let (report, _) = checked_with(Fault::on("GetRole").target(ETL).then(answer)).await;
        assert_unreadable(&report, ETL);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let padding = " ".repeat(300 * 1024);
    let role = format!("<GetRoleResponse>{padding}</GetRoleResponse>");
    let refusal =
        format!("<ErrorResponse><Error><Code>AccessDenied</Code><Message>{padding}</Message></Error></ErrorResponse>");
    for answer in [Answer::xml(200, role), Answer::xml(403, refusal.clone()), Answer::xml(503, refusal)] {
        let (report, _) = checked_with(Fault::on("GetRole").target(ETL).then(answer)).await;
        assert_unreadable(&report, ETL);
    }
}

#[tokio::test]
async fn a_session_with_an_implausible_expiration_is_not_used() {
    for century in ["19", "21"] {
        let answer = Answer::altered("<Expiration>20", &format!("<Expiration>{century}"));
        let (report, aws) = checked_with(Fault::on("AssumeRole").target(HUB).then(answer)).await;
        assert_unreadable(&report, HUB);
        assert!(aws.calls_of("AssumeRole").iter().all(|call| {
            let caller = call.caller_arn.as_deref();
            caller.is_none_or(|caller| !caller.contains("assumed-role/hub"))
        }));
    }
}

#[tokio::test]
async fn an_invalid_arn_is_not_an_identity() {
    let (report, _) = checked_with(Fault::on("AssumeRole").target(HUB).then(Answer::altered("arn:aws:sts", "x"))).await;
    assert_unreadable(&report, HUB);
    let (report, _) = checked_with(Fault::on("GetRole").target(ETL).then(Answer::altered("arn:aws:iam", "x"))).await;
    assert_unreadable(&report, ETL);
}

#[tokio::test]
async fn a_truncated_error_answer_is_not_a_refusal() {
    let cut = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User is not auth";
    let (report, _) = checked_with(Fault::on("AssumeRole").target(ETL).then(Answer::xml(403, cut))).await;
    assert_unreadable(&report, ETL);
}
