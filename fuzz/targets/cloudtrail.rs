//! A CloudTrail log, compressed or not, or a result of the Athena query, to its sessions and their inventory.
#![no_main]

use std::path::PathBuf;

use credential_health::cloudtrail::Sessions;
use credential_health::cloudtrail::build::BuildOptions;
use credential_health::cloudtrail::collect::Window;
use credential_health::cloudtrail::forms::{csv, html, text};
use credential_health::cloudtrail::read::{self, ReadOptions, STANDARD_INPUT};
use credential_health::import::cloudtrail;
use credential_health::templates::Planned;
use credential_health_fuzz::{all_forms, is_visible, linted, reads_back};

fn sessions(data: &[u8], threads: usize) -> Sessions {
    let options = BuildOptions { service_linked: true, threads };
    let reading = ReadOptions { window: Window::default(), threads, until: None, separately: false, first: 0 };
    read::paths(&[PathBuf::from(STANDARD_INPUT)], data, &reading).into_sessions(&options)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let read = sessions(data, 1);
    let json = |sessions: &Sessions| serde_json::to_string(sessions).expect("JSON");
    assert_eq!(json(&read), json(&sessions(data, 2)), "the number of threads changes nothing");
    assert!(read.window.from <= read.window.to);
    assert!(read.sessions.is_sorted_by_key(|session| (session.issued_at, session.access_key_id.clone())));
    let calls: u64 = read.sessions.iter().map(|session| session.calls).sum();
    let is_log = !data.starts_with(b"row_kind") && !data.starts_with(b"\"row_kind");
    assert!(!is_log || calls <= read.records, "{calls} calls in {} records", read.records);
    for (index, session) in read.sessions.iter().enumerate() {
        assert_eq!(session.first_used.is_some(), session.last_used.is_some());
        assert!(session.first_used <= session.last_used);
        assert!(session.renewed.is_none_or(|renewed| renewed < index), "a session renews an earlier session");
        assert_eq!(session.renewed.is_some(), session.renews.is_some());
    }
    is_visible("sessions", &anstream::adapter::strip_str(&text::render(&read, 100)).to_string());
    assert!(csv::render(&read).starts_with(b"access_key_id"));
    let page = html::render(&read);
    assert_eq!(page.matches("</script>").count(), 2, "a name ends a script");

    let imported = cloudtrail::jobs(&read);
    if !imported.inventory.jobs.is_empty() {
        reads_back(&imported.inventory, &imported.to_yaml());
        all_forms(&linted(&imported.inventory, Planned::default()));
    }
});
