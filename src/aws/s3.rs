//! S3: a bucket, its Region, and why an object was not read. `s3_object` reads and writes one object, `s3_logs` lists
//! and reads many.

use aws_config::Region;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::sync::Mutex;

use super::answer::ErrorAnswer;
use super::client::Aws;

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
    #[cfg(feature = "lambda")]
    #[error("its body broke off")]
    BrokenOff,
    /// S3 returned an error, or no answer.
    #[error("{}", .0.text())]
    Refused(ErrorAnswer),
    /// The bucket is in another Region. Later calls use that Region.
    #[error("S3 names another Region each time")]
    OtherRegion,
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
        let answer = ErrorAnswer::read(error, &self.aws.secrets);
        let named = error.raw_response().and_then(|raw| raw.headers().get("x-amz-bucket-region"));
        if answer.class == super::errors::Class::ElsewhereInS3
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
