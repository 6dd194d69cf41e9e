//! Reads the settings of a plan: who reads each of them, and their calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::calls::Calls;
use super::client::AssumedSession;
use super::errors::{Class, Operation};
use super::walk::Work;
use crate::facts::{SettingFact, SettingFailure};
use crate::inventory::{LiveSetting, PermissionSet, Seconds};
use crate::plan::{Plan, ReadBy};

/// The settings that the checker's own credentials read, and the facts about those that nobody reads. `account`: the
/// checker's, or why it is not known.
pub(super) fn of_the_checker(
    plan: &Plan,
    account: Result<&str, Class>,
) -> (Vec<LiveSetting>, BTreeMap<LiveSetting, SettingFact>) {
    let (mut own, mut others) = (Vec::new(), BTreeMap::new());
    for (setting, by) in &plan.settings {
        let fact = match (by, account) {
            (ReadBy::Reader, _) => continue,
            (ReadBy::Checker, _) => {
                own.push(setting.clone());
                continue;
            }
            (ReadBy::CheckerOfAccount(wanted), Ok(account)) if wanted == account => {
                own.push(setting.clone());
                continue;
            }
            (ReadBy::CheckerOfAccount(_), Ok(_)) => SettingFact::NoReader,
            (ReadBy::CheckerOfAccount(_), Err(class)) => {
                let message = "GetCallerIdentity was not answered, so the checker's account is not known";
                unread(Operation::GetCallerIdentity, class, message)
            }
        };
        others.insert(setting.clone(), fact);
    }
    (own, others)
}

/// One piece of work for each setting, and one for all permission sets of which only the names are known.
pub(super) fn work(settings: Vec<LiveSetting>, by: Option<Arc<AssumedSession>>) -> Vec<Work> {
    let mut names = BTreeSet::new();
    let mut work = Vec::new();
    for setting in settings {
        match setting {
            LiveSetting::PermissionSet(PermissionSet::Name(name)) => _ = names.insert(name.to_string()),
            setting => work.push(Work::ReadSetting { setting, by: by.clone() }),
        }
    }
    work.extend((!names.is_empty()).then_some(Work::FindPermissionSets { names, by }));
    work
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

/// Reads one setting; `region`: where IAM Identity Center is.
pub(super) async fn read_setting(
    calls: &Calls,
    by: Option<Arc<AssumedSession>>,
    setting: LiveSetting,
    region: Option<String>,
) -> Vec<(LiveSetting, SettingFact)> {
    let result = match &setting {
        LiveSetting::Function(function) => calls.function_timeout(by.as_deref(), function).await,
        LiveSetting::PermissionSet(set) => match set.instance() {
            Some(instance) => {
                calls.permission_set_session(by.as_deref(), region.as_deref(), &instance, set.as_str()).await
            }
            None => return find_permission_sets(calls, by, BTreeSet::from([set.as_str().to_owned()]), region).await,
        },
    };
    vec![(setting, fact(result))]
}

/// Searches for the permission sets of these names, and reads them.
pub(super) async fn find_permission_sets(
    calls: &Calls,
    by: Option<Arc<AssumedSession>>,
    names: BTreeSet<String>,
    region: Option<String>,
) -> Vec<(LiveSetting, SettingFact)> {
    let found = calls.permission_sets_by_name(by.as_deref(), region.as_deref(), &names).await;
    let setting = |name: String| LiveSetting::PermissionSet(PermissionSet::Name(name.into()));
    found.into_iter().map(|(name, result)| (setting(name), fact(result))).collect()
}

fn fact(result: Result<Seconds, SettingFailure>) -> SettingFact {
    match result {
        Ok(live) => SettingFact::Live(live),
        Err(failure) => SettingFact::Failed(Arc::new(failure)),
    }
}
