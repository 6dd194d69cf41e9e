//! Remembers the credentials that requests carry. The providers of the SDK's chain keep theirs to themselves: a token
//! of a file, a program, a container or a login, and the sessions between two roles. An answer can quote only
//! credentials that a request carried.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::secrets::Secrets;

/// The headers that carry a token.
const HEADERS: [&str; 4] =
    ["authorization", "x-amz-security-token", "x-amz-sso_bearer_token", "x-aws-ec2-metadata-token"];
/// The values of a form or of JSON that are credentials.
const VALUES: [&str; 6] = ["WebIdentityToken", "SAMLAssertion", "refreshToken", "clientSecret", "accessToken", "code"];

/// The same connections; `secrets` remembers what each request carries.
pub(super) fn noted(client: SharedHttpClient, secrets: Secrets) -> SharedHttpClient {
    SharedHttpClient::new(Noted { inner: client, secrets })
}

#[derive(Clone)]
struct Noted<T> {
    inner: T,
    secrets: Secrets,
}

impl<T> fmt::Debug for Noted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noted")
    }
}

impl HttpClient for Noted<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Noted { inner, secrets: self.secrets.clone() })
    }
}

impl HttpConnector for Noted<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers();
        for value in HEADERS.iter().flat_map(|name| headers.get_all(*name)) {
            // Of a signature, only the id of the key is a credential; of `Bearer TOKEN`, the token.
            match value.split_once("Credential=") {
                Some((_, signed)) => self.secrets.hold_value(signed.split('/').next().unwrap_or_default()),
                None => value.split_whitespace().for_each(|word| self.secrets.hold_value(word)),
            }
        }
        let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
        values(body).iter().for_each(|value| self.secrets.hold_value(value));
        self.inner.call(request)
    }
}

/// The credentials in a form or in JSON.
fn values(body: &str) -> Vec<String> {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(body) {
        let value = |name: &&str| fields.get(*name)?.as_str().map(str::to_owned);
        return VALUES.iter().filter_map(value).collect();
    }
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| VALUES.contains(name)).map(|(_, value)| super::views::without_percent(value)).collect()
}
