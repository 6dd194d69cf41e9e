//! `lint --fix` and `--diff`: the changes of workflows and of AWS profiles, and the files that are not changed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::Cli;
use crate::workflows::{ROLE, TOKEN, W, assert_job, login, one_job};

/// Runs git in a folder.
fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
    let run = Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
    assert!(run.status.success(), "{run:?}");
}

/// Commits `w.yml` to a new repository.
fn commit(folder: &Path) {
    for arguments in [&["init", "-q"][..], &["add", "w.yml"], &["commit", "-q", "-m", "first"]] {
        git(folder, arguments);
    }
}

#[tokio::test]
async fn a_diff_shows_the_change_and_fix_writes_it_to_a_file_tracked_by_git() {
    let chained = "role-chaining: true, role-duration-seconds: 5400";
    let steps = login("v5", &format!("role-to-assume: \"{ROLE}\""))
        + &login("v5", &format!("role-to-assume: \"{ROLE}2\", {chained}"));
    let text = format!("# kept\n{}", one_job(TOKEN, "    timeout-minutes: 20\n", &steps));
    let diff = Cli::new(&["lint", "--diff", "--github-workflow", W]).file(W, text.clone()).run().await;
    assert!(diff.stdout.contains("role-duration-seconds: 3600"), "{}", diff.stdout);
    // A folder `.git` is enough to be a repository, here without the file.
    let in_repository =
        |arguments: &[&str]| Cli::new(arguments).file(".git/HEAD", "ref: refs/heads/main\n").file(W, text.clone());
    let refused = in_repository(&["lint", "--fix", "--github-workflow", W]).run().await;
    refused.assert_status(2);
    assert!(refused.stderr.contains("not committed"), "{}", refused.stderr);
    let allowed = in_repository(&["lint", "--fix", "--allow-dirty", "--github-workflow", W]).run().await;
    let outside = Cli::new(&["lint", "--fix", "--github-workflow", W]).file(W, text.clone()).run().await;
    for fixed in [allowed, outside] {
        fixed.assert_status(0);
        assert!(fixed.stderr.contains("fixed: "), "{}", fixed.stderr);
    }
}

#[tokio::test]
async fn a_fix_keeps_the_rest_of_a_committed_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.yml");
    let text = one_job(TOKEN, "", &login("v5", &format!("role-to-assume: \"{ROLE}\""))).replace("jobs:", "jobs: # all");
    fs::write(&file, &text).unwrap();
    commit(folder.path());
    let name = file.to_str().unwrap();
    let ran = Cli::new(&["lint", "--fix", "--format", "json", "--github-workflow", name]).run().await;
    ran.assert_status(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), text.replace("    steps:", "    timeout-minutes: 50\n    steps:"));
    assert_job(&ran, "w/j", "covered", 3600, false);
}

/// A workflow of jobs, with this text of `jobs:`.
fn fixable(jobs: &str) -> String {
    format!("on: push\npermissions: {{id-token: write}}\njobs:\n{jobs}")
}

/// One login step on a line of its own.
fn on_one_line(role: &str, more: &str) -> String {
    format!(
        "      - {{uses: aws-actions/configure-aws-credentials@v5, with: {{role-to-assume: \
         'arn:aws:iam::111111111111:role/{role}'{more}}}}}\n"
    )
}

#[tokio::test]
async fn a_fix_changes_the_login_that_needs_it_where_another_fix_moves_its_line() {
    let steps = on_one_line("p", ", role-duration-seconds: 900")
        + &on_one_line("q", ", role-chaining: true, role-duration-seconds: 50000")
        + &on_one_line("r", "");
    let text = fixable(&format!("  j:\n    runs-on: ubuntu-latest\n    steps:\n{steps}      - run: make\n"));
    let ran = Cli::new(&["lint", "--diff", "--github-workflow", W]).file(W, text).run().await;
    let removed: Vec<&str> =
        ran.stdout.lines().filter(|line| line.starts_with('-') && line.contains("role/")).collect();
    assert!(removed.iter().all(|line| line.contains("role/q")), "{}", ran.stdout);
}

#[tokio::test]
async fn a_fix_is_not_made_where_it_breaks_another_job_of_the_same_login() {
    let template = "Resources:\n  R: {Type: AWS::IAM::Role, Properties: {RoleName: small, MaxSessionDuration: 3600, \
                    AssumeRolePolicyDocument: {}}}\n  B: {Type: AWS::IAM::Role, Properties: {RoleName: big, \
                    MaxSessionDuration: 14400, AssumeRolePolicyDocument: {}}}\n";
    let matrix = "    strategy: {matrix: {include: [{role: small, minutes: 30}, {role: big, minutes: 100}]}}\n    \
                  timeout-minutes: ${{ matrix.minutes }}\n";
    let text = fixable(&format!(
        "  j:\n    runs-on: ubuntu-latest\n{matrix}    steps:\n{}      - run: make\n",
        on_one_line("${{ matrix.role }}", "")
    ));
    let arguments =
        ["lint", "--diff", "--github-workflow", W, "--cloudformation", "t.yaml", "--account", "111111111111"];
    let ran = Cli::new(&arguments).file(W, text).file("t.yaml", template).run().await;
    assert_eq!(ran.stdout.trim(), "", "{}", ran.stderr);
    assert!(ran.stderr.contains("1 login is not fixed"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_fix_is_not_made_in_steps_that_two_jobs_share_by_an_alias() {
    let text = fixable(&format!(
        "  a:\n    runs-on: ubuntu-latest\n    timeout-minutes: 30\n    steps: &s\n{}      - run: make\n  b:\n    \
         runs-on: ubuntu-latest\n    steps: *s\n",
        on_one_line("p", "")
    ));
    let ran = Cli::new(&["lint", "--diff", "--github-workflow", W]).file(W, text).run().await;
    assert!(!ran.stdout.contains("-    timeout-minutes: 30"), "{}", ran.stdout);
}

#[cfg(unix)]
#[tokio::test]
async fn a_fix_asks_git_about_the_target_of_a_symbolic_link() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = outside.path().join("w.yml");
    let text = one_job(TOKEN, "", &login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    fs::write(&target, &text).unwrap();
    let link = folder.path().join("w.yml");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    for arguments in [&["init", "-q"][..], &["add", "w.yml"], &["commit", "-q", "-m", "first"]] {
        let identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
        let run = Command::new("git").arg("-C").arg(folder.path()).args(identity).args(arguments).output().unwrap();
        assert!(run.status.success(), "{run:?}");
    }
    let ran = Cli::new(&["lint", "--fix", "--github-workflow", link.to_str().unwrap()]).run().await;
    ran.assert_status(2);
    assert_eq!(fs::read_to_string(&target).unwrap(), text);
}

#[tokio::test]
async fn a_fix_changes_no_stated_timeout_and_no_job_that_logs_in_again() {
    let once = login("v5", &format!("role-to-assume: \"{ROLE}\""));
    let again = format!("{once}      - run: make build\n{once}");
    for of_job in ["", "    timeout-minutes: 600\n"] {
        let ran = Cli::new(&["lint", "--diff", "--github-workflow", W]).file(W, one_job(TOKEN, of_job, &again)).run();
        let ran = ran.await;
        assert_eq!(ran.stdout.trim(), "", "{}", ran.stderr);
    }
}

#[tokio::test]
async fn several_changes_of_a_file_are_made_at_once_and_a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.yml");
    let jobs: String = (1..=3)
        .map(|n| {
            format!("  j{n}:\n    runs-on: ubuntu-latest\n    steps:\n{}      - run: make\n", on_one_line("p", ""))
        })
        .collect();
    fs::write(&file, fixable(&jobs)).unwrap();
    let fix = ["lint", "--fix", "--github-workflow", file.to_str().unwrap()];
    let ran = Cli::new(&fix).run().await;
    ran.assert_status(0);
    assert_eq!(ran.stderr.matches("fixed: ").count(), 3, "{}", ran.stderr);
    let changed = fs::read_to_string(&file).unwrap();
    assert_eq!(changed, fixable(&jobs.replace("    steps:", "    timeout-minutes: 50\n    steps:")));
    let ran = Cli::new(&fix).run().await;
    assert_eq!(ran.stderr.matches("fixed: ").count(), 0, "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), changed);
}

/// A repository with these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

/// An action of the repository whose second login asks for more than a chained role gets.
fn chaining_action() -> String {
    let step = |inputs: &str| {
        format!("    - uses: aws-actions/configure-aws-credentials@v5\n      with:\n        aws-region: x\n{inputs}")
    };
    format!(
        "runs:\n  using: composite\n  steps:\n{}{}",
        step("        role-to-assume: arn:aws:iam::111111111111:role/p\n"),
        step(
            "        role-to-assume: arn:aws:iam::111111111111:role/q\n        role-chaining: true\n        \
             role-duration-seconds: 7200\n"
        )
    )
}

#[tokio::test]
async fn a_fix_reaches_an_action_of_the_repository_if_all_its_workflows_are_read() {
    let uses = fixable(
        "  j:\n    runs-on: ubuntu-latest\n    timeout-minutes: 20\n    steps:\n      - uses: ./login\n      - run: \
         make\n",
    );
    let other = "on: push\njobs: {}\n";
    let files = [(".github/workflows/w.yml", &*uses), (".github/workflows/other.yml", other)];
    let folder = repository(&[&files[..], &[("login/action.yml", &chaining_action())]].concat());
    let action = folder.path().join("login/action.yml");
    let path = folder.path().to_str().unwrap();
    let one = folder.path().join(W);
    let ran = Cli::new(&["lint", "--fix", "--github-workflow", one.to_str().unwrap()]).run().await;
    ran.assert_status(1);
    assert!(ran.stderr.contains("other workflows may use"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&action).unwrap(), chaining_action());
    let ran = Cli::new(&["lint", "--fix", "--github-workflow", path]).run().await;
    ran.assert_status(0);
    assert_eq!(fs::read_to_string(&action).unwrap(), chaining_action().replace("7200", "3600"));
}

#[tokio::test]
async fn a_fix_reaches_a_called_workflow_and_is_judged_with_its_new_text() {
    let called = fixable(&format!(
        "  run:\n    runs-on: ubuntu-latest\n    timeout-minutes: 20\n    steps:\n{}{}      - run: make\n",
        on_one_line("p", ""),
        on_one_line("q", ", role-chaining: true, role-duration-seconds: 7200")
    ))
    .replace("on: push", "on: workflow_call");
    let caller = fixable("  a:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n");
    let folder = repository(&[(".github/workflows/called.yml", &called), (".github/workflows/w.yml", &caller)]);
    let ran = Cli::new(&["lint", "--fix", "--github-workflow", folder.path().to_str().unwrap()]).run().await;
    ran.assert_status(0);
    let written = fs::read_to_string(folder.path().join(".github/workflows/called.yml")).unwrap();
    assert_eq!(written, called.replace("7200", "3600"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_file_that_git_assumes_unchanged_is_not_written() {
    let text = one_job(TOKEN, "", &login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    let folder = repository(&[("w.yml", &text)]);
    commit(folder.path());
    let file = folder.path().join("w.yml");
    let changed = format!("# not committed\n{text}");
    for mark in ["--assume-unchanged", "--skip-worktree"] {
        git(folder.path(), &["update-index", mark, "w.yml"]);
        fs::write(&file, &changed).unwrap();
        let ran = Cli::new(&["lint", "--fix", "--github-workflow", file.to_str().unwrap()]).run().await;
        ran.assert_status(2);
        assert_eq!(fs::read_to_string(&file).unwrap(), changed, "{mark}");
        git(folder.path(), &["update-index", &mark.replace("--", "--no-"), "w.yml"]);
    }
}

#[tokio::test]
async fn a_diff_shows_no_command_and_no_hidden_character_of_a_file() {
    let text = one_job(TOKEN, "", &login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    let hostile = text
        .replace("    steps:\n", "    # \u{202e}\n    steps:\n")
        .replace("    runs-on", "    name: |\n      ::stop-commands::x\n    runs-on");
    let ran = Cli::new(&["lint", "--diff", "--github-workflow", W]).file(W, hostile).run().await;
    assert!(ran.stdout.contains("+    timeout-minutes: 50"), "{} {}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("::stop") && !ran.stdout.contains('\u{202e}'), "{}", ran.stdout);
}

/// Profiles: a login, and roles that are assumed with it.
const PROFILES: &str = "# of the team\n[profile base]\nsso_session = s\nsso_account_id = 111111111111\n\
    sso_role_name = d\n\n[sso-session s]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n\n\
    [profile nightly]\n; kept\nrole_arn = arn:aws:iam::333333333333:role/nightly\nsource_profile = base\n\
    duration_seconds = 14400\nregion = eu-west-1\n";

#[tokio::test]
async fn a_profile_that_requests_too_much_by_role_chaining_is_fixed_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, PROFILES).unwrap();
    let name = file.to_str().unwrap();
    let diff = Cli::new(&["lint", "--diff", "--aws-config", name]).run().await;
    assert!(diff.stdout.contains("-duration_seconds = 14400\n+duration_seconds = 3600\n"), "{}", diff.stdout);
    assert_eq!(fs::read_to_string(&file).unwrap(), PROFILES);
    let fixed = Cli::new(&["lint", "--fix", "--aws-config", name]).run().await;
    fixed.assert_status(0);
    let wanted = PROFILES.replace("14400", "3600");
    assert_eq!(fs::read_to_string(&file).unwrap(), wanted);
    let again = Cli::new(&["lint", "--fix", "--aws-config", name]).run().await;
    assert!(!again.stderr.contains("fixed: "), "{}", again.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), wanted);
}

#[tokio::test]
async fn a_profile_is_not_changed_where_no_request_suffices() {
    let chained = PROFILES.replace("duration_seconds = 14400\n", "");
    let ran = Cli::new(&["lint", "--diff", "--length", "4h", "--aws-config", "config"]).file("config", chained).run();
    let ran = ran.await;
    assert_eq!(ran.stdout.trim(), "", "{}", ran.stderr);
    assert!(ran.stderr.contains("not fixed"), "{}", ran.stderr);
}

/// A profile that starts after the change has a copy, which no request covers.
#[tokio::test]
async fn a_profile_with_a_change_that_is_not_enough_is_named_as_changed() {
    let ran = Cli::new(&["lint", "--diff", "--length", "4h", "--aws-config", "config"]).file("config", PROFILES).run();
    let ran = ran.await;
    assert!(ran.stdout.contains("+duration_seconds = 3600\n"), "{}", ran.stdout);
    let line = ran.stderr.lines().find(|line| line.contains("(nightly (copied))")).unwrap();
    assert!(line.ends_with("the change above helps, and no single safe change does the rest"), "{line}");
}

#[tokio::test]
async fn a_diff_without_a_change_says_so() {
    let covered = PROFILES.replace("duration_seconds = 14400\n", "");
    let ran = Cli::new(&["lint", "--diff", "--aws-config", "config"]).file("config", covered).run().await;
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.trim()),
        ("", "Nothing to change: each profile that was judged is covered.")
    );
}

#[tokio::test]
async fn an_inventory_is_not_changed() {
    Cli::new(&["lint", "--fix", "--inventory", "i.yaml"]).file("i.yaml", "version: 1\n").run().await.assert_status(2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_file_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, PROFILES).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let ran = Cli::new(&["lint", "--fix", "--aws-config", file.to_str().unwrap()]).run().await;
    ran.assert_status(2);
    assert_eq!(fs::read_to_string(&file).unwrap(), PROFILES);
}

#[tokio::test]
async fn a_change_that_leaves_one_more_change_is_followed_by_it() {
    let text = format!(
        "{PROFILES}[profile next]\r\nsource_profile = nightly\r\nduration_seconds = 7200\r\n\
         role_arn = arn:aws:iam::444444444444:role/next\r\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, &text).unwrap();
    let name = file.to_str().unwrap();
    let diff = Cli::new(&["lint", "--diff", "--aws-config", name]).run().await;
    assert!(diff.stdout.ends_with("+duration_seconds = 3600\r\n role_arn = arn:aws:iam::444444444444:role/next\r\n"));
    let ran = Cli::new(&["lint", "--fix", "--aws-config", name]).run().await;
    ran.assert_status(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), text.replace("14400", "3600").replace("7200", "3600"));
    assert_eq!(ran.stderr.matches(": duration_seconds = 3600").count(), 2, "{}", ran.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn a_fix_runs_no_program_that_the_repository_names() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.yml");
    let text = one_job(TOKEN, "", &login("v5", &format!("role-to-assume: \"{ROLE}\"")));
    fs::write(&file, &text).unwrap();
    fs::write(folder.path().join(".gitattributes"), "*.yml filter=own\n").unwrap();
    commit(folder.path());
    let ran = folder.path().join("ran");
    let program = format!("touch {}; cat", ran.display());
    for setting in ["filter.own.clean", "filter.own.smudge", "filter.own.process", "core.fsmonitor"] {
        git(folder.path(), &["config", setting, &program]);
    }
    let hook = folder.path().join(".git/hooks/post-index-change");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\n{program}\n")).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    // The same text with another time: Git would have to read the file.
    fs::write(&file, &text).unwrap();
    let fixed = Cli::new(&["lint", "--fix", "--github-workflow", file.to_str().unwrap()]).run().await;
    assert!(fixed.stderr.contains("fixed: "), "{}", fixed.stderr);
    assert!(!ran.exists());
    let refused = Cli::new(&["lint", "--fix", "--github-workflow", file.to_str().unwrap()]);
    fs::write(&file, text.replace("run: make", "run: make all")).unwrap();
    refused.run().await.assert_status(2);
    assert!(!ran.exists());
}

#[tokio::test]
async fn the_output_names_the_line_of_a_new_timeout_and_each_login_that_is_not_fixed() {
    let fixed = fixable(&format!("  a:\n    runs-on: ubuntu-latest\n    steps:\n{}", on_one_line("p", "")));
    let steps = on_one_line("q", "") + &on_one_line("r", ", role-chaining: true");
    let text = fixed + &format!("  b:\n    runs-on: ubuntu-latest\n    timeout-minutes: 100\n    steps:\n{steps}");
    for option in ["--fix", "--diff"] {
        let ran = Cli::new(&["lint", option, "--github-workflow", W]).file(W, text.clone()).run().await;
        let cancels = format!("note: {W}:6: GitHub cancels");
        assert_eq!(ran.stderr.matches(&cancels).count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("1 login is not fixed:\n  {W}:14 (w/b): ")), "{}", ran.stderr);
    }
}
