//! Workflows in the style of public repositories. Each test has a kind of login, length or role that was once misread,
//! with the right result. The texts are written for these tests.

use crate::harness::{Cli, Ran, finding, job};

/// All findings of a report.
pub(crate) fn findings(report: &serde_json::Value) -> &Vec<serde_json::Value> {
    report["findings"].as_array().unwrap()
}

pub(crate) const ROLE: &str = "arn:aws:iam::444455556666:role/release";
pub(crate) const TOKEN: &str = "on: push\npermissions: {id-token: write}\n";

/// A workflow `w` with one job `j` that has these steps.
pub(crate) fn one_job(head: &str, of_job: &str, steps: &str) -> String {
    format!("{head}jobs:\n  j:\n    runs-on: ubuntu-latest\n{of_job}    steps:\n{steps}      - run: make\n")
}

/// A step that logs in with these inputs.
pub(crate) fn login(version: &str, inputs: &str) -> String {
    format!(
        "      - uses: aws-actions/configure-aws-credentials@{version}\n        \
         with: {{aws-region: eu-north-1, {inputs}}}\n"
    )
}

/// A composite action that passes every input on.
pub(crate) const WRAPPER: &str = "inputs: {role: {}, chain: {}, seconds: {}, key: {}, token: {}}\nruns:\n  \
    using: composite\n  steps:\n    \
    - uses: aws-actions/configure-aws-credentials@v5\n      with:\n        role-to-assume: ${{ inputs.role }}\n        \
    role-chaining: ${{ inputs.chain }}\n        role-duration-seconds: ${{ inputs.seconds }}\n        \
    aws-access-key-id: ${{ inputs.key }}\n        aws-session-token: ${{ inputs.token }}\n";

pub(crate) async fn judged(files: &[(&str, &str)]) -> Ran {
    let workflows = files.iter().filter(|(name, _)| name.starts_with(".github/workflows/")).map(|(name, _)| *name);
    let arguments: Vec<&str> = ["lint", "--format", "json", "--github-workflow"].into_iter().chain(workflows).collect();
    files.iter().fold(Cli::new(&arguments), |cli, (name, text)| cli.file(name, *text)).run().await
}

pub(crate) const W: &str = ".github/workflows/w.yml";

/// The verdict of a job, the request of its last hop, and whether that hop is chained.
#[track_caller]
pub(crate) fn assert_job(ran: &Ran, name: &str, verdict: &str, requested: u64, chained: bool) {
    let report = ran.report();
    let job = job(&report, name);
    let hop = job["hops"].as_array().unwrap().last().unwrap();
    let found = (job["verdict"].as_str().unwrap(), hop["requested_seconds"].as_u64(), hop["chained"].as_bool());
    assert_eq!(found, (verdict, Some(requested), Some(chained)), "{name}: {report:#}");
}

/// The findings of one job, with their severities.
pub(crate) fn of_job(ran: &Ran, name: &str) -> Vec<(String, String)> {
    let report = ran.report();
    let of = findings(&report).iter().filter(|finding| finding["job"] == name);
    of.map(|finding| (finding["id"].as_str().unwrap().to_owned(), finding["severity"].as_str().unwrap().to_owned()))
        .collect()
}

// --- Unknown roles ---

#[tokio::test]
async fn a_role_known_only_at_run_time_is_judged_and_keeps_its_expression() {
    for (role, shown) in [
        ("\"${{ secrets.DEPLOYER }}\"", "${{ secrets.DEPLOYER }}"),
        ("\"${{ vars['DEPLOYER'] }}\"", "${{ vars.DEPLOYER }}"),
        ("\"${{ steps.choose.outputs.arn }}\"", "${{ steps.choose.outputs.arn }}"),
        ("\"arn:aws:iam::${{ vars.ACCOUNT }}:role/x\"", "arn:aws:iam::${{ vars.ACCOUNT }}:role/x"),
        (
            "\"${{ format('arn:aws:iam::{0}:role/x', vars['ACCOUNT']) }}\"",
            "${{ format('arn:aws:iam::{0}:role/x', vars['ACCOUNT']) }}",
        ),
    ] {
        let steps = login("v5", &format!("role-to-assume: {role}"));
        let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 95\n", &steps))]).await;
        ran.assert_status(1);
        assert_job(&ran, "w/j", "lapses", 3600, false);
        assert_eq!(job(&ran.report(), "w/j")["hops"][0]["role"], shown);
    }
}

#[tokio::test]
async fn a_chained_request_over_an_hour_is_refused_for_all_roles() {
    let steps = login("v5", "role-to-assume: \"${{ vars.FIRST }}\"")
        + &login("v5", "role-to-assume: \"${{ vars.SECOND }}\", role-chaining: true, role-duration-seconds: 5400");
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &steps))]).await;
    ran.assert_status(1);
    assert_job(&ran, "w/j", "rejected", 5400, true);
    assert_eq!(of_job(&ran, "w/j"), [("duration-above-chain-cap".to_owned(), "critical".to_owned())]);
}

#[tokio::test]
async fn coverage_names_the_roles_that_are_expressions() {
    let steps = login("v5", "role-to-assume: \"${{ secrets.R }}\"");
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 30\n", &steps))]).await;
    let role = &ran.report()["coverage"]["roles"]["not_checked"][0];
    assert_eq!((&role["role"], &role["reason"]), (&"${{ secrets.R }}".into(), &"name-not-known".into()));
    assert_eq!(ran.report()["run"]["complete"], true);
}

#[tokio::test]
async fn a_short_job_is_covered_with_unknown_role_account_and_session_name() {
    let inputs = "role-to-assume: \"${{ secrets.R }}\", role-session-name: \"ci-${{ github.run_id }}\", \
                  role-external-id: \"${{ secrets.E }}\"";
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 30\n", &login("v5", inputs)))]).await;
    ran.assert_status(0);
    assert_job(&ran, "w/j", "covered", 3600, false);
}

#[tokio::test]
async fn a_role_by_name_is_judged_with_keys_and_fails_without_keys() {
    let keys = login("v5", "role-to-assume: release, aws-access-key-id: \"${{ secrets.K }}\"");
    let ran = judged(&[(W, &one_job("on: push\n", "    timeout-minutes: 95\n", &keys))]).await;
    ran.assert_status(1);
    assert_job(&ran, "w/j", "lapses", 3600, false);
    let ran =
        judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 95\n", &login("v5", "role-to-assume: release")))]).await;
    ran.assert_status(3);
    assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true);
}

// --- Resolved values ---

#[tokio::test]
async fn inputs_that_the_caller_of_a_wrapper_omits_are_empty() {
    let uses = |with: &str| format!("      - uses: ./login\n        with: {{{with}}}\n");
    let with = |steps: &str| one_job(TOKEN, "    timeout-minutes: 80\n", steps);
    let direct = with(&uses(&format!("role: \"{ROLE}\", seconds: 5400")));
    let ran = judged(&[(W, &direct), ("login/action.yml", WRAPPER)]).await;
    assert_job(&ran, "w/j", "unknown", 5400, false);
    let chained = uses(&format!("role: \"{ROLE}\"")) + &uses(&format!("role: \"{ROLE}\", chain: true, seconds: 5400"));
    let ran = judged(&[(W, &with(&chained)), ("login/action.yml", WRAPPER)]).await;
    assert_job(&ran, "w/j", "rejected", 5400, true);
}

#[tokio::test]
async fn secrets_that_a_caller_omits_are_empty() {
    let called = "on:\n  workflow_call:\n    secrets: {ARN: {required: true}, KEY: {required: false}}\njobs:\n  \
        run:\n    runs-on: ubuntu-latest\n    timeout-minutes: 80\n    steps:\n      \
        - uses: aws-actions/configure-aws-credentials@v5\n        \
        with: {role-to-assume: \"${{ secrets.ARN }}\", aws-access-key-id: \"${{ secrets.KEY }}\", \
        aws-session-token: \"${{ secrets.KEY }}\", role-duration-seconds: 5400}\n      - run: make\n";
    let caller =
        format!("{TOKEN}jobs:\n  a:\n    uses: ./.github/workflows/called.yml\n    secrets: {{ARN: \"{ROLE}\"}}\n");
    let ran = judged(&[(W, &caller), (".github/workflows/called.yml", called)]).await;
    assert_job(&ran, "w/a/run", "unknown", 5400, false);
    let alone = judged(&[(".github/workflows/called.yml", called)]).await;
    assert_job(&alone, "called/run", "unknown", 5400, false);
}

#[tokio::test]
async fn role_chaining_is_resolved_like_any_input() {
    for (head, value) in [
        (format!("{TOKEN}env: {{AGAIN: \"true\"}}\n"), "${{ env.AGAIN }}"),
        (TOKEN.to_owned(), "${{ 'a' == 'A' }}"),
        (TOKEN.to_owned(), "${{ fromJSON('[true]')[0] }}"),
    ] {
        let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""))
            + &format!(
                "      - uses: aws-actions/configure-aws-credentials@v5\n        with:\n          \
                 role-to-assume: {ROLE}2\n          \
                 role-chaining: {value}\n          role-duration-seconds: 5400\n"
            );
        let ran = judged(&[(W, &one_job(&head, "    timeout-minutes: 20\n", &steps))]).await;
        assert_job(&ran, "w/j", "rejected", 5400, true);
    }
}

#[tokio::test]
async fn a_condition_on_an_input_is_not_decided_by_the_default_of_the_input() {
    let head =
        "on: {workflow_call: {inputs: {deploy: {type: boolean, default: false}}}}\npermissions: {id-token: write}\n";
    let step = login("v5", &format!("role-to-assume: \"{ROLE}\""))
        .replace("        with", "        if: inputs.deploy\n        with");
    let ran = judged(&[(W, &one_job(head, "    timeout-minutes: 95\n", &step))]).await;
    assert_job(&ran, "w/j", "lapses", 3600, false);
    let never = step.replace("inputs.deploy", "${{ false }}");
    let ran = judged(&[(W, &one_job(head, "    timeout-minutes: 95\n", &never))]).await;
    assert!(ran.report()["jobs"].as_array().unwrap().is_empty());
}

// --- Lengths ---

#[tokio::test]
async fn the_runner_limits_the_length_of_a_job() {
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let workflow = one_job(TOKEN, "    timeout-minutes: 2000\n", &steps);
    let hosted = judged(&[(W, &workflow)]).await;
    assert_eq!(job(&hosted.report(), "w/j")["needed_seconds"], 6 * 3600);
    assert_eq!(of_job(&hosted, "w/j"), [("default-duration-too-short".to_owned(), "high".to_owned())]);
    let own = judged(&[(W, &workflow.replace("ubuntu-latest", "[self-hosted, linux]"))]).await;
    assert_eq!(of_job(&own, "w/j")[0].0, "job-exceeds-any-session");
}

#[tokio::test]
async fn a_job_without_a_timeout_is_judged_by_the_default_of_github_with_a_medium_finding() {
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let ran = judged(&[(W, &one_job(TOKEN, "", &steps))]).await;
    ran.assert_status(0);
    assert_eq!(job(&ran.report(), "w/j")["length_from"], "assumed");
    assert_eq!(of_job(&ran, "w/j"), [("default-duration-too-short".to_owned(), "medium".to_owned())]);
    let report = ran.report();
    let first = findings(&report)[0]["remediation"][0]["step"].as_str().unwrap();
    assert!(first.contains("timeout-minutes"), "{first}");
}

#[tokio::test]
async fn steps_with_timeouts_after_a_late_login_bound_the_need() {
    let late = format!(
        "      - run: make all\n{}      - run: make upload\n        timeout-minutes: 7\n      \
         - run: make report\n        \
         timeout-minutes: 5\n",
        login("v5", &format!("role-to-assume: \"{ROLE}\""))
    );
    let workflow = one_job(TOKEN, "    timeout-minutes: 300\n", &late).replace("      - run: make\n", "");
    let ran = judged(&[(W, &workflow)]).await;
    ran.assert_status(0);
    assert_eq!(job(&ran.report(), "w/j")["needed_seconds"], 12 * 60);
}

#[tokio::test]
async fn a_job_that_logs_in_again_without_step_timeouts_has_no_high_finding() {
    let once = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let again = format!("{once}      - run: make build\n{once}");
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 110\n", &again))]).await;
    ran.assert_status(0);
    let all: Vec<String> = findings(&ran.report()).iter().map(|f| f["severity"].as_str().unwrap().to_owned()).collect();
    assert!(!all.is_empty() && all.iter().all(|severity| severity == "medium"), "{all:?}");
    // A second login that does not happen in every run ends no session.
    let sometimes = format!("{once}      - run: make\n")
        + &login("v5", &format!("role-to-assume: \"{ROLE}2\""))
            .replace("        with", "        if: failure()\n        with");
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 110\n", &sometimes))]).await;
    ran.assert_status(1);
}

#[tokio::test]
async fn existing_credentials_are_not_renewed() {
    let steps = format!(
        "{}      - run: make build\n{}",
        login("v5", &format!("role-to-assume: \"{ROLE}\"")),
        login("v5", &format!("role-to-assume: \"{ROLE}\", use-existing-credentials: true"))
    );
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 110\n", &steps))]).await;
    assert_eq!(of_job(&ran, "w/j"), [("default-duration-too-short".to_owned(), "high".to_owned())]);
}

#[tokio::test]
async fn the_longest_of_several_timeouts_counts() {
    let job_lines = "    timeout-minutes: ${{ vars.LARGE && 170 || 100 }}\n";
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let ran = judged(&[(W, &one_job(TOKEN, job_lines, &steps))]).await;
    assert_eq!(job(&ran.report(), "w/j")["needed_seconds"], 170 * 60);
}

#[tokio::test]
async fn defaults_of_inputs_count_if_a_file_is_judged_alone() {
    let head = "on:\n  workflow_dispatch:\n    inputs: {limit: {type: number, default: 75}, arn: {required: true}}\n\
        permissions: {id-token: write}\n";
    let steps = login("v5", "role-to-assume: \"${{ inputs.arn }}\"");
    let ran = judged(&[(W, &one_job(head, "    timeout-minutes: ${{ inputs.limit }}\n", &steps))]).await;
    assert_job(&ran, "w/j", "lapses", 3600, false);
    assert_eq!(job(&ran.report(), "w/j")["needed_seconds"], 75 * 60);
}

// --- Versions of the action ---

#[tokio::test]
async fn each_version_of_the_action_has_its_own_rules() {
    let keys = format!("role-to-assume: \"{ROLE}\", aws-access-key-id: \"${{{{ secrets.K }}}}\"");
    let token = format!("{keys}, aws-session-token: \"${{{{ secrets.T }}}}\"");
    let oidc = format!("role-to-assume: \"{ROLE}\"");
    let sha = "0123456789abcdef0123456789abcdef01234567";
    for (version, inputs, verdict, requested, chained) in [
        ("v1.6.1", &keys, "unknown", 21600, false),
        ("v1", &token, "rejected", 21600, true),
        ("v2", &token, "covered", 3600, true),
        ("v3", &keys, "covered", 3600, false),
        (&format!("{sha} # v1.5.0"), &keys, "unknown", 21600, false),
        ("v1", &oidc, "covered", 3600, false),
    ] {
        // A comment ends the line, so the step has no braces.
        let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &login(version, inputs)))]).await;
        assert_job(&ran, "w/j", verdict, requested, chained);
    }
    for (written, verdict, requested) in
        [("1h", "rejected", 1), ("3600s", "covered", 3600), ("0", "covered", 3600), ("none", "covered", 3600)]
    {
        let inputs = format!("{oidc}, role-duration-seconds: {written}");
        let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &login("v6", &inputs)))]).await;
        assert_job(&ran, "w/j", verdict, requested, false);
        let read = match written {
            "1h" => Some("`1h`, and the action reads 1 second: JavaScript's parseInt"),
            "3600s" => Some("`3600s`, and the action reads 3600 seconds"),
            "none" => Some("`none`, and the action reads no number"),
            _ => None,
        };
        assert_eq!(ran.stderr.contains("the action reads"), read.is_some(), "{written}: {}", ran.stderr);
        assert!(ran.stderr.contains(read.unwrap_or_default()), "{}", ran.stderr);
        for finding in ran.report()["findings"].as_array().unwrap() {
            let reads = "The action reads `1h` as 1 second: JavaScript's parseInt stops at";
            assert!(finding["detail"].as_str().unwrap().contains(reads), "{finding:#}");
            assert!(
                finding["title"].as_str().unwrap().contains("1s from release, as the action reads `1h`"),
                "{finding:#}"
            );
        }
        assert_eq!(ran.stderr.contains("role-duration-seconds: 3600"), read.is_some(), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_finding_says_that_the_action_reads_another_duration_than_is_written() {
    for (written, length, id, read) in [
        ("1h", 20, "duration-out-of-range", Some("reads `1h` as 1 second: JavaScript's parseInt")),
        ("900m", 20, "requested-duration-too-short", Some("reads `900m` as 900 seconds: JavaScript's parseInt")),
        ("PT4H", 90, "default-duration-too-short", Some("reads `PT4H` as no number, and requests its default")),
        ("3600s", 90, "requested-duration-too-short", None),
        ("900", 20, "requested-duration-too-short", None),
    ] {
        let inputs = format!("role-to-assume: \"{ROLE}\", role-duration-seconds: {written}");
        let timeout = format!("    timeout-minutes: {length}\n");
        let report = judged(&[(W, &one_job(TOKEN, &timeout, &login("v6", &inputs)))]).await.report();
        let detail = finding(&report, id)["detail"].as_str().unwrap();
        assert_eq!(detail.contains("The action reads"), read.is_some(), "{written}: {detail}");
        assert!(detail.contains(read.unwrap_or_default()), "{written}: {detail}");
    }
}

#[tokio::test]
async fn a_trust_statement_for_a_workflow_names_github_in_the_account_of_the_role() {
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""))
        + &login("v5", "role-to-assume: \"arn:aws:iam::222222222222:role/deploy\", role-chaining: true");
    let report = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 90\n", &steps))]).await.report();
    let fixes = finding(&report, "chain-caps-session")["remediation"].to_string();
    let provider = "arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com";
    for part in [provider, "githubusercontent.com:aud", "githubusercontent.com:sub", "sts.amazonaws.com"] {
        assert!(fixes.contains(part), "{part} in {fixes}");
    }
    assert!(!fixes.contains("OIDC_PROVIDER"), "{fixes}");
}

#[tokio::test]
async fn inputs_come_from_the_environment_since_4_2() {
    for (version, requested) in [("v4.1.0", 3600), ("v4.2.1", 1800), ("main", 1800)] {
        let step = login(version, &format!("role-to-assume: \"{ROLE}\""));
        let env = "    env: {ROLE_DURATION_SECONDS: 1800}\n    timeout-minutes: 15\n";
        let ran = judged(&[(W, &one_job(TOKEN, env, &step))]).await;
        assert_job(&ran, "w/j", "covered", requested, false);
    }
}

#[tokio::test]
async fn a_hosted_job_without_an_identity_token_cannot_log_in_but_can_chain() {
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let ran = judged(&[(W, &one_job("on: push\npermissions: {contents: read}\n", "", &first))]).await;
    ran.assert_status(3);
    assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true);
    let keys = login("v5", "aws-access-key-id: \"${{ secrets.K }}\", aws-session-token: \"${{ secrets.T }}\"");
    let user = login("v5", "aws-access-key-id: \"${{ secrets.K }}\"");
    let ran = judged(&[(W, &one_job("on: push\n", "    timeout-minutes: 20\n", &(user + &first)))]).await;
    assert_job(&ran, "w/j", "covered", 3600, false);
    let ran = judged(&[(W, &one_job("on: push\n", "", &keys))]).await;
    ran.assert_status(3);
}

#[tokio::test]
async fn a_profile_does_not_change_the_environment() {
    let steps = login("v6", &format!("role-to-assume: \"{ROLE}\""))
        + &login("v6", &format!("role-to-assume: \"{ROLE}-aside\", aws-profile: aside"))
        + &login("v6", &format!("role-to-assume: \"{ROLE}-next\", role-chaining: true"));
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &steps))]).await;
    let report = ran.report();
    let chained = report["jobs"].as_array().unwrap().iter().find(|job| job["hops"].as_array().unwrap().len() == 2);
    let hops = chained.unwrap()["hops"].clone();
    assert_eq!((&hops[0]["role"], &hops[1]["role"]), (&ROLE.into(), &format!("{ROLE}-next").into()));
    assert_eq!(report["jobs"].as_array().unwrap().len(), 2, "the profile has its own lease: {report:#}");
}

#[tokio::test]
async fn keys_from_an_earlier_steps_outputs_carry_its_lease() {
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\", output-credentials: true"))
        .replace("        with", "        id: first\n        with");
    let outputs = |output: &str| format!("\"${{{{ steps.first.outputs.{output} }}}}\"");
    let keys = format!(
        "aws-access-key-id: {}, aws-session-token: {}",
        outputs("aws-access-key-id"),
        outputs("aws-session-token")
    );
    let steps = first + &login("v5", &keys);
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 95\n", &steps))]).await;
    ran.assert_status(1);
    assert_job(&ran, "w/j", "lapses", 3600, false);
}

#[tokio::test]
async fn credentials_from_another_job_are_judged_in_the_receiving_job() {
    let outputs = "    outputs: {token: \"${{ steps.a.outputs.aws-session-token }}\"}\n";
    let first = login("v5", &format!("role-to-assume: \"{ROLE}\", output-credentials: true"))
        .replace("        with", "        id: a\n        with");
    let workflow = |minutes: u32, environment: &str| {
        one_job(TOKEN, &format!("    timeout-minutes: 5\n{outputs}"), &first)
            + &format!(
                "  use:\n    needs: j\n{environment}    runs-on: ubuntu-latest\n    \
                 timeout-minutes: {minutes}\n    steps:\n      \
                 - run: make\n        env: {{AWS_SESSION_TOKEN: \"${{{{ needs.j.outputs.token }}}}\"}}\n"
            )
    };
    let ran = judged(&[(W, &workflow(95, "    environment: live\n"))]).await;
    assert_job(&ran, "w/use", "lapses", 3600, false);
    let ran = judged(&[(W, &workflow(20, "    environment: live\n"))]).await;
    ran.assert_status(3);
    assert!(ran.report()["not_judged"][0]["what"].as_str().unwrap().contains("`live`"));
}

// --- No false findings ---

#[tokio::test]
async fn files_that_cannot_log_in_leave_the_run_complete() {
    let foreign =
        "on: push\npermissions: {contents: read}\njobs:\n  a:\n    uses: octo/shared/.github/workflows/lint.yml@v2\n";
    judged(&[(W, foreign)]).await.assert_status(0);
    let with_token = foreign.replace("contents: read", "id-token: write");
    judged(&[(W, &with_token)]).await.assert_status(3);
    let comment = "      - run: |\n          # see aws sts assume-role\n          echo \"run aws sts assume-role\"\n";
    judged(&[(W, &one_job(TOKEN, "", comment))]).await.assert_status(0);
}

#[tokio::test]
async fn a_place_is_reported_once_for_all_cells_and_jobs() {
    let matrix = "    strategy: {matrix: {os: [a, b, c, d], arch: [x, y]}}\n";
    let step = "      - uses: org/login@v1\n        with: {role-arn: \"x-${{ matrix.os }}\"}\n";
    let ran = judged(&[(W, &one_job(TOKEN, matrix, step))]).await;
    assert_eq!(ran.report()["not_judged"].as_array().unwrap().len(), 1);
    assert_eq!(ran.stderr.matches("not judged:").count(), 1, "{}", ran.stderr);
}

#[tokio::test]
async fn matrix_cells_with_equal_logins_are_one_job() {
    let matrix = "    timeout-minutes: 95\n    strategy: {matrix: {stack: [one, two, three]}}\n";
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""))
        + "      - uses: ./roll-out\n        with: {stack: \"${{ matrix.stack }}\"}\n";
    let action = "inputs: {stack: {}}\nruns: {using: composite, steps: [{run: make, shell: sh}]}\n";
    let ran = judged(&[(W, &one_job(TOKEN, matrix, &steps)), ("roll-out/action.yml", action)]).await;
    assert_eq!(ran.report()["jobs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_action_below_a_checkouts_path_is_found() {
    let steps = format!(
        "      - uses: actions/checkout@v4\n        with: {{path: src}}\n      - uses: ./src/login\n        \
         with: {{role: \"{ROLE}\"}}\n"
    );
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 95\n", &steps)), ("login/action.yml", WRAPPER)]).await;
    assert_job(&ran, "w/j", "lapses", 3600, false);
}

#[tokio::test]
async fn a_folder_means_all_its_workflows() {
    let text = one_job(TOKEN, "    timeout-minutes: 95\n", &login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    for named in [".", ".github/workflows"] {
        let cli = Cli::new(&["lint", "--format", "json", "--github-workflow", named]).file(W, text.clone());
        assert_job(&cli.run().await, "w/j", "lapses", 3600, false);
    }
    let ran = Cli::new(&["lint", "--github-workflow", "."]).file("readme.md", "none").run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("no .github/workflows"), "{}", ran.stderr);
}

// --- Written by import ---

#[tokio::test]
async fn an_imported_job_names_the_origin_of_its_length() {
    let inputs = format!("role-to-assume: \"{ROLE}\", role-session-name: \"ci-${{{{ github.run_id }}}}\"");
    let text = one_job(TOKEN, "", &login("v5", &inputs));
    let ran = Cli::new(&["import", "github-workflow", W]).file(W, text).run().await;
    ran.assert_status(0);
    for line in [
        "length: 6h  # GitHub's default timeout-minutes: 360",
        "source: {kind: web-identity, renewable: false}",
        "session_name: \"ci-*\"",
    ] {
        assert!(ran.stdout.contains(line), "{line}\n{}", ran.stdout);
    }
}

#[tokio::test]
async fn a_workflow_with_a_repeated_key_is_not_judged_because_github_refuses_it() {
    let text = one_job(
        TOKEN,
        "    timeout-minutes: 30\n    timeout-minutes: 400\n",
        &login("v5", &format!("role-to-assume: \"{ROLE}\"")),
    );
    let ran = Cli::new(&["lint", "--github-workflow", W]).file(W, text).run().await;
    ran.assert_status(3);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("`timeout-minutes` is here twice: GitHub refuses the workflow"), "{}", ran.stdout);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_without_a_target_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    let text = one_job(TOKEN, "    timeout-minutes: 30\n", &login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    std::fs::write(workflows.join("w.yml"), text).unwrap();
    std::os::unix::fs::symlink("gone.yml", workflows.join("link.yml")).unwrap();
    let ran = Cli::new(&["lint", "--github-workflow", folder.path().to_str().unwrap()]).run().await;
    ran.assert_status(0);
    assert!(ran.stderr.contains("link.yml"), "{}", ran.stderr);
}

// --- Comments that waive a finding ---

#[tokio::test]
async fn a_comment_beside_the_login_waives_its_finding_until_its_day() {
    let steps = |comment: &str| format!("{comment}{}", login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    let day = |days: i64| jiff::Zoned::now().date() + jiff::Span::new().days(days);
    let comment = |what: &str, until: jiff::civil::Date| {
        format!("      # credential-health: ignore[{what}] until={until} it runs at night\n")
    };
    let run = async |text: &str| judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 90\n", text))]).await;
    let waived = run(&steps(&comment("default-duration-too-short", day(30)))).await;
    waived.assert_status(0);
    let report = waived.report();
    assert_eq!(findings(&report)[0]["waived"]["reason"], "it runs at night", "{report:#}");
    assert_eq!(job(&report, "w/j")["verdict"], "lapses");
    // An expired comment is reported like an expired waiver.
    let expired = run(&steps(&comment("default-duration-too-short", day(-2)))).await;
    expired.assert_status(1);
    let ids: Vec<String> = findings(&expired.report()).iter().map(|found| found["id"].to_string()).collect();
    assert_eq!(ids, ["\"default-duration-too-short\"", "\"waiver-expired\""]);
    for (text, note) in [
        (steps(&comment("default-duration", day(30))), "there is no finding `default-duration`"),
        (steps(&comment("default-duration-too-short", day(900))), "at most"),
        (steps("") + &comment("default-duration-too-short", day(30)), "no login of a job is on its line"),
    ] {
        let open = run(&text).await;
        open.assert_status(1);
        assert!(open.stderr.contains(note) && open.stderr.contains(W), "{}", open.stderr);
    }
}
