//! S3 ListBuckets, EC2 DescribeRegions and CloudTrail LookupEvents, signed by aws-sigv4 and sent as they are: a run
//! needs their error answers and one list, for which three SDK crates are too much.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use credential_health::aws::certificates;
use credential_health::aws::errors::printable;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

use crate::aws::{Aws, Signer};
use crate::model::Seen;

/// The size limit of an answer, in bytes.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// The HTTP client of the SDK's clients: TLS by rustls and ring, proxies from the environment.
#[must_use]
pub fn client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        let connector = connector.proxy_config(ProxyConfig::from_env());
        connector.tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).tls_context(tls_context()).build()
    })
}

/// The root certificates. The SDK panics if it loads those of a machine without any.
fn tls_context() -> TlsContext {
    let roots = TrustStore::default().with_native_roots(certificates::are_usable());
    TlsContext::builder().with_trust_store(roots).build().unwrap_or_default()
}

/// The connections of the calls without an SDK crate.
pub(crate) fn connector() -> SharedHttpConnector {
    let connector = Connector::builder().proxy_config(ProxyConfig::from_env());
    let connector = connector.tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).tls_context(tls_context());
    SharedHttpConnector::new(connector.build())
}

/// A request before it is signed.
struct Unsigned<'a> {
    service: &'a str,
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: String,
}

impl Aws {
    pub(crate) async fn list_buckets(&self, signer: &Signer, partition: &str) -> Seen {
        let headers = Vec::new();
        let request =
            Unsigned { service: "s3", method: "GET", path: "/?x-id=ListBuckets", headers, body: String::new() };
        self.send(signer, partition, &request).await.unwrap_or_else(|failed| failed).0
    }

    pub(crate) async fn describe_regions(&self, signer: &Signer, partition: &str) -> Seen {
        let headers = vec![("content-type", "application/x-www-form-urlencoded")];
        let body = "Action=DescribeRegions&Version=2016-11-15".to_owned();
        let request = Unsigned { service: "ec2", method: "POST", path: "/", headers, body };
        self.send(signer, partition, &request).await.unwrap_or_else(|failed| failed).0
    }

    /// `key`: an access key whose calls with an expired token are looked for.
    pub(crate) async fn lookup_events(&self, signer: &Signer, partition: &str, key: Option<&str>) -> Seen {
        let attributes: Vec<Value> =
            key.iter().map(|key| json!({ "AttributeKey": "AccessKeyId", "AttributeValue": key })).collect();
        let mut input = json!({ "MaxResults": if key.is_some() { 50 } else { 1 } });
        if !attributes.is_empty() {
            input["LookupAttributes"] = json!(attributes);
        }
        let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        let headers = vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let request = Unsigned { service: "cloudtrail", method: "POST", path: "/", headers, body: input.to_string() };
        match self.send(signer, partition, &request).await {
            Ok((Seen::Done, answer)) if key.is_some() => Seen::Recorded(has_expired_call(&answer)),
            Ok((seen, _)) | Err((seen, _)) => seen,
        }
    }

    /// Sends a request. `Err`: it was not sent, or the answer was not read.
    async fn send(
        &self,
        signer: &Signer,
        partition: &str,
        unsigned: &Unsigned<'_>,
    ) -> Result<(Seen, String), (Seen, String)> {
        let nothing = |why: &str| (Seen::NoAnswer(why.to_owned()), String::new());
        let Some(credentials) = self.credentials_of(signer).await else { return Err(nothing("no credentials")) };
        let request =
            self.signed(&credentials, partition, unsigned).ok_or_else(|| nothing("the request could not be made"))?;
        let answer = self.connector.call(request).await.map_err(|_| nothing("no connection: name, network or TLS"))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        let body = body.map_err(|_| nothing("the answer cannot be read"))?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(if (200..300).contains(&status) { (Seen::Done, text) } else { (refusal(status, &text), text) })
    }

    fn signed(&self, credentials: &Credentials, partition: &str, unsigned: &Unsigned<'_>) -> Option<HttpRequest> {
        let Unsigned { service, method, path, headers, body } = unsigned;
        let endpoint = match self.endpoint() {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://{service}.{}.{}", self.region(), suffix(partition)),
        };
        let uri = format!("{endpoint}{path}");
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region())
            .name(service)
            .time(self.now())
            .settings(settings)
            .build()
            .ok()?
            .into();
        let mut request = http::Request::builder().method(*method).uri(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(SdkBody::from(body.as_str())).ok()?;
        let signable =
            SignableRequest::new(method, &uri, headers.iter().copied(), SignableBody::Bytes(body.as_bytes())).ok()?;
        sign(signable, &parameters).ok()?.into_parts().0.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).ok()
    }
}

/// The domain of a partition's endpoints.
fn suffix(partition: &str) -> &'static str {
    if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Reads an error answer in XML or JSON.
fn refusal(status: u16, text: &str) -> Seen {
    let of_json = serde_json::from_str::<Value>(text).ok().map(|value| {
        let member = |names: [&str; 2]| names.iter().find_map(|name| value[*name].as_str()).unwrap_or_default();
        let code = member(["__type", "code"]);
        (code.rsplit('#').next().unwrap_or_default().to_owned(), member(["message", "Message"]).to_owned())
    });
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    let (code, message) =
        of_json.unwrap_or_else(|| (element("Code").unwrap_or_default(), element("Message").unwrap_or_default()));
    if code.is_empty() {
        return Seen::NoAnswer(format!("HTTP {status} with an answer that is not AWS's"));
    }
    Seen::Refused { status, code: printable(&code), message: printable(&message) }
}

/// Whether a page of CloudTrail events has a call that failed because its token had expired.
fn has_expired_call(answer: &str) -> bool {
    let Ok(answer) = serde_json::from_str::<Value>(answer) else { return false };
    let events = answer["Events"].as_array().cloned().unwrap_or_default();
    events.iter().filter_map(|event| serde_json::from_str::<Value>(event["CloudTrailEvent"].as_str()?).ok()).any(
        |record| {
            let code = record["errorCode"].as_str().unwrap_or_default();
            credential_health::aws::errors::is_expired_in_cloudtrail(code)
        },
    )
}
