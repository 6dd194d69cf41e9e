//! The function's own ways to AWS: which settings it reads, whom it trusts, where S3 is. Each is shorter than what the SDK would
//! do, so each is compared with that.

use aws_sdk_s3::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use credential_health::probe::{AMAZON_ROOTS, trusts_amazon_alone};
use credential_health::state::endpoint;
use sha2::{Digest as _, Sha256};

use crate::emulator::{Running, event};
use crate::stand_in::{Answer, Fault};

/// Regions of every partition that the SDK knows.
const REGIONS: [&str; 9] = [
    "us-east-1",
    "eu-west-1",
    "mx-central-1",
    "us-gov-west-1",
    "cn-north-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eusc-de-east-1",
    "eu-isoe-west-1",
];

#[tokio::test]
async fn a_bucket_is_where_the_sdks_client_of_s3_would_look_for_it() {
    let mut compared = 0;
    for region in REGIONS {
        for bucket in
            ["company-state", "company.state", "abc", "a-bucket-of-63-characters-0123456789012345678901234567890123456"]
        {
            for flags in [(false, false), (true, false), (false, true), (true, true)] {
                let theirs = Params::builder().region(region).bucket(bucket).use_fips(flags.0).use_dual_stack(flags.1);
                let theirs = DefaultResolver::new().resolve_endpoint(&theirs.build().unwrap()).await;
                // A partition without FIPS or IPv6: then ours is a name that nobody answers to.
                let Ok(theirs) = theirs else {
                    assert_ne!(flags, (false, false), "{region} {bucket}");
                    continue;
                };
                let (host, path) = endpoint(bucket, region, flags).await.unwrap();
                assert_eq!(format!("{host}{path}"), theirs.url(), "{region} {bucket} {flags:?}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 80, "only {compared} endpoints were compared");
}

#[test]
fn the_roots_that_are_built_in_are_those_that_amazon_trust_services_publishes() {
    let published = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];
    let digest = |certificate: &str| {
        let (text, _) = certificate.split_once("-----END CERTIFICATE-----").unwrap();
        let der = aws_smithy_types::base64::decode(text.split_whitespace().collect::<String>()).unwrap();
        Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let ours: Vec<String> = AMAZON_ROOTS.split("-----BEGIN CERTIFICATE-----").skip(1).map(digest).collect();
    assert_eq!(ours, published);
    // The SDK's HTTPS client reads them when it is made, and panics at what is no certificate.
    let context = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS));
    let provider = Provider::Rustls(CryptoMode::Ring);
    Connector::builder().tls_provider(provider).tls_context(context.build().unwrap()).build();
}

#[test]
fn the_systems_authorities_are_read_wherever_another_than_amazon_may_answer() {
    let alone = |region: &str, set: &[&str]| trusts_amazon_alone(region, set.iter().map(|&name| name.to_owned()));
    for region in ["us-east-1", "eu-west-1", "us-gov-east-1", "il-central-1"] {
        assert!(alone(region, &[]), "{region}");
        assert!(
            alone(region, &["AWS_REGION", "NO_PROXY", "no_proxy", "TOPIC_ARN", "AWS_USE_FIPS_ENDPOINT"]),
            "{region}"
        );
    }
    for region in ["cn-north-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", "xx-new-1", ""]
    {
        assert!(!alone(region, &[]), "{region}");
    }
    for variable in [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_CONFIG_FILE",
    ] {
        assert!(!alone("eu-west-1", &["AWS_REGION", variable]), "{variable}");
    }
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn the_endpoint_of_a_service_wins_over_that_of_all() {
    let mut function = Running::start(&[
        ("AWS_ENDPOINT_URL", NOWHERE),
        ("AWS_ENDPOINT_URL_STS", "{aws}"),
        ("AWS_ENDPOINT_URL_IAM", "{aws}"),
        ("AWS_ENDPOINT_URL_SNS", "{aws}"),
        ("AWS_ENDPOINT_URL_S3", "{aws}"),
        ("STATE_URI", "s3://company-state/state.json"),
    ])
    .await;
    // There is no such bucket: what counts is who was asked.
    let answer = function.invoke(&event("scheduled.json")).await;
    assert_eq!(answer["errorType"], "StateNotSaved", "{answer}");
    for operation in ["AssumeRole", "GetRole", "Publish", "GetObject", "PutObject"] {
        assert!(!function.aws.calls_of(operation).is_empty(), "{operation}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn endpoints_that_are_to_be_ignored_are() {
    // Then the function asks AWS itself, which is not to be reached from here.
    let proxy = [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), ("HTTPS_PROXY", NOWHERE), ("AWS_MAX_ATTEMPTS", "1")];
    let mut function = Running::start(&proxy).await;
    let answer = function.invoke(&event("manual.json")).await;
    assert_eq!(answer["errorType"], "NotPublished", "{answer}");
    assert!(function.aws.calls().is_empty());
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn fips_is_asked_for_where_it_is_set() {
    // The SDK refuses FIPS together with an endpoint of one's own.
    let mut function = Running::start(&[("AWS_USE_FIPS_ENDPOINT", "true")]).await;
    function.invoke(&event("manual.json")).await;
    assert!(function.aws.calls().is_empty());
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn attempts_are_as_many_as_are_set() {
    for (attempts, asked) in [("1", 1), ("2", 2)] {
        let mut function = Running::start(&[("AWS_RETRY_MODE", "standard"), ("AWS_MAX_ATTEMPTS", attempts)]).await;
        let unavailable = Answer::error(503, "ServiceUnavailable", "Try again");
        function.aws.script(Fault::on("GetCallerIdentity").then(unavailable));
        function.invoke(&event("manual.json")).await;
        assert_eq!(function.aws.calls_of("GetCallerIdentity").len(), asked);
    }
}
