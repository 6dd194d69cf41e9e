//! `duration-refused`: STS refused the duration of a request, as CloudTrail recorded it.

use std::collections::BTreeMap;

use super::evidence::{Fact, FactKind, Provenance};
use super::model::Finding;
use super::registry::{Detect, FindingId, define};
use super::subject::Subject;
use crate::cloudtrail::model::RefusalKind;
use crate::cloudtrail::{RefusedRequest, Sessions, time};
use crate::fixes::Fix;
use crate::inventory::{Job, JobName, RoleArn, RoleRef};
use crate::lease::rules::{ASSUME_ROLE_RANGE, CHAIN_CAP, SESSION_TOKEN_RANGE};
use crate::visible::printable;

define!(
    "duration-refused",
    Critical,
    ends: AtTheStart,
    detect: &[Detect::Sessions(find)],
    change_facts: &[FactKind::Answer],
);

fn find(subject: &Subject<'_>, trail: &Sessions, out: &mut Vec<Finding>) {
    let mut of_role: BTreeMap<Option<RoleRef>, Vec<&RefusedRequest>> = BTreeMap::new();
    for refused in trail.refused.iter().filter(|refused| refused.kind.is_of_duration()) {
        let role = refused.role.as_deref().and_then(|role| RoleArn::parse(role).ok()).map(RoleRef::from);
        of_role.entry(role).or_default().push(refused);
    }
    for (role, refused) in of_role {
        out.extend(describe(subject, role, &refused));
    }
}

fn describe(subject: &Subject<'_>, role: Option<RoleRef>, refused: &[&RefusedRequest]) -> Option<Finding> {
    let last = refused.last()?;
    let users: Vec<(&Job, usize)> = role.as_ref().map(|role| subject.users_of(role).to_vec()).unwrap_or_default();
    // A filter that excludes every job with the role excludes the finding.
    if subject.filtered && !users.iter().any(|(job, _)| subject.jobs.iter().any(|of| of.name == job.name)) {
        return None;
    }
    let names: Vec<JobName> = users.iter().map(|(job, _)| job.name.clone()).collect();
    let caller = printable(last.caller.as_deref().unwrap_or("an unknown caller"));
    let message = printable(last.error_message.as_deref().unwrap_or_default());
    let target = role.as_ref().map_or_else(|| "a role".to_owned(), ToString::to_string);
    let at = time::format(last.at);
    let times = if refused.len() == 1 { "once".to_owned() } else { format!("{} times", refused.len()) };
    let detail = format!(
        "STS refused the duration of {} for {target} {times}, the last time at {at}: {message} The caller was \
         {caller}. A refused request issues no session: the caller cannot start.",
        printable(&last.operation)
    );
    let finding = Finding::new(FindingId::DurationRefused, None, role, users.iter().map(|(_, hop)| *hop).min())
        .owned_by_each(users.iter().map(|(job, _)| *job))
        .evidence(Fact::Call(printable(&last.operation)), Provenance::CloudTrail("eventName"))
        .evidence(Fact::Caller(Some(caller)), Provenance::CloudTrail("userIdentity.arn"))
        .evidence(Fact::Answer(format!("{}: {message}", last.error_code)), Provenance::CloudTrail("errorMessage"))
        .evidence(Fact::Time(Some(at)), Provenance::CloudTrail("eventTime"))
        .evidence(Fact::Count(i64::try_from(refused.len()).unwrap_or(i64::MAX)), Provenance::CloudTrail("records"))
        .evidence(Fact::Jobs(names), Provenance::WholeInventory)
        .titled(format!("STS refused the duration of requests for {target} {times}"))
        .detailed(detail);
    Some(finding.fixes([fix(last)]))
}

fn fix(refused: &RefusedRequest) -> Fix {
    Fix::step(match refused.kind {
        RefusalKind::AboveMaxSession => {
            "Request at most the role's MaxSessionDuration, or raise the MaxSessionDuration to the requested duration."
                .to_owned()
        }
        RefusalKind::AboveChainCap => format!(
            "Request at most {} seconds, or let the caller assume the role without another session before it.",
            CHAIN_CAP.0
        ),
        RefusalKind::OutOfRange | RefusalKind::Denied | RefusalKind::Expired | RefusalKind::Other => {
            let accepted = match &*refused.operation {
                "GetSessionToken" | "GetFederationToken" => SESSION_TOKEN_RANGE,
                _ => ASSUME_ROLE_RANGE,
            };
            format!("Request from {} to {} seconds.", accepted.start().0, accepted.end().0)
        }
    })
}
