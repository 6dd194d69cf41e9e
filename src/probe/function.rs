//! The SDK's settings as the function reads them: by the SDK's own readers, from the environment and the shared configuration,
//! as `aws_config::load_defaults` does, but for credentials. Lambda sets those as environment variables, where every AWS tool
//! looks first; what that chain holds beside (profiles, web identity, containers, instances) no function ever reaches.
//! And whom it trusts (docs/performance.md has what both are worth). Owns no client.

use std::env;

use aws_config::default_provider::{
    app_name, endpoint_url, ignore_configured_endpoint_urls, retry_config, use_dual_stack, use_fips,
};
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{self, ProfileFileRegionProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::EnvConfigValue;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The root certificates that the endpoints of AWS's public partitions chain to (Amazon Trust Services).
pub const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// Whether those are all that a function needs to trust, so that it does not read the system's, which would take most of
/// its start. In a function's zip nobody can add to the system's: who has an authority of his own names it in
/// `SSL_CERT_FILE`. Where a proxy, an endpoint or another partition may be met, the system's are read.
#[must_use]
pub fn trusts_amazon_alone(region: &str, mut set: impl Iterator<Item = String>) -> bool {
    let public = ["af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-"];
    let other = |name: &str| {
        let name = name.to_ascii_uppercase();
        let starts = ["SSL_CERT_", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
        starts.iter().any(|start| name.starts_with(start)) || (name.ends_with("_PROXY") && name != "NO_PROXY")
    };
    public.iter().any(|start| region.starts_with(start)) && !region.contains("-iso") && !set.any(|name| other(&name))
}

/// Whom the function's HTTPS client trusts.
pub(super) fn trust(settings: &SdkConfig) -> TlsContext {
    let set = env::vars_os().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.into_string().ok());
    let region = settings.region().map(ToString::to_string).unwrap_or_default();
    match trusts_amazon_alone(&region, set) {
        true => {
            let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
            TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
        }
        false => TlsContext::default(),
    }
}

/// What is set, without an HTTP client and timeouts.
pub(super) async fn settings() -> SdkConfig {
    let readers = ProviderConfig::default();
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::builder().configure(&readers).build());
    let ignores = ignore_configured_endpoint_urls::ignore_configured_endpoint_urls_provider(&readers).await;
    let ignores_endpoints = ignores.unwrap_or_default();
    let endpoint = match ignores_endpoints {
        true => None,
        false => endpoint_url::endpoint_url_provider(&readers).await,
    };
    let profiles = profile::load(&Fs::real(), &Env::real(), &Default::default(), None).await.unwrap_or_default();
    // The SDK's own reader of this one is private.
    let clock = EnvConfigValue::new().env("AWS_DISABLE_CLOCK_SKEW_CORRECTION").profile("disable_clock_skew_correction");
    let uncorrected = clock.load(&Env::real(), Some(&profiles)).map(|(text, _)| text.eq_ignore_ascii_case("true"));
    let mut settings = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .identity_cache(IdentityCache::lazy().build())
        .region(region.region().await)
        .retry_config(retry_config::default_provider().configure(&readers).retry_config().await)
        .service_config(OfServices { profiles, ignores_endpoints });
    settings.set_endpoint_url(endpoint);
    settings.set_use_fips(use_fips::use_fips_provider(&readers).await);
    settings.set_use_dual_stack(use_dual_stack::use_dual_stack_provider(&readers).await);
    settings.set_app_name(app_name::default_provider().app_name().await);
    settings.set_disable_clock_skew_correction(uncorrected);
    settings.build()
}

/// The settings of a single service, such as `AWS_ENDPOINT_URL_STS`.
#[derive(Debug)]
struct OfServices {
    profiles: ProfileSet,
    ignores_endpoints: bool,
}

impl LoadServiceConfig for OfServices {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if self.ignores_endpoints && key.env() == "AWS_ENDPOINT_URL" {
            return None;
        }
        let value = EnvConfigValue::new().env(key.env()).profile(key.profile()).service_id(key.service_id());
        value.load(&Env::real(), Some(&self.profiles)).map(|(text, _)| text.into_owned())
    }
}
