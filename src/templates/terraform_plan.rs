//! Terraform's and OpenTofu's plans as `terraform show -json` writes them: owns where the roles of a plan are;
//! `accounts` tells which account they are in. (Terraform, "JSON Output Format", format version 1.)

mod accounts;

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::cloudformation::{Identity, max_session};
use super::policy::Trust;
use super::resolved::{Partly, Resolved};
use super::{PlannedRole, Setting};
use crate::inventory::{Place, RoleArn, Sink, SourceFile};
use crate::lease::rules::DEFAULT_MAX_SESSION;
use accounts::{Accounts, Configuration};

/// The largest plan that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 128 * 1024 * 1024;

const HELP: &str =
    "write the plan with `terraform plan -out plan.out`, then `terraform show -json plan.out > plan.json`";
const LATER: &str = "it is known only after apply";

/// A role of a plan.
#[derive(Debug, Clone)]
pub(crate) struct PlanRole {
    pub(crate) identity: Identity,
    /// Its account, where the plan tells it.
    pub(crate) account: Option<String>,
    pub(crate) planned: PlannedRole,
}

/// A plan that was read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) roles: Vec<PlanRole>,
    /// What the plan leaves open as a whole.
    pub(crate) unread: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Document {
    format_version: Option<String>,
    resource_changes: Option<Vec<ResourceChange>>,
    planned_values: Option<PlannedValues>,
    #[serde(default)]
    configuration: Configuration,
    #[serde(default)]
    errored: bool,
    complete: Option<bool>,
}

#[derive(Deserialize)]
struct ResourceChange {
    address: String,
    mode: Option<String>,
    r#type: Option<String>,
    deposed: Option<String>,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Vec<String>,
    before: Option<Role>,
    after: Option<Role>,
    after_unknown: Option<Value>,
}

#[derive(Deserialize, Default)]
struct PlannedValues {
    #[serde(default)]
    root_module: Module,
}

#[derive(Deserialize, Default)]
struct Module {
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    mode: Option<String>,
    r#type: Option<String>,
    values: Option<Role>,
}

/// The attributes of a role; of any other resource, what is called the same.
#[derive(Deserialize, Default)]
struct Role {
    name: Option<Value>,
    name_prefix: Option<Value>,
    path: Option<Value>,
    arn: Option<Value>,
    max_session_duration: Option<Value>,
    assume_role_policy: Option<Value>,
}

impl Plan {
    /// Reads a plan; what is wrong with it is reported to `sink`.
    pub(crate) fn read(index: usize, file: &SourceFile, sink: &mut Sink) -> Option<Self> {
        let start = Place::start_of(index);
        let document: Document = match serde_json::from_str(&file.text) {
            Ok(document) => document,
            Err(error) => {
                let at = place(index, &file.text, error.line(), error.column());
                let text = error.to_string();
                let what = text.split(" at line ").next().unwrap_or_default();
                sink.add(at, format!("this is not the JSON of a plan: {what}"), HELP);
                return None;
            }
        };
        let mut wrong = |what: String| sink.add(start, what, HELP);
        match document.format_version.as_deref() {
            Some(version) if version.starts_with("1.") => {}
            Some(version) => {
                wrong(format!("format_version is `{version}`, and only 1.x is known"));
                return None;
            }
            None => {
                wrong("there is no format_version: this is not the JSON of a plan".to_owned());
                return None;
            }
        }
        if document.resource_changes.is_none() && document.planned_values.is_none() {
            wrong("there is neither resource_changes nor planned_values: this is a state, not a plan".to_owned());
            return None;
        }
        if document.errored {
            wrong("the plan has an error (`errored`), and tells only a part".to_owned());
            return None;
        }
        Some(document.into_plan(&file.name))
    }
}

impl Document {
    fn into_plan(self, file: &str) -> Plan {
        let mut plan = Plan::default();
        if self.complete == Some(false) {
            plan.unread.push((file.to_owned(), "the plan is not complete: Terraform put a part of it off".to_owned()));
        }
        let accounts = Accounts::of(&self.configuration);
        let mut seen = HashSet::new();
        for change in self.resource_changes.unwrap_or_default() {
            if is_role(change.mode.as_deref(), change.r#type.as_deref()) && change.deposed.is_none() {
                let account = accounts.of_resource(&change.address);
                plan.roles.extend(roles_of(file, &change, account));
                seen.insert(change.address);
            }
        }
        let mut modules: Vec<Module> = self.planned_values.map(|values| values.root_module).into_iter().collect();
        while let Some(module) = modules.pop() {
            modules.extend(module.child_modules);
            for resource in module.resources {
                if is_role(resource.mode.as_deref(), resource.r#type.as_deref())
                    && let (Some(role), true) = (&resource.values, seen.insert(resource.address.clone()))
                {
                    let account = accounts.of_resource(&resource.address);
                    // What is left out of planned values is known only after apply.
                    let unknown =
                        |name: &str| matches!(name, "max_session_duration" | "assume_role_policy" | "name" | "path");
                    plan.roles.push(role.planned(&format!("{file} ({})", resource.address), account, unknown));
                }
            }
        }
        plan
    }
}

fn is_role(mode: Option<&str>, kind: Option<&str>) -> bool {
    mode.is_none_or(|mode| mode == "managed") && kind == Some("aws_iam_role")
}

/// The role as it will be, and the one that a delete or a change of name takes away.
fn roles_of(file: &str, change: &ResourceChange, account: Option<String>) -> Vec<PlanRole> {
    let ResourceChange { address, change: Change { actions, before, after, after_unknown }, .. } = change;
    let from = format!("{file} ({address})");
    let does = |action: &str| actions.iter().any(|known| known == action);
    let unknown = |name: &str| match after_unknown.as_ref() {
        Some(Value::Bool(all)) => *all,
        Some(each) => each.get(name).is_some_and(|flag| *flag == Value::Bool(true)),
        None => false,
    };
    let old = before.as_ref().filter(|_| does("delete")).map(|before| {
        let mut role = before.planned(&from, account.clone(), |_| false);
        role.planned.deleted = true;
        role
    });
    // One that Terraform only forgets stays as it is, and the plan does not tell of it.
    let new = after.as_ref().filter(|_| !does("forget")).map(|after| {
        let role = after.planned(&from, account, unknown);
        let account = role.account.or_else(|| before.as_ref().and_then(Role::account));
        PlanRole { account, ..role }
    });
    let renamed = |old: &PlanRole| new.as_ref().is_none_or(|new| new.identity != old.identity);
    let mut roles: Vec<PlanRole> = old.filter(renamed).into_iter().chain(new.clone()).collect();
    roles.iter_mut().for_each(|role| role.planned.terraform = Some(address.clone()));
    roles
}

impl Role {
    fn planned(&self, from: &str, account: Option<String>, unknown: impl Fn(&str) -> bool) -> PlanRole {
        let setting = |name: &str, value: &Option<Value>| match value {
            Some(value) if !value.is_null() => Resolved::from(value),
            _ if unknown(name) => Resolved::unknown(LATER),
            _ => Resolved::Nothing,
        };
        let prefix = self.name_prefix.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = match setting("name", &self.name) {
            Resolved::Text(name) => Resolved::Text(name),
            _ => Resolved::Partly(Partly { prefix, suffix: String::new(), why: LATER.to_owned() }),
        };
        let path = match setting("path", &self.path) {
            Resolved::Nothing => Resolved::Text("/".to_owned()),
            path => path,
        };
        let max = match setting("max_session_duration", &self.max_session_duration) {
            Resolved::Nothing => Setting::Known(DEFAULT_MAX_SESSION),
            Resolved::Text(text) => max_session(&text).map_or_else(Setting::Unknown, Setting::Known),
            other => Setting::Unknown(other.why_unknown().unwrap_or("it is not a number").to_owned()),
        };
        let trust = match setting("assume_role_policy", &self.assume_role_policy) {
            Resolved::Nothing => Setting::Unknown("assume_role_policy is left out".to_owned()),
            document => Trust::read(&document).map_or_else(Setting::Unknown, Setting::Known),
        };
        let from = from.to_owned();
        let planned = PlannedRole {
            max_session_from: from.clone(),
            trust_from: from.clone(),
            from,
            max_session: max,
            trust,
            deleted: false,
            account_open: false,
            terraform: None,
        };
        PlanRole { identity: Identity { name, path }, account: self.account().or(account), planned }
    }

    /// The account of a role that exists: it is in its ARN.
    fn account(&self) -> Option<String> {
        let arn = RoleArn::parse(self.arn.as_ref()?.as_str()?).ok()?;
        Some(arn.account().to_owned())
    }
}

/// The place of what the JSON parser met; it counts columns in bytes.
fn place(file: usize, text: &str, line: usize, column: usize) -> Place {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let offset = text.floor_char_boundary((before + column.saturating_sub(1)).min(text.len().saturating_sub(1)));
    // Behind the last line break there is nothing: the next line's first column.
    let column = text.get(before..offset).map_or(1, |text| text.chars().count() + 1);
    Place { file, line: line.max(1), column, length: 1, offset }
}
