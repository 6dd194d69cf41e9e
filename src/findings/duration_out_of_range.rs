//! `duration-out-of-range`: a requested DurationSeconds is outside the range that the API accepts.

use super::evidence::{Fact, FactKind, Provenance};
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::lease::{Judgement, LimitedBy, Refusal};

define!(
    "duration-out-of-range",
    Critical,
    ends: AtTheStart,
    detect: &[Detect::Verdict { applies, describe }],
    // The job's length and the role's maximum do not make such a request a changed finding.
    change_facts: &[FactKind::RequestedOutOfRange],
);

fn applies(judgement: &Judgement) -> bool {
    judgement.limited_by == Some(LimitedBy::DurationRange)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let Some(Refusal::OutOfRange { requested, accepted }) = &found.judgement.refusal else { return None };
    let (least, most) = (accepted.start().0, accepted.end().0);
    let name = &found.job.name;
    let own_call = found.job.source.own_call().filter(|_| found.limiting_hop().is_none());
    let call = own_call.map_or("AssumeRole", |(call, _)| call.name());
    let read = found.misread().map_or_else(String::new, |text| format!(", as the action reads `{text}`"));
    let title = format!(
        "{name} cannot start: it requests {}s from {}{read}; the API accepts {least} to {most}",
        requested.0,
        found.limiting_name()
    );
    let misreading = found.describe_misreading();
    let detail = format!(
        "{call} accepts a duration of {least} to {most} seconds. It refuses any other duration with a ValidationError \
         and does not change the request. {name} requests {} second{}, so it gets no credentials.{}",
        requested.0,
        if requested.0 == 1 { "" } else { "s" },
        misreading.as_ref().map_or_else(String::new, |read| format!(" {read}"))
    );
    let finding = found
        .finding()
        .evidence(Fact::RequestedOutOfRange(*requested), Provenance::WholeInventory)
        .evidence(Fact::Accepted(accepted.clone()), Provenance::ApiModel(call));
    let finding = finding.titled(title).detailed(detail).fixes(found.subject.ways(found.job));
    Some(match misreading {
        Some(misreading) => finding.because(misreading),
        None => finding,
    })
}
