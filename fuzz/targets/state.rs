//! The state object in S3, which records the published findings, to the messages of the next run.
#![no_main]

use credential_health::findings::Severity;
use credential_health::notify::messages_of_changes;
use credential_health::state::{self, Changes, DEFAULT_REMIND_AFTER, Delivery, Previous, Run, Tellings};
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
            in_line("the reason why the state is invalid", &unreadable.to_string());
            Previous::Lost { why: unreadable.to_string() }
        }
    };
    let report = linted(&KNOWN, Planned::default());
    let run = Run::new(&report, *NOW, Severity::Low, DEFAULT_REMIND_AFTER);
    let changes = Changes::new(&previous, &run);
    for max_bytes in [1024, 262_144] {
        messages(&messages_of_changes(&report, &changes, 1, max_bytes), max_bytes);
    }
    let published: usize = changes.owners.values().map(|owner| owner.open.len()).sum();
    let open = report.open_findings().count();
    assert!(
        matches!(previous, Previous::Known(_)) || published == open,
        "{published} of {open} findings are published without a known state"
    );
    if let Some(ahead) = state::ahead(&changes, &run) {
        assert_eq!(
            state::read(state::print(&ahead).as_bytes(), *NOW).as_ref(),
            Ok(&ahead),
            "the state written ahead is valid"
        );
    }
    let mut tellings = Tellings::default();
    tellings.note(&changes, &run, None, |_, _| Delivery::Out);
    let next = state::next(&previous, &run, &tellings);
    assert_eq!(state::read(state::print(&next).as_bytes(), *NOW).as_ref(), Ok(&next), "the next state is valid");
});
