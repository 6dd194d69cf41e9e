//! The local clock against AWS's.

use super::commands::SET_CLOCK;
use super::{Diagnosis, DiagnosisSubject};
use crate::inventory::Seconds;
use crate::lease::rules::SIGNATURE_TOLERANCE;

/// As the finding `clock-skew`: some services refuse requests from five minutes on.
const TOLERATED: Seconds = Seconds::minutes(4);

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let Some(offset) = subject.facts.asked.as_ref().and_then(|asked| asked.clock_offset) else { return };
    let off = Seconds(offset.unsigned_abs());
    let direction = if offset > 0 { "ahead of" } else { "behind" };
    let what = format!("This machine's clock is {off} {direction} AWS's");
    if off >= SIGNATURE_TOLERANCE {
        out.push(Diagnosis::problem(
            "clock-wrong",
            what,
            "AWS refuses requests whose time is 15 minutes or more off its own. Some SDKs correct for it after the \
             first refusal; the AWS CLI and most other programs do not.",
            SET_CLOCK,
        ));
    } else if off >= TOLERATED {
        out.push(Diagnosis::warning(
            "clock-drifts",
            what,
            "Some services of AWS refuse requests from five minutes on, all of them from fifteen. Tools that renew by \
             the clock do so too early or too late.",
            SET_CLOCK,
        ));
    } else {
        // The Date header has whole seconds.
        let within = if off.0 > 1 { format!(", within {off}") } else { String::new() };
        out.push(Diagnosis::ok("clock", format!("This machine's clock is right{within}")));
    }
}
