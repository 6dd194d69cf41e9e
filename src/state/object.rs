//! GetObject and PutObject of one object, on what the SDK's clients are made of (credentials, signature, retries, timeouts,
//! connections) without its client of S3: that one knows all of S3, and was a quarter of the function (docs/performance.md).
//! Owns endpoints, requests and answers; what they mean is `store`'s.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::{AwsErrorCodeClassifier, TRANSIENT_ERRORS};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_sns::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_http::label::{EncodingStrategy, fmt_string};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use sha2::{Digest as _, Sha256};

use super::StateUri;

/// Why S3 did not do it.
pub(super) type Refused = SdkError<ErrorMetadata, HttpResponse>;

/// What S3 answered.
#[derive(Debug)]
pub(super) struct Object {
    /// Which version of the object it is.
    pub(super) etag: Option<String>,
    /// Its content, still to be read.
    pub(super) body: SdkBody,
}

/// An operation and what is special about it.
#[derive(Debug, Clone)]
pub(super) enum Request {
    /// GetObject.
    Get,
    /// PutObject of this text, on a condition: a header and its value.
    Put(String, (&'static str, String)),
}

/// Sends the request, to the endpoint that is set or to S3's own in `region`.
pub(super) async fn send(
    config: &SdkConfig,
    region: &Region,
    uri: &StateUri,
    request: Request,
) -> Result<Object, Refused> {
    let flags = (config.use_fips().unwrap_or_default(), config.use_dual_stack().unwrap_or_default());
    let (host, path) = match endpoint_that_is_set(config) {
        // The bucket goes into the path: its name is not a part of that host's.
        Some(set) => (set, format!("/{}", uri.bucket())),
        None => endpoint(uri.bucket(), region.as_ref(), flags).await.map_err(SdkError::construction_failure)?,
    };
    let name = if matches!(request, Request::Get) { "GetObject" } else { "PutObject" };
    let path = format!("{path}/{}?x-id={name}", fmt_string(uri.key(), EncodingStrategy::Greedy));
    let mut operation = Operation::builder()
        .service_name("S3")
        .operation_name(name)
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&host)
        .with_connection_poisoning()
        .interceptor(StalledStreamProtectionInterceptor::default())
        .interceptor(UserAgentInterceptor::new())
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .retry_classifier(error_codes())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .runtime_plugin(signing(config, region));
    if let Some(retries) = config.retry_config() {
        operation = operation.standard_retry(retries);
    }
    if let Some(timeouts) = config.timeout_config() {
        operation = operation.timeout_config(timeouts.clone());
    }
    if let Some(client) = config.http_client() {
        operation = operation.http_client(client);
    }
    operation.serializer(move |request| http(&path, request)).deserializer_impl(Answers).build().invoke(request).await
}

/// `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL`, in that order, as the SDK's clients read them.
fn endpoint_that_is_set(config: &SdkConfig) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let of_s3 = config.service_config().and_then(|settings| settings.load_config(key));
    of_s3.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// Where S3 has a bucket, and what comes before the key in its path; `flags`: by FIPS 140 modules, by IPv6 too.
///
/// # Errors
/// The SDK knows no such Region.
pub async fn endpoint(bucket: &str, region: &str, flags: (bool, bool)) -> Result<(String, String), BoxError> {
    // The SDK's table of partitions is in its clients; SNS has the same suffix everywhere.
    let of_sns = DefaultResolver::new().resolve_endpoint(&Params::builder().region(region).build()?).await?;
    let prefix = format!("https://sns.{region}.");
    let suffix = of_sns.url().strip_prefix(&prefix).ok_or_else(|| format!("no endpoint in {region}"))?;
    let fips = if flags.0 { "-fips" } else { "" };
    let dual_stack = if flags.1 { ".dualstack" } else { "" };
    let s3 = format!("s3{fips}{dual_stack}.{region}.{suffix}");
    // The certificates of S3 are for one label before that.
    Ok(match bucket.contains('.') {
        true => (format!("https://{s3}"), format!("/{bucket}")),
        false => (format!("https://{bucket}.{s3}"), String::new()),
    })
}

/// SigV4 as S3 wants it: the path as it is sent, the body's digest in a header.
fn signing(config: &SdkConfig, region: &Region) -> StaticRuntimePlugin {
    let mut options = SigningOptions::default();
    (options.double_uri_encode, options.normalize_uri_path, options.content_sha256_header) = (false, false, true);
    let mut layer = Layer::new("s3");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig { signing_options: options, ..SigV4OperationSigningConfig::default() });
    layer.store_put(SigningName::from_static("s3"));
    layer.store_put(SigningRegion::from(region.clone()));
    layer.store_put(ApiMetadata::new("s3", env!("CARGO_PKG_VERSION")));
    let mut components = RuntimeComponentsBuilder::new("s3")
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .with_identity_cache(config.identity_cache())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source());
    if let Some(credentials) = config.credentials_provider() {
        components = components.with_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// As the SDK's client of S3 has it: `InternalError` passes.
fn error_codes() -> AwsErrorCodeClassifier<ErrorMetadata> {
    AwsErrorCodeClassifier::builder().transient_errors([TRANSIENT_ERRORS, &["InternalError"]].concat()).build()
}

fn http(path: &str, request: Request) -> Result<HttpRequest, BoxError> {
    let Request::Put(text, (condition, value)) = request else {
        return Ok(HttpRequest::get(path)?);
    };
    // A bucket whose objects are locked takes none without a checksum.
    let checksum = aws_smithy_types::base64::encode(Sha256::digest(&text));
    let mut put = HttpRequest::new(SdkBody::from(text));
    put.set_method("PUT")?;
    put.set_uri(path)?;
    for (name, value) in [("content-type", "application/json".to_owned()), ("x-amz-checksum-sha256", checksum)] {
        put.headers_mut().insert(name, value);
    }
    put.headers_mut().insert(condition, value);
    Ok(put)
}

/// Reads S3's answers: a refusal whole, an object's content not at all.
#[derive(Debug)]
struct Answers;

impl DeserializeResponse for Answers {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        if !response.status().is_success() {
            return None;
        }
        let etag = response.headers().get("etag").map(str::to_owned);
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        Some(Ok(Output::erase(Object { etag, body })))
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        // Without a code it is no answer of AWS's: `probe::answer` says so.
        let mut refusal = refusal(response.body().bytes().unwrap_or_default()).unwrap_or_default();
        if let Some(id) = response.headers().get("x-amz-request-id") {
            refusal = refusal.into_builder().custom("aws_request_id", id).build();
        }
        Err(OrchestratorError::operation(Error::erase(refusal)))
    }
}

/// `<Error><Code>…</Code><Message>…</Message>…</Error>`
fn refusal(body: &[u8]) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut document = Document::try_from(body)?;
    let mut root = document.root_element()?;
    let mut refusal = ErrorMetadata::builder();
    while let Some(mut tag) = root.next_tag() {
        refusal = match tag.start_el().local() {
            "Code" => refusal.code(try_data(&mut tag)?),
            "Message" => refusal.message(try_data(&mut tag)?),
            _ => refusal,
        };
    }
    Ok(refusal.build())
}
