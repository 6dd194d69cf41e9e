//! The cases in which a workflow's job runs: what starts it, what a person chooses, and the conditions of its logins.

use crate::harness::job;
use crate::workflows::{ROLE, TOKEN, W, assert_job, judged, login, of_job, one_job};

/// A login step with a condition.
fn when(condition: &str, step: &str) -> String {
    step.replace("        with", &format!("        if: {condition}\n        with"))
}

/// A login with this role and these inputs.
fn role(name: &str, more: &str) -> String {
    login("v5", &format!("role-to-assume: \"arn:aws:iam::444455556666:role/{name}\"{more}"))
}

/// The jobs of a report: the last role's name, the verdict and the needed seconds.
fn jobs(report: &serde_json::Value) -> Vec<(String, String, u64)> {
    let mut jobs: Vec<(String, String, u64)> = report["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| {
            let role = job["hops"].as_array().unwrap().last().unwrap()["role"].as_str().unwrap();
            let name = role.rsplit('/').next().unwrap().to_owned();
            (name, job["verdict"].as_str().unwrap().to_owned(), job["needed_seconds"].as_u64().unwrap())
        })
        .collect();
    jobs.sort();
    jobs
}

// --- What starts the workflow ---

#[tokio::test]
async fn the_default_of_an_input_counts_only_where_a_person_starts_the_workflow() {
    let head = |events: &str| {
        format!(
            "on:\n  workflow_dispatch:\n    inputs: {{minutes: {{type: number, default: 30}}}}\n{events}permissions: \
             {{id-token: write}}\n"
        )
    };
    let with = |events: &str| one_job(&head(events), "    timeout-minutes: ${{ inputs.minutes }}\n", &role("a", ""));
    let alone = judged(&[(W, &with(""))]).await;
    assert_job(&alone, "w/j", "covered", 3600, false);
    // A scheduled run gets an empty text, and GitHub's default counts.
    let scheduled = judged(&[(W, &with("  schedule: [{cron: \"0 3 * * *\"}]\n"))]).await;
    assert_job(&scheduled, "w/j", "lapses", 3600, false);
    assert_eq!(job(&scheduled.report(), "w/j")["length_from"], "assumed");
}

#[tokio::test]
async fn an_input_with_a_replacement_is_judged_for_each_event() {
    let head = "on:\n  push:\n  workflow_dispatch:\n    inputs: {minutes: {type: number, default: 20}}\n\
                permissions: {id-token: write}\n";
    let text = one_job(head, "    timeout-minutes: ${{ inputs.minutes || 150 }}\n", &role("a", ""));
    let ran = judged(&[(W, &text)]).await;
    assert_eq!(jobs(&ran.report()), [("a".to_owned(), "lapses".to_owned(), 150 * 60)]);
    // The name of the event decides like an input.
    let by_name = text.replace("inputs.minutes || 150", "github.event_name == 'push' && 150 || 20");
    assert_eq!(jobs(&judged(&[(W, &by_name)]).await.report()), [("a".to_owned(), "lapses".to_owned(), 150 * 60)]);
    let never = by_name.replace("== 'push'", "== 'schedule'");
    assert_eq!(jobs(&judged(&[(W, &never)]).await.report()), [("a".to_owned(), "covered".to_owned(), 20 * 60)]);
}

#[tokio::test]
async fn every_option_of_a_choice_is_judged() {
    let head = "on:\n  workflow_dispatch:\n    inputs: {minutes: {type: choice, options: [\"20\", \"100\"], default: \
                \"20\"}}\npermissions: {id-token: write}\n";
    let text = one_job(head, "    timeout-minutes: ${{ fromJSON(inputs.minutes) }}\n", &role("a", ""));
    let ran = judged(&[(W, &text)]).await;
    assert_eq!(jobs(&ran.report()), [("a".to_owned(), "lapses".to_owned(), 6000)]);
    let chained = format!(
        "{}{}",
        role("a", ""),
        role("b", ", role-chaining: true, role-duration-seconds: \"${{ inputs.seconds }}\"")
    );
    let head = head.replace("minutes", "seconds").replace("\"100\"", "\"7200\"").replace("\"20\"", "\"3600\"");
    let ran = judged(&[(W, &one_job(&head, "    timeout-minutes: 20\n", &chained))]).await;
    assert!(of_job(&ran, "w/j-2").contains(&("duration-above-chain-cap".to_owned(), "critical".to_owned())));
}

#[tokio::test]
async fn an_option_that_decides_length_and_duration_decides_both_at_once() {
    let head = "on:\n  workflow_dispatch:\n    inputs: {size: {type: choice, options: [small, large]}}\n\
                permissions: {id-token: write}\n";
    let text = one_job(
        head,
        "    timeout-minutes: ${{ inputs.size == 'large' && 40 || 10 }}\n",
        &role("a", ", role-duration-seconds: \"${{ inputs.size == 'large' && 3600 || 1800 }}\""),
    );
    let ran = judged(&[(W, &text)]).await;
    ran.assert_status(0);
    assert!(jobs(&ran.report()).iter().all(|(_, verdict, _)| verdict == "covered"), "{}", ran.stdout);
}

// --- Conditions ---

#[tokio::test]
async fn both_branches_of_conditional_logins_are_judged() {
    let first = when("github.ref == 'refs/heads/main'", &role("a", ""));
    let second = when("github.ref != 'refs/heads/main'", &role("b", ""));
    let chained = role("c", ", role-chaining: true, role-duration-seconds: 7200");
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &(first + &second + &chained)))]).await;
    ran.assert_status(1);
    let report = ran.report();
    let paths: Vec<(&str, &str)> = report["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| (job["hops"][0]["role"].as_str().unwrap(), job["verdict"].as_str().unwrap()))
        .collect();
    let role = |name: &str| format!("arn:aws:iam::444455556666:role/{name}");
    assert_eq!(paths, [(&*role("a"), "rejected"), (&*role("b"), "rejected")]);
}

#[tokio::test]
async fn a_login_that_runs_in_some_cases_does_not_hide_what_happens_in_the_others() {
    // Keys of a user, or a session: the request of two hours is refused in the second case alone.
    let keys = when(
        "inputs.keys",
        &login("v5", "aws-access-key-id: \"${{ secrets.K }}\", aws-secret-access-key: \"${{ secrets.S }}\""),
    );
    let session = role("a", "");
    let next = role("b", ", role-chaining: true, role-duration-seconds: 7200");
    let head = "on: {workflow_dispatch: {inputs: {keys: {type: boolean}}}}\npermissions: {id-token: write}\n";
    let ran = judged(&[(W, &one_job(head, "    timeout-minutes: 20\n", &(session + &keys + &next)))]).await;
    ran.assert_status(1);
    let report = ran.report();
    let verdicts: Vec<&str> =
        report["jobs"].as_array().unwrap().iter().map(|job| job["verdict"].as_str().unwrap()).collect();
    assert!(verdicts.contains(&"rejected"), "{report:#}");
}

#[tokio::test]
async fn conditions_are_the_same_in_every_form() {
    let with = |first: &str, second: &str| {
        let first = when(first, &role("a", ", role-duration-seconds: 900"));
        let chained = when(second, &role("b", ", role-chaining: true"));
        one_job(TOKEN, "    timeout-minutes: 40\n", &(first + &chained))
    };
    let same = [
        ("github.ref == 'refs/heads/main'", "\"${{ github.ref == 'refs/heads/main' }}\""),
        ("github.ref == 'refs/heads/main'", "(github.ref=='refs/heads/MAIN')"),
        ("github.ref == 'refs/heads/main'", "\"'refs/heads/main' == github['ref']\""),
        ("github.ref == 'refs/heads/main'", "\"!(github.ref != 'refs/heads/main')\""),
        ("vars.DEPLOY", "vars.deploy == true"),
        ("vars.DEPLOY", "vars.DEPLOY != ''"),
        ("vars.DEPLOY", "\"!!vars.DEPLOY\""),
        ("startsWith(github.ref, 'refs/tags/')", "\"startsWith( GitHub.ref , 'refs/tags/' ) == true\""),
        ("vars.A && vars.B", "vars.B && vars.A"),
        ("always() && vars.A", "vars.A"),
    ];
    for (first, second) in same {
        let ran = judged(&[(W, &with(first, second))]).await;
        let report = ran.report();
        let names: Vec<(String, String, u64)> = jobs(&report);
        assert_eq!(names, [("b".to_owned(), "covered".to_owned(), 2400)], "{first} / {second}");
    }
}

#[tokio::test]
async fn a_switch_in_the_environment_is_a_text() {
    for (value, count) in [("true", 2), ("github.ref_name == 'main'", 2), ("false", 1), ("1 == 2", 1)] {
        let head = format!("{TOKEN}env:\n  LIVE: ${{{{ {value} }}}}\n");
        let steps = role("a", "") + &when("env.LIVE == 'true'", &role("b", ""));
        let ran = judged(&[(W, &one_job(&head, "    timeout-minutes: 20\n", &steps))]).await;
        assert_eq!(jobs(&ran.report()).len(), count, "{value}");
    }
}

#[tokio::test]
async fn texts_with_which_one_name_is_compared_exclude_each_other() {
    let steps = ["dev", "test", "prod"].map(|stage| {
        let condition = format!("inputs.stage == '{stage}'");
        when(&condition, &role(stage, ""))
    });
    let head = "on: {workflow_dispatch: {inputs: {stage: {}}}}\npermissions: {id-token: write}\n";
    let ran = judged(&[(W, &one_job(head, "    timeout-minutes: 95\n", &steps.concat()))]).await;
    let report = ran.report();
    // No login follows another: each is judged by the whole job, and its finding is high.
    assert_eq!(jobs(&report).len(), 3);
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "high"), "{report:#}");
}

#[tokio::test]
async fn a_step_that_fails_in_one_case_alone_is_judged_by_the_others() {
    let first = when("vars.FIRST", &role("a", ""));
    let chained = role("b", ", role-chaining: true");
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &(first + &chained)))]).await;
    ran.assert_status(0);
    assert_eq!(jobs(&ran.report()), [("b".to_owned(), "covered".to_owned(), 1200)]);
}

#[tokio::test]
async fn a_job_with_too_many_cases_is_not_judged() {
    let steps: String = (0..9).map(|n| when(&format!("vars.V{n}"), &role(&format!("r{n}"), ""))).collect();
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &steps))]).await;
    ran.assert_status(3);
    assert!(ran.report()["not_judged"][0]["what"].as_str().unwrap().contains("combinations"));
    // Conditions of other steps make no cases.
    let others: String = (0..30).map(|n| format!("      - run: make\n        if: vars.V{n}\n")).collect();
    let ran = judged(&[(W, &one_job(TOKEN, "    timeout-minutes: 20\n", &(others + &role("a", ""))))]).await;
    ran.assert_status(0);
}

// --- Credentials that are handed over ---

/// A job that logs in and hands its credentials over, and a job `use` with these lines and steps.
fn two_jobs(first: &str, of_use: &str, steps: &str) -> String {
    let outputs = "    outputs: {key: \"${{ steps.a.outputs.aws-access-key-id }}\", token: \"${{ \
                   steps.a.outputs.aws-session-token }}\"}\n";
    let login = login("v5", &format!("role-to-assume: \"{ROLE}\", output-credentials: true"))
        .replace("        with", "        id: a\n        with");
    one_job(TOKEN, &format!("{first}{outputs}"), &login)
        + &format!("  use:\n    needs: j\n    runs-on: ubuntu-latest\n{of_use}    steps:\n{steps}      - run: make\n")
}

const KEYS_OF_J: &str = "aws-access-key-id: \"${{ needs.j.outputs.key }}\", aws-secret-access-key: s, \
                         aws-session-token: \"${{ needs.j.outputs.token }}\"";

#[tokio::test]
async fn keys_of_another_job_in_a_login_have_their_age() {
    let text = two_jobs("    timeout-minutes: 40\n", "    timeout-minutes: 30\n", &login("v5", KEYS_OF_J));
    let ran = judged(&[(W, &text)]).await;
    ran.assert_status(1);
    assert_job(&ran, "w/use", "lapses", 3600, false);
    assert_eq!(job(&ran.report(), "w/use")["needed_seconds"], 70 * 60);
    // An approval may take any time.
    let text = two_jobs(
        "    timeout-minutes: 5\n",
        "    timeout-minutes: 20\n    environment: live\n",
        &login("v5", KEYS_OF_J),
    );
    let ran = judged(&[(W, &text)]).await;
    ran.assert_status(3);
    assert!(ran.report()["not_judged"][0]["what"].as_str().unwrap().contains("`live`"));
}

#[tokio::test]
async fn a_role_assumed_with_keys_of_another_job_needs_them_until_then() {
    let next = login("v5", &format!("role-to-assume: \"{ROLE}2\", {KEYS_OF_J}"));
    let with =
        |minutes: u32| two_jobs(&format!("    timeout-minutes: {minutes}\n"), "    timeout-minutes: 30\n", &next);
    let ran = judged(&[(W, &with(70))]).await;
    ran.assert_status(1);
    assert_job(&ran, "w/use-1", "lapses", 3600, false);
    assert_job(&ran, "w/use-2", "covered", 3600, true);
    judged(&[(W, &with(10))]).await.assert_status(0);
}

#[tokio::test]
async fn an_age_by_the_default_of_github_is_assumed() {
    let ran = judged(&[(W, &two_jobs("", "    timeout-minutes: 30\n", &login("v5", KEYS_OF_J)))]).await;
    ran.assert_status(0);
    assert_eq!(job(&ran.report(), "w/use")["length_from"], "assumed");
}

#[tokio::test]
async fn a_session_token_that_is_not_followed_to_its_login_is_reported() {
    for token in ["${{ secrets.TOKEN }}", "${{ needs.other.outputs.token }}", "${{ steps.broker.outputs.token }}"] {
        let env = format!("    env: {{AWS_ACCESS_KEY_ID: \"${{{{ secrets.K }}}}\", AWS_SESSION_TOKEN: \"{token}\"}}\n");
        let ran = judged(&[(W, &one_job(TOKEN, &env, ""))]).await;
        ran.assert_status(3);
        let report = ran.report();
        assert_eq!(report["not_judged"].as_array().unwrap().len(), 1, "{report:#}");
        assert!(report["not_judged"][0]["what"].as_str().unwrap().contains(token), "{report:#}");
    }
    for harmless in ["test", "", "${{ env.AWS_SESSION_TOKEN }}"] {
        let env = format!("    env: {{AWS_ACCESS_KEY_ID: test, AWS_SESSION_TOKEN: \"{harmless}\"}}\n");
        judged(&[(W, &one_job(TOKEN, &env, ""))]).await.assert_status(0);
    }
}

// --- Profiles ---

#[tokio::test]
async fn a_second_login_to_a_profile_ends_the_first() {
    let steps = format!(
        "{}      - run: make build\n        timeout-minutes: 50\n{}",
        role("a", ", aws-profile: one"),
        role("b", ", aws-profile: one, overwrite-aws-profile: true")
    );
    // `aws-profile` is an input since 6.1.
    let steps = steps.replace("@v5", "@v6");
    let with = |steps: &str| {
        one_job(TOKEN, "    timeout-minutes: 95\n", steps)
            .replace("      - run: make\n", "      - run: make\n        timeout-minutes: 45\n")
    };
    let ran = judged(&[(W, &with(&steps))]).await;
    ran.assert_status(0);
    assert_eq!(
        jobs(&ran.report()),
        [("a".to_owned(), "covered".to_owned(), 3000), ("b".to_owned(), "covered".to_owned(), 2700)]
    );
    // Two profiles are in use at the same time.
    let apart = steps.replacen("aws-profile: one", "aws-profile: two", 1);
    judged(&[(W, &with(&apart))]).await.assert_status(1);
}

// --- Logins that cannot work, runners ---

#[tokio::test]
async fn a_login_without_credentials_on_a_hosted_runner_cannot_work() {
    let chained = role("a", ", role-chaining: true");
    let nothing = login("v5", "mask-aws-account-id: true");
    // A chained login after a script with keys is not judged; keys without a role have no session to judge.
    for (steps, open_after_script) in [(&chained, 1), (&nothing, 0)] {
        let ran = judged(&[(W, &one_job(TOKEN, "", steps))]).await;
        ran.assert_status(3);
        assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true, "{steps}");
        let own = one_job(TOKEN, "", steps).replace("ubuntu-latest", "self-hosted");
        assert_eq!(judged(&[(W, &own)]).await.report()["not_judged"][0]["cannot_work"], false, "{steps}");
        // A script may have left keys behind.
        let exported = format!("      - run: echo AWS_ACCESS_KEY_ID=$K >> $GITHUB_ENV\n{steps}");
        let ran = judged(&[(W, &one_job(TOKEN, "", &exported))]).await;
        let report = ran.report();
        let not_judged = report["not_judged"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(not_judged.len(), open_after_script, "{report:#}");
        assert!(not_judged.iter().all(|one| one["cannot_work"] == false), "{report:#}");
    }
}

#[tokio::test]
async fn a_runner_with_one_processor_ends_after_15_minutes() {
    let slim = |of_job: &str| one_job(TOKEN, of_job, &role("a", "")).replace("ubuntu-latest", "ubuntu-slim");
    for of_job in ["", "    timeout-minutes: 120\n"] {
        let ran = judged(&[(W, &slim(of_job))]).await;
        ran.assert_status(0);
        assert_eq!(jobs(&ran.report()), [("a".to_owned(), "covered".to_owned(), 900)]);
    }
}

// --- Structure ---

#[tokio::test]
async fn a_matrix_that_is_written_as_json_is_expanded() {
    for matrix in [
        "{minutes: \"${{ fromJSON('[20, 100]') }}\"}",
        "\"${{ fromJson('{\\\"minutes\\\": [20, 100]}') }}\"",
        "\"${{ fromJSON('{\\\"include\\\": [{\\\"minutes\\\": 20}, {\\\"minutes\\\": 100}]}') }}\"",
    ] {
        let of_job = format!("    strategy:\n      matrix: {matrix}\n    timeout-minutes: ${{{{ matrix.minutes }}}}\n");
        let ran = judged(&[(W, &one_job(TOKEN, &of_job, &role("a", "")))]).await;
        assert_job(&ran, "w/j (20)", "covered", 3600, false);
        assert_job(&ran, "w/j (100)", "lapses", 3600, false);
    }
}

#[tokio::test]
async fn what_github_refuses_is_reported_with_its_place() {
    let valid = one_job(TOKEN, "    timeout-minutes: 20\n", &role("a", ""));
    let merged = valid.replace("    timeout-minutes: 20\n", "    <<: {timeout-minutes: 20}\n");
    let as_map = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      first: {run: make}\n";
    for (text, line, said) in [(&*merged, 6, "`<<`"), (as_map, 5, "`steps` is a map")] {
        let ran = judged(&[(W, text)]).await;
        ran.assert_status(3);
        let report = ran.report();
        let one = &report["not_judged"][0];
        assert!(one["what"].as_str().unwrap().contains(said), "{report:#}");
        assert_eq!(one["location"]["line"], line, "{report:#}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_text_does_not_keep_the_others_from_being_judged() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("w.yml"), one_job(TOKEN, "    timeout-minutes: 20\n", &role("a", ""))).unwrap();
    std::fs::write(workflows.join("bad.yml"), b"on: push\nname: \xff\n").unwrap();
    let run = async |path: &std::path::Path| {
        let arguments = ["lint", "--format", "json", "--github-workflow", path.to_str().unwrap()];
        crate::harness::Cli::new(&arguments).run().await
    };
    let ran = run(folder.path()).await;
    ran.assert_status(3);
    assert_job(&ran, "w/j", "covered", 3600, false);
    assert!(ran.report()["not_judged"][0]["what"].as_str().unwrap().contains("UTF-8"));
    run(&workflows.join("bad.yml")).await.assert_status(2);
}
