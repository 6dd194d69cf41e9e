//! What the findings about roles as they will be share: for each role of a template or a plan, whether its trust policy
//! will let in the hops before it.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::inventory::{Job, RoleArn};
use crate::templates::policy::{Answer, Caller, PrincipalKind};
use crate::templates::{Note, PlannedRole, Setting};

/// A caller of a role that a file defines, and what the role's trust policy will make of it.
pub(super) struct Asked<'a> {
    pub(super) role: &'a RoleArn,
    pub(super) planned: &'a PlannedRole,
    pub(super) caller: Caller<'a>,
    pub(super) answer: Answer,
    /// The first hop at which the caller asks.
    pub(super) hop: usize,
    pub(super) jobs: Vec<&'a Job>,
}

/// Every distinct pair of a caller and a role whose trust policy a file tells, in a stable order.
pub(super) fn asked<'a>(subject: &'a Subject<'a>) -> Vec<Asked<'a>> {
    let mut asked: BTreeMap<(&RoleArn, Caller<'_>), Asked<'_>> = BTreeMap::new();
    for job in subject.jobs.iter().copied() {
        for (index, hop) in job.path.iter().enumerate() {
            let (Some(role), Some(planned)) = (hop.role.arn(), subject.planned(&hop.role)) else { continue };
            let Setting::Known(trust) = &planned.trust else { continue };
            let caller = match index.checked_sub(1) {
                Some(before) => match job.path[before].role.arn() {
                    Some(caller) => Caller::Role(caller),
                    None => continue,
                },
                None => match PrincipalKind::of(&job.source) {
                    Some(kind) => Caller::Source(job.source.kind(), kind),
                    None => continue,
                },
            };
            let known = asked.entry((role, caller)).or_insert_with(|| Asked {
                role,
                planned,
                caller,
                answer: trust.answer(caller, &subject.inventory.role(role)),
                hop: index,
                jobs: Vec::new(),
            });
            known.hop = known.hop.min(index);
            known.jobs.push(job);
        }
    }
    asked.into_values().collect()
}

/// What the files leave open about the roles of this run, and of the files themselves.
pub(crate) fn notes(subject: &Subject<'_>) -> Vec<Note> {
    let used = |note: &&Note| note.role.as_ref().is_none_or(|role| subject.plan.roles.contains_key(role));
    let planned = subject.facts.planned().into_iter().flat_map(|planned| &planned.notes);
    let mut notes: Vec<Note> = planned.filter(used).cloned().collect();
    notes.extend(asked(subject).into_iter().filter_map(|asked| match asked.answer {
        Answer::NotConcluded(why) => Some(Note {
            role: Some(asked.role.clone()),
            from: asked.planned.from.clone(),
            text: format!("whether it lets in {} is not concluded: {why}", asked.caller),
        }),
        Answer::Allows | Answer::Refuses(_) => None,
    }));
    notes.sort();
    notes.dedup();
    notes
}
