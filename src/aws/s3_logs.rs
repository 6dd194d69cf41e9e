//! S3: the bodies of many objects as streams.

use std::time::Duration;

use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;

use super::client::Aws;
pub use super::s3::S3Problem;
use super::s3::{Bucket, NotReadObject, REOPENS};
pub use super::s3_list::{Depth, Listed, ListedObject};

/// The longest wait for the next part of a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most entries of a list: a prefix with more is to be read in parts.
pub const MOST_ENTRIES: usize = 10_000_000;

/// A bucket with logs.
#[derive(Debug)]
pub struct LogBucket(Bucket);

impl LogBucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(aws: Aws, name: &str) -> Self {
        Self(Bucket::new(aws, name))
    }

    /// Lists the entries below the prefix.
    pub async fn list(&self, prefix: &str, depth: Depth) -> Listed {
        self.0.list(prefix, depth, MOST_ENTRIES).await
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
