//! How long credentials are in use, where jobs wait for each other and logins follow each other.

use crate::harness::{Ran, job};
use crate::workflows::{ROLE, TOKEN, W, assert_job, findings, judged, login, of_job, one_job};

const KEYS_OF_J: &str = "        env: {AWS_ACCESS_KEY_ID: \"${{ needs.j.outputs.key }}\", \
                         AWS_SESSION_TOKEN: \"${{ needs.j.outputs.token }}\"}\n";

/// A login to this role with more inputs.
fn role(name: &str, more: &str) -> String {
    login("v6", &format!("role-to-assume: \"arn:aws:iam::444455556666:role/{name}\"{more}"))
}

/// A step that runs for this long at most.
fn timed(minutes: u32) -> String {
    format!("      - run: make all\n        timeout-minutes: {minutes}\n")
}

/// A job `j` that hands its keys over, these jobs, and a job `use` with these lines that runs for 30 minutes.
fn handed_over(between: &str, of_use: &str) -> String {
    let outputs = "    timeout-minutes: 5\n    outputs: {key: \"${{ steps.a.outputs.aws-access-key-id }}\", \
                   token: \"${{ steps.a.outputs.aws-session-token }}\"}\n";
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\", output-credentials: true"))
        .replace("        with", "        id: a\n        with");
    one_job(TOKEN, outputs, &first)
        + between
        + &format!(
            "  use:\n{of_use}    runs-on: ubuntu-latest\n    timeout-minutes: 30\n    steps:\n      \
             - run: make\n{KEYS_OF_J}"
        )
}

fn needed(ran: &Ran, name: &str) -> u64 {
    job(&ran.report(), name)["needed_seconds"].as_u64().unwrap()
}

#[tokio::test]
async fn handed_over_keys_age_while_the_jobs_in_between_run() {
    let between =
        |lines: &str| format!("  b:\n    needs: j\n    runs-on: ubuntu-latest\n{lines}    steps:\n      - run: make\n");
    let after_both = "    needs: [j, b]\n";
    let ran = judged(&[(W, &handed_over("", "    needs: j\n"))]).await;
    assert_eq!(needed(&ran, "w/use"), 35 * 60);
    let ran = judged(&[(W, &handed_over(&between("    timeout-minutes: 60\n"), after_both))]).await;
    assert_job(&ran, "w/use", "lapses", 3600, false);
    assert_eq!(needed(&ran, "w/use"), 95 * 60);
    // A job that does not wait for the login may begin with it.
    let beside = between("    timeout-minutes: 60\n").replace("    needs: j\n", "");
    assert_eq!(needed(&judged(&[(W, &handed_over(&beside, after_both))]).await, "w/use"), 90 * 60);
    // Without a timeout, it may take GitHub's six hours.
    let ran = judged(&[(W, &handed_over(&between(""), after_both))]).await;
    assert_eq!(job(&ran.report(), "w/use")["length_from"], "assumed");
    // One cell after the other.
    let matrix = "    timeout-minutes: 5\n    strategy: {max-parallel: 1, matrix: {n: [1, 2, 3, 4]}}\n";
    assert_eq!(needed(&judged(&[(W, &handed_over(&between(matrix), after_both))]).await, "w/use"), 55 * 60);
    let own = "    needs: j\n    strategy: {max-parallel: 1, matrix: {n: [1, 2, 3]}}\n";
    assert_eq!(needed(&judged(&[(W, &handed_over("", own))]).await, "w/use"), 95 * 60);
    for (lines, why) in [
        ("    timeout-minutes: 5\n    environment: live\n", "the environment `live`"),
        ("    timeout-minutes: 5\n    strategy: {max-parallel: \"${{ vars.N }}\", matrix: {n: [1, 2]}}\n", "one after"),
    ] {
        let ran = judged(&[(W, &handed_over(&between(lines), after_both))]).await;
        ran.assert_status(3);
        assert!(ran.report()["not_judged"][0]["what"].as_str().unwrap().contains(why), "{}", ran.report());
    }
    let called = "  b:\n    needs: j\n    uses: ./.github/workflows/other.yml\n";
    let other = "on: workflow_call\njobs: {o: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n";
    let files = [(W, &*handed_over(called, after_both)), (".github/workflows/other.yml", other)];
    judged(&files).await.assert_status(3);
}

#[tokio::test]
async fn keys_that_no_output_has_are_not_judged() {
    let without = handed_over("", "    needs: j\n").replace(", output-credentials: true", "");
    judged(&[(W, &without)]).await.assert_status(3);
    // The outputs of a job that it does not need are empty.
    judged(&[(W, &handed_over("", ""))]).await.assert_status(3);
}

#[tokio::test]
async fn outputs_of_a_login_are_in_use_after_another_login() {
    let first = role("a", ", output-credentials: true").replace("        with", "        id: a\n        with");
    let own = KEYS_OF_J.replace("needs.j.outputs.key", "steps.a.outputs.aws-access-key-id");
    let own = own.replace("needs.j.outputs.token", "steps.a.outputs.aws-session-token");
    let steps =
        |last: &str| first.clone() + &role("b", "") + &timed(50) + &role("b", "") + &timed(40) + &timed(3) + last;
    let with =
        |last: &str| one_job(TOKEN, "    timeout-minutes: 120\n", &steps(last)).replace("      - run: make\n", "");
    assert!(findings(&judged(&[(W, &with(""))]).await.report()).iter().all(|found| found["severity"] != "high"));
    let ran = judged(&[(W, &with(&own))]).await;
    assert_job(&ran, "w/j-1", "lapses", 3600, false);
}

#[tokio::test]
async fn a_profile_keeps_its_session_when_the_environment_gets_another() {
    let steps =
        role("a", ", aws-profile: one, output-env-credentials: true") + &timed(45) + &role("b", "") + &timed(45);
    let with = |steps: &str| one_job(TOKEN, "    timeout-minutes: 100\n", steps).replace("      - run: make\n", "");
    let ran = judged(&[(W, &with(&steps))]).await;
    assert_job(&ran, "w/j-1", "lapses", 3600, false);
    let of_other = |name: &str| {
        format!(
            "      - uses: Moulick/configure-multiple-aws-roles@v1\n        with: {{profile: {name}, role-to-assume: \
             \"arn:aws:iam::444455556666:role/{name}\", aws-region: eu-north-1}}\n"
        )
    };
    let ran = judged(&[(W, &with(&(of_other("a") + &timed(45) + &of_other("b") + &timed(45))))]).await;
    assert_job(&ran, "w/j-1", "lapses", 3600, false);
    let without = steps.replace(", aws-profile: one, output-env-credentials: true", "");
    judged(&[(W, &with(&without))]).await.assert_status(0);
}

#[tokio::test]
async fn a_role_is_chained_from_after_a_step_that_may_take_long() {
    let steps = |between: &str| role("a", "") + between + &role("b", ", role-chaining: true") + &timed(10);
    let with = |between: &str| {
        one_job(TOKEN, "    timeout-minutes: 120\n", &steps(between)).replace("      - run: make\n", "")
    };
    let untimed = with("      - run: make all\n      - uses: actions/checkout@v4\n");
    let ran = judged(&[(W, &untimed)]).await;
    assert_eq!(of_job(&ran, "w/j-1"), [("default-duration-too-short".to_owned(), "medium".to_owned())]);
    assert!(findings(&judged(&[(W, &with("      - uses: actions/checkout@v4\n"))]).await.report()).is_empty());
}

#[tokio::test]
async fn a_users_keys_of_the_step_itself_make_no_chain() {
    let chained = role("b", ", role-chaining: true, role-duration-seconds: 7200");
    let own = "        env: {AWS_ACCESS_KEY_ID: \"${{ secrets.K }}\", AWS_SECRET_ACCESS_KEY: \"${{ secrets.S }}\", \
               AWS_SESSION_TOKEN: \"\"}\n";
    let with = |steps: &str| one_job(TOKEN, "    timeout-minutes: 90\n", steps);
    let ran = judged(&[(W, &with(&(role("a", "") + &chained)))]).await;
    assert_job(&ran, "w/j", "rejected", 7200, true);
    let ran = judged(&[(W, &with(&(role("a", "") + &chained + own)))]).await;
    assert!(findings(&ran.report()).iter().all(|found| found["severity"] != "critical"), "{}", ran.report());
    let written = "      - run: |\n          echo \"AWS_ACCESS_KEY_ID=${{ secrets.K }}\" >> $GITHUB_ENV\n          \
                   echo \"AWS_SESSION_TOKEN=\" >> $GITHUB_ENV\n";
    let ran = judged(&[(W, &with(&(role("a", "") + written + &chained)))]).await;
    ran.assert_status(3);
    assert!(findings(&ran.report()).iter().all(|found| found["severity"] != "critical"), "{}", ran.report());
}

#[tokio::test]
async fn a_login_after_all_work_is_needed_for_no_step() {
    let with = |steps: &str| one_job(TOKEN, "    timeout-minutes: 120\n", steps).replace("      - run: make\n", "");
    judged(&[(W, &with(&("      - run: make all\n".to_owned() + &role("a", ""))))]).await.assert_status(0);
    // Alone, it is for what the file does not show.
    judged(&[(W, &with(&role("a", "")))]).await.assert_status(1);
}
