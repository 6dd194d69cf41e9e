//! `max-session-unknown`: the verdict needs a MaxSessionDuration that is not known.

use super::lasting::lasting;
use super::remedy::Remedy;
use super::{Finding, Subject};
use crate::facts::Description;
use crate::finding::FindingId;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::MaxSessionUnknown).filter_map(|found| {
        let (hop, lease) = found.hop()?;
        let (name, role) = (&found.job.name, hop.role.name());
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
                    Remedy::step(format!("Look it up, and declare it as `max_session_duration` of the role: {}.", hop.role))
                        .cli(format!("aws iam get-role --role-name {role} --query Role.MaxSessionDuration")),
                    Remedy::step(format!(
                        "Let the check read it: a reader for account {} under `readers:`, or iam:GetRole on itself for {role}.",
                        hop.role.account()
                    )),
                ]),
        )
    }));
}
