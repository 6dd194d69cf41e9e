//! Reads the settings of a plan: who reads each of them, and their calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::calls::Calls;
use super::client::AssumedSession;
use super::errors::{Class, Operation};
use super::walk::Work;
use crate::facts::{SettingFact, SettingFailure};
use crate::inventory::{LiveSetting, PermissionSet, Seconds};
use crate::plan::{Plan, ReadBy, is_name};

/// The settings that the checker's own credentials read, and the facts about those that nobody reads. `account`: the
/// checker's, unless `unknown` says why it is not known.
pub(super) fn of_the_checker(
    plan: &Plan,
    account: Option<&str>,
    unknown: Option<Class>,
) -> (Vec<LiveSetting>, BTreeMap<LiveSetting, SettingFact>) {
    let (mut own, mut others) = (Vec::new(), BTreeMap::new());
    for (setting, by) in &plan.settings {
        match by {
            ReadBy::Reader(_) => {}
            ReadBy::Checker(wanted) if wanted.is_none() || wanted.as_deref() == account => own.push(setting.clone()),
            ReadBy::Checker(_) => {
                let message = "GetCallerIdentity was not answered, so the checker's account is not known";
                let fact = unknown.map(|class| unread(Operation::GetCallerIdentity, class, message));
                others.insert(setting.clone(), fact.unwrap_or(SettingFact::NoReader));
            }
        }
    }
    (own, others)
}

/// One piece of work for each setting, and one for all permission sets of which only the names are known.
pub(super) fn work(settings: Vec<LiveSetting>, by: Option<Arc<AssumedSession>>) -> Vec<Work> {
    let (names, single): (Vec<_>, Vec<_>) = settings.into_iter().partition(is_name);
    let names = (!names.is_empty()).then_some(names);
    let read = |settings| Work::Read { settings, by: by.clone() };
    single.into_iter().map(|setting| vec![setting]).chain(names).map(read).collect()
}

/// A setting that was not read.
pub(super) fn unread(operation: Operation, class: Class, answer: &str) -> SettingFact {
    SettingFact::Failed(Arc::new(SettingFailure { operation, class, answer: answer.to_owned() }))
}

/// The call that reads a setting.
pub(super) fn operation(setting: &LiveSetting) -> Operation {
    match setting {
        LiveSetting::Function(_) => Operation::GetFunctionConfiguration,
        LiveSetting::PermissionSet(_) => Operation::DescribePermissionSet,
    }
}

/// Reads the settings; `region`: where IAM Identity Center is.
pub(super) async fn read(
    calls: &Calls,
    by: Option<Arc<AssumedSession>>,
    settings: Vec<LiveSetting>,
    region: Option<String>,
) -> Vec<(LiveSetting, SettingFact)> {
    let (by, region) = (by.as_deref(), region.as_deref());
    let mut facts = Vec::new();
    let mut names = BTreeSet::new();
    for setting in settings {
        let result = match &setting {
            LiveSetting::Function(function) => calls.function_timeout(by, function).await,
            LiveSetting::PermissionSet(set) => match set.instance() {
                Some(instance) => calls.permission_set_session(by, region, &instance, set.as_str()).await,
                None => {
                    names.insert(set.as_str().to_owned());
                    continue;
                }
            },
        };
        facts.push((setting, fact(result)));
    }
    if !names.is_empty() {
        let found = calls.permission_sets_by_name(by, region, &names).await;
        let setting = |name: String| LiveSetting::PermissionSet(PermissionSet::Name(name.into()));
        facts.extend(found.into_iter().map(|(name, result)| (setting(name), fact(result))));
    }
    facts
}

fn fact(result: Result<Seconds, SettingFailure>) -> SettingFact {
    match result {
        Ok(live) => SettingFact::Live(live),
        Err(failure) => SettingFact::Failed(Arc::new(failure)),
    }
}
