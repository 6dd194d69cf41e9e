//! The attributes of an `aws_iam_role`: owns what they say of the role, before and after the plan is applied.

use serde::Deserialize;
use serde_json::Value;

use super::accounts::RoleAccount;
use super::{Change, PlanRole, ResourceChange};
use crate::inventory::RoleArn;
use crate::templates::cloudformation::{RoleIdentity, max_session_setting};
use crate::templates::policy::Trust;
use crate::templates::unresolved::Unresolved;
use crate::templates::{Partly, PlannedRole, PlannedSetting, Resolved};

/// What Terraform's AWS provider puts before the names that it generates.
const GENERATED_PREFIX: &str = "terraform-";

/// The attributes of a role; of any other resource, the attributes of the same names.
#[derive(Deserialize, Default)]
pub(super) struct RoleAttributes {
    name: Option<Value>,
    name_prefix: Option<Value>,
    path: Option<Value>,
    arn: Option<Value>,
    max_session_duration: Option<Value>,
    assume_role_policy: Option<Value>,
}

/// The role after the change, and the one that a delete or a change of name removes.
pub(super) fn roles_of(
    file: &str,
    change: &ResourceChange,
    home: Option<&RoleAccount>,
    generated: bool,
) -> Vec<PlanRole> {
    let ResourceChange { address, change: Change { actions, before, after, after_unknown }, .. } = change;
    let from = format!("{file} ({address})");
    let has_action = |action: &str| actions.iter().any(|known| known == action);
    let unknown = |name: &str| match after_unknown.as_ref() {
        Some(Value::Bool(all)) => *all,
        Some(each) => each.get(name).is_some_and(|flag| *flag == Value::Bool(true)),
        None => false,
    };
    let old = before.as_ref().filter(|_| has_action("delete")).map(|before| {
        let mut role = before.planned(&from, home, false, |_| false);
        role.planned.deleted = true;
        role
    });
    // A role that Terraform only forgets stays as it is, and the plan does not describe it.
    let new = after.as_ref().filter(|_| !has_action("forget")).map(|after| {
        let role = after.planned(&from, home, generated, unknown);
        // A replaced role gets its ARN only after apply; it stays in the account of the old one.
        let before = before.as_ref().and_then(RoleAttributes::arn);
        PlanRole { home: role.home.or_else(|| before.as_ref().map(RoleAccount::from)), ..role }
    });
    let renamed = |old: &PlanRole| new.as_ref().is_none_or(|new| new.identity != old.identity);
    let mut roles: Vec<PlanRole> = old.filter(renamed).into_iter().chain(new.clone()).collect();
    roles.iter_mut().for_each(|role| role.planned.terraform = Some(address.clone()));
    roles
}

impl RoleAttributes {
    pub(super) fn planned(
        &self,
        from: &str,
        home: Option<&RoleAccount>,
        generated: bool,
        unknown: impl Fn(&str) -> bool,
    ) -> PlanRole {
        let setting = |name: &str, value: &Option<Value>| match value {
            Some(value) if !value.is_null() => Resolved::from(value),
            _ if unknown(name) => Resolved::unknown(Unresolved::AfterApply),
            _ => Resolved::Nothing,
        };
        let prefix = match self.name_prefix.as_ref().and_then(Value::as_str) {
            Some(prefix) => prefix,
            None if generated => GENERATED_PREFIX,
            None => "",
        };
        let name = match setting("name", &self.name) {
            Resolved::Text(name) => Resolved::Text(name),
            _ => {
                let (prefix, suffix) = (prefix.to_owned(), String::new());
                Resolved::Partly(Partly { prefix, suffix, why: Unresolved::AfterApply })
            }
        };
        let path = match setting("path", &self.path) {
            Resolved::Nothing => Resolved::Text("/".to_owned()),
            path => path,
        };
        let trust = match setting("assume_role_policy", &self.assume_role_policy) {
            Resolved::Nothing => PlannedSetting::Unknown(Unresolved::LeftOut("assume_role_policy")),
            document => Trust::read(&document).map_or_else(PlannedSetting::Unknown, PlannedSetting::Known),
        };
        let from = from.to_owned();
        let planned = PlannedRole {
            max_session_from: from.clone(),
            max_session_parameter: None,
            trust_from: from.clone(),
            from,
            max_session: max_session_setting(setting("max_session_duration", &self.max_session_duration)),
            trust,
            deleted: false,
            terraform: None,
            waivers: Vec::new(),
        };
        let arn = self.arn();
        let home = arn.as_ref().map(RoleAccount::from).or_else(|| home.cloned());
        PlanRole { identity: RoleIdentity { name, path }, arn, home, planned }
    }

    /// The ARN of a role that exists.
    fn arn(&self) -> Option<RoleArn> {
        RoleArn::parse(self.arn.as_ref()?.as_str()?).ok()
    }
}
