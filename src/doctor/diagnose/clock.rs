//! The local clock against AWS's.

use super::commands::SET_CLOCK;
use super::{Diagnosis, Subject};
use crate::inventory::Seconds;

/// AWS refuses requests from here on (IAM User Guide, signature-v4-troubleshooting: `Signature
/// expired`, `Signature not yet current`).
const REFUSED_SECONDS: u64 = 900;
/// As finding `clock-skew`: some services refuse at five minutes.
const TOLERATED_SECONDS: u64 = 240;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Diagnosis>) {
    let Some(offset) = subject.facts.asked.as_ref().and_then(|asked| asked.clock_offset) else { return };
    let off = Seconds(offset.unsigned_abs());
    let direction = if offset > 0 { "ahead of" } else { "behind" };
    let what = format!("This machine's clock is {off} {direction} AWS's");
    if off.0 >= REFUSED_SECONDS {
        out.push(Diagnosis::problem(
            "clock-wrong",
            what,
            "AWS refuses requests whose time is 15 minutes or more off its own. Some SDKs correct for it after the first refusal; the AWS CLI and most other programs do not.",
            SET_CLOCK,
        ));
    } else if off.0 >= TOLERATED_SECONDS {
        out.push(Diagnosis::warning(
            "clock-drifts",
            what,
            "Some services of AWS refuse requests from five minutes on, all of them from fifteen. Tools that renew by the clock do so too early or too late.",
            SET_CLOCK,
        ));
    } else {
        // A second is the Date header's own grain.
        let within = if off.0 > 1 { format!(", within {off}") } else { String::new() };
        out.push(Diagnosis::ok("clock", format!("This machine's clock is right{within}")));
    }
}
