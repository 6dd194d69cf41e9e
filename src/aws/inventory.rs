//! The sources of an inventory in S3 and Parameter Store. An object is read only if its ETag has changed.

mod parameters;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::s3::{Bucket, NotReadObject, S3Problem};
use super::s3_list::Depth;
use super::s3_object::S3Object;
use super::tasks::result_of;
use crate::inventory::folder::NotRead;
use crate::inventory::remote::{NoSource, RemoteFile, RemoteText, select};
use crate::inventory::yaml::MAX_BYTES;
use crate::inventory::{InventorySource, InventorySources, RemoteFiles, Version};

/// The most objects below a prefix, those that are no inventory included.
const MOST_LISTED: usize = 100_000;
/// How many objects are read at once.
const AT_ONCE: usize = 16;
/// What the function's role or the caller needs.
const HELP_S3: &str = "allow s3:ListBucket on the bucket for the prefix, s3:GetObject on the objects, and \
    kms:Decrypt on the bucket's customer key";
const HELP_BUCKET: &str = "check the name of the bucket";
/// Of a file that changed between the list and its reading.
const HELP_CHANGED: &str = "run it again";
const HELP_LARGE: &str = "split it into the objects of a prefix, or give the function more memory";

/// The objects that were read, by their names: the next run reads only those that have changed.
#[derive(Debug, Default)]
pub struct KeptFiles(HashMap<String, RemoteText>);

impl Aws {
    /// Reads the sources of an inventory outside this machine. `most`: the most bytes of all files, of which the
    /// platform's file is always read; `None`: the general limit.
    pub async fn remote_files(
        &self,
        sources: &InventorySources,
        most: Option<u64>,
        kept: &mut KeptFiles,
    ) -> RemoteFiles {
        let most = sources.share_of(most.unwrap_or(MAX_BYTES));
        let mut read = BTreeMap::new();
        let mut keep = HashMap::new();
        for (index, source) in sources.iter().enumerate() {
            let mut reading = Reading { aws: self, source, is_first: index == 0, most, kept, keep: &mut keep };
            let files = match source {
                InventorySource::Object(object) => reading.object(object.bucket(), object.key()).await,
                InventorySource::Prefix(folder) => reading.prefix(folder.bucket(), folder.prefix()).await,
                InventorySource::Parameters { path } => parameters::read(&reading, path).await,
                InventorySource::Path(_) | InventorySource::StandardInput | InventorySource::Text { .. } => continue,
            };
            read.insert(index, files);
        }
        kept.0 = keep;
        RemoteFiles(read)
    }
}

/// One source that is read.
struct Reading<'a> {
    aws: &'a Aws,
    source: &'a InventorySource,
    /// The platform's file may be in it.
    is_first: bool,
    most: u64,
    kept: &'a KeptFiles,
    keep: &'a mut HashMap<String, RemoteText>,
}

impl Reading<'_> {
    async fn object(&mut self, bucket: &str, key: &str) -> Result<Vec<RemoteFile>, NoSource> {
        let name = self.source.to_string();
        let known = self.kept.0.get(&name).cloned();
        let bucket = Arc::new(Bucket::new(self.aws.clone(), bucket));
        let most = if self.is_first { MAX_BYTES } else { self.most };
        let text = get(S3Object::new(bucket, key), known, most).await.map_err(|wrong| match wrong {
            NotGot::TooLarge => no_source(format!("is larger than {} KiB", most / 1024), HELP_LARGE),
            NotGot::S3(problem) => no_list(problem),
        })?;
        self.keep.insert(name.clone(), text.clone());
        Ok(vec![RemoteFile { within: name, content: Ok(text) }])
    }

    async fn prefix(&mut self, bucket: &str, prefix: &str) -> Result<Vec<RemoteFile>, NoSource> {
        let bucket = Arc::new(Bucket::new(self.aws.clone(), bucket));
        let listed = bucket.list(prefix, Depth::All, MOST_LISTED).await;
        if let Some(problem) = listed.problem {
            return Err(no_list(problem));
        }
        let mut objects = BTreeMap::new();
        for object in listed.objects {
            let within = object.key.strip_prefix(prefix).unwrap_or(&object.key).to_owned();
            objects.insert(within, object);
        }
        let sizes = objects.iter().map(|(within, object)| (within.clone(), object.size));
        let selected = select(self.source, sizes, self.is_first, self.most)?;
        let mut files = Vec::with_capacity(selected.len());
        let mut changed = Vec::new();
        for (within, not_read) in selected {
            let (name, object) = (self.source.name_of(&within), &objects[&within]);
            let known = self.kept.0.get(&name).filter(|known| quoted(&known.version) == object.etag);
            match (not_read, known) {
                (Some(not_read), _) => files.push(RemoteFile { within, content: Err(not_read) }),
                (None, Some(known)) => files.push(RemoteFile { within, content: Ok(known.clone()) }),
                (None, None) => changed.push((within, S3Object::new(Arc::clone(&bucket), &object.key), object.size)),
            }
        }
        files.extend(get_all(changed).await);
        files.sort_by(|one, other| one.within.cmp(&other.within));
        for file in &files {
            if let Ok(text) = &file.content {
                self.keep.insert(self.source.name_of(&file.within), text.clone());
            }
        }
        Ok(files)
    }
}

/// Why an object was not read.
enum NotGot {
    TooLarge,
    S3(S3Problem),
}

/// Reads objects of up to twice their listed size: each may have grown since.
async fn get_all(changed: Vec<(String, S3Object, u64)>) -> Vec<RemoteFile> {
    let mut waiting = changed.into_iter();
    let mut reads = JoinSet::new();
    let mut files = Vec::new();
    loop {
        while reads.len() < AT_ONCE
            && let Some((within, object, size)) = waiting.next()
        {
            reads.spawn(async move {
                let not_read = |wrong: NotGot| match wrong {
                    NotGot::TooLarge => NotRead::remote("has grown while it was read", HELP_CHANGED),
                    NotGot::S3(problem) => NotRead::remote(problem.to_string(), HELP_S3),
                };
                let content = get(object, None, size.saturating_mul(2)).await.map_err(not_read);
                RemoteFile { within, content }
            });
        }
        match reads.join_next().await {
            Some(read) => files.push(result_of(read)),
            None => return files,
        }
    }
}

async fn get(object: S3Object, known: Option<RemoteText>, most: u64) -> Result<RemoteText, NotGot> {
    let etag = known.as_ref().map(|known| quoted(&known.version));
    let content = match (object.get(most, etag.as_deref()).await, known) {
        (Ok(content), _) => content,
        (Err(NotReadObject::NotModified), Some(known)) => return Ok(known),
        (Err(error), _) => return Err(NotGot::S3(S3Problem::new(error))),
    };
    let Some(etag) = content.etag.filter(|etag| !etag.is_empty()) else {
        let answer = ErrorAnswer::unreadable("the answer has no ETag: it is not from S3");
        return Err(NotGot::S3(S3Problem::new(NotReadObject::Refused(answer))));
    };
    let bytes = content.bytes.ok_or(NotGot::TooLarge)?;
    Ok(RemoteText { bytes: bytes.into(), version: Version::ETag(etag.trim_matches('"').to_owned()) })
}

/// The ETag as S3 writes it.
fn quoted(version: &Version) -> String {
    match version {
        Version::ETag(etag) => format!("\"{etag}\""),
        Version::Parameter(number) => number.to_string(),
    }
}

fn no_source(message: impl Into<String>, help: &str) -> NoSource {
    NoSource { message: message.into(), help: help.to_owned(), is_unanswered: false }
}

fn no_list(problem: S3Problem) -> NoSource {
    let is_unanswered = matches!(problem, S3Problem::NoAnswer(_));
    let help = if matches!(problem, S3Problem::NoBucket(_)) { HELP_BUCKET } else { HELP_S3 };
    NoSource { is_unanswered, ..no_source(format!("cannot be read: {problem}"), help) }
}
