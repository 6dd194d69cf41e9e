//! Reads the variables that AWS tools take credentials from, and keeps no credential of them. Judges nothing.

use super::caches::{self, CacheFolder, container_token, readable};
use super::facts::{
    Cached, Container, Endpoint, Environment, Flaw, HomeFolder, KeyFacts, OldToken, RegionFacts, Stated, VariableFacts,
};
use crate::shared_config::{has_zone, moment};
use crate::visible::{configured, looks_like_credential, printable};

/// The value of a variable, by its name.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn gather(read: Read<'_>, home: &CacheFolder) -> Environment {
    let filled = |name: &str| read(name).filter(|value| !value.trim().is_empty());
    let key_id = filled("AWS_ACCESS_KEY_ID");
    // The SDK for Rust takes this older name too.
    let secret =
        read("AWS_SECRET_ACCESS_KEY").filter(|value| !value.trim().is_empty()).or_else(|| read("SECRET_ACCESS_KEY"));
    let container = container(&filled);
    Environment {
        access_key: variable(read("AWS_ACCESS_KEY_ID").as_deref(), |c| c.is_ascii_alphanumeric()),
        key: key_id.as_deref().and_then(KeyFacts::of),
        secret: variable(secret.as_deref(), |c| c.is_ascii_graphic()),
        exchanged: key_id.as_deref().zip(secret.as_deref()).is_some_and(|(id, secret)| are_exchanged(id, secret)),
        token: variable(read("AWS_SESSION_TOKEN").as_deref(), |c| c.is_ascii_graphic()),
        old_token: match (filled("AWS_SECURITY_TOKEN"), filled("AWS_SESSION_TOKEN")) {
            (None, _) => OldToken::Absent,
            (Some(old), Some(new)) if old == new => OldToken::Same,
            (Some(_), _) => OldToken::Different,
        },
        expiration: match filled("AWS_CREDENTIAL_EXPIRATION") {
            None => Stated::Absent,
            Some(text) => match moment(&text) {
                None => Stated::Unreadable,
                Some(end) if has_zone(&text) => Stated::At(end),
                Some(end) => Stated::WithoutZone(text.trim().parse::<f64>().is_ok().then_some(end)),
            },
        },
        // aws-vault and granted, then awsume; no AWS tool reads them.
        session_end: ["AWS_SESSION_EXPIRATION", "AWSUME_EXPIRATION"]
            .into_iter()
            .find_map(|name| Some((name, moment(&filled(name)?)?))),
        cached_expiration: key_id.as_deref().and_then(|id| home.cli_session_of(id.trim())),
        // Set to nothing it still selects: a profile without a name.
        profile: read("AWS_PROFILE"),
        default_profile: read("AWS_DEFAULT_PROFILE"),
        web_identity: filled("AWS_WEB_IDENTITY_TOKEN_FILE")
            .map(|file| caches::web_identity(&file, filled("AWS_ROLE_ARN").as_deref())),
        role_arn: filled("AWS_ROLE_ARN").as_deref().map(configured),
        container,
        metadata_disabled: filled("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        region: first(&filled, &["AWS_REGION", "AWS_DEFAULT_REGION"])
            .map(|(name, region)| RegionFacts::new(Some(name), &region)),
        has_region_for_boto3: filled("AWS_DEFAULT_REGION").is_some(),
        endpoint: first(&filled, &["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]).map(|(variable, url)| Endpoint {
            variable,
            host: host(&url),
            is_url: url.starts_with("http://") || url.starts_with("https://"),
        }),
        proxy: first(&filled, &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
            .map(|(name, url)| (name, host(&url))),
        missing_ca_bundle: filled("AWS_CA_BUNDLE")
            .filter(|file| matches!(readable(file), Cached::Missing | Cached::NoFile))
            .map(|file| configured(&file)),
        is_lambda: filled("AWS_LAMBDA_FUNCTION_NAME").is_some() && filled("AWS_EXECUTION_ENV").is_some(),
        home: home_folder(read),
    }
}

fn home_folder(read: Read<'_>) -> HomeFolder {
    let elsewhere = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].into_iter().all(|name| read(name).is_some());
    match crate::shared_config::home(&read) {
        None if !elsewhere => HomeFolder::NotSet,
        Some(folder) if folder.as_os_str().is_empty() && !elsewhere => HomeFolder::Empty,
        _ => HomeFolder::Known,
    }
}

/// The first of these variables that is set.
fn first(filled: &dyn Fn(&str) -> Option<String>, names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| Some((*name, filled(name)?)))
}

fn variable(value: Option<&str>, fits: impl Fn(char) -> bool) -> VariableFacts {
    let Some(value) = value else { return VariableFacts::Absent };
    if value.trim().is_empty() {
        return VariableFacts::Blank;
    }
    let flaw = if value.contains(['\r', '\n']) {
        Flaw::LineBreak
    } else if value.contains(char::is_whitespace) {
        Flaw::Blank
    } else if value.starts_with(['"', '\'']) || value.ends_with(['"', '\'']) {
        Flaw::Quotes
    } else if !value.chars().all(fits) {
        Flaw::Character
    } else {
        return VariableFacts::Set;
    };
    VariableFacts::Flawed(flaw)
}

/// Whether these look like secret and key id rather than key id and secret: an id is AKIA or ASIA and capital letters
/// and digits, a secret 40 characters of base64.
fn are_exchanged(id: &str, secret: &str) -> bool {
    let is_id = |text: &str| {
        let fits = text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        ["AKIA", "ASIA"].iter().any(|begins| text.starts_with(begins)) && (16..=32).contains(&text.len()) && fits
    };
    let is_secret = |text: &str| {
        let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || "/+".contains(c));
        text.len() == 40 && fits && text.contains(['/', '+'])
    };
    let (id, secret) = (id.trim(), secret.trim());
    (!is_id(id) && is_id(secret)) || (is_secret(id) && !is_secret(secret) && secret.len() < 40)
}

fn container(filled: &dyn Fn(&str) -> Option<String>) -> Option<Container> {
    let (variable, host, is_allowed) = match filled("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        Some(_) => ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "169.254.170.2".to_owned(), true),
        None => {
            let url = filled("AWS_CONTAINER_CREDENTIALS_FULL_URI")?;
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", host(&url), is_allowed(&url))
        }
    };
    let token_file =
        filled("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(|file| (configured(&file), container_token(&file)));
    Some(Container { variable, host, is_allowed, token_file })
}

/// Whether the SDKs ask this URL for credentials: any by https, else loopback, ECS's and EKS's addresses (botocore,
/// `ContainerMetadataFetcher`; aws-config, `ecs.rs`).
fn is_allowed(url: &str) -> bool {
    const PLATFORMS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
    let authority = host(url);
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.starts_with("https://") || (url.starts_with("http://") && (is_loopback || PLATFORMS.contains(&name)))
}

/// The host of a URL, with its port: path, query and user may hold a secret.
fn host(url: &str) -> String {
    if !url.contains("://") && looks_like_credential(url) {
        return configured(url);
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    printable(authority.rsplit('@').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_nothing_but_its_host_is_kept() {
        for (url, kept) in [
            ("https://user:secret@proxy.example:8443/path?token=secret", "proxy.example:8443"),
            ("http://169.254.170.23/v1/credentials", "169.254.170.23"),
            ("localhost:4566", "localhost:4566"),
        ] {
            assert_eq!(host(url), kept);
        }
    }

    #[test]
    fn credentials_are_asked_for_by_https_or_where_the_machine_or_the_platform_answers() {
        for (url, allowed) in [
            ("https://example.com/credentials", true),
            ("http://169.254.170.2/v2/credentials", true),
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("http://localhost:8080/", true),
            ("http://127.0.0.2:80/", true),
            ("http://[::1]:80/", true),
            ("http://example.com/credentials", false),
            ("http://169.254.169.254/latest", false),
            ("localhost:8080", false),
        ] {
            assert_eq!(is_allowed(url), allowed, "{url}");
        }
    }

    #[test]
    fn what_no_credential_has_in_it_is_seen() {
        let of = |value| variable(Some(value), |c: char| c.is_ascii_alphanumeric());
        assert_eq!(of("AKIAEXAMPLE"), VariableFacts::Set);
        assert_eq!(of(" \t"), VariableFacts::Blank);
        assert_eq!(of("AKIAEXAMPLE\r"), VariableFacts::Flawed(Flaw::LineBreak));
        assert_eq!(of("AKIAEXAMPLE "), VariableFacts::Flawed(Flaw::Blank));
        assert_eq!(of("\"AKIAEXAMPLE\""), VariableFacts::Flawed(Flaw::Quotes));
        assert_eq!(of("AKIA/EXAMPLE"), VariableFacts::Flawed(Flaw::Character));
    }

    #[test]
    fn a_key_id_and_a_secret_in_each_others_place_are_seen() {
        let (id, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        for (first, second, exchanged) in
            [(id, secret, false), (secret, id, true), (secret, "short", true), (id, id, false), (secret, secret, false)]
        {
            assert_eq!(are_exchanged(first, second), exchanged, "{first} {second}");
        }
    }

    #[test]
    fn of_a_key_its_kind_and_its_last_four_are_kept_and_of_anything_else_nothing() {
        let shown = |id: &str| KeyFacts::of(id).map(|key| key.to_string());
        assert_eq!(shown("ASIAIOSFODNN7EXAMPLE").as_deref(), Some("ASIA…MPLE"));
        assert_eq!(shown("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").as_deref(), Some("????…????"));
        assert_eq!(shown("AKIASHORT").as_deref(), Some("AKIA…????"));
        assert_eq!(shown("AKI"), None);
    }
}
