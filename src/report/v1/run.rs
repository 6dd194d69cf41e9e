//! The run, and the files of its inventory.

use serde::Serialize;

use crate::inventory::{FileVersion, Version};
use crate::report::{Run, Trigger};

/// The run in the report. Messages have no room for the files.
#[derive(Serialize)]
pub(super) struct WholeRunV1<'a> {
    #[serde(flatten)]
    run: RunV1<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inventory_files: Vec<FileVersionV1<'a>>,
}

impl<'a> From<&'a Run> for WholeRunV1<'a> {
    fn from(run: &'a Run) -> Self {
        let inventory_files = run.inventory_files.iter().map(FileVersionV1::from).collect();
        Self { run: RunV1::from(run), inventory_files }
    }
}

/// A file of the inventory.
#[derive(Serialize)]
struct FileVersionV1<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

impl<'a> From<&'a FileVersion> for FileVersionV1<'a> {
    fn from(file: &'a FileVersion) -> Self {
        let (etag, version) = match &file.version {
            Version::ETag(etag) => (Some(etag.as_str()), None),
            Version::Parameter(version) => (None, Some(*version)),
        };
        Self { name: &file.name, etag, version }
    }
}

/// The run in the report and the messages.
#[derive(Serialize)]
pub(crate) struct RunV1<'a> {
    id: &'a str,
    trigger: Trigger,
    started_at: &'a str,
    duration_ms: u64,
    complete: bool,
    inventory_sha256: &'a str,
    version: &'static str,
}

impl<'a> From<&'a Run> for RunV1<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            id: &run.id,
            trigger: run.trigger,
            started_at: &run.started_at,
            duration_ms: run.duration_ms,
            complete: run.complete,
            inventory_sha256: &run.inventory_sha256,
            version: run.version,
        }
    }
}
