//! The other files of a package of the command: completions and manual pages.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{COMMAND, Cli, ROOT, version};

/// Builds the layer of this inventory as `sam build` does.
#[cfg(unix)]
fn build_layer(jobs: &str, artifacts: &Path) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.yaml"), jobs).unwrap();
    Command::new("make")
        .args(["--makefile", &format!("{ROOT}/inventory/Makefile"), "build-InventoryLayer"])
        .env("ARTIFACTS_DIR", artifacts)
        .env("CREDENTIAL_HEALTH", COMMAND)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn a_layer_is_built_of_an_inventory_that_lint_can_read_and_of_no_other() {
    let artifacts = tempfile::tempdir().unwrap();
    let layer = artifacts.path().join("inventory/jobs.yaml");
    let broken = build_layer("version: 1\njobs: [[[\n", artifacts.path());
    let stderr = String::from_utf8_lossy(&broken.stderr);
    assert!(!broken.status.success() && !layer.exists(), "{stderr}");
    assert!(stderr.contains("jobs.yaml:2") && stderr.contains("inventory/: not built"), "{stderr}");
    // A finding is no reason not to deploy: the function is to publish it.
    let job = "{name: a, length: 20h, source: ecs-task, path: [\"arn:aws:iam::222222222222:role/etl\"]}";
    let built = build_layer(&format!("version: 1\njobs: [{job}]\n"), artifacts.path());
    assert!(built.status.success() && layer.exists(), "{}", String::from_utf8_lossy(&built.stderr));
}

#[tokio::test]
async fn each_shell_gets_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Cli::new(&["completions", shell]).run().await;
        ran.assert_status(0);
        for word in ["check", "lint", "explain", "import", "doctor", "schema", "--inventory", "--fail-on"] {
            let word = if shell == "fish" { word.trim_start_matches("--") } else { word };
            assert!(ran.stdout.contains(word), "{shell} completes no {word}:\n{}", ran.stdout);
        }
    }
}

#[tokio::test]
async fn an_unknown_shell_is_refused_with_the_list_of_known_shells() {
    let ran = Cli::new(&["completions", "cmd"]).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("bash, elvish, fish, powershell, zsh"), "{}", ran.stderr);
}

#[tokio::test]
async fn each_command_has_a_manual_page_with_the_version() {
    let ran = Cli::new(&["manual-pages", "."]).run().await;
    ran.assert_status(0);
    for page in ["credential-health.1", "credential-health-check.1", "credential-health-import-aws-config.1"] {
        let text = ran.file(page);
        assert!(page != "credential-health.1" || text.contains(version()), "{text}");
        assert!(text.contains(".SH OPTIONS"), "{page}:\n{text}");
    }
}

#[tokio::test]
async fn manual_pages_are_not_written_to_a_folder_that_does_not_exist() {
    let ran = Cli::new(&["manual-pages", "nowhere"]).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("cannot write to nowhere"), "{}", ran.stderr);
}
