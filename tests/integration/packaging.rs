//! The other files of a package of the command: completions and manual pages.

use crate::harness::{Cli, version};

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
