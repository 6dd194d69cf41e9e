//! The coverage of `discover`: which tags of roles were read, and which of them do not count.

use crate::aws::errors::{Class, Operation};
use crate::facts::{FolderTags, Mode};
use crate::findings::Subject;
use crate::inventory::{OverruledTag, RoleArn, RoleFolder};

/// The coverage of the roles whose tags declare jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleTagCoverage {
    /// The entries of `discover`.
    pub folders: Vec<FolderCoverage>,
    /// Jobs that tags declare.
    pub jobs: usize,
    /// The tags whose job a file declares.
    pub overruled: Vec<OverruledTag>,
}

/// The coverage of one entry of `discover`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderCoverage {
    /// The account and the path.
    pub folder: RoleFolder,
    /// Number of roles whose tags were read.
    pub roles: usize,
    /// Why no tag was read.
    pub not_read: Option<TagsNotRead>,
    /// The roles whose tags were not read.
    pub roles_not_read: Vec<(RoleArn, Class)>,
}

/// Why the tags of an account were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagsNotRead {
    /// The run makes no AWS calls.
    Offline,
    /// Assuming the reader failed.
    Reader(Class),
    /// Listing the roles failed.
    List(Class),
}

impl RoleTagCoverage {
    /// The number of entries and roles that a live run should have read, and did not.
    #[must_use]
    pub fn unread(&self) -> usize {
        let unread = |folder: &FolderCoverage| match folder.not_read {
            Some(TagsNotRead::Offline) => 0,
            Some(TagsNotRead::Reader(_) | TagsNotRead::List(_)) => 1,
            None => folder.roles_not_read.len(),
        };
        self.folders.iter().map(unread).sum()
    }

    /// Whether the run read tags, with or without success.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.folders.iter().any(|folder| folder.not_read != Some(TagsNotRead::Offline))
    }
}

/// The coverage of `discover` in this run.
pub(super) fn cover(subject: &Subject<'_>) -> RoleTagCoverage {
    if matches!(subject.facts.mode, Mode::Observed(_) | Mode::Recorded) {
        return RoleTagCoverage::default();
    }
    let Some(tags) = &subject.facts.role_tags else {
        let offline = |folder: &RoleFolder| FolderCoverage {
            folder: folder.clone(),
            roles: 0,
            not_read: Some(TagsNotRead::Offline),
            roles_not_read: Vec::new(),
        };
        let folders = subject.inventory.discover.folders.iter().map(offline).collect();
        return RoleTagCoverage { folders, ..RoleTagCoverage::default() };
    };
    RoleTagCoverage {
        folders: tags.folders.iter().map(cover_folder).collect(),
        jobs: tags.declared.jobs.len(),
        overruled: tags.declared.overruled.clone(),
    }
}

fn cover_folder(tags: &FolderTags) -> FolderCoverage {
    let not_read = tags.reader_failure().map(|failure| match failure.operation {
        Operation::AssumeRole => TagsNotRead::Reader(failure.class),
        _ => TagsNotRead::List(failure.class),
    });
    let of_roles = tags.failures.iter().filter(|_| not_read.is_none());
    FolderCoverage {
        folder: tags.folder.clone(),
        roles: tags.roles,
        not_read,
        roles_not_read: of_roles.map(|failure| (failure.target.clone(), failure.class)).collect(),
    }
}
