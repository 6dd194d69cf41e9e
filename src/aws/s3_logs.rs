//! S3: the lists of a bucket, and the bodies of many objects as streams.

use std::collections::HashSet;
use std::time::Duration;

use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::errors::Class;
use super::s3::{Bucket, NotReadObject};

/// How often the body of an object is requested again from where it broke off.
const REOPENS: u32 = 3;

/// The longest wait for the next part of a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most entries of a list: a prefix with more is to be read in parts.
pub const MOST_ENTRIES: usize = 10_000_000;

/// The most pages without an entry in a row.
const MOST_EMPTY_PAGES: usize = 100;

/// S3's longest key, in bytes (S3 User Guide, "Naming Amazon S3 objects").
const LONGEST_KEY: usize = 1024;

/// A bucket with logs.
#[derive(Debug)]
pub struct LogBucket(Bucket);

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The version.
    pub etag: String,
}

/// The entries below a prefix.
#[derive(Debug, Default)]
pub struct Listed {
    /// The prefixes of the next level, each with its slash.
    pub folders: Vec<String>,
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// Why the list has no further entries, if there are more.
    pub problem: Option<S3Problem>,
}

/// Why S3 gave no list or no object.
#[derive(Debug, thiserror::Error)]
pub enum S3Problem {
    /// S3 refused the request, or did not answer.
    #[error("S3: {0}")]
    Refused(String),
    /// There is no answer of AWS at all: no credentials or no connection.
    #[error("no answer from S3: {0}")]
    NoAnswer(String),
    /// The object is another version than the one in the list.
    #[error("the object changed after it was listed")]
    Changed,
    /// The body is incomplete each time.
    #[error("the body of the object broke off {} times", REOPENS + 1)]
    BrokenOff,
    /// A list has no end.
    #[error("S3 returned the same page of the list again")]
    RepeatedPage,
    /// A list with pages that have nothing.
    #[error("S3 returned {MOST_EMPTY_PAGES} pages of the list without an entry")]
    EmptyPages,
    /// More entries than are kept.
    #[error("there are more than {MOST_ENTRIES} objects and folders: name a longer prefix, or a shorter window")]
    TooMany,
}

impl S3Problem {
    fn new(error: NotReadObject) -> Self {
        let answer = match error {
            #[cfg(feature = "lambda")]
            NotReadObject::BrokenOff => return Self::BrokenOff,
            NotReadObject::OtherRegion => {
                return Self::Refused("the bucket is in another Region each time".to_owned());
            }
            NotReadObject::Refused(answer) => answer,
        };
        if answer.class == Class::ObjectChanged {
            Self::Changed
        } else if matches!(answer.class, Class::NoCredentials | Class::Unreachable | Class::TimedOut) {
            Self::NoAnswer(answer.text())
        } else {
            Self::Refused(answer.text())
        }
    }
}

impl LogBucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(aws: Aws, name: &str) -> Self {
        Self(Bucket::new(aws, name))
    }

    /// Lists what is below the prefix: with `folders` the next level, otherwise every object.
    pub async fn list(&self, prefix: &str, folders: bool) -> Listed {
        let mut listed = Listed::default();
        let mut known = HashSet::new();
        let mut marker: Option<String> = None;
        let mut empty = 0;
        loop {
            let page = match self.page(prefix, folders, marker.as_deref()).await {
                Err(NotReadObject::OtherRegion) => self.page(prefix, folders, marker.as_deref()).await,
                page => page,
            };
            match page {
                Err(error) => listed.problem = Some(S3Problem::new(error)),
                Ok(page) => {
                    empty = if page.folders.is_empty() && page.objects.is_empty() { empty + 1 } else { 0 };
                    listed.folders.extend(page.folders);
                    listed.objects.extend(page.objects);
                    marker = page.next;
                    let count = listed.folders.len() + listed.objects.len();
                    match &marker {
                        Some(_) if empty >= MOST_EMPTY_PAGES => listed.problem = Some(S3Problem::EmptyPages),
                        Some(_) if count > MOST_ENTRIES => listed.problem = Some(S3Problem::TooMany),
                        Some(next) if known.insert(next.clone()) => continue,
                        Some(_) => listed.problem = Some(S3Problem::RepeatedPage),
                        None => {}
                    }
                }
            }
            return listed;
        }
    }

    async fn page(&self, prefix: &str, folders: bool, marker: Option<&str>) -> Result<Page, NotReadObject> {
        let client = self.0.aws.s3_lists(self.0.region().await);
        let request = client
            .list_objects_v2()
            .bucket(&self.0.name)
            .prefix(prefix)
            .set_delimiter(folders.then(|| "/".to_owned()))
            .set_continuation_token(marker.map(str::to_owned));
        let answer = match Box::pin(request.send()).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.0.not_read(&error).await),
        };
        let has_more = answer.is_truncated.unwrap_or_default();
        let next = answer.next_continuation_token.filter(|_| has_more);
        if has_more && next.is_none() {
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable("a page of the list names no next page")));
        }
        let object = |object: aws_sdk_s3::types::Object| {
            let size = u64::try_from(object.size.unwrap_or_default()).unwrap_or_default();
            Some(ListedObject { key: object.key?, size, etag: object.e_tag.unwrap_or_default() })
        };
        let common = answer.common_prefixes.unwrap_or_default().into_iter();
        let page = Page {
            folders: common.filter_map(|folder| folder.prefix).collect(),
            objects: answer.contents.unwrap_or_default().into_iter().filter_map(object).collect(),
            next,
        };
        let is_below = |key: &str| key.len() <= LONGEST_KEY && key.starts_with(prefix);
        let are_below = page.objects.iter().all(|object| is_below(&object.key))
            && page.folders.iter().all(|folder| folders && is_below(folder) && is_next_level(prefix, folder));
        if !are_below {
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable(
                "a page of the list has other keys than asked",
            )));
        }
        Ok(page)
    }

    /// Opens an object in the version of the list.
    ///
    /// # Errors
    /// S3 refused it.
    pub async fn open<'a>(&'a self, object: &'a ListedObject) -> Result<ObjectBody<'a>, S3Problem> {
        let body = self.body_from(object, 0).await?;
        Ok(ObjectBody { bucket: self, object, body, at: 0, reopens: REOPENS })
    }

    async fn body_from(&self, object: &ListedObject, at: u64) -> Result<ByteStream, S3Problem> {
        match self.get(object, at).await {
            Err(NotReadObject::OtherRegion) => self.get(object, at).await,
            body => body,
        }
        .map_err(S3Problem::new)
    }

    async fn get(&self, object: &ListedObject, at: u64) -> Result<ByteStream, NotReadObject> {
        let request = self
            .0
            .aws
            .s3_bodies(self.0.region().await)
            .get_object()
            .bucket(&self.0.name)
            .key(&object.key)
            .if_match(&object.etag)
            .set_range((at > 0).then(|| format!("bytes={at}-")));
        match Box::pin(request.send()).await {
            Ok(answer) => Ok(answer.body),
            Err(error) => Err(self.0.not_read(&error).await),
        }
    }
}

/// Whether the folder is directly below the prefix, which may end in the middle of a name.
fn is_next_level(prefix: &str, folder: &str) -> bool {
    let rest = folder.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('/'));
    rest.is_some_and(|name| !name.contains('/'))
}

/// A page of a list.
struct Page {
    folders: Vec<String>,
    objects: Vec<ListedObject>,
    next: Option<String>,
}

/// The body of an object. A body that breaks off is requested again from there.
#[derive(Debug)]
pub struct ObjectBody<'a> {
    bucket: &'a LogBucket,
    object: &'a ListedObject,
    body: ByteStream,
    /// The bytes that were read.
    at: u64,
    /// How often the body may still be requested again.
    reopens: u32,
}

impl ObjectBody<'_> {
    /// The next part; `None`: the end.
    ///
    /// # Errors
    /// The body is incomplete.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, S3Problem> {
        loop {
            match timeout(PATIENCE, self.body.next()).await {
                Ok(Some(Ok(part))) => {
                    self.at += part.len() as u64;
                    return Ok(Some(part.to_vec()));
                }
                // S3 states the length, so that the connection's end is noticed; the list states it too.
                Ok(None) if self.at >= self.object.size => return Ok(None),
                Ok(None | Some(Err(_))) | Err(_) if self.reopens == 0 => return Err(S3Problem::BrokenOff),
                Ok(None | Some(Err(_))) | Err(_) => {
                    self.reopens -= 1;
                    self.body = self.bucket.body_from(self.object, self.at).await?;
                }
            }
        }
    }
}
