//! The SDK's settings as the function and the command read them: which endpoint answers, how often a call is tried, and
//! a sentence for every value that the SDK cannot use.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::emulator::{Running, event};
use crate::harness::{Cli, INVENTORY, account};
use crate::stand_in::{Answer, Fault};

/// Nothing listens there.
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
    // The bucket does not exist: the test is about who was asked.
    let answer = function.invoke(&event("scheduled.json")).await;
    assert_eq!(answer["errorType"], "StateNotSaved", "{answer}");
    for operation in ["AssumeRole", "GetRole", "Publish", "GetObject", "PutObject"] {
        assert!(!function.aws.calls_of(operation).is_empty(), "{operation}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn endpoints_that_are_to_be_ignored_are() {
    // The function asks AWS itself then, which cannot be reached from here.
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

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_function_does_not_start_with_a_setting_that_the_sdk_cannot_use() {
    for (name, value) in [
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_ENDPOINT_URL_IAM", "no-url"),
        ("AWS_REGION", "eu west"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2\r"),
    ] {
        let output = Running::start(&[(name, value)]).await.output_of_failed_start().await;
        assert!(output.contains("bad_settings") && output.contains(&format!("{name}: ")), "{output}");
        assert!(!output.contains("panicked") && !output.contains("hunter2"), "{output}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "AWS's emulator is a program for Linux")]
async fn a_function_takes_an_empty_setting_as_unset() {
    let empty = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_S3", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_PROFILE"];
    let mut function = Running::start(&empty.map(|name| (name, ""))).await;
    let answer = function.invoke(&event("manual.json")).await;
    assert_eq!(answer["run"]["complete"], true, "{answer}");
}

/// The environment variables of the AWS SDKs and Tools Reference Guide, and those that TLS and proxies read.
const VARIABLES: [&str; 61] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULTS_MODE",
    "AWS_DEFAULT_OUTPUT",
    "AWS_DEFAULT_REGION",
    "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
    "AWS_DISABLE_REQUEST_COMPRESSION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_EC2_INSTANCE_PROFILE_NAME",
    "AWS_ENABLE_ENDPOINT_DISCOVERY",
    "AWS_ENDPOINT_DISCOVERY_ENABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SIGNIN",
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "AWS_MAX_ATTEMPTS",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_NEW_RETRIES_2026",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_RETRY_MODE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
    "AWS_S3_USE_ARN_REGION",
    "AWS_SDK_UA_APP_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_SIGV4A_SIGNING_REGION_SET",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// Empty, blank, CR, LF, no number, negative, huge, not ASCII, a word.
const VALUES: [&str; 9] = ["", " ", "word\r", "word\n", "0", "-1", "99999999999999999999", "wörd", "word"];

/// Variables that decide only where credentials come from: they are tried without a key in the environment.
fn is_about_credentials(name: &str) -> bool {
    let starts = ["AWS_CONTAINER_", "AWS_EC2_", "AWS_WEB_", "AWS_ROLE_", "AWS_METADATA_"];
    starts.iter().any(|start| name.starts_with(start))
}

#[tokio::test]
async fn no_value_of_any_variable_of_the_sdk_makes_the_command_panic() {
    let (aws, checker) = account().await;
    let slots = Arc::new(Semaphore::new(4));
    let mut runs = JoinSet::new();
    for (name, value) in VARIABLES.iter().flat_map(|name| VALUES.iter().map(|value| (*name, *value))) {
        let command = Cli::on(INVENTORY, "check", &["--format", "json"]).asking(&aws, &checker);
        let command = command.env("AWS_MAX_ATTEMPTS", "1").env("AWS_RETRY_MODE", "standard");
        let command = if is_about_credentials(name) {
            let command = command.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
            command.env("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/pipeline/hub")
        } else {
            command
        };
        let slots = Arc::clone(&slots);
        runs.spawn(async move {
            let _slot = slots.acquire_owned().await.unwrap();
            (name, value, command.env(name, value).run().await)
        });
    }
    let mut refused = 0;
    while let Some(ran) = runs.join_next().await {
        let (name, value, ran) = ran.unwrap();
        assert!(!ran.stderr.contains("panicked"), "{name}={value:?}: {}", ran.stderr);
        assert!([0, 1, 2, 3, 4].contains(&ran.status), "{name}={value:?}: {}", ran.status);
        if ran.status == 2 {
            refused += 1;
            assert!(ran.stderr.starts_with(&format!("error: {name}: ")), "{name}={value:?}: {}", ran.stderr);
        }
        // The stand-in is reached through these.
        let decides = is_about_credentials(name)
            || ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(&name);
        if value.trim().is_empty() && !decides {
            assert_eq!(ran.status, 1, "{name}={value:?} is as if unset: {}", ran.stderr);
        }
    }
    assert!(refused > 90, "only {refused} values were refused");
}

#[tokio::test]
async fn a_setting_of_a_profile_is_checked_too() {
    let (aws, checker) = account().await;
    for (key, value, status) in [
        ("use_fips_endpoint", "yes", 2),
        ("use_dualstack_endpoint", "1", 2),
        ("ignore_configured_endpoint_urls", "", 1),
        ("retry_mode", "legacy", 2),
        ("retry_mode", "", 1),
        ("retry_mode", "standard", 1),
        ("max_attempts", "0", 2),
        ("max_attempts", "3", 1),
    ] {
        let command = Cli::on(INVENTORY, "check", &[]).asking(&aws, &checker);
        let ran = command.file(".aws/config", format!("[default]\n{key} = {value}\n")).run().await;
        ran.assert_status(status);
        let sentence = format!("error: {key} of profile `default`: `{value}` is not");
        let other = format!("error: {key} of profile `default`: `{value}` is neither");
        let is_named = ran.stderr.contains(&sentence) || ran.stderr.contains(&other);
        assert_eq!(is_named, status == 2, "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_region_of_a_profile_that_is_none_is_named_unless_a_variable_sets_another() {
    let (aws, checker) = account().await;
    for (variable, status) in [("", 2), ("eu-west-1", 1)] {
        let command = Cli::on(INVENTORY, "check", &[]).asking(&aws, &checker).env("AWS_REGION", variable);
        let command = command.env("AWS_DEFAULT_REGION", "").file(".aws/config", "[default]\nregion = eu west\n");
        let ran = command.run().await;
        ran.assert_status(status);
        let sentence = "error: region of profile `default`: `eu west` is not a Region";
        assert_eq!(ran.stderr.contains(sentence), status == 2, "{}", ran.stderr);
    }
}

#[tokio::test]
async fn an_empty_concurrency_or_certificate_file_counts_as_unset() {
    let (aws, checker) = account().await;
    for (name, value, status) in
        [("CONCURRENCY", "", 1), ("CONCURRENCY", " ", 1), ("CONCURRENCY", "0", 2), ("SSL_CERT_FILE", "", 1)]
    {
        let ran = Cli::on(INVENTORY, "check", &[]).asking(&aws, &checker).env(name, value).run().await;
        assert_eq!(ran.status, status, "{name}={value:?}: {}", ran.stderr);
        assert!(status == 2 || ran.stdout.contains("nightly-etl"), "{}", ran.stdout);
    }
    let ran = Cli::new(&["lint"]).env("CONCURRENCY", "").run().await;
    ran.assert_status(2);
    let ran = Cli::on(INVENTORY, "check", &["--concurrency", ""]).asking(&aws, &checker).run().await;
    ran.assert_status(2);
}

#[tokio::test]
async fn doctor_refuses_settings_and_diagnoses_keys() {
    let (aws, checker) = account().await;
    for (name, value, status) in [
        ("AWS_RETRY_MODE", "legacy", 2),
        ("AWS_ENDPOINT_URL_STS", "word", 2),
        ("AWS_ENDPOINT_URL_STS", "", 0),
        ("AWS_RETRY_MODE", "", 0),
    ] {
        let ran = Cli::new(&["doctor"]).asking(&aws, &checker).env(name, value).run().await;
        ran.assert_status(status);
        assert_eq!(ran.stderr.contains(&format!("error: {name}: ")), status == 2, "{}", ran.stderr);
    }
    let key = format!("{}\r", checker.access_key_id);
    let ran = Cli::new(&["doctor"]).asking(&aws, &checker).env("AWS_ACCESS_KEY_ID", &key).run().await;
    assert!([1, 4].contains(&ran.status) && !ran.stderr.contains("panicked"), "{}: {}", ran.status, ran.stderr);
}
