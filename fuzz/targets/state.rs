//! The state object in S3, which records the published findings, to the messages of the next run.
#![no_main]

use credential_health::findings::Severity;
use credential_health::notify::state::{self, Changes, DEFAULT_REMIND_AFTER, Previous, PublishedChanges, Run};
use credential_health::notify::state::{state_after_publishing, state_before_publishing};
use credential_health::notify::{Delivery, messages_of_changes};
use credential_health::templates::Planned;
use credential_health_fuzz::{KNOWN, NOW, in_line, linted, messages};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let previous = match state::read(data, *NOW) {
        Ok(read) => {
            let again = state::read(state::print(&read).as_bytes(), *NOW);
            assert_eq!(again.as_ref(), Ok(&read), "a written state is read back");
            Previous::Known(read)
        }
        Err(unreadable) => {
            in_line("why it is not a state", &unreadable.to_string());
            Previous::Lost { why: unreadable.to_string() }
        }
    };
    let report = linted(&KNOWN, Planned::default());
    let run = Run::new(&report, *NOW, Severity::Low, DEFAULT_REMIND_AFTER);
    let changes = Changes::new(&previous, &run);
    for max_bytes in [1024, 262_144] {
        messages(&messages_of_changes(&report, &changes, 1, max_bytes), max_bytes);
    }
    let listed: usize = changes.owners.values().map(|owner| owner.open.len()).sum();
    let open: usize = report.open_findings().map(|finding| finding.owners.len()).sum();
    assert!(matches!(previous, Previous::Known(_)) || listed == open, "{listed} of {open} without a state");
    if let Some(before) = state_before_publishing(&changes, &run) {
        let read = state::read(state::print(&before).as_bytes(), *NOW);
        assert_eq!(read.as_ref(), Ok(&before), "the state before publishing is valid");
    }
    let mut published = PublishedChanges::default();
    published.record(&changes, &run, None, |_| Delivery::Published);
    let next = state_after_publishing(&previous, &run, &published);
    assert_eq!(state::read(state::print(&next).as_bytes(), *NOW).as_ref(), Ok(&next), "the next state is valid");
});
