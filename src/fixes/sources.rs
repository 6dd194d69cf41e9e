//! What can be changed at each kind of source: the steps of the search, their words and commands, and the setting of a
//! profile.

use super::logins::{long_term_key, portal_session, renewable_issue, renewable_token};
use super::roles::{UNLESS_LONGER, permission_set, signin_session};
use super::search::ChangeStep;
use super::{Fix, FixPlace};
use crate::inventory::{Job, OwnCall, Seconds, Source};

/// The steps that change a source of this kind, in the order in which their numbers are chosen.
pub(super) fn steps(source: &Source) -> Vec<ChangeStep> {
    match source {
        Source::SessionToken { .. } | Source::FederationToken { .. } => {
            vec![ChangeStep::OwnKey, ChangeStep::SourceDuration]
        }
        Source::RolesAnywhere { .. } => vec![ChangeStep::SourceDuration],
        Source::WebIdentity { renewable: false } | Source::Issued { renewable: false, .. } => {
            vec![ChangeStep::Renewable]
        }
        Source::IdentityCenter { .. } => vec![ChangeStep::PermissionSet, ChangeStep::PortalSession],
        Source::AccountAccess { .. } => vec![ChangeStep::PortalSession],
        Source::ConsoleLogin { .. } => vec![ChangeStep::SigninSession],
        Source::IamUser { .. }
        | Source::WebIdentity { renewable: true }
        | Source::Issued { renewable: true, .. }
        | Source::Saml { .. }
        | Source::Ec2Instance
        | Source::EcsTask
        | Source::Lambda { .. }
        | Source::Codebuild
        | Source::EksPodIdentity
        | Source::ServiceRole { .. } => Vec::new(),
    }
}

/// The fix that replaces the job's source by `source`.
pub(super) fn new_source(place: &FixPlace<'_>, job: &Job, source: &Source) -> Option<Fix> {
    Some(match (source, &job.source) {
        (Source::IamUser { mfa }, _) => long_term_key(place, job, &job.path.first()?.role, *mfa),
        (Source::WebIdentity { .. }, _) => renewable_token(place),
        (
            Source::IdentityCenter { session, portal_session: portal, .. },
            Source::IdentityCenter { portal_session: before, .. },
        ) => {
            if portal == before {
                permission_set(place, *session, place.has_read_setting(job))
            } else {
                portal_session(place, *portal)
            }
        }
        (Source::SessionToken { .. } | Source::FederationToken { .. } | Source::RolesAnywhere { .. }, _) => {
            let (call, duration) = source.own_call()?;
            source_duration(place, call, duration)
        }
        (Source::AccountAccess { portal_session: portal }, _) => portal_session(place, *portal),
        (Source::ConsoleLogin { signin_session: Some(session), role }, _) => {
            signin_session(place, role.as_ref(), *session)
        }
        (Source::Issued { .. }, _) => renewable_issue(place),
        (
            Source::ConsoleLogin { signin_session: None, .. }
            | Source::IdentityCenter { .. }
            | Source::Saml { .. }
            | Source::Ec2Instance
            | Source::EcsTask
            | Source::Lambda { .. }
            | Source::Codebuild
            | Source::EksPodIdentity
            | Source::ServiceRole { .. },
            _,
        ) => return None,
    })
}

/// The setting of the first profile for the source's credentials; `None`: they are another profile's.
pub(super) fn profile_setting(source: &Source) -> Option<&'static str> {
    match source {
        Source::WebIdentity { .. } => Some("web_identity_token_file = TOKEN_FILE"),
        Source::Ec2Instance => Some("credential_source = Ec2InstanceMetadata"),
        Source::EcsTask | Source::EksPodIdentity | Source::Codebuild => Some("credential_source = EcsContainer"),
        Source::Lambda { .. } => Some("credential_source = Environment"),
        Source::IamUser { .. }
        | Source::SessionToken { .. }
        | Source::FederationToken { .. }
        | Source::Saml { .. }
        | Source::IdentityCenter { .. }
        | Source::AccountAccess { .. }
        | Source::ConsoleLogin { .. }
        | Source::RolesAnywhere { .. }
        | Source::Issued { .. }
        | Source::ServiceRole { .. } => None,
    }
}

/// Requests a longer session for the source itself.
fn source_duration(place: &FixPlace<'_>, call: OwnCall, seconds: Seconds) -> Fix {
    const DECLARE: &str = "declare it as the source's `duration`.";
    let n = seconds.0;
    if call != OwnCall::CreateSession {
        let step = format!("Request {n} seconds ({seconds}) in the {} call.", call.name());
        return Fix::step(place.declare(&step, DECLARE));
    }
    let step = format!(
        "Set durationSeconds of the Roles Anywhere profile to {n} ({seconds}), for everyone who uses it\
         {UNLESS_LONGER}. Set durationSeconds of the request to {n} too."
    );
    Fix::step(place.declare(&step, DECLARE)).cli(format!(
        "# in the account of the Roles Anywhere profile\n\
         aws rolesanywhere get-profile --profile-id PROFILE_ID --query profile.durationSeconds\n\
         aws rolesanywhere update-profile --profile-id PROFILE_ID --duration-seconds {n}"
    ))
}
