//! `credentials-invalid`: the credentials that were used are not valid.

use super::refused::Refusals;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::remedy::Remedy;

pub(super) fn find(_: &Subject<'_>, met: &Refusals<'_>, out: &mut Vec<Finding>) {
    out.extend(met.iter().filter(|((id, _), _)| *id == FindingId::CredentialsInvalid).map(|(_, refused)| {
        let name = refused.role.name();
        refused
            .finding(FindingId::CredentialsInvalid)
            .titled(format!("{name} was not checked: AWS does not know the credentials in use"))
            .detailed(format!(
                "{} failed: {}. The access key is unknown, inactive or deleted, its session token is missing or belongs to another key, the role that \
                 issued the session was deleted, or the session is used in an opt-in Region that its account has not enabled.{}",
                refused.call(),
                refused.answer(),
                refused.about_the_checker()
            ))
            .remedies([
                Remedy::step("See whether key and token belong together: set all three variables from one source, or none.").cli("aws configure list\naws sts get-caller-identity"),
                Remedy::step("Where the key was deactivated, use another credential; where a role was made anew, assume it again."),
            ])
    }));
}
