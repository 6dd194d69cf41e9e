//! Shared parts of findings about CloudTrail's sessions: the jobs that a session can belong to, by source, roles and
//! session name.

use wildmatch::WildMatch;

use super::model::Finding;
use super::registry::FindingId;
use crate::cloudtrail::runs::{PathKey, SessionRun, runs};
use crate::cloudtrail::{PathOrigin, Session, Sessions};
use crate::inventory::{Inventory, Job, JobName, RoleArn, RoleRef, SourceKind};

/// The sessions of a run with their runs.
pub(super) struct Trail<'a> {
    pub(super) sessions: &'a [Session],
    pub(super) runs: Vec<SessionRun>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(sessions: &'a Sessions) -> Self {
        Self { sessions: &sessions.sessions, runs: runs(&sessions.sessions) }
    }
}

/// How a session's path and a job's path compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// The session is of the job's last role.
    Whole,
    /// The session is of a role on the way, or the records do not show how it was reached.
    Part,
}

/// The match of a session with a job; `None`: the session is not of the job.
pub(super) fn compare(job: &Job, session: &Session) -> Option<Match> {
    let name = session.session_name.as_deref().unwrap_or_default();
    let seen = roles_without_the_platforms(session);
    let declared = || job.path.iter().map(|hop| hop.role.as_str());
    let same = |declared: &mut dyn Iterator<Item = &str>| declared.zip(seen).all(|(one, other)| one == &**other);
    if session.source == PathOrigin::Unknown {
        // The first sessions of the path were issued before the records.
        let ends = seen.len() <= job.path.len() && same(&mut declared().skip(job.path.len() - seen.len()));
        return (ends && !seen.is_empty()).then_some(Match::Part);
    }
    if origin(job.source.source_kind()).is_some_and(|origin| origin != session.source) {
        return None;
    }
    if seen.len() > job.path.len() || !same(&mut declared()) {
        return None;
    }
    if seen.len() < job.path.len() {
        return Some(Match::Part);
    }
    let is_named = job.session_name.as_deref().is_none_or(|glob| WildMatch::new(glob).matches(name));
    is_named.then_some(Match::Whole)
}

/// The jobs of the inventory whose last role the session is of.
pub(super) fn jobs_of<'a>(inventory: &'a Inventory, session: &Session) -> Vec<&'a Job> {
    inventory.jobs.iter().filter(|job| compare(job, session) == Some(Match::Whole)).collect()
}

/// The roles of the path without the role of a platform or a permission set: the inventory does not declare it.
fn roles_without_the_platforms(session: &Session) -> &[std::sync::Arc<str>] {
    session.path.get(session.source.own_roles()..).unwrap_or_default()
}

/// What CloudTrail shows of a kind of source; `None`: nothing tells it from others.
const fn origin(kind: SourceKind) -> Option<PathOrigin> {
    match kind {
        SourceKind::IamUser => Some(PathOrigin::IamUser),
        SourceKind::SessionToken => Some(PathOrigin::SessionToken),
        SourceKind::FederationToken => Some(PathOrigin::FederationToken),
        SourceKind::WebIdentity => Some(PathOrigin::WebIdentity),
        SourceKind::Saml => Some(PathOrigin::Saml),
        SourceKind::IdentityCenter => Some(PathOrigin::IdentityCenter),
        SourceKind::Ec2Instance => Some(PathOrigin::Ec2Instance),
        SourceKind::EcsTask => Some(PathOrigin::EcsTask),
        SourceKind::Lambda => Some(PathOrigin::Lambda),
        SourceKind::Codebuild => Some(PathOrigin::Codebuild),
        SourceKind::EksPodIdentity => Some(PathOrigin::EksPodIdentity),
        SourceKind::ServiceRole | SourceKind::RolesAnywhere => Some(PathOrigin::Service),
        SourceKind::AccountAccess | SourceKind::ConsoleLogin | SourceKind::Issued => None,
    }
}

/// A finding about these jobs, or about the last role of the path where they are not one.
pub(super) fn finding_of(id: FindingId, jobs: &[&Job], role: Option<&str>) -> Finding {
    match jobs {
        [job] => Finding::about_job(id, job, job.path.len().checked_sub(1)),
        several => {
            let role = role.and_then(|role| RoleArn::parse(role).ok()).map(RoleRef::from);
            Finding::new(id, None, role, None).owned_by_each(several.iter().copied())
        }
    }
}

/// The names of jobs.
pub(super) fn names(jobs: &[&Job]) -> Vec<JobName> {
    jobs.iter().map(|job| job.name.clone()).collect()
}

/// The path of a session in one line.
pub(super) fn describe(session: &Session) -> String {
    PathKey::of(session).to_string()
}
