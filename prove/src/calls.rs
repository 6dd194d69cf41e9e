//! The list of calls that a run makes, printed before it begins and shown in the documentation.

use crate::catalogue::{NOT_DECIDABLE, steps};
use crate::model::{Make, Session, Step};
use crate::run::Patience;
use crate::sandbox::{DEFAULT_PATH, TAG};

/// The calls of a run, one a line, in their order.
#[must_use]
pub fn list(path: &str, expiry: bool) -> String {
    let Patience { attempts, agreeing, pause } = Patience::default();
    let seconds = pause.as_secs() * u64::from(attempts - 1);
    let mut text = format!(
        "Before the question\n  you: sts:GetCallerIdentity, to name the account\n\
         Each call that decides a rule is made {agreeing} to {attempts} times: up to {seconds} seconds, until \
         {agreeing} answers in a row agree.\nOther calls are repeated while IAM does not know a new thing yet.\n\
         Everything is made below the path {path}, with the tag {TAG}, and no role has a permission but to assume \
         roles of this path.\n",
    );
    for step in steps(expiry) {
        text.push_str(&line(&step));
    }
    text.push_str(&format!(
        "Removal, whatever happened before\n  you: iam:DeleteRolePolicy and iam:DeleteRole of each role\n  you: \
         iam:ListAccessKeys, iam:DeleteAccessKey, iam:DeleteUserPolicy and iam:DeleteUser of the user\n  you: \
         iam:ListRoles and iam:ListUsers of the path, iam:ListRoleTags and iam:ListUserTags of what they list, until \
         {agreeing} lists in a row are empty\n"
    ));
    text
}

fn line(step: &Step) -> String {
    match step {
        Step::Part(heading) => format!("{heading}\n"),
        Step::Make(make) => format!("  you: {make}{}\n", describe_policy(*make)),
        Step::Take(session) => format!("  {}\n", describe_taking(*session)),
        Step::Decide(rule) => format!("  {}: {}   [{}]\n", rule.caller, rule.call, rule.id),
        Step::Change(change) => format!("  you: {change}\n"),
        Step::WaitForEnd(session) => {
            format!("  {}: sts:GetCallerIdentity every 15 seconds, until it has expired (15 minutes)\n", session.name())
        }
        Step::WaitForCloudTrail(session) => format!(
            "  you: cloudtrail:LookupEvents of the key of {}, every 15 seconds, at most 20 minutes\n",
            session.name()
        ),
    }
}

const fn describe_policy(make: Make) -> &'static str {
    match make {
        Make::UserPolicy => {
            ": sts:AssumeRole, sts:SetSourceIdentity and iam:GetRole on the roles of the path, sts:GetFederationToken"
        }
        Make::RolePolicy(_) => ": sts:AssumeRole and sts:SetSourceIdentity on the roles of the path",
        Make::User | Make::AccessKey | Make::Role(..) => "",
    }
}

fn describe_taking(session: Session) -> String {
    match session {
        Session::Hub => "the user: sts:AssumeRole of hub".to_owned(),
        Session::Identified => "the user: sts:AssumeRole of hub, with a SourceIdentity".to_owned(),
        Session::Short => "the user: sts:AssumeRole of hub, DurationSeconds 900".to_owned(),
        Session::Child => format!("{}: sts:AssumeRole of long", Session::Short.name()),
        Session::Doomed => "the user: sts:AssumeRole of doomed".to_owned(),
        Session::Token => "the user: sts:GetSessionToken".to_owned(),
        Session::Federation => "the user: sts:GetFederationToken, with a session policy".to_owned(),
    }
}

/// The list for the documentation, with the default path.
#[must_use]
pub fn documented(expiry: bool) -> String {
    list(DEFAULT_PATH, expiry)
}

/// What no run can decide, one a line.
#[must_use]
pub fn not_decidable() -> String {
    NOT_DECIDABLE.iter().map(|(what, why)| format!("  {what}: {why}\n")).collect()
}
