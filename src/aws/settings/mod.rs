//! The SDK's own settings, checked before a client is made: an empty variable counts as unset, and a value that the SDK
//! cannot use is an error that names the variable. The SDK would ignore such a value, or panic.

mod variables;

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use aws_config::profile::{self, ProfileFileRegionProvider, ProfileSet};
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_types::retry::{RetryConfig, RetryMode};
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::certificates::{self, NoCertificates};
use super::client::ATTEMPTS;
pub(super) use variables::is_host_label;
use variables::{AcceptedValues, attempts, is_blank, is_url, retry_mode};
pub use variables::{VariableProblem, problems};

use crate::visible::line;

/// Reads an environment variable.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The services whose endpoint can be set.
const SERVICES: [&str; 6] = ["STS", "IAM", "SNS", "S3", "Lambda", "SSO Admin"];

/// The checked settings of a profile, the variables that go before them, and their types of values.
const OF_PROFILES: [(&str, &[&str], AcceptedValues); 4] = [
    ("region", &["AWS_REGION", "AWS_DEFAULT_REGION"], AcceptedValues::Region),
    ("use_fips_endpoint", &["AWS_USE_FIPS_ENDPOINT"], AcceptedValues::Boolean),
    ("use_dualstack_endpoint", &["AWS_USE_DUALSTACK_ENDPOINT"], AcceptedValues::Boolean),
    ("ignore_configured_endpoint_urls", &["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"], AcceptedValues::Boolean),
];

/// A setting with a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct BadSdkSetting {
    /// The variable, or the key of a profile.
    pub name: String,
    /// The problem with the value.
    pub problem: VariableProblem,
}

/// Every setting with a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BadSdkSettings(pub Vec<BadSdkSetting>);

/// The SDK's loader, with explicit values for settings that an empty variable would hide. `profile`: the profile that
/// is named beside the environment.
pub(super) async fn loader(variable: Variables<'_>, profile: Option<&str>) -> Result<ConfigLoader, BadSdkSettings> {
    let problems = problems(variable);
    if !problems.is_empty() {
        return Err(BadSdkSettings(problems));
    }
    let files = profile_files(variable);
    let is_empty = |name: &str| variable(name).is_some_and(|value| is_blank(&value));
    let selected = profile.or_else(|| is_empty("AWS_PROFILE").then_some("default"));
    // The credential chain reports an unreadable file, with the reason.
    let profiles = profile::load(&Fs::real(), &Env::real(), &files, selected.map(str::to_owned).map(Cow::Owned))
        .await
        .unwrap_or_default();
    let problems = problems_of_profile(variable, &profiles);
    if !problems.is_empty() {
        return Err(BadSdkSettings(problems));
    }
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retry_config(variable, &profiles)?)
        .profile_files(files);
    let loader = selected.map(str::to_owned).into_iter().fold(loader, ConfigLoader::profile_name);
    if !is_empty("AWS_REGION") && !is_empty("AWS_DEFAULT_REGION") {
        return Ok(loader);
    }
    let set = value(variable, "AWS_REGION").or_else(|| value(variable, "AWS_DEFAULT_REGION"));
    Ok(match set {
        Some(region) => loader.region(Region::new(region)),
        None => loader.region(ProfileFileRegionProvider::new()),
    })
}

/// Checks the settings of a profile in the shared configuration files, and the root certificates where any endpoint
/// needs them.
pub(super) fn check_loaded(variable: Variables<'_>, config: &SdkConfig) -> Result<(), BadSdkSettings> {
    let endpoints = SERVICES.iter().filter_map(|service| {
        let wrong = endpoint_of(config, service).is_some_and(|url| !is_url(&url));
        wrong.then(|| BadSdkSetting {
            name: format!("endpoint_url of {service} in the AWS profile"),
            problem: VariableProblem::NotAUrl,
        })
    });
    let mut problems: Vec<BadSdkSetting> = endpoints.collect();
    let is_plain = |service: &&str| endpoint_of(config, service).is_some_and(|url| certificates::is_plain(&url));
    if !SERVICES.iter().all(is_plain) {
        problems.extend(no_certificates(variable));
    }
    if problems.is_empty() { Ok(()) } else { Err(BadSdkSettings(problems)) }
}

/// Why no call over https:// can succeed, if so.
fn no_certificates(variable: Variables<'_>) -> Option<BadSdkSetting> {
    let NoCertificates { from, problem } = certificates::problem(variable)?;
    Some(BadSdkSetting { name: from.to_owned(), problem: VariableProblem::NoUsableCertificate(problem) })
}

/// The settings of `doctor` that cannot be used. It diagnoses credentials and Regions itself.
#[cfg(feature = "cli")]
#[must_use]
pub fn doctor_problems(variable: Variables<'_>) -> Vec<BadSdkSetting> {
    let endpoint = value(variable, "AWS_ENDPOINT_URL_STS").or_else(|| value(variable, "AWS_ENDPOINT_URL"));
    let is_plain = endpoint.is_some_and(|url| certificates::is_plain(&url));
    let of_certificates = if is_plain { None } else { no_certificates(variable) };
    variables::problems_beside_the_shell(variable).into_iter().chain(of_certificates).collect()
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

/// The settings of the profile with an unusable value, where no variable sets them.
fn problems_of_profile(variable: Variables<'_>, profiles: &ProfileSet) -> Vec<BadSdkSetting> {
    let problem = |(key, name, takes): &(&str, &[&str], AcceptedValues)| {
        let set = profiles.get(key).filter(|value| !is_blank(value))?;
        if name.iter().any(|name| value(variable, name).is_some()) {
            return None;
        }
        Some(BadSdkSetting { name: of_profile(key, profiles), problem: takes.check(set).err()? })
    };
    OF_PROFILES.iter().filter_map(problem).collect()
}

fn of_profile(key: &str, profiles: &ProfileSet) -> String {
    format!("{key} of profile `{}`", line(profiles.selected_profile()))
}

/// Retries of the variables or the profile, or this program's defaults.
fn retry_config(variable: Variables<'_>, profiles: &ProfileSet) -> Result<RetryConfig, BadSdkSettings> {
    let setting = |name: &str, key: &str| {
        let own = value(variable, name).map(|value| (name.to_owned(), value));
        own.or_else(|| {
            let value = profiles.get(key).filter(|value| !is_blank(value))?;
            Some((of_profile(key, profiles), value.to_owned()))
        })
    };
    let mut problems = Vec::new();
    let mut refuse = |name: String, problem: VariableProblem| problems.push(BadSdkSetting { name, problem });
    let mode = setting("AWS_RETRY_MODE", "retry_mode")
        .and_then(|(name, value)| retry_mode(&value).map_err(|problem| refuse(name, problem)).ok());
    let most = setting("AWS_MAX_ATTEMPTS", "max_attempts")
        .and_then(|(name, value)| attempts(&value).map_err(|problem| refuse(name, problem)).ok());
    if !problems.is_empty() {
        return Err(BadSdkSettings(problems));
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
pub(super) fn profile_files(variable: Variables<'_>) -> EnvConfigFiles {
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
