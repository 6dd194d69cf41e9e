//! The coverage of role tags in the JSON report.

use serde::Serialize;

use crate::aws::errors::Class;
use crate::inventory::{JobName, Location, RoleArn};
use crate::report::role_tags::{FolderCoverage, RoleTagCoverage, TagsNotRead};

#[derive(Serialize)]
pub(super) struct RoleTagCoverageV1<'a> {
    jobs: usize,
    folders: Vec<FolderV1<'a>>,
    overruled: Vec<OverruledV1<'a>>,
}

#[derive(Serialize)]
struct FolderV1<'a> {
    account: &'a str,
    path_prefix: &'a str,
    roles: usize,
    reason: Option<String>,
    not_read: Vec<NotReadV1<'a>>,
}

#[derive(Serialize)]
struct NotReadV1<'a> {
    role: &'a str,
    reason: &'static str,
}

#[derive(Serialize)]
struct OverruledV1<'a> {
    job: &'a JobName,
    role: &'a str,
    by: &'a Location,
}

impl<'a> RoleTagCoverageV1<'a> {
    /// `None`: the inventory has no `discover`.
    pub(super) fn of(coverage: &'a RoleTagCoverage) -> Option<Self> {
        let overruled = coverage.overruled.iter();
        (!coverage.folders.is_empty()).then(|| Self {
            jobs: coverage.jobs,
            folders: coverage.folders.iter().map(FolderV1::from).collect(),
            overruled: overruled
                .map(|tag| OverruledV1 { job: &tag.job, role: tag.role.as_str(), by: &tag.by })
                .collect(),
        })
    }
}

impl<'a> From<&'a FolderCoverage> for FolderV1<'a> {
    fn from(FolderCoverage { folder, roles, not_read, roles_not_read }: &'a FolderCoverage) -> Self {
        let of_role = |(role, class): &'a (RoleArn, Class)| NotReadV1 { role: role.as_str(), reason: class.as_str() };
        Self {
            account: &folder.account,
            path_prefix: &folder.path_prefix,
            roles: *roles,
            reason: not_read.map(|reason| match reason {
                TagsNotRead::Offline => "offline".to_owned(),
                TagsNotRead::Reader(class) => format!("reader-{}", class.as_str()),
                TagsNotRead::List(class) => class.as_str().to_owned(),
            }),
            not_read: roles_not_read.iter().map(of_role).collect(),
        }
    }
}
