//! S3: a bucket, its Region, and why an object was not read. `s3_object` reads and writes one object, `s3_list` lists
//! many, `s3_logs` reads many as streams.

use aws_config::Region;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::sync::Mutex;

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::errors::Class;
use super::s3_list::MOST_EMPTY_PAGES;

/// How often the body of an object is requested again from where it broke off.
pub(super) const REOPENS: u32 = 3;

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(super) aws: Aws,
    pub(super) name: String,
    /// The bucket's Region, if S3 named another Region than the settings.
    region: Mutex<Option<Region>>,
}

/// Why an object was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReadObject {
    /// The body is incomplete.
    #[error("its body broke off")]
    BrokenOff,
    /// The object is still the version that the request named.
    #[error("the object has not changed")]
    NotModified,
    /// S3 returned an error, or no answer.
    #[error("{}", .0.text())]
    Refused(ErrorAnswer),
    /// The bucket is in another Region. Later calls use that Region.
    #[error("S3 names another Region each time")]
    OtherRegion,
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
    /// There is no bucket of this name.
    #[error("S3: {0}")]
    NoBucket(String),
    /// The object is another version than the one in the list.
    #[error("the object changed after it was listed")]
    Changed,
    /// The object does not exist.
    #[error("there is no such object")]
    Missing,
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
    #[error("there are more than {most} objects and folders: name a longer prefix, or a shorter window")]
    TooMany {
        /// The most that are kept.
        most: usize,
    },
}

impl S3Problem {
    pub(super) fn new(error: NotReadObject) -> Self {
        let answer = match error {
            NotReadObject::BrokenOff => return Self::BrokenOff,
            NotReadObject::NotModified => return Self::Refused("the object has not changed".to_owned()),
            NotReadObject::OtherRegion => {
                return Self::Refused("the bucket is in another Region each time".to_owned());
            }
            NotReadObject::Refused(answer) => answer,
        };
        if answer.class == Class::ObjectChanged {
            Self::Changed
        } else if answer.class == Class::ObjectMissing {
            Self::Missing
        } else if answer.is_missing() {
            Self::NoAnswer(answer.text())
        } else if answer.code.as_deref() == Some("NoSuchBucket") {
            Self::NoBucket(answer.text())
        } else {
            Self::Refused(answer.text())
        }
    }
}

impl Bucket {
    pub(crate) fn new(aws: Aws, name: &str) -> Self {
        Self { aws, name: name.to_owned(), region: Mutex::default() }
    }

    pub(super) async fn region(&self) -> Option<Region> {
        self.region.lock().await.clone()
    }

    pub(super) async fn not_read<E>(&self, error: &SdkError<E, HttpResponse>) -> NotReadObject
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 304) {
            return NotReadObject::NotModified;
        }
        let answer = ErrorAnswer::read(error, &self.aws.secrets);
        let named = error.raw_response().and_then(|raw| raw.headers().get("x-amz-bucket-region"));
        if answer.class == Class::ElsewhereInS3
            && let Some(named) = named
        {
            // Only once: S3 may name a wrong Region for a bucket again and again.
            let mut region = self.region.lock().await;
            if region.is_none() {
                *region = Some(Region::new(named.to_owned()));
                return NotReadObject::OtherRegion;
            }
        }
        NotReadObject::Refused(answer)
    }
}
