//! Files of an inventory that come from S3 or Parameter Store: which of them are read, and what was read. Makes no
//! call.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::folder::{self, NotRead};
use super::origin::InventorySource;
#[cfg(feature = "cli")]
use super::origin::InventorySources;

/// The files of the sources outside this machine, by the place of their source among all.
#[derive(Debug, Default)]
pub struct RemoteFiles(pub(crate) BTreeMap<usize, Result<Vec<RemoteFile>, NoSource>>);

/// A file of a source outside this machine.
#[derive(Debug)]
pub(crate) struct RemoteFile {
    /// Its name within the prefix or path; that of the whole source where it is an object.
    pub(crate) within: String,
    pub(crate) content: Result<RemoteText, NotRead>,
}

/// The bytes of a file, and their version.
#[derive(Clone)]
pub(crate) struct RemoteText {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) version: Version,
}

impl fmt::Debug for RemoteText {
    /// Without the bytes, which may come from an encrypted parameter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteText").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A version of a file, as its source counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// An object's ETag, without quotes.
    ETag(String),
    /// The number of a parameter's version.
    Parameter(i64),
}

/// A file that was read, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVersion {
    /// The name.
    pub name: Arc<str>,
    /// The version.
    pub version: Version,
}

impl fmt::Display for FileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::ETag(etag) => write!(f, "{} (ETag {etag})", self.name),
            Version::Parameter(version) => write!(f, "{} (version {version})", self.name),
        }
    }
}

/// A source that was not read as a whole. A part of a list is not used: files that are missing in it would seem
/// deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoSource {
    pub(crate) message: String,
    pub(crate) help: String,
    /// AWS gave no answer at all.
    pub(crate) is_unanswered: bool,
}

impl RemoteFiles {
    /// The first of the sources that was not read because AWS gave no answer, and the message about it.
    #[cfg(feature = "cli")]
    pub(crate) fn unanswered<'a>(&'a self, sources: &'a InventorySources) -> Option<(&'a InventorySource, &'a str)> {
        sources.iter().enumerate().find_map(|(index, source)| {
            let problem = self.0.get(&index)?.as_ref().err().filter(|problem| problem.is_unanswered)?;
            Some((source, problem.message.as_str()))
        })
    }
}

/// The objects or parameters of a source that are its inventory, each with the reason where it is not to be read.
#[cfg(any(feature = "cli", feature = "lambda"))]
pub(crate) fn select(
    source: &InventorySource,
    listed: impl IntoIterator<Item = (String, u64)>,
    is_first: bool,
    most: u64,
) -> Result<BTreeMap<String, Option<NotRead>>, NoSource> {
    let wanted = listed.into_iter().filter(|(within, _)| is_inventory(source, within));
    let sizes: BTreeMap<String, u64> = wanted.collect();
    if sizes.is_empty() {
        let (message, help) = nothing_in(source);
        return Err(NoSource { message, help, is_unanswered: false });
    }
    let names = sizes.keys().map(Into::into).collect();
    let is_platform = |path: &Path| is_first && path.to_str().is_some_and(|within| is_platform(source, within));
    let mut files = folder::at_most(Path::new(""), names, is_platform);
    let mut by_size = Vec::with_capacity(files.len());
    for (path, not_read) in files.iter_mut().filter(|(_, not_read)| not_read.is_none()) {
        let size = path.to_str().and_then(|name| sizes.get(name)).copied().unwrap_or_default();
        by_size.push(folder::SizedFile { is_of_team: !is_platform(path), size, path, not_read });
    }
    folder::mark_over(by_size, most);
    Ok(files.into_iter().map(|(path, not_read)| (path.to_string_lossy().into_owned(), not_read)).collect())
}

/// Whether the file is the platform's by its name. A parameter needs no ending.
pub(crate) fn is_platform(source: &InventorySource, within: &str) -> bool {
    (source.has_parameters() && within == "platform") || folder::has_platform_name(Path::new(""), Path::new(within))
}

/// As in a folder, only files with the ending of an inventory count, and no hidden ones. Every parameter counts.
#[cfg(any(feature = "cli", feature = "lambda"))]
fn is_inventory(source: &InventorySource, within: &str) -> bool {
    let is_hidden = within.split('/').any(|part| part.starts_with('.'));
    source.has_parameters() || (!is_hidden && folder::is_inventory(Path::new(within)))
}

#[cfg(any(feature = "cli", feature = "lambda"))]
fn nothing_in(source: &InventorySource) -> (String, String) {
    match source {
        InventorySource::Parameters { .. } => {
            ("the path has no parameters".to_owned(), "put the inventory into parameters below the path".to_owned())
        }
        InventorySource::Object(_)
        | InventorySource::Prefix(_)
        | InventorySource::Path(_)
        | InventorySource::StandardInput
        | InventorySource::Text { .. } => (
            "the prefix has no *.yaml, *.yml or *.json object".to_owned(),
            "upload the inventory: aws s3 sync inventory s3://BUCKET/PREFIX/".to_owned(),
        ),
    }
}
