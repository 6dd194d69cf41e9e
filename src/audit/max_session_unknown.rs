//! `max-session-unknown`: the verdict needs a MaxSessionDuration that is not known.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::facts::Description;
use crate::finding::FindingId;
use crate::inventory::{Job, RoleArn, Seconds};
use crate::lease::rules::LONGEST_SESSION;
use crate::lease::{Verdict, judge};
use crate::remedy::Remedy;
use crate::templates::{PlannedRole, Setting, Unresolved};

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::MaxSessionUnknown).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        let (name, role) = (&found.job.name, hop.role.name());
        if let Some((planned, why)) = open_in_a_file(subject, &hop.role) {
            return Some(
                found
                    .finding()
                    .evidence("reason", why.to_string(), planned.max_session_from.as_str())
                    .titled(format!("{name} asks {role} for {}, and its MaxSessionDuration is not known before deployment", lease.requested))
                    .detailed(format!(
                        "{name} asks {role} for {} seconds. Whether STS grants that depends on the role's MaxSessionDuration, which {} leaves open: {why}. \
                         What the inventory declares is not what decides. If it will be less, the job cannot start.",
                        lease.requested.0, planned.max_session_from
                    ))
                    .remedies([Remedy::step(what_would_tell(planned, why))]),
            );
        }
        let why = match subject.facts.described.get(&hop.role) {
            None => "and this run reads nothing from AWS".to_owned(),
            Some(Description::NoReader) => format!("and nobody can read it: no reader is declared for account {}", hop.role.account()),
            Some(Description::NotReached) => "and no session in its account was to be had".to_owned(),
            Some(Description::Failed(failure)) => format!("and reading it failed: {}", failure.message),
            Some(Description::Known { .. }) => String::new(),
        };
        Some(
            found
                .finding()
                .titled(format!("{name} asks {role} for {}, and its MaxSessionDuration is not known", lease.requested))
                .detailed(format!(
                    "{name} asks {role} for {} seconds. Whether STS grants that depends on the role's MaxSessionDuration, which the inventory does not \
                     declare, {why}. If it is less, the job cannot start.",
                    lease.requested.0
                ))
                .remedies([
                    Remedy::step(format!(
                        "Look it up, and declare it as `max_session_duration` of the role: {}. {}",
                        hop.role,
                        what_comes_of_it(subject, found.job, lease.requested)
                    ))
                    .cli(format!("aws iam get-role --role-name {role} --query Role.MaxSessionDuration")),
                    Remedy::step(format!(
                        "Let the check read it: a reader for account {} under `readers:`, or iam:GetRole on itself for {role}.",
                        hop.role.account()
                    )),
                ])
                .remedies(subject.ways(found.job)),
        )
    }));
}

/// How the run would get to know it: a plan has its values already, so parameters are a template's alone.
fn what_would_tell(planned: &PlannedRole, why: &Unresolved) -> String {
    match &planned.terraform {
        Some(_) if matches!(why, Unresolved::SeveralAccounts(_)) => {
            "Give `lint` the account that the plan is for: --account ID.".to_owned()
        }
        Some(address) => {
            format!(
                "Write max_session_duration of {address} as a number in the Terraform configuration, and plan again."
            )
        }
        None => format!(
            "Give `lint` what it lacks (--parameter NAME=VALUE, --account ID), or write the number into {}.",
            planned.max_session_from
        ),
    }
}

/// The template or plan that defines the role, and why it leaves its MaxSessionDuration open.
fn open_in_a_file<'a>(subject: &Subject<'a>, role: &RoleArn) -> Option<(&'a PlannedRole, &'a Unresolved)> {
    let planned = subject.planned(role)?;
    match &planned.max_session {
        Setting::Unknown(why) => Some((planned, why)),
        Setting::Known(_) => None,
    }
}

/// What the verdict is when the maximum is known: at least what is asked for, or less.
fn what_comes_of_it(subject: &Subject<'_>, job: &Job, requested: Seconds) -> String {
    let granted = judge(job, |role| Some(subject.max_session(role).unwrap_or(LONGEST_SESSION)));
    let at_best = match granted.verdict {
        Verdict::Covered => "the job is covered".to_owned(),
        verdict => format!("the job starts, and is still not covered ({})", verdict.as_str()),
    };
    format!("If it is {requested} or more, {at_best}; if it is less, the job cannot start.")
}
