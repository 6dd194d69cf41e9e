//! The SDK's variables: the type of each value, and the problem of a value that the SDK cannot use.

use aws_smithy_types::retry::RetryMode;

use super::{BadSdkSetting, Variables};
use crate::visible::line;

/// The checked variables and their types of values.
const VARIABLES: [(&str, AcceptedValues); 25] = [
    ("AWS_ACCESS_KEY_ID", AcceptedValues::Secret),
    ("AWS_SECRET_ACCESS_KEY", AcceptedValues::Secret),
    ("AWS_SESSION_TOKEN", AcceptedValues::Secret),
    ("AWS_REGION", AcceptedValues::Region),
    ("AWS_DEFAULT_REGION", AcceptedValues::Region),
    ("AWS_ENDPOINT_URL", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_STS", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_IAM", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_SNS", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_S3", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_LAMBDA", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_SSO_ADMIN", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_SSO", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_SSO_OIDC", AcceptedValues::Url),
    ("AWS_ENDPOINT_URL_SIGNIN", AcceptedValues::Url),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", AcceptedValues::Url),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", AcceptedValues::Url),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AcceptedValues::UrlPath),
    ("AWS_RETRY_MODE", AcceptedValues::RetryMode),
    ("AWS_MAX_ATTEMPTS", AcceptedValues::Attempts),
    ("AWS_USE_FIPS_ENDPOINT", AcceptedValues::Boolean),
    ("AWS_USE_DUALSTACK_ENDPOINT", AcceptedValues::Boolean),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", AcceptedValues::Boolean),
    ("SSL_CERT_FILE", AcceptedValues::Certificates),
    ("SSL_CERT_DIR", AcceptedValues::Folder),
];

/// A problem with a value. Values of secrets and URLs are not repeated: a URL can hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableProblem {
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
    /// No root certificate can be used.
    #[error("{0}")]
    NoUsableCertificate(String),
}

/// The type of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AcceptedValues {
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

impl AcceptedValues {
    pub(super) fn check(self, value: &str) -> Result<(), VariableProblem> {
        let shown = || line(value).chars().take(100).collect::<String>();
        let (fits, problem): (bool, fn(String) -> VariableProblem) = match self {
            Self::Secret => {
                return unwanted_character(value).map_or(Ok(()), |found| Err(VariableProblem::NotASecret(found)));
            }
            Self::Region => (is_host_label(value), VariableProblem::NotARegion),
            Self::Url => (is_url(value), |_| VariableProblem::NotAUrl),
            Self::UrlPath => (value.starts_with('/') && is_graphic(value), VariableProblem::NotAPath),
            Self::RetryMode => return retry_mode(value).map(drop),
            Self::Attempts => return attempts(value).map(drop),
            Self::Boolean => {
                (["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word)), VariableProblem::NotABoolean)
            }
            Self::Certificates => (has_certificates(value), VariableProblem::NotCertificates),
            Self::Folder => (are_folders(value), VariableProblem::NotAFolder),
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
pub fn problems(variable: Variables<'_>) -> Vec<BadSdkSetting> {
    let problem = |(name, takes): &(&str, AcceptedValues)| {
        let value = variable(name).filter(|value| takes.has_blank_values() || !is_blank(value))?;
        let problem = takes.check(&value).err()?;
        Some(BadSdkSetting { name: (*name).to_owned(), problem })
    };
    VARIABLES.iter().filter_map(problem).collect()
}

/// The same without credentials and Regions.
#[cfg(feature = "cli")]
pub(super) fn problems_beside_the_shell(variable: Variables<'_>) -> Vec<BadSdkSetting> {
    let diagnosed =
        |bad: &BadSdkSetting| matches!(bad.problem, VariableProblem::NotASecret(_) | VariableProblem::NotARegion(_));
    problems(variable).into_iter().filter(|bad| !diagnosed(bad)).collect()
}

pub(super) fn is_blank(value: &str) -> bool {
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
pub(in crate::aws) fn is_host_label(value: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=63).contains(&value.len()) && value.chars().all(inner) && !value.starts_with('-') && !value.ends_with('-')
}

pub(super) fn is_url(value: &str) -> bool {
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

pub(super) fn retry_mode(value: &str) -> Result<RetryMode, VariableProblem> {
    match value.trim().to_ascii_lowercase().as_str() {
        "standard" => Ok(RetryMode::Standard),
        "adaptive" => Ok(RetryMode::Adaptive),
        other => Err(VariableProblem::NotARetryMode(line(other).chars().take(100).collect())),
    }
}

pub(super) fn attempts(value: &str) -> Result<u32, VariableProblem> {
    let number = value.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| VariableProblem::NotAttempts(line(value).chars().take(100).collect()))
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
    use super::{is_host_label, is_url, problems, problems_beside_the_shell};

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
        assert!(["eu-west-1", "us-iso-east-1", "local"].into_iter().all(is_host_label));
        assert!(!["", "-a", "a-", "eu west", "eu.west", "ü", "a\r"].into_iter().any(is_host_label));
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
