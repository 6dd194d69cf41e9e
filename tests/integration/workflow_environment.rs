//! The environment of a workflow's steps: values that steps write, keys by other means than a login action, switches
//! and profiles of the action, and values of matrices and runners.

use crate::harness::{Cli, Ran, job};
use crate::workflows::{ROLE, TOKEN, W, assert_job, findings, judged, login, one_job};

const SESSION: &str = "AWS_ACCESS_KEY_ID: \"${{ secrets.K }}\", AWS_SECRET_ACCESS_KEY: \"${{ secrets.S }}\", \
                       AWS_SESSION_TOKEN: \"${{ secrets.T }}\"";
const KEYS: &str = "AWS_ACCESS_KEY_ID: \"${{ secrets.K }}\", AWS_SECRET_ACCESS_KEY: \"${{ secrets.S }}\"";

/// A login to the role with more inputs.
fn role(version: &str, more: &str) -> String {
    login(version, &format!("role-to-assume: \"{ROLE}\"{more}"))
}

fn run(script: &str) -> String {
    format!("      - run: |\n          {}\n", script.replace('\n', "\n          "))
}

/// A run of one job of 30 minutes with these lines and steps.
async fn judged_steps(head: &str, of_job: &str, steps: &str) -> Ran {
    judged(&[(W, &one_job(head, &format!("    timeout-minutes: 30\n{of_job}"), steps))]).await
}

/// What is not judged, with its line.
fn not_judged(ran: &Ran) -> Vec<(u64, String)> {
    let report = ran.report();
    let all = report["not_judged"].as_array().unwrap().iter();
    all.map(|one| (one["location"]["line"].as_u64().unwrap(), one["what"].as_str().unwrap().to_owned())).collect()
}

// --- Values that steps write ---

#[tokio::test]
async fn a_value_that_a_step_writes_goes_before_the_env_of_the_job_and_the_workflow() {
    let by_env = role("v5", ", role-duration-seconds: \"${{ env.SECONDS }}\"");
    for (head, of_job) in
        [(format!("{TOKEN}env: {{SECONDS: 3600}}\n"), ""), (TOKEN.to_owned(), "    env: {SECONDS: 3600}\n")]
    {
        let steps = run("echo \"SECONDS=900\" >> \"$GITHUB_ENV\"") + &by_env;
        assert_job(&judged_steps(&head, of_job, &steps).await, "w/j", "lapses", 900, false);
        // Before that step, and in a step that has its own value, it does not count.
        let steps = by_env.clone() + &run("echo \"SECONDS=900\" >> \"$GITHUB_ENV\"");
        assert_job(&judged_steps(&head, of_job, &steps).await, "w/j", "covered", 3600, false);
        let own = by_env.replace("        with", "        env: {SECONDS: 3600}\n        with");
        let steps = run("echo \"SECONDS=900\" >> \"$GITHUB_ENV\"") + &own;
        assert_job(&judged_steps(&head, of_job, &steps).await, "w/j", "covered", 3600, false);
        for unreadable in ["echo \"SECONDS=$(cat seconds)\" >> $GITHUB_ENV", "cat .env >> $GITHUB_ENV"] {
            let ran = judged_steps(&head, of_job, &(run(unreadable) + &by_env)).await;
            ran.assert_status(3);
            assert!(not_judged(&ran)[0].1.contains("env.SECONDS"), "{unreadable}: {:?}", not_judged(&ran));
        }
    }
}

#[tokio::test]
async fn an_input_of_the_action_that_a_step_writes_is_read_from_the_environment() {
    let steps = run("echo \"ROLE_DURATION_SECONDS=900\" >> $GITHUB_ENV") + &role("v5", "");
    assert_job(&judged_steps(TOKEN, "", &steps).await, "w/j", "lapses", 900, false);
    let unknown = run("echo \"ROLE_DURATION_SECONDS=$SECONDS\" >> $GITHUB_ENV") + &role("v5", "");
    judged_steps(TOKEN, "", &unknown).await.assert_status(3);
}

#[tokio::test]
async fn a_value_that_a_step_writes_in_some_cases_counts_in_those() {
    let write = run("echo \"SECONDS=900\" >> $GITHUB_ENV") + "        if: vars.SHORT\n";
    let steps = write + &role("v5", ", role-duration-seconds: \"${{ env.SECONDS }}\"");
    let ran = judged_steps(&format!("{TOKEN}env: {{SECONDS: 3600}}\n"), "", &steps).await;
    let report = ran.report();
    let jobs = report["jobs"].as_array().unwrap().iter();
    let mut requests: Vec<u64> = jobs.map(|job| job["hops"][0]["requested_seconds"].as_u64().unwrap()).collect();
    requests.sort_unstable();
    assert_eq!(requests, [900, 3600]);
}

// --- Keys by other means ---

#[tokio::test]
async fn a_session_by_other_means_is_reported_at_its_line() {
    let web = "curl \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com\" > token";
    for (of_job, steps, line) in [
        (format!("    container: {{image: x, env: {{{SESSION}}}}}\n"), String::new(), 7),
        (String::new(), run("export AWS_SESSION_TOKEN=${{ secrets.T }}\nmake"), 9),
        (String::new(), run("echo \"AWS_SESSION_TOKEN=${{ needs.a.outputs.t }}\" >> $GITHUB_ENV"), 9),
        (String::new(), run("aws configure set aws_session_token \"$TOKEN\""), 9),
        (String::new(), run(web), 9),
        ("    env: {AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/t, AWS_ROLE_ARN: r}\n".to_owned(), String::new(), 7),
    ] {
        let ran = judged_steps(TOKEN, &of_job, &steps).await;
        ran.assert_status(3);
        let found = not_judged(&ran);
        assert_eq!(found.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [line], "{steps}{of_job}: {found:?}");
    }
    for harmless in [
        "docker run -e AWS_SESSION_TOKEN=$AWS_SESSION_TOKEN app",
        "export AWS_SESSION_TOKEN=test",
        "export AWS_SESSION_TOKEN=",
        "test -n \"$AWS_SESSION_TOKEN\"",
        "curl \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=npm\"",
    ] {
        judged_steps(TOKEN, "", &(role("v5", "") + &run(harmless))).await.assert_status(0);
    }
}

#[tokio::test]
async fn a_session_that_a_script_hands_over_is_followed() {
    let first = role("v5", "");
    let echo = run("echo \"t=$AWS_SESSION_TOKEN\" >> $GITHUB_OUTPUT").replace("- run", "- id: e\n        run");
    let of_j = "    timeout-minutes: 40\n    outputs: {t: \"${{ steps.e.outputs.t }}\"}\n";
    let used = "  use:\n    needs: j\n    runs-on: ubuntu-latest\n    timeout-minutes: 30\n    steps:\n      \
                - run: export AWS_SESSION_TOKEN=${{ needs.j.outputs.t }}; make\n";
    let ran = judged(&[(W, &(one_job(TOKEN, of_j, &(first + &echo)) + used))]).await;
    assert_job(&ran, "w/use", "lapses", 3600, false);
}

#[tokio::test]
async fn the_keys_of_one_step_are_for_that_step_alone() {
    let with_keys =
        |step: &str, keys: &str| step.replace("        with", &format!("        env: {{{keys}}}\n        with"));
    // Without an identity token, a login assumes the role with them.
    let ran = judged_steps("on: push\n", "", &with_keys(&role("v5", ""), KEYS)).await;
    assert_job(&ran, "w/j", "covered", 3600, false);
    let next = with_keys(&role("v5", ""), KEYS) + &login("v5", &format!("role-to-assume: \"{ROLE}2\""));
    assert_eq!(judged_steps("on: push\n", "", &next).await.report()["jobs"].as_array().unwrap().len(), 1);
    // A session of another login that one step has for itself lasts as long as that step.
    let first = role("v5", ", output-credentials: true").replace("        with", "        id: a\n        with");
    let of_j = "    timeout-minutes: 5\n    outputs: {t: \"${{ steps.a.outputs.aws-session-token }}\"}\n";
    let used = "  use:\n    needs: j\n    runs-on: ubuntu-latest\n    timeout-minutes: 90\n    steps:\n      \
                - run: make all\n        timeout-minutes: 10\n        env: {AWS_SESSION_TOKEN: \"${{ \
                needs.j.outputs.t }}\"}\n      - run: make test\n";
    let ran = judged(&[(W, &(one_job(TOKEN, of_j, &first) + used))]).await;
    assert_job(&ran, "w/use", "covered", 3600, false);
    assert_eq!(job(&ran.report(), "w/use")["needed_seconds"], 15 * 60);
}

#[tokio::test]
async fn a_login_replaces_the_keys_of_the_job() {
    for keys in [KEYS, SESSION] {
        let ran = judged_steps(TOKEN, &format!("    env: {{{keys}}}\n"), &role("v5", "")).await;
        ran.assert_status(0);
        assert_job(&ran, "w/j", "covered", 3600, false);
    }
    // Without an identity token, the role is assumed with the keys, which the container may have too.
    for of_job in [format!("    env: {{{KEYS}}}\n"), format!("    container: {{image: x, env: {{{KEYS}}}}}\n")] {
        let ran = judged_steps("on: push\n", &of_job, &role("v2", "")).await;
        assert_job(&ran, "w/j", "unknown", 21_600, false);
    }
}

// --- The action's switches and profiles ---

#[tokio::test]
async fn a_switch_that_is_no_boolean_fails_since_version_5() {
    let steps = |version: &str| role(version, "") + &role(version, "2, role-chaining: 'yes'").replace("\"2,", "2\",");
    let ran = judged_steps(TOKEN, "", &steps("v4")).await;
    ran.assert_status(0);
    let report = ran.report();
    let hops: Vec<usize> =
        report["jobs"].as_array().unwrap().iter().map(|job| job["hops"].as_array().unwrap().len()).collect();
    assert_eq!(hops, [1, 1], "{report:#}");
    let ran = judged_steps(TOKEN, "", &steps("v5")).await;
    assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true);
    assert!(not_judged(&ran)[0].1.contains("role-chaining is `yes`"));
    // Of an unknown version, it is not certain.
    assert_eq!(judged_steps(TOKEN, "", &steps("main")).await.report()["not_judged"][0]["cannot_work"], false);
}

#[tokio::test]
async fn a_profile_that_is_written_again_fails_without_overwrite() {
    let steps = |more: &str| role("v6", ", aws-profile: one") + &role("v6", &format!(", aws-profile: one{more}"));
    let ran = judged_steps(TOKEN, "", &steps("")).await;
    assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true);
    assert!(not_judged(&ran)[0].1.contains("overwrite-aws-profile"));
    judged_steps(TOKEN, "", &steps(", overwrite-aws-profile: true")).await.assert_status(0);
    // Before version 6.1, there are no profiles.
    judged_steps(TOKEN, "", &steps("").replace("@v6", "@v5")).await.assert_status(0);
}

#[tokio::test]
async fn chaining_after_the_credentials_are_cleared_fails() {
    let chained =
        |more: &str| role("v5", "") + &login("v5", &format!("role-to-assume: \"{ROLE}2\", role-chaining: true{more}"));
    let ran = judged_steps(TOKEN, "", &chained(", unset-current-credentials: true")).await;
    assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true);
    assert!(not_judged(&ran)[0].1.contains("unset-current-credentials"));
    judged_steps(TOKEN, "", &chained("")).await.assert_status(0);
    // The SDK takes the default profile then.
    let profile = role("v6", ", aws-profile: default")
        + &login("v6", &format!("role-to-assume: \"{ROLE}2\", role-chaining: true, role-duration-seconds: 7200"));
    assert_job(&judged_steps(TOKEN, "", &profile).await, "w/j-2", "rejected", 7200, true);
}

#[tokio::test]
async fn a_chain_of_logins_is_followed_up_to_the_longest_path() {
    let login = |n: usize| {
        login("v5", &format!("role-to-assume: \"{ROLE}{n}\", role-chaining: {}", if n == 0 { "false" } else { "true" }))
    };
    let steps: String = (0..400).map(login).collect();
    let ran = judged_steps(TOKEN, "", &steps).await;
    ran.assert_status(3);
    let found = not_judged(&ran);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("more than 12 roles"));
    let short: String = (0..12).map(login).collect();
    judged_steps(TOKEN, "", &short).await.assert_status(0);
}

// --- Matrices, numbers, runners, conditions ---

#[tokio::test]
async fn a_list_or_a_map_of_a_matrix_is_read_by_its_index_and_never_guessed() {
    let duration = |name: &str| role("v5", &format!(", role-duration-seconds: \"${{{{ {name} }}}}\""));
    let matrix = "    strategy: {matrix: {x: [{list: [1, {seconds: 900}]}], y: [[900, 3600]]}}\n";
    for name in ["matrix.x.list[1].seconds", "matrix.y[0]", "matrix['y'][0]"] {
        assert_job(&judged_steps(TOKEN, matrix, &duration(name)).await, "w/j", "lapses", 900, false);
    }
    let filtered = judged_steps(TOKEN, matrix, &duration("matrix.x.list.*.seconds")).await;
    filtered.assert_status(3);
    assert!(not_judged(&filtered)[0].1.contains("matrix.x.list.*.seconds"));
}

#[tokio::test]
async fn numbers_are_read_as_github_reads_them() {
    for (minutes, seconds, needed, requested) in [
        ("0x5A", "0xE10", 5400, 3600),
        ("1e2", "3.6e3", 6000, 3600),
        ("0o144", "0o7020", 6000, 3600),
        ("${{ 0x5A }}", "${{ 36e2 }}", 5400, 3600),
        // As a text, only the digits at its start count.
        ("95", "\"900e1\"", 5700, 900),
    ] {
        let steps = role("v5", &format!(", role-duration-seconds: {seconds}"));
        let steps = if seconds.starts_with('$') { steps.replace(seconds, &format!("\"{seconds}\"")) } else { steps };
        let ran = judged(&[(W, &one_job(TOKEN, &format!("    timeout-minutes: {minutes}\n"), &steps))]).await;
        assert_job(&ran, "w/j", "lapses", requested, false);
        assert_eq!(ran.report()["jobs"][0]["needed_seconds"], needed, "{minutes}");
    }
}

#[tokio::test]
async fn a_tag_with_its_ref_names_the_version() {
    let keys = role("refs/tags/v1", ", aws-access-key-id: \"${{ secrets.K }}\"");
    assert_job(&judged_steps(TOKEN, "", &keys).await, "w/j", "unknown", 21_600, false);
}

#[tokio::test]
async fn a_runner_that_may_be_another_has_no_certain_limit() {
    for (runner, needed) in [
        ("${{ vars.RUNNER || 'ubuntu-latest' }}", 700 * 60),
        ("ubuntu-custom", 700 * 60),
        ("${{ github.event_name == 'push' && 'ubuntu-latest' || 'ubuntu-22.04' }}", 360 * 60),
        ("ubuntu-24.04-arm", 360 * 60),
    ] {
        let text = one_job(TOKEN, "    timeout-minutes: 700\n", &role("v5", "")).replace("ubuntu-latest", "RUNNER");
        let ran = judged(&[(W, &text.replace("RUNNER", &format!("\"{runner}\"")))]).await;
        assert_eq!(ran.report()["jobs"][0]["needed_seconds"], needed, "{runner}");
    }
}

#[tokio::test]
async fn steps_that_exclude_each_other_do_not_add_up() {
    let step =
        |condition: &str| format!("      - run: make all\n        if: {condition}\n        timeout-minutes: 25\n");
    let with = |conditions: &[&str]| {
        let steps: String = conditions.iter().map(|condition| step(condition)).collect();
        one_job(TOKEN, "    timeout-minutes: 300\n", &(role("v5", "") + &steps)).replace("      - run: make\n", "")
    };
    for (conditions, minutes) in [
        (&["runner.os == 'Linux'", "runner.os == 'Windows'", "runner.os == 'macOS'"][..], 25),
        (&["github.ref == 'refs/heads/a'", "github.ref == 'refs/heads/b'", "github.ref == 'refs/heads/c'"], 25),
        (&["github.ref_name == 'a'", "github.ref_name != 'a'", "always()"], 50),
        (&["vars.X == 'a' || vars.X == 'b'", "vars.X == 'c'", "vars.X == 'b'"], 50),
        (&["startsWith(github.ref, 'refs/tags/')", "github.ref == 'refs/heads/main'"], 25),
        (&["startsWith(github.ref, 'refs/tags/')", "github.ref == 'refs/tags/v1'"], 50),
        (&["vars.X == 'a'", "vars.Y == 'a'"], 50),
        (&["!(vars.X == 'a' && vars.Y == 'b')", "vars.X == 'a'"], 50),
    ] {
        let ran = judged(&[(W, &with(conditions).replace("if: !", "if: true && !"))]).await;
        let needed = ran.report()["jobs"][0]["needed_seconds"].as_u64().unwrap();
        assert_eq!(needed, minutes * 60, "{conditions:?}");
    }
}

#[tokio::test]
async fn conditions_on_the_branch_exclude_each_other_in_every_form() {
    let when =
        |condition: &str, step: &str| step.replace("        with", &format!("        if: {condition}\n        with"));
    for (first, second) in [
        ("github.ref == 'refs/heads/main'", "startsWith(github.ref, 'refs/tags/')"),
        ("startsWith(github.ref, 'refs/tags/')", "github.ref == 'refs/heads/main'"),
        ("github.ref_type == 'tag'", "github.ref == 'refs/heads/main'"),
        ("startsWith(github.ref, 'refs/tags/')", "startsWith(github.ref, 'refs/heads/')"),
        ("github.ref_name == 'main'", "github.ref == 'refs/heads/next'"),
        ("github.event_name == 'pull_request'", "github.ref == 'refs/heads/main'"),
        ("github.ref == 'refs/heads/main'", "github.event_name == 'pull_request'"),
    ] {
        let chained =
            login("v5", &format!("role-to-assume: \"{ROLE}2\", role-chaining: true, role-duration-seconds: 7200"));
        let steps = when(first, &role("v5", "")) + &when(second, &chained);
        let head = TOKEN.replace("on: push", "on: [push, pull_request]");
        let ran = judged_steps(&head, "", &steps).await;
        // No run has the first login and the chained one.
        let report = ran.report();
        assert!(
            findings(&report).iter().all(|found| found["severity"] != "critical"),
            "{first} / {second}: {report:#}"
        );
        assert_eq!(report["not_judged"][0]["cannot_work"], true, "{first} / {second}");
    }
}

#[tokio::test]
async fn a_login_that_fails_in_one_case_has_a_note_with_the_case() {
    let first = role("v5", "").replace("        with", "        if: vars.FIRST\n        with");
    let chained = login("v5", &format!("role-to-assume: \"{ROLE}2\", role-chaining: true"));
    let ran = judged_steps(TOKEN, "", &(first + &chained)).await;
    ran.assert_status(0);
    let notes: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("note: ")).collect();
    let of_case: Vec<&&str> = notes.iter().filter(|note| note.contains("where `vars.first` is empty")).collect();
    assert_eq!(of_case.len(), 1, "{notes:?}");
    assert!(of_case[0].contains("w.yml:11"), "{notes:?}");
    let report = ran.report();
    let notes = report["notes"].as_array().unwrap();
    let of_case =
        notes.iter().filter(|note| note.as_str().unwrap().contains("w.yml:11: job `w/j`: where `vars.first`"));
    assert_eq!(of_case.count(), 1, "{notes:?}");
}

#[tokio::test]
async fn a_matrix_is_counted_after_what_it_excludes() {
    let matrix = |excluded: &str| {
        let numbers: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let list = numbers.join(", ");
        format!("    strategy: {{matrix: {{a: [{list}], b: [{list}], exclude: [{excluded}]}}}}\n")
    };
    let excluded: Vec<String> = (0..10).map(|n| format!("{{a: {n}}}")).collect();
    judged_steps(TOKEN, &matrix(&excluded.join(", ")), &role("v5", "")).await.assert_status(0);
    let ran = judged_steps(TOKEN, &matrix(""), &role("v5", "")).await;
    assert!(not_judged(&ran)[0].1.contains("more than 256 jobs"));
}

#[tokio::test]
async fn a_name_that_no_script_shows_may_be_one_that_an_expression_names() {
    let by_env = role("v5", ", role-duration-seconds: \"${{ env.SECONDS }}\"");
    for script in ["for pair in $(pairs); do echo \"$pair\" >> $GITHUB_ENV; done", "jq -r .env c.json > $GITHUB_ENV"] {
        let ran = judged_steps(TOKEN, "", &(run(script) + &by_env)).await;
        ran.assert_status(3);
        assert!(not_judged(&ran)[0].1.contains("env.SECONDS"), "{script}: {:?}", not_judged(&ran));
        // The inputs that nobody names are not written by chance.
        assert_job(&judged_steps(TOKEN, "", &(run(script) + &role("v5", ""))).await, "w/j", "covered", 3600, false);
        // One of the job's is.
        let declared = "    env: {ROLE_DURATION_SECONDS: 3600}\n";
        judged_steps(TOKEN, declared, &(run(script) + &role("v5", ""))).await.assert_status(3);
    }
}

#[tokio::test]
async fn steps_do_not_exclude_each_other_by_a_variable_that_is_written_between_them() {
    let step =
        |value: &str| format!("      - if: env.MODE == '{value}'\n        run: make\n        timeout-minutes: 40\n");
    let write = || run("echo \"MODE=$(mode)\" >> $GITHUB_ENV") + "        timeout-minutes: 1\n";
    let with = |between: &str| {
        let steps = write() + &role("v5", "") + &step("a") + between + &step("b");
        one_job(TOKEN, "", &steps).replace("      - run: make\n", "")
    };
    assert_job(&judged(&[(W, &with(""))]).await, "w/j", "covered", 3600, false);
    assert_job(&judged(&[(W, &with(&write()))]).await, "w/j", "lapses", 3600, false);
}

#[tokio::test]
async fn a_called_workflow_has_no_identity_token_without_the_permission_of_its_caller() {
    let called =
        one_job("on: workflow_call\npermissions: {id-token: write}\n", "    timeout-minutes: 30\n", &role("v5", ""));
    let calls = |head: &str, of_job: &str| {
        format!("on: push\n{head}jobs:\n  c:\n{of_job}    uses: ./.github/workflows/c.yml\n")
    };
    let token = "permissions: {id-token: write}\n";
    for (head, of_job, works) in
        [("", "", false), (token, "", true), ("", "    permissions: {id-token: write}\n", true)]
    {
        let ran = judged(&[(W, &calls(head, of_job)), (".github/workflows/c.yml", &called)]).await;
        ran.assert_status(if works { 0 } else { 3 });
        if !works {
            assert_eq!(ran.report()["not_judged"][0]["cannot_work"], true, "{}", ran.stderr);
        }
    }
}

#[tokio::test]
async fn a_login_by_a_script_of_an_action_or_by_a_profile_is_not_silent() {
    let of_action = |script: &str| {
        format!("      - uses: actions/github-script@v7\n        with:\n          script: |\n            {script}\n")
    };
    for steps in [
        of_action("const token = await core.getIDToken('sts.amazonaws.com')"),
        of_action("core.exportVariable('AWS_SESSION_TOKEN', session.token)"),
        run("aws configure set role_arn $ROLE --profile x\naws configure set source_profile default --profile x"),
        run("cat <<EOF > ~/.aws/config\n[profile x]\nrole_arn = $ROLE\nEOF"),
    ] {
        let ran = judged_steps(TOKEN, "", &steps).await;
        ran.assert_status(3);
        let found = not_judged(&ran);
        assert!(found.len() == 1 && found[0].1.contains("by other means"), "{steps}: {found:?}");
    }
}

#[tokio::test]
async fn keys_that_a_called_workflow_hands_over_are_not_silent() {
    let outputs = "    outputs: {token: \"${{ steps.a.outputs.aws-session-token }}\"}\n    timeout-minutes: 5\n";
    let step = role("v5", ", output-credentials: true").replace("        with", "        id: a\n        with");
    let on = "on: {workflow_call: {outputs: {token: {value: \"${{ jobs.j.outputs.token }}\"}}}}\n";
    let called = one_job(on, outputs, &step);
    let caller = format!(
        "{TOKEN}jobs:\n  c:\n    uses: ./.github/workflows/c.yml\n  use:\n    needs: c\n    \
         runs-on: ubuntu-latest\n    env: {{AWS_SESSION_TOKEN: \"${{{{ needs.c.outputs.token }}}}\"}}\n    \
         steps:\n      - run: make\n"
    );
    let ran = judged(&[(W, &caller), (".github/workflows/c.yml", &called)]).await;
    ran.assert_status(3);
    let found = not_judged(&ran);
    assert!(found.len() == 1 && found[0].0 == 9 && found[0].1.contains("needs.c.outputs.token"), "{found:?}");
}

#[tokio::test]
async fn a_workflow_that_is_named_with_its_own_repository_is_followed() {
    let called = one_job("on: workflow_call\n", "    timeout-minutes: 120\n", &role("v5", ""));
    let caller = format!("{TOKEN}jobs:\n  c:\n    uses: Owner/repo/.github/workflows/c.yml@main\n");
    let git = |name: &str| format!("[remote \"origin\"]\n\turl = git@github.com:{name}.git\n");
    let c = ".github/workflows/c.yml";
    for (name, own) in [("owner/repo", true), ("another/repo", false)] {
        let config = git(name);
        let ran = judged(&[(W, &caller), (c, &called), (".git/config", &config)]).await;
        assert_eq!(ran.report()["jobs"].as_array().unwrap().len(), 1, "{name}: {}", ran.stdout);
        assert_job(&ran, if own { "w/c/j" } else { "c/j" }, "lapses", 3600, false);
        assert_eq!(ran.stderr.contains("its version may differ"), own, "{}", ran.stderr);
        ran.assert_status(1);
    }
}

#[tokio::test]
async fn a_fix_names_the_place_of_the_login_where_several_files_are_judged() {
    let text = one_job(TOKEN, "    timeout-minutes: 120\n", &role("v5", ""));
    let step = |ran: &Ran| findings(&ran.report())[0]["remediation"].to_string();
    let ran = judged(&[(W, &text)]).await;
    assert!(step(&ran).contains("that assumes release.") && !step(&ran).contains("w.yml:"), "{}", step(&ran));
    let other = one_job(TOKEN, "    timeout-minutes: 20\n", &role("v5", ""));
    let ran = judged(&[(W, &text), (".github/workflows/x.yml", &other)]).await;
    assert!(step(&ran).contains("that assumes release, .github/workflows/w.yml:8."), "{}", step(&ran));
}

#[tokio::test]
async fn a_job_that_also_runs_without_the_login_gets_no_timeout() {
    let when =
        |condition: &str| role("v5", "").replace("        with", &format!("        if: {condition}\n        with"));
    let matrix = "    strategy: {matrix: {os: [a, b]}}\n";
    for (of_job, steps, changes) in [
        ("", role("v5", ""), true),
        ("", when("github.event_name == 'release'"), false),
        (matrix, when("matrix.os == 'a'"), false),
        (matrix, role("v5", ""), true),
        ("    if: vars.DEPLOY\n", role("v5", ""), true),
    ] {
        let text = one_job(&TOKEN.replace("push", "[push, release]"), of_job, &steps);
        let ran = Cli::new(&["lint", "--github-workflow", W, "--diff"]).file(W, &text).run().await;
        assert_eq!(ran.stdout.contains("+    timeout-minutes: 50"), changes, "{text}: {} {}", ran.stdout, ran.stderr);
    }
}

#[tokio::test]
async fn an_action_below_the_checkout_of_another_repository_is_not_that_of_this_one() {
    let action = "runs:\n  using: composite\n  steps:\n".to_owned() + &role("v5", "");
    let config = "[remote \"origin\"]\n\turl = https://github.com/owner/repo.git\n";
    for (repository, own) in
        [("owner/shared", false), ("Owner/Repo", true), ("\"${{ github.repository }}\"", true), ("\"\"", true)]
    {
        let steps = format!(
            "      - uses: actions/checkout@v4\n        with: {{repository: {repository}, path: shared}}\n      \
             - uses: ./shared/login\n"
        );
        let text = one_job(TOKEN, "    timeout-minutes: 30\n", &steps);
        let ran = judged(&[(W, &text), ("login/action.yml", &action), (".git/config", config)]).await;
        ran.assert_status(if own { 0 } else { 3 });
        assert_eq!(not_judged_count(&ran), usize::from(!own), "{repository}: {}", ran.stderr);
    }
}

/// How many places are not judged.
fn not_judged_count(ran: &Ran) -> usize {
    ran.report()["not_judged"].as_array().map_or(0, Vec::len)
}
