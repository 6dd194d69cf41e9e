//! `~/.aws/config` and `~/.aws/credentials`, separated by a line of `====`, to the imported inventory.
#![no_main]

use credential_health::import::aws_config::{ImportOptions, import};
use credential_health::inventory::Location;
use credential_health::shared_config::{Kind, SharedConfig};
use credential_health::templates::Planned;
use credential_health_fuzz::{NOW, all_forms, check_remarks, linted, reads_back, text};

const SECRET: &str = "fuzz-canary";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let (config, credentials) = match text.split_once("\n====\n") {
        Some((config, credentials)) => (config, Some(credentials.to_owned())),
        None => (text, None),
    };
    let texts = [("config", Some(config.to_owned())), ("credentials", credentials)];
    let given = [Kind::Config, Kind::Credentials].into_iter().zip(texts.clone());
    let read = SharedConfig::parse(given.map(|(kind, (name, text))| (kind, name.to_owned(), text)));
    let text_of = |file: &str| texts.iter().find(|(name, _)| *name == file).and_then(|(_, text)| text.clone());
    check_remarks(read.problems().iter().map(|trouble| &trouble.remark), text_of);
    for profile in read.profiles() {
        if let Err(fault) = read.chain(&profile.name) {
            check_remarks([&*fault.remark], text_of);
        }
    }

    let imported = import(&read, ImportOptions { length: None, now: *NOW });
    check_remarks(&imported.not_imported, text_of);
    check_remarks(&imported.notes, text_of);
    let yaml = imported.to_yaml();
    let mut shown = format!("{yaml}{:?}{:?}", imported.not_imported, imported.notes);
    if !imported.inventory.jobs.is_empty() {
        reads_back(&imported.inventory, &yaml);
        let report = linted(&imported.inventory, Planned::default());
        all_forms(&report);
        assert!(report.jobs.iter().all(|job| job.location != Location::default()));
        shown.push_str(&serde_json::to_string(&report).expect("JSON"));
    }
    // Only if it occurs nowhere except as the value of a key.
    let hidden = |line: &str| {
        let keys = ["aws_secret_access_key =", "aws_session_token ="];
        !line.contains(SECRET) || keys.iter().any(|key| line.starts_with(key))
    };
    assert!(!text.lines().all(hidden) || !shown.contains(SECRET), "{shown}");
});
