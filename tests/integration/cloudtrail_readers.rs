//! The sessions that the command reads from CloudTrail, against a second reader in Python (`tests/cloudtrail`).

use std::path::Path;
use std::process::Command;

use crate::harness::COMMAND;

/// Runs the comparison over the logs of some seeds. It fails with the first difference of each log.
fn compare(collisions: &str, damaged: &str, generated: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cloudtrail/compare.py");
    let ended = Command::new("python3")
        .arg("-B")
        .arg(script)
        .args(["--command", COMMAND])
        .args(["--collisions", "0", collisions])
        .args(["--damaged", "0", damaged])
        .args(["--generated", "0", generated])
        .output()
        .expect("python3 is installed");
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}\n{err}");
}

#[test]
fn both_readers_find_the_same_sessions_in_records_that_collide() {
    compare("40", "0", "0");
}

#[test]
fn both_readers_find_the_same_sessions_in_every_form_of_file_and_in_damaged_files() {
    compare("0", "40", "0");
}

#[test]
fn both_readers_find_the_sessions_that_the_generator_wrote() {
    compare("0", "0", "2");
}
