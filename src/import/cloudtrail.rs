//! Jobs from the sessions that CloudTrail recorded: one for each path, as long as its longest run. The length is a
//! lower bound.

use std::sync::Arc;

use super::draft::{Draft, DraftHop, DraftRole};
use super::gather::gather;
use super::{Imported, locate};
use crate::cloudtrail::runs::{LongestRun, PathKey, PathSummary, paths};
use crate::cloudtrail::{PathOrigin, Session, Sessions, time};
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::{Diagnostic, JobComments, LengthFrom, PermissionSet, Refresh, Seconds, Source};
use crate::lease::rules::{ASSUME_ROLE_RANGE, PERMISSION_SET_DEFAULT, PORTAL_SESSION_DEFAULT, SESSION_TOKEN_DEFAULT};

/// The name of the records in remarks.
const RECORDS: &str = "CloudTrail";

/// Makes a job of each path.
#[must_use]
pub fn jobs(sessions: &Sessions) -> Imported {
    let files: Vec<Arc<str>> = vec![RECORDS.into()];
    let place = Place { file: 0, line: 1, column: 1, length: 0, offset: 0 };
    let mut imported = Imported::default();
    let mut drafts = Vec::new();
    for (key, path) in &paths(&sessions.sessions, &sessions.refused) {
        let remark = |message: String, help: &str| {
            let location = locate(place, &files);
            Diagnostic::new(location, message, help)
        };
        if !key.source.has_job_runs() {
            imported.not_imported.push(remark(
                format!(
                    "{key}: a Lambda execution environment uses its session for many invocations, so the records do \
                     not show how long one of them runs"
                ),
                "declare the job, with the ARN of its function or its Timeout as the length",
            ));
            continue;
        }
        let Some(longest) = path.longest_run else {
            imported.notes.push(remark(
                format!("{key}: no use is recorded, so there is no job for it"),
                "declare the job if it exists; trails record few data events",
            ));
            continue;
        };
        let lineage = lineage(&sessions.sessions, longest.session);
        match source(key, path, longest, lineage.first().copied()) {
            None => imported.not_imported.push(remark(
                format!("{key}: the records do not show where the first session comes from"),
                "read records from before the first session, or declare the job",
            )),
            Some(source) => drafts.push(draft(key, path, &lineage, source, longest, place)),
        }
    }
    if let (Some(from), Some(to)) = (sessions.window.from, sessions.window.to) {
        imported.comments.head = vec![
            format!("Jobs from CloudTrail's records, {} to {}.", time::format(from), time::format(to)),
            "Each length is a lower bound: trails record few data events.".to_owned(),
        ];
    }
    gather(drafts, &files, &mut imported);
    imported
}

fn draft(
    key: &PathKey,
    path: &PathSummary,
    lineage: &[&Session],
    source: Source,
    longest: LongestRun,
    place: Place,
) -> Draft {
    let own = key.source.own_roles();
    let hops = (own..key.roles.len()).map(|at| {
        let session = lineage.iter().find(|session| session.path.len() == at + 1);
        let requested = session.and_then(|session| u64::try_from(session.requested_seconds?).ok()).map(Seconds);
        DraftHop {
            role: DraftRole::Arn(Placed { value: key.roles[at].to_string(), place }),
            duration: requested
                .filter(|requested| ASSUME_ROLE_RANGE.contains(requested))
                .map(|value| Placed { value, place }),
            misread: None,
            external_id: None,
            session_name: None,
            sessions: None,
        }
    });
    let name = key.roles.last().and_then(|role| role.rsplit('/').next()).unwrap_or(key.source.as_str());
    let above = format!("sessions: {}, runs: {}, renewals: {}", path.sessions, path.runs, path.renewals);
    Draft {
        name: name.to_owned(),
        place,
        length: Placed { value: longest.seconds(), place },
        length_from: LengthFrom::Observed,
        age: None,
        measured_by: None,
        single_login: true,
        source,
        session_by_default: false,
        hops: hops.collect(),
        refresh: refresh(key, path, longest),
        comments: JobComments { above: vec![above], length: Some("the longest run seen".to_owned()), source: None },
    }
}

/// How the job renews its credentials. A platform renews its credentials for every client that reads
/// them again, and nothing of that shows in one session. A use after the end shows a copy.
fn refresh(key: &PathKey, path: &PathSummary, longest: LongestRun) -> Refresh {
    let is_used_after_its_end = longest.headroom.is_some_and(|headroom| headroom < 0);
    let has_hops = key.roles.len() > key.source.own_roles();
    match path.renewals {
        0 if key.source.is_platform() && !has_hops && !is_used_after_its_end => Refresh::NotKnown,
        0 => Refresh::None,
        _ => Refresh::Auto,
    }
}

/// The permission set of a role that IAM Identity Center made: `AWSReservedSSO_NAME_` and 16 hexadecimal digits.
fn permission_set_of(role: &str) -> Option<PermissionSet> {
    let (name, id) = role.rsplit('/').next()?.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    let made_up = id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    PermissionSet::parse(name).ok().filter(|_| made_up)
}

/// The session and the sessions that it was requested with, the first session of the path first.
fn lineage(sessions: &[Session], last: usize) -> Vec<&Session> {
    let mut lineage = vec![&sessions[last]];
    let mut before = last;
    while let Some(parent) = sessions[before].parent.as_deref() {
        // A key can come back: its latest session before the request counts.
        let known = sessions[..before].iter().rposition(|session| session.access_key_id.as_deref() == Some(parent));
        let Some(parent) = known else { break };
        lineage.push(&sessions[parent]);
        before = parent;
    }
    lineage.reverse();
    lineage
}

/// The source of the path whose first session is this; `None`: not known. Without the issue, a session used directly
/// lasts as by default, and at least as long as it was used.
fn source(key: &PathKey, path: &PathSummary, longest: LongestRun, first: Option<&Session>) -> Option<Source> {
    let granted = || {
        let own = first.filter(|session| session.path.len() <= key.source.own_roles())?;
        u64::try_from(own.granted_seconds?).ok().map(Seconds)
    };
    let is_direct = key.roles.len() <= key.source.own_roles();
    let at_least = |default: Seconds| if is_direct { default.max(longest.seconds()) } else { default };
    Some(match key.source {
        PathOrigin::IamUser => Source::IamUser { mfa: false },
        PathOrigin::SessionToken => {
            Source::SessionToken { duration: granted().unwrap_or_else(|| at_least(SESSION_TOKEN_DEFAULT)) }
        }
        PathOrigin::FederationToken => {
            Source::FederationToken { duration: granted().unwrap_or_else(|| at_least(SESSION_TOKEN_DEFAULT)) }
        }
        // Only a renewal shows that the token can be presented again.
        PathOrigin::WebIdentity => Source::WebIdentity { renewable: path.renewals > 0 },
        PathOrigin::Saml => Source::Saml { renewable: false },
        PathOrigin::IdentityCenter => Source::IdentityCenter {
            permission_set: key.roles.first().and_then(|role| permission_set_of(role)),
            session: granted().unwrap_or_else(|| at_least(PERMISSION_SET_DEFAULT)),
            portal_session: PORTAL_SESSION_DEFAULT,
        },
        PathOrigin::Ec2Instance => Source::Ec2Instance,
        PathOrigin::EcsTask => Source::EcsTask,
        PathOrigin::Lambda => Source::Lambda { function: None },
        PathOrigin::Codebuild => Source::Codebuild,
        PathOrigin::EksPodIdentity => Source::EksPodIdentity,
        PathOrigin::Service => Source::ServiceRole { duration: granted() },
        PathOrigin::Unknown => return None,
    })
}
