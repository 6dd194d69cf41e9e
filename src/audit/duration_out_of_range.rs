//! `duration-out-of-range`: a requested DurationSeconds is outside what the API accepts at all.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::Source;
use crate::lease::{Refusal, rules};

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::DurationOutOfRange).map(|found| {
        let requested = found.hop().map(|(_, lease)| lease.requested).or(match found.job.source {
            Source::SessionToken { duration } | Source::FederationToken { duration } | Source::RolesAnywhere { duration } => Some(duration),
            _ => None,
        });
        let requested = requested.unwrap_or_default();
        let accepted = match &found.judgement.refusal {
            Some(Refusal::OutOfRange { accepted }) => accepted.clone(),
            _ => rules::ASSUME_ROLE_RANGE,
        };
        let (least, most) = (*accepted.start(), *accepted.end());
        let call = match (found.hop(), found.job.source) {
            (Some(_), _) => "AssumeRole",
            (None, Source::SessionToken { .. }) => "GetSessionToken",
            (None, Source::FederationToken { .. }) => "GetFederationToken",
            (None, _) => "CreateSession",
        };
        found
            .finding()
            .evidence("requested_seconds_of_call", requested.0, "inventory")
            .evidence("accepted_seconds", format!("{} to {}", least.0, most.0), format!("AWS API model: {call}"))
            .titled(format!("{} cannot start: it asks {} for {}s, which the API does not accept", found.job.name, found.limiting_name(), requested.0))
            .detailed(format!(
                "{call} accepts a duration of {} to {} seconds and refuses anything else with a ValidationError; it does not shorten the \
                 request. {} asks for {} seconds, so it has no credentials at all.",
                least.0, most.0, found.job.name, requested.0
            ))
            .remedies(subject.ways(found.job))
    }));
}
