//! S3: GetObject and PutObject of one object.

use std::sync::Arc;

#[cfg(feature = "lambda")]
use aws_sdk_s3::operation::RequestId as _;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;

#[cfg(feature = "lambda")]
use super::answer::ErrorAnswer;
use super::s3::{Bucket, NotReadObject};

/// One object in S3.
#[derive(Debug)]
pub(crate) struct S3Object {
    bucket: Arc<Bucket>,
    key: String,
}

/// The content of an object.
#[derive(Debug)]
pub(crate) struct ObjectContent {
    /// The version of the object.
    pub(crate) etag: Option<String>,
    /// The bytes; `None`: the object is larger than the limit.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// The condition of a write.
#[cfg(feature = "lambda")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum WriteCondition<'a> {
    /// The object is still this version.
    IfMatch(&'a str),
    /// There is no object.
    IfNoneMatch,
}

impl S3Object {
    pub(crate) fn new(bucket: Arc<Bucket>, key: &str) -> Self {
        Self { bucket, key: key.to_owned() }
    }

    /// Reads the object, up to this many bytes, once more if its bucket is in another Region or its body broke off.
    /// `known`: the version that is not read again.
    pub(crate) async fn get(&self, largest: u64, known: Option<&str>) -> Result<ObjectContent, NotReadObject> {
        match self.get_once(largest, known).await {
            Err(NotReadObject::BrokenOff | NotReadObject::OtherRegion) => self.get_once(largest, known).await,
            read => read,
        }
    }

    async fn get_once(&self, largest: u64, known: Option<&str>) -> Result<ObjectContent, NotReadObject> {
        let request = self.client().await.get_object().bucket(&self.bucket.name).key(&self.key);
        let request = request.set_if_none_match(known.map(str::to_owned));
        let answer = match Box::pin(request.send()).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.bucket.not_read(&error).await),
        };
        let bytes = read_body(answer.body, largest).await?;
        Ok(ObjectContent { etag: answer.e_tag, bytes })
    }

    /// Writes the object under a condition; returns the new version. An answer without an ETag and a request id is
    /// not from S3.
    #[cfg(feature = "lambda")]
    pub(crate) async fn put(&self, text: String, condition: WriteCondition<'_>) -> Result<String, ErrorAnswer> {
        let request = self
            .client()
            .await
            .put_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .content_type("application/json")
            .body(ByteStream::from(text.into_bytes()));
        let request = match condition {
            WriteCondition::IfMatch(etag) => request.if_match(etag),
            WriteCondition::IfNoneMatch => request.if_none_match("*"),
        };
        // Boxed, because the future of every run with a state holds this future.
        match Box::pin(request.send()).await {
            Ok(answer) if answer.request_id().is_some_and(|id| !id.is_empty()) => match answer.e_tag {
                Some(etag) if !etag.is_empty() => Ok(etag),
                _ => Err(ErrorAnswer::unreadable("the answer has no ETag: it is not from S3")),
            },
            Ok(_) => Err(ErrorAnswer::unreadable("the answer has no request id: it is not from S3")),
            Err(error) => Err(ErrorAnswer::read(&error, &self.bucket.aws.secrets)),
        }
    }

    async fn client(&self) -> aws_sdk_s3::Client {
        self.bucket.aws.s3(self.bucket.region().await)
    }
}

async fn read_body(mut body: ByteStream, largest: u64) -> Result<Option<Vec<u8>>, NotReadObject> {
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        bytes.extend_from_slice(&part.map_err(|_| NotReadObject::BrokenOff)?);
        if bytes.len() as u64 > largest {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

/// Refuses a successful PutObject with a body: S3 sends no body, but a proxy's page has one.
#[derive(Debug)]
pub(super) struct EmptyAnswer;

#[dyn_dispatch_hint]
impl Intercept for EmptyAnswer {
    fn name(&self) -> &'static str {
        "EmptyAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The body of GetObject is a stream, and its bytes are not available here.
        let body = context.response().body().bytes().unwrap_or_default();
        match context.response().status().is_success() && !body.is_empty() {
            true => Err("a success of S3 has no body here".into()),
            false => Ok(()),
        }
    }
}
