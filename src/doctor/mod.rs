//! `doctor`: the credentials of this shell, diagnosed. Gathers facts (`environment`, `profile`, `caches`, `ask`), then
//! judges them by facts and time alone (`providers`, `diagnose`); `report` and
//! `terminal` are what is shown. No secret gets past gathering.

mod ask;
mod caches;
pub mod diagnose;
mod environment;
pub mod facts;
mod profile;
pub mod providers;
pub mod report;
pub mod terminal;

use facts::ShellFacts;

use crate::shared_config::SharedConfig;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct DoctorOptions {
    /// The profile to look at, as with the AWS CLI's `--profile`: the environment's keys are out.
    pub profile: Option<String>,
    /// Ask nobody: no call, no endpoint, no program.
    pub offline: bool,
}

/// Gathers what can be known of the credentials that `read` and the files below its HOME give.
pub async fn examine(options: &DoctorOptions, read: &dyn Fn(&str) -> Option<String>) -> ShellFacts {
    let home = caches::CacheFolder::new(read);
    let mut environment = environment::gather(read, &home);
    let selected = profile::selected(options.profile.as_deref(), &environment);
    let config = SharedConfig::load(read);
    environment.has_region_for_boto3 |= config.profile(&selected.name).is_some_and(|profile| profile.region.is_some());
    let profile = profile::gather(&config, &selected, &environment, &home);
    let region = config.profile(&selected.name).and_then(|profile| profile.region.as_deref());
    environment.region = environment.region.or_else(|| region.map(|region| facts::RegionFacts::new(None, region)));
    let files = profile::troubles(&config);
    let others = profile::others(&config, &selected);
    let mut facts = ShellFacts { environment, selected, profile, others, files, asked: None };
    if !options.offline {
        facts.asked = Some(ask::ask(&facts, &config, read, providers::waits(&facts)).await);
    }
    facts
}
