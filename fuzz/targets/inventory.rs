//! An inventory, from its bytes to every form of its report.
#![no_main]

use credential_health::inventory::{Comments, Inventory};
use credential_health::templates::Planned;
use credential_health_fuzz::{all_forms, check_problems, linted, reads_back, text, yaml_lines};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    match Inventory::parse("jobs.yaml", text) {
        Err(problems) => check_problems(&problems, &yaml_lines(text)),
        Ok(inventory) => {
            assert!(!inventory.jobs.is_empty(), "a valid inventory has a job");
            reads_back(&inventory, &inventory.to_yaml(&Comments::default()));
            all_forms(&linted(&inventory, Planned::default()));
        }
    }
});
