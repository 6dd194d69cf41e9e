//! Waivers of a known inventory: each hides the named findings until its last day, and nothing else.
#![no_main]

use credential_health::findings::FindingId;
use credential_health::inventory::Inventory;
use credential_health::templates::Planned;
use credential_health_fuzz::{INVENTORY, KNOWN, NOW, all_forms, check_problems, linted, statuses, text, yaml_lines};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(waivers) = text(data) else { return };
    let text = format!("{INVENTORY}waivers:\n{waivers}");
    let inventory = match Inventory::parse("jobs.yaml", &text) {
        Err(problems) => return check_problems(&problems, &yaml_lines(&text)),
        // The input ended the list of waivers and added other keys.
        Ok(inventory) if inventory.jobs != KNOWN.jobs || inventory.roles != KNOWN.roles => return,
        Ok(inventory) => inventory,
    };
    let (bare, report) = (linted(&KNOWN, Planned::default()), linted(&inventory, Planned::default()));
    all_forms(&report);
    assert_eq!(bare.jobs, report.jobs, "a waiver changes no verdict");

    let about_waivers = [FindingId::WaiverExpired, FindingId::WaiverUnused];
    let mut left = statuses(&report);
    left.retain(|(id, ..)| !about_waivers.contains(id));
    left.iter_mut().for_each(|(.., waived)| *waived = false);
    left.sort();
    let mut all = statuses(&bare);
    all.sort();
    assert_eq!(left, all, "a waived finding stays in the report");

    let today = NOW.to_zoned(jiff::tz::TimeZone::UTC).date();
    for finding in &report.findings {
        let Some(waived) = &finding.waived else { continue };
        let by = inventory.waivers.iter().find(|waiver| {
            (waiver.finding, &waiver.reason, waiver.until.to_string())
                == (finding.id, &waived.reason, waived.until.to_string())
        });
        let by = by.unwrap_or_else(|| panic!("no waiver of {} says so: {waived:?}", finding.id));
        assert!(by.until >= today && !by.reason.trim().is_empty(), "{by:?}");
    }
    let expired = inventory.waivers.iter().any(|waiver| waiver.until < today);
    assert_eq!(expired, report.findings.iter().any(|finding| finding.id == FindingId::WaiverExpired));
});
