//! The SDK's own settings, checked before a client is made: an empty variable counts as unset, and a value that the SDK
//! cannot use is an error that names the variable. The SDK would ignore such a value, or panic.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use aws_config::profile::{self, ProfileFileRegionProvider, ProfileSet};
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_types::retry::{RetryConfig, RetryMode};
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::client::ATTEMPTS;
use crate::visible::line;

/// Reads an environment variable.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The services whose endpoint can be set.
const SERVICES: [&str; 4] = ["STS", "IAM", "SNS", "S3"];

/// The checked variables and their types of values.
const VARIABLES: [(&str, Takes); 23] = [
    ("AWS_ACCESS_KEY_ID", Takes::Secret),
    ("AWS_SECRET_ACCESS_KEY", Takes::Secret),
    ("AWS_SESSION_TOKEN", Takes::Secret),
    ("AWS_REGION", Takes::Region),
    ("AWS_DEFAULT_REGION", Takes::Region),
    ("AWS_ENDPOINT_URL", Takes::Url),
    ("AWS_ENDPOINT_URL_STS", Takes::Url),
    ("AWS_ENDPOINT_URL_IAM", Takes::Url),
    ("AWS_ENDPOINT_URL_SNS", Takes::Url),
    ("AWS_ENDPOINT_URL_S3", Takes::Url),
    ("AWS_ENDPOINT_URL_SSO", Takes::Url),
    ("AWS_ENDPOINT_URL_SSO_OIDC", Takes::Url),
    ("AWS_ENDPOINT_URL_SIGNIN", Takes::Url),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", Takes::Url),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", Takes::Url),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Takes::UrlPath),
    ("AWS_RETRY_MODE", Takes::RetryMode),
    ("AWS_MAX_ATTEMPTS", Takes::Attempts),
    ("AWS_USE_FIPS_ENDPOINT", Takes::Boolean),
    ("AWS_USE_DUALSTACK_ENDPOINT", Takes::Boolean),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", Takes::Boolean),
    ("SSL_CERT_FILE", Takes::Certificates),
    ("SSL_CERT_DIR", Takes::Folder),
];

/// A setting with a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct BadSetting {
    /// The variable, or the key of a profile.
    pub name: String,
    /// The problem with the value.
    pub problem: Problem,
}

/// Every setting with a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadSettings(pub Vec<BadSetting>);

/// A problem with a value. Values of secrets and URLs are not repeated: a URL can hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A key, secret or token with a character that none has.
    #[error("the value has {0}, which no key, secret or token has; set it again without it")]
    NotASecret(&'static str),
    /// Not a Region.
    #[error("`{0}` is not a Region; write its code, such as eu-west-1")]
    NotARegion(String),
    /// Not a URL.
    #[error("the value is not an http:// or https:// URL with a host; write one such as http://localhost:4566")]
    NotAUrl,
    /// Not the path of a URL.
    #[error("`{0}` is not the path of a URL; write one that begins with `/`")]
    NotAPath(String),
    /// Not a retry mode.
    #[error("`{0}` is not a retry mode of this program; write standard or adaptive")]
    NotARetryMode(String),
    /// Not a number of attempts.
    #[error("`{0}` is not a number of attempts; write a whole number from 1 to {max}", max = u32::MAX)]
    NotAttempts(String),
    /// Not a boolean.
    #[error("`{0}` is neither true nor false")]
    NotABoolean(String),
    /// Not a file of certificates.
    #[error("`{0}` is not a readable file with certificates in PEM form")]
    NotCertificates(String),
    /// Not a folder.
    #[error("`{0}` is not a folder")]
    NotAFolder(String),
}

/// The type of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Secret,
    Region,
    Url,
    UrlPath,
    RetryMode,
    Attempts,
    Boolean,
    Certificates,
    Folder,
}

impl Takes {
    fn check(self, value: &str) -> Result<(), Problem> {
        let shown = || line(value).chars().take(100).collect::<String>();
        let (fits, problem): (bool, fn(String) -> Problem) = match self {
            Self::Secret => return unwanted_character(value).map_or(Ok(()), |found| Err(Problem::NotASecret(found))),
            Self::Region => (is_region(value), Problem::NotARegion),
            Self::Url => (is_url(value), |_| Problem::NotAUrl),
            Self::UrlPath => (value.starts_with('/') && is_graphic(value), Problem::NotAPath),
            Self::RetryMode => return retry_mode(value).map(drop),
            Self::Attempts => return attempts(value).map(drop),
            Self::Boolean => {
                (["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word)), Problem::NotABoolean)
            }
            Self::Certificates => (has_certificates(value), Problem::NotCertificates),
            Self::Folder => (are_folders(value), Problem::NotAFolder),
        };
        if fits { Ok(()) } else { Err(problem(shown())) }
    }

    /// Root certificates: their library uses a blank value as a path, so blank does not mean unset.
    const fn has_blank_values(self) -> bool {
        matches!(self, Self::Certificates | Self::Folder)
    }
}

/// The variables of the SDK with an unusable value.
#[must_use]
pub fn problems(variable: Variables<'_>) -> Vec<BadSetting> {
    let problem = |(name, takes): &(&str, Takes)| {
        let value = variable(name).filter(|value| takes.has_blank_values() || !is_blank(value))?;
        let problem = takes.check(&value).err()?;
        Some(BadSetting { name: (*name).to_owned(), problem })
    };
    VARIABLES.iter().filter_map(problem).collect()
}

/// The same without credentials and Regions. `doctor` diagnoses those itself.
#[must_use]
pub fn problems_beside_the_shell(variable: Variables<'_>) -> Vec<BadSetting> {
    let diagnosed = |bad: &BadSetting| matches!(bad.problem, Problem::NotASecret(_) | Problem::NotARegion(_));
    problems(variable).into_iter().filter(|bad| !diagnosed(bad)).collect()
}

/// The SDK's loader, with explicit values for settings that an empty variable would hide.
pub(super) async fn loader(variable: Variables<'_>) -> Result<ConfigLoader, BadSettings> {
    let problems = problems(variable);
    if !problems.is_empty() {
        return Err(BadSettings(problems));
    }
    let files = profile_files(variable);
    let is_empty = |name: &str| variable(name).is_some_and(|value| is_blank(&value));
    let selected = is_empty("AWS_PROFILE").then_some("default");
    // The credential chain reports an unreadable file, with the reason.
    let profiles =
        profile::load(&Fs::real(), &Env::real(), &files, selected.map(Cow::Borrowed)).await.unwrap_or_default();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retry_config(variable, &profiles)?)
        .profile_files(files);
    let loader = selected.into_iter().fold(loader, ConfigLoader::profile_name);
    if !is_empty("AWS_REGION") && !is_empty("AWS_DEFAULT_REGION") {
        return Ok(loader);
    }
    let set = value(variable, "AWS_REGION").or_else(|| value(variable, "AWS_DEFAULT_REGION"));
    Ok(match set {
        Some(region) => loader.region(Region::new(region)),
        None => loader.region(ProfileFileRegionProvider::new()),
    })
}

/// Checks the settings of a profile in the shared configuration files.
pub(super) fn check_loaded(config: &SdkConfig) -> Result<(), BadSettings> {
    let endpoints = SERVICES.iter().filter_map(|service| {
        let wrong = endpoint_of(config, service).is_some_and(|url| !is_url(&url));
        wrong.then(|| BadSetting {
            name: format!("endpoint_url of {service} in the AWS profile"),
            problem: Problem::NotAUrl,
        })
    });
    let problems: Vec<BadSetting> = endpoints.collect();
    if problems.is_empty() { Ok(()) } else { Err(BadSettings(problems)) }
}

/// The endpoint of a service, or the endpoint of all services.
pub(super) fn endpoint_of(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let own = config.service_config().and_then(|settings| settings.load_config(key.build().ok()?));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The settings of single services, such as `AWS_ENDPOINT_URL_STS`. Empty values are removed, because the SDK panics
/// at an empty URL.
pub(super) struct ServiceSettings(pub(super) SdkConfig);

impl fmt::Debug for ServiceSettings {
    /// Nothing of the settings: their own Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceSettings")
    }
}

impl LoadServiceConfig for ServiceSettings {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0.service_config()?.load_config(key).filter(|value| !is_blank(value))
    }
}

/// Retries of the variables or the profile, or this program's defaults.
fn retry_config(variable: Variables<'_>, profiles: &ProfileSet) -> Result<RetryConfig, BadSettings> {
    let setting = |name: &str, key: &str| {
        let own = value(variable, name).map(|value| (name.to_owned(), value));
        own.or_else(|| {
            let value = profiles.get(key).filter(|value| !is_blank(value))?;
            Some((format!("{key} of profile `{}`", line(profiles.selected_profile())), value.to_owned()))
        })
    };
    let mut problems = Vec::new();
    let mut refuse = |name: String, problem: Problem| problems.push(BadSetting { name, problem });
    let mode = setting("AWS_RETRY_MODE", "retry_mode")
        .and_then(|(name, value)| retry_mode(&value).map_err(|problem| refuse(name, problem)).ok());
    let most = setting("AWS_MAX_ATTEMPTS", "max_attempts")
        .and_then(|(name, value)| attempts(&value).map_err(|problem| refuse(name, problem)).ok());
    if !problems.is_empty() {
        return Err(BadSettings(problems));
    }
    Ok(match (mode, most) {
        (None, None) => RetryConfig::adaptive().with_max_attempts(ATTEMPTS),
        (mode, most) => {
            let config = RetryConfig::standard().with_retry_mode(mode.unwrap_or(RetryMode::Standard));
            most.map_or(config.clone(), |most| config.with_max_attempts(most))
        }
    })
}

/// The shared configuration files; an empty variable names the default.
fn profile_files(variable: Variables<'_>) -> EnvConfigFiles {
    let files = [
        (EnvConfigFileKind::Config, "AWS_CONFIG_FILE", "config"),
        (EnvConfigFileKind::Credentials, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    files
        .into_iter()
        .fold(EnvConfigFiles::builder(), |builder, (kind, name, file)| {
            let is_empty = variable(name).is_some_and(|value| is_blank(&value));
            if !is_empty {
                return match kind {
                    EnvConfigFileKind::Config => builder.include_default_config_file(true),
                    EnvConfigFileKind::Credentials => builder.include_default_credentials_file(true),
                };
            }
            let home = value(variable, "HOME").or_else(|| value(variable, "USERPROFILE"));
            match home.map(|home| Path::new(&home).join(".aws").join(file)).filter(|path| path.is_file()) {
                Some(path) => builder.with_file(kind, path),
                None => builder,
            }
        })
        .build()
}

fn value(variable: Variables<'_>, name: &str) -> Option<String> {
    variable(name).filter(|value| !is_blank(value))
}

fn is_blank(value: &str) -> bool {
    value.trim().is_empty()
}

fn is_graphic(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The name of the first character that no key, secret or token has.
fn unwanted_character(value: &str) -> Option<&'static str> {
    value.chars().find(|c| !c.is_ascii_graphic()).map(|c| match c {
        '\r' => "a carriage return (CR)",
        '\n' => "a line break (LF)",
        ' ' | '\t' => "a blank",
        c if c.is_control() => "a control character",
        _ => "a character that is not ASCII",
    })
}

/// Whether the text can be a Region. A Region becomes part of a host name and of the signature.
pub(super) fn is_region(value: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=63).contains(&value.len()) && value.chars().all(inner) && !value.starts_with('-') && !value.ends_with('-')
}

fn is_url(value: &str) -> bool {
    let Some(rest) = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse::<u16>().is_ok()),
        _ => (host, true),
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let fits = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
    };
    is_graphic(value) && port && fits
}

fn retry_mode(value: &str) -> Result<RetryMode, Problem> {
    match value.trim().to_ascii_lowercase().as_str() {
        "standard" => Ok(RetryMode::Standard),
        "adaptive" => Ok(RetryMode::Adaptive),
        other => Err(Problem::NotARetryMode(line(other).chars().take(100).collect())),
    }
}

fn attempts(value: &str) -> Result<u32, Problem> {
    let number = value.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Problem::NotAttempts(line(value).chars().take(100).collect()))
}

fn are_folders(paths: &str) -> bool {
    std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).all(|path| path.is_dir())
}

fn has_certificates(path: &str) -> bool {
    /// A bundle of all public authorities is about 0.2 MB.
    const LARGEST_BUNDLE: u64 = 16 * 1024 * 1024;
    let small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LARGEST_BUNDLE);
    small
        && std::fs::read(path).is_ok_and(|text| String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----"))
}

#[cfg(test)]
mod tests {
    use super::{is_region, is_url, problems, problems_beside_the_shell};

    fn names_of_bad(variables: &[(&str, &str)]) -> Vec<String> {
        let read =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        problems(&read).into_iter().map(|bad| bad.name).collect()
    }

    #[test]
    fn urls_have_a_scheme_and_a_host() {
        for url in [
            "http://localhost:4566",
            "https://sts.eu-west-1.amazonaws.com",
            "https://vpce-0a1b.sts.eu-west-1.vpce.amazonaws.com/path?x=1",
            "http://[::1]:8080",
            "http://127.0.0.1/",
        ] {
            assert!(is_url(url), "{url}");
        }
        for other in [
            "",
            "localhost",
            "ftp://a",
            "http://",
            "http://:80",
            "http://a:x",
            "http://a b",
            "http://ä",
            "http://[::z]",
        ] {
            assert!(!is_url(other), "{other}");
        }
    }

    #[test]
    fn regions_are_labels_of_a_host() {
        assert!(["eu-west-1", "us-iso-east-1", "local"].into_iter().all(is_region));
        assert!(!["", "-a", "a-", "eu west", "eu.west", "ü", "a\r"].into_iter().any(is_region));
    }

    #[test]
    fn every_bad_value_is_named_and_an_empty_one_counts_as_unset() {
        let bad = [
            ("AWS_ACCESS_KEY_ID", "AKIA\r"),
            ("AWS_REGION", "eu west"),
            ("AWS_ENDPOINT_URL_S3", "word"),
            ("AWS_RETRY_MODE", "legacy"),
            ("AWS_MAX_ATTEMPTS", "0"),
            ("AWS_USE_FIPS_ENDPOINT", "yes"),
        ];
        assert_eq!(names_of_bad(&bad), bad.map(|(name, _)| name));
        assert_eq!(names_of_bad(&bad.map(|(name, _)| (name, " "))), [""; 0]);
        assert_eq!(names_of_bad(&[("AWS_RETRY_MODE", "Adaptive"), ("AWS_MAX_ATTEMPTS", "3")]), [""; 0]);
    }

    #[test]
    fn no_message_repeats_a_secret_or_a_url() {
        let read = |name: &str| match name {
            "AWS_SECRET_ACCESS_KEY" => Some("hunter2\n".to_owned()),
            "AWS_ENDPOINT_URL" => Some("ftp://user:hunter2@host".to_owned()),
            _ => None,
        };
        let texts: Vec<String> = problems(&read).iter().map(ToString::to_string).collect();
        assert!(texts.len() == 2 && texts.iter().all(|text| !text.contains("hunter2")), "{texts:?}");
        let shell: Vec<String> = problems_beside_the_shell(&read).into_iter().map(|bad| bad.name).collect();
        assert_eq!(shell, ["AWS_ENDPOINT_URL"]);
    }
}
