//! Shared parts of findings about planned roles: whether the trust policy of a role in a template or a plan allows
//! the previous hop.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::inventory::{Job, RoleArn};
use crate::templates::policy::{TrustAnswer, TrustCaller};
use crate::templates::{Note, PlannedRole, PlannedSetting};

/// A caller of a planned role, and the result of the role's trust policy.
pub(super) struct PlannedCall<'a> {
    pub(super) role: &'a RoleArn,
    pub(super) planned: &'a PlannedRole,
    pub(super) caller: TrustCaller<'a>,
    /// The external ID that the files of the jobs declare for the role.
    pub(super) external_id: Option<String>,
    pub(super) answer: TrustAnswer,
    /// The first hop at which the caller assumes the role.
    pub(super) hop: usize,
    pub(super) jobs: Vec<&'a Job>,
}

/// Every distinct caller of a role with a planned trust policy, and external ID, in a stable order.
pub(super) fn planned_calls<'a>(subject: &'a Subject<'a>) -> Vec<PlannedCall<'a>> {
    let mut calls: BTreeMap<(&RoleArn, TrustCaller<'_>, Option<String>), PlannedCall<'_>> = BTreeMap::new();
    for job in subject.jobs.iter().copied() {
        for (index, hop) in job.path.iter().enumerate() {
            let (Some(role), Some(planned)) = (hop.role.arn(), subject.planned(&hop.role)) else { continue };
            let PlannedSetting::Known(trust) = &planned.trust else { continue };
            let caller = match index.checked_sub(1) {
                Some(before) => match job.path[before].role.arn() {
                    Some(caller) => TrustCaller::Role(caller),
                    None => continue,
                },
                None => match job.source.principal() {
                    Some(kind) => TrustCaller::Source(job.source.kind(), kind),
                    None => continue,
                },
            };
            let details = subject.details_for(job, role);
            let key = (role, caller, details.external_id.clone());
            let known = calls.entry(key).or_insert_with(|| PlannedCall {
                role,
                planned,
                caller,
                answer: trust.answer(caller, &details),
                external_id: details.external_id,
                hop: index,
                jobs: Vec::new(),
            });
            known.hop = known.hop.min(index);
            known.jobs.push(job);
        }
    }
    calls.into_values().collect()
}

/// The notes about the roles of this run and about the files themselves.
pub(crate) fn notes(subject: &Subject<'_>) -> Vec<Note> {
    let used = |note: &&Note| note.role.as_ref().is_none_or(|role| subject.plan.roles.contains_key(role));
    let planned = subject.facts.planned().into_iter().flat_map(|planned| &planned.notes);
    let mut notes: Vec<Note> = planned.filter(used).cloned().collect();
    notes.extend(planned_calls(subject).into_iter().filter_map(|call| match call.answer {
        TrustAnswer::NotConcluded(why) => Some(Note {
            role: Some(call.role.clone()),
            from: call.planned.from.clone(),
            text: format!("whether its trust policy allows {} is not known: {why}", call.caller),
        }),
        TrustAnswer::Allows | TrustAnswer::Refuses(_) => None,
    }));
    notes.sort();
    notes.dedup();
    notes
}
