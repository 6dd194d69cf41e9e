//! Logins of workflows that follow each other, and logins by actions of others.

use crate::workflows::{ROLE, TOKEN, W, assert_job, judged, login, of_job, one_job};

/// The keys of the session before, as they are in the environment.
const OF_ENVIRONMENT: &str = "aws-access-key-id: \"${{ env.AWS_ACCESS_KEY_ID }}\", \
                              aws-secret-access-key: \"${{ env.AWS_SECRET_ACCESS_KEY }}\", \
                              aws-session-token: \"${{ env.AWS_SESSION_TOKEN }}\"";

/// The names of the jobs of a report.
fn names(report: &serde_json::Value) -> Vec<&str> {
    report["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn keys_from_the_environment_are_those_of_the_login_before() {
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    for (seconds, verdict) in [(3600, "covered"), (7200, "rejected")] {
        let next = format!("role-to-assume: \"{ROLE}2\", {OF_ENVIRONMENT}, role-duration-seconds: {seconds}");
        let steps = first.clone() + &login("v5", &next);
        let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 30\n", &steps))]).await;
        assert_job(&ran, "w/j", verdict, seconds, true);
        let report = ran.report();
        let hops = report["jobs"][0]["hops"].as_array().unwrap();
        assert_eq!((hops.len(), &hops[0]["chained"]), (2, &false.into()), "{report:#}");
    }
}

#[tokio::test]
async fn a_chained_login_that_not_every_run_makes_leaves_the_first_role_in_use() {
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\", role-duration-seconds: 900"));
    let chained = login("v5", &format!("role-to-assume: \"{ROLE}2\", role-chaining: true"));
    let when =
        |condition: &str, step: &str| step.replace("        with", &format!("        if: {condition}\n        with"));
    let with = |steps: &str| one_job(TOKEN, "    timeout-minutes: 40\n", steps);
    let sometimes = with(&(first.clone() + &when("github.ref_name == 'main'", &chained)));
    let ran = judged(&[(W, &sometimes)]).await;
    assert_job(&ran, "w/j-1", "lapses", 900, false);
    assert_job(&ran, "w/j-2", "covered", 3600, true);
    // Both run, or neither does.
    let together = when("github.ref_name == 'main'", &first) + &when("github.ref_name == 'main'", &chained);
    let ran = judged(&[(W, &with(&together))]).await;
    assert_eq!(names(&ran.report()), ["w/j"]);
}

#[tokio::test]
async fn the_first_role_must_last_until_the_chained_login() {
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let chained = login("v5", &format!("role-to-assume: \"{ROLE}2\", role-chaining: true"));
    let steps = format!("{first}      - run: make all\n        timeout-minutes: 100\n{chained}");
    let workflow = one_job(TOKEN, "", &steps).replace("- run: make\n", "- run: make\n        timeout-minutes: 5\n");
    let ran = judged(&[(W, &workflow)]).await;
    assert_eq!(of_job(&ran, "w/j-1"), [("default-duration-too-short".to_owned(), "high".to_owned())]);
    assert_job(&ran, "w/j-2", "covered", 3600, true);
}

#[tokio::test]
async fn a_text_input_gets_the_text_of_a_switch() {
    let called = "on: {workflow_call: {inputs: {push: {type: string}}}}\njobs:\n  run:\n    \
                  runs-on: ubuntu-latest\n    timeout-minutes: 95\n    steps:\n      \
                  - uses: aws-actions/configure-aws-credentials@v5\n        if: inputs.push == 'true'\n        \
                  with: {role-to-assume: \"ROLE\"}\n      - run: make\n"
        .replace("ROLE", ROLE);
    let caller = format!(
        "{TOKEN}jobs:\n  a:\n    uses: ./.github/workflows/called.yml\n    with: {{push: true}}\n    \
         secrets: inherit\n"
    );
    let ran = judged(&[(W, &caller), (".github/workflows/called.yml", &called)]).await;
    assert_job(&ran, "w/a/run", "lapses", 3600, false);
}

#[tokio::test]
async fn a_session_token_that_a_caller_may_leave_out_makes_no_chain() {
    let called = format!(
        "on: {{workflow_call: {{secrets: {{KEY: {{required: false}}, TOKEN: {{required: false}}}}}}}}\n\
         permissions: {{contents: read}}\njobs:\n  run:\n    runs-on: ubuntu-latest\n    timeout-minutes: 30\n    \
         steps:\n{}      - run: make\n",
        login(
            "v5",
            &format!(
                "role-to-assume: \"{ROLE}\", aws-access-key-id: \"${{{{ secrets.KEY }}}}\", \
                 aws-session-token: \"${{{{ secrets.TOKEN }}}}\", role-duration-seconds: 7200"
            )
        )
    );
    assert_job(&judged(&[(W, &called)]).await, "w/run", "unknown", 7200, false);
}

#[tokio::test]
async fn a_timeout_of_zero_ends_nothing() {
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    for written in ["0", "-1", "${{ 0 }}", "${{ '' }}"] {
        let ran = judged(&[(W, &one_job(TOKEN, &format!("    timeout-minutes: {written}\n"), &steps))]).await;
        assert_job(&ran, "w/j", "lapses", 3600, false);
        let job = &ran.report()["jobs"][0];
        assert_eq!((&job["needed_seconds"], &job["length_from"]), (&21600.into(), &"assumed".into()), "{written}");
    }
    let of_steps = one_job(TOKEN, "    timeout-minutes: 95\n", &steps)
        .replace("- run: make\n", "- run: make\n        timeout-minutes: 0\n");
    assert_job(&judged(&[(W, &of_steps)]).await, "w/j", "lapses", 3600, false);
}

#[tokio::test]
async fn actions_that_log_in_are_known_by_name() {
    let grafana = "grafana/shared-workflows/actions/aws-auth@aws-auth/v1.0.4";
    for (uses, inputs, verdict, requested, chained) in [
        ("elastic/oblt-actions/aws/auth@v1", "", "lapses", 3600, false),
        ("elastic/oblt-actions/aws/auth@v1", "role-duration-seconds: 900", "lapses", 900, false),
        (grafana, "role-arn: \"ROLE\"", "lapses", 3600, true),
        (grafana, "chain-role-arn: \"ROLE\", chain-role-duration-seconds: 7200", "rejected", 7200, true),
        ("dflook/configure-oidc-aws-credentials@v1", "role-arn: \"ROLE\"", "lapses", 3600, false),
        ("Moulick/configure-multiple-aws-roles@v4", "role-to-assume: \"ROLE\"", "lapses", 3600, false),
        ("guardian/actions-assume-aws-role@v1", "awsRoleToAssume: \"ROLE\"", "lapses", 3600, false),
        ("awslabs/duvet-action@v1", "role-to-assume: \"ROLE\"", "lapses", 3600, false),
    ] {
        let step = format!("      - uses: {uses}\n        with: {{{}}}\n", inputs.replace("ROLE", ROLE));
        let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 95\n", &step))]).await;
        assert_job(&ran, "w/j", verdict, requested, chained);
        assert_eq!(ran.stderr.matches("not judged").count(), 0, "{uses}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn an_action_that_issues_credentials_of_a_broker_is_not_judged() {
    let vault = "      - uses: hashicorp/vault-action@v3\n        with: {secrets: \"PATH access_key | \
                 AWS_ACCESS_KEY_ID\"}\n";
    let with = |path: &str| one_job(TOKEN, "", &vault.replace("PATH", path));
    let ran = judged(&[(W, &with("aws/sts/deploy"))]).await;
    ran.assert_status(3);
    assert!(ran.report()["not_judged"][0]["what"].as_str().unwrap().contains("Vault"));
    judged(&[(W, &with("secret/data/ci"))]).await.assert_status(0);
}

#[tokio::test]
async fn an_action_that_is_given_a_users_keys_alone_is_no_login() {
    let cache = "      - uses: org/s3-cache@v1\n        with: {accessKey: \"${{ secrets.K }}\", secretKey: s}\n";
    judged(&[(W, &one_job(TOKEN, "", cache))]).await.assert_status(0);
    // It may have exported the keys: a login without an identity token may work.
    let next = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let ran = judged(&[(W, &one_job("on: push\n", "", &(cache.to_owned() + &next)))]).await;
    ran.assert_status(3);
    assert_eq!(ran.report()["not_judged"][0]["cannot_work"], false);
    let with_role = cache.replace("secretKey: s", "roleArn: r");
    judged(&[(W, &one_job(TOKEN, "", &with_role))]).await.assert_status(3);
}

#[tokio::test]
async fn a_step_that_logs_in_twice_does_not_state_the_share_of_the_first_login() {
    let action = format!(
        "runs:\n  using: composite\n  steps:\n    - uses: aws-actions/configure-aws-credentials@v5\n      \
         with: {{role-to-assume: \"{ROLE}\"}}\n    - {{run: make test, shell: sh}}\n    \
         - uses: aws-actions/configure-aws-credentials@v5\n      with: {{role-to-assume: \"{ROLE}2\"}}\n    \
         - {{run: make report, shell: sh}}\n"
    );
    let steps = "      - uses: ./test\n        timeout-minutes: 95\n";
    let workflow = one_job(TOKEN, "", steps).replace("      - run: make\n", "");
    let ran = judged(&[(W, &workflow), ("test/action.yml", &action)]).await;
    assert_eq!(of_job(&ran, "w/j-1"), [("default-duration-too-short".to_owned(), "medium".to_owned())]);
    assert_eq!(ran.report()["jobs"][0]["needed_seconds"], 95 * 60);
}
