//! The inventory with the durations that AWS returned in place of the declared ones: the session of a permission set,
//! the length of a job that is a Lambda function. Pure.

use crate::facts::{Drift, Facts, SettingFact};
use crate::inventory::{Inventory, Job, LengthFrom, LiveSetting, Seconds, Source};

/// The inventory as the run judges it; `None`: AWS returned no setting. Notes each difference in `facts`.
pub(crate) fn with_live_settings(inventory: &Inventory, facts: &mut Facts) -> Option<Inventory> {
    let is_read = |fact: &SettingFact| matches!(fact, SettingFact::Live(_));
    if !facts.settings.values().any(is_read) {
        return None;
    }
    let mut inventory = inventory.clone();
    for job in &mut inventory.jobs {
        let Some(setting) = job.source.live_setting() else { continue };
        let Some(SettingFact::Live(live)) = facts.settings.get(&setting) else { continue };
        let live = *live;
        let declared = replace(job, &setting, live).filter(|declared| *declared != live);
        facts.drifts.extend(declared.map(|declared| Drift { job: job.name.clone(), setting, declared, live }));
    }
    Some(inventory)
}

/// Puts the live duration in its place and returns the one that the job declared, if any.
fn replace(job: &mut Job, setting: &LiveSetting, live: Seconds) -> Option<Seconds> {
    match setting {
        LiveSetting::Function(_) => {
            let is_declared = job.length_from == LengthFrom::Declared;
            job.length_from = LengthFrom::Configured;
            let declared = std::mem::replace(&mut job.length, live);
            is_declared.then_some(declared)
        }
        LiveSetting::PermissionSet(_) => {
            let Source::IdentityCenter { session, .. } = &mut job.source else { return None };
            let declared = std::mem::replace(session, live);
            let is_default = std::mem::take(&mut job.unstated.session);
            (!is_default).then_some(declared)
        }
    }
}
