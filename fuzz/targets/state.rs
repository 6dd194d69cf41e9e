//! The object in S3 that says what subscribers were told last, to the messages of the next run.
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
            assert_eq!(again.as_ref(), Ok(&read), "what is written is read back");
            Previous::Known(read)
        }
        Err(unreadable) => {
            in_line("why it is no state", &unreadable.to_string());
            Previous::Lost { why: unreadable.to_string() }
        }
    };
    let report = linted(&KNOWN, Planned::default());
    let run = Run::new(&report, *NOW, Severity::Low, DEFAULT_REMIND_AFTER);
    let changes = Changes::new(&previous, &run);
    for max_bytes in [1024, 262_144] {
        messages(&messages_of_changes(&report, &changes, 1, max_bytes), max_bytes);
    }
    let told: usize = changes.owners.values().map(|owner| owner.open.len()).sum();
    let open = report.open_findings().count();
    assert!(matches!(previous, Previous::Known(_)) || told == open, "{told} of {open} are told, and nothing is known");
    if let Some(ahead) = state::ahead(&changes, &run) {
        assert_eq!(
            state::read(state::print(&ahead).as_bytes(), *NOW).as_ref(),
            Ok(&ahead),
            "what is written ahead is a state"
        );
    }
    let mut tellings = Tellings::default();
    tellings.note(&changes, &run, None, |_, _| Delivery::Out);
    let next = state::next(&previous, &run, &tellings);
    assert_eq!(state::read(state::print(&next).as_bytes(), *NOW).as_ref(), Ok(&next), "the next state is one");
});
