//! Jobs from the sessions that CloudTrail recorded: one for each path, as long as its longest run. The length is a
//! lower bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::{Draft, DraftHop, DraftRole};
use super::gather::gather;
use super::{Imported, locate};
use crate::cloudtrail::runs::{PathKey, PathSummary, paths};
use crate::cloudtrail::{PathOrigin, Sessions, time};
use crate::inventory::problem::{Place, Placed};
use crate::inventory::{JobComments, LengthFrom, PermissionSet, Refresh, Remark, Seconds, Source};
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
    let all = paths(&sessions.sessions, &sessions.refused);
    for (key, path) in &all {
        let remark = |message: String, help: &str| {
            let location = locate(place, &files);
            Remark { location, message, help: help.to_owned(), cannot_work: false }
        };
        match (source(key, &all), path.longest_run) {
            (None, _) => imported.not_imported.push(remark(
                format!("{key}: the records do not show where the first session comes from"),
                "read records from before the first session, or declare the job",
            )),
            (_, None) => imported.notes.push(remark(
                format!("{key}: no use is recorded, so there is no job for it"),
                "declare the job if it exists; trails record few data events",
            )),
            (Some(source), Some(longest)) => drafts.push(draft(key, path, &all, source, longest, place)),
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
    all: &BTreeMap<PathKey, PathSummary>,
    source: Source,
    longest: i64,
    place: Place,
) -> Draft {
    let own = key.source.own_roles();
    let hops = (own..key.roles.len()).map(|at| {
        let summary = all.get(&prefix(key, at + 1));
        let requested = summary.and_then(|summary| u64::try_from(summary.requested?).ok()).map(Seconds);
        DraftHop {
            role: DraftRole::Arn(Placed { value: key.roles[at].to_string(), place }),
            duration: requested
                .filter(|requested| ASSUME_ROLE_RANGE.contains(requested))
                .map(|value| Placed { value, place }),
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
        length: Placed { value: Seconds(u64::try_from(longest).unwrap_or_default()), place },
        length_from: LengthFrom::Observed,
        age: None,
        single_login: true,
        source,
        hops: hops.collect(),
        refresh: if path.renewals > 0 { Refresh::Auto } else { Refresh::None },
        comments: JobComments { above: vec![above], length: Some("the longest run seen".to_owned()), source: None },
    }
}

/// The permission set of a role that IAM Identity Center made: `AWSReservedSSO_NAME_` and 16 hexadecimal digits.
fn permission_set_of(role: &str) -> Option<PermissionSet> {
    let (name, id) = role.rsplit('/').next()?.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    let made_up = id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    PermissionSet::parse(name).ok().filter(|_| made_up)
}

/// The path up to this many roles.
fn prefix(key: &PathKey, roles: usize) -> PathKey {
    PathKey { roles: key.roles[..roles].into(), ..key.clone() }
}

/// The source of the path; `None`: not known.
fn source(key: &PathKey, all: &BTreeMap<PathKey, PathSummary>) -> Option<Source> {
    let granted = || {
        let own = all.get(&prefix(key, key.source.own_roles().min(key.roles.len())))?;
        u64::try_from(own.shortest_lease?).ok().map(Seconds)
    };
    Some(match key.source {
        PathOrigin::IamUser => Source::IamUser { mfa: false },
        PathOrigin::SessionToken => Source::SessionToken { duration: granted().unwrap_or(SESSION_TOKEN_DEFAULT) },
        PathOrigin::FederationToken => Source::FederationToken { duration: granted().unwrap_or(SESSION_TOKEN_DEFAULT) },
        // Only a renewal shows that the token can be presented again.
        PathOrigin::WebIdentity => {
            Source::WebIdentity { renewable: all.get(key).is_some_and(|path| path.renewals > 0) }
        }
        PathOrigin::Saml => Source::Saml { renewable: false },
        PathOrigin::IdentityCenter => Source::IdentityCenter {
            permission_set: key.roles.first().and_then(|role| permission_set_of(role)),
            session: granted().unwrap_or(PERMISSION_SET_DEFAULT),
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
