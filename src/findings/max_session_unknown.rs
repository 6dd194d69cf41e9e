//! `max-session-unknown`: the verdict needs a MaxSessionDuration that is not known.

use super::completeness::needs_max_session;
use super::evidence::{Fact, FactKind, Provenance};
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::facts::Description;
use crate::fixes::{Fix, caution_of_a_maximum};
use crate::inventory::{Origin, RoleRef, Seconds};
use crate::lease::rules::LONGEST_SESSION;
use crate::lease::{Judgement, Verdict, judge};
use crate::shell;
use crate::templates::{PlannedRole, PlannedSetting, Unresolved};

define!(
    "max-session-unknown",
    Medium,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Requested],
);

fn applies(judgement: &Judgement) -> bool {
    needs_max_session(judgement)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (hop, lease) = found.limiting_hop()?;
    let requested = lease.requested;
    match (left_open(found, &hop.role), &hop.role) {
        (Some((planned, why)), _) => Some(open_in_a_file(found, &hop.role, requested, planned, why)),
        (None, RoleRef::Expression(expression)) => Some(name_unknown(found, expression, requested)),
        (None, RoleRef::Arn(_)) => Some(not_read(found, &hop.role, requested)),
    }
}

/// A template or a plan defines the role without a known MaxSessionDuration.
fn open_in_a_file(
    found: &JudgedJob<'_>,
    role: &RoleRef,
    requested: Seconds,
    planned: &PlannedRole,
    why: &Unresolved,
) -> Finding {
    let (name, role) = (&found.job.name, role.name());
    let title =
        format!("{name} requests {requested} from {role}, whose MaxSessionDuration is not known before deployment");
    let detail = format!(
        "{name} requests {} seconds from {role}. STS grants that only up to the role's MaxSessionDuration, which {} \
         leaves open: {why}. The declared value does not decide, since the deployment replaces it. If the deployed \
         value is lower, the job cannot start.",
        requested.0, planned.max_session_from
    );
    found
        .finding()
        .evidence(Fact::LeftOpen(why.to_string()), Provenance::Planned(planned.max_session_from.clone()))
        .titled(title)
        .because(format!("The file leaves the value open: {why}."))
        .detailed(detail)
        .fixes([Fix::step(how_to_close(planned, why))])
}

/// How the run can get the value. A plan holds its values already, so only a template takes parameters.
fn how_to_close(planned: &PlannedRole, why: &Unresolved) -> String {
    match &planned.terraform {
        Some(_) if matches!(why, Unresolved::SeveralAccounts(_)) => {
            "Name the account of the plan for `lint`: --account ID.".to_owned()
        }
        Some(address) => format!(
            "Write max_session_duration of {address} as a number in the Terraform configuration, and plan again."
        ),
        None => format!(
            "Give `lint` the missing values (--parameter NAME=VALUE, --account ID), or write the number into {}.",
            planned.max_session_from
        ),
    }
}

/// An imported file names the role by an expression.
fn name_unknown(found: &JudgedJob<'_>, expression: &str, requested: Seconds) -> Finding {
    let name = &found.job.name;
    let detail = format!(
        "{name} requests {} seconds from the role that `{expression}` names. STS grants that only up to the role's \
         MaxSessionDuration, and the file does not say which role that is. If the MaxSessionDuration is lower, the job \
         cannot start. {}",
        requested.0,
        both_outcomes(found, requested)
    );
    found
        .finding()
        .titled(format!("{name} requests {requested} from a role whose MaxSessionDuration is not known"))
        .detailed(detail)
        .fixes([Fix::step(format!(
            "Look up the role's MaxSessionDuration. If it is lower than the request, request less or raise it.{}",
            caution_of_a_maximum("the role", None)
        ))
        .cli("aws iam get-role --role-name ROLE_NAME --query Role.MaxSessionDuration")])
}

/// The setting was not read, and the inventory does not declare it.
fn not_read(found: &JudgedJob<'_>, role: &RoleRef, requested: Seconds) -> Finding {
    let (name, account) = (&found.job.name, role.account().unwrap_or("of the role"));
    let place = &found.subject.place;
    let (stated, unread) = match place.origin() {
        Origin::Inventory => {
            ("The inventory does not declare it", format!("no reader is declared for account {account}"))
        }
        Origin::Profiles => ("A profile cannot state it", "no profile of these files can read it".to_owned()),
        Origin::Workflows => ("A workflow cannot state it", "nothing in these files can read it".to_owned()),
    };
    let why = match role.arn().and_then(|arn| found.subject.facts.described.get(arn)) {
        None => "this run makes no AWS calls".to_owned(),
        Some(Description::NoReader) => unread,
        Some(Description::NotReached) => "the checker got no session in its account".to_owned(),
        Some(Description::Failed(failure)) => format!("reading it failed ({})", failure.message),
        Some(Description::Known { .. }) => "IAM returned none".to_owned(),
    };
    let detail = format!(
        "{name} requests {} seconds from {role}. STS grants that only up to the role's MaxSessionDuration. \
         {stated}, and {why}. If it is lower, the job cannot start.",
        requested.0,
        role = role.name()
    );
    let role_name = role.name();
    let look_up = place.declare("Look it up.", &format!("declare it as `max_session_duration` of {role_name}."));
    let look_up = format!("{look_up} {}", both_outcomes(found, requested));
    let reader = Fix::step(format!(
        "Let the check read it: declare a reader for account {account} under `readers:` of the inventory, or allow \
         {role_name} iam:GetRole on itself."
    ));
    let reader = (place.origin() == Origin::Inventory).then_some(reader);
    found
        .finding()
        .titled(format!("{name} requests {requested} from {role_name}, whose MaxSessionDuration is not known"))
        .detailed(detail)
        .fixes([Fix::step(look_up).cli(format!(
            "{}aws iam get-role {} --query Role.MaxSessionDuration",
            place.account_comment(role),
            shell::option("--role-name", role_name)
        ))])
        .fixes(reader)
        .fixes(found.subject.ways(found.job))
}

/// The template or plan that defines the role, and why the MaxSessionDuration is not known.
fn left_open<'a>(found: &JudgedJob<'a>, role: &RoleRef) -> Option<(&'a PlannedRole, &'a Unresolved)> {
    let planned = found.subject.planned(role)?;
    match &planned.max_session {
        PlannedSetting::Unknown(why) => Some((planned, why)),
        PlannedSetting::Known(_) => None,
    }
}

/// The verdict for a maximum of at least the request, and for a smaller maximum.
fn both_outcomes(found: &JudgedJob<'_>, requested: Seconds) -> String {
    let granted =
        judge(found.job, |role| Some(found.subject.max_session_for(found.job, role).unwrap_or(LONGEST_SESSION)));
    let at_best = match granted.verdict {
        Verdict::Covered => "the job is covered".to_owned(),
        verdict @ (Verdict::Rejected | Verdict::Lapses | Verdict::Unknown | Verdict::Thin) => {
            format!("the job starts, but is not covered ({})", verdict.as_str())
        }
    };
    format!("If it is {requested} or more, {at_best}. If it is less, the job cannot start.")
}
