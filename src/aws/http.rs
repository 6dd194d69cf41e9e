//! The connections: one pool for every client, TLS by rustls and ring, the system's root certificates (or those of
//! SSL_CERT_FILE), proxies from the environment, and a bound on the size of every answer.

use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;

use super::certificates;

/// The size limit of answers, in bytes, for calls without a specific limit.
pub(super) const LARGEST_ANSWER: usize = 256 * 1024;
/// The largest page of ListRoles: 250 roles with their trust policies are about half a megabyte.
pub(super) const LARGEST_PAGE: usize = 4 * 1024 * 1024;

/// A new pool of connections.
pub(super) fn pool() -> SharedHttpClient {
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

/// The root certificates of every connection. The SDK panics if it loads those of a machine without any.
fn tls_context() -> TlsContext {
    let roots = TrustStore::default().with_native_roots(certificates::are_usable());
    TlsContext::builder().with_trust_store(roots).build().unwrap_or_default()
}

/// The same connections with a limit on the size of each answer: a longer body ends with an error.
pub(super) fn bounded(client: SharedHttpClient, largest: usize) -> SharedHttpClient {
    SharedHttpClient::new(Bounded { inner: client, largest })
}

/// An HTTP client or connector that limits the size of answers.
#[derive(Clone)]
struct Bounded<T> {
    inner: T,
    largest: usize,
}

impl<T> fmt::Debug for Bounded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").field("largest", &self.largest).finish_non_exhaustive()
    }
}

// `validate_base_client_config` keeps its default. The pool's validation would parse all root certificates for each
// new client, and a run makes a client for each session.
impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Bounded { inner, largest: self.largest })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, largest) = (self.inner.call(request), self.largest);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
            *answer.body_mut() = SdkBody::from_body_1_x(Limited::new(body, largest));
            Ok(answer)
        })
    }
}
